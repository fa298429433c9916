"""Fixtures for flights of the simulated board against a real stack in simulated time."""

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import MakeDatabase
from tests.firmware.world import SIMULATED_CLOCK, World
from tools.stack import Stack

_seeds = itertools.count(1)


@pytest.fixture(scope="module")
def simulated_time_stack(make_database: MakeDatabase) -> Iterator[Stack]:
    """A stack whose `private.clock()` is set by the boards that talk to it."""
    database_url = make_database()
    with psycopg.connect(database_url) as connection:
        connection.execute(SIMULATED_CLOCK)
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(data=Path(folder), port=0, portal=False, database_url=database_url) as stack,
    ):
        yield stack


@pytest.fixture
def world(simulated_time_stack: Stack) -> Iterator[World]:
    """A board of its own before the shared stack; its power is off."""
    with psycopg.connect(simulated_time_stack.database_url, autocommit=True) as database:
        world = World(simulated_time_stack, database, seed=next(_seeds))
        yield world
        world.close()


@pytest.fixture
def flying(world: World) -> World:
    """A board after its first boot, acked, without power for half an hour."""
    world.prepare()
    world.park(30 * 60)
    return world
