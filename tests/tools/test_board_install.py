"""`board install` over the CIRCUITPY drive, with faults at every step."""

import errno
import json
import os
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.tools.board_world import (
    OLD_PROGRAM,
    WANTED,
    FaultyDrive,
    blank_drive,
    plan,
    small_firmware,
    start,
    to_drive,
    to_folder,
)
from tools.board import commands, find, install, libraries
from tools.board.drive import DriveBoard
from tools.board.errors import BoardError, BoardNotFound, Damaged, DriveFull, ReadOnly, SeveralBoards, Unreachable
from tools.board.find import Found, Where, drives_here, open_found
from tools.board.transport import Space, finish_exchange, replace
from tools.cli import app, describe
from tools.deploy import last, workdir


@pytest.fixture
def circuitpy(tmp_path: Path) -> Path:
    """A board's drive with another program on it, as a folder."""
    return to_folder(blank_drive(), tmp_path / "CIRCUITPY")


@pytest.fixture
def firmware(tmp_path: Path) -> Path:
    """Small firmware."""
    return small_firmware(tmp_path / "firmware")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run a command line as the owner types it; its result."""
    monkeypatch.setattr(commands, "DATA", tmp_path / "data")
    monkeypatch.setattr(workdir, "DEPLOYMENTS", tmp_path / "deploy")
    monkeypatch.setattr(commands.console, "width", 300)

    def run_arguments(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["board", *arguments])

    return run_arguments


SETTINGS = (
    "--ingest-url",
    "https://example.org/functions/v1/ingest",
    "--wifi",
    "Hangar",
    "--wifi-password",
    "password",
)


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_installs_a_board_that_counts(circuitpy: Path, run: Any) -> None:
    """Firmware, libraries by the real circup, and settings: the simulated board starts and prepares its storage."""
    result = run("install", "--path", str(circuitpy), "--offline", *SETTINGS)

    assert 0 == result.exit_code, result.output
    assert "files written, read back and compared" in result.output
    lines = start(to_drive(circuitpy))
    assert any(line.startswith("Device UUID: ") for line in lines)
    assert "Wi-Fi: cannot join Hangar (No network with that ssid)" in lines
    assert not any(line.startswith(("Settings:", "Libraries:", "Fault")) for line in lines)


def test_the_second_run_changes_nothing(circuitpy: Path, run: Any) -> None:
    """Not one file is written again."""
    run("install", "--path", str(circuitpy), "--offline", *SETTINGS)
    before = {file: file.stat().st_mtime_ns for file in circuitpy.rglob("*")}

    result = run("install", "--path", str(circuitpy), "--offline", *SETTINGS)

    assert 0 == result.exit_code, result.output
    assert before == {file: file.stat().st_mtime_ns for file in circuitpy.rglob("*")}


def test_only_what_changed_is_written(circuitpy: Path, firmware: Path) -> None:
    """A damaged library alone is replaced."""
    board = DriveBoard(circuitpy)
    install.apply(board, plan(board, firmware))
    (circuitpy / "lib" / "adafruit_ntp.py").write_bytes(b"import")

    again = plan(board, firmware)

    assert ["/lib/adafruit_ntp.py"] == [change.path for change in again.changes]


def test_a_dry_run_writes_nothing(circuitpy: Path, run: Any, tmp_path: Path) -> None:
    """It says what it would do."""
    before = contents(circuitpy)

    result = run("install", "--path", str(circuitpy), "--offline", "--dry-run", *SETTINGS)

    assert 0 == result.exit_code, result.output
    assert "update  /code.py" in result.output
    assert "nothing was written" in result.output
    assert before == contents(circuitpy)
    assert not (tmp_path / "data" / "replaced").exists()


@pytest.mark.parametrize(
    ("secrets", "arguments", "said"),
    [
        (None, ("--wifi", "Hangar"), "The password of Hangar is missing"),
        (None, ("--wifi", "Hangar", "--wifi-password", "password"), "Still missing: the ingest URL (--ingest-url)."),
        (None, ("--ingest-url", "https://example.org/functions/v1/ingest"), "Still missing: a Wi-Fi (--wifi"),
        ('secrets = {"networks": NETS}', ("--access-token", "long-token-of-the-club"), "Still missing: the ingest URL"),
        ('secrets = {"networks": [("A", "password-a")]}', ("--wifi", "B"), "The password of B is missing"),
    ],
)
def test_an_incomplete_answer_is_refused_before_anything_is_written(
    circuitpy: Path, run: Any, secrets: str | None, arguments: tuple[str, ...], said: str
) -> None:
    """Without questions (`--yes`, a script for ten boards) nothing is guessed and nothing left empty."""
    if secrets is not None:
        (circuitpy / "secrets.py").write_text(secrets)
    before = contents(circuitpy)

    result = run("install", "--path", str(circuitpy), "--offline", "--yes", *arguments)

    assert result.exit_code == 1
    assert said in str(result.exception)
    assert "Done" not in result.output
    assert before == contents(circuitpy)


def test_a_known_network_keeps_its_password_when_it_is_named_again(circuitpy: Path, run: Any) -> None:
    """`--wifi Hangar --yes` on a board that is set up writes no empty password and no empty address."""
    own = (
        b'secrets = {"ingest_url": "https://example.org/functions/v1/ingest", "networks": [("Hangar", "goodpassword")]}'
    )
    (circuitpy / "secrets.py").write_bytes(own)

    result = run("install", "--path", str(circuitpy), "--offline", "--yes", "--wifi", "Hangar")

    assert result.exit_code == 0, result.output
    assert (circuitpy / "secrets.py").read_bytes() == own


def test_the_owners_files_stay(circuitpy: Path, run: Any) -> None:
    """Sessions, the board's folder, settings and everything else are byte for byte the same."""
    (circuitpy / "logger").mkdir()
    own = {
        "sessions.json": b'{"device_uuid": "", "sessions": []}',
        "sessions-11111111-2222-4333-8444-555555555555.json": b"{}",
        "logger/sessions.json": b"twin",
        "logger/identity.json": b"{}",
        "settings.toml": b"# mine\nLOGGER_BATCH_MESSAGES = 5\n",
        "notes.txt": b"call the mechanic",
        "lib/mine.py": b"x = 1\n",
    }
    for name, data in own.items():
        (circuitpy / name).write_bytes(data)

    result = run("install", "--path", str(circuitpy), "--offline", *SETTINGS)

    assert 0 == result.exit_code, result.output
    assert own == {name: data for name, data in contents(circuitpy).items() if name in own}


def test_a_copy_of_what_is_replaced_is_kept(circuitpy: Path, run: Any, tmp_path: Path) -> None:
    """In a folder of this board's own, readable by its owner alone."""
    run("install", "--path", str(circuitpy), "--offline", *SETTINGS)

    copies = list((tmp_path / "data" / "replaced" / "7C9EBDF40A10").iterdir())
    assert {"code.py": OLD_PROGRAM.encode()} == contents(copies[0])
    assert 0o700 == copies[0].stat().st_mode & 0o777


def test_prints_the_registration_link_and_a_qr_code(circuitpy: Path, run: Any) -> None:
    """Once the board has said its UUID."""
    (circuitpy / "logger").mkdir()
    uuid = "550e8400-e29b-41d4-a716-446655440000"
    (circuitpy / "logger" / "identity.json").write_text(f'{{"device_uuid": "{uuid}", "device_key": "00ff"}}')

    result = run("install", "--path", str(circuitpy), "--offline", *SETTINGS, "--portal", "https://example.org/portal/")

    assert f"https://example.org/portal/#/devices/register?uuid={uuid}" in result.output
    assert "00ff" not in result.output
    assert "█" in result.output or "▀" in result.output


def test_a_compiled_library_does_not_stay_beside_its_source(circuitpy: Path, firmware: Path) -> None:
    """One of the two would be a stale copy."""
    (circuitpy / "lib" / "adafruit_ntp.mpy").write_bytes(b"C\x06")
    board = DriveBoard(circuitpy)

    install.apply(board, plan(board, firmware))

    assert ["adafruit_ntp.py"] == os.listdir(circuitpy / "lib")


def test_a_library_that_circup_does_not_know_is_an_error(tmp_path: Path) -> None:
    """Instead of a board that cannot send."""
    (tmp_path / "requirements.txt").write_text("adafruit_no_such_thing\n")

    with pytest.raises(BoardError, match="circup"):
        libraries.collect(tmp_path / "requirements.txt", "10.2.1", tmp_path / "cache", offline=True)


# The cable, the drive and the flash at their worst


def is_whole(circuitpy: Path, firmware: Path) -> bool:
    """Whether every file is its old self, its new self or not there, and one program would run."""
    new = (firmware / "code.py").read_bytes()
    programs = [file.read_bytes() for name in ("code.py", "main.py") if (file := circuitpy / name).exists()]
    library = circuitpy / "lib" / "adafruit_ntp.py"
    whole_library = not library.exists() or b"utc_ns" in library.read_bytes()
    return bool(programs) and set(programs) <= {OLD_PROGRAM.encode(), new} and whole_library


def test_the_cable_may_be_pulled_at_any_moment(circuitpy: Path, firmware: Path, tmp_path: Path) -> None:
    """Whatever step it hits, a whole program is on the board, and the same command continues from there."""
    original = tmp_path / "original"
    shutil.copytree(circuitpy, original)
    starts = []

    def pull() -> None:
        raise OSError(errno.EIO, "Input/output error")

    at = 0
    while True:
        shutil.rmtree(circuitpy)
        shutil.copytree(original, circuitpy)
        board = FaultyDrive(circuitpy, at, pull)
        try:
            install.apply(board, plan(board, firmware))
            break
        except Unreachable as error:
            assert "repeat the same command" in str(error)
        assert is_whole(circuitpy, firmware), f"pulled before change {at}"
        if at % 3 == 0:
            starts.append(start(to_drive(circuitpy), 5))
        again = DriveBoard(circuitpy)
        finish_exchange(again)
        install.apply(again, plan(again, firmware))
        assert [] == plan(again, firmware).changes
        assert not [
            name for name in contents(circuitpy) if name.endswith(".new") or name in ("main.py", "code.py.exchanging")
        ]
        at += 1

    assert at > 12
    assert all("old program" in lines or "new program" in lines for lines in starts)


def test_a_drive_that_fills_up_loses_nothing(circuitpy: Path, firmware: Path) -> None:
    """The file that found no room goes, the old one stays."""

    def fill() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    board = FaultyDrive(circuitpy, 0, fill)

    with pytest.raises(DriveFull, match="no room"):
        replace(board, "/code.py", b"new" * 1000)

    assert OLD_PROGRAM.encode() == (circuitpy / "code.py").read_bytes()


def test_a_drive_without_room_is_refused_before_anything_is_written(circuitpy: Path, firmware: Path) -> None:
    """The sessions that the board will lay out count too."""
    todo = plan(DriveBoard(circuitpy), firmware)

    with pytest.raises(DriveFull, match="for the sessions"):
        install.check_room(Space(4_000_000, 500_000), todo, laid_out=False)
    install.check_room(Space(4_000_000, 500_000), todo, laid_out=True)
    with pytest.raises(DriveFull, match="Nothing has been changed"):
        install.check_room(Space(4_000_000, 10_000), todo, laid_out=True)


def test_a_read_only_drive_is_said_before_anything_is_written(
    circuitpy: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the button to hold, because the running logger is the usual cause."""
    before = contents(circuitpy)
    monkeypatch.setattr(
        "tools.board.drive.os.statvfs", lambda folder: SimpleNamespace(f_flag=os.ST_RDONLY, f_frsize=512)
    )

    result = run("install", "--path", str(circuitpy), "--offline", *SETTINGS)

    assert isinstance(result.exception, ReadOnly)
    assert "BOOT" in describe(result.exception)
    assert before == contents(circuitpy)


def test_a_drive_that_turns_read_only_on_the_way(circuitpy: Path, firmware: Path) -> None:
    """As computers do when they find the file system damaged."""

    def forbid() -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with pytest.raises(ReadOnly):
        replace(FaultyDrive(circuitpy, 0, forbid), "/code.py", b"new")

    assert OLD_PROGRAM.encode() == (circuitpy / "code.py").read_bytes()


class Garbling(DriveBoard):
    """A drive whose next reads of new files come back wrong."""

    wrong = 0

    def read(self, path: str) -> bytes | None:
        """See Board."""
        data = super().read(path)
        if path.endswith(".new") and self.wrong > 0:
            self.wrong -= 1
            return b"?" + (data or b"")[1:]
        return data


def test_a_file_that_comes_back_different_is_written_again(circuitpy: Path) -> None:
    """Twice wrong, the third time right."""
    board = Garbling(circuitpy)
    board.wrong = 2

    replace(board, "/code.py", b"new program")

    assert b"new program" == (circuitpy / "code.py").read_bytes()


def test_a_file_that_never_comes_back_right_replaces_nothing(circuitpy: Path) -> None:
    """Worn-out flash is said in words."""
    board = Garbling(circuitpy)
    board.wrong = 99

    with pytest.raises(Damaged, match="worn out"):
        replace(board, "/code.py", b"new program")

    assert OLD_PROGRAM.encode() == (circuitpy / "code.py").read_bytes()
    assert not (circuitpy / "code.py.new").exists()


@pytest.mark.parametrize(
    "path", ["/sessions.json", "/logger/sessions.json", "/logger", "/sessions-x.json", "/sessions.tmp"]
)
def test_nothing_ever_writes_where_the_board_writes(circuitpy: Path, path: str) -> None:
    """Not even by mistake."""
    with pytest.raises(BoardError, match="belongs to the board"):
        replace(DriveBoard(circuitpy), path, b"x")


def test_an_owners_main_py_is_neither_used_nor_removed(circuitpy: Path, firmware: Path) -> None:
    """The name that stands in for code.py may be taken."""
    (circuitpy / "main.py").write_text("print('mine')")
    board = DriveBoard(circuitpy)
    finish_exchange(board)

    install.apply(board, plan(board, firmware))

    assert "print('mine')" == (circuitpy / "main.py").read_text()


# Which board


def test_a_folder_that_is_no_board(tmp_path: Path, run: Any) -> None:
    """Nothing is written into somebody's home folder."""
    result = run("install", "--path", str(tmp_path), "--offline")

    assert isinstance(result.exception, BoardNotFound)
    assert "boot_out.txt is missing" in str(result.exception)


def test_a_folder_that_is_not_there(tmp_path: Path, run: Any) -> None:
    """With what to look at."""
    result = run("install", "--path", str(tmp_path / "nowhere"), "--offline")

    assert isinstance(result.exception, BoardNotFound)
    assert "cable that carries data" in str(result.exception)


def test_a_board_with_too_old_a_circuitpython(circuitpy: Path, run: Any) -> None:
    """Nothing is written."""
    (circuitpy / "boot_out.txt").write_text(
        "Adafruit CircuitPython 8.2.6 on 2023-09-12; Feather with ESP32\nBoard ID:x\n"
    )

    result = run("install", "--path", str(circuitpy), "--offline", *SETTINGS)

    assert "needs 9 or newer" in str(result.exception)
    assert OLD_PROGRAM.encode() == (circuitpy / "code.py").read_bytes()


def test_no_board_and_several_boards_are_said_with_what_to_type() -> None:
    """The choice is the owner's."""
    with pytest.raises(BoardNotFound, match="--path, --port or --host"):
        open_found([], Where())
    with pytest.raises(SeveralBoards, match=r"--path /media/a\n  --port /dev/ttyACM0"):
        open_found([Found("path", "/media/a"), Found("port", "/dev/ttyACM0")], Where())


def test_a_drive_goes_before_the_other_ways_and_several_of_them_are_several(
    monkeypatch: pytest.MonkeyPatch, circuitpy: Path
) -> None:
    """A board with a drive has a serial port as well; without a drive, each port and each host may be another board."""
    monkeypatch.setattr(find, "serial_ports", lambda: ["/dev/ttyACM0"])
    monkeypatch.setattr(find, "hosts_in_network", lambda: ["192.168.1.45"])
    monkeypatch.setattr(find, "drives_here", lambda: [circuitpy])
    assert [Found("path", str(circuitpy))] == find.search()

    monkeypatch.setattr(find, "drives_here", list)

    with pytest.raises(SeveralBoards, match=r"--port /dev/ttyACM0\n  --host 192\.168\.1\.45"):
        find.open_board(Where())


def test_mounted_drives_are_found_by_their_label(circuitpy: Path, tmp_path: Path) -> None:
    """Also with a space in the path; other drives are not taken."""
    place = tmp_path / "my disks" / "CIRCUITPY1"
    shutil.copytree(circuitpy, place)
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 {str(place).replace(' ', chr(92) + '040')} vfat rw 0 0\n")

    assert [place] == drives_here(mounts)


def test_only_one_way_may_be_named(run: Any) -> None:
    """Two would be two boards."""
    result = run("doctor", "--path", "/x", "--port", "/dev/ttyACM0")

    assert 2 == result.exit_code
    assert WANTED.ingest_url not in result.output


DEPLOYED = last.LastDeploy("https://club.example/functions/v1/ingest", "hangar-7-access-token", "https://club.example/")


def test_address_and_token_come_from_the_last_deploy(circuitpy: Path, run: Any, tmp_path: Path) -> None:
    """Where the board has none; the token is in no output, and the note is readable by its owner alone."""
    last.write(DEPLOYED)
    last.write(last.LastDeploy(DEPLOYED.ingest_url))  # a later deploy without naming them again

    result = run(
        "install", "--path", str(circuitpy), "--offline", "--yes", "--wifi", "Hangar", "--wifi-password", "password"
    )

    assert result.exit_code == 0, result.exception
    told = (circuitpy / "secrets.py").read_text()
    assert DEPLOYED.ingest_url in told
    assert DEPLOYED.access_token in told
    assert DEPLOYED.access_token not in result.output
    assert (tmp_path / "deploy/last.json").stat().st_mode & 0o777 == 0o600


def test_a_board_of_another_project_gets_nothing_of_the_last_deploy(circuitpy: Path, run: Any) -> None:
    """Its address stays, and another project's token is none of its business."""
    own = b'secrets = {"ingest_url": "https://other.example/functions/v1/ingest", "networks": [("A", "password-a")]}\n'
    (circuitpy / "secrets.py").write_bytes(own)
    last.write(DEPLOYED)

    result = run("install", "--path", str(circuitpy), "--offline", "--yes")

    assert result.exit_code == 0, result.exception
    assert (circuitpy / "secrets.py").read_bytes() == own


def test_a_batch_takes_one_board_after_the_other_and_keeps_a_list(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two boards on one drive name: the second is plugged in later; one that comes again keeps its name."""
    last.write(DEPLOYED)
    drives = []
    for number, uuid in enumerate(("", "550e8400-e29b-41d4-a716-446655440000")):
        drive = to_folder(blank_drive(), tmp_path / f"drive{number}")
        told = (drive / "boot_out.txt").read_text()
        (drive / "boot_out.txt").write_text(re.sub(r"UID:\w+", f"UID:7C9EBDF40A1{number}", told))
        if uuid:
            (drive / "logger").mkdir()
            (drive / "logger/identity.json").write_text(json.dumps({"device_uuid": uuid}))
        drives.append(drive)
    plugged = tmp_path / "CIRCUITPY"
    hands = iter([drives[0], None, drives[1], None, drives[0]])

    def wait(seconds: float) -> None:
        plugged.unlink(missing_ok=True)
        drive = next(hands)
        if drive is not None:
            plugged.symlink_to(drive)

    monkeypatch.setattr("tools.board.batch.time", SimpleNamespace(sleep=wait))
    wifi = ("--wifi", "Hangar", "--wifi-password", "password")
    arguments = ("install", "--path", str(plugged), "--offline", "--yes", *wifi)
    list_file = tmp_path / "boards.csv"

    result = run(*arguments, "--batch", "--boards", "3", "--list", str(list_file))

    assert result.exit_code == 0, (result.output, result.exception)
    rows = list_file.read_text().splitlines()
    link = "https://club.example/#/devices/register?uuid=550e8400-e29b-41d4-a716-446655440000"
    assert rows == [
        "name,chip,device_uuid,register",
        "Board 1,7C9EBDF40A10,,",
        f"Board 2,7C9EBDF40A11,550e8400-e29b-41d4-a716-446655440000,{link}",
    ]
    assert result.output.count("Board 1\n") == 2
    assert f"Register it: {link}" in result.output
    assert all("hangar-7-access-token" in (drive / "secrets.py").read_text() for drive in drives)
    assert "hangar-7-access-token" not in result.output


def test_a_file_that_is_no_list_of_boards_stays(run: Any, tmp_path: Path) -> None:
    """It may be somebody's accounts."""
    (tmp_path / "boards.csv").write_text("date,amount\n1,2\n")

    result = run("install", "--batch", "--path", str(tmp_path), "--list", str(tmp_path / "boards.csv"))

    assert "is no list of boards" in str(result.exception)
    assert (tmp_path / "boards.csv").read_text() == "date,amount\n1,2\n"
