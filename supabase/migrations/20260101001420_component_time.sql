-- The time of components: what each was installed with, plus what the meters of its planes have run since.

-- What a meter has run, whatever its face says: a replaced meter, or one that was set when it was first read, jumps
-- without having run; a reading that differs from what was expected is what it really ran.
create function private.meter_runs(meters uuid[], froms timestamptz[], untils timestamptz[])
returns table (meter_id uuid, from_time timestamptz, until_time timestamptz, seconds bigint)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
  with asked as materialized (
    select distinct a.meter_id, a.from_time, a.until_time from unnest(meters, froms, untils) a (meter_id, from_time, until_time)
    where a.from_time < a.until_time
  ), figure as materialized (
    select f.* from (
      select array_agg(one.meter_id) as meters, array_agg(one.t) as times
      from (select asked.meter_id, asked.from_time as t from asked union select asked.meter_id, asked.until_time from asked) one
    ) ends
    cross join lateral private.meter_figures(ends.meters, ends.times) f
  ), jump as materialized (
    select j.* from (
      select array_agg(asked.meter_id) as meters, array_agg(asked.from_time) as froms, array_agg(asked.until_time) as untils
      from asked
    ) spans
    cross join lateral private.meter_jumps(spans.meters, spans.froms, spans.untils) j
  )
  select asked.meter_id, asked.from_time, asked.until_time,
    ends.seconds - begins.seconds - jump.replaced_seconds - jump.initial_seconds
  from asked
  join figure begins on begins.meter_id = asked.meter_id and begins.at_time = asked.from_time
  join figure ends on ends.meter_id = asked.meter_id and ends.at_time = asked.until_time
  join jump on jump.meter_id = asked.meter_id and jump.from_time = asked.from_time and jump.until_time = asked.until_time;
end $$;
comment on function private.meter_runs(uuid[], timestamptz[], timestamptz[]) is 'For each meter between its two times: the seconds that it ran, jumps left out (null: one of the two figures is not known). A period that is none has no row.';
grant execute on function private.meter_runs(uuid[], timestamptz[], timestamptz[]) to authenticated;

create function private.component_runs(components uuid[], froms timestamptz[], untils timestamptz[])
returns table (component_id uuid, from_time timestamptz, until_time timestamptz, seconds bigint)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
  with asked as materialized (
    select distinct a.* from unnest(components, froms, untils) a (component_id, from_time, until_time)
    where a.from_time < a.until_time
  ), piece as materialized (
    select asked.component_id, asked.from_time, asked.until_time, i.meter_id,
      greatest(i.installed_from, asked.from_time) as begins, least(i.removed_at, asked.until_time) as ends
    from asked join public.component_installations i on i.component_id = asked.component_id
      and i.installed_from < asked.until_time and coalesce(i.removed_at, 'infinity') > asked.from_time
  ), run as materialized (
    select r.* from (
      select array_agg(piece.meter_id) as meters, array_agg(piece.begins) as froms, array_agg(piece.ends) as untils
      from piece
    ) all_pieces
    cross join lateral private.meter_runs(all_pieces.meters, all_pieces.froms, all_pieces.untils) r
  )
  select asked.component_id, asked.from_time, asked.until_time,
    case when count(*) filter (where piece.component_id is not null and run.seconds is null) = 0
      then coalesce(sum(run.seconds), 0)::bigint
    end
  from asked
  left join piece on piece.component_id = asked.component_id and piece.from_time = asked.from_time
    and piece.until_time = asked.until_time
  left join run on run.meter_id = piece.meter_id and run.from_time = piece.begins and run.until_time = piece.ends
  group by asked.component_id, asked.from_time, asked.until_time;
end $$;
comment on function private.component_runs(uuid[], timestamptz[], timestamptz[]) is 'For each component between its two times: the seconds that it ran in the planes it was installed in (null: a meter''s figure is not known). A period that is none has no row.';
grant execute on function private.component_runs(uuid[], timestamptz[], timestamptz[]) to authenticated;

-- A component that ran elsewhere, or was overhauled, comes with another time than it left with.
create function private.component_jumps(components uuid[])
returns table (
  component_id uuid, installed_from timestamptz, since_new_jump_seconds bigint, since_overhaul_jump_seconds bigint
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
  with installed as materialized (
    select i.component_id, i.installed_from, i.removed_at, i.since_new_seconds, i.since_overhaul_seconds,
      count(i.since_new_seconds) over in_time as new_base, count(i.since_overhaul_seconds) over in_time as overhaul_base
    from public.component_installations i where i.component_id = any (components)
    window in_time as (partition by i.component_id order by i.installed_from)
  ), based as materialized (
    -- the first installation has nothing to jump from
    select i.component_id, i.installed_from, new_from.t as new_from, overhaul_from.t as overhaul_from,
      i.since_new_seconds - new_from.seconds as new_jump, i.since_overhaul_seconds - overhaul_from.seconds as overhaul_jump
    from installed i
    left join lateral (
      select b.installed_from as t, b.since_new_seconds as seconds from installed b
      where b.component_id = i.component_id and b.new_base = i.new_base - 1 and b.since_new_seconds is not null
    ) new_from on i.since_new_seconds is not null
    left join lateral (
      select b.installed_from as t, b.since_overhaul_seconds as seconds from installed b
      where b.component_id = i.component_id and b.overhaul_base = i.overhaul_base - 1 and b.since_overhaul_seconds is not null
    ) overhaul_from on i.since_overhaul_seconds is not null
    where new_from.t is not null or overhaul_from.t is not null
  ), run as materialized (
    select r.* from (
      select array_agg(one.component_id) as components, array_agg(one.from_time) as froms, array_agg(one.until_time) as untils
      from (
        select based.component_id, based.new_from as from_time, based.installed_from as until_time from based
        where based.new_from is not null
        union
        select based.component_id, based.overhaul_from, based.installed_from from based
        where based.overhaul_from is not null
      ) one
    ) asked
    cross join lateral private.component_runs(asked.components, asked.froms, asked.untils) r
  )
  select based.component_id, based.installed_from, based.new_jump - new_run.seconds, based.overhaul_jump - overhaul_run.seconds
  from based
  left join run new_run on new_run.component_id = based.component_id and new_run.from_time = based.new_from
    and new_run.until_time = based.installed_from
  left join run overhaul_run on overhaul_run.component_id = based.component_id
    and overhaul_run.from_time = based.overhaul_from and overhaul_run.until_time = based.installed_from;
end $$;
comment on function private.component_jumps(uuid[]) is 'By how much the time that a component was installed with differs from the one that it was removed with; a null is no jump, or one from what is not known.';
grant execute on function private.component_jumps(uuid[]) to authenticated;

create function private.component_times(components uuid[], times timestamptz[])
returns table (
  component_id uuid, at_time timestamptz, since_new_seconds bigint, since_overhaul_seconds bigint, counted_seconds bigint
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
  with asked as materialized (
    select distinct a.component_id, a.at_time from unnest(components, times) a (component_id, at_time)
  ), base as materialized (
    select asked.component_id, asked.at_time, first.installed_from as first_from, new.installed_from as new_from,
      new.since_new_seconds, overhaul.installed_from as overhaul_from, overhaul.since_overhaul_seconds
    from asked
    cross join lateral (
      select i.installed_from from public.component_installations i
      where i.component_id = asked.component_id and i.installed_from <= asked.at_time
      order by i.installed_from limit 1
    ) first
    left join lateral (
      select i.installed_from, i.since_new_seconds from public.component_installations i
      where i.component_id = asked.component_id and i.installed_from <= asked.at_time and i.since_new_seconds is not null
      order by i.installed_from desc limit 1
    ) new on true
    left join lateral (
      select i.installed_from, i.since_overhaul_seconds from public.component_installations i
      where i.component_id = asked.component_id and i.installed_from <= asked.at_time
        and i.since_overhaul_seconds is not null
      order by i.installed_from desc limit 1
    ) overhaul on true
  ), run as materialized (
    select r.* from (
      select array_agg(one.component_id) as components, array_agg(one.from_time) as froms, array_agg(one.at_time) as untils
      from (
        select base.component_id, base.first_from as from_time, base.at_time from base
        union
        select base.component_id, base.new_from, base.at_time from base where base.new_from is not null
        union
        select base.component_id, base.overhaul_from, base.at_time from base where base.overhaul_from is not null
      ) one
    ) spans
    cross join lateral private.component_runs(spans.components, spans.froms, spans.untils) r
    union all
    -- at the very moment of an installation nothing has run
    select distinct base.component_id, base.at_time, base.at_time, 0::bigint from base
    where base.at_time in (base.first_from, base.new_from, base.overhaul_from)
  )
  select base.component_id, base.at_time, base.since_new_seconds + new_run.seconds,
    base.since_overhaul_seconds + overhaul_run.seconds, first_run.seconds
  from base
  left join run first_run on first_run.component_id = base.component_id and first_run.from_time = base.first_from
    and first_run.until_time = base.at_time
  left join run new_run on new_run.component_id = base.component_id and new_run.from_time = base.new_from
    and new_run.until_time = base.at_time
  left join run overhaul_run on overhaul_run.component_id = base.component_id
    and overhaul_run.from_time = base.overhaul_from and overhaul_run.until_time = base.at_time;
end $$;
comment on function private.component_times(uuid[], timestamptz[]) is 'Time since new and since overhaul of each component at its time: what it was last installed with, plus what it has run since (null: not known); and what was counted since it was first installed. A component that was installed later has no row.';
grant execute on function private.component_times(uuid[], timestamptz[]) to authenticated;

create function public.component_seconds(component_id uuid, at_time timestamptz default null)
returns table (since_new_seconds bigint, since_overhaul_seconds bigint, counted_seconds bigint)
language sql stable set search_path = ''
begin atomic
  select t.since_new_seconds, t.since_overhaul_seconds, t.counted_seconds
  from public.components c
  cross join lateral private.component_times(
    array[c.component_id], array[coalesce(component_seconds.at_time, private.latest_time())]
  ) t
  where c.component_id = component_seconds.component_id;
end;
comment on function public.component_seconds(uuid, timestamptz) is 'A component''s time since new and since overhaul, at a time or with all that counts until now (null: not known), and what was counted since it was first installed, which is the least that it has run; no row for one that was not installed yet, or that the caller does not see.';
grant execute on function public.component_seconds(uuid, timestamptz) to authenticated;

create function public.component_status(for_fleet uuid default null, for_plane uuid default null)
returns table (
  component_id uuid, fleet_id uuid, kind public.component_kind, make text, model text, serial text, note text,
  plane_id uuid, registration text, installation_id uuid, meter_id uuid, installed_from timestamptz,
  removed_at timestamptz, since_new_seconds bigint, since_overhaul_seconds bigint, counted_seconds bigint
)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  now_time constant timestamptz := private.latest_time();
begin
  return query
  with component as materialized (
    select c.*, i.installation_id, i.plane_id, i.meter_id, i.installed_from, i.removed_at
    from public.components c
    left join lateral (
      select n.* from public.component_installations n
      where n.component_id = c.component_id and n.installed_from <= now_time
      order by n.installed_from desc limit 1
    ) i on true
    where (for_fleet is null or c.fleet_id = for_fleet)
      and (for_plane is null or i.plane_id = for_plane and i.removed_at is null)
  ), ran as materialized (
    select t.* from (select array_agg(component.component_id) as components from component) asked
    cross join lateral private.component_times(
      asked.components, array_fill(now_time, array[cardinality(asked.components)])
    ) t
  )
  select component.component_id, component.fleet_id, component.kind, component.make, component.model, component.serial,
    component.note, p.plane_id, p.registration, component.installation_id, component.meter_id, component.installed_from,
    component.removed_at, ran.since_new_seconds, ran.since_overhaul_seconds, ran.counted_seconds
  from component
  left join public.planes p on p.plane_id = component.plane_id and component.removed_at is null
  left join ran on ran.component_id = component.component_id
  order by p.registration_key, component.kind, component.make, component.model, component.serial, component.component_id;
end $$;
comment on function public.component_status(uuid, uuid) is 'The components that the caller sees, optionally of one fleet or installed in one plane: where each is (plane_id null: in none; installation, meter and times are then those of its last one), its time since new and since overhaul (null: not known), and what was counted since it was first installed.';
grant execute on function public.component_status(uuid, uuid) to authenticated;
