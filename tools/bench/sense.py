"""Flights on the firmware's own main loop, with a bus, a drive and a radio that cost no time of this machine.

The loop, the sensing and the table of sessions are those of firmware/code.py. What lies around them is a model: a
checkpoint takes 50 ms of the board's time, a join that fails 2.5 s, a report most of a second.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from tools.bench.figures import Alternative, Figure
from tools.firmware_parts import load
from tools.simulator import Bus, Converter, Leg
from tools.simulator.chip.pins import AnalogPin, read_millivolts

PART = "firmware"
INTERVALS = (5, 15, 60)
SENSED_INTERVAL = 15  # the firmware's own
BLIND = "the same board without a divider"
BOOT_SECONDS = 0.35  # from power to the start of the chip's clock
START_SECONDS = 4.0  # of the chip's clock, until the first checkpoint
CHECKPOINT_NS = 50_000_000
READ_NS = 100_000
FAILED_JOIN_SECONDS = 2.5
JOIN_SECONDS = 1.5
REPORT_SECONDS = (0.4, 1.2)
RATIO = 12.0
LOOK_NS = 20_000_000  # the bus is looked at so often while something happens
FLAT_PERIOD_MS = 1000  # between two readings where nothing does: the state of the engine cannot change there
NEAR_SECONDS = 30
ERRAND_SHARE = 0.15  # of power-ups in which the engine is never started
IN_REACH_SHARE = 0.5  # of flights that end where their Wi-Fi is


class Dead(Exception):
    """The capacitor is empty."""


@dataclass(frozen=True)
class Flight:
    """What is drawn for one power-up; seconds."""

    before: float
    engine: float
    after: float
    rest_volts: float
    in_reach: bool
    scale: float = 1.0

    @classmethod
    def drawn(cls, dice: random.Random) -> Flight:
        """A club's: engine for 25 to 110 minutes, or an errand on the ramp without it."""
        errand = dice.random() < ERRAND_SHARE
        return cls(
            before=dice.uniform(15, 180),
            engine=0.0 if errand else dice.uniform(25 * 60, 110 * 60),
            after=dice.uniform(15, 180),
            rest_volts=dice.uniform(12.0, 12.7),
            in_reach=dice.random() < IN_REACH_SHARE,
            scale=dice.choice((1.0, 1.0, 1.0, 2.0)),
        )


@dataclass(frozen=True)
class Outcome:
    """What a flight was, and what the board knows of it after the power went."""

    seconds: float  # from power-on until the bus fell
    engine_seconds: float
    run_seconds: int
    sense: tuple[int, ...]
    erases: int

    @property
    def lost_seconds(self) -> float:
        """Of power; negative when more was counted."""
        return self.seconds - self.run_seconds

    @property
    def exact(self) -> bool:
        """Whether the board claims that nothing is missing."""
        return bool(self.sense and self.sense[-1])


class _Files:
    """Keeps what a checkpoint made durable; each is one erase."""

    laid_out = durable = True
    copies = ()

    def __init__(self, world: _World, table: Any) -> None:
        self._world = world
        self.table = table
        self.erases = 0
        self.kept: tuple[int, tuple[int, ...]] = (0, ())

    def interval(self, checkpoint_seconds: int) -> int:
        return checkpoint_seconds

    def checkpoint(self, run_seconds: int) -> None:
        self.table.count_to(run_seconds)
        self._world.spend(CHECKPOINT_NS)
        self.erases += 1
        self.kept = (self.table.current.run_seconds, self.table.current.sense)

    def drain(self) -> None: ...


class _World:
    """One board's time, bus, link and uplink."""

    def __init__(self, flight: Flight, dice: random.Random, hold_up_seconds: float) -> None:
        self.now_ns = 0  # of the chip's clock
        self.bus = Bus(0.0)
        self.leg: Leg = self.bus.fly(
            -BOOT_SECONDS,
            flight.engine,
            before=flight.before,
            after=flight.after,
            rest=flight.rest_volts,
            scale=flight.scale,
        )
        end = Converter(self.bus, hold_up_seconds=hold_up_seconds).end(-BOOT_SECONDS / 2)
        self._ends_ns = round(end * 1e9)
        self._flight = flight
        self._dice = dice
        self._noise = random.Random(dice.random())
        self._pin = AnalogPin(lambda seconds: self.bus.volts(seconds) / RATIO / flight.scale)
        self._looked_ns = -LOOK_NS
        self._raw = 0
        self.up = False
        self._next_join = 0.0
        self._delay = 5
        self._next_report = 60
        self.before_call: Callable[[], None] = lambda: None
        self.before_join: Callable[[], None] = lambda: None

    def spend(self, ns: int) -> None:
        """Let the board's time pass, up to its end."""
        self.now_ns += ns
        if self.now_ns >= self._ends_ns:
            raise Dead

    def sleep(self, seconds: float) -> None:
        """``time.sleep``."""
        self.spend(round(seconds * 1e9))

    @property
    def value(self) -> int:
        """``AnalogIn.value``."""
        self.spend(READ_NS)
        if self.now_ns - self._looked_ns >= LOOK_NS:
            self._looked_ns = self.now_ns
            self._raw = read_millivolts(self._pin, self.now_ns / 1e9, self._noise) * 65535 // 3300
        return self._raw

    def eventful(self) -> bool:
        """Whether the bus does something at about this time."""
        now, leg = self.now_ns / 1e9, self.leg
        return not leg.engine_on + NEAR_SECONDS < now < leg.engine_off - NEAR_SECONDS

    # The link and the uplink, for the main loop

    def poll_link(self, now: int) -> bool:
        """Joining fails in the air, and where no network is."""
        if not self.up and self.now_ns / 1e9 >= self._next_join:
            self.before_join()
            landed = self.now_ns / 1e9 > self.leg.engine_off
            if landed and self._flight.in_reach:
                self.sleep(JOIN_SECONDS)
                self.up = True
            else:
                self.sleep(FAILED_JOIN_SECONDS)
            self._next_join = now + self._delay
            self._delay = min(2 * self._delay, 15)
        return self.up

    def poll_uplink(self, now: int) -> None:
        """A report each minute."""
        if now >= self._next_report:
            self.before_call()
            self.sleep(self._dice.uniform(*REPORT_SECONDS))
            self._next_report = (now // 60 + 1) * 60


class _Link:
    """The main loop's view of the radio."""

    def __init__(self, world: _World) -> None:
        self._world = world
        self.poll = world.poll_link

    @property
    def up(self) -> bool:
        return self._world.up


class Hangar:
    """Flies. `interval` is the checkpoint's; without `sensing` the same board has no divider."""

    def __init__(self, interval: int, *, sensing: bool, hold_up_seconds: float = 0.5) -> None:
        self._interval = interval
        self._sensing = sensing
        self._hold_up_seconds = hold_up_seconds
        self._world: Any = None  # of the flight under way
        modules = {
            "analogio": SimpleNamespace(AnalogIn=lambda pin: self._world),
            "board": SimpleNamespace(A2="A2"),
            "time": SimpleNamespace(
                monotonic_ns=self._now_ns,
                sleep=self._sleep,
                localtime=time.gmtime,
            ),
        }
        self._firmware = load(modules)
        self._constants: dict[str, Any] = self._firmware.BusSense.sample.__globals__
        self._period_ms: int = self._constants["SENSE_PERIOD_MS"]

    def _now_ns(self) -> int:
        now_ns: int = self._world.now_ns
        return now_ns

    def _sleep(self, seconds: float) -> None:
        self._world.sleep(seconds)

    def fly(self, flight: Flight, dice: random.Random) -> Outcome:
        """One power-up, to the end of its capacitor."""
        self._world = world = _World(flight, dice, self._hold_up_seconds)
        files = self._board()
        with contextlib.suppress(Dead):
            self._run(world)
        seconds = world.leg.master_off - world.leg.master_on
        return Outcome(seconds, world.leg.engine_seconds, *files.kept, files.erases)

    def _board(self) -> _Files:
        firmware, world = self._firmware, self._world
        config = SimpleNamespace(
            checkpoint_seconds=self._interval,
            sense_pin="A2" if self._sensing else "",
            sense_ratio=round(1000 * RATIO * world._flight.scale),
            sense_engine_mv=0,
            sense_off_mv=0,
            ok=True,
        )
        board = self._logger = object.__new__(firmware.Logger)
        board._dog = None
        board.config, board.clock = config, firmware.Clock()
        board.clock.power_on_utc = firmware.YEAR_2024
        board.table = firmware.SessionTable(64, ())
        board.files = files = _Files(world, board.table)
        board.sense = firmware.BusSense(config, board.clock, board.checkpoint)
        board.signals = SimpleNamespace(show=lambda state, now: None)
        board.uplink = SimpleNamespace(
            refused=False, backlog=0, delivered_until=0, poll=world.poll_uplink, link_is_back=lambda: None
        )
        board.link = _Link(world)
        world.before_call, world.before_join = board._before_call, board._before_join
        board._prepare_at = board._next_checkpoint = board._next_ntp = board._checkpoint_at = 0
        board._next_minute = 60
        board._checkpoint_notes = (0, "")
        world.sleep(START_SECONDS)
        board.table.begin()
        board.table.current.set_start(firmware.YEAR_2024, 0)
        board.table.current.flags |= firmware.Session.SENT
        board.checkpoint()
        return files

    def _run(self, world: Any) -> None:
        board, constants = self._logger, self._constants
        wake_ms = constants["WAKE_MS"]
        while True:
            constants["SENSE_PERIOD_MS"] = self._period_ms if world.eventful() else FLAT_PERIOD_MS
            board.step()
            board.sense.wait(1000 + wake_ms - world.now_ns // 1_000_000 % 1000)


def figures(flights: int, progress: Callable[[str], None]) -> Iterator[Figure]:
    """What a divider is worth: so many flights at each interval, with and without."""
    dice = random.Random(1)
    club = [Flight.drawn(dice) for _ in range(flights)]
    how = (
        f"{flights:,} flights of a club on the firmware's own main loop and sensing, half a second of capacitor;"
        f" {IN_REACH_SHARE:.0%} end in reach of their Wi-Fi"
    )
    for interval in INTERVALS:
        progress(f"{flights} flights with a divider, a checkpoint every {interval} s")
        sensing = _flown(club, Hangar(interval, sensing=True))
        progress(f"{flights} flights without a divider, a checkpoint every {interval} s")
        blind = _flown(club, Hangar(interval, sensing=False))
        yield Figure(
            PART,
            f"Seconds lost per power cut with sensing, a checkpoint every {interval} s",
            "s",
            sum(abs(one.lost_seconds) for one in sensing) / flights,
            f"Mean over {how}: from the power to the fall of the bus, less what the flash holds.",
            (Alternative(BLIND, sum(one.lost_seconds for one in blind) / flights),),
        )
        yield Figure(
            PART,
            f"Flash erases per flight with sensing, a checkpoint every {interval} s",
            "erases",
            sum(one.erases for one in sensing) / flights,
            f"Checkpoints of the same {flights:,} flights.",
            (Alternative(BLIND, sum(one.erases for one in blind) / flights),),
        )
        if interval == SENSED_INTERVAL:
            yield _engine_figure(sensing, how)


def _flown(club: list[Flight], hangar: Hangar) -> list[Outcome]:
    dice = random.Random(2)
    return [hangar.fly(flight, dice) for flight in club]


def _engine_figure(outcomes: list[Outcome], how: str) -> Figure:
    flown = [one for one in outcomes if one.engine_seconds]
    return Figure(
        PART,
        "Engine time off the truth, worst flight",
        "%",
        max(100 * abs(one.sense[0] - one.engine_seconds) / one.engine_seconds for one in flown),
        f"Engine seconds on the flash against when the drawn alternator charged: {how}.",
        (
            Alternative(
                "powered time taken for engine time",
                max(100 * abs(one.run_seconds - one.engine_seconds) / one.engine_seconds for one in flown),
            ),
        ),
        resolution=0.01,
    )
