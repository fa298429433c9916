"""What a selection of the log comes to: what counting and adding its rows up would give."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.supabase.project import Board, Person, Project, Row, add_plane, assign, fleet_of, refused
from tests.supabase.random_log import CLASSES, CLOCK, Log

HISTORIES = 300
FILTERS = 25
MARKS = [
    *("measured", "clock_estimated", "unconfirmed", "flagged", "hand_entered"),
    *("short", "excluded", "overlaps"),
]
PILOTS = ["A", "ame", "%", "_", "\\", "zoe", "n%"]


def _totals(person: Person, **asked: Any) -> Row:
    names = {"fleet_id": fleet_of(person), **asked}
    arguments = ", ".join(f"{name} => %s" for name in names)
    return person.row(f"select * from log_totals({arguments})", *names.values())


def _is_found(row: Row, asked: Row) -> bool:
    """Whether a row of the log is one of those that are asked for."""
    checks: dict[str, Callable[[Any], bool]] = {
        "plane_id": lambda plane: str(row["plane_id"]) == plane,
        "without_plane": lambda none: row["plane_id"] is None,
        "device_uuid": lambda device: str(row["device_uuid"]) == device,
        "class": lambda said: {"none": row["class"] is None, "suggested": row["suggested_class"] is not None}.get(
            said, row["class"] == said
        ),
        "pilot": lambda part: part.lower() in (row["pilot"] or "").lower(),
        "mark": lambda mark: row[mark] if mark in ("short", "excluded", "overlaps") else row["quality"] == mark,
        "from_time": lambda time: row["effective_start"] >= time,
        "until_time": lambda time: row["effective_start"] < time,
    }
    return all(checks[name](value) for name, value in asked.items())


def _added_up(log: list[Row], asked: Row) -> Row:
    """The totals of a whole log, in the order of its starts, the plain way."""
    rows = [row for row in log if _is_found(row, asked)]
    used = [row for row in rows if not row["excluded"]]
    sensed = [row["engine_seconds"] for row in used if row["engine_seconds"] is not None]
    has_hobbs = "plane_id" in asked and not {"device_uuid", "class", "pilot", "mark"} & asked.keys()
    counted = [row for row in rows if has_hobbs and row["hobbs_start_seconds"] is not None]
    return {
        "entries": len(rows),
        "is_plain": all(row["kind"] == "session" for row in rows),
        "run_seconds": sum(row["run_seconds"] for row in used),
        "excluded_entries": len(rows) - len(used),
        "excluded_seconds": sum(row["run_seconds"] for row in rows if row["excluded"]),
        "sensed_entries": len(sensed),
        "engine_seconds": sum(sensed) if sensed else None,
        "hobbs_start_seconds": counted[0]["hobbs_start_seconds"] if counted else None,
        "hobbs_end_seconds": counted[-1]["hobbs_end_seconds"] if counted else None,
        "first_start": rows[0]["effective_start"] if rows else None,
    }


def _question(dice: random.Random, log: Log) -> Row:
    """What somebody may ask for; a plane and a period more often than the rest."""
    times = [CLOCK - timedelta(minutes=dice.randrange(4 * 24 * 60)) for _ in range(2)]
    choices: list[tuple[float, Row]] = [
        (0.5, dice.choice([{"plane_id": plane} for plane in log.planes] + [{"without_plane": True}])),
        (0.2, {"device_uuid": dice.choice(log.boards).device_uuid}),
        (0.25, {"class": dice.choice([*filter(None, CLASSES), "none", "suggested"])}),
        (0.2, {"pilot": dice.choice(PILOTS)}),
        (0.4, {"mark": dice.choice(MARKS)}),
        (0.3, {"from_time": min(times)}),
        (0.3, {"until_time": max(times)}),
    ]
    return {name: value for chance, one in choices if dice.random() < chance for name, value in one.items()}


@pytest.fixture(scope="module")
def histories(long: bool) -> int:
    """How many random histories to try."""
    return HISTORIES if long else 4


def test_totals_are_what_the_rows_add_up_to(project: Project, histories: int) -> None:
    """Merged, split, excluded, overlapping, sensed or not, of a plane or none; a failure names the seed."""
    project.admin.execute("update private.settings set messages_per_minute = 100000, new_devices_per_hour = 100000")
    found: set[str] = set()
    for seed in range(histories):
        dice = random.Random(f"totals {seed}")
        log = Log(project, dice)
        for _ in range(dice.randint(25, 40)):
            log.happen()
        log.owner.run(
            "insert into session_annotations (session_id, excluded)"
            " select session_id, true from sessions order by session_id limit 5"
            " on conflict (session_id) do update set excluded = true"
        )
        log.owner.run("update session_annotations set pilot = %s where pilot = 'Zoe'", "Zoe_n% \\")
        rows = log.owner.rows("select * from log_entries order by effective_start, entry_id")
        found |= {row["kind"] for row in rows} | {f"excluded {row['excluded']}" for row in rows}

        for _ in range(FILTERS):
            asked = _question(dice, log)
            assert _added_up(rows, asked) == _totals(log.owner, **asked), (seed, asked)

    assert {"session", "merged", "part", "excluded True", "excluded False"} == found


def test_nothing_comes_to_nothing(owner: Person) -> None:
    """A row of zeros, in which nothing was sensed."""
    expected = (0, True, 0, 0, 0, 0, None, None, None, None)

    assert expected == tuple(_totals(owner, from_time="2026-05-01").values())


def test_hobbs_is_told_of_a_plane_and_a_period_only(owner: Person, plane: str, board: Board) -> None:
    """Of the first and the last entry that count; what is left out of the totals has no Hobbs."""
    other = board.project.board()
    assign(owner, other, add_plane(owner, "D-EKLM"))
    for hour in (8, 10, 12, 14):
        board.report(f"2026-05-20T{hour:02}:00:00Z", 3600)
    owner.run(
        "insert into session_annotations (session_id, excluded)"
        " select session_id, true from session_log where extract(hour from effective_start) in (8, 14)"
    )

    def hobbs(**asked: Any) -> tuple[int | None, int | None]:
        row = _totals(owner, **asked)
        return row["hobbs_start_seconds"], row["hobbs_end_seconds"]

    assert (0, 7200) == hobbs(plane_id=plane)
    assert (3600, 7200) == hobbs(plane_id=plane, from_time=datetime.fromisoformat("2026-05-20T11:00Z"))
    assert (None, None) == hobbs()
    assert (None, None) == hobbs(plane_id=plane, mark="measured")
    assert (None, None) == hobbs(plane_id=plane, pilot="")
    assert (None, None) == hobbs(plane_id=plane, until_time="2026-05-20T09:00Z")


@pytest.mark.parametrize("asked", [{"class": "joyride"}, {"mark": "lovely"}])
def test_a_class_or_mark_that_there_is_not_is_refused(owner: Person, asked: Row) -> None:
    """It would otherwise look like an empty log."""
    with refused("22P02"):
        _totals(owner, **asked)


def test_totals_of_a_fleet_are_its_members(project: Project, owner: Person, board: Board) -> None:
    """A stranger's question has no answer, also with a plane."""
    board.report("2026-05-20T08:00:00Z", 3600)
    plane = owner.value("select plane_id from planes")

    rows = project.sign_up().rows("select * from log_totals(%s, %s)", fleet_of(owner), plane)

    assert [] == rows
