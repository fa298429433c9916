"""Per table, verb, function and persona: what is allowed and what is not, on plain Postgres."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.conftest import MakeDatabase
from tests.supabase.project import Person, Project, connect
from tests.supabase.rights import ATTEMPTS, CALLS, Attempt, Call
from tests.supabase.scene import PERSONAS, SCENE_CLOCK, Scene, set_scene
from tests.supabase.statements import of_attempt, of_call


class Undo(Exception):
    """Takes a transaction back."""


@pytest.fixture(scope="module")
def scene(make_database: MakeDatabase) -> Iterator[Scene]:
    """One scene for all attempts: each is taken back."""
    with connect(make_database()) as admin:
        project = Project(admin)
        project.set_clock(SCENE_CLOCK)
        people = {name: project.sign_up() for name in ("owner", "editor", "viewer", "stranger")}
        yield set_scene(project, {**people, "anon": project.anon, "service": project.service})


def _outcome(person: Person, statement: sql.Composed, values: list[Any]) -> int | str:
    """Rows that a statement touched or gave, or the SQLSTATE of its refusal; nothing of it stays."""
    claims = {"role": person.role, **({"sub": person.user_id} if person.user_id else {})}
    rows: int | str = 0
    try:
        with person.connection.transaction():
            person.connection.execute("select set_config('role', %s, true)", [person.role])
            person.connection.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps(claims)])
            cursor = person.connection.execute(statement, values)
            rows = cursor.rowcount
            raise Undo
    except Undo:
        return rows
    except psycopg.Error as error:
        return str(error.sqlstate)


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=str)
def test_table_rights(scene: Scene, attempt: Attempt, persona: str) -> None:
    """Those who may, touch rows; for everybody else there is no row, or a refusal."""
    outcome = _outcome(scene.people[persona], *of_attempt(attempt, scene, persona))

    if persona in attempt.allowed:
        assert isinstance(outcome, int), outcome
        assert outcome >= 1
    else:
        assert outcome in (0, "42501", "PT403", "PT404")
    if persona in ("anon", "service"):
        assert "42501" == outcome, "they have no grant at all"


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("call", CALLS, ids=str)
def test_function_rights(scene: Scene, call: Call, persona: str) -> None:
    """Those who may, get an answer; for everybody else there is none, or a refusal."""
    outcome = _outcome(scene.people[persona], *of_call(call, scene, persona))

    if persona in call.allowed:
        assert isinstance(outcome, int), outcome
        assert outcome >= 1
    elif persona in ("anon", "service"):
        assert "42501" == outcome, "they may not even call it"
    elif call.empty_for_others:
        assert 0 == outcome
    else:
        assert outcome in ("42501", "PT403", "PT404", "PT409")


def test_everything_that_the_api_exposes_is_tried(scene: Scene) -> None:
    """A new table, view or function of `public` fails here until its rights are written down."""
    connection = scene.people["owner"].connection
    tables = connection.execute(
        "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v')"
    ).fetchall()
    functions = connection.execute(
        "select distinct proname as name from pg_proc where pronamespace = 'public'::regnamespace"
    ).fetchall()

    assert {row["name"] for row in tables} == {attempt.table for attempt in ATTEMPTS}
    assert {row["name"] for row in functions} == {call.function for call in CALLS}
