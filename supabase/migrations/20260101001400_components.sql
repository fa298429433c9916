-- Components: engines, propellers and whatever else has a time of its own. A component is installed in planes over
-- intervals, and what it has run is what the plane's meter counted in them: a late session, a corrected reading or an
-- installation that is put right years later moves its time, and nothing is entered twice.

create type public.component_kind as enum ('engine', 'propeller', 'other');
comment on type public.component_kind is 'What a component is.';

create table public.components (
  component_id uuid primary key default gen_random_uuid(),
  fleet_id uuid not null references public.fleets on delete cascade,
  kind public.component_kind not null,
  make text constraint component_make_length check (char_length(make) <= 80),
  model text constraint component_model_length check (char_length(model) <= 80),
  serial text constraint serial_length check (char_length(serial) <= 80),
  note text constraint component_note_length check (char_length(note) <= 500),
  created_at timestamptz not null default private.clock(),
  unique (fleet_id, component_id)
);
comment on table public.components is 'Engines, propellers and other parts whose time is followed from plane to plane.';
comment on column public.components.component_id is 'Identity of the component.';
comment on column public.components.fleet_id is 'The fleet that the component belongs to; never changes.';
comment on column public.components.kind is 'engine, propeller or other.';
comment on column public.components.make is 'Maker.';
comment on column public.components.model is 'Model.';
comment on column public.components.serial is 'Serial number.';
comment on column public.components.note is 'Remark.';
comment on column public.components.created_at is 'When the component was entered (server time).';

create function private.tidy_component() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.make := nullif(btrim(new.make), '');
  new.model := nullif(btrim(new.model), '');
  new.serial := nullif(btrim(new.serial), '');
  new.note := nullif(btrim(new.note), '');
  return new;
end $$;
comment on function private.tidy_component() is 'Trims what was typed.';
create trigger tidy_component before insert or update on public.components
  for each row execute function private.tidy_component();

create trigger take_turns before insert or update or delete on public.components
  for each statement execute function private.take_turns();

alter table public.components enable row level security;
grant select, delete, insert (component_id, fleet_id, kind, make, model, serial, note),
  update (kind, make, model, serial, note) on public.components to authenticated;
create policy "Members see the components of their fleets" on public.components for select to authenticated
  using (fleet_id = any ((select private.fleets_as('viewer'))::uuid[]));
create policy "Editors add components" on public.components for insert to authenticated
  with check (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));
create policy "Editors change components" on public.components for update to authenticated
  using (fleet_id = any ((select private.fleets_as('editor'))::uuid[]))
  with check (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));
create policy "Editors delete components" on public.components for delete to authenticated
  using (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));

create table public.component_installations (
  installation_id uuid primary key default gen_random_uuid(),
  fleet_id uuid not null references public.fleets on delete cascade,
  component_id uuid not null,
  plane_id uuid not null,
  meter_id uuid not null,
  installed_from timestamptz not null
    constraint installed_from_not_too_early check (installed_from >= '1950-01-01 00:00:00+00'),
  removed_at timestamptz,
  since_new_seconds integer constraint since_new_seconds_range check (since_new_seconds between 0 and 360000000),
  since_overhaul_seconds integer
    constraint since_overhaul_seconds_range check (since_overhaul_seconds between 0 and 360000000),
  created_at timestamptz not null default private.clock(),
  created_by uuid references auth.users (id) on delete set null,
  foreign key (fleet_id, component_id) references public.components (fleet_id, component_id),
  foreign key (fleet_id, plane_id) references public.planes (fleet_id, plane_id),
  foreign key (plane_id, meter_id) references public.meters (plane_id, meter_id),
  check (removed_at > installed_from),
  check (since_overhaul_seconds <= since_new_seconds)
);
create index component_installations_by_component on public.component_installations (component_id, installed_from);
create index component_installations_by_plane on public.component_installations (fleet_id, plane_id);
create index component_installations_by_meter on public.component_installations (plane_id, meter_id);
create index component_installations_by_author on public.component_installations (created_by);
comment on table public.component_installations is 'In which plane a component was from when until when. The intervals of a component never overlap.';
comment on column public.component_installations.installation_id is 'Identity of the installation.';
comment on column public.component_installations.fleet_id is 'The fleet of component and plane.';
comment on column public.component_installations.component_id is 'The component.';
comment on column public.component_installations.plane_id is 'The plane it is installed in.';
comment on column public.component_installations.meter_id is 'The meter of the plane that counts for the component.';
comment on column public.component_installations.installed_from is 'From when on it is installed.';
comment on column public.component_installations.removed_at is 'When it was removed; null while it is installed.';
comment on column public.component_installations.since_new_seconds is 'Time since new when it was installed; null: carries on from the installation before, and of the first one it is not known.';
comment on column public.component_installations.since_overhaul_seconds is 'Time since overhaul when it was installed, 0 for one that comes from its overhaul; null: carries on.';
comment on column public.component_installations.created_at is 'When the installation was entered (server time).';
comment on column public.component_installations.created_by is 'Who entered it; null for a former member.';

-- People of a fleet take turns (below), so of two who install a component at once the second one sees the first.
create function private.check_installation() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  other record;
begin
  new.installed_from := date_trunc('second', new.installed_from);
  new.removed_at := date_trunc('second', new.removed_at);
  if greatest(new.installed_from, new.removed_at) > private.latest_time() then
    raise sqlstate 'PT400' using message = 'A component cannot be installed or removed in the future';
  elsif new.removed_at <= new.installed_from then
    raise sqlstate 'PT400' using message = 'A component is removed after it was installed', hint = 'Check both dates.';
  elsif new.since_overhaul_seconds > new.since_new_seconds then
    raise sqlstate 'PT400' using message = 'The time since overhaul is part of the time since new',
      hint = 'Check both figures.';
  elsif not exists (
    select from public.meters m where m.meter_id = new.meter_id and m.plane_id = new.plane_id
  ) then
    raise sqlstate 'PT400' using message = 'That meter does not belong to the plane the component is installed in';
  end if;
  select p.registration, i.installed_from, i.removed_at into other
  from public.component_installations i join public.planes p on p.plane_id = i.plane_id
  where i.component_id = new.component_id and i.installation_id <> new.installation_id
    and i.installed_from < coalesce(new.removed_at, 'infinity')
    and coalesce(i.removed_at, 'infinity') > new.installed_from
  order by i.installed_from limit 1;
  if found then
    raise sqlstate 'PT409' using
      message = format(
        'It was installed in %s then, from %s %s', other.registration, private.iso_time(other.installed_from),
        coalesce('to ' || private.iso_time(other.removed_at), 'on')
      ),
      detail = 'A component is in one plane at a time.',
      hint = 'Remove it from there first, or choose another time.';
  end if;
  return new;
end $$;
comment on function private.check_installation() is 'Refuses an installation that cannot be, and one that overlaps another of the component, with what is there.';
create trigger check_installation
  before insert or update of meter_id, installed_from, removed_at, since_new_seconds, since_overhaul_seconds
  on public.component_installations for each row execute function private.check_installation();

create trigger take_turns
  before insert or delete or update of meter_id, installed_from, removed_at, since_new_seconds, since_overhaul_seconds
  on public.component_installations for each statement execute function private.take_turns();

alter table public.component_installations enable row level security;
grant select, delete, update (meter_id, installed_from, removed_at, since_new_seconds, since_overhaul_seconds)
  on public.component_installations to authenticated;
create policy "Members see the installations of their fleets" on public.component_installations for select to authenticated
  using (fleet_id = any ((select private.fleets_as('viewer'))::uuid[]));
create policy "Editors put installations right" on public.component_installations for update to authenticated
  using (fleet_id = any ((select private.fleets_as('editor'))::uuid[]))
  with check (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));
create policy "Editors take installations back" on public.component_installations for delete to authenticated
  using (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));

create function private.keep_installed_component() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- with its fleet it goes all the same
  if exists (select from public.component_installations i where i.component_id = old.component_id)
    and exists (select from public.fleets f where f.fleet_id = old.fleet_id)
  then
    raise sqlstate 'PT409' using
      message = 'This component is or was installed', hint = 'Delete its installations first, or leave it removed.';
  end if;
  return old;
end $$;
comment on function private.keep_installed_component() is 'Refuses to delete a component that planes have run.';
create trigger keep_installed_component before delete on public.components
  for each row execute function private.keep_installed_component();

create function private.edited_component(component uuid) returns public.components
language plpgsql volatile security definer set search_path = '' as $$
declare
  edited public.components;
begin
  perform private.lock_own_fleets();
  select * into edited from public.components c
  where c.component_id = component and c.fleet_id = any (private.fleets_as('viewer'));
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such component in your fleets';
  elsif not edited.fleet_id = any (private.fleets_as('editor')) then
    raise sqlstate 'PT403' using message = 'This requires the editor role', hint = 'Ask an owner of the fleet.';
  end if;
  return edited;
end $$;
comment on function private.edited_component(uuid) is 'The component, if the caller is an editor of its fleet; who else writes in the fleet waits.';

create function private.install_component(
  component uuid, plane uuid, from_time timestamptz, until_time timestamptz, meter uuid, since_new integer,
  since_overhaul integer, installation uuid
) returns public.component_installations
language plpgsql volatile security definer set search_path = '' as $$
declare
  installed constant public.components := private.edited_component(component);
  begins constant timestamptz := date_trunc('second', coalesce(from_time, private.clock()));
  made public.component_installations;
begin
  perform from public.planes p where p.plane_id = plane and p.fleet_id = installed.fleet_id;
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such plane in the fleet of the component';
  end if;
  select * into made from public.component_installations i
  where i.installation_id = installation and i.component_id = component;
  if found then
    if made.plane_id <> plane or from_time is not null and made.installed_from <> begins
      or meter is not null and made.meter_id <> meter
      or (made.removed_at, made.since_new_seconds, made.since_overhaul_seconds)
        is distinct from (date_trunc('second', until_time), since_new, since_overhaul)
    then
      raise sqlstate 'PT409' using
        message = 'This installation was recorded before, with other values',
        hint = 'It is in the list. Correct it there, or delete it.';
    end if;
    return made;
  end if;
  insert into public.component_installations (
    installation_id, fleet_id, component_id, plane_id, meter_id, installed_from, removed_at, since_new_seconds,
    since_overhaul_seconds, created_by
  )
  values (
    coalesce(installation, gen_random_uuid()), installed.fleet_id, component, plane,
    coalesce(meter, (select m.meter_id from public.meters m where m.plane_id = plane and m.is_primary)),
    begins, until_time, since_new, since_overhaul, auth.uid()
  ) returning * into made;
  return made;
end $$;
comment on function private.install_component(uuid, uuid, timestamptz, timestamptz, uuid, integer, integer, uuid) is 'Enters that a component is installed in a plane.';
grant execute on function private.install_component(uuid, uuid, timestamptz, timestamptz, uuid, integer, integer, uuid) to authenticated;

create function public.install_component(
  component_id uuid, plane_id uuid, installed_from timestamptz default null, removed_at timestamptz default null,
  meter_id uuid default null, since_new_seconds integer default null, since_overhaul_seconds integer default null,
  installation_id uuid default null
) returns public.component_installations
language sql volatile set search_path = ''
return private.install_component(
  component_id, plane_id, installed_from, removed_at, meter_id, since_new_seconds, since_overhaul_seconds, installation_id
);
comment on function public.install_component(uuid, uuid, timestamptz, timestamptz, uuid, integer, integer, uuid) is 'Installs a component in a plane, now by default, or enters an installation of the past. It counts by the meter given, by default the plane''s primary one. An overhaul is a removal, and an installation with since_overhaul_seconds 0. The same installation_id again records nothing twice.';
grant execute on function public.install_component(uuid, uuid, timestamptz, timestamptz, uuid, integer, integer, uuid) to authenticated;

create function private.remove_component(component uuid, at_time timestamptz) returns public.component_installations
language plpgsql volatile security definer set search_path = '' as $$
declare
  removed constant public.components := private.edited_component(component);
  ends constant timestamptz := date_trunc('second', coalesce(at_time, private.clock()));
  made public.component_installations;
begin
  select * into made from public.component_installations i
  where i.component_id = removed.component_id and i.installed_from < ends order by i.installed_from desc limit 1;
  if made.removed_at = ends then
    return made;
  elsif made.removed_at is not null or made.installation_id is null then
    raise sqlstate 'PT409' using
      message = case
        when made.removed_at is null then 'This component is not installed'
        else format('This component was removed at %s', private.iso_time(made.removed_at))
      end,
      hint = 'It is in the list of its installations, where times can be corrected.';
  end if;
  update public.component_installations i set removed_at = ends where i.installation_id = made.installation_id
  returning * into made;
  return made;
end $$;
comment on function private.remove_component(uuid, timestamptz) is 'Ends the installation in which a component is.';
grant execute on function private.remove_component(uuid, timestamptz) to authenticated;

create function public.remove_component(component_id uuid, removed_at timestamptz default null)
returns public.component_installations
language sql volatile set search_path = ''
return private.remove_component(component_id, removed_at);
comment on function public.remove_component(uuid, timestamptz) is 'Removes a component from the plane that it is installed in, now by default. Removing it again at the same time changes nothing.';
grant execute on function public.remove_component(uuid, timestamptz) to authenticated;

-- Like a meter with readings: what a component's time rests on stays.
create function private.keep_component_meter() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if exists (select from public.planes p where p.plane_id = old.plane_id)
    and exists (select from public.component_installations i where i.plane_id = old.plane_id and i.meter_id = old.meter_id)
  then
    raise sqlstate 'PT409' using
      message = format('A component counts by %s', old.name),
      hint = 'Give the component''s installation another meter first.';
  end if;
  return old;
end $$;
comment on function private.keep_component_meter() is 'Refuses to delete a meter by which a component counts.';
create trigger keep_component_meter before delete on public.meters
  for each row execute function private.keep_component_meter();
