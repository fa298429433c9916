"""A log that was kept elsewhere comes in: few taps, nothing in silence, and gone again in two."""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect
from postgrest import CountMethod

from tests.conftest import NewPage
from tests.site_sym.axe import violations
from tests.site_sym.club import Club, message, report, undo
from tests.site_sym.roles import join
from tests.site_sym.taps import Taps
from tests.site_sym.test_export import save, session_log
from tests.support import PageFaults

HAND_ROWS = 500
MOST_ROWS = 10_000
SAID = ("registration", "effective_start", "run_seconds", "class", "pilot", "remarks", "excluded")
COUNT_FRAMES = (
    "() => { window.frames_seen = 0; (function see() { window.frames_seen++; requestAnimationFrame(see); })(); }"
)


def german_excel(path: Path, rows: int = HAND_ROWS, registration: str = "D-EKLM") -> Path:
    """A logbook as a German Excel saves it: semicolons, Windows-1252, decimal commas, a sum at the end."""
    lines = ["Datum;Kennzeichen;Startzeit;Landezeit;Flugzeit;Flugart;Pilot;Bemerkungen"]
    for n in range(rows):
        day = datetime(1998, 3, 1, tzinfo=UTC) + timedelta(days=n // 2)
        begin = 9 + n % 2 * 4
        lines.append(f"{day:%d.%m.%Y};{registration};{begin}:30;{begin + 1}:15;0,75;Schulung;Jürg Weiß;Übung {n}")
    lines.append(f"Summe;;;;{rows * 0.75:.2f}".replace(".", ",") + ";;;")
    path.write_bytes("\r\n".join([*lines, ""]).encode("cp1252"))
    return path


def said(club: Club) -> list[tuple[Any, ...]]:
    """What the log says of each entry, newest first."""
    return [tuple(row[name] for name in SAID) for row in session_log(club)]


def write(path: Path, *lines: str) -> Path:
    """A CSV file."""
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def lock(club: Club, until: str | None) -> None:
    """Lock all that was before, or nothing."""
    club.account.client.rpc("set_lock", {"fleet_id": club.fleet_id, "locked_until": until}).execute()


def fates(page: Page) -> list[str]:
    """The fates that the filter offers, with their counts."""
    select = page.get_by_label("Rows", exact=True)
    expect(select).to_be_visible()
    return select.locator("option").all_inner_texts()


def test_a_german_logbook_comes_in_with_six_taps_and_goes_with_two(page: Page, club: Club, tmp_path: Path) -> None:
    """500 rows without typing; what was changed since is told before it goes; the next file is read as this one was."""
    club.add_plane("D-EKLM")
    club.add_plane("D-EABC")
    path = german_excel(tmp_path / "Bordbuch 1998.csv")
    club.open(page, "#/sessions")
    taps = Taps(page)

    taps.tap("link", "Import")
    taps.choose(path)
    expect(page.get_by_text("25 of 500")).to_be_visible()
    assert ["All (500)", "New (500)", "Skipped (1)"] == fates(page)
    taps.tap("button", "Import 500 entries")
    expect(page.get_by_text("500 entries imported from Bordbuch 1998.csv.")).to_be_visible()

    assert taps.count <= 6
    log = said(club)
    assert HAND_ROWS == len(log)
    assert ("D-EKLM", "1998-03-01T09:30:00+00:00", 2700, "flight", "Jürg Weiß", "Übung 0", False) == log[-1]
    newest = session_log(club)[0]["session_id"]
    club.account.client.table("session_annotations").update({"remarks": "x"}).eq("session_id", newest).execute()
    taps.choose(path)
    expect(page.get_by_text("Same as your last import of a file like this.")).to_be_visible()
    assert ["All (500)", "Already there (500)", "Skipped (1)"] == fates(page)
    expect(page.get_by_text("Nothing to import.")).to_be_visible()
    taps.count = 0

    page.reload()
    taps.tap("button", "Revert the import of Bordbuch 1998")
    expect(page.get_by_role("dialog")).to_contain_text("1 of them was changed since")
    taps.tap("button", "Delete 500 entries")
    expect(page.get_by_text("The import of Bordbuch 1998 was reverted.")).to_be_visible()

    assert 2 == taps.count
    assert [] == said(club)


def test_ten_thousand_rows_do_not_freeze_the_page(page: Page, club: Club, tmp_path: Path) -> None:
    """Frames are drawn while the file is read and compared, all rows come in, and an undo takes them back."""
    club.add_plane("D-EKLM")
    path = german_excel(tmp_path / "all.csv", MOST_ROWS)
    club.open(page, "#/sessions/import")
    taps = Taps(page)
    expect(page.get_by_role("button", name="Choose a file")).to_be_visible()
    page.evaluate(COUNT_FRAMES)

    taps.choose(path)
    expect(page.get_by_role("progressbar", name="Rows compared")).to_be_visible()
    expect(page.get_by_text("25 of 10,000")).to_be_visible()

    # Ten answers of the database, and many more pauses while rows are read.
    assert page.evaluate("window.frames_seen") >= 20
    taps.tap("button", "Import 10,000 entries")
    expect(page.get_by_text("10,000 entries imported from all.csv.")).to_be_visible()
    counting = club.account.client.table("session_log").select("session_id", count=CountMethod.exact).limit(1)
    assert MOST_ROWS == counting.execute().count
    undo(page, "10,000 entries imported")
    expect(page.get_by_text(re.compile("^Reverted today"))).to_be_visible()
    assert 0 == counting.execute().count


def test_our_own_exports_come_back_as_the_same_log(
    new_page: NewPage, club: Club, make_club: Callable[[], Club], tmp_path: Path
) -> None:
    """CSV, XLSX, JSON: nothing new in the fleet they are of; row by row the same in an empty one with its planes."""
    start = datetime(2025, 10, 25, 22, 0, tzinfo=UTC)
    for registration in ("D-EKLM", "D-EABC"):
        device_uuid = club.add_device("Büro, hinten", club.add_plane(registration))
        # At midnight, over midnight, and at the end of summer time.
        report(
            club.stack, *(message(device_uuid, start + timedelta(hours=2 * n), 601 + n, boot=n + 1) for n in range(6))
        )
    texts = ["=1+1", "-5", 'He said "go", twice', "two\nlines", "Jürg; =2", "1:30", "3/4/2025", None]
    for row, text in zip(session_log(club), texts, strict=False):
        note = {
            "session_id": row["session_id"],
            "remarks": text,
            "pilot": text,
            "class": "ground_run",
            "excluded": text == "-5",
        }
        club.account.client.table("session_annotations").insert(note).execute()
    page = new_page(timezone_id="Europe/Berlin", accept_downloads=True)
    club.open(page, "#/sessions?period=all")
    expect(page.get_by_role("table")).to_be_visible()
    files = [save(page, form, tmp_path) for form in ("CSV", "Excel", "JSON")]
    taps = Taps(page)
    taps.tap("link", "Import")

    for path in files:
        taps.choose(path)
        expect(page.get_by_role("heading", name=path.name)).to_be_visible()
        assert ["All (12)", "Already there (12)"] == fates(page)

    other = make_club()
    for registration in ("D-EKLM", "D-EABC"):
        other.add_plane(registration)
    second = new_page(timezone_id="America/New_York")
    other.open(second, "#/sessions/import")
    taps = Taps(second)
    for path in files:
        taps.choose(path)
        taps.tap("button", "Import 12 entries")
        expect(second.get_by_text(f"12 entries imported from {path.name}.")).to_be_visible()
        assert sorted(said(club), key=str) == sorted(said(other), key=str)
        undo(second, f"12 entries imported from {path.name}.")
        expect(second.get_by_text(re.compile("^Reverted today")).first).to_be_visible()
        expect(second.get_by_role("button", name=re.compile("^Revert the import"))).to_have_count(0)


def test_what_is_unclear_is_asked_and_what_is_wrong_holds_the_file_up(page: Page, club: Club, tmp_path: Path) -> None:
    """Day or month, a plane that is not there, possible duplicates: each row says it, and only a person decides."""
    plane_id = club.add_plane("D-EKLM")
    there = {
        "hand_plane_id": plane_id,
        "hand_start": "2025-04-03T10:30:00Z",
        "hand_seconds": 3600,
    }
    club.account.client.table("session_annotations").insert({"session_id": str(uuid.uuid4()), **there}).execute()
    path = write(
        tmp_path / "log.csv",
        "Registration,Date,Start,Duration",
        "D-EKLM,3/4/2025,10:00,1:00",
        "D-EKLM,5/4/2025,10:00,1:00",
        "D-EKLM,5/4/2025,10:30,1:00",
        "D-XXXX,5/4/2025,10:00,1:00",
    )
    club.open(page, "#/sessions/import")
    Taps(page).choose(path)
    expect(page.get_by_role("group", name="Which day is 3/4/2025?")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Import "))).to_have_count(0)
    assert [] == violations(page)

    page.get_by_role("radio", name="Day first: 3 April").check()

    assert ["All (4)", "New (1)", "Possible duplicate (2)", "Error (1)"] == fates(page)
    for width, height in ((390, 844), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        for dark in (False, True):
            page.emulate_media(color_scheme="dark" if dark else "light")
            assert [] == violations(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    run = page.get_by_role("button", name=re.compile("^Import "))
    expect(run).to_be_disabled()
    expect(page.get_by_role("table")).to_contain_text("Overlaps an entry in your log")
    expect(page.get_by_role("table")).to_contain_text("Overlaps row 3")
    page.get_by_label("Rows", exact=True).select_option("error")
    expect(page.get_by_role("table")).to_contain_text("D-XXXX is not in this fleet.")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("checkbox", name="Leave out the row with an error").check()
    expect(run).to_have_text("Import 1 entry")
    page.get_by_role("checkbox", name="Also import the 2 possible duplicates").check()
    run.click()
    expect(page.get_by_text("3 entries imported from log.csv.")).to_be_visible()
    assert 4 == len(said(club))


def test_refusals_and_outages_say_what_to_do(page: Page, club: Club, tmp_path: Path, page_faults: PageFaults) -> None:
    """A file that is none, no network, a locked month: words, nothing half done, and the same button once more."""
    page_faults.allow("409|ERR_INTERNET_DISCONNECTED|ERR_FAILED")
    club.add_plane("D-EKLM")
    club.open(page, "#/sessions/import")
    taps = Taps(page)
    taps.choose(write(tmp_path / "log.xls", "<html><table><tr><td>Date</td></tr></table></html>"))
    expect(page.get_by_role("alert")).to_contain_text("This is a web page, though it may be named as a spreadsheet.")
    (tmp_path / "large.csv").write_bytes(b"a;b\n" * 600_000)
    taps.choose(tmp_path / "large.csv")
    expect(page.get_by_role("alert")).to_contain_text("This file is larger than 2 MB.")
    path = german_excel(tmp_path / "log.csv", 3)

    page.route(re.compile("rpc/check_import"), lambda route: route.abort())
    taps.choose(path)
    expect(page.get_by_role("alert")).to_contain_text("The rows could not be compared with your log.")
    page.unroute(re.compile("rpc/check_import"))
    page.get_by_role("button", name="Try again").click()
    run = page.get_by_role("button", name="Import 3 entries")
    expect(run).to_be_visible()

    lock(club, "2026-07-01T00:00:00Z")
    run.click()
    expect(page.get_by_role("alert")).to_contain_text("The log is locked until 2026-07-01")
    expect(page.get_by_role("alert")).to_contain_text("An owner of the fleet can move the lock, on the page Reports.")
    lock(club, None)
    page.context.set_offline(True)
    run.click()
    expect(page.get_by_role("alert")).to_contain_text("nothing is imported twice")
    assert [] == said(club)
    page.context.set_offline(False)
    run.click()
    expect(page.get_by_text("3 entries imported from log.csv.")).to_be_visible()
    assert 3 == len(said(club))
    lock(club, "2026-07-01T00:00:00Z")
    taps.tap("button", "Revert the import of log")
    taps.tap("button", "Delete 3 entries")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("The log is locked until 2026-07-01")
    assert 3 == len(said(club))


def test_a_viewer_has_no_import(page: Page, club: Club, make_club: Callable[[], Club]) -> None:
    """Neither the link nor, at its address, anything to choose."""
    club.add_plane("D-EKLM")
    guest = make_club()
    join(club, guest, "viewer")
    guest.open(page, "#/sessions")
    expect(page.get_by_role("link", name="Timeline")).to_be_visible()
    expect(page.get_by_role("link", name="Import")).to_have_count(0)

    guest.open(page, "#/sessions/import")

    expect(page.get_by_text("Only editors can import")).to_be_visible()
    expect(page.get_by_role("button", name="Choose a file")).to_have_count(0)
