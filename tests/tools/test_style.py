"""The formatter, the linter and the type checker, so that one command shows everything."""

import subprocess
import sys

import pytest

from tests.tools.checkout import ROOT


@pytest.mark.parametrize(
    "arguments",
    [["ruff", "format", "--check", "."], ["ruff", "check", "."], ["mypy"]],
    ids=["formatted", "linted", "typed"],
)
def test_the_code_is_clean(arguments: list[str]) -> None:
    """No finding in the whole repository; the output says what to change."""
    outcome = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
