"""The server's side, looked at from this computer: is the ingest URL right, the project awake, the token right."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import httpx

from tools import wire
from tools.addresses import TOKEN, split_address
from tools.board.errors import BoardError
from tools.board.sessions import SetAside, Store, message, with_starts
from tools.remedies import DEPLOY, DEPLOY_TOKEN, DOCTOR, INSTALL_TOKEN, SERVE

TIMEOUT_SECONDS = 15.0
BATCH_MESSAGES = 20
MAX_RETRY_AFTER_SECONDS = 60
SUPABASE_PAUSED = 540
EXAMPLE = "https://YOUR-PROJECT.supabase.co/functions/v1/ingest"


@dataclass(frozen=True)
class Verdict:
    """What is at an ingest URL. `code` is one word for scripts; `remedy` is empty when all is well."""

    code: str
    text: str
    remedy: str = ""
    server_time: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether boards can deliver there."""
        return self.code == "ok"


@dataclass(frozen=True)
class Delivered:
    """What became of messages that were sent."""

    stored: int = 0
    duplicate: int = 0
    rejected: tuple[str, ...] = ()


def check(url: str, access_token: str = "") -> Verdict:
    """Ask for the time, then post an empty batch, which a right token turns into a 400 and stores nothing."""
    parts = split_address(url)
    if parts is None or not parts.hostname:
        return Verdict("wrong_url", f"{url or 'no ingest_url'} is not an address.", f"It looks like {EXAMPLE}.")
    if access_token and not TOKEN.fullmatch(access_token):
        return Verdict(
            "wrong_token",
            "The access token has a space, a line end or a letter beyond ASCII.",
            f"Copy it again: {INSTALL_TOKEN}.",
        )
    try:
        socket.getaddrinfo(parts.hostname, parts.port or 443)
    except (OSError, UnicodeError):
        return Verdict(
            "no_such_host",
            f"{parts.hostname} is unknown to DNS.",
            "Look for a slip in ingest_url. A Supabase project that was deleted, or paused for long, loses its name:"
            " see the project's page. Or this computer has no internet.",
        )
    try:
        with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client:
            verdict = _judge(client.get(url, headers={"Accept": "application/json"}), url)
            if not verdict.is_ok:
                return verdict
            return _judge_token(_post(client, url, access_token, "", []), verdict)
    except httpx.HTTPError as error:
        if "CERTIFICATE" in str(error).upper():
            remedy = "The address has no valid certificate: a captive portal, or a wrong clock on this computer."
        else:
            remedy = f"Is the address right, and is this computer online? A local stack must be running ({SERVE})."
        return Verdict("unreachable", f"{parts.netloc} does not answer ({_words(error)}).", remedy)


def _judge(answer: httpx.Response, url: str) -> Verdict:
    reply = _json(answer)
    code = str(reply.get("code", ""))
    status = answer.status_code
    if status == 200 and "server_time" in reply:
        return Verdict("ok", f"The function answers at {url}.", server_time=str(reply["server_time"]))
    if status == SUPABASE_PAUSED or "paused" in answer.text[:500].lower():
        return Verdict(
            "project_paused",
            "The Supabase project is paused.",
            "Press Restore project on its page in the dashboard. Free projects pause after a week without traffic;"
            " the boards keep their sessions meanwhile.",
        )
    if status == 404 and (code == "NOT_FOUND" or "function was not found" in answer.text.lower()):
        return Verdict(
            "function_not_deployed",
            "The project answers, but it has no function of that name.",
            DEPLOY,
        )
    if status in (401, 403) and code != "access_token_wrong":
        return Verdict(
            "function_wants_login",
            f"The gateway asks for a login before the function ({status} {code}).",
            "The function must be deployed with verify_jwt = false, as supabase/config.toml says: deploy it again.",
        )
    if status == 503 and code == "unavailable":
        return Verdict(
            "table_missing",
            "The function runs, but the database does not answer it: its tables or functions are missing.",
            f"{DEPLOY} applies what is missing; then run this again. If nothing was missing: see the function's log in"
            " the dashboard (Edge Functions, ingest, Logs).",
        )
    if 300 <= status < 400:
        return Verdict(
            "wrong_url",
            f"{url} sends elsewhere ({status} to {answer.headers.get('location', '?')}).",
            "Boards do not follow redirects: a captive portal, or http instead of https. It looks like "
            + EXAMPLE
            + ".",
        )
    if status >= 500:
        return Verdict(
            "server_error",
            f"The server answered {status} {code}.",
            "Wait a minute and run this again; if it stays: see the function's log in the dashboard (Edge Functions,"
            " ingest, Logs), and status.supabase.com.",
        )
    return Verdict(
        "wrong_url",
        f"What answers at {url} is no ingest function ({status}, {answer.headers.get('content-type', 'no type')}).",
        f"Compare ingest_url in secrets.py with {EXAMPLE}.",
    )


def _judge_token(answer: httpx.Response, verdict: Verdict) -> Verdict:
    reply = _json(answer)
    if answer.status_code == 400 and reply.get("code") == "empty_batch":
        return verdict
    if answer.status_code == 401 and reply.get("code") == "access_token_wrong":
        return Verdict(
            "wrong_token",
            "The project refuses the access token.",
            "access_token in secrets.py must be the project's secret INGEST_ACCESS_TOKEN:"
            f" {INSTALL_TOKEN} writes it on the board, {DEPLOY_TOKEN} gives the project another one.",
            verdict.server_time,
        )
    return _judge(answer, str(answer.request.url))


def deliver(
    aside: SetAside | Store,
    url: str,
    access_token: str,
    *,
    key: str = "",
    pause: Callable[[float], None] = time.sleep,
    tell: Callable[[str], None] = lambda text: None,
) -> Delivered:
    """Send sessions as their board would have: batches, oldest first. Raises BoardError when the server takes none."""
    store = aside.store if isinstance(aside, SetAside) else aside
    key = key or (aside.key if isinstance(aside, SetAside) else "")
    with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client:
        verdict = check(url, access_token)
        if not verdict.is_ok:
            raise BoardError(f"{verdict.text} {verdict.remedy}")
        sessions = with_starts(store.sessions, verdict.server_time or wire.timestamp(int(time.time())))
        messages = [message(store.uuid, session) for session in sessions]
        stored = duplicate = 0
        rejected: list[str] = []
        for batch in _batches(messages):
            reply = _send(client, url, access_token, key, batch, pause)
            for result in reply.get("results", []):
                outcome = result.get("outcome")
                stored += outcome == "stored"
                duplicate += outcome == "duplicate"
                if outcome not in ("stored", "duplicate"):
                    rejected.append(f"{result.get('msg_id')}: {result.get('code')} {result.get('message', '')}".strip())
            tell(f"{stored + duplicate + len(rejected)} of {len(messages)} sessions")
    return Delivered(stored, duplicate, tuple(rejected))


def _batches(messages: list[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    for at in range(0, len(messages), BATCH_MESSAGES):
        yield messages[at : at + BATCH_MESSAGES]


def _send(
    client: httpx.Client, url: str, token: str, key: str, batch: list[dict[str, Any]], pause: Callable[[float], None]
) -> dict[str, Any]:
    answer = None
    for _ in range(3):
        try:
            answer = _post(client, url, token, key, batch)
        except httpx.HTTPError as error:
            raise BoardError(
                f"The server was lost on the way ({_words(error)}). Run this again: nothing is sent twice."
            ) from error
        if answer.status_code != 429:
            break
        after = answer.headers.get("retry-after", "")
        pause(min(int(after) if after.isdigit() else 5, MAX_RETRY_AFTER_SECONDS))
    assert answer is not None
    reply = _json(answer)
    if answer.status_code == 200 and isinstance(reply.get("results"), list):
        return reply
    remedy = reply.get("hint") or reply.get("message") or f"Run {DOCTOR}."
    if answer.status_code == 401:
        remedy = (
            f"{remedy} These sessions belong to a device with a key. It lies beside them in"
            " /logger/identity-<uuid>.json; if that is gone, reset the device's key in the portal and run this again."
        )
    raise BoardError(f"The server answered {answer.status_code} {reply.get('code', '')}. {remedy}")


def _post(client: httpx.Client, url: str, token: str, key: str, messages: list[dict[str, Any]]) -> httpx.Response:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if key:
        headers["X-Device-Key"] = key
    return client.post(url, content=json.dumps(messages), headers=headers)


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        reply = answer.json()
    except ValueError:
        return {}
    return reply if isinstance(reply, dict) else {}


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def portal_beside(url: str) -> str:
    """The portal's address when one stack serves it together with the function; "" elsewhere."""
    parts = split_address(url)
    if parts is None:
        return ""
    origin = f"{parts.scheme}://{parts.netloc}"
    try:
        reply = httpx.get(f"{origin}/config.json", timeout=5.0)
        return origin if reply.status_code == 200 and "supabaseUrl" in _json(reply) else ""
    except (httpx.HTTPError, httpx.InvalidURL):
        return ""
