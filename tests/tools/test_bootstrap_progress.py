"""The progress of setting up, as a terminal and as a log show it."""

import io
import re
from types import SimpleNamespace

import pytest

from tools.bootstrap.progress import Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal, with an encoding of choice."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """What it can show."""
        return self._encoding

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.fixture(autouse=True)
def instant(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step takes no time, however busy the machine is."""
    monkeypatch.setattr("tools.bootstrap.progress.time", SimpleNamespace(monotonic=lambda: 100.0))


def play(stream: io.StringIO) -> str:
    """A step with two updates, as written."""
    progress = Progress(2, stream)
    progress.start("Python packages")
    progress.update(1, 4, "httpx")
    progress.update(2, 4, "rich")
    progress.finish("4 installed")
    return stream.getvalue()


def test_a_terminal_shows_a_bar_that_is_redrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each update replaces the line before it; the last line stays."""
    monkeypatch.setenv("TERM", "xterm")

    written = play(Terminal())

    assert written.count("\r\x1b[K") == 3
    assert "━━━━━━━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌  2 of 4  0 s  rich" in written
    assert written.endswith("[1/2] Python packages: 4 installed in 0.0 s\n")


def test_a_terminal_without_unicode_gets_a_plain_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written that the terminal's encoding does not have."""
    monkeypatch.setenv("TERM", "xterm")

    written = play(Terminal("ascii"))

    assert "############------------  2 of 4" in written
    assert written.isascii()


def test_a_line_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrapped lines could not be redrawn."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    progress = Progress(1, stream)

    progress.start("Python packages")
    progress.update(1, 2, "a-package-with-a-very-long-name")

    assert len(stream.getvalue().removeprefix("\r\x1b[K")) == 39


@pytest.mark.parametrize("terminal", [False, True])
def test_a_log_gets_plain_lines(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    """No control characters in a file, nor in a terminal that cannot redraw; quick steps take two lines."""
    monkeypatch.setenv("TERM", "dumb")

    written = play(Terminal() if terminal else io.StringIO())

    assert "\x1b" not in written
    assert "\r" not in written
    assert written.splitlines() == ["[1/2] Python packages ...", "[1/2] Python packages: 4 installed in 0.0 s"]


def test_a_log_hears_of_slow_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ten seconds a line says that it is still going on."""
    now = 0.0
    monkeypatch.setattr("tools.bootstrap.progress.time", SimpleNamespace(monotonic=lambda: now))
    stream = io.StringIO()
    progress = Progress(1, stream)
    progress.start("npm packages")

    for now in (5.0, 11.0, 12.0, 22.0):  # noqa: B007 (read by the clock above)
        progress.update(3, 145, "fetching")

    assert re.findall(r"(\d+) s", stream.getvalue()) == ["11", "22"]
    assert "[1/1] npm packages:  3 of 145  11 s  fetching\n" in stream.getvalue()
