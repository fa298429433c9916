"""GitHub's workflows: pinned, with no more rights than they need, and calling what exists."""

import re
from pathlib import Path

import pytest

from tests.tools.checkout import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ALLOWED = {"contents: read", "pages: write", "id-token: write"}


def ids(path: Path) -> str:
    """The file's name."""
    return path.name


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=ids)
def test_actions_are_pinned_by_commit(workflow: Path) -> None:
    """With the release in a comment."""
    uses = re.findall(r"uses: (.+)$", workflow.read_text(encoding="utf-8"), re.MULTILINE)

    assert uses
    assert [use for use in uses if not re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []


def test_the_same_action_is_pinned_to_the_same_commit_everywhere() -> None:
    """One update, one search."""
    text = "\n".join(workflow.read_text(encoding="utf-8") for workflow in WORKFLOWS)
    pins: dict[str, set[str]] = {}
    for action, pin in re.findall(r"uses: ([\w/-]+)@(.+)$", text, re.MULTILINE):
        pins.setdefault(action, set()).add(pin)

    assert {action: found for action, found in pins.items() if len(found) > 1} == {}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=ids)
def test_rights_are_minimal(workflow: Path) -> None:
    """The whole workflow reads at most; only the job that publishes may write, to Pages."""
    text = workflow.read_text(encoding="utf-8")
    granted = set(re.findall(r"^ +((?:[a-z-]+): (?:read|write))$", text, re.MULTILINE))

    assert re.search(r"^permissions:(?: \{\}|\n  contents: read\n\n)", text, re.MULTILINE)
    assert granted <= ALLOWED
    assert "write-all" not in text
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=ids)
def test_no_expression_is_pasted_into_a_script(workflow: Path) -> None:
    """Values reach scripts through the environment: an expression in `run` can be made to run anything."""
    runs = re.findall(r"run: (.+)$", workflow.read_text(encoding="utf-8"), re.MULTILINE)

    assert runs
    assert [run for run in runs if "${{" in run] == []


def test_they_call_what_exists() -> None:
    """CI's own script, and the modules by name."""
    tests = (ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8")
    pages = (ROOT / ".github/workflows/pages.yml").read_text(encoding="utf-8")

    assert "run: bash .ci/run" in tests
    assert (ROOT / ".ci/run").exists()
    for module in re.findall(r"python3? -m (tools\.[a-z_.]+)", pages):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists()
    for path in re.search(r"paths: \[(.+)\]", pages)[1].split(", "):  # type: ignore[index]
        assert (ROOT / path.removesuffix("/**")).exists()
