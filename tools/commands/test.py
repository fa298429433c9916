"""`test`: every test, and with them the formatter, the linter and the type checker."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from tools.bootstrap.checkout import ROOT

# A file's tests share servers and browsers, so files are what the workers share out; `-n 0` runs them one by one.
# In the order of tests/conftest.py: by number of tests, the few long ones of test_chaos.py would be left to one worker
# at the end. Two workers more than there are cores: much of a test is waiting for a browser, a board or a sign-in; with
# one more, two cores were idle for a fifth of the time.
WORKERS = ("-n", str(min(len(os.sched_getaffinity(0)), 4) + 2), "--dist=loadfile", "--no-loadscope-reorder")


def run(arguments: Sequence[str]) -> NoReturn:
    """Replaces this process by pytest in the repo root, with the arguments as they came behind our own."""
    os.chdir(ROOT)
    # The tests start hundreds of processes, and each would compile again what it imports.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *WORKERS, *arguments])
