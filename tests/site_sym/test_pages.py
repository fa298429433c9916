"""Every page, on a phone and on a desktop, light and dark: accessible, within the screen, usable by keyboard."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import MakeDatabase, NewPage
from tests.site_sym.axe import AXE_COLOUR_RULES
from tests.site_sym.axe import violations as violations
from tests.site_sym.crowding import find_crowding, resize
from tools import screenshots
from tools.stack import Stack

# Width and height in pixels, and the letters' size in percent. 320 x 256 is 1,280 x 1,024 at 400 %.
SCREENS = [
    (1280, 800, 100),
    *((320, 256, 100), (320, 640, 100), (390, 844, 100), (1440, 900, 100)),
    *((320, 640, 200), (390, 844, 200), (1280, 800, 200), (1440, 900, 200)),
]
NARROWEST = {"width": 320, "height": 640}
ALL_PAGES = {
    **screenshots.pages(),
    "day": "#/sessions/timeline?view=day",
    "sessions from a day to a day": "#/sessions?period=custom&from=2026-01-01&to=2100-01-01&plane=none",
    "not found": "#/nowhere",
}


def press(*names: str) -> Callable[[Page], None]:
    """A way to open something: by the first button of each name in turn."""

    def act(page: Page) -> None:
        for name in names:
            page.get_by_role("button", name=name).first.click()

    return act


def select_two(page: Page) -> None:
    """Tick two sessions of the list."""
    press("Select")(page)
    for number in (1, 2):
        page.get_by_role("checkbox").nth(number).check()


def read_the_meter(page: Page) -> None:
    """Type what the meter shows, so that the page compares it."""
    press("New reading")(page)
    page.get_by_label("Meter shows").fill("4950.0")


def open_a_session(page: Page) -> None:
    """Open the newest session's sheet."""
    page.locator("button.open").first.click()
    page.wait_for_selector("dialog form")


def open_an_item(page: Page) -> None:
    """Open what is due and correct the figure, so that the reading is offered."""
    page.get_by_role("button", name=re.compile(r"^\d+ h ")).first.click()
    page.get_by_label("Meter shows").fill("4950.0")


def void_a_completion(page: Page) -> None:
    """Open what is overdue, and ask for the newest entry of its history to be voided."""
    page.get_by_role("table", name="Maintenance").get_by_role("button").first.click()
    press("Void the completion")(page)


def pick_a_template(page: Page) -> None:
    """Tick an item that the plane has not got, and show all that can be said about it."""
    page.get_by_role("checkbox", name=re.compile("^Spark plugs")).check()
    press("More about Spark plugs")(page)


def open_a_component(page: Page) -> None:
    """Open what changed planes, and correct where it was."""
    press("Lycoming O-360-A4M", "Correct the installation")(page)


PLANE, DEVICE = ALL_PAGES["plane"], ALL_PAGES["device"]
FEW_SESSIONS = "#/sessions?plane=none&period=all"
# What appears only after a click, by the page that it is on.
OPENED: dict[str, tuple[str, Callable[[Page], None]]] = {
    "a session": (FEW_SESSIONS, open_a_session),
    "an entry by hand": (FEW_SESSIONS, press("Add a session")),
    "an export": (FEW_SESSIONS, press("Export")),
    "selected sessions": (FEW_SESSIONS, select_two),
    "a reading": (PLANE, read_the_meter),
    "a correction": ("#/sessions/review", press("Fix the time")),
    "a maintenance item": ("#/maintenance?status=due_soon", open_an_item),
    "a completion to void": ("#/maintenance?status=overdue", void_a_completion),
    "a template": (ALL_PAGES["programme"], pick_a_template),
    "an item to edit": (ALL_PAGES["programme"], press("Edit 100 h inspection")),
    "a component": ("#/components", open_a_component),
    "a question": (DEVICE, press("Reset its key")),
    "months as a table": ("#/", press("As a table")),
}

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

# Each that is chosen: whether one of its kind that is not looks the same, and whether the keyboard's focus shows.
CHOSEN = """() => {
  const shape = (element) => {
    const { backgroundColor, borderColor, borderStyle, textDecorationLine } = getComputedStyle(element);
    return [backgroundColor, borderColor, borderStyle, textDecorationLine].join();
  };
  const isShown = (element) => element.getClientRects().length > 0;
  const pairs = [
    ...[...document.querySelectorAll(".rail nav a[aria-current], .views a[aria-current]")].map((on) =>
      [on, on, [...on.parentElement.children].find((other) => other !== on && isShown(other))]),
    ...[...document.querySelectorAll("input[type=radio]:checked")].map((on) =>
      [on, on.nextElementSibling, on.closest("fieldset").querySelector("input:not(:checked)")?.nextElementSibling]),
    ...[...document.querySelectorAll("[aria-pressed=true]")].map((on) =>
      [on, on, on.parentElement.querySelector("[aria-pressed=false], a.button")]),
  ];
  return pairs.filter(([on, , off]) => off && isShown(on)).map(([on, shown, off]) => {
    const alike = shape(shown) === shape(off);
    on.focus({ focusVisible: true });
    const { outlineStyle, outlineWidth } = getComputedStyle(shown);
    const outlined = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
    return { name: (on.parentElement.textContent ?? "").trim().slice(0, 40), alike, outlined };
  });
}"""
UNMARKED = r"""() => {
  const figure = /^(≈ )?([A-Z]-[A-Z]{4}|N\d+[A-Z]*|(today |yesterday |\d+ \w{3} (\d{4} )?)?\d+([.:]\d+)+(Z| h)?)$/;
  const found = [];
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode;
    if (figure.test(data.trim()) && !parentElement.closest("[translate=no], option, .back")) found.push(data.trim());
  }
  return found;
}"""
SWATCHES = """() => [...document.querySelectorAll(".legend i, .legend .fill, .legend .now")].map((swatch) => {
  const { backgroundColor, backgroundImage } = getComputedStyle(swatch);
  return `${backgroundColor} ${backgroundImage}`;
})"""


@pytest.fixture(scope="module")
def sample(make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with the demo's club and a board in every state."""
    with Stack(data=tmp_path_factory.mktemp("sample"), port=0, database_url=make_database()) as stack:
        screenshots.fill(stack)
        yield stack


@pytest.mark.parametrize("size", screenshots.SIZES)
def test_axe_finds_nothing_on_any_page(new_page: NewPage, sample: Stack, size: str) -> None:
    """No violation of WCAG 2.2 AA or of axe's best practices, light or dark; console and content policy stay silent."""
    page = new_page(color_scheme="light", reduced_motion="reduce", **screenshots.DEVICES[size])

    found = {}
    for names in (screenshots.SIGNED_OUT_PAGES, screenshots.pages()):
        if names is not screenshots.SIGNED_OUT_PAGES:
            screenshots.sign_in(page, sample.url)
        for name, hash_ in names.items():
            page.goto(f"{sample.url}/{hash_}")
            screenshots.settle(page)
            found[name] = violations(page)
            page.emulate_media(color_scheme="dark")
            found[f"{name}, dark"] = violations(page, AXE_COLOUR_RULES)
            page.emulate_media(color_scheme="light")

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


def test_nothing_is_crowded_out_and_no_figure_is_left_to_a_translator(new_page: NewPage, sample: Stack) -> None:
    """Each text in its place and each control within reach, on phones and desktops, also with letters twice as large.

    And a registration, hours, a time or a duration that stands by itself is marked as nothing to translate.
    """
    page = new_page(reduced_motion="reduce")
    screenshots.sign_in(page, sample.url)

    crowded, unmarked = [], []
    for name, (hash_, act) in {**{name: (hash_, None) for name, hash_ in ALL_PAGES.items()}, **OPENED}.items():
        resize(page, *SCREENS[0])
        page.goto(f"{sample.url}/{hash_}")
        screenshots.settle(page)
        if act is not None:
            act(page)
            screenshots.settle(page)
        unmarked += [f"{name}: {figure}" for figure in page.evaluate(UNMARKED)]
        for screen in SCREENS:
            resize(page, *screen)
            crowded += [
                f"{name} at {screen[0]} x {screen[1]} px, {screen[2]} %: {fault}" for fault in find_crowding(page)
            ]

    assert crowded == []
    assert unmarked == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<p style='width: 1300px; height: 9px'></p>", "the page scrolls sideways"),
        ("<p style='width: 40px; border: 1px solid'>unbreakable</p>", "spills out of p"),
        ("<p style='width: 40px; overflow: hidden'>unbreakable</p>", "spills out of p"),
        ("<p>One</p><p style='margin-top: -40px'>Other</p>", "stands over"),
        ("<input style='width: 90px'><select style='margin-left: -9px'></select>", "stands over select"),
        ("<a href='#'>Link</a><p style='position: fixed; inset: 0'></p>", "is covered by p"),
    ],
)
def test_what_is_crowded_is_seen(page: Page, body: str, fault: str) -> None:
    """The search finds each kind of fault, and nothing once the text may scroll or the boxes stand apart."""
    page.set_content(f"<html><body>{body}</body></html>")
    found = find_crowding(page)
    page.set_content("<p style='width: 40px; overflow: auto'>unbreakable</p><a href='#'>Link</a><input>")

    assert fault in " ".join(found)
    assert find_crowding(page) == []


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


@pytest.mark.parametrize("size", screenshots.SIZES)
def test_a_forced_palette_keeps_what_is_chosen_legends_and_focus(new_page: NewPage, sample: Stack, size: str) -> None:
    """In Windows' contrast themes what is chosen stands out by more than its letters, and a legend has its colours."""
    page = new_page(reduced_motion="reduce", **screenshots.DEVICES[size])
    screenshots.sign_in(page, sample.url)

    problems, chosen, swatches = [], 0, 0
    for name in ("dashboard", "timeline", "sessions", "settings"):
        page.goto(f"{sample.url}/{ALL_PAGES[name]}")
        screenshots.settle(page)
        if name == "sessions":
            press("Select")(page)
        usual = page.evaluate(SWATCHES)
        page.emulate_media(forced_colors="active")
        looks = page.evaluate(CHOSEN)
        problems += [f"{name}: {look['name']} looks as if it were not chosen" for look in looks if look["alike"]]
        problems += [f"{name}: no outline on {look['name']}" for look in looks if not look["outlined"]]
        if usual != page.evaluate(SWATCHES):
            problems.append(f"{name}: the legend lost its colours")
        chosen, swatches = chosen + len(looks), swatches + len(usual)
        page.emulate_media(forced_colors="none")

    assert problems == []
    # A phone's tab bar has no room for the settings.
    assert (
        chosen >= (4 if size == "desktop" else 3) + 1 + 1 + 3
    )  # the navigation on each page, the timeline's view, Select, the settings
    assert swatches >= 4 + 5 + 2  # the planes, the days, the bars


def test_a_new_page_puts_the_focus_on_its_heading(new_page: NewPage, sample: Stack) -> None:
    """A screen reader hears where it is after following a link, and the title says it, too."""
    page = new_page()
    screenshots.sign_in(page, sample.url)
    screenshots.settle(page)

    page.get_by_role("navigation").get_by_role("link", name="Devices").click()

    expect(page.get_by_role("heading", name="Devices", level=1)).to_be_focused()
    expect(page).to_have_title(re.compile("^Devices"))


def test_the_first_tab_stop_skips_the_navigation(new_page: NewPage, sample: Stack) -> None:
    """One key press and Enter lead to the page itself."""
    page = new_page()
    screenshots.sign_in(page, sample.url)
    page.reload()
    screenshots.settle(page)

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_be_focused()


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
