"""`Stack`: starts, watches and stops PostgreSQL and the Deno process."""

import contextlib
import fcntl
import html
import json
import os
import queue
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypedDict
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg

from tools.files import write_whole
from tools.stack import process
from tools.stack.build import build_portal
from tools.stack.errors import StackError
from tools.stack.postgres import Postgres

REPOSITORY = Path(__file__).resolve().parents[2]
MIGRATIONS = REPOSITORY / "supabase" / "migrations"
FUNCTION = REPOSITORY / "supabase" / "functions" / "ingest" / "index.ts"
DEFAULT_PORT = 54321
_READY_SECONDS = 60
_STOP_SECONDS = 10
_CONNECT_SECONDS = 20
_ANSWER_SECONDS = 60
_MAX_LOG_BYTES = 1_000_000

# The settings of supabase/config.toml that the local auth and REST services know too.
_API_SETTINGS = {"max_rows"}
_AUTH_SETTINGS = {
    "enable_signup",
    "enable_refresh_token_rotation",
    "jwt_expiry",
    "minimum_password_length",
    "password_requirements",
    "refresh_token_reuse_interval",
}
_EMAIL_SETTINGS = {
    "double_confirm_changes",
    "enable_confirmations",
    "otp_expiry",
    "otp_length",
    "secure_password_change",
}


class Mail(TypedDict):
    """A mail that the auth service would have sent: `links` in it, in order, and its `code`, if it has one."""

    to: str
    subject: str
    text: str
    html: str
    links: list[str]
    code: str


@dataclass(frozen=True)
class Keys:
    """The project's keys, made once per data folder."""

    publishable: str
    secret: str
    jwt: str


class Stack:
    """The whole backend and the portal on one loopback port, for as long as the `with` block lasts.

    Args:
        data: folder of the database, the keys and the logs; made when missing.
        port: port of the stack on 127.0.0.1; 0 takes any free one.
        database_url: a PostgreSQL elsewhere, instead of the embedded one.
        portal: build and serve the portal; or the folder of a built one.
        fresh: throw away the embedded database and the keys of an earlier run first.
        secrets: what a hosted project gives its functions, such as `INGEST_ACCESS_TOKEN`.
        migrations: folder of the migrations.
        function: module of the edge function.
        on_progress: called with a short text at each step of the start.
        on_mail: called from another thread with every mail.

    Raises (on entering):
        StackError: one line that says what is wrong and what to do.
    """

    url: str
    database_url: str
    publishable_key: str
    secret_key: str
    _reader: threading.Thread

    def __init__(
        self,
        data: Path = REPOSITORY / ".local",
        port: int = DEFAULT_PORT,
        database_url: str | None = None,
        portal: bool | Path = True,
        *,
        fresh: bool = False,
        secrets: Mapping[str, str] | None = None,
        migrations: Path = MIGRATIONS,
        function: Path = FUNCTION,
        on_progress: Callable[[str], None] | None = None,
        on_mail: Callable[[Mail], None] | None = None,
    ) -> None:
        self.data = data.absolute()
        self.port = port
        self.postgres = None if database_url else Postgres(self.data / "postgres")
        self._external_url = database_url
        self._portal = portal
        self._fresh = fresh
        self._secrets = dict(secrets or {})
        self._migrations = migrations
        self._function = function
        self._on_progress = on_progress or (lambda text: None)
        self._on_mail = on_mail
        self._lock: TextIOWrapper | None = None
        self._server: subprocess.Popen[str] | None = None
        self._events: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._mails: list[Mail] = []
        self._unread: defaultdict[str, deque[Mail]] = defaultdict(deque)
        self._mail_arrived = threading.Condition()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def mails(self) -> list[Mail]:
        """All mails that the auth service has sent so far, oldest first."""
        with self._mail_arrived:
            return list(self._mails)

    def next_mail(self, to: str, *, timeout_seconds: float = _ANSWER_SECONDS) -> Mail:
        """The oldest mail to an address that no call has returned yet, waiting for one if there is none.

        A mail comes some time after the auth service's answer; whoever looked for the newest one could get the last one
        once more.

        Raises:
            TimeoutError: none came in time.
        """
        with self._mail_arrived:
            if not self._mail_arrived.wait_for(lambda: self._unread[to], timeout_seconds):
                raise TimeoutError(f"no new mail to {to} within {timeout_seconds} s")
            return self._unread[to].popleft()

    def confirm(self, to: str) -> dict[str, Any]:
        """Redeem the link of the next mail to an address, as the button does on the page that the link leads to.

        Returns:
            The sign-in that comes of it: `access_token`, `refresh_token`, `user` and what else the auth service says.

        Raises:
            StackError: the auth service refuses it.
        """
        query = parse_qs(urlsplit(urlsplit(self.next_mail(to)["links"][0]).fragment).query)
        redeemed = {"type": query["type"][0], "token_hash": query["token_hash"][0]}
        headers = {"apikey": self.publishable_key}
        answer = httpx.post(
            f"{self.url}/auth/v1/verify", json=redeemed, headers=headers, trust_env=False, timeout=_ANSWER_SECONDS
        )
        if answer.is_error:
            raise StackError(f"The mail's link is refused: {answer.text}")
        signed_in: dict[str, Any] = answer.json()
        return signed_in

    def wait(self, timeout_seconds: float | None = None) -> None:
        """Return when the time is over; never before, while all is well.

        Raises:
            StackError: a part of the stack has ended by itself.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while deadline is None or time.monotonic() < deadline:
            if self._server is None or self._server.poll() is not None:
                raise StackError(f"The server has stopped: {process.tail(self._log)} (see {self._log})")
            if self.postgres is not None and not self.postgres.is_running():
                raise StackError(f"PostgreSQL has stopped: {process.tail(self.postgres.log)} (see {self.postgres.log})")
            time.sleep(0.2)

    def stop(self) -> None:
        """End both processes, in order; what was acknowledged is in the database's files."""
        if self._server is not None:
            process.close_quietly(self._server.stdin)
            try:
                self._server.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
            self._reader.join()
            self._server = None
        if self.postgres is not None:
            self.postgres.stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @property
    def pids(self) -> list[int]:
        """Process ids of the running server and, if it is the stack's own, of PostgreSQL."""
        assert self._server is not None, "the stack is not running"
        return [self._server.pid, *([self.postgres.pid] if self.postgres else [])]

    @property
    def _log(self) -> Path:
        return self.data / "server.log"

    def _start(self) -> None:
        deno = find_deno()
        self._prepare_folder()
        if self.port:
            _check_port(self.port)
        if self._fresh:
            self._remove_data()
        keys = load_keys(self.data / "keys.json")
        self.publishable_key, self.secret_key = keys.publishable, keys.secret
        portal = build_portal(REPOSITORY, deno, self._on_progress) if self._portal is True else self._portal or None
        self._server = spawn_deno(deno, "server.ts", self._log)
        self._reader = threading.Thread(target=self._read_events, args=(self._server,), name="stack", daemon=True)
        self._reader.start()
        self.database_url = self._start_database()
        self._on_progress("Starting the server")
        self._configure(keys, portal)
        self.url = self._await_ready()
        self._note_owner()

    def _prepare_folder(self) -> None:
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            self._lock = (self.data / "stack.lock").open("a+")
        except OSError as error:
            raise StackError(
                f"Cannot write to {self.data}: {error.strerror}. Make it writable, or start as its owner."
            ) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            raise StackError(
                f"{self._lock.read() or 'Another stack'} is running on {self.data}. Stop it first."
            ) from None
        self._note_owner()
        for log in (self._log, *([self.postgres.log] if self.postgres else [])):
            if log.exists() and log.stat().st_size > _MAX_LOG_BYTES:
                log.unlink()

    def _note_owner(self) -> None:
        """Leave in the lock file what a second start on the same data says."""
        assert self._lock is not None
        self._lock.truncate(0)
        self._lock.write(f"Another stack (process {os.getpid()}{', ' + self.url if hasattr(self, 'url') else ''})")
        self._lock.flush()

    def _remove_data(self) -> None:
        if self.postgres is not None:
            self.postgres.remove()
        (self.data / "keys.json").unlink(missing_ok=True)

    def _start_database(self) -> str:
        if self.postgres is not None:
            self._on_progress("Starting PostgreSQL")
            self.postgres.start()
            return self.postgres.dsn()
        assert self._external_url is not None
        check_database(self._external_url)
        return self._external_url

    def _configure(self, keys: Keys, portal: Path | None) -> None:
        """Tell the server all it needs, over stdin: no secret stands in a command line or an environment."""
        assert self._server is not None and self._server.stdin is not None
        config = {
            **database_config(self.database_url, keys, self._migrations),
            "port": self.port,
            "portalFolder": str(portal) if portal else None,
            "functionUrl": self._function.as_uri(),
            "functionSecrets": self._secrets,
            "postgresPid": self.postgres.pid if self.postgres else None,
        }
        with contextlib.suppress(BrokenPipeError):
            self._server.stdin.write(json.dumps(config) + "\n")
            self._server.stdin.flush()

    def _read_events(self, server: subprocess.Popen[str]) -> None:
        assert server.stdout is not None
        with server.stdout:
            for line in server.stdout:
                event = json.loads(line)
                if event["event"] == "mail":
                    self._receive(event["mail"])
                else:
                    self._events.put(event)
        self._events.put({"event": "ended"})

    def _receive(self, mail: dict[str, str]) -> None:
        links = [html.unescape(link) for link in re.findall(r'href="(https?://[^"]+)"', mail.get("html", ""))]
        code = re.search(r"<strong>(\d+)</strong>", mail.get("html", ""))
        received = Mail(
            to=mail["to"],
            subject=mail["subject"],
            text=mail.get("text", ""),
            html=mail.get("html", ""),
            links=links,
            code=code[1] if code else "",
        )
        with self._mail_arrived:
            self._mails.append(received)
            self._unread[received["to"]].append(received)
            self._mail_arrived.notify_all()
        if self._on_mail is not None:
            self._on_mail(received)

    def _await_ready(self) -> str:
        try:
            event = self._events.get(timeout=_READY_SECONDS)
        except queue.Empty:
            raise StackError(f"The server does not answer after {_READY_SECONDS} s (see {self._log})") from None
        if event["event"] == "ready":
            return str(event["url"])
        if event["event"] == "error":
            raise StackError(event["message"])
        raise StackError(f"The server has stopped: {process.tail(self._log, 3)} (see {self._log})")


def find_deno() -> Path:
    """The Deno binary of this Python environment, or the one on the PATH."""
    beside = Path(sys.executable).with_name("deno")
    found = beside if beside.exists() else shutil.which("deno")
    if found is None:
        raise StackError("Deno is missing: run `python3 -m tools` once to install it (PyPI package `deno`).")
    return Path(found)


def spawn_deno(deno: Path, script: str | Path, log: Path) -> subprocess.Popen[str]:
    """Start one of this folder's programs, or another by its path; its configuration line is written to stdin."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SUPABASE_", "INGEST_"))}
    return process.spawn(
        [deno, "run", "--allow-all", "--no-prompt", Path(__file__).parent / script],
        # The end of stdin says it too, where there is no such signal; what was acknowledged is in PostgreSQL.
        death_signal=signal.SIGKILL,
        cwd=REPOSITORY,
        log=log,
        env={
            **inherited,
            "DENO_NO_UPDATE_CHECK": "1",
            "DO_NOT_TRACK": "1",
            "NO_COLOR": "1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        },
        piped=True,
    )


def database_config(database_url: str, keys: Keys, migrations: Path) -> dict[str, Any]:
    """What the Deno programs need to prepare a database."""
    config = REPOSITORY / "supabase" / "config.toml"
    settings = tomllib.loads(config.read_text()) if config.exists() else {}
    auth = settings.get("auth", {})
    email = auth.get("email", {})
    return {
        "databaseUrl": database_url,
        "migrationsFolder": str(migrations),
        "publishableKey": keys.publishable,
        "secretKey": keys.secret,
        "jwtSecret": keys.jwt,
        "api": _pick(settings.get("api", {}), _API_SETTINGS),
        "auth": {
            **_pick(auth, _AUTH_SETTINGS),
            "email": {
                "enable_confirmations": True,
                **_pick(email, _EMAIL_SETTINGS),
                "template": {
                    name: {**mail, "content_path": str(REPOSITORY / mail["content_path"])}
                    for name, mail in email.get("template", {}).items()
                },
                "enable_signup": email.get("enabled", True),  # the name before CLI 3.1
                "max_frequency": "1s",
            },
        },
    }


def prepare_database(database_url: str, log: Path, migrations: Path = MIGRATIONS) -> None:
    """Give a database the roles, schema `auth` and the migrations, without serving it.

    Raises:
        StackError: a migration fails, or the database does not answer.
    """
    check_database(database_url)
    with spawn_deno(find_deno(), "migrate.ts", log) as program:
        said, _ = program.communicate(json.dumps(database_config(database_url, _new_keys(), migrations)) + "\n")
    events = [json.loads(line) for line in said.splitlines()]
    if not events or events[-1]["event"] != "ready":
        raise StackError(
            events[-1]["message"] if events else f"The database cannot be prepared: {process.tail(log, 3)}"
        )


def load_keys(file: Path) -> Keys:
    """The keys in the file (mode 0600), made at the first call."""
    if not file.exists():
        keys = _new_keys()
        write_whole(file, json.dumps(keys.__dict__), private=True)
    try:
        return Keys(**json.loads(file.read_text()))
    except (ValueError, TypeError):
        raise StackError(
            f"{file} does not hold the stack's keys. Delete it: new ones are made, and the data stays."
        ) from None


def check_database(database_url: str) -> None:
    """Raise StackError unless the database answers."""
    try:
        psycopg.connect(database_url, connect_timeout=_CONNECT_SECONDS).close()
    except psycopg.Error as error:
        raise StackError(f"The database is not reachable: {' '.join(str(error).split())}") from None


def _new_keys() -> Keys:
    return Keys(
        publishable=f"sb_publishable_{secrets.token_urlsafe(24)}",
        secret=f"sb_secret_{secrets.token_urlsafe(24)}",
        jwt=secrets.token_urlsafe(32),
    )


def _pick(settings: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name in names}


def _check_port(port: int) -> None:
    """Raise StackError when another program listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StackError(f"Port {port} is not free ({error.strerror}). Choose another one with --port.") from None
