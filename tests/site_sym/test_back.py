"""Back, dialogs and what was typed: one step back is one step, and nothing that was changed goes unasked."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import NewPage
from tests.site_sym.axe import AT_REST
from tests.site_sym.club import Club, message, now, report


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A page whose dialogs come in and go as they do for most people."""
    return new_page(reduced_motion="no-preference")


def fly(club: Club, count: int) -> None:
    """One board's sessions, an hour apart, the newest an hour ago."""
    device_uuid = club.add_device("Panel box", club.add_plane("D-EKLM"))
    starts = [now() - timedelta(hours=count - number) for number in range(count)]
    report(club.stack, *(message(device_uuid, start, 600, boot=boot) for boot, start in enumerate(starts, 1)))


def open_entry(page: Page) -> Locator:
    """The dialog in which a session is entered by hand."""
    page.get_by_role("button", name="Add a session").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Duration")).to_be_visible()
    return dialog


def test_back_closes_the_dialog_and_then_leaves_the_page(page: Page, club: Club) -> None:
    """A dialog is a step of its own, opened and closed by any way."""
    club.add_plane("D-EKLM")
    club.open(page, "#/planes")
    page.get_by_role("navigation").get_by_role("link", name="Sessions").click()
    dialog = open_entry(page)

    page.go_back()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("heading", name="Sessions", level=1)).to_be_visible()
    open_entry(page).get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.wait_for_function("() => !history.state?.dialog?.length")
    page.go_back()

    expect(page.get_by_role("heading", name="Planes", level=1)).to_be_visible()


def test_a_tap_right_after_a_dialog_closed_opens_the_next(page: Page, club: Club) -> None:
    """The page is free as soon as the dialog is off it: no late word of the first closes the second."""
    fly(club, 2)
    club.open(page, "#/sessions")
    rows = page.get_by_role("button", name="Open D-EKLM")
    expect(rows).to_have_count(2)
    rows.first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Duration").first).to_be_visible()

    page.evaluate(
        """async () => {
          const next = new MessageChannel();
          document.querySelector("dialog[open] .close").click();
          next.port2.postMessage(null);
          await new Promise((resolve) => (next.port1.onmessage = resolve));
          document.querySelectorAll('button[aria-label^="Open D-EKLM"]')[1].click();
        }"""
    )

    expect(dialog.get_by_text("Duration").first).to_be_visible()
    page.wait_for_function("() => history.state?.dialog?.length === 1")
    page.go_back()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("heading", name="Sessions", level=1)).to_be_visible()


def test_a_dialog_stays_where_it_is_when_the_screen_is_turned(page: Page, club: Club) -> None:
    """It comes in once: as wide as a desktop or as narrow as a phone, it does not move again."""
    club.add_plane("D-EKLM")
    page.set_viewport_size({"width": 844, "height": 390})
    club.open(page, "#/sessions")
    open_entry(page)
    page.evaluate(AT_REST)
    page.evaluate(
        """() => {
          globalThis.moves = 0;
          document.querySelector("dialog[open]").addEventListener("animationstart", () => globalThis.moves++);
        }"""
    )

    for width in (390, 844, 390):
        page.set_viewport_size({"width": width, "height": 390 + 844 - width})
        page.wait_for_function("(width) => innerWidth === width", arg=width)
        # An animation that the new width began has begun by the second frame, and says so.
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        moving = page.evaluate("() => document.querySelector('dialog[open]').getAnimations().length")
        assert (moving, page.evaluate("() => globalThis.moves")) == (0, 0), width


def test_back_answers_a_question_with_no(page: Page, club: Club) -> None:
    """The question before something that cannot be undone is a dialog, too."""
    club.open(page, "#/fleet")
    page.get_by_role("button", name="Delete the fleet").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()

    page.go_back()

    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Delete the fleet")).to_be_visible()


CHANGES: dict[str, Callable[[Locator], object]] = {
    "words": lambda dialog: dialog.get_by_label("Remarks").fill("Oil added"),
    "a choice": lambda dialog: dialog.get_by_label("Class").select_option("maintenance"),
    "a time": lambda dialog: dialog.get_by_label("Power on").fill("2026-06-14T09:30"),
}


def values(dialog: Locator) -> list[str]:
    """What the dialog's fields hold."""
    held: list[str] = dialog.locator("input, select, textarea").evaluate_all("(all) => all.map(({ value }) => value)")
    return held


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_goes_only_when_that_is_meant(page: Page, club: Club, change: str) -> None:
    """Beside the sheet, Escape and Back ask first; nothing is asked where nothing was changed, or changed back."""
    club.add_plane("D-EKLM")
    club.open(page, "#/sessions")
    dialog = open_entry(page)
    before = values(dialog)
    CHANGES[change](dialog)
    changed = values(dialog)

    for leave in (lambda: page.mouse.click(3, 3), lambda: page.keyboard.press("Escape"), page.go_back):
        leave()
        expect(dialog.get_by_role("alert")).to_contain_text("Discard your changes?")
        dialog.get_by_role("button", name="Keep editing").click()
        assert before != changed == values(dialog)
    page.mouse.click(3, 3)
    dialog.get_by_role("button", name="Discard").click()
    expect(dialog).to_be_hidden()
    open_entry(page).get_by_label("Remarks").fill("Oil")
    dialog.get_by_label("Remarks").fill("")
    page.mouse.click(3, 3)

    expect(dialog).to_be_hidden()


@pytest.mark.parametrize("way", ["Escape", "Close", "Cancel", "Back"])
def test_the_focus_returns_to_what_opened_the_dialog(page: Page, club: Club, way: str) -> None:
    """Whoever uses the keyboard goes on where they were."""
    club.add_plane("D-EKLM")
    club.open(page, "#/sessions")
    dialog = open_entry(page)

    if way == "Escape":
        page.keyboard.press("Escape")
    elif way == "Back":
        page.go_back()
    else:
        dialog.get_by_role("button", name=way, exact=True).click()

    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Add a session")).to_be_focused()


def test_a_page_that_was_reloaded_with_a_dialog_open_is_left_in_one_step(page: Page, club: Club) -> None:
    """The dialog is gone, and so is its step."""
    club.add_plane("D-EKLM")
    club.open(page, "#/planes")
    page.get_by_role("navigation").get_by_role("link", name="Sessions").click()
    open_entry(page)

    page.reload()
    expect(page.get_by_role("button", name="Add a session")).to_be_visible()
    page.wait_for_function("() => !history.state?.dialog?.length")
    dialog = open_entry(page)
    page.go_back()
    expect(dialog).to_be_hidden()
    page.go_back()

    expect(page.get_by_role("heading", name="Planes", level=1)).to_be_visible()


def type_a_plane(page: Page, club: Club) -> Locator:
    """The page of a new plane, with something typed, reached from the list of planes."""
    club.add_plane("D-EABC")
    club.open(page, "#/planes")
    page.get_by_role("link", name="Add a plane").click()
    field = page.get_by_label("Registration")
    field.fill("D-EKLM")
    return field


def test_a_page_with_something_typed_is_left_only_when_that_is_meant(page: Page, club: Club) -> None:
    """Back and the navigation ask; no keeps the page and what was typed, yes leads where the person wanted to go."""
    field = type_a_plane(page, club)
    question = page.get_by_role("dialog", name="Discard your changes?")

    for leave in (page.go_back, lambda: page.get_by_role("navigation").get_by_role("link", name="Devices").click()):
        leave()
        question.get_by_role("button", name="Keep editing").click()
        expect(question).to_be_hidden()
        expect(field).to_have_value("D-EKLM")
    page.get_by_role("navigation").get_by_role("link", name="Devices").click()
    question.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("heading", name="Devices", level=1)).to_be_visible()
    page.go_back()
    expect(field).to_have_value("")
    field.fill("D-EKLM")
    page.go_back()
    question.get_by_role("button", name="Discard").click()

    expect(page.get_by_role("heading", name="Planes", level=1)).to_be_visible()


def test_a_page_is_left_without_a_question_where_nothing_is_lost(page: Page, club: Club) -> None:
    """Nothing typed, typed and taken out again, "Cancel", and saved: no question, and no step too many."""
    field = type_a_plane(page, club)
    question = page.get_by_role("dialog", name="Discard your changes?")

    field.fill("")
    page.wait_for_function("() => !history.state?.dialog?.length")
    page.go_back()
    expect(page.get_by_role("heading", name="Planes", level=1)).to_be_visible()
    page.get_by_role("link", name="Add a plane").click()
    field.fill("D-EKLM")
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("heading", name="Planes", level=1)).to_be_visible()
    page.get_by_role("link", name="Add a plane").click()
    field.fill("D-EKLM")
    page.get_by_role("button", name="Save the plane").click()
    expect(page.get_by_text("D-EKLM was added.")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="Devices").click()
    expect(page.get_by_role("heading", name="Devices", level=1)).to_be_visible()

    expect(question).to_be_hidden()


def test_an_undo_stays_while_somebody_looks_at_it(page: Page, club: Club) -> None:
    """The pointer or the focus on a notice holds it; left alone, it goes."""
    page.clock.install()
    club.open(page, "#/fleet")
    page.get_by_label("Name of the fleet").fill("Flying club")
    page.get_by_role("button", name="Rename").click()
    notice = page.locator(".notice")
    expect(notice).to_be_visible()

    notice.hover()
    page.clock.run_for(60_000)
    expect(notice).to_be_visible()
    notice.get_by_role("button").last.focus()
    page.mouse.move(3, 3)
    page.clock.run_for(3_000)
    expect(notice).to_be_visible()
    page.get_by_role("heading", level=1).focus()
    page.clock.run_for(60_000)

    expect(notice).to_have_count(0)


def test_back_returns_to_the_row_that_was_left(page: Page, club: Club) -> None:
    """The pages that were read and the place in them are there; a new visit begins at the top."""
    fly(club, 120)
    page.set_viewport_size({"width": 390, "height": 700})
    club.open(page, "#/sessions?period=all")
    page.get_by_role("button", name="Older").click()
    expect(page.locator("tr.entry")).to_have_count(100)
    page.evaluate("() => scrollTo(0, document.documentElement.scrollHeight - innerHeight - 300)")
    left = page.evaluate("() => scrollY")

    page.get_by_role("navigation").get_by_role("link", name="Planes").click()
    expect(page.get_by_role("heading", name="Planes", level=1)).to_be_visible()
    page.go_back()

    expect(page.locator("tr.entry")).to_have_count(100)
    page.wait_for_function("(left) => Math.abs(scrollY - left) < 2", arg=left)
    page.get_by_role("navigation").get_by_role("link", name="Planes").click()
    page.wait_for_function("() => document.activeElement.textContent === 'Planes' && scrollY === 0")


def test_what_is_read_again_takes_nothing_back(page: Page, club: Club) -> None:
    """Back shows the rows at once and reads them again; a page asked for meanwhile comes after that and stays."""
    fly(club, 170)
    club.open(page, "#/sessions?period=all")
    rows = page.locator("tr.entry")
    page.get_by_role("button", name="Older").click()
    expect(rows).to_have_count(100)
    page.get_by_role("navigation").get_by_role("link", name="Planes").click()
    expect(page.get_by_role("heading", name="Planes", level=1)).to_be_visible()
    first_page = re.compile(r"/log_entries\?(?!.*[?&]or=)")
    page.route(first_page, lambda route: None)

    page.go_back()
    expect(rows).to_have_count(100)
    page.get_by_role("button", name="Older").click()
    expect(page.get_by_role("button", name="Working")).to_be_visible()
    with page.expect_response(first_page):
        page.unroute(first_page)  # which lets those that wait go on
    expect(rows).to_have_count(150)
    page.wait_for_load_state("networkidle")

    expect(rows).to_have_count(150)
    starts = page.locator("tr.entry .on time").evaluate_all("(times) => times.map(({ dateTime }) => dateTime)")
    assert sorted(set(starts), reverse=True) == starts
