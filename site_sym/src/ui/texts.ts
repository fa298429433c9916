import { accountTexts } from "../account/texts.ts";
import { dashboardTexts } from "../dashboard/texts.ts";
import { devicesTexts } from "../devices/texts.ts";
import { formatCount, plural } from "../format/plural.ts";
import { maintenanceTexts } from "../maintenance/texts.ts";
import { planesTexts } from "../planes/texts.ts";
import { sessionsTexts } from "../sessions/texts.ts";

/** Every word that a visit begins with, ready for translation: what belongs to no room here, the rest in each room's texts.ts; what is loaded later may have its own beside it. */
export const texts = {
  product: "Uptime Logger",
  skipToContent: "Skip to the page",

  nav: {
    label: "Main",
    dashboard: "Dashboard",
    planes: "Planes",
    sessions: "Sessions",
    devices: "Devices",
    maintenance: "Maintenance",
    settings: "Settings",
    fleet: "Fleet",
    reports: "Reports",
    activity: "Activity",
  },

  roles: { owner: "Owner", editor: "Editor", viewer: "Viewer" },

  common: {
    save: "Save",
    saveAgain: "Save again",
    cancel: "Cancel",
    discardAsk: "Discard your changes?",
    discard: "Discard",
    keepEditing: "Keep editing",
    edit: "Edit",
    more: "More",
    retry: "Try again",
    undo: "Undo",
    dismiss: "Dismiss",
    loading: "Loading",
    optional: "optional",
    momentFormat: "YYYY-MM-DD HH:MM",
    none: "–",
    meaning: "Powered time (Hobbs-style): counted while the avionics bus has power. An aid, not the aircraft’s official record.",
    stale: "Showing earlier data.",
    working: "Working…",
    deleted: (percent: number) => `${percent} % deleted`,
  },

  engine: {
    notSensed: "not sensed",
    measures: { powered: "Powered", engine: "Engine" },
    time: "Engine",
    thisMonth: "this month",
    chartLabel: "Powered hours per month, stacked by plane, and engine hours as a line across each",
    none: "Engine time is not sensed. Two resistors from the bus to the board change that: DEPLOYMENT.md, step 8, has the wiring.",
    ofSensed: (hours: string) => `in the ${hours} that were sensed`,
    meaning: "Engine time: while the bus voltage says that the alternator charges.",
    restsOn: (sensed: string, powered: string) => `Counted in the ${sensed} that were sensed, of ${powered} with power.`,
    suggested: "Suggested by the engine’s time",
    suggestedClass: (name: string) => `${name}, suggested`,
    accept: (name: string) => `Suggested by the engine’s time. Press to set ${name}.`,
    acceptOf: (name: string, what: string) => `Set the suggested class ${name}: ${what}`,
    set: (name: string) => `Set ${name}`,
    acceptAll: (count: number) => (count === 1 ? "Set the suggested class" : `Set ${formatCount(count)} suggested classes`),
    accepted: (count: number) => (count === 0 ? "No class was set: these already have one." : `${plural(count, "class", "classes")} set as suggested.`),
    ran: (duration: string) => `the engine ran for ${duration}`,
    neverRan: "the engine never ran",
  },

  problems: {
    unreachable: "The server isn’t answering.",
    part: "A part of this page could not be loaded.",
    tryAgain: "Check your connection, then try again.",
    unsaved: {
      offline: {
        what: "Not saved: there is no connection.",
        hint: "Nothing was changed, and this page won’t save it later on its own. Save again once you’re online.",
      },
      failed: {
        what: "Not saved: the server failed.",
        hint: "Nothing was changed. Save again in a minute; if it keeps failing, the server’s log says why.",
      },
      unanswered: {
        what: "The server did not answer, so this may not be saved.",
        hint: "Save again: it is saved once, however often you press.",
      },
      typed: "What you typed is still here.",
    },
    unreachableHint: "Check your connection. Nothing is lost: the boards keep their sessions until the server has them. This page keeps trying.",
    signedOut: "You have been signed out.",
    signedOutHint: "Sign in again to continue. Everything you saved is still there.",
    forbidden: "Your role in this fleet does not allow that.",
    forbiddenHint: "Ask an owner of the fleet to make you an editor. Nothing was changed.",
    fault: "The server failed to answer this.",
    signInFaultHint: "Try again in a minute.",
    faultHint: "Nothing was changed. Try again in a minute. If it keeps failing, the server’s log says why.",
    refusedHint: "Nothing was changed.",
    unread: {
      planes: "Your planes could not be loaded.",
      devices: "Your devices could not be loaded.",
      months: "The hours per month could not be loaded.",
      sessions: "The sessions could not be loaded.",
      fleets: "Your fleet could not be loaded.",
      readings: "The readings could not be loaded.",
      members: "The members could not be loaded.",
      invites: "The invites could not be loaded.",
      invite: "The invite could not be loaded.",
      assignments: "The assignments could not be loaded.",
      meters: "The meters could not be loaded.",
      voltages: "The bus voltages could not be loaded.",
      completeness: "The device’s own figures could not be loaded.",
      programme: "The maintenance programme could not be loaded.",
      components: "The components could not be loaded.",
      installations: "The installations could not be loaded.",
      days: "The daily hours could not be loaded.",
      maintenance: "The maintenance items could not be loaded.",
      completions: "The history could not be loaded.",
      reports: "The reports could not be loaded.",
      activity: "The activity could not be loaded.",
      imports: "The imports could not be loaded.",
      import_rows: "The rows could not be compared with your log.",
    },
  },

  config: {
    title: "This portal is not set up yet",
    lead: "The page itself is fine, but it does not know which database to show.",
    missing: (status: number) => `There is no config.json beside index.html (the server answered ${status}).`,
    unreachable: "config.json could not be read: the server did not answer.",
    notJson: "config.json is not valid JSON.",
    wrongValue: (key: string, expected: string) => `“${key}” in config.json is missing or wrong; expected something like ${expected}.`,
    secretKey: "config.json holds a secret key (sb_secret_…), which anyone who opens this page could read. Replace it with the publishable key, and revoke the secret one in the project’s settings.",
    policy: (origin: string, allowed: string) =>
      `config.json names ${origin}, but this build may only talk to ${allowed.replaceAll("'self'", "the server it came from")}. Build it again with SUPABASE_URL=${origin}.`,
    expected: "What config.json should look like:",
    retry: "Check again",
  },

  offline: {
    title: "No connection.",
    text: (moment: string) => `Showing data from ${moment}. It updates when the connection is back.`,
  },

  notFound: {
    title: "Page not found",
    text: "The link may be old or cut off.",
    home: "To the dashboard",
  },

  ...dashboardTexts,
  ...planesTexts,
  ...maintenanceTexts,
  ...devicesTexts,
  ...sessionsTexts,
  ...accountTexts,
} as const;
