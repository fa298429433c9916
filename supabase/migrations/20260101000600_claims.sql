-- Claiming, releasing and assigning devices. The work is done in `private`, with the caller's role checked there;
-- `public` holds the wrappers that the API exposes.

-- One message for "no such row" and "not yours": what strangers own cannot be found out.
create function private.owned_device(device uuid, least_role public.fleet_role) returns public.device_ownerships
language plpgsql volatile security definer set search_path = '' as $$
declare
  owned public.device_ownerships;
begin
  perform from public.devices d where d.device_uuid = device for no key update;
  perform private.lock_own_fleets();
  select * into owned from public.device_ownerships o
  where o.device_uuid = device and o.owned_until is null and o.fleet_id = any (private.fleets_as('viewer'));
  if not found then
    raise sqlstate 'PT404' using
      message = 'None of your fleets owns this device',
      detail = format('Device %s.', device),
      hint = 'Claim it first, or check the UUID against the line that the board logs at every start.';
  end if;
  if not owned.fleet_id = any (private.fleets_as(least_role)) then
    raise sqlstate 'PT403' using
      message = format('This requires the %s role', least_role),
      hint = 'Ask an owner of the fleet.';
  end if;
  return owned;
end $$;
comment on function private.owned_device(uuid, public.fleet_role) is 'Locks a device and returns its ownership, if the caller has the role in the fleet that owns it.';

create function private.claim_device(device uuid, device_name text, claiming_fleet uuid) returns public.device_ownerships
language plpgsql volatile security definer set search_path = '' as $$
declare
  mine uuid[] := private.fleets_as('editor');
  target uuid := claiming_fleet;
  owned public.device_ownerships;
begin
  if device is null then
    raise sqlstate 'PT400' using message = 'The device''s UUID is missing', hint = 'The board logs it at every start.';
  end if;
  if target is null then
    if cardinality(mine) <> 1 then
      raise sqlstate 'PT400' using
        message = 'Say which fleet claims the device',
        detail = format('You are an editor in %s fleets.', cardinality(mine)),
        hint = 'Give fleet_id.';
    end if;
    target := mine[1];
  elsif not target = any (mine) then
    raise sqlstate 'PT403' using
      message = 'You cannot claim devices for this fleet', hint = 'Ask an owner of the fleet to make you an editor.';
  end if;
  perform private.lock_person();
  insert into public.devices (device_uuid) values (device) on conflict do nothing;
  perform from public.devices d where d.device_uuid = device for no key update;
  perform private.lock_own_fleets();
  select * into owned from public.device_ownerships o where o.device_uuid = device and o.owned_until is null;
  if found and owned.fleet_id = target then
    return owned;
  elsif found then
    raise sqlstate 'PT409' using
      message = 'Another fleet owns this device',
      detail = format('Device %s.', device),
      hint = 'Its current owner has to release it first.';
  end if;
  if 100 <= (
    select count(*) from public.device_ownerships o
    where (o.fleet_id = target or o.claimed_by = auth.uid()) and o.claimed_at > private.clock() - interval '1 hour'
  ) then
    raise sqlstate 'PT429' using message = 'You or your fleet claimed 100 devices within an hour', hint = 'Continue in an hour.';
  end if;
  update public.devices d set fleet_id = target where d.device_uuid = device;
  insert into public.device_ownerships (device_uuid, fleet_id, owned_from, name, claimed_by)
  values (
    device, target,
    coalesce(
      (select max(o.owned_until) from public.device_ownerships o where o.device_uuid = device), private.earliest_start()
    ),
    nullif(btrim(device_name), ''), auth.uid()
  ) returning * into owned;
  return owned;
end $$;
comment on function private.claim_device(uuid, text, uuid) is 'Makes a fleet the owner of an unowned device, from the end of the last ownership on.';
grant execute on function private.claim_device(uuid, text, uuid) to authenticated;

create function public.claim_device(device_uuid uuid, name text default null, fleet_id uuid default null)
returns public.device_ownerships
language sql volatile set search_path = ''
return private.claim_device(device_uuid, name, fleet_id);
comment on function public.claim_device(uuid, text, uuid) is 'Claims a device for a fleet (the caller''s only one by default). Unknown devices are created; claiming one''s own again changes nothing.';
grant execute on function public.claim_device(uuid, text, uuid) to authenticated;

-- Limits begin again, too; the key and a pending reset stay.
create function private.begin_over(device_uuids uuid[]) returns void
language plpgsql volatile set search_path = '' as $$
begin
  update public.devices d set
    fleet_id = null, created_at = private.clock(), announced = false, last_seen = null, report_session_start = null,
    report_run_seconds = null, boot = null, lifetime_seconds = null, unsent = null, firmware = null, reset_reason = null,
    key_bound_at = case when d.key_bound_at is not null then private.clock() end,
    refused_at = null, refused_code = null, refused_posts = 0, rejected_at = null, rejected_code = null,
    request_minute = null, request_count = 0, new_sessions_day = null, new_sessions = 0
  where d.device_uuid = any (device_uuids);
end $$;
comment on function private.begin_over(uuid[]) is 'Takes from devices what they said in the time of the owner that they leave.';

create function private.release_device(device uuid) returns public.device_ownerships
language plpgsql volatile security definer set search_path = '' as $$
declare
  owned public.device_ownerships := private.owned_device(device, 'owner');
begin
  perform private.begin_over(array[device]);
  update public.device_ownerships o set owned_until = greatest(private.clock(), o.owned_from), released_by = auth.uid()
  where o.ownership_id = owned.ownership_id returning * into owned;
  return owned;
end $$;
comment on function private.release_device(uuid) is 'Ends an ownership now. The fleet keeps the sessions that began in it.';
grant execute on function private.release_device(uuid) to authenticated;

create function public.release_device(device_uuid uuid) returns public.device_ownerships
language sql volatile set search_path = ''
return private.release_device(device_uuid);
comment on function public.release_device(uuid) is 'Gives a device up (role owner). Its sessions so far stay with the fleet; later ones belong to whoever claims it next.';
grant execute on function public.release_device(uuid) to authenticated;

create function private.assign_device(device uuid, plane uuid, since timestamptz, assignment uuid)
returns public.device_assignments
language plpgsql volatile security definer set search_path = '' as $$
declare
  owned public.device_ownerships;
  assigned public.device_assignments;
begin
  perform from public.devices d where d.device_uuid = device for no key update;
  perform private.lock_own_fleets();
  -- The same request again, whose answer got lost: it began when it did, unless another time is given now.
  select * into assigned from public.device_assignments a
  where a.assignment_id = assignment and a.device_uuid = device and a.fleet_id = any (private.fleets_as('editor'));
  if found and since is null then
    since := assigned.assigned_from;
  elsif found then
    delete from public.device_assignments a where a.assignment_id = assignment;
    assigned := null;
  end if;
  -- The time in which a fleet owned a device stays its own to put right, also after a release.
  select * into owned from public.device_ownerships o
  where o.device_uuid = device and o.fleet_id = any (private.fleets_as('editor'))
  order by (since >= o.owned_from and (since < o.owned_until or o.owned_until is null)) is true desc,
    o.owned_until is null desc, o.owned_from desc
  limit 1;
  if not found then
    owned := private.owned_device(device, 'editor');  -- says what is in the way
  end if;
  if plane is not null
    and not exists (select from public.planes p where p.plane_id = plane and p.fleet_id = owned.fleet_id)
  then
    raise sqlstate 'PT404' using
      message = 'The fleet that owns the device has no such plane', hint = 'Add the plane to that fleet first.';
  end if;
  if since < owned.owned_from or since >= owned.owned_until then
    raise sqlstate 'PT400' using
      message = 'The device was not yours then',
      detail = format(
        'Your fleet owns it since %s%s.', private.iso_time(owned.owned_from), ' until ' || private.iso_time(owned.owned_until)
      ),
      hint = 'Choose a time in between, or none.';
  elsif not isfinite(since) then
    raise sqlstate 'PT400' using message = 'An assignment needs a real time';
  elsif since is null
    and not exists (select from public.device_assignments a where a.ownership_id = owned.ownership_id)
  then
    since := owned.owned_from;
  elsif since is null and owned.owned_until is not null then
    raise sqlstate 'PT400' using
      message = 'Your fleet has released this device', hint = 'Give a time when it was still yours and installed in the plane.';
  end if;
  insert into public.device_assignments (
    assignment_id, ownership_id, device_uuid, fleet_id, plane_id, assigned_from, assigned_by
  )
  values (
    coalesce(assignment, gen_random_uuid()), owned.ownership_id, device, owned.fleet_id, plane,
    coalesce(assigned.assigned_from, date_trunc('second', since), private.clock()), auth.uid()
  )
  on conflict (ownership_id, assigned_from) do update
    set plane_id = excluded.plane_id, assigned_at = private.clock(), assigned_by = excluded.assigned_by
  returning * into assigned;
  return assigned;
end $$;
comment on function private.assign_device(uuid, uuid, timestamptz, uuid) is 'Hangs a device in a plane from a time on, until its next assignment.';
grant execute on function private.assign_device(uuid, uuid, timestamptz, uuid) to authenticated;

create function public.assign_device(
  device_uuid uuid, plane_id uuid, assigned_from timestamptz default null, assignment_id uuid default null
)
returns public.device_assignments
language sql volatile set search_path = ''
return private.assign_device(device_uuid, plane_id, assigned_from, assignment_id);
comment on function public.assign_device(uuid, uuid, timestamptz, uuid) is 'Hangs a device in a plane (null: in none) from a time on. Without a time: a first assignment takes all its history, any other begins now. Past times move history. The same assignment_id again makes no second one.';
grant execute on function public.assign_device(uuid, uuid, timestamptz, uuid) to authenticated;

create function private.remove_assignment(assignment uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  device uuid;
begin
  select a.device_uuid into device from public.device_assignments a
  where a.assignment_id = assignment and a.fleet_id = any (private.fleets_as('editor'));
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such assignment that you may remove';
  end if;
  perform from public.devices d where d.device_uuid = device for no key update;
  perform private.lock_own_fleets();
  delete from public.device_assignments a where a.assignment_id = assignment;
end $$;
comment on function private.remove_assignment(uuid) is 'Takes back an assignment; the one before it holds again.';
grant execute on function private.remove_assignment(uuid) to authenticated;

create function public.remove_assignment(assignment_id uuid) returns void
language sql volatile set search_path = ''
return private.remove_assignment(assignment_id);
comment on function public.remove_assignment(uuid) is 'Takes back an assignment: the one before it holds again, and sessions follow.';
grant execute on function public.remove_assignment(uuid) to authenticated;

create function private.reset_device_key(device uuid) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  owned public.device_ownerships := private.owned_device(device, 'editor');
begin
  delete from private.device_keys k where k.device_uuid = device;
  update public.devices d set key_bound_at = null, key_reset_at = private.clock() where d.device_uuid = device;
  return private.clock() + private.key_reset_seconds() * interval '1 second';
end $$;
comment on function private.reset_device_key(uuid) is 'Unbinds a device''s key.';
grant execute on function private.reset_device_key(uuid) to authenticated;

create function public.reset_device_key(device_uuid uuid) returns timestamptz
language sql volatile set search_path = ''
return private.reset_device_key(device_uuid);
comment on function public.reset_device_key(uuid) is 'Unbinds a device''s key: until the time returned, its first message with a key binds that key. Can be repeated.';
grant execute on function public.reset_device_key(uuid) to authenticated;

-- A fleet goes with everything in it. Its devices are released, and the time in which it owned them stays taken, so
-- that a board which delivers old sessions again does not hand them to the next owner.
create function private.lock_owned_devices(person uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from public.devices d
  where d.fleet_id in (select m.fleet_id from public.fleet_members m where m.user_id = person and m.role = 'owner')
  order by d.device_uuid for no key update;
  perform pg_advisory_xact_lock(turn.key)
  from (
    select private.lock_key('fleet', m.fleet_id) as key from public.fleet_members m where m.user_id = person order by 1
  ) turn;
end $$;
comment on function private.lock_owned_devices(uuid) is 'Steps 2 and 3, before fleets of a person end: the devices that they own, then the fleets.';

create function private.take_turns_ending() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform private.lock_owned_devices(auth.uid());
  return null;
end $$;
comment on function private.take_turns_ending() is 'Before the caller''s fleets go, their devices are locked, then the fleets.';
create trigger take_turns before update on public.fleets
  for each statement execute function private.take_turns();
create trigger take_turns_ending before delete on public.fleets
  for each statement execute function private.take_turns_ending();

-- delete_account has done it already; here for who deletes an account as administrator.
create function private.take_turns_leaving() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform private.lock_owned_devices(old.id);
  return old;
end $$;
comment on function private.take_turns_leaving() is 'Before an account goes, the devices that go with it are locked, then its fleets.';
create trigger take_turns before delete on auth.users for each row execute function private.take_turns_leaving();

create function private.release_all(fleet uuid) returns void
language plpgsql volatile set search_path = '' as $$
begin
  perform from public.devices d where d.fleet_id = fleet order by d.device_uuid for no key update;
  perform private.begin_over(array(select d.device_uuid from public.devices d where d.fleet_id = fleet));
  update public.device_ownerships o set owned_until = greatest(private.clock(), o.owned_from)
  where o.fleet_id = fleet and o.owned_until is null;
end $$;
comment on function private.release_all(uuid) is 'Releases all devices of a fleet that ends.';

create function private.empty_fleet() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform set_config('private.ending_fleet', old.fleet_id::text, true);
  perform private.release_all(old.fleet_id);
  delete from public.sessions s where s.fleet_id = old.fleet_id;
  delete from public.device_assignments a where a.fleet_id = old.fleet_id;
  perform set_config('private.ending_fleet', '', true);
  return old;
end $$;
comment on function private.empty_fleet() is 'Deletes what a fleet holds and releases its devices, before the fleet itself goes.';
create trigger empty_fleet before delete on public.fleets for each row execute function private.empty_fleet();

create function private.keep_planes_with_history() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if exists (select from public.sessions s where s.plane_id = old.plane_id)
    or exists (select from public.device_assignments a where a.fleet_id = old.fleet_id and a.plane_id = old.plane_id)
    -- With its fleet it goes all the same.
    or (
      exists (select from public.hour_readings r where r.plane_id = old.plane_id)
      or exists (select from public.component_installations i where i.plane_id = old.plane_id)
      or exists (
        select from public.maintenance_items i join public.maintenance_completions c on c.item_id = i.item_id
        where i.plane_id = old.plane_id
      )
    ) and exists (select from public.fleets f where f.fleet_id = old.fleet_id)
  then
    raise sqlstate 'PT409' using
      message = format('%s has a history', old.registration),
      detail = 'Devices or components are or were installed in it, sessions are counted for it, its meter was read, or maintenance was done.',
      hint = 'Archive it instead.';
  end if;
  return old;
end $$;
comment on function private.keep_planes_with_history() is 'Refuses to delete a plane that has sessions, assignments, readings, components or completed maintenance.';
create trigger keep_planes_with_history before delete on public.planes
  for each row execute function private.keep_planes_with_history();
