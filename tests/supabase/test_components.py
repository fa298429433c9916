"""Components: their time follows the planes that they were installed in, in both directions and years later, too."""

import threading
import uuid

import psycopg
import pytest

from tests.supabase.project import (
    Board,
    Person,
    Project,
    Row,
    add_component,
    add_plane,
    assign,
    connect,
    meter_of,
    refused,
)

HOUR = 3600


@pytest.fixture
def other_plane(owner: Person) -> str:
    """A second plane of the owner's."""
    return add_plane(owner, "D-EOTH")


@pytest.fixture
def other_board(project: Project, owner: Person, other_plane: str) -> Board:
    """A board in it."""
    board = project.board()
    assign(owner, board, other_plane)
    return board


@pytest.fixture
def engine(owner: Person) -> str:
    """An engine that is installed nowhere yet."""
    return add_component(owner)


def install(person: Person, component: str, plane: str, since: str, until: str | None = None, **fields: object) -> Row:
    """An installation, through the API's function."""
    named = "".join(f", {name} => %s" for name in fields)
    return person.row(
        f"select * from install_component(%s, %s, %s, %s{named})", component, plane, since, until, *fields.values()
    )


def times(person: Person, component: str, at: str | None = None) -> tuple[int | None, int | None, int]:
    """Time since new and since overhaul, and what was counted."""
    row = person.row("select * from component_seconds(%s, %s)", component, at)
    return row["since_new_seconds"], row["since_overhaul_seconds"], row["counted_seconds"]


def test_an_engine_takes_its_hours_along(
    owner: Person, plane: str, other_plane: str, board: Board, other_board: Board, engine: str
) -> None:
    """What either plane flew counts while it was installed there, whenever it is reported or put right."""
    board.report("2026-03-01T08:00:00Z", HOUR)
    other_board.report("2026-04-20T08:00:00Z", 2 * HOUR)
    install(owner, engine, plane, "2026-02-01", since_new_seconds=1000 * HOUR, since_overhaul_seconds=100 * HOUR)
    owner.rows("select remove_component(%s, '2026-04-10')", engine)
    installed = install(owner, engine, other_plane, "2026-04-15")

    moved = times(owner, engine)
    board.report("2026-04-09T08:00:00Z", 4 * HOUR)  # late, and before it was removed
    board.report("2026-04-11T08:00:00Z", 8 * HOUR)  # after
    late = times(owner, engine)
    owner.run("update component_installations set installed_from = '2026-04-21' where installation_id = %s",
              installed["installation_id"])  # fmt: skip
    put_right = times(owner, engine)

    assert (1003 * HOUR, 103 * HOUR, 3 * HOUR) == moved
    assert (1007 * HOUR, 107 * HOUR, 7 * HOUR) == late
    assert (1005 * HOUR, 105 * HOUR, 5 * HOUR) == put_right
    assert (1001 * HOUR, 101 * HOUR, HOUR) == times(owner, engine, "2026-03-15")


def test_a_component_without_a_time_has_what_was_counted_at_least(
    owner: Person, plane: str, board: Board, engine: str
) -> None:
    """Unknown is not 0; before it was installed there is no row at all."""
    board.report("2026-03-01T08:00:00Z", HOUR)

    install(owner, engine, plane, "2026-02-01")

    assert (None, None, HOUR) == times(owner, engine)
    assert [] == owner.rows("select * from component_seconds(%s, '2026-01-31')", engine)


def test_an_overhaul_is_a_removal_and_an_installation_at_zero(
    owner: Person, plane: str, board: Board, engine: str
) -> None:
    """In the same plane and at the same moment, if need be; the time since new carries on."""
    board.report("2026-03-01T08:00:00Z", HOUR)
    board.report("2026-05-01T08:00:00Z", 2 * HOUR)
    install(owner, engine, plane, "2026-02-01", "2026-04-01", since_new_seconds=0, since_overhaul_seconds=0)

    install(owner, engine, plane, "2026-04-01", since_overhaul_seconds=0)

    assert (HOUR, HOUR, HOUR) == times(owner, engine, "2026-03-31")
    assert (HOUR, 0, HOUR) == times(owner, engine, "2026-04-01")
    assert (3 * HOUR, 2 * HOUR, 3 * HOUR) == times(owner, engine)


def test_a_meter_that_is_replaced_does_not_run(owner: Person, plane: str, board: Board, engine: str) -> None:
    """Neither does one that is set when it is first read; what a check finds has run."""
    board.report("2026-03-01T08:00:00Z", HOUR)
    install(owner, engine, plane, "2026-02-01", since_new_seconds=0)

    for seconds, reason, at in (
        (500 * HOUR, "initial", "2026-03-02"),
        (502 * HOUR, "check", "2026-03-03"),
        (0, "meter_replaced", "2026-03-04"),
    ):
        owner.rows("select add_reading(%s, %s, %s::reading_reason, %s)", plane, seconds, reason, at)

    assert (3 * HOUR, None, 3 * HOUR) == times(owner, engine)


def test_it_counts_by_the_meter_that_was_chosen(owner: Person, plane: str, board: Board, engine: str) -> None:
    """By default the plane's primary one at that time; a sensed plane's engine has engine time."""
    install(owner, engine, plane, "2026-02-01", since_new_seconds=0, meter_id=meter_of(owner, plane, "engine"))
    propeller = add_component(owner, "propeller")
    install(owner, propeller, plane, "2026-02-01", since_new_seconds=0)

    board.report("2026-03-01T08:00:00Z", HOUR, engine_seconds=1800, engine_first_s=60)

    assert (1800, None, 1800) == times(owner, engine)
    assert (HOUR, None, HOUR) == times(owner, propeller)


def test_the_status_says_where_each_is(owner: Person, plane: str, engine: str) -> None:
    """Installed, on the shelf, and never installed; of one plane only what is in it."""
    shelved, new = add_component(owner, "propeller"), add_component(owner, "other")
    install(owner, engine, plane, "2026-02-01", since_new_seconds=7)
    install(owner, shelved, plane, "2026-02-01", "2026-03-01")

    rows = {str(row["component_id"]): row for row in owner.rows("select * from component_status()")}

    assert {engine: "D-EABC", shelved: None, new: None} == {key: row["registration"] for key, row in rows.items()}
    assert [7, None, None] == [rows[component]["since_new_seconds"] for component in (engine, shelved, new)]
    assert [True, False] == [rows[component]["removed_at"] is None for component in (engine, shelved)]
    assert "Lycoming" == rows[engine]["make"]
    assert [engine] == [
        str(row["component_id"]) for row in owner.rows("select * from component_status(null, %s)", plane)
    ]


@pytest.mark.parametrize(
    ("since", "until"),
    [("2026-02-15", None), ("2026-01-01", "2026-02-02"), ("2026-01-01", None), ("2026-02-10", "2026-02-11")],
)
def test_a_component_is_in_one_plane_at_a_time(
    owner: Person, plane: str, other_plane: str, engine: str, since: str, until: str | None
) -> None:
    """What is there is said; the moment of a removal is free again."""
    installed = install(owner, engine, plane, "2026-02-01", "2026-03-01")

    with pytest.raises(psycopg.Error, match=r"installed in D-EABC then, from 2026-02-01T00:00:00Z to 2026-03-01") as no:
        install(owner, engine, other_plane, since, until)
    install(owner, engine, other_plane, "2026-03-01")
    with refused("PT409"):
        owner.run("update component_installations set removed_at = null where installation_id = %s",
                  installed["installation_id"])  # fmt: skip

    assert "PT409" == no.value.sqlstate
    assert 2 == len(owner.rows("select * from component_installations"))


def test_two_people_install_one_engine_at_once(
    project: Project, database: str, owner: Person, plane: str, other_plane: str, engine: str
) -> None:
    """One of them is told where it is."""
    editor = project.add_member(owner, "editor")
    barrier = threading.Barrier(2)
    refusals: list[str | None] = []

    def put_in(person: Person, into: str) -> None:
        with connect(database) as connection:
            barrier.wait()
            try:
                install(Person(connection, user_id=person.user_id), engine, into, "2026-02-01")
            except psycopg.Error as error:
                refusals.append(error.sqlstate)

    threads = [threading.Thread(target=put_in, args=pair) for pair in ((owner, plane), (editor, other_plane))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ["PT409"] == refusals
    assert 1 == len(owner.rows("select * from component_installations"))


def test_the_same_installation_again_is_one(owner: Person, plane: str, engine: str) -> None:
    """A request whose answer got lost records nothing twice; other values under its identity are refused."""
    identity = uuid.uuid4()

    first = install(owner, engine, plane, "2026-02-01", since_new_seconds=7, installation_id=identity)

    assert first == install(owner, engine, plane, "2026-02-01", since_new_seconds=7, installation_id=identity)
    with refused("PT409"):
        install(owner, engine, plane, "2026-02-01", since_new_seconds=8, installation_id=identity)


@pytest.mark.parametrize(
    ("since", "until", "fields"),
    [
        ("2026-06-01T12:06:00Z", None, {}),
        ("infinity", None, {}),
        ("2026-05-01", "2026-06-02", {}),
        ("2026-05-01", "2026-05-01", {}),
        ("2026-05-01", "2026-04-01", {}),
        ("2026-05-01", None, {"since_new_seconds": 1, "since_overhaul_seconds": 2}),
    ],
)
def test_impossible_installations_are_refused(
    owner: Person, plane: str, engine: str, since: str, until: str | None, fields: dict[str, int]
) -> None:
    """In the future, removed before it was installed, overhauled before it was new."""
    with refused("PT400"):
        install(owner, engine, plane, since, until, **fields)


def test_the_meter_is_one_of_the_plane(owner: Person, plane: str, other_plane: str, engine: str) -> None:
    """Another plane's is refused, when it is installed and later."""
    with refused("PT400"):
        install(owner, engine, plane, "2026-02-01", meter_id=meter_of(owner, other_plane))
    install(owner, engine, plane, "2026-02-01")
    with refused("PT400"):
        owner.run("update component_installations set meter_id = %s", meter_of(owner, other_plane))


def test_removing_again_changes_nothing(owner: Person, plane: str, engine: str) -> None:
    """The same request again is no fault; at another time, or of what is in no plane, it is."""
    install(owner, engine, plane, "2026-02-01")
    remove = "select * from remove_component(%s, %s)"

    first = owner.row(remove, engine, "2026-03-01")

    assert first == owner.row(remove, engine, "2026-03-01")
    for at in ("2026-04-01", None, "2026-01-01"):
        with refused("PT409"):
            owner.rows(remove, engine, at)
    with refused("PT409"):
        owner.rows(remove, add_component(owner), None)


def test_what_is_used_is_not_deleted(owner: Person, plane: str, engine: str) -> None:
    """A component with installations, the plane and the meter that it counts by; taken back, all of it goes."""
    meter = meter_of(owner, plane, "engine")
    install(owner, engine, plane, "2026-02-01", meter_id=meter)

    for table, column, victim in (
        ("components", "component_id", engine),
        ("planes", "plane_id", plane),
        ("meters", "meter_id", meter),
    ):
        with refused("PT409"):
            owner.run(f"delete from {table} where {column} = %s", victim)
    owner.run("delete from component_installations")

    assert 1 == owner.run("delete from meters where meter_id = %s", meter)
    assert 1 == owner.run("delete from components where component_id = %s", engine)
    assert 1 == owner.run("delete from planes where plane_id = %s", plane)


def test_a_component_stays_in_its_fleet(project: Project, owner: Person, plane: str, engine: str) -> None:
    """Into the plane of another fleet it is not installed, not even by who owns both."""
    club = owner.value("select create_fleet('Club')")
    theirs = owner.value("insert into planes (fleet_id, registration) values (%s, 'D-ECLB') returning plane_id", club)
    stranger = project.sign_up()

    with refused("PT404"):
        install(owner, engine, str(theirs), "2026-02-01")
    with refused("PT404"):
        install(stranger, engine, plane, "2026-02-01")
    install(owner, engine, plane, "2026-02-01")

    assert [] == stranger.rows("select * from component_status()")
    assert [] == stranger.rows("select * from component_seconds(%s)", engine)
