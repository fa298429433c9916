"""The Supabase CLI 3.1.0: 140 MB from npm, installed when first needed, into this folder.

The npm package `supabase` only picks among binaries for eight platforms, and Deno wants all eight to be there; so
`deno.json` names the binary itself. On other platforms, `SUPABASE_CLI` names a `supabase` of the same version.
"""

import os
import platform
import subprocess
from pathlib import Path

from deno import find_deno_bin

VERSION = "3.1.0"
_FOLDER = Path(__file__).parent
_BINARY = _FOLDER / "node_modules/@supabase/cli-linux-x64/bin/supabase"
_INSTALL_SECONDS = 600


class SupabaseCliError(Exception):
    """The CLI is not there, or what it was told to do has failed; the message says why."""


def find_cli() -> Path:
    """Path of the CLI, after installing it if need be.

    Raises:
        SupabaseCliError: there is none for this platform, or the installation failed.
    """
    if named := os.environ.get("SUPABASE_CLI"):
        return Path(named)
    if not _BINARY.exists():
        if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
            raise SupabaseCliError(
                f"Install the Supabase CLI {VERSION} (https://github.com/supabase/cli/releases) "
                "and name its path in SUPABASE_CLI: only Linux on x86-64 gets it by itself."
            )
        command = [find_deno_bin(), "install", "--frozen", "--quiet"]
        done = subprocess.run(
            command, cwd=_FOLDER, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
        )
        if done.returncode != 0 or not _BINARY.exists():
            raise SupabaseCliError(f"The Supabase CLI could not be installed: {done.stderr.strip()}")
    return _BINARY


def run(*arguments: str, workdir: Path, timeout_seconds: float = 120) -> str:
    """Run the CLI on the project in `workdir` (the folder that holds `supabase/`) and return what it printed.

    Raises:
        SupabaseCliError: it failed; the message holds what it said.
    """
    # It reports a connection without TLS among its results, unless told that this is meant.
    environment = {"PGSSLMODE": "disable", **os.environ, "DO_NOT_TRACK": "1", "SUPABASE_TELEMETRY_DISABLED": "1"}
    command = [str(find_cli()), *arguments, "--workdir", str(workdir), "--agent", "no"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=environment,
        stdin=subprocess.DEVNULL,
        timeout=timeout_seconds,
        check=False,
    )
    if done.returncode != 0:
        raise SupabaseCliError(f"supabase {arguments[0]}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout
