"""Two stories that owners live through: a week of flights before the board was registered, and a week in the hangar."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import psycopg
from playwright.sync_api import Page, expect

from tests.conftest import MakeStack
from tests.firmware.world import SIMULATED_CLOCK, World
from tests.site_sym.club import Club, SignUp, message, now, report
from tools.screenshots import settle

FLIGHTS = 7
WITHOUT_WIFI = (1, 3, 4)
DAY = 86_400
CLOCK_TOLERANCE_SECONDS = 2
COUNT_CLICKS = "() => { globalThis.clicks = 0; addEventListener('click', () => { clicks += 1; }, true); }"
CLICKS = "() => clicks"
ALARMING = re.compile(r"running|error|fail|attention|alarm|warning", re.IGNORECASE)


def fly_for_a_week(world: World, start: datetime) -> list[datetime]:
    """One flight a day, some of them out of any Wi-Fi's reach; when the power really came on."""
    begun = []
    for number in range(FLIGHTS):
        seconds = 600 + 60 * number
        world.router.up = number not in WITHOUT_WIFI
        begun.append(start + timedelta(seconds=number * DAY))
        world.fly(seconds)
        if number < FLIGHTS - 1:
            world.park(DAY - seconds)
    world.set_server_clock(datetime.now(UTC))
    return begun


def register(page: Page, club: Club, registration: str, device_uuid: str) -> None:
    """A new plane, and the board assigned to it by the link from its log."""
    club.open(page, "#/planes/new")
    page.get_by_label("Registration").fill(registration)
    page.get_by_role("button", name="Save the plane").click()
    expect(page.get_by_role("heading", name=registration)).to_be_visible()
    page.goto(f"{club.stack.url}/#/devices/register?uuid={device_uuid}")
    page.get_by_label("Installed in").select_option(registration)
    page.get_by_role("button", name="Register", exact=True).click()
    expect(page.get_by_text(f"is registered and assigned to {registration}")).to_be_visible()


def logged(club: Club, registration: str) -> list[dict[str, Any]]:
    """The sessions of a plane, oldest first."""
    query = (
        club.account.client.table("session_log").select("*").eq("registration", registration).order("effective_start")
    )
    return cast(list[dict[str, Any]], query.execute().data)


def test_a_week_of_flights_before_the_board_was_registered(make_stack: MakeStack, sign_up: SignUp, page: Page) -> None:
    """Three began without Wi-Fi: every hour ends on the right plane, each estimate is put right within two clicks."""
    stack = make_stack(portal=True)
    club = Club(stack, sign_up(stack))
    start = now() - timedelta(seconds=(FLIGHTS - 1) * DAY + 3600)
    with psycopg.connect(stack.database_url, autocommit=True) as database:
        database.execute(SIMULATED_CLOCK.encode())
        world = World(stack, database, seed=5, start=start)
        begun = fly_for_a_week(world, start)
        device_uuid = world.device_uuid
        kept, stored = ([session["run_seconds"] for session in found] for found in (world.kept(), world.stored()))
        world.close()
    report(stack, message(club.add_device("Box", club.add_plane("D-EABC")), now() - timedelta(days=3), 3600))

    register(page, club, "D-EKLM", device_uuid)
    page.goto(f"{stack.url}/#/sessions/review")
    estimates = page.get_by_role("region", name="Estimated clocks").get_by_role("listitem")
    expect(estimates).to_have_count(len(WITHOUT_WIFI))
    page.evaluate(COUNT_CLICKS)
    for left, number in enumerate(WITHOUT_WIFI, 1):
        row = estimates.last  # the oldest
        row.get_by_role("button", name="Fix the time").click()
        row.get_by_label("Corrected start").fill(begun[number].strftime("%Y-%m-%dT%H:%M:%S"))
        row.get_by_role("button", name="Save the start").click()
        expect(estimates).to_have_count(len(WITHOUT_WIFI) - left)
        assert 2 * left == page.evaluate(CLICKS)

    expect(page.get_by_text("Nothing needs review")).to_be_visible()
    page.goto(f"{stack.url}/#/")
    for registration, seconds in (("D-EKLM", sum(stored)), ("D-EABC", 3600)):
        card = page.get_by_role("article").filter(has_text=registration)
        expect(card.get_by_role("img", name=f"{seconds // 360 / 10:.1f} hours")).to_be_visible()
    rows = logged(club, "D-EKLM")
    assert stored == [row["run_seconds"] for row in rows]
    # The last flight's last figure arrives with the next power-up.
    assert kept[:-1] == stored[:-1]
    assert ["measured"] * (FLIGHTS - 1) + ["unconfirmed"] == [row["quality"] for row in rows]
    for truth, one in zip(begun, rows, strict=True):
        assert CLOCK_TOLERANCE_SECONDS >= abs((datetime.fromisoformat(one["effective_start"]) - truth).total_seconds())


def test_a_board_off_in_the_hangar_for_a_week(page: Page, make_club: Callable[[], Club]) -> None:
    """Its power was cut in mid-session, as always: no page calls that running, and none calls it an error."""
    club = make_club()
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box 2", plane_id)
    cut = message(device_uuid, now() - timedelta(days=7), 5400, status="open")
    report(club.stack, message(device_uuid, now() - timedelta(days=9), 3600), cut)
    with psycopg.connect(club.stack.database_url, autocommit=True) as database:
        for statement in (
            "update public.sessions set heard_at = session_end, received_at = session_end where device_uuid = %s",
            "update public.devices set last_seen = now() - interval '7 days' where device_uuid = %s",
        ):
            database.execute(statement.encode(), [device_uuid])
    pages = {
        "#/": "Latest sessions",
        "#/planes": "D-EKLM",
        f"#/planes/{plane_id}": "Hours now",
        "#/devices": "Panel box 2",
        f"#/devices/{device_uuid}": "Panel box 2",
        "#/sessions": "D-EKLM",
        "#/sessions/review": "Nothing needs review",
    }
    club.open(page)

    for hash_, shown in pages.items():
        page.goto(f"{club.stack.url}/{hash_}")
        settle(page)
        expect(page.get_by_role("main")).to_contain_text(shown)

        assert not ALARMING.search(page.locator("body").inner_text()), hash_
        assert 0 == page.get_by_role("alert").count(), hash_
