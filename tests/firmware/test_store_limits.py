"""What keeping sessions costs: erases, wear, time and heap."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import pytest
from deno import find_deno_bin

from tests.firmware.cuts import (
    LINE_BYTES,
    PAD_LINES,
    SECRETS,
    SESSIONS_PATH,
    TWIN_PATH,
    Cuts,
    Recording,
    device_uuid_of,
    durable,
    fill_up,
    fill_with_unsent,
    interval_of,
    prepared_board,
    short_ring,
    write_through,
)
from tests.firmware.parts import (
    BACKLOG_HEAP_BYTES,
    CODE,
    PROGRAM_HEAP_BYTES,
    Parts,
    firmware_parts,
    laid_out_files,
)
from tests.firmware.world import CHECKPOINT_SECONDS, World
from tools.simulator import (
    LAYOUT_4MB,
    LAYOUT_8MB,
    LAYOUTS,
    AccessPoint,
    BoardClock,
    Drive,
    Layout,
    Network,
    SimulatedBoard,
)
from tools.simulator.flash.nor import RATED_ERASES, SECTOR_BYTES

ROOT = Path(__file__).resolve().parents[2]
HOUR = 3600
LINES_PER_SECTOR = SECTOR_BYTES // LINE_BYTES
POWERED_HOURS = 25_000
YEAR_HOURS = 8760


def revisions(board: SimulatedBoard) -> int:
    """How often the newest session has been saved."""
    kept = durable(board.drive, device_uuid_of(board))
    return kept[max(kept)].rev


@pytest.mark.parametrize("networks", [1, 2])
def test_a_checkpoint_is_one_erase(networks: int) -> None:
    """An hour away from every network: one erase a checkpoint and no other, though the board tries to join."""
    board = prepared_board(LAYOUT_8MB)
    secrets = SECRETS | {"networks": [("Hangar", "password"), ("Phone", "password")][:networks]}
    board.drive.outside_write("/secrets.py", f"secrets = {secrets!r}\n".encode())
    board.power_on()
    board.run_for(300)
    mark, saved = board.drive.flash.operations, revisions(board)

    board.run_for(HOUR - 400)

    erases = board.drive.flash.operations - mark
    assert erases == revisions(board) - saved
    assert (HOUR - 400) / CHECKPOINT_SECONDS - 2 <= erases <= (HOUR - 400) / CHECKPOINT_SECONDS + 2
    board.close()


def test_a_checkpoint_of_one_copy_alone_is_two_erases(record_property) -> None:  # type: ignore[no-untyped-def]
    """An hour with one copy and no room for another: the journal's line and the session's, each 15 s."""
    board = prepared_board(LAYOUT_8MB)
    board.drive.outside_remove(TWIN_PATH)
    fill_up(board.drive, 100_000)
    board.power_on()
    board.run_for(300)
    mark, saved = board.drive.flash.mark(), revisions(board)

    board.run_for(HOUR - 400)

    erases = board.drive.flash.erases_since(mark)
    record_property("erases", f"{erases} of one copy alone in {HOUR - 400} s")
    assert sum(erases.values()) == 2 * (revisions(board) - saved)
    assert sum(erases.values()) <= 2 * (HOUR - 400) / 15 + 4
    assert set(erases) <= board.drive.sectors_of(SESSIONS_PATH)
    board.close()


@pytest.mark.parametrize("refusing", [1, 3])
def test_networks_that_refuse_cost_no_erase(refusing: int, record_property) -> None:  # type: ignore[no-untyped-def]
    """Known networks in range that refuse the board, for an hour: one erase a checkpoint, as far from every network."""
    board = prepared_board(LAYOUT_8MB)
    names = [f"Hangar {number}" for number in range(refusing)]
    secrets = SECRETS | {"networks": [(name, "an old password") for name in names]}
    board.drive.outside_write("/secrets.py", f"secrets = {secrets!r}\n".encode())
    network = Network(*[AccessPoint(name, "password") for name in names])
    near = SimulatedBoard(board.drive, BoardClock(), network, seed=7)
    near.nvm = board.nvm
    near.power_on()
    near.run_for(60)
    mark = near.drive.flash.operations

    near.run_for(HOUR)

    erases = near.drive.flash.operations - mark
    record_property("erases", f"{erases} an hour with {refusing} networks that refuse")
    assert [line for line in near.lines if "cannot join" in line]
    assert erases <= HOUR / CHECKPOINT_SECONDS + 2
    near.close()
    board.close()


def test_a_reload_rewrites_the_root_directory_once() -> None:
    """Finalisers close both files: an erase of the root directory's sector, as README's limits say. A reset: none."""
    board = prepared_board(LAYOUT_8MB, short_ring())
    board.power_on()
    board.run_for(100)
    roots = {}

    for name, end in (("reload", board.file_was_written), ("reset", board.press_reset)):
        mark = board.drive.flash.mark()
        end()
        board.run_for(20)
        erases = board.drive.flash.erases_since(mark)
        roots[name] = sum(erases.get(sector, 0) for sector in board.drive.root_sectors)

    assert {"reload": 1, "reset": 0} == roots
    board.close()


def test_nothing_but_lines_is_ever_written(world: World, long: bool) -> None:
    """Five hours always on, Wi-Fi coming and going (a fortnight with --long): FAT and directories are not touched."""
    world.prepare()
    world.park(600)
    cuts = Cuts(world.board)
    mark = world.drive.flash.mark()
    owned = world.drive.sectors_of(SESSIONS_PATH) | world.drive.sectors_of(TWIN_PATH)

    hours = 24 * 14 if long else 5
    for hour in range(hours):
        world.router.up = hour % 4 == 0
        world.fly(HOUR // 6)
        world.router.up = False
        world.fly(5 * HOUR // 6)

    assert cuts.untouched(world.drive)
    assert set(world.drive.flash.erases_since(mark)) <= owned
    assert any(line.endswith(f"run {(hours - 1) * HOUR} s") for line in world.board.lines)


# Seconds that a power cut costs


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_checkpoints_come_right_after_whole_seconds(layout: Layout) -> None:
    """Ten minutes without a call: one each interval, which is that of the drive's ring, none late by half a second."""
    board = prepared_board(layout, short_ring())
    board.drive.outside_write("/secrets.py", f"secrets = {SECRETS | {'networks': []}!r}\n".encode())
    board.power_on()
    board.run_for(10)

    with Recording(board) as flight:
        board.run_for(600)

    times = [moment.uptime_seconds for moment in flight.moments]
    assert {interval_of(layout)} == {round(after - before) for before, after in itertools.pairwise(times)}
    assert all(time % 1 < 0.03 for time in times)
    board.close()


def test_seconds_lost_per_power_cut(long: bool, record_property) -> None:  # type: ignore[no-untyped-def]
    """Power cuts at random moments, without any wire: at most 4 s each on average, never more than an interval."""
    board = prepared_board(LAYOUT_8MB, None if long else short_ring())
    chance = random.Random(6)
    lost = []

    for _ in range(1000 if long else 36):
        seconds = chance.uniform(20, 180)
        board.power_on()
        board.run_for(seconds)
        board.power_off(for_seconds=chance.uniform(60, 120))
        kept = durable(board.drive, device_uuid_of(board))
        lost.append(seconds - kept[max(kept)].run_seconds)

    mean = sum(lost) / len(lost)
    record_property("lost", f"{mean:.2f} s on average, {max(lost):.2f} s at most, of {len(lost)} cuts")
    assert mean <= 4
    assert 0 <= min(lost)
    assert max(lost) <= CHECKPOINT_SECONDS + 0.6  # the clock starts after the power, and an erase takes its time
    board.close()


# Wear


@dataclass(frozen=True)
class Costs:
    """Erases of both copies together, counted on the simulated board."""

    per_hour: float  # in flight, moves included
    per_session: float  # beside that: start, closing the one before, a few minutes online, acks


def counted_costs(world: World, checkpoint_seconds: int) -> Costs:
    """Ordinary flying: five minutes online in the hangar, 70 minutes in the air, and the next flight."""
    world.drive.outside_write("/settings.toml", f"LOGGER_CHECKPOINT_SECONDS = {checkpoint_seconds}\n".encode())
    flash = world.drive.flash
    in_the_air = on_the_ground = 0
    flights = 2
    for _ in range(flights):
        world.park(7200)
        world.router.up = True
        begin = flash.operations
        world.fly(300)
        on_the_ground += flash.operations - begin
        world.router.up = False
        world.fly(60)
        begin = flash.operations
        world.fly(70 * 60)
        in_the_air += flash.operations - begin
    per_hour = in_the_air / flights * 60 / 70
    return Costs(per_hour, on_the_ground / flights - per_hour * 300 / HOUR)


def hottest_sector(lines: int, hours: float, costs: Costs, *, always_on: bool) -> int:
    """Erases of the sector erased most often in one copy after so many powered hours, the lines used in ring order."""
    chance = random.Random(1)
    sectors = [0.0] * (lines // LINES_PER_SECTOR)
    line = 0
    flown = 0.0
    while flown < hours:
        session = hours if always_on else min(chance.expovariate(1 / 1.2) + 0.1, 12)
        flown += session
        sectors[line // LINES_PER_SECTOR] += costs.per_session / 2
        while session > 0:
            piece = min(session, 1.0)  # then the line moves on
            sectors[line // LINES_PER_SECTOR] += piece * costs.per_hour / 2
            session -= piece
            line = (line + 1) % lines
    return round(max(sectors))


def test_wear(world: World, record_property) -> None:  # type: ignore[no-untyped-def]
    """The hottest sector is good for 25,000 hours of ordinary flying, and for a year of a board that is never off."""
    world.prepare()
    costs = {
        lines: counted_costs(world, interval_of(layout)) for lines, layout in ((1024, LAYOUT_8MB), (512, LAYOUT_4MB))
    }

    flying = {lines: hottest_sector(lines, POWERED_HOURS, one, always_on=False) for lines, one in costs.items()}
    always_on = {lines: hottest_sector(lines, YEAR_HOURS, one, always_on=True) for lines, one in costs.items()}

    record_property("erases", f"{costs}, after {POWERED_HOURS} h {flying}, after a year always on {always_on}")
    assert all(HOUR / 15 <= one.per_hour <= HOUR / 5 * 1.04 for one in costs.values())
    assert max(flying.values()) <= RATED_ERASES
    assert max(always_on.values()) <= RATED_ERASES


def test_wear_is_spread_as_the_sum_says(long: bool) -> None:
    """Days of flights on a small ring: no sector of lines is erased more often than the model of test_wear says."""
    lines = 16
    interval = 30
    settings: dict[str, str | bytes] = {"/settings.toml": f"LOGGER_CHECKPOINT_SECONDS = {interval}\n"}
    board = prepared_board(LAYOUT_8MB, short_ring(lines) | settings)
    mark = board.drive.flash.mark()
    chance = random.Random(2)
    hours = 0.0
    target = 600 if long else 12

    while hours < target:
        flight = min(chance.expovariate(1 / 1.2) + 0.1, 12)
        board.power_on()
        board.run_for(flight * HOUR)
        board.power_off(for_seconds=600)
        hours += flight
        ack_all(board)

    erases = board.drive.flash.erases_since(mark)
    for path in (SESSIONS_PATH, TWIN_PATH):
        sectors = sorted(board.drive.sectors_of(path))
        hottest = max(erases.get(sector, 0) for sector in sectors)
        assert hottest <= 1.5 * hours * HOUR / interval / 2 * LINES_PER_SECTOR / lines + 100
    board.close()


def ack_all(board: SimulatedBoard) -> None:
    """Mark every ended session as delivered, so that its line is free."""
    board.drive.mount_or_format()
    parts = firmware_parts(board, board.read_file("/code.py").decode())
    kept = laid_out_files(parts)
    table = kept.table
    for slot in table.by_boot():
        session = table.at(slot)
        session.flags |= parts.Session.CLOSED
        if not session.fully_acked:
            table.ack(session, session.run_seconds, "closed")
    write_through(kept)
    board.drive.power_off()


def calls_of_a_checkpoint(sessions: int) -> int:
    """Calls into code.py that one checkpoint takes on a board that keeps so many unsent sessions."""
    board = prepared_board(LAYOUT_8MB)
    fill_with_unsent(board, sessions)
    board.drive.mount_or_format()
    parts = firmware_parts(board)
    kept = laid_out_files(parts)
    kept.table.begin()
    for seconds in range(0, 120, 15):
        kept.checkpoint(seconds)
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_filename == "code.py"

    sys.setprofile(count)
    kept.checkpoint(120)
    sys.setprofile(None)
    board.close()
    return calls


def test_saving_takes_no_longer_with_a_thousand_sessions() -> None:
    """A checkpoint's work is the same with ten and with a thousand sessions on the board."""
    few = calls_of_a_checkpoint(10)

    many = calls_of_a_checkpoint(1000)

    assert few == many


# Heap, on the MicroPython VM


@pytest.fixture
def vm_drive(tmp_path: Path) -> Path:
    """A folder that stands for the drive of the VM's board, after a first power-up."""
    secrets = (
        'secrets = {"ingest_url": "https://project.example/functions/v1/ingest", "networks": [("Hangar", "pass")]}\n'
    )
    (tmp_path / "secrets.py").write_text(secrets)
    heap_of(tmp_path, 60)
    return tmp_path


def heap_of(drive: Path, seconds: int) -> int:
    """Bytes of heap that code.py holds after a power-up of so many seconds on the MicroPython VM."""
    command = [find_deno_bin(), "run", "--allow-read", "--allow-write", ROOT / "tests/micropython/run_firmware.ts"]
    result = subprocess.run(
        [*command, CODE, drive, str(seconds)], capture_output=True, text=True, timeout=300, check=False
    )
    assert 0 == result.returncode, result.stdout + result.stderr
    return int(result.stdout.splitlines()[-1].removeprefix("heap: "))


def least_heap_of(drive: Path) -> int:
    """The least of three power-ups: what looks like an address keeps up to 1 KiB of garbage, by chance."""
    return min(heap_of(drive, 30) for _ in range(3))


def write_backlog(drive: Path, parts: Parts, count: int) -> None:
    """Put so many ended, unsent sessions into both files of the VM's board."""
    uuid = json.loads((drive / "logger/identity.json").read_text())["device_uuid"]
    seed = parts.binascii.crc32(bytes.fromhex(uuid.replace("-", "")))
    for path in (drive / "sessions.json", drive / "logger/sessions.json"):
        data = bytearray(path.read_bytes())
        for slot in range(count):
            fields = (slot + 1, 3, 1_700_000_000 + 10_000 * slot, 600, 0, 0, 600 * slot, 0, parts.Session.CLOSED)
            line = parts.Session(slot, fields).line(seed).encode()
            at = (PAD_LINES + 1 + slot) * LINE_BYTES
            data[at : at + LINE_BYTES] = line.ljust(LINE_BYTES - 1) + b"\n"
        path.write_bytes(data)


def test_heap_with_a_thousand_unacked_sessions(vm_drive: Path, record_property) -> None:  # type: ignore[no-untyped-def]
    """The program takes at most 73 KiB of heap, a thousand unsent sessions at most 48 KiB more."""
    drive = Drive()
    drive.mount_or_format()
    parts = firmware_parts(SimulatedBoard(drive))
    records = parts.SESSION_LINES * parts.Session.BYTES
    without = least_heap_of(vm_drive)
    write_backlog(vm_drive, parts, 1000)

    heap = least_heap_of(vm_drive)

    record_property("heap", f"program {without - records} bytes, {heap - without + records} for 1,000 unsent sessions")
    assert without - records <= PROGRAM_HEAP_BYTES
    assert heap - (without - records) <= BACKLOG_HEAP_BYTES
