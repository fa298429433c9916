"""Requests over connections that stay open, one thread each, and how long each took."""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

CONNECTIONS = 4
TIMEOUT_SECONDS = 60


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


def send(load: Load, url: str, bodies: Sequence[bytes], headers: dict[str, str]) -> None:
    """Post all bodies over `CONNECTIONS` connections and add what they took to the load.

    Raises:
        LoadError: an answer other than 2xx.
    """
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    headers = {"Content-Type": "application/json", **headers}

    def work(share: Sequence[bytes]) -> list[float]:
        taken = []
        connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_SECONDS)
        try:
            for body in share:
                begin = time.perf_counter()
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                said = answer.read()
                taken.append(time.perf_counter() - begin)
                if not 200 <= answer.status < 300:
                    raise LoadError(f"{parts.path} answered {answer.status}: {said[:200].decode(errors='replace')}")
        finally:
            connection.close()
        return taken

    shares = [bodies[number::CONNECTIONS] for number in range(CONNECTIONS)]
    begin = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        for taken in threads.map(work, [share for share in shares if share]):
            load.latencies += taken
    load.seconds += time.perf_counter() - begin
    load.requests += len(bodies)
