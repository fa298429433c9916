"""Boards that fly the same flights on the same simulated flash, each with another program; what a power cut does."""

from __future__ import annotations

import binascii
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tools import wire
from tools.bench import programs
from tools.firmware_parts import load
from tools.simulator import (
    LAYOUT_8MB,
    AccessPoint,
    BoardClock,
    Drive,
    Fault,
    FaultProxy,
    Network,
    NtpServer,
    SeenRequest,
    SimulatedBoard,
    answer,
    install,
)
from tools.simulator.chip.chip import NVM_ERASE_SECONDS
from tools.simulator.flash.nor import ERASE_SECONDS, PAGE_BYTES, SECTOR_BYTES, Snapshot

EARLIER_SESSIONS = 20  # on the drive before the flight that is cut
LAYOUT_SECONDS = 120  # first boot with the lay-out of both files
START_SECONDS = 4.5  # from power-on to the first checkpoint and a little more
HUNG_WALL_SECONDS = 2.0
CODE = load()
LINE_BYTES: int = CODE.LINE_BYTES
SESSION_FILES = ("/sessions.json", "/logger/sessions.json")
MORNING = datetime(2026, 3, 2, 8, 0, 0, tzinfo=UTC)
INGEST_PATH = "/functions/v1/ingest"
SERVER_ID = "7f3a1de0-54d4-4c3e-9d6a-2f0b9d1c7a11"

Kept = dict[int, int]
"""Sessions that a board knows: boot -> run_seconds."""


@dataclass(frozen=True, eq=False)
class Program:
    """A way to keep sessions, and how to see what it has kept after a start."""

    name: str
    interval_seconds: int
    files: dict[str, str | bytes] | None  # None: the project's own firmware
    nvm: bytes = bytes(8192)
    in_nvm: bool = False

    def board(self, drive: Drive, network: Network | None = None) -> SimulatedBoard:
        """A board with this drive, without power."""
        board = SimulatedBoard(drive, BoardClock(MORNING), network or Network())
        board.nvm = bytearray(self.nvm)
        return board

    def install(self, secrets: dict[str, object]) -> Drive:
        """A drive on which CircuitPython has started once before the program was copied onto it."""
        drive = install(Drive(LAYOUT_8MB), secrets=secrets, files={"/code.py": "pass\n"})
        with self.board(drive) as board:
            board.power_on()
            board.run_for(5)
        return (
            install(drive, secrets=secrets, firmware=None, files=self.files)
            if self.files
            else install(drive, secrets=secrets)
        )

    def durable_seconds(self, board: SimulatedBoard) -> int:
        """Seconds of the open session, the newest one, that a power cut now would leave."""
        kept: Kept
        if self.in_nvm:
            kept = dict(struct.iter_unpack("<II", bytes(board.nvm)))
        elif self.files is None:
            found = [json.loads(board.read_file(path))["sessions"] for path in SESSION_FILES]
            kept = {}
            for entry in (entry for entries in found for entry in entries if entry):
                kept[entry["boot"]] = max(entry["run_seconds"], kept.get(entry["boot"], 0))
        elif "/log.txt" in self.files:
            lines = board.read_file("/log.txt").decode().splitlines()
            kept = {int(boot): int(seconds) for boot, seconds, *_ in (line.split(",") for line in lines)}
        else:
            kept = {entry["boot"]: entry["run_seconds"] for entry in json.loads(board.read_file("/sessions.json"))}
        return kept[max(kept)]

    def kept(self, board: SimulatedBoard) -> Kept:
        """What it knows after the present start."""
        if self.files is None:
            entries = json.loads(board.read_file(SESSION_FILES[0]))["sessions"]
            return {entry["boot"]: entry["run_seconds"] for entry in entries if entry}
        words = [line.split() for line in board.lines if line.startswith("kept ")]
        return {int(boot): int(seconds) for _, boot, seconds in words}


def earlier() -> Kept:
    """The sessions of the alternatives before the flight that is cut."""
    return {boot: 3600 + 60 * boot for boot in range(1, EARLIER_SESSIONS + 1)}


def _rename_files() -> dict[str, str | bytes]:
    time = "2000-01-01T00:00:00Z"
    entries = [
        {
            "boot": boot,
            "start": time,
            "last_update": time,
            "run_seconds": seconds,
            "acked_run_seconds": 0,
            "status": "closed",
        }
        for boot, seconds in earlier().items()
    ]
    return {"/code.py": programs.RENAME, "/sessions.json": json.dumps(entries)}


def _append_files() -> dict[str, str | bytes]:
    # One line of each earlier session: thousands would only make the starts slow.
    time = "2000-01-01T00:00:00Z"
    lines = [f"{boot},{seconds},{time},{time}\n" for boot, seconds in earlier().items()]
    return {"/code.py": programs.APPEND, "/log.txt": "".join(lines)}


def _nvm() -> bytes:
    return b"".join(struct.pack("<II", boot, seconds) for boot, seconds in earlier().items()).ljust(8192, b"\0")


FIRMWARE = Program("firmware/code.py", CODE.CHECKPOINT_SECONDS, None)
RENAME = Program("temporary file + rename", programs.SAVE_SECONDS, _rename_files())
APPEND = Program("append to a log", programs.SAVE_SECONDS, _append_files())
NVM = Program("microcontroller.nvm", programs.SAVE_SECONDS, {"/code.py": programs.NVM}, _nvm(), in_nvm=True)
ALTERNATIVES = (RENAME, APPEND, NVM)


class World:
    """A board with a router, a time server and a server that stores everything and answers as the contract says.

    Use it as a context manager.
    """

    def __init__(self, program: Program, **secrets: object) -> None:
        self.router = AccessPoint("Hangar", "password")
        self.network = Network(self.router)
        self.network.add_host("pool.ntp.org", {123: NtpServer(self.network).address})
        # Nothing is ever forwarded: every request is answered here.
        self.proxy = FaultProxy(self.network, "http://127.0.0.1:1")
        self.proxy.choose = self._answer
        self.reply_bytes = 0
        self.delivered = set[str]()
        address = {"ingest_url": self.proxy.url + INGEST_PATH, "networks": [("Hangar", "password")]}
        self.board = program.board(program.install(address | secrets), self.network)

    def __enter__(self) -> World:
        return self

    def __exit__(self, *exception: object) -> None:
        self.board.close()
        self.network.close()

    @property
    def request_bytes(self) -> int:
        """Bytes of all requests so far, heads included."""
        return sum(_size(request) for request in self.proxy.requests)

    def _answer(self, request: SeenRequest) -> Fault:
        body = json.loads(request.body or b"[]")
        messages = body if isinstance(body, list) else [body]
        self.delivered |= {message["session_start"] for message in messages}
        reply: dict[str, object] = {
            "ok": True,
            "server_time": wire.timestamp(request.true_time),
            "server_id": SERVER_ID,
        }
        if messages:
            results = [{"msg_id": message["msg_id"], "outcome": "stored"} for message in messages]
            reply |= {"new_device": False, "results": results}
        fault = answer(200, json.dumps(reply, separators=(",", ":")).encode())
        head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 000\r\n\r\n"
        self.reply_bytes += len(head) + len(fault.body)
        return fault


def _size(request: SeenRequest) -> int:
    head = f"{request.method} {request.path} HTTP/1.1\r\n\r\n"
    return len(head) + sum(len(name) + len(value) + 4 for name, value in request.headers.items()) + len(request.body)


def write_backlog(data: bytes, device_uuid: str, count: int) -> bytes:
    """A laid-out sessions.json with so many ended, unsent sessions, as firmware/README.md describes its lines."""
    seed = binascii.crc32(bytes.fromhex(device_uuid.replace("-", "")))
    lines = bytearray(data)
    for number in range(count):
        day, hour, minute = 1 + number // 720, number // 30 % 24, number % 30 * 2
        text = (
            f'{{"start":"2026-01-{day:02}T{hour:02}:{minute:02}:00Z","run_seconds":60,"acked_run_seconds":0,'
            f'"last_update":"2026-01-{day:02}T{hour:02}:{minute + 1:02}:00Z","status":"closed",'
            f'"boot":{number + 1},"rev":3'
        )
        text += f',"lifetime":{number * 60}' if number else ""
        line = f'{text},"crc":"{binascii.crc32(text.encode(), seed):08x}"}},'
        at = (number - CODE.FIRST_LINE) * LINE_BYTES
        lines[at : at + LINE_BYTES] = line.encode().ljust(LINE_BYTES - 1) + b"\n"
    return bytes(lines)


def put_backlog(board: SimulatedBoard, count: int) -> None:
    """Put so many unsent sessions into both files of a laid-out board without power, in place."""
    identity = json.loads(board.drive.outside_read("/logger/identity.json"))
    board.drive.mount_or_format()
    for path in SESSION_FILES:
        with board.drive.open(path, "r+b") as file:
            data = write_backlog(file.read(), identity["device_uuid"], count)
            file.seek(0)
            file.write(data)
    board.drive.power_off()


# Power cuts


@dataclass(frozen=True)
class Cut:
    """A moment at which the power may go: just before a sector is rewritten, or inside a rewriting of nvm."""

    sector: int
    content: Snapshot
    rewritten: bytes
    nvm: bytes
    uptime_seconds: float

    def torn(self, pages: int) -> Snapshot:
        """The flash when so many pages of the sector had been programmed."""
        sector = self.rewritten[: pages * PAGE_BYTES].ljust(SECTOR_BYTES, b"\xff")
        return (*self.content[: self.sector], sector, *self.content[self.sector + 1 :])


def record(board: SimulatedBoard, seconds: float) -> list[Cut]:
    """The moments before each flash operation of so many seconds."""
    noted: list[tuple[int, Snapshot, bytes, float]] = []

    def note(sector: int) -> None:
        noted.append((sector, board.drive.snapshot(), bytes(board.nvm), board.uptime_ns / 1e9))

    board.drive.flash.before_rewrite = note
    board.run_for(seconds)
    board.drive.flash.before_rewrite = None
    after = [content for _, content, _, _ in noted[1:]] + [board.drive.snapshot()]
    return [
        Cut(sector, content, following[sector], nvm, uptime)
        for (sector, content, nvm, uptime), following in zip(noted, after, strict=True)
    ]


@dataclass
class Losses:
    """What power cuts did, in seconds of powered time during which a cut does it."""

    flight_seconds: float
    points: int = 0
    program_seconds: float = 0.0
    data_seconds: float = 0.0
    busy_seconds: float = field(default=0.0)

    @property
    def program_share(self) -> float:
        """Share of the power cuts, spread evenly over the time, that lose the program or the drive."""
        return self.program_seconds / self.flight_seconds

    @property
    def data_share(self) -> float:
        """Share of the power cuts that lose an earlier session or more than a save interval, with the program whole."""
        return self.data_seconds / self.flight_seconds

    @property
    def resolution(self) -> float:
        """The share that one of the points tried stands for."""
        return self.busy_seconds / max(self.points, 1) / self.flight_seconds


def own_files(drive: Drive) -> dict[str, bytes]:
    """What the owner copied onto the drive, except what the program keeps its data in."""
    data = ("/logger/", "/sessions", "/log.txt", "/boot_out.txt")
    paths = [path for path in drive.outside_list() if not path.endswith("/") and not path.startswith(data)]
    return {path: drive.outside_read(path) for path in paths}


def survives(content: Snapshot, files: dict[str, bytes]) -> Drive | None:
    """A drive with this content, or None where the next start has lost the program, a library or the drive."""
    drive = Drive(LAYOUT_8MB)
    drive.restore(content)
    try:
        if drive.mount_or_format() == "formatted":
            return None
        drive.power_off()
        return drive if own_files(drive) == files else None
    except OSError:
        return None


def cut_everywhere(
    program: Program, cuts: list[Cut], torn_states: range, flight_seconds: float, step: int, told: Callable[[int], None]
) -> Losses:
    """Cut at every `step`-th moment in each torn state, start again, and see what is left."""
    losses = Losses(flight_seconds)
    losses.busy_seconds = len(cuts) * ERASE_SECONDS
    before = cuts[0].content
    drive = Drive(LAYOUT_8MB)
    drive.restore(before)
    files = own_files(drive)
    known = _known(program, drive, cuts[0].nvm)
    chosen = cuts[::step]
    weight = losses.busy_seconds / (len(chosen) * len(torn_states))
    seen: dict[tuple[int, Snapshot], str] = {}
    for number, cut in enumerate(chosen):
        told(number * 100 // len(chosen))
        for torn in torn_states:
            losses.points += 1
            key = (number, cut.torn(torn))
            if key not in seen:
                seen[key] = _outcome(program, cut, key[1], files, known)
            losses.program_seconds += weight * (seen[key] == "program")
            losses.data_seconds += weight * (seen[key] == "data")
    return losses


def cut_in_nvm(program: Program, writes: int, flight_seconds: float) -> Losses:
    """Cut inside every rewriting of nvm: what it holds then is zeros."""
    losses = Losses(flight_seconds, busy_seconds=writes * NVM_ERASE_SECONDS)
    for write in range(writes):
        drive = program.install({})
        with program.board(drive) as board:
            board.power_cut_at_nvm_write(write)
            board.power_on()
            board.run_for(flight_seconds)
            board.power_off()
            nvm = bytes(board.nvm)
        losses.points += 1
        if not set(earlier().items()) <= set(_known(program, drive, nvm).items()):
            losses.data_seconds += NVM_ERASE_SECONDS
    return losses


def _outcome(program: Program, cut: Cut, content: Snapshot, files: dict[str, bytes], known: Kept) -> str:
    drive = survives(content, files)
    if drive is None:
        return "program"
    after = _known(program, drive, cut.nvm)
    # The open session is the newest one that the flight began; its figure may be one interval old.
    boot = max(known, default=0) + (program.files is not None)
    owed = max(0.0, cut.uptime_seconds - 2 * START_SECONDS - program.interval_seconds)
    whole = all(after.get(one, -1) >= seconds for one, seconds in known.items() if one != boot)
    return "whole" if whole and after.get(boot, 0) >= owed else "data"


def _known(program: Program, drive: Drive, nvm: bytes) -> Kept:
    """What the program knows after a start from this drive."""
    with program.board(drive) as board:
        board.nvm = bytearray(nvm)
        # A torn FAT may lead a reader in a circle.
        board.turns.busy_wall_seconds = HUNG_WALL_SECONDS
        board.power_on()
        board.run_for(START_SECONDS)
        kept = program.kept(board)
    return kept
