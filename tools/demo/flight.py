"""The demo's live board: the unmodified firmware in real time, with power and Wi-Fi that come and go."""

import itertools
import json
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from tools.demo.account import Account
from tools.demo.bus import LIVE_HOLD_UP, LIVE_PIN, LIVE_SETTINGS, LiveBus
from tools.demo.history import LIVE_PLANE, flown
from tools.files import write_whole
from tools.simulator import (
    AccessPoint,
    AnalogPin,
    BoardClock,
    ConsoleLine,
    Drive,
    Network,
    NtpServer,
    SimulatedBoard,
    install,
)

BENCH_SECONDS = 120  # the first boot lays out the board's files
BOARD_NAME = "Live board"
UID_BYTES = 6

Event = Literal["power on", "power off", "Wi-Fi on", "Wi-Fi off"]
AIRBORNE = timedelta(minutes=25)  # of the flight that is under way when somebody comes to watch
TURNAROUND = timedelta(minutes=20)
IN_THE_HANGAR = timedelta(minutes=3)  # with Wi-Fi, before the plane rolls out


@dataclass(frozen=True)
class Leg:
    """A flight as the board sees it: power from `on` to `off`, and whether the engine was started."""

    on: datetime
    off: datetime
    engine: bool = True


@dataclass(frozen=True)
class BoardState:
    """Where the board's life stood when the demo ended; `lands`: when the flight under way ends, None on the ground."""

    until: datetime
    lands: datetime | None = None


@dataclass(frozen=True)
class Flying:
    """A flight of the afternoon that is watched: minutes of power, of these with Wi-Fi, and on the ground after it."""

    minutes: int
    wifi_minutes: int
    pause: int


# A club's afternoon. One flight comes home from a field without Wi-Fi and is delivered with the next.
AFTERNOON = (Flying(50, 50, 25), Flying(75, 10, 40), Flying(75, 75, 30))
FIRST_FLIGHT = timedelta(minutes=AFTERNOON[-1].minutes)


def legs_until(now: datetime, state: BoardState, story: Iterable[Leg]) -> list[Leg]:
    """What the board flies from where it stood up to `now`; the last leg, which lasts longer, is under way.

    Every flight is flown to its end, however the demo was stopped and started: first the one that was under way, then
    what the story says of the days since, then the one that is watched.
    """
    legs = [] if state.lands is None else [Leg(state.until, state.lands)]
    for leg in story:
        if leg.on >= free_from(legs, state) and leg.off <= now - AIRBORNE - TURNAROUND:
            legs.append(leg)
    if not legs or legs[-1].off <= now:
        begin = min(now, max(free_from(legs, state), now - AIRBORNE))
        legs.append(Leg(begin, begin + FIRST_FLIGHT))
    return legs


def free_from(legs: list[Leg], state: BoardState) -> datetime:
    """When the plane can go again."""
    return (legs[-1].off if legs else state.until) + TURNAROUND


class BoardFiles:
    """What outlives a run of the demo, in a folder: flash, nvm and id of the board, and where its life stood."""

    def __init__(self, folder: Path) -> None:
        self._flash = folder / "board-flash.img"
        self._nvm = folder / "board-nvm.bin"
        self._uid = folder / "board-uid.hex"
        self._state = folder / "board-state.json"

    @property
    def exist(self) -> bool:
        """Whether a board was kept."""
        return all(path.exists() for path in (self._flash, self._nvm, self._uid, self._state))

    @property
    def state(self) -> BoardState:
        """Where the board's life stood."""
        kept = json.loads(self._state.read_text())
        return BoardState(**{name: time and datetime.fromisoformat(time) for name, time in kept.items()})

    def make(self, secrets_py: dict[str, object], network: Network, now: datetime) -> SimulatedBoard:
        """The kept board, or a new one fresh from its bench; its power is off, its clock where its life stood."""
        if not self.exist:
            self._prepare_on_bench(secrets_py, network, now - AIRBORNE - TURNAROUND)
        drive = install(Drive(image=self._flash.read_bytes()), secrets=secrets_py, settings=LIVE_SETTINGS)
        uid = bytes.fromhex(self._uid.read_text())
        clock = BoardClock(self.state.until)
        board = SimulatedBoard(drive, clock, network, cpu_uid=uid, seed=secrets.randbits(32))
        board.nvm[:] = self._nvm.read_bytes()
        return board

    def _prepare_on_bench(self, secrets_py: dict[str, object], network: Network, until: datetime) -> None:
        """The first boot: laying the files out takes a minute of board time."""
        uid = secrets.token_bytes(UID_BYTES)
        drive = install(Drive(), secrets=secrets_py, settings=LIVE_SETTINGS)
        clock = BoardClock(until - timedelta(seconds=BENCH_SECONDS))
        with SimulatedBoard(drive, clock, network, cpu_uid=uid, seed=secrets.randbits(32)) as board:
            board.analog[LIVE_PIN] = AnalogPin(lambda seconds: 0.0)  # fed by USB, no bus at its divider
            board.power_on()
            board.run_for(BENCH_SECONDS)
            board.power_off()
            write_whole(self._uid, uid.hex())
            self.keep(board, None)

    def keep(self, board: SimulatedBoard, lands: datetime | None) -> None:
        """Write the board's memories to the folder."""
        state = BoardState(board.clock.true_time, lands)
        write_whole(self._flash, board.drive.flash.image())
        write_whole(self._nvm, bytes(board.nvm))
        write_whole(self._state, json.dumps({name: time and time.isoformat() for name, time in asdict(state).items()}))


class LiveBoard:
    """Flies in real time in a thread of its own, from `start` to `stop`, after it has caught up with what it missed."""

    def __init__(
        self,
        folder: Path,
        ingest_url: str,
        *,
        on_line: Callable[[str], None],
        on_event: Callable[[str], None],
    ) -> None:
        self._on_line = on_line
        self._on_event = on_event
        self._router = AccessPoint("Hangar", "password")
        self._network = Network(self._router)
        self._network.add_host("pool.ntp.org", {123: NtpServer(self._network).address})
        address = urlsplit(ingest_url)
        self._catching_up = True
        # The server lives in the present: it hears of the past when the board has arrived there.
        self._network.register_refusal((address.hostname or "", address.port or 80), lambda: self._catching_up)
        self._files = BoardFiles(folder)
        networks = [("Hangar", "password")]
        self._board = self._files.make(
            {"ingest_url": ingest_url, "networks": networks}, self._network, datetime.now(UTC)
        )
        self._bus = LiveBus(self._board)
        self._lands: datetime | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._fly, name="live board")
        self._problem: BaseException | None = None

    @property
    def device_uuid(self) -> str:
        """The UUID that the board made for itself."""
        header = self._board.drive.outside_read("/sessions.json").strip()[:64]
        return header.split(b'"')[3].decode()

    def hang_in_plane(self, account: Account) -> None:
        """Claim the board and assign it to its plane, where the plane's first board was before."""
        if any(account.rows("device_status", device_uuid=f"eq.{self.device_uuid}", order="device_uuid")):
            return
        account.call("assign_device", device_uuid=LIVE_PLANE.device_uuid, plane_id=None)
        account.call("claim_device", device_uuid=self.device_uuid, name=BOARD_NAME)
        account.call("assign_device", device_uuid=self.device_uuid, plane_id=LIVE_PLANE.plane_id)

    def start(self) -> None:
        """Begin to fly."""
        self._thread.start()

    def stop(self) -> None:
        """End the demo, not the flight: the next run goes on with it. Raises what went wrong in flight, if anything."""
        self._ending.set()
        if self._thread.is_alive():
            self._board.clock.interrupt()
            self._thread.join()
        self._network.close()
        if self._problem:
            raise self._problem

    def _fly(self) -> None:
        try:
            if self._catch_up():
                self._watch()
                lands = self._lands
                self._board.close()
                self._files.keep(self._board, lands)
            self._board.close()
        except BaseException as error:
            self._problem = error

    def _catch_up(self) -> bool:
        """Fly at full speed what lies between the last run and the present; whether it was done before the demo ended.

        It ends in the flight that is watched. The server hears nothing before that, so what was kept last still holds.
        """
        state, now = self._files.state, datetime.now(UTC)
        story = [
            Leg(flight.start, flight.end, engine=flight.session_class != "avionics_only")
            for flight in flown(LIVE_PLANE, state.until.date(), now)
        ]
        for leg in legs_until(now, state, story):
            if self._ending.is_set():
                return False
            self._power_on(leg, goes_on=leg.on == state.until and state.lands is not None)
            if leg.off < now:
                self._run_to(leg.off + LIVE_HOLD_UP)
                self._power_off()
        while (behind := (datetime.now(UTC) - self._board.clock.true_time).total_seconds()) > 0.05:
            self._run_to(self._board.clock.true_time + timedelta(seconds=behind))
        return not self._ending.is_set()

    def _power_on(self, leg: Leg, *, goes_on: bool) -> None:
        board = self._board
        board.power_off(for_seconds=max(0.0, (leg.on - board.clock.true_time).total_seconds()))
        self._router.up = True
        self._lands = leg.off
        self._bus.draw(leg.on - AIRBORNE if goes_on else leg.on, leg.off, engine=leg.engine)
        board.power_on()
        if goes_on:
            # To the board the end of the demo was a restart of its program, and no time has passed.
            board.reset_reason = "SOFTWARE"
            board.set_rtc_ns(board.clock.true_ns)
        rolls = leg.on + IN_THE_HANGAR
        if rolls < min(leg.off, datetime.now(UTC)):
            self._run_to(rolls)
            self._router.up = False

    def _run_to(self, moment: datetime) -> None:
        self._board.run_for(max(0.0, (moment - self._board.clock.true_time).total_seconds()))

    def _power_off(self) -> None:
        self._board.power_off()
        self._lands = None
        self._files.keep(self._board, None)

    def _watch(self) -> None:
        """The present: land, then fly the afternoon again and again."""
        self._board.on_line = self._show
        self._board.clock.run_at(1.0)
        self._catching_up = False
        self._board.start()
        for event, seconds in self._events():
            self._on_event(event)
            if event == "power on":
                assert self._lands is not None
                self._bus.draw(datetime.now(UTC), self._lands, engine=True)
                self._board.power_on()
            elif event == "power off":
                self._ending.wait(LIVE_HOLD_UP.total_seconds())
                self._power_off()
            else:
                self._router.up = event == "Wi-Fi on"
            if self._ending.wait(seconds):
                return

    def _events(self) -> Iterator[tuple[Event, float]]:
        """What happens, and the seconds until the next event."""
        assert self._lands is not None
        yield "Wi-Fi on", max(0.0, (self._lands - datetime.now(UTC)).total_seconds())
        yield "power off", AFTERNOON[-1].pause * 60
        for flight in itertools.cycle(AFTERNOON):
            yield "Wi-Fi on", 0
            self._lands = datetime.now(UTC) + timedelta(minutes=flight.minutes)
            yield "power on", flight.wifi_minutes * 60
            if flight.wifi_minutes < flight.minutes:
                yield "Wi-Fi off", (flight.minutes - flight.wifi_minutes) * 60
            yield "power off", flight.pause * 60

    def _show(self, line: ConsoleLine) -> None:
        self._on_line(line.text)
