"""What a post, a page of the log and a plane's hours cost does not grow with the number of sessions."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import MakeDatabase
from tests.supabase.project import Board, Person, Project, connect, fleet_of, refused
from tools.bench import calls, population
from tools.bench.population import fill_up

ROOT = Path(__file__).parents[2]
LOOKUP_BLOCKS = 6  # down two indexes, and one row
SMALL, LARGE = 10_000, 100_000
# Blocks of 8 KiB that a query touches: unlike its time, they are the same on every machine.
MOST_GROWTH = 1.5
# A table of a few rows is read without its index, in one block.
TINY_TABLES_BLOCKS = 20
# A row or none of a fleet's 2,500 sessions; to look at all of them takes over 400.
FEW_BLOCKS = 100
# Of the catalog, for a query over the log that a function plans at each call.
PLANNING_BLOCKS = 100


@pytest.fixture(scope="module")
def sizes(make_database: MakeDatabase) -> tuple[str, str]:
    """Two databases, one with ten times the sessions of the other; each fleet and each plane has the same number."""
    return tuple(_filled(make_database(), count) for count in (SMALL, LARGE))  # type: ignore[return-value]


def _filled(database: str, sessions: int) -> str:
    with connect(database) as admin:
        fill_up(admin, sessions)
    return database


def _blocks(person: Person, query: str, *values: object, is_undone: bool = False) -> int:
    """Blocks that the query touches, once everything is planned and cached."""
    for _ in range(6):
        with person.connection.transaction(force_rollback=is_undone):
            plan = person.value(f"explain (analyze, buffers, timing off, format json) {query}", *values)
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return int(plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"])


def _fleet(person: Person) -> str:
    return str(person.value("select fleet_id from my_fleets where name = 'Club'"))


def _hours(project: Project, person: Person, plane: str, board: Board) -> int:
    return _blocks(person, "select * from plane_hours('Europe/Berlin', null, %s)", plane)


def _page(project: Project, person: Person, plane: str, board: Board) -> int:
    return _blocks(
        person,
        "select * from session_log where fleet_id = %s and plane_id = %s and (effective_start, session_id) < (%s, %s)"
        " order by effective_start desc, session_id desc limit 50",
        _fleet(person),
        plane,
        "2025-06-01",
        plane,
    )


def _page_of_fleet(project: Project, person: Person, plane: str, board: Board) -> int:
    return _blocks(
        person,
        "select * from session_log where fleet_id = %s order by effective_start desc, session_id desc limit 50",
        _fleet(person),
    )


def _device(project: Project, person: Person, plane: str, board: Board) -> int:
    return _blocks(person, "select * from device_status where device_uuid = %s", board.device_uuid)


def _ingest(project: Project, person: Person, plane: str, board: Board) -> int:
    message = json.dumps([board.message("2026-02-01T08:00:00Z", 60, "open", checkpoint_seconds=15)])
    return _blocks(project.service, "select ingest(%s, null, false)", message)


def _totals(project: Project, person: Person, plane: str, board: Board) -> int:
    return _blocks(
        person,
        "select * from log_totals(%s, %s, from_time => '2025-05-01', until_time => '2025-06-01')",
        _fleet(person),
        plane,
    )


def _page_of_export(project: Project, person: Person, plane: str, board: Board) -> int:
    return _blocks(person, "select fleet_export(%s, %s)", _fleet(person), f"sessions 1748736000 {plane}")


@pytest.mark.parametrize("cost", [_hours, _page, _page_of_fleet, _page_of_export, _totals, _device, _ingest])
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
            " order by effective_start desc, session_id desc limit 51",
            _fleet(person),
        )

    assert blocks <= FEW_BLOCKS


@pytest.mark.parametrize(
    "wanted",
    [
        "class => 'test'",
        "pilot => 'Zoe'",
        *(f"mark => '{mark}'" for mark in ("excluded", "short", "flagged", "hand_entered", "clock_estimated")),
        "without_plane => true",
    ],
)
def test_totals_of_what_is_rare_do_not_read_the_whole_history(sizes: tuple[str, str], wanted: str) -> None:
    """They are planned for what is asked: by the index that a page of it has."""
    with connect(sizes[0]) as admin:
        person = Project(admin).sign_up()
        admin.execute("insert into fleet_members values (md5('fleet1')::uuid, %s, 'viewer')", [person.user_id])

        blocks = _blocks(person, f"select * from log_totals(%s, {wanted})", _fleet(person))

    assert blocks <= FEW_BLOCKS + PLANNING_BLOCKS


@pytest.fixture(scope="module")
def club(make_database: MakeDatabase) -> str:
    """A database with one fleet of a long history, whose only member is its owner."""
    database = make_database()
    with connect(database) as admin:
        calls.fill(admin, fleet_of(Project(admin).sign_up()), 20_000)
    return database


# Blocks that each call may touch at 20,000 sessions, a fifth of them merged or split: about twice what it needs. To
# read the history row by row takes over 20,000; to read a plane's for each entry by hand took millions.
MOST_BLOCKS = {
    "Dashboard": 16_000,
    "Hours of all planes": 2_500,
    "Meters of all planes": 3_000,
    "What is due": 12_000,
    "Components of all planes": 2_000,
    "Hours of 12 months": 1_200,
    "Hours of two years": 2_400,
    "Hours of 30 days": 300,
    "Hours of 371 days": 300,
    "Hours per class of this month": 100,
    "Hours per class of 12 months": 1_000,
    "Voltages of a plane in 12 months": 550,
    "Review list": 40_000,
    "Missing power-ups of all devices": 100,
    "Completeness of a device": 1_500,
    "Missing power-ups of a device": 50,
    "Page of the log": 3_200,
    "Page of a plane's log": 4_500,
    "Page of overlaps": 5_000,
    "Number of overlaps": 2_500,
    "Page of unconfirmed sessions": 20_000,
    "Page of the longest sessions": 6_000,
    "Page of sessions by plane": 6_000,
    "Page of sessions by pilot": 6_000,
    "Page of a plane's sessions by Hobbs": 100_000,
    "Week of the timeline": 4_000,
    "Number of a month's sessions": 2_000,
    "Number of sessions": 3_500,
    "Totals of a plane's month": 1_500,
    "Totals of a plane's log": 4_200,
    "Totals of the log": 4_000,
    "Page of the export's sessions": 40_000,
    "Page of the export's hours": 3_000,
    "Check of a file to import": 33_000,
    "Import of a file": 270_000,
    "Piece of a fleet's deletion": 400_000,
    "Piece of an account's deletion": 400_000,
}


@pytest.mark.parametrize("name", calls.CALLS)
def test_no_call_of_a_member_reads_more_than_its_bound(club: str, name: str) -> None:
    """What the page or an API user asks for, with row security, in a fleet of 20,000 sessions."""
    with connect(club) as admin:
        member = admin.execute("select user_id::text as user_id from fleet_members").fetchone()
        assert member is not None
        person = Person(admin, user_id=member["user_id"])

        blocks = _blocks(person, calls.statements(admin)[name].replace("%", "%%"), is_undone=True)

    assert blocks <= MOST_BLOCKS[name]


def test_a_page_of_the_log_merges_sessions_merged_entries_and_parts_in_the_order_of_their_indexes(club: str) -> None:
    """Whatever is merged and split, nothing of a fleet is sorted for a page, or read beyond it."""
    with connect(club) as admin:
        member = admin.execute("select user_id::text as user_id from fleet_members").fetchone()
        assert member is not None
        person = Person(admin, user_id=member["user_id"])

        lines = person.rows(f"explain {calls.statements(admin)['Page of the log'].replace('%', '%%')}")
    plan = "\n".join(str(line["QUERY PLAN"]) for line in lines)

    assert "Merge Append" in plan
    assert "Seq Scan on sessions" not in plan
    assert {"sessions_by_fleet", "merged_entries_by_fleet", "session_parts_by_fleet"} <= set(plan.split())
    assert "->  Sort" not in plan


def test_a_week_of_the_timeline_is_searched_before_a_row_says_more(club: str) -> None:
    """An entry's end stands with its key: of a year's entries only those of the week are joined with anything."""
    with connect(club) as admin:
        member = admin.execute("select user_id::text as user_id from fleet_members").fetchone()
        assert member is not None
        person = Person(admin, user_id=member["user_id"])

        lines = person.rows(f"explain {calls.statements(admin)['Week of the timeline']}")
    plan = "\n".join(str(line["QUERY PLAN"]) for line in lines)

    # of a table's own condition Postgres writes the column without the table
    assert 3 == len(re.findall(r"\(session_end > ", plan)), plan
    assert not re.findall(r"\w\.session_end", plan)


def test_what_is_measured_is_what_the_page_asks_for(club: str) -> None:
    """All but the engine's Hobbs columns, which only a session's own sheet shows; on the timeline none of them."""
    source = (ROOT / "site_sym/src/data/entries.ts").read_text(encoding="utf-8")
    (without_hobbs,) = re.findall(r'const WITHOUT_HOBBS =\s*"([^"]+)"', source)
    (added,) = re.findall(r"const OF_A_LIST = `\$\{WITHOUT_HOBBS\}, ([^`]+)`", source)

    with connect(club) as admin:
        asked = [
            sorted(re.findall(r"^select (.+?) from", calls.statements(admin)[name])[0].replace('"', "").split(", "))
            for name in ("Week of the timeline", "Page of the log")
        ]

    assert asked == [sorted(columns.split(", ")) for columns in (without_hobbs, f"{without_hobbs}, {added}")]


def test_planes_that_were_never_sensed_cost_one_lookup_each_for_their_engine_columns(club: str) -> None:
    """Not one for each row and column: a page of 51 would need over 400 blocks for them."""
    with connect(club) as admin:
        member = admin.execute("select user_id::text as user_id from fleet_members").fetchone()
        assert member is not None
        person = Person(admin, user_id=member["user_id"])
        unsensed = person.value("select plane_id from planes where registration = 'D-1001'")
        planes = person.value("select count(*) from planes")
        page = "from session_log where plane_id = %s order by effective_start desc limit 51"
        admin.execute("vacuum")  # of what other tests took back

        engine = "engine_hobbs_start_seconds, engine_hobbs_end_seconds"
        without, with_engine = (
            _blocks(person, f"select {columns} {page}", unsensed) for columns in ("session_id", f"session_id, {engine}")
        )

    assert with_engine - without <= 2 * LOOKUP_BLOCKS * planes


@pytest.mark.parametrize(
    ("wanted", "rows"), [("true order by hobbs_end_seconds desc limit 7", 7), ("hobbs_start_seconds < 0", 0)]
)
def test_a_long_history_is_not_searched_or_ordered_by_hobbs(club: str, wanted: str, rows: int) -> None:
    """What is worked out row by row has a bound, and says so; of one plane it is there."""
    with connect(club) as admin:
        member = admin.execute("select user_id::text as user_id from fleet_members").fetchone()
        assert member is not None
        person = Person(admin, user_id=member["user_id"])
        plane = person.value("select plane_id from planes where registration = 'D-1002'")

        with refused("PT400"):
            person.rows(f"select * from session_log where {wanted}")
        found = person.rows(f"select * from session_log where plane_id = %s and {wanted}", plane)

    assert rows == len(found)


def test_what_is_due_does_not_grow_with_the_history(make_database: MakeDatabase) -> None:
    """60 planes with 20 items each, 300 days of sessions and 750."""
    blocks = []
    for sessions in (12_000, 30_000):
        with connect(make_database()) as admin:
            owner = Project(admin).sign_up()
            population.fill_club(admin, fleet_of(owner), sessions, population.PROGRAMME_PLANES)
            population.add_programme(admin, fleet_of(owner))
            items = population.PROGRAMME_PLANES * population.PROGRAMME_ITEMS
            assert items == owner.value("select count(*) from maintenance_status()")
            blocks.append(_blocks(owner, "select * from maintenance_status('Europe/Berlin')"))

    few, many = blocks
    assert many <= few * MOST_GROWTH, blocks
    assert many <= 40_000
