-- Completeness, as far as it can be shown: power-ups that are missing or came twice, and seconds of the board's own
-- count that no session holds. And hours per class, for charts.

-- A device's power-ups go through the hands of its owners. Each fleet sees its own sessions, and between two of them only
-- what is missing in its own time: what another fleet has is neither missing nor told. SECURITY DEFINER, to know of it.
create function private.device_record(device uuid)
returns table (
  fleet_id uuid, boot integer, next_boot integer, session_start timestamptz, session_end timestamptz,
  next_start timestamptz, run_seconds integer, lifetime_seconds bigint, flagged boolean, stretch bigint
)
language plpgsql stable security definer set search_path = '' as $$
declare
  mine constant uuid[] := private.fleets_as('viewer');
begin
  return query
    with neighbour as (
      select s.fleet_id, s.boot, s.session_start, s.session_end, s.effective_start, s.run_seconds, s.lifetime_seconds,
        s.flagged, s.fleet_id is distinct from lag(s.fleet_id) over (order by s.session_start) as changed_hands,
        lead(s.boot) over by_boot as next_boot, lead(s.effective_start) over by_boot as next_start,
        lead(s.fleet_id) over by_boot as next_fleet
      from public.sessions s where s.device_uuid = device
      window by_boot as (partition by s.boot is null order by s.boot, s.session_start)
    ), counted as (
      select n.*, count(*) filter (where n.changed_hands) over (order by n.session_start) as stretch from neighbour n
    )
    select c.fleet_id, c.boot, case when c.next_fleet = c.fleet_id then c.next_boot end, c.session_start, c.session_end,
      case when c.next_fleet = c.fleet_id then c.next_start end, c.run_seconds, c.lifetime_seconds, c.flagged, c.stretch
    from counted c where c.fleet_id = any (mine);
end $$;
comment on function private.device_record(uuid) is 'A device''s sessions in the caller''s fleets, each with the next power-up in the same hands and the stretch of time in which the device stayed in them.';
grant execute on function private.device_record(uuid) to authenticated;

create function public.device_completeness(device_uuid uuid)
returns table (
  sessions bigint, first_boot integer, last_boot integer, missing_boots bigint, repeated_boots bigint,
  lifetime_seconds bigint, recorded_seconds bigint, unrecorded_seconds bigint
)
language sql stable set search_path = ''
begin atomic
  with session as (
    select r.* from private.device_record(device_completeness.device_uuid) r
  ), believed as (
    select session.*, min(session.session_start) filter (where session.lifetime_seconds is not null)
      over (partition by session.stretch) as first_told
    from session where not session.flagged  -- whose times nobody believes yet
  ), known as (
    -- The board's count at a stretch's first session that tells it, before that session, and at its last.
    select max(believed.lifetime_seconds) as at_last, sum(believed.run_seconds) as recorded,
      greatest(
        max(believed.lifetime_seconds) - min(believed.lifetime_seconds - believed.run_seconds) - sum(believed.run_seconds), 0
      ) as unrecorded
    from believed
    where believed.session_start >= believed.first_told
    group by believed.stretch
  )
  select count(*), min(session.boot), max(session.boot),
    case when max(session.boot) is not null then
      coalesce(sum(session.next_boot::bigint - session.boot - 1) filter (where session.next_boot > session.boot), 0)::bigint
    end,
    count(session.boot) - count(distinct session.boot),
    (select max(known.at_last) from known), (select sum(known.recorded)::bigint from known),
    (select sum(known.unrecorded)::bigint from known)
  from session
  having count(*) > 0;
end;
comment on function public.device_completeness(uuid) is 'What is there of a device, as far as the caller sees it: boots missing or repeated in the fleet''s own time, and seconds of the board''s own count in it that no session holds.';
grant execute on function public.device_completeness(uuid) to authenticated;

-- Missing power-ups that a person has called nothing: said once for the whole fleet, with who and when, and taken back
-- by deleting the row. What arrives late makes a gap smaller; the rest of it stays settled.

create table public.settled_boot_gaps (
  gap_id uuid primary key default gen_random_uuid(),
  fleet_id uuid not null references public.fleets on delete cascade,
  device_uuid uuid not null references public.devices on delete cascade,
  from_boot integer not null,
  to_boot integer not null check (to_boot >= from_boot),
  settled_at timestamptz not null default private.clock(),
  settled_by uuid references auth.users (id) on delete set null,
  unique (fleet_id, device_uuid, from_boot, to_boot)
);
create index settled_boot_gaps_by_device on public.settled_boot_gaps (device_uuid, from_boot);
create index settled_boot_gaps_by_author on public.settled_boot_gaps (settled_by);
comment on table public.settled_boot_gaps is 'Missing power-ups of a device about which a person said: nothing was lost.';
comment on column public.settled_boot_gaps.gap_id is 'Identity of what was said.';
comment on column public.settled_boot_gaps.fleet_id is 'The fleet that says so.';
comment on column public.settled_boot_gaps.device_uuid is 'The device.';
comment on column public.settled_boot_gaps.from_boot is 'The first missing power-up.';
comment on column public.settled_boot_gaps.to_boot is 'The last missing power-up.';
comment on column public.settled_boot_gaps.settled_at is 'When it was said (server time).';
comment on column public.settled_boot_gaps.settled_by is 'Who said it; null for a former member.';

create trigger take_turns before insert or delete on public.settled_boot_gaps
  for each statement execute function private.take_turns();

alter table public.settled_boot_gaps enable row level security;
grant select, delete, insert (gap_id, fleet_id, device_uuid, from_boot, to_boot) on public.settled_boot_gaps to authenticated;
create policy "Members see which missing power-ups are settled" on public.settled_boot_gaps for select to authenticated
  using (fleet_id = any ((select private.fleets_as('viewer'))::uuid[]));
create policy "Editors settle missing power-ups" on public.settled_boot_gaps for insert to authenticated
  with check (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));
create policy "Editors ask about missing power-ups again" on public.settled_boot_gaps for delete to authenticated
  using (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));

-- Which power-ups are missing is kept, and not looked for among all that are there: every open page asks. Like the hours
-- it is worked out from the sessions, around each power-up that comes, goes or gets another number.
create table private.missing_boots (
  device_uuid uuid not null references public.devices on delete cascade,
  from_boot integer not null,
  to_boot integer not null check (to_boot >= from_boot),
  primary key (device_uuid, from_boot)
);
alter table private.missing_boots enable row level security;
comment on table private.missing_boots is 'Per device the power-ups that no session has, between the first and the last that one has, whoever owned it then.';
comment on column private.missing_boots.device_uuid is 'The device.';
comment on column private.missing_boots.from_boot is 'The first missing power-up.';
comment on column private.missing_boots.to_boot is 'The last missing power-up before the next one that is there.';

create function private.refresh_missing_boots(device uuid, changed_boot integer) returns void
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  boot_before constant integer := (
    select s.boot from public.sessions s where s.device_uuid = device and s.boot < changed_boot order by s.boot desc limit 1
  );
  boot_after constant integer := (
    select s.boot from public.sessions s where s.device_uuid = device and s.boot > changed_boot order by s.boot limit 1
  );
begin
  delete from private.missing_boots m
  where m.device_uuid = device and m.from_boot > coalesce(boot_before, -1)
    and (m.from_boot < boot_after or boot_after is null);
  insert into private.missing_boots (device_uuid, from_boot, to_boot)
  select device, step.boot + 1, step.next_boot - 1
  from (
    select there.boot, lead(there.boot) over (order by there.boot) as next_boot
    from (
      values (boot_before), (boot_after),
        ((select s.boot from public.sessions s where s.device_uuid = device and s.boot = changed_boot limit 1))
    ) there (boot)
    where there.boot is not null
  ) step
  where step.next_boot - 1 > step.boot;
end $$;
comment on function private.refresh_missing_boots(uuid, integer) is 'Works out again what is missing on either side of a power-up of a device.';

create function private.boots_came() returns trigger
language plpgsql security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  perform private.refresh_missing_boots(came.device_uuid, came.boot)
  from (
    select distinct changed.device_uuid, changed.boot from changed
    where changed.boot is not null and private.is_ending(changed.fleet_id) is not true
  ) came;
  return null;
end $$;
comment on function private.boots_came() is 'After sessions were inserted or deleted: what is missing around them follows.';
create trigger missing_boots_follow_insert after insert on public.sessions
  referencing new table as changed for each statement execute function private.boots_came();
create trigger missing_boots_follow_delete after delete on public.sessions
  referencing old table as changed for each statement execute function private.boots_came();

create function private.boot_changed() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform private.refresh_missing_boots(new.device_uuid, boot) from unnest(array[old.boot, new.boot]) boot where boot is not null;
  return null;
end $$;
comment on function private.boot_changed() is 'After a session''s greatest message has another number of the power-up: what is missing around both follows.';
create trigger missing_boots_follow_update after update of boot on public.sessions
  for each row when (old.boot is distinct from new.boot) execute function private.boot_changed();

create function private.computed_missing_boots(device uuid) returns setof private.missing_boots
language sql stable set search_path = ''
begin atomic
  select device, step.boot + 1, step.next_boot - 1
  from (
    select s.boot, lead(s.boot) over (order by s.boot) as next_boot
    from public.sessions s where s.device_uuid = device and s.boot is not null
  ) step
  where step.next_boot - 1 > step.boot;
end;
comment on function private.computed_missing_boots(uuid) is 'All missing power-ups of a device, worked out from its sessions.';

create function private.forget_boots() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  delete from private.missing_boots m
  where m.device_uuid in (select o.device_uuid from public.device_ownerships o where o.fleet_id = old.fleet_id);
  insert into private.missing_boots
  select c.* from (select distinct o.device_uuid from public.device_ownerships o where o.fleet_id = old.fleet_id) owned
  cross join lateral private.computed_missing_boots(owned.device_uuid) c;
  return old;
end $$;
comment on function private.forget_boots() is 'When a fleet has gone with its sessions: what is missing of its devices follows.';
-- By name it comes after empty_fleet.
create trigger forget_boots before delete on public.fleets for each row execute function private.forget_boots();

create function private.boot_gaps(devices uuid[], since timestamptz default '-infinity')
returns table (
  device_uuid uuid, fleet_id uuid, from_boot integer, to_boot integer, after_end timestamptz, before_start timestamptz,
  settled_gap_id uuid, settled_at timestamptz, settled_by uuid
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  mine constant uuid[] := private.fleets_as('viewer');
begin
  return query
    select m.device_uuid, s.fleet_id, m.from_boot, m.to_boot, s.session_end, next.effective_start,
      said.gap_id, said.settled_at, said.settled_by
    from private.missing_boots m
    cross join lateral (
      select sessions.fleet_id, sessions.session_start, sessions.session_end from public.sessions
      where sessions.device_uuid = m.device_uuid and sessions.boot = m.from_boot - 1
      order by sessions.session_start desc limit 1
    ) s
    cross join lateral (
      select sessions.fleet_id, sessions.session_start, sessions.effective_start from public.sessions
      where sessions.device_uuid = m.device_uuid and sessions.boot = m.to_boot + 1
      order by sessions.session_start limit 1
    ) next
    left join lateral (
      select g.gap_id, g.settled_at, g.settled_by from public.settled_boot_gaps g
      where g.fleet_id = s.fleet_id and g.device_uuid = m.device_uuid and g.from_boot <= m.from_boot and g.to_boot >= m.to_boot
      order by g.settled_at, g.gap_id limit 1
    ) said on true
    where m.device_uuid = any (devices) and next.fleet_id = s.fleet_id and s.fleet_id = any (mine)
      and least(s.session_start, next.session_start) >= since;
end $$;
comment on function private.boot_gaps(uuid[], timestamptz) is 'The missing power-ups of devices since a time, in that of each of the caller''s fleets, and who said that nothing was lost.';
grant execute on function private.boot_gaps(uuid[], timestamptz) to authenticated;

create function public.boot_gaps(device_uuid uuid)
returns table (
  from_boot integer, to_boot integer, after_end timestamptz, before_start timestamptz,
  settled_gap_id uuid, settled_at timestamptz, settled_by uuid
)
language sql stable set search_path = ''
begin atomic
  select g.from_boot, g.to_boot, g.after_end, g.before_start, g.settled_gap_id, g.settled_at, g.settled_by
  from private.boot_gaps(array[boot_gaps.device_uuid]) g order by g.from_boot desc;
end;
comment on function public.boot_gaps(uuid) is 'The missing power-ups of a device, newest first: "boot 118 is missing, between these two times", and who said that nothing was lost.';
grant execute on function public.boot_gaps(uuid) to authenticated;

-- With the caller's rights, so that only a gap that the caller sees can be settled: nobody silences power-ups to come.
create function private.sign_settled_gap() returns trigger
language plpgsql set search_path = '' as $$
begin
  if not exists (
    select from private.boot_gaps(array[new.device_uuid]) g
    where g.fleet_id = new.fleet_id and g.from_boot = new.from_boot and g.to_boot = new.to_boot and g.settled_gap_id is null
  ) then
    raise sqlstate 'PT404' using
      message = 'These power-ups are not missing, or someone has already settled them', hint = 'Load the list again.';
  end if;
  new.settled_by := auth.uid();
  new.settled_at := private.clock();
  return new;
end $$;
comment on function private.sign_settled_gap() is 'Puts author and time on it, and refuses what is no open gap of one of the fleet''s devices.';
create trigger sign_settled_gap before insert on public.settled_boot_gaps
  for each row execute function private.sign_settled_gap();

create function public.hours_by_class(fleet_id uuid, time_zone text default 'UTC', months integer default 12)
returns table (
  plane_id uuid, class public.session_class, month date, seconds bigint, suggested_class public.session_class
)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  zone constant text := private.check_time_zone(time_zone);
begin
  return query
  with period as materialized (
    select m.month, m.begins, m.ends from private.months_until_now(zone, months) m
  ), whole as materialized (
    -- Below row security an index is searched only by values, not by expressions that could leak what they see.
    select min(begins) as begins, max(ends) as ends, min(begins) - interval '1 day' as reaching_in_since from period
  ), session as (
    select s.plane_id, s.class, s.engine_seconds, s.status, s.heard_at, s.device_uuid, s.effective_start, s.session_end
    from whole join public.sessions s on s.fleet_id = hours_by_class.fleet_id and s.counts and s.plane_id is not null
      and s.effective_start >= whole.reaching_in_since and s.effective_start < whole.ends and s.session_end > whole.begins
    union all
    select s.plane_id, s.class, s.engine_seconds, s.status, s.heard_at, s.device_uuid, s.effective_start, s.session_end
    from whole join public.sessions s on s.fleet_id = hours_by_class.fleet_id and s.counts and s.plane_id is not null
      and s.long and s.effective_start < whole.reaching_in_since and s.session_end > whole.begins
  ), piece as (
    select s.plane_id, s.class, s.suggested_class, unnest(range_agg(tstzrange(s.effective_start, s.session_end))) as span
    from (
      -- Asked only of those that can have one: a year holds many.
      select session.*, case when session.class is null and session.engine_seconds is not null then private.suggested_class(
        session.class, session.engine_seconds,
        session.status = 'closed'
          or private.is_over(session.status, session.heard_at, session.device_uuid, session.effective_start)
      ) end as suggested_class
      from session
    ) s
    group by s.plane_id, s.class, s.suggested_class
  )
  select piece.plane_id, piece.class, period.month,
    sum(extract(epoch from least(upper(piece.span), period.ends) - greatest(lower(piece.span), period.begins)))::bigint,
    piece.suggested_class
  from piece join period on lower(piece.span) < period.ends and upper(piece.span) > period.begins
  group by 1, 2, 3, 5
  order by 3, 1, 2, 5;
end $$;
comment on function public.hours_by_class(uuid, text, integer) is 'Seconds per plane of a fleet and class, and where nobody has said a class per suggested class, in each of the last months (up to 120, the present one included), months as in the time zone; empty ones are left out. Time that sessions of one class (or of one suggestion) share counts once, as in hours_by_month. Cut at 1,000 rows like every answer: ask for fewer months in a large fleet.';
grant execute on function public.hours_by_class(uuid, text, integer) to authenticated;
