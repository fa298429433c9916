"""How the code is laid out: modules that import each other in one direction, and files that a person can take in."""

import ast
import graphlib
import textwrap
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.tools.checkout import ROOT

MOST_LINES = 600
SOURCES = (".py", ".ts", ".svelte", ".css", ".sql")
FOLDERS = ("firmware", "supabase", "site_sym/src", "tools", "tests")
ONE_FILE_ON_THE_BOARD = "firmware/code.py"
GENERATED = b"// Generated from "
ROOMS = "tools.simulator"

Graph = dict[str, set[str]]


def imports_of(root: Path, package: str) -> Graph:
    """Module -> modules of the package that it imports: at its top, in functions, for the type checker alone."""
    files = {
        ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): file
        for file in (root / package).rglob("*.py")
    }
    graph: Graph = {}
    for module, file in files.items():
        here = graph.setdefault(module, set())
        parent = module if file.name == "__init__.py" else module.rpartition(".")[0]
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import):
                here.update(alias.name for alias in node.names if alias.name in files)
            elif isinstance(node, ast.ImportFrom):
                above = parent.rsplit(".", node.level - 1)[0] + "." if node.level else ""
                source = (above + (node.module or "")).rstrip(".")
                names = (f"{source}.{alias.name}" for alias in node.names)
                here.update(one for one in (name if name in files else source for name in names) if one in files)
    return graph


def circle_in(graph: Graph) -> list[str]:
    """The modules of one circle, in the order in which they import each other; empty if there is none."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def rooms_of(graph: Graph, package: str) -> Graph:
    """The same between the package's sub-packages and modules, each taken as a whole; without its front door."""

    def room(module: str) -> str:
        return ".".join(module.split(".")[: package.count(".") + 2])

    rooms: Graph = {}
    for module, imported in graph.items():
        if module.startswith(f"{package}."):
            inside = {room(one) for one in imported if one.startswith(f"{package}.")}
            rooms.setdefault(room(module), set()).update(inside - {room(module)})
    return rooms


def too_long(root: Path, folders: Iterable[str]) -> dict[str, int]:
    """Files written by hand that have more lines than a person takes in."""
    files = (file for folder in folders for file in (root / folder).rglob("*") if file.suffix in SOURCES)
    ours = (file for file in files if file.is_file() and "node_modules" not in file.parts)
    texts = ((str(file.relative_to(root)), file.read_bytes()) for file in ours)
    lengths = {name: len(text.splitlines()) for name, text in texts if not text.startswith(GENERATED)}
    return {name: lines for name, lines in lengths.items() if lines > MOST_LINES}


def test_the_tools_import_each_other_in_one_direction() -> None:
    """So each can be read, tested and loaded without the ones that use it."""
    graph = imports_of(ROOT, "tools")

    assert circle_in(graph) == []
    assert graph["tools.simulator.chip.board"] >= {"tools.simulator.chip.supervisor"}


def test_the_simulators_rooms_use_each_other_in_one_direction() -> None:
    """The flash knows no radio, the radio no chip, and no room its front door."""
    graph = imports_of(ROOT, "tools")

    assert circle_in(rooms_of(graph, ROOMS)) == []
    assert [module for module, imported in graph.items() if module.startswith(f"{ROOMS}.") and ROOMS in imported] == []


@pytest.mark.parametrize(
    "back",
    [
        "import house.window",
        "from house import window",
        "from .window import pane",
        "from . import window",
        "def look():\n    from house.window import pane",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.window import pane",
    ],
)
def test_a_circle_is_seen_wherever_it_closes(tmp_path: Path, back: str) -> None:
    """In functions and for the type checker, too."""
    (tmp_path / "house").mkdir()
    for name, text in {"__init__": "", "window": "from house.door import handle", "door": back, "roof": back}.items():
        (tmp_path / "house" / f"{name}.py").write_text(textwrap.dedent(text))

    assert set(circle_in(imports_of(tmp_path, "house"))) == {"house.window", "house.door"}


def test_a_circle_between_rooms_is_seen_where_no_module_closes_one() -> None:
    """Two rooms that each use a module of the other."""
    graph = {"house.in.a": {"house.out.b"}, "house.out.b": set(), "house.out.c": {"house.in.d"}, "house.in.d": set()}

    assert circle_in(graph) == []
    assert set(circle_in(rooms_of(graph, "house"))) == {"house.in", "house.out"}


def test_no_file_written_by_hand_is_longer_than_a_person_takes_in() -> None:
    """What is longer is two things; on the board it is one file all the same."""
    assert too_long(ROOT, FOLDERS).keys() == {ONE_FILE_ON_THE_BOARD}


def test_a_file_that_is_too_long_is_named(tmp_path: Path) -> None:
    """With its lines; one line less is fine, and so is what others or a program wrote."""
    (tmp_path / "src" / "node_modules").mkdir(parents=True)
    (tmp_path / "src" / "node_modules" / "theirs.ts").write_text("line\n" * 601)
    (tmp_path / "src" / "long.ts").write_text("line\n" * 601)
    (tmp_path / "src" / "fits.svelte").write_text("line\n" * 600)
    (tmp_path / "src" / "made.ts").write_text("// Generated from the schema.\n" * 601)

    assert too_long(tmp_path, ["src"]) == {"src/long.ts": 601}
