"""Real servers on loopback: NTP, and an HTTP proxy that can misbehave in every way an uplink meets."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO, Literal
from urllib.parse import urlsplit

import httpx

from tools.simulator.clock import NS_PER_S
from tools.simulator.net.network import Address, Network

NTP_TO_UNIX_SECONDS = 2_208_988_800
NTP_ERA_SECONDS = 2**32
UPSTREAM_TIMEOUT_SECONDS = 60.0

# What a listener does with a connection and the client's port.
Converse = Callable[[socket.socket, int], None]
NtpFault = Literal["ok", "silent", "wrong_year", "kiss_of_death", "short", "unsynchronised", "alarm", "forged"]

PORTAL_PAGE = (
    b"<!DOCTYPE html><html><head><title>Welcome</title></head><body><h1>Sign in to use Wi-Fi</h1></body></html>"
)


class NtpServer:
    """A small NTP server that tells each board the true time of its own world.

    ``fault``: ``ok``, ``silent``, ``wrong_year`` (tells ``year``), ``kiss_of_death`` (stratum 0, no time), ``short``
    (8 bytes), ``unsynchronised`` (stratum 16), ``alarm`` (leap indicator 3), ``forged`` (by somebody who has not seen
    the question). ``offset_seconds`` makes it lie. ``requests`` counts what was asked.
    """

    def __init__(self, network: Network) -> None:
        self.fault: NtpFault = "ok"
        self.year = 2031
        self.offset_seconds = 0.0
        self.requests = 0
        self._network = network
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address: Address = self._socket.getsockname()
        self._thread = threading.Thread(target=self._serve, name="simulated NTP server", daemon=True)
        self._thread.start()
        network.own(self)

    def _serve(self) -> None:
        while True:
            packet, client = self._socket.recvfrom(512)
            if not packet:
                return
            self.requests += 1
            answer = self._answer(packet, client[1])
            if answer is None:
                self._network.hold(client[1], 0, None)
            else:
                self._socket.sendto(answer, client)

    def _answer(self, packet: bytes, port: int) -> bytes | None:
        true_ns = self._network.true_ns(port) + round(self.offset_seconds * NS_PER_S)
        if self.fault == "silent":
            return None
        if self.fault == "short":
            return packet[:8]
        if self.fault == "kiss_of_death":
            return struct.pack("!BBBb", 0b11_100_100, 0, 6, -20) + b"\0" * 8 + b"RATE" + b"\0" * 32
        if self.fault == "wrong_year":
            moment = datetime.fromtimestamp(true_ns / NS_PER_S, UTC)
            true_ns = round(moment.replace(year=self.year, day=min(moment.day, 28)).timestamp()) * NS_PER_S
        seconds = (true_ns // NS_PER_S + NTP_TO_UNIX_SECONDS) % NTP_ERA_SECONDS
        fraction = (true_ns % NS_PER_S) * 2**32 // NS_PER_S
        stamp = struct.pack("!II", seconds, fraction)
        leap = 3 if self.fault == "alarm" else 0
        stratum = 16 if self.fault == "unsynchronised" else 2
        asked = bytes(8) if self.fault == "forged" else packet[40:48]
        return struct.pack("!BBBb", leap << 6 | 0b100_100, stratum, 6, -20) + b"\0" * 12 + stamp + asked + stamp + stamp

    def close(self) -> None:
        """Stop the thread and free the socket."""
        if not self._thread.is_alive():
            return
        self._socket.sendto(b"", self.address)
        self._thread.join()
        self._socket.close()


@dataclass(frozen=True)
class Fault:
    """What a ``FaultProxy`` does with a request; see the functions and constants below for the useful ones."""

    kind: Literal["pass", "answer", "slow", "stall", "half", "refuse", "reset"]
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float | None = None


PASS = Fault("pass")
STALL_IN_HEADER = Fault("stall")
HALF_REPLY = Fault("half")
REFUSE = Fault("refuse")
RESET = Fault("reset")
CAPTIVE_PORTAL = Fault("answer", 200, {"Content-Type": "text/html; charset=utf-8"}, PORTAL_PAGE)
WRONG_JSON = Fault("answer", 200, {"Content-Type": "application/json"}, b'{"ok": true, "results": [{"msg_id"')


def http_error(status: int, *, retry_after_seconds: int | None = None) -> Fault:
    """Answer with an HTTP error without forwarding."""
    headers = {"Content-Type": "application/json"}
    if retry_after_seconds is not None:
        headers["Retry-After"] = str(retry_after_seconds)
    return Fault("answer", status, headers, b'{"code": "fault", "message": "simulated fault", "hint": ""}')


def answer(status: int, body: bytes, content_type: str = "application/json") -> Fault:
    """Answer with these bytes without forwarding."""
    return Fault("answer", status, {"Content-Type": content_type}, body)


def slow_reply(seconds: float) -> Fault:
    """Forward at once, let the reply arrive ``seconds`` of board time later."""
    return Fault("slow", seconds=seconds)


def redirect(location: str, status: int = 302) -> Fault:
    """Point somewhere else."""
    return Fault("answer", status, {"Location": location})


@dataclass
class SeenRequest:
    """A request as it arrived; ``status`` is what the real server answered, None when it was not forwarded."""

    true_time: datetime
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int | None = None
    reply: bytes = b""


class FaultProxy:
    """A real HTTP/1.1 server on loopback in front of ``target`` (scheme, host and port of the real server).

    Set ``target`` to put another server at the address that the boards know.
    ``fault`` holds until changed; ``once(fault, ...)`` queues faults for the next requests, before ``fault``.
    ``choose``, when set, is asked about each request after those queued, in the server's thread, instead of ``fault``.
    ``requests`` holds every request received, in order. While the real server is down, connections are reset.
    """

    def __init__(self, network: Network, target: str) -> None:
        self.fault: Fault = PASS
        self.choose: Callable[[SeenRequest], Fault] | None = None
        self.requests: list[SeenRequest] = []
        self._network = network
        self.target = target.rstrip("/")
        self._queued: deque[Fault] = deque()
        self._lock = threading.Lock()
        self._client = httpx.Client(timeout=UPSTREAM_TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)
        self._listener = _Listener(network, self._converse, "simulated proxy")
        self.address = self._listener.address
        self.url = f"http://{self.address[0]}:{self.address[1]}"
        network.register_refusal(self.address, self._refuses)
        network.own(self)

    def once(self, *faults: Fault) -> None:
        """Queue faults, one for each of the next requests."""
        self._queued.extend(faults)

    @property
    def forwarded(self) -> list[SeenRequest]:
        """The requests that reached the real server."""
        return [request for request in self.requests if request.status is not None]

    def _refuses(self) -> bool:
        if self._queued:
            return self._queued[0].kind == "refuse" and self._queued.popleft() is not None
        return self.fault.kind == "refuse"

    def _choose(self, request: SeenRequest) -> Fault:
        if self._queued:
            return self._queued.popleft()
        return self.choose(request) if self.choose else self.fault

    def _now(self, port: int) -> datetime:
        return datetime.fromtimestamp(self._network.true_ns(port) / NS_PER_S, UTC)

    def _converse(self, connection: socket.socket, port: int) -> None:
        sent_bytes = 0
        reader = connection.makefile("rb")
        with contextlib.closing(reader):
            while request := _read_request(reader, lambda: self._now(port)):
                fault = self._choose(request)
                self.requests.append(request)
                data: bytes | None = None
                if fault.kind == "answer":
                    data = _format_reply(fault.status, fault.headers, fault.body)
                elif fault.kind not in ("reset", "refuse"):
                    data = self._forward(request)
                if data is None:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                if fault.kind == "slow":
                    self._network.hold(port, sent_bytes, fault.seconds).wait()
                elif fault.kind in ("stall", "half"):
                    part = data[:24] if fault.kind == "stall" else data[: len(data) - max(1, len(request.reply) // 2)]
                    hold = self._network.hold(port, sent_bytes + len(part), None) if fault.kind == "stall" else None
                    connection.sendall(part)
                    if hold:
                        hold.wait()
                    return
                connection.sendall(data)
                sent_bytes += len(data)

    def _forward(self, request: SeenRequest) -> bytes | None:
        """Ask the real server; None when it cannot be reached."""
        headers = {
            name: value
            for name, value in request.headers.items()
            if name not in ("host", "connection", "content-length", "accept-encoding")
        }
        with self._lock:
            if self._network.on_request:
                self._network.on_request(request.true_time)
            try:
                reply = self._client.request(
                    request.method,
                    self.target + request.path,
                    content=request.body,
                    headers={**headers, "accept-encoding": "identity"},
                )
            except httpx.TransportError:
                return None
        request.status = reply.status_code
        request.reply = reply.content
        kept = {
            name: value
            for name, value in reply.headers.items()
            if name.lower() not in ("transfer-encoding", "connection", "content-length", "keep-alive")
        }
        return _format_reply(reply.status_code, kept, reply.content)

    def close(self) -> None:
        """Stop accepting, end open connections, free everything."""
        self._listener.close()
        self._client.close()


class CaptivePortal:
    """The login page that an access point with ``captive=True`` leads everything to."""

    def __init__(self, network: Network) -> None:
        self.requests = 0
        self._listener = _Listener(network, self._converse, "simulated captive portal")
        network.portal = self._listener.address
        network.own(self)

    def _converse(self, connection: socket.socket, port: int) -> None:
        reader = connection.makefile("rb")
        with contextlib.closing(reader):
            while _read_request(reader, lambda: datetime.now(UTC)):
                self.requests += 1
                connection.sendall(_format_reply(200, CAPTIVE_PORTAL.headers, PORTAL_PAGE))

    def close(self) -> None:
        """Stop accepting and free the socket."""
        self._listener.close()


class _Listener:
    """Accepts on a free loopback port and gives each connection a thread."""

    def __init__(self, network: Network, converse: Converse, name: str) -> None:
        self._converse = converse
        self._name = name
        self._open: dict[int, socket.socket] = {}
        self._ended: set[int] = set()
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address: Address = self._socket.getsockname()
        self._closing = False
        self._thread = threading.Thread(target=self._accept, name=name, daemon=True)
        self._thread.start()
        network.register_end(self.address, self._wait_for_end)

    def _accept(self) -> None:
        while True:
            connection, peer = self._socket.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._changed:
                if self._closing:
                    connection.close()
                    return
                self._open[peer[1]] = connection
                self._ended.discard(peer[1])
                thread = threading.Thread(target=self._run, args=(connection, peer[1]), name=self._name, daemon=True)
                self._threads = [one for one in self._threads if one.is_alive()]
                self._threads.append(thread)
            thread.start()

    def _run(self, connection: socket.socket, port: int) -> None:
        try:
            with contextlib.suppress(OSError):
                self._converse(connection, port)
        finally:
            connection.close()
            with self._changed:
                self._open.pop(port, None)
                self._ended.add(port)
                self._changed.notify_all()

    def _wait_for_end(self, port: int, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closing or port in self._ended, seconds)
            self._ended.discard(port)

    def close(self) -> None:
        """Stop accepting, shut every connection, wait for the threads."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._changed.notify_all()
            for connection in self._open.values():
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError), socket.create_connection(self.address):
            pass
        self._thread.join()
        self._socket.close()
        for thread in self._threads:
            thread.join()


def _read_request(reader: BinaryIO, now: Callable[[], datetime]) -> SeenRequest | None:
    """Read one request; None when the client is gone, in the middle of one too."""
    start = reader.readline(65536).decode("latin-1").split()
    if len(start) != 3:
        return None
    true_time = now()
    headers: dict[str, str] = {}
    while (line := reader.readline(65536)) != b"\r\n":
        if not line.endswith(b"\n"):
            return None
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    length = int(headers.get("content-length", "0"))
    body = reader.read(length)
    if len(body) < length:
        return None
    parts = urlsplit(start[1])
    return SeenRequest(true_time, start[0], parts.path + (f"?{parts.query}" if parts.query else ""), headers, body)


def _format_reply(status: int, headers: dict[str, str], body: bytes) -> bytes:
    reason = httpx.codes.get_reason_phrase(status) or "Unknown"
    lines = [f"HTTP/1.1 {status} {reason}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
