"""``socketpool`` and ``ssl`` of the simulated board: real sockets on this machine, board time for every wait."""

from __future__ import annotations

import contextlib
import select
import socket as real_socket
import ssl as real_ssl
import sys
import time
from collections.abc import Callable
from typing import Any

from tools.simulator.clock import NS_PER_S
from tools.simulator.errors import BoardOSError
from tools.simulator.net.link import Link
from tools.simulator.net.network import Address, Route

# CircuitPython on espressif reports newlib's numbers, not Linux's.
EAGAIN = 11
EBADF = 9
ECONNABORTED = 113
ECONNREFUSED = 111
ECONNRESET = 104
EHOSTUNREACH = 118
ENOTCONN = 128
EPIPE = 32
ETIMEDOUT = 116
CERTIFICATE_ERROR = -0x2700
HANDSHAKE_ERROR = -0x7780

MAX_SOCKETS = 8
# lwIP gives up a connection attempt by itself after about this long.
SYN_TIMEOUT_SECONDS = 75.0
# The radio's set, the list made of it, the loop's variable and getrefcount's own argument.
REFERENCES_OF_GARBAGE = 4
FIRST_POLL_SECONDS = 0.0005
LAST_POLL_SECONDS = 0.02


class Host:
    """What radio and sockets need of their board: its time, a check that it still lives, calls that may be its end."""

    def __init__(
        self, link: Link, spend: Callable[[float], None], alive: Callable[[], None], bounded: Callable[..., Any]
    ) -> None:
        self.link = link
        self.spend = spend
        self.alive = alive
        self.bounded = bounded


class Socket:
    """A CircuitPython socket. It has no ``recv``; see the stubs of ``socketpool`` for what it has."""

    def __init__(self, host: Host, kind: int) -> None:
        self._host = host
        self._kind = kind
        self._timeout: float | None = None
        self._real: real_socket.socket | None = real_socket.socket(
            real_socket.AF_INET, real_socket.SOCK_STREAM if kind == SocketPool.SOCK_STREAM else real_socket.SOCK_DGRAM
        )
        self._real.setblocking(False)
        self._port = 0
        self._server: Address | None = None
        self._connected = False
        self._aborted = False
        self._void = False
        self._received_bytes = 0
        self._reply_ns: int | None = None
        if kind == SocketPool.SOCK_STREAM:
            # The libraries send in small pieces; the board's time is modelled, so the wall need not wait for Nagle.
            self._real.setsockopt(real_socket.IPPROTO_TCP, real_socket.TCP_NODELAY, 1)
        if kind == SocketPool.SOCK_DGRAM:
            self._real.bind(("", 0))
            self._port = self._real.getsockname()[1]
        host.link.sockets.add(self)

    @property
    def type(self) -> int:
        """The kind of socket."""
        return self._kind

    def settimeout(self, value: float | None) -> None:
        """Set the timeout in seconds; 0 = non-blocking, None = indefinitely."""
        self._host.alive()
        self._timeout = value

    def setblocking(self, flag: bool) -> None:
        """Block indefinitely, or not at all."""
        self.settimeout(None if flag else 0)

    def setsockopt(self, level: int, optname: int, value: int) -> None:
        """Accept and ignore an option."""
        self._host.alive()

    def bind(self, address: tuple[str, int]) -> None:
        """Bind to a free port of this machine: nothing connects to a simulated board."""
        self._host.alive()
        self._require_open()

    def connect(self, address: tuple[str, int]) -> None:
        """Connect; OSError with EHOSTUNREACH, ECONNREFUSED or ETIMEDOUT, or gaierror."""
        self._host.alive()
        self._require_open()
        link = self._host.link
        if not link.connected:
            raise BoardOSError(EHOSTUNREACH, "EHOSTUNREACH")
        route = link.network.route(self._resolve(address[0]), address[1], link.joined, stream=True)
        self._dial(route)

    def _dial(self, route: Route) -> None:
        seconds = self._host.link.network.latency.connect
        timeout = SYN_TIMEOUT_SECONDS if self._timeout is None else self._timeout
        if route.refused and seconds < timeout:
            self._host.spend(seconds)
            raise BoardOSError(ECONNREFUSED, "ECONNREFUSED")
        if route.address is None or seconds >= timeout:
            self._host.spend(timeout)
            raise BoardOSError(ETIMEDOUT, "ETIMEDOUT")
        self._host.spend(seconds)
        real = self._require_open()
        real.settimeout(self._host.link.network.patience_seconds)
        try:
            real.connect(route.address)
        except ConnectionRefusedError:
            raise BoardOSError(ECONNREFUSED, "ECONNREFUSED") from None
        except OSError:
            self._host.spend(max(0.0, timeout - seconds))
            raise BoardOSError(ETIMEDOUT, "ETIMEDOUT") from None
        real.setblocking(False)
        self._port = real.getsockname()[1]
        self._server = route.address if route.simulated else None
        self._connected = True

    def send(self, data: bytes) -> int:
        """Send; the bytes of a board without reception are lost without an error at first."""
        self._host.alive()
        real = self._require_open()
        if self._aborted:
            raise BoardOSError(ECONNABORTED, "ECONNABORTED")
        if not self._connected:
            raise BrokenPipeError(EPIPE, "EPIPE")
        if not self._host.link.reachable:
            self._void = True
            return len(data)
        self._expect_reply(self._host.link.network.latency.reply)
        try:
            real.settimeout(self._host.link.network.patience_seconds)
            sent = real.send(data)
            real.setblocking(False)
        except OSError:
            raise BoardOSError(ECONNRESET, "ECONNRESET") from None
        return sent

    def sendall(self, data: bytes) -> None:
        """Send everything."""
        sent = 0
        while sent < len(data):
            sent += self.send(data[sent:])

    def sendto(self, data: bytes, address: tuple[str, int]) -> int:
        """Send a datagram; BrokenPipeError when there is no route."""
        self._host.alive()
        real = self._require_open()
        link = self._host.link
        if self._aborted or not link.connected:
            raise BrokenPipeError(EPIPE, "EPIPE")
        route = link.network.route(self._resolve(address[0]), address[1], link.joined, stream=False)
        self._host.spend(link.network.latency.datagram)
        self._void = route.address is None
        if route.address is not None:
            self._expect_reply(link.network.latency.datagram)
            real.sendto(data, route.address)
        return len(data)

    def recv_into(self, buffer: bytearray | memoryview, bufsize: int = 0) -> int:
        """Receive up to ``bufsize`` (0 = all) bytes; 0 = closed by the other side."""
        return self._receive(buffer, bufsize)[0]

    def recvfrom_into(self, buffer: bytearray | memoryview) -> tuple[int, tuple[str, int]]:
        """Receive a datagram and its sender."""
        return self._receive(buffer, 0)

    def _receive(self, buffer: bytearray | memoryview, bufsize: int) -> tuple[int, tuple[str, int]]:
        self._host.alive()
        self._require_open()
        if bufsize > len(buffer):
            raise ValueError("buffer too small for requested bytes")
        self._wait_readable()
        if self._aborted:
            raise BoardOSError(ECONNABORTED, "ECONNABORTED")
        real = self._require_open()
        view = memoryview(buffer)[: bufsize or len(buffer)]
        try:
            size, sender = self._read(real, view)
        except OSError:
            raise BoardOSError(ECONNRESET, "ECONNRESET") from None
        if size == 0 and self._timeout == 0:
            raise BoardOSError(ENOTCONN, "ENOTCONN")
        self._received_bytes += size
        return size, sender

    def _read(self, real: real_socket.socket, view: memoryview) -> tuple[int, tuple[str, int]]:
        size, sender = real.recvfrom_into(view)
        return size, (sender[0], sender[1]) if sender else ("", 0)

    def _ready(self, real: real_socket.socket, seconds: float) -> bool:
        return bool(select.select([real], [], [], seconds)[0])

    def _wait_readable(self) -> None:
        """Return when bytes (or the end) can be read; spend board time until then, or ETIMEDOUT."""
        link = self._host.link
        clock = link.clock
        deadline_ns = None if self._timeout is None else clock.elapsed_ns + round(self._timeout * NS_PER_S)
        if self._reply_ns is not None:
            if deadline_ns is not None and self._reply_ns > deadline_ns:
                self._time_out(deadline_ns)
            self._host.spend(max(0, self._reply_ns - clock.elapsed_ns) / NS_PER_S)
            self._reply_ns = None
        patience_ends = time.monotonic() + link.network.patience_seconds
        poll_seconds = FIRST_POLL_SECONDS
        while not self._aborted:
            self._host.alive()
            real = self._require_open()
            if self._void or not link.reachable:
                self._time_out(deadline_ns)
            elif self._ready(real, poll_seconds):
                return
            elif hold := link.network.find_hold(self._port, self._received_bytes):
                if hold.until_ns is None or (deadline_ns is not None and hold.until_ns > deadline_ns):
                    self._time_out(deadline_ns)
                else:
                    self._host.spend(max(0, hold.until_ns - clock.elapsed_ns) / NS_PER_S)
                    link.network.end_hold(self._port, hold)
            elif self._timeout == 0 or time.monotonic() > patience_ends:
                self._time_out(deadline_ns)
            poll_seconds = min(LAST_POLL_SECONDS, poll_seconds * 2)

    def _time_out(self, deadline_ns: int | None) -> None:
        clock = self._host.link.clock
        if self._timeout == 0:
            raise BoardOSError(EAGAIN, "EAGAIN")
        if deadline_ns is None:
            self._host.spend(1.0)
            return
        self._host.spend(max(0, deadline_ns - clock.elapsed_ns) / NS_PER_S)
        raise BoardOSError(ETIMEDOUT, "ETIMEDOUT")

    def _expect_reply(self, seconds: float) -> None:
        self._host.link.network.register_packet(self._port, self._host.link.clock)
        self._reply_ns = self._host.link.clock.elapsed_ns + round(seconds * NS_PER_S)

    def _resolve(self, name: str) -> str:
        return resolve(self._host, name)

    def _require_open(self) -> real_socket.socket:
        if self._real is None:
            raise BoardOSError(EBADF, "EBADF")
        return self._real

    def close(self) -> None:
        """Close and free the place in the pool."""
        self._host.alive()
        self.discard()

    def discard(self) -> None:
        """Free the real socket, whatever state the board is in."""
        network = self._host.link.network
        self._host.link.sockets.discard(self)
        if self._real is None:
            return
        # Unread bytes would make the kernel reset the connection, and the server lose what it has not read yet.
        with contextlib.suppress(OSError):
            while self._connected and self._real.recv(4096):
                pass
        self._real.close()
        self._real = None
        network.forget_client(self._port)
        if self._connected and self._server is not None:
            network.wait_for_end(self._server, self._port)
        self._connected = False

    def abort(self) -> None:
        """Break the connection, as the loss of the address does."""
        self._aborted = True

    def __enter__(self) -> Socket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SSLSocket(Socket):
    """A TLS socket; real TLS to real hosts, a modelled handshake to simulated ones."""

    def __init__(self, context: SSLContext, plain: Socket, server_hostname: str | None) -> None:
        self.__dict__.update(plain.__dict__)
        plain._real = None
        self._host.link.sockets.discard(plain)
        self._host.link.sockets.add(self)
        self._context = context
        self._server_hostname = server_hostname

    def connect(self, address: tuple[str, int]) -> None:
        """Connect and shake hands; OSError with mbedTLS's number when the certificate does not verify."""
        self._host.alive()
        self._require_open()
        link = self._host.link
        if not link.connected:
            raise BoardOSError(EHOSTUNREACH, "EHOSTUNREACH")
        route = link.network.route(self._resolve(address[0]), address[1], link.joined, stream=True)
        self._dial(route)
        self._host.spend(link.network.latency.tls)
        if (link.joined and link.joined.captive) or link.network.tls_fault == "certificate":
            raise BoardOSError(CERTIFICATE_ERROR, "MBEDTLS_ERR_X509_CERT_VERIFY_FAILED")
        if link.network.tls_fault == "handshake":
            raise BoardOSError(HANDSHAKE_ERROR, "MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE")
        if not route.simulated:
            self._shake_hands()

    def _shake_hands(self) -> None:
        real = self._require_open()
        real.settimeout(self._host.link.network.patience_seconds)
        try:
            self._real = self._context.real.wrap_socket(real, server_hostname=self._server_hostname)
        except real_ssl.SSLCertVerificationError:
            raise BoardOSError(CERTIFICATE_ERROR, "MBEDTLS_ERR_X509_CERT_VERIFY_FAILED") from None
        except OSError:
            raise BoardOSError(HANDSHAKE_ERROR, "MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE") from None
        self._real.setblocking(False)

    def _ready(self, real: real_socket.socket, seconds: float) -> bool:
        if isinstance(real, real_ssl.SSLSocket) and real.pending():
            return True
        return super()._ready(real, seconds)

    def _read(self, real: real_socket.socket, view: memoryview) -> tuple[int, tuple[str, int]]:
        if not isinstance(real, real_ssl.SSLSocket):
            return super()._read(real, view)
        real.settimeout(self._host.link.network.patience_seconds)
        try:
            return real.recv_into(view), ("", 0)
        finally:
            real.setblocking(False)


class SSLContext:
    """``ssl.SSLContext``: verifies against the Mozilla roots."""

    def __init__(self, alive: Callable[[], None]) -> None:
        self._alive = alive
        self._real: real_ssl.SSLContext | None = None
        self.check_hostname = True

    @property
    def real(self) -> real_ssl.SSLContext:
        """The machine's TLS, made when first needed."""
        if self._real is None:
            self._real = real_ssl.create_default_context()
        return self._real

    def wrap_socket(self, sock: Socket, *, server_side: bool = False, server_hostname: str | None = None) -> SSLSocket:
        """Turn an unconnected socket into a TLS one."""
        self._alive()
        return SSLSocket(self, sock, server_hostname)

    def load_verify_locations(self, cafile: Any = None, capath: Any = None, cadata: str | None = None) -> None:
        """Trust another root, in PEM."""
        self._alive()
        self.real.load_verify_locations(cadata=cadata)

    def set_default_verify_paths(self) -> None:
        """Trust the Mozilla roots."""
        self._alive()


class Gaierror(BoardOSError):
    """``SocketPool.gaierror``."""


Gaierror.__name__ = Gaierror.__qualname__ = "gaierror"


class SocketPool:
    """``socketpool.SocketPool``."""

    AF_INET = 2
    SOCK_STREAM = 1
    SOCK_DGRAM = 2
    SOCK_RAW = 3
    EAI_NONAME = -2
    SOL_SOCKET = 0xFFF
    SO_REUSEADDR = 0x0004
    TCP_NODELAY = 1
    IPPROTO_IP = 0
    IPPROTO_TCP = 6
    IPPROTO_UDP = 17
    gaierror = Gaierror

    def __init__(self, host: Host) -> None:
        self._host = host

    def socket(self, family: int = AF_INET, type: int = SOCK_STREAM, proto: int = IPPROTO_IP) -> Socket:
        """Open a socket; RuntimeError when all are in use."""
        self._host.alive()
        if family != self.AF_INET:
            raise NotImplementedError("Unsupported socket type")
        if len(self._host.link.sockets) >= MAX_SOCKETS:
            raise RuntimeError("Out of sockets")
        return Socket(self._host, type)

    def getaddrinfo(
        self, host: str, port: int, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        """Look a name up; gaierror when that fails."""
        self._host.alive()
        address = resolve(self._host, host)
        return [(self.AF_INET, type or self.SOCK_STREAM, proto, "", (address, port))]


def resolve(host: Host, name: str) -> str:
    """Return the address of ``name``, spending the board's time; Gaierror when there is none."""
    if not host.link.connected:
        raise Gaierror(SocketPool.EAI_NONAME, "Name or service not known")
    seconds, address = host.link.network.resolve(name, host.link.joined)
    host.spend(seconds)
    if address is None:
        raise Gaierror(SocketPool.EAI_NONAME, "Name or service not known")
    return address


def collect(link: Link) -> None:
    """Close what the program has lost without closing, as the finalisers of a garbage collection do."""
    for open_socket in list(link.sockets):
        if sys.getrefcount(open_socket) <= REFERENCES_OF_GARBAGE:
            open_socket.discard()


def discard_all(link: Link) -> None:
    """Free every real socket of a board that stops."""
    for open_socket in list(link.sockets):
        with contextlib.suppress(OSError):
            open_socket.discard()
