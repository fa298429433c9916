"""A virtual ESP32 with CircuitPython, for those who hold its switch and read its console."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from types import TracebackType

from tools.simulator.chip.chip import ConsoleLine
from tools.simulator.chip.supervisor import Supervisor
from tools.simulator.chip.turns import FOREVER_NS
from tools.simulator.clock import NS_PER_S
from tools.simulator.flash.nor import ERASED
from tools.simulator.power import ChipReset, PowerCut

CONTROL_C = 0x03


class SimulatedBoard(Supervisor):
    """A board that runs the files on its drive.

    The calling side owns the time: the board moves only inside ``run_for``, ``run_until``, ``run_until_line`` and
    ``power_off(for_seconds=...)``, or between ``start`` and ``stop``; otherwise its world stands still. All calls must
    come from one thread. Use it as a context manager, or call ``close``.

    Read at any time: ``powered``, ``console``, ``clock``, ``network``, ``drive``, ``link``, ``reset_reason``,
    ``run_reason``, ``safe_mode``, ``parked`` (at "Press any key"), ``keys`` (typed and not read), ``resets`` (causes
    since power-on), ``nvm``, ``last_error`` (of the last program that ended with one), ``watchdog``.
    """

    # Power and time, from outside

    def power_on(self) -> None:
        """Switch on; nothing happens before the board's time moves."""
        if self.powered:
            raise RuntimeError("SimulatedBoard: it is on already")
        self.turns.settle()
        if self.turns.free_running:
            self.clock.resume(catch_up=True)
            self.clock.move_to(self.clock.elapsed_ns + 1)
        self.turns.powered = True
        self.parked = False
        self.resets = []
        self.turns.injected = None
        self._wake = None
        self._brown_out_at_cut = False
        self.safe_mode_on_next_reset = None
        self._partial_line = ""
        self.lose_rtc()
        self.foresee_end()
        self.turns.begin(self._live)
        self.turns.let_go()

    def power_off(self, for_seconds: float = 0.0) -> None:
        """Cut the power where the board stands, then let ``for_seconds`` pass in its world."""
        self.turns.hold()
        if self.powered:
            self.turns.injected = PowerCut("the supply was switched off")
            self.turns.grant(0)
        self.turns.settle()
        if for_seconds:
            self.turns.move_by(for_seconds)

    def run_for(self, seconds: float) -> None:
        """Run until the board's clock has moved on by ``seconds``; less if a planned power cut came."""
        self.turns.run_to(self.clock.elapsed_ns + round(seconds * NS_PER_S))

    def run_until(self, predicate: Callable[[], object], timeout: float, *, step_seconds: float = 1.0) -> bool:
        """Run until ``predicate()`` is true, at most ``timeout`` board seconds; says whether it became true.

        It is asked after every console line and every ``step_seconds``.
        """
        end_ns = self.clock.elapsed_ns + round(timeout * NS_PER_S)
        step_ns = max(1, round(step_seconds * NS_PER_S))
        self.turns.awaited = predicate
        try:
            while not predicate():
                if self.clock.elapsed_ns >= end_ns or not self.powered:
                    return False
                self.turns.run_to(min(end_ns, self.clock.elapsed_ns + step_ns))
        finally:
            self.turns.awaited = None
        return True

    def run_until_line(self, text: str, timeout: float) -> ConsoleLine:
        """Run until a new console line contains ``text`` and return it; TimeoutError with the console's end if not."""
        begin = len(self.console)

        def found() -> ConsoleLine | None:
            return next((line for line in self.console[begin:] if text in line.text), None)

        self.run_until(found, timeout)
        line = found()
        if line is None:
            tail = "\n".join(one.text for one in self.console[-15:])
            raise TimeoutError(f"no console line with {text!r} within {timeout} board seconds; the last ones:\n{tail}")
        return line

    def start(self) -> None:
        """Let the board run freely in the background, until ``stop``."""
        if self.turns.free_running:
            return
        self.clock.resume(catch_up=True)
        self.turns.free_running = True
        if self.powered:
            self.turns.grant(FOREVER_NS, wait=False)

    def stop(self) -> None:
        """End free running; the board stands still."""
        self.turns.hold()
        self.turns.free_running = False

    def close(self) -> None:
        """Power off for good and free every socket; the drive stays as it is."""
        self.power_off()
        self.turns.free_running = False
        self.drive.power_off()
        self.link.close()

    # Mishaps and hands, from outside

    def power_cut_at_flash_operation(self, operation: int, torn: int = ERASED) -> None:
        """Lose power in a coming sector rewrite (0 = the next), leaving it torn as ``NorFlash.cut_at`` says."""
        self.drive.flash.cut_at(operation, torn)

    def brown_out_at_flash_operation(self, operation: int, torn: int = ERASED) -> None:
        """Dip the supply in a coming sector rewrite: the sector is torn, the chip starts again into safe mode."""
        self._brown_out_at_cut = True
        self.drive.flash.cut_at(operation, torn)

    def power_cut_at_nvm_write(self, write: int) -> None:
        """Lose power inside a coming write of ``microcontroller.nvm`` (0 = the next): all of it reads zero then."""
        self.nvm_cut_after = write

    def brown_out(self, *, rtc_kept: bool = True) -> None:
        """Dip the supply: the chip starts again, into safe mode."""
        if not rtc_kept:
            self.lose_rtc()
        self.turns.inject(ChipReset("BROWNOUT"))

    def press_reset(self) -> None:
        """Press EN: to the chip that is a power-on. Within a second of a start it asks for the user's safe mode."""
        if self._in_safe_mode_window:
            self.safe_mode_on_next_reset = "USER"
        self.lose_rtc()
        self.turns.inject(ChipReset("POWER_ON"))

    def crash(self) -> None:
        """Panic, as after a fault in the firmware below Python: a software reset into safe mode."""
        self.safe_mode_on_next_reset = "HARD_FAULT"
        self.turns.inject(ChipReset("SOFTWARE"))

    def press_button(self, pin: str = "BUTTON", *, down: bool = True) -> None:
        """Hold a button that pulls ``pin`` low, or let it go."""
        self.pins[pin] = not down

    def press_key(self, *, control_d: bool = True) -> None:
        """Type CTRL-D on the console of a board at "Press any key": the program starts again."""
        self._wake = "REPL_RELOAD" if control_d else None
        self.parked = self.parked and not control_d

    def write_file(self, path: str, data: bytes | str, *, shared: bool = True) -> None:
        """Write a file from outside: on a running board through its own FatFs, as the web workflow does.

        The program starts again if auto-reload is on, and "Press any key" ends.
        """
        content = data.encode() if isinstance(data, str) else data
        with self.standing_still():
            self.drive.outside_write(path, content, shared=shared and self.powered)
            self.file_was_written()

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """Between two steps of a freely running board, for those who look at its drive."""
        with self.turns.one_at_a_time:
            self.turns.hold()
            try:
                yield
            finally:
                self.turns.let_go()

    def type_keys(self, keys: bytes) -> None:
        """Type on the console. CTRL-C reaches a running program as KeyboardInterrupt; the keys before it are lost."""
        for key in keys:
            if key == CONTROL_C and self._interrupt():
                self.keys.clear()
            else:
                self.keys.append(key)

    def _interrupt(self) -> bool:
        with self.standing_still():
            if self.powered and self.program_runs:
                self.turns.injected = KeyboardInterrupt()
                return True
        return False

    def read_file(self, path: str) -> bytes:
        """Return a file as the flash holds it now."""
        return self.drive.outside_read(path)

    @property
    def lines(self) -> list[str]:
        """The console's texts."""
        return [line.text for line in self.console]

    def __enter__(self) -> SimulatedBoard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
