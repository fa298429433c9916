"""Fixtures for all tests: real PostgreSQL, real stacks, a real browser.

| fixture | scope | gives |
|---|---|---|
| `database` | test | connection string of a fresh, migrated database |
| `make_database` | session | a function that makes such databases (`migrated=False`: empty ones) |
| `stack` | session | a running stack with the portal, shared by all tests: use accounts of your own |
| `make_stack` | test | a function that starts a stack on a database of its own, without portal unless asked |
| `sign_up` | test | a function that signs up and confirms a user: `sign_up(stack)` |
| `long` | session | whether `--long` was given: widen the range |
| `page`, `new_page` | test | Chromium pages; any fault fails the test: `page_faults.allow(...)` what you provoke |
"""

import contextlib
import functools
import itertools
import json
import os
import shutil
import signal
import ssl
import tempfile
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, Protocol

import httpx
import psycopg
import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from psycopg import sql
from supabase.lib.client_options import SyncClientOptions

from supabase import create_client
from tests.support import HTTP_SECONDS, Account, PageFaults, last_state
from tools.chromium import MISSING, find_chromium, launch
from tools.stack import Stack
from tools.stack.postgres import Postgres
from tools.stack.stack import prepare_database

# A shell that starts the tests in the background has them ignore Ctrl-C, and with them every program under test.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Both would measure how busy the machine is: 200 ms for an example, 5 s for an answer. What is slow is measured in
# `bench`; what asserts a timeout names its own.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")
DEFAULT_TIMEOUT_CONFIG.connect = DEFAULT_TIMEOUT_CONFIG.read = HTTP_SECONDS
DEFAULT_TIMEOUT_CONFIG.write = DEFAULT_TIMEOUT_CONFIG.pool = HTTP_SECONDS


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long`: tests that try many cases try all of them, or go on for much longer."""
    parser.addoption("--long", action="store_true", help="try every case instead of a fixed selection (hours)")


LONGEST = {"test_bench.py", "test_style.py"}

# Each test has a database of its own: 460 files to make and to delete, which costs far less in memory than on a disk.
MEMORY = Path("/dev/shm")
FOLDER_PREFIX = "uptime-logger-"
MEMORY_BYTES = 4 * 2**30  # containers often have 64 MiB

OPEN_CONTEXTS = pytest.StashKey[list[BrowserContext]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest of the last files: at the end one worker would have them and the other nothing to do."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


def pytest_configure(config: pytest.Config) -> None:
    """Only where results come together: a worker's own output is not shown."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(NamesFailuresAtOnce(config))


class NamesFailuresAtOnce:
    """A run that is cut off, or read while it goes on, says what has failed so far."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write the test's name and the first line of its error."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and reporter is not None:
            crash = getattr(report.longrepr, "reprcrash", None)
            reason = str(crash.message if crash else report.longrepr).partition("\n")[0]
            reporter.write_line(f"\nFAILED {report.nodeid} ({report.when}): {reason}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say what every open page showed when a test failed: a red run names its cause without a second run."""
    report = yield
    if report.failed and report.when == "call":
        for context in item.stash.get(OPEN_CONTEXTS, []):
            report.sections += [(f"page {page.url}", last_state(page)) for page in context.pages]
    return report


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Whether the full range is asked for."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session", autouse=True)
def certificates_once() -> Iterator[None]:
    """Each client and each call of httpx reads the world's certificates, 20 ms, and then talks to loopback in plain."""
    make = ssl.create_default_context
    shared = functools.cache(make)
    with pytest.MonkeyPatch.context() as patch:
        # Who names no file is not httpx, and may go on to trust another root.
        patch.setattr(ssl, "create_default_context", lambda **named: shared(**named) if named else make())
        yield


class MakeDatabase(Protocol):
    """Make a database, migrated as the project's is unless told otherwise, and return its connection string."""

    def __call__(self, *, migrated: bool = True) -> str: ...


class MakeStack(Protocol):
    """Start a stack on a new clone of the migrated database unless `database_url` or `data` is given."""

    def __call__(self, **options: Any) -> Stack: ...


class NewPage(Protocol):
    """Open a page in a browser context of its own; Playwright's context options, without service workers or motion."""

    def __call__(self, **options: Any) -> Page: ...


def _memory() -> Path | None:
    """A file system in memory that PostgreSQL and its binaries may lie on; None where there is none, or a small one."""
    if not os.access(MEMORY, os.W_OK) or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return None
    for folder in MEMORY.glob(f"{FOLDER_PREFIX}*-*"):
        # A disk is swept by the system; what a killed run leaves in memory would stay until the machine starts again.
        if not Path("/proc", folder.name.removeprefix(FOLDER_PREFIX).partition("-")[0]).exists():
            shutil.rmtree(folder, ignore_errors=True)
    return MEMORY if shutil.disk_usage(MEMORY).free >= MEMORY_BYTES else None


@contextlib.contextmanager
def _open_folder(parent: Path | None = None) -> Iterator[Path]:
    """A temporary folder that the user `nobody` can enter: PostgreSQL runs as `nobody` when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-", dir=parent))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One server for the whole run; nothing in it outlives the run."""
    with _open_folder(_memory()) as folder:
        server = Postgres(folder / "postgres", durable=False)
        server.start()
        yield server
        server.stop(immediate=True)


@pytest.fixture(scope="session")
def administration(postgres_server: Postgres) -> Iterator[psycopg.Connection]:
    """One connection to make and to drop databases with: a login for each costs 5 ms."""
    with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def migrated_template(postgres_server: Postgres, administration: psycopg.Connection) -> str:
    """Name of a database with all migrations, to clone from."""
    administration.execute("create database migrated")
    prepare_database(postgres_server.dsn("migrated"), postgres_server.log)
    return "migrated"


@pytest.fixture(scope="session")
def make_database(
    request: pytest.FixtureRequest, postgres_server: Postgres, administration: psycopg.Connection
) -> MakeDatabase:
    """A function that makes databases; they go with the server."""
    numbers = itertools.count(1)

    def make(*, migrated: bool = True) -> str:
        name = f"test_{next(numbers)}"
        template = request.getfixturevalue("migrated_template") if migrated else "template0"
        # Through its buffers and its log, as the server does unless told, a clone of 12 MB costs twice as much.
        statement = sql.SQL("create database {} template {} strategy file_copy")
        administration.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return postgres_server.dsn(name)

    return make


@pytest.fixture
def database(administration: psycopg.Connection, make_database: MakeDatabase) -> Iterator[str]:
    """Connection string (superuser) of a fresh, migrated database."""
    dsn = make_database()
    yield dsn
    administration.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(dsn.rsplit("/", 1)[1])))


@pytest.fixture(scope="session")
def stack(make_database: MakeDatabase) -> Iterator[Stack]:
    """The stack that most tests share, with the portal built from the present sources."""
    with _open_folder() as data, Stack(data=data, port=0, database_url=make_database()) as running:
        yield running


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A temporary folder for a stack with a PostgreSQL of its own (pytest's own ones are closed to `nobody`)."""
    with _open_folder() as folder:
        yield folder


@pytest.fixture
def make_stack(make_database: MakeDatabase, open_folder: Path) -> Iterator[MakeStack]:
    """Start stacks that only this test uses; all end with it, and before `open_folder` goes, whichever is named first.

    A PostgreSQL that still runs writes into the folder while it is being removed.
    """
    with contextlib.ExitStack() as running:

        def make(**options: Any) -> Stack:
            if "data" not in options:
                options["data"] = Path(tempfile.mkdtemp(prefix="stack-", dir=open_folder))
                options["database_url"] = options.get("database_url") or make_database()
            return running.enter_context(Stack(**{"port": 0, "portal": False, **options}))

        yield make


@contextlib.contextmanager
def signing_up() -> Iterator[Callable[..., Account]]:
    """What the fixture `sign_up` gives, for what outlives a test."""
    with contextlib.ExitStack() as clients:

        def make(stack: Stack, name: str = "pilot") -> Account:
            email, password = f"{name}-{uuid.uuid4().hex[:12]}@example.org", uuid.uuid4().hex
            # Without a client of our own, supabase-py leaves connections open and warns about itself.
            transport = clients.enter_context(httpx.Client(trust_env=False, timeout=HTTP_SECONDS))
            options = SyncClientOptions(httpx_client=transport, auto_refresh_token=False)
            client = create_client(stack.url, stack.publishable_key, options)
            answer = client.auth.sign_up({"email": email, "password": password})
            assert answer.user is not None
            # Each sign-in by password would cost a slow hash, here and in every page.
            signed_in = stack.confirm(email)
            client.auth.set_session(signed_in["access_token"], signed_in["refresh_token"])
            return Account(email, password, answer.user.id, client, [json.dumps(signed_in)])

        yield make


@pytest.fixture
def sign_up() -> Iterator[Callable[..., Account]]:
    """Sign up and confirm a user with a fresh address, and sign in: `sign_up(stack, name="owner")`."""
    with signing_up() as make:
        yield make


@contextlib.contextmanager
def running_chromium() -> Iterator[Browser]:
    """A headless Chromium. While it runs, Playwright's event loop is in the way of others in the same thread."""
    path = find_chromium()
    if path is None:
        pytest.fail(MISSING, pytrace=False)
    with sync_playwright() as playwright:
        browser = launch(playwright, path)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser of one file; the portal's tests share one among all their files."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def page_faults() -> PageFaults:
    """The faults of this test's pages."""
    return PageFaults()


@pytest.fixture
def new_page(request: pytest.FixtureRequest, chromium: Browser, page_faults: PageFaults) -> Iterator[NewPage]:
    """Open pages, each as another visitor: nothing is shared between them."""
    contexts: list[BrowserContext] = []
    request.node.stash[OPEN_CONTEXTS] = contexts

    def open_page(**options: Any) -> Page:
        # A service worker would fetch the whole build for a cache that goes with the test, and what moves is drawn
        # sixty times a second: both only where they are the matter, and motion where a whole visit is tried.
        context = chromium.new_context(**{"service_workers": "block", "reduced_motion": "reduce", **options})
        contexts.append(context)
        page_faults.watch(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert page_faults.unexpected() == []


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """One page; console errors, page errors, policy violations and requests to other hosts fail the test."""
    return new_page()
