/**
 * The CSV that ForeFlight's logbook imports: a table of aircraft, then one of flights. Its columns are those of the
 * template that ForeFlight offers, none left out; what a board cannot know stays empty. Templates vary by version,
 * hence "experimental" on the page.
 * https://support.foreflight.com/hc/en-us/articles/215647217
 */

import type { Plane } from "../../data/rows.ts";
import { csvCell } from "../../format/csv.ts";
import { formatMeter } from "../../format/hours.ts";
import type { ExportRow, Value } from "./columns.ts";
import type { SheetWriter } from "./writer.ts";

// The first row is what ForeFlight knows the file by.
const TITLE = ["ForeFlight Logbook Import", "This row is required for importing into ForeFlight. Do not delete or modify."];
const AIRCRAFT = ["AircraftID", "EquipmentType", "TypeCode", "Year", "Make", "Model", "Category", "Class", "GearType", "EngineType", "Complex", "HighPerformance", "Pressurized", "TAA"] as const;
const TIMES = ["Date", "AircraftID", "From", "To", "Route", "TimeOut", "TimeOff", "TimeOn", "TimeIn", "OnDuty", "OffDuty", "TotalTime", "PIC", "SIC", "Night", "Solo", "CrossCountry", "NVG", "NVGOps", "Distance"] as const;
const LANDINGS = ["DayTakeoffs", "DayLandingsFullStop", "NightTakeoffs", "NightLandingsFullStop", "AllLandings", "ActualInstrument", "SimulatedInstrument"] as const;
const METERS = ["HobbsStart", "HobbsEnd", "TachStart", "TachEnd"] as const;
const TRAINING = ["Holds", "Approach1", "Approach2", "Approach3", "Approach4", "Approach5", "Approach6", "DualGiven", "DualReceived", "SimulatedFlight", "GroundTraining", "InstructorName", "InstructorComments"] as const;
const PEOPLE = ["Person1", "Person2", "Person3", "Person4", "Person5", "Person6", "FlightReview", "Checkride", "IPC", "NVGProficiency", "FAA6158", "PilotComments"] as const;
const FLIGHT = [...TIMES, ...LANDINGS, ...METERS, ...TRAINING, ...PEOPLE] as const;

type Cells<Names extends readonly string[]> = Partial<Record<Names[number], Value>>;

function line<Names extends readonly string[]>(names: Names, cells: Cells<Names>): string {
  return `${names.map((name: Names[number]) => csvCell(cells[name] ?? null)).join(",")}\r\n`;
}

/** What may have been a flight: it counts, its plane is known, and nobody said that it was something else. */
function isFlight(row: ExportRow): boolean {
  return row.registration !== null && row.excluded === false && row.quality !== "flagged" && (row.class === null || row.class === "flight");
}

function tenths(hours: Value): string | null {
  return typeof hours === "number" ? hours.toFixed(1) : null;
}

/** As it stands on the meter, which is cut off. */
function meterTenths(hours: Value): string | null {
  return typeof hours === "number" ? formatMeter(Math.round(hours * 3600), "tenths") : null;
}

function flight(row: ExportRow): Cells<typeof FLIGHT> {
  const said = [row.pilot === null ? null : `Pilot: ${row.pilot}`, row.remarks].filter((text) => text !== null);
  const [start, end] = [String(row.effective_start), String(row.session_end)];
  return {
    Date: start.slice(0, 10),
    AircraftID: row.registration,
    TimeOut: start.slice(11, 16),
    TimeIn: end.slice(11, 16),
    TotalTime: tenths(row.run_hours),
    HobbsStart: meterTenths(row.hobbs_start_hours),
    HobbsEnd: meterTenths(row.hobbs_end_hours),
    PilotComments: said.join(". ") || null,
  };
}

export class ForeFlightWriter implements SheetWriter {
  #planes: Plane[];
  #flights: BlobPart[] = [];
  #registrations = new Set<string>();

  /** @param planes those of which type, make and model are known */
  constructor(planes: Plane[]) {
    this.#planes = planes;
  }

  add(rows: ExportRow[]): number {
    const flights = rows.filter(isFlight);
    for (const { registration } of flights) this.#registrations.add(String(registration));
    // A blob lies outside the page's memory.
    this.#flights.push(new Blob([flights.map((row) => line(FLIGHT, flight(row))).join("")]));
    return flights.length;
  }

  finish(): Blob {
    const aircraft = [...this.#registrations].sort().map((registration) => {
      const plane = this.#planes.find((one) => one.registration === registration);
      return line(AIRCRAFT, {
        AircraftID: registration,
        EquipmentType: "aircraft",
        TypeCode: plane?.type_designator ?? null,
        Make: plane?.make ?? null,
        Model: plane?.model ?? null,
      });
    });
    const head = [`${TITLE.map(csvCell).join(",")}\r\n`, "\r\n", "Aircraft Table\r\n", `${AIRCRAFT.join(",")}\r\n`];
    // Without a byte order mark: the first cell has to be the title alone.
    return new Blob([...head, ...aircraft, "\r\n", "Flights Table\r\n", `${FLIGHT.join(",")}\r\n`, ...this.#flights], { type: "text/csv;charset=utf-8" });
  }
}
