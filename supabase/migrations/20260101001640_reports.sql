-- The monthly report: what a fleet's log said when an owner closed the month, as a text that no longer changes, with a
-- hash by which anybody can check a copy.

create table public.monthly_reports (
  report_id uuid primary key default gen_random_uuid(),
  fleet_id uuid not null references public.fleets on delete cascade,
  month date not null check (month = date_trunc('month', month::timestamp)),
  time_zone text not null,
  begins timestamptz not null,
  ends timestamptz not null,
  content text not null,
  sha256 text not null generated always as (private.sha256_hex(content)) stored,
  made_at timestamptz not null,
  author_id uuid references auth.users (id) on delete set null
);
create index monthly_reports_by_fleet on public.monthly_reports (fleet_id, month desc, made_at desc);
create index monthly_reports_by_author on public.monthly_reports (author_id);
comment on table public.monthly_reports is 'A fleet''s months as they stood when they were closed; of several of a month the newest holds. Append-only.';
comment on column public.monthly_reports.report_id is 'Identity of the report.';
comment on column public.monthly_reports.fleet_id is 'The fleet.';
comment on column public.monthly_reports.month is 'First day of the month.';
comment on column public.monthly_reports.time_zone is 'The time zone that the month is meant in.';
comment on column public.monthly_reports.begins is 'When the month began there.';
comment on column public.monthly_reports.ends is 'When it ended there; the log is locked until then.';
comment on column public.monthly_reports.content is 'The report: JSON, the very text that the hash is of.';
comment on column public.monthly_reports.sha256 is 'SHA-256 of the content in UTF-8, in hex.';
comment on column public.monthly_reports.made_at is 'When the month was closed (server time).';
comment on column public.monthly_reports.author_id is 'Who closed it; null for a former member.';

alter table public.monthly_reports enable row level security;
grant select on public.monthly_reports to authenticated;
create policy "Members see the reports of their fleets" on public.monthly_reports for select to authenticated
  using (fleet_id = any ((select private.fleets_as('viewer'))::uuid[]));

create function private.report_planes(fleet uuid, begins timestamptz, ends timestamptz) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
  most_entries constant integer := 20000;
begin
  if most_entries < (
    select count(*) from public.log_entries e where e.fleet_id = fleet and e.effective_start >= begins and e.effective_start < ends
  ) then
    raise sqlstate 'PT400' using message = 'A report has up to 20,000 entries', hint = 'Split the fleet.';
  end if;
  return (
    with entry as materialized (
      select e.entry_id, e.kind, e.plane_id, e.effective_start, e.session_end, e.run_seconds, e.engine_seconds, e.class,
        e.pilot, e.remarks, e.excluded, e.quality,
        -- a flagged session counts nothing before somebody has looked at it
        exists (
          select from public.sessions s where s.session_id = any (e.session_ids) and s.counts
        ) as counts
      from public.log_entries e
      where e.fleet_id = fleet and e.effective_start >= begins and e.effective_start < ends
    ), plane as materialized (
      select p.plane_id, p.registration, p.registration_key, private.powered_meter(p.plane_id) as meter_id
      from public.planes p
      where p.fleet_id = fleet and (
        p.archived_at is null or p.archived_at >= begins or exists (select from entry where entry.plane_id = p.plane_id)
      )
    ), meter as materialized (
      select m.* from public.meters m join plane on plane.plane_id = m.plane_id
    ), figure as materialized (
      select f.* from (
        select array_agg(one.meter_id) as meters, array_agg(one.t) as times from (
          select meter.meter_id, edge.t from meter cross join (values (begins), (ends)) edge (t)
          union all
          select plane.meter_id, edge.t from entry join plane on plane.plane_id = entry.plane_id
          cross join lateral (values (entry.effective_start), (entry.session_end)) edge (t)
          where entry.counts
        ) one
      ) asked cross join lateral private.meter_figures(asked.meters, asked.times) f
    ), counted as materialized (
      select c.* from (
        select array_agg(plane.plane_id) as planes, array_agg(begins) as froms, array_agg(ends) as untils from plane
      ) asked cross join lateral private.counted_in(asked.planes, asked.froms, asked.untils) c
    ), line as materialized (
      select entry.plane_id, entry.effective_start, entry.entry_id, json_build_object(
        'entry_id', entry.entry_id, 'kind', entry.kind, 'effective_start', private.iso_time(entry.effective_start),
        'session_end', private.iso_time(entry.session_end), 'run_seconds', entry.run_seconds,
        'engine_seconds', entry.engine_seconds, 'class', entry.class, 'pilot', entry.pilot, 'remarks', entry.remarks,
        'excluded', entry.excluded, 'quality', entry.quality,
        'hobbs_start_seconds', case when entry.counts then at_start.seconds end,
        'hobbs_end_seconds', case when entry.counts then at_end.seconds end
      ) as said
      from entry left join plane on plane.plane_id = entry.plane_id
      left join figure at_start on at_start.meter_id = plane.meter_id and at_start.at_time = entry.effective_start
      left join figure at_end on at_end.meter_id = plane.meter_id and at_end.at_time = entry.session_end
    ), lines as materialized (
      select line.plane_id, json_agg(line.said order by line.effective_start, line.entry_id) as said, count(*) as entries
      from line group by line.plane_id
    )
    select json_build_object(
      'planes', coalesce((
        select json_agg(json_build_object(
          'plane_id', plane.plane_id, 'registration', plane.registration,
          'powered_seconds', coalesce(counted.seconds, 0), 'engine_seconds', counted.engine_seconds,
          'meters', (
            select json_agg(json_build_object(
              'meter_id', meter.meter_id, 'name', meter.name, 'source', meter.source, 'is_primary', meter.is_primary,
              'opening_seconds', opening.seconds, 'closing_seconds', closing.seconds
            ) order by not meter.is_primary, meter.source, lower(meter.name), meter.meter_id)
            from meter
            left join figure opening on opening.meter_id = meter.meter_id and opening.at_time = begins
            left join figure closing on closing.meter_id = meter.meter_id and closing.at_time = ends
            where meter.plane_id = plane.plane_id
          ),
          'entries_count', coalesce(lines.entries, 0), 'entries', coalesce(lines.said, '[]')
        ) order by plane.registration_key, plane.plane_id)
        from plane left join counted on counted.plane_id = plane.plane_id left join lines on lines.plane_id = plane.plane_id
      ), '[]'),
      'no_plane', json_build_object(
        'entries', coalesce((select lines.said from lines where lines.plane_id is null), '[]')
      )
    )
  );
end $$;
comment on function private.report_planes(uuid, timestamptz, timestamptz) is 'The planes of a report, with their meters at both ends and their entries, and the entries of no plane.';

create function private.report_maintenance(fleet uuid, zone text, begins timestamptz, ends timestamptz) returns json
language sql stable security definer set search_path = ''
begin atomic
  select json_build_object(
    'done', (
      select coalesce(json_agg(json_build_object(
        'completion_id', c.completion_id, 'item', i.name, 'registration', p.registration,
        'component', private.component_label(i.component_id), 'done_on', c.done_on, 'figure_seconds',
        coalesce(c.meter_seconds, private.item_figure(i, c.done_at)), 'note', c.note
      ) order by c.done_at, c.entry), '[]')
      from public.maintenance_completions c
      join public.maintenance_items i on i.item_id = c.item_id
      left join public.planes p on p.plane_id = i.plane_id
      where c.fleet_id = fleet and c.done_at >= begins and c.done_at < ends and c.voided_at is null
    ),
    'due', (
      select coalesce(json_agg(json_build_object(
        'item_id', due.item_id, 'item', due.name, 'registration', due.registration,
        'component', private.component_label(due.component_id), 'status', due.status, 'due_seconds', due.due_seconds,
        'remaining_seconds', due.remaining_seconds, 'due_on', due.due_on, 'remaining_days', due.remaining_days
      ) order by due.urgency desc, due.item_id), '[]')
      from public.maintenance_status(zone, fleet) due where due.status in ('due_soon', 'due', 'overdue')
    )
  );
end;
comment on function private.report_maintenance(uuid, text, timestamptz, timestamptz) is 'What was done in a month, and what is due when its report is made.';

create function private.report_corrections(fleet uuid, since timestamptz) returns json
language sql stable security definer set search_path = ''
begin atomic
  select coalesce(json_agg(json_build_object(
    'at', private.iso_time(a.at), 'author', private.member_email(a.fleet_id, a.author_id), 'subject', a.subject,
    'action', a.action, 'registration', p.registration, 'label', a.label, 'before', a.before, 'after', a.after
  ) order by a.activity_id), '[]')
  from (
    select * from public.activity newest
    where newest.fleet_id = fleet and newest.at >= since and (
      newest.subject = 'session_annotations' and (
        newest.before ?| array['excluded', 'corrected_start', 'clock_checked', 'hand_plane_id', 'hand_start', 'hand_seconds']
        or newest.after ?| array['excluded', 'corrected_start', 'clock_checked']
      )
      or newest.subject in ('hour_readings', 'maintenance_completions') and newest.action = 'update'
      or newest.subject in ('device_assignments', 'import_batches')
      or newest.subject = 'fleets' and (newest.before ? 'locked_until' or newest.after ? 'locked_until')
    )
    order by newest.activity_id desc limit 1000
  ) a left join public.planes p on p.plane_id = a.plane_id;
end;
comment on function private.report_corrections(uuid, timestamptz) is 'The newest 1,000 changes of what counts since a time: times, exclusions, entries by hand, voided readings and completions, assignments, imports, the lock.';

-- What came after the report before this one, of times before the month.
create function private.report_late(fleet uuid, begins timestamptz, earlier public.monthly_reports) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
  said constant jsonb := earlier.content::jsonb;
begin
  return (
    with reported as materialized (
      select (one ->> 'entry_id')::uuid as session_id, (one ->> 'run_seconds')::integer as run_seconds
      from (
        select jsonb_path_query(said, '$.planes[*].entries[*]') as one
        union all
        select jsonb_path_query(said, '$.no_plane.entries[*]')
      ) entry
      where one ->> 'kind' = 'session'
      union all
      select (one ->> 'session_id')::uuid, (one ->> 'run_seconds')::integer
      from jsonb_path_query(said, '$.after_the_lock[*]') one
    ), late as (
      select s.session_id from public.sessions s
      where s.fleet_id = fleet and s.effective_start < begins and s.device_uuid is not null and s.grown_at >= earlier.made_at
        -- in the very second in which that report was made, but before
        and not exists (
          select from reported where reported.session_id = s.session_id and reported.run_seconds >= s.run_seconds
        )
    )
    select coalesce(json_agg(json_build_object(
      'session_id', s.session_id, 'registration', p.registration, 'effective_start', private.iso_time(s.effective_start),
      'run_seconds', s.run_seconds, 'reported_seconds', (
        select reported.run_seconds from reported where reported.session_id = s.session_id
      ), 'received_at', private.iso_time(s.received_at)
    ) order by s.effective_start, s.session_id), '[]')
    from (
      select newest.* from late join public.sessions newest on newest.session_id = late.session_id
      order by newest.effective_start desc, newest.session_id desc limit 1000
    ) s left join public.planes p on p.plane_id = s.plane_id
  );
end $$;
comment on function private.report_late(uuid, timestamptz, public.monthly_reports) is 'The newest 1,000 sessions before a month that devices delivered after an earlier report was made, or that have grown since.';

create function private.report_carried(planes json, begins timestamptz, earlier public.monthly_reports) returns json
language sql stable set search_path = ''
begin atomic
  select coalesce(json_agg(json_build_object(
    'meter_id', meter ->> 'meter_id', 'registration', plane ->> 'registration', 'name', meter ->> 'name',
    'reported_closing_seconds', earlier_meter -> 'closing_seconds', 'opening_seconds', meter -> 'opening_seconds'
  ) order by place, number), '[]')
  from jsonb_array_elements(planes::jsonb) with ordinality as p (plane, place)
  cross join lateral jsonb_array_elements(plane -> 'meters') with ordinality as m (meter, number)
  join lateral jsonb_path_query(earlier.content::jsonb, '$.planes[*].meters[*]') earlier_meter
    on earlier_meter -> 'meter_id' = meter -> 'meter_id'
  where earlier.ends = begins and earlier_meter -> 'closing_seconds' is distinct from meter -> 'opening_seconds';
end;
comment on function private.report_carried(json, timestamptz, public.monthly_reports) is 'The meters whose opening figure is another than the closing one in the report of the month before.';

create function private.report_content(
  fleet uuid, month date, zone text, begins timestamptz, ends timestamptz, made_at timestamptz, made_by text
) returns text
language plpgsql stable security definer set search_path = '' set timezone = 'UTC' as $$
declare
  earlier public.monthly_reports;
  planes constant json := private.report_planes(fleet, begins, ends);
begin
  select * into earlier from public.monthly_reports r
  where r.fleet_id = fleet and r.month < report_content.month order by r.month desc, r.made_at desc limit 1;
  return json_build_object(
    'format', 'uptime-logger-monthly-report-1',
    'fleet', (select json_build_object('fleet_id', f.fleet_id, 'name', f.name) from public.fleets f where f.fleet_id = fleet),
    'month', to_char(month, 'YYYY-MM'), 'time_zone', zone,
    'begins', private.iso_time(begins), 'ends', private.iso_time(ends),
    'made_at', private.iso_time(made_at), 'made_by', made_by,
    'earlier_report', case when earlier.report_id is not null then json_build_object(
      'report_id', earlier.report_id, 'month', to_char(earlier.month, 'YYYY-MM'), 'sha256', earlier.sha256
    ) end,
    'planes', planes -> 'planes', 'no_plane', planes -> 'no_plane',
    'maintenance', private.report_maintenance(fleet, zone, begins, ends),
    'corrections', private.report_corrections(fleet, coalesce(earlier.made_at, begins)),
    'after_the_lock', case when earlier.report_id is null then '[]' else private.report_late(fleet, begins, earlier) end,
    'carried', case when earlier.report_id is null then '[]' else private.report_carried(planes -> 'planes', begins, earlier) end
  )::text;
end $$;
comment on function private.report_content(uuid, date, text, timestamptz, timestamptz, timestamptz, text) is 'What a report says: the same text for the same state, byte by byte.';

create function private.report_month(first_day date, time_zone text)
returns table (zone text, begins timestamptz, ends timestamptz)
language plpgsql stable set search_path = '' as $$
begin
  if first_day is null or first_day <> date_trunc('month', first_day::timestamp) then
    raise sqlstate 'PT400' using message = 'A month is named by its first day', hint = 'For example 2026-10-01.';
  elsif first_day not between '1900-01-01' and '2100-01-01' then
    raise sqlstate 'PT400' using message = 'There are no reports for such a month';
  end if;
  zone := private.check_time_zone(time_zone);
  begins := private.day_begin(first_day, zone);
  ends := private.day_begin((first_day + interval '1 month')::date, zone);
  return next;
end $$;
comment on function private.report_month(date, text) is 'When a month begins and ends in a time zone.';

create function private.close_month(fleet uuid, first_day date, time_zone text, report uuid)
returns public.monthly_reports
language plpgsql volatile security definer set search_path = '' as $$
declare
  closed public.fleets;
  period record;
  at_time timestamptz;
  made public.monthly_reports;
begin
  perform private.lock_own_fleets();
  closed := private.owned_fleet(fleet);
  -- Only now: what a board delivers after this second waits for the fleet, and is late.
  at_time := private.clock();
  select * into made from public.monthly_reports r where r.report_id = report and r.fleet_id = fleet;
  if found then
    return made;
  end if;
  select * into period from private.report_month(first_day, time_zone);
  if period.ends > at_time then
    raise sqlstate 'PT400' using message = 'This month has not ended yet',
      detail = format('It ends at %s in the time zone %s.', private.iso_time(period.ends), period.zone);
  elsif closed.locked_until >= period.ends
    and exists (select from public.monthly_reports r where r.fleet_id = fleet and r.month = first_day)
  then
    raise sqlstate 'PT409' using message = format('%s is closed already', to_char(first_day, 'YYYY-MM')),
      hint = 'Move the lock back first to close it again.';
  end if;
  insert into public.monthly_reports (report_id, fleet_id, month, time_zone, begins, ends, content, made_at, author_id)
  values (
    coalesce(report, gen_random_uuid()), fleet, first_day, period.zone, period.begins, period.ends,
    private.report_content(
      fleet, first_day, period.zone, period.begins, period.ends, at_time, private.member_email(fleet, auth.uid())
    ),
    at_time, auth.uid()
  )
  on conflict (report_id) do nothing returning * into made;
  if not found then
    raise sqlstate 'PT409' using message = 'This report_id is taken', hint = 'Give another random UUID.';
  end if;
  update public.fleets f set locked_until = period.ends
  where f.fleet_id = fleet and (f.locked_until is null or f.locked_until < period.ends);
  return made;
end $$;
comment on function private.close_month(uuid, date, text, uuid) is 'Makes the report of a month, and locks the log until its end.';
grant execute on function private.close_month(uuid, date, text, uuid) to authenticated;

create function public.close_month(fleet_id uuid, month date, time_zone text default 'UTC', report_id uuid default null)
returns public.monthly_reports
language sql volatile set search_path = ''
return private.close_month(fleet_id, month, time_zone, report_id);
comment on function public.close_month(uuid, date, text, uuid) is 'Makes the report of a month that has ended (role owner), said by its first day, and locks the log until the month''s end. The same report_id again makes no second one.';
grant execute on function public.close_month(uuid, date, text, uuid) to authenticated;

create function private.month_report_preview(fleet uuid, first_day date, time_zone text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  period record;
begin
  if fleet is null or not fleet = any (private.fleets_as('viewer')) then
    raise sqlstate 'PT404' using message = 'There is no such fleet among yours';
  end if;
  select * into period from private.report_month(first_day, time_zone);
  return private.report_content(fleet, first_day, period.zone, period.begins, period.ends, null, null);
end $$;
comment on function private.month_report_preview(uuid, date, text) is 'What a report would say now.';
grant execute on function private.month_report_preview(uuid, date, text) to authenticated;

create function public.month_report_preview(fleet_id uuid, month date, time_zone text default 'UTC') returns text
language sql stable set search_path = ''
return private.month_report_preview(fleet_id, month, time_zone);
comment on function public.month_report_preview(uuid, date, text) is 'The content that close_month would keep now, of any month, without made_at and made_by.';
grant execute on function public.month_report_preview(uuid, date, text) to authenticated;

create trigger note_activity after insert on public.monthly_reports for each row
  when (auth.uid() is not null and pg_trigger_depth() = 0)
  execute function private.note_activity('report_id', 'month', 'time_zone', 'sha256');
