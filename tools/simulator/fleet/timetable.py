"""Many light boards on one timetable: when each is powered and in reach of its Wi-Fi, and who sends next."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Iterable, Iterator
from typing import Literal

from tools.simulator.fleet.light import LightBoard, LightRequest

Event = Literal["power on", "engine on", "engine off", "power off", "link up", "link down"]
Flight = list[tuple[int, Event]]

DAY_SECONDS = 86_400
# A day at a club's field: how many of its boards fly, how often, how long, and what of it its Wi-Fi sees.
FLYING_SHARE = 0.7
MOST_FLIGHTS = 3
DAYLIGHT_SECONDS = (7 * 3600, 17 * 3600)  # departures
DUSK_SECONDS = 18 * 3600
FLIGHT_SECONDS = (25 * 60, 110 * 60)
REACH_SECONDS = 240  # of the flight's first and last minutes, on the ramp
JOINING_SECONDS = 20
ENGINE_SECONDS = (60, 40)  # after the power came, and before it goes
ABOARD_SHARE = 0.3  # boards with a modem or a phone aboard: in reach all the time


def fly_day(dice: random.Random, midnight: int) -> Flight:
    """A board's day, in order. Those without network aboard are in reach on their own ramp: at the first departure, and
    when the fleet is back at dusk with the backlog of the day."""
    if dice.random() >= FLYING_SHARE:
        return []
    aboard = dice.random() < ABOARD_SHARE
    count = dice.randint(1, MOST_FLIGHTS)
    departures = sorted(dice.randrange(*DAYLIGHT_SECONDS) for _ in range(count))
    # The last flight home ends around dusk.
    departures[-1] = max(departures[-1], DUSK_SECONDS - dice.randrange(*FLIGHT_SECONDS) + dice.randrange(-900, 900))
    events: Flight = []
    free_at = 0
    for number, departure in enumerate(departures):
        begin = midnight + max(departure, free_at)
        end = begin + dice.randrange(*FLIGHT_SECONDS)
        free_at = end - midnight + 600
        events.append((begin, "power on"))
        if aboard or number == 0:
            events.append((begin + JOINING_SECONDS, "link up"))
        events.append((begin + ENGINE_SECONDS[0], "engine on"))
        if number == 0 and not aboard:
            events.append((begin + REACH_SECONDS, "link down"))
        if not aboard and number == count - 1:
            events.append((end - REACH_SECONDS, "link up"))
        events += [(end - ENGINE_SECONDS[1], "engine off"), (end, "power off"), (end, "link down")]
    return events


class Fleet:
    """Boards in the order of what they do next. Times are whole seconds since 1970."""

    def __init__(self, boards: Iterable[LightBoard]) -> None:
        self.boards = list(boards)
        self._queue: list[tuple[int, int, LightBoard, Event | None]] = []
        self._order = itertools.count()
        self._turn: dict[LightBoard, int] = {}  # when a board is asked next
        self._waiting: set[LightBoard] = set()  # for an answer

    def plan(self, board: LightBoard, events: Iterable[tuple[int, Event]]) -> None:
        """Switch the board's power, engine and link at these times."""
        for at, event in events:
            self._push(at, board, event)

    def next_time(self) -> int | None:
        """When something happens next by itself."""
        return self._queue[0][0] if self._queue else None

    def next_power_on(self) -> int | None:
        """When the next board gets power; None if none will."""
        return min((at for at, _, _, event in self._queue if event == "power on"), default=None)

    def requests(self, now: int) -> Iterator[tuple[LightBoard, LightRequest]]:
        """All that is sent up to this second; each needs an answer before the board sends again."""
        while self._queue and self._queue[0][0] <= now:
            at, _, board, event = heapq.heappop(self._queue)
            if event is not None:
                self._switch(board, event, at)
            elif self._turn.get(board) == at and board not in self._waiting:
                request = board.poll(at)
                if request is not None:
                    self._waiting.add(board)
                    yield board, request
                    continue
            else:
                continue
            self._ask_again(board, at + (event is None))

    def take(
        self,
        now: int,
        board: LightBoard,
        request: LightRequest,
        answer: tuple[int, object, int] | None,
    ) -> None:
        """The outcome of a request: status, JSON and Retry-After, or None without an answer."""
        self._waiting.discard(board)
        if answer is None:
            board.fail(now, request)
        else:
            board.take(now, request, *answer)
        self._ask_again(board, now)

    def _switch(self, board: LightBoard, event: Event, now: int) -> None:
        if event == "power on":
            board.power_on(now)
        elif event == "power off":
            board.power_off(now)
        elif event in ("engine on", "engine off"):
            board.set_engine(event == "engine on", now)
        else:
            board.set_link(event == "link up", now)

    def _ask_again(self, board: LightBoard, now: int) -> None:
        due = board.due(now)
        if due is not None and board not in self._waiting:
            self._turn[board] = due
            self._push(due, board, None)

    def _push(self, at: int, board: LightBoard, event: Event | None) -> None:
        heapq.heappush(self._queue, (at, next(self._order), board, event))
