"""secrets.py and settings.toml: changed where they must be, and nowhere else."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any, NoReturn

import tomlkit
from tomlkit.exceptions import TOMLKitError

from tools.board.errors import BadSettings

TEMPLATE = """# Where the logger sends its sessions, and the networks it may join: see firmware/README.md.
secrets = {
    "ingest_url": "",
    "access_token": "",
    "networks": [],
}
"""


@dataclass(frozen=True)
class Wanted:
    """What the owner wants to be set; None leaves what is there."""

    ingest_url: str | None = None
    access_token: str | None = None
    wifi: tuple[str, str] | None = None
    web_password: str | None = None

    def check(self) -> None:
        """Raises BadSettings for what the board or the server cannot use."""
        if self.wifi is not None and not (0 < len(self.wifi[0].encode()) <= 32):
            raise BadSettings("A Wi-Fi name has 1 to 32 characters.")
        if self.wifi is not None and self.wifi[1] and not 8 <= len(self.wifi[1].encode()) <= 63:
            raise BadSettings("A Wi-Fi password has 8 to 63 characters; leave it empty for an open network.")
        if self.ingest_url is not None and not self.ingest_url.startswith(("https://", "http://")):
            raise BadSettings("The ingest URL must start with https://.")

    @property
    def in_secrets(self) -> bool:
        """Whether secrets.py is concerned."""
        return self.ingest_url is not None or self.access_token is not None or self.wifi is not None


@dataclass(frozen=True)
class Secrets:
    """What secrets.py says."""

    ingest_url: str = ""
    access_token: str = ""
    networks: tuple[tuple[str, str], ...] = ()


def read_secrets(data: bytes | None) -> Secrets:
    """Raises BadSettings when the file is not what the firmware expects; a missing file says nothing."""
    if data is None:
        return Secrets()
    values = _values(_dictionary(_text(data)))
    networks = values.get("networks") or ()
    return Secrets(
        ingest_url=str(values.get("ingest_url") or ""),
        access_token=str(values.get("access_token") or ""),
        networks=tuple(
            (str(one[0]), str(one[1])) for one in networks if isinstance(one, (list, tuple)) and len(one) == 2
        ),
    )


def merge_secrets(data: bytes | None, wanted: Wanted) -> bytes | None:
    """The file with the wanted values in it; comments, order and other keys stay. None: no such file is needed."""
    if data is None and not wanted.in_secrets:
        return None
    text = TEMPLATE if data is None else _text(data)
    wanted.check()
    changes: dict[str, Any] = {}
    if wanted.ingest_url is not None:
        changes["ingest_url"] = wanted.ingest_url
    if wanted.access_token is not None:
        changes["access_token"] = wanted.access_token
    if wanted.wifi is not None:
        changes["networks"] = _with_network(_values(_dictionary(text)).get("networks"), wanted.wifi)
    for key, value in changes.items():
        text = _set(text, key, value)
    _values(_dictionary(text))
    return text.encode()


def merge_settings(data: bytes | None, wanted: Wanted) -> bytes | None:
    """settings.toml with the web workflow's keys in it, if they are wanted; everything else stays."""
    if wanted.web_password is None:
        return data
    document = parse_settings(data or b"")
    keys = {"CIRCUITPY_WEB_API_PASSWORD": wanted.web_password}
    if wanted.wifi is not None:
        keys |= {"CIRCUITPY_WIFI_SSID": wanted.wifi[0], "CIRCUITPY_WIFI_PASSWORD": wanted.wifi[1]}
    elif not document.get("CIRCUITPY_WIFI_SSID"):
        raise BadSettings("The web workflow needs a Wi-Fi that CircuitPython joins itself: give --wifi along with it.")
    for key, value in keys.items():
        if document.get(key) != value:
            document[key] = value
    return tomlkit.dumps(document).encode()


def parse_settings(data: bytes) -> tomlkit.TOMLDocument:
    """Raises BadSettings with the line for what is no TOML: CircuitPython ignores all of such a file."""
    try:
        return tomlkit.parse(data.decode())
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise BadSettings(
            f'settings.toml on the board cannot be read ({error}). CircuitPython takes only lines like KEY = "text"'
            " or KEY = 15. Mend that line, or move the file away, and run this again."
        ) from None


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        _unreadable("it is not UTF-8")


def _dictionary(text: str) -> ast.Dict:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        _unreadable(f"line {getattr(error, 'lineno', '?')}: {getattr(error, 'msg', error)}")
    for statement in reversed(tree.body):
        if not (isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Dict)):
            continue
        if any(isinstance(target, ast.Name) and target.id == "secrets" for target in statement.targets):
            return statement.value
    _unreadable("there is no line that begins with secrets = {")


def _values(node: ast.Dict) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            try:
                values[key.value] = ast.literal_eval(value)
            except ValueError:
                values[key.value] = None
    return values


def _with_network(networks: object, wanted: tuple[str, str]) -> list[tuple[str, str]]:
    """The networks with one more, or with its new password."""
    pairs = networks if isinstance(networks, (list, tuple)) else ()
    kept = [(str(one[0]), str(one[1])) for one in pairs if isinstance(one, (list, tuple)) and len(one) == 2]
    if wanted in kept:
        return kept
    if any(ssid == wanted[0] for ssid, _ in kept):
        return [wanted if ssid == wanted[0] else (ssid, password) for ssid, password in kept]
    return [*kept, wanted]


def _set(text: str, key: str, value: object) -> str:
    """Exchange one value in the source of the dictionary, or add it before the closing brace."""
    node = _dictionary(text)
    if _values(node).get(key) == value:
        return text
    raw = text.encode()
    for name, old in zip(node.keys, node.values, strict=True):
        if isinstance(name, ast.Constant) and name.value == key:
            begin = _offset(raw, old.lineno, old.col_offset)
            end = _offset(raw, old.end_lineno or old.lineno, old.end_col_offset or 0)
            return (raw[:begin] + _source(value).encode() + raw[end:]).decode()
    end = _offset(raw, node.end_lineno or node.lineno, node.end_col_offset or 0) - 1
    if node.values:
        last = node.values[-1]
        after = _offset(raw, last.end_lineno or last.lineno, last.end_col_offset or 0)
        comma = b"" if b"," in _without_comments(raw[after:end]) else b","
        raw, end = raw[:after] + comma + raw[after:], end + len(comma)
    line = f"    {_source(key)}: {_source(value)},\n".encode()
    before = raw[:end].rstrip(b" \t")
    return (before + (b"" if before.endswith(b"\n") else b"\n") + line + raw[end:]).decode()


def _source(value: object) -> str:
    """Python source with double quotes, as people write it."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"' if value.isprintable() else repr(value)
    if isinstance(value, tuple):
        return f"({', '.join(_source(one) for one in value)})"
    if isinstance(value, list):
        return f"[{', '.join(_source(one) for one in value)}]"
    return repr(value)


def _without_comments(data: bytes) -> bytes:
    return b"\n".join(line.split(b"#")[0] for line in data.split(b"\n"))


def _offset(raw: bytes, line: int, column: int) -> int:
    """Byte offset of an ast position (1-based line, UTF-8 column)."""
    lines = raw.split(b"\n")
    return sum(len(one) + 1 for one in lines[: line - 1]) + column


def _unreadable(why: str) -> NoReturn:
    raise BadSettings(
        f"secrets.py on the board cannot be read ({why}), so it is left as it is. It must hold secrets = {{...}} as in"
        " firmware/README.md: mend it, or move it away, and run this again."
    )
