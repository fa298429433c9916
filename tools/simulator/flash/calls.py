"""FatFs's calls as CircuitPython makes them: its modes, paths and errors, and whole files at once."""

from __future__ import annotations

import errno
from functools import lru_cache

from fatfs import wrapper as fatfs

from tools.simulator.flash.volume import FR_EXIST, FR_OK, PREFIX, FileStruct, InfoStruct, Volume, address_of

S_IFDIR = 0x4000
S_IFREG = 0x8000
AM_DIR = 0x10
READ, WRITE, CREATE_NEW, CREATE_ALWAYS, OPEN_ALWAYS = 0x01, 0x02, 0x04, 0x08, 0x10
_MODES = {"r": READ, "w": WRITE | CREATE_ALWAYS, "x": WRITE | CREATE_NEW, "a": WRITE | OPEN_ALWAYS}
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


def error_of(result: int, path: str | None = None) -> OSError:
    """The OSError that CircuitPython raises for a FatFs result."""
    number = _ERRNO[result]
    return OSError(number, path if path is not None else f"FatFs code {result}")


def parse_mode(mode: str) -> tuple[int, bool]:
    """FatFs's flags for a mode of ``open``, and whether it is text."""
    kinds = [letter for letter in mode if letter in _MODES]
    rest = sorted(letter for letter in mode if letter not in _MODES)
    if len(kinds) != 1 or rest not in ([], ["+"], ["b"], ["t"], ["+", "b"], ["+", "t"]):
        raise ValueError("Invalid mode")
    return _MODES[kinds[0]] | (READ | WRITE if "+" in rest else 0), "b" not in rest


@lru_cache(maxsize=1024)
def absolute(directory: str, path: str) -> str:
    """A path from the root, without ".", ".." and doubled slashes."""
    parts: list[str] = []
    for part in (path if path.startswith("/") else f"{directory}/{path}").split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


@lru_cache(maxsize=1024)
def name_of(path: str) -> bytes:
    """A path as FatFs takes it. Only the characters of code page 437 exist here."""
    try:
        return PREFIX + absolute("/", path).encode("cp437")
    except UnicodeEncodeError as error:
        raise OSError(errno.EINVAL, path) from error


def entries(name: bytes) -> list[tuple[str, int, int]]:
    """(name, type bits, size) of a directory's entries. The caller holds the volume."""
    directory, handle = fatfs.DIR_Handle(), fatfs.FILINFO_Handle()
    result = fatfs.pyf_opendir(directory, name)
    if result != FR_OK:
        raise error_of(result)
    info = InfoStruct.from_address(address_of(handle))
    found = []
    while fatfs.pyf_readdir(directory, handle) == FR_OK and info.fname:
        kind = S_IFDIR if info.fattrib & AM_DIR else S_IFREG
        found.append((info.fname.decode("cp437"), kind, int(info.fsize)))
    return found


def read_file(name: bytes) -> bytes:
    """A file's content. The caller holds the volume."""
    handle = fatfs.FIL_Handle()
    result = fatfs.pyf_open(handle, name, READ)
    if result != FR_OK:
        raise error_of(result)
    result, data = fatfs.pyf_read(handle, FileStruct.from_address(address_of(handle)).obj.objsize)
    if result != FR_OK:
        raise error_of(result)
    return bytes(data)


def write_file(volume: Volume, name: bytes, data: bytes) -> None:
    """Create or overwrite a file, its folders included. The caller holds the volume."""
    at = name.find(b"/", len(PREFIX) + 1)
    while at > 0:
        make_directory(name[:at])
        at = name.find(b"/", at + 1)
    handle = fatfs.FIL_Handle()
    result = fatfs.pyf_open(handle, name, WRITE | CREATE_ALWAYS)
    if result != FR_OK:
        raise error_of(result)
    result, written = volume.write_file(handle, data)
    closed = fatfs.pyf_close(handle)
    if result != FR_OK or closed != FR_OK:
        raise error_of(result or closed)
    if written != len(data):
        raise OSError(errno.ENOSPC, "no space left on the drive")


def make_directory(name: bytes) -> None:
    """Make a directory that may exist. The caller holds the volume."""
    result = fatfs.pyf_mkdir(name)
    if result not in (FR_OK, FR_EXIST):
        raise error_of(result)
