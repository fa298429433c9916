"""The one exception of the local stack."""


class StackError(Exception):
    """The stack cannot start or go on; the message is one line that says why and what to do."""
