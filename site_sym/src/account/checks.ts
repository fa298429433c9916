import { texts } from "../ui/texts.ts";

/** As in supabase/config.toml (minimum_password_length). */
const MIN_PASSWORD_LENGTH = 10;

/** What is wrong with a typed address, or null. */
export function emailError(email: string): string | null {
  return /^\S+@\S+\.\S+$/.test(email.trim()) ? null : texts.account.invalidEmail;
}

/** What is wrong with the code of a mail (`otp_length` digits, at most ten), or null. */
export function codeError(digits: string): string | null {
  return /^\d{6,10}$/.test(digits) ? null : texts.account.notACode;
}

/** What is wrong with a new password, or null. */
export function passwordError(password: string): string | null {
  return password.length >= MIN_PASSWORD_LENGTH ? null : texts.account.shortPassword;
}
