"""`board accept`: the owner's hour, with a simulated board and hands that do what they are told."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from deno import find_deno_bin
from typer.testing import CliRunner

from tools.board import commands
from tools.board.accept import Acceptance, Schedule
from tools.board.serial_port import SerialBoard
from tools.board.transport import Board
from tools.board.web import WebBoard
from tools.cli import app
from tools.simulator import AccessPoint, BoardClock, Drive, FaultProxy, Network, NtpServer, SimulatedBoard, install
from tools.simulator.ports.repl import SerialPort
from tools.simulator.ports.workflow import WebWorkflow
from tools.stack import Stack

SPEED = 40
PATIENCE_SECONDS = 120
QUICK = Schedule("test", 2, 1, 2, 1, PATIENCE_SECONDS)


class Hangar:
    """A board with its router, its server and its owner's hands."""

    def __init__(self, board: SimulatedBoard, router: AccessPoint, port: SerialPort, workflow: WebWorkflow) -> None:
        self.board = board
        self.router = router
        self.port = port
        self.workflow = workflow
        self.told: list[str] = []
        self.ignores_cuts = False
        self._leapt_seconds = 0.0

    def obey(self, text: str) -> None:
        """Do what the guide says."""
        self.told.append(text)
        if text.startswith("Cut ") and not self.ignores_cuts:
            self.board.power_off()
            self.board.power_off(for_seconds=5)
            self.board.power_on()
        elif "router off" in text:
            self.router.up = False
        elif "router on" in text:
            self.router.up = True

    def open_console(self) -> Board:
        """The serial port."""
        return SerialBoard(self.port.port)

    def open_files(self) -> Board:
        """The web workflow."""
        return WebBoard(self.workflow.host, "secret")

    def now(self) -> float:
        """The wall's time, which flies while a power cut is waited for that never comes."""
        if self.ignores_cuts and self.told and self.told[-1].startswith("Cut "):
            self._leapt_seconds += PATIENCE_SECONDS / 3
        return time.monotonic() + self._leapt_seconds

    def accept(self, schedule: Schedule = QUICK) -> Acceptance:
        """Run all trials."""
        acceptance = Acceptance(self.open_console, self.open_files, schedule, instruct=self.obey, now=self.now)
        acceptance.run()
        return acceptance


@pytest.fixture
def hangar(stack: Stack) -> Iterator[Hangar]:
    """An installed board that has prepared its storage and runs, forty times as fast as the wall."""
    router = AccessPoint("Hangar", "password")
    with Network(router) as network:
        server = NtpServer(network)
        network.add_host("pool.ntp.org", {123: server.address})
        proxy = FaultProxy(network, stack.url)
        secrets = {"ingest_url": f"{proxy.url}/functions/v1/ingest", "networks": [("Hangar", "password")]}
        clock = BoardClock(datetime.now(UTC), speed=SPEED)
        with SimulatedBoard(install(Drive(), secrets=secrets), clock, network, seed=77) as board:
            board.power_on()
            board.run_until_line("POST OK", 300)
            board.start()
            with SerialPort(board, Path(find_deno_bin())) as port, WebWorkflow(board) as workflow:
                yield Hangar(board, router, port, workflow)
            board.stop()


@pytest.fixture
def url_seen_from_here(monkeypatch: pytest.MonkeyPatch, stack: Stack) -> None:
    """The board's address of the server is known in its simulated network alone."""
    from tools.board import ingest

    real: Callable[..., ingest.Verdict] = ingest.check
    monkeypatch.setattr(ingest, "check", lambda url, token: real(f"{stack.url}/functions/v1/ingest", token))


@pytest.mark.usefixtures("url_seen_from_here")
def test_a_good_board_is_accepted(hangar: Hangar, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As typed: every trial passes, and the report says what was seen, without any secret."""

    def with_hands(*given: Any, instruct: Callable[[str], None], **named: Any) -> Acceptance:
        def tell(text: str) -> None:
            instruct(text)
            hangar.obey(text)

        return Acceptance(*given, instruct=tell, **named)

    monkeypatch.setattr(commands, "Acceptance", with_hands)
    monkeypatch.setattr(commands, "REHEARSAL", QUICK)
    file = tmp_path / "report.md"
    where = ["--port", hangar.port.port, "--host", hangar.workflow.host, "--password", "secret"]

    result = CliRunner().invoke(app, ["board", "accept", *where, "--report", str(file), "--rehearse"])

    report = file.read_text(encoding="utf-8")
    assert result.exit_code == 0, report
    assert result.output.rstrip().endswith("Accepted")
    assert hangar.port.lines is not None
    assert 0 == hangar.port.lines.falls
    assert all(text in result.output for text in hangar.told)
    assert "# Acceptance of a board: passed" in report
    assert 5 == report.count("| passed |")
    assert "POST OK 200" in report
    assert "password" not in report
    kept = hangar.board.read_file("/logger/identity.json")
    assert kept.split(b'"device_key": "')[1][:64].decode() not in report


@pytest.mark.usefixtures("url_seen_from_here")
def test_power_cuts_that_never_come_are_reported(hangar: Hangar) -> None:
    """Nothing is accepted that was not seen; the other trials are still run."""
    hangar.ignores_cuts = True

    acceptance = hangar.accept(Schedule("test", 1, 0, 0, 0, PATIENCE_SECONDS))

    assert not acceptance.passed
    assert [True, False] == [step.passed for step in acceptance.steps[:2]]
    assert 5 == len(acceptance.steps)
    assert "the board was not seen to start" in acceptance.report()


def test_a_report_can_be_written_before_the_end(hangar: Hangar) -> None:
    """Ctrl-C keeps what was done so far."""
    acceptance = Acceptance(hangar.open_console, hangar.open_files, QUICK, instruct=hangar.obey)

    report = acceptance.report()

    assert "not passed" in report
    assert "5 more trials" in report
