/** Nationality mark and the rest, as ICAO states write them: "D-EKLM", "G-BXYZ", "OE-ABC", "N123AB", "JA1234", "HL1234". */
const REGISTRATION = /^(?:[A-Z0-9]{1,2}-[A-Z0-9]{2,5}|N[1-9][0-9A-Z]{0,4}|JA[0-9A-Z]{4}|HL[0-9]{4}|[A-Z]{2}[0-9]{3,5})$/;

/** Letters and digits in upper case: the same for "D-EKVX", "D EKVX" and "dekvx", as planes.registration_key has it. */
export function registrationKey(registration: string): string {
  return registration.replaceAll(/[^A-Za-z0-9]/g, "").toUpperCase();
}

/** Whether an upper-case registration looks like one. Never a reason to refuse it: microlights and gliders have forms of their own. */
export function looksLikeRegistration(registration: string): boolean {
  return REGISTRATION.test(registration);
}
