"""What ends a virtual machine's life from outside: not errors of the program, so no ``except Exception`` sees them."""

from __future__ import annotations


class BoardStop(BaseException):
    """The program stops existing at this point; once raised, every stand-in of that power-up raises it again."""


class PowerCut(BoardStop):
    """The supply is gone. Nothing the program does afterwards may reach flash, network or console."""


class ChipReset(BoardStop):
    """The chip starts again (``microcontroller.reset()``, watchdog, brown-out, reset button); power stays on.

    ``cause`` names the attribute of ``microcontroller.ResetReason`` that the next start reports.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause
