-- Ingest: what the edge function calls, once per request. The function has checked the form of every message; here are
-- the rules that need the database: keys, limits, the join, the future flag, attribution.

-- A refusal is returned, not raised: what it leaves on the device (refused posts, counted requests) has to persist.
create function private.refusal(status integer, code text, message text, hint text, retry_after integer default null)
returns jsonb
language sql immutable parallel safe set search_path = ''
return jsonb_build_object('status', status, 'code', code, 'message', message, 'hint', hint, 'retry_after', retry_after);
comment on function private.refusal(integer, text, text, text, integer) is 'An answer of ingest that stores nothing.';
revoke execute on function private.refusal(integer, text, text, text, integer) from public;

-- Null when the device may post. Binds the key of a device that has none.
create function private.check_device_key(device public.devices, key_sha256 text, server_now timestamptz) returns text
language plpgsql volatile set search_path = '' as $$
declare
  bound text := (select k.key_sha256 from private.device_keys k where k.device_uuid = device.device_uuid);
begin
  if bound is not null then
    return case when key_sha256 is null then 'device_key_missing' when key_sha256 <> bound then 'device_key_wrong' end;
  elsif device.key_reset_at is not null and key_sha256 is null then
    return 'device_key_missing';
  elsif device.key_reset_at + interval '24 hours' <= server_now then
    return 'device_key_reset_expired';
  elsif key_sha256 is not null then
    insert into private.device_keys (device_uuid, key_sha256) values (device.device_uuid, key_sha256);
    update public.devices d set key_bound_at = server_now, key_reset_at = null where d.device_uuid = device.device_uuid;
  end if;
  return null;
end $$;
comment on function private.check_device_key(public.devices, text, timestamptz) is 'Why a device''s post is refused for its key; null if it is not.';
revoke execute on function private.check_device_key(public.devices, text, timestamptz) from public;

-- Everything about one request, in one call. Returns {status: 200, body} or a refusal.
create function private.ingest(messages jsonb, device_key_sha256 text, batch boolean) returns jsonb
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  server_now constant timestamptz := private.clock();
  device_id constant uuid := messages -> 0 ->> 'device_uuid';
  setting private.settings;
  device public.devices;
  refused text;
  results jsonb;
  rejects boolean;
  added integer;
  latest record;
begin
  select * into setting from private.settings;
  select * into device from public.devices d where d.device_uuid = device_id for update;
  if not found then
    perform pg_advisory_xact_lock(2, 0);
    if setting.new_devices_per_hour <= (
      select count(*) from public.devices d where d.announced and d.created_at > server_now - interval '1 hour'
    ) then
      return private.refusal(
        429, 'too_many_new_devices', 'Too many new devices within an hour',
        'Claim the device in the portal: a claimed device is not new.', 600
      );
    end if;
    insert into public.devices (device_uuid, announced) values (device_id, true) on conflict do nothing;
    select * into device from public.devices d where d.device_uuid = device_id for update;
  end if;

  refused := private.check_device_key(device, device_key_sha256, server_now);
  if refused is not null then
    update public.devices d set refused_at = server_now, refused_code = refused, refused_posts = d.refused_posts + 1
    where d.device_uuid = device_id;
    return private.refusal(
      401, refused, 'The device key does not match',
      'Send the key that this device used first in X-Device-Key, or have its owner reset the key in the portal.'
    );
  end if;

  device.request_count :=
    case when device.request_minute = date_trunc('minute', server_now) then device.request_count else 0 end + 1;
  if device.request_count > setting.messages_per_minute * (1 + batch::integer) then
    return private.refusal(
      429, 'too_many_messages', format('More than %s messages in a minute', setting.messages_per_minute),
      'Wait as long as Retry-After says, or send what is left in batches.',
      60 - extract(second from server_now)::integer
    );
  end if;

  -- More than a board can have. What is stored already goes on growing.
  device.new_sessions :=
    case when device.new_sessions_day = private.utc_day(server_now) then device.new_sessions else 0 end;
  if device.new_sessions >= setting.new_sessions_per_day and exists (
    select (m ->> 'session_start')::timestamptz from jsonb_array_elements(messages) m
    except
    select s.session_start from public.sessions s where s.device_uuid = device_id
  ) then
    return private.refusal(
      429, 'too_many_new_sessions', format('More than %s new sessions in a day', setting.new_sessions_per_day),
      'A board has no more than that. Go on tomorrow (UTC).', 3600
    );
  end if;

  -- Which ownerships there are stands still: claims lock the device, too.
  perform pg_advisory_xact_lock_shared(turn.key)
  from (
    select distinct private.lock_key('fleet', o.fleet_id) as key from public.device_ownerships o
    where o.device_uuid = device_id and o.fleet_id is not null order by 1
  ) turn;
  -- Sessions that grow and new ones are counted one after the other; one alone is of one plane.
  if jsonb_array_length(messages) > 1 then
    perform private.lock_planes(array(
      select a.plane_id from public.device_assignments a where a.device_uuid = device_id
      union all
      select s.plane_id from public.sessions s
      where s.device_uuid = device_id
        and s.session_start in (select (m ->> 'session_start')::timestamptz from jsonb_array_elements(messages) m)
    ));
  end if;

  -- The join. The stored row takes part as the first message; the device's lock keeps it still until the end. A session's
  -- optional fields are those of its greatest message; a message's rank is one text that sorts like (run_seconds,
  -- closed, canonical text).
  with message as materialized (
    select ord, m ->> 'msg_id' as msg_id, (m ->> 'session_start')::timestamptz as session_start,
      (m ->> 'run_seconds')::integer as run_seconds, (m ->> 'last_update')::timestamptz as last_update,
      m ->> 'status' = 'closed' as closed, m ->> 'status' = 'closed' as report_closed,
      (m ->> 'session_start')::timestamptz < private.earliest_start() as bad_start,
      jsonb_strip_nulls(jsonb_build_object(
        'boot', m -> 'boot', 'start_source', m -> 'start_source', 'start_uncertainty_s', m -> 'start_uncertainty_s',
        'checkpoint_seconds', m -> 'checkpoint_seconds', 'lifetime_seconds', m -> 'lifetime_seconds',
        'reset_reason', m -> 'reset_reason', 'firmware', m -> 'firmware'
      )) as report
    from jsonb_array_elements(messages) with ordinality as element (m, ord)
  ), candidate as (
    select ord, session_start, run_seconds, last_update, closed, report_closed, report from message where not bad_start
    union all
    select 0, s.session_start, s.run_seconds, s.last_update, s.status = 'closed', s.report_closed,
      jsonb_strip_nulls(jsonb_build_object(
        'boot', s.boot, 'start_source', s.start_source, 'start_uncertainty_s', s.start_uncertainty_s,
        'checkpoint_seconds', s.checkpoint_seconds, 'lifetime_seconds', s.lifetime_seconds,
        'reset_reason', s.reset_reason, 'firmware', s.firmware
      ))
    from public.sessions s
    where s.device_uuid = device_id and s.session_start = any (array(select message.session_start from message))
  ), ranked as (
    select *, lpad(run_seconds::text, 10, '0') || report_closed::integer::text || report::text collate "C" as rank
    from candidate
  ), judged as materialized (
    select *, (
        last_update <= max(last_update) over before_it
        and closed <= bool_or(closed) over before_it
        and rank <= max(rank) over before_it
      ) is not true as changes
    from ranked
    window before_it as (partition by session_start order by ord rows between unbounded preceding and 1 preceding)
  ), joined as (
    select distinct on (session_start) session_start, run_seconds, report, report_closed,
      max(last_update) over whole as last_update, bool_or(closed) over whole as closed, bool_or(ord = 0) over whole as known,
      private.in_future(session_start, run_seconds) as future
    from judged
    window whole as (partition by session_start)
    order by session_start, rank desc
  ), written as (
    insert into public.sessions as s (
      session_id, device_uuid, session_start, run_seconds, last_update, status, report_closed, boot, start_source,
      start_uncertainty_s, checkpoint_seconds, lifetime_seconds, reset_reason, firmware, received_at, heard_at, future,
      fleet_id, plane_id, effective_start
    )
    select private.session_id(device_id, j.session_start), device_id, j.session_start, j.run_seconds, j.last_update,
      case when j.closed then 'closed' else 'open' end::public.session_status, j.report_closed,
      (j.report ->> 'boot')::integer, (j.report ->> 'start_source')::public.start_source,
      (j.report ->> 'start_uncertainty_s')::integer, (j.report ->> 'checkpoint_seconds')::integer,
      (j.report ->> 'lifetime_seconds')::bigint, j.report ->> 'reset_reason', j.report ->> 'firmware',
      server_now, server_now, j.future, o.fleet_id, a.plane_id, j.session_start
    from joined j
    left join public.device_ownerships o on o.device_uuid = device_id
      and j.session_start >= o.owned_from and (j.session_start < o.owned_until or o.owned_until is null)
    left join lateral (
      select device_assignments.plane_id from public.device_assignments
      where ownership_id = o.ownership_id and assigned_from <= j.session_start
      order by assigned_from desc limit 1
    ) a on true
    on conflict (device_uuid, session_start) do update set
      run_seconds = excluded.run_seconds, last_update = excluded.last_update, status = excluded.status,
      report_closed = excluded.report_closed, boot = excluded.boot, start_source = excluded.start_source,
      start_uncertainty_s = excluded.start_uncertainty_s, checkpoint_seconds = excluded.checkpoint_seconds,
      lifetime_seconds = excluded.lifetime_seconds, reset_reason = excluded.reset_reason, firmware = excluded.firmware,
      heard_at = greatest(s.heard_at, excluded.heard_at),
      -- Judged where it counts, at its corrected start if it has one: what a person checked did not reach that far.
      future = s.future or excluded.future or private.in_future(s.effective_start, excluded.run_seconds),
      clock_checked = s.clock_checked and not private.in_future(s.effective_start, excluded.run_seconds)
  )
  select bool_or(m.bad_start), jsonb_agg(
    case
      when m.bad_start then jsonb_build_object(
        'msg_id', m.msg_id, 'outcome', 'rejected', 'code', 'bad_start',
        'message', format('The session starts before %s: the clock was wrong', private.utc_day(private.earliest_start()))
      )
      else jsonb_build_object('msg_id', m.msg_id, 'outcome', case when j.changes then 'stored' else 'duplicate' end)
    end order by m.ord
  ), (select count(*) from joined where not known)
  into rejects, results, added
  from message m left join judged j using (ord);

  -- The device's own figures are those of its greatest message by (session_start, run_seconds, canonical text).
  select (m ->> 'session_start')::timestamptz as session_start, (m ->> 'run_seconds')::integer as run_seconds, report
  into latest
  from jsonb_array_elements(messages) m, lateral (
    select jsonb_strip_nulls(jsonb_build_object(
      'boot', m -> 'boot', 'lifetime_seconds', m -> 'lifetime_seconds', 'unsent', m -> 'unsent',
      'firmware', m -> 'firmware', 'reset_reason', m -> 'reset_reason'
    )) as report
  ) r
  where (m ->> 'session_start')::timestamptz >= private.earliest_start()
  order by 1 desc, 2 desc, report::text collate "C" desc limit 1;

  if latest.session_start is not null and (
    (latest.session_start, latest.run_seconds, latest.report::text collate "C") > (
      device.report_session_start, device.report_run_seconds, jsonb_strip_nulls(jsonb_build_object(
        'boot', device.boot, 'lifetime_seconds', device.lifetime_seconds, 'unsent', device.unsent,
        'firmware', device.firmware, 'reset_reason', device.reset_reason
      ))::text collate "C"
    )
  ) is not false then
    device.report_session_start := latest.session_start;
    device.report_run_seconds := latest.run_seconds;
    device.boot := latest.report ->> 'boot';
    device.lifetime_seconds := latest.report ->> 'lifetime_seconds';
    device.unsent := latest.report ->> 'unsent';
    device.firmware := latest.report ->> 'firmware';
    device.reset_reason := latest.report ->> 'reset_reason';
  end if;
  update public.devices d set
    last_seen = greatest(d.last_seen, server_now),
    report_session_start = device.report_session_start, report_run_seconds = device.report_run_seconds,
    boot = device.boot, lifetime_seconds = device.lifetime_seconds, unsent = device.unsent,
    firmware = device.firmware, reset_reason = device.reset_reason,
    refused_posts = 0,
    rejected_at = case when rejects then server_now else d.rejected_at end,
    rejected_code = case when rejects then 'bad_start' else d.rejected_code end,
    request_minute = date_trunc('minute', server_now), request_count = device.request_count,
    new_sessions_day = private.utc_day(server_now), new_sessions = device.new_sessions + added
  where d.device_uuid = device_id;

  return jsonb_build_object('status', 200, 'body', jsonb_build_object(
    'ok', true,
    'server_time', private.iso_time(server_now),
    'server_id', setting.server_id,
    'new_device', device.last_seen is null,
    'results', results
  ));
end $$;
comment on function private.ingest(jsonb, text, boolean) is 'Stores the well-formed messages of one device, in one transaction; answers {status, ...}.';
revoke execute on function private.ingest(jsonb, text, boolean) from public;
grant execute on function private.ingest(jsonb, text, boolean) to service_role;

create function public.ingest(messages jsonb, device_key_sha256 text, batch boolean) returns jsonb
language sql volatile set search_path = ''
return private.ingest(messages, device_key_sha256, batch);
comment on function public.ingest(jsonb, text, boolean) is 'For the edge function alone: stores 1 to 100 well-formed messages of one device.';
revoke execute on function public.ingest(jsonb, text, boolean) from public, anon, authenticated, service_role;
grant execute on function public.ingest(jsonb, text, boolean) to service_role;

create function private.server_info() returns jsonb
language sql stable security definer set search_path = ''
begin atomic
  select jsonb_build_object(
    'ok', true,
    'server_time', private.iso_time(private.clock()),
    'server_id', server_id
  ) from private.settings;
end;
comment on function private.server_info() is 'The server''s time and identity.';
revoke execute on function private.server_info() from public;
grant execute on function private.server_info() to service_role;

create function public.server_info() returns jsonb
language sql stable set search_path = ''
return private.server_info();
comment on function public.server_info() is 'For the edge function alone: the server''s time and identity.';
revoke execute on function public.server_info() from public, anon, authenticated, service_role;
grant execute on function public.server_info() to service_role;
