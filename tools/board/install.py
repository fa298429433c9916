"""`board install`: bring a board's files to what they should be, and nothing else."""

from __future__ import annotations

import ast
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tools.board import libraries, settings
from tools.board.errors import BoardError, DriveFull, Unreachable
from tools.board.sessions import FolderOfCopies, uuid_on
from tools.board.transport import NEW_SUFFIX, About, Board, Space, is_boards_own, replace, walk
from tools.circuitpython import OLDEST_RELEASE
from tools.firmware_rules import SESSIONS_BYTES, SMALL_DRIVE_BYTES, SMALL_SESSIONS_BYTES

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
# boot.py last: it has the program started again after every error, CTRL-C included, which the owner's old program
# does not answer. Cut short before it, the board still stops at CTRL-C, and the same command finishes the work.
FIRMWARE_FILES = ("safemode.py", "code.py", "boot.py")
SECRETS, SETTINGS = "/secrets.py", "/settings.toml"
FOLDER_BYTES = 20_000  # of /logger, with room to spare


@dataclass(frozen=True)
class Change:
    """One file: `old` is None when it is new, `new` is None when it goes."""

    path: str
    old: bytes | None
    new: bytes | None

    @property
    def verb(self) -> str:
        """For people."""
        return "remove" if self.new is None else "add" if self.old is None else "update"


@dataclass(frozen=True)
class Plan:
    """What will be done, in an order that leaves the board able to start after every step."""

    changes: list[Change]
    unchanged: int
    library_source: str


def firmware_of(source: bytes) -> str:
    """The version in a code.py: "1.0.0"; "" if this is some other program."""
    if not is_ours(source):
        return ""
    for statement in ast.parse(source).body:
        if not (isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)):
            continue
        target = statement.targets[0]
        if isinstance(target, ast.Name) and target.id == "FIRMWARE":
            return str(statement.value.value)
    return ""


def is_ours(source: bytes | None) -> bool:
    """Whether a program is this logger's code.py, of any version."""
    return bool(source) and source is not None and source.startswith(_first_line())


def _first_line() -> bytes:
    return (FIRMWARE / "code.py").read_bytes().split(b" for ")[0]


def check_board(about: About, where: str) -> None:
    """Raises BoardError for a CircuitPython or a chip that the logger does not run on."""
    if about.lacks_psram:
        raise BoardError(
            f"{where} ({about.name or about.board_id}) has no PSRAM: the logger's program does not fit into its memory."
            " DEPLOYMENT.md, step 5, names boards that do. Nothing has been changed."
        )
    if about.release < OLDEST_RELEASE:
        raise BoardError(
            f"{where} runs CircuitPython {about.version or 'of an unknown version'}; the logger needs 9 or newer."
            " Flash the version that DEPLOYMENT.md names (this erases the drive: save your files first)."
        )


def settings_on(source: Board | FolderOfCopies) -> settings.Secrets:
    """What secrets.py and settings.toml say together. Raises BadSettings."""
    return settings.read_all(settings.read_secrets(source.read(SECRETS)), source.read(SETTINGS) or b"")


def make_plan(
    board: Board,
    wanted: settings.Wanted,
    found: libraries.Libraries | None,
    *,
    firmware: Path = FIRMWARE,
    tell: Callable[[str], None] = lambda text: None,
) -> Plan:
    """Compare the board with what it should hold; writes nothing. ``found=None`` leaves the libraries alone."""
    files: dict[str, bytes] = {}
    removals: list[str] = []
    if found is not None:
        files |= found.files
        removals = libraries.shadowed(found.files, set(walk(board, "/lib")))
    for path, merged in merged_settings(board, wanted).items():
        if merged is not None:
            files[path] = merged
    files |= {f"/{name}": (firmware / name).read_bytes() for name in FIRMWARE_FILES}
    changes = [Change(path, board.read(path), None) for path in removals]
    unchanged = 0
    for path, data in files.items():
        tell(f"Comparing {path}")
        old = board.read(path)
        if old == data:
            unchanged += 1
        else:
            changes.append(Change(path, old, data))
    # Files go in the order of `files`, boot.py last; what would hide a new library goes once that is there.
    changes.sort(key=_rank)
    return Plan(changes, unchanged, found.source if found else "left alone")


def merged_settings(board: Board, wanted: settings.Wanted) -> dict[str, bytes | None]:
    """settings.toml and secrets.py as they should be. Raises BadSettings if the board could not send with them."""
    secrets = board.read(SECRETS)
    known = settings.read_secrets(secrets) if wanted.in_secrets else settings.Secrets()
    merged = {
        SETTINGS: settings.merge_settings(board.read(SETTINGS), wanted, known),
        SECRETS: settings.merge_secrets(secrets, wanted),
    }
    if wanted.in_secrets:
        settings.check_complete(settings.read_all(settings.read_secrets(merged[SECRETS]), merged[SETTINGS] or b""))
    return merged


def _rank(change: Change) -> int:
    """Libraries, then what would hide them, then the files of the root."""
    if change.new is None:
        return 1
    return 2 if change.path.count("/") == 1 else 0


def sessions_room(space: Space) -> int:
    """Bytes that the board takes at its first start: sessions.json, its twin and their folder."""
    return 2 * (SMALL_SESSIONS_BYTES if space.total < SMALL_DRIVE_BYTES else SESSIONS_BYTES) + FOLDER_BYTES


def check_room(space: Space | None, plan: Plan, *, laid_out: bool) -> None:
    """Raises DriveFull before anything is written, when the files or the board's own ones will not fit."""
    if space is None:
        return

    def clusters(data: bytes | None) -> int:
        return -(-len(data or b"") // space.cluster) * space.cluster

    more = sum(clusters(change.new) - clusters(change.old) for change in plan.changes if change.new is not None)
    # The new file stands beside the old one for a moment.
    most = max((clusters(change.new) for change in plan.changes), default=0)
    own = 0 if laid_out else sessions_room(space)
    needed = max(0, more) + most + own
    if needed > space.free:
        raise DriveFull(
            f"The drive is too full: {space.free // 1024} KB free, {needed // 1024} KB needed"
            f"{' (most of it for the sessions)' if own else ''}. Delete what you do not need there (never sessions.json"
            " nor the folder logger) and run this again. Nothing has been changed."
        )


def save_copies(plan: Plan, folder: Path) -> Path | None:
    """Keep what will be replaced, readable by the owner alone (there are passwords in it); None if nothing is."""
    replaced = [change for change in plan.changes if change.old is not None]
    if not replaced:
        return None
    copies = folder / datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    number = 1
    while copies.exists():
        number += 1
        copies = copies.with_name(f"{copies.name.split('_')[0]}_{number}")
    folder.mkdir(parents=True, exist_ok=True)
    copies.mkdir(mode=0o700)
    for change in replaced:
        target = copies / change.path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(change.old or b"")
    return copies


def apply(board: Board, plan: Plan, tell: Callable[[str], None] = lambda text: None) -> None:
    """Carry the plan out. Raises BoardError that tells how far it got; the board can start at every moment."""
    done = 0
    try:
        for change in plan.changes:
            tell(f"{change.verb.capitalize()} {change.path}")
            if is_boards_own(change.path):
                raise BoardError(f"{change.path} belongs to the board and is never touched.")
            if change.new is None:
                board.remove(change.path)
            else:
                replace(board, change.path, change.new)
            done += 1
        _clear_leftovers(board, plan)
    except BoardError as error:
        raise type(error)(f"{error} ({done} of {len(plan.changes)} files were done.)") from error


def _clear_leftovers(board: Board, plan: Plan) -> None:
    """Remove unfinished files of an earlier run that this one has not used up."""
    names = {f"/{name}{NEW_SUFFIX}" for name in (*FIRMWARE_FILES, SECRETS[1:], SETTINGS[1:])}
    present = {f"/{entry.name}" for entry in board.list("/") or ()}
    present |= {f"/lib/{entry.name}" for entry in board.list("/lib") or ()}
    for path in sorted(present):
        if path in names or (path.startswith("/lib/adafruit_") and path.endswith(NEW_SUFFIX)):
            board.remove(path)


def wait_for_uuid(board: Board, seconds: float, tell: Callable[[str], None] = lambda text: None) -> str:
    """The device's UUID, once the board has started and made or found it; "" if that takes longer."""
    uuid = uuid_on(board)
    if uuid or board.native_usb_drive:
        return uuid
    console = board.console()
    if console is None:
        return ""
    end = time.monotonic() + seconds
    text = ""
    tell("Waiting for the board to start and say its UUID")
    with contextlib.suppress(Unreachable), console as lines:
        while time.monotonic() < end:
            text = (text + lines.read(0.5))[-20_000:]
            for line in text.split("\n")[:-1]:
                if line.startswith("Device UUID: "):
                    return line.removeprefix("Device UUID: ").strip()
    with contextlib.suppress(BoardError):
        return uuid_on(board)
    return ""


def registration_link(portal: str, uuid: str) -> str:
    """Where the owner registers this device."""
    return f"{portal.rstrip('/')}/#/devices/register?uuid={uuid}"
