"""The demo's user, over the same HTTP API that the portal uses."""

from collections.abc import Iterator
from typing import Any, Self

import httpx

from tools.stack import Stack

EMAIL = "anna@example.org"
MECHANIC_EMAIL = "marek@example.org"  # signs off inspections; the same password
PASSWORD = "hangar-demo"  # a public demo account on loopback: printed beside the address
TIMEOUT_SECONDS = 30
PAGE_ROWS = 1000  # answers are cut there without a word


class DemoError(Exception):
    """The demo cannot be set up; says why and what to do."""


class Account:
    """A signed-in user of the stack; `user_id` and `new` (whether this run signed it up) are known from the start.

    Raises DemoError when the account exists with another password, as on a database that is not the demo's.
    """

    def __init__(self, stack: Stack, email: str = EMAIL) -> None:
        self._email = email
        self._ingest_url = f"{stack.url}/functions/v1/ingest"
        self._http = httpx.Client(
            base_url=stack.url, headers={"apikey": stack.publishable_key}, timeout=TIMEOUT_SECONDS, trust_env=False
        )
        answer = self._sign_in()
        self.new = answer.is_client_error
        if self.new:
            self._sign_up(stack)
            answer = self._sign_in()
        if answer.is_error:
            raise DemoError(f"{email} cannot sign in: {answer.text}. Start the demo with --fresh.")
        session = answer.json()
        self.user_id: str = session["user"]["id"]
        self._http.headers["Authorization"] = f"Bearer {session['access_token']}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def _sign_in(self) -> httpx.Response:
        return self._http.post(
            "/auth/v1/token", params={"grant_type": "password"}, json={"email": self._email, "password": PASSWORD}
        )

    def _sign_up(self, stack: Stack) -> None:
        answer = self._http.post("/auth/v1/signup", json={"email": self._email, "password": PASSWORD})
        if answer.is_error:
            raise DemoError(f"{self._email} cannot sign up: {answer.text}")
        stack.confirm(self._email)

    def rows(self, table: str, **filters: str) -> Iterator[dict[str, Any]]:
        """All rows of a table or view, page by page; `filters` as PostgREST writes them, with an `order`."""
        offset = 0
        while True:
            answer = self._http.get(f"/rest/v1/{table}", params={**filters, "limit": PAGE_ROWS, "offset": offset})
            page = self._checked(answer).json()
            yield from page
            if len(page) < PAGE_ROWS:
                return
            offset += PAGE_ROWS

    def insert(self, table: str, row: dict[str, Any]) -> None:
        """Insert a row."""
        self._checked(self._http.post(f"/rest/v1/{table}", json=row, headers={"Prefer": "return=minimal"}))

    def upsert(self, table: str, rows: list[dict[str, Any]], on_conflict: str) -> None:
        """Insert rows, or update those that are there."""
        headers = {"Prefer": "resolution=merge-duplicates,return=minimal"}
        self._checked(
            self._http.post(f"/rest/v1/{table}", params={"on_conflict": on_conflict}, json=rows, headers=headers)
        )

    def update(self, table: str, values: dict[str, Any], **filters: str) -> None:
        """Update the rows that the filters name."""
        self._checked(self._http.patch(f"/rest/v1/{table}", params=filters, json=values))

    def call(self, function: str, **arguments: Any) -> Any:
        """Call a database function and return what it returns."""
        return self._checked(self._http.post(f"/rest/v1/rpc/{function}", json=arguments)).json()

    def post_messages(self, messages: list[dict[str, Any]], device_key: str | None = None) -> httpx.Response:
        """Post a batch to ingest as a board would; the answer is the caller's to judge."""
        headers = {"X-Device-Key": device_key} if device_key else {}
        # Not through the user's client: a board is nobody's session.
        return httpx.post(self._ingest_url, json=messages, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False)

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_error:
            raise DemoError(f"{answer.request.method} {answer.request.url.path} answered {answer.text}")
        return answer
