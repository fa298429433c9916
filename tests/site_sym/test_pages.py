"""Every page, on a phone and on a desktop, light and dark: accessible, within the screen, usable by keyboard."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.conftest import MakeDatabase, NewPage
from tools import screenshots
from tools.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "site_sym" / "node_modules" / "axe-core" / "axe.min.js"
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NARROWEST = {"width": 320, "height": 640}

FOCUS = """() => {
  const focused = document.activeElement;
  const outlined = (element, part) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element, part);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  };
  const around = [[focused, null], [focused, "::after"]];
  if (focused.nextElementSibling) around.push([focused.nextElementSibling, null]);
  const { top, left, bottom, right } = focused.getBoundingClientRect();
  return {
    name: focused.tagName + " " + (focused.getAttribute("aria-label") ?? focused.textContent ?? "").trim(),
    outlined: around.some(([element, part]) => outlined(element, part)),
    visible: bottom > 0 && right > 0 && top < innerHeight && left < innerWidth,
    order: [...document.querySelectorAll("*")].indexOf(focused),
  };
}"""


@pytest.fixture(scope="module")
def sample(make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with the demo's club and a board in every state."""
    with Stack(data=tmp_path_factory.mktemp("sample"), port=0, database_url=make_database()) as stack:
        screenshots.fill(stack)
        yield stack


def violations(page: Page) -> list[str]:
    """What axe finds on the page; its source is evaluated by the debugger, which no content policy stops."""
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("(tags) => axe.run(document, { runOnly: tags })", AXE_RULES)
    return [
        f"{rule['id']}: {node['html']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("theme", screenshots.THEMES)
@pytest.mark.parametrize("size", screenshots.SIZES)
def test_axe_finds_nothing_on_any_page(new_page: NewPage, sample: Stack, theme: str, size: str) -> None:
    """No violation of WCAG 2.2 AA or of axe's best practices; console and content policy stay silent, too."""
    page = new_page(color_scheme=theme, reduced_motion="reduce", **screenshots.DEVICES[size])

    found = {}
    for names in (screenshots.SIGNED_OUT_PAGES, screenshots.pages()):
        if names is not screenshots.SIGNED_OUT_PAGES:
            screenshots.sign_in(page, sample.url)
        for name, hash_ in names.items():
            page.goto(f"{sample.url}/{hash_}")
            screenshots.settle(page)
            found[name] = violations(page)

    assert {name: texts for name, texts in found.items() if texts} == {}


def test_the_chart_as_a_table_and_an_open_notice_pass_axe_too(new_page: NewPage, sample: Stack) -> None:
    """States that appear only after a click, on a phone, where the table has to scroll."""
    page = new_page(reduced_motion="reduce", **screenshots.DEVICES["phone"])
    screenshots.sign_in(page, sample.url)
    screenshots.settle(page)

    page.get_by_role("button", name="As a table").first.click()
    page.wait_for_selector("table >> text=Total")
    as_table = violations(page)
    page.goto(f"{sample.url}/#/fleet")
    page.get_by_role("button", name="Rename").click()
    page.wait_for_selector(".notice")
    with_notice = violations(page)

    assert as_table == []
    assert with_notice == []


def test_no_page_is_wider_than_the_narrowest_phone(new_page: NewPage, sample: Stack) -> None:
    """At 320 px, which is also 1,280 px at 400 %, nothing scrolls sideways and no control leaves the screen."""
    page = new_page(viewport=NARROWEST, is_mobile=True, has_touch=True)
    screenshots.sign_in(page, sample.url)

    wide = {}
    for name, hash_ in screenshots.pages().items():
        page.goto(f"{sample.url}/{hash_}")
        screenshots.settle(page)
        width = page.evaluate("() => document.documentElement.scrollWidth")
        outside = page.evaluate(
            """() => [...document.querySelectorAll("main a, main button, main input, main select, nav a")]
              .filter((element) => element.getClientRects().length)
              .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
              .map((element) => element.outerHTML)"""
        )
        if width > NARROWEST["width"] or outside:
            wide[name] = (width, outside)

    assert wide == {}


@pytest.mark.parametrize("size", screenshots.SIZES)
def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(
    new_page: NewPage, sample: Stack, size: str
) -> None:
    """Tab goes through the page in the order of its text; each stop is outlined and on the screen."""
    page = new_page(**{**screenshots.DEVICES[size], "is_mobile": False})
    screenshots.sign_in(page, sample.url)

    problems = []
    for name, hash_ in screenshots.pages().items():
        page.goto(f"{sample.url}/{hash_}")
        page.reload()
        screenshots.settle(page)
        stops: list[dict[str, Any]] = []
        for _ in range(60):
            page.keyboard.press("Tab")
            stop = page.evaluate(FOCUS)
            if stop["name"].startswith("BODY") or (stops and stop["order"] == stops[0]["order"]):
                break
            stops.append(stop)
        assert len(stops) > 5
        problems += [f"{name}: no outline on {stop['name']}" for stop in stops if not stop["outlined"]]
        problems += [f"{name}: off the screen: {stop['name']}" for stop in stops if not stop["visible"]]
        orders = [stop["order"] for stop in stops]
        problems += [f"{name}: out of order: {orders}"] if orders != sorted(orders) else []

    assert problems == []


def test_a_new_page_puts_the_focus_on_its_heading(new_page: NewPage, sample: Stack) -> None:
    """A screen reader hears where it is after following a link, and the title says it, too."""
    page = new_page()
    screenshots.sign_in(page, sample.url)
    screenshots.settle(page)

    page.get_by_role("navigation").get_by_role("link", name="Devices").click()

    page.wait_for_function("() => document.activeElement.tagName === 'H1'")
    assert page.evaluate("() => document.activeElement.textContent") == "Devices"
    assert page.title().startswith("Devices")


def test_the_first_tab_stop_skips_the_navigation(new_page: NewPage, sample: Stack) -> None:
    """One key press and Enter lead to the page itself."""
    page = new_page()
    screenshots.sign_in(page, sample.url)
    page.reload()
    screenshots.settle(page)

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.evaluate("() => document.activeElement.tagName") == "H1"


def test_the_theme_follows_the_system_until_one_is_chosen(new_page: NewPage, sample: Stack) -> None:
    """A chosen theme is there before the first paint of the next visit."""
    page = new_page(color_scheme="dark")
    screenshots.sign_in(page, sample.url)
    background = "() => getComputedStyle(document.documentElement).backgroundColor"
    dark = page.evaluate(background)

    page.goto(f"{sample.url}/#/settings")
    page.get_by_role("radio", name="Light").check()
    light = page.evaluate(background)
    page.reload(wait_until="commit")
    page.wait_for_selector("html[data-theme='light']", state="attached")

    assert light != dark
    assert page.evaluate(background) == light
