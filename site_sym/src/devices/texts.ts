import { formatCount, plural } from "../format/plural.ts";
import { EARLIEST_YEAR, KEY_RESET_HOURS, LONGEST_DAYS } from "../ui/limitWords.ts";

export const devicesTexts = {
  device: {
    running: "Running now",
    delivering: (count: number) => (count > 0 ? `Delivering, ${formatCount(count)} to go` : "Delivering"),
    off: "Off",
    offHeard: (moment: string) => `Off, last heard ${moment}`,
    offHint: "Normal while parked. To test it, switch the avionics on within range of Wi-Fi.",
    away: (moment: string, unsent: number) => `Away, last heard ${moment}, ${formatCount(unsent)} to go`,
    awayHint: (unsent: number) => `Normal while parked. ${unsent === 1 ? "That session is" : "Those sessions are"} safe on the board and will arrive when the avionics are on within range of Wi-Fi.`,
    neverHeard: "Never heard",
    neverHeardHint: "Normal until it first has power within range of Wi-Fi. To test it, switch the avionics on there.",
    attention: (code: string | null): [text: string, hint: string] => {
      switch (code) {
        case "device_key_wrong":
          return ["Refused: wrong key", "Reports under this device’s UUID carry a different key. If you set the board up again, reset its key. Otherwise someone else is using its UUID."];
        case "device_key_missing":
          return ["Refused: no key", "Reports under this device’s UUID carry no key, though it has one. If you set the board up again, reset its key. Otherwise someone else is using its UUID."];
        case "device_key_reset_expired":
          return ["Refused: key was reset", `The board did not report within ${KEY_RESET_HOURS} hours of the reset. Reset its key again, then power it up within range of Wi-Fi.`];
        case "bad_start":
          return ["Clock is wrong", `It reported a session from before ${EARLIEST_YEAR}, which the server refused. The board keeps it and retries once it knows the time.`];
        case "bad_run_seconds":
          return ["Impossible session", `It reported a session of more than ${LONGEST_DAYS} days, which the server refused.`];
        default:
          return ["Needs attention", code ? `The server reports: ${code}.` : "Look at the device’s log."];
      }
    },
    unnamed: "Unnamed device",
    uuid: "UUID",
    name: "Name",
    nameHint: "What is written on the box, for example “Panel box 2”.",
    plane: "Plane",
    noPlane: "Not installed",
    lastSeen: "Last heard",
    firmware: "Firmware",
    unsent: "Not yet uploaded",
    resetReason: "Last reset",
    firstSession: "First session",
    never: "never",
    unsentCount: (count: number) => plural(count, "session"),
    allDelivered: "nothing",
    copyUuid: "Copy the UUID",
    copied: "The UUID is copied.",
    rename: "Rename",
    saved: "Saved.",
    assign: "Assign",
    assignTo: "Assign to a plane",
    assignFirst: "Its sessions so far go to this plane, from the very first.",
    alsoEarlier: (count: number) => `Also the ${plural(count, "session")} before that without a plane`,
    assignLater: "New sessions go to this plane; earlier ones stay where they are.",
    assigned: (device: string, plane: string) => `${device} is now installed in ${plane}.`,
    unassigned: (count: number) => `${plural(count, "session")} without a plane`,
    unassignedText: "Their hours don’t count until they have a plane.",
    unassignedFrom: (name: string) => `from “${name}”. Their hours don’t count until they have one.`,
    unassignedShort: (count: number) => `${formatCount(count)} without a plane`,
    show: "Show them",
    choosePlane: "Choose a plane",
    missingPlane: "Choose the plane.",
    noPlanes: "There are no planes yet.",
    notFound: "This device is not in your fleet",
    notFoundText: "It may belong to another fleet, or the link is wrong.",
    allDevices: "All devices",
    sessions: "Its sessions",
  },

  devices: {
    title: "Devices",
    summary: (count: number) => plural(count, "device"),
    silent: "A silent device is normal while its plane is parked: it has no power then. To test it, switch the avionics on within range of Wi-Fi.",
    register: "Register a device",
    empty: "No devices yet",
    emptyText: "Register a board by the UUID it prints every time it starts.",
    emptyViewer: "An editor of this fleet can register devices.",
  },

  register: {
    title: "Register a device",
    lead: "The board prints its UUID on the serial console every time it starts, in the line that begins with “Device UUID”. You can paste the whole line.",
    uuid: "Device UUID",
    uuidHint: "550e8400-e29b-41d4-a716-446655440000",
    missing: "Paste the UUID the board prints.",
    wrong: "No UUID found in this: it has 32 digits from 0 to f, usually in five groups.",
    understood: (uuid: string) => `Understood: ${uuid}`,
    plane: "Installed in",
    later: "Decide later",
    submit: "Register",
    done: (name: string) => `${name} is registered.`,
    doneIn: (name: string, plane: string) => `${name} is registered and assigned to ${plane}.`,
    already: "This device is already in your fleet.",
    open: "Open it",
    half: "The device is registered, but it could not be assigned to the plane.",
  },

  assign: {
    from: "Starting when",
    now: "From now on",
    nowText: "No existing session moves.",
    fromSession: (moment: string) => `From the session of ${moment}`,
    moves: (count: number) => `${plural(count, "session")} ${count === 1 ? "moves" : "move"}`,
    installed: (plane: string, hours: string) => `${hours}, now in ${plane}`,
    ofNoPlane: "no plane",
    between: "Pick the first session in the new plane. That one and all later ones move; earlier ones stay.",
    older: "Show older sessions",
    none: "No plane: on the bench",
    removedFrom: (device: string) => `${device} is no longer installed in a plane.`,
  },

  assignments: {
    title: "Installation history",
    lead: "Each session belongs to the plane the device was installed in when it began.",
    fromTo: (from: string, until: string) => `${from} – ${until}`,
    since: (from: string) => `since ${from}`,
    start: "the beginning",
    remove: "Remove",
    removeOf: (plane: string, from: string) => `Remove ${plane} since ${from}`,
    removed: "The assignment is removed; the previous one applies again.",
    none: "Not installed in a plane yet.",
    archivedPlane: "another plane",
  },

  deviceKey: {
    title: "Manage device",
    reset: "Reset its key",
    resetTitle: (name: string) => `Reset the key of ${name}?`,
    resetText: [
      "For a board that was set up again or replaced and is now refused. Its old key stops working immediately.",
      `For ${KEY_RESET_HOURS} hours the first board that reports with this UUID and a key is accepted, and its key applies from then on. Power up yours within range of Wi-Fi in that time.`,
      "Nothing is lost in the meantime: the board keeps its sessions. If it does not report in time, reset the key again.",
    ],
    resetDone: (until: string) => `The key is reset. Power up the board within range of Wi-Fi before ${until}.`,
    waiting: (until: string) => `Key reset: waiting for the board until ${until}.`,
    bound: (moment: string) => `Its key was bound ${moment}: no one else can report under its UUID.`,
    none: "No key yet: the first report that carries one binds it.",
    release: "Release the device",
    releaseTitle: (name: string) => `Release ${name}?`,
    releaseText: [
      "For a board that is sold or given away. It leaves this fleet, and whoever registers its UUID next owns what it records from then on.",
      "Its sessions so far stay here, with your planes’ hours. The board itself keeps counting.",
      "To get it back, register it again before someone else does.",
    ],
    released: (name: string) => `${name} is released. Its sessions so far stay here.`,
    refusals: "Refused reports",
    noRefusals: "Nothing was refused.",
    posts: (count: number, moment: string) => `${plural(count, "report")} under its UUID, the last ${moment}`,
    session: (moment: string) => `A session, ${moment}`,
    reasons: {
      device_key_wrong: "the key was not the device’s",
      device_key_missing: "it came without the device’s key",
      device_key_reset_expired: `the ${KEY_RESET_HOURS} hours after the reset were over`,
      bad_start: `its start was before ${EARLIEST_YEAR}: the board didn’t know the time`,
      bad_run_seconds: `it was longer than ${LONGEST_DAYS} days`,
    } as Record<string, string>,
  },

  completeness: {
    title: "Is everything here?",
    complete: (boots: number) => `Yes: ${boots === 1 ? "its one power-up is" : `each of its ${formatCount(boots)} power-ups is`} here.`,
    missing: (count: number) => `${plural(count, "power-up")} missing`,
    missingSettled: (count: number) => `${plural(count, "power-up")} missing, nothing was lost`,
    unknown: "Its firmware does not count power-ups, so there is no way to tell.",
    none: "Nothing to compare before the first session.",
    boots: "Power-ups counted",
    bootRange: (first: number, last: number) => `${first} to ${last}`,
    lifetime: "Powered time, by its own count",
    recorded: "In its sessions",
    unrecorded: "In no session",
    gap: (from: number, to: number) => (from === to ? `Power-up ${from}` : `Power-ups ${from} to ${to}`),
    gapBetween: (after: string, before: string) => `between ${after} and ${before}`,
    gapText: "A missing power-up was too short to be stored, is still on the board, or was lost with its storage.",
    resets: (count: number) => `Why it started, in the last ${plural(count, "session")}`,
    reason: "Reason",
    times: "Times",
    last: "Last",
    unsaid: "not reported",
  },
} as const;
