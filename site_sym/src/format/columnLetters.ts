const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** A spreadsheet's name of a column: "A" for the first, "Z" for the 26th, "AA" for the next one. */
export function columnLetters(number: number): string {
  const before = Math.floor((number - 1) / LETTERS.length);
  return (before > 0 ? columnLetters(before) : "") + LETTERS[(number - 1) % LETTERS.length];
}
