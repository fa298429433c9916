"""`simulate`: real firmware on virtual boards, against the real function and database."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import psycopg
import pytest

from tests.conftest import MakeStack
from tests.tools.checkout import ROOT, TIMEOUT_SECONDS
from tests.tools.test_cli import call, error_of
from tools.commands.simulate import (
    FAULTS,
    FIRST_STRIKE_SPAN_SECONDS,
    FaultPlan,
    SimulateError,
    VirtualBoard,
    parse_faults,
)
from tools.stack import Stack


@pytest.fixture
def backend(make_stack: MakeStack) -> Stack:
    """A stack with an empty database, without portal."""
    return make_stack(portal=False)


def ingest_url(stack: Stack) -> str:
    """Where boards report to."""
    return f"{stack.url}/functions/v1/ingest"


def simulate_until(is_enough: Callable[[str], bool], *options: str) -> tuple[list[str], str]:
    """The lines of `simulate` up to the one that is enough, and what it says after Ctrl-C then; nothing on stderr."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.cli", "simulate", "--seconds", str(TIMEOUT_SECONDS), *options],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if is_enough(line):
            process.send_signal(signal.SIGINT)
            break
    out, said = process.communicate(timeout=TIMEOUT_SECONDS)
    assert (process.returncode, said) == (130, ""), lines
    return lines, out


def test_boards_report_to_the_url(backend: Stack) -> None:
    """Two boards at forty times the speed lay out their storage, join and deliver; the log says so."""
    options = ("--url", ingest_url(backend), "--boards", "2", "--speed", "40")

    _, said = simulate_until(lambda line: line.startswith("2 delivering; 2 sessions, 0 unsent"), *options)

    with psycopg.connect(backend.database_url) as database:
        stored = database.execute("select count(*), min(run_seconds) from public.sessions").fetchone()
    assert stored is not None
    assert stored[0] == 2
    assert stored[1] > 0
    assert "Switched off: 2 " in said


def test_ctrl_c_switches_the_boards_off(backend: Stack) -> None:
    """It ends at once, without a word on stderr."""
    begun, said = simulate_until(lambda line: True, "--url", ingest_url(backend), "--faults", "power,server")

    assert begun[0].startswith("1 board reports to ")
    assert "Switched off: " in said


def test_a_url_without_the_function_is_refused(backend: Stack) -> None:
    """Nobody there, somebody else there, and no URL at all."""
    for url in ("http://127.0.0.1:9/functions/v1/ingest", f"{backend.url}/rest/v1/", "not a url"):
        said = error_of(call("simulate", "--url", url)).splitlines()

        assert len(said) == 1
        assert said[0].startswith(f"error: No ingest function answers at {url} (")
        assert said[0].endswith("or name another one with --url.")


def test_unknown_faults_are_refused() -> None:
    """The line names those that exist."""
    with pytest.raises(SimulateError, match=r"There is no fault 'rain'\. Choose among power, wifi, "):
        parse_faults("wifi,rain")


def test_faults_are_a_list() -> None:
    """Blanks and repetitions do no harm."""
    assert parse_faults(" wifi, power,wifi ,") == ["wifi", "power"]
    assert parse_faults("") == []


def test_each_fault_comes_and_goes(backend: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind strikes, and leaves the board as it was."""
    now = time.monotonic()
    monkeypatch.setattr("tools.commands.simulate.time.monotonic", lambda: now)
    board = VirtualBoard(ingest_url(backend), "", speed=1000.0, look_seconds=1e6, proxied=True)

    def switches() -> tuple[object, ...]:
        assert board.proxy is not None
        network, router = board.network, board.router
        return board.board.powered, router.up, router.internet, network.dns, board.ntp.fault, board.proxy.fault.kind

    try:
        board.power_on()
        usual = switches()
        for kind in FAULTS:
            lines: list[str] = []
            plan = FaultPlan([kind], [board], speed=1.0, seed=1, tell=lines.append)
            now += FIRST_STRIKE_SPAN_SECONDS
            plan.strike()
            struck = switches()
            now += 100 * FAULTS[kind].for_seconds
            plan.strike()

            assert sum(one != other for one, other in zip(usual, struck, strict=True)) == 1
            assert switches() == usual
            # The board runs: between the two lines, or after both, it may have said its UUID.
            who = re.compile(rf"board 1 \((no UUID yet|{board.uuid[:8] or 'no UUID yet'})\): {kind}")
            assert [bool(who.search(line)) for line in lines] == [True, True], lines
            assert "fails" in lines[0]
            assert f"is back after {100 * FAULTS[kind].for_seconds:.0f} s" in lines[1]
    finally:
        board.close()


class Parked:
    """What a plan needs of a board that does nothing."""

    uuid = ""

    def __init__(self, number: int) -> None:
        self.number = number


def plan_of(seed: int, run_seconds: float | None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every line of a plan for three boards with power cuts and Wi-Fi, a second at a time."""
    clock = [0.0]
    monkeypatch.setattr("tools.commands.simulate.time.monotonic", lambda: clock[0])
    harmless = {name: replace(FAULTS[name], begin=lambda board: None, end=lambda board: None) for name in FAULTS}
    monkeypatch.setattr("tools.commands.simulate.FAULTS", harmless)
    lines: list[str] = []
    boards = cast(list[VirtualBoard], [Parked(number) for number in (1, 2, 3)])
    plan = FaultPlan(["power", "wifi"], boards, 1.0, seed=seed, run_seconds=run_seconds, tell=lines.append)
    while clock[0] < (run_seconds or 3600):
        clock[0] += 1
        plan.strike()
    return lines


def test_a_seed_makes_the_same_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another seed makes another one."""
    first, again, other = (plan_of(seed, None, monkeypatch) for seed in (7, 7, 8))

    assert first == again
    assert first != other
    assert len(first) > 30


@pytest.mark.parametrize("run_seconds", [40, 280])
def test_a_short_run_cuts_the_power_of_every_board(run_seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At least once each, whatever the seed, and mostly not just before the end."""
    for seed in range(20):
        lines = plan_of(seed, run_seconds, monkeypatch)

        for number in (1, 2, 3):
            cuts = [line for line in lines if f"board {number} " in line and "power fails" in line]
            assert cuts
            assert float(cuts[0].split()[0]) <= run_seconds / 2 + 1


def test_parked_light_boards_say_why(backend: Stack) -> None:
    """Three hundred boards at nine in the morning: nobody has power yet, and the line says when and what to do."""
    outcome = call("simulate", "--url", ingest_url(backend), "--boards", "300", "--seconds", "1", "--seed", "3")

    assert outcome.returncode == 0, outcome.stderr
    assert "a board has power while it flies. Seed 3." in outcome.stdout
    assert re.search(
        r"0 of 300 boards powered \(parked: the next .* begins in [\d,]+ s; with --speed 60", outcome.stdout
    )


def test_light_boards_report_to_the_url(backend: Stack) -> None:
    """Two hundred boards fly hours of a club's day in seconds: the server has sessions of those that flew."""
    options = ("--url", ingest_url(backend), "--boards", "200", "--speed", "1000")
    with psycopg.connect(backend.database_url, autocommit=True) as database:
        database.execute("update private.settings set new_devices_per_hour = 100000")

        def has_flown(line: str) -> bool:
            devices = database.execute("select count(distinct device_uuid) from public.sessions").fetchone()
            return devices is not None and devices[0] > 5 and " x 200" in line

        lines, said = simulate_until(has_flown, *options)

    assert lines[0].startswith("200 light boards report to ")
    assert " x 200" in lines[-1]
    assert "Switched off: " in said


def test_light_boards_have_no_faults(backend: Stack) -> None:
    """What would be ignored is refused."""
    said = error_of(call("simulate", "--url", ingest_url(backend), "--light", "--faults", "wifi"))

    assert said.strip() == "error: Faults take boards with the firmware: without --light, at most 100."
