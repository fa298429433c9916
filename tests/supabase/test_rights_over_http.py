"""Per table, verb, function and persona, through the REST layer with the client that people use."""

import contextlib
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from postgrest.exceptions import APIError
from supabase.lib.client_options import SyncClientOptions

from supabase import Client, create_client
from tests.conftest import MakeDatabase
from tests.supabase.project import Person, Project, connect
from tests.supabase.rights import ATTEMPTS, CALLS, Attempt, Call
from tests.supabase.scene import PERSONAS, SCENE_CLOCK, Scene, set_scene
from tests.support import HTTP_SECONDS
from tools.stack import Stack

_DENIED = {"42501", "PT403", "PT404", "PT409"}


def _at_the_edge(attempt: Attempt | Call, number: int) -> list[str]:
    """The last persona who may, the first who may not, and in turn one of those who may nothing."""
    may = [persona for persona in PERSONAS if persona in attempt.allowed]
    may_not = [persona for persona in PERSONAS if persona not in attempt.allowed]
    return list(dict.fromkeys([*may[-1:], *may_not[:1], ("anon", "service")[number % 2]]))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every persona is tried in SQL (`test_rights.py`); here those on both sides of the line, with `--long` all."""
    tried: dict[str, Sequence[Attempt | Call]] = {"attempt": ATTEMPTS, "call": CALLS}
    for name, attempts in tried.items():
        if name in metafunc.fixturenames:
            cases = [
                pytest.param(attempt, persona, id=f"{attempt}-{persona}")
                for number, attempt in enumerate(attempts)
                for persona in (PERSONAS if metafunc.config.getoption("--long") else _at_the_edge(attempt, number))
            ]
            metafunc.parametrize((name, "persona"), cases)


@dataclass(frozen=True)
class Stand:
    """The scene, and each persona's way in."""

    scene: Scene
    clients: dict[str, Client]


@pytest.fixture(scope="module")
def stand(make_database: MakeDatabase) -> Iterator[Stand]:
    """One scene for all attempts, in a stack whose clock stands: what may be deleted is there once per persona."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(data=Path(folder), port=0, portal=False, database_url=make_database()) as stack,
        contextlib.ExitStack() as open_clients,
        connect(stack.database_url) as admin,
    ):

        def client(key: str) -> Client:
            transport = open_clients.enter_context(httpx.Client(trust_env=False, timeout=HTTP_SECONDS))
            return create_client(stack.url, key, SyncClientOptions(httpx_client=transport, auto_refresh_token=False))

        project = Project(admin)
        project.set_clock(SCENE_CLOCK)
        people = {"anon": project.anon, "service": project.service}
        clients = {"anon": client(stack.publishable_key), "service": client(stack.secret_key)}
        for name in ("owner", "editor", "viewer", "stranger"):
            clients[name] = client(stack.publishable_key)
            credentials = {"email": f"{name}-{uuid.uuid4().hex[:12]}@example.org", "password": uuid.uuid4().hex}
            user = clients[name].auth.sign_up(credentials).user  # type: ignore[arg-type]
            stack.confirm(credentials["email"])
            clients[name].auth.sign_in_with_password(credentials)  # type: ignore[arg-type]
            assert user is not None
            people[name] = Person(admin, user_id=user.id)
        yield Stand(set_scene(project, people), clients)


def _rows(request: Any) -> int | str:
    """Rows that came back, or the code of the refusal."""
    try:
        data = request.execute().data
    except APIError as error:
        return str(error.code)
    return len(data) if isinstance(data, list) else int(data is not None)


def test_table_rights(stand: Stand, attempt: Attempt, persona: str) -> None:
    """Those who may, get rows back; for everybody else there is none, or a refusal."""
    table = stand.clients[persona].table(attempt.table)
    values = attempt.values(stand.scene, persona)
    request: Any = {
        "select": lambda: table.select("*"),
        "insert": lambda: table.insert(values),
        "update": lambda: table.update(values),
        "delete": lambda: table.delete(),
    }[attempt.verb]()
    for column, value in attempt.match(stand.scene, persona).items():
        request = request.eq(column, value)

    outcome = _rows(request)

    if persona in attempt.allowed:
        assert isinstance(outcome, int), outcome
        assert outcome >= 1
    else:
        assert outcome in {0, *_DENIED}
    if persona in ("anon", "service"):
        assert "42501" == outcome, "they have no grant at all"


def test_function_rights(stand: Stand, call: Call, persona: str) -> None:
    """Those who may, get an answer; for everybody else there is none, or a refusal."""
    outcome = _rows(stand.clients[persona].rpc(call.function, call.arguments(stand.scene, persona)))

    if persona in call.allowed:
        assert isinstance(outcome, int), outcome
        assert outcome >= (not call.answers_nothing)
    elif persona in ("anon", "service"):
        assert "42501" == outcome, "they may not even call it"
    elif call.empty_for_others:
        assert 0 == outcome
    else:
        assert outcome in _DENIED


def test_an_answer_has_the_types_that_the_portal_expects(stand: Stand) -> None:
    """Seconds are numbers, also those that Postgres calls bigint; times are ISO 8601; states are words."""
    client, scene = stand.clients["owner"], stand.scene

    hours: Any = client.rpc("plane_hours", {"for_plane": scene.plane}).execute().data
    log: Any = client.table("session_log").select("*").eq("session_id", scene.session).execute().data

    numbers = [hours[0]["total_seconds"], hours[0]["counted_sessions"], log[0]["hobbs_end_seconds"]]
    assert [int] * 3 == [type(number) for number in numbers]
    assert "2026-05-01T08:00:00+00:00" == log[0]["effective_start"]
    assert ("ended", "measured", "flight") == (log[0]["state"], log[0]["quality"], log[0]["class"])


def test_a_refusal_speaks_to_the_person(stand: Stand) -> None:
    """Message and hint come through the REST layer as they were raised."""
    with pytest.raises(APIError) as caught:
        stand.clients["owner"].rpc("plane_hours", {"time_zone": "Mars/Base"}).execute()

    assert "PT400" == caught.value.code
    assert "Unknown time zone" == caught.value.message
    assert "Give an IANA name, for example Europe/Berlin." == caught.value.hint


def test_a_broken_limit_says_its_name(stand: Stand) -> None:
    """As PostgREST answers: 400, PostgreSQL's code, and a message that ends with the name of the CHECK."""
    with pytest.raises(APIError) as caught:
        stand.clients["owner"].table("planes").update({"make": "x" * 81}).eq("plane_id", stand.scene.plane).execute()

    assert "23514" == caught.value.code
    assert caught.value.message == 'new row for relation "planes" violates check constraint "make_length"'
