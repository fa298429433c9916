"""`simulate` with thousands of boards: light ones, which fly a club's day and speak the wire protocol alone."""

import contextlib
import json
import queue
import random
import signal
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor

import httpx

from tools.commands.terminal import console
from tools.simulator.fleet.light import FIRMWARE, LightBoard, LightRequest
from tools.simulator.fleet.timetable import DAY_SECONDS, Fleet, fly_day

CONNECTIONS = 64
TICK_SECONDS = 0.05
LINE_EVERY_SECONDS = 10.0
HURRIED_SPEED = 60
# Wherever it is that late now, the fleet is at home there: the day has begun, most flights are still to come.
BEGIN_SECONDS = 9 * 3600

Outcome = tuple[LightBoard, LightRequest, tuple[int, object, int] | None]


class Sky:
    """A fleet of light boards, every second one with a divider, that reports to a URL, at the wall's time or faster."""

    def __init__(self, url: str, access_token: str, boards: int, speed: float, seed: int) -> None:
        self._url = url
        self._speed = speed
        self._dice = random.Random(seed)
        seeds = [self._dice.getrandbits(64) for _ in range(boards)]
        self.fleet = Fleet(
            LightBoard(random.Random(seed), access_token=access_token, sensing=number % 2 == 1)
            for number, seed in enumerate(seeds)
        )
        self._begin_wall = time.monotonic()
        self._begin = int(time.time())
        self._midnight = self._begin - BEGIN_SECONDS
        self._plan_day()
        self.statuses: Counter[str] = Counter()
        self.latencies: deque[float] = deque(maxlen=2000)
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(CONNECTIONS)
        self._client = httpx.Client(
            timeout=FIRMWARE.REQUEST_TIMEOUT_SECONDS,
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        )

    def close(self) -> None:
        """Forget what is not sent yet, and close the connections."""
        self._threads.shutdown(cancel_futures=True)
        self._client.close()

    def fly(self) -> None:
        """All that is due by now: send, and take what came back."""
        now = self._begin + int((time.monotonic() - self._begin_wall) * self._speed)
        if now >= self._midnight:
            self._plan_day()
        with contextlib.suppress(queue.Empty):
            while True:
                board, request, answer = self._outcomes.get_nowait()
                self.fleet.take(now, board, request, answer)
        for board, request in self.fleet.requests(now):
            self._threads.submit(self._post, board, request)

    def _plan_day(self) -> None:
        """The day that begins now; of the first one, what is still to come."""
        for board in self.fleet.boards:
            day = fly_day(self._dice, self._midnight)
            if day and day[0][0] >= self._begin:
                self.fleet.plan(board, day)
        self._midnight += DAY_SECONDS

    def _post(self, board: LightBoard, request: LightRequest) -> None:
        begin = time.perf_counter()
        answer = None
        try:
            said = self._client.request(request.method, self._url, content=request.body, headers=request.headers)
            retry_after = said.headers.get("retry-after", "")
            answer = (said.status_code, _json(said), int(retry_after) if retry_after.isdigit() else 0)
        except httpx.HTTPError:
            pass
        self.latencies.append(time.perf_counter() - begin)
        self.statuses[str(answer[0]) if answer else "no answer"] += 1
        self._outcomes.put((board, request, answer))

    def summary(self) -> str:
        """One line about now."""
        boards = self.fleet.boards
        powered = sum(board.powered for board in boards)
        sessions = sum(board.boots for board in boards)
        latest = sorted(self.latencies)
        slow = f", 99 % within {latest[len(latest) * 99 // 100] * 1000:.0f} ms" if latest else ""
        told = ", ".join(f"{count:,} x {status}" for status, count in sorted(self.statuses.items()))
        why = "" if powered else self._why_none_is_powered()
        return (
            f"{powered:,} of {len(boards):,} boards powered{why}; {sessions:,} sessions,"
            f" {sum(board.unsent_count() for board in boards):,} unsent;"
            f" answers: {told or 'none yet'}{slow}"
        )

    def _why_none_is_powered(self) -> str:
        """The club's day decides who flies and when; this says when the next one does."""
        departure = self.fleet.next_power_on()
        if departure is None:
            return " (nobody flies any more today)"
        now = self._begin + int((time.monotonic() - self._begin_wall) * self._speed)
        wait = max(0, departure - now)
        hint = "" if self._speed >= HURRIED_SPEED else f"; with --speed {HURRIED_SPEED} an hour takes a minute"
        return f" (parked: the next of the day's flights begins in {wait / self._speed:,.0f} s{hint})"


def _json(answer: httpx.Response) -> object:
    try:
        return json.loads(answer.content)
    except ValueError:
        return None


def run(url: str, boards: int, speed: float, seconds: float | None, access_token: str, seed: int) -> None:
    """Flies the boards until Ctrl-C, or for `seconds` of the wall."""
    with contextlib.closing(Sky(url, access_token, boards, speed, seed)) as sky:
        try:
            console.print(f"{boards:,} light boards report to {url}: the wire alone, no firmware.", soft_wrap=True)
            console.print(
                "They fly a club's day, which begins at nine in the morning now: a board has power while it flies."
                f" Seed {seed}. Ctrl-C switches everything off.",
                soft_wrap=True,
            )
            end = None if seconds is None else time.monotonic() + seconds
            next_line = time.monotonic() + LINE_EVERY_SECONDS
            while end is None or time.monotonic() < end:
                sky.fly()
                if time.monotonic() >= next_line:
                    next_line += LINE_EVERY_SECONDS
                    console.print(sky.summary(), soft_wrap=True)
                time.sleep(TICK_SECONDS)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            raise
        finally:
            console.print(f"\nSwitched off: {sky.summary()}.", soft_wrap=True)
