-- Foundation: the private schema, the one clock, the project's settings, and the types that SQL, the function and the
-- portal share.
--
-- Nothing in `private` is reachable over the API: PostgREST exposes `public` only. SECURITY DEFINER functions live here
-- and nowhere else. Each grant is written beside the function that needs it.

create schema private;
comment on schema private is 'Helpers that the API does not expose: the clock, settings, ingest, attribution and hours.';
revoke all on schema private from public;
-- Nobody may use what is made from here on until a grant says so, whatever a project gives by default: older ones give
-- everything in `public` to everybody. EXECUTE for PUBLIC is built in, and can only be taken in all schemas at once.
alter default privileges revoke execute on functions from public;
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;
grant usage on schema private to authenticated, service_role;

create type public.fleet_role as enum ('viewer', 'editor', 'owner');
comment on type public.fleet_role is 'What a member may do: a viewer reads, an editor changes rows, an owner manages members.';
create type public.session_status as enum ('open', 'closed');
comment on type public.session_status is 'What the device said: it may still be counting, or a later power-up has closed the session.';
create type public.session_state as enum ('running', 'last_heard', 'ended', 'unconfirmed');
comment on type public.session_state is 'Running (heard under 2 min ago), last heard (2 to 10 min), ended (closed), unconfirmed (open but superseded or silent).';
create type public.session_quality as enum ('measured', 'clock_estimated', 'unconfirmed', 'flagged', 'hand_entered');
comment on type public.session_quality is 'How far a session''s times can be trusted.';
create type public.session_class as enum ('flight', 'ground_run', 'maintenance', 'avionics_only', 'test');
comment on type public.session_class is 'What a person says the session was. It never decides what counts.';
create type public.start_source as enum ('ntp', 'server', 'rtc', 'estimated');
comment on type public.start_source is 'Where the device got the clock from that dates the session''s start.';
create type public.device_state as enum ('running', 'delivering', 'off', 'never_heard', 'needs_attention');
comment on type public.device_state is 'A device as its owner thinks of it. Off is normal: a parked plane''s board has no power.';
create type public.reading_reason as enum ('initial', 'check', 'correction', 'meter_replaced');
comment on type public.reading_reason is 'Why the panel meter was read.';

-- What a person types is limited by CHECK constraints with names: the database refuses by the name, and the page has the
-- words for it (site_sym/src/ui/problemWords.ts) and the limit itself (site_sym/src/data/limits.ts, made from here). A
-- CHECK without a name is one that only a fault of ours could meet.

-- Every "now" of the backend. A test that lives in simulated time replaces this function in its own database.
create function private.clock() returns timestamptz
language sql stable parallel safe set search_path = ''
return date_trunc('second', clock_timestamp());
comment on function private.clock() is 'The server''s time in whole seconds; the only clock of SQL and of the edge function.';
grant execute on function private.clock() to authenticated, service_role;

-- What several rules measure by, each said here once. The planner puts the value of an immutable one in its place; the
-- others are asked once per query where they stand as (select ...).
create function private.earliest_start() returns timestamptz
language sql immutable parallel safe set search_path = ''
return timestamptz '2024-01-01 00:00:00+00';
comment on function private.earliest_start() is 'No device''s session starts before it: a board whose clock says so has a wrong clock.';
grant execute on function private.earliest_start() to authenticated;

create function private.earliest_entry() returns timestamptz
language sql immutable parallel safe set search_path = ''
return timestamptz '1900-01-01 00:00:00+00';
comment on function private.earliest_entry() is 'What people enter by hand does not start before it: logs on paper are older than boards. All that is ever counted lies after it.';
grant execute on function private.earliest_entry() to authenticated;

create function private.longest_session() returns integer
language sql immutable parallel safe set search_path = ''
return 366 * 86400;
comment on function private.longest_session() is 'Seconds of the longest session there can be: no board has power for longer without a break.';
grant execute on function private.longest_session() to authenticated;

create function private.short_session() returns integer
language sql immutable parallel safe set search_path = ''
return 180;
comment on function private.short_session() is 'A session of fewer seconds is short: more often somebody looking at the radio than a flight.';
grant execute on function private.short_session() to authenticated;

create function private.most_merged_sessions() returns integer
language sql immutable parallel safe set search_path = ''
return 50;
comment on function private.most_merged_sessions() is 'So many sessions can be one entry of the log.';
grant execute on function private.most_merged_sessions() to authenticated;

create function private.longest_merge() returns interval
language sql immutable parallel safe set search_path = ''
return interval '31 days';
comment on function private.longest_merge() is 'Sessions that are one entry of the log begin within this time.';
grant execute on function private.longest_merge() to authenticated;

create function private.key_reset_seconds() returns integer
language sql immutable parallel safe set search_path = ''
return 24 * 3600;
comment on function private.key_reset_seconds() is 'How long after its reset a device''s key can be bound by the first message that carries one.';
grant execute on function private.key_reset_seconds() to authenticated;

create function private.latest_time() returns timestamptz
language sql stable parallel safe set search_path = ''
return private.clock() + interval '5 minutes';
comment on function private.latest_time() is 'What lies after it lies in the future; a board''s clock may be a little fast.';
grant execute on function private.latest_time() to authenticated;

create function private.in_future(begins timestamptz, seconds integer) returns boolean
language sql stable parallel safe set search_path = ''
return greatest(begins, begins + seconds * interval '1 second') > private.latest_time();
comment on function private.in_future(timestamptz, integer) is 'Whether a session with this start and length reaches into the future: the one judge of flags, checks and corrections.';
grant execute on function private.in_future(timestamptz, integer) to authenticated;

create function private.running_since() returns timestamptz
language sql stable parallel safe set search_path = ''
return private.clock() - interval '2 minutes';
comment on function private.running_since() is 'A device heard after it is running now.';
grant execute on function private.running_since() to authenticated;

create function private.silent_since() returns timestamptz
language sql stable parallel safe set search_path = ''
return private.clock() - interval '10 minutes';
comment on function private.silent_since() is 'An open session heard last before it is unconfirmed: the device has fallen silent.';
grant execute on function private.silent_since() to authenticated;

create function private.iso_time(t timestamptz) returns text
language sql immutable parallel safe set search_path = ''
return to_char(t at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
comment on function private.iso_time(timestamptz) is 'A time as the wire has it: 2025-10-23T18:00:00Z.';

create function private.sha256_hex(of_text text) returns text
language sql immutable parallel safe set search_path = ''
return encode(sha256(convert_to(of_text, 'UTF8')), 'hex');
comment on function private.sha256_hex(text) is 'SHA-256 of a text in UTF-8, in hex: of reports, and what is kept of the secret in an invite''s link.';

create table private.settings (
  only_row boolean primary key default true check (only_row),
  server_id uuid not null default gen_random_uuid(),
  messages_per_minute integer not null default 120 check (messages_per_minute > 0),
  new_devices_per_hour integer not null default 200 check (new_devices_per_hour > 0),
  new_sessions_per_day integer not null default 3000 check (new_sessions_per_day > 0)
);
alter table private.settings enable row level security;
comment on table private.settings is 'One row: the identity of this database and the limits of ingest.';
comment on column private.settings.only_row is 'Always true: keeps the table at one row.';
comment on column private.settings.server_id is 'Identity of this database. A board that sees another one sends all it still keeps again.';
comment on column private.settings.messages_per_minute is 'Single messages that one device may post in a minute; batches may take twice as many requests.';
comment on column private.settings.new_devices_per_hour is 'Devices that unannounced first messages may create in an hour, in the whole project.';
comment on column private.settings.new_sessions_per_day is 'Sessions that one device may add in a UTC day; a board keeps 1,024 at most.';
insert into private.settings default values;

-- Called by hand after a restore or a move to another project.
create function private.new_server_id() returns uuid
language sql volatile set search_path = ''
begin atomic
  update private.settings set server_id = gen_random_uuid() returning server_id;
end;
comment on function private.new_server_id() is 'Renews server_id, so that every board delivers again what it still keeps. Call it after a restore or a move.';

-- Whoever presses a second time because the first answer got lost sends the same id again.
create function private.one_at_a_time(id uuid) returns void
language sql volatile strict set search_path = ''
begin atomic
  select pg_advisory_xact_lock(2, hashtext(id::text));
end;
comment on function private.one_at_a_time(uuid) is 'Lets requests that bring the same id wait for each other until the transaction ends.';
