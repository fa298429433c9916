"""Fixtures of the portal's tests."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import running_chromium
from tests.site_sym.club import Club, SignUp
from tools.stack import Stack

# The page asks every 10 s for what is new, 20 s after a failure; the rest is for a machine with much to do. No test
# takes the end of it for an answer.
EXPECT_MS = 60_000


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all files of this folder: each start of it costs as much as a test."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Let expectations about a page wait for its next look at the database."""
    expect.set_options(timeout=EXPECT_MS)
    yield
    expect.set_options(timeout=None)


@pytest.fixture
def make_club(stack: Stack, sign_up: SignUp) -> Callable[[], Club]:
    """Make another user with an empty fleet."""
    return lambda: Club(stack, sign_up(stack))


@pytest.fixture
def club(make_club: Callable[[], Club]) -> Club:
    """A user with an empty fleet."""
    return make_club()
