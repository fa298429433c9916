-- What a selection of the log comes to, for the line above a list.

-- One look at the entries, whose sums need no other row. Planned for what is asked, which then is a plain search: by the
-- index of a plane, a class or a mark instead of through the fleet. Hobbs is worked out for two entries, not for each.
create function public.log_totals(
  fleet_id uuid, plane_id uuid default null, without_plane boolean default false, device_uuid uuid default null,
  class text default null, pilot text default null, mark text default null, from_time timestamptz default null,
  until_time timestamptz default null
)
returns table (
  entries bigint, is_plain boolean, run_seconds bigint, excluded_entries bigint, excluded_seconds bigint,
  sensed_entries bigint, engine_seconds bigint, hobbs_start_seconds bigint, hobbs_end_seconds bigint,
  first_start timestamptz
)
language plpgsql stable set search_path = '' set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
  said constant public.session_class := case when class not in ('none', 'suggested') then class::public.session_class end;
  trusted constant public.session_quality :=
    case when mark not in ('short', 'excluded', 'overlaps') then mark::public.session_quality end;
  called constant text := '%' || regexp_replace(pilot, '([\\%_])', '\\\1', 'g') || '%';
  has_hobbs constant boolean := plane_id is not null and num_nulls(device_uuid, class, pilot, mark) = 4;
begin
  return query
  with asked as not materialized (
    select * from public.log_entries log
    where log.fleet_id = log_totals.fleet_id
      and (log_totals.plane_id is null or log.plane_id = log_totals.plane_id)
      and (without_plane is not true or log.plane_id is null)
      and (log_totals.device_uuid is null or log.device_uuid = log_totals.device_uuid)
      and (said is null or log.class = said)
      and (log_totals.class is distinct from 'none' or log.class is null)
      and (
        log_totals.class is distinct from 'suggested'
        or log.engine_seconds is not null and log.suggested_class is not null
      )
      and (called is null or log.pilot ilike called)
      and (mark is distinct from 'short' or log.short)
      and (mark is distinct from 'excluded' or log.excluded)
      and (mark is distinct from 'overlaps' or log.overlaps)
      and (trusted is null or log.quality = trusted)
      -- The quality is worked out row by row; what it follows from has an index.
      and (mark is distinct from 'flagged' or log.flagged)
      and (mark is distinct from 'hand_entered' or log.device_uuid is null)
      and (mark is distinct from 'clock_estimated' or log.start_source = 'estimated')
      and (from_time is null or log.effective_start >= from_time)
      and (until_time is null or log.effective_start < until_time)
  ), total as (
    select count(*) as entries, coalesce(bool_and(asked.kind = 'session'), true) as is_plain,
      coalesce(sum(asked.run_seconds) filter (where not asked.excluded), 0)::bigint as run_seconds,
      count(*) filter (where asked.excluded) as excluded_entries,
      coalesce(sum(asked.run_seconds) filter (where asked.excluded), 0)::bigint as excluded_seconds,
      count(asked.engine_seconds) filter (where not asked.excluded) as sensed_entries,
      (sum(asked.engine_seconds) filter (where not asked.excluded))::bigint as engine_seconds,
      min(asked.effective_start) as first_start
    from asked
  )
  select total.entries, total.is_plain, total.run_seconds, total.excluded_entries, total.excluded_seconds,
    total.sensed_entries, total.engine_seconds,
    case when has_hobbs then (
      select asked.hobbs_start_seconds from asked where asked.hobbs_start_seconds is not null
      order by asked.effective_start, asked.entry_id limit 1
    ) end,
    case when has_hobbs then (
      select asked.hobbs_end_seconds from asked where asked.hobbs_end_seconds is not null
      order by asked.effective_start desc, asked.entry_id desc limit 1
    ) end,
    total.first_start
  from total where log_totals.fleet_id = any (private.fleets_as('viewer'));
end $$;
comment on function public.log_totals(uuid, uuid, boolean, uuid, text, text, text, timestamptz, timestamptz) is 'What the entries of a fleet''s log come to that begin in a period and are of one plane (or of none), one device, one class (none: nobody has said; suggested: nobody has, but there is a suggestion), a pilot whose name contains a text, and one mark (a quality, short, excluded or overlaps): how many they are, whether all of them are sessions, neither merged nor split, the seconds of those that are not excluded, of these the sensed ones and the engine''s seconds (null: nothing was sensed); those excluded; where Hobbs stands at the begin of the first and at the end of the last entry that counts (null unless it is asked for a plane, and by nothing else but the period); and when the first one begins. No row for a fleet that the caller does not see.';
grant execute on function public.log_totals(uuid, uuid, boolean, uuid, text, text, text, timestamptz, timestamptz) to authenticated;
