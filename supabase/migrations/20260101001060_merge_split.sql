-- Merging and splitting, and saying something about entries of any kind. People of a fleet take turns before anything is
-- looked at: of two who merge the same sessions, the second one finds them merged.

create function private.refuse_unmergeable(ids uuid[], fleet uuid, plane uuid) returns void
language plpgsql stable set search_path = '' as $$
begin
  if exists (
    select from unnest(ids) id
    where not exists (select from public.sessions s where s.session_id = id and s.fleet_id = any (private.fleets_as('editor')))
  ) then
    raise sqlstate 'PT404' using message = 'There is no such session in the fleets that you may edit';
  elsif exists (
    select from public.sessions s
    where s.session_id = any (ids) and (s.plane_id is distinct from plane or s.fleet_id is distinct from fleet)
  ) or plane is null then
    raise sqlstate 'PT400' using message = 'The sessions of one entry belong to one plane';
  elsif exists (select from public.sessions s where s.session_id = any (ids) and s.is_overlaid) then
    raise sqlstate 'PT409' using
      message = 'One of these sessions is in another entry, or split, already', hint = 'Undo that first.';
  elsif (
    select max(s.effective_start) - min(s.effective_start) > private.longest_merge()
    from public.sessions s where s.session_id = any (ids)
  ) then
    raise sqlstate 'PT400' using
      message = format('The sessions of one entry begin within %s days', extract(day from private.longest_merge()));
  end if;
end $$;
comment on function private.refuse_unmergeable(uuid[], uuid, uuid) is 'Refuses sessions that cannot become one entry of a plane.';

-- What no longer holds gives way to what is said now.
create function private.undo_idle_merges(ids uuid[]) returns void
language sql volatile set search_path = ''
begin atomic
  delete from public.merged_entries e using public.merged_sessions ms
  where ms.session_id = any (ids) and ms.entry_id = e.entry_id and not e.in_force
    and e.fleet_id = any (private.fleets_as('editor'));
end;
comment on function private.undo_idle_merges(uuid[]) is 'Takes merges of these sessions back that are not in force.';

create function private.merge_sessions(
  wanted uuid[], as_class public.session_class, as_pilot text, as_remarks text, entry uuid
) returns public.merged_entries
language plpgsql volatile security definer set search_path = '' as $$
declare
  ids constant uuid[] := array(select distinct id from unnest(wanted) id where id is not null order by id);
  place record;
  made public.merged_entries;
begin
  perform private.lock_own_fleets();
  if entry is not null then
    select * into made from public.merged_entries e where e.entry_id = entry and e.fleet_id = any (private.fleets_as('editor'));
    if found and ids = array(select ms.session_id from public.merged_sessions ms where ms.entry_id = entry order by 1) then
      return made;
    elsif substr(entry::text, 15, 1) <> '4' or exists (select from public.merged_entries e where e.entry_id = entry) then
      raise sqlstate 'PT409' using
        message = 'This entry_id is already taken', hint = 'Leave entry_id out, or give a random UUID (version 4).';
    end if;
  end if;
  if cardinality(ids) not between 2 and private.most_merged_sessions() then
    raise sqlstate 'PT400' using message = format('One entry is made of 2 to %s sessions', private.most_merged_sessions());
  end if;
  select s.fleet_id, s.plane_id into place from public.sessions s where s.session_id = ids[1];
  perform private.undo_idle_merges(ids);
  perform private.refuse_unmergeable(ids, place.fleet_id, place.plane_id);
  insert into public.merged_entries (entry_id, fleet_id, class, pilot, remarks)
  select coalesce(entry, gen_random_uuid()), place.fleet_id,
    coalesce(as_class, case when count(distinct n.class) = 1 then min(n.class) end),
    coalesce(as_pilot, case when count(distinct n.pilot) = 1 then min(n.pilot) end),
    coalesce(as_remarks, left(string_agg(n.remarks, '; ' order by s.effective_start, s.session_id), 2000))
  from public.sessions s left join public.session_annotations n on n.session_id = s.session_id
  where s.session_id = any (ids)
  returning * into made;
  insert into public.merged_sessions (session_id, entry_id, fleet_id) select id, made.entry_id, made.fleet_id from unnest(ids) id;
  perform private.refresh_merged(array[made.entry_id]);
  select * into made from public.merged_entries e where e.entry_id = made.entry_id;
  return made;
end $$;
comment on function private.merge_sessions(uuid[], public.session_class, text, text, uuid) is 'Makes sessions one entry of the log.';
grant execute on function private.merge_sessions(uuid[], public.session_class, text, text, uuid) to authenticated;

create function public.merge_sessions(
  session_ids uuid[], class public.session_class default null, pilot text default null, remarks text default null,
  entry_id uuid default null
) returns public.merged_entries
language sql volatile set search_path = ''
return private.merge_sessions(session_ids, class, pilot, remarks, entry_id);
comment on function public.merge_sessions(uuid[], public.session_class, text, text, uuid) is 'Makes 2 to 50 sessions of one plane that begin within 31 days one entry of the log (role editor). What is left out is what the sessions say: class and pilot if they agree, remarks one after the other. The same entry_id again with the same sessions makes nothing twice. Deleting the row takes it back.';
grant execute on function public.merge_sessions(uuid[], public.session_class, text, text, uuid) to authenticated;

create function private.editable_entry(entry uuid) returns public.merged_entries
language plpgsql stable set search_path = '' as $$
declare
  found_entry public.merged_entries;
begin
  select * into found_entry from public.merged_entries e
  where e.entry_id = entry and e.fleet_id = any (private.fleets_as('editor'));
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such merged entry in the fleets that you may edit';
  end if;
  return found_entry;
end $$;
comment on function private.editable_entry(uuid) is 'A merged entry that the caller may change.';

create function private.add_to_entry(entry uuid, wanted uuid[]) returns public.merged_entries
language plpgsql volatile security definer set search_path = '' as $$
declare
  made public.merged_entries;
  there uuid[];
  ids uuid[];
begin
  perform private.lock_own_fleets();
  made := private.editable_entry(entry);
  there := array(select ms.session_id from public.merged_sessions ms where ms.entry_id = entry);
  -- Who adds a second time because the first answer got lost adds nothing.
  ids := array(select distinct id from unnest(wanted) id where id is not null and id <> all (there));
  if not made.in_force then
    raise sqlstate 'PT409' using
      message = 'The sessions of this entry are on different planes now', hint = 'Undo the merge, and merge again.';
  elsif cardinality(there) + cardinality(ids) > private.most_merged_sessions() then
    raise sqlstate 'PT400' using message = format('One entry is made of 2 to %s sessions', private.most_merged_sessions());
  end if;
  perform private.undo_idle_merges(ids);
  perform private.refuse_unmergeable(ids, made.fleet_id, made.plane_id);
  insert into public.merged_sessions (session_id, entry_id, fleet_id) select id, entry, made.fleet_id from unnest(ids) id;
  perform private.refresh_merged(array[entry]);
  return private.editable_entry(entry);
end $$;
comment on function private.add_to_entry(uuid, uuid[]) is 'Adds sessions to a merged entry.';
grant execute on function private.add_to_entry(uuid, uuid[]) to authenticated;

create function public.add_to_entry(entry_id uuid, session_ids uuid[]) returns public.merged_entries
language sql volatile set search_path = ''
return private.add_to_entry(entry_id, session_ids);
comment on function public.add_to_entry(uuid, uuid[]) is 'Adds sessions of its plane to a merged entry (role editor): one that arrived late between two of its own, say.';
grant execute on function public.add_to_entry(uuid, uuid[]) to authenticated;

create function private.take_out_of_entry(entry uuid, unwanted uuid[]) returns public.merged_entries
language plpgsql volatile security definer set search_path = '' as $$
declare
  made public.merged_entries;
begin
  perform private.lock_own_fleets();
  perform private.editable_entry(entry);
  delete from public.merged_sessions ms where ms.entry_id = entry and ms.session_id = any (unwanted);
  if (select count(*) from public.merged_sessions ms where ms.entry_id = entry) < 2 then
    delete from public.merged_entries e where e.entry_id = entry;
    return null;
  end if;
  select * into made from public.merged_entries e where e.entry_id = entry;
  return made;
end $$;
comment on function private.take_out_of_entry(uuid, uuid[]) is 'Lets sessions of a merged entry stand by themselves again.';
grant execute on function private.take_out_of_entry(uuid, uuid[]) to authenticated;

create function public.take_out_of_entry(entry_id uuid, session_ids uuid[]) returns public.merged_entries
language sql volatile set search_path = ''
return private.take_out_of_entry(entry_id, session_ids);
comment on function public.take_out_of_entry(uuid, uuid[]) is 'Lets sessions of a merged entry stand by themselves again (role editor); with fewer than two left, the entry is gone and null is returned.';
grant execute on function public.take_out_of_entry(uuid, uuid[]) to authenticated;

create function private.editable_session(session uuid) returns public.sessions
language plpgsql stable set search_path = '' as $$
declare
  found_session public.sessions;
begin
  select * into found_session from public.sessions s
  where s.session_id = session and s.fleet_id = any (private.fleets_as('editor'));
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such session in the fleets that you may edit';
  end if;
  return found_session;
end $$;
comment on function private.editable_session(uuid) is 'A session that the caller may annotate.';

create function private.split_session(session uuid, parts jsonb) returns setof public.session_parts
language plpgsql volatile security definer set search_path = '' as $$
declare
  shortest_part constant integer := 60;
  most_parts constant integer := 20;
  whole public.sessions;
begin
  perform private.lock_own_fleets();
  whole := private.editable_session(session);
  perform private.undo_idle_merges(array[session]);
  if exists (select from public.merged_sessions ms where ms.session_id = session) then
    raise sqlstate 'PT409' using message = 'This session is merged with others', hint = 'Undo that first.';
  elsif jsonb_typeof(parts) is distinct from 'array' or jsonb_array_length(parts) not between 2 and most_parts then
    raise sqlstate 'PT400' using message = format('A session is split into 2 to %s parts', most_parts);
  elsif exists (
    select from (
      select cut.from_seconds, row_number() over in_order as number,
        lead(cut.from_seconds, 1, extract(epoch from whole.session_end - whole.effective_start)::integer) over in_order as until
      from jsonb_to_recordset(parts) as cut (from_seconds integer)
      window in_order as (order by cut.from_seconds)
    ) piece
    where piece.from_seconds is null or piece.number = 1 and piece.from_seconds <> 0
      or piece.until - piece.from_seconds < shortest_part
  ) then
    raise sqlstate 'PT400' using
      message = format('The first part begins at 0, and each is at least %s seconds long', shortest_part),
      detail = format('The session is %s seconds long.', extract(epoch from whole.session_end - whole.effective_start)::integer);
  end if;
  delete from public.session_parts p where p.session_id = session;
  insert into public.session_parts (entry_id, session_id, fleet_id, from_seconds, effective_start, class, pilot, remarks)
  select coalesce(cut.entry_id, gen_random_uuid()), session, whole.fleet_id, cut.from_seconds, whole.effective_start,
    cut.class, cut.pilot, cut.remarks
  from jsonb_to_recordset(parts) as cut (
    entry_id uuid, from_seconds integer, class public.session_class, pilot text, remarks text
  );
  perform private.refresh_parts(array[session]);
  return query select * from public.session_parts p where p.session_id = session order by p.from_seconds;
exception
  when unique_violation then
    raise sqlstate 'PT409' using
      message = 'One of these entry_ids is already taken', hint = 'Leave entry_id out, or give random UUIDs (version 4).';
  when invalid_text_representation or numeric_value_out_of_range or invalid_parameter_value then
    raise sqlstate 'PT400' using message = 'The parts cannot be read', detail = sqlerrm,
      hint = 'Each is {"from_seconds": ..., "class": ..., "pilot": ..., "remarks": ...}, all but the first optional.';
end $$;
comment on function private.split_session(uuid, jsonb) is 'Cuts a session into parts, instead of those that it has.';
grant execute on function private.split_session(uuid, jsonb) to authenticated;

create function public.split_session(session_id uuid, parts jsonb) returns setof public.session_parts
language sql volatile rows 20 set search_path = ''
begin atomic
  select * from private.split_session(session_id, parts);
end;
comment on function public.split_session(uuid, jsonb) is 'Cuts a session at moments into 2 to 20 parts, each an entry of the log (role editor): an array of {from_seconds, class, pilot, remarks, entry_id}, all but the first optional. The first part begins at 0, the last one ends with the session, and grows with it. Parts that the session has already are replaced.';
grant execute on function public.split_session(uuid, jsonb) to authenticated;

create function private.join_session(session uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.lock_own_fleets();
  perform private.editable_session(session);
  delete from public.session_parts p where p.session_id = session;
end $$;
comment on function private.join_session(uuid) is 'Takes the parts of a session back.';
grant execute on function private.join_session(uuid) to authenticated;

create function public.join_session(session_id uuid) returns void
language sql volatile set search_path = ''
return private.join_session(session_id);
comment on function public.join_session(uuid) is 'Takes the parts of a session back (role editor): it is one entry again, with what was said about it before.';
grant execute on function public.join_session(uuid) to authenticated;

create function private.annotate_entries(said jsonb) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  most_entries constant integer := 1000;
  -- Who may edit is asked of each row that is found: an id is made by who enters or merges, and may be another's, too.
  mine uuid[];
begin
  if jsonb_typeof(said) is distinct from 'array' or jsonb_array_length(said) > most_entries then
    raise sqlstate 'PT400' using message = format('Up to %s entries can be annotated at once', most_entries);
  end if;
  perform private.lock_own_fleets();
  mine := private.fleets_as('editor');
  if exists (
    select from jsonb_array_elements(said) one
    left join public.sessions s on s.session_id = (one ->> 'entry_id')::uuid and not s.in_entry and s.fleet_id = any (mine)
    left join public.merged_entries m on m.entry_id = (one ->> 'entry_id')::uuid and m.fleet_id = any (mine)
    left join public.session_parts p on p.entry_id = (one ->> 'entry_id')::uuid and p.fleet_id = any (mine)
    where num_nonnulls(s.fleet_id, m.fleet_id, p.fleet_id) = 0
  ) then
    raise sqlstate 'PT404' using message = 'There is no such entry in the fleets that you may edit',
      hint = 'It may have been merged or split in the meantime.';
  elsif exists (
    select from jsonb_array_elements(said) one join public.session_parts p on p.entry_id = (one ->> 'entry_id')::uuid
    where one ? 'excluded' and p.fleet_id = any (mine)
  ) then
    raise sqlstate 'PT400' using message = 'A part cannot be excluded by itself', hint = 'Exclude the session.';
  end if;
  with one as materialized (
    select (item ->> 'entry_id')::uuid as entry_id, item from jsonb_array_elements(said) item
  ), about_session as (
    select s.session_id, one.item, true as is_whole
    from one join public.sessions s on s.session_id = one.entry_id and not s.in_entry and s.fleet_id = any (mine)
    union all
    -- what counts is said of sessions
    select ms.session_id, one.item, false from one join public.merged_sessions ms on ms.entry_id = one.entry_id
    where one.item ? 'excluded' and ms.fleet_id = any (mine)
  )
  insert into public.session_annotations (session_id, class, pilot, remarks, excluded)
  select about.session_id,
    case when about.is_whole and about.item ? 'class' then (about.item ->> 'class')::public.session_class else n.class end,
    case when about.is_whole and about.item ? 'pilot' then about.item ->> 'pilot' else n.pilot end,
    case when about.is_whole and about.item ? 'remarks' then about.item ->> 'remarks' else n.remarks end,
    case when about.item ? 'excluded' then (about.item ->> 'excluded')::boolean else coalesce(n.excluded, false) end
  from about_session about left join public.session_annotations n on n.session_id = about.session_id
  order by about.session_id
  on conflict (session_id) do update set class = excluded.class, pilot = excluded.pilot, remarks = excluded.remarks,
    excluded = excluded.excluded;
  update public.merged_entries m set
    class = case when item ? 'class' then (item ->> 'class')::public.session_class else m.class end,
    pilot = case when item ? 'pilot' then item ->> 'pilot' else m.pilot end,
    remarks = case when item ? 'remarks' then item ->> 'remarks' else m.remarks end
  from jsonb_array_elements(said) item
  where m.entry_id = (item ->> 'entry_id')::uuid and m.fleet_id = any (mine) and item ?| array['class', 'pilot', 'remarks'];
  update public.session_parts p set
    class = case when item ? 'class' then (item ->> 'class')::public.session_class else p.class end,
    pilot = case when item ? 'pilot' then item ->> 'pilot' else p.pilot end,
    remarks = case when item ? 'remarks' then item ->> 'remarks' else p.remarks end
  from jsonb_array_elements(said) item
  where p.entry_id = (item ->> 'entry_id')::uuid and p.fleet_id = any (mine);
  return jsonb_array_length(said);
exception
  when invalid_text_representation or cardinality_violation then
    raise sqlstate 'PT400' using message = 'The annotations cannot be read', detail = sqlerrm;
end $$;
comment on function private.annotate_entries(jsonb) is 'Says something about entries of any kind: about all of them or none.';
grant execute on function private.annotate_entries(jsonb) to authenticated;

create function public.annotate_entries(said jsonb) returns integer
language sql volatile set search_path = ''
return private.annotate_entries(said);
comment on function public.annotate_entries(jsonb) is 'Says something about up to 1,000 entries of the log (role editor), about all of them or none: an array of {entry_id, class, pilot, remarks, excluded}, of which only what is given changes. Whether it counts is said of all sessions of a merged entry, and cannot be said of a part. Returns how many.';
grant execute on function public.annotate_entries(jsonb) to authenticated;

create function public.merge_suggestions(fleet_id uuid)
returns table (
  plane_id uuid, session_ids uuid[], gap_seconds integer, effective_start timestamptz, session_end timestamptz, entry_id uuid
)
language sql stable rows 50 set search_path = ''
begin atomic
  with candidate as materialized (
    select s.plane_id, s.session_id, null::uuid as entry_id, s.effective_start, s.session_end, p.merge_gap_seconds
    from public.sessions s join public.planes p on p.plane_id = s.plane_id
    where s.fleet_id = merge_suggestions.fleet_id and s.effective_start > private.clock() - interval '92 days'
      and not s.is_overlaid and s.counts and p.merge_gap_seconds > 0
      -- what shares time was on at the same time: a second board, or an entry by hand, but not the same flight
      and not s.overlaps
      and private.is_over(s.status, s.heard_at, s.device_uuid, s.effective_start)
    union all
    select m.plane_id, null, m.entry_id, m.effective_start, (
        select max(one.session_end) from public.merged_sessions ms join public.sessions one on one.session_id = ms.session_id
        where ms.entry_id = m.entry_id and one.plane_id = m.plane_id
      ), p.merge_gap_seconds
    from public.merged_entries m join public.planes p on p.plane_id = m.plane_id
    where m.fleet_id = merge_suggestions.fleet_id and m.in_force and m.effective_start > private.clock() - interval '92 days'
      and p.merge_gap_seconds > 0
  ), gap as (
    select c.*, extract(epoch from c.effective_start - max(c.session_end) over earlier)::integer as since_last
    from candidate c
    window earlier as (
      partition by c.plane_id order by c.effective_start, c.session_id rows between unbounded preceding and 1 preceding
    )
  ), run as (
    -- less than nothing is between an entry and what came late into it
    select g.*, count(*) filter (where g.since_last is null or g.since_last >= g.merge_gap_seconds) over (partition by g.plane_id order by g.effective_start, g.session_id) as number
    from gap g
  )
  select r.plane_id, array_agg(r.session_id order by r.effective_start, r.session_id) filter (where r.session_id is not null),
    (sum(greatest(r.since_last, 0)) filter (where r.since_last < r.merge_gap_seconds))::integer,
    min(r.effective_start), max(r.session_end), (array_agg(r.entry_id) filter (where r.entry_id is not null))[1]
  from run r
  group by r.plane_id, r.number
  having count(r.entry_id) <= 1 and count(r.session_id) >= 2 - count(r.entry_id) and count(*) <= private.most_merged_sessions()
    and max(r.effective_start) - min(r.effective_start) <= private.longest_merge()
  order by min(r.effective_start) desc, r.plane_id limit 50;
end;
comment on function public.merge_suggestions(uuid) is 'Sessions of the last 92 days, the newest 50 runs, that may have been one flight: of one plane, ended, with less time between them than its merge_gap_seconds; entry_id: a merged entry that they may belong to (add_to_entry). Nothing is merged by itself.';
grant execute on function public.merge_suggestions(uuid) to authenticated;
