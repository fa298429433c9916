"""Engine time, voltages and the classes that they suggest. That totals are right whatever happens: test_hours_kept."""

from statistics import median
from typing import Any

import pytest

from tests.supabase.project import Board, Person, Project, Row, assign, fleet_of, hours, refused


def _log(owner: Person, columns: str) -> list[Any]:
    rows = [tuple(row.values()) for row in owner.rows(f"select {columns} from session_log order by effective_start")]
    return [row[0] if len(row) == 1 else row for row in rows]


ENGINE_HOBBS = "engine_hobbs_start_seconds, engine_hobbs_end_seconds"


def test_what_was_not_sensed_is_no_zero(owner: Person, plane: str, board: Board) -> None:
    """A board without the wire: powered time as ever, and of the engine nothing is claimed, anywhere."""
    board.report("2026-05-01T08:00:00Z", 3600)

    period = "%s, '2026-05-01', '2026-06-01'"
    plane_row = owner.row(
        "select powered_seconds, sensed_seconds, engine_seconds, month_sensed_seconds, month_engine_seconds"
        " from plane_hours()"
    )
    month = owner.row(
        "select seconds, sensed_seconds, engine_seconds from hours_by_month(%s) where seconds > 0", fleet_of(owner)
    )
    day = owner.row("select seconds, sensed_seconds, engine_seconds from hours_by_day(%s)", fleet_of(owner))

    assert (3600, 0, None, 0, None) == tuple(plane_row.values())
    assert (3600, 0, None) == tuple(month.values()) == tuple(day.values())
    assert owner.value(f"select counted_engine({period})", plane) is None
    assert [(None, None, None, None)] == _log(owner, f"engine_seconds, {ENGINE_HOBBS}, suggested_class")


def test_an_engine_that_never_ran_is_a_zero(owner: Person, plane: str, board: Board) -> None:
    """It was sensed: the difference to the one above is what all of this is about."""
    board.report("2026-05-01T08:00:00Z", 3600, engine_seconds=0)

    assert {"sensed_seconds": 3600, "engine_seconds": 0} == owner.row(
        "select sensed_seconds, engine_seconds from plane_hours()"
    )
    assert 0 == owner.value("select counted_engine(%s, '2026-05-01', '2026-06-01')", plane)
    assert owner.value("select counted_engine(%s, '2026-05-02', '2026-06-01')", plane) is None
    assert [(0, 0)] == _log(owner, ENGINE_HOBBS)


def test_the_engines_time_lies_within_the_session(owner: Person, plane: str, board: Board) -> None:
    """From when it first ran, across midnight, beside a session that was not sensed."""
    board.report("2026-05-01T20:00:00Z", 1800)
    board.report("2026-05-01T23:00:00Z", 7200, engine_seconds=5400, engine_first_s=900)

    counted = "select counted_engine(%s, %s, %s)"
    assert 2700 == owner.value(counted, plane, "2026-05-01", "2026-05-02")
    assert 2700 == owner.value(counted, plane, "2026-05-02", "2026-05-03")
    assert 60 == owner.value(counted, plane, "2026-05-01T23:14:00Z", "2026-05-01T23:16:00Z")
    assert [(0, 0), (0, 5400)] == _log(owner, ENGINE_HOBBS)
    assert {"powered_seconds": 9000, "sensed_seconds": 7200, "engine_seconds": 5400} == owner.row(
        "select powered_seconds, sensed_seconds, engine_seconds from plane_hours()"
    )


def test_the_engines_time_may_grow_on_an_earlier_day_than_the_session(
    project: Project, owner: Person, plane: str, board: Board
) -> None:
    """An engine that stands still for hours and runs again: its time is one interval from when it first ran."""
    start, first = "2026-05-01T20:00:00Z", 600
    board.report(start, 5 * 3600, "open", engine_seconds=600, engine_first_s=first)

    board.report(start, 5 * 3600 + 60, "open", engine_seconds=1800, engine_first_s=first)

    assert 1800 == owner.value("select counted_engine(%s, '2026-05-01', '2026-05-02')", plane)
    assert [] == project.admin.execute("select * from private.verify_hours()").fetchall()


def test_a_reading_of_the_meter_changes_nothing_about_the_engine(owner: Person, plane: str, board: Board) -> None:
    """The panel meter shows powered time."""
    board.report("2026-05-01T08:00:00Z", 3600, engine_seconds=3000, engine_first_s=60)

    owner.rows("select add_reading(%s, 360000, 'initial', '2026-05-20')", plane)

    assert 360000 == hours(owner, plane)
    assert {"counted_seconds": 0, "powered_seconds": 3600, "engine_seconds": 3000} == owner.row(
        "select counted_seconds, powered_seconds, engine_seconds from plane_hours()"
    )


def test_what_is_held_back_of_a_session_is_held_back_of_its_engine(project: Project, owner: Person, plane: str) -> None:
    """What came after the device's release: the engine's interval ends with what counts of the session's."""
    board = project.board()
    assign(owner, board, plane)
    project.set_clock("2026-06-01T09:00:00Z")
    board.report("2026-06-01T08:00:00Z", 3600, "open", engine_seconds=3000, engine_first_s=600)
    owner.rows("select release_device(%s)", board.device_uuid)
    project.set_clock("2026-06-01T12:00:00Z")

    board.report("2026-06-01T08:00:00Z", 5400, engine_seconds=4800, engine_first_s=600)
    counted = "select engine_seconds from plane_hours()"
    held = owner.value(counted)
    owner.run("insert into session_annotations (session_id, clock_checked) select session_id, true from session_log")

    assert (3000, 4800) == (held, owner.value(counted))
    assert [(4800, 4800)] == _log(owner, "engine_seconds, engine_hobbs_end_seconds")
    assert [] == project.admin.execute("select * from private.verify_hours()").fetchall()


@pytest.mark.parametrize(
    ("engine", "suggested"),
    [
        ({}, None),
        ({"engine_seconds": 0}, "avionics_only"),
        ({"engine_seconds": 1, "engine_first_s": 0}, "ground_run"),
        ({"engine_seconds": 599, "engine_first_s": 60}, "ground_run"),
        ({"engine_seconds": 600, "engine_first_s": 60}, "flight"),
    ],
)
def test_what_the_engine_suggests(owner: Person, board: Board, engine: dict[str, Any], suggested: str | None) -> None:
    """A suggestion is no class."""
    board.report("2026-05-01T08:00:00Z", 3600, **engine)

    assert [(None, suggested)] == _log(owner, "class::text, suggested_class::text")


def test_nothing_is_suggested_while_a_session_runs_or_once_it_has_a_class(
    project: Project, owner: Person, board: Board
) -> None:
    """What runs may still become a flight; what a person said stands."""
    board.report("2026-05-01T08:00:00Z", 3600, engine_seconds=0)
    board.report("2026-05-02T08:00:00Z", 3600, "open", engine_seconds=0)
    board.report("2026-06-01T11:00:00Z", 3600, "open", engine_seconds=0)
    owner.run(
        "insert into session_annotations (session_id, class) select session_id, 'test' from session_log"
        " where effective_start < '2026-05-02'"
    )

    running = _log(owner, "suggested_class::text")
    project.set_clock("2026-06-01T12:09:59Z")
    last_heard = _log(owner, "state::text, suggested_class::text")[-1]
    project.set_clock("2026-06-01T12:10:00Z")

    assert [None, "avionics_only", None] == running
    assert ("last_heard", None) == last_heard
    assert ("unconfirmed", "avionics_only") == _log(owner, "state::text, suggested_class::text")[-1]


def test_nothing_is_suggested_for_a_session_of_the_future_that_runs(owner: Person, board: Board) -> None:
    """Its device has no other one by which it could be told to have ended."""
    board.report("2026-06-01T13:00:00Z", 60, "open", engine_seconds=0)

    assert [(True, None)] == _log(owner, "flagged, suggested_class")


def test_suggestions_are_counted_as_such(owner: Person, board: Board) -> None:
    """Hours per class: what was said, what is suggested, and what is neither."""
    board.report("2026-05-01T08:00:00Z", 3600, engine_seconds=3000, engine_first_s=60)
    board.report("2026-05-02T08:00:00Z", 1800, engine_seconds=1700, engine_first_s=60)
    board.report("2026-05-03T08:00:00Z", 900, engine_seconds=0)
    board.report("2026-05-04T08:00:00Z", 60)
    owner.run(
        "insert into session_annotations (session_id, class) select session_id, 'flight' from session_log"
        " where effective_start < '2026-05-02'"
    )

    rows = owner.rows("select class::text, suggested_class::text, seconds from hours_by_class(%s)", fleet_of(owner))

    assert {("flight", None, 3600), (None, "flight", 1800), (None, "avionics_only", 900), (None, None, 60)} == {
        tuple(row.values()) for row in rows
    }


ACCEPT_ALL = "select accept_suggested_classes(array(select session_id from session_log))"


def test_suggestions_are_accepted_in_one_go(project: Project, owner: Person, board: Board) -> None:
    """With who and when, beside what was said before; a class that somebody gave and what was not sensed stay."""
    board.report("2026-05-01T08:00:00Z", 3600, engine_seconds=3000, engine_first_s=60)
    board.report("2026-05-02T08:00:00Z", 1800, engine_seconds=0)
    board.report("2026-05-03T08:00:00Z", 900, engine_seconds=0)
    board.report("2026-05-04T08:00:00Z", 60)
    owner.run(
        "insert into session_annotations (session_id, class, pilot) select session_id,"
        " case when effective_start >= '2026-05-03' then 'maintenance'::session_class end, 'Amelia' from session_log"
        " where effective_start between '2026-05-02' and '2026-05-04'"
    )
    editor = project.add_member(owner, "editor")
    project.set_clock("2026-06-01T13:00:00Z")

    accepted = editor.value(ACCEPT_ALL), editor.value(ACCEPT_ALL)

    assert (2, 0) == accepted
    assert [
        ("flight", None, None),
        ("avionics_only", None, "Amelia"),
        ("maintenance", None, "Amelia"),
        (None, None, None),
    ] == _log(owner, "class::text, suggested_class::text, pilot")
    assert [True, True, False, None] == _log(owner, f"annotated_by = '{editor.user_id}'")
    assert [13, 13, 12, None] == _log(owner, "extract(hour from annotated_at at time zone 'UTC')::integer")


def test_suggestions_of_others_are_not_accepted(project: Project, owner: Person, board: Board) -> None:
    """One session that the caller may not edit, or that is not there, refuses all; and there is a limit."""
    board.report("2026-05-01T08:00:00Z", 3600, engine_seconds=0)
    session = str(owner.value("select session_id from session_log"))
    accept = "select accept_suggested_classes(%s::uuid[])"
    viewer, stranger = project.add_member(owner, "viewer"), project.sign_up()

    for person in (viewer, stranger):
        with refused("PT404"):
            person.value(accept, [session])
    with refused("PT404"):
        owner.value("select accept_suggested_classes(array[%s, gen_random_uuid()])", session)
    with refused("PT400"):
        owner.value(accept, [session] * 1001)
    with refused("42501"):
        project.anon.value(accept, [session])

    assert [None] == _log(owner, "class")
    assert 0 == owner.value(accept, [])
    assert 1 == owner.value(accept, [session] * 1000)


VOLTAGES = "select * from plane_voltages(%s, 3, 'Europe/Berlin')"


def test_voltages_are_medians_per_month(owner: Person, plane: str, board: Board) -> None:
    """Of the battery at rest where sensed, of cranking and charging where the engine ran; months as in the zone."""
    resting = [12_100, 12_700, 12_400, 12_600]
    for day, at_rest in enumerate(resting, start=1):
        ran: Row = {"engine_seconds": 1800, "engine_first_s": 60} if day != 3 else {"engine_seconds": 0}
        board.report(
            f"2026-05-0{day}T08:00:00Z",
            3600,
            bus_start_mv=at_rest,
            bus_min_mv=8000 + day,
            bus_max_mv=14_000 + 10 * day,
            **ran,
        )
    board.report("2026-05-31T22:30:00Z", 60, engine_seconds=0, bus_start_mv=12_000)  # June in Berlin
    board.report("2026-05-05T08:00:00Z", 60)
    board.report("2026-05-06T08:00:00Z", 60, engine_seconds=0, bus_start_mv=3000)
    owner.run(
        "insert into session_annotations (session_id, excluded) select session_id, true from session_log"
        " where bus_start_mv = 3000"
    )

    april, may, june = [tuple(row.values())[1:] for row in owner.rows(VOLTAGES, plane)]

    assert (0, None, 0, None, None, 12) == april
    assert (4, median(resting), 3, 8002, 14_020, 12) == may
    assert (1, 12_000, 0, None, None, 12) == june


@pytest.mark.parametrize(("at_rest", "volts"), [(12_600, 12), (18_000, 12), (18_001, 24), (25_200, 24)])
def test_the_battery_at_rest_says_which_system_it_is(
    owner: Person, plane: str, board: Board, at_rest: int, volts: int
) -> None:
    """By the median, so that one odd value decides nothing."""
    for day in range(1, 4):
        board.report(f"2026-05-0{day}T08:00:00Z", 60, engine_seconds=0, bus_start_mv=at_rest if day < 3 else 0)
    if at_rest > 18_000:
        board.report("2026-05-04T08:00:00Z", 60, engine_seconds=0, bus_start_mv=99_000)
        board.report("2026-05-05T08:00:00Z", 60, engine_seconds=0, bus_start_mv=at_rest)

    assert {volts} == {row["system_volts"] for row in owner.rows(VOLTAGES, plane)}


def test_a_plane_without_a_sense_has_no_voltages(project: Project, owner: Person, plane: str, board: Board) -> None:
    """Months of nothing, and for a stranger not even these."""
    board.report("2026-05-01T08:00:00Z", 3600)

    assert [(0, None, 0, None, None, None)] * 3 == [tuple(row.values())[1:] for row in owner.rows(VOLTAGES, plane)]
    assert [] == project.sign_up().rows(VOLTAGES, plane)
