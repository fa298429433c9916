"""`simulate`: virtual boards that run the real firmware/code.py against any ingest URL, with faults on demand.

Thousands of boards are light ones, in `simulate_light`.

The boards live at the wall's time and keep everything in memory. At another speed than 1 their clocks leave the
server's: good for load and for watching backlogs, not for figures.
"""

import contextlib
import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
from rich.live import Live
from rich.table import Table

from tools.commands import simulate_light
from tools.commands.terminal import console
from tools.remedies import SERVE
from tools.simulator import (
    HALF_REPLY,
    PASS,
    RESET,
    AccessPoint,
    BoardClock,
    ConsoleLine,
    Drive,
    FaultProxy,
    Network,
    NtpServer,
    SimulatedBoard,
    http_error,
    install,
)

# More are light ones: each board with the firmware has a thread, a flash and servers of its own.
MOST_WITH_FIRMWARE = 100
TICK_SECONDS = 0.25
LOG_LINE_EVERY_SECONDS = 10.0
# How often a board's sessions.json is looked into: seconds, and for many boards more, to leave time for flying.
LOOK_SECONDS = 5.0
LOOK_SECONDS_PER_BOARD = 0.1
CHECK_TIMEOUT_SECONDS = 10.0

# What a console line that begins so says about its board.
STATES = (
    ("Boot…", "starting"),
    ("Preparing storage", "preparing"),
    ("Wi-Fi: 1", "online"),
    ("Wi-Fi lost", "offline"),
    ("Wi-Fi: cannot", "offline"),
    ("POST OK", "delivering"),
    ("POST failed", "backing off"),
    ("POST refused", "refused"),
)


class SimulateError(Exception):
    """The simulation cannot start; the text says why and what to do."""


class VirtualBoard:
    """One board with a router, a time server and a way to the server of its own, running in the background."""

    def __init__(
        self,
        url: str,
        access_token: str,
        *,
        speed: float,
        look_seconds: float,
        proxied: bool,
        number: int = 1,
        seed: int | None = None,
    ) -> None:
        self.number = number
        self.dice = random.Random(None if seed is None else f"{seed} board {number}")
        self.uuid = ""
        self.state = "off"
        self.start: str | None = None
        self.sessions = self.run_seconds = self.unsent = self.total_seconds = 0
        self.router = AccessPoint("Hangar", "simulated")
        self.network = Network(self.router, real_internet=True)
        self.ntp = NtpServer(self.network)
        self.network.add_host("pool.ntp.org", {123: self.ntp.address})
        parts = urlsplit(url)
        self.proxy: FaultProxy | None = None
        if proxied:
            self.proxy = FaultProxy(self.network, f"{parts.scheme}://{parts.netloc}")
            url = self.proxy.url + parts.path
        elif parts.hostname == "localhost":
            url = url.replace("localhost", "127.0.0.1", 1)
        secrets = {"ingest_url": url, "access_token": access_token, "networks": [("Hangar", "simulated")]}
        self._look_seconds = look_seconds
        self.board = SimulatedBoard(
            install(Drive(), secrets=secrets),
            BoardClock(datetime.now(UTC), speed=speed),
            self.network,
            cpu_uid=os.urandom(6),
            seed=self.dice.getrandbits(32),
            on_line=self._read_line,
        )
        self.board.start()
        self._look_again()

    def power_on(self) -> None:
        """Switch the avionics bus on."""
        if not self.board.powered:
            self.board.power_off(for_seconds=0.001)  # lets the board's clock catch up with the time it was off
            self.board.power_on()

    def power_off(self) -> None:
        """Switch it off, without warning."""
        self.board.power_off()
        self.state = "off"

    def close(self) -> None:
        """End the board and its servers."""
        self.board.close()
        self.network.close()

    def _read_line(self, line: ConsoleLine) -> None:
        if line.text.startswith("Device UUID: "):
            self.uuid = line.text.removeprefix("Device UUID: ")
        self.state = next((state for begin, state in STATES if line.text.startswith(begin)), self.state)

    def _look_again(self) -> None:
        """On the board's thread, between two of its steps: read what the flash holds."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            self._read_sessions(json.loads(self.board.read_file("/sessions.json"))["sessions"])
        self.board.clock.call_later(self._look_seconds, self._look_again)

    def _read_sessions(self, entries: Iterable[dict[str, object] | None]) -> None:
        sessions = sorted((entry for entry in entries if entry), key=lambda entry: int(str(entry.get("boot", 0))))
        if not sessions:
            return
        latest = sessions[-1]
        self.start = None if latest["start"] is None else str(latest["start"])
        self.run_seconds = int(str(latest["run_seconds"]))
        self.sessions = len(sessions)
        self.total_seconds = sum(int(str(entry["run_seconds"])) for entry in sessions)
        self.unsent = sum(not _is_acked(entry) for entry in sessions)


def _is_acked(session: dict[str, object]) -> bool:
    """Whether the server has all of an ended session, or has heard of the open one."""
    if session["status"] == "open":
        return session["acked_run_seconds"] != 0
    return session.get("acked_status") == "closed" and session["acked_run_seconds"] == session["run_seconds"]


@dataclass(frozen=True)
class FaultKind:
    """A fault that comes and goes at random, after and for so many board seconds on average."""

    every_seconds: float
    for_seconds: float
    begin: Callable[[VirtualBoard], None]
    end: Callable[[VirtualBoard], None]


def _set_router(up: bool) -> Callable[[VirtualBoard], None]:
    def switch(board: VirtualBoard) -> None:
        board.router.up = up

    return switch


def _set_internet(there: bool) -> Callable[[VirtualBoard], None]:
    def switch(board: VirtualBoard) -> None:
        board.router.internet = there

    return switch


def _silence_dns(board: VirtualBoard) -> None:
    board.network.dns = "down"


def _restore_dns(board: VirtualBoard) -> None:
    board.network.dns = "up"


def _silence_ntp(board: VirtualBoard) -> None:
    board.ntp.fault = "silent"


def _restore_ntp(board: VirtualBoard) -> None:
    board.ntp.fault = "ok"


def _break_server(board: VirtualBoard) -> None:
    assert board.proxy is not None
    board.proxy.fault = board.dice.choice((http_error(500), http_error(429, retry_after_seconds=30), RESET, HALF_REPLY))


def _mend_server(board: VirtualBoard) -> None:
    assert board.proxy is not None
    board.proxy.fault = PASS


FAULTS = {
    "power": FaultKind(300, 30, VirtualBoard.power_off, VirtualBoard.power_on),
    "wifi": FaultKind(240, 90, _set_router(False), _set_router(True)),
    "internet": FaultKind(240, 90, _set_internet(False), _set_internet(True)),
    "dns": FaultKind(240, 90, _silence_dns, _restore_dns),
    "ntp": FaultKind(120, 120, _silence_ntp, _restore_ntp),
    "server": FaultKind(180, 60, _break_server, _mend_server),
}
# Each fault strikes each board for the first time within this part of the run, or of so many board seconds where the
# run is longer or has no end: a short run sees every fault, and the first start is left in peace.
FIRST_STRIKE = (0.2, 0.5)
FIRST_STRIKE_SPAN_SECONDS = 600


@dataclass
class _Turn:
    """A fault of a board: when it begins or ends next, by the wall's monotonic clock."""

    due: float
    name: str
    board: VirtualBoard
    dice: random.Random
    begins: bool = True
    begun: float = 0.0


class FaultPlan:
    """When the chosen faults strike each board, each board by itself. The same seed makes the same plan.

    `run_seconds` is how long the run lasts by the wall, None if it has no end; `tell` gets a line for each strike.
    """

    def __init__(
        self,
        kinds: Iterable[str],
        boards: Iterable[VirtualBoard],
        speed: float,
        *,
        seed: int,
        run_seconds: float | None = None,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._speed = speed
        self._tell = tell
        self._span = float("inf") if run_seconds is None else run_seconds * speed
        self._began = time.monotonic()
        self.strikes = 0
        self._turns = []
        for board in boards:
            for name in kinds:
                dice = random.Random(f"{seed} {board.number} {name}")
                first = min(self._span, FIRST_STRIKE_SPAN_SECONDS) * dice.uniform(*FIRST_STRIKE)
                self._turns.append(_Turn(self._began + first / speed, name, board, dice))

    def strike(self) -> None:
        """Begin and end what is due."""
        now = time.monotonic()
        for turn in self._turns:
            if turn.due > now:
                continue
            kind = FAULTS[turn.name]
            (kind.begin if turn.begins else kind.end)(turn.board)
            board_seconds = (now - self._began) * self._speed
            who = f"{board_seconds:6.0f} s  board {turn.board.number} ({turn.board.uuid[:8] or 'no UUID yet'})"
            if turn.begins:
                self.strikes += 1
                turn.begun = now
                mean_seconds = min(kind.for_seconds, self._span / 5)
                self._tell(f"{who}: {turn.name} fails")
            else:
                mean_seconds = min(kind.every_seconds, self._span / 3)
                self._tell(f"{who}: {turn.name} is back after {(now - turn.begun) * self._speed:.0f} s")
            turn.begins = not turn.begins
            turn.due += turn.dice.expovariate(1 / mean_seconds) / self._speed


def parse_faults(text: str) -> list[str]:
    """The names in a comma-separated list. Raises SimulateError for one that does not exist."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in FAULTS:
            raise SimulateError(f"There is no fault {name!r}. Choose among {', '.join(FAULTS)}.")
    return list(dict.fromkeys(names))


def run(
    url: str,
    boards: int,
    speed: float,
    faults: str,
    seconds: float | None,
    access_token: str,
    *,
    light: bool,
    seed: int | None = None,
) -> None:
    """Flies the boards until Ctrl-C, or for `seconds` of the wall. Raises SimulateError if it cannot start."""
    seed = random.randrange(1_000_000) if seed is None else seed
    kinds = parse_faults(faults)
    light = light or boards > MOST_WITH_FIRMWARE
    if light and kinds:
        raise SimulateError(f"Faults take boards with the firmware: without --light, at most {MOST_WITH_FIRMWARE}.")
    check_ingest(url)
    if light:
        simulate_light.run(url, boards, speed, seconds, access_token, seed)
        return
    look_seconds = max(LOOK_SECONDS, boards * LOOK_SECONDS_PER_BOARD) * speed
    with contextlib.ExitStack() as ending:
        fleet: list[VirtualBoard] = []
        with console.status("Making the boards"):
            for number in range(1, boards + 1):
                board = VirtualBoard(
                    url,
                    access_token,
                    speed=speed,
                    look_seconds=look_seconds,
                    proxied="server" in kinds,
                    number=number,
                    seed=seed,
                )
                ending.callback(board.close)
                fleet.append(board)
        for board in fleet:
            board.power_on()
        try:
            console.print(f"{boards} {'board reports' if boards == 1 else 'boards report'} to {url}.", soft_wrap=True)
            console.print(f"Seed {seed}: --seed {seed} makes the same plan of faults. Ctrl-C switches everything off.")
            fly(fleet, FaultPlan(kinds, fleet, speed, seed=seed, run_seconds=seconds, tell=_tell), seconds)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            raise
        finally:
            console.print(f"\nSwitched off: {_summary(fleet)}.", soft_wrap=True)


def _tell(line: str) -> None:
    console.print(line, markup=False, soft_wrap=True)


def check_ingest(url: str) -> None:
    """Raises SimulateError unless an ingest function answers there."""
    try:
        answer = httpx.get(url, timeout=CHECK_TIMEOUT_SECONDS)
        answer.raise_for_status()
        json.loads(answer.content)["server_time"]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise SimulateError(
            f"No ingest function answers at {url} ({reason}). Start `{SERVE}` first, or name another one with --url."
        ) from None


def fly(fleet: list[VirtualBoard], plan: FaultPlan, seconds: float | None) -> None:
    """Lets faults strike and shows the boards: a live table in a terminal, a line now and then in a log."""
    end = None if seconds is None else time.monotonic() + seconds
    next_line = time.monotonic() + LOG_LINE_EVERY_SECONDS
    live: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
    if console.is_terminal:
        live = Live(get_renderable=lambda: _table(fleet), console=console, refresh_per_second=2)
    with live:
        while end is None or time.monotonic() < end:
            time.sleep(TICK_SECONDS)
            plan.strike()
            if not console.is_terminal and time.monotonic() >= next_line:
                next_line += LOG_LINE_EVERY_SECONDS
                console.print(_summary(fleet), soft_wrap=True)


def _summary(fleet: list[VirtualBoard]) -> str:
    states: dict[str, int] = {}
    for board in fleet:
        states[board.state] = states.get(board.state, 0) + 1
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return (
        f"{told}; {sum(board.sessions for board in fleet)} sessions,"
        f" {sum(board.unsent for board in fleet)} unsent, {sum(board.total_seconds for board in fleet)} s"
    )


def _table(fleet: list[VirtualBoard]) -> Table:
    shown = fleet[: max(1, console.height - 8)]
    table = Table(box=None, caption=_summary(fleet), caption_justify="left", pad_edge=False)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("Board", no_wrap=True)
    table.add_column("State", no_wrap=True)
    table.add_column("Session", no_wrap=True)
    table.add_column("Run", justify="right", no_wrap=True)
    table.add_column("Unsent", justify="right", no_wrap=True)
    for board in shown:
        begun = "clock unknown" if board.start is None else board.start[11:]
        table.add_row(
            str(board.number),
            board.uuid or "...",
            board.state,
            begun if board.sessions else "",
            f"{board.run_seconds} s",
            str(board.unsent),
        )
    if len(shown) < len(fleet):
        table.add_row("", f"and {len(fleet) - len(shown)} more")
    return table
