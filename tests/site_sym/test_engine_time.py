"""Engine time beside powered time, and suggested classes, of boards that sense the bus voltage."""

import csv
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.site_sym.club import Club, message, now, report, undo
from tests.site_sym.roles import join
from tests.site_sym.test_export import save

VOLTAGES = {"bus_start_mv": 12_100, "bus_min_mv": 9_400, "bus_max_mv": 13_200}


def sensed(device_uuid: str, start: datetime, seconds: int, engine: int, **optional: Any) -> dict[str, Any]:
    """A board's message about a session in which it sensed the bus; the engine ran for so many seconds from 240 on."""
    ran = {"engine_seconds": engine, "engine_first_s": 240 if engine else None}
    return message(device_uuid, start, seconds, **{**ran, **VOLTAGES, **optional})


def two_planes(club: Club) -> tuple[str, str]:
    """D-EKLM with a board that senses: a flight, a ground run, the radio alone. D-EABC with one that does not."""
    planes = club.add_plane("D-EKLM"), club.add_plane("D-EABC")
    senses, blind = club.add_device("Panel box", planes[0]), club.add_device("Old box", planes[1])
    begin = now() - timedelta(days=2)
    sessions = [(0, 5400, 4500), (4, 1200, 480), (8, 900, 0)]
    report(club.stack, *(sensed(senses, begin + timedelta(hours=h), run, engine) for h, run, engine in sessions))
    report(club.stack, message(blind, begin, 3600))
    return planes


def classes(club: Club) -> list[str | None]:
    """What each session's class is in the database, oldest first."""
    query = club.account.client.table("session_log").select("class").order("effective_start").order("registration")
    return [row["class"] for row in cast(list[dict[str, Any]], query.execute().data)]


def row_of(page: Page, duration: str) -> Locator:
    """The row of the session with this duration."""
    return page.locator("tr.entry").filter(has_text=duration)


def test_engine_time_stands_beside_powered_time(page: Page, club: Club) -> None:
    """On the cards, the plane's page, in the list and in a session's sheet; what is not sensed says so and is no 0."""
    plane_id, blind = two_planes(club)
    club.open(page)
    cards = page.get_by_role("article")
    expect(cards.filter(has_text="D-EKLM")).to_contain_text(re.compile(r"Engine this month\s*\d"))
    expect(cards.filter(has_text="D-EABC")).to_contain_text(re.compile(r"Engine this month\W+not sensed"))
    expect(page.get_by_role("region", name="hours per month").locator("line.engine")).not_to_have_count(0)

    page.goto(f"{club.stack.url}/#/planes/{plane_id}")
    hours = page.get_by_role("region", name="Hours now")
    expect(hours.get_by_role("img", name="2.0 hours")).to_be_visible()
    expect(hours).to_contain_text(re.compile(r"Powered\s*2.0 h\s*Engine\s*1.3 h"))
    page.get_by_role("row").filter(has_text="1:30:00").get_by_role("button", name="Open").click()
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("1:15:00 · first after 0:04:00")
    expect(sheet).to_contain_text("12.1 V at rest, 9.4 V lowest, 13.2 V highest")
    expect(sheet).to_contain_text(re.compile("Engine start – end\\s*0.0 – 1.2"))
    page.goto(f"{club.stack.url}/#/planes/{blind}")
    expect(page.get_by_role("heading", name="D-EABC", level=1)).to_be_visible()
    expect(hours).to_contain_text(re.compile("Engine\\s*–\\s*not sensed"))
    page.goto(f"{club.stack.url}/#/sessions")

    for duration, powered, engine in (
        ("1:30:00", "1.5", "1.3"),
        ("0:15:00", "0.3", "0.0"),
        ("1:00:00", "1.0", "not sensed"),
    ):
        expect(row_of(page, duration).get_by_role("cell", name=powered, exact=True)).to_be_visible()
        expect(row_of(page, duration).get_by_role("cell", name=engine, exact=True)).to_be_visible()


def test_one_tap_puts_engine_time_on_the_drum(page: Page, club: Club) -> None:
    """For everybody, until somebody puts another meter there; the words below say what the figure rests on."""
    plane_id, blind = two_planes(club)
    club.open(page, f"#/planes/{plane_id}")
    hours = page.get_by_role("region", name="Hours now")

    hours.get_by_role("button", name="Show engine time").click()

    expect(hours.get_by_role("img", name="1.3 hours")).to_be_visible()
    expect(hours).to_contain_text("Counted in the 2.0 h that were sensed, of 2.0 h with power.")
    expect(page.get_by_role("region", name="Meters").get_by_role("listitem")).to_contain_text(
        [re.compile("Engine time.*Primary", re.DOTALL), "Powered time"]
    )
    page.goto(f"{club.stack.url}/#/")
    card = page.get_by_role("article").filter(has_text="D-EKLM")
    expect(card.get_by_role("img", name="1.3 hours")).to_be_visible()
    expect(card).to_contain_text("Engine time")
    page.goto(f"{club.stack.url}/#/planes/{plane_id}")
    page.get_by_role("button", name="Make primary: Powered time").click()
    expect(hours.get_by_role("img", name="2.0 hours")).to_be_visible()
    undo(page, "D-EKLM now shows Powered time.")
    expect(hours.get_by_role("img", name="1.3 hours")).to_be_visible()
    page.goto(f"{club.stack.url}/#/planes/{blind}")
    expect(page.get_by_role("heading", name="D-EABC", level=1)).to_be_visible()
    expect(page.get_by_role("region", name="Meters")).to_be_visible()
    expect(hours.get_by_role("button", name="Show engine time")).to_have_count(0)


def test_a_fleet_that_senses_nothing_is_told_of_it_in_one_line(page: Page, club: Club) -> None:
    """Neither a column nor a chart: the device's page alone says that there is such a thing."""
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box", plane_id)
    report(club.stack, message(device_uuid, now() - timedelta(days=1), 3600))
    club.open(page)
    expect(page.get_by_role("table", name="Latest sessions")).to_contain_text("1.0")
    expect(page.get_by_text("ngine")).to_have_count(0)
    page.goto(f"{club.stack.url}/#/planes/{plane_id}")
    expect(page.get_by_role("cell", name="1.0", exact=True)).to_be_visible()
    expect(page.get_by_text("ngine")).to_have_text(["No engine or propeller is entered for this plane."])
    expect(page.get_by_role("region", name="Battery and alternator")).to_have_count(0)

    page.goto(f"{club.stack.url}/#/devices/{device_uuid}")

    expect(page.get_by_text("Engine time is not sensed. Two resistors")).to_contain_text("DEPLOYMENT.md, step 8")


def test_a_suggestion_is_one_until_a_click_makes_it_the_class(page: Page, club: Club) -> None:
    """It looks and reads otherwise than a class, is nobody's word in the database, and the click can be undone."""
    two_planes(club)
    club.open(page, "#/sessions")
    row = row_of(page, "1:30:00")
    offer = row.get_by_role("button", name="Set the suggested class Flight")
    expect(offer).to_have_text("Flight?")
    expect(offer).to_have_css("border-top-style", "dashed")
    expect(row_of(page, "0:20:00").get_by_role("button", name="Set the suggested class Ground run")).to_be_visible()
    expect(row_of(page, "1:00:00").get_by_role("button", name="Set the suggested class")).to_have_count(0)
    assert [None] * 4 == classes(club)

    offer.click()

    expect(row.get_by_text("Flight", exact=True)).to_have_css("border-top-style", "solid")
    assert [None, "flight", None, None] == classes(club)
    undo(page, "1 class set as suggested.")
    expect(offer).to_be_visible()
    assert [None] * 4 == classes(club)


def test_a_sheet_says_why_a_class_is_suggested(page: Page, club: Club) -> None:
    """And sets it with one click, which closes the sheet."""
    two_planes(club)
    club.open(page, "#/sessions")
    row_of(page, "0:15:00").get_by_role("button", name="Open").click()
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("Suggested class: Avionics only, because the engine never ran.")

    sheet.get_by_role("button", name="Set Avionics only").click()

    expect(sheet).to_have_count(0)
    expect(row_of(page, "0:15:00").get_by_text("Avionics only", exact=True)).to_be_visible()
    assert "avionics_only" in classes(club)


@pytest.mark.parametrize("where", ["bar", "review"])
def test_suggestions_are_settled_all_at_once(page: Page, club: Club, where: str) -> None:
    """From the selection's bar and from the review; a class that was set stays, and undo takes back only these."""
    two_planes(club)
    said = cast(
        list[dict[str, Any]],
        club.account.client.table("session_log").select("session_id").eq("run_seconds", 1200).execute().data,
    )
    annotation = {"session_id": said[0]["session_id"], "class": "test", "pilot": "Anna Roth"}
    club.account.client.table("session_annotations").insert(annotation).execute()
    if where == "bar":
        club.open(page, "#/sessions")
        page.get_by_role("button", name="Select", exact=True).click()
        page.get_by_role("checkbox", name="All 4 shown").check()
    else:
        club.open(page, "#/sessions/review")
        suggested = page.get_by_role("region", name="Suggested classes")
        expect(suggested.get_by_role("listitem")).to_have_count(2)
        expect(suggested).to_contain_text("the engine ran for 1:15:00")

    page.get_by_role("button", name="Set 2 suggested classes").click()

    expect(page.get_by_role("button", name="Set 2 suggested classes")).to_have_count(0)
    expect(page.get_by_text("2 classes set as suggested.")).to_be_visible()
    assert [None, "flight", "test", "avionics_only"] == classes(club)
    undo(page, "2 classes set as suggested.")
    expect(page.get_by_role("button", name="Set 2 suggested classes")).to_be_visible()
    assert [None, None, "test", None] == classes(club)


def test_a_viewer_reads_suggestions_and_is_offered_nothing(page: Page, make_club: Callable[[], Club]) -> None:
    """The word is there with its mark, in the list, the sheet and the review, and no button."""
    club, guest = make_club(), make_club()
    two_planes(club)
    join(club, guest, "viewer")

    guest.open(page, "#/sessions")

    expect(row_of(page, "1:30:00").get_by_text("Flight, suggested")).to_be_attached()
    expect(page.get_by_role("button", name="Set")).to_have_count(0)
    row_of(page, "1:30:00").get_by_role("button", name="Open").click()
    expect(page.get_by_role("dialog")).to_contain_text("Suggested class: Flight")
    expect(page.get_by_role("button", name="Set")).to_have_count(0)


def test_an_export_carries_engine_time(page: Page, club: Club, tmp_path: Any) -> None:
    """As the database has it; the cell of what was not sensed is empty."""
    two_planes(club)
    club.open(page, "#/sessions")

    path = save(page, "CSV", tmp_path)

    rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    cells = {row["run_seconds"]: (row["engine_seconds"], row["suggested_class"], row["bus_max_mv"]) for row in rows}
    assert {
        "5400": ("4500", "flight", "13200"),
        "1200": ("480", "ground_run", "13200"),
        "900": ("0", "avionics_only", "13200"),
        "3600": ("", "", ""),
    } == cells


def test_the_printed_log_has_engine_time(page: Page, club: Club) -> None:
    """A column and a total, of the sensed sessions."""
    plane_id, _ = two_planes(club)

    club.open(page, f"#/sessions/print?plane={plane_id}")

    sheet = page.get_by_role("article")
    expect(sheet.get_by_role("columnheader", name="Engine")).to_be_visible()
    expect(sheet.get_by_role("row").filter(has_text="1:30:00")).to_contain_text("1:15:00")
    expect(sheet).to_contain_text("Engine time of 3 sensed sessions: 1:23:00 · 1.4 h")
