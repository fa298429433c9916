"""One copy alone, on a full drive or after the other was deleted: cuts of the power lose nothing but seconds.

With both copies: test_store_cuts.py. `cuts.Cuts` says what must hold after every start.
"""

import pytest

from tests.firmware.cuts import (
    SESSIONS_PATH,
    SHORT_RING_LINES,
    TWIN_PATH,
    Cuts,
    Moment,
    Recording,
    copies,
    device_uuid_of,
    fill_up,
    fill_with_unsent,
    prepared_board,
    short_ring,
)
from tests.firmware.world import World
from tools.simulator import ERASED, LAYOUT_4MB, LAYOUT_8MB, TORN_STATES, SimulatedBoard, install

NO_ROOM_BYTES = 20_000  # less than a copy takes


def check_alone(board: SimulatedBoard, cuts: Cuts, moments: list[Moment], long: bool) -> None:
    """In CI the last write of each sector, lines and journal, torn in a third of its pages, in others for the next
    sector; twice in the first and the last of all.
    """
    board.close()
    if long:
        cuts.check(moments, TORN_STATES, TORN_STATES)
    else:
        for number, moment in enumerate({moment.sector: moment for moment in moments}.values()):
            cuts.check([moment], TORN_STATES[number % 3 :: 3], ())
        cuts.check([moments[0], moments[-1]], (ERASED, 8), (ERASED,))
    assert cuts.starts >= len(TORN_STATES)


@pytest.mark.parametrize("lost", [SESSIONS_PATH, TWIN_PATH])
def test_one_copy_alone(lost: str, long: bool) -> None:
    """No room for a second copy: what a cut tears in the one that is left comes back from its journal."""
    board = prepared_board(LAYOUT_8MB if lost == TWIN_PATH else LAYOUT_4MB, short_ring())
    fill_with_unsent(board, 23)
    board.drive.outside_remove(lost)
    fill_up(board.drive, NO_ROOM_BYTES)
    cuts = Cuts(board)
    board.power_on()

    with Recording(board) as flight:
        board.run_for(100)

    assert any("the drive is full" in line for line in board.lines)
    check_alone(board, cuts, flight.moments, long)


def test_a_long_session_moves_with_one_copy_alone(long: bool) -> None:
    """After an hour the line moves on, among others, with the old one blanked after it."""
    board = prepared_board(LAYOUT_8MB, short_ring())
    fill_with_unsent(board, 30)
    board.drive.outside_remove(TWIN_PATH)
    fill_up(board.drive, NO_ROOM_BYTES)
    cuts = Cuts(board)
    board.power_on()
    board.run_for(3600 - 20)

    with Recording(board) as move:
        board.run_for(60)

    check_alone(board, cuts, move.moments, long)


@pytest.mark.parametrize("seconds", [70, 80], ids=["before its turn", "before the other's turn"])
def test_copy_deleted_while_running(seconds: int, long: bool) -> None:
    """The twin is deleted between two checkpoints: no write relies on it from then on, whichever copy's turn it is."""
    board = prepared_board(LAYOUT_8MB, short_ring())
    fill_with_unsent(board, 23)
    fill_up(board.drive, NO_ROOM_BYTES)
    board.power_on()
    board.run_for(seconds)
    board.drive.outside_remove(TWIN_PATH, shared=True)
    board.drive.outside_write("/movie.bin", bytes(NO_ROOM_BYTES), shared=True)
    cuts = Cuts(board, copy_lost=True)

    with Recording(board) as flight:
        board.run_for(40)

    assert any(line.startswith(f"Storage: {TWIN_PATH}") for line in board.lines)
    check_alone(board, cuts, flight.moments, long)


@pytest.mark.parametrize("unsent", [5, SHORT_RING_LINES], ids=["a few", "every line"])
def test_delivery_with_one_copy_alone(world: World, long: bool, unsent: int) -> None:
    """Starts are estimated, sent and acked, and lines taken by the next sessions: all in one copy."""
    install(world.drive, files=short_ring())
    world.router.up = False
    world.fly(130)
    world.park(600)
    fill_with_unsent(world.board, unsent)
    world.drive.outside_remove(TWIN_PATH)
    fill_up(world.drive, NO_ROOM_BYTES)
    cuts = Cuts(world.board, full_ring=unsent == SHORT_RING_LINES)
    moments: list[Moment] = []

    for up in (False, True, True):
        world.router.up = up
        with Recording(world.board) as power_up:
            world.fly(100)
        world.park(600)
        moments += power_up.moments

    (kept,) = [copy for copy in copies(world.drive, world.device_uuid) if copy]
    assert [] == [boot for boot, one in kept.items() if boot <= unsent and not one.fully_acked]
    assert set(range(1, unsent + 1)) <= {row["boot"] for row in world.stored()}
    check_alone(world.board, cuts, moments, long)


def test_copy_laid_out_again(long: bool) -> None:
    """A minute after the start the missing twin is made; no cut in that, or right after it, loses a session."""
    board = prepared_board(LAYOUT_8MB, short_ring())
    fill_with_unsent(board, 23)
    board.drive.outside_remove(TWIN_PATH)
    board.power_on()
    board.run_for(55)

    with Recording(board) as flight:
        board.run_for(45)

    cuts = Cuts(board, laying_out=True)
    main, twin = copies(board.drive, device_uuid_of(board), journal=False)
    assert set(range(1, 25)) == set(main) == set(twin)
    assert copies(board.drive, device_uuid_of(board)) == [main, twin], "both journals are blank"
    in_main = board.drive.sectors_of(SESSIONS_PATH)
    cuts.check([moment for moment in flight.moments if moment.sector in in_main], (ERASED, 8), ())
    check_alone(board, cuts, flight.moments if long else flight.moments[-20:], long)
