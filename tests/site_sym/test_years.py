"""Months and years: charts that lead to the log, and the page of a year by plane and month beside the one before."""

import csv
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import NewPage
from tests.site_sym.club import PHONE, Club, message, now, report
from tests.site_sym.roles import join
from tests.site_sym.test_engine_time import sensed
from tests.site_sym.test_print import printed, words

HOUR = 3600
# What the world of these tests has: by registration, the hours of months of the last year and of the one before it.
LAST_YEAR = {"D-EKLM": {6: 1.5, 8: 0.5}, "D-EABC": {}}
YEAR_BEFORE = {"D-EKLM": {6: 1.0}, "D-EABC": {3: 2.5}}
# Bars may still rise, and the sessions' page be fetched: what counts is where a link leads.
HREF = "(link) => link.getAttribute('href')"


def months_panel(page: Page) -> Locator:
    """The dashboard's chart by month."""
    return page.get_by_role("region", name="Powered hours per month").first


def fly_yesterday(club: Club, registration: str = "D-EKLM") -> str:
    """A plane with one and a half hours by noon of the day that it was 30 hours ago; its id."""
    plane_id = club.add_plane(registration)
    begin = (now() - timedelta(hours=30)).replace(hour=10, minute=0, second=0)
    report(club.stack, message(club.add_device("Box", plane_id), begin, 5400))
    return plane_id


def test_a_months_bar_leads_to_its_log(page: Page, club: Club) -> None:
    """Pointed at or focused it says its hours; a click leads on, as its row in the table does."""
    fly_yesterday(club)
    month = (now() - timedelta(hours=30)).strftime("%Y-%m")
    name = (now() - timedelta(hours=30)).strftime("%B %Y")
    club.open(page)
    panel = months_panel(page)
    bar = panel.get_by_role("link", name=f"{name}: 1.5 h")
    empty = panel.get_by_role("list").get_by_role("link").first

    empty.hover()
    expect(panel.locator(".of-month")).to_contain_text(": 0.0 h")
    bar.focus()
    expect(panel.locator(".of-month")).to_have_text(f"{name}: 1.5 h")
    panel.get_by_role("button", name="As a table").click()
    in_table = panel.get_by_role("row").filter(has_text="1.5").get_by_role("link").evaluate(HREF)
    panel.get_by_role("button", name="As a chart").click()
    bar.click()

    expect(page.get_by_role("heading", name="Sessions", level=1)).to_be_visible()
    assert page.url.endswith(f"#/sessions?period={month}")
    assert in_table == f"#/sessions?period={month}"


def test_a_day_is_read_by_keyboard_and_its_log_opened(page: Page, club: Club) -> None:
    """One tab stop for the year; arrow keys choose the day, Enter leads on."""
    fly_yesterday(club)
    flown = (now() - timedelta(hours=30)).date()
    days_ago = (now().date() - flown).days
    club.open(page)
    panel = page.get_by_role("region", name="Days of the year")
    panel.scroll_into_view_if_needed()
    day = panel.locator("a.day")
    day.focus()

    for _ in range(days_ago):
        page.keyboard.press("ArrowUp")
    expect(panel.locator(".said")).to_contain_text("1.5 h")
    assert 1 == panel.locator("svg ~ a").count()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Sessions", level=1)).to_be_visible()
    assert page.url.endswith(f"#/sessions?period={flown}")


def test_on_a_phone_a_tap_on_a_month_leads_on_and_a_tap_on_a_day_reads_it(new_page: NewPage, club: Club) -> None:
    """A day is smaller than a thumb: the first tap says which one was hit, and offers its log."""
    fly_yesterday(club)
    flown = now() - timedelta(hours=30)
    page = new_page(**PHONE)
    club.open(page)
    panel = page.get_by_role("region", name="Days of the year")
    panel.scroll_into_view_if_needed()
    expect(panel.locator("rect.heat-3")).to_have_count(1)

    panel.locator("rect.heat-3").tap()
    expect(panel.locator(".said")).to_contain_text("1.5 h")
    offered = panel.get_by_role("link", name="Show the log of this day").evaluate(HREF)
    months_panel(page).get_by_role("link", name=f"{flown:%B %Y}: 1.5 h").tap()

    expect(page.get_by_role("heading", name="Sessions", level=1)).to_be_visible()
    assert offered == f"#/sessions?period={flown.date()}"
    assert page.url.endswith(f"#/sessions?period={flown:%Y-%m}")


def test_the_present_month_counts_on_with_a_running_session(page: Page, club: Club) -> None:
    """The chart, the card and the fleet's total say the same at every second."""
    device_uuid = club.add_device("Box", club.add_plane("D-EKLM"))
    report(club.stack, message(device_uuid, now() - timedelta(seconds=110), 110, status="open"))
    page.clock.install()
    club.open(page)
    figures = [months_panel(page).locator(".of-month"), page.locator("#totals + dl div + div dd span").first]
    for figure in figures:
        expect(figure).to_contain_text("0.0 h")

    # No answer puts the page's clock back, which runs ahead of the server's from here on.
    page.route("**/rest/v1/**", lambda route: None)
    page.clock.run_for(100_000)

    for figure in figures:
        expect(figure).to_contain_text("0.1 h")


def fly_two_years(club: Club, **bus: int) -> tuple[int, dict[str, str]]:
    """The hours of LAST_YEAR and YEAR_BEFORE; the last year, and the planes' ids by registration."""
    last = now().year - 1
    planes = {}
    for registration in LAST_YEAR:
        planes[registration] = club.add_plane(registration)
        device_uuid = club.add_device(f"Box of {registration}", planes[registration])
        flown = [(last, LAST_YEAR[registration]), (last - 1, YEAR_BEFORE[registration])]
        sent = [
            message(device_uuid, datetime(year, month, 15, 9, tzinfo=UTC), round(hours * HOUR))
            for year, months in flown
            for month, hours in months.items()
        ]
        report(club.stack, *sent)
    return last, planes


def expected_rows(year: int, registration: str, months: dict[int, float]) -> list[str]:
    """A row of the file, as a spreadsheet reads it."""
    figures = [f"{months.get(month, 0):g}" for month in range(1, 13)]
    return [registration, str(year), "powered", *figures, f"{sum(months.values()):g}"]


def test_a_year_stands_beside_the_one_before_in_two_taps_and_as_a_file(
    new_page: NewPage, club: Club, tmp_path: Path
) -> None:
    """Months, totals and differences are the sessions', every figure leads to them, the file has the same."""
    last, planes = fly_two_years(club)
    page = new_page(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    club.open(page)

    page.get_by_role("link", name="Years").click()
    page.get_by_role("link", name=str(last), exact=True).click()

    row = page.get_by_role("row").filter(has_text="D-EKLM")
    june = row.get_by_role("cell").nth(5)
    expect(june).to_have_text(re.compile(rf"1\.5\s*{last - 1}:\s*1\.0\s*$"))
    expect(row.get_by_role("cell").nth(12)).to_have_text(re.compile(rf"2\.0\s*{last - 1}:\s*1\.0"))
    expect(row.get_by_role("cell").nth(13)).to_have_text(re.compile(r"\+1\.0\s*$"))
    quiet = page.get_by_role("row").filter(has_text="D-EABC").get_by_role("cell")
    expect(quiet.nth(2)).to_have_text(re.compile(rf"0\.0\s*{last - 1}:\s*2\.5\s*$"))
    expect(quiet.nth(13)).to_have_text(re.compile(r"\u22122\.5\s*$"))
    expect(page.get_by_role("row").filter(has_text="All planes").get_by_role("cell").nth(13)).to_have_text(
        re.compile(r"\u22121\.5\s*$")
    )
    assert june.get_by_role("link").evaluate(HREF) == f"#/sessions?period={last}-06&plane={planes['D-EKLM']}"
    assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    bar = page.get_by_role("link", name=f"June {last}: 1.5 h, June {last - 1}: 1.0 h")
    assert bar.evaluate(HREF) == f"#/sessions?period={last}-06"

    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert download.value.suggested_filename == f"My-fleet_{last}.csv"
    download.value.save_as(tmp_path / "years.csv")
    with (tmp_path / "years.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))[1:]
    both = [
        {month: sum(of[name].get(month, 0) for name in of) for month in range(1, 13)} for of in (LAST_YEAR, YEAR_BEFORE)
    ]
    assert rows == [
        expected_rows(last, "D-EABC", LAST_YEAR["D-EABC"]),
        expected_rows(last - 1, "D-EABC", YEAR_BEFORE["D-EABC"]),
        expected_rows(last, "D-EKLM", LAST_YEAR["D-EKLM"]),
        expected_rows(last - 1, "D-EKLM", YEAR_BEFORE["D-EKLM"]),
        expected_rows(last, "All planes", both[0]),
        expected_rows(last - 1, "All planes", both[1]),
    ]


def test_on_a_phone_a_viewer_has_every_figure_without_scrolling_sideways(
    new_page: NewPage, make_club: Callable[[], Club]
) -> None:
    """Each plane is a block; a month of it leads to its log by one tap, which is as wide as a thumb needs."""
    club, guest = make_club(), make_club()
    last, planes = fly_two_years(club)
    join(club, guest, "viewer")
    page = new_page(**PHONE)
    guest.open(page, "#/years")
    row = page.get_by_role("row").filter(has_text="D-EKLM")
    outside = """(all) => all.filter((one) => {
        const range = document.createRange();
        range.selectNodeContents(one);
        return one.checkVisibility() && range.getBoundingClientRect().right > document.documentElement.clientWidth;
    }).length"""
    shown = page.locator("main :is(td, th, a, button, .label)")

    expect(row.locator("td.sum")).to_contain_text("2.0")
    assert 0 == shown.evaluate_all(outside)
    page.get_by_role("link", name=str(last), exact=True).tap()
    expect(row.locator("td.sum")).to_contain_text("1.0")
    assert 0 == shown.evaluate_all(outside)
    row.get_by_role("link", name="0.5", exact=True).tap()

    expect(page.get_by_role("heading", name="Sessions", level=1)).to_be_visible()
    assert page.url.endswith(f"#/sessions?period={last}-08&plane={planes['D-EKLM']}")


@pytest.mark.parametrize("asked", ["", "?year=", "?year=last", "?year=1899", "?year=99999", "?year=2999"])
def test_an_address_without_a_year_means_the_present_one(page: Page, club: Club, asked: str) -> None:
    """Whatever stands there, the page is there, and says which year it shows."""
    fly_yesterday(club)
    club.open(page, f"#/years{asked}")

    expect(page.get_by_role("navigation", name="Year").locator("[aria-current=page]")).to_have_text(str(now().year))
    expect(page.get_by_role("heading", name=f"{now().year} by plane")).to_be_visible()


def test_a_year_in_which_nobody_flew_says_so(page: Page, club: Club) -> None:
    """Nothing to save and nothing to print; the years with hours are one tap away."""
    fly_yesterday(club)
    club.open(page, "#/years?year=1950")

    expect(page.get_by_role("heading", name="No hours in 1950 or 1949")).to_be_visible()
    expect(page.get_by_role("button", name="CSV")).to_have_count(0)
    page.get_by_role("link", name=str(now().year), exact=True).click()
    expect(page.get_by_role("row").filter(has_text="D-EKLM")).to_contain_text("1.5")


def test_engine_hours_are_a_switch_away_where_a_board_senses_them(page: Page, club: Club) -> None:
    """What was not sensed is no zero."""
    year = (now() - timedelta(days=2)).year
    sensing = club.add_device("Panel box", club.add_plane("D-EKLM"))
    report(club.stack, sensed(sensing, now() - timedelta(days=2), 5400, 3600))
    blind = club.add_device("Old box", club.add_plane("D-EABC"))
    report(club.stack, message(blind, now() - timedelta(days=2), 7200))
    club.open(page, f"#/years?year={year}")
    total = page.locator("td.sum .now")
    expect(total).to_have_text(["2.0", "1.5", "3.5"])

    page.locator("label", has_text="Engine").click()

    expect(total).to_have_text(["– not sensed", "1.0", "1.0"])
    expect(page.get_by_role("img", name=f"Engine hours by month, {year} beside {year - 1}")).to_be_visible()


def test_the_year_is_printed_as_a_table_and_nothing_else(new_page: NewPage, club: Club) -> None:
    """From a dark phone, too: whose hours, of which years, and every plane on one line of months."""
    last, _ = fly_two_years(club)
    page = new_page(color_scheme="dark", viewport=PHONE["viewport"])
    club.open(page, f"#/years?year={last}")
    expect(page.get_by_role("row").filter(has_text="All planes")).to_be_visible()

    sheets = printed(page)
    page.emulate_media(media="print")
    ground, ink = page.evaluate(
        "() => [document.documentElement, document.querySelector('td')].map((element, i) =>"
        " getComputedStyle(element)[i ? 'color' : 'backgroundColor'])"
    )

    paper = words([line for lines in sheets for line in lines])
    assert len(sheets) == 1
    assert f"Powered hours by plane and month, {last} beside {last - 1}" in paper
    assert "Plane Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec Total Difference" in paper
    assert {"rgb(255, 255, 255)", "rgb(0, 0, 0)"} == {ground, ink}
    for stray in ("CSV", "Print ", "Dashboard", "Sessions", "Skip"):
        assert stray not in paper
