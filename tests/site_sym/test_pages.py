"""Every page, on a phone and on a desktop, light and dark: accessible, within the screen, usable by keyboard."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
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
NARROWEST_AND_LOWEST = (320, 256, 100)
SCREENS = [(1280, 800, 100), NARROWEST_AND_LOWEST, (390, 844, 100), (320, 640, 200), (1280, 800, 200)]
MORE_SCREENS = [(320, 640, 100), (1440, 900, 100), (390, 844, 200), (1440, 900, 200)]  # with --long
BY_KEYBOARD = {SCREENS[0], NARROWEST_AND_LOWEST}
MORE_BY_KEYBOARD = {(390, 844, 100)}  # with --long
TAB_STOPS = 60
TABS_AT_ONCE = 10
FEWEST_STOPS = 3  # a form with one field
NARROWEST = {"width": 320, "height": 640}
ALL_PAGES = {
    **screenshots.pages(),
    "day": "#/sessions/timeline?view=day",
    "sessions from a day to a day": "#/sessions?period=custom&from=2026-01-01&to=2100-01-01&plane=none",
    "not found": "#/nowhere",
}


Act = Callable[[Page], None]


def press(*names: str) -> Act:
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


def rename_the_fleet(page: Page) -> None:
    """Give it the name that it has, so that a notice says so."""
    press("Rename")(page)
    page.wait_for_selector(".notice")


PLANE, DEVICE = ALL_PAGES["plane"], ALL_PAGES["device"]
FEW_SESSIONS = "#/sessions?plane=none&period=all"
# What appears only after a click, by the page that it is on.
OPENED: dict[str, tuple[str, Act]] = {
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
    "a notice": ("#/fleet", rename_the_fleet),
}

# The keyboard begins before everything else on the page.
TOP = """() => {
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
  scrollTo(0, 0);
}"""
PASSING = {"a notice"}  # it stands over the page for some seconds
WITH_PARTS = {"sessions from a day to a day"}  # the browser outlines the parts of a date by itself
# Looks at where the keyboard is whenever a key is released: asking after each would cost as much as the looking.
WATCH_FOCUS = """() => {
  globalThis.stops = [];
  globalThis.onkeyup = () => globalThis.stops.push(look(document.activeElement));
  const outlined = (element, part) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element, part);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  };
  const look = (focused) => {
    const around = [[focused, null], [focused, "::after"]];
    if (focused.nextElementSibling) around.push([focused.nextElementSibling, null]);
    const { top, left, bottom, right } = focused.getBoundingClientRect();
    const isHit = (x, y) => {
      const hit = document.elementFromPoint(x, y);
      const own = [focused, ...(focused.labels ?? [])];
      return hit !== null && own.some((part) => part.contains(hit) || hit.contains(part));
    };
    const places = [...focused.getClientRects()].flatMap(({ x, y, width, height }) =>
      [0.1, 0.5, 0.9].flatMap((part) => [[x + part * width, y + height / 2], [x + width / 2, y + part * height]]));
    return {
      name: focused.tagName + " " + (focused.getAttribute("aria-label") ?? focused.textContent ?? "").trim(),
      outlined: around.some(([element, part]) => outlined(element, part)),
      visible: bottom > 0 && right > 0 && top < innerHeight && left < innerWidth,
      covered: !places.some(([x, y]) => isHit(x, y)),
      order: [...document.querySelectorAll("*")].indexOf(focused),
    };
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
  // Beneath an open dialog nothing can be focused.
  const modal = document.querySelector("dialog[open]");
  const isReached = (on) => isShown(on) && (modal === null || modal.contains(on));
  return pairs.filter(([on, , off]) => off && isReached(on)).map(([on, shown, off]) => {
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


@dataclass
class Look:
    """What the checks find on the pages of one visitor: each fault with its page and look."""

    page: Page
    size: str
    long: bool
    faults: list[str] = field(default_factory=list)
    # So that nobody takes an empty page for a good one.
    chosen: int = 0
    swatches: int = 0
    at: str = ""

    def find(self, look: str, faults: Iterable[str]) -> None:
        """Note what a check has found."""
        self.faults += [f"{self.at}, {look}: {fault}" for fault in faults]

    def colours(self) -> None:
        """Axe in light, in dark and in Windows' contrast themes, in which what is chosen and legends must stay.

        A phone has a desktop's colours, and Axe looks at them again there only with --long.
        """
        page = self.page
        looks_again = self.long or self.size == "desktop"
        self.find("light", violations(page))
        usual = page.evaluate(SWATCHES)
        page.emulate_media(color_scheme="dark")
        self.find("dark", violations(page, AXE_COLOUR_RULES) if looks_again else [])
        page.emulate_media(color_scheme="light", forced_colors="active")
        # Axe takes a notice's own colours for what is shown, which is black on white.
        in_contrast = looks_again and self.at not in PASSING
        self.find("forced colours", violations(page, AXE_COLOUR_RULES) if in_contrast else [])
        looks = page.evaluate(CHOSEN)
        self.find(
            "forced colours", [f"{look['name']} looks as if it were not chosen" for look in looks if look["alike"]]
        )
        self.find("forced colours", [f"no outline on {look['name']}" for look in looks if not look["outlined"]])
        self.find("forced colours", ["the legend lost its colours"] if usual != page.evaluate(SWATCHES) else [])
        page.emulate_media(forced_colors="none")
        self.chosen, self.swatches = self.chosen + len(looks), self.swatches + len(usual)

    def keyboard(self) -> None:
        """Tab goes through the page in the order of its text; each stop is outlined, on the screen and not covered."""
        screen = f"keyboard at {self.page.viewport_size}"
        self.page.evaluate(TOP)
        self.page.evaluate(WATCH_FOCUS)
        stops: list[dict[str, Any]] = []
        end = None
        while end is None and len(stops) < TAB_STOPS:
            for _ in range(TABS_AT_ONCE):
                self.page.keyboard.press("Tab")
            stops = self.page.evaluate("() => stops")
            first = stops[0]["order"]
            ends = (
                i for i, stop in enumerate(stops) if stop["name"].startswith("BODY") or (i and stop["order"] == first)
            )
            end = next(ends, None)
        stops = stops[:end]
        self.page.evaluate("() => document.activeElement.blur()")
        self.find(screen, [f"only {len(stops)} stops"] if len(stops) < FEWEST_STOPS else [])
        self.find(screen, [f"no outline on {stop['name']}" for stop in stops if not stop["outlined"]])
        self.find(screen, [f"off the screen: {stop['name']}" for stop in stops if not stop["visible"]])
        self.find(screen, [f"covered: {stop['name']}" for stop in stops if stop["visible"] and stop["covered"]])
        orders = [stop["order"] for stop in stops]
        self.find(screen, [f"out of order: {orders}"] if orders != sorted(orders) else [])

    def places(self, by_keyboard: bool) -> None:
        """Each text in its place and each control within reach, however narrow, and with letters twice as large."""
        for screen in [*SCREENS, *(MORE_SCREENS if self.long else ())]:
            width, height, letters = screen
            if screen != SCREENS[0]:  # in which the page has been opened
                resize(self.page, *screen)
            self.find(f"{width} x {height} px, {letters} %", find_crowding(self.page))
            if by_keyboard and screen in BY_KEYBOARD | (MORE_BY_KEYBOARD if self.long else set()):
                self.keyboard()


@pytest.mark.parametrize("size", screenshots.SIZES)
def test_every_page_is_for_everybody(new_page: NewPage, sample: Stack, long: bool, size: str) -> None:
    """No violation of WCAG 2.2 AA or of axe's best practices, in any colours; nothing crowded out; all by keyboard.

    A registration, hours, a time or a duration that stands by itself is nothing to translate. Console and content
    policy stay silent. What appears after a click is held to the same.
    """
    page = new_page(color_scheme="light", **screenshots.DEVICES[size])
    look = Look(page, size, long)
    signed_out = {name: (hash_, None) for name, hash_ in screenshots.SIGNED_OUT_PAGES.items()}
    signed_in = {**{name: (hash_, None) for name, hash_ in ALL_PAGES.items()}, **OPENED}

    for visits in (signed_out, signed_in):
        if visits is signed_in:
            screenshots.sign_in(page, sample.url)
        for look.at, (hash_, act) in visits.items():
            if size == "desktop":  # a phone's screen stays as it is
                resize(page, *SCREENS[0])
            page.goto(f"{sample.url}/{hash_}")
            screenshots.settle(page)
            if act is not None:
                act(page)
                screenshots.settle(page)
            look.colours()
            look.find("not to translate", page.evaluate(UNMARKED))
            if size == "desktop" and look.at not in PASSING:
                look.places(by_keyboard=act is None and look.at not in WITH_PARTS)

    assert look.faults == [], "\n".join(look.faults)
    # The navigation on each page (a phone's tab bar has no room for all), the timeline's view, Select, the settings.
    assert look.chosen >= (4 if size == "desktop" else 3) + 1 + 1 + 3
    assert look.swatches >= 4 + 5 + 2  # the planes, the days, the bars


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
