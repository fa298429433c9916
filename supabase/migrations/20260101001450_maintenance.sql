-- Maintenance: what is due again and again, and when it was done. Only these two are kept. What is due next, and whether
-- it is overdue, is derived from them and from the hours (20260101001500_due.sql), so that whatever is put right later
-- moves it.

create type public.maintenance_anchor as enum ('from_completion', 'from_due', 'from_due_if_late');
comment on type public.maintenance_anchor is 'From where the next interval counts: always from when it was done (from_completion); from when it was due, within the tolerance (from_due: an overrun is deducted, doing it a little early gains nothing); or from when it was due only if it was done late (from_due_if_late).';
create type public.component_time as enum ('since_new', 'since_overhaul');
comment on type public.component_time is 'Which time of a component an item counts.';

create table public.maintenance_items (
  item_id uuid primary key default gen_random_uuid(),
  fleet_id uuid not null references public.fleets on delete cascade,
  plane_id uuid,
  component_id uuid,
  name text not null constraint item_name_length check (name = btrim(name) and char_length(name) between 1 and 80),
  meter_id uuid,
  counts_from public.component_time,
  interval_seconds integer constraint interval_seconds_range check (interval_seconds between 360 and 360000000),
  interval_months integer constraint interval_months_range check (interval_months between 1 and 600),
  interval_days integer constraint interval_days_range check (interval_days between 1 and 18300),
  tolerance_seconds integer not null default 0
    constraint tolerance_seconds_range check (tolerance_seconds between 0 and 36000000),
  tolerance_days integer not null default 0 constraint tolerance_days_range check (tolerance_days between 0 and 3660),
  warning_seconds integer not null default 36000
    constraint warning_seconds_range check (warning_seconds between 0 and 36000000),
  warning_days integer not null default 30 constraint warning_days_range check (warning_days between 0 and 3660),
  anchor public.maintenance_anchor not null,
  note text constraint item_note_length check (char_length(note) <= 500),
  archived_at timestamptz,
  created_at timestamptz not null default private.clock(),
  unique (fleet_id, item_id),
  foreign key (fleet_id, plane_id) references public.planes (fleet_id, plane_id) on delete cascade,
  foreign key (fleet_id, component_id) references public.components (fleet_id, component_id) on delete cascade,
  foreign key (plane_id, meter_id) references public.meters (plane_id, meter_id),
  check (num_nonnulls(plane_id, component_id) = 1),
  check (num_nonnulls(interval_seconds, interval_months, interval_days) > 0),
  check (num_nonnulls(interval_months, interval_days) < 2),
  check ((meter_id is not null) = (plane_id is not null and interval_seconds is not null)),
  check ((counts_from is not null) = (component_id is not null))
);
create index maintenance_items_by_plane on public.maintenance_items (plane_id, meter_id);
create index maintenance_items_by_component on public.maintenance_items (component_id);
comment on table public.maintenance_items is 'What is due again and again, for a plane or a component: after so many hours, months or days, whichever comes first.';
comment on column public.maintenance_items.item_id is 'Identity of the item.';
comment on column public.maintenance_items.fleet_id is 'The fleet of its plane or component.';
comment on column public.maintenance_items.plane_id is 'The plane; null: it belongs to a component.';
comment on column public.maintenance_items.component_id is 'The component; null: it belongs to a plane.';
comment on column public.maintenance_items.name is 'What is done, for example 100 h inspection.';
comment on column public.maintenance_items.meter_id is 'The meter of the plane that the hours are counted by; null without hours, and for a component.';
comment on column public.maintenance_items.counts_from is 'Which time of the component figures are of: since_new or since_overhaul; null for a plane.';
comment on column public.maintenance_items.interval_seconds is 'Due after so many seconds of the meter, or of the component; null: hours do not matter.';
comment on column public.maintenance_items.interval_months is 'Due after so many months, ends of months kept; null: months do not matter.';
comment on column public.maintenance_items.interval_days is 'Due after so many days; null: days do not matter. Never beside months.';
comment on column public.maintenance_items.tolerance_seconds is 'By how much the hours may be exceeded: due until then, overdue after.';
comment on column public.maintenance_items.tolerance_days is 'By how many days the date may be exceeded.';
comment on column public.maintenance_items.warning_seconds is 'With so much left or less it is due soon.';
comment on column public.maintenance_items.warning_days is 'With so many days left or fewer it is due soon.';
comment on column public.maintenance_items.anchor is 'From where the next interval counts.';
comment on column public.maintenance_items.note is 'Remark, for example the rule or the page of the maintenance programme.';
comment on column public.maintenance_items.archived_at is 'When it was put away; null while it is in use. Its history stays.';
comment on column public.maintenance_items.created_at is 'When the item was entered (server time).';

-- What is left out is decided once, and then stays: a plane that gets another primary meter keeps its programme.
create function private.tidy_item() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  new.name := coalesce(btrim(new.name), '');
  new.note := nullif(btrim(new.note), '');
  if num_nonnulls(new.plane_id, new.component_id) <> 1 then
    raise sqlstate 'PT400' using message = 'A maintenance item belongs to a plane or to a component';
  elsif num_nonnulls(new.interval_seconds, new.interval_months, new.interval_days) = 0 then
    raise sqlstate 'PT400' using message = 'A maintenance item has an interval', hint = 'Enter hours, months or days.';
  elsif num_nonnulls(new.interval_months, new.interval_days) = 2 then
    raise sqlstate 'PT400' using message = 'An interval is counted in months or in days, not in both';
  end if;
  if new.plane_id is null then
    new.counts_from := coalesce(new.counts_from, 'since_new');
    new.meter_id := null;
  else
    new.counts_from := null;
    new.meter_id := case when new.interval_seconds is not null then coalesce(
      new.meter_id, (select m.meter_id from public.meters m where m.plane_id = new.plane_id and m.is_primary)
    ) end;
    if new.meter_id is not null and not exists (
      select from public.meters m where m.meter_id = new.meter_id and m.plane_id = new.plane_id
    ) then
      raise sqlstate 'PT400' using message = 'That meter does not belong to the item''s plane';
    end if;
  end if;
  return new;
end $$;
comment on function private.tidy_item() is 'Trims what was typed, fills in the plane''s primary meter, and refuses what is no interval.';
create trigger tidy_item before insert or update on public.maintenance_items
  for each row execute function private.tidy_item();

create trigger take_turns before insert or update or delete on public.maintenance_items
  for each statement execute function private.take_turns();

alter table public.maintenance_items enable row level security;
grant select, delete,
  insert (
    item_id, fleet_id, plane_id, component_id, name, meter_id, counts_from, interval_seconds, interval_months,
    interval_days, tolerance_seconds, tolerance_days, warning_seconds, warning_days, anchor, note
  ),
  update (
    name, meter_id, counts_from, interval_seconds, interval_months, interval_days, tolerance_seconds, tolerance_days,
    warning_seconds, warning_days, anchor, note, archived_at
  ) on public.maintenance_items to authenticated;
create policy "Members see the maintenance items of their fleets" on public.maintenance_items for select to authenticated
  using (fleet_id = any ((select private.fleets_as('viewer'))::uuid[]));
create policy "Owners define maintenance items" on public.maintenance_items for insert to authenticated
  with check (fleet_id = any ((select private.fleets_as('owner'))::uuid[]));
create policy "Owners change maintenance items" on public.maintenance_items for update to authenticated
  using (fleet_id = any ((select private.fleets_as('owner'))::uuid[]))
  with check (fleet_id = any ((select private.fleets_as('owner'))::uuid[]));
create policy "Owners delete maintenance items" on public.maintenance_items for delete to authenticated
  using (fleet_id = any ((select private.fleets_as('owner'))::uuid[]));

create function private.keep_item_meter() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  counted text;
begin
  select i.name into counted from public.maintenance_items i
  where i.plane_id = old.plane_id and i.meter_id = old.meter_id order by i.created_at limit 1;
  if found and exists (select from public.planes p where p.plane_id = old.plane_id) then
    raise sqlstate 'PT409' using
      message = format('%s is due by %s', counted, old.name), hint = 'Give the item another meter, or delete it first.';
  end if;
  return old;
end $$;
comment on function private.keep_item_meter() is 'Refuses to delete a meter by which something is due.';
create trigger keep_item_meter before delete on public.meters
  for each row execute function private.keep_item_meter();

-- Append-only, like readings of a meter. Without a figure of its own a completion has whatever the meter turns out to
-- have shown then; with one it has what somebody read on the panel.
create table public.maintenance_completions (
  completion_id uuid primary key default gen_random_uuid(),
  entry bigint not null generated always as identity,
  fleet_id uuid not null references public.fleets on delete cascade,
  item_id uuid not null,
  done_at timestamptz not null constraint done_at_not_too_early check (done_at >= '1950-01-01 00:00:00+00'),
  done_on date not null,
  meter_seconds integer constraint completion_seconds_range check (meter_seconds between 0 and 360000000),
  expected_seconds bigint,
  note text constraint completion_note_length check (char_length(note) <= 500),
  entered_at timestamptz not null default private.clock(),
  entered_by uuid references auth.users (id) on delete set null,
  voided_at timestamptz,
  voided_by uuid references auth.users (id) on delete set null,
  void_reason text constraint completion_void_reason_length check (char_length(void_reason) between 1 and 500),
  foreign key (fleet_id, item_id) references public.maintenance_items (fleet_id, item_id),
  check ((voided_at is null) = (void_reason is null))
);
create index maintenance_completions_in_force on public.maintenance_completions (item_id, done_at desc, entry desc)
  where voided_at is null;
create unique index maintenance_completions_once_a_day on public.maintenance_completions (item_id, done_on)
  where voided_at is null;
create index maintenance_completions_by_fleet on public.maintenance_completions (fleet_id, item_id, done_at desc);
create index maintenance_completions_by_author on public.maintenance_completions (entered_by);
create index maintenance_completions_by_voider on public.maintenance_completions (voided_by);
comment on table public.maintenance_completions is 'When a maintenance item was done.';
comment on column public.maintenance_completions.completion_id is 'Identity of the completion.';
comment on column public.maintenance_completions.entry is 'Order of entry: of two done at the same time, the newest is the last.';
comment on column public.maintenance_completions.fleet_id is 'The item''s fleet.';
comment on column public.maintenance_completions.item_id is 'What was done.';
comment on column public.maintenance_completions.done_at is 'When it was done.';
comment on column public.maintenance_completions.done_on is 'The date of this, where it was done: months and days count from it.';
comment on column public.maintenance_completions.meter_seconds is 'What somebody read on the meter, or in the component''s log; null: what the meter turns out to have shown then.';
comment on column public.maintenance_completions.expected_seconds is 'What the meter, or the component, was worked out to have when it was entered; null without hours, and where nothing was known.';
comment on column public.maintenance_completions.note is 'Remark, for example the work order.';
comment on column public.maintenance_completions.entered_at is 'When it was entered (server time).';
comment on column public.maintenance_completions.entered_by is 'Who entered it; null for a former member.';
comment on column public.maintenance_completions.voided_at is 'When it was voided; null while it holds.';
comment on column public.maintenance_completions.voided_by is 'Who voided it; null for a former member.';
comment on column public.maintenance_completions.void_reason is 'Why it was voided.';

create trigger take_turns before insert on public.maintenance_completions
  for each statement execute function private.take_turns();

alter table public.maintenance_completions enable row level security;
grant select on public.maintenance_completions to authenticated;
create policy "Members see the completions of their fleets" on public.maintenance_completions for select to authenticated
  using (fleet_id = any ((select private.fleets_as('viewer'))::uuid[]));

create function private.keep_completed_item() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if exists (select from public.maintenance_completions c where c.item_id = old.item_id)
    and exists (select from public.fleets f where f.fleet_id = old.fleet_id)
  then
    raise sqlstate 'PT409' using
      message = format('%s was completed before', old.name), detail = 'Voided completions count, too: they stay on record.',
      hint = 'Archive it instead.';
  end if;
  return old;
end $$;
comment on function private.keep_completed_item() is 'Refuses to delete an item with a history.';
create trigger keep_completed_item before delete on public.maintenance_items
  for each row execute function private.keep_completed_item();

create function private.item_figure(item public.maintenance_items, t timestamptz) returns bigint
language plpgsql stable security definer set search_path = '' as $$
begin
  return case
    when item.interval_seconds is null then null
    when item.component_id is null then private.meter_hours(item.meter_id, t)
    else (
      select case item.counts_from when 'since_new' then c.since_new_seconds else c.since_overhaul_seconds end
      from private.component_times(array[item.component_id], array[t]) c
    )
  end;
end $$;
comment on function private.item_figure(public.maintenance_items, timestamptz) is 'The figure by which an item is due at a time, of its meter or its component; null without hours, or not known.';

create function private.complete_maintenance(
  item uuid, at_time timestamptz, on_date date, figure integer, remark text, completion uuid, after_completion uuid
) returns public.maintenance_completions
language plpgsql volatile security definer set search_path = '' as $$
declare
  done public.maintenance_items;
  t constant timestamptz := date_trunc('second', coalesce(at_time, private.clock()));
  day constant date := coalesce(on_date, private.utc_day(t));
  there public.maintenance_completions;
  made public.maintenance_completions;
begin
  perform private.lock_own_fleets();
  select * into done from public.maintenance_items i
  where i.item_id = item and i.fleet_id = any (private.fleets_as('viewer'));
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such maintenance item in your fleets';
  elsif not done.fleet_id = any (private.fleets_as('editor')) then
    raise sqlstate 'PT403' using message = 'This requires the editor role', hint = 'Ask an owner of the fleet.';
  end if;
  select * into made from public.maintenance_completions c where c.completion_id = completion and c.item_id = item;
  if found then
    if made.meter_seconds is distinct from figure or at_time is not null and made.done_at <> t
      or on_date is not null and made.done_on <> day
    then
      raise sqlstate 'PT409' using
        message = 'This was recorded before, with other values',
        hint = 'It is in the history. Void it if it is wrong, then record the right one.';
    end if;
    return made;
  elsif t > private.latest_time() then
    raise sqlstate 'PT400' using message = 'A completion cannot be in the future', hint = 'Check the date.';
  elsif day not between private.utc_day(t) - 1 and private.utc_day(t) + 1 then
    raise sqlstate 'PT400' using message = 'Date and time of the completion are days apart', hint = 'Check both.';
  elsif figure is not null and done.interval_seconds is null then
    raise sqlstate 'PT400' using message = 'This item is not due by hours', hint = 'Leave the figure out.';
  elsif done.archived_at is not null then
    raise sqlstate 'PT409' using message = format('%s is archived', done.name), hint = 'Restore it first.';
  end if;
  select * into there from public.maintenance_completions c
  where c.item_id = item and c.done_on = day and c.voided_at is null;
  if not found and after_completion is not null then
    select * into there from public.maintenance_completions c
    where c.item_id = item and c.voided_at is null order by c.done_at desc, c.entry desc limit 1;
    if there.completion_id is null then
      raise sqlstate 'PT409' using
        message = 'The previous completion has been voided in the meantime', hint = 'Look at the history first.';
    elsif there.completion_id = after_completion then
      there := null;
    end if;
  end if;
  if there.completion_id is not null then
    raise sqlstate 'PT409' using
      message = format(
        '%s was completed on %s already%s', done.name, there.done_on,
        to_char(coalesce(there.meter_seconds, there.expected_seconds) / 3600.0, 'FM", at "9999990.0" h"')
      ),
      detail = coalesce(
        'Entered by ' || (select u.email from auth.users u where u.id = there.entered_by) || '.',
        'Entered by a former member.'
      ),
      hint = 'It is in the history. Void it first if it is wrong.';
  end if;
  insert into public.maintenance_completions (
    completion_id, fleet_id, item_id, done_at, done_on, meter_seconds, expected_seconds, note, entered_by
  )
  values (
    coalesce(completion, gen_random_uuid()), done.fleet_id, item, t, day, figure, private.item_figure(done, t),
    nullif(btrim(remark), ''), auth.uid()
  ) returning * into made;
  return made;
end $$;
comment on function private.complete_maintenance(uuid, timestamptz, date, integer, text, uuid, uuid) is 'Enters that a maintenance item was done, with the figure that was expected.';
grant execute on function private.complete_maintenance(uuid, timestamptz, date, integer, text, uuid, uuid) to authenticated;

create function public.complete_maintenance(
  item_id uuid, done_at timestamptz default null, done_on date default null, meter_seconds integer default null,
  note text default null, completion_id uuid default null, after_completion_id uuid default null
) returns public.maintenance_completions
language sql volatile set search_path = ''
return private.complete_maintenance(item_id, done_at, done_on, meter_seconds, note, completion_id, after_completion_id);
comment on function public.complete_maintenance(uuid, timestamptz, date, integer, text, uuid, uuid) is 'Enters that a maintenance item was done: now by default, on the UTC date of that by default, at the figure of the meter or component if one is given. Refused with what is there if it was completed that day already or, where after_completion_id says which completion the caller saw last, if there is a newer one. The same completion_id again records nothing twice.';
grant execute on function public.complete_maintenance(uuid, timestamptz, date, integer, text, uuid, uuid) to authenticated;

create function private.void_completion(completion uuid, why text) returns public.maintenance_completions
language plpgsql volatile security definer set search_path = '' as $$
declare
  said constant text := coalesce(btrim(why), '');
  made public.maintenance_completions;
begin
  perform private.lock_own_fleets();
  update public.maintenance_completions c set voided_at = private.clock(), voided_by = auth.uid(), void_reason = said
  where c.completion_id = completion and c.voided_at is null and c.fleet_id = any (private.fleets_as('editor'))
  returning * into made;
  if not found then
    -- The same request again, whose answer got lost.
    select * into made from public.maintenance_completions c
    where c.completion_id = completion and c.voided_by = auth.uid() and c.void_reason = said
      and c.fleet_id = any (private.fleets_as('editor'));
  end if;
  if not found then
    raise sqlstate 'PT404' using
      message = 'There is no such completion that you may void', hint = 'It may have been voided already.';
  end if;
  return made;
end $$;
comment on function private.void_completion(uuid, text) is 'Takes a completion out of force; the row stays.';
grant execute on function private.void_completion(uuid, text) to authenticated;

create function public.void_completion(completion_id uuid, reason text) returns public.maintenance_completions
language sql volatile set search_path = ''
return private.void_completion(completion_id, reason);
comment on function public.void_completion(uuid, text) is 'Takes a completion out of force, with a reason; what is due follows from those before it again.';
grant execute on function public.void_completion(uuid, text) to authenticated;

-- A plane's programme from one form: what is due, and when it was done last, all of it or nothing.
create function public.set_up_maintenance(items jsonb) returns setof public.maintenance_items
language plpgsql volatile set search_path = '' as $$
declare
  most_items constant integer := 100;
  entry record;
  fleet uuid;
begin
  if jsonb_typeof(items) is distinct from 'array' or jsonb_array_length(items) not between 1 and most_items then
    raise sqlstate 'PT400' using message = format('A programme is a list of 1 to %s items', most_items);
  end if;
  for entry in
    select * from jsonb_to_recordset(items) e (
      item_id uuid, plane_id uuid, component_id uuid, name text, meter_id uuid, counts_from public.component_time,
      interval_seconds integer, interval_months integer, interval_days integer, tolerance_seconds integer,
      tolerance_days integer, warning_seconds integer, warning_days integer, anchor public.maintenance_anchor, note text,
      completion jsonb
    )
  loop
    fleet := coalesce(
      (select p.fleet_id from public.planes p where p.plane_id = entry.plane_id),
      (select c.fleet_id from public.components c where c.component_id = entry.component_id)
    );
    if fleet is null then
      raise sqlstate 'PT404' using message = 'There is no such plane or component in your fleets';
    elsif entry.anchor is null then
      raise sqlstate 'PT400' using message = 'An item needs an anchor: where its next interval counts from';
    end if;
    entry.item_id := coalesce(entry.item_id, gen_random_uuid());
    insert into public.maintenance_items (
      item_id, fleet_id, plane_id, component_id, name, meter_id, counts_from, interval_seconds, interval_months,
      interval_days, anchor, note
    )
    values (
      entry.item_id, fleet, entry.plane_id, entry.component_id, entry.name, entry.meter_id, entry.counts_from,
      entry.interval_seconds, entry.interval_months, entry.interval_days, entry.anchor, entry.note
    )
    on conflict (item_id) do nothing;
    -- What is left out of these has its default; and the answer to a first try may have got lost.
    update public.maintenance_items i set
      name = entry.name, meter_id = coalesce(entry.meter_id, i.meter_id),
      counts_from = coalesce(entry.counts_from, i.counts_from), interval_seconds = entry.interval_seconds,
      interval_months = entry.interval_months, interval_days = entry.interval_days,
      tolerance_seconds = coalesce(entry.tolerance_seconds, i.tolerance_seconds),
      tolerance_days = coalesce(entry.tolerance_days, i.tolerance_days),
      warning_seconds = coalesce(entry.warning_seconds, i.warning_seconds),
      warning_days = coalesce(entry.warning_days, i.warning_days), anchor = entry.anchor, note = entry.note
    where i.item_id = entry.item_id
      and (i.plane_id, i.component_id) is not distinct from (entry.plane_id, entry.component_id);
    if not found then
      raise sqlstate 'PT409' using message = format('%s was already entered, for something else', entry.name);
    end if;
    if jsonb_typeof(entry.completion) = 'object' then
      perform public.complete_maintenance(
        entry.item_id, done.done_at, done.done_on, done.meter_seconds, done.note, done.completion_id
      )
      from jsonb_to_record(entry.completion) done (
        completion_id uuid, done_at timestamptz, done_on date, meter_seconds integer, note text
      );
    end if;
    return query select i.* from public.maintenance_items i where i.item_id = entry.item_id;
  end loop;
end $$;
comment on function public.set_up_maintenance(jsonb) is 'Enters up to 100 maintenance items and, of each, when it was last done: all of it or nothing. An item is an object with the columns of maintenance_items (its fleet is its plane''s or component''s), and optionally completion, an object with completion_id, done_at, done_on, meter_seconds and note. The same item_id and completion_id again enter nothing twice.';
grant execute on function public.set_up_maintenance(jsonb) to authenticated;
