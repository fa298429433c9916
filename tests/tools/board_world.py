"""Boards for the tests of `tools board`: a simulated board's drive as a folder and back, and small firmware."""

from __future__ import annotations

import functools
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tools.board import commands, install, libraries, logs, settings
from tools.board.drive import DriveBoard
from tools.board.transport import Board
from tools.simulator import Drive, SimulatedBoard
from tools.simulator import install as furnish

OLD_PROGRAM = 'import time\nprint("old program")\nwhile True:\n    time.sleep(1)\n'
WANTED = settings.Wanted("https://example.org/functions/v1/ingest", "token", ("Hangar", "password"))


def blank_drive(**files: str) -> Drive:
    """A drive with the owner's old program and the files given (name without dots: `secrets_py`)."""
    contents: dict[str, str | bytes] = {"/code.py": OLD_PROGRAM}
    contents |= {f"/{name.replace('_', '.')}": text for name, text in files.items()}
    drive = furnish(Drive(), firmware=None, libraries=False, files=contents)
    board = SimulatedBoard(drive)
    board.power_on()
    board.run_for(5)
    board.close()
    return drive


def to_folder(drive: Drive, folder: Path) -> Path:
    """Copy a drive's files into a folder, as a computer would show them."""
    drive.mount_or_format()
    for path, _ in drive.outside_list().items():
        target = folder / path.lstrip("/")
        if path.endswith("/"):
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(drive.outside_read(path))
    drive.power_off()
    return folder


def to_drive(folder: Path) -> Drive:
    """A drive with a folder's files."""
    files: dict[str, str | bytes] = {
        "/" + file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()
    }
    drive = furnish(Drive(), firmware=None, libraries=False, files=files)
    if "/code.py" not in files:
        # A fresh drive comes with a program of its own.
        drive.mount_or_format()
        drive.power_off()
        drive.outside_remove("/code.py")
    return drive


def start(drive: Drive, seconds: float = 120) -> list[str]:
    """The console of a board that starts from this drive."""
    with SimulatedBoard(drive) as board:
        board.power_on()
        board.run_for(seconds)
        return board.lines


def small_firmware(folder: Path) -> Path:
    """Firmware of the same shape as the real one, quick to carry: code.py is known by its first line."""
    folder.mkdir()
    first_line = (install.FIRMWARE / "code.py").read_text().splitlines()[0]
    code = (
        f'{first_line}\n"""\nimport time\n\nFIRMWARE = "9.9.9"\nprint("new program")\nwhile True:\n    time.sleep(1)\n'
    )
    (folder / "code.py").write_text(code)
    (folder / "boot.py").write_text("# boot\n")
    (folder / "safemode.py").write_text("# safemode\n")
    (folder / "requirements.txt").write_text("adafruit_ntp\n")
    return folder


@functools.cache
def adafruit_ntp() -> libraries.Libraries:
    """The small firmware's library, from the real circup; asked once."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "requirements.txt").write_text("adafruit_ntp\n")
        return libraries.collect(Path(folder) / "requirements.txt", "10.2.1", Path(folder) / "cache", offline=True)


def plan(board: Board, firmware: Path, wanted: settings.Wanted = WANTED) -> install.Plan:
    """What an offline install of the small firmware would do."""
    return install.make_plan(board, wanted, adafruit_ntp(), firmware=firmware)


class FaultyDrive(DriveBoard):
    """A drive at which something happens before the n-th change (0 = the first)."""

    def __init__(self, folder: Path, at: int, happen: Callable[[], None]) -> None:
        super().__init__(folder)
        self._at = at
        self._happen = happen
        self.changes = 0

    def _count(self) -> None:
        if self.changes >= self._at:
            self._happen()
        self.changes += 1

    def _write(self, file: Any, data: bytes) -> None:
        file.write(data[: len(data) // 2])
        file.flush()
        self._count()
        file.write(data[len(data) // 2 :])

    def rename(self, old: str, new: str) -> None:
        """See Board."""
        try:
            self._count()
        except OSError as error:
            self._fail(error, new)
        super().rename(old, new)

    def remove(self, path: str) -> None:
        """See Board."""
        try:
            self._count()
        except OSError as error:
            self._fail(error, path)
        super().remove(path)


def leave_logs_after(
    monkeypatch: pytest.MonkeyPatch, *said: str, connected: Callable[[], object] = lambda: None
) -> None:
    """Have whoever looks at `board logs` press Ctrl-C as soon as the board has said all of this, in this order.

    `connected` is called once the console is open.
    """
    show, waiting = commands.show_line, list(said)

    def look(line: logs.Line) -> None:
        show(line)
        if line.is_notice and line.text.startswith("connected to "):
            connected()
        elif line.text.startswith(waiting[0]):
            waiting.pop(0)
        if not waiting:
            raise KeyboardInterrupt

    monkeypatch.setattr(commands, "show_line", look)


@contextmanager
def canned_server(status: int, body: bytes, headers: dict[str, str] | None = None) -> Iterator[str]:
    """A server that gives the same answer to everything: its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/functions/v1/ingest"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
