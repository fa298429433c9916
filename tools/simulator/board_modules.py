"""Stand-ins for the modules that reach the hardware: microcontroller, supervisor, storage, wifi and their like.

Each function builds one module for one run of one board, when the program first imports it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

from tools import settings_toml
from tools.simulator.clock import NS_PER_MS, NS_PER_S
from tools.simulator.errors import BoardOSError
from tools.simulator.language import (
    CALL_SECONDS,
    LAST_TIME,
    TICKS_FIRST_WRAP_MS,
    TICKS_PERIOD_MS,
    BoardStructTime,
    make_module,
    seconds_of,
    struct_time,
)
from tools.simulator.link import STATION_ADDRESS, JoinError
from tools.simulator.network import AccessPoint
from tools.simulator.power import ChipReset
from tools.simulator.sockets import Host, Socket, SocketPool, SSLContext, SSLSocket

if TYPE_CHECKING:
    from tools.simulator.board import SimulatedBoard
    from tools.simulator.program import Program

NVM_BYTES = 8192
# https://github.com/adafruit/circuitpython/pull/10263
NEXT_CODE_FILE_IS_LOOKED_FOR = (10, 0)
# The order in which CircuitPython listens on the channels.
SCAN_PATTERN = (6, 1, 11, 3, 9, 13, 2, 4, 8, 12, 5, 7, 10, 14)


class Choice:
    """One value of an enumeration such as ``microcontroller.ResetReason``; prints as on the board."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _choices(module: str, name: str, *values: str) -> Any:
    return type(name, (), {value: Choice(f"{module}.{name}.{value}") for value in values})


ResetReason = _choices(
    "microcontroller", "ResetReason",
    "POWER_ON", "BROWNOUT", "SOFTWARE", "DEEP_SLEEP_ALARM", "RESET_PIN", "WATCHDOG", "UNKNOWN", "RESCUE_DEBUG",
)  # fmt: skip
RunMode = _choices("microcontroller", "RunMode", "NORMAL", "SAFE_MODE", "UF2", "BOOTLOADER")
RunReason = _choices("supervisor", "RunReason", "STARTUP", "AUTO_RELOAD", "SUPERVISOR_RELOAD", "REPL_RELOAD")
SafeModeReason = _choices(
    "supervisor", "SafeModeReason",
    "NONE", "BROWNOUT", "FLASH_WRITE_FAIL", "GC_ALLOC_OUTSIDE_VM", "HARD_FAULT", "INTERRUPT_ERROR", "NLR_JUMP_FAIL",
    "NO_CIRCUITPY", "NO_HEAP", "PROGRAMMATIC", "SAFEMODE_PY_ERROR", "SDK_FATAL_ERROR", "STACK_OVERFLOW", "USER",
    "WATCHDOG",
)  # fmt: skip
WatchDogMode = _choices("watchdog", "WatchDogMode", "RAISE", "RESET")
AuthMode = _choices("wifi", "AuthMode", "OPEN", "WEP", "WPA", "WPA2", "WPA3", "PSK", "ENTERPRISE")
Direction = _choices("digitalio", "Direction", "INPUT", "OUTPUT")
Pull = _choices("digitalio", "Pull", "UP", "DOWN")
DriveMode = _choices("digitalio", "DriveMode", "PUSH_PULL", "OPEN_DRAIN")


class WatchDogTimeout(Exception):
    """``watchdog.WatchDogTimeout``: a plain Exception, as on the board."""


class WatchDogTimer:
    """``microcontroller.watchdog``."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def feed(self) -> None:
        """Start the countdown anew."""
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

    def __init__(self, board: SimulatedBoard) -> None:
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

    def __init__(self, board: SimulatedBoard) -> None:
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
        """Whether a file written from outside starts the program anew."""
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
    from tools.simulator.program import ReloadException

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
    return make_module("board", board_id=program.board.board_id, **{name: Pin(name) for name in program.board.pins})


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


class IPv4Address:
    """``ipaddress.IPv4Address``."""

    version = 4

    def __init__(self, address: str) -> None:
        self._address = address
        self.packed = bytes(int(part) for part in address.split("."))

    def __str__(self) -> str:
        return self._address

    def __repr__(self) -> str:
        return self._address

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IPv4Address) and other.packed == self.packed

    def __hash__(self) -> int:
        return hash(self.packed)


def espidf_module(program: Program) -> ModuleType:
    """``espidf``: what it says about memory."""
    return make_module("espidf", get_total_psram=lambda: program.board.psram_bytes)


def ipaddress_module(program: Program) -> ModuleType:
    """``ipaddress``."""
    return make_module("ipaddress", IPv4Address=IPv4Address, ip_address=IPv4Address)


class WifiNetwork:
    """``wifi.Network``."""

    country = "CH"

    def __init__(self, access_point: AccessPoint) -> None:
        self._ssid = access_point.ssid
        self.rssi = access_point.rssi
        self.channel = access_point.channel
        self.bssid = access_point.bssid
        self.authmode = (AuthMode.WPA2, AuthMode.PSK) if access_point.password else (AuthMode.OPEN,)

    @property
    def ssid(self) -> str:
        """The network's name; UnicodeError when its bytes are not UTF-8."""
        if isinstance(self._ssid, str):
            return self._ssid
        return bytes(self._ssid).decode()


class Radio:
    """``wifi.radio``. Adafruit's libraries know a native radio by this class's name."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._link = program.board.link
        self._scanning = False
        self.hostname = "cpy-simulated"
        self.mac_address = bytes([2, *program.board.cpu_uid[:5]])
        self.tx_power = 15.0

    @property
    def enabled(self) -> bool:
        """Whether the radio is on; off closes every socket."""
        self._program.check()
        return self._link.enabled

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        self._program.check()
        self._link.enable(enabled)

    @property
    def connected(self) -> bool:
        """Whether the station has an address."""
        self._program.spend(CALL_SECONDS)
        return self._link.connected

    @property
    def ipv4_address(self) -> IPv4Address | None:
        """The station's address, None when not connected."""
        return IPv4Address(STATION_ADDRESS) if self.connected else None

    @property
    def ap_info(self) -> WifiNetwork | None:
        """The access point joined, None when not connected."""
        return WifiNetwork(self._link.access_point) if self.connected and self._link.access_point else None

    def connect(
        self,
        ssid: str | bytes,
        password: str | bytes = b"",
        *,
        channel: int = 0,
        bssid: bytes | None = None,
        timeout: float | None = None,
    ) -> None:
        """Join a network; ConnectionError when that fails, never an end when DHCP is silent."""
        self._program.check()
        if not self._link.enabled:
            raise RuntimeError("WiFi is not enabled")
        name, key = _bytes(ssid), _bytes(password)
        if not 1 <= len(name) <= 32:
            raise ValueError("ssid length must be 1-32")
        if key and not 8 <= len(key) <= 64:
            raise ValueError("password length must be 8-64")
        if len(key) == 64 and not all(byte in b"0123456789abcdefABCDEF" for byte in key):
            raise ValueError("Invalid hex password")
        if bssid is not None and len(bssid) != 6:
            raise ValueError("Invalid BSSID")
        try:
            self._program.bounded(self._link.join, name, key, bssid)
        except JoinError as error:
            raise ConnectionError(str(error)) from None

    def start_scanning_networks(self, *, start_channel: int = 1, stop_channel: int = 11) -> Iterator[WifiNetwork]:
        """Scan, up to channel 11 by default; the time passes while the result is read, and no other scan may begin
        before stop_scanning_networks().
        """
        self._program.check()
        for name, channel in (("start_channel", start_channel), ("stop_channel", stop_channel)):
            if not 1 <= channel <= 14:
                raise ValueError(f"{name} must be 1-14")
        if self._scanning:
            raise RuntimeError("Already scanning for wifi networks")
        if not self._link.enabled:
            raise RuntimeError("WiFi is not enabled")
        self._scanning = True
        low, high = sorted((start_channel, stop_channel))
        return self._scan(low, high)

    def _scan(self, low: int, high: int) -> Iterator[WifiNetwork]:
        for channel in SCAN_PATTERN:
            if low <= channel <= high:
                yield from [WifiNetwork(one) for one in self._program.bounded(self._link.scan, channel)]

    def stop_scanning_networks(self) -> None:
        """Stop scanning."""
        self._program.check()
        self._scanning = False

    def start_station(self) -> None:
        """Start the station."""
        self._program.check()

    def stop_station(self) -> None:
        """Stop the station: the connection is gone."""
        self._program.check()
        self._link.leave()


def wifi_module(program: Program) -> ModuleType:
    """``wifi``; importing it switches the radio on."""
    link = program.board.link
    if not link.enabled:
        link.user_initiated = True
        link.enable(True)
    return make_module("wifi", radio=Radio(program), Radio=Radio, Network=WifiNetwork, AuthMode=AuthMode)


def _host(program: Program) -> Host:
    return Host(program.board.link, program.spend, program.check)


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


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


MODULES: dict[str, Callable[[Program], ModuleType]] = {
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
