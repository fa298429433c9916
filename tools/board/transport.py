"""What every way to a board can do, and the two rules for all of them.

Files are named by their path on the board (`/lib/adafruit_ntp.py`). Nothing here ever writes where the board keeps
its sessions, and a file comes into being under another name first: a transfer cut short leaves the old file whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import Protocol

from tools.board.errors import BoardError, Damaged, DriveFull, ReadOnly
from tools.circuitpython import BOARD_WITHOUT_PSRAM, CHIPS_WITHOUT_PSRAM, NO_PSRAM, release_of

NEW_SUFFIX = ".new"
CODE = "/code.py"
# CircuitPython's second choice for a program: it keeps the old one running while code.py is being exchanged.
STAND_IN = "/main.py"
# Its presence says that main.py is ours to remove.
EXCHANGING = "/code.py.exchanging"
OWN_FILES = ("/sessions.json", "/sessions.tmp")
OWN_FOLDER = "/logger"
SET_ASIDE = "/sessions-"
TRIES = 3


@dataclass(frozen=True)
class Entry:
    """A file or folder on the board; `size` in bytes, 0 for folders."""

    name: str
    is_folder: bool
    size: int


@dataclass(frozen=True)
class Space:
    """Room on the board's drive in bytes."""

    total: int
    free: int
    cluster: int = 512


@dataclass(frozen=True)
class About:
    """What runs on the board; empty where the board does not say."""

    version: str = ""
    board_id: str = ""
    name: str = ""
    uid: str = ""
    extra: dict[str, str] = field(default_factory=dict)
    lacks_psram: bool = False
    """Whether it is known to have no PSRAM; a board may have none without saying so."""

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor version of CircuitPython; (0, 0) if unknown."""
        return release_of(self.version)


class Console(Protocol):
    """The board's serial console, to read along."""

    def read(self, timeout_seconds: float) -> str:
        """What has come, "" if nothing did in that time. Raises Unreachable when the connection is gone."""
        ...


class Board(Protocol):
    """A board within reach. All calls raise BoardError and nothing else."""

    where: str
    """For people: "the drive /media/you/CIRCUITPY"."""

    @property
    def native_usb_drive(self) -> bool:
        """Whether it is reached as a USB drive: the board's own writes are not seen until it is plugged in again."""
        ...

    def about(self) -> About:
        """What runs there."""
        ...

    def list(self, folder: str) -> list[Entry] | None:
        """What is in a folder; None if there is no such folder."""
        ...

    def read(self, path: str) -> bytes | None:
        """A file's bytes; None if there is no such file."""
        ...

    def put(self, path: str, data: bytes) -> None:
        """Write a file under its own name, in place; only for names that nothing depends on yet."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Rename a file to a name that is free."""
        ...

    def remove(self, path: str) -> None:
        """Delete a file."""
        ...

    def make_folder(self, path: str) -> None:
        """Make a folder; one that exists is fine."""
        ...

    def space(self) -> Space | None:
        """Room on the drive; None if this way does not tell."""
        ...

    def check_writable(self) -> None:
        """Raises ReadOnly with the remedy when the drive takes no writes from this side."""
        ...

    def console(self) -> AbstractContextManager[Console] | None:
        """The console by the same way; None if this way has none."""
        ...

    def restart(self) -> None:
        """Restart the board's program with what is on the drive now, if that does not happen by itself."""
        ...

    def close(self) -> None:
        """Let go of the board."""
        ...


def is_boards_own(path: str) -> bool:
    """Whether the board alone writes there: sessions.json, files set aside from it, and /logger."""
    return path in OWN_FILES or path == OWN_FOLDER or path.startswith((OWN_FOLDER + "/", SET_ASIDE))


def replace(board: Board, path: str, data: bytes) -> None:
    """Put `data` where `path` is: whole or not at all, read back and compared.

    If this is cut short, the board still has the old file, or for an instant (other files than code.py) none.
    """
    if is_boards_own(path):
        raise BoardError(f"{path} belongs to the board and is never written from here.")
    temporary = path + NEW_SUFFIX
    folder = path.rpartition("/")[0]
    if folder:
        board.make_folder(folder)
    try:
        _put_checked(board, temporary, data)
    except (DriveFull, Damaged, ReadOnly):
        with suppress(BoardError):
            board.remove(temporary)
        raise
    names = {entry.name for entry in board.list(folder or "/") or ()}
    _exchange(board, temporary, path, names)
    if board.read(path) != data:
        raise Damaged(f"{path} was whole under {temporary} and is not under its own name. Run this again.")


def _put_checked(board: Board, path: str, data: bytes) -> None:
    for _ in range(TRIES):
        board.put(path, data)
        if board.read(path) == data:
            return
    raise Damaged(
        f"{path} came back different from {board.where} {TRIES} times."
        " Try another cable or a place with better Wi-Fi; if it stays, the board's flash is worn out."
    )


def _exchange(board: Board, temporary: str, path: str, names: set[str]) -> None:
    """Give a whole file its name. The program is never without one: the old code.py stands in as main.py."""
    present = path.rpartition("/")[2] in names
    if not present:
        board.rename(temporary, path)
    elif path == CODE and STAND_IN[1:] not in names:
        board.put(EXCHANGING, b"")
        board.rename(CODE, STAND_IN)
        board.rename(temporary, CODE)
        finish_exchange(board)
    else:
        board.remove(path)
        board.rename(temporary, path)


def finish_exchange(board: Board) -> bool:
    """End an exchange of code.py wherever it was cut short; says whether there was one."""
    names = {f"/{entry.name}" for entry in board.list("/") or ()}
    if EXCHANGING not in names:
        return False
    if STAND_IN in names:
        if CODE in names:
            board.remove(STAND_IN)
        else:
            board.rename(STAND_IN, CODE)
    board.remove(EXCHANGING)
    return True


def walk(board: Board, folder: str = "/") -> Iterator[str]:
    """Paths of all files below a folder, the board's own ones left out."""
    for entry in board.list(folder) or ():
        path = f"{folder.rstrip('/')}/{entry.name}"
        if is_boards_own(path):
            continue
        if entry.is_folder:
            yield from walk(board, path)
        else:
            yield path


def parse_boot_out(text: str) -> About:
    """What boot_out.txt says; an empty About when it is not CircuitPython's."""
    version = name = ""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("Adafruit CircuitPython ") and not version:
            head, _, name = line.partition(";")
            version = head.split()[2] if len(head.split()) > 2 else ""
        key, found, value = line.partition(":")
        if found and key in ("Board ID", "UID", "MAC"):
            fields[key] = value.strip()
    board_id = fields.get("Board ID", "")
    return About(
        version.rstrip(";"),
        board_id,
        name.strip(),
        fields.get("UID", ""),
        fields,
        lacks_psram=NO_PSRAM in text or name.strip().endswith(CHIPS_WITHOUT_PSRAM) or BOARD_WITHOUT_PSRAM in board_id,
    )
