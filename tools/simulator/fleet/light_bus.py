"""The bus of a light board: the firmware's own sensing, shown only the seconds in which something happens."""

from __future__ import annotations

from typing import Any

from tools.simulator.bus import AVIONICS_VOLTS, CHARGING_VOLTS, CRANKING_SECONDS, REST_VOLTS

PIN, RATIO = "A2", 12.0
REFERENCE_VOLTS = 3.3
CRANKING_VOLTS = 9.5  # on average while the starter turns
CLOSE_MS = 100  # to the moment of a change; closer pairs of readings, if so few, would look like a loose contact
SPARSE_MS = 450  # enough readings for its ten seconds
SETTLING_MS = 12_000  # by then it has drawn its conclusions from a change


class LightBus:
    """Pin and clock of a `BusSense`: level pieces, of which it reads the begin and the end.

    Times are milliseconds since the board's power-on. In between nothing changes, as during a network call.
    """

    __slots__ = ("_busy_until", "_ms", "_sense", "value")

    def __init__(self) -> None:
        self._ms = 0
        self._busy_until = SETTLING_MS
        self._sense: Any = None
        self.value = _raw(REST_VOLTS - AVIONICS_VOLTS)  # of the pin, 16 bits

    def elapsed_ms(self) -> int:
        """As the firmware's clock has it."""
        return self._ms

    def feed(self, sense: Any) -> None:
        """Show a `BusSense` what comes."""
        self._sense = sense

    def set_engine(self, running: bool, ms: int) -> None:
        """Starter and alternator, or the battery alone."""
        if running:
            self._change(CRANKING_VOLTS, ms)
            self._change(CHARGING_VOLTS, ms + round(CRANKING_SECONDS * 1000))
        else:
            self._change(REST_VOLTS, ms)

    def fall(self, ms: int) -> None:
        """The master switch is opened."""
        self.advance(ms - CLOSE_MS)
        self._change(0.0, ms)

    def advance(self, ms: int) -> None:
        """Let it read up to this moment."""
        while self._ms + SPARSE_MS < min(ms, self._busy_until):
            self._read(self._ms + SPARSE_MS)
        self._read(ms)

    def _change(self, volts: float, ms: int) -> None:
        self.advance(ms)
        self.value = _raw(volts)
        self._busy_until = ms + SETTLING_MS
        self._read(ms + CLOSE_MS)

    def _read(self, ms: int) -> None:
        if ms > self._ms:
            self._ms = ms
            self._sense.sample()


def _raw(volts: float) -> int:
    return round(volts / RATIO / REFERENCE_VOLTS * 65535)
