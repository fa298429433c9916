"""What is due, case by case: the published rules, ends of months, and what others got wrong."""

import psycopg
import pytest

from tests.supabase.project import (
    Board,
    Person,
    Project,
    Row,
    add_component,
    add_item,
    add_plane,
    assign,
    fleet_of,
    meter_of,
    refused,
)

HOUR = 3600


def due(person: Person, item: str, zone: str = "UTC") -> Row:
    """What the status says of one item."""
    return person.row(
        "select *, status::text, missing::text from maintenance_status(%s) where item_id = %s", zone, item
    )


def complete(person: Person, item: str, day: str, hours: float | None = None) -> str:
    """Something was done at noon UTC of a day, at these hours of the meter."""
    figure = None if hours is None else round(hours * HOUR)
    query = "select (complete_maintenance(%s, %s, null, %s)).completion_id"
    return str(person.value(query, item, f"{day}T12:00:00Z", figure))


def read(person: Person, plane: str, day: str, hours: float, reason: str = "check", **fields: str) -> None:
    """The plane's meter was read at midnight of a day."""
    named = "".join(f", {name} => %s" for name in fields)
    query = f"select add_reading(%s, %s, %s::reading_reason, %s{named})"
    person.rows(query, plane, round(hours * HOUR), reason, day, *fields.values())


def _days(row: Row) -> tuple[str, str]:
    return str(row["last_done_on"]), str(row["due_on"])


@pytest.mark.parametrize(
    ("anchor", "done", "expected"),
    [
        ("from_completion", 110, 210),
        ("from_completion", 95, 195),
        ("from_completion", 87, 187),
        ("from_due_if_late", 110, 200),
        ("from_due_if_late", 100, 200),
        ("from_due_if_late", 95, 195),
        ("from_due_if_late", 87, 187),
        ("from_due", 110, 200),
        ("from_due", 95, 200),
        ("from_due", 90, 200),
        ("from_due", 87, 187),
        # whole cycles were skipped: nothing is born overdue
        ("from_due", 230, 330),
        ("from_due_if_late", 200, 300),
    ],
)
def test_each_anchor_is_the_rule_that_it_stands_for(
    owner: Person, plane: str, anchor: str, done: int, expected: int
) -> None:
    """A 100 h item with 10 h of tolerance, done at 0 and then at so many hours: the table of the README."""
    item = add_item(owner, plane, anchor=anchor, tolerance_seconds=10 * HOUR)
    read(owner, plane, "2026-05-01", done, "initial")
    complete(owner, item, "2025-05-01", 0)

    complete(owner, item, "2026-05-01", done)

    assert (expected * HOUR, done * HOUR) == (due(owner, item)["due_seconds"], due(owner, item)["last_done_seconds"])


@pytest.mark.parametrize(
    ("flown", "status"),
    [(89.99, "ok"), (90, "due_soon"), (99.99, "due_soon"), (100, "due"), (110, "due"), (110.01, "overdue")],
)
def test_the_hours_decide_the_status(owner: Person, plane: str, flown: float, status: str) -> None:
    """Each edge: the warning, due at 0 left, the end of the tolerance."""
    item = add_item(owner, plane, tolerance_seconds=10 * HOUR)
    read(owner, plane, "2026-05-01", 0, "initial")
    complete(owner, item, "2026-05-01", 0)

    read(owner, plane, "2026-05-20", flown)

    row = due(owner, item)
    assert (status, None) == (row["status"], row["missing"])
    assert round((100 - flown) * HOUR) == row["remaining_seconds"]


@pytest.mark.parametrize(
    ("interval", "status"), [(62, "ok"), (61, "due_soon"), (32, "due_soon"), (31, "due"), (30, "due"), (29, "overdue")]
)
def test_the_calendar_decides_the_status(owner: Person, plane: str, interval: int, status: str) -> None:
    """Done 31 days ago, with a day of tolerance."""
    item = add_item(owner, plane, interval_days=interval, tolerance_days=1)

    complete(owner, item, "2026-05-01")

    assert (status, interval - 31) == (due(owner, item)["status"], due(owner, item)["remaining_days"])


@pytest.mark.parametrize(
    ("done", "months", "expected"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2026-02-28", 1, "2026-03-31"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2025-02-28", 12, "2026-02-28"),
        ("2023-02-28", 12, "2024-02-29"),
        ("2024-02-28", 12, "2025-02-28"),
        ("2026-01-30", 1, "2026-02-28"),
        ("2025-12-15", 1, "2026-01-15"),
        ("2020-02-29", 48, "2024-02-29"),
    ],
)
def test_months_keep_their_ends(owner: Person, plane: str, done: str, months: int, expected: str) -> None:
    """The last of a month leads to the last of a month, on leap days, too; any other day to itself if it is there."""
    item = add_item(owner, plane, interval_months=months)

    complete(owner, item, done)

    assert (done, expected) == _days(due(owner, item))


def test_a_cycle_of_month_ends_goes_on_at_month_ends(owner: Person, plane: str) -> None:
    """31 January, 28 February, 31 March, 30 April: no day is lost on the way."""
    item = add_item(owner, plane, interval_months=1, anchor="from_due", tolerance_days=5)

    expected = []
    for done in ("2026-01-31", "2026-02-26", "2026-03-31", "2026-05-02"):
        complete(owner, item, done)
        expected.append(str(due(owner, item)["due_on"]))

    assert ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"] == expected


def test_today_is_that_of_the_page_and_done_that_of_the_hangar(project: Project, owner: Person, plane: str) -> None:
    """On the evening of the first in New York it is the second in Auckland; the inspection was on the first."""
    item = add_item(owner, plane, interval_days=30)
    owner.rows("select complete_maintenance(%s, '2026-05-02T01:00:00Z', '2026-05-01')", item)

    project.set_clock("2026-06-01T01:00:00Z")

    left = {zone: due(owner, item, zone)["remaining_days"] for zone in ("America/New_York", "Pacific/Auckland")}
    assert {"America/New_York": 0, "Pacific/Auckland": -1} == left
    with refused("PT400"):
        owner.rows("select * from maintenance_status('Mars/Base')")


def test_whichever_comes_first(owner: Person, plane: str) -> None:
    """The worse of both says the status; the range of dates never lies behind the day on which it is due anyway."""
    item = add_item(owner, plane, interval_seconds=100 * HOUR, interval_months=12)
    read(owner, plane, "2026-05-01", 0, "initial")
    complete(owner, item, "2025-06-10", 0)

    by_calendar = due(owner, item)
    read(owner, plane, "2026-05-20", 101)
    by_hours = due(owner, item)

    assert ("due_soon", 100 * HOUR, 9) == tuple(
        by_calendar[n] for n in ("status", "remaining_seconds", "remaining_days")
    )
    assert ("overdue", -HOUR, 9) == tuple(by_hours[n] for n in ("status", "remaining_seconds", "remaining_days"))


# What is missing


def test_without_a_completion_nothing_is_known(owner: Person, plane: str) -> None:
    """It says so, and stands before what is well."""
    item = add_item(owner, plane)
    done = add_item(owner, plane, interval_months=12)
    complete(owner, done, "2026-05-01")

    assert ("unknown", "completion", None) == tuple(due(owner, item)[n] for n in ("status", "missing", "due_seconds"))
    assert [item, done] == [str(row["item_id"]) for row in owner.rows("select item_id from maintenance_status()")]


def test_a_meter_that_was_set_later_does_not_say_what_it_showed_before(owner: Person, plane: str) -> None:
    """A completion without a figure, then the first reading; with a figure all is known."""
    item = add_item(owner, plane, interval_seconds=100 * HOUR, interval_months=1)
    completion = complete(owner, item, "2026-04-20")
    read(owner, plane, "2026-05-15", 1234, "initial")

    derived = due(owner, item)
    owner.rows("select void_completion(%s, 'the figure is in the logbook')", completion)
    complete(owner, item, "2026-04-20", 1200)

    # overdue by what is known
    assert ("overdue", "meter_figure", None) == tuple(derived[n] for n in ("status", "missing", "remaining_seconds"))
    assert (None, 66 * HOUR) == (due(owner, item)["missing"], due(owner, item)["remaining_seconds"])


def test_a_component_says_what_it_needs(owner: Person, plane: str) -> None:
    """That it is installed somewhere, and its time where a figure of it was given; what was counted needs neither."""
    engine = add_component(owner)
    derived, given = (add_item(owner, component_id=engine, interval_seconds=50 * HOUR) for _ in range(2))
    yearly = add_item(owner, component_id=engine, interval_months=12)
    complete(owner, derived, "2026-05-10")
    complete(owner, given, "2026-05-10", 900)
    complete(owner, yearly, "2026-05-10")

    shelf = [due(owner, item)["missing"] for item in (derived, given, yearly)]
    owner.rows("select install_component(%s, %s, '2026-05-15')", engine, plane)
    late = [due(owner, item)["missing"] for item in (derived, given, yearly)]
    owner.run("update component_installations set installed_from = '2026-05-01'")
    installed = [due(owner, item)["missing"] for item in (derived, given, yearly)]
    owner.run("update component_installations set since_new_seconds = %s", 900 * HOUR)
    known = [due(owner, item)["missing"] for item in (derived, given, yearly)]

    assert ["not_installed", "not_installed", None] == shelf
    assert ["component_time", "component_time", None] == late
    assert [None, "component_time", None] == installed
    assert [None, None, None] == known
    assert 50 * HOUR == due(owner, derived)["remaining_seconds"]


def test_an_estimated_meter_needs_a_reading(owner: Person, plane: str) -> None:
    """Before its first one nobody knows what it shows."""
    tach = owner.value(
        "insert into meters (fleet_id, plane_id, name, source, base_meter_id, entered_ratio)"
        " values (%s, %s, 'Tach', 'estimated', %s, 0.8) returning meter_id",
        fleet_of(owner), plane, meter_of(owner, plane),
    )  # fmt: skip
    item = add_item(owner, plane, meter_id=tach)
    complete(owner, item, "2026-05-10", 100)

    unread = due(owner, item)
    read(owner, plane, "2026-05-20", 110, "initial", meter_id=str(tach))

    assert ("unknown", "meter_figure") == (unread["status"], unread["missing"])
    assert ("ok", 90 * HOUR) == (due(owner, item)["status"], due(owner, item)["remaining_seconds"])


def test_archived_planes_and_items_need_nothing(owner: Person, plane: str) -> None:
    """Neither do components that are installed in such a plane; taken back into use, all of it is there."""
    engine = add_component(owner)
    owner.rows("select install_component(%s, %s, '2026-05-01')", engine, plane)
    for item in (add_item(owner, plane), add_item(owner, component_id=engine), add_item(owner, plane)):
        complete(owner, item, "2026-05-10")
    owner.run("update maintenance_items set archived_at = '2026-05-20' where item_id = %s", item)

    def listed() -> int:
        return len(owner.rows("select * from maintenance_status()"))

    in_use = listed()
    owner.run("update planes set archived_at = '2026-05-20'")
    archived = listed()
    owner.run("update planes set archived_at = null")

    assert (2, 0, 2) == (in_use, archived, listed())


# What others got wrong


def test_what_is_overdue_stays(project: Project, owner: Person, plane: str) -> None:
    """However long ago it was due (DumbWareio/DumbAssets#59): it stands first, and says by how much."""
    item = add_item(owner, plane, interval_months=12)
    complete(owner, item, "2020-01-31")
    complete(owner, add_item(owner, plane), "2026-05-01")

    row = owner.row("select * from maintenance_status() limit 1")

    assert (item, "overdue", -1947) == (str(row["item_id"]), row["status"], row["remaining_days"])


def test_a_second_completion_does_not_push_further(owner: Person, plane: str) -> None:
    """Two people sign one inspection (donetick#53): the second is told, and nothing moves."""
    item = add_item(owner, plane, interval_months=1, anchor="from_due")
    first = complete(owner, item, "2026-04-30")
    seen = complete(owner, item, "2026-05-31")
    before = due(owner, item)

    for done_at, after in (("2026-05-31T15:00:00Z", None), ("2026-06-01T11:00:00Z", first)):
        with pytest.raises(psycopg.Error, match="100 h was completed on 2026-05-31 already"):
            owner.rows("select complete_maintenance(%s, %s, after_completion_id => %s)", item, done_at, after)

    assert (before, seen) == (due(owner, item), str(before["last_completion_id"]))
    assert "2026-06-30" == str(before["due_on"])


def test_an_edit_of_the_interval_or_of_a_completion_moves_what_is_due(owner: Person, plane: str) -> None:
    """Nothing is worked out once and kept."""
    item = add_item(owner, plane, interval_months=12)
    complete(owner, item, "2025-06-30")
    wrong = complete(owner, item, "2026-05-31")

    owner.run("update maintenance_items set interval_months = 24")
    longer = str(due(owner, item)["due_on"])
    owner.rows("select void_completion(%s, 'another plane')", wrong)

    assert ("2028-05-31", "2027-06-30") == (longer, str(due(owner, item)["due_on"]))


def test_a_meter_that_is_replaced_leaves_the_hours_alone(owner: Person, plane: str, board: Board) -> None:
    """A counter that begins at 0 (TJPoorman/home_maintenance#116): what is left is left, on the new meter's scale."""
    item = add_item(owner, plane)
    read(owner, plane, "2026-04-01", 2000, "initial")
    complete(owner, item, "2026-04-02", 2000)
    board.report("2026-04-10T08:00:00Z", 10 * HOUR)

    before = due(owner, item)
    read(owner, plane, "2026-04-20", 0, "meter_replaced")
    board.report("2026-05-10T08:00:00Z", 5 * HOUR)
    after = due(owner, item)

    names = ("last_done_seconds", "now_seconds", "due_seconds", "remaining_seconds")
    assert [2000 * HOUR, 2010 * HOUR, 2100 * HOUR, 90 * HOUR] == [before[name] for name in names]
    assert [2000 * HOUR, 5 * HOUR, 90 * HOUR, 85 * HOUR] == [after[name] for name in names]


def test_hours_are_hours_to_the_second(owner: Person, plane: str, board: Board) -> None:
    """Nothing is converted on the way (dannymcc/may#282)."""
    item = add_item(owner, plane, interval_seconds=50 * HOUR)
    complete(owner, item, "2026-04-01")

    board.report("2026-04-10T08:00:00Z", 12_345)

    row = due(owner, item)
    assert (12_345, 180_000, 167_655) == tuple(row[n] for n in ("now_seconds", "due_seconds", "remaining_seconds"))


def test_an_old_flight_that_is_edited_moves_the_engines_hours(
    project: Project, owner: Person, plane: str, board: Board
) -> None:
    """Components, too, are derived at each look (Simple Aircraft Manager), in the plane they were in then."""
    engine, other = add_component(owner), add_plane(owner, "D-EOTH")
    owner.rows("select install_component(%s, %s, '2026-01-01', '2026-03-01', since_new_seconds => 0)", engine, plane)
    owner.rows("select install_component(%s, %s, '2026-03-01')", engine, other)
    item = add_item(owner, component_id=engine)
    complete(owner, item, "2026-01-01")
    board.report("2026-02-10T08:00:00Z", 10 * HOUR)
    twin = project.board()
    assign(owner, twin, other)
    twin.report("2026-04-10T08:00:00Z", HOUR)

    flown = due(owner, item)
    owner.run("insert into session_annotations (session_id, excluded) select session_id, true from session_log"
              " where run_seconds = 36000")  # fmt: skip
    excluded = due(owner, item)

    assert ("D-EOTH", 11 * HOUR, 89 * HOUR) == tuple(
        flown[n] for n in ("registration", "now_seconds", "remaining_seconds")
    )
    assert (HOUR, 99 * HOUR) == tuple(excluded[n] for n in ("now_seconds", "remaining_seconds"))


def test_an_overhaul_takes_no_hours_from_what_was_done_before(owner: Person, plane: str, board: Board) -> None:
    """An oil change at 1980 h since overhaul, an overhaul 20 h later, 10 h flown: 30 h of the oil are used."""
    engine = add_component(owner)
    owner.rows("select install_component(%s, %s, '2026-01-01', '2026-03-01', null, null, %s)",
               engine, plane, 1980 * HOUR)  # fmt: skip
    oil, overhaul = (
        add_item(owner, component_id=engine, counts_from="since_overhaul", interval_seconds=hours * HOUR)
        for hours in (50, 2000)
    )
    complete(owner, oil, "2026-01-02", 1980)
    complete(owner, overhaul, "2020-01-01", 0)
    board.report("2026-02-10T08:00:00Z", 20 * HOUR)
    worn = due(owner, overhaul)["status"], due(owner, overhaul)["remaining_seconds"]

    owner.rows("select install_component(%s, %s, '2026-03-01', since_overhaul_seconds => 0)", engine, plane)
    complete(owner, overhaul, "2026-03-01")
    board.report("2026-04-10T08:00:00Z", 10 * HOUR)

    assert ("due", 0) == worn
    assert 20 * HOUR == due(owner, oil)["remaining_seconds"]
    row = due(owner, overhaul)
    assert (10 * HOUR, 2000 * HOUR) == (row["now_seconds"], row["due_seconds"])


def test_a_late_session_moves_what_is_due(owner: Person, plane: str, board: Board) -> None:
    """A backlog that arrives a month later: after the completion it counts, before it it does not."""
    item = add_item(owner, plane)
    complete(owner, item, "2026-04-15")

    board.report("2026-04-10T08:00:00Z", 30 * HOUR)
    board.report("2026-05-20T08:00:00Z", 95 * HOUR)

    assert ("due_soon", 5 * HOUR) == (due(owner, item)["status"], due(owner, item)["remaining_seconds"])
