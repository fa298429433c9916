"""ChaN's FatFs (``fatfs-ng``), the file system CircuitPython's descends from, with any number of volumes.

The package has ten global volume slots and one table of disks. Only slot 0 is used here: a volume's work area is put
into it while the volume is at work and taken out with its state intact, so hundreds of volumes with open files live
side by side. One lock makes them take turns, because FatFs calls back into Python, where another thread may run.

fatfs-ng gives each open file a block buffer of its own; CircuitPython is built with FF_FS_TINY, where one 512-byte
window serves the FAT, directories and the parts of blocks that files read and write. What has not reached the flash
differs, so ``Volume`` keeps the files' partial blocks in that window: the order of flash operations is the board's.
"""

from __future__ import annotations

import ctypes
import errno
import struct
import threading
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace, TracebackType
from typing import Any

from fatfs import wrapper as fatfs

from tools.simulator.flash.nor import BLOCK_BYTES, BLOCKS_PER_SECTOR, NorFlash

FR_OK = 0
FR_EXIST = 8
FR_NO_FILESYSTEM = 13
PREFIX = b"0:"
FA_DIRTY = 0x80
NO_BLOCK = 0xFFFFFFFF
# FatFs decides by the number of clusters which FAT a volume has.
FAT12_MAX_CLUSTERS = 4085

FileTime = tuple[int, int, int, int, int, int]
"""Year, month, day, hour, minute, second: what the board's RTC says when a directory entry is written."""


class _WorkAreaStruct(ctypes.Structure):
    """FATFS of FatFs R0.16 as fatfs-ng 0.1.16 configures it."""

    _fields_ = (
        ("fs_type", ctypes.c_uint8),
        ("pdrv", ctypes.c_uint8),
        ("ldrv", ctypes.c_uint8),
        ("n_fats", ctypes.c_uint8),
        ("wflag", ctypes.c_uint8),
        ("fsi_flag", ctypes.c_uint8),
        ("id", ctypes.c_uint16),
        ("n_rootdir", ctypes.c_uint16),
        ("csize", ctypes.c_uint16),
        ("ssize", ctypes.c_uint16),
        ("lfnbuf", ctypes.c_void_p),
        ("last_clst", ctypes.c_uint32),
        ("free_clst", ctypes.c_uint32),
        ("n_fatent", ctypes.c_uint32),
        ("fsize", ctypes.c_uint32),
        ("winsect", ctypes.c_uint32),
        ("volbase", ctypes.c_uint32),
        ("fatbase", ctypes.c_uint32),
        ("dirbase", ctypes.c_uint32),
        ("database", ctypes.c_uint32),
        ("win", ctypes.c_uint8 * BLOCK_BYTES),
    )


class ObjectStruct(ctypes.Structure):
    """The head of FIL, and of DIR up to ``objsize``."""

    _fields_ = (
        ("fs", ctypes.c_void_p),
        ("id", ctypes.c_uint16),
        ("attr", ctypes.c_uint8),
        ("stat", ctypes.c_uint8),
        ("sclust", ctypes.c_uint32),
        ("objsize", ctypes.c_uint32),
    )


class FileStruct(ctypes.Structure):
    """The head of FIL."""

    _fields_ = (
        ("obj", ObjectStruct),
        ("flag", ctypes.c_uint8),
        ("err", ctypes.c_uint8),
        ("fptr", ctypes.c_uint32),
        ("clust", ctypes.c_uint32),
        ("sect", ctypes.c_uint32),
    )


class InfoStruct(ctypes.Structure):
    """FILINFO."""

    _fields_ = (
        ("fsize", ctypes.c_uint32),
        ("fdate", ctypes.c_uint16),
        ("ftime", ctypes.c_uint16),
        ("fattrib", ctypes.c_uint8),
        ("altname", ctypes.c_char * 13),
        ("fname", ctypes.c_char * 256),
    )


def address_of(handle: object) -> int:
    """Address of the C structure that a fatfs-ng handle owns: its only field, right after the object's head."""
    address = ctypes.c_void_p.from_address(id(handle) + object.__basicsize__).value
    if address is None:
        raise RuntimeError(f"fatfs-ng: {type(handle).__name__} holds no structure; this needs version 0.1.16")
    return address


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where things are on a formatted volume, in blocks of 512 bytes."""

    fat_start: int
    fat_blocks: int
    root_start: int
    root_blocks: int
    data_start: int
    blocks_per_cluster: int
    clusters: int

    @classmethod
    def from_boot_block(cls, boot: bytes) -> Geometry | None:
        """Read it from block 0; None if CircuitPython's FatFs (R0.13c) would see no file system there."""
        if boot[510:512] != b"\x55\xaa" or boot[0] not in (0xEB, 0xE9, 0xE8) or boot[54:57] != b"FAT":
            return None
        block_bytes, per_cluster, reserved, fats, root_entries, total16, _, per_fat = struct.unpack_from(
            "<HBHBHHBH", boot, 11
        )
        total = total16 or struct.unpack_from("<I", boot, 32)[0]
        if block_bytes != BLOCK_BYTES or per_cluster == 0 or reserved == 0:
            return None
        root_start = reserved + fats * per_fat
        root_blocks = root_entries * 32 // BLOCK_BYTES
        data_start = root_start + root_blocks
        clusters = (total - data_start) // per_cluster
        return cls(reserved, per_fat, root_start, root_blocks, data_start, per_cluster, clusters)

    def fat_block_of(self, cluster: int) -> int:
        """The block with (the last byte of) a cluster's FAT entry."""
        at = cluster * 2 + 1 if self.clusters > FAT12_MAX_CLUSTERS else cluster * 3 // 2 + 1
        return self.fat_start + at // BLOCK_BYTES

    def blocks_of_cluster(self, cluster: int) -> range:
        """Blocks that a data cluster (numbered from 2) takes."""
        start = self.data_start + (cluster - 2) * self.blocks_per_cluster
        return range(start, start + self.blocks_per_cluster)

    def fat_entries(self, fat: bytes) -> array[int]:
        """The FAT's entries 0 .. clusters + 1 as numbers; above ``clusters + 1`` means end of chain."""
        count = self.clusters + 2
        if self.clusters > FAT12_MAX_CLUSTERS:
            return array("H", struct.unpack_from(f"<{count}H", fat))
        entries = array("H")
        for low, middle, high in zip(fat[0::3], fat[1::3], fat[2::3], strict=False):
            entries.append(low | (middle & 0x0F) << 8)
            entries.append(middle >> 4 | high << 4)
        del entries[count:]
        return entries

    def fragments(self, fat: bytes, first: int) -> list[range]:
        """The runs of consecutive clusters of the chain that begins at ``first`` (0: no chain).

        Raises OSError(EIO) for a chain that leaves the volume or bites its tail.
        """
        runs: list[range] = []
        cluster, start, seen = first, first, 0
        wide = self.clusters > FAT12_MAX_CLUSTERS
        while 2 <= cluster < self.clusters + 2:
            seen += 1
            if seen > self.clusters:
                break
            at = cluster * 2 if wide else cluster * 3 // 2
            value = fat[at] | fat[at + 1] << 8
            following = value if wide else (value >> 4 if cluster & 1 else value & 0x0FFF)
            if following != cluster + 1:
                runs.append(range(start, cluster + 1))
                start = following
            cluster = following
        if first and cluster < (0xFFF8 if wide else 0xFF8):
            raise OSError(errno.EIO, f"cluster chain from {first} is damaged at {cluster}")
        return runs


class _Disk:
    """The block device of one volume. FatFs's wrapper ignores exceptions, so they are kept for ``Volume``."""

    def __init__(self, flash: NorFlash, write: Callable[[int, bytes], None], window: _Window) -> None:
        self._flash = flash
        self._write = write
        self._window = window
        self.pending: BaseException | None = None

    def ioctl_get_sector_count(self) -> int:
        """Size in blocks."""
        return self._flash.sector_count * BLOCKS_PER_SECTOR

    def ioctl_get_sector_size(self) -> int:
        """Bytes of a block."""
        return BLOCK_BYTES

    def ioctl_get_block_size(self) -> int:
        """Erase unit as CircuitPython's driver reports it: 1, so nothing is aligned to the real 4 KiB."""
        return 1

    def ioctl_sync(self) -> None:
        """Nothing is ever held back."""

    def read(self, sector: int, length: int) -> list[int]:
        """Content from block ``sector`` on; a list, because the wrapper copies one item at a time."""
        try:
            return list(self._window.over(sector, self._flash.read(sector, length // BLOCK_BYTES)))
        except BaseException as error:
            self._fail(error)
            return [0xFF] * length

    def write(self, sector: int, length: int, data: bytes) -> None:
        """Write ``length`` bytes from block ``sector`` on."""
        try:
            self._write(sector, data)
            self._window.refill(sector, data)
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Keep the first error and unplug the disk: FatFs then gives up at its next access."""
        self.pending = self.pending or error
        _DISKS.pop(0, None)


class _Window:
    """FatFs's only buffer: block ``area.winsect``, not yet on the flash if ``area.wflag``."""

    def __init__(self, area: _WorkAreaStruct) -> None:
        self._area = area
        self.bytes = memoryview(area.win).cast("B")
        self._aside: tuple[int, bytes] | None = None

    @property
    def dirty(self) -> tuple[int, bytes] | None:
        """The block that the flash does not have yet, and its content."""
        if self._aside is not None:
            return self._aside
        return (self._area.winsect, bytes(self.bytes)) if self._area.wflag else None

    def over(self, block: int, data: bytes) -> bytes:
        """Blocks read from the flash, with what only the window has."""
        if self._aside is None and not self._area.wflag:
            return data
        dirty = self.dirty
        at = (dirty[0] - block) * BLOCK_BYTES if dirty is not None else -1
        if dirty is None or not 0 <= at < len(data):
            return data
        return data[:at] + dirty[1] + data[at + BLOCK_BYTES :]

    def refill(self, block: int, data: bytes) -> None:
        """Take over what a direct write has put on the flash under the window."""
        at = (self._area.winsect - block) * BLOCK_BYTES
        if 0 <= at < len(data):
            self.bytes[:] = data[at : at + BLOCK_BYTES]
            self._area.wflag = 0

    def put_aside(self) -> None:
        """Keep a dirty window from being moved by FatFs's walk along the FAT, which the board's fast seek spares."""
        self._aside = self.dirty
        if self._aside is not None:
            self._area.wflag = 0
            self._area.winsect = NO_BLOCK

    def put_back(self) -> None:
        """End of ``put_aside``."""
        if self._aside is not None:
            self._area.winsect, self.bytes[:] = self._aside
            self._area.wflag = 1
            self._aside = None


class Volume:
    """One mounted FAT volume on a flash. ``with volume:`` makes it the one that the ``pyf_`` functions act on.

    Errors of the flash (a power cut above all) come out of the ``with`` block. ``write`` is how blocks are written,
    ``file_time`` what the directory entries get as their time.
    """

    def __init__(self, flash: NorFlash, write: Callable[[int, bytes], None], file_time: Callable[[], FileTime]) -> None:
        self._flash = flash
        self.file_time = file_time
        self.handle: Any = fatfs.FATFS_Handle()
        self.area = _WorkAreaStruct.from_address(address_of(self.handle))
        # Memory as malloc left it.
        self.area.fs_type = self.area.wflag = 0
        self.area.winsect = NO_BLOCK
        self._window = _Window(self.area)
        self._disk = _Disk(flash, write, self._window)
        self.geometry: Geometry | None = None
        self._chains: dict[int, tuple[bytes, list[range]]] = {}

    def __enter__(self) -> Volume:
        _LOCK.acquire()
        _DISKS[0] = self._disk
        _slot.put(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pending, self._disk.pending = self._disk.pending, None
        _LOCK.release()
        if pending is not None:
            raise pending from None

    def mount(self) -> bool:
        """Mount what is on the flash; False if CircuitPython would find no file system there."""
        geometry = Geometry.from_boot_block(self._flash.read(0, 1))
        if geometry is None:
            return False
        with self:
            result = fatfs.pyf_mount(self.handle, PREFIX, 1)
        if result != FR_OK:
            return False
        seen = (self.area.fatbase, self.area.dirbase, self.area.database, self.area.n_fatent)
        expected = (geometry.fat_start, geometry.root_start, geometry.data_start, geometry.clusters + 2)
        if seen != expected:
            raise RuntimeError(f"fatfs-ng: work area reads {seen}, boot block {expected}; this needs version 0.1.16")
        self.geometry = geometry
        return True

    def make_filesystem(self, label: bytes) -> None:
        """Format with one FAT and 512 root entries, as CircuitPython does, and set the label (11 bytes)."""
        with self:
            result = fatfs.pyf_mkfs(PREFIX, workarea_size=4096)
        geometry = Geometry.from_boot_block(self._flash.read(0, 1))
        if result != FR_OK or geometry is None:
            raise OSError(errno.EIO, f"formatting failed with FatFs code {result}")
        entry = label + b"\x08" + bytes(10) + _fat_time(self.file_time()) + bytes(6)
        with self:
            self._disk.write(geometry.root_start, BLOCK_BYTES, entry + bytes(BLOCK_BYTES - len(entry)))

    # Files. Each call holds the volume: ``with volume:``.

    def read_file(self, handle: Any, state: FileStruct, size: int, fast: bool) -> tuple[int, bytes]:
        """FatFs's result and at most ``size`` bytes from an open file's position; ``fast``: it has a cluster map."""
        size = min(size, state.obj.objsize - state.fptr)
        result = int(fatfs.pyf_read(handle, 0)[0])
        if result == FR_OK and 0 < size <= BLOCK_BYTES - (state.fptr % BLOCK_BYTES or BLOCK_BYTES):
            return result, self._read_on(state, size)
        parts = []
        while size > 0 and result == FR_OK:
            offset = state.fptr % BLOCK_BYTES
            if offset:
                data = self._read_on(state, size)
            else:
                whole = size // BLOCK_BYTES * BLOCK_BYTES
                result, data = self._read_blocks(handle, state, whole or size, fast)
                if not whole and result == FR_OK:
                    self._move_window(state.sect)
            parts.append(data)
            size -= len(data)
        return result, b"".join(parts)

    def read_line(self, handle: Any, state: FileStruct, size: int, fast: bool) -> tuple[int, bytes]:
        """FatFs's result and the bytes up to and with the next newline, at most ``size`` of them (< 0: no limit)."""
        line = b""
        left = state.obj.objsize - state.fptr
        left = left if size < 0 else min(size, left)
        result = int(fatfs.pyf_read(handle, 0)[0])
        while left > 0 and result == FR_OK and not line.endswith(b"\n"):
            if state.fptr % BLOCK_BYTES == 0:
                result, piece = self.read_file(handle, state, 1, fast)
            else:
                piece = self._read_on(state, left, end=b"\n")
            line += piece
            left -= len(piece)
        return result, line

    def write_file(self, handle: Any, data: bytes) -> tuple[int, int]:
        """FatFs's result and the number of bytes written at an open file's position; fewer if the drive is full."""
        state = FileStruct.from_address(address_of(handle))
        done = 0
        while done < len(data):
            left = len(data) - done
            offset = state.fptr % BLOCK_BYTES
            if offset == 0 and self.area.winsect == state.sect:
                self._sync_window()
            whole = left // BLOCK_BYTES * BLOCK_BYTES if offset == 0 else 0
            size = whole or min(left, BLOCK_BYTES - offset)
            grows = state.fptr >= state.obj.objsize
            piece = data[done : done + size]
            try:
                _, written = fatfs.pyf_write(handle, piece)
            except fatfs.FatFSException as error:
                return error.code, done
            if not whole and written:
                state.flag &= ~FA_DIRTY
                self._write_window(state.sect, offset, piece, fresh=grows and offset == 0)
            done += written
            if written < size:
                break
        return FR_OK, done

    def seek_file(self, handle: Any, offset: int, fast: bool) -> int:
        """Move an open file's position: FatFs's result."""
        if fast:
            self._window.put_aside()
        result = int(fatfs.pyf_lseek(handle, offset))
        self._window.put_back()
        return result

    def map_file(self, handle: Any) -> int:
        """Walk an open file's chain, as CREATE_LINKMAP does; the map's size in bytes, 0 if the chain is damaged."""
        state = FileStruct.from_address(address_of(handle))
        geometry = self._formatted()
        first, fat = state.obj.sclust, self.fat()
        walked, runs = self._chains.get(first, (b"", []))
        if walked != fat:  # nearly always it is the FAT that was walked the last time
            try:
                runs = geometry.fragments(fat, first)
            except OSError:
                return 0
            self._chains[first] = (fat, runs)
        for run in runs:
            for cluster in (run[0], run[-1]):
                self._move_window(geometry.fat_block_of(cluster))
        return 24 + 16 * len(runs)

    def free_clusters(self) -> int:
        """What f_getfree gives (fatfs-ng does not offer it): counted once, then kept up by FatFs itself."""
        geometry = self._formatted()
        if self.area.free_clst > geometry.clusters:
            self.area.free_clst = geometry.fat_entries(self.fat())[2:].count(0)
            self._sync_window()
            self._move_window(geometry.fat_block_of(geometry.clusters + 1))
        return int(self.area.free_clst)

    def fat(self) -> bytes:
        """The FAT as this volume sees it: the flash, and what its window has not written yet."""
        geometry = self._formatted()
        return self._window.over(geometry.fat_start, self._flash.read(geometry.fat_start, geometry.fat_blocks))

    def _formatted(self) -> Geometry:
        if self.geometry is None:
            raise OSError(errno.ENODEV, "no file system is mounted")
        return self.geometry

    def _read_blocks(self, handle: Any, state: FileStruct, size: int, fast: bool) -> tuple[int, bytes]:
        # Its own buffer must be read again: FatFs would take an old copy.
        state.sect = 0
        if fast:
            self._window.put_aside()
        result, data = fatfs.pyf_read(handle, size)
        self._window.put_back()
        return result, data

    def _read_on(self, state: FileStruct, size: int, *, end: bytes | None = None) -> bytes:
        """From inside a block: at most ``size`` bytes, to the block's end or to and with ``end``."""
        self._move_window(state.sect)
        offset = state.fptr % BLOCK_BYTES
        data = bytes(self._window.bytes[offset : offset + size])
        if end is not None and (at := data.find(end)) >= 0:
            data = data[: at + len(end)]
        state.fptr += len(data)
        return data

    def _write_window(self, block: int, offset: int, piece: bytes, *, fresh: bool) -> None:
        """Put a part of a block into the window. ``fresh``: at the growing edge nothing is read into it first."""
        if fresh:
            self._sync_window()
            self.area.winsect = block
        else:
            self._move_window(block)
        self._window.bytes[offset : offset + len(piece)] = piece
        self.area.wflag = 1

    def _move_window(self, block: int) -> None:
        if self.area.winsect != block:
            self._sync_window()
            self._window.bytes[:] = self._flash.read(block, 1)
            self.area.winsect = block

    def _sync_window(self) -> None:
        if self.area.wflag:
            self._disk.write(self.area.winsect, BLOCK_BYTES, bytes(self._window.bytes))


class _Slot:
    """Which volume's work area stands in FatFs's slot 0."""

    def __init__(self) -> None:
        # Keeps the work area alive: FatFs still writes one byte into it when the next one replaces it.
        self.occupant: Any = None
        self._area: _WorkAreaStruct | None = None
        self.file_time: Callable[[], FileTime] = lambda: (2000, 1, 1, 0, 0, 0)

    def put(self, volume: Volume) -> None:
        """Exchange work areas. f_mount marks both as not mounted, in their first byte and nowhere else: undone."""
        self.file_time = volume.file_time
        if self.occupant is volume.handle:
            return
        coming, going = volume.area, self._area
        types = (coming.fs_type, going.fs_type if going is not None else 0)
        fatfs.pyf_mount(volume.handle, PREFIX, 0)
        coming.fs_type = types[0]
        if going is not None:
            going.fs_type = types[1]
        self.occupant, self._area = volume.handle, coming


def _now() -> SimpleNamespace:
    """The moment as the wrapper's get_fattime takes it, which forgets the hour: it rides on the minute's upper bits."""
    year, month, day, hour, minute, second = _slot.file_time()
    return SimpleNamespace(year=year, month=month, day=day, minute=hour << 6 | minute, second=second)


def _fat_time(moment: FileTime) -> bytes:
    """Time and date fields of a directory entry."""
    year, month, day, hour, minute, second = moment
    return struct.pack("<HH", hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day)


_LOCK = threading.RLock()
_DISKS: dict[int, _Disk] = vars(fatfs)["__diskio_wrapper_disks"]
_slot = _Slot()
# The wrapper stamps files with the wall clock; the board's have the time of its own RTC.
fatfs.datetime = SimpleNamespace(datetime=SimpleNamespace(now=_now))
