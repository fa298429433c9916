"""Open files with CircuitPython's manners."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Protocol

from fatfs import wrapper as fatfs

from tools.simulator.flash.calls import READ, error_of
from tools.simulator.flash.volume import FR_OK, FileStruct, Volume, address_of
from tools.simulator.power import PowerCut


class Mount(Protocol):
    """What a file needs of its drive."""

    @property
    def volume(self) -> Volume:
        """FatFs's view of it."""

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call FatFs."""

    def forget(self, file: DriveFile) -> None:
        """A file is closed."""


class DriveFile:
    """What ``open`` returns on the board. Dropping it writes nothing; ``close`` does, or ``Drive.close_all``.

    ``cluster_map_bytes`` is what CircuitPython allocates on the heap beside the file object: FatFs's cluster map,
    made for files opened only for reading, 24 bytes and 16 more per fragment.
    """

    def __init__(self, drive: Mount, handle: Any, *, path: bytes, mode: int, text: bool) -> None:
        self._drive = drive
        self._volume = drive.volume
        self._handle = handle
        self._state = FileStruct.from_address(address_of(handle))
        self._path = path
        self._text = text
        self._fast = mode == READ
        self.lost = False
        self.cluster_map_bytes = 0

    def read(self, size: int = -1) -> Any:
        """At most ``size`` bytes (binary) or characters (text), or all the rest: bytes or str."""
        data = self._take(size)
        if not self._text:
            return data
        if size < 0:
            return data.decode()
        while (missing := size - _characters(data)) > 0 or _cut_short(data):
            more = self._take(max(missing, 1))
            if not more:
                break
            data += more
        return data.decode()

    def readinto(self, buffer: bytearray | memoryview) -> int:
        """Fill ``buffer`` as far as the file goes and return the number of bytes."""
        data = self._take(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readline(self, size: int = -1) -> Any:
        """Up to and with the next newline, at most ``size`` bytes."""
        line = self._take_line(size)
        return line.decode() if self._text else line

    def readlines(self) -> list[Any]:
        """All remaining lines."""
        return list(self)

    def write(self, data: str | bytes | bytearray | memoryview) -> int:
        """Write all of ``data`` and return its number of bytes; OSError(ENOSPC) if not all of it found room."""
        if isinstance(data, str):
            if not self._text:
                raise ValueError("string not supported; use bytes or bytearray")
            data = data.encode()
        if len(data) == 0:
            return 0
        result, written = self._run(self._volume.write_file, self._handle, bytes(data))
        self._check(result)
        if written != len(data):
            raise OSError(errno.ENOSPC, "no space left on the drive")
        return int(written)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to ``offset`` from the start (0), here (1) or the end (2); beyond the end of a writable file it grows.

        Like the board's, it reports no error of FatFs: the returned position tells how far it got.
        """
        if whence == 0 and offset < 0:
            raise OSError(errno.EINVAL, "seek before the start")
        base = (0, self.tell(), self._state.obj.objsize)[whence]
        self._run(self._volume.seek_file, self._handle, (base + offset) & 0xFFFFFFFF, self._fast)
        return self.tell()

    def tell(self) -> int:
        """The position in bytes."""
        return int(self._state.fptr)

    def flush(self) -> None:
        """Write what FatFs holds back of this file, and its directory entry, if it was written to."""
        self._check(self._run(fatfs.pyf_sync, self._handle))

    def close(self) -> None:
        """Flush and let go; again is harmless."""
        if not self._state.obj.fs and not self.lost:
            return
        result = self._run(fatfs.pyf_close, self._handle)
        self._drive.forget(self)
        self._check(result)

    def __enter__(self) -> DriveFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        line = self._take_line(-1)
        if not line:
            raise StopIteration
        return line.decode() if self._text else line

    def _run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        if self.lost:
            raise PowerCut(f"the board that opened {self._path!r} has stopped")
        return self._drive.run(function, *arguments)

    def _check(self, result: int) -> None:
        if result != FR_OK:
            raise error_of(result)

    def _take(self, size: int) -> bytes:
        """At most ``size`` bytes, all if negative."""
        wanted = size if size >= 0 else self._state.obj.objsize
        result, data = self._run(self._volume.read_file, self._handle, self._state, wanted, self._fast)
        self._check(result)
        return bytes(data)

    def _take_line(self, size: int) -> bytes:
        result, line = self._run(self._volume.read_line, self._handle, self._state, size, self._fast)
        self._check(result)
        return bytes(line)


def _characters(data: bytes) -> int:
    """Characters of UTF-8 begun in ``data``."""
    return sum(byte & 0xC0 != 0x80 for byte in data)


def _cut_short(data: bytes) -> bool:
    """Whether the last character of UTF-8 is incomplete."""
    for back, byte in enumerate(reversed(data[-4:]), 1):
        if byte & 0xC0 != 0x80:
            return back < (1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4)
    return False
