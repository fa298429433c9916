"""What a post, a page of the log and a plane's hours cost does not grow with the number of sessions."""

import json
from collections.abc import Callable

import pytest

from tests.conftest import MakeDatabase
from tests.supabase.project import Board, Person, Project, connect, fleet_of
from tools.bench import calls
from tools.bench.population import fill_up

SMALL, LARGE = 10_000, 100_000
# Blocks of 8 KiB that a query touches: unlike its time, they are the same on every machine.
MOST_GROWTH = 1.5
# A table of a few rows is read without its index, in one block.
TINY_TABLES_BLOCKS = 20
# A row or none of a fleet's 2,500 sessions; to look at all of them takes over 400.
FEW_BLOCKS = 100


@pytest.fixture(scope="module")
def sizes(make_database: MakeDatabase) -> tuple[str, str]:
    """Two databases, one with ten times the sessions of the other; each fleet and each plane has the same number."""
    return tuple(_filled(make_database(), count) for count in (SMALL, LARGE))  # type: ignore[return-value]


def _filled(database: str, sessions: int) -> str:
    with connect(database) as admin:
        fill_up(admin, sessions)
    return database


def _blocks(person: Person, query: str, *values: object) -> int:
    """Blocks that the query touches, once everything is planned and cached."""
    for _ in range(6):
        plan = person.value(f"explain (analyze, buffers, format json) {query}", *values)
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return int(plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"])


def _fleet(person: Person) -> str:
    return str(person.value("select fleet_id from my_fleets where name = 'Club'"))


def _hours(project: Project, person: Person, plane: str, board: Board) -> int:
    return _blocks(person, "select * from plane_hours('Europe/Berlin', null, %s)", plane)


def _page(project: Project, person: Person, plane: str, board: Board) -> int:
    return _blocks(
        person,
        "select * from session_log where fleet_id = %s and plane_id = %s and (session_start, session_id) < (%s, %s)"
        " order by session_start desc, session_id desc limit 50",
        _fleet(person),
        plane,
        "2025-06-01",
        plane,
    )


def _page_of_fleet(project: Project, person: Person, plane: str, board: Board) -> int:
    return _blocks(
        person,
        "select * from session_log where fleet_id = %s order by session_start desc, session_id desc limit 50",
        _fleet(person),
    )


def _device(project: Project, person: Person, plane: str, board: Board) -> int:
    return _blocks(person, "select * from device_status where device_uuid = %s", board.device_uuid)


def _ingest(project: Project, person: Person, plane: str, board: Board) -> int:
    message = json.dumps([board.message("2026-02-01T08:00:00Z", 60, "open", checkpoint_seconds=15)])
    return _blocks(project.service, "select ingest(%s, null, false)", message)


def _page_of_export(project: Project, person: Person, plane: str, board: Board) -> int:
    return _blocks(person, "select fleet_export(%s, %s)", _fleet(person), f"sessions 1748736000 {plane}")


@pytest.mark.parametrize("cost", [_hours, _page, _page_of_fleet, _page_of_export, _device, _ingest])
def test_ten_times_the_sessions_cost_the_same(
    sizes: tuple[str, str], cost: Callable[[Project, Person, str, Board], int]
) -> None:
    """With row security, as a member of one of the fleets."""
    blocks = []
    for database in sizes:
        with connect(database) as admin:
            project = Project(admin)
            person = project.sign_up()
            row = admin.execute(
                "select md5('fleet1')::uuid as fleet, md5('plane7')::uuid as plane, md5('board7')::uuid as board"
            ).fetchone()
            assert row is not None
            admin.execute("insert into fleet_members values (%s, %s, 'viewer')", [row["fleet"], person.user_id])
            blocks.append(cost(project, person, str(row["plane"]), project.board(device_uuid=str(row["board"]))))

    small, large = blocks
    assert large <= small * MOST_GROWTH + TINY_TABLES_BLOCKS, (
        f"{small} blocks with {SMALL} sessions, {large} with {LARGE}"
    )


@pytest.mark.parametrize(
    "wanted",
    [
        "class = 'test'",
        "pilot ilike '%Zoe%'",
        "excluded = true",
        "short = true",
        "quality = 'flagged' and flagged = true",
        "quality = 'hand_entered' and device_uuid is null",
        "quality = 'clock_estimated' and start_source = 'estimated'",
        "plane_id is null",
    ],
)
def test_a_search_for_what_is_rare_does_not_read_the_whole_history(sizes: tuple[str, str], wanted: str) -> None:
    """Every filter of the sessions page finds its rows, here none, by an index of its own."""
    with connect(sizes[0]) as admin:
        person = Project(admin).sign_up()
        admin.execute("insert into fleet_members values (md5('fleet1')::uuid, %s, 'viewer')", [person.user_id])

        blocks = _blocks(
            person,
            f"select * from session_log where fleet_id = %s and {wanted.replace('%', '%%')}"
            " order by session_start desc, session_id desc limit 51",
            _fleet(person),
        )

    assert blocks <= FEW_BLOCKS


@pytest.fixture(scope="module")
def club(make_database: MakeDatabase) -> str:
    """A database with one fleet of a long history, whose only member is its owner."""
    database = make_database()
    with connect(database) as admin:
        calls.fill(admin, fleet_of(Project(admin).sign_up()), 20_000)
    return database


# Blocks that each call may touch at 20,000 sessions: about twice what it needs. To read the history row by row takes
# over 20,000; to read a plane's for each entry by hand took millions.
MOST_BLOCKS = {
    "Dashboard": 9_000,
    "Hours of all planes": 2_500,
    "Hours of 12 months": 6_000,
    "Hours of 30 days": 100,
    "Hours of 371 days": 1_000,
    "Hours per class of this month": 100,
    "Hours per class of 12 months": 1_000,
    "Review list": 40_000,
    "Missing power-ups of all devices": 5_000,
    "Completeness of a device": 1_500,
    "Missing power-ups of a device": 1_500,
    "Page of the log": 6_500,
    "Page of a plane's log": 6_500,
    "Page of a month's overlaps": 20_000,
    "Number of a month's sessions": 100,
}


@pytest.mark.parametrize("name", calls.CALLS)
def test_no_call_of_a_member_reads_more_than_its_bound(club: str, name: str) -> None:
    """What the page or an API user asks for, with row security, in a fleet of 20,000 sessions."""
    with connect(club) as admin:
        member = admin.execute("select user_id::text as user_id from fleet_members").fetchone()
        assert member is not None
        person = Person(admin, user_id=member["user_id"])

        blocks = _blocks(person, calls.statements(admin)[name].replace("%", "%%"))

    assert blocks <= MOST_BLOCKS[name]
