"""Files that the tools write for people: checked before the work, written beside, then given their name.

So that an hour's report or a minute's figures are not lost at the end, and an earlier file is replaced by a whole one
or not at all.
"""

import contextlib
import os
import stat
import tempfile
from pathlib import Path


class FileError(Exception):
    """A file cannot be written; the text says where, why and what to do."""


def check_writable(file: Path) -> None:
    """Raises FileError unless `write_whole` will be able to write there; leaves nothing behind."""
    file = _target(file)
    try:
        if file.is_dir():
            raise FileError(f"{file} is a folder. Name a file in it.")
        if not file.parent.is_dir():
            raise FileError(f"There is no folder {file.parent} for {file.name}. Make it first, or name another file.")
        if _is_special(file):
            with file.open("ab"):
                return
        descriptor, temporary = tempfile.mkstemp(prefix=f".{file.name[:80]}.", dir=file.parent)
        os.close(descriptor)
        os.unlink(temporary)
    except OSError as error:
        raise _refusal(file, error) from None


def write_whole(file: Path, content: str | bytes, *, private: bool = False) -> None:
    """Write a file beside its place, then rename it there. `private`: readable by its owner alone, from the start.

    Raises:
        FileError: it cannot be written; a file that was there is as it was.
    """
    file = _target(file)
    data = content.encode() if isinstance(content, str) else content
    try:
        if _is_special(file):
            file.write_bytes(data)
            return
        descriptor, temporary = tempfile.mkstemp(prefix=f".{file.name[:80]}.", dir=file.parent)  # mode 0600
    except OSError as error:
        raise _refusal(file, error) from None
    try:
        with open(descriptor, "wb") as beside:
            beside.write(data)
            beside.flush()
            os.fsync(beside.fileno())
        if not private:
            os.chmod(temporary, stat.S_IMODE(file.stat().st_mode) if file.exists() else 0o666 & ~_umask())
        os.replace(temporary, file)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            raise _refusal(file, error) from None
        raise


def free_name(file: Path) -> Path:
    """The name itself if nothing is there, else the first of name-2, name-3 and so on that is free."""
    number, candidate = 1, file
    while candidate.exists():
        number += 1
        candidate = file.with_stem(f"{file.stem}-{number}")
    return candidate


def _target(file: Path) -> Path:
    """The file itself where a link is named: the link stays."""
    return file if _is_special(file) else file.resolve()


def _is_special(file: Path) -> bool:
    """Whether it is something like /dev/stdout, which has no place beside it."""
    return file.exists() and not file.is_file() and not file.is_dir()


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _refusal(file: Path, error: OSError) -> FileError:
    return FileError(f"{file} cannot be written ({error.strerror or error}). Name a file where you may write.")
