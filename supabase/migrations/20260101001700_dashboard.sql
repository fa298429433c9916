-- What the portal shows first, in one answer instead of four, and the charts that would otherwise read every session.

create function public.hours_by_day(fleet_id uuid, time_zone text default 'UTC', days integer default 371)
returns table (day date, seconds bigint)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  zone constant text := private.check_time_zone(time_zone);
  last_day constant date := private.today(zone);
begin
  return query
  with calendar as materialized (
    select d.day, private.day_begin(d.day, zone) as begins, private.day_begin(d.day + 1, zone) as ends
    from (select last_day - n as day from generate_series(0, least(greatest(days, 1), 1000) - 1) n) d
  ), whole as materialized (
    -- Below row security an index is searched only by values, not by expressions that could leak what they see.
    select min(begins) as begins, max(ends) as ends, min(begins) - interval '1 day' as reaching_in_since from calendar
  ), session as (
    -- Those up to a day long that reach into the period began at most a day before it.
    select s.plane_id, s.effective_start, s.session_end
    from whole join public.sessions s on s.fleet_id = hours_by_day.fleet_id and s.counts and s.plane_id is not null
      and s.effective_start >= whole.reaching_in_since and s.effective_start < whole.ends and s.session_end > whole.begins
    union all
    select s.plane_id, s.effective_start, s.session_end
    from whole join public.sessions s on s.fleet_id = hours_by_day.fleet_id and s.counts and s.plane_id is not null
      and s.long and s.effective_start < whole.reaching_in_since and s.session_end > whole.begins
  ), piece as (
    select unnest(range_agg(tstzrange(session.effective_start, session.session_end))) as span
    from session group by session.plane_id
  ), part as (
    -- In UTC a piece lies on these days; in no zone more than one day away.
    select d.day::date as day, lower(piece.span) as from_time, upper(piece.span) as until_time
    from piece
    cross join lateral generate_series(
      (private.utc_day(lower(piece.span)) - 1)::timestamp, (private.utc_day(upper(piece.span)) + 1)::timestamp, interval '1 day'
    ) d (day)
  )
  select calendar.day,
    sum(extract(epoch from least(part.until_time, calendar.ends) - greatest(part.from_time, calendar.begins)))::bigint
  from part join calendar on calendar.day = part.day
    and part.from_time < calendar.ends and part.until_time > calendar.begins
  group by calendar.day
  order by calendar.day;
end $$;
comment on function public.hours_by_day(uuid, text, integer) is 'Seconds that count of a fleet on each of the last days (up to 1,000, today included), days as in the time zone; days without any are left out. Time that two sessions of a plane share counts once.';
grant execute on function public.hours_by_day(uuid, text, integer) to authenticated;

create function public.fleet_boot_gaps(fleet_id uuid)
returns table (
  device_uuid uuid, from_boot integer, to_boot integer, after_end timestamptz, before_start timestamptz,
  settled_gap_id uuid, settled_at timestamptz, settled_by uuid
)
language sql stable set search_path = ''
begin atomic
  select o.device_uuid, gap.from_boot, gap.to_boot, gap.after_end, gap.before_start, gap.settled_gap_id, gap.settled_at,
    gap.settled_by
  from public.device_ownerships o
  join lateral private.boot_gaps(o.device_uuid, private.clock() - interval '400 days') gap on gap.fleet_id = o.fleet_id
  where o.fleet_id = fleet_boot_gaps.fleet_id and o.owned_until is null
  order by o.claimed_at, o.device_uuid, gap.from_boot desc;
end;
comment on function public.fleet_boot_gaps(uuid) is 'The rows of boot_gaps of the last 400 days for every device that a fleet owns now, newest first for each; older ones are in boot_gaps.';
grant execute on function public.fleet_boot_gaps(uuid) to authenticated;

-- Each kind by its own index, and no more than a person can settle at once: asked for by every open page.
create function public.sessions_to_review(fleet_id uuid) returns setof public.session_log
language sql stable rows 200 set search_path = ''
begin atomic
  with waiting as (
    (
      select s.session_id, s.effective_start from public.sessions s
      where s.fleet_id = sessions_to_review.fleet_id and s.start_source = 'estimated' and not s.clock_checked and not s.excluded
      order by s.effective_start desc, s.session_id desc limit 200
    )
    union
    (
      select s.session_id, s.effective_start from public.sessions s
      where s.fleet_id = sessions_to_review.fleet_id and s.flagged and not s.excluded
      order by s.effective_start desc, s.session_id desc limit 200
    )
    union
    (
      select s.session_id, s.effective_start from public.sessions s
      where s.fleet_id = sessions_to_review.fleet_id and s.device_uuid is null and s.counts and not s.clock_checked
        and private.duplicate_of(s.plane_id, s.effective_start, s.session_end) is not null
      order by s.effective_start desc, s.session_id desc limit 200
    )
  ), newest as materialized (
    select waiting.session_id from waiting order by waiting.effective_start desc, waiting.session_id desc limit 200
  )
  select log.* from newest join public.session_log log on log.session_id = newest.session_id
  order by log.session_start desc, log.session_id desc;
end;
comment on function public.sessions_to_review(uuid) is 'The newest 200 sessions of a fleet that a person should look at: estimated starts, flagged times, entries by hand that may repeat a device''s session. Older ones follow as these are settled.';
grant execute on function public.sessions_to_review(uuid) to authenticated;

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
grant execute on function public.fleet_overview(uuid, text, boolean, integer, integer) to authenticated;
