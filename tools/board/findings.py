"""What `board doctor` finds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    level: str
    what: str
    text: str
    remedy: str = ""
