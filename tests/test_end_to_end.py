"""The main job, in a real browser: from sign-up to the hours that a board with the real firmware counted."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import MakeStack
from tests.firmware.world import SIMULATED_CLOCK, World
from tests.support import open_mail
from tools.stack import Stack

EMAIL = "owner@example.org"
STORY = timedelta(hours=3)  # the board's story begins so long ago, so that it ends about now
LONG_SILENCE = timedelta(minutes=11)  # nothing runs any more, so nothing counts on while we look
WAIT_MS = 60_000


@pytest.fixture
def portal_stack(make_stack: MakeStack) -> Stack:
    """A stack with the portal, whose backend lives in the board's time."""
    stack = make_stack(portal=True)
    with psycopg.connect(stack.database_url) as connection:
        connection.execute(SIMULATED_CLOCK)
    return stack


def sign_up(page: Page, stack: Stack) -> None:
    """As a new user would: create an account, open the link in the mail."""
    page.goto(stack.url)
    page.get_by_role("link", name="Create an account").click()
    expect(page.get_by_role("heading", name="Create an account")).to_be_visible(timeout=WAIT_MS)
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill("a long enough password")
    page.get_by_role("button", name="Create an account").click()
    expect(page.get_by_role("heading", name="Check your e-mail")).to_be_visible(timeout=WAIT_MS)
    open_mail(page, stack, EMAIL)
    expect(page.get_by_role("heading", name="Three steps to your first hours")).to_be_visible(timeout=WAIT_MS)


def add_plane_and_board(page: Page, registration: str, uuid_line: str) -> None:
    """The first two of the three steps; the line is pasted as the board's log shows it."""
    page.get_by_role("link", name="Add a plane").click()
    page.get_by_label("Registration").fill(registration)
    page.get_by_role("button", name="Save the plane").click()
    page.get_by_role("link", name="Register a device").click()
    page.get_by_label("Device UUID").fill(uuid_line)
    page.get_by_role("button", name="Register", exact=True).click()
    expect(page.get_by_role("heading", name="Three steps to your first hours")).to_be_visible(timeout=WAIT_MS)


def durations_shown(page: Page) -> list[int]:
    """The durations of the list of sessions in seconds, newest first."""
    # The page before this one may show its latest sessions by now.
    expect(page.get_by_role("heading", name="Sessions", exact=True)).to_be_visible(timeout=WAIT_MS)
    rows = page.locator("tr.entry")  # the others are headings of days
    expect(rows.first).to_be_visible(timeout=WAIT_MS)
    column = page.get_by_role("columnheader").all_inner_texts().index("Duration")
    shown = []
    for row in rows.all():
        hours, minutes, seconds = row.get_by_role("cell").nth(column).inner_text().split(":")
        shown.append(int(hours) * 3600 + int(minutes) * 60 + int(seconds))
    return shown


def test_from_sign_up_to_the_hours_of_a_simulated_board(portal_stack: Stack, page: Page) -> None:
    """After an outage, the portal shows each session to the second, and the plane's hours are their sum."""
    with psycopg.connect(portal_stack.database_url, autocommit=True) as database:
        world = World(portal_stack, database, seed=1, start=datetime.now(UTC) - STORY)
        world.router.up = False
        world.fly(120)
        uuid_line = next(line for line in world.board.lines if line.startswith("Device UUID: "))

        sign_up(page, portal_stack)
        add_plane_and_board(page, "D-EKLM", uuid_line)
        world.park(900)
        world.router.up = True
        world.fly(1800)
        world.router.up = False
        world.fly(600)
        world.park(1800)
        world.fly(2400)
        world.park(600)
        world.router.up = True
        world.fly(300)
        page.goto(f"{portal_stack.url}/#/sessions")
        shown = durations_shown(page)

        world.set_server_clock(datetime.now(UTC) + LONG_SILENCE)
        kept = world.kept()
        stored = world.stored()
        world.close()
    assert [session["run_seconds"] for session in kept[:-1]] == [row["run_seconds"] for row in stored[:-1]]
    assert [row["run_seconds"] for row in reversed(stored[:-1])] == shown[1:]
    page.goto(f"{portal_stack.url}/#/")
    tenths = sum(row["run_seconds"] for row in stored) // 360
    expect(page.get_by_role("img", name=f"{tenths / 10:.1f} hours")).to_be_visible(timeout=WAIT_MS)
