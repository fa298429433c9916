"""Makes the checkout ready to run with nothing but Python's standard library, then hands over to `tools.cli`.

What it makes, all inside the checkout:

- `.venv`: the Python packages of requirements.lock, or of requirements-test.lock for `test` and `bench` (its superset).
- `node_modules`: the npm packages of deno.lock, installed by the Deno that came with the Python packages.
- `.venv/deno`: Deno's cache, unless DENO_DIR names another place. Inside the checkout it needs no writable home
  folder, goes away with the checkout, and shares its disk blocks with `node_modules` (hard links).
- `.venv/installed.json`: the record, written last. While it agrees with the lock files nothing is installed.

This module must stay quick to import: it runs at every start.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK_OF_EVERY_COMMAND = "requirements.lock"
LOCK_OF_TEST = "requirements-test.lock"
LOCK_OF_PIP = "requirements-pip.lock"
NPM_RECORD = "deno.lock"
UNFINISHED = "unfinished"

Record = dict[str, str]


class SetupError(Exception):
    """Setting up cannot go on; the text says what happened and what the reader can do."""


class Checkout:
    """Where things lie in one checkout, and what has been installed into it."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.python = self.venv / "bin" / "python"
        self.deno = self.venv / "bin" / "deno"
        self.log = self.venv / "install.log"
        self.record_file = self.venv / "installed.json"

    def digest(self, lock: str) -> str:
        """SHA-256 of a lock file; for deno.lock also of the manifests of the Deno workspace."""
        files = [self.root / lock]
        if lock == NPM_RECORD:
            workspace = self.root / "deno.json"
            members = json.loads(workspace.read_bytes())["workspace"]
            manifests = [self.root / member / name for member in members for name in ("deno.json", "package.json")]
            files += [workspace, *(manifest for manifest in manifests if manifest.exists())]
        digest = hashlib.sha256()
        for file in files:
            digest.update(file.read_bytes())
        return digest.hexdigest()

    def record(self) -> Record:
        """What is installed: lock file -> digest, plus the interpreter; empty if nothing (readable) is there."""
        try:
            record = json.loads(self.record_file.read_bytes())
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    def write_record(self, record: Record) -> None:
        """Replaces the record in one step, so that a cut leaves the old one or the new one."""
        temporary = self.record_file.with_suffix(".new")
        temporary.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        temporary.replace(self.record_file)

    def interpreter(self) -> str:
        """The Python that the environment stands on ("" if it is gone, as after an upgrade of the system)."""
        return os.path.realpath(self.python) if self.python.exists() else ""

    def python_is_ready(self, lock: str) -> bool:
        """Whether the packages of `lock` are installed, whole, and on an interpreter that is still there."""
        record = self.record()
        interpreter = self.interpreter()
        return (
            bool(interpreter)
            and UNFINISHED not in record
            and record.get("interpreter") == interpreter
            and record.get(lock) == self.digest(lock)
        )

    def npm_is_ready(self) -> bool:
        """Whether the npm packages of deno.lock are installed."""
        return (self.root / "node_modules").is_dir() and self.record().get(NPM_RECORD) == self.digest(NPM_RECORD)

    def is_ready(self, lock: str) -> bool:
        """Whether there is nothing to install."""
        return self.python_is_ready(lock) and self.npm_is_ready()


def lock_for(arguments: Sequence[str]) -> str:
    """The lock file whose packages the command needs."""
    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    # `bench` drives a browser, as tests do.
    return LOCK_OF_TEST if command in ("test", "bench") else LOCK_OF_EVERY_COMMAND


def environment(checkout: Checkout) -> dict[str, str]:
    """The environment of everything that is started: this one, over defaults for Deno.

    Its cache lies in the checkout, it trusts what the system trusts (a company's proxy, say), and asks for no updates.
    Modules of the caller's PYTHONPATH stay out: they would hide those that the lock files pin.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return {
        "DENO_DIR": str(checkout.venv / "deno"),
        "DENO_NO_UPDATE_CHECK": "1",
        "DENO_TLS_CA_STORE": "system,mozilla",
        **inherited,
    }


@contextmanager
def one_at_a_time(checkout: Checkout) -> Iterator[int]:
    """Holds the checkout's installation lock and yields its file descriptor.

    The installing children inherit it: if this process is killed, the next one waits for them too.
    """
    import fcntl
    import time

    descriptor = os.open(checkout.root / ".venv.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        told = False
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    print("Another start is setting up this checkout; waiting for it.", file=sys.stderr, flush=True)
                    told = True
                time.sleep(0.2)
        yield descriptor
    finally:
        os.close(descriptor)


def prepare(checkout: Checkout, lock: str) -> None:
    """Installs what is missing. Raises SetupError, OSError or KeyboardInterrupt; the next call goes on from there."""
    if checkout.is_ready(lock):
        return
    from tools.bootstrap_install import Installer

    with one_at_a_time(checkout) as descriptor:
        if not checkout.is_ready(lock):
            Installer(checkout, descriptor).install(lock)


def main(arguments: Sequence[str]) -> int:
    """Prepares the checkout and replaces this process by the command; returns only an exit code of failure."""
    checkout = Checkout()
    if os.name != "posix":
        print(
            "error: these tools run on Linux and macOS; on Windows use them inside WSL 2 (wsl --install).",
            file=sys.stderr,
        )
        return 1
    try:
        prepare(checkout, lock_for(arguments))
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        print(
            f"error: setting up {checkout.root} failed: {error.strerror or error}{where}."
            " The checkout must be writable by you and its disk needs 1 GB of room.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The same command goes on from here.", file=sys.stderr)
        return 130
    sys.stdout.flush()
    sys.stderr.flush()
    # Found by where the checkout is, not by the folder that this was started in: the user's paths are relative to that.
    start = f"import runpy, sys; sys.path.insert(0, {str(ROOT)!r}); runpy.run_module('tools.cli', run_name='__main__')"
    command = [str(checkout.python), "-P", "-c", start, *arguments]
    os.execve(command[0], command, environment(checkout))
