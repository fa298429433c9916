-- Operations: what the project's owner runs by hand or nightly, in the SQL editor or by psql.

-- By hand only, and never what was heard within 400 days. Purging claimed devices is not possible at all.
create function private.purge_unclaimed_devices(silent_days integer default 400) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  purged bigint;
begin
  if silent_days is null or silent_days < 400 then
    raise sqlstate 'PT400' using message = 'A device can be purged after 400 days of silence at the earliest';
  end if;
  delete from public.devices d
  where not exists (select from public.device_ownerships o where o.device_uuid = d.device_uuid)
    and greatest(d.last_seen, d.refused_at, d.created_at) < private.clock() - make_interval(days => silent_days);
  get diagnostics purged = row_count;
  return purged;
end $$;
comment on function private.purge_unclaimed_devices(integer) is 'Deletes devices that nobody ever claimed and that have been silent for so long, with their sessions. Returns how many.';

-- No session starts before its begin; the last may end on any day.
create function private.computed_days(plane uuid)
returns table (day date, measure private.measure, covered int4multirange, sessions bigint, checkpoint_seconds bigint)
language sql stable set search_path = ''
begin atomic
  select c.* from (
    select private.utc_day(min(s.effective_start)) as first_day, private.utc_day(max(s.session_end)) as last_day
    from public.sessions s where s.plane_id = plane and s.counts
  ) history
  cross join lateral private.computed_days(plane, history.first_day, history.last_day) c;
end;
comment on function private.computed_days(uuid) is 'All days of a plane, computed from its sessions.';

-- In order of time a session overlaps one before it if any of these ends after its start, and one after it if the next
-- begins before its end. Of two that begin together the shorter comes first: an empty one overlaps at its begin nothing.
create function private.computed_overlaps(plane uuid)
returns table (session_id uuid, effective_start timestamptz, kept boolean, computed boolean)
language sql stable set search_path = ''
begin atomic
  select s.session_id, s.effective_start, s.overlaps, s.counts and (
    coalesce(max(s.session_end) over earlier > s.effective_start, false)
    or coalesce(lead(s.effective_start) over in_time < s.session_end, false)
  )
  from public.sessions s where s.plane_id = plane
  window in_time as (partition by s.counts order by s.effective_start, s.session_end),
    earlier as (in_time rows between unbounded preceding and 1 preceding);
end;
comment on function private.computed_overlaps(uuid) is 'The sessions of a plane: whether they are kept as overlapping, and whether they overlap.';

-- After rows came in around the triggers (a bulk load, a partial restore).
create function private.rebuild_hours() returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  plane uuid;
begin
  truncate private.plane_days, private.plane_months;
  for plane in select p.plane_id from public.planes p loop
    insert into private.plane_days (plane_id, day, measure, covered, sessions, checkpoint_seconds)
    select plane, d.day, d.measure, d.covered, d.sessions, d.checkpoint_seconds from private.computed_days(plane) d
    order by d.day, d.measure;
    insert into private.plane_months (plane_id, month, measure, seconds, sessions, checkpoint_seconds)
    select plane, date_trunc('month', d.day)::date, d.measure, sum(d.seconds), sum(d.sessions), sum(d.checkpoint_seconds)
    from private.plane_days d where d.plane_id = plane
    group by 2, 3;
    update public.sessions s set "overlaps" = c.computed from private.computed_overlaps(plane) c
    where s.session_id = c.session_id and c.kept <> c.computed;
  end loop;
  truncate private.missing_boots;
  insert into private.missing_boots
  select c.* from public.devices d cross join lateral private.computed_missing_boots(d.device_uuid) c;
end $$;
comment on function private.rebuild_hours() is 'Computes the days, months and overlaps of all planes and the missing power-ups of all devices again from their sessions.';

create function private.verify_missing_boots() returns setof private.missing_boots
language sql stable set search_path = ''
begin atomic
  with computed as (
    select c.* from public.devices d cross join lateral private.computed_missing_boots(d.device_uuid) c
  )
  (select * from private.missing_boots except select * from computed)
  union all
  (select * from computed except select * from private.missing_boots)
  order by device_uuid, from_boot;
end;
comment on function private.verify_missing_boots() is 'The missing power-ups that are kept and not computed from the sessions, or the other way round; no row: all are right.';

create function private.verify_hours()
returns table (
  plane_id uuid, period text, begins date, measure private.measure, kept_seconds bigint, computed_seconds bigint
)
language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
declare
  plane uuid;
begin
  for plane in select p.plane_id from public.planes p order by p.plane_id loop
    return query
      with computed as materialized (
        select c.*, private.length(c.covered) as seconds from private.computed_days(plane) c
      ), either_side as (
        select 'day' as period, k.day as begins, k.measure, k.seconds::bigint as kept_seconds, k.sessions::bigint as kept_sessions,
          k.checkpoint_seconds as kept_checkpoints, k.covered as kept_covered,
          null::bigint as seconds, null::bigint as sessions, null::bigint as checkpoints, null::int4multirange as covered
        from private.plane_days k where k.plane_id = plane
        union all
        select 'month', k.month, k.measure, k.seconds, k.sessions, k.checkpoint_seconds, null, null, null, null, null
        from private.plane_months k where k.plane_id = plane
        union all
        select 'day', c.day, c.measure, null, null, null, null, c.seconds, c.sessions, c.checkpoint_seconds, c.covered
        from computed c
        union all
        select 'month', date_trunc('month', c.day)::date, c.measure, null, null, null, null,
          sum(c.seconds)::bigint, sum(c.sessions)::bigint, sum(c.checkpoint_seconds)::bigint, null
        from computed c group by 2, 3
      )
      select plane, b.period, b.begins, b.measure, coalesce(sum(b.kept_seconds), 0)::bigint, coalesce(sum(b.seconds), 0)::bigint
      from either_side b
      group by b.period, b.begins, b.measure
      -- A period that has become empty may stay behind with zeros.
      having coalesce(sum(b.kept_seconds), 0) <> coalesce(sum(b.seconds), 0)
        or coalesce(sum(b.kept_sessions), 0) <> coalesce(sum(b.sessions), 0)
        or coalesce(sum(b.kept_checkpoints), 0) <> coalesce(sum(b.checkpoints), 0)
        or coalesce(range_agg(b.kept_covered), '{}') <> coalesce(range_agg(b.covered), '{}')
      order by b.begins, b.period, b.measure;
    return query
      select plane, 'overlaps', private.utc_day(c.effective_start), null::private.measure, count(*) filter (where c.kept), count(*) filter (where c.computed)
      from private.computed_overlaps(plane) c
      group by 3 having bool_or(c.kept <> c.computed) order by 3;
  end loop;
end $$;
comment on function private.verify_hours() is 'What is kept for each plane and differs from a computation from the sessions: seconds of days and months by measure, or (period overlaps) how many sessions of a day overlap others; no row: every total is right. Reads each session three times: fit for every night.';
