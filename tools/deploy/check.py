"""The check at the end: a test message goes the way that a board's goes, is read back, and is taken out again."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tools import wire
from tools.deploy.cloud import FUNCTION, SECRET
from tools.deploy.errors import DeployError
from tools.remedies import DEPLOY

RUN_SECONDS = 60
TIMEOUT_SECONDS = 20
CLOCK_SECONDS = 120
# A new function, or a new secret, is in force everywhere after some seconds.
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 3.0

Query = Callable[[str], Any]


@dataclass(frozen=True)
class Check:
    """What there is to talk to.

    Attributes:
        url: address of the project.
        publishable_key: the key that the portal uses.
        access_token: what boards have to send, or "".
        query: runs one SQL statement as the database's owner and returns the rows.
        patience_seconds: how long something new may take to be in force.
        repairs: computes kept hours again where they differ from the sessions, instead of refusing.
    """

    url: str
    publishable_key: str
    access_token: str
    query: Query
    patience_seconds: float = PATIENCE_SECONDS
    repairs: bool = False

    @property
    def ingest_url(self) -> str:
        """Where boards report to."""
        return f"{self.url}/functions/v1/{FUNCTION}"

    @property
    def device_uuid(self) -> str:
        """The test device: always the same one of a project, so that repeated checks leave one trace at most."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, self.ingest_url))

    def run(self) -> list[str]:
        """Everything in turn; what was found, a line each. Raises DeployError at the first thing that is wrong."""
        found = []
        with httpx.Client(timeout=TIMEOUT_SECONDS) as client:
            server_time = self._ask_function(client)
            found.append(f"the function answers, its clock says {wire.timestamp(server_time)}")
            if abs((datetime.now(UTC) - server_time).total_seconds()) > CLOCK_SECONDS:
                found.append("the clock of this computer is more than two minutes off")
            if self.access_token:
                self._expect_refusal(client)
                found.append("a message without the access token is refused")
            message = self._message(server_time)
            try:
                self._post(client, message)
                self._read_back(message)
            finally:
                kept = self._take_out()
            found.append(
                "a test message was stored once, read back" + (f"; {kept}" if kept else " and taken out again")
            )
            found.append(self._verify_hours())
            self._ask_as_stranger(client)
            found.append("strangers cannot read the database")
            self._ask_auth(client)
            found.append("signing in by mail is offered")
        return found

    def _ask_function(self, client: httpx.Client) -> datetime:
        """The function's time; waits while it is not there yet."""
        answer = self._patiently(lambda: self._request(client, "GET"), lambda answer: answer.status_code == 200)
        try:
            return wire.parse_timestamp(answer.json()["server_time"])
        except (ValueError, KeyError, TypeError):
            raise DeployError(self._explain(answer)) from None

    def _expect_refusal(self, client: httpx.Client) -> None:
        refused = self._patiently(
            lambda: self._request(client, "POST", json={}, headers={"Authorization": "Bearer wrong"}),
            lambda answer: answer.status_code == 401,
        )
        if refused.status_code != 401:
            raise DeployError(
                f"The function takes messages with a wrong access token (it answered {refused.status_code}):"
                f" the secret {SECRET} is not in force. Run this again; if it stays so, look under Edge Functions,"
                " Secrets in the dashboard."
            )

    def _message(self, server_time: datetime) -> dict[str, object]:
        start = server_time - timedelta(seconds=RUN_SECONDS)
        return wire.message(self.device_uuid, start, RUN_SECONDS, firmware="test message of deploy")

    def _post(self, client: httpx.Client, message: dict[str, object]) -> None:
        """The same message twice: it is stored, and the second one changes nothing."""
        headers = {"Authorization": f"Bearer {self.access_token}"} if self.access_token else {}
        outcomes = []
        for _ in range(2):
            answer = self._request(client, "POST", json=message, headers=headers)
            try:
                outcomes.append(answer.json()["results"][0]["outcome"])
            except (ValueError, KeyError, IndexError, TypeError):
                raise DeployError(self._explain(answer)) from None
        if outcomes != ["stored", "duplicate"]:
            raise DeployError(f"The test message, sent twice, was {outcomes[0]} and {outcomes[1]}. Please report this.")

    def _read_back(self, message: dict[str, object]) -> None:
        rows = self.query(
            "select run_seconds, status::text from public.sessions"
            f" where device_uuid = '{self.device_uuid}' and session_start = '{message['session_start']}'"
        )
        if rows != [{"run_seconds": RUN_SECONDS, "status": "closed"}]:
            raise DeployError(
                f"The test message was acknowledged, but the database shows {rows}: the function writes into another"
                " project's database. Check --url."
            )

    def _take_out(self) -> str:
        """Removes the test device unless somebody owns it; says what stays."""
        try:
            self.query(
                f"delete from public.devices d where device_uuid = '{self.device_uuid}' and not exists"
                " (select from public.device_ownerships o where o.device_uuid = d.device_uuid)"
            )
        except DeployError:
            return f"it stays as the unclaimed device {self.device_uuid}, which no fleet sees"
        return ""

    def _verify_hours(self) -> str:
        """Every total is what the sessions say, or is again."""
        differing = "select count(*) as periods, count(distinct plane_id) as planes from private.verify_hours()"
        [row] = self.query(differing)
        if not row["periods"]:
            return "the hours of every plane are those of its sessions"
        wrong = f"the kept hours of {row['planes']} planes differed from their sessions in {row['periods']} periods"
        if not self.repairs:
            raise DeployError(f"{wrong[0].upper()}{wrong[1:]}. Run `{DEPLOY}`: it computes them again.")
        self.query("select private.rebuild_hours()")
        return f"{wrong} and were computed again"

    def _ask_as_stranger(self, client: httpx.Client) -> None:
        answer = self._request(client, "GET", path="/rest/v1/sessions?select=session_id&limit=1", headers=self._key)
        if answer.status_code == 200:
            raise DeployError("Strangers can read the table sessions. Apply the migrations again (supabase/README.md).")
        if answer.status_code not in (401, 403) or "permission denied" not in answer.text:
            raise DeployError(
                f"The REST API does not answer as it should ({_summary(answer)}). Check under Project Settings that the"
                " Data API is on and exposes the schema public, and that the publishable key is not disabled."
            )

    def _ask_auth(self, client: httpx.Client) -> None:
        answer = self._request(client, "GET", path="/auth/v1/settings", headers=self._key)
        try:
            offered = answer.json()["external"]["email"]
        except (ValueError, KeyError, TypeError):
            raise DeployError(f"The sign-in service does not answer as it should ({_summary(answer)}).") from None
        if not offered:
            raise DeployError("Signing in by mail is switched off: enable Email under Authentication, Sign In.")

    @property
    def _key(self) -> dict[str, str]:
        return {"apikey": self.publishable_key}

    def _request(self, client: httpx.Client, method: str, path: str = "", **options: Any) -> httpx.Response:
        try:
            return client.request(method, f"{self.url}{path}" if path else self.ingest_url, **options)
        except httpx.InvalidURL:
            raise DeployError(f"{self.url} is not an address. Write --url as https://...") from None
        except httpx.HTTPError as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise DeployError(
                f"{self.url} cannot be reached ({reason}). Check the network and --project; the address of a paused"
                " project is gone until it is restored in the dashboard."
            ) from None

    def _patiently(
        self, ask: Callable[[], httpx.Response], is_right: Callable[[httpx.Response], bool]
    ) -> httpx.Response:
        """Asks until the answer is right or patience is over; the last answer."""
        deadline = time.monotonic() + self.patience_seconds
        while not is_right(answer := ask()) and time.monotonic() < deadline:
            time.sleep(min(PAUSE_SECONDS, self.patience_seconds))
        return answer

    def _explain(self, answer: httpx.Response) -> str:
        """What an answer of the function's address means that is none of the function's good ones."""
        return f"{explain_ingest(answer.status_code, answer.text)} ({_summary(answer)})"


def explain_ingest(status: int, body: str) -> str:
    """What a refusal at the ingest address means, and what to do."""
    if status == 404:
        return (
            f"The function ingest is not deployed in this project. Run `{DEPLOY}` without --check,"
            " or correct --project."
        )
    if status == 401 and "access_token_wrong" in body:
        return f"The project asks for an access token and this is not it. Set {SECRET} to the one that the boards have."
    if status == 401 and "device_key" in body:
        return (
            "Someone has posted a key for the test device. Delete it by hand (supabase/README.md) and run this again."
        )
    if status == 401:
        return (
            "Supabase asks for a user's token before the function is reached: it was deployed with verify_jwt on."
            " Deploy it from a folder whose supabase/config.toml says verify_jwt = false, as this one does."
        )
    if status == 540 or "paused" in body.lower():
        return "The project is paused. Open it in the dashboard, choose Restore project, and run this again."
    if status == 503 and "unavailable" in body:
        return (
            "The function runs but the database does not do what it asks: are all migrations applied"
            f" (`{DEPLOY}` does it), and is the project healthy in the dashboard?"
        )
    if status == 429:
        return "The project is asked too often at the moment. Wait ten minutes and run this again."
    if status >= 500:
        return "The function fails. Its log stands in the dashboard under Edge Functions, ingest, Logs."
    return f"This is not the ingest function (HTTP {status}). Check --project, or --url."


def _summary(answer: httpx.Response) -> str:
    return f"HTTP {answer.status_code}: {' '.join(answer.text.split())[:160]}"
