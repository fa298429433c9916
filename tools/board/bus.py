"""The bus voltage at a pin: its settings judged, its readings put into words, and its divider calibrated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tools.board.errors import BadSettings
from tools.board.findings import Finding
from tools.board.settings import setting_text, value_of
from tools.firmware_rules import (
    INTEGER_SETTINGS,
    SENSE_DEFAULTS,
    SENSE_PIN,
    SENSE_RATIO,
    SENSE_RATIO_BOUNDS,
    SYSTEM_24_MV,
    sense_ratio,
)
from tools.log_lines import BUS, FAILED, OK, WARNING
from tools.remedies import CALIBRATE, INSTALL_SENSE

WHAT = "Bus voltage"
# The converter is linear up to here; an ESP32's reads poorly above (ESP-IDF, "ADC calibration").
LINEAR_MV = 2500
# What a regulator that is in order never exceeds.
HIGHEST_MV = {12: 16_000, 24: 32_000}
# Resistors of 5 % and the converter's own error together stay below this; more is another divider, or a slip.
MOST_CORRECTION = 0.3


@dataclass(frozen=True)
class Sensing:
    """The settings as the board uses them. Millivolts of the bus; `ratio` in thousandths; 0: by the voltage at rest."""

    pin: str
    ratio: int
    engine_mv: int
    off_mv: int

    def engine_from(self, system: int) -> int:
        """From this on the engine counts as running, on a system of 12 or 24 V."""
        return self.engine_mv or SENSE_DEFAULTS[system].engine_mv

    def off_below(self, system: int) -> int:
        """Below this the power counts as going."""
        return self.off_mv or SENSE_DEFAULTS[system].off_mv


def volts(millivolts: int) -> str:
    """12.41 V."""
    return f"{millivolts / 1000:.2f} V"


def read(toml: bytes) -> Sensing | None:
    """What settings.toml says; None when no pin is set. A value that the board would not take counts as missing."""
    pin = setting_text(toml, SENSE_PIN)
    if not pin:
        return None
    ratio = sense_ratio(value_of(toml, SENSE_RATIO) or "") or SENSE_RATIO_BOUNDS.default
    return Sensing(pin, ratio, _millivolts(toml, "LOGGER_SENSE_ENGINE_MV"), _millivolts(toml, "LOGGER_SENSE_OFF_MV"))


def _millivolts(toml: bytes, key: str) -> int:
    text = value_of(toml, key) or ""
    bounds = INTEGER_SETTINGS[key]
    return int(text) if text.isdigit() and bounds.least <= int(text) <= bounds.most else 0


def judge_settings(toml: bytes) -> Iterator[Finding]:
    """The settings of the pin and its divider; nothing when no pin is set."""
    sensing = read(toml)
    if sensing is None:
        return
    text = value_of(toml, SENSE_RATIO) or ""
    if not sense_ratio(text):
        said = f'{SENSE_RATIO} = "{text}" is not used' if text else f"{SENSE_RATIO} is not set"
        assumed = f"{SENSE_RATIO_BOUNDS.default / 1000} bus volts per volt at pin {sensing.pin}"
        yield Finding(
            WARNING,
            WHAT,
            f"{said}: the board assumes {assumed}; all its voltages depend on that.",
            f"{INSTALL_SENSE}, with (R1 + R2) / R2 of your divider; then {CALIBRATE} with what a multimeter reads.",
        )
        return
    highest = LINEAR_MV * sensing.ratio // 1000
    if highest < HIGHEST_MV[12]:
        yield Finding(
            WARNING,
            WHAT,
            f"Pin {sensing.pin} can show at most {volts(highest)}, and a 12 V bus reaches {volts(HIGHEST_MV[12])}.",
            "Take a larger upper resistor: DEPLOYMENT.md, step 8, gives values.",
        )
        return
    system = 24 if highest >= HIGHEST_MV[24] else 12
    yield Finding(
        OK, WHAT, f"on pin {sensing.pin}, divided by {text}: readable up to {volts(highest)}, a {system} V bus."
    )


def judge_lines(lines: list[str], toml: bytes) -> Iterator[Finding]:
    """What the board last read, and what it concludes from that."""
    sensing = read(toml)
    reading = last_reading(lines)
    if sensing is None or reading is None:
        return
    system = 24 if reading > SYSTEM_24_MV else 12
    engine, off = sensing.engine_from(system), sensing.off_below(system)
    if reading < off:
        yield Finding(
            FAILED,
            WHAT,
            f"{volts(reading)} now, and below {volts(off)} the board takes its power to be going.",
            f"Normal on the bench, without the bus. Else compare with a multimeter: {CALIBRATE} corrects the ratio.",
        )
        return
    state = "the engine counts as running" if reading >= engine else "the engine does not run"
    yield Finding(
        OK,
        WHAT,
        f"{volts(reading)} now: a {system} V system, {state}. It runs from {volts(engine)} on; below {volts(off)} the"
        " power is going.",
    )


def last_reading(lines: list[str]) -> int | None:
    """Millivolts of the bus, as the console said last."""
    found = [match for line in lines if (match := BUS.pattern.fullmatch(line.strip()))]
    return int(re.sub(r"\D", "", found[-1][0].split(" V")[0])) * 10 if found else None


def calibrated(sensing: Sensing, reading: int, metered: int) -> str:
    """The ratio with which the board would have read what the multimeter reads, both in millivolts of the bus.

    Raises BadSettings where the two are too far apart for resistors and converter to explain.
    """
    if not reading or abs(metered / reading - 1) > MOST_CORRECTION:
        raise BadSettings(
            f"The board reads {volts(reading)} and your meter {volts(metered)}: that is not the divider's tolerance."
            " Look for a wrong resistor, a loose wire, or a wrong ratio (R1 + R2) / R2. Nothing has been changed."
        )
    ratio = round(sensing.ratio * metered / reading)
    return f"{ratio // 1000}.{ratio % 1000:03}"
