"""Released migrations never change: the mechanism on a release that was made up, and then on this checkout."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import migrations

CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n- Something.\n\n## [1.0.0] - 2026-12-01\n\n- The first.\n"
FIRST, SECOND = "20260101000100_foundation.sql", "20260101000200_fleets.sql"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the migrations."""
    return Path(shutil.copytree(migrations.FOLDER, tmp_path / "migrations"))


def _append(file: str) -> Callable[[Path], object]:
    return lambda folder: (folder / file).write_text((folder / file).read_text() + "-- changed\n")


def test_this_checkout_keeps_its_releases() -> None:
    """What CHANGELOG.md names as released is recorded, is there, and is as it was."""
    assert [] == migrations.faults(migrations.CHANGELOG.read_text(), migrations.read_released(), migrations.FOLDER)


def test_a_release_as_it_should_be(folder: Path) -> None:
    """Recorded when it is named; a later migration and a later release change nothing about it."""
    first = migrations.record("1.0.0", {}, folder)
    (folder / "20990101000000_more.sql").write_text("-- More.\n")
    second = migrations.record("1.1.0", first, folder)

    assert [] == migrations.faults(CHANGELOG, first, folder)
    assert {"20990101000000_more.sql"} == set(second["1.1.0"])
    assert ["1.0.0", "1.1.0"] == migrations.releases(CHANGELOG.replace("## [1.0.0]", "## [1.1.0]\n\n## [1.0.0]"))
    assert first == {"1.0.0": second["1.0.0"]} == json.loads(json.dumps(first))


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        (_append(FIRST), f"{FIRST} was released with 1.0.0 and has changed since"),
        (lambda folder: (folder / SECOND).unlink(), f"{SECOND} was released with 1.0.0 and is gone"),
        (lambda folder: (folder / FIRST).rename(folder / "20260101000101_x.sql"), f"{FIRST} was released with"),
        (
            lambda folder: (folder / "20260101000150_between.sql").touch(),
            "20260101000150_between.sql is new, but sorts",
        ),
    ],
    ids=["changed", "deleted", "renamed", "between"],
)
def test_what_harms_a_release_is_named(folder: Path, harm: Callable[[Path], object], fault: str) -> None:
    """Each on a release that was made up: the test above would say so for a real one."""
    released = migrations.record("1.0.0", {}, folder)

    harm(folder)

    assert fault in migrations.faults(CHANGELOG, released, folder)[0]


def test_changelog_and_record_name_the_same_releases(folder: Path) -> None:
    """A release without a record would be held by nothing; a record without a release holds what nobody has."""
    [forgotten] = migrations.faults(CHANGELOG, {}, folder)
    [unnamed] = migrations.faults("## [Unreleased]\n", migrations.record("1.0.0", {}, folder), folder)

    assert "Release 1.0.0 has no record" in forgotten
    assert "CHANGELOG.md does not name it" in unnamed
