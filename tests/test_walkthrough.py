"""DEPLOYMENT.md followed from end to end, as a new user would: its commands as they stand there, its verify lines true.

In place of what nobody has here: the platform's management API is a stand-in, the project a local stack on a real
PostgreSQL, the static host a web server on loopback, the board a simulated one. What is replaced in a command is said
in `Owner.locally`; a replacement that the page does not need any more fails the test.
"""

import functools
import json
import os
import re
import shlex
import shutil
import subprocess
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from deno import find_deno_bin
from playwright.sync_api import Page, expect
from typer.testing import CliRunner

from tests.conftest import MakeDatabase, MakeStack, NewPage
from tests.firmware.world import SIMULATED_CLOCK
from tests.support import HTTP_SECONDS
from tests.tools.board_world import canned_server, leave_logs_after
from tests.tools.checkout import ROOT, TIMEOUT_SECONDS
from tests.tools.management_api import PROJECT, TOKEN, ManagementApi, environment, serve
from tools import supabase_cli
from tools.board import commands, find, ingest, libraries
from tools.board.find import Found
from tools.board.install import FIRMWARE
from tools.circuitpython import RECOMMENDED
from tools.cli import app, describe
from tools.commands import terminal
from tools.deploy import last, workdir
from tools.simulator import AccessPoint, BoardClock, Drive, FaultProxy, Network, NtpServer, SimulatedBoard
from tools.simulator.ports.repl import SerialPort
from tools.simulator.ports.workflow import WebWorkflow
from tools.stack import Stack
from tools.stack.stack import prepare_database

PAGE = (ROOT / "DEPLOYMENT.md").read_text(encoding="utf-8")
SPEED = 20
FLASHED = f"CircuitPython {RECOMMENDED}"
WEB_PASSWORD = "web workflow"
EMAIL, PASSWORD = "owner@example.org", "a long enough password"
WAIT_MS = 60_000


class Step:
    """One step of the page: its shell commands, one a line, and what its verify line says."""

    def __init__(self, heading: str) -> None:
        found = re.search(rf"^## {re.escape(heading)}.*?\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
        assert found is not None, f"DEPLOYMENT.md has no step {heading!r}"
        self.text = found[1]
        self.verify = " ".join(self.text.partition("Verify: ")[2].partition("\n\n")[0].split())
        blocks = re.findall(r"^```sh\n(.*?)^```", self.text, re.MULTILINE | re.DOTALL)
        lines = "".join(blocks).replace("\\\n", " ").splitlines()
        self.commands = [line for line in (line.split("  #")[0].strip() for line in lines) if line[:1] not in ("", "#")]

    def command(self, begin: str) -> str:
        """The only command in its blocks that begins so."""
        (command,) = [line for line in self.commands if line.startswith(begin)]
        return command

    def verifies(self, *phrases: str) -> None:
        """The verify line says this, word by word."""
        assert [phrase for phrase in phrases if phrase not in self.verify] == []


class Owner:
    """Types what the page says, and answers when asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.locally: dict[str, str] = {}
        self.answers: dict[str, str] = {}
        self.deploys_to: list[str] = []
        self._replaced: set[str] = set()
        self._monkeypatch = monkeypatch

    def types(self, command: str, *, fails: bool = False) -> str:
        """What one line prints; its exit code has to be the one that is expected."""
        for word, local in self.locally.items():
            if word in command:
                self._replaced.add(word)
                command = command.replace(word, local)
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            said = subprocess.run(["bash", "-euc", f'printf %s "{value}"'], capture_output=True, text=True, check=True)
            self._monkeypatch.setenv(name, said.stdout)
            return ""
        if command.startswith("echo "):
            return os.path.expandvars(command)
        if command.startswith("curl "):
            return (
                httpx.get(command.removeprefix("curl "), trust_env=False, timeout=HTTP_SECONDS).raise_for_status().text
            )
        words = shlex.split(os.path.expandvars(command))
        assert words[:3] == ["python3", "-m", "tools"], command
        options = self.deploys_to if words[3] == "deploy" else []
        result = CliRunner().invoke(app, [*words[3:], *options])
        said_wrong = describe(result.exception) if isinstance(result.exception, Exception) else ""
        assert fails == bool(result.exit_code), f"{command}\n{result.output}\n{said_wrong}"
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", f"{result.output}{said_wrong}")

    def is_asked(self, question: str, **_: object) -> str:
        """In place of the terminal."""
        answers = [answer for begin, answer in self.answers.items() if question.startswith(begin)]
        assert len(answers) == 1, f"the page does not say what to answer to: {question}"
        return answers[0]

    @property
    def unused(self) -> set[str]:
        """Replacements that no command needed."""
        return set(self.locally) - self._replaced


class Bench:
    """A freshly flashed Feather ESP32 V2 at a USB cable, a router, the project's ingest function in reach."""

    def __init__(self, stack: Stack, database: psycopg.Connection[Any]) -> None:
        self.router = AccessPoint("Hangar", "password")
        self.network = Network(self.router)
        self.network.add_host("pool.ntp.org", {123: NtpServer(self.network).address})
        self.proxy = FaultProxy(self.network, stack.url)
        database.execute(SIMULATED_CLOCK)
        self._database = database
        self.network.on_request = self._set_server_clock
        clock = BoardClock(datetime.now(UTC) - timedelta(hours=2), speed=SPEED)
        self.board = SimulatedBoard(Drive(), clock, self.network, seed=5)
        self.board.power_on()
        self.board.run_for(5)
        self.board.start()
        self.port = SerialPort(self.board, Path(find_deno_bin()))
        self.workflow = WebWorkflow(self.board, WEB_PASSWORD)

    def _set_server_clock(self, now: datetime) -> None:
        self._database.execute("update private.simulated_clock set server_now = %s", [now])

    def close(self) -> None:
        """Everything away."""
        self.workflow.close()
        self.port.close()
        self.board.close()
        self.network.close()

    def wait_for_line(self, text: str) -> None:
        """Until the board, which runs freely, says it."""
        for _ in range(WAIT_MS // 100):
            if text in self.board.lines:
                return
            time.sleep(0.1)
        raise AssertionError(f"the board has not said {text!r}: {self.board.lines[-10:]}")

    def pull_the_plug(self, seconds: float) -> None:
        """Power off, wait, power on."""
        self.board.power_off()
        self.board.power_off(for_seconds=seconds)
        self.board.power_on()


@contextmanager
def static_host(folder: Path) -> Iterator[str]:
    """Any static host: the address of a folder."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def collect_once(collect: Callable[..., libraries.Libraries]) -> Callable[..., libraries.Libraries]:
    """What `install` gets from circup without internet, asked for once."""
    found: list[libraries.Libraries] = []

    def collected(*given: Any, **named: Any) -> libraries.Libraries:
        if not found:
            found.append(collect(*given, **{**named, "offline": True}))
        return found[0]

    return collected


def sign_in(page: Page, stack: Stack, site: str) -> None:
    """Create an account in the portal, follow the link of the mail, and sign in."""
    page.get_by_role("link", name="Create an account").click()
    expect(page.get_by_role("heading", name="Create an account")).to_be_visible(timeout=WAIT_MS)
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create an account").click()
    expect(page.get_by_role("heading", name="Check your e-mail")).to_be_visible(timeout=WAIT_MS)
    stack.confirm(EMAIL)
    page.goto(f"{site}#/")
    page.reload()
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Three steps to your first hours")).to_be_visible(timeout=WAIT_MS)


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Owner:
    """Somebody with a checkout, at a terminal; no internet, and nothing of theirs from earlier."""
    supabase_cli.find_cli()
    owner = Owner(monkeypatch)
    monkeypatch.setattr(workdir, "DEPLOYMENTS", tmp_path / "deploy")
    monkeypatch.setattr(commands, "DATA", tmp_path / "board")
    monkeypatch.setattr(commands.console, "width", 300)
    monkeypatch.setattr(terminal.console, "width", 300)
    monkeypatch.setattr("tools.board.commands.Prompt.ask", owner.is_asked)
    monkeypatch.setattr(commands.console, "_force_terminal", True)
    monkeypatch.setattr(libraries, "collect", collect_once(libraries.collect))
    for name in ("INGEST_ACCESS_TOKEN", "BOARD_WIFI_PASSWORD", "CIRCUP_WEBWORKFLOW_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    return owner


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_database: MakeDatabase) -> Iterator[ManagementApi]:
    """The platform with one new project."""
    dsn = make_database(migrated=False)
    # Without its migrations: the schema auth, and the roles, as every project has them.
    nothing = tmp_path / "no-migrations"
    nothing.mkdir()
    prepare_database(dsn, tmp_path / "prepare.log", nothing)
    with serve(ManagementApi(database_url=dsn)) as running:
        for name, value in environment(tmp_path, running.url).items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("SUPABASE_ACCESS_TOKEN")
        yield running


def test_from_nothing_to_the_first_session_in_the_portal(
    request: pytest.FixtureRequest,
    owner: Owner,
    api: ManagementApi,
    make_stack: MakeStack,
    new_page: NewPage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Steps 1 to 7, in their order."""
    needed = Step("What you need")
    needed.verifies("lists `deploy` and `board`")
    assert {"deploy", "board"} <= set(owner.types("python3 -m tools --help").split())

    project = Step("1. ")
    owner.locally |= {"sbp_...": TOKEN}
    for command in project.commands:
        owner.types(command)
    project.verifies(
        "`python3 -m tools deploy --check`", "its line `Project:`", "says that the function is not deployed"
    )
    before_deploying = ExitStack()
    request.addfinalizer(before_deploying.close)
    not_found = canned_server(404, b'{"code":"NOT_FOUND","message":"Requested function was not found"}')
    url = before_deploying.enter_context(not_found).removesuffix("/functions/v1/ingest")
    owner.deploys_to = ["--url", url, "--database-url", api.database_url]
    said = owner.types("python3 -m tools deploy --check", fails=True)
    assert "✓ Project: hangar in eu-central-1 is active" in said
    assert "The function ingest is not deployed in this project." in said
    assert api.changes() == []

    with ExitStack() as running:
        stacks: list[Stack] = []

        def bring_up() -> None:
            """With its function, the project begins to answer."""
            data = tmp_path / "stack"
            if stacks:
                return
            before_deploying.close()
            data.mkdir()
            keys = {"publishable": api.publishable_key, "secret": "sb_secret_test", "jwt": "x" * 40}
            (data / "keys.json").write_text(json.dumps(keys))
            port = int(url.rpartition(":")[2])
            stacks.append(make_stack(data=data, port=port, database_url=api.database_url, secrets=api.secrets))

        api.on_deploy = bring_up
        host = running.enter_context(static_host(tmp_path / "www"))
        site = f"{host}/logger/"
        owner.locally |= {"https://you.github.io/logger/": site}
        cloud = Step("2. ")
        said = "".join(owner.types(command) for command in cloud.commands)
        stored = "a test message was stored once, read back and taken out again"
        cloud.verifies("`✓ Check: ...`", stored, "`python3 -m tools deploy --check`")
        assert "✓ Check: " in said
        assert stored in said
        (stack,) = stacks

        portal = Step("4. ")
        (tmp_path / "www").mkdir()
        (tmp_path / "www" / "logger").symlink_to(workdir.DEPLOYMENTS / PROJECT / "portal")
        assert "`.local/deploy/<project>/portal/`" in portal.text
        owner.locally |= {"<portal>": site.rstrip("/")}
        portal.verifies("`curl <portal>/config.json` shows your project's address", 'shows "Sign in"')
        assert json.loads(owner.types("curl <portal>/config.json"))["supabaseUrl"] == url
        page = new_page()
        page.goto(site)
        expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=WAIT_MS)
        expect(page.get_by_text("config.json")).to_have_count(0, timeout=WAIT_MS)

        database = running.enter_context(psycopg.connect(api.database_url, autocommit=True))
        bench = Bench(stack, database)
        running.callback(bench.close)
        there = [Found("port", bench.port.port)]
        monkeypatch.setattr(find, "search", lambda: there)
        monkeypatch.setattr(commands, "serial_ports", lambda: [bench.port.port])
        check = ingest.check
        monkeypatch.setattr(ingest, "check", lambda _, token: check(f"{url}/functions/v1/ingest", token))

        flashing = Step("5. ")
        flashing.verifies("`python3 -m tools board doctor --port /dev/ttyACM0 --listen 0` names the board", FLASHED)
        owner.locally |= {"/dev/ttyACM0": bench.port.port}
        said = owner.types("python3 -m tools board doctor --port /dev/ttyACM0 --listen 0", fails=True)
        assert f"{FLASHED}, Simulated ESP32 with ESP32" in said

        installing = Step("6. ")
        owner.answers = {"Password of Hangar": "password", "Pin that measures the bus voltage": ""}
        deployed = last.read()
        assert deployed is not None
        assert deployed.ingest_url == f"{url}/functions/v1/ingest"
        # From the simulated hangar the project is reached by way of the proxy.
        last.write(replace(deployed, ingest_url=f"{bench.proxy.url}/functions/v1/ingest"))
        said = owner.types(installing.command("python3 -m tools board install --port"))
        assert "files written, read back and compared." in said
        (link,) = re.findall(r"Register it: (\S+)", said)
        assert link.startswith(f"{site}#/devices/register?uuid=")
        assert "and for the pin of step 8 (empty: not wired)" in " ".join(installing.text.split())
        installing.verifies("`python3 -m tools board doctor` ends with `0 failed`")
        assert owner.types("python3 -m tools board doctor").splitlines()[-1].startswith("0 failed, ")
        monkeypatch.setenv("CIRCUP_WEBWORKFLOW_PASSWORD", WEB_PASSWORD)
        owner.locally |= {"192.168.1.45": bench.workflow.host}
        assert "7 files are as they should be" in owner.types(
            installing.command("python3 -m tools board install --host")
        )

        first = Step("7. ")
        leave_logs_after(monkeypatch, "Boot…", "NTP: ", "POST OK 200", connected=bench.board.press_reset)
        said = owner.types(f"python3 -m tools board logs --seconds {TIMEOUT_SECONDS}")
        for line in ("New session: ", "Wi-Fi: ", "NTP: "):
            assert f"`{line}...`" in first.text
            assert line in said.partition("Boot…")[2]
        assert "`POST OK 200`" in first.text
        assert "POST OK 200" in said.partition("NTP: ")[2]
        sign_in(page, stack, site)
        page.get_by_role("link", name="Add a plane").click()
        page.get_by_label("Registration").fill("D-EKLM")
        page.get_by_role("button", name="Save the plane").click()
        expect(page.get_by_role("heading", name="Three steps to your first hours")).to_be_visible(timeout=WAIT_MS)
        page.goto(link)
        page.get_by_label("Installed in").select_option(label="D-EKLM")
        page.get_by_role("button", name="Register", exact=True).click()
        # The third step is done already: the board has delivered its first session, which ends the start guide.
        expect(page.get_by_role("table", name="Latest sessions")).to_be_visible(timeout=WAIT_MS)
        bench.pull_the_plug(10)
        bench.board.run_for(150)
        first.verifies(
            "all sessions are in the portal, to the second", "`python3 -m tools board sessions`", "`0 unsent`"
        )
        kept = database.execute("select run_seconds, status::text from sessions order by session_start desc").fetchall()
        assert [status for _, status in kept] == ["open", "closed", "closed"]
        page.goto(f"{site}#/sessions")
        for seconds, _ in kept[1:]:
            expect(page.get_by_role("cell", name=clock_time(seconds)).first).to_be_visible(timeout=WAIT_MS)
        bench.board.start()
        said = owner.types("python3 -m tools board sessions")
        assert said.rstrip().endswith(", 0 unsent")
        for seconds, _ in kept[1:]:
            assert re.search(rf" {clock_time(seconds)}  closed  delivered", said)

        moving = Step("Backing up and moving")
        (says,) = re.findall(r"boards say `([^`]+)`", moving.text)
        database.execute("select private.new_server_id()")
        bench.wait_for_line(says)

    assert owner.unused == set()


def clock_time(seconds: int) -> str:
    """As page and command show a duration."""
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def test_a_board_set_up_by_hand(tmp_path: Path) -> None:
    """At the serial prompt and with curl: what is typed switches the web workflow on, and every file arrives whole."""
    by_hand = Step("By hand, without our tools")
    enabling, asking = re.findall(r"^```python\n(.*?)^```", by_hand.text, re.MULTILINE | re.DOTALL)
    (upload,) = re.findall(r"^for file in .*?^done$", by_hand.text, re.MULTILINE | re.DOTALL)
    firmware = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, firmware, ignore=shutil.ignore_patterns("__pycache__"))
    (firmware / "secrets.py").write_text("secrets = {}\n")

    with Network(AccessPoint("Hangar", "...")) as network, SimulatedBoard(Drive(), network=network) as board:
        board.power_on()
        board.run_for(5)
        board.write_file("/code.py", enabling)
        board.run_until(lambda: "SOFTWARE" in board.resets and board.program_runs, timeout=60)
        board.write_file("/code.py", asking)
        board.run_for(60)
        typed = tomllib.loads(board.read_file("/settings.toml").decode())
        with WebWorkflow(board, typed["CIRCUITPY_WEB_API_PASSWORD"]) as workflow:
            script = upload.replace("192.168.1.45", workflow.host).replace("PASSWORD", "...")
            done = subprocess.run(["bash", "-euc", script], cwd=firmware, capture_output=True, text=True, check=False)

        assert any(re.fullmatch(r"192\.168\.1\.45 ([0-9a-f]{2}:){5}[0-9a-f]{2}", line) for line in board.lines)
        assert set(typed) == {"CIRCUITPY_WIFI_SSID", "CIRCUITPY_WIFI_PASSWORD", "CIRCUITPY_WEB_API_PASSWORD"}
        assert done.returncode == 0, done.stderr
        for name in ("code.py", "boot.py", "safemode.py", "secrets.py"):
            assert board.read_file(f"/{name}") == (firmware / name).read_bytes()
