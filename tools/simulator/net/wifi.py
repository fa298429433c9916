"""``wifi`` of the simulated board: its radio as programs see it."""

from __future__ import annotations

from collections.abc import Iterator

from tools.simulator.net.link import STATION_ADDRESS, JoinError
from tools.simulator.net.network import AccessPoint
from tools.simulator.net.sockets import Host
from tools.simulator.values import CALL_SECONDS, AuthMode

# The order in which CircuitPython listens on the channels.
SCAN_PATTERN = (6, 1, 11, 3, 9, 13, 2, 4, 8, 12, 5, 7, 10, 14)


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

    def __init__(self, host: Host, mac_address: bytes) -> None:
        self._host = host
        self._link = host.link
        self._scanning = False
        self.hostname = "cpy-simulated"
        self.mac_address = mac_address
        self.tx_power = 15.0

    @property
    def enabled(self) -> bool:
        """Whether the radio is on; off closes every socket."""
        self._host.alive()
        return self._link.enabled

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        self._host.alive()
        self._link.enable(enabled)

    @property
    def connected(self) -> bool:
        """Whether the station has an address."""
        self._host.spend(CALL_SECONDS)
        return self._link.connected

    @property
    def ipv4_address(self) -> IPv4Address | None:
        """The station's address, None when not connected."""
        return IPv4Address(STATION_ADDRESS) if self.connected else None

    @property
    def ap_info(self) -> WifiNetwork | None:
        """The access point joined, None when not connected."""
        return WifiNetwork(self._link.joined) if self.connected and self._link.joined else None

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
        self._host.alive()
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
            self._host.bounded(self._link.join, name, key, bssid)
        except JoinError as error:
            raise ConnectionError(str(error)) from None

    def start_scanning_networks(self, *, start_channel: int = 1, stop_channel: int = 11) -> Iterator[WifiNetwork]:
        """Scan, up to channel 11 by default; the time passes while the result is read, and no other scan may begin
        before stop_scanning_networks().
        """
        self._host.alive()
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
                yield from [WifiNetwork(one) for one in self._host.bounded(self._link.scan, channel)]

    def stop_scanning_networks(self) -> None:
        """Stop scanning."""
        self._host.alive()
        self._scanning = False

    def start_station(self) -> None:
        """Start the station."""
        self._host.alive()

    def stop_station(self) -> None:
        """Stop the station: the connection is gone."""
        self._host.alive()
        self._link.leave()


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)
