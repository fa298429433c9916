"""What a session takes its time from: time servers, the server, external clocks, estimates, on the whole board."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.firmware.cuts import copies, fill_up
from tests.firmware.parts import firmware_parts
from tests.firmware.world import CHECKPOINT_SECONDS, FIRST_BOOT_SECONDS, World
from tools.simulator import (
    PASS,
    REFUSE,
    Drive,
    answer,
)
from tools.simulator.chip import modules
from tools.simulator.net.servers import NtpFault


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
    """A session gets a start in another year and ends before the server could correct it: it is estimated again."""
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
    plain = modules.MODULES["board"]

    def with_bus(program):  # type: ignore[no-untyped-def]
        module = plain(program)
        module.__dict__["I2C"] = lambda: "I2C"
        return module

    monkeypatch.setitem(modules.MODULES, "board", with_bus)


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
