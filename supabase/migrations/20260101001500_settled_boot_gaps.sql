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

alter table public.settled_boot_gaps enable row level security;
revoke all on public.settled_boot_gaps from public, anon, authenticated, service_role;
grant select, delete, insert (gap_id, fleet_id, device_uuid, from_boot, to_boot) on public.settled_boot_gaps to authenticated;
create policy "Members see which missing power-ups are settled" on public.settled_boot_gaps for select to authenticated
  using (fleet_id = any ((select private.fleets_as('viewer'))::uuid[]));
create policy "Editors settle missing power-ups" on public.settled_boot_gaps for insert to authenticated
  with check (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));
create policy "Editors ask about missing power-ups again" on public.settled_boot_gaps for delete to authenticated
  using (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));

-- The same rows as before, and beside each what was said about it.
drop function public.boot_gaps(uuid);
create function public.boot_gaps(device_uuid uuid)
returns table (
  from_boot integer, to_boot integer, after_end timestamptz, before_start timestamptz,
  settled_gap_id uuid, settled_at timestamptz, settled_by uuid
)
language sql stable set search_path = ''
begin atomic
  with step as (
    select s.boot, lead(s.boot) over by_boot as next_boot, s.session_end, lead(s.effective_start) over by_boot as next_start
    from public.sessions s
    where s.device_uuid = boot_gaps.device_uuid and s.boot is not null
    window by_boot as (order by s.boot, s.session_start)
  )
  select step.boot + 1, step.next_boot - 1, step.session_end, step.next_start, said.gap_id, said.settled_at, said.settled_by
  from step
  left join lateral (
    select g.gap_id, g.settled_at, g.settled_by from public.settled_boot_gaps g
    where g.device_uuid = boot_gaps.device_uuid and g.from_boot <= step.boot + 1 and g.to_boot >= step.next_boot - 1
    order by g.settled_at, g.gap_id limit 1
  ) said on true
  where step.next_boot - 1 > step.boot
  order by step.boot desc;
end;
comment on function public.boot_gaps(uuid) is 'The missing power-ups of a device, newest first: "boot 118 is missing, between these two times", and who said that nothing was lost.';
revoke execute on function public.boot_gaps(uuid) from public, anon, authenticated, service_role;
grant execute on function public.boot_gaps(uuid) to authenticated;

-- With the caller's rights, so that only a gap that the caller sees can be settled: nobody silences power-ups to come.
create function private.sign_settled_gap() returns trigger
language plpgsql set search_path = '' as $$
begin
  perform from public.device_ownerships o
  where o.device_uuid = new.device_uuid and o.fleet_id = new.fleet_id;
  if not found or not exists (
    select from public.boot_gaps(new.device_uuid) g
    where g.from_boot = new.from_boot and g.to_boot = new.to_boot and g.settled_gap_id is null
  ) then
    raise sqlstate 'PT404' using
      message = 'These power-ups are not missing, or somebody has settled them already', hint = 'Load the list again.';
  end if;
  new.settled_by := auth.uid();
  new.settled_at := private.clock();
  return new;
end $$;
comment on function private.sign_settled_gap() is 'Puts author and time on it, and refuses what is no open gap of one of the fleet''s devices.';
revoke execute on function private.sign_settled_gap() from public;
create trigger sign_settled_gap before insert on public.settled_boot_gaps
  for each row execute function private.sign_settled_gap();

-- As before, with one part more.
create or replace function private.export_page(fleet uuid, part text, after_key text, page_rows integer)
returns table (key text, item json)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  since timestamptz := '-infinity';
  after_id uuid := '00000000-0000-0000-0000-000000000000';
begin
  if after_key <> '' then
    after_id := right(after_key, 36)::uuid;
    if part = 'sessions' then
      since := to_timestamp(split_part(after_key, ' ', 1)::bigint);
    end if;
  end if;
  case part
    when 'fleet' then
      return query
        select f.fleet_id::text, row_to_json(f) from public.fleets f
        where f.fleet_id = fleet and f.fleet_id > after_id;
    when 'members' then
      return query
        select m.user_id::text, row_to_json(m) from public.fleet_people(fleet) m
        where m.user_id > after_id order by m.user_id limit page_rows;
    when 'planes' then
      return query
        select p.plane_id::text, row_to_json(p) from public.planes p
        where p.fleet_id = fleet and p.plane_id > after_id order by p.plane_id limit page_rows;
    when 'devices' then
      return query
        select d.device_uuid::text, row_to_json(d) from (
          select devices.device_uuid, devices.fleet_id, devices.created_at, devices.last_seen, devices.boot,
            devices.lifetime_seconds, devices.unsent, devices.firmware, devices.reset_reason, devices.key_bound_at,
            devices.key_reset_at, devices.refused_at, devices.refused_code, devices.refused_posts, devices.rejected_at,
            devices.rejected_code
          from public.devices
        ) d
        where d.fleet_id = fleet and d.device_uuid > after_id order by d.device_uuid limit page_rows;
    when 'ownerships' then
      return query
        select o.ownership_id::text, row_to_json(o) from public.device_ownerships o
        where o.fleet_id = fleet and o.ownership_id > after_id order by o.ownership_id limit page_rows;
    when 'assignments' then
      return query
        select a.assignment_id::text, row_to_json(a) from public.device_assignments a
        where a.fleet_id = fleet and a.assignment_id > after_id order by a.assignment_id limit page_rows;
    when 'sessions' then
      return query
        with page as materialized (
          select l.* from public.session_log l
          where l.fleet_id = fleet and (l.session_start, l.session_id) > (since, after_id)
          order by l.session_start, l.session_id limit page_rows
        )
        select extract(epoch from page.session_start)::bigint || ' ' || page.session_id,
          (select row_to_json(r) from (select page.*, s.lifetime_seconds) r)
        from page join public.sessions s on s.session_id = page.session_id
        order by page.session_start, page.session_id;
    when 'settled_boot_gaps' then
      return query
        select g.gap_id::text, row_to_json(g) from public.settled_boot_gaps g
        where g.fleet_id = fleet and g.gap_id > after_id order by g.gap_id limit page_rows;
    when 'readings' then
      return query
        select r.reading_id::text, row_to_json(r) from public.hour_readings r
        where r.fleet_id = fleet and r.reading_id > after_id order by r.reading_id limit page_rows;
    when 'hours' then
      return query
        select p.plane_id::text, row_to_json(h)
        from (
          select planes.plane_id from public.planes
          where planes.fleet_id = fleet and planes.plane_id > after_id order by planes.plane_id limit page_rows
        ) p
        cross join lateral public.plane_hours('UTC', fleet, p.plane_id) h
        order by p.plane_id;
  end case;
-- Another part, or a key that is none.
exception when case_not_found or invalid_text_representation or numeric_value_out_of_range or datetime_field_overflow then
  raise sqlstate 'PT400' using
    message = 'The export cannot go on from there', hint = 'Leave "after" out, or give the "next" of the page before.';
end $$;

create or replace function public.fleet_export(fleet_id uuid, after text default null) returns json
language plpgsql stable set search_path = '' as $$
declare
  page_rows constant integer := 500;
  parts constant text[] :=
    '{fleet,members,planes,devices,ownerships,assignments,sessions,settled_boot_gaps,readings,hours}';
  part constant text := split_part(coalesce(after, parts[1]), ' ', 1);
  items json;
  last_key text;
  found_rows integer;
begin
  perform from public.fleets f where f.fleet_id = fleet_export.fleet_id;
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such fleet among yours';
  end if;
  select coalesce(json_agg(p.item order by p.place), '[]'), (array_agg(p.key order by p.place desc))[1], count(*)
  into items, last_key, found_rows
  from private.export_page(fleet_id, part, substr(after, length(part) + 2), page_rows)
    with ordinality as p (key, item, place);
  return json_build_object(
    'part', part,
    'rows', items,
    'next', case when found_rows = page_rows then part || ' ' || last_key else parts[array_position(parts, part) + 1] end
  );
end $$;
