"""`simulate`: real firmware on virtual boards, against the real function and database."""

import subprocess
import sys
import time

import psycopg
import pytest

from tests.conftest import MakeStack
from tests.tools.checkout import ROOT
from tests.tools.test_cli import call, error_of
from tools.commands.simulate import FAULTS, FaultPlan, SimulateError, VirtualBoard, parse_faults
from tools.stack import Stack


@pytest.fixture
def backend(make_stack: MakeStack) -> Stack:
    """A stack with an empty database, without portal."""
    return make_stack(portal=False)


def ingest_url(stack: Stack) -> str:
    """Where boards report to."""
    return f"{stack.url}/functions/v1/ingest"


def test_boards_report_to_the_url(backend: Stack) -> None:
    """Two boards at forty times the speed lay out their storage, join and deliver; the log says so at the end."""
    outcome = call("simulate", "--url", ingest_url(backend), "--boards", "2", "--speed", "40", "--seconds", "9")

    assert outcome.returncode == 0, outcome.stderr
    with psycopg.connect(backend.database_url) as database:
        stored = database.execute("select count(*), min(run_seconds) from public.sessions").fetchone()
    assert stored is not None
    assert stored[0] == 2
    assert stored[1] > 0
    assert "Switched off: 2 delivering; 2 sessions, 0 unsent" in outcome.stdout


def test_ctrl_c_switches_the_boards_off(backend: Stack) -> None:
    """It ends at once, without a word on stderr."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.cli", "simulate", "--url", ingest_url(backend), "--faults", "power,server"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    begun = process.stdout.readline()

    process.send_signal(2)
    out, said = process.communicate(timeout=60)

    assert begun.startswith("1 board reports to ")
    assert "Switched off: " in out
    assert (process.returncode, said) == (130, "")


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
    monkeypatch.setattr("tools.commands.simulate.random.expovariate", lambda rate: 1 / rate)
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
            plan = FaultPlan([kind], [board], speed=1.0)
            now += FAULTS[kind].every_seconds + 1
            plan.strike()
            struck = switches()
            now += FAULTS[kind].for_seconds + 1
            plan.strike()

            assert sum(one != other for one, other in zip(usual, struck, strict=True)) == 1
            assert switches() == usual
    finally:
        board.close()


def test_light_boards_report_to_the_url(backend: Stack) -> None:
    """Two hundred boards fly two hours of a club's day in seconds: the server has sessions of those that flew."""
    with psycopg.connect(backend.database_url, autocommit=True) as database:
        database.execute("update private.settings set new_devices_per_hour = 100000")

        outcome = call("simulate", "--url", ingest_url(backend), "--boards", "200", "--speed", "1000", "--seconds", "9")

        stored = database.execute("select count(distinct device_uuid) from public.sessions").fetchone()

    assert outcome.returncode == 0, outcome.stderr
    assert "200 light boards report to " in outcome.stdout
    assert " x 200" in outcome.stdout
    assert stored is not None
    assert stored[0] > 5
    assert "Traceback" not in outcome.stderr


def test_light_boards_have_no_faults(backend: Stack) -> None:
    """What would be ignored is refused."""
    said = error_of(call("simulate", "--url", ingest_url(backend), "--light", "--faults", "wifi"))

    assert said.strip() == "error: Faults take boards with the firmware: without --light, at most 100."
