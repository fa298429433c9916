import { HOURS_FORMATS, type HoursFormat } from "../format/hours.ts";
import { localZoneName, type Zone, ZONES } from "../format/times.ts";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** The key is read by public/appearance.js too. */
const STORAGE_KEY = "preferences";

interface Stored {
  theme: Theme;
  zone: Zone;
  hours: HoursFormat;
  fleetId: string | null;
}

const DEFAULTS: Stored = { theme: "system", zone: "utc", hours: "tenths", fleetId: null };

function oneOf<T extends string>(value: unknown, allowed: readonly T[], fallback: T): T {
  return allowed.find((item) => item === value) ?? fallback;
}

function read(): Stored {
  try {
    const stored: Partial<Record<keyof Stored, unknown>> = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "{}");
    return {
      theme: oneOf(stored.theme, THEMES, DEFAULTS.theme),
      zone: oneOf(stored.zone, ZONES, DEFAULTS.zone),
      hours: oneOf(stored.hours, HOURS_FORMATS, DEFAULTS.hours),
      fleetId: typeof stored.fleetId === "string" ? stored.fleetId : null,
    };
  } catch {
    return { ...DEFAULTS };
  }
}

/** How this browser shows things. Kept in the browser, not in the account: a phone and an office screen may differ. */
class Preferences {
  #stored = $state(read());
  #hasLocalZone = $state(localZoneName() !== null);

  get theme(): Theme {
    return this.#stored.theme;
  }

  set theme(theme: Theme) {
    this.#change({ theme });
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }

  get zone(): Zone {
    return this.#hasLocalZone ? this.#stored.zone : "utc";
  }

  /** The zones to choose from: UTC alone where the reader's own is not known. */
  get zones(): readonly Zone[] {
    return this.#hasLocalZone ? ZONES : ["utc"];
  }

  /** The database does not know the zone that this browser names. */
  refuseLocalZone(): void {
    this.#hasLocalZone = false;
  }

  set zone(zone: Zone) {
    this.#change({ zone });
  }

  get hours(): HoursFormat {
    return this.#stored.hours;
  }

  set hours(hours: HoursFormat) {
    this.#change({ hours });
  }

  /** The fleet looked at last, for members of several. */
  get fleetId(): string | null {
    return this.#stored.fleetId;
  }

  set fleetId(fleetId: string | null) {
    this.#change({ fleetId });
  }

  #change(change: Partial<Stored>): void {
    this.#stored = { ...this.#stored, ...change };
    try {
      localStorage.setItem(STORAGE_KEY, JSON.stringify(this.#stored));
    } catch {
      // Storage is blocked: the choice holds until the page is closed.
    }
  }
}

export const preferences = new Preferences();
