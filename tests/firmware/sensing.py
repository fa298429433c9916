"""The firmware's BusSense on a pin of its own and a clock that costs nothing: hours of voltages in a second."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from tools.firmware_parts import load

RATIO = 12.0
PIN = "A2"
READ_NS = 100_000


def raw_of(bus_volts: float) -> int:
    """What a pin behind the divider reads."""
    return min(max(round(bus_volts / RATIO / 3.3 * 65535), 0), round(3.1 / 3.3 * 65535))


class Rig:
    """One BusSense; `volts(seconds)` is the bus, `log` what it prints, `saves` the checkpoints that it asked for.

    A save is (milliseconds when it was asked for, whether as the exact end); the bus is looked at once per `grain_ns`.
    """

    def __init__(self, volts: Callable[[float], float], *, grain_ns: int = 0, **settings: Any) -> None:
        self.volts = volts
        self.seen: list[tuple[int, int]] = []  # every reading that was asked about the engine: milliseconds, millivolts
        looked_ns, raw = -grain_ns, 0
        self.now_ns = 0
        self.log: list[str] = []
        self.saves: list[tuple[int, bool]] = []
        self.reads = 0
        rig = self

        class Pin:
            def __init__(self, pin: str) -> None:
                self.pin = pin

            @property
            def value(self) -> int:
                nonlocal looked_ns, raw
                rig.reads += 1
                rig.now_ns += READ_NS
                if rig.now_ns - looked_ns >= grain_ns:
                    looked_ns, raw = rig.now_ns, raw_of(rig.volts(rig.now_ns / 1e9))
                return raw

        modules = {
            "analogio": SimpleNamespace(AnalogIn=Pin),
            "board": SimpleNamespace(A2="A2"),
            "time": SimpleNamespace(monotonic_ns=lambda: rig.now_ns, sleep=self._sleep),
        }
        self.firmware = load(modules, log=self.log.append)
        config = {"sense_pin": PIN, "sense_ratio": 12_000, "sense_engine_mv": 0, "sense_off_mv": 0, **settings}
        self.clock = self.firmware.Clock()
        self.sense = self.firmware.BusSense(SimpleNamespace(**config), self.clock, self._save)

        watch = self.sense._watch_engine

        def see(millivolts: int, now: int) -> None:
            self.seen.append((now, millivolts))
            watch(millivolts, now)

        self.sense._watch_engine = see

    def _sleep(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)

    def _save(self) -> None:
        self.saves.append((self.now_ns // 1_000_000, self.sense.exact))

    @property
    def seconds(self) -> float:
        """Since power-on."""
        return self.now_ns / 1e9

    def run_to(self, seconds: float) -> None:
        """Sample as the idle loop does."""
        while self.seconds < seconds:
            self.sense.wait(min(1000, max(1, round((seconds - self.seconds) * 1000))))

    def call(self, seconds: float) -> None:
        """A network call: nothing is sampled."""
        self._sleep(seconds)

    def noted(self) -> SimpleNamespace:
        """What it has put into a session as a checkpoint does: by key, and the `session` itself."""
        session = self.firmware.Session(0, (1, 1, 0, 0, 0, 0, 0, 0, 0))
        self.sense.note(session, self.clock.elapsed())
        values = session.sense or (0,) * len(session.SENSE_KEYS)
        return SimpleNamespace(session=session, **dict(zip(session.SENSE_KEYS, values, strict=True)))
