"""What keeping and delivering sessions costs on the board, beside three ways that a user would pick."""

from __future__ import annotations

import json
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.bench import programs, sense
from tools.bench.figures import Alternative, Figure
from tools.bench.flights import (
    ALTERNATIVES,
    APPEND,
    CODE,
    FIRMWARE,
    LAYOUT_SECONDS,
    LINE_BYTES,
    NVM,
    RENAME,
    SESSION_FILES,
    Losses,
    Program,
    World,
    cut_everywhere,
    cut_in_nvm,
    own_files,
    put_backlog,
    record,
    survives,
    write_backlog,
)
from tools.simulator import ERASED, Drive
from tools.simulator.flash.install import FIRMWARE as FIRMWARE_FOLDER
from tools.simulator.flash.nor import DONE, ERASE_SECONDS, RATED_ERASES, SECTOR_BYTES
from tools.stack.stack import REPOSITORY, find_deno

PART = "firmware"
HOUR = 3600
LINES: int = CODE.SESSION_LINES
LINES_PER_SECTOR = SECTOR_BYTES // LINE_BYTES
RECORD_BYTES: int = CODE.Session.BYTES
RING_HOURS = 25_000
LIFE_HOURS = 1000
BACKLOG = 1000
# NVS keeps 126 entries of 32 bytes in a page of 4 KiB, five pages, and rewrites the 8 KiB of nvm each time.
NVS_PAGES = 5
NVS_PAGES_PER_WRITE = 8192 / (126 * 32)

SENDER = Program("one POST per message", 60, {"/code.py": programs.SENDER})


@dataclass(frozen=True)
class Effort:
    """How much is flown: hours per program, every how many-th moment is cut, and the torn states of a cut."""

    flights: int
    minutes: int
    cut_minutes: int
    cut_step: int
    torn_states: range
    backlog: int = BACKLOG
    cuts: int = 60
    sensed_flights: int = 60


SHORT = Effort(flights=1, minutes=60, cut_minutes=5, cut_step=4, torn_states=range(ERASED, DONE, 5))
FULL = Effort(
    flights=4, minutes=75, cut_minutes=10, cut_step=1, torn_states=range(ERASED, DONE), cuts=400, sensed_flights=1000
)
TINY = Effort(
    flights=1,
    minutes=5,
    cut_minutes=2,
    cut_step=8,
    torn_states=range(ERASED, DONE, 15),
    backlog=40,
    cuts=12,
    sensed_flights=3,
)


@dataclass(frozen=True)
class Wear:
    """Erases per powered hour."""

    total: float
    hottest: float
    system: float  # in sectors of the FAT, the root directory, and what they share
    per_session: float = 0.0  # erases of ours beside those per hour, which are in the others' `total`


def measure(effort: Effort, progress: Callable[[str], None]) -> Iterator[Figure]:
    """All figures of this part, as they are taken."""
    yield from _wear(effort, progress)
    yield from sense.figures(effort.sensed_flights, progress)
    yield from _cuts(effort, progress)
    yield from _wire(effort, progress)
    yield from _heap(effort, progress)


def _against(values: dict[Program, float]) -> tuple[Alternative, ...]:
    return tuple(Alternative(program.name, value) for program, value in values.items())


# Wear


def _wear(effort: Effort, progress: Callable[[str], None]) -> Iterator[Figure]:
    hours = effort.flights * effort.minutes / 60
    wear: dict[Program, Wear] = {}
    for program in (FIRMWARE, *ALTERNATIVES):
        progress(f"Flying {hours:.1f} h with {program.name}")
        wear[program] = _flown(program, effort, hours)
    ours = wear.pop(FIRMWARE)
    flown = f"{effort.flights} flights of {effort.minutes} min, Wi-Fi there for the first 5 min of each"
    nvs = "; nvm: writes counted, erases calculated from the pages of NVS"
    yield Figure(
        PART,
        "Flash erases per powered hour",
        "erases/h",
        ours.total,
        f"Counted on the simulated flash: {flown}. Ours saves every {FIRMWARE.interval_seconds} s, the others every"
        f" 60 s, as the peers do{nvs}.",
        _against({program: one.total for program, one in wear.items()}),
    )
    yield Figure(
        PART,
        "Flash erases per powered hour, hottest sector",
        "erases/h",
        ours.hottest,
        f"Counted; ours spread over the ring of {LINES} lines by calculation for {RING_HOURS} h of flights{nvs}.",
        _against({program: one.hottest for program, one in wear.items()}),
    )
    yield Figure(
        PART,
        "Flash erases per powered hour, FAT and directory sectors",
        "erases/h",
        ours.system,
        "Counted after the first boot, which lays the files out once.",
        _against({program: one.system for program, one in wear.items()}),
        resolution=1 / hours,
    )
    for hours_a_year in (100, 600):
        yield Figure(
            PART,
            f"Years to wear-out at {hours_a_year} h a year",
            "years",
            RATED_ERASES / (ours.hottest * hours_a_year),
            f"Calculated: {RATED_ERASES:,} erases per sector (assumed) by the hottest sector above.",
            _against({program: RATED_ERASES / (one.hottest * hours_a_year) for program, one in wear.items()}),
            better="higher",
        )
    yield from _lost(effort, progress, ours.per_session, wear)


def _lost(
    effort: Effort, progress: Callable[[str], None], per_session: float, wear: dict[Program, Wear]
) -> Iterator[Figure]:
    lost: dict[Program, float] = {}
    for program in wear:
        progress(f"Seconds lost with {program.name}")
        lost[program], _ = _mean_loss(program, effort, "")
    for seconds in (5, 15, 60):
        progress(f"Seconds lost with a checkpoint every {seconds} s")
        mean, per_hour = _mean_loss(FIRMWARE, effort, f"LOGGER_CHECKPOINT_SECONDS = {seconds}\n")
        yield Figure(
            PART,
            f"Seconds lost per power cut, a checkpoint every {seconds} s",
            "s",
            mean,
            f"Mean of {effort.cuts} cuts at random moments of a flight out of reach of any network: the time since the"
            " power came on, less the seconds that the flash holds. The others save every 60 s.",
            _against(lost),
        )
        yield Figure(
            PART,
            f"Powered hours to wear-out, a checkpoint every {seconds} s",
            "h",
            RATED_ERASES / hottest_per_hour(per_hour, per_session),
            f"Erases counted in that flight, spread over the ring of {LINES} lines by calculation; {RATED_ERASES:,}"
            " erases per sector (assumed).",
            _against({program: RATED_ERASES / one.hottest for program, one in wear.items()}),
            better="higher",
        )


def _mean_loss(program: Program, effort: Effort, settings: str) -> tuple[float, float]:
    """Seconds that a power cut at a random moment takes, and erases per hour."""
    chance = random.Random(1)
    lost = 0.0
    with World(program) as world:
        board = world.board
        world.router.up = False
        board.drive.outside_write("/settings.toml", settings.encode())
        board.power_on()
        board.run_for(LAYOUT_SECONDS)
        board.power_off(for_seconds=HOUR)
        board.power_on()
        begin = board.clock.elapsed_seconds
        board.run_for(LAYOUT_SECONDS)
        mark, since = board.drive.flash.operations, board.clock.elapsed_seconds
        for _ in range(effort.cuts):
            board.run_for(chance.uniform(1, 61))
            lost += board.clock.elapsed_seconds - begin - program.durable_seconds(board)
        erases = board.drive.flash.operations - mark
        hours = (board.clock.elapsed_seconds - since) / HOUR
    return lost / effort.cuts, erases / hours


def _flown(program: Program, effort: Effort, hours: float) -> Wear:
    with World(program) as world:
        board, flash = world.board, world.board.drive.flash
        board.power_on()
        board.run_for(LAYOUT_SECONDS)
        board.power_off(for_seconds=HOUR)
        system = _system_sectors(board.drive)
        mark, nvm_writes, in_the_air = flash.mark(), 0, 0
        for _ in range(effort.flights):
            nvm = board.nvm[:]
            world.router.up = True
            board.power_on()
            board.run_for(min(300, effort.minutes * 30))
            world.router.up = False
            begin = flash.operations
            rest = effort.minutes * 60 - min(300, effort.minutes * 30)
            board.run_for(rest)
            in_the_air += flash.operations - begin
            board.power_off(for_seconds=2 * HOUR)
            nvm_writes += effort.minutes - 1 if nvm != board.nvm and program.in_nvm else 0
        erases = flash.erases_since(mark)
    total = sum(erases.values())
    if program.in_nvm:
        pages = nvm_writes * NVS_PAGES_PER_WRITE / hours
        return Wear(total / hours + pages, pages / NVS_PAGES, _sum(erases, system) / hours)
    if program.files is not None:
        return Wear(total / hours, max(erases.values()) / hours, _sum(erases, system) / hours)
    per_hour = in_the_air * HOUR / (effort.flights * rest)
    per_session = max(0.0, (total - per_hour * hours) / effort.flights)
    hottest = hottest_per_hour(per_hour, per_session)
    return Wear(total / hours, hottest, _sum(erases, system) / hours, per_session)


def _sum(erases: dict[int, int], sectors: set[int]) -> int:
    return sum(count for sector, count in erases.items() if sector in sectors)


def _system_sectors(drive: Drive) -> set[int]:
    return {*drive.fat_sectors, *drive.root_sectors}


def hottest_per_hour(per_hour: float, per_session: float) -> float:
    """Erases per hour of the sector of one copy that is erased most, the lines used in ring order.

    `per_hour` and `per_session` are erases of both copies together. Flights last 1.3 h on average, and a session's
    line moves on every hour.
    """
    chance = random.Random(1)
    sectors = [0.0] * (LINES // LINES_PER_SECTOR)
    line, flown = 0, 0.0
    while flown < RING_HOURS:
        session = min(chance.expovariate(1 / 1.2) + 0.1, 12)
        flown += session
        sectors[line // LINES_PER_SECTOR] += per_session / 2
        while session > 0:
            piece = min(session, 1.0)
            sectors[line // LINES_PER_SECTOR] += piece * per_hour / 2
            session -= piece
            line = (line + 1) % LINES
    return max(sectors) / flown


# Power cuts


def _cuts(effort: Effort, progress: Callable[[str], None]) -> Iterator[Figure]:
    losses: dict[Program, Losses] = {}
    seconds = effort.cut_minutes * 60
    for program in (FIRMWARE, RENAME, APPEND):
        losses[program] = _cut_flight(program, effort, seconds, progress)
    progress(f"Cutting the power in {NVM.name}")
    losses[NVM] = cut_in_nvm(NVM, effort.cut_minutes - 1, seconds)
    ours = losses.pop(FIRMWARE)
    layout_seconds, layout_points = _layout_losses(effort, progress)
    points = ours.points + sum(one.points for one in losses.values())
    how = (
        f"{points + layout_points:,} cut points: inside each rewriting of a flash sector "
        f"({ERASE_SECONDS * 1000:.0f} ms, assumed) of a flight of {effort.cut_minutes} min, "
        "the sector left erased or partly programmed, and a start after it; weighed by time"
    )
    yield Figure(
        PART,
        "Power cuts that lose the program",
        "of all cuts",
        ours.program_share,
        f"{how}. Running only.",
        _against({program: one.program_share for program, one in losses.items()}),
        resolution=ours.resolution,
    )
    life = LIFE_HOURS * HOUR
    yield Figure(
        PART,
        f"Power cuts that lose the program, in the first {LIFE_HOURS:,} h with the first boot",
        "of all cuts",
        ours.program_share + layout_seconds / life,
        f"The same, and every rewriting of the one lay-out: {layout_seconds:.2f} s in which a cut is fatal, once.",
        _against({program: one.program_share for program, one in losses.items()}),
        resolution=ERASE_SECONDS / life,
    )
    yield Figure(
        PART,
        "Power cuts that lose data",
        "of all cuts",
        ours.data_share,
        f"{how}. Lost: an earlier session, or more of the open one than a save interval.",
        _against({program: one.data_share for program, one in losses.items()}),
        resolution=ours.resolution,
    )


def _cut_flight(program: Program, effort: Effort, seconds: int, progress: Callable[[str], None]) -> Losses:
    progress(f"Cutting the power in {program.name}")
    with World(program) as world:
        board = world.board
        board.power_on()
        if program.files is None:
            board.run_for(LAYOUT_SECONDS)
            board.power_off(for_seconds=600)
            for _ in range(3):
                board.power_on()
                board.run_for(60)
                board.power_off(for_seconds=600)
            board.power_on()
        cuts = record(board, seconds)
        board.power_off()

    def tell(done: int) -> None:
        progress(f"Cutting the power in {program.name}: {done} %")

    return cut_everywhere(program, cuts, effort.torn_states, seconds, effort.cut_step, tell)


def _layout_losses(effort: Effort, progress: Callable[[str], None]) -> tuple[float, int]:
    """Seconds of the first boot in which a cut loses program or drive, and how many points were tried."""
    progress("Cutting the power in the first boot")
    drive = FIRMWARE.install({})
    files = own_files(drive)
    dangerous = _system_sectors(drive)
    with FIRMWARE.board(drive) as board:
        board.power_on()
        cuts = record(board, LAYOUT_SECONDS)
    fatal, points = 0.0, 0
    for risky in (True, False):
        group = [cut for cut in cuts if (cut.sector in dangerous) == risky]
        chosen = group[:: effort.cut_step if risky else 8 * effort.cut_step]
        for cut in chosen:
            lost = sum(survives(cut.torn(torn), files) is None for torn in effort.torn_states)
            fatal += ERASE_SECONDS * lost / len(effort.torn_states) * len(group) / len(chosen)
            points += len(effort.torn_states)
    return fatal, points


# On the wire


def _wire(effort: Effort, progress: Callable[[str], None]) -> Iterator[Figure]:
    progress("An hour online")
    ours_hour = _hour_online(FIRMWARE)
    sender_hour = _hour_online(SENDER)
    progress(f"Draining {effort.backlog} sessions")
    ours_requests, ours_bytes = _drained(FIRMWARE, effort.backlog)
    sender_requests, sender_bytes = _drained(SENDER, effort.backlog)
    how = "Counted at the server: heads and bodies of requests and answers, without TLS, TCP and NTP"
    yield Figure(
        PART,
        "Bytes on the wire per hour online",
        "bytes/h",
        ours_hour,
        f"{how}.",
        (Alternative(SENDER.name, sender_hour),),
    )
    yield Figure(
        PART,
        "Bytes on the wire per delivered session",
        "bytes",
        ours_bytes,
        f"{how}; a backlog of {effort.backlog:,} sessions.",
        (Alternative(SENDER.name, sender_bytes),),
    )
    yield Figure(
        PART,
        f"Requests to drain {effort.backlog:,} sessions",
        "requests",
        ours_requests,
        "Counted at the server.",
        (Alternative(SENDER.name, sender_requests),),
    )


def _hour_online(program: Program) -> float:
    with World(program, backlog=0) as world:
        world.board.power_on()
        world.board.run_for(LAYOUT_SECONDS + 60)
        begin = world.request_bytes + world.reply_bytes
        world.board.run_for(HOUR)
        return world.request_bytes + world.reply_bytes - begin


def _drained(program: Program, count: int) -> tuple[int, float]:
    """Requests for a backlog, and bytes per session."""
    with World(program, backlog=count) as world:
        board = world.board
        if program.files is None:
            world.router.up = False
            board.power_on()
            board.run_for(LAYOUT_SECONDS)
            board.power_off(for_seconds=600)
            put_backlog(board, count)
            world.router.up = True
        board.power_on()
        if not board.run_until(lambda: len(world.delivered) >= count, 4 * HOUR):
            raise RuntimeError(f"{program.name} delivered {len(world.delivered)} of {count} sessions")
        board.run_for(1)
        return len(world.proxy.requests), (world.request_bytes + world.reply_bytes) / count


# Heap


def _heap(effort: Effort, progress: Callable[[str], None]) -> Iterator[Figure]:
    progress("Heap on the MicroPython VM")
    program: dict[Program, int] = {}
    loaded: dict[Program, int] = {}
    for one in (FIRMWARE, *ALTERNATIVES):
        with tempfile.TemporaryDirectory() as folder:
            drive = Path(folder)
            program[one] = _heap_of(one, drive, 90)
            _fill(one, drive, effort.backlog)
            loaded[one] = _heap_of(one, drive, 30)
    ours, ours_loaded = program.pop(FIRMWARE) - LINES * RECORD_BYTES, loaded.pop(FIRMWARE)
    how = "Allocated after a collection on a MicroPython VM, where a word has 4 bytes as on the chip"
    yield Figure(
        PART,
        "Heap of the program",
        "bytes",
        ours,
        f"{how}; ours without the {LINES * RECORD_BYTES:,} bytes for {LINES:,} sessions. The others neither send nor "
        "know the time.",
        _against({one: float(value) for one, value in program.items()}),
    )
    yield Figure(
        PART,
        f"Heap for {effort.backlog:,} unacked sessions",
        "bytes",
        ours_loaded - ours,
        f"{how}; beside the program.",
        _against({one: float(max(0, value - program[one])) for one, value in loaded.items()}),
    )


def _heap_of(program: Program, drive: Path, seconds: int) -> int:
    code = drive / "program.py" if program.files is not None else FIRMWARE_FOLDER / "code.py"
    if program.files is not None:
        code.write_text(str(program.files["/code.py"]))
        if not (drive / "nvm.bin").exists():
            (drive / "nvm.bin").write_bytes(bytes(8192))
    else:
        secrets = {"ingest_url": "https://project.example/functions/v1/ingest", "networks": [("Hangar", "password")]}
        (drive / "secrets.py").write_text(f"secrets = {secrets!r}\n")
    script = REPOSITORY / "tests/micropython/run_firmware.ts"
    command: list[Path | str] = [find_deno(), "run", "--allow-read", "--allow-write"]
    command += [script, code, drive, str(seconds)]
    outcome = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    if outcome.returncode:
        raise RuntimeError(f"{program.name} on the MicroPython VM: {outcome.stderr.strip() or outcome.stdout.strip()}")
    return int(outcome.stdout.splitlines()[-1].removeprefix("heap: "))


def _fill(program: Program, drive: Path, count: int) -> None:
    """Put a backlog of ended sessions on the VM's drive."""
    if program is FIRMWARE:
        identity = json.loads((drive / "logger/identity.json").read_text())
        for path in SESSION_FILES:
            file = drive / path.lstrip("/")
            file.write_bytes(write_backlog(file.read_bytes(), identity["device_uuid"], count))
    elif program is RENAME:
        one = json.loads((drive / "sessions.json").read_text())[0]
        (drive / "sessions.json").write_text(json.dumps([one | {"boot": boot} for boot in range(1, count + 1)]))
    elif program is APPEND:
        (drive / "log.txt").write_text("".join(f"{boot},60,\n" for boot in range(1, count + 1)))
    else:
        used = b"".join(boot.to_bytes(4, "little") + (60).to_bytes(4, "little") for boot in range(1, count + 1))
        (drive / "nvm.bin").write_bytes(used.ljust(8192, b"\0"))
