"""Stand-ins for the modules that reach the hardware: microcontroller, supervisor, storage, wifi and their like.

Each function builds one module for one run of one board, when the program first imports it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, ClassVar

from tools import settings_toml
from tools.simulator.chip import analog, language
from tools.simulator.chip.chip import Chip
from tools.simulator.chip.language import (
    LAST_TIME,
    TICKS_FIRST_WRAP_MS,
    TICKS_PERIOD_MS,
    BoardStructTime,
    make_module,
    seconds_of,
    struct_time,
)
from tools.simulator.chip.program import Program
from tools.simulator.clock import NS_PER_MS, NS_PER_S
from tools.simulator.errors import BoardOSError
from tools.simulator.net.sockets import Host, Socket, SocketPool, SSLContext, SSLSocket
from tools.simulator.net.wifi import IPv4Address, Radio, WifiNetwork
from tools.simulator.power import ChipReset
from tools.simulator.values import (
    CALL_SECONDS,
    NVM_BYTES,
    AuthMode,
    Choice,
    Direction,
    DriveMode,
    Pull,
    ReloadException,
    ResetReason,
    RunMode,
    RunReason,
    SafeModeReason,
    WatchDogMode,
    WatchDogTimeout,
)

# https://github.com/adafruit/circuitpython/pull/10263
NEXT_CODE_FILE_IS_LOOKED_FOR = (10, 0)


class WatchDogTimer:
    """``microcontroller.watchdog``."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def feed(self) -> None:
        """Restart the countdown."""
        self._program.check()
        self._program.board.watchdog.feed()

    @property
    def timeout(self) -> float:
        """Seconds without feeding that end the program; setting it feeds."""
        return self._program.board.watchdog.timeout_seconds

    @timeout.setter
    def timeout(self, seconds: float) -> None:
        self._program.check()
        self._program.board.watchdog.timeout_seconds = seconds
        self._program.board.watchdog.feed()

    @property
    def mode(self) -> Choice | None:
        """None, ``WatchDogMode.RAISE`` or ``WatchDogMode.RESET``."""
        return self._program.board.watchdog.mode

    @mode.setter
    def mode(self, mode: Choice | None) -> None:
        self._program.check()
        self._program.board.watchdog.set_mode(mode)

    def deinit(self) -> None:
        """Switch it off."""
        self.mode = None


class Nvm:
    """``microcontroller.nvm``: every write erases and rewrites all of it."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def __len__(self) -> int:
        return NVM_BYTES

    def __getitem__(self, index: int | slice) -> int | bytearray:
        self._program.check()
        return self._program.board.nvm[index]

    def __setitem__(self, index: int | slice, value: int | bytes | bytearray) -> None:
        self._program.check()
        self._program.bounded(self._program.board.write_nvm, index, value)


class Processor:
    """``microcontroller.cpu``."""

    frequency = 240_000_000
    temperature = 40.0
    voltage = None

    def __init__(self, board: Chip) -> None:
        self._board = board

    @property
    def uid(self) -> bytearray:
        """The chip's serial number."""
        return bytearray(self._board.cpu_uid)

    @property
    def reset_reason(self) -> Choice:
        """What started the chip."""
        reason: Choice = getattr(ResetReason, self._board.reset_reason)
        return reason


class Pin:
    """A pin of the chip."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"board.{self.name}"


def microcontroller_module(program: Program) -> ModuleType:
    """``microcontroller``."""

    def reset() -> None:
        program.check()
        stop = ChipReset("SOFTWARE")
        program.stop(stop)
        raise stop

    def on_next_reset(mode: Choice) -> None:
        program.check()
        if mode not in (RunMode.NORMAL, RunMode.SAFE_MODE):
            raise ValueError("Invalid run_mode")
        program.board.safe_mode_on_next_reset = "PROGRAMMATIC" if mode is RunMode.SAFE_MODE else None

    def delay_us(delay: int) -> None:
        program.spend(delay / 1_000_000)

    pins = make_module("microcontroller.pin", **{name: Pin(name) for name in program.board.pins})
    return make_module(
        "microcontroller", cpu=Processor(program.board), nvm=Nvm(program), watchdog=WatchDogTimer(program), pin=pins,
        ResetReason=ResetReason, RunMode=RunMode, Processor=Processor, Pin=Pin, reset=reset,
        on_next_reset=on_next_reset, delay_us=delay_us,
    )  # fmt: skip


class Runtime:
    """``supervisor.runtime``."""

    display = None

    def __init__(self, board: Chip) -> None:
        self._board = board
        self.rgb_status_brightness = 0
        self.ble_workflow = False

    @property
    def run_reason(self) -> Choice:
        """Why this run began."""
        reason: Choice = getattr(RunReason, self._board.run_reason)
        return reason

    @property
    def safe_mode_reason(self) -> Choice:
        """Why the board is in safe mode; NONE when it is not."""
        reason: Choice = getattr(SafeModeReason, self._board.safe_mode or "NONE")
        return reason

    @property
    def autoreload(self) -> bool:
        """Whether a file written from outside restarts the program."""
        return self._board.autoreload

    @autoreload.setter
    def autoreload(self, enabled: bool) -> None:
        self._board.autoreload = enabled

    @property
    def usb_connected(self) -> bool:
        """Whether a computer is plugged in."""
        return self._board.usb_host

    @property
    def serial_connected(self) -> bool:
        """Whether somebody reads the console."""
        return self._board.usb_host

    @property
    def serial_bytes_available(self) -> int:
        """Keys that were typed and that nobody has read."""
        return len(self._board.keys)


def supervisor_module(program: Program) -> ModuleType:
    """``supervisor``."""
    board = program.board

    def ticks_ms() -> int:
        program.spend(CALL_SECONDS)
        return (program.uptime_ns() // NS_PER_MS - TICKS_FIRST_WRAP_MS) % TICKS_PERIOD_MS

    def reload() -> None:
        program.check()
        board.next_run_reason = "SUPERVISOR_RELOAD"
        raise ReloadException

    def set_next_code_file(
        filename: str | None,
        *,
        working_directory: str | None = None,
        reload_on_success: bool = False,
        reload_on_error: bool = False,
        sticky_on_success: bool = False,
        sticky_on_error: bool = False,
        sticky_on_reload: bool = False,
    ) -> None:
        program.check()
        if working_directory is not None and program.release < NEXT_CODE_FILE_IS_LOOKED_FOR:
            raise TypeError("extra keyword arguments given")
        if filename and program.release >= NEXT_CODE_FILE_IS_LOOKED_FOR and not program.exists(f"/{filename}"):
            raise ValueError("File not found")
        board.set_next_code_file(
            filename, reload_on_success, reload_on_error, sticky_on_success, sticky_on_error, sticky_on_reload
        )

    def get_setting(key: str, default: object = None) -> object:
        program.check()
        value = settings_toml.get_setting(program.read_settings(), key, program.release)
        return default if value is None else value

    newer = {"get_setting": get_setting} if program.release >= settings_toml.GETENV_IS_TEXT else {}
    return make_module(
        "supervisor", runtime=Runtime(board), ticks_ms=ticks_ms, reload=reload, set_next_code_file=set_next_code_file,
        get_previous_traceback=lambda: board.previous_traceback, RunReason=RunReason, SafeModeReason=SafeModeReason,
        status_bar=make_module("status_bar", console=True, display=True), **newer,
    )  # fmt: skip


class VfsFat:
    """``storage.VfsFat`` of the drive itself."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.label = "CIRCUITPY"

    @property
    def readonly(self) -> bool:
        """Whether Python may not write."""
        return self._program.board.readonly

    def __getattr__(self, name: str) -> Any:
        if name in ("mkdir", "rmdir", "stat", "statvfs"):
            return self._program.file_call(name)
        if name == "open":
            return self._program.open
        raise AttributeError(name)


def storage_module(program: Program) -> ModuleType:
    """``storage``."""
    board = program.board

    def require_native_usb() -> None:
        program.check()
        if not board.native_usb:
            raise RuntimeError("USB is not available on this board")

    def remount(mount_path: str, readonly: bool = False, *, disable_concurrent_write_protection: bool = False) -> None:
        program.check()
        if mount_path != "/":
            raise BoardOSError(22, "Invalid argument")
        if board.native_usb and not board.booting and not disable_concurrent_write_protection and board.usb_drive:
            raise RuntimeError("Cannot remount path when visible via USB.")
        board.readonly = readonly

    def disable_usb_drive() -> None:
        require_native_usb()
        if not board.booting:
            raise RuntimeError("Cannot change USB devices now")
        board.usb_drive = False
        board.readonly = False

    def enable_usb_drive() -> None:
        require_native_usb()
        if not board.booting:
            raise RuntimeError("Cannot change USB devices now")
        board.usb_drive = True

    def getmount(mount_path: str) -> VfsFat:
        program.check()
        if mount_path != "/":
            raise BoardOSError(22, "Invalid argument")
        return VfsFat(program)

    return make_module(
        "storage", remount=remount, getmount=getmount, disable_usb_drive=disable_usb_drive,
        enable_usb_drive=enable_usb_drive, VfsFat=VfsFat,
    )  # fmt: skip


def _within_time(seconds: int) -> int:
    if seconds > LAST_TIME:
        raise OverflowError("overflow converting long int to machine word")
    return seconds


class Rtc:
    """``rtc.RTC``."""

    program: ClassVar[Program]
    calibration = 0

    @property
    def datetime(self) -> BoardStructTime:
        """The chip's RTC; 2000-01-01 after a power-on."""
        self.program.check()
        return struct_time(_within_time(self.program.board.rtc_ns // NS_PER_S))

    @datetime.setter
    def datetime(self, fields: tuple[int, ...]) -> None:
        self.program.check()
        self.program.board.set_rtc_ns(_within_time(seconds_of(fields)) * NS_PER_S)


def rtc_module(program: Program) -> ModuleType:
    """``rtc``."""
    return make_module("rtc", RTC=type("RTC", (Rtc,), {"program": program}))


def watchdog_module(program: Program) -> ModuleType:
    """``watchdog``."""
    return make_module(
        "watchdog", WatchDogMode=WatchDogMode, WatchDogTimeout=WatchDogTimeout, WatchDogTimer=WatchDogTimer
    )


def board_module(program: Program) -> ModuleType:
    """``board``: the pins."""
    names = (*program.board.pins, *program.board.analog)
    return make_module("board", board_id=program.board.board_id, **{name: Pin(name) for name in names})


class DigitalInOut:
    """``digitalio.DigitalInOut`` on a pin whose level the outside sets, or the program drives."""

    program: ClassVar[Program]

    def __init__(self, pin: Pin) -> None:
        self.program.check()
        if pin.name in self.program.board.pins_in_use:
            raise ValueError(f"{pin.name} in use")
        self.program.board.pins_in_use.add(pin.name)
        self._pin = pin
        self.direction = Direction.INPUT
        self.pull: Choice | None = None
        self.drive_mode = DriveMode.PUSH_PULL

    def switch_to_input(self, pull: Choice | None = None) -> None:
        """Read the pin."""
        self.direction, self.pull = Direction.INPUT, pull

    def switch_to_output(self, value: bool = False, drive_mode: Choice = DriveMode.PUSH_PULL) -> None:
        """Drive the pin."""
        self.direction, self.drive_mode = Direction.OUTPUT, drive_mode
        self.value = value

    @property
    def value(self) -> bool:
        """The level."""
        self.program.check()
        return self.program.board.pins[self._pin.name]

    @value.setter
    def value(self, value: bool) -> None:
        self.program.check()
        if self.direction is not Direction.OUTPUT:
            raise AttributeError("Cannot set value when direction is input.")
        self.program.board.pins[self._pin.name] = bool(value)

    @property
    def pin_name(self) -> str:
        """The name of the pin, for the other stand-ins."""
        return self._pin.name

    def deinit(self) -> None:
        """Free the pin."""
        self.program.board.pins_in_use.discard(self._pin.name)

    def __enter__(self) -> DigitalInOut:
        return self

    def __exit__(self, *_: object) -> None:
        self.deinit()


def digitalio_module(program: Program) -> ModuleType:
    """``digitalio``."""
    bound = type("DigitalInOut", (DigitalInOut,), {"program": program})
    return make_module("digitalio", DigitalInOut=bound, Direction=Direction, Pull=Pull, DriveMode=DriveMode)


def neopixel_write_module(program: Program) -> ModuleType:
    """``neopixel_write``."""

    def neopixel_write(digitalinout: DigitalInOut, buf: bytes | bytearray) -> None:
        program.check()
        if digitalinout.direction is not Direction.OUTPUT:
            raise ValueError("Pin must be an output")
        program.board.pixels[digitalinout.pin_name] = bytes(buf)

    return make_module("neopixel_write", neopixel_write=neopixel_write)


def espidf_module(program: Program) -> ModuleType:
    """``espidf``: what it says about memory, and its error."""
    return make_module("espidf", get_total_psram=lambda: program.board.psram_bytes, IDFError=analog.IDFError)


def ipaddress_module(program: Program) -> ModuleType:
    """``ipaddress``."""
    return make_module("ipaddress", IPv4Address=IPv4Address, ip_address=IPv4Address)


def wifi_module(program: Program) -> ModuleType:
    """``wifi``; importing it switches the radio on."""
    link = program.board.link
    if not link.enabled:
        link.user_initiated = True
        link.enable(True)
    return make_module(
        "wifi",
        radio=Radio(_host(program), bytes([2, *program.board.cpu_uid[:5]])),
        Radio=Radio,
        Network=WifiNetwork,
        AuthMode=AuthMode,
    )


def _host(program: Program) -> Host:
    return Host(program.board.link, program.spend, program.check, program.bounded)


def socketpool_module(program: Program) -> ModuleType:
    """``socketpool``."""

    class Pool(SocketPool):
        def __init__(self, radio: Radio) -> None:
            program.check()
            if type(radio).__name__ != "Radio":
                raise ValueError("SocketPool can only be used with wifi.radio")
            super().__init__(_host(program))

    Pool.__name__ = Pool.__qualname__ = "SocketPool"
    return make_module("socketpool", SocketPool=Pool, Socket=Socket)


def ssl_module(program: Program) -> ModuleType:
    """``ssl``."""
    return make_module(
        "ssl", create_default_context=lambda: SSLContext(program.check), SSLContext=SSLContext, SSLSocket=SSLSocket
    )


MODULES: dict[str, Callable[[Program], ModuleType]] = {
    **language.MODULES,
    "analogio": analog.analogio_module,
    "board": board_module,
    "digitalio": digitalio_module,
    "espidf": espidf_module,
    "ipaddress": ipaddress_module,
    "microcontroller": microcontroller_module,
    "neopixel_write": neopixel_write_module,
    "rtc": rtc_module,
    "socketpool": socketpool_module,
    "ssl": ssl_module,
    "storage": storage_module,
    "supervisor": supervisor_module,
    "watchdog": watchdog_module,
    "wifi": wifi_module,
}
"""The modules by name; each is made when a program first imports it."""
