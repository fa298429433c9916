/** Workbooks as spreadsheet programs write them, for tests. */

import { strToU8, zipSync } from "fflate";

/** Number formats: a day, a time of day, hours beyond 24, a day with its time. */
const FORMATS = { date: "dd/mm/yyyy", time: "hh:mm", hours: "[h]:mm", moment: "yyyy\\-mm\\-dd hh:mm:ss" } as const;
const NAMES = Object.keys(FORMATS) as (keyof typeof FORMATS)[];

export type SampleCell = string | number | boolean | null | { v: number; s: keyof typeof FORMATS } | { error: string };

function cell(value: SampleCell, address: string): string {
  if (value === null) return "";
  if (typeof value === "string") return `<c r="${address}" t="inlineStr"><is><t xml:space="preserve">${value.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</t></is></c>`;
  if (typeof value === "boolean") return `<c r="${address}" t="b"><v>${value ? 1 : 0}</v></c>`;
  if (typeof value === "number") return `<c r="${address}"><v>${value}</v></c>`;
  if ("error" in value) return `<c r="${address}" t="e"><f>1/0</f><v>${value.error}</v></c>`;
  return `<c r="${address}" s="${NAMES.indexOf(value.s) + 1}"><v>${value.v}</v></c>`;
}

/** @param sheets rows by the sheet's name */
export function workbook(sheets: Record<string, SampleCell[][]>): Uint8Array {
  const main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
  const relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
  const names = Object.keys(sheets);
  const files: Record<string, string> = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
    "xl/workbook.xml": `<workbook ${main} xmlns:r="${relations}"><sheets>${names.map((name, i) => `<sheet name="${name}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`).join("")}</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${names.map((_, i) => `<Relationship Id="rId${i + 1}" Type="${relations}/worksheet" Target="worksheets/sheet${i + 1}.xml"/>`).join("")}<Relationship Id="rId99" Type="${relations}/styles" Target="styles.xml"/></Relationships>`,
    "xl/styles.xml": `<styleSheet ${main}><numFmts>${NAMES.map((name, i) => `<numFmt numFmtId="${164 + i}" formatCode="${FORMATS[name]}"/>`).join("")}</numFmts><cellXfs><xf numFmtId="0"/>${NAMES.map((_, i) => `<xf numFmtId="${164 + i}" applyNumberFormat="1"/>`).join("")}</cellXfs></styleSheet>`,
  };
  names.forEach((name, i) => {
    const rows = (sheets[name] ?? []).map((row, r) => `<row r="${r + 1}">${row.map((value, c) => cell(value, `${String.fromCharCode(65 + c)}${r + 1}`)).join("")}</row>`);
    files[`xl/worksheets/sheet${i + 1}.xml`] = `<worksheet ${main}><sheetData>${rows.join("")}</sheetData></worksheet>`;
  });
  return zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(`<?xml version="1.0" encoding="UTF-8"?>${text}`)])));
}
