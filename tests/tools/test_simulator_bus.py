"""The aircraft's bus as the simulated board meets it: voltages drawn over time, analog pins, and how the power ends."""

import itertools
import math
import textwrap
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tools.simulator_programs import World, program_lines, world
from tools.simulator import ADC2, NO_ADC, AnalogPin, Bus, Converter, SimulatedBoard, divided, floating
from tools.simulator.flash.nor import ERASE_SECONDS, ERASED, UNTOUCHED

READ = """
import board, time
from analogio import AnalogIn
pin = AnalogIn(board.A2)
while True:
    print(pin.value * 3300 // 65535)
    time.sleep(1)
"""


@pytest.fixture(name="world")
def _world() -> Iterator[World]:
    with world() as made:
        yield made


def sampling(world: World, pin: AnalogPin, program: str = READ) -> SimulatedBoard:
    """A board with that pin as A2, switched on."""
    board = world.board(program)
    board.analog["A2"] = pin
    board.power_on()
    return board


def readings(board: SimulatedBoard) -> list[int]:
    """Millivolts that READ has printed."""
    return [int(line) for line in program_lines(board)]


# The bus


def test_a_bus_is_what_was_drawn_and_level_on_both_sides() -> None:
    """Straight lines between points, a step where two share a time."""
    bus = Bus(12.4)
    bus.draw((10, 12.4), (20, 14.4), (20, 8.0))

    assert [bus.volts(at) for at in (-5, 10, 15, 19.999, 20, 1000)] == pytest.approx(
        [12.4, 12.4, 13.4, 14.4, 8, 8], abs=1e-3
    )


def test_drawing_forgets_what_was_drawn_for_later() -> None:
    """The past stays as it was."""
    bus = Bus(12.0)
    bus.draw((10, 12.0), (20, 14.0), (30, 0.0))
    bus.draw((15, 5.0))

    assert [bus.volts(at) for at in (12.5, 14.999, 15, 25)] == pytest.approx([12.5, 13.0, 5.0, 5.0], abs=1e-3)


def test_points_out_of_order_are_refused() -> None:
    """Time does not go back."""
    with pytest.raises(ValueError, match="times must not fall"):
        Bus().draw((10, 1.0), (9, 2.0))


def test_a_flight_rests_cranks_charges_and_ends() -> None:
    """Twice all of it on 24 V."""
    bus = Bus(0.0)
    leg = bus.fly(100, 600, scale=2)

    assert bus.volts(99) == 0
    assert bus.volts(110) == pytest.approx(24.4)
    assert min(bus.volts(leg.engine_on - one / 100) for one in range(200)) == pytest.approx(16, abs=0.2)
    assert bus.volts(leg.engine_on + 300) == pytest.approx(28.2)
    assert bus.volts(leg.master_off - 0.1) == pytest.approx(24.8)
    assert bus.volts(leg.master_off + 1) == 0
    assert leg.engine_seconds == 600


LEVELS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 15)), min_size=1, max_size=12)


@given(LEVELS, st.integers(0, 60), st.integers(1, 30))
def test_the_end_of_a_supply_is_where_a_slow_look_finds_it(steps: list[tuple[int, int]], begin: int, hold: int) -> None:
    """Stepping through the time in hundredths, against the lines' own arithmetic."""
    bus = Bus(12.0)
    at, points = 0, []
    for seconds, volts in steps:
        at += seconds
        points.append((float(at), float(volts)))
    bus.draw(*points)
    hold_up = hold / 10

    found = bus.end_of(6.5, hold_up, begin)

    below, slow = 0, math.inf
    for hundredth in range(100 * begin, 100 * (max(at, begin) + 5)):
        below = below + 1 if bus.volts(hundredth / 100) < 6.5 else 0
        if below >= 100 * hold_up:
            slow = (hundredth + 1) / 100
            break
    assert found == pytest.approx(slow, abs=0.03)


# Pins


def test_a_pin_reads_its_millivolts_with_the_converters_noise(world: World) -> None:
    """Two conversions of 6 mV noise each, and steps of 0.8 mV."""
    bus = Bus(12.4)
    board = sampling(world, divided(bus, 12.0))

    board.run_for(200)

    taken = readings(board)
    assert len(set(taken)) > 5
    assert sum(taken) / len(taken) == pytest.approx(1033, abs=2)
    assert all(1005 < one < 1060 for one in taken)


def test_a_pin_above_full_scale_reads_full_scale(world: World) -> None:
    """On an ESP32 that is about 3.1 V."""
    board = sampling(world, AnalogPin(lambda seconds: 3.3))

    board.run_for(10)

    assert set(readings(board)) == {3099}


def test_a_pin_that_floats_is_never_still(world: World) -> None:
    """Hum and drift."""
    board = sampling(world, floating(), READ.replace("time.sleep(1)", "time.sleep(0.027)"))

    board.run_for(10)

    taken = readings(board)
    jumps = sum(abs(one - other) > 200 for one, other in itertools.pairwise(taken))
    assert jumps > len(taken) / 2


def test_a_read_takes_a_tenth_of_a_millisecond(world: World) -> None:
    """So thirty of them fit between two ticks of a clock."""
    board = sampling(
        world,
        AnalogPin(lambda seconds: 1.0),
        """
import board, time
from analogio import AnalogIn
pin = AnalogIn(board.A2)
begin = time.monotonic_ns()
for _ in range(1000):
    pin.value
print((time.monotonic_ns() - begin) // 1000000)
""",
    )

    board.run_for(10)

    assert program_lines(board) == ["100"]


def test_pins_that_cannot_sample_say_so(world: World) -> None:
    """No converter: ValueError; ADC2: an IDFError with each read while Wi-Fi is on; in use: ValueError; no such pin."""
    board = world.board("""
import board, espidf
from analogio import AnalogIn
def attempt(name, call):
    try:
        print(name, call())
    except Exception as error:
        print(name, type(error).__name__, isinstance(error, OSError))
attempt("none", lambda: AnalogIn(board.D5))
attempt("digital", lambda: AnalogIn(board.LED))
attempt("missing", lambda: AnalogIn(board.A9))
taken = AnalogIn(board.A0)
attempt("quiet", lambda: taken.value > 0)
attempt("twice", lambda: AnalogIn(board.A0))
import wifi
attempt("wifi", lambda: taken.value)
taken.deinit()
attempt("gone", lambda: taken.value)
attempt("again", lambda: AnalogIn(board.A0) is not None)
""")
    board.analog = {"D5": AnalogPin(lambda seconds: 1.0, NO_ADC), "A0": AnalogPin(lambda seconds: 1.0, ADC2)}

    board.power_on()
    board.run_for(10)

    assert program_lines(board) == [
        "none ValueError False",
        "digital ValueError False",
        "missing AttributeError False",
        "quiet True",
        "twice ValueError False",
        "wifi IDFError True",
        "gone ValueError False",
        "again True",
    ]


# The supply


def on_converter(world: World, program: str, bus: Bus, hold_up_seconds: float) -> SimulatedBoard:
    """A board fed by a bus, switched on."""
    board = world.board(textwrap.dedent(program))
    board.supply = Converter(bus, hold_up_seconds=hold_up_seconds)
    board.power_on()
    return board


TICKS = "import time\nwhile True:\n    time.sleep(0.1)\n    print('tick')"


def test_the_board_dies_when_its_capacitor_is_empty(world: World) -> None:
    """At that instant, and no earlier."""
    bus = Bus(12.4)
    bus.draw((20, 12.4), (20, 0.0))
    board = on_converter(world, TICKS, bus, 0.5)

    board.run_for(30)

    assert not board.powered
    assert 20.4 <= board.console[-1].seconds <= 20.5


def test_a_bus_that_comes_back_in_time_does_no_harm(world: World) -> None:
    """Nor one that bounces 200 times a second; drawing it once more moves the end."""
    bus = Bus(12.4)
    board = on_converter(world, TICKS, bus, 0.5)
    board.run_for(10)

    bus.draw((12, 0.0), (12.4, 0.0), (12.4, 12.0))
    end = bus.bounce(14, 3, low=0.0)
    board.run_for(end - 5)
    bus.draw((end + 10, 3.0))
    board.run_for(10)

    assert not board.powered
    assert board.console[-1].seconds == pytest.approx(end + 10.5, abs=0.11)


@pytest.mark.parametrize(
    ("left", "torn"), [(0.0, UNTOUCHED), (0.001, ERASED), (0.03, ERASED), (0.0340, 0), (0.0395, 8), (0.0449, 15)]
)
def test_a_sector_is_left_as_far_as_the_supply_carried_its_rewriting(world: World, left: float, torn: int) -> None:
    """Erased first, then programmed page by page."""
    bus = Bus(12.4)
    board = on_converter(
        world,
        """
        import time
        file = open("/data", "r+b")
        time.sleep(20)
        file.write(b"\\x5a" * 512)
        """,
        bus,
        left,
    )
    board.drive.outside_write("/data", bytes(512))
    board.run_for(10)
    written: list[tuple[float, int]] = []

    def note(sector: int) -> None:
        written.append((board.clock.elapsed_seconds, sector))
        bus.draw((board.clock.elapsed_seconds, 0.0))

    before = board.drive.snapshot()
    board.drive.flash.before_rewrite = note
    board.run_for(30)

    ((at, sector),) = written
    content = board.drive.snapshot()[sector]
    assert not board.powered
    if torn == UNTOUCHED:
        assert content == before[sector]
    else:
        assert content[256 * torn :] == b"\xff" * (4096 - 256 * torn)
        assert not torn or b"\xff" * 256 != content[256 * (torn - 1) : 256 * torn]
    assert left < ERASE_SECONDS
    assert board.clock.elapsed_seconds >= at + left - 1e-6


def test_a_board_starts_again_on_a_bus_that_is_back(world: World) -> None:
    """The end is foreseen from each start."""
    bus = Bus(0.0)
    first = bus.fly(10, 60)
    second = bus.fly(first.master_off + 600, 60)
    board = world.board(TICKS)
    board.supply = Converter(bus)
    for leg in (first, second):
        board.run_for(leg.master_on - board.clock.elapsed_seconds)
        board.power_on()
        board.run_for(leg.master_off - leg.master_on + 10)
        assert not board.powered
        assert leg.master_off + 0.4 < board.console[-1].seconds < leg.master_off + 0.53
