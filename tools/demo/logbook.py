"""The club's log: power-ups that were one flight, a flight that was two, a spreadsheet, a month that is closed.

Runs after `write_history` and `look_after`: what is locked can no longer be said.
"""

import itertools
import random
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tools import wire
from tools.demo.account import Account
from tools.demo.history import (
    LATE_PLANE,
    LIVE_PLANE,
    NAMESPACE,
    PILOTS,
    PLANES,
    DemoPlane,
    Flight,
    deliver,
    delivered_late,
    first_day_of,
    flown,
    month_to_close,
)

FUEL_STOP = timedelta(minutes=10)  # power-ups with less between them were one flight
LONG_FLIGHT = timedelta(minutes=100)
BOOK_NAME = "Old logbook"
BOOK_FILE = "Bordbuch D-EABC.csv"
BOOK_PLANE = PLANES[1]
BOOK_FLIGHTS = 120
BOOK_YEARS = 7
BOOK_HEADERS = ("Datum", "Abflug", "Flugzeit", "Pilot", "Bemerkungen")


def keep_log(account: Account, tell: Callable[[str], None], now: datetime) -> None:
    """Merge, split, import and close a month, once, whatever follows; then a board delivers what is late.

    Interrupted, it goes on with the next run. Raises DemoError when the stack refuses a step.
    """
    fleet_id = next(account.rows("my_fleets", order="created_at"))["fleet_id"]
    month = month_to_close(now)
    if any(account.rows("monthly_reports", select="report_id", order="month")):
        return
    tell("Keeping the log")
    begin = first_day_of(account, now)
    story = {plane: flown(plane, begin, now) for plane in PLANES}
    for plane, flights in story.items():
        for run in fuel_stops(flights)[:-1]:  # nobody has looked at the newest one yet: it is suggested
            _merge(account, plane, run)
    _split(account, story[LIVE_PLANE])
    account.call(
        "import_sessions",
        batch_id=str(uuid.uuid5(NAMESPACE, BOOK_NAME)),
        fleet_id=fleet_id,
        name=BOOK_NAME,
        file_name=BOOK_FILE,
        mapping={
            "headers": BOOK_HEADERS,
            "columns": {"date": 0, "start": 1, "duration": 2, "pilot": 3, "remarks": 4},
            "plane_id": BOOK_PLANE.plane_id,
            "date_order": "dmy",
            "unit": "hms",
            "zone": "UTC",
        },
        entries=old_flights(begin),
    )
    account.call("close_month", fleet_id=fleet_id, month=f"{month}")
    late = delivered_late(LATE_PLANE, story[LATE_PLANE], now)
    if late:
        deliver(account, [late.message])


def fuel_stops(flights: Iterable[Flight]) -> list[list[Flight]]:
    """Runs of power-ups with less than ten minutes between them, oldest first."""
    runs: list[list[Flight]] = [[]]
    for flight in flights:
        if runs[-1] and flight.start - runs[-1][-1].end >= FUEL_STOP:
            runs.append([])
        runs[-1].append(flight)
    return [run for run in runs if len(run) > 1]


def old_flights(until: date) -> list[dict[str, Any]]:
    """What the plane flew in the years before it had a board, as the rows of an import."""
    dice = random.Random(BOOK_NAME)
    days = sorted(dice.sample(range(1, BOOK_YEARS * 365), BOOK_FLIGHTS), reverse=True)
    return [
        {
            "row_number": number,
            "plane_id": BOOK_PLANE.plane_id,
            "start": wire.timestamp(
                datetime.combine(until - timedelta(days=ago), time(dice.randrange(8, 16), dice.randrange(60)), UTC)
            ),
            "seconds": dice.randrange(20, 150) * 60,
            "class": "flight",
            "pilot": dice.choice(PILOTS),
            "remarks": dice.choice((None, None, "Circuits", "EDKB, EDDS")),
        }
        for number, ago in enumerate(days, 2)
    ]


def _session_ids(account: Account, plane: DemoPlane, flights: Iterable[Flight]) -> list[str]:
    starts = ",".join(flight.message["session_start"] for flight in flights)
    rows = account.rows(
        "sessions", select="session_id", device_uuid=f"eq.{plane.device_uuid}", session_start=f"in.({starts})",
        order="session_start",
    )  # fmt: skip
    return [row["session_id"] for row in rows]


def _merge(account: Account, plane: DemoPlane, run: list[Flight]) -> None:
    sessions = _session_ids(account, plane, run)
    if len(sessions) > 1:  # one of them may be late
        account.call(
            "merge_sessions",
            session_ids=sessions,
            entry_id=str(uuid.UUID(hex=uuid.uuid5(NAMESPACE, f"entry {sessions}").hex, version=4)),
            **{"class": "flight"},
        )


def _split(account: Account, flights: list[Flight]) -> None:
    """The newest long flight was two: out with one pilot, back with another."""
    long = [flight for flight in flights if flight.end - flight.start >= LONG_FLIGHT]
    for flight in itertools.islice(reversed(long), 1):
        [session] = _session_ids(account, LIVE_PLANE, [flight])
        half = flight.message["run_seconds"] // 2
        legs = ((0, PILOTS[0], "Outbound"), (half, PILOTS[1], "Return"))
        account.call(
            "split_session",
            session_id=session,
            parts=[
                {"from_seconds": begin, "class": "flight", "pilot": pilot, "remarks": remarks}
                for begin, pilot, remarks in legs
            ],
        )
