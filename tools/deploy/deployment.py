"""The steps of a deployment. Each looks first whether it is done, does it, and verifies it: any may be repeated."""

import hashlib
import re
import shlex
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tools import migrations, supabase_cli
from tools.bootstrap.checkout import ROOT
from tools.deploy import portal, workdir
from tools.deploy.check import Check
from tools.deploy.cloud import FUNCTION, SECRET, Cloud
from tools.deploy.errors import DeployError

UNNAMED = "YOUR-PROJECT"
ACTIVE = "ACTIVE_HEALTHY"
REFUSED_SQL = re.compile(r"[Ff]ailed to (?:execute|run sql) query: .*", re.DOTALL)
# Where the address of the portal goes in the project's settings.
ADDRESSES = (["auth", "site_url"], ["auth", "additional_redirect_urls"])


@dataclass(frozen=True)
class Target:
    """What is deployed, and where to.

    Attributes:
        project: the project's reference; "" if the user has not named one.
        site_url: where the portal will be, ending in "/"; None leaves the project's setting as it is.
        access_token: the token that boards have to send; "" leaves the project's secret as it is.
        url: the project's address, if it is not the usual one.
        database_url: the database's address, instead of letting the CLI find out.
        portal: the folder for the built portal.
    """

    project: str
    site_url: str | None = None
    access_token: str = ""
    url: str | None = None
    database_url: str | None = None
    portal: Path | None = None

    @property
    def workdir(self) -> Path:
        """The folder that the CLI works in."""
        return workdir.DEPLOYMENTS / (self.project or UNNAMED)

    @property
    def api_url(self) -> str:
        """The project's address."""
        return self.url or f"https://{self.project or UNNAMED}.supabase.co"

    @property
    def portal_folder(self) -> Path:
        """Where the portal is built."""
        return self.portal or self.workdir / "portal"


@dataclass(frozen=True)
class Step:
    """One step: a title, what it does (returning what it found), and the commands that do the same by hand."""

    title: str
    do: Callable[[], str]
    commands: list[str]


class Deployment:
    """The steps for one target, in order."""

    def __init__(self, target: Target, *, patience_seconds: float | None = None) -> None:
        self.target = target
        self.cloud = Cloud(target.project or UNNAMED, target.workdir, target.database_url)
        self.publishable_key = ""
        self._patience = {} if patience_seconds is None else {"patience_seconds": patience_seconds}

    def steps(self, *, only_check: bool = False) -> Iterator[Step]:
        """All steps, or only those that the check needs."""
        show = self._show
        cloud = self.cloud
        yield Step("Folder", self.prepare, [self._show_workdir()])
        yield Step("Project", self.find_project, [show(cloud.list_projects())])
        if not only_check:
            yield Step("Link", self.link, [show(cloud.link())])
            yield Step("Settings", self.push_settings, [show(cloud.push_settings())])
            yield Step("Migrations", self.push_migrations, [show(cloud.push_migrations())])
            if self.target.access_token:
                yield Step("Access token", self.set_access_token, [show(cloud.set_secrets(Path("FILE")))])
            yield Step("Function", self.deploy_function, [show(cloud.deploy_function())])
        yield Step("Keys", self.find_key, [show(cloud.list_keys())])
        if not only_check:
            yield Step("Portal", self.build_portal, [self._show_portal()])
        yield Step(
            "Check", partial(self.check, at_once=only_check), [f"curl {self.target.api_url}/functions/v1/{FUNCTION}"]
        )

    def prepare(self) -> str:
        """The CLI and its folder are there."""
        workdir.prepare(self.target.workdir, self.target.site_url)
        self.cloud.binary()
        return f"{_from_root(self.target.workdir)}, for the Supabase CLI {supabase_cli.VERSION}"

    def find_project(self) -> str:
        """The project is there and awake."""
        projects = _items(self.cloud.run(self.cloud.list_projects()), "projects")
        known = {str(item.get("ref") or item.get("id")): item for item in projects}
        listed = ", ".join(f"{ref} ({item.get('name')})" for ref, item in known.items())
        if not known:
            raise DeployError("Your account has no project yet. Make one: https://supabase.com/dashboard/new")
        if not self.target.project:
            raise DeployError(f"Say which project with --project (or SUPABASE_PROJECT_ID). Yours: {listed}.")
        if self.target.project not in known:
            raise DeployError(f"Your account has no project {self.target.project}. It has: {listed}.")
        project = known[self.target.project]
        status = str(project.get("status"))
        if status in ("INACTIVE", "PAUSING", "PAUSED"):
            raise DeployError(
                f"The project {project.get('name')} is paused. Open"
                f" https://supabase.com/dashboard/project/{self.target.project}, choose Restore project, wait until"
                " it is active, and run this again."
            )
        if status != ACTIVE:
            raise DeployError(
                f"The project {project.get('name')} is not ready ({status}). A new or restored one takes some minutes;"
                " if it stays so, look at it in the dashboard. Then run this again."
            )
        return f"{project.get('name')} in {project.get('region')} is active"

    def link(self) -> str:
        """The prepared folder belongs to the project."""
        note = self.target.workdir / "supabase" / ".temp" / "project-ref"
        if _read(note) == self.target.project:
            return "linked already"
        self.cloud.run(self.cloud.link())
        if _read(note) != self.target.project:
            raise DeployError(
                f"The Supabase CLI did not link {self.target.workdir}. Delete that folder and run this again."
            )
        return "linked"

    def push_settings(self) -> str:
        """The project's settings are those of config.toml."""
        if not self._differing_settings():
            return "as in config.toml already"
        pushed = self.cloud.run(self.cloud.push_settings())
        left = [path for path in self._differing_settings() if path in ADDRESSES]
        if left:
            raise DeployError(
                f"Supabase took the settings but still shows another {' and '.join('.'.join(path) for path in left)}."
                " Set it in the dashboard under Authentication, URL Configuration."
            )
        changed = sum(len(service.get("changes", [])) for service in _items(pushed, "services"))
        return f"{changed} settings carried over"

    def push_migrations(self) -> str:
        """The database has every migration of this checkout, and no other."""
        missing = self._missing_migrations()
        if not missing:
            return "all applied already"
        self._rehearse(missing)
        self.cloud.run(self.cloud.push_migrations())
        if left := self._missing_migrations():
            raise DeployError(f"Supabase applied the migrations but does not list {', '.join(left)}. Run this again.")
        return f"{len(missing)} applied"

    def set_access_token(self) -> str:
        """The function asks boards for the token."""
        digest = hashlib.sha256(self.target.access_token.encode()).hexdigest()
        if self._secrets().get(SECRET) == digest:
            return "set already"
        with tempfile.NamedTemporaryFile("w", suffix=".env", encoding="utf-8") as file:
            file.write(f"{SECRET}={self.target.access_token}\n")
            file.flush()
            self.cloud.run(self.cloud.set_secrets(Path(file.name)))
        if SECRET not in self._secrets():
            raise DeployError(f"Supabase does not list the secret {SECRET} after it was set. Run this again.")
        return "set"

    def deploy_function(self) -> str:
        """The function of this checkout is deployed."""
        self.cloud.run(self.cloud.deploy_function())
        functions = _items(self.cloud.run(self.cloud.list_functions()), "functions")
        found = next((item for item in functions if item.get("slug") == FUNCTION), {})
        if found.get("status") != "ACTIVE":
            raise DeployError(
                "Supabase does not list the function ingest as active after deploying it. Run this again."
            )
        if found.get("verify_jwt"):
            raise DeployError(
                "The function was deployed with verify_jwt on, so boards cannot reach it. Run this again."
            )
        return f"version {found.get('version')}"

    def find_key(self) -> str:
        """The project's publishable key, for the portal."""
        keys = _items(self.cloud.run(self.cloud.list_keys()), "keys")
        publishable = [str(key.get("api_key")) for key in keys if key.get("type") == "publishable"]
        if not publishable:
            raise DeployError(
                "The project has no publishable key. Make one in the dashboard under Project Settings, API Keys, and"
                " run this again."
            )
        self.publishable_key = publishable[0]
        return self.publishable_key

    def build_portal(self) -> str:
        """The portal for this project lies in its folder."""
        portal.build(self.target.portal_folder, self.target.api_url, self.publishable_key)
        return f"built into {_from_root(self.target.portal_folder)}"

    def check(self, *, at_once: bool = False) -> str:
        """All of it works together; what was deployed just now may take a while, unless it is asked `at_once`."""
        check = Check(
            self.target.api_url,
            self.publishable_key,
            self.target.access_token,
            lambda statement: self.cloud.run(self.cloud.query(statement)),
            repairs=not at_once,
            **({"patience_seconds": 0.0} if at_once else self._patience),
        )
        return "\n".join(check.run())

    def _differing_settings(self) -> list[list[str]]:
        """Paths of the settings that config.toml declares and the project has otherwise."""
        answer = self.cloud.run(self.cloud.compare_settings())
        return [change["path"] for change in _items(answer, "changes") if change.get("class") == "update"]

    def _missing_migrations(self) -> list[str]:
        """Versions that the database lacks. Raises DeployError if it has others, or later ones than a missing one."""
        listed = _items(self.cloud.run(self.cloud.list_migrations()), "migrations")
        unknown = [item["remote"] for item in listed if item["remote"] and not item["local"]]
        if unknown:
            raise DeployError(
                f"The project's database has migrations that this checkout does not have ({', '.join(unknown)}): it was"
                " deployed from another commit. Deploy from that one, or bring this one up to date"
                " (git pull). Nothing was changed in the database."
            )
        missing = [item["local"] for item in listed if item["local"] and not item["remote"]]
        applied = [item["remote"] for item in listed if item["remote"]]
        if applied and (differing := self._changed_migrations()):
            raise DeployError(
                f"The project's database was made by another commit, as a rule an earlier one: {', '.join(differing)}"
                " is not what this checkout has under that number. Deploy from the commit that was used last; to begin"
                " again with nothing in it, use a new project. Nothing was changed in the database."
            )
        if missing and applied and min(missing) < max(applied):
            raise DeployError(
                f"The migration {min(missing)} of this checkout is older than {max(applied)}, which the database has,"
                " and was never applied: the two have parted ways. Deploy from the checkout that was used last. Nothing"
                " was changed in the database."
            )
        return missing

    def _changed_migrations(self) -> list[str]:
        """Versions that the database has with other contents."""
        rows = self.cloud.run(self.cloud.query(migrations.DIGESTS))
        return migrations.changed({str(row["version"]): str(row["digest"]) for row in rows}, self._migrations)

    def _rehearse(self, missing: list[str]) -> None:
        """Apply what is missing in one transaction that is rolled back. Raises DeployError if the database refuses it.

        The CLI commits each file by itself: a refusal in the middle would leave half of them in.
        """
        files = migrations.versions(self._migrations)
        with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf-8") as file:
            file.write(migrations.rehearsal(files[version].read_text(encoding="utf-8") for version in missing))
            file.flush()
            try:
                self.cloud.run(self.cloud.query_file(Path(file.name)))
            except DeployError as error:
                # Only what the database says; how much SQL the platform takes at once is its own affair.
                refusal = REFUSED_SQL.search(str(error))
                if refusal and migrations.REHEARSED not in str(error):
                    raise DeployError(
                        "A migration does not apply: something in the database stands in its way, such as a table of"
                        " that name that was made by hand. Nothing was changed; remove what is in the way and run this"
                        f" again. ({refusal[0]}"
                    ) from None

    @property
    def _migrations(self) -> Path:
        return self.target.workdir / "supabase" / "migrations"

    def _secrets(self) -> dict[str, str]:
        """Name -> digest."""
        listed = _items(self.cloud.run(self.cloud.list_secrets()), "secrets")
        return {str(item.get("name")): str(item.get("value")) for item in listed}

    def _show(self, arguments: list[str]) -> str:
        """A command as one would type it, with the password of a database address left out."""
        shown = [*arguments, "--workdir", _from_root(self.target.workdir)]
        if self.target.database_url:
            shown = [word.replace(self.target.database_url, "$DATABASE_URL") for word in shown]
        return "supabase " + " ".join(word if "$" in word else shlex.quote(word) for word in shown)

    def _show_workdir(self) -> str:
        folder = _from_root(self.target.workdir)
        edit = f" and set site_url to {self.target.site_url} in its config.toml" if self.target.site_url else ""
        return f"mkdir -p {folder} && cp -r supabase {folder}/  # {edit.removeprefix(' and ') or 'site_url taken out'}"

    def _show_portal(self) -> str:
        out = self.target.portal_folder.resolve()
        return (
            f"cd site_sym && SUPABASE_URL={self.target.api_url} SUPABASE_PUBLISHABLE_KEY=sb_publishable_..."
            f" ../.venv/bin/deno run --allow-all npm:vite build --emptyOutDir --outDir {out}"
        )


def _items(answer: Any, name: str) -> list[dict[str, Any]]:
    """A list in an answer of the CLI. Raises DeployError if there is none, as from another version."""
    items = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(items, list):
        raise DeployError(f"The Supabase CLI's answer has no {name}. If SUPABASE_CLI names another version, unset it.")
    return items


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip() if file.exists() else ""


def _from_root(path: Path) -> str:
    path = path.absolute()
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
