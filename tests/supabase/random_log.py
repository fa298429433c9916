"""A fleet to whose log things happen at random: boards and people say something, entries are merged and split."""

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg

from tests.supabase.project import Board, Project, Row, add_plane, assign, enter_session

CLASSES = ["flight", "ground_run", "maintenance", "avionics_only", "test", None]
CLOCK = datetime.fromisoformat("2026-05-10T12:00:00+00:00")
WINDOW_MINUTES = 3 * 24 * 60
"""Sessions begin in the days before the clock: close enough to meet each other."""


class Log:
    """A fleet of two planes, two boards and entries by hand, to which things happen at random."""

    def __init__(self, project: Project, dice: random.Random) -> None:
        self.project, self.dice = project, dice
        project.set_clock(CLOCK.isoformat())
        self.owner = project.sign_up()
        self.planes = [add_plane(self.owner, name) for name in ("N1", "N2")]
        self.boards = [project.board(), project.board()]
        for board, plane in zip(self.boards, self.planes, strict=True):
            assign(self.owner, board, plane)
        for _ in range(4):
            self._fly()

    def happen(self) -> None:
        """One thing that can happen; what an overlay says changes no session and no total."""
        overlays = [self._merge] * 5 + [self._split] * 3 + [
            self._add, self._take_out, self._undo, self._join, self._say_of_entries, self._edit_entry,
        ]  # fmt: skip
        facts = [self._fly] * 3 + [self._grow] * 3 + [self._annotate] * 3 + [
            self._enter, self._change_by_hand, self._assign, self._take_assignment_back, self._release, self._read,
        ]  # fmt: skip
        if self.dice.random() < 0.5:
            before = self._beneath()
            self._try(self.dice.choice(overlays))
            assert before == self._beneath()
        else:
            self._try(self.dice.choice(facts))

    def _try(self, what: Callable[[], None]) -> None:
        try:
            what()
        except psycopg.Error as error:
            assert error.sqlstate in ("PT400", "PT404", "PT409"), error

    def _beneath(self) -> list[Row]:
        """The sessions and the hours."""
        sessions = self.owner.rows("select * from session_log order by session_id")
        return [{name: row[name] for name in row if name != "entry_id"} for row in sessions] + self.owner.rows(
            "select * from plane_hours('Europe/Berlin') order by plane_id"
        )

    def _any(self, query: str, *values: Any) -> str | None:
        rows = self.owner.rows(f"select id from ({query}) one (id) order by id", *values)
        return str(self.dice.choice(rows)["id"]) if rows else None

    def _time(self) -> str:
        return f"{CLOCK - timedelta(minutes=self.dice.randrange(1, WINDOW_MINUTES)):%Y-%m-%dT%H:%M:%SZ}"

    def _post(self, board: Board, start: str, run_seconds: int) -> None:
        said: Row = {}
        if self.dice.random() < 0.5:
            engine = self.dice.choice([0, run_seconds // 3, run_seconds])
            said = {"engine_seconds": engine, **({"engine_first_s": 0} if engine else {}), "bus_min_mv": 9000}
        if self.dice.random() < 0.2:
            said |= {"start_source": "estimated", "start_uncertainty_s": 300}
        if self.dice.random() < 0.5:
            said["checkpoint_seconds"] = 15
        board.post(board.message(start, run_seconds, self.dice.choice(["open", "closed"]), **said))

    def _fly(self) -> None:
        seconds = self.dice.choice([30, 179, 180, 1200, 5400, 20000])
        self._post(self.dice.choice(self.boards), self._time(), seconds)

    def _grow(self) -> None:
        rows = self.owner.rows("select * from sessions where device_uuid is not null order by session_id")
        if rows:
            row = self.dice.choice(rows)
            board = Board(self.project, str(row["device_uuid"]))
            start = f"{row['session_start']:%Y-%m-%dT%H:%M:%SZ}"
            self._post(board, start, row["run_seconds"] + self.dice.choice([0, 1, 60, 4000]))

    def _annotate(self) -> None:
        if session := self._any("select session_id from sessions"):
            name, value = self.dice.choice(
                [
                    ("class", self.dice.choice(CLASSES)),
                    ("pilot", self.dice.choice(["Amelia", "Zoe", None])),
                    ("remarks", self.dice.choice(["circuits", "fuel", None])),
                    *[("excluded", self.dice.random() < 0.6)] * 2,
                    *[("corrected_start", self.dice.choice([self._time(), None]))] * 3,
                    ("clock_checked", self.dice.random() < 0.7),
                ]
            )
            self.owner.run(
                f"insert into session_annotations (session_id, {name}) values (%s, %s)"
                f" on conflict (session_id) do update set {name} = excluded.{name}",
                session,
                value,
            )

    def _enter(self) -> None:
        enter_session(self.owner, self.dice.choice(self.planes), self._time(), self.dice.choice([60, 1000, 4000]))

    def _change_by_hand(self) -> None:
        if session := self._any("select session_id from session_annotations where hand_start is not null"):
            name, value = self.dice.choice(
                [
                    ("hand_seconds", self.dice.choice([60, 500, 7000])),
                    ("hand_start", self._time()),
                    ("hand_plane_id", self.dice.choice(self.planes)),
                    ("", ""),
                ]
            )
            if name:
                self.owner.run(f"update session_annotations set {name} = %s where session_id = %s", value, session)
            else:
                self.owner.run("delete from session_annotations where session_id = %s", session)

    def _assign(self) -> None:
        plane = self.dice.choice([*self.planes, None])
        assign(self.owner, self.dice.choice(self.boards), plane, self._time())

    def _take_assignment_back(self) -> None:
        rows = "select assignment_id from device_assignments where assigned_from > '2025-01-01'"
        if assignment := self._any(rows):
            self.owner.rows("select remove_assignment(%s)", assignment)

    def _release(self) -> None:
        if self.dice.random() < 0.3:
            board = self.dice.choice(self.boards)
            self.owner.rows("select release_device(%s)", board.device_uuid)
            self._grow()
            assign(self.owner, board, self.dice.choice(self.planes))

    def _read(self) -> None:
        plane, seconds = self.dice.choice(self.planes), self.dice.randrange(0, 100_000)
        self.owner.rows("select add_reading(%s, %s, 'check', %s)", plane, seconds, self._time())

    def _sessions_of_a_plane(self) -> list[str]:
        rows = self.owner.rows(
            "select session_id from sessions where plane_id = %s order by effective_start, session_id",
            self.dice.choice(self.planes),
        )
        sessions = [str(row["session_id"]) for row in rows]
        first = self.dice.randrange(max(len(sessions), 1))
        near = sessions[first : first + 6]
        return self.dice.sample(near, min(len(near), self.dice.randint(2, 4)))

    def _merge(self) -> None:
        said = self.dice.choice([None, "flight"])
        self.owner.rows("select merge_sessions(%s::uuid[], %s)", self._sessions_of_a_plane(), said)

    def _add(self) -> None:
        if entry := self._any("select entry_id from merged_entries"):
            self.owner.rows("select add_to_entry(%s, %s::uuid[])", entry, self._sessions_of_a_plane())

    def _take_out(self) -> None:
        if session := self._any("select session_id from merged_sessions"):
            entry = self.owner.value("select entry_id from merged_sessions where session_id = %s", session)
            self.owner.rows("select take_out_of_entry(%s, %s::uuid[])", entry, [session])

    def _undo(self) -> None:
        self.owner.run(
            "delete from merged_entries where entry_id = %s", self._any("select entry_id from merged_entries")
        )

    def _split(self) -> None:
        if session := self._any("select session_id from sessions where run_seconds > 120"):
            length = self.owner.value("select run_seconds from sessions where session_id = %s", session)
            cuts = sorted(self.dice.sample(range(60, length - 59), min(self.dice.randint(1, 3), length - 119)))
            parts: list[Row] = [{"from_seconds": cut, "class": self.dice.choice(CLASSES)} for cut in (0, *cuts)]
            self.owner.rows("select split_session(%s, %s)", session, json.dumps(parts))

    def _join(self) -> None:
        self.owner.rows("select join_session(%s)", self._any("select session_id from session_parts"))

    def _edit_entry(self) -> None:
        table = self.dice.choice(["merged_entries", "session_parts"])
        entry = self._any(f"select entry_id from {table}")
        self.owner.run(f"update {table} set pilot = %s where entry_id = %s", self.dice.choice(["Ann", None]), entry)

    def _say_of_entries(self) -> None:
        rows = self.owner.rows("select entry_id, kind::text from log_entries where kind <> 'session' order by entry_id")
        chosen = self.dice.sample(rows, min(len(rows), 3))
        said = [{"entry_id": str(row["entry_id"]), "kind": row["kind"], "remarks": "said"} for row in chosen]
        self.owner.rows("select annotate_entries(%s)", json.dumps(said))
