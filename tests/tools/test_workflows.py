"""GitHub's workflows: pinned, with no more rights than they need, and calling what exists."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.checkout import ROOT
from tools.bootstrap.checkout import LOCK_OF_EVERY_COMMAND, NPM_RECORD

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


def test_pages_is_built_again_when_anything_that_it_reads_changes() -> None:
    """The page's sources, the modules that build it, the manifests and locks that the set-up installs from."""
    pages = (ROOT / ".github/workflows/pages.yml").read_text(encoding="utf-8")
    patterns = re.search(r"paths: \[(.+)\]", pages)[1].split(", ")  # type: ignore[index]
    imported = (
        "import sys, tools.deploy.portal, tools.bootstrap.install; print(*filter(None, (getattr(one, '__file__', 0)"
    )
    imported += " for name, one in sys.modules.items() if name.split('.')[0] == 'tools')), sep='\\n')"
    modules = subprocess.run([sys.executable, "-c", imported], cwd=ROOT, capture_output=True, text=True, check=True)
    members = json.loads((ROOT / "deno.json").read_bytes())["workspace"]
    manifests = [ROOT / member / name for member in members for name in ("deno.json", "package.json")]
    read = {
        *(str(Path(one).relative_to(ROOT)) for one in modules.stdout.split()),
        *(str(one.relative_to(ROOT)) for one in manifests if one.exists()),
        *("site_sym/index.html", "site_sym/src/service-worker.js", "deno.json", NPM_RECORD, LOCK_OF_EVERY_COMMAND),
    }

    def is_watched(path: str) -> bool:
        return any(path == one or (one.endswith("/**") and path.startswith(one[:-2])) for one in patterns)

    assert len(read) > 10
    assert sorted(path for path in read if not is_watched(path)) == []


def test_no_template_links_to_nowhere() -> None:
    """A link of a template is this repository's own or none: where it is published is not known here."""
    templates = "".join(one.read_text(encoding="utf-8") for one in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))

    assert re.findall(r"https?://\S+", templates) == []
    assert "SECURITY.md" in templates
    assert (ROOT / "SECURITY.md").exists()


def test_no_document_has_a_secret_or_a_program_under_a_fixed_name_in_a_shared_folder() -> None:
    """Whoever else uses the machine could read the one and put the other there first."""
    documents = [*ROOT.glob("*.md"), *(ROOT / "firmware").glob("*.md"), *(ROOT / "supabase").glob("*.md")]
    documents += [*(ROOT / "tools").glob("*/README.md"), ROOT / ".ci/run"]

    assert [one.name for one in documents if "/tmp/" in one.read_text(encoding="utf-8")] == []


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
