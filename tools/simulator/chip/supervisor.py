"""CircuitPython's supervisor: from reset through boot.py and code.py to "Press any key", on the board's own thread."""

from __future__ import annotations

from typing import Literal

from tools import settings_toml
from tools.simulator.chip.chip import Chip
from tools.simulator.chip.language import format_error
from tools.simulator.chip.modules import MODULES
from tools.simulator.chip.program import Program
from tools.simulator.chip.turns import Starved
from tools.simulator.clock import NS_PER_S
from tools.simulator.flash.volume import Geometry
from tools.simulator.net.link import JoinError
from tools.simulator.net.sockets import discard_all
from tools.simulator.power import BoardStop, ChipReset, PowerCut
from tools.simulator.values import ReloadException

CODE_FILES = ("/code.txt", "/code.py", "/main.py", "/main.txt")
# From power-on to the start of the monotonic clock, and the window for a second press of reset (safe_mode.c).
BOOTLOADER_SECONDS = 0.35
SAFE_MODE_WINDOW_SECONDS = 1.0
BOOT_OUT_DELAY_SECONDS = 1.0
START_SECONDS = 0.05
AUTO_RELOAD_SECONDS = 0.75
LAST_CALL_NS = NS_PER_S  # no call to the drive takes longer


class Supervisor(Chip):
    """The life of a chip that has power: resets, runs of programs, waits."""

    _wake: str | None = None
    _reload_due_ns: int | None = None
    _in_safe_mode_window = False
    _brown_out_at_cut = False

    def abandon(self, stop: BoardStop) -> None:
        """A stopped program that will not end keeps this thread; the board goes on without it."""
        if isinstance(stop, ChipReset):
            self.turns.begin(lambda: self._live(stop))
        else:
            self.turns.forget_thread()
            self._die()

    def _live(self, reset: ChipReset | None = None) -> None:
        try:
            if reset is None:
                self.turns.wait_for_turn()
            else:
                self._after_reset(reset)
            while True:
                try:
                    self.turns.stand_still()
                    self._boot()
                except ChipReset as stop:
                    self._after_reset(stop)
                except PowerCut:
                    if not self._brown_out_at_cut or self.drive.flash.powered:
                        break
                    self._after_reset(ChipReset("BROWNOUT"))
        except BaseException as error:
            self.turns.crash = error
        self._die()

    def _after_reset(self, reset: ChipReset) -> None:
        self._brown_out_at_cut = False
        if isinstance(reset, Starved):
            self.clock.move_to(max(self.clock.elapsed_ns, self.watchdog.expires_ns))
        # The RTC now shows what its own oscillator counted since the reset before.
        self.rtc_offset_ns += round((self.clock.elapsed_ns - self.reset_ns) * self.rc_error)
        self.reset_ns = self.clock.elapsed_ns
        self.resets.append(reset.cause)
        self.reset_reason = reset.cause
        self.clean()

    def _die(self) -> None:
        if not self.drive.flash.powered and self.supply_ends_ns < self.clock.elapsed_ns + LAST_CALL_NS:
            self.clock.move_to(self.supply_ends_ns)  # the flash was busy when its supply ended
        self.turns.powered = False
        self.parked = False
        self.clean()
        self.drive.power_off()
        self.reset_reason = "POWER_ON"
        self.turns.give_back()

    def _boot(self) -> None:
        """From reset to the end of power or the next reset: main() of CircuitPython."""
        self.next_code = None
        self.previous_traceback = None
        self.parked = False
        self.keys.clear()
        self._in_safe_mode_window = False
        self._wake = None
        self._reload_due_ns = None
        self.autoreload = True
        self.next_run_reason = None
        self.boot_ns = self.clock.elapsed_ns + round(BOOTLOADER_SECONDS * NS_PER_S)
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
        if self.read_own_file("/boot_out.txt") == text:
            return
        self.spend(BOOT_OUT_DELAY_SECONDS)
        readonly, self.readonly = self.readonly, False
        with self.drive.open("/boot_out.txt", "wb") as file:
            file.write(text)
        self.readonly = readonly
        self.spend_flash_time()

    def _run_code(self) -> None:
        options = self.next_code
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
        if self.next_code is options and not sticky:
            self.next_code = None

    def _run_files(self, paths: tuple[str, ...]) -> Literal["done", "error", "reload"]:
        """Run the first of the files that exists, in a new virtual machine; clean up after it."""
        program = Program(self, MODULES)
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
                    if isinstance(self.turns.injected, KeyboardInterrupt):
                        self.turns.injected = None  # the program ended before the key arrived
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

    def file_was_written(self) -> None:
        """Somebody outside has changed the drive: the program starts again if auto-reload is on."""
        if self.powered and self.autoreload:
            self._reload_due_ns = self.clock.elapsed_ns + round(AUTO_RELOAD_SECONDS * NS_PER_S)
            self.clock.call_later(AUTO_RELOAD_SECONDS, self._auto_reload)

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
            self.turns.injected = ReloadException()
