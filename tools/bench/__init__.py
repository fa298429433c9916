"""Measurements beside what a user would do instead: `python3 -m tools bench`."""
