"""The drive: NOR flash, FatFs on it, and CircuitPython's files on top."""
