"""Days and months of every time zone: intervals between instants, each instant in exactly one of them."""

from datetime import date, datetime, timedelta

import pytest

from tests.supabase.project import Board, Person, Project, fleet_of

# From an instant to its local date there is one way only. The reference looks at one minute after the other.
SLOW_BEGIN = """
create function pg_temp.slow_begin(day date, zone text) returns timestamptz language plpgsql as $$
declare
  minute timestamptz := day::timestamp at time zone 'UTC' - interval '38 hours';
begin
  while (minute at time zone zone)::date < day - 1 loop minute := minute + interval '1 hour'; end loop;
  while (minute + interval '15 minutes') at time zone zone < day - interval '2 hours' loop
    minute := minute + interval '15 minutes';
  end loop;
  while (minute at time zone zone)::date < day loop minute := minute + interval '1 minute'; end loop;
  return minute;
end $$
"""
# One name for each set of rules, and the dates within two days of each UTC day in which its clocks change.
DAYS_AROUND_CHANGES = """
with week as (
  select name as zone, monday, monday at time zone name - monday at time zone 'UTC' as begin_offset
  from pg_timezone_names, generate_series(timestamptz '1996-01-01', '2027-01-01', interval '7 days') monday
  where name !~ '^(posix|right)'
), one_each as (
  select min(zone) as zone from (
    select zone, md5(array_agg(begin_offset order by monday)::text) as rules from week group by zone
  ) signed group by rules
), change as (
  select zone, monday, begin_offset, lead(begin_offset) over (partition by zone order by monday) as next_offset
  from week join one_each using (zone)
)
select distinct zone, (midnight + n * interval '1 day')::date as day
from change, generate_series(monday, monday + interval '6 days', interval '1 day') midnight, generate_series(-2, 2) n
where begin_offset <> next_offset
  and midnight at time zone zone + interval '1 day' <> (midnight + interval '1 day') at time zone zone
"""


def test_a_day_begins_with_the_first_instant_of_its_date_in_every_zone(project: Project) -> None:
    """All zones of tzdata over 30 years, every day near a clock change."""
    project.admin.execute(SLOW_BEGIN)
    project.admin.execute(f"create temp table wanted as {DAYS_AROUND_CHANGES}".encode())

    wrong = project.admin.execute(
        """
        with told as materialized (
          select zone, day, private.day_begin(day, zone) as begins, pg_temp.slow_begin(day, zone) as truth from wanted
        )
        select * from told where begins <> truth
        """
    ).fetchall()

    assert [] == wrong
    count = project.admin.execute("select count(*) as days from wanted").fetchone()
    assert count is not None and count["days"] > 10_000


@pytest.mark.parametrize(
    ("zone", "start", "seconds", "expected"),
    [
        # From 01:00 back to 00:00: midnight comes twice, and the first one begins the day.
        ("Atlantic/Azores", "2025-10-26T00:10:00Z", 2_400, {"2025-10-26": 2_400}),
        ("Atlantic/Azores", "2025-10-25T23:30:00Z", 7_200, {"2025-10-25": 1_800, "2025-10-26": 5_400}),
        ("America/Havana", "2026-11-01T03:30:00Z", 7_200, {"2026-10-31": 1_800, "2026-11-01": 5_400}),
        # From 00:00 back to 23:00: the day before is an hour longer.
        ("America/Asuncion", "2024-03-24T02:30:00Z", 7_200, {"2024-03-23": 5_400, "2024-03-24": 1_800}),
        # From 00:00 on to 01:00: there is no midnight.
        ("Asia/Beirut", "2026-03-28T21:30:00Z", 3_600, {"2026-03-28": 1_800, "2026-03-29": 1_800}),
    ],
)
def test_hours_of_a_night_in_which_midnight_comes_twice_or_never(
    project: Project, owner: Person, board: Board, zone: str, start: str, seconds: int, expected: dict[str, int]
) -> None:
    """Each second is part of one day and of one month, and none is negative."""
    project.set_clock(str(datetime.fromisoformat(start) + timedelta(days=2)))
    board.report(start, seconds)

    days = owner.rows("select day, seconds from hours_by_day(%s, %s, 5)", fleet_of(owner), zone)
    months = owner.rows("select month, seconds from hours_by_month(%s, %s, 3)", fleet_of(owner), zone)
    classes = owner.rows("select month, seconds from hours_by_class(%s, %s, 3)", fleet_of(owner), zone)

    assert expected == {str(row["day"]): row["seconds"] for row in days}
    by_month: dict[str, int] = {}
    for day, shown in expected.items():
        by_month[day[:7]] = by_month.get(day[:7], 0) + shown
    assert by_month == {f"{row['month']:%Y-%m}": row["seconds"] for row in months if row["seconds"]}
    assert by_month == {f"{row['month']:%Y-%m}": row["seconds"] for row in classes}


def test_after_clocks_fell_back_through_midnight_today_is_still_today(
    project: Project, owner: Person, board: Board
) -> None:
    """In the repeated hour the clocks of St. John's show yesterday once more; the day that began goes on."""
    project.set_clock("2010-11-07T02:45:00Z")

    today = project.admin.execute("select private.today('America/St_Johns') as today").fetchone()

    assert {"today": date(2010, 11, 7)} == today
