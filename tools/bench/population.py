"""Many sessions at once, straight into the tables: what costs are compared among."""

from typing import Any

import psycopg
from psycopg.rows import tuple_row

SESSIONS_PER_PLANE = 500
PLANES_PER_FLEET = 5

_CLUBS = f"""
create temp table number as
  select n, md5('fleet' || n / {PLANES_PER_FLEET})::uuid as fleet, md5('plane' || n)::uuid as plane,
    md5('board' || n)::uuid as board, md5('ownership' || n)::uuid as ownership
  from generate_series(0, %s - 1) n;
insert into fleets (fleet_id, name) select distinct fleet, 'Club' from number on conflict do nothing;
insert into planes (fleet_id, plane_id, registration) select fleet, plane, 'D-' || n from number;
insert into devices (device_uuid, fleet_id) select board, fleet from number;
insert into device_ownerships (ownership_id, device_uuid, fleet_id) select ownership, board, fleet from number;
insert into device_assignments (ownership_id, device_uuid, fleet_id, plane_id, assigned_from)
  select ownership, board, fleet, plane, '2024-01-01' from number;
"""

_SESSIONS = """
insert into sessions (session_id, device_uuid, session_start, run_seconds, last_update, status, boot, start_source,
    checkpoint_seconds, lifetime_seconds, reset_reason, firmware, fleet_id, plane_id, effective_start)
  select private.session_id(board, start), board, start, 3600, start, 'closed', s, 'ntp', 15, s * 3600, 'POWER_ON',
    '1.0.0', fleet, plane, start
  from number, generate_series(1, %s) s,
    lateral (select timestamptz '2024-01-01' + s * interval '36 hours' as start) t
  order by s, n;
"""

# Those that no constraint owns: a key has to be there while rows come, the others are made faster afterwards.
_INDEXES = """
select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
where indrelid = 'sessions'::regclass and not exists (select from pg_constraint where conindid = indexrelid)
"""


def fill_up(admin: psycopg.Connection[Any], sessions: int, per_plane: int = SESSIONS_PER_PLANE) -> None:
    """Fill an empty database with so many sessions, in clubs that are all alike.

    `admin` is a superuser with autocommit.
    """

    def run(script: str) -> None:
        for statement in script.split(";"):
            admin.execute(statement.encode())

    with admin.cursor(row_factory=tuple_row) as cursor:
        indexes = cursor.execute(_INDEXES).fetchall()
    run(_CLUBS % (sessions // per_plane))
    # A replica fires no triggers and checks no foreign keys.
    run("set session_replication_role = replica;" + ";".join(f"drop index {name}" for name, _ in indexes))
    run(_SESSIONS % per_plane)
    run(";".join(definition for _, definition in indexes))
    run("select private.rebuild_hours(); reset session_replication_role; drop table number; vacuum analyze")


LONGEST_HISTORY_DAYS = 900
_LEAST_PLANES = 4
_SESSIONS_PER_CLUB_PLANE = 2500

_CLUB = """
create temp table club as
  select n, md5(fleet || 'plane' || n)::uuid as plane, md5(fleet || 'board' || n)::uuid as board,
    md5(fleet || 'ownership' || n)::uuid as ownership, fleet::uuid as fleet, now
  from (select '{fleet}' as fleet, private.clock() as now) one, generate_series(1, {planes}) n;
set session_replication_role = replica;
insert into planes (fleet_id, plane_id, registration) select fleet, plane, 'D-' || 1000 + n from club;
insert into meters (fleet_id, plane_id, name, source, is_primary)
  select fleet, plane, 'Powered time', 'powered', true from club;
insert into devices (device_uuid, fleet_id, last_seen)
  select board, fleet, private.clock() - interval '6 hours' from club;
insert into device_ownerships (ownership_id, device_uuid, fleet_id) select ownership, board, fleet from club;
insert into device_assignments (ownership_id, device_uuid, fleet_id, plane_id, assigned_from)
  select ownership, board, fleet, plane, '2024-01-01' from club;
insert into sessions (session_id, device_uuid, session_start, run_seconds, last_update, status, checkpoint_seconds,
    boot, start_source, start_uncertainty_s, engine_seconds, engine_first_s, bus_start_mv, bus_min_mv, bus_max_mv,
    fleet_id, plane_id, effective_start)
  select private.session_id(board, start), board, start, run_seconds, start + run_seconds * interval '1 second',
    'closed', 15, {each} - s, (case when s % 500 = 7 then 'estimated' else 'ntp' end)::start_source,
    case when s % 500 = 7 then 1200 end,
    case when n % 2 = 0 then case when s % 10 = 0 then 0 else run_seconds - 240 end end,
    case when n % 2 = 0 and s % 10 > 0 then 120 end,
    case when n % 2 = 0 then 12400 end, case when n % 2 = 0 then 9000 end, case when n % 2 = 0 then 14100 end,
    fleet, plane, start
  from club, generate_series(0, {each} - 1) s,
    lateral (
      select now - interval '8 hours' - n * interval '7 minutes'
        - s * least(interval '36 hours', interval '{days} days' / {each}) as start,
        1800 + (s * 487 + n * 91) % 5400 as run_seconds
    ) t
  order by s desc, n;
select private.rebuild_hours();
reset session_replication_role;
drop table club;
vacuum analyze
"""


def fill_club(admin: psycopg.Connection[Any], fleet_id: str, sessions: int, planes: int | None = None) -> None:
    """Give one fleet a history of so many sessions up to this morning: up to 2,500 a plane, four planes at least.

    Every second board senses the bus voltage.

    `admin` is a superuser with autocommit; `sessions` divides by the number of planes.
    """
    planes = planes or max(_LEAST_PLANES, sessions // _SESSIONS_PER_CLUB_PLANE)
    script = _CLUB.format(fleet=fleet_id, planes=planes, each=sessions // planes, days=LONGEST_HISTORY_DAYS)
    for statement in script.split(";"):
        admin.execute(statement.encode())


# Of each plane's sessions every fourteenth is merged with the next one, and as many are split in two.
_OVERLAYS = """
create temp table line as
  select session_id, fleet_id, plane_id, effective_start, run_seconds,
    row_number() over (partition by plane_id order by effective_start, session_id) as n
  from sessions where fleet_id = '{fleet}' and device_uuid is not null and plane_id is not null;
set session_replication_role = replica;
insert into merged_entries (entry_id, fleet_id, class)
  select md5('merged' || session_id)::uuid, fleet_id, 'flight' from line where n % 14 = 1;
insert into merged_sessions (session_id, entry_id, fleet_id)
  select member.session_id, md5('merged' || line.session_id)::uuid, line.fleet_id
  from line join line member on member.plane_id = line.plane_id and member.n in (line.n, line.n + 1)
  where line.n % 14 = 1;
insert into session_parts (entry_id, session_id, fleet_id, from_seconds, effective_start, class)
  select md5('part' || session_id || cut)::uuid, session_id, fleet_id, cut, effective_start, 'flight'
  from line, lateral (values (0), (run_seconds / 2)) cuts (cut) where n % 14 = 7;
update sessions s set is_overlaid = true, in_entry = true from session_parts p where p.session_id = s.session_id;
update sessions s set is_overlaid = true from merged_sessions m where m.session_id = s.session_id;
select private.refresh_merged(array(select entry_id from merged_entries));
select private.refresh_parts(array(select distinct session_id from session_parts));
reset session_replication_role;
drop table line;
vacuum analyze
"""


def add_overlays(admin: psycopg.Connection[Any], fleet_id: str) -> None:
    """Merge and split sessions of a fleet of `fill_club`, up to a fifth of them.

    `admin` is a superuser with autocommit.
    """
    for statement in _OVERLAYS.format(fleet=fleet_id).split(";"):
        admin.execute(statement.encode())


PROGRAMME_PLANES = 60
PROGRAMME_ITEMS = 20
# Of each plane 16 items of its own, of which every fourth is due by the calendar alone, and 4 of an engine that is
# installed in it; all three anchors; each done six times, with a figure of the meter and without.
_PROGRAMME = """
create temp table programme as
  select p.fleet_id, p.plane_id, m.meter_id, md5('engine' || p.plane_id)::uuid as engine
  from planes p join meters m on m.plane_id = p.plane_id and m.is_primary
  where p.fleet_id = '{fleet}' order by p.registration limit {planes};
set session_replication_role = replica;
insert into components (fleet_id, component_id, kind) select fleet_id, engine, 'engine' from programme;
insert into component_installations (fleet_id, component_id, plane_id, meter_id, installed_from, since_new_seconds)
  select fleet_id, engine, plane_id, meter_id, '2024-02-01', 3600000 from programme;
insert into maintenance_items (fleet_id, plane_id, component_id, counts_from, name, meter_id, interval_seconds,
    interval_months, tolerance_seconds, anchor)
  select fleet_id, case when n <= 16 then plane_id end, case when n > 16 then engine end,
    case when n > 16 then 'since_new'::component_time end, 'Item ' || n,
    case when n <= 16 and n % 4 > 0 then meter_id end, case when n % 4 > 0 then n * 25 * 3600 end,
    case when n % 2 = 0 then n end, 36000, (enum_range(null::maintenance_anchor))[1 + n % 3]
  from programme, generate_series(1, {items}) n;
insert into maintenance_completions (fleet_id, item_id, done_at, done_on, meter_seconds)
  select i.fleet_id, i.item_id, t, t::date, case when n % 2 = 0 and i.interval_seconds is not null then 3600000 end
  from maintenance_items i, generate_series(0, 5) n,
    lateral (select date_trunc('second', private.clock() - interval '20 days' - n * interval '50 days') as t) at
  where i.fleet_id = '{fleet}';
reset session_replication_role;
drop table programme;
vacuum analyze
"""


def add_programme(admin: psycopg.Connection[Any], fleet_id: str) -> None:
    """Give each plane of a fleet, up to 60 of them, a maintenance programme of 20 items.

    `admin` is a superuser with autocommit.
    """
    for statement in _PROGRAMME.format(fleet=fleet_id, planes=PROGRAMME_PLANES, items=PROGRAMME_ITEMS).split(";"):
        admin.execute(statement.encode())
