"""What comes out of the printer, read back from the PDF: the log and nothing else, as of its period."""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader
from pypdf.generic import ContentStream

from tests.conftest import NewPage
from tests.site_sym.club import Club, message, now, report
from tests.site_sym.test_engine import BUS, open_plane
from tests.support import PageFaults
from tools.screenshots import settle

ROW = re.compile(r"^\d{4}-\d{2}-\d{2} .*\d:\d{2}:\d{2}")
FOOT = re.compile(r"^Page \d+ of \d+$")


def printed(page: Page) -> list[list[str]]:
    """The lines of text on every sheet of what the browser would print."""
    sheets = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
    return [[line.strip() for line in sheet.extract_text().splitlines() if line.strip()] for sheet in sheets]


def colours(page: Page) -> set[tuple[float, ...]]:
    """Every colour that is set anywhere in what the browser would print: red, green and blue, 0 to 1."""
    pdf = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True, print_background=True)))
    return {
        tuple(round(float(part), 2) for part in operands)
        for sheet in pdf.pages
        for operands, operator in ContentStream(sheet.get_contents(), pdf).operations
        if operator in (b"rg", b"RG")
    }


def words(lines: list[str]) -> str:
    """Lines as one text, so that it does not matter where they were broken."""
    return re.sub(r"\s+", " ", " ".join(lines))


@pytest.mark.parametrize(("paper", "size", "scheme"), [("A4", (842, 595), "light"), ("Letter", (792, 612), "dark")])
def test_nothing_but_the_log_is_on_each_sheet(
    new_page: NewPage, club: Club, paper: str, size: tuple[int, int], scheme: str
) -> None:
    """Every line is accounted for, with a notice on the screen and in either theme: no skip link, no navigation."""
    plane_id = club.add_plane("D-EKLM")
    club.account.client.rpc("add_reading", {"plane_id": plane_id, "seconds": 360_000, "reason": "initial"}).execute()
    device_uuid = club.add_device("Panel box 2", plane_id)
    begin = now() - timedelta(days=9)
    report(club.stack, *(message(device_uuid, begin + timedelta(hours=n), 600 + n) for n in range(90)))
    page = new_page(color_scheme=scheme)
    club.open(page, "#/settings")
    page.get_by_role("radio", name="Dark" if scheme == "dark" else "Light").check()
    page.evaluate("(hash) => { location.hash = hash; }", f"#/sessions/print?plane={plane_id}")
    page.get_by_role("radio", name=paper).check()
    sheet = page.get_by_role("article")
    expect(sheet.locator("tbody tr")).to_have_count(90)
    expect(sheet).to_contain_text(re.compile(r"Total of 90 sessions: 16:06:45 · 16\.1 h"))

    pdf = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    sheets = printed(page)

    assert {size} == {(round(sheet.mediabox.width), round(sheet.mediabox.height)) for sheet in pdf.pages}
    assert len(sheets) >= 3
    rows = [[line for line in lines if ROW.match(line)] for lines in sheets]
    assert 90 == sum(map(len, rows))
    head = re.compile(r"^D-EKLM · Log of powered time · [\d-]+ to [\d-]+$")
    columns = "Date On Off Duration Hobbs start – end Class Pilot Remarks Quality"
    for number, (lines, own) in enumerate(zip(sheets, rows, strict=True), 1):
        others = [line for line in lines if line not in own]
        assert f"Page {number} of {len(sheets)}" in others
        rest = [line for line in others if not FOOT.match(line) and not head.match(line) and line != columns]
        if 1 < number < len(sheets):
            assert [] == rest
    # Black on white, and grey lines between the rows; also on a dark screen, and with backgrounds.
    assert {(0, 0, 0), (1, 1, 1)} <= colours(page) <= {(0, 0, 0), (1, 1, 1), (0.6, 0.6, 0.6)}
    everything = words([line for lines in sheets for line in lines])
    # What it comes to, first and last.
    assert 2 == everything.count("90 sessions · 16.1 h · Hobbs 0.0 → 16.1")
    for stray in ("Skip to the page", "Dashboard", "Print or save", "Paper", club.account.email + " Owner"):
        assert stray not in everything
    assert "Date, name, signature" in words(sheets[-1])


def test_an_empty_period_and_a_strangers_plane_are_printed_as_what_they_are(
    page: Page, club: Club, make_club: Callable[[], Club]
) -> None:
    """A month without a session and a year to come are a total of nothing; of another fleet's plane not even a name."""
    plane_id = club.add_plane("D-EKLM")
    report(club.stack, message(club.add_device("Box", plane_id), now() - timedelta(days=2), 3600))
    stranger = make_club()
    theirs = stranger.add_plane("D-EABC")
    report(club.stack, message(stranger.add_device("Box", theirs), now() - timedelta(days=2), 3600))
    club.open(page)

    for address, period in (
        (f"plane={plane_id}&period=2024-02", "2024-02-01 to 2024-02-29"),
        (f"plane={plane_id}&period=2099", "2099-01-01 to 2099-12-31"),
        (f"plane={theirs}&period=all", "all sessions"),
    ):
        page.goto(f"{club.stack.url}/#/sessions/print?{address}")
        expect(page.get_by_role("article")).to_contain_text(period)
        sheet = words(printed(page)[0])
        assert 2 == sheet.count("0 sessions · 0.0 h")
        assert "D-EABC" not in sheet


def test_a_notice_on_the_screen_is_not_on_the_paper(page: Page, club: Club, page_faults: PageFaults) -> None:
    """Neither on the log nor on any other page that somebody prints, where it would stand on every sheet."""
    plane_id = club.add_plane("D-EKLM")
    report(club.stack, message(club.add_device("Box", plane_id), now() - timedelta(days=2), 3600))
    club.open(page, f"#/planes/{plane_id}/edit")
    page.get_by_role("button", name="Save the plane").click()
    notice = page.get_by_text("D-EKLM was saved.")
    expect(notice).to_be_visible()
    # Saving leads to the plane's page, once what is shown there has been read again.
    expect(page.get_by_role("heading", name="D-EKLM", level=1, exact=True)).to_be_visible()

    plain = words([line for lines in printed(page) for line in lines])
    page.evaluate("(hash) => { location.hash = hash; }", f"#/sessions/print?plane={plane_id}")
    expect(page.get_by_role("article")).to_contain_text("Total of 1 session")
    expect(notice).to_be_visible()
    log = words([line for lines in printed(page) for line in lines])

    for text in (plain, log):
        assert "D-EKLM" in text
        assert "was saved" not in text
        assert "Skip to the page" not in text


def test_the_basis_is_the_periods_and_not_todays(page: Page, club: Club) -> None:
    """A log of last year says the hours at its end and start, and rests on the reading that held then."""
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box 2", plane_id)
    start = datetime(2025, 3, 1, 8, tzinfo=UTC)
    report(club.stack, *(message(device_uuid, start + timedelta(days=30 * n), 3600) for n in range(8)))
    for day, hours in ((datetime(2025, 1, 1, tzinfo=UTC), 100), (datetime(2025, 9, 1, tzinfo=UTC), 500)):
        reading = {"plane_id": plane_id, "seconds": hours * 3600, "reason": "check", "as_of": day.isoformat()}
        club.account.client.rpc("add_reading", reading).execute()

    club.open(page, f"#/sessions/print?plane={plane_id}&period=custom&from=2025-03-15&to=2025-05-15")
    expect(page.get_by_role("article").locator("tbody tr")).to_have_count(2)
    sheet = words(printed(page)[0])

    assert "D-EKLM: 103.0 h at the end of 2025-05-15 = reading 100.0 h on 2025-01-01 + 3.0 h counted since." in sheet
    assert "At the start of the period: 101.0 h." in sheet


def test_the_sheet_follows_the_switch_of_the_zone(new_page: NewPage, club: Club) -> None:
    """Times, days and the zone's name change together, also when it is switched while the log is on the screen."""
    plane_id = club.add_plane("D-EKLM")
    late = datetime(2025, 7, 1, 22, 30, tzinfo=UTC)
    report(club.stack, message(club.add_device("Box", plane_id), late, 3600))
    page = new_page(timezone_id="Europe/Berlin")
    club.open(page, f"#/sessions/print?plane={plane_id}&period=all")
    row = page.get_by_role("article").locator("tbody tr")
    expect(row).to_contain_text("2025-07-01")
    in_utc = words(printed(page)[0])

    page.locator("label", has_text="Local").first.click()
    expect(row).to_contain_text("2025-07-02")
    local = words(printed(page)[0])

    assert "Times in UTC" in in_utc
    assert "2025-07-01 22:30Z 23:30Z" in in_utc
    assert "Times in Europe/Berlin" in local
    assert "2025-07-02 00:30 01:30" in local


@pytest.mark.parametrize("as_table", [False, True])
def test_battery_and_alternator_are_printed_with_the_plane(page: Page, club: Club, as_table: bool) -> None:
    """The words with what they rest on, and the chart's legend or the table's figures; not the switch between them."""
    panel = open_plane(page, club, 3, **BUS)
    expect(panel.get_by_text("12.1 V at rest: about half full")).to_be_visible()
    expect(panel.locator("figure circle")).to_have_count(3)
    if as_table:
        panel.get_by_role("button", name="As a table").click()
        expect(panel.get_by_role("table")).to_be_visible()

    paper = words([line for lines in printed(page) for line in lines])

    own = paper.partition("Battery and alternator")[2].partition("Sessions of D-EKLM")[0]
    for said in ("12.1 V at rest: about half full", "9.3 V while cranking: good", "13.2 V charging: low, have the"):
        assert said in own
    assert own.count("median of 3 sessions") == 3
    assert ("13.2 V 12.1 V 9.3 V 3" if as_table else "Charging13.2 V At rest12.1 V Cranking9.3 V") in own
    for stray in ("As a table", "As a chart"):
        assert stray not in paper


# Each visible text whose colour is not at least 4.5:1 on white paper, and each control that can only be pressed.
UNPRINTABLE = """() => {
  const channels = (color) => color.match(/[\\d.]+/g).slice(0, 3).map((value) => value / 255);
  const light = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = (color) => {
    const [red, green, blue] = channels(color).map(light);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const isShown = (element) => element.getClientRects().length > 0;
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode;
    if (data.trim() === "" || !isShown(parentElement) || parentElement.closest("[role=img]")) continue;
    const { color, clipPath, fill } = getComputedStyle(parentElement);
    const ink = parentElement instanceof SVGElement ? fill : color;
    if (clipPath === "none" && 1.05 / (luminance(ink) + 0.05) < 4.5) found.push(`${ink}: ${data.trim()}`);
  }
  const pressed = [...document.querySelectorAll("nav, .button, .notices, main form, dialog")].filter(isShown);
  return [...found, ...pressed.map(({ outerHTML }) => outerHTML.slice(0, 80))];
}"""


def test_any_page_is_printed_black_on_white_and_without_what_is_pressed(new_page: NewPage, club: Club) -> None:
    """In the dark theme, too, which somebody has chosen: paper has one colour, and no navigation."""
    plane_id = club.add_plane("D-EKLM")
    report(club.stack, message(club.add_device("Box", plane_id), now() - timedelta(days=2), 3600))
    page = new_page(color_scheme="dark")
    club.open(page, "#/settings")
    page.get_by_role("radio", name="Dark").check()

    faults: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for name, hash_ in {
        "dashboard": "#/",
        "plane": f"#/planes/{plane_id}",
        "sessions": "#/sessions?period=all",
        "maintenance": "#/maintenance",
        "reports": "#/reports",
        "device": "#/devices",
    }.items():
        page.goto(f"{club.stack.url}/{hash_}")
        settle(page)
        page.emulate_media(media="print")
        found = page.evaluate(UNPRINTABLE)
        page.emulate_media(media="null")
        faults |= {name: found} if found else {}
        texts[name] = words([line for lines in printed(page) for line in lines])

    assert {} == faults
    for name, text in texts.items():
        for stray in ("Skip to the page", "Settings", "Time zone", club.account.email):
            assert stray not in text, name
    assert "1.0" in texts["sessions"]
