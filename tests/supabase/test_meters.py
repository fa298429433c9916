"""A plane's meters: which there are, which is primary, whose a reading is, and what an estimated one learns."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.supabase.project import (
    Board,
    Person,
    Project,
    Row,
    add_plane,
    add_tach,
    fleet_of,
    hours,
    meter_of,
    refused,
)

HOUR = 3600
TENTH = 360
_FIRST = datetime(2026, 1, 1, 8, tzinfo=UTC)


def _status(person: Person, meter: str) -> Row:
    return person.row("select * from meter_status() where meter_id = %s", meter)


def _read(person: Person, meter: str, seconds: int, as_of: datetime, reason: str = "check") -> Row:
    return person.row(
        "select r.* from meters m, add_reading(m.plane_id, %s, %s, %s, meter_id => m.meter_id) r where m.meter_id = %s",
        seconds,
        reason,
        as_of,
        meter,
    )


def _fly(board: Board, days: int, seconds: int = HOUR, first: datetime = _FIRST) -> None:
    """A flight a day."""
    board.project.admin.execute("update private.settings set messages_per_minute = 100000")
    for day in range(days):
        board.report(f"{first + timedelta(days=day):%Y-%m-%dT%H:%M:%SZ}", seconds)


def test_every_plane_has_powered_time_and_it_is_primary(owner: Person, plane: str, board: Board) -> None:
    """Without a word of anybody's; its figures are the plane's hours."""
    board.report("2026-05-01T08:00:00Z", HOUR)

    [meter] = owner.rows("select * from meter_status(null, %s)", plane)

    assert ("Powered time", "powered", True) == (meter["name"], meter["source"], meter["is_primary"])
    assert HOUR == meter["total_seconds"] == meter["counted_seconds"] == hours(owner, plane)
    row = owner.row("select * from plane_hours()")
    assert (meter["meter_id"], "Powered time", "powered") == (row["meter_id"], row["meter_name"], row["meter_source"])
    assert (HOUR, row["uncertainty_seconds"]) == (row["meter_seconds"], row["meter_uncertainty_seconds"])


def test_the_drum_shows_another_meter_once_it_is_primary(owner: Person, plane: str, board: Board) -> None:
    """A reading that names no meter is then one of it; hours and Hobbs columns stay those of powered time."""
    board.report("2026-05-01T08:00:00Z", HOUR, engine_seconds=3000, engine_first_s=60)
    engine = meter_of(owner, plane, "engine")

    owner.rows("select set_primary_meter(%s)", engine)
    reading = owner.row("select * from add_reading(%s, %s, 'initial', '2026-05-01T00:00:00Z')", plane, 100 * HOUR)

    assert engine == str(reading["meter_id"])
    assert (0, 100 * HOUR) == (reading["expected_seconds"], reading["difference_seconds"])
    row = owner.row("select * from plane_hours()")
    assert (engine, "Engine time", "engine", 100 * HOUR + 3000) == (
        str(row["meter_id"]), row["meter_name"], row["meter_source"], row["meter_seconds"]
    )  # fmt: skip
    assert HOUR == row["total_seconds"] == hours(owner, plane)
    log = owner.row("select * from session_log")
    assert (0, HOUR) == (log["hobbs_start_seconds"], log["hobbs_end_seconds"])
    assert (100 * HOUR, 100 * HOUR + 3000) == (log["engine_hobbs_start_seconds"], log["engine_hobbs_end_seconds"])


def test_a_meter_says_what_it_does_not_know(owner: Person, plane: str, board: Board) -> None:
    """An engine that was never sensed and an estimate without a reading are unknown; what was not sensed is told."""
    board.report("2026-05-01T08:00:00Z", HOUR)
    engine, tach = meter_of(owner, plane, "engine"), add_tach(owner, plane, 0.8, "engine")

    never, unread = _status(owner, engine), _status(owner, tach)
    _read(owner, tach, 500 * HOUR, _FIRST, "initial")
    board.report("2026-05-02T08:00:00Z", HOUR, engine_seconds=1800, engine_first_s=60)

    assert (None, None, HOUR) == (never["total_seconds"], never["uncertainty_seconds"], never["not_sensed_seconds"])
    assert (None, None, Decimal("0.8")) == (unread["total_seconds"], unread["not_sensed_seconds"], unread["ratio"])
    assert owner.value("select meter_hours(%s, '2025-12-31')", tach) is None
    sensed, read = _status(owner, engine), _status(owner, tach)
    assert (1800, HOUR) == (sensed["total_seconds"], sensed["not_sensed_seconds"])
    assert (500 * HOUR + 1440, HOUR) == (read["total_seconds"], read["not_sensed_seconds"])
    assert [None, None, None, None] == [
        read[name] for name in ("ratio_low", "ratio_high", "ratio_readings", "uncertainty_seconds")
    ]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (("Panel", "powered", None, None), "PT409"),
        (("POWERED TIME", "engine", None, None), "PT409"),
        (("Tach", "estimated", None, None), "PT400"),
        (("Tach", "estimated", "base", None), "PT400"),
        (("Engine", "engine", "base", 0.8), "PT400"),
        (("Tach", "estimated", "tach", 0.8), "PT400"),
        (("Tach", "estimated", "other plane's", 0.8), "23503"),
    ],
)
def test_meters_that_there_cannot_be(
    owner: Person, plane: str, values: tuple[str, str, str | None, float | None], why: str
) -> None:
    """Two that count the same, two of one name, an estimate of nothing or of an estimate, a base elsewhere."""
    name, source, base, ratio = values
    bases = {
        None: None,
        "base": meter_of(owner, plane),
        "tach": add_tach(owner, plane, name="Another"),
        "other plane's": meter_of(owner, add_plane(owner, "D-OTHER")),
    }

    with refused(why):
        owner.run(
            "insert into meters (fleet_id, plane_id, name, source, base_meter_id, entered_ratio)"
            " values (%s, %s, %s, %s, %s, %s)",
            fleet_of(owner), plane, name, source, bases[base], ratio,
        )  # fmt: skip


def test_a_plane_has_up_to_eight_meters(owner: Person, plane: str) -> None:
    """Counted at the insert; a renamed one keeps its place."""
    tachs = [add_tach(owner, plane, name=f"Tach {number}") for number in range(7)]

    with refused("PT409"):
        add_tach(owner, plane, name="Tach 7")
    owner.run("update meters set name = ' tach 0 ' where meter_id = %s", tachs[0])
    with refused("PT409"):
        owner.run("update meters set name = 'TACH 0' where meter_id = %s", tachs[1])

    assert "tach 0" == owner.value("select name from meters where meter_id = %s", tachs[0])


def test_what_is_still_needed_is_not_deleted(owner: Person, plane: str) -> None:
    """Powered time, the primary meter, a base, and a meter with readings, also with voided ones; the rest is."""
    powered, engine = meter_of(owner, plane), meter_of(owner, plane, "engine")
    tach = add_tach(owner, plane, 0.8, "engine")
    delete = "delete from meters where meter_id = %s"

    owner.rows("select set_primary_meter(%s)", tach)
    for meter in (powered, engine, tach):
        with refused("PT409"):
            owner.run(delete, meter)
    owner.rows("select set_primary_meter(%s)", powered)
    reading = _read(owner, tach, 60, _FIRST)["reading_id"]
    owner.rows("select void_reading(%s, 'mistyped')", reading)
    with refused("PT409"):
        owner.run(delete, tach)
    unused = add_tach(owner, plane, name="Unused")

    assert 1 == owner.run(delete, unused)
    owner.run("update meters set base_meter_id = %s where meter_id = %s", powered, tach)
    assert 1 == owner.run(delete, engine)


def test_meters_go_with_their_plane_and_fleet(project: Project, owner: Person, plane: str) -> None:
    """A plane without history takes its meters along; a fleet everything, readings included."""
    spare = add_plane(owner, "D-SPARE")
    add_tach(owner, spare, 0.8, "engine")
    club = str(owner.value("select create_fleet('Club')"))
    of_club = str(owner.value(
        "insert into planes (fleet_id, registration) values (%s, 'D-CLUB') returning plane_id", club))  # fmt: skip
    _read(owner, add_tach(owner, of_club, 0.8, "engine"), 60, _FIRST)

    owner.run("delete from planes where plane_id = %s", spare)
    owner.rows("select delete_fleet(%s)", club)

    assert [meter_of(owner, plane)] == [
        str(row["meter_id"]) for row in project.admin.execute("select meter_id from meters").fetchall()
    ]


def test_readings_are_of_the_meter_that_they_name(owner: Person, plane: str) -> None:
    """One of another plane is refused, and so is the same reading again for another meter."""
    other = meter_of(owner, add_plane(owner, "D-OTHER"))
    tach = add_tach(owner, plane)
    add = "select * from add_reading(%s, 60, 'check', '2026-05-01', null, %s, %s)"
    reading = "6f0b8b5e-5d4b-4f0e-9d0f-0a7a5f1f4c11"

    with refused("PT404"):
        owner.rows(add, plane, reading, other)
    first = owner.row(add, plane, reading, tach)
    assert first == owner.row(add, plane, reading, tach)
    with refused("PT409"):
        owner.rows(add, plane, reading, meter_of(owner, plane))

    assert (None, None) == (first["expected_seconds"], first["difference_seconds"])


@pytest.mark.parametrize("seed", range(5))
def test_a_tach_learns_its_ratio_in_spite_of_its_last_digit_and_a_typing_error(
    owner: Person, plane: str, board: Board, seed: int
) -> None:
    """True 0.83, entered 0.9, shown to 0.1 h: the truth lies in the band, which is no narrower than 0.1 h allow."""
    dice, truth = random.Random(seed), 0.83
    _fly(board, 100, 5000)
    tach = add_tach(owner, plane, 0.9)
    readings = sorted(dice.sample(range(100), 6))
    mistyped = dice.choice(readings)
    for day in readings:
        shown = int((1000 * HOUR + (day + 1) * 5000 * truth) / TENTH) * TENTH
        _read(owner, tach, shown + (100 * HOUR if day == mistyped else 0), _FIRST + timedelta(days=day, hours=12))

    status = _status(owner, tach)

    assert 6 == status["ratio_readings"]
    assert status["ratio_low"] <= Decimal(str(truth)) <= status["ratio_high"]
    base = (readings[-1] - readings[0]) * 5000
    assert status["ratio_high"] - status["ratio_low"] >= Decimal(4 * TENTH) / base
    assert status["ratio_high"] - status["ratio_low"] < Decimal("0.1")
    assert status["uncertainty_seconds"] >= TENTH


def test_with_three_readings_a_mistyped_one_stays_between_the_good_slope_and_what_was_entered(
    owner: Person, plane: str, board: Board
) -> None:
    """Whichever of the three it is, and however far off."""
    _fly(board, 30)
    for name, wrong in enumerate(range(3)):
        for error in (-900 * HOUR, 10_000 * HOUR):
            tach = add_tach(owner, plane, 0.9, name=f"Tach {name} {error > 0}")
            for number, day in enumerate((1, 11, 21)):
                shown = 1000 * HOUR + int(day * HOUR * 0.8)
                _read(
                    owner, tach, shown + (error if number == wrong else 0), _FIRST + timedelta(days=day - 1, hours=12)
                )

            assert Decimal("0.8") <= _status(owner, tach)["ratio"] <= Decimal("0.9")


def test_two_readings_teach_nothing_yet_and_a_replaced_meter_starts_over(
    owner: Person, plane: str, board: Board
) -> None:
    """The entered ratio holds; no slope is taken across the change of the instrument."""
    _fly(board, 40)
    tach = add_tach(owner, plane, 0.9)
    at = [_FIRST + timedelta(days=day, hours=12) for day in range(40)]

    _read(owner, tach, 100 * HOUR, at[0])
    _read(owner, tach, 108 * HOUR, at[10])
    _read(owner, tach, 0, at[10] + timedelta(hours=1), "meter_replaced")
    unusable = _status(owner, tach)
    _read(owner, tach, 8 * HOUR, at[20])
    learned = _status(owner, tach)

    assert (Decimal("0.9"), None, None) == (unusable["ratio"], unusable["ratio_low"], unusable["ratio_readings"])
    assert 4 == learned["ratio_readings"]
    assert Decimal("0.85") == learned["ratio"]  # between 0.8 of each pair and what was entered
    assert 8 * HOUR + int(19 * HOUR * 0.85) == learned["total_seconds"]
