-- Readings of the meters: append-only, voidable with a reason.
create table public.hour_readings (
  reading_id uuid primary key default gen_random_uuid(),
  entry bigint not null generated always as identity,
  fleet_id uuid not null references public.fleets on delete cascade,
  plane_id uuid not null,
  meter_id uuid not null,
  as_of timestamptz not null constraint reading_not_too_early check (as_of >= '1990-01-01 00:00:00+00'),
  seconds integer not null constraint meter_seconds_range check (seconds between 0 and 360000000),
  expected_seconds integer,
  difference_seconds integer generated always as (seconds - expected_seconds) stored,
  reason public.reading_reason not null,
  note text constraint reading_note_length check (char_length(note) <= 500),
  entered_at timestamptz not null default private.clock(),
  entered_by uuid references auth.users (id) on delete set null,
  voided_at timestamptz,
  voided_by uuid references auth.users (id) on delete set null,
  void_reason text constraint void_reason_length check (char_length(void_reason) between 1 and 500),
  foreign key (fleet_id, plane_id) references public.planes (fleet_id, plane_id) on delete cascade,
  foreign key (plane_id, meter_id) references public.meters (plane_id, meter_id) on delete cascade,
  check ((voided_at is null) = (void_reason is null))
);
create index hour_readings_in_force on public.hour_readings (meter_id, as_of desc, entry desc) where voided_at is null;
create index hour_readings_by_fleet on public.hour_readings (fleet_id, plane_id, as_of desc);
create index hour_readings_by_plane on public.hour_readings (plane_id, meter_id);
create index hour_readings_by_author on public.hour_readings (entered_by);
create index hour_readings_by_voider on public.hour_readings (voided_by);
comment on table public.hour_readings is 'What a meter showed, as of a time. Its figure is the latest one plus what was counted since.';
comment on column public.hour_readings.reading_id is 'Identity of the reading.';
comment on column public.hour_readings.entry is 'Order of entry: of two readings as of the same time, the newest holds.';
comment on column public.hour_readings.fleet_id is 'The plane''s fleet.';
comment on column public.hour_readings.plane_id is 'The plane.';
comment on column public.hour_readings.meter_id is 'The meter that was read, one of the plane''s.';
comment on column public.hour_readings.as_of is 'When the meter showed it.';
comment on column public.hour_readings.seconds is 'The meter in seconds: hours times 3600.';
comment on column public.hour_readings.expected_seconds is 'What meter_hours() said for that time when the reading was entered; null: nothing yet.';
comment on column public.hour_readings.difference_seconds is 'Read minus expected; null: nothing was expected.';
comment on column public.hour_readings.reason is 'Why it was read.';
comment on column public.hour_readings.note is 'Remark.';
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

create function private.reading_at(meter uuid, t timestamptz) returns public.hour_readings
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  latest public.hour_readings;
begin
  select * into latest from public.hour_readings r
  where r.meter_id = meter and r.as_of <= t and r.voided_at is null
  order by r.as_of desc, r.entry desc limit 1;
  return latest;
end $$;
comment on function private.reading_at(uuid, timestamptz) is 'The reading that a meter''s figure at a time rests on; null if there is none.';
grant execute on function private.reading_at(uuid, timestamptz) to authenticated;

-- Without a reading, all that was ever counted: nothing is entered for a time before private.earliest_entry().
create function private.hours(plane uuid, t timestamptz) returns bigint
language plpgsql stable security definer cost 1000 set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  reading public.hour_readings := private.reading_at(private.powered_meter(plane), t);
begin
  return coalesce(reading.seconds, 0) + private.counted(plane, coalesce(reading.as_of, private.earliest_entry()), t);
end $$;
comment on function private.hours(uuid, timestamptz) is 'Hours of a plane at a time, in seconds: the latest reading of its powered time plus what was counted since.';
grant execute on function private.hours(uuid, timestamptz) to authenticated;

create function private.was_ever_sensed(plane uuid) returns boolean
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  return exists (select from private.plane_months m where m.plane_id = plane and m.measure = 'sensed' and m.seconds > 0);
end $$;
comment on function private.was_ever_sensed(uuid) is 'Whether any second of a plane that counts was sensed: without one, its engine time is not 0 but unknown.';
grant execute on function private.was_ever_sensed(uuid) to authenticated;

create function private.engine_hours(plane uuid, t timestamptz) returns bigint
language plpgsql stable security definer cost 1000 set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  reading public.hour_readings := private.reading_at(
    (select m.meter_id from public.meters m where m.plane_id = plane and m.source = 'engine'), t
  );
begin
  if reading.seconds is null and not private.was_ever_sensed(plane) then
    return null;
  end if;
  return coalesce(reading.seconds, 0) + coalesce((
    select c.engine_seconds
    from private.counted_in(array[plane], array[coalesce(reading.as_of, private.earliest_entry())], array[t], '{engine}') c
  ), 0);
end $$;
comment on function private.engine_hours(uuid, timestamptz) is 'Engine time of a plane at a time, in seconds: the latest reading of its engine meter, if it has one, plus what was counted since; null: neither a reading nor any time that was sensed.';
grant execute on function private.engine_hours(uuid, timestamptz) to authenticated;

-- Once for a query, so that the rows of all other planes cost nothing.
create function private.planes_with_engine_time() returns uuid[]
language plpgsql stable security definer set search_path = '' as $$
declare
  mine constant uuid[] := private.fleets_as('viewer');
begin
  return array(
    select m.plane_id from public.meters m where m.fleet_id = any (mine) and m.source = 'engine'
    union
    select p.plane_id from public.planes p where p.fleet_id = any (mine) and private.was_ever_sensed(p.plane_id)
  );
end $$;
comment on function private.planes_with_engine_time() is 'The caller''s planes that have an engine meter or were ever sensed: engine_hours of all others is null at any time.';
grant execute on function private.planes_with_engine_time() to authenticated;

-- Nothing keeps the Hobbs columns of a list, since one late session would change all that follow. So that no request
-- orders or searches a long history by them, one may have so many of each measure.
create function private.hobbs(plane uuid, t timestamptz, measure private.measure) returns bigint
language plpgsql stable security definer cost 1000 set search_path = '' as $$
declare
  most constant integer := 10000;
  counter constant text := 'private.' || measure || '_hobbs_worked_out';
  worked_out integer;
begin
  worked_out := coalesce(nullif(current_setting(counter, true), '')::integer, 0) + 1;
  if worked_out > most then
    raise sqlstate 'PT400' using
      message = format('One request gets the Hobbs columns of up to %s sessions', most / 2),
      detail = 'They are worked out for each session that is ordered or searched by them, and for each that an offset skips.',
      hint = 'Order by effective_start and continue from the last one read, or ask for one plane and a period.';
  end if;
  perform set_config(counter, worked_out::text, true);
  return case measure when 'engine' then private.engine_hours(plane, t) else private.hours(plane, t) end;
end $$;
comment on function private.hobbs(uuid, timestamptz, private.measure) is 'Hours or engine time for a column of session_log, each up to 10,000 times in a transaction.';
grant execute on function private.hobbs(uuid, timestamptz, private.measure) to authenticated;

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
  select private.counted(p.plane_id, greatest(from_time, private.earliest_entry()), until_time)
  from public.planes p where p.plane_id = counted.plane_id;
end;
comment on function public.counted(uuid, timestamptz, timestamptz) is 'Seconds counted for a plane between two times; null for a plane that the caller does not see.';
grant execute on function public.counted(uuid, timestamptz, timestamptz) to authenticated;

create function public.counted_engine(plane_id uuid, from_time timestamptz, until_time timestamptz) returns bigint
language sql stable set search_path = ''
begin atomic
  select private.counted_engine(p.plane_id, greatest(from_time, private.earliest_entry()), until_time)
  from public.planes p where p.plane_id = counted_engine.plane_id;
end;
comment on function public.counted_engine(uuid, timestamptz, timestamptz) is 'Seconds between two times in which a plane''s engine ran, of those that counted has; null if nothing was sensed between them, and for a plane that the caller does not see.';
grant execute on function public.counted_engine(uuid, timestamptz, timestamptz) to authenticated;

create function private.add_reading(
  plane uuid, meter_seconds integer, meter_time timestamptz, why public.reading_reason, remark text, reading uuid, meter uuid
) returns public.hour_readings
language plpgsql volatile security definer set search_path = '' as $$
declare
  fleet uuid;
  read_meter uuid;
  at_time timestamptz := date_trunc('second', coalesce(meter_time, private.clock()));
  made public.hour_readings;
begin
  select p.fleet_id into fleet from public.planes p
  where p.plane_id = plane and p.fleet_id = any (private.fleets_as('viewer'));
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such plane in your fleets';
  elsif not fleet = any (private.fleets_as('editor')) then
    raise sqlstate 'PT403' using message = 'This requires the editor role', hint = 'Ask an owner of the fleet.';
  elsif meter_seconds is null or why is null then
    raise sqlstate 'PT400' using message = 'A reading has a figure and a reason',
      hint = 'Seconds are hours times 3600. Reasons: ' || array_to_string(enum_range(null::public.reading_reason), ', ') || '.';
  elsif at_time > private.latest_time() then
    raise sqlstate 'PT400' using message = 'A meter cannot be read in the future';
  end if;
  select m.meter_id into read_meter from public.meters m
  where m.plane_id = plane and case when meter is null then m.is_primary else m.meter_id = meter end;
  if not found then
    raise sqlstate 'PT404' using message = 'This plane has no such meter';
  end if;
  perform private.one_at_a_time(reading);
  select * into made from public.hour_readings r where r.reading_id = reading and r.plane_id = plane;
  if found then
    if made.seconds <> meter_seconds or made.reason <> why or meter_time is not null and made.as_of <> at_time
      or meter is not null and made.meter_id <> meter
    then
      raise sqlstate 'PT409' using
        message = 'This reading was recorded before, with other values',
        hint = 'It is in the list. Void it if it is wrong, then record the right one.';
    end if;
    return made;
  end if;
  insert into public.hour_readings (
    reading_id, fleet_id, plane_id, meter_id, as_of, seconds, expected_seconds, reason, note, entered_by
  )
  values (
    coalesce(reading, gen_random_uuid()), fleet, plane, read_meter, at_time, meter_seconds,
    private.meter_hours(read_meter, at_time), why, nullif(btrim(remark), ''), auth.uid()
  ) returning * into made;
  return made;
end $$;
comment on function private.add_reading(uuid, integer, timestamptz, public.reading_reason, text, uuid, uuid) is 'Enters a reading of one of a plane''s meters, by default the primary one, with what was expected.';
grant execute on function private.add_reading(uuid, integer, timestamptz, public.reading_reason, text, uuid, uuid) to authenticated;

create function public.add_reading(
  plane_id uuid, seconds integer, reason public.reading_reason, as_of timestamptz default null, note text default null,
  reading_id uuid default null, meter_id uuid default null
) returns public.hour_readings
language sql volatile set search_path = ''
return private.add_reading(plane_id, seconds, as_of, reason, note, reading_id, meter_id);
comment on function public.add_reading(uuid, integer, public.reading_reason, timestamptz, text, uuid, uuid) is 'Enters what a meter of a plane (by default the primary one) showed (now by default); the row returned says expected, read and difference. The same reading_id again records nothing twice.';
grant execute on function public.add_reading(uuid, integer, public.reading_reason, timestamptz, text, uuid, uuid) to authenticated;

create function private.void_reading(reading uuid, why text) returns public.hour_readings
language plpgsql volatile security definer set search_path = '' as $$
declare
  said constant text := coalesce(btrim(why), '');
  made public.hour_readings;
begin
  update public.hour_readings r set voided_at = private.clock(), voided_by = auth.uid(), void_reason = said
  where r.reading_id = reading and r.voided_at is null and r.fleet_id = any (private.fleets_as('editor'))
  returning * into made;
  if not found then
    -- The same request again, whose answer got lost.
    select * into made from public.hour_readings r
    where r.reading_id = reading and r.voided_by = auth.uid() and r.void_reason = said
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
