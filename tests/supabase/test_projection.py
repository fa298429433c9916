"""The projection against what came: planes with a made-up habit, of which the projection sees one year or three months.

`--long` tries more planes, and prints the table (`-s`).
"""

import itertools
import random
import statistics
from dataclasses import dataclass

import pytest

from tests.supabase import flying
from tests.supabase.project import Project, Row

CLOCK = "2026-06-01T12:00:00Z"
RESTS = [hours * flying.HOUR for hours in (5, 10, 25, 50, 100)]
YEARS_AHEAD = 8
PLANES, MANY_PLANES = 50, 500


@dataclass(frozen=True)
class Case:
    """A habit, for how many days the plane has been here, and how wide a range may be, as the median of days."""

    habit: flying.Habit
    days: int
    widest: int

    def __str__(self) -> str:
        return f"{self.habit.__name__}_{self.days}"


# Of two years only the later one is looked at, but they say that there is a year.
TWO_YEARS = 730
CASES = [
    Case(flying.weekend_flyer, TWO_YEARS, 200),
    Case(flying.school, TWO_YEARS, 25),
    Case(flying.rarely_flown, TWO_YEARS, 700),
    Case(flying.put_away_for_the_winter, TWO_YEARS, 200),
    Case(flying.weekend_flyer, 90, 300),
    Case(flying.school, 90, 35),
]


def _projected(project: Project, histories: list[list[int]]) -> dict[tuple[str, int], tuple[int, int]]:
    """Meter and rest -> in how many days at the earliest, and at the latest; the meters are called by their number."""
    project.set_clock(CLOCK)
    project.admin.execute("set session_replication_role = replica")
    fleet = project.admin.execute("insert into fleets (name) values ('Club') returning fleet_id").fetchone()
    assert fleet is not None
    project.admin.execute(
        "insert into planes (fleet_id, plane_id, registration)"
        " select %s, md5('plane' || n)::uuid, 'N' || n from generate_series(0, %s) n",
        [fleet["fleet_id"], len(histories) - 1],
    )
    project.admin.execute(
        "insert into meters (fleet_id, plane_id, meter_id, name, source)"
        " select fleet_id, plane_id, plane_id, 'Powered time', 'powered' from planes"
    )
    rows = [
        (f"plane{number}", len(history) - day, seconds)
        for number, history in enumerate(histories)
        for day, seconds in enumerate(history)
        if seconds > 0
    ]
    planes, ago, seconds = ([row[column] for row in rows] for column in range(3))
    project.admin.execute(
        "insert into private.plane_days (plane_id, day, measure, covered, sessions, checkpoint_seconds)"
        " select md5(p)::uuid, date '2026-06-01' - ago, 'powered', int4multirange(int4range(0, seconds)), 1, 15"
        " from unnest(%s::text[], %s::integer[], %s::integer[]) d (p, ago, seconds)",
        [planes, ago, seconds],
    )
    asked = [(f"plane{number}", rest) for number in range(len(histories)) for rest in RESTS]
    found: list[Row] = project.admin.execute(
        "select n.p, d.* from unnest(%s::text[]) n (p) join private.days_until("
        "  array(select md5(p)::uuid from unnest(%s::text[]) p), %s::bigint[]) d on d.meter_id = md5(n.p)::uuid",
        [[f"plane{number}" for number in range(len(histories))], [plane for plane, _ in asked], [r for _, r in asked]],
    ).fetchall()
    return {(row["p"], row["rest_seconds"]): (row["low_days"], row["high_days"]) for row in found}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_eight_of_ten_true_dates_lie_in_the_range(project: Project, case: Case, long: bool) -> None:
    """And of the others as many before it as after it, about; a range is no wider than the habit makes it."""
    dice = random.Random(str(case))
    flown = [case.habit(dice, TWO_YEARS + YEARS_AHEAD * 365) for _ in range(MANY_PLANES if long else PLANES)]
    projected = _projected(project, [days[TWO_YEARS - case.days : TWO_YEARS] for days in flown])

    before = within = after = 0
    widths = []
    for (number, days), rest in itertools.product(enumerate(flown), RESTS):
        if (f"plane{number}", rest) in projected:
            low, high = projected[f"plane{number}", rest]
            # What is flown today is in neither; the first day of a walk is tomorrow.
            ahead = itertools.accumulate(days[TWO_YEARS + 1 :])
            true = next((day for day, sum_of in enumerate(ahead, 1) if sum_of >= rest), YEARS_AHEAD * 365)
            before, within, after = before + (true < low), within + (low <= true <= high), after + (true > high)
            widths.append(high - low)

    cases = before + within + after
    width = statistics.median(widths)
    print(f"{case}: {cases} dates, {within / cases:.0%} within, {before / cases:.0%} before, {after / cases:.0%} after,"
          f" {width:.0f} days wide")  # fmt: skip
    assert cases >= len(flown) * 3
    assert 0.68 <= within / cases <= 0.95
    assert max(before, after) / cases <= 0.22
    assert width <= case.widest
