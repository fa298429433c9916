"""The demo: a year of history through the real function, and a live board that outlives a run."""

import itertools
import json
import random
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from tests.conftest import MakeStack
from tools.demo.account import Account
from tools.demo.bus import LIVE_AFTER_SECONDS, LIVE_BEFORE_SECONDS, LIVE_HOLD_UP, LIVE_SETTINGS, LiveBus
from tools.demo.flight import AFTERNOON, AIRBORNE, FIRST_FLIGHT, TURNAROUND, BoardState, Leg, LiveBoard, legs_until
from tools.demo.history import (
    DELIVERED_AFTER,
    FLEET_NAME,
    HISTORY_DAYS,
    LIVE_PLANE,
    PLANES,
    DemoPlane,
    Flight,
    delivered_late,
    flown,
    month_to_close,
    waits_for_review,
    write_history,
)
from tools.demo.logbook import BOOK_FLIGHTS, FUEL_STOP, LONG_FLIGHT, fuel_stops, keep_log
from tools.demo.maintenance import HOUR, MOVED_ENGINE, PROGRAMMES, completions, look_after
from tools.simulator import BoardClock, Drive, SimulatedBoard, install
from tools.stack import Stack

ARRIVAL_SECONDS = 90
NOW = datetime(2026, 11, 26, 13, 0, tzinfo=UTC)
FIRST_DAY = NOW.date() - timedelta(days=HISTORY_DAYS)
MONDAYS = (date(2026, 1, 5), date(2026, 6, 29))  # of a week in winter, and of one in summer


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


def delivered(plane: DemoPlane, first_day: date, now: datetime, first_run: datetime | None = None) -> list[Flight]:
    """What the board has told by `now`, if the demo was started at `first_run` first."""
    flights = flown(plane, first_day, now)
    late = delivered_late(plane, flights, first_run or now)
    return [flight for flight in flights if flight is not late]


def said_nothing(text: str) -> None:
    """What the demo tells while it prepares is not of interest."""


def test_history_is_what_was_flown(stack: Stack, account: Account) -> None:
    """Every generated session is stored once, with its seconds, in the right plane."""
    write_history(stack, account, said_nothing, NOW)

    runs = {p.registration: [f.message["run_seconds"] for f in delivered(p, FIRST_DAY, NOW)] for p in PLANES}
    assert sorted((name, len(seconds), sum(seconds)) for name, seconds in runs.items()) == totals(stack)
    assert FLEET_NAME == next(account.rows("my_fleets", order="created_at"))["name"]
    states = {row["registration"]: row["state"] for row in account.rows("device_status", order="device_uuid")}
    assert {p.registration: "needs_attention" if p.refused else "off" for p in PLANES} == states


def test_interrupted_history_is_finished_by_the_next_start(stack: Stack, account: Account) -> None:
    """Ctrl-C half-way, even before midnight, leaves nothing that the next start would double or trip over."""
    steps = []

    def interrupt_at_third(text: str) -> None:
        steps.append(text)
        if len(steps) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_history(stack, account, interrupt_at_third, NOW - timedelta(days=1))
    write_history(stack, account, said_nothing, NOW)

    first_day, told = FIRST_DAY - timedelta(days=1), {row[0]: row[1] for row in totals(stack)}
    # what was interrupted was told before midnight, the rest after it
    runs = [(NOW - timedelta(days=1), NOW), (NOW, NOW)]
    for plane in PLANES:
        assert told[plane.registration] in {len(delivered(plane, first_day, now, first)) for first, now in runs}


def test_a_second_start_at_once_changes_nothing(stack: Stack, account: Account) -> None:
    """The demo finds its club and leaves it alone."""
    write_history(stack, account, said_nothing, NOW)
    before = totals(stack)

    with Account(stack) as again:
        told: list[str] = []
        write_history(stack, again, told.append, NOW)

    assert (account.new, again.new, told) == (True, False, [])
    assert before == totals(stack)


def test_a_start_weeks_later_tells_what_happened_since(stack: Stack, account: Account) -> None:
    """Nothing is missing, nothing is there twice, and what a person has said meanwhile stands.

    The exchanged board stays refused until its key is reset; a board that was taken out of its plane says no more.
    """
    write_history(stack, account, said_nothing, NOW - timedelta(days=20))
    before = {row[0]: row[1:] for row in totals(stack)}
    annotated = next(account.rows("session_log", order="effective_start.desc"))["session_id"]
    account.update("session_annotations", {"remarks": "Bird strike"}, session_id=f"eq.{annotated}")
    account.call("assign_device", device_uuid=LIVE_PLANE.device_uuid, plane_id=None)

    for _ in range(2):
        write_history(stack, account, said_nothing, NOW)

    first_day = FIRST_DAY - timedelta(days=20)
    for name, sessions, seconds in totals(stack):
        [plane] = [one for one in PLANES if one.registration == name]
        first_run = NOW - timedelta(days=20)
        runs = [flight.message["run_seconds"] for flight in delivered(plane, first_day, NOW, first_run)]
        stays = plane.refused or plane is LIVE_PLANE
        assert (before[name] if stays else (len(runs), sum(runs))) == (sessions, seconds)
    said = next(account.rows("session_annotations", session_id=f"eq.{annotated}", order="session_id"))
    assert "Bird strike" == said["remarks"]
    review = account.call(
        "sessions_to_review", fleet_id=next(account.rows("my_fleets", order="created_at"))["fleet_id"]
    )
    waiting = [f for p in PLANES if not p.refused and p is not LIVE_PLANE for f in flown(p, first_day, NOW)]
    assert {f.message["session_start"] for f in waiting if waits_for_review(f, NOW)} <= {
        datetime.fromisoformat(row["session_start"]).strftime("%Y-%m-%dT%H:%M:%SZ") for row in review
    }


def test_the_club_has_one_item_of_each_status(stack: Stack, account: Account) -> None:
    """A programme for every plane, signed by two people; an engine that was moved with its times; all of it once."""
    now = datetime.now(UTC)
    write_history(stack, account, said_nothing, now)

    look_after(stack, account, said_nothing, now)

    status = account.call("maintenance_status")
    assert {"ok", "due_soon", "due", "overdue", "unknown"} == {item["status"] for item in status}
    assert {plane.registration for plane in PLANES} == {item["registration"] for item in status}
    assert ["completion"] == [item["missing"] for item in status if item["status"] == "unknown"]
    signed = list(account.rows("maintenance_completions", order="entry"))
    assert 2 == len({row["entered_by"] for row in signed})
    components = account.call("component_status")
    [moved] = [row for row in components if row["component_id"] == MOVED_ENGINE.component_id]
    assert "D-EABC" == moved["registration"]
    assert moved["since_new_seconds"] - moved["since_overhaul_seconds"] == round((1911.4 - 388.2) * HOUR)
    assert moved["since_overhaul_seconds"] > 400 * HOUR
    assert 1 == sum(row["plane_id"] is None for row in components)
    told: list[str] = []
    look_after(stack, account, told.append, now)
    assert ([], len(signed)) == (told, len(list(account.rows("maintenance_completions", order="entry"))))


def every_hour(monday: date) -> Iterator[datetime]:
    """The hours of a week."""
    midnight = datetime.combine(monday, datetime.min.time(), UTC)
    yield from (midnight + timedelta(hours=hours) for hours in range(7 * 24))


@pytest.mark.parametrize("plane", PLANES, ids=lambda plane: plane.registration)
@pytest.mark.parametrize("monday", MONDAYS, ids=str)
def test_at_any_hour_of_a_week_the_story_goes_on(plane: DemoPlane, monday: date) -> None:
    """What an hour knows, the next one knows too; nothing is told of what is still in the air."""
    first_day = monday - timedelta(days=60)
    before: list[Flight] = []

    for now in every_hour(monday):
        flights = flown(plane, first_day, now)

        assert before == flights[: len(before)]
        assert all(flight.end <= now - DELIVERED_AFTER for flight in flights)
        assert list(range(1, len(flights) + 1)) == [flight.message["boot"] for flight in flights]
        before = flights


@pytest.mark.parametrize("plane", PLANES, ids=lambda plane: plane.registration)
def test_a_board_with_a_divider_tells_of_engine_and_battery(plane: DemoPlane) -> None:
    """Of two planes: the engine within each flight, never on a check, a battery that is lower in winter."""
    messages = [(flight, flight.message) for flight in flown(plane, FIRST_DAY, NOW)]

    if plane.wiring is None:
        assert not any(key.startswith(("engine_", "bus_")) for _, message in messages for key in message)
        return
    for flight, message in messages:
        check = flight.session_class == "avionics_only"
        assert check == (message["engine_seconds"] == 0) == ("engine_first_s" not in message)
        assert message["engine_seconds"] + message.get("engine_first_s", 0) <= message["run_seconds"]
        assert message["bus_min_mv"] < message["bus_start_mv"] < message["bus_max_mv"]
    resting = {month: [m["bus_start_mv"] for f, m in messages if f.start.month == month] for month in (1, 7)}
    assert max(resting[1]) < min(resting[7])


@pytest.mark.parametrize("plane", PLANES, ids=lambda plane: plane.registration)
def test_a_plane_flies_as_a_club_flies(plane: DemoPlane) -> None:
    """By day, one flight after the other, at most three a day (which is how high a lane gets), rarely a short one.

    Or on with the same pilot after some minutes at the pump.
    """
    flights = flown(plane, FIRST_DAY, NOW)

    assert all(7 <= flight.start.hour <= 17 and flight.end.hour <= 19 for flight in flights)
    for flight, later in itertools.pairwise(flights):
        goes_on = plane.refuels and later.start - flight.end < FUEL_STOP and later.pilot == flight.pilot
        assert goes_on or later.start - flight.end >= TURNAROUND
    assert plane.refuels == bool(fuel_stops(flights))
    days = [flight.start.date() for flight in flights]
    assert max(map(days.count, days)) <= 3
    short = [flight.start.date() for flight in flights if flight.message["run_seconds"] < 25 * 60]
    assert max(map(short.count, short), default=0) <= 1
    assert len(short) <= len(flights) / 6
    weekend = sum(day.weekday() >= 5 for day in days)
    assert weekend / 2 > (len(days) - weekend) / 5


@pytest.mark.parametrize("monday", MONDAYS, ids=str)
def test_at_any_hour_what_is_due_is_due(monday: date) -> None:
    """What was flown since an item was done last puts it where the club's story has it, and never before too early."""
    first_day = monday - timedelta(days=HISTORY_DAYS)
    for plane in PLANES:
        all_flights = flown(plane, first_day, NOW)
        for item in PROGRAMMES[plane.registration]:
            if item.since_hours is None or item.hours is None:
                continue
            for now in every_hour(monday):
                flights = [flight for flight in all_flights if flight.end <= now - DELIVERED_AFTER]

                done = [one.done_at for one in completions(item, flights, now)]

                ran = [
                    sum(f.message["run_seconds"] for f in flights if after < f.end <= until) / HOUR
                    for after, until in zip(done, [now, *done], strict=False)
                ]
                assert item.since_hours - 3 < ran[0] <= item.since_hours
                assert all(hours <= item.hours for hours in ran[1:])
                assert len({at.date() for at in done}) == len(done)


@pytest.mark.parametrize("monday", MONDAYS, ids=str)
def test_at_any_hour_the_log_has_one_of_each(monday: date) -> None:
    """Power-ups to merge and some to suggest, a flight to split, and one that is late for a month long closed."""
    first_day = monday - timedelta(days=HISTORY_DAYS)
    story = {plane: flown(plane, first_day, NOW) for plane in PLANES}
    for now in every_hour(monday):
        known = {
            plane: [flight for flight in flights if flight.end <= now - DELIVERED_AFTER]
            for plane, flights in story.items()
        }

        assert sum(len(fuel_stops(flights)[:-1]) for flights in known.values()) >= 2
        assert any(flight.end - flight.start >= LONG_FLIGHT for flight in known[LIVE_PLANE])
        late = [delivered_late(plane, flights, now) for plane, flights in known.items()]
        assert 1 == sum(flight is not None for flight in late)
        month = month_to_close(now)
        assert month.day == 1
        assert timedelta(days=28 + 28) < now - datetime.combine(month, datetime.min.time(), UTC) < timedelta(days=92)


def test_the_clubs_log_was_kept(stack: Stack, account: Account) -> None:
    """Merged, split, imported, locked, and late after the lock; all of it once."""
    write_history(stack, account, said_nothing, NOW)

    keep_log(account, said_nothing, NOW)

    entries = list(account.rows("log_entries", select="kind,quality,batch_id,pilot", order="effective_start,entry_id"))
    kinds = [entry["kind"] for entry in entries]
    assert kinds.count("merged") >= 2
    assert 2 == kinds.count("part")
    assert BOOK_FLIGHTS == sum(entry["batch_id"] is not None for entry in entries)
    fleet = next(account.rows("fleets", order="created_at"))
    assert account.call("merge_suggestions", fleet_id=fleet["fleet_id"])
    [report] = account.rows("monthly_reports", order="month")
    assert fleet["locked_until"] == report["ends"]
    following = (date.fromisoformat(report["month"]) + timedelta(days=31)).replace(day=1)
    next_month = json.loads(account.call("month_report_preview", fleet_id=fleet["fleet_id"], month=f"{following}"))
    assert 1 == len(next_month["after_the_lock"])
    told: list[str] = []
    keep_log(account, told.append, NOW)
    assert [] == told


@pytest.mark.parametrize("monday", MONDAYS, ids=str)
def test_at_any_hour_a_few_starts_wait_for_review(monday: date) -> None:
    """There is something to look at, and not a hundred of them."""
    flights = [f for p in PLANES for f in flown(p, monday - timedelta(days=200), NOW) if f.estimated]

    for now in every_hour(monday):
        assert 1 <= sum(f.end <= now - DELIVERED_AFTER and waits_for_review(f, now) for f in flights) <= 10


def test_live_board_reports_and_is_the_same_board_in_the_next_run(
    stack: Stack, account: Account, tmp_path: Path
) -> None:
    """In flight when the demo begins, its engine running; a restart within minutes is the same flight and board."""
    write_history(stack, account, said_nothing, datetime.now(UTC))
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
    sessions = list(account.rows("session_log", device_uuid=f"eq.{uuids[0]}", order="effective_start"))
    assert [1, 2] == [session["boot"] for session in sessions]  # 1: on the bench
    assert ["ntp", "ntp"] == [session["start_source"] for session in sessions]
    assert sessions[1]["run_seconds"] >= AIRBORNE.total_seconds()
    assert sessions[0]["engine_seconds"] is None
    assert 0 <= sessions[1]["run_seconds"] - sessions[1]["engine_seconds"] - LIVE_BEFORE_SECONDS <= 10
    assert {LIVE_PLANE.registration} == {session["registration"] for session in sessions}


@pytest.mark.parametrize("engine", [True, False])
def test_the_live_bus_ends_a_flight_to_the_second(engine: bool) -> None:
    """The board dies of an empty capacitor, in time for the demo, and knows when the master switch was opened."""
    drive = install(Drive(), settings=LIVE_SETTINGS)
    with SimulatedBoard(drive, BoardClock(NOW)) as board:
        off = NOW + timedelta(minutes=6)
        LiveBus(board).draw(NOW, off, engine=engine)
        board.power_on()
        board.run_for((off + LIVE_HOLD_UP - NOW).total_seconds())

        assert not board.powered
        (session,) = filter(None, json.loads(drive.outside_read("/sessions.json"))["sessions"])
        twin = json.loads(drive.outside_read("/logger/sessions.json"))["sessions"][0]
    session = max(session, twin, key=lambda one: one["rev"])
    assert session["exact"] == 1
    assert abs(session["run_seconds"] - 360) <= 1
    running = 360 - LIVE_BEFORE_SECONDS - LIVE_AFTER_SECONDS
    assert abs(session["engine_seconds"] - engine * running) <= 6


def test_a_board_was_heard_when_its_plane_last_flew(stack: Stack, account: Account) -> None:
    """A plane that flew days ago is not off since the minute in which the demo was started."""
    write_history(stack, account, said_nothing, NOW)

    for row in account.rows("device_status", order="device_uuid"):
        flights = account.rows("session_log", device_uuid=f"eq.{row['device_uuid']}", order="effective_start.desc")
        assert row["last_seen"] == next(flights)["session_end"]


def test_however_often_the_demo_is_started_every_flight_is_flown_to_its_end() -> None:
    """Stopped after a minute or after weeks: no short session, none twice, and always a flight to look at."""
    dice = random.Random(7)
    lengths = {timedelta(minutes=flight.minutes) for flight in AFTERNOON} | {FIRST_FLIGHT}
    now = NOW
    state = BoardState(now - AIRBORNE - TURNAROUND)
    landed: list[Leg] = []
    under_way: Leg | None = None

    for _ in range(300):
        story = [Leg(f.start, f.end) for f in flown(LIVE_PLANE, state.until.date(), now)]
        legs = legs_until(now, state, story)
        if state.lands:
            assert legs[0] == Leg(state.until, state.lands)
            assert under_way is not None
            legs[0] = Leg(under_way.on, state.lands)  # it is one flight to the board

        *flown_meanwhile, under_way = legs
        assert all(leg.off <= now for leg in flown_meanwhile)
        assert under_way.on <= now < under_way.off
        assert under_way.off - under_way.on in lengths
        landed += flown_meanwhile
        now += timedelta(seconds=dice.choice((20, 200, 1800)) * dice.random())  # it is watched
        state = BoardState(now, under_way.off)
        if under_way.off <= now:
            landed.append(under_way)
            state = BoardState(under_way.off)
        now += timedelta(seconds=dice.choice((5, 300, 7_200, 86_400, 14 * 86_400)) * dice.random())

    assert len(landed) > 100
    assert all(leg.off - leg.on >= timedelta(minutes=1) for leg in landed)
    assert all(later.on >= leg.off for leg, later in itertools.pairwise(landed))
    short = [leg for leg in landed if leg.off - leg.on < timedelta(minutes=25)]
    assert len(short) <= len(landed) / 6  # looks at the avionics that the story tells of
