"""What is typed is saved once or clearly not saved: offline, and when the server does it and the answer is lost."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import psycopg
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.site_sym.club import Club, message, now, report
from tests.support import PageFaults

NO_ANSWER = "ERR_FAILED|ERR_INTERNET_DISCONNECTED|Failed to load resource"


@dataclass(frozen=True)
class Case:
    """A form: where it is, how it is filled in, what it sends, and what it leaves in the database."""

    page: Callable[[Club], str]
    fill: Callable[[Page], Locator]
    button: str
    sends: str
    rows: str


def fill_plane(page: Page) -> Locator:
    """A new plane's registration."""
    field = page.get_by_label("Registration")
    field.fill("D-EXYZ")
    return field


def fill_reading(page: Page) -> Locator:
    """A new reading without a time, so that it is of the present moment."""
    page.get_by_role("button", name="New reading").click()
    field = page.get_by_label("Meter shows")
    field.fill("4813.9")
    return field


def fill_entry(page: Page) -> Locator:
    """An hour yesterday, entered by hand."""
    page.get_by_role("button", name="Add a session").first.click()
    page.get_by_role("dialog").get_by_label("Power on").fill(f"{now() - timedelta(days=1):%Y-%m-%dT%H:%M}")
    field = page.get_by_role("dialog").get_by_label("Duration")
    field.fill("1:00")
    return field


def fill_fleet(page: Page) -> Locator:
    """Another fleet's name."""
    field = page.get_by_label("Name of the new fleet")
    field.fill("Flying club")
    return field


def fill_invite(page: Page) -> Locator:
    """The role of an invite."""
    field = page.get_by_label("They become")
    field.select_option("editor")
    return field


CASES = {
    "plane": Case(
        lambda club: "#/planes/new",
        fill_plane,
        "Save the plane",
        "rest/v1/planes",
        "planes where registration = 'D-EXYZ'",
    ),
    "reading": Case(
        lambda club: f"#/planes/{club.add_plane('D-EKLM')}",
        fill_reading,
        "Record the reading",
        "rpc/add_reading",
        "hour_readings",
    ),
    "entry": Case(
        lambda club: "#/sessions" if club.add_plane("D-EKLM") else "",
        fill_entry,
        "Add the session",
        "rest/v1/session_annotations",
        "session_annotations",
    ),
    "fleet": Case(
        lambda club: "#/fleet", fill_fleet, "Start the fleet", "rpc/create_fleet", "fleets where name = 'Flying club'"
    ),
    "invite": Case(lambda club: "#/fleet", fill_invite, "Make a link", "rpc/create_invite", "fleet_invites"),
}


def count(club: Club, rows: str) -> int:
    """How many rows of the club's owner, or of no owner yet, the database has."""
    table, _, condition = rows.partition(" where ")
    mine = "fleet_id in (select fleet_id from public.fleet_members where user_id = %s)"
    with psycopg.connect(club.stack.database_url) as database:
        query = f"select count(*) from public.{table} where {mine} and {condition or 'true'}"
        found = database.execute(query.encode(), (club.account.user_id,)).fetchone()
    assert found is not None
    return int(found[0])


def lose_first_answer(page: Page, address: str) -> None:
    """Let the server do what is sent to an address, and lose its first answer."""
    sent: list[str] = []

    def handle(route: Route) -> None:
        if route.request.method == "GET" or sent:
            route.continue_()
            return
        sent.append(route.request.url)
        answer = route.fetch()
        assert answer.ok, answer.text()
        route.abort()

    page.route(f"**/{address}*", handle)


def press_again(page: Page, case: Case) -> None:
    """Press "Save again" and wait for the server's answer."""
    with page.expect_response(lambda answer: case.sends in answer.url and answer.request.method != "GET"):
        page.get_by_role("button", name="Save again").click()


@pytest.mark.parametrize("name", CASES)
def test_pressing_again_after_a_lost_answer_saves_once(
    page: Page, club: Club, page_faults: PageFaults, name: str
) -> None:
    """The page says that it does not know, keeps what was typed, and a second press makes no second row."""
    page_faults.allow(NO_ANSWER)
    case = CASES[name]
    club.open(page, case.page(club))
    field = case.fill(page)
    typed = field.input_value()
    lose_first_answer(page, case.sends)
    form = page.locator("form").filter(has=page.get_by_role("button", name=case.button))

    form.get_by_role("button", name=case.button).click()
    again = page.get_by_role("button", name="Save again")
    alert = page.locator("form").filter(has=again).get_by_role("alert")
    expect(alert).to_contain_text("The server did not answer, so this may not be saved. What you typed is still here.")
    assert typed == field.input_value()
    press_again(page, case)

    expect(alert).to_have_count(0)
    expect(again).to_have_count(0)
    assert 1 == count(club, case.rows)


@pytest.mark.parametrize("name", ["reading", "plane"])
def test_without_a_network_it_says_that_it_is_not_saved(
    page: Page, club: Club, page_faults: PageFaults, name: str
) -> None:
    """No promise of a later try: the form stays open with what was typed, and saves it once there is a network."""
    page_faults.allow(NO_ANSWER)
    case = CASES[name]
    club.open(page, case.page(club))
    field = case.fill(page)
    typed = field.input_value()

    page.context.set_offline(True)
    page.get_by_role("button", name=case.button).click()
    again = page.get_by_role("button", name="Save again")
    alert = page.locator("form").filter(has=again).get_by_role("alert")
    expect(alert).to_contain_text("Not saved: there is no connection. What you typed is still here.")
    expect(alert).not_to_contain_text("Nothing is lost")
    assert typed == field.input_value()
    assert 0 == count(club, case.rows)
    page.context.set_offline(False)
    press_again(page, case)

    expect(again).to_have_count(0)
    assert 1 == count(club, case.rows)


def test_what_was_changed_after_a_lost_answer_holds(page: Page, club: Club, page_faults: PageFaults) -> None:
    """The registration is put right before the second press: one plane, with the last one."""
    page_faults.allow(f"{NO_ANSWER}|409")
    club.open(page, "#/planes/new")
    field = fill_plane(page)
    lose_first_answer(page, "rest/v1/planes")
    page.get_by_role("button", name="Save the plane").click()

    expect(page.get_by_role("button", name="Save again")).to_be_visible()
    field.fill("D-EXYY")
    page.get_by_role("button", name="Save again").click()

    expect(page.get_by_text("D-EXYY was added.")).to_be_visible()
    assert 0 == count(club, "planes where registration = 'D-EXYZ'")
    assert 1 == count(club, "planes where registration = 'D-EXYY'")


def test_a_figure_changed_after_a_lost_answer_is_told_of_the_first(
    page: Page, club: Club, page_faults: PageFaults
) -> None:
    """Readings are never changed: the page shows that the first one was recorded, and the next press adds another."""
    page_faults.allow(f"{NO_ANSWER}|409")
    club.open(page, f"#/planes/{club.add_plane('D-EKLM')}")
    field = fill_reading(page)
    lose_first_answer(page, "rpc/add_reading")
    page.get_by_role("button", name="Record the reading").click()
    expect(page.get_by_role("button", name="Save again")).to_be_visible()

    field.fill("4814.9")
    page.get_by_role("button", name="Save again").click()
    expect(page.get_by_role("alert")).to_contain_text("This reading was recorded before, with other values")
    table = page.get_by_role("table", name="Earlier readings")
    expect(table).to_contain_text("4813.9")
    page.get_by_role("button", name="Record the reading").click()

    expect(table).to_contain_text("4814.9")
    assert 2 == count(club, "hour_readings")


@pytest.mark.parametrize("action", ["void", "delete"])
def test_an_undo_whose_answer_is_lost_can_be_pressed_again(
    page: Page, club: Club, page_faults: PageFaults, action: str
) -> None:
    """The notice stays with its Undo, and what is undone already is no fault."""
    page_faults.allow(NO_ANSWER)
    name = "reading" if action == "void" else "entry"
    case = CASES[name]
    club.open(page, case.page(club))
    case.fill(page)
    page.get_by_role("button", name=case.button).click()
    done = page.get_by_role("status").get_by_role("button", name="Undo")
    expect(done).to_be_visible()
    lose_first_answer(page, "rpc/void_reading" if action == "void" else "rest/v1/session_annotations")

    done.click()
    expect(
        page.get_by_role("status").get_by_text("The server did not answer, so this may not be saved.")
    ).to_be_visible()
    done.click()

    expect(done).to_have_count(0)
    expect(page.get_by_text("may not be saved")).to_have_count(0)
    expect(page.get_by_text("There is no such reading")).to_have_count(0)
    assert (1 if action == "void" else 0) == count(club, case.rows)


def test_a_reading_that_fails_to_load_still_promises_another_try(
    page: Page, club: Club, page_faults: PageFaults
) -> None:
    """Reading is another matter than saving: it is tried again by itself, and the words say so."""
    page_faults.allow(NO_ANSWER)
    device_uuid = club.add_device("Box", club.add_plane("D-EKLM"))
    report(club.stack, message(device_uuid, now() - timedelta(hours=30), 3600))
    page.clock.install()
    club.open(page)
    expect(page.get_by_role("article").get_by_role("img", name="1.0 hours")).to_be_visible()
    page.route("**/rest/v1/**", lambda route: route.abort())

    page.clock.run_for(11_000)

    expect(page.get_by_role("alert").first).to_contain_text("This page keeps trying.")
    expect(page.get_by_role("alert").first).not_to_contain_text("saved")
