"""`backup`: a project's data in one file, or back into a new project."""

import os
from pathlib import Path

from tools.commands.terminal import console
from tools.deploy import backup, workdir


def run(project: str, database_url: str | None, out: Path | None, restore: Path | None) -> None:
    """Raises DeployError or FileError."""
    password = os.environ.get("SUPABASE_DB_PASSWORD", "")
    url = database_url or backup.database_of(project, workdir.DEPLOYMENTS / project, password)
    if restore is not None:
        with console.status("Restoring"):
            told = backup.restore(url, restore)
        console.print(f"Restored {told}. The boards deliver again what they still keep.")
        return
    file = out or backup.default_file(project)
    with console.status("Reading the database"):
        told = backup.dump(url, file)
    console.print(f"{file}: {told}.", markup=False, soft_wrap=True)
    console.print("It holds accounts and password hashes: keep it as you would keep passwords.")
