"""`python3 -m tools ...`: says clearly when Python is too old, then prepares everything and runs the command.

Kept in words that Python 2.7 understands, because that is who has to read the message.
"""

import os
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

if not __package__:
    # Started by its path, from any folder: the modules beside this file must not hide Python's own.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from tools.bootstrap.start import main

sys.exit(main(sys.argv[1:]))
