"""The log as people make it: power-ups merged into one entry, a session cut into parts, each taken back with a tap."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from playwright.sync_api import Locator, Page, expect

from tests.conftest import NewPage
from tests.site_sym.axe import violations
from tests.site_sym.club import Club, message, now, report, undo
from tests.site_sym.crowding import find_crowding, resize
from tests.site_sym.roles import join
from tests.site_sym.test_export import read_csv, read_xlsx, save
from tests.site_sym.test_stories import CLICKS, COUNT_CLICKS
from tests.support import PageFaults

MERGE_TAPS, SPLIT_TAPS = 4, 5
COUNT_AGAIN = "() => { clicks = 0; }"
LENGTHS = (600, 1800, 900)
GAP = 240


def first_start() -> datetime:
    """Ten o'clock two days ago."""
    return (now() - timedelta(days=2)).replace(hour=10, minute=0, second=0)


def power_ups(club: Club, registration: str = "D-EKLM") -> tuple[str, datetime]:
    """Three power-ups of one plane with 4 minutes between; the board, and when the first began."""
    device_uuid = club.add_device("Panel box 2", club.add_plane(registration))
    start = begin = first_start()
    for seconds in LENGTHS:
        report(club.stack, message(device_uuid, begin, seconds))
        begin += timedelta(seconds=seconds + GAP)
    return device_uuid, start


def log(club: Club) -> list[dict[str, Any]]:
    """The entries of the club's log, oldest first."""
    query = club.account.client.table("log_entries").select("*").eq("fleet_id", club.fleet_id).order("effective_start")
    return cast(list[dict[str, Any]], query.execute().data)


def ids(club: Club) -> list[str]:
    """Of the sessions that stand by themselves, oldest first."""
    return [row["entry_id"] for row in log(club) if row["kind"] == "session"]


def merge(club: Club, session_ids: list[str], **said: str) -> str:
    """Merge sessions as the page does it; the entry."""
    answer = club.account.client.rpc("merge_sessions", {"session_ids": session_ids, **said}).execute()
    return cast(dict[str, str], answer.data)["entry_id"]


def split(club: Club, *from_seconds: int) -> None:
    """Cut the club's only session."""
    parts = [{"from_seconds": seconds} for seconds in from_seconds]
    club.account.client.rpc("split_session", {"session_id": ids(club)[0], "parts": parts}).execute()


def hours(club: Club) -> list[int]:
    """What the totals of the planes are."""
    planes = club.account.client.rpc("plane_hours", {"time_zone": "UTC", "for_fleet": club.fleet_id}).execute()
    return [row["total_seconds"] for row in cast(list[dict[str, Any]], planes.data)]


def rows(page: Page) -> Locator:
    """The lines of the list."""
    return page.get_by_role("table", name="Sessions").locator("tr.entry")


def open_entry(page: Page, number: int = 0) -> Locator:
    """Open a line of the list; its dialog."""
    rows(page).nth(number).get_by_role("button", name=re.compile("^Open ")).click()
    return page.get_by_role("dialog")


def test_three_power_ups_become_one_flight_with_four_taps_and_stand_apart_again_with_one(
    page: Page, club: Club
) -> None:
    """From the suggestion in the list, with a class; no total changes, and the suggestion comes back with the undo."""
    power_ups(club)
    before, totals = log(club), hours(club)
    club.open(page, "#/sessions")
    expect(rows(page)).to_have_count(3)
    suggestion = page.get_by_role("group", name="Suggested merges")
    expect(suggestion).to_contain_text("3 power-ups 8 min apart: one flight?")
    page.evaluate(COUNT_CLICKS)

    suggestion.get_by_role("button", name=re.compile("^Merge… D-EKLM")).click()
    dialog = page.get_by_role("dialog", name="Merge power-ups")
    dialog.get_by_role("radio", name="Flight").check()
    dialog.get_by_role("button", name="Merge", exact=True).click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text(re.compile("Flight.*0:55:00.*3 power-ups"))
    expect(suggestion).to_have_count(0)
    assert MERGE_TAPS >= page.evaluate(CLICKS)
    (entry,) = log(club)
    assert ("merged", "flight", sum(LENGTHS), 2 * GAP) == tuple(
        entry[name] for name in ("kind", "class", "run_seconds", "gap_seconds")
    )
    assert totals == hours(club)

    page.evaluate(COUNT_AGAIN)
    undo(page, "3 power-ups merged")

    expect(rows(page)).to_have_count(3)
    expect(suggestion).to_be_visible()
    assert 1 == page.evaluate(CLICKS)
    assert before == log(club)


def test_a_session_is_split_with_five_taps_and_is_one_again_with_one(page: Page, club: Club) -> None:
    """In the middle unless said otherwise; the parts say their own class, and keep their cuts to the second."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    report(club.stack, message(device_uuid, first_start(), 5400))
    before, totals = log(club), hours(club)
    club.open(page, "#/sessions")
    expect(rows(page)).to_have_count(1)
    page.evaluate(COUNT_CLICKS)

    dialog = open_entry(page)
    dialog.get_by_role("button", name="Split…").click()
    chosen = 0
    for part, name in (("Part 1 of 2", "Ground run"), ("Part 2 of 2", "Flight")):
        dialog.get_by_role("group", name=part).get_by_label("Class").select_option(name)
        chosen += 1  # a native list is no click to the page
    dialog.get_by_role("button", name="Split into 2").click()

    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_contain_text(re.compile("Flight.*0:45:00.*part 2 of 2"))
    expect(rows(page).last).to_contain_text(re.compile("Ground run.*0:45:00.*part 1 of 2"))
    assert SPLIT_TAPS >= page.evaluate(CLICKS) + chosen
    assert totals == hours(club)

    page.evaluate(COUNT_AGAIN)
    undo(page, "Split into 2 parts")

    expect(rows(page)).to_have_count(1)
    assert 1 == page.evaluate(CLICKS)
    assert before == log(club)


def test_the_parts_can_be_moved_and_joined_and_the_last_one_grows(page: Page, club: Club) -> None:
    """A cut at a moment, a wrong one named at its field, one more part; then the board reports more of the session."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    start = first_start()
    report(club.stack, message(device_uuid, start, 3600, status="open"))
    split(club, 0, 1800)
    assert "ended" == log(club)[0]["state"]
    club.open(page, "#/sessions")
    expect(rows(page)).to_have_count(2)

    report(club.stack, message(device_uuid, start, 5400))

    expect(rows(page).first).to_contain_text(re.compile("1:00:00.*part 2 of 2"))
    expect(rows(page).last).to_contain_text("0:30:00")
    dialog = open_entry(page)
    dialog.get_by_role("button", name="Change the parts…").click()
    begins = dialog.get_by_label("Begins")
    begins.fill(f"{start + timedelta(hours=3):%Y-%m-%d %H:%M}")
    dialog.get_by_role("button", name="Split into 2").click()
    expect(begins).to_have_attribute("aria-invalid", "true")
    begins.fill(f"{start + timedelta(minutes=20):%Y-%m-%d %H:%M}")
    dialog.get_by_role("button", name="Add a cut").click()
    dialog.get_by_role("button", name="Split into 3").click()
    expect(rows(page)).to_have_count(3)
    assert [(0, 1200), (1200, 2100), (3300, 2100)] == [
        (round((datetime.fromisoformat(row["effective_start"]) - start).total_seconds()), row["run_seconds"])
        for row in log(club)
    ]
    undo(page, "The parts were changed")
    expect(rows(page)).to_have_count(2)
    open_entry(page).get_by_role("button", name="Join the parts again").click()
    expect(rows(page)).to_have_count(1)
    undo(page, "Listed as one session again")
    expect(rows(page)).to_have_count(2)
    assert [1800, 3600] == [row["run_seconds"] for row in log(club)]


def test_a_late_session_between_merged_ones_stands_by_itself_and_is_offered(page: Page, club: Club) -> None:
    """In the list and in the entry's sheet: one tap adds it, one takes it out again."""
    device_uuid, start = power_ups(club)
    merge(club, ids(club), remarks="To Kiel")
    late = start + timedelta(seconds=LENGTHS[0] + 60)
    report(club.stack, message(device_uuid, late, 120))
    club.open(page, "#/sessions")
    expect(rows(page)).to_have_count(2)

    page.get_by_role("group", name="Suggested merges").get_by_role("button", name=re.compile("^Add it")).click()

    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("4 power-ups")
    undo(page, "1 power-up added")
    expect(rows(page)).to_have_count(2)
    dialog = open_entry(page, 1)
    expect(dialog).to_contain_text("0:02:00 at")
    dialog.get_by_role("button", name="Add it").click()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("4 power-ups")
    (entry,) = log(club)
    assert (sum(LENGTHS) + 120, "To Kiel") == (entry["run_seconds"], entry["remarks"])


def test_a_session_that_a_corrected_assignment_moves_shows_by_itself_and_returns(page: Page, club: Club) -> None:
    """The entry says that one is elsewhere; corrected back, it has all three again, without anybody merging."""
    device_uuid, start = power_ups(club)
    other = club.add_plane("D-EABC")
    merge(club, ids(club))
    third = start + timedelta(seconds=sum(LENGTHS[:2]) + 2 * GAP - 60)
    moved = {"device_uuid": device_uuid, "plane_id": other, "assigned_from": third.isoformat()}
    answer = club.account.client.rpc("assign_device", moved).execute()
    assigned = cast(dict[str, str], answer.data)["assignment_id"]

    club.open(page, "#/sessions")

    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_contain_text("D-EABC")
    expect(rows(page).last).to_contain_text("2 power-ups")
    dialog = open_entry(page, 1)
    expect(dialog).to_contain_text("1 more power-up was merged here and belongs to another plane now.")
    page.keyboard.press("Escape")
    club.account.client.rpc("remove_assignment", {"assignment_id": assigned}).execute()
    page.reload()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("3 power-ups")


def test_entries_are_chosen_by_hand_changed_together_and_taken_apart(page: Page, club: Club) -> None:
    """Two ticked and merged, the third added, one taken out, all separate again; class and totals of a mixed choice."""
    power_ups(club)
    before = log(club)
    club.open(page, "#/sessions")
    page.get_by_role("button", name="Select", exact=True).click()
    boxes = page.get_by_role("checkbox", name=re.compile("^Select D-EKLM"))
    boxes.nth(0).check()
    boxes.nth(1).check()
    bar = page.get_by_role("group", name="Selected sessions")
    bar.get_by_role("button", name="Merge…").click()
    dialog = page.get_by_role("dialog", name="Merge power-ups")
    dialog.get_by_role("combobox", name="Pilot").fill("Anna Roth")
    dialog.get_by_role("button", name="Merge", exact=True).click()
    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_contain_text("2 power-ups")

    page.get_by_role("button", name="Select", exact=True).click()
    page.get_by_role("checkbox", name="All 2 shown").check()
    bar.get_by_role("button", name="Change…").click()
    change = page.get_by_role("dialog", name="Change 2 entries")
    change.get_by_label("Class").select_option("Test")
    change.get_by_role("radio", name="Leave out").check()
    change.get_by_role("button", name="Change 2 entries").click()
    expect(rows(page).filter(has_text="Test")).to_have_count(2)
    assert [("test", True)] * 2 == [(row["class"], row["excluded"]) for row in log(club)]
    undo(page, "2 entries changed")
    expect(rows(page).filter(has_text="Test")).to_have_count(0)
    assert [(None, False)] * 2 == [(row["class"], row["excluded"]) for row in log(club)]

    page.get_by_role("button", name="Select", exact=True).click()
    page.get_by_role("checkbox", name="All 2 shown").check()
    bar.get_by_role("button", name="Merge…").click()
    page.get_by_role("dialog").get_by_role("button", name="Add 1 power-up").click()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("3 power-ups")
    open_entry(page).get_by_role("button", name=re.compile("^Take out")).first.click()
    expect(rows(page)).to_have_count(2)
    undo(page, "Taken out")
    expect(rows(page)).to_have_count(1)
    dialog = open_entry(page)
    dialog.get_by_role("button", name=re.compile("^Open the power-up")).first.click()
    expect(dialog).to_contain_text("class, pilot and remarks are those of their entry")
    dialog.get_by_role("button", name="Back to the entry").click()
    dialog.get_by_role("button", name="Separate again").click()
    expect(rows(page)).to_have_count(3)
    assert [row["entry_id"] for row in before] == ids(club)
    undo(page, "3 power-ups listed separately again")
    expect(rows(page)).to_have_count(1)
    assert "Anna Roth" == log(club)[0]["pilot"]


def test_what_somebody_else_merged_meanwhile_is_refused_in_the_servers_words(
    page: Page, club: Club, page_faults: PageFaults
) -> None:
    """The dialog stays with the reason; nothing is merged twice."""
    page_faults.allow(r"status of 409")
    power_ups(club)
    sessions = ids(club)
    club.open(page, "#/sessions")
    page.get_by_role("button", name=re.compile("^Merge… D-EKLM")).click()
    dialog = page.get_by_role("dialog", name="Merge power-ups")
    expect(dialog.get_by_role("listitem")).to_have_count(3)
    merge(club, sessions[:2])

    dialog.get_by_role("button", name="Merge", exact=True).click()

    expect(dialog.get_by_role("alert")).to_contain_text("One of these sessions is in another entry")
    assert ["merged", "session"] == sorted(row["kind"] for row in log(club))


def test_a_viewer_sees_entries_and_can_change_none(new_page: NewPage, make_club: Callable[[], Club]) -> None:
    """What is merged and split is theirs to read; no suggestion, and no button that would be refused."""
    club, guest = make_club(), make_club()
    join(club, guest, "viewer")
    power_ups(club)
    merge(club, ids(club)[:2], remarks="Circuits")
    page = new_page()
    guest.open(page, "#/sessions")
    expect(rows(page)).to_have_count(2)

    dialog = open_entry(page, 1)

    expect(dialog).to_contain_text("Circuits")
    expect(dialog.get_by_role("button", name=re.compile("^Open the power-up"))).to_have_count(2)
    for name in ("Separate again", "Take out", "Save", "Leave out", "Add it"):
        expect(dialog.get_by_role("button", name=re.compile(f"^{name}"))).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("group", name="Suggested merges")).to_have_count(0)
    expect(open_entry(page, 0).get_by_role("button", name="Split…")).to_have_count(0)


def test_files_the_print_and_the_timeline_have_one_line_per_entry(
    new_page: NewPage, club: Club, tmp_path: Path
) -> None:
    """Three power-ups merged, and a session in two parts: in every form, with kind and count, and the printed total."""
    device_uuid, start = power_ups(club)
    report(club.stack, message(device_uuid, start + timedelta(hours=4), 3600))
    *three, last = ids(club)
    merge(club, three, **{"class": "flight", "pilot": "Anna Roth"})
    parts = [{"from_seconds": 0, "class": "ground_run"}, {"from_seconds": 1200, "class": "flight"}]
    club.account.client.rpc("split_session", {"session_id": last, "parts": parts}).execute()
    page = new_page(accept_downloads=True)
    club.open(page, "#/sessions")
    expect(rows(page)).to_have_count(3)
    expect(page.get_by_role("main")).to_contain_text("3 entries")

    in_json = json.loads(save(page, "JSON", tmp_path).read_text())
    in_csv = read_csv(save(page, "CSV", tmp_path))
    in_xlsx = read_xlsx(save(page, "Excel", tmp_path), list(in_json[0]))
    flights = save(page, "ForeFlight", tmp_path).read_text("utf-8").splitlines()

    names = ("entry_id", "kind", "power_ups", "run_seconds", "class", "part_number", "session_id")
    stored = [{**row, "power_ups": len(row["session_ids"])} for row in reversed(log(club))]
    wanted = [tuple(row[name] for name in names) for row in stored]
    assert [("part", 1, 2400), ("part", 1, 1200), ("merged", 3, sum(LENGTHS))] == [row[1:4] for row in wanted]
    assert wanted == [tuple(row[name] for name in names) for row in in_json]
    texts = [tuple(None if value is None else str(value) for value in row) for row in wanted]
    assert texts == [tuple(None if row[name] is None else str(row[name]) for name in names) for row in in_csv]
    assert wanted == [tuple(row[name] for name in names) for row in in_xlsx]
    assert " ".join(three) == in_json[-1]["session_ids"]
    assert 2 == sum(",D-EKLM," in line for line in flights)
    page.goto(f"{club.stack.url}/#/sessions/print")
    sheet = page.get_by_role("article")
    expect(sheet.locator("tbody tr")).to_have_count(3)
    expect(sheet).to_contain_text(re.compile(r"Total of 3 entries: 1:55:00"))
    for text in ("3 power-ups", "part 1 of 2", "part 2 of 2"):
        expect(sheet).to_contain_text(text)
    page.goto(f"{club.stack.url}/#/sessions/timeline?date={start:%Y-%m-%d}")
    expect(page.get_by_role("button", name=re.compile("0:55 h, 3 power-ups"))).to_be_visible()


def test_how_close_power_ups_are_to_be_is_said_for_each_plane(page: Page, club: Club) -> None:
    """With 3 minutes for this plane nothing is suggested any more, with the undo it is; a no holds in this browser."""
    power_ups(club)
    plane_id = log(club)[0]["plane_id"]
    club.open(page, f"#/planes/{plane_id}/edit")
    panel = page.get_by_role("region", name="Merging power-ups")
    gap = panel.get_by_label("Suggest merging")
    expect(gap).to_have_value("10")
    gap.fill("9999")
    panel.get_by_role("button", name="Save").click()
    expect(gap).to_have_attribute("aria-invalid", "true")
    gap.fill("3")
    panel.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    assert [] == club.account.client.rpc("merge_suggestions", {"fleet_id": club.fleet_id}).execute().data
    undo(page, "Saved.")
    expect(gap).to_have_value("10")
    page.goto(f"{club.stack.url}/#/sessions")
    suggestion = page.get_by_role("group", name="Suggested merges")
    expect(suggestion).to_contain_text("3 power-ups")

    suggestion.get_by_role("button", name=re.compile("^No D-EKLM")).click()

    expect(suggestion).to_have_count(0)
    page.reload()
    expect(rows(page)).to_have_count(3)
    page.wait_for_load_state("networkidle")
    expect(suggestion).to_have_count(0)


def test_entries_fit_a_phone_with_large_letters_and_pass_axe(new_page: NewPage, club: Club) -> None:
    """The suggestion, both dialogs and both sheets, light and dark, at 390 px with letters twice as large."""
    device_uuid, start = power_ups(club)
    report(club.stack, message(device_uuid, start + timedelta(hours=5), 3600))
    parts = [{"from_seconds": 0}, {"from_seconds": 1200}]
    club.account.client.rpc("split_session", {"session_id": ids(club)[-1], "parts": parts}).execute()
    page = new_page(viewport={"width": 390, "height": 844})
    faults = {}

    def look(name: str) -> None:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            faults[f"{name}, {scheme}"] = violations(page)
        for letters in (100, 200):
            resize(page, 390, 844, letters)
            faults[f"{name} at {letters} %"] = find_crowding(page)
        resize(page, 390, 844, 100)

    club.open(page, "#/sessions")
    offer = page.get_by_role("button", name=re.compile("^Merge… D-EKLM"))
    expect(offer).to_be_visible()
    look("suggestion")
    offer.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("radio", name="Flight")).to_be_visible()
    look("merge")
    dialog.get_by_role("button", name="Merge", exact=True).click()
    expect(rows(page)).to_have_count(3)
    open_entry(page, 2)
    expect(dialog.get_by_role("button", name=re.compile("^Take out"))).to_have_count(3)
    look("merged entry")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    open_entry(page)
    dialog.get_by_role("button", name="Change the parts…").click()
    expect(dialog.get_by_label("Begins")).to_be_visible()
    look("split")

    assert {} == {name: found for name, found in faults.items() if found}
