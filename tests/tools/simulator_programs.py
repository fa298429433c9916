"""Small programs on a simulated board, for the simulator's own tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tools.simulator import AccessPoint, CaptivePortal, Drive, Network, NtpServer, SimulatedBoard, install

JOIN = """
import time, wifi
wifi.radio.connect("Hangar", "password")
"""
REQUEST = (
    JOIN
    + """
import socketpool, ssl
import adafruit_connection_manager, adafruit_requests
pool = socketpool.SocketPool(wifi.radio)
session = adafruit_requests.Session(pool, ssl.create_default_context())

def post(url, timeout=5):
    begin = time.monotonic_ns()
    try:
        response = session.post(url, data=b"{}", headers={"Content-Type": "application/json"}, timeout=timeout)
        status = response.status_code
        body = response.content
        response.close()
        print("answer", status, len(body), (time.monotonic_ns() - begin) // 1000000000, "s")
    except Exception as error:
        print("failed", type(error).__name__, error, (time.monotonic_ns() - begin) // 1000000000, "s")
"""
)


class World:
    """A network with the access point "Hangar", an NTP server and a captive portal, and boards in it."""

    def __init__(self) -> None:
        self.router = AccessPoint("Hangar", "password")
        self.network = Network(self.router)
        self.ntp = NtpServer(self.network)
        self.portal = CaptivePortal(self.network)
        self.network.add_host("pool.ntp.org", {123: self.ntp.address})
        self.boards: list[SimulatedBoard] = []

    def board(
        self, program: str | None, *, files: dict[str, str | bytes] | None = None, **options: Any
    ) -> SimulatedBoard:
        """Make a board with ``program`` as its code.py, still switched off."""
        contents = dict(files or {})
        if program is not None:
            contents["/code.py"] = program
        settings = options.pop("settings", None)
        drive = install(Drive(), firmware=None, settings=settings, files=contents)
        board = SimulatedBoard(drive, network=self.network, **options)
        self.boards.append(board)
        return board

    def close(self) -> None:
        """Stop everything."""
        for board in self.boards:
            board.close()
        self.network.close()


@contextmanager
def world() -> Iterator[World]:
    """Yield a world and stop it."""
    made = World()
    try:
        yield made
    finally:
        made.close()


def program_lines(board: SimulatedBoard) -> list[str]:
    """What the programs printed, without the supervisor's own lines."""
    own = (
        "Adafruit CircuitPython",
        "Board ID:",
        "UID:",
        "Code done",
        "soft reboot",
        "Press any key",
        "Running in safe",
    )
    return [line for line in board.lines if line and not line.startswith(own) and not line.endswith(" output:")]
