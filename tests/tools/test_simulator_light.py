"""Light boards: they send what the real firmware sends, and keep to what the contract says about answers."""

import itertools
import json
import random
from typing import Any

import pytest

from tools import wire
from tools.bench.flights import FIRMWARE as FIRMWARE_PROGRAM
from tools.bench.flights import World
from tools.bench.herd import FIXED
from tools.simulator import Bus, Converter, SeenRequest, divided, http_error
from tools.simulator.bus import CRANKING_SECONDS, INRUSH_SECONDS
from tools.simulator.fleet.light import CHECKPOINT_SECONDS, FIRMWARE, LightBoard, LightRequest
from tools.simulator.fleet.light_bus import PIN, RATIO
from tools.simulator.fleet.timetable import Event, Fleet, fly_day

SLACK_SECONDS = 3  # turns of the real program's loop, and what its requests take
NOON = 1_772_452_800
OUTAGE = (503, {"code": "unavailable"}, 0)

Sent = tuple[int, list[dict[str, Any]] | None]


def stored(request: LightRequest, **more: Any) -> tuple[int, object, int]:
    """The answer of a server that has stored everything."""
    results = [{"msg_id": message["msg_id"], "outcome": "stored"} for message in request.messages or []]
    reply = {
        "ok": True,
        "server_time": wire.timestamp(NOON),
        "server_id": "one",
        "new_device": False,
        "results": results,
    }
    return 200, reply | more, 0


def board_in_reach(seed: int = 1) -> LightBoard:
    """A board that is on since noon, and greeted."""
    board = LightBoard(random.Random(seed))
    board.power_on(NOON)
    board.set_link(True, NOON)
    greeting = board.poll(NOON)
    assert greeting is not None and greeting.messages is None
    board.take(NOON, greeting, *stored(greeting))
    return board


def ask(board: LightBoard, now: int) -> LightRequest:
    """The request that the board sends at this second."""
    request = board.poll(now)
    assert request is not None
    return request


class TestAgainstTheFirmware:
    """One history, flown by the real program and by a light board."""

    # Power-ups: seconds of power, seconds without power after it, whether the server answers.
    HISTORY = ((200, 400, True), (130, 300, False), (90, 300, False), (260, 60, True))

    def fly_real(self) -> tuple[list[tuple[int, bool]], list[list[Sent]]]:
        """When each power-up began, and what was sent in it."""
        with World(FIRMWARE_PROGRAM) as world:
            answer_all = world.proxy.choose
            power_ups, sent = [], []
            for on_seconds, off_seconds, answered in self.HISTORY:
                world.proxy.choose = answer_all if answered else lambda request: http_error(503)
                power_ups.append((world.board.clock.true_ns // 10**9, answered))
                before = len(world.proxy.requests)
                world.board.power_on()
                world.board.run_for(on_seconds)
                world.board.power_off(for_seconds=off_seconds)
                sent.append([self.read(request) for request in world.proxy.requests[before:]])
        return power_ups, sent

    def read(self, request: SeenRequest) -> Sent:
        assert len(request.headers["x-device-key"]) == 64
        return int(request.true_time.timestamp()), json.loads(request.body) if request.method == "POST" else None

    def fly_light(self, power_ups: list[tuple[int, bool]], sent: list[list[Sent]]) -> list[list[Sent]]:
        """The same on a light board, in reach of the Wi-Fi from the real one's first request on."""
        board = LightBoard(random.Random(2))
        fleet = Fleet([board])
        flown = []
        for (begin, answered), real, (on_seconds, _, _) in zip(power_ups, sent, self.HISTORY, strict=True):
            end = begin + on_seconds
            events: list[tuple[int, Event]] = [(begin, "power on"), (real[0][0], "link up")]
            fleet.plan(board, [*events, (end, "power off"), (end, "link down")])
            mine: list[Sent] = []
            for now in range(begin, end + 1):
                for _, request in fleet.requests(now):
                    mine.append((now, request.messages))
                    fleet.take(now, board, request, stored(request) if answered else OUTAGE)
            flown.append(mine)
        return flown

    def test_sends_what_the_firmware_sends(self) -> None:
        """Greeting, minutely reports, a backlog after an outage: the same requests at the same seconds."""
        power_ups, real = self.fly_real()

        light = self.fly_light(power_ups, real)

        for (_, answered), theirs, ours in zip(power_ups, real, light, strict=True):
            assert theirs and ours
            if not answered:
                assert all(messages is None for _, messages in theirs + ours)
                continue
            assert len(theirs) == len(ours)
            for (real_at, real_messages), (at, messages) in zip(theirs, ours, strict=True):
                assert abs(real_at - at) <= SLACK_SECONDS
                assert (real_messages is None) == (messages is None)
                for expected, message in zip(real_messages or [], messages or [], strict=True):
                    self.check_message(expected, message)
        backlog = next(messages for _, messages in light[3] if messages)
        assert ["closed", "closed", "closed", "open"] == [message["status"] for message in backlog]

    def check_message(self, expected: dict[str, Any], message: dict[str, Any]) -> None:
        assert set(expected) == set(message)
        for name in ("status", "boot", "start_source", "checkpoint_seconds", "firmware", "reset_reason", "unsent"):
            assert expected.get(name) == message.get(name), name
        for name in ("run_seconds", "lifetime_seconds"):
            assert abs(expected.get(name, 0) - message.get(name, 0)) <= CHECKPOINT_SECONDS + SLACK_SECONDS

    def test_waits_like_the_firmware(self) -> None:
        """Between failed requests of both lie waits from the same doubling ranges."""
        board = LightBoard(random.Random(3))
        with World(FIRMWARE_PROGRAM) as world:
            world.proxy.choose = lambda request: http_error(503)
            world.board.power_on()
            world.board.run_for(2400)
            real = [int(request.true_time.timestamp()) for request in world.proxy.requests]
        fleet = Fleet([board])
        fleet.plan(board, [(NOON, "power on"), (NOON, "link up")])
        light = []
        for now in range(NOON, NOON + 2400):
            for _, request in fleet.requests(now):
                light.append(now)
                fleet.take(now, board, request, OUTAGE)

        for times in (real, light):
            waits = [later - earlier for earlier, later in itertools.pairwise(times)]
            assert len(waits) >= 8
            for number, wait in enumerate(waits):
                least, most = self.bounds(number)
                assert least <= wait <= most + SLACK_SECONDS, (number, wait)
            assert len(set(waits[-4:])) > 1  # not in step, however long the outage

    def bounds(self, failures: int) -> tuple[int, int]:
        most = FIRMWARE.OUTAGE_RETRY_MOST_SECONDS
        delay = min(FIRMWARE.OUTAGE_RETRY_FIRST_SECONDS * 2**failures, most * 2 // 3)
        return delay, min(delay * 3 // 2, most)


def fly_sensed(world: World, bus: Bus, seconds: float, engine_seconds: float) -> None:
    """A flight of the real program, from master switch to master switch."""
    before = 60 - INRUSH_SECONDS  # the light board's starter turns at once
    after = seconds - before - INRUSH_SECONDS - CRANKING_SECONDS - engine_seconds
    bus.fly(world.board.clock.elapsed_seconds, engine_seconds, before=before, after=after)
    world.board.power_on()
    world.board.run_for(seconds + 5)
    world.board.power_off(for_seconds=300)


def test_senses_what_the_firmware_senses() -> None:
    """Engine time, voltages and an exact end, by the firmware's own classes: the same figures, but for the noise."""
    bus, seconds, engine_seconds = Bus(0.0), 400, 298.5
    with World(FIRMWARE_PROGRAM) as world:
        world.board.analog[PIN], world.board.supply = divided(bus, RATIO), Converter(bus)
        world.board.drive.outside_write("/settings.toml", f'LOGGER_SENSE_PIN = "{PIN}"\n'.encode())
        for _ in range(3):  # the first lays the files out, the last one delivers
            fly_sensed(world, bus, seconds, engine_seconds)
        bodies = [json.loads(request.body) for request in world.proxy.requests if request.method == "POST"]
    real = next(message for body in bodies for message in body if message["status"] == "closed" and message["boot"] > 1)

    board = LightBoard(random.Random(9), sensing=True)
    board.power_on(NOON)
    board.set_engine(True, NOON + 60)
    board.set_engine(False, NOON + seconds - 40)
    board.power_off(NOON + seconds)
    board.power_on(NOON + 2000)
    board.set_link(True, NOON + 2000)
    greeting = ask(board, NOON + 2000)
    board.take(NOON + 2000, greeting, *stored(greeting))
    light = (ask(board, NOON + 2001).messages or [])[0]

    assert (light["status"], light["checkpoint_seconds"]) == ("closed", 1)
    assert real["checkpoint_seconds"] == 1
    assert {name for name in real if name.startswith(("engine_", "bus_"))} <= light.keys()
    for name, most in (("run_seconds", 1), ("engine_seconds", 6), ("engine_first_s", 2)):
        assert abs(real[name] - light[name]) <= most, name
    for name, most in (("bus_start_mv", 100), ("bus_min_mv", 1600), ("bus_max_mv", 100)):
        assert abs(real[name] - light[name]) <= most, name


def test_a_flight_without_engine_and_one_without_a_divider() -> None:
    """0 is not the same as nothing."""
    for sensing in (True, False):
        board = LightBoard(random.Random(10), sensing=sensing)
        board.power_on(NOON)
        board.power_off(NOON + 300)
        board.power_on(NOON + 600)
        sensed = dict(board.sessions[0].sensed(5))

        assert sensed.get("engine_seconds") == (0 if sensing else None)
        assert board.flown[NOON] == 300


def test_acks_only_what_the_results_name() -> None:
    """A reply without the message's id leaves it unsent; a wrong one, too."""
    board = board_in_reach()
    for results in ([], [{"msg_id": "another", "outcome": "stored"}], [{"outcome": "stored"}], ["stored"]):
        request = ask(board, board.due(NOON) or NOON)

        board.take(NOON, request, 200, {"results": results})

        assert 0 == board.sessions[-1].acked_run_seconds


def test_minutely_report_is_acked() -> None:
    """And the next one is due at the next full minute of power."""
    board = board_in_reach()
    first = ask(board, NOON)
    board.take(NOON, first, *stored(first))

    assert NOON + 60 == board.due(NOON)
    report = ask(board, NOON + 60)
    board.take(NOON + 60, report, *stored(report))

    assert 60 == board.sessions[-1].acked_run_seconds
    assert NOON + 120 == board.due(NOON + 60)


@pytest.mark.parametrize("status", [408, 425, 429, 503])
def test_retry_after_is_honoured(status: int) -> None:
    """Not a second earlier, also after Wi-Fi went and came."""
    board = board_in_reach()
    request = ask(board, NOON)

    board.take(NOON, request, status, None, 600)
    board.set_link(False, NOON + 1)
    board.set_link(True, NOON + 2)

    assert board.poll(NOON + 600) is None
    assert board.poll(NOON + 601) is not None


def test_backlog_goes_out_in_batches_and_none_is_lost() -> None:
    """Fifty short sessions without network: three batches, oldest first, each acked once."""
    board = LightBoard(random.Random(4))
    for number in range(50):
        board.power_on(NOON + number * 600)
        board.power_off(NOON + number * 600 + 100)
    now = NOON + 86_400
    board.power_on(now)
    board.set_link(True, now)
    sizes, starts = [], []
    while board.unsent_count():
        request = ask(board, board.due(now) or now)
        board.take(now, request, *stored(request))
        if request.messages is not None:
            sizes.append(len(request.messages))
            starts += [message["session_start"] for message in request.messages if message["status"] == "closed"]
        now += 1

    assert [20, 20, 11] == sizes
    assert [wire.timestamp(NOON + number * 600) for number in range(50)] == starts


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_batch_refused_whole_is_halved_and_the_bad_one_parked(status: int) -> None:
    """One bad session does not hold up the others; it is tried again at the next power-up."""
    board = LightBoard(random.Random(5))
    for number in range(8):
        board.power_on(NOON + number * 600)
        board.power_off(NOON + number * 600 + 100)
    bad_start = wire.timestamp(board.sessions[3].start)
    now = NOON + 86_400
    board.power_on(now)
    board.set_link(True, now)
    for _ in range(20):
        if (due := board.due(now)) is None or due > now + 30:
            break
        now = due
        request = ask(board, now)
        good = not any(message["session_start"] == bad_start for message in request.messages or [])
        board.take(now, request, *(stored(request) if good else (status, {"code": "bad_message"}, 0)))

    assert [bad_start] == [wire.timestamp(one.start) for one in board.sessions[:-1] if not one.fully_acked]
    board.power_off(now)
    board.power_on(now + 600)
    greeting = ask(board, now + 600)
    board.take(now + 600, greeting, *stored(greeting))
    assert bad_start in [message["session_start"] for message in ask(board, now + 600).messages or []]


def test_refused_board_waits_a_quarter_of_an_hour() -> None:
    """A wrong token or key is no outage."""
    board = board_in_reach()
    request = ask(board, NOON)

    board.take(NOON, request, 401, {"code": "device_key_wrong"})

    assert board.refused
    assert NOON + FIRMWARE.REFUSED_RETRY_SECONDS + 1 == board.due(NOON)


@pytest.mark.parametrize("status", [401, 403, 503])
def test_after_a_refusal_half_a_batch_is_asked_for(status: int) -> None:
    """As after an outage: whatever the server minded, less of it comes first."""
    board = LightBoard(random.Random(8))
    for number in range(30):
        board.power_on(NOON + number * 600)
        board.power_off(NOON + number * 600 + 100)
    now = NOON + 86_400
    board.power_on(now)
    board.set_link(True, now)
    greeting = ask(board, now)
    board.take(now, greeting, *stored(greeting))
    whole = ask(board, now)

    board.take(now, whole, status, {"code": "device_key_wrong"})

    again = ask(board, board.due(now) or now)
    assert [len(whole.messages or []), len(again.messages or [])] == [20, 10]


@pytest.mark.parametrize("more", [{"server_id": "another"}, {"new_device": True}])
def test_a_new_server_gets_everything_again(more: dict[str, Any]) -> None:
    """What was acked to another one counts as unsent."""
    board = board_in_reach()
    first = ask(board, NOON)
    board.take(NOON, first, *stored(first))
    board.power_off(NOON + 100)
    board.power_on(NOON + 200)
    for now in (NOON + 200, NOON + 201):
        request = ask(board, now)
        board.take(now, request, *stored(request))
    assert 0 == board.unsent_count()
    report = ask(board, NOON + 260)

    board.take(NOON + 260, report, *stored(report, **more))

    assert 1 == board.unsent_count()


def test_answer_after_the_power_went_is_lost() -> None:
    """Also when the power is back by then: the new power-up asks for itself."""
    board = board_in_reach()
    request = ask(board, NOON)
    board.power_off(NOON + 1)
    board.power_on(NOON + 3)

    board.take(NOON + 4, request, *stored(request))

    assert [0, 0] == [session.acked_run_seconds for session in board.sessions]


def test_days_are_in_order() -> None:
    """Power comes before it goes, a link only while it is there, and the last flight brings the day's backlog home."""
    dice = random.Random(6)
    days = [fly_day(dice, NOON) for _ in range(300)]

    assert 0 < sum(not day for day in days) < 200
    for day in filter(None, days):
        times = [at for at, _ in day]
        assert sorted(times) == times
        powered = linked = False
        for _, event in day:
            assert event != "power on" or not powered
            assert event != "link up" or (powered and not linked)
            powered = event == "power on" or (powered and event != "power off")
            linked = event == "link up" or (linked and not event.startswith(("link", "power off")))
        assert not powered


def test_fixed_retry_is_fixed() -> None:
    """What a board is compared with that backs off."""
    board = LightBoard(random.Random(7), FIXED[1])
    board.power_on(NOON)
    board.set_link(True, NOON)

    for turn in range(4):
        request = ask(board, NOON + 30 * turn)
        board.fail(NOON + 30 * turn, request)
        assert NOON + 30 * (turn + 1) == board.due(NOON)
