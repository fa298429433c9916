"""secrets.py and settings.toml: changed where they must be, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import tomlkit
from tomlkit.exceptions import TOMLKitError

from tools.board.errors import BadSettings
from tools.board.python_edit import UNKNOWN, NotInPlace, Source, Unknown, Unreadable, literal

TEMPLATE = """# Where the logger sends its sessions, and the networks it may join: see firmware/README.md.
secrets = {
    "ingest_url": "",
    "access_token": "",
    "networks": [],
}
"""
WIFI_SSID, WIFI_PASSWORD, WEB_PASSWORD = (
    "CIRCUITPY_WIFI_SSID",
    "CIRCUITPY_WIFI_PASSWORD",
    "CIRCUITPY_WEB_API_PASSWORD",
)


@dataclass(frozen=True)
class Wanted:
    """What the owner wants to be set; None leaves what is there.

    `wifi` is a network's name and password; a password of None is the one that the board knows already.
    """

    ingest_url: str | None = None
    access_token: str | None = None
    wifi: tuple[str, str | None] | None = None
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
    """What secrets.py says. `computed` names the keys whose value only running the file would tell."""

    ingest_url: str = ""
    access_token: str = ""
    networks: tuple[tuple[str, str | Unknown], ...] = ()
    computed: frozenset[str] = frozenset()

    def knows(self, key: str) -> bool:
        """Whether the owner has given this a value, even one that cannot be read from here."""
        return key in self.computed or bool(getattr(self, key))

    def password_of(self, ssid: str) -> str | Unknown | None:
        """The password of a network that the file lists; None if it does not list it."""
        return next((password for name, password in self.networks if name == ssid), None)


def read_secrets(data: bytes | None) -> Secrets:
    """Raises BadSettings when the file is not what the firmware expects; a missing file says nothing."""
    if data is None:
        return Secrets()
    values = _source_of(data).values()
    networks = values.get("networks")
    pairs = [one for one in networks if isinstance(one, list) and len(one) == 2] if isinstance(networks, list) else []
    computed = {key for key, value in values.items() if value is UNKNOWN}
    if any(UNKNOWN in pair for pair in pairs):
        computed.add("networks")
    return Secrets(
        ingest_url=_text_of(values.get("ingest_url")),
        access_token=_text_of(values.get("access_token")),
        networks=tuple(
            (str(ssid), password if isinstance(password, Unknown) else str(password))
            for ssid, password in pairs
            if ssid is not UNKNOWN
        ),
        computed=frozenset(computed),
    )


def merge_secrets(data: bytes | None, wanted: Wanted) -> bytes | None:
    """The file with the wanted values in it, every other byte as it was. None: no such file is needed.

    Raises BadSettings, before anything is written, for a value that would replace more by less, and with the lines to
    write by hand where the file is in a form in which nothing else would stay as it is.
    """
    if not wanted.in_secrets:
        return data
    known = read_secrets(data)
    _check_not_less(known, wanted)
    wanted.check()
    source = _source_of(TEMPLATE.encode() if data is None else data)
    try:
        for key, value in (("ingest_url", wanted.ingest_url), ("access_token", wanted.access_token)):
            if value is not None and (value or not known.knows(key)):
                source.set_text(key, value)
        # Without a password a known network stays as it is.
        if wanted.wifi is not None and not (wanted.wifi[1] is None and known.password_of(wanted.wifi[0]) is not None):
            source.set_network(wanted.wifi[0], wanted.wifi[1] or "")
    except NotInPlace as error:
        raise BadSettings(
            f"secrets.py on the board is left as it is, because {error}. Write this into it yourself, and run this"
            f" again without these options:\n{_lines_to_paste(wanted)}"
        ) from None
    return source.data


def _check_not_less(known: Secrets, wanted: Wanted) -> None:
    """Raises BadSettings when an empty value would replace one that is there, or is all there is."""
    for key, value in (("ingest_url", wanted.ingest_url), ("access_token", wanted.access_token)):
        if value == "" and known.knows(key):
            raise BadSettings(
                f"--{key.replace('_', '-')} is empty, and secrets.py on the board has a value there: a known value is"
                " never replaced by nothing. Take it out of secrets.py by hand if you mean that."
            )
    if wanted.wifi is None:
        return
    ssid, password = wanted.wifi
    there = known.password_of(ssid)
    if password is None and there is None:
        raise BadSettings(
            f"The password of {ssid} is missing. Give it with --wifi-password or in the variable BOARD_WIFI_PASSWORD"
            ' (--wifi-password "" for an open network).'
        )
    if password == "" and there:
        raise BadSettings(
            f"--wifi-password is empty, and secrets.py on the board has a password for {ssid}: a known value is never"
            " replaced by nothing. Take that network out of secrets.py by hand if it is open now."
        )


def _lines_to_paste(wanted: Wanted) -> str:
    lines = [
        f"  {literal(key)}: {literal(value)},"
        for key, value in (("ingest_url", wanted.ingest_url), ("access_token", wanted.access_token))
        if value is not None
    ]
    if wanted.wifi is not None:
        ssid, password = wanted.wifi
        lines.append(f'  in "networks": ({literal(ssid)}, {literal(password or "")}),')
    return "\n".join(lines)


def check_complete(secrets: Secrets, toml: Mapping[str, object], wanted: Wanted) -> None:
    """Raises BadSettings when something is set and the board would still not be able to send.

    `secrets` and `toml` are what the board will say once the wanted values are in.
    """
    if not wanted.in_secrets:
        return
    missing = []
    if not (secrets.knows("ingest_url") or toml.get("LOGGER_INGEST_URL")):
        missing.append("the ingest URL (--ingest-url)")
    if not has_network(secrets, toml):
        missing.append("a Wi-Fi (--wifi, --wifi-password)")
    if missing:
        raise BadSettings(
            f"Still missing: {' and '.join(missing)}. The board could not send anything. Give everything in one go:"
            " nothing has been written."
        )


def has_network(secrets: Secrets, toml: Mapping[str, object]) -> bool:
    """Whether any network is known to the board."""
    return secrets.knows("networks") or any(
        bool(toml[key]) for key in toml if key == WIFI_SSID or re.fullmatch(r"LOGGER_WIFI_\d+_SSID", key)
    )


def merge_settings(data: bytes | None, wanted: Wanted, known: Secrets | None = None) -> bytes | None:
    """settings.toml with the web workflow's keys in it, if they are wanted; every other byte as it was.

    `known` is what secrets.py says: there a network's password is looked up when it was not given.
    """
    if wanted.web_password is None:
        return data
    wanted.check()
    document = parse_settings(data or b"")
    keys = {WEB_PASSWORD: wanted.web_password}
    if wanted.wifi is not None:
        ssid, password = wanted.wifi
        if password is None and document.get(WIFI_SSID) == ssid and document.get(WIFI_PASSWORD):
            password = str(document.get(WIFI_PASSWORD))
        if password is None:
            _check_not_less(known or Secrets(), wanted)
            there = (known or Secrets()).password_of(ssid)
            if isinstance(there, Unknown):
                raise BadSettings(f"The password of {ssid} is computed in secrets.py: give it with --wifi-password.")
            password = there
        keys |= {WIFI_SSID: ssid, WIFI_PASSWORD: password or ""}
    elif not document.get(WIFI_SSID):
        raise BadSettings("The web workflow needs a Wi-Fi that CircuitPython joins itself: give --wifi along with it.")
    for key, value in keys.items():
        if document.get(key) != value:
            data = set_line(data or b"", key, value)
    return data


def set_line(data: bytes, key: str, value: str) -> bytes:
    """settings.toml with one text value exchanged, or its line added at the end; line ends as the file has them.

    Raises BadSettings, with the line to write by hand, where anything else would change its meaning.
    """
    quoted = toml_text(value).encode()
    name = re.escape(key.encode())
    found = re.search(
        rb"^[ \t]*" + name + rb"""[ \t]*=[ \t]*("(?:[^"\\\r\n]|\\[^\r\n])*"|[^\s#"']+)""", data, re.MULTILINE
    )
    if found:
        edited = data[: found.start(1)] + quoted + data[found.end(1) :]
    else:
        newline = b"\r\n" if b"\r\n" in data else b"\n"
        end = b"" if not data or data.endswith(b"\n") else newline
        edited = data + end + key.encode() + b" = " + quoted + newline
    expected = {**parse_settings(data).unwrap(), key: value}
    try:
        is_right = parse_settings(edited).unwrap() == expected
    except BadSettings:
        is_right = False
    if not is_right:
        raise BadSettings(
            f"settings.toml on the board is left as it is: its form is too unusual to change {key} alone. Write this"
            f" line into it yourself, and run this again without that option:\n  {key} = {quoted.decode()}"
        )
    return edited


def toml_text(value: str) -> str:
    """A text as CircuitPython's settings.toml has it."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{"".join(letter if letter.isprintable() else _toml_escape(letter) for letter in escaped)}"'


def _toml_escape(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"


def parse_settings(data: bytes) -> tomlkit.TOMLDocument:
    """Raises BadSettings with the line for what is no TOML: CircuitPython ignores all of such a file."""
    try:
        return tomlkit.parse(data.decode())
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise BadSettings(
            f'settings.toml on the board cannot be read ({error}). CircuitPython takes only lines like KEY = "text"'
            " or KEY = 15. Mend that line, or move the file away, and run this again."
        ) from None


def _source_of(data: bytes) -> Source:
    try:
        return Source(data)
    except Unreadable as error:
        raise BadSettings(
            f"secrets.py on the board cannot be read ({error}), so it is left as it is. It must hold secrets = {{...}}"
            " as in firmware/README.md: correct it, or move it away, and run this again."
        ) from None


def _text_of(value: object) -> str:
    return "" if value is None or value is UNKNOWN else str(value)
