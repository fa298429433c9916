"""The world around the boards: access points, names, routes, and which replies are being withheld."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

from tools.simulator.clock import NS_PER_MS, NS_PER_S, BoardClock

Address = tuple[str, int]
Dhcp = Literal["ok", "silent"]
DnsMode = Literal["up", "down", "slow", "wrong"]
TlsFault = Literal["certificate", "handshake"]

# lwIP asks a silent DNS server four times before it gives up.
DNS_TIMEOUT_SECONDS = 7.0
# Addresses of the simulated internet: the benchmark network of RFC 2544, so that none is anybody's.
NAMED_HOSTS_PREFIX = "198.18.0."
NOBODY = "198.18.255.254"
PORTAL = "198.18.255.1"


@dataclass
class Latency:
    """Board seconds that an undisturbed step takes, whatever the wall needs for it."""

    scan: float = 2.5
    scan_channel: float = 0.18
    join: float = 1.5
    wrong_password: float = 4.0
    beacon_timeout: float = 6.0
    dns: float = 0.05
    connect: float = 0.15
    tls: float = 1.2
    reply: float = 0.3
    datagram: float = 0.04


class AccessPoint:
    """A Wi-Fi router. Every attribute may be set while boards run.

    ``dhcp="silent"`` accepts stations but never gives an address; ``internet=False`` joins but forwards nothing;
    ``captive=True`` leads every connection to a login page and drops datagrams; ``hidden=True`` shows in no scan.
    ``channel`` is 1 to 14; an SSID is any 32 bytes, and given as bytes where it is not UTF-8.
    """

    _made = itertools.count(1)

    def __init__(
        self,
        ssid: str | bytes,
        password: str = "",
        *,
        rssi: int = -60,
        up: bool = True,
        dhcp: Dhcp = "ok",
        internet: bool = True,
        captive: bool = False,
        hidden: bool = False,
        channel: int = 6,
    ) -> None:
        self.ssid = ssid
        self.password = password
        self.rssi = rssi
        self.dhcp: Dhcp = dhcp
        self.internet = internet
        self.captive = captive
        self.hidden = hidden
        self.channel = channel
        self.bssid = bytes([2, 0]) + next(self._made).to_bytes(4, "big")
        self._up = up
        self._network: Network | None = None

    @property
    def ssid_bytes(self) -> bytes:
        """The name as it goes over the air."""
        return self.ssid.encode() if isinstance(self.ssid, str) else self.ssid

    @property
    def forwards(self) -> bool:
        """Whether the packets of its stations get anywhere."""
        return self.up and self.internet

    @property
    def up(self) -> bool:
        """Whether the router is powered."""
        return self._up

    @up.setter
    def up(self, up: bool) -> None:
        if up == self._up:
            return
        self._up = up
        if self._network:
            self._network.access_point_changed(self)


class Hold:
    """A reply withheld after ``after_bytes`` of a connection, until a board time or (None) indefinitely."""

    def __init__(self, after_bytes: int, until_ns: int | None) -> None:
        self.after_bytes = after_bytes
        self.until_ns = until_ns
        self._released = threading.Event()

    def release(self) -> None:
        """Let the server go on."""
        self._released.set()

    def wait(self) -> None:
        """Block the server's thread until the board's time has come, or its socket is gone."""
        self._released.wait()


@dataclass(frozen=True)
class Route:
    """Where a board's packets really go: ``address`` on this machine, or None and ``refused`` or into the void."""

    address: Address | None
    refused: bool = False
    simulated: bool = True


class Network:
    """Everything between the boards' antennas and the servers; shared by any number of boards.

    Names map to servers on this machine with ``add_host``; literal loopback addresses pass as they are. With
    ``real_internet=True`` every other name is looked up and reached for real.

    Switches, all effective at once: access points' attributes, ``dns``, ``dns_slow_seconds``, ``missing_names``,
    ``tls_fault``. ``on_request`` is called with the asking board's true time before a ``FaultProxy`` handles a request.
    """

    def __init__(
        self,
        *access_points: AccessPoint,
        real_internet: bool = False,
        latency: Latency | None = None,
        patience_seconds: float = 30.0,
    ) -> None:
        self.latency = latency or Latency()
        self.real_internet = real_internet
        self.patience_seconds = patience_seconds
        self.dns: DnsMode = "up"
        self.dns_slow_seconds = 5.0
        self.missing_names: set[str] = set()
        self.tls_fault: TlsFault | None = None
        self.on_request: Callable[[datetime], None] | None = None
        self.access_points: list[AccessPoint] = []
        self.portal: Address | None = None
        self._hosts: dict[str, tuple[str, dict[int, Address]]] = {}
        self._refusing: dict[Address, Callable[[], bool]] = {}
        self._ends: dict[Address, Callable[[int, float], None]] = {}
        self._radios: list[Callable[[AccessPoint], None]] = []
        self._holds: dict[int, list[Hold]] = {}
        self._sent: dict[int, tuple[int, int]] = {}
        self._servers: list[Closable] = []
        self._lock = threading.Lock()
        for access_point in access_points:
            self.add_access_point(access_point)

    # Wi-Fi

    def add_access_point(self, access_point: AccessPoint) -> AccessPoint:
        """Put a router within reach of every board."""
        access_point._network = self
        self.access_points.append(access_point)
        return access_point

    def find_access_point(self, ssid: bytes, bssid: bytes | None = None) -> AccessPoint | None:
        """Return the strongest powered router of that name, or the one with that BSSID."""
        heard = [one for one in self.access_points if one.up and one.ssid_bytes == ssid and bssid in (None, one.bssid)]
        return max(heard, key=lambda one: one.rssi, default=None)

    def attach(self, radio: Callable[[AccessPoint], None]) -> None:
        """Register a board's radio: it is called when a router was switched on or off."""
        self._radios.append(radio)

    def detach(self, radio: Callable[[AccessPoint], None]) -> None:
        """Forget a board that is closed."""
        if radio in self._radios:
            self._radios.remove(radio)

    def access_point_changed(self, access_point: AccessPoint) -> None:
        """Tell every radio that a router was switched on or off."""
        for radio in self._radios:
            radio(access_point)

    # Names and routes

    def add_host(self, name: str, ports: dict[int, Address]) -> None:
        """Give ``name`` (leading dot: that name and all below it) an address whose ports lead to real sockets."""
        number = len(self._hosts) + 1
        self._hosts[name] = (f"{NAMED_HOSTS_PREFIX}{number}", dict(ports))

    def resolve(self, name: str, access_point: AccessPoint | None) -> tuple[float, str | None]:
        """Look a name up for a station there: (board seconds that takes, address or None)."""
        if _is_address(name):
            return 0.0, name
        if access_point is None or not access_point.forwards or self.dns == "down":
            return DNS_TIMEOUT_SECONDS, None
        seconds = self.latency.dns + (self.dns_slow_seconds if self.dns == "slow" else 0.0)
        if access_point.captive:
            return seconds, PORTAL
        if name in self.missing_names:
            return seconds, None
        if self.dns == "wrong":
            return seconds, NOBODY
        for known, (address, _) in self._hosts.items():
            if name == known or (known.startswith(".") and f".{name}".endswith(known)):
                return seconds, address
        if self.real_internet:
            try:
                return seconds, str(socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)[0][4][0])
            except socket.gaierror:
                return seconds, None
        return seconds, None

    def route(self, host: str, port: int, access_point: AccessPoint | None, *, stream: bool) -> Route:
        """Say where a packet for ``host:port`` goes from a station there."""
        if access_point is None or not access_point.forwards:
            return Route(None)
        if access_point.captive:
            return Route(self.portal if stream else None)
        for address, ports in self._hosts.values():
            if host == address:
                target = ports.get(port)
                return Route(None, refused=True) if target is None else self._existing(target)
        if host.startswith("127."):
            return self._existing((host, port))
        if self.real_internet and host not in (NOBODY, PORTAL):
            return Route((host, port), simulated=False)
        return Route(None)

    def _existing(self, target: Address) -> Route:
        refusing = self._refusing.get(target)
        return Route(None, refused=True) if refusing and refusing() else Route(target)

    def register_refusal(self, address: Address, refusing: Callable[[], bool]) -> None:
        """Let a server on this machine refuse boards' connections without closing its socket."""
        self._refusing[address] = refusing

    # Replies that are withheld, keyed by the client's port on this machine

    def register_packet(self, port: int, clock: BoardClock) -> None:
        """Note the time in the world of the board that is about to send from ``port``: the servers' time, too."""
        with self._lock:
            self._sent[port] = (clock.elapsed_ns, clock.true_ns)

    def register_end(self, address: Address, wait: Callable[[int, float], None]) -> None:
        """Let a server on this machine say when it is done with a client's port: ``wait(port, wall_seconds)``."""
        self._ends[address] = wait

    def wait_for_end(self, address: Address, port: int) -> None:
        """Wait until the server at ``address`` has done all that a closed connection asked for."""
        wait = self._ends.get(address)
        if wait:
            wait(port, self.patience_seconds)

    def forget_client(self, port: int) -> None:
        """Release every reply withheld from ``port`` and forget the port."""
        with self._lock:
            self._sent.pop(port, None)
            holds = self._holds.pop(port, [])
        for hold in holds:
            hold.release()

    def hold(self, port: int, after_bytes: int, seconds: float | None) -> Hold:
        """Withhold what follows ``after_bytes`` from a client, for board seconds or (None) indefinitely."""
        with self._lock:
            sent = self._sent.get(port)
            hold = Hold(after_bytes, None if seconds is None or sent is None else sent[0] + round(seconds * NS_PER_S))
            if sent is None:
                hold.release()
            else:
                self._holds.setdefault(port, []).append(hold)
        return hold

    def find_hold(self, port: int, received_bytes: int) -> Hold | None:
        """Return the hold that a client has run into."""
        with self._lock:
            for hold in self._holds.get(port, []):
                if hold.after_bytes == received_bytes:
                    return hold
        return None

    def end_hold(self, port: int, hold: Hold) -> None:
        """Let the withheld reply come."""
        with self._lock:
            self._holds.get(port, []).remove(hold)
        hold.release()

    def true_ns(self, port: int) -> int:
        """Return the true UTC, Unix nanoseconds, when the board that asks from ``port`` sent its last packet."""
        with self._lock:
            sent = self._sent.get(port)
        return int(datetime.now(UTC).timestamp() * 1000) * NS_PER_MS if sent is None else sent[1]

    # Life

    def own(self, server: Closable) -> None:
        """Close ``server`` together with this network."""
        self._servers.append(server)

    def close(self) -> None:
        """Stop every server."""
        for port in list(self._holds):
            self.forget_client(port)
        for server in self._servers:
            server.close()
        self._servers.clear()

    def __enter__(self) -> Network:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Closable(Protocol):
    """A server that a network can own."""

    def close(self) -> None:
        """Stop and free the socket."""


def _is_address(name: str) -> bool:
    try:
        socket.inet_aton(name)
    except OSError:
        return False
    return name.count(".") == 3
