-- Everything that a fleet has, to take along. One call answers one page: every answer is one row, so no limit on rows
-- cuts it, and neither the database nor the client ever holds more than a page. All of it runs with the caller's rights.

create function private.export_page(fleet uuid, part text, after_key text, page_rows integer)
returns table (key text, item json)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  since timestamptz := '-infinity';
  after_id uuid := '00000000-0000-0000-0000-000000000000';
  after_number bigint := 0;
begin
  if part = 'activity' and after_key <> '' then
    after_number := after_key::bigint;
  elsif after_key <> '' then
    after_id := right(after_key, 36)::uuid;
    if part in ('sessions', 'log_entries') then
      since := to_timestamp(split_part(after_key, ' ', 1)::bigint);
    end if;
  end if;
  case part
    when 'fleet' then
      return query
        select f.fleet_id::text, row_to_json(f) from public.fleets f
        where f.fleet_id = fleet and f.fleet_id > after_id;
    when 'members' then
      return query
        select m.user_id::text, row_to_json(m) from public.fleet_people(fleet) m
        where m.user_id > after_id order by m.user_id limit page_rows;
    when 'planes' then
      return query
        select p.plane_id::text, row_to_json(p) from public.planes p
        where p.fleet_id = fleet and p.plane_id > after_id order by p.plane_id limit page_rows;
    when 'meters' then
      return query
        select m.meter_id::text, row_to_json(m) from public.meters m
        where m.fleet_id = fleet and m.meter_id > after_id order by m.meter_id limit page_rows;
    when 'devices' then
      return query
        select d.device_uuid::text, row_to_json(d) from (
          select devices.device_uuid, devices.fleet_id, devices.created_at, devices.last_seen, devices.boot,
            devices.lifetime_seconds, devices.unsent, devices.firmware, devices.reset_reason, devices.key_bound_at,
            devices.key_reset_at, devices.refused_at, devices.refused_code, devices.refused_posts, devices.rejected_at,
            devices.rejected_code
          from public.devices
        ) d
        where d.fleet_id = fleet and d.device_uuid > after_id order by d.device_uuid limit page_rows;
    when 'ownerships' then
      return query
        select o.ownership_id::text, row_to_json(o) from public.device_ownerships o
        where o.fleet_id = fleet and o.ownership_id > after_id order by o.ownership_id limit page_rows;
    when 'assignments' then
      return query
        select a.assignment_id::text, row_to_json(a) from public.device_assignments a
        where a.fleet_id = fleet and a.assignment_id > after_id order by a.assignment_id limit page_rows;
    when 'sessions' then
      return query
        with page as materialized (
          select l.* from public.session_log l
          where l.fleet_id = fleet and (l.effective_start, l.session_id) > (since, after_id)
          order by l.effective_start, l.session_id limit page_rows
        )
        select extract(epoch from page.effective_start)::bigint || ' ' || page.session_id,
          (select row_to_json(r) from (select page.*, s.lifetime_seconds, s.future) r)
        from page join public.sessions s on s.session_id = page.session_id
        order by page.effective_start, page.session_id;
    when 'annotations' then
      return query
        select n.session_id::text, row_to_json(n) from public.session_annotations n
        where n.fleet_id = fleet and n.session_id > after_id order by n.session_id limit page_rows;
    when 'import_batches' then
      return query
        select b.batch_id::text, row_to_json(b) from public.import_batches b
        where b.fleet_id = fleet and b.batch_id > after_id order by b.batch_id limit page_rows;
    when 'log_entries' then
      return query
        select extract(epoch from page.effective_start)::bigint || ' ' || page.entry_id, row_to_json(page)
        from (
          select l.* from public.log_entries l
          where l.fleet_id = fleet and (l.effective_start, l.entry_id) > (since, after_id)
          order by l.effective_start, l.entry_id limit page_rows
        ) page
        order by page.effective_start, page.entry_id;
    when 'merged_entries' then
      return query
        select m.entry_id::text, row_to_json(m) from public.merged_entries m
        where m.fleet_id = fleet and m.entry_id > after_id order by m.entry_id limit page_rows;
    when 'merged_sessions' then
      return query
        select m.session_id::text, row_to_json(m) from public.merged_sessions m
        where m.fleet_id = fleet and m.session_id > after_id order by m.session_id limit page_rows;
    when 'session_parts' then
      return query
        select p.entry_id::text, row_to_json(p) from public.session_parts p
        where p.fleet_id = fleet and p.entry_id > after_id order by p.entry_id limit page_rows;
    when 'settled_boot_gaps' then
      return query
        select g.gap_id::text, row_to_json(g) from public.settled_boot_gaps g
        where g.fleet_id = fleet and g.gap_id > after_id order by g.gap_id limit page_rows;
    when 'readings' then
      return query
        select r.reading_id::text, row_to_json(r) from public.hour_readings r
        where r.fleet_id = fleet and r.reading_id > after_id order by r.reading_id limit page_rows;
    when 'components' then
      return query
        select c.component_id::text, row_to_json(c) from public.components c
        where c.fleet_id = fleet and c.component_id > after_id order by c.component_id limit page_rows;
    when 'component_installations' then
      return query
        select i.installation_id::text, row_to_json(i) from public.component_installations i
        where i.fleet_id = fleet and i.installation_id > after_id order by i.installation_id limit page_rows;
    when 'maintenance_items' then
      return query
        select i.item_id::text, row_to_json(i) from public.maintenance_items i
        where i.fleet_id = fleet and i.item_id > after_id order by i.item_id limit page_rows;
    when 'maintenance_completions' then
      return query
        select c.completion_id::text, row_to_json(c) from public.maintenance_completions c
        where c.fleet_id = fleet and c.completion_id > after_id order by c.completion_id limit page_rows;
    when 'activity' then
      return query
        select a.activity_id::text, row_to_json(a) from public.activity_log a
        where a.fleet_id = fleet and a.activity_id > after_number order by a.activity_id limit page_rows;
    when 'monthly_reports' then
      return query
        select r.report_id::text, row_to_json(r) from public.monthly_reports r
        where r.fleet_id = fleet and r.report_id > after_id order by r.report_id limit page_rows;
    when 'hours' then
      return query
        select p.plane_id::text, row_to_json(h)
        from (
          select planes.plane_id from public.planes
          where planes.fleet_id = fleet and planes.plane_id > after_id order by planes.plane_id limit page_rows
        ) p
        cross join lateral public.plane_hours('UTC', fleet, p.plane_id) h
        order by p.plane_id;
  end case;
-- Another part, or a key that is none.
exception when case_not_found or invalid_text_representation or numeric_value_out_of_range or datetime_field_overflow then
  raise sqlstate 'PT400' using
    message = 'The export cannot continue from there', hint = 'Leave "after" out, or give the "next" of the page before.';
end $$;
comment on function private.export_page(uuid, text, text, integer) is 'Up to so many rows of one part of a fleet''s export after a key, in the order of their keys.';
grant execute on function private.export_page(uuid, text, text, integer) to authenticated;

create function public.fleet_export(fleet_id uuid, after text default null) returns json
language plpgsql stable set search_path = '' as $$
declare
  page_rows constant integer := 500;
  parts constant text[] :=
    '{fleet,members,planes,meters,devices,ownerships,assignments,sessions,annotations,import_batches,log_entries,
      merged_entries,merged_sessions,session_parts,settled_boot_gaps,readings,components,component_installations,
      maintenance_items,maintenance_completions,activity,monthly_reports,hours}';
  part constant text := split_part(coalesce(after, parts[1]), ' ', 1);
  items json;
  last_key text;
  found_rows integer;
begin
  perform from public.fleets f where f.fleet_id = fleet_export.fleet_id;
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such fleet among yours';
  end if;
  select coalesce(json_agg(p.item order by p.place), '[]'), (array_agg(p.key order by p.place desc))[1], count(*)
  into items, last_key, found_rows
  from private.export_page(fleet_id, part, substr(after, length(part) + 2), page_rows)
    with ordinality as p (key, item, place);
  return json_build_object(
    'part', part,
    'rows', items,
    'next', case when found_rows = page_rows then part || ' ' || last_key else parts[array_position(parts, part) + 1] end
  );
end $$;
comment on function public.fleet_export(uuid, text) is 'Everything a fleet has, page by page, for its members: {part, rows, next}. Call again with next as "after", until next is null.';
grant execute on function public.fleet_export(uuid, text) to authenticated;

-- RFC 4180. Spreadsheets pass over blanks and invisible signs, read full-width signs as the plain ones, and take a
-- semicolon or a tab for the separator in half of the world's settings: what would begin a formula then gets an
-- apostrophe in front. A board may say anything. Numbers are no texts, and stay.
create function private.csv_field(value json) returns text
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  blank constant text := '[\u0001-\u0020\u007f-\u00a0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]*';
  sign constant text := '[=+@\uff1d\uff0b\uff0d\uff20-]';
  field text := value #>> '{}';
begin
  if json_typeof(value) in ('string', 'object') then
    if field ~ ('^[\u0001-\u001f\u007f]|^' || blank || sign) then
      field := '''' || field;
    end if;
    field := regexp_replace(field, '([;\t]' || blank || ')(' || sign || ')', '\1''\2', 'g');
  end if;
  return case when field ~ '[",;\t\r\n]' then '"' || replace(field, '"', '""') || '"' else coalesce(field, '') end;
end $$;
comment on function private.csv_field(json) is 'A value as a field of a CSV file; texts that a spreadsheet would run begin with an apostrophe.';
grant execute on function private.csv_field(json) to authenticated;

create function public.fleet_export_csv(fleet_id uuid, after text default null) returns json
language plpgsql stable set search_path = '' as $$
declare
  page constant json := public.fleet_export(fleet_id, after);
  head text := '';
begin
  -- The names of the columns stand above a part's first page.
  if strpos(coalesce(after, ''), ' ') = 0 then
    head := coalesce(
      (select string_agg(name, ',' order by place) || e'\r\n'
       from json_object_keys(page -> 'rows' -> 0) with ordinality as c (name, place)),
      ''
    );
  end if;
  return json_build_object(
    'part', page -> 'part',
    'csv', head || coalesce(
      (select string_agg(line.text || e'\r\n', '' order by r.place)
       from json_array_elements(page -> 'rows') with ordinality as r (item, place)
       cross join lateral (
         select string_agg(private.csv_field(c.value), ',' order by c.place) as text
         from json_each(r.item) with ordinality as c (name, value, place)
       ) line),
      ''
    ),
    'next', page -> 'next'
  );
end $$;
comment on function public.fleet_export_csv(uuid, text) is 'fleet_export as CSV: {part, csv, next}. The texts of one part, put together in order, are one file with its column names.';
grant execute on function public.fleet_export_csv(uuid, text) to authenticated;
