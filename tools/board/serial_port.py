"""A board on a serial port: its console, and its files by way of the raw REPL.

For boards without native USB that have no Wi-Fi yet. Each command to the REPL is short and is answered before the
next one goes out: the board's receive buffer is small, and nothing else controls the flow.
"""

from __future__ import annotations

import binascii
import codecs
import contextlib
import errno
import termios
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, NoReturn

import serial

from tools.board.errors import BoardError, BoardNotFound, DriveFull, ReadOnly, Unreachable
from tools.board.transport import About, Console, Entry, Space, parse_boot_out
from tools.remedies import DOCTOR

BAUD = 115_200
INTERRUPT, RAW, FRIENDLY, END = b"\x03", b"\x01", b"\x02", b"\x04"
PROMPT, FRIENDLY_PROMPT = b"raw REPL; CTRL-B to exit\r\n>", b">>> "
# 384 characters of base64 a command; a board's console buffer is drained while they come in pieces.
CHUNK_BYTES = 288
PIECE_BYTES = 64
PIECE_PAUSE_SECONDS = 0.002
# As long as a line of sessions.json, half a megabyte of which most are alike: the board sends one of those, and how
# often it is repeated. As it answers nothing while it counts, it counts no further than this.
READ_BYTES = 512
MOST_REPEATS = 64
REPLY_SECONDS = 20.0
PROMPT_SECONDS = 3.0
INTERRUPT_TRIES = 3
RESET_PULSE_SECONDS = 0.1
RESET_TRY_SECONDS = 12.0
# What pyserial lets through when the cable is pulled: its own exception is an OSError, that of a flush is not.
GONE = (OSError, termios.error)
# errno of this system where a port has no modem lines, as those of virtual machines.
NO_MODEM_LINES = (errno.ENOTTY, errno.EINVAL)
# errno of CircuitPython's OSError, as the REPL shows it.
ENOENT, ENODEV, EEXIST, ENOSPC, EROFS = 2, 19, 17, 28, 30

HELPERS = f"""\
import os, binascii
def _put(d):
 print(_f.write(binascii.a2b_base64(d)))
def _get():
 global _d
 n, d = 0, _f.read({READ_BYTES})
 while d and d == _d and n < {MOST_REPEATS}:
  n, d = n + 1, _f.read({READ_BYTES})
 _d = d
 print(n, binascii.b2a_base64(d).decode().strip())
def _ls(p):
 for n in os.listdir(p):
  s = os.stat(p.rstrip("/") + "/" + n)
  print(1 if s[0] & 0x4000 else 0, s[6], n)
"""


class RemoteError(BoardError):
    """An error that Python on the board raised; `number` is the errno of an OSError, else 0."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        last = text.strip().splitlines()[-1] if text.strip() else ""
        digits = last.partition("Errno ")[2].split("]")[0]
        self.number = int(digits) if digits.isdigit() else 0
        if not self.number and last.startswith("OSError: "):
            rest = last.removeprefix("OSError: ").strip("()").split(",")[0]
            self.number = int(rest) if rest.isdigit() else 0


class SerialBoard:
    """A board at a serial port. Its program stands still while files are looked at; `close` restarts it."""

    native_usb_drive = False

    def __init__(
        self, port: str, *, reply_seconds: float = REPLY_SECONDS, prompt_seconds: float = PROMPT_SECONDS
    ) -> None:
        self.port = port
        self.where = f"the board at {port}"
        self._reply_seconds = reply_seconds
        self._prompt_seconds = prompt_seconds
        self._line = open_port(port)
        self._in_repl = False

    def about(self) -> About:
        """From boot_out.txt, and from the chip itself."""
        about = parse_boot_out((self.read("/boot_out.txt") or b"").decode(errors="replace"))
        return replace(about, lacks_psram=about.lacks_psram or self._psram_bytes() == 0)

    def _psram_bytes(self) -> int | None:
        """None where this CircuitPython does not tell."""
        try:
            return int(self._run("import espidf\nprint(espidf.get_total_psram())"))
        except (RemoteError, ValueError):
            return None

    def list(self, folder: str) -> list[Entry] | None:
        """See Board."""
        try:
            lines = self._run(f"_ls({folder!r})").splitlines()
        except RemoteError as error:
            if error.number in (ENOENT, ENODEV):
                return None
            self._fail(error, folder)
        entries = [line.split(" ", 2) for line in lines if line]
        return [Entry(name, kind == "1", 0 if kind == "1" else int(size)) for kind, size, name in entries]

    def read(self, path: str) -> bytes | None:
        """See Board."""
        try:
            self._run(f"_f = open({path!r}, 'rb')\n_d = b''")
        except RemoteError as error:
            if error.number == ENOENT:
                return None
            self._fail(error, path)
        data = bytearray()
        block = b""
        while True:
            repeats, _, text = self._run("_get()").strip().partition(" ")
            data += block * int(repeats)
            if not text:
                break
            block = binascii.a2b_base64(text)
            data += block
        self._run("_f.close()")
        return bytes(data)

    def put(self, path: str, data: bytes) -> None:
        """See Board."""
        try:
            self._run(f"_f = open({path!r}, 'wb')")
            for at in range(0, len(data), CHUNK_BYTES):
                chunk = data[at : at + CHUNK_BYTES]
                if self._run(f"_put({binascii.b2a_base64(chunk, newline=False)!r})").strip() != str(len(chunk)):
                    raise DriveFull(self._full(path))
            self._run("_f.close()")
        except RemoteError as error:
            with contextlib.suppress(BoardError):
                self._run("_f.close()")
            self._fail(error, path)

    def rename(self, old: str, new: str) -> None:
        """See Board."""
        self._change(f"os.rename({old!r}, {new!r})", new)

    def remove(self, path: str) -> None:
        """See Board."""
        self._change(f"os.remove({path!r})", path)

    def make_folder(self, path: str) -> None:
        """See Board."""
        made = ""
        for part in path.strip("/").split("/"):
            made += "/" + part
            try:
                self._run(f"os.mkdir({made!r})")
            except RemoteError as error:
                if error.number != EEXIST:
                    self._fail(error, made)

    def space(self) -> Space | None:
        """See Board."""
        numbers = [int(one) for one in self._run("print(*os.statvfs('/')[:4])").split()]
        return Space(numbers[2] * numbers[0], numbers[3] * numbers[0], numbers[0])

    def check_writable(self) -> None:
        """See Board."""
        try:
            self._run("import storage\nprint(storage.getmount('/').readonly)")
            if "True" in self._run("print(storage.getmount('/').readonly)"):
                raise self._read_only()
        except RemoteError:
            return  # no such module: the first write tells

    def console(self) -> AbstractContextManager[Console] | None:
        """The console, once the REPL has been left."""
        return self._open_console()

    @contextlib.contextmanager
    def _open_console(self) -> Iterator[Console]:
        if self._in_repl:
            self.restart()
        yield SerialConsole(self._line, self.where)

    def restart(self) -> None:
        """Leave the REPL: CTRL-D reloads the program."""
        if self._in_repl:
            self._send(FRIENDLY)
            self._read_until(FRIENDLY_PROMPT, self._prompt_seconds)
            self._send(END)
            self._in_repl = False

    def close(self) -> None:
        """See Board."""
        with contextlib.suppress(BoardError):
            self.restart()
        self._line.close()

    # The raw REPL

    def _change(self, source: str, path: str) -> None:
        try:
            self._run(source)
        except RemoteError as error:
            self._fail(error, path)

    def _run(self, source: str) -> str:
        """What a few lines of Python print on the board. Raises RemoteError with the board's traceback."""
        if not self._in_repl:
            self._enter_repl()
        return self._execute(source)

    def _execute(self, source: str) -> str:
        self._send(source.encode() + END)
        reply = self._read_until(END, self._reply_seconds)
        if not reply.startswith(b"OK"):
            self._lost(f"it answered {reply[:40]!r}")
        problem = self._read_until(END + b">", self._reply_seconds)[:-2]
        if problem:
            raise RemoteError(problem.decode(errors="replace"))
        return reply[2:-1].decode(errors="replace")

    def _enter_repl(self) -> None:
        """Stop the program and get the raw prompt; by a reset if the program starts again each time."""
        if not (self._interrupt() or self._interrupt_boot()):
            raise BoardError(
                f"{self.where} does not stop its program. Hold BOOT (or D0) and press RESET, keep holding for three"
                " seconds, and run this again. If there is no such button: press RESET, and again within a second"
                " (safe mode). Close other programs that use the port (screen, Thonny, Mu)."
            )
        self._in_repl = True
        self._execute(HELPERS)

    def _interrupt(self) -> bool:
        for _ in range(INTERRUPT_TRIES):
            self._send(b"\r" + INTERRUPT + INTERRUPT)
            self._drain(0.2)
            self._send(b"\r" + INTERRUPT + RAW)
            if self._reach_raw_prompt():
                self._drain(0.05)
                return True
        return False

    def _reach_raw_prompt(self) -> bool:
        """Whether the raw prompt comes; the first key at "Press any key" wakes the friendly one, so ask again there."""
        end = time.monotonic() + self._prompt_seconds
        seen = b""
        while time.monotonic() < end:
            new = self._receive(0.2)
            seen += new
            if PROMPT in seen:
                return True
            if not new and seen.endswith(FRIENDLY_PROMPT):
                seen = b""
                self._send(RAW)
        return False

    def _interrupt_boot(self) -> bool:
        """A boot.py may have the program started again after every error, CTRL-C included: interrupt boot.py itself."""
        if not self.pulse_reset():
            return False
        end = time.monotonic() + RESET_TRY_SECONDS
        seen = b""
        while time.monotonic() < end:
            self._send(INTERRUPT)
            seen = (seen + self._receive(0.02))[-200:]
            if FRIENDLY_PROMPT in seen:
                self._send(b"\r" + INTERRUPT + RAW)
                return self._reach_raw_prompt()
        return False

    def pulse_reset(self) -> bool:
        """Pull the board's reset line where the port has one (USB-serial chips do); says whether it could."""
        try:
            self._line.dtr = False
            self._line.rts = True
            time.sleep(RESET_PULSE_SECONDS)
            self._line.rts = False
        except GONE:
            return False
        return True

    def _send(self, data: bytes) -> None:
        try:
            for at in range(0, len(data), PIECE_BYTES):
                self._line.write(data[at : at + PIECE_BYTES])
                self._line.flush()
                if len(data) > PIECE_BYTES:
                    time.sleep(PIECE_PAUSE_SECONDS)
        except GONE as error:
            self._lost(str(error))

    def _receive(self, seconds: float) -> bytes:
        return receive(self._line, seconds, self.where)

    def _drain(self, seconds: float) -> None:
        while self._receive(seconds):
            pass

    def _read_until(self, text: bytes, seconds: float) -> bytes:
        """Everything up to and with `text`, at which the board has to stop by itself."""
        end = time.monotonic() + seconds
        seen = self._pending
        while text not in seen:
            if time.monotonic() > end:
                self._lost(f"no answer within {seconds:g} s")
            seen += self._receive(0.1)
        at = seen.index(text) + len(text)
        self._pending = seen[at:]
        return seen[:at]

    _pending = b""

    # Errors in words

    def _lost(self, why: str) -> NoReturn:
        self._in_repl = False
        self._pending = b""
        raise Unreachable(
            f"The connection to {self.where} broke ({why}): cable pulled, or the board restarted. The program on the"
            " board is whole. Plug it in again and repeat the same command; it continues from there."
        )

    def _full(self, path: str) -> str:
        return (
            f"The drive is full: no room for {path}. Delete what you do not need there (never sessions.json nor the"
            " folder logger) and run this again. Nothing that was there has been harmed."
        )

    def _read_only(self) -> ReadOnly:
        return ReadOnly(
            f"Python on {self.where} may not write: its drive belongs to the computer (S2 and S3 boards)."
            " Install over the drive with --path; boot.py hands it to the logger from then on."
        )

    def _fail(self, error: RemoteError, path: str) -> NoReturn:
        if error.number == ENOSPC:
            raise DriveFull(self._full(path)) from error
        if error.number == EROFS:
            raise self._read_only() from error
        last = str(error).strip().splitlines()[-1:]
        raise BoardError(f"{path} on {self.where}: {' '.join(last)}. Reset the board and run this again.") from error


class SerialConsole:
    """The console at a serial port."""

    def __init__(self, line: Any, where: str) -> None:
        self._line = line
        self._where = where
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def read(self, timeout_seconds: float) -> str:
        """See Console."""
        return self._decoder.decode(receive(self._line, timeout_seconds, self._where))


def open_port(port: str) -> Any:
    """A serial port at the board's speed, without resetting the board. Raises BoardError."""
    try:
        # Opening raises DTR and RTS, and the boards' reset circuit holds the chip in reset at DTR off, RTS on: RTS has
        # to fall first. Pyserial would clear DTR first, unless it is told that DTR is flow control.
        line = serial.Serial(None, BAUD, timeout=0.1, write_timeout=5, exclusive=True, dsrdtr=True)
        line.rts = False
        line.port = port
        line.open()
        # DTR alone holds IO0 low, and a board that restarted by itself would end in its bootloader.
        try:
            line.dtr = False
        except OSError as error:
            if error.errno not in NO_MODEM_LINES:
                raise
        return line
    except (*GONE, ValueError) as error:
        text = str(error)
        if isinstance(error, FileNotFoundError) or "No such file" in text:
            raise BoardNotFound(
                f"There is no serial port {port}. Plug the board in with a cable that carries data;"
                f" {DOCTOR} without --port lists what is there."
            ) from None
        if "Permission" in text or "denied" in text:
            raise BoardError(
                f"You may not use {port}. On Linux: sudo usermod -aG dialout $USER, then log in again."
            ) from None
        raise BoardError(f"{port} cannot be opened ({text}). Close other programs that use it.") from None


def receive(line: Any, seconds: float, where: str) -> bytes:
    """What has come within that time, b"" if nothing did. Raises Unreachable when the port is gone."""
    try:
        line.timeout = seconds
        data: bytes = line.read(1)
        if data and line.in_waiting:
            data += line.read(line.in_waiting)
        return data
    except (*GONE, TypeError) as error:
        raise Unreachable(
            f"{where} is gone ({error}): cable pulled, or the board restarted. The program on it is whole."
            " Plug it in again and repeat the same command."
        ) from error
