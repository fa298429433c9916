"""A user's fleet as the portal's tests need it: planes, boards and what the boards report."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import httpx
from playwright.sync_api import Page, Request, expect
from postgrest import APIResponse

from tests.support import HTTP_SECONDS, Account
from tools import wire
from tools.stack import Stack
from tools.wire import message as message

# Once, before the page looks for it: what the page makes of it afterwards stays.
KEEP_SIGN_IN = """((origin, once, session) => {
  if (location.origin !== origin || sessionStorage.getItem(once)) return;
  sessionStorage.setItem(once, "set");
  localStorage.setItem("uptime-logger-auth", session);
})(%s, %s, %s)"""
# What `new_page` takes for a screen of that size.
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
SignUp = Callable[..., Account]
# What needs review is asked for 1.5 s after the dashboard's answer, whatever else the page is doing then.
REVIEW = {"rpc/sessions_to_review", "rpc/fleet_boot_gaps"}


def now() -> datetime:
    """The present second."""
    return datetime.now(UTC).replace(microsecond=0)


def undo(page: Page, text: str) -> None:
    """Take back what the notice with this text is about; others may still be shown beside it."""
    page.get_by_role("status").locator("div", has_text=text).get_by_role("button", name="Undo").click()


def choose(page: Page, text: str) -> None:
    """Do what stands in the page's menu, or go where it leads."""
    page.get_by_role("main").get_by_role("button", name="More", exact=True).click()
    page.get_by_role("main").locator(".menu").get_by_text(text, exact=True).click()


def report(stack: Stack, *messages: dict[str, Any]) -> None:
    """Post messages of one board to the edge function, as the board does."""
    for first in range(0, len(messages), wire.BATCH_MESSAGES):
        batch = list(messages[first : first + wire.BATCH_MESSAGES])
        answer = httpx.post(f"{stack.url}/functions/v1/ingest", json=batch, trust_env=False, timeout=HTTP_SECONDS)
        assert answer.status_code == 200, answer.text


def api_requests(page: Page) -> list[str]:
    """What is asked of the REST API from now on: a list that grows, of names of views, tables and functions."""
    asked: list[str] = []

    def note(request: Request) -> None:
        _, found, name = request.url.partition("/rest/v1/")
        if found:
            asked.append(name.split("?")[0])

    page.on("request", note)
    return asked


def first(answer: APIResponse) -> dict[str, str]:
    """The first row of an answer of the REST API."""
    rows = cast(list[dict[str, str]], answer.data)
    return rows[0]


@dataclass(frozen=True)
class Club:
    """A user with the fleet that every new user gets."""

    stack: Stack
    account: Account

    @property
    def fleet_id(self) -> str:
        """The fleet's id."""
        return first(self.account.client.table("my_fleets").select("fleet_id").execute())["fleet_id"]

    def add_plane(self, registration: str) -> str:
        """Add a plane and return its id."""
        row = {"fleet_id": self.fleet_id, "registration": registration}
        return first(self.account.client.table("planes").insert(row).execute())["plane_id"]

    def add_device(self, name: str, plane_id: str | None = None) -> str:
        """Claim a new board, assign it to a plane if one is given, and return its UUID."""
        device_uuid = str(uuid.uuid4())
        self.account.client.rpc("claim_device", {"device_uuid": device_uuid, "name": name}).execute()
        if plane_id is not None:
            self.account.client.rpc("assign_device", {"device_uuid": device_uuid, "plane_id": plane_id}).execute()
        return device_uuid

    def _sign_in(self) -> str:
        """A sign-in by password, as the auth service answers."""
        who = {"email": self.account.email, "password": self.account.password}
        address = f"{self.stack.url}/auth/v1/token?grant_type=password"
        headers = {"apikey": self.stack.publishable_key}
        return httpx.post(address, json=who, headers=headers, trust_env=False, timeout=HTTP_SECONDS).text

    def open(self, page: Page, hash_: str = "#/") -> None:
        """Go to a page with a sign-in that the browser has kept; the form is the matter of test_account.py."""
        unused = self.account.unused_sign_ins
        kept = (self.stack.url, uuid.uuid4().hex, unused.pop() if unused else self._sign_in())
        page.goto("about:blank")  # so that a page that is already open starts over
        page.add_init_script(KEEP_SIGN_IN % tuple(map(json.dumps, kept)))
        page.goto(f"{self.stack.url}/{hash_}")
        expect(page.locator("nav, main h1").first).to_be_visible()
