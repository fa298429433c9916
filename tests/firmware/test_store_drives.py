"""Drives that something happened to: counting goes on, the log says what is wrong, nothing valid is overwritten."""

from __future__ import annotations

import binascii
import json
from collections.abc import Callable

import pytest

from tests.firmware.cuts import (
    LINE_BYTES,
    PAD_LINES,
    SESSIONS_PATH,
    TWIN_PATH,
    board_on,
    device_uuid_of,
    durable,
    files,
    fill_with_unsent,
    prepared_board,
    short_ring,
)
from tools.simulator import LAYOUT_8MB, SimulatedBoard
from tools.simulator.values import NVM_BYTES

REPAIR_SECONDS = 200  # the quiet first minute, laying out, and some checkpoints
OTHER_CHIP = bytes.fromhex("0102030405ff")


def board_with_sessions(count: int = 12) -> SimulatedBoard:
    """A laid-out board without power that keeps `count` unsent sessions."""
    board = prepared_board(LAYOUT_8MB, short_ring())
    fill_with_unsent(board, count)
    board.console.clear()
    return board


def run(board: SimulatedBoard, seconds: float = REPAIR_SECONDS) -> list[str]:
    """Switch on, run, switch off; the log of that power-up."""
    begin = len(board.console)
    board.power_on()
    board.run_for(seconds)
    board.power_off(for_seconds=60)
    return board.lines[begin:]


def kept(board: SimulatedBoard) -> dict[int, int]:
    """Seconds of each session that the drive keeps, by boot."""
    return {boot: one.run_seconds for boot, one in sorted(durable(board.drive, device_uuid_of(board)).items())}


def assert_whole(board: SimulatedBoard, sessions: int = 12) -> None:
    """Both copies are there, equal, valid JSON, and hold every session that was ever ended."""
    main, twin = (json.loads(board.read_file(path)) for path in (SESSIONS_PATH, TWIN_PATH))
    assert main["device_uuid"] == twin["device_uuid"]
    expected = {slot + 1: 300 + slot for slot in range(sessions)}
    assert expected == {boot: seconds for boot, seconds in kept(board).items() if boot <= sessions}
    for copy in (main, twin):
        assert set(expected) <= {one["boot"] for one in copy["sessions"] if one}


def truncated(data: bytes) -> bytes:
    """The file after an interrupted upload."""
    return data[: len(data) // 2]


def megabyte(data: bytes) -> bytes:
    """The file with a megabyte of something else behind it."""
    return data + b'{"start": "2025-10-23T18:00:00Z"},\n' * 30_000


def shifted(data: bytes) -> bytes:
    """The file after an editor took the trailing spaces away."""
    return b"".join(line.rstrip() + b"\n" for line in data.splitlines())


def narrower(data: bytes) -> bytes:
    """The file as a version before the first release laid it out, with lines of 256 bytes."""
    return b"".join(line.rstrip().ljust(255) + b"\n" for line in data.splitlines())


def edited(data: bytes) -> bytes:
    """A session's seconds changed by hand, same length."""
    return data.replace(b'"run_seconds":305', b'"run_seconds":999')


def emptied(_: bytes) -> bytes:
    """Nothing left."""
    return b""


def older(_: bytes) -> bytes:
    """As the contract shows it, without checksums, from a version that kept it so."""
    entry = {"start": "2025-10-23T18:00:00Z", "run_seconds": 1200, "acked_run_seconds": 1140, "status": "open"}
    return json.dumps({"device_uuid": "550e8400-e29b-41d4-a716-446655440000", "sessions": [entry] * 3}).encode()


def random_bytes(data: bytes) -> bytes:
    """Right size, no text at all."""
    return bytes(index * 37 % 251 for index in range(len(data)))


DAMAGES = [truncated, megabyte, shifted, edited, emptied, older, random_bytes]


@pytest.mark.parametrize("path", [SESSIONS_PATH, TWIN_PATH])
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_one_damaged_copy_is_made_anew(path: str, damage: Callable[[bytes], bytes]) -> None:
    """Whatever became of one copy, the other one has everything; what was found is kept under another name."""
    board = board_with_sessions()
    owners = files(board.drive)
    found = damage(board.read_file(path))
    board.drive.outside_write(path, found)

    log = run(board)

    assert_whole(board)
    assert any(line.startswith("Storage: ") for line in log)
    assert not any("in memory only" in line for line in log[-4:])
    assert files(board.drive) == owners
    aside = [one for one in board.drive.outside_list() if "sessions-" in one]
    if len(found) != len(board.read_file(path)):
        assert [found] == [board.read_file(one) for one in aside]
        assert any("set aside as" in line for line in log)


@pytest.mark.parametrize("damage", [truncated, megabyte, shifted, narrower], ids=lambda damage: damage.__name__)
def test_both_copies_damaged_give_back_what_is_in_them(damage: Callable[[bytes], bytes]) -> None:
    """Lines with a right checksum are taken from files that cannot go on, and the boot counter goes on from them."""
    board = board_with_sessions()
    for path in (SESSIONS_PATH, TWIN_PATH):
        board.drive.outside_write(path, damage(board.read_file(path)))

    log = run(board)

    assert_whole(board)
    assert "New session: boot 13" in log
    assert 2 == len([line for line in log if "12 sessions read from it" in line])


@pytest.mark.parametrize("damage", [older, emptied, random_bytes], ids=lambda damage: damage.__name__)
def test_nothing_of_ours_in_both_copies(damage: Callable[[bytes], bytes]) -> None:
    """Files of another size are set aside whole, garbage of the right size is written over; counting starts over."""
    board = board_with_sessions()
    found = damage(board.read_file(SESSIONS_PATH))
    for path in (SESSIONS_PATH, TWIN_PATH):
        board.drive.outside_write(path, found)

    log = run(board)

    assert 140 <= kept(board)[1] <= REPAIR_SECONDS
    assert any("Updated: no clock yet, run 180 s" in line for line in log)
    aside = [one for one in board.drive.outside_list() if "/sessions-" in one]
    same_size = len(found) == len(board.read_file(SESSIONS_PATH))
    assert same_size or [found, found] == [board.read_file(one) for one in aside]


def test_unknown_keys_in_a_line_do_no_harm() -> None:
    """A later version wrote a key that this one does not know: the session is kept all the same."""
    board = board_with_sessions()
    device_uuid = json.loads(board.read_file(SESSIONS_PATH))["device_uuid"]
    data = with_key(board.read_file(SESSIONS_PATH), device_uuid, slot=4)
    for path in (SESSIONS_PATH, TWIN_PATH):
        board.drive.outside_write(path, data)

    run(board)

    assert_whole(board)


def with_key(data: bytes, device_uuid: str, slot: int) -> bytes:
    """The file with one more key, and a right checksum, in a line."""
    seed = binascii.crc32(bytes.fromhex(device_uuid.replace("-", "")))
    at = (PAD_LINES + 1 + slot) * LINE_BYTES
    text = data[at : at + LINE_BYTES].rstrip().partition(b',"crc"')[0] + b',"tail":7'
    line = text + b',"crc":"%08x"},' % binascii.crc32(text, seed)
    return data[:at] + line.ljust(LINE_BYTES - 1) + b"\n" + data[at + LINE_BYTES :]


def remove(board: SimulatedBoard, path: str) -> None:
    """Delete through the board's own file system, as the web workflow does."""
    board.drive.outside_remove(path, shared=True)


def replace_by_a_library(board: SimulatedBoard, path: str) -> None:
    """Delete it, and let another file take its clusters at once."""
    size = len(board.read_file(path))
    board.drive.outside_remove(path, shared=True)
    board.drive.outside_write("/lib/new_library.py", b"# new\n" * (size // 6), shared=True)


def replace_by_an_upload(board: SimulatedBoard, path: str) -> None:
    """Upload something else under its name."""
    board.drive.outside_write(path, b'{"sessions": []}', shared=True)


def replace_by_the_same_size(board: SimulatedBoard, path: str) -> None:
    """Upload an old copy of the same size, which lands in other clusters."""
    data = board.read_file(path)
    board.drive.outside_remove(path, shared=True)
    board.drive.outside_write("/lib/new_library.py", b"# new\n" * (len(data) // 6), shared=True)
    board.drive.outside_write(path, data, shared=True)


def delete_over_usb(board: SimulatedBoard, path: str) -> None:
    """Delete it behind the board's back, and let another file take its clusters."""
    size = len(board.read_file(path))
    board.drive.outside_remove(path)
    board.drive.outside_write("/lib/new_library.py", b"# new\n" * (size // 6))


HANDS = [remove, replace_by_a_library, replace_by_an_upload, replace_by_the_same_size, delete_over_usb]


@pytest.mark.parametrize("paths", [[SESSIONS_PATH], [TWIN_PATH], [SESSIONS_PATH, TWIN_PATH]], ids=str)
@pytest.mark.parametrize("hand", HANDS, ids=lambda hand: hand.__name__)
def test_files_changed_while_held_open(hand: Callable[[SimulatedBoard, str], None], paths: list[str]) -> None:
    """The other side deletes or replaces files that the board holds open: no other file is ever written into."""
    board = board_with_sessions()
    board.power_on()
    board.run_for(100)
    for path in paths:
        hand(board, path)
    owners = files(board.drive)
    begin = len(board.console)

    board.run_for(45)

    assert files(board.drive) == owners
    assert not [line for line in board.lines if line.startswith("Fault")]
    assert any(line.startswith("Storage: ") for line in board.lines[begin:])
    if hand is delete_over_usb:
        # FatFs on the board knows nothing of what was done behind its back; from a clean start it does.
        board.power_off(for_seconds=60)
        board.power_on()
    board.run_for(REPAIR_SECONDS)
    board.power_off()
    assert files(board.drive) == owners
    if hand is not delete_over_usb or len(paths) == 1:
        assert_whole(board)
        assert kept(board)[13] >= 60


@pytest.mark.parametrize("path", [SESSIONS_PATH, TWIN_PATH])
def test_restored_file_that_shares_sectors_is_laid_out_again(path: str) -> None:
    """The owner puts a copy back, of the right size but scattered over the holes of the drive: it is read, no more."""
    board = board_with_sessions()
    found = board.read_file(path)
    board.drive.outside_remove(path)
    board.drive.outside_write("/lib/new_library.py", bytes(len(found)))
    for number in range(8):
        board.drive.outside_write(f"/lib/old_{number}.py", bytes(3000))
    for number in range(0, 8, 2):
        board.drive.outside_remove(f"/lib/old_{number}.py")
    board.drive.outside_write(path, found)
    assert 1 < board.drive.fragments(path)
    owners = files(board.drive)

    log = run(board)

    assert any(line == f"Storage: {path} lies in pieces; 12 sessions read from it" for line in log)
    assert 1 == board.drive.fragments(path)
    assert files(board.drive) == owners
    assert_whole(board)


def test_identity_survives_the_loss_of_either_copy() -> None:
    """nvm emptied, or the identity's file deleted or damaged: the device stays the same, and both copies come back."""
    board = board_with_sessions()
    board.power_on()
    board.run_for(10)
    board.power_off()
    device_uuid = device_uuid_of(board)
    whole = board.read_file("/logger/identity.json")

    for lose in ("nvm", "file", "half a file", "nvm"):
        if lose == "nvm":
            board.nvm = bytearray(NVM_BYTES)
        elif lose == "file":
            board.drive.outside_remove("/logger/identity.json")
        else:
            board.drive.outside_write("/logger/identity.json", whole[:60])
        board.console.clear()
        run(board, 90)

        assert device_uuid == device_uuid_of(board), lose
        assert json.loads(whole) == json.loads(board.read_file("/logger/identity.json")), lose
        assert any(board.nvm), lose
    assert_whole(board)


def test_cloned_drive_gets_an_identity_of_its_own() -> None:
    """A drive copied to another chip: new identity, the foreign files are kept under their owner's name, once."""
    first = board_with_sessions()
    first.power_on()
    first.run_for(5)
    first.power_off()
    owner = device_uuid_of(first)
    originals = [first.read_file(path) for path in (SESSIONS_PATH, TWIN_PATH)]
    clone = SimulatedBoard(first.drive, cpu_uid=OTHER_CHIP, seed=99)

    log = run(clone)

    assert owner != device_uuid_of(clone)
    assert any("comes from another board" in line for line in log)
    aside = [f"/sessions-{owner}.json", f"/logger/sessions-{owner}.json"]
    assert originals == [clone.read_file(path) for path in aside]
    assert 140 <= kept(clone)[1] <= REPAIR_SECONDS
    again = run(clone)
    assert not any("set aside" in line or "another board" in line for line in again)
    assert {1, 2} == set(kept(clone))


def test_drive_moved_back_and_forth_overwrites_nothing() -> None:
    """The drive's content goes to another chip and back: each device's sessions are on it in the end."""
    first = board_with_sessions()
    run(first, 5)
    owner = device_uuid_of(first)
    second = SimulatedBoard(first.drive, cpu_uid=OTHER_CHIP, seed=99)
    run(second)
    other = device_uuid_of(second)
    third = board_on(first.drive, bytes(first.nvm))

    run(third)

    assert owner == device_uuid_of(third)
    names = [path for path in first.drive.outside_list() if "sessions-" in path]
    assert {f"/sessions-{owner}.json", f"/sessions-{other}.json"} <= set(names)


def test_every_line_unsent_counts_in_memory_until_one_is_free() -> None:
    """All lines hold unsent sessions: none is given up, the log says so every minute, counting goes on."""
    board = board_with_sessions(40)

    log = run(board, 200)

    assert_whole(board, 40)
    assert 3 == len([line for line in log if "all 40 lines hold unsent sessions; counting in memory only" in line])
    assert any("Updated: no clock yet, run 180 s" in line for line in log)
