"""CircuitPython's own versions of standard modules: only the names that it has, with its manners.

Each function here builds one module for one run of one board; ``Run`` is what they may ask of that board.
"""

from __future__ import annotations

import array
import binascii
import collections
import hashlib
import io
import json
import math
import random
import re
import struct
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, NamedTuple, Protocol

from tools import settings_toml
from tools.simulator.clock import NS_PER_MS, board_float
from tools.simulator.values import CALL_SECONDS

MACHINE = "Simulated ESP32 with ESP32"
SEARCH_PATH = ("", "/", ".frozen", "/lib")
TICKS_PERIOD_MS = 2**29
# supervisor.ticks_ms() first wraps this long after a start, so that programs meet the wrap early.
TICKS_FIRST_WRAP_MS = 65_536
EPOCH_2000 = 946_684_800
LAST_TIME = 2**31 - 1
HEAP_BYTES = 166_000
HEAP_PSRAM_BYTES = 2_000_000
HEAP_USED_BYTES = 60_000

ERRNO = {
    "EPERM": 1, "ENOENT": 2, "EIO": 5, "EBADF": 9, "EAGAIN": 11, "ENOMEM": 12, "EACCES": 13, "EEXIST": 17,
    "ENODEV": 19, "EISDIR": 21, "EINVAL": 22, "ENOSPC": 28, "EROFS": 30, "EOPNOTSUPP": 95, "EADDRINUSE": 112,
    "ECONNABORTED": 113, "ECONNRESET": 104, "ENOBUFS": 105, "ENOTCONN": 128, "ETIMEDOUT": 116, "ECONNREFUSED": 111,
    "EHOSTUNREACH": 118, "EALREADY": 120, "EINPROGRESS": 119,
}  # fmt: skip


class Run(Protocol):
    """One run of a program on a board, as its modules see it."""

    random: random.Random
    psram: bool
    dict_salt: int
    modules: dict[str, ModuleType]

    def check(self) -> None:
        """Raise what stopped this run, if anything did."""

    def spend(self, seconds: float) -> None:
        """Let board time pass."""

    def uptime_ns(self) -> int:
        """Nanoseconds since the chip's last reset."""

    def get_rtc_seconds(self) -> int:
        """Unix seconds on the chip's RTC."""

    def write_console(self, text: str) -> None:
        """Print."""

    def read_settings(self) -> bytes:
        """Read settings.toml."""

    @property
    def version(self) -> str:
        """Which CircuitPython the board runs: "10.3.1"."""

    @property
    def release(self) -> tuple[int, int]:
        """Its major and minor version."""

    def heap_bytes(self) -> int:
        """Heap taken by open files."""

    def collect(self) -> None:
        """Close what the program has lost."""

    def open(self, path: str, mode: str = "r", **_: Any) -> Any:
        """The board's ``open()``."""

    def file_call(self, name: str) -> Callable[..., Any]:
        """The board's ``os`` call of that name."""


class StructTime(NamedTuple):
    """``time.struct_time``, made by ``make_struct_time``."""

    tm_year: int
    tm_mon: int
    tm_mday: int
    tm_hour: int
    tm_min: int
    tm_sec: int
    tm_wday: int
    tm_yday: int
    tm_isdst: int


class BoardStructTime(StructTime):
    """``time.struct_time``: takes one sequence of nine."""

    __slots__ = ()

    def __new__(cls, fields: Iterable[int]) -> BoardStructTime:
        values = tuple(fields)
        if len(values) != 9:
            raise TypeError(f"function takes 9 positional arguments but {len(values)} were given")
        return super().__new__(cls, *values)


def struct_time(seconds: int) -> BoardStructTime:
    """Break Unix seconds down."""
    moment = datetime.fromtimestamp(seconds, UTC)
    day = moment.timetuple()
    return BoardStructTime((*day[:6], day.tm_wday, day.tm_yday, -1))


def seconds_of(fields: Iterable[int]) -> int:
    """Return Unix seconds of a struct_time; day and hour overflow as in C's mktime."""
    year, month, day, hour, minute, second = list(fields)[:6]
    year += (month - 1) // 12
    start = datetime(year, (month - 1) % 12 + 1, 1, tzinfo=UTC)
    return int(start.timestamp()) + (day - 1) * 86400 + hour * 3600 + minute * 60 + second


def make_module(name: str, **members: Any) -> ModuleType:
    """Return a module that holds ``members`` and nothing else."""
    module = ModuleType(name)
    for dunder in ("__loader__", "__spec__", "__package__", "__doc__"):
        module.__dict__.pop(dunder, None)
    module.__dict__.update(members)
    return module


def time_module(run: Run) -> ModuleType:
    """``time``."""

    def now() -> int:
        run.spend(CALL_SECONDS)
        return run.uptime_ns()

    def monotonic() -> float:
        return board_float(now() // NS_PER_MS / 1000)

    def sleep(seconds: float) -> None:
        if seconds < 0:
            raise ValueError("seconds must be >= 0")
        run.spend(seconds)

    def time() -> int:
        run.spend(CALL_SECONDS)
        return run.get_rtc_seconds()

    def localtime(seconds: float | None = None) -> BoardStructTime:
        whole = time() if seconds is None else int(seconds)
        if whole > LAST_TIME:
            raise OverflowError("overflow converting long int to machine word")
        if whole < EPOCH_2000:
            raise OverflowError("timestamp out of range for platform time_t")
        return struct_time(whole)

    def mktime(fields: Iterable[int]) -> int:
        values = tuple(fields)
        if len(values) != 9:
            raise TypeError(f"function takes 9 positional arguments but {len(values)} were given")
        if values[0] < 2000:
            raise OverflowError("tm_year out of range")
        return seconds_of(values)

    return make_module(
        "time", monotonic=monotonic, monotonic_ns=now, sleep=sleep, time=time, localtime=localtime, mktime=mktime,
        struct_time=BoardStructTime,
    )  # fmt: skip


def json_module(run: Run) -> ModuleType:
    """``json``: dicts come out in no order that a program may rely on."""

    def unordered(value: Any) -> Any:
        if isinstance(value, dict):
            items = [(key, unordered(item)) for key, item in value.items()]
            if type(value) is dict:
                items.sort(key=lambda item: binascii.crc32(repr(item[0]).encode(), run.dict_salt))
            return dict(items)
        if isinstance(value, list | tuple):
            return [unordered(item) for item in value]
        return value

    def dumps(value: Any, separators: tuple[str, str] | None = None) -> str:
        run.check()
        text = json.dumps(unordered(value), separators=separators, ensure_ascii=False)
        return text.replace("NaN", "nan").replace("-Infinity", "-inf").replace("Infinity", "inf")

    def dump(value: Any, stream: Any, separators: tuple[str, str] | None = None) -> None:
        stream.write(dumps(value, separators))

    def refuse(_: str) -> None:
        raise ValueError("syntax error in JSON")

    def loads(text: str | bytes | bytearray) -> Any:
        run.check()
        try:
            return json.loads(text, parse_constant=refuse, parse_float=lambda one: board_float(float(one)))
        except (ValueError, RecursionError):
            raise ValueError("syntax error in JSON") from None

    def load(stream: Any) -> Any:
        """Read up to the end of the first value and no further."""
        return loads(_read_first_json_value(stream))

    return make_module("json", dumps=dumps, dump=dump, loads=loads, load=load)


def _read_first_json_value(stream: Any) -> bytes:
    one = bytearray(1)
    taken = bytearray()
    depth = 0
    in_text = escaped = False
    while True:
        if hasattr(stream, "readinto"):
            if not stream.readinto(one):
                return bytes(taken)
            byte = bytes(one)
        else:
            piece = stream.read(1)
            if not piece:
                return bytes(taken)
            byte = piece.encode() if isinstance(piece, str) else bytes(piece)
        taken += byte
        if in_text:
            in_text = escaped or byte != b'"'
            escaped = not escaped and byte == b"\\"
            if in_text:
                continue
        elif byte == b'"':
            in_text = True
            continue
        elif byte in (b"{", b"["):
            depth += 1
        elif byte in (b"}", b"]"):
            depth -= 1
        if depth == 0 and byte in b'}]"' and taken.strip():
            return bytes(taken)


def binascii_module(run: Run) -> ModuleType:
    """``binascii``."""
    names = ("hexlify", "unhexlify", "a2b_base64", "b2a_base64", "crc32")
    return make_module("binascii", **{name: getattr(binascii, name) for name in names})


def hashlib_module(run: Run) -> ModuleType:
    """``hashlib``: ``new`` only, SHA-1 and SHA-256 only, no ``hexdigest``."""

    class Hash:
        def __init__(self, name: str, data: bytes) -> None:
            self._real = hashlib.new(name, data)
            self.digest_size = self._real.digest_size

        def update(self, data: bytes) -> None:
            self._real.update(data)

        def digest(self) -> bytes:
            return self._real.digest()

    def new(name: str, data: bytes = b"") -> Hash:
        run.check()
        if name not in ("sha1", "sha256"):
            raise ValueError("Unsupported hash algorithm")
        return Hash(name, data)

    return make_module("hashlib", new=new, Hash=Hash)


def random_module(run: Run) -> ModuleType:
    """``random``: the board's generator, seeded with the board."""

    def seed(value: int | None = None) -> None:
        run.random.seed(value)

    names = ("getrandbits", "randrange", "randint", "choice", "random", "uniform")
    return make_module("random", seed=seed, **{name: getattr(run.random, name) for name in names})


def struct_module(run: Run) -> ModuleType:
    """``struct``: errors are ValueErrors."""
    real_unpack_from = struct.unpack_from

    def unpack_from(format: str, data: Any, offset: int = 0) -> tuple[Any, ...]:
        try:
            return real_unpack_from(format, data, offset)
        except struct.error as error:
            raise ValueError(str(error)) from None

    def lenient(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any) -> Any:
            try:
                return call(*arguments)
            except struct.error as error:
                raise ValueError(str(error)) from None

        return wrapped

    names = ("calcsize", "pack", "pack_into", "unpack")
    return make_module("struct", unpack_from=unpack_from, **{name: lenient(getattr(struct, name)) for name in names})


def errno_module(run: Run) -> ModuleType:
    """``errno``: newlib's numbers, as on espressif."""
    return make_module("errno", errorcode={number: name for name, number in ERRNO.items()}, **ERRNO)


def gc_module(run: Run) -> ModuleType:
    """``gc``: a modelled heap, in which the cluster maps of open files show."""
    total = HEAP_PSRAM_BYTES if run.psram else HEAP_BYTES

    def mem_alloc() -> int:
        run.check()
        return HEAP_USED_BYTES + run.heap_bytes()

    def mem_free() -> int:
        return total - mem_alloc()

    def collect() -> None:
        run.check()
        run.collect()

    def nothing(*_: Any) -> None:
        run.check()

    return make_module(
        "gc", collect=collect, mem_alloc=mem_alloc, mem_free=mem_free, enable=nothing, disable=nothing,
        isenabled=lambda: True, threshold=nothing,
    )  # fmt: skip


def io_module(run: Run) -> ModuleType:
    """``io``."""
    return make_module("io", StringIO=io.StringIO, BytesIO=io.BytesIO, open=run.open)


class Uname(NamedTuple):
    """What ``os.uname()`` returns."""

    sysname: str = "ESP32"
    nodename: str = "ESP32"
    release: str = ""
    version: str = ""
    machine: str = MACHINE


def os_module(run: Run) -> ModuleType:
    """``os``: no ``path``, no ``environ``; ``getenv`` reads settings.toml."""

    def getenv(key: str, default: Any = None) -> Any:
        run.check()
        value = settings_toml.getenv(run.read_settings(), key, run.release)
        return default if value is None else value

    def uname() -> Uname:
        return Uname(release=run.version, version=run.version)

    def urandom(size: int) -> bytes:
        run.check()
        return run.random.randbytes(size)

    names = (
        "chdir", "getcwd", "listdir", "mkdir", "remove", "rename", "rmdir", "stat", "statvfs", "unlink", "sync"
    )  # fmt: skip
    return make_module(
        "os", getenv=getenv, urandom=urandom, uname=uname, sep="/", **{name: run.file_call(name) for name in names}
    )


@dataclass(frozen=True)
class Implementation:
    """``sys.implementation``."""

    name: str = "circuitpython"
    version: tuple[int, ...] = ()
    _machine: str = MACHINE


class _Stream:
    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def write(self, text: str) -> int:
        self._write(text)
        return len(text)


def sys_module(run: Run) -> ModuleType:
    """``sys``."""

    def leave(code: object = None) -> None:
        raise SystemExit(code)

    return make_module(
        "sys", implementation=Implementation(version=tuple(map(int, run.version.split(".")))),
        version=f"3.4.0; CircuitPython {run.version}",
        version_info=(3, 4, 0), platform="Espressif", byteorder="little", maxsize=2**31 - 1, argv=[],
        path=list(SEARCH_PATH), modules=run.modules, exit=leave,
        stdout=_Stream(run.write_console), stderr=_Stream(run.write_console),
    )  # fmt: skip


def micropython_module(run: Run) -> ModuleType:
    """``micropython``."""
    return make_module("micropython", const=lambda value: value, opt_level=lambda *_: 0)


def traceback_module(run: Run) -> ModuleType:
    """``traceback``."""

    def format_exception(error: BaseException, *_: Any, **__: Any) -> list[str]:
        return [format_error(error)]

    def print_exception(error: BaseException, *_: Any, **__: Any) -> None:
        run.write_console(format_error(error))

    return make_module("traceback", format_exception=format_exception, print_exception=print_exception)


def format_error(error: BaseException) -> str:
    """Format an exception as the board does: its own files only."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(("/", "<"))]
    lines = ["Traceback (most recent call last):"]
    lines += [f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}' for frame in frames]
    text = str(error)
    return "\n".join([*lines, f"{type(error).__name__}: {text}" if text else type(error).__name__]) + "\n"


def collections_module(run: Run) -> ModuleType:
    """``collections``."""
    return make_module(
        "collections", OrderedDict=collections.OrderedDict, namedtuple=collections.namedtuple, deque=collections.deque
    )


def array_module(run: Run) -> ModuleType:
    """``array``."""
    return make_module("array", array=array.array)


def math_module(run: Run) -> ModuleType:
    """``math``."""
    names = (
        "acos asin atan atan2 ceil copysign cos degrees e exp fabs floor fmod frexp isfinite isinf isnan ldexp log "
        "modf pi pow radians sin sqrt tan trunc"
    )
    return make_module("math", **{name: getattr(math, name) for name in names.split()})


def re_module(run: Run) -> ModuleType:
    """``re``."""
    return make_module("re", compile=re.compile, match=re.match, search=re.search, sub=re.sub)


MODULES: dict[str, Callable[[Run], ModuleType]] = {
    "array": array_module,
    "binascii": binascii_module,
    "collections": collections_module,
    "errno": errno_module,
    "gc": gc_module,
    "hashlib": hashlib_module,
    "io": io_module,
    "json": json_module,
    "math": math_module,
    "micropython": micropython_module,
    "os": os_module,
    "random": random_module,
    "re": re_module,
    "struct": struct_module,
    "sys": sys_module,
    "time": time_module,
    "traceback": traceback_module,
}
"""The modules by name; each is made when a program first imports it."""
