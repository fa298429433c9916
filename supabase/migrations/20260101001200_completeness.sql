-- Completeness, as far as it can be shown: power-ups that are missing or came twice, and seconds of the board's own
-- count that no session holds. And hours per class, for charts.

create function public.device_completeness(device_uuid uuid)
returns table (
  sessions bigint, first_boot integer, last_boot integer, missing_boots bigint, repeated_boots bigint,
  lifetime_seconds bigint, recorded_seconds bigint, unrecorded_seconds bigint
)
language sql stable set search_path = ''
begin atomic
  with session as (
    select s.boot, s.run_seconds, s.lifetime_seconds, s.session_start
    from public.sessions s where s.device_uuid = device_completeness.device_uuid
  ), known as (
    -- The board's count at its first session that tells it, before that session.
    select min(session.lifetime_seconds - session.run_seconds) as at_first, max(session.lifetime_seconds) as at_last,
      sum(session.run_seconds) as recorded
    from session
    where session.session_start >= (select min(f.session_start) from session f where f.lifetime_seconds is not null)
  )
  select count(*), min(session.boot), max(session.boot),
    max(session.boot)::bigint - min(session.boot) + 1 - count(distinct session.boot),
    count(session.boot) - count(distinct session.boot),
    (select known.at_last from known), (select known.recorded from known),
    (select greatest(known.at_last - known.at_first - known.recorded, 0) from known)
  from session
  having count(*) > 0;
end;
comment on function public.device_completeness(uuid) is 'What is there of a device, as far as the caller sees it: boots missing or repeated between the first and the last, and seconds of the board''s own count that no session holds.';
revoke execute on function public.device_completeness(uuid) from public, anon, authenticated, service_role;
grant execute on function public.device_completeness(uuid) to authenticated;

create function public.boot_gaps(device_uuid uuid)
returns table (from_boot integer, to_boot integer, after_end timestamptz, before_start timestamptz)
language sql stable set search_path = ''
begin atomic
  with step as (
    select s.boot, lead(s.boot) over by_boot as next_boot, s.session_end, lead(s.effective_start) over by_boot as next_start
    from public.sessions s
    where s.device_uuid = boot_gaps.device_uuid and s.boot is not null
    window by_boot as (order by s.boot, s.session_start)
  )
  select step.boot + 1, step.next_boot - 1, step.session_end, step.next_start
  from step where step.next_boot - 1 > step.boot
  order by step.boot desc;
end;
comment on function public.boot_gaps(uuid) is 'The missing power-ups of a device, newest first: "boot 118 is missing, between these two times".';
revoke execute on function public.boot_gaps(uuid) from public, anon, authenticated, service_role;
grant execute on function public.boot_gaps(uuid) to authenticated;

create function public.hours_by_class(fleet_id uuid, time_zone text default 'UTC', months integer default 12)
returns table (plane_id uuid, class public.session_class, month date, seconds bigint)
language sql stable set search_path = ''
begin atomic
  with this_month as materialized (
    select zone, date_trunc('month', private.clock() at time zone zone) as first_day
    from (select private.check_time_zone(time_zone) as zone) z
  )
  select
    s.plane_id, n.class, date_trunc('month', s.effective_start at time zone this_month.zone)::date, sum(s.run_seconds)
  from this_month
  cross join lateral (
    select this_month.first_day - (least(greatest(months, 1), 120) - 1) * interval '1 month' as first_day
  ) earliest
  join public.sessions s on s.fleet_id = hours_by_class.fleet_id and s.counts and s.plane_id is not null
    and s.effective_start >= earliest.first_day at time zone this_month.zone
  left join public.session_annotations n on n.session_id = s.session_id
  group by 1, 2, 3
  order by 3, 1, 2;
end;
comment on function public.hours_by_class(uuid, text, integer) is 'Seconds per plane and class in each of the last months, by the month in which sessions began. Overlaps are not taken off: totals are plane_hours and hours_by_month.';
revoke execute on function public.hours_by_class(uuid, text, integer) from public, anon, authenticated, service_role;
grant execute on function public.hours_by_class(uuid, text, integer) to authenticated;
