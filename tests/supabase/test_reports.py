"""The monthly report: what the log said when the month was closed, and what came after."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.supabase.project import (
    Board,
    Person,
    Project,
    Row,
    add_item,
    add_plane,
    add_tach,
    enter_session,
    fleet_of,
    hours,
    merge,
    refused,
    split,
)

APRIL, MAY = "2026-04-01", "2026-05-01"


def close(person: Person, month: str = APRIL, zone: str = "UTC") -> Row:
    """Close a month of the person's fleet; the row of the report."""
    return person.row("select * from close_month(%s, %s, %s)", fleet_of(person), month, zone)


def said(report: Row) -> Any:
    """The content of a report."""
    return json.loads(report["content"])


def preview(person: Person, month: str = APRIL, zone: str = "UTC") -> Any:
    """What the report of a month would say."""
    return json.loads(person.value("select month_report_preview(%s, %s, %s)", fleet_of(person), month, zone))


@pytest.fixture
def flown(owner: Person, plane: str, board: Board) -> list[str]:
    """Two power-ups in April and one in May, oldest first; the meter was read in March."""
    owner.rows("select add_reading(%s, 36000, 'initial', '2026-03-01')", plane)
    for start in ("2026-04-10T08:00:00Z", "2026-04-10T09:05:00Z", "2026-05-10T08:00:00Z"):
        board.report(start, 3600)
    return [str(row["session_id"]) for row in owner.rows("select * from session_log order by effective_start")]


def test_a_month_says_what_was_flown_done_and_read(owner: Person, plane: str, flown: list[str]) -> None:
    """Opening and closing figure of each meter, the entries as they stand in the log, maintenance."""
    tach = add_tach(owner, plane, 0.8)
    owner.rows("select add_reading(%s, 7200, 'initial', '2026-03-01', meter_id => %s)", plane, tach)
    merge(owner, *flown[:2])
    item = add_item(owner, plane, interval_seconds=36_000, warning_seconds=360_000)
    owner.rows("select complete_maintenance(%s, '2026-04-20', note => 'oil')", item)
    owner.run("insert into session_annotations (session_id, pilot) values (%s, 'own')", flown[0])

    report = said(close(owner))

    [one] = report["planes"]
    assert ("D-EABC", 7200, None, 1) == tuple(
        one[name] for name in ("registration", "powered_seconds", "engine_seconds", "entries_count")
    )
    assert [("Powered time", 36000, 43200), ("Tach", 7200, 12960)] == [
        (meter["name"], meter["opening_seconds"], meter["closing_seconds"]) for meter in one["meters"]
    ]
    [entry] = one["entries"]
    assert ("merged", "2026-04-10T08:00:00Z", "2026-04-10T10:05:00Z", 7200, None, 36000, 43200) == tuple(
        entry[name]
        for name in (
            "kind", "effective_start", "session_end", "run_seconds", "pilot", "hobbs_start_seconds", "hobbs_end_seconds"
        )
    )  # fmt: skip
    [done], [due] = report["maintenance"]["done"], report["maintenance"]["due"]
    assert ("100 h", "D-EABC", "2026-04-20", 43200, "oil") == tuple(
        done[name] for name in ("item", "registration", "done_on", "figure_seconds", "note")
    )
    assert ("100 h", "due_soon", 79200, 32400) == tuple(
        due[name] for name in ("item", "status", "due_seconds", "remaining_seconds")
    )
    assert ("uptime-logger-monthly-report-1", "2026-04", "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z") == tuple(
        report[name] for name in ("format", "month", "begins", "ends")
    )
    assert ([], [], None) == (report["after_the_lock"], report["carried"], report["earlier_report"])


def test_a_stranger_checks_the_hash_with_one_command(owner: Person, flown: list[str], tmp_path: Path) -> None:
    """Of the very bytes of the content, odd letters included."""
    owner.run("insert into session_annotations (session_id, pilot) values (%s, 'É. Martin \u2708')", flown[0])
    report = close(owner)
    file = tmp_path / "report.json"
    file.write_text(report["content"], encoding="utf-8")

    printed = subprocess.run(["sha256sum", file], capture_output=True, text=True, check=True).stdout

    assert report["sha256"] == printed.split()[0]
    assert report["sha256"] != hashlib.sha256(report["content"].replace("Martin", "Marten").encode()).hexdigest()


def test_the_same_state_makes_the_same_text(owner: Person, flown: list[str]) -> None:
    """A preview says what the report will, but for who made it and when."""
    before = preview(owner)
    assert before == preview(owner)

    report = close(owner)

    made = {name: said(report)[name] for name in ("made_at", "made_by")}
    assert "2026-06-01T12:00:00Z" == made["made_at"]
    assert "@" in made["made_by"]
    assert before | made == said(report)


def test_a_closed_month_is_locked_and_closed_once(
    project: Project, owner: Person, plane: str, flown: list[str]
) -> None:
    """The same request again answers the same; a month that runs, one that is none, and a second report are refused."""
    report = close(owner)
    fleet = fleet_of(owner)

    assert report == owner.row("select * from close_month(%s, %s, report_id => %s)", fleet, APRIL, report["report_id"])
    assert report["ends"] == owner.value("select locked_until from fleets where fleet_id = %s", fleet)
    with refused("PT409"):
        close(owner)
    with refused("PT409"):
        enter_session(owner, plane, "2026-04-30T23:59:59Z", 1)
    for month in ("2026-06-01", "2026-07-01", "2026-05-02", "1899-12-01", None):
        with refused("PT400"):
            close(owner, month)  # type: ignore[arg-type]
    with refused("PT400"):
        close(owner, MAY, "Middle/Earth")
    stranger = project.sign_up()
    with refused("PT409"):
        stranger.rows("select close_month(%s, %s, report_id => %s)", fleet_of(stranger), APRIL, report["report_id"])
    close(owner, "2026-03-01")
    assert report["ends"] == owner.value("select locked_until from fleets where fleet_id = %s", fleet)


def test_a_month_that_was_opened_again_gets_a_second_report(owner: Person, plane: str, flown: list[str]) -> None:
    """The first one stays as it is, and what was put right stands among the corrections of the second."""
    first = close(owner)
    owner.rows("select set_lock(%s, null)", fleet_of(owner))
    owner.run("insert into session_annotations (session_id, excluded) values (%s, true)", flown[0])

    second = close(owner)

    assert (7200, 3600) == tuple(said(report)["planes"][0]["powered_seconds"] for report in (first, second))
    assert [("fleets", "update"), ("session_annotations", "insert")] == [
        (row["subject"], row["action"]) for row in said(second)["corrections"] if row["subject"] != "device_assignments"
    ][-2:]
    kept = owner.rows("select * from monthly_reports order by sha256 = %s desc", first["sha256"])
    assert [first, second] == kept


def test_what_a_board_delivers_after_the_lock_stands_in_the_next_report(
    project: Project, owner: Person, plane: str, board: Board, flown: list[str]
) -> None:
    """Late sessions and those that grew, with what the closed month's figures became; once."""
    board.report("2026-04-30T23:00:00Z", 600, "open")
    april = close(owner)
    project.set_clock("2026-06-02T12:00:00Z")
    board.report("2026-04-20T08:00:00Z", 1800)
    board.report("2026-03-20T08:00:00Z", 60)
    board.report("2026-04-30T23:00:00Z", 1000)

    may = said(close(owner, MAY))

    late = [("2026-03-20T08:00:00Z", 60, None), ("2026-04-20T08:00:00Z", 1800, None)]
    assert [*late, ("2026-04-30T23:00:00Z", 1000, 600)] == [
        (row["effective_start"], row["run_seconds"], row["reported_seconds"]) for row in may["after_the_lock"]
    ]
    assert [("Powered time", 43800, 43800 + 60 + 1800 + 400)] == [
        (row["name"], row["reported_closing_seconds"], row["opening_seconds"]) for row in may["carried"]
    ]
    assert (april["sha256"], "2026-04") == (may["earlier_report"]["sha256"], may["earlier_report"]["month"])
    project.set_clock("2026-07-02T12:00:00Z")
    june = said(close(owner, "2026-06-01"))
    assert ([], []) == (june["after_the_lock"], june["carried"])


@pytest.mark.parametrize(
    ("zone", "begins", "ends"),
    [
        ("Europe/Berlin", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),
        ("America/New_York", "2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z"),
        ("Pacific/Kiritimati", "2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z"),
    ],
)
def test_a_month_is_that_of_its_time_zone(owner: Person, plane: str, zone: str, begins: str, ends: str) -> None:
    """To the second, also where the clocks change in it."""
    for start in (begins, ends):
        enter_session(owner, plane, start, 60)
        owner.run("insert into session_annotations (hand_plane_id, hand_start, hand_seconds)"
                  " values (%s, %s::timestamptz - interval '1 second', 1)", plane, start)  # fmt: skip

    report = said(close(owner, "2026-03-01", zone))

    assert (begins, ends, 2) == (report["begins"], report["ends"], report["planes"][0]["entries_count"])
    assert begins == report["planes"][0]["entries"][0]["effective_start"]
    assert 61 == report["planes"][0]["powered_seconds"]


def test_a_session_over_the_end_of_a_month_counts_in_both(owner: Person, plane: str) -> None:
    """Its entry stands in the month in which it began; the closing figure is the next opening one."""
    enter_session(owner, plane, "2026-04-30T23:00:00Z", 7200)

    april, may = preview(owner), preview(owner, MAY)

    assert [(1, 3600), (0, 3600)] == [
        (one["planes"][0]["entries_count"], one["planes"][0]["powered_seconds"]) for one in (april, may)
    ]
    assert (3600, 3600, hours(owner, plane)) == (
        april["planes"][0]["meters"][0]["closing_seconds"],
        may["planes"][0]["meters"][0]["opening_seconds"],
        may["planes"][0]["meters"][0]["closing_seconds"],
    )


def test_what_is_split_excluded_or_of_no_plane_is_listed_as_it_is(
    project: Project, owner: Person, plane: str, flown: list[str]
) -> None:
    """Parts as parts; what does not count has no Hobbs figure; an archived plane that flew is there, another is not."""
    split(owner, flown[0], 600)
    owner.run("insert into session_annotations (session_id, excluded) values (%s, true)", flown[1])
    homeless = project.board()
    owner.rows("select claim_device(%s)", homeless.device_uuid)
    homeless.report("2026-04-11T08:00:00Z", 60)
    add_plane(owner, "D-EOLD")
    owner.run("update planes set archived_at = '2026-03-31T23:59:59Z'")

    report = preview(owner)

    assert ["D-EABC"] == [one["registration"] for one in report["planes"]]
    assert [("part", 36000, 36600), ("part", 36600, 39600), ("session", None, None)] == [
        (entry["kind"], entry["hobbs_start_seconds"], entry["hobbs_end_seconds"])
        for entry in report["planes"][0]["entries"]
    ]
    assert [60] == [entry["run_seconds"] for entry in report["no_plane"]["entries"]]


def test_members_read_and_owners_close(project: Project, owner: Person, flown: list[str]) -> None:
    """Nobody changes a report, and a stranger sees none."""
    close(owner)
    fleet = fleet_of(owner)
    for role in ("editor", "viewer"):
        member = project.add_member(owner, role)
        assert 1 == member.value("select count(*) from monthly_reports")
        member.value("select month_report_preview(%s, %s)", fleet, MAY)
        with refused("PT403"):
            member.rows("select close_month(%s, %s)", fleet, MAY)
    stranger = project.sign_up()
    assert 0 == stranger.value("select count(*) from monthly_reports")
    for call in ("close_month", "month_report_preview"):
        with refused("PT404"):
            stranger.rows(f"select {call}(%s, %s)", fleet, MAY)
    with refused("42501"):
        owner.run("update monthly_reports set content = '{}'")


def test_a_session_of_whatever_month_that_grew_is_late(
    project: Project, owner: Person, plane: str, board: Board, flown: list[str]
) -> None:
    """Also one of a month before the last report's, one that is merged or split, and not one that was only closed."""
    board.report("2026-03-20T08:00:00Z", 60, "open")
    board.report("2026-03-21T08:00:00Z", 600, "open")
    merge(owner, *flown[:2])
    close(owner, "2026-03-01")
    project.set_clock("2026-06-02T12:00:00Z")
    april = said(close(owner))
    project.set_clock("2026-06-03T12:00:00Z")
    board.report("2026-03-20T08:00:00Z", 61)
    board.report("2026-03-21T08:00:00Z", 600, "closed")
    board.report("2026-04-10T09:05:00Z", 3700)

    may = said(close(owner, MAY))

    assert [] == april["after_the_lock"]
    assert [("2026-03-20T08:00:00Z", 61), ("2026-04-10T09:05:00Z", 3700)] == [
        (row["effective_start"], row["run_seconds"]) for row in may["after_the_lock"]
    ]
