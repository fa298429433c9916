"""What one tap does, outside a form: clearly not saved without a network, sent once more with a tap, and done once."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import psycopg
from playwright.sync_api import Locator, Page, expect

from tests.site_sym.club import Club, message, now, report
from tests.site_sym.test_engine_time import sensed
from tests.site_sym.test_saving import NO_ANSWER
from tests.support import PageFaults

OFFLINE = "Not saved: there is no connection."


@dataclass(frozen=True)
class Tap:
    """A page, what leads to the button, the words that say that it is done, and what the activity then has more."""

    hash_: str
    button: Callable[[Page], Locator]
    said: str
    changes: int = 1


def fill(club: Club) -> dict[str, str]:
    """A fleet in which each of the taps has something to do; the ids of its plane and device."""
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box", plane_id)
    begin = now() - timedelta(days=3)
    estimated = {"start_source": "estimated", "start_uncertainty_s": 2400}
    report(
        club.stack,
        sensed(device_uuid, begin, 5400, 4500, boot=1),
        message(device_uuid, begin + timedelta(hours=9), 3600, boot=2, **estimated),
        message(device_uuid, begin + timedelta(hours=20), 3600, boot=5),
        message(device_uuid, begin + timedelta(hours=30), 3600, boot=9),
    )
    rest = club.account.client
    rest.table("maintenance_items").insert(
        {"fleet_id": club.fleet_id, "plane_id": plane_id, "name": "Annual", "interval_months": 12, "anchor": "from_due"}
    ).execute()
    rest.table("meters").insert(
        {"fleet_id": club.fleet_id, "plane_id": plane_id, "name": "Tach", "source": "engine"}
    ).execute()
    rest.rpc("create_invite", {"fleet_id": club.fleet_id, "role": "viewer"}).execute()
    return {"plane": plane_id, "device": device_uuid}


def in_sheet(name: str) -> Callable[[Page], Locator]:
    """A button of the newest session's sheet."""

    def find(page: Page) -> Locator:
        page.locator("tbody .open").first.click()
        return page.get_by_role("dialog").get_by_role("button", name=name)

    return find


def named(name: str | re.Pattern[str]) -> Callable[[Page], Locator]:
    """The first button with this name."""
    return lambda page: page.get_by_role("button", name=name).first


def in_menu(name: str) -> Callable[[Page], Locator]:
    """An action of the page's menu."""

    def find(page: Page) -> Locator:
        page.get_by_role("main").get_by_role("button", name="More", exact=True).click()
        return page.get_by_role("main").locator(".menu").get_by_text(name, exact=True)

    return find


def settled(page: Page) -> Locator:
    """The gap that was settled before, to be reviewed again."""
    page.locator("summary", has_text="Settled").click()
    return page.get_by_role("button", name="Review again").first


TAPS = {
    "a suggested class": Tap("#/sessions?period=all", named(re.compile("^Set the suggested class")), "1 class set"),
    "leaving out": Tap("#/sessions?period=all", in_sheet("Leave out of the totals"), "left out"),
    "a clock that was right": Tap("#/sessions/review", named("Time is right"), "Times confirmed"),
    "a gap": Tap("#/sessions/review", named("Nothing was lost"), "nothing was lost"),
    "a settled gap": Tap("#/sessions/review", settled, "Back in the review list"),
    "an item": Tap("#/planes/{plane}/programme", named("Archive Annual"), "Annual is archived"),
    "an invite": Tap("#/fleet", named(re.compile("^Withdraw")), "withdrawn"),
    "an assignment": Tap("#/devices/{device}", named(re.compile("^Remove D-EKLM")), "The assignment is removed"),
    "a primary meter": Tap("#/planes/{plane}", named("Make primary: Tach"), "D-EKLM now shows Tach", 2),
    "a plane that is gone": Tap("#/planes/{plane}", in_menu("Archive"), "D-EKLM is archived"),
}


def activities(club: Club) -> int:
    """How much has been changed in the fleet so far."""
    with psycopg.connect(club.stack.database_url) as database:
        query = "select count(*) from public.activity where fleet_id = %s"
        found = database.execute(query, (club.fleet_id,)).fetchone()
    assert found is not None
    return int(found[0])


def test_what_one_tap_does_is_not_lost_and_done_once(page: Page, club: Club, page_faults: PageFaults) -> None:
    """Every tap says that it is not saved and offers one more, which does it once."""
    page_faults.allow(NO_ANSWER)
    ids = fill(club)
    club.open(page, "#/fleet")
    again = page.get_by_role("button", name="Save again")
    done = page.get_by_role("status")

    changed = {}
    for name, tap in TAPS.items():
        page.goto(f"{club.stack.url}/{tap.hash_.format(**ids)}")
        button = tap.button(page)
        expect(button).to_be_visible()
        before = activities(club)
        page.context.set_offline(True)
        button.click()
        expect(page.locator("[role=alert], [role=status]").filter(has_text=OFFLINE)).to_be_visible()
        page.context.set_offline(False)
        again.click()
        expect(again).to_have_count(0)
        expect(done).to_contain_text(tap.said, timeout=15_000)
        expect(page.get_by_text(OFFLINE)).to_have_count(0)
        changed[name] = activities(club) - before
        for dismiss in page.get_by_role("button", name="Dismiss").all():
            dismiss.click()
        page.reload()

    assert {name: tap.changes for name, tap in TAPS.items()} == changed
