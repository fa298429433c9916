"""The board's console: lines with the time they came, the known ones coloured, and a connection that comes back."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from tools.board.errors import BoardError, BoardNotFound, SeveralBoards, WrongPassword
from tools.board.transport import Board

RETRY_SECONDS = 1.0
TURN_SECONDS = 0.5


@dataclass(frozen=True)
class Line:
    """A line of the console and when it came; `is_notice`: said by this program, not by the board."""

    at: datetime
    text: str
    is_notice: bool = False


def follow(
    open_board: Callable[[], Board], is_over: Callable[[], bool], *, retry_seconds: float = RETRY_SECONDS
) -> Iterator[Line | None]:
    """Lines as they come, None now and then when nothing does; reconnects until `is_over`.

    Raises BoardError only if the board cannot be reached at the first try, or in a way that waiting does not mend.
    """
    connected_once = False
    said_lost = False
    while not is_over():
        try:
            board = open_board()
        except (WrongPassword, SeveralBoards):
            raise
        except BoardError:
            if not connected_once:
                raise
            yield None
            time.sleep(retry_seconds)
            continue
        try:
            with contextlib.closing(board):
                console = board.console()
                if console is None:
                    raise BoardNotFound(
                        f"{board.where} has no console. Name the board's serial port with --port, or its address with"
                        " --host."
                    )
                with console as lines:
                    yield Line(datetime.now(), f"connected to {board.where}", is_notice=True)
                    connected_once, said_lost = True, False
                    partial = ""
                    while not is_over():
                        partial += lines.read(TURN_SECONDS)
                        *whole, partial = partial.split("\n")
                        for text in whole:
                            yield Line(datetime.now(), _clean(text))
                        if not whole:
                            yield None
        except BoardNotFound:
            raise
        except BoardError as error:
            if not connected_once:
                raise
            if not said_lost:
                yield Line(datetime.now(), f"connection lost, trying again: {error}", is_notice=True)
                said_lost = True
            time.sleep(retry_seconds)


def _clean(text: str) -> str:
    """Without the terminal title that CircuitPython writes, and other control characters."""
    while (begin := text.find("\x1b]")) >= 0:
        ends = [at for at in (text.find("\x1b\\", begin), text.find("\x07", begin)) if at >= 0]
        text = text[:begin] + (text[min(ends) :].lstrip("\x1b\\\x07") if ends else "")
    return "".join(character for character in text if character.isprintable()).rstrip()
