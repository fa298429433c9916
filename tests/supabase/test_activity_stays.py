"""How long the activity stays, and what a page of it costs."""

import json
from typing import Any

import pytest

from tests.supabase.project import (
    Board,
    Person,
    Project,
    add_component,
    add_item,
    add_plane,
    fleet_of,
    refused,
)

ROWS = 30_000
FEW_BLOCKS = 600
"""A page of 50 rows with authors and planes; to look for an old plane's rows in the fleet's takes over 800."""


def _authors(person: Person) -> list[tuple[Any, Any]]:
    rows = person.rows("select author_id, author from activity_log where subject = 'components' order by activity_id")
    return [(row["author_id"] and str(row["author_id"]), row["author"]) for row in rows]


def _add_component_to(person: Person, fleet: str) -> None:
    person.run("insert into components (fleet_id, kind) values (%s, 'propeller')", fleet)


def test_it_keeps_what_a_former_member_did(project: Project, owner: Person) -> None:
    """Who leaves is a former member to the others, who deletes the account has no name any more."""
    fleet = fleet_of(owner)
    leaving, ending = project.add_member(owner, "editor"), project.add_member(owner, "editor")
    for person in (leaving, ending):
        _add_component_to(person, fleet)
    addresses = {row["user_id"]: row["email"] for row in owner.rows("select * from fleet_people(%s)", fleet)}
    members = [person.user_id for person in (leaving, ending)]

    there = _authors(owner)
    leaving.run("delete from fleet_members where fleet_id = %s and user_id = %s", fleet, leaving.user_id)
    ending.value("select delete_account()")
    gone = _authors(owner)
    ends = owner.rows("select author_id, author, label, before from activity_log where subject = 'fleet_members'"
                      " and action = 'delete' order by activity_id")  # fmt: skip

    assert {str(key): address for key, address in addresses.items()}.items() >= dict(there).items()
    assert members == [author_id for author_id, _ in there]
    assert [(leaving.user_id, None), (None, None)] == gone
    said = {"author": None, "label": None, "before": {"role": "editor"}}
    assert [said, said] == [{name: row[name] for name in said} for row in ends]
    assert [] == leaving.rows("select * from activity where fleet_id = %s", fleet)


def test_it_outlives_what_it_is_about(owner: Person, plane: str) -> None:
    """A plane, a component and an entry by hand: deleted, they keep their activity."""
    component = add_component(owner)
    spare = add_plane(owner, "D-SPARE")
    owner.run("insert into session_annotations (hand_plane_id, hand_start, hand_seconds) values (%s, '2026-05-01', 60)",
              plane)  # fmt: skip
    session = owner.value("select session_id from session_annotations")

    for statement, row in (
        ("delete from planes where plane_id = %s", spare),
        ("delete from components where component_id = %s", component),
        ("delete from session_annotations where session_id = %s", session),
    ):
        assert 1 == owner.run(statement, row)

    of_rows = "select action from activity_log where {} = %s order by activity_id"
    for column, row in (("plane_id", spare), ("subject_id", component), ("session_id", session)):
        assert ["insert", "delete"] == [found["action"] for found in owner.rows(of_rows.format(column), str(row))]


def test_an_undo_is_a_change_back(owner: Person, board: Board) -> None:
    """Both stand there: nothing makes a change undone."""
    board.report("2026-05-01T08:00:00Z", 3600)
    owner.run("insert into session_annotations (session_id, class) select session_id, 'flight' from session_log")

    owner.run("update session_annotations set class = 'test'")
    owner.run("update session_annotations set class = 'flight'")

    rows = owner.rows("select before, after from activity where subject = 'session_annotations' order by activity_id")
    assert [
        (None, {"class": "flight"}),
        ({"class": "flight"}, {"class": "test"}),
        ({"class": "test"}, {"class": "flight"}),
    ] == [(row["before"], row["after"]) for row in rows]


def test_an_entry_that_moves_is_in_the_activity_of_both_planes(owner: Person, plane: str) -> None:
    """Where it was, it is missing from now on: that plane's activity says so, too."""
    other = add_plane(owner, "D-OTHER")
    owner.run("insert into session_annotations (hand_plane_id, hand_start, hand_seconds) values (%s, '2026-05-01', 60)",
              plane)  # fmt: skip

    owner.run("update session_annotations set hand_plane_id = %s", other)

    moves = owner.rows("select plane_id::text, before, after from activity where action = 'update'")
    said = {"before": {"hand_plane_id": plane}, "after": {"hand_plane_id": other}}
    assert sorted([plane, other]) == sorted(row["plane_id"] for row in moves)
    assert [said, said] == [{name: row[name] for name in said} for row in moves]


def test_a_deleted_fleet_leaves_none(project: Project, owner: Person, plane: str) -> None:
    """It goes in pieces, like sessions, and ending a fleet writes nothing into it."""
    project.admin.execute("create or replace function private.piece_rows() returns integer language sql as 'select 4'")
    fleet = fleet_of(owner)
    for _ in range(6):
        add_item(owner, plane)
    there = project.admin.execute("select count(*) from activity where fleet_id = %s", [fleet]).fetchone()
    assert there is not None

    left = [owner.value("select delete_fleet(%s)", fleet) for _ in range(there["count"] // 4 + 1)]

    assert [there["count"] - 4 * n for n in range(1, len(left))] == left[:-1]
    assert 0 == left[-1]
    assert {"count": 0} == project.admin.execute("select count(*) from activity").fetchone()


def test_another_fleets_activity_is_not_there(project: Project, owner: Person, plane: str) -> None:
    """Asked for by fleet, by plane or by number, and exported."""
    stranger = project.sign_up()
    [row] = owner.rows("select activity_id from activity_log where plane_id = %s", plane)

    for column, value in (("fleet_id", fleet_of(owner)), ("plane_id", plane), ("activity_id", row["activity_id"])):
        for view in ("activity", "activity_log"):
            assert [] == stranger.rows(f"select * from {view} where {column} = %s", value)
    with refused("PT404"):
        stranger.value("select fleet_export(%s, 'activity')", fleet_of(owner))
    with refused("PT400"):
        owner.value("select fleet_export(%s, 'activity x')", fleet_of(owner))


def _fill(project: Project, owner: Person, rows: int) -> list[str]:
    """Many activities of a fleet of 20 planes, of which the last one's are all old; that plane, and a session's."""
    fleet = fleet_of(owner)
    project.admin.execute(
        "insert into planes (plane_id, fleet_id, registration) select md5(n::text)::uuid, %s, 'D-' || n"
        " from generate_series(0, 19) n",
        [fleet],
    )
    project.admin.execute(
        """insert into activity (fleet_id, at, author_id, subject, action, plane_id, session_id, subject_id, after)
        select %(fleet)s, '2026-01-01', %(person)s, 'session_annotations', 'update',
          md5((case when n < %(rows)s / 20 then 19 else n %% 19 end)::text)::uuid,
          md5('session' || n / 2)::uuid, md5('session' || n / 2), '{"pilot": "Amelia"}'
        from generate_series(1, %(rows)s) n""",
        {"fleet": fleet, "person": owner.user_id, "rows": rows},
    )
    project.admin.execute("vacuum analyze activity")
    return [
        str(value) for value in owner.row("select md5('19')::uuid as plane, md5('session7')::uuid as session").values()
    ]


@pytest.fixture
def long_activity(project: Project, owner: Person) -> list[str]:
    """A plane and a session in a long activity."""
    return _fill(project, owner, ROWS)


def test_pages_of_a_long_activity_cost_few_blocks(owner: Person, long_activity: list[str]) -> None:
    """Newest first and by key; of the fleet, of a plane that nobody touched for long, of a session; and the export."""
    plane, session = long_activity
    fleet = fleet_of(owner)
    newest = owner.value("select max(activity_id) from activity")
    page = "select * from activity_log where {} order by activity_id desc limit 50"
    asked = {
        "fleet": (page.format("fleet_id = %s"), [fleet]),
        "by key": (page.format("fleet_id = %s and activity_id < %s"), [fleet, newest // 2]),
        "plane": (page.format("plane_id = %s"), [plane]),
        "plane of fleet": (page.format("fleet_id = %s and plane_id = %s"), [fleet, plane]),
        "session": (page.format("session_id = %s"), [session]),
        "session of fleet": (page.format("fleet_id = %s and session_id = %s"), [fleet, session]),
    }

    blocks = {}
    for name, (query, values) in asked.items():
        for _ in range(2):
            plan = owner.value(f"explain (analyze, buffers, format json) {query}", *values)
        plan = json.loads(plan) if isinstance(plan, str) else plan
        blocks[name] = plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"]

    assert max(blocks.values()) <= FEW_BLOCKS, blocks
