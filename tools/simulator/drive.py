"""The board's drive: the real FatFs on the flash model, with CircuitPython's ``open`` and ``os`` on top.

Semantics, errors and the order of flash operations follow CircuitPython 10.2 (extmod/vfs_fat*.c and
supervisor/shared/filesystem.c). Names are limited to code page 437, fatfs-ng's; the board takes all of Unicode.
"""

from __future__ import annotations

import calendar
import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from types import TracebackType
from typing import Any, Literal

from fatfs import wrapper as fatfs

from tools.circuitpython import (
    EXTENDED_8MB_BLOCKS,
    NARROW_8MB_BLOCKS,
    RECOMMENDED,
    drive_blocks_8mb,
    release_of,
)
from tools.simulator.flash import BLOCK_BYTES, BLOCKS_PER_SECTOR, NorFlash, Snapshot
from tools.simulator.power import PowerCut
from tools.simulator.volume import (
    FR_EXIST,
    FR_OK,
    PREFIX,
    FileStruct,
    FileTime,
    Geometry,
    InfoStruct,
    ObjectStruct,
    Volume,
    address_of,
)

S_IFDIR = 0x4000
S_IFREG = 0x8000
NAME_MAX = 255
MAX_DEPTH = 32
HELLO_WORLD = b'print("Hello World!")\n'

_AM_DIR = 0x10
_READ, _WRITE, _CREATE_NEW, _CREATE_ALWAYS, _OPEN_ALWAYS = 0x01, 0x02, 0x04, 0x08, 0x10
_MODES = {"r": _READ, "w": _WRITE | _CREATE_ALWAYS, "x": _WRITE | _CREATE_NEW, "a": _WRITE | _OPEN_ALWAYS}
# FRESULT -> errno, in the order of FatFs's codes (fresult_to_errno_table).
_ERRNO = (
    0,
    errno.EIO,
    errno.EIO,
    errno.EBUSY,
    errno.ENOENT,
    errno.ENOENT,
    errno.EINVAL,
    errno.EACCES,
    errno.EEXIST,
    errno.EINVAL,
    errno.EROFS,
    errno.ENODEV,
    errno.ENODEV,
    errno.ENODEV,
    errno.EIO,
    errno.EIO,
    errno.EIO,
    errno.ENOMEM,
    errno.EMFILE,
    errno.EINVAL,
)


@dataclass(frozen=True, slots=True)
class Layout:
    """A board's drive: its size in blocks of 512 bytes."""

    name: str
    blocks: int


LAYOUT_8MB = Layout("8mb", NARROW_8MB_BLOCKS)
LAYOUT_8MB_EXTENDED = Layout("8mb-extended", EXTENDED_8MB_BLOCKS)
LAYOUT_4MB = Layout("4mb", 2432)
# What the recommended CircuitPython gives a board with 8 MB.
LAYOUT_RECOMMENDED = next(
    layout for layout in (LAYOUT_8MB, LAYOUT_8MB_EXTENDED) if layout.blocks == drive_blocks_8mb(release_of(RECOMMENDED))
)
LAYOUTS = (LAYOUT_8MB, LAYOUT_8MB_EXTENDED, LAYOUT_4MB)


def _layout_of(image: bytes | None) -> Layout:
    """The layout whose size an image has; without one, the recommended CircuitPython's."""
    sizes = {layout.blocks * BLOCK_BYTES: layout for layout in LAYOUTS}
    return sizes.get(len(image or b""), LAYOUT_RECOMMENDED)


class DriveFile:
    """What ``open`` returns on the board. Dropping it writes nothing; ``close`` does, or ``Drive.close_all``.

    ``cluster_map_bytes`` is what CircuitPython allocates on the heap beside the file object: FatFs's cluster map,
    made for files opened only for reading, 24 bytes and 16 more per fragment.
    """

    def __init__(self, drive: Drive, handle: Any, *, path: bytes, mode: int, text: bool) -> None:
        self._drive = drive
        self._volume = drive.volume
        self._handle = handle
        self._state = FileStruct.from_address(address_of(handle))
        self._path = path
        self._text = text
        self._fast = mode == _READ
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
        self._run(partial(self._volume.seek_file, fast=self._fast), self._handle, (base + offset) & 0xFFFFFFFF)
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
            raise _error(result)

    def _take(self, size: int) -> bytes:
        """At most ``size`` bytes, all if negative."""
        wanted = size if size >= 0 else self._state.obj.objsize
        result, data = self._run(partial(self._volume.read_file, fast=self._fast), self._handle, wanted)
        self._check(result)
        return bytes(data)

    def _take_line(self, size: int) -> bytes:
        result, line = self._run(partial(self._volume.read_line, fast=self._fast), self._handle, size)
        self._check(result)
        return bytes(line)


class Drive:
    """A board's drive. Nothing works before ``mount_or_format``, which is what a start of the board does.

    ``layout``: if left out, that of ``image``, or of the recommended CircuitPython. ``on_busy(seconds)`` is told after
    each operation how long the flash was busy; ``file_time`` gives the RTC's time.
    ``readonly``: Python may not write (S2 and S3 without ``storage.remount``). One thread at a time per drive; any
    number of drives at once.
    """

    def __init__(
        self,
        layout: Layout | None = None,
        *,
        image: bytes | None = None,
        on_busy: Callable[[float], None] | None = None,
        file_time: Callable[[], FileTime] = lambda: (2000, 1, 1, 0, 0, 0),
    ) -> None:
        self.layout = layout = layout or _layout_of(image)
        self.flash = NorFlash(layout.blocks // BLOCKS_PER_SECTOR)
        if image is not None:
            self.flash.load(image)
        self.on_busy = on_busy
        self.readonly = False
        self._file_time = file_time
        self._volume: Volume | None = None
        self._files: list[DriveFile] = []
        self._directory = "/"
        self._charged_seconds = 0.0

    # Power and start

    def mount_or_format(self) -> Literal["mounted", "formatted"]:
        """Start as the board does: an unreadable volume is silently formatted and gets a Hello-World ``code.py``."""
        self.reset()
        self.flash.power_on()
        self._volume = volume = Volume(self.flash, self.flash.write, self._file_time)
        if volume.mount():
            return "mounted"
        self.run(volume.make_filesystem, b"CIRCUITPY  ")
        if not volume.mount():
            raise RuntimeError("Drive: a freshly formatted volume does not mount")
        self._furnish()
        return "formatted"

    def power_off(self) -> None:
        """Take the power away between two operations: open files are lost, not closed."""
        self.flash.power_off()
        self.reset()

    def reset(self) -> None:
        """A chip reset: open files are lost without being closed, and the drive waits for ``mount_or_format``."""
        for file in self._files:
            file.lost = True
        self._files.clear()
        self._volume = None
        self._directory = "/"

    def close_all(self) -> None:
        """A soft reload: finalisers close every open file, errors are lost."""
        for file in self._files.copy():
            try:
                file.close()
            except OSError:
                self.forget(file)

    def snapshot(self) -> Snapshot:
        """The flash's content, for ``restore``; cheap."""
        return self.flash.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Put a content back, without power: the next step is ``mount_or_format``."""
        self.power_off()
        self.flash.restore(snapshot)

    # What CircuitPython offers

    def open(self, path: str, mode: str = "r") -> DriveFile:
        """The board's ``open``. Raises OSError (EROFS on a read-only drive) and ValueError for a bad mode."""
        flags, text = _mode(mode)
        if flags & _WRITE:
            self._check_writable()
        name = self._name(path)
        handle = fatfs.FIL_Handle()
        result = self.run(fatfs.pyf_open, handle, name, flags)
        if result != FR_OK:
            raise _error(result, path)
        file = DriveFile(self, handle, path=name, mode=flags, text=text)
        self._files.append(file)
        if flags == _READ:
            file.cluster_map_bytes = self.run(self.volume.map_file, handle)
        if flags & _OPEN_ALWAYS:
            file.seek(0, 2)
        return file

    def stat(self, path: str) -> tuple[int, ...]:
        """Ten numbers; 0: type bits, 6: size in bytes, 7-9: time of writing."""
        name = self._name(path)
        size = date = time = 0
        kind = S_IFDIR
        if name == PREFIX + b"/":
            date = 0x2821
        else:
            info = self._info(name)
            size, date, time = info.fsize, info.fdate, info.ftime
            kind = S_IFDIR if info.fattrib & _AM_DIR else S_IFREG
        month, day = max(date >> 5 & 15, 1), max(date & 31, 1)
        moment = (1980 + (date >> 9), min(month, 12), day, time >> 11, time >> 5 & 63, 2 * (time & 31))
        seconds = calendar.timegm(moment)
        return (kind, 0, 0, 0, 0, 0, size, seconds, seconds, seconds)

    def listdir(self, path: str | None = None) -> list[str]:
        """Names in a directory, in the order of its entries."""
        return [name for name, _, _ in self.run(_entries, self._name(path or self._directory))]

    def mkdir(self, path: str) -> None:
        """Make a directory."""
        self._check_writable()
        name = self._name(path)
        if name == PREFIX + b"/":
            raise OSError(errno.EEXIST, "the root directory exists")
        self._do(fatfs.pyf_mkdir, name)

    def remove(self, path: str) -> None:
        """Delete a file; OSError(EISDIR) for a directory."""
        self._remove(path, directory=False)

    unlink = remove

    def rmdir(self, path: str) -> None:
        """Delete an empty directory; OSError(EACCES) if it is not empty, OSError(ENOTDIR) for a file."""
        self._remove(path, directory=True)

    def rename(self, old: str, new: str) -> None:
        """Rename; an existing file is deleted first, so a cut in between leaves neither under the new name."""
        self._check_writable()
        names = (self._name(old), self._name(new))
        result = self.run(fatfs.pyf_rename, *names)
        if result == FR_EXIST:
            self._remove(new, directory=False)
            result = self.run(fatfs.pyf_rename, *names)
        if result != FR_OK:
            raise _error(result)

    def statvfs(self, path: str = "/") -> tuple[int, ...]:
        """Ten numbers; 0 and 1: bytes of a cluster, 2: clusters, 3 and 4: free ones, 9: longest name."""
        geometry = self._geometry()
        free = self.run(self.volume.free_clusters)
        size = geometry.blocks_per_cluster * BLOCK_BYTES
        return (size, size, geometry.clusters, free, free, 0, 0, 0, 0, NAME_MAX)

    def chdir(self, path: str) -> None:
        """Change the directory that relative paths start from."""
        if self.stat(path)[0] != S_IFDIR:
            raise OSError(errno.ENOENT, path)
        self._directory = _absolute(self._directory, path)

    def getcwd(self) -> str:
        """The directory that relative paths start from."""
        return self._directory

    def sync(self) -> None:
        """Do nothing, as on the board's internal flash: what FatFs holds back stays there."""

    # The other side

    def outside_read(self, path: str) -> bytes:
        """A file's bytes as the flash holds them, read through a mount of its own; writes nothing."""
        with self._other_side():
            return _read_file(_absolute_name(path))

    def outside_write(self, path: str, data: bytes, *, shared: bool = False) -> None:
        """Write a file in place, as a PC over USB does behind the board's back; missing folders are made.

        ``shared``: through the board's own FatFs instead, as the web workflow does.
        """
        name = _absolute_name(path)
        if shared:
            self.run(_write_file, self.volume, name, data)
        else:
            with self._other_side() as other:
                _write_file(other, name, data)

    def outside_list(self, path: str = "/") -> dict[str, int]:
        """Everything below a directory: path -> size in bytes; directories end in "/" and have size 0."""
        found: dict[str, int] = {}
        with self._other_side():
            pending = [path.rstrip("/")]
            while pending:
                folder = pending.pop()
                if folder.count("/") > MAX_DEPTH:
                    raise OSError(errno.EIO, f"the folders of this drive run in a circle: {folder}")
                for name, kind, size in _entries(_absolute_name(folder + "/")):
                    full = f"{folder}/{name}"
                    found[full + "/" if kind == S_IFDIR else full] = size
                    if kind == S_IFDIR:
                        pending.append(full)
        return found

    def outside_remove(self, path: str, *, shared: bool = False) -> None:
        """Delete a file or an empty directory, behind the board's back or (``shared``) through its FatFs."""
        name = _absolute_name(path)
        if shared:
            result = self.run(fatfs.pyf_unlink, name)
        else:
            with self._other_side():
                result = fatfs.pyf_unlink(name)
        if result != FR_OK:
            raise _error(result, path)

    # Where things lie

    @property
    def fat_sectors(self) -> range:
        """Flash sectors with the boot sector and the FAT."""
        geometry = self._geometry()
        return range(0, (geometry.root_start - 1) // BLOCKS_PER_SECTOR + 1)

    @property
    def root_sectors(self) -> range:
        """Flash sectors with the root directory; the first may hold the FAT's tail, the last the first clusters."""
        geometry = self._geometry()
        return range(geometry.root_start // BLOCKS_PER_SECTOR, (geometry.data_start - 1) // BLOCKS_PER_SECTOR + 1)

    def sectors_of(self, path: str) -> set[int]:
        """Flash sectors that hold content of a file or directory, shared ones included."""
        geometry = self._geometry()
        if path.strip("/") == "":
            return set(self.root_sectors)
        blocks = (block for run in self._runs(path) for cluster in run for block in geometry.blocks_of_cluster(cluster))
        return {block // BLOCKS_PER_SECTOR for block in blocks}

    def fragments(self, path: str) -> int:
        """In how many pieces a file or directory lies on the flash; 0 for an empty file, 1 if contiguous."""
        return len(self._runs(path))

    # Used by DriveFile

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call FatFs on this drive's volume; raises PowerCut when the power goes or has gone."""
        if not self.flash.powered:
            raise PowerCut("the drive has no supply")
        try:
            with self.volume:
                result = function(*arguments)
        finally:
            busy = self._busy()
        if busy and self.on_busy is not None:
            self.on_busy(busy)
        return result

    def forget(self, file: DriveFile) -> None:
        """A file is closed."""
        if file in self._files:
            self._files.remove(file)

    def _do(self, function: Callable[..., Any], *arguments: Any) -> None:
        result = self.run(function, *arguments)
        if result != FR_OK:
            raise _error(result)

    def _busy(self) -> float:
        """Seconds the flash was busy since the last call."""
        seconds, self._charged_seconds = self.flash.busy_seconds - self._charged_seconds, self.flash.busy_seconds
        return seconds

    @property
    def volume(self) -> Volume:
        """FatFs's view of this drive; RuntimeError before the first start, PowerCut while it has no supply."""
        if self._volume is None and not self.flash.powered:
            raise PowerCut("the drive has no supply")
        if self._volume is None:
            raise RuntimeError("Drive: not started; call mount_or_format() first")
        return self._volume

    def _other_side(self) -> Volume:
        volume = Volume(self.flash, self.flash.write_by_the_other_side, self._file_time)
        if not volume.mount():
            raise OSError(errno.ENODEV, "there is no file system on this drive")
        return volume

    def _geometry(self) -> Geometry:
        geometry = Geometry.from_boot_block(self.flash.read(0, 1))
        if geometry is None:
            raise OSError(errno.ENODEV, "there is no file system on this drive")
        return geometry

    def _furnish(self) -> None:
        """What CircuitPython puts on a fresh drive, in its order."""
        placeholder = b"SD cards mounted at /sd will hide this file from Python.\n"
        self.run(_make_directory, PREFIX + b"/.fseventsd")
        for name, data in (
            (b"/.fseventsd/no_log", b""),
            (b"/.metadata_never_index", b""),
            (b"/.Trashes", b""),
            (b"/sd/placeholder.txt", placeholder),
            (b"/settings.toml", b""),
            (b"/code.py", HELLO_WORLD),
        ):
            self.run(_write_file, self.volume, PREFIX + name, data)
        self.run(_make_directory, PREFIX + b"/lib")

    def _runs(self, path: str) -> list[range]:
        """The runs of clusters of a file or directory."""
        name = _absolute_name(path)
        with self._other_side() as other:
            handle: Any = fatfs.FIL_Handle()
            result = fatfs.pyf_open(handle, name, _READ)
            if result != FR_OK:
                handle = fatfs.DIR_Handle()
                result = fatfs.pyf_opendir(handle, name)
            if result != FR_OK:
                raise _error(result, path)
            first = ObjectStruct.from_address(address_of(handle)).sclust
            fat = (self._volume or other).fat()
        return self._geometry().fragments(fat, first)

    def _remove(self, path: str, *, directory: bool) -> None:
        self._check_writable()
        name = self._name(path)
        if bool(self._info(name).fattrib & _AM_DIR) != directory:
            raise OSError(errno.ENOTDIR if directory else errno.EISDIR, path)
        self._do(fatfs.pyf_unlink, name)

    def _info(self, name: bytes) -> InfoStruct:
        handle = fatfs.FILINFO_Handle()
        self._do(fatfs.pyf_stat, name, handle)
        return InfoStruct.from_buffer_copy(InfoStruct.from_address(address_of(handle)))

    def _check_writable(self) -> None:
        if self.readonly:
            raise OSError(errno.EROFS, "the drive is read-only for Python")

    def _name(self, path: str) -> bytes:
        return _absolute_name(_absolute(self._directory, path))


def _error(result: int, path: str | None = None) -> OSError:
    """The OSError that CircuitPython raises for a FatFs result."""
    number = _ERRNO[result]
    return OSError(number, path if path is not None else f"FatFs code {result}")


def _mode(mode: str) -> tuple[int, bool]:
    """FatFs's flags for a mode of ``open``, and whether it is text."""
    kinds = [letter for letter in mode if letter in _MODES]
    rest = sorted(letter for letter in mode if letter not in _MODES)
    if len(kinds) != 1 or rest not in ([], ["+"], ["b"], ["t"], ["+", "b"], ["+", "t"]):
        raise ValueError("Invalid mode")
    return _MODES[kinds[0]] | (_READ | _WRITE if "+" in rest else 0), "b" not in rest


@lru_cache(maxsize=1024)
def _absolute(directory: str, path: str) -> str:
    """A path from the root, without ".", ".." and doubled slashes."""
    parts: list[str] = []
    for part in (path if path.startswith("/") else f"{directory}/{path}").split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


@lru_cache(maxsize=1024)
def _absolute_name(path: str) -> bytes:
    """A path as FatFs takes it. Only the characters of code page 437 exist here."""
    try:
        return PREFIX + _absolute("/", path).encode("cp437")
    except UnicodeEncodeError as error:
        raise OSError(errno.EINVAL, path) from error


def _entries(name: bytes) -> list[tuple[str, int, int]]:
    """(name, type bits, size) of a directory's entries. The caller holds the volume."""
    directory, handle = fatfs.DIR_Handle(), fatfs.FILINFO_Handle()
    result = fatfs.pyf_opendir(directory, name)
    if result != FR_OK:
        raise _error(result)
    info = InfoStruct.from_address(address_of(handle))
    entries = []
    while fatfs.pyf_readdir(directory, handle) == FR_OK and info.fname:
        kind = S_IFDIR if info.fattrib & _AM_DIR else S_IFREG
        entries.append((info.fname.decode("cp437"), kind, int(info.fsize)))
    return entries


def _read_file(name: bytes) -> bytes:
    """A file's content. The caller holds the volume."""
    handle = fatfs.FIL_Handle()
    result = fatfs.pyf_open(handle, name, _READ)
    if result != FR_OK:
        raise _error(result)
    result, data = fatfs.pyf_read(handle, FileStruct.from_address(address_of(handle)).obj.objsize)
    if result != FR_OK:
        raise _error(result)
    return bytes(data)


def _write_file(volume: Volume, name: bytes, data: bytes) -> None:
    """Create or overwrite a file, its folders included. The caller holds the volume."""
    at = name.find(b"/", len(PREFIX) + 1)
    while at > 0:
        _make_directory(name[:at])
        at = name.find(b"/", at + 1)
    handle = fatfs.FIL_Handle()
    result = fatfs.pyf_open(handle, name, _WRITE | _CREATE_ALWAYS)
    if result != FR_OK:
        raise _error(result)
    result, written = volume.write_file(handle, data)
    closed = fatfs.pyf_close(handle)
    if result != FR_OK or closed != FR_OK:
        raise _error(result or closed)
    if written != len(data):
        raise OSError(errno.ENOSPC, "no space left on the drive")


def _make_directory(name: bytes) -> None:
    """Make a directory that may exist. The caller holds the volume."""
    result = fatfs.pyf_mkdir(name)
    if result not in (FR_OK, FR_EXIST):
        raise _error(result)


def _characters(data: bytes) -> int:
    """Characters of UTF-8 begun in ``data``."""
    return sum(byte & 0xC0 != 0x80 for byte in data)


def _cut_short(data: bytes) -> bool:
    """Whether the last character of UTF-8 is incomplete."""
    for back, byte in enumerate(reversed(data[-4:]), 1):
        if byte & 0xC0 != 0x80:
            return back < (1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4)
    return False
