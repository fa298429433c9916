"""What check_import says of each row of a file, and what import_sessions takes."""

import itertools
import json
import random
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import MakeDatabase
from tests.supabase.oracle import EARLIEST
from tests.supabase.project import Board, Person, Project, Row, add_plane, assign, connect, fleet_of, refused
from tests.supabase.test_import import entry, fates, take_in
from tests.supabase.test_limits import LIMITS
from tools.wire import timestamp

HISTORIES, LONG_HISTORIES = 20, 1000
_BEGIN = datetime(2026, 5, 1, tzinfo=UTC)


def _doubt(session: Row) -> timedelta:
    """How far a device's session may be off."""
    if session["start_source"] == "estimated" and not session["clock_checked"]:
        return timedelta(seconds=86400 if session["start_uncertainty_s"] is None else session["start_uncertainty_s"])
    return timedelta(seconds=60 if session["checkpoint_seconds"] is None else session["checkpoint_seconds"])


def _entry_of(session: Row, t: datetime, log: list[Row]) -> Any:
    """The entry that a session stands in, of several the one at a time, or else the first."""
    entries = [one for one in log if session["session_id"] in one["session_ids"]]
    here = [one for one in entries if one["kind"] == "part" or one["plane_id"] == session["plane_id"]]
    here.sort(key=lambda one: one["effective_start"])
    before = [one for one in here if one["effective_start"] <= t]
    return (before[-1] if before else here[0])["entry_id"]


def _expected(sessions: list[Row], log: list[Row], file: list[Row]) -> list[tuple[int, str, Any]]:
    """Row number, fate and what it meets of each row, each held against each."""
    expected = []
    for place, row in enumerate(file):
        begin = datetime.fromisoformat(row["start"])
        end = begin + timedelta(seconds=row["seconds"])
        there = [one for one in sessions if str(one["plane_id"]) == row["plane_id"]]
        same = [one for one in there if (one["effective_start"], one["run_seconds"]) == (begin, row["seconds"])]
        devices = [
            one
            for one in there
            if one["device_uuid"] is not None
            and one["counts"]
            and one["effective_start"] - _doubt(one) < end
            and one["session_end"] + _doubt(one) > begin
        ]
        touched = [one for one in there if one["effective_start"] < end and one["session_end"] > begin]
        beside = any(
            (other_begin, other_place) < (begin, place) and other_begin + timedelta(seconds=other["seconds"]) > begin
            for other_place, other in enumerate(file)
            for other_begin in [datetime.fromisoformat(other["start"])]
            if other["plane_id"] == row["plane_id"]
        )
        in_the_log = [
            one["entry_id"]
            for kind in ("merged", "part")
            for one in log
            if (str(one["plane_id"]), one["effective_start"], one["run_seconds"], one["kind"])
            == (row["plane_id"], begin, row["seconds"], kind)
        ]
        if same:
            fate, met = "same", _entry_of(min(same, key=lambda one: one["session_id"]), begin, log)
        elif in_the_log:
            fate, met = "same", in_the_log[0]
        elif devices or touched:
            nearest = min(devices or touched, key=lambda one: (one["effective_start"], one["session_id"]))
            fate, met = "possible_duplicate", _entry_of(nearest, begin, log)
        else:
            fate, met = "possible_duplicate" if beside else "new", None
        expected.append((row["row_number"], fate, met))
    return expected


def _history(dice: random.Random, owner: Person, boards: list[Board], planes: list[str]) -> None:
    """A few days of boards and of entries by hand, some long, estimated, excluded or looked at."""
    for _ in range(dice.randrange(2, 12)):
        start = timestamp(_BEGIN + timedelta(minutes=10 * dice.randrange(600)))
        seconds = dice.choice([600, 1800, 7200, 100_000])
        if dice.randrange(2):
            fields: Row = dice.choice(
                [{}, {"checkpoint_seconds": 300}, {"start_source": "estimated", "start_uncertainty_s": 4 * 86400}]
            )
            dice.choice(boards).report(start, seconds, **fields)
        else:
            take_in(owner, entry(dice.choice(planes), start, seconds, excluded=dice.random() < 0.2))
    for session in owner.rows("select session_id from session_log where quality <> 'hand_entered' order by 1"):
        if dice.random() < 0.3:
            owner.run(
                "insert into session_annotations (session_id, excluded, clock_checked) values (%s, %s, %s)",
                session["session_id"],
                dice.random() < 0.5,
                dice.random() < 0.5,
            )


def _merge_and_split(dice: random.Random, owner: Person, planes: list[str]) -> None:
    """Some sessions are one entry, some are several."""
    for plane in planes:
        rows = owner.rows("select session_id::text, run_seconds from session_log where plane_id = %s order by 1", plane)
        dice.shuffle(rows)
        if len(rows) >= 3:
            owner.rows("select merge_sessions(%s::uuid[])", [row["session_id"] for row in rows[: dice.choice([2, 3])]])
        for row in rows[3:5]:
            cuts = [0, row["run_seconds"] // 3, row["run_seconds"] // 2]
            owner.rows(
                "select split_session(%s, %s)", row["session_id"], json.dumps([{"from_seconds": cut} for cut in cuts])
            )


def _file(dice: random.Random, sessions: list[Row], planes: list[str]) -> list[Row]:
    """Rows that repeat what is there, begin or end where it does, or lie anywhere near."""
    rows = []
    for number in range(dice.randrange(1, 25)):
        plane, seconds = dice.choice(planes), dice.choice([600, 1200, 1800, 7200, 90_000])
        start = _BEGIN + timedelta(minutes=10 * dice.randrange(-100, 700))
        if sessions and dice.random() < 0.5:
            near = dice.choice(sessions)
            plane, start = str(near["plane_id"]), near["effective_start"]
            seconds = dice.choice([near["run_seconds"], seconds])
            start += dice.choice([timedelta(0), timedelta(seconds=near["run_seconds"]), -timedelta(seconds=seconds)])
        rows.append(entry(plane, timestamp(start), seconds, row_number=number + 2))
    return rows


def test_every_row_has_the_fate_that_the_oracle_says(project: Project, long: bool) -> None:
    """Repeated, overlapping, touching, within the doubt of a device's clock, and within the file."""

    @settings(max_examples=LONG_HISTORIES if long else HISTORIES, deadline=None, database=None)
    @given(seed=st.integers(0, 2**32))
    def hold(seed: int) -> None:
        dice, owner = random.Random(seed), project.sign_up()
        planes, boards = [add_plane(owner, name) for name in ("D-EONE", "D-ETWO")], [project.board(), project.board()]
        for board, plane in zip(boards, planes, strict=True):
            assign(owner, board, plane)
        _history(dice, owner, boards, planes)
        _merge_and_split(dice, owner, planes)
        sessions = project.admin.execute(
            "select * from sessions where fleet_id = %s order by session_id", [fleet_of(owner)]
        ).fetchall()
        log = owner.rows("select * from log_entries where plane_id is not null order by entry_id")
        file = _file(dice, [*sessions, *log], planes)

        said = fates(owner, *file)

        assert _expected(sessions, log, file) == [(row["row_number"], row["fate"], row["entry_id"]) for row in said]
        assert len(sessions) == owner.value("select count(*) from session_log")
        take_in(owner, *file)
        assert ["same"] * len(file) == [row["fate"] for row in fates(owner, *file)]
        verified = project.admin.execute("select * from private.verify_hours()").fetchall()
        assert [] == verified

    project.set_clock("2026-06-01T12:00:00Z")
    hold()


_LONG = {name: "X" * (LIMITS[f"{name}_length"]["max"] + 1) for name in ("pilot", "remarks")}
_NO_PLANE = "There is no such plane in this fleet"
_NO_START = "The start is no time such as 2025-10-23T18:00:00Z"
_NO_LENGTH = "Its length is not 1 to 31622400 whole seconds (366 days)"
_NO_ID = "Its session_id is no random UUID (version 4)"
ODD = {
    "a number for an entry": (5, "This is no entry"),
    "nothing for an entry": (None, "This is no entry"),
    "no plane": ({"plane_id": None}, _NO_PLANE),
    "a registration": ({"plane_id": "D-EABC"}, _NO_PLANE),
    "a plane of nobody": ({"plane_id": str(uuid.uuid4())}, _NO_PLANE),
    "no start": ({"start": None}, _NO_START),
    "a start without its zone": ({"start": "1995-05-01T08:00:00"}, _NO_START),
    "a day that is none": ({"start": "1995-02-30T08:00:00Z"}, _NO_START),
    "a word for a time": ({"start": "infinity"}, _NO_START),
    "a day and a month that may be either": (
        {"start": "3/4/1995"},
        _NO_START,
    ),
    "before 1900": ({"start": "1899-12-31T23:59:59Z"}, "It starts before 1900"),
    "no time at all": ({"seconds": 0}, _NO_LENGTH),
    "less than none": ({"seconds": -60}, _NO_LENGTH),
    "half a second": ({"seconds": 0.5}, _NO_LENGTH),
    "a text for a length": ({"seconds": "3600"}, _NO_LENGTH),
    "367 days": ({"seconds": 367 * 86400}, _NO_LENGTH),
    "more than there is": ({"seconds": 10**30}, _NO_LENGTH),
    "the future": ({"start": "2026-06-01T12:00:00Z"}, "It has not ended yet"),
    "the far future": ({"start": "9999-01-01T12:00:00Z"}, "It has not ended yet"),
    "an unknown class": (
        {"class": "training"},
        "Its class is none of flight, ground_run, maintenance, avionics_only, test",
    ),
    "a long name": ({"pilot": _LONG["pilot"]}, "The pilot's name has over 120 characters"),
    "long remarks": ({"remarks": _LONG["remarks"]}, "The remarks have over 2,000 characters"),
    "a word for true": ({"excluded": "yes"}, "Excluded is true or false"),
    "the identity of a device's session": (
        {"session_id": "00000000-0000-8000-8000-000000000000"},
        _NO_ID,
    ),
    "no identity": ({"session_id": "7"}, _NO_ID),
}


@pytest.fixture(scope="module")
def refused_club(make_database: MakeDatabase) -> Iterator[tuple[Person, str]]:
    """An owner and a plane for all whose file is refused: nothing of it stays, as the first test says each time."""
    with connect(make_database()) as admin:
        project = Project(admin)
        project.set_clock("2026-06-01T12:00:00Z")
        owner = project.sign_up()
        yield owner, add_plane(owner)


@pytest.mark.parametrize("odd", ODD)
def test_what_is_wrong_with_a_row_is_said_and_refuses_the_file(refused_club: tuple[Person, str], odd: str) -> None:
    """The same words from both; nothing of the file stays."""
    owner, plane = refused_club
    fields, message = ODD[odd]
    row = {**entry(plane), **fields} if isinstance(fields, dict) else fields

    [wrong, right] = fates(owner, row, entry(plane, "1995-06-01T08:00:00Z", row_number=3))
    with pytest.raises(psycopg.Error, match=re.escape(f"Row 2: {message}")) as refusal:
        take_in(owner, entry(plane, "1995-06-01T08:00:00Z", row_number=3), row)

    assert ("error", None, message) == (wrong["fate"], wrong["entry_id"], wrong["message"])
    assert (3, "new", None, None) == tuple(right.values())
    assert "PT400" == refusal.value.sqlstate
    assert [] == owner.rows("select from session_annotations")


def test_what_is_just_right_comes_in(owner: Person, plane: str) -> None:
    """At the very edges; other zones are the same instants; fractions of a second are cut."""
    at_the_edge = [
        entry(plane, timestamp(EARLIEST), LIMITS["hand_seconds_range"]["max"]),
        entry(plane, "2026-06-01T13:05:00+02:00", 3600),
        entry(plane, "1995-05-01T08:00:00.9Z", 1.0, remarks="X" * 2000, pilot=f" {'X' * 120} "),
        entry(plane, "1996-05-01T08:00Z", 60, **{"class": "test", "pilot": " ", "remarks": None}),
    ]

    batch = take_in(owner, *at_the_edge)
    log = owner.rows("select effective_start, run_seconds, pilot from session_log order by effective_start")

    assert 4 == batch["row_count"]
    assert [
        (EARLIEST, 31_622_400, None),
        (datetime(1995, 5, 1, 8, tzinfo=UTC), 1, "X" * 120),
        (datetime(1996, 5, 1, 8, tzinfo=UTC), 60, None),
        (datetime(2026, 6, 1, 11, 5, tzinfo=UTC), 3600, None),
    ] == [tuple(row.values()) for row in log]


@pytest.mark.parametrize("file", ["[]", "{}", "null", '"x"', None, json.dumps([{}] * 10_001)])
def test_a_file_has_one_to_ten_thousand_rows(refused_club: tuple[Person, str], file: str | None) -> None:
    """Neither none nor more, nor anything else than a list."""
    owner, _ = refused_club
    for call in ("check_import(%s, %s)", "import_sessions(gen_random_uuid(), %s, 'Log', null, null, %s)"):
        with refused("PT400"):
            owner.rows(f"select {call}", fleet_of(owner), file)


def test_a_locked_time_is_said_before_it_is_refused(owner: Person, plane: str) -> None:
    """Row by row, from the very second of the lock on; all of the file is refused."""
    owner.rows("select set_lock(%s, '1996-01-01T00:00:00Z')", fleet_of(owner))
    file = [entry(plane, "1995-12-31T23:59:59Z"), entry(plane, "1996-01-01T03:00:00Z", row_number=3)]

    said = fates(owner, *file)
    with refused("PT409"):
        take_in(owner, *file)
    batch = take_in(owner, file[1])

    assert [
        ("error", "The log is locked until 1996-01-01T00:00:00Z"),
        ("new", None),
    ] == [(row["fate"], row["message"]) for row in said]
    assert 1 == batch["row_count"]


def test_the_plane_of_another_fleet_is_none(project: Project, owner: Person, plane: str) -> None:
    """Not even of a fleet that the caller is an editor of, too; a viewer imports nothing, a stranger sees nothing."""
    other = project.sign_up()
    theirs, viewer = add_plane(other), project.add_member(owner, "viewer")
    other.rows("select accept_invite(%s)", owner.value("select create_invite(%s, 'editor')", fleet_of(owner)))

    [row] = fates(other, entry(plane), fleet=fleet_of(other))
    with refused("PT400"):
        take_in(other, entry(theirs), entry(plane, row_number=3), fleet=fleet_of(other))
    for person, fleet, refusal in (
        (viewer, fleet_of(owner), "PT403"),
        (project.sign_up(), fleet_of(owner), "PT404"),
        (owner, str(uuid.uuid4()), "PT404"),
    ):
        with refused(refusal):
            fates(person, entry(plane), fleet=fleet)
        with refused(refusal):
            take_in(person, entry(plane), fleet=fleet)

    assert ("error", "There is no such plane in this fleet") == (row["fate"], row["message"])
    assert [] == project.admin.execute("select from sessions").fetchall()


def test_rows_may_bring_their_identities(project: Project, owner: Person, plane: str) -> None:
    """Each once, and none that is there already, in whatever fleet; nobody writes a batch into what is said."""
    identity, starts = str(uuid.uuid4()), itertools.count(1)

    def row(number: int) -> Row:
        return entry(plane, f"1995-05-0{next(starts)}T08:00:00Z", session_id=identity, row_number=number)

    first, second = fates(owner, row(2), row(3))
    take_in(owner, row(2))
    [again] = fates(owner, row(2))
    with refused("42501"):
        owner.run("update session_annotations set batch_id = gen_random_uuid()")

    assert identity == str(owner.value("select session_id from session_log"))
    assert ("new", "An earlier row has its session_id") == (first["fate"], second["message"])
    assert "There is a session with its session_id already" == again["message"]
