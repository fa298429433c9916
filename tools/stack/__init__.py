"""The local stack: PostgreSQL and one Deno process with REST, auth, the edge function and the portal, on one port."""

from tools.stack.errors import StackError
from tools.stack.stack import Mail, Stack

__all__ = ["Mail", "Stack", "StackError"]
