"""The Supabase CLI as this project uses it: which commands, with which arguments, and what its refusals mean."""

import json
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tools import supabase_cli
from tools.deploy.errors import DeployError

TOKENS_PAGE = "https://supabase.com/dashboard/account/tokens"
COMMAND_SECONDS = 600
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SECRET = "INGEST_ACCESS_TOKEN"
FUNCTION = "ingest"

# What the CLI says (its code, then its message) -> what to tell the reader, most telling first.
EXPLANATIONS = (
    (
        r"AccessTokenRequired|LoginRequired|token not provided",
        f"Not logged in to Supabase. Make a token at {TOKENS_PAGE} and put it into the variable SUPABASE_ACCESS_TOKEN"
        " (or run the Supabase CLI's `login`).",
    ),
    (
        r"InvalidAccessToken|\b401\b|Unauthorized",
        "Supabase does not accept the token in SUPABASE_ACCESS_TOKEN (or of the last `login`): it is mistyped, expired"
        f" or revoked. Make a new one at {TOKENS_PAGE}.",
    ),
    (
        r"password authentication failed|SASL|28P01",
        "The database does not accept the password. Set SUPABASE_DB_PASSWORD, or correct --database-url; a forgotten"
        " password is reset in the dashboard under Database, Settings.",
    ),
    (
        r"IPv6 is not supported",
        "The database has an IPv6 address only and this network has none. Copy the Session pooler's address from the"
        " dashboard (Connect) and give it with --database-url.",
    ),
    (
        r"DbConnectError|failed to connect to postgres",
        "The database cannot be reached. If the project is paused, restore it in the dashboard; otherwise check"
        " --database-url, the network, and the project's network restrictions.",
    ),
    (
        r"MissingLocal|not found in local migrations",
        "The project's database has migrations that this checkout does not have: it was deployed from another"
        " one. Deploy from that one, or bring this one up to date (git pull). Nothing was changed.",
    ),
    (
        r"MissingRemote|--include-all",
        "A migration of this checkout is older than the newest one in the project's database and was never applied"
        " there: the two have parted ways. Deploy from the checkout that was used last. Nothing was changed.",
    ),
    (
        r"DbPushApply",
        "A migration does not apply: something in the database stands in its way, such as a table of that name that was"
        " made by hand. The migrations before it are in and stay; remove what is in the way and run this again.",
    ),
    (
        r"\b403\b|Forbidden|Access denied|privileges",
        "The token may not do this. Use one of an account that is Owner or Administrator of the organization.",
    ),
    (
        r"\b540\b|[Pp]roject (is )?paused|INACTIVE",
        "The project is paused. Open it in the dashboard, choose Restore project, wait until it is active, and run this"
        " again.",
    ),
    (
        r"SchemaError",
        "Supabase answered in a form that this version of its CLI does not know; what was asked may have been done all"
        " the same. Run this again. If it stays so, install the newest Supabase CLI and name its path in SUPABASE_CLI.",
    ),
    (
        r"ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|NetworkError|Transport error|fetch failed",
        "Supabase cannot be reached. Check the network (behind a proxy: HTTPS_PROXY) and run this again; it"
        " continues where it stopped.",
    ),
    (r"\b429\b|rate.?limit", "Supabase answers that it was asked too often. Wait a minute and run this again."),
    (
        r"\b404\b|[Nn]ot [Ff]ound",
        "Supabase does not know the project, or does not offer this to it. Check --project: it is the word in the"
        " dashboard's address, https://supabase.com/dashboard/project/<project>.",
    ),
    (
        r"\b5\d\d\b|UnexpectedStatus",
        "Supabase itself has trouble (https://status.supabase.com). Run this again later; it continues where it"
        " stopped.",
    ),
)


def explain(said: str) -> str:
    """What went wrong and what to do about it, with the CLI's own words at the end."""
    own = " ".join(re.sub(r"Try rerunning the command with --debug[^\n]*", "", said).split())[:400]
    for pattern, text in EXPLANATIONS:
        if re.search(pattern, said):
            return f"{text} (Supabase CLI: {own})"
    return f"The Supabase CLI failed: {own or 'it ended without a word.'}"


@dataclass(frozen=True)
class Cloud:
    """The CLI, for one project.

    Attributes:
        project: the project's reference, 20 lower-case letters.
        workdir: the folder that holds the prepared `supabase/`.
        database_url: where to reach the database, instead of letting the CLI find out.
    """

    project: str
    workdir: Path
    database_url: str | None = None

    @property
    def _remote(self) -> str:
        return f"--remote={self.project}"

    @property
    def _database(self) -> str:
        return f"--remote={self.database_url or self.project}"

    def list_projects(self) -> list[str]:
        """All projects of the account."""
        return ["projects", "list"]

    def link(self) -> list[str]:
        """Remember the project and the address of its pooler."""
        return ["link", "--project-ref", self.project, "--yes"]

    def compare_settings(self) -> list[str]:
        """What differs between config.toml and the project."""
        return ["config", "diff", self._remote]

    def push_settings(self) -> list[str]:
        """Carry config.toml over; what it does not name stays as it is."""
        return ["config", "push", self._remote, "--yes"]

    def list_migrations(self) -> list[str]:
        """The migrations here and there."""
        return ["migration", "list", self._database]

    def push_migrations(self) -> list[str]:
        """Apply those that are missing there, each in a transaction."""
        return ["db", "push", self._database, "--yes"]

    def list_secrets(self) -> list[str]:
        """The names of the functions' secrets, with digests of their values."""
        return ["secrets", "list", self._remote]

    def set_secrets(self, file: Path) -> list[str]:
        """Set those in the file: on a command line others on this machine could read them."""
        return ["secrets", "set", "--env-file", str(file), self._remote, "--yes"]

    def deploy_function(self) -> list[str]:
        """Upload the function and let Supabase bundle it."""
        return ["functions", "deploy", FUNCTION, "--use-api", self._remote, "--yes"]

    def list_functions(self) -> list[str]:
        """The functions that the project has."""
        return ["functions", "list", self._remote]

    def list_keys(self) -> list[str]:
        """The project's API keys; the secret ones come masked."""
        return ["projects", "api-keys", self._remote]

    def query(self, statement: str) -> list[str]:
        """Run one SQL statement as the database's owner."""
        return ["db", "query", statement, self._database, "--yes"]

    def query_file(self, file: Path) -> list[str]:
        """Run the SQL in a file as the database's owner."""
        return ["db", "query", "--file", str(file), self._database, "--yes"]

    def binary(self) -> Path:
        """The CLI, fetched at the first call. Raises DeployError if that does not succeed."""
        try:
            return supabase_cli.find_cli()
        except supabase_cli.SupabaseCliError as error:
            raise DeployError(str(error)) from None

    def run(self, arguments: Sequence[str]) -> Any:
        """Run a command and return what it answers.

        Raises:
            DeployError: it failed; the message says why in words.
        """
        binary = self.binary()
        command = [str(binary), *arguments, "--workdir", str(self.workdir), "--output-format", "json", "--agent", "no"]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except OSError as error:
            raise DeployError(f"The Supabase CLI does not start ({binary}): {error.strerror}.") from None
        except subprocess.TimeoutExpired:
            raise DeployError(
                f"`supabase {arguments[0]}` did not end within {COMMAND_SECONDS} s. Check the network, run this again."
            ) from None
        answer = _parse(done.stdout)
        if done.returncode != 0 or (isinstance(answer, dict) and "error" in answer):
            raise DeployError(explain(_said(answer) or f"{done.stdout}\n{done.stderr}"))
        return answer

    def _environment(self) -> dict[str, str]:
        # Without this the CLI falls back to a plain connection where TLS fails.
        loopback = self.database_url and urlsplit(self.database_url).hostname in LOOPBACK
        return {
            "PGSSLMODE": "disable" if loopback else "require",
            **os.environ,
            "DO_NOT_TRACK": "1",
            "SUPABASE_TELEMETRY_DISABLED": "1",
            "SUPABASE_NO_UPDATE_NOTIFIER": "1",
        }


def _parse(output: str) -> Any:
    try:
        return json.loads(output)
    except ValueError:
        return None


def _said(answer: Any) -> str:
    """The code and the message of the CLI's structured error."""
    error = answer.get("error") if isinstance(answer, dict) else None
    return f"{error.get('code', '')}: {error.get('message', '')}" if isinstance(error, dict) else ""
