import { fetchPart } from "./ui/lazy.ts";

/** What is fetched when it is needed: everything but the dashboard, with which most visits begin and many end. */
export const PAGES = {
  sessions: () => import("./sessions/Sessions.svelte"),
  planes: () => import("./planes/Planes.svelte"),
  plane: () => import("./planes/PlanePage.svelte"),
  planeForm: () => import("./planes/PlaneForm.svelte"),
  programme: () => import("./maintenance/ProgrammePage.svelte"),
  components: () => import("./components/Components.svelte"),
  devices: () => import("./devices/Devices.svelte"),
  device: () => import("./devices/DevicePage.svelte"),
  deviceRegister: () => import("./devices/DeviceRegister.svelte"),
  review: () => import("./sessions/Review.svelte"),
  timeline: () => import("./sessions/Timeline.svelte"),
  import: () => import("./imports/ImportPage.svelte"),
  sessionsPrint: () => import("./sessions/SessionsPrint.svelte"),
  maintenance: () => import("./maintenance/MaintenancePage.svelte"),
  maintenancePrint: () => import("./maintenance/MaintenancePrint.svelte"),
  settings: () => import("./account/Settings.svelte"),
  fleet: () => import("./fleet/FleetPage.svelte"),
  years: () => import("./years/YearsPage.svelte"),
  reports: () => import("./reports/ReportsPage.svelte"),
  report: () => import("./reports/ReportPage.svelte"),
  activity: () => import("./activity/ActivityPage.svelte"),
} as const;

/** What stands before the pages, for those who are not signed in or have no fleet. */
export const DOOR = {
  account: () => import("./account/AccountPage.svelte"),
  confirm: () => import("./account/ConfirmLink.svelte"),
  newPassword: () => import("./account/NewPassword.svelte"),
  join: () => import("./fleet/JoinFleet.svelte"),
  noFleet: () => import("./fleet/NoFleet.svelte"),
} as const;

/** The pages that a tap on the navigation or on a card leads to are there before the tap. */
export function fetchEverydayPages(): void {
  // One that did not come is asked for again when it is opened.
  Promise.all([fetchPart(PAGES.sessions), fetchPart(PAGES.plane), fetchPart(PAGES.planes), fetchPart(PAGES.devices)]).catch(() => undefined);
}
