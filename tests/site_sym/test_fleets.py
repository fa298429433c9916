"""Who sees what, through the page: strangers, viewers, devices of other fleets."""

from collections.abc import Callable
from datetime import timedelta

import psycopg
from playwright.sync_api import Page, expect

from tests.conftest import NewPage
from tests.site_sym.club import Club, message, now, report
from tests.support import PageFaults
from tools.screenshots import settle

PAGES = ("#/", "#/planes", "#/sessions?period=all", "#/devices", "#/settings")


def test_two_users_never_see_each_others_rows(new_page: NewPage, make_club: Callable[[], Club]) -> None:
    """Neither on any list nor by the direct links to the other's plane and device."""
    ours, theirs = make_club(), make_club()
    plane_id = ours.add_plane("D-OURS")
    device_uuid = ours.add_device("Our box", plane_id)
    report(ours.stack, message(device_uuid, now() - timedelta(hours=2), 3600))
    stranger = new_page()
    theirs.open(stranger)

    for hash_ in (*PAGES, f"#/sessions?period=all&plane={plane_id}"):
        stranger.goto(f"{theirs.stack.url}/{hash_}")
        settle(stranger)
        expect(stranger.locator("main")).not_to_contain_text("D-OURS")
        expect(stranger.locator("main")).not_to_contain_text("Our box")
    stranger.goto(f"{theirs.stack.url}/#/planes/{plane_id}")
    expect(stranger.get_by_role("heading", name="This plane is not in your fleet")).to_be_visible()
    stranger.goto(f"{theirs.stack.url}/#/devices/{device_uuid}")
    expect(stranger.get_by_role("heading", name="This device is not in your fleet")).to_be_visible()

    owner = new_page()
    ours.open(owner, "#/sessions")
    expect(owner.get_by_role("table")).to_contain_text("D-OURS")


def test_a_device_of_another_fleet_cannot_be_registered(
    page: Page, make_club: Callable[[], Club], page_faults: PageFaults
) -> None:
    """The form says that another fleet owns it and what has to happen first; nothing changes."""
    page_faults.allow(r"status of 409")
    device_uuid = make_club().add_device("Their box")
    club = make_club()

    club.open(page, f"#/devices/register?uuid={device_uuid}")
    page.get_by_role("button", name="Register").click()

    expect(page.get_by_role("alert")).to_contain_text("Another fleet owns this device")
    expect(page.get_by_role("alert")).to_contain_text("has to release it first")
    assert club.account.client.table("device_status").select("*").execute().data == []


def test_a_viewer_finds_no_control_that_would_fail(page: Page, make_club: Callable[[], Club]) -> None:
    """A viewer reads every page; adding, editing, archiving, assigning and naming are not offered."""
    club, guest = make_club(), make_club()
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box 2")
    report(club.stack, message(device_uuid, now() - timedelta(hours=2), 3600))
    with psycopg.connect(club.stack.database_url, autocommit=True) as database:
        database.execute("delete from public.fleets where fleet_id = %s", (guest.fleet_id,))
        member = (club.fleet_id, guest.account.user_id, "viewer")
        database.execute("insert into public.fleet_members (fleet_id, user_id, role) values (%s, %s, %s)", member)
    guest.open(page)

    hashes = (*PAGES[:-1], f"#/planes/{plane_id}", f"#/devices/{device_uuid}")
    for hash_ in hashes:
        page.goto(f"{club.stack.url}/{hash_}")
        settle(page)
        for menu in page.get_by_role("main").get_by_role("button", name="More", exact=True).all():
            menu.click()
        for name in ("Add a plane", "Register", "Edit", "Archive", "New reading", "Void", "Assign", "Rename", "Save"):
            expect(page.get_by_role("button", name=name)).to_have_count(0)
            expect(page.get_by_role("link", name=name)).to_have_count(0)
    for hash_ in ("#/planes/new", f"#/planes/{plane_id}/edit", "#/devices/register"):
        page.goto(f"{club.stack.url}/{hash_}")
        expect(page.get_by_text("Your role in this fleet does not allow that.")).to_be_visible()


def test_a_member_of_two_fleets_switches_and_is_remembered(page: Page, make_club: Callable[[], Club]) -> None:
    """The choice holds after a reload, and the pages show only the fleet that is chosen."""
    club = make_club()
    club.add_plane("D-FRST")
    second = club.account.client.rpc("create_fleet", {"name": "Second fleet"}).execute().data
    row = {"fleet_id": second, "registration": "D-SCND"}
    club.account.client.table("planes").insert(row).execute()
    club.open(page, "#/planes")
    page.get_by_role("combobox", name="Fleet").select_option("My fleet")
    expect(page.get_by_role("article")).to_contain_text("D-FRST")

    page.get_by_role("combobox", name="Fleet").select_option("Second fleet")
    expect(page.get_by_role("article")).to_contain_text("D-SCND")
    page.reload()

    expect(page.get_by_role("article")).to_contain_text("D-SCND")
    expect(page.get_by_text("D-FRST")).to_have_count(0)
