"""What the contract says of hours and meters, worked out the plain and slow way, from sessions and readings alone."""

import statistics
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import NamedTuple

from tests.supabase.project import Project, Row

Spans = list[tuple[datetime, datetime]]

SLACK = timedelta(minutes=5)
"""What lies no further ahead counts already: a board's clock may be a little fast."""
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
"""Nothing is ever counted before it."""
_DIGIT_SECONDS = 360  # a tach's last digit


def measured(project: Project, plane: str) -> dict[str, Spans]:
    """What counts of a plane's sessions: their time with power, that of the sensed ones, and that of their engine."""
    rows = project.admin.execute("select * from sessions where plane_id = %s and counts", [plane]).fetchall()
    spans: dict[str, Spans] = {"powered": [], "sensed": [], "engine": []}
    for row in rows:
        begin, end = row["effective_start"], row["session_end"]
        spans["powered"].append((begin, end))
        if row["engine_seconds"] is not None:
            spans["sensed"].append((begin, end))
            first = begin + timedelta(seconds=row["engine_first_s"] or 0)
            spans["engine"].append((first, min(first + timedelta(seconds=row["engine_seconds"]), end)))
    return spans


def union_seconds(spans: Spans, a: datetime, b: datetime) -> int:
    """The contract's definition, second by second in spirit: merge the clipped intervals and add them up."""
    total, reached = timedelta(0), a
    for start, end in sorted((max(start, a), min(end, b)) for start, end in spans):
        if end > max(start, reached):
            total += end - max(start, reached)
            reached = end
    return int(total.total_seconds())


class Ratio(NamedTuple):
    """What an estimated meter advances by per second of its base; width and readings are None while it is entered."""

    ratio: Decimal
    half_width: Decimal | None
    readings: int | None


class Jumps(NamedTuple):
    """Seconds by which a figure jumped, None: by nobody knows how many."""

    replaced_seconds: int | None
    initial_seconds: int | None
    initial_readings: int


@dataclass(frozen=True)
class Meters:
    """The meters of a plane as they are in the database at this moment."""

    spans: dict[str, Spans]
    meters: dict[str, Row]
    all_readings: list[Row]

    @classmethod
    def of(cls, project: Project, plane: str) -> "Meters":
        """Read what there is of a plane; nothing of it is derived."""
        meters = project.admin.execute("select * from meters where plane_id = %s", [plane]).fetchall()
        readings = project.admin.execute(
            "select * from hour_readings where plane_id = %s and voided_at is null order by as_of, entry", [plane]
        ).fetchall()
        return cls(measured(project, plane), {str(meter["meter_id"]): meter for meter in meters}, readings)

    def readings(self, meter: str) -> list[Row]:
        """The meter's readings in force, oldest first."""
        return [reading for reading in self.all_readings if str(reading["meter_id"]) == meter]

    def base_seconds(self, meter: str, a: datetime, b: datetime) -> int:
        """What the meter's source, or that of its base, counted between two times."""
        row = self.meters[meter]
        source = row["source"] if row["base_meter_id"] is None else self.meters[str(row["base_meter_id"])]["source"]
        return union_seconds(self.spans["engine" if source == "engine" else "powered"], a, b)

    def ratio(self, meter: str) -> Ratio:
        """The repeated median over the newest 24 readings; before three are usable, what was entered."""
        entered = self.meters[meter]["entered_ratio"]
        newest = self.readings(meter)[-24:]
        points = [
            (self.base_seconds(meter, newest[0]["as_of"], reading["as_of"]), reading["reason"], reading["seconds"])
            for reading in newest
        ]
        medians, longest = _slopes(points, Fraction(entered))
        if len(medians) < 3:
            return Ratio(entered, None, None)
        learned = statistics.median(medians)
        spread = Fraction("1.4826") * statistics.median([abs(slope - learned) for slope in medians])
        half_width = max(Fraction(2 * _DIGIT_SECONDS, longest), spread)
        kept = min(max(learned, Fraction("0.05")), Fraction(5))
        return Ratio(_decimal(kept, ROUND_HALF_UP), _decimal(half_width, ROUND_CEILING), len(medians))

    def _advance(self, meter: str, a: datetime, b: datetime) -> int:
        seconds = self.base_seconds(meter, a, b)
        if self.meters[meter]["source"] != "estimated":
            return seconds
        return int((self.ratio(meter).ratio * seconds).quantize(Decimal(1), ROUND_HALF_UP))

    def _resting_on(self, meter: str, reading: Row | None, t: datetime) -> int | None:
        if reading is not None:
            return int(reading["seconds"]) + self._advance(meter, reading["as_of"], t)
        source = self.meters[meter]["source"]
        ever_sensed = any(end > start for start, end in self.spans["sensed"])
        is_known = source == "powered" or (source == "engine" and ever_sensed)
        return self._advance(meter, EARLIEST, t) if is_known else None

    def figure(self, meter: str, t: datetime) -> int | None:
        """The latest reading plus what was counted since, times the ratio; None: unknown."""
        before = [reading for reading in self.readings(meter) if reading["as_of"] <= t]
        return self._resting_on(meter, before[-1] if before else None, t)

    def status(self, meter: str, now: datetime) -> Row:
        """What meter_status says now, but for the uncertainty of what is not estimated."""
        row, readings = self.meters[meter], self.readings(meter)
        base = self.meters[str(row["base_meter_id"] or meter)]["source"]
        reading = readings[-1] if readings else None
        since = reading["as_of"] if reading else EARLIEST
        total = self.figure(meter, now)
        status = {
            "total_seconds": total,
            "reading_seconds": reading and reading["seconds"],
            "reading_as_of": reading and reading["as_of"],
            "counted_seconds": None if total is None else total - (reading["seconds"] if reading else 0),
            "not_sensed_seconds": None,
        }
        if base == "engine" and (reading is not None or row["source"] == "engine"):
            powered, sensed = (union_seconds(self.spans[measure], since, now) for measure in ("powered", "sensed"))
            status["not_sensed_seconds"] = powered - sensed
        if row["source"] == "estimated":
            learned = self.ratio(meter)
            half = learned.half_width
            status |= {
                "ratio": learned.ratio,
                "ratio_low": None if half is None else max(learned.ratio - half, Decimal(0)),
                "ratio_high": None if half is None else learned.ratio + half,
                "ratio_readings": learned.readings,
                "uncertainty_seconds": None,
                "uncertainty_less_seconds": None,
            }
            if half is not None and total is not None:
                doubt = (half * self.base_seconds(meter, since, now)).quantize(Decimal(1), ROUND_CEILING)
                status |= dict.fromkeys(
                    ("uncertainty_seconds", "uncertainty_less_seconds"), max(int(doubt), _DIGIT_SECONDS)
                )
        return status

    def jumps(self, meter: str, a: datetime, b: datetime) -> Jumps:
        """What the readings with as_of in (a, b] say beyond the figure just before them, by their reason."""
        readings = self.readings(meter)
        found: dict[str, list[int | None]] = {"meter_replaced": [], "initial": []}
        for before, reading in zip([None, *readings], readings, strict=False):
            if a < reading["as_of"] <= b and reading["reason"] in found:
                expected = self._resting_on(meter, before, reading["as_of"])
                found[reading["reason"]].append(None if expected is None else reading["seconds"] - expected)
        return Jumps(_sum(found["meter_replaced"]), _sum(found["initial"]), len(found["initial"]))


def _sum(figures: list[int | None]) -> int | None:
    return None if None in figures else sum(figure for figure in figures if figure is not None)


def _slopes(readings: list[tuple[int, str, int]], entered: Fraction) -> tuple[list[Fraction], int]:
    """Of (base seconds, reason, seconds): the median slope of each usable reading, and the longest span."""
    lives, life = [], 0
    for _, reason, _ in readings:
        life += reason == "meter_replaced"
        lives.append(life)
    medians, longest = [], 0
    for i, (base, _, seconds) in enumerate(readings):
        others = [
            (other_base - base, other_seconds - seconds)
            for j, (other_base, _, other_seconds) in enumerate(readings)
            if lives[i] == lives[j] and other_base != base
        ]
        if others:
            medians.append(statistics.median([Fraction(rise, run) for run, rise in others] + [entered]))
            longest = max(longest, *(abs(run) for run, _ in others))
    return medians, longest


def _decimal(figure: Fraction, rounding: str) -> Decimal:
    """Six decimals of a fraction, exactly."""
    millionths = figure * 1_000_000
    whole, rest = divmod(millionths.numerator, millionths.denominator)
    up = rest > 0 if rounding == ROUND_CEILING else 2 * rest >= millionths.denominator
    return Decimal(whole + up).scaleb(-6)
