import type { Membership } from "../data/rows.ts";
import { texts } from "../ui/texts.ts";

/** What a new user's fleet is called until its owner names it (private.welcome_user). */
const UNNAMED = "My fleet";

export const isNamed = ({ name }: Membership) => name !== UNNAMED;

/** What to call each of a person's fleets, in their order: its name; of namesakes also the person's role, then a number. */
export function fleetNames(memberships: Membership[]): string[] {
  const names = memberships.map(({ name }) => name);
  const roleToo = memberships.map(({ name, role }) => (isAlone(name, names) ? name : `${name} · ${texts.roles[role]}`));
  const taken = new Set(roleToo);
  return roleToo.map((name) => (isAlone(name, roleToo) ? name : numbered(name, taken)));
}

const isAlone = (name: string, names: string[]) => names.indexOf(name) === names.lastIndexOf(name);

/** With the first number that no other fleet's name carries already. */
function numbered(name: string, taken: Set<string>): string {
  let number = 1;
  while (taken.has(`${name} ${number}`)) number += 1;
  taken.add(`${name} ${number}`);
  return `${name} ${number}`;
}
