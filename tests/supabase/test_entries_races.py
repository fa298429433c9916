"""People who merge and split the same sessions at the same moment, and boards that deliver meanwhile."""

import json
from collections.abc import Callable

import psycopg
import pytest

from tests.supabase.project import Board, Person, Project, Row, add_plane, assign, fleet_of, merge, split
from tests.supabase.test_races import _as, _together

SESSIONS = 12
ROUNDS = 12


@pytest.fixture
def flights(project: Project, owner: Person, board: Board) -> list[str]:
    """The sessions of a day, oldest first."""
    project.admin.execute("update private.settings set messages_per_minute = 100000")
    board.post(*(board.message(f"2026-05-01T{hour:02}:00:00Z", 1200, "closed") for hour in range(SESSIONS)))
    rows = owner.rows("select session_id from session_log order by effective_start")
    return [str(row["session_id"]) for row in rows]


def _refusable(what: Callable[[], object]) -> bool:
    """Whether it was done; what another person did first may refuse it, and nothing else."""
    try:
        what()
    except psycopg.Error as error:
        assert error.sqlstate in ("PT404", "PT409"), (error, error.diag.message_detail, error.diag.context)
        return False
    return True


def _kept(project: Project) -> list[Row]:
    """What is kept of every overlay and of what stands in the log."""
    return [
        row
        for query in (
            "select * from merged_entries order by entry_id",
            "select * from session_parts order by entry_id",
            "select session_id, is_overlaid, in_entry from sessions order by session_id",
        )
        for row in project.admin.execute(query.encode()).fetchall()
    ]


def _assert_whole(project: Project, owner: Person) -> None:
    """Each session stands in the log once, and what is kept is what the sessions say."""
    kept = _kept(project)
    project.admin.execute("select private.refresh_merged(array(select entry_id from merged_entries))")
    project.admin.execute("select private.refresh_parts(array(select session_id from session_parts))")
    assert kept == _kept(project)
    assert [] == owner.rows(
        "select one from log_entries, unnest(session_ids) one group by one"
        " having count(*) > 1 and count(part_number) < count(*)"
    )
    standing = owner.value("select count(distinct one) from log_entries, unnest(session_ids) one")
    assert standing == owner.value("select count(*) from sessions")
    assert 0 == owner.value("select count(*) from merged_sessions join session_parts using (session_id)")


def test_two_people_merge_the_same_sessions(database: str, project: Project, owner: Person, flights: list[str]) -> None:
    """One of them does; the other is told that they are merged already."""
    editor = project.add_member(owner, "editor")
    merged: list[bool] = []

    def work(person: Person) -> Callable[[Project], None]:
        return lambda project: merged.append(_refusable(lambda: merge(_as(project, person), *flights[:3])))

    _together(database, [work(owner), work(editor)])

    assert [False, True] == sorted(merged)
    _assert_whole(project, owner)


def test_merging_and_undoing_while_others_split_and_the_board_delivers(
    database: str, project: Project, owner: Person, board: Board, flights: list[str]
) -> None:
    """Nobody is told of a deadlock, every session stands in the log once, and no hours are lost."""
    editor, other = project.add_member(owner, "editor"), project.add_member(owner, "editor")

    def merging(project: Project) -> None:
        for number in range(ROUNDS):
            person = _as(project, owner)
            first = number % (SESSIONS - 3)
            _refusable(lambda person=person, first=first: merge(person, *flights[first : first + 3]))  # type: ignore[misc]
            if number % 3 == 2:
                person.run("delete from merged_entries")

    def splitting(project: Project) -> None:
        for number in range(ROUNDS):
            session, person = flights[number % SESSIONS], _as(project, editor)
            _refusable(lambda person=person, session=session: split(person, session, 300))  # type: ignore[misc]
            if number % 2:
                person.rows("select join_session(%s)", session)

    def saying(project: Project) -> None:
        for number in range(ROUNDS):
            person = _as(project, other)
            rows = person.rows("select entry_id from log_entries order by entry_id")
            said = [{"entry_id": str(row["entry_id"]), "pilot": f"Pilot {number}"} for row in rows]
            _refusable(lambda person=person, said=said: person.rows("select annotate_entries(%s)", json.dumps(said)))  # type: ignore[misc]

    def delivering(project: Project) -> None:
        flying = Board(project, board.device_uuid)
        for run in range(1, ROUNDS):
            batch = [
                flying.message(f"2026-05-01T{hour:02}:00:00Z", 1200 + 10 * run, "closed") for hour in range(SESSIONS)
            ]
            assert flying.post(*batch, flying.message(f"2026-05-02T{run:02}:00:00Z", 600))["status"] == 200

    _together(database, [merging, splitting, saying, delivering])

    _assert_whole(project, owner)
    counted = owner.value("select sum(counted_seconds) from plane_hours()")
    assert SESSIONS * (1200 + 10 * (ROUNDS - 1)) + 600 * (ROUNDS - 1) == counted


def test_boards_of_two_planes_deliver_about_one_entry(
    database: str, project: Project, owner: Person, board: Board, flights: list[str]
) -> None:
    """One session of it is in another plane now; both boards grow theirs at once, each several times."""
    other = project.board()
    assign(owner, other, str(owner.value("select plane_id from planes")))
    other.report("2026-05-01T00:30:00Z", 60)
    late = str(owner.value("select session_id from sessions where device_uuid = %s", other.device_uuid))
    merge(owner, *flights[:2], late)
    assign(owner, other, add_plane(owner, "D-EOTH"), "2026-05-01T00:00:00Z")

    def grow(board: Board, start: str, seconds: int) -> Callable[[Project], None]:
        def work(project: Project) -> None:
            for run in range(ROUNDS):
                Board(project, board.device_uuid).report(start, seconds + run)

        return work

    _together(database, [grow(board, "2026-05-01T00:00:00Z", 1201), grow(other, "2026-05-01T00:30:00Z", 61)])

    _assert_whole(project, owner)
    assert fleet_of(owner) == str(owner.value("select fleet_id from merged_entries"))
