"""What the portal knows of the database, its types and limits, written by `python -m tools.database_types`."""

import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psycopg
from deno import find_deno_bin

from tools import supabase_cli
from tools.files import write_whole
from tools.stack.postgres import Postgres
from tools.stack.stack import prepare_database

ROOT = Path(__file__).parent.parent
TYPES_FILE = ROOT / "site_sym/src/data/database.types.ts"
LIMITS_FILE = ROOT / "site_sym/src/data/limits.ts"
_HEADER = "// Generated from supabase/migrations by `python -m tools.database_types`. Do not edit.\n\n"


# Not of `sessions`, which boards write; and a name that Postgres made up itself (`..._check`) is not for people.
_CHECKS = """select conname, pg_get_constraintdef(oid) from pg_constraint
where contype = 'c' and connamespace = 'public'::regnamespace
  and conrelid <> 'public.sessions'::regclass and conname !~ '_check\\d*$' order by conname"""
_RULES = """select json_build_object(
  'earliest_start', private.earliest_start(),
  'longest_session_seconds', private.longest_session(),
  'short_session_seconds', private.short_session(),
  'key_reset_seconds', private.key_reset_seconds(),
  'running_seconds', extract(epoch from private.clock() - private.running_since())::integer
)"""
_BOUND = re.compile(r"\((?:\w+_length\((?:\w+|\(\w+\)::text)\)|\w+) (>=|<=) ([\w.]+(?:\(\))?|'[^']*'::[a-z ]+)\)")
_PATTERN = re.compile(r"\w+ ~ '([^']*)'::text")


def generate(database_url: str) -> str:
    """The types of schema `public` of a migrated database, as TypeScript source.

    Raises:
        SupabaseCliError: the CLI is not there or fails; the message says why.
    """
    with tempfile.TemporaryDirectory() as empty_project:
        source = supabase_cli.run(
            "gen", "types", "--schema", "public", f"--remote={database_url}", workdir=Path(empty_project)
        )
    return _typescript(source)


def generate_limits(database_url: str) -> str:
    """What the page measures by, as TypeScript source: the database's rules, and what each named CHECK allows.

    Of a CHECK these are the least, the most and the pattern: of a text in characters, of JSON in bytes, of a number its
    value, of a time ISO 8601. What it says beyond that is left out.

    Raises:
        ValueError: a bound is neither a value nor a constant of schema `private`.
    """
    limits: dict[str, dict[str, Any]] = {}
    with psycopg.connect(database_url) as database:
        rules = database.execute(_RULES).fetchone()
        assert rules is not None
        for name, definition in database.execute(_CHECKS).fetchall():
            limit: dict[str, Any] = {}
            bounds = _BOUND.findall(definition)
            if len(bounds) != len(re.findall("[<>]", definition)):
                raise ValueError(f"{name} has a bound that the portal would not get: {definition}")
            for order, bound in bounds:
                row = database.execute(f"select to_json({bound})".encode()).fetchone()
                assert row is not None
                limit["min" if order == ">=" else "max"] = row[0]
            if pattern := _PATTERN.search(definition):
                limit["pattern"] = pattern[1]
            limits[name] = limit
    return _typescript(f"""/** What several rules of the database measure by. */
        export const RULES = {json.dumps(rules[0])} as const;
        /** Every CHECK on what people type, by its name, with what it allows. */
        export const LIMITS = {json.dumps(limits)} as const;
        export type LimitName = keyof typeof LIMITS;
    """)


def _typescript(source: str) -> str:
    formatter = [find_deno_bin(), "fmt", "--no-config", "--line-width", "120", "--ext", "ts", "-"]
    done = subprocess.run(formatter, input=source, capture_output=True, text=True, check=True)
    return _HEADER + done.stdout


def main() -> None:
    """Migrate a throw-away database and write what it says into the portal."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the server runs as `nobody` where this runs as root
        with Postgres(Path(folder) / "postgres", durable=False) as server:
            prepare_database(server.dsn(), server.log)
            for file, write in ((TYPES_FILE, generate), (LIMITS_FILE, generate_limits)):
                write_whole(file, write(server.dsn()))
                print(f"Wrote {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
