"""NOR flash as the espressif port of CircuitPython drives it: no cache, no wear levelling, no journal.

Every write of 512-byte blocks is, at once and per 4 KiB sector it touches, an erase and a reprogramming of the whole
sector (ports/espressif/supervisor/internal_flash.c). A power cut in between leaves the sector erased, or programmed up
to some 256-byte page. Times and endurance are data-sheet-like figures, not measured on a chip.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from tools.simulator.power import PowerCut

BLOCK_BYTES = 512
SECTOR_BYTES = 4096
PAGE_BYTES = 256
BLOCKS_PER_SECTOR = SECTOR_BYTES // BLOCK_BYTES
PAGES_PER_SECTOR = SECTOR_BYTES // PAGE_BYTES
ERASE_SECONDS = 0.045
ERASING_SHARE = 0.75  # of that time; the rest goes into programming the pages
RATED_ERASES = 100_000

# What a cut leaves of the sector being rewritten: the old content, or the first n pages of the new one after 0xFF.
UNTOUCHED = -1
ERASED = 0
DONE = PAGES_PER_SECTOR
TORN_STATES = range(UNTOUCHED, DONE + 1)

_BLANK = b"\xff" * SECTOR_BYTES

Snapshot = tuple[bytes, ...]
"""The content of every sector at one moment; cheap, because sectors are shared until they are rewritten."""


class NorFlash:
    """Flash of ``sectors`` x 4 KiB, blank when new, that counts erases and can lose its supply at any step.

    ``erases[i]`` is the number of erases of sector i, ``operations`` the number of sector rewrites begun, both since
    the chip was made; ``busy_seconds`` the time they took. ``before_rewrite``, if set, is called with the sector's
    index before each rewrite and returns None, or one of ``TORN_STATES`` to cut the power there. ``supply_seconds``, if
    set, says how long the supply lasts: a rewrite that takes longer ends where it stands then.
    """

    def __init__(self, sectors: int) -> None:
        self._sectors = [_BLANK] * sectors
        self.erases = [0] * sectors
        self.operations = 0
        self.busy_seconds = 0.0
        self.powered = True
        self.before_rewrite: Callable[[int], int | None] | None = None
        self.supply_seconds: Callable[[], float] | None = None
        self._cut: tuple[int, int] | None = None

    @property
    def sector_count(self) -> int:
        """Size in sectors of 4 KiB."""
        return len(self._sectors)

    # Power

    def cut_at(self, operation: int, torn: int = ERASED) -> None:
        """Lose power in a coming sector rewrite: 0 is the next one. ``torn``: what is left, one of ``TORN_STATES``."""
        if operation < 0 or torn not in TORN_STATES:
            raise ValueError(f"NorFlash.cut_at: no such cut: operation {operation}, torn {torn}")
        self._cut = (self.operations + operation, torn)

    def power_off(self) -> None:
        """Take the supply away between two operations; a planned cut is forgotten."""
        self.powered = False
        self._cut = None

    def power_on(self) -> None:
        """Give the supply back."""
        self.powered = True

    # Content

    def read(self, block: int, count: int) -> bytes:
        """Bytes of ``count`` blocks from ``block`` on."""
        self._check(block, count)
        sector, offset = divmod(block * BLOCK_BYTES, SECTOR_BYTES)
        length = count * BLOCK_BYTES
        if offset + length <= SECTOR_BYTES:
            return self._sectors[sector][offset : offset + length]
        end = (block * BLOCK_BYTES + length + SECTOR_BYTES - 1) // SECTOR_BYTES
        return b"".join(self._sectors[sector:end])[offset : offset + length]

    def write(self, block: int, data: bytes) -> None:
        """Write whole blocks: one erase and reprogramming per sector touched.

        Raises PowerCut, in the planned state, when a cut is due, and at every call until ``power_on``.
        """
        for sector, content in self._merged(block, data):
            self._rewrite(sector, content)

    def write_by_the_other_side(self, block: int, data: bytes) -> None:
        """The same wear, for a writer with a supply of its own (USB, a programmer): no cut, no operation counted."""
        for sector, content in self._merged(block, data):
            self.erases[sector] += 1
            self._sectors[sector] = content

    def snapshot(self) -> Snapshot:
        """The content as it is now; erase counts are not part of it."""
        return tuple(self._sectors)

    def restore(self, snapshot: Snapshot) -> None:
        """Put a snapshot's content back."""
        if len(snapshot) != len(self._sectors):
            raise ValueError(f"NorFlash.restore: {len(snapshot)} sectors do not fit {len(self._sectors)}")
        self._sectors = list(snapshot)

    def changed_since(self, snapshot: Snapshot) -> list[int]:
        """Sectors whose content differs from the snapshot's."""
        pairs = enumerate(zip(snapshot, self._sectors, strict=True))
        return [sector for sector, (then, now) in pairs if then is not now and then != now]

    def image(self) -> bytes:
        """The whole content, to keep in a file."""
        return b"".join(self._sectors)

    def load(self, image: bytes) -> None:
        """Replace the whole content by an image of the same size."""
        if len(image) != len(self._sectors) * SECTOR_BYTES:
            raise ValueError(
                f"NorFlash.load: image of {len(image)} bytes, expected {len(self._sectors) * SECTOR_BYTES}"
            )
        pieces = (image[at : at + SECTOR_BYTES] for at in range(0, len(image), SECTOR_BYTES))
        self._sectors = [_BLANK if piece == _BLANK else piece for piece in pieces]

    # Wear

    def mark(self) -> list[int]:
        """The erase counts as they are now, for ``erases_since``."""
        return self.erases.copy()

    def erases_since(self, mark: list[int]) -> dict[int, int]:
        """Erases by sector since ``mark``; sectors without any are left out."""
        pairs = enumerate(zip(mark, self.erases, strict=True))
        return {sector: now - then for sector, (then, now) in pairs if now != then}

    def hottest(self) -> tuple[int, int]:
        """The sector erased most often, and how often."""
        count = max(self.erases)
        return self.erases.index(count), count

    def _merged(self, block: int, data: bytes) -> list[tuple[int, bytes]]:
        """Sector by sector what a write of blocks leaves: (sector, its 4096 bytes)."""
        self._check(block, len(data) // BLOCK_BYTES)
        sector, offset = divmod(block * BLOCK_BYTES, SECTOR_BYTES)
        merged = []
        at = 0
        while at < len(data):
            old = self._sectors[sector]
            piece = data[at : at + SECTOR_BYTES - offset]
            merged.append((sector, old[:offset] + piece + old[offset + len(piece) :]))
            at += len(piece)
            sector, offset = sector + 1, 0
        return merged

    def _check(self, block: int, count: int) -> None:
        if not 0 <= block <= block + count <= len(self._sectors) * BLOCKS_PER_SECTOR:
            raise ValueError(f"NorFlash: blocks {block} to {block + count} are not on {len(self._sectors)} sectors")

    def _rewrite(self, sector: int, content: bytes) -> None:
        if not self.powered:
            raise PowerCut("flash has no supply")
        torn = self._due(sector)
        self.operations += 1
        if torn is None:
            torn = DONE
        else:
            self.power_off()
        if torn != UNTOUCHED:
            self.erases[sector] += 1
            self.busy_seconds += ERASE_SECONDS
            programmed = torn * PAGE_BYTES
            self._sectors[sector] = content if torn == DONE else content[:programmed] + _BLANK[programmed:]
        if not self.powered:
            raise PowerCut(f"flash lost its supply at sector {sector}, {torn} of {DONE} pages programmed")

    def _due(self, sector: int) -> int | None:
        """The torn state this rewrite is to end in, or None to let it finish."""
        if self._cut is not None and self._cut[0] == self.operations:
            return self._cut[1]
        planned = self.before_rewrite(sector) if self.before_rewrite is not None else None
        return self._outlasting() if planned is None else planned

    def _outlasting(self) -> int | None:
        """How far a rewrite gets that begins now; None: to its end."""
        seconds = math.inf if self.supply_seconds is None else self.supply_seconds()
        if seconds >= ERASE_SECONDS:
            return None
        if seconds <= 0:
            return UNTOUCHED
        programming = seconds / ERASE_SECONDS - ERASING_SHARE
        return max(ERASED, int(programming / (1 - ERASING_SHARE) * PAGES_PER_SECTOR))
