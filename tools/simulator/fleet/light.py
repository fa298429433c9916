"""Boards of which only the wire is real: what firmware/code.py sends and when, ten thousand in one process.

No flash, no Wi-Fi, no main loop: a `LightBoard` is asked what it sends at a second, and told what came back. What it
makes of that is up to the firmware's own `Uplink`, `SessionTable` and `BusSense`, which get their surroundings from
here. Its clock is right, and its sessions keep their line. tests/tools/test_simulator_light.py compares it with the
whole firmware.
"""

from __future__ import annotations

import binascii
import contextlib
import json
import random
import uuid
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from tools.firmware_parts import load
from tools.firmware_rules import INTEGER_SETTINGS
from tools.simulator.fleet.light_bus import PIN, RATIO, LightBus

CHECKPOINT_SECONDS = INTEGER_SETTINGS["LOGGER_CHECKPOINT_SECONDS"].default
BATCH_MESSAGES = INTEGER_SETTINGS["LOGGER_BATCH_MESSAGES"].default
SESSION_LINES = 64  # of a drive's 1,024: their memory is most of what a board costs
JSON = "application/json"


class _Asked(BaseException):
    """A request leaves the board: the program stops here, and comes by once more when the answer is there."""


class _Air:
    """The HTTP library and the chance of whichever board is at work."""

    def __init__(self) -> None:
        self.board: LightBoard
        self.bus: LightBus | None = None  # behind the pin of the board that is switched on
        self.answer: SimpleNamespace | OSError | None = None

    def request(
        self, method: str, url: str, *, data: bytes | None, headers: dict[str, str], **_: object
    ) -> SimpleNamespace:
        """The answer that has come, or the end of this turn."""
        answer, self.answer = self.answer, None
        if answer is None:
            raise _Asked(headers, data)
        if isinstance(answer, OSError):
            raise answer
        return answer

    def chance(self, size: int) -> bytes:
        """Another one for each board and second, the same in each run."""
        return (binascii.crc32(self.board.uuid.encode(), self.board.now) & 0xFF).to_bytes(1) * size


AIR = _Air()


def light_firmware(*, jitter: bool = True, **constants: int) -> SimpleNamespace:
    """The firmware in these surroundings; other constants make another program to compare it with."""

    modules = {
        "adafruit_connection_manager": SimpleNamespace(connection_manager_close_all=lambda pool: None),
        "adafruit_requests": SimpleNamespace(Session=lambda pool, context: AIR),
        "analogio": SimpleNamespace(AnalogIn=lambda pin: AIR.bus),
        "board": SimpleNamespace(**{PIN: PIN}),
        "gc": SimpleNamespace(collect=lambda: None),
        "os": SimpleNamespace(urandom=AIR.chance if jitter else bytes),
        "ssl": SimpleNamespace(create_default_context=lambda: None),
    }
    return load(modules, **constants)


FIRMWARE = light_firmware()


@lru_cache
def _config(access_token: str, sensing: bool) -> SimpleNamespace:
    return SimpleNamespace(
        ingest_url="light",
        access_token=access_token,
        batch_messages=BATCH_MESSAGES,
        checkpoint_seconds=FIRMWARE.CHECKPOINT_SECONDS_SENSED if sensing else CHECKPOINT_SECONDS,
        sense_pin=PIN if sensing else "",
        sense_ratio=round(1000 * RATIO),
        sense_engine_mv=0,
        sense_off_mv=0,
    )


class _Link:
    """Wi-Fi that needs no care."""

    pool = None

    def asked(self) -> None: ...

    def answered(self, now: int) -> None: ...

    def close_sockets(self) -> None: ...


_LINK = _Link()


class _Files:
    """Files that need no flash: nothing of the table ever waits to be written."""

    __slots__ = ("identity", "table")
    settled = True

    def __init__(self, identity: _Identity, table: Any) -> None:
        self.identity = identity
        self.table = table

    def keep_alive(self) -> None: ...

    def interval(self, checkpoint_seconds: int) -> int:
        return checkpoint_seconds

    def make_durable(self, slots: list[int]) -> None: ...

    def checkpoint(self, run_seconds: int) -> None:
        self.table.count_to(run_seconds)


class _Clock:
    """Always right, whatever a server in another time says."""

    __slots__ = ("board", "power_on_utc")
    source = wrong_sources = 0

    def __init__(self, board: LightBoard) -> None:
        self.board = board
        self.power_on_utc = board.now

    def elapsed(self) -> int:
        return self.board.now - self.power_on_utc

    def utc(self) -> int:
        return self.board.now


class _Identity:
    """Who the board is, and which server it has met."""

    __slots__ = ("key", "seed", "server_mark", "uuid")

    def __init__(self, dice: random.Random) -> None:
        self.uuid = str(uuid.UUID(int=dice.getrandbits(128), version=4))
        self.key = dice.randbytes(32)
        self.seed = self.server_mark = 0

    def remember_server(self, mark: int) -> None:
        self.server_mark = mark


@dataclass(frozen=True, slots=True)
class LightRequest:
    """What a board sends: a GET without a body, or a POST of some messages."""

    boot: int
    elapsed: int
    headers: dict[str, str]
    body: bytes | None

    @property
    def method(self) -> str:
        """Of HTTP."""
        return "GET" if self.body is None else "POST"

    @property
    def messages(self) -> list[dict[str, Any]] | None:
        """The messages of a POST."""
        messages: list[dict[str, Any]] | None = None if self.body is None else json.loads(self.body)
        return messages


class LightBoard:
    """A board that counts, keeps and delivers; with `sensing` it has a divider. Times are whole seconds since 1970.

    The caller switches power, engine and link, asks `poll` when `due` says so, and hands each request's outcome to
    `take` or `fail` before it asks again.
    """

    __slots__ = (
        "_bus",
        "_clock",
        "_config",
        "_firmware",
        "_identity",
        "_logger",
        "_table",
        "_uplink",
        "flown",
        "linked",
        "now",
        "powered",
    )

    def __init__(
        self,
        dice: random.Random,
        firmware: SimpleNamespace = FIRMWARE,
        *,
        access_token: str = "",
        sensing: bool = False,
    ) -> None:
        self._firmware = firmware
        self._config = _config(access_token, sensing)
        self._bus: LightBus | None = None
        self._logger: Any = None
        self._identity = _Identity(dice)
        self._table: Any = None
        self._uplink: Any = None
        self.flown: dict[int, int] = {}  # every power-up so far: start -> final seconds
        self.powered = self.linked = False
        self.now = 0

    @property
    def uuid(self) -> str:
        """The device's."""
        return self._identity.uuid

    @property
    def boots(self) -> int:
        """Power-ups so far."""
        return self._table.boot if self._table else 0

    @property
    def sessions(self) -> list[Any]:
        """The firmware's sessions, oldest first."""
        return [self._table.at(slot) for slot in self._table.by_boot()] if self._table else []

    @property
    def refused(self) -> bool:
        """Whether the server does not want this board."""
        return self._uplink is not None and bool(self._uplink.refused)

    # Power and link

    def power_on(self, now: int) -> None:
        """A session begins; the one before it is closed."""
        self.now = now
        AIR.board = self
        kept = self.sessions
        self._table = self._firmware.SessionTable(SESSION_LINES, ())
        for session in kept:
            session.parked = 0  # no drive keeps that
            self._table.save(session)
        self._table.begin()
        self._table.current.set_start(now, 0)
        self._clock = _Clock(self)
        files = _Files(self._identity, self._table)
        self._uplink = self._firmware.Uplink(self._config, self._clock, files, _LINK, self._before_call)
        self._uplink.reset_reason = "POWER_ON"
        self._logger = self._checkpoints(files)
        self.powered = True

    def _checkpoints(self, files: _Files) -> Any:
        """The main loop's object, for what it does at a checkpoint, and the bus that it senses."""
        logger = object.__new__(self._firmware.Logger)
        logger.config, logger.clock, logger.table, logger.files = self._config, self._clock, self._table, files
        logger._dog = None
        AIR.bus = self._bus = LightBus() if self._config.sense_pin else None
        logger.sense = self._firmware.BusSense(self._config, self._bus, logger.checkpoint)
        if self._bus:
            self._bus.feed(logger.sense)
        return logger

    def set_engine(self, running: bool, now: int) -> None:
        """The starter is pressed, or the engine stopped."""
        self.now = now
        if self._bus and self.powered:
            self._bus.set_engine(running, self._elapsed_ms())

    def _elapsed_ms(self) -> int:
        return self._clock.elapsed() * 1000

    def power_off(self, now: int) -> None:
        """Without warning, but for a divider: what the last checkpoint kept is the session's final figure."""
        self.now = now
        if self._bus:
            self._bus.fall(self._elapsed_ms())
        if not self._logger.sense.exact:
            interval = self._config.checkpoint_seconds
            self._table.count_to(self._clock.elapsed() // interval * interval)
        current = self._table.current
        self.flown[current.start] = current.run_seconds
        self.powered = False

    def set_link(self, up: bool, now: int) -> None:
        """Wi-Fi comes or goes."""
        if up and not self.linked and self.powered:
            self._uplink.link_is_back()
        self.linked = up

    # Requests

    def due(self, now: int) -> int | None:
        """When there is something to send next, at the earliest; None: not before power or link change."""
        if not (self.powered and self.linked):
            return None
        uplink, current = self._uplink, self._table.current
        if uplink._greeted and not self._table.unsent(1)[0]:
            if current.has(current.REJECTED) and current.parked:
                return None
            begin = uplink._next_report
        else:
            begin = 0
        least: int = max(begin, uplink._next_try, uplink._held_until)
        return max(now, self._clock.power_on_utc + least)

    def unsent_count(self) -> int:
        """Ended sessions that the server has not acknowledged."""
        return self._table.unsent(0)[1] if self._table else 0

    def poll(self, now: int) -> LightRequest | None:
        """What the board sends at this second, if anything: first a GET, then batches and the minutely report."""
        if not (self.powered and self.linked):
            return None
        self.now = now
        elapsed = self._clock.elapsed()
        try:
            self._turn(elapsed)
        except _Asked as asked:
            return LightRequest(self._table.boot, elapsed, *asked.args)
        return None

    def _turn(self, elapsed: int) -> None:
        AIR.board = self
        if self._bus:
            self._bus.advance(elapsed * 1000)
        self._uplink.poll(elapsed)

    def _before_call(self) -> None:
        """A checkpoint; not when the program comes by for an answer: the messages are those that were sent."""
        if AIR.answer is None:
            self._logger.checkpoint()

    # Answers

    def take(self, now: int, request: LightRequest, status: int, reply: object, retry_after: int = 0) -> None:
        """An answer came; `reply` is its JSON, or None for some page. One that comes after the power went is lost."""
        headers = {"retry-after": str(retry_after)} if retry_after else {}
        body = b""
        if reply is not None:
            headers["content-type"] = JSON
            if isinstance(reply, dict) and "server_time" in reply:
                # The boards' days go by faster than the server's.
                reply = {**reply, "server_time": self._firmware.iso(now)}
            body = json.dumps(reply).encode()
        self._come_by(
            now,
            request,
            SimpleNamespace(status_code=status, headers=headers, iter_content=lambda size: [body], close=lambda: None),
        )

    def fail(self, now: int, request: LightRequest) -> None:
        """No answer came in time, or no connection."""
        self._come_by(now, request, OSError("no answer"))

    def _come_by(self, now: int, request: LightRequest, answer: SimpleNamespace | OSError) -> None:
        if not self.powered or request.boot != self._table.boot:
            return
        self.now = now
        AIR.answer = answer
        with contextlib.suppress(_Asked):  # the next request, which `poll` asks for again
            self._turn(request.elapsed)
        AIR.answer = None
