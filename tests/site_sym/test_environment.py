"""What the browser says about itself is not believed unchecked: its time zone, its clock, what it has stored."""

import json
import re
from datetime import timedelta
from typing import Any, cast

import pytest
from playwright.sync_api import Page, Route, expect
from postgrest.exceptions import APIError

from tests.conftest import NewPage
from tests.site_sym.club import Club, message, now, report
from tests.support import PageFaults

NAMES_ITS_ZONE = """((zone) => {
  const options = Intl.DateTimeFormat.prototype.resolvedOptions;
  Intl.DateTimeFormat.prototype.resolvedOptions = function () { return { ...options.call(this), timeZone: zone }; };
})(%s)"""
STORED = "if (location.host) localStorage.setItem('preferences', %s)"
LOCAL = json.dumps({"zone": "local"})


@pytest.mark.parametrize("zone", ["Etc/Unknown", "Mars/Olympus", "+05:30", None])
def test_a_browser_that_does_not_know_its_zone_shows_utc(page: Page, club: Club, zone: str | None) -> None:
    """Also where local time was chosen before: hours are there, times say Z, and the settings say why."""
    report(club.stack, message(club.add_device("Box", club.add_plane("D-EKLM")), now() - timedelta(days=1), 5400))
    page.add_init_script(STORED % json.dumps(LOCAL))
    page.add_init_script(NAMES_ITS_ZONE % json.dumps(zone))

    club.open(page)
    expect(page.get_by_role("article").get_by_role("img", name="1.5 hours")).to_be_visible()
    expect(page.get_by_role("article")).to_contain_text(re.compile(r"yesterday \d\d:\d\dZ"))
    expect(page.get_by_role("img", name="in the last twelve months")).to_be_attached()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.evaluate("() => { location.hash = '#/settings'; }")

    expect(page.get_by_text("This browser does not know its time zone, so times are in UTC.")).to_be_visible()


def test_a_zone_that_only_the_database_does_not_know_is_given_up(
    new_page: NewPage, club: Club, page_faults: PageFaults
) -> None:
    """Its list may be older than the browser's: the page asks again in UTC, and from then on in UTC at once."""
    page_faults.allow("status of 400")
    with pytest.raises(APIError) as refused:
        club.account.client.rpc("fleet_overview", {"fleet_id": club.fleet_id, "time_zone": "Mars/Olympus"}).execute()
    club.add_plane("D-EKLM")
    page = new_page(timezone_id="Europe/Berlin")
    page.add_init_script(STORED % json.dumps(LOCAL))
    zones: list[str] = []

    def answer(route: Route) -> None:
        asked = cast(dict[str, Any], route.request.post_data_json)
        zones.append(asked["time_zone"])
        if asked["time_zone"] == "UTC":
            route.continue_()
        else:
            route.fulfill(status=400, json=refused.value.json())

    page.route("**/rpc/fleet_overview", answer)
    club.open(page)

    expect(page.get_by_role("article")).to_contain_text("D-EKLM")
    expect(page.get_by_role("radio", name="Local")).to_have_count(0)
    assert "Europe/Berlin" in zones
    assert "UTC" == zones[-1]


@pytest.mark.parametrize("stored", ["null", "[]", '"dark"', '{"zone": 7, "hours": null, "fleetId": {}}', "{"])
def test_stored_preferences_that_make_no_sense_are_the_defaults(page: Page, club: Club, stored: str) -> None:
    """Whatever stands in the browser's storage, the page opens."""
    club.add_plane("D-EKLM")
    page.add_init_script(STORED % json.dumps(stored))

    club.open(page, "#/planes")

    expect(page.get_by_role("article")).to_contain_text("D-EKLM")


@pytest.mark.parametrize("hours", [3, -3])
def test_a_clock_hours_off_changes_no_state_and_no_second(page: Page, club: Club, hours: int) -> None:
    """The running session counts from what the server has, and neither jumps two minutes ahead nor stands still."""
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box 2", plane_id)
    start = now() - timedelta(seconds=2500)
    report(club.stack, message(device_uuid, start, 2500, status="open"))
    page.clock.install(time=now() + timedelta(hours=hours))

    club.open(page)
    card = page.get_by_role("article")
    expect(card).to_contain_text("Running now")
    time = card.get_by_role("timer")
    expect(time).to_contain_text(re.compile("0:4[12]:"))
    shown = time.inner_text()

    expect(time).not_to_have_text(shown)
    expect(time).to_contain_text(re.compile("0:4[12]:"))
    expect(card).to_contain_text("today" if start.date() == now().date() else "yesterday")
