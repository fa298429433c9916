"""``analogio`` as the espressif port of CircuitPython has it.

The order of events follows ports/espressif/common-hal/analogio/AnalogIn.c: a read averages two conversions of 12 bits
at 11 dB, corrects them by the chip's calibration to millivolts, and returns these as 16 bits of 3.3 V.
"""

from __future__ import annotations

from types import ModuleType
from typing import ClassVar

from tools.simulator.chip.language import make_module
from tools.simulator.chip.pins import ADC2, NO_ADC, read_millivolts
from tools.simulator.chip.program import Program
from tools.simulator.errors import BoardOSError

# A conversion takes about 10 us on an ESP32 and 7 us on an S3 (simplefoc/simplefoc.github.io#29);
# with the driver's lock and set-up, the calibration and the virtual machine around two of them, rather less than this.
READ_SECONDS = 0.000_1
REFERENCE_MILLIVOLTS = 3300
ESP_ERR_TIMEOUT = 0x107


class IDFError(BoardOSError):
    """``espidf.IDFError``: what ESP-IDF refused."""


IDFError.__name__ = IDFError.__qualname__ = "IDFError"


class AnalogIn:
    """``analogio.AnalogIn``."""

    program: ClassVar[Program]
    reference_voltage = 3.3

    def __init__(self, pin: object) -> None:
        self.program.check()
        board = self.program.board
        name = getattr(pin, "name", None)
        if not isinstance(name, str):
            raise TypeError(f"pin must be of type Pin, not {type(pin).__name__}")
        if name not in board.analog or board.analog[name].adc == NO_ADC:
            raise ValueError("Invalid pin")
        if name in board.pins_in_use:
            raise ValueError(f"{name} in use")
        board.pins_in_use.add(name)
        self._name: str | None = name

    @property
    def value(self) -> int:
        """16 bits of 3.3 V. ADC2 belongs to Wi-Fi while that is on."""
        if self._name is None:
            raise ValueError("Object has been deinitialized and can no longer be used. Create a new object.")
        board = self.program.board
        self.program.spend(READ_SECONDS)
        pin = board.analog[self._name]
        if pin.adc == ADC2 and board.link.enabled:
            raise IDFError(ESP_ERR_TIMEOUT, "Operation timed out")
        return read_millivolts(pin, board.clock.elapsed_seconds, board.noise) * 65535 // REFERENCE_MILLIVOLTS

    def deinit(self) -> None:
        """Free the pin."""
        if self._name is not None:
            self.program.board.pins_in_use.discard(self._name)
            self._name = None

    def __enter__(self) -> AnalogIn:
        return self

    def __exit__(self, *_: object) -> None:
        self.deinit()


def analogio_module(program: Program) -> ModuleType:
    """``analogio``."""
    return make_module("analogio", AnalogIn=type("AnalogIn", (AnalogIn,), {"program": program}))
