-- Sessions: one row per power-up of a device, what the device said, and beside it what follows from ownerships,
-- assignments and annotations. No user writes here.

-- The optional fields of a message, and the columns of sessions that keep those of the greatest one. What is added here,
-- with its comment, is read from the wire and takes part in the join.
create type private.session_report as (
  boot integer,
  start_source public.start_source,
  start_uncertainty_s integer,
  checkpoint_seconds integer,
  lifetime_seconds bigint,
  reset_reason text,
  firmware text,
  engine_seconds integer,
  engine_first_s integer,
  bus_start_mv integer,
  bus_min_mv integer,
  bus_max_mv integer
);
comment on type private.session_report is 'The optional fields of a message about a session; a session keeps those of its greatest message.';
comment on column private.session_report.boot is 'Number of the power-up.';
comment on column private.session_report.start_source is 'Where the start''s clock came from.';
comment on column private.session_report.start_uncertainty_s is 'Plus or minus seconds of an estimated start; null: unknown, or not estimated.';
comment on column private.session_report.checkpoint_seconds is 'Checkpoint interval: the uncertainty of run_seconds.';
comment on column private.session_report.lifetime_seconds is 'Seconds of power over the board''s life.';
comment on column private.session_report.reset_reason is 'Why the board started.';
comment on column private.session_report.firmware is 'Firmware version.';
comment on column private.session_report.engine_seconds is 'Of run_seconds, those in which the bus voltage said that the engine ran; null: not sensed.';
comment on column private.session_report.engine_first_s is 'Seconds into the session at which the engine first ran; null: not sensed, or it never ran.';
comment on column private.session_report.bus_start_mv is 'Millivolts of the bus before any cranking: the battery at rest; null: not sensed.';
comment on column private.session_report.bus_min_mv is 'Lowest millivolts of the bus, while cranking as a rule; null: not sensed.';
comment on column private.session_report.bus_max_mv is 'Highest millivolts of the bus, while charging as a rule; null: not sensed.';

create table public.sessions (
  session_id uuid primary key,
  device_uuid uuid references public.devices on delete cascade,
  session_start timestamptz not null,
  run_seconds integer not null check (run_seconds between 0 and private.longest_session()),
  last_update timestamptz,
  status public.session_status not null,
  report_closed boolean not null default false,
  like private.session_report including comments,
  received_at timestamptz not null default private.clock(),
  heard_at timestamptz not null default private.clock(),
  grown_at timestamptz not null default private.clock(),
  future boolean not null default false,
  known_at_release integer,
  looked_at_seconds integer,
  -- derived
  fleet_id uuid references public.fleets on delete cascade,
  plane_id uuid,
  effective_start timestamptz not null,
  session_end timestamptz not null generated always as
    (
      (effective_start at time zone 'UTC'
        + greatest(least(run_seconds, greatest(coalesce(known_at_release, run_seconds), looked_at_seconds)), 0)
          * interval '1 second')
      at time zone 'UTC'
    ) stored,
  class public.session_class,
  pilot text,
  excluded boolean not null default false,
  clock_checked boolean not null default false,
  "overlaps" boolean not null default false,
  is_overlaid boolean not null default false,
  in_entry boolean not null default false,
  flagged boolean not null generated always as (
    future and not clock_checked
    or known_at_release is not null and run_seconds > greatest(known_at_release, looked_at_seconds)
  ) stored,
  counts boolean not null generated always as (
    not excluded and (clock_checked or not future) and coalesce(greatest(known_at_release, looked_at_seconds), 0) >= 0
  ) stored,
  short boolean not null generated always as (run_seconds < private.short_session()) stored,
  long boolean not null generated always as (run_seconds > 86400) stored,
  constraint engine_seconds_within_session check (engine_seconds between 0 and run_seconds),
  constraint engine_first_s_within_session check (engine_first_s between 0 and run_seconds),
  constraint bus_start_mv_plausible check (bus_start_mv between 0 and 100000),
  constraint bus_min_mv_plausible check (bus_min_mv between 0 and 100000),
  constraint bus_max_mv_plausible check (bus_max_mv between 0 and 100000),
  check (session_start >= case when device_uuid is null then private.earliest_entry() else private.earliest_start() end),
  unique (device_uuid, session_start),
  foreign key (fleet_id, plane_id) references public.planes (fleet_id, plane_id),
  check (plane_id is null or fleet_id is not null)
) with (fillfactor = 80);
create index sessions_by_fleet on public.sessions (fleet_id, effective_start desc, session_id desc);
create index sessions_by_plane on public.sessions (plane_id, effective_start desc, session_id desc);
create index sessions_by_device on public.sessions (device_uuid, effective_start desc, session_id desc);
create index sessions_by_boot on public.sessions (device_uuid, boot, session_start);
create index sessions_of_no_plane on public.sessions (fleet_id, device_uuid, effective_start) where plane_id is null;
create index sessions_over_a_day on public.sessions (plane_id, effective_start) where long;
create index sessions_estimated on public.sessions (plane_id, effective_start) where start_source = 'estimated';
create index sessions_estimated_wildly on public.sessions (plane_id)
  where start_source = 'estimated' and start_uncertainty_s > 2678400;
create index sessions_estimated_unchecked on public.sessions (fleet_id, effective_start desc, session_id desc)
  where start_source = 'estimated' and not clock_checked and not excluded;
-- What the portal filters by, each in the order of its pages. No index holds what grows every minute: a row that grows
-- stays where it is, and so do its entries in all of these.
-- One for each class: below row security an index is searched only by operators that are known to leak nothing, and
-- those of enums are not; that a query needs only a part of the table is seen all the same.
create index sessions_of_flight on public.sessions (fleet_id, effective_start desc, session_id desc) where class = 'flight';
create index sessions_of_ground_run on public.sessions (fleet_id, effective_start desc, session_id desc)
  where class = 'ground_run';
create index sessions_of_maintenance on public.sessions (fleet_id, effective_start desc, session_id desc)
  where class = 'maintenance';
create index sessions_of_avionics_only on public.sessions (fleet_id, effective_start desc, session_id desc)
  where class = 'avionics_only';
create index sessions_of_test on public.sessions (fleet_id, effective_start desc, session_id desc) where class = 'test';
create index sessions_of_no_class on public.sessions (fleet_id, effective_start desc, session_id desc) where class is null;
create index sessions_with_pilot on public.sessions (fleet_id, effective_start desc, session_id desc) where pilot is not null;
create index sessions_hand_entered on public.sessions (fleet_id, effective_start desc, session_id desc) where device_uuid is null;
create index sessions_with_estimate on public.sessions (fleet_id, effective_start desc, session_id desc)
  where start_source = 'estimated';
create index sessions_flagged on public.sessions (fleet_id, effective_start desc, session_id desc) where flagged;
create index sessions_excluded on public.sessions (fleet_id, effective_start desc, session_id desc) where excluded;
create index sessions_overlapping on public.sessions (fleet_id, effective_start desc, session_id desc) where "overlaps";
create index sessions_short on public.sessions (fleet_id, effective_start desc, session_id desc) where short;
-- A search by plane or device within a fleet: the planner has to know that the one says all about the other, or it
-- expects few rows and sorts a plane's whole history for one page.
create statistics public.sessions_follow_fleets (dependencies) on device_uuid, plane_id, fleet_id from public.sessions;
comment on table public.sessions is 'One row per power-up of a device: the join of all its messages, in whatever order they came. Hand-entered sessions are mirrored here from session_annotations.';
comment on column public.sessions.session_id is 'Identity, made from device and start: a restored database gives the same one.';
comment on column public.sessions.device_uuid is 'The device; null for a hand-entered session.';
comment on column public.sessions.session_start is 'Power on, as the device said; never changes.';
comment on column public.sessions.run_seconds is 'Whole seconds of power; only grows.';
comment on column public.sessions.last_update is 'The device''s clock at its latest figure; only grows.';
comment on column public.sessions.status is 'open or closed; goes only from open to closed.';
comment on column public.sessions.report_closed is 'Whether the greatest message was a closing one: part of the key that picks the optional fields.';
comment on column public.sessions.received_at is 'When its first message arrived (server time).';
comment on column public.sessions.heard_at is 'When its last message arrived (server time).';
comment on column public.sessions.grown_at is 'When it last got longer (server time).';
comment on column public.sessions.future is 'A message said that it started or ended over 5 minutes in the server''s future; latched.';
comment on column public.sessions.known_at_release is 'Of run_seconds, what was known when the fleet released the device; -1: not even the session; null: nothing came after a release. Latched.';
comment on column public.sessions.looked_at_seconds is 'run_seconds when a person looked at what came after the release; null: nobody has.';
comment on column public.sessions.fleet_id is 'The fleet that owned the device at session_start; null while nobody has claimed that time.';
comment on column public.sessions.plane_id is 'The plane the device was installed in at effective_start; null: none.';
comment on column public.sessions.effective_start is 'The corrected start if a person gave one, else session_start.';
comment on column public.sessions.session_end is 'effective_start plus run_seconds, without what came after the device''s release and nobody has looked at.';
comment on column public.sessions.class is 'What a person said it was; mirrored from session_annotations, for searching.';
comment on column public.sessions.pilot is 'Who flew; mirrored from session_annotations, for searching.';
comment on column public.sessions.excluded is 'A person left it out of the totals.';
comment on column public.sessions.clock_checked is 'A person looked at its times: the future flag no longer holds it back.';
comment on column public.sessions.overlaps is 'It counts and shares time with another session of its plane that does; follows every change of either.';
comment on column public.sessions.is_overlaid is 'A person merged it with others, or split it.';
comment on column public.sessions.in_entry is 'It stands in the log as part of a merged entry, or in parts, and not by itself.';
comment on column public.sessions.flagged is 'Its times reach into the future, or some of it came after the device''s release, and nobody has looked at it.';
comment on column public.sessions.short is 'Under three minutes (private.short_session).';
comment on column public.sessions.counts is 'Whether it is part of the totals: not excluded, and not flagged.';
comment on column public.sessions.long is 'Over a day: the few sessions that a search around a time must look further back for.';

alter table public.sessions enable row level security;
grant select on public.sessions to authenticated;
-- Not `fleet_id = any (...)` as elsewhere: beside a search by fleet, plane or device the planner would take the two for
-- independent, expect one row in thousands, and sort a fleet's whole history for one page instead of following an index.
create policy "Members see the sessions of their fleets" on public.sessions for select to authenticated
  using (array_position((select private.fleets_as('viewer')), fleet_id) is not null);

create function private.session_id(device_uuid uuid, session_start timestamptz) returns uuid
language plpgsql immutable parallel safe set search_path = '' as $$
begin
  return overlay(
    md5(device_uuid::text || extract(epoch from session_start at time zone 'UTC')::bigint::text) placing '8' from 13 for 1
  )::uuid;
end $$;
comment on function private.session_id(uuid, timestamptz) is 'The same session has the same identity in every database: a UUID of version 8. Hand-entered ones have version 4, so nobody can take a device session''s place before it arrives.';

create function private.plane_at(ownership uuid, t timestamptz) returns uuid
language plpgsql stable set search_path = '' as $$
begin
  return (
    select a.plane_id from public.device_assignments a
    where a.ownership_id = ownership and a.assigned_from <= t
    order by a.assigned_from desc limit 1
  );
end $$;
comment on function private.plane_at(uuid, timestamptz) is 'The plane a device was installed in at a time, under one ownership.';

-- Follows every change of ownerships and assignments, so history moves with them. A session that has a fleet keeps it:
-- a release hides nothing and hands nothing over.
create function private.attribute_sessions(device uuid) returns void
language sql volatile security definer set search_path = ''
begin atomic
  update public.sessions s set fleet_id = right_one.fleet_id, plane_id = right_one.plane_id
  from (
    select s.session_id, o.fleet_id, private.plane_at(o.ownership_id, s.effective_start) as plane_id
    from public.sessions s
    join public.device_ownerships o on o.device_uuid = s.device_uuid and o.owned @> s.session_start
      and o.fleet_id = coalesce(s.fleet_id, o.fleet_id)
    where s.device_uuid = device
  ) right_one
  where s.session_id = right_one.session_id
    and (s.fleet_id, s.plane_id) is distinct from (right_one.fleet_id, right_one.plane_id);
end;
comment on function private.attribute_sessions(uuid) is 'Gives a device''s sessions the fleet and the plane that ownerships and assignments say.';

create function private.follow_the_device() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if private.is_ending(coalesce(new.fleet_id, old.fleet_id)) is not true then
    perform private.attribute_sessions(coalesce(new.device_uuid, old.device_uuid));
  end if;
  return null;
end $$;
comment on function private.follow_the_device() is 'After a change of ownership or assignment, sessions follow.';
create trigger sessions_follow after insert or update of owned_from, owned_until on public.device_ownerships
  for each row execute function private.follow_the_device();
create trigger sessions_follow after insert or delete or update of plane_id, assigned_from on public.device_assignments
  for each row execute function private.follow_the_device();
