"""Migrations as files: what a database records of them, and those of releases, which never change.

`python -m tools.migrations 1.0.0` records the present ones as released with that version. Do it when CHANGELOG.md gets
the version's heading; a test holds both together from then on.
"""

import hashlib
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from tools.files import write_whole

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "supabase" / "migrations"
CHANGELOG = ROOT / "CHANGELOG.md"
RELEASED = ROOT / "supabase" / "released_migrations.json"
"""Version of a release -> name of each migration that it brought -> SHA-256 of the file."""

# What PostgreSQL computes in a project is compared with `digest` here.
DIGESTS = """
select version, encode(sha256(convert_to(essence, 'UTF8')), 'hex') as digest
from supabase_migrations.schema_migrations,
  regexp_replace(array_to_string(statements, ''), '[ \\t\\r\\n;]+', '', 'g') essence
where statements is not null order by version"""


REHEARSED = "Nothing stands in the way of the migrations"


def digest(sql: str) -> str:
    """SHA-256 of a migration as a database records it: cut into statements, without the ends of them."""
    return hashlib.sha256(re.sub(r"[ \t\r\n;]+", "", sql).encode()).hexdigest()


def rehearsal(texts: Iterable[str]) -> str:
    """One statement that applies migrations and always fails: at the first fault, or with REHEARSED at the end."""
    applied = "".join(f"execute $migration${text}$migration$;\n" for text in texts)
    return f"do $rehearsal$ begin\n{applied}raise exception '{REHEARSED}';\nend $rehearsal$"


def versions(folder: Path) -> dict[str, Path]:
    """Version of each migration in a folder -> its file, in the order in which they are applied."""
    return {file.name.partition("_")[0]: file for file in sorted(folder.glob("*.sql"))}


def changed(applied: dict[str, str], folder: Path) -> list[str]:
    """Those versions whose digest in a database is not that of the folder's file."""
    mine = versions(folder)
    return [
        version
        for version, recorded in sorted(applied.items())
        if version in mine and digest(mine[version].read_text(encoding="utf-8")) != recorded
    ]


def releases(changelog: str) -> list[str]:
    """The versions that a changelog names, oldest first."""
    return re.findall(r"^## \[?v?(\d+\.\d+\.\d+[^\]\s]*)", changelog, re.MULTILINE)[::-1]


def faults(changelog: str, released: dict[str, dict[str, str]], folder: Path) -> list[str]:
    """What is wrong with the migrations of a folder, given the releases so far; one sentence each."""
    named, found = releases(changelog), []
    for version in named:
        if version not in released:
            found.append(f"Release {version} has no record: python -m tools.migrations {version}.")
    for version in released:
        if version not in named:
            found.append(f"Release {version} is recorded, but CHANGELOG.md does not name it.")
    held = {name: (version, sha256) for version, files in released.items() for name, sha256 in files.items()}
    for name, (version, sha256) in held.items():
        file = folder / name
        if not file.exists():
            found.append(f"{name} was released with {version} and is gone.")
        elif hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
            found.append(f"{name} was released with {version} and has changed since: write a further migration.")
    for file in sorted(folder.glob("*.sql")):
        if held and file.name not in held and file.name < max(held):
            found.append(f"{file.name} is new, but sorts before {max(held)}, which is released: give it a later time.")
    return found


def record(version: str, released: dict[str, dict[str, str]], folder: Path) -> dict[str, dict[str, str]]:
    """The releases with one more, which brings what no earlier one has."""
    held = {name for files in released.values() for name in files}
    fresh = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.glob("*.sql"))
        if file.name not in held
    }
    return {**released, version: fresh}


def read_released(file: Path = RELEASED) -> dict[str, dict[str, str]]:
    """The releases so far; none before the first one."""
    released: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    return released


def main() -> None:
    """Record the present migrations as those of a release."""
    [version] = sys.argv[1:]
    released = read_released()
    if version in released:
        sys.exit(f"Release {version} is recorded already: released migrations never change.")
    text = json.dumps(record(version, released, FOLDER), indent=2) + "\n"
    write_whole(RELEASED, text)
    print(f"Recorded {len(json.loads(text)[version])} migrations as those of {version}")


if __name__ == "__main__":
    main()
