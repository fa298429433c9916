"""Which power-up a start belongs to, and what its seconds are, on the whole board."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.firmware.cuts import device_uuid_of, durable, prepared_board, short_ring
from tests.firmware.world import CHECKPOINT_SECONDS, World
from tools.simulator import (
    LAYOUT_8MB,
    ChipReset,
    Drive,
    SimulatedBoard,
    install,
)

ROUNDING_SECONDS = 3


@pytest.fixture
def board() -> SimulatedBoard:
    """A laid-out board out of reach of any network, 100 s into its third power-up."""
    board = prepared_board(LAYOUT_8MB, short_ring())
    board.power_on()
    board.run_for(100)
    return board


def seconds_of(board: SimulatedBoard) -> dict[int, int]:
    """The seconds of each session on the drive, by boot."""
    return {boot: one.run_seconds for boot, one in sorted(durable(board.drive, device_uuid_of(board)).items())}


def hang(board: SimulatedBoard) -> None:
    """The watchdog bites."""
    board.turns.inject(ChipReset("WATCHDOG"))


def software_reset(board: SimulatedBoard) -> None:
    """The program restarts the chip."""
    board.turns.inject(ChipReset("SOFTWARE"))


def auto_reload(board: SimulatedBoard) -> None:
    """Somebody uploads a file."""
    board.write_file("/notes.txt", "hello")


RESETS = [SimulatedBoard.brown_out, SimulatedBoard.crash, hang, software_reset, auto_reload]


@pytest.mark.parametrize("reset", RESETS, ids=lambda reset: reset.__name__)
def test_resets_go_on_with_the_session(board: SimulatedBoard, reset: Callable[[SimulatedBoard], None]) -> None:
    """Brown-out and crash (through safe mode), watchdog, software reset, reload: one session, no second missing."""
    reset(board)

    board.run_for(100)

    seconds = seconds_of(board)
    assert [1, 2, 3] == list(seconds)
    assert 200 - CHECKPOINT_SECONDS - ROUNDING_SECONDS - 4 <= seconds[3] <= 200
    assert any(line.startswith("Session goes on: boot 3 at ") for line in board.lines)
    board.close()


def test_many_resets_in_a_row_lose_nothing(board: SimulatedBoard) -> None:
    """Thirty resets, 7 s apart, some before the first checkpoint: still one session with all its seconds."""
    for index in range(30):
        RESETS[index % 4](board)
        board.run_for(7)

    board.run_for(30)

    seconds = seconds_of(board)
    assert [1, 2, 3] == list(seconds)
    assert 340 - CHECKPOINT_SECONDS - ROUNDING_SECONDS - 4 <= seconds[3] <= 340
    board.close()


def test_brown_out_in_a_flash_operation(board: SimulatedBoard) -> None:
    """The supply dips while a sector is rewritten: repaired from the twin, and the session goes on."""
    board.brown_out_at_flash_operation(0, torn=3)

    board.run_for(100)

    seconds = seconds_of(board)
    assert [1, 2, 3] == list(seconds)
    assert 200 - CHECKPOINT_SECONDS - ROUNDING_SECONDS - 4 <= seconds[3] <= 200
    assert any("mending it" in line for line in board.lines)
    board.close()


@pytest.mark.parametrize("rtc_loss", ["brown-out", "reset button"])
def test_rtc_behind_begins_a_new_session(board: SimulatedBoard, rtc_loss: str) -> None:
    """The RTC did not keep the time, or the reset button was pressed: another session, the one before is closed."""
    if rtc_loss == "brown-out":
        board.brown_out(rtc_kept=False)
    else:
        board.press_reset()

    board.run_for(60)

    kept = durable(board.drive, device_uuid_of(board))
    assert [1, 2, 3, 4] == sorted(kept)
    assert ("closed", "open") == (kept[3].status, kept[4].status)
    assert 100 - CHECKPOINT_SECONDS - ROUNDING_SECONDS - 4 <= kept[3].run_seconds <= 100
    assert kept[4].run_seconds <= 60
    board.close()


def test_at_most_150_seconds_are_bridged(board: SimulatedBoard) -> None:
    """Twenty minutes in safe mode: the session goes on, with 150 s of them."""
    safemode = board.read_file("/safemode.py").decode().replace("STAY_SECONDS = 5", "STAY_SECONDS = 1200")
    board.drive.outside_write("/safemode.py", safemode.encode(), shared=True)
    last = seconds_of(board)[3]

    board.brown_out()
    board.run_for(1210)

    line = next(line for line in board.lines if line.startswith("Session goes on: boot 3 at "))
    assert 150 <= int(line.split()[-2]) - last <= 152
    board.close()


def test_safe_mode_that_a_person_asked_for_stays(board: SimulatedBoard) -> None:
    """The button pressed twice: the board stays in safe mode, so that it can be repaired."""
    board.press_reset()
    board.run_for(1)
    board.press_reset()

    board.run_for(300)

    assert "USER" == board.safe_mode
    assert board.parked
    board.close()


def test_syntax_error_does_not_park_the_board(board: SimulatedBoard) -> None:
    """A broken code.py is run again and again (boot.py): once it is repaired, counting goes on in the same session."""
    whole = board.read_file("/code.py")
    board.write_file("/code.py", "def broken(:\n")
    board.run_for(20)
    assert not board.parked

    board.write_file("/code.py", whole)
    board.run_for(80)

    assert not board.parked
    assert 160 <= seconds_of(board)[3] <= 200
    board.close()


@pytest.mark.parametrize("second", [b"\x03", b"x"])
def test_ctrl_c_and_another_key_reach_the_prompt(board: SimulatedBoard, second: bytes) -> None:
    """The program that boot.py would bring back after an error stays away until CTRL-D; the session then goes on."""
    board.type_keys(b"\x03")
    board.run_for(1)
    board.type_keys(second)
    board.run_for(30)
    assert board.parked

    board.press_key()
    board.run_for(69)

    assert [1, 2, 3] == list(seconds_of(board))
    assert 200 - CHECKPOINT_SECONDS - ROUNDING_SECONDS - 4 <= seconds_of(board)[3] <= 200
    board.close()


def test_a_lone_ctrl_c_stops_nothing_for_long(board: SimulatedBoard) -> None:
    """Whoever leaves a terminal with it has not switched the counting off: ten seconds later the session goes on."""
    board.type_keys(b"\x03")

    board.run_for(100)

    assert not board.parked
    assert board.resets[-1:] == ["SOFTWARE"]
    assert 200 - CHECKPOINT_SECONDS - ROUNDING_SECONDS - 4 <= seconds_of(board)[3] <= 200
    board.close()


def test_the_prompt_is_reached_while_a_fault_is_waited_out(board: SimulatedBoard) -> None:
    """A program that fails at every start can be stopped, too."""
    broken = board.read_file("/code.py").replace(b"logger = Logger()", b"logger = Logger(1)")
    board.write_file("/code.py", broken)
    board.run_for(20)
    assert "restarting in 60 s" in next(line for line in board.lines if line.startswith("Fault: "))

    board.type_keys(b"\x03")
    board.run_for(1)
    board.type_keys(b"\x03")
    board.run_for(100)

    assert board.parked
    board.close()


@pytest.mark.parametrize("held", [True, False])
def test_button_keeps_the_drive_writable_for_a_computer(held: bool) -> None:
    """On boards with native USB: Python may write unless the button is held down at the start."""
    drive = install(Drive(LAYOUT_8MB), secrets={})
    board = SimulatedBoard(drive, native_usb=True)
    board.press_button("BOOT0", down=held)
    board.power_on()

    board.run_for(90)

    assert held == board.readonly
    assert held == ("/sessions.json" not in drive.outside_list())
    board.close()


# The RTC's oscillator


@pytest.mark.parametrize("rc_error", [-0.05, -0.01, 0.01, 0.05])
@pytest.mark.parametrize("reset", [SimulatedBoard.brown_out, SimulatedBoard.crash, software_reset])
def test_a_drifting_rtc_splits_no_session_and_adds_no_time(
    world: World, reset: Callable[[SimulatedBoard], None], rc_error: float
) -> None:
    """An hour, a reset, an oscillator some per cent off: one session, never more than was on, the rest marked."""
    world.board.rc_error = rc_error
    began = world.board.clock.elapsed_seconds
    world.router.up = False
    world.fly(3600)
    reset(world.board)
    world.fly(300)
    world.router.up = True

    world.board.run_until_line("POST OK 200", 120)

    (session,) = world.kept()
    missing = world.board.clock.elapsed_seconds - began - session["run_seconds"]
    assert -1 < missing <= session["unmeasured"] + ROUNDING_SECONDS  # whole seconds
    assert missing <= 2 * CHECKPOINT_SECONDS
    (row,) = world.stored()
    assert ("ntp", session["unmeasured"]) == (row["start_source"], row["start_uncertainty_s"])


@pytest.mark.parametrize("rc_error", [-0.05, 0.0, 0.05])
def test_the_watchdog_measures_the_time_that_a_hang_took(world: World, rc_error: float) -> None:
    """An hour, then a call that never returns: its two minutes are counted, whatever the oscillator says."""
    world.board.rc_error = rc_error
    began = world.board.clock.elapsed_seconds
    world.prepare()
    world.router.up = False
    world.fly(3600)
    world.router.dhcp = "silent"
    world.router.up = True
    world.board.run_until_line("Session goes on", 300)
    world.router.dhcp = "ok"

    world.board.run_until_line("POST OK 200", 800)

    (session,) = world.kept()
    missing = world.board.clock.elapsed_seconds - began - session["run_seconds"]
    assert -ROUNDING_SECONDS <= missing <= CHECKPOINT_SECONDS


def test_lifetime_and_boot_never_run_backwards(world: World) -> None:
    """Over flights with and without Wi-Fi, resets and cuts, what the board reports only grows, to the true sum."""
    world.prepare()
    for flight in range(12):
        world.park(1000 + 500 * flight)
        world.router.up = flight % 3 != 1
        world.fly(70)
        if flight % 4 == 2:
            world.board.brown_out()
        if flight % 5 == 3:
            world.board.power_cut_at_flash_operation(1)
        world.fly(70)
    world.park(100)
    world.router.up = True
    world.fly(100)

    reports = []
    for request in world.proxy.forwarded:
        if request.method == "POST":
            reports += [one for one in json.loads(request.body) if "lifetime_seconds" in one]
    lifetimes = [one["lifetime_seconds"] for one in reports]
    assert sorted(lifetimes) == lifetimes
    assert sorted(one["boot"] for one in reports) == [one["boot"] for one in reports]
    ended = sum(row["run_seconds"] for row in world.stored()[:-1])
    assert lifetimes[-1] - reports[-1]["run_seconds"] == ended
