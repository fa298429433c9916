"""What firmware/code.py itself says about settings, read from its source: the tools judge by the board's own rules."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

CODE = Path(__file__).resolve().parents[1] / "firmware" / "code.py"


class Bounds(NamedTuple):
    """Of a whole number in settings.toml."""

    default: int
    least: int
    most: int


def _names(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef):
        return {statement.name}
    if isinstance(statement, ast.Assign):
        return {target.id for target in statement.targets if isinstance(target, ast.Name)}
    return set()


def _run(tree: ast.Module, *wanted: str) -> dict[str, Any]:
    """Those constants and functions of the firmware; they use nothing else of it."""
    body = [statement for statement in tree.body if _names(statement) & set(wanted)]
    found: dict[str, Any] = {}
    exec(compile(ast.Module(body, type_ignores=[]), str(CODE), "exec"), found)
    return found


def _bounds(tree: ast.Module) -> dict[str, Bounds]:
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "_integer"
    ]
    values = [[ast.literal_eval(argument) for argument in call.args] for call in calls]
    return {name: Bounds(default, least, most) for name, default, least, most in values}


_TREE = ast.parse(CODE.read_text())
_FOUND = _run(_TREE, "LOCAL_ADDRESSES", "SSID_BYTES", "WIFI_SETTINGS", "is_local", "url_problem")

url_problem: Callable[[str], str] = _FOUND["url_problem"]
SSID_BYTES: int = _FOUND["SSID_BYTES"]
# How many networks settings.toml may name: LOGGER_WIFI_1_SSID and so on.
WIFI_SETTINGS: int = _FOUND["WIFI_SETTINGS"]
INTEGER_SETTINGS = _bounds(_TREE)
