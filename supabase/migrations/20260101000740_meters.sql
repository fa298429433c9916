-- Meters: what shows a plane's hours. A meter counts by its source; what it showed is entered as a reading.

create type public.meter_source as enum ('powered', 'engine', 'estimated');
comment on type public.meter_source is 'What a meter counts: time with power, time with the engine running, or (a tach, say) another meter''s time multiplied by a ratio.';

create table public.meters (
  meter_id uuid primary key default gen_random_uuid(),
  fleet_id uuid not null references public.fleets on delete cascade,
  plane_id uuid not null,
  name text not null constraint meter_name_length check (name = btrim(name) and char_length(name) between 1 and 40),
  source public.meter_source not null,
  is_primary boolean not null default false,
  base_meter_id uuid,
  entered_ratio numeric constraint meter_ratio_range check (entered_ratio between 0.05 and 5.0),
  created_at timestamptz not null default private.clock(),
  unique (plane_id, meter_id),
  foreign key (fleet_id, plane_id) references public.planes (fleet_id, plane_id) on delete cascade,
  foreign key (plane_id, base_meter_id) references public.meters (plane_id, meter_id),
  check ((source = 'estimated') = (base_meter_id is not null) and (source = 'estimated') = (entered_ratio is not null))
);
create unique index meters_by_name on public.meters (plane_id, lower(name));
create unique index meters_primary on public.meters (plane_id) where is_primary;
-- Asked for each Hobbs column: found in the index alone.
create unique index meters_by_source on public.meters (plane_id, source) include (meter_id) where source <> 'estimated';
create index meters_by_fleet on public.meters (fleet_id, plane_id);
create index meters_by_base on public.meters (base_meter_id);
comment on table public.meters is 'The hour meters of a plane. Each plane has "Powered time" from the start; the primary one is shown first.';
comment on column public.meters.meter_id is 'Identity of the meter.';
comment on column public.meters.fleet_id is 'The plane''s fleet.';
comment on column public.meters.plane_id is 'The plane; never changes.';
comment on column public.meters.name is 'What it is called; one name is one meter of the plane, in capitals or not.';
comment on column public.meters.source is 'What it counts; never changes. A plane has at most one of powered and one of engine.';
comment on column public.meters.is_primary is 'The plane''s hours are those of this meter: exactly one of each plane. Changed by set_primary_meter.';
comment on column public.meters.base_meter_id is 'Of an estimated meter: the plane''s powered or engine meter whose time it follows.';
comment on column public.meters.entered_ratio is 'Of an estimated meter: what it advances by for each second of its base, until its own readings say.';
comment on column public.meters.created_at is 'When it was entered (server time).';

-- Locked first, so that of two people who add a meter the second one sees what the first one added.
create trigger take_turns before insert or update or delete on public.meters
  for each statement execute function private.take_turns();

create function private.tidy_meter() returns trigger
language plpgsql set search_path = '' as $$
declare
  twin public.meters;
begin
  new.name := coalesce(btrim(new.name), '');
  select * into twin from public.meters m
  where m.plane_id = new.plane_id and m.meter_id <> new.meter_id
    and (lower(m.name) = lower(new.name) or new.source <> 'estimated' and m.source = new.source)
  order by lower(m.name) = lower(new.name) desc limit 1;
  if found and lower(twin.name) = lower(new.name) then
    raise sqlstate 'PT409' using
      message = format('This plane already has a meter named %s', twin.name), hint = 'Choose another name.';
  elsif found then
    raise sqlstate 'PT409' using
      message = format('%s already counts this', twin.name),
      hint = 'Rename that meter, or add an estimated one that follows it.';
  end if;
  if tg_op = 'INSERT' and (select count(*) from public.meters m where m.plane_id = new.plane_id) >= 8 then
    raise sqlstate 'PT409' using message = 'A plane has up to 8 meters', hint = 'Delete one that has no readings.';
  end if;
  if (new.source = 'estimated') <> (new.base_meter_id is not null) or (new.source = 'estimated') <> (new.entered_ratio is not null)
  then
    raise sqlstate 'PT400' using
      message = 'An estimated meter follows another one by a ratio, and no other meter does',
      hint = 'Give a base and a ratio with an estimated meter, and neither with another.';
  elsif exists (select from public.meters m where m.meter_id = new.base_meter_id and m.source = 'estimated') then
    raise sqlstate 'PT400' using
      message = 'An estimated meter cannot follow another estimated one',
      hint = 'Choose powered or engine time as its base.';
  end if;
  return new;
end $$;
comment on function private.tidy_meter() is 'Trims what was typed, and refuses a second meter of one name or of one count, a ninth one, and a base where none belongs, is missing or is estimated itself.';
create trigger tidy_meter before insert or update on public.meters for each row execute function private.tidy_meter();

-- SECURITY DEFINER: nobody may write is_primary.
create function private.add_powered_meter() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.meters (fleet_id, plane_id, name, source, is_primary)
  values (new.fleet_id, new.plane_id, 'Powered time', 'powered', true);
  return null;
end $$;
comment on function private.add_powered_meter() is 'Gives a new plane its first meter.';
create trigger add_powered_meter after insert on public.planes for each row execute function private.add_powered_meter();

create function private.powered_meter(plane uuid) returns uuid
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  return (select m.meter_id from public.meters m where m.plane_id = plane and m.source = 'powered');
end $$;
comment on function private.powered_meter(uuid) is 'A plane''s "Powered time", whatever it is called by now.';
grant execute on function private.powered_meter(uuid) to authenticated;

create function private.keep_meter() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  follower text;
begin
  if not exists (select from public.planes p where p.plane_id = old.plane_id) then
    return old;  -- with its plane it goes all the same
  end if;
  select m.name into follower from public.meters m where m.base_meter_id = old.meter_id order by m.created_at limit 1;
  if old.source = 'powered' then
    raise sqlstate 'PT409' using message = 'Every plane has powered time', hint = 'Make another meter the primary one instead.';
  elsif old.is_primary then
    raise sqlstate 'PT409' using
      message = format('%s is the primary meter', old.name), hint = 'Make another meter the primary one first.';
  elsif follower is not null then
    raise sqlstate 'PT409' using
      message = format('%s follows %s', follower, old.name), hint = 'Delete that meter first, or give it another base.';
  elsif exists (select from public.hour_readings r where r.meter_id = old.meter_id) then
    raise sqlstate 'PT409' using
      message = format('%s has readings', old.name), detail = 'Voided ones count, too: they stay on record.',
      hint = 'Rename it instead.';
  end if;
  return old;
end $$;
comment on function private.keep_meter() is 'Refuses to delete powered time, the primary meter, one that another follows, and one with readings.';
create trigger keep_meter before delete on public.meters for each row execute function private.keep_meter();

alter table public.meters enable row level security;
grant select, delete, insert (meter_id, fleet_id, plane_id, name, source, base_meter_id, entered_ratio),
  update (name, base_meter_id, entered_ratio) on public.meters to authenticated;
create policy "Members see the meters of their fleets" on public.meters for select to authenticated
  using (fleet_id = any ((select private.fleets_as('viewer'))::uuid[]));
create policy "Editors add meters" on public.meters for insert to authenticated
  with check (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));
create policy "Editors change meters" on public.meters for update to authenticated
  using (fleet_id = any ((select private.fleets_as('editor'))::uuid[]))
  with check (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));
create policy "Editors delete meters" on public.meters for delete to authenticated
  using (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));

-- The turn is taken before the first look: of two people at once, the one who comes second has the last word.
create function private.set_primary_meter(meter uuid) returns public.meters
language plpgsql volatile security definer set search_path = '' as $$
declare
  made public.meters;
begin
  perform private.lock_own_fleets();
  select * into made from public.meters m
  where m.meter_id = meter and m.fleet_id = any (private.fleets_as('viewer'));
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such meter in your fleets';
  elsif not made.fleet_id = any (private.fleets_as('editor')) then
    raise sqlstate 'PT403' using message = 'This requires the editor role', hint = 'Ask an owner of the fleet.';
  end if;
  update public.meters m set is_primary = false where m.plane_id = made.plane_id and m.is_primary and m.meter_id <> meter;
  update public.meters m set is_primary = true where m.meter_id = meter returning * into made;
  return made;
end $$;
comment on function private.set_primary_meter(uuid) is 'Makes a meter the primary one of its plane.';
grant execute on function private.set_primary_meter(uuid) to authenticated;

create function public.set_primary_meter(meter_id uuid) returns public.meters
language sql volatile set search_path = ''
return private.set_primary_meter(meter_id);
comment on function public.set_primary_meter(uuid) is 'Makes a meter the primary one of its plane: its hours are the plane''s, and readings are of it unless they say otherwise.';
grant execute on function public.set_primary_meter(uuid) to authenticated;
