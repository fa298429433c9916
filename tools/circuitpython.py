"""Which CircuitPython this product is made for: said here once, for the tools, the simulated board and the docs."""

RECOMMENDED = "10.3.1"
OLDEST_RELEASE = (9, 0)
# The bootloader of S2 and S3 boards with 4 MB: CircuitPython 10 no longer fits between the partitions of older ones.
# https://github.com/adafruit/circuitpython/issues/9533
OLDEST_TINYUF2 = (0, 33)
# What boot.py prints on a board without PSRAM, and what becomes the end of boot_out.txt.
NO_PSRAM = "No PSRAM: the logger does not fit on this board, see DEPLOYMENT.md"
# Chips that have none, and how Adafruit's board IDs say it.
CHIPS_WITHOUT_PSRAM = ("ESP32C2", "ESP32C3", "ESP32C6", "ESP32H2")
BOARD_WITHOUT_PSRAM = "nopsram"


# Blocks of 512 bytes of the drive of a board with 8 MB of flash: 10.0 to 10.2 give the second firmware partition's room
# away, the versions before and after use it ("extended").
NARROW_8MB_BLOCKS = 8064
EXTENDED_8MB_BLOCKS = 12160


def drive_blocks_8mb(release: tuple[int, int]) -> int:
    """How large that release makes the drive of a board with 8 MB."""
    return NARROW_8MB_BLOCKS if (10, 0) <= release < (10, 3) else EXTENDED_8MB_BLOCKS


def release_of(version: str) -> tuple[int, int]:
    """(major, minor) of "10.3.1" or "10.3.0-beta.2"; (0, 0) when it is no version."""
    parts = version.split("-")[0].split(".")
    if len(parts) < 2 or not all(part.isdigit() for part in parts[:2]):
        return (0, 0)
    return (int(parts[0]), int(parts[1]))
