"""Puts on a drive what an owner puts on a board: the firmware, secrets.py, settings.toml, the libraries."""

from __future__ import annotations

import importlib.metadata
from functools import lru_cache
from pathlib import Path
from typing import Any

from tools import settings_toml
from tools.bootstrap.checkout import ROOT
from tools.simulator.flash.drive import Drive

FIRMWARE = ROOT / "firmware"
FIRMWARE_FILES = ("boot.py", "safemode.py", "code.py")
# As `circup install` does with firmware/requirements.txt.
LIBRARIES = (
    "adafruit-circuitpython-connectionmanager",
    "adafruit-circuitpython-ntp",
    "adafruit-circuitpython-requests",
)


@lru_cache(maxsize=1)
def library_files() -> dict[str, bytes]:
    """The source of the Adafruit libraries that this Python has installed: path on the board -> content."""
    files: dict[str, bytes] = {}
    for name in LIBRARIES:
        for path in importlib.metadata.files(name) or ():
            if path.suffix == ".py":
                files[f"/lib/{path}"] = Path(str(path.locate())).read_bytes()
    return files


def install(
    drive: Drive,
    *,
    secrets: dict[str, Any] | None = None,
    settings: dict[str, str | int] | None = None,
    firmware: Path | None = FIRMWARE,
    libraries: bool = True,
    files: dict[str, str | bytes] | None = None,
) -> Drive:
    """Write files on a drive that is not in a running board; a blank drive is formatted first. Returns the drive.

    ``firmware=None`` leaves the program to ``files`` (path on the board -> content), which win over everything else.
    """
    contents: dict[str, bytes] = {}
    if libraries:
        contents |= library_files()
    if firmware:
        contents |= {
            f"/{name}": (firmware / name).read_bytes() for name in FIRMWARE_FILES if (firmware / name).exists()
        }
    if secrets is not None:
        contents["/secrets.py"] = f"secrets = {secrets!r}\n".encode()
    if settings is not None:
        contents["/settings.toml"] = "".join(
            f"{key} = {settings_toml.quote(value) if isinstance(value, str) else value}\n"
            for key, value in settings.items()
        ).encode()
    for path, content in (files or {}).items():
        contents[path] = content.encode() if isinstance(content, str) else content
    drive.mount_or_format()
    drive.power_off()
    for path, data in contents.items():
        drive.outside_write(path, data)
    return drive
