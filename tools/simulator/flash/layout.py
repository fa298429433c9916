"""How large the drives of real boards are."""

from __future__ import annotations

from dataclasses import dataclass

from tools.circuitpython import EXTENDED_8MB_BLOCKS, NARROW_8MB_BLOCKS, RECOMMENDED, drive_blocks_8mb, release_of
from tools.simulator.flash.nor import BLOCK_BYTES


@dataclass(frozen=True, slots=True)
class Layout:
    """A board's drive: its size in blocks of 512 bytes."""

    name: str
    blocks: int


LAYOUT_8MB = Layout("8mb", NARROW_8MB_BLOCKS)
LAYOUT_8MB_EXTENDED = Layout("8mb-extended", EXTENDED_8MB_BLOCKS)
LAYOUT_4MB = Layout("4mb", 2432)
# What the recommended CircuitPython gives a board with 8 MB.
LAYOUT_RECOMMENDED = next(
    layout for layout in (LAYOUT_8MB, LAYOUT_8MB_EXTENDED) if layout.blocks == drive_blocks_8mb(release_of(RECOMMENDED))
)
LAYOUTS = (LAYOUT_8MB, LAYOUT_8MB_EXTENDED, LAYOUT_4MB)


def layout_of(image: bytes | None) -> Layout:
    """The layout whose size an image has; without one, the recommended CircuitPython's."""
    sizes = {layout.blocks * BLOCK_BYTES: layout for layout in LAYOUTS}
    return sizes.get(len(image or b""), LAYOUT_RECOMMENDED)
