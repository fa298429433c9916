"""Sensing on the whole board: from the divider over the flash and the wire into the database."""

import json
from typing import Any

import pytest

from tests.firmware.uplink import messages, posts
from tests.firmware.world import FIRST_BOOT_SECONDS, World
from tools.simulator import ADC2, NO_ADC, PASS, AnalogPin, Bus, Converter, Leg, divided, floating, slow_reply
from tools.simulator.chip.program import Program

SENSED_KEYS = ("engine_seconds", "engine_first_s", "bus_start_mv", "bus_min_mv", "bus_max_mv")
PAUSE_SECONDS = 1800
SENSED_CHECKPOINT_SECONDS = 15


def wire_up(world: World, *, hold_up_seconds: float = 0.5, setting: bool = True) -> Bus:
    """A divider at A2 and a converter with a capacitor; returns the bus, dead still."""
    bus = Bus(0.0)
    world.board.analog["A2"] = divided(bus)
    world.board.supply = Converter(bus, hold_up_seconds=hold_up_seconds)
    if setting:
        world.drive.outside_write("/settings.toml", b'LOGGER_SENSE_PIN = "A2"\n')
    return bus


def fly(world: World, bus: Bus, engine_seconds: float, **drawing: Any) -> Leg:
    """One flight from master switch to master switch, and a pause."""
    leg = bus.fly(world.board.clock.elapsed_seconds, engine_seconds, **drawing)
    world.board.power_on()
    world.board.run_for(leg.master_off - leg.master_on + 10)
    assert not world.board.powered
    world.board.power_off(for_seconds=PAUSE_SECONDS)
    return leg


def prepare(world: World, bus: Bus) -> None:
    """First boot on the bench, and half an hour without power."""
    leg = fly(world, bus, 0, before=FIRST_BOOT_SECONDS, after=60)
    assert leg.engine_seconds == 0
    assert "POST OK 200" in world.board.lines


def newest(world: World) -> dict[str, Any]:
    """The last session as the board would find it: in whichever copy says it later."""
    found: list[dict[str, Any]] = []
    for path in ("/sessions.json", "/logger/sessions.json"):
        found += [one for one in json.loads(world.board.read_file(path))["sessions"] if one]
    return max(found, key=lambda one: (one["boot"], one["rev"]))


def sessions_on_server(world: World) -> list[dict[str, Any]]:
    """Of this device, oldest first."""
    columns = ("boot", "run_seconds", "checkpoint_seconds", *SENSED_KEYS)
    rows = world.database.execute(
        f"select {', '.join(columns)} from public.sessions where device_uuid = %s order by boot", [world.device_uuid]
    ).fetchall()
    return [dict(zip(columns, row, strict=True)) for row in rows]


def test_a_flight_ends_to_the_second_and_tells_its_engine_time(world: World) -> None:
    """On flash, on the wire and in the database."""
    bus = wire_up(world)
    prepare(world, bus)

    leg = fly(world, bus, 600.3, before=25, after=40.6)
    kept = newest(world)
    fly(world, bus, 0)

    truth = leg.master_off - leg.master_on
    assert kept["exact"] == 1
    assert abs(kept["run_seconds"] - truth) <= 1
    stored = sessions_on_server(world)[1]
    assert stored["checkpoint_seconds"] == 1
    assert stored["run_seconds"] == kept["run_seconds"]
    assert {key: kept[key] for key in SENSED_KEYS} == {key: stored[key] for key in SENSED_KEYS}
    assert abs(stored["engine_seconds"] - leg.engine_seconds) <= 6
    assert abs(stored["engine_first_s"] - (leg.engine_on - leg.master_on)) <= 2
    assert abs(stored["bus_start_mv"] - 12_200) <= 100
    assert 7_900 <= stored["bus_min_mv"] <= 8_600
    assert abs(stored["bus_max_mv"] - 14_100) <= 100


def test_avionics_alone_report_zero_and_a_board_without_a_pin_nothing(world: World) -> None:
    """0 is not the same as null."""
    bus = wire_up(world)
    prepare(world, bus)
    fly(world, bus, 0, before=100)
    world.drive.outside_write("/settings.toml", b"")

    fly(world, bus, 300)
    fly(world, bus, 0)

    _, avionics, blind, *_ = sessions_on_server(world)
    assert (avionics["engine_seconds"], avionics["engine_first_s"]) == (0, None)
    assert [blind[key] for key in SENSED_KEYS] == [None] * 5
    assert blind["checkpoint_seconds"] != 1


def test_without_a_pin_nothing_is_added(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """No byte on flash or wire, no import, and the same erases as a board that has no divider at all."""
    imported: list[str] = []
    load = Program._load

    def note(program: Program, name: str, parent: Any) -> Any:
        imported.append(name)
        return load(program, name, parent)

    monkeypatch.setattr(Program, "_load", note)
    bus = wire_up(world, setting=False)
    prepare(world, bus)
    mark = world.drive.flash.mark()

    fly(world, bus, 300)
    with_divider = sum(world.drive.flash.erases_since(mark).values())
    world.board.analog.clear()
    mark = world.drive.flash.mark()
    fly(world, bus, 300)

    assert sum(world.drive.flash.erases_since(mark).values()) == with_divider
    assert "analogio" not in imported
    assert not any(key in session for session in world.kept() for key in (*SENSED_KEYS, "engine_on", "exact"))
    sent = [message for post in posts(world) for message in messages(post)]
    assert not any(key in message for message in sent for key in SENSED_KEYS)


def test_a_cut_in_the_middle_of_a_call_is_not_exact(world: World) -> None:
    """The session says so: it ends like one without sensing, with the checkpoint right before the call."""
    bus = wire_up(world)
    prepare(world, bus)
    world.proxy.fault = slow_reply(4)
    leg = bus.fly(world.board.clock.elapsed_seconds, 300)
    world.board.power_on()
    world.board.run_for(150)
    seen = len(world.proxy.requests)
    assert world.board.run_until(lambda: len(world.proxy.requests) > seen, 90, step_seconds=0.1)

    now = world.board.clock.elapsed_seconds
    bus.draw((now + 0.3, 14.1), (now + 0.3, 0.0))
    world.board.run_for(PAUSE_SECONDS)
    found = newest(world)
    world.proxy.fault = PASS
    fly(world, bus, 0)

    flown = sessions_on_server(world)[1]
    assert "exact" not in found
    assert flown["checkpoint_seconds"] == SENSED_CHECKPOINT_SECONDS
    assert 0 <= now - leg.master_on - flown["run_seconds"] <= 3


def test_power_that_comes_back_leaves_an_ordinary_session(world: World) -> None:
    """The claim stood on the flash for as long as the bus was away."""
    bus = wire_up(world, hold_up_seconds=2.0)
    prepare(world, bus)
    leg = bus.fly(world.board.clock.elapsed_seconds, 300)
    world.board.power_on()
    world.board.run_for(200)
    now = world.board.clock.elapsed_seconds
    bus.draw((now + 1.1, 14.1), (now + 1.1, 0.0), (now + 2.1, 0.0), (now + 2.1, 14.1))

    world.board.run_for(1.8)
    away = newest(world)
    world.board.run_for(10)

    assert away["exact"] == 1
    assert "exact" not in newest(world)
    assert abs(newest(world)["run_seconds"] - (now + 2.1 - leg.master_on)) <= 3


TROUBLES = {
    "missing": (None, "Sensing: this board has no pin A2; counting goes on without"),
    "no converter": (AnalogPin(lambda seconds: 1.0, NO_ADC), "Sensing: A2 cannot sample (ValueError('Invalid pin'"),
    "ADC2": (AnalogPin(lambda seconds: 1.0, ADC2), "Sensing: A2 cannot be read ("),
    "saturated": (AnalogPin(lambda seconds: 3.3), "Sensing: A2 reads full scale"),
    "nothing": (AnalogPin(lambda seconds: 0.0), "Sensing: A2 reads 0 V"),
    "floating": (floating(), "Sensing: A2 floats"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_pin_that_says_nothing_is_one_line_in_the_log(world: World, trouble: str) -> None:
    """And counting goes on without it."""
    pin, said = TROUBLES[trouble]
    if pin:
        world.board.analog["A2"] = pin
    world.drive.outside_write("/settings.toml", b'LOGGER_SENSE_PIN = "A2"\n')

    world.fly(FIRST_BOOT_SECONDS + 120)

    told = [line for line in world.board.lines if line.startswith("Sensing: ")]
    assert len(told) == 1
    assert told[0].startswith(said)
    (session,) = world.kept()
    assert "engine_seconds" not in session
    assert world.true_seconds - 40 <= session["run_seconds"] <= world.true_seconds
    assert world.board.resets == []
