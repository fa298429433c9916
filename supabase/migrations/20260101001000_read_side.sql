-- What the portal and API users read. Views run with the caller's rights, so row security decides which rows there are.

-- How far a session may lie from where it seems to be: an estimate's uncertainty, else a checkpoint (a minute if unsaid).
create function private.doubt(session public.sessions) returns interval
language plpgsql immutable parallel safe set search_path = '' as $$
begin
  return case
    when session.start_source = 'estimated' and not session.clock_checked then coalesce(session.start_uncertainty_s, 86400)
    else coalesce(session.checkpoint_seconds, 60)
  end * interval '1 second';
end $$;
comment on function private.doubt(public.sessions) is 'How far a session''s times may be off.';
grant execute on function private.doubt(public.sessions) to authenticated;

-- Neighbours in time are looked for with the owner's rights: below row security no expression searches an index, and a
-- plane's whole history would be read for each row. A plane's sessions are all of one fleet, so nothing is told.
-- Three searches, each by an index of its own: what lies near, what is long, and estimates, whose doubt may be longer.
create function private.duplicate_of(plane uuid, begins timestamptz, ends timestamptz) returns uuid
language plpgsql stable security definer cost 1000 set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  return (
    select near.session_id from (
      select s.session_id, s.effective_start from public.sessions s
      where s.plane_id = plane and s.effective_start >= begins - interval '2 days' and s.effective_start < ends + interval '1 day'
        and s.counts and s.device_uuid is not null
        and s.effective_start - private.doubt(s) < ends and s.session_end + private.doubt(s) > begins
      union all
      select s.session_id, s.effective_start from public.sessions s
      where s.plane_id = plane and s.long and s.effective_start < ends + interval '1 day'
        and s.counts and s.device_uuid is not null
        and s.effective_start - private.doubt(s) < ends and s.session_end + private.doubt(s) > begins
      union all
      select s.session_id, s.effective_start from public.sessions s
      where s.plane_id = plane and s.start_source = 'estimated' and s.effective_start >= begins - interval '32 days'
        and s.effective_start < ends + interval '31 days'
        and s.counts and s.device_uuid is not null
        and s.effective_start - private.doubt(s) < ends and s.session_end + private.doubt(s) > begins
      union all
      select s.session_id, s.effective_start from public.sessions s
      where s.plane_id = plane and s.start_source = 'estimated' and s.start_uncertainty_s > 2678400  -- 31 days
        and s.counts and s.device_uuid is not null
        and s.effective_start - private.doubt(s) < ends and s.session_end + private.doubt(s) > begins
    ) near order by near.effective_start, near.session_id limit 1
  );
end $$;
comment on function private.duplicate_of(uuid, timestamptz, timestamptz) is 'The first session of a device that a time entered by hand for a plane meets within its uncertainty.';
grant execute on function private.duplicate_of(uuid, timestamptz, timestamptz) to authenticated;

create view public.session_log with (security_invoker = true) as
  select
    s.session_id,
    case when not s.in_entry then s.session_id else (
      select ms.entry_id from public.merged_sessions ms where ms.session_id = s.session_id
    ) end as entry_id,
    s.fleet_id, s.plane_id, p.registration, s.device_uuid, o.name as device_name,
    s.effective_start, s.session_start, s.session_end, s.run_seconds, s.last_update, s.status,
    case
      when s.status = 'closed' then 'ended'
      when private.is_over(s.status, s.heard_at, s.device_uuid, s.effective_start) then 'unconfirmed'
      when s.heard_at <= (select private.running_since()) then 'last_heard'
      else 'running'
    end::public.session_state as state,
    case
      when s.device_uuid is null then 'hand_entered'
      when s.flagged then 'flagged'
      when s.status = 'open' and private.is_over(s.status, s.heard_at, s.device_uuid, s.effective_start) then 'unconfirmed'
      when s.start_source = 'estimated' and not s.clock_checked then 'clock_estimated'
      else 'measured'
    end::public.session_quality as quality,
    s.short,
    s.class, s.pilot, n.remarks, s.excluded, s.clock_checked,
    n.corrected_start is not null as corrected,
    n.author_id as annotated_by, n.updated_at as annotated_at,
    s.overlaps,
    -- Whoever has looked at its times has settled it.
    case when s.device_uuid is null and s.counts and not s.clock_checked
      then private.duplicate_of(s.plane_id, s.effective_start, s.session_end)
    end as possible_duplicate_of,
    case when s.counts and s.plane_id is not null then private.hobbs(s.plane_id, s.effective_start, 'powered') end
      as hobbs_start_seconds,
    case when s.counts and s.plane_id is not null then private.hobbs(s.plane_id, s.session_end, 'powered') end
      as hobbs_end_seconds,
    s.engine_seconds, s.engine_first_s, s.bus_start_mv, s.bus_min_mv, s.bus_max_mv,
    case when s.counts and s.plane_id = any ((select private.planes_with_engine_time())::uuid[])
      then private.hobbs(s.plane_id, s.effective_start, 'engine')
    end as engine_hobbs_start_seconds,
    case when s.counts and s.plane_id = any ((select private.planes_with_engine_time())::uuid[])
      then private.hobbs(s.plane_id, s.session_end, 'engine')
    end as engine_hobbs_end_seconds,
    case when s.engine_seconds is not null then private.suggested_class(
      s.class, s.engine_seconds, private.is_over(s.status, s.heard_at, s.device_uuid, s.effective_start)
    ) end as suggested_class,
    s.checkpoint_seconds, s.start_source, s.start_uncertainty_s, s.boot, s.firmware, s.reset_reason,
    s.received_at, s.heard_at, s.flagged,
    case when s.known_at_release is not null then
      s.run_seconds - least(s.run_seconds, greatest(s.known_at_release, s.looked_at_seconds, 0))
    end as held_seconds,
    n.batch_id
  -- The caller's fleets lead to their sessions by index, where nothing else in the query does.
  from unnest((select private.fleets_as('viewer'))) mine (fleet_id)
  join public.sessions s on s.fleet_id = mine.fleet_id
  left join public.planes p on p.plane_id = s.plane_id
  left join public.device_ownerships o on o.device_uuid = s.device_uuid and o.fleet_id = s.fleet_id
    and o.owned @> s.session_start
  left join public.session_annotations n on n.session_id = s.session_id;
comment on view public.session_log is 'One row per session, with plane, device, Hobbs columns, state and quality. Page by (effective_start, session_id).';
comment on column public.session_log.effective_start is 'Power on: the corrected start if there is one, else session_start.';
comment on column public.session_log.session_start is 'Power on, as the device said.';
comment on column public.session_log.device_name is 'What the fleet called the device then.';
comment on column public.session_log.short is 'Under three minutes (private.short_session).';
comment on column public.session_log.overlaps is 'Shares time with another session of the plane; shared time counts once.';
comment on column public.session_log.possible_duplicate_of is 'Of a hand-entered session: the first session of a device that it meets within its uncertainty.';
comment on column public.session_log.hobbs_start_seconds is 'Hours of the plane at power on, in seconds; null if the session does not count.';
comment on column public.session_log.hobbs_end_seconds is 'Hours of the plane at power off, in seconds; null if the session does not count.';
comment on column public.session_log.engine_seconds is 'Of run_seconds, those in which the engine ran; null: not sensed.';
comment on column public.session_log.engine_first_s is 'Seconds into the session at which the engine first ran; null: not sensed, or it never ran.';
comment on column public.session_log.bus_start_mv is 'Millivolts of the bus before any cranking: the battery at rest; null: not sensed.';
comment on column public.session_log.bus_min_mv is 'Lowest millivolts of the bus, while cranking as a rule; null: not sensed.';
comment on column public.session_log.bus_max_mv is 'Highest millivolts of the bus, while charging as a rule; null: not sensed.';
comment on column public.session_log.engine_hobbs_start_seconds is 'Engine time of the plane at power on, in seconds; null if the session does not count, or nothing of the plane was ever sensed.';
comment on column public.session_log.engine_hobbs_end_seconds is 'Engine time of the plane at power off, in seconds; null as at power on.';
comment on column public.session_log.suggested_class is 'What the engine''s time suggests, for as long as class is null; null if not sensed, and while the session runs.';
comment on column public.session_log.flagged is 'Its times reach into the future, or some of it came after the device''s release, and nobody has looked at it.';
comment on column public.session_log.held_seconds is 'Of run_seconds, what came after the device''s release and does not count until somebody has looked; null: nothing came after it.';
comment on column public.session_log.batch_id is 'The import that brought it; null: none did.';
comment on column public.session_log.annotated_by is 'Who annotated it last; null: nobody, or a former member.';
comment on column public.session_log.session_id is 'Identity of the session.';
comment on column public.session_log.entry_id is 'The entry of the log that it is in: its own, or one of several sessions; null: it is split into parts.';
comment on column public.session_log.fleet_id is 'The fleet that owned the device at session_start.';
comment on column public.session_log.plane_id is 'The plane; null: none.';
comment on column public.session_log.registration is 'Registration of the plane, as written.';
comment on column public.session_log.device_uuid is 'The device; null for a hand-entered session.';
comment on column public.session_log.session_end is 'effective_start plus run_seconds, without held_seconds.';
comment on column public.session_log.run_seconds is 'Whole seconds of power.';
comment on column public.session_log.last_update is 'The device''s clock at its latest figure.';
comment on column public.session_log.status is 'open or closed, as the device said.';
comment on column public.session_log.state is 'running, last_heard, ended or unconfirmed, at this moment.';
comment on column public.session_log.quality is 'How far its times can be trusted.';
comment on column public.session_log.class is 'What a person said it was; null: nobody did.';
comment on column public.session_log.pilot is 'Who flew.';
comment on column public.session_log.remarks is 'Remarks.';
comment on column public.session_log.excluded is 'A person left it out of the totals.';
comment on column public.session_log.clock_checked is 'A person looked at its times.';
comment on column public.session_log.corrected is 'Its start was corrected by a person.';
comment on column public.session_log.annotated_at is 'When it was last annotated (server time).';
comment on column public.session_log.checkpoint_seconds is 'Uncertainty of run_seconds.';
comment on column public.session_log.start_source is 'Where the start''s clock came from.';
comment on column public.session_log.start_uncertainty_s is 'Plus or minus seconds of an estimated start; null: unknown, or not estimated.';
comment on column public.session_log.boot is 'Number of the power-up.';
comment on column public.session_log.firmware is 'Firmware version.';
comment on column public.session_log.reset_reason is 'Why the board started.';
comment on column public.session_log.received_at is 'When its first message arrived (server time).';
comment on column public.session_log.heard_at is 'When its last message arrived (server time).';
grant select on public.session_log to authenticated;

create view public.device_status with (security_invoker = true) as
  select
    o.device_uuid, o.fleet_id, o.name, a.plane_id, p.registration,
    case
      when d.attention is not null then 'needs_attention'
      when d.last_seen is null then 'never_heard'
      when d.last_seen > (select private.running_since()) and d.unsent > 0 then 'delivering'
      when d.running then 'running'
      else 'off'
    end::public.device_state as state,
    d.last_seen,
    case when d.running then d.effective_start end as running_effective_start,
    case when d.running then d.run_seconds end as running_seconds,
    case when d.running then d.heard_at end as running_update,
    d.unsent, d.firmware, d.reset_reason, d.attention,
    (
      select s.effective_start from public.sessions s
      where s.device_uuid = o.device_uuid and s.session_start >= o.owned_from
      order by s.session_start limit 1
    ) as first_effective_start,
    (
      select count(*) from public.sessions s
      where s.device_uuid = o.device_uuid and s.fleet_id = o.fleet_id and s.plane_id is null
    ) as unassigned_sessions,
    d.boot, d.lifetime_seconds, d.refused_posts, d.refused_at, d.rejected_at, d.rejected_code, d.key_bound_at,
    d.key_reset_at,
    o.owned_from, o.claimed_at, a.assigned_from
  from public.device_ownerships o
  join lateral (
    select devices.key_bound_at, devices.key_reset_at, s.effective_start, s.run_seconds, s.heard_at,
      s.status = 'open' and s.heard_at > (select private.running_since()) as running,
      devices.last_seen,
      case when latest.tells then devices.unsent end as unsent,
      case when latest.tells then devices.boot else s.boot end as boot,
      case when latest.tells then devices.lifetime_seconds else s.lifetime_seconds end as lifetime_seconds,
      case when latest.tells then devices.firmware else s.firmware end as firmware,
      case when latest.tells then devices.reset_reason else s.reset_reason end as reset_reason,
      devices.refused_posts, devices.refused_at, devices.rejected_at, devices.rejected_code,
      case
        when devices.refused_posts > 0 then devices.refused_code
        when devices.key_reset_at + private.key_reset_seconds() * interval '1 second' <= (select private.clock()) then 'device_key_reset_expired'
        when devices.rejected_at >= coalesce(s.received_at, devices.rejected_at)
          then devices.rejected_code
      end as attention
    from public.devices
    -- A message from the future says nothing about now.
    cross join lateral (
      select devices.report_session_start <= (select private.latest_time()) as tells
    ) latest
    left join lateral (
      select newest.* from public.sessions newest
      where newest.device_uuid = devices.device_uuid and newest.session_start >= o.owned_from and not newest.flagged
      order by newest.effective_start desc limit 1
    ) s on true
    where devices.device_uuid = o.device_uuid
  ) d on true
  left join lateral (
    select assignment.plane_id, assignment.assigned_from from public.device_assignments assignment
    where assignment.ownership_id = o.ownership_id and assignment.assigned_from <= (select private.clock())
    order by assignment.assigned_from desc limit 1
  ) a on true
  left join public.planes p on p.plane_id = a.plane_id
  where o.owned_until is null;
comment on view public.device_status is 'One row per device that a fleet owns now: where it is installed, what it is doing, what needs attention.';
comment on column public.device_status.state is 'needs_attention, else never_heard, else delivering (heard under 2 min ago, with sessions to go), running, or off (normal).';
comment on column public.device_status.running_update is 'When the server heard running_seconds: now minus this is what has passed since.';
comment on column public.device_status.unsent is 'Sessions that the device had yet to deliver when it last said so.';
comment on column public.device_status.attention is 'Code of what needs attention, or null: device_key_wrong, device_key_missing, device_key_reset_expired, bad_start.';
comment on column public.device_status.first_effective_start is 'effective_start of its first session in this fleet.';
comment on column public.device_status.unassigned_sessions is 'Its sessions of no plane.';
comment on column public.device_status.device_uuid is 'The device.';
comment on column public.device_status.fleet_id is 'The fleet that owns it now.';
comment on column public.device_status.name is 'What the fleet calls it.';
comment on column public.device_status.plane_id is 'The plane it is installed in now; null: none.';
comment on column public.device_status.registration is 'Registration of that plane.';
comment on column public.device_status.last_seen is 'When its last accepted message arrived, since the fleet owns it.';
comment on column public.device_status.running_effective_start is 'effective_start of the session that runs; null if none does.';
comment on column public.device_status.running_seconds is 'Its seconds so far.';
comment on column public.device_status.firmware is 'Firmware version.';
comment on column public.device_status.reset_reason is 'Why the board last started.';
comment on column public.device_status.boot is 'Power-ups counted by the board.';
comment on column public.device_status.lifetime_seconds is 'Seconds of power over the board''s life.';
comment on column public.device_status.refused_posts is 'Posts refused since the last accepted one.';
comment on column public.device_status.refused_at is 'When one was last refused (server time).';
comment on column public.device_status.rejected_at is 'When a session was last rejected (server time).';
comment on column public.device_status.rejected_code is 'Why it was.';
comment on column public.device_status.key_bound_at is 'When its key was bound; null while none is.';
comment on column public.device_status.key_reset_at is 'When its key was reset; null once a new one is bound.';
comment on column public.device_status.owned_from is 'Begin of the ownership.';
comment on column public.device_status.claimed_at is 'When the claim was made (server time).';
comment on column public.device_status.assigned_from is 'Since when it has been installed in its plane.';
grant select on public.device_status to authenticated;

create function public.plane_hours(time_zone text default 'UTC', for_fleet uuid default null, for_plane uuid default null)
returns table (
  plane_id uuid, fleet_id uuid, registration text, type_designator text, make text, model text, archived_at timestamptz,
  total_seconds bigint, uncertainty_seconds bigint, uncertainty_less_seconds bigint, reading_seconds integer,
  reading_as_of timestamptz, counted_seconds bigint, counted_sessions bigint, month_seconds bigint, month_sessions bigint,
  first_effective_start timestamptz, last_effective_start timestamptz, last_session_end timestamptz, device_uuid uuid,
  powered_seconds bigint, sensed_seconds bigint, engine_seconds bigint,
  month_sensed_seconds bigint, month_engine_seconds bigint,
  meter_id uuid, meter_name text, meter_source public.meter_source, meter_seconds bigint,
  meter_uncertainty_seconds bigint, meter_uncertainty_less_seconds bigint
)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  zone constant text := private.check_time_zone(time_zone);
begin
  return query
  with period as materialized (
    select private.latest_time() as latest_time,
      private.day_begin(date_trunc('month', private.today(zone)::timestamp)::date, zone) as month_start
  ), plane as materialized (
    select p.*, r.seconds as reading_seconds, r.as_of as reading_as_of, coalesce(r.as_of, private.earliest_entry()) as since,
      m.meter_id, m.name as meter_name, m.source as meter_source
    from period cross join public.planes p
    left join public.meters m on m.plane_id = p.plane_id and m.is_primary
    cross join lateral private.reading_at(private.powered_meter(p.plane_id), period.latest_time) r
    where (for_fleet is null or p.fleet_id = for_fleet) and (for_plane is null or p.plane_id = for_plane)
  ), begin as materialized (
    select plane.plane_id, plane.since as t from plane
    union
    select plane.plane_id, period.month_start from plane cross join period
  ), counted as materialized (
    select c.* from (
      select array_agg(one.plane_id) as planes, array_agg(one.t) as froms, array_agg(period.latest_time) as untils
      from (
        select begin.plane_id, begin.t from begin
        union
        -- engine time has no reading
        select plane.plane_id, private.earliest_entry() from plane
      ) one cross join period
    ) asked
    cross join lateral private.counted_in(asked.planes, asked.froms, asked.untils) c
  ), tally as materialized (
    select t.* from (select array_agg(begin.plane_id) as planes, array_agg(begin.t) as froms from begin) asked
    cross join lateral private.tallies_since(asked.planes, asked.froms) t
  ), primary_meter as materialized (
    -- of powered time all is there already
    select state.meter_id, state.total_seconds, state.uncertainty_seconds, state.uncertainty_less_seconds
    from private.meter_states(array(select plane.meter_id from plane where plane.meter_source <> 'powered')) state
  ), installed as materialized (
    select distinct on (now_in.plane_id) now_in.plane_id, o.device_uuid
    from (
      select distinct a.ownership_id from plane
      join public.device_assignments a on a.fleet_id = plane.fleet_id and a.plane_id = plane.plane_id
    ) once_in
    join public.device_ownerships o on o.ownership_id = once_in.ownership_id and o.owned_until is null
    cross join lateral (
      select a.plane_id, a.assigned_from from public.device_assignments a
      where a.ownership_id = o.ownership_id and a.assigned_from <= (select private.clock())
      order by a.assigned_from desc limit 1
    ) now_in
    order by now_in.plane_id, now_in.assigned_from desc
  )
  select plane.plane_id, plane.fleet_id, plane.registration, plane.type_designator, plane.make, plane.model,
    plane.archived_at, coalesce(plane.reading_seconds, 0) + coalesce(total.seconds, 0),
    coalesce(tally.uncertainty_seconds, 0), coalesce(tally.uncertainty_less_seconds, 0),
    plane.reading_seconds, plane.reading_as_of, coalesce(total.seconds, 0), coalesce(tally.sessions, 0),
    coalesce(month_total.seconds, 0), coalesce(month_tally.sessions, 0),
    earliest.effective_start, latest.effective_start, latest.session_end, installed.device_uuid,
    coalesce(ever.seconds, 0), coalesce(ever.sensed_seconds, 0), ever.engine_seconds,
    coalesce(month_total.sensed_seconds, 0), month_total.engine_seconds,
    plane.meter_id, plane.meter_name, plane.meter_source,
    case when plane.meter_source = 'powered' then coalesce(plane.reading_seconds, 0) + coalesce(total.seconds, 0)
      else primary_meter.total_seconds end,
    case when plane.meter_source = 'powered' then coalesce(tally.uncertainty_seconds, 0)
      else primary_meter.uncertainty_seconds end,
    case when plane.meter_source = 'powered' then coalesce(tally.uncertainty_less_seconds, 0)
      else primary_meter.uncertainty_less_seconds end
  from plane
  cross join period
  left join counted total on total.plane_id = plane.plane_id and total.from_time = plane.since
  left join tally on tally.plane_id = plane.plane_id and tally.from_time = plane.since
  left join counted month_total on month_total.plane_id = plane.plane_id and month_total.from_time = period.month_start
  left join counted ever on ever.plane_id = plane.plane_id and ever.from_time = private.earliest_entry()
  left join tally month_tally on month_tally.plane_id = plane.plane_id and month_tally.from_time = period.month_start
  left join primary_meter on primary_meter.meter_id = plane.meter_id
  left join installed on installed.plane_id = plane.plane_id
  left join lateral (
    select s.effective_start, s.session_end from public.sessions s
    where s.plane_id = plane.plane_id and s.counts
    order by s.effective_start desc limit 1
  ) latest on true
  left join lateral (
    select s.effective_start from public.sessions s
    where s.plane_id = plane.plane_id and s.counts
    order by s.effective_start limit 1
  ) earliest on true
  order by plane.registration_key, plane.plane_id;
end $$;
comment on function public.plane_hours(text, uuid, uuid) is 'Hours of the planes that the caller sees: reading plus counted since, how many seconds more and less that may be at most, this month (in a time zone), first and last session that count, device; and of all the time with power that was ever counted, what was sensed and the engine''s (null: nothing was sensed); and where the primary meter stands (null: unknown). Optionally of one fleet or one plane.';
grant execute on function public.plane_hours(text, uuid, uuid) to authenticated;

create function public.hours_by_month(fleet_id uuid, time_zone text default 'UTC', months integer default 12)
returns table (plane_id uuid, month date, seconds bigint, sensed_seconds bigint, engine_seconds bigint)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  zone constant text := private.check_time_zone(time_zone);
begin
  return query
  with period as materialized (
    select m.month, m.begins, m.ends from private.months_until_now(zone, months) m
  ), plane as materialized (
    select p.plane_id, p.registration_key from public.planes p where p.fleet_id = hours_by_month.fleet_id
  ), counted as materialized (
    select c.* from (
      select array_agg(plane.plane_id) as planes, array_agg(period.begins) as froms, array_agg(period.ends) as untils
      from plane cross join period
    ) asked
    cross join lateral private.counted_in(asked.planes, asked.froms, asked.untils) c
  )
  select plane.plane_id, period.month, coalesce(counted.seconds, 0), coalesce(counted.sensed_seconds, 0),
    counted.engine_seconds
  from period cross join plane
  left join counted on counted.plane_id = plane.plane_id and counted.from_time = period.begins
  order by period.month, plane.registration_key, plane.plane_id;
end $$;
comment on function public.hours_by_month(uuid, text, integer) is 'Seconds per plane of a fleet in each of the last months (up to 120, the present one included), months as in the time zone; of these the sensed ones, and of these the engine''s (null: nothing was sensed). Cut at 1,000 rows like every answer: ask for fewer months in a fleet of over 83 planes.';
grant execute on function public.hours_by_month(uuid, text, integer) to authenticated;

create function public.year_hours(fleet_id uuid, year integer, time_zone text default 'UTC')
returns table (
  plane_id uuid, registration text, archived_at timestamptz, seconds bigint[], before_seconds bigint[],
  engine_seconds bigint[], before_engine_seconds bigint[]
)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  zone constant text := private.check_time_zone(time_zone);
  january constant date := make_date(year, 1, 1);
begin
  return query
  with period as materialized (
    select m.month, m.begins, m.ends, m.month >= january as asked, m.month <= private.today(zone) as begun
    from private.months_from((january - interval '1 year')::date, zone, 24) m
  ), plane as materialized (
    select p.plane_id, p.registration, p.registration_key, p.archived_at
    from public.planes p where p.fleet_id = year_hours.fleet_id
  ), counted as materialized (
    select c.* from (
      select array_agg(plane.plane_id) as planes, array_agg(period.begins) as froms, array_agg(period.ends) as untils
      from plane cross join period where period.begun
    ) asked
    cross join lateral private.counted_in(asked.planes, asked.froms, asked.untils) c
  ), line as (
    select plane.plane_id, period.asked, period.month, case when period.begun then coalesce(counted.seconds, 0) end as seconds,
      counted.engine_seconds
    from plane cross join period
    left join counted on counted.plane_id = plane.plane_id and counted.from_time = period.begins
  ), total as (
    select line.plane_id, sum(line.seconds) as seconds,
      array_agg(line.seconds order by line.month) filter (where line.asked) as present,
      array_agg(line.seconds order by line.month) filter (where not line.asked) as before,
      array_agg(line.engine_seconds order by line.month) filter (where line.asked) as engine_present,
      array_agg(line.engine_seconds order by line.month) filter (where not line.asked) as engine_before
    from line group by line.plane_id
  )
  select plane.plane_id, plane.registration, plane.archived_at, total.present, total.before, total.engine_present,
    total.engine_before
  from plane join total on total.plane_id = plane.plane_id
  where plane.archived_at is null or total.seconds > 0
  order by plane.registration_key, plane.plane_id;
end $$;
comment on function public.year_hours(uuid, integer, text) is 'Seconds of each plane of a fleet in the months of a year, January first, and of the year before, months as in the time zone; the same of the engine''s (null: nothing was sensed). A month that has not begun is null. Archived planes without hours in both years are left out.';
grant execute on function public.year_hours(uuid, integer, text) to authenticated;
