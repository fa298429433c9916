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


def _statement(attempt: Attempt, scene: Scene, persona: str) -> tuple[sql.Composed, list[Any]]:
    table, match = sql.Identifier(attempt.table), attempt.match(scene, persona)
    values = attempt.values(scene, persona)
    where = sql.SQL(" and ").join(
        [sql.SQL("{} = %s").format(sql.Identifier(name)) for name in match] or [sql.Composed([sql.SQL("true")])]
    )
    if attempt.verb == "insert":
        names = sql.SQL(", ").join(map(sql.Identifier, values))
        marks = sql.SQL(", ").join([sql.Placeholder()] * len(values))
        return sql.SQL("insert into {} ({}) values ({})").format(table, names, marks), list(values.values())
    if attempt.verb == "update":
        changes = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in values)
        statement = sql.SQL("update {} set {} where {}").format(table, changes, where)
        return statement, [*values.values(), *match.values()]
    if attempt.verb == "delete":
        return sql.SQL("delete from {} where {}").format(table, where), list(match.values())
    return sql.SQL("select * from {} where {}").format(table, where), list(match.values())


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=str)
def test_table_rights(scene: Scene, attempt: Attempt, persona: str) -> None:
    """Those who may, touch rows; for everybody else there is no row, or a refusal."""
    outcome = _outcome(scene.people[persona], *_statement(attempt, scene, persona))

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
    arguments = call.arguments(scene, persona)
    names = sql.SQL(", ").join(sql.SQL("{} => %s").format(sql.Identifier(name)) for name in arguments)
    values = [json.dumps(value) if isinstance(value, list | dict) else value for value in arguments.values()]
    statement = sql.SQL("select * from {}({}) answer where {} or not (answer is null)").format(
        sql.Identifier(call.function), names, sql.Literal(call.answers_nothing)
    )

    outcome = _outcome(scene.people[persona], statement, values)

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
