"""Back, dialogs and what was typed: one step back is one step, and nothing typed goes unasked."""

from datetime import timedelta

from playwright.sync_api import Locator, Page, expect

from tests.site_sym.club import Club, message, now, report


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


def test_back_answers_a_question_with_no(page: Page, club: Club) -> None:
    """The question before something that cannot be undone is a dialog, too."""
    club.open(page, "#/fleet")
    page.get_by_role("button", name="Delete the fleet").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()

    page.go_back()

    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Delete the fleet")).to_be_visible()


def test_what_was_typed_goes_only_when_that_is_meant(page: Page, club: Club) -> None:
    """Beside the sheet, Escape and Back ask first; nothing is asked where nothing was typed."""
    club.add_plane("D-EKLM")
    club.open(page, "#/sessions")
    dialog = open_entry(page)
    dialog.get_by_label("Remarks").fill("Oil added")

    for leave in (lambda: page.mouse.click(3, 3), lambda: page.keyboard.press("Escape"), page.go_back):
        leave()
        expect(dialog.get_by_role("alert")).to_contain_text("Discard what you typed?")
        dialog.get_by_role("button", name="Keep editing").click()
        expect(dialog.get_by_label("Remarks")).to_have_value("Oil added")
    page.mouse.click(3, 3)
    dialog.get_by_role("button", name="Discard").click()
    expect(dialog).to_be_hidden()
    open_entry(page)
    page.mouse.click(3, 3)

    expect(dialog).to_be_hidden()


def test_back_returns_to_the_row_that_was_left(page: Page, club: Club) -> None:
    """The pages that were read and the place in them are there; a new visit begins at the top."""
    fly(club, 120)
    page.set_viewport_size({"width": 390, "height": 700})
    club.open(page, "#/sessions?period=all")
    page.get_by_role("button", name="Older").click()
    expect(page.locator("tbody tr")).to_have_count(100)
    page.evaluate("() => scrollTo(0, document.documentElement.scrollHeight - innerHeight - 300)")
    left = page.evaluate("() => scrollY")

    page.get_by_role("navigation").get_by_role("link", name="Planes").click()
    expect(page.get_by_role("heading", name="Planes", level=1)).to_be_visible()
    page.go_back()

    expect(page.locator("tbody tr")).to_have_count(100)
    page.wait_for_function("(left) => Math.abs(scrollY - left) < 2", arg=left)
    page.get_by_role("navigation").get_by_role("link", name="Planes").click()
    page.wait_for_function("() => document.activeElement.textContent === 'Planes' && scrollY === 0")
