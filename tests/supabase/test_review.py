"""What a person is shown to look at: duplicates by hand, missing boots, what people said about sessions."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.supabase.project import (
    Board,
    Person,
    Project,
    Row,
    add_plane,
    assign,
    connect,
    fleet_of,
    hours,
    refused,
    settle_gap,
)


def _enter(owner: Person, plane: str, start: str, seconds: int) -> str:
    return str(
        owner.value(
            "insert into session_annotations (hand_plane_id, hand_start, hand_seconds) values (%s, %s, %s)"
            " returning session_id",
            plane,
            start,
            seconds,
        )
    )


@pytest.mark.parametrize(
    ("start", "seconds", "fields", "met"),
    [
        ("2026-05-01T08:30:00Z", 600, {}, True),
        ("2026-05-01T09:00:14Z", 600, {"checkpoint_seconds": 15}, True),
        ("2026-05-01T09:00:15Z", 600, {"checkpoint_seconds": 15}, False),
        ("2026-05-03T08:00:00Z", 600, {}, False),
        ("2026-05-03T08:00:00Z", 600, {"start_source": "estimated", "start_uncertainty_s": 172800}, True),
        ("2026-05-05T08:00:00Z", 600, {"start_source": "estimated", "start_uncertainty_s": 172800}, False),
    ],
)
def test_a_hand_entered_session_that_meets_an_automatic_one(
    owner: Person, plane: str, board: Board, start: str, seconds: int, fields: Row, met: bool
) -> None:
    """Within the uncertainty of the automatic one it is a possible duplicate; excluding either settles it."""
    board.report("2026-05-01T08:00:00Z", 3600, **fields)
    automatic = owner.value("select session_id from session_log")

    entered = _enter(owner, plane, start, seconds)
    query = "select possible_duplicate_of from session_log where session_id = %s"
    shown = owner.value(query, entered)
    owner.run("update session_annotations set excluded = true where session_id = %s", entered)

    assert (automatic if met else None) == shown
    assert None is owner.value(query, entered)


def test_missing_and_repeated_boots(owner: Person, board: Board) -> None:
    """Boots 3 and 4 never came, boot 5 came twice; the list says between which times."""
    for day, boot in (("01", 1), ("02", 2), ("05", 5), ("06", 5), ("07", 6)):
        board.report(f"2026-05-{day}T08:00:00Z", 60, boot=boot)

    row = owner.row("select * from device_completeness(%s)", board.device_uuid)
    gaps = owner.rows("select * from boot_gaps(%s)", board.device_uuid)

    assert (5, 1, 6, 2, 1) == tuple(
        row[name] for name in ("sessions", "first_boot", "last_boot", "missing_boots", "repeated_boots")
    )
    assert [(3, 4, "05-02 08:01", "05-05 08:00")] == [
        (gap["from_boot"], gap["to_boot"], f"{gap['after_end']:%m-%d %H:%M}", f"{gap['before_start']:%m-%d %H:%M}")
        for gap in gaps
    ]


def test_seconds_that_no_session_holds(owner: Person, board: Board) -> None:
    """The board's own count went on by 300 s between two sessions that arrived: they are missing."""
    board.report("2026-05-01T08:00:00Z", 100, lifetime_seconds=1100)
    board.report("2026-05-02T08:00:00Z", 200, lifetime_seconds=1600)

    row = owner.row("select * from device_completeness(%s)", board.device_uuid)

    assert (1600, 300, 300) == tuple(
        row[name] for name in ("lifetime_seconds", "recorded_seconds", "unrecorded_seconds")
    )


def test_an_absurd_boot_number_is_no_trouble(owner: Person, board: Board) -> None:
    """Two billion missing boots are one line."""
    board.report("2026-05-01T08:00:00Z", 60, boot=0)
    board.report("2026-05-02T08:00:00Z", 60, boot=2**31 - 1)

    assert 2**31 - 2 == owner.value("select missing_boots from device_completeness(%s)", board.device_uuid)
    assert [(1, 2**31 - 2)] == [
        (gap["from_boot"], gap["to_boot"]) for gap in owner.rows("select * from boot_gaps(%s)", board.device_uuid)
    ]


def test_hours_by_class(owner: Person, plane: str, board: Board) -> None:
    """Each class with its seconds, and what nobody has classified."""
    board.report("2026-05-01T08:00:00Z", 3600)
    board.report("2026-05-02T08:00:00Z", 60)
    board.report("2026-06-01T08:00:00Z", 30)
    owner.run("insert into session_annotations (session_id, class) select session_id, 'flight' from session_log"
              " where run_seconds > 3000")  # fmt: skip

    rows = owner.rows("select class::text, month, seconds from hours_by_class(%s)", fleet_of(owner))

    assert [("2026-05", "flight", 3600), ("2026-05", None, 60), ("2026-06", None, 30)] == [
        (f"{row['month']:%Y-%m}", row["class"], row["seconds"]) for row in rows
    ]


def test_hours_per_class_are_clipped_at_months_and_count_shared_time_once(
    project: Project, owner: Person, plane: str, board: Board
) -> None:
    """Two boards of one plane over the end of a month: the same seconds as hours_by_month says."""
    second = project.board()
    assign(owner, second, plane)

    for one in (board, second):
        one.report("2026-04-30T23:00:00Z", 7200)

    seconds = "select month, seconds from {}(%s) where seconds > 0 order by month"
    by_class = owner.rows(seconds.format("hours_by_class"), fleet_of(owner))
    assert [3600, 3600] == [row["seconds"] for row in by_class]
    assert owner.rows(seconds.format("hours_by_month"), fleet_of(owner)) == by_class


def test_what_a_runaway_clock_says_is_not_taken_for_recorded(owner: Person, board: Board) -> None:
    """A flagged session hides no gap in the board's own count."""
    board.report("2026-05-01T08:00:00Z", 100, lifetime_seconds=100)
    board.report("2026-05-02T08:00:00Z", 100, lifetime_seconds=900)

    board.report("2090-05-03T08:00:00Z", 366 * 86400, lifetime_seconds=2**31)

    assert (200, 700) == tuple(
        owner.row(
            "select recorded_seconds, unrecorded_seconds from device_completeness(%s)", board.device_uuid
        ).values()
    )


GAPS = "select from_boot, to_boot, settled_by::text, settled_at from boot_gaps(%s) order by from_boot"


def test_that_nothing_was_lost_is_said_once_for_the_whole_fleet(project: Project, owner: Person, board: Board) -> None:
    """Everybody sees who said it and when; another editor can take it back."""
    for day, boot in (("01", 1), ("04", 4), ("06", 6)):
        board.report(f"2026-05-{day}T08:00:00Z", 60, boot=boot)
    editor, viewer = project.add_member(owner, "editor"), project.add_member(owner, "viewer")

    gap = settle_gap(owner, board, 2, 3)

    said, asked = viewer.rows(GAPS, board.device_uuid)
    assert (2, 3, owner.user_id, "2026-06-01 12:00") == (
        said["from_boot"],
        said["to_boot"],
        said["settled_by"],
        f"{said['settled_at']:%Y-%m-%d %H:%M}",
    )
    assert (5, 5, None) == (asked["from_boot"], asked["to_boot"], asked["settled_by"])
    assert 1 == editor.run("delete from settled_boot_gaps where gap_id = %s", gap)
    assert [None, None] == [row["settled_by"] for row in owner.rows(GAPS, board.device_uuid)]


def test_a_late_power_up_leaves_the_rest_of_a_gap_settled(owner: Person, board: Board) -> None:
    """Nothing is asked again about what was already called nothing."""
    board.report("2026-05-01T08:00:00Z", 60, boot=1)
    board.report("2026-05-09T08:00:00Z", 60, boot=5)
    settle_gap(owner, board, 2, 4)

    board.report("2026-05-05T08:00:00Z", 60, boot=3)

    assert [(2, 2, owner.user_id), (4, 4, owner.user_id)] == [
        (row["from_boot"], row["to_boot"], row["settled_by"]) for row in owner.rows(GAPS, board.device_uuid)
    ]


_reports = st.tuples(
    st.integers(1, 9), st.integers(60, 90), st.one_of(st.none(), st.integers(0, 12), st.just(2**31 - 1))
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(_reports, min_size=1, max_size=4), min_size=1, max_size=6))
def test_what_is_missing_is_what_no_session_has(
    project: Project, batches: list[list[tuple[int, int, int | None]]]
) -> None:
    """Whatever comes in any order, alone or together, again with another number, and then goes."""
    project.set_clock("2026-06-01T12:00:00Z")
    owner, board = project.sign_up(), project.board()
    owner.rows("select claim_device(%s)", board.device_uuid)

    for batch in batches:
        board.post(*(board.message(f"2026-05-0{day}T08:00:00Z", run, boot=boot) for day, run, boot in batch))

    assert _missing(project, board) == _told(owner, board)
    project.admin.execute(
        "delete from sessions where device_uuid = %s and mod(run_seconds, 2) = 0", [board.device_uuid]
    )
    assert _missing(project, board) == _told(owner, board)
    assert [] == project.admin.execute("select * from private.verify_missing_boots()").fetchall()


def _missing(project: Project, board: Board) -> list[tuple[int, int]]:
    """Counted up from what is there."""
    rows = project.admin.execute(
        "select distinct boot from sessions where device_uuid = %s and boot is not null order by boot",
        [board.device_uuid],
    ).fetchall()
    there = [row["boot"] for row in rows]
    return [(a + 1, b - 1) for a, b in itertools.pairwise(there) if b - a > 1]


def _told(owner: Person, board: Board) -> list[tuple[int, int]]:
    return [(row["from_boot"], row["to_boot"]) for row in owner.rows(GAPS, board.device_uuid)]


def test_missing_power_ups_that_differ_from_the_sessions_are_found(
    project: Project, owner: Person, board: Board
) -> None:
    """One that is forgotten, and one that was never missing; both are put right with the hours."""
    for boot in (1, 3, 6):
        board.report(f"2026-05-0{boot}T08:00:00Z", 60, boot=boot)
    verify = "select from_boot, to_boot from private.verify_missing_boots()"

    project.admin.execute("delete from private.missing_boots where from_boot = 2")
    project.admin.execute("update private.missing_boots set to_boot = 4")
    found = project.admin.execute(verify).fetchall()
    project.admin.execute("select private.rebuild_hours()")

    assert [(2, 2), (4, 4), (4, 5)] == sorted((row["from_boot"], row["to_boot"]) for row in found)
    assert [] == project.admin.execute(verify).fetchall()
    assert [(2, 2), (4, 5)] == _told(owner, board)


@pytest.mark.parametrize(("from_boot", "to_boot"), [(1, 3), (2, 2), (2, 9), (3, 2), (6, 9), (-5, -1)])
def test_only_what_is_missing_can_be_settled(owner: Person, board: Board, from_boot: int, to_boot: int) -> None:
    """Neither power-ups that are here nor part of a gap nor those still to come."""
    board.report("2026-05-01T08:00:00Z", 60, boot=1)
    board.report("2026-05-04T08:00:00Z", 60, boot=5)

    with refused("PT404"):
        settle_gap(owner, board, from_boot, to_boot)


def test_a_gap_is_settled_once(owner: Person, board: Board) -> None:
    """Whoever comes second is told, instead of signing over the first."""
    board.report("2026-05-01T08:00:00Z", 60, boot=1)
    board.report("2026-05-04T08:00:00Z", 60, boot=5)
    settle_gap(owner, board, 2, 4)

    with refused("PT404"):
        settle_gap(owner, board, 2, 4)


def test_a_gap_is_settled_by_the_fleet_that_has_the_device(owner: Person, board: Board, project: Project) -> None:
    """An editor elsewhere cannot say it for a fleet of their own, not even about a device that they see."""
    board.report("2026-05-01T08:00:00Z", 60, boot=1)
    board.report("2026-05-04T08:00:00Z", 60, boot=5)
    viewer = project.add_member(owner, "viewer")

    with refused("PT404"):
        settle_gap(viewer, board, 2, 4)
    with refused("42501"):
        viewer.run(
            "insert into settled_boot_gaps (fleet_id, device_uuid, from_boot, to_boot) values (%s, %s, 2, 4)",
            fleet_of(owner),
            board.device_uuid,
        )


def test_who_settled_a_gap_is_the_server_s_to_say(project: Project, owner: Person, board: Board) -> None:
    """Neither author nor time can be claimed; of a deleted account the word stays without a name."""
    board.report("2026-05-01T08:00:00Z", 60, boot=1)
    board.report("2026-05-04T08:00:00Z", 60, boot=3)
    editor = project.add_member(owner, "editor")
    settle = "insert into settled_boot_gaps (fleet_id, device_uuid, from_boot, to_boot{}) values (%s, %s, 2, 2{})"

    for column, value in (("settled_by", "gen_random_uuid()"), ("settled_at", "now()")):
        with refused("42501"):
            editor.run(settle.format(f", {column}", f", {value}"), fleet_of(owner), board.device_uuid)
    editor.run(settle.format("", ""), fleet_of(owner), board.device_uuid)
    editor.rows("select delete_account()")

    assert [(2, None, 6)] == [
        (row["from_boot"], row["settled_by"], row["settled_at"].month) for row in owner.rows(GAPS, board.device_uuid)
    ]


def test_an_annotation_says_who_and_when(project: Project, owner: Person, board: Board) -> None:
    """The server signs it; what the client claims about the author is not even taken."""
    board.report("2026-05-01T08:00:00Z", 3600)
    editor = project.add_member(owner, "editor")

    editor.run("insert into session_annotations (session_id, pilot) select session_id, ' Amelia ' from session_log")

    row = owner.row("select pilot, annotated_by::text, annotated_at from session_log")
    assert ("Amelia", editor.user_id, "2026-06-01 12:00") == (
        row["pilot"],
        row["annotated_by"],
        f"{row['annotated_at']:%Y-%m-%d %H:%M}",
    )
    with refused("42501"):
        editor.run("update session_annotations set author_id = %s", owner.user_id)


@pytest.mark.parametrize(
    ("columns", "values", "why"),
    [
        ("corrected_start", "'2026-06-01T11:30:00Z'", "PT400"),
        ("hand_seconds", "60", "PT400"),
        ("corrected_start", "'2023-12-31T23:59:59Z'", "corrected_start_not_too_early"),
        ("corrected_start", "'-infinity'", "corrected_start_not_too_early"),
        ("corrected_start", "'infinity'", "PT400"),
    ],
)
def test_impossible_annotations_are_refused(owner: Person, board: Board, columns: str, values: str, why: str) -> None:
    """A start that would end in the future or lies before all sessions, half a hand-entered session."""
    board.report("2026-05-01T08:00:00Z", 3600)

    with refused(why):
        owner.run(
            f"insert into session_annotations (session_id, {columns}) select session_id, {values} from session_log"
        )


EXCLUDE_ALL = """insert into session_annotations (session_id, excluded) select session_id, true from session_log
  order by effective_start on conflict (session_id) do update set excluded = excluded.excluded"""

INCLUDE_ALL_AND_ONE_THAT_IS_NOT_THERE = """insert into session_annotations (session_id, excluded)
  select session_id, false from session_log union all select gen_random_uuid(), false
  on conflict (session_id) do update set excluded = excluded.excluded"""


def test_many_sessions_are_annotated_at_once_or_none(owner: Person, plane: str, board: Board) -> None:
    """What was said about them before stays beside it; one that is not there refuses all of them."""
    for day in range(1, 5):
        board.report(f"2026-05-0{day}T08:00:00Z", 3600)
    owner.run(
        "insert into session_annotations (session_id, pilot) select session_id, 'Amelia' from session_log limit 1"
    )

    owner.run(EXCLUDE_ALL)

    assert 0 == hours(owner, plane)
    assert ["Amelia", None, None, None] == [
        row["pilot"] for row in owner.rows("select pilot from session_log where excluded order by pilot")
    ]
    with refused("PT404"):
        owner.run(INCLUDE_ALL_AND_ONE_THAT_IS_NOT_THERE)
    assert 0 == hours(owner, plane)


def test_a_bulk_edit_holds_nothing_while_it_waits_for_a_board(
    database: str, project: Project, owner: Person, plane: str, board: Board
) -> None:
    """A post in progress holds the edit up; what comes in meanwhile from another board of the plane is taken."""
    second = project.board()
    assign(owner, second, plane)
    board.report("2026-05-01T08:00:00Z", 3600)
    second.report("2026-05-02T08:00:00Z", 3600)
    with connect(database) as other, ThreadPoolExecutor(1) as thread:
        with project.admin.transaction():
            board.report("2026-05-01T08:00:00Z", 3660)
            edit = thread.submit(Person(other, user_id=owner.user_id).run, EXCLUDE_ALL)
            while project.admin.execute("select 1 from pg_locks where not granted").fetchone() is None:
                assert not edit.done(), "it did not wait for the board"

            assert "stored" == second.report("2026-05-02T08:00:00Z", 3660)

        assert 2 == edit.result(timeout=60)
    assert 0 == hours(owner, plane)


def test_a_session_in_the_future_needs_its_start_corrected(owner: Person, plane: str, board: Board) -> None:
    """Saying "the clock is right" about next year is refused; the corrected session counts, whatever comes again."""
    board.report("2027-05-01T08:00:00Z", 3600)
    annotate = "insert into session_annotations (session_id, {}) select session_id, {} from session_log"

    with refused("PT400"):
        owner.run(annotate.format("clock_checked", "true"))
    owner.run(annotate.format("corrected_start", "'2026-05-01T08:00:00Z'"))
    board.report("2027-05-01T08:00:00Z", 3700)

    assert 3700 == owner.value("select total_seconds from plane_hours()")
    assert {"quality": "measured", "corrected": True} == owner.row("select quality::text, corrected from session_log")


def test_what_a_person_checked_is_flagged_again_when_it_grows_into_the_future(
    owner: Person, plane: str, board: Board
) -> None:
    """A board whose figure runs away does not take the totals along."""
    board.report("2026-06-01T11:00:00Z", 4000, "open")
    owner.run("insert into session_annotations (session_id, corrected_start)"
              " select session_id, '2026-06-01T10:00:00Z' from session_log")  # fmt: skip
    counted = owner.value("select total_seconds from plane_hours()")

    board.report("2026-06-01T11:00:00Z", 366 * 86400, "open")

    assert 4000 == counted
    assert 0 == owner.value("select total_seconds from plane_hours()")
    assert {"quality": "flagged"} == owner.row("select quality::text from session_log")


def test_a_corrected_session_is_judged_where_it_counts(owner: Person, plane: str, board: Board) -> None:
    """As the board dates it, its new figure ends yesterday; from the corrected start on it ends tomorrow: flagged."""
    board.report("2026-05-30T12:00:00Z", 4000, "open")
    owner.run("insert into session_annotations (session_id, corrected_start)"
              " select session_id, '2026-06-01T10:00:00Z' from session_log")  # fmt: skip

    board.report("2026-05-30T12:00:00Z", 90_000, "open")

    assert 0 == owner.value("select total_seconds from plane_hours()")
    assert {"quality": "flagged"} == owner.row("select quality::text from session_log")
    with refused("PT400"):  # the same once more would have no effect, and is not recorded as if it had
        owner.run("update session_annotations set corrected_start = '2026-06-01T10:00:00Z'")
    owner.run("update session_annotations set corrected_start = null, clock_checked = true")
    assert 90_000 == owner.value("select total_seconds from plane_hours()")


def test_what_outgrew_its_correction_can_still_be_excluded_and_its_pilot_erased(
    owner: Person, plane: str, board: Board
) -> None:
    """Only a new statement about the times is judged again; nothing brings the runaway back into the totals."""
    board.report("2026-06-01T11:00:00Z", 4000, "open")
    owner.run("insert into session_annotations (session_id, corrected_start, pilot)"
              " select session_id, '2026-06-01T10:00:00Z', 'Amelia' from session_log")  # fmt: skip
    board.report("2026-06-01T11:00:00Z", 366 * 86400, "open")
    session = owner.value("select session_id from session_log")

    owner.run("update session_annotations set pilot = null where pilot = 'Amelia'")
    owner.run(
        "insert into session_annotations (session_id, excluded, corrected_start)"
        " values (%s, true, '2026-06-01T10:00:00Z') on conflict (session_id) do update set excluded = true",
        session,
    )
    owner.run("update session_annotations set excluded = false")

    assert (None, False, "flagged") == tuple(
        owner.row("select pilot, excluded, quality::text from session_log").values()
    )
    assert 0 == owner.value("select total_seconds from plane_hours()")
    with refused("PT400"):
        owner.run("update session_annotations set corrected_start = '2026-06-01T09:00:00Z'")


def test_what_is_said_of_a_session_just_after_the_release_holds(project: Project, owner: Person, board: Board) -> None:
    """The seller's clock was two minutes ahead: the session is the seller's, and so is the word about it."""
    board.report("2026-06-01T12:02:00Z", 60)
    project.set_clock("2026-06-01T12:01:00Z")
    owner.rows("select release_device(%s)", board.device_uuid)
    before = owner.value("select total_seconds from plane_hours()")

    owner.run("insert into session_annotations (session_id, excluded) select session_id, true from session_log")

    assert 60 == before
    assert 0 == owner.value("select total_seconds from plane_hours()")
    assert owner.value("select excluded from session_log")


@pytest.mark.parametrize("version", ["8", "1"])
def test_nobody_takes_the_place_of_a_device_s_session(
    project: Project, owner: Person, board: Board, version: str
) -> None:
    """A session that has not arrived yet has an identity that can be worked out, and none can be entered there."""
    stranger = project.sign_up()
    row = project.admin.execute(
        "select overlay(private.session_id(%s, '2026-05-02T08:00:00Z')::text placing %s from 15 for 1)::uuid as it",
        [board.device_uuid, version],
    ).fetchone()
    assert row is not None

    for arrived in (False, True):
        with refused("PT400"):
            stranger.run(
                "insert into session_annotations (session_id, hand_plane_id, hand_start, hand_seconds)"
                " values (%s, %s, '2026-01-01', 60)",
                row["it"],
                add_plane(stranger, f"D-E{arrived:d}"),
            )
        assert ("duplicate" if arrived else "stored") == board.report("2026-05-02T08:00:00Z", 60)


def test_sessions_cannot_be_annotated_by_other_fleets(project: Project, owner: Person, board: Board) -> None:
    """Knowing a session's identity is not enough."""
    board.report("2026-05-01T08:00:00Z", 3600)
    session = owner.value("select session_id from session_log")
    stranger = project.sign_up()

    with refused("PT404"):
        stranger.run("insert into session_annotations (session_id, excluded) values (%s, true)", session)
    with refused("PT404"):
        stranger.run(
            "insert into session_annotations (session_id, hand_plane_id, hand_start, hand_seconds)"
            " values (%s, %s, '2026-01-01', 60)",
            session,
            add_plane(owner, "D-EXXX"),
        )
