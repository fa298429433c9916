"""What the bus voltage says about the engine: BusSense against slow oracles, over voltages of every kind."""

from collections.abc import Callable
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firmware.sensing import Rig
from tools.simulator import Bus

ENGINE_SECONDS = 10
# Sums of these never come close to the ten seconds that decide.
PIECE_SECONDS = 0.7
ABOVE, BETWEEN, BELOW = 14.1, 13.15, 12.2


def drawn(pieces: list[tuple[int, float]]) -> tuple[Bus, float]:
    """A bus of level pieces, each so many times PIECE_SECONDS long, and its end."""
    bus, at = Bus(pieces[0][1]), 0.0
    points = []
    for count, volts in pieces:
        points += [(at, volts), (at + count * PIECE_SECONDS, volts)]
        at += count * PIECE_SECONDS
    bus.draw(*points)
    return bus, at


def runs_of(pieces: list[tuple[int, float]]) -> list[tuple[float, float]]:
    """Slow oracle over the drawing itself: from and to of each run of the engine, the last one open to the end."""
    tenths: list[float] = []
    for count, volts in pieces:
        tenths += [volts] * (count * 7)
    runs: list[tuple[float, float]] = []
    begun = None
    for at in range(len(tenths)):
        ahead = tenths[at : at + 10 * ENGINE_SECONDS + 1]
        decided = len(ahead) == 10 * ENGINE_SECONDS + 1
        if begun is None and decided and all(volts >= 13.3 for volts in ahead):
            begun = at
        elif begun is not None and decided and all(volts < 13.0 for volts in ahead):
            runs.append((begun / 10, at / 10))
            begun = None
    if begun is not None:
        end = len(tenths)
        while end > begun and tenths[end - 1] < 13.0:
            end -= 1  # what has not lasted for ten seconds yet counts only to where it began
        runs.append((begun / 10, end / 10))
    return runs


PIECES = st.lists(st.tuples(st.integers(1, 40), st.sampled_from([ABOVE, BETWEEN, BELOW])), min_size=1, max_size=12)


@given(PIECES)
@settings(deadline=None, max_examples=60)
def test_the_engine_runs_as_a_slow_look_at_the_voltage_says(pieces: list[tuple[int, float]]) -> None:
    """Above the threshold for ten seconds, until 300 mV below it for ten; both from the crossing on."""
    bus, end = drawn(pieces)
    rig = Rig(bus.volts, grain_ns=20_000_000)

    rig.run_to(end)

    runs = runs_of(pieces)
    total = sum(to - begin for begin, to in runs)
    assert abs(rig.sense.engine_seconds - total) <= 1 + 0.1 * len(runs)
    if runs:
        assert abs(rig.sense._first_s - runs[0][0]) <= 1


def engine_ms(seen: list[tuple[int, int]]) -> int:
    """Slow oracle over the readings: whoever looks ahead in the whole list, with the time between two as it was."""
    running, since, total = False, 0, 0
    for index, (at, _) in enumerate(seen):
        ahead = []
        for later, millivolts in seen[index:]:
            ahead.append(millivolts)
            if later - at >= 1000 * ENGINE_SECONDS:
                break
        else:
            continue
        if not running and all(one >= 13_300 for one in ahead):
            running, since = True, at
        elif running and all(one < 13_000 for one in ahead):
            running, total = False, total + at - since
    if running:
        last = len(seen)
        while seen[last - 1][1] < 13_000:
            last -= 1
        total += (seen[last][0] if last < len(seen) else seen[-1][0]) - since
    return total


@given(PIECES, st.lists(st.tuples(st.integers(0, 200), st.integers(1, 30)), max_size=4))
@settings(deadline=None, max_examples=40)
def test_calls_leave_gaps_that_count_when_both_sides_agree(
    pieces: list[tuple[int, float]], calls: list[tuple[int, int]]
) -> None:
    """Else the change counts from the reading that shows it."""
    bus, end = drawn(pieces)
    rig = Rig(bus.volts, grain_ns=20_000_000)

    for begin, seconds in sorted(calls):
        rig.run_to(min(begin, end))
        rig.call(seconds)
    rig.run_to(end)

    assert rig.sense.engine_seconds == engine_ms(rig.seen) // 1000


def test_a_flight_with_a_call_in_the_middle_loses_nothing() -> None:
    """Nor does a call over the stop: it counts to the first reading after it."""
    bus = Bus(0.0)
    leg = bus.fly(-1.5, 600)
    rig = Rig(bus.volts)

    rig.run_to(300)
    rig.call(30)
    rig.run_to(leg.engine_off - 5)
    rig.call(12)
    rig.run_to(leg.master_off - 1)

    assert 600 <= rig.sense.engine_seconds <= 608
    assert rig.log[:2] == [
        f"Engine: running since {int(leg.engine_on)} s",
        f"Engine: stopped at {int(leg.engine_off) + 7} s",
    ]


def test_the_voltages_are_those_of_battery_starter_and_alternator() -> None:
    """At rest before the starter, the starter's dip, the charging voltage; not the fall at the end."""
    bus = Bus(0.0)
    leg = bus.fly(-1.5, 600, rest=12.6)
    rig = Rig(bus.volts)

    rig.run_to(leg.master_off + 0.3)

    noted = rig.noted()
    assert (12_380, 14_080) <= (noted.bus_start_mv, noted.bus_max_mv) <= (12_420, 14_120)
    assert 7_900 <= noted.bus_min_mv <= 8_400


def test_a_24_volt_bus_has_thresholds_of_its_own() -> None:
    """By the voltage itself; the settings win where they say something."""
    bus = Bus(0.0)
    leg = bus.fly(-1.5, 600, scale=2)
    rig = Rig(bus.volts)
    rig.run_to(leg.master_off - 1)

    stubborn = Rig(bus.volts, sense_engine_mv=28_500)
    stubborn.run_to(leg.master_off - 1)

    assert 600 <= rig.sense.engine_seconds <= 602
    assert 24_300 <= rig.noted().bus_start_mv <= 24_500
    assert stubborn.sense.engine_seconds == 0


def test_an_engine_that_already_runs_leaves_no_voltage_at_rest() -> None:
    """The logger was switched on late: what the bus shows then is the alternator."""
    rig = Rig(lambda seconds: 14.1)

    rig.run_to(60)

    noted = rig.noted()
    assert noted.bus_start_mv == 0
    assert (noted.engine_first_s, noted.engine_seconds) == (0, 59)


def test_avionics_alone_are_sensed_with_no_engine_time() -> None:
    """Which is not the same as not being sensed."""
    rig = Rig(lambda seconds: 12.2)

    rig.run_to(60)

    noted = rig.noted()
    assert noted.session.sense
    assert noted.engine_seconds == 0


def test_spikes_do_not_reach_the_figures() -> None:
    """A millisecond of 16 V or of nothing, ten times a second."""
    rig = Rig(lambda seconds: 16.0 if seconds % 0.1 < 0.0005 else 0.0 if 0.05 < seconds % 0.1 < 0.0505 else 12.2)

    rig.run_to(60)

    noted = rig.noted()
    assert (noted.bus_min_mv, noted.bus_max_mv) >= (12_100, 12_100)
    assert noted.bus_max_mv <= 12_300
    assert rig.saves == []


def continued(before: SimpleNamespace, volts: Callable[[float], float], *, off_seconds: int) -> Rig:
    """The BusSense after a restart that took so long, going on from the line saved before it."""
    after = Rig(volts)
    after.clock._offset = before.session.run_seconds + off_seconds
    after.sense.resume(before.session)
    return after


def test_a_restart_goes_on_from_the_line() -> None:
    """An engine that runs before and after has run all along; one that has stopped has stopped with the last line."""
    rig = Rig(lambda seconds: 12.2 if seconds < 20 else 14.1)
    rig.run_to(100)
    before = rig.noted()
    before.session.run_seconds = 100

    running = continued(before, lambda seconds: 14.1, off_seconds=30)
    running.run_to(40)
    stopped = continued(before, lambda seconds: 12.3, off_seconds=30)
    stopped.run_to(40)

    assert (before.engine_seconds, before.engine_on) == (79, True)
    assert running.noted().engine_seconds in (148, 149, 150)
    assert stopped.noted().engine_seconds in (79, 80)
    assert running.noted().engine_first_s == stopped.noted().engine_first_s == 20
    assert running.noted().bus_start_mv == before.bus_start_mv
