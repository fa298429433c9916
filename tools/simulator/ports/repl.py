"""The simulated board's serial port: a pty that carries its console and, at "Press any key", a REPL.

The REPL is a real MicroPython VM (repl.ts) whose ``os`` and ``open`` reach the board's drive. CTRL-C ends the running
program as on the board, unless that does something else about it; if boot.py had it restarted after errors, it
starts again. Keys typed while it runs wait, and the first of them answers "Press any key".
"""

from __future__ import annotations

import base64
import contextlib
import errno
import json
import os
import select
import subprocess
import threading
import tty
from pathlib import Path
from types import TracebackType
from typing import Any

from tools.simulator.chip.board import SimulatedBoard
from tools.simulator.flash.file import DriveFile
from tools.simulator.ports.auto_reset import AutoReset

POLL_SECONDS = 0.01
CONTROL_D = 0x04
# The input that MicroPython's event-driven REPL does not have.
RAW_PASTE = b"\x05A\x01"
END_SECONDS = 5.0


class Repl:
    """One stay in the REPL: a MicroPython VM that works on a board's drive."""

    def __init__(self, deno: Path, board: SimulatedBoard) -> None:
        self._board = board
        self._files: dict[int, DriveFile] = {}
        self._process = subprocess.Popen(
            [str(deno), "run", "--allow-read", "--no-prompt", str(Path(__file__).with_suffix(".ts"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def type(self, keys: bytes) -> tuple[bytes, bool]:
        """What the REPL prints, and whether it was left by CTRL-D."""
        self._send({"keys": base64.b64encode(keys).decode()})
        while True:
            assert self._process.stdout is not None
            line = self._process.stdout.readline()
            if not line:
                raise RuntimeError("Repl: the MicroPython VM has ended; its error is on standard error")
            said = json.loads(line)
            if "call" not in said:
                return base64.b64decode(said["out"]), bool(said["left"])
            with self._board.standing_still():
                self._send(self._do(*said["call"]))

    def close(self) -> None:
        """End the VM; files it left open are lost."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, value: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(value).encode() + b"\n")
        self._process.stdin.flush()

    def _do(self, name: str, *arguments: Any) -> dict[str, Any]:
        drive = self._board.drive
        try:
            if name == "psram":
                return {"ok": self._board.psram_bytes}
            if name == "readonly":
                return {"ok": drive.readonly}
            if name == "open":
                handle = len(self._files)
                self._files[handle] = drive.open(*arguments)
                return {"ok": handle}
            if name in ("read", "write", "close"):
                file = self._files[arguments[0]]
                if name == "read":
                    return {"ok": base64.b64encode(file.read(arguments[1])).decode()}
                if name == "write":
                    return {"ok": file.write(base64.b64decode(arguments[1]))}
                file.close()
                return {"ok": None}
            return {"ok": getattr(drive, name)(*arguments)}
        except OSError as error:
            return {"errno": error.errno or errno.EIO}


class SerialPort:
    """A serial port of a board: ``port`` is what a program opens. The board must run freely (``board.start()``).

    ``lines``: its modem lines, wired to the chip's reset; None without ``auto_reset``. ``cut_after_bytes``: the cable
    is pulled for good once so many bytes have been typed. Use it as a context manager.
    """

    def __init__(self, board: SimulatedBoard, deno: Path, *, auto_reset: bool = True) -> None:
        self.board = board
        self.cut_after_bytes: int | None = None
        self.typed = 0
        self._deno = deno
        self._repl: Repl | None = None
        self._told = 0
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self.lines = AutoReset(self.port) if auto_reset else None
        if self.lines:
            self.lines.plug_in()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="serial port", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Pull the plug and end the REPL."""
        self._closing.set()
        self._thread.join()
        if self.lines:
            self.lines.unplug()
        if self._repl:
            self._repl.close()
            self._repl = None
        self._hang_up()

    def __enter__(self) -> SerialPort:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while not self._closing.is_set():
                if self.lines and self.lines.has_risen():
                    self._reset(self.lines.holds_boot)
                self._show_console()
                self._answer_keys()
                ready, _, _ = select.select([self._master], [], [], POLL_SECONDS)
                if ready and not self._take(os.read(self._master, 1024)):
                    return

    def _reset(self, boot_held: bool) -> None:
        """EN was low: the chip restarts, into CircuitPython or to wait for esptool."""
        if self._repl:
            self._repl.close()
            self._repl = None
        if boot_held:
            self.board.power_off()
        elif self.board.powered:
            self.board.press_reset()

    def _take(self, keys: bytes) -> bool:
        """Keys that were typed; False once the cable is pulled."""
        if self.cut_after_bytes is not None and self.typed + len(keys) > self.cut_after_bytes:
            keys = keys[: max(0, self.cut_after_bytes - self.typed)]
            self._type(keys)
            self._hang_up()
            return False
        self._type(keys)
        return True

    def _type(self, keys: bytes) -> None:
        self.typed += len(keys)
        if self._repl:
            self._type_in_repl(keys)
        else:
            self.board.type_keys(keys)

    def _answer_keys(self) -> None:
        """At "Press any key": the first key that waits starts the program or wakes the REPL, which gets the others."""
        if self._repl or not (self.board.parked and self.board.keys):
            return
        first, rest = self.board.keys[0], bytes(self.board.keys[1:])
        self.board.keys.clear()
        if first == CONTROL_D:
            self.board.keys += rest
            self._leave()
            return
        self._repl = Repl(self._deno, self.board)
        self._write(self._repl.type(b"")[0])
        if rest:
            self._type_in_repl(rest)

    def _type_in_repl(self, keys: bytes) -> None:
        assert self._repl is not None
        if RAW_PASTE in keys:
            raise RuntimeError("SerialPort: this VM's REPL has no raw-paste mode")
        shown, left = self._repl.type(keys)
        self._write(shown)
        if left:
            self._repl.close()
            self._repl = None
            self._leave()

    def _leave(self) -> None:
        with self.board.standing_still():
            self.board.press_key()

    def _show_console(self) -> None:
        lines = self.board.console[self._told :]
        self._told += len(lines)
        self._write("".join(f"{line.text}\r\n" for line in lines).encode())

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._master, data) :]

    def _hang_up(self) -> None:
        for descriptor in (self._slave, self._master):
            with contextlib.suppress(OSError):
                os.close(descriptor)
