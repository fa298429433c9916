"""The simulated board: power, resets, clocks, watchdog, and that nothing leaks out of it."""

import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

import tools.simulator
from tests.tools.simulator_programs import JOIN, World, program_lines, world
from tools.simulator import BoardClock
from tools.simulator.chip.turns import BUSY_WALL_SECONDS

WAIT_SECONDS = 120  # of the wall, for what happens at once on a machine with nothing else to do
REPORT = """
import microcontroller, supervisor, time, rtc
print(microcontroller.cpu.reset_reason, supervisor.runtime.run_reason, time.time())
"""


@pytest.fixture(name="world")
def _world() -> Iterator[World]:
    with world() as made:
        yield made


def test_run_for_moves_the_clock_by_exactly_the_seconds_asked(world: World) -> None:
    """The board stands still wherever its time is used up, in the middle of a sleep too."""
    board = world.board("import time\nwhile True:\n    time.sleep(7)\n    print('tick')")

    board.power_on()
    board.run_for(10)
    board.run_for(5.5)

    assert board.clock.elapsed_ns == 15_500_000_000
    assert program_lines(board) == ["tick"]


def test_a_day_of_board_time_does_not_take_a_day(world: World) -> None:
    """At full speed sleeping costs no wall time."""
    board = world.board("import time\nwhile True:\n    time.sleep(60)")
    begin = time.monotonic()

    board.power_on()
    board.run_for(86_400)

    assert time.monotonic() - begin < 60


def test_power_on_starts_the_rtc_in_2000_and_says_power_on(world: World) -> None:
    """After a power cut neither RTC nor monotonic clock remembers anything."""
    board = world.board(REPORT)
    board.power_on()
    board.run_for(10)

    board.power_off(for_seconds=3600)
    board.power_on()
    board.run_for(10)

    line = "microcontroller.ResetReason.POWER_ON supervisor.RunReason.STARTUP 946684801"
    assert program_lines(board) == [line.replace("801", "802"), line]
    assert board.clock.elapsed_seconds == 3620


def test_a_software_reset_keeps_the_rtc_and_restarts_the_monotonic_clock(world: World) -> None:
    """`microcontroller.reset()` is reported as SOFTWARE by the next start."""
    program = (
        "import microcontroller, supervisor, time, rtc\n"
        "print(microcontroller.cpu.reset_reason, time.time(), int(time.monotonic()))\n"
        "if microcontroller.cpu.reset_reason == microcontroller.ResetReason.POWER_ON:\n"
        "    rtc.RTC().datetime = time.struct_time((2026, 3, 2, 8, 0, 0, 0, -1, -1))\n"
        "    time.sleep(30)\n"
        "    microcontroller.reset()\n"
    )
    board = world.board(program)

    board.power_on()
    board.run_for(60)

    assert program_lines(board) == [
        "microcontroller.ResetReason.POWER_ON 946684802 2",
        "microcontroller.ResetReason.SOFTWARE 1772438431 1",
    ]
    assert board.resets == ["SOFTWARE"]


def test_a_reload_keeps_everything_but_the_run_reason(world: World) -> None:
    """`supervisor.reload()` does not reset the chip: the reset reason stays, the monotonic clock goes on."""
    program = (
        "import microcontroller, supervisor, time\n"
        "print(microcontroller.cpu.reset_reason, supervisor.runtime.run_reason, int(time.monotonic()))\n"
        "if supervisor.runtime.run_reason == supervisor.RunReason.STARTUP:\n"
        "    time.sleep(5)\n"
        "    supervisor.reload()\n"
    )
    board = world.board(program)

    board.power_on()
    board.run_for(20)

    assert program_lines(board) == [
        "microcontroller.ResetReason.POWER_ON supervisor.RunReason.STARTUP 2",
        "microcontroller.ResetReason.POWER_ON supervisor.RunReason.SUPERVISOR_RELOAD 7",
    ]


def test_the_watchdog_resets_a_program_that_does_not_feed_it(world: World) -> None:
    """Fed it sleeps, unfed it bites at its timeout, and the next start says so."""
    program = (
        REPORT
        + """
from watchdog import WatchDogMode
if microcontroller.cpu.reset_reason == microcontroller.ResetReason.POWER_ON:
    microcontroller.watchdog.timeout = 30
    microcontroller.watchdog.mode = WatchDogMode.RESET
    time.sleep(25)
    microcontroller.watchdog.feed()
    time.sleep(1000)
"""
    )
    board = world.board(program)

    board.power_on()
    board.run_for(56)
    before = list(board.resets)
    board.run_for(10)

    assert before == []
    assert board.resets == ["WATCHDOG"]
    assert program_lines(board)[-1].startswith("microcontroller.ResetReason.WATCHDOG supervisor.RunReason.STARTUP")


def test_the_watchdog_gets_out_of_an_endless_wait_for_an_address(world: World) -> None:
    """With a silent DHCP server `connect` never returns, whatever its timeout says."""
    world.router.dhcp = "silent"
    watched = (
        "import microcontroller\nfrom watchdog import WatchDogMode\n"
        "microcontroller.watchdog.timeout = 90\nmicrocontroller.watchdog.mode = WatchDogMode.RESET\n"
    )
    board = world.board(watched + JOIN.replace('"password")', '"password", timeout=10)') + "print('joined')\n")
    unwatched = world.board(JOIN + "print('joined')\n")

    board.power_on()
    board.run_for(100)
    unwatched.power_on()
    unwatched.run_for(100_000)

    assert board.resets == ["WATCHDOG"]
    assert program_lines(board) == []
    assert unwatched.resets == []
    assert program_lines(unwatched) == []


def test_the_watchdog_can_raise_instead(world: World) -> None:
    """In RAISE mode it is a plain Exception, and the watchdog is off afterwards."""
    program = (
        "import microcontroller, time\nfrom watchdog import WatchDogMode, WatchDogTimeout\n"
        "microcontroller.watchdog.timeout = 5\nmicrocontroller.watchdog.mode = WatchDogMode.RAISE\n"
        "try:\n    time.sleep(100)\n"
        "except Exception as error:\n    print(type(error).__name__, int(time.monotonic()))\n"
        "print(microcontroller.watchdog.mode)\n"
    )
    board = world.board(program)

    board.power_on()
    board.run_for(20)

    assert program_lines(board) == ["WatchDogTimeout 7", "None"]


def test_the_watchdog_catches_a_program_that_computes_without_end(world: World) -> None:
    """A loop that calls nothing of the board is ended where it is."""
    program = (
        REPORT
        + """
from watchdog import WatchDogMode
if microcontroller.cpu.reset_reason == microcontroller.ResetReason.POWER_ON:
    microcontroller.watchdog.timeout = 30
    microcontroller.watchdog.mode = WatchDogMode.RESET
    print("armed")
    while True:
        pass
"""
    )
    board = world.board(program)

    board.power_on()
    board.run_until_line("armed", 60)
    # Only now: a start that takes as long on a busy machine is no program that computes without end.
    board.turns.busy_wall_seconds = 0.2
    board.run_until(lambda: board.resets, 60)
    board.turns.busy_wall_seconds = BUSY_WALL_SECONDS
    board.run_for(60)

    assert board.resets == ["WATCHDOG"]
    assert "WATCHDOG" in program_lines(board)[-1]


def test_a_program_without_watchdog_that_computes_without_end_is_an_error(world: World) -> None:
    """Nothing on a real board would end it, so the test that runs into it must fail, not hang."""
    board = world.board("while True:\n    pass")
    board.turns.busy_wall_seconds = 0.2
    board.power_on()

    with pytest.raises(RuntimeError, match="no watchdog was armed"):
        board.run_for(60)

    assert not board.powered


def test_a_brown_out_leads_through_safe_mode(world: World) -> None:
    """In safe mode code.py does not run; safemode.py can send the board back to normal."""
    rescue = (
        "import microcontroller, supervisor\n"
        "print('rescue', supervisor.runtime.safe_mode_reason, microcontroller.cpu.reset_reason)\n"
        "microcontroller.on_next_reset(microcontroller.RunMode.NORMAL)\nmicrocontroller.reset()\n"
    )
    board = world.board(REPORT + "time.sleep(1000)", files={"/safemode.py": rescue})
    stuck = world.board(REPORT + "time.sleep(1000)")

    for one in (board, stuck):
        one.power_on()
        one.run_for(10)
        one.brown_out()
        one.run_for(10)

    assert board.resets == ["BROWNOUT", "SOFTWARE"]
    assert program_lines(board)[1:] == [
        "rescue supervisor.SafeModeReason.BROWNOUT microcontroller.ResetReason.BROWNOUT",
        "microcontroller.ResetReason.SOFTWARE supervisor.RunReason.STARTUP 946684811",
    ]
    assert stuck.parked
    assert len(program_lines(stuck)) == 1


def test_a_brown_out_inside_a_flash_operation_tears_the_sector_and_goes_on(world: World) -> None:
    """The RTC keeps time; in safe mode an unreadable drive is not formatted, at the next power-on it is."""
    program = REPORT + "time.sleep(5)\nopen('/late.txt', 'w').write('late')\ntime.sleep(1000)"
    board = world.board(program)
    board.power_on()
    board.run_for(5)

    board.brown_out_at_flash_operation(0, torn=3)
    board.run_for(20)
    powered, resets, safe_mode = board.powered, list(board.resets), board.safe_mode
    board.power_off()
    board.power_on()
    board.run_for(5)

    assert powered
    assert resets == ["BROWNOUT"]
    assert safe_mode in ("BROWNOUT", "NO_CIRCUITPY")
    assert board.safe_mode is None


def test_the_reset_button_is_a_power_on_and_twice_within_a_second_is_the_users_safe_mode(world: World) -> None:
    """EN resets the RTC too; a second press during the start asks for safe mode, where safemode.py does not run."""
    board = world.board(REPORT, files={"/safemode.py": "print('rescue')"})
    board.power_on()
    board.run_for(10)

    board.press_reset()
    board.run_for(10)
    board.press_reset()
    board.run_for(1)
    board.press_reset()
    board.run_for(10)

    line = "microcontroller.ResetReason.POWER_ON supervisor.RunReason.STARTUP 946684801"
    assert program_lines(board) == [line.replace("801", "802"), line]
    assert board.safe_mode == "USER"


def test_an_uncaught_exception_parks_with_the_watchdog_off(world: World) -> None:
    """The traceback is shown, nothing runs on, nothing resets."""
    program = (
        "import microcontroller\nfrom watchdog import WatchDogMode\n"
        "microcontroller.watchdog.timeout = 5\nmicrocontroller.watchdog.mode = WatchDogMode.RESET\n1 / 0\n"
    )
    board = world.board(program)

    board.power_on()
    board.run_for(1000)

    assert board.parked
    assert board.resets == []
    assert program_lines(board) == [
        "Traceback (most recent call last):",
        '  File "code.py", line 5, in <module>',
        "ZeroDivisionError: division by zero",
    ]


def test_next_code_file_can_restart_a_program_that_fails(world: World) -> None:
    """`reload_on_error` with the sticky options keeps a failing program coming back, after a syntax error too."""
    boot = (
        "import supervisor\n"
        "supervisor.set_next_code_file('code.py', reload_on_error=True, reload_on_success=True, sticky_on_error=True,\n"
        "    sticky_on_success=True, sticky_on_reload=True)\n"
    )
    board = world.board("def broken(:\n", files={"/boot.py": boot})

    board.power_on()
    board.run_until(lambda: board.lines.count("soft reboot") == 3, timeout=60)
    board.write_file("/code.py", "import time\nprint('mended')\ntime.sleep(1000)")
    board.run_for(10)

    assert "mended" in board.lines
    assert not board.parked


def test_a_file_written_from_outside_starts_the_program_again(world: World) -> None:
    """Auto-reload wakes a parked board and interrupts a running one, unless it is switched off."""
    board = world.board(REPORT + "supervisor.runtime.autoreload = True\ntime.sleep(1000)")
    deaf = world.board(REPORT + "supervisor.runtime.autoreload = False\ntime.sleep(1000)")

    for one in (board, deaf):
        one.power_on()
        one.run_for(10)
        one.write_file("/notes.txt", "hello")
        one.run_for(10)

    assert [line.split()[1] for line in program_lines(board)] == [
        "supervisor.RunReason.STARTUP",
        "supervisor.RunReason.AUTO_RELOAD",
    ]
    assert len(program_lines(deaf)) == 1


def test_a_power_cut_leaves_no_handle_alive_and_has_no_later_effect(world: World) -> None:
    """Whatever the program catches or does in `finally`, nothing reaches flash, network or console any more."""
    program = """
import time
file = open("/data.bin", "wb")
file.write(b"x" * 512)
try:
    try:
        time.sleep(1000)
    finally:
        print("finally")
        file.write(b"y" * 512)
        file.close()
except BaseException:
    while True:
        try:
            open("/late.txt", "w").write("late")
        except BaseException:
            pass
"""
    board = world.board(program)
    board.power_on()
    board.run_for(10)
    operations = board.drive.flash.operations
    lines = list(board.lines)

    board.power_off()

    assert board.drive.flash.operations == operations
    assert board.lines == lines
    assert "/late.txt" not in board.drive.outside_list()
    assert board.link.sockets == set()


def test_a_power_cut_inside_a_flash_operation_ends_the_run_there(world: World) -> None:
    """`run_for` returns with the power gone, and the sector is left as asked."""
    board = world.board("import time\ntime.sleep(5)\nopen('/data.bin', 'wb').write(b'x' * 8192)\nprint('written')")
    board.power_on()
    board.run_for(4)

    board.power_cut_at_flash_operation(2)
    board.run_for(100)

    assert not board.powered
    assert board.clock.elapsed_seconds < 20
    assert program_lines(board) == []


def test_a_reset_closes_no_file_but_a_reload_does(world: World) -> None:
    """What FatFs holds back is lost by `microcontroller.reset()` and written by `supervisor.reload()`."""
    program = (
        "import microcontroller, supervisor\n"
        "if supervisor.runtime.run_reason == supervisor.RunReason.STARTUP and "
        "microcontroller.cpu.reset_reason == microcontroller.ResetReason.POWER_ON:\n"
        "    file = open('/data.txt', 'w')\n    file.write('kept')\n    "
    )
    reset = world.board(program + "microcontroller.reset()")
    reload = world.board(program + "supervisor.reload()")

    for board in (reset, reload):
        board.power_on()
        board.run_for(20)

    assert reset.read_file("/data.txt") == b""
    assert reload.read_file("/data.txt") == b"kept"


def test_nvm_survives_power_cuts_but_not_one_inside_its_write(world: World) -> None:
    """A cut between erase and rewrite leaves zeros everywhere."""
    program = (
        "import microcontroller, time\nprint(bytes(microcontroller.nvm[0:3]))\n"
        "microcontroller.nvm[0:3] = b'abc'\ntime.sleep(5)\nmicrocontroller.nvm[0] = 7\n"
    )
    board = world.board(program)
    board.power_on()
    board.run_for(20)
    board.power_off()

    board.power_on()
    board.run_for(5)
    board.power_cut_at_nvm_write(0)
    board.run_for(20)
    powered = board.powered
    board.power_on()
    board.run_for(5)

    assert not powered
    assert program_lines(board) == [r"b'\x00\x00\x00'", r"b'\x07bc'", r"b'\x00\x00\x00'"]


def test_boards_with_native_usb_are_read_only_until_boot_py_says_otherwise(world: World) -> None:
    """On S2 and S3 Python may not write unless `boot.py` remounts or disables the USB drive."""
    program = (
        "try:\n    open('/x.txt', 'w').close()\n    print('written')\n"
        "except OSError as error:\n    print(error.errno)\n"
    )
    remount = "import storage\nstorage.remount('/', readonly=False)\n"
    disable = "import storage\nstorage.disable_usb_drive()\n"
    boards = [
        world.board(program),
        world.board(program, native_usb=True),
        world.board(program, native_usb=True, files={"/boot.py": remount}),
        world.board(program, native_usb=True, files={"/boot.py": disable}),
        world.board(program, files={"/boot.py": disable}),
    ]

    for board in boards:
        board.power_on()
        board.run_for(10)

    assert [program_lines(board)[-1] for board in boards] == ["written", "30", "written", "written", "written"]
    assert "RuntimeError: USB is not available on this board" in boards[4].lines


def test_boot_py_can_read_a_button(world: World) -> None:
    """A pressed button pulls its pin low."""
    program = (
        "import board, digitalio\nbutton = digitalio.DigitalInOut(board.BUTTON)\n"
        "button.switch_to_input(pull=digitalio.Pull.UP)\nprint('held', not button.value)\nbutton.deinit()\n"
    )
    board = world.board("pass", files={"/boot.py": program})

    board.power_on()
    board.run_for(5)
    board.power_off()
    board.press_button()
    board.power_on()
    board.run_for(5)

    assert program_lines(board) == ["held False", "held True"]


def test_two_boards_in_one_process_share_no_modules(world: World) -> None:
    """Each program sees its own modules and its own builtins, and this process sees none of them."""
    helper = "import microcontroller\nvalue = []\n"
    program = (
        "import helper, sys, time\nhelper.value.append(1)\nprint(len(helper.value), sys.implementation.name)\n"
        "len = None\ntime.sleep(5)\nprint(helper.value, helper.microcontroller.cpu.uid[0])\n"
    )
    one = world.board(program, files={"/lib/helper.py": helper}, cpu_uid=b"\x01" * 6)
    two = world.board(program, files={"/lib/helper.py": helper}, cpu_uid=b"\x02" * 6)

    one.power_on()
    two.power_on()
    for _ in range(10):
        one.run_for(1)
        two.run_for(1)

    assert program_lines(one) == ["1 circuitpython", "[1] 1"]
    assert program_lines(two) == ["1 circuitpython", "[1] 2"]
    assert "microcontroller" not in sys.modules
    assert "helper" not in sys.modules


def test_the_same_seed_gives_the_same_console(world: World) -> None:
    """Everything random on a board comes from its seed, and time does not depend on the machine."""
    program = JOIN + (
        "import os, random, binascii, socketpool, adafruit_ntp\n"
        "pool = socketpool.SocketPool(wifi.radio)\n"
        "for _ in range(5):\n"
        "    print(binascii.hexlify(os.urandom(8)), random.random(), time.monotonic_ns())\n"
        "    print(adafruit_ntp.NTP(pool, server='pool.ntp.org').utc_ns)\n"
    )
    boards = [world.board(program, seed=7), world.board(program, seed=7), world.board(program, seed=8)]

    for board in boards:
        board.power_on()
        board.run_for(60)

    assert boards[0].console == boards[1].console
    assert boards[0].console != boards[2].console


def test_run_until_line_stops_at_the_line(world: World) -> None:
    """The board stands still right after it printed, and a line that never comes is told with the last ones."""
    board = world.board("import time\nfor n in range(100):\n    print('count', n)\n    time.sleep(3)")
    board.power_on()

    line = board.run_until_line("count 5", timeout=60)

    assert board.lines[-1] == line.text == "count 5"
    with pytest.raises(TimeoutError, match="count 8"):
        board.run_until_line("never", timeout=10)


def test_a_paced_board_runs_in_the_background_until_told_otherwise(world: World) -> None:
    """With a speed the board follows the wall; it can be stopped, cut and started from outside at any time."""
    board = world.board(REPORT + "while True:\n    time.sleep(0.5)", clock=BoardClock(speed=100.0))
    began = threading.Event()
    board.on_line = lambda line: began.set() if "STARTUP" in line.text else None

    board.power_on()
    board.start()
    in_time = began.wait(WAIT_SECONDS)
    board.stop()
    stood = board.clock.elapsed_ns
    time.sleep(0.05)
    still = board.clock.elapsed_ns
    board.start()
    board.power_off(for_seconds=5)
    began.clear()
    board.power_on()
    again = began.wait(WAIT_SECONDS)

    assert in_time
    assert stood == still
    assert again
    assert len(program_lines(board)) == 2


def test_a_real_time_clock_shows_the_walls_time() -> None:
    """The world of a board in real time is this one."""
    clock = BoardClock.real_time()

    assert abs((clock.true_time - datetime.now(UTC)).total_seconds()) < 60


def test_a_new_drive_is_formatted_and_says_hello(world: World) -> None:
    """An unreadable drive gets CircuitPython's own first files."""
    board = world.board(None)

    board.power_on()
    board.run_for(5)

    assert program_lines(board) == ["Hello World!"]


def test_the_example_of_the_package_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """The docstring's board flies with the real firmware, without a server behind the proxy."""
    indented = [line for line in (tools.simulator.__doc__ or "").splitlines() if line.startswith("    ") or not line]

    exec(textwrap.dedent("\n".join(indented)), {})

    console = capsys.readouterr().out
    assert "Wi-Fi: 192.168.1.45" in console
    assert "NTP: 2025-10-23T18:0" in console
    assert "run 600 s" not in console
    assert "run 540 s" in console
