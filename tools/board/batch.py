"""Ten boards in one sitting: wait for the next one, and keep a list of those that are done."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tools.board.errors import BoardError
from tools.board.find import Found, Where, search
from tools.files import write_whole

POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Row:
    """One board of the list. `chip` is the number of its processor; no secret is in it."""

    name: str
    chip: str
    device_uuid: str
    register: str


class BoardList:
    """A CSV file with a header line, one row per board; a board that comes again keeps its row and its name."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.rows: list[Row] = []
        if file.exists():
            try:
                self.rows = [Row(**row) for row in csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))]
            except (OSError, TypeError, csv.Error, UnicodeDecodeError):
                columns = ",".join(one.name for one in fields(Row))
                raise BoardError(
                    f"{file} is no list of boards (its first line would be {columns}). Name another file with --list."
                ) from None

    def name_of(self, chip: str) -> str:
        """The board's name in the list, else the next free one: "Board 3"."""
        known = next((row.name for row in self.rows if chip and row.chip == chip), "")
        return known or f"Board {len(self.rows) + 1}"

    def add(self, row: Row) -> None:
        """Put a board into the list, in place of its earlier row, and write the file. Raises FileError."""
        self.rows = list({**{one.name: one for one in self.rows}, row.name: row}.values())
        out = io.StringIO()
        writer = csv.DictWriter(out, [one.name for one in fields(Row)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(one) for one in self.rows)
        write_whole(self._file, out.getvalue())


class Queue:
    """Boards as they are plugged in, each once until it is unplugged."""

    def __init__(self, where: Where, *, look: Callable[[], list[Found]] = search, pause_seconds: float = POLL_SECONDS):
        self._where = where
        self._look = look
        self._pause_seconds = pause_seconds
        self._done: set[Found] = set()

    def next(self) -> Where:
        """Waits for a board that is not done yet."""
        while True:
            present = self._present()
            self._done &= set(present)
            for found in present:
                if found not in self._done:
                    self._done.add(found)
                    return Where(
                        path=Path(found.text) if found.option == "path" else None,
                        host=found.text if found.option == "host" else None,
                        port=found.text if found.option == "port" else None,
                        password=self._where.password,
                    )
            time.sleep(self._pause_seconds)

    def _present(self) -> list[Found]:
        if self._where.path:
            return [Found("path", str(self._where.path))] if (self._where.path / "boot_out.txt").exists() else []
        if self._where.port:
            return [Found("port", self._where.port)] if Path(self._where.port).exists() else []
        return self._look()
