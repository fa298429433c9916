import { LIMITS, type LimitName, RULES } from "../data/limits.ts";
import { formatCount } from "../format/plural.ts";

const tooEarly = (since: string) => `No session began before ${new Date(since).getUTCFullYear()}. Check the date.`;

/** What to say where the database refuses what was typed: one sentence for each of its limits, and for nothing else. */
export const limitWords: Record<LimitName, string> = {
  corrected_start_not_too_early: tooEarly(LIMITS.corrected_start_not_too_early.min),
  device_name_length: `A device’s name has up to ${LIMITS.device_name_length.max} characters.`,
  fleet_name_length: `A fleet’s name has ${LIMITS.fleet_name_length.min} to ${LIMITS.fleet_name_length.max} characters.`,
  hand_seconds_range: `Enter a duration like 1:24 or 1.4, up to ${formatCount(LIMITS.hand_seconds_range.max / 3600)} hours.`,
  hand_start_not_too_early: tooEarly(LIMITS.hand_start_not_too_early.min),
  merge_gap_range: `Sessions are suggested for one entry if there are up to ${LIMITS.merge_gap_range.max / 3600} hours between them.`,
  meter_seconds_range: `A meter shows up to ${formatCount(LIMITS.meter_seconds_range.max / 3600)} hours.`,
  meter_name_length: `A meter’s name has ${LIMITS.meter_name_length.min} to ${LIMITS.meter_name_length.max} characters.`,
  meter_ratio_range: `A ratio lies between ${LIMITS.meter_ratio_range.min} and ${LIMITS.meter_ratio_range.max}.`,
  make_length: `The make has up to ${LIMITS.make_length.max} characters.`,
  model_length: `The model has up to ${LIMITS.model_length.max} characters.`,
  pilot_length: `A pilot’s name has up to ${LIMITS.pilot_length.max} characters.`,
  reading_not_too_early: "That is too long ago. Enter when the meter was read.",
  reading_note_length: `A note has up to ${LIMITS.reading_note_length.max} characters.`,
  registration_length: `A registration has ${LIMITS.registration_length.min} to ${LIMITS.registration_length.max} characters.`,
  remarks_length: `Remarks have up to ${formatCount(LIMITS.remarks_length.max)} characters.`,
  void_reason_length: `Say why the reading is voided, in ${LIMITS.void_reason_length.min} to ${LIMITS.void_reason_length.max} characters.`,
  type_designator_form: `A type designator has ${LIMITS.type_designator_form.min} to ${LIMITS.type_designator_form.max} letters and digits.`,
  component_make_length: `The make has up to ${LIMITS.component_make_length.max} characters.`,
  component_model_length: `The model has up to ${LIMITS.component_model_length.max} characters.`,
  serial_length: `A serial number has up to ${LIMITS.serial_length.max} characters.`,
  component_note_length: `A note has up to ${LIMITS.component_note_length.max} characters.`,
  installed_from_not_too_early: "That is too long ago. Enter when it was installed.",
  since_new_seconds_range: `A component has up to ${formatCount(LIMITS.since_new_seconds_range.max / 3600)} hours.`,
  since_overhaul_seconds_range: `A component has up to ${formatCount(LIMITS.since_overhaul_seconds_range.max / 3600)} hours.`,
  import_name_length: `An import’s name has ${LIMITS.import_name_length.min} to ${LIMITS.import_name_length.max} characters.`,
  import_file_name_length: `A file’s name has up to ${LIMITS.import_file_name_length.max} characters.`,
  import_mapping_size: "How the file is read takes too much room. Leave columns out that are not needed.",
  item_name_length: `A name has ${LIMITS.item_name_length.min} to ${LIMITS.item_name_length.max} characters.`,
  interval_seconds_range: `An interval has ${LIMITS.interval_seconds_range.min / 3600} to ${formatCount(LIMITS.interval_seconds_range.max / 3600)} hours.`,
  interval_months_range: `An interval has ${LIMITS.interval_months_range.min} to ${LIMITS.interval_months_range.max} months.`,
  interval_days_range: `An interval has ${LIMITS.interval_days_range.min} to ${formatCount(LIMITS.interval_days_range.max)} days.`,
  tolerance_seconds_range: `A tolerance has up to ${formatCount(LIMITS.tolerance_seconds_range.max / 3600)} hours.`,
  tolerance_days_range: `A tolerance has up to ${formatCount(LIMITS.tolerance_days_range.max)} days.`,
  warning_seconds_range: `A warning comes up to ${formatCount(LIMITS.warning_seconds_range.max / 3600)} hours before.`,
  warning_days_range: `A warning comes up to ${formatCount(LIMITS.warning_days_range.max)} days before.`,
  item_note_length: `A note has up to ${LIMITS.item_note_length.max} characters.`,
  done_at_not_too_early: "That is too long ago. Enter when it was done.",
  completion_seconds_range: `A meter shows up to ${formatCount(LIMITS.completion_seconds_range.max / 3600)} hours.`,
  completion_note_length: `A note has up to ${LIMITS.completion_note_length.max} characters.`,
  completion_void_reason_length: `Say why it is voided, in ${LIMITS.completion_void_reason_length.min} to ${LIMITS.completion_void_reason_length.max} characters.`,
};

/** The year before which no board's session can have begun, and the most days that one can have. */
export const EARLIEST_YEAR = new Date(RULES.earliest_start).getUTCFullYear();
export const SHORT_MINUTES = RULES.short_session_seconds / 60;
export const KEY_RESET_HOURS = RULES.key_reset_seconds / 3600;
export const LONGEST_DAYS = RULES.longest_session_seconds / 86_400;
