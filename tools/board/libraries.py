"""The board's libraries, chosen by circup on this computer and carried over by whichever way leads to the board.

circup installs into a folder that looks like the board (same boot_out.txt), so that serial boards get the same
libraries as the others and every file is read back and compared by us.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.board.errors import BoardError
from tools.files import write_whole

BUNDLE = "adafruit/Adafruit_CircuitPython_Bundle"
PACKAGE_PREFIX = "adafruit-circuitpython-"
# circup orders bundles by this tag; the real ones are dates.
PINNED_TAG = "20000101"
CIRCUP_SECONDS = 180
MISSING = "is not a known CircuitPython library"


@dataclass(frozen=True)
class Libraries:
    """Files for the board (path on it -> content) and where they come from, in words."""

    files: dict[str, bytes]
    source: str

    @property
    def modules(self) -> list[str]:
        """Names of the modules: "adafruit_ntp"."""
        return sorted({path.split("/")[2].removesuffix(".py").removesuffix(".mpy") for path in self.files})


def collect(
    requirements: Path, version: str, cache: Path, *, offline: bool, tell: Callable[[str], None] = lambda text: None
) -> Libraries:
    """The libraries of a requirements.txt for CircuitPython `version`.

    Online: circup's newest bundle, kept in `cache`. Offline, or when that fails: the bundle kept there, else the
    sources that this checkout has pinned. Raises BoardError if a library is nowhere to be had.
    """
    if not offline:
        tell("Libraries: asking circup for the newest bundle")
        try:
            return Libraries(_circup(requirements, version, cache, offline=False), "circup's newest bundle")
        except BoardError as error:
            tell(f"Libraries: no bundle from the internet ({error})")
    if _has_bundle(cache):
        try:
            return Libraries(_circup(requirements, version, cache, offline=True), "circup's bundle of an earlier run")
        except BoardError as error:
            tell(f"Libraries: the bundle of an earlier run does not do ({error})")
    with tempfile.TemporaryDirectory(prefix="circup-") as home:
        _make_pinned_bundle(Path(home))
        files = _circup(requirements, version, Path(home), offline=True)
        return Libraries(files, "the sources pinned by this checkout (larger than a bundle's .mpy files)")


def _circup(requirements: Path, version: str, home: Path, *, offline: bool) -> dict[str, bytes]:
    """Has the real circup install into an empty folder and returns what it put there."""
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="CIRCUITPY-") as folder:
        board = Path(folder)
        # circup reads version and board from here, as it would on the board.
        (board / "boot_out.txt").write_text(f"Adafruit CircuitPython {version} on 2000-01-01; board\nBoard ID:board\n")
        arguments = ["--path", folder, *(["--offline"] if offline else []), "install", "-r", str(requirements)]
        # appdirs puts circup's data below the home folder; its log goes there too.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
        try:
            result = subprocess.run(
                [sys.executable, "-c", "import circup; circup.main()", *arguments],
                cwd=folder,
                env={**environment, "HOME": str(home)},
                capture_output=True,
                text=True,
                timeout=CIRCUP_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise BoardError(f"circup did not finish within {CIRCUP_SECONDS} s") from None
        said = f"{result.stdout}\n{result.stderr}".strip()
        if result.returncode != 0 or MISSING in said or "Unknown module" in said:
            raise BoardError(f"circup: {_last_line(said)}")
        files = {
            "/" + path.relative_to(board).as_posix(): path.read_bytes()
            for path in sorted((board / "lib").rglob("*"))
            if path.is_file()
        }
    if not files:
        raise BoardError(f"circup installed nothing: {_last_line(said)}")
    return files


def _last_line(text: str) -> str:
    lines = [" ".join(re.sub(r"\x1b\[[0-9;]*m", "", line).split()) for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), "it said nothing")


def _has_bundle(home: Path) -> bool:
    return any(home.glob("**/circup/circup.json"))


def _data_folders(home: Path) -> list[Path]:
    """Where circup looks below a home folder, on Linux and on macOS."""
    return [home / ".local/share/circup", home / "Library/Application Support/circup"]


def _make_pinned_bundle(home: Path) -> None:
    """A bundle in circup's form, made of the libraries that this environment has installed from PyPI."""
    for data in _data_folders(home):
        root = data / "adafruit" / "adafruit-circuitpython-bundle-py" / f"adafruit-circuitpython-bundle-py-{PINNED_TAG}"
        for distribution in importlib.metadata.distributions():
            if not distribution.metadata["Name"].lower().startswith(PACKAGE_PREFIX):
                continue
            sources = [path for path in distribution.files or () if path.suffix == ".py"]
            for path in sources:
                target = root / "lib" / str(path)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(path.locate()), target)
            needed = [line for line in distribution.requires or () if "extra ==" not in line]
            for module in {path.parts[0].removesuffix(".py") for path in sources}:
                folder = root / "requirements" / module
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "requirements.txt").write_text("\n".join(needed))
        write_whole(data / "circup.json", json.dumps({BUNDLE: [PINNED_TAG]}))
        write_whole(data / "bundle_config.json", json.dumps({"adafruit": BUNDLE}))


def shadowed(files: dict[str, bytes], on_board: set[str]) -> list[str]:
    """Files on the board that would win over, or be a stale copy of, the ones to be installed.

    CircuitPython prefers x.py to x.mpy, and a folder x to both.
    """
    found = []
    for path in files:
        top, _, name = path.rpartition("/")
        stem = name.removesuffix(".mpy").removesuffix(".py")
        for twin in (f"{top}/{stem}.py", f"{top}/{stem}.mpy"):
            if twin not in files and twin in on_board:
                found.append(twin)
        if top == "/lib":
            found += [other for other in on_board if other.startswith(f"/lib/{stem}/")]
    return sorted(set(found))
