"""Laying out the two files: what a power cut can cost there, and what happens on drives with holes or without room."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from tests.firmware.cuts import (
    FIRST_BOOT_SECONDS,
    SESSIONS_PATH,
    TWIN_PATH,
    Cuts,
    Moment,
    Recording,
    board_on,
    drive_with,
    files,
    fill_up,
    new_board,
    prepared_board,
    short_ring,
)
from tools.simulator import ERASED, LAYOUT_4MB, LAYOUT_8MB, LAYOUTS, TORN_STATES, Layout, SimulatedBoard

# A few operations more or less are in danger by where code.py ends: there its last sector is that of the pad before
# sessions.json. A drive of 4 MB has clusters of one block, twice as many for a file of the same size.
LEAST_HARMLESS = {layout.name: 0.96 if layout is LAYOUT_4MB else 0.97 for layout in LAYOUTS}
# The pad and the header, the sessions, the divider and a pad, the journal, the closing line and a pad.
SIZE = {layout.name: (9 + (512 if layout is LAYOUT_4MB else 1024) + 8 + 15 + 8) * 512 for layout in LAYOUTS}


def first_boot(layout: Layout) -> tuple[list[Moment], SimulatedBoard, dict[str, bytes]]:
    """Every moment of the first boot of a board with the unmodified program; the board; the owner's files."""
    board = new_board(layout)
    owners = files(board.drive)
    board.power_on()
    with Recording(board) as boot:
        board.run_for(FIRST_BOOT_SECONDS)
    board.power_off()
    return boot.moments, board, owners


def outcome(layout: Layout, moment: Moment, torn: int, owners: dict[str, bytes]) -> str:
    """What is left after one cut of the first boot, once the board has started again."""
    drive = drive_with(layout, moment.cut(torn))
    if drive.mount_or_format() == "formatted":
        return "formatted"
    drive.power_off()
    for path, content in owners.items():
        try:
            if drive.outside_read(path) != content:
                return "a file lost"
        except OSError:
            return "a file lost"
    return "survives"


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_shares_of_the_first_boot(layout: Layout, long: bool, record_property) -> None:  # type: ignore[no-untyped-def]
    """Of all cuts by time 97 in 100 harm nothing; only the FAT, the root directory and 4 KiB are in danger."""
    moments, board, owners = first_boot(layout)
    own = {sector for path in (SESSIONS_PATH, TWIN_PATH) for sector in sorted(board.drive.sectors_of(path))[1:-1]}
    dangerous = [moment for moment in moments if moment.sector not in own]

    outcomes = Counter(outcome(layout, moment, ERASED, owners) for moment in (moments if long else dangerous))
    for torn in TORN_STATES if long else ():
        assert {"survives"} == {outcome(layout, moment, torn, owners) for moment in moments if moment.sector in own}

    harmless = len(moments) - outcomes["formatted"] - outcomes["a file lost"]
    for name in ("formatted", "a file lost"):
        record_property(f"{layout.name} {name}", f"{outcomes[name]} of {len(moments)} operations")
    assert harmless / len(moments) >= LEAST_HARMLESS[layout.name]
    assert outcomes["formatted"] + outcomes["a file lost"] <= (44 if layout is LAYOUT_4MB else 34)
    board.close()


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_first_boot_cut_short_is_finished_by_the_next(layout: Layout, long: bool) -> None:
    """Wherever the first boot is cut without harm to the program, the next start ends with two whole files."""
    moments, board, owners = first_boot(layout)
    device_uuid = json.loads(board.read_file("/logger/identity.json"))["device_uuid"]
    board.close()
    tried = 0

    for moment in moments if long else [*moments[:24:4], *moments[24::97]]:
        for torn in TORN_STATES if long else (ERASED,):
            if outcome(layout, moment, torn, owners) != "survives":
                continue
            tried += 1
            again = board_on(drive_with(layout, moment.cut(torn)), moment.nvm)
            again.power_on()
            again.run_for(60 + FIRST_BOOT_SECONDS)
            for path in (SESSIONS_PATH, TWIN_PATH):
                assert SIZE[layout.name] == len(again.read_file(path))
                assert 1 == again.drive.fragments(path)
            kept = json.loads(again.read_file(SESSIONS_PATH))
            assert device_uuid == kept["device_uuid"]
            assert files(again.drive) == owners
            assert not [path for path in again.drive.outside_list() if "plug" in path or path.endswith(".tmp")]
            again.close()

    assert tried >= 5


def drive_with_holes(layout: Layout, seed: int) -> SimulatedBoard:
    """A board whose drive has seen updates: files written, grown and deleted in random order."""
    board = new_board(layout)
    chance = random.Random(seed)
    drive = board.drive
    names: list[str] = []
    for step in range(120):
        if names and chance.random() < 0.45:
            drive.outside_remove(names.pop(chance.randrange(len(names))))
        else:
            name = f"/lib/old_{step}.py"
            drive.outside_write(name, chance.randbytes(chance.randrange(200, 6000)))
            names.append(name)
    for name in names[::2]:
        drive.outside_remove(name)
    return board


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_holes_in_the_drive_are_plugged(layout: Layout, long: bool) -> None:
    """However fragmented the free space, both files lie in one piece, no plug is left, and nothing else changed."""
    for seed in range(100 if long else 4):
        board = drive_with_holes(layout, seed)
        owners = files(board.drive)

        board.power_on()
        board.run_for(3 * FIRST_BOOT_SECONDS)

        for path in (SESSIONS_PATH, TWIN_PATH):
            assert 1 == board.drive.fragments(path), f"seed {seed}: {path}"
        assert files(board.drive) == owners
        assert not [path for path in board.drive.outside_list() if "plug" in path or path.endswith(".tmp")]
        board.close()


@pytest.mark.parametrize("seed", [1, 2])
def test_running_on_a_drive_with_holes_harms_no_neighbour(seed: int, long: bool) -> None:
    """On a fragmented drive, too, checkpoints and cuts in them touch nothing but the lines."""
    board = drive_with_holes(LAYOUT_4MB, seed)
    board.drive.outside_write("/code.py", str(short_ring()["/code.py"]).encode())
    board.power_on()
    board.run_for(FIRST_BOOT_SECONDS)
    board.power_off(for_seconds=60)
    cuts = Cuts(board)
    board.power_on()

    with Recording(board) as flight:
        board.run_for(200)

    board.close()
    cuts.check(flight.moments if long else flight.moments[::5], TORN_STATES if long else (ERASED, 8), (ERASED,))


@pytest.mark.parametrize("layout", [LAYOUT_8MB, LAYOUT_4MB], ids=lambda layout: layout.name)
def test_nearly_full_drive_is_laid_out(layout: Layout, long: bool) -> None:
    """With room for both files and 40 KB more they are laid out, and cuts harm nothing afterwards."""
    board = new_board(layout)
    fill_up(board.drive, 2 * SIZE[layout.name] + 40_000)
    board.power_on()
    board.run_for(FIRST_BOOT_SECONDS)
    board.power_off(for_seconds=60)
    assert {SESSIONS_PATH, TWIN_PATH} <= set(board.drive.outside_list())
    cuts = Cuts(board)
    board.power_on()

    with Recording(board) as flight:
        board.run_for(60)

    board.close()
    cuts.check(flight.moments if long else flight.moments[::3], TORN_STATES if long else (ERASED,), ())


def test_full_drive_counts_in_memory_and_says_so() -> None:
    """No room for the first file: nothing is written at all, the log says it every minute, counting goes on."""
    board = new_board(LAYOUT_8MB)
    fill_up(board.drive, 100_000)
    before = board.drive.snapshot()
    board.power_on()

    board.run_for(300)

    assert [] == board.drive.flash.changed_since(before)
    full = [line for line in board.lines if "the drive is full" in line]
    assert 4 == len([line for line in full if line.startswith("Storage: /sessions.json") and "in memory only" in line])
    assert [f"run {minute} s" for minute in (60, 120, 180, 240)] == [
        line.split(", ")[1] for line in board.lines if line.startswith("Updated: no clock yet")
    ]
    board.close()


def test_room_for_one_file_keeps_that_one() -> None:
    """Room for one of the two: it is kept in that one, and the drive is not filled with attempts."""
    board = new_board(LAYOUT_8MB)
    fill_up(board.drive, SIZE["8mb"] + 60_000)
    board.power_on()

    board.run_for(120)

    board.power_off(for_seconds=60)
    assert not [path for path in board.drive.outside_list() if "plug" in path or path.endswith(".tmp")]
    assert any("the drive is full" in line for line in board.lines)
    assert 90 <= json.loads(board.read_file(SESSIONS_PATH))["sessions"][0]["run_seconds"] <= 120
    board.close()


def test_read_only_drive_counts_in_memory_and_says_so() -> None:
    """A board with native USB and no boot.py: the log says what to do, the sessions on the drive still count."""
    earlier = prepared_board(LAYOUT_8MB)
    drive = earlier.drive
    drive.outside_remove("/boot.py")
    board = SimulatedBoard(drive, native_usb=True)
    board.nvm = earlier.nvm
    before = drive.snapshot()
    board.power_on()

    board.run_for(200)

    circuitpythons_own = drive.sectors_of("/boot_out.txt") | set(drive.root_sectors) | set(drive.fat_sectors)
    assert set(drive.flash.changed_since(before)) <= circuitpythons_own
    assert any("read-only: copy boot.py" in line for line in board.lines)
    assert 2 <= len([line for line in board.lines if "/sessions.json" in line and "in memory only" in line])
    assert "New session: boot 3" in board.lines
    board.close()
