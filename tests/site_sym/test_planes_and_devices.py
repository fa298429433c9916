"""Planes and devices by hand: add, edit, archive, register, name, assign, take back."""

import uuid
from datetime import timedelta

from playwright.sync_api import Page, expect

from tests.site_sym.club import Club, choose, message, now, report
from tests.support import PageFaults


def test_a_plane_is_edited(page: Page, club: Club) -> None:
    """Registration and type are kept in upper case, and the page shows the change at once."""
    plane_id = club.add_plane("D-EKLM")
    club.open(page, f"#/planes/{plane_id}")

    choose(page, "Edit")
    expect(page.get_by_label("Registration")).to_have_value("D-EKLM")
    page.get_by_label("Registration").fill("d-eabc")
    page.get_by_label("ICAO type").fill("p28a")
    page.get_by_label("Model").fill("Archer III")
    page.get_by_role("button", name="Save the plane").click()

    expect(page.get_by_role("heading", name="D-EABC", exact=True)).to_be_visible()
    expect(page.locator("main header")).to_contain_text("P28A · Archer III")


def test_an_unusual_registration_is_warned_about_and_kept(page: Page, club: Club) -> None:
    """A microlight's own form is no error."""
    club.open(page, "#/planes/new")

    page.get_by_label("Registration").fill("77-XYZABC")
    expect(page.get_by_text("This doesn’t look like a registration.")).to_be_visible()
    page.get_by_role("button", name="Save the plane").click()

    expect(page.get_by_role("heading", name="77-XYZABC is in your fleet")).to_be_visible()


def test_a_wrong_type_designator_is_named_before_it_is_sent(page: Page, club: Club) -> None:
    """The field says what a designator is, and the plane is not saved."""
    club.open(page, "#/planes/new")

    page.get_by_label("Registration").fill("D-EKLM")
    page.get_by_label("ICAO type").fill("C-1")
    page.get_by_role("button", name="Save the plane").click()

    expect(page.get_by_label("ICAO type")).to_be_focused()
    expect(page.get_by_text("A type designator has 2 to 4 letters and digits.")).to_be_visible()


def test_a_limit_that_only_the_database_kept_is_said_in_words(page: Page, club: Club, page_faults: PageFaults) -> None:
    """A browser that lets more characters through: the form names the limit, and what was typed stays."""
    page_faults.allow("status of 400")
    plane_id = club.add_plane("D-EKLM")
    club.open(page, f"#/planes/{plane_id}/edit")
    make = page.get_by_label("Make")
    expect(page.get_by_label("Registration")).to_have_value("D-EKLM")
    make.evaluate("(input) => input.removeAttribute('maxlength')")

    make.fill("x" * 81)
    page.get_by_role("button", name="Save the plane").click()

    expect(page.get_by_text("The make has up to 80 characters.")).to_be_visible()
    expect(make).to_have_value("x" * 81)


def test_archiving_a_plane_can_be_undone(page: Page, club: Club) -> None:
    """An archived plane leaves the dashboard, stays on the list of planes, and comes back by Undo."""
    plane_id = club.add_plane("D-EKLM")
    club.add_plane("D-EABC")
    club.open(page, f"#/planes/{plane_id}")

    choose(page, "Archive")
    expect(page.get_by_text("D-EKLM is archived.")).to_be_visible()
    expect(page.get_by_role("button", name="Restore")).to_be_visible()
    page.get_by_role("button", name="Undo").click()

    expect(page.get_by_role("button", name="New reading")).to_be_visible()
    page.get_by_role("button", name="More", exact=True).click()
    expect(page.get_by_role("button", name="Archive")).to_be_visible()
    page.goto(f"{club.stack.url}/#/planes")
    expect(page.get_by_role("article")).to_have_count(2)


def test_a_plane_of_another_fleet_cannot_be_guessed(page: Page, club: Club) -> None:
    """An address that names no plane of the fleet says so instead of waiting endlessly."""
    club.open(page, f"#/planes/{uuid.uuid4()}/edit")

    expect(page.get_by_text("This plane is not in your fleet")).to_be_visible()


def test_hours_say_what_they_rest_on(page: Page, club: Club) -> None:
    """A reading, the sessions since, and how much more it may be; the drum shows their sum."""
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box 2", plane_id)
    reading = {"plane_id": plane_id, "seconds": 4790 * 3600, "reason": "check"}
    as_of = now() - timedelta(days=2)
    club.account.client.rpc("add_reading", {**reading, "as_of": as_of.isoformat()}).execute()
    flights = [message(device_uuid, now() - timedelta(hours=hours), 5400, checkpoint_seconds=60) for hours in (20, 4)]
    report(club.stack, message(device_uuid, now() - timedelta(days=3), 7200), *flights)

    club.open(page, f"#/planes/{plane_id}")

    expect(page.get_by_role("img", name="4793.0 hours")).to_be_visible()
    hours = page.get_by_role("region", name="Hours now")
    expect(hours).to_contain_text("Reading 4790.0 h on")
    expect(hours).to_contain_text("+ 3.0 h from 2 sessions since · at most 0.1 h more")


def test_a_reading_is_compared_recorded_and_taken_back(page: Page, club: Club) -> None:
    """Expected, read and difference before it is recorded; afterwards the hours rest on it, until it is undone."""
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box 2", plane_id)
    report(club.stack, message(device_uuid, now() - timedelta(hours=5), 5400))
    club.open(page, f"#/planes/{plane_id}")
    readings = page.get_by_role("region", name="Meter readings")
    form = page.get_by_role("dialog", name="New reading of D-EKLM")

    page.get_by_role("button", name="New reading").click()
    form.get_by_label("Meter shows").fill("4813,9")
    expect(form.get_by_role("img", name="1.5 hours")).to_be_visible()
    expect(form.get_by_role("img", name="4813.9 hours")).to_be_visible()
    expect(form).to_contain_text("+4,812.4")
    form.get_by_role("button", name="Record the reading").click()

    expect(readings.get_by_role("cell", name="First reading")).to_be_visible()
    expect(page.get_by_role("region", name="Hours now").get_by_role("img", name="4813.9 hours")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(readings).to_contain_text("Voided today")
    expect(readings).to_contain_text("Undone right after it was entered")
    expect(page.get_by_role("region", name="Hours now").get_by_role("img", name="1.5 hours")).to_be_visible()


def test_a_reading_of_another_time_is_compared_with_the_hours_of_then(page: Page, club: Club) -> None:
    """Sessions after the time of reading are not expected on the meter; a time to come is refused."""
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box 2", plane_id)
    report(club.stack, *(message(device_uuid, now() - timedelta(days=days), 3600) for days in (3, 1)))
    club.open(page, f"#/planes/{plane_id}")
    readings = page.get_by_role("dialog")

    page.get_by_role("button", name="New reading").click()
    readings.get_by_label("Meter shows").fill("2:00")
    readings.get_by_label("Read at").fill(f"{now() - timedelta(days=2):%Y-%m-%dT%H:%M}")
    expect(readings.get_by_role("img", name="1.0 hours")).to_be_visible()
    expect(readings).to_contain_text("+1.0")
    readings.get_by_label("Read at").fill(f"{now() + timedelta(days=2):%Y-%m-%dT%H:%M}")
    readings.get_by_role("button", name="Record the reading").click()

    expect(readings.get_by_text("A meter cannot be read in the future.")).to_be_visible()
    assert club.account.client.table("hour_readings").select("*").execute().data == []


def test_sessions_of_no_plane_are_shown_and_assigned(page: Page, club: Club) -> None:
    """A board registered late: its sessions wait visibly, and a first assignment takes all of them."""
    club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box 2")
    report(club.stack, *(message(device_uuid, now() - timedelta(days=days), 3600) for days in (3, 2, 1)))
    club.open(page)

    expect(page.get_by_text("3 sessions without a plane")).to_be_visible()
    page.get_by_role("link", name="Assign to a plane").click()
    page.get_by_label("Assign to a plane").select_option("D-EKLM")
    page.get_by_role("button", name="Assign").click()

    expect(page.get_by_text("Panel box 2 is now installed in D-EKLM.")).to_be_visible()
    expect(page.get_by_text("sessions without a plane")).to_have_count(0)
    page.goto(f"{club.stack.url}/#/")
    expect(page.get_by_role("img", name="3.0 hours")).to_be_visible()


def test_an_assignment_can_be_taken_back(page: Page, club: Club) -> None:
    """Undo puts the sessions back where they were."""
    club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box 2")
    report(club.stack, message(device_uuid, now() - timedelta(days=1), 3600))
    club.open(page, f"#/devices/{device_uuid}")

    page.get_by_label("Assign to a plane").select_option("D-EKLM")
    page.get_by_role("button", name="Assign").click()
    page.get_by_role("button", name="Undo").click()

    expect(page.get_by_text("1 session without a plane")).to_be_visible()


def test_earlier_sessions_of_no_plane_follow_a_later_assignment(page: Page, club: Club) -> None:
    """An assignment that began too late is made to begin with the device's first session."""
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box 2")
    report(club.stack, *(message(device_uuid, now() - timedelta(days=days), 3600) for days in (3, 1)))
    since = (now() - timedelta(days=2)).isoformat()
    arguments = {"device_uuid": device_uuid, "plane_id": plane_id, "assigned_from": since}
    club.account.client.rpc("assign_device", arguments).execute()
    club.open(page, f"#/devices/{device_uuid}")

    expect(page.get_by_label("Also the 1 session before that without a plane")).to_be_checked()
    page.get_by_role("button", name="Assign").click()

    expect(page.get_by_text("without a plane")).to_have_count(0)
    page.goto(f"{club.stack.url}/#/planes/{plane_id}")
    expect(page.get_by_role("img", name="2.0 hours")).to_be_visible()


def test_text_without_a_uuid_is_refused_before_it_is_sent(page: Page, club: Club) -> None:
    """The field says what a UUID looks like."""
    club.open(page, "#/devices/register")

    page.get_by_label("Device UUID").fill("550e8400-e29b")
    page.get_by_role("button", name="Register").click()

    expect(page.get_by_text("No UUID found in this")).to_be_visible()
    expect(page.get_by_label("Device UUID")).to_be_focused()


def test_a_board_with_another_key_needs_attention(page: Page, club: Club, page_faults: PageFaults) -> None:
    """Refused posts show on the device with what to do about them, in words and not only in red."""
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box 2", plane_id)
    first = message(device_uuid, now() - timedelta(hours=3), 600)
    for key in ("1" * 64, "2" * 64):
        club.account.client.postgrest.session.post(
            f"{club.stack.url}/functions/v1/ingest", json=first, headers={"X-Device-Key": key}
        )

    club.open(page, f"#/devices/{device_uuid}")

    expect(page.get_by_text("Refused: wrong key")).to_be_visible()
    expect(page.get_by_text("set the board up again, reset its key")).to_be_visible()


def test_a_device_is_renamed(page: Page, club: Club) -> None:
    """The new name shows in the heading and on the list."""
    device_uuid = club.add_device("Old box")
    club.open(page, f"#/devices/{device_uuid}")

    page.get_by_label("Name").fill("Panel box 7")
    page.get_by_role("button", name="Rename").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Panel box 7")


def test_a_registration_that_is_there_is_said_and_offered(page: Page, club: Club) -> None:
    """However it is written; an archived plane's registration may be given to another plane."""
    plane_id = club.add_plane("D-EKVX")
    club.open(page, "#/planes/new")

    for written in ("D EKVX", "dekvx"):
        page.get_by_label("Registration").fill(written)
        expect(page.get_by_text("D-EKVX is already in your fleet.")).to_be_visible()
        expect(page.get_by_role("link", name="Open D-EKVX")).to_have_attribute("href", f"#/planes/{plane_id}")
    page.get_by_role("button", name="Save the plane").click()
    assert 1 == len(club.account.client.table("planes").select("plane_id").execute().data)

    club.account.client.table("planes").update({"archived_at": now().isoformat()}).eq("plane_id", plane_id).execute()
    page.reload()
    page.get_by_label("Registration").fill("DEKVX")
    expect(page.get_by_text("archived with its hours")).to_be_visible()
    page.get_by_role("button", name="Save the plane").click()

    expect(page.get_by_text("DEKVX was added.")).to_be_visible()
