"""Without a network: the page opens, shows what was known and when, and keeps nothing after signing out."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import NewPage
from tests.site_sym.axe import violations
from tests.site_sym.club import Club, message, now, report
from tests.support import PageFaults

ROOT = Path(__file__).resolve().parents[2]
NO_NETWORK = "ERR_INTERNET_DISCONNECTED|ERR_FAILED|Failed to load resource"
READY = "async () => { await navigator.serviceWorker.ready; }"
KEPT = "() => Object.keys(localStorage).filter((key) => key.startsWith('last-known:')).length"


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A page that keeps its files in the browser."""
    return new_page(service_workers="allow")


def test_the_last_known_hours_are_readable_without_a_network(page: Page, club: Club, page_faults: PageFaults) -> None:
    """A reload without a network shows planes and sessions with the time they were read, and recovers by itself."""
    page_faults.allow(NO_NETWORK)
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    report(club.stack, message(device_uuid, now() - timedelta(hours=5), 5400))
    club.open(page)
    expect(page.get_by_role("table", name="Latest sessions")).to_be_visible()
    page.evaluate(READY)

    page.context.set_offline(True)
    page.reload()

    expect(page.get_by_role("article").get_by_role("img", name="1.5 hours")).to_be_visible()
    expect(page.get_by_text("No connection.")).to_be_visible()
    expect(page.get_by_text("Showing data from today")).to_be_visible()
    expect(page.get_by_role("table", name="Latest sessions")).to_contain_text("D-EKLM")
    assert violations(page) == []
    page.context.set_offline(False)
    expect(page.get_by_text("No connection.")).to_have_count(0)
    expect(page.get_by_role("article")).to_contain_text("D-EKLM")


def test_an_old_sign_in_still_opens_what_is_kept(page: Page, club: Club, page_faults: PageFaults) -> None:
    """After an hour a sign-in has to be renewed, which needs the network; what is kept does not wait for it."""
    page_faults.allow(NO_NETWORK)
    club.add_plane("D-EKLM")
    club.open(page, "#/planes")
    expect(page.get_by_role("article")).to_contain_text("D-EKLM")
    page.evaluate(READY)
    page.context.set_offline(True)
    page.evaluate(
        """() => {
          const stored = JSON.parse(localStorage.getItem("uptime-logger-auth"));
          localStorage.setItem("uptime-logger-auth", JSON.stringify({...stored, expires_at: 1}));
        }"""
    )

    page.reload()

    expect(page.get_by_role("article")).to_contain_text("D-EKLM")


def test_signing_out_clears_what_is_kept(page: Page, club: Club, page_faults: PageFaults) -> None:
    """Nothing of the fleet stays in the browser, and without a network only the sign-in is there."""
    page_faults.allow(NO_NETWORK)
    club.add_plane("D-EKLM")
    club.open(page, "#/planes")
    expect(page.get_by_role("article")).to_contain_text("D-EKLM")
    page.evaluate(READY)
    kept = page.evaluate(KEPT)

    page.goto(f"{club.stack.url}/#/settings")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    left = page.evaluate(KEPT)
    page.context.set_offline(True)
    page.reload()

    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert kept > 0
    assert left == 0


def test_the_manifest_makes_it_installable(page: Page, club: Club) -> None:
    """Name, start, and icons that exist in the sizes they claim; every address relative, for any sub-path."""
    manifest = json.loads((ROOT / "site_sym" / "public" / "manifest.webmanifest").read_text())
    page.goto(club.stack.url)

    sizes = page.evaluate(
        """(icons) => Promise.all(icons.map(async ({ src }) => {
          const image = new Image();
          image.src = src;
          await image.decode();
          return `${image.naturalWidth}x${image.naturalHeight}`;
        }))""",
        manifest["icons"][:3],
    )

    assert sizes == [icon["sizes"] for icon in manifest["icons"][:3]]
    assert all(icon["src"].startswith("./") for icon in manifest["icons"])
    assert (manifest["display"], manifest["start_url"]) == ("standalone", "./")
    assert any(icon.get("purpose") == "maskable" for icon in manifest["icons"])
