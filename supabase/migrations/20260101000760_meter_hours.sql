-- What meters show at any time: the latest reading, plus what their source counted since, times their ratio. Derived
-- from readings and sessions at each look, so a reading that is voided or a session that comes late moves all of it.
-- Many meters and times at once: to ask for each by itself takes ten times as long.

create function private.median(figures numeric[]) returns numeric
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  sorted constant numeric[] := array(select f from unnest(figures) f order by f);
  n constant integer := cardinality(sorted);
begin
  return (sorted[(n + 1) / 2] + sorted[(n + 2) / 2]) / 2;
end $$;
comment on function private.median(numeric[]) is 'The middle one, or the mean of the two in the middle; exact where percentile_cont is not. Null of none.';

create function private.measures_of(sources public.meter_source[]) returns private.measure[]
language sql immutable parallel safe set search_path = ''
return case when 'engine' = any (sources) then enum_range(null::private.measure) else '{powered}' end;
comment on function private.measures_of(public.meter_source[]) is 'What counted_in has to read for meters of these sources, of estimated ones their bases''.';
grant execute on function private.measures_of(public.meter_source[]) to authenticated;

-- A repeated median (Siegel 1982): the slope from each reading to each other one, of these the median for each reading,
-- and of these the median. Half of the readings may be mistyped. The entered ratio is one more slope of each reading:
-- of three readings one may be, too. What a reading can tell ends with a meter's last digit, 0.1 h at both ends of the
-- longest span. Slopes are taken within the life of one meter: a meter_replaced reading begins the next.
create function private.meter_ratios(meters uuid[])
returns table (meter_id uuid, ratio numeric, half_width numeric, readings integer)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  newest constant integer := 24;
  fewest constant integer := 3;
  digit_seconds constant numeric := 360;
begin
  return query
  with meter as materialized (
    select m.meter_id, m.plane_id, m.entered_ratio, base.source as base_source
    from public.meters m join public.meters base on base.meter_id = m.base_meter_id
    where m.meter_id = any (meters)
  ), reading as materialized (
    select meter.meter_id, meter.plane_id, meter.base_source, r.*, min(r.as_of) over (partition by meter.meter_id) as first_as_of
    from meter cross join lateral (
      select latest.entry, latest.as_of, latest.seconds,
        count(*) filter (where latest.reason = 'meter_replaced') over (order by latest.as_of, latest.entry) as life
      from (
        select r.entry, r.as_of, r.seconds, r.reason from public.hour_readings r
        where r.meter_id = meter.meter_id and r.voided_at is null
        order by r.as_of desc, r.entry desc limit newest
      ) latest
    ) r
  ), counted as materialized (
    select c.* from (
      select array_agg(one.plane_id) as planes, array_agg(one.first_as_of) as froms, array_agg(one.as_of) as untils
      from (select distinct reading.plane_id, reading.first_as_of, reading.as_of from reading) one
    ) asked
    cross join lateral private.counted_in(
      asked.planes, asked.froms, asked.untils, private.measures_of(array(select distinct meter.base_source from meter))
    ) c
  ), life as materialized (
    -- One row for each life of a meter, or all points of all meters would be gone through for each point.
    select reading.meter_id, array_agg(reading.seconds) as seconds,
      array_agg(coalesce(case reading.base_source when 'engine' then c.engine_seconds else c.seconds end, 0)) as base_seconds
    from reading left join counted c
      on c.plane_id = reading.plane_id and c.from_time = reading.first_as_of and c.until_time = reading.as_of
    group by reading.meter_id, reading.life
  ), usable as materialized (
    select meter.meter_id, meter.entered_ratio, s.slope, s.span
    from meter join life on life.meter_id = meter.meter_id
    cross join lateral unnest(life.seconds, life.base_seconds) point (seconds, base_seconds)
    cross join lateral (
      select private.median(array_agg(pair.slope) || meter.entered_ratio) as slope, max(pair.span) as span
      from (
        select (other.seconds - point.seconds)::numeric / (other.base_seconds - point.base_seconds) as slope,
          abs(other.base_seconds - point.base_seconds) as span
        from unnest(life.seconds, life.base_seconds) other (seconds, base_seconds)
        where other.base_seconds <> point.base_seconds
      ) pair
    ) s
    where s.span is not null
  ), learned as materialized (
    select usable.meter_id, private.median(array_agg(usable.slope)) as slope, array_agg(usable.slope) as slopes,
      max(usable.span) as span, count(*)::integer as readings
    from usable group by usable.meter_id having count(*) >= fewest
  )
  -- A meter neither stands still nor runs backwards, whatever its readings say. Quotients are cut after so many digits:
  -- a band that is exactly so many millionths wide is not one wider for that.
  select meter.meter_id,
    case when learned.slope is null then meter.entered_ratio
      else round(round(least(greatest(learned.slope, 0.05), 5), 12), 6) end,
    round(ceil(1000000 * round(greatest(2 * digit_seconds / learned.span, 1.4826 * (
      select private.median(array_agg(abs(slope - learned.slope))) from unnest(learned.slopes) slope
    )), 12)) / 1000000, 6),
    learned.readings
  from meter left join learned on learned.meter_id = meter.meter_id;
end $$;
comment on function private.meter_ratios(uuid[]) is 'Of each estimated meter among these: what it advances by for each second of its base, learned from its newest 24 readings, half the width of its band, and from how many readings; the last two are null while it is the entered ratio. From three readings on it is learned.';
grant execute on function private.meter_ratios(uuid[]) to authenticated;

-- SECURITY DEFINER, as counted_in: reachable only through functions that have checked the meters.
create function private.meter_advances(meters uuid[], froms timestamptz[], untils timestamptz[])
returns table (meter_id uuid, from_time timestamptz, until_time timestamptz, seconds bigint)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
  with period as materialized (
    select distinct p.meter_id, p.from_time, p.until_time
    from unnest(meters, froms, untils) p (meter_id, from_time, until_time)
  ), meter as materialized (
    select m.meter_id, m.plane_id, coalesce(base.source, m.source) as measure, r.ratio
    from (select distinct period.meter_id from period) one
    join public.meters m on m.meter_id = one.meter_id
    left join public.meters base on base.meter_id = m.base_meter_id
    left join private.meter_ratios(meters) r on r.meter_id = m.meter_id
  ), counted as materialized (
    select c.* from (
      select array_agg(one.plane_id) as planes, array_agg(one.from_time) as froms, array_agg(one.until_time) as untils
      from (
        select distinct meter.plane_id, period.from_time, period.until_time
        from period join meter on meter.meter_id = period.meter_id
      ) one
    ) asked
    cross join lateral private.counted_in(
      asked.planes, asked.froms, asked.untils, private.measures_of(array(select distinct meter.measure from meter))
    ) c
  )
  select period.meter_id, period.from_time, period.until_time,
    round(coalesce(case meter.measure when 'engine' then c.engine_seconds else c.seconds end, 0) * coalesce(meter.ratio, 1))::bigint
  from period join meter on meter.meter_id = period.meter_id
  left join counted c on c.plane_id = meter.plane_id and c.from_time = period.from_time and c.until_time = period.until_time;
end $$;
comment on function private.meter_advances(uuid[], timestamptz[], timestamptz[]) is 'For each different meter and period: by how many seconds the meter went on, readings aside. Time that was not sensed moves no engine meter.';
grant execute on function private.meter_advances(uuid[], timestamptz[], timestamptz[]) to authenticated;

create function private.meter_figures(meters uuid[], times timestamptz[])
returns table (meter_id uuid, at_time timestamptz, seconds bigint)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
  with asked as materialized (
    select distinct a.meter_id, a.at_time from unnest(meters, times) a (meter_id, at_time)
  ), rest as materialized (
    select asked.meter_id, asked.at_time, r.seconds, coalesce(r.as_of, private.earliest_entry()) as since,
      r.seconds is not null or m.source = 'powered' or m.source = 'engine' and private.was_ever_sensed(m.plane_id) as is_known
    from asked join public.meters m on m.meter_id = asked.meter_id
    left join lateral (
      select r.seconds, r.as_of from public.hour_readings r
      where r.meter_id = asked.meter_id and r.as_of <= asked.at_time and r.voided_at is null
      order by r.as_of desc, r.entry desc limit 1
    ) r on true
  ), advance as materialized (
    select a.* from (
      select array_agg(rest.meter_id) as meters, array_agg(rest.since) as froms, array_agg(rest.at_time) as untils
      from rest where rest.is_known
    ) known
    cross join lateral private.meter_advances(known.meters, known.froms, known.untils) a
  )
  select rest.meter_id, rest.at_time, coalesce(rest.seconds, 0) + advance.seconds
  from rest left join advance
    on advance.meter_id = rest.meter_id and advance.from_time = rest.since and advance.until_time = rest.at_time;
end $$;
comment on function private.meter_figures(uuid[], timestamptz[]) is 'What each meter shows at its time, in seconds, once for each different pair. Null: unknown; an estimated meter before its first reading, an engine meter without a reading of a plane that was never sensed.';
grant execute on function private.meter_figures(uuid[], timestamptz[]) to authenticated;

-- A jump is what a reading says beyond the figure just before it. That of a check or correction is time that ran.
create function private.meter_jumps(meters uuid[], froms timestamptz[], untils timestamptz[])
returns table (
  meter_id uuid, from_time timestamptz, until_time timestamptz,
  replaced_seconds bigint, initial_seconds bigint, initial_readings bigint
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
  with period as materialized (
    select distinct p.meter_id, p.from_time, p.until_time
    from unnest(meters, froms, untils) p (meter_id, from_time, until_time)
  ), jump as materialized (
    select within.meter_id, r.as_of, r.reason, r.seconds, before.seconds as seconds_before,
      coalesce(before.as_of, private.earliest_entry()) as since,
      before.seconds is not null or m.source = 'powered' or m.source = 'engine' and private.was_ever_sensed(m.plane_id) as is_known
    from (
      select period.meter_id, min(period.from_time) as from_time, max(period.until_time) as until_time
      from period group by period.meter_id
    ) within
    join public.meters m on m.meter_id = within.meter_id
    join public.hour_readings r on r.meter_id = within.meter_id and r.voided_at is null
      and r.as_of > within.from_time and r.as_of <= within.until_time and r.reason in ('initial', 'meter_replaced')
    left join lateral (
      select b.seconds, b.as_of from public.hour_readings b
      where b.meter_id = r.meter_id and b.voided_at is null and (b.as_of, b.entry) < (r.as_of, r.entry)
      order by b.as_of desc, b.entry desc limit 1
    ) before on true
  ), advance as materialized (
    select a.* from (
      select array_agg(jump.meter_id) as meters, array_agg(jump.since) as froms, array_agg(jump.as_of) as untils
      from jump where jump.is_known
    ) known
    cross join lateral private.meter_advances(known.meters, known.froms, known.untils) a
  )
  select period.meter_id, period.from_time, period.until_time,
    case when bool_and(jumped.seconds is not null) filter (where jumped.reason = 'meter_replaced') is not false
      then coalesce(sum(jumped.seconds) filter (where jumped.reason = 'meter_replaced'), 0)::bigint
    end,
    case when bool_and(jumped.seconds is not null) filter (where jumped.reason = 'initial') is not false
      then coalesce(sum(jumped.seconds) filter (where jumped.reason = 'initial'), 0)::bigint
    end,
    count(*) filter (where jumped.reason = 'initial')
  from period left join (
    select jump.meter_id, jump.as_of, jump.reason,
      jump.seconds - coalesce(jump.seconds_before, 0) - advance.seconds as seconds
    from jump left join advance
      on advance.meter_id = jump.meter_id and advance.from_time = jump.since and advance.until_time = jump.as_of
  ) jumped on jumped.meter_id = period.meter_id and jumped.as_of > period.from_time and jumped.as_of <= period.until_time
  group by period.meter_id, period.from_time, period.until_time;
end $$;
comment on function private.meter_jumps(uuid[], timestamptz[], timestamptz[]) is 'For each different meter and period (from, until]: by how many seconds its figure jumped with readings of a replaced meter, and with initial ones, and how many of the latter there are. A sum is null if the figure just before one of its readings is unknown; without such readings it is 0.';
grant execute on function private.meter_jumps(uuid[], timestamptz[], timestamptz[]) to authenticated;

create function private.meter_hours(meter uuid, t timestamptz) returns bigint
language plpgsql stable set search_path = '' as $$
begin
  return (select f.seconds from private.meter_figures(array[meter], array[t]) f);
end $$;
comment on function private.meter_hours(uuid, timestamptz) is 'meter_figures of one meter and time.';
grant execute on function private.meter_hours(uuid, timestamptz) to authenticated;

create function public.meter_hours(meter_id uuid, at_time timestamptz default null) returns bigint
language sql stable set search_path = ''
begin atomic
  select private.meter_hours(m.meter_id, coalesce(at_time, private.latest_time()))
  from public.meters m where m.meter_id = meter_hours.meter_id;
end;
comment on function public.meter_hours(uuid, timestamptz) is 'What a meter shows at a time, in seconds, by default with all that counts until now: its latest reading plus what its source counted since, times its ratio. Null: unknown (an estimated meter needs a reading, an engine meter a reading or time that was sensed), and for a meter that the caller does not see.';
grant execute on function public.meter_hours(uuid, timestamptz) to authenticated;
