"""`tools board` over a serial port: a pty, the raw REPL of a real MicroPython VM, the simulated board's drive."""

import os
import shutil
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import serial
from deno import find_deno_bin
from typer.testing import CliRunner

from tests.tools.board_world import OLD_PROGRAM, blank_drive, plan, small_firmware, start, to_drive, to_folder
from tests.tools.checkout import TIMEOUT_SECONDS
from tools import log_lines
from tools.board import install, logs, serial_port
from tools.board.drive import DriveBoard
from tools.board.errors import BoardError, BoardNotFound, DriveFull, ReadOnly, Unreachable
from tools.board.serial_port import SerialBoard
from tools.board.transport import finish_exchange, replace
from tools.circuitpython import RECOMMENDED
from tools.cli import app
from tools.simulator import BoardClock, Drive, SimulatedBoard
from tools.simulator import install as furnish
from tools.simulator.ports.auto_reset import AutoReset
from tools.simulator.ports.repl import SerialPort

RESTARTING = """import supervisor
supervisor.set_next_code_file("code.py", reload_on_error=True, reload_on_success=True, sticky_on_error=True,
                              sticky_on_success=True, sticky_on_reload=True)
"""


# What is typed before a file's own bytes, about, and what each of these becomes.
OPEN_BYTES = 60
BASE64 = 4 / 3


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pty takes what it is given."""
    monkeypatch.setattr(serial_port, "PIECE_PAUSE_SECONDS", 0.0)


@pytest.fixture
def firmware(tmp_path: Path) -> Path:
    """Small firmware."""
    return small_firmware(tmp_path / "firmware")


@pytest.fixture
def port() -> Iterator[SerialPort]:
    """The port of a board that runs somebody's old program."""
    yield from plugged_in(blank_drive())


def plugged_in(drive: Drive, *, auto_reset: bool = True, run_seconds: float = 4) -> Iterator[SerialPort]:
    """A board that has run for a while and goes on ten times as fast as the wall, and its port."""
    board = SimulatedBoard(drive, BoardClock(speed=10))
    board.power_on()
    board.run_for(run_seconds)
    board.start()
    with SerialPort(board, Path(find_deno_bin()), auto_reset=auto_reset) as plugged:
        yield plugged
    board.close()


def test_installs_and_starts_the_new_program(port: SerialPort, firmware: Path) -> None:
    """Everything read back; a second look finds nothing to do; the program runs again afterwards."""
    with closing(SerialBoard(port.port)) as board:
        install.apply(board, plan(board, firmware))
        left = plan(board, firmware).changes
        board.restart()
        console = board.console()
        assert console is not None
        with console as lines:
            seen = wait_for(lines.read, "new program")

    assert [] == left
    assert "new program" in seen


def wait_for(read: object, text: str) -> str:
    """What comes until a text, or until patience ends."""
    seen = ""
    end = time.monotonic() + TIMEOUT_SECONDS
    while text not in seen and time.monotonic() < end:
        seen += read(0.1)  # type: ignore[operator]
    return seen


@pytest.mark.parametrize(
    "blocks",
    [
        [],
        [b"a" * 512],
        [b"a" * 512] * 2 + [b"b" * 512] * 3,
        [b"a" * 512] * (serial_port.MOST_REPEATS + 1),
        [b"a" * 512] * (2 * serial_port.MOST_REPEATS + 7) + [b"b" * 511],
        [b"b" * 512, *[b"a" * 512] * (serial_port.MOST_REPEATS + 2), b"b" * 512, b"b"],
    ],
    ids=["empty", "one", "in a row", "as many as are counted", "more", "between others"],
)
def test_blocks_that_repeat_come_whole_and_are_sent_once(
    port: SerialPort, monkeypatch: pytest.MonkeyPatch, blocks: list[bytes]
) -> None:
    """A board's sessions.json is half a megabyte of lines without a session: a minute, were each of them sent."""
    data = b"".join(blocks)
    port.board.write_file("/blocks.bin", data)
    with closing(SerialBoard(port.port)) as board:
        came: list[str] = []
        run = board._run

        def watched(code: str) -> str:
            came.append(run(code))
            return came[-1]

        monkeypatch.setattr(board, "_run", watched)

        assert data == board.read("/blocks.bin")

    different = sum(one != before for one, before in zip(blocks, [b"", *blocks], strict=False))
    assert len("".join(came)) <= (different + len(blocks) / serial_port.MOST_REPEATS + 1) * 700


def test_reads_lists_and_measures(port: SerialPort) -> None:
    """What is there, and what is not."""
    with closing(SerialBoard(port.port)) as board:
        about, space = board.about(), board.space()
        listed = {entry.name: entry for entry in board.list("/") or ()}

        assert (RECOMMENDED, "7C9EBDF40A10") == (about.version, about.uid)
        assert space is not None
        assert 4_000_000 < space.free < space.total
        assert listed["lib"].is_folder
        assert len(OLD_PROGRAM) == listed["code.py"].size
        assert OLD_PROGRAM.encode() == board.read("/code.py")
        assert board.read("/no such file") is None
        assert board.list("/no such folder") is None


@pytest.mark.parametrize("psram", [True, False])
def test_the_chip_itself_is_asked_for_psram(port: SerialPort, psram: bool) -> None:
    """A program that is not ours says nothing of it in boot_out.txt."""
    port.board.psram = psram

    with closing(SerialBoard(port.port)) as board:
        assert psram != board.about().lacks_psram


def test_any_bytes_survive(port: SerialPort) -> None:
    """Also control characters that mean something to a REPL."""
    data = bytes(range(256)) * 5

    with closing(SerialBoard(port.port)) as board:
        replace(board, "/lib/deep/folder/data.bin", data)

        assert data == board.read("/lib/deep/folder/data.bin")


@pytest.mark.parametrize(
    ("path", "of_its_bytes"), [("/lib/adafruit_ntp.py", 0.5), ("/secrets.py", 0.5), ("/code.py", 0.5), ("/code.py", 2)]
)
def test_a_cable_pulled_halfway_leaves_a_board_that_starts(
    port: SerialPort, firmware: Path, tmp_path: Path, path: str, of_its_bytes: float
) -> None:
    """In the middle of a transfer, or of the exchange after it: a power cycle later one of the two programs runs."""
    board = SerialBoard(port.port)
    todo = plan(board, firmware)
    size = {change.path: len(change.new or b"") for change in todo.changes}

    def pull_when_it_begins(text: str) -> None:
        if text.endswith(f" {path}"):
            port.cut_after_bytes = port.typed + OPEN_BYTES + int(size[path] * BASE64 * of_its_bytes)

    with pytest.raises(Unreachable, match="repeat the same"):
        install.apply(board, todo, pull_when_it_begins)

    board.close()
    port.close()
    port.board.close()
    drive = to_drive(to_folder(port.board.drive, tmp_path / "after"))
    assert {"old program", "new program"} & set(start(drive, 5))
    for again in plugged_in(drive):
        with closing(SerialBoard(again.port)) as mended:
            finish_exchange(mended)
            install.apply(mended, plan(mended, firmware))
            assert [] == plan(mended, firmware).changes


@pytest.mark.parametrize("error", [termios.error(5, "Input/output error"), serial.SerialException("device reports")])
def test_a_port_that_goes_while_it_is_written_to_is_said(
    port: SerialPort, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Pyserial's flush lets an exception of the system's through that is no OSError."""

    def flush(line: serial.Serial) -> None:
        raise error

    with closing(SerialBoard(port.port)) as board:
        board.about()
        monkeypatch.setattr(serial.Serial, "flush", flush)

        with pytest.raises(Unreachable, match="repeat the same"):
            board.read("/code.py")


def test_a_full_drive_is_said_and_nothing_is_lost(port: SerialPort) -> None:
    """The half-written file goes."""
    with closing(SerialBoard(port.port)) as board:
        space = board.space()
        assert space is not None
        with port.board.standing_still():
            port.board.drive.outside_write("/big.bin", b"x" * (space.free - 8_000), shared=True)

        with pytest.raises(DriveFull, match="never sessions"):
            replace(board, "/code.py", b"n" * 12_000)

        assert OLD_PROGRAM.encode() == board.read("/code.py")
        assert "code.py.new" not in {entry.name for entry in board.list("/") or ()}


def test_a_drive_that_belongs_to_the_computer_is_said(port: SerialPort) -> None:
    """S2 and S3 boards before the first installation."""
    with closing(SerialBoard(port.port)) as board:
        board.about()
        port.board.drive.readonly = True

        with pytest.raises(ReadOnly, match="--path"):
            board.check_writable()
        with pytest.raises(ReadOnly):
            replace(board, "/code.py", b"new")


def test_our_own_program_lets_us_in() -> None:
    """With our boot.py, and without a reset line: its answer to CTRL-C is the prompt; afterwards it counts again."""
    drive = furnish(Drive(), secrets={})
    for port in plugged_in(drive, auto_reset=False):
        with closing(SerialBoard(port.port)) as board:
            replace(board, "/notes.txt", b"call the mechanic")
            console = board.console()
            assert console is not None
            with console as lines:
                seen = wait_for(lines.read, "Device UUID: ")

    assert "Device UUID: " in seen
    assert "/notes.txt" in drive.outside_list()


@pytest.mark.parametrize("left", [3, 2, 1])
def test_the_same_command_finishes_an_install_that_was_cut_short(firmware: Path, tmp_path: Path, left: int) -> None:
    """Without a reset line and with the owner's old program running again: our boot.py must not guard that one."""
    shutil.copy(install.FIRMWARE / "boot.py", firmware)
    board = DriveBoard(to_folder(blank_drive(), tmp_path / "CIRCUITPY"))
    whole = plan(board, firmware)
    install.apply(board, install.Plan(whole.changes[:-left], whole.unchanged, whole.library_source))

    for port in plugged_in(to_drive(board.folder), auto_reset=False):
        with closing(SerialBoard(port.port)) as again:
            install.apply(again, plan(again, firmware))
            finished = plan(again, firmware).changes

    assert [change.path for change in whole.changes[-3:]] == ["/safemode.py", "/code.py", "/boot.py"]
    assert finished == []


def test_a_program_that_cannot_be_stopped_is_said_with_the_button(monkeypatch: pytest.MonkeyPatch) -> None:
    """A boot.py has the program started again after every error, and the program lets CTRL-C be one."""
    monkeypatch.setattr(serial_port, "RESET_TRY_SECONDS", 0.5)
    for port in plugged_in(blank_drive(boot_py=RESTARTING)):
        with (
            closing(SerialBoard(port.port, prompt_seconds=0.5)) as board,
            pytest.raises(BoardError, match="Hold BOOT"),
        ):
            board.read("/code.py")


def test_a_program_that_starts_again_is_reached_by_a_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ports with a reset line: CTRL-C hits boot.py before it asks for the program to be started again."""
    monkeypatch.setattr(serial_port, "INTERRUPT_TRIES", 1)
    # Of boot.py's minute, six seconds of the wall, a busy machine may miss some.
    for port in plugged_in(blank_drive(boot_py=f"import time\ntime.sleep(60)\n{RESTARTING}"), run_seconds=65):
        with closing(SerialBoard(port.port)) as board:
            assert OLD_PROGRAM.encode() == board.read("/code.py")
        assert port.lines is not None
        assert port.lines.falls


def test_a_port_at_which_nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another machine's serial port, or a board that hangs."""
    monkeypatch.setattr(serial_port, "RESET_TRY_SECONDS", 0.2)
    master, slave = os.openpty()
    try:
        with (
            closing(SerialBoard(os.ttyname(slave), prompt_seconds=0.1)) as board,
            pytest.raises(BoardError, match=r"does not stop its program.*Close other programs"),
        ):
            board.read("/code.py")
    finally:
        os.close(slave)
        os.close(master)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied"), "usermod -aG dialout"),
        (serial.SerialException("Could not exclusively lock port"), "Close other programs that use it"),
    ],
)
def test_a_port_that_is_not_ours(monkeypatch: pytest.MonkeyPatch, error: Exception, said: str) -> None:
    """No right to it, or another program has it."""

    def refuse(line: serial.Serial) -> None:
        raise error

    monkeypatch.setattr(serial.Serial, "open", refuse)

    with pytest.raises(BoardError, match=said):
        SerialBoard("/dev/ttyACM0")


@pytest.mark.parametrize(
    ("dtr", "rts", "reset", "boot"),
    [(True, True, False, False), (False, False, False, False), (True, False, False, True), (False, True, True, False)],
)
def test_the_reset_circuit(dtr: bool, rts: bool, reset: bool, boot: bool) -> None:
    """As esptool documents it for the two transistors on DTR and RTS."""
    lines = AutoReset("/dev/none")

    lines.set(dtr=dtr, rts=rts)

    assert (reset, boot) == (lines.holds_reset, lines.holds_boot)
    assert reset == lines.falls
    assert not lines.has_risen()
    lines.set(dtr=True, rts=True)
    assert (reset, False) == (lines.has_risen(), lines.has_risen())


@pytest.mark.parametrize("command", [["logs", "--seconds"], ["doctor", "--listen"]])
def test_looking_at_a_board_does_not_reset_it(port: SerialPort, command: list[str]) -> None:
    """Opening raises both lines; on the way down they never pass the state that holds the chip in reset."""
    CliRunner().invoke(app, ["board", *command, "1", "--port", port.port])

    assert port.lines is not None
    assert 0 == port.lines.falls
    assert [] == port.board.resets


def test_neither_reset_nor_bootloader_is_held_while_the_port_is_open(port: SerialPort) -> None:
    """A board that restarts by itself meanwhile has to come back into its program."""
    with closing(SerialBoard(port.port)):
        assert port.lines is not None
        assert (False, False) == (port.lines.dtr, port.lines.rts)


def test_a_port_opened_as_pyserial_does_by_itself_resets_the_board(port: SerialPort) -> None:
    """DTR falls first, then RTS: what the simulated port has to show, so that the tests above can fail."""
    line = serial.Serial(None, exclusive=True)
    line.dtr = line.rts = False
    line.port = port.port
    line.open()

    with closing(line):
        wait_until(lambda: port.board.resets)

    assert ["POWER_ON"] == port.board.resets


def test_esptools_sequence_ends_in_the_bootloader(port: SerialPort) -> None:
    """EN low, then IO0 low as it rises: the program does not run."""
    with closing(serial.Serial(port.port)) as line:
        line.dtr, line.rts = False, True
        line.dtr = True
        line.rts = False
        wait_until(lambda: not port.board.powered)

    assert not port.board.powered


def wait_until(condition: Callable[[], object]) -> None:
    """Until it holds, or until patience ends."""
    end = time.monotonic() + TIMEOUT_SECONDS
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)


def test_no_such_port() -> None:
    """With what to look at."""
    with pytest.raises(BoardNotFound, match="cable that carries data"):
        SerialBoard("/dev/ttyNOPE")


def test_logs_show_lines_with_their_time_and_come_back(port: SerialPort) -> None:
    """A cable that is pulled is said once and waited for; what the board prints after that is shown again."""
    with SerialPort(port.board, Path(find_deno_bin())) as again:
        ways = iter([port.port, "/dev/ttyNOPE", again.port])
        seen: list[logs.Line] = []

        def open_next() -> SerialBoard:
            return SerialBoard(next(ways))

        def said(text: str) -> bool:
            return any(line.text == text for line in seen)

        for line in logs.follow(open_next, lambda: said("Boot… two"), retry_seconds=0.01):
            if line is None:
                continue
            seen.append(line)
            if line.text == f"connected to the board at {port.port}":
                port.board.write_file("/code.py", "print('Boot… one')\n")
            elif line.text == "Boot… one":
                port.close()
            elif line.text == f"connected to the board at {again.port}":
                port.board.write_file("/code.py", "print('Boot… two')\n")

    assert 1 == sum(line.is_notice and line.text.startswith("connection lost, trying again: ") for line in seen)
    assert not next(line for line in seen if line.text == "Boot… one").is_notice
    assert [line.at for line in seen] == sorted(line.at for line in seen)


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("POST OK 200", "green"),
        ("POST failed: x; next try in 5 s", "yellow"),
        ("Fault: x; restarting in 10 s", "bold red"),
        ("something else", ""),
    ],
)
def test_known_lines_have_their_colour(text: str, style: str) -> None:
    """The others keep the terminal's own."""
    assert style == log_lines.style_of(text)
