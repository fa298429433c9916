"""Several sessions changed in one go: chosen by mouse and keyboard, in one request, all or none, with undo."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from playwright.sync_api import Page, Request, expect

from tests.conftest import NewPage
from tests.site_sym.club import Club, message, now, report, undo
from tests.site_sym.roles import join
from tests.support import PageFaults
from tools import wire

COLUMNS = "session_id, effective_start, class, pilot, remarks, excluded, annotated_at"


def flights(club: Club, count: int) -> str:
    """A day's flights of D-EKLM; the plane."""
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box 2", plane_id)
    report(club.stack, *(message(device_uuid, now() - timedelta(hours=3 * n + 3), 3600) for n in range(count)))
    return plane_id


def log(club: Club) -> list[dict[str, Any]]:
    """What the database knows of the club's sessions, newest first."""
    query = club.account.client.table("session_log").select(COLUMNS).order("effective_start", desc=True)
    return cast(list[dict[str, Any]], query.execute().data)


def choose(page: Page) -> None:
    """Begin to choose several sessions."""
    page.get_by_role("button", name="Select", exact=True).click()


def test_a_range_is_changed_in_one_request_and_taken_back(page: Page, club: Club) -> None:
    """Class, pilot and totals of four sessions; what was said before stays beside it, and undo brings it back."""
    flights(club, 6)
    noted = {"session_id": log(club)[2]["session_id"], "pilot": "Anna Roth", "remarks": "Oil"}
    club.account.client.table("session_annotations").insert(noted).execute()
    before = log(club)
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))
    club.open(page, "#/sessions")
    choose(page)
    boxes = page.get_by_role("checkbox", name=re.compile("^Select D-EKLM"))
    boxes.nth(1).click()
    boxes.nth(4).click(modifiers=["Shift"])
    expect(page.get_by_text("4 selected")).to_be_visible()
    page.get_by_role("button", name="Change…").click()
    dialog = page.get_by_role("dialog", name="Change 4 sessions")
    requests.clear()

    dialog.get_by_label("Class").select_option("Maintenance")
    dialog.get_by_role("radio", name="Set to").check()
    dialog.get_by_role("combobox", name="Pilot").fill("Jürg Weiß")
    dialog.get_by_role("radio", name="Leave out").check()
    dialog.get_by_role("button", name="Change 4 sessions").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("tr.entry").filter(has_text="Maintenance")).to_have_count(4)
    said = [request.method for request in requests if "/session_annotations" in request.url and request.method != "GET"]
    assert ["POST"] == said
    changed = log(club)
    assert [None] + [("maintenance", "Jürg Weiß", True)] * 4 + [None] == [
        row["annotated_at"] and (row["class"], row["pilot"], row["excluded"]) for row in changed
    ]
    assert [None, None, "Oil", None, None, None] == [row["remarks"] for row in changed]

    undo(page, "4 sessions changed")

    expect(page.locator("tr.entry").filter(has_text="Maintenance")).to_have_count(0)
    untimed = [
        [{**row, "annotated_at": row["annotated_at"] is not None} for row in rows] for rows in (before, log(club))
    ]
    assert untimed[0] == untimed[1]


def test_the_keyboard_alone_is_enough(page: Page, club: Club) -> None:
    """Space ticks one, Shift and Space a range; the count is announced; saying nothing sends nothing."""
    flights(club, 5)
    club.open(page, "#/sessions")
    button = page.get_by_role("button", name="Select", exact=True)
    expect(button).to_be_enabled()  # the sessions are there
    button.focus()
    page.keyboard.press("Enter")
    boxes = page.get_by_role("checkbox", name=re.compile("^Select D-EKLM"))
    boxes.first.focus()
    page.keyboard.press("Space")
    while not boxes.nth(3).evaluate("(box) => box === document.activeElement"):
        page.keyboard.press("Tab")  # the heading of each day is a link
    page.keyboard.press("Shift+Space")
    expect(page.get_by_role("status").get_by_text("4 selected")).to_be_visible()
    every = page.get_by_role("checkbox", name="All 5 shown")
    assert every.evaluate("(box) => box.indeterminate")
    every.focus()
    page.keyboard.press("Space")
    expect(boxes.nth(4)).to_be_checked()
    change = page.get_by_role("button", name="Change…")
    change.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")

    dialog.get_by_role("button", name="Change 5 sessions").focus()
    page.keyboard.press("Enter")

    expect(dialog.get_by_role("alert")).to_have_text("Choose what to change.")
    page.keyboard.press("Escape")
    expect(change).to_be_focused()
    expect(boxes.nth(4)).to_be_checked()
    assert [None] * 5 == [row["annotated_at"] for row in log(club)]


def test_a_session_that_is_gone_is_named_and_the_others_can_still_be_changed(
    page: Page, club: Club, page_faults: PageFaults
) -> None:
    """None is changed behind the person's back: what stands in the way is said, and the second try leaves it out."""
    page_faults.allow(r"status of 404")
    plane_id = flights(club, 2)
    start = now() - timedelta(hours=40)
    entry = {"hand_plane_id": plane_id, "hand_start": wire.timestamp(start), "hand_seconds": 600}
    entered = cast(Any, club.account.client.table("session_annotations").insert(entry).execute()).data[0]["session_id"]
    club.open(page, "#/sessions")
    choose(page)
    page.get_by_role("checkbox", name="All 3 shown").check()
    page.get_by_role("button", name="Change…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Class").select_option("Flight")
    club.account.client.table("session_annotations").delete().eq("session_id", entered).execute()

    dialog.get_by_role("button", name="Change 3 sessions").click()

    expect(dialog.get_by_text(f"{start:%H:%M}Z: this session is gone. Nothing was changed.")).to_be_visible()
    assert [None, None] == [row["class"] for row in log(club)]
    dialog.get_by_role("button", name="Change 2 sessions").click()
    expect(page.get_by_role("status").get_by_text("2 sessions changed")).to_be_visible()
    assert ["flight", "flight"] == [row["class"] for row in log(club)]


def test_a_viewer_is_not_offered_it(new_page: NewPage, make_club: Callable[[], Club]) -> None:
    """The list has no boxes, and nothing that would bring them."""
    club, guest = make_club(), make_club()
    join(club, guest, "viewer")
    flights(club, 3)
    page = new_page()

    guest.open(page, "#/sessions")

    expect(page.locator("tr.entry")).to_have_count(3)
    expect(page.get_by_role("button", name="Select", exact=True)).to_have_count(0)
    expect(page.get_by_role("checkbox")).to_have_count(0)
