import type { Device, DueItem, Plane } from "../data/rows.ts";
import { isPressing } from "../maintenance/dueOrder.ts";

/** More planes than these are rows instead of cards. */
export const MOST_CARDS = 8;

interface Around {
  device: Device | undefined;
  due: DueItem | undefined;
}

/** What runs, what needs attention, what is due; then those that flew last, and those that never flew by registration. */
export function byNews(planes: Plane[], around: (plane: Plane) => Around): Plane[] {
  const rank = ({ device, due }: Around) => {
    if (device?.state === "running") return 0;
    if (device?.state === "needs_attention") return 1;
    return isPressing(due) ? 2 : 3;
  };
  const flown = ({ last_effective_start }: Plane) => (last_effective_start === null ? -Infinity : Date.parse(last_effective_start));
  const keyed = planes.map((plane) => ({ plane, rank: rank(around(plane)), urgency: around(plane).due?.urgency ?? 0, flown: flown(plane) }));
  keyed.sort(
    (one, other) =>
      one.rank - other.rank ||
      (one.rank === 2 ? other.urgency - one.urgency : 0) ||
      (one.flown === other.flown ? 0 : other.flown - one.flown) ||
      one.plane.registration.localeCompare(other.plane.registration, "en"),
  );
  return keyed.map(({ plane }) => plane);
}

/** Whether a plane is meant by what somebody typed: a part of its registration or type, whatever the case and the hyphen. */
export function isMeant(plane: Plane, typed: string): boolean {
  const plain = (text: string) => text.toUpperCase().replaceAll(/[\s-]/g, "");
  const { registration, type_designator, make, model } = plane;
  return [registration, type_designator ?? "", `${make ?? ""} ${model ?? ""}`].some((text) => plain(text).includes(plain(typed)));
}
