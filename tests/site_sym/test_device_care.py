"""A device's later life: moved between planes, looked through for gaps, its key reset, released; per role."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.site_sym.axe import violations
from tests.site_sym.club import Club, message, now, report, undo
from tests.site_sym.roles import join
from tests.support import HTTP_SECONDS


def three_flights(club: Club, device_uuid: str) -> None:
    """Report flights of an hour each, three, two and one days ago; power-up 3 never arrived."""
    for days, boot in ((3, 1), (2, 2), (1, 4)):
        start = now() - timedelta(days=days)
        report(club.stack, message(device_uuid, start, 3600, boot=boot, reset_reason="POWER_ON"))


def hours(club: Club) -> dict[str, int]:
    """Seconds of each plane of the fleet, by registration."""
    rows = club.account.client.rpc("plane_hours").execute().data
    assert isinstance(rows, list)
    return {row["registration"]: row["total_seconds"] for row in rows}


def test_a_device_moves_between_two_sessions_and_back(page: Page, club: Club) -> None:
    """The first session in the new plane is picked; it and later ones move, and taking it back moves them home."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    club.add_plane("D-EABC")
    three_flights(club, device_uuid)
    club.open(page, f"#/devices/{device_uuid}")

    page.get_by_label("Assign to a plane").select_option("D-EABC")
    page.get_by_role("group", name="Starting when").get_by_role("radio").nth(2).check()
    expect(page.get_by_text("2 sessions move")).to_be_visible()
    page.get_by_role("button", name="Assign", exact=True).click()
    expect(page.get_by_text("Panel box 2 is now installed in D-EABC.")).to_be_visible()
    moved = hours(club)
    history = page.get_by_role("region", name="Installation history")
    expect(history.get_by_role("listitem")).to_have_count(2)
    history.get_by_role("button", name="Remove D-EABC").click()
    expect(history.get_by_role("listitem")).to_have_count(1)

    assert moved == {"D-EKLM": 3600, "D-EABC": 7200}
    assert hours(club) == {"D-EKLM": 10800, "D-EABC": 0}
    undo(page, "The assignment is removed")
    expect(history.get_by_role("listitem")).to_have_count(2)
    assert hours(club) == moved


def test_a_device_is_taken_out_of_its_plane(page: Page, club: Club) -> None:
    """On the bench from now on: what it counted stays with the plane."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    three_flights(club, device_uuid)
    club.open(page, f"#/devices/{device_uuid}")

    page.get_by_label("Assign to a plane").select_option("No plane: on the bench")
    page.get_by_role("button", name="Assign", exact=True).click()

    expect(page.get_by_text("Panel box 2 is no longer installed in a plane.")).to_be_visible()
    assert hours(club) == {"D-EKLM": 10800}


def test_a_missing_power_up_is_named(page: Page, club: Club) -> None:
    """Which one, between which times, and why boards start: in words, and no accessibility fault."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    three_flights(club, device_uuid)

    club.open(page, f"#/devices/{device_uuid}")

    panel = page.get_by_role("region", name="Is everything here?")
    expect(panel).to_contain_text("1 power-up missing")
    expect(panel).to_contain_text("Power-up 3 between")
    expect(panel.get_by_role("row", name="power on 3")).to_be_visible()
    assert violations(page) == []


def test_a_refused_board_is_let_in_again_by_a_reset(page: Page, club: Club) -> None:
    """The refusal is told with its reason; resetting asks first; then the new key is taken."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    url = f"{club.stack.url}/functions/v1/ingest"
    sent = message(device_uuid, now() - timedelta(hours=3), 600)
    old, new = ({"X-Device-Key": digit * 64} for digit in "12")
    httpx.post(url, json=sent, headers=old, trust_env=False, timeout=HTTP_SECONDS).raise_for_status()
    refused = httpx.post(url, json=sent, headers=new, trust_env=False, timeout=HTTP_SECONDS)
    club.open(page, f"#/devices/{device_uuid}")
    care = page.get_by_role("region", name="Manage device")
    expect(care).to_contain_text("1 report under its UUID")
    expect(care).to_contain_text("the key was not the device’s")

    care.get_by_role("button", name="Reset its key").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("For 24 hours")
    found = violations(page)
    dialog.get_by_role("button", name="Reset its key").click()
    expect(care).to_contain_text("Key reset: waiting for the board until")
    taken = httpx.post(url, json=sent, headers=new, trust_env=False, timeout=HTTP_SECONDS)

    assert (refused.status_code, taken.status_code) == (401, 200)
    assert found == []


def test_an_owner_releases_a_device(page: Page, club: Club) -> None:
    """It leaves the list after a question; its sessions and the plane's hours stay."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    three_flights(club, device_uuid)
    club.open(page, f"#/devices/{device_uuid}")

    page.get_by_role("button", name="Release the device").click()
    page.get_by_role("dialog").get_by_role("button", name="Release the device").click()

    expect(page.get_by_text("Panel box 2 is released.")).to_be_visible()
    expect(page.get_by_role("heading", name="No devices yet")).to_be_visible()
    assert hours(club) == {"D-EKLM": 10800}


@pytest.mark.parametrize(
    ("role", "offered", "missing"),
    [
        ("editor", ["Reset its key", "Remove"], ["Release"]),
        ("viewer", [], ["Reset its key", "Remove", "Release"]),
    ],
)
def test_others_than_owners_get_only_what_they_may_do(
    page: Page, make_club: Callable[[], Club], role: str, offered: list[str], missing: list[str]
) -> None:
    """Everybody reads history and completeness; editors also take back and reset; only owners release."""
    club, guest = make_club(), make_club()
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    three_flights(club, device_uuid)
    join(club, guest, role)

    guest.open(page, f"#/devices/{device_uuid}")

    expect(page.get_by_role("region", name="Installation history")).to_contain_text("D-EKLM")
    expect(page.get_by_role("region", name="Is everything here?")).to_contain_text("1 power-up missing")
    for name in offered:
        expect(page.get_by_role("button", name=name)).to_have_count(1)
    for name in missing:
        expect(page.get_by_role("button", name=name)).to_have_count(0)
