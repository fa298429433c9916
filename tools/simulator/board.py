"""A virtual ESP32 with CircuitPython: power, resets, the supervisor's loop, and the console."""

from __future__ import annotations

import contextlib
import ctypes
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

from tools import circuitpython, settings_toml
from tools.simulator.board_modules import NVM_BYTES, Choice, WatchDogMode, WatchDogTimeout
from tools.simulator.clock import NS_PER_S, BoardClock
from tools.simulator.drive import Drive
from tools.simulator.flash import ERASED
from tools.simulator.language import EPOCH_2000, format_error
from tools.simulator.link import JoinError, Link
from tools.simulator.network import Network
from tools.simulator.power import BoardStop, ChipReset, PowerCut
from tools.simulator.program import Program, ReloadException
from tools.simulator.sockets import discard_all
from tools.simulator.volume import Geometry

CODE_FILES = ("/code.txt", "/code.py", "/main.py", "/main.txt")
CONTROL_C = 0x03
# From power-on to the start of the monotonic clock, and the window for a second press of reset (safe_mode.c).
BOOTLOADER_SECONDS = 0.35
SAFE_MODE_WINDOW_SECONDS = 1.0
BOOT_OUT_DELAY_SECONDS = 1.0
START_SECONDS = 0.05
NVM_ERASE_SECONDS = 0.09
AUTO_RELOAD_SECONDS = 0.75
PRINT_SECONDS = 0.0005
FOREVER_NS = 2**63
# A program that calls no stand-in for so long computes without end.
BUSY_WALL_SECONDS = 20.0
PSRAM_BYTES = 2 * 1024 * 1024
DEFAULT_UID = bytes.fromhex("7c9ebdf40a10")
DEFAULT_PINS = ("LED", "BUTTON", "BOOT0", "D0", "D1", "IO0")


class Starved(ChipReset):
    """The watchdog's reset of a program that computes without end."""

    def __init__(self) -> None:
        super().__init__("WATCHDOG")


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
        """Start the countdown anew."""
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


class SimulatedBoard:
    """A board that runs the files on its drive.

    The calling side owns the time: the board moves only inside ``run_for``, ``run_until``, ``run_to_end`` and
    ``power_off(for_seconds=...)``, or between ``start`` and ``stop``; otherwise its world stands still. All calls must
    come from one thread. Use it as a context manager, or call ``close``.

    ``native_usb``: as on S2 and S3, Python may write to the drive only after ``boot.py`` said so.
    ``usb_host``: a computer is plugged in and reads the console. ``seed`` decides everything random on the board.
    ``version`` of CircuitPython: where versions differ, the board behaves as that one does.
    ``pins`` maps names to levels (a button that is not pressed reads True); ``pixels`` maps the names of pins with
    NeoPixels to the bytes last written to them.

    Read at any time: ``powered``, ``console``, ``clock``, ``network``, ``drive``, ``link``, ``reset_reason``,
    ``run_reason``, ``safe_mode``, ``parked`` (at "Press any key"), ``keys`` (typed and not read), ``resets`` (causes
    since power-on),
    ``nvm``, ``last_error`` (of the last program that ended with one), ``watchdog``.
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
        self.dict_salt = self.random.getrandbits(32)
        self.on_line = on_line
        self.console: list[ConsoleLine] = []
        self.pins: dict[str, bool] = dict.fromkeys(pins, True)
        self.pins_in_use: set[str] = set()
        self.pixels: dict[str, bytes] = {}
        self.nvm = bytearray(NVM_BYTES)
        self.link = Link(self.network, self.clock, self.spend)
        self.watchdog = Watchdog(self.clock)
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
        self._reload_due_ns: int | None = None
        self.resets: list[str] = []
        self.previous_traceback: str | None = None
        self.last_error: BaseException | None = None
        self.powered = False
        self._rtc_offset_ns = 0
        self.rc_error = 0.0  # by which the RTC's oscillator is fast over a reset: 0.05 is 5 %
        self._reset_ns = 0
        self._boot_ns = 0
        self._in_safe_mode_window = False
        self._partial_line = ""
        self._flash_debt_seconds = 0.0
        self._brown_out_at_cut = False
        self._nvm_cut_after: int | None = None
        self._next_code: NextCode | None = None
        self._injected: BaseException | None = None
        self._wake: str | None = None
        self._watched: Callable[[], object] | None = None
        self._crash: BaseException | None = None
        self._deadline_ns = 0
        self._boards_turn = False
        self._turn = threading.Condition()
        self._thread: threading.Thread | None = None
        self._free_running = False
        self.busy_wall_seconds = BUSY_WALL_SECONDS
        self.calls = 0
        self.clock.on_jump = self._jumped
        self.drive.on_busy = self._flash_was_busy

    # Power and time, from outside

    def power_on(self) -> None:
        """Switch on; nothing happens before the board's time moves."""
        if self.powered:
            raise RuntimeError("SimulatedBoard: it is on already")
        self._settle()
        if self._free_running:
            self.clock.resume(catch_up=True)
            self.clock.move_to(self.clock.elapsed_ns + 1)
        self.powered = True
        self.parked = False
        self.resets = []
        self._injected = None
        self._wake = None
        self._brown_out_at_cut = False
        self.safe_mode_on_next_reset = None
        self._partial_line = ""
        self._lose_rtc()
        self._thread = threading.Thread(target=self._live, name="simulated board", daemon=True)
        self._thread.start()
        self._let_go()

    def power_off(self, for_seconds: float = 0.0) -> None:
        """Cut the power where the board stands, then let ``for_seconds`` pass in its world."""
        self._hold()
        if self.powered:
            self._injected = PowerCut("the supply was switched off")
            self._give_turn(0)
        self._settle()
        if for_seconds:
            self.clock.resume(catch_up=self._free_running)
            self.clock.move_to(self.clock.elapsed_ns + round(for_seconds * NS_PER_S))

    def run_for(self, seconds: float) -> None:
        """Run until the board's clock has moved on by ``seconds``; less if a planned power cut came."""
        self._run_to(self.clock.elapsed_ns + round(seconds * NS_PER_S))

    def run_until(self, predicate: Callable[[], object], timeout: float, *, step_seconds: float = 1.0) -> bool:
        """Run until ``predicate()`` is true, at most ``timeout`` board seconds; says whether it became true.

        It is asked after every console line and every ``step_seconds``.
        """
        end_ns = self.clock.elapsed_ns + round(timeout * NS_PER_S)
        step_ns = max(1, round(step_seconds * NS_PER_S))
        self._watched = predicate
        try:
            while not predicate():
                if self.clock.elapsed_ns >= end_ns or not self.powered:
                    return False
                self._run_to(min(end_ns, self.clock.elapsed_ns + step_ns))
        finally:
            self._watched = None
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
        if self._free_running:
            return
        self.clock.resume(catch_up=True)
        self._free_running = True
        if self.powered:
            self._give_turn(FOREVER_NS, wait=False)

    def stop(self) -> None:
        """End free running; the board stands still."""
        self._hold()
        self._free_running = False

    def close(self) -> None:
        """Power off for good and free every socket; the drive stays as it is."""
        self.power_off()
        self._free_running = False
        self.drive.power_off()
        self.network.detach(self.link)

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
        self._nvm_cut_after = write

    def brown_out(self, *, rtc_kept: bool = True) -> None:
        """Dip the supply: the chip starts again, into safe mode."""
        if not rtc_kept:
            self._lose_rtc()
        self._inject(ChipReset("BROWNOUT"))

    def press_reset(self) -> None:
        """Press EN: to the chip that is a power-on. Within a second of a start it asks for the user's safe mode."""
        if self._in_safe_mode_window:
            self.safe_mode_on_next_reset = "USER"
        self._lose_rtc()
        self._inject(ChipReset("POWER_ON"))

    def crash(self) -> None:
        """Panic, as after a fault in the firmware below Python: a software reset into safe mode."""
        self.safe_mode_on_next_reset = "HARD_FAULT"
        self._inject(ChipReset("SOFTWARE"))

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

    def file_was_written(self) -> None:
        """Somebody outside has changed the drive: the program starts again if auto-reload is on."""
        if self.powered and self.autoreload:
            self._reload_due_ns = self.clock.elapsed_ns + round(AUTO_RELOAD_SECONDS * NS_PER_S)
            self.clock.call_later(AUTO_RELOAD_SECONDS, self._auto_reload)

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """Between two steps of a freely running board, for those who look at its drive."""
        self._hold()
        try:
            yield
        finally:
            self._let_go()

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
                self._injected = KeyboardInterrupt()
                return True
        return False

    def read_file(self, path: str) -> bytes:
        """Return a file as the flash holds it now."""
        return self.drive.outside_read(path)

    @property
    def lines(self) -> list[str]:
        """The console's texts."""
        return [line.text for line in self.console]

    # What programs reach through the stand-ins

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
        return max(0, self.clock.elapsed_ns - self._boot_ns)

    @property
    def rtc_ns(self) -> int:
        """The chip's RTC, Unix nanoseconds."""
        return self.clock.elapsed_ns + self._rtc_offset_ns

    def set_rtc_ns(self, unix_ns: int) -> None:
        """Set the RTC."""
        self._rtc_offset_ns = unix_ns - self.clock.elapsed_ns

    def _lose_rtc(self) -> None:
        self.set_rtc_ns(EPOCH_2000 * NS_PER_S)
        self._reset_ns = self.clock.elapsed_ns

    @property
    def readonly(self) -> bool:
        """Whether Python may not write to the drive."""
        return self.drive.readonly

    @readonly.setter
    def readonly(self, readonly: bool) -> None:
        self.drive.readonly = readonly

    def read_settings(self) -> bytes:
        """Read settings.toml as it stands on the drive now."""
        return self._read_own_file("/settings.toml")

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
        self._next_code = NextCode(
            filename, reload_on_success, reload_on_error, sticky_on_success, sticky_on_error, sticky_on_reload
        )

    def write_nvm(self, index: int | slice, value: int | bytes | bytearray) -> None:
        """Write ``microcontroller.nvm``."""
        if self._nvm_cut_after is not None:
            self._nvm_cut_after -= 1
            if self._nvm_cut_after < 0:
                self._nvm_cut_after = None
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
            if self._watched and self._watched():
                self._deadline_ns = min(self._deadline_ns, self.clock.elapsed_ns)
                self._stand_still()

    def spend(self, seconds: float) -> None:
        """Let board time pass, on the board's thread; hand over at the deadline, raise what ends the program."""
        target_ns = self.clock.elapsed_ns + max(0, round(seconds * NS_PER_S))
        while True:
            self.calls += 1
            self._stand_still()
            now_ns = self.clock.elapsed_ns
            if self.watchdog.expires_ns <= now_ns:
                self._bite()
            if now_ns >= target_ns:
                return
            self.clock.step_to(min(target_ns, self._deadline_ns, self.watchdog.expires_ns))

    def spend_flash_time(self) -> None:
        """Let the time pass that the flash was busy."""
        seconds, self._flash_debt_seconds = self._flash_debt_seconds, 0.0
        self.spend(seconds)

    def abandon(self, stop: BoardStop) -> None:
        """A stopped program that will not end keeps this thread; the board goes on without it."""
        self._thread = None
        if isinstance(stop, ChipReset):
            self._thread = threading.Thread(target=self._live, args=(stop,), name="simulated board", daemon=True)
            self._thread.start()
        else:
            self._die()

    # The board's thread

    def _live(self, reset: ChipReset | None = None) -> None:
        try:
            if reset is None:
                self._wait_for_turn()
            else:
                self._after_reset(reset)
            while True:
                try:
                    self._stand_still()
                    self._boot()
                except ChipReset as stop:
                    self._after_reset(stop)
                except PowerCut:
                    if not self._brown_out_at_cut or self.drive.flash.powered:
                        break
                    self._after_reset(ChipReset("BROWNOUT"))
        except BaseException as error:
            self._crash = error
        self._die()

    def _after_reset(self, reset: ChipReset) -> None:
        self._brown_out_at_cut = False
        if isinstance(reset, Starved):
            self.clock.move_to(max(self.clock.elapsed_ns, self.watchdog.expires_ns))
        # The RTC now shows what its own oscillator counted since the reset before.
        self._rtc_offset_ns += round((self.clock.elapsed_ns - self._reset_ns) * self.rc_error)
        self._reset_ns = self.clock.elapsed_ns
        self.resets.append(reset.cause)
        self.reset_reason = reset.cause
        self._clean_hardware()

    def _die(self) -> None:
        self.powered = False
        self.parked = False
        self._clean_hardware()
        self.drive.power_off()
        self.reset_reason = "POWER_ON"
        self._give_back()

    def _clean_hardware(self) -> None:
        discard_all(self.link)
        self.link.power_on()
        self.drive.reset()
        self.watchdog.set_mode(None)
        self.pins_in_use.clear()
        self._flash_debt_seconds = 0.0

    def _boot(self) -> None:
        """From reset to the end of power or the next reset: main() of CircuitPython."""
        self._next_code = None
        self.previous_traceback = None
        self.parked = False
        self.keys.clear()
        self._in_safe_mode_window = False
        self._wake = None
        self._reload_due_ns = None
        self.autoreload = True
        self.next_run_reason = None
        self._boot_ns = self.clock.elapsed_ns + round(BOOTLOADER_SECONDS * NS_PER_S)
        self.spend(BOOTLOADER_SECONDS)
        self.safe_mode = "BROWNOUT" if self.reset_reason == "BROWNOUT" else self.safe_mode_on_next_reset
        self.safe_mode_on_next_reset = None
        if self.safe_mode and Geometry.from_boot_block(self.drive.flash.read(0, 1)) is None:
            # In safe mode an unreadable drive is left alone: a brown-out may only have made it look so.
            self.safe_mode = "NO_CIRCUITPY"
            self._say("Running in safe mode! CIRCUITPY drive could not be found or created.")
            while True:
                self._park()
        self.drive.mount_or_format()
        self.spend_flash_time()
        if self.safe_mode is None and self.reset_reason not in ("BROWNOUT", "WATCHDOG"):
            self._in_safe_mode_window = True
            self.spend(SAFE_MODE_WINDOW_SECONDS)
            self._in_safe_mode_window = False
        self.run_reason = "STARTUP"
        self.readonly = self.native_usb
        self.usb_drive = self.native_usb
        self.spend(START_SECONDS)
        self.booting = True
        if self.safe_mode:
            if self.safe_mode != "USER":
                self._run_files(("/safemode.py",))
        else:
            self._run_boot_py()
        self.booting = False
        self._start_workflow()
        while True:
            if self.safe_mode is None:
                self._run_code()
            else:
                self._say("Running in safe mode! Not running saved code.")
                self._park()
            self.run_reason = self.next_run_reason or "SUPERVISOR_RELOAD"
            self.next_run_reason = None
            self._say("soft reboot")

    def _run_boot_py(self) -> None:
        begin = len(self.console)
        self._say(f"Adafruit CircuitPython {self.version}; Simulated ESP32 with ESP32")
        self._say(f"Board ID:{self.board_id}")
        self._say(f"UID:{self.cpu_uid.hex().upper()}")
        self._run_files(("/boot.py",))
        text = "".join(f"{line.text}\r\n" for line in self.console[begin:]).encode()
        if self._read_own_file("/boot_out.txt") == text:
            return
        self.spend(BOOT_OUT_DELAY_SECONDS)
        readonly, self.readonly = self.readonly, False
        with self.drive.open("/boot_out.txt", "wb") as file:
            file.write(text)
        self.readonly = readonly
        self.spend_flash_time()

    def _run_code(self) -> None:
        options = self._next_code
        files: tuple[str, ...] = CODE_FILES
        if options:
            options.newly_set = False
            if options.filename:
                files = ("/" + options.filename.lstrip("/"), *CODE_FILES)
        outcome = self._run_files(files)
        self._say("")
        self._say("Code done running.")
        reload_now = outcome == "reload"
        sticky = False
        if options:
            reload_now |= (outcome == "done" and options.reload_on_success) or (
                outcome == "error" and options.reload_on_error
            )
            sticky = {
                "reload": options.sticky_on_reload,
                "done": options.sticky_on_success,
                "error": options.sticky_on_error,
            }[outcome]
        if not reload_now:
            self._park()
            sticky |= bool(options and options.sticky_on_reload)
        if self._next_code is options and not sticky:
            self._next_code = None

    def _run_files(self, paths: tuple[str, ...]) -> Literal["done", "error", "reload"]:
        """Run the first of the files that exists, in a new virtual machine; clean up after it."""
        program = Program(self)
        outcome: Literal["done", "error", "reload"] = "done"
        try:
            path = next((one for one in paths if program.exists(one)), None)
            if path:
                self._say(f"{path.lstrip('/')} output:")
                self.program_runs = True
                try:
                    program.run(path)
                finally:
                    self.program_runs = False
        except ReloadException:
            outcome = "reload"
        except SystemExit:
            pass
        except BoardStop as stop:
            program.stop(stop)
            raise
        except BaseException as error:
            if program.stopped:
                raise program.stopped from None
            outcome = "error"
            self.last_error = error
            self.previous_traceback = format_error(error)
            self.write_console(self.previous_traceback)
        if program.stopped:
            raise program.stopped
        self.watchdog.set_mode(None)
        self.pins_in_use.clear()
        discard_all(self.link)
        if self.link.user_initiated:
            self.link.enable(False)
            self.link.user_initiated = False
        self.drive.close_all()
        self.spend_flash_time()
        program.stop(PowerCut("this program has ended"))
        self._start_workflow()
        return outcome

    def _start_workflow(self) -> None:
        """Join the network of settings.toml, blocking, as the supervisor does for the web workflow."""
        settings = self.read_settings()
        try:
            ssid = settings_toml.own_text(settings, "CIRCUITPY_WIFI_SSID")
            password = settings_toml.own_text(settings, "CIRCUITPY_WIFI_PASSWORD")
        except settings_toml.SettingError:
            return
        if not ssid or self.link.connected:
            return
        self.link.enable(True)
        try:
            self.link.join(ssid.encode(), (password or "").encode())
        except JoinError:
            self.link.enable(False)

    def _park(self) -> None:
        """Wait at "Press any key" for CTRL-D or a file written from outside."""
        self._say("Press any key to enter the REPL. Use CTRL-D to reload.")
        self.parked = True
        while self._wake is None:
            try:
                self.spend(1.0)
            except ReloadException:
                break
        self.next_run_reason = self._wake or self.next_run_reason
        self._wake = None
        self.parked = False

    def _say(self, text: str) -> None:
        self.write_console(text + "\n")

    def _read_own_file(self, path: str) -> bytes:
        """Read a file as the supervisor does, on the board's own mount."""
        try:
            with self.drive.open(path, "rb") as file:
                return bytes(file.read())
        except OSError:
            return b""

    def _bite(self) -> None:
        if self.watchdog.mode is WatchDogMode.RESET:
            raise ChipReset("WATCHDOG")
        self.watchdog.set_mode(None)
        raise WatchDogTimeout

    def _auto_reload(self) -> None:
        if not self.powered or not self.autoreload or self._reload_due_ns is None:
            return
        if self.clock.elapsed_ns < self._reload_due_ns:
            return  # another write came meanwhile, and a call of its own with it
        if not (self.program_runs or self.parked):
            self.clock.call_later(AUTO_RELOAD_SECONDS, self._auto_reload)
            return
        self._reload_due_ns = None
        self.next_run_reason = "AUTO_RELOAD"
        if self.parked:
            self._wake = "AUTO_RELOAD"
        else:
            self._injected = ReloadException()

    def _flash_was_busy(self, seconds: float) -> None:
        self._flash_debt_seconds += seconds

    def _jumped(self, by_ns: int) -> None:
        self.watchdog.fed_ns += by_ns

    # Who may move: the calling side and the board's thread take turns

    def _stand_still(self) -> None:
        """On the board's thread: hand over if the time granted is used up, raise what was injected."""
        if self.clock.elapsed_ns >= self._deadline_ns:
            self._give_back()
            self._wait_for_turn()
        if self._injected is not None:
            injected, self._injected = self._injected, None
            if isinstance(injected, KeyboardInterrupt) and not self.program_runs:
                return  # the program ended before the key arrived
            raise injected

    def _give_back(self) -> None:
        with self._turn:
            self._boards_turn = False
            self._turn.notify_all()

    def _wait_for_turn(self) -> None:
        with self._turn:
            while not self._boards_turn:
                self._turn.wait()

    def _give_turn(self, deadline_ns: int, *, wait: bool = True) -> None:
        self._deadline_ns = deadline_ns
        with self._turn:
            self._boards_turn = True
            self._turn.notify_all()
        if wait:
            self._wait_for_board()

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
        armed = self.watchdog.mode is WatchDogMode.RESET
        if self._thread is None or self._thread.ident is None:
            return
        stop = Starved if armed else PowerCut
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread.ident), ctypes.py_object(stop))
        if not armed:
            self._crash = RuntimeError(
                f"the program ran for {self.busy_wall_seconds} s of wall time without calling any module of the board, "
                "and no watchdog was armed"
            )

    def _run_to(self, deadline_ns: int) -> None:
        self._hold()
        self._free_running = False
        self.clock.resume()
        if self.powered:
            self._give_turn(deadline_ns)
        else:
            self.clock.move_to(deadline_ns)

    def _hold(self) -> None:
        """Make a freely running board stand still."""
        if self._boards_turn:
            self._deadline_ns = 0
            self.clock.interrupt()
            self._wait_for_board()

    def _let_go(self) -> None:
        if self._free_running and self.powered:
            self.clock.resume(catch_up=True)
            self._give_turn(FOREVER_NS, wait=False)

    def _inject(self, stop: BaseException) -> None:
        if not self.powered:
            raise RuntimeError("SimulatedBoard: it has no power")
        self._hold()
        self._injected = stop
        self._let_go()

    def _settle(self) -> None:
        if self._thread and not self.powered:
            self._thread.join()
            self._thread = None
        self._raise_crash()

    def _raise_crash(self) -> None:
        if self._crash is not None:
            crash, self._crash = self._crash, None
            raise RuntimeError(f"SimulatedBoard: the simulation failed: {crash}") from crash

    def __enter__(self) -> SimulatedBoard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
