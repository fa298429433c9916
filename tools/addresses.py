"""Addresses and tokens as people type them: taken apart without an exception for any text."""

import re
from urllib.parse import SplitResult, urlsplit

# What a header may carry: visible ASCII, no spaces.
TOKEN = re.compile(r"[!-~]+")


def split_address(text: str) -> SplitResult | None:
    """The parts of an http or https address with a host; None for anything else."""
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port  # raises for one beyond 65535
    except ValueError:
        return None
    return parts if is_address and not re.search(r"[\s\x00-\x1f\x7f\"'<>\\^`{|}]", text) else None
