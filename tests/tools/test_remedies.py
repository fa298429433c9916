"""Every command that a finding or an error tells people to type is run here, as it is printed."""

import ast
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.conftest import MakeDatabase
from tests.tools.board_world import blank_drive, leave_logs_after, to_folder
from tests.tools.checkout import ROOT, TIMEOUT_SECONDS
from tests.tools.management_api import PROJECT
from tools import remedies
from tools.board import commands
from tools.cli import app
from tools.deploy import workdir
from tools.deploy.errors import DeployError
from tools.simulator import BoardClock, Drive, SimulatedBoard, install
from tools.stack import Stack

# What stands for the reader's own values.
VALUES = {
    "URL": "https://club.example/functions/v1/ingest",
    "TOKEN": "hangar-7-access-token",
    "NAME": "Hangar",
    "RATIO": "7.67",
}
OWN = (
    'secrets = {"ingest_url": "https://old.example/functions/v1/ingest", "access_token": "old-access-token",'
    ' "networks": [("Hangar", "password")]}\n'
)
SPOKEN = re.compile(
    r"\b(?:board|tools) (?:install|doctor|logs|sessions|accept|serve|demo|deploy|backup|simulate)\b"
    r"|supabase (?:db|logs|functions|secrets|link|migration|config)\b"
)


@pytest.fixture
def circuitpy(tmp_path: Path) -> Path:
    """The drive of a board that is set up."""
    folder = to_folder(blank_drive(), tmp_path / "CIRCUITPY")
    (folder / "secrets.py").write_text(OWN)
    return folder


def typed(remedy: str) -> list[str]:
    """The arguments behind `python3 -m tools`."""
    words = shlex.split(remedy)
    assert words[:3] == ["python3", "-m", "tools"]
    return [VALUES.get(word, "web-password" if word == "PASSWORD" else word) for word in words[3:]]


@pytest.mark.parametrize(
    "remedy", [one for one in remedies.ALL if " board " in one and one not in (remedies.LOGS, remedies.CALIBRATE)]
)
def test_a_remedy_for_a_board_works_on_it(
    remedy: str, circuitpy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `doctor` prints it, with the board that it was called for; nothing the owner has is lost."""
    monkeypatch.setattr(commands, "DATA", tmp_path / "data")
    monkeypatch.setattr(workdir, "DEPLOYMENTS", tmp_path / "deploy")
    aimed = remedies.for_board(remedy, f"--path {circuitpy}")
    more = {"install": ["--offline", "--yes"], "doctor": ["--listen", "0"]}

    result = CliRunner().invoke(app, [*typed(aimed), *more.get(typed(aimed)[1], [])])

    # doctor itself exits with 1 for what it finds.
    assert result.exit_code == (1 if remedy == remedies.DOCTOR else 0), (result.output, result.exception)
    assert str(circuitpy) in result.output
    assert "password" in (circuitpy / "secrets.py").read_text()


@pytest.mark.usefixtures("circuitpy")
@pytest.mark.parametrize("remedy", [remedies.LOGS, remedies.CALIBRATE])
def test_what_needs_a_console_is_not_sent_to_a_drive(remedy: str) -> None:
    """A drive has no console; the other ways have one."""
    assert remedies.for_board(f"{remedy} shows it", "--path /x") == f"{remedy} shows it"
    assert "--host 1.2.3.4" in remedies.for_board(remedy, "--host 1.2.3.4")


def test_logs_shows_what_the_board_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the network, aimed as `doctor` aims it, until Ctrl-C."""
    from tools.simulator.ports.workflow import WebWorkflow

    program = 'import time\nprint("Boot…")\nwhile True:\n    time.sleep(0.2)\n    print("here")\n'
    toml = 'CIRCUITPY_WEB_API_PASSWORD = "secret"\n'
    drive = install(Drive(), firmware=None, libraries=False, files={"/code.py": program, "/settings.toml": toml})
    leave_logs_after(monkeypatch, "here")
    # At full speed it would talk without a pause, and this side would hardly get a turn to listen.
    with SimulatedBoard(drive, BoardClock(speed=10)) as board:
        board.power_on()
        board.run_for(5)  # its files are offered once it has started
        board.start()
        with WebWorkflow(board) as workflow:
            aimed = remedies.for_board(remedies.LOGS, f"--host {workflow.host}")
            seconds = str(TIMEOUT_SECONDS)
            result = CliRunner().invoke(app, [*typed(aimed), "--password", "secret", "--seconds", seconds])
        board.stop()

    assert result.exit_code == 0, result.output
    assert "here" in result.output


@pytest.mark.parametrize("remedy", [remedies.DEPLOY, remedies.DEPLOY_TOKEN])
def test_deploy_is_taken_as_it_is_printed(remedy: str) -> None:
    """tests/tools/test_deploy.py runs it to its end; here it plans, with the options that were printed."""
    result = CliRunner().invoke(app, [*typed(remedy), "--project", PROJECT, "--dry-run"])

    assert result.exit_code == 0, result.output
    assert f"functions deploy ingest --use-api --remote={PROJECT}" in result.output
    assert ("secrets set" in result.output) == (remedy == remedies.DEPLOY_TOKEN)


def test_backup_without_a_deployment_asks_which_and_with_an_address_writes(
    make_database: MakeDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `deploy` prints it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUPABASE_PROJECT_ID", raising=False)

    asks = CliRunner().invoke(app, typed(remedies.BACKUP))
    writes = CliRunner().invoke(app, [*typed(remedies.BACKUP), "--database-url", make_database()])

    assert isinstance(asks.exception, DeployError)
    assert writes.exit_code == 0, writes.exception
    assert [one.suffix for one in tmp_path.iterdir()] == [".sql"]


def test_serve_is_one_that_runs(stack: Stack) -> None:
    """tests/tools/test_cli.py starts it; here the command line is taken."""
    assert CliRunner().invoke(app, [*typed(remedies.SERVE), "--help"]).exit_code == 0
    assert stack.url


def test_no_command_is_spelt_out_elsewhere() -> None:
    """Whoever needs one takes it from the table: so it is run above."""
    found = []
    for file in sorted((ROOT / "tools").rglob("*.py")):
        if file.name in ("remedies.py", "cli.py") or "simulator" in file.parts:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        documentation = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        found += [
            f"{file.relative_to(ROOT)}:{node.lineno}: {said[0]}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
            if (said := SPOKEN.search(node.value))
        ]

    assert found == []
