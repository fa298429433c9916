"""Boards of which only the wire is real: what firmware/code.py would send and when, ten thousand in one process.

No flash, no Wi-Fi, no program: a `LightBoard` is asked what it sends at a second, and told what came back. Its clock is
right, and its sessions keep their line on the drive. All numbers of the protocol are read from firmware/code.py;
tests/tools/test_simulator_light.py compares the requests with those of the real firmware.
"""

from __future__ import annotations

import ast
import contextlib
import random
import uuid
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Protocol

from tools import wire
from tools.simulator.install import FIRMWARE as FIRMWARE_FOLDER


def firmware_constants() -> SimpleNamespace:
    """What firmware/code.py says at its top, and its defaults of LOGGER_... settings."""
    found = {}
    tree = ast.parse((FIRMWARE_FOLDER / "code.py").read_text())
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            with contextlib.suppress(ValueError):  # not a plain value
                found[statement.targets[0].id] = ast.literal_eval(statement.value)
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "_integer":
            name, default = (ast.literal_eval(argument) for argument in call.args[:2])
            found[name.removeprefix("LOGGER_")] = default
    return SimpleNamespace(**found)


FIRMWARE = firmware_constants()


class Retry(Protocol):
    """How long a board waits after a request that failed."""

    def wait(self) -> int:
        """Whole seconds until the next try."""

    def forget(self) -> None:
        """A request went well, or the link is back."""


class FirmwareRetry:
    """The firmware's: doubling, with jitter, so that boards that failed together do not come back together."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._delay = FIRMWARE.OUTAGE_RETRY_FIRST_SECONDS

    def wait(self) -> int:
        delay: int = self._delay
        self._delay = min(delay * 2, FIRMWARE.OUTAGE_RETRY_MOST_SECONDS * 2 // 3)
        return delay + self._dice.randrange(256) * delay // 512

    def forget(self) -> None:
        self._delay = FIRMWARE.OUTAGE_RETRY_FIRST_SECONDS


class FixedRetry:
    """Always the same, as Traccar's client does."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds

    def wait(self) -> int:
        return self._seconds

    def forget(self) -> None:
        pass


@dataclass
class LightSession:
    """One power-up, as the board keeps it."""

    boot: int
    start: int
    lifetime_before: int
    run_seconds: int = 0
    acked_run_seconds: int = 0
    closed: bool = False
    acked_closed: bool = False
    parked_in_boot: int = 0

    @property
    def fully_acked(self) -> bool:
        return self.acked_closed and self.acked_run_seconds >= self.run_seconds


@dataclass(frozen=True)
class LightRequest:
    """What a board sends: a GET without messages, or a POST of some."""

    boot: int
    messages: list[dict[str, Any]] | None
    sessions: list[LightSession] = field(default_factory=list)


class LightBoard:
    """A board that counts, keeps and delivers. Times are whole seconds since 1970.

    The caller switches power and link, asks `poll` when `due` says so, and hands each request's outcome to `take` or
    `fail` before it asks again.
    """

    def __init__(self, dice: random.Random, retry: Retry | None = None) -> None:
        self.uuid = str(uuid.UUID(int=dice.getrandbits(128), version=4))
        self.key = dice.randbytes(32).hex()
        self.sessions: list[LightSession] = []
        self.flown: dict[int, int] = {}  # every power-up so far: start -> final seconds
        self.powered = False
        self.linked = False
        self.refused = False
        self._retry = retry or FirmwareRetry(dice)
        self._server_id: object = None

    # Power and link

    def power_on(self, now: int) -> None:
        """A session begins; the one before it is closed."""
        for session in self.sessions:
            session.closed = True
        lifetime = max((one.lifetime_before + one.run_seconds for one in self.sessions), default=0)
        # What the server has for good is forgotten, as the firmware does when it needs the line.
        self.sessions = [one for one in self.sessions if not one.fully_acked] + [
            LightSession(self._boot() + 1, now, lifetime)
        ]
        self.powered = True
        self._greeted = False
        self._next_try = self._held_until = now
        self._next_report = 0
        self._batch_limit = FIRMWARE.BATCH_MESSAGES
        self._parked_in_a_row = 0
        self._retry.forget()

    def power_off(self, now: int) -> None:
        """Without warning: what the last checkpoint kept is the session's final figure."""
        session = self.sessions[-1]
        session.run_seconds = max(
            session.run_seconds, (now - session.start) // FIRMWARE.CHECKPOINT_SECONDS * FIRMWARE.CHECKPOINT_SECONDS
        )
        self.flown[session.start] = session.run_seconds
        self.powered = False

    def set_link(self, up: bool, now: int) -> None:
        """Wi-Fi comes or goes."""
        if up and not self.linked:
            self._next_try = now
            self._retry.forget()
        self.linked = up

    def _boot(self) -> int:
        return self.sessions[-1].boot if self.sessions else 0

    # Requests

    def due(self, now: int) -> int | None:
        """When there is something to send next, at the earliest; None: not before power or link change."""
        if not (self.powered and self.linked):
            return None
        report = self.sessions[0].start if not self._greeted else self.sessions[-1].start + self._next_report
        earliest = now if self.unsent(1) else report
        return max(earliest, now, self._next_try, self._held_until)

    def unsent(self, most: int) -> list[LightSession]:
        """Up to so many ended sessions that may be sent now, oldest first."""
        boot = self._boot()
        return [one for one in self.sessions[:-1] if not one.fully_acked and one.parked_in_boot != boot][:most]

    def unsent_count(self) -> int:
        """Ended sessions that the server has not acknowledged."""
        return sum(not one.fully_acked for one in self.sessions[:-1])

    def poll(self, now: int) -> LightRequest | None:
        """What the board sends at this second, if anything: first a GET, then batches and the minutely report."""
        if not (self.powered and self.linked) or now < max(self._next_try, self._held_until):
            return None
        if not self._greeted:
            return LightRequest(self._boot(), None)
        current = self.sessions[-1]
        report = now - current.start >= self._next_report and current.parked_in_boot != current.boot
        sessions = self.unsent(self._batch_limit - report)
        left = self.unsent_count() - len(sessions)
        if report:
            sessions.append(current)
        if not sessions:
            return None
        current.run_seconds = now - current.start
        return LightRequest(current.boot, [self._message(one, left) for one in sessions], sessions)

    def _message(self, session: LightSession, left: int) -> dict[str, Any]:
        message = wire.message(
            self.uuid,
            session.start,
            session.run_seconds,
            status="closed" if session.closed else "open",
            boot=session.boot,
            start_source="ntp",
            checkpoint_seconds=FIRMWARE.CHECKPOINT_SECONDS,
            firmware=FIRMWARE.FIRMWARE,
        )
        if session is self.sessions[-1]:
            message["lifetime_seconds"] = session.lifetime_before + session.run_seconds
            message["reset_reason"] = "POWER_ON"
            message["unsent"] = left
        return message

    # Answers

    def take(self, now: int, request: LightRequest, status: int, reply: object, retry_after: int = 0) -> None:
        """An answer came; `reply` is its JSON, or None. Acks only what the results name.

        One that comes after the power went is lost.
        """
        if not self.powered or request.boot != self._boot():
            return
        code = reply.get("code") if isinstance(reply, dict) else None
        if status in (401, 403):
            self.refused = True
            self._hold(now, FIRMWARE.REFUSED_RETRY_SECONDS)
        elif request.messages is None:
            if status == 200 and isinstance(reply, dict) and "server_time" in reply:
                self._greeted = True
                self._learn_server(reply.get("server_id"))
            else:
                self._outage(now, 0)
        elif status == 200 and isinstance(reply, dict) and isinstance(reply.get("results"), list):
            self._take_results(now, request, reply)
        elif status in (400, 413, 415, 422):
            self._refused_whole(now, request, code)
        else:
            self._outage(now, retry_after)

    def fail(self, now: int, request: LightRequest) -> None:
        """No answer came in time, or no connection."""
        if self.powered and request.boot == self._boot():
            self._outage(now, 0)

    def _outage(self, now: int, retry_after: int) -> None:
        self._batch_limit = max(self._batch_limit // 2, 1)
        if retry_after:
            self._hold(now, retry_after)
        else:
            self._next_try = now + self._retry.wait()

    def _hold(self, now: int, seconds: int) -> None:
        self._held_until = now + min(seconds, FIRMWARE.MAX_RETRY_AFTER_SECONDS) + 1

    def _learn_server(self, server_id: object) -> None:
        if server_id and server_id != self._server_id:
            self._server_id = server_id
            self._forget_acks()

    def _forget_acks(self) -> None:
        for session in self.sessions:
            session.acked_run_seconds = session.parked_in_boot = 0
            session.acked_closed = False

    def _take_results(self, now: int, request: LightRequest, reply: dict[str, Any]) -> None:
        assert request.messages is not None
        if reply.get("new_device"):
            self._forget_acks()
        self._learn_server(reply.get("server_id"))
        outcomes = {result.get("msg_id"): result for result in reply["results"] if isinstance(result, dict)}
        named = 0
        for session, message in zip(request.sessions, request.messages, strict=True):
            outcome = outcomes.get(message["msg_id"], {}).get("outcome")
            if outcome in ("stored", "duplicate"):
                session.acked_run_seconds = max(session.acked_run_seconds, message["run_seconds"])
                session.acked_closed |= message["status"] == "closed"
                session.parked_in_boot = 0
                named += 1
            elif outcome == "rejected":
                session.parked_in_boot = self._boot()
                named += 1
        current = self.sessions[-1]
        if current in request.sessions:
            sent_at = request.messages[-1]["run_seconds"]
            self._next_report = (sent_at // FIRMWARE.REPORT_SECONDS + 1) * FIRMWARE.REPORT_SECONDS
        self._next_try = now + 1  # one request in a turn of the loop
        self._retry.forget()
        self._batch_limit = min(self._batch_limit * 2, FIRMWARE.BATCH_MESSAGES)
        self._parked_in_a_row = 0
        self.refused = False
        if named < len(request.sessions):
            self._outage(now, 0)

    def _refused_whole(self, now: int, request: LightRequest, code: object) -> None:
        """A batch refused whole may hold one bad message: ask for half of it, park the last one left."""
        self._next_try = now + 1
        if len(request.sessions) > 1:
            self._batch_limit = len(request.sessions) // 2
            return
        request.sessions[0].parked_in_boot = self._boot()
        self._batch_limit = FIRMWARE.BATCH_MESSAGES
        self._parked_in_a_row += 1
        if self._parked_in_a_row > 1:
            self._outage(now, 0)
