-- Activity: who changed what and when, from what to what. Every table that people change has a trigger that writes it
-- down; nobody writes, changes or deletes it over the API. It stays when the person leaves, and goes with the fleet.

create table public.activity (
  activity_id bigint primary key generated always as identity,
  fleet_id uuid not null references public.fleets on delete cascade,
  at timestamptz not null,
  author_id uuid references auth.users (id) on delete set null,
  subject text not null,
  action text not null check (action in ('insert', 'update', 'delete')),
  plane_id uuid,
  session_id uuid,
  device_uuid uuid,
  subject_id text not null,
  label text,
  before jsonb,
  after jsonb
);
create index activity_by_fleet on public.activity (fleet_id, activity_id desc);
create index activity_by_plane on public.activity (plane_id, activity_id desc) where plane_id is not null;
create index activity_by_session on public.activity (session_id, activity_id desc) where session_id is not null;
create index activity_by_author on public.activity (author_id);
-- If the planner knew how much of the activity is a plane's, it would read the fleet's backwards until it had met enough
-- of it: all of it, of a plane that nobody has touched for long. Unknown, a plane's is found by its own index.
alter table public.activity alter column plane_id set statistics 0;
comment on table public.activity is 'What people changed, one row per row that changed; what devices report and what follows from a change is not in it. Append-only.';
comment on column public.activity.activity_id is 'Order of the changes, and the key of pages.';
comment on column public.activity.fleet_id is 'The fleet whose row it was.';
comment on column public.activity.at is 'When (server time); the same for all that one request changed.';
comment on column public.activity.author_id is 'Who; null for a former member whose account is gone.';
comment on column public.activity.subject is 'The table, for example session_annotations.';
comment on column public.activity.action is 'insert, update or delete. An undo is what it is: a change back, or a delete.';
comment on column public.activity.plane_id is 'The plane it is about, also one that has been deleted since; null: it is about none.';
comment on column public.activity.session_id is 'The session it is about, also an entry by hand that has been deleted since, or the entry that sessions were merged into; null: it is about none.';
comment on column public.activity.device_uuid is 'The device it is about; null: it is about none.';
comment on column public.activity.subject_id is 'Primary key of the row; of a member the account, of parts that came or went the session.';
comment on column public.activity.label is 'What the row was called then: a registration, a name, of a session its start; null: nothing.';
comment on column public.activity.before is 'Of what people say, what stood there; of an update only the columns that changed; null: the row was new.';
comment on column public.activity.after is 'Of what people say, what stands there since; of an update only the columns that changed; null: the row is gone.';

alter table public.activity enable row level security;
grant select on public.activity to authenticated;
create policy "Members see what was changed in their fleets" on public.activity for select to authenticated
  using (fleet_id = any ((select private.fleets_as('viewer'))::uuid[]));

create function private.plane_of_component(component uuid) returns uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select i.plane_id from public.component_installations i
    where i.component_id = component and i.removed_at is null limit 1
  );
end $$;
comment on function private.plane_of_component(uuid) is 'The plane that a component is installed in now; null: it is on the shelf.';

create function private.component_label(component uuid) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(nullif(concat_ws(' ', c.make, c.model, c.serial), ''), c.kind::text)
    from public.components c where c.component_id = component
  );
end $$;
comment on function private.component_label(uuid) is 'Make, model and serial of a component, or its kind.';

-- What a row is about, and what it is called, at the moment of the change.
create function private.activity_about(
  subject text, said jsonb, out plane_id uuid, out session_id uuid, out device_uuid uuid, out label text
)
language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
begin
  plane_id := said ->> 'plane_id';
  session_id := said ->> 'session_id';
  device_uuid := said ->> 'device_uuid';
  case subject
    when 'planes' then
      label := said ->> 'registration';
    when 'hour_readings' then
      label := (select m.name from public.meters m where m.meter_id = (said ->> 'meter_id')::uuid);
    when 'devices', 'device_ownerships', 'device_assignments', 'settled_boot_gaps' then
      -- installed in no plane any more: it is about the one that it left
      plane_id := coalesce(plane_id, (
        select a.plane_id from public.device_assignments a
        where a.ownership_id = (said ->> 'ownership_id')::uuid and a.assigned_from < (said ->> 'assigned_from')::timestamptz
        order by a.assigned_from desc limit 1
      ));
      label := (
        select o.name from public.device_ownerships o
        where o.device_uuid = (said ->> 'device_uuid')::uuid and o.fleet_id = (said ->> 'fleet_id')::uuid
        order by o.owned_from desc limit 1
      );
    when 'session_annotations' then
      if said ->> 'hand_start' is not null then
        plane_id := said ->> 'hand_plane_id';
        label := private.iso_time((said ->> 'hand_start')::timestamptz);
      else
        select s.plane_id, s.device_uuid, private.iso_time(s.effective_start) into plane_id, device_uuid, label
        from public.sessions s where s.session_id = (said ->> 'session_id')::uuid;
      end if;
    when 'merged_entries' then
      session_id := said ->> 'entry_id';
      label := private.iso_time((said ->> 'effective_start')::timestamptz);
    when 'session_parts' then
      label := private.iso_time((said ->> 'effective_start')::timestamptz);
    when 'components', 'component_installations' then
      plane_id := coalesce(plane_id, private.plane_of_component((said ->> 'component_id')::uuid));
      label := coalesce(
        private.component_label((said ->> 'component_id')::uuid),
        nullif(concat_ws(' ', said ->> 'make', said ->> 'model', said ->> 'serial'), ''), said ->> 'kind'
      );
    when 'maintenance_completions' then
      select coalesce(i.plane_id, private.plane_of_component(i.component_id)), i.name into plane_id, label
      from public.maintenance_items i where i.item_id = (said ->> 'item_id')::uuid;
    else
      plane_id := coalesce(plane_id, private.plane_of_component((said ->> 'component_id')::uuid));
      label := said ->> 'name';
  end case;
end $$;
comment on function private.activity_about(text, jsonb) is 'The plane, session and device that a row of a table is about, and its short name.';

create function private.activity_time() returns timestamptz
language plpgsql volatile set search_path = '' as $$
declare
  at timestamptz := nullif(current_setting('private.activity_at', true), '');
begin
  if at is null then
    at := private.clock();
    perform set_config('private.activity_at', at::text, true);
  end if;
  return at;
end $$;
comment on function private.activity_time() is 'The time of the transaction''s first activity: what one request changes was changed at one moment.';

create function private.add_activity(
  fleet uuid, subject text, action text, plane uuid, session uuid, device uuid, id text, label text, before jsonb, after jsonb
) returns void
language plpgsql volatile set search_path = '' as $$
begin
  insert into public.activity (
    fleet_id, at, author_id, subject, action, plane_id, session_id, device_uuid, subject_id, label, before, after
  )
  select f.fleet_id, private.activity_time(), (select u.id from auth.users u where u.id = auth.uid()), subject, lower(action),
    plane, session, device, id, label, before, after
  from public.fleets f
  -- else it goes with its fleet
  where f.fleet_id = fleet and f.deleted_at is null;
end $$;
comment on function private.add_activity(uuid, text, text, uuid, uuid, uuid, text, text, jsonb, jsonb) is 'Writes down what the caller changed.';

-- After the row: what BEFORE triggers tidied is what was said. What is empty or false in a new row was not said. The
-- triggers below ask who it is before anything else, so that a board's post pays nothing, and leave out what follows from
-- a change (a plane's first meter, rows that go with it): that nobody said. Where a row moves from one plane to another,
-- it is in the activity of both.
create function private.note_activity() returns trigger
language plpgsql volatile security definer set search_path = '' set timezone = 'UTC' as $$
declare
  was constant jsonb := to_jsonb(old);
  now_is constant jsonb := to_jsonb(new);
  present constant jsonb := coalesce(now_is, was);
  about record;
  left_plane uuid;
  changed record;
begin
  select jsonb_object_agg(said.name, was -> said.name) as before, jsonb_object_agg(said.name, now_is -> said.name) as after
  into changed
  from unnest(tg_argv) with ordinality said (name, place)
  where said.place > 1 and case tg_op
    when 'UPDATE' then was -> said.name is distinct from now_is -> said.name
    else present -> said.name not in ('null', 'false')
  end;
  if changed is null and tg_op = 'UPDATE' then
    return null;
  end if;
  changed.before := case when tg_op <> 'INSERT' then coalesce(changed.before, '{}') end;
  changed.after := case when tg_op <> 'DELETE' then coalesce(changed.after, '{}') end;
  select * into about from private.activity_about(tg_table_name, present);
  if tg_op = 'UPDATE' and tg_table_name in ('session_annotations', 'device_assignments') then
    left_plane := nullif(coalesce(was ->> 'hand_plane_id', was ->> 'plane_id')::uuid, about.plane_id);
  end if;
  perform private.add_activity(
    (present ->> 'fleet_id')::uuid, tg_table_name, tg_op, concerned.plane, about.session_id, about.device_uuid,
    present ->> tg_argv[0], about.label, changed.before, changed.after
  )
  from (
    select distinct one.plane from unnest(array[about.plane_id, left_plane]) one (plane)
    where one.plane is not null or num_nonnulls(about.plane_id, left_plane) = 0
  ) concerned;
  return null;
end $$;
comment on function private.note_activity() is 'Writes down what a person changed in a row. Arguments: the column that identifies the row, then those that people say.';

-- Entries that were made of sessions are one activity, with all of their sessions or parts.
create function private.note_merging() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.add_activity(
    e.fleet_id, 'merged_entries', step.action, there.plane_id, e.entry_id, null, e.entry_id::text, private.iso_time(there.begins),
    case step.action
      when 'update' then jsonb_build_object('session_ids', step.were)
      when 'delete' then said.words || jsonb_build_object('session_ids', step.were)
    end,
    case step.action
      when 'update' then jsonb_build_object('session_ids', step.are)
      when 'insert' then said.words || jsonb_build_object('session_ids', step.are)
    end
  )
  from (select c.entry_id, array_agg(c.session_id) as ids from changed c group by c.entry_id) moved
  join public.merged_entries e on e.entry_id = moved.entry_id
  cross join lateral (
    select array_agg(s.session_id order by s.effective_start, s.session_id) as ids, min(s.effective_start) as begins,
      (array_agg(s.plane_id order by s.effective_start, s.session_id))[1] as plane_id
    from public.sessions s
    where s.session_id = any (moved.ids)
      or s.session_id in (select ms.session_id from public.merged_sessions ms where ms.entry_id = e.entry_id)
  ) there
  cross join lateral (
    select array(select id from unnest(there.ids) id where id <> all (moved.ids)) as rest
  ) other
  cross join lateral (
    select case tg_op when 'INSERT' then other.rest else there.ids end as were,
      case tg_op when 'INSERT' then there.ids else other.rest end as are,
      case when other.rest <> '{}' then 'update' else lower(tg_op) end as action
  ) step
  cross join lateral (
    select jsonb_strip_nulls(jsonb_build_object('class', e.class, 'pilot', e.pilot, 'remarks', e.remarks)) as words
  ) said;
  return null;
end $$;
comment on function private.note_merging() is 'Writes down which sessions a person merged into an entry, or took out of it.';

create function private.note_undone_merge() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.add_activity(
    old.fleet_id, 'merged_entries', 'delete', old.plane_id, old.entry_id, null, old.entry_id::text,
    private.iso_time(old.effective_start),
    jsonb_strip_nulls(jsonb_build_object(
      'class', old.class, 'pilot', old.pilot, 'remarks', old.remarks, 'session_ids', array(
        select s.session_id from public.merged_sessions ms join public.sessions s on s.session_id = ms.session_id
        where ms.entry_id = old.entry_id order by s.effective_start, s.session_id
      )
    )),
    null
  );
  return old;
end $$;
comment on function private.note_undone_merge() is 'Writes down that a person took a merge back, while its sessions are still known.';

create function private.note_splitting() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.add_activity(
    s.fleet_id, 'session_parts', tg_op, s.plane_id, s.session_id, s.device_uuid, s.session_id::text,
    private.iso_time(s.effective_start), case tg_op when 'DELETE' then cut.parts end, case tg_op when 'INSERT' then cut.parts end
  )
  from (
    select c.session_id, jsonb_build_object('parts', jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
      'from_seconds', c.from_seconds, 'class', c.class, 'pilot', c.pilot, 'remarks', c.remarks
    )) order by c.from_seconds)) as parts
    from changed c group by c.session_id
  ) cut
  join public.sessions s on s.session_id = cut.session_id;
  return null;
end $$;
comment on function private.note_splitting() is 'Writes down into which parts a person split a session, or which they joined again.';

create trigger note_activity after insert or update on public.fleets for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity('fleet_id', 'name', 'locked_until');
-- Also where a member goes with the account.
create trigger note_activity after insert or update or delete on public.fleet_members for each row
  when (auth.uid() is not null)
  execute function private.note_activity('user_id', 'role');
create trigger note_activity after insert or update or delete on public.fleet_invites for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity('invite_id', 'role', 'expires_at');
create trigger note_activity after insert or update or delete on public.planes for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity(
    'plane_id', 'registration', 'type_designator', 'make', 'model', 'archived_at', 'merge_gap_seconds'
  );
create trigger note_activity after insert or update or delete on public.meters for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity('meter_id', 'name', 'source', 'is_primary', 'base_meter_id', 'entered_ratio');
create trigger note_activity after insert or update or delete on public.hour_readings for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity('reading_id', 'meter_id', 'as_of', 'seconds', 'reason', 'note', 'void_reason');
create trigger note_activity after insert or update or delete on public.device_ownerships for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity('ownership_id', 'name', 'owned_from', 'owned_until');
create trigger note_activity after insert or update or delete on public.device_assignments for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity('assignment_id', 'plane_id', 'assigned_from');
create trigger note_activity after update of key_reset_at on public.devices for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity('device_uuid', 'key_reset_at');
-- An import is one activity, and so is its end, however many entries it brought.
create trigger note_activity after update on public.session_annotations for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity(
    'session_id', 'class', 'pilot', 'remarks', 'excluded', 'corrected_start', 'clock_checked', 'hand_plane_id', 'hand_start',
    'hand_seconds'
  );
create trigger note_activity_of_new after insert on public.session_annotations for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0 and new.batch_id is null)
  execute function private.note_activity(
    'session_id', 'class', 'pilot', 'remarks', 'excluded', 'corrected_start', 'clock_checked', 'hand_plane_id', 'hand_start',
    'hand_seconds'
  );
create trigger note_activity_of_gone after delete on public.session_annotations for each row
  when (
    auth.uid() is not null and pg_trigger_depth() = 0
    and (old.batch_id is null or old.batch_id::text is distinct from current_setting('private.reverted_batch', true))
  )
  execute function private.note_activity(
    'session_id', 'class', 'pilot', 'remarks', 'excluded', 'corrected_start', 'clock_checked', 'hand_plane_id', 'hand_start',
    'hand_seconds'
  );
create trigger note_activity after insert or update on public.import_batches for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity('batch_id', 'name', 'file_name', 'row_count', 'reverted_at');
create trigger note_activity after update of class, pilot, remarks on public.merged_entries for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity('entry_id', 'class', 'pilot', 'remarks');
create trigger note_undone_merge before delete on public.merged_entries for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_undone_merge();
create trigger note_activity after update of class, pilot, remarks on public.session_parts for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity('entry_id', 'class', 'pilot', 'remarks');
-- In the alphabet before merging_changed_delete, which deletes the entry whose last sessions are taken out.
create trigger activity_of_merging_insert after insert on public.merged_sessions
  referencing new table as changed for each statement
  when (auth.uid() is not null and pg_trigger_depth() = 0) execute function private.note_merging();
create trigger activity_of_merging_delete after delete on public.merged_sessions
  referencing old table as changed for each statement
  when (auth.uid() is not null and pg_trigger_depth() = 0) execute function private.note_merging();
create trigger activity_of_splitting_insert after insert on public.session_parts
  referencing new table as changed for each statement
  when (auth.uid() is not null and pg_trigger_depth() = 0) execute function private.note_splitting();
create trigger activity_of_splitting_delete after delete on public.session_parts
  referencing old table as changed for each statement
  when (auth.uid() is not null and pg_trigger_depth() = 0) execute function private.note_splitting();
create trigger note_activity after insert or update or delete on public.settled_boot_gaps for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity('gap_id', 'from_boot', 'to_boot');
create trigger note_activity after insert or update or delete on public.components for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity('component_id', 'kind', 'make', 'model', 'serial', 'note');
create trigger note_activity after insert or update or delete on public.component_installations for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity(
    'installation_id', 'component_id', 'plane_id', 'meter_id', 'installed_from', 'removed_at', 'since_new_seconds',
    'since_overhaul_seconds'
  );
create trigger note_activity after insert or update or delete on public.maintenance_items for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity(
    'item_id', 'plane_id', 'component_id', 'name', 'meter_id', 'counts_from', 'interval_seconds', 'interval_months',
    'interval_days', 'tolerance_seconds', 'tolerance_days', 'warning_seconds', 'warning_days', 'anchor', 'note', 'archived_at'
  );
create trigger note_activity after insert or update or delete on public.maintenance_completions for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity(
    'completion_id', 'item_id', 'done_at', 'done_on', 'meter_seconds', 'note', 'void_reason'
  );

-- Members see each other's addresses, and nobody else's: of who has left nothing is shown.
create function private.member_email(fleet uuid, person uuid) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select u.email from public.fleet_members m join auth.users u on u.id = m.user_id
    where m.fleet_id = fleet and m.user_id = person and fleet = any (private.fleets_as('viewer'))
  );
end $$;
comment on function private.member_email(uuid, uuid) is 'The address of a member of one of the caller''s fleets; null: not a member.';
grant execute on function private.member_email(uuid, uuid) to authenticated;

create view public.activity_log with (security_invoker = true) as
  select a.activity_id, a.fleet_id, a.at, a.author_id, private.member_email(a.fleet_id, a.author_id) as author, a.subject, a.action,
    a.plane_id, p.registration, a.session_id, a.device_uuid, a.subject_id,
    case when a.subject = 'fleet_members' then private.member_email(a.fleet_id, a.subject_id::uuid) else a.label end as label,
    a.before, a.after
  from public.activity a
  left join public.planes p on p.plane_id = a.plane_id and p.fleet_id = a.fleet_id;
comment on view public.activity_log is 'What people changed, with who they are: pages by activity_id, newest first, of a fleet, a plane or a session.';
comment on column public.activity_log.activity_id is 'Order of the changes, and the key of pages.';
comment on column public.activity_log.fleet_id is 'The fleet whose row it was.';
comment on column public.activity_log.at is 'When (server time); the same for all that one request changed.';
comment on column public.activity_log.author_id is 'Who; null for a former member whose account is gone.';
comment on column public.activity_log.author is 'Address of who did it; null for a former member.';
comment on column public.activity_log.subject is 'The table.';
comment on column public.activity_log.action is 'insert, update or delete.';
comment on column public.activity_log.plane_id is 'The plane it is about; null: it is about none.';
comment on column public.activity_log.registration is 'That plane''s registration now; null: it is about none, or the plane is gone.';
comment on column public.activity_log.session_id is 'The session it is about, or the entry that sessions were merged into; null: it is about none.';
comment on column public.activity_log.device_uuid is 'The device it is about; null: it is about none.';
comment on column public.activity_log.subject_id is 'Primary key of the row; of a member the account, of parts that came or went the session.';
comment on column public.activity_log.label is 'What the row was called then; of a session its start, of a member the address; null: nothing, or a former member.';
comment on column public.activity_log.before is 'What stood there; null: the row was new.';
comment on column public.activity_log.after is 'What stands there since; null: the row is gone.';
grant select on public.activity_log to authenticated;
