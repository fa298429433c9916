"""settings.toml as CircuitPython itself reads it, which is much less than TOML; and changes at the exact bytes.

CircuitPython looks for one key at a time, byte by byte, and takes the first line that fits. A table's header ends the
file for it. A value is a text in double quotes or, without quotes, an integer. What differs between versions is in
`getenv` and `get_setting`. Source: shared-module/os/getenv.c up to 10.1, supervisor/shared/settings.c from 10.2 on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Sizes in bytes of what CircuitPython copies for its web workflow: supervisor/shared/web_workflow/web_workflow.c.
SIZES = {
    "CIRCUITPY_WIFI_SSID": 32,
    "CIRCUITPY_WIFI_PASSWORD": 63,
    "CIRCUITPY_WEB_API_PASSWORD": 44,
    "CIRCUITPY_WEB_INSTANCE_NAME": 49,
}
INTEGER_DIGITS = 15
# From here on os.getenv gives text for whatever stands there, and supervisor.get_setting tells texts from numbers.
GETENV_IS_TEXT = (10, 2)
GET_SETTING_HAS_FLOATS = (10, 3)

SPACE = b" \t\r\v\f"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_KEY = re.compile(rb"[A-Za-z0-9_-]+")
_INTEGER = re.compile(r"[+-]?(0[xX][0-9a-fA-F]+|[0-9]+)")
_FLOAT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?|inf|nan)")
_ESCAPES = {b"b": b"\b", b"r": b"\r", b"n": b"\n", b"t": b"\t", b"v": b"\v", b"f": b"\f"}
_DIGITS = {b"u": 4, b"U": 8}


class SettingError(ValueError):
    """A value that CircuitPython cannot read; says why."""


@dataclass(frozen=True)
class Value:
    """What stands behind a key: its text (without quotes, escapes done) and where, in bytes, quotes included."""

    text: str
    quoted: bool
    line: int
    begin: int
    end: int


@dataclass(frozen=True)
class Problem:
    """A line (from 1) that CircuitPython does not read as it is meant; `key` is "" where it belongs to none."""

    line: int
    key: str
    text: str


@dataclass(frozen=True)
class _Line:
    number: int
    begin: int
    content: bytes


def find(data: bytes, key: str) -> Value | None:
    """The first line with that key, as CircuitPython finds it; None without one. Raises SettingError."""
    wanted = key.encode()
    for line in _lines(data):
        at = len(line.content) - len(line.content.lstrip(SPACE))
        if not line.content.startswith(wanted, at):
            continue
        rest = line.content[at + len(wanted) :]
        if rest.lstrip(SPACE).startswith(b"="):
            return _value(line, len(line.content) - len(rest.lstrip(SPACE)) + 1)
    return None


def getenv(data: bytes, key: str, release: tuple[int, int]) -> str | int | None:
    """What `os.getenv(key)` gives on that CircuitPython; where it raises, SettingError."""
    try:
        value = find(data, key)
    except SettingError:
        if release >= GETENV_IS_TEXT:
            return None
        raise
    if value is None:
        return None
    if value.quoted or release >= GETENV_IS_TEXT:
        return value.text
    return _integer(value.text)


def get_setting(data: bytes, key: str, release: tuple[int, int]) -> str | int | float | bool | None:
    """What `supervisor.get_setting(key)` gives, from 10.2 on. Raises SettingError."""
    value = find(data, key)
    if value is None:
        return None
    if value.quoted:
        return value.text
    if value.text in ("true", "false"):
        return value.text == "true"
    if _is_integer(value.text) or release < GET_SETTING_HAS_FLOATS or not _FLOAT.fullmatch(value.text):
        return _integer(value.text)
    return float(value.text)


def own_text(data: bytes, key: str) -> str | None:
    """A text that CircuitPython reads for itself, the Wi-Fi's name say. Raises SettingError."""
    value = find(data, key)
    if value is None:
        return None
    if not value.quoted:
        raise SettingError("a text stands in double quotes")
    if len(value.text.encode()) > SIZES.get(key, len(data)):
        raise SettingError(f"longer than {SIZES[key]} bytes")
    return value.text


def problems(data: bytes) -> list[Problem]:
    """Every line that CircuitPython does not read as somebody who knows TOML would expect."""
    found: list[Problem] = []
    seen: set[str] = set()
    if data.startswith(BYTE_ORDER_MARK):
        found.append(
            Problem(1, "", "the file begins with a byte order mark, which hides this line: save it as plain UTF-8")
        )
    for line in _lines(data, with_tables=True):
        content = line.content.removeprefix(BYTE_ORDER_MARK).lstrip(SPACE)
        if not content or content.startswith(b"#"):
            continue
        if content.startswith(b"["):
            found.append(Problem(line.number, "", "a table ends the file for CircuitPython: nothing below is read"))
            break
        key = _KEY.match(content)
        rest = content[key.end() :].lstrip(SPACE) if key else b""
        if not key or not rest.startswith(b"="):
            found.append(
                Problem(line.number, "", 'no line like KEY = "text" or KEY = 15 (a key has no quotes or dots)')
            )
            continue
        name = key[0].decode()
        why = _why_not(name, line, line.content.index(b"=") + 1)
        if name in seen:
            why = "this key stands in the file before, and the first one counts"
        if why:
            found.append(Problem(line.number, name, why))
        seen.add(name)
    return found


def with_value(data: bytes, key: str, value: str | int) -> bytes:
    """The file with that value: the old one is replaced at its exact bytes, a new one gets a line. Raises SettingError
    where the old one cannot be read; a value that is there already changes nothing."""
    old = find(data, key)
    source = (quote(value) if isinstance(value, str) else str(value)).encode()
    if old is not None:
        same = old.text == value if isinstance(value, str) else not old.quoted and _integer(old.text) == value
        return data if same and old.quoted == isinstance(value, str) else data[: old.begin] + source + data[old.end :]
    newline = b"\r\n" if b"\r\n" in data else b"\n"
    end = next((line.begin for line in _lines(data, with_tables=True) if _is_table(line)), len(data))
    before, after = data[:end], data[end:]
    if before and not before.endswith(b"\n"):
        before += newline
    return before + key.encode() + b" = " + source + newline + after


def quote(text: str) -> str:
    """A text as it stands in the file."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in escaped) + '"'


def _is_table(line: _Line) -> bool:
    return line.content.lstrip(SPACE).startswith(b"[")


def _lines(data: bytes, *, with_tables: bool = False) -> Iterator[_Line]:
    """The lines that are looked at: up to a table's header, or to a line that begins with a zero byte."""
    begin = 0
    for number, raw in enumerate(data.split(b"\n"), 1):
        content, zero, _ = raw.partition(b"\0")
        line = _Line(number, begin, content)
        if (zero and not content.strip(SPACE)) or (_is_table(line) and not with_tables):
            return
        yield line
        begin += len(raw) + 1


def _value(line: _Line, at: int) -> Value:
    """The value that begins somewhere behind `at` in its line. Raises SettingError."""
    content = line.content
    while content[at : at + 1] and content[at : at + 1] in SPACE:
        at += 1
    if content[at : at + 1] != b'"':
        bare = content[at:].split(b"#")[0].rstrip(SPACE)
        if not bare:
            raise SettingError("there is no value")
        return Value(_decode(bare), False, line.number, line.begin + at, line.begin + at + len(bare))
    text, end = _quoted(content, at + 1)
    rest = content[end:].lstrip(SPACE)
    if rest and not rest.startswith(b"#"):
        raise SettingError("something stands behind the closing quote")
    return Value(_decode(text), True, line.number, line.begin + at, line.begin + end)


def _quoted(content: bytes, at: int) -> tuple[bytes, int]:
    """The bytes up to the closing quote, and where the next one stands."""
    text = b""
    while at < len(content):
        byte = content[at : at + 1]
        at += 1
        if byte == b'"':
            return text, at
        if byte == b"\\":
            byte = content[at : at + 1]
            at += 1
            if byte in _DIGITS:
                digits = content[at : at + _DIGITS[byte]]
                at += len(digits)
                if len(digits) < _DIGITS[byte] or not re.fullmatch(rb"[0-9a-fA-F]+", digits):
                    raise SettingError(f"\\{byte.decode()} needs {_DIGITS[byte]} hexadecimal digits")
                if int(digits, 16) > 0x10FFFF:
                    raise SettingError("there is no such Unicode character")
                byte = chr(int(digits, 16)).encode("utf-8", "surrogatepass")
            else:
                byte = _ESCAPES.get(byte, byte)
        text += byte
    raise SettingError("the closing quote is missing")


def _decode(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise SettingError("it is not UTF-8") from None


def _is_integer(text: str) -> bool:
    return len(text) <= INTEGER_DIGITS and _INTEGER.fullmatch(text) is not None


def _integer(text: str) -> int:
    """As C's strtol with base 0 does: 0x10 is 16, 011 is 9. Raises SettingError."""
    if not _is_integer(text):
        raise SettingError("without quotes only a whole number can stand there")
    digits = text.lstrip("+-")
    base = 16 if digits[:2] in ("0x", "0X") else 8 if digits.startswith("0") and len(digits) > 1 else 10
    try:
        return int(text, base)
    except ValueError:
        raise SettingError("a number that begins with 0 is octal, so it has no 8 and no 9") from None


def _why_not(key: str, line: _Line, at: int) -> str:
    """Why CircuitPython does not read this line's value as it is meant; "" when it does."""
    begin = line.content[at:].lstrip(SPACE)
    if begin.startswith(b"'"):
        return "single quotes are not read; use double ones"
    if begin.startswith(b'"""'):
        return "texts of several lines are not read"
    if begin.startswith((b"[", b"{")):
        return "lists and tables are not read"
    try:
        value = _value(line, at)
        if not value.quoted and value.text not in ("true", "false"):
            _integer(value.text)
    except SettingError as error:
        return str(error)
    if key in SIZES and not value.quoted:
        return "a text stands in double quotes"
    if len(value.text.encode()) > SIZES.get(key, len(line.content)):
        return f"longer than {SIZES[key]} bytes, so CircuitPython does not use it"
    return ""
