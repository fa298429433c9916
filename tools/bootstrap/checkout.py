"""One checkout: where things lie in it, what is installed, and the environment of what is started."""

import hashlib
import json
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK_OF_EVERY_COMMAND = "requirements.lock"
LOCK_OF_TEST = "requirements-test.lock"
LOCK_OF_PIP = "requirements-pip.lock"
NPM_RECORD = "deno.lock"
UNFINISHED = "unfinished"

Record = dict[str, str]


class SetupError(Exception):
    """Setting up cannot go on; the text says what happened and what the reader can do."""


class Checkout:
    """Where things lie in one checkout, and what has been installed into it."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.python = self.venv / "bin" / "python"
        self.deno = self.venv / "bin" / "deno"
        self.log = self.venv / "install.log"
        self.record_file = self.venv / "installed.json"

    def digest(self, lock: str) -> str:
        """SHA-256 of a lock file; for deno.lock also of the manifests of the Deno workspace."""
        files = [self.root / lock]
        if lock == NPM_RECORD:
            workspace = self.root / "deno.json"
            members = json.loads(workspace.read_bytes())["workspace"]
            manifests = [self.root / member / name for member in members for name in ("deno.json", "package.json")]
            files += [workspace, *(manifest for manifest in manifests if manifest.exists())]
        digest = hashlib.sha256()
        for file in files:
            digest.update(file.read_bytes())
        return digest.hexdigest()

    def record(self) -> Record:
        """What is installed: lock file -> digest, plus the interpreter; empty if nothing (readable) is there."""
        try:
            record = json.loads(self.record_file.read_bytes())
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    def write_record(self, record: Record) -> None:
        """Replaces the record in one step, so that a cut leaves the old one or the new one."""
        temporary = self.record_file.with_suffix(".new")
        temporary.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        temporary.replace(self.record_file)

    def interpreter(self) -> str:
        """The Python that the environment stands on ("" if it is gone, as after an upgrade of the system)."""
        return os.path.realpath(self.python) if self.python.exists() else ""

    def python_is_ready(self, lock: str) -> bool:
        """Whether the packages of `lock` are installed, whole, and on an interpreter that is still there."""
        record = self.record()
        interpreter = self.interpreter()
        return (
            bool(interpreter)
            and UNFINISHED not in record
            and record.get("interpreter") == interpreter
            and record.get(lock) == self.digest(lock)
        )

    def npm_is_ready(self) -> bool:
        """Whether the npm packages of deno.lock are installed."""
        return (self.root / "node_modules").is_dir() and self.record().get(NPM_RECORD) == self.digest(NPM_RECORD)

    def is_ready(self, lock: str) -> bool:
        """Whether there is nothing to install."""
        return self.python_is_ready(lock) and self.npm_is_ready()


def environment(checkout: Checkout) -> dict[str, str]:
    """The environment of everything that is started: this one, over defaults for Deno.

    Its cache lies in the checkout, it trusts what the system trusts (a company's proxy, say), and asks for no updates.
    Modules of the caller's PYTHONPATH stay out: they would hide those that the lock files pin.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return {
        "DENO_DIR": str(checkout.venv / "deno"),
        "DENO_NO_UPDATE_CHECK": "1",
        "DENO_TLS_CA_STORE": "system,mozilla",
        **inherited,
    }
