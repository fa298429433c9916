"""What lies at the pins that can sample a voltage, and what the chip's converter makes of it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from tools.simulator.bus import Bus

CONVERSIONS = 2  # of which a read is the mean: https://github.com/adafruit/circuitpython/pull/3810
FULL_SCALE_VOLTS = 3.1  # at 11 dB on an ESP32: whatever is above reads so
STEPS = 4095
NOISE_VOLTS = 0.006
NO_ADC, ADC1, ADC2 = 0, 1, 2

HUM_HZ = 50
HUM_VOLTS = 0.9
DRIFT_SECONDS = 37


@dataclass(frozen=True)
class AnalogPin:
    """What lies at a pin: volts over the seconds of the board's clock. ``adc``: ADC1, ADC2 (Wi-Fi's), or NO_ADC."""

    volts: Callable[[float], float]
    adc: int = ADC1
    noise_volts: float = NOISE_VOLTS


def divided(bus: Bus, ratio: float = 12.0, *, noise_volts: float = NOISE_VOLTS) -> AnalogPin:
    """A pin behind a divider of two resistors from the bus."""
    return AnalogPin(lambda seconds: bus.volts(seconds) / ratio, noise_volts=noise_volts)


def floating() -> AnalogPin:
    """A pin that nothing is connected to: mains hum around a level that wanders."""

    def volts(seconds: float) -> float:
        level = 1.2 + 0.7 * math.sin(seconds / DRIFT_SECONDS)
        return level + HUM_VOLTS * math.sin(2 * math.pi * HUM_HZ * seconds)

    return AnalogPin(volts, noise_volts=0.1)


def read_millivolts(pin: AnalogPin, seconds: float, noise: random.Random) -> int:
    """What the chip makes of a pin at this moment, calibrated."""
    raw = 0
    for _ in range(CONVERSIONS):
        volts = pin.volts(seconds) + noise.gauss(0, pin.noise_volts)
        raw += min(max(round(volts / FULL_SCALE_VOLTS * STEPS), 0), STEPS)
    return raw // CONVERSIONS * round(FULL_SCALE_VOLTS * 1000) // STEPS
