"""What the board tells people: log lines and their documentation, signals, and errors it restarts after."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.firmware.parts import Parts, firmware_parts
from tests.firmware.world import CHECKPOINT_SECONDS, World
from tools import log_lines
from tools.simulator import Drive, SimulatedBoard, http_error
from tools.simulator.chip.modules import Processor
from tools.simulator.errors import BoardOSError
from tools.simulator.net.link import Link

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
MINUTE = 60
HOUR = 3600
BLUE, AMBER, GREEN, RED = b"\x00\x00\x10", b"\x08\x10\x00", b"\x10\x00\x00", b"\x00\x18\x00"


# The log, the table of its lines, and its documentation


class Logged(ast.NodeVisitor):
    """The texts that code.py logs, and those of its Outages by class, as regular expressions."""

    def __init__(self) -> None:
        self.lines: set[str] = set()
        self.outages: dict[str, set[str]] = {"Clock": set(), "Uplink": set()}
        self._class = ""
        self.visit(ast.parse((FIRMWARE / "code.py").read_text()))

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._class = node.name
        self.generic_visit(node)
        self._class = ""

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name not in ("log", "_complain", "_distrust", "Outage"):
            return
        text = node.args[0]
        if isinstance(text, ast.BinOp) and isinstance(text.op, ast.Mod):
            text = text.left
        if isinstance(text, ast.Constant):
            begin = {"_complain": "Settings: ", "_distrust": "Sensing: %s "}.get(name, "")
            end = "; counting goes on without" if name == "_distrust" else ""
            whole = begin + str(text.value) + end
            if whole == "Sensing: %s %s; counting goes on without":
                return  # where _distrust() calls log()
            pattern = re.sub(r"%(?:02)?[rsd]", ".+", re.escape(whole)).replace("%%", "%")
            (self.outages[self._class] if name == "Outage" else self.lines).add(pattern)
        else:
            # Put together: where _complain() calls log(), and reasons that the functions below give.
            assert ast.unparse(text) in ("'Settings: ' + text", "reason_of_status(status)", "NOT_OURS")


LOGGED = Logged()
PROGRAMS = [line for lines in log_lines.SECTIONS.values() for line in lines]
UNEXPECTED = "POST failed: <why>; next try in <number> s"


def reasons(parts: Parts) -> set[str]:
    """Why a delivery can fail, as the board says it."""
    gaierror = type("gaierror", (OSError,), {})
    out_of_retries = type("OutOfRetries", (Exception,), {})
    errors = [gaierror(-2), out_of_retries(), MemoryError(), *(BoardOSError(number) for number in parts.REASONS)]
    errors += [BoardOSError(-number) for number in (0x2700, 0x7780, 0x7200, 0x6800, 0x0050 + 0x100)]
    return {parts.reason_of(error) for error in errors} | {parts.NOT_OURS}


@pytest.fixture(scope="module")
def parts() -> Parts:
    """The firmware's own functions."""
    drive = Drive()
    drive.mount_or_format()
    return firmware_parts(SimulatedBoard(drive))


@pytest.mark.parametrize("pattern", sorted(LOGGED.lines))
def test_every_log_line_is_in_the_table(pattern: str) -> None:
    """tools/log_lines.py says of each line of code.py what it means."""
    assert [line.text for line in PROGRAMS if re.fullmatch(pattern, line.example)]


@pytest.mark.parametrize("line", PROGRAMS, ids=lambda line: line.text)
def test_every_line_of_the_table_can_be_logged(line: log_lines.LogLine, parts: Parts) -> None:
    """None is left over from an older program, none is hidden by another one, and each failure has a remedy."""
    assert any(re.fullmatch(pattern, line.example) for pattern in LOGGED.lines)
    assert line is log_lines.find(line.example)
    assert line.remedy or line.level in (log_lines.OK, log_lines.NOTE)
    if line.topic == "Delivery" and line.text.startswith("POST failed: ") and line.text != UNEXPECTED:
        why = line.example.removeprefix("POST failed: ").rpartition("; next try")[0]
        status = re.match(r"HTTP (\d+), ", why)
        said = (
            {parts.reason_of_status(int(status[1])), parts.reason_of_status(302), parts.reason_of_status(418)}
            if (status)
            else reasons(parts)
        )
        known = {re.sub(r"\d{3}", "500", one) if status and "<status>" in line.text else one for one in said}
        assert why in known or any(re.fullmatch(one, why) for one in LOGGED.outages["Uplink"])


def test_every_reason_of_a_failed_delivery_has_its_words(parts: Parts) -> None:
    """DNS, TCP, TLS, every HTTP status, and what our function would never answer; no exception shows raw."""
    statuses = {parts.reason_of_status(status) for status in (*range(201, 600), 200)}
    said = reasons(parts) | statuses | {one.replace(".+", "1").replace("\\", "") for one in LOGGED.outages["Uplink"]}

    for why in said:
        line = log_lines.find(f"POST failed: {why}; next try in 5 s")
        assert line is not None
        assert UNEXPECTED != line.text, why
        assert "Error" not in why


def test_the_documentation_is_the_table() -> None:
    """firmware/README.md holds what `python -m tools.log_lines` writes."""
    readme = log_lines.README.read_text()

    assert log_lines.document(readme) == readme


def test_log_of_an_ordinary_flight(world: World) -> None:
    """The lines that owners know, in their order."""
    world.prepare()
    world.park(HOUR)
    begin = len(world.board.lines)

    world.fly(2 * MINUTE + 30)

    lines = [line for line in world.board.lines[begin:] if not line.startswith(("Adafruit", "Board ID", "UID"))]
    expected = [
        r"Boot… firmware \d+\.\d+\.\d+, reset reason POWER_ON",
        "Device UUID: [0-9a-f-]{36}",
        "New session: boot 2",
        r"Wi-Fi: 192\.168\.1\.45",
        r"NTP: 2026-03-02T09:\d\d:\d\dZ",
        r"New session: 2026-03-02T09:\d\d:\d\dZ",
        "POST OK 200",
        r"Updated: 2026-03-02T09:\d\d:\d\dZ run 60 s",
        "POST OK 200",
        r"Updated: 2026-03-02T09:\d\d:\d\dZ run 120 s",
        "POST OK 200",
    ]
    told = [line for line in lines if not line.endswith("output:")]
    assert len(expected) == len(told), told
    for pattern, line in zip(expected, told, strict=True):
        assert re.fullmatch(pattern, line)


# Errors that nobody expected


class Trouble(RuntimeError):
    """An error from a place where the firmware expects none."""


@pytest.fixture
def broken_radio(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bool]]:
    """A switch: while `on`, asking the radio whether it is connected raises."""
    switch = {"on": False}
    real = Link.connected

    def connected(link: Link) -> bool:
        if switch["on"]:
            raise Trouble('the "radio" \\ is broken\n')
        return bool(real.fget(link))  # type: ignore[attr-defined]

    monkeypatch.setattr(Link, "connected", property(connected))
    yield switch


def reset_reasons(world: World) -> list[str]:
    """What the server was told, session by session."""
    rows = world.database.execute(
        "select reset_reason from public.sessions where device_uuid = %s order by session_start", [world.device_uuid]
    ).fetchall()
    return [reason for (reason,) in rows]


def test_error_restarts_and_is_reported(world: World, broken_radio: dict[str, bool]) -> None:
    """An unexpected error: restart, same session, the error in the log and at the server, then forgotten."""
    world.prepare()
    world.fly(5 * MINUTE)
    broken_radio["on"] = True
    world.fly(5)
    broken_radio["on"] = False

    world.fly(30)

    assert ["SOFTWARE"] == world.board.resets
    assert "restarting in 10 s" in next(line for line in world.board.lines if line.startswith("Fault: "))
    assert any(line.startswith("Traceback") for line in world.board.lines)
    restarted = next(line for line in world.board.lines if line.startswith("Restarted after: "))
    assert re.fullmatch(r"Restarted after: Trouble at line \d+: the radio  is broken", restarted)
    (reason,) = reset_reasons(world)
    assert reason == "SOFTWARE after " + restarted.removeprefix("Restarted after: ")
    world.fly(MINUTE)
    (session,) = world.kept()
    assert "fault" not in session
    assert world.true_seconds - CHECKPOINT_SECONDS - 5 <= session["run_seconds"] <= world.true_seconds


def test_error_in_flight_is_reported_in_the_hangar(world: World, broken_radio: dict[str, bool]) -> None:
    """Away from Wi-Fi the error is kept over the power cut, for the next power-up that is online."""
    world.prepare()
    world.park(HOUR)
    world.router.up = False
    world.fly(MINUTE)
    broken_radio["on"] = True
    world.fly(5)
    broken_radio["on"] = False
    world.fly(10 * MINUTE)
    world.park(HOUR)
    world.router.up = True

    world.fly(MINUTE)

    assert re.fullmatch(r"POWER_ON after Trouble at line \d+: the radio.*", reset_reasons(world)[-1])
    assert world.delivered()
    flight = world.kept()[1]
    assert 11 * MINUTE + 5 - CHECKPOINT_SECONDS - 20 <= flight["run_seconds"] <= 11 * MINUTE + 5


def test_program_that_keeps_failing_counts_on(world: World, broken_radio: dict[str, bool]) -> None:
    """Half an hour of crashing: no more flash and network than a healthy board, and every second is counted."""
    world.prepare()
    broken_radio["on"] = True
    erases = sum(world.drive.flash.erases)
    requests = len(world.proxy.requests)

    world.fly(HOUR // 2)

    assert sum(world.drive.flash.erases) - erases <= HOUR / 2 / CHECKPOINT_SECONDS
    assert requests == len(world.proxy.requests)
    assert 20 <= len(world.board.resets) <= 30
    broken_radio["on"] = False
    world.fly(2 * MINUTE)
    (session,) = world.stored()
    seconds_lost = len(world.board.resets)  # a restart is bridged in whole seconds of the RTC
    assert world.true_seconds - 75 - seconds_lost <= session["run_seconds"] <= world.true_seconds + seconds_lost


def test_error_before_the_store_is_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program fails before it has a session: it restarts once a minute and leaves the flash alone."""
    real = Processor.uid

    def uid(_: Processor) -> Any:
        raise Trouble("no uid")

    monkeypatch.setattr(Processor, "uid", property(uid))
    world.fly(10)
    erases = sum(world.drive.flash.erases)
    world.fly(10 * MINUTE)
    failed_erases = sum(world.drive.flash.erases) - erases
    resets = len(world.board.resets)
    monkeypatch.setattr(Processor, "uid", real)

    world.fly(4 * MINUTE)

    assert 0 == failed_erases
    assert 8 <= resets <= 10
    assert "POST OK 200" in world.board.lines


def test_hang_is_ended_by_the_watchdog(world: World) -> None:
    """The watchdog ends a hang; the session goes on, and the server hears why the board restarted."""
    world.prepare()
    world.router.up = False
    world.fly(30)
    world.router.dhcp = "silent"
    world.router.up = True
    world.fly(3 * MINUTE)
    world.router.dhcp = "ok"

    world.fly(12 * MINUTE)

    assert ["WATCHDOG"] == world.board.resets
    assert ["WATCHDOG"] == reset_reasons(world)


# Signals


def test_neopixel_shows_the_state(world: World) -> None:
    """Blue: recording; amber: a backlog waits; green: all delivered; red: look at the log."""
    world.board.pins["NEOPIXEL"] = True
    world.router.up = False
    colours = []
    world.fly(150)
    colours.append(world.board.pixels["NEOPIXEL"])
    world.park(HOUR)
    world.fly(30)
    colours.append(world.board.pixels["NEOPIXEL"])
    world.router.up = True
    world.fly(2 * MINUTE)
    colours.append(world.board.pixels["NEOPIXEL"])
    world.proxy.fault = http_error(401)

    world.fly(2 * MINUTE)

    colours.append(world.board.pixels["NEOPIXEL"])
    assert [BLUE, AMBER, GREEN, RED] == colours
    assert world.board.pins["LED"]  # not touched


def test_neopixel_is_red_for_a_wrong_setting(world: World) -> None:
    """A mistake in secrets.py shows without a computer."""
    world.board.pins["NEOPIXEL"] = True
    world.configure(networks=[])

    world.fly(150)

    assert RED == world.board.pixels["NEOPIXEL"]


def blinks(world: World) -> str:
    """The LED over a minute, sampled each second: tries to join make it miss some blinks."""
    seen = ""
    for _ in range(60):
        world.fly(1)
        seen += "#" if world.board.pins["LED"] else "."
    return seen


def test_led_blinks_the_state(world: World) -> None:
    """Steady: delivered; half the time: backlog; mostly on: recording; mostly off: look at the log."""
    patterns = []
    world.router.up = False
    world.fly(150)
    patterns.append(blinks(world).count("#"))
    world.park(HOUR)
    world.fly(10)
    patterns.append(blinks(world).count("#"))
    world.router.up = True
    world.fly(2 * MINUTE)
    patterns.append(blinks(world).count("#"))
    world.proxy.fault = http_error(401)
    world.fly(2 * MINUTE)

    patterns.append(blinks(world).count("#"))

    recording, backlog, delivered, fault = patterns
    assert 60 == delivered > recording > backlog > fault > 0


@pytest.mark.parametrize("trouble", ["no pin", "pin in use"])
def test_board_without_signals_counts_all_the_same(world: World, trouble: str) -> None:
    """No LED, or one that something else holds: not a word about it, and counting goes on."""
    if trouble == "no pin":
        del world.board.pins["LED"]
    else:
        # boot.py runs before code.py and keeps the pin for itself by never letting it go.
        program = "import board, digitalio, microcontroller\nmicrocontroller.led = digitalio.DigitalInOut(board.LED)\n"
        world.drive.outside_write("/code.py", program.encode() + (FIRMWARE / "code.py").read_bytes())

    world.fly(3 * MINUTE)

    assert [] == world.board.resets
    assert "POST OK 200" in world.board.lines
    assert not any(line.startswith("Fault") for line in world.board.lines)
