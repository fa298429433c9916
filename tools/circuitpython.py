"""Which CircuitPython this product is made for: said here once, for the tools, the simulated board and the docs."""

RECOMMENDED = "10.3.1"
OLDEST_RELEASE = (9, 0)


def release_of(version: str) -> tuple[int, int]:
    """(major, minor) of "10.3.1" or "10.3.0-beta.2"; (0, 0) when it is no version."""
    parts = version.split("-")[0].split(".")
    if len(parts) < 2 or not all(part.isdigit() for part in parts[:2]):
        return (0, 0)
    return (int(parts[0]), int(parts[1]))
