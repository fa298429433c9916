-- Operations: what the project's owner runs by hand or nightly, in the SQL editor or by psql.

-- By hand only, and never what was heard within 400 days. Purging claimed devices is not possible at all.
create function private.purge_unclaimed_devices(silent_days integer default 400) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  purged bigint;
begin
  if silent_days is null or silent_days < 400 then
    raise sqlstate 'PT400' using message = 'A device is purged after 400 days of silence at the earliest';
  end if;
  delete from public.devices d
  where not exists (select from public.device_ownerships o where o.device_uuid = d.device_uuid)
    and greatest(d.last_seen, d.refused_at, d.created_at) < private.clock() - make_interval(days => silent_days);
  get diagnostics purged = row_count;
  return purged;
end $$;
comment on function private.purge_unclaimed_devices(integer) is 'Deletes devices that nobody ever claimed and that have been silent for so long, with their sessions. Returns how many.';

-- The one computation of a plane's days straight from its sessions, for all of its history at once.
create function private.computed_days(plane uuid)
returns table (day date, seconds bigint, sessions bigint, checkpoint_seconds bigint)
language sql stable set search_path = ''
begin atomic
  with piece as (
    select unnest(range_agg(tstzrange(s.effective_start, s.session_end))) as span
    from public.sessions s where s.plane_id = plane and s.counts
  ), covered as (
    select d.day, sum(extract(epoch from
      least(upper(piece.span), private.utc_midnight(d.day + 1)) - greatest(lower(piece.span), private.utc_midnight(d.day))
    )) as seconds
    from piece
    cross join lateral (
      select private.utc_day(lower(piece.span)) + n as day
      from generate_series(0, private.utc_day(upper(piece.span)) - private.utc_day(lower(piece.span))) n
    ) d
    group by d.day
  ), began as (
    select private.utc_day(s.effective_start) as day, count(*) as sessions, sum(s.checkpoint_seconds) as checkpoint_seconds
    from public.sessions s where s.plane_id = plane and s.counts
    group by 1
  )
  select day, coalesce(covered.seconds, 0)::bigint, coalesce(began.sessions, 0), coalesce(began.checkpoint_seconds, 0)
  from covered full join began using (day);
end;
comment on function private.computed_days(uuid) is 'The days of a plane, computed from its sessions: seconds covered, sessions begun, sum of their checkpoint intervals.';

-- After rows came in around the triggers (a bulk load, a partial restore).
create function private.rebuild_hours() returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  plane uuid;
begin
  truncate private.plane_days, private.plane_months;
  for plane in select p.plane_id from public.planes p loop
    insert into private.plane_days (plane_id, day, seconds, sessions, checkpoint_seconds)
    select plane, d.day, d.seconds, d.sessions, d.checkpoint_seconds from private.computed_days(plane) d;
    insert into private.plane_months (plane_id, month, seconds, sessions, checkpoint_seconds)
    select plane, date_trunc('month', d.day)::date, sum(d.seconds), sum(d.sessions), sum(d.checkpoint_seconds)
    from private.plane_days d where d.plane_id = plane
    group by 2;
  end loop;
end $$;
comment on function private.rebuild_hours() is 'Computes the days and months of all planes again from their sessions.';

create function private.verify_hours()
returns table (plane_id uuid, period text, begins date, kept_seconds bigint, computed_seconds bigint)
language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
declare
  plane uuid;
begin
  for plane in select p.plane_id from public.planes p order by p.plane_id loop
    return query
      with computed as materialized (
        select * from private.computed_days(plane)
      ), either_side as (
        select 'day' as period, k.day as begins, k.seconds::bigint as kept_seconds, k.sessions::bigint as kept_sessions,
          k.checkpoint_seconds as kept_checkpoints, null::bigint as seconds, null::bigint as sessions, null::bigint as checkpoints
        from private.plane_days k where k.plane_id = plane
        union all
        select 'month', k.month, k.seconds, k.sessions, k.checkpoint_seconds, null, null, null
        from private.plane_months k where k.plane_id = plane
        union all
        select 'day', c.day, null, null, null, c.seconds, c.sessions, c.checkpoint_seconds from computed c
        union all
        select 'month', date_trunc('month', c.day)::date, null, null, null,
          sum(c.seconds)::bigint, sum(c.sessions)::bigint, sum(c.checkpoint_seconds)::bigint
        from computed c group by 2
      )
      select plane, b.period, b.begins, coalesce(sum(b.kept_seconds), 0)::bigint, coalesce(sum(b.seconds), 0)::bigint
      from either_side b
      group by b.period, b.begins
      -- A period that has become empty may stay behind with zeros.
      having coalesce(sum(b.kept_seconds), 0) <> coalesce(sum(b.seconds), 0)
        or coalesce(sum(b.kept_sessions), 0) <> coalesce(sum(b.sessions), 0)
        or coalesce(sum(b.kept_checkpoints), 0) <> coalesce(sum(b.checkpoints), 0)
      order by b.begins, b.period;
  end loop;
end $$;
comment on function private.verify_hours() is 'The kept days and months that differ from a computation from the sessions; no row: every total is right. Reads each session once: fit for every night.';
