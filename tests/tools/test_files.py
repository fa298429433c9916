"""Files for people: checked before the work, whole or as they were."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.tools.checkout import ROOT, TIMEOUT_SECONDS
from tools.bench import firmware
from tools.board import commands
from tools.board.errors import BoardNotFound
from tools.cli import app
from tools.files import FileError, check_writable, free_name, write_whole


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    """A link stays a link; nothing is left beside."""
    file = tmp_path / "figures.json"
    file.write_text("old")
    file.chmod(0o640)
    link = tmp_path / "link.json"
    link.symlink_to(file)

    check_writable(link)
    write_whole(link, "new")

    assert link.is_symlink()
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(tmp_path.iterdir()) == [file, link]


def test_a_secret_is_never_readable_by_others(tmp_path: Path) -> None:
    """Not even where the file was open to all before."""
    file = tmp_path / "secret.json"
    file.write_text("old")
    file.chmod(0o644)

    write_whole(file, "new", private=True)

    assert file.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be written whole is not there at all."""
    file = tmp_path / "report.md"
    file.write_text("an hour's work")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tools.files.os.fsync", full)
    with pytest.raises(FileError, match="No space left on device"):
        write_whole(file, "other")

    assert file.read_text() == "an hour's work"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(("name", "said"), [("", "is a folder"), ("nowhere/x.json", "There is no folder")])
def test_what_cannot_be_written_is_known_before(tmp_path: Path, name: str, said: str) -> None:
    """In words, with the place."""
    with pytest.raises(FileError, match=said):
        check_writable(tmp_path / name)


def test_the_standard_output_may_be_named() -> None:
    """It has no place beside it."""
    script = "from tools.files import *; f = Path('/dev/stdout'); check_writable(f); write_whole(f, 'x')"
    command = [sys.executable, "-c", script]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True)

    assert done.stdout == "x"


def test_an_earlier_report_keeps_its_name(tmp_path: Path) -> None:
    """The next one is numbered."""
    file = tmp_path / "acceptance-report.md"
    names = []
    for _ in range(3):
        names.append(free_name(file).name)
        free_name(file).touch()

    assert names == ["acceptance-report.md", "acceptance-report-2.md", "acceptance-report-3.md"]


def test_bench_knows_before_measuring_that_it_cannot_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not after minutes."""
    measured: list[bool] = []
    monkeypatch.setattr(firmware, "measure", lambda *given: measured.append(True))

    result = CliRunner().invoke(app, ["bench", "firmware", "--json", str(tmp_path / "missing" / "figures.json")])

    assert isinstance(result.exception, FileError)
    assert "There is no folder" in str(result.exception)
    assert measured == []


def test_accept_on_an_absent_port_leaves_an_earlier_report(tmp_path: Path) -> None:
    """The hour's report of another day is worth more than an empty one."""
    report = tmp_path / "acceptance-report.md"
    report.write_text("passed")
    before = sorted(tmp_path.iterdir())

    result = CliRunner().invoke(app, ["board", "accept", "--port", str(tmp_path / "ttyX"), "--report", str(report)])

    assert isinstance(result.exception, BoardNotFound)
    assert report.read_text() == "passed"
    assert sorted(tmp_path.iterdir()) == before


def test_accept_knows_before_the_hour_that_it_cannot_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The board is not asked anything."""
    monkeypatch.setattr(commands, "open_board", lambda where: pytest.fail("opened"))

    result = CliRunner().invoke(app, ["board", "accept", "--port", "ttyX", "--report", str(tmp_path / "no" / "r.md")])

    assert isinstance(result.exception, FileError)


def test_no_file_for_people_is_written_in_place() -> None:
    """Each of these modules goes through `tools.files`; what is listed writes to scratch folders of its own."""
    scratch = {
        "tools/bench/firmware.py": "drives that are measured and thrown away",
        "tools/board/doctor.py": "a library in a temporary folder, for circup",
        "tools/board/install.py": "copies of what is replaced, in a new folder, before anything is replaced",
        "tools/board/libraries.py": "circup's own folders",
        "tools/bootstrap/checkout.py": "writes beside and renames; it must not import anything else",
        "tools/bootstrap/pip.py": "a wheel in an environment that is unfinished then, fetched again at the next try",
        "tools/deploy/workdir.py": "made new at every run",
        "tools/files.py": "the place itself",
        "tools/stack/build.py": "a stamp, taken away before the build that it is for",
        "tools/stack/postgres.py": "in a cluster that is renamed when it is whole",
    }
    writing = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "tools").rglob("*.py")
        if ("simulator" not in file.parts and ".write_text(" in (text := file.read_text())) or ".write_bytes(" in text
    }

    assert writing == set(scratch)
