"""`python3 -m tools ...`: says clearly when Python is too old, then prepares everything and runs the command.

Kept in words that Python 2.7 understands, because that is who has to read the message.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 (older ones do get here: nothing has been installed yet)
    sys.stderr.write(
        "error: Python 3.11 or newer is needed, this is "
        + sys.version.split()[0]
        + " ("
        + sys.executable
        + "). Install a newer one and call it by name, for example: python3.12 -m tools\n"
    )
    sys.exit(1)

from tools.bootstrap import main

sys.exit(main(sys.argv[1:]))
