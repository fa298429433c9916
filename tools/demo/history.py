"""A year of plausible flying for each plane of the demo's club, posted through the real ingest function."""

import copy
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import psycopg

from tools import wire
from tools.demo.account import Account, DemoError
from tools.demo.bus import Wiring, sensed
from tools.firmware_rules import INTEGER_SETTINGS
from tools.stack import Stack

FLEET_NAME = "Hangar Flying Club"
HISTORY_DAYS = 365
CHECKPOINT_SECONDS = INTEGER_SETTINGS["LOGGER_CHECKPOINT_SECONDS"].default
PILOTS = ("A. Roth", "J. Lind", "M. Weber", "S. Okafor", "É. Martin")
FIRST_BOARD_KEY, SECOND_BOARD_KEY = "1" * 64, "2" * 64
LAST_DEPARTURE = time(17)
DELIVERED_AFTER = timedelta(minutes=90)  # by then the board has met the hangar's Wi-Fi
FUEL_STOPS_FROM = timedelta(minutes=75)  # so long a flight may come in three power-ups: avionics off at the pump
FUEL_STOP_MINUTES = (3, 6)
UNTIMED_EVERY = 16  # flights; the board began one of them out of reach of any clock
REVIEWED_AFTER = timedelta(days=28)
TACH_RATIO, ENTERED_RATIO = 0.79, 0.8  # how fast a tachometer really goes, and what somebody thought
TACH_READ_EVERY = timedelta(days=84)  # five times in a year
TACH_DIGIT_SECONDS = 360  # it shows tenths of an hour
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
    wiring: Wiring | None = None  # of its board's divider, if it has one
    tach_hours: float | None = None  # on its tachometer a year ago, if somebody reads that, too
    refuels: bool = False  # on long flights its pilots switch the avionics off at the pump

    @property
    def plane_id(self) -> str:
        return str(uuid.uuid5(NAMESPACE, f"plane {self.registration}"))

    @property
    def device_uuid(self) -> str:
        return str(uuid.uuid5(NAMESPACE, f"device {self.registration}"))


LIVE_PLANE = DemoPlane("D-EKLM", "C172", "Cessna", "Skyhawk", 4512.4, 4.5)
PLANES = (
    LIVE_PLANE,
    DemoPlane(
        "D-EABC",
        "P28A",
        "Piper",
        "Archer III",
        2071.9,
        3.5,
        wiring=Wiring(12_650, 14_150),
        tach_hours=1642.8,
        refuels=True,
    ),
    DemoPlane("G-BXYZ", "DR40", "Robin", "Régent", 861.2, 2.0, refused=True),
    DemoPlane("N123AB", "PA18", "Piper", "Super Cub", 12.7, 1.5, wiring=Wiring(12_350, 13_550), refuels=True),
)
LATE_PLANE = PLANES[1]  # one of its flights arrives after its month was closed


@dataclass
class Flight:
    """One session of the story: its message to ingest, and what a pilot wrote about it later."""

    start: datetime
    message: dict[str, Any]
    session_class: str
    pilot: str | None

    @property
    def end(self) -> datetime:
        """When the power went off."""
        return self.start + timedelta(seconds=self.message["run_seconds"])

    @property
    def estimated(self) -> bool:
        """Whether the board did not know the time."""
        return bool(self.message["start_source"] == "estimated")


def flown(plane: DemoPlane, first_day: date, now: datetime) -> list[Flight]:
    """What the portal knows of the plane's flying since `first_day`, oldest first.

    A day's flights depend on the plane and the day alone, so a later `now` only adds to the list.
    """
    flights: list[Flight] = []
    lifetime = 0
    for days in range((now.date() - first_day).days + 1):
        for start, seconds, is_check, dice in _day(plane, first_day + timedelta(days=days)):
            if start + timedelta(seconds=seconds) > now - DELIVERED_AFTER:
                return flights
            lifetime += seconds
            flights.append(_flight(plane, start, seconds, len(flights) + 1, lifetime, is_check, dice))
    return flights


def _day(plane: DemoPlane, day: date) -> Iterator[tuple[datetime, int, bool, random.Random]]:
    """Start and seconds of each power-up of a day, and whether it is a look at the avionics only."""
    dice = random.Random(f"{plane.registration} {day}")
    season = 1.3 if 4 <= day.month <= 9 else 0.5
    weekend = 1.8 if day.weekday() >= 5 else 0.7
    if dice.random() > plane.flights_per_week / 7 * season * weekend:
        return
    start = datetime.combine(day, time(dice.randrange(7, 12), dice.randrange(60), dice.randrange(60)), UTC)
    legs = dice.choice((1, 1, 2, 2, 3))
    for leg in range(legs):
        if start.time() > LAST_DEPARTURE:
            return
        is_check = leg == 0 and dice.random() < 0.12
        seconds = dice.randrange(60, 240) if is_check else dice.randrange(25 * 60, 135 * 60)
        if plane.refuels and legs == 1 and seconds >= FUEL_STOPS_FROM.total_seconds():
            for _ in range(2):
                # The same pilot flies on: what is drawn for the others is drawn for the last one again.
                yield start, seconds // 3, is_check, copy.copy(dice)
                start += timedelta(seconds=seconds // 3, minutes=_fuel_stop_minutes(plane, start))
            seconds -= 2 * (seconds // 3)
        yield start, seconds, is_check, dice
        start += timedelta(seconds=seconds + dice.randrange(20 * 60, 90 * 60))


def _fuel_stop_minutes(plane: DemoPlane, start: datetime) -> int:
    # Dice of its own, as for the bus.
    return random.Random(f"{plane.registration} {start} fuel").randint(*FUEL_STOP_MINUTES)


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
    if boot % UNTIMED_EVERY == UNTIMED_EVERY // 2:
        # Dice of their own: whether a board knew the time, or has a divider, changes nothing about its flights.
        minutes = random.Random(f"{plane.registration} {start} clock").randrange(10, 60)
        message |= {"start_source": "estimated", "start_uncertainty_s": minutes * 60}
    if plane.wiring:
        noise = random.Random(f"{plane.registration} {start} bus")
        message |= sensed(plane.wiring, start, seconds, engine=not is_check, dice=noise)
    pilot = None if is_check else dice.choice((*PILOTS, None))
    ground = dice.random() < 0.05
    return Flight(start, message, "avionics_only" if is_check else "ground_run" if ground else "flight", pilot)


def waits_for_review(flight: Flight, now: datetime) -> bool:
    """Whether nobody has looked at it yet: the club works through its list of estimated starts once a month."""
    return flight.estimated and flight.start > now - REVIEWED_AFTER


def month_to_close(now: datetime) -> date:
    """First day of the newest month (UTC) in which nothing waits for review any more: the club closes it."""
    first = (now - REVIEWED_AFTER).date().replace(day=1)
    return (first - timedelta(days=1)).replace(day=1)


def delivered_late(plane: DemoPlane, flights: list[Flight], now: datetime) -> Flight | None:
    """The flight that its board had not delivered yet when the club closed its month, if it is one of this plane."""
    month = month_to_close(now)
    flown_then = [f for f in flights if f.start.date().replace(day=1) == month and f.session_class == "flight"]
    return flown_then[-1] if plane is LATE_PLANE and flown_then else None


def write_history(stack: Stack, account: Account, tell: Callable[[str], None], now: datetime) -> None:
    """Give the account its club with a year of history up to `now`; what was written by an earlier run is extended.

    Interrupted, it goes on with the next run. Raises DemoError when the stack refuses a step.
    """
    fleet = next(account.rows("my_fleets", order="created_at"))
    first_day = first_day_of(account, now)
    story = {plane: flown(plane, first_day, now) for plane in PLANES}
    if fleet["name"] == FLEET_NAME:
        written = [_extend(account, plane, flights, now, tell) for plane, flights in story.items()]
        if any(written):
            _hear_when_flown(stack, story)
        return
    known = {row["device_uuid"] for row in account.rows("device_status", order="device_uuid")}
    for plane, flights in story.items():
        tell(f"Flying a year with {plane.registration}")
        _add_plane(account, fleet["fleet_id"], plane, first_day)
        late = delivered_late(plane, flights, now)
        deliver(account, [flight.message for flight in flights if flight is not late])
        if plane.device_uuid not in known:
            account.call("claim_device", device_uuid=plane.device_uuid, name=f"Panel box {plane.registration[-2:]}")
            account.call("assign_device", device_uuid=plane.device_uuid, plane_id=plane.plane_id)
        _annotate(account, plane, flights, now)
        if plane.tach_hours is not None:
            _read_tach(account, fleet["fleet_id"], plane, first_day, plane.tach_hours)
        if plane.refused:
            _exchange_board(account, flights[-1].message)
    _hear_when_flown(stack, story)
    # The name is written last: it says that all of the above is done.
    account.update("fleets", {"name": FLEET_NAME}, fleet_id=f"eq.{fleet['fleet_id']}")


def first_day_of(account: Account, now: datetime) -> date:
    """The day after the meters were read first, in an earlier run or in this one."""
    reading = next(account.rows("hour_readings", select="as_of", order="as_of"), None)
    if reading is None:
        return now.date() - timedelta(days=HISTORY_DAYS)
    return datetime.fromisoformat(reading["as_of"]).date() + timedelta(days=1)


def _extend(
    account: Account, plane: DemoPlane, flights: list[Flight], now: datetime, tell: Callable[[str], None]
) -> bool:
    """Deliver what was flown since the last run, as long as the board is still where the story has it."""
    of_board = {"device_uuid": f"eq.{plane.device_uuid}"}
    status = next(account.rows("device_status", order="device_uuid", **of_board), None)
    if status is None or status["plane_id"] != plane.plane_id:
        return False
    newest = next(account.rows("session_log", select="session_start", order="effective_start.desc", **of_board))
    new = [flight for flight in flights if flight.start > datetime.fromisoformat(newest["session_start"])]
    if not new:
        return False
    tell(f"Flying with {plane.registration} since {new[0].start:%d %b}")
    deliver(account, [flight.message for flight in new], SECOND_BOARD_KEY if plane.refused else None)
    _annotate(account, plane, new, now)
    return True


def _hear_when_flown(stack: Stack, story: dict[DemoPlane, list[Flight]]) -> None:
    """Each board was last heard, and refused, when it last had power, not while its history was written."""
    with psycopg.connect(stack.database_url, autocommit=True) as database:
        for plane, flights in story.items():
            database.execute(
                "update public.devices d set last_seen = (select max(s.session_end) from public.sessions s"
                " where s.device_uuid = d.device_uuid),"
                " refused_at = case when refused_at is not null then %s::timestamptz end"
                " where device_uuid = %s",
                [flights[-1].end, plane.device_uuid],
            )


def _add_plane(account: Account, fleet_id: str, plane: DemoPlane, first_day: date) -> None:
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
            as_of=wire.timestamp(datetime.combine(first_day - timedelta(days=1), time(12), UTC)),
        )


def _read_tach(account: Account, fleet_id: str, plane: DemoPlane, first_day: date, begin_hours: float) -> None:
    """Add the plane's tachometer, and what it showed since a year ago."""
    tach = str(uuid.uuid5(NAMESPACE, f"tach {plane.registration}"))
    powered = next(
        account.rows(
            "meters", plane_id=f"eq.{plane.plane_id}", source="eq.powered", select="meter_id", order="meter_id"
        )
    )
    if not any(account.rows("meters", meter_id=f"eq.{tach}", order="meter_id")):
        account.insert(
            "meters",
            {
                "meter_id": tach,
                "fleet_id": fleet_id,
                "plane_id": plane.plane_id,
                "name": "Tach",
                "source": "estimated",
                "base_meter_id": powered["meter_id"],
                "entered_ratio": ENTERED_RATIO,
            },
        )
    begin = datetime.combine(first_day - timedelta(days=1), time(12), UTC)
    for number in range(HISTORY_DAYS // TACH_READ_EVERY.days + 1):
        as_of = wire.timestamp(begin + number * TACH_READ_EVERY)
        powered_hours = account.call("hours", plane_id=plane.plane_id, at_time=as_of) / 3600 - plane.reading_hours
        shown = (begin_hours + TACH_RATIO * powered_hours) * 3600
        account.call(
            "add_reading",
            reading_id=str(uuid.uuid5(NAMESPACE, f"tach {plane.registration} {number}")),
            plane_id=plane.plane_id,
            meter_id=tach,
            seconds=int(shown // TACH_DIGIT_SECONDS) * TACH_DIGIT_SECONDS,
            reason="check" if number else "initial",
            as_of=as_of,
        )


def deliver(account: Account, messages: list[dict[str, Any]], device_key: str | None = None) -> None:
    """Post messages of one board. Raises DemoError when they are refused."""
    for at in range(0, len(messages), wire.BATCH_MESSAGES):
        answer = account.post_messages(messages[at : at + wire.BATCH_MESSAGES], device_key)
        # The exchanged board is refused until somebody resets its key; its first history is there already.
        if answer.status_code not in (200, 401):
            raise DemoError(f"ingest answered {answer.status_code}: {answer.text}")


def _annotate(account: Account, plane: DemoPlane, flights: list[Flight], now: datetime) -> None:
    said = {flight.message["session_start"]: flight for flight in flights}
    annotations = []
    for row in account.rows(
        "session_log",
        select="session_id,session_start",
        device_uuid=f"eq.{plane.device_uuid}",
        order="effective_start,session_id",
    ):
        flight = said.get(wire.timestamp(datetime.fromisoformat(row["session_start"])))
        if flight:
            annotations.append(
                {
                    "session_id": row["session_id"],
                    "class": flight.session_class,
                    "pilot": flight.pilot,
                    "clock_checked": flight.estimated and not waits_for_review(flight, now),
                }
            )
    account.upsert("session_annotations", annotations, "session_id")


def _exchange_board(account: Account, last_message: dict[str, Any]) -> None:
    """A key is bound by the first board; the second one has another and is refused: the portal says what to do."""
    account.post_messages([last_message], device_key=FIRST_BOARD_KEY)
    account.post_messages([last_message], device_key=SECOND_BOARD_KEY)
