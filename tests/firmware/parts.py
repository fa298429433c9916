"""The firmware's classes without its main loop, on the simulated board's modules."""

from __future__ import annotations
import __future__

import ast
from pathlib import Path
from types import SimpleNamespace

from tools.simulator import SimulatedBoard
from tools.simulator.chip.language import make_module
from tools.simulator.chip.modules import MODULES
from tools.simulator.chip.program import Program
from tools.simulator.chip.turns import FOREVER_NS

CODE = Path(__file__).resolve().parents[2] / "firmware" / "code.py"
# On a MicroPython VM, the table of sessions not included; and what 1,000 unsent sessions may take.
PROGRAM_HEAP_BYTES = 73 * 1024
BACKLOG_HEAP_BYTES = 48 * 1024


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
    program = Program(board, MODULES)
    module = make_module("__main__", __builtins__=program.builtins)
    code = compile(tree, "code.py", "exec", flags=__future__.annotations.compiler_flag, dont_inherit=True)
    board.turns.deadline_ns = FOREVER_NS
    exec(code, module.__dict__)
    return Parts(**module.__dict__)


def laid_out_files(parts: Parts) -> Parts:
    """The program's MirroredFiles and their table, as a start leaves them before the session begins."""
    files: Parts = parts.MirroredFiles(parts.Identity(), lambda: None)
    files.load()
    return files
