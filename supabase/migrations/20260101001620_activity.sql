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
comment on table public.activity is 'What people changed, one row per row that changed; what devices report and what follows from a change is not in it. Append-only.';
comment on column public.activity.activity_id is 'Order of the changes, and the key of pages.';
comment on column public.activity.fleet_id is 'The fleet whose row it was.';
comment on column public.activity.at is 'When (server time); the same for all that one request changed.';
comment on column public.activity.author_id is 'Who; null for a former member whose account is gone.';
comment on column public.activity.subject is 'The table, for example session_annotations.';
comment on column public.activity.action is 'insert, update or delete. An undo is what it is: a change back, or a delete.';
comment on column public.activity.plane_id is 'The plane it is about, also one that has been deleted since; null: it is about none.';
comment on column public.activity.session_id is 'The session it is about, also an entry by hand that has been deleted since; null: it is about none.';
comment on column public.activity.device_uuid is 'The device it is about; null: it is about none.';
comment on column public.activity.subject_id is 'Primary key of the row; of a member the account.';
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

-- After the row: what BEFORE triggers tidied is what was said. What is empty or false in a new row was not said. The
-- triggers below ask who it is before anything else, so that a board's post pays nothing, and leave out what follows from
-- a change (a plane's first meter, rows that go with it): that nobody said. Where a row moves from one plane to another,
-- it is in the activity of both.
create function private.note_activity() returns trigger
language plpgsql volatile security definer set search_path = '' set timezone = 'UTC' as $$
declare
  was constant jsonb := to_jsonb(old);
  now_is constant jsonb := to_jsonb(new);
  fleet constant uuid := coalesce(now_is, was) ->> 'fleet_id';
  about record;
  left_plane uuid;
  changed record;
begin
  perform from public.fleets f where f.fleet_id = fleet and f.deleted_at is null;
  if not found then
    return null;  -- it goes with its fleet
  end if;
  select
    jsonb_object_agg(said.name, was -> said.name) as before, jsonb_object_agg(said.name, now_is -> said.name) as after
  into changed
  from unnest(tg_argv) with ordinality said (name, place)
  where said.place > 1 and case tg_op
    when 'UPDATE' then was -> said.name is distinct from now_is -> said.name
    else coalesce(now_is, was) -> said.name not in ('null', 'false')
  end;
  if changed is null and tg_op = 'UPDATE' then
    return null;
  end if;
  select * into about from private.activity_about(tg_table_name, coalesce(now_is, was));
  if tg_op = 'UPDATE' and tg_table_name in ('session_annotations', 'device_assignments') then
    left_plane := nullif(coalesce(was ->> 'hand_plane_id', was ->> 'plane_id')::uuid, about.plane_id);
  end if;
  insert into public.activity (
    fleet_id, at, author_id, subject, action, plane_id, session_id, device_uuid, subject_id, label, before, after
  )
  select fleet, private.activity_time(), (select u.id from auth.users u where u.id = auth.uid()), tg_table_name, lower(tg_op),
    concerned.plane, about.session_id, about.device_uuid, coalesce(now_is, was) ->> tg_argv[0], about.label,
    case when tg_op <> 'INSERT' then coalesce(changed.before, '{}') end,
    case when tg_op <> 'DELETE' then coalesce(changed.after, '{}') end
  from (
    select about.plane_id as plane where about.plane_id is not null or left_plane is null
    union all
    select left_plane where left_plane is not null
  ) concerned;
  return null;
end $$;
comment on function private.note_activity() is 'Writes down what a person changed in a row. Arguments: the column that identifies the row, then those that people say.';

create trigger note_activity after insert or update on public.fleets for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity('fleet_id', 'name');
-- Also where a member goes with the account.
create trigger note_activity after insert or update or delete on public.fleet_members for each row
  when (auth.uid() is not null)
  execute function private.note_activity('user_id', 'role');
create trigger note_activity after insert or update or delete on public.fleet_invites for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity('invite_id', 'role', 'expires_at');
create trigger note_activity after insert or update or delete on public.planes for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity('plane_id', 'registration', 'type_designator', 'make', 'model', 'archived_at');
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
comment on column public.activity_log.session_id is 'The session it is about; null: it is about none.';
comment on column public.activity_log.device_uuid is 'The device it is about; null: it is about none.';
comment on column public.activity_log.subject_id is 'Primary key of the row; of a member the account.';
comment on column public.activity_log.label is 'What the row was called then; of a session its start, of a member the address; null: nothing, or a former member.';
comment on column public.activity_log.before is 'What stood there; null: the row was new.';
comment on column public.activity_log.after is 'What stands there since; null: the row is gone.';
grant select on public.activity_log to authenticated;
