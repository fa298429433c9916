"""Months that are closed: in four taps, on paper, with a hash that a stranger can check, and a lock that says so."""

import hashlib
import io
import json
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.conftest import NewPage
from tests.site_sym.club import PHONE, Club, message, now, report
from tests.site_sym.roles import join
from tests.site_sym.test_print import printed, words
from tests.support import PageFaults

ROOT = Path(__file__).resolve().parents[2]
HOUR = 3600
# What is tapped, and what the browser is told to print: no test has a printer.
COUNTED = """() => {
  window.taps = 0;
  window.prints = 0;
  addEventListener("click", ({ isTrusted }) => { if (isTrusted) window.taps += 1; }, true);
  window.print = () => { window.prints += 1; };
}"""
OCTOBER = datetime(2025, 10, 1, tzinfo=UTC)
ENTRY = re.compile(r"^(2025-10-\d{2}) (\d{2}:\d{2}) (\d{2}:\d{2}) (\d+:\d{2}:\d{2}) (\d+\.\d) – (\d+\.\d) ")


def close(club: Club, month: datetime) -> dict[str, str]:
    """Close a month in UTC; the report."""
    query = {"fleet_id": club.fleet_id, "month": f"{month:%Y-%m-%d}"}
    return cast(dict[str, str], club.account.client.rpc("close_month", query).execute().data)


def add_october(club: Club, sessions: int = 3) -> tuple[str, str]:
    """A plane with 100.0 h on its meter and sessions of an hour, three a day, in October 2025; it and its board."""
    plane_id = club.add_plane("D-EKLM")
    reading = {"plane_id": plane_id, "seconds": 100 * HOUR, "reason": "initial", "as_of": "2025-09-01T00:00:00Z"}
    club.account.client.rpc("add_reading", reading).execute()
    device_uuid = club.add_device("Panel box 2", plane_id)
    starts = (OCTOBER + timedelta(days=n // 3, hours=8 + n % 3 * 3) for n in range(sessions))
    report(club.stack, *(message(device_uuid, start, HOUR) for start in starts))
    return plane_id, device_uuid


def sha256sum(folder: Path) -> str:
    """What the README's command for checking a report prints in the folder, run as it is written."""
    [command] = re.findall(r"^sha256sum .*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_month_is_closed_and_printed_in_four_taps(new_page: NewPage, club: Club) -> None:
    """Counted from the sessions page: the reports, close, yes, print; and what was closed is locked."""
    plane_id = club.add_plane("D-EKLM")
    this_month = now().replace(day=1, hour=0, minute=0, second=0)
    month = (this_month - timedelta(days=1)).replace(day=1)
    report(club.stack, message(club.add_device("Box", plane_id), month + timedelta(days=3, hours=9), HOUR))
    page = new_page(**PHONE)
    page.add_init_script(f"({COUNTED})()")
    club.open(page, "#/sessions")

    page.get_by_role("link", name="Reports").tap()
    page.get_by_role("button", name=f"Close {month:%B %Y}").tap()
    page.get_by_role("dialog").get_by_role("button", name="Close the month").tap()
    page.get_by_role("button", name="Print or save as PDF").tap()

    sheet = page.get_by_role("article")
    expect(sheet).to_contain_text(f"Monthly report {month:%B %Y}")
    table = (
        club.account.client.table("monthly_reports").select("report_id, month, sha256").eq("fleet_id", club.fleet_id)
    )
    [made] = cast(list[dict[str, str]], table.execute().data)
    expect(sheet).to_contain_text(made["sha256"])
    assert (4, 1) == (page.evaluate("taps"), page.evaluate("prints"))
    assert f"{month:%Y-%m-%d}" == made["month"]
    page.get_by_role("link", name="Reports").first.tap()
    expect(page.get_by_text(f"Locked: everything before {this_month:%Y-%m}-01 00:00 (UTC).")).to_be_visible()
    expect(page.get_by_text("Every month that has ended is closed.")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text=made["sha256"])).to_contain_text(club.account.email)


@pytest.mark.parametrize(("paper", "size"), [("A4", (842, 595)), ("Letter", (792, 612))])
def test_the_report_is_printed_whole(page: Page, club: Club, tmp_path: Path, paper: str, size: tuple[int, int]) -> None:
    """Every entry in one piece, heads on every sheet, figures and hash; and its JSON has that hash, to the byte."""
    add_october(club, 90)
    made = close(club, OCTOBER)
    content = json.loads(made["content"])

    club.open(page, f"#/reports/{made['report_id']}")
    page.get_by_role("radio", name=paper).check()
    sheet = page.get_by_role("article")
    expect(sheet).to_contain_text("Total of 90 entries: 90:00:00 · 90.0 h")
    pdf = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    sheets = printed(page)
    everything = words([line for lines in sheets for line in lines])
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as JSON").click()
    download.value.save_as(tmp_path / download.value.suggested_filename)

    assert {size} == {(round(one.mediabox.width), round(one.mediabox.height)) for one in pdf.pages}
    rows = [found.groups() for lines in sheets for line in lines if (found := ENTRY.match(line))]
    expected = [
        (f"{start:%Y-%m-%d}", f"{start:%H:%M}", f"{start.hour + 1:02d}:00", "1:00:00", f"{100 + n}.0", f"{101 + n}.0")
        for n in range(90)
        for start in [OCTOBER + timedelta(days=n // 3, hours=8 + n % 3 * 3)]
    ]  # fmt: skip
    assert expected == rows
    for lines in sheets:
        if any(ENTRY.match(line) for line in lines):
            assert "Date On Off Duration Hobbs start – end Class Pilot Remarks Quality" in lines
            assert any(line.startswith("D-EKLM · ") and line.endswith("Monthly report October 2025") for line in lines)
    for said in (
        "D-EKLM Powered time (on the drum) 100.0 190.0 +90.0",
        "2025-10-01 00:00 to 2025-11-01 00:00",
        "Prepared by: date, name, signature",
        f"by {club.account.email}",
    ):
        assert said in everything
    assert made["sha256"] in "".join(line for lines in sheets for line in lines)
    for stray in ("Skip to the page", "Dashboard", "Save as JSON", "Paper"):
        assert stray not in everything
    saved = tmp_path / "report-2025-10.json"
    assert made["content"].encode() == saved.read_bytes()
    assert "2025-10" == content["month"]
    assert f"{made['sha256']}  {saved.name}\n" == sha256sum(tmp_path)
    assert made["sha256"] == hashlib.sha256(saved.read_bytes()).hexdigest()


def test_a_preview_is_no_report(page: Page, club: Club) -> None:
    """It says what the report would say, that it is a draft, and has no hash; nothing is kept or locked."""
    add_october(club)
    club.open(page, "#/reports")
    page.get_by_label("Month to close").select_option("October 2025")
    page.get_by_role("link", name="Preview the report").click()

    sheet = page.get_by_role("article")
    expect(sheet).to_contain_text("Total of 3 entries: 3:00:00")
    expect(sheet).to_contain_text("Draft: this month is not closed")
    expect(sheet).not_to_contain_text("SHA-256")
    expect(page.get_by_role("button", name="Save as JSON")).to_have_count(0)
    assert [] == club.account.client.table("monthly_reports").select("report_id").execute().data


@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_members_who_are_no_owners_see_and_cannot_close(
    page: Page, club: Club, make_club: Callable[[], Club], role: str
) -> None:
    """They read reports, the lock and what the next one would say; no control on the page would be refused."""
    add_october(club)
    made = close(club, OCTOBER)
    guest = make_club()
    join(club, guest, role)

    guest.open(page, "#/reports")

    expect(page.get_by_text("Locked: everything before 2025-11-01 00:00 (UTC).")).to_be_visible()
    expect(page.get_by_text("An owner of this fleet closes the month.")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("button")).to_have_count(0)
    page.get_by_role("link", name="Preview the report").click()
    expect(page.get_by_role("article")).to_contain_text("Draft: this month is not closed")
    page.get_by_role("link", name="Reports").click()
    page.get_by_role("link", name="October 2025").click()
    expect(page.get_by_role("article")).to_contain_text(made["sha256"])


def test_a_locked_month_refuses_in_words_until_an_owner_moves_the_lock(
    page: Page, club: Club, page_faults: PageFaults
) -> None:
    """What was typed stays; once unlocked it is saved, and a second closing marks the first report as replaced."""
    page_faults.allow("status of 409")
    add_october(club, 1)
    older = close(club, OCTOBER)
    club.open(page, "#/sessions?period=all")
    page.locator("button.open").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Pilot").fill("Karl")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("The log is locked until 2025-11-01")
    expect(dialog.get_by_role("alert")).to_contain_text("An owner of the fleet can move the lock, on the page Reports.")
    expect(dialog.get_by_label("Pilot")).to_have_value("Karl")

    page.goto("about:blank")
    page.goto(f"{club.stack.url}/#/reports")
    page.get_by_label("Lock everything up to the end of").select_option("nothing: no lock")
    expect(page.get_by_text("The lock moves back")).to_be_visible()
    page.get_by_role("button", name="Move the lock").click()
    expect(page.get_by_text("Nothing is locked.", exact=True)).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text=older["sha256"])).to_contain_text("no longer locked")

    page.evaluate("location.hash = '#/sessions?period=all'")
    page.locator("button.open").first.click()
    dialog.get_by_label("Pilot").fill("Karl")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog).to_have_count(0)
    newer = close(club, OCTOBER)
    page.evaluate(f"location.hash = '#/reports/{older['report_id']}'")
    expect(page.get_by_role("article")).to_contain_text("Replaced")
    page.get_by_role("link", name="Open the valid report").click()

    sheet = page.get_by_role("article")
    expect(sheet).to_contain_text(newer["sha256"])
    expect(sheet.get_by_role("row").filter(has_text="2025-10-01")).to_contain_text("Karl")
    expect(sheet).to_contain_text("changed the fleet: locked until from “2025-11-01 00:00” to “–”")
    page.get_by_role("link", name="Reports").click()
    expect(page.get_by_role("listitem").filter(has_text=older["sha256"])).to_contain_text("replaced by a newer one")


def test_what_arrives_after_the_lock_is_on_the_next_report(page: Page, club: Club) -> None:
    """A session of October that comes after October was closed; and the opening figure that is another for it."""
    _, device_uuid = add_october(club)
    close(club, OCTOBER)
    late = OCTOBER + timedelta(days=20, hours=15)
    report(club.stack, message(device_uuid, late, 2 * HOUR))

    november = close(club, datetime(2025, 11, 1, tzinfo=UTC))
    club.open(page, f"#/reports/{november['report_id']}")

    sheet = page.get_by_role("article")
    expect(sheet.get_by_role("row").filter(has_text="2025-10-21")).to_contain_text(
        re.compile(r"D-EKLM.*15:00.*2:00:00")
    )
    carried = sheet.get_by_role("row").filter(has_text="103.0")
    expect(carried).to_contain_text(re.compile(r"D-EKLM.*103\.0.*105\.0.*\+2\.0"))
