"""The lock and what others write at the same moment: whoever is first has it, and no change slips past the lock."""

import threading
import uuid
from collections.abc import Callable

import psycopg
import pytest

from tests.supabase.project import Person, Project, add_plane, connect, enter_session, fleet_of
from tests.supabase.test_import import entry, take_in
from tests.supabase.test_races import _as, _together

LOCK = "2026-05-01T00:00:00Z"
LOCKED = "2026-04-20T08:00:00Z"
WAITING = (
    "select count(*) as waiting from pg_stat_activity where datname = current_database() and wait_event = 'advisory'"
)

Write = Callable[[Person, str, str], object]
"""What a person writes about a locked time, of a fleet and its plane."""

_WRITES: dict[str, Write] = {
    "an entry by hand": lambda person, fleet, plane: enter_session(person, plane, LOCKED, 60),
    "an import": lambda person, fleet, plane: take_in(person, *_file(plane), fleet=fleet),
    "a reading": lambda person, fleet, plane: person.rows("select add_reading(%s, 60, 'check', %s)", plane, LOCKED),
}


def _file(plane: str) -> list[dict[str, object]]:
    return [entry(plane, f"2026-04-{day:02d}T08:00:00Z", 600) for day in range(1, 29)]


def _lock(person: Person, fleet: str) -> None:
    person.rows("select set_lock(%s, %s)", fleet, LOCK)


def _first_and_second(
    database: str,
    admin: psycopg.Connection[dict[str, object]],
    first: Callable[[Project], object],
    second: Callable[[Project], object],
) -> str | None:
    """Do one thing, and before it is committed the other; the SQLSTATE with which the second was refused, if it was."""
    refusals: list[str | None] = []

    def run() -> None:
        with connect(database) as connection:
            try:
                second(Project(connection))
                refusals.append(None)
            except psycopg.Error as error:
                refusals.append(error.sqlstate)

    thread = threading.Thread(target=run)
    with connect(database) as connection, connection.transaction():
        first(Project(connection))
        thread.start()
        while thread.is_alive() and not admin.execute(WAITING).fetchall()[0]["waiting"]:
            pass
        assert thread.is_alive(), "the second did not wait for the first"
    thread.join()
    return refusals[0]


@pytest.mark.parametrize("write", _WRITES.values(), ids=_WRITES)
def test_a_write_and_a_lock_wait_for_each_other(
    database: str, project: Project, owner: Person, plane: str, write: Write
) -> None:
    """What was under way before the lock stands; what came after it is refused, whole."""
    fleet, editor = fleet_of(owner), project.add_member(owner, "editor")

    def locks(project: Project) -> None:
        _lock(_as(project, owner), fleet)

    def writes(project: Project) -> None:
        write(_as(project, editor), fleet, plane)

    rows = "select (select count(*) from sessions) + (select count(*) from hour_readings)"

    assert "PT409" == _first_and_second(database, project.admin, locks, writes)
    assert 0 == owner.value(rows)
    owner.rows("select set_lock(%s, null)", fleet)
    assert _first_and_second(database, project.admin, writes, locks) is None
    assert 0 < owner.value(rows)
    assert owner.value("select locked_until is not null from fleets")


def test_two_owners_close_the_same_month_at_once(database: str, project: Project, owner: Person, plane: str) -> None:
    """One of them makes the report, and the other hears that it is there."""
    fleet, other = fleet_of(owner), project.add_member(owner, "owner")
    add_plane(owner, "D-ETWO")

    def closes(person: Person) -> Callable[[Project], object]:
        return lambda project: _as(project, person).rows("select close_month(%s, '2026-04-01')", fleet)

    assert "PT409" == _first_and_second(database, project.admin, closes(owner), closes(other))
    assert 1 == owner.value("select count(*) from monthly_reports")


def test_the_same_request_from_two_tabs_makes_one_report(
    database: str, project: Project, owner: Person, plane: str
) -> None:
    """Both get the same answer."""
    fleet, report = fleet_of(owner), str(uuid.uuid4())
    made: list[object] = []

    def closes(project: Project) -> None:
        made.append(
            _as(project, owner).row("select * from close_month(%s, '2026-04-01', report_id => %s)", fleet, report)
        )

    _together(database, [closes, closes])

    assert made[0] == made[1]
