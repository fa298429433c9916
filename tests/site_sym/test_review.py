"""The review list: everything that the boards could not know for sure, each settled within two clicks."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import psycopg
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import NewPage
from tests.site_sym.club import Club, message, now, report, undo
from tests.site_sym.roles import join
from tests.support import PageFaults
from tools import wire


def session_log(club: Club) -> list[dict[str, Any]]:
    """The club's sessions in the database, newest first."""
    query = club.account.client.table("session_log").select("*").order("effective_start", desc=True)
    return cast(list[dict[str, Any]], query.execute().data)


def section(page: Page, title: str) -> Locator:
    """One kind of things to review."""
    return page.get_by_role("region", name=title)


def estimated(club: Club, count: int = 1) -> None:
    """A plane whose board did not know the time when its sessions began."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    estimate = {"start_source": "estimated", "start_uncertainty_s": 2400}
    starts = [now() - timedelta(days=1, hours=3 * n) for n in range(count)]
    report(club.stack, *(message(device_uuid, start, 3600, **estimate) for start in starts))


def duplicated(club: Club) -> None:
    """A session that a board recorded and somebody entered by hand, too."""
    plane_id = club.add_plane("D-EKLM")
    start = now() - timedelta(days=1)
    report(club.stack, message(club.add_device("Box", plane_id), start, 3600))
    entry = {
        "hand_plane_id": plane_id,
        "hand_start": wire.timestamp(start + timedelta(minutes=5)),
        "hand_seconds": 3500,
    }
    club.account.client.table("session_annotations").insert(entry).execute()


def flagged(club: Club) -> None:
    """A session whose board's clock ran ahead when it reported."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    report(club.stack, message(device_uuid, now() + timedelta(days=40), 3600))


def test_an_estimate_is_confirmed_with_one_click(page: Page, club: Club) -> None:
    """The mark goes, the count in the navigation goes down, and undo brings both back."""
    estimated(club, 2)
    club.open(page, "#/")
    navigation = page.get_by_role("navigation")
    expect(navigation.get_by_role("link", name="2 to review")).to_be_visible()
    page.goto(f"{club.stack.url}/#/sessions/review")

    section(page, "Estimated clocks").get_by_role("button", name="Time is right").first.click()

    expect(navigation.get_by_role("link", name="1 to review")).to_be_visible()
    assert ["clock_estimated", "measured"] == sorted(row["quality"] for row in session_log(club))
    page.get_by_role("button", name="Undo").click()
    expect(navigation.get_by_role("link", name="2 to review")).to_be_visible()
    assert ["clock_estimated"] * 2 == [row["quality"] for row in session_log(club)]


def test_an_estimate_is_corrected_with_two_clicks(page: Page, club: Club) -> None:
    """One opens the time in its place, one saves it."""
    estimated(club)
    right = now() - timedelta(days=1, hours=5)
    club.open(page, "#/sessions/review")
    row = section(page, "Estimated clocks").get_by_role("listitem")
    row.get_by_role("button", name="Fix the time").click()
    row.get_by_label("Corrected start").fill(right.strftime("%Y-%m-%dT%H:%M:%S"))

    row.get_by_role("button", name="Save the start").click()

    expect(page.get_by_text("Nothing needs review")).to_be_visible()
    assert session_log(club)[0]["effective_start"].startswith(wire.timestamp(right)[:-1])


def test_a_time_in_the_future_is_corrected_or_left_out(page: Page, club: Club) -> None:
    """It cannot be called right while it is still ahead; leaving it out takes one click."""
    flagged(club)
    club.open(page, "#/sessions/review")
    row = section(page, "Times to check").get_by_role("listitem")
    expect(row.get_by_role("button", name="Fix the time")).to_be_visible()
    expect(row.get_by_role("button", name="Time is right")).to_have_count(0)

    row.get_by_role("button", name="Leave out").click()

    expect(page.get_by_text("Nothing needs review")).to_be_visible()
    assert session_log(club)[0]["excluded"]


@pytest.mark.parametrize(
    ("button", "left_out"),
    [("Keep the board’s", {"hand_entered"}), ("Keep the hand-entered one", {"measured"}), ("Keep both", set())],
)
def test_a_possible_duplicate_is_settled_with_one_click(
    page: Page, club: Club, button: str, left_out: set[str]
) -> None:
    """Either one is left out of the totals, or both stay; in each case the question does not come back."""
    duplicated(club)
    club.open(page, "#/sessions/review")
    row = section(page, "Possible duplicates").get_by_role("listitem")
    expect(row).to_contain_text("Recorded")

    row.get_by_role("button", name=button).click()

    expect(page.get_by_text("Nothing needs review")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Nothing needs review")).to_be_visible()
    assert left_out == {row["quality"] for row in session_log(club) if row["excluded"]}


def missing_power_ups(club: Club) -> str:
    """A board in D-EKLM of whose power-ups number 9 and numbers 11 to 12 never came."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    boots = {7: 30, 8: 25, 10: 20, 13: 15}
    report(club.stack, *(message(device_uuid, now() - timedelta(hours=h), 3600, boot=n) for n, h in boots.items()))
    return device_uuid


def test_that_nothing_was_lost_holds_for_every_member(new_page: NewPage, make_club: Callable[[], Club]) -> None:
    """One click and an undo; who said it and when stands in the other members' browsers, and a viewer only reads it."""
    club, guest = make_club(), make_club()
    join(club, guest, "viewer")
    device_uuid = missing_power_ups(club)
    page, other = new_page(), new_page()
    club.open(page, "#/sessions/review")
    gap = section(page, "Missing power-ups").get_by_role("listitem").filter(has_text="Power-up 9 is missing")
    nothing = gap.get_by_role("button", name="Nothing was lost")
    nothing.click()
    expect(page.get_by_role("navigation").get_by_role("link", name="1 to review")).to_be_visible()
    undo(page, "Power-up 9: nothing was lost")
    nothing.click()
    expect(page.get_by_text("Settled: 1 gap")).to_be_visible()

    guest.open(other, "#/sessions/review")

    expect(section(other, "Missing power-ups").get_by_role("listitem")).to_have_count(1)
    other.get_by_text("Settled: 1 gap").click()
    expect(other.get_by_text(f"Marked as nothing lost by {club.account.email}, today")).to_be_visible()
    expect(other.get_by_role("button", name="Review again")).to_have_count(0)
    expect(other.get_by_role("button", name="Nothing was lost")).to_have_count(0)
    other.goto(f"{club.stack.url}/#/devices/{device_uuid}")
    expect(
        other.get_by_role("listitem").filter(has_text=f"Marked as nothing lost by {club.account.email}")
    ).to_have_count(1)

    page.get_by_text("Settled: 1 gap").click()
    page.get_by_role("button", name="Review again: Power-up 9, Panel box 2").click()

    expect(gap).to_be_visible()


def test_a_gap_that_somebody_else_has_just_settled_is_no_riddle(
    page: Page, club: Club, page_faults: PageFaults
) -> None:
    """The click is refused in words, and nothing is signed over."""
    page_faults.allow(r"the server responded with a status of 404")
    device_uuid = missing_power_ups(club)
    club.open(page, "#/sessions/review")
    gap = section(page, "Missing power-ups").get_by_role("listitem").filter(has_text="Power-up 9 is missing")
    expect(gap).to_be_visible()
    said = {"fleet_id": club.fleet_id, "device_uuid": device_uuid, "from_boot": 9, "to_boot": 9}
    club.account.client.table("settled_boot_gaps").insert(said).execute()

    gap.get_by_role("button", name="Nothing was lost").click()

    expect(gap.get_by_text("someone has already settled them")).to_be_visible()


def test_a_missing_power_up_is_entered_by_hand(page: Page, club: Club) -> None:
    """Its plane and time are proposed."""
    missing_power_ups(club)
    club.open(page, "#/sessions/review")
    rows = section(page, "Missing power-ups").get_by_role("listitem")

    rows.filter(has_text="Power-ups 11 to 12 are missing").get_by_role("button", name="Enter it by hand").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Plane").locator("option:checked")).to_have_text("D-EKLM")
    dialog.get_by_label("Duration").fill("0:30")
    dialog.get_by_role("button", name="Add the session").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("status").get_by_text("was added")).to_be_visible()
    assert 1 == sum(row["quality"] == "hand_entered" for row in session_log(club))


def test_a_viewer_reads_the_list_and_is_offered_no_change(page: Page, club: Club) -> None:
    """Only the details can be opened, and the navigation does not ask for anything."""
    estimated(club)
    with psycopg.connect(club.stack.database_url, autocommit=True) as database:
        database.execute("alter table public.fleet_members disable trigger user")
        database.execute("update public.fleet_members set role = 'viewer' where user_id = %s", (club.account.user_id,))
        database.execute("alter table public.fleet_members enable trigger user")
    club.open(page, "#/sessions/review")

    row = section(page, "Estimated clocks").get_by_role("listitem")
    expect(row).to_contain_text("±40 min")

    assert ["Details"] == [button.inner_text() for button in row.get_by_role("button").all()]
    expect(page.get_by_role("link", name="to review")).to_have_count(0)
