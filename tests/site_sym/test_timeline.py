"""The timeline: a day and a week, one lane per plane, by keyboard and by its address."""

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, Request, expect

from tests.conftest import NewPage
from tests.site_sym.club import Club, message, now, report


def midnight(days_ago: int) -> datetime:
    """The begin of a day in UTC."""
    return now().replace(hour=0, minute=0, second=0) - timedelta(days=days_ago)


def test_a_week_has_a_lane_per_plane_in_one_request(page: Page, club: Club) -> None:
    """Each session is a bar with a name that says when, how long and how sure; overlaps say so; a click opens it."""
    plane_id = club.add_plane("D-EKLM")
    club.add_plane("D-EABC")
    monday = midnight(7 + now().weekday())
    estimate = {"start_source": "estimated", "start_uncertainty_s": 2400}
    report(club.stack, message(club.add_device("Box", plane_id), monday + timedelta(hours=9), 5400))
    report(club.stack, message(club.add_device("Box 2", plane_id), monday + timedelta(hours=10), 3600, **estimate))
    report(club.stack, message(club.add_device("Spare box"), monday + timedelta(days=2, hours=9), 600))
    club.open(page, "#/sessions")
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))

    page.get_by_role("link", name="Timeline").click()
    page.get_by_role("link", name="Previous week").click()

    lane = page.get_by_role("group", name="D-EKLM")
    # In January the week before may have begun last year, which is said then.
    day = f"{monday.day} {monday:%b}" + (f" {monday.year}" if monday.year != now().year else "")
    measured = lane.get_by_role("button", name=f"{day} 09:00Z – 10:30Z, 1:30 h, measured, overlaps")
    expect(measured).to_be_visible()
    expect(
        lane.get_by_role("button", name=re.compile(r"≈ 10:00Z – 11:00Z, 1:00 h, clock estimated ±40 min, overlaps"))
    ).to_be_visible()
    expect(page.get_by_role("group", name="D-EABC")).to_contain_text("no session")
    expect(page.get_by_role("group", name="no plane").get_by_role("button")).to_have_count(1)
    assert 2 == sum("session_end=gt." in request.url for request in requests), "one a week"
    measured.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name=f"D-EKLM, {day}")).to_be_visible()


def test_its_address_says_the_day_and_the_zone_moves_it(new_page: NewPage, club: Club) -> None:
    """A session past midnight stands on both days; in local time it lies on one; back and forth by links and Back."""
    device_uuid = club.add_device("Box", club.add_plane("D-EKLM"))
    evening = datetime(2026, 3, 10, 22, 30, tzinfo=UTC)
    report(club.stack, message(device_uuid, evening, 2 * 3600))
    page = new_page(timezone_id="Asia/Kolkata")
    bars = page.get_by_role("group", name="D-EKLM").get_by_role("button")
    club.open(page, "#/sessions/timeline?view=day&date=2026-03-10")
    expect(bars).to_have_count(1)
    page.get_by_role("link", name="Next day").click()
    expect(page.get_by_role("heading", name="Wed 11 Mar")).to_be_visible()
    expect(bars).to_have_count(1)

    page.get_by_role("radio", name="Local").check()
    expect(bars).to_have_attribute("aria-label", re.compile(r"11 Mar 04:00 – 06:00"))
    page.go_back()

    expect(page.get_by_role("heading", name="Tue 10 Mar")).to_be_visible()
    expect(page.get_by_text("No plane had power on this day.")).to_be_visible()
    page.get_by_role("link", name="As a list").click()
    expect(page).to_have_url(re.compile("from=2026-03-10&to=2026-03-10"))
