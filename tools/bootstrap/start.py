"""Every start: installs what is missing, then replaces this process by the command."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tools.bootstrap.checkout import LOCK_OF_EVERY_COMMAND, LOCK_OF_TEST, ROOT, Checkout, SetupError, environment


def lock_for(arguments: Sequence[str]) -> str:
    """The lock file whose packages the command needs."""
    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    # `bench` drives a browser, as tests do.
    return LOCK_OF_TEST if command in ("test", "bench") else LOCK_OF_EVERY_COMMAND


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
    """Installs what is missing. Raises SetupError, OSError or KeyboardInterrupt; the next call continues from there."""
    if checkout.is_ready(lock):
        return
    from tools.bootstrap.install import Installer

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
        print("\nInterrupted. Run the same command again to continue.", file=sys.stderr)
        return 130
    sys.stdout.flush()
    sys.stderr.flush()
    # Found by where the checkout is, not by the folder that this was started in: the user's paths are relative to that.
    start = f"import runpy, sys; sys.path.insert(0, {str(ROOT)!r}); runpy.run_module('tools.cli', run_name='__main__')"
    command = [str(checkout.python), "-P", "-c", start, *arguments]
    os.execve(command[0], command, environment(checkout))
