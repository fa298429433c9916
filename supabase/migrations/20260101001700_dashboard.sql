-- What the portal shows first, in one answer instead of four, and the charts that would otherwise read every session.

create function public.hours_by_day(fleet_id uuid, time_zone text default 'UTC', days integer default 371)
returns table (day date, seconds bigint)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
  with today as materialized (
    select z.zone, (private.clock() at time zone z.zone)::date as last_day
    from (select private.check_time_zone(time_zone) as zone) z
  ), period as materialized (
    select today.zone, today.last_day,
      (today.last_day - least(greatest(days, 1), 1000) + 1)::timestamp at time zone today.zone as begins
    from today
  ), session as (
    -- Those up to a day long that reach into the period began at most a day before it.
    select s.plane_id, greatest(s.effective_start, period.begins) as from_time, s.session_end as until_time
    from period join public.sessions s on s.fleet_id = hours_by_day.fleet_id and s.counts and s.plane_id is not null
      and s.effective_start >= period.begins - interval '1 day' and s.session_end > period.begins
    union all
    select s.plane_id, period.begins, s.session_end
    from period join public.sessions s on s.fleet_id = hours_by_day.fleet_id and s.counts and s.plane_id is not null
      and s.long and s.effective_start < period.begins - interval '1 day' and s.session_end > period.begins
  ), piece as (
    select unnest(range_agg(tstzrange(session.from_time, session.until_time))) as span from session group by session.plane_id
  )
  select d.day::date,
    sum(extract(epoch from
      least(upper(piece.span), (d.day + interval '1 day') at time zone period.zone)
        - greatest(lower(piece.span), d.day at time zone period.zone)
    ))::bigint
  from piece cross join period
  cross join lateral generate_series(
    date_trunc('day', lower(piece.span) at time zone period.zone),
    least((upper(piece.span) - interval '1 microsecond') at time zone period.zone, period.last_day::timestamp),
    interval '1 day'
  ) d (day)
  group by d.day
  order by d.day;
end $$;
comment on function public.hours_by_day(uuid, text, integer) is 'Seconds that count of a fleet on each of the last days (up to 1,000, today included), days as in the time zone; days without any are left out. Time that two sessions of a plane share counts once.';
revoke execute on function public.hours_by_day(uuid, text, integer) from public, anon, authenticated, service_role;
grant execute on function public.hours_by_day(uuid, text, integer) to authenticated;

create function public.fleet_boot_gaps(fleet_id uuid)
returns table (
  device_uuid uuid, from_boot integer, to_boot integer, after_end timestamptz, before_start timestamptz,
  settled_gap_id uuid, settled_at timestamptz, settled_by uuid
)
language sql stable set search_path = ''
begin atomic
  select o.device_uuid, gap.*
  from public.device_ownerships o cross join lateral public.boot_gaps(o.device_uuid) gap
  where o.fleet_id = fleet_boot_gaps.fleet_id and o.owned_until is null
  order by o.claimed_at, o.device_uuid, gap.from_boot desc;
end;
comment on function public.fleet_boot_gaps(uuid) is 'The rows of boot_gaps for every device that a fleet owns now, newest first for each.';
revoke execute on function public.fleet_boot_gaps(uuid) from public, anon, authenticated, service_role;
grant execute on function public.fleet_boot_gaps(uuid) to authenticated;

create function public.fleet_overview(
  fleet_id uuid, time_zone text default 'UTC', with_planes boolean default true, months integer default null,
  latest_sessions integer default null
) returns json
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  return (
    select json_build_object(
      'server_time', private.clock(),
      'devices', (
        select coalesce(json_agg(device order by device.claimed_at, device.device_uuid), '[]')
        from public.device_status device where device.fleet_id = fleet.fleet_id
      ),
      'planes', case when with_planes then (
        select coalesce(json_agg(plane), '[]') from public.plane_hours(time_zone, fleet.fleet_id) plane
      ) end,
      'months', case when months is not null then (
        select coalesce(json_agg(month_hours), '[]') from public.hours_by_month(fleet.fleet_id, time_zone, months) month_hours
      ) end,
      'sessions', case when latest_sessions is not null then (
        select coalesce(json_agg(latest), '[]') from (
          select log.* from public.session_log log where log.fleet_id = fleet.fleet_id
          order by log.session_start desc, log.session_id desc limit least(latest_sessions, 100)
        ) latest
      ) end
    )
    from public.fleets fleet where fleet.fleet_id = fleet_overview.fleet_id
  );
end $$;
comment on function public.fleet_overview(uuid, text, boolean, integer, integer) is 'A fleet at one moment: the servers time, by which states are judged, devices (rows of device_status) and, each where asked for, planes (plane_hours), months (hours_by_month) and the latest sessions (session_log, up to 100). Null for a fleet that the caller does not see.';
revoke execute on function public.fleet_overview(uuid, text, boolean, integer, integer) from public, anon, authenticated, service_role;
grant execute on function public.fleet_overview(uuid, text, boolean, integer, integer) to authenticated;
