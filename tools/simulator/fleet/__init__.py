"""Boards by the thousand, of which only the wire is real."""
