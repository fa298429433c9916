"""What people say about sessions: class, pilot, remarks, corrections, exclusions, and sessions entered by hand."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import NewPage
from tests.site_sym.axe import violations
from tests.site_sym.club import Club, SignUp, first, message, now, report, undo
from tests.site_sym.test_pages import NARROWEST
from tools import screenshots, wire


def session_log(club: Club) -> list[dict[str, Any]]:
    """The club's sessions in the database, newest first."""
    query = club.account.client.table("session_log").select("*").order("effective_start", desc=True)
    return cast(list[dict[str, Any]], query.execute().data)


def one_session(club: Club, seconds: int = 3600, **optional: Any) -> None:
    """A plane with one session of three hours ago."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    report(club.stack, message(device_uuid, now() - timedelta(hours=3), seconds, **optional))


def open_first(page: Page) -> Locator:
    """Open the newest session of the list, and wait for its form."""
    page.get_by_role("button", name="Open D-EKLM").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Duration").first).to_be_visible()
    return dialog


def test_class_pilot_and_remarks_are_kept_with_who_said_so(page: Page, club: Club) -> None:
    """What is typed stands in the list and in the database; the session itself stays as the board reported it."""
    one_session(club)
    club.open(page, "#/sessions")
    dialog = open_first(page)

    dialog.get_by_label("Class").select_option("Flight")
    dialog.get_by_label("Pilot").fill("Jürg Weiß")
    dialog.get_by_label("Remarks").fill('Oil 0.5 l, "rough" mag\nsecond line')
    dialog.get_by_role("button", name="Save").click()

    expect(page.locator("tr.entry")).to_contain_text("Flight")
    row = session_log(club)[0]
    assert ("flight", "Jürg Weiß", 'Oil 0.5 l, "rough" mag\nsecond line') == (
        row["class"],
        row["pilot"],
        row["remarks"],
    )
    assert club.account.user_id == row["annotated_by"]
    assert 3600 == row["run_seconds"]
    expect(open_first(page)).to_contain_text(f"Edited by {club.account.email}")


def test_saving_can_be_undone(page: Page, club: Club) -> None:
    """Undo takes back what was said, down to nothing."""
    one_session(club)
    club.open(page, "#/sessions")
    dialog = open_first(page)
    dialog.get_by_label("Pilot").fill("Anna Roth")
    dialog.get_by_label("Class").select_option("Flight")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("tr.entry")).to_contain_text("Flight")

    page.get_by_role("button", name="Undo").click()

    expect(page.locator("tr.entry")).not_to_contain_text("Flight")
    expect(open_first(page)).to_contain_text("No notes yet.")
    assert session_log(club)[0]["pilot"] is None


def test_an_excluded_session_leaves_the_totals_and_comes_back(page: Page, club: Club) -> None:
    """One click leaves it out, one undoes that; the plane's hours follow."""
    one_session(club, 7200)
    club.open(page, "#/sessions")
    open_first(page).get_by_role("button", name="Leave out of the totals").click()
    expect(page.locator("tr.entry")).to_contain_text("excluded")
    assert session_log(club)[0]["hobbs_end_seconds"] is None

    page.get_by_role("button", name="Undo").click()

    expect(page.locator("tr.entry")).not_to_contain_text("excluded")
    assert 7200 == session_log(club)[0]["hobbs_end_seconds"]


def test_a_corrected_start_moves_the_session_and_keeps_its_length(page: Page, club: Club) -> None:
    """Beside the corrected start the board's own stays readable."""
    one_session(club, 600)
    right = now() - timedelta(days=1, hours=2)
    club.open(page, "#/sessions")
    dialog = open_first(page)

    dialog.get_by_label("Corrected start").fill(right.strftime("%Y-%m-%dT%H:%M:%S"))
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_be_hidden()

    row = session_log(club)[0]
    assert row["effective_start"].startswith(wire.timestamp(right)[:-1])
    assert 600 == row["run_seconds"]
    expect(open_first(page)).to_contain_text("Reported start")


def test_a_start_that_ends_in_the_future_is_refused_at_the_field(page: Page, club: Club) -> None:
    """The page says so before anything is sent."""
    one_session(club, 600)
    club.open(page, "#/sessions")
    dialog = open_first(page)

    dialog.get_by_label("Corrected start").fill((now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S"))
    dialog.get_by_role("button", name="Save").click()

    expect(dialog).to_contain_text("That would end in the future.")
    assert not session_log(club)[0]["corrected"]


def test_a_session_is_entered_changed_deleted_and_brought_back(page: Page, club: Club) -> None:
    """By hand it counts like the others and is marked; what is deleted comes back the same."""
    club.add_plane("D-EKLM")
    start = now() - timedelta(days=2)
    club.open(page, "#/sessions")
    page.get_by_role("button", name="Add a session").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Power on").fill(start.strftime("%Y-%m-%dT%H:%M:%S"))
    dialog.get_by_label("Duration").fill("1:24")
    dialog.get_by_label("Pilot").fill("Anna Roth")
    dialog.get_by_role("button", name="Add the session").click()
    expect(page.locator("tr.entry")).to_contain_text("entered by hand")

    dialog = open_first(page)
    dialog.get_by_label("Duration").fill("1:30:05")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("tr.entry")).to_contain_text("1:30:05")
    entered = session_log(club)[0]
    open_first(page).get_by_role("button", name="Delete").click()
    expect(page.locator("tr.entry")).to_have_count(0)
    assert [] == session_log(club)
    undo(page, "The hand-entered session of D-EKLM is deleted.")
    expect(page.locator("tr.entry")).to_have_count(1)

    again = session_log(club)[0]
    for column in ("session_id", "effective_start", "run_seconds", "pilot", "quality", "hobbs_end_seconds"):
        assert entered[column] == again[column], column
    assert 5405 == again["run_seconds"]


def test_an_empty_entry_says_what_is_missing(page: Page, club: Club) -> None:
    """Each field names what it needs, and the first wrong one has the focus."""
    club.add_plane("D-EKLM")
    club.add_plane("D-EABC")
    club.open(page, "#/sessions")
    page.get_by_role("button", name="Add a session").click()
    dialog = page.get_by_role("dialog")

    dialog.get_by_role("button", name="Add the session").click()

    for text in ("Choose the plane.", "Enter date and 24-hour time", "Enter a duration"):
        expect(dialog).to_contain_text(text)
    expect(dialog.get_by_label("Plane")).to_be_focused()


def test_a_viewer_reads_everything_and_is_offered_nothing(new_page: NewPage, club: Club, sign_up: SignUp) -> None:
    """The dialog has the facts and what was said, but no field and no button that would fail."""
    one_session(club)
    said = {"session_id": session_log(club)[0]["session_id"], "pilot": "Anna Roth", "remarks": "Oil"}
    club.account.client.table("session_annotations").insert(said).execute()
    viewer = sign_up(club.stack, "viewer")
    fleet_id = first(club.account.client.table("fleets").select("fleet_id").execute())["fleet_id"]
    token = club.account.client.rpc("create_invite", {"fleet_id": fleet_id, "role": "viewer"}).execute().data
    viewer.client.rpc("accept_invite", {"token": token}).execute()
    page = new_page()
    Club(club.stack, viewer).open(page, "#/sessions")
    page.evaluate("(id) => localStorage.setItem('preferences', JSON.stringify({ fleetId: id }))", fleet_id)
    page.reload()

    dialog = open_first(page)

    expect(dialog).to_contain_text("Anna Roth")
    expect(page.get_by_role("button", name="Add a session")).to_have_count(0)
    assert ["Close"] == [button.get_attribute("aria-label") for button in dialog.get_by_role("button").all()]
    assert 0 == dialog.locator("input, select, textarea").count()


def test_the_dialog_is_left_by_escape_and_gives_the_focus_back(page: Page, club: Club) -> None:
    """Keyboard only: Enter on the date opens, Escape closes, and the date has the focus again."""
    one_session(club)
    club.open(page, "#/sessions")
    opener = page.get_by_role("button", name="Open D-EKLM")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()

    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()


def test_every_filter_lives_in_the_address_and_is_remembered(page: Page, club: Club) -> None:
    """Device, class, pilot and quality find their sessions; the plain link comes back to them until cleared."""
    planes = [club.add_plane("D-EKLM"), club.add_plane("D-EABC")]
    for number, plane_id in enumerate(planes):
        device_uuid = club.add_device(f"Box {number}", plane_id)
        report(
            club.stack, *(message(device_uuid, now() - timedelta(days=1, hours=n), 100 + 1000 * n) for n in range(3))
        )
    flown = session_log(club)[0]["session_id"]
    said = {"session_id": flown, "class": "flight", "pilot": "Jürg Weiß 100%"}
    club.account.client.table("session_annotations").insert(said).execute()
    club.open(page, "#/sessions")
    rows = page.locator("tr.entry")
    expect(rows).to_have_count(6)

    filters: list[tuple[Callable[[], Any], int]] = [
        (lambda: page.get_by_label("Class").select_option("Flight"), 1),
        (lambda: page.get_by_label("Class").select_option("None yet"), 5),
        (lambda: page.get_by_label("Class").select_option("All classes"), 6),
        (lambda: page.get_by_label("Pilot").fill("weiß 100%"), 1),
        (lambda: page.get_by_label("Pilot").fill("0_"), 0),
        (lambda: page.get_by_label("Pilot").fill(""), 6),
        (lambda: page.get_by_label("Quality").select_option("Short, under 3 minutes"), 2),
        (lambda: page.get_by_label("Device").select_option("Box 1"), 1),
    ]
    for choose, count in filters:
        choose()
        expect(rows).to_have_count(count)
    page.get_by_role("navigation").get_by_role("link", name="Planes").click()
    page.get_by_role("navigation").get_by_role("link", name="Sessions").click()
    expect(rows).to_have_count(1)
    expect(page.get_by_label("Device").locator("option:checked")).to_have_text("Box 1")

    page.get_by_role("button", name="Clear").click()

    expect(rows).to_have_count(6)
    assert page.url.endswith("#/sessions")


def test_sorted_lists_are_complete_across_pages(page: Page, club: Club) -> None:
    """By duration and by plane, in both directions, 120 sessions come each once and in order."""
    for number in range(3):
        plane_id = None if number == 0 else club.add_plane(f"D-EK{number:02d}")
        device_uuid = club.add_device(f"Box {number}", plane_id)
        begin = now() - timedelta(days=20)
        sent = (message(device_uuid, begin + timedelta(hours=n), 60 * (n * 7 % 11)) for n in range(40))
        report(club.stack, *sent)
    club.open(page, "#/sessions")

    seen = {}
    for choice in ("Longest first", "Shortest first", "Plane, Z to A", "Oldest first"):
        page.get_by_label("Sort by").select_option(choice)
        expect(page.locator("tr.entry")).to_have_count(50)
        for shown in (100, 120):
            page.get_by_role("button", name="Show older sessions").click()
            expect(page.locator("tr.entry")).to_have_count(shown)
        read = (
            "rows => rows.map((row) => [Number(row.querySelector('data').value), row.querySelector('.plane').innerText,"
        )
        seen[choice] = page.locator("tr.entry").evaluate_all(read + " row.querySelector('time').dateTime])")

    stored = session_log(club)
    lengths = sorted(row["run_seconds"] for row in stored)
    assert lengths == [row[0] for row in seen["Shortest first"]]
    assert lengths[::-1] == [row[0] for row in seen["Longest first"]]
    assert ["D-EK02"] * 40 + ["D-EK01"] * 40 + ["no plane"] * 40 == [row[1] for row in seen["Plane, Z to A"]]
    assert sorted(row["effective_start"] for row in stored) == [row[2] for row in seen["Oldest first"]]


@pytest.mark.parametrize("theme", screenshots.THEMES)
@pytest.mark.parametrize("size", ["desktop", "narrowest"])
def test_every_state_is_accessible_and_fits(new_page: NewPage, club: Club, theme: str, size: str) -> None:
    """Dialogs, filters, review and print view: no violation by axe, and nothing is wider than the screen."""
    one_session(club, start_source="estimated", start_uncertainty_s=2400)
    report(club.stack, message(club.add_device("Spare box"), now() - timedelta(days=2), 600))
    options = {"viewport": NARROWEST, "is_mobile": True, "has_touch": True} if size == "narrowest" else {}
    page = new_page(color_scheme=theme, **options)
    club.open(page, "#/sessions")
    found: dict[str, list[str]] = {}
    wide = []

    def look(state: str) -> None:
        found[state] = violations(page)
        if page.evaluate("() => document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(state)

    if size == "narrowest":
        page.get_by_role("button", name="Filters").click()
    expect(page.get_by_label("Quality")).to_be_visible()
    look("filters")
    open_first(page)
    look("session")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Select", exact=True).click()
    page.get_by_role("checkbox", name="All 2 shown").check()
    look("selection")
    page.get_by_role("button", name="Change…").click()
    page.get_by_role("dialog").get_by_role("radio", name="Set to").check()
    page.get_by_role("dialog").get_by_role("button", name="Change 2 sessions").click()
    expect(page.get_by_role("alert")).to_have_text("Enter the pilot’s name.")
    look("bulk edit")
    page.keyboard.press("Escape")
    look("bulk edit, about to be discarded")
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Add a session").click()
    page.get_by_role("dialog").get_by_role("button", name="Add the session").click()
    expect(page.get_by_role("dialog")).to_contain_text("Enter a duration")
    look("wrong entry")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("dialog")).to_contain_text("2 sessions")
    look("export")
    page.goto(f"{club.stack.url}/#/sessions/review")
    page.get_by_role("button", name="Fix the time").click()
    look("review")
    page.goto(f"{club.stack.url}/#/sessions/print")
    expect(page.get_by_role("article")).to_be_visible()
    look("print")

    assert {state: texts for state, texts in found.items() if texts} == {}
    assert [] == wide


def test_a_time_is_taken_without_seconds_and_never_as_am_or_pm(new_page: NewPage, club: Club) -> None:
    """In a browser of Ohio, too, one form is read and shown; a slip names it at the field."""
    club.add_plane("D-EKLM")
    start = (now() - timedelta(days=2)).replace(second=0)
    page = new_page(locale="en-US")
    club.open(page, "#/sessions")
    page.get_by_role("button", name="Add a session").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Duration").fill("1:24")
    dialog.get_by_label("Power on").fill(start.strftime("%m/%d/%Y, 09:14 PM"))
    dialog.get_by_role("button", name="Add the session").click()
    expect(dialog).to_contain_text("Enter date and 24-hour time as 2026-11-23 09:14.")

    dialog.get_by_label("Power on").fill(start.strftime("%Y-%m-%d %H:%M"))
    dialog.get_by_role("button", name="Add the session").click()
    expect(dialog).to_be_hidden()

    assert session_log(club)[0]["effective_start"].startswith(wire.timestamp(start)[:-1])
    expect(open_first(page).get_by_label("Power on")).to_have_value(start.strftime("%Y-%m-%d %H:%M"))


def test_a_reading_at_no_time_is_refused_and_not_taken_as_now(page: Page, club: Club) -> None:
    """What cannot be read is said at the field; nothing is recorded."""
    plane_id = club.add_plane("D-EKLM")
    club.open(page, f"#/planes/{plane_id}")
    page.get_by_role("button", name="New reading").click()
    page.get_by_label("Meter shows").fill("100.0")
    page.get_by_label("Read at").fill("yesterday")

    page.get_by_role("button", name="Record the reading").click()

    expect(page.get_by_text("Enter date and 24-hour time as 2026-11-23 09:14.")).to_be_visible()
    assert [] == club.account.client.table("hour_readings").select("reading_id").execute().data
