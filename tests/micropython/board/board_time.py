"""CircuitPython's time module, in simulated time: sleeping takes none."""

import time as vm_time

POWER_ON_UTC = 1_761_242_400  # 2025-10-23T18:00:00Z

power_ends_ns = 0
_elapsed_ns = 2_000_000_000  # booting takes about two seconds
_rtc_offset = 946_684_800  # the RTC starts at 2000-01-01 on power-on


class PowerCut(BaseException):
    pass


def monotonic_ns():
    return _elapsed_ns


def true_utc():
    return POWER_ON_UTC + _elapsed_ns // 1_000_000_000


def sleep(seconds):
    global _elapsed_ns
    _elapsed_ns += int(seconds * 1_000_000_000)
    if _elapsed_ns >= power_ends_ns:
        raise PowerCut()


def time():
    return _elapsed_ns // 1_000_000_000 + _rtc_offset


def set_rtc(parts):
    global _rtc_offset
    _rtc_offset = mktime(parts) - _elapsed_ns // 1_000_000_000


def localtime(seconds):
    return vm_time.gmtime(seconds)


def mktime(parts):
    return vm_time.mktime(parts[0:8])


def struct_time(parts):
    return tuple(parts)
