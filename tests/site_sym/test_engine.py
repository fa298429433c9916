"""What the bus voltage says, on the pages: battery and alternator by month."""

from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import NewPage
from tests.site_sym.axe import violations
from tests.site_sym.club import Club, message, now, report
from tools import screenshots

BUS = {"engine_seconds": 300, "engine_first_s": 60, "bus_start_mv": 12_140, "bus_min_mv": 9_300, "bus_max_mv": 13_210}


def open_plane(page: Page, club: Club, count: int, **bus: int) -> Locator:
    """The page of a plane that has flown so often, and on it the panel of the bus voltage."""
    plane_id = club.add_plane("D-EKLM")
    flights(club, club.add_device("Box", plane_id), count, **bus)
    club.open(page, f"#/planes/{plane_id}")
    return page.get_by_role("region", name="Battery and alternator")


def flights(club: Club, device: str, count: int, **bus: int) -> None:
    """Ended flights of today, with what the board measured of the bus."""
    begin = now() - timedelta(minutes=50)
    if begin.month != now().month:
        begin -= timedelta(hours=1)  # in one month, by which the panel sums them up
    sent = [
        message(device, begin + timedelta(minutes=10 * number), 480, status="closed", boot=number + 1, **bus)
        for number in range(count)
    ]
    report(club.stack, *sent)


def test_a_weak_battery_and_a_lazy_alternator_are_said_in_words(page: Page, club: Club) -> None:
    """From three flights on; the same figures stand in the table."""
    panel = open_plane(page, club, 3, **BUS)

    expect(panel.get_by_text("12.1 V at rest: about half full")).to_be_visible()
    expect(panel.get_by_text("9.3 V while cranking: good")).to_be_visible()
    expect(panel.get_by_text("13.2 V charging: low, have the alternator looked at")).to_be_visible()
    expect(panel.get_by_role("img", name="Bus voltage by month")).to_be_visible()
    panel.get_by_role("button", name="As a table").click()
    # The first row is the present month's; in its first hour the flights are in the one below.
    expect(panel.get_by_role("row").filter(has_text="13.2 V")).to_contain_text("12.1 V")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_chart_and_table_pass_axe_on_a_phone(new_page: NewPage, club: Club, theme: str) -> None:
    """In either theme; each word says of which month and how many sessions it is; nothing scrolls sideways."""
    page = new_page(color_scheme=theme, **screenshots.DEVICES["phone"])
    panel = open_plane(page, club, 3, **BUS)
    expect(panel.get_by_text("median of")).to_have_count(3)
    expect(panel.locator("figure circle")).to_have_count(3)
    found = violations(page)

    panel.get_by_role("button", name="As a table").click()
    expect(panel.get_by_role("table")).to_be_visible()

    assert [] == found + violations(page)
    assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_without_colours_the_lines_still_differ(new_page: NewPage, club: Club) -> None:
    """Each has its dashes, in the chart and in the legend."""
    page = new_page(forced_colors="active")

    figure = open_plane(page, club, 3, **BUS).locator("figure")

    expect(figure.locator("circle")).to_have_count(3)
    for part in (".room path", ".legend path"):
        dashes = figure.locator(part).evaluate_all(
            "(lines) => lines.map((line) => getComputedStyle(line).strokeDasharray)"
        )
        assert 3 == len(set(dashes)), part


def test_nothing_is_concluded_from_two_flights(page: Page, club: Club) -> None:
    """They are shown, and that is all."""
    bus = BUS | {"bus_start_mv": 11_000, "bus_min_mv": 6_000, "bus_max_mv": 12_000}
    panel = open_plane(page, club, 2, **bus)

    expect(panel.get_by_text("Not enough sessions yet to tell how the battery is.")).to_be_visible()
    expect(panel.get_by_text("have the")).to_have_count(0)


def test_a_plane_without_sensing_has_no_such_panel(page: Page, club: Club) -> None:
    """Nobody is shown an empty chart of a wire that is not there."""
    panel = open_plane(page, club, 3)

    expect(page.get_by_role("heading", name="Sessions of D-EKLM")).to_be_visible()
    expect(panel).to_have_count(0)
    expect(page.get_by_role("heading", name="Battery and alternator")).to_have_count(0)
