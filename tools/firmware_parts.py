"""firmware/code.py's own classes on this computer, without its main loop: what the board decides is decided once."""

from __future__ import annotations
import __future__

import ast
import builtins
import calendar
import time
from collections.abc import Mapping
from functools import lru_cache
from types import CodeType, SimpleNamespace
from typing import Any

from tools.bootstrap.checkout import ROOT

CODE = ROOT / "firmware" / "code.py"


@lru_cache(maxsize=1)
def _definitions() -> CodeType:
    """All but the try statement at its end, which runs the board."""
    module = ast.parse(CODE.read_text(encoding="utf-8"))
    del module.body[-1]
    code: CodeType = compile(module, str(CODE), "exec", flags=__future__.annotations.compiler_flag, dont_inherit=True)
    return code


def load(stand_ins: Mapping[str, object] | None = None, **constants: object) -> SimpleNamespace:
    """Everything that code.py defines, with modules of its own and, if wanted, other values of its constants.

    What is not among the stand-ins is this Python's; the modules that reach the hardware are empty, and nothing is
    printed.
    """
    # The board's time module knows UTC alone.
    clock = SimpleNamespace(
        localtime=time.gmtime, mktime=calendar.timegm, struct_time=tuple, time=time.time, monotonic_ns=time.monotonic_ns
    )
    hardware = dict.fromkeys(("microcontroller", "rtc", "supervisor", "wifi"), SimpleNamespace())
    modules = {"time": clock, **hardware, **(stand_ins or {})}

    def find(name: str, *where: Any) -> object:
        return modules[name] if name in modules else builtins.__import__(name, *where)

    mute = {**vars(builtins), "__import__": find, "print": lambda *_: None}
    found: dict[str, Any] = {"__builtins__": mute, "__name__": "firmware"}
    exec(_definitions(), found)
    found.update(constants)
    return SimpleNamespace(**found)
