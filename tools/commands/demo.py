"""`demo`: the whole product on this machine, with a club's year of history and a simulated board in flight."""

import contextlib
import shutil
from collections.abc import Callable
from datetime import UTC, datetime

from rich.table import Table

from tools.bootstrap.checkout import ROOT
from tools.commands.terminal import console, open_browser, progress, wait_for_end
from tools.demo.account import EMAIL, PASSWORD, Account
from tools.demo.flight import LiveBoard
from tools.demo.history import LIVE_PLANE, write_history
from tools.demo.logbook import keep_log
from tools.demo.maintenance import look_after
from tools.stack import Stack

DATA = ROOT / ".local" / "demo"


def run(port: int, fresh: bool, browser: bool, seconds: float | None, database: str | None) -> None:
    """Runs until Ctrl-C, or for `seconds`. Raises StackError or DemoError if it cannot start or go on."""
    with contextlib.ExitStack() as ending:
        with progress() as tell:
            stack = ending.enter_context(Stack(DATA / "stack", port, database, fresh=fresh, on_progress=tell))
            if fresh:
                shutil.rmtree(DATA / "board", ignore_errors=True)
            board = _prepare(stack, tell)
        console.print(_welcome(stack))
        console.print(f"\nWhat the board in {LIVE_PLANE.registration} does and says (Ctrl-C ends everything):\n")
        if browser:
            open_browser(stack.url)
        board.start()
        ending.callback(board.stop)
        wait_for_end(stack, seconds)


def _prepare(stack: Stack, tell: Callable[[str], None]) -> LiveBoard:
    with Account(stack) as account:
        now = datetime.now(UTC)
        write_history(stack, account, tell, now)
        look_after(stack, account, tell, now)
        keep_log(account, tell, now)
        tell("Preparing the board")
        folder = DATA / "board"
        folder.mkdir(parents=True, exist_ok=True)
        board = LiveBoard(folder, f"{stack.url}/functions/v1/ingest", on_line=_show_line, on_event=_show_event)
        board.hang_in_plane(account)
    return board


def _show_line(text: str) -> None:
    console.print(f"[cyan]{LIVE_PLANE.registration}[/]", end=" ")
    console.print(text, style="dim", markup=False, soft_wrap=True)


def _show_event(event: str) -> None:
    console.print(f"[cyan]{LIVE_PLANE.registration}[/] [bold yellow]── {event} ──[/]")


def _welcome(stack: Stack) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(no_wrap=True, overflow="ignore")
    table.add_row("Portal", stack.url)
    table.add_row("E-mail", EMAIL)
    table.add_row("Password", PASSWORD)
    return table
