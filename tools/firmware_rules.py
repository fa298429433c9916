"""What firmware/code.py itself says about settings: the tools judge by the board's own rules."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import NamedTuple

from tools.firmware_parts import load

DRIVE_8MB_BYTES = 8 * 2**20


class Bounds(NamedTuple):
    """Of a whole number in settings.toml; `used` says what the board takes instead of one beyond them."""

    default: int
    least: int
    most: int
    used: str


SENSE_PIN, SENSE_RATIO = "LOGGER_SENSE_PIN", "LOGGER_SENSE_RATIO"


class SenseDefaults(NamedTuple):
    """Millivolts of the bus: from which the engine runs, and below which the power is going."""

    engine_mv: int
    off_mv: int


def integer_settings(sense_pin: str = "", drive_bytes: int = DRIVE_8MB_BYTES) -> dict[str, Bounds]:
    """As the board's Config asks for them with this pin and drive, nothing else being set; the ratio in thousandths."""
    found: dict[str, Bounds] = {}

    def integer(self: object, name: str, default: int, least: int, most: int, used: str = "") -> int:
        found[name] = Bounds(default, least, most, used or str(default))
        return default

    settings = {SENSE_PIN: sense_pin} if sense_pin else {}
    stand_ins = {
        "os": SimpleNamespace(getenv=settings.get, statvfs=lambda path: (512, 0, drive_bytes // 512)),
        "secrets": SimpleNamespace(secrets={}),
    }
    config = load(stand_ins).Config
    config._integer = integer
    config._thousandths = integer
    config()
    return found


_FIRMWARE = load()
# Of one copy of sessions.json, with all its lines.
SESSIONS_BYTES: int = _FIRMWARE.SessionFile("", _FIRMWARE.SESSION_LINES).size
SMALL_SESSIONS_BYTES: int = _FIRMWARE.SessionFile("", _FIRMWARE.SESSION_LINES_SMALL_DRIVE).size
SMALL_DRIVE_BYTES: int = _FIRMWARE.SMALL_DRIVE_BYTES

url_problem: Callable[[str], str] = _FIRMWARE.url_problem
SSID_BYTES: int = _FIRMWARE.SSID_BYTES
# How many networks settings.toml may name: LOGGER_WIFI_1_SSID and so on.
WIFI_SETTINGS: int = _FIRMWARE.WIFI_SETTINGS
INTEGER_SETTINGS = integer_settings()
# In thousandths.
SENSE_RATIO_BOUNDS = INTEGER_SETTINGS.pop(SENSE_RATIO)
# Above this at rest the bus is one of 24 V.
SYSTEM_24_MV: int = _FIRMWARE.SYSTEM_24_MV
SENSE_DEFAULTS = {
    system: SenseDefaults(engine_mv, off_mv)
    for system, engine_mv, off_mv in zip((12, 24), _FIRMWARE.ENGINE_MV, _FIRMWARE.OFF_MV, strict=True)
}


def sense_ratio(text: str) -> int:
    """SENSE_RATIO in thousandths; 0 for what the firmware would not take."""
    thousandths: int = _FIRMWARE.thousandths(text)
    return thousandths if SENSE_RATIO_BOUNDS.least <= thousandths <= SENSE_RATIO_BOUNDS.most else 0
