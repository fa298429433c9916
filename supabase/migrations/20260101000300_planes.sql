-- Planes: what hours are counted for.

create function private.registration_key(registration text) returns text
language sql immutable strict set search_path = ''
return upper(regexp_replace(registration, '[^A-Za-z0-9]', '', 'g'));
comment on function private.registration_key(text) is 'Letters and digits of a registration in upper case: the same for D-EKVX, "D EKVX" and dekvx.';
grant execute on function private.registration_key(text) to authenticated;

create table public.planes (
  plane_id uuid primary key default gen_random_uuid(),
  fleet_id uuid not null references public.fleets on delete cascade,
  registration text not null constraint registration_length
    check (registration = btrim(registration) and char_length(registration) between 1 and 20),
  registration_key text not null generated always as (private.registration_key(registration)) stored,
  type_designator text constraint type_designator_form
    check (type_designator ~ '^[A-Z0-9]*$' and char_length(type_designator) between 2 and 4),
  make text constraint make_length check (char_length(make) <= 80),
  model text constraint model_length check (char_length(model) <= 80),
  archived_at timestamptz,
  merge_gap_seconds integer not null default 600 constraint merge_gap_range check (merge_gap_seconds between 0 and 86400),
  created_at timestamptz not null default private.clock(),
  unique (fleet_id, plane_id)
);
create index planes_by_registration on public.planes (fleet_id, registration_key);
comment on table public.planes is 'The planes of a fleet. A plane without history can be deleted, any other is archived.';
comment on column public.planes.plane_id is 'Identity of the plane.';
comment on column public.planes.fleet_id is 'The fleet that the plane belongs to; never changes.';
comment on column public.planes.registration is 'Registration as written, for example D-EABC.';
comment on column public.planes.registration_key is 'Letters and digits of the registration in upper case, for finding the same plane written otherwise.';
comment on column public.planes.type_designator is 'ICAO type designator, for example C172 or P28A.';
comment on column public.planes.make is 'Maker.';
comment on column public.planes.model is 'Model.';
comment on column public.planes.archived_at is 'When the plane was put away; null while it is in use. Its hours stay.';
comment on column public.planes.merge_gap_seconds is 'Sessions with less between them are suggested for merging into one entry of the log; 0: none are.';
comment on column public.planes.created_at is 'When the plane was entered (server time).';

-- No unique index keeps one registration to one plane:
-- an archived plane keeps its registration, and the next one that carries it is another plane. Of planes in use there
-- is one; people of a fleet take turns (below), so that two cannot add it at once.
create function private.tidy_plane() returns trigger
language plpgsql set search_path = '' as $$
declare
  key constant text := private.registration_key(new.registration);
  twin text;
begin
  new.registration := coalesce(btrim(new.registration), '');
  new.type_designator := nullif(upper(btrim(new.type_designator)), '');
  new.make := nullif(btrim(new.make), '');
  new.model := nullif(btrim(new.model), '');
  if new.archived_at is null
    and (tg_op = 'INSERT' or old.archived_at is not null or key <> private.registration_key(old.registration))
  then
    select p.registration into twin from public.planes p
    where p.fleet_id = new.fleet_id and p.registration_key = key and key <> '' and p.archived_at is null
      and p.plane_id <> new.plane_id
    limit 1;
    if found then
      raise sqlstate 'PT409' using message = format('%s is already in your fleet', twin),
        hint = 'Open that plane, or archive it first if this is a different one with the same registration.';
    end if;
  end if;
  return new;
end $$;
comment on function private.tidy_plane() is 'Trims what was typed, and refuses a registration that another plane in use carries.';
create trigger tidy_plane before insert or update on public.planes for each row execute function private.tidy_plane();

create trigger take_turns before insert or update or delete on public.planes
  for each statement execute function private.take_turns();

alter table public.planes enable row level security;
grant select, delete, insert (plane_id, fleet_id, registration, type_designator, make, model),
  update (registration, type_designator, make, model, archived_at, merge_gap_seconds) on public.planes to authenticated;
create policy "Members see the planes of their fleets" on public.planes for select to authenticated
  using (fleet_id = any ((select private.fleets_as('viewer'))::uuid[]));
create policy "Editors add planes" on public.planes for insert to authenticated
  with check (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));
create policy "Editors change planes" on public.planes for update to authenticated
  using (fleet_id = any ((select private.fleets_as('editor'))::uuid[]))
  with check (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));
create policy "Editors delete planes" on public.planes for delete to authenticated
  using (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));
