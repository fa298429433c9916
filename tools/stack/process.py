"""Child processes that never outlive this one, and start as an unprivileged user where this one is root."""

import contextlib
import ctypes
import os
import platform
import pwd
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tools.stack.errors import StackError

_PR_SET_PDEATHSIG = 1
_LINUX = platform.system() == "Linux"
_libc = ctypes.CDLL(None) if _LINUX else None


@dataclass(frozen=True)
class User:
    """A user and group to run as."""

    name: str
    uid: int
    gid: int


def unprivileged_user() -> User | None:
    """`nobody` where this process is root (PostgreSQL refuses to run as root), otherwise None."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise StackError(
            "PostgreSQL does not run as root and there is no user `nobody`: start as another user."
        ) from None
    return User(entry.pw_name, entry.pw_uid, entry.pw_gid)


def can_enter(folder: Path, user: User) -> bool:
    """Whether the user reaches the folder through all its parents."""
    check = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(folder)]
    return subprocess.run(check, cwd="/", user=user.uid, group=user.gid, extra_groups=[], check=False).returncode == 0


def spawn(
    command: Sequence[str | Path],
    *,
    death_signal: signal.Signals,
    cwd: Path,
    log: Path,
    env: Mapping[str, str] | None = None,
    user: User | None = None,
    piped: bool = False,
) -> subprocess.Popen[str]:
    """Start a child in a session of its own, so that Ctrl-C reaches only this process, which then ends the child.

    On Linux the kernel sends `death_signal` to the child when this process dies, however it dies. With `piped`,
    stdin and stdout are pipes; everything else goes to the file `log`.
    """
    parent = os.getpid()

    def before_exec() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
            if os.getppid() != parent:
                os._exit(1)

    def start() -> subprocess.Popen[str]:
        with log.open("ab") as output:
            return subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else output,
                stderr=output,
                cwd=cwd,
                env=env,
                text=True,
                start_new_session=True,
                preexec_fn=before_exec,
                user=user.uid if user else None,
                group=user.gid if user else None,
                extra_groups=[] if user else None,
            )

    return _launcher.call(start)


class _Launcher:
    """One thread that starts all children: "parent death" means the death of the thread that forked."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], subprocess.Popen[str]], queue.SimpleQueue[object]]] = (
            queue.SimpleQueue()
        )
        self._lock = threading.Lock()
        self._pid = 0

    def call(self, job: Callable[[], subprocess.Popen[str]]) -> subprocess.Popen[str]:
        with self._lock:
            if self._pid != os.getpid():
                threading.Thread(target=self._run, name="launcher", daemon=True).start()
                self._pid = os.getpid()
        answer: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._jobs.put((job, answer))
        result = answer.get()
        if isinstance(result, BaseException):
            raise result
        assert isinstance(result, subprocess.Popen)
        return result

    def _run(self) -> None:
        while True:
            job, answer = self._jobs.get()
            try:
                answer.put(job())
            except BaseException as error:
                answer.put(error)


_launcher = _Launcher()


def command_line(pid: int) -> str:
    """The process's command line, empty when there is no such process."""
    if _LINUX:
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    return subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False).stdout


def wait_until(condition: Callable[[], bool], *, timeout_seconds: float, interval_seconds: float = 0.02) -> bool:
    """Poll until the condition holds; False when the time is over."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval_seconds)
    return True


def tail(log: Path, lines: int = 1) -> str:
    """The last non-empty lines of a log file, joined by " / "."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return ""
    return " / ".join([line.strip() for line in text.splitlines() if line.strip()][-lines:])


def close_quietly(stream: IO[str] | None) -> None:
    """Close a pipe whose other end may be gone."""
    if stream is not None:
        with contextlib.suppress(BrokenPipeError):
            stream.close()
