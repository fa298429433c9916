"""Setting up what comes due: a plane's programme, a copy of another one's, and what is changed of it later."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.site_sym.club import Club, now, undo
from tests.site_sym.roles import join
from tests.support import PageFaults

HOUR = 3600
MOST_TAPS = 8
COUNT_TAPS = "window.taps = 0; document.addEventListener('pointerdown', () => (window.taps += 1), true)"


def rows(club: Club, table: str, order: str) -> list[dict[str, Any]]:
    """A table as its owner sees it."""
    return cast(list[dict[str, Any]], club.account.client.table(table).select("*").order(order).execute().data)


def set_up(club: Club, plane_id: str, *items: dict[str, Any]) -> None:
    """Items of a plane, by the function that the form calls."""
    full = [{"plane_id": plane_id, "anchor": "from_completion", **item} for item in items]
    club.account.client.rpc("set_up_maintenance", {"items": full}).execute()


def line(page: Page, name: str) -> Locator:
    """What was ticked of the list, with its fields."""
    return page.get_by_role("group", name=name, exact=True)


def test_a_newcomer_sets_up_two_items_in_eight_taps(page: Page, club: Club) -> None:
    """From the dashboard: 50 h and annual, when each was last done and at what figure, saved by one request."""
    plane_id = club.add_plane("D-EKLM")
    done = now().date() - timedelta(days=40)
    club.open(page)
    page.evaluate(COUNT_TAPS)

    page.get_by_role("link", name="D-EKLM").first.click()
    page.get_by_role("link", name="Maintenance programme").click()
    page.get_by_text("50 h inspection").first.click()
    page.get_by_text("Annual inspection").first.click()
    for field, typed in (
        (line(page, "50 h inspection").get_by_label("Last done on"), f"{done}"),
        (line(page, "50 h inspection").get_by_label("Meter then"), "4480,5"),
        (line(page, "Annual inspection").get_by_label("Last done on"), f"{done:%Y%m%d}"),
    ):
        field.click()
        page.keyboard.type(typed)
    page.get_by_role("button", name="Save 2 items").click()

    expect(page.get_by_text("2 items for D-EKLM saved.")).to_be_visible()
    expect(page.get_by_role("heading", name="D-EKLM", level=1)).to_be_visible()
    assert page.evaluate("window.taps") <= MOST_TAPS
    annual, check = sorted(rows(club, "maintenance_items", "name"), key=lambda item: -(item["interval_months"] or 0))
    assert (12, 50 * HOUR, plane_id) == (annual["interval_months"], check["interval_seconds"], check["plane_id"])
    completions = {row["item_id"]: row for row in rows(club, "maintenance_completions", "entry")}
    assert {f"{done}"} == {row["done_on"] for row in completions.values()}
    assert 4480.5 * HOUR == completions[check["item_id"]]["meter_seconds"]
    assert completions[annual["item_id"]]["meter_seconds"] is None


def test_what_is_wrong_is_said_at_its_field(page: Page, club: Club) -> None:
    """Nothing ticked, a day that is none or to come, a figure without its day, no interval: nothing is sent."""
    plane_id = club.add_plane("D-EKLM")
    club.open(page, f"#/planes/{plane_id}/programme")
    save = page.get_by_role("button", name="Save", exact=False)

    save.click()
    expect(page.get_by_text("Check at least one item.")).to_be_visible()
    page.get_by_text("50 h inspection").first.click()
    check = line(page, "50 h inspection")
    day = check.get_by_label("Last done on")
    for typed, fault in (
        ("2026-02-30", "Enter the date as YYYY-MM-DD."),
        (f"{now().date() + timedelta(days=2)}", "That day is in the future."),
        ("1949-12-31", "That is too long ago. Enter when it was done."),
        ("", "Enter the date of this figure."),
    ):
        day.fill(typed)
        check.get_by_label("Meter then").fill("12.5")
        save.click()
        expect(check.get_by_text(fault)).to_be_visible()
        expect(day).to_be_focused()
    check.get_by_label("Meter then").fill("")
    check.get_by_role("button", name="More about 50 h inspection").click()
    for typed, fault in (
        ("", "Enter hours, or months or days."),
        ("fifty", "Enter hours as 50, 12.5 or 12:30."),
        ("0.05", "An interval has 0.1 to 100,000 hours."),
    ):
        check.get_by_label("Every (hours)").fill(typed)
        save.click()
        expect(check.get_by_text(fault)).to_be_visible()

    assert [] == rows(club, "maintenance_items", "name")


def test_another_planes_programme_is_copied_and_edited(page: Page, club: Club) -> None:
    """Without what was done, by this plane's own meter; what is here already stays out, and a name can be changed."""
    source, target = club.add_plane("D-EABC"), club.add_plane("D-EKLM")
    done = {"done_at": "2026-03-01T12:00:00Z", "done_on": "2026-03-01"}
    set_up(
        club,
        source,
        {
            "name": "100 h inspection",
            "interval_seconds": 100 * HOUR,
            "tolerance_seconds": 10 * HOUR,
            "completion": done,
        },
        {"name": "Annual inspection", "interval_months": 12},
        {"name": "Seat belts", "interval_months": 144, "warning_days": 90},
    )
    set_up(club, target, {"name": "Annual inspection", "interval_months": 12})
    club.open(page, f"#/planes/{target}/programme")

    page.get_by_label("Copy from").select_option("D-EABC")
    expect(page.get_by_role("button", name="Save 2 items")).to_be_visible()
    line(page, "Seat belts").get_by_role("button", name="More about Seat belts").click()
    line(page, "Seat belts").get_by_label("Name").fill("Harnesses")
    expect(line(page, "Harnesses").get_by_label("Warn before (days)")).to_have_value("90")
    line(page, "Harnesses").get_by_label("The next one counts from").select_option("when it was due")
    expect(line(page, "Harnesses")).to_contain_text("done at 110, the next is due at 200")
    page.get_by_role("button", name="Save 2 items").click()

    expect(page.get_by_text("2 items for D-EKLM saved.")).to_be_visible()
    copied = [row for row in rows(club, "maintenance_items", "name") if row["plane_id"] == target]
    assert ["100 h inspection", "Annual inspection", "Harnesses"] == [row["name"] for row in copied]
    assert (10 * HOUR, "from_due") == (copied[0]["tolerance_seconds"], copied[2]["anchor"])
    meters = {row["meter_id"]: row["plane_id"] for row in rows(club, "meters", "created_at")}
    assert target == meters[copied[0]["meter_id"]]
    assert 1 == len(rows(club, "maintenance_completions", "entry"))


def test_an_item_is_edited_archived_and_deleted(page: Page, club: Club, page_faults: PageFaults) -> None:
    """What was completed can only be archived, which can be undone; what was not can go."""
    page_faults.allow("status of 409")
    plane_id = club.add_plane("D-EKLM")
    done = {"done_at": "2026-03-01T12:00:00Z", "done_on": "2026-03-01"}
    set_up(
        club,
        plane_id,
        {"name": "Oil", "interval_seconds": 50 * HOUR, "completion": done},
        {"name": "Insurance", "interval_months": 12},
    )
    club.open(page, f"#/planes/{plane_id}/programme")
    in_use = page.get_by_role("region", name="In use")

    in_use.get_by_role("button", name="Edit Oil").click()
    sheet = page.get_by_role("dialog", name="Edit Oil")
    sheet.get_by_label("Every (hours)").fill("25")
    sheet.get_by_label("Or every").fill("4")
    sheet.get_by_role("button", name="Save").click()
    expect(in_use).to_contain_text("every 25 h or 4 months")
    in_use.get_by_role("button", name="Delete Oil").click()
    page.get_by_role("dialog", name="Delete Oil?").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Oil was completed before")).to_be_visible()
    page.get_by_role("dialog", name="Delete Oil?").get_by_role("button", name="Cancel").click()
    in_use.get_by_role("button", name="Archive Oil").click()
    expect(in_use.get_by_text("Show 1 archived item")).to_be_visible()
    undo(page, "Oil is archived.")
    expect(in_use.get_by_role("button", name="Archive Oil")).to_be_visible()
    in_use.get_by_role("button", name="Delete Insurance").click()
    page.get_by_role("dialog", name="Delete Insurance?").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Insurance was deleted.")).to_be_visible()

    [oil] = rows(club, "maintenance_items", "name")
    assert (25 * HOUR, 4, None) == (oil["interval_seconds"], oil["interval_months"], oil["archived_at"])


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_only_owners_define_a_programme(page: Page, club: Club, make_club: Callable[[], Club], role: str) -> None:
    """Others see what is in use, and no control that would fail."""
    plane_id = club.add_plane("D-EKLM")
    set_up(club, plane_id, {"name": "Oil", "interval_seconds": 50 * HOUR})
    guest = make_club()
    join(club, guest, role)

    guest.open(page, f"#/planes/{plane_id}/programme")

    in_use = page.get_by_role("region", name="In use")
    expect(in_use).to_contain_text("Oil")
    expect(in_use.get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("checkbox")).to_have_count(0)
