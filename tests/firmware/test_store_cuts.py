"""The power goes inside a flash operation, anywhere, and again in the start after it: nothing is lost but seconds.

Outside the lay-out of the first boot (test_store_layout.py), and with both copies (one: test_store_alone.py).
`cuts.Cuts` says what must hold after every start. Most scenarios run code.py with 40 lines instead of 1,024, which
takes a sixth of the time and makes the ring wrap; the unmodified one has its own.
"""

import json
from itertools import cycle

import pytest

from tests.firmware.cuts import (
    SHORT_RING_LINES,
    Cuts,
    Moment,
    Recording,
    board_on,
    copies,
    device_uuid_of,
    durable,
    fill_with_unsent,
    interval_of,
    new_board,
    prepared_board,
    short_ring,
)
from tests.firmware.world import MORNING, World
from tools.simulator import (
    ERASED,
    LAYOUT_4MB,
    LAYOUT_8MB,
    LAYOUT_8MB_EXTENDED,
    TORN_STATES,
    UNTOUCHED,
    Layout,
    SimulatedBoard,
    install,
)

WHOLE_LINES = 1024
WORST_STATES = (ERASED, 8, UNTOUCHED)  # the first one where a single moment is tried
# Seconds of a power-up, and whether the starts were sent once; the first two hold each value of both.
DRAINS = {
    "one power-up, starts unknown": (180, False),
    "short power-ups, starts sent once": (40, True),
    "one power-up, starts sent once": (180, True),
    "short power-ups, starts unknown": (40, False),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What proves the same in another combination is left to `--long`."""
    most = None if metafunc.config.getoption("--long") else 2
    if "sent" in metafunc.fixturenames:
        drains = list(DRAINS.items())[:most]
        metafunc.parametrize(("seconds", "sent"), [drain for _, drain in drains], ids=[name for name, _ in drains])
    if "drive_layout" in metafunc.fixturenames:
        layouts = (LAYOUT_8MB, LAYOUT_4MB, LAYOUT_8MB_EXTENDED)[:most]
        metafunc.parametrize("drive_layout", layouts, ids=[layout.name for layout in layouts])


def check(board: SimulatedBoard, cuts: Cuts, moments: list[Moment], long: bool, *, at_most: int = 4) -> None:
    """Every moment in every torn state, twice; in CI `at_most` moments spread evenly, in the worst states by turns."""
    board.close()
    if long:
        cuts.check(moments, TORN_STATES, TORN_STATES)
    else:
        step = -(-len(moments) // at_most)
        for moment, torn in zip(moments[::step], cycle(WORST_STATES), strict=False):
            cuts.check([moment], [torn], (ERASED,))
    assert cuts.starts >= 3


def test_ten_minutes_of_running(drive_layout: Layout, long: bool) -> None:
    """A start and ten minutes of checkpoints, in the middle of a sector full of other sessions' lines."""
    board = prepared_board(drive_layout, short_ring())
    fill_with_unsent(board, 23)
    cuts = Cuts(board)
    board.power_on()

    with Recording(board) as flight:
        board.run_for(600)

    assert len(flight.moments) >= 600 / interval_of(drive_layout)
    check(board, cuts, flight.moments, long)


def test_ten_minutes_of_the_unmodified_program(long: bool) -> None:
    """The same with all 1,024 lines."""
    board = prepared_board(LAYOUT_8MB)
    cuts = Cuts(board)
    board.power_on()

    with Recording(board) as flight:
        board.run_for(600)

    check(board, cuts, flight.moments, long, at_most=1)


def test_a_long_session_moves_to_another_line(long: bool) -> None:
    """After an hour the line moves on: the new one is written, then the old one is blanked."""
    board = prepared_board(LAYOUT_8MB, short_ring())
    fill_with_unsent(board, 30)
    cuts = Cuts(board)
    board.power_on()
    board.run_for(3600 - 60)

    with Recording(board) as move:
        board.run_for(150)

    check(board, cuts, move.moments, long)


def test_short_power_ups_in_a_row(drive_layout: Layout, long: bool) -> None:
    """Twenty power-ups of 30 s: all are there afterwards, and a cut in any of them costs that one alone."""
    board = prepared_board(drive_layout, short_ring())
    fill_with_unsent(board, 15)
    cuts = Cuts(board)
    moments: list[Moment] = []

    for _ in range(20):
        board.power_on()
        with Recording(board) as power_up:
            board.run_for(30)
        board.power_off(for_seconds=5)
        moments += power_up.moments

    kept = durable(board.drive, device_uuid_of(board))
    assert list(range(1, 36)) == sorted(kept)
    assert all(30 - 2 - interval_of(drive_layout) - 4 <= kept[boot].run_seconds <= 30 for boot in range(16, 36))
    check(board, cuts, moments, long)


def test_lines_are_used_again(long: bool) -> None:
    """Thirty more sessions than the ring has lines, with the oldest acked: their lines are taken, nothing else goes."""
    board = prepared_board(LAYOUT_8MB, short_ring())
    fill_with_unsent(board, 38, acked=20)
    cuts = Cuts(board)
    moments: list[Moment] = []

    for _ in range(12):
        board.power_on()
        with Recording(board) as power_up:
            board.run_for(20)
        board.power_off(for_seconds=5)
        moments += power_up.moments

    kept = durable(board.drive, device_uuid_of(board))
    assert 40 >= len(kept)
    assert set(range(23, 39)) <= set(kept)
    check(board, cuts, moments, long)


def test_clock_learned_late_estimates_and_acks(world: World, long: bool) -> None:
    """Six sessions offline, then Wi-Fi two minutes into the seventh: starts, estimates, sent marks and acks arrive."""
    install(world.drive, files=short_ring())
    world.router.up = False
    world.fly(100)
    for minutes in range(5):
        world.park(1800)
        world.fly(60 + 30 * minutes)
    world.park(1800)
    cuts = Cuts(world.board)
    world.fly(120)
    world.router.up = True

    with Recording(world.board) as delivery:
        world.fly(120)

    kept = durable(world.drive, world.device_uuid)
    assert ["closed"] * 6 + [None] == [kept[boot].acked_status for boot in sorted(kept)]
    assert world.delivered()
    check(world.board, cuts, delivery.moments, long, at_most=6)


def test_a_thousand_unacked_sessions(long: bool) -> None:
    """With 1,000 unsent sessions on the board a start and a minute of checkpoints put none of them at risk."""
    board = prepared_board(LAYOUT_8MB)
    fill_with_unsent(board, 1000)
    cuts = Cuts(board)
    board.power_on()

    with Recording(board) as flight:
        board.run_for(60)

    kept = durable(board.drive, device_uuid_of(board))
    assert 1001 == len(kept)
    if long:
        check(board, cuts, flight.moments, long)
    else:
        board.close()


def test_thousand_unacked_sessions_arrive(world: World, long: bool) -> None:
    """Every one of 1,024 lines holds a session that ended without a clock: all are delivered, and cuts lose none."""
    world.router.up = False
    world.fly(130)
    world.park(600)
    fill_with_unsent(world.board, WHOLE_LINES)
    cuts = Cuts(world.board, full_ring=True)
    world.router.up = True

    with Recording(world.board) as delivery:
        world.fly(240)

    assert WHOLE_LINES + 1 == len({row["session_start"] for row in world.stored()}) == len(world.stored())
    assert WHOLE_LINES + 1 in durable(world.drive, world.device_uuid)
    check(world.board, cuts, delivery.moments, long, at_most=1)


def test_full_ring_drains_when_wifi_returns(world: World, long: bool, seconds: int, sent: bool) -> None:
    """Weeks away until no line was free: everything arrives, its acks last, and sessions are durable again."""
    install(world.drive, files=short_ring())
    world.router.up = False
    world.fly(130)
    world.park(600)
    fill_with_unsent(world.board, SHORT_RING_LINES, first_start=int(MORNING.timestamp()) - 90_000 if sent else 0)
    for _ in range(2):
        world.fly(70)
        world.park(600)
    cuts = Cuts(world.board, full_ring=True)
    world.router.up = True
    moments: list[Moment] = []

    for _ in range(240 // seconds):
        with Recording(world.board) as power_up:
            world.fly(seconds)
        moments += power_up.moments
        world.park(600)

    ended = range(1, SHORT_RING_LINES + 1)
    assert list(ended) == sorted(row["boot"] for row in world.stored() if row["boot"] in ended)
    for kept in copies(world.drive, world.device_uuid):
        assert [] == [boot for boot, one in kept.items() if boot in ended and not one.fully_acked]
        assert max(kept) > SHORT_RING_LINES
    begin = len(world.proxy.requests)
    world.fly(90)
    world.park(600)
    sent_again = [one["boot"] for request in world.proxy.requests[begin:] for one in json.loads(request.body or "[]")]
    assert sent_again
    assert not set(sent_again) & set(ended)
    check(world.board, cuts, moments, long, at_most=8)


def test_identity_cut_short_in_nvm(long: bool) -> None:
    """The power goes while nvm is written on the very first boot: the next start has an identity, and keeps it."""
    board = new_board(LAYOUT_8MB, short_ring())
    board.power_cut_at_nvm_write(0)
    board.power_on()
    board.run_for(30)
    assert not board.powered

    board.power_on()
    board.run_for(60)
    board.power_off()
    second = device_uuid_of(board)
    board.console.clear()
    again = board_on(board.drive, bytes(board.nvm))
    again.power_on()
    again.run_for(10)

    assert second == device_uuid_of(again)
    again.close()
    board.close()
