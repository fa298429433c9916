-- What people say about sessions: an overlay, with who and when. Hand-entered sessions are annotations of no device
-- session; they are mirrored into `sessions`, so that lists and totals have one table to read.

create table public.session_annotations (
  session_id uuid primary key default gen_random_uuid(),
  fleet_id uuid not null references public.fleets on delete cascade,
  class public.session_class,
  pilot text constraint pilot_length check (char_length(pilot) <= 120),
  remarks text constraint remarks_length check (char_length(remarks) <= 2000),
  excluded boolean not null default false,
  corrected_start timestamptz constraint corrected_start_not_too_early check (corrected_start >= private.earliest_start()),
  clock_checked boolean not null default false,
  hand_plane_id uuid,
  hand_start timestamptz constraint hand_start_not_too_early check (hand_start >= private.earliest_entry()),
  hand_seconds integer constraint hand_seconds_range check (hand_seconds between 1 and private.longest_session()),
  batch_id uuid,
  edited boolean not null default false,
  author_id uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default private.clock(),
  updated_at timestamptz not null default private.clock(),
  foreign key (fleet_id, hand_plane_id) references public.planes (fleet_id, plane_id) on delete cascade,
  foreign key (fleet_id, batch_id) references public.import_batches (fleet_id, batch_id),
  check (num_nulls(hand_plane_id, hand_start, hand_seconds) in (0, 3)),
  check (hand_start is null or corrected_start is null)
);
create index session_annotations_by_fleet on public.session_annotations (fleet_id, class);
create index session_annotations_by_pilot on public.session_annotations (fleet_id, pilot);
create index session_annotations_with_pilot on public.session_annotations (fleet_id, updated_at desc) where pilot is not null;
create index session_annotations_by_plane on public.session_annotations (fleet_id, hand_plane_id);
create index session_annotations_by_batch on public.session_annotations (batch_id, edited) where batch_id is not null;
create index session_annotations_by_author on public.session_annotations (author_id);
comment on table public.session_annotations is 'What a person says about a session, one row per session; what the device said stays as it is.';
comment on column public.session_annotations.session_id is 'The session; of a hand-entered one, its own identity.';
comment on column public.session_annotations.fleet_id is 'The session''s fleet.';
comment on column public.session_annotations.class is 'flight, ground_run, maintenance, avionics_only or test; null until said. Never decides what counts.';
comment on column public.session_annotations.pilot is 'Who flew.';
comment on column public.session_annotations.remarks is 'Remarks.';
comment on column public.session_annotations.excluded is 'Leaves the session out of the totals.';
comment on column public.session_annotations.corrected_start is 'The true start, if the device''s clock was wrong.';
comment on column public.session_annotations.clock_checked is 'Someone looked at the times: clears the future flag and the estimate. A corrected start does, too.';
comment on column public.session_annotations.hand_plane_id is 'Plane of a hand-entered session.';
comment on column public.session_annotations.hand_start is 'Start of a hand-entered session.';
comment on column public.session_annotations.hand_seconds is 'Seconds of a hand-entered session.';
comment on column public.session_annotations.batch_id is 'The import that brought it; null: none did.';
comment on column public.session_annotations.edited is 'Somebody has changed it since it was first said.';
comment on column public.session_annotations.author_id is 'Who said so last; null for a former member.';
comment on column public.session_annotations.created_at is 'When it was first said (server time).';
comment on column public.session_annotations.updated_at is 'When it was last said (server time).';

alter table public.session_annotations enable row level security;
grant select, delete,
  insert (session_id, class, pilot, remarks, excluded, corrected_start, clock_checked, hand_plane_id, hand_start, hand_seconds),
  update (session_id, class, pilot, remarks, excluded, corrected_start, clock_checked, hand_plane_id, hand_start, hand_seconds)
  on public.session_annotations to authenticated;
create policy "Members see the annotations of their fleets" on public.session_annotations for select to authenticated
  using (fleet_id = any ((select private.fleets_as('viewer'))::uuid[]));
create policy "Editors annotate sessions" on public.session_annotations for insert to authenticated
  with check (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));
create policy "Editors change annotations" on public.session_annotations for update to authenticated
  using (fleet_id = any ((select private.fleets_as('editor'))::uuid[]))
  with check (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));
create policy "Editors take annotations back" on public.session_annotations for delete to authenticated
  using (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));

create trigger take_turns before insert or update or delete on public.session_annotations
  for each statement execute function private.take_turns();

-- The fleet, the author and the time are the server's to say.
create function private.sign_annotation() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  session public.sessions;
begin
  if tg_op = 'UPDATE' and (new.session_id <> old.session_id or (new.hand_start is null) <> (old.hand_start is null)) then
    raise sqlstate 'PT400' using message = 'An annotation cannot move to another session';
  elsif num_nulls(new.hand_plane_id, new.hand_start, new.hand_seconds) not in (0, 3) then
    raise sqlstate 'PT400' using message = 'A hand-entered session has a plane, a start and a length';
  end if;
  if new.hand_start is not null then
    select p.fleet_id into new.fleet_id from public.planes p
    where p.plane_id = new.hand_plane_id and p.fleet_id = any (private.fleets_as('editor'));
    if not found then
      raise sqlstate 'PT404' using message = 'There is no such plane in the fleets that you may edit';
    elsif new.corrected_start is not null then
      raise sqlstate 'PT400' using
        message = 'A hand-entered session has no corrected start', hint = 'Change hand_start.';
    elsif substr(new.session_id::text, 15, 1) <> '4' then
      -- Those of other versions belong to devices' sessions, also to such as have not arrived yet.
      raise sqlstate 'PT400' using
        message = 'A hand-entered session has an ID of its own',
        hint = 'Leave session_id out, or give a random UUID (version 4).';
    elsif private.in_future(new.hand_start, new.hand_seconds) then
      raise sqlstate 'PT400' using message = 'A session cannot be entered before it has ended';
    end if;
    new.hand_start := date_trunc('second', new.hand_start);
  else
    -- Also where an upsert is about to change a hand-entered session: its row exists, this one will not be inserted.
    select * into session from public.sessions s
    where s.session_id = new.session_id and s.fleet_id = any (private.fleets_as('editor'));
    if not found then
      raise sqlstate 'PT404' using message = 'There is no such session in the fleets that you may edit';
    elsif exists (
      select from public.session_annotations a
      where a.session_id = new.session_id and a.clock_checked = new.clock_checked
        and a.corrected_start is not distinct from new.corrected_start
        and (a.class, a.pilot, a.remarks, a.excluded) is distinct from (new.class, new.pilot, new.remarks, new.excluded)
    ) then
      null;  -- Something else is said, nothing new of the times: the session may have outgrown what was said of those.
    elsif private.in_future(new.corrected_start, session.run_seconds) then
      raise sqlstate 'PT400' using
        message = 'The corrected start would end the session in the future', hint = 'Check date and time zone.';
    elsif new.clock_checked and new.corrected_start is null
      and private.in_future(session.session_start, session.run_seconds)
    then
      raise sqlstate 'PT400' using
        message = 'The session still ends in the future', hint = 'Correct its start.';
    end if;
    new.fleet_id := session.fleet_id;
    new.corrected_start := date_trunc('second', new.corrected_start);
  end if;
  new.pilot := nullif(btrim(new.pilot), '');
  new.remarks := nullif(btrim(new.remarks), '');
  new.edited := tg_op = 'UPDATE';
  new.author_id := auth.uid();
  new.updated_at := private.clock();
  return new;
end $$;
comment on function private.sign_annotation() is 'Puts fleet, author and time on an annotation, and refuses what cannot be.';
create trigger sign_annotation before insert or update of session_id, class, pilot, remarks, excluded, corrected_start,
  clock_checked, hand_plane_id, hand_start, hand_seconds on public.session_annotations
  for each row execute function private.sign_annotation();

-- All at once: an import says thousands of things, and each statement that writes sessions computes days again.
create function private.apply_annotations(said public.session_annotations[]) returns void
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  if exists (select from unnest(said) one where one.hand_start is not null) then
    insert into public.sessions (
      session_id, session_start, run_seconds, status, report_closed, fleet_id, plane_id, effective_start, class, pilot,
      excluded, clock_checked
    )
    select one.session_id, one.hand_start, one.hand_seconds, 'closed', true, one.fleet_id, one.hand_plane_id,
      one.hand_start, one.class, one.pilot, one.excluded, one.clock_checked
    from unnest(said) one where one.hand_start is not null
    on conflict (session_id) do update set
      session_start = excluded.session_start, run_seconds = excluded.run_seconds, fleet_id = excluded.fleet_id,
      plane_id = excluded.plane_id, effective_start = excluded.effective_start, class = excluded.class,
      pilot = excluded.pilot, excluded = excluded.excluded, clock_checked = excluded.clock_checked
    where sessions.device_uuid is null;
  end if;
  if exists (select from unnest(said) one where one.hand_start is null) then
    update public.sessions s set
      class = one.class, pilot = one.pilot, excluded = coalesce(one.excluded, false),
      -- what was checked did not reach into the future
      clock_checked = (coalesce(one.clock_checked, false) or one.corrected_start is not null)
        and not private.in_future(coalesce(one.corrected_start, s.session_start), s.run_seconds),
      effective_start = coalesce(one.corrected_start, s.session_start),
      -- Another start may lie in another assignment. A session just after the release of a device whose clock is ahead
      -- lies in no ownership, and stays where it is.
      plane_id = case
        when one.ownership is null then s.plane_id
        else private.plane_at(one.ownership, coalesce(one.corrected_start, s.session_start))
      end
    from (
      select a.*, (
        select o.ownership_id
        from public.sessions there
        join public.device_ownerships o on o.device_uuid = there.device_uuid and o.fleet_id = there.fleet_id
          and o.owned @> there.session_start
        where there.session_id = a.session_id
      ) as ownership
      from unnest(said) a where a.hand_start is null
    ) one
    where s.session_id = one.session_id;
  end if;
end $$;
comment on function private.apply_annotations(public.session_annotations[]) is 'Carries annotations over to what follows from them in sessions. One that says nothing but which session it is, is one that was taken back.';

-- What came after the device's release counts as far as somebody has looked: who says something about the times has.
-- What comes after that waits for the next look, whatever else is said meanwhile.
create function private.note_looks(said public.session_annotations[]) returns void
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  update public.sessions s set looked_at_seconds = case
    when one.clock_checked or one.corrected_start is not null then s.run_seconds
  end
  from unnest(said) one
  where one.hand_start is null and s.session_id = one.session_id and s.known_at_release is not null;
end $$;
comment on function private.note_looks(public.session_annotations[]) is 'Notes how much of sessions that came after a release somebody has looked at.';

create function private.annotations_came() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  said constant public.session_annotations[] := array(select n::public.session_annotations from came n);
begin
  perform private.apply_annotations(said);
  perform private.note_looks(said);
  return null;
end $$;
comment on function private.annotations_came() is 'What follows from new annotations.';
create trigger apply_annotations after insert on public.session_annotations
  referencing new table as came for each statement execute function private.annotations_came();

create function private.annotations_went() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  nothing_said public.session_annotations[];
begin
  delete from public.sessions s using went o
  where s.session_id = o.session_id and o.hand_start is not null and s.device_uuid is null;
  select array_agg(jsonb_populate_record(null::public.session_annotations, jsonb_build_object('session_id', o.session_id)))
  into nothing_said from went o where o.hand_start is null;
  perform private.apply_annotations(nothing_said);
  perform private.note_looks(nothing_said);
  return null;
end $$;
comment on function private.annotations_went() is 'What follows from annotations that were taken back: hand-entered sessions go, of the others nothing is said any more.';
-- Not where they go with their fleet: the sessions are gone by then.
create trigger take_annotations_back after delete on public.session_annotations
  referencing old table as went
  for each statement when (pg_trigger_depth() = 0) execute function private.annotations_went();

-- A change says something of what it names, also where that stays as it is: a clock is checked once more.
create function private.apply_annotation() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform private.apply_annotations(array[new]);
  return null;
end $$;
comment on function private.apply_annotation() is 'What follows from a change of an annotation.';
create trigger apply_annotation after update of class, pilot, excluded, corrected_start, clock_checked, hand_plane_id,
  hand_start, hand_seconds on public.session_annotations for each row execute function private.apply_annotation();

create function private.note_look() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform private.note_looks(array[new]);
  return null;
end $$;
comment on function private.note_look() is 'What follows from a change that says something of the times.';
create trigger note_look after update of corrected_start, clock_checked on public.session_annotations
  for each row execute function private.note_look();

-- What the engine's time says about a session, until a person says what it was. It is shown and counted as a suggestion,
-- and becomes a class only by accept_suggested_classes().
create function private.is_over(
  status public.session_status, heard_at timestamptz, device uuid, begins timestamptz
) returns boolean
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  -- In this order it is one step in an index; whether there is a later one might be looked for in the whole table.
  return status = 'closed' or heard_at <= private.silent_since() or coalesce(begins < (
    select newest.effective_start from public.sessions newest
    where newest.device_uuid = device and not newest.flagged
    order by newest.effective_start desc limit 1
  ), false);
end $$;
comment on function private.is_over(public.session_status, timestamptz, uuid, timestamptz) is 'Whether a session has ended: its device said so, has been silent for 10 minutes, or began another one since.';
grant execute on function private.is_over(public.session_status, timestamptz, uuid, timestamptz) to authenticated;

create function private.suggested_class(class public.session_class, engine_seconds integer, is_over boolean)
returns public.session_class
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  longest_ground_run constant integer := 600;
begin
  return case
    when class is not null or engine_seconds is null or not is_over then null
    when engine_seconds = 0 then 'avionics_only'
    when engine_seconds < longest_ground_run then 'ground_run'
    else 'flight'
  end;
end $$;
comment on function private.suggested_class(public.session_class, integer, boolean) is 'avionics_only if the engine never ran, ground_run if it ran for less than 10 minutes, else flight; null if the session was not sensed, has a class, or may still become something else.';
grant execute on function private.suggested_class(public.session_class, integer, boolean) to authenticated;

create function public.accept_suggested_classes(session_ids uuid[]) returns integer
language plpgsql volatile set search_path = '' as $$
declare
  accepted integer;
  accepted_entries integer;
begin
  if cardinality(session_ids) > 1000 then
    raise sqlstate 'PT400' using message = 'Up to 1,000 suggestions can be accepted at once';
  elsif exists (
    select from unnest(session_ids) id
    where not exists (
      select from public.sessions s where s.session_id = id and s.fleet_id = any (private.fleets_as('editor'))
    ) and not exists (
      select from public.merged_entries m where m.entry_id = id and m.fleet_id = any (private.fleets_as('editor'))
    )
  ) then
    raise sqlstate 'PT404' using message = 'There is no such session in the fleets that you may edit';
  end if;
  insert into public.session_annotations (session_id, class)
  select l.session_id, l.suggested_class from public.session_log l
  where l.session_id = any (session_ids) and l.suggested_class is not null
  order by l.session_id
  -- of two at the same time the second finds a class
  on conflict (session_id) do update set class = excluded.class where session_annotations.class is null;
  get diagnostics accepted = row_count;
  update public.merged_entries m set class = l.suggested_class from public.log_entries l
  where m.entry_id = any (accept_suggested_classes.session_ids) and m.class is null and l.entry_id = m.entry_id and l.suggested_class is not null;
  get diagnostics accepted_entries = row_count;
  return accepted + accepted_entries;
end $$;
comment on function public.accept_suggested_classes(uuid[]) is 'Says of up to 1,000 sessions or merged entries that they were what is suggested, and returns of how many; what has a class, or no suggestion, stays as it is.';
grant execute on function public.accept_suggested_classes(uuid[]) to authenticated;
