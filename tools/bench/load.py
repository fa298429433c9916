"""Requests over connections that stay open, one thread each, and how long each took."""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

CONNECTIONS = 4
TIMEOUT_SECONDS = 60
MOST_BYTES = 65_536


@dataclass
class Load:
    """What some requests took."""

    requests: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    def percentile_ms(self, percent: int) -> float:
        """Milliseconds that so many percent of the requests took at most."""
        return statistics.quantiles(self.latencies, n=100, method="inclusive")[percent - 1] * 1000


class LoadError(Exception):
    """The server refused a request of the load."""


class Connection:
    """Posts over one socket, with little work on this side: `http.client` takes longer than the fastest server here.

    For this repository's own servers, which say the length of each answer.
    """

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        parts = urlsplit(url)
        self._path = parts.path or "/"
        query = f"?{parts.query}" if parts.query else ""
        lines = [f"POST {self._path}{query} HTTP/1.1", f"Host: {parts.netloc}", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._head = "\r\n".join([*lines, "Content-Length: "]).encode()
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._socket.close()

    def post(self, body: bytes) -> None:
        """One request and the whole answer.

        Raises:
            LoadError: an answer other than 2xx.
        """
        self._socket.sendall(b"%s%d\r\n\r\n%s" % (self._head, len(body), body))
        said = b""
        while b"\r\n\r\n" not in said:
            said += self._receive()
        head, _, content = said.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        while len(content) < int(length or 0):
            content += self._receive()
        if not head.startswith(b"HTTP/1.1 2"):
            status = head.partition(b"\r\n")[0].decode()
            raise LoadError(f"{self._path} answered {status}: {content[:200].decode(errors='replace')}")

    def _receive(self) -> bytes:
        piece = self._socket.recv(MOST_BYTES)
        if not piece:
            raise LoadError(f"{self._path} closed the connection")
        return piece


def send(load: Load, urls: Sequence[str], bodies: Sequence[bytes], headers: dict[str, str]) -> None:
    """Post all bodies over `CONNECTIONS` connections, spread over the URLs, and add what they took to the load.

    Raises:
        LoadError: an answer other than 2xx.
    """

    def work(number: int) -> list[float]:
        taken = []
        with Connection(urls[number % len(urls)], headers) as connection:
            for body in bodies[number::CONNECTIONS]:
                begin = time.perf_counter()
                connection.post(body)
                taken.append(time.perf_counter() - begin)
        return taken

    begin = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        for taken in threads.map(work, range(min(CONNECTIONS, len(bodies)))):
            load.latencies += taken
    load.seconds += time.perf_counter() - begin
    load.requests += len(bodies)
