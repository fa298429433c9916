-- Import: a log that was kept elsewhere comes in as entries by hand, all of a file or nothing, and can go again.

create function private.check_importer(fleet uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if fleet is null or not fleet = any (private.fleets_as('viewer')) then
    raise sqlstate 'PT404' using message = 'There is no such fleet among yours';
  elsif not fleet = any (private.fleets_as('editor')) then
    raise sqlstate 'PT403' using message = 'This requires the editor role', hint = 'Ask an owner of the fleet.';
  end if;
end $$;
comment on function private.check_importer(uuid) is 'Refuses who may not import into a fleet.';

create type private.import_row as (
  row_number integer, place bigint, session_id uuid, plane_id uuid, starts timestamptz, seconds integer,
  class public.session_class, pilot text, remarks text, excluded boolean, problem text
);
comment on type private.import_row is 'A row of a file to import, as values; what is none is null.';
comment on column private.import_row.row_number is 'As a spreadsheet counts its rows, or its place in the file.';
comment on column private.import_row.place is 'Its place among the entries, from 1.';
comment on column private.import_row.session_id is 'The identity that the file gives it; null: none.';
comment on column private.import_row.plane_id is 'The plane.';
comment on column private.import_row.starts is 'When it begins.';
comment on column private.import_row.seconds is 'How long it lasts.';
comment on column private.import_row.class is 'What it was; null: the file does not say.';
comment on column private.import_row.pilot is 'Who flew.';
comment on column private.import_row.remarks is 'Remarks.';
comment on column private.import_row.excluded is 'It is left out of the totals; null: the file does not say.';
comment on column private.import_row.problem is 'What is wrong with it; null: nothing is.';

-- What the CHECKs of session_annotations and private.sign_annotation would refuse, said of each row, so that all that is
-- wrong with a file is seen at once. A text is cast only if it is a value of the type.
create function private.import_rows(fleet uuid, entries jsonb) returns setof private.import_row
language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
declare
  most_rows constant integer := 10000;
  iso constant text := '^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})$';
  latest_time constant timestamptz := private.latest_time();
begin
  if jsonb_typeof(entries) is distinct from 'array' or jsonb_array_length(entries) not between 1 and most_rows then
    raise sqlstate 'PT400' using message = 'An import has 1 to 10,000 entries', hint = 'Split a longer file.';
  end if;
  return query
  with said as materialized (
    select e.place, e.entry,
      case when jsonb_typeof(e.entry -> 'row_number') = 'number' and pg_input_is_valid(e.entry ->> 'row_number', 'integer')
        then (e.entry ->> 'row_number')::integer else e.place end as row_number,
      case when pg_input_is_valid(e.entry ->> 'session_id', 'uuid') then (e.entry ->> 'session_id')::uuid end as session_id,
      case when pg_input_is_valid(e.entry ->> 'plane_id', 'uuid') then (e.entry ->> 'plane_id')::uuid end as plane_id,
      case when e.entry ->> 'start' ~ iso and pg_input_is_valid(e.entry ->> 'start', 'timestamptz')
        then date_trunc('second', (e.entry ->> 'start')::timestamptz) end as starts,
      case when jsonb_typeof(e.entry -> 'seconds') = 'number' then (e.entry ->> 'seconds')::numeric end as figure,
      case when pg_input_is_valid(e.entry ->> 'class', 'public.session_class')
        then (e.entry ->> 'class')::public.session_class end as class,
      nullif(btrim(e.entry ->> 'pilot'), '') as pilot,
      nullif(btrim(e.entry ->> 'remarks'), '') as remarks,
      e.entry -> 'excluded' as excluded
    from jsonb_array_elements(entries) with ordinality as e (entry, place)
  ), typed as materialized (
    select said.*, case
      when said.figure = trunc(said.figure) and said.figure between 1 and private.longest_session()
        then said.figure::integer
    end as seconds
    from said
  )
  select typed.row_number::integer, typed.place, typed.session_id, typed.plane_id, typed.starts, typed.seconds, typed.class,
    typed.pilot, typed.remarks, typed.excluded = 'true', case
      when jsonb_typeof(typed.entry) <> 'object' then 'This is no entry'
      when p.plane_id is null then 'There is no such plane in this fleet'
      when typed.starts is null then 'The start is no time such as 2025-10-23T18:00:00Z'
      when typed.starts < private.earliest_entry()
        then format('It starts before %s', extract(year from private.earliest_entry() at time zone 'UTC'))
      when typed.seconds is null
        then format('Its length is not 1 to %s whole seconds (%s days)', private.longest_session(), private.longest_session() / 86400)
      when typed.starts + typed.seconds * interval '1 second' > latest_time then 'It has not ended yet'
      when typed.class is null and typed.entry ->> 'class' is not null
        then 'Its class is none of ' || array_to_string(enum_range(null::public.session_class), ', ')
      when char_length(typed.pilot) > 120 then 'The pilot''s name has over 120 characters'
      when char_length(typed.remarks) > 2000 then 'The remarks have over 2,000 characters'
      when jsonb_typeof(typed.excluded) not in ('boolean', 'null') then 'Excluded is true or false'
      when typed.session_id is null and typed.entry ->> 'session_id' is not null
        or substr(typed.session_id::text, 15, 1) <> '4' then 'Its session_id is no random UUID (version 4)'
      when row_number() over (partition by typed.session_id order by typed.place) > 1 and typed.session_id is not null
        then 'An earlier row has its session_id'
      when taken.session_id is not null then 'There is a session with its session_id already'
    end
  from typed
  left join public.planes p on p.plane_id = typed.plane_id and p.fleet_id = fleet
  left join public.session_annotations taken on taken.session_id = typed.session_id;
end $$;
comment on function private.import_rows(uuid, jsonb) is 'The entries of a file as values, in any order, and what is wrong with each; null: nothing is.';

create function private.met_session(plane uuid, begins timestamptz, ends timestamptz) returns uuid
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  return coalesce(private.duplicate_of(plane, begins, ends), (
    select near.session_id from private.sessions_touching(plane, begins, ends) near
    where near.effective_start < ends and near.session_end > begins
    order by near.effective_start, near.session_id limit 1
  ));
end $$;
comment on function private.met_session(uuid, timestamptz, timestamptz) is 'The first session of a plane with which a time entered by hand shares some: within its uncertainty, if a device reported it.';

create function private.entry_of(session uuid, t timestamptz) returns uuid
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  return (
    select case when not s.in_entry then s.session_id else coalesce(
      (select ms.entry_id from public.merged_sessions ms where ms.session_id = s.session_id),
      (
        select p.entry_id from public.session_parts p where p.session_id = s.session_id and p.in_force
        order by p.effective_start <= t desc, abs(extract(epoch from p.effective_start - t)) limit 1
      )
    ) end
    from public.sessions s where s.session_id = session
  );
end $$;
comment on function private.entry_of(uuid, timestamptz) is 'The entry of the log in which a session stands: itself, what it is merged into, or of its parts the one at a time, else the first.';

-- A session that was merged or split still is the one that a file has; a file may have it as the log does, too.
create function private.same_entry(plane uuid, begins timestamptz, seconds integer) returns uuid
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  return coalesce((
    select private.entry_of(s.session_id, begins) from public.sessions s
    where s.plane_id = plane and s.effective_start = begins and s.run_seconds = seconds
    order by s.session_id limit 1
  ), (
    select e.entry_id from public.merged_entries e
    where e.plane_id = plane and e.effective_start = begins and e.in_force and seconds = (
      select private.length(coalesce(
        range_agg(tstzrange(s.effective_start, s.session_end)) filter (where s.counts),
        range_agg(tstzrange(s.effective_start, s.session_end))
      ))
      from public.merged_sessions ms join public.sessions s on s.session_id = ms.session_id
      where ms.entry_id = e.entry_id and s.plane_id = plane
    )
    order by e.entry_id limit 1
  ), (
    select p.entry_id from public.session_parts p join public.sessions s on s.session_id = p.session_id
    where p.plane_id = plane and p.effective_start = begins and p.in_force
      and begins + seconds * interval '1 second' = coalesce((
        select min(next.effective_start) from public.session_parts next
        where next.session_id = p.session_id and next.in_force and next.effective_start > begins
      ), s.session_end)
    order by p.entry_id limit 1
  ));
end $$;
comment on function private.same_entry(uuid, timestamptz, integer) is 'The entry of a plane that has this start and length, or whose session has; null: none.';

create function private.check_import(fleet uuid, entries jsonb)
returns table (row_number integer, fate text, entry_id uuid, message text)
language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
begin
  perform private.check_importer(fleet);
  return query
  with entry as materialized (
    select r.row_number, r.place, r.plane_id, r.starts, r.seconds, r.starts + r.seconds * interval '1 second' as ends,
      coalesce(r.problem, case
        when r.starts < f.locked_until then format('The log is locked until %s', private.iso_time(f.locked_until))
      end) as problem
    from private.import_rows(fleet, entries) r
    join public.fleets f on f.fleet_id = fleet
  ), beside as materialized (
    -- Of the rows that begin before this one, that which ends last: if any reaches into it, this one does.
    select good.place, max(array[extract(epoch from good.ends)::bigint, good.row_number]) over (
      partition by good.plane_id order by good.starts, good.place rows between unbounded preceding and 1 preceding
    ) as before
    from entry good where good.problem is null
  ), looked_up as materialized (
    select entry.*, same.entry_id as same_id,
      case when same.entry_id is null and entry.problem is null
        then private.entry_of(private.met_session(entry.plane_id, entry.starts, entry.ends), entry.starts)
      end as met_id,
      case when to_timestamp(beside.before[1]) > entry.starts then beside.before[2] end as met_row
    from entry
    left join beside on beside.place = entry.place
    cross join lateral (
      select case when entry.problem is null then private.same_entry(entry.plane_id, entry.starts, entry.seconds) end
        as entry_id
      offset 0  -- or it would be worked out again at each of its uses
    ) same
  )
  select l.row_number,
    case
      when l.problem is not null then 'error'
      when l.same_id is not null then 'same'
      when l.met_id is not null or l.met_row is not null then 'possible_duplicate'
      else 'new'
    end,
    coalesce(l.same_id, l.met_id),
    coalesce(l.problem, case when l.same_id is null and l.met_id is null then 'It shares time with row ' || l.met_row end)
  from looked_up l order by l.place;
end $$;
comment on function private.check_import(uuid, jsonb) is 'What would become of each row of a file.';
grant execute on function private.check_import(uuid, jsonb) to authenticated;

create function public.check_import(fleet_id uuid, entries jsonb)
returns table (row_number integer, fate text, entry_id uuid, message text)
language sql stable set search_path = ''
begin atomic
  select c.row_number, c.fate, c.entry_id, c.message from private.check_import(fleet_id, entries) c;
end;
comment on function public.check_import(uuid, jsonb) is 'What import_sessions would make of each row (role editor), and changes nothing: new, same (the plane has an entry with its start and length), possible_duplicate (it shares time with an entry of the plane, or, entry_id null, with another row that begins before it) or error (message says why).';
grant execute on function public.check_import(uuid, jsonb) to authenticated;

create function private.import_sessions(
  batch uuid, fleet uuid, batch_name text, file text, how jsonb, entries jsonb
) returns public.import_batches
language plpgsql volatile security definer set search_path = '' as $$
declare
  made public.import_batches;
  rows private.import_row[];
  wrong record;
begin
  perform private.lock_own_fleets();
  perform private.check_importer(fleet);
  if batch is null then
    raise sqlstate 'PT400' using message = 'An import has a batch_id', hint = 'Give a random UUID.';
  end if;
  select * into made from public.import_batches b where b.batch_id = batch and b.fleet_id = fleet;
  if found then
    return made;
  end if;
  rows := array(select r from private.import_rows(fleet, entries) r order by r.place);
  select r.row_number, r.problem into wrong from unnest(rows) r where r.problem is not null order by r.place limit 1;
  if found then
    raise sqlstate 'PT400' using
      message = format('Row %s: %s', wrong.row_number, wrong.problem),
      detail = 'Nothing was imported.',
      hint = 'check_import says so for every row.';
  end if;
  insert into public.import_batches (batch_id, fleet_id, name, file_name, mapping, row_count, author_id)
  values (batch, fleet, batch_name, file, coalesce(how, '{}'), jsonb_array_length(entries), auth.uid())
  on conflict (batch_id) do nothing returning * into made;
  if not found then
    raise sqlstate 'PT409' using message = 'This batch_id is taken', hint = 'Give another random UUID.';
  end if;
  insert into public.session_annotations (
    session_id, fleet_id, class, pilot, remarks, excluded, hand_plane_id, hand_start, hand_seconds, batch_id
  )
  select coalesce(r.session_id, gen_random_uuid()), fleet, r.class, r.pilot, r.remarks, coalesce(r.excluded, false),
    r.plane_id, r.starts, r.seconds, batch
  from unnest(rows) r order by r.place;
  return made;
end $$;
comment on function private.import_sessions(uuid, uuid, text, text, jsonb, jsonb) is 'Enters all rows of a file by hand, as one batch, or none.';
grant execute on function private.import_sessions(uuid, uuid, text, text, jsonb, jsonb) to authenticated;

create function public.import_sessions(
  batch_id uuid, fleet_id uuid, name text, file_name text, mapping jsonb, entries jsonb
) returns public.import_batches
language sql volatile set search_path = ''
return private.import_sessions(batch_id, fleet_id, name, file_name, mapping, entries);
comment on function public.import_sessions(uuid, uuid, text, text, jsonb, jsonb) is 'Enters 1 to 10,000 rows {row_number, plane_id, start (ISO 8601), seconds, class, pilot, remarks, excluded, session_id; the last five may be left out} by hand as one batch (role editor), all or none: a row that check_import calls an error refuses the whole. The same batch_id again imports nothing twice and returns the batch.';
grant execute on function public.import_sessions(uuid, uuid, text, text, jsonb, jsonb) to authenticated;

create function private.revert_import(batch uuid) returns public.import_batches
language plpgsql volatile security definer set search_path = '' as $$
declare
  made public.import_batches;
begin
  perform private.lock_own_fleets();
  select * into made from public.import_batches b
  where b.batch_id = batch and b.fleet_id = any (private.fleets_as('viewer'));
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such import in your fleets';
  end if;
  perform private.check_importer(made.fleet_id);
  if made.reverted_at is null then
    -- One activity for all of them (20260101001620_activity.sql).
    perform set_config('private.reverted_batch', batch::text, true);
    delete from public.session_annotations n where n.batch_id = batch;
    update public.import_batches b set reverted_at = private.clock(), reverted_by = auth.uid()
    where b.batch_id = batch returning * into made;
  end if;
  return made;
end $$;
comment on function private.revert_import(uuid) is 'Deletes the entries that an import brought.';
grant execute on function private.revert_import(uuid) to authenticated;

create function public.revert_import(batch_id uuid) returns public.import_batches
language sql volatile set search_path = ''
return private.revert_import(batch_id);
comment on function public.revert_import(uuid) is 'Deletes the entries that an import brought (role editor), also those that were changed since, and returns the batch. Again it changes nothing.';
grant execute on function public.revert_import(uuid) to authenticated;

create function public.import_batch_status(fleet_id uuid)
returns table (
  batch_id uuid, fleet_id uuid, name text, file_name text, mapping jsonb, row_count integer, author_id uuid,
  created_at timestamptz, reverted_at timestamptz, reverted_by uuid, rows_left bigint, changed_rows bigint
)
language sql stable set search_path = ''
begin atomic
  select b.batch_id, b.fleet_id, b.name, b.file_name, b.mapping, b.row_count, b.author_id, b.created_at, b.reverted_at,
    b.reverted_by, there.rows_left, there.changed_rows
  from (
    select * from public.import_batches newest where newest.fleet_id = import_batch_status.fleet_id
    order by newest.created_at desc, newest.batch_id desc limit 100
  ) b
  cross join lateral (
    select count(*) as rows_left, count(*) filter (where n.edited) as changed_rows
    from public.session_annotations n where n.batch_id = b.batch_id
  ) there
  order by b.created_at desc, b.batch_id desc;
end;
comment on function public.import_batch_status(uuid) is 'The newest 100 imports of a fleet, newest first, each with how many of its entries are still there, and how many of these somebody has changed since: what revert_import would delete.';
grant execute on function public.import_batch_status(uuid) to authenticated;
