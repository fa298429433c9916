"""Hours of a plane: right whatever order the data comes in, and wherever the box is installed today."""

from datetime import UTC, datetime

import pytest

from tests.supabase.project import Person, Project, add_plane, assign, fleet_of, hours, refused

NOW = "2026-06-01T12:00:00Z"


def test_a_plane_without_sessions_has_no_hours(project: Project, owner: Person) -> None:
    """Nothing was flown, so nothing is counted, and the row is there."""
    plane = add_plane(owner)

    row = owner.row("select * from plane_hours()")

    assert (0, None, 0, 0, None) == tuple(
        row[name]
        for name in ("total_seconds", "reading_seconds", "counted_sessions", "month_seconds", "last_effective_start")
    )
    assert 0 == hours(owner, plane)


def test_hours_are_the_seconds_of_all_sessions(project: Project, owner: Person) -> None:
    """Two sessions and a running one add up to the second."""
    plane, board = add_plane(owner), project.board()
    assign(owner, board, plane)

    board.report("2026-05-01T08:00:00Z", 3601)
    board.report("2026-05-02T08:00:00Z", 1800)
    board.report("2026-06-01T11:00:00Z", 600, "open")

    assert 3601 + 1800 + 600 == hours(owner, plane)
    row = owner.row("select * from plane_hours()")
    assert (6001, 3, 600, 1) == tuple(
        row[name] for name in ("total_seconds", "counted_sessions", "month_seconds", "month_sessions")
    )


def test_late_record_goes_to_the_plane_of_its_time(project: Project, owner: Person) -> None:
    """A session that arrives after the box has moved counts for the plane the box was installed in at its start."""
    first, second, board = add_plane(owner, "D-EOLD"), add_plane(owner, "D-ENEW"), project.board()
    assign(owner, board, first)
    assign(owner, board, second, "2026-05-10T00:00:00Z")

    board.report("2026-05-09T22:00:00Z", 7200)
    board.report("2026-05-10T00:00:00Z", 60)

    assert 7200 == hours(owner, first)
    assert 60 == hours(owner, second)


def test_moving_the_date_of_an_assignment_moves_the_history(project: Project, owner: Person) -> None:
    """An assignment entered with a past date takes the sessions since then, and gives them back when it is removed."""
    first, second, board = add_plane(owner, "D-EOLD"), add_plane(owner, "D-ENEW"), project.board()
    assign(owner, board, first)
    board.report("2026-05-09T22:00:00Z", 7200)
    board.report("2026-05-11T08:00:00Z", 60)

    assignment = assign(owner, board, second, "2026-05-10T00:00:00Z")
    moved = hours(owner, first), hours(owner, second)
    owner.rows("select remove_assignment(%s)", assignment["assignment_id"])

    assert (7200, 60) == moved
    assert (7260, 0) == (hours(owner, first), hours(owner, second))


def test_first_assignment_takes_sessions_that_arrive_later_and_are_older(project: Project, owner: Person) -> None:
    """A board that was registered late has a backlog: its first assignment covers what is still to come."""
    plane, board = add_plane(owner), project.board()
    board.report("2026-05-20T08:00:00Z", 100)

    assign(owner, board, plane)
    board.report("2026-05-01T08:00:00Z", 10)

    assert 110 == hours(owner, plane)
    assert 0 == owner.value("select unassigned_sessions from device_status")


def test_sessions_of_no_plane_stay_visible(project: Project, owner: Person) -> None:
    """A claimed device in no plane keeps its sessions in the log, and says how many there are."""
    board = project.board()
    board.report("2026-05-20T08:00:00Z", 100)

    owner.rows("select claim_device(%s)", board.device_uuid)

    assert 1 == owner.value("select unassigned_sessions from device_status")
    assert [None] == [row["plane_id"] for row in owner.rows("select plane_id from session_log")]


def test_clock_of_1970_is_rejected(project: Project, owner: Person) -> None:
    """A start before 2024 makes no 489,712 hours: it is rejected, and the device says so."""
    plane, board = add_plane(owner), project.board()
    assign(owner, board, plane)

    answer = board.post(board.message("1970-01-01T00:00:00Z", 1_700_000_000))

    assert [{"outcome": "rejected", "code": "bad_start"}] == [
        {name: result[name] for name in ("outcome", "code")} for result in answer["body"]["results"]
    ]
    assert 0 == hours(owner, plane)
    assert "bad_start" == owner.value("select attention from device_status")


@pytest.mark.parametrize(
    ("start", "run_seconds"),
    [("2026-06-01T12:05:01Z", 0), ("2026-06-01T11:00:00Z", 3901), ("2031-01-01T00:00:00Z", 3600)],
)
def test_future_is_flagged_and_not_counted(project: Project, owner: Person, start: str, run_seconds: int) -> None:
    """A start or an end over five minutes ahead is stored, flagged, and in no total."""
    plane, board = add_plane(owner), project.board()
    assign(owner, board, plane)

    outcome = board.report(start, run_seconds)

    assert "stored" == outcome
    assert {"quality": "flagged", "hobbs_start_seconds": None} == owner.row(
        "select quality::text, hobbs_start_seconds from session_log"
    )
    row = owner.row("select total_seconds, last_effective_start from plane_hours()")
    assert {"total_seconds": 0, "last_effective_start": None} == row


def test_five_minutes_ahead_are_not_flagged(project: Project, owner: Person) -> None:
    """A board's clock may be a little ahead: it counts, in full."""
    plane, board = add_plane(owner), project.board()
    assign(owner, board, plane)

    board.report("2026-06-01T11:00:00Z", 3900, "open")

    assert {"total_seconds": 3900, "month_seconds": 3900} == owner.row(
        "select total_seconds, month_seconds from plane_hours()"
    )
    assert 3900 == owner.value("select hours(%s)", plane)
    assert 3900 == owner.value("select hobbs_end_seconds from session_log")


def test_the_future_flag_stays_when_the_time_has_come(project: Project, owner: Person) -> None:
    """The flag is latched: it goes when someone has looked, not by waiting."""
    plane, board = add_plane(owner), project.board()
    assign(owner, board, plane)
    board.report("2026-06-01T13:00:00Z", 60)

    project.set_clock("2026-06-02T12:00:00Z")
    board.report("2026-06-01T13:00:00Z", 60)
    waited = hours(owner, plane)
    owner.run("insert into session_annotations (session_id, clock_checked) select session_id, true from session_log")

    assert 0 == waited
    assert 60 == hours(owner, plane)


def test_overlap_is_counted_once_and_marked(project: Project, owner: Person) -> None:
    """Two boxes in one plane: shared time counts once, and both sessions are marked."""
    plane, left, right = add_plane(owner), project.board(), project.board()
    assign(owner, left, plane)
    assign(owner, right, plane)

    left.report("2026-05-01T08:00:00Z", 3600)
    right.report("2026-05-01T08:30:00Z", 3600)
    right.report("2026-05-02T08:30:00Z", 60)

    assert 5400 + 60 == hours(owner, plane)
    assert [True, True, False] == [
        row["overlaps"] for row in owner.rows("select log.overlaps from session_log log order by effective_start")
    ]


def test_a_session_is_clipped_at_a_reading(project: Project, owner: Person) -> None:
    """A reading taken in the middle of a session: only what came after it is added."""
    plane, board = add_plane(owner), project.board()
    assign(owner, board, plane)
    board.report("2026-05-01T08:00:00Z", 3600)

    reading = owner.row("select * from add_reading(%s, 36000, 'initial', '2026-05-01T08:10:00Z')", plane)

    assert (600, 36000 - 600) == (reading["expected_seconds"], reading["difference_seconds"])
    assert 36000 + 3000 == hours(owner, plane)
    assert 300 == hours(owner, plane, "2026-05-01T08:05:00Z"), "before the reading there is none"


def test_of_two_readings_of_the_same_time_the_newest_entry_holds(project: Project, owner: Person) -> None:
    """A correction as of the same time replaces; voiding it brings the earlier one back."""
    plane = add_plane(owner)
    owner.rows("select add_reading(%s, 3600, 'initial', '2026-05-01T08:00:00Z')", plane)

    correction = owner.row("select * from add_reading(%s, 7200, 'correction', '2026-05-01T08:00:00Z')", plane)
    corrected = hours(owner, plane)
    owner.rows("select void_reading(%s, 'typing error')", correction["reading_id"])

    assert 7200 == corrected
    assert 3600 == hours(owner, plane)


def test_a_late_session_before_the_reading_changes_nothing_after_it(project: Project, owner: Person) -> None:
    """What flew before the meter was read is in the meter already."""
    plane, board = add_plane(owner), project.board()
    assign(owner, board, plane)
    owner.rows("select add_reading(%s, 36000, 'check', '2026-05-10T00:00:00Z')", plane)

    board.report("2026-05-09T08:00:00Z", 3600)

    assert 36000 == hours(owner, plane)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("-1, 'check'", "meter_seconds_range"),
        ("null, 'check'", "PT400"),
        ("3600, null", "PT400"),
        ("3600, 'check', '2026-06-01T12:06:00Z'", "PT400"),
        ("3600, 'check', '1850-01-01'", "reading_not_too_early"),
    ],
)
def test_impossible_readings_are_refused(project: Project, owner: Person, arguments: str, why: str) -> None:
    """Negative, without a figure or a reason, in the future, before there were such meters."""
    plane = add_plane(owner)

    with refused(why):
        owner.rows(f"select add_reading(%s, {arguments})", plane)


def test_an_edit_reaches_the_totals_of_old_sessions(project: Project, owner: Person) -> None:
    """Excluding a session, correcting its start and taking both back show at once in every total."""
    plane, board = add_plane(owner), project.board()
    assign(owner, board, plane)
    board.report("2025-05-01T08:00:00Z", 3600)
    session = owner.value("select session_id from session_log")
    may, july = ("2025-05-01", "2025-06-01"), ("2025-07-01", "2025-08-01")

    def counted(period: tuple[str, str]) -> int:
        return int(owner.value("select counted(%s, %s, %s)", plane, *period))

    owner.run("insert into session_annotations (session_id, excluded) values (%s, true)", session)
    excluded = hours(owner, plane)
    owner.run(
        "update session_annotations set excluded = false, corrected_start = '2025-07-02T08:00:00Z'"
        " where session_id = %s",
        session,
    )
    corrected = hours(owner, plane), counted(may), counted(july)
    owner.run("delete from session_annotations where session_id = %s", session)

    assert 0 == excluded
    assert (3600, 0, 3600) == corrected
    assert (3600, 3600, 0) == (hours(owner, plane), counted(may), counted(july))


def test_a_hand_entered_session_counts_and_goes_again(project: Project, owner: Person) -> None:
    """What the board missed can be written down; it is marked as such."""
    plane = add_plane(owner)

    owner.run(
        "insert into session_annotations (hand_plane_id, hand_start, hand_seconds, pilot)"
        " values (%s, %s, 5400, 'Amelia')",
        plane,
        "2026-05-01T08:00:00Z",
    )
    row = owner.row("select quality::text, state::text, run_seconds, pilot, hobbs_end_seconds from session_log")
    entered = hours(owner, plane)
    owner.run("delete from session_annotations")

    assert {
        "quality": "hand_entered",
        "state": "ended",
        "run_seconds": 5400,
        "pilot": "Amelia",
        "hobbs_end_seconds": 5400,
    } == row
    assert 5400 == entered
    assert 0 == hours(owner, plane)


def test_the_class_never_decides(project: Project, owner: Person) -> None:
    """A session marked as a test counts like any other."""
    plane, board = add_plane(owner), project.board()
    assign(owner, board, plane)
    board.report("2026-05-01T08:00:00Z", 3600)

    owner.run("insert into session_annotations (session_id, class) select session_id, 'test' from session_log")

    assert 3600 == hours(owner, plane)


def test_hobbs_columns_follow_each_other(project: Project, owner: Person) -> None:
    """Each session's meter begins where the one before it ended, across years."""
    plane, board = add_plane(owner), project.board()
    assign(owner, board, plane)
    owner.rows("select add_reading(%s, 360000, 'initial', '2024-06-01T00:00:00Z')", plane)
    board.report("2024-12-31T23:30:00Z", 3600)
    board.report("2025-03-01T10:00:00Z", 60)
    board.report("2026-05-01T10:00:00Z", 7200)

    rows = owner.rows("select hobbs_start_seconds, hobbs_end_seconds from session_log order by effective_start")

    assert [(360000, 363600), (363600, 363660), (363660, 370860)] == [tuple(row.values()) for row in rows]


def test_months_are_those_of_the_page(project: Project, owner: Person) -> None:
    """A session over midnight is split at the month's end in the time zone that was asked for."""
    plane, board = add_plane(owner), project.board()
    assign(owner, board, plane)
    board.report("2026-03-31T21:30:00Z", 3600)

    def by_month(time_zone: str) -> dict[str, int]:
        rows = owner.rows("select month, seconds from hours_by_month(%s, %s, 4)", fleet_of(owner), time_zone)
        return {f"{row['month']:%Y-%m}": row["seconds"] for row in rows}

    assert {"2026-03": 3600, "2026-04": 0, "2026-05": 0, "2026-06": 0} == by_month("UTC")
    assert {"2026-03": 1800, "2026-04": 1800, "2026-05": 0, "2026-06": 0} == by_month("Europe/Berlin")


@pytest.mark.parametrize(
    "function",
    [
        "plane_hours('Mars/Base')",
        "hours_by_month(gen_random_uuid(), 'Mars/Base')",
        "hours_by_day(gen_random_uuid(), 'Mars/Base')",
    ],
)
def test_an_unknown_time_zone_is_named(project: Project, owner: Person, function: str) -> None:
    """The answer says that the time zone is the trouble."""
    with refused("PT400"):
        owner.rows(f"select * from {function}")


def test_uncertainty_is_the_sum_of_the_checkpoints(project: Project, owner: Person) -> None:
    """Each counted session adds its checkpoint interval; what lies before the reading does not."""
    plane, board = add_plane(owner), project.board()
    assign(owner, board, plane)
    for day in ("01", "02", "03"):
        board.report(f"2026-05-{day}T08:00:00Z", 3600, checkpoint_seconds=15)

    everything = owner.value("select uncertainty_seconds from plane_hours()")
    owner.rows("select add_reading(%s, 0, 'check', '2026-05-02T08:30:00Z')", plane)
    row = owner.row("select uncertainty_seconds, counted_sessions, counted_seconds from plane_hours()")

    assert 45 == everything
    assert {"uncertainty_seconds": 30, "counted_sessions": 2, "counted_seconds": 5400} == row


def test_a_reading_at_the_begin_of_the_month_counts_its_sessions_once(project: Project, owner: Person) -> None:
    """The total and the month are then the same period, also for a session that reaches in from the night before."""
    plane, board = add_plane(owner), project.board()
    assign(owner, board, plane)
    for start in ("2026-05-31T23:30:00Z", "2026-06-01T08:00:00Z"):
        board.report(start, 3600, checkpoint_seconds=15)

    owner.rows("select add_reading(%s, 36000, 'check', '2026-06-01T00:00:00Z')", plane)
    rows = owner.rows(
        "select total_seconds, uncertainty_seconds, counted_sessions, month_seconds, month_sessions from plane_hours()"
    )

    assert [(36000 + 5400, 30, 2, 5400, 2)] == [tuple(row.values()) for row in rows]


def test_a_total_without_a_reading_is_clipped_nowhere(project: Project, owner: Person) -> None:
    """An estimated start moves no second in or out of it: the checkpoint alone is in doubt."""
    plane, board = add_plane(owner), project.board()
    assign(owner, board, plane)

    board.report("2026-05-01T08:00:00Z", 3600, start_source="estimated", checkpoint_seconds=15)

    assert 15 == owner.value("select uncertainty_seconds from plane_hours()")


def test_an_estimated_start_beside_the_reading_is_in_doubt(project: Project, owner: Person) -> None:
    """What counts of a session that may have been before the reading may be less, the rest more, until corrected."""
    plane, board = add_plane(owner), project.board()
    assign(owner, board, plane)
    owner.rows("select add_reading(%s, 0, 'check', '2026-05-02T00:00:00Z')", plane)
    doubt = "select uncertainty_seconds, uncertainty_less_seconds from plane_hours()"
    board.report("2026-05-02T12:00:00Z", 3600, start_source="estimated", start_uncertainty_s=86400)

    estimated = owner.row(doubt)
    owner.run(
        "insert into session_annotations (session_id, corrected_start)"
        " select session_id, '2026-05-02T14:00:00Z' from session_log"
    )
    row = owner.row("select quality::text, corrected from session_log")

    assert [0, 3600] == list(estimated.values())
    assert [0, 0] == list(owner.row(doubt).values())
    assert {"quality": "measured", "corrected": True} == row


@pytest.mark.parametrize(
    ("start", "doubt_s", "more", "less"),
    [
        ("2026-05-01T23:30:00Z", 86400, 1800, 1800),
        ("2026-05-01T23:30:00Z", 600, 600, 600),
        ("2026-05-01T22:00:00Z", 86400, 3600, 0),
        ("2026-05-01T23:45:00Z", None, 900, 2700),
        ("2026-05-01T22:00:00Z", 1800, 0, 0),
        ("2026-05-02T01:00:00Z", 1800, 0, 0),
    ],
)
def test_a_clipped_estimate_goes_both_ways(
    project: Project, owner: Person, start: str, doubt_s: int | None, more: int, less: int
) -> None:
    """An hour around a reading at midnight; on top of it comes the checkpoint of what counts, which only adds."""
    plane, board = add_plane(owner), project.board()
    assign(owner, board, plane)
    owner.rows("select add_reading(%s, 0, 'check', '2026-05-02T00:00:00Z')", plane)
    board.report(start, 3600, start_source="estimated", start_uncertainty_s=doubt_s, checkpoint_seconds=15)

    row = owner.row("select uncertainty_seconds, uncertainty_less_seconds, counted_sessions from plane_hours()")

    assert {
        "uncertainty_seconds": more + 15 * row["counted_sessions"],
        "uncertainty_less_seconds": less,
        "counted_sessions": int(start > "2026-05-01T23:00:00Z"),
    } == row


def test_a_backlog_never_moves_last_session_or_last_seen_backwards(project: Project, owner: Person) -> None:
    """Old sessions that arrive today are old; the device was heard today all the same."""
    plane, board = add_plane(owner), project.board()
    assign(owner, board, plane)
    board.report("2026-05-30T08:00:00Z", 600, firmware="2.0")

    project.set_clock("2026-06-01T13:00:00Z")
    board.report("2026-05-01T08:00:00Z", 600, firmware="1.0")
    project.set_clock("2026-06-01T12:30:00Z")
    board.report("2026-05-02T08:00:00Z", 600, firmware="1.0")

    last = owner.value("select last_effective_start from plane_hours()")
    status = owner.row("select last_seen, firmware from device_status")
    assert datetime(2026, 5, 30, 8, tzinfo=UTC) == last
    assert {"last_seen": datetime(2026, 6, 1, 13, tzinfo=UTC), "firmware": "2.0"} == status
