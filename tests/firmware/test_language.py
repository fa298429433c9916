"""The firmware uses only what CircuitPython has: checked by its own kind of VM and by its published types."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from deno import find_deno_bin

from tests.firmware.parts import BACKLOG_HEAP_BYTES, PROGRAM_HEAP_BYTES

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
SECRETS = 'secrets = {"ingest_url": "https://project.example/functions/v1/ingest", "networks": [("Hangar", "pass")]}\n'


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    """A folder that stands for the board's drive, with the owner's secrets.py on it."""
    (tmp_path / "secrets.py").write_text(SECRETS)
    return tmp_path


def power_up(drive: Path, seconds: int) -> list[str]:
    """Run code.py on a MicroPython VM until the power goes after `seconds` of board time; its console."""
    result = subprocess.run(
        [
            find_deno_bin(),
            "run",
            "--allow-read",
            "--allow-write",
            ROOT / "tests/micropython/run_firmware.ts",
            FIRMWARE / "code.py",
            drive,
            str(seconds),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert 0 == result.returncode, result.stdout + result.stderr
    return result.stdout.splitlines()


def sent(console: list[str]) -> list[list[dict[str, Any]]]:
    """The batches that the server of the VM received."""
    return [json.loads(line.removeprefix("server: ")) for line in console if line.startswith("server: ")]


def test_first_power_up_counts_stores_and_sends(drive: Path) -> None:
    """A board with only code.py and secrets.py lays out its files, counts, learns the time and reports."""
    console = power_up(drive, 200)

    kept = json.loads((drive / "sessions.json").read_text())
    open_session = kept["sessions"][0]
    assert [None] == kept["sessions"][1:]
    assert ("2025-10-23T18:00:00Z", "open") == (open_session["start"], open_session["status"])
    assert 180 <= open_session["run_seconds"] <= 200
    assert [63, 120, 180] == [batch[0]["run_seconds"] for batch in sent(console)]
    assert "Updated: 2025-10-23T18:02:00Z run 120 s" in console


def test_next_power_up_closes_the_session_and_delivers_it(drive: Path) -> None:
    """The last figure of a session is sent, as closed, by the next power-up."""
    power_up(drive, 200)
    ended = json.loads((drive / "sessions.json").read_text())["sessions"][0]

    console = power_up(drive, 100)

    closed = sent(console)[0][0]
    assert ("closed", 1) == (closed["status"], closed["boot"])
    assert ended["run_seconds"] <= closed["run_seconds"] <= 200
    identity = json.loads((drive / "logger/identity.json").read_text())
    assert identity["device_uuid"] == closed["device_uuid"]


def test_heap_stays_small(drive: Path) -> None:
    """The loaded program and its packed records stay within their share."""
    console = power_up(drive, 200)

    heap = next(int(line.removeprefix("heap: ")) for line in console if line.startswith("heap: "))
    assert 0 < heap <= PROGRAM_HEAP_BYTES + BACKLOG_HEAP_BYTES


def fits(code: Path, kibibytes: int) -> bool:
    """Whether a program compiles within that heap on a MicroPython VM."""
    script = ROOT / "tests/micropython/compile_heap.ts"
    result = subprocess.run(
        [find_deno_bin(), "run", "--allow-read", script, code, str(kibibytes)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert result.stdout.strip() in ("fits", "does not fit")
    return result.stdout.strip() == "fits"


def test_compiling_stays_within_the_heap_that_the_readme_says() -> None:
    """A ninth of the smallest PSRAM; half of it, which a chip without PSRAM can spare beside TLS, is not enough."""
    (said,) = re.findall(r"heap to compile it.*? at most (\d+) KiB", (FIRMWARE / "README.md").read_text())

    assert fits(FIRMWARE / "code.py", int(said))
    assert not fits(FIRMWARE / "code.py", int(said) // 2)


def test_types_agree_with_circuitpython(tmp_path: Path) -> None:
    """mypy finds nothing in the firmware against the type stubs that CircuitPython publishes."""
    # Under their own names `code` and `secrets` would shadow modules of the standard library.
    for name in ("code", "boot", "safemode"):
        shutil.copy(FIRMWARE / f"{name}.py", tmp_path / f"firmware_{name}.py")

    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file=", "--strict", "--ignore-missing-imports", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT / "tests/firmware/typings")},
    )

    assert 0 == result.returncode, result.stdout + result.stderr


def test_names_only_modules_of_the_board() -> None:
    """Every import of the firmware is a module of CircuitPython, a listed library or the owner's secrets."""
    libraries = set((FIRMWARE / "requirements.txt").read_text().split())
    board = {
        "analogio",
        "binascii",
        "board",
        "digitalio",
        "espidf",
        "gc",
        "json",
        "microcontroller",
        "neopixel_write",
        "os",
        "rtc",
    }
    board |= {"socketpool", "ssl"}
    board |= {"storage", "struct", "supervisor", "time", "traceback", "watchdog", "wifi"}
    optional = {"typing", "collections.abc"}  # for the type checker; code.py goes on without them

    imported = set()
    for path in FIRMWARE.glob("*.py"):
        imported |= set(re.findall(r"^\s*(?:from|import) ([\w.]+)", path.read_text(), re.MULTILINE))

    assert set() == imported - board - libraries - optional
