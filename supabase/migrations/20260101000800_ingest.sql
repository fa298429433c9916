-- Ingest: what the edge function calls, once per request. The function has checked the form of every message; here are
-- the rules that need the database: keys, limits, the join, the future flag, attribution.

-- A refusal is returned, not raised: what it leaves on the device (refused posts, counted requests) has to persist.
create function private.refusal(status integer, code text, message text, hint text, retry_after integer default null)
returns jsonb
language sql immutable parallel safe set search_path = ''
return jsonb_build_object('status', status, 'code', code, 'message', message, 'hint', hint, 'retry_after', retry_after);
comment on function private.refusal(integer, text, text, text, integer) is 'An answer of ingest that stores nothing.';

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
  elsif device.key_reset_at + private.key_reset_seconds() * interval '1 second' <= server_now then
    return 'device_key_reset_expired';
  elsif key_sha256 is not null then
    insert into private.device_keys (device_uuid, key_sha256) values (device.device_uuid, key_sha256);
    update public.devices d set key_bound_at = server_now, key_reset_at = null where d.device_uuid = device.device_uuid;
  end if;
  return null;
end $$;
comment on function private.check_device_key(public.devices, text, timestamptz) is 'Why a device''s post is refused for its key; null if it is not.';

-- What a message says beyond its identity: the columns of sessions, read from the wire by their names.
create type private.message as (
  ord bigint,
  msg_id text,
  session_start timestamptz,
  run_seconds integer,
  last_update timestamptz,
  closed boolean,
  fault text,
  report private.session_report,
  device_report private.device_report
);
comment on type private.message is 'One message of a request, as the function has checked it.';
comment on column private.message.ord is 'Its place in the request, from 1.';
comment on column private.message.msg_id is 'Its name, as the sender wrote it.';
comment on column private.message.session_start is 'Power on.';
comment on column private.message.run_seconds is 'Whole seconds of power.';
comment on column private.message.last_update is 'The device''s clock at that figure.';
comment on column private.message.closed is 'Whether it says that the session has ended.';
comment on column private.message.fault is 'Code of why it is rejected; null if it is not.';
comment on column private.message.report is 'The optional fields about the session.';
comment on column private.message.device_report is 'The optional fields about the device.';

create function private.read_messages(messages jsonb) returns private.message[]
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  return array(
    select row(
      place, m ->> 'msg_id', said.session_start, said.run_seconds, (m ->> 'last_update')::timestamptz,
      m ->> 'status' = 'closed',
      case
        when said.session_start < private.earliest_start() then 'bad_start'
        when said.run_seconds > private.longest_session() then 'bad_run_seconds'
      end,
      jsonb_populate_record(null::private.session_report, m), jsonb_populate_record(null::private.device_report, m)
    )::private.message
    from jsonb_array_elements(messages) with ordinality as element (m, place)
    cross join lateral (
      select (m ->> 'session_start')::timestamptz as session_start, (m ->> 'run_seconds')::integer as run_seconds
    ) said
    order by place
  );
end $$;
comment on function private.read_messages(jsonb) is 'The messages of a request, in order, each with what makes it be rejected.';

-- Step 1: who posts, and how much. The device's row is locked from here to the end, then the fleets that ever owned it,
-- then the planes it was ever in.
create function private.admit(
  device_id uuid, messages private.message[], device_key_sha256 text, batch boolean, server_now timestamptz,
  out device public.devices, out refusal jsonb
)
language plpgsql volatile set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  setting private.settings;
  refused text;
begin
  select * into setting from private.settings;
  select * into device from public.devices d where d.device_uuid = device_id for no key update;
  if not found then
    perform pg_advisory_xact_lock(2, 0);
    if setting.new_devices_per_hour <= (
      select count(*) from public.devices d where d.announced and d.created_at > server_now - interval '1 hour'
    ) then
      refusal := private.refusal(
        429, 'too_many_new_devices', 'Too many new devices within an hour',
        'Claim the device in the portal: a claimed device is not new.', 600
      );
      return;
    end if;
    insert into public.devices (device_uuid, announced) values (device_id, true) on conflict do nothing;
    select * into device from public.devices d where d.device_uuid = device_id for no key update;
  end if;

  refused := private.check_device_key(device, device_key_sha256, server_now);
  if refused is not null then
    update public.devices d set refused_at = server_now, refused_code = refused, refused_posts = d.refused_posts + 1
    where d.device_uuid = device_id;
    refusal := private.refusal(
      401, refused, 'The device key does not match',
      'Send the key that this device used first in X-Device-Key, or have its owner reset the key in the portal.'
    );
    return;
  end if;

  device.request_count :=
    case when device.request_minute = date_trunc('minute', server_now) then device.request_count else 0 end + 1;
  device.request_minute := date_trunc('minute', server_now);
  if device.request_count > setting.messages_per_minute * (1 + batch::integer) then
    refusal := private.refusal(
      429, 'too_many_messages', format('More than %s messages in a minute', setting.messages_per_minute),
      'Wait as long as Retry-After says, or send what is left in batches.',
      60 - extract(second from server_now)::integer
    );
    return;
  end if;

  -- More than a board can have. What is stored already goes on growing.
  device.new_sessions :=
    case when device.new_sessions_day = private.utc_day(server_now) then device.new_sessions else 0 end;
  device.new_sessions_day := private.utc_day(server_now);
  if device.new_sessions >= setting.new_sessions_per_day and exists (
    select m.session_start from unnest(messages) m
    except
    select s.session_start from public.sessions s where s.device_uuid = device_id
  ) then
    refusal := private.refusal(
      429, 'too_many_new_sessions', format('More than %s new sessions in a day', setting.new_sessions_per_day),
      'A board has no more than that. Go on tomorrow (UTC).', 3600
    );
    return;
  end if;

  -- Which ownerships there are stands still: claims lock the device, too.
  perform pg_advisory_xact_lock_shared(turn.key)
  from (
    select distinct private.lock_key('fleet', o.fleet_id) as key from public.device_ownerships o
    where o.device_uuid = device_id and o.fleet_id is not null order by 1
  ) turn;
  -- A post may change what is said of another device's sessions in the same plane: of each plane one writes at a time.
  perform private.lock_planes(array(
    select a.plane_id from public.device_assignments a where a.device_uuid = device_id
    union all
    select s.plane_id from public.sessions s
    where s.device_uuid = device_id and s.session_start in (select m.session_start from unnest(messages) m)
  ));
end $$;
comment on function private.admit(uuid, private.message[], text, boolean, timestamptz) is 'Locks the device and what its sessions touch, checks its key and its limits; a refusal, or the device with this request counted.';

-- Step 2: the join. The stored row takes part as the first message; the device's lock keeps it still until the end. A
-- session's optional fields are those of its greatest message; a message's rank is one text that sorts like
-- (run_seconds, closed, canonical text). Which columns keep the
-- report is said by its type alone: INSERT and UPDATE want them by name, so the names are put in here.
do $make$
declare
  report text;
  excluded_report text;
begin
  select string_agg(quote_ident(a.attname), ', ' order by a.attnum),
    string_agg('excluded.' || quote_ident(a.attname), ', ' order by a.attnum)
  into report, excluded_report
  from pg_catalog.pg_attribute a where a.attrelid = 'private.session_report'::regclass and a.attnum > 0 and not a.attisdropped;
  execute replace(replace($function$
create function private.join_messages(
  device_id uuid, messages private.message[], server_now timestamptz, out results jsonb, out added integer
)
language plpgsql volatile set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  with candidate as (
    select m.ord, m.session_start, m.run_seconds, m.last_update, m.closed, m.closed as report_closed, m.report,
      null::uuid as fleet_id
    from unnest(messages) m where m.fault is null
    union all
    select 0, s.session_start, s.run_seconds, s.last_update, s.status = 'closed', s.report_closed,
      jsonb_populate_record(null::private.session_report, to_jsonb(s)), s.fleet_id
    from public.sessions s
    where s.device_uuid = device_id and s.session_start = any (array(select m.session_start from unnest(messages) m))
  ), ranked as (
    select *, lpad(run_seconds::text, 10, '0') || report_closed::integer::text
      || jsonb_strip_nulls(to_jsonb(report))::text collate "C" as rank
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
      max(fleet_id::text) over whole as fleet_id,
      private.in_future(session_start, run_seconds) as future
    from judged
    window whole as (partition by session_start)
    order by session_start, rank desc
  ), written as (
    insert into public.sessions as s (
      session_id, device_uuid, session_start, run_seconds, last_update, status, report_closed, received_at, heard_at,
      grown_at, future, known_at_release, fleet_id, plane_id, effective_start, {report}
    )
    select private.session_id(device_id, j.session_start), device_id, j.session_start, j.run_seconds, j.last_update,
      case when j.closed then 'closed' else 'open' end::public.session_status, j.report_closed, server_now, server_now,
      server_now, j.future,
      -- It comes after the device's release, about the time before it: nothing of it was known then.
      case when o.owned_until is not null or j.fleet_id <> o.fleet_id::text then -1 end,
      o.fleet_id, a.plane_id, j.session_start, (j.report).*
    from joined j
    left join public.device_ownerships o on o.device_uuid = device_id and o.owned @> j.session_start
    left join lateral (
      select device_assignments.plane_id from public.device_assignments
      where ownership_id = o.ownership_id and assigned_from <= j.session_start
      order by assigned_from desc limit 1
    ) a on true
    on conflict (device_uuid, session_start) do update set
      run_seconds = excluded.run_seconds, last_update = excluded.last_update, status = excluded.status,
      report_closed = excluded.report_closed, ({report}) = row({excluded_report}),
      heard_at = greatest(s.heard_at, excluded.heard_at),
      grown_at = case when excluded.run_seconds > s.run_seconds then excluded.grown_at else s.grown_at end,
      known_at_release = coalesce(
        s.known_at_release,
        case when excluded.known_at_release is not null and excluded.run_seconds > s.run_seconds then s.run_seconds end
      ),
      -- Judged where it counts, at its corrected start if it has one: what a person checked did not reach that far.
      future = s.future or excluded.future or private.in_future(s.effective_start, excluded.run_seconds),
      clock_checked = s.clock_checked and not private.in_future(s.effective_start, excluded.run_seconds)
  )
  select jsonb_agg(
    case
      when m.fault is null then
        jsonb_build_object('msg_id', m.msg_id, 'outcome', case when j.changes then 'stored' else 'duplicate' end)
      else jsonb_build_object('msg_id', m.msg_id, 'outcome', 'rejected', 'code', m.fault, 'message', case m.fault
        when 'bad_start' then
          format('The session starts before %s: the clock was wrong', private.utc_day(private.earliest_start()))
        when 'bad_run_seconds' then
          format('The session is longer than %s days: no board has that', private.longest_session() / 86400)
      end)
    end order by m.ord
  ), (select count(*) from joined where not known)
  into results, added
  from unnest(messages) m left join judged j using (ord);
end $$
$function$, '{report}', report), '{excluded_report}', excluded_report);
end $make$;
comment on function private.join_messages(uuid, private.message[], timestamptz) is 'Joins messages into the device''s sessions; one result per message, and how many sessions are new.';

-- Step 3: what the device says about itself: its greatest message by (session_start, run_seconds, canonical text). What it
-- says about an earlier owner's time is not the present one's to see.
create function private.note_device(device public.devices, messages private.message[], server_now timestamptz) returns void
language plpgsql volatile set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  own_time constant timestamptz := coalesce(
    (select max(o.owned_until) from public.device_ownerships o where o.device_uuid = device.device_uuid), '-infinity'
  );
  fault text := (select m.fault from unnest(messages) m where m.fault is not null order by m.ord desc limit 1);
  latest record;
begin
  select m.session_start, m.run_seconds, m.device_report as report into latest
  from unnest(messages) m
  where m.fault is null and m.session_start >= own_time
  order by m.session_start desc, m.run_seconds desc, jsonb_strip_nulls(to_jsonb(m.device_report))::text collate "C" desc
  limit 1;

  if latest.session_start is not null and (
    device.report_session_start is null
    or (latest.session_start, latest.run_seconds) > (device.report_session_start, device.report_run_seconds)
    or (latest.session_start, latest.run_seconds) = (device.report_session_start, device.report_run_seconds)
      and jsonb_strip_nulls(to_jsonb(latest.report))::text collate "C" > jsonb_strip_nulls(
        to_jsonb(jsonb_populate_record(null::private.device_report, to_jsonb(device)))
      )::text collate "C"
  ) then
    device := jsonb_populate_record(device, to_jsonb(latest.report));
    device.report_session_start := latest.session_start;
    device.report_run_seconds := latest.run_seconds;
  end if;
  update public.devices d set
    last_seen = greatest(d.last_seen, server_now), has_posted = true,
    report_session_start = device.report_session_start, report_run_seconds = device.report_run_seconds,
    boot = device.boot, lifetime_seconds = device.lifetime_seconds, unsent = device.unsent,
    firmware = device.firmware, reset_reason = device.reset_reason,
    refused_posts = 0,
    rejected_at = case when fault is null then d.rejected_at else server_now end,
    rejected_code = coalesce(fault, d.rejected_code),
    request_minute = device.request_minute, request_count = device.request_count,
    new_sessions_day = device.new_sessions_day, new_sessions = device.new_sessions
  where d.device_uuid = device.device_uuid;
end $$;
comment on function private.note_device(public.devices, private.message[], timestamptz) is 'Notes on the device what its greatest message says, and that it was heard.';

-- Everything about one request, in one call. Returns {status: 200, body} or a refusal.
create function private.ingest(messages jsonb, device_key_sha256 text, batch boolean) returns jsonb
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  server_now constant timestamptz := private.clock();
  device_id constant uuid := messages -> 0 ->> 'device_uuid';
  parsed constant private.message[] := private.read_messages(messages);
  admitted record;
  device public.devices;
  joined record;
begin
  select * into admitted from private.admit(device_id, parsed, device_key_sha256, batch, server_now);
  if admitted.refusal is not null then
    return admitted.refusal;
  end if;
  device := admitted.device;
  select * into joined from private.join_messages(device_id, parsed, server_now);
  device.new_sessions := device.new_sessions + joined.added;
  perform private.note_device(device, parsed, server_now);
  return jsonb_build_object('status', 200, 'body', jsonb_build_object(
    'ok', true,
    'server_time', private.iso_time(server_now),
    'server_id', (select s.server_id from private.settings s),
    'new_device', not device.has_posted,
    'results', joined.results
  ));
end $$;
comment on function private.ingest(jsonb, text, boolean) is 'Stores the well-formed messages of one device, in one transaction; answers {status, ...}.';
grant execute on function private.ingest(jsonb, text, boolean) to service_role;

create function public.ingest(messages jsonb, device_key_sha256 text, batch boolean) returns jsonb
language sql volatile set search_path = ''
return private.ingest(messages, device_key_sha256, batch);
comment on function public.ingest(jsonb, text, boolean) is 'For the edge function alone: stores 1 to 100 well-formed messages of one device.';
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
grant execute on function private.server_info() to service_role;

create function public.server_info() returns jsonb
language sql stable set search_path = ''
return private.server_info();
comment on function public.server_info() is 'For the edge function alone: the server''s time and identity.';
grant execute on function public.server_info() to service_role;
