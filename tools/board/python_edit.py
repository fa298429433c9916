"""The owner's secrets.py, changed at the exact characters that have to change; refused where that cannot be known.

The file is read, never run: a value counts as known when it is a literal, or a name that the file sets once to one.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any, Final

NAME = "secrets"
BYTE_ORDER_MARK = "\ufeff"


class Unknown:
    """What a value is that only running the file would tell."""

    def __repr__(self) -> str:
        return "computed"


UNKNOWN: Final = Unknown()


class Unreadable(Exception):
    """The file is not what the board could read; the text says where and why."""


class NotInPlace(Exception):
    """A change would touch more than its own characters; the text says why."""


@dataclass(frozen=True)
class _Insertion:
    at: int
    text: str


class Source:
    """One file: the values of its dictionary `secrets`, and edits of them."""

    def __init__(self, data: bytes) -> None:
        try:
            self._text = data.decode()
        except UnicodeDecodeError as error:
            raise Unreadable(f"byte {error.start + 1} is not UTF-8: save the file as UTF-8") from None
        if self._text.startswith(BYTE_ORDER_MARK):
            raise Unreadable("it begins with a byte order mark, on which CircuitPython stops: save it as plain UTF-8")
        try:
            self._tree = ast.parse(self._text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            where = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) else str(error)
            raise Unreadable(where) from None
        self._line_starts = [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", self._text))]
        self._dictionary = self._find_dictionary()
        self._expected: dict[str, Any] = {}

    @property
    def data(self) -> bytes:
        """The file as it is now."""
        return self._text.encode()

    def values(self) -> dict[str, Any]:
        """What the dictionary holds by its text keys; UNKNOWN for what is computed."""
        return {
            key.value: self._value_of(value)
            for key, value in zip(self._dictionary.keys, self._dictionary.values, strict=True)
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        }

    def set_text(self, key: str, value: str) -> None:
        """Give a key its text, or add the key. Raises NotInPlace."""
        before = self.values()
        if before.get(key) == value:
            return
        self._check_plain()
        node = self._node_of(key)
        self._expected = {**before, key: value}
        if node is None:
            self._insert_into(self._dictionary, f"{literal(key)}: {literal(value)}")
        else:
            self._replace_text(node, value, key)

    def set_network(self, ssid: str, password: str) -> None:
        """Give a network of `networks` its password, or add it behind the last one. Raises NotInPlace."""
        self._check_plain()
        node = self._node_of("networks")
        pair = f"({literal(ssid)}, {literal(password)})"
        before = self.values()
        if node is None:
            self._expected = {**before, "networks": [[ssid, password]]}
            self._insert_into(self._dictionary, f'"networks": [{pair}]')
            return
        sequence = self._resolve(node)
        if not isinstance(sequence, ast.List | ast.Tuple):
            raise NotInPlace(f"networks is computed (line {node.lineno})")
        for at, element in enumerate(sequence.elts):
            known = self._resolve(element)
            if not (isinstance(known, ast.List | ast.Tuple) and len(known.elts) == 2):
                raise NotInPlace(f"networks holds more than pairs of name and password (line {element.lineno})")
            name = self._value_of(known.elts[0])
            if name is UNKNOWN:
                raise NotInPlace(f"the name of a network is computed (line {element.lineno})")
            if name == ssid:
                if self._value_of(known.elts[1]) != password:
                    networks = [*before["networks"]]
                    networks[at] = [ssid, password]
                    self._expected = {**before, "networks": networks}
                    self._replace_text(known.elts[1], password, f"the password of {ssid}")
                return
        for name in _names_on_the_way(self, node):
            if len(self._mentions(name, ast.Load)) != 1:
                raise NotInPlace(f"networks is the variable {name}, which is used in more than one place")
        self._expected = {**before, "networks": [*before["networks"], [ssid, password]]}
        self._insert_into(sequence, pair)

    # Reading

    def _find_dictionary(self) -> ast.Dict:
        for statement in reversed(self._tree.body):
            value = _bound_by(statement, NAME)
            if isinstance(value, ast.Dict):
                return value
        raise Unreadable(f"there is no line that begins with {NAME} = {{")

    def _node_of(self, key: str) -> ast.expr | None:
        pairs = zip(self._dictionary.keys, self._dictionary.values, strict=True)
        # Of a key that stands there twice the last one counts.
        found = [value for name, value in pairs if isinstance(name, ast.Constant) and name.value == key]
        return found[-1] if found else None

    def _resolve(self, node: ast.expr) -> ast.expr:
        """The literal behind a name that the file sets once, at its left margin; the node itself otherwise."""
        seen: set[str] = set()
        while isinstance(node, ast.Name) and node.id not in seen:
            seen.add(node.id)
            if len(self._mentions(node.id, ast.Store)) != 1:
                return node
            bound = [value for value in (_bound_by(one, node.id) for one in self._tree.body) if value is not None]
            if not bound:
                return node
            node = bound[0]
        return node

    def _value_of(self, node: ast.expr) -> Any:
        node = self._resolve(node)
        if isinstance(node, ast.List | ast.Tuple):
            return [self._value_of(one) for one in node.elts]
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            return UNKNOWN

    def _mentions(self, name: str, context: type[ast.expr_context] | None = None) -> list[ast.Name]:
        return [
            node
            for node in ast.walk(self._tree)
            if isinstance(node, ast.Name) and node.id == name and (context is None or isinstance(node.ctx, context))
        ]

    # Editing

    def _check_plain(self) -> None:
        """Raises NotInPlace unless the dictionary that was found is the one that the board gets to see."""
        if len(self._mentions(NAME)) != 1:
            others = [one.lineno for one in self._mentions(NAME) if one.lineno != self._dictionary.lineno]
            raise NotInPlace(f"secrets is set or changed in more than one place (line {(others or [1])[0]})")
        if None in self._dictionary.keys:
            raise NotInPlace("secrets takes over another dictionary (**)")

    def _replace_text(self, node: ast.expr, value: str, what: str) -> None:
        for name in _names_on_the_way(self, node):
            if len(self._mentions(name, ast.Load)) != 1:
                raise NotInPlace(f"{what} is the variable {name}, which is used in more than one place")
        target = self._resolve(node)
        begin, end = self._span(target)
        if not (isinstance(target, ast.Constant) and _is_one_literal(self._text[begin:end])):
            raise NotInPlace(f"{what} is computed (line {node.lineno})")
        self._commit([_Insertion(begin, literal(value))], cut=(begin, end))

    def _insert_into(self, container: ast.Dict | ast.List | ast.Tuple, element: str) -> None:
        """Put an element behind the last one: on a line of its own where that one has its own."""
        begin, end = self._span(container)
        elements = container.values if isinstance(container, ast.Dict) else container.elts
        if not elements:
            inside = element + ("," if isinstance(container, ast.Tuple) else "")
            self._commit([_Insertion(begin + 1, inside)])
            return
        first = container.keys[-1] if isinstance(container, ast.Dict) else elements[-1]
        assert first is not None
        last_begin, last_end = self._span(first)[0], self._span(elements[-1])[1]
        comma = self._comma_behind(last_end, end)
        behind = last_end if comma is None else comma + 1
        margin = self._text[self._line_start(last_begin) : last_begin]
        rest = re.compile(r"[ \t]*(?:#[^\r\n]*)?(\r\n|\r|\n)").match(self._text, behind)
        if margin.strip(" \t") or rest is None or rest.end() > end:
            self._commit([_Insertion(last_end, f", {element}")])
            return
        added = _Insertion(rest.end(), f"{margin}{element},{rest[1]}")
        self._commit([*([_Insertion(last_end, ",")] if comma is None else []), added])

    def _comma_behind(self, begin: int, end: int) -> int | None:
        """Where the comma behind the last element stands, comments skipped."""
        found = re.compile(r"(?:[\s)]|#[^\r\n]*+)*+,").match(self._text, begin, end)
        return found.end() - 1 if found else None

    def _commit(self, insertions: list[_Insertion], cut: tuple[int, int] | None = None) -> None:
        """Make the edit. Raises NotInPlace, with nothing changed, if the file would then say anything else."""
        text = self._text
        if cut:
            text = text[: cut[0]] + text[cut[1] :]
        for one in sorted(insertions, key=lambda insertion: insertion.at, reverse=True):
            text = text[: one.at] + one.text + text[one.at :]
        try:
            edited = Source(text.encode())
        except (Unreadable, UnicodeEncodeError):
            raise NotInPlace("its form is too unusual") from None
        if edited.values() != self._expected:
            raise NotInPlace("its form is too unusual")
        self._text, self._tree = edited._text, edited._tree
        self._line_starts, self._dictionary = edited._line_starts, edited._dictionary

    def _span(self, node: ast.expr) -> tuple[int, int]:
        """Where a node begins and ends in the text."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._offset(node.lineno, node.col_offset), self._offset(node.end_lineno, node.end_col_offset)

    def _offset(self, line: int, column_bytes: int) -> int:
        start = self._line_starts[line - 1]
        following = self._line_starts[line] if line < len(self._line_starts) else len(self._text)
        return start + len(self._text[start:following].encode()[:column_bytes].decode())

    def _line_start(self, offset: int) -> int:
        return max(start for start in self._line_starts if start <= offset)


def literal(value: str) -> str:
    """Python source of a text, with double quotes, as people write it."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if value.isprintable() else repr(value)


def _bound_by(statement: ast.stmt, name: str) -> ast.expr | None:
    """The value that `name = value` gives this name."""
    if isinstance(statement, ast.AnnAssign):
        targets: list[ast.expr] = [statement.target]
    elif isinstance(statement, ast.Assign):
        targets = statement.targets
    else:
        return None
    return statement.value if any(isinstance(one, ast.Name) and one.id == name for one in targets) else None


def _names_on_the_way(source: Source, node: ast.expr) -> list[str]:
    """The variables that lead from a node to its literal."""
    names: list[str] = []
    while isinstance(node, ast.Name) and node.id not in names:
        names.append(node.id)
        bound = [value for value in (_bound_by(one, node.id) for one in source._tree.body) if value is not None]
        if not bound:
            break
        node = bound[0]
    return names


def _is_one_literal(text: str) -> bool:
    """Whether a text's source is one quoted piece on one line, so that nothing else stands within it."""
    return bool(re.fullmatch(r"""[rRuU]?(?:"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*')""", text))
