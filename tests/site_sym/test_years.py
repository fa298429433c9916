"""Months and years: charts that lead to the log, and the page of a year by plane and month beside the one before."""

from datetime import timedelta

from playwright.sync_api import Locator, Page, expect

from tests.conftest import NewPage
from tests.site_sym.club import Club, message, now, report

HOUR = 3600
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
# Bars may still rise, and the sessions' page be fetched: what counts is where a link leads.
HREF = "(link) => link.getAttribute('href')"


def months_panel(page: Page) -> Locator:
    """The dashboard's chart by month."""
    return page.get_by_role("region", name="Powered hours per month").first


def fly_yesterday(club: Club, registration: str = "D-EKLM") -> str:
    """A plane with one and a half hours, 30 hours ago; its id."""
    plane_id = club.add_plane(registration)
    report(club.stack, message(club.add_device("Box", plane_id), now() - timedelta(hours=30), 5400))
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
    page = new_page(reduced_motion="reduce", **PHONE)
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
