"""What the bus voltage says about the power, and dividers that say nothing at all."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firmware.sensing import Rig, raw_of
from tools.simulator import Bus

SETTLED_SECONDS = 15  # after ten in order the pin is believed


def at_rest() -> tuple[Bus, Rig]:
    """A bus at rest, and a pin on it that is believed."""
    bus = Bus(12.4)
    rig = Rig(bus.volts)
    rig.run_to(SETTLED_SECONDS)
    return bus, rig


def test_it_samples_twenty_times_a_second() -> None:
    """Fifteen reads each."""
    _, rig = at_rest()
    begin = rig.reads

    rig.run_to(SETTLED_SECONDS + 10)

    assert 200 <= (rig.reads - begin) / 15 <= 230


def test_power_that_goes_is_saved_within_a_twentieth_of_a_second() -> None:
    """Once, and as going; after five seconds something else must be feeding the board."""
    bus, rig = at_rest()
    bus.draw((20, 12.4), (20.02, 0.0))

    rig.run_to(40)

    assert [exact for _, exact in rig.saves] == [True, False]
    assert 20_000 <= rig.saves[0][0] <= 20_075
    assert 25_000 <= rig.saves[1][0] <= 25_200
    assert rig.log == [
        "Power: going at 20 s",
        "Sensing: A2 reads 0 V although the board has power: is the divider connected?; counting goes on without",
    ]


def test_power_that_comes_back_is_an_ordinary_session_again() -> None:
    """The claim is withdrawn at once."""
    bus, rig = at_rest()
    bus.draw((20, 12.4), (20, 0.0), (20.3, 0.0), (20.3, 12.4))

    rig.run_to(30)

    (_, exact), (back, again) = rig.saves
    assert (exact, again) == (True, False)
    assert 20_300 <= back <= 20_375
    assert not rig.noted().exact


def test_a_fall_during_a_call_is_saved_and_not_called_exact() -> None:
    """A large capacitor outlives the call, but nobody knows when the bus fell."""
    bus, rig = at_rest()
    bus.draw((20.5, 12.4), (20.5, 0.0))

    rig.run_to(20)
    rig.call(2)
    rig.run_to(22.2)

    assert [exact for _, exact in rig.saves] == [False]
    assert 22_000 <= rig.saves[0][0] <= 22_080


def test_a_starter_that_pulls_the_bus_down_is_no_power_cut() -> None:
    """To 8 V for a sixth of a second, then 9.5 V."""
    bus, rig = at_rest()
    leg = bus.fly(16, 60, before=5)

    rig.run_to(leg.engine_off)

    assert rig.saves == []


def test_a_bus_that_stays_low_is_a_power_cut_after_all() -> None:
    """Between half of the threshold and the threshold it takes four readings."""
    bus, rig = at_rest()
    bus.draw((20, 12.4), (20, 8.5))

    rig.run_to(21)

    assert [exact for _, exact in rig.saves] == [True, False]  # something else feeds the board
    assert 20_140 <= rig.saves[0][0] <= 20_250
    assert rig.sense.gone_at <= 20_060


@given(
    st.lists(
        st.tuples(st.integers(1, 400), st.sampled_from([12.4, 9.6, 9.1, 8.9, 7.0, 3.0, 0.0])), min_size=5, max_size=20
    )
)
@settings(deadline=None, max_examples=25)
def test_a_bus_that_hovers_costs_at_most_an_erase_in_fifteen_seconds(pieces: list[tuple[int, float]]) -> None:
    """Whatever it does: a claim and its withdrawal at most every thirty."""
    bus, rig = at_rest()
    at, points = 20.0, [(20.0, 12.4)]
    for _ in range(3):
        for hundredths, volts in pieces:
            points += [(at, volts), (at + hundredths / 100, volts)]
            at += hundredths / 100
    bus.draw(*points, (at, 12.4))

    rig.run_to(at + 40)

    claims = [at for at, exact in rig.saves if exact]
    assert all(later - earlier >= 29_990 for earlier, later in itertools.pairwise(claims))
    assert [exact for _, exact in rig.saves] == [True, False] * len(claims)


def test_a_contact_that_bounces_costs_no_more() -> None:
    """200 times a second, for three seconds."""
    bus, rig = at_rest()
    bus.bounce(20, 3, low=0.0)

    rig.run_to(60)

    assert len(rig.saves) <= 2
    assert 12_300 <= rig.noted().bus_min_mv


def test_without_a_pin_nothing_is_sampled() -> None:
    """Not even imported."""
    rig = Rig(lambda seconds: 12.4, sense_pin="")

    rig.run_to(60)

    assert (rig.reads, rig.log, rig.saves, bool(rig.noted().session.sense)) == (0, [], [], False)


def noise(seconds: float) -> float:
    """A loose wire: hum of 50 Hz around a level that wanders, at the pin."""
    return 1.2 + 0.7 * math.sin(seconds / 37) + 0.9 * math.sin(2 * math.pi * 50 * seconds)


@pytest.mark.parametrize(
    ("volts", "said"),
    [
        (lambda seconds: 40.0, "reads full scale: the divider is missing or its ratio too small"),
        (lambda seconds: 0.0, "reads 0 V although the board has power: is the divider connected?"),
        (lambda seconds: 12 * noise(seconds), "floats: the divider is not connected"),
    ],
    ids=["saturated", "nothing", "floating"],
)
def test_a_divider_that_is_none_is_said_once_and_left_alone(volts: object, said: str) -> None:
    """No figures, no erases."""
    rig = Rig(volts)  # type: ignore[arg-type]

    rig.run_to(300)

    assert rig.log == [f"Sensing: A2 {said}; counting goes on without"]
    assert rig.saves == []
    assert not rig.noted().session.sense


def test_a_divider_that_comes_back_counts_again() -> None:
    """A board on the bench: USB first, the aircraft's master switch later."""
    rig = Rig(lambda seconds: 0.0 if seconds < 60 else 14.1)

    rig.run_to(200)

    assert 120 <= rig.noted().engine_seconds <= 141


def test_a_wire_that_comes_off_keeps_what_was_counted() -> None:
    """And adds nothing: ten seconds show that it is off."""
    rig = Rig(lambda seconds: 14.1 if seconds < 100 else 12 * noise(seconds))

    rig.run_to(300)

    assert 95 <= rig.noted().engine_seconds <= 111
    assert rig.log[-1] == "Sensing: A2 floats: the divider is not connected; counting goes on without"
    assert len(rig.saves) <= 2


def test_readings_are_the_bus_within_a_hundredth_of_a_volt() -> None:
    """By integers alone."""
    rig = Rig(lambda seconds: 12.34)
    rig.run_to(SETTLED_SECONDS)

    assert abs(rig.noted().bus_max_mv - 12_340) <= 10
    assert raw_of(12.34) == 20422
