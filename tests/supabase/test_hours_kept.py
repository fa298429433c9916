"""Kept hours against the sessions: whatever happened before, and whatever was changed behind the triggers."""

import itertools
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.supabase.oracle import EARLIEST, SLACK, Spans, measured, union_seconds
from tests.supabase.project import Board, Person, Project, Row, add_plane, assign, fleet_of

NOW = "2026-06-01T12:00:00Z"
HISTORIES, LONG_HISTORIES = 25, 1000

# What a board said of its engine: not sensed, or when it first ran and for how long, in parts of the session.
_engines = st.one_of(st.none(), st.tuples(st.floats(0, 1), st.floats(0, 1)))
# Two planes, two boards, ten weeks: small enough that overlaps, long sessions, midnights and months' ends all occur.
_BEGIN = datetime(2026, 1, 20, tzinfo=UTC)
_starts = st.integers(0, 70 * 24).map(lambda hour: _BEGIN + timedelta(hours=hour))
# What is entered by hand is older than any board at times: on the first day there is, and where years or epochs end.
_PAST = [EARLIEST, datetime(1969, 12, 30, tzinfo=UTC), datetime(2023, 12, 30, tzinfo=UTC)]
_entry_starts = st.one_of(
    _starts, st.tuples(st.sampled_from(_PAST), st.integers(0, 96)).map(lambda at: at[0] + timedelta(hours=at[1]))
)
_runs = st.one_of(st.integers(0, 7200), st.sampled_from([86400, 86401, 40 * 86400]))
_operations = st.one_of(
    st.tuples(st.just("report"), st.integers(0, 1), _starts, st.tuples(_runs, _engines)),
    st.tuples(st.just("grow"), st.integers(0, 9), _starts, st.tuples(_runs, _engines)),
    st.tuples(st.just("enter"), st.integers(0, 1), _entry_starts, st.integers(1, 100_000)),
    st.tuples(st.just("assign"), st.integers(0, 1), _starts, st.integers(0, 2)),
    st.tuples(st.just("exclude"), st.integers(0, 9), _starts, st.booleans()),
    st.tuples(st.just("correct"), st.integers(0, 9), _starts, st.booleans()),
    st.tuples(st.just("take back"), st.integers(0, 9), _starts, st.none()),
)


def _totals(spans: dict[str, Spans], a: datetime, b: datetime) -> tuple[int, int, int | None]:
    """Seconds with power, of these sensed, and of these the engine's; it has none where nothing was sensed."""
    powered, sensed, engine = (union_seconds(spans[measure], a, b) for measure in ("powered", "sensed", "engine"))
    return powered, sensed, engine if sensed else None


def _by_day(project: Project, planes: list[str], zone: str) -> dict[date, tuple[int, int, int | None]]:
    """Totals of the planes on each of the last 90 days of a zone, without the empty ones."""
    today = datetime.fromisoformat(NOW).astimezone(ZoneInfo(zone)).date()
    dates = [today - timedelta(days=n) for n in range(89, -2, -1)]
    # In UTC: Python subtracts two times of one zone by their clocks, 24 hours also where summer time begins.
    midnights = [datetime.combine(day, datetime.min.time(), ZoneInfo(zone)).astimezone(UTC) for day in dates]
    spans = [measured(project, plane) for plane in planes]
    days = {}
    for day, (a, b) in zip(dates, itertools.pairwise(midnights), strict=False):
        powered, sensed, engine = (
            sum(union_seconds(of_plane[measure], a, b) for of_plane in spans)
            for measure in ("powered", "sensed", "engine")
        )
        if powered:
            days[day] = (powered, sensed, engine if sensed else None)
    return days


def _overlapping(project: Project, planes: list[str]) -> set[UUID]:
    """Sessions that share time with another one of their plane, each held against each."""
    rows = project.admin.execute(
        "select * from sessions where plane_id = any (%s::uuid[]) and counts", [planes]
    ).fetchall()
    return {
        one["session_id"]
        for one, other in itertools.permutations(rows, 2)
        if one["plane_id"] == other["plane_id"]
        and one["effective_start"] < other["session_end"]
        and other["effective_start"] < one["session_end"]
    }


def _period(dice: random.Random) -> tuple[datetime, datetime]:
    if dice.randrange(3):
        a = _BEGIN + timedelta(seconds=dice.randrange(-86400, 80 * 86400))
    else:
        a = dice.choice(_PAST) + timedelta(seconds=dice.randrange(-86400, 5 * 86400))
    return a, a + timedelta(seconds=dice.choice([60, 7200, 86400, 30 * 86400, 70 * 86400, 25_000 * 86400]))


@given(operations=st.lists(_operations, min_size=1, max_size=12), dice=st.randoms(use_true_random=False))
# sensed for forty days, and the engine never ran
@example(
    operations=[("report", 0, datetime(2026, 1, 23, 1, tzinfo=UTC), (40 * 86400, (0.0, 0.0)))], dice=random.Random(1)
)
# grown to 80 days, until shortly before now
@example(
    operations=[
        ("report", 0, datetime(2026, 3, 5, 1, tzinfo=UTC), (40 * 86400, None)),
        ("grow", 0, datetime(2026, 3, 5, 1, tzinfo=UTC), (40 * 86400, None)),
    ],
    dice=random.Random(1),
)
def _hold(project: Project, operations: list[tuple[str, int, datetime, Any]], dice: random.Random) -> None:
    owner = project.sign_up()
    planes = [add_plane(owner, name) for name in ("D-EONE", "D-ETWO")]
    boards = [project.board(), project.board()]
    for board, plane in zip(boards, planes, strict=True):
        assign(owner, board, plane)

    for kind, number, time, value in operations:
        _perform(owner, planes, boards, kind, number, time, value)

    # Up to the last second that counts now: a session of 40 days that grows may well last until June.
    ends = [EARLIEST, datetime.fromisoformat(NOW) + SLACK]
    figures = "select counted(%s, %s, %s), counted_engine(%s, %s, %s)"
    for plane in planes:
        spans = measured(project, plane)
        powered, sensed, engine = ever = _totals(spans, *ends)
        assert (powered, *ever) == tuple(
            owner.row(
                "select total_seconds, powered_seconds, sensed_seconds, engine_seconds"
                " from plane_hours('UTC', null, %s)",
                plane,
            ).values()
        )
        for a, b in [ends, *(_period(dice) for _ in range(5))]:
            powered, _, engine = _totals(spans, a, b)
            assert (powered, engine) == tuple(owner.row(figures, plane, a, b, plane, a, b).values())
        for row in owner.rows(
            "select effective_start, session_end, engine_hobbs_start_seconds as start, engine_hobbs_end_seconds as end"
            " from session_log where plane_id = %s and hobbs_end_seconds is not null",
            plane,
        ):
            meter = [union_seconds(spans["engine"], ends[0], row[at]) for at in ("effective_start", "session_end")]
            assert (meter if sensed else [None, None]) == [row["start"], row["end"]]
    zone = dice.choice(["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Kiritimati"])
    assert _by_day(project, planes, zone) == {
        row["day"]: (row["seconds"], row["sensed_seconds"], row["engine_seconds"])
        for row in owner.rows("select * from hours_by_day(%s, %s, 90)", fleet_of(owner), zone)
    }
    assert _overlapping(project, planes) == {
        row["session_id"] for row in owner.rows("select session_id from session_log log where log.overlaps")
    }
    assert [] == project.admin.execute("select * from private.verify_hours()").fetchall()
    followed = _days_and_months(project)
    project.admin.execute("select private.rebuild_hours()")
    assert followed == _days_and_months(project)


def test_counted_is_the_union_after_whatever_happened(project: Project, long: bool) -> None:
    """Reports, hand entries, moves, exclusions and corrections in any order: totals are the union of what is there.

    Of the time with power, of what was sensed of it, and of the engine's.
    """
    project.set_clock(NOW)
    settings(max_examples=LONG_HISTORIES if long else HISTORIES, deadline=None, database=None)(_hold)(project)


@pytest.mark.parametrize(
    ("corruption", "period"),
    [
        ("update private.plane_days set covered = covered + '{[0,60)}'", "day"),
        ("update private.plane_days set covered = '{[0,3600)}'", "day"),
        ("update private.plane_days set sessions = sessions + 1", "day"),
        ("update private.plane_months set checkpoint_seconds = 7", "month"),
        ("delete from private.plane_days", "day"),
        (
            "insert into private.plane_days (plane_id, day, measure, covered, sessions, checkpoint_seconds)"
            " select plane_id, '2026-04-01', 'powered', '{[0,60)}', 0, 0 from planes",
            "day",
        ),
        (
            "insert into private.plane_days (plane_id, day, measure, covered, sessions, checkpoint_seconds)"
            " select plane_id, '2026-05-01', 'engine', '{[0,60)}', 0, 0 from planes",
            "day",
        ),
        ('update sessions set "overlaps" = true', "overlaps"),
        ("insert into private.plane_months select plane_id, '2026-04-01', 'sensed', 60, 0, 0 from planes", "month"),
    ],
)
def test_a_corrupted_day_is_found_and_computed_again(
    project: Project, owner: Person, corruption: str, period: str
) -> None:
    """Nobody else would notice: the totals rest on the kept days and months."""
    plane, board = add_plane(owner), project.board()
    assign(owner, board, plane)
    board.report("2026-05-01T08:00:00Z", 3600, checkpoint_seconds=15)

    project.admin.execute(corruption.encode())
    found = project.admin.execute("select plane_id::text, period from private.verify_hours()").fetchall()
    project.admin.execute("select private.rebuild_hours()")

    assert [{"plane_id": plane, "period": period}] == found
    assert [] == project.admin.execute("select * from private.verify_hours()").fetchall()
    assert 3600 == owner.value("select total_seconds from plane_hours()")


def _days_and_months(project: Project) -> list[list[Row]]:
    """What is kept per UTC day and month, without the empty ones."""
    return [
        project.admin.execute(
            f"select * from private.{table} where seconds > 0 or sessions > 0 order by 1, 2, 3".encode()
        ).fetchall()
        for table in ("plane_days", "plane_months")
    ]


def _engine_fields(run_seconds: int, engine: tuple[float, float] | None) -> dict[str, Any]:
    """The optional fields of a message: when the engine first ran and for how much of the rest."""
    if engine is None:
        return {}
    first = int(engine[0] * run_seconds)
    seconds = int(engine[1] * (run_seconds - first))
    return {"engine_seconds": seconds, "engine_first_s": first} if seconds else {"engine_seconds": 0}


def _perform(
    owner: Person, planes: list[str], boards: list[Board], kind: str, number: int, time: datetime, value: Any
) -> None:
    """One thing that a board or a person does; numbers pick among what is there."""
    sessions = owner.rows(
        "select session_id, quality::text, device_uuid::text, session_start, run_seconds from session_log"
        " order by session_start, session_id"
    )
    chosen = sessions[number % len(sessions)]["session_id"] if sessions else None
    if kind == "report":
        run_seconds, engine = value
        boards[number].report(f"{time:%Y-%m-%dT%H:%M:%SZ}", run_seconds, **_engine_fields(run_seconds, engine))
    elif kind == "enter":
        owner.run(
            "insert into session_annotations (hand_plane_id, hand_start, hand_seconds) values (%s, %s, %s)",
            planes[number],
            time,
            value,
        )
    elif kind == "assign":
        assign(owner, boards[number], [*planes, None][value], f"{time:%Y-%m-%dT%H:%M:%SZ}")
    elif chosen is None:
        return
    elif kind == "grow":
        session, (more_seconds, engine) = sessions[number % len(sessions)], value
        for board in boards:
            if board.device_uuid == session["device_uuid"]:
                run_seconds = session["run_seconds"] + more_seconds
                board.report(
                    f"{session['session_start']:%Y-%m-%dT%H:%M:%SZ}", run_seconds, **_engine_fields(run_seconds, engine)
                )
    elif kind == "exclude":
        owner.run(
            "insert into session_annotations (session_id, excluded) values (%s, %s)"
            " on conflict (session_id) do update set excluded = excluded.excluded",
            chosen,
            value,
        )
    elif kind == "correct":
        session = sessions[number % len(sessions)]
        ends = time + timedelta(seconds=session["run_seconds"])
        if session["quality"] == "hand_entered" or ends > datetime.fromisoformat(NOW):
            return  # it is refused
        owner.run(
            "insert into session_annotations (session_id, corrected_start) values (%s, %s)"
            " on conflict (session_id) do update set corrected_start = excluded.corrected_start",
            chosen,
            time,
        )
    elif kind == "take back":
        owner.run("delete from session_annotations where session_id = %s", chosen)
