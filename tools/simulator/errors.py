"""OSErrors as the board has them: one class for all numbers, the number as the only argument."""

from __future__ import annotations


class BoardOSError(OSError):
    """``OSError`` with a number of newlib's; CPython's own would turn some of them into subclasses."""

    def __init__(self, number: int, text: str = "") -> None:
        super().__init__(number)
        self.errno = number
        self.text = text

    def __str__(self) -> str:
        return f"[Errno {self.errno}] {self.text}".rstrip()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.errno},)"


BoardOSError.__name__ = BoardOSError.__qualname__ = "OSError"
