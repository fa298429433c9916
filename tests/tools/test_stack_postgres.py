"""The embedded PostgreSQL: versions, data that an earlier run has left, and starting as root."""

import concurrent.futures
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.tools.checkout import TIMEOUT_SECONDS
from tools.stack import StackError, process
from tools.stack.postgres import Postgres


@pytest.fixture
def server(open_folder: Path) -> Iterator[Postgres]:
    """A server that is not started yet."""
    made = Postgres(open_folder / "postgres", durable=False)
    yield made
    made.stop(immediate=True)


def version(server: Postgres) -> int:
    """Major version of the running server, asked over SQL."""
    with psycopg.connect(server.dsn()) as connection:
        return connection.info.server_version // 10_000


@pytest.mark.parametrize("wanted", [16, 18])
def test_both_versions_run(open_folder: Path, wanted: int) -> None:
    """SQL is tested on the oldest and on the newest version."""
    with Postgres(open_folder / "postgres", version=wanted, durable=False) as server:
        assert version(server) == wanted


def test_data_of_another_version_are_not_opened(open_folder: Path) -> None:
    """The line names the folder and both versions."""
    with Postgres(open_folder / "postgres", version=16, durable=False):
        pass

    with pytest.raises(StackError, match=rf"^{open_folder}/postgres holds a PostgreSQL 16 database, this is 18"):
        Postgres(open_folder / "postgres").start()


def test_a_version_that_the_wheel_has_not_is_refused(open_folder: Path) -> None:
    """A mistake of the caller, before anything is written."""
    with pytest.raises(ValueError, match="PostgreSQL 17"):
        Postgres(open_folder / "postgres", version=17)


def test_times_are_utc_whatever_the_machine_says(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session's time zone does not come from the environment."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    server.start()

    with psycopg.connect(server.dsn()) as connection:
        zone = connection.execute("show timezone").fetchone()

    assert zone == ("UTC",)


def test_the_superuser_needs_its_password(server: Postgres) -> None:
    """Another user of the same machine cannot connect, and cannot read the password."""
    server.start()

    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{server.port}/postgres", passfile="/dev/null")
    assert server.folder.resolve().stat().st_mode & 0o077 == 0


def test_a_process_that_outlives_a_killed_server_is_waited_for(server: Postgres) -> None:
    """PostgreSQL refuses to start beside it: it may still write into the same files."""
    server.start()
    survivor = int(Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()[0])
    os.kill(survivor, signal.SIGSTOP)
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    again = Postgres(server.folder, durable=False)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        starting = pool.submit(again.start)
        refused = "still in use"
        waited = process.wait_until(lambda: server.log.read_text().count(refused) > 5, timeout_seconds=TIMEOUT_SECONDS)
        os.kill(survivor, signal.SIGCONT)
        starting.result()
        assert waited

    assert version(again) == 18
    again.stop(immediate=True)


ORPHANING = """
import os, sys
from pathlib import Path
from tools.stack import process
from tools.stack.postgres import Postgres
process._libc = None
server = Postgres(Path(sys.argv[1]), durable=False)
server.start()
print(server.pid, flush=True)
os._exit(0)
"""


def test_a_server_left_by_an_earlier_run_is_stopped(server: Postgres) -> None:
    """Where the kernel does not end the children (macOS), the next start does."""
    left = int(subprocess.check_output([sys.executable, "-c", ORPHANING, str(server.folder)]))
    assert "postgres" in process.command_line(left)

    server.start()

    assert process.command_line(left) == ""
    assert version(server) == 18


def test_a_pid_file_that_names_another_process_is_stale(server: Postgres) -> None:
    """After a restart of the machine the id may be anybody's: that process is left alone and PostgreSQL starts."""
    server.start()
    file = server.folder / "postmaster.pid"
    content = file.read_text().split("\n", 1)[1]
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    with subprocess.Popen(["sleep", "600"]) as bystander:
        file.write_text(f"{bystander.pid}\n{content}")

        server.start()

        assert bystander.poll() is None
        assert version(server) == 18
        bystander.kill()


def test_an_unfinished_initialisation_is_done_again(server: Postgres) -> None:
    """What a cut during initdb has left is no database, and is removed."""
    leftover = server.folder.with_name(".postgres.new-1")
    leftover.mkdir()
    (leftover / "PG_VERSION").write_text("18")

    server.start()

    assert version(server) == 18
    assert not leftover.exists()


def test_a_folder_closed_to_others_works_for_root_too(tmp_path: Path) -> None:
    """PostgreSQL started by root runs as `nobody`, who cannot enter this folder: the data stand elsewhere then."""
    tmp_path.chmod(0o700)
    server = Postgres(tmp_path / "postgres", durable=False)
    try:
        server.start()
        first = version(server)
        server.stop(immediate=True)
        server.start()
        second = version(server)
    finally:
        server.stop(immediate=True)
        server.remove()

    assert (first, second) == (18, 18)
    assert not os.path.lexists(tmp_path / "postgres")


def test_an_environment_closed_to_others_works_for_root_too(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """Binaries that `nobody` cannot reach are copied beside the data."""
    really = process.can_enter
    monkeypatch.setattr(process, "can_enter", lambda folder, user: folder.name != "bin" and really(folder, user))

    server.start()

    assert version(server) == 18


def test_data_of_another_user_are_refused(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """One clear line instead of PostgreSQL's complaint about ownership."""
    server.folder.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: server.folder.stat().st_uid + 1)

    with pytest.raises(StackError, match=rf"^{server.folder} was made by another user"):
        server.start()
