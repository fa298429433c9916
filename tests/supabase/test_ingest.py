"""`POST /functions/v1/ingest` over HTTP: what boards and people with curl get for what they send."""

import concurrent.futures
import json
import os
import re
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from deno import find_deno_bin

from tests.conftest import MakeStack
from tests.supabase.project import Board, Person, Project, Row, assign, connect
from tools.stack import Stack

ROOT = Path(__file__).parents[2]
KEY = "0123456789abcdef" * 4
# As the contract has it, byte for byte.
EXAMPLE = """{"device_uuid": "550e8400-e29b-41d4-a716-446655440000", "session_start": "2025-10-23T18:00:00Z", "run_seconds": 1200,
 "last_update": "2025-10-23T18:20:00Z", "status": "open",
 "msg_id": "550e8400-e29b-41d4-a716-446655440000:2025-10-23T18:00:00Z:1200"}"""  # noqa: E501

# As if it had sent as many messages as it may; to send them takes as long as the machine takes, perhaps minutes.
_USE_UP_THE_MINUTE = """
update devices set request_minute = date_trunc('minute', private.clock()),
  request_count = (select messages_per_minute from private.settings)
where device_uuid = %s
"""

Post = Callable[..., httpx.Response]


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client that follows nothing and knows no proxy."""
    with httpx.Client(trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def post(stack: Stack, http: httpx.Client) -> Post:
    """Post a body (text, bytes or what becomes JSON) with the only header that is needed, and those given."""

    def send(body: Any, **headers: str) -> httpx.Response:
        content = body if isinstance(body, str | bytes) else json.dumps(body)
        return http.post(
            f"{stack.url}/functions/v1/ingest",
            content=content,
            headers={"Content-Type": "application/json", **{name.replace("_", "-"): headers[name] for name in headers}},
        )

    return send


@pytest.fixture
def board(stack: Stack) -> Iterator[Board]:
    """A board of a new identity; only its messages are used, the posts go over HTTP."""
    with connect(stack.database_url) as admin:
        yield Board(Project(admin))


def _outcomes(answer: httpx.Response) -> list[str]:
    assert 200 == answer.status_code, answer.text
    return [result["outcome"] for result in answer.json()["results"]]


def _assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    """The documented error body, and nothing else."""
    assert status == answer.status_code, answer.text
    assert "application/json" == answer.headers["content-type"].split(";")[0]
    body = answer.json()
    assert {"code", "message", "hint"} == body.keys()
    assert code == body["code"]
    assert all(isinstance(text, str) and text for text in body.values())


def test_the_example_works_with_nothing_but_the_content_type(stack: Stack, post: Post) -> None:
    """The contract's message, as it stands, is stored; sent again it is a duplicate."""
    answers = [post(EXAMPLE), post(EXAMPLE)]

    bodies = [answer.json() for answer in answers]
    assert [["stored"], ["duplicate"]] == [_outcomes(answer) for answer in answers]
    assert [True, False] == [body["new_device"] for body in bodies]
    assert {"ok", "server_time", "server_id", "new_device", "results"} == bodies[0].keys()
    assert bodies[0]["ok"] is True
    assert json.loads(EXAMPLE)["msg_id"] == bodies[0]["results"][0]["msg_id"]
    assert time.strptime(bodies[0]["server_time"], "%Y-%m-%dT%H:%M:%SZ")
    with connect(stack.database_url) as admin:
        row = admin.execute(
            "select run_seconds, status::text from sessions where device_uuid = %s",
            [json.loads(EXAMPLE)["device_uuid"]],
        ).fetchone()
    assert {"run_seconds": 1200, "status": "open"} == row


def test_get_tells_time_and_identity(stack: Stack, post: Post, http: httpx.Client) -> None:
    """A look at the address is answered by the same server that takes the posts."""
    answer = http.get(f"{stack.url}/functions/v1/ingest")

    assert 200 == answer.status_code
    assert {"ok", "server_time", "server_id"} == answer.json().keys()
    assert answer.json()["server_id"] == post(EXAMPLE).json()["server_id"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_not_allowed(stack: Stack, http: httpx.Client, method: str) -> None:
    """The answer names those that are."""
    answer = http.request(method, f"{stack.url}/functions/v1/ingest")

    _assert_problem(answer, 405, "method_not_allowed")
    assert "GET, POST" == answer.headers["allow"]


def test_a_batch_gets_one_result_per_message_in_order(post: Post, board: Board) -> None:
    """Malformed and impossible messages are rejected in their places; the good ones are stored."""
    good, closed = board.message("2026-05-01T08:00:00Z", 60), board.message("2026-05-01T08:00:00Z", 60, "closed")
    batch = [
        good,
        board.message("2026-05-02T08:00:00Z", -1),
        board.message("1999-12-31T23:59:59Z", 60),
        good,
        closed,
        "nonsense",
        {**good, "msg_id": "mine"},
    ]

    answer = post(batch)

    assert ["stored", "rejected", "rejected", "duplicate", "stored", "rejected", "rejected"] == _outcomes(answer)
    results = answer.json()["results"]
    assert [None, "bad_message", "bad_start", None, None, "bad_message", "bad_msg_id"] == [
        result.get("code") for result in results
    ]
    assert [message["msg_id"] if isinstance(message, dict) else None for message in batch] == [
        result["msg_id"] for result in results
    ]
    assert all(result["message"] for result in results if result["outcome"] == "rejected")


def test_a_full_batch_of_a_hundred_is_stored(post: Post, board: Board) -> None:
    """A backlog of a hundred sessions goes out in one request."""
    batch = [
        board.message(f"2026-0{1 + n // 25}-{1 + n % 25:02d}T08:00:00Z", 3600, "closed", boot=n) for n in range(100)
    ]

    assert ["stored"] * 100 == _outcomes(post(batch))


def test_the_short_msg_id_is_accepted(post: Post, board: Board) -> None:
    """`session_start:run_seconds` names the message as well, and comes back as it was sent."""
    message = {**board.message("2026-05-01T08:00:00Z", 60), "msg_id": "2026-05-01T08:00:00Z:60"}

    answer = post(message)

    assert [{"msg_id": "2026-05-01T08:00:00Z:60", "outcome": "stored"}] == answer.json()["results"]


def test_unknown_fields_are_ignored(post: Post, board: Board) -> None:
    """A newer firmware may say more than this server understands."""
    message = board.message("2026-05-01T08:00:00Z", 60, mood="good", nested={"a": [1, {"b": None}]}, __proto__=1)

    assert ["stored"] == _outcomes(post(message))


def test_all_optional_fields_are_stored(stack: Stack, post: Post, board: Board) -> None:
    """What the board says about itself and the session is there to be read."""
    said: Row = {
        "boot": 118,
        "start_source": "estimated",
        "start_uncertainty_s": 1800,
        "checkpoint_seconds": 15,
        "lifetime_seconds": 1_234_567,
        "reset_reason": "POWER_ON",
        "firmware": "1.2.3 ✈",
        "engine_seconds": 40,
        "engine_first_s": 15,
        "bus_start_mv": 12_400,
        "bus_min_mv": 8_050,
        "bus_max_mv": 14_120,
    }

    post(board.message("2026-05-01T08:00:00Z", 60, **said, unsent=3))

    query = f"select {', '.join(said)} from sessions where device_uuid = %s"
    row = board.project.admin.execute(query.encode(), [board.device_uuid]).fetchone()
    unsent = board.project.admin.execute("select unsent from devices where device_uuid = %s", [board.device_uuid])
    assert said == row
    assert {"unsent": 3} == unsent.fetchone()


_MESSAGE: Row = json.loads(EXAMPLE)


def _without(name: str) -> Row:
    return {key: value for key, value in _MESSAGE.items() if key != name}


@pytest.mark.parametrize(
    "body",
    [
        *[_without(name) for name in _MESSAGE],
        {**_MESSAGE, "device_uuid": _MESSAGE["device_uuid"].upper()},
        {**_MESSAGE, "device_uuid": "550e8400e29b41d4a716446655440000"},
        {**_MESSAGE, "session_start": "2025-10-23T18:00:00"},
        {**_MESSAGE, "session_start": "2025-10-23T18:00:00+00:00"},
        {**_MESSAGE, "session_start": "2025-10-23T18:00:00.5Z"},
        {**_MESSAGE, "session_start": "2025-02-30T18:00:00Z"},
        {**_MESSAGE, "session_start": "2025-10-23T24:00:00Z"},
        {**_MESSAGE, "session_start": "0000-10-23T18:00:00Z"},
        {**_MESSAGE, "session_start": 1761242400},
        {**_MESSAGE, "last_update": "yesterday"},
        {**_MESSAGE, "run_seconds": "1200"},
        {**_MESSAGE, "run_seconds": 1200.5},
        {**_MESSAGE, "run_seconds": -1},
        {**_MESSAGE, "run_seconds": 2**31},
        {**_MESSAGE, "run_seconds": 1e300},
        {**_MESSAGE, "run_seconds": None},
        {**_MESSAGE, "run_seconds": True},
        {**_MESSAGE, "status": "running"},
        {**_MESSAGE, "boot": 2**31},
        {**_MESSAGE, "start_source": "gps"},
        {**_MESSAGE, "lifetime_seconds": 2**53},
        {**_MESSAGE, "firmware": "x" * 201},
        {**_MESSAGE, "firmware": "1.0\u0000"},
        {**_MESSAGE, "reset_reason": ["POWER_ON"]},
        {**_MESSAGE, "engine_seconds": 1201},
        {**_MESSAGE, "engine_seconds": -1},
        {**_MESSAGE, "engine_seconds": 600.5},
        {**_MESSAGE, "engine_first_s": 1201},
        {**_MESSAGE, "bus_start_mv": 100_001},
        {**_MESSAGE, "bus_min_mv": -1},
        {**_MESSAGE, "bus_max_mv": "14.1"},
        "text",
        17,
        None,
        True,
    ],
    ids=lambda body: json.dumps(body)[-60:],
)
def test_a_malformed_message_is_named_and_not_stored(post: Post, body: Any) -> None:
    """Alone it is a 400; the message says which field."""
    answer = post(json.dumps(body))

    _assert_problem(answer, 400, "bad_message")


def test_half_a_surrogate_is_malformed(post: Post) -> None:
    """JSON can say what Postgres cannot store; it is refused before it gets there."""
    answer = post(EXAMPLE.replace('"open"', '"open", "firmware": "\\ud800"'))

    _assert_problem(answer, 400, "bad_message")


@pytest.mark.parametrize("msg_id", ["", "2025-10-23T18:00:00Z:1201", f"{uuid.UUID(int=1)}:2025-10-23T18:00:00Z:1200"])
def test_a_msg_id_that_names_another_message_is_refused(post: Post, msg_id: str) -> None:
    """It is what the board acks by."""
    _assert_problem(post({**_MESSAGE, "msg_id": msg_id}), 400, "bad_msg_id")


@pytest.mark.parametrize(
    "body",
    ["", "{", "[1,", "NaN", '{"run_seconds": NaN}', "[" * 30_000, b"\xff\xfe{\x00}\x00", b'"\xc3\x28"', EXAMPLE + "x"],
    ids=["empty", "cut", "cut array", "NaN", "NaN inside", "deep", "UTF-16", "bad UTF-8", "more"],
)
def test_what_is_not_json_is_refused(post: Post, body: str | bytes) -> None:
    """The body has to be JSON in UTF-8."""
    _assert_problem(post(body), 400, "bad_json")


@pytest.mark.parametrize(
    ("batch", "code"),
    [
        ([], "empty_batch"),
        ([_MESSAGE] * 101, "batch_too_large"),
        ([_MESSAGE, {**_MESSAGE, "device_uuid": str(uuid.UUID(int=1))}], "mixed_devices"),
    ],
    ids=["empty", "101", "mixed"],
)
def test_a_batch_that_is_none_is_refused_whole(post: Post, batch: list[Row], code: str) -> None:
    """1 to 100 messages of one device."""
    _assert_problem(post(batch), 400, code)


def test_a_batch_without_one_good_message_stores_nothing(post: Post, board: Board) -> None:
    """All are rejected, and the device is not created."""
    answer = post([board.message("2026-05-01T08:00:00Z", -1), 5])

    assert ["rejected", "rejected"] == _outcomes(answer)
    assert False is answer.json()["new_device"]
    assert (
        None
        is board.project.admin.execute("select from devices where device_uuid = %s", [board.device_uuid]).fetchone()
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "text/plain"},
        {"Content_Type": ""},
        {"Content_Type": "application/jsonp"},
        {"Content_Type": "application/json; charset=utf-16"},
        {"Content_Encoding": "gzip"},
    ],
    ids=str,
)
def test_other_media_types_are_refused(post: Post, headers: dict[str, str]) -> None:
    """Only plain JSON in UTF-8."""
    _assert_problem(post(EXAMPLE, **headers), 415, "unsupported_media_type")


def test_json_with_its_charset_is_accepted(post: Post, board: Board) -> None:
    """`application/json; charset=utf-8` is what some clients send."""
    answer = post(board.message("2026-05-01T08:00:00Z", 60), Content_Type='Application/JSON; charset="UTF-8"')

    assert ["stored"] == _outcomes(answer)


def test_64_kib_are_accepted_and_a_byte_more_is_not(post: Post, board: Board) -> None:
    """Counted in bytes."""
    body = json.dumps(board.message("2026-05-01T08:00:00Z", 60)).encode()
    limit = 64 * 1024

    assert ["stored"] == _outcomes(post(body.ljust(limit)))
    _assert_problem(post(body.ljust(limit + 1)), 413, "body_too_large")


def test_a_body_without_a_length_is_counted_while_it_is_read(stack: Stack) -> None:
    """Chunked transfer does not get around the limit: the answer comes before the body has ended."""
    chunk = b"1000\r\n" + b" " * 0x1000 + b"\r\n"
    head = (
        "POST /functions/v1/ingest HTTP/1.1\r\nHost: board\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )

    with socket.create_connection(("127.0.0.1", int(stack.url.rsplit(":", 1)[1])), timeout=30) as connection:
        connection.sendall(head.encode() + chunk * 17)
        answer = connection.recv(1000)

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_body_that_ends_too_early_stores_nothing(stack: Stack, board: Board) -> None:
    """A board that loses its power in mid-sentence: the message is not there."""
    body = json.dumps(board.message("2026-05-01T08:00:00Z", 60)).encode()
    head = (
        "POST /functions/v1/ingest HTTP/1.1\r\nHost: board\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body) + 1}\r\n\r\n"
    )

    with socket.create_connection(("127.0.0.1", int(stack.url.rsplit(":", 1)[1])), timeout=30) as connection:
        connection.sendall(head.encode() + body)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(1000)

    assert b"200" not in answer.split(b"\r\n")[0]
    assert (
        None
        is board.project.admin.execute("select from devices where device_uuid = %s", [board.device_uuid]).fetchone()
    )


def test_a_device_key_binds_and_is_needed_from_then_on(post: Post, board: Board) -> None:
    """In upper or lower case; wrong, missing and malformed keys get 401."""

    def send(**headers: str) -> httpx.Response:
        return post(board.message("2026-05-01T08:00:00Z", 60), **headers)

    assert ["stored"] == _outcomes(send(X_Device_Key=KEY))
    assert ["duplicate"] == _outcomes(send(X_Device_Key=KEY.upper()))
    _assert_problem(send(), 401, "device_key_missing")
    _assert_problem(send(X_Device_Key=KEY[::-1]), 401, "device_key_wrong")
    _assert_problem(send(X_Device_Key="secret"), 401, "device_key_malformed")
    stored = board.project.admin.execute(
        "select key_sha256 from private.device_keys where device_uuid = %s", [board.device_uuid]
    ).fetchone()
    expected = board.project.admin.execute("select encode(sha256(decode(%s, 'hex')), 'hex') as h", [KEY]).fetchone()
    assert stored is not None and expected is not None
    assert expected["h"] == stored["key_sha256"]


def test_too_many_messages_get_429_with_retry_after(post: Post, board: Board) -> None:
    """After 120 single messages in a minute, the device waits for the next one."""
    assert ["stored"] == _outcomes(post(board.message("2026-05-01T08:00:00Z", 1)))

    answers = []
    for run in (2, 3):
        board.project.admin.execute(_USE_UP_THE_MINUTE, [board.device_uuid])
        answers.append(post(board.message("2026-05-01T08:00:00Z", run)))

    # The minute may have ended between the two statements, though hardly both times.
    refused = [answer for answer in answers if answer.status_code != 200]
    assert refused
    for answer in refused:
        _assert_problem(answer, 429, "too_many_messages")
        assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_a_hundred_devices_at_once(stack: Stack) -> None:
    """A fleet that comes home at dusk: all are stored."""
    boards = [str(uuid.uuid4()) for _ in range(100)]

    def send(device: str) -> int:
        message = {**_MESSAGE, "device_uuid": device, "msg_id": f"{device}:2025-10-23T18:00:00Z:1200"}
        return httpx.post(f"{stack.url}/functions/v1/ingest", json=message, trust_env=False, timeout=60).status_code

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(send, boards))

    assert [200] * 100 == statuses


def test_an_access_token_is_asked_for_where_the_project_has_one(make_stack: MakeStack, http: httpx.Client) -> None:
    """Without it or with a wrong one: 401, for messages; the time is for everyone."""
    stack = make_stack(secrets={"INGEST_ACCESS_TOKEN": "fly safe"})

    def send(**headers: str) -> httpx.Response:
        return http.post(
            f"{stack.url}/functions/v1/ingest", content=EXAMPLE, headers={"Content-Type": "application/json", **headers}
        )

    for headers in ({}, {"Authorization": "Bearer fly"}, {"Authorization": "Basic fly safe"}, {"Authorization": ""}):
        _assert_problem(send(**headers), 401, "access_token_wrong")
    assert ["stored"] == _outcomes(send(Authorization="Bearer fly safe"))
    assert 200 == http.get(f"{stack.url}/functions/v1/ingest").status_code


def test_a_fault_of_the_database_tells_nothing_of_the_inside(make_stack: MakeStack, http: httpx.Client) -> None:
    """503 with the documented body: the board tries again, the reason is in the server's log."""
    stack = make_stack()
    with psycopg.connect(stack.database_url, autocommit=True) as admin:
        admin.execute("alter table private.settings rename to gone")

    answer = http.post(f"{stack.url}/functions/v1/ingest", json=_MESSAGE)

    _assert_problem(answer, 503, "unavailable")
    assert "settings" not in answer.text


def test_private_functions_cannot_be_called_over_the_api(stack: Stack, http: httpx.Client) -> None:
    """Not even with the service role: schema private is not exposed."""
    headers = {"apikey": stack.secret_key, "Authorization": f"Bearer {stack.secret_key}"}
    for extra in ({}, {"Content-Profile": "private"}):
        answer = http.post(f"{stack.url}/rest/v1/rpc/new_server_id", json={}, headers={**headers, **extra})
        assert answer.status_code in (404, 406), answer.text


def test_it_runs_unmodified_under_deno_serve(stack: Stack, http: httpx.Client, board: Board) -> None:
    """The same file, the environment of a hosted project, and nothing of the local stack around it."""
    environment = {
        **os.environ,
        "NO_COLOR": "1",
        "SUPABASE_URL": stack.url,
        "SUPABASE_SECRET_KEYS": json.dumps({"default": stack.secret_key}),
        "SUPABASE_PUBLISHABLE_KEYS": json.dumps({"default": stack.publishable_key}),
    }
    command = [
        find_deno_bin(), "serve", "--allow-net=127.0.0.1", "--allow-env", "--host", "127.0.0.1", "--port", "0",
        "supabase/functions/ingest/index.ts",
    ]  # fmt: skip
    server = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert server.stderr is not None
    try:
        # A port that was free a moment ago may be another worker's by now: Deno chooses, and says so.
        found = next(filter(None, (re.search(r"http://127\.0\.0\.1:\d+/", line) for line in server.stderr)))
        answer = http.post(found[0], json=board.message("2026-05-01T08:00:00Z", 60))
    finally:
        server.kill()
        server.wait()
        server.stderr.close()

    assert ["stored"] == _outcomes(answer)


def test_a_session_of_more_than_a_year_is_rejected(project: Project, owner: Person, plane: str) -> None:
    """No board has that: one code, in its place; the others are stored, and the device says that it needs attention."""
    project.set_clock("2026-12-31T12:00:00Z")
    board = project.board()
    assign(owner, board, plane)
    longest = 366 * 86400

    answer = board.post(
        board.message("2025-01-01T08:00:00Z", longest, boot=1),
        board.message("2025-01-01T08:00:00Z", longest + 1, boot=7),
        board.message("2026-12-02T08:00:00Z", 2**31 - 1, boot=8),
    )

    results = answer["body"]["results"]
    assert [None, "bad_run_seconds", "bad_run_seconds"] == [result.get("code") for result in results]
    assert "366 days" in results[1]["message"]
    assert longest == owner.value("select total_seconds from plane_hours()")
    assert {"attention": "bad_run_seconds", "boot": 1} == owner.row("select attention, boot from device_status")


def test_a_batch_of_the_longest_sessions_recounts_each_day_once(project: Project, owner: Person, plane: str) -> None:
    """What a post costs follows from the days that it touches, not from days times sessions."""
    project.set_clock("2026-12-31T12:00:00Z")
    boards = [project.board() for _ in range(2)]
    for board in boards:
        assign(owner, board, plane)

    def written(board: Board, sessions: int) -> int:
        before = _day_writes(project)
        board.post(
            *(board.message(f"2025-01-{1 + n // 24:02d}T{n % 24:02d}:00:00Z", 366 * 86400) for n in range(sessions))
        )
        return _day_writes(project) - before

    one, hundred = written(boards[0], 1), written(boards[1], 100)

    assert 366 == one
    assert hundred <= one + 5


def _day_writes(project: Project) -> int:
    """How many times a day of a plane was ever written."""
    project.admin.execute("select pg_stat_force_next_flush()")
    row = project.admin.execute(
        "select n_tup_ins + n_tup_upd as written from pg_stat_all_tables where relid = 'private.plane_days'::regclass"
    ).fetchone()
    assert row is not None
    written: int = row["written"]
    return written
