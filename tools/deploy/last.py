"""What the last deployment from this checkout was: boards get their settings from here.

Kept in `.local/deploy/last.json`, readable by its owner alone: the boards' access token is in it.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.deploy import workdir
from tools.files import write_whole


@dataclass(frozen=True)
class LastDeploy:
    """Where boards send to, the token that they have to send ("" if none), and the portal's address ("" if unknown)."""

    ingest_url: str
    access_token: str = ""
    portal: str = ""


def read() -> LastDeploy | None:
    """The last deployment; None before the first one, or if the file is not what was written."""
    try:
        kept = json.loads(_file().read_text(encoding="utf-8"))
        return LastDeploy(**{name: str(value) for name, value in kept.items()})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def write(new: LastDeploy) -> None:
    """Remember it. What was not named this time stays as it was, if it is the same project. Raises FileError."""
    old = read()
    if old is not None and old.ingest_url == new.ingest_url:
        new = LastDeploy(new.ingest_url, new.access_token or old.access_token, new.portal or old.portal)
    _file().parent.mkdir(parents=True, exist_ok=True)
    write_whole(_file(), json.dumps(asdict(new)) + "\n", private=True)


def _file() -> Path:
    return workdir.DEPLOYMENTS / "last.json"
