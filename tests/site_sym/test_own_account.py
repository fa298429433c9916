"""One's own account in the settings: address, password, every browser, and its end."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import NewPage
from tests.site_sym.axe import violations
from tests.site_sym.club import Club
from tests.site_sym.roles import join
from tests.support import PageFaults, open_link

REFUSED = r"status of 4\d\d"


def sign_in(page: Page, club: Club, password: str) -> None:
    """Fill in the sign-in form that is on the page."""
    page.get_by_label("E-mail").fill(club.account.email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_password_is_changed_with_the_present_one(page: Page, club: Club, page_faults: PageFaults) -> None:
    """A wrong present password is refused in words; the new one opens the account."""
    page_faults.allow(REFUSED)
    club.open(page, "#/settings")

    page.get_by_label("Current password").fill("not the password")
    page.get_by_label("New password").fill("another logbook")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("alert")).to_contain_text("The current password is wrong.")
    page.get_by_label("Current password").fill(club.account.password)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("Your new password is saved.")).to_be_visible()
    page.get_by_role("button", name="Sign out", exact=True).click()
    sign_in(page, club, "another logbook")

    expect(page.get_by_role("navigation")).to_be_visible()


def test_a_new_address_is_confirmed_by_mail(page: Page, club: Club) -> None:
    """The same address is refused before anything is sent; the mail's link leads to the changed one."""
    present, wanted = club.account.email, f"new-{club.account.email}"
    club.open(page, "#/settings")
    address = page.get_by_label("New e-mail address")

    address.fill(present)
    page.get_by_role("button", name="Change the address").click()
    expect(page.get_by_text("This is the address you already have.")).to_be_visible()
    address.fill(wanted)
    page.get_by_role("button", name="Change the address").click()
    expect(page.get_by_text(f"We sent a link to {wanted}")).to_be_visible()
    # The local stack asks only the present address, a hosted project both.
    mail = club.stack.next_mail(present)
    assert [mail] == [
        sent for sent in club.stack.mails() if sent["to"] == present and "new e-mail address" in sent["subject"]
    ]
    open_link(page, mail["links"][0])

    expect(page.get_by_text(f"Your address is now {wanted}.")).to_be_visible()
    page.goto(f"{club.stack.url}/#/settings")
    expect(page.get_by_role("region", name="Account", exact=True)).to_contain_text(wanted)


def test_signing_out_everywhere_ends_other_browsers_too(new_page: NewPage, club: Club, page_faults: PageFaults) -> None:
    """The other browser's sign-in cannot be renewed any more."""
    page_faults.allow(REFUSED)
    here, there = new_page(), new_page()
    club.open(there)
    club.open(here, "#/settings")

    here.get_by_role("button", name="Sign out everywhere").click()
    here.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
    expect(here.get_by_role("button", name="Sign in")).to_be_visible()
    there.evaluate(
        """() => {
          const stored = JSON.parse(localStorage.getItem("uptime-logger-auth"));
          localStorage.setItem("uptime-logger-auth", JSON.stringify({...stored, expires_at: 1}));
        }"""
    )
    there.reload()

    expect(there.get_by_role("button", name="Sign in")).to_be_visible()


def test_deleting_the_account_says_what_goes_and_takes_the_address(
    page: Page, club: Club, page_faults: PageFaults
) -> None:
    """Nothing happens without the typed address; afterwards the account does not open any more."""
    page_faults.allow(REFUSED)
    club.add_plane("D-EKLM")
    club.open(page, "#/settings")

    page.get_by_role("button", name="Delete the account").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Deleted with everything in it: My fleet.")
    found = violations(page)
    dialog.get_by_role("button", name="Delete the account").click()
    expect(dialog.get_by_text("This is not your address.")).to_be_visible()
    dialog.get_by_role("textbox").fill(club.account.email)
    dialog.get_by_role("button", name="Delete the account").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    sign_in(page, club, club.account.password)

    expect(page.get_by_role("alert")).to_contain_text("E-mail and password don’t match")
    assert found == []


def test_the_last_owner_among_members_hands_over_first(page: Page, make_club: Callable[[], Club]) -> None:
    """The rule with the fleet's name stands there instead of the button."""
    club, guest = make_club(), make_club()
    join(club, guest, "editor")

    club.open(page, "#/settings")

    expect(page.get_by_text("You are the only owner of My fleet, and others are members.")).to_be_visible()
    expect(page.get_by_role("button", name="Delete the account")).to_have_count(0)


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_a_member_is_told_that_the_fleet_stays(page: Page, make_club: Callable[[], Club], role: str) -> None:
    """Nothing goes with the account of somebody who owns nothing."""
    club, guest = make_club(), make_club()
    join(club, guest, role)

    guest.open(page, "#/settings")

    panel = page.get_by_role("region", name="Delete your account")
    expect(panel).to_contain_text("No fleet is deleted.")
    expect(panel).to_contain_text(re.compile("Kept: My fleet.*without your name"))
