"""Installs what is missing: the environment, the Python packages, the npm packages."""

import contextlib
import json
import os
import platform
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tools.bootstrap.checkout import (
    LOCK_OF_EVERY_COMMAND,
    LOCK_OF_TEST,
    NPM_RECORD,
    UNFINISHED,
    Checkout,
    SetupError,
    environment,
)
from tools.bootstrap.pip import has_ensurepip, install_pip
from tools.bootstrap.progress import Progress

REDRAW_SECONDS = 0.1
END_OF_CHILD_SECONDS = 5.0
UNPACKING = "Installing collected packages"

# What the output of venv, pip and Deno says when they fail -> what to tell the reader, most telling first.
EXPLANATIONS = (
    (
        r"DO NOT MATCH THE HASHES|checksum did not match|[Ii]ntegrity check failed",
        "a package that arrived is not the one the lock file names (hash mismatch), so nothing of it was used."
        " If a mirror or proxy stands between, empty its cache; do not work around this.",
    ),
    (
        r"No space left on device|os error 28|Disk quota exceeded",
        "the disk is full. Make 1 GB of room and run the same command again.",
    ),
    (
        r"[Rr]ead-only file system|Permission denied|os error 13",
        "a folder cannot be written. The checkout must belong to the user who runs this.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|invalid peer certificate",
        "the certificate of the package index was not accepted. Behind a proxy that opens TLS, name its certificate"
        " in PIP_CERT and DENO_CERT; otherwise check this machine's date.",
    ),
    (
        r"name resolution|Name or service not known|nodename nor servname|dns error|Network is unreachable"
        r"|Connection refused|Connection reset|Connection aborted|NewConnectionError|ConnectTimeout|[Tt]imed out"
        r"|ProxyError|error sending request|[Cc]onnection (?:closed|error)|RemoteDisconnected|IncompleteRead",
        "the package index could not be reached. Check the network (behind a proxy: HTTPS_PROXY) and run the same"
        " command again; what has arrived is not fetched twice.",
    ),
    (
        r"lockfile is out of date|lock file is out of date",
        "deno.lock does not agree with deno.json and the manifests of its members. Bring it up to date with"
        " .venv/bin/deno install --frozen=false and commit it.",
    ),
    (
        r"No matching distribution found for (?P<what>\S+)|None of the hashes matched",
        "there is no build of a package for Python {python} on {machine}. Supported are"
        " Python 3.11 to 3.14 on Linux (glibc) and macOS, x86-64 and ARM64.",
    ),
    (
        r"HTTP error (?P<what>\d+)|(?P<what2>[45]\d\d) (?:Client|Server) Error|Bad response: (?P<what3>\d+)",
        "the package index answered with an error. Try again later.",
    ),
)


def explain(output: str) -> str:
    """What went wrong and what to do about it, from the output of a failed installer."""
    for pattern, text in EXPLANATIONS:
        found = re.search(pattern, output)
        if found:
            line = output[output.rfind("\n", 0, found.start()) + 1 :].split("\n", 1)[0].strip()
            errno = re.search(r"\[Errno -?\d+\] [^'\")]+", line)
            evidence = errno[0] if errno else line[:160]
            text = text.format(python=platform.python_version(), machine=f"{sys.platform} {platform.machine()}")
            return f"{text} ({evidence})"
    errors = list(re.finditer(r"^error", output, re.IGNORECASE | re.MULTILINE))
    rest = (
        output[errors[-1].start() :].split("Stack backtrace", 1)[0] if errors else output.rstrip().rpartition("\n")[2]
    )
    return " ".join(rest.split())[:300] or "it ended without a word."


def npm_packages_here(lock: dict[str, Any]) -> int:
    """How many packages of a deno.lock are for this system and processor."""
    processor = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    here = {"os": sys.platform, "cpu": processor}
    return sum(
        all(here[trait] in package.get(trait, [here[trait]]) for trait in here) for package in lock["npm"].values()
    )


@contextlib.contextmanager
def end_on_signals() -> Iterator[None]:
    """Turns SIGTERM and SIGHUP into SystemExit, so that the children are ended with us."""

    def leave(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Installer:
    """Installs into one checkout while its lock is held."""

    def __init__(self, checkout: Checkout, lock_descriptor: int) -> None:
        self.checkout = checkout
        self.lock_descriptor = lock_descriptor
        self.progress = Progress(0)

    def install(self, lock: str) -> None:
        """Makes every missing step in turn, each recorded when it is done. Raises SetupError or OSError."""
        if self.checkout.venv.exists() and not self.checkout.venv.is_dir():
            raise SetupError(f"{self.checkout.venv} is not a folder. Move it away and run the same command again.")
        fresh = not self._environment_is_sound()
        steps = [
            *([self._make_environment] if fresh else []),
            *(
                [lambda: self._install_python_packages(lock)]
                if fresh or not self.checkout.python_is_ready(lock)
                else []
            ),
            *([self._install_npm_packages] if fresh or not self.checkout.npm_is_ready() else []),
        ]
        self.progress = Progress(len(steps))
        self.progress.note(f"Setting up {self.checkout.root}: about a minute, once.")
        self.checkout.log.unlink(missing_ok=True)
        with end_on_signals():
            try:
                for step in steps:
                    step()
            except BaseException:
                self.progress.clear()
                raise

    def _environment_is_sound(self) -> bool:
        """Whether `.venv` can be installed into: a Python we know, with pip, and nothing left half unpacked."""
        record = self.checkout.record()
        interpreter = self.checkout.interpreter()
        if not interpreter or UNFINISHED in record or record.get("interpreter", interpreter) != interpreter:
            return False
        probe = [str(self.checkout.python), "-I", "-c", "import pip, sys; sys.exit(sys.version_info < (3, 11))"]
        return subprocess.run(probe, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0

    def _make_environment(self) -> None:
        venv = self.checkout.venv
        self.progress.start("Python environment")
        if venv.exists():
            self.progress.note("The environment in .venv is unfinished or its Python is gone: making a new one.")
            shutil.rmtree(venv)
        venv.mkdir()
        self.checkout.write_record({UNFINISHED: "environment"})
        python: str = getattr(sys, "_base_executable", sys.executable)

        def run(command: Sequence[str]) -> None:
            self._run(command, lambda line: self.progress.update())

        if has_ensurepip():
            run([python, "-I", "-m", "venv", str(venv)])
        else:
            run([python, "-I", "-m", "venv", "--without-pip", str(venv)])
            install_pip(self.checkout, python, run)
        self.checkout.write_record({"interpreter": self.checkout.interpreter()})
        self.progress.finish("made")

    def _install_python_packages(self, lock: str) -> None:
        file = self.checkout.root / lock
        total = len(re.findall(r"^[\w.\[\]-]+==", file.read_text(encoding="utf-8"), re.MULTILINE))
        done = 0
        unpacking = False
        detail = ""

        def follow(line: str) -> None:
            nonlocal total, done, unpacking, detail
            if line.startswith("Ignoring "):
                total -= 1
            elif found := re.match(r"(?:Collecting|Processing|Requirement already satisfied:) (\S+)", line):
                done += 1
                detail = found[1].rsplit("/", 1)[-1]
            elif found := re.match(r"\s+Downloading (\S+ \(.*\))", line):
                detail = found[1].rsplit("/", 1)[-1]
            elif "Retrying" in line:
                detail = "no answer, trying again"
            elif line.startswith(UNPACKING):
                unpacking = True
                detail = "unpacking"
            self.progress.update(done, total, detail)

        self.progress.start("Python packages")
        record = self.checkout.record()
        record = {key: value for key, value in record.items() if key not in (LOCK_OF_TEST, LOCK_OF_EVERY_COMMAND)}
        record["interpreter"] = self.checkout.interpreter()
        self.checkout.write_record({**record, UNFINISHED: lock})
        # --no-deps: the lock is complete, and without Blinka, which would bring a `board` module of its own.
        arguments = "install --no-deps --require-hashes --no-input --progress-bar off --disable-pip-version-check -r"
        try:
            self._run([str(self.checkout.python), "-I", "-u", "-m", "pip", *arguments.split(), str(file)], follow)
        except BaseException:
            if not unpacking:  # nothing has been touched yet
                self.checkout.write_record(record)
            raise
        if not self.checkout.deno.exists():
            raise SetupError(f"Deno has no build for {sys.platform} {platform.machine()}.")
        # The test lock holds every pin of the other one.
        self.checkout.write_record(
            {**record, **{name: self.checkout.digest(name) for name in {lock, LOCK_OF_EVERY_COMMAND}}}
        )
        self.progress.finish(f"{done} installed")

    def _install_npm_packages(self) -> None:
        total = npm_packages_here(json.loads((self.checkout.root / NPM_RECORD).read_bytes()))
        unpacked = 0

        def follow(line: str) -> None:
            nonlocal unpacked
            unpacked += line.startswith("Initialize ")
            # Deno says what it asks for, not what has arrived: there is nothing to count until it unpacks.
            self.progress.update(unpacked, total, "unpacking" if unpacked else "fetching")

        self.progress.start("npm packages")
        record = self.checkout.record()
        record.pop(NPM_RECORD, None)
        self.checkout.write_record(record)
        self._run([str(self.checkout.deno), "install", "--frozen"], follow)
        self.checkout.write_record({**record, NPM_RECORD: self.checkout.digest(NPM_RECORD)})
        self.progress.finish("installed")

    def _run(self, command: Sequence[str], follow: Callable[[str], None]) -> None:
        """Runs an installer to its end, handing over its lines as they come. Raises SetupError if it fails.

        `follow` gets an empty line when nothing comes, ten times a second.
        The child has a process group of its own, so that all of it can be ended, and holds the checkout's lock
        for as long as it lives.
        """
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        output: list[str] = []
        with self.checkout.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n")
            child = subprocess.Popen(
                command,
                cwd=self.checkout.root,
                env={**environment(self.checkout), "NO_COLOR": "1", "PIP_USER": "0"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                pass_fds=(self.lock_descriptor,),
                process_group=0,
            )
            reader = threading.Thread(target=_pump, args=(child, lines), daemon=True)
            reader.start()

            def take(line: str) -> None:
                output.append(line)
                log.write(line + "\n")
                follow(line)

            try:
                while reader.is_alive() or not lines.empty():
                    try:
                        take(lines.get(timeout=REDRAW_SECONDS))
                    except queue.Empty:
                        follow("")
                returncode = child.wait()
            finally:
                _end(child)
                reader.join()
                while not lines.empty():
                    take(lines.get())
        if returncode != 0:
            reason = explain("\n".join(output))
            log_name = self.checkout.log.relative_to(self.checkout.root)
            raise SetupError(f'setting up stopped at "{self.progress.title}": {reason} All output: {log_name}')


def _pump(child: subprocess.Popen[str], lines: "queue.SimpleQueue[str]") -> None:
    assert child.stdout is not None
    for line in child.stdout:
        lines.put(line.rstrip("\n"))


def _end(child: subprocess.Popen[str]) -> None:
    """Ends the child's whole process group; by SIGINT first, at which pip clears its temporary files away."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if child.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(END_OF_CHILD_SECONDS)
