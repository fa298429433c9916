"""A board that shows its drive as a folder: CIRCUITPY over USB."""

from __future__ import annotations

import errno
import os
import re
import shutil
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, NoReturn

from tools.board.errors import BoardError, BoardNotFound, DriveFull, ReadOnly, Unreachable
from tools.board.transport import About, Console, Entry, Space, parse_boot_out
from tools.circuitpython import OLDEST_TINYUF2, RECOMMENDED

GONE = (errno.EIO, errno.ENODEV, errno.ENXIO, errno.ESHUTDOWN, errno.ENOTCONN)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class DriveBoard:
    """A board's drive under `folder`. Files are flushed to the board and read back past this computer's cache."""

    native_usb_drive = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.where = f"the drive {folder}"
        if not folder.is_dir():
            raise BoardNotFound(
                f"There is no folder {folder}. Plug the board in with a cable that carries data, wait until its drive"
                " shows, and name that folder with --path. Boards without native USB (Feather ESP32 V2) show no drive:"
                " use --port or --host."
            )
        if self.read("/INFO_UF2.TXT") is not None:
            raise BoardNotFound(self._bootloader_in_words())
        if self.read("/boot_out.txt") is None:
            raise BoardNotFound(
                f"{folder} is no CircuitPython drive: boot_out.txt is missing. Name the folder that the board shows,"
                " mostly called CIRCUITPY; a board that was never flashed needs CircuitPython first."
            )

    def _bootloader_in_words(self) -> str:
        """What to do with a board that shows its bootloader's drive instead of CircuitPython's."""
        info = (self.read("/INFO_UF2.TXT") or b"").decode(errors="replace")
        found = re.search(r"TinyUF2 Bootloader (\d+)\.(\d+)", info)
        oldest = ".".join(map(str, OLDEST_TINYUF2))
        old = found is not None and (int(found[1]), int(found[2])) < OLDEST_TINYUF2
        return f"{self.folder} is the drive of the bootloader{f', TinyUF2 {found[1]}.{found[2]}' if found else ''}." + (
            f" On a board with 4 MB, CircuitPython 10 needs TinyUF2 {oldest} or newer: update it first, as"
            " DEPLOYMENT.md, step 5, says."
            if old
            else f" Copy CircuitPython {RECOMMENDED} for this board onto it, or press RESET for the one it has."
        )

    def about(self) -> About:
        """From boot_out.txt."""
        return parse_boot_out((self.read("/boot_out.txt") or b"").decode(errors="replace"))

    def list(self, folder: str) -> list[Entry] | None:
        """See Board."""
        try:
            with os.scandir(self._real(folder)) as found:
                return [Entry(one.name, one.is_dir(), 0 if one.is_dir() else one.stat().st_size) for one in found]
        except (FileNotFoundError, NotADirectoryError):
            self._check_present()
            return None
        except OSError as error:
            self._fail(error, folder)

    def read(self, path: str) -> bytes | None:
        """See Board."""
        try:
            with open(self._real(path), "rb") as file:
                _forget_cache(file.fileno())
                return file.read()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            self._check_present()
            return None
        except OSError as error:
            self._fail(error, path)

    def put(self, path: str, data: bytes) -> None:
        """See Board."""
        try:
            with open(self._real(path), "wb") as file:
                self._write(file, data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self._fail(error, path)

    def rename(self, old: str, new: str) -> None:
        """See Board."""
        try:
            os.rename(self._real(old), self._real(new))
            self._flush_folder(new)
        except OSError as error:
            self._fail(error, new)

    def remove(self, path: str) -> None:
        """See Board."""
        try:
            os.remove(self._real(path))
            self._flush_folder(path)
        except OSError as error:
            self._fail(error, path)

    def make_folder(self, path: str) -> None:
        """See Board."""
        try:
            self._real(path).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._fail(error, path)

    def space(self) -> Space | None:
        """See Board."""
        try:
            usage = shutil.disk_usage(self.folder)
            return Space(usage.total, usage.free, os.statvfs(self.folder).f_frsize)
        except OSError as error:
            self._fail(error, "/")

    def check_writable(self) -> None:
        """See Board."""
        try:
            flags = os.statvfs(self.folder).f_flag
        except OSError as error:
            self._fail(error, "/")
        if flags & os.ST_RDONLY or not os.access(self.folder, os.W_OK):
            raise self._read_only()

    def console(self) -> AbstractContextManager[Console] | None:
        """A drive has no console; the board's serial port does."""
        return None

    def restart(self) -> None:
        """CircuitPython reloads by itself when files change over USB."""

    def close(self) -> None:
        """Nothing is held."""

    def _write(self, file: Any, data: bytes) -> None:
        file.write(data)

    def _real(self, path: str) -> Path:
        return self.folder / path.lstrip("/")

    def _flush_folder(self, path: str) -> None:
        """Push a changed folder to the board now, not when the computer feels like it."""
        with suppress(OSError):
            descriptor = os.open(self._real(path).parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _check_present(self) -> None:
        if not (self.folder / "boot_out.txt").exists() and not self.folder.is_dir():
            raise self._gone()

    def _read_only(self) -> ReadOnly:
        return ReadOnly(
            f"{self.folder} is read-only from this computer. When the logger runs, its boot.py takes the right to"
            " write: press RESET and keep the BOOT (or D0) button held while the board starts, then run this again."
            " If it stays read-only, the computer has mounted the drive so: eject it, plug it in again."
        )

    def _gone(self) -> Unreachable:
        return Unreachable(
            f"The drive {self.folder} is gone: cable pulled, or the board restarted. The program on the board is whole"
            " and starts as before. Plug it in again and repeat the same command; it continues from there."
        )

    def _fail(self, error: OSError, path: str) -> NoReturn:
        if error.errno in FULL:
            raise DriveFull(
                f"The drive is full: no room for {path}. Delete what you do not need there (never sessions.json nor"
                " the folder logger) and run this again. Nothing that was there has been harmed."
            ) from error
        if error.errno == errno.EROFS:
            raise self._read_only() from error
        if error.errno in GONE or not self.folder.is_dir():
            raise self._gone() from error
        raise BoardError(
            f"{path} on {self.where}: {error.strerror or error}. Check that you may write there, eject the drive, plug"
            " it in again and repeat the command."
        ) from error


def _forget_cache(descriptor: int) -> None:
    """Have the next read come from the board, where the system lets us ask for that."""
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
