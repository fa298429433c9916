"""Nothing that a person changes is missing from the activity: every table and every function, and no secret in it."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.conftest import MakeDatabase
from tests.supabase.project import Project, Row, connect
from tests.supabase.rights import ATTEMPTS, CALLS, Attempt, Call
from tests.supabase.scene import SCENE_CLOCK, Scene, set_scene
from tests.supabase.statements import of_attempt, of_call

# What changes rows and leaves no activity, each with the reason why.
WITHOUT_ACTIVITY = {
    "delete_fleet": "the fleet goes, and its activity with it",
    "ingest": "what boards report is not a person's to say: it stands in sessions as it came",
}
# Columns that people write and no activity has, each with the reason why.
UNSAID = {
    ("import_batches", "mapping"): "how the page read the file's columns; what was read stands in the entries",
}
CHANGES = [attempt for attempt in ATTEMPTS if attempt.verb != "select" and attempt.allowed]
PEOPLE = ("editor", "owner", "stranger")  # in this order: who is tried


@pytest.fixture(scope="module")
def scene(make_database: MakeDatabase) -> Iterator[Scene]:
    """One scene for all changes: each is taken back."""
    with connect(make_database()) as admin:
        project = Project(admin)
        project.set_clock(SCENE_CLOCK)
        people = {name: project.sign_up() for name in ("owner", "editor", "viewer", "stranger")}
        yield set_scene(project, {**people, "anon": project.anon, "service": project.service})


def _noted(scene: Scene, persona: str, statement: sql.Composed, values: list[Any]) -> list[Row]:
    """What a statement of this person leaves in the activity, as the administrator sees it; nothing of it stays."""
    person = scene.people[persona]
    claims = {"role": person.role, **({"sub": person.user_id} if person.user_id else {})}
    with person.connection.transaction(force_rollback=True):
        newest = "select coalesce(max(activity_id), 0) as newest from activity"
        [before] = person.connection.execute(newest).fetchall()
        person.connection.execute("select set_config('role', %s, true)", [person.role])
        person.connection.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps(claims)])
        assert person.connection.execute(statement, values).rowcount >= 1
        person.connection.execute("reset role")
        return person.connection.execute(
            "select * from activity where activity_id > %s order by activity_id", [before["newest"]]
        ).fetchall()


def _who(allowed: frozenset[str]) -> str:
    return next((persona for persona in PEOPLE if persona in allowed), "service")


@pytest.mark.parametrize("attempt", CHANGES, ids=str)
def test_every_change_of_a_row_is_in_it(scene: Scene, attempt: Attempt) -> None:
    """With its author, its fleet, and from what to what."""
    persona = _who(attempt.allowed)

    noted = _noted(scene, persona, *of_attempt(attempt, scene, persona))

    assert noted
    assert {(attempt.table, attempt.verb)} == {(row["subject"], row["action"]) for row in noted}
    for row in noted:
        assert (scene.people[persona].user_id, scene.fleet) == (str(row["author_id"]), str(row["fleet_id"]))
        assert (attempt.verb == "insert", attempt.verb == "delete") == (row["before"] is None, row["after"] is None)
        assert row["before"] or row["after"], "neither says anything"


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_every_function_that_changes_something_leaves_activity(scene: Scene, call: Call) -> None:
    """Those that only look cannot write; any other one leaves something, or there is a reason."""
    [function] = (
        scene.people["owner"]
        .connection.execute(
            "select provolatile::text as volatility from pg_proc"
            " where proname = %s and pronamespace = 'public'::regnamespace",
            [call.function],
        )
        .fetchall()
    )
    persona = _who(call.allowed)

    noted = _noted(scene, persona, *of_call(call, scene, persona))

    if function["volatility"] != "v" or call.function in WITHOUT_ACTIVITY:
        assert [] == noted
    else:
        assert noted, "a reason in WITHOUT_ACTIVITY, or a trigger that notes it"
        author = None if call.function == "delete_account" else scene.people[persona].user_id
        assert {author} == {row["author_id"] and str(row["author_id"]) for row in noted}


def _triggers(connection: psycopg.Connection[Row]) -> list[Row]:
    """Table and arguments of each trigger that notes activity."""
    return connection.execute(
        """select tgrelid::regclass::text as name, array_remove(string_to_array(encode(tgargs, 'escape'), '\\000'), '')
             as arguments
        from pg_trigger where tgfoid = 'private.note_activity'::regproc"""
    ).fetchall()


def test_every_column_that_people_write_is_noted(scene: Scene) -> None:
    """Each that a grant names; what the row belongs to has columns of its own in the activity."""
    connection = scene.people["owner"].connection
    noted = {(row["name"], column) for row in _triggers(connection) for column in row["arguments"]}
    written = connection.execute(
        """select table_name as name, column_name as column from information_schema.column_privileges
        where grantee = 'authenticated' and table_schema = 'public' and privilege_type in ('INSERT', 'UPDATE')
          and column_name not in ('fleet_id', 'plane_id', 'device_uuid')"""
    ).fetchall()

    missing = {(row["name"], row["column"]) for row in written} - noted

    assert {named for named in UNSAID if named in missing} == missing


def test_every_column_that_is_noted_is_there(scene: Scene) -> None:
    """A column that was renamed would vanish from the activity without a word."""
    connection = scene.people["owner"].connection
    columns = connection.execute(
        "select table_name as name, column_name as column from information_schema.columns where table_schema = 'public'"
    ).fetchall()

    noted = {(row["name"], column) for row in _triggers(connection) for column in row["arguments"]}

    assert noted <= {(row["name"], row["column"]) for row in columns}


def test_no_secret_is_in_it(make_database: MakeDatabase) -> None:
    """Neither an invite's token nor a device's key, nor their hashes, nor an address."""
    with connect(make_database()) as admin:
        project = Project(admin)
        project.set_clock(SCENE_CLOCK)
        owner = project.sign_up()
        fleet = owner.value("select fleet_id from my_fleets")
        token = owner.value("select create_invite(%s, 'viewer')", fleet)
        guest = project.sign_up()
        guest.rows("select accept_invite(%s)", token)
        board = project.board(key_sha256="a1" * 32)
        board.report("2026-05-01T08:00:00Z", 60)
        owner.rows("select claim_device(%s, null, %s)", board.device_uuid, fleet)
        owner.rows("select reset_device_key(%s)", board.device_uuid)

        kept = admin.execute("select string_agg(row_to_json(a)::text, ' ') as text from activity a").fetchone()
        hashes = admin.execute("select string_agg(token_sha256, ' ') as text from private.invite_secrets").fetchone()

    assert kept is not None
    assert hashes is not None
    assert "key_reset_at" in kept["text"]
    for secret in (token, hashes["text"], "a1" * 32, "@example.org"):
        assert secret not in kept["text"]
