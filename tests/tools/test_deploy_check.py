"""The check at the end of `deploy`, against real stacks, and against servers that answer as a broken project does."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.conftest import MakeDatabase, MakeStack
from tests.support import Account
from tools.deploy.check import PAUSE_SECONDS, Check, explain_ingest
from tools.deploy.errors import DeployError
from tools.stack import Stack

TOKEN = "hangar-7-access-token"


def query_of(database_url: str) -> Callable[[str], Any]:
    """What the CLI's `db query` does, without starting it."""

    def query(statement: str) -> Any:
        with psycopg.connect(database_url, autocommit=True, row_factory=dict_row) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    return query


def check_of(stack: Stack, access_token: str = "", **changes: Any) -> Check:
    """A check of a stack, without patience."""
    options = {"query": query_of(stack.database_url), "patience_seconds": 0, **changes}
    return Check(stack.url, stack.publishable_key, access_token, **options)


def devices(stack: Stack) -> int:
    """How many devices the database knows."""
    count: int = query_of(stack.database_url)("select count(*) from public.devices")[0]["count"]
    return count


@contextmanager
def answering(status: int, body: object, requests: list[str] | None = None) -> Iterator[str]:
    """A server that answers every request with the same, and notes them; its address."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            if requests is not None:
                requests.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer

        def log_message(self, *arguments: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_good_project_passes_and_nothing_stays(make_stack: MakeStack) -> None:
    """The test message goes in, is read back, and is gone; twice in a row."""
    stack = make_stack()

    first = check_of(stack).run()
    second = check_of(stack).run()

    assert "a test message was stored once, read back and taken out again" in first
    assert first[1:] == second[1:]
    assert devices(stack) == 0


def test_the_access_token_is_part_of_the_check(make_stack: MakeStack) -> None:
    """The right one passes; a wrong one, and none, are explained."""
    stack = make_stack(secrets={"INGEST_ACCESS_TOKEN": TOKEN})

    assert "a message without the access token is refused" in check_of(stack, TOKEN).run()
    for wrong in ("", "another-access-token"):
        with pytest.raises(DeployError, match="asks for an access token and this is not it"):
            check_of(stack, wrong).run()
    assert devices(stack) == 0


def test_a_token_that_is_not_in_force_is_found_out(make_stack: MakeStack) -> None:
    """The project would take messages from anybody although its owner believes otherwise."""
    with pytest.raises(DeployError, match="takes messages with a wrong access token"):
        check_of(make_stack(), TOKEN).run()


def test_a_test_device_that_somebody_owns_is_left_to_them(
    make_stack: MakeStack, sign_up: Callable[..., Account]
) -> None:
    """The check never deletes what is in a fleet."""
    stack = make_stack()
    check = check_of(stack)
    sign_up(stack).client.rpc("claim_device", {"device_uuid": check.device_uuid}).execute()

    check.run()

    assert devices(stack) == 1


def test_hours_that_differ_from_the_sessions_are_found_and_a_deployment_repairs_them(make_stack: MakeStack) -> None:
    """A check alone changes nothing and says which command does."""
    stack = make_stack()
    query = query_of(stack.database_url)
    query("insert into public.fleets (fleet_id, name) values (gen_random_uuid(), 'Club')")
    query("insert into public.planes (fleet_id, registration) select fleet_id, 'D-EKLM' from public.fleets")
    query(
        "insert into private.plane_days (plane_id, day, measure, covered, sessions, checkpoint_seconds)"
        " select plane_id, '2026-05-01', 'powered', '{[0,60)}', 1, 15 from public.planes"
    )

    with pytest.raises(DeployError, match=r"of 1 planes differed .* in 1 periods\. Run `python3 -m tools deploy`"):
        check_of(stack).run()
    repaired = check_of(stack, repairs=True).run()

    assert "the kept hours of 1 planes differed from their sessions in 1 periods and were computed again" in repaired
    assert "the hours of every plane are those of its sessions" in check_of(stack).run()


def test_what_cannot_be_taken_out_is_named(make_stack: MakeStack) -> None:
    """Where the account may read but not write."""
    stack = make_stack()
    query = query_of(stack.database_url)

    def read_only(statement: str) -> Any:
        if statement.startswith("delete"):
            raise DeployError("The token may not do this.")
        return query(statement)

    check = check_of(stack, query=read_only)
    found = check.run()

    assert f"it stays as the unclaimed device {check.device_uuid}, which no fleet sees" in "\n".join(found)


def test_another_database_behind_the_function_is_found_out(make_stack: MakeStack, database: str) -> None:
    """What was acknowledged has to be where it is looked for."""
    stack = make_stack()

    with pytest.raises(DeployError, match="the function writes into another project's database"):
        check_of(stack, query=query_of(database)).run()


def test_missing_migrations_are_named(make_stack: MakeStack, make_database: MakeDatabase, tmp_path: Path) -> None:
    """A function over an empty database."""
    empty = tmp_path / "none"
    empty.mkdir()
    stack = make_stack(database_url=make_database(migrated=False), migrations=empty)

    with pytest.raises(DeployError, match="are all migrations applied"):
        check_of(stack).run()


def test_a_database_that_strangers_can_read_is_found_out(make_stack: MakeStack) -> None:
    """Somebody has granted too much by hand."""
    stack = make_stack()
    query_of(stack.database_url)("grant select on public.sessions to anon")

    with pytest.raises(DeployError, match="Strangers can read the table sessions"):
        check_of(stack).run()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, {"code": "NOT_FOUND", "message": "Requested function was not found"}, "is not deployed in this project"),
        (401, {"code": 401, "message": "Missing authorization header"}, "deployed with verify_jwt on"),
        (540, "Project paused", "The project is paused"),
        (503, {"code": "unavailable"}, "are all migrations applied"),
        (546, {"code": "WORKER_LIMIT"}, "The function fails. Its log stands in the dashboard"),
        (429, "", "asked too often"),
        (200, "<html>hotel</html>", "This is not the ingest function"),
        (200, {"ok": True}, "This is not the ingest function"),
        (301, "", "This is not the ingest function"),
    ],
)
def test_answers_of_something_else_are_told_apart(status: int, body: object, said: str) -> None:
    """Each with what to do."""
    with answering(status, body) as url:
        check = Check(url, "sb_publishable_x", "", lambda statement: [], patience_seconds=0)

        with pytest.raises(DeployError, match=said) as raised:
            check.run()

    assert f"(HTTP {status}: " in str(raised.value)


def test_a_new_function_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes some seconds until it is everywhere; then the check gives up."""
    requests: list[str] = []
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr("tools.deploy.check.time", SimpleNamespace(monotonic=lambda: now, sleep=sleep))

    with answering(404, "", requests) as url, pytest.raises(DeployError, match="is not deployed"):
        Check(url, "k", "", lambda statement: [], patience_seconds=3 * PAUSE_SECONDS).run()

    assert requests == ["GET /functions/v1/ingest"] * 4


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:9", "cannot be reached .* the address of a paused project is gone"),
        ("https://club.example:web", "is not an address"),
    ],
)
def test_an_address_where_nobody_answers(url: str, said: str) -> None:
    """As that of a paused project."""
    with pytest.raises(DeployError, match=said):
        Check(url, "k", "", lambda statement: [], patience_seconds=0).run()


def test_a_foreign_key_of_the_test_device_is_explained() -> None:
    """Somebody may have posted with the test device's public UUID."""
    told = explain_ingest(401, '{"code": "device_key_missing"}')

    assert "Delete it by hand" in told
