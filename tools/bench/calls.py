"""What each call of a member costs in a fleet with a long history, beside the same call with a tenth of it."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg

from tools.bench.figures import Alternative, Figure
from tools.bench.ingest import Admin, explain, migrated, open_folder
from tools.bench.population import PROGRAMME_ITEMS, PROGRAMME_PLANES, add_overlays, add_programme, fill_club
from tools.stack import Stack

PART = "calls"
# A thousand flights on paper, of 20 planes (or as many as there are) and from long ago until now.
_A_FILE = """(
  select jsonb_agg(jsonb_build_object('row_number', n, 'plane_id', p.ids[1 + n % least(cardinality(p.ids), 20)],
    'start', to_char(private.clock() at time zone 'UTC' - n * interval '11 days', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'seconds', 3600, 'pilot', 'Amelia'))
  from generate_series(1, 1000) n, (select array_agg(plane_id) as ids from planes where fleet_id = %(fleet)s) p
)"""
# What the page or an API user asks for. Names in %(...)s are filled in: a fleet, one of its planes and devices, a time;
# {listed} are the columns of a list of entries, which are all but the engine's Hobbs columns; {without_hobbs} those of
# the timeline.
CALLS = {
    "Dashboard": "select fleet_overview(%(fleet)s, 'Europe/Berlin', true, 12, 6)",
    "Hours of all planes": "select * from plane_hours('Europe/Berlin', %(fleet)s)",
    "Meters of all planes": "select * from meter_status(%(fleet)s)",
    "What is due": "select * from maintenance_status('Europe/Berlin', %(fleet)s)",
    "Components of all planes": "select * from component_status(%(fleet)s)",
    "Hours of 12 months": "select * from hours_by_month(%(fleet)s, 'Europe/Berlin')",
    "Hours of two years": "select * from year_hours(%(fleet)s, %(year)s, 'Europe/Berlin')",
    "Hours of 30 days": "select * from hours_by_day(%(fleet)s, 'Europe/Berlin', 30)",
    "Hours of 371 days": "select * from hours_by_day(%(fleet)s, 'Europe/Berlin')",
    "Hours per class of this month": "select * from hours_by_class(%(fleet)s, 'Europe/Berlin', 1)",
    "Hours per class of 12 months": "select * from hours_by_class(%(fleet)s, 'Europe/Berlin')",
    "Voltages of a plane in 12 months": "select * from plane_voltages(%(plane)s, 12, 'Europe/Berlin')",
    "Review list": "select * from sessions_to_review(%(fleet)s)",
    "Missing power-ups of all devices": "select * from fleet_boot_gaps(%(fleet)s)",
    "Completeness of a device": "select * from device_completeness(%(device)s)",
    "Missing power-ups of a device": "select * from boot_gaps(%(device)s)",
    "Page of the log": "select {listed} from log_entries where fleet_id = %(fleet)s"
    " order by effective_start desc, entry_id desc limit 51",
    "Page of a plane's log": "select {listed} from log_entries where fleet_id = %(fleet)s and plane_id = %(plane)s"
    " order by effective_start desc, entry_id desc limit 51",
    "Page of overlaps": "select {listed} from log_entries log where fleet_id = %(fleet)s and log.overlaps"
    " order by effective_start desc, entry_id desc limit 51",
    "Number of overlaps": "select count(*) from log_entries log where fleet_id = %(fleet)s and log.overlaps",
    "Page of unconfirmed sessions": "select {listed} from log_entries where fleet_id = %(fleet)s"
    " and quality = 'unconfirmed'"
    " order by effective_start desc, entry_id desc limit 51",
    "Page of the longest sessions": "select {listed} from log_entries where fleet_id = %(fleet)s"
    " order by run_seconds desc nulls last, effective_start desc, entry_id desc limit 51",
    "Page of sessions by plane": "select {listed} from log_entries where fleet_id = %(fleet)s"
    " order by registration nulls last, effective_start desc, entry_id desc limit 51",
    "Page of sessions by pilot": "select {listed} from log_entries where fleet_id = %(fleet)s"
    " order by pilot nulls last, effective_start desc, entry_id desc limit 51",
    "Page of a plane's sessions by Hobbs": "select {listed} from log_entries where fleet_id = %(fleet)s"
    " and plane_id = %(plane)s order by hobbs_end_seconds desc nulls last, entry_id desc limit 51",
    "Week of the timeline": "select {without_hobbs} from log_entries"
    " where fleet_id = %(fleet)s and session_end > %(week_ago)s"
    " and effective_start > %(week_ago)s::timestamptz - interval '366 days'"
    " order by effective_start desc, entry_id desc limit 1000",
    "Number of a month's sessions": "select count(*) from log_entries where fleet_id = %(fleet)s"
    " and effective_start >= %(month_ago)s",
    "Number of sessions": "select count(*) from log_entries where fleet_id = %(fleet)s",
    "Totals of a plane's month": "select * from log_totals(%(fleet)s, %(plane)s, from_time => %(month_ago)s)",
    "Totals of a plane's log": "select * from log_totals(%(fleet)s, %(plane)s)",
    "Totals of the log": "select * from log_totals(%(fleet)s)",
    "Page of the export's sessions": "select fleet_export(%(fleet)s, 'sessions')",
    "Page of the export's hours": "select fleet_export(%(fleet)s, 'hours')",
    "Check of a file to import": f"select * from check_import(%(fleet)s, {_A_FILE})",
    # Taken back after each measurement.
    "Import of a file": f"select import_sessions(gen_random_uuid(), %(fleet)s, 'Log', null, null, {_A_FILE})",
    "Piece of a fleet's deletion": "select delete_fleet(%(fleet)s)",
    "Piece of an account's deletion": "select delete_account()",
}
HAND_ENTERED = 2_000
# Beside the devices' sessions of one plane, back from now.
_ENTER_BY_HAND = """
insert into sessions (session_id, session_start, run_seconds, status, report_closed, fleet_id, plane_id,
  effective_start)
select gen_random_uuid(), t, 600, 'closed', true, fleet_id, plane_id, t
from planes, generate_series(1, %s) n, lateral (select private.clock() - n * interval '5 hours 7 minutes') at (t)
where registration = 'D-1001' and t > private.earliest_start()
"""
# Every plane has a tach that was read every ten days, and every second one's is primary.
_ADD_TACHS = """
insert into meters (fleet_id, plane_id, name, source, base_meter_id, entered_ratio)
  select fleet_id, plane_id, 'Tach', 'estimated', meter_id, 0.8 from meters where source = 'powered'
"""
_READ_TACHS = """
insert into hour_readings (fleet_id, plane_id, meter_id, as_of, seconds, expected_seconds, reason)
  select m.fleet_id, m.plane_id, m.meter_id, private.clock() - n * interval '10 days', (100 - n) * 10 * 3600, 0, 'check'
  from meters m, generate_series(0, 89) n where m.source = 'estimated'
"""
_PREFER_TACHS = """
update meters m set is_primary = (m.source = 'estimated') from planes p
where p.plane_id = m.plane_id and right(p.registration, 1) in ('0', '2', '4', '6', '8')
"""
_KNOWN = """
select p.fleet_id::text as fleet, p.plane_id::text as plane, (
    select device_uuid::text from sessions where plane_id = p.plane_id and device_uuid is not null limit 1
  ) as device, (private.clock() - interval '30 days')::text as month_ago,
  (private.clock() - interval '7 days')::text as week_ago, extract(year from private.clock()) as year, (
    select string_agg(format('%I', attname), ', ' order by attnum) from pg_attribute
    where attrelid = 'log_entries'::regclass and attnum > 0 and not starts_with(attname, 'engine_hobbs_')
  ) as listed, (
    select string_agg(format('%I', attname), ', ' order by attnum) from pg_attribute
    where attrelid = 'log_entries'::regclass and attnum > 0 and attname !~ 'hobbs_'
  ) as without_hobbs
from planes p where p.registration = 'D-1002'
"""


@dataclass(frozen=True)
class Effort:
    """Sessions of the fleet, and how often each call is made."""

    sessions: int
    repeats: int


SHORT = Effort(20_000, 3)
FULL = Effort(1_000_000, 5)


def fill(admin: Admin, fleet_id: str, sessions: int) -> None:
    """Give an empty fleet its history with merged, split and hand-entered entries, tachs, and maintenance.

    `admin` is a superuser with autocommit.
    """
    fill_club(admin, fleet_id, sessions)
    admin.execute("set session_replication_role = replica")
    admin.execute(_ENTER_BY_HAND, [HAND_ENTERED])
    for statement in (_ADD_TACHS, _READ_TACHS, _PREFER_TACHS):
        admin.execute(statement)
    admin.execute("select private.rebuild_hours()")
    admin.execute("reset session_replication_role")
    add_overlays(admin, fleet_id)
    add_programme(admin, fleet_id)


def statements(admin: Admin) -> dict[str, str]:
    """The calls, with what they ask about filled in."""
    with admin.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        known = cursor.execute(_KNOWN).fetchone()
    assert known is not None
    columns = {name: known[name] for name in ("listed", "without_hobbs")}
    return {
        name: re.sub(r"%\((\w+)\)s", lambda found: f"'{known[found[1]]}'", _with_columns(call, columns))
        for name, call in CALLS.items()
    }


def _with_columns(call: str, columns: dict[str, str]) -> str:
    for name, listed in columns.items():
        call = call.replace(f"{{{name}}}", listed)
    return call


def measure(effort: Effort, tell: Callable[[str], None]) -> Iterator[Figure]:
    """Milliseconds and blocks of each call as a member, with row security, in the larger fleet and the smaller."""
    small, large = effort.sessions // 10, effort.sessions
    with open_folder() as data, Stack(data=data, port=0, portal=False) as stack:
        costs = [_costs(stack, sessions, effort.repeats, tell) for sessions in (small, large)]
    how = (
        f"Median of {effort.repeats} calls as a member, with row security, in a fleet of {large:,} sessions in up to"
        f" 2.5 years, a fifth of them merged or split, {HAND_ENTERED:,} more entered by hand, {PROGRAMME_ITEMS}"
        f" maintenance items for each of up to {PROGRAMME_PLANES} planes; the same in one of {small:,}."
    )
    for name in CALLS:
        for number, unit in enumerate(("ms", "blocks")):
            instead = Alternative(f"with {small:,} sessions", costs[0][name][number])
            yield Figure(PART, name, unit, costs[1][name][number], how, (instead,))


def _costs(stack: Stack, sessions: int, repeats: int, tell: Callable[[str], None]) -> dict[str, tuple[float, float]]:
    with migrated(stack, f"calls_{sessions}") as admin:
        found = admin.execute(
            "with person as (insert into auth.users (id, email) values (gen_random_uuid(), 'member@example.org')"
            " returning id) select id::text from person"
        ).fetchone()
        assert found is not None
        member = str(found[0])
        fleet = admin.execute("select fleet_id::text from fleet_members where user_id = %s", [member]).fetchone()
        assert fleet is not None
        tell(f"Filling a fleet with {sessions:,} sessions")
        fill(admin, fleet[0], sessions)
        costs = {}
        for name, call in statements(admin).items():
            tell(f"{name}, {sessions:,} sessions")
            costs[name] = _cost(admin, member, call, repeats)
        return costs


def _cost(admin: Admin, member: str, call: str, repeats: int) -> tuple[float, float]:
    """Milliseconds, and blocks once all is planned and cached."""
    taken, blocks = [], 0
    for number in range(repeats + 1):
        started = time.perf_counter()
        with admin.transaction(force_rollback=True):
            plan = explain(admin, "authenticated", member, call)["Plan"]
        if number > 0:
            taken.append((time.perf_counter() - started) * 1000)
        blocks = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return statistics.median(taken), blocks
