"""The first page: what needs somebody today, few planes as cards and many as rows, one figure everywhere."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import NewPage, signing_up
from tests.site_sym.axe import violations
from tests.site_sym.club import DESKTOP, PHONE, REVIEW, Club, api_requests, message, now, report
from tests.support import HTTP_SECONDS
from tools.stack import Stack

HOUR = 3600
PLANES = 60
FIRST_ROWS = 12
RUNNING, REFUSED, OVERDUE = "D-EK07", "D-EK21", "D-EK33"
# A row on a phone has two lines, or three where something is due.
HIGHEST_ROW_PX = 110
# Sixty cards would be some 17,000 px.
HIGHEST_PAGE_PX = 6_000
# Without the answers of the database.
MOST_FIRST_VISIT_BYTES = 150_000
SHIFTS = """() => {
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const { hadRecentInput, value } of list.getEntries()) if (!hadRecentInput) window.shifted += value;
  }).observe({ type: "layout-shift", buffered: true });
}"""


def refuse(stack: Stack, device_uuid: str) -> None:
    """Report a session from before there were boards, which the server refuses."""
    bad = message(device_uuid, datetime(2021, 1, 1, tzinfo=UTC), HOUR)
    answer = httpx.post(f"{stack.url}/functions/v1/ingest", json=[bad], trust_env=False, timeout=HTTP_SECONDS)
    assert "rejected" in answer.text


def make_overdue(club: Club, plane_id: str) -> None:
    """Give a plane an item that was due ten days ago."""
    row = {"fleet_id": club.fleet_id, "plane_id": plane_id, "name": "Radio check", "anchor": "from_completion"}
    answer = club.account.client.table("maintenance_items").insert({**row, "interval_days": 30}).execute()
    item_id = cast(list[dict[str, str]], answer.data)[0]["item_id"]
    done = {"item_id": item_id, "done_at": (now() - timedelta(days=40)).isoformat()}
    club.account.client.rpc("complete_maintenance", done).execute()


@pytest.fixture(scope="module")
def sixty(stack: Stack) -> Iterator[Club]:
    """Sixty planes: one runs, one's board is refused, one is overdue; a board without a plane, a session to review."""
    with signing_up() as sign_up:
        club = Club(stack, sign_up(stack))
        rows = [{"fleet_id": club.fleet_id, "registration": f"D-EK{n:02d}"} for n in range(PLANES)]
        types = ({"type_designator": "DR40", "make": "Robin"}, {"type_designator": "C172", "make": "Cessna"})
        answer = club.account.client.table("planes").insert([row | types[n % 2] for n, row in enumerate(rows)])
        planes = {row["registration"]: row["plane_id"] for row in cast(list[dict[str, str]], answer.execute().data)}
        for number, (registration, plane_id) in enumerate(sorted(planes.items())):
            device_uuid = club.add_device(f"Box {number}", plane_id)
            flown = message(device_uuid, now() - timedelta(days=1 + number), HOUR, start_source="ntp")
            running = message(device_uuid, now() - timedelta(seconds=2460), 2460, status="open")
            report(stack, *([flown, running] if registration == RUNNING else [flown]))
            if registration == REFUSED:
                refuse(stack, device_uuid)
        make_overdue(club, planes[OVERDUE])
        guessed = {"start_source": "estimated", "start_uncertainty_s": 2_400}
        report(stack, message(club.add_device("Spare box"), now() - timedelta(days=4), HOUR, **guessed))
        yield club


def needs(page: Page) -> Locator:
    """The lines that say what needs somebody today."""
    return page.get_by_role("region", name="Needs you today").get_by_role("listitem")


def rows(page: Page) -> Locator:
    """The planes' rows, as they stand."""
    return page.get_by_role("region", name="Planes").get_by_role("listitem")


def test_sixty_planes_are_rows_with_the_news_first_after_three_requests(new_page: NewPage, sixty: Club) -> None:
    """What runs, what is refused, what is due, then who flew last; the rest on request; nothing moves."""
    page = new_page(**DESKTOP)
    page.add_init_script(f"({SHIFTS})()")
    asked = api_requests(page)

    sixty.open(page)

    expect(needs(page)).to_have_text(
        [
            re.compile(rf"Clock is wrong\s+{REFUSED} .*Open the device"),
            re.compile(rf"Overdue\s+{OVERDUE} Radio check overdue by 10 days.*Mark as done"),
            re.compile(r"Not counted\s+1 session without a plane from “Spare box”.*Assign to a plane"),
        ]
    )
    expect(rows(page)).to_have_count(FIRST_ROWS)
    begin = [RUNNING, REFUSED, OVERDUE, *(f"D-EK{n:02d}" for n in range(7))]
    expect(rows(page).locator("a")).to_contain_text([*begin, "D-EK08", "D-EK09"])
    expect(page.get_by_role("article")).to_have_count(0)
    expect(page.get_by_role("link", name="1 session to review")).to_be_visible()
    assert page.evaluate("shifted") < 0.02
    assert {*asked} <= {"my_fleets", "rpc/fleet_overview", "rpc/hours_by_day", *REVIEW}
    assert [name for name in asked if name not in REVIEW][:2] == ["my_fleets", "rpc/fleet_overview"]

    page.get_by_role("button", name=f"Show all {PLANES} planes").click()

    expect(rows(page)).to_have_count(PLANES)


def test_a_plane_among_sixty_is_found_by_typing_and_opened_by_the_keyboard(new_page: NewPage, sixty: Club) -> None:
    """By a part of its registration or its type, as people type them; nothing found is said; Enter opens a plane."""
    page = new_page(**DESKTOP)
    sixty.open(page)
    search = page.get_by_role("searchbox", name="Search planes")

    search.fill("cessna")
    expect(rows(page)).to_have_count(PLANES // 2)
    search.fill("dek 5")
    expect(rows(page).locator("a")).to_have_text([f"D-EK{n}" for n in range(50, 60)])
    expect(page.get_by_text("10 planes found")).to_be_attached()
    search.fill("D-EK99")
    expect(page.get_by_text("No plane matches “D-EK99”.")).to_be_visible()
    search.fill("ek42")
    expect(rows(page)).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="D-EK42")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="D-EK42", level=1)).to_be_visible()


def test_sixty_planes_on_a_phone_are_no_endless_column_and_pass_axe(new_page: NewPage, sixty: Club) -> None:
    """Two lines a plane, also with all of them shown, light and dark."""
    page = new_page(**PHONE)
    sixty.open(page)
    expect(rows(page)).to_have_count(FIRST_ROWS)
    short = page.evaluate("document.documentElement.scrollHeight")
    found = violations(page)
    page.get_by_role("button", name=f"Show all {PLANES} planes").tap()
    expect(rows(page)).to_have_count(PLANES)
    heights = rows(page).evaluate_all("(all) => all.map((row) => row.getBoundingClientRect().height)")
    page.emulate_media(color_scheme="dark")
    found += violations(page)

    assert found == []
    assert short < HIGHEST_PAGE_PX
    assert max(heights) < HIGHEST_ROW_PX
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_calm_day_is_one_line_and_eight_planes_are_cards(page: Page, club: Club) -> None:
    """Nothing to settle is said in one line; the ninth plane makes rows of them."""
    club.add_device("Panel box", club.add_plane("D-EKLM"))
    for number in range(7):
        club.add_plane(f"D-EK{number:02d}")
    club.open(page)

    expect(page.get_by_text("Nothing needs you today.")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(8)
    club.add_plane("D-EK07")
    page.reload()
    expect(rows(page)).to_have_count(9)

    expect(page.get_by_role("article")).to_have_count(0)


def test_what_needs_somebody_leads_to_where_it_is_settled(page: Page, club: Club) -> None:
    """The refused board's page, the overdue item's dialog, the review; a line is gone once it is settled."""
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box 2", plane_id)
    report(club.stack, message(device_uuid, now() - timedelta(days=2), HOUR))
    refuse(club.stack, device_uuid)
    make_overdue(club, plane_id)
    club.open(page)
    expect(needs(page)).to_have_count(2)

    page.get_by_role("article").get_by_role("link", name="Clock is wrong").click()
    expect(page.get_by_role("heading", name="Panel box 2", level=1)).to_be_visible()
    page.go_back()
    needs(page).nth(0).get_by_role("link", name="Open the device").click()
    expect(page.get_by_role("heading", name="Panel box 2", level=1)).to_be_visible()
    page.go_back()
    needs(page).nth(1).get_by_role("button", name="Mark as done").click()
    page.get_by_role("dialog").get_by_role("button", name="Done", exact=True).click()

    expect(needs(page)).to_have_count(1)


def test_periods_are_one_tap_away_with_the_months_hours(page: Page, club: Club) -> None:
    """Today, yesterday, this and last month lead to the log; the months say what was flown in them."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    month = now().replace(day=1, hour=0, minute=0, second=0)
    report(club.stack, message(device_uuid, month - timedelta(hours=9), 4 * HOUR), message(device_uuid, month, 1080))
    club.open(page)
    periods = page.get_by_role("navigation", name="Sessions of")

    expect(periods.get_by_role("link")).to_have_text(["Today", "Yesterday", "This month 0.3 h", "Last month 4.0 h"])

    hrefs: list[Any] = periods.get_by_role("link").evaluate_all("(all) => all.map((link) => link.getAttribute('href'))")
    assert [f"#/sessions?period={name}" for name in ("today", "yesterday", "month", "last_month")] == hrefs


def test_one_of_the_latest_sessions_opens_where_it_stands(page: Page, club: Club) -> None:
    """A tap anywhere in its row; what is said there is in the row when the sheet closes."""
    device_uuid = club.add_device("Panel box", club.add_plane("D-EKLM"))
    report(club.stack, message(device_uuid, now() - timedelta(hours=3), 3600))
    club.open(page)
    row = page.get_by_role("table", name="Latest sessions").locator("tr.entry")

    row.locator("td.duration").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Pilot").fill("Anna Roth")
    dialog.get_by_role("button", name="Save").click()

    expect(dialog).to_be_hidden()
    expect(row).to_contain_text("Anna Roth")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Good")


def test_the_dashboard_of_sixty_planes_is_light(new_page: NewPage, sixty: Club) -> None:
    """All files of a first visit, as they come over the wire: page, script, styles, fonts, icons, both charts.

    Time stands still, so that the pages which are fetched in advance for the next tap are not among them.
    """
    page = new_page(viewport={"width": 1280, "height": 2_800})
    cdp = page.context.new_cdp_session(page)
    cdp.send("Network.enable")
    addresses: dict[str, str] = {}
    lengths: dict[str, int] = {}
    cdp.on("Network.responseReceived", lambda event: addresses.update({event["requestId"]: event["response"]["url"]}))
    cdp.on("Network.loadingFinished", lambda event: lengths.update({event["requestId"]: event["encodedDataLength"]}))
    page.clock.install()
    page.clock.pause_at(now() + timedelta(minutes=1))
    asked = api_requests(page)

    sixty.open(page)

    expect(rows(page)).to_have_count(FIRST_ROWS)
    expect(page.get_by_role("img", name="in the last twelve months")).to_be_visible()
    expect(page.get_by_role("region", name="Hours per month").get_by_role("img")).to_be_visible()
    page.evaluate("document.fonts.ready")
    page.wait_for_load_state("networkidle")
    weights = {addresses[request].removeprefix(sixty.stack.url): length for request, length in lengths.items()}
    files = {path: length for path, length in weights.items() if not re.match(r"/(rest|auth)/|about:", path)}
    assert ["my_fleets", "rpc/fleet_overview", "rpc/hours_by_day"] == asked
    assert any("text-latin" in path for path in files)
    assert sum(files.values()) <= MOST_FIRST_VISIT_BYTES, weights
