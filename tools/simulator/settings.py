"""``settings.toml`` as CircuitPython reads it: one ``KEY = value`` a line, strings and numbers only."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache

_LINE = re.compile(r"^\s*([A-Za-z0-9_-]+)\s*=\s*(.*?)\s*$")


class Settings(dict[str, str | int | float | bool]):
    """The values by key; asking for a key whose value is malformed raises ValueError, as on the board."""

    def __init__(self) -> None:
        super().__init__()
        self.malformed: set[str] = set()

    def get(self, key: str, default: object = None) -> str | int | float | bool | None:  # type: ignore[override]
        """Return the value, None when the key is missing; ValueError when it is malformed."""
        if key in self.malformed:
            raise ValueError(f"invalid syntax for {key} in settings.toml")
        return super().get(key)


@lru_cache(maxsize=64)
def read_settings(content: bytes) -> Settings:
    """Read the file line by line; a malformed line spoils its own key only."""
    settings = Settings()
    for line in content.decode("utf-8", "replace").splitlines():
        match = _LINE.match(line)
        if line.lstrip().startswith(("#", "[")) or not match:
            continue
        key = match[1]
        try:
            value = tomllib.loads(f"value = {match[2]}")["value"]
        except tomllib.TOMLDecodeError:
            value = None
        if isinstance(value, str | int | float | bool):
            settings[key] = value
        else:
            settings.malformed.add(key)
    return settings
