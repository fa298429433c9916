"""The portal built for one project: static files, for any static host."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from tools.bootstrap.checkout import ROOT
from tools.deploy.errors import DeployError
from tools.remedies import DEPLOY
from tools.stack.stack import find_deno

SOURCE = ROOT / "site_sym"
_BUILD_SECONDS = 300


def build(folder: Path, url: str, publishable_key: str) -> None:
    """Build the portal into `folder`, replacing an earlier build there, and verify what was built.

    Raises:
        DeployError: the folder holds something else, the build fails, or it is not for this project.
    """
    if folder.exists() and not _is_replaceable(folder):
        raise DeployError(f"{folder} holds something that is no portal. Name an empty folder with --portal.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".portal-", dir=folder.parent) as scratch:
            built = Path(scratch) / "new"
            _run_vite(built, url, publishable_key)
            verify(built, url, publishable_key)
            if folder.exists():
                folder.rename(Path(scratch) / "old")
            built.rename(folder)
    except OSError as error:
        raise DeployError(f"Cannot write the portal to {folder}: {error.strerror}.") from None


def verify(folder: Path, url: str, publishable_key: str) -> None:
    """Raises DeployError unless the built portal names this project and may talk to it."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config != {"supabaseUrl": url, "supabaseKey": publishable_key}:
        raise DeployError(f"The built portal's config.json is for {config.get('supabaseUrl')}, not for {url}.")
    parts = urlsplit(url)
    page = (folder / "index.html").read_text(encoding="utf-8")
    allowed = re.search(r"connect-src ([^;\"]*)", page)
    if allowed is None or f"{parts.scheme}://{parts.netloc}" not in allowed[1].split():
        raise DeployError(
            f"The built portal's security policy does not let it talk to {url} (site_sym/vite.config.ts)."
        )


def _is_replaceable(folder: Path) -> bool:
    return folder.is_dir() and (not any(folder.iterdir()) or (folder / "config.json").exists())


def _run_vite(output: Path, url: str, publishable_key: str) -> None:
    options = "run --allow-all npm:vite build --emptyOutDir --logLevel warn --outDir"
    command = [str(find_deno()), *options.split(), str(output)]
    project = {"SUPABASE_URL": url, "SUPABASE_PUBLISHABLE_KEY": publishable_key}
    environment = {**os.environ, **project, "NO_COLOR": "1", "DO_NOT_TRACK": "1", "DENO_NO_UPDATE_CHECK": "1"}
    done = subprocess.run(
        command, cwd=SOURCE, env=environment, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False
    )
    if done.returncode != 0 or not (output / "index.html").exists():
        shutil.rmtree(output, ignore_errors=True)
        raise DeployError(f"The portal does not build (site_sym/): {' '.join(done.stderr.split())[:600]}")


def main() -> int:
    """Build for the project in SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY into the folder that is named."""
    url, key = (os.environ.get(name, "").strip() for name in ("SUPABASE_URL", "SUPABASE_PUBLISHABLE_KEY"))
    if len(sys.argv) != 2 or not url.startswith("http") or not key.startswith("sb_publishable_"):
        print(
            "usage: SUPABASE_URL=https://... SUPABASE_PUBLISHABLE_KEY=sb_publishable_... python -m tools.deploy.portal"
            f" FOLDER\nBoth are printed by `{DEPLOY}`; on GitHub they are repository variables.",
            file=sys.stderr,
        )
        return 2
    try:
        build(Path(sys.argv[1]).absolute(), url.rstrip("/"), key)
    except DeployError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"Built the portal for {url} into {sys.argv[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
