"""`board doctor`: each fault named, with its remedy; and the server's side told apart."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from tests.tools.board_world import canned_server, to_folder
from tools import log_lines, simulator
from tools.board import doctor, ingest
from tools.board.doctor import check_circuitpython, examine, judge_library, judge_lines
from tools.board.drive import DriveBoard
from tools.board.findings import Finding
from tools.board.transport import About, Space
from tools.circuitpython import RECOMMENDED
from tools.cli import app
from tools.simulator import AccessPoint, Drive, Fault, FaultProxy, Network, SimulatedBoard, install
from tools.stack import Stack

JSON = {"Content-Type": "application/json"}
ABOUT = About("10.2.1", "board", "Feather ESP32 V2 with ESP32")


@pytest.fixture(scope="module")
def image() -> bytes:
    """A board that was installed and has run."""
    drive = install(Drive(), secrets={"ingest_url": "http://127.0.0.1:9/ingest", "networks": [("Hangar", "password")]})
    with SimulatedBoard(drive) as board:
        board.power_on()
        board.run_for(120)
    return drive.flash.image()


@pytest.fixture
def circuitpy(image: bytes, tmp_path: Path) -> Path:
    """Its drive as a folder."""
    return to_folder(Drive(image=image), tmp_path / "CIRCUITPY")


@pytest.fixture
def healthy_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is looked at in tests of its own."""
    monkeypatch.setattr(
        ingest, "check", lambda url, token: ingest.Verdict("ok", "answers", server_time="2025-10-23T18:00:00Z")
    )


def failed(circuitpy: Path) -> list[str]:
    """What failed at this board."""
    return [finding.text for finding in examine(DriveBoard(circuitpy)) if finding.level == log_lines.FAILED]


@pytest.mark.usefixtures("healthy_server")
def test_a_healthy_board_has_nothing_failed(circuitpy: Path) -> None:
    """And everything was looked at."""
    findings = list(examine(DriveBoard(circuitpy)))

    assert [] == [finding for finding in findings if finding.level == log_lines.FAILED]
    assert 0 == doctor.worst(findings)
    topics = " ".join(finding.what for finding in findings)
    assert all(topic in topics for topic in ("CircuitPython", "Firmware", "Libraries", "Drive", "Settings", "Sessions"))


def remove(name: str) -> Callable[[Path], None]:
    """Take a file away."""
    return lambda folder: (folder / name).unlink()


def write(name: str, data: bytes) -> Callable[[Path], None]:
    """Put a file there."""

    def put(folder: Path) -> None:
        (folder / name).write_bytes(data)

    return put


@pytest.mark.usefixtures("healthy_server")
@pytest.mark.parametrize(
    ("harm", "text"),
    [
        (remove("code.py"), "There is no code.py."),
        (write("code.py", b"print('hello')"), "code.py is another program."),
        (write("code.txt", b"1"), "code.txt runs instead of code.py."),
        (remove("lib/adafruit_requests.py"), "adafruit_requests is missing: nothing can be sent."),
        (write("lib/adafruit_requests.py", b"def f(:\n"), "adafruit_requests.py is cut off or damaged."),
        (remove("secrets.py"), "and no LOGGER_INGEST_URL in settings.toml: nothing will be sent."),
        (write("secrets.py", b"secrets = {"), "secrets.py on the board cannot be read"),
        (write("secrets.py", b'secrets = {"networks": [("a", "password")]}'), "There is no ingest_url in secrets.py"),
        (write("secrets.py", b'secrets = {"ingest_url": "https://x.example/"}'), "has no path"),
        (write("secrets.py", b'secrets = {"ingest_url": "http://x.example/i"}'), "must start with https://"),
        (write("secrets.py", b'secrets = {"networks": [("a", "short")]}'), "a Wi-Fi password has 8 to 63 bytes"),
        (write("settings.toml", b"CIRCUITPY_WIFI_SSID = 'Hangar'"), "single quotes are not read"),
        (write("settings.toml", b'LOGGER_INGEST_URL = "x'), "closing quote is missing"),
        (write("secrets.py", b'secrets = {"ingest_url": "https://x.example/i"}'), "No Wi-Fi is known to the board."),
        (write("settings.toml", b"A = = 1"), "settings.toml, line 1: A: without quotes only a whole number"),
        (write("boot_out.txt", b"Adafruit CircuitPython 8.2.6 on 2023-01-01; X\n"), "8.2.6 is too old."),
    ],
)
def test_each_fault_is_named(circuitpy: Path, harm: Callable[[Path], None], text: str) -> None:
    """In one finding that says what is wrong."""
    harm(circuitpy)

    assert any(text in found for found in failed(circuitpy))


@pytest.mark.usefixtures("healthy_server")
@pytest.mark.parametrize(
    ("harm", "text"),
    [
        (remove("boot.py"), "boot.py is missing"),
        (write("safemode.py", b""), "safemode.py differs"),
        (write("lib/adafruit_requests.mpy", b"C\x06"), "adafruit_requests is there twice"),
        (write("settings.toml", b'CIRCUITPY_WIFI_SSID = "x"\n'), "CIRCUITPY_WIFI_SSID is set"),
        (write("settings.toml", b"LOGGER_BATCH_MESSAGES = 1000\n"), "= 1000 is not used: the board takes 20."),
        (write("settings.toml", b"LOGGER_CHECKPOINT_SECONDS = 4\n"), "= 4 is not used: the board takes 5."),
        (
            write("settings.toml", b'LOGGER_SENSE_PIN = "A2"\nLOGGER_CHECKPOINT_SECONDS = 4\n'),
            "LOGGER_CHECKPOINT_SECONDS = 4 is not used: the board takes 15.",
        ),
        (
            write("settings.toml", b"LOGGER_SENSE_OFF_MV = 90000\n"),
            "= 90000 is not used: the board takes 9000, or 18000 on a 24 V bus.",
        ),
        (remove("logger/sessions.json"), "/logger/sessions.json is missing."),
        (write("code.py.new", b""), "an update was cut short"),
    ],
)
def test_lesser_faults_are_named_and_do_not_fail(circuitpy: Path, harm: Callable[[Path], None], text: str) -> None:
    """Each with a remedy, where one is needed."""
    harm(circuitpy)

    findings = list(examine(DriveBoard(circuitpy)))

    assert 0 == doctor.worst(findings)
    assert any(text in finding.text and finding.remedy for finding in findings)


def test_every_failure_has_a_remedy(circuitpy: Path) -> None:
    """In the finding, or in its text where the error carries it."""
    (circuitpy / "code.py").unlink()
    (circuitpy / "lib" / "adafruit_requests.py").unlink()

    findings = [finding for finding in examine(DriveBoard(circuitpy)) if finding.level == log_lines.FAILED]

    assert len(findings) >= 3
    assert all(finding.remedy for finding in findings)


def test_the_exit_code_is_for_scripts(circuitpy: Path) -> None:
    """1 where something failed: here, no server answers."""
    result = CliRunner().invoke(app, ["board", "doctor", "--path", str(circuitpy), "--listen", "0"])

    assert 1 == result.exit_code, result.output
    assert "Ingest URL from here" in result.output


# Versions, layouts, libraries, lines


@pytest.mark.parametrize(
    ("version", "blocks", "warned"),
    [
        ("10.2.1", 8064, False),
        ("10.2.1", 12160, True),
        ("9.2.9", 12160, False),
        ("9.2.9", 8064, True),
        ("10.3.0", 8064, True),
        ("10.2.1", 2432, False),
    ],
)
def test_a_drive_laid_out_by_another_version_is_warned_of(version: str, blocks: int, warned: bool) -> None:
    """8 MB boards change the drive's size between 9.x, 10.0 and 10.3."""
    findings = list(check_circuitpython(About(version), Space(blocks * 512, 0)))

    assert warned == any(finding.what == "Storage layout" for finding in findings)


@pytest.mark.parametrize(
    ("about", "space", "found"),
    [
        (About(RECOMMENDED, "b", "Feather ESP32 V2 with ESP32"), Space(6_000_000, 0), set()),
        (About("10.2.1", "b", "Feather ESP32 V2 with ESP32"), Space(4_100_000, 0), {"is tested with"}),
        (About("9.2.9", "b", "QT Py S3 with ESP32S3"), Space(960_000, 0), {"is tested with", "need TinyUF2 0.33"}),
        (About(RECOMMENDED, "b", "QT Py S3 with ESP32S3"), Space(960_000, 0), set()),
        (About(RECOMMENDED, "b", "QT Py C3 with ESP32C3", lacks_psram=True), None, {"does not fit into its memory"}),
    ],
)
def test_what_a_board_runs_is_judged(about: About, space: Space | None, found: set[str]) -> None:
    """Version, memory and bootloader, each in one finding."""
    findings = [one for one in check_circuitpython(about, space) if one.level != log_lines.OK]

    assert len(found) == len(findings)
    for text in found:
        (one,) = [finding for finding in findings if text in finding.text]
        assert one.remedy


@pytest.mark.parametrize(
    ("name", "data", "level"),
    [
        ("adafruit_requests.mpy", b"C\x06\x00\x1f" + b"4.1.7\x00", log_lines.OK),
        ("adafruit_requests.mpy", b"C\x05\x00\x1f", log_lines.FAILED),
        ("adafruit_requests.mpy", b"M\x06\x00\x1f", log_lines.FAILED),
        ("adafruit_requests.mpy", b"", log_lines.FAILED),
        ("adafruit_requests.py", b'__version__ = "4.1.7"\n', log_lines.OK),
        ("adafruit_requests.py", b'__version__ = "2.0.0"\n', log_lines.FAILED),
        ("adafruit_requests.py", b"", log_lines.FAILED),
    ],
)
def test_libraries_are_judged_by_what_they_hold(name: str, data: bytes, level: str) -> None:
    """Format and version, read by circup."""
    assert level == judge_library(name, data, ABOUT).level


def test_the_last_line_of_each_topic_counts() -> None:
    """A board that lost the Wi-Fi and found it again is well."""
    lines = [
        "Wi-Fi lost; reconnecting…",
        "Wi-Fi: 192.168.1.45",
        "POST failed: no answer in time; next try in 5 s",
        "POST OK 200",
        "NTP failed; continuing offline (no answer in time)",
    ]

    findings = {finding.what: finding.level for finding in judge_lines(lines, 10)}

    assert {
        "Wi-Fi, the board says": log_lines.OK,
        "Delivery, the board says": log_lines.OK,
        "NTP, the board says": log_lines.WARNING,
    } == findings


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (simulator.answer(404, b'{"code": "NOT_FOUND"}'), "has no such function"),
        (simulator.answer(401, b'{"code": "access_token_wrong"}'), "Wrong access_token"),
        (simulator.answer(540, b"<html>", "text/html"), "is paused"),
        (simulator.answer(503, b'{"code": "unavailable"}'), "tables are missing"),
        (simulator.answer(200, b"<html>", "text/html"), "login page"),
        (simulator.redirect("http://login.example/"), "sends elsewhere"),
        (simulator.slow_reply(60), "try a phone's hotspot"),
        (simulator.REFUSE, "slip in ingest_url"),
        ("dns", "DNS: the board's network does not know that name"),
        ("certificate", "public authority"),
        ("handshake", "try a phone's hotspot"),
    ],
    ids=[
        "not deployed",
        "refused",
        "paused",
        "no tables",
        "page",
        "redirect",
        "silence",
        "closed port",
        "no DNS",
        "certificate",
        "TLS",
    ],
)
def test_why_the_board_cannot_deliver_is_said(image: bytes, fault: Fault | str, told: str) -> None:
    """From the board's side, by what its own firmware logs about each."""
    with Network(AccessPoint("Hangar", "password")) as network:
        url = "https://no-such-project.example"
        if isinstance(fault, Fault):
            proxy = FaultProxy(network, "http://127.0.0.1:9")
            proxy.fault = fault
            url = proxy.url
        elif fault != "dns":
            proxy = FaultProxy(network, "http://127.0.0.1:9")
            network.add_host("no-such-project.example", {443: proxy.address})
            network.tls_fault = "certificate" if fault == "certificate" else "handshake"
        secrets = {"ingest_url": f"{url}/functions/v1/ingest", "networks": [("Hangar", "password")]}
        with SimulatedBoard(install(Drive(image=image), secrets=secrets), network=network) as board:
            board.power_on()
            board.run_for(120)

            (delivery,) = [one for one in judge_lines(board.lines, 75) if one.what.startswith("Delivery")]

    assert delivery.level == log_lines.FAILED
    assert told in delivery.remedy


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Wi-Fi: Hangar never gave an address; next try in 600 s", "Restart that router"),
        ("Wi-Fi: no answer for 6 hours; restarting, the session goes on", "networks in secrets.py"),
        ("POST failed: HTTP 504, the server has trouble; next try in 540 s", "the function's log"),
        ("POST failed: no answer in time; next try in 503 s", "try a phone's hotspot"),
        ("Storage: all 540 lines hold unsent sessions; counting in memory only", "Bring the board to a network"),
    ],
)
def test_what_hinders_the_board_fails_whatever_numbers_stand_in_the_line(line: str, told: str) -> None:
    """A number is a count or a time unless it stands where a status does."""
    (finding,) = judge_lines([line], 10)

    assert log_lines.FAILED == finding.level
    assert told in finding.remedy


def test_a_silent_console_is_no_failure() -> None:
    """The board may simply be between two minutes."""
    assert [log_lines.NOTE] == [finding.level for finding in judge_lines([], 10)]
    assert [] == list[Finding](judge_lines([], 0))


# The server


def test_a_working_project_is_well(stack: Stack) -> None:
    """Nothing is stored by looking."""
    verdict = ingest.check(f"{stack.url}/functions/v1/ingest")

    assert "ok" == verdict.code
    assert verdict.server_time.endswith("Z")


def answer(status: int, body: object, headers: dict[str, str] | None = None) -> Any:
    """A server's answer: status, body, headers."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return status, data, headers or JSON


@pytest.mark.parametrize(
    ("reply", "code", "remedy"),
    [
        (answer(540, {"message": "Project paused"}), "project_paused", "Restore project"),
        (
            answer(404, {"code": "NOT_FOUND", "message": "Requested function was not found"}),
            "function_not_deployed",
            "deploy",
        ),
        (answer(401, {"code": "UNAUTHORIZED_NO_AUTH_HEADER"}), "function_wants_login", "verify_jwt"),
        (
            answer(503, {"code": "unavailable", "message": "x", "hint": "y"}),
            "table_missing",
            "tools deploy applies",
        ),
        (answer(500, {"code": "internal"}), "server_error", "function's log in the dashboard"),
        (answer(302, b"", {"Location": "https://hotel.example"}), "wrong_url", "captive portal"),
        (answer(200, b"<html>", {"Content-Type": "text/html"}), "wrong_url", "secrets.py"),
        (answer(404, b"not here", {"Content-Type": "text/plain"}), "wrong_url", "secrets.py"),
        (answer(200, {"ok": True}), "wrong_url", "secrets.py"),
    ],
)
def test_each_state_of_a_project_is_told_apart(reply: Any, code: str, remedy: str) -> None:
    """With what to do about it."""
    with canned_server(*reply) as url:
        verdict = ingest.check(url)

    assert code == verdict.code
    assert remedy in verdict.remedy


def test_a_wrong_token_is_told_from_a_wrong_url(make_stack: Any) -> None:
    """The time is told to everybody, sessions are taken with the token alone."""
    url = f"{make_stack(secrets={'INGEST_ACCESS_TOKEN': 'right'}).url}/functions/v1/ingest"

    assert ["wrong_token", "wrong_token", "ok"] == [ingest.check(url, token).code for token in ("", "wrong", "right")]


def test_a_project_without_tables_is_said(make_stack: Any, make_database: Any) -> None:
    """The function runs, the database has nothing."""
    database = make_database()
    url = f"{make_stack(database_url=database).url}/functions/v1/ingest"
    with psycopg.connect(database) as connection:
        connection.execute("drop function public.server_info")

    assert "table_missing" == ingest.check(url).code


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "wrong_url"),
        ("example.org", "wrong_url"),
        ("https://no-such-project.invalid/functions/v1/ingest", "no_such_host"),
        ("http://127.0.0.1:9/functions/v1/ingest", "unreachable"),
    ],
)
def test_addresses_that_lead_nowhere(url: str, code: str) -> None:
    """A slip in the name, no name at all, nobody at home."""
    verdict = ingest.check(url)

    assert code == verdict.code
    assert verdict.remedy
