-- Devices, and the two kinds of interval that give a session its fleet and its plane: ownerships and assignments.

create type private.device_report as (
  boot integer,
  lifetime_seconds bigint,
  unsent integer,
  firmware text,
  reset_reason text
);
comment on type private.device_report is 'What a message says about the device itself.';
comment on column private.device_report.boot is 'Power-ups counted by the board.';
comment on column private.device_report.lifetime_seconds is 'Seconds of power over the board''s life.';
comment on column private.device_report.unsent is 'Ended sessions that it has yet to send.';
comment on column private.device_report.firmware is 'Firmware version.';
comment on column private.device_report.reset_reason is 'Why the board last started.';

create table public.devices (
  device_uuid uuid primary key,
  fleet_id uuid references public.fleets on delete set null,
  created_at timestamptz not null default private.clock(),
  announced boolean not null default false,
  has_posted boolean not null default false,
  last_seen timestamptz,
  report_session_start timestamptz,
  report_run_seconds integer,
  like private.device_report,
  key_bound_at timestamptz,
  key_reset_at timestamptz,
  refused_at timestamptz,
  refused_code text,
  refused_posts integer not null default 0,
  rejected_at timestamptz,
  rejected_code text,
  request_minute timestamptz,
  request_count integer not null default 0,
  new_sessions_day date,
  new_sessions integer not null default 0
) with (fillfactor = 70);
create index devices_by_fleet on public.devices (fleet_id);
create index devices_announced on public.devices (created_at) where announced;
comment on table public.devices is 'Boards, as the latest of their messages describe them. Nobody writes here but ingest and the claim functions. A release begins the row over: nothing in it tells the next owner about an earlier one''s time.';
comment on column public.devices.device_uuid is 'Identity that the board made for itself.';
comment on column public.devices.fleet_id is 'The fleet that owns the device now; null while it has none.';
comment on column public.devices.created_at is 'When the database first heard of the device, or its last release (server time).';
comment on column public.devices.announced is 'True if the device''s own first message created it, false if a claim did.';
comment on column public.devices.has_posted is 'Whether a message of it was ever accepted: until then it is a new device.';
comment on column public.devices.last_seen is 'When its last accepted message arrived, since the last release (server time); never moves back.';
comment on column public.devices.report_session_start is 'session_start of the message that the device''s own figures come from: the greatest by (session_start, run_seconds, canonical text) that is about the time since the last release.';
comment on column public.devices.report_run_seconds is 'run_seconds of that message.';
comment on column public.devices.boot is 'Power-ups counted by the board, in that message.';
comment on column public.devices.lifetime_seconds is 'Seconds of power over the board''s life, in that message.';
comment on column public.devices.unsent is 'Sessions that were not acked when that message was sent.';
comment on column public.devices.firmware is 'Firmware version, in that message.';
comment on column public.devices.reset_reason is 'Why the board last started, in that message.';
comment on column public.devices.key_bound_at is 'When the device key was bound, or the last release; null while none is.';
comment on column public.devices.key_reset_at is 'When a member unbound the key; null once a new one is bound.';
comment on column public.devices.refused_at is 'When a post was last refused for its key (server time).';
comment on column public.devices.refused_code is 'Why it was refused.';
comment on column public.devices.refused_posts is 'Posts refused since the last accepted one.';
comment on column public.devices.rejected_at is 'When a session of the device was last rejected (server time).';
comment on column public.devices.rejected_code is 'Why it was rejected.';
comment on column public.devices.request_minute is 'Minute that request_count counts.';
comment on column public.devices.request_count is 'Requests of the device in that minute.';
comment on column public.devices.new_sessions_day is 'UTC day that new_sessions counts.';
comment on column public.devices.new_sessions is 'Sessions that the device added on that day.';

alter table public.devices enable row level security;
grant select on public.devices to authenticated;
create policy "Members see the devices that their fleets own now" on public.devices for select to authenticated
  using (fleet_id = any ((select private.fleets_as('viewer'))::uuid[]));

create table private.device_keys (
  device_uuid uuid primary key references public.devices on delete cascade,
  key_sha256 text not null check (key_sha256 ~ '^[0-9a-f]{64}$')
);
alter table private.device_keys enable row level security;
comment on table private.device_keys is 'SHA-256 of each device''s key. The key itself is never stored.';
comment on column private.device_keys.device_uuid is 'The device.';
comment on column private.device_keys.key_sha256 is 'Hash of the 32 key bytes, in hex.';

-- An ownership begins where the one before it ended, so unowned time belongs to the next claimer by construction.
-- The first claimer's ownership begins with the earliest start that ingest accepts.
create table public.device_ownerships (
  ownership_id uuid primary key default gen_random_uuid(),
  device_uuid uuid not null references public.devices on delete cascade,
  fleet_id uuid references public.fleets on delete set null,
  owned_from timestamptz not null default private.earliest_start(),
  owned_until timestamptz check (owned_until >= owned_from),
  owned tstzrange not null generated always as (tstzrange(owned_from, owned_until)) stored,
  name text constraint device_name_length check (name = btrim(name) and char_length(name) between 1 and 80),
  claimed_at timestamptz not null default private.clock(),
  claimed_by uuid references auth.users (id) on delete set null,
  released_by uuid references auth.users (id) on delete set null,
  unique (fleet_id, ownership_id),
  check (fleet_id is not null or owned_until is not null)
);
create unique index device_ownerships_one_owner on public.device_ownerships (device_uuid) where owned_until is null;
create index device_ownerships_by_device on public.device_ownerships (device_uuid, owned_from);
create index device_ownerships_by_fleet on public.device_ownerships (fleet_id, device_uuid);
create index device_ownerships_by_claimer on public.device_ownerships (claimed_by);
create index device_ownerships_by_releaser on public.device_ownerships (released_by);
comment on table public.device_ownerships is 'Which fleet a device belonged to, from when until when. A session belongs to the fleet that owns its device at session_start.';
comment on column public.device_ownerships.ownership_id is 'Identity of the ownership.';
comment on column public.device_ownerships.device_uuid is 'The device.';
comment on column public.device_ownerships.fleet_id is 'The owner; null when that fleet was deleted, so that nobody inherits its time.';
comment on column public.device_ownerships.owned_from is 'Begin: the end of the ownership before it, or the earliest start.';
comment on column public.device_ownerships.owned_until is 'End, exclusive; null while the fleet owns the device.';
comment on column public.device_ownerships.owned is 'Begin (inclusive) to end (exclusive): what a session_start is looked for in.';
comment on column public.device_ownerships.name is 'What this fleet calls the device. The next owner does not see it.';
comment on column public.device_ownerships.claimed_at is 'When the claim was made (server time).';
comment on column public.device_ownerships.claimed_by is 'Who claimed it; null for a former member.';
comment on column public.device_ownerships.released_by is 'Who released it; null for a former member, or while it is owned.';

create function private.tidy_device_name() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.name := nullif(btrim(new.name), '');
  return new;
end $$;
comment on function private.tidy_device_name() is 'Trims what was typed; an empty name is none.';
create trigger tidy_device_name before insert or update of name on public.device_ownerships
  for each row execute function private.tidy_device_name();

create trigger take_turns before insert or update or delete on public.device_ownerships
  for each statement execute function private.take_turns();

alter table public.device_ownerships enable row level security;
grant select, update (name) on public.device_ownerships to authenticated;
create policy "Members see the ownerships of their fleets" on public.device_ownerships for select to authenticated
  using (fleet_id = any ((select private.fleets_as('viewer'))::uuid[]));
create policy "Editors name their fleet's devices" on public.device_ownerships for update to authenticated
  using (fleet_id = any ((select private.fleets_as('editor'))::uuid[]))
  with check (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));

-- "Installed in this plane from then on, until the next row": assignments of one device cannot overlap.
create table public.device_assignments (
  assignment_id uuid primary key default gen_random_uuid(),
  ownership_id uuid not null,
  device_uuid uuid not null references public.devices on delete cascade,
  fleet_id uuid not null references public.fleets on delete cascade,
  plane_id uuid,
  assigned_from timestamptz not null,
  assigned_at timestamptz not null default private.clock(),
  assigned_by uuid references auth.users (id) on delete set null,
  unique (ownership_id, assigned_from),
  foreign key (fleet_id, ownership_id) references public.device_ownerships (fleet_id, ownership_id) on delete cascade,
  foreign key (fleet_id, plane_id) references public.planes (fleet_id, plane_id)
);
create index device_assignments_by_fleet on public.device_assignments (fleet_id, ownership_id);
create index device_assignments_by_plane on public.device_assignments (fleet_id, plane_id);
create index device_assignments_by_device on public.device_assignments (device_uuid, assigned_from);
create index device_assignments_by_author on public.device_assignments (assigned_by);
comment on table public.device_assignments is 'Which plane a device is installed in, from when. The one in force at a session''s start takes the whole session.';
comment on column public.device_assignments.assignment_id is 'Identity of the assignment.';
comment on column public.device_assignments.ownership_id is 'The ownership that it is part of; none begins before its ownership.';
comment on column public.device_assignments.device_uuid is 'The device.';
comment on column public.device_assignments.fleet_id is 'The fleet of device and plane.';
comment on column public.device_assignments.plane_id is 'The plane; null: from here on the device is in none.';
comment on column public.device_assignments.assigned_from is 'Begin; it holds until the device''s next assignment begins.';
comment on column public.device_assignments.assigned_at is 'When it was entered (server time).';
comment on column public.device_assignments.assigned_by is 'Who entered it; null for a former member.';

create trigger take_turns before insert or update or delete on public.device_assignments
  for each statement execute function private.take_turns();

alter table public.device_assignments enable row level security;
grant select on public.device_assignments to authenticated;
create policy "Members see the assignments of their fleets" on public.device_assignments for select to authenticated
  using (fleet_id = any ((select private.fleets_as('viewer'))::uuid[]));
