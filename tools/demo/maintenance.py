"""The club's maintenance: a programme for each plane, who did what when, and an engine that changed planes.

Some of it is ok, some due soon, due, overdue or not known, at whatever hour the demo is set up.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tools import wire
from tools.demo.account import MECHANIC_EMAIL, Account
from tools.demo.history import NAMESPACE, PLANES, DemoPlane, Flight, first_day_of, flown
from tools.stack import Stack

HOUR = 3600
AFTER_LANDING = timedelta(minutes=30)
MOVED_AFTER = timedelta(days=225)  # from the first day on
AFTERNOON = time(14)


@dataclass(frozen=True)
class DemoItem:
    """An item of a plane's programme, or of its engine's, and how it stands."""

    name: str
    hours: int | None = None
    months: int | None = None
    since_hours: float | None = None  # it was done with the landing after which at most this was flown since
    days_ago: int | None = None  # it was done then, whatever was flown
    tolerance_hours: int = 0
    anchor: str = "from_completion"
    component: str | None = None  # it belongs to it
    counts_from: str | None = None
    figure_seconds: int | None = None  # on the component's papers
    note: str | None = None


@dataclass(frozen=True)
class Stay:
    """That a component is in a plane, from so long after the first day on."""

    registration: str
    since: timedelta
    since_new_hours: float | None = None
    since_overhaul_hours: float | None = None


@dataclass(frozen=True)
class DemoComponent:
    """A component of the club and where it was."""

    kind: str
    make: str
    model: str
    serial: str
    stays: tuple[Stay, ...] = ()

    @property
    def component_id(self) -> str:
        return _identity("component", self.serial)


MOVED_ENGINE = DemoComponent(
    *("engine", "Lycoming", "O-360-A4M", "L-31877-36A"),
    (Stay("G-BXYZ", timedelta(0), 1911.4, 388.2), Stay("D-EABC", MOVED_AFTER)),
)
COMPONENTS = (
    DemoComponent("engine", "Lycoming", "O-320-H2AD", "L-7942-76T", (Stay("D-EKLM", timedelta(0), 3104.8, 1102.5),)),
    MOVED_ENGINE,
    DemoComponent("engine", "Lycoming", "O-360-A3A", "L-22140-36A", (Stay("G-BXYZ", MOVED_AFTER),)),
    DemoComponent("propeller", "Sensenich", "76EM8S14-0-62", "K-8110"),
)
ANNUAL = DemoItem("Annual inspection", months=12, days_ago=100)
CHECK_50 = DemoItem("50 h inspection", 50, since_hours=21)
PROGRAMMES: dict[str, tuple[DemoItem, ...]] = {
    "D-EKLM": (
        CHECK_50,
        DemoItem("100 h inspection", 100, since_hours=96, tolerance_hours=10, anchor="from_due_if_late"),
        ANNUAL,
        DemoItem("ELT battery", months=60, days_ago=700, note="Expiry date on the transmitter"),
        DemoItem("Oil and filter change", 50, 4, since_hours=12, component="L-7942-76T", counts_from="since_new"),
    ),
    "D-EABC": (
        replace(CHECK_50, since_hours=53, tolerance_hours=5),
        replace(ANNUAL, days_ago=210),
        DemoItem(
            *("Engine overhaul (TBO)", 2000, 144),
            days_ago=2_900,
            component=MOVED_ENGINE.serial,
            counts_from="since_overhaul",
            figure_seconds=0,
        ),
    ),
    "G-BXYZ": (replace(ANNUAL, days_ago=378), replace(CHECK_50, since_hours=30)),
    "N123AB": (
        replace(CHECK_50, since_hours=15),
        replace(ANNUAL, days_ago=345),
        DemoItem("Propeller overhaul (TBO)", 2400, 72),
    ),
}


@dataclass(frozen=True)
class Completion:
    """When an item was done; the newest of an item is number 0."""

    number: int
    done_at: datetime
    figure_seconds: int | None = None


def completions(item: DemoItem, flights: Sequence[Flight], now: datetime) -> Iterator[Completion]:
    """When the item was done, newest first: as the plan says, and before that each time when it had almost run out."""
    if item.days_ago is not None:
        day = now.date() - timedelta(days=item.days_ago)
        yield Completion(0, datetime.combine(day, AFTERNOON, UTC), item.figure_seconds)
    elif item.since_hours is not None and item.hours is not None:
        allowed, number, flown = item.since_hours * HOUR, 0, 0.0
        for later in reversed(flights):
            flown += later.message["run_seconds"]
            if flown > allowed:
                yield Completion(number, later.end + AFTER_LANDING)
                allowed, number, flown = (item.hours - 2) * HOUR, number + 1, later.message["run_seconds"]


def look_after(stack: Stack, account: Account, tell: Callable[[str], None], now: datetime) -> None:
    """Give the club of `write_history` components, programmes and completions by two people; once, whatever follows.

    Interrupted, it goes on with the next run. Raises DemoError when the stack refuses a step.
    """
    last_plane = PLANES[-1]
    *_, last_item = (item for item in PROGRAMMES[last_plane.registration] if item.days_ago is not None)
    if _is_completed(account, last_plane, last_item):
        return
    tell("Looking after the planes")
    fleet_id = next(account.rows("my_fleets", order="created_at"))["fleet_id"]
    begin = first_day_of(account, now)
    for component in COMPONENTS:
        _add_component(account, fleet_id, component, begin)
    with Account(stack, MECHANIC_EMAIL) as mechanic:
        if not any(mechanic.rows("my_fleets", fleet_id=f"eq.{fleet_id}", order="created_at")):
            mechanic.call("accept_invite", token=account.call("create_invite", fleet_id=fleet_id, role="editor"))
        for plane in PLANES:
            flights, items = flown(plane, begin, now), PROGRAMMES[plane.registration]
            account.call("set_up_maintenance", items=[_row(plane, item) for item in items])
            for item in items:
                if not _is_completed(account, plane, item):
                    _complete(account, mechanic, plane, item, completions(item, flights, now))


def _identity(*names: str) -> str:
    return str(uuid.uuid5(NAMESPACE, " ".join(names)))


def _item_id(plane: DemoPlane, item: DemoItem) -> str:
    return _identity("item", plane.registration, item.name)


def _row(plane: DemoPlane, item: DemoItem) -> dict[str, Any]:
    component = None if item.component is None else _identity("component", item.component)
    return {
        "item_id": _item_id(plane, item),
        "plane_id": plane.plane_id if component is None else None,
        "component_id": component,
        "name": item.name,
        "counts_from": item.counts_from,
        "interval_seconds": None if item.hours is None else item.hours * HOUR,
        "interval_months": item.months,
        "tolerance_seconds": item.tolerance_hours * HOUR,
        "anchor": item.anchor,
        "note": item.note,
    }


def _add_component(account: Account, fleet_id: str, component: DemoComponent, first_day: date) -> None:
    planes = {plane.registration: plane for plane in PLANES}
    component_id = component.component_id
    if not any(account.rows("components", component_id=f"eq.{component_id}", order="component_id")):
        kind, make, model, serial = component.kind, component.make, component.model, component.serial
        row = {"component_id": component_id, "kind": kind, "make": make, "model": model, "serial": serial}
        account.insert("components", {"fleet_id": fleet_id, **row})
    there = list(account.rows("component_installations", component_id=f"eq.{component_id}", order="installed_from"))
    for number, stay in enumerate(component.stays[len(there) :], len(there)):
        begin = wire.timestamp(datetime.combine(first_day, AFTERNOON, UTC) + stay.since)
        if number:
            account.call("remove_component", component_id=component_id, removed_at=begin)
        account.call(
            "install_component",
            component_id=component_id,
            plane_id=planes[stay.registration].plane_id,
            installed_from=begin,
            since_new_seconds=_seconds(stay.since_new_hours),
            since_overhaul_seconds=_seconds(stay.since_overhaul_hours),
        )


def _seconds(hours: float | None) -> int | None:
    return None if hours is None else round(hours * HOUR)


def _is_completed(account: Account, plane: DemoPlane, item: DemoItem) -> bool:
    return any(account.rows("maintenance_completions", item_id=f"eq.{_item_id(plane, item)}", order="entry"))


def _complete(
    account: Account, mechanic: Account, plane: DemoPlane, item: DemoItem, done: Iterable[Completion]
) -> None:
    for one in done:
        # Every second 50 h inspection is signed by a pilot.
        person = account if one.number % 2 and item.hours == 50 else mechanic
        person.call(
            "complete_maintenance",
            item_id=_item_id(plane, item),
            done_at=wire.timestamp(one.done_at),
            done_on=f"{one.done_at.date()}",
            meter_seconds=one.figure_seconds,
        )
