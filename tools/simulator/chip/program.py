"""One run of one program: a fresh namespace with builtins and imports of its own, and files that die with it."""

from __future__ import annotations
import __future__

import builtins
import random
import threading
import weakref
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import CodeType, ModuleType
from typing import Any

from tools.simulator.chip import language
from tools.simulator.chip.chip import Chip
from tools.simulator.clock import NS_PER_S
from tools.simulator.errors import BoardOSError
from tools.simulator.flash.file import DriveFile
from tools.simulator.net.sockets import collect
from tools.simulator.power import BoardStop
from tools.simulator.values import ReloadException

BUILTINS = (
    "__build_class__ bool bytes bytearray complex dict enumerate filter float frozenset int list map memoryview object "
    "property range reversed set slice str super tuple type zip classmethod staticmethod Ellipsis NotImplemented "
    "abs all any bin callable chr delattr dir divmod eval exec getattr setattr globals hasattr hash help hex id input "
    "isinstance issubclass iter len locals max min next oct ord pow repr round sorted sum BaseException "
    "ArithmeticError AssertionError AttributeError EOFError Exception GeneratorExit ImportError IndentationError "
    "IndexError KeyboardInterrupt KeyError LookupError MemoryError NameError NotImplementedError OSError TimeoutError "
    "ConnectionError BrokenPipeError OverflowError RuntimeError StopAsyncIteration StopIteration SyntaxError "
    "SystemExit TypeError UnicodeError ValueError ZeroDivisionError Warning FutureWarning True False None"
)
# A program that swallows its own end in a loop is frozen after so many tries.
MAX_STOPS_SWALLOWED = 1000
# On CircuitPython's own virtual machine 84 KB of source took 218 to 227 KiB of heap to compile.
COMPILE_HEAP_PER_SOURCE_BYTE = 2.6
# A file object with FatFs's one-block buffer, beside its cluster map.
FILE_BYTES = 640


@lru_cache(maxsize=64)
def compile_source(source: str, path: str) -> CodeType:
    """Compile as the board does: annotations are not evaluated. Raises SyntaxError."""
    code: CodeType = compile(source, path, "exec", flags=__future__.annotations.compiler_flag, dont_inherit=True)
    return code


class BoardFile:
    """A file the program opened: every call costs its flash time and is refused once the program has stopped."""

    def __init__(self, program: Program, real: DriveFile) -> None:
        self._program = program
        self._real = real
        self.closed = False

    def close(self) -> None:
        """Flush and let go."""
        self._program.guard(self._real.close)()
        self.closed = True

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._real, name)
        if not callable(member):
            return member
        guarded = self._program.guard(member)
        self.__dict__[name] = guarded  # a program calls one method of a file a thousand times
        return guarded

    def __enter__(self) -> BoardFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> BoardFile:
        return self

    def __next__(self) -> Any:
        line = self._program.guard(self._real.readline)()
        if not line:
            raise StopIteration
        return line


class Program:
    """What stand-ins see of their board. After ``stop`` each of them raises the same ``BoardStop`` again.

    ``factories`` make the modules that CircuitPython brings, by name, when the program first imports them.
    """

    def __init__(self, board: Chip, factories: Mapping[str, Callable[[Program], ModuleType]]) -> None:
        self.board = board
        self._factories = factories
        self.random: random.Random = board.random
        self.psram = board.psram
        self.dict_salt = board.dict_salt
        self.modules: dict[str, ModuleType] = {}
        self.stopped: BoardStop | None = None
        self.builtins = {name: getattr(builtins, name) for name in BUILTINS.split()}
        self.builtins |= {
            "__import__": self._import,
            "open": self.open,
            "print": self._print,
            "ReloadException": ReloadException,
        }
        self._swallowed = 0
        self._files: list[tuple[weakref.ref[BoardFile], int]] = []

    # Life

    def check(self) -> None:
        """Raise what stopped this program, if anything did."""
        self.board.turns.calls += 1
        if self.stopped is None:
            return
        self._swallowed += 1
        if self._swallowed > MAX_STOPS_SWALLOWED:
            self.board.abandon(self.stopped)
            threading.Event().wait()
        raise self.stopped

    def stop(self, stop: BoardStop) -> None:
        """Mark this program as gone."""
        if self.stopped is None:
            self.stopped = stop

    def spend(self, seconds: float) -> None:
        """Let board time pass; whatever ends the program in the meantime is raised here."""
        self.check()
        self.bounded(self.board.spend, seconds)

    def bounded(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call; if that stops the program, it stays stopped."""
        try:
            return call(*arguments, **named)
        except BoardStop as stop:
            self.stop(stop)
            raise

    def guard(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a call to the drive: refused after the end, and its flash time is charged."""

        def guarded(*arguments: Any, **named: Any) -> Any:
            self.check()
            try:
                return call(*arguments, **named)
            except BoardStop as stop:
                self.stop(stop)
                raise
            except OSError as error:
                raise BoardOSError(error.errno or 0, error.strerror or "") from None
            finally:
                if self.stopped is None:
                    self.bounded(self.board.spend_flash_time)

        return guarded

    # What the modules ask

    def uptime_ns(self) -> int:
        """Nanoseconds since the chip's last reset."""
        return self.board.uptime_ns

    def get_rtc_seconds(self) -> int:
        """Unix seconds on the chip's RTC."""
        return self.board.rtc_ns // NS_PER_S

    def write_console(self, text: str) -> None:
        """Print."""
        self.check()
        self.bounded(self.board.write_console, text)

    def read_settings(self) -> bytes:
        """Read settings.toml."""
        return self.board.read_settings()

    @property
    def version(self) -> str:
        """Which CircuitPython the board runs."""
        return self.board.version

    @property
    def release(self) -> tuple[int, int]:
        """Its major and minor version."""
        return self.board.release

    def heap_bytes(self) -> int:
        """Heap taken by files opened since the last collection, and by those still open."""
        return sum(size for _, size in self._files)

    def collect(self) -> None:
        """Free what the program has closed, close what it has lost."""
        collect(self.board.link)
        self._files = [(file, size) for file, size in self._files if (one := file()) and not one.closed]

    def open(self, path: str, mode: str = "r", **_: Any) -> BoardFile:
        """The board's ``open()``."""
        real: DriveFile = self.guard(self.board.drive.open)(path, mode)
        file = BoardFile(self, real)
        self._files.append((weakref.ref(file), FILE_BYTES + real.cluster_map_bytes))
        return file

    def file_call(self, name: str) -> Callable[..., Any]:
        """The board's ``os`` call of that name."""
        return self.guard(getattr(self.board.drive, name))

    def exists(self, path: str) -> bool:
        """Whether there is a file or directory of that name."""
        try:
            self.bounded(self.board.drive.stat, path)
        except OSError:
            return False
        return True

    # The language

    def run(self, path: str) -> None:
        """Execute a file as ``__main__``."""
        module = language.make_module("__main__", __builtins__=self.builtins, __file__=path.lstrip("/"))
        self.modules["__main__"] = module
        self._execute(path, module)

    def _execute(self, path: str, module: ModuleType) -> None:
        with self.open(path, "rb") as file:
            source = bytes(file.read()).decode()
        if not self.psram and len(source) * COMPILE_HEAP_PER_SOURCE_BYTE > language.HEAP_BYTES:
            raise MemoryError("memory allocation failed, allocating 1024 bytes")
        exec(compile_source(source, path.lstrip("/")), module.__dict__)

    def _print(self, *values: object, sep: str = " ", end: str = "\n", file: Any = None) -> None:
        text = sep.join(str(value) for value in values) + end
        if file is None:
            self.write_console(text)
        else:
            file.write(text)

    def _import(
        self,
        name: str,
        globals: dict[str, Any] | None = None,
        locals: dict[str, Any] | None = None,
        fromlist: tuple[str, ...] | None = None,
        level: int = 0,
    ) -> ModuleType:
        self.check()
        if level:
            package = str((globals or {}).get("__name__", ""))
            if "__path__" not in (globals or {}):
                package = package.rpartition(".")[0]
            name = f"{package}.{name}".rstrip(".")
        parts = name.split(".")
        module = top = self._load(parts[0], None)
        for index in range(1, len(parts)):
            module = self._load(".".join(parts[: index + 1]), module)
        if not fromlist:
            return top
        for wanted in fromlist:
            if not hasattr(module, wanted) and "__path__" in module.__dict__:
                self._load(f"{module.__name__}.{wanted}", module)
        return module

    def _load(self, name: str, parent: ModuleType | None) -> ModuleType:
        if name in self.modules:
            return self.modules[name]
        factory = None if parent else self._factories.get(name)
        if factory:
            self.modules[name] = self.bounded(factory, self)
            return self.modules[name]
        stem = name.rpartition(".")[2]
        folders = [parent.__dict__.get("__path__", "")] if parent else ["", "/lib"]
        for folder in folders:
            for path, is_package in ((f"{folder}/{stem}/__init__.py", True), (f"{folder}/{stem}.py", False)):
                if self.exists(path):
                    return self._load_file(name, path, parent, f"{folder}/{stem}" if is_package else None)
        raise ImportError(f"no module named '{name}'")

    def _load_file(self, name: str, path: str, parent: ModuleType | None, folder: str | None) -> ModuleType:
        module = language.make_module(name, __builtins__=self.builtins, __file__=path)
        if folder:
            module.__dict__["__path__"] = folder
        self.modules[name] = module
        try:
            self._execute(path, module)
        except BaseException:
            self.modules.pop(name, None)
            raise
        if parent:
            setattr(parent, name.rpartition(".")[2], module)
        return module
