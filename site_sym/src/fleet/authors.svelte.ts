import type { Member } from "../data/rows.ts";
import { texts } from "../ui/texts.ts";
import type { Fleet } from "./fleet.svelte.ts";

/** Who is behind what people of a fleet said; made where there is something to name. */
export class Authors {
  #people: Member[] | null = $state.raw(null);

  constructor({ backend, membership }: Fleet) {
    backend.fleets.members(membership.fleet_id).then(
      (people) => (this.#people = people),
      () => {
        // The rest can be read without the names.
      },
    );
  }

  /** An address; null while it is not known. */
  nameOf(userId: string | null): string | null {
    if (userId === null) return texts.session.formerMember;
    return this.#people && (this.#people.find(({ user_id }) => user_id === userId)?.email ?? texts.session.formerMember);
  }
}
