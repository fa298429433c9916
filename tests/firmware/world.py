"""A board with its world: the simulated board before the real function and database, in simulated time."""

import json
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tools.firmware_rules import INTEGER_SETTINGS
from tools.simulator import AccessPoint, BoardClock, Drive, FaultProxy, Network, NtpServer, SimulatedBoard, install
from tools.stack import Stack

CHECKPOINT_SECONDS = INTEGER_SETTINGS["LOGGER_CHECKPOINT_SECONDS"].default
INGEST_PATH = "/functions/v1/ingest"
SIMULATED_CLOCK = """
create table private.simulated_clock (server_now timestamptz not null);
insert into private.simulated_clock values (clock_timestamp());
create or replace function private.clock() returns timestamptz
language sql stable security definer set search_path = ''
as 'select date_trunc(''second'', server_now) from private.simulated_clock';
"""
FIRST_BOOT_SECONDS = 90  # laying out both files
MORNING = datetime(2026, 3, 2, 8, 0, 0, tzinfo=UTC)


class World:
    """One board, one router, one time server, and a stack whose clock follows the board's world.

    `router`, `ntp` and `proxy` have the switches for faults; `database` is an open connection as superuser.
    """

    def __init__(
        self, stack: Stack, database: psycopg.Connection[Any], *, seed: int, start: datetime = MORNING
    ) -> None:
        self.database = database
        self.router = AccessPoint("Hangar", "password")
        self.network = Network(self.router)
        self.ntp = NtpServer(self.network)
        self.proxy = FaultProxy(self.network, stack.url)
        self.network.add_host("pool.ntp.org", {123: self.ntp.address})
        self.network.on_request = self.set_server_clock
        self.secrets: dict[str, Any] = {
            "ingest_url": self.proxy.url + INGEST_PATH,
            "networks": [("Hangar", "password")],
        }
        self.drive = install(Drive(), secrets=self.secrets)
        self.board = SimulatedBoard(self.drive, BoardClock(start), self.network, seed=seed)
        self.true_seconds = 0.0  # of power, over all power-ups

    def close(self) -> None:
        """Stop the board and its servers."""
        self.board.close()
        self.network.close()

    def configure(self, **secrets: Any) -> None:
        """Change values of secrets.py, on a board without power."""
        self.secrets |= secrets
        self.drive.outside_write("/secrets.py", f"secrets = {self.secrets!r}\n".encode())

    def prepare(self) -> None:
        """First boot on the bench: files laid out, first reports acked."""
        self.fly(FIRST_BOOT_SECONDS + 60)
        assert "POST OK 200" in self.board.lines

    def set_server_clock(self, now: datetime) -> None:
        """What the backend takes for the present; every request of the board sets it to the board's world."""
        self.database.execute("update private.simulated_clock set server_now = %s", [now])

    def fly(self, seconds: float) -> None:
        """Let the power be on for that much longer, switching it on first when it is off."""
        if not self.board.powered:
            self.board.power_on()
        self.board.run_for(seconds)
        self.true_seconds += seconds

    def park(self, seconds: float) -> None:
        """Cut the power, without warning, and let that much time pass."""
        self.board.power_off(for_seconds=seconds)

    @property
    def device_uuid(self) -> str:
        """As the board's log says it."""
        line = next(line for line in self.board.lines if line.startswith("Device UUID: "))
        return line.removeprefix("Device UUID: ")

    def kept(self) -> list[dict[str, Any]]:
        """The sessions in the board's sessions.json, oldest first."""
        sessions = json.loads(self.board.read_file("/sessions.json"))["sessions"]
        return sorted((session for session in sessions if session), key=lambda session: session["boot"])

    def stored(self) -> list[dict[str, Any]]:
        """The device's sessions in the server's database, oldest first."""
        with self.database.cursor(row_factory=dict_row) as cursor:
            cursor.execute(
                "select boot, session_start, run_seconds, status::text, start_source::text, start_uncertainty_s, future"
                " from public.sessions where device_uuid = %s order by session_start",
                [self.device_uuid],
            )
            return cursor.fetchall()

    def delivered(self) -> bool:
        """Whether the server has every session that the board keeps, with the board's figures."""
        on_server = {(row["boot"], row["run_seconds"], row["status"]) for row in self.stored()}
        kept = self.kept()
        ended = {(session["boot"], session["run_seconds"], session["status"]) for session in kept[:-1]}
        return ended <= on_server and len(on_server) == len(kept)
