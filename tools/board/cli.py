"""The command line of `python3 -m tools board`. What a command needs is imported when it runs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tools.board.find import Where

app = typer.Typer(
    help="Install, check, watch, read and accept a real board, over its CIRCUITPY drive (--path), the network (--host)"
    " or a serial port (--port). Without any of these the only board that can be found is taken.",
    no_args_is_help=True,
)

PathOption = Annotated[Path | None, typer.Option("--path", help="The board's drive, mostly called CIRCUITPY.")]
HostOption = Annotated[str | None, typer.Option("--host", help="Address of a board with the web workflow.")]
PortOption = Annotated[str | None, typer.Option("--port", help="Serial port, for example /dev/ttyACM0.")]
PasswordOption = Annotated[
    str | None,
    typer.Option("--password", envvar="CIRCUP_WEBWORKFLOW_PASSWORD", help="The web workflow's password, with --host."),
]


class Format(StrEnum):
    """How sessions are printed."""

    table = "table"
    json = "json"
    csv = "csv"


def where_of(path: Path | None, host: str | None, port: str | None, password: str | None) -> Where:
    """Raises a usage error when more than one way is named."""
    from tools.board.find import Where

    if sum(map(bool, (path, host, port))) > 1:
        raise typer.BadParameter("name one of them.", param_hint="--path, --host, --port")
    return Where(path, host, port, password)


@app.command()
def install(
    path: PathOption = None,
    host: HostOption = None,
    port: PortOption = None,
    password: PasswordOption = None,
    ingest_url: Annotated[
        str | None, typer.Option(help="https://YOUR-PROJECT.supabase.co/functions/v1/ingest, for secrets.py.")
    ] = None,
    access_token: Annotated[
        str | None, typer.Option(envvar="INGEST_ACCESS_TOKEN", help="If the project demands one, for secrets.py.")
    ] = None,
    wifi: Annotated[str | None, typer.Option(metavar="NAME", help="A network to add to secrets.py.")] = None,
    wifi_password: Annotated[
        str | None, typer.Option(envvar="BOARD_WIFI_PASSWORD", help="Its password; asked for if left out.")
    ] = None,
    web_password: Annotated[
        str | None,
        typer.Option(help="Switch the web workflow on with this password, in settings.toml (needs --wifi once)."),
    ] = None,
    sense_pin: Annotated[
        str | None,
        typer.Option(metavar="NAME", help='The pin that measures the bus voltage, for settings.toml; "" for none.'),
    ] = None,
    sense_ratio: Annotated[
        str | None, typer.Option(metavar="RATIO", help="Of its divider: (R1 + R2) / R2, for example 7.67.")
    ] = None,
    portal: Annotated[str | None, typer.Option(metavar="URL", help="The portal's address, for the link.")] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="No internet: libraries of an earlier run or pinned.")
    ] = False,
    no_libraries: Annotated[bool, typer.Option("--no-libraries", help="Leave /lib alone.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    batch: Annotated[bool, typer.Option("--batch", help="One board after the other, as they are plugged in.")] = False,
    list_file: Annotated[
        Path, typer.Option("--list", metavar="FILE", help="With --batch: the list of boards, as CSV.")
    ] = Path("boards.csv"),
    boards: Annotated[int | None, typer.Option(min=1, help="With --batch: end after so many.")] = None,
) -> None:
    """Put firmware, libraries and settings on a board, or update what changed. Sessions are never touched.

    The ingest URL and the access token come from the last `deploy`, unless they are given or on the board already.
    """
    from tools.board.commands import How, run_batch, run_install
    from tools.board.settings import Sense, Wanted

    if (sense_pin and not sense_ratio) or (sense_ratio and not sense_pin):
        raise typer.BadParameter("go together.", param_hint="--sense-pin, --sense-ratio")
    if wifi_password is not None and wifi is None:
        raise typer.BadParameter("needs --wifi as well.", param_hint="--wifi-password")
    if batch and (dry_run or host):
        raise typer.BadParameter("goes with neither --dry-run nor --host.", param_hint="--batch")
    where = where_of(path, host, port, password)
    sense = None if sense_pin is None else Sense(sense_pin, sense_ratio or "")
    wanted = Wanted(ingest_url, access_token, None if wifi is None else (wifi, wifi_password), web_password, sense)
    how = How(not yes and not dry_run, portal, offline, not no_libraries, dry_run)
    if batch:
        run_batch(where, wanted, how, list_file, boards)
    else:
        run_install(where, wanted, how)


@app.command()
def doctor(
    path: PathOption = None,
    host: HostOption = None,
    port: PortOption = None,
    password: PasswordOption = None,
    listen: Annotated[
        int, typer.Option(min=0, help="Seconds to listen to the board's console; 0 does not listen.")
    ] = 75,
) -> None:
    """Say what is wrong with a board, its settings and its server, with the remedy. Exit code 1 if anything failed."""
    from tools.board.commands import run_doctor

    raise typer.Exit(run_doctor(where_of(path, host, port, password), listen))


@app.command()
def calibrate(
    volts: Annotated[float, typer.Argument(min=5, max=36, help="What a multimeter reads on the bus now.")],
    host: HostOption = None,
    port: PortOption = None,
    password: PasswordOption = None,
) -> None:
    """Correct the ratio of the bus voltage's divider by one reading of a multimeter, taken while the board runs."""
    from tools.board.commands import run_calibrate

    run_calibrate(where_of(None, host, port, password), round(volts * 1000))


@app.command()
def logs(
    host: HostOption = None,
    port: PortOption = None,
    password: PasswordOption = None,
    seconds: Annotated[int | None, typer.Option(min=1, help="End by itself after so many seconds.")] = None,
) -> None:
    """Show the board's console with the time of each line; connects again when the board goes away."""
    from tools.board.commands import run_logs

    run_logs(where_of(None, host, port, password), seconds)


@app.command()
def sessions(
    path: PathOption = None,
    host: HostOption = None,
    port: PortOption = None,
    password: PasswordOption = None,
    folder: Annotated[Path | None, typer.Option(help="Read a copied folder, or one copied file, instead.")] = None,
    format: Annotated[Format, typer.Option(help="How to print them.")] = Format.table,
    send: Annotated[
        bool, typer.Option("--send", help="Deliver set-aside files (sessions-<uuid>.json) as their board would.")
    ] = False,
    ingest_url: Annotated[str | None, typer.Option(help="Where to; without it, secrets.py on the board.")] = None,
    access_token: Annotated[
        str | None, typer.Option(envvar="INGEST_ACCESS_TOKEN", help="If the project demands one.")
    ] = None,
) -> None:
    """Print the sessions that a board keeps, both copies joined; or deliver those of another board."""
    from tools.board.commands import run_sessions

    if folder and (path or host or port):
        raise typer.BadParameter("stands alone: it is no board.", param_hint="--folder")
    run_sessions(where_of(path, host, port, password), folder, format.value, send, ingest_url, access_token)


@app.command()
def accept(
    port: PortOption = None,
    host: Annotated[
        str | None, typer.Option("--host", help="Read the drive over the web workflow, not by stopping the program.")
    ] = None,
    password: PasswordOption = None,
    report: Annotated[Path, typer.Option(help="Where the report goes.")] = Path("acceptance-report.md"),
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Two power cuts and a minute's outage instead of the full hour.")
    ] = False,
) -> None:
    """Guide you through an hour on your own board, at its serial port: power cuts, router off and on, a long outage."""
    from tools.board.commands import run_accept

    raise typer.Exit(run_accept(port, host, password, report, rehearse))
