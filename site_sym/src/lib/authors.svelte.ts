import type { Fleet } from "./fleet.svelte.ts";
import type { Person } from "./model.ts";
import { texts } from "./texts.ts";

/** Who is behind what people of a fleet said; made where there is something to name. */
export class Authors {
  #people: Person[] | null = $state.raw(null);

  constructor({ backend, membership }: Fleet) {
    backend.people(membership.fleetId).then(
      (people) => (this.#people = people),
      () => {
        // The rest can be read without the names.
      },
    );
  }

  /** An address; null while it is not known. */
  nameOf(userId: string | null): string | null {
    if (userId === null) return texts.session.formerMember;
    return this.#people && (this.#people.find(({ id }) => id === userId)?.email ?? texts.session.formerMember);
  }
}
