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
    def signed_in(self) -> Iterator[psycopg.Connection[Row]]:
        """The rights of this person, for one transaction, as the REST layer sets them."""
        claims = {"role": self.role, **({"sub": self.user_id} if self.user_id else {})}
        with self.connection.transaction():
            self.connection.execute("select set_config('role', %s, true)", [self.role])
            self.connection.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps(claims)])
            yield self.connection

    def rows(self, query: str, *values: Any) -> list[Row]:
        """All rows that a query gives this person."""
        with self.signed_in() as connection:
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
        with self.signed_in() as connection:
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


def meter_of(person: Person, plane_id: str, source: str = "powered") -> str:
    """The plane's powered meter, or its engine meter, which is added if need be."""
    if source == "engine":
        person.run(
            "insert into meters (fleet_id, plane_id, name, source)"
            " select fleet_id, plane_id, 'Engine time', 'engine' from planes p where plane_id = %s"
            " and not exists (select from meters m where m.plane_id = p.plane_id and source = 'engine')",
            plane_id,
        )
    return str(
        person.value("select meter_id from meters where plane_id = %s and source = %s::meter_source", plane_id, source)
    )


def add_tach(person: Person, plane_id: str, ratio: float = 0.8, base: str = "powered", name: str = "Tach") -> str:
    """A new estimated meter of the plane, which follows its powered or engine time."""
    return str(
        person.value(
            "insert into meters (fleet_id, plane_id, name, source, base_meter_id, entered_ratio)"
            " select fleet_id, plane_id, %s, 'estimated', %s, %s from planes where plane_id = %s returning meter_id",
            name,
            meter_of(person, plane_id, base),
            ratio,
            plane_id,
        )
    )


def add_component(person: Person, kind: str = "engine") -> str:
    """A new component of the person's own fleet, installed nowhere yet."""
    return str(
        person.value(
            "insert into components (fleet_id, kind, make) values (%s, %s::component_kind, ' Lycoming ')"
            " returning component_id",
            fleet_of(person),
            kind,
        )
    )


def add_item(person: Person, plane_id: str | None = None, **fields: Any) -> str:
    """A new maintenance item of a plane, or of what `fields` say; by default after 100 h, from its completion."""
    belongs = {} if plane_id is None else {"plane_id": plane_id}
    interval = {} if any(name.startswith("interval") for name in fields) else {"interval_seconds": 360_000}
    row = {"fleet_id": fleet_of(person), "name": "100 h", "anchor": "from_completion", **belongs, **interval, **fields}
    marks = ", ".join(["%s"] * len(row))
    query = f"insert into maintenance_items ({', '.join(row)}) values ({marks}) returning item_id"
    return str(person.value(query, *row.values()))


def assign(person: Person, board: Board, plane_id: str | None, since: str | None = None) -> Row:
    """Claim a board if need be, and assign it to a plane; the assignment."""
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


def enter_session(person: Person, plane_id: str, start: str, seconds: int = 3600) -> str:
    """A session entered by hand, by its identity."""
    return str(
        person.value(
            "insert into session_annotations (hand_plane_id, hand_start, hand_seconds) values (%s, %s, %s)"
            " returning session_id",
            plane_id,
            start,
            seconds,
        )
    )


def merge(person: Person, *sessions: str) -> str:
    """Sessions merged into one entry of the log, by its identity."""
    return str(person.value("select (merge_sessions(%s)).entry_id", list(sessions)))


def split(person: Person, session: str, *cuts: int) -> list[str]:
    """A session split at these seconds into it; the entries of its parts."""
    parts = json.dumps([{"from_seconds": seconds} for seconds in (0, *cuts)])
    return [str(row["entry_id"]) for row in person.rows("select * from split_session(%s, %s)", session, parts)]


def hours(person: Person, plane_id: str, at_time: str | None = None) -> int:
    """Hours of a plane in seconds."""
    seconds: int = person.value("select hours(%s, %s)", plane_id, at_time)
    return seconds


@contextlib.contextmanager
def refused(why: str) -> Iterator[None]:
    """The statement inside is refused with this SQLSTATE and words for a person, or by the CHECK of this name."""
    with pytest.raises(psycopg.Error) as caught:
        yield
    assert why in (caught.value.sqlstate, caught.value.diag.constraint_name), caught.value
    assert caught.value.diag.message_primary


def connect(database: str) -> psycopg.Connection[Row]:
    """A connection as administrator, each statement committed at once."""
    return psycopg.connect(database, autocommit=True, row_factory=dict_row)
