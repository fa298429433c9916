"""A simulated ESP32 with CircuitPython in a simulated world, running the unmodified firmware on its own time.

    from tools.simulator import AccessPoint, Drive, FaultProxy, Network, NtpServer, SimulatedBoard, install

    with Network(AccessPoint("Hangar", "password")) as network:
        ntp, proxy = NtpServer(network), FaultProxy(network, "http://127.0.0.1:54321")
        network.add_host(".pool.ntp.org", {123: ntp.address})
        secrets = {"ingest_url": proxy.url + "/functions/v1/ingest", "networks": [("Hangar", "password")]}
        with SimulatedBoard(install(Drive(), secrets=secrets), network=network) as board:
            board.power_on()
            board.run_for(600)
            network.access_points[0].up = False
            board.power_off(for_seconds=3600)
            print("\\n".join(board.lines))

The pieces: ``SimulatedBoard`` (power, time, console), ``BoardClock``, ``Drive`` on ``NorFlash``, ``Network`` with
``AccessPoint``, ``NtpServer``, ``CaptivePortal`` and ``FaultProxy``. Python code on the board sees only what
CircuitPython has; ``str`` and ``bytes`` methods are CPython's all the same, and code takes no board time by itself.
"""

from tools.simulator.board import ConsoleLine, SimulatedBoard
from tools.simulator.clock import BoardClock
from tools.simulator.drive import LAYOUT_4MB, LAYOUT_8MB, LAYOUT_8MB_EXTENDED, LAYOUTS, Drive, Layout
from tools.simulator.flash import ERASED, TORN_STATES, UNTOUCHED, NorFlash
from tools.simulator.install import install
from tools.simulator.network import AccessPoint, Latency, Network
from tools.simulator.power import BoardStop, ChipReset, PowerCut
from tools.simulator.servers import (
    CAPTIVE_PORTAL,
    HALF_REPLY,
    PASS,
    REFUSE,
    RESET,
    STALL_IN_HEADER,
    WRONG_JSON,
    CaptivePortal,
    Fault,
    FaultProxy,
    NtpServer,
    SeenRequest,
    answer,
    http_error,
    redirect,
    slow_reply,
)

__all__ = [
    "CAPTIVE_PORTAL",
    "ERASED",
    "HALF_REPLY",
    "LAYOUTS",
    "LAYOUT_4MB",
    "LAYOUT_8MB",
    "LAYOUT_8MB_EXTENDED",
    "PASS",
    "REFUSE",
    "RESET",
    "STALL_IN_HEADER",
    "TORN_STATES",
    "UNTOUCHED",
    "WRONG_JSON",
    "AccessPoint",
    "BoardClock",
    "BoardStop",
    "CaptivePortal",
    "ChipReset",
    "ConsoleLine",
    "Drive",
    "Fault",
    "FaultProxy",
    "Latency",
    "Layout",
    "Network",
    "NorFlash",
    "NtpServer",
    "PowerCut",
    "SeenRequest",
    "SimulatedBoard",
    "answer",
    "http_error",
    "install",
    "redirect",
    "slow_reply",
]
