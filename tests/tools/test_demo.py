"""The demo: a year of history through the real function, and a live board that outlives a run."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from tests.conftest import MakeStack
from tools.demo.account import Account
from tools.demo.flight import PLAN, LiveBoard
from tools.demo.history import FLEET_NAME, LIVE_PLANE, PLANES, fly_a_year, write_history
from tools.stack import Stack

ARRIVAL_SECONDS = 40


@pytest.fixture
def stack(make_stack: MakeStack) -> Stack:
    """A stack of the demo's own, without the portal."""
    return make_stack()


@pytest.fixture
def account(stack: Stack) -> Iterator[Account]:
    """The demo's user, signed up by this test."""
    with Account(stack) as account:
        yield account


def totals(stack: Stack) -> list[tuple[str, int, int]]:
    """Registration, sessions and seconds of each plane, as the database has them."""
    with psycopg.connect(stack.database_url) as connection:
        return connection.execute(
            "select p.registration, count(*)::int, sum(s.run_seconds)::int"
            " from public.sessions s join public.planes p using (plane_id) group by 1 order by 1"
        ).fetchall()


def test_history_is_what_was_flown(stack: Stack, account: Account) -> None:
    """Every generated session is stored once, with its seconds, in the right plane."""
    write_history(stack, account, lambda text: None)

    today = datetime.now(UTC).date()
    flown = {plane.registration: [f.message["run_seconds"] for f in fly_a_year(plane, today)] for plane in PLANES}
    assert sorted((name, len(runs), sum(runs)) for name, runs in flown.items()) == totals(stack)
    assert FLEET_NAME == next(account.rows("my_fleets", order="created_at"))["name"]
    states = {row["registration"]: row["state"] for row in account.rows("device_status", order="device_uuid")}
    assert "needs_attention" == states["G-BXYZ"]


def test_interrupted_history_is_finished_by_the_next_start(stack: Stack, account: Account) -> None:
    """Ctrl-C half-way leaves nothing that the next start would double or trip over."""
    steps = []

    def interrupt_at_third(text: str) -> None:
        steps.append(text)
        if len(steps) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_history(stack, account, interrupt_at_third)
    write_history(stack, account, lambda text: None)

    today = datetime.now(UTC).date()
    assert sorted((p.registration, len(fly_a_year(p, today))) for p in PLANES) == [row[:2] for row in totals(stack)]


def test_second_start_changes_nothing(stack: Stack, account: Account) -> None:
    """The demo finds its club and leaves it alone."""
    write_history(stack, account, lambda text: None)
    before = totals(stack)

    with Account(stack) as again:
        told: list[str] = []
        write_history(stack, again, told.append)

    assert (account.new, again.new, told) == (True, False, [])
    assert before == totals(stack)


def test_live_board_reports_and_is_the_same_board_in_the_next_run(
    stack: Stack, account: Account, tmp_path: Path
) -> None:
    """The board in the demo's plane delivers, and keeps its identity and sessions between two runs."""
    write_history(stack, account, lambda text: None)
    lines: list[str] = []
    uuids = []
    for _ in range(2):
        board = LiveBoard(
            tmp_path, f"{stack.url}/functions/v1/ingest", on_line=lines.append, on_event=lambda event: None
        )
        board.hang_in_plane(account)
        uuids.append(board.device_uuid)
        arrived = lines.count("POST OK 200")
        board.start()
        deadline = time.monotonic() + ARRIVAL_SECONDS
        while lines.count("POST OK 200") == arrived and time.monotonic() < deadline:
            time.sleep(0.1)
        board.stop()

    assert uuids[0] == uuids[1]
    sessions = list(account.rows("session_log", device_uuid=f"eq.{uuids[0]}", order="session_start"))
    assert [1, 2, 3] == [session["boot"] for session in sessions]  # 1: on the bench
    assert {LIVE_PLANE.registration} == {session["registration"] for session in sessions}


def test_a_board_was_heard_when_its_plane_last_flew(stack: Stack, account: Account) -> None:
    """A plane that flew days ago is not off since the minute in which the demo was started."""
    write_history(stack, account, lambda text: None)

    for row in account.rows("device_status", order="device_uuid"):
        flights = account.rows("session_log", device_uuid=f"eq.{row['device_uuid']}", order="session_start.desc")
        assert row["last_seen"] == next(flights)["session_end"]


def test_the_live_board_flies_flights() -> None:
    """No session of the plan is shorter than an hour's half, so that none buries the club's flights."""
    powered = 0
    for event, seconds in PLAN:
        if event == "power on":
            powered = seconds
        elif event == "power off":
            assert 30 * 60 <= powered <= 2 * 3600
            powered = 0
        elif powered:
            powered += seconds
