-- People: who is in a fleet, invites by link, and the end of an account.

create function private.fleet_people(fleet uuid)
returns table (user_id uuid, email text, role public.fleet_role, joined_at timestamptz)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    select m.user_id, u.email::text, m.role, m.joined_at
    from public.fleet_members m join auth.users u on u.id = m.user_id
    where m.fleet_id = fleet and fleet = any (private.fleets_as('viewer'))
    order by m.role desc, m.joined_at, m.user_id;
end $$;
comment on function private.fleet_people(uuid) is 'The members of one of the caller''s fleets, with their addresses.';
grant execute on function private.fleet_people(uuid) to authenticated;

create function public.fleet_people(fleet_id uuid)
returns table (user_id uuid, email text, role public.fleet_role, joined_at timestamptz)
language sql stable set search_path = ''
begin atomic
  select p.user_id, p.email, p.role, p.joined_at from private.fleet_people(fleet_id) p;
end;
comment on function public.fleet_people(uuid) is 'The members of one of the caller''s fleets: user_id, e-mail address, role, since when. Owners first.';
grant execute on function public.fleet_people(uuid) to authenticated;

create table public.fleet_invites (
  invite_id uuid primary key default gen_random_uuid(),
  fleet_id uuid not null references public.fleets on delete cascade,
  role public.fleet_role not null,
  created_at timestamptz not null default private.clock(),
  created_by uuid references auth.users (id) on delete set null,
  expires_at timestamptz not null,
  accepted_at timestamptz,
  accepted_by uuid references auth.users (id) on delete set null
);
create index fleet_invites_by_fleet on public.fleet_invites (fleet_id, created_at);
create index fleet_invites_by_author on public.fleet_invites (created_by);
create index fleet_invites_by_guest on public.fleet_invites (accepted_by);
comment on table public.fleet_invites is 'Invites to a fleet: good for one person and seven days.';
comment on column public.fleet_invites.invite_id is 'Identity of the invite.';
comment on column public.fleet_invites.fleet_id is 'The fleet.';
comment on column public.fleet_invites.role is 'The role that who accepts it gets.';
comment on column public.fleet_invites.created_at is 'When it was made (server time).';
comment on column public.fleet_invites.created_by is 'Who made it; null for a former member.';
comment on column public.fleet_invites.expires_at is 'Until when it can be accepted.';
comment on column public.fleet_invites.accepted_at is 'When it was accepted; null until then.';
comment on column public.fleet_invites.accepted_by is 'Who accepted it; null until then, and for a deleted account.';

create trigger take_turns before insert or update or delete on public.fleet_invites
  for each statement execute function private.take_turns();

alter table public.fleet_invites enable row level security;
grant select, delete on public.fleet_invites to authenticated;
create policy "Owners see the invites of their fleets" on public.fleet_invites for select to authenticated
  using (fleet_id = any ((select private.fleets_as('owner'))::uuid[]));
create policy "Owners take invites back" on public.fleet_invites for delete to authenticated
  using (fleet_id = any ((select private.fleets_as('owner'))::uuid[]));

create table private.invite_secrets (
  token_sha256 text primary key,
  invite_id uuid not null unique references public.fleet_invites on delete cascade
);
alter table private.invite_secrets enable row level security;
comment on table private.invite_secrets is 'SHA-256 of the secret in each invite''s link. The secret itself is kept nowhere.';
comment on column private.invite_secrets.token_sha256 is 'The hash, in hex.';
comment on column private.invite_secrets.invite_id is 'The invite.';

-- A secret has 64 characters (private.create_invite): longer guesses cost no hashing.
create function private.invite_of(token text) returns uuid
language sql stable set search_path = ''
return case when char_length(token) = 64 then (
  select s.invite_id from private.invite_secrets s where s.token_sha256 = private.sha256_hex(token)
) end;
comment on function private.invite_of(text) is 'The invite that a secret belongs to, good or not; null for a guess.';

create function private.create_invite(fleet uuid, invited_role public.fleet_role, wanted uuid) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  -- 244 random bits: two version 4 UUIDs
  token constant text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
  invite uuid;
begin
  if fleet is null or not fleet = any (private.fleets_as('owner')) then
    raise sqlstate 'PT403' using message = 'Only owners of the fleet can invite', hint = 'Ask an owner of the fleet.';
  elsif invited_role is null then
    raise sqlstate 'PT400' using message = 'An invite needs a role', hint = array_to_string(enum_range(null::public.fleet_role), ', ') || '.';
  end if;
  perform private.lock_own_fleets();
  -- The same request again, whose answer got lost, and with it a secret that nobody has seen.
  update public.fleet_invites i set role = invited_role
  where i.invite_id = wanted and i.fleet_id = fleet and i.created_by = auth.uid() and i.accepted_at is null
  returning invite_id into invite;
  if found then
    update private.invite_secrets s set token_sha256 = private.sha256_hex(token) where s.invite_id = invite;
    return token;
  end if;
  if 50 <= (
    select count(*) from public.fleet_invites i
    where i.fleet_id = fleet and i.accepted_at is null and i.expires_at > private.clock()
  ) then
    raise sqlstate 'PT409' using message = 'Your fleet has 50 open invites', hint = 'Withdraw one first.';
  end if;
  insert into public.fleet_invites (invite_id, fleet_id, role, created_by, expires_at)
  values (coalesce(wanted, gen_random_uuid()), fleet, invited_role, auth.uid(), private.clock() + interval '7 days') returning invite_id into invite;
  insert into private.invite_secrets (token_sha256, invite_id) values (private.sha256_hex(token), invite);
  return token;
end $$;
comment on function private.create_invite(uuid, public.fleet_role, uuid) is 'Makes an invite and returns its secret.';
grant execute on function private.create_invite(uuid, public.fleet_role, uuid) to authenticated;

create function public.create_invite(fleet_id uuid, role public.fleet_role, invite_id uuid default null) returns text
language sql volatile set search_path = ''
return private.create_invite(fleet_id, role, invite_id);
comment on function public.create_invite(uuid, public.fleet_role, uuid) is 'Makes an invite (role owner) and returns the secret for the link; it cannot be read again. The same invite_id again makes no second invite, but a new secret for it.';
grant execute on function public.create_invite(uuid, public.fleet_role, uuid) to authenticated;

-- One answer for wrong, used, expired and withdrawn: guessing learns nothing. An invite is worth no more than who made
-- it: an owner who was removed, or is none any more, gets nobody in, least of all back in. For who is in by this very
-- invite it stays good: the first answer may have got lost.
create function private.good_invite(invite_token text) returns public.fleet_invites
language plpgsql stable security definer set search_path = '' as $$
declare
  invite public.fleet_invites;
begin
  if auth.uid() is null then
    raise sqlstate 'PT401' using message = 'Sign in first';
  end if;
  select i.* into invite from public.fleet_invites i
  where i.invite_id = private.invite_of(invite_token)
    and case
      when i.accepted_at is null then i.expires_at > private.clock() and exists (
        select from public.fleet_members m
        where m.fleet_id = i.fleet_id and m.user_id = i.created_by and m.role = 'owner'
      )
      else i.accepted_by = auth.uid() and i.fleet_id = any (private.fleets_as('viewer'))
    end;
  if not found then
    raise sqlstate 'PT404' using
      message = 'This invite is no longer valid',
      detail = 'It was used or withdrawn, is older than seven days, or the person who made it no longer owns the fleet.',
      hint = 'Ask for a new one.';
  end if;
  return invite;
end $$;
comment on function private.good_invite(text) is 'The invite that a secret opens for the caller; refuses every other secret alike.';

create function private.invite_preview(invite_token text)
returns table (fleet_name text, role public.fleet_role, invited_by text, expires_at timestamptz)
language plpgsql stable security definer set search_path = '' as $$
declare
  invite constant public.fleet_invites := private.good_invite(invite_token);
begin
  return query
    select f.name, invite.role, (select u.email::text from auth.users u where u.id = invite.created_by), invite.expires_at
    from public.fleets f where f.fleet_id = invite.fleet_id;
end $$;
comment on function private.invite_preview(text) is 'Who invites the caller into which fleet, before it is accepted.';
grant execute on function private.invite_preview(text) to authenticated;

create function public.invite_preview(token text)
returns table (fleet_name text, role public.fleet_role, invited_by text, expires_at timestamptz)
language sql stable set search_path = ''
begin atomic
  select p.fleet_name, p.role, p.invited_by, p.expires_at from private.invite_preview(token) p;
end;
comment on function public.invite_preview(text) is 'Who invites into which fleet, as what and until when, of an invite that is still good; changes nothing.';
grant execute on function public.invite_preview(text) to authenticated;

create function private.accept_invite(invite_token text) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  invite public.fleet_invites;
begin
  perform private.lock_own_fleets();
  -- Of two guests at once, the second one finds it used.
  perform from public.fleet_invites i where i.invite_id = private.invite_of(invite_token) for update;
  invite := private.good_invite(invite_token);
  if invite.accepted_at is not null then
    return invite.fleet_id;
  end if;
  update public.fleet_invites i set accepted_at = private.clock(), accepted_by = auth.uid()
  where i.invite_id = invite.invite_id;
  -- A member keeps the higher role.
  insert into public.fleet_members as m (fleet_id, user_id, role) values (invite.fleet_id, auth.uid(), invite.role)
  on conflict (fleet_id, user_id) do update set role = greatest(m.role, excluded.role);
  return invite.fleet_id;
end $$;
comment on function private.accept_invite(text) is 'Makes the caller a member of the fleet that an invite is for.';
grant execute on function private.accept_invite(text) to authenticated;

create function public.accept_invite(token text) returns uuid
language sql volatile set search_path = ''
return private.accept_invite(token);
comment on function public.accept_invite(text) is 'Joins the fleet of an invite; returns its fleet_id. An invite is good once.';
grant execute on function public.accept_invite(text) to authenticated;

-- A fleet goes in pieces, each a call of its own, since a hosted database gives a call eight seconds. With the first one
-- it vanishes from everybody's view and its devices are free; the rest is for whoever began it, or another owner, to go on
-- with until nothing is left. What boards deliver meanwhile about its time goes along.
create function private.begin_deleting(fleet uuid) returns void
language plpgsql volatile set search_path = '' as $$
begin
  update public.fleets f set deleted_at = private.clock() where f.fleet_id = fleet and f.deleted_at is null;
  if found then
    perform set_config('private.ending_fleet', fleet::text, true);
    perform private.release_all(fleet);
    perform set_config('private.ending_fleet', '', true);
    delete from public.fleet_invites i where i.fleet_id = fleet;
  end if;
end $$;
comment on function private.begin_deleting(uuid) is 'Takes a fleet out of everybody''s view and releases its devices.';

create function private.rows_left(fleet uuid) returns bigint
language plpgsql stable set search_path = '' as $$
begin
  return (select count(*) from public.sessions s where s.fleet_id = fleet)
    + (select count(*) from private.plane_days d join public.planes p on p.plane_id = d.plane_id where p.fleet_id = fleet)
    + (select count(*) from public.activity a where a.fleet_id = fleet);
end $$;
comment on function private.rows_left(uuid) is 'How many sessions, days of hours and activities a fleet still has: most of what there is to delete.';

create function private.piece_rows() returns integer
language sql immutable parallel safe set search_path = ''
return 10000;
comment on function private.piece_rows() is 'How many sessions, and as many days of hours and activities, a call deletes: a second or two.';

create function private.delete_piece(fleet uuid) returns bigint
language plpgsql volatile set search_path = '' as $$
declare
  gone uuid[];
  rows_left bigint;
begin
  perform set_config('private.ending_fleet', fleet::text, true);
  with piece as (
    delete from public.sessions s where s.session_id in (
      select one.session_id from public.sessions one where one.fleet_id = fleet order by one.effective_start desc limit private.piece_rows()
    ) returning s.session_id
  )
  select array_agg(piece.session_id) into gone from piece;
  delete from public.session_annotations n where n.session_id = any (gone);
  delete from private.plane_days d where (d.plane_id, d.day) in (
    select one.plane_id, one.day from private.plane_days one join public.planes p on p.plane_id = one.plane_id
    where p.fleet_id = fleet limit private.piece_rows()
  );
  delete from public.activity a where a.activity_id in (
    select one.activity_id from public.activity one where one.fleet_id = fleet
    order by one.activity_id desc limit private.piece_rows()
  );
  perform set_config('private.ending_fleet', '', true);
  rows_left := private.rows_left(fleet);
  if rows_left = 0 then
    delete from public.fleets f where f.fleet_id = fleet;
  end if;
  return rows_left;
end $$;
comment on function private.delete_piece(uuid) is 'Deletes a piece of a fleet''s sessions with what belongs to them, and in the end the fleet; returns how much is left.';

create function private.delete_fleet(fleet uuid) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  own_role constant public.fleet_role := (
    select m.role from public.fleet_members m where m.fleet_id = fleet and m.user_id = auth.uid()
  );
begin
  if own_role is null then
    raise sqlstate 'PT404' using message = 'There is no such fleet among yours', hint = 'It may have been deleted already.';
  elsif own_role <> 'owner' then
    raise sqlstate 'PT403' using message = 'This requires the owner role', hint = 'Ask an owner of the fleet.';
  end if;
  perform private.lock_owned_devices(auth.uid());
  perform private.begin_deleting(fleet);
  return private.delete_piece(fleet);
end $$;
comment on function private.delete_fleet(uuid) is 'Deletes a fleet of which the caller is an owner, piece by piece.';
grant execute on function private.delete_fleet(uuid) to authenticated;

create function public.delete_fleet(fleet_id uuid) returns bigint
language sql volatile set search_path = ''
return private.delete_fleet(fleet_id);
comment on function public.delete_fleet(uuid) is 'Deletes a fleet with everything in it (role owner) and releases its devices. With the first call nobody sees it any more. Returns how many rows are left: call again until it is 0.';
grant execute on function public.delete_fleet(uuid) to authenticated;

create function private.delete_account() returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  ending uuid[];
  fleet uuid;
  there bigint;
  left_there bigint;
  deleted bigint := 0;
  rows_left bigint := 0;
begin
  if auth.uid() is null then
    raise sqlstate 'PT401' using message = 'Sign in first';
  end if;
  perform private.lock_owned_devices(auth.uid());
  if exists (
    select from public.fleet_members m join public.fleets f on f.fleet_id = m.fleet_id
    where m.user_id = auth.uid() and m.role = 'owner' and f.deleted_at is null
      and exists (select from public.fleet_members o where o.fleet_id = m.fleet_id and o.user_id <> m.user_id)
      and not exists (
        select from public.fleet_members o where o.fleet_id = m.fleet_id and o.user_id <> m.user_id and o.role = 'owner'
      )
  ) then
    perform private.refuse_last_owner();
  end if;
  ending := array(
    select m.fleet_id from public.fleet_members m join public.fleets f on f.fleet_id = m.fleet_id
    where m.user_id = auth.uid() and (
      f.deleted_at is not null and m.role = 'owner'
      or not exists (select from public.fleet_members o where o.fleet_id = m.fleet_id and o.user_id <> m.user_id)
    )
    order by m.fleet_id
  );
  perform private.begin_deleting(one) from unnest(ending) one;
  foreach fleet in array ending loop
    there := private.rows_left(fleet);
    left_there := case
      when deleted = 0 or deleted + there <= private.piece_rows() then private.delete_piece(fleet)
      else there
    end;
    deleted := deleted + there - left_there;
    rows_left := rows_left + left_there;
  end loop;
  if rows_left = 0 then
    delete from auth.users u where u.id = auth.uid();
  end if;
  return rows_left;
end $$;
comment on function private.delete_account() is 'Deletes the caller''s account, after what it is the only member of, piece by piece.';
grant execute on function private.delete_account() to authenticated;

create function public.delete_account() returns bigint
language sql volatile set search_path = ''
return private.delete_account();
comment on function public.delete_account() is 'Deletes the caller''s account. Fleets in which nobody else is go with everything in them, their devices released; the last owner of a fleet with other members hands over first. Returns how many rows are left: call again until it is 0, then the account is gone.';
grant execute on function public.delete_account() to authenticated;
