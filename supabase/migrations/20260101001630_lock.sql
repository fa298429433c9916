-- The lock: up to a time that an owner sets, nothing that a person says can change, by whoever and however it is said.
-- What devices deliver late is admitted all the same, and stands in the next report. The lock is looked at after the row
-- was written, and people of a fleet take turns: a change and a lock never pass each other.

create function private.refuse_locked(fleet uuid, t timestamptz) returns void
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  locked_until constant timestamptz := (select f.locked_until from public.fleets f where f.fleet_id = fleet);
begin
  if t < locked_until then
    raise sqlstate 'PT409' using
      message = format('The log is locked until %s', private.iso_time(locked_until)),
      detail = format('This is about %s.', private.iso_time(t)),
      hint = 'An owner of the fleet can move the lock, on the page Reports.';
  end if;
end $$;
comment on function private.refuse_locked(uuid, timestamptz) is 'Refuses what a person says about a locked time of a fleet.';

-- The earliest time that a change is about, before or after it. What moves no figure of the past has none: a name, the
-- ratio of a meter, an item's interval, a first assignment of a device that was not on yet.
create function private.time_of_change(subject text, was jsonb, now_is jsonb) returns timestamptz
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  one constant jsonb := coalesce(now_is, was);
begin
  return case subject
    when 'session_annotations' then least(
      (was ->> 'hand_start')::timestamptz, (now_is ->> 'hand_start')::timestamptz,
      case when one ->> 'hand_start' is null then (
        select least(
          case when was is not null then coalesce((was ->> 'corrected_start')::timestamptz, s.session_start) end,
          coalesce((now_is ->> 'corrected_start')::timestamptz, s.session_start)
        )
        from public.sessions s where s.session_id = (one ->> 'session_id')::uuid
      ) end
    )
    when 'merged_entries' then (
      select min(s.effective_start) from public.merged_sessions ms join public.sessions s on s.session_id = ms.session_id
      where ms.entry_id = (one ->> 'entry_id')::uuid
    )
    when 'merged_sessions' then (
      select s.effective_start from public.sessions s where s.session_id = (one ->> 'session_id')::uuid
    )
    when 'session_parts' then (
      select s.effective_start from public.sessions s where s.session_id = (one ->> 'session_id')::uuid
    )
    when 'hour_readings' then (one ->> 'as_of')::timestamptz
    when 'maintenance_completions' then (one ->> 'done_at')::timestamptz
    when 'component_installations' then
      case
        -- only its end
        when was - 'removed_at' = now_is - 'removed_at'
          then least((was ->> 'removed_at')::timestamptz, (now_is ->> 'removed_at')::timestamptz)
        else least((was ->> 'installed_from')::timestamptz, (now_is ->> 'installed_from')::timestamptz)
      end
    when 'device_assignments' then (
      select min(s.effective_start) from public.sessions s
      where s.device_uuid = (one ->> 'device_uuid')::uuid and s.fleet_id = (one ->> 'fleet_id')::uuid
        and s.effective_start
          >= least((was ->> 'assigned_from')::timestamptz, (now_is ->> 'assigned_from')::timestamptz)
    )
  end;
end $$;
comment on function private.time_of_change(text, jsonb, jsonb) is 'The earliest time that a change of a row is about; null: none.';

create function private.keep_locked() returns trigger
language plpgsql security definer set search_path = '' set timezone = 'UTC' as $$
declare
  fleet constant uuid := coalesce(to_jsonb(new), to_jsonb(old)) ->> 'fleet_id';
begin
  if exists (select from public.fleets f where f.fleet_id = fleet and f.locked_until is not null and f.deleted_at is null) then
    perform private.refuse_locked(fleet, private.time_of_change(tg_table_name, to_jsonb(old), to_jsonb(new)));
  end if;
  return null;
end $$;
comment on function private.keep_locked() is 'Refuses a change of what a person said about a locked time.';

-- A device says nothing of these, and what follows from its messages is written into other columns.
create trigger keep_locked after insert or delete or update of class, pilot, remarks, excluded, corrected_start,
  clock_checked, hand_plane_id, hand_start, hand_seconds on public.session_annotations
  for each row when (auth.uid() is not null) execute function private.keep_locked();
create trigger keep_locked after update of class, pilot, remarks on public.merged_entries
  for each row when (auth.uid() is not null) execute function private.keep_locked();
create trigger keep_locked after insert or delete on public.merged_sessions
  for each row when (auth.uid() is not null) execute function private.keep_locked();
create trigger keep_locked after insert or delete or update of class, pilot, remarks on public.session_parts
  for each row when (auth.uid() is not null) execute function private.keep_locked();
create trigger keep_locked after insert or delete or update of as_of, seconds, voided_at on public.hour_readings
  for each row when (auth.uid() is not null) execute function private.keep_locked();
create trigger keep_locked after insert or delete or update of done_at, done_on, meter_seconds, voided_at
  on public.maintenance_completions
  for each row when (auth.uid() is not null) execute function private.keep_locked();
create trigger keep_locked after insert or delete or update of plane_id, meter_id, installed_from, removed_at,
  since_new_seconds, since_overhaul_seconds on public.component_installations
  for each row when (auth.uid() is not null) execute function private.keep_locked();
create trigger keep_locked after insert or delete or update of plane_id, assigned_from on public.device_assignments
  for each row when (auth.uid() is not null) execute function private.keep_locked();

create function private.owned_fleet(fleet uuid) returns public.fleets
language plpgsql stable security definer set search_path = '' as $$
declare
  found_fleet public.fleets;
begin
  select * into found_fleet from public.fleets f where f.fleet_id = fleet and f.fleet_id = any (private.fleets_as('viewer'));
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such fleet among yours';
  elsif not fleet = any (private.fleets_as('owner')) then
    raise sqlstate 'PT403' using message = 'This requires the owner role', hint = 'Ask an owner of the fleet.';
  end if;
  return found_fleet;
end $$;
comment on function private.owned_fleet(uuid) is 'A fleet of which the caller is an owner.';

create function private.set_lock(fleet uuid, until timestamptz) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  lock_time constant timestamptz := date_trunc('second', until);
begin
  perform private.lock_own_fleets();
  perform private.owned_fleet(fleet);
  if lock_time > private.clock() or not isfinite(lock_time) then
    raise sqlstate 'PT400' using message = 'Only the past can be locked';
  end if;
  update public.fleets f set locked_until = lock_time where f.fleet_id = fleet;
  return lock_time;
end $$;
comment on function private.set_lock(uuid, timestamptz) is 'Moves the lock of a fleet.';
grant execute on function private.set_lock(uuid, timestamptz) to authenticated;

create function public.set_lock(fleet_id uuid, locked_until timestamptz) returns timestamptz
language sql volatile set search_path = ''
return private.set_lock(fleet_id, locked_until);
comment on function public.set_lock(uuid, timestamptz) is 'Locks what people say about times before this one (role owner), also further back than now, or null: nothing. Returns it.';
grant execute on function public.set_lock(uuid, timestamptz) to authenticated;
