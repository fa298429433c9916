"""The radio of one board: what the chip and its Wi-Fi driver do, below ``wifi.radio``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tools.simulator.clock import BoardClock
from tools.simulator.net.network import AccessPoint, Network

STATION_ADDRESS = "192.168.1.45"


class JoinError(Exception):
    """Joining an access point failed; the text is CircuitPython's."""


class OpenSocket(Protocol):
    """A socket in the radio's pool."""

    def abort(self) -> None:
        """Break the connection, as the loss of the address does."""

    def discard(self) -> None:
        """Free the real socket."""


class Link:
    """One board's Wi-Fi station.

    After a loss the driver tries again by itself, but "no AP found" ends that for good: only ``join`` helps then.
    """

    def __init__(self, network: Network, clock: BoardClock, spend: Callable[[float], None]) -> None:
        self.network = network
        self.clock = clock
        self.enabled = False
        self.user_initiated = False
        self.access_point: AccessPoint | None = None
        self.sockets: set[OpenSocket] = set()
        self.joins = 0
        self._spend = spend
        self._generation = 0
        self._password = b""
        self._bssid: bytes | None = None
        network.attach(self.access_point_changed)

    @property
    def connected(self) -> bool:
        """What ``wifi.radio.connected`` says; some seconds late when a router goes."""
        return self.joined is not None

    @property
    def joined(self) -> AccessPoint | None:
        """The router that the station has an address from."""
        return self.access_point if self.enabled else None

    @property
    def reachable(self) -> bool:
        """Whether packets really get anywhere."""
        return self.joined is not None and self.joined.forwards

    def close(self) -> None:
        """The board is gone for good."""
        self.network.detach(self.access_point_changed)

    def power_on(self) -> None:
        """Start from nothing, as after any reset of the chip."""
        self._drop()
        self.enabled = False
        self.user_initiated = False

    def enable(self, enabled: bool) -> None:
        """Switch the radio; off closes every socket."""
        if self.enabled and not enabled:
            self._drop()
        self.enabled = enabled

    def leave(self) -> None:
        """Leave the access point."""
        self._drop()

    def scan(self, channel: int) -> list[AccessPoint]:
        """Return the routers on a channel that say their name, strongest first."""
        self._spend(self.network.latency.scan_channel)
        heard = [one for one in self.network.access_points if one.up and not one.hidden and one.channel == channel]
        return sorted(heard, key=lambda one: -one.rssi)

    def join(self, ssid: bytes, password: bytes, bssid: bytes | None = None) -> None:
        """Join and wait for an address, at the strongest access point of that name on any channel, or at ``bssid``.

        Who is in a network of that name already stays where it is. Waits indefinitely when DHCP is silent.
        Raises JoinError as the driver reports it.
        """
        latency = self.network.latency
        if self.joined and self.joined.ssid_bytes == ssid:
            return
        self._drop()
        self.joins += 1
        self._spend(latency.scan)
        found = self.network.find_access_point(ssid, bssid)
        if found is None:
            raise JoinError("No network with that ssid")
        if found.password.encode() != password:
            self._spend(latency.wrong_password)
            raise JoinError("Authentication failure")
        self._spend(latency.join)
        while found.dhcp == "silent" and found.up:
            self._spend(1.0)
        if not found.up:
            self._spend(latency.beacon_timeout)
            raise JoinError("Unknown failure 200")
        self._bssid = bssid
        self._associate(found, password)

    def access_point_changed(self, access_point: AccessPoint) -> None:
        """Notice that a router went, or came back before that was noticed."""
        if access_point is not self.access_point:
            return
        self._generation += 1
        if not access_point.up:
            generation = self._generation
            self.clock.call_later(self.network.latency.beacon_timeout, lambda: self._lose(generation))

    def _lose(self, generation: int) -> None:
        if generation != self._generation or self.access_point is None:
            return
        ssid = self.access_point.ssid_bytes
        self._drop()
        generation = self._generation
        self.clock.call_later(self.network.latency.scan, lambda: self._retry(generation, ssid))

    def _retry(self, generation: int, ssid: bytes) -> None:
        if generation != self._generation or not self.enabled:
            return
        found = self.network.find_access_point(ssid, self._bssid)
        if found and found.password.encode() == self._password and found.dhcp == "ok":
            self._associate(found, self._password)

    def _associate(self, access_point: AccessPoint, password: bytes) -> None:
        self.access_point = access_point
        self._password = password

    def _drop(self) -> None:
        self._generation += 1
        self.access_point = None
        for open_socket in list(self.sockets):
            open_socket.abort()
