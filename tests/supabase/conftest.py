"""Fixtures for tests of the database: `project`, an empty one of the test's own, and a small club in it."""

from collections.abc import Iterator

import pytest

from tests.supabase.project import Board, Person, Project, add_plane, assign, connect


@pytest.fixture
def project(database: str) -> Iterator[Project]:
    """A migrated, empty database with a clock that runs."""
    with connect(database) as admin:
        yield Project(admin)


@pytest.fixture
def owner(project: Project) -> Person:
    """The owner of a fleet, on the first of June 2026 at noon UTC."""
    project.set_clock("2026-06-01T12:00:00Z")
    return project.sign_up()


@pytest.fixture
def plane(owner: Person) -> str:
    """The owner's plane."""
    return add_plane(owner)


@pytest.fixture
def board(project: Project, owner: Person, plane: str) -> Board:
    """A board assigned to the plane."""
    board = project.board()
    assign(owner, board, plane)
    return board
