"""Monthly reports against the oracle: whatever came late, was corrected, merged or voided, every figure is the same."""

import json
import random
import subprocess
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.supabase import report_oracle
from tests.supabase.project import Project, Row, fleet_of
from tests.supabase.report_oracle import Earlier, Period
from tests.supabase.test_due import Club

HISTORIES = 1000
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Pacific/Kiritimati"]
# The last of these months: clocks change in March and October, February is short, and a year ends.
LAST_MONTHS = [date(2026, 3, 1), date(2026, 10, 1), date(2026, 2, 1), date(2025, 12, 1)]
MONTHS = 3
BY_START = "select session_id from session_log where {} order by effective_start, run_seconds, registration"


class Logbook(Club):
    """A club that merges, splits, enters by hand and closes its months, while boards deliver what is late."""

    def __init__(self, project: Project, dice: random.Random) -> None:
        super().__init__(project, dice)
        self.zone = dice.choice(ZONES)
        self.fleet = fleet_of(self.owner)
        self.e_mail = str(self.owner.value("select email from fleet_people(%s)", self.fleet))
        self.earlier: Earlier | None = None
        self._grown = 0

    def go_on(self, clock: datetime) -> None:
        """It is some other time."""
        self.clock = clock
        self.project.set_clock(clock.isoformat())

    def time(self, days: int = 100) -> datetime:
        """Of the last months; often at the very second at which one begins or ends."""
        if self.dice.random() < 0.15:
            edge = Period(self.dice.choice(_months_until(self.clock.date())), self.zone).begins
            return min(edge - timedelta(seconds=self.dice.choice([0, 0, 1])), self.clock)
        return super().time(days)

    def _sessions(self, wanted: str = "true") -> list[str]:
        return [str(row["session_id"]) for row in self.owner.rows(BY_START.format(wanted))]

    def power_up(self) -> None:
        """A flight in several power-ups, some of which nobody has closed, or whose clock was wrong."""
        board, start = self.dice.choice(self.boards), self.time(60) - timedelta(hours=6)
        for _ in range(self.dice.randint(2, 4)):
            seconds, source = self.dice.randint(60, 3000), self.dice.choice(["ntp", "ntp", "estimated"])
            status = self.dice.choice(["closed", "closed", "open"])
            board.report(f"{start:%Y-%m-%dT%H:%M:%SZ}", seconds, status, start_source=source)
            start += timedelta(seconds=seconds + self.dice.choice([-30, 60, 240]))

    def grow(self) -> None:
        """A board delivers the rest of a session that was known in part."""
        [*rows] = self.owner.rows(
            "select device_uuid, session_start, run_seconds from session_log where device_uuid is not null"
            " order by effective_start, run_seconds, registration"
        )
        if rows:
            row = self.dice.choice(rows)
            board = next(board for board in self.boards if board.device_uuid == str(row["device_uuid"]))
            board.report(f"{row['session_start']:%Y-%m-%dT%H:%M:%SZ}", row["run_seconds"] + self.dice.randint(0, 900))

    def enter(self) -> None:
        """An entry by hand comes, is changed, or goes."""
        by_hand = self._sessions("device_uuid is null")
        if by_hand and self.dice.random() < 0.4:
            one = self.dice.choice(by_hand)
            if self.dice.random() < 0.5:
                self.owner.run("delete from session_annotations where session_id = %s", one)
            else:
                self.owner.run("update session_annotations set hand_seconds = %s where session_id = %s",
                               self.dice.randint(1, 9000), one)  # fmt: skip
            return
        seconds = self.dice.randint(1, 9000)
        self.owner.run(
            "insert into session_annotations (hand_plane_id, hand_start, hand_seconds, pilot, remarks, class)"
            " values (%s, %s, %s, 'Zoë', %s, %s)",
            self.dice.choice(self.planes), min(self.time(), self.clock - timedelta(seconds=seconds)), seconds,
            self.dice.choice([None, 'by "hand"\n\\']), self.dice.choice([None, "flight"]),
        )  # fmt: skip

    def merge(self) -> None:
        """Neighbors become one entry, or are themselves again."""
        entries = self.owner.rows("select entry_id from merged_entries order by created_at, effective_start")
        if entries and self.dice.random() < 0.25:
            self.owner.run("delete from merged_entries where entry_id = %s", self.dice.choice(entries)["entry_id"])
            return
        plane = self.dice.choice(self.planes)
        sessions = self._sessions(f"plane_id = '{plane}'")
        if len(sessions) > 2:
            first = self.dice.randrange(len(sessions) - 1)
            self.owner.rows("select merge_sessions(%s)", sessions[first : first + self.dice.randint(2, 4)])

    def split(self) -> None:
        """A session becomes parts, or is whole again."""
        sessions = self._sessions("run_seconds > 200")
        if sessions:
            one = self.dice.choice(sessions)
            if self.dice.random() < 0.2:
                self.owner.rows("select join_session(%s)", one)
            else:
                cut = [{"from_seconds": 0, "pilot": "Amelia"}, {"from_seconds": self.dice.randint(60, 140)}]
                self.owner.rows("select split_session(%s, %s)", one, json.dumps(cut))

    def reassign(self) -> None:
        """A board was in another plane for some time, or in none."""
        board = self.dice.choice(self.boards)
        self.owner.rows("select assign_device(%s, %s, %s)", board.device_uuid,
                        self.dice.choice([*self.planes, None]), self.time())  # fmt: skip

    def happen(self) -> None:
        """What comes to a log beside all else; what is locked, or cannot be, is refused and changes nothing."""
        if self.dice.random() < 0.5:
            super().happen()
            return
        things = [self.power_up, self.grow, self.enter, self.merge, self.split, self.reassign]
        try:
            self.dice.choices(things, [4, 3, 2, 4, 2, 1])[0]()
        except psycopg.Error as error:
            assert error.sqlstate in ("PT400", "PT409"), error

    def expected(self, period: Period, made_by: str | None) -> Row:
        """What the oracle says of a month."""
        return report_oracle.report(self.project, self.clock, period, self.fleet, made_by, self.earlier)

    def close(self, period: Period) -> tuple[Row, Row]:
        """Close a month: the report as it is stored with its content read, and what the oracle expected."""
        expected = self.expected(period, self.e_mail)
        seconds = report_oracle.known_seconds(self.project)
        made = self.owner.row("select * from close_month(%s, %s, %s)", self.fleet, period.month, self.zone)
        made |= {"said": json.loads(made["content"])}
        self.earlier = Earlier(made, seconds)
        return made, expected


def _months_until(day: date) -> list[date]:
    """The first days of the month of a day, and of the five before it."""
    count = day.year * 12 + day.month - 1
    return [date((count - n) // 12, (count - n) % 12 + 1, 1) for n in range(6)]


def differences(expected: Any, answered: Any, path: str = "") -> list[str]:
    """Where two reports differ, one line for each place."""
    if isinstance(expected, dict) and isinstance(answered, dict) and expected.keys() == answered.keys():
        return [line for name in expected for line in differences(expected[name], answered[name], f"{path}.{name}")]
    if isinstance(expected, list) and isinstance(answered, list) and len(expected) == len(answered):
        pairs = enumerate(zip(expected, answered, strict=True))
        return [line for n, (one, other) in pairs for line in differences(one, other, f"{path}[{n}]")]
    return [] if expected == answered else [f"{path}: expected {expected!r}, answered {answered!r}"]


@pytest.fixture(scope="module")
def histories(long: bool) -> int:
    """How many random histories to try."""
    return HISTORIES if long else 4


def test_every_figure_of_a_report_is_the_oracles(project: Project, histories: int, tmp_path: Path) -> None:
    """Three months in a row, closed while all goes on; a failure names the seed of its history."""
    project.admin.execute("update private.settings set messages_per_minute = 100000, new_devices_per_hour = 100000")
    for seed in range(histories):
        dice = random.Random(seed)
        book = Logbook(project, dice)
        months = _months_until(dice.choice(LAST_MONTHS))[MONTHS - 1 :: -1]
        for month in months:
            period = Period(month, book.zone)
            for _ in range(dice.randint(8, 25)):
                book.go_on(max(book.clock, period.ends) if book.earlier else period.ends)
                book.happen()
            book.go_on(period.ends + timedelta(seconds=dice.choice([60, 86_400, 20 * 86_400])))
            preview = book.owner.value("select month_report_preview(%s, %s, %s)", book.fleet, month, book.zone)
            previewed = book.expected(period, None)

            made, expected = book.close(period)

            where = f"seed {seed}, {month:%Y-%m} in {book.zone}: "
            found = differences(expected, made["said"])
            assert not found, where + "\n".join(found)
            assert json.dumps(expected) == json.dumps(made["said"]), where + "another order"
            for row in previewed["corrections"]:
                row["author"] = book.e_mail
            assert not differences(previewed, json.loads(preview)), where + "the preview differs"
            assert (period.begins, period.ends) == (made["begins"], made["ends"]), where
            assert period.ends == book.owner.value("select locked_until from fleets where fleet_id = %s", book.fleet)
            book.go_on(book.clock + timedelta(seconds=1))
        file = tmp_path / "report.json"
        file.write_text(made["content"], encoding="utf-8", newline="")
        printed = subprocess.run(["sha256sum", file], capture_output=True, text=True, check=True).stdout
        assert made["sha256"] == printed.split()[0], f"seed {seed}"
        project.admin.execute("delete from fleets")
