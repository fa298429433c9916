"""A plane's meters on its page: a tach is added, read, learned from and put on the drum."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

from playwright.sync_api import Page, expect

from tests.site_sym.club import Club, message, now, report, undo
from tests.site_sym.roles import join
from tests.support import PageFaults

HOUR = 3600


def flown(club: Club) -> tuple[str, datetime]:
    """D-EKLM with ten flights of an hour, a day apart; the plane, and when the first one began."""
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box", plane_id)
    begin = now() - timedelta(days=11)
    report(club.stack, *(message(device_uuid, begin + timedelta(days=day), HOUR) for day in range(10)))
    return plane_id, begin


def add_tach(club: Club, plane_id: str, ratio: float = 0.9) -> str:
    """An estimated meter that follows powered time."""
    client = club.account.client
    powered = cast(
        list[dict[str, Any]],
        client.table("meters").select("fleet_id, meter_id").eq("plane_id", plane_id).execute().data,
    )[0]
    row = {"fleet_id": powered["fleet_id"], "plane_id": plane_id, "name": "Tach", "source": "estimated",
           "base_meter_id": powered["meter_id"], "entered_ratio": ratio}  # fmt: skip
    made = cast(list[dict[str, Any]], client.table("meters").insert(row).execute().data)
    return str(made[0]["meter_id"])


def read_tach(club: Club, plane_id: str, tach: str, seconds: int, as_of: datetime) -> None:
    """What the tach showed."""
    reading = {
        "plane_id": plane_id,
        "meter_id": tach,
        "seconds": seconds,
        "reason": "check",
        "as_of": as_of.isoformat(),
    }
    club.account.client.rpc("add_reading", reading).execute()


def test_a_tach_is_added_read_and_put_on_the_drum(page: Page, club: Club) -> None:
    """Before its first reading it is not known; after it the figure goes on by the entered ratio, and says so."""
    plane_id, begin = flown(club)
    club.open(page, f"#/planes/{plane_id}")
    panel = page.get_by_role("region", name="Meters")
    panel.get_by_role("button", name="Add a meter").click()
    panel.get_by_label("Ratio").fill("8")
    panel.get_by_role("button", name="Save the meter").click()
    expect(panel).to_contain_text("A ratio lies between 0.05 and 5.")
    panel.get_by_label("Ratio").fill("0,8")
    panel.get_by_role("button", name="Save the meter").click()
    tach = panel.get_by_role("listitem").filter(has_text="Tach")
    expect(tach).to_contain_text("Estimated from Powered time")
    expect(tach).to_contain_text("Needs a reading")

    readings = page.get_by_role("region", name="Meter readings")
    page.get_by_role("button", name="New reading").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Meter", exact=True).select_option("Tach")
    form.get_by_label("Meter shows").fill("1000.0")
    form.get_by_label(re.compile("Read at")).fill(f"{begin - timedelta(hours=1):%Y-%m-%d %H:%M}")
    form.get_by_role("button", name="Record the reading").click()

    expect(readings.get_by_role("row").filter(has_text="1000.0")).to_contain_text(re.compile("Tach.*First reading"))
    expect(tach).to_contain_text("1008.0 h")
    expect(tach).to_contain_text("Ratio 0.8, entered; learned from three readings on")
    hours = page.get_by_role("region", name="Hours now")
    expect(hours.get_by_role("img", name="10.0 hours")).to_be_visible()
    tach.get_by_role("button", name="Make primary: Tach").click()
    expect(hours.get_by_role("img", name="1008.0 hours")).to_be_visible()
    expect(hours).to_contain_text("Tach is an estimate between readings")
    expect(hours).to_contain_text(re.compile(r"Powered\s*10.0 h"))


def test_what_was_learned_is_shown_with_its_band(page: Page, club: Club, make_club: Callable[[], Club]) -> None:
    """A viewer sees it, on the card, too, and is offered nothing."""
    plane_id, begin = flown(club)
    tach = add_tach(club, plane_id)
    for day in (0, 3, 6, 9):
        read_tach(club, plane_id, tach, (1000 + day * 8 // 10) * HOUR + day * 8 % 10 * 360, begin + timedelta(days=day))
    club.account.client.rpc("set_primary_meter", {"meter_id": tach}).execute()
    guest = make_club()
    join(club, guest, "viewer")

    guest.open(page, f"#/planes/{plane_id}")

    panel = page.get_by_role("region", name="Meters")
    expect(panel.get_by_role("listitem").first).to_contain_text(
        re.compile(r"Tach.*Primary.*Ratio 0\.8 \(0\.7\d* to 0\.8\d*\), learned from 4 readings", re.DOTALL)
    )
    expect(page.get_by_role("region", name="Hours now").get_by_role("img", name="1008.0 hours")).to_be_visible()
    expect(panel.get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("button", name="New reading")).to_have_count(0)
    page.goto(f"{club.stack.url}/#/")
    expect(page.get_by_role("article")).to_contain_text(re.compile(r"Tach · ±\d"))


def test_a_meter_is_renamed_and_deleted(page: Page, club: Club, page_faults: PageFaults) -> None:
    """A name that another one has is refused in words; what was never read goes, and comes back with Undo."""
    plane_id, _ = flown(club)
    add_tach(club, plane_id)
    page_faults.allow("status of 409")
    club.open(page, f"#/planes/{plane_id}")
    panel = page.get_by_role("region", name="Meters")

    panel.get_by_role("button", name="Edit Tach").click()
    panel.get_by_label("Name").fill("powered time")
    panel.get_by_role("button", name="Save the meter").click()
    expect(panel).to_contain_text("This plane already has a meter named Powered time")
    panel.get_by_label("Name").fill("Recording tach")
    panel.get_by_role("button", name="Save the meter").click()
    expect(panel.get_by_role("listitem")).to_have_count(2)
    expect(panel.get_by_role("button", name="Delete Powered time")).to_have_count(0)
    panel.get_by_role("button", name="Delete Recording tach").click()
    expect(panel.get_by_role("listitem")).to_have_count(1)
    undo(page, "Recording tach was deleted.")

    expect(panel.get_by_role("listitem")).to_have_count(2)
    expect(panel).to_contain_text("Ratio 0.9, entered")
