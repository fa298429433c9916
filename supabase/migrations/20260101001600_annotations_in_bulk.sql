-- Many annotations in one statement: all their devices are locked before the first session or plane is, as every other
-- writer does it. Row by row, a bulk edit would hold a plane while it waits for the next device, whose report may be
-- waiting for that plane.

create function private.lock_annotated_device() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  annotation public.session_annotations := coalesce(new, old);
begin
  perform from public.devices d
  where d.device_uuid = (
    select s.device_uuid from public.sessions s
    where s.session_id = annotation.session_id and s.fleet_id = any (private.fleets_as('editor'))
  )
  for update;
  return annotation;
end $$;
comment on function private.lock_annotated_device() is 'Locks the device of a session that is about to be annotated, if the caller may.';
revoke execute on function private.lock_annotated_device() from public;
create trigger lock_annotated_device before insert or update of class, pilot, excluded, corrected_start, clock_checked,
  hand_plane_id, hand_start, hand_seconds on public.session_annotations
  for each row execute function private.lock_annotated_device();
-- Not where it goes with its fleet, whose devices are locked already.
create trigger lock_device_before_taking_back before delete on public.session_annotations
  for each row when (pg_trigger_depth() = 0) execute function private.lock_annotated_device();
