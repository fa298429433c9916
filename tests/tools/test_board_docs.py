"""What `tools board` can say stands in its README."""

import re

from tests.tools.checkout import ROOT
from tools.cli import app

README = (ROOT / "tools/board/README.md").read_text(encoding="utf-8")


def test_every_verdict_on_an_ingest_url_is_described() -> None:
    """One row each, and no row too many."""
    source = (ROOT / "tools/board/ingest.py").read_text(encoding="utf-8")
    codes = set(re.findall(r'Verdict\(\s*"([a-z_]+)"', source))

    rows = set(re.findall(r"^\| `([a-z_]+)` \|", README, re.MULTILINE))

    assert codes == rows


def test_every_command_has_its_section() -> None:
    """Under the name that is typed."""
    (group,) = [one for one in app.registered_groups if one.name == "board"]
    assert group.typer_instance is not None
    names = {command.callback.__name__ for command in group.typer_instance.registered_commands if command.callback}

    headings = set(re.findall(r"[a-z]+", " ".join(re.findall(r"^## (.+)$", README, re.MULTILINE)).lower()))

    assert names <= headings


def test_every_phrase_that_is_explained_is_said() -> None:
    """The table of errors quotes what the code says."""
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tools/board").glob("*.py"))
    said = " ".join(re.sub(r'"\s*f?"', "", source).split()).lower()
    table = README.partition("## When it says")[2]
    phrases = [row.split("|")[1].strip() for row in table.splitlines() if row.startswith("| ") and "it says" not in row]

    missing = [
        phrase
        for row in phrases
        for phrase in row.replace("/dev/tty", "").replace("...", "").split(", ")
        if phrase.strip().lower().rstrip(" :") not in said and " or settings.toml" not in phrase
    ]

    assert missing == []
