"""TypeScript types of the database, for the portal: `python -m tools.database_types` writes them anew."""

import subprocess
import tempfile
from pathlib import Path

from deno import find_deno_bin

from tools import supabase_cli
from tools.files import write_whole
from tools.stack.postgres import Postgres
from tools.stack.stack import prepare_database

ROOT = Path(__file__).parent.parent
TYPES_FILE = ROOT / "site_sym/src/lib/database.types.ts"
_HEADER = "// Generated from supabase/migrations by `python -m tools.database_types`. Do not edit.\n\n"


def generate(database_url: str) -> str:
    """The types of schema `public` of a migrated database, as TypeScript source.

    Raises:
        SupabaseCliError: the CLI is not there or fails; the message says why.
    """
    with tempfile.TemporaryDirectory() as empty_project:
        source = supabase_cli.run(
            "gen", "types", "--schema", "public", f"--remote={database_url}", workdir=Path(empty_project)
        )
    formatter = [find_deno_bin(), "fmt", "--no-config", "--line-width", "120", "--ext", "ts", "-"]
    done = subprocess.run(formatter, input=source, capture_output=True, text=True, check=True)
    return _HEADER + done.stdout


def main() -> None:
    """Migrate a throw-away database and write its types into the portal."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the server runs as `nobody` where this runs as root
        with Postgres(Path(folder) / "postgres", durable=False) as server:
            prepare_database(server.dsn(), server.log)
            write_whole(TYPES_FILE, generate(server.dsn()))
    print(f"Wrote {TYPES_FILE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
