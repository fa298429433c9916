"""The lock: up to its time nothing that a person says can change, while boards deliver whatever is late."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.supabase.project import (
    Board,
    Person,
    Project,
    add_component,
    add_item,
    add_plane,
    assign,
    enter_session,
    fleet_of,
    hours,
    merge,
    refused,
    split,
)

LOCK = "2026-05-01T00:00:00Z"
LOCKED, OPEN = "2026-04-30T23:59:59Z", LOCK
"""The last second that is locked, and the first one that is not."""


def lock(person: Person, until: str | None = LOCK) -> None:
    """Move the lock of the person's fleet."""
    person.rows("select set_lock(%s, %s)", fleet_of(person), until)


@pytest.fixture
def fleet(owner: Person, plane: str, board: Board) -> str:
    """A fleet with sessions on either side of the lock to be, of a board, by hand, merged and split."""
    for start in ("2026-04-10T08:00:00Z", "2026-04-10T09:05:00Z", "2026-04-11T08:00:00Z", "2026-05-10T08:00:00Z"):
        board.report(start, 3600)
    enter_session(owner, plane, "2026-04-12T08:00:00Z")
    return fleet_of(owner)


def _session(owner: Person, start: str) -> str:
    return str(owner.value("select session_id from session_log where effective_start = %s", start))


Change = Callable[[Person, str, str], object]
"""A change by a person, of a plane, about a time."""

_ABOUT_TIME: dict[str, Change] = {
    "an entry by hand": lambda person, plane, t: enter_session(person, plane, t, 60),
    "a reading": lambda person, plane, t: person.rows("select add_reading(%s, 60, 'check', %s)", plane, t),
    "a completion": lambda person, plane, t: person.rows(
        "select complete_maintenance(%s, %s)", add_item(person, plane) if _owns(person) else _item(person), t
    ),
    "an installation": lambda person, plane, t: person.rows(
        "select install_component(%s, %s, %s)", add_component(person), plane, t
    ),
    "an import": lambda person, plane, t: person.rows(
        "select import_sessions(gen_random_uuid(), %s, 'Log', null, '{}', %s)",
        fleet_of(person),
        json.dumps([{"row_number": 1, "plane_id": plane, "start": t, "seconds": 60}]),
    ),
    "a corrected start": lambda person, plane, t: person.rows(
        "insert into session_annotations (session_id, corrected_start) values (%s, %s)"
        " on conflict (session_id) do update set corrected_start = excluded.corrected_start returning 1",
        _session_of_may(person),
        t,
    ),
}


def _owns(person: Person) -> bool:
    return bool(person.value("select exists (select from my_fleets where role = 'owner')"))


def _item(person: Person) -> str:
    return str(person.value("select item_id from maintenance_items limit 1"))


def _session_of_may(person: Person) -> str:
    return str(person.value("select session_id from sessions where session_start = '2026-05-10T08:00:00Z'"))


@pytest.mark.parametrize("change", _ABOUT_TIME.values(), ids=_ABOUT_TIME)
def test_what_is_said_of_a_locked_time_is_refused_to_the_second(
    owner: Person, plane: str, fleet: str, change: Change
) -> None:
    """Also to an owner; and is fine one second later, or once the lock was moved."""
    lock(owner)

    with refused("PT409"):
        change(owner, plane, LOCKED)
    change(owner, plane, OPEN)
    lock(owner, None)
    change(owner, plane, LOCKED)


@pytest.fixture
def said(owner: Person, plane: str, board: Board, fleet: str) -> Iterator[dict[str, str]]:
    """Something of each kind about April, locked since."""
    april = [_session(owner, start) for start in ("2026-04-10T08:00Z", "2026-04-10T09:05Z", "2026-04-11T08:00Z")]
    component = add_component(owner)
    item = add_item(owner, plane)
    second = enter_session(owner, plane, "2026-04-20T08:00:00Z")
    entries = json.dumps([{"row_number": 1, "plane_id": plane, "start": "2026-04-21T08:00:00Z", "seconds": 60}])
    names = {
        "first": april[0],
        "merged": merge(owner, *april[:2]),
        "parts": split(owner, april[2], 600)[0],
        "split": april[2],
        "by_hand": _session(owner, "2026-04-12T08:00Z"),
        "loose": second,
        "reading": str(owner.value("select (add_reading(%s, 60, 'check', '2026-04-15')).reading_id", plane)),
        "installation": str(
            owner.value("select (install_component(%s, %s, '2026-04-15')).installation_id", component, plane)
        ),
        "completion": str(owner.value("select (complete_maintenance(%s, '2026-04-15')).completion_id", item)),
        "batch": str(
            owner.value(
                "select (import_sessions(gen_random_uuid(), %s, 'Log', null, '{}', %s)).batch_id", fleet, entries
            )
        ),
        "assignment": str(owner.value("select assignment_id from device_assignments")),
        "item": item,
        "component": component,
    }
    lock(owner)
    yield names


_REFUSED = {
    "annotate": "insert into session_annotations (session_id, pilot) values (%(first)s, 'X')",
    "exclude": "insert into session_annotations (session_id, excluded) values (%(first)s, true)",
    "change an entry by hand": "update session_annotations set remarks = 'X' where session_id = %(by_hand)s",
    "move an entry by hand": "update session_annotations set hand_start = '2026-05-02' where session_id = %(by_hand)s",
    "delete an entry by hand": "delete from session_annotations where session_id = %(by_hand)s",
    "say something of a merged entry": "update merged_entries set pilot = 'X' where entry_id = %(merged)s",
    "undo a merge": "delete from merged_entries where entry_id = %(merged)s",
    "merge": "select merge_sessions(array[%(loose)s, %(by_hand)s]::uuid[])",
    "add to an entry": "select add_to_entry(%(merged)s, array[%(loose)s]::uuid[])",
    "take out of an entry": "select take_out_of_entry(%(merged)s, array[%(first)s]::uuid[])",
    "say something of a part": "update session_parts set pilot = 'X' where entry_id = %(parts)s",
    "split": """select split_session(
        %(loose)s, '[{"from_seconds": 0}, {"from_seconds": 600}]')""",
    "join": "select join_session(%(split)s)",
    "annotate entries": """select annotate_entries(
        jsonb_build_array(jsonb_build_object('entry_id', %(loose)s::text, 'pilot', 'X')))""",
    "void a reading": "select void_reading(%(reading)s, 'X')",
    "void a completion": "select void_completion(%(completion)s, 'X')",
    "change an installation": """update component_installations set since_new_seconds = 5
        where installation_id = %(installation)s""",
    "remove a component then": "select remove_component(%(component)s, '2026-04-20')",
    "take an installation back": "delete from component_installations where installation_id = %(installation)s",
    "move a device then": "select assign_device(device_uuid, null, '2026-04-11') from device_assignments",
    "take an assignment back": "select remove_assignment(%(assignment)s)",
    "revert an import": "select revert_import(%(batch)s)",
}
_ALLOWED = {
    "rename the plane": "update planes set model = 'X' returning 1",
    "another ratio": "update meters set name = 'X' returning 1",
    "another interval": "update maintenance_items set interval_seconds = 7200 returning 1",
    "remove a component now": "select remove_component(%(component)s)",
    "move a device now": "select assign_device(device_uuid, null, '2026-05-20') from device_assignments",
    "rename an import": "update import_batches set name = 'X' returning 1",
    "what came after": """insert into session_annotations (session_id, pilot)
        select session_id, 'X' from sessions where session_start = '2026-05-10T08:00:00Z'""",
}


def _run(person: Person, statement: str, said: dict[str, str]) -> None:
    with person.signed_in() as connection:
        assert connection.execute(statement.encode(), said).rowcount


@pytest.mark.parametrize("statement", _REFUSED.values(), ids=_REFUSED)
def test_nothing_that_was_said_of_a_locked_time_changes(owner: Person, said: dict[str, str], statement: str) -> None:
    """Whichever table it stands in; and it can be changed once the lock was moved."""
    with refused("PT409"):
        _run(owner, statement, said)

    lock(owner, "2026-04-01T00:00:00Z")
    _run(owner, statement, said)


@pytest.mark.parametrize("statement", _ALLOWED.values(), ids=_ALLOWED)
def test_what_says_nothing_of_a_locked_time_goes_on(owner: Person, said: dict[str, str], statement: str) -> None:
    """Names, intervals, and what begins now."""
    _run(owner, statement, said)


def test_boards_deliver_into_a_locked_time(owner: Person, plane: str, board: Board, fleet: str) -> None:
    """It counts, and nobody says anything about it before an owner moves the lock."""
    lock(owner)
    before = hours(owner, plane)

    board.report("2026-04-20T08:00:00Z", 600)
    board.report("2026-04-11T08:00:00Z", 4000)

    assert before + 600 + 400 == hours(owner, plane)
    with refused("PT409"):
        owner.run(
            "insert into session_annotations (session_id, pilot) values (%s, 'X')", _session(owner, "2026-04-20T08:00Z")
        )


def test_a_new_board_is_registered_after_a_lock(project: Project, owner: Person, plane: str, fleet: str) -> None:
    """Its first assignment begins with its life, and moves nothing that was locked; one that would is refused."""
    lock(owner)
    new, old = project.board(), project.board()
    new.report("2026-05-20T08:00:00Z", 60)
    old.report("2026-04-20T08:00:00Z", 60)

    assign(owner, new, plane)
    with refused("PT409"):
        assign(owner, old, plane)


def test_the_lock_is_an_owners_to_move(project: Project, owner: Person, fleet: str) -> None:
    """Back, too, and to nothing; not into the future, and not by anybody else."""
    with refused("PT400"):
        lock(owner, "2026-06-01T12:00:01Z")
    with refused("PT400"):
        lock(owner, "-infinity")
    for until in (LOCK, "2026-06-01T12:00:00Z", "2025-01-01T00:00:00Z", None):
        lock(owner, until)
    for person, why in ((project.add_member(owner, "editor"), "PT403"), (project.sign_up(), "PT404")):
        with refused(why):
            person.rows("select set_lock(%s, %s)", fleet, LOCK)
    moves = owner.rows("select after from activity_log where subject = 'fleets' order by activity_id desc limit 2")
    assert [None, "2025-01-01T00:00:00+00:00"] == [row["after"]["locked_until"] for row in moves]


def test_a_fleet_with_a_lock_can_be_deleted(owner: Person, said: dict[str, str]) -> None:
    """What goes with it is no change of what was said."""
    while owner.value("select delete_fleet(%s)", fleet_of(owner)):
        pass

    assert [] == owner.rows("select * from my_fleets")


def test_another_fleets_lock_is_its_own(project: Project, owner: Person, fleet: str) -> None:
    """A member of both writes in the open one."""
    lock(owner)
    other = project.sign_up()
    enter_session(other, add_plane(other), LOCKED)

    assert 1 == other.value("select count(*) from session_log")
