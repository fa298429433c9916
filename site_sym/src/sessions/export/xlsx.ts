/** A workbook (ECMA-376) with the rows and a summary, compressed while it is written. Texts are inline, so none is ever a formula. */

import { strToU8, Zip, ZipDeflate } from "fflate";

import { columnLetters } from "../../format/columnLetters.ts";
import { exportTexts } from "../exportTexts.ts";
import { COLUMN_NAMES, COLUMNS, type ColumnName, type ExportRow, type Value } from "./columns.ts";
import type { Summary } from "./summary.ts";
import type { SheetWriter } from "./writer.ts";

const DAY_MS = 86_400_000;
/** 1 January 1970 as a spreadsheet counts days. */
const EPOCH_DAYS = 25_569;
const STYLES = { header: 1, time: 2, hours: 3, text: 4 } as const;
const WIDTHS: Partial<Record<ColumnName, number>> = { session_id: 12, effective_start: 19, session_end: 19, session_start: 19, pilot: 20, remarks: 40, device_name: 20, entry_id: 12, session_ids: 20 };
const DEFAULT_WIDTH = 13;
const COMPRESSION = 4;
const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";

/** Text inside XML; what XML cannot hold at all is left out. */
export function xmlText(text: string): string {
  const legal = text.replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Surrogate}/gu, "");
  return legal.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\r", "&#13;");
}

function inlineText(text: string, style: number): string {
  return `<c s="${style}" t="inlineStr"><is><t xml:space="preserve">${xmlText(text)}</t></is></c>`;
}

/** A cell; empty ones are there, too, because cells without an address follow each other. */
export function xlsxCell(name: ColumnName, value: Value): string {
  if (value === null) return "<c/>";
  if (typeof value === "boolean") return `<c t="b"><v>${value ? 1 : 0}</v></c>`;
  if (typeof value === "number") return `<c s="${COLUMNS[name] === "hours" ? STYLES.hours : 0}"><v>${value}</v></c>`;
  return COLUMNS[name] === "time" ? timeCell(value) : inlineText(value, STYLES.text);
}

function timeCell(iso: string): string {
  return `<c s="${STYLES.time}"><v>${Date.parse(iso) / DAY_MS + EPOCH_DAYS}</v></c>`;
}

/** The sheet of what the rows come to. */
export function summarySheet(summary: Summary): string {
  const rows = summary.map(({ name, kind, value }) => {
    const cell = typeof value === "number" ? `<c s="${kind === "hours" ? STYLES.hours : 0}"><v>${value}</v></c>` : kind === "time" ? timeCell(value) : inlineText(value, STYLES.text);
    return `<row>${inlineText(name, STYLES.header)}${cell}</row>`;
  });
  return `${XML}<worksheet xmlns="${MAIN}"><cols><col min="1" max="1" width="20" customWidth="1"/><col min="2" max="2" width="24" customWidth="1"/></cols><sheetData>${rows.join("")}</sheetData></worksheet>`;
}

const FILES: Record<string, string> = {
  "[Content_Types].xml": `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>${[1, 2].map((n) => `<Override PartName="/xl/worksheets/sheet${n}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`).join("")}</Types>`,
  "_rels/.rels": `${XML}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  "xl/workbook.xml": `${XML}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets><sheet name="${xmlText(exportTexts.sheet)}" sheetId="1" r:id="rId1"/><sheet name="${xmlText(exportTexts.summarySheet)}" sheetId="2" r:id="rId3"/></sheets></workbook>`,
  "xl/_rels/workbook.xml.rels": `${XML}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${RELATIONS}/styles" Target="styles.xml"/><Relationship Id="rId3" Type="${RELATIONS}/worksheet" Target="worksheets/sheet2.xml"/></Relationships>`,
  "xl/styles.xml": `${XML}<styleSheet xmlns="${MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/><xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="2" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>`,
};

export class XlsxWriter implements SheetWriter {
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #failure: Error | null = null;
  #rows = 1;
  #zip = new Zip((error, chunk) => {
    if (error) this.#failure ??= error;
    else this.#chunks.push(new Uint8Array(chunk));
  });
  #sheet = new ZipDeflate("xl/worksheets/sheet1.xml", { level: COMPRESSION });

  constructor() {
    for (const [name, content] of Object.entries(FILES)) {
      const file = new ZipDeflate(name, { level: COMPRESSION });
      this.#zip.add(file);
      file.push(strToU8(content), true);
    }
    this.#zip.add(this.#sheet);
    const widths = COLUMN_NAMES.map((name, i) => `<col min="${i + 1}" max="${i + 1}" width="${WIDTHS[name] ?? DEFAULT_WIDTH}" customWidth="1"/>`).join("");
    const header = COLUMN_NAMES.map((name) => inlineText(exportTexts.columns[name], STYLES.header)).join("");
    this.#write(
      `${XML}<worksheet xmlns="${MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>${widths}</cols><sheetData><row>${header}</row>`,
    );
  }

  add(rows: ExportRow[]): number {
    this.#rows += rows.length;
    this.#write(rows.map((row) => `<row>${COLUMN_NAMES.map((name) => xlsxCell(name, row[name])).join("")}</row>`).join(""));
    return rows.length;
  }

  finish(summary: Summary): Blob {
    this.#sheet.push(strToU8(`</sheetData><autoFilter ref="A1:${columnLetters(COLUMN_NAMES.length)}${this.#rows}"/></worksheet>`), true);
    const second = new ZipDeflate("xl/worksheets/sheet2.xml", { level: COMPRESSION });
    this.#zip.add(second);
    second.push(strToU8(summarySheet(summary)), true);
    this.#zip.end();
    if (this.#failure) throw this.#failure;
    return new Blob(this.#chunks, { type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" });
  }

  #write(text: string): void {
    this.#sheet.push(strToU8(text));
  }
}
