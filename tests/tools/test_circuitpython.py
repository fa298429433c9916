"""One CircuitPython: what the documents pin, what the type stubs are of, and what the simulated board runs."""

import re
from pathlib import Path

import pytest

from tests.tools.checkout import ROOT
from tools.board.drive import DriveBoard
from tools.board.errors import BoardError, BoardNotFound
from tools.board.install import check_board
from tools.board.transport import About, parse_boot_out
from tools.circuitpython import NO_PSRAM, OLDEST_TINYUF2, RECOMMENDED, release_of
from tools.simulator import Drive, SimulatedBoard, install

DEPLOYMENT = (ROOT / "DEPLOYMENT.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", ["DEPLOYMENT.md", "pyproject.toml", ".github/ISSUE_TEMPLATE/acceptance.yml"])
def test_every_full_version_in_the_documents_is_the_recommended_one(document: str) -> None:
    """As in a file name, a pin or an example."""
    text = (ROOT / document).read_text(encoding="utf-8")

    named = re.findall(r"(?:circuitpython-stubs==|CircuitPython:? |en_US-|V2, )(\d+\.\d+\.\d+)", text)

    assert {RECOMMENDED} == set(named)


def test_the_bootloaders_version_is_the_one_of_the_documents() -> None:
    """For S2 and S3 boards with 4 MB."""
    assert f"in version {OLDEST_TINYUF2[0]}.{OLDEST_TINYUF2[1]} or newer" in DEPLOYMENT


@pytest.mark.parametrize(
    ("version", "release"), [("10.3.1", (10, 3)), ("10.3.0-beta.2", (10, 3)), ("", (0, 0)), ("unknown", (0, 0))]
)
def test_releases(version: str, release: tuple[int, int]) -> None:
    """Major and minor."""
    assert release == release_of(version)


@pytest.mark.parametrize("psram", [True, False])
def test_a_board_says_whether_it_has_psram(psram: bool) -> None:
    """boot.py writes it into boot_out.txt, where the tools read it; without, the program does not compile."""
    with SimulatedBoard(install(Drive(), secrets={}), psram=psram, native_usb=True) as board:
        board.power_on()
        board.run_for(20)
        about = parse_boot_out(board.read_file("/boot_out.txt").decode())
        lines = list(board.lines)

    assert psram != about.lacks_psram
    assert psram != (NO_PSRAM in lines)
    assert psram == any(line.startswith("Device UUID: ") for line in lines)
    assert psram != any(line.startswith("MemoryError") for line in lines)


@pytest.mark.parametrize(
    ("board_id", "name", "lacks"),
    [
        ("adafruit_feather_esp32_v2", "Adafruit Feather ESP32 V2 with ESP32", False),
        (
            "adafruit_feather_esp32s3_4mbflash_2mbpsram",
            "Adafruit Feather ESP32S3 4MB Flash 2MB PSRAM with ESP32S3",
            False,
        ),
        ("adafruit_feather_esp32s3_nopsram", "Adafruit Feather ESP32-S3 No PSRAM with ESP32S3", True),
        ("adafruit_qtpy_esp32c3", "Adafruit QT Py ESP32C3 with ESP32C3", True),
        ("espressif_esp32c6_devkitc_1_n8", "ESP32-C6-DevKitC-1-N8 with ESP32C6", True),
    ],
)
def test_boards_that_cannot_have_psram_are_refused(board_id: str, name: str, lacks: bool) -> None:
    """By their chip, or by the name that Adafruit gave them."""
    about = parse_boot_out(f"Adafruit CircuitPython {RECOMMENDED} on 2026-01-01; {name}\r\nBoard ID:{board_id}\r\n")

    assert lacks == about.lacks_psram
    if lacks:
        with pytest.raises(BoardError, match="has no PSRAM"):
            check_board(about, "the board")
    else:
        check_board(about, "the board")


def test_a_version_that_is_too_old_is_refused() -> None:
    """With what to do."""
    with pytest.raises(BoardError, match="needs 9 or newer"):
        check_board(About("8.2.10"), "the board")


@pytest.mark.parametrize(
    ("info", "said"),
    [
        ("TinyUF2 Bootloader 0.18.2 - tinyusb (0.15.0)\r\nModel: QT Py\r\n", "needs TinyUF2 0.33 or newer"),
        ("TinyUF2 Bootloader 0.33.0 - tinyusb (0.18.0)\r\nModel: QT Py\r\n", f"Copy CircuitPython {RECOMMENDED}"),
        ("UF2 Bootloader\r\n", f"Copy CircuitPython {RECOMMENDED}"),
    ],
)
def test_the_bootloaders_drive_is_known(tmp_path: Path, info: str, said: str) -> None:
    """What shows after RESET twice is no CIRCUITPY; its version decides what can be copied onto it."""
    (tmp_path / "INFO_UF2.TXT").write_bytes(info.encode())

    with pytest.raises(BoardNotFound, match=said):
        DriveBoard(tmp_path)


@pytest.mark.parametrize("version", ["9.2.9", RECOMMENDED])
def test_boot_py_survives_an_update_that_was_cut_short(version: str) -> None:
    """Without a code.py the stand-in main.py runs; from 10.0 on a file that is not there cannot be planned."""
    files = {f"/{name}": (ROOT / "firmware" / name).read_bytes() for name in ("boot.py", "safemode.py")}
    drive = install(Drive(), firmware=None, files={**files, "/main.py": "print('the old program')\n"})
    drive.outside_remove("/code.py")
    with SimulatedBoard(drive, version=version) as board:
        board.power_on()
        board.run_for(10)
        said = board.read_file("/boot_out.txt").decode()
        lines = list(board.lines)

    assert "the old program" in lines
    assert "Error" not in said


def test_a_file_that_is_not_there_cannot_be_the_next_from_10_on() -> None:
    """So that boot.py is tested against what it meets."""
    program = (
        "import supervisor\ntry:\n    supervisor.set_next_code_file('nothing.py')\n    print('planned')\n"
        "except ValueError as error:\n    print(error)\n"
    )
    said = {}
    for version in ("9.2.9", "10.0.3"):
        drive = install(Drive(), firmware=None, files={"/code.py": program})
        with SimulatedBoard(drive, version=version) as board:
            board.power_on()
            board.run_for(5)
            said[version] = [line for line in board.lines if line in ("planned", "File not found")]

    assert {"9.2.9": ["planned"], "10.0.3": ["File not found"]} == said
