-- Hours. Nothing accumulates: the seconds of a plane are the union of its sessions. So that a total does not have to
-- look at every session again, the union is also kept per UTC day and month; a change of a session computes the days
-- it touches anew from the sessions themselves. Any period, in any time zone, is whole months, whole days and two ends.

create table private.plane_days (
  plane_id uuid not null references public.planes on delete cascade,
  day date not null,
  seconds integer not null,
  sessions integer not null,
  checkpoint_seconds bigint not null,
  primary key (plane_id, day)
) with (fillfactor = 80);
alter table private.plane_days enable row level security;
comment on table private.plane_days is 'Per plane and UTC day: the union of its sessions, computed from them at each change.';
comment on column private.plane_days.plane_id is 'The plane.';
comment on column private.plane_days.day is 'The UTC day.';
comment on column private.plane_days.seconds is 'Seconds of that day covered by at least one session that counts.';
comment on column private.plane_days.sessions is 'Sessions that count and started that day.';
comment on column private.plane_days.checkpoint_seconds is 'Sum of their checkpoint intervals.';

create table private.plane_months (
  plane_id uuid not null references public.planes on delete cascade,
  month date not null,
  seconds integer not null,
  sessions integer not null,
  checkpoint_seconds bigint not null,
  primary key (plane_id, month)
) with (fillfactor = 80);
alter table private.plane_months enable row level security;
comment on table private.plane_months is 'Per plane and UTC month: the sums of its days.';
comment on column private.plane_months.plane_id is 'The plane.';
comment on column private.plane_months.month is 'First day of the UTC month.';
comment on column private.plane_months.seconds is 'Sum of seconds.';
comment on column private.plane_months.sessions is 'Sum of sessions.';
comment on column private.plane_months.checkpoint_seconds is 'Sum of checkpoint intervals.';

-- The functions that run for every message and every row of a page are told to keep one plan: it is always the same
-- walk down an index, and planning it anew takes longer than the walk.
create function private.utc_day(t timestamptz) returns date
language sql immutable parallel safe set search_path = ''
return (t at time zone 'UTC')::date;
comment on function private.utc_day(timestamptz) is 'The UTC day that a time is part of.';
grant execute on function private.utc_day(timestamptz) to authenticated;

create function private.utc_midnight(day date) returns timestamptz
language sql immutable parallel safe set search_path = ''
return day::timestamp at time zone 'UTC';
comment on function private.utc_midnight(date) is 'The begin of a UTC day.';

-- The union straight from the sessions, for short periods. Sessions up to a day long that reach into the period began
-- at most a day before it; the few longer ones have an index of their own.
create function private.union_seconds(plane uuid, a timestamptz, b timestamptz) returns bigint
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  return (
    select coalesce(sum(extract(epoch from upper(piece) - lower(piece))), 0)::bigint
    from (
      select unnest(range_agg(tstzrange(greatest(s.effective_start, a), least(s.session_end, b)))) as piece
      from (
        select near.effective_start, near.session_end from public.sessions near
        where near.plane_id = plane and near.counts and not near.long
          and near.effective_start >= a - interval '1 day' and near.effective_start < b and near.session_end > a
        union all
        select far.effective_start, far.session_end from public.sessions far
        where far.plane_id = plane and far.counts and far.long and far.effective_start < b and far.session_end > a
      ) s
    ) pieces
  );
end $$;
comment on function private.union_seconds(uuid, timestamptz, timestamptz) is 'Seconds of [a, b) covered by at least one of the plane''s sessions that count.';

create function private.refresh_span(plane uuid, first_day date, last_day date) returns void
language plpgsql volatile set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  a constant timestamptz := private.utc_midnight(first_day);
  b constant timestamptz := private.utc_midnight(last_day + 1);
begin
  insert into private.plane_days as d (plane_id, day, seconds, sessions, checkpoint_seconds)
  with piece as (
    select unnest(range_agg(tstzrange(greatest(s.effective_start, a), least(s.session_end, b)))) as span
    from (
      select near.effective_start, near.session_end from public.sessions near
      where near.plane_id = plane and near.counts and not near.long
        and near.effective_start >= a - interval '1 day' and near.effective_start < b and near.session_end > a
      union all
      select far.effective_start, far.session_end from public.sessions far
      where far.plane_id = plane and far.counts and far.long and far.effective_start < b and far.session_end > a
    ) s
  ), covered as (
    select first_day + n as day, sum(extract(epoch from
      least(upper(piece.span), private.utc_midnight(first_day + n + 1))
        - greatest(lower(piece.span), private.utc_midnight(first_day + n))
    )) as seconds
    from piece
    cross join lateral generate_series(
      private.utc_day(lower(piece.span)) - first_day,
      private.utc_day(upper(piece.span) - interval '1 microsecond') - first_day
    ) n
    group by n
  ), began as (
    select private.utc_day(s.effective_start) as day, count(*) as sessions, sum(s.checkpoint_seconds) as checkpoint_seconds
    from public.sessions s
    where s.plane_id = plane and s.counts and s.effective_start >= a and s.effective_start < b
    group by 1
  )
  select plane, first_day + n, coalesce(covered.seconds, 0), coalesce(began.sessions, 0), coalesce(began.checkpoint_seconds, 0)
  from generate_series(0, last_day - first_day) n
  left join covered on covered.day = first_day + n
  left join began on began.day = first_day + n
  on conflict (plane_id, day) do update
    set seconds = excluded.seconds, sessions = excluded.sessions, checkpoint_seconds = excluded.checkpoint_seconds;
end $$;
comment on function private.refresh_span(uuid, date, date) is 'Recomputes a plane''s days, the last one included, from its sessions.';

create function private.refresh_month(plane uuid, first_day date) returns void
language plpgsql volatile set search_path = '' as $$
begin
  insert into private.plane_months (plane_id, month, seconds, sessions, checkpoint_seconds)
  select plane, first_day, coalesce(sum(d.seconds), 0), coalesce(sum(d.sessions), 0), coalesce(sum(d.checkpoint_seconds), 0)
  from private.plane_days d
  where d.plane_id = plane and d.day >= first_day and d.day < (first_day + interval '1 month')::date
  on conflict (plane_id, month) do update
    set seconds = excluded.seconds, sessions = excluded.sessions, checkpoint_seconds = excluded.checkpoint_seconds;
end $$;
comment on function private.refresh_month(uuid, date) is 'Computes a plane''s month anew from its days.';

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
comment on function private.refresh_days(uuid[], timestamptz[], timestamptz[]) is 'Computes the days and months of planes anew that lie in the periods given.';

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
    and fleet_id is distinct from nullif(current_setting('private.ending_fleet', true), '')::uuid;
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
      -- the minutely case: the session only grew, and only the days it grew in change
      o.plane_id = n.plane_id and o.effective_start = n.effective_start and o.counts and n.counts
        and o.checkpoint_seconds is not distinct from n.checkpoint_seconds as grew
    from before o join after n using (session_id)
    where (o.plane_id is not null or n.plane_id is not null)
      and (o.plane_id, o.effective_start, o.session_end, o.counts, o.checkpoint_seconds)
        is distinct from (n.plane_id, n.effective_start, n.session_end, n.counts, n.checkpoint_seconds)
  ), span as (
    select new_plane as plane_id, least(old_end, new_end) as from_time, greatest(old_end, new_end) as until_time
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
  return null;
end $$;
comment on function private.sessions_changed() is 'After sessions changed: the days they left and the days they came to follow.';

create trigger days_follow_insert after insert on public.sessions
  referencing new table as changed for each statement execute function private.sessions_came();
create trigger days_follow_delete after delete on public.sessions
  referencing old table as changed for each statement execute function private.sessions_came();
create trigger days_follow_update after update on public.sessions
  referencing old table as before new table as after for each statement execute function private.sessions_changed();

-- Whole months, whole days and two ends. SECURITY DEFINER: it reads rows that the caller may not, so it is reachable
-- only through views and functions that have checked the plane.
create function private.counted(plane uuid, a timestamptz, b timestamptz) returns bigint
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  first_day date := private.utc_day(a + interval '1 day' - interval '1 microsecond');  -- first day wholly inside
  last_day date := private.utc_day(b);  -- the day that b lies in
  first_month date := date_trunc('month', first_day + interval '1 month' - interval '1 day')::date;
  last_month date := case when isfinite(b) then date_trunc('month', last_day::timestamp)::date else 'infinity' end;
  seconds bigint;
begin
  if not a < b then
    return 0;
  elsif first_day >= last_day then
    return private.union_seconds(plane, a, b);
  end if;
  select coalesce(sum(whole.seconds), 0) into seconds from (
    select m.seconds from private.plane_months m
    where m.plane_id = plane and m.month >= first_month and m.month < last_month
    union all
    select d.seconds from private.plane_days d
    where d.plane_id = plane and d.day >= first_day and d.day < least(first_month, last_day)
    union all
    select d.seconds from private.plane_days d
    where d.plane_id = plane and d.day >= greatest(first_month, last_month) and d.day < last_day
  ) whole;
  if a < private.utc_midnight(first_day) then
    seconds := seconds + private.union_seconds(plane, a, private.utc_midnight(first_day));
  end if;
  if isfinite(b) then
    seconds := seconds + private.union_seconds(plane, private.utc_midnight(last_day), b);
  end if;
  return seconds;
end $$;
comment on function private.counted(uuid, timestamptz, timestamptz) is 'Seconds covered by at least one of the plane''s sessions that count, between two times; the second may be infinity.';
grant execute on function private.counted(uuid, timestamptz, timestamptz) to authenticated;

create type private.tally as (sessions bigint, uncertainty_seconds bigint);
comment on type private.tally is 'Sessions that make up a total, and the total''s plus-or-minus in seconds.';
comment on column private.tally.sessions is 'How many sessions.';
comment on column private.tally.uncertainty_seconds is 'Plus or minus seconds.';

create function private.tally_since(plane uuid, a timestamptz) returns private.tally
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  next_month constant date := date_trunc('month', private.utc_day(a) + interval '1 month')::date;
  total private.tally;
begin
  with part as (
    select m.sessions, m.checkpoint_seconds from private.plane_months m
    where m.plane_id = plane and m.month >= next_month
    union all
    select d.sessions, d.checkpoint_seconds from private.plane_days d
    where d.plane_id = plane and d.day > private.utc_day(a) and d.day < next_month
    union all
    select count(*), coalesce(sum(s.checkpoint_seconds), 0) from public.sessions s
    where s.plane_id = plane and s.counts
      and s.effective_start >= a and s.effective_start < private.utc_midnight(private.utc_day(a) + 1)
    union all
    -- what reaches in from before
    select count(*), coalesce(sum(s.checkpoint_seconds), 0) from public.sessions s
    where s.plane_id = plane and s.counts and not s.long
      and s.effective_start >= a - interval '1 day' and s.effective_start < a and s.session_end > a
    union all
    select count(*), coalesce(sum(s.checkpoint_seconds), 0) from public.sessions s
    where s.plane_id = plane and s.counts and s.long and s.effective_start < a and s.session_end > a
    union all
    -- An estimated start may lie on the other side of the period's begin: at most the whole length is in doubt.
    select 0, coalesce(sum(least(s.run_seconds, coalesce(s.start_uncertainty_s, s.run_seconds))), 0)
    from public.sessions s
    where s.plane_id = plane and s.counts and s.start_source = 'estimated' and not s.clock_checked
      and a > private.earliest_start()  -- the beginning of time clips nothing
      and (
        s.start_uncertainty_s is null and s.session_end > a
        or s.effective_start - s.start_uncertainty_s * interval '1 second' < a
          and s.session_end + s.start_uncertainty_s * interval '1 second' > a
      )
  )
  select coalesce(sum(part.sessions), 0)::bigint, coalesce(sum(part.checkpoint_seconds), 0)::bigint into total from part;
  return total;
end $$;
comment on function private.tally_since(uuid, timestamptz) is 'How many sessions a plane''s total since a time is made of, and its uncertainty.';
grant execute on function private.tally_since(uuid, timestamptz) to authenticated;

-- Readings of the panel meter: append-only, voidable with a reason.
create table public.hour_readings (
  reading_id uuid primary key default gen_random_uuid(),
  entry bigint not null generated always as identity,
  fleet_id uuid not null references public.fleets on delete cascade,
  plane_id uuid not null,
  as_of timestamptz not null,
  seconds integer not null check (seconds >= 0),
  expected_seconds integer not null,
  difference_seconds integer not null generated always as (seconds - expected_seconds) stored,
  reason public.reading_reason not null,
  note text check (char_length(note) <= 500),
  entered_at timestamptz not null default private.clock(),
  entered_by uuid references auth.users (id) on delete set null,
  voided_at timestamptz,
  voided_by uuid references auth.users (id) on delete set null,
  void_reason text check (char_length(void_reason) between 1 and 500),
  foreign key (fleet_id, plane_id) references public.planes (fleet_id, plane_id) on delete cascade,
  check ((voided_at is null) = (void_reason is null))
);
create index hour_readings_in_force on public.hour_readings (plane_id, as_of desc, entry desc) where voided_at is null;
create index hour_readings_by_fleet on public.hour_readings (fleet_id, plane_id, as_of desc);
create index hour_readings_by_author on public.hour_readings (entered_by);
create index hour_readings_by_voider on public.hour_readings (voided_by);
comment on table public.hour_readings is 'What a plane''s panel meter showed, as of a time. Hours are the latest one plus what was counted since.';
comment on column public.hour_readings.reading_id is 'Identity of the reading.';
comment on column public.hour_readings.entry is 'Order of entry: of two readings as of the same time, the newest holds.';
comment on column public.hour_readings.fleet_id is 'The plane''s fleet.';
comment on column public.hour_readings.plane_id is 'The plane.';
comment on column public.hour_readings.as_of is 'When the meter showed it.';
comment on column public.hour_readings.seconds is 'The meter in seconds: hours times 3600.';
comment on column public.hour_readings.expected_seconds is 'What hours() said for that time when the reading was entered.';
comment on column public.hour_readings.difference_seconds is 'Read minus expected.';
comment on column public.hour_readings.reason is 'Why it was read.';
comment on column public.hour_readings.note is 'Remark, up to 500 characters.';
comment on column public.hour_readings.entered_at is 'When it was entered (server time).';
comment on column public.hour_readings.entered_by is 'Who entered it; null for a former member.';
comment on column public.hour_readings.voided_at is 'When it was voided; null while it holds.';
comment on column public.hour_readings.voided_by is 'Who voided it; null for a former member.';
comment on column public.hour_readings.void_reason is 'Why it was voided.';

create trigger take_turns before insert or update on public.hour_readings
  for each statement execute function private.take_turns();

alter table public.hour_readings enable row level security;
grant select on public.hour_readings to authenticated;
create policy "Members see the readings of their fleets" on public.hour_readings for select to authenticated
  using (fleet_id = any ((select private.fleets_as('viewer'))::uuid[]));

create function private.reading_at(plane uuid, t timestamptz) returns public.hour_readings
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  latest public.hour_readings;
begin
  select * into latest from public.hour_readings r
  where r.plane_id = plane and r.as_of <= t and r.voided_at is null
  order by r.as_of desc, r.entry desc limit 1;
  return latest;
end $$;
comment on function private.reading_at(uuid, timestamptz) is 'The reading that a plane''s hours at a time rest on; null if there is none.';
grant execute on function private.reading_at(uuid, timestamptz) to authenticated;

-- Without a reading, all that was ever counted: no session starts before private.earliest_start().
create function private.hours(plane uuid, t timestamptz) returns bigint
language plpgsql stable security definer cost 1000 set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  reading public.hour_readings := private.reading_at(plane, t);
begin
  return coalesce(reading.seconds, 0) + private.counted(plane, coalesce(reading.as_of, private.earliest_start()), t);
end $$;
comment on function private.hours(uuid, timestamptz) is 'Hours of a plane at a time, in seconds: the latest reading plus what was counted since.';
grant execute on function private.hours(uuid, timestamptz) to authenticated;

create function public.hours(plane_id uuid, at_time timestamptz default null) returns bigint
language sql stable set search_path = ''
begin atomic
  select private.hours(p.plane_id, coalesce(at_time, private.latest_time()))
  from public.planes p where p.plane_id = hours.plane_id;
end;
comment on function public.hours(uuid, timestamptz) is 'Hours of a plane at a time, in seconds, by default with all that counts until now, as plane_hours has them; null for a plane that the caller does not see.';
grant execute on function public.hours(uuid, timestamptz) to authenticated;

create function public.counted(plane_id uuid, from_time timestamptz, until_time timestamptz) returns bigint
language sql stable set search_path = ''
begin atomic
  select private.counted(p.plane_id, greatest(from_time, private.earliest_start()), until_time)
  from public.planes p where p.plane_id = counted.plane_id;
end;
comment on function public.counted(uuid, timestamptz, timestamptz) is 'Seconds counted for a plane between two times; null for a plane that the caller does not see.';
grant execute on function public.counted(uuid, timestamptz, timestamptz) to authenticated;

create function private.add_reading(
  plane uuid, meter_seconds integer, meter_time timestamptz, why public.reading_reason, remark text, reading uuid
) returns public.hour_readings
language plpgsql volatile security definer set search_path = '' as $$
declare
  fleet uuid;
  at_time timestamptz := date_trunc('second', coalesce(meter_time, private.clock()));
  made public.hour_readings;
begin
  select p.fleet_id into fleet from public.planes p
  where p.plane_id = plane and p.fleet_id = any (private.fleets_as('viewer'));
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such plane in your fleets';
  elsif not fleet = any (private.fleets_as('editor')) then
    raise sqlstate 'PT403' using message = 'This needs the role editor', hint = 'Ask an owner of the fleet.';
  elsif meter_seconds is null or meter_seconds not between 0 and 360000000 then
    raise sqlstate 'PT400' using message = 'A meter shows 0 to 100,000 hours', hint = 'Give seconds: hours times 3600.';
  elsif why is null then
    raise sqlstate 'PT400' using message = 'A reading has a reason', hint = 'initial, check, correction or meter_replaced.';
  elsif at_time > private.latest_time() then
    raise sqlstate 'PT400' using message = 'A meter cannot be read in the future';
  elsif at_time < '1990-01-01T00:00:00Z' then
    raise sqlstate 'PT400' using
      message = 'The time of the reading is too long ago', hint = 'Give the date on which the meter was read.';
  elsif char_length(remark) > 500 then
    raise sqlstate 'PT400' using message = 'A note has at most 500 characters';
  end if;
  perform private.one_at_a_time(reading);
  select * into made from public.hour_readings r where r.reading_id = reading and r.plane_id = plane;
  if found then
    if made.seconds <> meter_seconds or made.reason <> why or meter_time is not null and made.as_of <> at_time then
      raise sqlstate 'PT409' using
        message = 'This reading was recorded before, with other values',
        hint = 'It is in the list. Void it if it is wrong, then record the right one.';
    end if;
    return made;
  end if;
  insert into public.hour_readings (reading_id, fleet_id, plane_id, as_of, seconds, expected_seconds, reason, note, entered_by)
  values (
    coalesce(reading, gen_random_uuid()), fleet, plane, at_time, meter_seconds, private.hours(plane, at_time), why, nullif(btrim(remark), ''),
    auth.uid()
  ) returning * into made;
  return made;
end $$;
comment on function private.add_reading(uuid, integer, timestamptz, public.reading_reason, text, uuid) is 'Enters a reading of a plane''s meter, with what was expected.';
grant execute on function private.add_reading(uuid, integer, timestamptz, public.reading_reason, text, uuid) to authenticated;

create function public.add_reading(
  plane_id uuid, seconds integer, reason public.reading_reason, as_of timestamptz default null, note text default null,
  reading_id uuid default null
) returns public.hour_readings
language sql volatile set search_path = ''
return private.add_reading(plane_id, seconds, as_of, reason, note, reading_id);
comment on function public.add_reading(uuid, integer, public.reading_reason, timestamptz, text, uuid) is 'Enters what a plane''s meter showed (now by default); the row returned says expected, read and difference. The same reading_id again records nothing twice.';
grant execute on function public.add_reading(uuid, integer, public.reading_reason, timestamptz, text, uuid) to authenticated;

create function private.void_reading(reading uuid, why text) returns public.hour_readings
language plpgsql volatile security definer set search_path = '' as $$
declare
  made public.hour_readings;
begin
  if coalesce(btrim(why), '') = '' or char_length(btrim(why)) > 500 then
    raise sqlstate 'PT400' using message = 'Say in 1 to 500 characters why the reading does not hold';
  end if;
  update public.hour_readings r set voided_at = private.clock(), voided_by = auth.uid(), void_reason = btrim(why)
  where r.reading_id = reading and r.voided_at is null and r.fleet_id = any (private.fleets_as('editor'))
  returning * into made;
  if not found then
    -- The same request again, whose answer got lost.
    select * into made from public.hour_readings r
    where r.reading_id = reading and r.voided_by = auth.uid() and r.void_reason = btrim(why)
      and r.fleet_id = any (private.fleets_as('editor'));
  end if;
  if not found then
    raise sqlstate 'PT404' using
      message = 'There is no such reading that you may void', hint = 'It may have been voided already.';
  end if;
  return made;
end $$;
comment on function private.void_reading(uuid, text) is 'Takes a reading out of force; the row stays.';
grant execute on function private.void_reading(uuid, text) to authenticated;

create function public.void_reading(reading_id uuid, reason text) returns public.hour_readings
language sql volatile set search_path = ''
return private.void_reading(reading_id, reason);
comment on function public.void_reading(uuid, text) is 'Takes a reading out of force, with a reason; the one before it holds again.';
grant execute on function public.void_reading(uuid, text) to authenticated;
