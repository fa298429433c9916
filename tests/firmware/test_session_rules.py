"""Sessions and clocks: which power-up goes on, when it began, and what can never run backwards."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firmware.parts import Parts, firmware_parts
from tools.simulator import Drive, SimulatedBoard

NOW = 1_772_438_400
DAY = 86_400


@pytest.fixture(scope="module")
def parts() -> Parts:
    """The firmware's classes on a board with an empty drive."""
    drive = Drive()
    drive.mount_or_format()
    return firmware_parts(SimulatedBoard(drive))


@dataclass(frozen=True)
class Ended:
    """A session before the present one, as the board kept it; start 0: the clock was never known."""

    run_seconds: int
    start: int = 0
    sent: bool = False


def table_of(parts: Parts, sessions: list[Ended], start: int, *, sent: bool = False):  # type: ignore[no-untyped-def]
    """A table that holds these sessions, oldest first, and an open one that began at `start`."""
    table = parts.MirroredFiles(parts.Identity(), lambda: None).table
    for slot, ended in enumerate(sessions):
        flags = parts.Session.CLOSED | (parts.Session.SENT if ended.sent else 0)
        fields = (slot + 1, 1, ended.start, ended.run_seconds, 0, 0, 0, 0, flags)
        table.put(parts.Session(slot, fields))
    table.begin()
    table.current.set_start(start, 0)
    table.current.flags |= parts.Session.SENT if sent else 0
    return table


def resolve(parts: Parts, table: Parts, keep_alive: Callable[[], None] = lambda: None) -> None:
    """Have every session without a right start given one."""
    parts.StartEstimator(table, keep_alive).resolve(NOW)


def starts_of(table) -> list[int]:  # type: ignore[no-untyped-def]
    """The starts of all sessions, oldest power-up first."""
    return [table.at(slot).start for slot in table.by_boot()]


ENDED = st.builds(
    Ended,
    run_seconds=st.integers(0, 20_000),
    start=st.one_of(st.just(0), st.integers(NOW - 3 * DAY, NOW + DAY), st.integers(NOW - 5, NOW + 5)),
    sent=st.booleans(),
).map(lambda one: one if one.start else Ended(one.run_seconds))


def sane(sessions: list[Ended]) -> list[Ended]:
    """Sent starts are told apart by the board before they are sent: no two are the same."""
    seen: set[int] = set()
    kept = []
    for one in sessions:
        if one.sent and one.start in seen:
            continue
        if one.sent:
            seen.add(one.start)
        kept.append(one)
    return kept


@settings(deadline=None, max_examples=400)
@given(sessions=st.lists(ENDED, max_size=12).map(sane), elapsed=st.integers(0, DAY), ahead=st.integers(-120, 120))
def test_starts_are_unique_and_ordered(parts: Parts, sessions: list[Ended], elapsed: int, ahead: int) -> None:
    """Whatever was kept: sent starts stay, all others get one in the past, none twice, in boot order where possible."""
    table = table_of(parts, sessions, NOW - elapsed + ahead)
    before = [(one.start, one.sent) for one in sessions]

    resolve(parts, table)

    starts = starts_of(table)
    assert all(starts)
    assert [start for start, sent in before if sent] == [
        start for start, (_, sent) in zip(starts, before, strict=False) if sent
    ]
    assert len(set(starts)) == len(starts)
    in_the_past = [start for start, (_, sent) in zip(starts, before, strict=False) if not sent]
    sent_pairs = [start for start, sent in before if sent and start <= NOW]
    if not sent_pairs:
        assert all(start <= max(NOW, table.current.start) for start in in_the_past)
        asked = [start for start, (_, sent) in zip(starts, [*before, (0, False)], strict=True) if not sent]
        assert sorted(asked) == asked


@settings(deadline=None, max_examples=200)
@given(
    gaps=st.lists(st.tuples(st.integers(2, 5 * DAY), st.integers(0, 20_000)), min_size=1, max_size=10),
    known=st.lists(st.sampled_from(["unknown", "known", "sent"]), min_size=10, max_size=10),
)
def test_estimates_hold_the_truth(parts: Parts, gaps: list[tuple[int, int]], known: list[str]) -> None:
    """With right clocks: strictly increasing, and a single estimate is off by its uncertainty at most."""
    true_starts = []
    at = NOW - sum(gap + run for gap, run in gaps) - DAY
    sessions = []
    for (gap, run), how in zip(gaps, known, strict=False):
        at += gap
        true_starts.append(at)
        sessions.append(Ended(run, at if how != "unknown" else 0, how == "sent"))
        at += run
    table = table_of(parts, sessions, NOW - 60)

    resolve(parts, table)

    starts = starts_of(table)
    assert starts == sorted(set(starts))
    for slot, (session, true_start) in enumerate(zip(sessions, true_starts, strict=True)):
        kept = table.at(slot)
        if session.start:
            assert session.start == kept.start
            continue
        assert parts.ESTIMATED == kept.source
        alone = (slot == 0 or sessions[slot - 1].start) and (slot == len(sessions) - 1 or sessions[slot + 1].start)
        if slot and alone:
            assert abs(kept.start - true_start) <= kept.uncertainty
        if not any(one.start for one in sessions[:slot]):
            assert parts.UNKNOWN_UNCERTAINTY == kept.uncertainty


def test_estimate_lies_in_the_middle_of_the_gap(parts: Parts) -> None:
    """Between a session that ended at 1000 s and one that began 10,000 s later, 1,000 s long: half the slack each."""
    table = table_of(parts, [Ended(1000, NOW - 20_000, sent=True), Ended(1000)], NOW - 9_000)

    resolve(parts, table)

    estimated = table.at(1)
    assert NOW - 19_000 + 4_500 == estimated.start
    assert 4_500 == estimated.uncertainty


def test_estimates_without_room_overlap_but_stay_apart(parts: Parts) -> None:
    """A gap shorter than the sessions in it (clocks disagree): they overlap, in order, with unknown uncertainty."""
    table = table_of(parts, [Ended(3000, NOW - 4000, sent=True), Ended(2000), Ended(2000)], NOW - 500)

    resolve(parts, table)

    starts = starts_of(table)
    assert starts == sorted(set(starts))
    assert [parts.UNKNOWN_UNCERTAINTY] * 2 == [table.at(1).uncertainty, table.at(2).uncertainty]


def test_sent_start_in_the_servers_future_is_not_asked(parts: Parts) -> None:
    """One session was sent with a start that has not come yet: the ones after it keep their own right starts."""
    table = table_of(parts, [Ended(600, NOW + DAY, sent=True), Ended(600, NOW - 5000), Ended(600)], NOW - 100)

    resolve(parts, table)

    starts = starts_of(table)
    assert [NOW + DAY, NOW - 5000] == starts[:2]
    assert NOW - 5000 + 600 <= starts[2] <= NOW - 100 - 600


def test_unsent_start_later_than_the_server_is_estimated_anew(parts: Parts) -> None:
    """A clock was a year ahead and the session never sent: its start is an estimate now."""
    table = table_of(parts, [Ended(600, NOW - DAY, sent=True), Ended(600, NOW + 365 * DAY)], NOW - 100)

    resolve(parts, table)

    assert NOW - DAY + 600 <= table.at(1).start <= NOW - 700
    assert parts.ESTIMATED == table.at(1).source


def test_start_between_neighbouring_sent_seconds_stays_unique(parts: Parts) -> None:
    """Sent starts leave no free second between them: the estimate goes before them, and no start is used twice."""
    sessions = [Ended(5, NOW - 1001, True), Ended(5, NOW - 1000, True), Ended(5), Ended(5, NOW - 999, True)]
    table = table_of(parts, sessions, NOW - 500)

    resolve(parts, table)

    assert 5 == len(set(starts_of(table)))


@pytest.mark.parametrize("crowded", [False, True])
def test_starts_of_a_thousand_sessions_are_resolved_one_at_a_time(parts: Parts, crowded: bool) -> None:
    """The heap holds no thousand objects, and the watchdog is fed: at most 1,000 calls between two feeds."""
    ended = [Ended(600, NOW - DAY, sent=True), *[Ended(60)] * 1000]
    table = table_of(parts, ended, NOW - DAY + 500 if crowded else NOW)
    alive = most_alive = calls = most_calls = 0

    class Counted(parts.Session):  # type: ignore[misc,name-defined]
        """A session that is counted while it lives."""

        def __init__(self, slot: int, fields: tuple[int, ...]) -> None:
            nonlocal alive, most_alive
            super().__init__(slot, fields)
            alive += 1
            most_alive = max(alive, most_alive)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_filename == "code.py"

    def feed() -> None:
        nonlocal calls, most_calls
        most_calls, calls = max(calls, most_calls), 0

    code = type(table).at.__globals__
    code["Session"] = Counted
    sys.setprofile(count)
    resolve(parts, table, feed)
    sys.setprofile(None)
    code["Session"] = parts.Session

    starts = starts_of(table)
    assert 1002 == len(set(starts))
    assert most_alive <= 2
    assert max(most_calls, calls) <= 1000
