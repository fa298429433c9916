"""What becomes of an entry when its sessions leave it: deleted, moved to another fleet, or doubtful."""

from datetime import UTC, datetime

from tests.supabase.project import Board, Person, enter_session, merge, split


def _kinds(person: Person) -> list[tuple[str, int]]:
    rows = person.rows("select kind::text, run_seconds from log_entries order by effective_start, entry_id")
    return [(row["kind"], row["run_seconds"]) for row in rows]


def test_a_merge_of_one_is_none(owner: Person, plane: str) -> None:
    """The session that is left can be merged with others, or split."""
    first, second, third = (enter_session(owner, plane, f"2026-05-01T{hour:02}:00:00Z", 600) for hour in (8, 9, 10))
    merge(owner, first, second)

    owner.run("delete from session_annotations where session_id = %s", first)

    assert [] == owner.rows("select * from merged_entries")
    merge(owner, second, third)
    assert [("merged", 1200)] == _kinds(owner)


def test_an_entry_by_hand_that_goes_to_another_fleet_leaves_what_was_said_in_the_old_one(
    owner: Person, plane: str
) -> None:
    """Nobody in the new fleet could undo it, and the session would be missing in its log."""
    club = owner.value("select create_fleet('Club')")
    other = owner.value("insert into planes (fleet_id, registration) values (%s, 'N1') returning plane_id", club)
    first, second, third = (enter_session(owner, plane, f"2026-05-01T{hour:02}:00:00Z", 600) for hour in (8, 9, 10))
    merge(owner, first, second)
    split(owner, third, 300)

    owner.run("update session_annotations set hand_plane_id = %s", other)

    assert [("session", 600)] * 3 == _kinds(owner)
    assert [] == owner.rows("select * from merged_sessions") + owner.rows("select * from session_parts")
    merge(owner, first, third)
    assert [("session", 600), ("merged", 1200)] == sorted(_kinds(owner), reverse=True)


def test_a_merged_entry_is_as_doubtful_as_its_most_doubtful_session(owner: Person, board: Board) -> None:
    """Also where that one is not the last: it was superseded without a word about its end."""
    board.report("2026-05-01T08:00:00Z", 600, "open")
    board.report("2026-05-01T08:15:00Z", 600)
    sessions = [str(row["session_id"]) for row in owner.rows("select session_id from session_log")]

    merge(owner, *sessions)

    assert {"quality": "unconfirmed", "state": "ended"} == owner.row(
        "select quality::text, state::text from log_entries"
    )


def test_the_first_part_is_there_whatever_is_left_of_its_session(owner: Person, board: Board) -> None:
    """A session of which everything is held since the device's release is still an entry of the log."""
    owner.rows("select release_device(%s)", board.device_uuid)
    board.report("2026-05-01T08:00:00Z", 1200)
    session = str(owner.value("select session_id from sessions"))
    owner.run("insert into session_annotations (session_id, clock_checked) values (%s, true)", session)
    split(owner, session, 600)
    assert [("part", 600)] * 2 == _kinds(owner)

    owner.run("update session_annotations set clock_checked = false")

    [row] = owner.rows("select run_seconds, part_number, part_count, effective_start from log_entries")
    assert (0, 1, 1, datetime(2026, 5, 1, 8, tzinfo=UTC)) == tuple(row.values())
