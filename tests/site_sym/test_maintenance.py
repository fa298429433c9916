"""What is due next, on every plane's card and on the maintenance page: seen at a glance, done in two taps, undone."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect
from pypdf import PdfReader

from tests.conftest import NewPage
from tests.site_sym.club import PHONE, REVIEW, Club, api_requests, now, undo
from tests.site_sym.roles import join
from tests.support import PageFaults

HOUR = 3600
SHIFTS = """() => {
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const { hadRecentInput, value } of list.getEntries()) if (!hadRecentInput) window.shifted += value;
  }).observe({ type: "layout-shift", buffered: true });
}"""
MOST_SHIFTED = 0.02
LOCAL = "if (location.host) localStorage.setItem('preferences', JSON.stringify({ zone: 'local' }))"


@dataclass(frozen=True)
class Hangar:
    """A club whose planes have something due, each figure derived from a reading of 4,700.0 h twenty days ago."""

    club: Club
    planes: dict[str, str]
    items: dict[str, str]

    def completions(self, item: str) -> list[dict[str, Any]]:
        """What was entered as done of an item, oldest first."""
        table = self.club.account.client.table("maintenance_completions")
        rows = table.select("*").eq("item_id", self.items[item]).order("entry").execute().data
        return cast(list[dict[str, Any]], rows)

    def readings(self, registration: str) -> list[float]:
        """What the plane's meters were read to show, in hours, oldest first, without what was voided."""
        table = self.club.account.client.table("hour_readings").select("seconds").is_("voided_at", "null")
        rows = table.eq("plane_id", self.planes[registration]).order("entry").execute().data
        return [row["seconds"] / HOUR for row in cast(list[dict[str, Any]], rows)]


def add_item(club: Club, plane_id: str, name: str, done: dict[str, Any] | None = None, **fields: Any) -> str:
    """Set up a maintenance item, last done as `done` says; its id."""
    row = {"fleet_id": club.fleet_id, "plane_id": plane_id, "name": name, "anchor": "from_completion", **fields}
    client = club.account.client
    item = cast(list[dict[str, str]], client.table("maintenance_items").insert(row).execute().data)[0]["item_id"]
    if done is not None:
        client.rpc("complete_maintenance", {"item_id": item, **done}).execute()
    return item


def done_at(days: int, hours: float | None = None) -> dict[str, Any]:
    """A completion so many days ago, at so many hours."""
    figure = {} if hours is None else {"meter_seconds": round(hours * HOUR)}
    return {"done_at": (now() - timedelta(days=days)).isoformat(), **figure}


@pytest.fixture
def hangar(club: Club) -> Hangar:
    """D-EABC is fine, D-EKLM has its oil change in 4.4 h and an annual that nobody knows of, D-EZZZ is overdue."""
    planes = {name: club.add_plane(name) for name in ("D-EABC", "D-EKLM", "D-EZZZ")}
    for plane_id in planes.values():
        reading = {"plane_id": plane_id, "seconds": 4700 * HOUR, "reason": "initial"}
        club.account.client.rpc("add_reading", {**reading, "as_of": (now() - timedelta(days=20)).isoformat()}).execute()
    of_50, of_100 = {"interval_seconds": 50 * HOUR}, {"interval_seconds": 100 * HOUR}
    items = {
        "100 h check": add_item(club, planes["D-EABC"], "100 h check", done_at(9, 4690), **of_100),
        "50 h oil change": add_item(club, planes["D-EKLM"], "50 h oil change", done_at(9, 4654.4), **of_50),
        "Annual": add_item(club, planes["D-EKLM"], "Annual", interval_months=12),
        "Radio check": add_item(club, planes["D-EZZZ"], "Radio check", done_at(40), interval_days=30),
    }  # fmt: skip
    return Hangar(club, planes, items)


def cards(page: Page) -> Locator:
    """The planes' cards, as they stand."""
    return page.get_by_role("region", name="Planes").get_by_role("article")


def rows(page: Page) -> Locator:
    """The items on the maintenance page, as they stand."""
    return page.get_by_role("table", name="Maintenance").locator("tbody tr")


def test_what_is_due_is_done_in_two_taps_from_the_card(new_page: NewPage, hangar: Hangar) -> None:
    """Three requests show it, the most urgent plane first; tap the item, tap Done; and it can be undone."""
    page = new_page(**PHONE)
    page.add_init_script(f"({SHIFTS})()")
    asked = api_requests(page)
    hangar.club.open(page)
    expect(cards(page)).to_contain_text(["D-EZZZ", "D-EKLM", "D-EABC"])
    expect(cards(page).nth(0)).to_contain_text(re.compile(r"Overdue\s+Radio check overdue by 10 days, since \d+ \w+"))
    expect(cards(page).nth(1)).to_contain_text(re.compile(r"Due soon\s+50 h oil change in 4\.4 h"))
    expect(cards(page).nth(2)).to_contain_text(re.compile(r"OK\s+100 h check in 90\.0 h"))
    assert {*asked} <= {"my_fleets", "rpc/fleet_overview", "rpc/hours_by_day", *REVIEW}
    assert page.evaluate("shifted") < MOST_SHIFTED

    cards(page).nth(1).get_by_role("button", name="50 h oil change").tap()
    page.get_by_role("dialog").get_by_role("button", name="Done", exact=True).tap()

    expect(page.get_by_text(re.compile(r"50 h oil change is recorded as done on \d+ \w+\."))).to_be_visible()
    expect(cards(page).filter(has_text="D-EKLM")).to_contain_text("Annual: when was it last done?")
    last = hangar.completions("50 h oil change")[-1]
    assert (None, 4700 * HOUR, None) == (last["meter_seconds"], last["expected_seconds"], last["voided_at"])
    assert abs(datetime.fromisoformat(last["done_at"]) - now()) < timedelta(minutes=2)
    undo(page, "50 h oil change is recorded")
    expect(cards(page).nth(1)).to_contain_text("50 h oil change in 4.4 h")
    assert "Undone right after it was entered" == hangar.completions("50 h oil change")[-1]["void_reason"]


def test_a_figure_that_was_read_is_a_reading_too(page: Page, hangar: Hangar) -> None:
    """Once it differs from what is filled in, so that drum and log agree; undo takes both back, and it can be left."""
    hangar.club.open(page, f"#/planes/{hangar.planes['D-EKLM']}")
    item = page.get_by_role("region", name="Next due").get_by_role("button", name="50 h oil change")
    also = page.get_by_role("checkbox", name="Record this as a meter reading, too")
    item.click()
    figure = page.get_by_label("Meter shows")
    expect(figure).to_have_value("4700.0")
    expect(also).to_have_count(0)
    figure.fill("nonsense")
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.get_by_text("Enter hours as 4813.9 or 4813:54.")).to_be_visible()
    figure.fill("4702.6")
    expect(also).to_be_checked()
    page.get_by_label("Note").fill("W/O 12")
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.get_by_role("region", name="Hours now").get_by_role("img", name="4702.6 hours")).to_be_visible()
    last = hangar.completions("50 h oil change")[-1]
    assert (4702.6, "W/O 12", None) == (last["meter_seconds"] / HOUR, last["note"], last["voided_at"])
    assert [4700.0, 4702.6] == hangar.readings("D-EKLM")

    undo(page, "50 h oil change is recorded")
    expect(page.get_by_role("region", name="Hours now").get_by_role("img", name="4700.0 hours")).to_be_visible()
    assert [4700.0] == hangar.readings("D-EKLM")
    item.click()
    figure.fill("4701.2")
    also.uncheck()
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)

    assert [4700.0] == hangar.readings("D-EKLM")
    assert 4701.2 == hangar.completions("50 h oil change")[-1]["meter_seconds"] / HOUR


def test_another_time_brings_the_figure_of_then(page: Page, hangar: Hangar) -> None:
    """Before the meter was replaced it showed another figure; a time to come is refused."""
    reading = {"plane_id": hangar.planes["D-EKLM"], "seconds": 5 * HOUR, "reason": "meter_replaced"}
    moment = (now() - timedelta(days=3)).isoformat()
    hangar.club.account.client.rpc("add_reading", {**reading, "as_of": moment}).execute()
    hangar.club.open(page)
    cards(page).filter(has_text="D-EKLM").get_by_role("button", name="50 h oil change").click()
    expect(page.get_by_label("Meter shows")).to_have_value("5.0")
    at = page.get_by_label("Done at (UTC)")
    at.fill(f"{now() + timedelta(days=1):%Y-%m-%d %H:%M}")
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.get_by_text("That is in the future.")).to_be_visible()

    at.fill(f"{now() - timedelta(days=4):%Y-%m-%d} 10:30")
    expect(page.get_by_label("Meter shows")).to_have_value("4700.0")
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)

    last = hangar.completions("50 h oil change")[-1]
    assert f"{now() - timedelta(days=4):%Y-%m-%d}T10:30:00+00:00" == last["done_at"]
    assert (None, 4700 * HOUR) == (last["meter_seconds"], last["expected_seconds"])


def test_of_two_who_complete_the_same_the_second_is_told_what_is_there(
    page: Page, hangar: Hangar, page_faults: PageFaults
) -> None:
    """Nothing is entered twice; the other one's entry is in the history below, and what was typed stays."""
    page_faults.allow("status of 409")
    hangar.club.open(page, "#/maintenance")
    rows(page).filter(has_text="50 h oil change").get_by_role("button", name="50 h oil change").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Note").fill("W/O 13")
    faster = {"item_id": hangar.items["50 h oil change"], **done_at(2), "note": "done by the workshop"}
    hangar.club.account.client.rpc("complete_maintenance", faster).execute()

    dialog.get_by_role("button", name="Done", exact=True).click()

    day = now() - timedelta(days=2)
    expect(dialog.get_by_role("alert")).to_contain_text(f"50 h oil change was completed on {day:%Y-%m-%d} already")
    expect(dialog.get_by_role("table", name="History")).to_contain_text("done by the workshop")
    expect(dialog.get_by_label("Note")).to_have_value("W/O 13")
    assert 2 == len(hangar.completions("50 h oil change"))


def test_the_page_has_every_item_to_filter_save_and_print(
    page: Page, hangar: Hangar, tmp_path: Path, page_faults: PageFaults
) -> None:
    """The most urgent first; what is missing leads to where it is entered; CSV and paper have what is shown."""
    page.add_init_script(f"({SHIFTS})()")
    hangar.club.open(page, "#/maintenance")
    expect(rows(page)).to_contain_text(["Radio check", "50 h oil change", "Annual", "100 h check"])
    assert page.evaluate("shifted") < MOST_SHIFTED
    expect(page.get_by_text("1 overdue, 1 due soon, 1 unknown of 4 items")).to_be_visible()
    page.get_by_label("Plane", exact=True).select_option("D-EKLM")
    expect(rows(page)).to_contain_text(["50 h oil change", "Annual"])
    page.get_by_label("Status").select_option("Unknown")
    expect(rows(page)).to_have_count(1)
    rows(page).get_by_role("button", name="Enter when it was last done: Annual").click()
    page.get_by_label("Done at (UTC)").fill(f"{now() - timedelta(days=100):%Y-%m-%d} 12:00")
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.get_by_text("No item matches")).to_be_visible()
    page.get_by_label("Status").select_option("Any status")
    expect(rows(page)).to_contain_text(["Due soon", "OK"])

    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    download.value.save_as(tmp_path / "maintenance.csv")
    saved = list(csv.DictReader((tmp_path / "maintenance.csv").read_text("utf-8-sig").splitlines()))
    query = {"for_plane": hangar.planes["D-EKLM"]}
    status = cast(list[dict[str, Any]], hangar.club.account.client.rpc("maintenance_status", query).execute().data)
    assert set(status[0]) == set(saved[0])
    cells = [{name: "" if value is None else str(value) for name, value in row.items()} for row in status]
    assert cells == saved

    page.get_by_role("link", name="Print").click()
    expect(page.get_by_role("article").locator("tbody tr")).to_have_count(2)
    for paper, size in (("A4", (842, 595)), ("Letter", (792, 612))):
        page.get_by_role("radio", name=paper).check()
        [sheet] = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
        assert size == (round(sheet.mediabox.width), round(sheet.mediabox.height))
        text = re.sub(r"\s+", " ", sheet.extract_text())
        assert "D-EKLM" in text
        assert "50 h oil change Due soon 4.4 h 4700.0 4704.4" in text
        assert "Page 1 of 1" in text
        assert all(stray not in text for stray in ("Radio check", "Dashboard", "Print or save", "Skip to the page"))


def test_the_history_says_when_it_was_due_and_a_completion_is_voided_there(page: Page, hangar: Hangar) -> None:
    """With a reason, without which nothing is voided; the page follows, and what is voided stays to be read."""
    hangar.club.open(page, "#/maintenance")
    second = {"item_id": hangar.items["100 h check"], **done_at(1, 4699)}
    hangar.club.account.client.rpc("complete_maintenance", second).execute()
    rows(page).filter(has_text="100 h check").get_by_role("button", name="100 h check").click()
    history = page.get_by_role("dialog").get_by_role("table", name="History")
    newest = history.locator("tbody tr").first
    expect(newest).to_contain_text(re.compile(r"4699\.0\s*4790\.0"))
    newest.get_by_role("button", name="Void").click()
    confirm = page.get_by_role("button", name="Void this completion")
    confirm.click()
    expect(page.get_by_text("Say why.")).to_be_visible()
    page.get_by_label("Why it is voided").fill("wrong plane")
    confirm.click()

    expect(newest).to_contain_text(re.compile(r"voided .* \d\d:\d\dZ by .*: wrong plane"))
    expect(newest.get_by_role("button")).to_have_count(0)
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(rows(page).filter(has_text="100 h check")).to_contain_text("in 90.0 h")
    assert [None, "wrong plane"] == [row["void_reason"] for row in hangar.completions("100 h check")]


def test_each_role_gets_the_controls_that_work(page: Page, hangar: Hangar, make_club: Callable[[], Club]) -> None:
    """A viewer reads what is due and its history; nothing on the page would be refused."""
    guest = make_club()
    join(hangar.club, guest, "viewer")

    guest.open(page, "#/maintenance")

    expect(rows(page)).to_have_count(4)
    expect(rows(page).filter(has_text="Annual")).to_contain_text("when was it last done?")
    expect(page.get_by_text("Enter when it was last done")).to_have_count(0)
    rows(page).filter(has_text="50 h oil change").get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("table", name="History")).to_contain_text("4654.4")
    expect(dialog.get_by_role("button")).to_have_count(1)  # Close


def test_a_fleet_without_items_is_told_what_they_are_for(page: Page, make_club: Callable[[], Club]) -> None:
    """Cards say nothing of maintenance then; who may not define items is told who may."""
    club, guest = make_club(), make_club()
    club.add_plane("D-EKLM")
    join(club, guest, "editor")
    club.open(page)
    expect(cards(page)).to_have_count(1)
    expect(page.get_by_text("Next due")).to_have_count(0)
    page.get_by_role("navigation").get_by_role("link", name="Maintenance").click()
    expect(page.get_by_text("No maintenance items yet")).to_be_visible()
    page.get_by_role("link", name="Set up D-EKLM").click()
    expect(page.get_by_role("heading", name="Maintenance programme", level=1)).to_be_visible()
    guest.open(page, "#/maintenance")
    expect(page.get_by_text("An owner of this fleet can set up what comes due.")).to_be_visible()

    add_item(club, club.add_plane("D-EABC"), "Annual", interval_months=12)
    club.open(page)

    expect(cards(page).filter(has_text="D-EKLM").get_by_role("link", name="set up maintenance")).to_be_visible()


def test_the_date_is_that_of_the_zone_that_is_shown(new_page: NewPage, club: Club) -> None:
    """Where it is tomorrow already, an annual is due tomorrow, and what is done now was done tomorrow."""
    zone = ZoneInfo("Pacific/Kiritimati" if now().hour >= 10 else "Pacific/Pago_Pago")
    here = now().astimezone(zone).date()
    assert here != now().date()
    plane_id = club.add_plane("D-EKLM")
    last = now() - timedelta(days=7)
    done = {"done_at": last.isoformat(), "done_on": (here - timedelta(days=7)).isoformat()}
    add_item(club, plane_id, "Weekly", done, interval_days=7)
    page = new_page(timezone_id=str(zone))
    page.add_init_script(LOCAL)

    club.open(page)
    expect(cards(page)).to_contain_text("Weekly today")
    cards(page).get_by_role("button", name="Weekly").click()
    page.get_by_role("button", name="Done", exact=True).click()

    expect(cards(page)).to_contain_text("Weekly in 7 days")
    table = club.account.client.table("maintenance_completions").select("done_on").order("entry", desc=True)
    assert here.isoformat() == cast(list[dict[str, str]], table.execute().data)[0]["done_on"]


def test_more_than_a_thousand_items_are_listed_to_the_last(page: Page, club: Club) -> None:
    """The server cuts every answer at 1,000 rows; the most urgent item stays the first, and none comes twice."""
    plane_id = club.add_plane("D-EKLM")
    names = [f"Item {number:04d}" for number in range(1005)]
    common = {"fleet_id": club.fleet_id, "plane_id": plane_id, "anchor": "from_completion", "interval_months": 12}
    table = club.account.client.table("maintenance_items")
    table.insert([{**common, "name": name} for name in names]).execute()
    done = {"item_id": cast(Any, table.select("item_id").eq("name", names[-1]).execute()).data[0]["item_id"]}
    club.account.client.rpc("complete_maintenance", {**done, **done_at(400)}).execute()

    club.open(page, "#/maintenance")
    expect(page.get_by_text("1 overdue, 1,004 unknown of 1,005 items")).to_be_visible()

    listed = page.evaluate("() => [...document.querySelectorAll('tbody tr')].map((row) => row.innerText)")
    assert [name for row in listed for name in re.findall(r"Item \d{4}", row)] == [names[-1], *names[:-1]]
