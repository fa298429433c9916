"""What programs are told by name: CircuitPython's enumerations, its stops of a program, the size of nvm."""

from __future__ import annotations

from typing import Any

NVM_BYTES = 8192
# What a call that only looks takes of the board's time.
CALL_SECONDS = 0.000_02


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


class ReloadException(BaseException):
    """``supervisor.reload()`` or a file written from outside: ends the program, finally clauses run."""
