"""Which power-up a start belongs to, and what its seconds and its clock are, on the whole board."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.firmware.cuts import copies, device_uuid_of, durable, fill_up, prepared_board, short_ring
from tests.firmware.parts import firmware_parts
from tests.firmware.world import FIRST_BOOT_SECONDS, World
from tools.simulator import (
    LAYOUT_8MB,
    PASS,
    REFUSE,
    ChipReset,
    Drive,
    SimulatedBoard,
    answer,
    board_modules,
    install,
)
from tools.simulator.servers import NtpFault

CHECKPOINT_SECONDS = 15
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
    board._inject(ChipReset("WATCHDOG"))


def software_reset(board: SimulatedBoard) -> None:
    """The program restarts the chip."""
    board._inject(ChipReset("SOFTWARE"))


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
    """The supply dips while a sector is rewritten: mended from the twin, and the session goes on."""
    board.brown_out_at_flash_operation(0, torn=3)

    board.run_for(100)

    seconds = seconds_of(board)
    assert [1, 2, 3] == list(seconds)
    assert 200 - CHECKPOINT_SECONDS - ROUNDING_SECONDS - 4 <= seconds[3] <= 200
    assert any("mending it from its twin" in line for line in board.lines)
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
    """The button pressed twice: the board stays in safe mode, so that it can be mended."""
    board.press_reset()
    board.run_for(1)
    board.press_reset()

    board.run_for(300)

    assert "USER" == board.safe_mode
    assert board.parked
    board.close()


def test_syntax_error_does_not_park_the_board(board: SimulatedBoard) -> None:
    """A broken code.py is run again and again (boot.py): once it is mended, counting goes on in the same session."""
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


# The clock


def start_seconds(world: World, row: int = -1) -> datetime:
    """The start of one of the device's sessions on the server."""
    start = world.stored()[row]["session_start"]
    assert isinstance(start, datetime)
    return start


def fly_checked(world: World, seconds: float) -> datetime:
    """Power on for so long; the true time of power-on."""
    began = world.board.clock.true_time
    world.fly(seconds)
    return began


@pytest.mark.parametrize("year", [1999, 2036, 2039, 2155])
def test_spoofed_ntp_year(world: World, year: int) -> None:
    """NTP tells another year: the server's time wins before the start is sent."""
    world.prepare()
    world.park(3600)
    world.ntp.fault = "wrong_year"
    world.ntp.year = year

    began = fly_checked(world, 120)

    assert abs(start_seconds(world) - began) < timedelta(seconds=5)
    assert "server" == world.stored()[-1]["start_source"]
    assert not world.stored()[-1]["future"]


@pytest.mark.parametrize("year", [2025, 2036])
def test_spoofed_ntp_while_the_server_is_away(world: World, year: int) -> None:
    """A session gets a start in another year and ends before the server could correct it: it is estimated anew."""
    world.prepare()
    world.park(3600)
    world.ntp.fault = "wrong_year"
    world.ntp.year = year
    world.proxy.fault = REFUSE
    began = fly_checked(world, 300)
    world.park(3600)
    world.ntp.fault = "ok"
    world.proxy.fault = PASS

    world.fly(150)

    first, middle, last = world.stored()
    assert ("estimated", "closed") == (middle["start_source"], middle["status"])
    assert abs(middle["session_start"] - began).total_seconds() <= middle["start_uncertainty_s"]
    assert first["session_start"] < middle["session_start"] < last["session_start"]
    assert not any(row["future"] for row in world.stored())


@pytest.mark.parametrize("fault", ["unsynchronised", "alarm", "forged", "kiss_of_death", "short"])
def test_a_time_server_that_does_not_know_the_time_is_not_believed(world: World, fault: NtpFault) -> None:
    """Stratum 16 or 0, the leap alarm, a reply to a question never asked: two years off, and nobody notices."""
    world.prepare()
    world.park(3600)
    world.ntp.fault = fault
    world.ntp.offset_seconds = -2 * 365 * 86_400
    world.proxy.fault = REFUSE

    world.fly(130)

    assert world.kept()[-1]["start"] is None
    assert any(line.startswith("NTP failed; continuing offline (the ") for line in world.board.lines)


@pytest.mark.parametrize("source", ["ntp", "rtc"])
@pytest.mark.usefixtures("i2c")
def test_a_wrong_clock_is_forgotten_in_every_start_that_it_gave(world: World, source: str) -> None:
    """Three offline power-ups with a clock two years slow; the fourth meets a better one: none of the starts stays."""
    two_years = 2 * 365 * 86_400
    world.proxy.fault = REFUSE
    world.ntp.fault = "ok" if source == "ntp" else "silent"
    world.ntp.offset_seconds = -two_years
    for pause in (0, 3600, 7200):
        world.park(pause)
        if source == "rtc":
            add_external_clock(world, off_seconds=-two_years)
        world.fly(FIRST_BOOT_SECONDS + 60)
    wrong = {session["start"][:4] for session in world.kept()}
    world.park(3600)
    world.proxy.fault = PASS
    if source == "rtc":
        add_external_clock(world, off_seconds=-two_years)
        world.ntp.fault = "ok"
        world.ntp.offset_seconds = 0

    world.fly(150)

    rows = world.stored()
    assert {"2024"} == wrong
    assert ["estimated"] * 3 == [row["start_source"] for row in rows[:3]]
    assert all(row["session_start"].year == 2026 for row in rows)


@pytest.mark.usefixtures("i2c")
@pytest.mark.parametrize("year", [2038, 2085])
def test_years_that_the_board_cannot_count_to_stop_nothing(world: World, year: int) -> None:
    """A DS3231 that shows such a year, and a server that tells it: the session is counted, without a clock."""
    off = round((datetime(year, 6, 1, tzinfo=UTC) - world.board.clock.true_time).total_seconds())
    add_external_clock(world, off_seconds=off)
    world.ntp.fault = "wrong_year"
    world.ntp.year = year
    world.proxy.fault = answer(200, b'{"ok": true, "server_time": "%d-06-01T00:00:00Z"}' % year)

    world.fly(FIRST_BOOT_SECONDS + 120)

    assert [] == world.board.resets
    (session,) = world.kept()
    assert session["start"] is None
    assert session["run_seconds"] >= world.true_seconds - 2 * CHECKPOINT_SECONDS
    assert any("the server tells a time that cannot be" in line for line in world.board.lines)


def test_a_line_from_2085_is_left_out(world: World) -> None:
    """A whole line with a start that the board cannot count to does not stop the start of the program."""
    world.prepare()
    parts = firmware_parts(world.board)
    session = parts.Session(0, (9, 1, parts.from_iso("2037-12-31T23:00:00Z"), 99_999_999, 0, 0, 0, 0, 0))
    line = session.line(0).encode()

    assert b'"last_update":"2038-01-19T03:14:07Z"' in line
    with pytest.raises(ValueError, match="2085"):
        parts.from_iso("2085-01-01T00:00:00Z")


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


def test_no_ntp_takes_the_servers_time(world: World) -> None:
    """NTP is silent: the start comes from the server's clock."""
    world.prepare()
    world.park(3600)
    world.ntp.fault = "silent"

    began = fly_checked(world, 150)

    assert abs(start_seconds(world) - began) < timedelta(seconds=5)
    assert "server" == world.stored()[-1]["start_source"]


def test_starts_are_durable_before_they_are_sent(world: World) -> None:
    """Whenever a message leaves the board, its start and its sent mark stand in both copies on the flash."""
    snapshots = []
    set_clock = world.network.on_request
    assert set_clock is not None

    def note(now: datetime) -> None:
        set_clock(now)
        snapshots.append((len(world.proxy.requests), world.drive.snapshot()))

    world.network.on_request = note
    world.router.up = False
    world.fly(100)
    for seconds in (60, 20, 200):
        world.park(5000)
        world.fly(seconds)
    world.park(5000)
    world.router.up = True

    world.fly(150)

    checked = 0
    for number, content in snapshots:
        request = world.proxy.requests[number - 1]
        if request.method != "POST":
            continue
        drive = Drive(world.drive.layout)
        drive.restore(content)
        for copy in copies(drive, world.device_uuid):
            for message in json.loads(request.body):
                kept = copy[message["boot"]]
                assert (message["session_start"], True) == (kept.start, kept.sent)
                checked += 1
    assert checked >= 2 * 5


def test_several_sessions_without_a_clock_lie_in_order_between_known_ones(world: World) -> None:
    """Four in a row without a clock: strictly increasing, between their neighbours, each off by its uncertainty."""
    world.prepare()
    world.router.up = False
    truth = []
    for pause, seconds in ((7200, 600), (1800, 40), (60, 3000), (10_000, 120)):
        world.park(pause)
        truth.append(fly_checked(world, seconds))
    world.park(3600)
    world.router.up = True

    world.fly(150)

    rows = world.stored()
    starts = [row["session_start"] for row in rows]
    assert sorted(set(starts)) == starts
    assert ["estimated"] * 4 == [row["start_source"] for row in rows[1:5]]
    slack = rows[1]["start_uncertainty_s"]
    assert all(abs(start - true).total_seconds() <= 2 * slack for start, true in zip(starts[1:5], truth, strict=True))


def test_nothing_before_means_directly_before_the_next(world: World) -> None:
    """The very first session had no clock: it ends where the next one begins, its uncertainty unknown."""
    world.router.up = False
    world.fly(120)
    world.park(3600)
    world.router.up = True

    world.fly(150)

    first, second = world.stored()
    assert ("estimated", None) == (first["start_source"], first["start_uncertainty_s"])
    assert second["session_start"] == first["session_start"] + timedelta(seconds=first["run_seconds"])


def test_chips_clock_is_taken_when_nothing_else_is_left(world: World) -> None:
    """A session that could not be kept (full drive) and a reset: the chip's RTC still knows the time."""
    fill_up(world.drive, 50_000)
    began = fly_checked(world, 100)
    world.board.crash()
    world.router.up = False

    world.fly(60)

    assert any(line.startswith("Clock: ") and line.endswith("from the chip") for line in world.board.lines)
    updated = [line for line in world.board.lines if line.startswith("Updated: ")][-1]
    assert updated.startswith(f"Updated: {began:%Y-%m-%d}")


# External clocks

DS3231 = """
import time

NOW = {now}
LOST = {lost}

class DS3231:
    def __init__(self, i2c):
        if i2c != "I2C" or {missing}:
            raise ValueError("No I2C device at address: 0x68")
        self.lost_power = LOST

    @property
    def datetime(self):
        return time.localtime(NOW + time.monotonic_ns() // 1_000_000_000)

    @datetime.setter
    def datetime(self, value):
        print("external clock set to %04d-%02d-%02d" % tuple(value[0:3]))
"""


@pytest.fixture
def i2c(monkeypatch: pytest.MonkeyPatch) -> None:
    """Boards have an I2C bus; what is on it is up to the library on the drive."""
    plain = board_modules.MODULES["board"]

    def with_bus(program):  # type: ignore[no-untyped-def]
        module = plain(program)
        module.__dict__["I2C"] = lambda: "I2C"
        return module

    monkeypatch.setitem(board_modules.MODULES, "board", with_bus)


def add_external_clock(world: World, *, off_seconds: int = 0, lost: bool = False, missing: bool = False) -> None:
    """Put the library of a DS3231 on the drive, with one on the bus that shows the true time, or nearly."""
    now = int(world.board.clock.true_time.timestamp()) + off_seconds
    source = DS3231.format(now=now, lost=lost, missing=missing)
    world.drive.outside_write("/lib/adafruit_ds3231.py", source.encode())


@pytest.mark.usefixtures("i2c")
def test_external_clock_knows_the_time_offline(world: World) -> None:
    """With a DS3231 a session away from any network has its start at once, marked as from an RTC."""
    world.prepare()
    world.router.up = False
    world.park(86_400)
    add_external_clock(world)
    began = fly_checked(world, 300)
    world.park(86_400)
    add_external_clock(world)
    world.router.up = True

    world.fly(150)

    middle = world.stored()[1]
    assert "rtc" == middle["start_source"]
    assert abs(middle["session_start"] - began) <= timedelta(seconds=3)


@pytest.mark.usefixtures("i2c")
def test_better_clocks_win_over_the_external_one(world: World) -> None:
    """NTP is asked all the same, its time is used, and the external clock is set right."""
    world.prepare()
    world.park(3600)
    add_external_clock(world, off_seconds=90)

    began = fly_checked(world, 150)

    assert abs(start_seconds(world) - began) < timedelta(seconds=5)
    assert "ntp" == world.stored()[-1]["start_source"]
    assert any(line.startswith("external clock set to 2026-03-02") for line in world.board.lines)


@pytest.mark.usefixtures("i2c")
@pytest.mark.parametrize("fault", ["lost", "missing", "year"])
def test_external_clock_that_cannot_be_believed(world: World, fault: str) -> None:
    """Its battery was empty, it does not answer, or it shows a year before ours: a log line, and on without it."""
    world.prepare()
    world.router.up = False
    world.park(3600)
    off = -20 * 365 * 86_400 if fault == "year" else 0
    add_external_clock(world, lost=fault == "lost", missing=fault == "missing", off_seconds=off)

    world.fly(130)

    assert any(line.startswith("Clock: DS3231 ") for line in world.board.lines)
    assert "Updated: no clock yet, run 120 s" in world.board.lines


@pytest.mark.usefixtures("i2c")
def test_other_external_clock(world: World) -> None:
    """A PCF8523, whose library is a package, is found as well."""
    world.prepare()
    world.router.up = False
    world.park(3600)
    now = int(world.board.clock.true_time.timestamp())
    source = DS3231.format(now=now, lost=False, missing=False).replace("DS3231", "PCF8523")
    world.drive.outside_write("/lib/adafruit_pcf8523/__init__.py", b"")
    world.drive.outside_write("/lib/adafruit_pcf8523/pcf8523.py", source.encode())

    world.fly(70)

    assert any(line.endswith("from the PCF8523") for line in world.board.lines)


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
