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
create function private.overlaps(session uuid, plane uuid, begins timestamptz, ends timestamptz) returns boolean
language plpgsql stable security definer cost 1000 set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  return exists (
    select from public.sessions other
    where other.plane_id = plane and other.counts and not other.long
      and other.effective_start >= begins - interval '1 day' and other.effective_start < ends
      and other.session_end > begins and other.session_id <> session
  ) or exists (
    select from public.sessions other
    where other.plane_id = plane and other.counts and other.long
      and other.effective_start < ends and other.session_end > begins and other.session_id <> session
  );
end $$;
comment on function private.overlaps(uuid, uuid, timestamptz, timestamptz) is 'Whether another session of the plane that counts shares time with this one.';
grant execute on function private.overlaps(uuid, uuid, timestamptz, timestamptz) to authenticated;

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
    s.session_id, s.fleet_id, s.plane_id, p.registration, s.device_uuid, o.name as device_name,
    s.effective_start as session_start,
    s.session_start as reported_start,
    s.session_end, s.run_seconds, s.last_update, s.status,
    case
      when s.status = 'closed' then 'ended'
      when s.heard_at <= (select private.silent_since()) then 'unconfirmed'
      when s.effective_start < (
        select newest.effective_start from public.sessions newest
        where newest.device_uuid = s.device_uuid and not newest.flagged
        order by newest.effective_start desc limit 1
      ) then 'unconfirmed'
      when s.heard_at <= (select private.running_since()) then 'last_heard'
      else 'running'
    end::public.session_state as state,
    case
      when s.device_uuid is null then 'hand_entered'
      when s.flagged then 'flagged'
      when s.status = 'open' and (
        s.heard_at <= (select private.silent_since()) or s.effective_start < (
          select newest.effective_start from public.sessions newest
          where newest.device_uuid = s.device_uuid and not newest.flagged
          order by newest.effective_start desc limit 1
        )
      ) then 'unconfirmed'
      when s.start_source = 'estimated' and not s.clock_checked then 'clock_estimated'
      else 'measured'
    end::public.session_quality as quality,
    s.short,
    s.class, s.pilot, n.remarks, s.excluded, s.clock_checked,
    n.corrected_start is not null as corrected,
    n.author_id as annotated_by, n.updated_at as annotated_at,
    s.counts and s.plane_id is not null
      and private.overlaps(s.session_id, s.plane_id, s.effective_start, s.session_end) as overlaps,
    -- Whoever has looked at its times has settled it.
    case when s.device_uuid is null and s.counts and not s.clock_checked
      then private.duplicate_of(s.plane_id, s.effective_start, s.session_end)
    end as possible_duplicate_of,
    case when s.counts and s.plane_id is not null then private.hours(s.plane_id, s.effective_start) end as hobbs_start_seconds,
    case when s.counts and s.plane_id is not null then private.hours(s.plane_id, s.session_end) end as hobbs_end_seconds,
    s.checkpoint_seconds, s.start_source, s.start_uncertainty_s, s.boot, s.firmware, s.reset_reason,
    s.received_at, s.heard_at, s.flagged,
    case when s.known_at_release is not null then
      s.run_seconds - least(s.run_seconds, greatest(s.known_at_release, s.looked_at_seconds, 0))
    end as held_seconds
  -- The caller's fleets lead to their sessions by index, where nothing else in the query does.
  from unnest((select private.fleets_as('viewer'))) mine (fleet_id)
  join public.sessions s on s.fleet_id = mine.fleet_id
  left join public.planes p on p.plane_id = s.plane_id
  left join public.device_ownerships o on o.device_uuid = s.device_uuid and o.fleet_id = s.fleet_id
    and o.owned @> s.session_start
  left join public.session_annotations n on n.session_id = s.session_id;
comment on view public.session_log is 'One row per session, with plane, device, Hobbs columns, state and quality. Page by (session_start, session_id).';
comment on column public.session_log.session_start is 'Power on: the corrected start if there is one.';
comment on column public.session_log.reported_start is 'Power on, as the device said.';
comment on column public.session_log.device_name is 'What the fleet called the device then.';
comment on column public.session_log.short is 'Under 180 seconds.';
comment on column public.session_log.overlaps is 'Shares time with another session of the plane; shared time counts once.';
comment on column public.session_log.possible_duplicate_of is 'Of a hand-entered session: the first session of a device that it meets within its uncertainty.';
comment on column public.session_log.hobbs_start_seconds is 'Hours of the plane at power on, in seconds; null if the session does not count.';
comment on column public.session_log.hobbs_end_seconds is 'Hours of the plane at power off, in seconds; null if the session does not count.';
comment on column public.session_log.flagged is 'Its times reach into the future, or some of it came after the device''s release, and nobody has looked at it.';
comment on column public.session_log.held_seconds is 'Of run_seconds, what came after the device''s release and does not count until somebody has looked; null: nothing came after it.';
comment on column public.session_log.annotated_by is 'Who annotated it last; null: nobody, or a former member.';
comment on column public.session_log.session_id is 'Identity of the session.';
comment on column public.session_log.fleet_id is 'The fleet that owned the device at the reported start.';
comment on column public.session_log.plane_id is 'The plane; null: none.';
comment on column public.session_log.registration is 'Registration of the plane, as written.';
comment on column public.session_log.device_uuid is 'The device; null for a hand-entered session.';
comment on column public.session_log.session_end is 'session_start plus run_seconds, without held_seconds.';
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
    case when d.running then d.session_start end as running_session_start,
    case when d.running then d.run_seconds end as running_seconds,
    case when d.running then d.heard_at end as running_update,
    d.unsent, d.firmware, d.reset_reason, d.attention,
    (
      select s.effective_start from public.sessions s
      where s.device_uuid = o.device_uuid and s.session_start >= o.owned_from
      order by s.session_start limit 1
    ) as first_session_start,
    (
      select count(*) from public.sessions s
      where s.device_uuid = o.device_uuid and s.fleet_id = o.fleet_id and s.plane_id is null
    ) as unassigned_sessions,
    d.boot, d.lifetime_seconds, d.refused_posts, d.refused_at, d.rejected_at, d.rejected_code, d.key_bound_at,
    d.key_reset_at,
    o.owned_from, o.claimed_at, a.assigned_from
  from public.device_ownerships o
  join lateral (
    select devices.key_bound_at, devices.key_reset_at, s.effective_start as session_start, s.run_seconds, s.heard_at,
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
        when devices.key_reset_at + interval '24 hours' <= (select private.clock()) then 'device_key_reset_expired'
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
comment on view public.device_status is 'One row per device that a fleet owns now: where it hangs, what it is doing, what needs attention.';
comment on column public.device_status.state is 'needs_attention, else never_heard, else delivering (heard under 2 min ago, with sessions to go), running, or off (normal).';
comment on column public.device_status.running_update is 'When the server heard running_seconds: now minus this is what has passed since.';
comment on column public.device_status.unsent is 'Sessions that the device had yet to deliver when it last said so.';
comment on column public.device_status.attention is 'Code of what needs attention, or null: device_key_wrong, device_key_missing, device_key_reset_expired, bad_start.';
comment on column public.device_status.first_session_start is 'Start of its first session in this fleet.';
comment on column public.device_status.unassigned_sessions is 'Its sessions of no plane.';
comment on column public.device_status.device_uuid is 'The device.';
comment on column public.device_status.fleet_id is 'The fleet that owns it now.';
comment on column public.device_status.name is 'What the fleet calls it.';
comment on column public.device_status.plane_id is 'The plane that it hangs in now; null: none.';
comment on column public.device_status.registration is 'Registration of that plane.';
comment on column public.device_status.last_seen is 'When its last accepted message arrived, since the fleet owns it.';
comment on column public.device_status.running_session_start is 'Start of the session that runs; null if none does.';
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
comment on column public.device_status.assigned_from is 'Since when it hangs in its plane.';
grant select on public.device_status to authenticated;

create function public.plane_hours(time_zone text default 'UTC', for_fleet uuid default null, for_plane uuid default null)
returns table (
  plane_id uuid, fleet_id uuid, registration text, type_designator text, make text, model text, archived_at timestamptz,
  total_seconds bigint, uncertainty_seconds bigint, reading_seconds integer, reading_as_of timestamptz,
  counted_seconds bigint, counted_sessions bigint, month_seconds bigint, month_sessions bigint,
  last_session_start timestamptz, last_session_end timestamptz, device_uuid uuid
)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  zone constant text := private.check_time_zone(time_zone);
begin
  return query
  with period as materialized (
    select private.clock() as server_now, private.latest_time() as latest_time,
      private.day_begin(date_trunc('month', private.today(zone)::timestamp)::date, zone) as month_start
  )
  select p.plane_id, p.fleet_id, p.registration, p.type_designator, p.make, p.model, p.archived_at,
    coalesce(r.seconds, 0) + c.seconds, (t.tally).uncertainty_seconds, r.seconds, r.as_of,
    c.seconds, (t.tally).sessions,
    private.counted(p.plane_id, period.month_start, period.latest_time),
    (private.tally_since(p.plane_id, period.month_start)).sessions,
    latest.effective_start, latest.session_end,
    (select o.device_uuid from public.device_ownerships o
     join lateral (
       select a.plane_id, a.assigned_from from public.device_assignments a
       where a.ownership_id = o.ownership_id and a.assigned_from <= period.server_now
       order by a.assigned_from desc limit 1
     ) now_in on now_in.plane_id = p.plane_id
     where o.fleet_id = p.fleet_id and o.owned_until is null
     order by now_in.assigned_from desc limit 1)
  from period cross join public.planes p
  cross join lateral private.reading_at(p.plane_id, period.latest_time) r
  cross join lateral (select coalesce(r.as_of, private.earliest_start()) as since) base
  cross join lateral (select private.counted(p.plane_id, base.since, period.latest_time) as seconds) c
  cross join lateral (select private.tally_since(p.plane_id, base.since) as tally) t
  left join lateral (
    select s.effective_start, s.session_end from public.sessions s
    where s.plane_id = p.plane_id and s.counts
    order by s.effective_start desc limit 1
  ) latest on true
  where (for_fleet is null or p.fleet_id = for_fleet) and (for_plane is null or p.plane_id = for_plane)
  order by p.registration_key, p.plane_id;
end $$;
comment on function public.plane_hours(text, uuid, uuid) is 'Hours of the planes that the caller sees: reading plus counted since, this month (in a time zone), last session, device. Optionally of one fleet or one plane.';
grant execute on function public.plane_hours(text, uuid, uuid) to authenticated;

create function public.hours_by_month(fleet_id uuid, time_zone text default 'UTC', months integer default 12)
returns table (plane_id uuid, month date, seconds bigint)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  zone constant text := private.check_time_zone(time_zone);
begin
  return query
  with period as materialized (
    select m.month, m.begins, m.ends from private.months_until_now(zone, months) m
  )
  select p.plane_id, period.month, private.counted(p.plane_id, period.begins, period.ends)
  from period cross join public.planes p
  where p.fleet_id = hours_by_month.fleet_id
  order by period.month, p.registration_key, p.plane_id;
end $$;
comment on function public.hours_by_month(uuid, text, integer) is 'Seconds per plane of a fleet in each of the last months (up to 120, the present one included), months as in the time zone. Cut at 1,000 rows like every answer: ask for fewer months in a fleet of over 83 planes.';
grant execute on function public.hours_by_month(uuid, text, integer) to authenticated;
