-- What is due. Nothing of it is kept: the completions of an item are folded in order into the moment of its next one, by
-- hours and by the calendar independently, and that is held against the hours and the date of now. The rules, with
-- examples and their sources, are in supabase/README.md.

create type public.maintenance_state as enum ('ok', 'due_soon', 'due', 'overdue', 'unknown');
comment on type public.maintenance_state is 'ok; due soon (within the warning); due (from the moment on, within the tolerance); overdue; unknown (what is missing is said).';
create type public.maintenance_lack as enum ('completion', 'not_installed', 'component_time', 'meter_figure');
comment on type public.maintenance_lack is 'What has to be entered before an item has a state: when it was last done, where its component is installed, the component''s time, or what the meter showed.';

create function private.after_interval(day date, months integer, days integer) returns date
language sql immutable parallel safe set search_path = ''
return case
  when months is null then day + days
  -- from the last of a month to the last of a month
  when extract(month from day + 1) <> extract(month from day)
    then (date_trunc('month', day::timestamp) + (months + 1) * interval '1 month')::date - 1
  else (day::timestamp + months * interval '1 month')::date
end;
comment on function private.after_interval(date, integer, integer) is 'The date so many months or days later; months lead from the last of a month to the last of a month, and from any other day to the same or the last.';
grant execute on function private.after_interval(date, integer, integer) to authenticated;

-- The three anchors, in one place and twice, since neither a date nor a count of seconds can stand for the other.
create function private.due_position(
  done bigint[], every_seconds bigint, tolerance_seconds bigint, anchor public.maintenance_anchor
) returns bigint
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  at bigint;
  due bigint;
begin
  foreach at in array done loop
    due := case
      when due + every_seconds > at and (
        anchor = 'from_due' and at >= due - tolerance_seconds or anchor = 'from_due_if_late' and at >= due
      ) then due + every_seconds
      else at + every_seconds
    end;
  end loop;
  return due;
end $$;
comment on function private.due_position(bigint[], bigint, bigint, public.maintenance_anchor) is 'Where on a count of seconds something is due that was done at these places, in order; after a place that is not known it begins over.';
grant execute on function private.due_position(bigint[], bigint, bigint, public.maintenance_anchor) to authenticated;

create function private.due_date(
  done date[], months integer, days integer, tolerance_days integer, anchor public.maintenance_anchor
) returns date
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  at date;
  due date;
  next_due date;
begin
  foreach at in array done loop
    next_due := case
      when anchor = 'from_due' and at >= due - tolerance_days or anchor = 'from_due_if_late' and at >= due
        then private.after_interval(due, months, days)
    end;
    due := case when next_due > at then next_due else private.after_interval(at, months, days) end;
  end loop;
  return due;
end $$;
comment on function private.due_date(date[], integer, integer, integer, public.maintenance_anchor) is 'When something is due that was done on these dates, in order.';
grant execute on function private.due_date(date[], integer, integer, integer, public.maintenance_anchor) to authenticated;

-- A completion's place is told by what has run since, so that it stays where it is when a meter is replaced. Without a
-- figure of its own it is where the meter turns out to have been: nobody knows where that was if the meter was set to
-- what it shows afterwards. SECURITY DEFINER, as the functions it asks: reachable only for items that were checked.
create function private.completions_since(items uuid[], t timestamptz, whole_history boolean default false)
returns table (
  item_id uuid, completion_id uuid, number bigint, done_on date, figure_seconds bigint, since_seconds bigint
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
  with completion as materialized (
    select i.item_id, i.component_id, i.meter_id, i.counts_from, i.interval_seconds is not null as by_hours, c.*,
      row_number() over (partition by i.item_id order by c.done_at desc, c.entry desc) as number,
      t as until_time  -- beside the other columns, or the planner would go through all figures of now for each completion
    from public.maintenance_items i
    cross join lateral (
      select c.completion_id, c.done_at, c.entry, c.done_on, c.meter_seconds from public.maintenance_completions c
      where c.item_id = i.item_id and c.voided_at is null
      order by c.done_at desc, c.entry desc
      -- what was done before does not matter then
      limit case when i.anchor = 'from_completion' and not whole_history then 1 end
    ) c
    where i.item_id = any (items)
  ), figure as materialized (
    select f.* from (
      select array_agg(one.meter_id) as meters, array_agg(one.at_time) as times
      from (
        select c.meter_id, c.done_at as at_time from completion c where c.meter_id is not null and c.meter_seconds is null
        union
        select c.meter_id, t from completion c where c.meter_id is not null
      ) one
    ) asked
    cross join lateral private.meter_figures(asked.meters, asked.times) f
  ), jump as materialized (
    select j.* from (
      select array_agg(c.meter_id) as meters, array_agg(c.done_at) as froms, array_agg(t) as untils
      from completion c where c.meter_id is not null
    ) asked
    cross join lateral private.meter_jumps(asked.meters, asked.froms, asked.untils) j
  ), component_at as materialized (
    select c.* from (
      select array_agg(one.component_id) as components, array_agg(one.at_time) as times
      from (
        select c.component_id, c.done_at as at_time from completion c
        where c.component_id is not null and c.by_hours and c.meter_seconds is null and (c.number = 1 or whole_history)
        union
        select c.component_id, t from completion c where c.component_id is not null and c.by_hours
      ) one
    ) asked
    cross join lateral private.component_times(asked.components, asked.times) c
  ), component_ran as materialized (
    select r.* from (
      select array_agg(c.component_id) as components, array_agg(c.done_at) as froms, array_agg(t) as untils
      from completion c where c.component_id is not null and c.by_hours and c.meter_seconds is null
    ) asked
    cross join lateral private.component_runs(asked.components, asked.froms, asked.untils) r
  ), component_begin as materialized (
    select i.component_id, min(i.installed_from) as first_time from public.component_installations i
    where i.component_id in (select c.component_id from completion c where c.by_hours)
    group by i.component_id
  ), component_jump as materialized (
    select j.* from (
      select array_agg(distinct c.component_id) as components from completion c where c.component_id is not null and c.by_hours
    ) asked
    cross join lateral private.component_jumps(asked.components) j
  )
  select c.item_id, c.completion_id, c.number, c.done_on,
    case when c.by_hours and (c.number = 1 or whole_history) then coalesce(
      c.meter_seconds, at_done.seconds,
      case c.counts_from when 'since_new' then then_at.since_new_seconds else then_at.since_overhaul_seconds end
    ) end,
    case
      when not c.by_hours then null
      when c.component_id is null then case when c.meter_seconds is not null or jump.initial_readings = 0
        then at_now.seconds - coalesce(c.meter_seconds, at_done.seconds) - jump.replaced_seconds
      end
      when c.meter_seconds is not null then case c.counts_from
        when 'since_new' then now_at.since_new_seconds - c.meter_seconds
        else now_at.since_overhaul_seconds - c.meter_seconds - jumped.overhaul_seconds
      end
      -- before it was first installed nobody counted
      when began.first_time is null or began.first_time > c.done_at then null
      when c.done_at >= t then 0
      else ran.seconds + case c.counts_from when 'since_new' then jumped.new_seconds else 0 end
    end
  from completion c
  left join figure at_done on at_done.meter_id = c.meter_id and at_done.at_time = c.done_at and c.meter_seconds is null
  left join figure at_now on at_now.meter_id = c.meter_id and at_now.at_time = c.until_time
  left join jump on jump.meter_id = c.meter_id and jump.from_time = c.done_at
  left join component_at then_at on then_at.component_id = c.component_id and then_at.at_time = c.done_at
    and c.meter_seconds is null
  left join component_at now_at on now_at.component_id = c.component_id and now_at.at_time = c.until_time
  left join component_begin began on began.component_id = c.component_id
  left join component_ran ran on ran.component_id = c.component_id and ran.from_time = c.done_at
  left join lateral (
    select coalesce(sum(j.since_new_jump_seconds), 0)::bigint as new_seconds,
      coalesce(sum(j.since_overhaul_jump_seconds), 0)::bigint as overhaul_seconds
    from component_jump j
    where j.component_id = c.component_id and j.installed_from > c.done_at and j.installed_from <= t
  ) jumped on c.component_id is not null;
end $$;
comment on function private.completions_since(uuid[], timestamptz, boolean) is 'The completions that matter for when items are due next (of those due from their completion, the last, unless the whole history is asked for), number 1 being the last: the figure at this one (or at each), and what the meter or component has run since each, until a time; null without hours, or not known.';
grant execute on function private.completions_since(uuid[], timestamptz, boolean) to authenticated;

-- How long the rest will last, by the plane's own days: one goes through the days of last year from about this time of
-- the year on, round and round, until the rest is flown; begun a little earlier or later, and the middle of these taken,
-- so that the weather of one week does not decide. How far the true date will lie from that is told by how much
-- neighboring weeks of the plane differ, once for the rest and once for the year that says the rate, and by how much one
-- year differs from another. So a range has two walks: of so much less than the rest, and of so much more. In a history
-- of less than a year, which goes round by itself, the season is not known yet, either. The constants are those with
-- which 8 of 10 true dates lie in the range: tests/supabase/test_projection.py.
create function private.days_until(meters uuid[], rests bigint[])
returns table (meter_id uuid, rest_seconds bigint, low_days integer, high_days integer)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  year constant integer := 365;
  least_days constant integer := 28;
  most_days constant integer := 5 * 365;
  walks constant integer := 7;
  walk_step_days constant integer := 10;
  quantile constant double precision := 1.2816;  -- of the normal distribution: one in ten lies beyond it
  years_differ constant double precision := 0.2;
  season_unknown constant double precision := 0.4;
  today constant date := private.utc_day(private.clock());
begin
  return query
  -- One row for each meter, with all that is asked about it in arrays: joined row by row this would be read over and over.
  with asked as materialized (
    select a.meter_id, array_agg(distinct a.rest_seconds) as rests from unnest(meters, rests) a (meter_id, rest_seconds)
    where a.rest_seconds > 0 group by a.meter_id
  ), meter as materialized (
    select m.meter_id, m.plane_id, coalesce(base.source, m.source)::text::private.measure as measure, coalesce(r.ratio, 1) as ratio
    from asked
    join public.meters m on m.meter_id = asked.meter_id
    left join public.meters base on base.meter_id = m.base_meter_id
    left join private.meter_ratios(meters) r on r.meter_id = m.meter_id
  ), history as materialized (
    select source.plane_id, source.measure, least(year, today - first.day) as days
    from (select distinct meter.plane_id, meter.measure from meter) source
    cross join lateral (
      select d.day from private.plane_days d
      where d.plane_id = source.plane_id and d.measure = source.measure and d.seconds > 0
      order by d.day limit 1
    ) first
  ), flown as materialized (
    -- the days that were flown, counted from the first one of the history, and what was flown up to each of them
    select h.plane_id, h.measure, h.days, max(d.seconds_so_far) as total_seconds, array_agg(d.place order by d.place) as places,
      array_agg(d.seconds order by d.place) as seconds, array_agg(d.seconds_so_far order by d.place) as seconds_so_far
    from history h
    cross join lateral (
      select d.day - (today - h.days) as place, d.seconds, sum(d.seconds) over (order by d.day)::bigint as seconds_so_far
      from private.plane_days d
      where d.plane_id = h.plane_id and d.measure = h.measure and d.seconds > 0 and d.day >= today - h.days and d.day < today
    ) d
    where h.days >= least_days
    group by h.plane_id, h.measure, h.days
  ), started as materialized (
    select f.*, start.places as start_places, start.seconds as start_seconds, scatter.seconds as scatter_seconds
    from flown f
    cross join lateral (
      select array_agg(s.place order by n) as places,
        array_agg(coalesce(f.seconds_so_far[width_bucket(s.place - 1, f.places)], 0) order by n) as seconds
      from generate_series(0, walks - 1) n
      cross join lateral (
        select case
          when f.days = year then (year + (n - walks / 2) * walk_step_days) % year
          else n * f.days / walks
        end as place
      ) s
    ) start
    cross join lateral (
      -- Twice the variance of a week by its mean: weeks of bad weather come one after the other.
      select sum(week.jump ^ 2) / (count(*) - 1) / (sum(week.seconds) / count(*)) as seconds
      from (
        select w.seconds, w.seconds - lag(w.seconds) over (order by w.n) as jump
        from (
          select n, coalesce(of_week.seconds, 0)::double precision as seconds
          from generate_series(0, (f.days - 1) / 7) n
          left join (
            select (f.days - 1 - d.place) / 7 as n, sum(d.seconds) as seconds
            from unnest(f.places, f.seconds) d (place, seconds) group by 1
          ) of_week using (n)
        ) w
      ) week
    ) scatter
  )
  select asked.meter_id, rest.seconds, range.days[1]::integer, range.days[2]::integer
  from asked
  join meter on meter.meter_id = asked.meter_id
  join started f on f.plane_id = meter.plane_id and f.measure = meter.measure
  cross join lateral unnest(asked.rests) rest (seconds)
  cross join lateral (select (rest.seconds / meter.ratio)::double precision as seconds offset 0) needed
  cross join lateral (
    select exp(quantile * sqrt(
      f.scatter_seconds * (1 / needed.seconds + 1 / f.total_seconds::double precision) + years_differ ^ 2
        + season_unknown ^ 2 * (1 - f.days / year::double precision)
    )) as factor
    offset 0
  ) doubt
  cross join lateral (
    select array_agg(walk.days order by bound.seconds) as days
    from (values (ceil(needed.seconds / doubt.factor)::bigint), (ceil(needed.seconds * doubt.factor)::bigint)) bound (seconds)
    cross join lateral (
      -- Counted on from the first second of the days, the one that uses up the rest lies in this round, on that place.
      select percentile_disc(0.5) within group (order by
        goal.second / f.total_seconds * f.days + 1 - start.place
          + f.places[1 + width_bucket(goal.second % f.total_seconds, f.seconds_so_far)]
      ) as days
      from unnest(f.start_places, f.start_seconds) start (place, seconds)
      cross join lateral (select start.seconds + bound.seconds - 1 as second offset 0) goal
    ) walk
  ) range
  where range.days[2] <= most_days;
end $$;
comment on function private.days_until(uuid[], bigint[]) is 'In how many days each meter will have gone on by the rest: not before the one in 9 of 10 cases, not after the other in 9 of 10. No row: less than 28 days of history, no use, or more than five years.';
grant execute on function private.days_until(uuid[], bigint[]) to authenticated;

create function public.maintenance_status(
  time_zone text default 'UTC', for_fleet uuid default null, for_plane uuid default null
)
returns table (
  item_id uuid, fleet_id uuid, plane_id uuid, registration text, component_id uuid, name text, meter_id uuid,
  counts_from public.component_time, interval_seconds integer, interval_months integer, interval_days integer,
  tolerance_seconds integer, tolerance_days integer, warning_seconds integer, warning_days integer,
  anchor public.maintenance_anchor, note text, created_at timestamptz,
  status public.maintenance_state, missing public.maintenance_lack,
  last_completion_id uuid, last_done_on date, last_done_seconds bigint,
  now_seconds bigint, due_seconds bigint, remaining_seconds bigint, due_on date, remaining_days integer,
  projected_from date, projected_to date, urgency bigint
)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  zone constant text := private.check_time_zone(time_zone);
  today constant date := private.today(zone);
  now_time constant timestamptz := private.latest_time();
begin
  return query
  with item as materialized (
    select i.*, p.plane_id as in_plane, p.registration, p.registration_key, installed.meter_id as installed_meter
    from public.maintenance_items i
    left join lateral (
      select n.plane_id, n.meter_id from public.component_installations n
      where n.component_id = i.component_id and n.installed_from <= now_time
        and (n.removed_at is null or n.removed_at > now_time)
    ) installed on i.component_id is not null
    left join public.planes p on p.plane_id = coalesce(i.plane_id, installed.plane_id)
    where i.archived_at is null and p.archived_at is null and (for_fleet is null or i.fleet_id = for_fleet)
      and (for_plane is null or p.plane_id = for_plane)
  ), completion as materialized (
    select c.* from (select array_agg(item.item_id) as items from item) asked
    cross join lateral private.completions_since(asked.items, now_time) c
  ), done as materialized (
    select last.item_id, past.places, past.days, last.completion_id as last_completion_id, last.done_on as last_done_on,
      last.figure_seconds as last_done_seconds, last.since_seconds as last_since_seconds
    from completion last
    join (
      select c.item_id, array_agg(-c.since_seconds order by c.number desc) as places,
        array_agg(c.done_on order by c.number desc) as days
      from completion c group by c.item_id
    ) past on past.item_id = last.item_id
    where last.number = 1
  ), meter_now as materialized (
    select f.meter_id, f.seconds from (
      select array_agg(one.meter_id) as meters, array_agg(now_time) as times
      from (select distinct item.meter_id from item where item.meter_id is not null) one
    ) asked
    cross join lateral private.meter_figures(asked.meters, asked.times) f
  ), component_now as materialized (
    select c.* from (
      select array_agg(one.component_id) as components, array_agg(now_time) as times
      from (select distinct item.component_id from item where item.component_id is not null) one
    ) asked
    cross join lateral private.component_times(asked.components, asked.times) c
  ), due as materialized (
    select item.item_id, fold.seconds, fold.day, fold.day - today as days,
      case item.counts_from
        when 'since_new' then component_now.since_new_seconds
        when 'since_overhaul' then component_now.since_overhaul_seconds
        else meter_now.seconds
      end as now_seconds,
      case
        when done.item_id is null then 'completion'::public.maintenance_lack
        when item.interval_seconds is null or done.last_since_seconds is not null then null
        when item.component_id is null then 'meter_figure'
        when component_now.component_id is null then 'not_installed'
        else 'component_time'
      end as missing
    from item
    left join done on done.item_id = item.item_id
    left join meter_now on meter_now.meter_id = item.meter_id
    left join component_now on component_now.component_id = item.component_id and item.interval_seconds is not null
    cross join lateral (
      select
        case when item.interval_seconds is not null and done.item_id is not null
          then private.due_position(done.places, item.interval_seconds, item.tolerance_seconds, item.anchor)
        end as seconds,
        case when (item.interval_months is not null or item.interval_days is not null) and done.item_id is not null
          then private.due_date(done.days, item.interval_months, item.interval_days, item.tolerance_days, item.anchor)
        end as day
      offset 0
    ) fold
  ), walk as materialized (
    select w.* from (
      select array_agg(coalesce(item.meter_id, item.installed_meter)) as meters, array_agg(due.seconds) as rests
      from item join due on due.item_id = item.item_id
      where due.seconds > 0 and (due.days is null or due.days > 0)
    ) asked
    cross join lateral private.days_until(asked.meters, asked.rests) w
  ), judged as materialized (
    select due.*,
      case when walk.meter_id is not null then least(today + walk.low_days, due.day) end as projected_from,
      case when walk.meter_id is not null then least(today + walk.high_days, due.day) end as projected_to,
      case
        when state.worst is null or due.missing is not null and state.worst <= 'due_soon' then 'unknown'
        else state.worst
      end as status
    from due join item on item.item_id = due.item_id
    left join walk on walk.meter_id = coalesce(item.meter_id, item.installed_meter) and walk.rest_seconds = due.seconds
      and (due.days is null or due.days > 0)
    cross join lateral (
      select max(
        case
          when known.rest > known.warning then 'ok'::public.maintenance_state
          when known.rest > 0 then 'due_soon'
          when known.rest >= -known.tolerance then 'due'
          when known.rest is not null then 'overdue'
        end
      ) as worst
      from (
        values (due.seconds, item.warning_seconds, item.tolerance_seconds), (due.days, item.warning_days, item.tolerance_days)
      ) known (rest, warning, tolerance)
    ) state
  )
  select item.item_id, item.fleet_id, item.in_plane, item.registration, item.component_id, item.name, item.meter_id,
    item.counts_from, item.interval_seconds, item.interval_months, item.interval_days, item.tolerance_seconds,
    item.tolerance_days, item.warning_seconds, item.warning_days, item.anchor, item.note, item.created_at,
    judged.status, judged.missing, done.last_completion_id, done.last_done_on, done.last_done_seconds, judged.now_seconds,
    judged.now_seconds + judged.seconds, judged.seconds, judged.day, judged.days, judged.projected_from,
    judged.projected_to, sorted.urgency
  from item
  join judged on judged.item_id = item.item_id
  left join done on done.item_id = item.item_id
  cross join lateral (
    select 1000000000000 * case judged.status
        when 'overdue' then 4 when 'due' then 3 when 'due_soon' then 2 when 'unknown' then 1 else 0
      end - coalesce(
        least(judged.days * 86400::bigint, coalesce((judged.projected_from - today) * 86400::bigint, judged.seconds * 72)), 0
      ) as urgency
  ) sorted
  order by sorted.urgency desc, item.registration_key, item.name, item.item_id;
end $$;
comment on function public.maintenance_status(text, uuid, uuid) is 'What is due: one row for each maintenance item in use of planes in use, the most urgent first, optionally of one fleet or one plane (dates in a time zone). Figures are on the scale that the meter or component has today. A range of dates says when the hours will be used up, by the plane''s own use; greater urgency is more urgent: by status, then by what is expected first, ten hours weighing as much as thirty days where no date is expected.';
grant execute on function public.maintenance_status(text, uuid, uuid) to authenticated;

create function public.maintenance_history(item_id uuid)
returns table (completion_id uuid, done_on date, figure_seconds bigint, due_seconds bigint, due_on date)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
  with item as materialized (
    select i.* from public.maintenance_items i where i.item_id = maintenance_history.item_id
  ), completion as materialized (
    select c.*, array_agg(-c.since_seconds) over before as places, array_agg(c.done_on) over before as days
    from item cross join lateral private.completions_since(array[item.item_id], private.latest_time(), true) c
    window before as (order by c.number desc rows between unbounded preceding and 1 preceding)
  )
  select c.completion_id, c.done_on, c.figure_seconds,
    -- so far as it was from what it should have been, on the scale that it was done on
    case when item.interval_seconds is not null and c.places is not null then c.figure_seconds + c.since_seconds
      + private.due_position(c.places, item.interval_seconds, item.tolerance_seconds, item.anchor)
    end,
    case when (item.interval_months is not null or item.interval_days is not null) and c.days is not null
      then private.due_date(c.days, item.interval_months, item.interval_days, item.tolerance_days, item.anchor)
    end
  from completion c cross join item
  order by c.number;
end $$;
comment on function public.maintenance_history(uuid) is 'The completions of an item that hold, the newest first: the figure at each, on the scale of then, and when it was due until then by the ones before it (null: the first one, or not known).';
grant execute on function public.maintenance_history(uuid) to authenticated;
