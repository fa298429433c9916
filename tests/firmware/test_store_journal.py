"""The order in which a copy that is alone, or was until now, is written: the files themselves, without a main loop.

What a whole board does at a power cut is in test_store_cuts.py; these are the orders that no short flight there needs.
"""

from __future__ import annotations

import json

import pytest

from tests.firmware.cuts import (
    SESSIONS_PATH,
    SHORT_RING_LINES,
    TWIN_PATH,
    Kept,
    Moment,
    Recording,
    board_on,
    copies,
    device_uuid_of,
    drive_with,
    durable,
    fill_with_unsent,
    prepared_board,
    short_ring,
)
from tests.firmware.parts import Parts, firmware_parts, laid_out_files
from tools.simulator import ERASED, LAYOUT_4MB, LAYOUT_8MB, SimulatedBoard

MOVE_AFTER_SECONDS = 3600


def files_on(board: SimulatedBoard) -> tuple[Parts, Parts]:
    """The classes of a laid-out board's program, and its files as a start leaves them before the session begins."""
    source = board.read_file("/code.py").decode()
    board.drive.mount_or_format()
    parts = firmware_parts(board, source)
    return parts, laid_out_files(parts)


def after(moment: Moment, torn: int, device_uuid: str) -> dict[int, Kept]:
    """What the flash holds after a cut, without another start."""
    return durable(drive_with(LAYOUT_8MB, moment.cut(torn)), device_uuid)


def test_torn_lines_are_back_before_another_sector_is_written() -> None:
    """A session moves far, its new line is torn, and the start has to write its old line, too: torn ones go first.

    That other write takes the journal for its own sector, while a cut of this start would still need it. Nor may a
    write to the journal tear the last lines, which it does not repeat then.
    """
    board = prepared_board(LAYOUT_8MB, short_ring())
    device_uuid = device_uuid_of(board)
    fill_with_unsent(board, SHORT_RING_LINES)
    board.drive.outside_remove(TWIN_PATH)
    parts, files = files_on(board)
    table = files.table
    for slot in (0, 30):
        session = table.at(slot)
        session.acked_run_seconds = session.run_seconds
        session.flags |= parts.Session.ACKED_CLOSED
        table.save(session)
    files.make_durable([0, 30])
    table.begin()
    files.checkpoint(15)
    assert 0 == table.current.slot
    everybody = set(durable(board.drive, device_uuid)) - {31}

    with Recording(board) as move:
        files.checkpoint(MOVE_AFTER_SECONDS + 30)

    assert 30 == table.current.slot
    board.close()
    starts = 0
    for first in move.moments:
        again = board_on(drive_with(LAYOUT_8MB, first.cut(ERASED)), first.nvm)
        with Recording(again) as start:
            files_on(again)
        again.close()
        for second in start.moments:
            starts += 1
            assert everybody <= set(after(second, ERASED, device_uuid)), f"sectors {first.sector}, {second.sector}"
    assert starts >= 5


def test_copy_just_laid_out_has_what_changed_meanwhile() -> None:
    """A start is sent while the twin is filled, and an ack waits: no cut takes that start, whichever copy it tears."""
    board = prepared_board(LAYOUT_8MB, short_ring())
    device_uuid = device_uuid_of(board)
    fill_with_unsent(board, 23)
    board.drive.outside_remove(TWIN_PATH)
    parts, files = files_on(board)
    table = files.table
    table.begin()
    files.checkpoint(15)
    calls: list[None] = []

    def send_at_the_end() -> None:
        calls.append(None)
        if len(calls) == files.copies[1].lines // 2:
            session = table.at(4)
            session.set_start(1_800_000_000, 0)
            session.flags |= parts.Session.SENT
            table.save(session)
            files.make_durable([4])
            files.checkpoint(30)  # takes the journal
            assert durable(board.drive, device_uuid)[5].sent
            neighbour = table.at(5)
            neighbour.acked_run_seconds = neighbour.run_seconds
            neighbour.flags |= parts.Session.ACKED_CLOSED
            table.save(neighbour)

    def in_main(moment: Moment) -> dict[int, Kept]:
        return copies(drive_with(LAYOUT_8MB, moment.content), device_uuid, journal=False)[0]

    with Recording(board) as laying_out:
        files.prepare(send_at_the_end)
        files.checkpoint(45)
        files.checkpoint(60)

    main, twin = copies(board.drive, device_uuid, journal=False)
    assert main[5] == twin[5]
    assert twin[5].sent
    for path in (SESSIONS_PATH, TWIN_PATH):
        assert [None] == json.loads(board.drive.outside_read(path))["journal"]
    lines = board.drive.sectors_of(SESSIONS_PATH) | board.drive.sectors_of(TWIN_PATH)
    moments = [one for one in laying_out.moments if one.sector in lines]
    known = [one for one in moments if in_main(one)[5].sent]
    assert len(known) >= 4
    for moment in known:
        assert after(moment, ERASED, device_uuid)[5].sent, f"sector {moment.sector}"
    board.close()


@pytest.mark.parametrize("lost", [SESSIONS_PATH, TWIN_PATH])
@pytest.mark.parametrize("checkpoints", [1, 2])
def test_a_checkpoint_whose_copy_is_gone_goes_into_the_other(lost: str, checkpoints: int) -> None:
    """Deleted before its turn or before the other's: the checkpoint is on the drive when it returns."""
    board = prepared_board(LAYOUT_4MB, short_ring())
    device_uuid = device_uuid_of(board)
    _, files = files_on(board)
    files.table.begin()
    for number in range(checkpoints):
        files.checkpoint(15 * number)
    board.drive.outside_remove(lost, shared=True)

    files.checkpoint(45)

    assert 45 == durable(board.drive, device_uuid)[files.table.boot].run_seconds
    board.close()
