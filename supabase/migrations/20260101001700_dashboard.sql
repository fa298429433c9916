-- What the portal shows first, in one answer instead of four, and the charts that would otherwise read every session.

-- Once through the fleet's days: what lies before each midnight of the zone on the UTC day that it cuts in two is what
-- goes to the day before. SECURITY DEFINER: nobody may read plane_days, and row by row it would take ten times as long.
create function private.hours_by_day(fleet uuid, zone text, days integer)
returns table (day date, seconds bigint, sensed_seconds bigint, engine_seconds bigint)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  last_day constant date := private.today(zone);
begin
  return query
  with calendar as materialized (
    select d.day, private.day_begin(d.day, zone) as begins, private.day_begin(d.day + 1, zone) as ends
    from (select last_day - n as day from generate_series(0, least(greatest(days, 1), 1000) - 1) n) d
  ), midnight as materialized (
    select both_ends.t, private.utc_day(both_ends.t) as utc_day, private.utc_second(both_ends.t) as utc_second
    from (select begins as t from calendar union select ends from calendar) both_ends
  ), whole as materialized (
    select min(utc_day) as first_day, max(utc_day) as last_day from midnight
  ), cut as materialized (
    -- One row for each UTC day, so that the planner looks these up for the planes' days and not the other way round. A
    -- zone's day of 23 hours may begin and end on the same UTC day.
    select midnight.utc_day, min(midnight.utc_second) as first_second, max(midnight.utc_second) as last_second
    from midnight group by midnight.utc_day
  ), part as materialized (
    select d.day as utc_day, d.measure, sum(d.seconds) as seconds,
      sum(
        case
          when upper(d.covered) <= cut.first_second then d.seconds
          when lower(d.covered) < cut.first_second then (
            select sum(least(upper(piece), cut.first_second) - lower(piece))
            from unnest(d.covered) piece where lower(piece) < cut.first_second
          )
        end
      ) as seconds_before_first,
      sum(
        case when cut.last_second > cut.first_second then (
          select sum(least(upper(piece), cut.last_second) - lower(piece))
          from unnest(d.covered) piece where lower(piece) < cut.last_second
        ) end
      ) as seconds_before_last
    from whole
    join private.plane_days d on d.day between whole.first_day and whole.last_day
      and d.plane_id in (
        select p.plane_id from public.planes p where p.fleet_id = fleet and p.fleet_id = any (private.fleets_as('viewer'))
      )
    left join cut on cut.utc_day = d.day
    group by d.day, d.measure
  ), line as materialized (
    select day_of.utc_day, day_of.measure, day_of.seconds_before_first, day_of.seconds_before_last, coalesce(
      sum(day_of.seconds) over (
        partition by day_of.measure order by day_of.utc_day rows between unbounded preceding and 1 preceding
      ), 0
    ) as seconds_until_day
    from (
      select u.utc_day, u.measure, sum(u.seconds) as seconds, sum(u.seconds_before_first) as seconds_before_first,
        sum(u.seconds_before_last) as seconds_before_last
      from (
        select * from part
        union all
        -- also a day without hours may hold a midnight
        select cut.utc_day, there.measure, null, null, null from cut cross join (select distinct part.measure from part) there
      ) u
      group by u.utc_day, u.measure
    ) day_of
  ), reached as (
    -- seconds from the period's first UTC day to each midnight
    select midnight.t,
      sum(until.seconds) filter (where line.measure = 'powered') as seconds,
      coalesce(sum(until.seconds) filter (where line.measure = 'sensed'), 0) as sensed_seconds,
      coalesce(sum(until.seconds) filter (where line.measure = 'engine'), 0) as engine_seconds
    from line
    join midnight on midnight.utc_day = line.utc_day
    join cut on cut.utc_day = line.utc_day
    cross join lateral (
      select line.seconds_until_day + coalesce(
        case when midnight.utc_second = cut.first_second then line.seconds_before_first else line.seconds_before_last end, 0
      ) as seconds
    ) until
    group by midnight.t
  ), passed as (
    -- from each midnight to the next one
    select r.t, (lead(r.seconds) over in_time - r.seconds)::bigint as seconds,
      (lead(r.sensed_seconds) over in_time - r.sensed_seconds)::bigint as sensed_seconds,
      (lead(r.engine_seconds) over in_time - r.engine_seconds)::bigint as engine_seconds
    from reached r window in_time as (order by r.t)
  )
  select calendar.day, passed.seconds, passed.sensed_seconds,
    case when passed.sensed_seconds > 0 then passed.engine_seconds end
  from calendar join passed on passed.t = calendar.begins
  where passed.seconds > 0
  order by calendar.day;
end $$;
comment on function private.hours_by_day(uuid, text, integer) is 'Seconds that count of one of the caller''s fleets on each of the last days, of these the sensed ones, and of these the engines'' (null: nothing was sensed).';
grant execute on function private.hours_by_day(uuid, text, integer) to authenticated;

create function public.hours_by_day(fleet_id uuid, time_zone text default 'UTC', days integer default 371)
returns table (day date, seconds bigint, sensed_seconds bigint, engine_seconds bigint)
language sql stable set search_path = ''
begin atomic
  select h.day, h.seconds, h.sensed_seconds, h.engine_seconds
  from private.hours_by_day(fleet_id, private.check_time_zone(time_zone), days) h order by h.day;
end;
comment on function public.hours_by_day(uuid, text, integer) is 'Seconds that count of a fleet on each of the last days (up to 1,000, today included), days as in the time zone; days without any are left out. Time that two sessions of a plane share counts once. Of the seconds the sensed ones, and of these the engines'' (null: nothing was sensed).';
grant execute on function public.hours_by_day(uuid, text, integer) to authenticated;

-- Read from an index, and no more than a plane flies in years.
create function public.plane_voltages(plane_id uuid, months integer default 12, time_zone text default 'UTC')
returns table (
  month date, sensed_sessions bigint, bus_start_mv integer, engine_sessions bigint, bus_min_mv integer, bus_max_mv integer,
  system_volts integer
)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  zone constant text := private.check_time_zone(time_zone);
begin
  return query
  with period as materialized (
    select m.month, m.begins, m.ends
    from public.planes p cross join private.months_until_now(zone, months) m
    where p.plane_id = plane_voltages.plane_id
  ), whole as materialized (
    -- Below row security an index is searched only by values.
    select min(period.begins) as begins, max(period.ends) as ends from period
  ), newest as materialized (
    select s.effective_start, s.counts, s.engine_seconds, s.bus_start_mv, s.bus_min_mv, s.bus_max_mv
    from whole join public.sessions s on s.plane_id = plane_voltages.plane_id
      and s.effective_start >= whole.begins and s.effective_start < whole.ends
    order by s.effective_start desc limit 10000
  ), sensed as materialized (
    select n.effective_start, n.bus_start_mv,
      case when n.engine_seconds > 0 then n.bus_min_mv end as bus_min_mv,
      case when n.engine_seconds > 0 then n.bus_max_mv end as bus_max_mv
    from newest n where n.counts and n.engine_seconds is not null
  ), system as (
    select percentile_cont(0.5) within group (order by s.bus_start_mv) as median_mv from sensed s
  )
  select period.month, count(s.bus_start_mv), round(percentile_cont(0.5) within group (order by s.bus_start_mv))::integer,
    count(s.bus_min_mv), round(percentile_cont(0.5) within group (order by s.bus_min_mv))::integer,
    round(percentile_cont(0.5) within group (order by s.bus_max_mv))::integer,
    case when system.median_mv > 18000 then 24 when system.median_mv is not null then 12 end
  from period
  cross join system
  left join sensed s on s.effective_start >= period.begins and s.effective_start < period.ends
  group by period.month, system.median_mv
  order by period.month;
end $$;
comment on function public.plane_voltages(uuid, integer, text) is 'A plane''s bus in each of the last months (up to 120, the present one included), from its newest 10,000 sessions that count: the medians of the battery at rest and, of sessions in which the engine ran, of the lowest and highest millivolts, each with the number of sessions that it is taken from; and the system''s voltage, 12 or 24, by the median at rest of the whole period. Medians of no session are null.';
grant execute on function public.plane_voltages(uuid, integer, text) to authenticated;

create function public.fleet_boot_gaps(fleet_id uuid)
returns table (
  device_uuid uuid, from_boot integer, to_boot integer, after_end timestamptz, before_start timestamptz,
  settled_gap_id uuid, settled_at timestamptz, settled_by uuid
)
language sql stable set search_path = ''
begin atomic
  select gap.device_uuid, gap.from_boot, gap.to_boot, gap.after_end, gap.before_start, gap.settled_gap_id, gap.settled_at,
    gap.settled_by
  from private.boot_gaps(
    array(
      select device_ownerships.device_uuid from public.device_ownerships
      where device_ownerships.fleet_id = fleet_boot_gaps.fleet_id and device_ownerships.owned_until is null
    ), private.clock() - interval '400 days'
  ) gap
  join public.device_ownerships o on o.device_uuid = gap.device_uuid and o.fleet_id = gap.fleet_id and o.owned_until is null
  where gap.fleet_id = fleet_boot_gaps.fleet_id
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
  order by log.effective_start desc, log.session_id desc;
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
      'due', case when with_planes then (
        select coalesce(json_agg(item order by item.urgency desc, item.item_id), '[]') from (
          select distinct on (due.plane_id) due.* from public.maintenance_status(time_zone, fleet.fleet_id) due
          where due.plane_id is not null
          order by due.plane_id, due.urgency desc, due.item_id
        ) item
      ) end,
      'months', case when months is not null then (
        select coalesce(json_agg(month_hours), '[]') from public.hours_by_month(fleet.fleet_id, time_zone, months) month_hours
      ) end,
      'sessions', case when latest_sessions is not null then (
        select coalesce(json_agg(latest), '[]') from (
          select log.* from public.log_entries log where log.fleet_id = fleet.fleet_id
          order by log.effective_start desc, log.entry_id desc limit least(latest_sessions, 100)
        ) latest
      ) end
    )
    from public.fleets fleet where fleet.fleet_id = fleet_overview.fleet_id
  );
end $$;
comment on function public.fleet_overview(uuid, text, boolean, integer, integer) is 'A fleet at one moment: the servers time, by which states are judged, devices (rows of device_status) and, each where asked for, planes (plane_hours) with the most urgent item of each that has one (due: a row of maintenance_status), months (hours_by_month) and the latest entries of the log (log_entries, up to 100). Null for a fleet that the caller does not see.';
grant execute on function public.fleet_overview(uuid, text, boolean, integer, integer) to authenticated;
