"""Builds the portal (site_sym/) when its sources have changed since the last build."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.stack.errors import StackError

_NOT_SOURCES = {"dist", "node_modules", ".svelte-kit"}


def build_portal(repository: Path, deno: Path, on_progress: Callable[[str], None]) -> Path:
    """Build `site_sym/` into `site_sym/dist` if needed, and return that folder.

    The new build replaces the old one by a rename, so a server that runs meanwhile never sees half of it.

    Raises:
        StackError: the build failed (the message is the build's own) or cannot be written.
    """
    try:
        return _build_if_changed(repository, deno, on_progress)
    except OSError as error:
        raise StackError(f"Cannot write the portal's build: {error}") from None


def _build_if_changed(repository: Path, deno: Path, on_progress: Callable[[str], None]) -> Path:
    source = repository / "site_sym"
    output = source / "dist"
    state = repository / ".local"
    stamp = state / "portal.sha256"
    state.mkdir(exist_ok=True)
    with (state / "portal.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        digest = _digest(repository, source)
        if (output / "index.html").exists() and stamp.exists() and stamp.read_text() == digest:
            return output
        on_progress("Building the portal")
        for leftover in state.glob("portal-*"):
            shutil.rmtree(leftover)
        with tempfile.TemporaryDirectory(prefix="portal-", dir=state) as scratch:
            built = Path(scratch) / "new"
            _run_vite(source, deno, built)
            stamp.unlink(missing_ok=True)  # a cut from here on builds again
            if output.exists():
                output.rename(Path(scratch) / "old")
            built.rename(output)
        stamp.write_text(digest)
    return output


def _run_vite(source: Path, deno: Path, output: Path) -> None:
    options = "run --allow-all npm:vite build --emptyOutDir --logLevel warn --outDir"
    command = [str(deno), *options.split(), str(output)]
    # A project in the caller's environment would be built into the page: vite.config.ts reads SUPABASE_URL.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SUPABASE_")}
    environment = {**inherited, "NO_COLOR": "1", "DO_NOT_TRACK": "1", "DENO_NO_UPDATE_CHECK": "1"}
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not (output / "index.html").exists():
        shutil.rmtree(output, ignore_errors=True)
        raise StackError(f"The portal does not build (site_sym/):\n{_readable(done.stderr)}")


def _readable(output: str) -> str:
    """The build's error without colours and without the bundler's own stack."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    return "\n".join(line for line in plain.split("\n    at ", 1)[0].splitlines() if line.strip())


def _digest(repository: Path, source: Path) -> str:
    """SHA-256 over the names and contents of everything that a build reads."""
    digest = hashlib.sha256()
    for path in sorted([*_sources(source), repository / "deno.lock"]):
        digest.update(f"{path.relative_to(repository)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name in _NOT_SOURCES:
            continue
        if entry.is_dir():
            yield from _sources(entry)
        else:
            yield entry
