"""A radio in reach of one network once the first minute is over."""

import board_time

_IN_REACH_AFTER_NS = 60_000_000_000


class Radio:
    ipv4_address = "192.168.1.45"

    def __init__(self):
        self.connected = False

    def connect(self, ssid, password, bssid=None, timeout=None):
        if board_time.monotonic_ns() < _IN_REACH_AFTER_NS:
            raise OSError("No network with that ssid")
        self.connected = True


radio = Radio()
