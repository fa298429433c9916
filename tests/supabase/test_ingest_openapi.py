"""`ingest` against its description (openapi.yaml), with what schemathesis makes of it and with what no schema can say.

Whatever comes: never a 5xx, never a part of it stored, always the documented answer, nothing about the internals in it.
"""

import contextlib
import copy
import functools
import json
import re
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from deno import find_deno_bin
from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st

from tests.conftest import MakeDatabase
from tests.supabase.project import Board, Project, Row, connect
from tests.supabase.test_ingest import EXAMPLE
from tools.stack import Stack

ROOT = Path(__file__).parents[2]
FUNCTION = ROOT / "supabase/functions/ingest"
PATH = "/functions/v1/ingest"
MAX_BODY_BYTES = 64 * 1024
INTERNALS = re.compile(
    r"postgres|pgrst|supabase|deno|sql|relation|column|constraint|plpgsql|schema|stack|\bat .*:\d|\.ts\b|file:"
    rf"|{re.escape(str(ROOT))}|/home|undefined|\[object|NaN",
    re.IGNORECASE,
)
START = re.compile(r"\d{4}-\d\d-\d\dT[\d:]{8}Z")
NO_LIMITS = "update private.settings set messages_per_minute = 1000000000, new_devices_per_hour = 1000000000"

_message: Row = json.loads(EXAMPLE)


@functools.cache
def description() -> Any:
    """The description as schemathesis reads it; imported here, because that takes every worker two seconds."""
    import schemathesis

    return schemathesis.openapi.from_path(FUNCTION / "openapi.yaml")


def operation(method: str) -> Any:
    """What the description says of the method."""
    return description()[PATH][method]


def cases(mode: str) -> Any:
    """A strategy of requests that agree with the description ("positive"), or do not ("negative")."""
    from schemathesis import GenerationMode

    return operation("POST").as_strategy(generation_mode=GenerationMode(mode))


@dataclass(frozen=True)
class Target:
    """A stack that only these tests use, with no limit on messages, seen from both sides."""

    stack: Stack
    http: httpx.Client
    admin: psycopg.Connection[Row]

    def send(self, content: bytes | Iterator[bytes], **headers: str) -> httpx.Response:
        """Post a body to an empty database, and check all that holds for every answer."""
        self.admin.execute("delete from devices")
        answer = self.http.post(PATH, content=content, headers={"Content-Type": "application/json", **headers})
        self.check(answer)
        return answer

    def check(self, answer: httpx.Response) -> None:
        """The answer is as described, no fault of ours, discreet, and true: what it says is stored, and no more."""
        assert answer.status_code < 500, answer.text
        operation("POST").validate_response(answer)
        starts = set()
        if answer.status_code == 200:
            results = answer.json()["results"]
            starts = {START.findall(result["msg_id"])[-1] for result in results if result["outcome"] == "stored"}
            said = [result["message"] for result in results if result["outcome"] == "rejected"]
        else:
            said = [answer.json()["message"], answer.json()["hint"]]
        assert [] == [text for text in said if INTERNALS.search(text.replace("supabase/README.md", ""))]
        assert starts == self.stored()

    def stored(self) -> set[str]:
        """Starts of all sessions in the database."""
        rows = self.admin.execute("select private.iso_time(session_start) as start from sessions").fetchall()
        return {row["start"] for row in rows}


@pytest.fixture(scope="module")
def target(make_database: MakeDatabase) -> Iterator[Target]:
    """The stack, a client and an administrator."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(data=Path(folder), port=0, portal=False, database_url=make_database()) as stack,
        httpx.Client(base_url=stack.url, trust_env=False, timeout=60) as http,
        connect(stack.database_url) as admin,
    ):
        admin.execute(NO_LIMITS)
        yield Target(stack, http, admin)


@pytest.fixture
def tried(long: bool) -> Callable[[int], settings]:
    """So many random cases; with `--long` ten times as many."""

    def fuzz(examples: int) -> settings:
        return settings(
            max_examples=examples * (10 if long else 1),
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],  # making a case of this size smaller takes minutes
            suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
        )

    return fuzz


def _consistent(body: Any) -> Any:
    """A body that agrees with its schema, what a schema cannot say put right: one device, msg_id, engine times."""
    body = copy.deepcopy(body)
    messages = body if isinstance(body, list) else [body]
    for message in messages:
        message["device_uuid"] = messages[0]["device_uuid"]
        seconds = int(message["run_seconds"])
        for name in ("firmware", "reset_reason"):
            if message.get(name):
                message[name] = message[name][:100]  # the limit counts a sign outside the basic plane twice
        for name in ("engine_seconds", "engine_first_s"):
            if message.get(name):
                message[name] = min(message[name], seconds)
        message["msg_id"] = f"{message['device_uuid']}:{message['session_start']}:{seconds}"
    return body


def test_the_description_is_openapi_3_1() -> None:
    """By the official schema."""
    description().validate()

    assert description().raw_schema["openapi"].startswith("3.1.")


def test_its_example_is_the_contracts(target: Target) -> None:
    """Word for word the message that people try first."""
    content = operation("POST").definition.raw["requestBody"]["content"]["application/json"]

    [given_example] = content["examples"].values()

    assert _message == given_example["value"]
    assert ["stored"] == [result["outcome"] for result in target.send(EXAMPLE.encode()).json()["results"]]


def test_get_answers_as_described(target: Target) -> None:
    """Time and identity; and no other query or body changes it."""
    for query in ("", "?a=1", "?%00"):
        answer = target.http.get(PATH + query)

        assert 200 == answer.status_code
        operation("GET").validate_response(answer)


def test_the_codes_are_those_of_the_readme() -> None:
    """The table of refusals and the description name the same ones."""
    readme = (FUNCTION.parents[1] / "README.md").read_text().partition("| status | code |")[2].partition("\n\n")[0]
    told = {int(status): row for statuses, row in re.findall(r"^\| ([\d, ]+) \| (.*) \|$", readme, re.MULTILINE)
            for status in statuses.split(", ")}  # fmt: skip
    described: dict[int, set[str]] = {}
    for status, response in operation("POST").definition.raw["responses"].items():
        if "$ref" in response:
            response = description().raw_schema["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
        schema = response["content"]["application/json"]["schema"]
        if status != "200":
            code = schema["allOf"][1]["properties"]["code"]
            described[int(status)] = set(code.get("enum", [code.get("const")]))

    assert set(told) - {405} == set(described)
    assert [] == [code for status, codes in described.items() for code in codes if f"`{code}`" not in told[status]]


@given(data=st.data())
def _is_stored(target: Target, data: st.DataObject) -> None:
    body = _consistent(data.draw(cases("positive")).body)
    content = json.dumps(body).encode()
    assume(len(content) <= MAX_BODY_BYTES)
    answer = target.send(content)

    assert 200 == answer.status_code, answer.text
    starts = [message["session_start"] for message in (body if isinstance(body, list) else [body])]
    outcomes = [result["outcome"] for result in answer.json()["results"]]
    assert [start < "2024" for start in starts] == [outcome == "rejected" for outcome in outcomes]
    assert {start for start in starts if start >= "2024"} == target.stored()


def test_what_agrees_with_the_description_is_stored(target: Target, tried: Callable[[int], settings]) -> None:
    """A consistent message of a session since 2024 is stored, whatever else it says."""
    tried(12)(_is_stored)(target)


@given(data=st.data())
def _is_refused(target: Target, data: st.DataObject) -> None:
    case = data.draw(cases("negative"))
    content = case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode()
    answer = target.send(content, **dict(case.headers or {}))

    assert answer.status_code in (400, 401, 413) or "rejected" in answer.text, (case.body, case.headers)


def test_what_does_not_is_refused(target: Target, tried: Callable[[int], settings]) -> None:
    """As a whole, or message by message in an array."""
    tried(12)(_is_refused)(target)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


def _almost_a_message() -> st.SearchStrategy[dict[str, Any]]:
    fields = description().raw_schema["components"]["schemas"]["Message"]["properties"]
    given_or_any = {name: (st.just(_message[name]) if name in _message else st.nothing()) | _json for name in fields}
    return st.fixed_dictionaries({}, optional=given_or_any)


_almost = st.deferred(_almost_a_message)


@given(body=st.one_of(_json, _almost, st.lists(_almost, max_size=5)))
def _is_answered(target: Target, body: Any) -> None:
    answer = target.send(json.dumps(body).encode())

    if answer.status_code == 200:
        assert len(body if isinstance(body, list) else [body]) == len(answer.json()["results"])


def test_messages_with_anything_in_their_fields(target: Target, tried: Callable[[int], settings]) -> None:
    """Also numbers that JSON has no word for: Python writes NaN and Infinity, which the server does not read."""
    tried(40)(_is_answered)(target)


@given(
    at=st.integers(0, len(EXAMPLE)),
    gone=st.integers(0, 20),
    put=st.binary(max_size=8)
    | st.sampled_from([b"\0", b"\\u0000", b"\\ud800", b"1e999", b"\xef\xbb\xbf", b"-", b"[", b'"']),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-32", "utf-7", "cp037"]),
)
def _is_answered_though_damaged(target: Target, at: int, gone: int, put: bytes, encoding: str) -> None:
    body = EXAMPLE[:at].encode(encoding) + put + EXAMPLE[at + gone :].encode(encoding)

    target.send(body)


def test_damaged_bytes(target: Target, tried: Callable[[int], settings]) -> None:
    """A piece of the body replaced by something else, in the right encoding and in wrong ones."""
    tried(100)(_is_answered_though_damaged)(target)


@given(
    content_type=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40).map(str.strip)
    | st.sampled_from(["application/json;;", 'application/json; charset="', "application/json, text/plain", "*/*"]),
    key=st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=70).map(
        str.strip
    ),
)
@example(content_type="application/json", key="g" * 64)
def _is_answered_by_its_headers(target: Target, content_type: str, key: str) -> None:
    target.admin.execute("delete from devices")
    headers = [(b"Content-Type", content_type.encode()), (b"X-Device-Key", key.encode("latin-1"))]

    answer = target.http.post(PATH, content=EXAMPLE.encode(), headers=headers)

    target.check(answer)
    assert answer.status_code in (401, 415) or re.fullmatch("(?i)[0-9a-f]{64}", key)


def test_headers_of_all_kinds(target: Target, tried: Callable[[int], settings]) -> None:
    """Wrong types and keys are refused in the documented way."""
    tried(100)(_is_answered_by_its_headers)(target)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 30_000 + b"]" * 30_000, 200),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400),
        (EXAMPLE[:-1].encode() + b', "deep": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", 200),
        (EXAMPLE.replace("1200,", "1" * 60_000 + ",").encode(), 400),
        (EXAMPLE.replace("1200,", "1e999,").encode(), 400),
        (EXAMPLE.replace("1200,", "1200.0,").encode(), 200),
        (EXAMPLE.replace("1200,", '1200, "run_seconds": -1,').encode(), 400),
        (EXAMPLE[:-1].encode() + b', "__proto__": {"status": "closed"}, "constructor": null, "toString": 1}', 200),
        (b'{"__proto__": ' + EXAMPLE.encode() + b"}", 400),
        (b"[" + b",".join([b"{}"] * 100) + b"]", 200),
        (b"[" + b",".join([b"[]"] * 20_000) + b"]", 400),
        (b"\0" * 60_000, 400),
        (b"[" + EXAMPLE.encode() + b", " + json.dumps({**_message, "firmware": "\0"}).encode() + b"]", 200),
    ],
    ids=["deep array", "deep object", "deep unknown field", "60,000 digits", "1e999", "1200.0", "said twice",
         "prototype beside", "prototype only", "100 empty", "20,000 arrays", "null bytes", "null byte in one of two"],
)  # fmt: skip
def test_bodies_that_break_servers(target: Target, body: bytes, status: int) -> None:
    """Each answered by what it is worth."""
    assert status == target.send(body).status_code


def test_a_fault_in_the_middle_of_a_batch_stores_nothing_of_it(target: Target) -> None:
    """Not the messages before it, not the device: 503, and the same batch goes through when the fault is gone."""
    board = Board(Project(target.admin))
    batch = [board.message(f"2026-05-0{day}T08:00:00Z", day) for day in range(1, 9)]
    target.admin.execute("delete from devices")
    target.admin.execute("alter table sessions add constraint secret_name check (run_seconds <> 5) not valid")

    try:
        broken = target.http.post(PATH, json=batch)
        stored = target.stored()
        devices = target.admin.execute("select from devices").fetchall()
    finally:
        target.admin.execute("alter table sessions drop constraint secret_name")
    mended = target.http.post(PATH, json=batch)

    operation("POST").validate_response(broken)
    assert (503, "unavailable") == (broken.status_code, broken.json()["code"])
    assert "secret_name" not in broken.text
    assert (set(), []) == (stored, devices)
    assert ["stored"] * 8 == [result["outcome"] for result in mended.json()["results"]]


def test_slow_bodies_hold_nobody_up(target: Target) -> None:
    """Forty boards that stop in mid-sentence: others are served, and what never ended is not stored."""
    target.admin.execute("delete from devices")
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: board\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(EXAMPLE)}\r\n\r\n"
    )
    address = ("127.0.0.1", int(target.stack.url.rsplit(":", 1)[1]))

    with contextlib.ExitStack() as boards:
        for _ in range(40):
            board = boards.enter_context(socket.create_connection(address, timeout=30))
            board.sendall(head.encode() + EXAMPLE.encode()[:-1])
        other = Board(Project(target.admin))
        answer = target.http.post(PATH, json=other.message("2026-05-01T08:00:00Z", 60))
        boards.close()

    target.check(answer)
    assert ["stored"] == [result["outcome"] for result in answer.json()["results"]]
    assert [{"device_uuid": other.device_uuid}] == [
        {"device_uuid": str(row["device_uuid"])} for row in target.admin.execute("select device_uuid from devices")
    ]


_SLOW_BODY = """
import { readText } from %s;
// Time passes as soon as somebody waits for it.
const wait = globalThis.setTimeout;
let now = 0;
performance.now = () => now;
globalThis.setTimeout = (callback, ms) => wait(() => { now += ms; callback(); }, 0);
const body = new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode("{")) });
const request = new Request("http://board", {
  method: "POST", body, headers: { "content-type": "application/json" },
});
const problem = await readText(request, 1024).catch((error) => error);
console.log(JSON.stringify({ status: problem.status, waited_ms: now, ...problem.body }));
"""


def test_a_body_that_never_ends_is_given_up(tmp_path: Path) -> None:
    """After 30 seconds, with the documented refusal."""
    program = tmp_path / "slow.ts"
    program.write_text(_SLOW_BODY % json.dumps((FUNCTION / "body.ts").as_uri()))

    done = subprocess.run(
        [find_deno_bin(), "run", "--no-prompt", "--no-check", program], capture_output=True, text=True, check=True
    )

    said = json.loads(done.stdout)
    assert (408, "body_too_slow", 30_000) == (said["status"], said["code"], said["waited_ms"])
