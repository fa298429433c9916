"""Power that goes on a sensed bus: the last checkpoint races the capacitor, and no end is called exact that is not."""

import random
from collections.abc import Callable

import pytest

from tests.firmware.cuts import (
    Cuts,
    Moment,
    Recording,
    board_on,
    device_uuid_of,
    drive_with,
    durable,
    files,
    prepared_board,
    short_ring,
)
from tools.bench.sense import Flight, Hangar
from tools.simulator import ERASED, LAYOUT_8MB, UNTOUCHED, Bus, Converter, Drive, SimulatedBoard, divided
from tools.simulator.flash.nor import DONE

BOOT_SECONDS = 0.35  # before the board's clock starts
SETTINGS = b'LOGGER_SENSE_PIN = "A2"\nLOGGER_CHECKPOINT_SECONDS = 5\n'
SETTLED_SECONDS = 30
TORN_STATES = (UNTOUCHED, ERASED, 8, DONE - 1, DONE)


@pytest.fixture(scope="module")
def prepared() -> SimulatedBoard:
    """A board with a divider and two earlier power-ups; its power is off."""
    board = prepared_board(LAYOUT_8MB, short_ring())
    board.drive.outside_write("/settings.toml", SETTINGS)
    board.drive.outside_write("/secrets.py", b"secrets = {}\n")  # no network: no call hides the bus
    return board


def sensing(prepared: SimulatedBoard, bus: Bus) -> SimulatedBoard:
    """Another board like that one, switched on and settled on this bus."""
    board = board_on(drive_with(LAYOUT_8MB, prepared.drive.snapshot()), bytes(prepared.nvm))
    board.analog["A2"] = divided(bus)
    board.power_on()
    board.run_for(SETTLED_SECONDS)
    return board


def falls_and_returns(bus: Bus, now: float) -> None:
    """Away for half a second."""
    bus.draw((now + 1.23, 14.1), (now + 1.23, 0.0), (now + 1.73, 0.0), (now + 1.73, 14.1))


def bounces(bus: Bus, now: float) -> None:
    """200 times a second, for two seconds."""
    bus.bounce(now + 1.23, 2, low=0.0)


def hovers(bus: Bus, now: float) -> None:
    """Around the threshold, in tenths of a second."""
    dice = random.Random(1)
    points = [(now + 1.23 + tenth / 10, dice.choice((9.5, 8.8, 8.9, 9.1))) for tenth in range(60)]
    bus.draw(*points, (now + 8, 12.4))


def stays_away(bus: Bus, now: float) -> None:
    """Something else feeds the board."""
    bus.draw((now + 1.23, 14.1), (now + 1.25, 0.0))


@pytest.mark.parametrize("happening", [falls_and_returns, bounces, hovers, stays_away])
def test_every_cut_around_a_power_fail_harms_nothing_earlier(
    prepared: SimulatedBoard, happening: Callable[[Bus, float], None]
) -> None:
    """Claim, withdrawal and the checkpoints after them; what is called exact is exact at that moment."""
    bus = Bus(12.4)
    board = sensing(prepared, bus)
    device_uuid = device_uuid_of(board)
    begin = board.clock.elapsed_seconds - board.uptime_ns / 1e9
    happening(bus, board.clock.elapsed_seconds)
    with Recording(board) as recording:
        board.run_for(14)
    board.power_off()

    cuts = Cuts(board)
    cuts.check(recording.moments, TORN_STATES, ())

    claims = 0
    for moment in recording.moments:
        for torn in TORN_STATES:
            kept = durable(drive_with(LAYOUT_8MB, moment.cut(torn)), device_uuid)[moment.boot]
            claims += kept.exact
            assert not kept.exact or abs(kept.run_seconds - bus_lasted(bus, begin, moment)) <= 1, (
                moment.uptime_seconds,
                torn,
            )
    assert claims
    assert cuts.starts == len(recording.moments) * len(TORN_STATES)


def bus_lasted(bus: Bus, begin: float, moment: Moment) -> float:
    """Until when the bus was there before this moment, on the board's clock."""
    at = moment.uptime_seconds
    while bus.volts(begin + at) < 9.0 and at > 0:
        at -= 0.001
    return at


@pytest.mark.parametrize("hold_up", [0.0, 0.05, 0.07, 0.09, 0.12, 0.5, 2.0])
def test_a_capacitor_of_any_size_ends_in_a_truth(prepared: SimulatedBoard, hold_up: float) -> None:
    """Too small a one leaves a session as without sensing; the next start finds it and everything before it."""
    bus = Bus(12.4)
    board = sensing(prepared, bus)
    earlier = durable(board.drive, device_uuid_of(board))
    kept_files = files(board.drive)
    board.supply = Converter(bus, hold_up_seconds=hold_up)
    fall = board.clock.elapsed_seconds + 3.21
    lasted = board.uptime_ns / 1e9 + 3.21
    bus.draw((fall, 12.4), (fall + 0.01, 0.0))

    board.run_for(20)

    assert not board.powered
    device_uuid = device_uuid_of(board)
    flown = max(durable(board.drive, device_uuid).values(), key=lambda kept: kept.boot)
    if hold_up >= 0.12:
        assert flown.exact
    if flown.exact:
        assert abs(flown.run_seconds - lasted) <= 1
    assert 0 <= lasted + 0.5 - flown.run_seconds <= 6
    again = started(board.drive, bytes(board.nvm))
    after = durable(again.drive, device_uuid)
    for boot, kept in earlier.items():
        assert after[boot].run_seconds >= kept.run_seconds
    assert after[flown.boot].exact == flown.exact
    assert after[flown.boot].status == "closed"
    assert files(again.drive) == kept_files


def started(drive: Drive, nvm: bytes) -> SimulatedBoard:
    """The next power-up, without any bus."""
    board = board_on(drive, nvm)
    board.power_on()
    board.run_for(10)
    board.power_off()
    return board


@pytest.fixture(scope="module")
def flown(long: bool) -> tuple[list[Flight], Hangar, Hangar]:
    """Flights of a club, and the same board with and without a divider."""
    dice = random.Random(1)
    flights = [Flight.drawn(dice) for _ in range(1000 if long else 12)]
    return flights, Hangar(15, sensing=True), Hangar(15, sensing=False)


def test_flights_lose_less_than_a_second_at_hardly_an_erase_more(flown: tuple[list[Flight], Hangar, Hangar]) -> None:
    """Half of them out of reach of any network; half a second of capacitor. `--long`: a thousand."""
    flights, sensing, blind = flown

    dice = random.Random(2)
    outcomes = [sensing.fly(flight, dice) for flight in flights]
    others = [blind.fly(flight, dice) for flight in flights]

    assert sum(abs(one.lost_seconds) for one in outcomes) / len(flights) <= 1
    assert sum(one.lost_seconds for one in others) / len(flights) > 5
    assert all(abs(one.lost_seconds) <= 1.2 for one in outcomes if one.exact)
    assert sum(one.erases for one in outcomes) <= 1.01 * sum(one.erases for one in others)
    for one in outcomes:
        assert abs(one.sense[0] - one.engine_seconds) <= 0.01 * one.engine_seconds
