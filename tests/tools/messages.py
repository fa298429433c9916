"""What the programs can say when something goes wrong, read from their sources."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.tools.checkout import ROOT


def errors_of(folder: str, *names: str) -> Iterator[str]:
    """The texts that exceptions of these names are made with, in small letters; what is filled in is left out."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names and node.args:
                text = " ".join(constants(node.args[0]).split()).lower()
                if any(character.isalpha() for character in text):
                    yield text


def constants(node: ast.expr) -> str:
    """The constant parts of a text."""
    parts = [one for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return "".join(str(one.value) for one in sorted(parts, key=lambda one: (one.lineno, one.col_offset)))


def explained_phrases(document: Path) -> list[str]:
    """The phrases in the first column of the table "When it says", in small letters."""
    table = document.read_text(encoding="utf-8").partition("## When it says")[2]
    rows = [
        line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ") and "it says" not in line
    ]
    return [phrase.strip().lower() for row in rows for phrase in row.split(", ")]
