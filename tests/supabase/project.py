"""A migrated database of a test's own, seen by its administrator, by boards and by people, without the REST layer."""

import contextlib
import itertools
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

Row = dict[str, Any]

_addresses = itertools.count(1)


@dataclass(frozen=True)
class Person:
    """Someone who is signed in (or not: `anon`; or the edge function: `service_role`)."""

    connection: psycopg.Connection[Row]
    role: str = "authenticated"
    user_id: str | None = None

    @contextlib.contextmanager
    def _signed_in(self) -> Iterator[psycopg.Connection[Row]]:
        """The rights of this person, for one transaction, as the REST layer sets them."""
        claims = {"role": self.role, **({"sub": self.user_id} if self.user_id else {})}
        with self.connection.transaction():
            self.connection.execute("select set_config('role', %s, true)", [self.role])
            self.connection.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps(claims)])
            yield self.connection

    def rows(self, query: str, *values: Any) -> list[Row]:
        """All rows that a query gives this person."""
        with self._signed_in() as connection:
            return connection.execute(query.encode(), values).fetchall()

    def row(self, query: str, *values: Any) -> Row:
        """The one row that a query gives this person."""
        [row] = self.rows(query, *values)
        return row

    def value(self, query: str, *values: Any) -> Any:
        """The one value that a query gives this person."""
        [value] = self.row(query, *values).values()
        return value

    def run(self, statement: str, *values: Any) -> int:
        """Run a statement and return how many rows it touched."""
        with self._signed_in() as connection:
            return connection.execute(statement.encode(), values).rowcount


@dataclass
class Board:
    """A device that posts what `message` makes, straight into the function's database call."""

    project: "Project"
    device_uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    key_sha256: str | None = None

    def message(self, start: str, run_seconds: int, status: str = "open", **fields: Any) -> Row:
        """A message as the firmware sends it; `fields` add or replace."""
        return {
            "device_uuid": self.device_uuid,
            "session_start": start,
            "run_seconds": run_seconds,
            "last_update": start,
            "status": status,
            "msg_id": f"{self.device_uuid}:{start}:{run_seconds}",
            **fields,
        }

    def post(self, *messages: Row, batch: bool | None = None) -> Row:
        """Post one message, or several as a batch; the whole answer of `public.ingest`."""
        answer: Row = self.project.service.value(
            "select ingest(%s, %s, %s)",
            json.dumps(messages),
            self.key_sha256,
            len(messages) > 1 if batch is None else batch,
        )
        return answer

    def report(self, start: str, run_seconds: int, status: str = "closed", **fields: Any) -> str:
        """Post one message and return its outcome."""
        answer = self.post(self.message(start, run_seconds, status, **fields))
        assert answer["status"] == 200, answer
        outcome: str = answer["body"]["results"][0]["outcome"]
        return outcome


@dataclass
class Project:
    """The database with everybody who uses it."""

    admin: psycopg.Connection[Row]

    def __post_init__(self) -> None:
        self.anon = Person(self.admin, "anon")
        self.service = Person(self.admin, "service_role")

    def sign_up(self) -> Person:
        """A new user."""
        address = f"pilot{next(_addresses)}@example.org"
        row = self.admin.execute(
            "insert into auth.users (id, email) values (gen_random_uuid(), %s) returning id", [address]
        ).fetchone()
        assert row is not None
        return Person(self.admin, user_id=str(row["id"]))

    def board(self, **fields: Any) -> Board:
        """A board that has not posted yet."""
        return Board(self, **fields)

    def set_clock(self, time: str) -> None:
        """Stop the server's clock at a time."""
        body = sql.Literal(f"select timestamptz '{datetime.fromisoformat(time).isoformat()}'")
        head = "create or replace function private.clock() returns timestamptz language sql stable as {}"
        self.admin.execute(sql.SQL(head).format(body))

    def add_member(self, owner: Person, role: str) -> Person:
        """A new user who has joined the owner's fleet with a role."""
        person = self.sign_up()
        person.rows("select accept_invite(%s)", owner.value("select create_invite(%s, %s)", fleet_of(owner), role))
        return person


def fleet_of(person: Person) -> str:
    """The fleet that a person got when signing up."""
    return str(person.row("select fleet_id from my_fleets where name = 'My fleet' and role = 'owner'")["fleet_id"])


def add_plane(person: Person, registration: str = "D-EABC") -> str:
    """A new plane in the person's own fleet."""
    return str(
        person.value(
            "insert into planes (fleet_id, registration) values (%s, %s) returning plane_id",
            fleet_of(person),
            registration,
        )
    )


def hang(person: Person, board: Board, plane_id: str | None, since: str | None = None) -> Row:
    """Claim a board if need be, and hang it in a plane; the assignment."""
    person.rows("select claim_device(%s)", board.device_uuid)
    return person.row("select * from assign_device(%s, %s, %s)", board.device_uuid, plane_id, since)


def settle_gap(person: Person, board: Board, from_boot: int, to_boot: int | None = None) -> str:
    """Say that nothing was lost with missing power-ups; what was said, by its identity."""
    return str(
        person.value(
            "insert into settled_boot_gaps (fleet_id, device_uuid, from_boot, to_boot) values (%s, %s, %s, %s)"
            " returning gap_id",
            fleet_of(person),
            board.device_uuid,
            from_boot,
            from_boot if to_boot is None else to_boot,
        )
    )


def hours(person: Person, plane_id: str, at_time: str | None = None) -> int:
    """Hours of a plane in seconds."""
    seconds: int = person.value("select hours(%s, %s)", plane_id, at_time)
    return seconds


@contextlib.contextmanager
def refused(sqlstate: str) -> Iterator[None]:
    """The statement inside is refused with this SQLSTATE, and with words that a person can use."""
    with pytest.raises(psycopg.Error) as caught:
        yield
    assert sqlstate == caught.value.sqlstate, caught.value
    assert caught.value.diag.message_primary


def connect(database: str) -> psycopg.Connection[Row]:
    """A connection as administrator, each statement committed at once."""
    return psycopg.connect(database, autocommit=True, row_factory=dict_row)
