"""What `tools board` can say stands in its README."""

import re

from tests.tools.checkout import ROOT
from tests.tools.messages import errors_of, explained_phrases
from tools.board import errors
from tools.cli import app

DOCUMENT = ROOT / "tools/board/README.md"
README = DOCUMENT.read_text(encoding="utf-8")


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

    assert [phrase for phrase in explained_phrases(DOCUMENT) if phrase not in said] == []


def test_every_error_is_explained() -> None:
    """Each has a phrase in the table."""
    names = [name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, errors.BoardError)]
    phrases = explained_phrases(DOCUMENT)
    said = list(errors_of("tools/board", *names))

    assert len(said) > 40
    assert [text for text in said if not any(phrase in text for phrase in phrases)] == []
