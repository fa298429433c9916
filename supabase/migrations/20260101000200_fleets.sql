-- Fleets and their members. Every other row belongs to a fleet; a fleet's members see it, editors change it, owners
-- manage members. A new user gets a fleet of their own.

create table public.fleets (
  fleet_id uuid primary key default gen_random_uuid(),
  name text not null constraint fleet_name_length check (name = btrim(name) and char_length(name) between 1 and 80),
  created_at timestamptz not null default private.clock(),
  locked_until timestamptz,
  deleted_at timestamptz
);
comment on table public.fleets is 'The owner or club that planes and devices belong to.';
comment on column public.fleets.fleet_id is 'Identity of the fleet.';
comment on column public.fleets.name is 'Name as its members see it.';
comment on column public.fleets.created_at is 'When the fleet was made (server time).';
comment on column public.fleets.locked_until is 'What people say about times before it can no longer change; null: nothing is locked.';
comment on column public.fleets.deleted_at is 'When an owner began to delete it: nobody sees it from then on, while what it holds goes piece by piece.';

create table public.fleet_members (
  fleet_id uuid not null references public.fleets on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  role public.fleet_role not null,
  joined_at timestamptz not null default private.clock(),
  primary key (fleet_id, user_id)
);
create index fleet_members_by_user on public.fleet_members (user_id, role);
comment on table public.fleet_members is 'Who belongs to a fleet, and what they may do there.';
comment on column public.fleet_members.fleet_id is 'The fleet.';
comment on column public.fleet_members.user_id is 'The member''s account.';
comment on column public.fleet_members.role is 'viewer, editor or owner.';
comment on column public.fleet_members.joined_at is 'When the account became a member (server time).';

-- The caller's fleets as one array: a policy that compares with `(select ...)` evaluates it once per query and uses the
-- index that leads with fleet_id. SECURITY DEFINER, or the policies of fleet_members would call themselves.
create function private.fleets_as(least_role public.fleet_role) returns uuid[]
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce(
    (
      select array_agg(m.fleet_id) from public.fleet_members m join public.fleets f on f.fleet_id = m.fleet_id
      where m.user_id = auth.uid() and m.role >= least_role and f.deleted_at is null
    ),
    '{}'
  );
end $$;
comment on function private.fleets_as(public.fleet_role) is 'Fleets in which the caller has at least this role, without those that are being deleted.';
grant execute on function private.fleets_as(public.fleet_role) to authenticated;

-- Locks are taken in one order, so no two writers can wait for each other:
-- 1. the person, where something is counted per person;
-- 2. the rows of devices, in the order of device_uuid, `for no key update`: whoever changes a session twice in one
--    transaction has its foreign key checked again, and holds the fleet by then;
-- 3. fleets, in the order of their keys: people exclusively, a board's post in common with other boards';
-- 4. whatever rows and planes the statement meets. Within a fleet only boards are left here beside each other, each with
--    its own device, and they lock planes in order (private.lock_planes).
-- Every table that people write has a trigger that takes step 3 before the statement looks for its first row; a function
-- that needs step 1 or 2 takes them first.
create function private.lock_key(kind text, id uuid) returns bigint
language sql immutable parallel safe set search_path = ''
return hashtextextended(kind || id, 0);
comment on function private.lock_key(text, uuid) is 'Key of the advisory lock of a person, a fleet or a plane.';

create function private.lock_person() returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(private.lock_key('person', auth.uid()));
end $$;
comment on function private.lock_person() is 'Step 1: what is counted per person stands still until the transaction ends.';

create function private.lock_own_fleets() returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(turn.key)
  from (select private.lock_key('fleet', fleet) as key from unnest(private.fleets_as('viewer')) fleet order by 1) turn;
end $$;
comment on function private.lock_own_fleets() is 'Step 3 for people: whoever else writes in one of the caller''s fleets waits until the transaction ends.';

create function private.take_turns() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.lock_own_fleets();
  return null;
end $$;
comment on function private.take_turns() is 'People who write in the same fleet do it one after the other.';
create trigger take_turns before insert or update or delete on public.fleet_members
  for each statement execute function private.take_turns();

alter table public.fleets enable row level security;
grant select, update (name) on public.fleets to authenticated;
create policy "Members see their fleets" on public.fleets for select to authenticated
  using (fleet_id = any ((select private.fleets_as('viewer'))::uuid[]));
create policy "Owners rename their fleets" on public.fleets for update to authenticated
  using (fleet_id = any ((select private.fleets_as('owner'))::uuid[]))
  with check (fleet_id = any ((select private.fleets_as('owner'))::uuid[]));

alter table public.fleet_members enable row level security;
grant select, delete, update (role) on public.fleet_members to authenticated;
create policy "Members see who else is in their fleets" on public.fleet_members for select to authenticated
  using (fleet_id = any ((select private.fleets_as('viewer'))::uuid[]));
create policy "Owners change roles" on public.fleet_members for update to authenticated
  using (fleet_id = any ((select private.fleets_as('owner'))::uuid[]))
  with check (fleet_id = any ((select private.fleets_as('owner'))::uuid[]));
create policy "Owners remove members and everyone may leave" on public.fleet_members for delete to authenticated
  using (user_id = (select auth.uid()) or fleet_id = any ((select private.fleets_as('owner'))::uuid[]));

create function private.refuse_last_owner() returns void
language plpgsql stable set search_path = '' as $$
begin
  raise sqlstate 'PT409' using
    message = 'The last owner cannot leave the fleet',
    detail = 'A fleet needs at least one owner.',
    hint = 'Make another member an owner first, or delete the fleet.';
end $$;
comment on function private.refuse_last_owner() is 'Says that a fleet would be left without an owner.';

-- What follows from its sessions need not follow while a fleet ends with all of them.
create function private.is_ending(fleet uuid) returns boolean
language plpgsql stable set search_path = '' as $$
begin
  return fleet = nullif(current_setting('private.ending_fleet', true), '')::uuid;
end $$;
comment on function private.is_ending(uuid) is 'Whether this transaction deletes the fleet or part of it; null: it deletes none.';

-- A fleet without an owner could never be managed again. Two owners who leave at the same moment do it one after the
-- other, also where an administrator deletes their accounts: the fleet's row is locked. Who deletes the account takes a
-- fleet along in which nobody else is.
create function private.keep_an_owner() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if old.role <> 'owner' or (tg_op = 'UPDATE' and new.role = 'owner') then
    return null;
  end if;
  perform from public.fleets where fleet_id = old.fleet_id for no key update;
  if not found or exists (select from public.fleet_members where fleet_id = old.fleet_id and role = 'owner') then
    return null;
  end if;
  if not exists (select from public.fleet_members where fleet_id = old.fleet_id)
    and not exists (select from auth.users where id = old.user_id)
  then
    delete from public.fleets where fleet_id = old.fleet_id;
  else
    perform private.refuse_last_owner();
  end if;
  return null;
end $$;
comment on function private.keep_an_owner() is 'Refuses to take a fleet''s last owner away; with the account of its only member, the fleet goes.';
create trigger keep_an_owner after update of role or delete on public.fleet_members
  for each row execute function private.keep_an_owner();

create function private.tidy_fleet() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.name := coalesce(btrim(new.name), '');
  return new;
end $$;
comment on function private.tidy_fleet() is 'Trims what was typed; none is as wrong as an empty one.';
create trigger tidy_fleet before insert or update of name on public.fleets for each row execute function private.tidy_fleet();

create function private.add_fleet(fleet_name text, owner_id uuid, fleet uuid default gen_random_uuid()) returns uuid
language sql volatile security definer set search_path = ''
begin atomic
  with made as (insert into public.fleets (fleet_id, name) values (fleet, fleet_name) returning fleet_id)
  insert into public.fleet_members (fleet_id, user_id, role) select made.fleet_id, owner_id, 'owner' from made
  returning fleet_id;
end;
comment on function private.add_fleet(text, uuid, uuid) is 'Makes a fleet with its first owner.';

create function private.welcome_user() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform private.add_fleet('My fleet', new.id);
  return null;
end $$;
comment on function private.welcome_user() is 'Gives a new user a fleet of their own.';
create trigger welcome_user after insert on auth.users for each row execute function private.welcome_user();

-- SECURITY DEFINER, or the new fleet would have to be visible before its first member exists.
create function private.create_fleet(fleet_name text, fleet uuid) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
begin
  if not exists (select from auth.users u where u.id = auth.uid()) then
    raise sqlstate 'PT401' using message = 'Sign in first';
  end if;
  perform private.lock_person();
  perform private.one_at_a_time(fleet);
  if fleet = any (private.fleets_as('owner')) then
    update public.fleets f set name = fleet_name where f.fleet_id = fleet and f.name <> fleet_name;
    return fleet;
  end if;
  if cardinality(private.fleets_as('owner')) >= 50 then
    raise sqlstate 'PT409' using message = 'You already own 50 fleets', hint = 'Delete one that you no longer need.';
  end if;
  return private.add_fleet(fleet_name, auth.uid(), coalesce(fleet, gen_random_uuid()));
end $$;
comment on function private.create_fleet(text, uuid) is 'Makes another fleet, owned by the caller.';
grant execute on function private.create_fleet(text, uuid) to authenticated;

create function public.create_fleet(name text, fleet_id uuid default null) returns uuid
language sql volatile set search_path = ''
return private.create_fleet(name, fleet_id);
comment on function public.create_fleet(text, uuid) is 'Makes another fleet, owned by the caller; returns its fleet_id. The same fleet_id again makes no second one.';
grant execute on function public.create_fleet(text, uuid) to authenticated;

create view public.my_fleets with (security_invoker = true) as
  select f.fleet_id, f.name, m.role, m.joined_at, f.created_at
  from public.fleet_members m join public.fleets f using (fleet_id)
  where m.user_id = (select auth.uid());
comment on view public.my_fleets is 'The caller''s fleets with the caller''s role in each.';
comment on column public.my_fleets.fleet_id is 'The fleet.';
comment on column public.my_fleets.name is 'Its name.';
comment on column public.my_fleets.joined_at is 'When the caller became a member (server time).';
comment on column public.my_fleets.created_at is 'When the fleet was made (server time).';
comment on column public.my_fleets.role is 'What the caller may do in this fleet.';
grant select on public.my_fleets to authenticated;
