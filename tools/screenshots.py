"""Pictures of every page of the portal: `python -m tools.screenshots [FOLDER]`.

Starts a stack of its own on a free port, fills it with the demo's club, and photographs each page on a phone and on a
desktop, light and dark.
"""

import tempfile
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import psycopg
import typer
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tools import wire
from tools.chromium import MISSING, find_chromium, launch
from tools.demo.account import EMAIL, PASSWORD, Account
from tools.demo.history import CHECKPOINT_SECONDS, NAMESPACE, PLANES, month_to_close, write_history
from tools.demo.logbook import keep_log
from tools.demo.maintenance import look_after
from tools.stack import Stack

SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
DEVICES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": SIZES["desktop"]},
    "phone": {"viewport": SIZES["phone"], "device_scale_factor": 2, "is_mobile": True, "has_touch": True},
}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
ESTIMATED = {"start_source": "estimated", "start_uncertainty_s": 2_400}
LOADING = ".skeleton, .space, [aria-busy=true]"  # what stands in for data that has not come yet
SIGNED_OUT_PAGES = {"sign-in": "#/sign-in", "sign-up": "#/sign-up", "forgot-password": "#/forgot-password"}
RUNNING_PLANE, PARKED_PLANE, REFUSED_PLANE, DELIVERING_PLANE = PLANES


def extra_device(name: str) -> str:
    """UUID of a board beyond those of the demo's planes."""
    return str(uuid.uuid5(NAMESPACE, name))


def message(device_uuid: str, start: datetime, run_seconds: int, **optional: Any) -> dict[str, Any]:
    """A board's message about one session, closed unless `status` says otherwise."""
    told = {"start_source": "ntp", "checkpoint_seconds": CHECKPOINT_SECONDS, "firmware": "1.0.0"}
    told |= {"reset_reason": "POWER_ON", "unsent": 0}
    return wire.message(device_uuid, start, run_seconds, **{**told, **optional})


def fill(stack: Stack) -> None:
    """The demo's club, and every state that a board can be in: running, off, refused, delivering, never heard."""
    now = datetime.now(UTC).replace(microsecond=0)
    yesterday = (now - timedelta(days=1)).replace(hour=22, minute=48, second=11)
    loose, silent = extra_device("loose"), extra_device("silent")
    with Account(stack) as account, psycopg.connect(stack.database_url, autocommit=True) as database:
        midnight = now.replace(hour=0, minute=0, second=0)
        write_history(stack, account, lambda text: None, midnight)
        look_after(stack, account, lambda text: None, midnight)
        keep_log(account, lambda text: None, midnight)
        account.call("claim_device", device_uuid=loose, name="Box from the Régent")
        account.call("claim_device", device_uuid=silent, name="Spare box")
        for sent in (
            [message(RUNNING_PLANE.device_uuid, yesterday, 6_183)],
            [message(DELIVERING_PLANE.device_uuid, now - timedelta(hours=4), 2_771, unsent=3)],
            [
                message(loose, now - timedelta(days=days), 4_000, boot=boot)
                for days, boot in ((9, 31), (8, 32), (7, 35))
            ],
            [message(PARKED_PLANE.device_uuid, yesterday - timedelta(hours=8), 5_400, **ESTIMATED)],
            [message(RUNNING_PLANE.device_uuid, now - timedelta(minutes=42), 2_497, status="open")],
        ):
            account.post_messages(sent).raise_for_status()
        # Boards that have been away were heard when they last had power, not while their history was written.
        for device_uuid, heard in (
            (PARKED_PLANE.device_uuid, yesterday - timedelta(hours=6)),
            (REFUSED_PLANE.device_uuid, now - timedelta(days=3)),
            (loose, now - timedelta(days=7)),
        ):
            database.execute("update public.devices set last_seen = %s where device_uuid = %s", (heard, device_uuid))


def pages() -> dict[str, str]:
    """The hash of each page to photograph, by the name of its picture."""
    return {
        "dashboard": "#/",
        "planes": "#/planes",
        "plane": f"#/planes/{RUNNING_PLANE.plane_id}",
        "plane-meters": f"#/planes/{PARKED_PLANE.plane_id}",
        "plane-new": "#/planes/new",
        "programme": f"#/planes/{RUNNING_PLANE.plane_id}/programme",
        "components": "#/components",
        "plane-edit": f"#/planes/{RUNNING_PLANE.plane_id}/edit",
        "sessions": "#/sessions",
        "timeline": "#/sessions/timeline",
        "review": "#/sessions/review",
        "import": "#/sessions/import",
        "print": f"#/sessions/print?plane={RUNNING_PLANE.plane_id}",
        "years": "#/years",
        "maintenance": "#/maintenance",
        "maintenance-print": "#/maintenance/print",
        "devices": "#/devices",
        "device": f"#/devices/{RUNNING_PLANE.device_uuid}",
        "device-register": f"#/devices/register?uuid={extra_device('new')}",
        "settings": "#/settings",
        "fleet": "#/fleet",
        "reports": "#/reports",
        "report": f"#/reports/{month_to_close(datetime.now(UTC)):%Y-%m}",
        "activity": "#/activity",
    }


def sign_in(page: Page, url: str) -> None:
    """Sign in by the page's own form."""
    page.goto(f"{url}/#/sign-in")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("nav")


def still_loading(page: Page) -> list[str]:
    """The HTML of what stands in for data that has not come, the first 300 characters of each."""
    html: list[str] = page.locator(LOADING).evaluate_all(
        "(found) => found.map(({ outerHTML }) => outerHTML.slice(0, 300))"
    )
    return html


def settle(page: Page) -> None:
    """Wait until the page shows its data and its fonts; what is read once it comes into view is brought there.

    Raises TimeoutError, naming the page and what has not come.
    """
    page.wait_for_selector("h1")
    # A link changes the address first and the page a frame later: until then the page that is left is settled, too.
    page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")
    try:
        page.wait_for_function(
            """(loading) => {
              const pending = document.querySelector(loading);
              pending?.scrollIntoView();
              return !pending;
            }""",
            arg=LOADING,
        )
    except PlaywrightTimeout as error:
        raise TimeoutError(f"{page.url} still waits for {still_loading(page)}") from error
    page.evaluate("() => { scrollTo(0, 0); return document.fonts.ready; }")


def photograph(page: Page, path: Path, size: dict[str, int]) -> None:
    """Take a picture of the whole page, however long it is: a fixed tab bar belongs at its end."""
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    settle(page)
    page.mouse.move(0, 0)
    height = max(size["height"], page.evaluate("() => document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": size["width"], "height": height})
    page.screenshot(path=path, animations="disabled")


def take(browser: Browser, url: str, folder: Path) -> int:
    """Photograph every page in each size and theme; return the number of pictures."""
    count = 0
    for theme in THEMES:
        for size_name, size in SIZES.items():
            context = browser.new_context(color_scheme=theme, reduced_motion="reduce", **DEVICES[size_name])
            page = context.new_page()
            for names in (SIGNED_OUT_PAGES, pages()):
                if names is not SIGNED_OUT_PAGES:
                    sign_in(page, url)
                for name, hash_ in names.items():
                    page.goto(f"{url}/{hash_}")
                    photograph(page, folder / f"{name}-{size_name}-{theme}.png", size)
                    count += 1
            context.close()
    return count


def main(folder: Annotated[Path, typer.Argument(help="Where the pictures go.")] = Path("docs/screenshots")) -> None:
    """Photograph every page of the portal on a phone and a desktop, light and dark."""
    chromium = find_chromium()
    if chromium is None:
        raise typer.BadParameter(MISSING)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="screenshots-") as data:
        Path(data).chmod(0o755)  # PostgreSQL runs as `nobody` when this runs as root
        with Stack(data=Path(data), port=0) as stack, sync_playwright() as playwright:
            fill(stack)
            browser = launch(playwright, chromium)
            count = take(browser, stack.url, folder)
            browser.close()
    typer.echo(f"{count} pictures in {folder}")


if __name__ == "__main__":
    typer.run(main)
