"""How many powered boards one machine holds, what they leave on its disk, and what a million would meet first."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import statistics
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg

from tools.bench import herd
from tools.bench.figures import Alternative, Figure
from tools.bench.ingest import (
    DIRECT,
    UPSERT,
    Admin,
    Server,
    direct_function,
    explain,
    filled,
    function_of,
    further_processes,
    message,
    open_folder,
    pgbench,
    set_up,
    upsert_of,
)
from tools.bench.load import Connection, Load
from tools.bench.population import SESSIONS_PER_PLANE, fill_up
from tools.stack import Stack
from tools.stack.stack import prepare_database

PART = "scale"
REPORT_SECONDS = 60
MOST_P99_MS = 250
PROCESSES = 2
OPEN_CONNECTIONS = 48
WARMING_REQUESTS = 200
GIVE_UP_SECONDS = 3.0  # behind the timetable: what comes now would only wait longer
SESSIONS_PER_DEVICE = 20
HELD_BOARDS = 10_000  # the goal
GOALS = (HELD_BOARDS, 2 * HELD_BOARDS)
SESSIONS_PER_YEAR = 200
HASH_PARTITIONS = 16
FIRST_MONTH = (2024, 1)
MONTHS = 36
PAGES = 30
MEBIBYTE = 2**20
DOWN_SECONDS = 1800
WATCHED_SECONDS = 600
PER_BOARDS = 10_000


@dataclass(frozen=True)
class Effort:
    """How long each rate is held, the rates in powered boards, and how much is filled, partitioned and simulated."""

    seconds: float
    ladder: tuple[int, ...]
    devices: int
    growth: int
    partitioned: int
    transactions: int
    herd: int
    delivered: int


SHORT = Effort(3, (5000, 10_000, 20_000, 40_000), 2000, 20_000, 100_000, 1000, 1000, 40)
FULL = Effort(
    8, (5000, 10_000, 15_000, 20_000, 30_000, 40_000, 60_000, 80_000), 20_000, 500_000, 10_000_000, 8000, 10_000, 200
)
TINY = Effort(0.5, (500, 10_000, 20_000), 500, 5000, 5000, 40, 300, 6)


def measure(effort: Effort, progress: Callable[[str], None]) -> Iterator[Figure]:
    """All figures of this part, as they are taken, on a stack of its own."""
    with open_folder() as folder, Stack(data=folder, port=0, portal=False, on_progress=progress) as stack:
        set_up(stack)
        yield from _herd(stack, effort, progress)
        yield from _ceiling(stack, effort, progress)
        yield from _growth(stack, effort, progress)
        yield from _partitions(stack, effort, progress)


# The ceiling


def _ceiling(stack: Stack, effort: Effort, progress: Callable[[str], None]) -> Iterator[Figure]:
    progress(f"Claiming {effort.devices:,} boards")
    with psycopg.connect(stack.database_url, autocommit=True) as admin:
        fill_up(admin, effort.devices * SESSIONS_PER_DEVICE, SESSIONS_PER_DEVICE)
        with further_processes(stack, PROCESSES) as stacks, direct_function(stack) as direct_url:
            servers = {
                "": function_of(*stacks),
                UPSERT: upsert_of(*stacks),
                DIRECT: Server([direct_url], {}, lambda sent: sent),
            }
            ladders = {
                name: _Ladder(server, name, effort, begin, admin, progress)
                for begin, (name, server) in enumerate(servers.items())
            }
            for ladder in ladders.values():
                ladder.warm_up()
            # All climb together, so that the machine's moods hit all alike.
            for boards in effort.ladder:
                for ladder in ladders.values():
                    if boards in GOALS or ladder.holds:
                        ladder.climb(boards)
    ours = ladders.pop("")
    how = (
        f"Open loop: {effort.seconds:g} s at each rate, messages due at random times, latency counted from then; "
        f"{effort.devices:,} boards claimed and assigned to planes, so that each message moves its plane's hours; "
        f"{PROCESSES} processes, client and database on the same machine; {DIRECT}: 1 process"
    )
    yield Figure(
        PART,
        "Powered boards on one machine",
        "boards",
        ours.held,
        f"{how}. The most of {', '.join(f'{boards:,}' for boards in effort.ladder)} boards, each reporting every "
        f"{REPORT_SECONDS} s, with p99 within {MOST_P99_MS} ms.",
        tuple(Alternative(name, ladder.held) for name, ladder in ladders.items()),
        better="higher",
    )
    for boards, percent in itertools.product(GOALS, (50, 99)):
        yield Figure(
            PART,
            f"Answer time with {boards:,} powered boards, p{percent}",
            "ms",
            ours.loads[boards].percentile_ms(percent),
            f"{how}. A rate whose messages come {GIVE_UP_SECONDS:g} s late is not held and broken off.",
            tuple(Alternative(name, ladder.loads[boards].percentile_ms(percent)) for name, ladder in ladders.items()),
        )
    yield Figure(
        PART,
        "Write-ahead log per message",
        "bytes",
        ours.log_bytes / ours.messages,
        f"Of all messages above, with what checkpoints add; what a read replica is sent. Upsert: without hours. {how}.",
        (Alternative(UPSERT, ladders[UPSERT].log_bytes / ladders[UPSERT].messages),),
    )


class _Ladder:
    """One server under more and more boards."""

    def __init__(
        self,
        server: Server,
        name: str,
        effort: Effort,
        group: int,
        admin: Admin,
        progress: Callable[[str], None],
    ) -> None:
        self._server = server
        self._name = name or "ingest"
        self._effort = effort
        self._dice = random.Random(group)
        self._admin = admin
        self._progress = progress
        # Each server has minutes of its own: what one has stored would be a duplicate for the next.
        self._numbers = itertools.count(group * 10**7)
        self.held = 0
        self.holds = True
        self.messages = 0
        self.log_bytes = 0
        self.loads: dict[int, Load] = {}

    def climb(self, boards: int) -> None:
        """Take the reports of so many powered boards for a while."""
        self._progress(f"{boards:,} powered boards against {self._name}")
        rate = boards / REPORT_SECONDS
        count = max(1, round(rate * self._effort.seconds))
        bodies = [self._body() for _ in range(count)]
        due, times = 0.0, []
        for _ in bodies:
            due += self._dice.expovariate(rate)
            times.append(due)
        begin = self._log_position()
        load, whole = send_on_time(self._server, bodies, times)
        self.log_bytes += self._log_position() - begin
        self.messages += load.requests
        self.loads[boards] = load
        self.holds = self.holds and whole and load.percentile_ms(99) <= MOST_P99_MS
        if self.holds:
            self.held = boards

    def warm_up(self) -> None:
        """The first requests of a process take longest."""
        send_on_time(self._server, [self._body() for _ in range(WARMING_REQUESTS)], [0.0] * WARMING_REQUESTS)

    def _body(self) -> bytes:
        minute, device = divmod(next(self._numbers), self._effort.devices)
        board = uuid.UUID(hashlib.md5(f"board{device}".encode()).hexdigest())
        sent = message(board, minute // 60, minute % 60 * 60 + 60)
        return json.dumps(self._server.of(sent), separators=(",", ":")).encode()

    def _log_position(self) -> int:
        found = self._admin.execute("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')").fetchone()
        assert found is not None
        return int(found[0])


def send_on_time(server: Server, bodies: Sequence[bytes], times: Sequence[float]) -> tuple[Load, bool]:
    """Post each body at its time, in seconds from now, whether or not earlier ones are answered.

    Latencies count from that time, so that waiting for a free connection is part of them. The second value says
    whether all was sent: a server that falls too far behind is not sent the rest.
    """
    numbers = iter(range(len(bodies)))
    lock = threading.Lock()
    latencies: list[float] = []
    begin = time.perf_counter() + 0.1

    def work(connection: int) -> None:
        with Connection(server.urls[connection % len(server.urls)], server.headers) as sender:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                wait = begin + times[number] - time.perf_counter()
                if wait < -GIVE_UP_SECONDS:
                    return
                time.sleep(max(0.0, wait))
                sender.post(bodies[number])
                latencies.append(time.perf_counter() - begin - times[number])

    with ThreadPoolExecutor(OPEN_CONNECTIONS) as threads:
        list(threads.map(work, range(OPEN_CONNECTIONS)))
    return Load(len(latencies), time.perf_counter() - begin, latencies), len(latencies) == len(bodies)


# Growth


_SIZES = """
select (pg_table_size('public.sessions') + pg_total_relation_size('private.plane_days')
    + pg_total_relation_size('private.plane_months'))::float8, pg_indexes_size('public.sessions')::float8
"""

_REPORTS = """
create table reports (device_uuid uuid not null, reported_at timestamptz not null, session_start timestamptz not null,
  run_seconds integer not null, status text not null, firmware text, primary key (device_uuid, reported_at));
insert into reports select device_uuid, session_start + n * interval '1 minute', session_start, n * 60, 'open', firmware
  from (select * from sessions limit {sessions}) s, generate_series(1, 60) n;
vacuum analyze reports
"""


def _growth(stack: Stack, effort: Effort, progress: Callable[[str], None]) -> Iterator[Figure]:
    progress(f"Filling a database with {effort.growth:,} sessions")
    sample = effort.growth // 10
    with filled(stack, effort.growth) as admin:
        rows, indexes = (size / effort.growth for size in _row(admin, _SIZES))
        for statement in _REPORTS.format(sessions=sample).split(";"):
            admin.execute(statement.encode())
        reports = _row(admin, "select pg_table_size('reports')::float8, pg_indexes_size('reports')::float8")
        report_rows, report_indexes = (size / sample for size in reports)
    _drop(stack, f"bench_{effort.growth}")
    how = (
        f"Sizes of the tables among {effort.growth:,} sessions of an hour, freshly filled and vacuumed, hours per day "
        f"and month included; a row per report: 60 rows for each of {sample:,} of them."
    )
    instead = "a row per minutely report"
    for name, unit, value, other in (
        ("Bytes per session, with indexes", "bytes", rows + indexes, report_rows + report_indexes),
        ("Bytes of indexes per session", "bytes", indexes, report_indexes),
        (
            f"Growth per board-year of {SESSIONS_PER_YEAR} sessions",
            "MiB",
            (rows + indexes) * SESSIONS_PER_YEAR / MEBIBYTE,
            (report_rows + report_indexes) * SESSIONS_PER_YEAR / MEBIBYTE,
        ),
    ):
        yield Figure(PART, name, unit, value, how, (Alternative(instead, other),))


def _row(admin: Admin, query: str) -> list[float]:
    found = admin.execute(query.encode()).fetchone()
    assert found is not None
    return [float(value) for value in found]


def _drop(stack: Stack, database: str) -> None:
    with psycopg.connect(stack.database_url, autocommit=True) as admin:
        admin.execute(f"drop database {database} with (force)".encode())


# Partitions


PLAIN, HASHED, MONTHLY = "plain", "hashed", "monthly"
_KINDS = {
    PLAIN: ("", ""),
    HASHED: ("partition by hash (device_uuid)", ", device_uuid"),
    MONTHLY: ("partition by range (session_start)", ", session_start"),
}
_COLUMNS = """session_id, device_uuid, session_start, run_seconds, last_update, status, boot, start_source,
  checkpoint_seconds, lifetime_seconds, reset_reason, firmware, fleet_id, plane_id, effective_start"""
_ROWS = f"""
insert into {PLAIN} ({_COLUMNS})
select md5(n || ' ' || s)::uuid, md5('board' || n)::uuid, start, 3600, start, 'closed', s, 'ntp', 15, s * 3600,
  'POWER_ON', '1.0.0', md5('fleet' || n / 5)::uuid, md5('plane' || n)::uuid, start
from generate_series(1, {SESSIONS_PER_PLANE}) s, generate_series(0, {{boards}} - 1) n,
  lateral (select timestamptz '2024-01-01' + s * interval '36 hours' as start) t
"""
_COPY = f"insert into {{table}} ({_COLUMNS}) select {_COLUMNS} from {PLAIN}"
_WRITE = f"""\\set board random(0, {{boards}} - 1)
\\set number random({{numbers}})
insert into {{table}} ({_COLUMNS})
values (md5(:board || ' ' || {{session}})::uuid, md5('board' || :board)::uuid, {{start}}, 3660, {{start}}, 'open',
  {{session}}, 'ntp', 15, 3600, 'POWER_ON', '1.0.0', md5('fleet' || :board / 5)::uuid, md5('plane' || :board)::uuid,
  {{start}})
on conflict (device_uuid, session_start) do update set run_seconds = excluded.run_seconds,
  last_update = excluded.last_update, status = excluded.status;
"""
_NEW = {"numbers": "1, 20000000", "session": "(1000 + :number)"} | {
    "start": "timestamptz '2026-02-01' + :number * interval '1 second'"
}
_AGAIN = {"numbers": f"{SESSIONS_PER_PLANE - 9}, {SESSIONS_PER_PLANE}", "session": ":number"} | {
    "start": "timestamptz '2024-01-01' + :number * interval '36 hours'"
}
_PAGE = """select * from {table} where plane_id = md5('plane{number}')::uuid
order by effective_start desc, session_id desc limit 50"""


@dataclass
class _Cost:
    """Milliseconds of a new session, of one more report, and of a page; blocks of 8 KiB of a page."""

    new: float
    again: float
    page: float
    blocks: float


def _partitions(stack: Stack, effort: Effort, progress: Callable[[str], None]) -> Iterator[Figure]:
    assert stack.postgres is not None
    boards = effort.partitioned // SESSIONS_PER_PLANE
    url = stack.postgres.dsn("bench_partitions")
    with psycopg.connect(stack.database_url, autocommit=True) as admin:
        admin.execute("create database bench_partitions")
    prepare_database(url, stack.data / "prepare.log")
    costs: dict[str, list[_Cost]] = {kind: [] for kind in _KINDS}
    with psycopg.connect(url, autocommit=True) as admin:
        # Fewer checkpoints while millions of rows come.
        admin.execute("alter system set max_wal_size = '3GB'")
        admin.execute("select pg_reload_conf()")
        _fill(admin, PLAIN, boards, progress)
        # One at a time beside the plain one: three would not fit on a small disk.
        for other in (HASHED, MONTHLY):
            _fill(admin, other, boards, progress)
            for kind in (PLAIN, other):
                progress(f"Writing to and reading from {effort.partitioned:,} sessions, {kind}")
                costs[kind].append(_cost(admin, url, kind, boards, effort.transactions))
            admin.execute(f"drop table {other}".encode())
    _drop(stack, "bench_partitions")
    how = (
        f"A table like sessions with its keys and indexes and {effort.partitioned:,} rows, {SESSIONS_PER_PLANE} per "
        f"board, without triggers and row security, against the same in {HASH_PARTITIONS} partitions by hash of device "
        f"and in {MONTHS} by month; writes: pgbench with one connection, {effort.transactions:,} transactions on "
        f"random boards, no waiting for the disk at commit; pages: median of {PAGES} planes. The plain one was "
        "measured beside each, and has the mean."
    )
    picks: tuple[tuple[str, str, Callable[[_Cost], float]], ...] = (
        ("A new session", "ms", lambda cost: cost.new),
        ("One more report of a session", "ms", lambda cost: cost.again),
        ("A page of a plane's sessions", "ms", lambda cost: cost.page),
        ("A page of a plane's sessions", "blocks of 8 KiB", lambda cost: cost.blocks),
    )
    for name, unit, pick in picks:
        values = {kind: statistics.mean([pick(cost) for cost in found]) for kind, found in costs.items()}
        yield Figure(
            PART,
            f"{name} among {effort.partitioned:,}",
            unit,
            values[PLAIN],
            how,
            (
                Alternative("partitioned by hash of device", values[HASHED]),
                Alternative("partitioned by month", values[MONTHLY]),
            ),
        )


def _fill(admin: Admin, table: str, boards: int, progress: Callable[[str], None]) -> None:
    """The table with its rows first and its keys and indexes after them."""
    progress(f"Filling a table of {boards * SESSIONS_PER_PLANE:,} sessions, {table}")
    partition, key = _KINDS[table]
    # In memory that one machine of two cores has to spare while nothing else happens.
    admin.execute("set maintenance_work_mem = '512MB'; set synchronous_commit = off")
    like = "like public.sessions including defaults including generated"
    admin.execute(f"create table {table} ({like}) {partition or 'with (fillfactor = 80)'}".encode())
    for name, bounds in _parts(table):
        admin.execute(f"create table {name} partition of {table} {bounds} with (fillfactor = 80)".encode())
    rows = _ROWS.format(boards=boards) if table == PLAIN else _COPY.format(table=table)
    admin.execute(rows.encode())
    admin.execute(f"alter table {table} add primary key (session_id{key})".encode())
    admin.execute(f"alter table {table} add unique (device_uuid, session_start)".encode())
    for (definition,) in admin.execute(
        "select pg_get_indexdef(indexrelid) from pg_index where indrelid = 'public.sessions'::regclass"
        " and not exists (select from pg_constraint where conindid = indexrelid)"
    ).fetchall():
        text = str(definition).replace("ON public.sessions", f"ON public.{table}")
        admin.execute(text.replace("INDEX sessions", f"INDEX {table}").encode())
    admin.execute(f"vacuum analyze {table}".encode())


def _parts(table: str) -> Iterator[tuple[str, str]]:
    """Names and bounds of a table's partitions."""
    if table == HASHED:
        for number in range(HASH_PARTITIONS):
            yield f"{table}_{number}", f"for values with (modulus {HASH_PARTITIONS}, remainder {number})"
    if table == MONTHLY:
        for number in range(MONTHS):
            begin, end = (f"{FIRST_MONTH[0] + one // 12}-{one % 12 + 1:02}-01Z" for one in (number, number + 1))
            yield f"{table}_{number}", f"for values from ('{begin}') to ('{end}')"


def _cost(admin: Admin, url: str, table: str, boards: int, transactions: int) -> _Cost:
    def write(which: dict[str, str]) -> float:
        script = _WRITE.format(table=table, boards=boards, **which)
        lines = script.split("insert", 1)
        script = lines[0] + "insert" + lines[1].replace("\n", " ") + "\n"
        # Without waiting for the disk, which takes as long for all of them.
        return pgbench(url, script, 1, transactions, "-c synchronous_commit=off")

    new, again = write(_NEW), write(_AGAIN)
    plans = [explain(admin, "postgres", "", _PAGE.format(table=table, number=one % boards)) for one in range(PAGES)]
    return _Cost(
        new,
        again,
        statistics.median(plan["Execution Time"] for plan in plans),
        statistics.median(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] for plan in plans),
    )


# The herd


def _herd(stack: Stack, effort: Effort, progress: Callable[[str], None]) -> Iterator[Figure]:
    found = {}
    for name, firmware in (herd.FIRMWARES, herd.STEPS, herd.FIXED):
        progress(f"Letting {effort.herd:,} boards come back: {name}")
        found[name] = herd.stampede(effort.herd, firmware, down_seconds=DOWN_SECONDS, watched_seconds=WATCHED_SECONDS)
    ours = found.pop(herd.FIRMWARES[0])
    how = (
        f"Simulated time: {effort.herd:,} light boards in the air, the backend away for {DOWN_SECONDS // 60} min and "
        f"back with {herd.SPARE} times the capacity that they need; boards wait for an answer as long as the firmware."
    )
    scaled = PER_BOARDS / effort.herd

    def against(name: str, unit: str, pick: Callable[[herd.Herd], float], better_higher: bool = False) -> Figure:
        others = tuple(Alternative(other, pick(one)) for other, one in found.items())
        return Figure(PART, name, unit, pick(ours), how, others, better="higher" if better_higher else "lower")

    yield against(
        f"Requests to a backend that is away, per {PER_BOARDS:,} boards",
        "requests/s",
        lambda one: one.mean_while_down * scaled,
    )
    yield against(
        f"Busiest second of an outage, per {PER_BOARDS:,} boards",
        "requests/s",
        lambda one: one.peak_while_down * scaled,
    )
    yield against(
        "Busiest second of an outage against its mean", "times", lambda one: one.peak_while_down / one.mean_while_down
    )
    yield against(
        f"Requests that time out after an outage, per {PER_BOARDS:,} boards",
        "requests",
        lambda one: one.timed_out * scaled,
    )
    yield against(
        f"Boards delivering again {WATCHED_SECONDS // 60} min after an outage",
        "of all boards",
        lambda one: len(one.back_after) / one.boards,
        better_higher=True,
    )
    yield against(
        "Time until every board delivers again (at least)",
        "s",
        lambda one: min(one.recovery_seconds(1), WATCHED_SECONDS),
    )
    progress(f"Delivering a day of {effort.delivered} boards")
    midnight = herd.NOON - 12 * 3600
    delivery = herd.deliver_a_day(function_of(stack).urls[0], effort.delivered, midnight, progress)
    with psycopg.connect(stack.database_url) as database:
        rows = database.execute(
            "select device_uuid::text, extract(epoch from session_start)::bigint, run_seconds from public.sessions"
        ).fetchall()
    arrived = {(device, start): seconds for device, start, seconds in rows}
    yield Figure(
        PART,
        "Seconds of power lost over an outage at dusk",
        "s",
        delivery.lost_seconds(arrived),
        f"{effort.delivered} light boards fly a club's day against the real function and database, away from 16 to "
        f"20 h; every board is on again next morning. {len(delivery.kept):,} sessions in the database against what the "
        "boards keep.",
        (Alternative("minutely reports without a backlog", delivery.lost_seconds(delivery.live)),),
    )
