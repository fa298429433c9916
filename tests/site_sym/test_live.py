"""The page keeps itself up to date: seconds tick, news appears, a hidden tab is quiet, an outage is explained."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from tests.site_sym.club import REVIEW, Club, api_requests, message, now, report
from tests.support import PageFaults

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""

# The server is well again the moment the button is pressed: no earlier, or the page would come back by itself.
OUTAGE_UNTIL_A_CLICK = """
  const answer = JSON.stringify({ code: "XX000", message: "disk full", hint: null });
  let isDown = true;
  addEventListener("click", () => { isDown = false; }, true);
  const ask = window.fetch;
  window.fetch = (input, init) => isDown && String(input.url ?? input).includes("/rest/v1/rpc/")
    ? Promise.resolve(new Response(answer, { status: 500, headers: { "Content-Type": "application/json" } }))
    : ask(input, init);
"""

# A busy browser: what its observers see is handed over late: two at once, oldest first.
LATE_OBSERVERS = """
  const Observer = window.IntersectionObserver;
  window.IntersectionObserver = class extends Observer {
    constructor(tell, options) {
      const held = [];
      super((entries, observer) => {
        held.push(...entries);
        if (held.length > 1) tell(held.splice(0), observer);
      }, options);
    }
  };
"""

# The last number of each, a drum's by its name.
LAST_FIGURES = """(selectors) => selectors.map((selector) => {
  const element = document.querySelector(selector);
  return (element.ariaLabel ?? element.textContent).match(/\\d+\\.\\d/g)?.at(-1);
})"""
# What a meter shows, and what is a sum or a duration: those are cut off, these are rounded.
PLANE_METERS = [".drums", ".hours > p", "p.figure", "td.hobbs", "dialog dd:nth-of-type(3)"]
PLANE_SUMS = ["a.figure", "td.hours"]
FLEET_METERS = [".drums", "td.hobbs"]
FLEET_SUMS = [
    "header .nowrap + .nowrap",
    "nav[aria-label='Sessions of'] a:nth-of-type(3)",
    ".card dd",
    "#totals + dl dd",
    "#totals + dl div + div dd",
    ".legend .of-month",
]


def test_a_running_session_counts_on_the_page(page: Page, club: Club) -> None:
    """Between two reports of the board the seconds go on, in the card and in the list."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    report(club.stack, message(device_uuid, now() - timedelta(seconds=2460), 2460, status="open"))
    club.open(page)
    time = page.get_by_role("article").get_by_role("timer")
    expect(time).to_contain_text("0:41:")
    row = page.get_by_role("table", name="Latest sessions").locator("data")

    shown, listed = time.inner_text(), row.inner_text()

    expect(time).not_to_have_text(shown)
    expect(row).not_to_have_text(listed)
    expect(row).to_have_attribute("value", "2460")


@pytest.mark.parametrize(
    ("hash_", "run_seconds", "turning", "staying"),
    [("#/planes/{}", 290, PLANE_METERS, PLANE_SUMS), ("#/", 110, FLEET_SUMS, FLEET_METERS)],
    ids=["plane", "dashboard"],
)
def test_every_figure_of_a_running_session_turns_at_the_same_second(
    page: Page, club: Club, hash_: str, run_seconds: int, turning: list[str], staying: list[str]
) -> None:
    """Second by second over a tenth's edge: the plane's page with the session's sheet, the dashboard with its chart.

    Sums turn where a tenth is nearer than none, meters once it is complete; the browser's own clock is hours off.
    """
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box 2", plane_id)
    report(club.stack, message(device_uuid, now() - timedelta(seconds=run_seconds), run_seconds, status="open"))
    page.set_viewport_size({"width": 1440, "height": 900})
    page.clock.install(time=now() - timedelta(hours=5))
    club.open(page, hash_.format(plane_id))
    expect(page.locator("td.hobbs")).to_be_visible()
    if hash_ != "#/":
        page.locator("button.open").click()
        expect(page.get_by_role("dialog")).to_contain_text("Hobbs")
    else:
        expect(page.locator(".legend .of-month")).to_be_visible()

    # No answer puts the page's clock back, which runs ahead of the server's from here on.
    page.route("**/rest/v1/**", lambda route: None)
    seen, still = [], []
    for _ in range(90):
        seen.append(page.evaluate(LAST_FIGURES, turning))
        still.append(page.evaluate(LAST_FIGURES, staying))
        page.clock.run_for(1000)

    changes = [one for n, one in enumerate(seen) if n == 0 or one != seen[n - 1]]
    assert [["0.0"] * len(turning), ["0.1"] * len(turning)] == changes
    assert [[still[0][0]] * len(staying)] * len(seen) == still


def test_a_new_session_appears_without_a_reload(page: Page, club: Club) -> None:
    """What a board reports while the page is open shows in the card, the totals and the list."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    report(club.stack, message(device_uuid, now() - timedelta(hours=30), 3600))
    page.clock.install()
    club.open(page)
    rows = page.get_by_role("table", name="Latest sessions").locator("tr.entry")
    expect(rows).to_have_count(1)

    report(club.stack, message(device_uuid, now() - timedelta(seconds=5400), 5400, status="open"))
    page.clock.run_for(11_000)

    expect(rows).to_have_count(2)
    expect(page.get_by_role("article").get_by_role("img", name="2.5 hours")).to_be_visible()
    expect(page.get_by_role("region", name="The fleet")).to_contain_text("1 of 1 plane")


def test_a_hidden_tab_asks_for_nothing_and_catches_up_when_it_is_seen(page: Page, club: Club) -> None:
    """Polling stops with the tab and goes on at once when it comes back."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    report(club.stack, message(device_uuid, now() - timedelta(hours=30), 3600))
    page.clock.install()
    club.open(page)
    expect(page.get_by_role("table", name="Latest sessions")).to_be_visible()
    page.wait_for_load_state("networkidle")

    page.evaluate(HIDE, True)
    requests = api_requests(page)
    page.clock.run_for(120_000)
    page.wait_for_load_state("networkidle")
    hidden = len(requests)
    report(club.stack, message(device_uuid, now() - timedelta(hours=20), 3600))
    page.evaluate(HIDE, False)

    expect(page.get_by_role("article").get_by_role("img", name="2.0 hours")).to_be_visible()
    assert hidden == 0
    assert len(requests) > 0


def test_the_dashboard_asks_three_questions_at_most(page: Page, club: Club) -> None:
    """The visitor's fleets, all about the one shown, and the year's days: that is all, also with twelve boards.

    What needs review is asked for when that is there, of the page that is left, too, and boards again after 10 s.
    """
    for number in range(12):
        device_uuid = club.add_device(f"Box {number}", club.add_plane(f"D-EK{number:02d}"))
        report(club.stack, message(device_uuid, now() - timedelta(hours=30), 3600))
    page.set_viewport_size({"width": 1280, "height": 2400})
    club.open(page)
    expect(page.get_by_role("img", name="in the last twelve months")).to_be_visible()
    requests = api_requests(page)

    page.reload()
    expect(page.get_by_role("region", name="Planes").get_by_role("listitem")).to_have_count(12)
    expect(page.get_by_role("img", name="in the last twelve months")).to_be_visible()
    expect(page.get_by_role("table", name="Latest sessions").locator("tr.entry")).to_have_count(6)
    expect(page.get_by_role("region", name="Hours per month").get_by_role("img")).to_be_visible()

    shown = [name for name in requests if name not in REVIEW]
    assert ["my_fleets", "rpc/fleet_overview", "rpc/hours_by_day"] == shown[:3]
    assert {*shown[3:]} <= {"rpc/fleet_overview"}


def test_polling_asks_for_devices_alone_until_one_changes(page: Page, club: Club) -> None:
    """Every ten seconds one request without planes, months and sessions; news fetches those in two more."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    report(club.stack, message(device_uuid, now() - timedelta(hours=30), 3600))
    page.clock.install()
    club.open(page)
    rows = page.get_by_role("table", name="Latest sessions").locator("tr.entry")
    expect(rows).to_have_count(1)
    page.clock.run_for(5_000)
    page.wait_for_load_state("networkidle")
    asked: list[Any] = []

    def note(request: Request) -> None:
        if "fleet_overview" in request.url:
            asked.append(request.post_data_json)

    page.on("request", note)
    begun = page.evaluate("Date.now()")
    with page.expect_response("**/rpc/fleet_overview"):
        page.clock.run_for(10_000)
    quiet = len(asked)
    passed_ms = page.evaluate("Date.now()") - begun
    report(club.stack, message(device_uuid, now() - timedelta(hours=3), 3600))
    page.clock.run_for(10_000)
    expect(rows).to_have_count(2)

    wanted = [(one["with_planes"], "months" in one, "latest_sessions" in one) for one in asked]
    # The page's clock goes on by itself, too: how often it has asked depends on how long all this took.
    devices_alone = (False, False, False)
    assert 1 <= quiet <= 1 + passed_ms // 10_000
    assert [devices_alone] * (quiet + 1) == wanted[: quiet + 1]
    assert [(True, False, False), (False, True, True)] == [one for one in wanted if one != devices_alone]


def test_an_outage_keeps_what_was_there_and_ends_by_itself(page: Page, club: Club, page_faults: PageFaults) -> None:
    """The page says what failed, keeps showing the hours it knows, and goes on when the server is back."""
    page_faults.allow("ERR_FAILED|Failed to load resource")
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    report(club.stack, message(device_uuid, now() - timedelta(hours=30), 3600))
    page.clock.install()
    club.open(page)
    hours = page.get_by_role("article").get_by_role("img", name="1.0 hours")
    expect(hours).to_be_visible()

    page.route("**/rest/v1/**", lambda route: route.abort())
    page.clock.run_for(11_000)
    problem = page.get_by_role("alert").first
    expect(problem).to_contain_text("Nothing is lost")
    expect(hours).to_be_visible()
    page.unroute("**/rest/v1/**")
    page.clock.run_for(25_000)

    expect(page.get_by_role("alert")).to_have_count(0)
    expect(hours).to_be_visible()


def test_a_page_opened_during_an_outage_offers_another_try(page: Page, club: Club) -> None:
    """Nothing was there before: the page says so and has a button, which works once the server is back."""
    club.add_plane("D-EKLM")
    club.open(page)

    page.add_init_script(OUTAGE_UNTIL_A_CLICK)
    page.reload()
    expect(page.get_by_role("alert").first).to_contain_text("Your planes could not be loaded.")
    page.get_by_role("button", name="Try again").first.click()

    expect(page.get_by_role("article")).to_contain_text("D-EKLM")


def test_a_part_that_cannot_be_loaded_says_so_and_is_asked_for_again(
    page: Page, club: Club, page_faults: PageFaults
) -> None:
    """Trying again loads it; a file that is gone for good, as after a new deployment, reloads the whole page."""
    page_faults.allow("ERR_FAILED|Failed to load resource|dynamically imported module")
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    report(club.stack, message(device_uuid, now() - timedelta(hours=30), 3600))
    page.route("**/assets/MonthChart-*.js", lambda route: route.abort())
    club.open(page)
    months = page.get_by_role("region", name="Hours per month")
    again = months.get_by_role("button", name="Try again")
    expect(months.get_by_role("alert")).to_contain_text("A part of this page could not be loaded.")

    with page.expect_event("load"):
        again.click()
    expect(months.get_by_role("alert")).to_be_visible()
    page.unroute("**/assets/MonthChart-*.js")
    again.click()

    expect(months.get_by_role("img")).to_be_visible()
    expect(months.get_by_role("alert")).to_have_count(0)


def test_two_tabs_sign_out_together(page: Page, club: Club) -> None:
    """Signing out in one tab leaves no fleet on the screen of the other."""
    club.add_plane("D-EKLM")
    club.open(page, "#/planes")
    expect(page.get_by_role("article")).to_contain_text("D-EKLM")
    other = page.context.new_page()
    other.goto(f"{club.stack.url}/#/settings")

    other.get_by_role("button", name="Sign out", exact=True).click()

    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_text("D-EKLM")).to_have_count(0)


def test_a_panel_that_comes_into_view_is_filled_however_busy_the_browser_is(page: Page, club: Club) -> None:
    """Both changes, out of view and in view, arrive in one call: the newer one counts."""
    device_uuid = club.add_device("Panel box 2", club.add_plane("D-EKLM"))
    report(club.stack, message(device_uuid, now() - timedelta(hours=30), 3600))
    page.set_viewport_size({"width": 390, "height": 200})
    page.add_init_script(LATE_OBSERVERS)
    club.open(page)
    panel = page.get_by_role("region", name="Days of the year")

    panel.scroll_into_view_if_needed()

    expect(panel.get_by_role("button", name="As a table")).to_be_visible()
