"""Setting up: what the first start installs, what later ones skip, and what is said when it cannot be done."""

import ast
import fcntl
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.tools.checkout import ROOT, TIMEOUT_SECONDS, SlowIndex, SmallCheckout, pip_wheel
from tools.bootstrap.install import explain, npm_packages_here
from tools.bootstrap.start import lock_for

RESULT = "ran ['demo', '--port', '0']"
ARGUMENTS = ("demo", "--port", "0")


@pytest.fixture
def checkout(tmp_path: Path) -> SmallCheckout:
    """A checkout in which nothing is installed yet."""
    return SmallCheckout(tmp_path)


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[SmallCheckout, SmallCheckout]:
    """One checkout in which only the environment was made, and one in which everything is installed."""
    folder = tmp_path_factory.mktemp("bootstrap")
    begun = SmallCheckout(folder / "begun")
    failed = begun.run(*ARGUMENTS, PIP_FIND_LINKS=str(folder))
    assert failed.returncode == 1
    done = begun.copy(folder / "done")
    outcome = done.run(*ARGUMENTS)
    assert outcome.returncode == 0, outcome.stderr
    return begun, done


@pytest.fixture
def begun(set_up: tuple[SmallCheckout, SmallCheckout], tmp_path: Path) -> SmallCheckout:
    """A checkout whose first start came as far as the empty environment."""
    return set_up[0].copy(tmp_path / "begun")


@pytest.fixture
def installed(set_up: tuple[SmallCheckout, SmallCheckout], tmp_path: Path) -> SmallCheckout:
    """A checkout that is ready."""
    return set_up[1].copy(tmp_path / "installed")


def record_of(checkout: SmallCheckout) -> dict[str, str]:
    """What the checkout says is installed."""
    record: dict[str, str] = json.loads((checkout.root / ".venv" / "installed.json").read_text())
    return record


def error_line(outcome: subprocess.CompletedProcess[str]) -> str:
    """The one error line of a failed start, which must not be a traceback."""
    assert outcome.returncode == 1
    assert "Traceback" not in outcome.stderr
    errors = [line for line in outcome.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    return errors[0]


def test_a_fresh_checkout_becomes_the_real_commands_in_one_call(tmp_path: Path) -> None:
    """The whole set, from the package indexes, without a home folder to write to."""
    root = tmp_path / "checkout"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(".git", ".venv", ".local", "node_modules", ".*_cache"))
    environment = {**os.environ, "HOME": "/proc", "DENO_DIR": os.environ.get("DENO_DIR", f"{ROOT}/.venv/deno")}
    call = [sys.executable, "-m", "tools", "--help"]

    first = subprocess.run(call, cwd=root, env=environment, capture_output=True, text=True, timeout=600, check=False)
    second = subprocess.run(call, cwd=root, env=environment, capture_output=True, text=True, timeout=600, check=False)

    assert first.returncode == 0, first.stderr
    assert "[3/3] npm packages: installed" in first.stderr
    assert (root / "node_modules" / "svelte").is_dir()
    assert "simulate" in first.stdout
    assert second.returncode == 0
    assert second.stderr == ""


def test_the_second_start_installs_nothing_and_hands_everything_over(checkout: SmallCheckout) -> None:
    """Arguments reach the command as they were typed; the second start is silent until the command speaks."""
    first = checkout.run(*ARGUMENTS)
    installed = (checkout.root / ".venv" / "installed.json").stat().st_mtime_ns

    second = checkout.run(*ARGUMENTS)

    assert first.stdout == f"{RESULT} {checkout.deno_dir}\n", first.stderr
    assert "[1/3] Python environment: made" in first.stderr
    assert "[2/3] Python packages: 1 installed" in first.stderr
    assert second.stdout == first.stdout
    assert second.stderr == ""
    assert (checkout.root / ".venv" / "installed.json").stat().st_mtime_ns == installed


def test_denos_cache_lies_in_the_checkout_unless_the_user_has_one(installed: SmallCheckout) -> None:
    """Without DENO_DIR the commands get a folder inside `.venv`."""
    del installed.environment["DENO_DIR"]

    outcome = installed.run(*ARGUMENTS)

    assert outcome.stdout == f"{RESULT} {installed.root / '.venv' / 'deno'}\n"


def test_a_changed_lock_file_is_installed_at_the_next_start(installed: SmallCheckout) -> None:
    """Only what the change touches is done again."""
    before = record_of(installed)
    with (installed.root / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")

    outcome = installed.run(*ARGUMENTS)

    assert "[1/1] Python packages: 1 installed" in outcome.stderr
    assert record_of(installed)["requirements.lock"] != before["requirements.lock"]


def test_deleted_npm_packages_come_back(installed: SmallCheckout) -> None:
    """`rm -r node_modules` is a way to ask for them again."""
    shutil.rmtree(installed.root / "node_modules")

    outcome = installed.run(*ARGUMENTS)

    assert "[1/1] npm packages: installed" in outcome.stderr
    assert installed.npm_package.is_dir()


def test_only_test_installs_the_test_set_and_nothing_takes_it_away(installed: SmallCheckout) -> None:
    """`demo` does without it; after `test`, `demo` has nothing to do."""
    after_demo = record_of(installed)

    test = installed.run("test", "-k", "x")
    demo = installed.run(*ARGUMENTS)

    assert "requirements-test.lock" not in after_demo
    assert "[1/1] Python packages" in test.stderr
    assert test.stdout.startswith("ran ['test', '-k', 'x']")
    assert {"requirements.lock", "requirements-test.lock"} <= record_of(installed).keys()
    assert demo.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "lock"),
    [
        ([], "requirements.lock"),
        (["--help"], "requirements.lock"),
        (["demo", "test"], "requirements.lock"),
        (["test"], "requirements-test.lock"),
        (["--debug", "test", "-k", "demo"], "requirements-test.lock"),
        (["bench", "portal"], "requirements-test.lock"),
    ],
)
def test_the_command_decides_which_lock_file_counts(arguments: list[str], lock: str) -> None:
    """The first word that is no option is the command."""
    assert lock_for(arguments) == lock


def test_an_unreachable_index_is_said_and_the_next_start_goes_on(begun: SmallCheckout) -> None:
    """The environment that was made is kept; only what is missing is done again."""
    down = {"PIP_NO_INDEX": "0", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1"}

    failed = begun.run(*ARGUMENTS, **down)
    again = begun.run(*ARGUMENTS)

    said = error_line(failed)
    assert "the package index could not be reached" in said
    assert "Connection refused" in said
    assert "[1/2] Python packages: 1 installed" in again.stderr
    assert again.stdout.startswith(RESULT)


def test_an_unreachable_npm_registry_is_said(begun: SmallCheckout, tmp_path: Path) -> None:
    """Deno's failure is put into the same words, and what pip did is not done again."""
    failed = begun.run(*ARGUMENTS, NPM_CONFIG_REGISTRY="http://127.0.0.1:9/", DENO_DIR=str(tmp_path / "empty"))
    again = begun.run(*ARGUMENTS)

    said = error_line(failed)
    assert '"npm packages": the package index could not be reached' in said
    assert "[1/1] npm packages: installed" in again.stderr
    assert again.stdout.startswith(RESULT)


def test_a_package_with_another_hash_is_refused(begun: SmallCheckout) -> None:
    """Nothing is installed from a file that the lock does not name."""
    begun.write_lock(digest="0" * 64)

    failed = begun.run(*ARGUMENTS)

    assert "hash mismatch" in error_line(failed)
    assert "requirements.lock" not in record_of(begun)
    assert not list((begun.root / ".venv" / "lib").glob("*/site-packages/tiny.py"))


def test_a_package_that_does_not_exist_for_this_machine_is_said(begun: SmallCheckout) -> None:
    """The line names what is supported."""
    begun.write_lock(version="2.0")

    failed = begun.run(*ARGUMENTS)

    assert "Supported are Python 3.11 to 3.14 on Linux (glibc) and macOS" in error_line(failed)


def test_a_manifest_that_the_deno_lock_does_not_know_is_said(begun: SmallCheckout) -> None:
    """The frozen lock is never rewritten by a start."""
    begun.manifest.write_text(begun.manifest.read_text().replace("@", "@0"))
    before = (begun.root / "deno.lock").read_bytes()

    failed = begun.run(*ARGUMENTS)

    assert "deno.lock does not agree" in error_line(failed)
    assert (begun.root / "deno.lock").read_bytes() == before


def run_without(checkout: SmallCheckout, *modules: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`demo`, typed at a Python that lacks these modules, in an environment without uv unless it is given."""
    hidden = f"import runpy, sys; sys.modules |= dict.fromkeys({modules!r}); sys.argv[1:] = {list(ARGUMENTS)!r}"
    return subprocess.run(
        [sys.executable, "-c", f"{hidden}; runpy.run_module('tools', run_name='__main__')"],
        cwd=checkout.root,
        env={**checkout.environment, "PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("way", ["pip", "uv", "folder", "index"])
def test_a_python_without_ensurepip_gets_the_pinned_pip(checkout: SmallCheckout, tmp_path: Path, way: str) -> None:
    """As stock Debian and Ubuntu are: by a pip that is there, by uv, or by the wheel from where pip's settings say."""
    shelf = tmp_path / "shelf" / "pip"
    shelf.mkdir(parents=True)
    shutil.copy(pip_wheel(), shelf)
    tool = tmp_path / "bin"
    tool.mkdir()
    (tool / "uv").symlink_to(Path(sys.executable).with_name("uv"))
    environment = {
        "pip": {"PIP_FIND_LINKS": f"{shelf} {checkout.wheels}"},
        "uv": {"PATH": f"{tool}:/usr/bin:/bin", "UV_CACHE_DIR": str(tmp_path / "cache")},
        "folder": {"PIP_FIND_LINKS": f"{shelf} {checkout.wheels}"},
        "index": {"PIP_NO_INDEX": "0"},
    }[way]
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(shelf.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        if way in ("index", "uv"):
            environment["PIP_INDEX_URL" if way == "index" else "UV_DEFAULT_INDEX"] = (
                f"http://127.0.0.1:{server.server_port}"
            )
        hidden = ("ensurepip",) if way == "pip" else ("ensurepip", "pip")
        outcome = run_without(checkout, *hidden, **environment)
        server.shutdown()

    assert outcome.stdout.startswith(RESULT), outcome.stderr
    probe = [str(checkout.root / ".venv/bin/python"), "-m", "pip", "--version"]
    assert subprocess.run(probe, capture_output=True, text=True, check=True).stdout.split()[1] in pip_wheel().name


def test_a_pip_that_is_not_the_pinned_one_is_not_used(checkout: SmallCheckout) -> None:
    """Not one byte of it is run."""
    (checkout.wheels / pip_wheel().name).write_bytes(b"something else")

    failed = run_without(checkout, "ensurepip", "pip")

    assert "is not the one that requirements-pip.lock names (hash mismatch)" in error_line(failed)


def test_without_any_way_to_pip_the_one_command_that_helps_is_named(checkout: SmallCheckout, tmp_path: Path) -> None:
    """And what to do without root."""
    tool = tmp_path / "bin"
    tool.mkdir()
    (tool / "apt-get").write_text("#!/bin/sh\n")
    (tool / "apt-get").chmod(0o755)

    failed = run_without(checkout, "ensurepip", "pip", PATH=f"{tool}:/usr/bin:/bin")

    said = error_line(failed)
    assert f"apt-get install python{sys.version_info[0]}.{sys.version_info[1]}-venv Without root:" in said
    assert "PIP_INDEX_URL" in said


def test_it_starts_by_its_path_from_any_folder(installed: SmallCheckout, tmp_path: Path) -> None:
    """Neither the folder's modules nor those of PYTHONPATH get in the way of ours or of Python's own."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("json", "tools", "tiny", "typer"):
        (elsewhere / f"{name}.py").write_text("raise SystemExit('the wrong module')\n")

    for program in (installed.root / "tools", installed.root / "tools" / "__main__.py"):
        outcome = subprocess.run(
            [sys.executable, str(program), *ARGUMENTS],
            cwd=elsewhere,
            env=installed.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert outcome.stdout.startswith(RESULT), outcome.stderr


def test_pythonpath_does_not_reach_the_commands(installed: SmallCheckout, tmp_path: Path) -> None:
    """What it holds would hide the packages that the lock files pin."""
    (tmp_path / "tiny.py").write_text("raise SystemExit('the wrong module')\n")

    outcome = installed.run(*ARGUMENTS, PYTHONPATH=str(tmp_path))

    assert outcome.stdout.startswith(RESULT), outcome.stderr


def test_an_older_python_is_told_what_is_needed(checkout: SmallCheckout) -> None:
    """One line, before anything is installed."""
    older = "import runpy, sys; sys.version_info = (3, 10, 0); runpy.run_module('tools', run_name='__main__')"

    failed = subprocess.run(
        [sys.executable, "-c", older], cwd=checkout.root, capture_output=True, text=True, check=False
    )

    assert error_line(failed).startswith("error: Python 3.11 or newer is needed, this is ")
    assert not (checkout.root / ".venv").exists()


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py"])
def test_an_older_python_can_read_the_message(name: str) -> None:
    """No f-string, annotation or walrus stands where Python 2.7 has to pass."""
    tree = ast.parse((ROOT / "tools" / name).read_text(encoding="utf-8"), feature_version=(3, 4))

    modern = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.FunctionDef)
    assert [node for node in ast.walk(tree) if isinstance(node, modern)] == []


def test_what_is_in_the_way_is_named(checkout: SmallCheckout) -> None:
    """A file called `.venv`, and a folder where the lock file should be."""
    (checkout.root / ".venv").write_text("")
    file = checkout.run(*ARGUMENTS)
    (checkout.root / ".venv").unlink()
    (checkout.root / ".venv.lock").unlink()
    (checkout.root / ".venv.lock").mkdir()

    folder = checkout.run(*ARGUMENTS)

    assert f"{checkout.root / '.venv'} is not a folder" in error_line(file)
    assert f"Is a directory ({checkout.root / '.venv.lock'})" in error_line(folder)


def test_an_environment_made_by_hand_is_adopted(begun: SmallCheckout) -> None:
    """It is completed, not thrown away."""
    (begun.root / ".venv" / "installed.json").unlink()
    (begun.root / ".venv" / "mine").touch()

    outcome = begun.run(*ARGUMENTS)

    assert "[1/2] Python packages: 1 installed" in outcome.stderr
    assert (begun.root / ".venv" / "mine").exists()


def test_an_environment_whose_python_is_gone_is_made_anew(installed: SmallCheckout) -> None:
    """As after an upgrade of the system's Python."""
    for link in (installed.root / ".venv" / "bin").glob("python*"):
        link.unlink()
        link.symlink_to("/usr/bin/no-such-python")

    outcome = installed.run(*ARGUMENTS)

    assert "making a new one" in outcome.stderr
    assert outcome.stdout.startswith(RESULT)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_start_ends_its_children_and_the_next_one_finishes(
    begun: SmallCheckout, number: signal.Signals, code: int
) -> None:
    """Ctrl-C in the middle of a download."""
    with SlowIndex(begun.wheel) as index:
        start = begun.start(*ARGUMENTS, **index.environment)
        assert index.asked.wait(TIMEOUT_SECONDS)
        start.send_signal(number)
        _, said = start.communicate(timeout=TIMEOUT_SECONDS)
    with (begun.root / ".venv.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while a child lives

    again = begun.run(*ARGUMENTS)

    assert start.returncode == code
    assert "Traceback" not in said
    assert "[1/2] Python packages: 1 installed" in again.stderr
    assert again.stdout.startswith(RESULT)


def test_a_killed_start_leaves_nothing_half_installed(begun: SmallCheckout) -> None:
    """After kill -9 the next start waits for the orphaned pip, then begins with a new environment."""
    with SlowIndex(begun.wheel) as index:
        killed = begun.start(*ARGUMENTS, **index.environment)
        assert index.asked.wait(TIMEOUT_SECONDS)
        killed.kill()
        killed.communicate(timeout=TIMEOUT_SECONDS)
        second = begun.start(*ARGUMENTS, **index.environment)
        assert second.stderr is not None
        waiting = second.stderr.readline()
        index.released.set()
        out, said = second.communicate(timeout=TIMEOUT_SECONDS)

    assert waiting == "Another start is setting up this checkout; waiting for it.\n"
    assert "making a new one" in said
    assert out.startswith(RESULT)
    assert second.returncode == 0


def test_two_starts_at_once_install_once(begun: SmallCheckout) -> None:
    """The second waits for the first and finds everything there."""
    with SlowIndex(begun.wheel) as index:
        first = begun.start(*ARGUMENTS, **index.environment)
        assert index.asked.wait(TIMEOUT_SECONDS)
        second = begun.start(*ARGUMENTS, **index.environment)
        assert second.stderr is not None
        waiting = second.stderr.readline()
        index.released.set()
        first_out, _ = first.communicate(timeout=TIMEOUT_SECONDS)
        second_out, second_said = second.communicate(timeout=TIMEOUT_SECONDS)

    assert waiting == "Another start is setting up this checkout; waiting for it.\n"
    assert first_out.startswith(RESULT)
    assert second_out == first_out
    assert second_said == ""
    assert index.downloads == 1


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
            "the disk is full",
        ),
        ("error: Failed caching npm package\n  1: No space left on device (os error 28)\n", "the disk is full"),
        ("error: [Errno 30] Read-only file system: '/opt/x'\n", "a folder cannot be written"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))\n", "name its certificate"),
        ("error sending request: invalid peer certificate: UnknownIssuer\n", "name its certificate"),
        ("WARNING: Retrying ... [Errno -2] Name or service not known')': /simple/x/\n", "could not be reached"),
        ("ERROR: 503 Server Error: Service Unavailable for url\n", "answered with an error"),
        ("warming up\nsomething new went wrong\n\n", "something new went wrong"),
        (
            "error: no .npmrc.\n\nCaused by:\n  reasons\n\nStack backtrace:\n 0: x",
            "error: no .npmrc. Caused by: reasons",
        ),
        ("", "it ended without a word"),
    ],
)
def test_failures_are_put_into_words(output: str, said: str) -> None:
    """What pip and Deno print becomes what happened and what to do."""
    assert said in explain(output)


def test_the_npm_packages_of_this_machine_are_counted() -> None:
    """Packages for other systems and processors stand in the lock file too."""
    lock = {
        "npm": {
            "everywhere@1.0.0": {},
            "here@1.0.0": {"os": [sys.platform]},
            "elsewhere@1.0.0": {"os": ["beos"]},
            "other-processor@1.0.0": {"os": [sys.platform], "cpu": ["z80"]},
        }
    }

    assert npm_packages_here(lock) == 2
