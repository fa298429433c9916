"""What is tried in `rights` as statements of SQL, each with its values."""

import json
from typing import Any

from psycopg import sql

from tests.supabase.rights import Attempt, Call
from tests.supabase.scene import Scene


def of_attempt(attempt: Attempt, scene: Scene, persona: str) -> tuple[sql.Composed, list[Any]]:
    """A change or a look at rows."""
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


def of_call(call: Call, scene: Scene, persona: str) -> tuple[sql.Composed, list[Any]]:
    """A call that gives a row where it answers something."""
    arguments = call.arguments(scene, persona)
    names = sql.SQL(", ").join(sql.SQL("{} => %s").format(sql.Identifier(name)) for name in arguments)
    values = [json.dumps(value) if isinstance(value, list | dict) else value for value in arguments.values()]
    statement = sql.SQL("select * from {}({}) answer where {} or not (answer is null)").format(
        sql.Identifier(call.function), names, sql.Literal(call.answers_nothing)
    )
    return statement, values
