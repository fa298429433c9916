"""The modem lines of a simulated serial port, and the two transistors by which they reset an ESP32.

A pty has no modem lines: while an `AutoReset` is plugged in, pyserial in this process meets these instead. As with the
real circuit (the boards' schematics, esptool's "Automatic Bootloader"): EN is held low at DTR off, RTS on, IO0 at DTR
on, RTS off, and neither at both on or both off. The transistor empties EN's capacitor at once, so that the briefest
pass resets; the resistor fills it slowly, so that IO0 is read where the lines have come to rest.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import termios
import threading
from typing import Any

import serial
from serial import serialposix

_plugged: dict[str, AutoReset] = {}
_lock = threading.Lock()
_open, _close = serial.Serial.open, serial.Serial.close


class AutoReset:
    """DTR and RTS of the port at `path`, off while nobody has it open; `falls` counts how often EN went low."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.dtr = self.rts = False
        self.falls = 0
        self._has_fallen = False

    @property
    def holds_reset(self) -> bool:
        """Whether EN is low: the chip stands still."""
        return self.rts and not self.dtr

    @property
    def holds_boot(self) -> bool:
        """Whether IO0 is low: a chip that starts now waits for esptool."""
        return self.dtr and not self.rts

    def set(self, *, dtr: bool | None = None, rts: bool | None = None) -> None:
        """Lines change, both at the same instant when both are given."""
        was_low = self.holds_reset
        self.dtr = self.dtr if dtr is None else dtr
        self.rts = self.rts if rts is None else rts
        if self.holds_reset and not was_low:
            self.falls += 1
            self._has_fallen = True

    def has_risen(self) -> bool:
        """Whether EN is high again after a fall; says so once."""
        if self.holds_reset or not self._has_fallen:
            return False
        self._has_fallen = False
        return True

    def plug_in(self) -> None:
        """From now on pyserial meets these lines at that path."""
        with _lock:
            _plugged[self.path] = self
            serialposix.fcntl = _Fcntl()
            serial.Serial.open, serial.Serial.close = _open_and_raise, _close_and_drop

    def unplug(self) -> None:
        """Undo `plug_in`."""
        with _lock:
            _plugged.pop(self.path, None)
            if not _plugged:
                serialposix.fcntl = fcntl
                serial.Serial.open, serial.Serial.close = _open, _close


def _open_and_raise(port: Any) -> None:
    """Linux and macOS raise both lines at once when a port is opened."""
    lines = _plugged.get(port.port)
    if lines:
        lines.set(dtr=True, rts=True)
    _open(port)


def _close_and_drop(port: Any) -> None:
    """And drop both at once when it is closed."""
    lines = _plugged.get(port.port) if port.is_open else None
    _close(port)
    if lines:
        lines.set(dtr=False, rts=False)


class _Fcntl:
    """The module `fcntl` with the modem lines of plugged ports."""

    def __getattr__(self, name: str) -> Any:
        return getattr(fcntl, name)

    def ioctl(self, descriptor: int, request: int, argument: Any = 0, *more: Any) -> Any:
        """A request to a terminal; those about modem lines end here."""
        if request not in (termios.TIOCMBIS, termios.TIOCMBIC):
            return fcntl.ioctl(descriptor, request, argument, *more)
        lines = _plugged.get(os.ttyname(descriptor))
        if lines is None:
            raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")
        (bits,) = struct.unpack("I", argument)
        level = request == termios.TIOCMBIS
        lines.set(
            dtr=level if bits & termios.TIOCM_DTR else None,
            rts=level if bits & termios.TIOCM_RTS else None,
        )
        return argument
