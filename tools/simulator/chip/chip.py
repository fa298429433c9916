"""The chip of a board with all that lies around it, as programs and CircuitPython see it."""

from __future__ import annotations

import math
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tools import circuitpython
from tools.simulator.bus import Converter
from tools.simulator.chip.language import EPOCH_2000
from tools.simulator.chip.pins import AnalogPin
from tools.simulator.chip.turns import FOREVER_NS, Turns
from tools.simulator.clock import NS_PER_S, BoardClock
from tools.simulator.flash.drive import Drive
from tools.simulator.net.link import Link
from tools.simulator.net.network import Network
from tools.simulator.net.sockets import discard_all
from tools.simulator.power import BoardStop, ChipReset, PowerCut
from tools.simulator.values import NVM_BYTES, Choice, WatchDogMode, WatchDogTimeout

NVM_ERASE_SECONDS = 0.09
PRINT_SECONDS = 0.0005
PSRAM_BYTES = 2 * 1024 * 1024
DEFAULT_UID = bytes.fromhex("7c9ebdf40a10")
DEFAULT_PINS = ("LED", "BUTTON", "BOOT0", "D0", "D1", "IO0")


@dataclass(frozen=True)
class ConsoleLine:
    """A line on the serial console: seconds since the board's clock was made, seconds since the last reset, text."""

    seconds: float
    uptime_seconds: float
    text: str


class Watchdog:
    """The watchdog timer of the chip."""

    def __init__(self, clock: BoardClock) -> None:
        self._clock = clock
        self.timeout_seconds = 5.0
        self.mode: Choice | None = None
        self.fed_ns = 0

    @property
    def expires_ns(self) -> int:
        """When it bites, on the board's clock."""
        return FOREVER_NS if self.mode is None else self.fed_ns + round(self.timeout_seconds * NS_PER_S)

    def feed(self) -> None:
        """Restart the countdown."""
        self.fed_ns = self._clock.elapsed_ns

    def set_mode(self, mode: Choice | None) -> None:
        """Arm or disarm."""
        if mode is not self.mode:
            self.mode = mode
            self.feed()


@dataclass
class NextCode:
    """What ``supervisor.set_next_code_file`` was told."""

    filename: str | None
    reload_on_success: bool
    reload_on_error: bool
    sticky_on_success: bool
    sticky_on_error: bool
    sticky_on_reload: bool
    newly_set: bool = True


class Chip(ABC):
    """What CircuitPython and its programs find, from power-on to power-off.

    ``native_usb``: as on S2 and S3, Python may write to the drive only after ``boot.py`` said so.
    ``usb_host``: a computer is plugged in and reads the console. ``seed`` decides everything random on the board.
    ``version`` of CircuitPython: where versions differ, the board behaves as that one does.
    ``pins`` maps names to levels (a button that is not pressed reads True); ``pixels`` maps the names of pins with
    NeoPixels to the bytes last written to them. ``analog`` maps names to the pins that can sample. ``supply``, if the
    board is fed by a converter, ends its power when the bus has been away for too long.
    """

    def __init__(
        self,
        drive: Drive,
        clock: BoardClock | None = None,
        network: Network | None = None,
        *,
        cpu_uid: bytes = DEFAULT_UID,
        native_usb: bool = False,
        psram: bool = True,
        usb_host: bool = False,
        seed: int = 0,
        pins: Iterable[str] = DEFAULT_PINS,
        board_id: str = "simulated_esp32",
        version: str = circuitpython.RECOMMENDED,
        on_line: Callable[[ConsoleLine], None] | None = None,
    ) -> None:
        self.drive = drive
        self.clock = clock or BoardClock()
        self.network = network or Network()
        self.cpu_uid = cpu_uid
        self.native_usb = native_usb
        self.psram = psram
        self.usb_host = usb_host
        self.board_id = board_id
        self.version = version
        self.random = random.Random(seed)
        self.noise = random.Random(seed)  # of the analog pins
        self.dict_salt = self.random.getrandbits(32)
        self.on_line = on_line
        self.console: list[ConsoleLine] = []
        self.pins: dict[str, bool] = dict.fromkeys(pins, True)
        self.pins_in_use: set[str] = set()
        self.pixels: dict[str, bytes] = {}
        self.analog: dict[str, AnalogPin] = {}
        self.nvm = bytearray(NVM_BYTES)
        self.link = Link(self.network, self.clock, self.spend)
        self.watchdog = Watchdog(self.clock)
        self.turns = Turns(self.clock, lambda: self.watchdog.mode is WatchDogMode.RESET)
        self.reset_reason = "POWER_ON"
        self.run_reason = "STARTUP"
        self.next_run_reason: str | None = None
        self.safe_mode: str | None = None
        self.safe_mode_on_next_reset: str | None = None
        self.booting = False
        self.usb_drive = native_usb
        self.autoreload = True
        self.parked = False
        self.program_runs = False
        self.keys = bytearray()
        self.resets: list[str] = []
        self.previous_traceback: str | None = None
        self.last_error: BaseException | None = None
        self.rtc_offset_ns = 0
        self.rc_error = 0.0  # by which the RTC's oscillator is fast over a reset: 0.05 is 5 %
        self.reset_ns = 0
        self.boot_ns = 0
        self._partial_line = ""
        self._flash_debt_seconds = 0.0
        self._supply: Converter | None = None
        self.supply_ends_ns = FOREVER_NS
        self.nvm_cut_after: int | None = None
        self.next_code: NextCode | None = None
        self.clock.on_jump = self._jumped
        self.drive.on_busy = self._flash_was_busy
        self.drive.flash.supply_seconds = self._supply_seconds

    @property
    def powered(self) -> bool:
        """Whether it has power."""
        return self.turns.powered

    @property
    def supply(self) -> Converter | None:
        """What feeds it; None: a supply that only the calling side switches."""
        return self._supply

    @supply.setter
    def supply(self, converter: Converter | None) -> None:
        self._supply = converter
        if converter is not None:
            converter.bus.on_redrawn(self.foresee_end)
        self.foresee_end()

    def foresee_end(self) -> None:
        """Work out when the supply ends, from now on."""
        end = self._supply.end(self.clock.elapsed_seconds) if self._supply else math.inf
        self.supply_ends_ns = FOREVER_NS if math.isinf(end) else round(end * NS_PER_S)

    def _supply_seconds(self) -> float:
        """How long the supply lasts beyond what the flash has been busy with until now."""
        seconds = (self.supply_ends_ns - self.clock.elapsed_ns) / NS_PER_S
        return seconds - self._flash_debt_seconds - self.drive.uncharged_seconds

    @property
    def psram_bytes(self) -> int:
        """Of the chip's external memory."""
        return PSRAM_BYTES if self.psram else 0

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor version of its CircuitPython."""
        return circuitpython.release_of(self.version)

    @property
    def uptime_ns(self) -> int:
        """Nanoseconds of the monotonic clock: since the chip's last reset."""
        return max(0, self.clock.elapsed_ns - self.boot_ns)

    @property
    def rtc_ns(self) -> int:
        """The chip's RTC, Unix nanoseconds."""
        return self.clock.elapsed_ns + self.rtc_offset_ns

    def set_rtc_ns(self, unix_ns: int) -> None:
        """Set the RTC."""
        self.rtc_offset_ns = unix_ns - self.clock.elapsed_ns

    def lose_rtc(self) -> None:
        """The supply of the RTC was gone."""
        self.set_rtc_ns(EPOCH_2000 * NS_PER_S)
        self.reset_ns = self.clock.elapsed_ns

    @property
    def readonly(self) -> bool:
        """Whether Python may not write to the drive."""
        return self.drive.readonly

    @readonly.setter
    def readonly(self, readonly: bool) -> None:
        self.drive.readonly = readonly

    def read_settings(self) -> bytes:
        """Read settings.toml as it stands on the drive now."""
        return self.read_own_file("/settings.toml")

    def set_next_code_file(
        self,
        filename: str | None,
        reload_on_success: bool,
        reload_on_error: bool,
        sticky_on_success: bool,
        sticky_on_error: bool,
        sticky_on_reload: bool,
    ) -> None:
        """Remember ``supervisor.set_next_code_file``."""
        self.next_code = NextCode(
            filename, reload_on_success, reload_on_error, sticky_on_success, sticky_on_error, sticky_on_reload
        )

    def write_nvm(self, index: int | slice, value: int | bytes | bytearray) -> None:
        """Write ``microcontroller.nvm``."""
        if self.nvm_cut_after is not None:
            self.nvm_cut_after -= 1
        if self.nvm_cut_after == -1 or self._supply_seconds() < NVM_ERASE_SECONDS:
            self.nvm_cut_after = None
            self.nvm = bytearray(NVM_BYTES)
            raise PowerCut("power was cut while nvm was being rewritten")
        if isinstance(index, slice):
            if len(range(*index.indices(NVM_BYTES))) != len(bytes(value)):
                raise ValueError("Slice and value different lengths.")
            self.nvm[index] = bytes(value)
        else:
            self.nvm[index] = value  # type: ignore[assignment]
        self.spend(NVM_ERASE_SECONDS)

    def write_console(self, text: str) -> None:
        """Print on the serial console."""
        self._partial_line += text
        while "\n" in self._partial_line:
            line, _, self._partial_line = self._partial_line.partition("\n")
            entry = ConsoleLine(self.clock.elapsed_seconds, self.uptime_ns / NS_PER_S, line.rstrip("\r"))
            self.console.append(entry)
            if self.on_line:
                self.on_line(entry)
            self.spend(PRINT_SECONDS)
            self.turns.look_up()

    def spend(self, seconds: float) -> None:
        """Let board time pass, on the board's thread; hand over at the deadline, raise what ends the program."""
        clock, turns = self.clock, self.turns
        target_ns = clock.elapsed_ns + max(0, round(seconds * NS_PER_S))
        while True:
            turns.calls += 1
            turns.stand_still()
            now_ns, expires_ns = clock.elapsed_ns, self.watchdog.expires_ns
            if expires_ns <= now_ns:
                self._bite()
            if self.supply_ends_ns <= now_ns:
                raise PowerCut("the bus has been away for too long")
            if now_ns >= target_ns:
                return
            clock.step_to(min(target_ns, turns.deadline_ns, expires_ns, self.supply_ends_ns))

    def spend_flash_time(self) -> None:
        """Let the time pass that the flash was busy."""
        seconds, self._flash_debt_seconds = self._flash_debt_seconds, 0.0
        self.spend(seconds)

    def read_own_file(self, path: str) -> bytes:
        """Read a file as the supervisor does, on the board's own mount."""
        try:
            with self.drive.open(path, "rb") as file:
                return bytes(file.read())
        except OSError:
            return b""

    def clean(self) -> None:
        """Start everything from nothing, as a reset of the chip does."""
        discard_all(self.link)
        self.link.power_on()
        self.drive.reset()
        self.watchdog.set_mode(None)
        self.pins_in_use.clear()
        self._flash_debt_seconds = 0.0

    def _bite(self) -> None:
        if self.watchdog.mode is WatchDogMode.RESET:
            raise ChipReset("WATCHDOG")
        self.watchdog.set_mode(None)
        raise WatchDogTimeout

    def _flash_was_busy(self, seconds: float) -> None:
        self._flash_debt_seconds += seconds

    def _jumped(self, by_ns: int) -> None:
        self.watchdog.fed_ns += by_ns

    @abstractmethod
    def abandon(self, stop: BoardStop) -> None:
        """A stopped program that will not end keeps this thread; the board goes on without it."""
