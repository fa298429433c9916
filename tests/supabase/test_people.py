"""Members, roles, invites, and the end of an account."""

import threading
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg.errors import Diagnostic

from tests.supabase.project import Person, Project, add_plane, assign, connect, fleet_of, refused

PREVIEW = "select fleet_name, role::text, invited_by, expires_at from invite_preview(%s)"


def _role(person: Person, fleet_id: str) -> str | None:
    rows = person.rows("select role::text from my_fleets where fleet_id = %s", fleet_id)
    return rows[0]["role"] if rows else None


def test_a_new_user_owns_a_fleet(project: Project) -> None:
    """Signing up is enough to begin."""
    person = project.sign_up()

    assert [("My fleet", "owner")] == [
        (row["name"], row["role"]) for row in person.rows("select name, role::text from my_fleets")
    ]


@pytest.mark.parametrize("role", ["viewer", "editor", "owner"])
def test_an_invite_makes_a_member_once(project: Project, role: str) -> None:
    """The link works for the first who follows it, with the role it was made for; only they get the answer again."""
    owner, guest, second = project.sign_up(), project.sign_up(), project.sign_up()
    fleet = fleet_of(owner)
    token = owner.value("select create_invite(%s, %s)", fleet, role)

    joined = guest.value("select accept_invite(%s)", token)

    assert fleet == str(joined)
    assert role == _role(guest, fleet)
    assert joined == guest.value("select accept_invite(%s)", token)
    with refused("PT404"):
        second.rows("select accept_invite(%s)", token)
    assert None is _role(second, fleet)
    if role != "owner":
        owner.run("delete from fleet_members where fleet_id = %s and user_id = %s", fleet, guest.user_id)
        with refused("PT404"):
            guest.rows("select accept_invite(%s)", token)


def test_an_invite_expires(project: Project) -> None:
    """Seven days, not a second longer."""
    project.set_clock("2026-05-01T12:00:00Z")
    owner, guest = project.sign_up(), project.sign_up()
    token = owner.value("select create_invite(%s, 'viewer')", fleet_of(owner))

    project.set_clock("2026-05-08T12:00:00Z")

    with refused("PT404"):
        guest.rows("select accept_invite(%s)", token)


def test_an_invite_can_be_withdrawn(project: Project) -> None:
    """A deleted invite is as good as a wrong one."""
    owner, guest = project.sign_up(), project.sign_up()
    token = owner.value("select create_invite(%s, 'viewer')", fleet_of(owner))

    owner.run("delete from fleet_invites")

    with refused("PT404"):
        guest.rows("select accept_invite(%s)", token)


@pytest.mark.parametrize("end", ["removed", "made a viewer", "account deleted"])
def test_an_invite_is_worth_no_more_than_who_made_it(project: Project, end: str) -> None:
    """An owner who was shown the door leaves none open: neither for others nor to come back."""
    owner, guest = project.sign_up(), project.sign_up()
    fleet, former = fleet_of(owner), project.add_member(owner, "owner")
    token = former.value("select create_invite(%s, 'owner')", fleet)

    if end == "removed":
        owner.run("delete from fleet_members where fleet_id = %s and user_id = %s", fleet, former.user_id)
    elif end == "made a viewer":
        owner.run(
            "update fleet_members set role = 'viewer' where fleet_id = %s and user_id = %s", fleet, former.user_id
        )
    else:
        former.rows("select delete_account()")

    for person in (guest, *([former] if end != "account deleted" else [])):
        for query in ("select accept_invite(%s)", PREVIEW):
            with refused("PT404"):
                person.rows(query, token)
    assert None is _role(guest, fleet)
    assert ("viewer" if end == "made a viewer" else None) == _role(former, fleet)


@pytest.mark.parametrize("guess", ["", "0" * 64, None])
def test_guessing_an_invite_gets_nothing(project: Project, guess: str | None) -> None:
    """Wrong secrets are all answered alike."""
    owner, guest = project.sign_up(), project.sign_up()
    owner.rows("select create_invite(%s, 'owner')", fleet_of(owner))

    with refused("PT404"):
        guest.rows("select accept_invite(%s)", guess)


@pytest.mark.parametrize("persona", ["owner", "editor", "viewer", "stranger"])
def test_an_invite_says_who_invites_into_what(project: Project, persona: str) -> None:
    """Whoever holds the link reads it before accepting, as often as they like, and is no member by that."""
    project.set_clock("2026-05-01T12:00:00Z")
    owner = project.sign_up()
    fleet = fleet_of(owner)
    others = {"owner": owner, "stranger": project.sign_up()}
    holder = others.get(persona) or project.add_member(owner, persona)
    owner.run("update fleets set name = 'Hangar Flying Club' where fleet_id = %s", fleet)
    role = _role(holder, fleet)
    token = owner.value("select create_invite(%s, 'editor')", fleet)

    seen = [holder.row(PREVIEW, token) for _ in range(2)]

    email = owner.value("select email from fleet_people(%s) where user_id = %s", fleet, owner.user_id)
    said = {"fleet_name": "Hangar Flying Club", "role": "editor", "invited_by": email}
    assert [said | {"expires_at": datetime(2026, 5, 8, 12, tzinfo=UTC)}] * 2 == seen
    assert role == _role(holder, fleet)
    assert 1 == owner.value("select count(*) from fleet_invites where accepted_at is null")


def test_who_is_not_signed_in_reads_no_invite(project: Project) -> None:
    """A link alone names neither fleet nor owner: `anon` may not ask, and a session without a person gets nothing."""
    owner = project.sign_up()
    token = owner.value("select create_invite(%s, 'viewer')", fleet_of(owner))

    with refused("42501"):
        project.anon.rows(PREVIEW, token)
    with refused("PT401"):
        Person(project.admin).rows(PREVIEW, token)


def test_only_who_used_an_invite_reads_it_afterwards(project: Project) -> None:
    """The guest whose first answer got lost; after they were removed, they as little as everybody else."""
    owner, guest, other = project.sign_up(), project.sign_up(), project.sign_up()
    fleet = fleet_of(owner)
    token = owner.value("select create_invite(%s, 'viewer')", fleet)
    guest.rows("select accept_invite(%s)", token)

    seen = guest.row(PREVIEW, token)

    assert ("My fleet", "viewer") == (seen["fleet_name"], seen["role"])
    for person in (other, owner):
        with refused("PT404"):
            person.rows(PREVIEW, token)
    owner.run("delete from fleet_members where fleet_id = %s and user_id = %s", fleet, guest.user_id)
    with refused("PT404"):
        guest.rows(PREVIEW, token)


def test_reading_an_invite_and_accepting_it_are_refused_alike(project: Project) -> None:
    """Word for word, so that neither tells a wrong secret from a used, withdrawn or expired one."""
    project.set_clock("2026-05-01T12:00:00Z")
    owner, guest = project.sign_up(), project.sign_up()
    fleet = fleet_of(owner)
    expired, withdrawn, used = (owner.value("select create_invite(%s, 'viewer')", fleet) for _ in range(3))
    project.sign_up().rows("select accept_invite(%s)", used)
    project.set_clock("2026-05-08T12:00:00Z")
    fresh = owner.value("select create_invite(%s, 'viewer')", fleet)
    owner.run(
        "delete from fleet_invites where accepted_at is null and invite_id <> ("
        "select invite_id from fleet_invites order by created_at desc limit 1)"
    )

    refusals = {
        (diagnostic.sqlstate, diagnostic.message_primary, diagnostic.message_detail, diagnostic.message_hint)
        for token in (expired, withdrawn, used, "0" * 64, "", None, fresh[:-1], fresh + "0", "0" * 1_000_000)
        for function in ("invite_preview", "accept_invite")
        for diagnostic in [_refusal(guest, f"select {function}(%s)", token)]
    }

    assert 1 == len(refusals)
    assert "My fleet" not in str(refusals)


def _refusal(person: Person, query: str, *values: str | None) -> Diagnostic:
    with pytest.raises(psycopg.Error) as caught:
        person.rows(query, *values)
    return caught.value.diag


def test_the_secret_of_an_invite_is_kept_nowhere(project: Project) -> None:
    """Its hash is, where no role of the API may read."""
    owner = project.sign_up()
    token = owner.value("select create_invite(%s, 'viewer')", fleet_of(owner))

    stored = [
        project.admin.execute(f"select * from {table}".encode()).fetchall()
        for table in ("fleet_invites", "private.invite_secrets")
    ]

    assert [1, 1] == [len(rows) for rows in stored]
    assert token not in str(stored)
    with refused("42501"):
        owner.rows("select * from private.invite_secrets")


def test_of_two_guests_at_once_one_gets_in(project: Project, database: str) -> None:
    """The same link followed at the same moment."""
    owner, guests = project.sign_up(), [project.sign_up(), project.sign_up()]
    token = owner.value("select create_invite(%s, 'viewer')", fleet_of(owner))
    codes: list[str | None] = []
    barrier = threading.Barrier(2)

    def accept(guest: Person) -> None:
        with connect(database) as connection:
            barrier.wait()
            try:
                Person(connection, user_id=guest.user_id).rows("select accept_invite(%s)", token)
                codes.append(None)
            except psycopg.Error as error:
                codes.append(error.sqlstate)

    threads = [threading.Thread(target=accept, args=[guest]) for guest in guests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [None, "PT404"] == sorted(codes, key=str)


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_only_owners_invite(project: Project, role: str) -> None:
    """Members without the role, strangers and unknown fleets are refused alike."""
    owner = project.sign_up()
    member = project.add_member(owner, role)

    for fleet in (fleet_of(owner), "00000000-0000-4000-8000-000000000000", None):
        with refused("PT403"):
            member.rows("select create_invite(%s, 'owner')", fleet)


def test_an_invite_never_lowers_a_role(project: Project) -> None:
    """An owner who follows a viewer's link stays owner."""
    owner = project.sign_up()
    fleet = fleet_of(owner)

    owner.rows("select accept_invite(%s)", owner.value("select create_invite(%s, 'viewer')", fleet))

    assert "owner" == _role(owner, fleet)


def test_the_last_owner_cannot_leave_or_step_down(project: Project) -> None:
    """First another owner, then it works."""
    owner = project.sign_up()
    fleet, member = fleet_of(owner), project.add_member(owner, "editor")
    leave = "delete from fleet_members where fleet_id = %s and user_id = %s"
    change = "update fleet_members set role = %s where fleet_id = %s and user_id = %s"

    with refused("PT409"):
        owner.run(leave, fleet, owner.user_id)
    with refused("PT409"):
        owner.run(change, "viewer", fleet, owner.user_id)
    owner.run(change, "owner", fleet, member.user_id)
    left = owner.run(leave, fleet, owner.user_id)

    assert 1 == left
    assert (None, "owner") == (_role(owner, fleet), _role(member, fleet))


def test_two_owners_who_leave_at_once_do_not_both(project: Project, database: str) -> None:
    """One of them stays, whoever is faster."""
    owner = project.sign_up()
    fleet, other = fleet_of(owner), project.add_member(owner, "owner")
    codes: list[str | None] = []
    barrier = threading.Barrier(2)

    def leave(person: Person) -> None:
        with connect(database) as connection:
            barrier.wait()
            try:
                Person(connection, user_id=person.user_id).run(
                    "delete from fleet_members where fleet_id = %s and user_id = %s", fleet, person.user_id
                )
                codes.append(None)
            except psycopg.Error as error:
                codes.append(error.sqlstate)

    threads = [threading.Thread(target=leave, args=[person]) for person in (owner, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [None, "PT409"] == sorted(codes, key=str)


def test_members_know_each_other_and_strangers_do_not(project: Project) -> None:
    """Addresses are for members only."""
    owner, stranger = project.sign_up(), project.sign_up()
    fleet, member = fleet_of(owner), project.add_member(owner, "viewer")

    people = member.rows("select user_id, email, role::text from fleet_people(%s)", fleet)

    assert [(owner.user_id, "owner"), (member.user_id, "viewer")] == [
        (str(row["user_id"]), row["role"]) for row in people
    ]
    assert all("@" in row["email"] for row in people)
    assert [] == stranger.rows("select * from fleet_people(%s)", fleet)


def test_deleting_an_account_takes_what_nobody_else_has(project: Project) -> None:
    """The sole member's fleet goes, its device is free again."""
    owner, next_owner, board = project.sign_up(), project.sign_up(), project.board()
    assign(owner, board, add_plane(owner))

    owner.rows("select delete_account()")

    assert None is project.admin.execute("select from auth.users where id = %s", [owner.user_id]).fetchone()
    assert 1 == len(project.admin.execute("select * from fleets").fetchall())
    assert 1 == len(next_owner.rows("select claim_device(%s)", board.device_uuid))


@pytest.mark.parametrize("call", ["delete_fleet", "delete_account"])
def test_a_fleet_goes_in_pieces_and_nobody_sees_half_of_it(project: Project, small_pieces: None, call: str) -> None:
    """With the first piece it has vanished and its device is free; a repeat at any time later finishes it."""
    owner, next_owner, board = project.sign_up(), project.sign_up(), project.board()
    fleet, plane = fleet_of(owner), add_plane(owner)
    assign(owner, board, plane)
    for day in range(1, 8):
        board.report(f"2026-05-0{day}T08:00:00Z", 60, boot=2 * day)
    invite = owner.value("select create_invite(%s, 'owner')", fleet)
    guest = project.add_member(owner, "viewer") if call == "delete_fleet" else None
    delete = f"select {call}({'%s' if call == 'delete_fleet' else ''})"
    given = [fleet] if call == "delete_fleet" else []

    left = [owner.value(delete, *given)]
    for person in filter(None, (owner, guest)):
        assert [] == person.rows("select fleet_id from fleets where fleet_id = %s", fleet)
        for table in ("session_log", "planes", "device_status", "my_fleets", "plane_hours()"):
            assert [] == person.rows(f"select * from {table} seen where seen.fleet_id = %s", fleet)
    with refused("PT404"):
        next_owner.rows("select accept_invite(%s)", invite)
    next_owner.rows("select claim_device(%s)", board.device_uuid)
    board.report("2026-05-09T08:00:00Z", 60, boot=40)
    while left[-1]:
        left.append(owner.value(delete, *given))

    assert len(left) > 2
    assert sorted(left, reverse=True) == left
    assert None is project.admin.execute("select from fleets where fleet_id = %s", [fleet]).fetchone()
    for table in ("sessions", "planes", "device_assignments", "private.plane_days", "private.missing_boots"):
        assert [] == project.admin.execute(f"select * from {table}").fetchall(), table
    gone = project.admin.execute("select from auth.users where id = %s", [owner.user_id]).fetchone() is None
    assert (call == "delete_account") == gone


@pytest.fixture
def small_pieces(project: Project) -> None:
    """Deletes three rows at a time."""
    project.admin.execute(
        "create or replace function private.piece_rows() returns integer language sql immutable as 'select 3'"
    )


def test_only_an_owner_deletes_a_fleet(project: Project) -> None:
    """To a stranger there is none, and nothing has begun."""
    owner, stranger = project.sign_up(), project.sign_up()
    editor = project.add_member(owner, "editor")

    with refused("PT403"):
        editor.rows("select delete_fleet(%s)", fleet_of(owner))
    with refused("PT404"):
        stranger.rows("select delete_fleet(%s)", fleet_of(owner))
    with refused("42501"):
        owner.run("delete from fleets")

    assert "My fleet" == editor.value("select name from my_fleets where role = 'editor'")


def test_who_leaves_a_club_by_deleting_the_account_becomes_a_former_member(project: Project) -> None:
    """What they entered stays, without their name."""
    owner = project.sign_up()
    member = project.add_member(owner, "editor")
    plane = add_plane(owner)
    member.rows("select add_reading(%s, 3600, 'initial')", plane)
    member.run(
        "insert into session_annotations (hand_plane_id, hand_start, hand_seconds) values (%s, '2026-01-01', 60)", plane
    )

    member.rows("select delete_account()")

    assert [None] == [row["entered_by"] for row in owner.rows("select entered_by from hour_readings")]
    assert [None] == [row["annotated_by"] for row in owner.rows("select annotated_by from session_log")]
    assert 3600 == owner.value("select reading_seconds from plane_hours()")


def test_the_last_owner_of_a_club_hands_over_before_deleting_the_account(project: Project) -> None:
    """With other members in the fleet, the account stays until there is another owner."""
    owner = project.sign_up()
    member = project.add_member(owner, "viewer")
    fleet = fleet_of(owner)

    with refused("PT409"):
        owner.rows("select delete_account()")
    owner.run("update fleet_members set role = 'owner' where fleet_id = %s and user_id = %s", fleet, member.user_id)
    owner.rows("select delete_account()")

    assert "owner" == _role(member, fleet)


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, None])
def test_a_fleet_has_a_name(project: Project, name: str | None) -> None:
    """1 to 80 characters that are not all blanks."""
    person = project.sign_up()

    with refused("fleet_name_length"):
        person.rows("select create_fleet(%s)", name)
