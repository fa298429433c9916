"""The progress of setting up: one redrawn line per step in a terminal, a few plain lines in a log."""

import os
import shutil
import sys
import time
from typing import TextIO

BAR_WIDTH = 24
LOG_LINE_EVERY_SECONDS = 10.0


class Progress:
    """Shows numbered steps on a stream. Redraws only on a terminal that can; a log gets a line every ten seconds."""

    def __init__(self, steps: int, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.redraws = self.stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        full, empty = "━", "╌"
        try:
            (full + empty).encode(self.stream.encoding or "ascii")
        except UnicodeEncodeError:
            full, empty = "#", "-"
        self._full, self._empty = full, empty
        self._steps = steps
        self._step = 0
        self.title = ""
        self._started = self._written = 0.0

    def start(self, title: str) -> None:
        """Begins the next step."""
        self._step += 1
        self.title = title
        self._started = self._written = time.monotonic()
        if not self.redraws:
            self._write(f"{self._prefix} ...\n")

    def update(self, done: int = 0, total: int = 0, detail: str = "") -> None:
        """Shows how far the step is: `done` of `total` (0: unknown) and what it is busy with."""
        now = time.monotonic()
        seconds = f"{now - self._started:.0f} s"
        count = f"{done} of {total}" if total else ""
        if self.redraws:
            filled = min(BAR_WIDTH, BAR_WIDTH * done // total) if total else 0
            bar = self._full * filled + self._empty * (BAR_WIDTH - filled)
            line = "  ".join(part for part in (self._prefix, bar, count, seconds, detail) if part)
            self._write("\r\x1b[K" + line[: shutil.get_terminal_size().columns - 1])
        elif now - self._written >= LOG_LINE_EVERY_SECONDS:
            self._written = now
            self._write("  ".join(part for part in (f"{self._prefix}:", count, seconds, detail) if part) + "\n")

    def finish(self, result: str) -> None:
        """Ends the step with its result and its time."""
        self.clear()
        self._write(f"{self._prefix}: {result} in {time.monotonic() - self._started:.1f} s\n")

    def clear(self) -> None:
        """Takes the unfinished line away, so that other text can follow."""
        if self.redraws:
            self._write("\r\x1b[K")

    def note(self, text: str) -> None:
        """Writes a line of its own."""
        self.clear()
        self._write(text + "\n")

    @property
    def _prefix(self) -> str:
        return f"[{self._step}/{self._steps}] {self.title}"

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()
