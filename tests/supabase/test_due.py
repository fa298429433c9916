"""What is due, against the oracle: whatever came late, was corrected, moved or voided, every figure is the same."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.supabase import due_oracle
from tests.supabase.project import Person, Project, Row, add_plane, assign, fleet_of

FIGURES = (
    "plane_id, component_id, status::text, missing::text, last_completion_id, last_done_on, last_done_seconds,"
    " now_seconds, due_seconds, remaining_seconds, due_on, remaining_days, projected_from, projected_to, urgency"
)
ZONES = ["UTC", "America/New_York", "Pacific/Auckland", "Pacific/Kiritimati"]
# Month ends, the leap day, and the hour in which half of the world has another date.
CLOCKS = ["2026-06-01T12:00:00Z", "2028-02-29T23:30:00Z", "2025-03-31T11:00:00Z", "2026-01-01T00:10:00Z"]
ANCHORS = ["from_completion", "from_due", "from_due_if_late"]
REASONS = ["initial", "check", "correction", "meter_replaced"]
HISTORIES = 2000
HOURS = 3600


class Club:
    """A fleet of two planes with two boards, meters, an engine and a propeller, to which things happen at random."""

    def __init__(self, project: Project, dice: random.Random) -> None:
        self.project, self.dice = project, dice
        self.clock = datetime.fromisoformat(dice.choice(CLOCKS))
        project.set_clock(self.clock.isoformat())
        self.owner = project.sign_up()
        self.planes = [add_plane(self.owner, name) for name in ("N1", "N2")]
        self.boards = [project.board(), project.board()]
        for board, plane in zip(self.boards, self.planes, strict=True):
            assign(self.owner, board, plane)
        self.meters = {plane: self._meters(plane) for plane in self.planes}
        self.components = [
            self._value("insert into components (fleet_id, kind) values (%s, %s) returning component_id",
                        fleet_of(self.owner), kind)
            for kind in ("engine", "propeller")
        ]  # fmt: skip
        self.items: list[str] = []

    def _value(self, query: str, *values: Any) -> str:
        return str(self.owner.value(query, *values))

    def _meters(self, plane: str) -> list[str]:
        powered = self._value("select meter_id from meters where plane_id = %s", plane)
        engine = self._value("insert into meters (fleet_id, plane_id, name, source) values (%s, %s, 'Engine', 'engine')"
                             " returning meter_id", fleet_of(self.owner), plane)  # fmt: skip
        tach = self._value(
            "insert into meters (fleet_id, plane_id, name, source, base_meter_id, entered_ratio)"
            " values (%s, %s, 'Tach', 'estimated', %s, %s) returning meter_id",
            fleet_of(self.owner), plane, self.dice.choice([powered, engine]), self.dice.choice(["0.8", "1", "0.913"]),
        )  # fmt: skip
        return [powered, engine, tach]

    def time(self, days: int = 500) -> datetime:
        """Some time before now; a few round ones, so that things meet at the very second."""
        before = self.dice.choice([self.dice.uniform(0, days), self.dice.uniform(0, 30), self.dice.randint(0, 20)])
        return max((self.clock - timedelta(days=before)).replace(microsecond=0), datetime(2024, 1, 2, tzinfo=UTC))

    def fly(self) -> None:
        """A board delivers, late and in any order."""
        board, sensed = self.dice.choice(self.boards), self.dice.random() < 0.7
        messages = []
        for _ in range(self.dice.randint(1, 12)):
            start, seconds = self.time(), self.dice.randint(0, 4 * HOURS)
            start = min(start, self.clock - timedelta(seconds=seconds))
            fields = {"engine_seconds": seconds // 2, "engine_first_s": seconds // 4} if sensed else {}
            messages.append(board.message(f"{start:%Y-%m-%dT%H:%M:%SZ}", seconds, "closed", **fields))
        board.post(*messages, batch=True)

    def annotate(self) -> None:
        """A session is excluded, counts again, or began at another time."""
        sessions = self.owner.rows(
            "select session_id from session_log order by session_start, run_seconds, registration"
        )
        if sessions:
            session = self.dice.choice(sessions)["session_id"]
            self.owner.run(
                "insert into session_annotations (session_id, excluded, corrected_start) values (%s, %s, %s)"
                " on conflict (session_id) do update set excluded = excluded.excluded,"
                " corrected_start = excluded.corrected_start",
                session, self.dice.random() < 0.5, self.dice.choice([None, self.time() - timedelta(hours=5)]),
            )  # fmt: skip

    def read(self) -> None:
        """A meter is read, some of them with a slip of the pen; or a reading is voided."""
        entered = self.owner.rows("select reading_id from hour_readings where voided_at is null order by entry")
        if entered and self.dice.random() < 0.3:
            self.owner.rows("select void_reading(%s, 'typed wrong')", self.dice.choice(entered)["reading_id"])
            return
        plane = self.dice.choice(self.planes)
        self.owner.rows(
            "select add_reading(%s, %s, %s::reading_reason, %s, meter_id => %s)",
            plane, self.dice.randint(0, 2000 * HOURS), self.dice.choice(REASONS), self.time(),
            self.dice.choice(self.meters[plane]),
        )  # fmt: skip

    def install(self) -> None:
        """A component is installed, in the past as a rule; removed; moved; put right; or taken back."""
        component, plane = self.dice.choice(self.components), self.dice.choice(self.planes)
        begin, end = sorted([self.time(), self.time()])
        new, overhaul = self.dice.choice([None, 0, 900 * HOURS]), self.dice.choice([None, None, 0, 100 * HOURS])
        installed = self.owner.rows(
            "select installation_id from component_installations where component_id = %s order by installed_from",
            component,
        )
        what = self.dice.choice(["install", "install", "remove", "change", "move", "take back"])
        if what == "install" or not installed:
            self.owner.rows(
                "select install_component(%s, %s, %s, %s, %s, %s, %s)",
                component, plane, begin, self.dice.choice([None, end]), self.dice.choice(self.meters[plane]), new,
                None if overhaul is not None and new is not None and overhaul > new else overhaul,
            )  # fmt: skip
        elif what == "remove":
            self.owner.rows("select remove_component(%s, %s)", component, self.dice.choice([None, self.time()]))
        elif what == "move":
            self.owner.rows("select remove_component(%s, %s)", component, begin)
            self.owner.rows("select install_component(%s, %s, %s)", component, plane, begin)
        elif what == "change":
            self.owner.run("update component_installations set installed_from = %s where installation_id = %s",
                           begin, self.dice.choice(installed)["installation_id"])  # fmt: skip
        else:
            self.owner.run("delete from component_installations where installation_id = %s",
                           self.dice.choice(installed)["installation_id"])  # fmt: skip

    def define(self) -> None:
        """An item of any kind, or another interval for one that is there."""
        dice = self.dice
        hours = dice.choice([None, 1, 10, 50, 2000])
        months, days = dice.choice([(None, None), (1, None), (12, None), (None, 30), (None, 90)])
        if hours is None and months is None and days is None:
            hours = 100
        shared = {
            "interval_seconds": None if hours is None else hours * HOURS,
            "interval_months": months,
            "interval_days": days,
            "tolerance_seconds": 0 if hours is None else dice.choice([0, hours * HOURS // 10]),
            "tolerance_days": dice.choice([0, 0, 30]),
            "warning_seconds": dice.choice([0, 36000]),
            "warning_days": dice.choice([0, 30]),
            "anchor": dice.choice(ANCHORS),
        }
        if self.items and dice.random() < 0.2:
            changes = ", ".join(f"{name} = %s" for name in shared)
            self.owner.run(f"update maintenance_items set {changes} where item_id = %s",
                           *shared.values(), dice.choice(self.items))  # fmt: skip
            return
        plane = dice.choice(self.planes)
        belongs = dice.choice([
            {"plane_id": plane, "meter_id": dice.choice([None, *self.meters[plane]])},
            {"component_id": dice.choice(self.components), "counts_from": dice.choice([None, "since_overhaul"])},
        ])  # fmt: skip
        row = {"fleet_id": fleet_of(self.owner), "name": f"Item {len(self.items)}", **belongs, **shared}
        marks = ", ".join(["%s"] * len(row))
        self.items.append(
            self._value(
                f"insert into maintenance_items ({', '.join(row)}) values ({marks}) returning item_id", *row.values()
            )
        )

    def complete(self) -> None:
        """Something was done, entered at once or much later, with a figure or without; or it was not, after all."""
        done = self.owner.rows(
            "select completion_id from maintenance_completions where voided_at is null order by entry"
        )
        if not self.items or (done and self.dice.random() < 0.2):
            if done:
                self.owner.rows("select void_completion(%s, 'not signed')", self.dice.choice(done)["completion_id"])
            return
        item, at = self.dice.choice(self.items), self.time(700)
        by_hours = self.owner.value("select interval_seconds from maintenance_items where item_id = %s", item)
        figure = self.dice.choice([None, self.dice.randint(0, 2000 * HOURS)]) if by_hours else None
        day = at.date() + timedelta(days=self.dice.choice([0, 0, -1, 1]))
        if self.dice.random() < 0.3:
            day = _month_end(day)
            at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        if at <= self.clock:
            self.owner.rows("select complete_maintenance(%s, %s, %s, %s)", item, at, day, figure)

    def put_away(self) -> None:
        """An item or a plane is archived, or comes back."""
        table, key, candidates = self.dice.choice(
            [("maintenance_items", "item_id", self.items), ("planes", "plane_id", self.planes[:1])]
        )
        if candidates:
            self.owner.run(f"update {table} set archived_at = %s where {key} = %s",
                           self.dice.choice([None, None, self.clock]), self.dice.choice(candidates))  # fmt: skip

    def happen(self) -> None:
        """Whatever comes; what cannot be is refused, and changes nothing."""
        things = [self.fly, self.annotate, self.read, self.install, self.define, self.complete, self.put_away]
        what = self.dice.choices(things, [4, 1, 3, 3, 3, 6, 1])[0]
        try:
            what()
        except psycopg.Error as error:
            assert error.sqlstate in ("PT400", "PT409"), error


def _month_end(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _answered(person: Person, zone: str) -> dict[str, Row]:
    rows = person.rows(f"select item_id, {FIGURES} from maintenance_status(%s)", zone)
    assert [row["urgency"] for row in rows] == sorted((row["urgency"] for row in rows), reverse=True)
    return {
        str(row.pop("item_id")): {
            name: str(value) if name.endswith("_id") and value else value for name, value in row.items()
        }
        for row in rows
    }


def _components(person: Person) -> dict[str, Row]:
    columns = "component_id, plane_id, since_new_seconds, since_overhaul_seconds, counted_seconds"
    rows = person.rows(f"select {columns} from component_status()")
    return {str(row.pop("component_id")): row | {"plane_id": row["plane_id"] and str(row["plane_id"])} for row in rows}


def _differences(expected: dict[str, Row], answered: dict[str, Row]) -> list[str]:
    return [
        f"{item} {name}: expected {value}, answered {answered[item][name]}"
        for item, row in expected.items()
        for name, value in row.items()
        if value != answered[item][name]
    ]


@pytest.fixture(scope="module")
def histories(long: bool) -> int:
    """How many random histories to try."""
    return HISTORIES if long else 8


def test_every_figure_is_the_oracles(project: Project, histories: int) -> None:
    """Whatever happened, in whatever order and zone; a failure names the seed of its history."""
    project.admin.execute("update private.settings set messages_per_minute = 100000, new_devices_per_hour = 100000")
    for seed in range(histories):
        dice = random.Random(seed)
        club = Club(project, dice)
        for _ in range(dice.randint(20, 60)):
            club.happen()
        zone = dice.choice(ZONES)

        answered = _answered(club.owner, zone)

        facts = due_oracle.load(project, club.clock, zone)
        expected = due_oracle.status(facts)
        assert due_oracle.components(facts) == _components(club.owner), f"seed {seed}"
        assert expected.keys() == answered.keys(), f"seed {seed}"
        assert not _differences(expected, answered), f"seed {seed}: " + "\n".join(_differences(expected, answered))
        project.admin.execute("delete from fleets")
