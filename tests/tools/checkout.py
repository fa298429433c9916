"""A small copy of this repository to set up: the real bootstrap, with one tiny package that brings the real Deno."""

import functools
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.bootstrap.checkout import LOCK_OF_PIP

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS = 180
WHEEL_NAME = "tiny-1.0-py3-none-any.whl"
NPM_PACKAGE = "postgres"
# Stands where the real commands stand, and tells what it was handed.
CLI = """
import os, sys
import tiny
print("ran", sys.argv[1:], os.environ["DENO_DIR"])
"""


def make_wheel(folder: Path) -> Path:
    """Builds the package `tiny` 1.0, whose script `deno` is the real one."""
    deno = Path(sys.executable).with_name("deno")
    info = "tiny-1.0.dist-info"
    files = {
        "tiny.py": "VALUE = 1\n",
        "tiny-1.0.data/scripts/deno": f'#!/bin/sh\nexec "{deno}" "$@"\n',
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    wheel = folder / WHEEL_NAME
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100755 << 16  # pip keeps the executable bit of regular files
            archive.writestr(entry, content)
    return wheel


@functools.cache
def pip_wheel() -> Path:
    """A whole pip without any network: the installed one, packed again."""
    pip = importlib.metadata.distribution("pip")
    wheel = Path(_shelf.name) / f"pip-{pip.version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in pip.files or ():
            if file.parts[0] in ("pip", f"pip-{pip.version}.dist-info") and "__pycache__" not in file.parts:
                archive.write(str(pip.locate_file(file)), str(file))
    return wheel


_shelf = tempfile.TemporaryDirectory(prefix="pip-")


def sha256(file: Path) -> str:
    """The file's digest, as pip writes it."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _link_or_copy(source: str, target: str) -> None:
    """What pip and Deno installed they replace and never rewrite: a second name does, and the thousand copies go."""
    if {"site-packages", "node_modules"} & set(Path(source).parts):
        os.link(source, target)
    else:
        shutil.copy2(source, target)


class SmallCheckout:
    """The copy. `run` and `start` call `python -m tools` in it; Python packages come from the folder `wheels`."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "checkout"
        self.wheels = folder / "wheels"
        self.wheels.mkdir(parents=True)
        self.wheel = make_wheel(self.wheels)
        shutil.copytree(ROOT / "tools" / "bootstrap", self.root / "tools" / "bootstrap")
        for name in ("__init__.py", "__main__.py"):
            shutil.copy(ROOT / "tools" / name, self.root / "tools")
        (self.root / "tools" / "cli.py").write_text(CLI)
        self.deno_dir = os.environ.get("DENO_DIR", str(ROOT / ".venv" / "deno"))
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PIP_")},
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "DENO_DIR": self.deno_dir,
        }
        (self.root / LOCK_OF_PIP).write_text(
            f"pip=={pip_wheel().name.split('-')[1]} --hash=sha256:{sha256(pip_wheel())}\n"
        )
        self.write_lock()
        self._write_npm_files()

    def copy(self, folder: Path) -> "SmallCheckout":
        """The same checkout with all that is installed in it, in another place."""
        other = SmallCheckout(folder)
        shutil.rmtree(other.root)
        shutil.copytree(self.root, other.root, symlinks=True, copy_function=_link_or_copy)
        other.write_lock()
        return other

    def _write_npm_files(self) -> None:
        """One member of the workspace, with one package of the real lock file."""
        lock = json.loads((ROOT / "deno.lock").read_bytes())
        key = next(key for key in lock["npm"] if key.startswith(f"{NPM_PACKAGE}@"))
        small_lock = {
            "version": lock["version"],
            "specifiers": {f"npm:{key}": key.partition("@")[2]},
            "npm": {key: lock["npm"][key]},
            "workspace": {"members": {"member": {"dependencies": [f"npm:{key}"]}}},
        }
        workspace = {**json.loads((ROOT / "deno.json").read_bytes()), "workspace": ["./member"]}
        (self.root / "member").mkdir()
        self.manifest.write_text(json.dumps({"imports": {NPM_PACKAGE: f"npm:{key}"}}))
        (self.root / "deno.json").write_text(json.dumps(workspace))
        (self.root / "deno.lock").write_text(json.dumps(small_lock))

    @property
    def manifest(self) -> Path:
        """What the member of the Deno workspace needs."""
        return self.root / "member" / "deno.json"

    @property
    def npm_package(self) -> Path:
        """Where the npm package stands when it is installed."""
        return self.root / "node_modules" / NPM_PACKAGE

    def write_lock(self, name: str = "requirements.lock", *, version: str = "1.0", digest: str | None = None) -> None:
        """Pins tiny in a lock file, and in the test lock with it."""
        pin = f"tiny=={version} \\\n    --hash=sha256:{digest or sha256(self.wheel)}\n"
        (self.root / name).write_text(pin)
        if name == "requirements.lock":
            (self.root / "requirements-test.lock").write_text(pin + "# for tests\n")

    def command(self, *arguments: str) -> list[str]:
        """What a user types."""
        return [sys.executable, "-m", "tools", *arguments]

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Starts a command."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.root,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


class SlowIndex:
    """A package index on loopback that hands out the wheel only when told to.

    `asked` is set when somebody wants the wheel; `downloads` counts how often it was handed out.
    """

    def __init__(self, wheel: Path) -> None:
        self.asked = threading.Event()
        self.released = threading.Event()
        self.downloads = 0
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.endswith(".whl"):
                    index.asked.set()
                    index.released.wait(TIMEOUT_SECONDS)
                    index.downloads += 1
                    self._answer(wheel.read_bytes(), "application/octet-stream")
                else:
                    self._answer(f'<a href="/{WHEEL_NAME}">{WHEEL_NAME}</a>'.encode(), "text/html")

            def _answer(self, body: bytes, content_type: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Keeps the test's output clean."""

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    self.close_connection = True  # the client was killed, as the test wanted

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        port = self._server.server_address[1]
        self.environment = {
            "PIP_NO_INDEX": "0",
            "PIP_FIND_LINKS": "",
            "PIP_INDEX_URL": f"http://127.0.0.1:{port}/simple",
        }
        self.environment["PIP_NO_CACHE_DIR"] = "1"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
