import { createContext } from "svelte";

import type { Account } from "./account/account.svelte.ts";
import type { Backend } from "./data/backend.ts";
import type { Fleet } from "./fleet/fleet.svelte.ts";

/** What every page below the shell may ask for. */
export const [getBackend, setBackend] = createContext<Backend>();
export const [getAccount, setAccount] = createContext<Account>();
/** A function, because a member of several fleets switches between them. */
export const [getFleet, setFleet] = createContext<() => Fleet>();
