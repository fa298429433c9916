"""The folder that the CLI works in: a copy of `supabase/` with this deployment's addresses in config.toml.

A copy, so that nothing of a deployment (addresses, links to projects) ends up in the checkout.
"""

import re
import shutil
from pathlib import Path

from tools.bootstrap.checkout import ROOT
from tools.deploy.errors import DeployError

SOURCE = ROOT / "supabase"
DEPLOYMENTS = ROOT / ".local" / "deploy"
_KEPT = ".temp"  # the CLI's own notes: the linked project, its pooler


def prepare(workdir: Path, site_url: str | None) -> None:
    """Make or renew the copy. Raises DeployError if it cannot be written or config.toml has another form."""
    target = workdir / "supabase"
    try:
        target.mkdir(parents=True, exist_ok=True)
        for leftover in target.iterdir():
            if leftover.name == _KEPT:
                continue
            if leftover.is_dir():
                shutil.rmtree(leftover)
            else:
                leftover.unlink()
        shutil.copytree(SOURCE, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(_KEPT, ".branches"))
        config = target / "config.toml"
        config.write_text(with_addresses(config.read_text(encoding="utf-8"), site_url), encoding="utf-8")
    except OSError as error:
        raise DeployError(f"Cannot prepare {target}: {error.strerror}: {error.filename}.") from None


def with_addresses(config: str, site_url: str | None) -> str:
    """The text of config.toml with the portal's address; without one, the project keeps what it has."""
    lines = (
        {"site_url": "", "additional_redirect_urls": ""}
        if site_url is None
        else {
            "site_url": f'site_url = "{site_url}"',
            "additional_redirect_urls": f'additional_redirect_urls = ["{site_url}**"]',
        }
    )
    for key, line in lines.items():
        config, count = re.subn(rf"^{key} = .*$", line, config, flags=re.MULTILINE)
        if count != 1:
            raise DeployError(f"supabase/config.toml has {count} lines `{key} = ...` instead of one.")
    return config
