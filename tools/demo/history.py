"""A year of plausible flying for each plane of the demo's club, posted through the real ingest function."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import psycopg

from tools import wire
from tools.demo.account import Account, DemoError
from tools.stack import Stack

FLEET_NAME = "Hangar Flying Club"
HISTORY_DAYS = 365
CHECKPOINT_SECONDS = 15
PILOTS = ("A. Roth", "J. Lind", "M. Weber", "S. Okafor", "É. Martin")
NAMESPACE = uuid.UUID("6f0b7f0e-4b1e-4d1c-9a3e-6a2f0c9d8e71")  # of the demo's ids: the same in every run


@dataclass(frozen=True)
class DemoPlane:
    """A plane of the club and how it is flown."""

    registration: str
    type_designator: str
    make: str
    model: str
    reading_hours: float  # on the panel meter a year ago
    flights_per_week: float
    refused: bool = False  # its board was exchanged for one with another key

    @property
    def plane_id(self) -> str:
        return str(uuid.uuid5(NAMESPACE, f"plane {self.registration}"))

    @property
    def device_uuid(self) -> str:
        return str(uuid.uuid5(NAMESPACE, f"device {self.registration}"))


LIVE_PLANE = DemoPlane("D-EKLM", "C172", "Cessna", "Skyhawk", 4512.4, 4.5)
PLANES = (
    LIVE_PLANE,
    DemoPlane("D-EABC", "P28A", "Piper", "Archer III", 2071.9, 3.5),
    DemoPlane("G-BXYZ", "DR40", "Robin", "Régent", 861.2, 2.0, refused=True),
    DemoPlane("N123AB", "PA18", "Piper", "Super Cub", 12.7, 1.5),
)


@dataclass
class Flight:
    """One session of the history: its message to ingest, and what a pilot wrote about it later."""

    message: dict[str, Any]
    session_class: str
    pilot: str | None


def fly_a_year(plane: DemoPlane, today: date) -> list[Flight]:
    """The plane's sessions of the year before `today`, oldest first, the same for the same day."""
    dice = random.Random(f"{plane.registration} {today}")
    flights: list[Flight] = []
    lifetime = 0
    for days in range(HISTORY_DAYS, 0, -1):
        day = today - timedelta(days=days)
        season = 1.3 if 4 <= day.month <= 9 else 0.5
        weekend = 1.8 if day.weekday() >= 5 else 0.7
        if dice.random() > plane.flights_per_week / 7 * season * weekend:
            continue
        start = datetime.combine(day, time(dice.randrange(7, 12), dice.randrange(60), dice.randrange(60)), UTC)
        for leg in range(dice.choice((1, 1, 2, 2, 3))):
            is_check = leg == 0 and dice.random() < 0.12
            seconds = dice.randrange(60, 240) if is_check else dice.randrange(25 * 60, 135 * 60)
            lifetime += seconds
            flights.append(_flight(plane, start, seconds, len(flights) + 1, lifetime, is_check, dice))
            start += timedelta(seconds=seconds + dice.randrange(20 * 60, 90 * 60))
    return flights


def _flight(
    plane: DemoPlane, start: datetime, seconds: int, boot: int, lifetime: int, is_check: bool, dice: random.Random
) -> Flight:
    message = wire.message(
        plane.device_uuid,
        start,
        seconds,
        boot=boot,
        start_source="ntp",
        checkpoint_seconds=CHECKPOINT_SECONDS,
        lifetime_seconds=lifetime,
        reset_reason="POWER_ON",
        firmware="1.0.0",
    )
    if dice.random() < 0.02:
        message |= {"start_source": "estimated", "start_uncertainty_s": dice.randrange(10, 60) * 60}
    pilot = None if is_check else dice.choice((*PILOTS, None))
    ground = dice.random() < 0.05
    return Flight(message, "avionics_only" if is_check else "ground_run" if ground else "flight", pilot)


def write_history(stack: Stack, account: Account, tell: Callable[[str], None]) -> None:
    """Give the account its club with a year of history. Done before: returns at once. Interrupted: goes on.

    Raises DemoError when the stack refuses a step.
    """
    fleet = next(account.rows("my_fleets", order="created_at"))
    if fleet["name"] == FLEET_NAME:
        return
    today = datetime.now(UTC).date()
    known = {row["device_uuid"] for row in account.rows("device_status", order="device_uuid")}
    for plane in PLANES:
        tell(f"Flying a year with {plane.registration}")
        flights = fly_a_year(plane, today)
        _add_plane(account, fleet["fleet_id"], plane, today)
        _deliver(account, [flight.message for flight in flights])
        if plane.device_uuid not in known:
            account.call("claim_device", device_uuid=plane.device_uuid, name=f"Panel box {plane.registration[-2:]}")
            account.call("assign_device", device_uuid=plane.device_uuid, plane_id=plane.plane_id)
        _annotate(account, plane, flights)
        if plane.refused:
            _exchange_board(account, flights[-1].message)
    _hear_when_flown(stack)
    # The name is written last: it says that all of the above is done.
    account.update("fleets", {"name": FLEET_NAME}, fleet_id=f"eq.{fleet['fleet_id']}")


def _hear_when_flown(stack: Stack) -> None:
    """Each board was last heard when it last had power, not while its history was written."""
    with psycopg.connect(stack.database_url, autocommit=True) as database:
        database.execute(
            "update public.devices d set last_seen = l.heard from"
            " (select device_uuid, max(session_end) as heard"
            " from public.sessions group by 1) l where l.device_uuid = d.device_uuid"
        )


def _add_plane(account: Account, fleet_id: str, plane: DemoPlane, today: date) -> None:
    details = {
        "plane_id": plane.plane_id,
        "registration": plane.registration,
        "type_designator": plane.type_designator,
        "make": plane.make,
        "model": plane.model,
    }
    if not any(account.rows("planes", plane_id=f"eq.{plane.plane_id}", order="plane_id")):
        account.insert("planes", {"fleet_id": fleet_id, **details})
    if not any(account.rows("hour_readings", plane_id=f"eq.{plane.plane_id}", order="as_of")):
        account.call(
            "add_reading",
            plane_id=plane.plane_id,
            seconds=round(plane.reading_hours * 3600),
            reason="initial",
            as_of=wire.timestamp(datetime.combine(today - timedelta(days=HISTORY_DAYS + 1), time(12), UTC)),
        )


def _deliver(account: Account, messages: list[dict[str, Any]]) -> None:
    for at in range(0, len(messages), wire.BATCH_MESSAGES):
        answer = account.post_messages(messages[at : at + wire.BATCH_MESSAGES])
        # The last plane's board was exchanged at the end of an earlier run: its history is there already.
        if answer.status_code not in (200, 401):
            raise DemoError(f"ingest answered {answer.status_code}: {answer.text}")


def _annotate(account: Account, plane: DemoPlane, flights: list[Flight]) -> None:
    said = {flight.message["session_start"]: flight for flight in flights}
    annotations = []
    for row in account.rows(
        "session_log",
        select="session_id,reported_start",
        device_uuid=f"eq.{plane.device_uuid}",
        order="session_start,session_id",
    ):
        flight = said.get(wire.timestamp(datetime.fromisoformat(row["reported_start"])))
        if flight:
            annotation = {"session_id": row["session_id"], "class": flight.session_class, "pilot": flight.pilot}
            annotations.append(annotation)
    account.upsert("session_annotations", annotations, "session_id")


def _exchange_board(account: Account, last_message: dict[str, Any]) -> None:
    """A key is bound by the first board; the second one has another and is refused: the portal says what to do."""
    account.post_messages([last_message], device_key="1" * 64)
    account.post_messages([last_message], device_key="2" * 64)
