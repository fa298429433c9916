"""Weeks of flying with everything going wrong at once, against the real function: no session lost, none counted twice.

Each life is one board with a seed of its own: flights of seconds to hours, pauses of minutes to days, power cuts at
random flash operations, dips of the supply with and without the RTC's time, a watchdog that bites, routers that come
and go or never give an address, time servers that lie, a server that fails in every way, or whose clock is wrong.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg
import pytest

from tests.firmware.cuts import Cuts, Kept, durable, short_ring
from tests.firmware.world import CHECKPOINT_SECONDS, World
from tools.simulator import (
    CAPTIVE_PORTAL,
    HALF_REPLY,
    PASS,
    REFUSE,
    RESET,
    STALL_IN_HEADER,
    TORN_STATES,
    WRONG_JSON,
    http_error,
    install,
    redirect,
    slow_reply,
)
from tools.simulator.net.network import DnsMode
from tools.simulator.net.servers import NtpFault
from tools.stack import Stack

# Every fourth board runs the unmodified program, and costs three times as much.
LIVES, LONG_LIVES, BLOCKS = 4, 1000, 10
FLIGHTS = 52
CALL_SECONDS = 30  # at most, says the contract
HUNG_SECONDS = 125  # a join without an address is ended by the watchdog
START_SECONDS = 4  # until the monotonic clock runs and the session has begun
RESET_SECONDS = 3  # rounding of the RTC, once per reset that goes on with the session

SERVER_FAULTS = [
    http_error(500),
    http_error(503, retry_after_seconds=60),
    http_error(404),
    http_error(429),
    REFUSE,
    RESET,
    HALF_REPLY,
    WRONG_JSON,
    CAPTIVE_PORTAL,
    STALL_IN_HEADER,
    slow_reply(4),
    slow_reply(20),
    redirect("http://192.0.2.1/"),
]
NTP_FAULTS: list[NtpFault] = ["ok", "ok", "ok", "ok", "ok", "ok", "silent", "wrong_year", "kiss_of_death", "short"]
DNS_FAULTS: list[DnsMode] = ["up", "up", "up", "up", "up", "up", "up", "up", "up", "up", "up", "up", "down", "slow"]


@dataclass
class Life:
    """One board's life: what happens is decided by `chance`, what must come of it is kept beside."""

    world: World
    chance: random.Random
    true_seconds: float = 0.0
    allowance_seconds: float = 0.0  # what the cuts so far may have cost
    surplus_seconds: float = 0.0  # what rounding may have added
    ended: dict[int, Kept] = field(default_factory=dict)
    server_off: timedelta = timedelta()
    told: list[str] = field(default_factory=list)

    def tell(self, text: str) -> None:
        """Keep what happens, for the message of a failure."""
        self.told.append(f"{self.world.board.clock.elapsed_seconds:.0f} s: {text}")

    # The weather

    def change_weather(self) -> None:
        """Wi-Fi, time servers, and the server's mood."""
        chance, world = self.chance, self.world
        kept = durable(world.drive, world.device_uuid).values()
        if sum(not one.fully_acked for one in kept) > 25:
            self.calm_down()  # a full ring, which costs a session, has tests of its own
            return
        world.router.up = chance.random() < 0.6
        world.router.dhcp = "silent" if chance.random() < 0.04 else "ok"
        world.router.internet = chance.random() < 0.95
        world.ntp.fault = chance.choice(NTP_FAULTS)
        world.ntp.year = chance.choice([1999, 2024, 2025, 2027, 2036, 2090])
        world.ntp.offset_seconds = chance.choice([0, 0, 0, 0.7, -1, 100, -100, 3000, -86_400])
        world.network.dns = chance.choice(DNS_FAULTS)
        world.proxy.fault = chance.choice(SERVER_FAULTS) if chance.random() < 0.3 else PASS
        self.server_off = timedelta(days=chance.choice([-1, 1])) if chance.random() < 0.02 else timedelta()
        self.tell(
            f"router {world.router.up} {world.router.dhcp} {world.router.internet}, ntp {world.ntp.fault} "
            f"{world.ntp.year} {world.ntp.offset_seconds}, dns {world.network.dns}, server {world.proxy.fault.kind} "
            f"{world.proxy.fault.status}, {self.server_off}"
        )

    def set_server_clock(self, now: datetime) -> None:
        """The server's clock follows the world's, with its own fault."""
        World.set_server_clock(self.world, now + self.server_off)

    # Flying

    def fly(self) -> None:
        """One power-up with a mishap or two, cut short by a power cut or ended by one."""
        chance, board = self.chance, self.world.board
        airborne = chance.random() < 0.06
        seconds = chance.uniform(600, 9000) if airborne else 15 * 60 ** chance.random()
        hung = self.world.router.dhcp == "silent"
        pieces = sorted(chance.random() * seconds for _ in range(chance.choice([0, 0, 0, 1, 1, 2])))
        board.power_on()
        power_ups = 1
        began = board.clock.elapsed_seconds
        if chance.random() < 0.6:
            operation = chance.randrange(round(seconds / 12) + 8)
            torn = chance.choice(TORN_STATES)
            self.tell(f"cut at operation {operation}, {torn}")
            board.power_cut_at_flash_operation(operation, torn)
        self.tell(f"flight of {seconds:.0f} s")
        at = 0.0
        if airborne:
            at = chance.uniform(10, 120)
            board.run_for(at)
            self.world.router.up = False
            pieces = [piece for piece in pieces if piece > at]
        for piece in pieces if board.powered else ():
            board.run_for(piece - at)
            at = piece
            if not board.powered:
                break
            power_ups += self.mishap()
            self.world.router.up &= not airborne
            hung |= self.world.router.dhcp == "silent"
        if board.powered:
            board.run_for(seconds - at)
        true_seconds = board.clock.elapsed_seconds - began
        resets = len(board.resets)
        board.power_off()
        self.tell(f"off after {true_seconds:.1f} s, resets {resets}")
        self.account(true_seconds, power_ups, resets, hung)

    def mishap(self) -> int:
        """Something in mid-flight; 1 when another session must begin after it."""
        chance, board = self.chance, self.world.board
        kind = chance.choice(["weather", "weather", "brown-out", "deep brown-out", "torn brown-out", "crash", "button"])
        if kind == "button" and board.uptime_ns < 2 * 10**9:
            kind = "weather"  # pressed that early it asks for safe mode, where a person wants the board to stay
        self.tell(kind)
        if kind == "weather":
            self.change_weather()
        elif kind == "torn brown-out":
            board.brown_out_at_flash_operation(chance.randrange(3), chance.choice(TORN_STATES))
        elif kind == "brown-out":
            board.brown_out()
        elif kind == "crash":
            board.crash()
        elif kind == "deep brown-out":
            board.brown_out(rtc_kept=False)
        else:
            board.press_reset()
        return kind in ("deep brown-out", "button")

    def account(self, true_seconds: float, power_ups: int, resets: int, hung: bool) -> None:
        """After the power is gone: what became durable, and what the cut may have cost."""
        before = self.ended
        self.ended = before | durable(self.world.drive, self.world.device_uuid)
        allowed = power_ups * (START_SECONDS + CHECKPOINT_SECONDS + (HUNG_SECONDS if hung else CALL_SECONDS))
        surplus = resets * RESET_SECONDS
        counted = sum(kept.run_seconds for kept in self.ended.values()) - sum(k.run_seconds for k in before.values())
        assert true_seconds - allowed <= counted <= true_seconds + surplus, f"{counted} of {true_seconds} s"
        self.true_seconds += true_seconds
        self.allowance_seconds += allowed
        self.surplus_seconds += surplus

    def calm_down(self) -> None:
        """Fine weather."""
        world = self.world
        world.router.up, world.router.dhcp, world.router.internet = True, "ok", True
        world.ntp.fault, world.ntp.offset_seconds, world.network.dns = "ok", 0.0, "up"
        world.proxy.fault, self.server_off = PASS, timedelta()
        self.tell("fine weather")

    def deliver(self) -> None:
        """Fly in fine weather until everything is delivered; the last session is closed by one more power-up."""
        world = self.world
        self.calm_down()
        for seconds in (400, 100):
            world.board.power_off(for_seconds=3 * 86_400)
            began = world.board.clock.elapsed_seconds
            world.board.power_on()
            world.board.run_for(seconds)
            true_seconds = world.board.clock.elapsed_seconds - began
            if seconds == 400:
                world.board.power_off()
                self.account(true_seconds, 1, 0, False)


def check(life: Life, cuts: Cuts) -> None:
    """Everything that was ever durable is on the server, once, with the same seconds; the total is right."""
    rows = life.world.stored()
    by_boot = {row["boot"]: row for row in rows[:-1]}
    assert len(by_boot) == len(rows) - 1
    assert {boot: kept.run_seconds for boot, kept in life.ended.items()} == {
        boot: row["run_seconds"] for boot, row in by_boot.items()
    }
    assert {"closed"} == {row["status"] for row in by_boot.values()}
    total = sum(row["run_seconds"] for row in by_boot.values())
    assert life.true_seconds - life.allowance_seconds <= total <= life.true_seconds + life.surplus_seconds
    assert cuts.untouched(life.world.drive)
    assert not [line for line in life.world.board.lines if line.startswith("Fault: ")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A board each, or with `--long` a hundred."""
    if metafunc.config.getoption("--long"):
        step = LONG_LIVES // BLOCKS
        numbers = [range(first, first + step) for first in range(0, LONG_LIVES, step)]
    else:
        numbers = [range(number, number + 1) for number in range(LIVES)]
    metafunc.parametrize("numbers", numbers, ids=[f"from {one.start}" for one in numbers])


def test_lives(simulated_time_stack: Stack, numbers: range) -> None:
    """Four boards of fifty-two flights each (a thousand boards with --long)."""
    with psycopg.connect(simulated_time_stack.database_url, autocommit=True) as database:
        for number in numbers:
            live(World(simulated_time_stack, database, seed=1000 + number), number)


def live(world: World, number: int) -> None:
    """One board's life, from its first boot on the bench to the last delivery."""
    life = Life(world, random.Random(number))
    world.network.on_request = life.set_server_clock
    if number % 4:
        # A ring that wraps; every fourth board runs the unmodified program.
        install(world.drive, files=short_ring())
    try:
        world.router.up = False
        world.board.power_on()
        world.board.run_for(130)
        world.board.power_off(for_seconds=600)
        life.account(130, 1, 0, False)
        cuts = Cuts(world.board)
        for _ in range(FLIGHTS):
            life.change_weather()
            life.fly()
            world.board.power_off(
                for_seconds=life.chance.choice([1, 20, 600, 7200, 86_400]) * (0.5 + life.chance.random())
            )
        life.deliver()
        check(life, cuts)
    except Exception as error:
        story = "\n".join(life.told[-12:])
        log = "\n".join(world.board.lines[-60:])
        raise AssertionError(f"life {number}: {error}\n{story}\n{log}") from error
    finally:
        world.close()
