"""The local stack: what it serves, what it keeps, and what it says when it cannot start."""

import concurrent.futures
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import MakeDatabase, MakeStack
from tests.support import HTTP_SECONDS, Account
from tests.tools.checkout import TIMEOUT_SECONDS
from tests.tools.stack_project import Project, make_project
from tools.stack import Stack, StackError, process
from tools.stack.stack import database_config, find_deno, load_keys

USERS = 4
CONCURRENT_READS = 200


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Stack options for a small project of this test module."""
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def notes(make_database: MakeDatabase, project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack with the small project."""
    data = tmp_path_factory.mktemp("notes")
    with Stack(data, 0, make_database(migrated=False), portal=False, **project) as running:
        yield running


def test_config_names_the_stack_and_its_publishable_key(notes: Stack) -> None:
    """config.json gives the portal the address and the public key, and is never cached."""
    answer = httpx.get(f"{notes.url}/config.json", timeout=HTTP_SECONDS)

    assert answer.json() == {"supabaseUrl": notes.url, "supabaseKey": notes.publishable_key}
    assert answer.headers["cache-control"] == "no-store"


def test_localhost_is_sent_to_the_address_that_the_portal_may_talk_to(notes: Stack) -> None:
    """The page's security policy knows one origin, so the other name of the same machine redirects there."""
    answer = httpx.get(f"{notes.url.replace('127.0.0.1', 'localhost')}/index.html?a=1", timeout=HTTP_SECONDS)

    assert (answer.status_code, answer.headers["location"]) == (307, f"{notes.url}/index.html?a=1")


def test_health_asks_the_database(notes: Stack) -> None:
    """/health answers only when the database does."""
    answer = httpx.get(f"{notes.url}/health", timeout=HTTP_SECONDS)

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_the_function_runs_as_when_hosted(make_stack: MakeStack, make_database: MakeDatabase, project: Project) -> None:
    """It sees the path that a hosted function sees, the project's address and its secrets."""
    stack = make_stack(database_url=make_database(migrated=False), secrets={"INGEST_ACCESS_TOKEN": "t0ken"}, **project)

    answer = httpx.post(f"{stack.url}/functions/v1/ingest?x=1", content=b"12345", timeout=HTTP_SECONDS)

    assert answer.json() == {"path": "/ingest", "bytes": 5, "url": stack.url, "token": "t0ken"}


def test_secrets_of_the_callers_environment_do_not_reach_the_function(
    make_stack: MakeStack, make_database: MakeDatabase, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what `secrets` says is a secret of the function."""
    monkeypatch.setenv("INGEST_ACCESS_TOKEN", "of another project")
    stack = make_stack(database_url=make_database(migrated=False), **project)

    answer = httpx.post(f"{stack.url}/functions/v1/ingest", content=b"", timeout=HTTP_SECONDS)

    assert answer.json()["token"] is None


def test_a_failing_function_is_a_500_and_no_crash(notes: Stack) -> None:
    """An exception in the function ends its request only."""
    failed = httpx.post(f"{notes.url}/functions/v1/ingest", content=b"fail", timeout=HTTP_SECONDS)
    after = httpx.post(f"{notes.url}/functions/v1/ingest", content=b"fine", timeout=HTTP_SECONDS)

    assert (failed.status_code, failed.json()["code"]) == (500, "internal")
    assert after.status_code == 200


def test_a_client_that_leaves_in_the_middle_of_its_body_harms_nobody(notes: Stack) -> None:
    """Connections cut during a request body leave the server answering."""
    port = int(notes.url.rsplit(":", 1)[1])
    headers = f"Host: 127.0.0.1\r\napikey: {notes.publishable_key}\r\nContent-Length: 99\r\n\r\n"
    for path in ("/functions/v1/ingest", "/rest/v1/notes", "/auth/v1/signup", "/config.json"):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(f'POST {path} HTTP/1.1\r\n{headers}{{"'.encode())

    assert httpx.get(f"{notes.url}/health", timeout=HTTP_SECONDS).status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_without_end_is_refused(notes: Stack, chunked: bool) -> None:
    """REST and auth take no more than 2 MiB, with or without a declared length."""
    chunk = b" " * 65_536
    content = (chunk for _ in range(64)) if chunked else chunk * 64

    answer = httpx.post(
        f"{notes.url}/rest/v1/notes", content=content, headers={"apikey": notes.publishable_key}, timeout=HTTP_SECONDS
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_sign_up_needs_the_link_of_the_caught_mail(notes: Stack, sign_up: Callable[..., Account]) -> None:
    """A new user gets one mail, with one link to this stack, and is confirmed by following it."""
    account = sign_up(notes)

    mails = [mail for mail in notes.mails() if mail["to"] == account.email]
    assert len(mails) == 1
    assert len(mails[0]["links"]) == 1
    assert re.match(f"^{notes.url}/?#/confirm\\?type=signup&token_hash=\\w+$", mails[0]["links"][0])
    assert re.fullmatch(r"\d{6}", mails[0]["code"])


def test_each_mail_is_handed_out_once(notes: Stack, sign_up: Callable[..., Account]) -> None:
    """A mail that is still on its way is waited for; the one before it is not taken for it."""
    account = sign_up(notes)

    account.client.auth.reset_password_for_email(account.email)

    assert "type=recovery" in notes.next_mail(account.email)["links"][0]
    with pytest.raises(TimeoutError, match="no new mail"):
        notes.next_mail(account.email, timeout_seconds=0)


def test_an_unconfirmed_user_cannot_sign_in(notes: Stack) -> None:
    """Without the link, the password alone is refused."""
    credentials = {"email": "unconfirmed@example.org", "password": "long-enough-password"}
    headers = {"apikey": notes.publishable_key}
    httpx.post(
        f"{notes.url}/auth/v1/signup", json=credentials, headers=headers, timeout=HTTP_SECONDS
    ).raise_for_status()

    answer = httpx.post(
        f"{notes.url}/auth/v1/token?grant_type=password", json=credentials, headers=headers, timeout=HTTP_SECONDS
    )

    assert (answer.status_code, answer.json()["error_code"]) == (400, "email_not_confirmed")


def test_mails_are_not_public(notes: Stack) -> None:
    """No path of the server hands out mails."""
    for path in ("/mails", "/auth/v1/mails", "/auth/v1/admin/mails"):
        answer = httpx.get(f"{notes.url}{path}", headers={"apikey": notes.publishable_key}, timeout=HTTP_SECONDS)

        assert answer.status_code in (401, 403, 404)


def test_anon_gets_nothing_that_was_not_granted(notes: Stack) -> None:
    """Row level security or not: without a grant, the publishable key alone reads and writes nothing."""
    headers = {"apikey": notes.publishable_key}

    read = httpx.get(f"{notes.url}/rest/v1/notes", headers=headers, timeout=HTTP_SECONDS)
    write = httpx.post(f"{notes.url}/rest/v1/notes", json={"text": "x"}, headers=headers, timeout=HTTP_SECONDS)

    assert (read.status_code, read.json()["code"]) == (401, "42501")
    assert (write.status_code, write.json()["code"]) == (401, "42501")


def test_a_request_without_key_is_nobodys(notes: Stack) -> None:
    """There is no keyless mode, also not from the own machine."""
    assert httpx.get(f"{notes.url}/rest/v1/notes", timeout=HTTP_SECONDS).status_code == 401


def test_column_grants_hold_for_signed_in_users(notes: Stack, sign_up: Callable[..., Account]) -> None:
    """A user may write the granted column and no other, and only as himself."""
    account = sign_up(notes)
    session = account.client.auth.get_session()
    assert session is not None
    headers = {"apikey": notes.publishable_key, "authorization": f"Bearer {session.access_token}"}

    granted = httpx.post(f"{notes.url}/rest/v1/notes", json={"text": "mine"}, headers=headers, timeout=HTTP_SECONDS)
    tampered = httpx.post(
        f"{notes.url}/rest/v1/notes",
        json={"text": "x", "author": account.user_id},
        headers=headers,
        timeout=HTTP_SECONDS,
    )
    hidden = httpx.get(f"{notes.url}/rest/v1/secrets", headers=headers, timeout=HTTP_SECONDS)

    assert granted.status_code == 201
    assert (tampered.status_code, tampered.json()["code"]) == (403, "42501")
    assert (hidden.status_code, hidden.json()["code"]) == (403, "42501")


def test_the_service_role_needs_grants_too(notes: Stack) -> None:
    """As when hosted: the secret key passes row level security, not missing grants."""
    headers = {"apikey": notes.secret_key}

    granted = httpx.get(f"{notes.url}/rest/v1/notes", headers=headers, timeout=HTTP_SECONDS)
    missing = httpx.get(f"{notes.url}/rest/v1/secrets", headers=headers, timeout=HTTP_SECONDS)

    assert granted.status_code == 200
    assert (missing.status_code, missing.json()["code"]) == (403, "42501")


def test_times_come_as_iso_8601(notes: Stack) -> None:
    """Clients get the form that PostgREST writes."""
    headers = {"apikey": notes.secret_key, "prefer": "return=representation"}
    row = {"author": "00000000-0000-4000-8000-000000000001", "text": "x", "written_at": "2026-01-02T03:04:05Z"}

    answer = httpx.post(f"{notes.url}/rest/v1/notes", json=row, headers=headers, timeout=HTTP_SECONDS)

    assert answer.json()[0]["written_at"] == "2026-01-02T03:04:05+00:00"


def test_concurrent_readers_never_see_each_others_rows(notes: Stack, sign_up: Callable[..., Account]) -> None:
    """Many reads by several users at once: everyone gets exactly his own row."""
    accounts = [sign_up(notes, name=f"reader{number}") for number in range(USERS)]
    for account in accounts:
        account.client.table("notes").insert({"text": account.user_id}).execute()

    def read(number: int) -> tuple[str, object]:
        account = accounts[number % USERS]
        session = account.client.auth.get_session()
        assert session is not None
        headers = {"apikey": notes.publishable_key, "authorization": f"Bearer {session.access_token}"}
        return account.user_id, httpx.get(
            f"{notes.url}/rest/v1/notes?select=text", headers=headers, timeout=HTTP_SECONDS
        ).json()

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(read, range(CONCURRENT_READS)))

    assert [answer for user_id, answer in answers] == [[{"text": user_id}] for user_id, answer in answers]


def test_an_unreachable_database_is_one_clear_line(make_stack: MakeStack, project: Project) -> None:
    """The reason is the database client's own."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"postgresql://postgres@127.0.0.1:{taken.getsockname()[1]}/postgres"

        with pytest.raises(StackError, match=r"^The database is not reachable: .*refused.*$"):
            make_stack(database_url=address, **project)


def test_a_taken_port_is_named(make_stack: MakeStack, project: Project) -> None:
    """The line names the port and the option that chooses another one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(StackError, match=rf"^Port {port} is not free .*--port"):
            make_stack(port=port, **project)


def test_a_folder_that_cannot_be_written_is_named(make_stack: MakeStack, tmp_path: Path) -> None:
    """Whatever the reason is, the line names the folder."""
    (tmp_path / "file").touch()
    data = tmp_path / "file" / "data"

    with pytest.raises(StackError, match=rf"^Cannot write to {data}: Not a directory"):
        make_stack(data=data)


def test_missing_deno_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither in the Python environment nor on the PATH: the line says how to get it."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(StackError, match="Deno is missing: run `python3 -m tools`"):
        find_deno()


def test_a_second_start_on_the_same_data_names_the_first(
    make_stack: MakeStack, make_database: MakeDatabase, project: Project, tmp_path: Path
) -> None:
    """One stack per data folder: the line tells which process has it and where it answers."""
    database = make_database(migrated=False)
    first = make_stack(data=tmp_path, database_url=database, **project)

    with pytest.raises(StackError) as raised:
        make_stack(data=tmp_path, database_url=database, **project)

    assert str(raised.value) == (
        f"Another stack (process {os.getpid()}, {first.url}) is running on {tmp_path}. Stop it first."
    )
    assert httpx.get(f"{first.url}/health", timeout=HTTP_SECONDS).status_code == 200


def test_keys_are_made_once_and_kept_private(
    make_stack: MakeStack, make_database: MakeDatabase, project: Project, tmp_path: Path
) -> None:
    """The same data folder has the same keys at every start, readable by its owner alone."""
    database = make_database(migrated=False)
    first = make_stack(data=tmp_path, database_url=database, **project)
    first.stop()

    second = make_stack(data=tmp_path, database_url=database, **project)

    assert (second.publishable_key, second.secret_key) == (first.publishable_key, first.secret_key)
    assert first.publishable_key.startswith("sb_publishable_")
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600


def ends(pid: int) -> bool:
    """Whether the process is gone, now or soon."""
    return process.wait_until(lambda: not process.command_line(pid), timeout_seconds=TIMEOUT_SECONDS)


OWNER = """
import json, sys, time
from pathlib import Path
from tools.stack import Stack
data, migrations, function = map(Path, sys.argv[1:])
with Stack(data, 0, portal=False, migrations=migrations, function=function) as stack:
    print(json.dumps({"url": stack.url, "key": stack.secret_key, "pids": stack.pids}), flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_end_of_the_owner_leaves_a_process_or_loses_a_row(
    end: signal.Signals, make_stack: MakeStack, open_folder: Path, project: Project
) -> None:
    """Kill -9, SIGTERM or Ctrl-C: server and database end, and the next start finds what was acknowledged."""
    command = [sys.executable, "-c", OWNER, *map(str, [open_folder, project["migrations"], project["function"]])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as owner:
        assert owner.stdout is not None
        running = json.loads(owner.stdout.readline())
        row = {"author": "00000000-0000-4000-8000-000000000001", "text": "acknowledged"}
        answer = httpx.post(
            f"{running['url']}/rest/v1/notes", json=row, headers={"apikey": running["key"]}, timeout=HTTP_SECONDS
        )

        owner.send_signal(end)
        owner.wait()

    left = [pid for pid in running["pids"] if not ends(pid)]
    stack = make_stack(data=open_folder, **project)
    found = httpx.get(
        f"{stack.url}/rest/v1/notes?select=text", headers={"apikey": stack.secret_key}, timeout=HTTP_SECONDS
    ).json()
    assert answer.status_code == 201
    assert left == []
    assert found == [{"text": "acknowledged"}]


def test_kill_9_of_everything_at_once_loses_no_acknowledged_row(
    make_stack: MakeStack, open_folder: Path, project: Project
) -> None:
    """All processes gone within a moment, in the middle of writes: every acknowledged row is there afterwards."""
    command = [sys.executable, "-c", OWNER, *map(str, [open_folder, project["migrations"], project["function"]])]
    acknowledged = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as owner:
        assert owner.stdout is not None
        running = json.loads(owner.stdout.readline())
        for number in range(100):
            row = {"author": "00000000-0000-4000-8000-000000000001", "text": str(number)}
            answer = httpx.post(
                f"{running['url']}/rest/v1/notes", json=row, headers={"apikey": running["key"]}, timeout=HTTP_SECONDS
            )
            assert answer.status_code == 201
            acknowledged.append({"text": str(number)})

        for pid in [owner.pid, *running["pids"]]:
            os.kill(pid, signal.SIGKILL)

    stack = make_stack(data=open_folder, **project)

    found = httpx.get(
        f"{stack.url}/rest/v1/notes?select=text&order=id", headers={"apikey": stack.secret_key}, timeout=HTTP_SECONDS
    ).json()
    assert found == acknowledged


def test_a_fresh_start_forgets_the_earlier_data(make_stack: MakeStack, open_folder: Path, project: Project) -> None:
    """`fresh` empties the database and makes new keys."""
    first = make_stack(data=open_folder, **project)
    row = {"author": "00000000-0000-4000-8000-000000000001", "text": "old"}
    httpx.post(
        f"{first.url}/rest/v1/notes", json=row, headers={"apikey": first.secret_key}, timeout=HTTP_SECONDS
    ).raise_for_status()
    first.stop()

    second = make_stack(data=open_folder, fresh=True, **project)

    found = httpx.get(f"{second.url}/rest/v1/notes", headers={"apikey": second.secret_key}, timeout=HTTP_SECONDS).json()
    assert found == []
    assert second.secret_key != first.secret_key


def test_wait_tells_when_a_part_has_ended_by_itself(make_stack: MakeStack, open_folder: Path, project: Project) -> None:
    """Whoever holds the stack learns that it no longer serves."""
    stack = make_stack(data=open_folder, **project)
    stack.wait(timeout_seconds=0)
    os.kill(stack.pids[0], signal.SIGKILL)

    with pytest.raises(StackError, match="The server has stopped"):
        stack.wait(timeout_seconds=TIMEOUT_SECONDS)


def test_a_function_that_does_not_load_is_named(
    make_stack: MakeStack, make_database: MakeDatabase, project: Project, tmp_path: Path
) -> None:
    """The line names the file and says what is wrong in it."""
    function = tmp_path / "index.ts"
    function.write_text("export default nothing;\n")

    with pytest.raises(StackError, match=rf"^The function {function.as_uri()} does not load: nothing is not defined"):
        make_stack(database_url=make_database(migrated=False), **{**project, "function": function})


def test_the_same_port_serves_again_at_once(
    make_stack: MakeStack, make_database: MakeDatabase, project: Project
) -> None:
    """A stop with clients connected does not block the port for the next start."""
    first = make_stack(database_url=make_database(migrated=False), **project)
    port = int(first.url.rsplit(":", 1)[1])
    with httpx.Client(timeout=HTTP_SECONDS) as client:
        client.get(f"{first.url}/health")
        first.stop()

    second = make_stack(port=port, database_url=make_database(migrated=False), **project)

    assert second.url == first.url
    assert httpx.get(f"{second.url}/health", timeout=HTTP_SECONDS).status_code == 200


@pytest.mark.parametrize("enabled", [True, False])
def test_signing_up_by_mail_follows_the_projects_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, enabled: bool
) -> None:
    """Hosted projects call it `enabled`, the local auth service has the older name."""
    (tmp_path / "supabase").mkdir()
    (tmp_path / "supabase/config.toml").write_text(f"[auth.email]\nenabled = {str(enabled).lower()}\n")
    monkeypatch.setattr("tools.stack.stack.REPOSITORY", tmp_path)

    config = database_config("postgresql://", load_keys(tmp_path / "keys.json"), tmp_path)

    assert config["auth"]["email"]["enable_signup"] is enabled
    assert "enabled" not in config["auth"]["email"]
