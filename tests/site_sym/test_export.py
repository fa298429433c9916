"""Exports hold every matching session, exactly as the database has it, in a form that other programs read rightly."""

import csv
import io
import json
import re
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Download, Page, Route, expect

from tests.conftest import NewPage
from tests.site_sym.club import Club, message, now, report
from tests.support import PageFaults

ROWS = 1005
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
DAY_ZERO = datetime(1899, 12, 30, tzinfo=UTC)
CEST_ENDS = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
AWKWARD = [
    "=1+1",
    "+49 170",
    "-5",
    "@SUM(A1)",
    'He said "go", twice',
    "Jürg Weiß, Ångström, 東京",
    "two\nlines",
    "<b>&amp;",
]


def fill(club: Club) -> None:
    """A thousand sessions and more, over midnight and the end of summer time, with remarks that files trip over."""
    device_uuid = club.add_device("Büro, hinten", club.add_plane("D-EKLM"))
    starts = [CEST_ENDS + timedelta(minutes=minutes) for minutes in (0, 60, 120)]
    starts += [datetime(2025, 11, 1, 23, 50, tzinfo=UTC) + timedelta(hours=n * 3) for n in range(ROWS - 3)]
    report(club.stack, *(message(device_uuid, start, 601 + n, boot=n + 1) for n, start in enumerate(starts)))
    for row, text in zip(session_log(club), AWKWARD, strict=False):
        said = {"session_id": row["session_id"], "remarks": text, "pilot": text, "class": "flight"}
        club.account.client.table("session_annotations").insert(said).execute()


def session_log(club: Club) -> list[dict[str, Any]]:
    """Every session in the database, newest first, page by page."""
    rows: list[dict[str, Any]] = []
    while True:
        query = club.account.client.table("session_log").select("*").order("effective_start", desc=True)
        page = query.range(len(rows), len(rows) + 499).execute().data
        rows += cast(list[dict[str, Any]], page)
        if not page:
            return rows


def utc(text: str) -> str:
    """An instant as exports write it."""
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def expected(club: Club) -> list[dict[str, Any]]:
    """The rows that an export must hold."""
    return [
        {
            "session_id": row["session_id"],
            "registration": "D-EKLM",
            "effective_start": utc(row["effective_start"]),
            "session_end": utc(row["session_end"]),
            "run_seconds": row["run_seconds"],
            "run_hours": pytest.approx(row["run_seconds"] / 3600, abs=6e-5),
            "hobbs_start_hours": pytest.approx(row["hobbs_start_seconds"] / 3600, abs=6e-5),
            "hobbs_end_hours": pytest.approx(row["hobbs_end_seconds"] / 3600, abs=6e-5),
            "class": row["class"],
            "pilot": row["pilot"],
            "remarks": row["remarks"],
            "device_name": "Büro, hinten",
            "boot": row["boot"],
        }
        for row in session_log(club)
    ]


def only(rows: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The columns of the rows that are compared."""
    return [{name: row[name] for name in wanted[0]} for row in rows]


def save(page: Page, form: str, folder: Path) -> Path:
    """Export what is listed, and return the file."""
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("dialog").get_by_role("button", name=form).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    expect(page.get_by_role("dialog")).to_have_count(0)
    return path


def read_csv(path: Path) -> list[dict[str, Any]]:
    """Rows of a CSV file with numbers as numbers and the guards taken off."""
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    # Every line ends with CRLF; a lone LF stands only inside quotes.
    assert [] == [line for line in re.sub(rb'"[^"]*"', b"", raw).split(b"\r\n") if b"\n" in line]
    rows = []
    for row in csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")):
        values: dict[str, Any] = {name: value or None for name, value in row.items()}
        for name in ("pilot", "remarks"):
            assert not (values[name] or "").startswith(("=", "+", "-", "@"))
            values[name] = re.sub(r"^'(?=[=+\-@])", "", values[name]) if values[name] else None
        for name in ("run_hours", "hobbs_start_hours", "hobbs_end_hours"):
            values[name] = float(values[name])
        boot = values["boot"] and int(values["boot"])  # several sessions have none
        rows.append({**values, "run_seconds": int(values["run_seconds"]), "boot": boot})
    return rows


def read_xlsx(path: Path, names: list[str]) -> list[dict[str, Any]]:
    """Rows of a workbook, read from its XML; a formula anywhere fails."""
    with zipfile.ZipFile(path) as book:
        assert book.testzip() is None
        tree = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    assert tree.find(f".//{SHEET}f") is None
    rows = []
    for line in list(tree.iter(f"{SHEET}row"))[1:]:
        values: list[Any] = []
        for cell in line:
            text, value = cell.find(f".//{SHEET}t"), cell.find(f"{SHEET}v")
            values.append(text.text if text is not None else None if value is None else float(value.text or ""))
        row = dict(zip(names, values, strict=True))
        for name in ("effective_start", "session_end"):
            moment = DAY_ZERO + timedelta(seconds=round(row[name] * 86_400))
            row[name] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        rows.append(row)
    return rows


def read_summary(path: Path) -> dict[str, Any]:
    """What a workbook says of its rows on the sheet behind them, by its names."""
    with zipfile.ZipFile(path) as book:
        assert 'name="Summary"' in book.read("xl/workbook.xml").decode()
        tree = ElementTree.fromstring(book.read("xl/worksheets/sheet2.xml"))
    assert tree.find(f".//{SHEET}f") is None
    lines = [list(row) for row in tree.iter(f"{SHEET}row")]
    values = {}
    for name, cell in lines:
        text, value = cell.find(f".//{SHEET}t"), cell.find(f"{SHEET}v")
        read = float(value.text or "") if value is not None else None
        values["".join(name.itertext())] = read if text is None else text.text
    return values


def read_foreflight(path: Path) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Both tables of ForeFlight's import file: aircraft and flights."""
    lines = list(csv.reader(io.StringIO(path.read_text("utf-8"), newline="")))
    assert "ForeFlight Logbook Import" == lines[0][0]
    aircraft, flights = lines.index(["Aircraft Table"]), lines.index(["Flights Table"])
    tables = [(lines[aircraft + 1], lines[aircraft + 2 : flights - 1]), (lines[flights + 1], lines[flights + 2 :])]
    first, second = [[dict(zip(names, row, strict=True)) for row in rows] for names, rows in tables]
    return first, second


def test_every_format_holds_every_row_as_the_database_has_it(new_page: NewPage, club: Club, tmp_path: Path) -> None:
    """1,005 sessions, in a zone that is not UTC: each file agrees with the database row by row."""
    fill(club)
    page = new_page(timezone_id="Europe/Berlin", accept_downloads=True)
    club.open(page, "#/sessions?period=all")
    expect(page.get_by_role("table")).to_be_visible()
    wanted = expected(club)

    in_json = json.loads(save(page, "JSON", tmp_path).read_text())
    in_csv = read_csv(save(page, "CSV", tmp_path))
    workbook = save(page, "Excel", tmp_path)
    in_xlsx = read_xlsx(workbook, list(in_json[0]))
    aircraft, flights = read_foreflight(save(page, "ForeFlight", tmp_path))

    assert ROWS == len(wanted)
    assert ["D-EKLM"] == [row["AircraftID"] for row in aircraft]
    assert [
        (row["effective_start"][:10], row["effective_start"][11:16], row["session_end"][11:16]) for row in wanted
    ] == [(row["Date"], row["TimeOut"], row["TimeIn"]) for row in flights]
    assert all((row["remarks"] or "") in flight["PilotComments"] for row, flight in zip(wanted, flights, strict=True))
    assert wanted == only(in_json, wanted)
    assert wanted == only(in_csv, wanted)
    assert wanted == only(in_xlsx, wanted)
    seconds = sum(row["run_seconds"] for row in wanted)
    summary = read_summary(workbook)
    assert {"Registration": "All planes", "Sessions": ROWS, "Duration (s)": seconds}.items() <= summary.items()
    assert pytest.approx(seconds / 3600, abs=6e-5) == summary["Duration (h)"]
    assert "Europe/Berlin" == summary["Days in"] or "UTC" == summary["Days in"]


def test_an_export_follows_the_filters_and_is_named_after_the_plane(page: Page, club: Club, tmp_path: Path) -> None:
    """What the list leaves out is not in the file."""
    planes = {name: club.add_plane(name) for name in ("D-EKLM", "D-EABC")}
    for plane_id in planes.values():
        report(club.stack, message(club.add_device("Box", plane_id), now() - timedelta(days=2), 3600))
    club.open(page, f"#/sessions?plane={planes['D-EABC']}")

    path = save(page, "JSON", tmp_path)

    first, last = now() - timedelta(days=30), now()
    assert f"D-EABC_{first:%Y-%m-%d}_{last:%Y-%m-%d}.json" == path.name
    assert ["D-EABC"] == [row["registration"] for row in json.loads(path.read_text())]


def test_a_cancelled_export_saves_nothing_and_says_so(page: Page, club: Club) -> None:
    """Cancel works while the server takes its time, and the dialog stays to begin again."""
    report(club.stack, message(club.add_device("Box", club.add_plane("D-EKLM")), now() - timedelta(days=1), 3600))
    downloads: list[Download] = []
    page.on("download", lambda download: downloads.append(download))
    club.open(page, "#/sessions")
    page.get_by_role("button", name="Export").click()
    waiting: list[Route] = []
    page.route(re.compile(r"log_entries.*limit=1000"), lambda route: waiting.append(route))
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="CSV").click()
    expect(dialog.get_by_role("progressbar")).to_be_visible()

    dialog.get_by_role("button", name="Cancel").click()

    expect(dialog).to_contain_text("Cancelled. No file was saved.")
    expect(dialog.get_by_role("button", name="CSV")).to_be_visible()
    assert [] == downloads


def test_a_server_that_fails_in_the_middle_saves_no_half_file(page: Page, club: Club, page_faults: PageFaults) -> None:
    """The dialog says what failed; nothing that looks complete is on the disk."""
    page_faults.allow("503")
    report(club.stack, message(club.add_device("Box", club.add_plane("D-EKLM")), now() - timedelta(days=1), 3600))
    downloads: list[Download] = []
    page.on("download", lambda download: downloads.append(download))
    club.open(page, "#/sessions")
    page.get_by_role("button", name="Export").click()
    page.route(re.compile(r"log_entries.*effective_start\.lt.*limit=1000"), lambda route: route.fulfill(status=503))
    page.get_by_role("dialog").get_by_role("button", name="CSV").click()

    expect(page.get_by_role("alert")).to_contain_text("The sessions could not be loaded.")
    assert [] == downloads
