"""What the documents say exists, and what exists is said."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from tests.tools.checkout import ROOT
from tools.cli import app
from tools.commands.simulate import FAULTS


def leaves(command: object, name: str = "") -> Iterator[tuple[str, TyperCommand]]:
    """The commands that do something, as they are typed: `demo`, `board install`."""
    if isinstance(command, TyperGroup):
        for word, inner in command.commands.items():
            yield from leaves(inner, f"{name} {word}".strip())
    else:
        assert isinstance(command, TyperCommand)
        yield name, command


COMMANDS = dict(leaves(typer.main.get_command(app)))
GROUPS = {command.partition(" ")[0] for command in COMMANDS if " " in command}
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "*/README.md", "*/*/README.md")
    for path in ROOT.glob(pattern)
    if not {"node_modules", ".venv", ".local", ".pytest_cache"} & set(path.relative_to(ROOT).parts)
)
SECTIONS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def options_of(command: str) -> set[str]:
    """The long options that the command takes, but for --help."""
    options = (parameter for parameter in COMMANDS[command].params if isinstance(parameter, TyperOption))
    return {name for option in options for name in option.opts if name.startswith("--")} - {"--help"}


def test_the_readme_names_every_command() -> None:
    """The table has a row for each of them, and no other."""
    table = README.partition("## Commands")[2].partition("\n## ")[0]

    assert sorted(re.findall(r"^\| `python3 -m tools ([a-z ]+)` \|", table, re.M)) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_its_options(command: str) -> None:
    """`--help` says what each of them does, in a sentence."""
    found = COMMANDS[command]
    options = [option for option in found.params if isinstance(option, TyperOption)]

    unexplained = [option.name for option in options if not (option.help or "").rstrip(")").endswith(".")]

    assert found.help
    assert unexplained == []


def test_the_help_names_every_fault() -> None:
    """What `--faults` takes."""
    (option,) = [parameter for parameter in COMMANDS["simulate"].params if parameter.name == "faults"]

    assert isinstance(option, TyperOption)
    assert option.help is not None
    assert f": {','.join(FAULTS)}." in option.help


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_call_in_the_documents_exists(document: Path) -> None:
    """Commands with their options, and modules that are run as programs."""
    text = document.read_text(encoding="utf-8")

    for call in re.findall(r"python3 -m tools\b(?![.])([^`\n|]*)", text):
        words = [word for word in call.split("#")[0].split() if word not in ("--debug", "...")]
        command = next((words[:length] for length in (2, 1) if " ".join(words[:length]) in COMMANDS), None)
        if command is None:
            assert words[:1] in ([], ["--help"]) or words[0] in GROUPS, call
        elif command != ["test"]:
            assert set(re.findall(r"--[a-z-]+", call)) <= options_of(" ".join(command)) | {"--help", "--debug"}, call
    for module in re.findall(r"python3? -m (tools\.[a-z_.]+[a-z])", text):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_and_picture_in_the_documents_exists(document: Path) -> None:
    """Relative ones, to files of this repository."""
    targets = re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8"))

    missing = [
        target
        for target in targets
        if not target.startswith(("http://", "https://", "#"))
        and not (document.parent / target.partition("#")[0]).exists()
    ]

    assert missing == []


def test_the_layout_names_what_is_there() -> None:
    """Every path in the layout's first column exists, and every folder of ours is in it."""
    table = README.partition("## Layout")[2].partition("## Commands")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]

    named = {path for row in rows for path in re.findall(r"`([^`]+)`", row.split("|")[1])}

    assert [path for path in named if not (ROOT / path).exists()] == []
    assert {"firmware/", "supabase/", "site_sym/", "tools/", "tests/"} <= named


def test_the_quick_start_comes_first() -> None:
    """The two commands stand before anything that needs scrolling."""
    beginning = "\n".join(README.splitlines()[:20])

    assert "python3 -m tools demo" in beginning
    assert "python3 -m tools test" in beginning


def test_the_changelog_keeps_its_form() -> None:
    """Versions, newest first, with the usual kinds of changes."""
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()

    versions = [line for line in lines if line.startswith("## ")]
    kinds = {line.removeprefix("### ") for line in lines if line.startswith("### ")}

    assert versions[0] == "## [Unreleased]"
    assert all(re.fullmatch(r"## \[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", version) for version in versions[1:])
    assert kinds <= SECTIONS


def anchors_of(document: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_anchor_in_the_documents_exists(document: Path) -> None:
    """Links to headings, of the same document or of another."""
    targets = re.findall(r"\]\(([^)\s:]*)#([^)\s]+)\)", document.read_text(encoding="utf-8"))

    missing = [
        f"{file}#{anchor}" for file, anchor in targets if anchor not in anchors_of(document.parent / (file or document))
    ]

    assert missing == []


# Names in the documents that no code of ours has: a reader's own variable, an option of psql.
FOREIGN_VARIABLES = {"NEW_DATABASE_URL", "ON_ERROR_STOP"}


def sources() -> str:
    """All code and configuration of the repository, as one text."""
    patterns = (
        "tools/**/*.py",
        "firmware/*.py",
        "supabase/**/*.ts",
        "supabase/**/*.toml",
        "site_sym/*.ts",
        ".github/**/*.yml",
    )
    files = (path for pattern in patterns for path in sorted(ROOT.glob(pattern)) if "node_modules" not in path.parts)
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_variable_and_setting_in_the_documents_exists(document: Path) -> None:
    """Words in capitals with underscores: environment variables, secrets, keys of settings.toml."""
    named = set(re.findall(r"(?<![\w.-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w.*])", document.read_text(encoding="utf-8")))
    code = sources()

    assert [name for name in sorted(named - FOREIGN_VARIABLES) if name not in code] == []


def test_every_variable_of_the_commands_is_in_the_documents() -> None:
    """What an option can take from the environment."""
    documents = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    variables = {
        str(option.envvar)
        for command in COMMANDS.values()
        for option in command.params
        if isinstance(option, TyperOption) and option.envvar
    }

    assert [name for name in sorted(variables) if name not in documents] == []


def test_every_setting_of_the_board_is_in_its_readme() -> None:
    """The keys that the program reads, and those that the document lists, are the same."""
    program = (ROOT / "firmware/code.py").read_text(encoding="utf-8")
    readme = (ROOT / "firmware/README.md").read_text(encoding="utf-8")

    read = set(re.findall(r"LOGGER_[A-Z_]+[A-Z]", program))

    assert read == set(re.findall(r"LOGGER_[A-Z_]+[A-Z]", readme))


def test_every_secret_of_the_board_is_in_its_readme() -> None:
    """The example of secrets.py has the keys that the program reads, and no other."""
    program = (ROOT / "firmware/code.py").read_text(encoding="utf-8")
    readme = (ROOT / "firmware/README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(secrets = .*?)^```", readme, re.MULTILINE | re.DOTALL)

    read = set(re.findall(r'secrets\.get\("(\w+)"\)', program))

    assert len(read) == 3
    assert read == set(re.findall(r'^    "(\w+)":', example, re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_in_the_documents_exists(document: Path) -> None:
    """Paths below this repository's folders, in code spans and in commands."""
    roots = "firmware|supabase|site_sym|tools|tests|.github|.ci"
    paths = re.findall(rf"(?<![\w./:@-])(?:{roots})/[\w./-]*[\w/]", document.read_text(encoding="utf-8"))

    assert [path for path in paths if not (ROOT / path).exists()] == []
