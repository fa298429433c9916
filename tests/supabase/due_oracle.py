"""What is due, worked out plainly and slowly from what is stored: the contract in Python, to hold the database against.

Nothing here asks a view or a function of the database for a figure: it reads sessions, readings, installations, items
and completions, and goes through them one by one.
"""

import calendar
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from math import ceil, exp, sqrt
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.supabase.oracle import SLACK, Meters, union_seconds
from tests.supabase.project import Project, Row

WALKS = 7
WALK_STEP_DAYS = 10
QUANTILE = 1.2816
YEARS_DIFFER = 0.2
SEASON_UNKNOWN = 0.4
LEAST_HISTORY_DAYS = 28
FARTHEST_DAYS = 5 * 365
SECONDS_LIKE_A_DAY = 1200
"""Ten hours are as urgent as thirty days, which is how the default warnings weigh them."""

Dates = tuple[date | None, date | None]
RANKS = {"ok": 0, "unknown": 1, "due_soon": 2, "due": 3, "overdue": 4}


@dataclass
class Facts:
    """All that is stored, and the moment at which it is looked at."""

    clock: datetime
    today: date
    planes: dict[str, Row]
    meters: dict[str, Meters]
    """Meter -> the meters of its plane."""
    components: list[str]
    installations: dict[str, list[Row]]
    """Component -> its installations, in time."""
    items: list[Row]
    completions: dict[str, list[Row]]
    """Item -> its completions in force, in order."""
    flown: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        """The end of what counts already."""
        return self.clock + SLACK


def load(project: Project, clock: datetime, zone: str) -> Facts:
    """Read everything that is stored, in every fleet."""

    def rows(query: str) -> list[Row]:
        found = project.admin.execute(query.encode()).fetchall()
        return [
            {name: str(value) if isinstance(value, UUID) else value for name, value in row.items()} for row in found
        ]

    def by(column: str, found: list[Row]) -> dict[str, list[Row]]:
        groups: dict[str, list[Row]] = {}
        for row in found:
            groups.setdefault(row[column], []).append(row)
        return groups

    planes = {row["plane_id"]: row for row in rows("select * from planes")}
    meters = {plane: Meters.of(project, plane) for plane in planes}
    return Facts(
        clock=clock,
        today=clock.astimezone(ZoneInfo(zone)).date(),
        planes=planes,
        meters={meter: of_plane for of_plane in meters.values() for meter in of_plane.meters},
        components=[row["component_id"] for row in rows("select component_id from components")],
        installations=by("component_id", rows("select * from component_installations order by installed_from")),
        items=rows("select * from maintenance_items where archived_at is null"),
        completions=by(
            "item_id", rows("select * from maintenance_completions where voided_at is null order by done_at, entry")
        ),
    )


def meter_run(facts: Facts, meter: str, a: datetime, b: datetime) -> int | None:
    """Seconds that a meter ran between two times, whatever its face says."""
    meters = facts.meters[meter]
    begin, end, jumps = meters.figure(meter, a), meters.figure(meter, b), meters.jumps(meter, a, b)
    if begin is None or end is None or jumps.replaced_seconds is None or jumps.initial_seconds is None:
        return None
    return end - begin - jumps.replaced_seconds - jumps.initial_seconds


# Components


def component_run(facts: Facts, component: str, a: datetime, b: datetime) -> int | None:
    """Seconds that a component ran between two times, in whichever planes."""
    total = 0
    for installed in facts.installations.get(component, []):
        begin, end = max(installed["installed_from"], a), min(installed["removed_at"] or b, b)
        if begin < end:
            ran = meter_run(facts, installed["meter_id"], begin, end)
            if ran is None:
                return None
            total += ran
    return total


def component_seconds(facts: Facts, component: str, t: datetime, scale: str, before: bool = False) -> int | None:
    """Time since new or since overhaul at a time (just before it, if wanted); None: not known."""
    based = [
        row
        for row in facts.installations.get(component, [])
        if (row["installed_from"] < t if before else row["installed_from"] <= t) and row[f"{scale}_seconds"] is not None
    ]
    if not based:
        return None
    ran = component_run(facts, component, based[-1]["installed_from"], t)
    return None if ran is None else int(based[-1][f"{scale}_seconds"]) + ran


def component_jumps(facts: Facts, component: str, a: datetime, b: datetime, scale: str) -> int:
    """By how much a component came with another time than it had left with, after a time until another."""
    moved = 0
    for installed in facts.installations.get(component, []):
        base = installed[f"{scale}_seconds"]
        if a < installed["installed_from"] <= b and base is not None:
            left_with = component_seconds(facts, component, installed["installed_from"], scale, before=True)
            moved += 0 if left_with is None else base - left_with
    return moved


def components(facts: Facts) -> dict[str, Row]:
    """Where every component is now, and its times."""
    answer: dict[str, Row] = {}
    for component in facts.components:
        began = [row["installed_from"] for row in facts.installations.get(component, [])]
        is_begun = bool(began) and began[0] <= facts.now
        installed = _installed_now(facts, component)
        answer[component] = {
            "plane_id": installed and installed["plane_id"],
            "since_new_seconds": component_seconds(facts, component, facts.now, "since_new"),
            "since_overhaul_seconds": component_seconds(facts, component, facts.now, "since_overhaul"),
            "counted_seconds": component_run(facts, component, began[0], facts.now) if is_begun else None,
        }
    return answer


# Maintenance


def after_interval(day: date, months: int | None, days: int | None) -> date:
    """The date so many months or days later, ends of months kept."""
    if months is None:
        assert days is not None
        return day + timedelta(days=days)
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    last = calendar.monthrange(year, month)[1]
    at_end = day.day == calendar.monthrange(day.year, day.month)[1]
    return date(year, month, last if at_end else min(day.day, last))


def fold(done: Sequence[Any], after: Callable[[Any], Any], earlier: Callable[[Any], Any], anchor: str) -> Any:
    """What is due after things were done at these places, in order; `earlier` takes the tolerance off a place."""
    due = None
    for at in done:
        if at is None:
            due = None
            continue
        kept = False
        if due is not None:
            kept = (anchor == "from_due" and at >= earlier(due)) or (anchor == "from_due_if_late" and at >= due)
            kept = kept and after(due) > at
        due = after(due if kept else at)
    return due


def state_of(left_over: int | None, warning: int, tolerance: int) -> str | None:
    """The state of what has so much left."""
    if left_over is None:
        return None
    if left_over > warning:
        return "ok"
    if left_over > 0:
        return "due_soon"
    return "due" if left_over >= -tolerance else "overdue"


def _since(facts: Facts, item: Row, completion: Row) -> tuple[int | None, int | None, str | None]:
    """Seconds run since a completion, the figure at it, and what is missing to say so."""
    done_at, given = completion["done_at"], completion["meter_seconds"]
    if item["component_id"] is None:
        meters, meter = facts.meters[item["meter_id"]], item["meter_id"]
        at_done = meters.figure(meter, done_at) if given is None else given
        end, jumps = meters.figure(meter, facts.now), meters.jumps(meter, done_at, facts.now)
        if end is None or at_done is None or jumps.replaced_seconds is None:
            return None, at_done, "meter_figure"
        if given is None and jumps.initial_readings:
            return None, at_done, "meter_figure"
        return end - at_done - jumps.replaced_seconds, at_done, None
    component, scale = item["component_id"], item["counts_from"]
    at_done = component_seconds(facts, component, done_at, scale) if given is None else given
    installed = [row for row in facts.installations.get(component, []) if row["installed_from"] <= facts.now]
    if not installed:
        return None, at_done, "not_installed"
    if given is None:
        if done_at < installed[0]["installed_from"]:
            return None, at_done, "component_time"
        since = component_run(facts, component, done_at, facts.now)
        if since is not None and scale == "since_new":
            since += component_jumps(facts, component, done_at, facts.now, scale)
    else:
        end = component_seconds(facts, component, facts.now, scale)
        since = None if end is None else end - given
        if since is not None and scale == "since_overhaul":
            since -= component_jumps(facts, component, done_at, facts.now, scale)
    return since, at_done, None if since is not None else "component_time"


def _installed_now(facts: Facts, component: str) -> Row | None:
    for row in facts.installations.get(component, []):
        if row["installed_from"] <= facts.now and (row["removed_at"] is None or row["removed_at"] > facts.now):
            return row
    return None


def status(facts: Facts) -> dict[str, Row]:
    """Every item in use of every plane in use, by its identity, with what is due."""
    answer = {}
    for item in facts.items:
        installed = _installed_now(facts, item["component_id"]) if item["component_id"] else None
        plane = installed["plane_id"] if installed else item["plane_id"]
        if plane is None or facts.planes[plane]["archived_at"] is None:
            answer[item["item_id"]] = _status(facts, item, plane, installed)
    return answer


def _status(facts: Facts, item: Row, plane: str | None, installed: Row | None) -> Row:
    done = facts.completions.get(item["item_id"], [])
    last = done[-1] if done else None
    now_seconds, last_done_seconds, remaining_seconds, lack = _hours(facts, item, done)
    due_on = _due_on(item, done)
    remaining_days = None if due_on is None else (due_on - facts.today).days
    missing = lack if last else "completion"
    states = [
        state_of(remaining_seconds, item["warning_seconds"], item["tolerance_seconds"]),
        state_of(remaining_days, item["warning_days"], item["tolerance_days"]),
    ]
    worst = max((state for state in states if state), key=RANKS.__getitem__, default="unknown")
    state = "unknown" if missing and worst in ("ok", "due_soon") else worst
    meter = item["meter_id"] or (installed and installed["meter_id"])
    projected: Dates = (None, None)
    if (
        meter
        and remaining_seconds is not None
        and remaining_seconds > 0
        and (remaining_days is None or remaining_days > 0)
    ):
        low, high = projection(facts, meter, remaining_seconds)
        projected = _earlier(low, due_on), _earlier(high, due_on)
    return {
        "plane_id": plane,
        "component_id": item["component_id"],
        "status": state,
        "missing": missing,
        "last_completion_id": last and last["completion_id"],
        "last_done_on": last and last["done_on"],
        "last_done_seconds": last_done_seconds,
        "now_seconds": now_seconds,
        "due_seconds": None if now_seconds is None or remaining_seconds is None else now_seconds + remaining_seconds,
        "remaining_seconds": remaining_seconds,
        "due_on": due_on,
        "remaining_days": remaining_days,
        "projected_from": projected[0],
        "projected_to": projected[1],
        "urgency": _urgency(facts, state, remaining_seconds, remaining_days, projected[0]),
    }


def _hours(facts: Facts, item: Row, done: list[Row]) -> tuple[int | None, int | None, int | None, str | None]:
    """The figure of now and of the last completion, what is left, and what is missing to say so."""
    if item["interval_seconds"] is None:
        return None, None, None, None
    if item["component_id"] is None:
        now_seconds = facts.meters[item["meter_id"]].figure(item["meter_id"], facts.now)
    else:
        now_seconds = component_seconds(facts, item["component_id"], facts.now, item["counts_from"])
    known = [_since(facts, item, completion) for completion in done]
    if not known:
        return now_seconds, None, None, None
    _, last_done_seconds, missing = known[-1]
    # Places on a count that is 0 now.
    remaining_seconds: int | None = fold(
        [None if since is None else -since for since, _, _ in known],
        lambda at: at + item["interval_seconds"],
        lambda due: due - item["tolerance_seconds"],
        item["anchor"],
    )
    return now_seconds, last_done_seconds, remaining_seconds, missing


def _due_on(item: Row, done: list[Row]) -> date | None:
    """When an item is due by the calendar."""
    if not (item["interval_months"] or item["interval_days"]):
        return None
    due: date | None = fold(
        [completion["done_on"] for completion in done],
        lambda day: after_interval(day, item["interval_months"], item["interval_days"]),
        lambda due: due - timedelta(days=item["tolerance_days"]),
        item["anchor"],
    )
    return due


def _earlier(day: date | None, other: date | None) -> date | None:
    return day if day is None or other is None else min(day, other)


def _urgency(facts: Facts, state: str, seconds: int | None, days: int | None, projected_from: date | None) -> int:
    """More urgent is greater: by state, then by what is expected first."""
    waits = []
    if days is not None:
        waits.append(days * 86400)
    if projected_from is not None:
        waits.append((projected_from - facts.today).days * 86400)
    elif seconds is not None:
        waits.append(seconds * 86400 // SECONDS_LIKE_A_DAY)
    return RANKS[state] * 10**12 - min(waits, default=0)


# Projection


def flown_days(facts: Facts, meters: Meters, plane: str, source: str) -> list[int]:
    """The seconds of each of the 365 UTC days before this one, or of fewer: those since the first that was flown."""
    if (plane, source) not in facts.flown:
        today = facts.clock.astimezone(UTC).date()
        spans = meters.spans[source]
        begun = [begin.astimezone(UTC).date() for begin, end in spans if begin < end]
        length = max(0, min(365, (today - min(begun)).days)) if begun else 0
        midnight = datetime.combine(today, datetime.min.time(), UTC)
        days = [midnight - timedelta(days=n) for n in range(length, 0, -1)]
        facts.flown[plane, source] = [union_seconds(spans, day, day + timedelta(days=1)) for day in days]
    return facts.flown[plane, source]


def projection(facts: Facts, meter: str, remaining: int) -> Dates:
    """Between which dates the rest will be used up in 8 of 10 cases, by the days of the last year."""
    meters = facts.meters[meter]
    row, needed = meters.meters[meter], float(remaining)
    if row["base_meter_id"] is not None:
        needed = float(Decimal(remaining) / meters.ratio(meter).ratio)
        row = meters.meters[str(row["base_meter_id"])]
    days = flown_days(facts, meters, str(row["plane_id"]), row["source"])
    if len(days) < LEAST_HISTORY_DAYS or sum(days) == 0:
        return None, None
    factor = exp(QUANTILE * sqrt(doubt(days, needed)))
    low, high = (middle_walk(days, ceil(seconds)) for seconds in (needed / factor, needed * factor))
    if high > FARTHEST_DAYS:
        return None, None
    return facts.today + timedelta(days=low), facts.today + timedelta(days=high)


def doubt(days: Sequence[int], needed: float) -> float:
    """The variance of the logarithm of how much will be flown until then."""
    weeks = [float(sum(days[max(0, end - 7) : end])) for end in range(len(days), 0, -7)]
    jumps = [(later - earlier) ** 2 for earlier, later in pairwise(weeks)]
    scatter = sum(jumps) / len(jumps) / (sum(weeks) / len(weeks))
    unknown = 1 - len(days) / 365
    return scatter * (1 / needed + 1 / sum(days)) + YEARS_DIFFER**2 + SEASON_UNKNOWN**2 * unknown


def middle_walk(days: Sequence[int], needed: int) -> int:
    """The middle of the walks from around the same day of last year on, or from anywhere in fewer days."""
    if len(days) == 365:
        starts = [(number - WALKS // 2) * WALK_STEP_DAYS % 365 for number in range(WALKS)]
    else:
        starts = [number * len(days) // WALKS for number in range(WALKS)]
    return sorted(days_walked(days, start, needed) for start in starts)[WALKS // 2]


def days_walked(days: Sequence[int], start: int, needed: int) -> int:
    """How many days it takes from one of them on, round and round, until so many seconds are flown."""
    total = sum(days)
    rounds = ceil(needed / total) - 1
    rest = needed - rounds * total
    flown, walked = 0, 0
    while flown < rest:
        flown += days[(start + walked) % len(days)]
        walked += 1
    return rounds * len(days) + walked
