/** What people fill in and send; an import's mapping says itself that it is one. */
const FORMS = "form, [data-form]";

type Input = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** The event by which a form tells what stands around it that its fields are saved. */
export const SAVED = "saved";

function inputOf({ target }: Event): Input | null {
  const isInput = target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement;
  return isInput && target.closest(FORMS) !== null ? target : null;
}

const valueOf = (input: Input) => (input instanceof HTMLInputElement && ["checkbox", "radio"].includes(input.type) ? String(input.checked) : input.value);

/** Which fields hold something else than before they were touched, and were not saved since. */
export class Changes {
  #before = new Map<Input, string>();
  #changed = new Set<Input>();

  /** A field is entered: what stands in it is what it had. */
  enter = (event: Event): void => {
    const input = inputOf(event);
    if (input !== null && !this.#before.has(input)) this.#before.set(input, valueOf(input));
  };

  note = (event: Event): void => {
    const input = inputOf(event);
    if (input === null) return;
    if (this.#before.get(input) === valueOf(input)) this.#changed.delete(input);
    else this.#changed.add(input);
  };

  /** What stood in a form is saved. */
  forgetSaved = ({ target }: Event): void => {
    for (const input of [...this.#before.keys(), ...this.#changed]) {
      if (!(target as HTMLElement).contains(input)) continue;
      this.#before.delete(input);
      this.#changed.delete(input);
    }
  };

  forget(): void {
    this.#before.clear();
    this.#changed.clear();
  }

  /** The fields that are still there. */
  get fields(): Input[] {
    return [...this.#changed].filter((input) => input.isConnected);
  }
}
