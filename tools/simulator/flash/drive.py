"""The board's drive: the real FatFs on the flash model, with CircuitPython's ``open`` and ``os`` on top.

Semantics, errors and the order of flash operations follow CircuitPython 10.2 (extmod/vfs_fat*.c and
supervisor/shared/filesystem.c). Names are limited to code page 437, fatfs-ng's; the board takes all of Unicode.
"""

from __future__ import annotations

import calendar
import errno
from collections.abc import Callable
from typing import Any, Literal

from fatfs import wrapper as fatfs

from tools.simulator.flash.calls import (
    AM_DIR,
    OPEN_ALWAYS,
    READ,
    S_IFDIR,
    S_IFREG,
    WRITE,
    absolute,
    entries,
    error_of,
    make_directory,
    name_of,
    parse_mode,
    read_file,
    write_file,
)
from tools.simulator.flash.file import DriveFile
from tools.simulator.flash.layout import Layout, layout_of
from tools.simulator.flash.nor import BLOCK_BYTES, BLOCKS_PER_SECTOR, NorFlash, Snapshot
from tools.simulator.flash.volume import (
    FR_EXIST,
    FR_OK,
    PREFIX,
    FileTime,
    Geometry,
    InfoStruct,
    ObjectStruct,
    Volume,
    address_of,
)
from tools.simulator.power import PowerCut

NAME_MAX = 255
MAX_DEPTH = 32
HELLO_WORLD = b'print("Hello World!")\n'


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
        self.layout = layout = layout or layout_of(image)
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
        flags, text = parse_mode(mode)
        if flags & WRITE:
            self._check_writable()
        name = self._name(path)
        handle = fatfs.FIL_Handle()
        result = self.run(fatfs.pyf_open, handle, name, flags)
        if result != FR_OK:
            raise error_of(result, path)
        file = DriveFile(self, handle, path=name, mode=flags, text=text)
        self._files.append(file)
        if flags == READ:
            file.cluster_map_bytes = self.run(self.volume.map_file, handle)
        if flags & OPEN_ALWAYS:
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
            kind = S_IFDIR if info.fattrib & AM_DIR else S_IFREG
        month, day = max(date >> 5 & 15, 1), max(date & 31, 1)
        moment = (1980 + (date >> 9), min(month, 12), day, time >> 11, time >> 5 & 63, 2 * (time & 31))
        seconds = calendar.timegm(moment)
        return (kind, 0, 0, 0, 0, 0, size, seconds, seconds, seconds)

    def listdir(self, path: str | None = None) -> list[str]:
        """Names in a directory, in the order of its entries."""
        return [name for name, _, _ in self.run(entries, self._name(path or self._directory))]

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
            raise error_of(result)

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
        self._directory = absolute(self._directory, path)

    def getcwd(self) -> str:
        """The directory that relative paths start from."""
        return self._directory

    def sync(self) -> None:
        """Do nothing, as on the board's internal flash: what FatFs holds back stays there."""

    # The other side

    def outside_read(self, path: str) -> bytes:
        """A file's bytes as the flash holds them, read through a mount of its own; writes nothing."""
        with self._other_side():
            return read_file(name_of(path))

    def outside_write(self, path: str, data: bytes, *, shared: bool = False) -> None:
        """Write a file in place, as a PC over USB does behind the board's back; missing folders are made.

        ``shared``: through the board's own FatFs instead, as the web workflow does.
        """
        name = name_of(path)
        if shared:
            self.run(write_file, self.volume, name, data)
        else:
            with self._other_side() as other:
                write_file(other, name, data)

    def outside_list(self, path: str = "/") -> dict[str, int]:
        """Everything below a directory: path -> size in bytes; directories end in "/" and have size 0.

        What a torn directory names as one leads nowhere, and counts as empty.
        """
        found: dict[str, int] = {}
        with self._other_side():
            pending = [path.rstrip("/")]
            while pending:
                folder = pending.pop()
                if folder.count("/") > MAX_DEPTH:
                    raise OSError(errno.EIO, f"the folders of this drive run in a circle: {folder}")
                try:
                    inside = entries(name_of(folder + "/"))
                except FileNotFoundError:
                    if folder == path.rstrip("/"):
                        raise
                    continue
                for name, kind, size in inside:
                    full = f"{folder}/{name}"
                    found[full + "/" if kind == S_IFDIR else full] = size
                    if kind == S_IFDIR:
                        pending.append(full)
        return found

    def outside_remove(self, path: str, *, shared: bool = False) -> None:
        """Delete a file or an empty directory, behind the board's back or (``shared``) through its FatFs."""
        name = name_of(path)
        if shared:
            result = self.run(fatfs.pyf_unlink, name)
        else:
            with self._other_side():
                result = fatfs.pyf_unlink(name)
        if result != FR_OK:
            raise error_of(result, path)

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
        flash = self.flash
        if not flash.powered:
            raise PowerCut("the drive has no supply")
        busy = 0.0
        try:
            with self._volume or self.volume:
                result = function(*arguments)
        finally:
            if flash.busy_seconds != self._charged_seconds:
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
            raise error_of(result)

    @property
    def uncharged_seconds(self) -> float:
        """Seconds that the flash was busy in the call that is under way."""
        return self.flash.busy_seconds - self._charged_seconds

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
        self.run(make_directory, PREFIX + b"/.fseventsd")
        for name, data in (
            (b"/.fseventsd/no_log", b""),
            (b"/.metadata_never_index", b""),
            (b"/.Trashes", b""),
            (b"/sd/placeholder.txt", placeholder),
            (b"/settings.toml", b""),
            (b"/code.py", HELLO_WORLD),
        ):
            self.run(write_file, self.volume, PREFIX + name, data)
        self.run(make_directory, PREFIX + b"/lib")

    def _runs(self, path: str) -> list[range]:
        """The runs of clusters of a file or directory."""
        name = name_of(path)
        with self._other_side() as other:
            handle: Any = fatfs.FIL_Handle()
            result = fatfs.pyf_open(handle, name, READ)
            if result != FR_OK:
                handle = fatfs.DIR_Handle()
                result = fatfs.pyf_opendir(handle, name)
            if result != FR_OK:
                raise error_of(result, path)
            first = ObjectStruct.from_address(address_of(handle)).sclust
            fat = (self._volume or other).fat()
        return self._geometry().fragments(fat, first)

    def _remove(self, path: str, *, directory: bool) -> None:
        self._check_writable()
        name = self._name(path)
        if bool(self._info(name).fattrib & AM_DIR) != directory:
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
        return name_of(absolute(self._directory, path))
