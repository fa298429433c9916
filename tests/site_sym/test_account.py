"""From an e-mail address to the first hours, and everything that can go wrong on the way in."""

import re
import uuid
from datetime import timedelta

from playwright.sync_api import Page, expect

from tests.site_sym.club import Club, message, now, report
from tests.support import PageFaults, open_link, open_mail
from tools.stack import Stack

PASSWORD = "a well-kept logbook"
REFUSED = r"status of 4\d\d"


def fresh_email() -> str:
    """An address that nobody has used yet."""
    return f"pilot-{uuid.uuid4().hex[:12]}@example.org"


def fill_in(page: Page, email: str, password: str) -> None:
    """Type into the form of the account pages."""
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)


def sign_up(page: Page, stack: Stack, email: str) -> None:
    """Sign up by the page's form, up to the mail."""
    page.goto(stack.url)
    page.get_by_role("link", name="Create an account").click()
    expect(page.get_by_role("heading", name="Create an account")).to_be_visible()
    fill_in(page, email, PASSWORD)
    page.get_by_role("button", name="Create an account").click()
    expect(page.get_by_role("heading", name="Check your e-mail")).to_be_visible()


def test_a_new_owner_gets_from_sign_up_to_the_first_hours(page: Page, stack: Stack) -> None:
    """Mail link, name, plane, device, first session: each step leads to the next, and the hours are the board's."""
    device_uuid, email = str(uuid.uuid4()), fresh_email()

    sign_up(page, stack, email)
    open_mail(page, stack, email)
    expect(page.get_by_role("heading", name="Three steps to your first hours")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Enter a name.")).to_be_visible()
    page.get_by_label("Name of the fleet").fill(" Ohio Flyers ")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Ohio Flyers")).to_be_visible()
    expect(page.get_by_label("Name of the fleet")).to_have_count(0)
    page.get_by_role("link", name="Add a plane").click()
    page.get_by_label("Registration").fill("d-eklm")
    page.get_by_role("button", name="Save the plane").click()
    expect(page.get_by_role("heading", name="D-EKLM is in your fleet")).to_be_visible()
    page.get_by_role("link", name="Register a device").click()
    page.get_by_label("Device UUID").fill(f"Boot 1, device {device_uuid.upper()}")
    page.get_by_label("Name").fill("Panel box 2")
    expect(page.get_by_label("Installed in").locator("option:checked")).to_have_text("D-EKLM")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", name="Panel box 2 is registered")).to_be_visible()
    expect(page.get_by_text("Never heard").first).to_be_visible()
    report(stack, message(device_uuid, now() - timedelta(seconds=5400), 5400, status="open"))

    card = page.get_by_role("article").filter(has_text="D-EKLM")
    expect(card).to_contain_text("Running now")
    expect(card.get_by_role("img", name="1.5 hours")).to_be_visible()
    expect(page.get_by_role("table", name="Latest sessions").locator("data")).to_have_attribute("value", "5400")
    expect(page.get_by_role("heading", name="Three steps")).to_have_count(0)


def test_a_mail_link_that_was_opened_before_is_explained(page: Page, stack: Stack, page_faults: PageFaults) -> None:
    """The second opening says that the link was used, that signing in may be all that is left, and offers another."""
    page_faults.allow(REFUSED)
    email = fresh_email()
    sign_up(page, stack, email)
    link = open_mail(page, stack, email)
    expect(page.get_by_role("navigation")).to_be_visible()
    page.goto(f"{stack.url}/#/settings")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()

    open_link(page, link)

    expect(page.get_by_text("This link was already used, or is too old.")).to_be_visible()
    expect(page.get_by_role("link", name="Get a new link")).to_be_visible()
    page.get_by_role("link", name="Back to sign in").click()
    fill_in(page, email, PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation")).to_be_visible()


def test_an_unconfirmed_address_is_told_to_look_into_its_mail(
    page: Page, stack: Stack, page_faults: PageFaults
) -> None:
    """Signing in before opening the link says that the address is not confirmed yet."""
    page_faults.allow(REFUSED)
    email = fresh_email()
    sign_up(page, stack, email)

    page.goto(f"{stack.url}/#/sign-in")
    fill_in(page, email, PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text("This address is not confirmed yet")


def test_a_wrong_password_says_what_to_do(page: Page, club: Club, page_faults: PageFaults) -> None:
    """The words do not tell whether the address has an account."""
    page_faults.allow(REFUSED)

    page.goto(f"{club.stack.url}/#/sign-in")
    fill_in(page, club.account.email, "not the password")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text("E-mail and password don’t match")


def test_an_empty_form_points_at_its_first_wrong_field(page: Page, stack: Stack) -> None:
    """Nothing is sent; each field says what it needs and the first one has the focus."""
    page.goto(f"{stack.url}/#/sign-up")
    page.get_by_role("button", name="Create an account").click()

    expect(page.get_by_label("E-mail")).to_be_focused()
    expect(page.get_by_label("E-mail")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Use at least 10 characters.")).to_be_visible()


def test_a_forgotten_password_is_replaced(page: Page, club: Club, page_faults: PageFaults) -> None:
    """The mail's link asks for a new password; from then on only that one opens the account."""
    page_faults.allow(REFUSED)
    stack, email = club.stack, club.account.email

    page.goto(f"{stack.url}/#/forgot-password")
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_text("a link and a code are on their way")).to_be_visible()
    open_mail(page, stack, email)
    expect(page.get_by_role("heading", name="Choose a new password")).to_be_visible()
    page.get_by_label("New password").fill("another logbook")
    page.get_by_role("button", name="Save the password").click()
    expect(page.get_by_role("navigation")).to_be_visible()
    page.goto(f"{stack.url}/#/settings")
    page.get_by_role("button", name="Sign out", exact=True).click()
    fill_in(page, email, club.account.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    fill_in(page, email, "another logbook")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("navigation")).to_be_visible()


def test_signing_out_leaves_nothing_behind(page: Page, club: Club) -> None:
    """After signing out, going back shows the sign-in form and none of the fleet."""
    club.add_plane("D-EKLM")
    club.open(page, "#/planes")
    expect(page.get_by_role("article")).to_contain_text("D-EKLM")

    page.goto(f"{club.stack.url}/#/settings")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.go_back()

    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_text("D-EKLM")).to_have_count(0)


def test_a_registration_link_survives_the_sign_in(page: Page, club: Club) -> None:
    """Whoever opens the link that a board's log prints lands in the filled form after signing in."""
    device_uuid = str(uuid.uuid4())

    page.goto(f"{club.stack.url}/#/devices/register?uuid={device_uuid}")
    expect(page.get_by_text("Sign in to see this page.")).to_be_visible()
    fill_in(page, club.account.email, club.account.password)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_label("Device UUID")).to_have_value(device_uuid)


def test_a_registration_link_survives_the_sign_up(page: Page, stack: Stack) -> None:
    """Even across the mailbox: the confirmation link leads on to the form."""
    device_uuid, email = str(uuid.uuid4()), fresh_email()

    page.goto(f"{stack.url}/#/devices/register?uuid={device_uuid}")
    page.get_by_role("link", name="Create an account").click()
    expect(page.get_by_role("heading", name="Create an account")).to_be_visible()
    fill_in(page, email, PASSWORD)
    page.get_by_role("button", name="Create an account").click()
    expect(page.get_by_role("heading", name="Check your e-mail")).to_be_visible()
    open_mail(page, stack, email)

    expect(page.get_by_label("Device UUID")).to_have_value(device_uuid)


def test_an_ended_sign_in_asks_for_another_one_and_comes_back(page: Page, club: Club, page_faults: PageFaults) -> None:
    """With a refresh token that the server no longer takes: sign in once more, then the same page."""
    page_faults.allow(REFUSED)
    club.open(page, "#/devices")
    page.evaluate(
        """() => {
          const stored = JSON.parse(localStorage.getItem("uptime-logger-auth"));
          localStorage.setItem("uptime-logger-auth", JSON.stringify({...stored, expires_at: 1, refresh_token: "gone"}));
        }"""
    )

    page.reload()
    expect(page.get_by_text("Sign in to see this page.")).to_be_visible()
    fill_in(page, club.account.email, club.account.password)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", name="Devices", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("#/devices$"))
