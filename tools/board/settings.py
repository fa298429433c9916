"""secrets.py and settings.toml: changed where they must be, and nowhere else."""

from __future__ import annotations

import string
from dataclasses import dataclass

from tools import settings_toml
from tools.addresses import TOKEN, split_address
from tools.board.errors import BadSettings
from tools.board.python_edit import UNKNOWN, NotInPlace, Source, Unknown, Unreadable, literal
from tools.firmware_rules import SENSE_PIN, SENSE_RATIO, SSID_BYTES, WIFI_SETTINGS, sense_ratio, url_problem

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
class Sense:
    """The pin that measures the bus voltage, as `board` names it ("": none), and bus volts per volt at the pin."""

    pin: str
    ratio: str

    def problem(self) -> str:
        """What the firmware would refuse; "" when nothing speaks against it."""
        if not self.pin:
            return ""
        if not self.pin.isidentifier():
            return f"--sense-pin {self.pin} is not the name of a pin. It looks like A2 or D9."
        return ratio_problem(self.ratio)


@dataclass(frozen=True)
class Wanted:
    """What the owner wants to be set; None leaves what is there.

    `wifi` is a network's name and password; a password of None is the one that the board knows already.
    """

    ingest_url: str | None = None
    access_token: str | None = None
    wifi: tuple[str, str | None] | None = None
    web_password: str | None = None
    sense: Sense | None = None

    def check(self) -> None:
        """Raises BadSettings for what the board or the server cannot use."""
        if self.wifi is not None and (problem := network_problem(*self.wifi)):
            raise BadSettings(f"The network {self.wifi[0]}: {problem}.")
        if self.ingest_url is not None and (problem := url_problem(self.ingest_url)):
            raise BadSettings(
                f"The ingest URL {problem}. It looks like https://<project>.supabase.co/functions/v1/ingest;"
                " the portal shows yours under Devices."
            )
        if self.ingest_url is not None and split_address(self.ingest_url) is None:
            raise BadSettings(f"The ingest URL {self.ingest_url} is not an address: look at its host and port.")
        if self.access_token and not TOKEN.fullmatch(self.access_token):
            raise BadSettings("The access token has a space, a line end or a letter beyond ASCII: copy it again.")
        if self.web_password == "":
            raise BadSettings("--web-password is empty: the web workflow needs a password, or leave the option out.")
        if self.sense is not None and (problem := self.sense.problem()):
            raise BadSettings(problem)

    @property
    def in_secrets(self) -> bool:
        """Whether secrets.py is concerned."""
        return self.ingest_url is not None or self.access_token is not None or self.wifi is not None


def ratio_problem(text: str) -> str:
    """Why the firmware would not take that as LOGGER_SENSE_RATIO; "" when it would."""
    if sense_ratio(text):
        return ""
    return f'The divider\'s ratio "{text}" cannot be used. It is (R1 + R2) / R2, like 7.67 for 100 kΩ over 15 kΩ.'


def is_key(password: str) -> bool:
    """Whether that is the network's key itself, which stands for its password."""
    return len(password) == 64 and all(digit in string.hexdigits for digit in password)


def network_problem(ssid: str, password: str | Unknown | None) -> str:
    """Why no board can join that network; "" when nothing speaks against it. Both are measured in bytes of UTF-8."""
    size = len(ssid.encode())
    if not 0 < size <= SSID_BYTES:
        more = f"; this one has {size}, because letters like ü or é take two or more" if size > len(ssid) else ""
        return f"a Wi-Fi name has 1 to {SSID_BYTES} bytes{more}"
    if isinstance(password, str) and password and not (8 <= len(password.encode()) <= 63 or is_key(password)):
        return "a Wi-Fi password has 8 to 63 bytes, or is a key of 64 hex digits; leave it empty for an open network"
    return ""


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


def read_all(secrets: Secrets, toml: bytes) -> Secrets:
    """What the firmware makes of both files: secrets.py wins, settings.toml adds. Lines it cannot read are left out."""
    networks: dict[str, str | Unknown] = dict(secrets.networks)
    for name in (*(f"LOGGER_WIFI_{number}" for number in range(1, WIFI_SETTINGS + 1)), "CIRCUITPY_WIFI"):
        ssid = setting_text(toml, f"{name}_SSID")
        if ssid:
            networks.setdefault(ssid, setting_text(toml, f"{name}_PASSWORD"))
    return Secrets(
        ingest_url=secrets.ingest_url or setting_text(toml, "LOGGER_INGEST_URL"),
        access_token=secrets.access_token or setting_text(toml, "LOGGER_ACCESS_TOKEN"),
        networks=tuple(networks.items()),
        computed=secrets.computed,
    )


def setting_text(toml: bytes, key: str) -> str:
    """A text of settings.toml; "" when it is missing or cannot be read."""
    value = _find(toml, key)
    return value.text if value and value.quoted else ""


def value_of(toml: bytes, key: str) -> str | None:
    """The text of one key of settings.toml, a number's too; None when it is missing or cannot be read."""
    value = _find(toml, key)
    return value.text if value else None


def _find(toml: bytes, key: str) -> settings_toml.Value | None:
    try:
        return settings_toml.find(toml, key)
    except settings_toml.SettingError:
        return None


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
    if ssid and password is None and there is None:
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


def check_complete(told: Secrets) -> None:
    """Raises BadSettings when the board could not send; `told` is what both files say once the wanted values are in."""
    missing = []
    if not told.knows("ingest_url"):
        missing.append("the ingest URL (--ingest-url)")
    if not told.knows("networks"):
        missing.append("a Wi-Fi (--wifi, --wifi-password)")
    if missing:
        raise BadSettings(
            f"Still missing: {' and '.join(missing)}. The board could not send anything. Give everything in one go:"
            " nothing has been written."
        )


def merge_settings(data: bytes | None, wanted: Wanted, known: Secrets | None = None) -> bytes | None:
    """settings.toml with the keys in it that are wanted (web workflow, bus voltage); every other byte as it was.

    `known` is what secrets.py says: there a network's password is looked up when it was not given.
    """
    merged = data or b""
    check_readable(merged)
    wanted.check()
    keys = _sense_keys(wanted.sense) | _web_keys(merged, wanted, known or Secrets())
    for key, value in keys.items():
        merged = settings_toml.with_value(merged, key, value)
    check_readable(merged)
    return merged if keys else data


def _sense_keys(sense: Sense | None) -> dict[str, str]:
    if sense is None:
        return {}
    return {SENSE_PIN: sense.pin} | ({SENSE_RATIO: sense.ratio} if sense.pin else {})


def _web_keys(merged: bytes, wanted: Wanted, known: Secrets) -> dict[str, str]:
    if wanted.web_password is None:
        return {}
    keys = {WEB_PASSWORD: wanted.web_password}
    if wanted.wifi is None:
        if not setting_text(merged, WIFI_SSID):
            raise BadSettings("The web workflow needs a Wi-Fi that CircuitPython joins itself: give --wifi too.")
        return keys
    ssid, password = wanted.wifi
    if password is None and setting_text(merged, WIFI_SSID) == ssid:
        password = setting_text(merged, WIFI_PASSWORD) or None
    if password is None:
        _check_not_less(known, wanted)
        there = known.password_of(ssid)
        if isinstance(there, Unknown):
            raise BadSettings(f"The password of {ssid} is computed in secrets.py: give it with --wifi-password.")
        password = there
    return keys | {WIFI_SSID: ssid, WIFI_PASSWORD: password or ""}


def check_readable(data: bytes) -> None:
    """Raises BadSettings naming the lines of settings.toml that CircuitPython reads otherwise than they look."""
    problems = settings_toml.problems(data)
    if problems:
        lines = "; ".join(f"line {one.line}: {f'{one.key}: ' if one.key else ''}{one.text}" for one in problems)
        raise BadSettings(
            f'CircuitPython cannot read all of the board\'s settings.toml ({lines}). It takes lines like KEY = "text"'
            " or KEY = 15. Correct them, or move the file away, and run this again. Nothing has been changed."
        )


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
