/** The address that was typed on one of the account pages, so that it need not be typed on the next. */
export const typed = $state({ email: "" });
