-- The log that people sign is made of entries: by default one per session. Several sessions of one plane can be merged
-- into one entry, and a session can be split into parts. Both are overlays: sessions, what was said about them, and totals
-- stay as they are, and what is taken back leaves nothing behind. What an entry's place in the log follows from is kept
-- beside what people say of it, and follows its sessions; lengths and figures are worked out when they are read.

create type public.entry_kind as enum ('session', 'merged', 'part');
comment on type public.entry_kind is 'What an entry of the log is: a session, several sessions as one, or a part of a session.';

create table public.merged_entries (
  entry_id uuid primary key default gen_random_uuid(),
  fleet_id uuid not null references public.fleets on delete cascade,
  class public.session_class,
  pilot text constraint pilot_length check (char_length(pilot) <= 120),
  remarks text constraint remarks_length check (char_length(remarks) <= 2000),
  author_id uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default private.clock(),
  updated_at timestamptz not null default private.clock(),
  -- derived
  in_force boolean not null default false,
  plane_id uuid,
  device_uuid uuid,
  effective_start timestamptz,
  start_source public.start_source,
  excluded boolean not null default false,
  flagged boolean not null default false,
  "overlaps" boolean not null default false,
  short boolean not null default false,
  session_ids uuid[],
  last_session_id uuid,
  session_end timestamptz,
  run_seconds integer,
  counts boolean,
  by_hand boolean,
  is_estimated boolean,
  clock_checked boolean,
  corrected boolean,
  start_uncertainty_s integer,
  checkpoint_seconds integer,
  held_seconds integer,
  engine_seconds integer,
  bus_start_mv integer,
  bus_min_mv integer,
  bus_max_mv integer,
  received_at timestamptz,
  foreign key (fleet_id, plane_id) references public.planes (fleet_id, plane_id),
  unique (fleet_id, entry_id)
);
create index merged_entries_by_fleet on public.merged_entries (fleet_id, effective_start desc, entry_id desc) where in_force;
create index merged_entries_by_plane on public.merged_entries (plane_id, effective_start desc, entry_id desc) where in_force;
create index merged_entries_by_author on public.merged_entries (author_id);
comment on table public.merged_entries is 'Entries of the log that are several sessions of one plane: what a person says about them together.';
comment on column public.merged_entries.entry_id is 'The entry; a UUID of version 4, made by who merges.';
comment on column public.merged_entries.fleet_id is 'The fleet of its sessions.';
comment on column public.merged_entries.class is 'What it was; null: nobody has said.';
comment on column public.merged_entries.pilot is 'Who flew.';
comment on column public.merged_entries.remarks is 'Remarks.';
comment on column public.merged_entries.author_id is 'Who said so last; null for a former member.';
comment on column public.merged_entries.created_at is 'When it was merged (server time).';
comment on column public.merged_entries.updated_at is 'When it was last said (server time).';
comment on column public.merged_entries.in_force is 'Whether at least two of its sessions are on one plane: if not, each stands in the log by itself.';
comment on column public.merged_entries.plane_id is 'The plane on which most of its sessions are, the earliest of several such; null: not in force.';
comment on column public.merged_entries.device_uuid is 'The device of all its sessions; null: several, or entered by hand.';
comment on column public.merged_entries.effective_start is 'That of its first session.';
comment on column public.merged_entries.start_source is 'estimated if one of its sessions is; else that of the first.';
comment on column public.merged_entries.excluded is 'All of its sessions are left out of the totals.';
comment on column public.merged_entries.flagged is 'One of its sessions is flagged.';
comment on column public.merged_entries."overlaps" is 'One of its sessions shares time with another one of the plane.';
comment on column public.merged_entries.short is 'Under three minutes (private.short_session).';
comment on column public.merged_entries.session_ids is 'Its sessions on that plane, the first one first.';
comment on column public.merged_entries.last_session_id is 'The one that ends last.';
comment on column public.merged_entries.session_end is 'When that one ends.';
comment on column public.merged_entries.run_seconds is 'Whole seconds of power in those of its sessions that count (in all, if none does), shared time once.';
comment on column public.merged_entries.counts is 'One of its sessions is part of the totals.';
comment on column public.merged_entries.by_hand is 'One of its sessions was entered by hand.';
comment on column public.merged_entries.is_estimated is 'The start of one of its sessions is estimated, and nobody has looked at it.';
comment on column public.merged_entries.clock_checked is 'A person looked at the times of all its sessions.';
comment on column public.merged_entries.corrected is 'The start of one of its sessions was corrected by a person.';
comment on column public.merged_entries.start_uncertainty_s is 'The most plus or minus seconds of an estimated start; null: unknown, or not estimated.';
comment on column public.merged_entries.checkpoint_seconds is 'Sum of its sessions'' checkpoint intervals.';
comment on column public.merged_entries.held_seconds is 'What came after a release and does not count until somebody has looked; null: nothing did.';
comment on column public.merged_entries.engine_seconds is 'Sum of its sessions'' engine time; null: none was sensed.';
comment on column public.merged_entries.bus_start_mv is 'Millivolts of the bus before its first session; null: not sensed.';
comment on column public.merged_entries.bus_min_mv is 'Lowest millivolts of the bus; null: not sensed.';
comment on column public.merged_entries.bus_max_mv is 'Highest millivolts of the bus; null: not sensed.';
comment on column public.merged_entries.received_at is 'When the first message about any of its sessions arrived (server time).';

create table public.merged_sessions (
  session_id uuid primary key references public.sessions on delete cascade,
  entry_id uuid not null,
  fleet_id uuid not null,
  foreign key (fleet_id, entry_id) references public.merged_entries (fleet_id, entry_id) on delete cascade
);
create index merged_sessions_by_entry on public.merged_sessions (entry_id);
create index merged_sessions_by_fleet on public.merged_sessions (fleet_id, session_id);
comment on table public.merged_sessions is 'Which sessions are merged into which entry; a session into one at most.';
comment on column public.merged_sessions.session_id is 'The session.';
comment on column public.merged_sessions.entry_id is 'The entry that it is merged into.';
comment on column public.merged_sessions.fleet_id is 'The fleet of both.';

create table public.session_parts (
  entry_id uuid primary key default gen_random_uuid(),
  session_id uuid not null references public.sessions on delete cascade,
  fleet_id uuid not null references public.fleets on delete cascade,
  from_seconds integer not null check (from_seconds between 0 and private.longest_session()),
  class public.session_class,
  pilot text constraint pilot_length check (char_length(pilot) <= 120),
  remarks text constraint remarks_length check (char_length(remarks) <= 2000),
  author_id uuid references auth.users (id) on delete set null,
  created_at timestamptz not null default private.clock(),
  updated_at timestamptz not null default private.clock(),
  -- derived
  in_force boolean not null default true,
  plane_id uuid,
  device_uuid uuid,
  effective_start timestamptz not null,
  start_source public.start_source,
  excluded boolean not null default false,
  flagged boolean not null default false,
  "overlaps" boolean not null default false,
  short boolean not null default false,
  until_seconds integer,
  session_end timestamptz,
  part_number integer,
  part_count integer,
  unique (session_id, from_seconds)
);
create index session_parts_by_fleet on public.session_parts (fleet_id, effective_start desc, entry_id desc) where in_force;
create index session_parts_by_plane on public.session_parts (plane_id, effective_start desc, entry_id desc) where in_force;
create index session_parts_of_fleet on public.session_parts (fleet_id, entry_id);
create index session_parts_by_author on public.session_parts (author_id);
comment on table public.session_parts is 'Entries of the log that are parts of a session, which was cut at moments: what a person says about each.';
comment on column public.session_parts.entry_id is 'The part; a UUID of version 4, made by who splits.';
comment on column public.session_parts.session_id is 'The session.';
comment on column public.session_parts.fleet_id is 'The session''s fleet.';
comment on column public.session_parts.from_seconds is 'Seconds into the session at which it begins; it ends where the next one begins, the last one with the session.';
comment on column public.session_parts.class is 'What it was; null: nobody has said.';
comment on column public.session_parts.pilot is 'Who flew.';
comment on column public.session_parts.remarks is 'Remarks.';
comment on column public.session_parts.author_id is 'Who said so last; null for a former member.';
comment on column public.session_parts.created_at is 'When the session was cut there (server time).';
comment on column public.session_parts.updated_at is 'When it was last said (server time).';
comment on column public.session_parts.in_force is 'Whether the session lasts until it begins.';
comment on column public.session_parts.plane_id is 'The session''s plane.';
comment on column public.session_parts.device_uuid is 'The session''s device.';
comment on column public.session_parts.effective_start is 'That of the session plus from_seconds.';
comment on column public.session_parts.start_source is 'Where the session''s clock came from.';
comment on column public.session_parts.excluded is 'The session is left out of the totals.';
comment on column public.session_parts.flagged is 'The session is flagged.';
comment on column public.session_parts."overlaps" is 'The session shares time with another one of its plane.';
comment on column public.session_parts.short is 'The part is under three minutes long (private.short_session).';
comment on column public.session_parts.until_seconds is 'Where the next part in force begins; null: it ends with the session.';
comment on column public.session_parts.session_end is 'When the part ends: where the next one begins, the last one with the session.';
comment on column public.session_parts.part_number is 'Which of the parts in force it is, from 1.';
comment on column public.session_parts.part_count is 'How many parts of the session are in force.';

-- What the log is searched by, as sessions are (20260101000500_sessions.sql).
do $make$
declare
  search record;
begin
  for search in
    select * from unnest('{merged_entries,session_parts}'::text[]) with ordinality as kept (name, number)
    cross join (values
      ('of_flight', 'class = ''flight'''), ('of_ground_run', 'class = ''ground_run'''),
      ('of_maintenance', 'class = ''maintenance'''), ('of_avionics_only', 'class = ''avionics_only'''),
      ('of_test', 'class = ''test'''), ('of_no_class', 'class is null'), ('with_pilot', 'pilot is not null'),
      ('hand_entered', 'device_uuid is null'), ('with_estimate', 'start_source = ''estimated'''), ('flagged', 'flagged'),
      ('excluded', 'excluded'), ('overlapping', '"overlaps"'), ('short', 'short'), ('of_no_plane', 'plane_id is null')
    ) as found (suffix, condition)
    order by kept.number, found.suffix
  loop
    execute format(
      'create index %I on public.%I (fleet_id, effective_start desc, entry_id desc) where in_force and %s',
      search.name || '_' || search.suffix, search.name, search.condition
    );
  end loop;
end $make$;

alter table public.merged_entries enable row level security;
grant select, update (class, pilot, remarks), delete on public.merged_entries to authenticated;
create policy "Members see the merged entries of their fleets" on public.merged_entries for select to authenticated
  using (array_position((select private.fleets_as('viewer')), fleet_id) is not null);
create policy "Editors say what merged entries were" on public.merged_entries for update to authenticated
  using (fleet_id = any ((select private.fleets_as('editor'))::uuid[]))
  with check (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));
create policy "Editors take merges back" on public.merged_entries for delete to authenticated
  using (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));

alter table public.merged_sessions enable row level security;
grant select on public.merged_sessions to authenticated;
create policy "Members see which sessions are merged" on public.merged_sessions for select to authenticated
  using (array_position((select private.fleets_as('viewer')), fleet_id) is not null);

alter table public.session_parts enable row level security;
grant select, update (class, pilot, remarks) on public.session_parts to authenticated;
create policy "Members see the parts of their fleets' sessions" on public.session_parts for select to authenticated
  using (array_position((select private.fleets_as('viewer')), fleet_id) is not null);
create policy "Editors say what parts of sessions were" on public.session_parts for update to authenticated
  using (fleet_id = any ((select private.fleets_as('editor'))::uuid[]))
  with check (fleet_id = any ((select private.fleets_as('editor'))::uuid[]));

create trigger take_turns before insert or update or delete on public.merged_entries
  for each statement execute function private.take_turns();
create trigger take_turns before update on public.session_parts
  for each statement execute function private.take_turns();

-- The author and the time are the server's to say.
create function private.sign_entry() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.pilot := nullif(btrim(new.pilot), '');
  new.remarks := nullif(btrim(new.remarks), '');
  new.author_id := auth.uid();
  new.updated_at := private.clock();
  return new;
end $$;
comment on function private.sign_entry() is 'Puts author and time on what is said about a merged entry or a part.';
create trigger sign_entry before insert or update of class, pilot, remarks on public.merged_entries
  for each row execute function private.sign_entry();
create trigger sign_entry before insert or update of class, pilot, remarks on public.session_parts
  for each row execute function private.sign_entry();

create function private.length(covered tstzmultirange) returns integer
language sql immutable parallel safe set search_path = ''
return (select coalesce(sum(extract(epoch from upper(piece) - lower(piece))), 0)::integer from unnest(covered) piece);
comment on function private.length(tstzmultirange) is 'How many seconds these times are.';
grant execute on function private.length(tstzmultirange) to authenticated;

-- The one place where an entry's place in the log follows from its sessions. The entries are locked before anything is
-- looked at: boards of two planes may write at once about sessions of one entry, and the later one has to see both. A
-- board's post changes no session's plane, so it never waits here for another board's session.
create function private.refresh_merged(entries uuid[]) returns void
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  perform from public.merged_entries e where e.entry_id = any (entries) order by e.entry_id for no key update;
  with member as materialized (
    select ms.entry_id, s.* from public.merged_entries e
    join public.merged_sessions ms on ms.fleet_id = e.fleet_id and ms.entry_id = e.entry_id
    join public.sessions s on s.session_id = ms.session_id
    where e.entry_id = any (entries)
  ), place as (
    select distinct on (here.entry_id) here.entry_id, here.plane_id from (
      select member.entry_id, member.plane_id, count(*) as sessions, min(member.effective_start) as begins
      from member where member.plane_id is not null
      group by member.entry_id, member.plane_id having count(*) >= 2
    ) here
    order by here.entry_id, here.sessions desc, here.begins, here.plane_id
  ), figures as (
    select place.entry_id, place.plane_id, min(member.effective_start) as begins,
      case when count(distinct member.device_uuid) = 1 and count(member.device_uuid) = count(*)
        then (array_agg(member.device_uuid))[1]
      end as device_uuid,
      coalesce(
        min(member.start_source) filter (where member.start_source = 'estimated'),
        (array_agg(member.start_source order by member.effective_start, member.session_id))[1]
      ) as start_source,
      bool_and(member.excluded) as excluded, bool_or(member.flagged) as flagged, bool_or(member.overlaps) as "overlaps",
      array_agg(member.session_id order by member.effective_start, member.session_id) as session_ids,
      (array_agg(
        member.session_id order by member.session_end desc, member.effective_start desc, member.session_id desc
      ))[1] as last_session_id,
      max(member.session_end) as session_end, private.length(coalesce(
        range_agg(tstzrange(member.effective_start, member.session_end)) filter (where member.counts),
        range_agg(tstzrange(member.effective_start, member.session_end))
      )) as run_seconds,
      bool_or(member.counts) as counts, bool_or(member.device_uuid is null) as by_hand,
      bool_or(coalesce(member.start_source = 'estimated', false) and not member.clock_checked) as is_estimated,
      bool_and(member.clock_checked) as clock_checked, bool_or(said.corrected_start is not null) as corrected,
      max(member.start_uncertainty_s) as start_uncertainty_s, sum(member.checkpoint_seconds) as checkpoint_seconds,
      sum(
        member.run_seconds - least(member.run_seconds, greatest(member.known_at_release, member.looked_at_seconds, 0))
      ) filter (where member.known_at_release is not null) as held_seconds,
      sum(member.engine_seconds) as engine_seconds,
      (array_agg(member.bus_start_mv order by member.effective_start, member.session_id))[1] as bus_start_mv,
      min(member.bus_min_mv) as bus_min_mv, max(member.bus_max_mv) as bus_max_mv, min(member.received_at) as received_at
    from place join member on member.entry_id = place.entry_id and member.plane_id = place.plane_id
    left join public.session_annotations said on said.session_id = member.session_id
    group by place.entry_id, place.plane_id
  ), standing as (
    update public.sessions s set in_entry = place.plane_id is not null
    from member left join place on place.entry_id = member.entry_id and place.plane_id = member.plane_id
    where s.session_id = member.session_id and s.in_entry <> (place.plane_id is not null)
  )
  update public.merged_entries e set in_force = figures.entry_id is not null, plane_id = figures.plane_id,
    device_uuid = figures.device_uuid, effective_start = figures.begins, start_source = figures.start_source,
    excluded = coalesce(figures.excluded, false), flagged = coalesce(figures.flagged, false),
    "overlaps" = coalesce(figures."overlaps", false),
    short = coalesce(figures.run_seconds < private.short_session(), false), session_ids = figures.session_ids,
    last_session_id = figures.last_session_id, session_end = figures.session_end, run_seconds = figures.run_seconds,
    counts = figures.counts, by_hand = figures.by_hand, is_estimated = figures.is_estimated,
    clock_checked = figures.clock_checked, corrected = figures.corrected,
    start_uncertainty_s = figures.start_uncertainty_s, checkpoint_seconds = figures.checkpoint_seconds,
    held_seconds = figures.held_seconds, engine_seconds = figures.engine_seconds, bus_start_mv = figures.bus_start_mv,
    bus_min_mv = figures.bus_min_mv, bus_max_mv = figures.bus_max_mv, received_at = figures.received_at
  from unnest(entries) asked (entry_id) left join figures on figures.entry_id = asked.entry_id
  where e.entry_id = asked.entry_id;
end $$;
comment on function private.refresh_merged(uuid[]) is 'Works out again on which plane merged entries are, whether they hold, and their figures.';

create function private.refresh_parts(split uuid[]) returns void
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  update public.session_parts p set in_force = cut.in_force, plane_id = cut.plane_id, device_uuid = cut.device_uuid,
    effective_start = cut.begins, start_source = cut.start_source, excluded = cut.excluded, flagged = cut.flagged,
    "overlaps" = cut."overlaps", short = cut.short, until_seconds = cut.until_seconds, session_end = cut.ends,
    part_number = cut.part_number, part_count = cut.part_count
  from (
    select one.entry_id, s.plane_id, s.device_uuid, s.start_source, s.excluded, s.flagged, s."overlaps",
      s.effective_start + one.from_seconds * interval '1 second' as begins, one.in_force, one.until_seconds,
      s.effective_start + coalesce(one.until_seconds, one.lasts) * interval '1 second' as ends,
      coalesce(one.until_seconds, one.lasts) - one.from_seconds < private.short_session() as short,
      case when one.in_force then one.part_number end as part_number,
      case when one.in_force then one.part_count end as part_count
    from (
      select cut.*, lead(cut.from_seconds) over in_order as until_seconds, row_number() over in_order as part_number,
        count(*) over (partition by cut.session_id, cut.in_force) as part_count
      from (
        select p.entry_id, p.session_id, p.from_seconds, lasts.seconds as lasts,
          p.from_seconds = 0 or p.from_seconds < lasts.seconds as in_force
        from public.session_parts p join public.sessions s on s.session_id = p.session_id
        cross join lateral (select extract(epoch from s.session_end - s.effective_start)::integer as seconds) lasts
        where p.session_id = any (split)
      ) cut
      window in_order as (partition by cut.session_id, cut.in_force order by cut.from_seconds)
    ) one
    join public.sessions s on s.session_id = one.session_id
  ) cut
  where p.entry_id = cut.entry_id
    and (
      p.in_force, p.plane_id, p.device_uuid, p.effective_start, p.start_source, p.excluded, p.flagged, p."overlaps",
      p.short, p.until_seconds, p.session_end, p.part_number, p.part_count
    ) is distinct from (
      cut.in_force, cut.plane_id, cut.device_uuid, cut.begins, cut.start_source, cut.excluded, cut.flagged,
      cut."overlaps", cut.short, cut.until_seconds, cut.ends, cut.part_number, cut.part_count
    );
end $$;
comment on function private.refresh_parts(uuid[]) is 'Works out again where parts of sessions begin and end, and what the log is searched by.';

-- Only what is merged or split is looked at: for all other sessions, also one that grows every minute, this is one look
-- at the rows that changed.
create function private.entries_follow() returns trigger
language plpgsql security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  changed uuid[];
begin
  if not exists (select from after n where n.is_overlaid) then
    return null;
  end if;
  -- An entry by hand that went to another fleet leaves behind what was said about it in this one.
  if exists (select from before o join after n on n.session_id = o.session_id where o.fleet_id <> n.fleet_id) then
    delete from public.merged_sessions ms using after n where ms.session_id = n.session_id and ms.fleet_id <> n.fleet_id;
    delete from public.session_parts p using after n where p.session_id = n.session_id and p.fleet_id <> n.fleet_id;
  end if;
  select array_agg(n.session_id) into changed
  from before o join after n on n.session_id = o.session_id
  -- whether it stands in the log by itself is what follows
  where n.is_overlaid and o.in_entry = n.in_entry;
  if changed is not null then
    perform private.refresh_merged(array(
      select distinct ms.entry_id from public.merged_sessions ms where ms.session_id = any (changed)
    ));
    perform private.refresh_parts(changed);
  end if;
  return null;
end $$;
comment on function private.entries_follow() is 'After sessions changed: entries that people made of them follow.';
create trigger entries_follow after update on public.sessions
  referencing old table as before new table as after for each statement execute function private.entries_follow();

create function private.merging_changed() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  entries constant uuid[] := array(
    select distinct changed.entry_id from changed where private.is_ending(changed.fleet_id) is not true
  );
begin
  update public.sessions s set is_overlaid = tg_op = 'INSERT', in_entry = s.in_entry and tg_op = 'INSERT'
  from changed where s.session_id = changed.session_id and changed.entry_id = any (entries);
  if tg_op = 'DELETE' then
    delete from public.merged_entries e
    where e.entry_id = any (entries)
      and (select count(*) from public.merged_sessions ms where ms.entry_id = e.entry_id) < 2;
    perform private.refresh_merged(entries);
  end if;
  return null;
end $$;
comment on function private.merging_changed() is 'After sessions were merged, or taken out of an entry: the entry follows, and so does what stands in the log.';
create trigger merging_changed_insert after insert on public.merged_sessions
  referencing new table as changed for each statement execute function private.merging_changed();
create trigger merging_changed_delete after delete on public.merged_sessions
  referencing old table as changed for each statement execute function private.merging_changed();

create function private.splitting_changed() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update public.sessions s set is_overlaid = there.is_split, in_entry = there.is_split
  from (
    select one.session_id, exists (select from public.session_parts p where p.session_id = one.session_id) as is_split
    from (select distinct changed.session_id from changed where private.is_ending(changed.fleet_id) is not true) one
  ) there
  where s.session_id = there.session_id and s.in_entry <> there.is_split;
  return null;
end $$;
comment on function private.splitting_changed() is 'After a session was split, or joined again: what stands in the log follows.';
create trigger splitting_changed_insert after insert on public.session_parts
  referencing new table as changed for each statement execute function private.splitting_changed();
create trigger splitting_changed_delete after delete on public.session_parts
  referencing old table as changed for each statement execute function private.splitting_changed();
