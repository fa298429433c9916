"""A restore rehearsed: the backup as DEPLOYMENT.md makes it, a day lost, and boards that fill the gap."""

import collections
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.conftest import MakeDatabase
from tests.firmware.world import SIMULATED_CLOCK, World
from tests.supabase.project import Person, Project, Row, add_plane, connect, fleet_of
from tests.supabase.test_import import entry, take_in
from tests.tools import backup_commands
from tools.stack import Stack

HOUR = 3600
NIGHT = 12 * HOUR
POST_SECONDS = 75  # a report a minute, and the checkpoint after it
SESSIONS = """select session_id::text, boot, session_start, run_seconds, status::text, plane_id::text, fleet_id::text
  from sessions"""


@contextlib.contextmanager
def _serve(database: str) -> Iterator[Stack]:
    """A project on this database."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(data=Path(folder), port=0, portal=False, database_url=database) as stack,
    ):
        yield stack


def _sessions(admin: psycopg.Connection[Row]) -> dict[str, Row]:
    """session_id -> what the database has of it."""
    return {row["session_id"]: row for row in admin.execute(SESSIONS).fetchall()}


def _activity(admin: psycopg.Connection[Row]) -> list[Row]:
    """Who changed what, as the database has it."""
    return admin.execute("select * from activity order by activity_id").fetchall()


def _seconds_by_plane(sessions: dict[str, Row]) -> dict[str, int]:
    seconds: dict[str, int] = collections.Counter()
    for row in sessions.values():
        seconds[row["plane_id"]] += row["run_seconds"]
    return dict(seconds)


def _first_day(project: Project, worlds: list[World]) -> Person:
    """Each board flies in a plane of its own, and someone says who flew; the owner."""
    owner = project.sign_up()
    for number, world in enumerate(worlds):
        world.prepare()
        owner.rows("select claim_device(%s)", world.device_uuid)
        owner.rows("select assign_device(%s, %s)", world.device_uuid, add_plane(owner, f"D-EAA{number}"))
        world.park(HOUR)
        world.fly(HOUR)
        world.park(NIGHT)
    owner.run("insert into session_annotations (session_id, class, pilot)"
              " select session_id, 'flight', 'Amelia' from session_log where run_seconds > 3000")  # fmt: skip
    take_in(owner, entry(str(owner.value("select plane_id from planes where registration = 'D-EAA0'"))))
    return owner


def test_a_lost_day_comes_back_from_the_boards(make_database: MakeDatabase, tmp_path: Path) -> None:
    """Two boards fly before and after the backup; the restored project ends with every session and the same hours."""
    old, new = make_database(), make_database()
    with contextlib.ExitStack() as life, connect(old) as admin, connect(new) as new_admin:
        with contextlib.ExitStack() as before_the_loss:
            admin.execute(SIMULATED_CLOCK)
            stack = before_the_loss.enter_context(_serve(old))
            worlds = [World(stack, admin, seed=seed) for seed in (1, 2)]
            for world in worlds:
                life.callback(world.close)
            owner = _first_day(Project(admin), worlds)
            backup_commands.run(backup_commands.BACKUP, tmp_path / "backup.sql", old)
            in_backup = _sessions(admin)
            for world in worlds:
                for seconds in (2 * HOUR, 600):
                    world.fly(seconds)
                    world.park(NIGHT)
            lost = _sessions(admin)

        # Another project, at the boards' old address: as with a domain of one's own.
        new_admin.execute(SIMULATED_CLOCK)
        new_admin.execute("delete from private.simulated_clock")  # the backup brings its row
        backup_commands.run(backup_commands.RESTORE, tmp_path / "backup.sql", new)
        restored = _sessions(new_admin)
        assert _activity(new_admin) == _activity(admin) != []
        stack = life.enter_context(_serve(new))
        for world in worlds:
            world.proxy.target, world.database = stack.url, new_admin
            world.fly(600)
        now = _sessions(new_admin)

        assert in_backup == restored
        assert (5, 9, 11) == (len(in_backup), len(lost), len(now))
        for session, row in lost.items():
            # What the line had not yet carried when the power went, the board has kept.
            ahead = now[session]["run_seconds"] - row["run_seconds"]
            assert ahead == 0 if row["status"] == "closed" else 0 <= ahead <= POST_SECONDS, row
            fixed = ("boot", "session_start", "plane_id", "fleet_id")
            assert [row[name] for name in fixed] == [now[session][name] for name in fixed]
        assert ["Server changed: all kept sessions will be sent again"] * 2 == [
            line for world in worlds for line in world.board.lines if line.startswith("Server changed")
        ]
        person = Person(new_admin, user_id=owner.user_id)
        hours = person.rows("select plane_id::text, total_seconds from plane_hours()")
        assert {row["plane_id"]: row["total_seconds"] for row in hours} == _seconds_by_plane(now)
        said = person.rows(
            "select pilot, class::text, run_seconds > 3000 as long from session_log where pilot is not null"
        )
        assert [{"pilot": "Amelia", "class": "flight", "long": True}] * 2 == said
        batch = person.value("select batch_id from import_batches")
        assert 1 == person.value("select rows_left from import_batch_status(%s)", fleet_of(person))
        person.rows("select revert_import(%s)", batch)
        assert len(now) - 1 == person.value("select count(*) from session_log")
