-- The log as people read and sign it.

-- First the keys, each from one table and in the order of its index, so that a page merges three short walks: whether an
-- entry stands in the log is asked behind them (a condition inside would keep the planner from merging), and a column is
-- there once (as a second one, it would no longer be known as what pages are ordered by). What the log is searched and
-- summed by stands there, too: neither a period nor a total needs another row. Then what a row says: each join finds a row
-- by its key or, where its key is null, looks for nothing, and costs nothing where nothing of it is asked for.
create view public.log_entries with (security_invoker = true) as
  select
    e.entry_id, e.kind, case when not e.is_merged then coalesce(e.split_id, e.entry_id) end as session_id,
    coalesce(m.session_ids, array[coalesce(e.split_id, e.entry_id)]) as session_ids,
    e.fleet_id, e.plane_id, plane.registration, e.device_uuid, o.name as device_name,
    e.effective_start, case when e.kind = 'merged' then null else s.session_start end as session_start,
    e.session_end, e.run_seconds,
    case e.kind
      when 'merged' then extract(epoch from e.session_end - e.effective_start)::integer - e.run_seconds else 0
    end as gap_seconds,
    part.part_number, part.part_count,
    s.last_update, s.status,
    case
      -- a part that another one follows has ended, whatever its session does
      when s.status = 'closed' or part.until_seconds is not null then 'ended'
      when private.is_over(s.status, s.heard_at, s.device_uuid, s.effective_start) then 'unconfirmed'
      when s.heard_at <= (select private.running_since()) then 'last_heard'
      else 'running'
    end::public.session_state as state,
    case
      when e.kind <> 'merged' and s.device_uuid is null then 'hand_entered'
      when e.flagged then 'flagged'
      when m.is_estimated then 'clock_estimated'
      when case e.kind
        when 'merged' then exists (
          select from public.sessions one where one.session_id = any (m.session_ids) and one.status = 'open'
            and private.is_over(one.status, one.heard_at, one.device_uuid, one.effective_start)
        )
        else s.status = 'open' and private.is_over(s.status, s.heard_at, s.device_uuid, s.effective_start)
      end then 'unconfirmed'
      when e.kind <> 'merged' and s.start_source = 'estimated' and not s.clock_checked then 'clock_estimated'
      when m.by_hand then 'hand_entered'
      else 'measured'
    end::public.session_quality as quality,
    e.short, e.class, e.pilot, case e.kind when 'session' then n.remarks else e.remarks end as remarks, e.excluded,
    coalesce(m.clock_checked, s.clock_checked) as clock_checked,
    coalesce(m.corrected, n.corrected_start is not null) as corrected,
    case e.kind when 'session' then n.author_id else e.author_id end as annotated_by,
    case e.kind when 'session' then n.updated_at else e.updated_at end as annotated_at,
    e.overlaps,
    case when e.kind = 'session' and s.device_uuid is null and s.counts and not s.clock_checked
      then private.duplicate_of(s.plane_id, s.effective_start, s.session_end)
    end as possible_duplicate_of,
    case when coalesce(m.counts, s.counts) and e.plane_id is not null
      then private.hobbs(e.plane_id, e.effective_start, 'powered')
    end as hobbs_start_seconds,
    case when coalesce(m.counts, s.counts) and e.plane_id is not null
      then private.hobbs(e.plane_id, e.session_end, 'powered')
    end as hobbs_end_seconds,
    e.engine_seconds,
    case when e.kind = 'session' then s.engine_first_s end as engine_first_s,
    case e.kind when 'merged' then m.bus_start_mv else s.bus_start_mv end as bus_start_mv,
    case e.kind when 'merged' then m.bus_min_mv else s.bus_min_mv end as bus_min_mv,
    case e.kind when 'merged' then m.bus_max_mv else s.bus_max_mv end as bus_max_mv,
    case when coalesce(m.counts, s.counts) and e.plane_id = any ((select private.planes_with_engine_time())::uuid[])
      then private.hobbs(e.plane_id, e.effective_start, 'engine')
    end as engine_hobbs_start_seconds,
    case when coalesce(m.counts, s.counts) and e.plane_id = any ((select private.planes_with_engine_time())::uuid[])
      then private.hobbs(e.plane_id, e.session_end, 'engine')
    end as engine_hobbs_end_seconds,
    case
      when e.engine_seconds is not null then private.suggested_class(
        e.class, e.engine_seconds, private.is_over(s.status, s.heard_at, s.device_uuid, s.effective_start)
      )
    end as suggested_class,
    coalesce(m.checkpoint_seconds, s.checkpoint_seconds) as checkpoint_seconds,
    e.start_source, coalesce(m.start_uncertainty_s, s.start_uncertainty_s) as start_uncertainty_s,
    case when e.kind <> 'merged' then s.boot end as boot, s.firmware,
    case when e.kind <> 'merged' then s.reset_reason end as reset_reason,
    coalesce(m.received_at, s.received_at) as received_at, s.heard_at, e.flagged,
    case
      when e.kind = 'merged' then m.held_seconds
      when s.known_at_release is not null then
        s.run_seconds - least(s.run_seconds, greatest(s.known_at_release, s.looked_at_seconds, 0))
    end as held_seconds,
    case when e.kind = 'session' then n.batch_id end as batch_id
  from unnest((select private.fleets_as('viewer'))) mine (fleet_id)
  join (
    select own.session_id as entry_id, 'session'::public.entry_kind as kind, false as is_merged,
      false as is_part, null::uuid as split_id, own.fleet_id, own.plane_id, own.device_uuid, own.effective_start,
      own.start_source, own.class, own.pilot, null::text as remarks, null::uuid as author_id,
      null::timestamptz as updated_at, own.excluded, own.flagged, own.overlaps, own.short, own.session_end,
      own.run_seconds, own.engine_seconds, not own.in_entry as stands
    from public.sessions own
    union all
    select merged.entry_id, 'merged', true, false, null, merged.fleet_id, merged.plane_id, merged.device_uuid,
      merged.effective_start, merged.start_source, merged.class, merged.pilot, merged.remarks, merged.author_id,
      merged.updated_at, merged.excluded, merged.flagged, merged.overlaps, merged.short,
      merged.session_end, merged.run_seconds, merged.engine_seconds, merged.in_force
    from public.merged_entries merged
    union all
    select cut.entry_id, 'part', false, true, cut.session_id, cut.fleet_id, cut.plane_id, cut.device_uuid,
      cut.effective_start, cut.start_source, cut.class, cut.pilot, cut.remarks, cut.author_id, cut.updated_at,
      cut.excluded, cut.flagged, cut.overlaps, cut.short, cut.session_end,
      extract(epoch from cut.session_end - cut.effective_start)::integer, null, cut.in_force
    from public.session_parts cut
  ) e on e.fleet_id = mine.fleet_id and e.stands
  left join public.merged_entries m on m.entry_id = case when e.is_merged then e.entry_id end
  left join public.session_parts part on part.entry_id = case when e.is_part then e.entry_id end
  left join public.sessions s on s.session_id = case
    when e.is_merged then m.last_session_id when e.split_id is not null then e.split_id else e.entry_id
  end
  left join public.planes plane on plane.plane_id = e.plane_id
  left join public.device_ownerships o on o.device_uuid = e.device_uuid and o.fleet_id = e.fleet_id
    and o.owned @> s.session_start
  left join public.session_annotations n on n.session_id = case
    when e.is_merged then null when e.split_id is not null then e.split_id else e.entry_id
  end;
comment on view public.log_entries is 'The log: one row per entry, which is a session unless people merged several or split it. Page by (effective_start, entry_id).';
comment on column public.log_entries.entry_id is 'Identity of the entry; of a session that is neither merged nor split, session_id.';
comment on column public.log_entries.kind is 'session, merged or part.';
comment on column public.log_entries.session_id is 'The session; null: several.';
comment on column public.log_entries.session_ids is 'Its sessions, the first one first.';
comment on column public.log_entries.fleet_id is 'The fleet.';
comment on column public.log_entries.plane_id is 'The plane; null: none.';
comment on column public.log_entries.registration is 'Registration of the plane, as written.';
comment on column public.log_entries.device_uuid is 'The device; null: entered by hand, or several.';
comment on column public.log_entries.device_name is 'What the fleet called the device then.';
comment on column public.log_entries.effective_start is 'Power on: the corrected start if there is one; where a part begins.';
comment on column public.log_entries.session_start is 'Power on, as the device said; null: several sessions.';
comment on column public.log_entries.session_end is 'The end of its last session, or of the part.';
comment on column public.log_entries.run_seconds is 'Whole seconds of power; of several sessions shared time counts once, and the time between them not at all.';
comment on column public.log_entries.gap_seconds is 'Seconds between its sessions.';
comment on column public.log_entries.part_number is 'Which part of its session it is, from 1; null: none.';
comment on column public.log_entries.part_count is 'How many parts its session has.';
comment on column public.log_entries.last_update is 'The device''s clock at its latest figure.';
comment on column public.log_entries.status is 'open or closed, as the device said of its last session.';
comment on column public.log_entries.state is 'running, last_heard, ended or unconfirmed, at this moment; a part that another one follows has ended.';
comment on column public.log_entries.quality is 'How far its times can be trusted: of several sessions the least.';
comment on column public.log_entries.short is 'Under three minutes (private.short_session).';
comment on column public.log_entries.class is 'What a person said it was; null: nobody did.';
comment on column public.log_entries.pilot is 'Who flew.';
comment on column public.log_entries.remarks is 'Remarks.';
comment on column public.log_entries.excluded is 'A person left it out of the totals: all of its sessions.';
comment on column public.log_entries.clock_checked is 'A person looked at its times: those of all its sessions.';
comment on column public.log_entries.corrected is 'The start of one of its sessions was corrected by a person.';
comment on column public.log_entries.annotated_by is 'Who said something about it last; null: nobody, or a former member.';
comment on column public.log_entries.annotated_at is 'When that was (server time).';
comment on column public.log_entries.overlaps is 'Shares time with another session of the plane; shared time counts once.';
comment on column public.log_entries.possible_duplicate_of is 'Of a hand-entered session: the first session of a device that it meets within its uncertainty.';
comment on column public.log_entries.hobbs_start_seconds is 'Hours of the plane at its begin, in seconds; null if it does not count.';
comment on column public.log_entries.hobbs_end_seconds is 'Hours of the plane at its end, in seconds; null if it does not count.';
comment on column public.log_entries.engine_seconds is 'Of run_seconds, those in which the engine ran; null: not sensed, or a part, of which that is not known.';
comment on column public.log_entries.engine_first_s is 'Seconds into the session at which the engine first ran; null: not sensed, it never ran, or no plain session.';
comment on column public.log_entries.bus_start_mv is 'Millivolts of the bus before any cranking: the battery at rest; null: not sensed.';
comment on column public.log_entries.bus_min_mv is 'Lowest millivolts of the bus, while cranking as a rule; null: not sensed.';
comment on column public.log_entries.bus_max_mv is 'Highest millivolts of the bus, while charging as a rule; null: not sensed.';
comment on column public.log_entries.engine_hobbs_start_seconds is 'Engine time of the plane at its begin, in seconds; null if it does not count, or nothing of the plane was ever sensed.';
comment on column public.log_entries.engine_hobbs_end_seconds is 'Engine time of the plane at its end, in seconds; null as at its begin.';
comment on column public.log_entries.suggested_class is 'What the engine''s time suggests, for as long as class is null; null if not sensed, while it runs, and for a part.';
comment on column public.log_entries.checkpoint_seconds is 'Uncertainty of run_seconds.';
comment on column public.log_entries.start_source is 'Where the start''s clock came from; estimated if that of one of its sessions is.';
comment on column public.log_entries.start_uncertainty_s is 'Plus or minus seconds of an estimated start; null: unknown, or not estimated.';
comment on column public.log_entries.boot is 'Number of the power-up; null: several.';
comment on column public.log_entries.firmware is 'Firmware version.';
comment on column public.log_entries.reset_reason is 'Why the board started; null: several sessions.';
comment on column public.log_entries.received_at is 'When its first message arrived (server time).';
comment on column public.log_entries.heard_at is 'When the last message about its last session arrived (server time).';
comment on column public.log_entries.flagged is 'Its times reach into the future, or some of it came after the device''s release, and nobody has looked at it.';
comment on column public.log_entries.held_seconds is 'What came after the device''s release and does not count until somebody has looked; null: nothing came after it.';
comment on column public.log_entries.batch_id is 'The import that brought it; null: none did.';
grant select on public.log_entries to authenticated;
