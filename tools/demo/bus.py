"""The bus of the demo's planes: what their boards told of it in a year, and the one behind the live board."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tools.simulator import Bus, Converter, SimulatedBoard, divided
from tools.simulator.bus import CRANKING_SECONDS, INRUSH_SECONDS

WARM_UP_SECONDS = (40, 150)  # from the master switch to the running engine
SHUT_DOWN_SECONDS = (20, 90)
COLDEST_DAY = 20  # of the year
WINTER_MV = 250  # by which cold pulls a battery down
CRANKING_MV = 2900  # by which a starter does
SPREAD_MV = 60

LIVE_PIN, LIVE_RATIO = "A2", 12.0
LIVE_SETTINGS: dict[str, str | int] = {"LOGGER_SENSE_PIN": LIVE_PIN, "LOGGER_SENSE_RATIO": str(LIVE_RATIO)}
LIVE_BEFORE_SECONDS, LIVE_AFTER_SECONDS = 60.0, 40.0  # with the master switch on and the engine off
CRANKED_SECONDS = INRUSH_SECONDS + CRANKING_SECONDS
LIVE_HOLD_UP = timedelta(seconds=1)  # by then the last checkpoint is saved and the capacitor empty


@dataclass(frozen=True)
class Wiring:
    """A plane's divider: millivolts of its battery at rest in summer, and of its alternator."""

    resting_mv: int
    charging_mv: int


def sensed(wiring: Wiring, start: datetime, run_seconds: int, *, engine: bool, dice: random.Random) -> dict[str, int]:
    """The optional fields of a message, as a board with a divider reports them at the end of its session."""
    cold = (1 + math.cos(2 * math.pi * (start.timetuple().tm_yday - COLDEST_DAY) / 365)) / 2

    def about(millivolts: float) -> int:
        return round(millivolts) + dice.randrange(-SPREAD_MV, SPREAD_MV)

    resting = about(wiring.resting_mv - WINTER_MV * cold)
    voltages = {"bus_start_mv": resting, "bus_min_mv": resting - 100, "bus_max_mv": resting + 40}
    if not engine:
        return {"checkpoint_seconds": 1, "engine_seconds": 0, **voltages}
    first = dice.randrange(*WARM_UP_SECONDS)
    return {
        "checkpoint_seconds": 1,
        "engine_seconds": run_seconds - first - dice.randrange(*SHUT_DOWN_SECONDS),
        "engine_first_s": first,
        "bus_start_mv": resting,
        "bus_min_mv": about(resting - CRANKING_MV - WINTER_MV * cold),
        "bus_max_mv": about(wiring.charging_mv),
    }


class LiveBus:
    """The bus behind a board's divider and its converter; dead until a flight is drawn."""

    def __init__(self, board: SimulatedBoard) -> None:
        self._epoch = datetime.fromtimestamp(board.clock.start_ns / 1e9, UTC)
        self._bus = Bus(0.0)
        board.analog[LIVE_PIN] = divided(self._bus, LIVE_RATIO)
        board.supply = Converter(self._bus)

    def draw(self, on: datetime, off: datetime, *, engine: bool) -> None:
        """Battery, starter and alternator from master switch to master switch; it may have been on for a while."""
        begin, seconds = (on - self._epoch).total_seconds(), (off - on).total_seconds()
        running = seconds - LIVE_BEFORE_SECONDS - LIVE_AFTER_SECONDS - CRANKED_SECONDS
        if engine and running > 0:
            self._bus.fly(begin, running, before=LIVE_BEFORE_SECONDS, after=LIVE_AFTER_SECONDS)
        else:
            self._bus.fly(begin, 0, before=seconds / 2, after=seconds / 2)
