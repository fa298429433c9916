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
``AccessPoint``, ``NtpServer``, ``CaptivePortal`` and ``FaultProxy``; ``Bus`` and ``Converter`` where the aircraft's
voltage matters: ``board.analog["A2"] = divided(bus)``, ``board.supply = Converter(bus)``.

Python code on the board sees only what CircuitPython has; ``str`` and ``bytes`` methods are CPython's all the same, and
code takes no board time by itself.
"""

from tools.simulator.bus import Bus, Converter, Leg
from tools.simulator.chip.board import SimulatedBoard
from tools.simulator.chip.chip import ConsoleLine
from tools.simulator.chip.pins import ADC1, ADC2, NO_ADC, AnalogPin, divided, floating
from tools.simulator.clock import BoardClock
from tools.simulator.flash.drive import Drive
from tools.simulator.flash.install import install
from tools.simulator.flash.layout import LAYOUT_4MB, LAYOUT_8MB, LAYOUT_8MB_EXTENDED, LAYOUTS, Layout
from tools.simulator.flash.nor import ERASED, TORN_STATES, UNTOUCHED, NorFlash
from tools.simulator.net.network import AccessPoint, Latency, Network
from tools.simulator.net.servers import (
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
from tools.simulator.power import BoardStop, ChipReset, PowerCut

__all__ = [
    "ADC1",
    "ADC2",
    "CAPTIVE_PORTAL",
    "ERASED",
    "HALF_REPLY",
    "LAYOUTS",
    "LAYOUT_4MB",
    "LAYOUT_8MB",
    "LAYOUT_8MB_EXTENDED",
    "NO_ADC",
    "PASS",
    "REFUSE",
    "RESET",
    "STALL_IN_HEADER",
    "TORN_STATES",
    "UNTOUCHED",
    "WRONG_JSON",
    "AccessPoint",
    "AnalogPin",
    "BoardClock",
    "BoardStop",
    "Bus",
    "CaptivePortal",
    "ChipReset",
    "ConsoleLine",
    "Converter",
    "Drive",
    "Fault",
    "FaultProxy",
    "Latency",
    "Layout",
    "Leg",
    "Network",
    "NorFlash",
    "NtpServer",
    "PowerCut",
    "SeenRequest",
    "SimulatedBoard",
    "answer",
    "divided",
    "floating",
    "http_error",
    "install",
    "redirect",
    "slow_reply",
]
