-- The calendar of a time zone. A day is the time between two instants: it begins at the first instant whose local date is
-- that day or a later one. So every instant is part of one day, also where clocks fall back through midnight (Azores,
-- Havana) and where a day is left out (Samoa in 2011: it is empty).

create function private.check_time_zone(time_zone text) returns text
language plpgsql stable set search_path = '' as $$
begin
  perform private.clock() at time zone time_zone;
  return coalesce(time_zone, 'UTC');
exception when invalid_parameter_value then
  raise sqlstate 'PT400' using
    message = 'Unknown time zone',
    detail = format('Time zone "%s".', left(time_zone, 100)),
    hint = 'Give an IANA name, for example Europe/Berlin.';
end $$;
comment on function private.check_time_zone(text) is 'Returns a time zone''s name, or says that there is none.';
grant execute on function private.check_time_zone(text) to authenticated;

create function private.day_begin(day date, zone text) returns timestamptz
language plpgsql stable parallel safe set search_path = '' as $$
declare
  midnight constant timestamp := day;
  -- Of two midnights this is the later one; where there is none, what the clock would have shown without its jump.
  begins timestamptz := midnight at time zone zone;
  day_before constant timestamptz := begins - interval '1 day';
  earlier constant timestamptz := (midnight - ((day_before at time zone zone) - (day_before at time zone 'UTC'))) at time zone 'UTC';
  too_early timestamptz := day_before;
  middle timestamptz;
begin
  if earlier < begins and earlier at time zone zone >= midnight then
    begins := earlier;
  end if;
  -- Clocks jumped over midnight: the day begins with the jump, which lies within the day before.
  while begins at time zone zone > midnight and begins - too_early > interval '1 second' loop
    middle := date_trunc('second', too_early + (begins - too_early) / 2);
    if middle at time zone zone >= midnight then
      begins := middle;
    else
      too_early := middle;
    end if;
  end loop;
  return begins;
end $$;
comment on function private.day_begin(date, text) is 'The instant at which a day begins in a time zone: the first one whose local date is that day or later.';
grant execute on function private.day_begin(date, text) to authenticated;

create function private.today(zone text) returns date
language plpgsql stable parallel safe set search_path = '' as $$
declare
  shown constant date := (private.clock() at time zone zone)::date;
begin
  -- Just after clocks fell back through midnight they show the day before once more.
  return shown + (private.day_begin(shown + 1, zone) <= private.clock())::integer;
end $$;
comment on function private.today(text) is 'The day that it is now in a time zone.';
grant execute on function private.today(text) to authenticated;

create function private.months_from(first_day date, zone text, months integer)
returns table (month date, begins timestamptz, ends timestamptz)
language sql stable set search_path = ''
begin atomic
  select m.first_day::date, private.day_begin(m.first_day::date, zone), private.day_begin((m.first_day + interval '1 month')::date, zone)
  from generate_series(0, months - 1) n
  cross join lateral (select months_from.first_day + n * interval '1 month' as first_day) m;
end;
comment on function private.months_from(date, text, integer) is 'So many months of a time zone from the one with this first day on, each with the instants at which it begins and ends.';
grant execute on function private.months_from(date, text, integer) to authenticated;

create function private.months_until_now(zone text, months integer)
returns table (month date, begins timestamptz, ends timestamptz)
language sql stable set search_path = ''
begin atomic
  select m.month, m.begins, m.ends
  from (select least(greatest(months, 1), 120) as count, date_trunc('month', private.today(zone)::timestamp) as last) asked
  cross join lateral private.months_from((asked.last - (asked.count - 1) * interval '1 month')::date, zone, asked.count) m;
end;
comment on function private.months_until_now(text, integer) is 'The last months of a time zone (up to 120, the present one included), each with the instants at which it begins and ends.';
grant execute on function private.months_until_now(text, integer) to authenticated;
