-- Where every meter stands now: its figure, how sure that is, and what it is made of.

-- SECURITY DEFINER, as counted_in: reachable only through functions that have checked the meters. All at once, too.
create function private.meter_states(meters uuid[])
returns table (
  meter_id uuid, total_seconds bigint, uncertainty_seconds bigint, uncertainty_less_seconds bigint,
  reading_seconds integer, reading_as_of timestamptz, counted_seconds bigint, not_sensed_seconds bigint, ratio numeric,
  ratio_low numeric, ratio_high numeric, ratio_readings integer
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  latest_time constant timestamptz := private.latest_time();
  digit_seconds constant integer := 360;
begin
  return query
  with meter as materialized (
    select m.meter_id, m.plane_id, m.source, coalesce(base.source, m.source) as measure, r.seconds as reading_seconds,
      r.as_of as reading_as_of, coalesce(r.as_of, private.earliest_entry()) as since,
      ratios.ratio, ratios.half_width, ratios.readings,
      r.seconds is not null or m.source = 'powered' or m.source = 'engine' and private.was_ever_sensed(m.plane_id) as is_known
    from public.meters m
    left join public.meters base on base.meter_id = m.base_meter_id
    left join private.meter_ratios(meters) ratios on ratios.meter_id = m.meter_id
    cross join lateral private.reading_at(m.meter_id, latest_time) r
    where m.meter_id = any (meters)
  ), counted as materialized (
    select c.* from (
      select array_agg(one.plane_id) as planes, array_agg(one.since) as froms, array_agg(latest_time) as untils
      from (select distinct meter.plane_id, meter.since from meter) one
    ) asked
    cross join lateral private.counted_in(
      asked.planes, asked.froms, asked.untils, private.measures_of(array(select distinct meter.measure from meter))
    ) c
  ), tally as materialized (
    select t.* from (
      select array_agg(one.plane_id) as planes, array_agg(one.since) as froms
      from (select distinct meter.plane_id, meter.since from meter where meter.source <> 'estimated') one
    ) asked
    cross join lateral private.tallies_since(asked.planes, asked.froms) t
  ), base as materialized (
    select meter.*, coalesce(case meter.measure when 'engine' then c.engine_seconds else c.seconds end, 0) as base_seconds,
      case when meter.measure = 'engine' then coalesce(c.seconds - c.sensed_seconds, 0) end as not_sensed_seconds,
      coalesce(tally.uncertainty_seconds, 0) as more_seconds,
      coalesce(tally.uncertainty_less_seconds, 0) as less_seconds
    from meter
    left join counted c on c.plane_id = meter.plane_id and c.from_time = meter.since
    left join tally on tally.plane_id = meter.plane_id and tally.from_time = meter.since
  )
  select base.meter_id, coalesce(base.reading_seconds, 0) + advance.seconds,
    case
      when not base.is_known then null
      -- no power cut loses more of the engine's time than of the time with power
      when base.source <> 'estimated' then base.more_seconds
      when base.half_width is not null then band.seconds
    end,
    case
      when not base.is_known then null
      when base.source <> 'estimated' then base.less_seconds
      -- the ratio is off in both directions
      when base.half_width is not null then band.seconds
    end,
    base.reading_seconds, base.reading_as_of, advance.seconds,
    case when base.is_known or base.source <> 'estimated' then base.not_sensed_seconds end,
    base.ratio, case when base.half_width is not null then greatest(base.ratio - base.half_width, 0) end,
    base.ratio + base.half_width, base.readings
  from base
  cross join lateral (
    select case when base.is_known then round(base.base_seconds * coalesce(base.ratio, 1))::bigint end as seconds
  ) advance
  cross join lateral (
    select greatest(ceil(base.half_width * base.base_seconds), digit_seconds)::bigint as seconds
  ) band;
end $$;
comment on function private.meter_states(uuid[]) is 'Each of these meters now: figure, how much more and how much less it may be at most, the reading it rests on, what was counted since, and the ratio of an estimated one with its band.';
grant execute on function private.meter_states(uuid[]) to authenticated;

create function public.meter_status(for_fleet uuid default null, for_plane uuid default null)
returns table (
  meter_id uuid, plane_id uuid, fleet_id uuid, name text, source public.meter_source, is_primary boolean,
  base_meter_id uuid, entered_ratio numeric, total_seconds bigint, uncertainty_seconds bigint,
  uncertainty_less_seconds bigint, reading_seconds integer, reading_as_of timestamptz, counted_seconds bigint,
  not_sensed_seconds bigint, ratio numeric, ratio_low numeric, ratio_high numeric, ratio_readings integer
)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
  with meter as materialized (
    select m.* from public.meters m
    where (for_fleet is null or m.fleet_id = for_fleet) and (for_plane is null or m.plane_id = for_plane)
  )
  select meter.meter_id, meter.plane_id, meter.fleet_id, meter.name, meter.source, meter.is_primary, meter.base_meter_id,
    meter.entered_ratio, state.total_seconds, state.uncertainty_seconds,
    state.uncertainty_less_seconds, state.reading_seconds, state.reading_as_of,
    state.counted_seconds, state.not_sensed_seconds, state.ratio, state.ratio_low, state.ratio_high, state.ratio_readings
  from meter
  join private.meter_states(array(select meter.meter_id from meter)) state on state.meter_id = meter.meter_id
  order by meter.plane_id, not meter.is_primary, meter.source, lower(meter.name);
end $$;
comment on function public.meter_status(uuid, uuid) is 'The meters that the caller sees, now: reading plus counted since (null: unknown), how many seconds more (uncertainty_seconds) and less (uncertainty_less_seconds) it may be at most (of an estimated meter from its band, null while its ratio is the entered one), time that was not sensed since (of meters that follow the engine), and an estimated meter''s ratio with the band that its readings leave. Optionally of one fleet or one plane.';
grant execute on function public.meter_status(uuid, uuid) to authenticated;
