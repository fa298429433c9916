-- Hours. Nothing accumulates: the seconds of a plane are the union of its sessions. So that a total does not have to
-- look at every session again, the union is also kept per UTC day and month; a change of a session computes the days
-- it touches from the sessions themselves. Any period, in any time zone, is whole months, whole days and two ends.
-- Powered, sensed and engine time are measured alike: they differ only in which part of a session they are made of.

create type private.measure as enum ('powered', 'sensed', 'engine');
comment on type private.measure is 'What is measured: all time with power, of it the time of sessions with a voltage sense, of this the time in which the engine ran.';

create function private.length(covered int4multirange) returns integer
language sql immutable parallel safe set search_path = ''
return (select coalesce(sum(upper(piece) - lower(piece)), 0) from unnest(covered) piece);
comment on function private.length(int4multirange) is 'How many seconds these seconds of a day are.';

create table private.plane_days (
  plane_id uuid not null references public.planes on delete cascade,
  day date not null,
  measure private.measure not null,
  covered int4multirange not null,
  seconds integer not null generated always as (private.length(covered)) stored,
  sessions integer not null,
  checkpoint_seconds bigint not null,
  primary key (plane_id, day, measure)
) with (fillfactor = 80);
alter table private.plane_days enable row level security;
comment on table private.plane_days is 'Per plane, UTC day and measure: the union of its sessions, computed from them at each change.';
comment on column private.plane_days.plane_id is 'The plane.';
comment on column private.plane_days.day is 'The UTC day.';
comment on column private.plane_days.measure is 'powered, sensed or engine; those of which there is nothing have no row.';
comment on column private.plane_days.covered is 'Of the day''s 86,400 seconds those in which at least one session that counts was on, or in which its engine ran.';
comment on column private.plane_days.seconds is 'How many these are.';
comment on column private.plane_days.sessions is 'Sessions that count and of which this began that day.';
comment on column private.plane_days.checkpoint_seconds is 'Sum of their checkpoint intervals.';

create table private.plane_months (
  plane_id uuid not null references public.planes on delete cascade,
  month date not null,
  measure private.measure not null,
  seconds integer not null,
  sessions integer not null,
  checkpoint_seconds bigint not null,
  primary key (plane_id, month, measure)
) with (fillfactor = 80);
-- Whether a plane was ever sensed is asked for rows of a log. Without the seconds in it their updates stay cheap (HOT).
create index plane_months_sensed on private.plane_months (plane_id) where measure = 'sensed';
alter table private.plane_months enable row level security;
comment on table private.plane_months is 'Per plane, UTC month and measure: the sums of its days.';
comment on column private.plane_months.plane_id is 'The plane.';
comment on column private.plane_months.month is 'First day of the UTC month.';
comment on column private.plane_months.measure is 'powered, sensed or engine.';
comment on column private.plane_months.seconds is 'Sum of seconds.';
comment on column private.plane_months.sessions is 'Sum of sessions.';
comment on column private.plane_months.checkpoint_seconds is 'Sum of checkpoint intervals.';

-- The functions that run for every message and every row of a page are told to keep one plan: it is always the same
-- walk down an index, and planning it again takes longer than the walk.
create function private.utc_day(t timestamptz) returns date
language sql immutable parallel safe set search_path = ''
return (t at time zone 'UTC')::date;
comment on function private.utc_day(timestamptz) is 'The UTC day that a time is part of.';
grant execute on function private.utc_day(timestamptz) to authenticated;

create function private.utc_second(t timestamptz) returns integer
language sql immutable parallel safe set search_path = ''
return extract(epoch from (t at time zone 'UTC')::time)::integer;
comment on function private.utc_second(timestamptz) is 'How many seconds of its UTC day have passed at a time; null for an infinite one.';

create function private.utc_midnight(day date) returns timestamptz
language sql immutable parallel safe set search_path = ''
return day::timestamp at time zone 'UTC';
comment on function private.utc_midnight(date) is 'The begin of a UTC day.';

-- Sessions up to a day long that touch a period began at most a day before it; the few longer ones have an index of their
-- own.
create function private.sessions_touching(plane uuid, from_time timestamptz, until_time timestamptz)
returns table (
  session_id uuid, effective_start timestamptz, session_end timestamptz, counts boolean, checkpoint_seconds integer,
  engine_first_s integer, engine_seconds integer
)
language plpgsql stable rows 10 set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
    select near.session_id, near.effective_start, near.session_end, near.counts, near.checkpoint_seconds,
      near.engine_first_s, near.engine_seconds
    from public.sessions near
    where near.plane_id = plane and not near.long and near.effective_start >= from_time - interval '1 day'
      and near.effective_start <= until_time and near.session_end >= from_time
    union all
    select far.session_id, far.effective_start, far.session_end, far.counts, far.checkpoint_seconds,
      far.engine_first_s, far.engine_seconds
    from public.sessions far
    where far.plane_id = plane and far.long and far.effective_start <= until_time and far.session_end >= from_time;
end $$;
comment on function private.sessions_touching(uuid, timestamptz, timestamptz) is 'A plane''s sessions that share a time with a period, or touch its begin or end.';

-- The one place where sessions become seconds: whatever is counted, of whichever period, is read from what this gives.
create function private.computed_days(plane uuid, first_day date, last_day date)
returns table (day date, measure private.measure, covered int4multirange, sessions bigint, checkpoint_seconds bigint)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  a constant timestamptz := private.utc_midnight(first_day);
  b constant timestamptz := private.utc_midnight(last_day + 1);
begin
  return query
  with session as (
    select s.* from private.sessions_touching(plane, a, b) s where s.counts
  ), measured as (
    select 'powered'::private.measure as measure, s.effective_start as begins, s.session_end as ends, s.checkpoint_seconds
    from session s
    union all
    select 'sensed', s.effective_start, s.session_end, s.checkpoint_seconds
    from session s where s.engine_seconds is not null
    union all
    -- The engine's time ends with what counts of the session.
    select 'engine', engine.begins, engine.ends, s.checkpoint_seconds
    from session s
    cross join lateral (select s.effective_start + s.engine_first_s * interval '1 second' as begins) ran
    cross join lateral (
      select ran.begins, least(ran.begins + s.engine_seconds * interval '1 second', s.session_end) as ends
    ) engine
    where engine.begins < engine.ends
  ), piece as (
    select united.measure, lower(united.span) - a as from_time, upper(united.span) - a as until_time
    from (
      select m.measure, unnest(range_agg(tstzrange(greatest(m.begins, a), least(m.ends, b)))) as span
      from measured m where m.begins < b and m.ends >= a
      group by m.measure
    ) united
  ), reached as (
    select n, piece.measure, range_agg(int4range(
      greatest(extract(epoch from piece.from_time)::bigint - n * 86400, 0)::integer,
      least(extract(epoch from piece.until_time)::bigint - n * 86400, 86400)::integer
    )) as covered
    from piece
    cross join lateral generate_series(
      extract(epoch from piece.from_time)::bigint / 86400, (extract(epoch from piece.until_time)::bigint - 1) / 86400
    ) n
    group by n, piece.measure
  ), began as (
    select private.utc_day(m.begins) - first_day as n, m.measure, count(*) as sessions,
      sum(m.checkpoint_seconds) as checkpoint_seconds
    from measured m where m.begins >= a and m.begins < b
    group by 1, 2
  )
  select first_day + n::integer, measure, coalesce(reached.covered, '{}'), coalesce(began.sessions, 0),
    coalesce(began.checkpoint_seconds, 0)
  from reached full join began using (n, measure);
end $$;
comment on function private.computed_days(uuid, date, date) is 'A plane''s days from one to another, computed from its sessions: of each measure the seconds covered, the sessions in which it began, the sum of their checkpoint intervals. What there is nothing of is left out.';

create function private.refresh_span(plane uuid, first_day date, last_day date) returns void
language plpgsql volatile set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  insert into private.plane_days as d (plane_id, day, measure, covered, sessions, checkpoint_seconds)
  select plane, day, measure, coalesce(computed.covered, '{}'), coalesce(computed.sessions, 0),
    coalesce(computed.checkpoint_seconds, 0)
  from private.computed_days(plane, first_day, last_day) computed
  full join (
    select kept.day, kept.measure from private.plane_days kept
    where kept.plane_id = plane and kept.day between first_day and last_day
  ) kept using (day, measure)
  on conflict (plane_id, day, measure) do update
    set covered = excluded.covered, sessions = excluded.sessions, checkpoint_seconds = excluded.checkpoint_seconds;
end $$;
comment on function private.refresh_span(uuid, date, date) is 'Recomputes a plane''s days, the last one included, from its sessions.';

create function private.overlaps(session uuid, plane uuid, begins timestamptz, ends timestamptz) returns boolean
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  -- Not by sessions_touching, which would hand over all of them where one is enough.
  return exists (
    select from public.sessions near
    where near.plane_id = plane and not near.long and near.counts and near.session_id <> session
      and near.effective_start >= begins - interval '1 day' and near.effective_start < ends and near.session_end > begins
  ) or exists (
    select from public.sessions far
    where far.plane_id = plane and far.long and far.counts and far.session_id <> session
      and far.effective_start < ends and far.session_end > begins
  );
end $$;
comment on function private.overlaps(uuid, uuid, timestamptz, timestamptz) is 'Whether another session of the plane that counts shares time with this one.';

-- Whether sessions overlap changes only for those that touch a time in which something changed: of each plane and span
-- these are looked at again. A plane's sessions are written by one at a time (private.lock_planes).
create function private.refresh_overlaps(planes uuid[], froms timestamptz[], untils timestamptz[]) returns void
language plpgsql volatile set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  update public.sessions s set "overlaps" = not s.overlaps
  from (
    select distinct united.plane_id, session.session_id, session.effective_start, session.session_end, session.counts
    from (
      select span.plane_id, unnest(range_agg(tstzrange(span.from_time, span.until_time, '[]'))) as span
      from unnest(planes, froms, untils) as span (plane_id, from_time, until_time)
      group by span.plane_id
    ) united
    cross join lateral private.sessions_touching(united.plane_id, lower(united.span), upper(united.span)) session
  ) touched
  where s.session_id = touched.session_id and s.overlaps <> (
    touched.counts
    and private.overlaps(touched.session_id, touched.plane_id, touched.effective_start, touched.session_end)
  );
end $$;
comment on function private.refresh_overlaps(uuid[], timestamptz[], timestamptz[]) is 'Says of the sessions of planes that touch the periods given whether they overlap others.';

create function private.refresh_month(plane uuid, first_day date) returns void
language plpgsql volatile set search_path = '' as $$
begin
  insert into private.plane_months (plane_id, month, measure, seconds, sessions, checkpoint_seconds)
  select plane, first_day, d.measure, sum(d.seconds), sum(d.sessions), sum(d.checkpoint_seconds)
  from private.plane_days d
  where d.plane_id = plane and d.day >= first_day and d.day < (first_day + interval '1 month')::date
  group by d.measure
  on conflict (plane_id, month, measure) do update
    set seconds = excluded.seconds, sessions = excluded.sessions, checkpoint_seconds = excluded.checkpoint_seconds;
end $$;
comment on function private.refresh_month(uuid, date) is 'Recomputes a plane''s month from its days.';

create function private.lock_planes(planes uuid[]) returns void
language plpgsql volatile set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(turn.key)
  from (select distinct private.lock_key('plane', plane) as key from unnest(planes) plane where plane is not null order by 1) turn;
end $$;
comment on function private.lock_planes(uuid[]) is 'Step 4: whoever changes hours of these planes waits until the transaction ends.';

-- The planes' locks come first and their sessions are looked at in the statements after it, so that of two concurrent
-- changes the later one sees both.
create function private.refresh_days(planes uuid[], froms timestamptz[], untils timestamptz[]) returns void
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  touched record;
begin
  perform private.lock_planes(planes);
  for touched in
    select span.plane_id, unnest(range_agg(
      daterange(private.utc_day(span.from_time), private.utc_day(span.until_time), '[]')
    )) as days
    from unnest(planes, froms, untils) as span (plane_id, from_time, until_time)
    group by span.plane_id
  loop
    perform private.refresh_span(touched.plane_id, lower(touched.days), upper(touched.days) - 1);
  end loop;
  perform private.refresh_overlaps(planes, froms, untils);
  for touched in
    select distinct span.plane_id, month::date as first_day
    from unnest(planes, froms, untils) as span (plane_id, from_time, until_time)
    cross join lateral generate_series(
      date_trunc('month', span.from_time at time zone 'UTC'), span.until_time at time zone 'UTC', interval '1 month'
    ) month
  loop
    perform private.refresh_month(touched.plane_id, touched.first_day);
  end loop;
end $$;
comment on function private.refresh_days(uuid[], timestamptz[], timestamptz[]) is 'Computes again the days and months of planes that lie in the periods given, and which of their sessions overlap there.';

create function private.sessions_came() returns trigger
language plpgsql security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  planes uuid[];
  froms timestamptz[];
  untils timestamptz[];
begin
  select array_agg(plane_id), array_agg(effective_start), array_agg(session_end) into planes, froms, untils
  from changed where plane_id is not null and counts
    -- with their fleet the planes go, too
    and private.is_ending(fleet_id) is not true;
  if planes is not null then
    perform private.refresh_days(planes, froms, untils);
  end if;
  return null;
end $$;
comment on function private.sessions_came() is 'After sessions were inserted or deleted: the days of their planes follow.';

create function private.sessions_changed() returns trigger
language plpgsql security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  planes uuid[];
  froms timestamptz[];
  untils timestamptz[];
begin
  with pair as (
    select o.plane_id as old_plane, o.effective_start as old_start, o.session_end as old_end, o.counts as old_counts,
      n.plane_id as new_plane, n.effective_start as new_start, n.session_end as new_end, n.counts as new_counts,
      -- the minutely case: the session only grew, and only the days in which it or its engine's time grew change
      o.plane_id = n.plane_id and o.effective_start = n.effective_start and o.counts and n.counts
        and o.checkpoint_seconds is not distinct from n.checkpoint_seconds
        and (o.engine_seconds is null) = (n.engine_seconds is null)
        and (o.engine_first_s is null or o.engine_first_s is not distinct from n.engine_first_s) as grew,
      case when (o.engine_first_s, o.engine_seconds) is distinct from (n.engine_first_s, n.engine_seconds) then
        n.effective_start
          + (n.engine_first_s + case when o.engine_first_s is null then 0 else least(o.engine_seconds, n.engine_seconds) end)
            * interval '1 second'
      end as engine_grew_from
    -- Each is on both sides. A full join is never done row by row, however few the planner expects: an import has thousands.
    from before o full join after n using (session_id)
    where (o.plane_id is not null or n.plane_id is not null)
      and (o.plane_id, o.effective_start, o.session_end, o.counts, o.checkpoint_seconds, o.engine_first_s, o.engine_seconds)
        is distinct from
          (n.plane_id, n.effective_start, n.session_end, n.counts, n.checkpoint_seconds, n.engine_first_s, n.engine_seconds)
  ), span as (
    select new_plane as plane_id, least(old_end, new_end, engine_grew_from) as from_time,
      greatest(old_end, new_end) as until_time
    from pair where grew
    union all
    select old_plane, old_start, old_end from pair where grew is not true and old_counts and old_plane is not null
    union all
    select new_plane, new_start, new_end from pair where grew is not true and new_counts and new_plane is not null
  )
  select array_agg(plane_id), array_agg(from_time), array_agg(until_time) into planes, froms, untils from span;
  if planes is not null then
    perform private.refresh_days(planes, froms, untils);
  end if;
  -- What left its plane or the totals is found in no plane's time any more.
  if exists (select from after n where n.overlaps and (n.plane_id is null or not n.counts)) then
    update public.sessions s set "overlaps" = false from after n
    where s.session_id = n.session_id and s.overlaps and (n.plane_id is null or not n.counts);
  end if;
  return null;
end $$;
comment on function private.sessions_changed() is 'After sessions changed: the days they left and the days they came to follow.';

create trigger days_follow_insert after insert on public.sessions
  referencing new table as changed for each statement execute function private.sessions_came();
create trigger days_follow_delete after delete on public.sessions
  referencing old table as changed for each statement execute function private.sessions_came();
create trigger days_follow_update after update on public.sessions
  referencing old table as before new table as after for each statement execute function private.sessions_changed();

-- The seconds between a time and the month's begin next to it, forwards or (less than 0) backwards: the days in between
-- and part of one. A period is the months between two such begins, and two edges. SECURITY DEFINER: it reads rows that
-- the caller may not, so it is reachable only through views and functions that have checked the planes. All at once:
-- to ask for each plane and month by itself takes ten times as long.
create function private.counted_in(
  planes uuid[], froms timestamptz[], untils timestamptz[],
  measures private.measure[] default enum_range(null::private.measure)
)
returns table (
  plane_id uuid, from_time timestamptz, until_time timestamptz, seconds bigint, sensed_seconds bigint, engine_seconds bigint
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
  with period as materialized (
    select p.plane_id, p.from_time, p.until_time from unnest(planes, froms, untils) p (plane_id, from_time, until_time)
    where p.from_time < p.until_time
  ), meant as materialized (
    select period.plane_id, period.from_time as t from period
    union
    select period.plane_id, period.until_time from period
  ), moment as materialized (
    -- once for all planes that are asked about the same time
    select utc.t, utc.day, utc.second,
      case when isfinite(utc.day) then date_trunc('month', (utc.day + 15)::timestamp)::date else utc.day end as month
    from (
      select one.t, private.utc_day(one.t) as day, private.utc_second(one.t) as second
      from (select distinct meant.t from meant) one
      offset 0  -- or it would be worked out again at each of its uses
    ) utc
  ), edge as materialized (
    select meant.plane_id, meant.t, moment.month, part.*
    from meant join moment on moment.t = meant.t
    cross join lateral (
      select coalesce(sum(d.part) filter (where d.measure = 'powered'), 0) as seconds,
        coalesce(sum(d.part) filter (where d.measure = 'sensed'), 0) as sensed_seconds,
        coalesce(sum(d.part) filter (where d.measure = 'engine'), 0) as engine_seconds
      from (
        select d.measure,
          case when moment.month > d.day then d.seconds when d.day < moment.day then -d.seconds else 0 end - case
            when d.day <> moment.day or lower(d.covered) >= moment.second then 0
            when upper(d.covered) <= moment.second then d.seconds
            else (
              select sum(least(upper(piece), moment.second) - lower(piece))::integer
              from unnest(d.covered) piece where lower(piece) < moment.second
            )
          end as part
        from private.plane_days d
        -- of the day itself only what lies before the time: at midnight, nothing
        where d.plane_id = meant.plane_id and d.day >= least(moment.month, moment.day)
          and d.day < greatest(moment.month, moment.day + (moment.second > 0)::integer) and d.measure = any (measures)
      ) d
    ) part
  )
  select period.plane_id, period.from_time, period.until_time,
    whole.seconds + begins.seconds - ends.seconds,
    sensed.seconds,
    case when 'engine' = any (measures) and (sensed.seconds > 0 or 'sensed' <> all (measures))
      then whole.engine_seconds + begins.engine_seconds - ends.engine_seconds
    end
  from period
  join edge begins on begins.plane_id = period.plane_id and begins.t = period.from_time
  join edge ends on ends.plane_id = period.plane_id and ends.t = period.until_time
  cross join lateral (
    select coalesce(sum(m.seconds) filter (where m.measure = 'powered'), 0) as seconds,
      coalesce(sum(m.seconds) filter (where m.measure = 'sensed'), 0) as sensed_seconds,
      coalesce(sum(m.seconds) filter (where m.measure = 'engine'), 0) as engine_seconds
    from private.plane_months m
    where m.plane_id = period.plane_id and m.month >= begins.month and m.month < ends.month
      and m.measure = any (measures)
  ) whole
  cross join lateral (select whole.sensed_seconds + begins.sensed_seconds - ends.sensed_seconds as seconds) sensed;
end $$;
comment on function private.counted_in(uuid[], timestamptz[], timestamptz[], private.measure[]) is 'For each plane between its two times: seconds covered by at least one of its sessions that count, of these the sensed ones, and of these the ones with the engine running (null: nothing was sensed). The second time may be infinity. A period that is none has no row. What is not asked for is not read: 0, or null. The engine''s alone are 0, too, where nothing was sensed.';
grant execute on function private.counted_in(uuid[], timestamptz[], timestamptz[], private.measure[]) to authenticated;

create function private.counted(plane uuid, a timestamptz, b timestamptz) returns bigint
language plpgsql stable set search_path = '' as $$
begin
  return coalesce((select c.seconds from private.counted_in(array[plane], array[a], array[b], '{powered}') c), 0);
end $$;
comment on function private.counted(uuid, timestamptz, timestamptz) is 'counted_in of one plane and period; 0 for a period that is none.';
grant execute on function private.counted(uuid, timestamptz, timestamptz) to authenticated;

create function private.counted_engine(plane uuid, a timestamptz, b timestamptz) returns bigint
language plpgsql stable set search_path = '' as $$
begin
  return (select c.engine_seconds from private.counted_in(array[plane], array[a], array[b], '{sensed,engine}') c);
end $$;
comment on function private.counted_engine(uuid, timestamptz, timestamptz) is 'counted_in of one plane and period: the engine''s seconds; null if nothing of it was sensed.';
grant execute on function private.counted_engine(uuid, timestamptz, timestamptz) to authenticated;

-- All at once, too, and with the owner's rights for the same reason.
create function private.tallies_since(planes uuid[], froms timestamptz[])
returns table (
  plane_id uuid, from_time timestamptz, sessions bigint, uncertainty_seconds bigint, uncertainty_less_seconds bigint
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
  with asked as materialized (
    select * from unnest(planes, froms) p (plane_id, from_time)
  ), utc as materialized (
    -- once for all planes that are asked about the same time
    select one.from_time, private.utc_day(one.from_time) as day,
      date_trunc('month', private.utc_day(one.from_time) + interval '1 month')::date as next_month,
      private.utc_midnight(private.utc_day(one.from_time) + 1) as next_midnight
    from (select distinct asked.from_time from asked) one
  )
  select asked.plane_id, asked.from_time, coalesce(sum(part.sessions), 0)::bigint,
    coalesce(sum(part.more_seconds), 0)::bigint, coalesce(sum(part.less_seconds), 0)::bigint
  from asked join utc on utc.from_time = asked.from_time
  cross join lateral (
    -- a power cut only ever loses seconds
    select m.sessions, m.checkpoint_seconds as more_seconds, 0 as less_seconds from private.plane_months m
    where m.plane_id = asked.plane_id and m.month >= utc.next_month and m.measure = 'powered'
    union all
    select d.sessions, d.checkpoint_seconds, 0 from private.plane_days d
    where d.plane_id = asked.plane_id and d.day > utc.day and d.day < utc.next_month and d.measure = 'powered'
    union all
    -- the rest of the day, and what reaches in from before
    select 1, s.checkpoint_seconds, 0 from public.sessions s
    where s.plane_id = asked.plane_id and s.counts and s.effective_start >= asked.from_time - interval '1 day'
      and s.effective_start < utc.next_midnight
      and (s.effective_start >= asked.from_time or s.session_end > asked.from_time and not s.long)
    union all
    select 1, s.checkpoint_seconds, 0 from public.sessions s
    where s.plane_id = asked.plane_id and s.counts and s.long
      and s.effective_start < asked.from_time and s.session_end > asked.from_time
    union all
    -- An estimated start may lie on the other side of the period's begin: what counts of it may be less, the rest more.
    select 0, least(s.run_seconds - side.counted, side.doubt), least(side.counted, side.doubt)
    from public.sessions s
    cross join lateral (
      select coalesce(s.start_uncertainty_s, s.run_seconds) as doubt,
        least(s.run_seconds, greatest(0, ceil(extract(epoch from s.session_end - asked.from_time))))::integer as counted
    ) side
    where s.plane_id = asked.plane_id and s.counts and s.start_source = 'estimated' and not s.clock_checked
      and asked.from_time > private.earliest_start()  -- no board's session lies before it
      and (
        s.start_uncertainty_s is null and s.session_end > asked.from_time
        or s.effective_start - s.start_uncertainty_s * interval '1 second' < asked.from_time
          and s.session_end + s.start_uncertainty_s * interval '1 second' > asked.from_time
      )
  ) part
  group by asked.plane_id, asked.from_time;
end $$;
comment on function private.tallies_since(uuid[], timestamptz[]) is 'Of how many sessions each plane''s total since its time is made, and how many seconds more, or less, it may be at most. A plane without any has no row.';
grant execute on function private.tallies_since(uuid[], timestamptz[]) to authenticated;
