/** Cells of a CSV file that spreadsheets read rightly. */

/** Without it Excel takes UTF-8 for something else. */
export const BYTE_ORDER_MARK = "\uFEFF";

// What spreadsheets pass over before they look for a formula, and what begins one: also full-width, also behind a
// semicolon or a tab, which half of the world's settings take for the separator.
const BLANK = "[\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u1680\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u2064\\u3000\\ufeff]*";
const SIGN = "[=+\\-@\\uff1d\\uff0b\\uff0d\\uff20]";
const BEGINS_FORMULA = new RegExp(`^[\\u0001-\\u001f\\u007f]|^${BLANK}${SIGN}`);
const FORMULA_BEHIND_SEPARATOR = new RegExp(`([;\\t]${BLANK})(${SIGN})`, "g");

/** A cell by RFC 4180. Text that a spreadsheet would calculate gets an apostrophe in front; numbers stay. */
export function csvCell(value: string | number | boolean | null): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const guarded = (BEGINS_FORMULA.test(value) ? `'${value}` : value).replace(FORMULA_BEHIND_SEPARATOR, "$1'$2");
  return /[",;\t\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

const GUARDED = new RegExp(`^'(?=[\\u0001-\\u001f\\u007f]|${BLANK}${SIGN})`);
const GUARDED_BEHIND_SEPARATOR = new RegExp(`([;\\t]${BLANK})'(?=${SIGN})`, "g");

/** A cell's text without the apostrophes of csvCell; one that a person typed before what looks like a formula goes with them. */
export function withoutGuard(cell: string): string {
  return cell.includes("'") ? cell.replace(GUARDED, "").replace(GUARDED_BEHIND_SEPARATOR, "$1") : cell;
}
