"""What a fleet does to a backend that was away: in simulated time, by counting; and what is lost, for real."""

from __future__ import annotations

import heapq
import itertools
import json
import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

import httpx

from tools import wire
from tools.simulator.fleet.light import FIRMWARE, LightBoard, LightRequest, light_firmware
from tools.simulator.fleet.timetable import DAY_SECONDS, Fleet, fly_day

NOON = 1_772_452_800
STARTING_SECONDS = 600  # within which the boards are switched on
SETTLED_SECONDS = 300  # after it, before the backend goes
LAST_SECONDS = 900  # of the outage, in which the load is looked at: every board waits the longest by then
SPARE = 1.2  # capacity of the returning backend, against what its boards need


def _steps(first: int, most: int) -> SimpleNamespace:
    """The firmware with other steps and no jitter; its own leave room for the jitter below the longest wait."""
    return light_firmware(jitter=False, OUTAGE_RETRY_FIRST_SECONDS=first, OUTAGE_RETRY_MOST_SECONDS=most * 3 // 2)


FIRMWARES = ("firmware", FIRMWARE)
STEPS = ("doubling without jitter", _steps(FIRMWARE.OUTAGE_RETRY_FIRST_SECONDS, FIRMWARE.OUTAGE_RETRY_MOST_SECONDS))
FIXED = ("30 s without jitter, as Traccar's client", _steps(30, 30))


@dataclass
class Herd:
    """What a fleet did while the backend was away, and when it came back."""

    boards: int
    while_down: Counter[int] = field(default_factory=Counter)  # second -> requests, late in the outage
    timed_out: int = 0  # requests that the returning backend answered too late
    back_after: dict[LightBoard, int] = field(default_factory=dict)  # seconds until it was delivered to again

    @property
    def mean_while_down(self) -> float:
        """Requests per second."""
        return self.while_down.total() / LAST_SECONDS

    @property
    def peak_while_down(self) -> int:
        """Requests in the busiest second."""
        return max(self.while_down.values())

    def recovery_seconds(self, share: float) -> float:
        """When so many of the boards had delivered again; infinite if they never had."""
        needed = math.ceil(self.boards * share)
        waits = sorted(self.back_after.values())
        return waits[needed - 1] if len(waits) >= needed else math.inf


def stampede(boards: int, firmware: SimpleNamespace, *, down_seconds: int, watched_seconds: int) -> Herd:
    """All boards are in the air and in reach; the backend refuses everything for a while and comes back.

    It serves one request after the other, `SPARE` times as many a second as the boards send when all is well; a board
    waits as long as the firmware does, and what it no longer waits for is served all the same.
    """
    dice = random.Random(boards)
    fleet = Fleet(LightBoard(random.Random(number), firmware) for number in range(boards))
    for board in fleet.boards:
        at = NOON + dice.randrange(STARTING_SECONDS)
        fleet.plan(board, [(at, "power on"), (at, "link up")])
    down_at = NOON + STARTING_SECONDS + SETTLED_SECONDS
    up_at = down_at + down_seconds
    service_seconds = FIRMWARE.REPORT_SECONDS / (boards * SPARE)
    herd = Herd(boards)
    free_at = 0.0
    order = itertools.count()
    answers: list[tuple[int, int, LightBoard, LightRequest, bool]] = []
    while len(herd.back_after) < boards:
        turn = fleet.next_time()
        now = min([one for one in (turn, answers[0][0] if answers else None) if one is not None])
        if now >= up_at + watched_seconds:
            break
        while answers and answers[0][0] <= now:
            _, _, board, request, answered = heapq.heappop(answers)
            fleet.take(now, board, request, _stored(request) if answered else None)
            if answered and now >= up_at and request.messages:
                herd.back_after.setdefault(board, now - up_at)
        for board, request in fleet.requests(now):
            if down_at <= now < up_at:
                herd.while_down[now] += now >= up_at - LAST_SECONDS
                heapq.heappush(answers, (now, next(order), board, request, False))
                continue
            free_at = max(free_at, now) + service_seconds
            late = free_at - now > FIRMWARE.REQUEST_TIMEOUT_SECONDS
            herd.timed_out += late and now >= up_at
            at = now + FIRMWARE.REQUEST_TIMEOUT_SECONDS if late else math.ceil(free_at)
            heapq.heappush(answers, (at, next(order), board, request, not late))
    return herd


def _stored(request: LightRequest) -> tuple[int, object, int]:
    results = [{"msg_id": message["msg_id"], "outcome": "stored"} for message in request.messages or []]
    return 200, {"server_time": "", "server_id": "1", "results": results}, 0


@dataclass
class Delivery:
    """A day of a fleet against a real backend, and the next morning."""

    kept: dict[tuple[str, int], int]  # board and start -> final seconds, as the boards know them
    live: dict[tuple[str, int], int]  # the same by what was delivered during the session itself
    requests: int

    def lost_seconds(self, arrived: dict[tuple[str, int], int]) -> int:
        """Seconds of power that somebody who has only this does not know."""
        return sum(abs(seconds - arrived.get(session, 0)) for session, seconds in self.kept.items())


# The backend is away from the late afternoon until after the fleet has come home.
OUTAGE_SECONDS = (16 * 3600, 20 * 3600)
MORNING_SECONDS = 8 * 3600
MORNING_POWER_SECONDS = 900


def deliver_a_day(url: str, boards: int, midnight: int, progress: Callable[[str], None]) -> Delivery:
    """Fly a club's day with an outage at dusk, switch every board on next morning, and see what each has kept.

    As fast as the backend answers; the boards' clocks say the day that begins at `midnight`.
    """
    dice = random.Random(boards)
    fleet = Fleet(LightBoard(random.Random(f"delivered {number}")) for number in range(boards))
    for board in fleet.boards:
        fleet.plan(board, fly_day(dice, midnight))
        morning = midnight + DAY_SECONDS + MORNING_SECONDS + dice.randrange(STARTING_SECONDS)
        end = morning + MORNING_POWER_SECONDS
        fleet.plan(board, [(morning, "power on"), (morning + 10, "link up"), (end, "power off"), (end, "link down")])
    delivery = Delivery({}, {}, 0)
    with httpx.Client() as client:
        while (now := fleet.next_time()) is not None:
            for board, request in fleet.requests(now):
                delivery.requests += 1
                if delivery.requests % 500 == 0:
                    progress(f"Delivering a day of {boards} boards: {delivery.requests} requests")
                down = OUTAGE_SECONDS[0] <= now - midnight < OUTAGE_SECONDS[1]
                answer = None if down else _exchange(client, url, request)
                fleet.take(now, board, request, answer)
                if answer is not None and answer[0] == 200:
                    _note_live(delivery, board, request)
    for board in fleet.boards:
        # The morning's power-up stays open: only the next one would close it.
        for start, seconds in list(board.flown.items())[:-1]:
            delivery.kept[board.uuid, start] = seconds
    return delivery


def _exchange(client: httpx.Client, url: str, request: LightRequest) -> tuple[int, object, int]:
    said = client.request(request.method, url, content=request.body, headers=request.headers)
    return said.status_code, json.loads(said.content), int(said.headers.get("retry-after", 0))


def _note_live(delivery: Delivery, board: LightBoard, request: LightRequest) -> None:
    for message in request.messages or []:
        if message["status"] == "open":
            delivery.live[board.uuid, wire.epoch_seconds(message["session_start"])] = message["run_seconds"]
