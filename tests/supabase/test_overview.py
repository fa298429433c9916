"""What the portal's first page reads: days with their hours, and everything about a fleet in one answer."""

import json

from tests.supabase.project import Board, Person, Project, add_component, add_item, add_plane, assign, fleet_of


def by_day(person: Person, time_zone: str = "UTC", days: int = 60) -> dict[str, int]:
    """Hours per day of the person's own fleet."""
    rows = person.rows("select * from hours_by_day(%s, %s, %s)", fleet_of(person), time_zone, days)
    return {str(row["day"]): row["seconds"] for row in rows}


def test_a_session_over_midnight_is_split_between_the_days_of_the_page(owner: Person, board: Board) -> None:
    """Days begin at midnight in the zone that was asked for; those without hours are left out."""
    board.report("2026-05-20T21:30:00Z", 5400)

    assert {"2026-05-20": 5400} == by_day(owner)
    assert {"2026-05-20": 1800, "2026-05-21": 3600} == by_day(owner, "Europe/Berlin")


def test_the_long_night_of_the_clock_change_belongs_to_its_local_days(
    project: Project, owner: Person, board: Board
) -> None:
    """A day has 25 hours when summer time ends, and a session over three days fills it."""
    project.set_clock("2026-11-01T12:00:00Z")
    board.report("2026-10-24T21:00:00Z", 27 * 3600)

    expected = {"2026-10-24": 3600, "2026-10-25": 25 * 3600, "2026-10-26": 3600}
    assert expected == by_day(owner, "Europe/Berlin")


def test_a_day_may_begin_and_end_on_one_utc_day(project: Project, owner: Person, board: Board) -> None:
    """London's day of 23 hours does: both of its midnights cut sessions in two."""
    other = project.board()
    assign(owner, other, add_plane(owner, "D-EKLM"))
    board.report("2026-03-28T23:00:00Z", 25 * 3600)
    other.report("2026-03-29T22:30:00Z", 3600)

    expected = {"2026-03-28": 3600, "2026-03-29": 23 * 3600 + 1800, "2026-03-30": 3600 + 1800}
    assert expected == by_day(owner, "Europe/London", 90)


def test_shared_time_counts_once_for_a_plane_and_twice_for_two(project: Project, owner: Person, board: Board) -> None:
    """The days say what the totals say: excluded, flagged and unassigned sessions are in neither."""
    twin, other, spare = project.board(), project.board(), project.board()
    assign(owner, twin, owner.value("select plane_id from planes"))
    assign(owner, other, add_plane(owner, "D-EKLM"))
    owner.rows("select claim_device(%s)", spare.device_uuid)
    board.report("2026-05-20T10:00:00Z", 3600)
    twin.report("2026-05-20T10:30:00Z", 3600)
    other.report("2026-05-20T10:00:00Z", 600)
    spare.report("2026-05-20T10:00:00Z", 60)
    board.report("2026-05-21T10:00:00Z", 60)
    owner.run(
        "insert into session_annotations (session_id, excluded)"
        " select session_id, true from session_log where effective_start >= '2026-05-21'"
    )
    board.report("2026-07-21T10:00:00Z", 60)

    total = owner.value("select sum(total_seconds)::bigint from plane_hours()")
    assert {"2026-05-20": 5400 + 600} == by_day(owner)
    assert 5400 + 600 == total


def test_days_end_today_and_begin_at_the_first_one_asked_for(owner: Person, board: Board) -> None:
    """What reaches in from the day before, or from weeks before, counts from the first midnight on."""
    board.report("2026-05-29T23:00:00Z", 7200)
    other = board.project.board()
    assign(owner, other, add_plane(owner, "D-EKLM"))
    other.report("2026-05-10T00:00:00Z", 21 * 86400)

    assert {"2026-05-30": 3600 + 86400} == by_day(owner, days=3)
    assert {"2026-05-29": 3600 + 86400, "2026-05-30": 3600 + 86400} == by_day(owner, days=4)


def test_one_answer_says_what_its_parts_say(owner: Person, board: Board) -> None:
    """The time, devices, planes, what is due first, months, latest sessions: as the functions have them, in order."""
    fleet = fleet_of(owner)
    for name in ("D-EZZZ", "D-EAAA"):
        add_plane(owner, name)
    for day in (11, 12, 13):
        board.report(f"2026-05-{day}T10:00:00Z", 3600, boot=day)
    plane = owner.value("select plane_id from planes where registration = 'D-EABC'")
    for hours in (50, 10):
        owner.rows(
            "select complete_maintenance(%s, '2026-05-01')", add_item(owner, plane, interval_seconds=hours * 3600)
        )
    add_item(owner, component_id=add_component(owner))  # on the shelf
    parts = {
        "devices": "select * from device_status where fleet_id = %s order by claimed_at, device_uuid",
        "planes": "select * from plane_hours('Europe/Berlin', %s)",
        "due": "select * from maintenance_status('Europe/Berlin', %s) where interval_seconds = 36000",
        "months": "select * from hours_by_month(%s, 'Europe/Berlin', 4)",
        "sessions": "select * from log_entries where fleet_id = %s order by effective_start desc limit 2",
    }
    asked = {name: owner.value(f"select json_agg(part) from ({query}) part", fleet) for name, query in parts.items()}
    expected = {"server_time": owner.value("select to_json(private.clock())"), **asked}

    overview = owner.value("select fleet_overview(%s, 'Europe/Berlin', true, 4, 2)", fleet)

    assert json.dumps(expected) == json.dumps(overview)


def test_parts_that_nobody_asked_for_are_not_read(owner: Person, board: Board) -> None:
    """What is asked for every few seconds is the devices alone."""
    board.report("2026-05-11T10:00:00Z", 3600)

    overview = owner.value("select fleet_overview(%s, with_planes => false)", fleet_of(owner))

    assert ["server_time", "devices"] == [name for name, rows in overview.items() if rows is not None]
    assert [board.device_uuid] == [device["device_uuid"] for device in overview["devices"]]


def test_missing_power_ups_of_a_fleet_are_those_of_its_devices(owner: Person, board: Board) -> None:
    """Each device's own, newest first, and none of a device that was released."""
    released = board.project.board()
    assign(owner, released, None)
    for number, one in enumerate((board, released)):
        for boot in (1, 3, 6):
            one.report(f"2026-05-{10 + boot + number}T10:00:00Z", 60, boot=boot)
    owner.rows("select release_device(%s)", released.device_uuid)

    rows = owner.rows("select device_uuid::text, from_boot, to_boot from fleet_boot_gaps(%s)", fleet_of(owner))

    assert [(board.device_uuid, 4, 5), (board.device_uuid, 2, 2)] == [tuple(row.values()) for row in rows]
