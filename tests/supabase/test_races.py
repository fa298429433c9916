"""People and boards who write at the same moment: nobody is told of a deadlock, and every limit holds."""

import random
import threading
import uuid
from collections.abc import Callable, Sequence

import psycopg
import pytest

from tests.supabase.project import (
    Board,
    Person,
    Project,
    add_plane,
    add_tach,
    assign,
    connect,
    fleet_of,
    hours,
    meter_of,
)
from tests.supabase.test_import import entry, take_in

UPSERT = (
    "insert into session_annotations (session_id, class, excluded)"
    " select session_id, 'flight', %s from unnest(%s::uuid[]) session_id"
    " on conflict (session_id) do update set class = excluded.class, excluded = excluded.excluded"
)
PLANES = 3
BOARDS = 6
DAYS = 8
SECONDS = 60


def _together(database: str, work: Sequence[Callable[[Project], None]]) -> None:
    """Do everything at once, each on a connection of its own, and raise what any of it raised."""
    failures: list[BaseException] = []
    start = threading.Barrier(len(work))

    def run(one: Callable[[Project], None]) -> None:
        try:
            with connect(database) as connection:
                start.wait()
                one(Project(connection))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=[one]) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for failure in failures:
        raise failure


def _as(project: Project, person: Person) -> Person:
    """The same person on another connection."""
    return Person(project.admin, user_id=person.user_id)


@pytest.fixture
def club(project: Project, owner: Person) -> tuple[list[str], list[Board], list[str]]:
    """Planes, boards that change planes every day, and the sessions of all of them."""
    project.admin.execute("update private.settings set messages_per_minute = 100000")
    planes = [add_plane(owner, f"D-EAA{number}") for number in range(PLANES)]
    boards = [project.board() for _ in range(BOARDS)]
    for number, board in enumerate(boards):
        for day in range(1, DAYS + 1):
            assign(owner, board, planes[(number + day) % PLANES], f"2026-05-{day:02d}T00:00:00Z")
        board.post(*(board.message(f"2026-05-{day:02d}T{number:02d}:00:00Z", SECONDS) for day in range(1, DAYS + 1)))
    sessions = [str(row["session_id"]) for row in owner.rows("select session_id from session_log order by 1")]
    assert BOARDS * DAYS == len(sessions)
    return planes, boards, sessions


def test_bulk_edits_of_the_same_planes_while_boards_report(
    database: str, project: Project, owner: Person, club: tuple[list[str], list[Board], list[str]]
) -> None:
    """Two editors upsert, in opposite orders; a third deletes; boards deliver batches for the same planes."""
    planes, boards, sessions = club
    editor, other = project.add_member(owner, "editor"), project.add_member(owner, "editor")

    def edit(person: Person, order: list[str]) -> Callable[[Project], None]:
        def work(project: Project) -> None:
            for number in range(12):
                _as(project, person).run(UPSERT, number % 2 == 0, order)

        return work

    def take_back(project: Project) -> None:
        dice = random.Random(1)
        for _ in range(12):
            _as(project, other).run("delete from session_annotations where session_id = any (%s::uuid[])",
                                    dice.sample(sessions, 20))  # fmt: skip

    def fly(board: Board, days: list[int], hour: int) -> Callable[[Project], None]:
        def work(project: Project) -> None:
            for run in range(1, 13):
                flying = Board(project, board.device_uuid)
                batch = [flying.message(f"2026-05-{day:02d}T{hour:02d}:00:00Z", SECONDS + run) for day in days]
                assert flying.post(*batch)["status"] == 200

        return work

    days = list(range(1, DAYS + 1))
    _together(
        database,
        [
            edit(owner, sessions),
            edit(editor, sessions[::-1]),
            take_back,
            fly(boards[0], days, 0),
            fly(boards[1], days[::-1], 1),
        ],
    )

    owner.run("delete from session_annotations")
    assert BOARDS * DAYS * SECONDS + 2 * DAYS * 12 == sum(hours(owner, plane) for plane in planes)


def test_two_boards_that_changed_planes_deliver_at_once(
    database: str, project: Project, club: tuple[list[str], list[Board], list[str]]
) -> None:
    """Each batch grows a session of one plane and adds one to another, the two in opposite directions."""
    _, boards, _ = club

    def deliver(board: Board, old_day: int, new_day: int, hour: int) -> Callable[[Project], None]:
        def work(project: Project) -> None:
            flying = Board(project, board.device_uuid)
            for run in range(1, 60):
                known = flying.message(f"2026-05-{old_day:02d}T{hour:02d}:00:00Z", SECONDS + run)
                fresh = flying.message(f"2026-05-{new_day:02d}T12:{run:02d}:00Z", 10)
                assert flying.post(known, fresh)["status"] == 200

        return work

    # Board 0 was in plane 1 on day 1 and in plane 2 on day 2; board 1 the other way round on days 4 and 3.
    _together(database, [deliver(boards[0], 1, 2, 0), deliver(boards[3], 2, 1, 3)])


def test_planes_edited_in_bulk_in_opposite_orders(database: str, project: Project, owner: Person) -> None:
    """The sibling that touches no session: rows of one table, locked in the order in which a statement meets them."""
    planes = [add_plane(owner, f"D-E{number:03d}") for number in range(60)]
    editor, fleet = project.add_member(owner, "editor"), fleet_of(owner)

    def rename(person: Person, order: list[str]) -> Callable[[Project], None]:
        def work(project: Project) -> None:
            for _ in range(15):
                _as(project, person).run(
                    "insert into planes (plane_id, fleet_id, registration) select id, %s, 'D-EXXX'"
                    " from unnest(%s::uuid[]) id on conflict (plane_id) do update set model = 'x'",
                    fleet,
                    order,
                )

        return work

    _together(database, [rename(owner, planes), rename(editor, planes[::-1])])

    assert len(planes) == owner.value("select count(*) from planes where model = 'x'")


def test_two_boards_of_one_plane_report_shared_time_at_once(
    database: str, project: Project, owner: Person, plane: str
) -> None:
    """Each new session changes what is said of the other board's: neither waits for what the other one holds."""
    boards = [project.board() for _ in range(2)]
    for board in boards:
        assign(owner, board, plane)

    def fly(board: Board) -> Callable[[Project], None]:
        def work(project: Project) -> None:
            for minute in range(40):
                flying = Board(project, board.device_uuid)
                assert "stored" == flying.report(f"2026-05-20T08:{minute:02d}:00Z", 70, "open")

        return work

    _together(database, [fly(board) for board in boards])

    assert 80 == owner.value("select count(*) from session_log log where log.overlaps")
    assert [] == project.admin.execute("select * from private.verify_hours()").fetchall()


def test_a_fleet_that_ends_while_its_boards_report(
    database: str, project: Project, owner: Person, club: tuple[list[str], list[Board], list[str]]
) -> None:
    """New sessions look at the fleet's row, and its end at the boards' rows: neither waits for the other."""
    _, boards, _ = club
    fleet = fleet_of(owner)

    def fly(board: Board) -> Callable[[Project], None]:
        def work(project: Project) -> None:
            for minute in range(40):
                assert "stored" == Board(project, board.device_uuid).report(f"2026-05-20T08:{minute:02d}:00Z", 10)

        return work

    def end(project: Project) -> None:
        assert 0 == _as(project, owner).value("select delete_fleet(%s)", fleet)

    _together(database, [*(fly(board) for board in boards), end])

    assert [] == owner.rows("select from session_log")


def test_an_import_that_two_send_and_a_third_reverts_while_a_board_reports(
    database: str, project: Project, owner: Person, plane: str, board: Board
) -> None:
    """Each batch comes in once, whole, and is gone once it is reverted; hours follow all of it."""
    project.admin.execute("update private.settings set messages_per_minute = 100000")
    fleet, rows = fleet_of(owner), 20
    editors = [owner, project.add_member(owner, "editor")]
    batches = [str(uuid.uuid4()) for _ in range(8)]

    def send(person: Person, order: list[str]) -> Callable[[Project], None]:
        def work(project: Project) -> None:
            for batch in order:
                day = batches.index(batch) + 1
                file = [entry(plane, f"2026-05-{day:02d}T{hour:02d}:00:00Z", 1800) for hour in range(rows)]
                made = take_in(_as(project, person), *file, batch_id=batch, fleet=fleet)
                assert (batch, rows) == (str(made["batch_id"]), made["row_count"])

        return work

    def revert(project: Project) -> None:
        for batch in batches[::2]:
            while not _as(project, owner).rows("select from import_batches where batch_id = %s", batch):
                pass
            _as(project, owner).rows("select revert_import(%s)", batch)

    def fly(project: Project) -> None:
        for minute in range(40):
            flying = Board(project, board.device_uuid)
            assert "stored" == flying.report(f"2026-05-{minute % 8 + 1:02d}T08:{minute:02d}:10Z", 30)

    _together(database, [send(editors[0], batches), send(editors[1], batches[::-1]), revert, fly])

    status = {
        str(row["batch_id"]): (row["reverted_at"] is not None, row["rows_left"])
        for row in owner.rows("select * from import_batch_status(%s)", fleet)
    }
    assert {batch: (n % 2 == 0, n % 2 * rows) for n, batch in enumerate(batches)} == status
    assert len(batches) // 2 * rows == owner.value("select count(*) from session_log where batch_id is not null")
    assert [] == project.admin.execute("select * from private.verify_hours()").fetchall()


def test_a_plane_that_goes_while_a_log_of_it_comes_in(database: str, project: Project, owner: Person) -> None:
    """Whoever comes first has it: no entry is left without its plane, and no plane with history goes."""
    planes = [add_plane(owner, f"D-E{number:03d}") for number in range(12)]
    fleet, editor = fleet_of(owner), project.add_member(owner, "editor")
    imported: list[str] = []
    deleted: list[str] = []

    def send(project: Project) -> None:
        for plane in planes:
            try:
                take_in(_as(project, editor), entry(plane), fleet=fleet)
                imported.append(plane)
            except psycopg.Error as error:
                assert "PT400" == error.sqlstate

    def delete(project: Project) -> None:
        for plane in planes[::-1]:
            try:
                assert 1 == _as(project, owner).run("delete from planes where plane_id = %s", plane)
                deleted.append(plane)
            except psycopg.Error as error:
                assert "PT409" == error.sqlstate

    _together(database, [send, delete])

    assert sorted(planes) == sorted(imported + deleted)
    assert sorted(imported) == sorted(str(row["plane_id"]) for row in owner.rows("select plane_id from session_log"))


def test_people_who_choose_a_primary_meter_at_once(database: str, project: Project, owner: Person, plane: str) -> None:
    """Whoever comes second has the last word; a plane never has two, or none."""
    meters = [meter_of(owner, plane), meter_of(owner, plane, "engine"), add_tach(owner, plane)]
    people = [owner, *(project.add_member(owner, "editor") for _ in meters[1:])]

    def choose(person: Person, meter: str) -> Callable[[Project], None]:
        def work(project: Project) -> None:
            for _ in range(20):
                assert _as(project, person).value("select (set_primary_meter(%s)).is_primary", meter)

        return work

    _together(database, [choose(person, meter) for person, meter in zip(people, meters, strict=True)])

    assert 1 == owner.value("select count(*) from meters where is_primary")


@pytest.mark.parametrize(
    ("call", "limit", "refusal", "count"),
    [
        ("select create_fleet('Club ' || %s)", 50, "PT409", "select count(*) from my_fleets where role = 'owner'"),
        (
            "select create_invite((select fleet_id from my_fleets where name = 'My fleet'), 'viewer'), %s",
            50,
            "PT409",
            "select count(*) from fleet_invites",
        ),
        (
            # 100 an hour for a person, whatever the fleet: each of ten fleets gets every tenth device.
            "select claim_device(gen_random_uuid(), null,"
            " (select fleet_id from my_fleets where name = 'F' || (%s %% 9)))",
            100,
            "PT429",
            "select count(*) from device_ownerships",
        ),
        (
            "insert into meters (fleet_id, plane_id, name, source, base_meter_id, entered_ratio)"
            " select fleet_id, plane_id, 'Tach ' || %s, 'estimated', meter_id, 0.8 from meters where source = 'powered'"
            " returning meter_id",
            8,
            "PT409",
            "select count(*) from meters",
        ),
    ],
    ids=["create_fleet", "create_invite", "claim_device", "meters"],
)
def test_a_limit_holds_however_many_ask_at_once(
    database: str, project: Project, owner: Person, call: str, limit: int, refusal: str, count: str
) -> None:
    """Eight connections of one person ask for half as much again as there may be."""
    if "meters" in call:
        add_plane(owner)
    if "claim_device" in call:
        for number in range(9):
            owner.rows("select create_fleet('F' || %s)", number)
    refused: list[str | None] = []

    def ask(first: int) -> Callable[[Project], None]:
        def work(project: Project) -> None:
            for number in range(first, limit * 3 // 2, 8):
                try:
                    _as(project, owner).rows(call, number)
                except psycopg.Error as error:
                    refused.append(error.sqlstate)

        return work

    _together(database, [ask(first) for first in range(8)])

    assert limit == owner.value(count)
    assert {refusal} == set(refused)
