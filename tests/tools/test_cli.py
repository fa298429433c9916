"""The commands as a user meets them: what they list, take, refuse and say."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import typer
from typer.core import TyperGroup

from tests.conftest import MakeDatabase
from tests.support import HTTP_SECONDS
from tests.tools.checkout import ROOT, TIMEOUT_SECONDS
from tools import cli
from tools.commands import serve as serve_command
from tools.stack import StackError


def call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, as the bootstrap would."""
    return subprocess.run(
        [sys.executable, "-m", "tools.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def error_of(outcome: subprocess.CompletedProcess[str], *, code: int = 1) -> str:
    """What a failed command says, which is no traceback."""
    assert outcome.returncode == code
    assert "Traceback" not in outcome.stderr
    return outcome.stderr


def test_help_lists_the_commands_that_exist() -> None:
    """Every registered command, and no other."""
    registered = typer.main.get_command(cli.app)
    assert isinstance(registered, TyperGroup)

    outcome = call("--help")

    assert outcome.returncode == 0
    listed = re.findall(r"^│ (\w+) ", outcome.stdout, re.MULTILINE)
    assert listed == list(registered.commands)
    assert {"demo", "serve", "simulate", "test"} <= set(listed)


def test_no_command_shows_the_help() -> None:
    """Asking for nothing is answered by what there is to ask for."""
    outcome = call()

    assert outcome.returncode == 2
    assert "Usage: python3 -m tools [OPTIONS] COMMAND" in outcome.stdout + outcome.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fly",), "No such command 'fly'"),
        (("serve", "--nope"), "No such option: --nope"),
        (("serve", "--port", "70000"), "should be less than or equal to 65535"),
        (("demo", "--port", "web"), "should be a valid integer"),
        (("demo", "--seconds", "0"), "should be greater than or equal to 1"),
        (("serve", "--database", "mysql://x"), "write it as postgresql://"),
        (("serve", "--database", "postgresql://x/y", "--fresh"), "empties only the embedded database"),
        (("simulate", "--boards", "0"), "should be greater than or equal to 1"),
        (("simulate", "--speed", "fast"), "should be a valid number"),
    ],
)
def test_wrong_usage_is_explained(arguments: tuple[str, ...], said: str) -> None:
    """Exit code 2 and the reason, before anything is started."""
    outcome = call(*arguments)

    assert said in error_of(outcome, code=2)


def test_pytest_gets_its_arguments_as_they_were_typed(tmp_path: Path) -> None:
    """Options, expressions with spaces, paths, and options that are ours elsewhere."""
    (tmp_path / "test_it.py").write_text("def test_one_thing(): pass\ndef test_other(): assert False\n")

    outcome = call("test", "-n0", "-x", "-vk", "one and thing", "-p", "no:cacheprovider", "--color=no", str(tmp_path))

    assert outcome.returncode == 0
    assert "test_one_thing PASSED" in outcome.stdout
    assert "1 passed, 1 deselected" in outcome.stdout


def test_pytest_says_how_it_ended(tmp_path: Path) -> None:
    """A failing test fails the command with pytest's own exit code."""
    (tmp_path / "test_it.py").write_text("def test_it(): assert False\n")

    outcome = call("test", "-n", "0", "-p", "no:cacheprovider", str(tmp_path / "test_it.py"))

    assert outcome.returncode == 1
    assert "1 failed" in outcome.stdout


def test_a_taken_port_is_one_line() -> None:
    """The line names the port and what to do; nothing stays behind."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        outcome = call("serve", "--no-browser", "--port", str(port))

    assert error_of(outcome).splitlines() == [
        f"error: Port {port} is not free (Address already in use). Choose another one with --port."
    ]


def test_an_unreachable_database_is_one_line() -> None:
    """Nobody listens on port 9."""
    outcome = call("serve", "--no-browser", "--port", "0", "--database", "postgresql://postgres@127.0.0.1:9/x")

    said = error_of(outcome).splitlines()
    assert len(said) == 1
    assert said[0].startswith("error: The database is not reachable: ")


def test_debug_shows_where_an_error_comes_from() -> None:
    """By the option, or by the variable."""
    arguments = ("serve", "--no-browser", "--port", "0", "--database", "postgresql://postgres@127.0.0.1:9/x")

    by_option = call("--debug", *arguments)
    by_variable = call(*arguments, TOOLS_DEBUG="1")

    for outcome in (by_option, by_variable):
        assert outcome.returncode == 1
        assert "Traceback (most recent call last)" in outcome.stderr


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (StackError("Port 1 is not free."), "Port 1 is not free."),
        (PermissionError(13, "Permission denied", "/opt/x"), "Permission denied: /opt/x"),
        (
            KeyError("x"),
            "Something that should not happen has happened: KeyError: 'x'. Please report it with what TOOLS_DEBUG=1"
            " before the command shows.",
        ),
    ],
)
def test_errors_become_one_line(error: Exception, line: str) -> None:
    """Ours are finished sentences; the system's name the file; the unexpected says how to learn more."""
    assert cli.describe(error) == line


@pytest.fixture
def serving(make_database: MakeDatabase) -> Iterator[subprocess.Popen[str]]:
    """`serve` on any free port, over a database of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.cli", "serve", "--no-browser", "--port", "0", "--database", make_database()],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def read_addresses(process: subprocess.Popen[str]) -> dict[str, str]:
    """What `serve` prints when it is ready: name -> value."""
    assert process.stdout is not None
    addresses: dict[str, str] = {}
    for line in process.stdout:
        if line.startswith("Anyone can sign up"):
            return addresses
        if not line.rstrip().endswith("..."):
            name, _, value = line.strip().rpartition(" ")
            addresses[name.strip()] = value
    raise AssertionError(process.communicate()[1])


def test_serve_serves_everything_it_names_and_shows_mails(serving: subprocess.Popen[str]) -> None:
    """Portal, ingest and REST answer; the confirmation mail of a new account stands in the terminal."""
    addresses = read_addresses(serving)
    key = {"apikey": addresses["Publishable key"]}

    portal = httpx.get(addresses["Portal"], timeout=HTTP_SECONDS)
    ingest = httpx.get(addresses["Ingest"], timeout=HTTP_SECONDS)
    rest = httpx.get(f"{addresses['REST']}/fleets?select=*", headers=key, timeout=HTTP_SECONDS)
    sign_up = {"email": "pilot@example.com", "password": "correct horse"}
    httpx.post(
        f"{addresses['Portal']}/auth/v1/signup", json=sign_up, headers=key, timeout=HTTP_SECONDS
    ).raise_for_status()

    assert "<!doctype html>" in portal.text.lower()
    assert ingest.json()["ok"] is True
    assert "permission denied" in rest.json()["message"]
    assert serving.stdout is not None
    assert serving.stdout.readline() == "\n"
    assert serving.stdout.readline().startswith("Mail to pilot@example.com: ")
    assert f"{addresses['Portal']}#/confirm?type=signup" in serving.stdout.readline()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_serve_ends_in_order(serving: subprocess.Popen[str], number: signal.Signals, code: int) -> None:
    """By Ctrl-C or by a service manager: the port is free again and nothing is said on stderr."""
    portal = read_addresses(serving)["Portal"]

    serving.send_signal(number)
    _, said = serving.communicate(timeout=TIMEOUT_SECONDS)

    assert (serving.returncode, said) == (code, "")
    with pytest.raises(httpx.ConnectError):
        httpx.get(portal, timeout=HTTP_SECONDS)


def test_serve_ends_by_itself(make_database: MakeDatabase) -> None:
    """`--seconds` is for scripts."""
    outcome = call("serve", "--no-browser", "--port", "0", "--seconds", "1", "--database", make_database())

    assert outcome.returncode == 0
    assert outcome.stdout.endswith("Stopping.\n")


def test_serve_and_demo_keep_their_data_apart() -> None:
    """An empty database stays empty whatever the demo has done."""
    from tools.commands import demo as demo_command

    folders = {serve_command.DATA, demo_command.DATA}
    assert len(folders) == 2
    assert {folder.parent for folder in folders} == {ROOT / ".local"}
