"""The bus voltage's pin: what is installed, what doctor concludes, and the divider corrected by a multimeter."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tools import remedies
from tools.board import bus, commands, settings
from tools.board.errors import BadSettings
from tools.cli import app
from tools.log_lines import FAILED, OK, WARNING
from tools.simulator import BoardClock, Drive, SimulatedBoard, install
from tools.simulator.ports.workflow import WebWorkflow

TOML = b'LOGGER_SENSE_PIN = "A2"\nLOGGER_SENSE_RATIO = "7.67"\n'
OLD = b'# mine\nCIRCUITPY_WEB_API_PASSWORD = "secret"\n'
SECRETS = 'secrets = {"ingest_url": "http://127.0.0.1:9/x", "networks": [("Hangar", "password")]}\n'


def reading(text: str) -> list[str]:
    """A console whose last word about the bus is this."""
    return ["Boot…", "Bus: 5.00 V, engine off\r", f"Bus: {text}\r", ""]


def test_pin_and_ratio_go_into_settings_toml_and_nothing_else_changes() -> None:
    """As the owner typed them: the ratio is text, because settings.toml has no fractions."""
    merged = settings.merge_settings(OLD, settings.Wanted(sense=settings.Sense("A2", "7.67")))

    assert merged == OLD + TOML


def test_no_pin_switches_it_off_and_keeps_the_ratio() -> None:
    """For a board that loses its wire."""
    merged = settings.merge_settings(TOML, settings.Wanted(sense=settings.Sense("", "")))

    assert merged == b'LOGGER_SENSE_PIN = ""\nLOGGER_SENSE_RATIO = "7.67"\n'
    assert bus.read(merged) is None


@pytest.mark.parametrize("ratio", ["", "0", "0.9", "-7", "7,67", "7.67x", "41", "1e1", "7.6.7", "nan", " "])
def test_a_ratio_that_the_board_would_not_take_is_refused(ratio: str) -> None:
    """Before anything is written, by the firmware's own rule."""
    with pytest.raises(BadSettings, match="cannot be used"):
        settings.merge_settings(OLD, settings.Wanted(sense=settings.Sense("A2", ratio)))


@pytest.mark.parametrize("pin", ["A 2", "2A", 'A2"', "A2\nX"])
def test_what_is_not_a_pins_name_is_refused(pin: str) -> None:
    """Before anything is written."""
    with pytest.raises(BadSettings, match="is not the name of a pin"):
        settings.merge_settings(OLD, settings.Wanted(sense=settings.Sense(pin, "7.67")))


def test_doctor_judges_the_divider() -> None:
    """Nothing without a pin; the readable range with one; too small a ratio is said."""
    small = b'LOGGER_SENSE_PIN = "A2"\nLOGGER_SENSE_RATIO = "5.7"\n'

    assert list(bus.judge_settings(b"")) == []
    (good,) = bus.judge_settings(TOML)
    assert (good.level, good.text) == (OK, "on pin A2, divided by 7.67: readable up to 19.18 V, a 12 V bus.")
    (low,) = bus.judge_settings(small)
    assert (low.level, "14.25 V" in low.text) == (WARNING, True)


@pytest.mark.parametrize(
    ("ratio", "said"),
    [("", "LOGGER_SENSE_RATIO is not set:"), ('LOGGER_SENSE_RATIO = "7,67"\n', '= "7,67" is not used:')],
)
def test_doctor_says_which_ratio_the_board_assumes(ratio: str, said: str) -> None:
    """Without a usable one the firmware senses on, by its default: a warning, and the same figure in both."""
    toml = f'LOGGER_SENSE_PIN = "A2"\n{ratio}'.encode()

    (finding,) = bus.judge_settings(toml)

    sensing = bus.read(toml)
    assert sensing is not None
    assert finding.level == WARNING
    assert said in finding.text
    assert f"the board assumes {sensing.ratio / 1000} bus volts per volt at pin A2" in finding.text
    assert remedies.INSTALL_SENSE in finding.remedy
    assert remedies.CALIBRATE in finding.remedy


@pytest.mark.parametrize(
    ("line", "more", "level", "said"),
    [
        ("12.41 V, engine off", b"", OK, "12.41 V now: a 12 V system, the engine does not run. It runs from 13.30 V"),
        ("13.30 V, engine off", b"", OK, "13.30 V now: a 12 V system, the engine counts as running."),
        ("13.40 V, engine off", b"LOGGER_SENSE_ENGINE_MV = 13800\n", OK, "does not run. It runs from 13.80 V"),
        ("25.10 V, engine off", b"", OK, "25.10 V now: a 24 V system, the engine does not run. It runs from 26.60 V"),
        ("8.99 V, engine off", b"", FAILED, "8.99 V now, and below 9.00 V the board takes its power to be going"),
        ("8.99 V, engine off", b"LOGGER_SENSE_OFF_MV = 8000\n", OK, "below 8.00 V the power is going"),
    ],
)
def test_doctor_shows_the_voltage_and_what_the_board_concludes(line: str, more: bytes, level: str, said: str) -> None:
    """From the newest line of the console, by the thresholds in force."""
    (finding,) = bus.judge_lines(reading(line), TOML + more)

    assert finding.level == level
    assert said in finding.text


def test_without_a_pin_or_a_reading_doctor_says_nothing_about_the_bus() -> None:
    """Nobody is told about a wire that is not there."""
    assert list(bus.judge_lines(reading("12.41 V, engine off"), b"")) == []
    assert list(bus.judge_lines(["Boot…"], TOML)) == []


def test_calibration_scales_the_ratio() -> None:
    """The board would then have read what the meter reads."""
    sensing = bus.read(TOML)
    assert sensing is not None

    assert bus.calibrated(sensing, 12_410, 12_410) == "7.670"
    assert bus.calibrated(sensing, 12_000, 12_600) == "8.054"


@pytest.mark.parametrize("shown", [0, 6_000, 20_000])
def test_calibration_refuses_what_no_tolerance_explains(shown: int) -> None:
    """A loose wire or a wrong resistor is not corrected by a number."""
    sensing = bus.read(TOML)
    assert sensing is not None

    with pytest.raises(BadSettings, match="is not the divider's tolerance"):
        bus.calibrated(sensing, shown, 12_600)


def calibrate(volts: str, **files: str | bytes) -> tuple[Result, Drive]:
    """`board calibrate` over the network on a board with these files; the drive as it is afterwards."""
    drive = install(
        Drive(),
        firmware=None,
        libraries=False,
        files={f"/{name.replace('_', '.')}": text for name, text in files.items()},
    )
    # At full speed it would talk without a pause, and this side would hardly get a turn to listen.
    with SimulatedBoard(drive, BoardClock(speed=10)) as board:
        board.power_on()
        board.run_for(5)  # its files are offered once it has started
        board.start()
        with WebWorkflow(board) as workflow:
            where = ["--host", workflow.host, "--password", "secret"]
            result = CliRunner().invoke(app, ["board", "calibrate", volts, *where])
        board.stop()
    return result, drive


def test_calibrate_asks_the_board_and_writes_the_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the network: what the board says, what the meter reads, and the file read back."""
    monkeypatch.setattr(commands, "DATA", tmp_path)
    program = 'import time\nwhile True:\n    time.sleep(0.2)\n    print("Bus: 12.00 V, engine off")\n'

    result, drive = calibrate("12.6", code_py=program, secrets_py=SECRETS, settings_toml=OLD + TOML)

    assert result.exit_code == 0, result.output
    assert "The board read 12.00 V, your meter 12.60 V: the ratio is now 8.054." in result.output
    drive.mount_or_format()
    assert drive.outside_read("/settings.toml") == OLD + TOML.replace(b"7.67", b"8.054")


def test_calibrate_says_when_no_pin_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And how to set one."""
    monkeypatch.setattr(commands, "DATA", tmp_path)

    result, _ = calibrate("12.6", code_py="", settings_toml=OLD)

    assert result.exit_code != 0
    assert remedies.INSTALL_SENSE in str(result.exception)
