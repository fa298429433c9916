"""What people ask daily, counted in taps from the dashboard, on a phone and on a desktop."""

import io
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect
from pypdf import PdfReader

from tests.conftest import NewPage
from tests.site_sym.club import DESKTOP, PHONE, Club, message, now, report
from tests.site_sym.taps import Taps

SIZES = {"phone": PHONE, "desktop": DESKTOP}


def month_before(day: datetime, months: int) -> datetime:
    """The first of the month so many months before a day's."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return day.replace(year=year, month=month + 1, day=1, hour=0, minute=0, second=0)


class World:
    """Two planes, flown yesterday, last month, five months ago, last year and the year before."""

    def __init__(self, club: Club) -> None:
        self.club = club
        self.today = now()
        self.planes = {name: club.add_plane(name) for name in ("D-EKLM", "N123AB")}
        self.yesterday = (self.today - timedelta(days=1)).replace(hour=10, minute=5, second=0)
        self.last_month = month_before(self.today, 1)
        self.june = month_before(self.today, 5)
        self.last_year = datetime(self.today.year - 1, 3, 9, 8, tzinfo=UTC)
        self.year_before = datetime(self.today.year - 2, 3, 12, 8, tzinfo=UTC)
        for name, seconds in (("D-EKLM", 4_812 * 3600), ("N123AB", 140 * 3600)):
            reading = {"plane_id": self.planes[name], "seconds": seconds, "reason": "initial"}
            long_ago = {"as_of": datetime(2020, 1, 1, tzinfo=UTC).isoformat()}
            club.account.client.rpc("add_reading", {**reading, **long_ago}).execute()
        self.flights = [
            ("D-EKLM", self.yesterday, 5_400, "M. Weber"),
            ("N123AB", self.yesterday + timedelta(hours=3), 3_600, "A. Roth"),
            *(("D-EKLM", self.last_month + timedelta(days=n, hours=9), 3_600, "J. Lind") for n in range(3)),
            *(("D-EKLM", self.june + timedelta(days=n, hours=9), 4_500 + n, "S. Okafor") for n in range(4)),
            ("N123AB", self.june + timedelta(days=2, hours=12), 7_200, "A. Roth"),
            *(("D-EKLM", self.last_year + timedelta(days=n), 7_200, "É. Martin") for n in range(5)),
            *(("D-EKLM", self.year_before + timedelta(days=n), 7_200, "É. Martin") for n in range(2)),
        ]
        rows = [
            {"row_number": n, "plane_id": self.planes[plane], "start": start.isoformat(), "seconds": s, "pilot": who}
            for n, (plane, start, s, who) in enumerate(self.flights, 1)
        ]
        batch = {"batch_id": str(uuid.uuid4()), "fleet_id": club.fleet_id, "name": "Log", "file_name": None}
        club.account.client.rpc("import_sessions", {**batch, "mapping": {}, "entries": rows}).execute()
        # A fleet that no board ever reported to is still being set up.
        report(
            club.stack, message(club.add_device("Panel box", self.planes["N123AB"]), month_before(self.today, 3), 2_000)
        )


@pytest.fixture(params=SIZES)
def visit(request: pytest.FixtureRequest, new_page: NewPage, club: Club) -> Iterator[tuple[World, Page]]:
    """The world, and the dashboard of it as one size of screen shows it."""
    world = World(club)
    page = new_page(**SIZES[request.param], reduced_motion="no-preference")
    club.open(page)
    expect(page.get_by_role("link", name="D-EKLM").first).to_be_visible()
    yield world, page


def rows(page: Page) -> Locator:
    """The entries of the log on the page."""
    return page.get_by_role("table").locator("tbody tr:not(:has(th))")


def test_who_flew_yesterday_is_one_tap_away(visit: tuple[World, Page]) -> None:
    """Both flights, each with its plane, pilot and hours in sight; nobody else's."""
    _, page = visit
    taps = Taps(page)

    taps.tap("link", re.compile(r"^Yesterday( [\d.,]+ h)?$"))

    expect(rows(page)).to_have_count(2)
    for plane, pilot in (("D-EKLM", "M. Weber"), ("N123AB", "A. Roth")):
        row = rows(page).filter(has_text=plane)
        expect(row.get_by_text(pilot)).to_be_in_viewport()
    assert 1 == taps.count


def test_last_month_reaches_the_accountant_with_three_taps(visit: tuple[World, Page]) -> None:
    """A file whose name says the month, with that month's flights and no other."""
    world, page = visit
    taps = Taps(page)

    taps.tap("link", re.compile(r"^Last month( [\d.,]+ h)?$"))
    flown = [
        who for _, start, _, who in world.flights if start >= world.last_month and start < month_before(world.today, 0)
    ]
    expect(rows(page)).to_have_count(len(flown))
    taps.tap("button", "Export")
    with page.expect_download() as download:
        taps.tap("button", re.compile("CSV"))

    assert f"{world.last_month:%Y-%m}.csv" in download.value.suggested_filename
    _, *lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(flown) == len(lines) >= 3
    assert all(any(who in line for who in flown) for line in lines)
    assert 3 == taps.count


def test_a_year_by_month_beside_the_one_before_is_two_taps_away(visit: tuple[World, Page]) -> None:
    """Last year's March, 10 hours, beside 4 the year before."""
    world, page = visit
    year = world.last_year.year
    taps = Taps(page)

    taps.tap("link", "Years", exact=True)
    taps.tap("link", str(year), exact=True)

    expect(page).to_have_url(re.compile(rf"#/years\?year={year}$"))
    main = page.get_by_role("main")
    expect(main).to_contain_text("10.0")
    expect(main).to_contain_text(str(year - 1))
    expect(main).to_contain_text("4.0")
    assert 2 == taps.count


def test_a_month_of_one_plane_is_printed_with_four_taps(visit: tuple[World, Page]) -> None:
    """The plane, the month's bar, Print, Print: its four flights, black on white, and nothing but the log."""
    world, page = visit
    page.evaluate("() => { window.printed = 0; window.print = () => { window.printed += 1; }; }")
    page.emulate_media(color_scheme="dark")
    taps = Taps(page)

    taps.tap_in(page.get_by_role("region", name="Planes"), "link", "D-EKLM")
    taps.tap("link", re.compile(f"^{world.june:%B %Y}"))
    expect(rows(page)).to_have_count(4)
    taps.tap("link", "Print")
    expect(page.get_by_role("article").locator("tbody tr")).to_have_count(4)
    taps.tap("button", "Print")

    assert 1 == page.evaluate("window.printed")
    assert 4 == taps.count
    sheets = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
    text = "\n".join(sheet.extract_text() for sheet in sheets)
    assert 4 == len(re.findall("S. Okafor", text))
    assert "D-EKLM" in text and "N123AB" not in text
    assert not re.search("Dashboard|Maintenance|Settings|Export", text)


def test_what_the_panel_says_is_entered_two_taps_away(visit: tuple[World, Page]) -> None:
    """The plane, New reading; then it is typed where the cursor already stands, and Enter records it."""
    world, page = visit
    taps = Taps(page)

    taps.tap_in(page.get_by_role("region", name="Planes"), "link", "D-EKLM")
    taps.tap("button", "New reading")
    expect(page.get_by_label("Meter shows")).to_be_focused()
    page.keyboard.type("4835,9")
    page.keyboard.press("Enter")

    expect(page.get_by_text(re.compile("Reading 4835.9 h is recorded"))).to_be_visible()
    assert 2 == taps.count
    readings = world.club.account.client.table("hour_readings").select("seconds").order("as_of", desc=True)
    assert {"seconds": 17_409_240} == readings.execute().data[0]


def test_what_needs_somebody_is_on_the_first_screen(visit: tuple[World, Page]) -> None:
    """Nothing does, and the dashboard says so; then a flight waits for a plane, and that is said without a tap."""
    world, page = visit
    expect(page.get_by_text("Nothing needs you today")).to_be_in_viewport()
    report(world.club.stack, message(world.club.add_device("Spare box"), world.yesterday, 2_000))

    world.club.open(page)

    expect(page.get_by_role("link", name="1 session without a plane")).to_be_in_viewport()
    expect(page.get_by_text("Nothing needs you today")).to_have_count(0)
