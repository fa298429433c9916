"""The demo's club: an account, planes with a year of history, and a simulated board that flies while you watch."""
