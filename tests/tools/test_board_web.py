"""`tools board` over the web workflow of a simulated board."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from zeroconf import IPVersion, ServiceInfo, Zeroconf

from tests.tools.board_world import (
    OLD_PROGRAM,
    WANTED,
    blank_drive,
    canned_server,
    plan,
    small_firmware,
    start,
    to_drive,
    to_folder,
)
from tests.tools.checkout import TIMEOUT_SECONDS
from tools.board import install, libraries
from tools.board.errors import BoardError, BoardNotFound, DriveFull, ReadOnly, Unreachable, WrongPassword
from tools.board.find import SERVICE, Where, hosts_in_network, open_board
from tools.board.transport import finish_exchange, replace
from tools.board.web import WebBoard
from tools.circuitpython import RECOMMENDED, release_of
from tools.simulator import Drive, SimulatedBoard
from tools.simulator.ports.workflow import WebWorkflow


@pytest.fixture
def firmware(tmp_path: Path) -> Path:
    """Small firmware."""
    return small_firmware(tmp_path / "firmware")


def power_on(drive: Drive) -> SimulatedBoard:
    """A board that has started from this drive and stands still."""
    board = SimulatedBoard(drive)
    board.power_on()
    board.run_for(5)
    return board


@pytest.fixture
def workflow() -> Iterator[WebWorkflow]:
    """A board with somebody's old program, its web workflow switched on."""
    board = power_on(blank_drive())
    with WebWorkflow(board) as running:
        yield running
    board.close()


def connect(workflow: WebWorkflow, password: str = "secret") -> WebBoard:
    """The way to it, with short pauses."""
    return WebBoard(workflow.host, password, pause_seconds=0.01)


def test_installs_the_real_firmware_and_the_board_starts_it(workflow: WebWorkflow, tmp_path: Path) -> None:
    """Over HTTP alone; auto-reload starts the new program and the UUID comes over the websocket."""
    board = connect(workflow)
    found = libraries.collect(install.FIRMWARE / "requirements.txt", "10.2.1", tmp_path, offline=True)

    install.apply(board, install.make_plan(board, WANTED, found))

    assert [] == install.make_plan(board, WANTED, found).changes
    workflow.board.start()
    uuid = install.wait_for_uuid(board, TIMEOUT_SECONDS)
    workflow.board.stop()
    assert f"Device UUID: {uuid}" in workflow.board.lines
    board.close()


def test_says_what_runs_there(workflow: WebWorkflow) -> None:
    """Version, board, chip and room."""
    board = connect(workflow)

    about, space = board.about(), board.space()

    assert (RECOMMENDED, "simulated_esp32", "7C9EBDF40A10") == (about.version, about.board_id, about.uid)
    assert release_of(RECOMMENDED) == about.release
    assert space is not None
    assert 4_000_000 < space.free < space.total
    assert board.list("/no such folder") is None
    assert board.read("/no such file") is None
    board.close()


def test_a_wrong_password_is_named(workflow: WebWorkflow) -> None:
    """With where the right one stands."""
    with pytest.raises(WrongPassword, match="CIRCUITPY_WEB_API_PASSWORD"):
        connect(workflow, "guess")


def test_a_board_without_password_is_closed(workflow: WebWorkflow) -> None:
    """And how to open it."""
    workflow.password = None

    with pytest.raises(WrongPassword, match="--web-password"):
        connect(workflow)


def test_a_password_must_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is asked of the board."""
    monkeypatch.delenv("CIRCUP_WEBWORKFLOW_PASSWORD", raising=False)
    monkeypatch.delenv("CIRCUITPY_WEB_API_PASSWORD", raising=False)

    with pytest.raises(WrongPassword, match="--password"):
        open_board(Where(host="127.0.0.1:9"))


def test_nobody_answers() -> None:
    """A closed port stands for a board that is off."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    with pytest.raises(BoardNotFound, match="No board answers"):
        WebBoard(f"127.0.0.1:{port}", "secret")


def test_something_else_answers() -> None:
    """A router's page at the address that was the board's yesterday."""
    with (
        canned_server(200, b"<html>Welcome</html>", {"Content-Type": "text/html"}) as url,
        pytest.raises(BoardNotFound, match="is no CircuitPython board"),
    ):
        WebBoard(url.removeprefix("http://").partition("/")[0], "secret")


@pytest.mark.parametrize("how", ["usb", "boot"])
def test_a_drive_that_takes_no_writes_is_said(workflow: WebWorkflow, how: str) -> None:
    """409 while a computer holds the drive; 500 on S2 and S3 until boot.py has remounted."""
    workflow.usb_active = how == "usb"
    workflow.drive.readonly = how == "boot"
    board = connect(workflow)

    with pytest.raises(ReadOnly):
        board.check_writable()
    with pytest.raises(ReadOnly, match="Eject CIRCUITPY"):
        replace(board, "/code.py", b"new")
    assert OLD_PROGRAM.encode() == workflow.drive.outside_read("/code.py")
    board.close()


def test_a_full_drive_is_said_and_nothing_is_lost(workflow: WebWorkflow) -> None:
    """413 comes before the upload."""
    board = connect(workflow)
    space = board.space()
    assert space is not None
    workflow.drive.outside_write("/big.bin", b"x" * (space.free - 8_000), shared=True)

    with pytest.raises(DriveFull):
        replace(board, "/code.py", b"n" * 20_000)

    assert OLD_PROGRAM.encode() == workflow.drive.outside_read("/code.py")
    board.close()


def test_an_upload_that_arrives_garbled_is_sent_again(workflow: WebWorkflow) -> None:
    """Every file is read back."""
    board = connect(workflow)
    workflow.garble_uploads = 2

    replace(board, "/code.py", b"new program")

    assert b"new program" == workflow.drive.outside_read("/code.py")
    board.close()


def assert_whole(workflow: WebWorkflow, firmware: Path, tmp_path: Path) -> None:
    """The board, restarted, runs one of the two programs; the same command finishes the job."""
    workflow.board.close()
    drive = to_drive(to_folder(workflow.drive, tmp_path / "after"))
    assert {"old program", "new program"} & set(start(drive, 5))
    mended = power_on(drive)
    with WebWorkflow(mended) as again:
        board = connect(again)
        finish_exchange(board)
        install.apply(board, plan(board, firmware))
        assert [] == plan(board, firmware).changes
        left = {entry.name for entry in board.list("/") or ()}
        assert not {name for name in left if name.endswith(".new") or name in ("main.py", "code.py.exchanging")}
        board.close()
    mended.close()


@pytest.mark.parametrize("path", ["/lib/adafruit_ntp.py", "/secrets.py", "/safemode.py", "/boot.py", "/code.py"])
def test_an_upload_cut_short_leaves_a_board_that_starts(
    workflow: WebWorkflow, firmware: Path, tmp_path: Path, path: str
) -> None:
    """In the middle of every transfer: a web-workflow upload in place is truncated there."""
    board = connect(workflow)
    todo = plan(board, firmware)
    half = {change.path: len(change.new or b"") // 2 for change in todo.changes}

    def pull_when_it_begins(text: str) -> None:
        if text.endswith(f" {path}"):
            workflow.cut_after_bytes = half[path]

    with pytest.raises(Unreachable, match="repeat the same command"):
        install.apply(board, todo, pull_when_it_begins)

    board.close()
    assert_whole(workflow, firmware, tmp_path)


@pytest.mark.parametrize("changes", [2, 11, 12, 13, 14, 15])
def test_a_connection_lost_between_two_steps_leaves_a_board_that_starts(
    workflow: WebWorkflow, firmware: Path, tmp_path: Path, changes: int
) -> None:
    """Also between the renames that exchange code.py; the answer to the step itself is lost."""
    board = connect(workflow)
    todo = plan(board, firmware)
    workflow.cut_after_changes = changes

    with pytest.raises(BoardError):
        install.apply(board, todo)

    board.close()
    assert_whole(workflow, firmware, tmp_path)


def test_the_console_survives_characters_cut_in_two(workflow: WebWorkflow) -> None:
    """Frames end anywhere."""
    text = "…" * 70
    console = connect(workflow).console()
    assert console is not None

    with console as lines:
        lines.read(0.1)
        workflow.board.write_file("/code.py", f"print({text!r})")
        workflow.board.run_for(5)
        seen = ""
        for _ in range(50):
            seen += lines.read(0.1)
            if text in seen:
                break

    assert text in seen


def test_boards_are_found_in_the_network() -> None:
    """By mDNS, with the port that they announce."""
    zeroconf = Zeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
    info = ServiceInfo(
        SERVICE,
        f"cpy-simulated.{SERVICE}",
        addresses=[socket.inet_aton("127.0.0.1")],
        port=8080,
        server="cpy-simulated.local.",
    )
    zeroconf.register_service(info)
    try:
        # A search listens for three seconds: a person searches again, and so does a machine with much to do.
        searches = (hosts_in_network(interfaces=["127.0.0.1"]) for _ in range(10))
        hosts = next(filter(None, searches), [])
    finally:
        zeroconf.unregister_service(info)
        zeroconf.close()

    assert "127.0.0.1:8080" in hosts
