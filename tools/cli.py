"""The commands of `python3 -m tools`, run by the environment that `tools.bootstrap` has made."""

import os
import signal
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from tools.board.cli import app as board_app

DEBUG_VARIABLE = "TOOLS_DEBUG"

app = typer.Typer(
    help="Hours of every power-up of an aircraft's avionics bus: the local stack, the demo and the tests.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(board_app, name="board")

Port = Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes any free one.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Throw away the data of earlier runs first.")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Do not open the page in the browser.")]
Seconds = Annotated[int | None, typer.Option(min=1, help="End by itself after so many seconds.")]
Database = Annotated[
    str | None,
    typer.Option(metavar="postgresql://...", help="Use this PostgreSQL (16 or newer) instead of the embedded one."),
]
DEFAULT_PORT = 54321


class BenchPart(StrEnum):
    """What `bench` measures."""

    FIRMWARE = "firmware"
    INGEST = "ingest"
    PORTAL = "portal"
    CALLS = "calls"
    SCALE = "scale"


class Untouched(TyperCommand):
    """A command whose arguments belong to another program; only a lone --help is its own."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Hands everything over as it came."""
        if args in (["-h"], ["--help"]):
            return super().parse_args(ctx, args)
        ctx.args = args
        return args


@app.callback()
def before_every_command(
    debug: Annotated[
        bool, typer.Option("--debug", help=f"Show where an error comes from (or set {DEBUG_VARIABLE}=1).")
    ] = False,
) -> None:
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"


@app.command()
def demo(
    port: Port = DEFAULT_PORT,
    fresh: Fresh = False,
    no_browser: NoBrowser = False,
    seconds: Seconds = None,
    database: Database = None,
) -> None:
    """Start everything: a fleet with a year of history and a simulated board in flight. Prints address and login."""
    check_database_choice(database, fresh)
    from tools.commands.demo import run

    run(port, fresh, not no_browser, seconds, database)


@app.command()
def serve(
    port: Port = DEFAULT_PORT,
    fresh: Fresh = False,
    no_browser: NoBrowser = False,
    seconds: Seconds = None,
    database: Database = None,
) -> None:
    """Start the local stack and the portal alone, with an empty database."""
    check_database_choice(database, fresh)
    from tools.commands.serve import run

    run(port, fresh, not no_browser, seconds, database)


@app.command()
def simulate(
    url: Annotated[
        str, typer.Option(help="Where the boards report to.")
    ] = f"http://127.0.0.1:{DEFAULT_PORT}/functions/v1/ingest",
    boards: Annotated[int, typer.Option(min=1, help="How many boards.")] = 1,
    speed: Annotated[float, typer.Option(min=0.1, max=1000, help="Board seconds per second.")] = 1.0,
    faults: Annotated[
        str, typer.Option(metavar="LIST", help="What comes and goes: power,wifi,internet,dns,ntp,server.")
    ] = "",
    seconds: Seconds = None,
    access_token: Annotated[str, typer.Option(envvar="INGEST_ACCESS_TOKEN", help="If the project demands one.")] = "",
    seed: Annotated[
        int | None, typer.Option(min=0, help="The same faults at the same times as with this seed.")
    ] = None,
    light: Annotated[
        bool, typer.Option("--light", help="Boards without firmware, on a club's day; more than 100 always are.")
    ] = False,
) -> None:
    """Fly virtual boards that run the real firmware/code.py against an ingest URL."""
    from tools.commands.simulate import run

    run(url, boards, speed, faults, seconds, access_token, light=light, seed=seed)


@app.command()
def deploy(
    project: Annotated[
        str, typer.Option(envvar="SUPABASE_PROJECT_ID", help="The 20 letters in the dashboard's address.")
    ] = "",
    site_url: Annotated[
        str | None, typer.Option(help="Where the portal will be, for example https://you.github.io/logger/.")
    ] = None,
    access_token: Annotated[str, typer.Option(envvar="INGEST_ACCESS_TOKEN", help="Make boards send this token.")] = "",
    portal: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Build the portal into this folder.")] = None,
    url: Annotated[str | None, typer.Option(help="The project's address, if it has a domain of its own.")] = None,
    database_url: Annotated[
        str | None,
        typer.Option(metavar="postgresql://...", help="The database's address, where it is not found by itself."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing, only check that all works.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the commands, run nothing.")] = False,
) -> None:
    """Set up or update a Supabase project: settings, database, function, portal. May be repeated at any time."""
    check_database_choice(database_url, fresh=False, option="--database-url")
    from tools.commands.deploy import run
    from tools.deploy.deployment import Target

    target = Target(
        project=project,
        site_url=site_url and site_url.rstrip("/") + "/",
        access_token=access_token,
        url=url and url.rstrip("/"),
        database_url=database_url,
        portal=portal,
    )
    run(target, dry_run=dry_run, only_check=check)


@app.command()
def backup(
    project: Annotated[
        str, typer.Option(envvar="SUPABASE_PROJECT_ID", help="One that was deployed from this checkout.")
    ] = "",
    database_url: Annotated[
        str | None, typer.Option(metavar="postgresql://...", help="The database's own address.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where the copy goes.")] = None,
    restore: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Put this copy into a database that is migrated and empty.")
    ] = None,
) -> None:
    """Copy a project's data into one file (accounts, planes, sessions, everything), or restore such a file.

    With --project, the database's password comes from the variable SUPABASE_DB_PASSWORD.
    """
    if out is not None and restore is not None:
        raise typer.BadParameter("goes with a copy, not with --restore.", param_hint="--out")
    check_database_choice(database_url, fresh=False, option="--database-url")
    from tools.commands.backup import run

    run(project, database_url, out, restore)


@app.command()
def bench(
    part: Annotated[BenchPart | None, typer.Argument(help="Only this part.")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures here.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="The long run instead of the one of about a minute.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write the figures of a full run into BENCHMARKS.md.")] = False,
) -> None:
    """Measure wear, losses, traffic, speed and scale, beside what you would use instead, in one run."""
    if write and not (full and part is None):
        raise typer.BadParameter(
            "goes with --full and without a part: the page shows whole runs.", param_hint="--write"
        )
    from tools.commands.bench import run

    run(part, json_file, full=full, write=write)


@app.command(cls=Untouched, options_metavar="[PYTEST ARGUMENTS]")
def test(context: typer.Context) -> None:
    """Run all tests; the arguments go to pytest as they are, for example -k ingest -x or a path."""
    from tools.commands.test import run

    run(context.args)


def check_database_choice(database: str | None, fresh: bool, option: str = "--database") -> None:
    """Raises a usage error for an address that is no PostgreSQL's, and for emptying what is not ours."""
    if database is None:
        return
    if not database.startswith(("postgresql://", "postgres://")):
        raise typer.BadParameter("write it as postgresql://user:password@host:port/name.", param_hint=option)
    if fresh:
        raise typer.BadParameter(
            "empties only the embedded database; with --database, drop and create yours.", param_hint="--fresh"
        )


def describe(error: Exception) -> str:
    """What an error says. Those of this project are finished sentences, with lines of their own; others are named."""
    if type(error).__module__.startswith("tools."):
        return "\n".join(line.rstrip() for line in str(error).splitlines())
    text = " ".join(str(error).split())
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return (
        f"Something that should not happen has happened: {type(error).__name__}: {text}. Please report it with what"
        f" {DEBUG_VARIABLE}=1 before the command shows."
    )


def main(arguments: list[str] | None = None) -> None:
    """Runs a command and ends the process: 0 done, 1 failed, 2 wrong usage, 130 Ctrl-C, 143 SIGTERM."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        app(args=arguments, prog_name="python3 -m tools")
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        print(f"error: {describe(error)}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
