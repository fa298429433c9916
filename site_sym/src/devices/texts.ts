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
} as const;
