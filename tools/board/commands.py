"""What the commands print, ask and exit with."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import segno
from rich.console import Console
from rich.prompt import Prompt
from rich.table import Table
from rich.text import Text

from tools import log_lines, remedies
from tools.addresses import split_address
from tools.board import batch, bus, doctor, ingest, libraries, logs, settings
from tools.board import install as installing
from tools.board import sessions as store_of
from tools.board.accept import FULL, REHEARSAL, Acceptance
from tools.board.errors import BadSettings, BoardError
from tools.board.find import Found, Where, hosts_in_network, open_board, open_found, serial_ports
from tools.board.findings import Finding
from tools.board.transport import Board, finish_exchange
from tools.bootstrap.checkout import ROOT
from tools.deploy import last
from tools.files import check_writable, free_name, write_whole
from tools.remedies import LOGS

DATA = ROOT / ".local" / "board"
UUID_SECONDS = 90.0
# The board says its bus voltage once a minute.
CALIBRATE_SECONDS = 75
LEVEL_STYLES = {
    log_lines.OK: "green",
    log_lines.NOTE: "blue",
    log_lines.WARNING: "yellow",
    log_lines.FAILED: "bold red",
}
DELIVERY_STYLES = {"delivered": "green", "partly": "yellow", "unsent": "yellow", "rejected": "red"}

console = Console(highlight=False)


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A spinner with what is being done; in a log, a line for each."""
    if not console.is_terminal:
        yield lambda text: console.print(text, markup=False, soft_wrap=True)
        return
    with console.status("Starting") as status:
        yield lambda text: status.update(Text(text))


# install


@dataclass(frozen=True)
class How:
    """How boards are installed, besides what is to be set on them."""

    ask: bool
    portal: str | None
    offline: bool
    with_libraries: bool
    dry_run: bool


@dataclass(frozen=True)
class Installed:
    """A board that is done: its chip's number, its UUID ("" if it has not said it yet), the link that registers it."""

    chip: str
    device_uuid: str
    register: str
    wanted: settings.Wanted


def run_install(where: Where, wanted: settings.Wanted, how: How) -> None:
    """Raises BoardError; what it says leaves the board able to start."""
    _check_portal(how)
    with progress() as tell:
        board = open_board(where, tell)
    with contextlib.closing(board):
        done = _install_on(board, wanted, how)
        if done is not None:
            _show_registration(done, board)


def run_batch(where: Where, wanted: settings.Wanted, how: How, file: Path, boards: int | None) -> None:
    """Installs one board after the other as they are plugged in, until Ctrl-C or so many are done.

    A board that fails is said so, and the next one is waited for. Raises BoardError or FileError before the first.
    """
    _check_portal(how)
    check_writable(file)
    listed = batch.BoardList(file)
    queue = batch.Queue(where)
    count = 0
    while boards is None or count < boards:
        console.print(f"\nPlug in the next board, and unplug it when it is done. Ctrl-C ends. ({count} done)")
        try:
            with contextlib.closing(open_board(queue.next())) as board:
                name = listed.name_of(board.about().uid)
                console.print(f"[bold]{name}[/]")
                done = _install_on(board, wanted, how)
                if done is None:
                    continue
                wanted = done.wanted
                listed.add(batch.Row(name, done.chip, done.device_uuid, done.register))
                _show_registration(done, board, name)
            count += 1
        except BoardError as error:
            console.print(f"Not done: {error}", style="red", markup=False, soft_wrap=True)
            if isinstance(error, BadSettings):
                raise  # it would be the same with every board
    console.print(f"The list of boards: {file}", markup=False, soft_wrap=True)


def _check_portal(how: How) -> None:
    if how.portal is not None and split_address(how.portal) is None:
        raise BadSettings(f"--portal {how.portal} is not an address. It looks like https://you.github.io/logger/.")


def _install_on(board: Board, wanted: settings.Wanted, how: How) -> Installed | None:
    """Brings one board up to date; None for a dry run."""
    console.print(f"{_title(board)}", markup=False, soft_wrap=True)
    if not how.dry_run:
        board.check_writable()
        if finish_exchange(board):
            console.print("An earlier run was cut short; this one continues from there.")
    asks = how.ask and console.is_terminal
    wanted = _from_last_deploy(board, wanted, asks=asks)
    if asks:
        wanted = _ask(board, wanted)
    about = board.about()
    installing.check_board(about, board.where)
    with progress() as tell:
        requirements = installing.FIRMWARE / "requirements.txt"
        found = None
        if how.with_libraries:
            found = libraries.collect(requirements, about.version, DATA / "circup", offline=how.offline, tell=tell)
        plan = installing.make_plan(board, wanted, found, tell=tell)
    _show_plan(plan)
    laid_out = store_of.is_laid_out(board)
    if plan.changes:
        installing.check_room(board.space(), plan, laid_out=laid_out)
    if how.dry_run:
        console.print("Dry run: nothing was written.")
        return None
    if plan.changes:
        copies = installing.save_copies(plan, DATA / "replaced" / _name(board))
        if copies:
            console.print(f"What is replaced is kept in {copies}", markup=False, soft_wrap=True)
        with progress() as tell:
            installing.apply(board, plan, tell)
            board.restart()
        console.print(f"[green]Done[/]: {len(plan.changes)} files written, read back and compared.")
    if not laid_out:
        console.print("At its first start the board prepares its storage for about a minute: leave the power on.")
    with progress() as tell:
        uuid = installing.wait_for_uuid(board, UUID_SECONDS if plan.changes else 0.0, tell)
    url = installing.settings_on(board).ingest_url
    deployed = last.read()
    portal = how.portal or (deployed.portal if deployed and deployed.ingest_url == url else "")
    portal = portal or ingest.portal_beside(url)
    link = installing.registration_link(portal, uuid) if uuid and portal else ""
    return Installed(about.uid, uuid, link, wanted)


def _from_last_deploy(board: Board, wanted: settings.Wanted, *, asks: bool) -> settings.Wanted:
    """The address and the token of the last `deploy`, for a board that has none and was given none."""
    deployed = last.read()
    there = installing.settings_on(board)
    if deployed is None or not (asks or wanted.in_secrets or there.knows("networks")):
        return wanted
    if wanted.ingest_url is None and not there.knows("ingest_url"):
        wanted = replace(wanted, ingest_url=deployed.ingest_url)
        console.print(f"Ingest URL of the last deploy: {deployed.ingest_url}", markup=False, soft_wrap=True)
    url = wanted.ingest_url or there.ingest_url
    same = url == deployed.ingest_url
    if same and deployed.access_token and wanted.access_token is None and not there.knows("access_token"):
        wanted = replace(wanted, access_token=deployed.access_token)
        console.print("Access token of the last deploy.")
    return wanted


def _title(board: Board) -> str:
    about = board.about()
    return f"{board.where}: CircuitPython {about.version or '?'}, {about.name or about.board_id or 'unknown board'}"


def _name(board: Board) -> str:
    """A folder name for this board: its chip's number."""
    about = board.about()
    name = about.uid or about.board_id or "board"
    return "".join(character for character in name if character.isalnum() or character in "-_") or "board"


def _ask(board: Board, wanted: settings.Wanted) -> settings.Wanted:
    """Ask for what is neither given nor on the board yet."""
    there = installing.settings_on(board)
    if wanted.wifi and wanted.wifi[1] is None and there.password_of(wanted.wifi[0]) is None:
        wanted = replace(wanted, wifi=(wanted.wifi[0], _ask_password(wanted.wifi[0])))
    if wanted.ingest_url is None and not there.knows("ingest_url"):
        url = Prompt.ask(f"Ingest URL, like {ingest.EXAMPLE} (empty: later)", default="", show_default=False)
        if not url and not wanted.in_secrets:
            return wanted
        wanted = replace(wanted, ingest_url=url)
        if wanted.access_token is None:
            token = Prompt.ask("Access token (empty: the project asks for none)", default="", show_default=False)
            wanted = replace(wanted, access_token=token or None)
    if wanted.in_secrets and wanted.wifi is None and not there.knows("networks"):
        name = ""
        while not name:
            name = Prompt.ask("Wi-Fi name, 2.4 GHz", default="", show_default=False)
        wanted = replace(wanted, wifi=(name, _ask_password(name)))
    if wanted.in_secrets and wanted.sense is None and bus.read(board.read(installing.SETTINGS) or b"") is None:
        pin = Prompt.ask("Pin that measures the bus voltage (empty: not wired)", default="", show_default=False)
        if pin:
            ratio = Prompt.ask("Ratio of its divider, (R1 + R2) / R2, like 7.67")
            wanted = replace(wanted, sense=settings.Sense(pin, ratio))
    return wanted


def _ask_password(network: str) -> str:
    return Prompt.ask(f"Password of {network} (empty: an open network)", password=True, default="", show_default=False)


def _show_plan(plan: installing.Plan) -> None:
    for change in plan.changes:
        size = f"{len(change.new):,} bytes" if change.new is not None else ""
        console.print(f"  {change.verb:<7} {change.path:<40} {size}".rstrip(), markup=False)
    console.print(
        f"  {plan.unchanged} files are as they should be; libraries: {plan.library_source}",
        markup=False,
        soft_wrap=True,
    )


def _show_registration(done: Installed, board: Board, name: str = "") -> None:
    """The board's label: its name, its UUID, and the link that registers it as a QR code."""
    if not done.device_uuid:
        hint = (
            "Eject the drive, plug the board in again and wait a minute; then run this again."
            if board.native_usb_drive
            else "Wait a minute, then run this again."
        )
        console.print(f"The board has not said its UUID yet. {hint} It also stands in {LOGS}.", soft_wrap=True)
        return
    if name:
        console.print(f"[bold]{name}[/]")
    console.print(f"Device UUID: [bold]{done.device_uuid}[/]")
    if not done.register:
        console.print("Register it in the portal under Devices; --portal URL prints the link and a QR code.")
        return
    console.print(f"Register it: {done.register}", markup=False, soft_wrap=True)
    segno.make(done.register, error="l", micro=False).terminal(compact=True)


# doctor


def run_doctor(where: Where, listen: int) -> int:
    """Prints the findings and returns the exit code."""
    with progress() as tell:
        board = open_board(where, tell)
    findings = []
    with contextlib.closing(board):
        console.print(_title(board), markup=False, soft_wrap=True)
        with progress() as tell:
            for finding in doctor.examine(board, listen_seconds=listen, tell=tell):
                findings.append(finding)
                _show_finding(finding, where)
    failed = sum(finding.level == log_lines.FAILED for finding in findings)
    warned = sum(finding.level == log_lines.WARNING for finding in findings)
    console.print(f"{failed} failed, {warned} warnings, {len(findings)} findings.")
    return doctor.worst(findings)


def _show_finding(finding: Finding, where: Where) -> None:
    level = (f"{finding.level:>7}  ", LEVEL_STYLES[finding.level])
    console.print(Text.assemble(level, (f"{finding.what}: ", "bold"), finding.text), soft_wrap=True)
    if finding.remedy:
        console.print(f"         → {remedies.for_board(finding.remedy, where.option)}", markup=False, soft_wrap=True)


# calibrate


def run_calibrate(where: Where, metered: int) -> None:
    """Compares what the board says with the meter's millivolts and writes the ratio. Raises BoardError."""
    with progress() as tell, contextlib.closing(open_board(with_console(where), tell)) as board:
        old = board.read(installing.SETTINGS) or b""
        sensing = bus.read(old)
        if sensing is None:
            raise BadSettings(f"No pin measures the bus voltage on this board yet: {remedies.INSTALL_SENSE}.")
        reading = bus.last_reading(doctor.listen(board, CALIBRATE_SECONDS, tell, log_lines.BUS))
        if reading is None:
            raise BoardError(
                f"The board said no bus voltage within {CALIBRATE_SECONDS} s. {LOGS} shows what it says instead."
            )
        ratio = bus.calibrated(sensing, reading, metered)
        new = settings.merge_settings(old, settings.Wanted(sense=settings.Sense(sensing.pin, ratio)))
        plan = installing.Plan([installing.Change(installing.SETTINGS, old, new)], 0, "left alone")
        installing.save_copies(plan, DATA / "replaced" / _name(board))
        installing.apply(board, plan, tell)
        board.restart()
    console.print(
        f"The board read {bus.volts(reading)}, your meter {bus.volts(metered)}: the ratio is now {ratio}.", markup=False
    )


# logs


def run_logs(where: Where, seconds: int | None) -> None:
    """Prints lines until Ctrl-C or for `seconds`."""
    where = with_console(where)
    end = None if seconds is None else time.monotonic() + seconds
    with contextlib.suppress(KeyboardInterrupt):
        for line in logs.follow(lambda: open_board(where), lambda: end is not None and time.monotonic() > end):
            if line is not None:
                show_line(line)


def show_line(line: logs.Line) -> None:
    """One line of the console with its time."""
    style = "italic dim" if line.is_notice else log_lines.style_of(line.text)
    time_of_day = (line.at.strftime("%H:%M:%S "), "dim")
    console.print(
        Text.assemble(time_of_day, (f"({line.text})" if line.is_notice else line.text, style)), soft_wrap=True
    )


def with_console(where: Where) -> Where:
    """The board with a console that is meant, found if it was not named."""
    if where.is_named:
        return where
    found = [Found("port", port) for port in serial_ports()] or [Found("host", host) for host in hosts_in_network()]
    if len(found) != 1:
        open_found(found, where)
    return Where(
        host=found[0].text if found[0].option == "host" else None,
        port=found[0].text if found[0].option == "port" else None,
        password=where.password,
    )


# sessions


def run_sessions(
    where: Where, folder: Path | None, form: str, send: bool, ingest_url: str | None, access_token: str | None
) -> None:
    """Prints or delivers. Raises BoardError."""
    if folder is not None:
        copies = store_of.FolderOfCopies(folder)
        if send:
            _send(copies, ingest_url, access_token)
            return
        main = store_of.parse_copy(copies.read(store_of.SESSIONS))
        twin = store_of.parse_copy(copies.read(store_of.TWIN))
        if not (main.present or twin.present):
            raise BoardError(f"There is no sessions.json in {folder}. Copy it from the board, with the folder logger.")
        store = store_of.join(main, twin)
        store_of.check_not_garbage(store, copies.where)
        _show_store(store, form)
        return
    # Machine-readable output has the standard output for itself.
    tell: Callable[[str], None] = (lambda text: None) if form != "table" else _say
    with contextlib.closing(open_board(where, tell)) as board:
        if send:
            _send(board, ingest_url, access_token)
        else:
            store = store_of.read_store(board)
            store_of.check_not_garbage(store, board.where)
            _show_store(store, form)


def _say(text: str) -> None:
    console.print(text, markup=False)


def _show_store(store: store_of.Store, form: str) -> None:
    if form == "json":
        print(store_of.as_json(store))
        return
    if form == "csv":
        print(store_of.as_csv(store), end="")
        return
    table = Table(box=None, pad_edge=False, title=f"Device {store.uuid}", title_justify="left")
    for name, justify in (
        ("Boot", "right"),
        ("Start (UTC)", "left"),
        ("Run", "right"),
        ("Status", "left"),
        ("Delivery", "left"),
    ):
        table.add_column(name, justify="right" if justify == "right" else "left", no_wrap=True)
    for one in store.sessions:
        start = (one.start or "unknown yet").replace("T", " ").removesuffix("Z")
        if one.start_source == store_of.ESTIMATED:
            start += f" ± {one.start_uncertainty_s} s" if one.start_uncertainty_s is not None else " ± ?"
        delivery = Text(one.delivery, style=DELIVERY_STYLES[one.delivery])
        table.add_row(str(one.boot), start, _duration(one.run_seconds), one.status, delivery)
    console.print(table)
    total = sum(one.run_seconds for one in store.sessions)
    console.print(f"{len(store.sessions)} sessions, {_duration(total)}, {len(store.unsent)} unsent", markup=False)
    for name, copy in ((store_of.SESSIONS, store.main), (store_of.TWIN, store.twin)):
        if not copy.present:
            console.print(f"{name} is missing", style="yellow")
        elif copy.torn:
            console.print(f"{name}: {copy.torn} torn lines, taken from the other copy", style="yellow")


def _duration(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _send(source: Board | store_of.FolderOfCopies, ingest_url: str | None, access_token: str | None) -> None:
    found = store_of.set_aside(source)
    if not found:
        console.print(f"No set-aside files (sessions-<uuid>.json) in {source.where}.", markup=False, soft_wrap=True)
        return
    secrets = installing.settings_on(source)
    url = ingest_url or secrets.ingest_url
    if not url:
        raise BoardError("Where to? No settings beside these files say so: name the address with --ingest-url.")
    token = access_token if access_token is not None else secrets.access_token
    rejected = 0
    for aside in found:
        with progress() as tell:
            result = ingest.deliver(aside, url, token, tell=tell)
        console.print(
            f"{aside.path}: {result.stored} stored, {result.duplicate} known already, {len(result.rejected)} rejected",
            markup=False,
            soft_wrap=True,
        )
        for text in result.rejected:
            console.print(f"  rejected {text}", markup=False, soft_wrap=True)
        rejected += len(result.rejected)
    if rejected:
        raise BoardError(f"{rejected} sessions were rejected; the files stay as they are.")
    console.print("The files stay on the board; delete them when the portal shows the sessions.")


# accept


def run_accept(port: str | None, host: str | None, password: str | None, report: Path, rehearse: bool) -> int:
    """Guides, writes the report, returns the exit code."""
    if port is None:
        found = [Found("port", name) for name in serial_ports()]
        if len(found) != 1:
            open_found(found, Where())
        port = found[0].text
    at_port = Where(port=port)
    files = Where(host=host, password=password) if host else at_port

    def instruct(text: str) -> None:
        console.print(f"\n[bold yellow]»[/] [bold]{text}[/]", soft_wrap=True)

    report = free_name(report)  # an earlier one, perhaps of another board, stays
    check_writable(report)
    open_board(at_port).close()
    if host:
        open_board(files).close()
    acceptance = Acceptance(
        lambda: open_board(at_port),
        lambda: open_board(files),
        REHEARSAL if rehearse else FULL,
        instruct=instruct,
        on_line=show_line,
    )
    try:
        with contextlib.suppress(KeyboardInterrupt):
            acceptance.run()
    finally:
        if acceptance.steps:
            write_whole(report, acceptance.report())
            console.print(f"\nReport: {report}", markup=False, soft_wrap=True)
        else:
            console.print("\nEnded before the first trial: no report was written.")
    console.print("[bold green]Accepted[/]" if acceptance.passed else "[bold red]Not accepted[/]")
    return int(not acceptance.passed)
