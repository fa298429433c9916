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
    raise sqlstate 'PT400' using message = 'An invite is for a role', hint = 'viewer, editor or owner.';
  end if;
  perform private.lock_own_fleets();
  -- The same request again, whose answer got lost, and with it a secret that nobody has seen.
  update public.fleet_invites i set role = invited_role
  where i.invite_id = wanted and i.fleet_id = fleet and i.created_by = auth.uid() and i.accepted_at is null
  returning invite_id into invite;
  if found then
    update private.invite_secrets s set token_sha256 = encode(sha256(convert_to(token, 'UTF8')), 'hex') where s.invite_id = invite;
    return token;
  end if;
  if 50 <= (
    select count(*) from public.fleet_invites i
    where i.fleet_id = fleet and i.accepted_at is null and i.expires_at > private.clock()
  ) then
    raise sqlstate 'PT409' using message = 'Your fleet has 50 open invites', hint = 'Take one back first.';
  end if;
  insert into public.fleet_invites (invite_id, fleet_id, role, created_by, expires_at)
  values (coalesce(wanted, gen_random_uuid()), fleet, invited_role, auth.uid(), private.clock() + interval '7 days') returning invite_id into invite;
  insert into private.invite_secrets (token_sha256, invite_id)
  values (encode(sha256(convert_to(token, 'UTF8')), 'hex'), invite);
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
-- it: an owner who was removed, or is none any more, gets nobody in, least of all back in.
create function private.accept_invite(invite_token text) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  invite public.fleet_invites;
begin
  if auth.uid() is null then
    raise sqlstate 'PT401' using message = 'Sign in first';
  end if;
  perform private.lock_own_fleets();
  update public.fleet_invites i set accepted_at = private.clock(), accepted_by = auth.uid()
  where i.invite_id = (
      select s.invite_id from private.invite_secrets s
      where s.token_sha256 = encode(sha256(convert_to(invite_token, 'UTF8')), 'hex')
    ) and i.accepted_at is null and i.expires_at > private.clock()
    and exists (
      select from public.fleet_members m
      where m.fleet_id = i.fleet_id and m.user_id = i.created_by and m.role = 'owner'
    )
  returning * into invite;
  if not found then
    -- Who is in by this very invite gets the same answer again: the first may have got lost.
    select i.* into invite
    from private.invite_secrets s join public.fleet_invites i using (invite_id)
    where s.token_sha256 = encode(sha256(convert_to(invite_token, 'UTF8')), 'hex') and i.accepted_by = auth.uid()
      and i.fleet_id = any (private.fleets_as('viewer'));
    if found then
      return invite.fleet_id;
    end if;
    raise sqlstate 'PT404' using
      message = 'This invite is no longer good',
      detail = 'It was used, withdrawn, is older than seven days, or who made it owns the fleet no more.',
      hint = 'Ask for a new one.';
  end if;
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

create function private.delete_account() returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if auth.uid() is null then
    raise sqlstate 'PT401' using message = 'Sign in first';
  end if;
  perform private.lock_owned_devices(auth.uid());
  delete from auth.users u where u.id = auth.uid();
end $$;
comment on function private.delete_account() is 'Deletes the caller''s account; memberships and what they were the only member of go with it.';
grant execute on function private.delete_account() to authenticated;

create function public.delete_account() returns void
language sql volatile set search_path = ''
return private.delete_account();
comment on function public.delete_account() is 'Deletes the caller''s account. Fleets in which nobody else is go with everything in them, their devices released; the last owner of a fleet with other members hands over first.';
grant execute on function public.delete_account() to authenticated;
