"""Every way to lose power in a stretch of a board's life: recorded once, then replayed from any flash operation."""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType

from tests.firmware.parts import Parts, firmware_parts, laid_out_files
from tools.firmware_parts import load
from tools.simulator import LAYOUT_4MB, UNTOUCHED, BoardClock, Drive, Layout, Network, SimulatedBoard, install
from tools.simulator.flash.install import FIRMWARE
from tools.simulator.flash.nor import PAGE_BYTES, SECTOR_BYTES, Snapshot
from tools.simulator.values import NVM_BYTES

CODE = load()
CALL_SECONDS = 10  # a network call in progress delays the next checkpoint
LINE_BYTES: int = CODE.LINE_BYTES
PAD_LINES: int = CODE.PAD_LINES
SESSIONS_PATH = "/sessions.json"
TWIN_PATH = "/logger/sessions.json"


@dataclass(frozen=True)
class Moment:
    """The board just before it rewrites a flash sector: what a power cut inside that operation would meet."""

    sector: int
    content: Snapshot
    rewritten: bytes  # what the operation leaves in the sector when it is let finish
    nvm: bytes
    boot: int  # of the session that is open, 0 before it has begun
    uptime_seconds: float  # since the last reset

    def cut(self, torn: int) -> Snapshot:
        """The flash after a power cut that leaves `torn` pages programmed (UNTOUCHED: none erased yet)."""
        if torn == UNTOUCHED:
            return self.content
        sector = self.rewritten[: torn * PAGE_BYTES].ljust(SECTOR_BYTES, b"\xff")
        return (*self.content[: self.sector], sector, *self.content[self.sector + 1 :])


class Recording:
    """Keeps the moment before each flash operation of a board while the `with` block lasts."""

    def __init__(self, board: SimulatedBoard) -> None:
        self._board = board
        self._noted: list[tuple[int, Snapshot, bytes, int, float]] = []
        self.moments: list[Moment] = []

    def __enter__(self) -> Recording:
        self._board.drive.flash.before_rewrite = self._note
        return self

    def _note(self, sector: int) -> None:
        board = self._board
        boot = 0
        for line in reversed(board.console):
            if line.text.startswith("Boot…"):
                break
            if line.text.startswith("New session: boot "):
                boot = int(line.text.removeprefix("New session: boot "))
        self._noted.append((sector, board.drive.snapshot(), bytes(board.nvm), boot, board.uptime_ns / 1e9))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._board.drive.flash.before_rewrite = None
        if not self._noted:
            return
        after = [content for _, content, *_ in self._noted[1:]] + [self._board.drive.snapshot()]
        for (sector, content, nvm, boot, uptime_seconds), following in zip(self._noted, after, strict=True):
            self.moments.append(Moment(sector, content, following[sector], nvm, boot, uptime_seconds))


@dataclass(frozen=True)
class Kept:
    """One session as a drive holds it."""

    boot: int
    rev: int
    start: str | None
    run_seconds: int
    acked_run_seconds: int
    status: str
    acked_status: str | None
    sent: bool
    exact: bool  # the power went when this was saved

    @property
    def fully_acked(self) -> bool:
        """Whether the server has all of it, closed."""
        return self.acked_status == "closed" and self.acked_run_seconds >= self.run_seconds


def sessions_in(data: bytes, device_uuid: str) -> dict[int, Kept]:
    """The sessions with a right CRC in the bytes of a sessions.json, newest revision of each, by boot."""
    seed = binascii.crc32(bytes.fromhex(device_uuid.replace("-", "")))
    found: dict[int, Kept] = {}
    for at in range(PAD_LINES * LINE_BYTES, len(data), LINE_BYTES):
        text, mark, end = data[at : at + LINE_BYTES].rstrip().partition(b',"crc":"')
        # What comes behind it does not matter: a cut may leave the first of a line's two pages.
        if not mark or not end.startswith(b'%08x"},' % binascii.crc32(text, seed)):
            continue
        line = json.loads(text + b"}")
        kept = Kept(
            line["boot"],
            line["rev"],
            line["start"],
            line["run_seconds"],
            line["acked_run_seconds"],
            line["status"],
            line.get("acked_status"),
            bool(line.get("sent")),
            bool(line.get("exact")),
        )
        if kept.boot not in found or found[kept.boot].rev < kept.rev:
            found[kept.boot] = kept
    return found


def copies(drive: Drive, device_uuid: str, *, journal: bool = True) -> list[dict[int, Kept]]:
    """What each copy of sessions.json on a drive holds, by boot; a copy that is missing holds nothing.

    Without the journal: what may be relied on, which takes more than a copy in there.
    """
    found: list[dict[int, Kept]] = []
    for path in (SESSIONS_PATH, TWIN_PATH):
        try:
            data = drive.outside_read(path)
        except OSError:
            data = b""
        end = None if journal else data.find(b'"journal"')
        found.append(sessions_in(data[:end], device_uuid))
    return found


def merge(first: dict[int, Kept], second: dict[int, Kept]) -> dict[int, Kept]:
    """The newest revision of each session, by boot."""
    merged = dict(first)
    for boot, kept in second.items():
        if boot not in merged or merged[boot].rev < kept.rev:
            merged[boot] = kept
    return merged


def durable(drive: Drive, device_uuid: str) -> dict[int, Kept]:
    """What both copies of sessions.json on a drive hold together, by boot."""
    return merge(*copies(drive, device_uuid))


def drive_with(layout: Layout, content: Snapshot) -> Drive:
    """A drive without power that holds this content."""
    drive = Drive(layout)
    drive.restore(content)
    return drive


def interval_of(layout: Layout) -> int:
    """Seconds from one checkpoint to the next where the settings say nothing."""
    seconds: int = CODE.CHECKPOINT_SECONDS_SMALL_DRIVE if layout is LAYOUT_4MB else CODE.CHECKPOINT_SECONDS
    return seconds


def files(drive: Drive) -> dict[str, bytes]:
    """Every file on a drive except what the board makes itself."""
    own = ("/logger/", "/sessions", "/boot_out.txt")
    paths = [path for path in drive.outside_list() if not path.endswith("/") and not path.startswith(own)]
    return {path: drive.outside_read(path) for path in paths}


def fill_up(drive: Drive, free_bytes: int) -> None:
    """Leave so much free space."""
    drive.mount_or_format()
    info = drive.statvfs()
    drive.power_off()
    drive.outside_write("/music.bin", bytes(info[0] * info[3] - free_bytes - 4096))


def board_on(drive: Drive, nvm: bytes, clock: BoardClock | None = None, *, seed: int = 0) -> SimulatedBoard:
    """A board out of reach of any network, with this drive and this nvm, without power yet."""
    board = SimulatedBoard(drive, clock, Network(), seed=seed)
    board.nvm = bytearray(nvm)
    return board


SHORT_RING_LINES = 40
FIRST_BOOT_SECONDS = 120  # laying out both files, and some checkpoints
START_SECONDS = 4.5  # from power-on to the first checkpoint of the session and a little more
SECRETS = {"ingest_url": "http://127.0.0.1:1/functions/v1/ingest", "networks": [("Hangar", "password")]}


def short_ring(lines: int = SHORT_RING_LINES) -> dict[str, str | bytes]:
    """A code.py that differs in one thing: fewer lines for sessions. Its ring wraps soon, a start takes little time."""
    source = (FIRMWARE / "code.py").read_text()
    for name in ("SESSION_LINES", "SESSION_LINES_SMALL_DRIVE"):
        source, count = re.subn(rf"^{name} = \d+$", f"{name} = {lines}", source, flags=re.MULTILINE)
        assert count == 1, name
    return {"/code.py": source}


def new_board(layout: Layout, files: dict[str, str | bytes] | None = None, *, seed: int = 0) -> SimulatedBoard:
    """A board as its owner gets it ready: CircuitPython has started before, then the firmware was copied onto it."""
    drive = install(Drive(layout), secrets=SECRETS, files={"/code.py": "pass\n"})
    board = board_on(drive, bytes(NVM_BYTES), seed=seed)
    board.power_on()
    board.run_for(5)
    board.power_off()
    board.console.clear()
    install(drive, files=files)
    return board


def prepared_board(layout: Layout, files: dict[str, str | bytes] | None = None, *, seed: int = 0) -> SimulatedBoard:
    """A board after its first boot, and a second power-up of a minute; its power is off."""
    board = new_board(layout, files, seed=seed)
    for seconds in (FIRST_BOOT_SECONDS, 60):
        board.power_on()
        board.run_for(seconds)
        board.power_off(for_seconds=600)
    return board


def device_uuid_of(board: SimulatedBoard) -> str:
    """As the board's log says it."""
    line = next(line for line in board.lines if line.startswith("Device UUID: "))
    return line.removeprefix("Device UUID: ")


class Cuts:
    """Cuts the power at recorded moments, starts the board again, and checks what must hold then.

    Made when everything of the board's own is laid out: from then on nothing but the lines of its two files may ever
    change on the flash. `starts` counts the starts checked. `full_ring`: no line was free for the open session, which
    lives in memory alone until one is. `laying_out`: a copy is laid out in the stretch; of its moments those are
    checked that touch nothing but lines. `copy_lost`: a copy was deleted right before, and the last checkpoint with it.
    """

    def __init__(
        self, board: SimulatedBoard, *, full_ring: bool = False, laying_out: bool = False, copy_lost: bool = False
    ) -> None:
        self._full_ring = full_ring
        self._laying_out = laying_out
        self._layout = board.drive.layout
        self._device_uuid = device_uuid_of(board)
        self._laid_out = board.drive.snapshot()
        self._own_sectors = set[int]()
        self._paths = [path for path in (SESSIONS_PATH, TWIN_PATH) if path in board.drive.outside_list()]
        self._late_seconds = interval_of(self._layout) + CALL_SECONDS
        if copy_lost:
            self._late_seconds += CODE.CHECKPOINT_SECONDS_ALONE
        elif laying_out or len(self._paths) == 1:
            self._late_seconds = CODE.CHECKPOINT_SECONDS_ALONE + CALL_SECONDS
        for path in self._paths:
            # The first and the last one may be shared with other files, but hold only what is never written again.
            self._own_sectors |= set(sorted(board.drive.sectors_of(path))[1:-1])
        self.starts = 0

    def untouched(self, drive: Drive) -> bool:
        """Whether nothing but lines of the two files differs from what was laid out."""
        return set(drive.flash.changed_since(self._laid_out)) <= self._own_sectors

    def check(self, moments: Iterable[Moment], torn_states: Sequence[int], second_torn_states: Sequence[int]) -> None:
        """Cut at every moment in every torn state; in each start after it, again at every operation."""
        for moment in moments:
            if self._laying_out and moment.sector not in self._own_sectors:
                continue
            drive = drive_with(self._layout, moment.content)
            before = durable(drive, self._device_uuid)
            lines = [copy for copy in copies(drive, self._device_uuid, journal=False) if copy]
            for boot, kept in before.items():
                # Only what the lines of both copies say, or of the one that there is, may have been relied on.
                if kept.sent and not all(boot in copy and copy[boot].sent for copy in lines):
                    before[boot] = replace(kept, sent=False)
            for torn in torn_states:
                again = self._start(moment, torn, before, moment)
                for second in again if second_torn_states else ():
                    for second_torn in second_torn_states:
                        self._start(second, second_torn, before, moment)

    def _start(self, moment: Moment, torn: int, before: dict[int, Kept], first: Moment) -> list[Moment]:
        """Start after one cut; the moments of that start."""
        drive = drive_with(self._layout, moment.cut(torn))
        board = board_on(drive, moment.nvm)
        board.power_on()
        with Recording(board) as start:
            board.run_for(START_SECONDS)
        after = durable(drive, self._device_uuid)
        device_uuid = device_uuid_of(board)
        text = board.read_file(self._paths[0])
        board.close()
        self.starts += 1

        where = f"cut in sector {moment.sector}, {torn} pages, {first.uptime_seconds:.1f} s into boot {first.boot}"
        if self._laying_out:
            assert set(drive.flash.changed_since(moment.content)) <= self._own_sectors, where
        else:
            assert self.untouched(drive), where
        assert device_uuid == self._device_uuid, where
        assert sorted(after) == sorted({one["boot"] for one in json.loads(text)["sessions"] if one}), where
        for boot, kept in before.items():
            if boot == first.boot or (kept.fully_acked and boot not in after):
                continue
            found = after.get(boot)
            if found is None:
                # This start, or the write that was cut, may itself have brought the ack that frees the line.
                states = (moment.content, moment.cut(torn))
                merged = [merge(*copies(drive_with(self._layout, one), self._device_uuid)) for one in states]
                assert any(boot in one and one[boot].fully_acked for one in merged), f"{where}: boot {boot} is lost"
                continue
            assert kept.run_seconds <= found.run_seconds, where
            assert not kept.sent or (kept.start == found.start and found.sent), where
        assert max(after) >= max(before), where  # a session of a second may be begun again
        if self._full_ring and first.boot not in before:
            return start.moments
        elapsed = first.uptime_seconds
        open_session = after.get(first.boot)
        run_seconds = open_session.run_seconds if open_session else 0
        rounded = 0.5 if open_session and open_session.exact else 0  # an exact end is one to the nearest second
        assert elapsed - self._late_seconds <= run_seconds <= elapsed + rounded, where
        return start.moments


def write_through(kept: Parts) -> None:
    """Make both copies of a board without power equal to what its table says."""
    for copy in kept.copies:
        kept._mend(copy)
        assert copy.live


def fill_with_unsent(board: SimulatedBoard, count: int, *, acked: int = 0, first_start: int = 0) -> None:
    """Put `count` ended sessions into both files of a laid-out board without power; the first `acked` are acked.

    Their starts are unknown, or were all sent once, 1,000 s apart from `first_start` on. They take the lines from the
    first one on.
    """
    source = board.read_file("/code.py").decode()
    board.drive.mount_or_format()
    parts = firmware_parts(board, source)
    kept = laid_out_files(parts)
    for slot in range(count):
        flags = parts.Session.CLOSED | (parts.Session.ACKED_CLOSED if slot < acked else 0)
        run_seconds = 300 + slot
        start = first_start + 1000 * slot if first_start else 0
        flags |= parts.Session.SENT if start else 0
        fields = (slot + 1, 3, start, run_seconds, run_seconds if slot < acked else 0, 0, 400 * slot, 0, flags)
        kept.table.put(parts.Session(slot, fields))
    write_through(kept)
    board.drive.power_off()
