"""The board's time: as fast as the machine can, or tied to the wall by a factor."""

from __future__ import annotations

import heapq
import itertools
import struct
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
# A paced clock that falls further behind the wall than this (a busy machine, a suspended laptop) tells its board so.
JUMP_NS = 100 * NS_PER_MS
DEFAULT_START = datetime(2025, 10, 23, 18, 0, 0, tzinfo=UTC)


def board_float(value: float) -> float:
    """Round to the 30-bit floats of a 32-bit CircuitPython: a 32-bit float without its two lowest bits."""
    (bits,) = struct.unpack("<I", struct.pack("<f", value))
    (rounded,) = struct.unpack("<f", struct.pack("<I", bits & ~3))
    return float(rounded)


class BoardClock:
    """Time in one board's world, in integer nanoseconds since this clock was made.

    It runs while the board is on (driven by the board) and while it is off (``power_off(for_seconds=...)``), and
    stands still between two calls of the controlling side. ``elapsed_ns``: nanoseconds since this clock was made.

    ``start`` is the true UTC at the beginning. ``speed`` is None for as fast as possible, or board seconds per wall
    second (1.0 = real time). ``BoardClock.real_time()`` starts at the present with speed 1.0.
    """

    def __init__(self, start: datetime = DEFAULT_START, *, speed: float | None = None) -> None:
        if start.tzinfo is None:
            raise ValueError("BoardClock: start must be an aware datetime (UTC)")
        if speed is not None and speed <= 0:
            raise ValueError(f"BoardClock: speed must be above 0 or None, not {speed}")
        self.start_ns = round(start.timestamp() * 1000) * NS_PER_MS
        self.speed = None if speed == float("inf") else speed
        self.on_jump: Callable[[int], None] | None = None
        self.elapsed_ns = 0
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._lock = threading.RLock()
        self._interrupted = threading.Event()
        self._anchor: tuple[int, int] | None = None

    @classmethod
    def real_time(cls) -> BoardClock:
        """Return a clock that shows the wall's time and runs at its pace."""
        return cls(datetime.now(UTC), speed=1.0)

    def run_at(self, speed: float | None) -> None:
        """Go on at another pace from where this clock stands."""
        self.speed = speed
        self._anchor = None

    @property
    def elapsed_seconds(self) -> float:
        """Seconds since this clock was made."""
        return self.elapsed_ns / NS_PER_S

    @property
    def true_ns(self) -> int:
        """True UTC of this board's world, Unix nanoseconds."""
        return self.start_ns + self.elapsed_ns

    @property
    def true_time(self) -> datetime:
        """True UTC of this board's world."""
        return datetime.fromtimestamp(self.true_ns // NS_PER_MS / 1000, UTC)

    def call_at(self, seconds: float, call: Callable[[], None]) -> None:
        """Call back when the clock shows ``seconds`` since it was made; at once on the next step if that is past."""
        with self._lock:
            heapq.heappush(self._events, (round(seconds * NS_PER_S), next(self._order), call))

    def call_later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call back ``seconds`` from now."""
        self.call_at(self.elapsed_ns / NS_PER_S + seconds, call)

    def interrupt(self) -> None:
        """End a paced wait early, from another thread."""
        self._interrupted.set()

    def resume(self, *, catch_up: bool = False) -> None:
        """Say that time goes on after a standstill; with ``catch_up`` a paced clock jumps to where the wall is."""
        self._interrupted.clear()
        if self._anchor is None or not catch_up:
            self._anchor = (self.elapsed_ns, time.monotonic_ns())

    def move_to(self, target_ns: int) -> None:
        """Advance to ``target_ns``, calling back what falls due; less if interrupted, more if the wall is ahead."""
        while self.elapsed_ns < target_ns and not self._interrupted.is_set():
            self.step_to(target_ns)

    def step_to(self, target_ns: int) -> None:
        """Advance to ``target_ns`` or the next thing due before it, and call that back."""
        with self._lock:
            due_ns = self._events[0][0] if self._events else None
        if due_ns is None or due_ns > target_ns:
            self._pace(target_ns)
            return
        self._pace(due_ns)
        if self.elapsed_ns >= due_ns:
            with self._lock:
                _, _, call = heapq.heappop(self._events)
            call()

    def _pace(self, target_ns: int) -> None:
        if self.speed is None:
            self.elapsed_ns = max(self.elapsed_ns, target_ns)
            return
        if self._anchor is None:
            self.resume()
        assert self._anchor is not None
        from_ns, wall_ns = self._anchor
        while True:
            reached_ns = from_ns + int((time.monotonic_ns() - wall_ns) * self.speed)
            if reached_ns >= target_ns:
                behind_ns = reached_ns - max(target_ns, self.elapsed_ns)
                self.elapsed_ns = max(self.elapsed_ns, reached_ns)
                if behind_ns > JUMP_NS and self.on_jump:
                    self.on_jump(behind_ns)
                return
            if self._interrupted.wait((target_ns - reached_ns) / self.speed / NS_PER_S):
                reached_ns = from_ns + int((time.monotonic_ns() - wall_ns) * self.speed)
                self.elapsed_ns = max(self.elapsed_ns, min(reached_ns, target_ns))
                return
