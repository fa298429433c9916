import type { Membership } from "./model.ts";
import { texts } from "./texts.ts";

/** What to call each of a person's fleets, in their order: its name; of namesakes also the person's role, then a number. */
export function fleetNames(memberships: Membership[]): string[] {
  const roleToo = namesakesAs(memberships.map(({ fleetName }) => fleetName), (name, i) => {
    const role = memberships[i]?.role;
    return role === undefined ? name : `${name} · ${texts.roles[role]}`;
  });
  return namesakesAs(roleToo, (name, i) => `${name} ${roleToo.slice(0, i + 1).filter((other) => other === name).length}`);
}

function namesakesAs(names: string[], told: (name: string, place: number) => string): string[] {
  return names.map((name, i) => (names.filter((other) => other === name).length > 1 ? told(name, i) : name));
}
