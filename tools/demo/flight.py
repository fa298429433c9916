"""The demo's live board: the unmodified firmware in real time, with power and Wi-Fi that come and go."""

import secrets
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from tools.demo.account import Account
from tools.demo.history import LIVE_PLANE
from tools.files import write_whole
from tools.simulator import (
    AccessPoint,
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
# What happens and how many seconds pass before the next event: a club's afternoon as it is, with flights that last as
# flights do. One comes home from a field without Wi-Fi and is delivered with the next.
PLAN: tuple[tuple[Event, int], ...] = (
    ("Wi-Fi on", 0),
    ("power on", 50 * 60),
    ("power off", 25 * 60),
    ("power on", 10 * 60),
    ("Wi-Fi off", 65 * 60),
    ("power off", 40 * 60),
    ("Wi-Fi on", 0),
    ("power on", 75 * 60),
    ("power off", 30 * 60),
)


class BoardFiles:
    """What outlives a run of the demo: the board's flash, its nvm and its chip's id, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._flash = folder / "board-flash.img"
        self._nvm = folder / "board-nvm.bin"
        self._uid = folder / "board-uid.hex"

    @property
    def exist(self) -> bool:
        """Whether a board was kept."""
        return self._flash.exists() and self._nvm.exists() and self._uid.exists()

    def make(self, secrets_py: dict[str, object], network: Network) -> SimulatedBoard:
        """The kept board, or a new one fresh from its bench; its power is off."""
        if not self.exist:
            self._prepare_on_bench(secrets_py)
        drive = install(Drive(image=self._flash.read_bytes()), secrets=secrets_py)
        uid = bytes.fromhex(self._uid.read_text())
        board = SimulatedBoard(drive, BoardClock.real_time(), network, cpu_uid=uid, seed=secrets.randbits(32))
        board.nvm[:] = self._nvm.read_bytes()
        return board

    def _prepare_on_bench(self, secrets_py: dict[str, object]) -> None:
        """The first boot, on a clock that does not wait: laying the files out takes a minute of board time."""
        past = datetime.now(UTC) - timedelta(seconds=2 * BENCH_SECONDS)
        uid = secrets.token_bytes(UID_BYTES)
        drive = install(Drive(), secrets=secrets_py)
        with (
            Network() as nothing_in_reach,
            SimulatedBoard(drive, BoardClock(past), nothing_in_reach, cpu_uid=uid, seed=secrets.randbits(32)) as board,
        ):
            board.power_on()
            board.run_for(BENCH_SECONDS)
            board.power_off()
            write_whole(self._uid, uid.hex())
            self.keep(board)

    def keep(self, board: SimulatedBoard) -> None:
        """Write the board's memories to the folder."""
        write_whole(self._flash, board.drive.flash.image())
        write_whole(self._nvm, bytes(board.nvm))


class LiveBoard:
    """Flies the plan again and again in a thread of its own, from `start` to `stop`."""

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
        self._files = BoardFiles(folder)
        networks = [("Hangar", "password")]
        self._board = self._files.make({"ingest_url": ingest_url, "networks": networks}, self._network)
        self._board.on_line = self._show
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._fly, name="live board")
        self._problem: BaseException | None = None

    @property
    def device_uuid(self) -> str:
        """The UUID that the board made for itself."""
        header = self._board.drive.outside_read("/sessions.json").strip()[:64]
        return header.split(b'"')[3].decode()

    def hang_in_plane(self, account: Account) -> None:
        """Claim the board and hang it in its plane, where the plane's first board hung before."""
        if any(account.rows("device_status", device_uuid=f"eq.{self.device_uuid}", order="device_uuid")):
            return
        account.call("assign_device", device_uuid=LIVE_PLANE.device_uuid, plane_id=None)
        account.call("claim_device", device_uuid=self.device_uuid, name=BOARD_NAME)
        account.call("assign_device", device_uuid=self.device_uuid, plane_id=LIVE_PLANE.plane_id)

    def start(self) -> None:
        """Begin to fly."""
        self._thread.start()

    def stop(self) -> None:
        """Cut the power and keep what the board has on its flash. Raises what went wrong in flight, if anything."""
        self._ending.set()
        if self._thread.is_alive():
            self._board.clock.interrupt()
            self._thread.join()
        self._network.close()
        if self._problem:
            raise self._problem

    def _fly(self) -> None:
        try:
            self._board.start()
            for event, seconds in self._events():
                self._on_event(event)
                if event == "power on":
                    self._board.power_on()
                elif event == "power off":
                    self._board.power_off()
                    self._files.keep(self._board)
                else:
                    self._router.up = event == "Wi-Fi on"
                if self._ending.wait(seconds):
                    break
            self._board.close()
            self._files.keep(self._board)
        except BaseException as error:
            self._problem = error

    def _events(self) -> Iterator[tuple[Event, int]]:
        while True:
            yield from PLAN

    def _show(self, line: ConsoleLine) -> None:
        self._on_line(line.text)
