"""The uplink: servers that change or are not reached, keys, and what a call costs."""

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.firmware.uplink import CALL_SECONDS, HOUR, MINUTE, give_backlog, log_has, messages, posts
from tests.firmware.world import CHECKPOINT_SECONDS, FIRST_BOOT_SECONDS, INGEST_PATH, World
from tests.support import Account
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
    slow_reply,
)
from tools.stack import Stack

# Servers that change


@pytest.mark.parametrize("seconds", [2, 18, 26, 40])
def test_the_first_server_is_no_changed_one(world: World, seconds: int) -> None:
    """First start offline, then online, and the power goes soon after the first delivery: nothing is sent again."""
    world.router.up = False
    world.fly(FIRST_BOOT_SECONDS + 60)
    world.park(HOUR)
    world.router.up = True
    world.board.power_on()
    world.board.run_until_line("POST OK 200", 120)
    world.fly(seconds)
    world.park(HOUR)

    world.fly(100)

    assert not log_has(world, "Server changed")
    assert world.delivered()


def test_new_server_id_brings_everything_back(flying: World) -> None:
    """A database restored from an old backup and given a new id gets back what the board still keeps."""
    give_backlog(flying, 30)
    flying.fly(MINUTE)
    flying.park(MINUTE)
    flying.database.execute(
        "delete from public.sessions where device_uuid = %s and boot between 5 and 25", [flying.device_uuid]
    )
    flying.database.execute("select private.new_server_id()")
    begin = len(flying.proxy.requests)

    flying.fly(2 * MINUTE)

    assert log_has(flying, "Server changed: all kept sessions will be sent again")
    assert 33 == len(flying.stored())
    assert flying.delivered()
    assert len(posts(flying, begin)) <= 8


def test_new_server_id_in_the_middle_of_a_session(flying: World) -> None:
    """The server changes while the board is running: the next report notices."""
    give_backlog(flying, 5)
    flying.fly(90)
    flying.database.execute("delete from public.sessions where device_uuid = %s and boot = 3", [flying.device_uuid])
    flying.database.execute("select private.new_server_id()")

    flying.fly(90)

    assert 7 == len(flying.stored())


def test_emptied_database_brings_everything_back(flying: World) -> None:
    """All tables were emptied but the id is the old one: the server says the device is new, and gets everything."""
    give_backlog(flying, 30)
    flying.fly(MINUTE)
    flying.park(MINUTE)
    flying.database.execute("truncate public.devices cascade")

    flying.fly(2 * MINUTE)

    assert log_has(flying, "Server changed: all kept sessions will be sent again")
    assert 33 == len(flying.stored())
    assert flying.delivered()


def test_two_servers_in_turns_do_not_wear_the_flash_out(flying: World) -> None:
    """Two servers answer in turns at one address: the board follows a few changes, not each of them."""
    turns: Iterator[int] = iter(range(1_000_000))

    def reply(request: SeenRequest) -> Fault:
        if request.method == "GET":
            return PASS
        results = [{"msg_id": message["msg_id"], "outcome": "stored"} for message in messages(request)]
        body = {"ok": True, "server_id": f"server-{next(turns) % 2}", "new_device": False, "results": results}
        return answer(200, json.dumps(body).encode())

    flying.proxy.choose = reply
    begin = len(flying.proxy.requests)

    flying.fly(2 * HOUR)

    changes = [line for line in flying.board.lines if line.startswith("Server changed")]
    assert 1 <= len(changes) <= 6
    assert len(flying.proxy.requests) - begin <= 2 * 60 + 15


def test_reset_device_key_lets_the_board_in_again(
    flying: World, simulated_time_stack: Stack, sign_up: Callable[..., Account]
) -> None:
    """Another key is bound to the device: 401, until its owner resets the key in the portal."""
    owner = sign_up(simulated_time_stack)
    owner.client.rpc("claim_device", {"device_uuid": flying.device_uuid}).execute()
    flying.database.execute(
        "update private.device_keys set key_sha256 = repeat('0', 64) where device_uuid = %s", [flying.device_uuid]
    )
    flying.fly(5 * MINUTE)
    refused = len(flying.stored())
    owner.client.rpc("reset_device_key", {"device_uuid": flying.device_uuid}).execute()

    flying.fly(15 * MINUTE)

    assert log_has(flying, "POST refused 401: Send the key that this device used first")
    assert 1 == refused
    assert 2 == len(flying.stored())
    assert flying.delivered()


def test_access_token_is_sent(flying: World) -> None:
    """The token of secrets.py goes along as Authorization, and nothing of that kind without one."""
    flying.configure(access_token=" opensesame\n")

    flying.fly(MINUTE)

    tokens = [request.headers.get("authorization") for request in flying.proxy.requests]
    assert None is tokens[0]
    assert "Bearer opensesame" == tokens[-1]
    assert not log_has(flying, "opensesame")
    assert flying.delivered()


# Cost


def test_key_stays_secret(flying: World) -> None:
    """The device's key is in no log line and in neither copy of the sessions, whatever goes wrong."""
    key = json.loads(flying.board.read_file("/logger/identity.json"))["device_key"]
    faults = [CAPTIVE_PORTAL, http_error(500), http_error(401), STALL_IN_HEADER, WRONG_JSON, RESET, REFUSE, HALF_REPLY]
    for fault in faults:
        flying.proxy.fault = fault
        flying.fly(MINUTE)
        flying.park(MINUTE)

    lines = "\n".join(flying.board.lines)

    assert 64 == len(key)
    assert key not in lines
    for path in ("/sessions.json", "/logger/sessions.json"):
        assert key.encode() not in flying.board.read_file(path)


@pytest.mark.parametrize(
    "url",
    [
        "https://nowhere.example/functions/v1/ingest",
        "http://127.0.0.1:9/functions/v1/ingest",
        "https://project.example:port/functions/v1/ingest",
        "{proxy}/rest/v1/sessions",
    ],
)
def test_wrong_address_costs_little(world: World, url: str) -> None:
    """An address that is wrong for good: a try every few minutes, no reset, every second counted."""
    world.configure(ingest_url=url.replace("{proxy}", world.proxy.url))
    world.fly(2 * MINUTE)
    erases = sum(world.drive.flash.erases)

    world.fly(2 * HOUR)

    failures = [line for line in world.board.lines if line.startswith("POST failed")]
    assert 8 <= len(failures) <= 2 * 12 + 12
    assert len(world.proxy.requests) <= len(failures)
    assert [] == world.board.resets
    assert sum(world.drive.flash.erases) - erases <= 2 * HOUR / CHECKPOINT_SECONDS + 2 * len(failures)
    (session,) = world.kept()
    assert world.true_seconds - CHECKPOINT_SECONDS - CALL_SECONDS <= session["run_seconds"] <= world.true_seconds


@pytest.mark.parametrize(
    "trouble",
    ["slow DNS", "slow reply", "stall", "no internet", "login page", "silent NTP", "all at once"],
)
def test_no_call_keeps_the_flash_waiting(flying: World, trouble: str) -> None:
    """Whatever hangs, checkpoints come at least every interval plus one bounded call."""
    CaptivePortal(flying.network)
    flying.network.add_host("project.example", {443: flying.proxy.address})
    flying.configure(ingest_url="https://project.example" + INGEST_PATH)
    if trouble in ("slow DNS", "all at once"):
        flying.network.dns = "slow"
    if trouble in ("slow reply", "all at once"):
        flying.proxy.fault = slow_reply(7)
    if trouble == "stall":
        flying.proxy.fault = STALL_IN_HEADER
    if trouble in ("silent NTP", "all at once"):
        flying.ntp.fault = "silent"
    flying.router.internet = trouble != "no internet"
    flying.router.captive = trouble == "login page"
    flying.fly(10)
    written = [flying.board.clock.elapsed_seconds]

    def note(sector: int) -> None:
        written.append(flying.board.clock.elapsed_seconds)

    flying.drive.flash.before_rewrite = note

    flying.fly(20 * MINUTE)

    longest = max(later - earlier for earlier, later in itertools.pairwise(written))
    # The HTTP library asks twice, and each time may meet both the slow DNS and the slow reply: 37.5 s. No checkpoint
    # comes before a call that begins in the same second as the last one.
    assert longest <= (37.6 + 1 if trouble == "all at once" else CHECKPOINT_SECONDS + CALL_SECONDS)
    assert [] == flying.board.resets


def test_estimate_uses_the_servers_time(flying: World) -> None:
    """NTP lies by a day: the greeting corrects it before a start is sent."""
    flying.ntp.offset_seconds = 86_400

    flying.fly(2 * MINUTE)

    assert log_has(flying, "from the server")
    session = flying.stored()[-1]
    power_on = datetime.fromtimestamp(flying.board.clock.true_ns / 1e9, UTC) - timedelta(seconds=2 * MINUTE)
    assert abs((session["session_start"] - power_on).total_seconds()) <= 10
    assert "server" == session["start_source"]
