"""Signing in while something is wrong: clocks, an auth service in trouble, mail scanners, a lost mail."""

import json
import uuid
from datetime import timedelta

import httpx
import psycopg
import pytest
from playwright.sync_api import Page, Request, expect

from tests.conftest import NewPage
from tests.site_sym.club import Club, message, now, report
from tests.site_sym.test_account import PASSWORD, REFUSED, fill_in, fresh_email, sign_up
from tests.support import HTTP_SECONDS, PageFaults, open_link
from tools.stack import Stack

STORED = "uptime-logger-auth"
CHANGE_STORED = """(change) => {
  const stored = JSON.parse(localStorage.getItem("uptime-logger-auth"));
  localStorage.setItem("uptime-logger-auth", JSON.stringify({ ...stored, ...change }));
}"""
KEPT = "() => Object.keys(localStorage).filter((key) => key.startsWith('last-known:')).length"


def renewals(page: Page) -> list[str]:
    """Renewals of the sign-in from now on: a list that grows."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if "grant_type=refresh_token" in request.url:
            asked.append(request.url)

    page.on("request", note)
    return asked


@pytest.mark.parametrize("hours", [3, -3])
def test_a_clock_hours_off_asks_for_no_token_at_every_look(page: Page, club: Club, hours: int) -> None:
    """One renewal at most, then none: what the page compares with its own clock is worked out by its own clock."""
    club.add_plane("D-EKLM")
    asked = renewals(page)
    page.clock.install(time=now() + timedelta(hours=hours))
    club.open(page)
    expect(page.get_by_role("article")).to_contain_text("D-EKLM")

    for _ in range(5):
        with page.expect_response("**/rpc/fleet_overview"):
            page.clock.run_for(10_000)

    assert len(asked) <= 1


def test_a_token_that_the_server_takes_no_more_is_renewed_once(page: Page, club: Club, page_faults: PageFaults) -> None:
    """A slow clock believes a token that has expired: the refusal leads to a renewal, and nobody notices."""
    page_faults.allow(REFUSED)
    club.add_plane("D-EKLM")
    club.open(page, "#/settings")
    page.goto(f"{club.stack.url}/manifest.webmanifest")  # where nothing asks in the meantime
    page.evaluate(CHANGE_STORED, {"access_token": "a.b.c", "expires_at": 4_000_000_000})
    asked = renewals(page)

    page.goto(f"{club.stack.url}/#/planes")

    expect(page.get_by_role("article")).to_contain_text("D-EKLM")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert 1 == len(asked)


def test_a_sign_in_that_has_ended_is_noticed_by_a_slow_clock(page: Page, club: Club, page_faults: PageFaults) -> None:
    """Neither the token nor its renewal is taken: the page asks to sign in instead of standing still."""
    page_faults.allow(REFUSED)
    club.open(page, "#/planes")
    page.evaluate(CHANGE_STORED, {"access_token": "a.b.c", "refresh_token": "gone", "expires_at": 4_000_000_000})

    page.reload()

    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, json.dumps({"code": 429, "error_code": "over_request_rate_limit", "msg": "Request rate limit reached"})),
        (540, "Project paused"),
        (503, "<html>upstream</html>"),
        (404, "<html>no such page</html>"),
    ],
)
def test_an_auth_service_in_trouble_signs_nobody_out(
    page: Page, club: Club, page_faults: PageFaults, status: int, body: str
) -> None:
    """What the page knows stays on it, is shown after a reload, and comes up to date when the trouble is over."""
    page_faults.allow("Failed to load resource|status of")
    report(club.stack, message(club.add_device("Box", club.add_plane("D-EKLM")), now() - timedelta(days=1), 5400))
    page.clock.install()
    club.open(page)
    hours = page.get_by_role("article").get_by_role("img", name="1.5 hours")
    expect(hours).to_be_visible()
    page.evaluate(CHANGE_STORED, {"access_token": "a.b.c", "expires_at": 1})
    page.route("**/auth/v1/token*", lambda route: route.fulfill(status=status, body=body))
    asked = renewals(page)

    page.reload()
    expect(hours).to_be_visible()
    expect(page.get_by_text("Showing data from")).to_be_visible()
    assert page.evaluate(KEPT) > 0
    page.clock.run_for(25_000)
    tried = len(asked)
    page.unroute("**/auth/v1/token*")
    page.clock.run_for(61_000)
    page.evaluate("() => dispatchEvent(new Event('online'))")

    expect(page.get_by_text("Showing data from")).to_have_count(0)
    expect(hours).to_be_visible()
    assert 1 == tried


def test_the_server_says_how_long_to_leave_it_alone(page: Page, club: Club, page_faults: PageFaults) -> None:
    """No renewal is tried before the time that Retry-After names is over."""
    page_faults.allow("Failed to load resource|status of")
    club.add_plane("D-EKLM")
    page.clock.install()
    club.open(page)
    expect(page.get_by_role("article")).to_contain_text("D-EKLM")
    page.evaluate(CHANGE_STORED, {"access_token": "a.b.c", "expires_at": 1})
    page.route("**/auth/v1/token*", lambda route: route.fulfill(status=429, headers={"Retry-After": "300"}))
    asked = renewals(page)
    page.reload()
    expect(page.get_by_role("article")).to_contain_text("D-EKLM")

    page.clock.run_for(250_000)
    early = len(asked)
    page.clock.run_for(300_000)

    assert 1 == early
    assert len(asked) > 1


@pytest.mark.parametrize(("status", "said"), [(429, "Too many attempts."), (540, "The server failed to answer this.")])
def test_a_sign_in_that_the_service_cannot_answer_says_so(
    page: Page, club: Club, page_faults: PageFaults, status: int, said: str
) -> None:
    """In words for people, whatever a gateway in between answers."""
    page_faults.allow("Failed to load resource|status of")
    page.route("**/auth/v1/token*", lambda route: route.fulfill(status=status, body="<html></html>"))
    page.goto(f"{club.stack.url}/#/sign-in")
    fill_in(page, club.account.email, club.account.password)

    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text(said)
    expect(page.get_by_role("alert")).not_to_contain_text("html")


@pytest.mark.parametrize("way", ["link", "code"])
def test_a_mail_scanner_that_opens_the_links_uses_nothing_up(new_page: NewPage, stack: Stack, way: str) -> None:
    """Fetched and opened by a machine before the person: link and code both work afterwards."""
    email = fresh_email()
    page, scanner = new_page(), new_page()
    sign_up(page, stack, email)
    mail = stack.next_mail(email)
    for link in mail["links"]:
        assert httpx.get(link, trust_env=False, timeout=HTTP_SECONDS).status_code == 200
        scanner.goto(link)
        expect(scanner.get_by_role("button", name="Continue")).to_be_visible()

    if way == "code":
        page.get_by_label("Code from the e-mail").fill(f"{mail['code'][:3]} {mail['code'][3:]}")
        page.get_by_role("button", name="Use the code").click()
    else:
        open_link(page, mail["links"][0])

    expect(page.get_by_role("heading", name="Three steps to your first hours")).to_be_visible()


def test_a_forgotten_password_is_replaced_by_the_code(page: Page, club: Club, page_faults: PageFaults) -> None:
    """A wrong code says so; the right one, typed where it was asked for, leads to the new password."""
    page_faults.allow(REFUSED)
    page.goto(f"{club.stack.url}/#/forgot-password")
    page.get_by_label("E-mail").fill(club.account.email)
    page.get_by_role("button", name="Send the link").click()
    code = page.get_by_label("Code from the e-mail")
    expect(code).to_be_visible()
    mail = club.stack.next_mail(club.account.email)

    code.fill("12")
    page.get_by_role("button", name="Use the code").click()
    expect(page.get_by_text("Enter the digits of the code, like 123456.")).to_be_visible()
    code.fill("000000" if mail["code"] != "000000" else "000001")
    page.get_by_role("button", name="Use the code").click()
    expect(page.get_by_role("alert")).to_contain_text("This code is wrong, was used before, or is too old.")
    code.fill(mail["code"])
    page.get_by_role("button", name="Use the code").click()
    page.get_by_label("New password").fill("another logbook")
    page.get_by_role("button", name="Save the password").click()

    expect(page.get_by_role("navigation")).to_be_visible()


def test_a_lost_mail_is_sent_again_from_the_sign_in(page: Page, stack: Stack, page_faults: PageFaults) -> None:
    """Who signs in unconfirmed has the button and the field for the code right there; too early is said.

    The local auth service refuses a second mail as too early while it knows when the first was sent; without that it
    says yes and sends none.
    """
    page_faults.allow(REFUSED)
    email = fresh_email()
    sign_up(page, stack, email)
    page.get_by_role("link", name="Back to sign in").click()
    expect(page.get_by_label("E-mail")).to_have_value(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("This address is not confirmed yet.")

    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_text("Too many attempts. Wait a minute, then try again.")).to_be_visible()
    with psycopg.connect(stack.database_url) as database:
        long_ago = "update auth.users set confirmation_sent_at = null where email = %s"
        assert 1 == database.execute(long_ago, (email,)).rowcount
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_text("Sent again.", exact=True)).to_be_visible()
    page.get_by_label("Code from the e-mail").fill(stack.next_mail(email)["code"])
    page.get_by_role("button", name="Use the code").click()

    expect(page.get_by_role("heading", name="Three steps to your first hours")).to_be_visible()


def test_the_typed_address_goes_along(page: Page, stack: Stack) -> None:
    """From signing in to creating an account, to the forgotten password, and back."""
    email = f"pilot-{uuid.uuid4().hex[:12]}@example.org"
    page.goto(f"{stack.url}/#/sign-in")
    page.get_by_label("E-mail").fill(email)

    for link in ("Create an account", "Sign in", "Forgot your password?", "Back to sign in"):
        page.get_by_role("link", name=link).click()
        expect(page.get_by_label("E-mail")).to_have_value(email)
