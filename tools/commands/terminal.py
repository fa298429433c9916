"""What the commands that keep running share: how they start, wait, tell of mails, open the browser and end."""

import contextlib
import os
import signal
import sys
import webbrowser
from collections.abc import Callable, Iterator

from rich.console import Console

from tools.stack import Mail, Stack

console = Console(highlight=False)


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A spinner that shows the text it is given; in a log, each text is a line."""
    if not console.is_terminal:
        yield lambda text: console.print(f"{text} ...")
        return
    with console.status("Starting") as status:
        yield lambda text: status.update(text)


def show_mail(mail: Mail) -> None:
    """Prints a mail that the local auth service would have sent, with its links unbroken."""
    console.print(f"\nMail to {mail['to']}: {mail['subject']}", markup=False)
    for link in mail["links"]:
        console.print(f"  {link}", markup=False, soft_wrap=True)
    if mail["code"]:
        console.print(f"  code {mail['code']}", markup=False)


def open_browser(url: str) -> None:
    """Opens the page where there is a desktop to open it on."""
    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(url)


def wait_for_end(stack: Stack, seconds: float | None) -> None:
    """Returns after `seconds`, or never; call it as the last thing inside the `with` block of the stack.

    Raises StackError if a part of the stack ends by itself, KeyboardInterrupt at Ctrl-C. Pressing it again is
    ignored: everything is ending anyway, in order.
    """
    try:
        stack.wait(seconds)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise
    finally:
        console.print("\nStopping.")
