"""Who may move: the side that controls a board, and the board's own thread."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable

from tools.simulator.clock import NS_PER_S, BoardClock
from tools.simulator.power import ChipReset, PowerCut

FOREVER_NS = 2**63
# A program that calls no stand-in for so long computes without end.
BUSY_WALL_SECONDS = 20.0


class Starved(ChipReset):
    """The watchdog's reset of a program that computes without end."""

    def __init__(self) -> None:
        super().__init__("WATCHDOG")


class Turns:
    """The controlling side grants the board's thread time up to a deadline and waits until it is used up.

    ``is_watched`` says whether a watchdog would end a program that computes without end. ``powered``: there is a
    thread that can move. ``calls`` counts what the program asks of its board.
    """

    def __init__(self, clock: BoardClock, is_watched: Callable[[], bool]) -> None:
        self.powered = False
        self.calls = 0
        self.busy_wall_seconds = BUSY_WALL_SECONDS
        self.deadline_ns = 0
        self.injected: BaseException | None = None
        self.awaited: Callable[[], object] | None = None
        self.crash: BaseException | None = None
        self.free_running = False
        self._clock = clock
        self._is_watched = is_watched
        self._boards_turn = False
        self._turn = threading.Condition()
        # Who makes a freely running board stand still is alone in it: letting go while another one waits for the board
        # would send it off again, and the other one would wait without end.
        self.one_at_a_time = threading.RLock()
        self._thread: threading.Thread | None = None

    # On the board's thread

    def stand_still(self) -> None:
        """Hand over if the time granted is used up, raise what was injected."""
        if self._clock.elapsed_ns >= self.deadline_ns:
            self.give_back()
            self.wait_for_turn()
        if self.injected is not None:
            injected, self.injected = self.injected, None
            raise injected

    def look_up(self) -> None:
        """Hand over if what the controlling side waits for has come."""
        if self.awaited and self.awaited():
            self.deadline_ns = min(self.deadline_ns, self._clock.elapsed_ns)
            self.stand_still()

    def give_back(self) -> None:
        """Let the controlling side go on."""
        with self._turn:
            self._boards_turn = False
            self._turn.notify_all()

    def wait_for_turn(self) -> None:
        """Wait for time."""
        with self._turn:
            while not self._boards_turn:
                self._turn.wait()

    # On the controlling side

    def begin(self, live: Callable[[], None]) -> None:
        """Start the board's thread; if there is one already, it is left to itself."""
        self._thread = threading.Thread(target=live, name="simulated board", daemon=True)
        self._thread.start()

    def grant(self, deadline_ns: int, *, wait: bool = True) -> None:
        """Give the board's thread time."""
        self.deadline_ns = deadline_ns
        with self._turn:
            self._boards_turn = True
            self._turn.notify_all()
        if wait:
            self._wait_for_board()

    def run_to(self, deadline_ns: int) -> None:
        """Let the board's world move on."""
        self.hold()
        self.free_running = False
        self._clock.resume()
        if self.powered:
            self.grant(deadline_ns)
        else:
            self._clock.move_to(deadline_ns)

    def move_by(self, seconds: float) -> None:
        """Let time pass in a world whose board has no power."""
        self._clock.resume(catch_up=self.free_running)
        self._clock.move_to(self._clock.elapsed_ns + round(seconds * NS_PER_S))

    def hold(self) -> None:
        """Make a freely running board stand still."""
        if self._boards_turn:
            self.deadline_ns = 0
            self._clock.interrupt()
            self._wait_for_board()

    def let_go(self) -> None:
        """End ``hold``."""
        if self.free_running and self.powered:
            self._clock.resume(catch_up=True)
            self.grant(FOREVER_NS, wait=False)

    def inject(self, stop: BaseException) -> None:
        """Raise this in the program at its next step."""
        if not self.powered:
            raise RuntimeError("SimulatedBoard: it has no power")
        self.hold()
        self.injected = stop
        self.let_go()

    def settle(self) -> None:
        """Wait for the end of a thread whose board has lost its power."""
        if self._thread and not self.powered:
            self._thread.join()
            self._thread = None
        self._raise_crash()

    def forget_thread(self) -> None:
        """The thread will never end: nobody waits for it."""
        self._thread = None

    def _wait_for_board(self) -> None:
        """Wait for the board's thread to hand over; a program that computes without end starves the watchdog."""
        with self._turn:
            calls = self.calls
            while self._boards_turn:
                if not self._turn.wait(self.busy_wall_seconds) and calls == self.calls:
                    self._starve()
                calls = self.calls
        self._raise_crash()

    def _starve(self) -> None:
        """Interrupt the board's thread where it computes, as the watchdog does there, or give up on it."""
        watched = self._is_watched()
        if self._thread is None or self._thread.ident is None:
            return
        stop = Starved if watched else PowerCut
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread.ident), ctypes.py_object(stop))
        if not watched:
            self.crash = RuntimeError(
                f"the program ran for {self.busy_wall_seconds} s of wall time without calling any module of the board, "
                "and no watchdog was armed"
            )

    def _raise_crash(self) -> None:
        if self.crash is not None:
            crash, self.crash = self.crash, None
            raise RuntimeError(f"SimulatedBoard: the simulation failed: {crash}") from crash
