"""The firmware's classes without its main loop, on the simulated board's modules."""

from __future__ import annotations
import __future__

import ast
from pathlib import Path
from types import SimpleNamespace

from tools.simulator import SimulatedBoard
from tools.simulator.language import make_module
from tools.simulator.program import Program

CODE = Path(__file__).resolve().parents[2] / "firmware" / "code.py"
FOREVER_NS = 2**63


class Parts(SimpleNamespace):
    """The names of code.py."""

    def __repr__(self) -> str:
        return "code.py"


def firmware_parts(board: SimulatedBoard, source: str | None = None) -> Parts:
    """Everything that code.py (or `source`) defines, as a program on this board sees it: `parts.Session(...)`.

    The drive must be mounted for what reads files. Time passes as the code calls for it; nothing ends it.
    """
    tree = ast.parse(source or CODE.read_text())
    assert isinstance(tree.body[-1], ast.Try), "code.py ends with the program's try statement"
    del tree.body[-1]
    program = Program(board)
    module = make_module("__main__", __builtins__=program.builtins)
    code = compile(tree, "code.py", "exec", flags=__future__.annotations.compiler_flag, dont_inherit=True)
    board._deadline_ns = FOREVER_NS
    exec(code, module.__dict__)
    return Parts(**module.__dict__)
