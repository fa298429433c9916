"""A request that is sent again because its answer got lost does nothing twice: each insert may bring its identity."""

import threading
import uuid

import psycopg
import pytest

from tests.supabase.project import Person, Project, add_plane, assign, connect, fleet_of, refused

READING = "select * from add_reading(%s, %s, 'check', %s, reading_id => %s)"
AT = "2026-05-01T10:00:00Z"


def test_the_same_fleet_again_is_one_fleet(project: Project) -> None:
    """With the name that was typed last; to anybody else the identity is taken."""
    owner, stranger = project.sign_up(), project.sign_up()
    fleet_id = uuid.uuid4()

    made = [owner.value("select create_fleet(%s, %s)", name, fleet_id) for name in ("Club", "Club", "Flying club")]

    assert [fleet_id] * 3 == made
    assert ["Flying club"] == [row["name"] for row in owner.rows("select * from my_fleets where name <> 'My fleet'")]
    with refused("23505"):
        stranger.rows("select create_fleet('Mine', %s)", fleet_id)


def test_the_same_reading_again_is_one_reading(project: Project) -> None:
    """What differs from the first is refused, so that a changed figure is never taken for recorded."""
    owner = project.sign_up()
    plane, reading = add_plane(owner), uuid.uuid4()

    first = owner.row(READING, plane, 3600, AT, reading)
    again = owner.row(READING, plane, 3600, AT, reading)

    assert first == again
    for seconds, at in ((7200, AT), (3600, "2026-05-01T11:00:00Z")):
        with refused("PT409"):
            owner.rows(READING, plane, seconds, at, reading)
    assert [reading] == [row["reading_id"] for row in owner.rows("select * from hour_readings")]


def test_the_same_reading_at_the_same_moment_is_one_reading(project: Project, database: str) -> None:
    """An impatient second press overtakes the first: one waits for the other."""
    owner = project.sign_up()
    plane, reading = add_plane(owner), uuid.uuid4()
    barrier = threading.Barrier(2)
    answers: list[object] = []

    def send() -> None:
        with connect(database) as connection:
            barrier.wait()
            try:
                answers.append(Person(connection, user_id=owner.user_id).row(READING, plane, 60, AT, reading)["entry"])
            except psycopg.Error as error:
                answers.append(error.sqlstate)

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 == len(set(answers))
    assert [reading] == [row["reading_id"] for row in owner.rows("select * from hour_readings")]


def test_voiding_a_reading_again_is_no_fault(project: Project) -> None:
    """By the same person for the same reason; with another reason it is somebody else's second thought."""
    owner = project.sign_up()
    reading = owner.value("select (add_reading(%s, 3600, 'check')).reading_id", add_plane(owner))
    editor = project.add_member(owner, "editor")

    first = owner.row("select * from void_reading(%s, 'typed wrong')", reading)

    assert first == owner.row("select * from void_reading(%s, 'typed wrong')", reading)
    for person, reason in ((owner, "other"), (editor, "typed wrong")):
        with refused("PT404"):
            person.rows("select void_reading(%s, %s)", reading, reason)


def test_the_same_invite_again_is_one_invite(project: Project) -> None:
    """Its secret is a new one, because nobody has seen the first; the role is the one that was chosen last."""
    owner, guest = project.sign_up(), project.sign_up()
    fleet, invite = fleet_of(owner), uuid.uuid4()

    lost, link = (owner.value("select create_invite(%s, %s, %s)", fleet, role, invite) for role in ("owner", "viewer"))

    assert [("viewer", invite)] == [
        (row["role"], row["invite_id"]) for row in owner.rows("select * from fleet_invites")
    ]
    with refused("PT404"):
        guest.rows("select accept_invite(%s)", lost)
    assert fleet == str(guest.value("select accept_invite(%s)", link))


@pytest.mark.parametrize("since", [None, "2026-05-20T10:00:00Z"])
def test_the_same_assignment_again_is_one_assignment(project: Project, since: str | None) -> None:
    """It keeps the time of the first request where none is given, and takes the one that is given last."""
    project.set_clock("2026-06-01T12:00:00Z")
    owner, board = project.sign_up(), project.board()
    owner.rows("select claim_device(%s)", board.device_uuid)
    planes = [add_plane(owner, name) for name in ("D-EAAA", "D-EBBB", "D-ECCC")]
    assign(owner, board, planes[0])
    assignment = uuid.uuid4()
    query = "select (assign_device(%s, %s, %s, %s)).assigned_from"

    first = owner.value(query, board.device_uuid, planes[1], None, assignment)
    project.set_clock("2026-06-01T12:05:00Z")
    again = owner.value(query, board.device_uuid, planes[2], since, assignment)

    assert (again == first) == (since is None)
    rows = owner.rows("select * from device_assignments where plane_id <> %s", planes[0])
    assert [(assignment, planes[2], again)] == [
        (row["assignment_id"], str(row["plane_id"]), row["assigned_from"]) for row in rows
    ]


def test_a_registration_in_use_is_not_taken_twice_however_it_is_written(project: Project) -> None:
    """An archived plane gives its registration free, and comes back only while no other carries it."""
    owner, stranger = project.sign_up(), project.sign_up()
    plane = add_plane(owner, "D-EKVX")

    for written in ("D-EKVX", "D EKVX", "dekvx"):
        with refused("PT409"):
            add_plane(owner, written)
    add_plane(stranger, "D-EKVX")
    owner.rows("update planes set archived_at = now() where plane_id = %s returning plane_id", plane)
    other = add_plane(owner, "DEKVX")
    with refused("PT409"):
        owner.rows("update planes set archived_at = null where plane_id = %s returning plane_id", plane)

    owner.rows("update planes set registration = 'D-EKVY' where plane_id = %s returning plane_id", other)
    owner.rows("update planes set archived_at = null where plane_id = %s returning plane_id", plane)
    assert 2 == len(owner.rows("select * from planes where archived_at is null"))
