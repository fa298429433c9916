"""`deploy` with the real Supabase CLI, PostgreSQL and stack; only the platform's own API is a stand-in."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import MakeDatabase, MakeStack
from tests.tools.checkout import ROOT, TIMEOUT_SECONDS
from tests.tools.management_api import PROJECT, ManagementApi, environment, serve
from tools import supabase_cli
from tools.commands import deploy as command
from tools.deploy import cloud, last, portal, workdir
from tools.deploy.deployment import Deployment, Target
from tools.deploy.errors import DeployError
from tools.stack.stack import MIGRATIONS, prepare_database

ACCESS_TOKEN = "hangar-7-access-token"
SITE = "https://club.example/logger/"


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ManagementApi]:
    """The platform, with the CLI logged in to it and working in a folder of the test's own."""
    supabase_cli.find_cli()
    monkeypatch.setattr(workdir, "DEPLOYMENTS", tmp_path / "deploy")
    with serve(ManagementApi()) as running:
        for name, value in environment(tmp_path, running.url).items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def half_migrated(make_database: MakeDatabase, tmp_path: Path) -> str:
    """A database that an earlier, interrupted deployment has left with the first four migrations."""
    dsn = make_database(migrated=False)
    first = tmp_path / "first"
    first.mkdir()
    for file in sorted(MIGRATIONS.glob("*.sql"))[:4]:
        shutil.copy(file, first)
    prepare_database(dsn, tmp_path / "prepare.log", first)
    return dsn


def step(deployment: Deployment, title: str) -> str:
    """Takes the folder step and one other."""
    for found in deployment.steps():
        if found.title == "Folder":
            found.do()
        elif found.title == title:
            return found.do()
    raise AssertionError(f"no step {title}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that the CLI is given, without what differs from run to run."""
    commands: list[str] = []
    run = cloud.Cloud.run

    def recording(self: cloud.Cloud, arguments: Sequence[str]) -> Any:
        commands.append(" ".join(arguments))
        return run(self, arguments)

    monkeypatch.setattr(cloud.Cloud, "run", recording)
    return commands


def test_a_project_is_set_up_updated_and_checked(
    api: ManagementApi,
    half_migrated: str,
    make_stack: MakeStack,
    record: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From an interrupted start to a project that takes messages; the second run finds everything done."""
    reserved = socket.socket()
    reserved.bind(("127.0.0.1", 0))
    port = reserved.getsockname()[1]
    data = tmp_path / "stack"
    data.mkdir()
    data.chmod(0o755)
    keys = {"publishable": api.publishable_key, "secret": "sb_secret_test", "jwt": "x" * 40}
    (data / "keys.json").write_text(json.dumps(keys))

    def bring_up() -> None:
        """With its function, the project begins to answer."""
        if len(api.uploads) == 1:
            reserved.close()
            make_stack(data=data, port=port, database_url=half_migrated, secrets=api.secrets)

    api.on_deploy = bring_up
    api.database_url = half_migrated
    built: list[tuple[Path, str, str]] = []
    # tests/test_walkthrough.py builds it and opens it in a browser.
    monkeypatch.setattr(portal, "build", lambda *given: built.append(given))
    target = Target(PROJECT, SITE, ACCESS_TOKEN, f"http://127.0.0.1:{port}", half_migrated, tmp_path / "portal")

    command.run(target, dry_run=True, only_check=False)
    plan, planned_changes = capsys.readouterr().out, api.changes()
    command.run(target, dry_run=False, only_check=False)
    first, first_changes, first_commands = capsys.readouterr().out, api.changes(), list(record)
    api.log.clear()
    repeated = ("Folder", "Link", "Settings", "Migrations", "Access token")
    again = {step.title: step.do() for step in Deployment(target).steps() if step.title in repeated}
    again_changes = api.changes()

    for line in (
        "✓ Project: hangar in eu-central-1 is active",
        "✓ Link: linked\n",
        "settings carried over",
        "✓ Access token: set\n",
        "✓ Function: version 1",
        f"✓ Keys: {api.publishable_key}",
        "✓ Portal: built into",
        "a message without the access token is refused",
        "a test message was stored once, read back and taken out again",
        "strangers cannot read the database",
        "signing in by mail is offered",
        f"takes the ingest URL and the access token from here (http://127.0.0.1:{port}/functions/v1/ingest)",
    ):
        assert line in first
    assert re.search(r"✓ Migrations: \d+ applied", first)
    assert ACCESS_TOKEN not in first
    assert last.read() == last.LastDeploy(f"{target.api_url}/functions/v1/ingest", ACCESS_TOKEN, SITE)
    assert first_changes == [
        f"PATCH /v1/projects/{PROJECT}/config/auth",
        f"POST /v1/projects/{PROJECT}/secrets",
        f"POST /v1/projects/{PROJECT}/functions/deploy",
    ]
    assert (api.auth["site_url"], api.auth["uri_allow_list"]) == (SITE, f"{SITE}**")
    for mail in ("confirmation", "recovery", "email_change"):
        text = (ROOT / f"supabase/templates/{mail}.html").read_text(encoding="utf-8")
        assert text == api.auth[f"mailer_templates_{mail}_content"]
    assert api.secrets == {"INGEST_ACCESS_TOKEN": ACCESS_TOKEN}
    assert api.functions["ingest"]["verify_jwt"] is False
    for file in (ROOT / "supabase/functions/ingest").glob("*.ts"):
        assert file.read_bytes() in api.uploads[0]
    assert built == [(tmp_path / "portal", target.api_url, api.publishable_key)]

    assert planned_changes == []
    planned = [line.removeprefix("supabase ") for line in plan.splitlines() if line.startswith("supabase ")]
    for line in planned:
        words = line.partition(" --workdir ")[0].replace("$DATABASE_URL", half_migrated)
        assert any(done.startswith(words.partition("FILE")[0]) for done in first_commands), line
    assert len(planned) == 7
    assert half_migrated not in plan
    assert ACCESS_TOKEN not in plan

    assert again["Link"] == "linked already"
    assert again["Settings"] == "as in config.toml already"
    assert again["Migrations"] == "all applied already"
    assert again["Access token"] == "set already"
    assert again_changes == []


def test_the_prepared_settings_have_the_addresses_and_all_else_as_it_was() -> None:
    """The portal's address twice, in a file that is otherwise config.toml."""
    source = (ROOT / "supabase/config.toml").read_text(encoding="utf-8")

    with_site = tomllib.loads(workdir.with_addresses(source, SITE))
    without = tomllib.loads(workdir.with_addresses(source, None))

    expected = tomllib.loads(source)
    expected["auth"] |= {"site_url": SITE, "additional_redirect_urls": [f"{SITE}**"]}
    assert with_site == expected
    del expected["auth"]["site_url"], expected["auth"]["additional_redirect_urls"]
    assert without == expected


def test_settings_of_another_form_are_refused() -> None:
    """Rather than deploying with an address of somebody else's."""
    with pytest.raises(DeployError, match="has 0 lines `site_url"):
        workdir.with_addresses("[auth]\n", SITE)


def test_not_logged_in() -> None:
    """The whole command, with an empty home folder and no token: one line, exit code 1."""
    environment_without = {name: value for name, value in os.environ.items() if not name.startswith("SUPABASE_")}

    outcome = subprocess.run(
        [sys.executable, "-m", "tools.cli", "deploy", "--project", PROJECT],
        cwd=ROOT,
        env={**environment_without, "HOME": "/nonexistent", "SUPABASE_NO_KEYRING": "1"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )

    assert outcome.returncode == 1
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("error: Project: Not logged in to Supabase. Make a token at https://supabase.com/dashboard")


def test_a_revoked_token(api: ManagementApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told apart from having none."""
    monkeypatch.setenv("SUPABASE_ACCESS_TOKEN", f"sbp_{'f' * 40}")

    with pytest.raises(DeployError, match="does not accept the token in SUPABASE_ACCESS_TOKEN"):
        step(Deployment(Target(PROJECT)), "Project")


@pytest.mark.parametrize(
    ("project", "status", "said"),
    [
        ("", "ACTIVE_HEALTHY", rf"Say which project with --project .* Yours: {PROJECT} \(hangar\)"),
        ("z" * 20, "ACTIVE_HEALTHY", rf"no project z+\. It has: {PROJECT} \(hangar\)"),
        (PROJECT, "INACTIVE", r"is paused\. Open https://supabase\.com/dashboard/project/"),
        (PROJECT, "COMING_UP", r"is not ready \(COMING_UP\)"),
    ],
    ids=["none named", "another account's", "paused", "starting"],
)
def test_a_project_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, project: str, status: str, said: str) -> None:
    """The message names the projects that there are, or what to do with this one."""
    listed = {"projects": [{"ref": PROJECT, "name": "hangar", "region": "eu-central-1", "status": status}]}
    monkeypatch.setattr(cloud.Cloud, "run", lambda self, arguments: listed)

    with pytest.raises(DeployError, match=said):
        Deployment(Target(project)).find_project()


def test_an_account_without_projects(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first thing that a new user meets."""
    monkeypatch.setattr(cloud.Cloud, "run", lambda self, arguments: {"projects": []})

    with pytest.raises(DeployError, match="has no project yet"):
        Deployment(Target(PROJECT)).find_project()


@pytest.mark.parametrize(
    ("refusal", "said"),
    [((403, "Forbidden resource"), "The token may not do this"), ((540, "Project paused"), "The project is paused")],
)
def test_a_refusal_of_the_platform(api: ManagementApi, refusal: tuple[int, str], said: str) -> None:
    """In words, with the CLI's own at the end."""
    api.refuse = refusal

    with pytest.raises(DeployError, match=rf"{said}.*\(Supabase CLI: "):
        step(Deployment(Target(PROJECT)), "Project")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("InvalidAccessTokenError: Invalid access token format.", "does not accept the token"),
        ("FunctionsListUnexpectedStatusError: unexpected list functions status 404", "does not know the project"),
        ("ProjectsListUnexpectedStatusError: Unexpected error retrieving projects", "Supabase itself has trouble"),
        (
            "ConfigPushAuthUpdateNetworkError: SchemaError(Missing key)",
            "in a form that this version of its CLI does not",
        ),
        ("X: IPv6 is not supported on your current network", "Session pooler's address"),
        ("X: unexpected status 429: Too Many Requests", "was asked too often"),
        ("DbPushMissingLocalError: Remote migration versions not found", "migrations that this checkout does not have"),
        ("segmentation fault", "The Supabase CLI failed: segmentation fault"),
        ("", "it ended without a word"),
    ],
)
def test_what_the_cli_says_is_explained(said: str, told: str) -> None:
    """Words of the CLI that the stand-in cannot provoke."""
    assert told in cloud.explain(said)


def test_no_network(api: ManagementApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens where the platform should be."""
    for name, value in environment(tmp_path, f"http://127.0.0.1:{free_port()}").items():
        monkeypatch.setenv(name, value)

    with pytest.raises(DeployError, match="Supabase cannot be reached"):
        step(Deployment(Target(PROJECT)), "Project")


def test_a_database_of_another_checkout_is_left_alone(api: ManagementApi, half_migrated: str) -> None:
    """The CLI sees a migration there that is not here."""
    with psycopg.connect(half_migrated) as connection:
        connection.execute("insert into supabase_migrations.schema_migrations (version) values ('20990101000000')")

    with pytest.raises(DeployError, match=r"does not have \(20990101000000\).*Nothing was changed"):
        step(Deployment(Target(PROJECT, database_url=half_migrated)), "Migrations")


def test_migrations_that_parted_ways_are_refused(
    api: ManagementApi, half_migrated: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of this checkout's is older than the newest applied one."""
    mine = copy_of_backend(tmp_path)
    (mine / "migrations" / "20260101000150_mine.sql").write_text("create table public.mine ();\n")
    monkeypatch.setattr(workdir, "SOURCE", mine)

    with pytest.raises(DeployError, match="20260101000150 of this checkout is older than 20260101000400"):
        step(Deployment(Target(PROJECT, database_url=half_migrated)), "Migrations")


def test_a_database_of_an_earlier_commit_is_left_alone(
    api: ManagementApi, half_migrated: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration was changed in place since: nothing is pushed on top of it, and what is said is true."""
    mine = copy_of_backend(tmp_path)
    file = mine / "migrations" / "20260101000200_fleets.sql"
    file.write_text(file.read_text() + "comment on table public.fleets is 'Changed';\n")
    monkeypatch.setattr(workdir, "SOURCE", mine)

    with pytest.raises(DeployError, match=r"another commit.*20260101000200 is not what.*Nothing was changed") as raised:
        step(Deployment(Target(PROJECT, database_url=half_migrated)), "Migrations")

    assert "newer" not in str(raised.value)
    with psycopg.connect(half_migrated) as connection:
        assert connection.execute("select to_regclass('public.sessions')").fetchone() == (None,)


def test_a_migration_that_does_not_apply_leaves_nothing_of_those_before_it(
    api: ManagementApi, half_migrated: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table made by hand stands in the way."""
    mine = copy_of_backend(tmp_path)
    for later in sorted((mine / "migrations").glob("*.sql"))[4:]:
        later.unlink()
    (mine / "migrations" / "20990101000000_good.sql").write_text("create table public.good ();\n")
    (mine / "migrations" / "20990101000001_bad.sql").write_text("create table public.devices ();\n")
    monkeypatch.setattr(workdir, "SOURCE", mine)
    deployment = Deployment(Target(PROJECT, database_url=half_migrated))

    with pytest.raises(DeployError, match=r"A migration does not apply.*relation \"devices\" already exists"):
        step(deployment, "Migrations")

    with psycopg.connect(half_migrated) as connection:
        assert connection.execute("select to_regclass('public.good')").fetchone() == (None,)


def test_a_wrong_database_password(api: ManagementApi, half_migrated: str) -> None:
    """The database itself refuses."""
    wrong = re.sub(r"(?<=//postgres:)[^@]+", "wrong", half_migrated)

    with pytest.raises(DeployError, match="does not accept the password"):
        step(Deployment(Target(PROJECT, database_url=wrong)), "Migrations")


def test_a_database_that_cannot_be_reached(api: ManagementApi) -> None:
    """Nobody listens there."""
    nowhere = f"postgresql://postgres:x@127.0.0.1:{free_port()}/postgres"

    with pytest.raises(DeployError, match="The database cannot be reached"):
        step(Deployment(Target(PROJECT, database_url=nowhere)), "Migrations")


def test_a_project_without_a_publishable_key(api: ManagementApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old projects have legacy keys only."""
    answer = {"keys": [{"type": "legacy", "name": "anon", "api_key": "ey"}]}
    monkeypatch.setattr(cloud.Cloud, "run", lambda self, arguments: answer)

    with pytest.raises(DeployError, match="has no publishable key"):
        Deployment(Target(PROJECT)).find_key()


def test_another_cli_is_named(api: ManagementApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that answers in another form, and one that is not there."""
    monkeypatch.setenv("SUPABASE_CLI", "/bin/true")
    with pytest.raises(DeployError, match="answer has no projects"):
        step(Deployment(Target(PROJECT)), "Project")

    monkeypatch.setenv("SUPABASE_CLI", "/nowhere/supabase")
    with pytest.raises(DeployError, match=r"does not start .*No such file"):
        step(Deployment(Target(PROJECT)), "Project")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (Target("hangar"), "'hangar' is no project reference"),
        (Target(PROJECT, site_url="http://club.example/"), "--site-url http://club.example/ cannot be used"),
        (Target(PROJECT, site_url='https://club.example/"x/'), "cannot be used"),
        (Target(PROJECT, site_url="https://club.example/#/"), "without # and"),
        (Target(PROJECT, url="club.example"), "--url club.example cannot be used"),
        (Target(PROJECT, access_token="short"), "must have 16 to 200 characters"),
        (Target(PROJECT, access_token="with spaces in between"), "without spaces"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_asked(api: ManagementApi, target: Target, said: str) -> None:
    """Names and addresses that cannot be meant."""
    with pytest.raises(DeployError, match=said):
        command.run(target, dry_run=False, only_check=False)

    assert api.log == []


def test_a_folder_with_something_else_is_not_emptied(tmp_path: Path) -> None:
    """A mistyped --portal costs nothing."""
    (tmp_path / "photo.jpg").write_bytes(b"\xff")

    with pytest.raises(DeployError, match="holds something that is no portal"):
        portal.build(tmp_path, "https://x.supabase.co", "sb_publishable_x")

    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


def test_a_portal_for_another_project_is_found_out(tmp_path: Path) -> None:
    """By its config.json, and by its security policy."""
    config = {"supabaseUrl": "https://x.supabase.co", "supabaseKey": "k"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "index.html").write_text("<meta content=\"connect-src 'self' https://y.supabase.co\">")

    with pytest.raises(DeployError, match=r"is for https://x\.supabase\.co, not for"):
        portal.verify(tmp_path, "https://y.supabase.co", "k")
    with pytest.raises(DeployError, match="does not let it talk to"):
        portal.verify(tmp_path, "https://x.supabase.co", "k")


@pytest.mark.parametrize(
    ("key", "folder", "code", "said"),
    [
        ("", "portal", 2, "usage: SUPABASE_URL=https://... SUPABASE_PUBLISHABLE_KEY=sb_publishable_... "),
        ("sb_publishable_x", "full", 1, "holds something that is no portal"),
    ],
)
def test_building_the_portal_alone_explains_itself(tmp_path: Path, key: str, folder: str, code: int, said: str) -> None:
    """What the Pages workflow runs, without its variables and with a wrong folder."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "photo.jpg").touch()

    outcome = subprocess.run(
        [sys.executable, "-m", "tools.deploy.portal", str(tmp_path / folder)],
        cwd=ROOT,
        env={**os.environ, "SUPABASE_URL": "https://x.supabase.co", "SUPABASE_PUBLISHABLE_KEY": key},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )

    assert outcome.returncode == code
    assert said in outcome.stderr
    assert "Warning" not in outcome.stderr


def copy_of_backend(folder: Path) -> Path:
    """A copy of supabase/ to change."""
    copy = folder / "supabase"
    shutil.copytree(ROOT / "supabase", copy, ignore=shutil.ignore_patterns(".temp"))
    return copy
