import type { Member } from "../data/rows.ts";

/** What becomes of a person's fleets with their account, by name. */
export interface AccountEnd {
  /** Nobody else is in them. */
  goes: string[];
  /** Others go on with them. */
  stays: string[];
  /** The person is the only owner among several members: these have to be handed over first. */
  blocked: string[];
}

export function accountEnd(userId: string, fleets: { name: string; members: Member[] }[]): AccountEnd {
  const end: AccountEnd = { goes: [], stays: [], blocked: [] };
  for (const { name, members } of fleets) {
    const others = members.filter(({ user_id }) => user_id !== userId);
    const isOwner = members.some(({ user_id, role }) => user_id === userId && role === "owner");
    if (others.length === 0) end.goes.push(name);
    else if (isOwner && !others.some(({ role }) => role === "owner")) end.blocked.push(name);
    else end.stays.push(name);
  }
  return end;
}
