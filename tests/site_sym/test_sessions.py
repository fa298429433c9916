"""The list of sessions: complete however long, filtered by its address, exact to the second."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

from playwright.sync_api import Page, expect

from tests.conftest import NewPage
from tests.site_sym.club import Club, api_requests, message, now, report

# Of each group of rows: how many sessions, and the day's sum.
DAYS = """(groups) => groups.map((group) => [
  group.querySelectorAll("tr.entry").length,
  group.querySelector(".sum").innerText.replace("This day:", "").trim(),
])"""


def durations(page: Page) -> list[int]:
    """Seconds of the sessions listed, from top to bottom."""
    return [int(value) for value in page.locator("table data").evaluate_all("cells => cells.map((cell) => cell.value)")]


def show_all(page: Page) -> None:
    """Ask for older sessions until there are none."""
    more = page.get_by_role("button", name="Show older sessions")
    expect(page.get_by_role("table")).to_be_visible()
    while more.is_visible():
        shown = page.locator("tr.entry").count()
        more.click()
        # Not expect(): it describes a page of a thousand rows in words at each try, for seconds.
        page.wait_for_function("(shown) => document.querySelectorAll('tr.entry').length > shown", arg=shown)


def test_more_than_a_thousand_sessions_are_listed_to_the_last(page: Page, club: Club) -> None:
    """The server cuts every answer at 1,000 rows; the list does not end there."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    first = now() - timedelta(hours=1050)
    report(club.stack, *(message(device_uuid, first + timedelta(hours=n), 600 + n) for n in range(1005)))

    club.open(page, "#/sessions?period=all")
    show_all(page)

    assert durations(page) == [600 + n for n in reversed(range(1005))]


def test_sessions_that_began_in_the_same_second_are_neither_lost_nor_doubled(page: Page, club: Club) -> None:
    """Pages end within a group of equal starts; the id decides where the next one goes on, in one request."""
    devices = [club.add_device(f"Box {n}", club.add_plane(f"D-EK{n:02d}")) for n in range(7)]
    start = now() - timedelta(hours=20)
    for number, device_uuid in enumerate(devices):
        report(club.stack, *(message(device_uuid, start + timedelta(hours=n), 100 * n + number) for n in range(15)))

    club.open(page, "#/sessions")
    expect(page.locator("tr.entry")).to_have_count(50)
    page.wait_for_load_state("networkidle")
    asked = api_requests(page)
    page.get_by_role("button", name="Show older sessions").click()
    expect(page.locator("tr.entry")).to_have_count(100)
    # What needs review is asked for 1.5 s after the dashboard's answer, and boards every 10 s: whenever that is.
    next_page = [name for name in asked if name == "log_entries"]
    show_all(page)

    assert ["log_entries"] == next_page
    assert sorted(durations(page)) == sorted(100 * n + number for n in range(15) for number in range(7))


def test_a_fleet_that_never_flew_is_not_told_to_clear_its_filters(page: Page, club: Club) -> None:
    """No filter hides anything where there is nothing; where the period hides a session, widening it is the advice."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    club.open(page, "#/sessions")
    expect(page.get_by_text("The first one appears about a minute after")).to_be_visible()
    expect(page.get_by_text("clear the filters")).to_have_count(0)
    expect(page.get_by_role("link", name="Show everything")).to_have_count(0)

    report(club.stack, message(device_uuid, now() - timedelta(days=40), 3600))
    page.reload()

    expect(page.get_by_text("Choose a longer period, or clear the filters.")).to_be_visible()
    expect(page.get_by_role("link", name="Show everything")).to_be_visible()


def test_filters_live_in_the_address(page: Page, club: Club) -> None:
    """A plane and a period survive a reload, and the same address shows the same to whoever opens it."""
    planes = {name: club.add_plane(name) for name in ("D-EKLM", "D-EABC")}
    for days, plane_id in ((2, planes["D-EKLM"]), (3, planes["D-EABC"]), (60, planes["D-EABC"])):
        report(club.stack, message(club.add_device("Box", plane_id), now() - timedelta(days=days), 3600))
    club.open(page, "#/sessions")
    expect(page.locator("tr.entry")).to_have_count(2)

    page.get_by_label("Other period").select_option("Last 90 days")
    expect(page.locator("tr.entry")).to_have_count(3)
    page.get_by_label("Plane").select_option("D-EABC")
    expect(page.locator("tr.entry")).to_have_count(2)
    page.reload()

    expect(page.locator("tr.entry")).to_have_count(2)
    expect(page).to_have_url(re.compile(f"plane={planes['D-EABC']}&period=90d"))
    expect(page.get_by_label("Plane").locator("option:checked")).to_have_text("D-EABC")


def test_everyday_periods_are_one_tap_and_calendar_ones_an_address(page: Page, club: Club) -> None:
    """Today and months by their buttons; a month or a year by its address; a broken one is the plain page."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    today = datetime(now().year, now().month, now().day, tzinfo=UTC)
    before = today.replace(day=1) - timedelta(days=1)
    long_ago = datetime(today.year - 2, 6, 14, 8, tzinfo=UTC)
    starts = {"this": today, "yesterday": today - timedelta(hours=3), "before": before, "long ago": long_ago}
    seconds = {name: 60 * (number + 10) for number, name in enumerate(starts)}
    report(club.stack, *(message(device_uuid, starts[name], seconds[name]) for name in reversed(starts)))
    club.open(page, "#/sessions")
    chips = page.get_by_role("group", name="When")

    def shown(*names: str) -> None:
        expect(page.locator("table data")).to_have_count(len(names))
        assert sorted(seconds[name] for name in names) == sorted(durations(page))

    for chip, address, names in (
        ("Today", "today", ["this"]),
        ("Yesterday", "yesterday", ["yesterday"]),
        ("Last month", "last_month", [name for name in ("yesterday", "before") if starts[name] < today.replace(day=1)]),
    ):
        chips.get_by_role("button", name=chip, exact=True).click()
        expect(page).to_have_url(re.compile(rf"period={address}$"))
        expect(chips.get_by_role("button", name=chip, exact=True)).to_have_attribute("aria-pressed", "true")
        shown(*names)
    page.get_by_label("Other period").select_option(str(long_ago.year))
    shown("long ago")
    for address, chosen, names in (
        (f"{long_ago:%Y-%m}", f"June {long_ago.year}", ["long ago"]),
        (f"{long_ago:%Y-%m-%d}", f"14 June {long_ago.year}", ["long ago"]),
        (f"{today.year + 1}", f"{today.year + 1}", []),
    ):
        page.goto(f"{club.stack.url}/#/sessions?period={address}")
        expect(page.get_by_label("Other period").locator("option:checked")).to_have_text(chosen)
        shown(*names)
    expect(page.get_by_text("No sessions match")).to_be_visible()
    page.goto(f"{club.stack.url}/#/sessions?period={long_ago.year}-02-30")
    expect(page.get_by_label("Other period").locator("option:checked")).to_have_text("Last 30 days")
    expect(page.locator("table data").first).to_have_attribute("value", str(seconds["this"]))


def test_a_list_says_what_it_comes_to_and_every_day_its_sum(new_page: NewPage, club: Club) -> None:
    """Of all entries, also those not shown yet, without what is left out; a day that goes on has no sum yet."""
    plane_id, other = club.add_plane("D-EKLM"), club.add_plane("D-EABC")
    device_uuid = club.add_device("Panel box 2", plane_id)
    # The board's last day before yesterday has 3 sessions, each of the 8 days before 7 of them.
    midnight = datetime(now().year, now().month, now().day, tzinfo=UTC)
    starts = [midnight - timedelta(days=2) + timedelta(hours=2 * n) for n in range(3)]
    starts += [midnight - timedelta(days=day) + timedelta(hours=2 * n) for day in range(3, 11) for n in range(7)]
    report(club.stack, *(message(device_uuid, start, 3600) for start in sorted(starts)))
    report(club.stack, message(club.add_device("Box", other), midnight - timedelta(days=2), 1800))
    reading = {"plane_id": plane_id, "seconds": 3_600_000, "reason": "initial"}
    club.account.client.rpc("add_reading", {**reading, "as_of": f"{midnight - timedelta(days=20)}"}).execute()
    newest = club.account.client.table("session_log").select("session_id").eq("plane_id", plane_id)
    left_out = cast(list[dict[str, str]], newest.order("effective_start", desc=True).limit(1).execute().data)
    said = {"session_id": left_out[0]["session_id"], "excluded": True}
    club.account.client.table("session_annotations").insert(said).execute()
    page = new_page(timezone_id="Europe/Berlin")
    club.open(page, "#/sessions")
    totals, days = page.locator(".totals"), page.locator("tr.day")

    expect(totals).to_have_text(re.compile(r"^\s*59 sessions · 58\.5 h · \+ 1 left out\s*$"))
    expect(page.locator("tr.entry")).to_have_count(50)
    assert [[3 + 1, "2.5"], *([7, "7.0"] for _ in range(6)), [4, ""]] == page.locator("tbody").evaluate_all(DAYS)
    page.get_by_role("button", name="Show older sessions").click()
    expect(page.locator("tr.entry")).to_have_count(60)
    assert [[4, "2.5"], *([7, "7.0"] for _ in range(8))] == page.locator("tbody").evaluate_all(DAYS)
    title = f"{midnight - timedelta(days=2):%A %-d %B}"
    expect(days.first.get_by_role("rowheader")).to_have_text(re.compile(rf"^{title}( \d+)?$"))
    page.get_by_label("Sort by").select_option("Longest first")
    expect(days).to_have_count(0)
    page.get_by_label("Sort by").select_option("Oldest first")
    expect(days).to_have_count(8)
    assert [[7, "7.0"]] * 7 == page.locator("tbody").evaluate_all(DAYS)[:7]
    page.get_by_label("Plane").select_option("D-EKLM")

    expect(totals).to_have_text(
        re.compile(r"^\s*58 sessions · 58\.0 h · Hobbs 1,?000\.0 → 1,?058\.0 · \+ 1 left out\s*$")
    )
    days.last.get_by_role("link").click()
    expect(page).to_have_url(re.compile(rf"period={midnight - timedelta(days=3):%Y-%m-%d}$"))
    expect(totals).to_have_text(re.compile(r"^\s*7 sessions · 7\.0 h\s*$"))


def test_totals_hold_up_no_list_and_are_of_nobody_else(page: Page, club: Club, make_club: Callable[[], Club]) -> None:
    """The list is there while they are on their way, without them where they fail; a stranger's plane has none."""
    report(club.stack, message(club.add_device("Box", club.add_plane("D-EKLM")), now() - timedelta(days=1), 3600))
    stranger = make_club()
    theirs = stranger.add_plane("D-EABC")
    report(club.stack, message(stranger.add_device("Box", theirs), now() - timedelta(days=1), 3600))
    page.route("**/rpc/log_totals", lambda route: None)

    club.open(page, "#/sessions")
    expect(page.locator("tr.entry")).to_have_count(1)
    expect(page.locator(".totals .space")).to_be_visible()
    page.unroute("**/rpc/log_totals")
    expect(page.locator(".totals")).to_have_text(re.compile(r"1 session · 1\.0 h"))
    page.goto(f"{club.stack.url}/#/sessions?plane={theirs}")

    expect(page.get_by_text("No sessions match")).to_be_visible()
    expect(page.locator(".totals")).to_have_text(re.compile(r"0 sessions · 0\.0 h"))


def test_a_row_on_a_phone_says_who_and_how_long_and_opens_anywhere(new_page: NewPage, club: Club) -> None:
    """Registration, pilot and hours; what is measured says nothing of it; a tap beside the words opens the entry."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    report(club.stack, message(device_uuid, now() - timedelta(hours=9), 5400))
    row = cast(list[dict[str, str]], club.account.client.table("session_log").select("session_id").execute().data)
    said = {"session_id": row[0]["session_id"], "pilot": "Amelia Earhart-Putnam", "class": "flight"}
    club.account.client.table("session_annotations").insert(said).execute()
    page = new_page(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    club.open(page, "#/sessions")
    entry = page.locator("tr.entry")
    for shown in ("D-EKLM", "Amelia Earhart-Putnam", "Flight"):
        expect(entry.get_by_text(shown)).to_be_visible()
    expect(entry.locator(".hours")).to_have_text("1.5")
    expect(entry).not_to_contain_text("measured")
    assert 15 <= entry.evaluate("(row) => parseFloat(getComputedStyle(row.querySelector('.pilot')).fontSize)")

    box = entry.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + 20, box["y"] + 18)  # the registration
    expect(page.get_by_role("dialog", name=re.compile("D-EKLM"))).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] - 8)

    expect(page.get_by_role("dialog", name=re.compile("D-EKLM"))).to_be_visible()


def test_a_selection_without_sessions_shows_the_way_out(page: Page, club: Club) -> None:
    """The page says how to see more, in one click."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    report(club.stack, message(device_uuid, now() - timedelta(days=200), 3600))
    club.open(page, "#/sessions?from=2024-02-01&to=2024-02-29")
    expect(page.get_by_role("textbox", name="From")).to_have_value("2024-02-01")

    page.get_by_role("link", name="Show everything").click()

    expect(page.locator("tr.entry")).to_have_count(1)


def test_a_session_past_midnight_shows_both_days_in_utc_and_in_local_time(new_page: NewPage, club: Club) -> None:
    """The switch moves times and days together and is remembered."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    yesterday = now() - timedelta(days=1)
    start = datetime(yesterday.year, yesterday.month, yesterday.day, 22, 30, tzinfo=UTC) - timedelta(days=1)
    report(club.stack, message(device_uuid, start, 2 * 3600))
    page = new_page(timezone_id="Asia/Kolkata")
    club.open(page, "#/sessions")
    row = page.locator("tr.entry")
    expect(row).to_contain_text("22:30Z")
    expect(row).to_contain_text("00:30Z+1")

    page.get_by_role("radio", name="Local").check()
    page.reload()

    expect(row).to_contain_text("04:00")
    expect(row).to_contain_text("06:00")
    expect(row).not_to_contain_text("+1")


def test_estimated_and_short_sessions_say_so(page: Page, club: Club) -> None:
    """An estimated start is marked in its times and with its plus-or-minus."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    estimate = {"start_source": "estimated", "start_uncertainty_s": 2400}
    report(club.stack, message(device_uuid, now() - timedelta(hours=9), 120, **estimate))

    club.open(page, "#/sessions")

    row = page.locator("tr.entry")
    expect(row).to_contain_text("≈")
    expect(row).to_contain_text("clock estimated ±40 min")
    expect(row).to_contain_text("short")


def test_the_format_of_hours_is_remembered(page: Page, club: Club) -> None:
    """Tenths, hundredths and HH:MM of the same seconds: cut off on the drum, rounded in the list."""
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box 2", plane_id)
    report(club.stack, message(device_uuid, now() - timedelta(hours=9), 6012))
    club.open(page, "#/settings")

    for choice, drum, cell in (
        ("Tenths", "1.6 hours", "1.7"),
        ("Hundredths", "1.67 hours", "1.67"),
        ("HH:MM", "1 hours 40 minutes", "1:40"),
    ):
        page.goto(f"{club.stack.url}/#/settings")
        page.get_by_role("radio", name=choice).check()
        page.goto(f"{club.stack.url}/#/planes/{plane_id}")
        page.reload()
        expect(page.get_by_role("img", name=drum)).to_be_visible()
        expect(page.get_by_role("cell", name=cell, exact=True)).to_be_visible()


def test_nothing_that_is_clicked_moves_while_the_rest_arrives(page: Page, club: Club) -> None:
    """Planes come after the list, what needs review after both: a finger on its way to a button finds it."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    report(club.stack, *(message(device_uuid, now() - timedelta(hours=hours), 600) for hours in (3, 2)))
    estimated = {"start_source": "estimated", "start_uncertainty_s": 60}
    report(club.stack, message(device_uuid, now() - timedelta(hours=5), 600, **estimated))
    page.route("**/rpc/fleet_overview", lambda route: None)
    buttons = page.locator("main").locator(":is(header, .above) :is(button, a):not(.waiting)")

    club.open(page, "#/sessions")
    expect(page.locator("tr.entry")).to_have_count(3)
    before = [button.bounding_box() for button in buttons.all()]
    page.unroute("**/rpc/fleet_overview")  # which lets those that wait go on
    expect(page.get_by_role("button", name="Add a session")).to_be_enabled()
    expect(page.get_by_role("main").get_by_role("link", name="1 to review")).to_be_visible()

    assert 7 == len(before)
    assert before == [button.bounding_box() for button in buttons.all()]
