"""A plane's page from the top: its story, a reading by thumb, the question before a slip, voiding for good."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import NewPage
from tests.site_sym.club import Club, choose, message, now, report
from tests.site_sym.roles import join
from tests.support import PageFaults

HOUR = 3600
PHONE = {"width": 390, "height": 844}


def read(club: Club, plane_id: str, seconds: int, days_ago: float) -> None:
    """What the plane's meter showed some days ago."""
    as_of = (now() - timedelta(days=days_ago)).isoformat()
    reading = {"plane_id": plane_id, "seconds": seconds, "reason": "check", "as_of": as_of}
    club.account.client.rpc("add_reading", reading).execute()


def readings(club: Club) -> list[dict[str, Any]]:
    """The fleet's readings, oldest entry first."""
    return cast(
        list[dict[str, Any]], club.account.client.table("hour_readings").select("*").order("entry").execute().data
    )


def read_and_flown(club: Club, registration: str = "D-EKLM") -> str:
    """A plane read at 4800.0 five days ago that flew 13.9 h since; its id."""
    plane_id = club.add_plane(registration)
    read(club, plane_id, 4800 * HOUR, 5)
    report(club.stack, message(club.add_device("Box", plane_id), now() - timedelta(days=3), 50_040, status="closed"))
    return plane_id


def type_reading(page: Page, figure: str) -> Locator:
    """Open the form, type into the field that has the focus, and press Enter; the form."""
    page.get_by_role("button", name="New reading").click()
    form = page.get_by_role("dialog")
    expect(form.get_by_label("Meter shows")).to_be_focused()
    page.keyboard.type(figure)
    page.keyboard.press("Enter")
    return form


def test_the_page_tells_a_story_from_the_top(page: Page, club: Club) -> None:
    """Drum, device, last flight with its pilot, this month, twelve months: and each leads on."""
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box", plane_id)
    start = now() - timedelta(hours=30)
    ground = message(device_uuid, now() - timedelta(hours=4), 600, status="closed", boot=3)
    flight = message(device_uuid, start, 5400, status="closed", boot=2)
    report(club.stack, message(device_uuid, now() - timedelta(days=40), 2 * HOUR, status="closed"), flight, ground)
    client = club.account.client
    of_boot = {
        row["boot"]: row["session_id"]
        for row in cast(list[dict[str, Any]], client.table("session_log").select("boot, session_id").execute().data)
    }
    for boot, said in ((2, {"class": "flight", "pilot": "M. Weber"}), (3, {"class": "ground_run"})):
        client.table("session_annotations").insert({"session_id": of_boot[boot], **said}).execute()
    club.open(page, f"#/planes/{plane_id}")

    expect(page.get_by_role("region", name="Hours now").get_by_role("img", name="3.6 hours")).to_be_visible()
    expect(page.get_by_role("region", name="Device")).to_contain_text("Panel box")
    last = page.get_by_role("region", name="Last flight")
    expect(last).to_contain_text(f"{start:%H:%M}Z–{start + timedelta(seconds=5400):%H:%M}Z")
    expect(last).to_contain_text("1.5 h · M. Weber")
    chart = page.get_by_role("region", name="The last twelve months")
    expect(chart.get_by_role("img")).to_be_visible()
    chart.get_by_role("button", name="As a table").click()
    month = chart.get_by_role("link", name=f"{now():%B %Y}")
    expect(month).to_have_attribute("href", f"#/sessions?period={now():%Y-%m}&plane={plane_id}")
    expect(chart.get_by_role("link", name="Years")).to_have_attribute("href", "#/years")
    expect(page.get_by_role("region", name="Battery")).to_have_count(0)
    last.get_by_role("button").click()
    expect(page.get_by_role("dialog").get_by_label("Pilot")).to_have_value("M. Weber")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("region", name="This month").get_by_role("link").click()

    expect(page).to_have_url(re.compile(rf"#/sessions\?period=month&plane={plane_id}$"))


def test_what_is_not_known_is_said_and_other_planes_are_left_out(page: Page, club: Club) -> None:
    """A plane without board, flight, reading or hours: what is next, and nothing of the plane beside it."""
    plane_id = club.add_plane("D-EABC")
    read_and_flown(club)
    club.open(page, f"#/planes/{plane_id}")

    expect(page.get_by_role("region", name="Device")).to_contain_text("No device in this plane")
    expect(page.get_by_role("region", name="Last flight")).to_contain_text("No session yet")
    expect(page.get_by_role("region", name="The last twelve months")).to_contain_text("No hours in the last twelve")
    expect(page.get_by_role("region", name="Meter readings")).to_contain_text("None yet: counting starts from zero.")
    page.get_by_role("button", name="Enter what the meter shows").click()

    expect(page.get_by_role("dialog").get_by_label("Meter shows")).to_be_focused()


def test_the_battery_is_said_where_it_is_sensed(page: Page, club: Club) -> None:
    """The resting voltage of the newest month with three flights, and what that says."""
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Box", plane_id)
    begin = now() - timedelta(minutes=50)
    if begin.month != now().month:
        begin -= timedelta(hours=1)
    bus = {
        "bus_start_mv": 11_900,
        "bus_min_mv": 9300,
        "bus_max_mv": 14_100,
        "engine_seconds": 300,
        "engine_first_s": 60,
    }
    flights = [
        message(device_uuid, begin + timedelta(minutes=10 * number), 480, status="closed", boot=number + 1, **bus)
        for number in range(3)
    ]
    report(club.stack, *flights)
    club.open(page, f"#/planes/{plane_id}")

    expect(page.get_by_role("region", name="Battery", exact=True)).to_contain_text("11.9 V at rest: low, charge it")


@pytest.mark.parametrize("size", [PHONE, {"width": 1280, "height": 800}], ids=["phone", "desktop"])
def test_the_panel_says_another_figure_in_two_taps(new_page: NewPage, club: Club, size: dict[str, int]) -> None:
    """Card, New reading, the figure as it was copied, Enter."""
    page = new_page(viewport=size)
    plane_id = read_and_flown(club)
    club.open(page)

    page.get_by_role("article").get_by_role("link", name="D-EKLM").click()
    form = type_reading(page, "4,814.2 h")

    expect(form).to_have_count(0)
    expect(page.get_by_role("region", name="Hours now").get_by_role("img", name="4814.2 hours")).to_be_visible()
    assert [17_280_000, 17_331_120] == [row["seconds"] for row in readings(club)]
    assert page.url.endswith(f"#/planes/{plane_id}")


def test_a_reading_that_is_far_off_is_asked_about_and_never_refused(page: Page, club: Club) -> None:
    """Expected, typed, difference and the slip; corrected in place, and the same figure can be taken as it is."""
    plane_id = read_and_flown(club)
    club.open(page, f"#/planes/{plane_id}")

    form = type_reading(page, "48139")
    question = form.get_by_role("group", name="Is that what the meter shows?")
    expect(question).to_contain_text("4813.9 h was expected, and this is 43,325.1 h more.")
    expect(question).to_contain_text("Decimal point missing? 4813.9 h would fit.")
    expect(form.get_by_role("button", name="Correct it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(form.get_by_label("Meter shows")).to_be_focused()
    expect(form.get_by_label("Meter shows")).to_have_value("48139")
    expect(question).to_have_count(0)
    form.get_by_role("button", name="Record the reading").click()
    question.get_by_role("button", name="Use 4813.9").click()
    expect(form.get_by_label("Meter shows")).to_have_value("4813.9")
    form.get_by_label("Meter shows").fill("4900")
    form.get_by_role("button", name="Record the reading").click()
    expect(question).to_contain_text("86.1 h more")
    assert 1 == len(readings(club))
    form.get_by_role("button", name="Take it").click()

    expect(form).to_have_count(0)
    assert [4800 * HOUR, 4900 * HOUR] == [row["seconds"] for row in readings(club)]


def test_lower_than_the_last_reading_is_asked_about_unless_the_meter_was_replaced(page: Page, club: Club) -> None:
    """The plane that shows as much is named; a meter that was replaced begins where it begins."""
    read(club, club.add_plane("D-EABC"), 2290 * HOUR, 1)
    plane_id = read_and_flown(club)
    club.open(page, f"#/planes/{plane_id}")

    form = type_reading(page, "2290.2")
    question = form.get_by_role("group", name="Is that what the meter shows?")
    expect(question).to_contain_text("It is lower than the last reading, 4800.0 h.")
    expect(question).to_contain_text("D-EABC shows about 2290.0 h: was it read there?")
    form.get_by_label("Why").select_option("Meter replaced")
    expect(question).to_have_count(0)
    form.get_by_role("button", name="Record the reading").click()

    expect(form).to_have_count(0)
    assert "meter_replaced" == readings(club)[-1]["reason"]


def test_a_reading_is_voided_long_after_it_was_entered(page: Page, club: Club) -> None:
    """Not without a reason; the list says who, when and why, and the hours rest on the one before."""
    plane_id = read_and_flown(club)
    read(club, plane_id, 4913 * HOUR + 3240, 1)
    club.open(page, f"#/planes/{plane_id}")
    panel = page.get_by_role("region", name="Meter readings")
    row = panel.get_by_role("row").filter(has_text="4913.9")

    row.get_by_role("button", name="Void the reading 4913.9").click()
    panel.get_by_role("button", name="Void the reading", exact=True).click()
    expect(panel.get_by_text("Say why it is voided.")).to_be_visible()
    expect(panel.get_by_label("Why is it voided?")).to_be_focused()
    assert readings(club)[-1]["voided_at"] is None
    panel.get_by_label("Why is it voided?").fill("4813.9, misread")
    panel.get_by_role("button", name="Void the reading", exact=True).click()

    expect(row).to_contain_text(
        re.compile(rf"Voided .* \d\d:\d\dZ by {re.escape(club.account.email)}: 4813\.9, misread")
    )
    expect(row.get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("region", name="Hours now").get_by_role("img", name="4813.9 hours")).to_be_visible()


def test_voiding_without_a_network_says_so_and_keeps_the_reason(
    page: Page, club: Club, page_faults: PageFaults
) -> None:
    """Nothing is voided, what was typed stays, and the next press voids it."""
    page_faults.allow("ERR_INTERNET_DISCONNECTED")
    plane_id = read_and_flown(club)
    club.open(page, f"#/planes/{plane_id}")
    panel = page.get_by_role("region", name="Meter readings")
    panel.get_by_role("button", name="Void the reading 4800.0").click()
    panel.get_by_label("Why is it voided?").fill("misread")

    page.context.set_offline(True)
    panel.get_by_role("button", name="Void the reading", exact=True).click()
    expect(panel.get_by_role("alert")).to_contain_text("Not saved: there is no connection.")
    expect(panel.get_by_label("Why is it voided?")).to_have_value("misread")
    page.context.set_offline(False)
    panel.get_by_role("button", name="Void the reading", exact=True).click()

    expect(panel).to_contain_text(": misread")
    assert "misread" == readings(club)[-1]["void_reason"]


def test_a_viewer_reads_the_story_and_is_offered_nothing(page: Page, make_club: Callable[[], Club]) -> None:
    """Not by the address of the form either; the programme and the activity are for reading."""
    club, guest = make_club(), make_club()
    plane_id = read_and_flown(club)
    join(club, guest, "viewer")

    guest.open(page, f"#/planes/{plane_id}?reading=new")

    expect(page.get_by_role("region", name="Meter readings")).to_contain_text("4800.0")
    expect(page.get_by_role("region", name="Last session")).to_contain_text("13.9 h")
    expect(page.get_by_role("dialog")).to_have_count(0)
    for name in ("New reading", "Void", "Enter what the meter shows"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    menu = page.get_by_role("main").get_by_role("button", name="More", exact=True)
    menu.click()
    expect(page.get_by_role("link", name="Maintenance programme")).to_be_visible()
    expect(page.get_by_role("button", name="Archive")).to_have_count(0)


def test_the_address_of_the_form_opens_it_once(page: Page, club: Club) -> None:
    """As the start guide links to it; closed, it stays closed, also after a reload."""
    plane_id = club.add_plane("D-EKLM")
    club.open(page, f"#/planes/{plane_id}?reading=new")
    form = page.get_by_role("dialog", name="New reading of D-EKLM")
    expect(form.get_by_label("Meter shows")).to_be_focused()

    form.get_by_role("button", name="Cancel").click()
    expect(form).to_have_count(0)
    page.reload()

    expect(page.get_by_role("button", name="New reading")).to_be_visible()
    expect(form).to_have_count(0)
    choose(page, "Activity")
    expect(page).to_have_url(re.compile(r"#/activity"))


def test_a_plane_is_added_with_what_its_meter_shows(page: Page, club: Club) -> None:
    """One flow; what cannot be read as hours is said at the field before anything is saved."""
    club.open(page, "#/planes/new")
    page.get_by_label("Registration").fill("D-EKLM")
    meter = page.get_by_label("What the meter shows now")
    meter.fill("about 4800")
    page.get_by_role("button", name="Save the plane").click()
    expect(page.get_by_text("Enter hours as 4813.9 or 4813:54.")).to_be_visible()
    expect(meter).to_be_focused()
    assert [] == club.account.client.table("planes").select("plane_id").execute().data

    meter.fill("4.813,9")
    page.get_by_role("button", name="Save the plane").dblclick()

    expect(page.get_by_text("D-EKLM was added, with 4813.9 h on its meter.")).to_be_visible()
    assert [(17_330_040, "initial")] == [(row["seconds"], row["reason"]) for row in readings(club)]
    assert 1 == len(club.account.client.table("planes").select("plane_id").execute().data)


def test_a_plane_whose_reading_failed_is_there_and_says_what_is_missing(
    page: Page, club: Club, page_faults: PageFaults
) -> None:
    """The next press records it, and makes no second plane: the server says that it is there."""
    page_faults.allow("ERR_FAILED|status of 409")
    club.open(page, "#/planes/new")
    page.get_by_label("Registration").fill("D-EKLM")
    page.get_by_label("What the meter shows now").fill("4813.9")
    page.route("**/rpc/add_reading*", lambda route: route.abort(), times=1)

    page.get_by_role("button", name="Save the plane").click()
    expect(page.get_by_text("What its meter shows is not recorded yet.")).to_be_visible()
    expect(page.get_by_label("What the meter shows now")).to_have_value("4813.9")
    assert [] == readings(club)
    page.get_by_role("button", name="Save again").click()

    expect(page.get_by_text("D-EKLM was added, with 4813.9 h on its meter.")).to_be_visible()
    assert 1 == len(readings(club))
    assert 1 == len(club.account.client.table("planes").select("plane_id").execute().data)
