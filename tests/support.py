"""What the fixtures of conftest.py hand to tests: accounts, and the watch over a browser page."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page
from playwright.sync_api import Error as PlaywrightError

from supabase import Client
from tools.screenshots import still_loading
from tools.stack import Stack

LAST_STATE_LENGTH = 4_000
# For calls that test no time limit: httpx gives up after 5 s, which a server on a busy machine may take.
HTTP_SECONDS = 60

_OWN_HOST = "127.0.0.1"
_NOT_NETWORK = {"about", "blob", "data"}


@dataclass(frozen=True)
class Account:
    """A confirmed user, signed in."""

    email: str
    password: str
    user_id: str
    client: Client
    # A page renews the one it has, after which nobody else may: each is for one page.
    unused_sign_ins: list[str]


def open_mail(page: Page, stack: Stack, email: str) -> str:
    """Open the link of the next mail to an address, as the person who got it would, and press the page's button.

    Returns:
        The link.
    """
    (link, *_) = stack.next_mail(email)["links"]
    open_link(page, link)
    return link


def open_link(page: Page, link: str) -> None:
    """Open a mail's link and press the page's button: opening alone uses nothing up."""
    page.goto(link)
    page.get_by_role("button", name="Continue").click()


@dataclass
class PageFaults:
    """Everything a browser page must not do; `allow` what a test provokes on purpose."""

    found: list[str] = field(default_factory=list)
    _allowed: list[re.Pattern[str]] = field(default_factory=list)

    def allow(self, pattern: str) -> None:
        """Let faults pass whose text contains a match of this regular expression."""
        self._allowed.append(re.compile(pattern))

    def unexpected(self) -> list[str]:
        """The faults that nobody allowed."""
        return [fault for fault in self.found if not any(pattern.search(fault) for pattern in self._allowed)]

    def watch(self, context: BrowserContext) -> None:
        """Collect the faults of all pages of a browser context, from now on."""
        context.on("console", lambda message: self._note("console", message.text) if message.type == "error" else None)
        context.on("weberror", lambda error: self._note("page error", str(error.error)))
        context.on("request", lambda request: self._check_address(request.url))
        context.expose_function("reportViolation", lambda text: self._note("content security policy", text))
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " (event) => reportViolation(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`))"
        )

    def _note(self, kind: str, text: str) -> None:
        self.found.append(f"{kind}: {text}")

    def _check_address(self, url: str) -> None:
        address = urlsplit(url)
        if address.scheme not in _NOT_NETWORK and address.hostname != _OWN_HOST:
            self._note("request to another host", url)


def last_state(page: Page) -> str:
    """What a page shows now, for the report of a failed test: what is still loading, then its accessible content."""
    try:
        loading = still_loading(page)
        content = page.locator("body").aria_snapshot(timeout=5_000)
    except PlaywrightError as error:
        return f"it does not answer: {error}"
    return "\n".join([*(f"still loading: {html}" for html in loading), content[:LAST_STATE_LENGTH]])


__all__ = ["HTTP_SECONDS", "Account", "Page", "PageFaults", "last_state", "open_mail"]
