"""The two commands of DEPLOYMENT.md that make a backup and restore it, as they stand there."""

import re
import subprocess
import sys
from pathlib import Path

from tests.tools.checkout import ROOT

_SECTION = (ROOT / "DEPLOYMENT.md").read_text(encoding="utf-8").partition("## Backing up and moving")[2]
_BLOCKS = re.findall(r"```sh\n(.*?)```", _SECTION, re.DOTALL)[:2]
BACKUP, RESTORE = (
    line for block in _BLOCKS for line in block.splitlines() if line.startswith("python3 -m tools backup ")
)


def run(line: str, file: Path, database: str) -> str:
    """Run one of them with this file and this database; what it prints."""
    words = line.replace("backup.sql", str(file)).replace("--project NEWPROJECT ", "").split()[3:]
    command = [sys.executable, "-m", "tools.cli", *words, "--database-url", database]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout
