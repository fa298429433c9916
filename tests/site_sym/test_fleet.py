"""The fleet's page: members, roles, invites, leaving, handing over, deleting; each role sees what it may do."""

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import NewPage
from tests.site_sym.axe import violations
from tests.site_sym.club import Club
from tests.site_sym.roles import join
from tests.support import PageFaults, open_mail

PASSWORD = "a well-kept logbook"


def make_link(page: Page, role: str) -> str:
    """Make an invite by the page's form and return its link."""
    panel = page.get_by_role("region", name="Invite someone")
    panel.get_by_label("They become").select_option(role)
    panel.get_by_role("button", name="Make a link").click()
    return panel.get_by_label("The link, shown only now").input_value()


def test_an_invited_stranger_joins_and_skips_the_first_steps(new_page: NewPage, club: Club) -> None:
    """From the link over sign-up and mail into the fleet, as an editor who sees its planes."""
    club.add_plane("D-EKLM")
    owner, guest = new_page(), new_page()
    club.open(owner, "#/fleet")
    owner.get_by_label("Name of the fleet").fill("Ohio Flyers")
    owner.get_by_role("button", name="Rename").click()
    expect(owner.get_by_role("heading", name="Ohio Flyers")).to_be_visible()
    link, email = make_link(owner, "editor"), f"guest-{uuid.uuid4().hex[:12]}@example.org"

    guest.goto(link)
    expect(guest.get_by_text("You are invited to a fleet. Sign in, or create an account")).to_be_visible()
    guest.get_by_role("link", name="Create an account").click()
    expect(guest.get_by_role("heading", name="Create an account")).to_be_visible()
    guest.get_by_label("E-mail").fill(email)
    guest.get_by_label("Password").fill(PASSWORD)
    guest.get_by_role("button", name="Create an account").click()
    expect(guest.get_by_role("heading", name="Check your e-mail")).to_be_visible()
    open_mail(guest, club.stack, email)
    expect(guest.get_by_text(f"You are signed in as {email}")).to_be_visible()
    expect(guest.get_by_text(f"{club.account.email} invites you to join Ohio Flyers.")).to_be_visible()
    expect(guest.get_by_text("Your role: Editor. Can change planes, devices and sessions.")).to_be_visible()
    found = violations(guest)
    guest.get_by_role("button", name="Join the fleet").click()

    expect(guest.get_by_role("heading", name="D-EKLM is in your fleet")).to_be_visible()
    expect(guest.get_by_role("article")).to_contain_text("D-EKLM")
    assert found == []
    owner.reload()
    expect(owner.get_by_label(f"Role of {email}")).to_have_value("editor")


def test_a_used_or_made_up_invite_says_so(page: Page, club: Club, page_faults: PageFaults) -> None:
    """One answer for both, with what to do; the way to one's own fleet stays open."""
    page_faults.allow("status of 404")

    club.open(page, "#/join/abc")

    expect(page.get_by_role("alert")).to_contain_text("This invite is no longer valid")
    expect(page.get_by_role("alert")).to_contain_text("Ask for a new one.")
    expect(page.get_by_role("button", name="Join the fleet")).to_have_count(0)
    page.get_by_role("link", name="To the dashboard").click()
    expect(page.get_by_role("navigation")).to_be_visible()


def test_an_invite_is_withdrawn(page: Page, club: Club) -> None:
    """It leaves the list, and its row is gone."""
    club.open(page, "#/fleet")
    make_link(page, "viewer")

    page.get_by_role("button", name="Withdraw the invite as Viewer").click()

    expect(page.get_by_text("The invite is withdrawn")).to_be_visible()
    expect(page.get_by_role("heading", name="Open invites")).to_have_count(0)
    assert club.account.client.table("fleet_invites").select("*").execute().data == []


def test_an_owner_changes_roles_and_removes_members(page: Page, make_club: Callable[[], Club]) -> None:
    """A role can be undone; removing asks first and can be called off."""
    club, guest = make_club(), make_club()
    join(club, guest, "viewer")
    email = guest.account.email
    club.open(page, "#/fleet")
    addresses = page.get_by_role("region", name="Members").locator(".email")

    page.get_by_label(f"Role of {email}").select_option("editor")
    expect(page.get_by_text(f"{email} is now Editor.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label(f"Role of {email}")).to_have_value("viewer")
    page.get_by_role("button", name=f"Remove {email}").click()
    found = violations(page)
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(addresses).to_have_text([club.account.email, email])
    page.get_by_role("button", name=f"Remove {email}").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()

    expect(page.get_by_text(f"{email} is no longer a member.")).to_be_visible()
    expect(addresses).to_have_text([club.account.email])
    assert found == []


def test_the_only_owner_can_neither_leave_nor_change_the_own_role(page: Page, make_club: Callable[[], Club]) -> None:
    """The rule stands there instead of a control that would fail."""
    club, guest = make_club(), make_club()
    join(club, guest, "editor")

    club.open(page, "#/fleet")

    expect(page.get_by_text("You are the only owner.")).to_be_visible()
    expect(page.get_by_label(f"Role of {club.account.email}")).to_have_count(0)
    expect(page.get_by_role("button", name="Leave the fleet")).to_have_count(0)


def test_a_fleet_is_handed_over(page: Page, make_club: Callable[[], Club]) -> None:
    """Without a choice the field says what is missing; after it the other owns the fleet and oneself edits."""
    club, guest = make_club(), make_club()
    join(club, guest, "viewer")
    club.open(page, "#/fleet")

    page.get_by_role("button", name="Hand over").click()
    expect(page.get_by_text("Choose the member who takes over.")).to_be_visible()
    page.get_by_label("Hand the fleet over to").select_option(guest.account.email)
    page.get_by_role("button", name="Hand over").click()
    page.get_by_role("dialog").get_by_role("button", name="Hand over").click()

    expect(page.get_by_text("now owns My fleet; you are an editor.")).to_be_visible()
    expect(page.get_by_role("region", name="Invite someone")).to_have_count(0)
    rows = club.account.client.rpc("fleet_people", {"fleet_id": guest.fleet_id}).execute().data
    assert isinstance(rows, list)
    assert [(row["email"], row["role"]) for row in rows] == [
        (guest.account.email, "owner"),
        (club.account.email, "editor"),
    ]


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_others_than_owners_see_who_is_there_and_can_only_leave(
    page: Page, make_club: Callable[[], Club], role: str
) -> None:
    """No invites, roles, names or deletion; leaving leads to a page that says how to go on."""
    club, guest = make_club(), make_club()
    join(club, guest, role)
    guest.open(page, "#/fleet")
    expect(page.get_by_role("region", name="Members")).to_contain_text(club.account.email)

    for name in ("Make a link", "Rename", "Hand over", "Delete", "Remove"):
        expect(page.get_by_role("button", name=re.compile(name))).to_have_count(0)
    expect(page.get_by_role("combobox")).to_have_count(0)
    page.get_by_role("button", name="Leave the fleet").click()
    page.get_by_role("dialog").get_by_role("button", name="Leave the fleet").click()

    expect(page.get_by_role("heading", name="You are not in a fleet yet")).to_be_visible()
    page.get_by_label("Name of the new fleet").fill("Own planes")
    page.get_by_role("button", name="Start the fleet").click()
    expect(page.get_by_role("heading", name="Three steps to your first hours")).to_be_visible()


def test_of_two_fleets_of_one_name_the_dialogs_say_which(page: Page, make_club: Callable[[], Club]) -> None:
    """The title tells the own fleet from its namesake as the switcher does; what is typed is the name itself."""
    club, other = make_club(), make_club()
    join(other, club, "viewer")
    club.account.client.rpc("create_fleet", {"name": "My fleet"}).execute()
    club.open(page, "#/fleet")
    chosen = page.get_by_role("banner").get_by_label("Fleet")

    for fleet, button, title in (
        ("My fleet · Viewer", "Leave the fleet", "Leave My fleet · Viewer?"),
        ("My fleet · Owner", "Delete the fleet", "Delete My fleet · Owner for good?"),
    ):
        chosen.select_option(fleet)
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("dialog", name=title)).to_be_visible()
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()


def test_deleting_a_fleet_takes_its_name(page: Page, club: Club) -> None:
    """The question says what goes, a wrong name is refused, and then everything is gone."""
    club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    club.open(page, "#/fleet")

    page.get_by_role("button", name="Delete the fleet").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 plane with every session, reading and remark")
    expect(dialog).to_contain_text("1 board will be released")
    dialog.get_by_role("button", name="Delete the fleet").click()
    expect(dialog.get_by_text("This is not the fleet’s name.")).to_be_visible()
    dialog.get_by_label("Type “My fleet” to confirm").fill("My fleet")
    dialog.get_by_role("button", name="Delete the fleet").click()

    expect(page.get_by_role("heading", name="You are not in a fleet yet")).to_be_visible()
    assert club.account.client.table("planes").select("*").execute().data == []
