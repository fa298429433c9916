"""Who changed what: sentences that people read, of a fleet, a plane and a session, page by page."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page, expect

from tests.site_sym.club import Club, choose, first, message, now, report
from tests.site_sym.roles import join


def test_what_was_changed_is_told_from_what_to_what(page: Page, club: Club, make_club: Callable[[], Club]) -> None:
    """From the session's sheet, the plane's page and the fleet's; and who has left is a former member."""
    guest = make_club()
    join(club, guest, "editor")
    plane_id, other = club.add_plane("D-EKLM"), club.add_plane("D-EABC")
    start = now().replace(hour=0, minute=5, second=0) - timedelta(days=2)
    report(club.stack, message(club.add_device("Panel box 2", plane_id), start, 3600))
    client = guest.account.client
    session_id = first(client.table("session_log").select("session_id").eq("plane_id", plane_id).execute())[
        "session_id"
    ]
    client.table("session_annotations").insert({"session_id": session_id, "pilot": "Karl"}).execute()
    client.table("planes").update({"registration": "D-EXYZ"}).eq("plane_id", other).execute()
    members = club.account.client.table("fleet_members")
    members.delete().eq("fleet_id", club.fleet_id).eq("user_id", guest.account.user_id).execute()
    rows = page.get_by_role("region", name="Activity").get_by_role("listitem")

    club.open(page, "#/sessions?period=all")
    page.locator("button.open").first.click()
    page.get_by_role("dialog").get_by_role("link", name="Activity").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(
        re.compile(r"A former member changed the session D-EKLM .* 00:05Z: pilot from “–” to “Karl”\.")
    )

    page.evaluate(f"location.hash = '#/planes/{other}'")
    expect(page.get_by_role("heading", name="D-EXYZ", level=1)).to_be_visible()
    choose(page, "Activity")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("changed the plane D-EXYZ: registration from “D-EABC” to “D-EXYZ”.")
    expect(rows.last).to_contain_text(f"{club.account.email} added the plane D-EABC: registration “D-EABC”")
    page.get_by_label("Plane", exact=True).select_option("All planes")
    expect(rows.first).to_contain_text(f"{club.account.email} removed a member: role “Editor”.")

    page.get_by_role("navigation").get_by_role("link", name="Fleet").click()
    page.get_by_role("main").get_by_role("link", name="Activity").click()
    expect(rows.filter(has_text="pilot from")).to_have_count(1)


def test_older_activity_comes_page_by_page_and_nothing_twice(page: Page, club: Club) -> None:
    """What is changed while somebody reads pushes nothing out of the list."""
    plane_id = club.add_plane("D-EKLM")
    table = club.account.client.table("planes")
    for number in range(60):
        table.update({"model": f"Model {number:02d}"}).eq("plane_id", plane_id).execute()
    club.open(page, f"#/activity?plane={plane_id}")
    rows = page.get_by_role("region", name="Activity").get_by_role("listitem")
    expect(rows).to_have_count(50)
    table.update({"model": "Model 99"}).eq("plane_id", plane_id).execute()

    page.get_by_role("button", name="Show older").click()

    expect(rows).to_have_count(61)
    expect(page.get_by_role("button", name="Show older")).to_have_count(0)
    told: list[Any] = page.evaluate("() => [...document.querySelectorAll('main ol li')].map((row) => row.innerText)")
    assert [f"Model {number:02d}" for number in reversed(range(60))] == re.findall(
        r"to “(Model \d\d)”", "\n".join(told)
    )
