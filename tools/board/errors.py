"""What can go wrong between this computer and a board. Each text says what happened and what the reader can do."""


class BoardError(Exception):
    """Something about a board; the text is finished sentences for its owner."""

    def __init__(self, text: str) -> None:
        # Many begin with where the board is: "the drive /media/you/CIRCUITPY".
        super().__init__("T" + text[1:] if text.startswith("the ") else text)


class BoardNotFound(BoardError):
    """No board where one was looked for."""


class SeveralBoards(BoardError):
    """More than one board could be meant."""


class WrongPassword(BoardError):
    """The web workflow refuses the password, or has none."""


class ReadOnly(BoardError):
    """The drive takes no writes from this side."""


class DriveFull(BoardError):
    """There is no room for a file."""


class Unreachable(BoardError):
    """The connection broke: cable pulled, power or Wi-Fi gone."""


class Damaged(BoardError):
    """A file read back from the board is not what was written, again and again."""


class BadSettings(BoardError):
    """secrets.py or settings.toml cannot be changed without destroying what stands there."""
