"""`serve`: the local stack and the portal, with an empty database to begin with."""

import contextlib

from tools.bootstrap.checkout import ROOT
from tools.commands.terminal import console, open_browser, progress, show_mail, wait_for_end
from tools.stack import Stack

DATA = ROOT / ".local" / "serve"


def run(port: int, fresh: bool, browser: bool, seconds: float | None, database: str | None) -> None:
    """Serves until Ctrl-C, or for `seconds`. Raises StackError if it cannot start or go on."""
    with contextlib.ExitStack() as ending:
        with progress() as tell:
            stack = ending.enter_context(Stack(DATA, port, database, fresh=fresh, on_progress=tell, on_mail=show_mail))
        for name, value in _addresses(stack).items():
            console.print(f"[bold]{name:16}[/]{value}", soft_wrap=True)
        console.print(
            "\nAnyone can sign up; mails are shown here instead of being sent. The secret key opens everything in this"
            " database, whoever's it is: for your own scripts, never for a page or a board. Ctrl-C ends it.",
            soft_wrap=True,
        )
        if browser:
            open_browser(stack.url)
        wait_for_end(stack, seconds)


def _addresses(stack: Stack) -> dict[str, str]:
    return {
        "Portal": stack.url,
        "Ingest": f"{stack.url}/functions/v1/ingest",
        "REST": f"{stack.url}/rest/v1",
        "Database": stack.database_url,
        "Publishable key": stack.publishable_key,
        "Secret key": stack.secret_key,
    }
