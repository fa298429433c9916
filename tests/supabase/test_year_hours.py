"""Two years by month: what the months themselves say, in every time zone."""

import random
from datetime import datetime, timedelta

import pytest

from tests.supabase.project import Board, Person, Project, Row, add_plane, assign, enter_session, fleet_of, refused

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]


def _fly(owner: Person, board: Board, dice: random.Random) -> None:
    """Until May 2026, close to the ends of months, where time zones differ."""
    for month in range(29):
        if dice.random() < 0.6:
            first_day = datetime(2024 + month // 12, month % 12 + 1, 1)
            begin = first_day + timedelta(minutes=dice.randrange(-900 if month else 0, 900))
            seconds = dice.randrange(600, 40_000)
            sensed: Row = {"engine_seconds": seconds // 2, "engine_first_s": 60} if dice.random() < 0.5 else {}
            board.report(f"{begin:%Y-%m-%dT%H:%M:%SZ}", seconds, **sensed)


@pytest.mark.parametrize("zone", ZONES)
def test_a_year_by_month_is_what_the_months_say(project: Project, owner: Person, zone: str) -> None:
    """The present year, those before, and one without any hours."""
    dice = random.Random(zone)
    planes = [add_plane(owner, name) for name in ("D-EABC", "D-EKLM", "D-EXYZ")]
    for plane in planes[:2]:
        board = project.board()
        assign(owner, board, plane)
        _fly(owner, board, dice)
    fleet = fleet_of(owner)
    months = owner.rows("select * from hours_by_month(%s, %s, 120)", fleet, zone)
    told = {(row["plane_id"], f"{row['month']:%Y-%m}"): row for row in months}

    for year in (2024, 2025, 2026):
        rows = owner.rows("select * from year_hours(%s, %s, %s)", fleet, year, zone)
        assert ["D-EABC", "D-EKLM", "D-EXYZ"] == [row["registration"] for row in rows]
        for row in rows:
            for column in ("seconds", "engine_seconds"):
                for name, of_year in ((column, year), (f"before_{column}", year - 1)):
                    expected = [told.get((row["plane_id"], f"{of_year}-{month:02}")) for month in range(1, 13)]
                    assert [one and one[column] for one in expected] == row[name], (year, name)
    assert any(row["engine_seconds"] for row in months)


def test_months_that_have_not_begun_are_null(owner: Person, board: Board) -> None:
    """By the calendar of the zone: in Kiribati it is June already, in Honolulu not yet."""
    board.project.set_clock("2026-05-31T12:00:00Z")
    board.report("2026-05-31T09:00:00Z", 3600)

    def begun(zone: str) -> int:
        row = owner.row("select seconds from year_hours(%s, 2026, %s)", fleet_of(owner), zone)
        return sum(seconds is not None for seconds in row["seconds"])

    assert (6, 5) == (begun("Pacific/Kiritimati"), begun("Pacific/Honolulu"))
    assert [None] * 12 == owner.row("select seconds from year_hours(%s, 2027)", fleet_of(owner))["seconds"]


def test_an_archived_plane_is_there_for_as_long_as_it_has_hours(owner: Person, plane: str) -> None:
    """In its year, and in the next one as the year before."""
    enter_session(owner, plane, "2019-07-01T08:00Z", 3600)
    owner.run("update planes set archived_at = now()")

    query = "select from year_hours(%s, %s)"
    there = {year: len(owner.rows(query, fleet_of(owner), year)) for year in range(2018, 2022)}

    assert {2018: 0, 2019: 1, 2020: 1, 2021: 0} == there


def test_a_year_that_there_is_not_is_refused(owner: Person) -> None:
    """It is no month either."""
    with refused("22008"):
        owner.rows("select * from year_hours(%s, 0)", fleet_of(owner))


def test_the_first_session_that_counts_is_known_of_each_plane(owner: Person, plane: str, board: Board) -> None:
    """By the corrected start, without what is excluded; none: null."""
    first = "select to_char(first_effective_start, 'MM-DD') from plane_hours()"
    assert owner.value(first) is None
    for day in (10, 11, 12):
        board.report(f"2026-05-{day}T08:00:00Z", 3600)
    assert "05-10" == owner.value(first)

    owner.run(
        "insert into session_annotations (session_id, excluded)"
        " select session_id, true from session_log where effective_start < '2026-05-11'"
    )

    assert "05-11" == owner.value(first)
