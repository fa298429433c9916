"""What a person types wrong, at every place where the tools take it: words, never a library's exception."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.tools.board_world import blank_drive, to_folder
from tools.cli import app

DEVICE = "550e8400-e29b-41d4-a716-446655440000"
URL = "https://club.example/functions/v1/ingest"
PROJECT = "abcdefghijklmnopqrst"
INSTALL = (
    "board install --path CIRCUITPY --offline --yes --dry-run --wifi Hangar --wifi-password password"
    f" --ingest-url {URL}"
)
SEND = "board sessions --folder aside --send --ingest-url"
BACKUP = "backup --database-url postgresql://127.0.0.1:9/x"
# What is typed -> what is said about it (in usage errors, on the screen).
MISTAKES = {
    "board sessions --folder garbage": "nothing can be read",
    "board sessions --folder garbage --format json": "nothing can be read",
    "board sessions --folder garbage --format csv": "nothing can be read",
    "board sessions --folder garbage/sessions.json": "nothing can be read",
    "board sessions --folder other": "nothing can be read",
    "board sessions --path garbage-drive": "nothing can be read",
    "board sessions --folder empty": "There is no sessions.json",
    "board sessions --folder nowhere": "Name the folder that holds",
    "board sessions --folder text.txt": "nothing can be read",
    "board sessions --format xml": "Invalid value",
    f"{SEND} {URL}": "nothing can be read",
    "board install --path text.txt": "There is no folder",
    "board install --path empty": "is no CircuitPython drive",
    "board install --host 127.0.0.1:x --password p": "No board answers",
    "board install --host [::1 --password p": "No board answers",
    "board install --port text.txt": "cannot be opened",
    "board install --port /dev/null": "cannot be opened",
    "board install --port /dev/ttyNOPE": "There is no serial port",
    "board install --port a --host b": "name one of them",
    "board install --wifi-password password": "needs --wifi as well",
    f"{INSTALL} --wifi ''": "1 to 32 bytes",
    f"{INSTALL} --wifi {'ü' * 17}": "1 to 32 bytes",
    f"{INSTALL} --wifi-password short": "8 to 63 bytes",
    f"{INSTALL} --ingest-url club.example": "must start with https://",
    f"{INSTALL} --ingest-url https://YOUR-PROJECT.supabase.co/functions/v1/ingest": "still says YOUR-PROJECT",
    f"{INSTALL} --ingest-url https://club.example": "The ingest URL",
    f"{INSTALL} --ingest-url https://[::1/functions/v1/ingest": "is not an address",
    f"{INSTALL} --ingest-url https://club.example:99999/functions/v1/ingest": "is not an address",
    f"{INSTALL} --access-token 'two words'": "has a space",
    f"{INSTALL} --access-token schlüssel": "beyond ASCII",
    f"{INSTALL} --web-password ''": "--web-password is empty",
    f"{INSTALL} --web-password {'x' * 300}": "CIRCUITPY_WEB_API_PASSWORD",
    f"{INSTALL} --portal nonsense": "--portal nonsense is not an address",
    "board logs --port /dev/null --seconds 1": "cannot be opened",
    "board logs --seconds soon": "Invalid value",
    "board accept --port /dev/ttyNOPE": "There is no serial port",
    "board accept --port /dev/null --report empty/no/report.md": "There is no folder",
    "simulate --url http://[::1": "No ingest function answers",
    "simulate --url ''": "No ingest function answers",
    "simulate --url file:///etc/passwd": "No ingest function answers",
    "simulate --faults rain": "There is no fault",
    "deploy --project x": "is no project reference",
    f"deploy --project {PROJECT} --site-url nonsense": "cannot be used",
    f"deploy --project {PROJECT} --site-url https://[::1": "cannot be used",
    f"deploy --project {PROJECT} --url https://club.example:99999 --dry-run": "cannot be used",
    f"deploy --project {PROJECT} --access-token short": "16 to 200 characters",
    f"deploy --project {PROJECT} --database-url nonsense --dry-run": "write it as postgresql://",
    "backup --database-url nonsense": "write it as postgresql://",
    "backup --database-url postgresql://[bad": "cannot be reached",
    f"backup --project {PROJECT[::-1]}": "Which database",
    f"{BACKUP} --out empty": "is a folder",
    f"{BACKUP} --restore nowhere": "cannot be read",
    f"{BACKUP} --restore text.txt": "no whole backup",
    f"{BACKUP} --restore a --out b": "goes with a copy",
    "bench --json empty": "is a folder",
    "bench --write": "goes with --full",
    "serve --database postgresql://[bad --no-browser": "is not reachable",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what people have lying about."""
    folder = tmp_path_factory.mktemp("desk")
    for name in ("garbage", "other", "empty", "aside", "aside/logger", "garbage-drive"):
        (folder / name).mkdir()
    (folder / "garbage/sessions.json").write_bytes(b"\xff\xfegarbage{{{")
    (folder / "other/sessions.json").write_text('{"device_uuid": "x", "sessions": [1, 2]}')
    (folder / f"aside/sessions-{DEVICE}.json").write_text("nonsense")
    (folder / f"aside/logger/identity-{DEVICE}.json").write_text("[1]")
    (folder / "garbage-drive/boot_out.txt").write_bytes(b"\xff\xfe")
    (folder / "garbage-drive/sessions.json").write_text("[]")
    (folder / "text.txt").write_text("hello")
    to_folder(blank_drive(), folder / "CIRCUITPY")
    return folder


@pytest.mark.parametrize("typed", MISTAKES)
def test_a_mistake_is_answered_in_words(typed: str, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What happened, where, and what to do; exit code 1, or 2 for wrong usage."""
    monkeypatch.chdir(desk)
    monkeypatch.setenv("COLUMNS", "300")
    for name in ("SUPABASE_PROJECT_ID", "SUPABASE_DB_PASSWORD", "INGEST_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    result = CliRunner().invoke(app, typed)

    assert result.exit_code in (1, 2), result.output
    assert result.exception is not None
    ours = type(result.exception).__module__.startswith("tools.")
    assert ours or result.exit_code == 2, repr(result.exception)
    assert MISTAKES[typed] in (str(result.exception) if ours else result.output)
