"""A session's line in sessions.json: whatever it says, it fits, is JSON, and comes back the same."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.firmware.parts import Parts, firmware_parts
from tools.simulator import Drive, SimulatedBoard

LINE_BYTES = 512
SEED = 0x12345678
COUNTS = st.one_of(st.integers(0, 99_999_999), st.sampled_from([0, 1, 99_999_999]))
STARTS = st.one_of(st.just(0), st.integers(1_704_067_200, 2_145_916_799))
UNCERTAINTIES = st.one_of(COUNTS, st.just(0xFFFFFFFF))
FLAGS = st.integers(0, 15)
MILLIVOLTS = st.integers(0, 65_535)
FLAG = st.integers(0, 1)
SENSES = st.tuples(st.one_of(st.just(0), COUNTS), COUNTS, MILLIVOLTS, MILLIVOLTS, MILLIVOLTS, FLAG, FLAG)
SOURCES = st.integers(0, 3)
NOTES = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\'), max_size=500)


@pytest.fixture(scope="module")
def parts() -> Parts:
    """The firmware's classes on a board with an empty drive."""
    drive = Drive()
    drive.mount_or_format()
    return firmware_parts(SimulatedBoard(drive))


@settings(deadline=None, max_examples=300)
@given(
    boot=st.integers(1, 99_999_999),
    start=STARTS,
    counts=st.tuples(COUNTS, COUNTS, COUNTS, COUNTS),
    uncertainty=UNCERTAINTIES,
    flags=FLAGS,
    source=SOURCES,
    joining=st.integers(0, 2**20 - 1),
    resumed=COUNTS,
    fault=NOTES,
    sense=st.one_of(st.just(()), SENSES),
)
def test_line_fits_and_comes_back(
    parts: Parts,
    boot: int,
    start: int,
    counts: tuple[int, int, int, int],
    uncertainty: int,
    flags: int,
    source: int,
    joining: int,
    resumed: int,
    fault: str,
    sense: tuple[int, ...],
) -> None:
    """Every combination of values fits its line with the newline, is JSON with the five keys, and reads back."""
    rev, run_seconds, acked_run_seconds, lifetime = counts
    source = source if start else 0
    packed = flags | source << parts.Session.SOURCE_SHIFT
    uncertainty = uncertainty if source == parts.ESTIMATED else 0
    session = parts.Session(7, (boot, rev, start, run_seconds, acked_run_seconds, uncertainty, lifetime, 0, packed))
    session.joining = joining
    session.resumed = resumed
    session.fault = fault
    session.sense = sense

    line = session.line(SEED)

    assert len(line.encode()) <= LINE_BYTES - 1
    entry: dict[str, Any] = json.loads(line.removesuffix(","))
    assert {"start", "run_seconds", "acked_run_seconds", "last_update", "status"} <= entry.keys()
    back = parts.Session.from_line(7, line.encode(), SEED)
    names = ("boot", "rev", "start", "run_seconds", "acked_run_seconds", "uncertainty", "lifetime_before", "flags")
    for name in (*names, "joining", "resumed", "sense", "exact"):
        assert getattr(session, name) == getattr(back, name), name
    assert fault.startswith(back.fault)
    assert min(len(fault), 100) <= len(back.fault)


def test_longest_line_fits(parts: Parts) -> None:
    """With every count at its largest, no combination of flags, source and notes outgrows the line."""
    most = parts.MAX_COUNT
    lengths = []

    for flags, source, unknown in itertools.product(range(16), range(4), (False, True)):
        uncertainty = parts.UNKNOWN_UNCERTAINTY if unknown else most
        packed = flags | source << parts.Session.SOURCE_SHIFT
        session = parts.Session(0, (most, most, 2_145_916_799, most, most, uncertainty, most, 0, packed))
        session.joining = 2**20 - 1
        session.resumed = most
        session.fault = "x" * 500
        session.sense = (most, most, 65_535, 65_535, 65_535, 1, 1)
        lengths.append(len(session.line(SEED)))

    assert max(lengths) <= LINE_BYTES - 1


@settings(deadline=None, max_examples=200)
@given(at=st.integers(0, 230), value=st.integers(0, 255), seed=st.sampled_from([SEED, SEED + 1]))
@example(at=182, value=ord("A"), seed=SEED)
def test_no_damaged_or_foreign_line_passes(parts: Parts, at: int, value: int, seed: int) -> None:
    """One changed byte, or another device's seed, and the line is not taken; a CRC in capitals is the same CRC."""
    session = parts.Session(0, (12, 34, 1_772_438_400, 1200, 1140, 0, 43_200, 0, parts.Session.SENT))
    line = bytearray(session.line(SEED).encode())
    at %= len(line) - 1
    digits = range(line.index(b',"crc":"') + 8, len(line) - 3)
    unchanged = line[at] == value or (at in digits and line[at] == ord(chr(value).lower()))
    line[at] = value

    taken = parts.Session.from_line(0, bytes(line), seed)

    assert (taken is not None) == (unchanged and seed == SEED)
