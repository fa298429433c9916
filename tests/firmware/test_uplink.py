"""The uplink: whatever the server and the line do, every session arrives once, and nothing is acked that did not."""

import itertools
import json
import zlib
from typing import Any

import pytest

from tests.firmware.uplink import (
    BATCH_MESSAGES,
    CALL_SECONDS,
    HOUR,
    MINUTE,
    PAGE_NOT_FOUND,
    REPLY_TO_ANOTHER,
    boots,
    give_backlog,
    log_has,
    posts,
)
from tests.firmware.world import INGEST_PATH, World
from tools.simulator import (
    CAPTIVE_PORTAL,
    HALF_REPLY,
    PASS,
    REFUSE,
    RESET,
    STALL_IN_HEADER,
    WRONG_JSON,
    CaptivePortal,
    Fault,
    SeenRequest,
    answer,
    http_error,
    redirect,
    slow_reply,
)

# Batches


def test_backlog_goes_oldest_first_in_batches(flying: World) -> None:
    """Fifty sessions: oldest first, at most twenty a request, each exactly once."""
    give_backlog(flying, 50)
    begin = len(flying.proxy.requests)

    flying.fly(50)

    sent = [boot for request in posts(flying, begin) for boot in boots(request) if boot <= 51]
    assert sent == sorted(sent)
    assert list(range(1, 52)) == sent
    assert max(len(boots(request)) for request in posts(flying, begin)) <= BATCH_MESSAGES
    assert flying.delivered()


def test_thousand_sessions_drain_while_the_open_one_is_reported(flying: World) -> None:
    """A backlog of 1,000: it drains in about 55 requests, and each minute's report comes within a few seconds."""
    give_backlog(flying, 1000)
    begin = len(flying.proxy.requests)
    power_on = flying.board.clock.true_time

    flying.fly(5 * MINUTE)

    requests = posts(flying, begin)
    assert 51 <= len(requests) <= 62
    reported = [(one.true_time - power_on).total_seconds() for one in requests if 1002 in boots(one)]
    for minute in range(1, 5):
        # Counting begins some seconds after power-on, when the boot loader and boot.py are done.
        assert any(60 * minute <= seconds <= 60 * minute + 8 for seconds in reported)
    assert 1002 == len(flying.stored())
    assert flying.delivered()


def test_backlog_flows_within_a_minute_of_joining(flying: World) -> None:
    """The server was down for hours and the back-off is at its longest; then the router restarts, and all flows."""
    give_backlog(flying, 30)
    flying.proxy.fault = REFUSE
    flying.fly(2 * HOUR)
    flying.router.up = False
    flying.fly(2 * MINUTE)
    flying.proxy.fault = PASS
    flying.router.up = True

    assert flying.board.run_until(lambda: flying.board.link.connected, 30)
    flying.fly(MINUTE)

    assert flying.delivered()


def test_message_is_durable_before_it_is_sent(flying: World) -> None:
    """Whatever a POST says is on flash by then: its start, marked as sent, and the open session's seconds."""
    flying.router.up = False
    flying.fly(5 * MINUTE)
    flying.park(HOUR)
    flying.router.up = True
    faults: list[str] = []

    def check(request: SeenRequest) -> Fault:
        kept = [json.loads(flying.board.read_file(path)) for path in ("/sessions.json", "/logger/sessions.json")]
        for message in json.loads(request.body) if request.method == "POST" else []:
            for copy in kept:
                entry = next(one for one in copy["sessions"] if one and one["boot"] == message["boot"])
                if (entry["start"], entry.get("sent")) != (message["session_start"], 1):
                    faults.append(f"start not durable: {message} {entry}")
            entries = [one for copy in kept for one in copy["sessions"] if one and one["boot"] == message["boot"]]
            if max(entry["run_seconds"] for entry in entries) != message["run_seconds"]:
                faults.append(f"seconds not durable: {message} {entries}")
        return PASS

    flying.proxy.choose = check
    flying.fly(3 * MINUTE)

    assert [] == faults
    assert flying.delivered()


def test_greets_once_per_power_up(flying: World) -> None:
    """Before a power-up's first POST the server's time is asked for, once."""
    begin = len(flying.proxy.requests)
    flying.fly(3 * MINUTE)
    flying.park(MINUTE)

    flying.fly(3 * MINUTE)

    methods = [request.method for request in flying.proxy.requests[begin:]]
    assert 2 == methods.count("GET")
    assert "GET" == methods[0]
    assert flying.delivered()


# Answers that are none


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (CAPTIVE_PORTAL, "a login page, or a wrong ingest_url"),
        (WRONG_JSON, "POST failed: the reply is cut short or not JSON;"),
        (HALF_REPLY, "POST failed: "),
        (STALL_IN_HEADER, "POST failed: no answer in time;"),
        (slow_reply(10), "POST failed: no answer in time;"),
        (redirect("http://192.0.2.1/login"), "POST failed: HTTP 302"),
        (PAGE_NOT_FOUND, "POST failed: HTTP 404"),
        (REPLY_TO_ANOTHER, "the reply names 0 of"),
        (answer(200, b'{"ok": true}'), "POST failed: HTTP 200"),
        (answer(200, b'{"results": {}}'), "POST failed: HTTP 200"),
        (answer(200, b'{"results": [[], 7, {"msg_id": [1]}, {"msg_id": {}}]}'), "the reply names 0 of"),
        (answer(200, b'{"results": [' + b" " * 60_000 + b"]}"), "the reply is longer than"),
        (RESET, "POST failed: no answer in time;"),
        (REFUSE, "POST failed: the server refuses the connection"),
        (http_error(500), "POST failed: HTTP 500"),
        (http_error(408), "POST failed: HTTP 408"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_outage_acks_nothing_and_ends_well(flying: World, fault: Fault, says: str) -> None:
    """No usable answer for 5 minutes: nothing is acked, tries are few, and afterwards everything arrives once."""
    give_backlog(flying, 3)
    flying.proxy.choose = lambda request: fault if request.method == "POST" else PASS
    flying.proxy.fault = fault if fault.kind == "refuse" else PASS
    begin = len(flying.proxy.requests)
    flying.fly(5 * MINUTE)
    tries = len(posts(flying, begin))
    acked = [session["acked_run_seconds"] for session in flying.kept()[1:]]
    flying.proxy.choose = None
    flying.proxy.fault = PASS

    flying.fly(6 * MINUTE)

    assert log_has(flying, says)
    assert [0, 0, 0, 0] == acked
    assert tries <= 12
    assert [] == flying.board.resets
    assert [1, 2, 3, 4, 5] == [row["boot"] for row in flying.stored()]
    assert flying.delivered()


def test_slow_reply_is_stored_once(flying: World) -> None:
    """A reply slower than the timeout makes the library post twice: the server stores the session once."""
    flying.fly(30)
    begin = len(flying.proxy.requests)
    flying.proxy.once(slow_reply(10))

    flying.fly(MINUTE)

    first, second = posts(flying, begin)
    assert (first.status, second.status) == (200, 200)
    assert first.body == second.body
    assert 2 == len(flying.stored())
    assert not log_has(flying, "POST failed")


@pytest.mark.parametrize("fault", [STALL_IN_HEADER, HALF_REPLY, RESET, PAGE_NOT_FOUND])
def test_one_bad_reply_poisons_no_later_request(flying: World, fault: Fault) -> None:
    """After a stuck socket or an unread body the very next try works."""
    flying.fly(30)
    flying.proxy.once(*[fault] * (2 if fault is RESET else 1))

    flying.fly(90)

    failures = [line for line in flying.board.lines if line.startswith("POST failed")]
    assert 1 == len(failures)
    assert flying.delivered()


@pytest.mark.parametrize(
    ("tls_fault", "says"),
    [
        ("certificate", "the server's certificate is not trusted"),
        ("handshake", "no secure connection (TLS error -0x77"),
    ],
)
def test_wrong_certificate_is_an_outage(flying: World, tls_fault: Any, says: str) -> None:
    """Over HTTPS with a certificate that does not verify nothing is sent; once it does, all arrives."""
    flying.network.add_host("project.example", {443: flying.proxy.address})
    flying.configure(ingest_url="https://project.example" + INGEST_PATH)
    flying.network.tls_fault = tls_fault
    begin = len(flying.proxy.requests)
    flying.fly(10 * MINUTE)
    seen = len(flying.proxy.requests) - begin
    flying.network.tls_fault = None

    flying.fly(6 * MINUTE)

    assert 0 == seen
    assert log_has(flying, "POST failed: " + says)
    assert flying.delivered()


def test_login_page_of_the_router_is_an_outage(flying: World) -> None:
    """A captive portal catches every connection, for an hour: nothing is acked, later all arrives."""
    CaptivePortal(flying.network)
    give_backlog(flying, 3)
    flying.router.captive = True
    flying.fly(HOUR)
    acked = [session["acked_run_seconds"] for session in flying.kept()[1:]]
    flying.router.captive = False

    flying.fly(6 * MINUTE)

    assert [0, 0, 0, 0] == acked
    assert flying.delivered()


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(flying: World, status: int) -> None:
    """A server that asks for 10 minutes gets them, even when the board rejoins in between."""
    flying.fly(30)
    flying.proxy.fault = http_error(status, retry_after_seconds=600)
    begin = len(flying.proxy.requests)
    flying.fly(2 * MINUTE)
    flying.router.up = False
    flying.fly(MINUTE)
    flying.router.up = True
    flying.fly(2 * MINUTE)
    early = len(flying.proxy.requests) - begin
    flying.proxy.fault = PASS

    flying.fly(9 * MINUTE)

    assert 1 == early
    refused, after = posts(flying, begin)[:2]
    assert 600 <= (after.true_time - refused.true_time).total_seconds() <= 605
    assert flying.delivered()


def test_retry_after_is_honoured_before_the_first_message(flying: World) -> None:
    """The greeting is refused with 429: the next one comes when the server asked for it, not before."""
    flying.proxy.fault = http_error(429, retry_after_seconds=600)
    begin = len(flying.proxy.requests)

    flying.fly(590)

    assert ["GET"] == [request.method for request in flying.proxy.requests[begin:]]
    assert log_has(flying, "POST failed: HTTP 429, too many requests; next try in 600 s")


@pytest.mark.parametrize("value", ["-5", "Wed, 21 Oct 2026 07:28:00 GMT", "99999999999999"])
def test_odd_retry_after_blocks_nothing_for_long(flying: World, value: str) -> None:
    """A Retry-After that is no number of seconds is left out; one without measure is cut to an hour."""
    flying.fly(30)
    flying.proxy.once(Fault("answer", 503, {"Retry-After": value}))

    flying.fly(HOUR + 2 * MINUTE)

    assert flying.delivered()
    assert flying.stored()[-1]["run_seconds"] > HOUR


@pytest.mark.parametrize("status", [401, 403])
def test_refusal_is_tried_again_every_quarter_of_an_hour(flying: World, status: int) -> None:
    """Not allowed: said in the log, tried every 15 minutes and at the next power-up, delivered when allowed again."""
    flying.proxy.choose = lambda request: http_error(status) if request.method == "POST" else PASS
    begin = len(flying.proxy.requests)
    flying.fly(HOUR)
    tries = posts(flying, begin)
    flying.park(MINUTE)
    begin = len(flying.proxy.requests)
    flying.fly(30)
    tries_after_power_up = len(posts(flying, begin))
    flying.park(MINUTE)
    flying.proxy.choose = None

    flying.fly(30)

    gaps = [(b.true_time - a.true_time).total_seconds() for a, b in itertools.pairwise(tries)]
    assert 4 == len(tries)
    assert all(900 <= gap <= 905 for gap in gaps)
    assert 1 == tries_after_power_up
    assert log_has(flying, f"POST refused {status}: simulated fault")
    assert flying.delivered()


# Messages that the server does not want


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_bad_session_is_found_by_halving(flying: World, status: int) -> None:
    """The server refuses every batch that holds one session: that one is parked, all others pass, reports go on."""
    give_backlog(flying, 40)
    bad = 17

    def refuse(request: SeenRequest) -> Fault:
        return http_error(status) if request.method == "POST" and bad in boots(request) else PASS

    flying.proxy.choose = refuse
    begin = len(flying.proxy.requests)
    flying.fly(2 * MINUTE)
    tries = posts(flying, begin)
    parked = [session["boot"] for session in flying.kept() if session.get("rejected")]
    on_server = [row["boot"] for row in flying.stored()]
    flying.park(MINUTE)
    begin = len(flying.proxy.requests)
    flying.fly(2 * MINUTE)
    again = [request for request in posts(flying, begin) if bad in boots(request)]
    flying.park(MINUTE)
    flying.proxy.choose = None

    flying.fly(MINUTE)

    assert [bad] == parked
    assert [boot for boot in range(1, 43) if boot != bad] == on_server
    assert len(tries) <= 20
    assert len(again) <= 6  # the halving, once
    assert log_has(flying, f"POST: boot {bad} refused with {status} fault")
    assert flying.delivered()


def test_server_that_refuses_everything_is_not_stormed(flying: World) -> None:
    """Every POST is a 400 for two hours: few requests; at the next power-up everything passes."""
    give_backlog(flying, 60)
    flying.proxy.choose = lambda request: http_error(400) if request.method == "POST" else PASS
    begin = len(flying.proxy.requests)
    flying.fly(2 * HOUR)
    tries = len(posts(flying, begin))
    flying.proxy.choose = None
    flying.park(MINUTE)

    flying.fly(MINUTE)

    assert tries <= 2 * 12 * 6
    assert flying.delivered()


def test_rejected_start_is_estimated_anew(flying: World) -> None:
    """A start from a wrong clock is rejected: the session is parked, gets an estimated start and arrives."""
    give_backlog(flying, 3)
    content = {path: flying.board.read_file(path) for path in ("/sessions.json", "/logger/sessions.json")}
    seed = zlib.crc32(bytes.fromhex(flying.device_uuid.replace("-", "")))
    for path, data in content.items():
        lines = data.split(b"\n")
        index, line = next((index, line) for index, line in enumerate(lines) if b'"boot":2,' in line)
        text = line.split(b',"crc"')[0].replace(b'"start":"2026', b'"start":"2019').replace(b'e":"2026', b'e":"2019')
        text += b',"sent":1'
        lines[index] = (text + b',"crc":"%08x"},' % zlib.crc32(text, seed)).ljust(len(line))
        flying.drive.outside_write(path, b"\n".join(lines))
    flying.fly(MINUTE)
    first = [row["boot"] for row in flying.stored()]
    flying.park(MINUTE)

    flying.fly(MINUTE)

    assert log_has(flying, "POST: boot 2 rejected: bad_start")
    assert [1, 3, 4, 5] == first
    assert [1, 2, 3, 4, 5, 6] == [row["boot"] for row in flying.stored()]
    assert "estimated" == flying.stored()[1]["start_source"]
    assert flying.delivered()


def test_session_that_breaks_the_server_does_not_silence_the_open_one(flying: World) -> None:
    """A server that fails on one old session still hears of the open one."""
    give_backlog(flying, 10)

    def fail(request: SeenRequest) -> Fault:
        return http_error(500) if request.method == "POST" and 2 in boots(request) else PASS

    flying.proxy.choose = fail

    flying.fly(30 * MINUTE)

    heard = flying.stored()[-1]
    assert 12 == heard["boot"]
    assert heard["run_seconds"] >= 30 * MINUTE - 5 * MINUTE - CALL_SECONDS - MINUTE
