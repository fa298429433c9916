"""The aircraft's electrical bus as a board meets it: a voltage over time, and a converter that carries it a moment."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass

REST_VOLTS = 12.4
CHARGING_VOLTS = 14.1
CRANKING_VOLTS = 8.0
AVIONICS_VOLTS = 0.2  # by which they pull a battery down
STEP_SECONDS = 0.01
INRUSH_SECONDS = 0.15  # of the starter, before it turns
CRANKING_SECONDS = 1.5
FALL_SECONDS = 0.02  # from a closed master switch to nothing


@dataclass(frozen=True)
class Leg:
    """When things happened in one powered stretch, in seconds of the bus's time; the engine may never have run."""

    master_on: float
    engine_on: float
    engine_off: float
    master_off: float

    @property
    def engine_seconds(self) -> float:
        """How long the alternator charged."""
        return self.engine_off - self.engine_on


class Bus:
    """Volts over time, drawn as straight lines between points; times are those of a board's clock, in seconds."""

    def __init__(self, volts: float = REST_VOLTS) -> None:
        self._times = [-math.inf]
        self._volts = [volts]
        self._redrawn: list[Callable[[], None]] = []

    def on_redrawn(self, call: Callable[[], None]) -> None:
        """Call back whenever the future changes."""
        self._redrawn.append(call)

    def draw(self, *points: tuple[float, float]) -> None:
        """Lay the line through these (seconds, volts), in order of time, and level after the last.

        Everything drawn for the time after the first point is forgotten; up to it the voltage stays where it was. Two
        points of one time make a step.
        """
        if any(later < earlier for (earlier, _), (later, _) in itertools.pairwise(points)):
            raise ValueError(f"Bus.draw: times must not fall, after {points[0][0]} s")
        begin = points[0][0]
        before = self.volts(begin)
        kept = bisect_left(self._times, begin)
        self._times[kept:] = [begin, *(seconds for seconds, _ in points)]
        self._volts[kept:] = [before, *(volts for _, volts in points)]
        for call in self._redrawn:
            call()

    def bounce(self, begin: float, seconds: float, low: float, per_second: float = 200) -> float:
        """Open and close a contact so often, half of the time each, then leave it as it was; returns the end."""
        high, half = self.volts(begin), 0.5 / per_second
        points: list[tuple[float, float]] = []
        for number in range(round(seconds * per_second)):
            opened, closed = begin + 2 * number * half, begin + (2 * number + 1) * half
            points += [(opened, high), (opened, low), (closed, low), (closed, high)]
        self.draw(*points)
        return begin + seconds

    def fly(
        self,
        begin: float,
        engine_seconds: float,
        *,
        before: float = 30.0,
        after: float = 60.0,
        rest: float = REST_VOLTS,
        scale: float = 1.0,
    ) -> Leg:
        """Draw a flight: master and avionics on, starter, alternator, avionics off, master off. ``scale`` 2: 24 V.

        The starter begins ``before`` seconds after the master switch, the engine stops ``after`` seconds before it is
        switched off again; with 0 `engine_seconds` the engine is never started.
        """
        loaded = rest - AVIONICS_VOLTS
        crank = begin + before
        on = crank + INRUSH_SECONDS + CRANKING_SECONDS
        off = on + engine_seconds
        if not engine_seconds:
            on = off = crank
        end = off + after
        points = [(begin, 0.0), (begin, loaded)]
        if engine_seconds:
            points += [
                (crank, loaded),
                (crank + STEP_SECONDS, CRANKING_VOLTS),
                (crank + INRUSH_SECONDS, CRANKING_VOLTS + 1.5),
                (on - STEP_SECONDS, CRANKING_VOLTS + 2),
                (on, CHARGING_VOLTS),
                (off, CHARGING_VOLTS),
                (off + 2, rest + AVIONICS_VOLTS),
                (off + after / 2, loaded),
            ]
        points += [(off + after / 2, loaded), (off + after / 2, rest), (end, rest), (end + FALL_SECONDS, 0.0)]
        self.draw(*((seconds, volts * scale) for seconds, volts in points))
        return Leg(begin, on, off, end)

    def volts(self, seconds: float) -> float:
        """At this moment; at a step, what comes after it."""
        index = bisect_right(self._times, seconds) - 1
        begin, volts = self._times[index], self._volts[index]
        if index + 1 == len(self._times) or math.isinf(begin):
            return volts
        share = (seconds - begin) / (self._times[index + 1] - begin)
        return volts + (self._volts[index + 1] - volts) * share

    def end_of(self, least: float, hold_up: float, begin: float) -> float:
        """The first moment from ``begin`` on that ends ``hold_up`` seconds below ``least`` volts; infinite if none."""
        below_since = begin if self.volts(begin) < least else None
        for index in range(bisect_right(self._times, begin), len(self._times)):
            at, volts = self._times[index], self._volts[index]
            if below_since is not None and volts >= least:
                crossed = self._crossing(index, least)
                if crossed - below_since >= hold_up:
                    return below_since + hold_up
                below_since = None
            elif below_since is None and volts < least:
                below_since = max(begin, self._crossing(index, least))
            if below_since is not None and at - below_since >= hold_up:
                return below_since + hold_up
        return math.inf if below_since is None else below_since + hold_up

    def _crossing(self, index: int, level: float) -> float:
        """When the line that ends in this point meets a level, which lies between its ends."""
        begin, end = self._times[index - 1], self._times[index]
        rise = self._volts[index] - self._volts[index - 1]
        if math.isinf(begin) or not rise:
            return end
        return begin + (end - begin) * (level - self._volts[index - 1]) / rise


@dataclass(frozen=True)
class Converter:
    """Feeds the board from the bus, and from its capacitor for ``hold_up_seconds`` once the bus is below its input.

    The capacitor is full again as soon as the bus is back: a diode and a low resistance lie before it.
    """

    bus: Bus
    least_volts: float = 6.5
    hold_up_seconds: float = 0.5

    def end(self, begin: float) -> float:
        """When a board that has power at ``begin`` loses it, in seconds of its clock; infinite if never."""
        return self.bus.end_of(self.least_volts, self.hold_up_seconds, begin)
