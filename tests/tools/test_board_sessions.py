"""`board sessions`: both copies joined, printed for people and programs, and other boards' sessions delivered."""

import binascii
import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.firmware.cuts import short_ring
from tests.firmware.parts import Parts, firmware_parts
from tests.support import HTTP_SECONDS
from tests.tools.board_world import canned_server, to_folder
from tools import wire
from tools.board import sessions
from tools.board.drive import DriveBoard
from tools.board.errors import BoardError
from tools.board.sessions import FIRMWARE, Session, join, parse_copy, set_aside, with_starts
from tools.cli import app
from tools.simulator import AccessPoint, BoardClock, Drive, Network, NtpServer, SimulatedBoard, install
from tools.stack import Stack

SECRETS = {"ingest_url": "http://127.0.0.1:9/", "networks": [("Hangar", "password")]}
LATER = "2025-10-24T00:00:00Z"
BEGIN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)


def flown(
    drive: Drive, *, uid: bytes = b"board1", ntp: bool = True, sessions_of: tuple[int, ...] = (600, 700)
) -> Drive:
    """Let a board run sessions of so many seconds, an hour apart, with or without a clock; never a server."""
    with Network(AccessPoint("Hangar", "password")) as network:
        if ntp:
            server = NtpServer(network)
            network.add_host("pool.ntp.org", {123: server.address})
        with SimulatedBoard(drive, BoardClock(BEGIN), network, cpu_uid=uid, seed=uid[-1]) as board:
            for seconds in sessions_of:
                board.power_on()
                board.run_for(seconds)
                board.power_off(for_seconds=3600)
    return drive


@pytest.fixture(scope="module")
def flown_image() -> bytes:
    """A board with two sessions that were never sent."""
    return flown(install(Drive(), secrets=SECRETS)).flash.image()


@pytest.fixture
def folder(flown_image: bytes, tmp_path: Path) -> Path:
    """Its drive as a folder."""
    return to_folder(Drive(image=flown_image), tmp_path / "CIRCUITPY")


def run(*arguments: str) -> Any:
    """Run a command line as the owner types it."""
    return CliRunner().invoke(app, ["board", "sessions", *arguments])


def test_reads_what_the_board_keeps(folder: Path) -> None:
    """Every power-up once, from a copy that is whole."""
    store = sessions.read_store(DriveBoard(folder))

    assert [1, 2] == [one.boot for one in store.sessions]
    assert ["closed", "open"] == [one.status for one in store.sessions]
    assert [1] == [one.boot for one in store.unsent]
    assert 580 <= store.sessions[0].run_seconds <= 600
    assert abs(wire.epoch_seconds(str(store.sessions[0].start)) - BEGIN.timestamp()) < 5
    assert [] == store.gaps
    assert (True, 0, True, 0) == (store.main.present, store.main.torn, store.twin.present, store.twin.torn)
    assert json.loads((folder / "sessions.json").read_bytes())["device_uuid"] == store.uuid


def test_a_torn_line_is_taken_from_the_twin(folder: Path) -> None:
    """And counted."""
    whole = sessions.read_store(DriveBoard(folder))
    file = folder / "sessions.json"
    data = file.read_bytes()
    at = data.index(b'{"start"')
    file.write_bytes(data[: at + 40] + b"\xff" * 60 + data[at + 100 :])

    torn = sessions.read_store(DriveBoard(folder))

    assert [one.boot for one in whole.sessions] == [one.boot for one in torn.sessions]
    assert 1 == torn.main.torn
    assert 0 == torn.twin.torn


def test_the_newer_line_of_a_session_wins(folder: Path) -> None:
    """Whichever copy it stands in."""
    main = parse_copy((folder / "sessions.json").read_bytes())
    twin = parse_copy((folder / "logger" / "sessions.json").read_bytes())

    store, turned = join(main, twin), join(twin, main)

    assert store.sessions == turned.sessions
    assert max(main.newest, twin.newest) == (store.sessions[-1].boot, store.sessions[-1].rev)


@pytest.mark.parametrize("data", [b"", b"\xff" * 4096, b"not json", b'{"device_uuid": "x", "sessions": [\nnull]}'])
def test_any_file_can_be_looked_at(data: bytes) -> None:
    """Garbage holds no session and does no harm."""
    assert {} == parse_copy(data).sessions


def test_a_foreign_line_does_not_pass(folder: Path) -> None:
    """The CRC is seeded with the device's UUID."""
    data = (folder / "sessions.json").read_bytes()
    uuid = json.loads(data)["device_uuid"].encode()

    copy = parse_copy(data.replace(uuid, b"550e8400-e29b-41d4-a716-446655440000"))

    assert {} == copy.sessions
    assert 2 == copy.torn


def test_a_cell_of_the_csv_is_what_every_spreadsheet_takes_for_text() -> None:
    """The same cases as for the exports of the page and of the database; numbers keep their sign."""
    cells = json.loads((Path(__file__).parents[1] / "csv_cells.json").read_text(encoding="utf-8"))

    assert cells == {text: sessions.cell(text) for text in cells}
    assert -5 == sessions.cell(-5)


def test_prints_json_and_csv_that_programs_can_read(folder: Path) -> None:
    """The same sessions in both; nothing else on the standard output."""
    as_json = json.loads(run("--path", str(folder), "--format", "json").output)
    as_csv = list(csv.DictReader(io.StringIO(run("--folder", str(folder), "--format", "csv").output)))

    assert [1, 2] == [one["boot"] for one in as_json["sessions"]]
    assert ["1", "2"] == [row["boot"] for row in as_csv]
    assert {as_json["device_uuid"]} == {row["device_uuid"] for row in as_csv}
    assert [one["delivery"] for one in as_json["sessions"]] == [row["delivery"] for row in as_csv]


def test_prints_a_table_from_one_copied_file(folder: Path, tmp_path: Path) -> None:
    """A lone sessions.json is enough."""
    copied = tmp_path / "from-the-board.json"
    copied.write_bytes((folder / "sessions.json").read_bytes())

    result = run("--folder", str(copied))

    assert 0 == result.exit_code, result.output
    assert "2 sessions" in result.output
    assert "/logger/sessions.json is missing" in result.output


def test_a_folder_without_sessions_is_said(tmp_path: Path) -> None:
    """With what to copy."""
    result = run("--folder", str(tmp_path))

    assert "Copy it from the board" in str(result.exception)


# Starts that the board never learnt


def session(boot: int, start: str | None, run_seconds: int) -> Session:
    """A session as the board keeps it."""
    at = wire.epoch_seconds(start) if start else 0
    return Session.of(FIRMWARE.Session(boot, (boot, 1, at, run_seconds, 0, 0, 0, 0, FIRMWARE.Session.CLOSED)))


def test_a_start_between_two_known_ones_is_put_in_the_middle() -> None:
    """With half the gap's slack as its uncertainty, as the board does."""
    known = [
        session(1, "2025-10-23T10:00:00Z", 600),
        session(2, None, 1000),
        session(3, "2025-10-23T12:00:00Z", 60),
    ]

    placed = with_starts(known, LATER)

    slack = 7200 - 600 - 1000
    assert wire.timestamp(wire.epoch_seconds("2025-10-23T10:10:00Z") + slack // 2) == placed[1].start
    assert slack // 2 == placed[1].start_uncertainty_s
    assert "estimated" == placed[1].start_source


def test_a_start_between_sessions_that_overlap_is_called_unknown() -> None:
    """The seconds that ran in between do not fit: no figure for the doubt would be true."""
    known = [session(1, "2025-10-23T10:00:00Z", 600), session(2, None, 1000), session(3, "2025-10-23T10:11:00Z", 60)]

    placed = with_starts(known, LATER)

    assert "2025-10-23T10:00:01Z" <= str(placed[1].start) < "2025-10-23T10:11:00Z"
    assert placed[1].start_source == "estimated"
    assert placed[1].start_uncertainty_s is None


def test_no_start_is_placed_before_the_first_that_the_server_takes() -> None:
    """However many seconds ran before the first known one."""
    placed = with_starts([session(1, None, 90_000_000), session(2, "2024-01-01T10:00:00Z", 60)], LATER)

    assert placed[0].start == "2024-01-01T00:00:00Z"


def test_starts_with_nothing_before_them_lie_directly_before_the_next() -> None:
    """Their uncertainty is unknown; they stay in the order of the power-ups."""
    placed = with_starts([session(1, None, 100), session(2, None, 50), session(3, "2025-10-23T12:00:00Z", 60)], LATER)

    assert ["2025-10-23T11:57:30Z", "2025-10-23T11:59:10Z"] == [one.start for one in placed[:2]]
    assert [None, None] == [one.start_uncertainty_s for one in placed[:2]]


def test_starts_with_nothing_after_them_lie_before_now() -> None:
    """As the board's next power-up would have placed them."""
    placed = with_starts([session(1, "2025-10-23T12:00:00Z", 60), session(2, None, 100)], "2025-10-23T13:00:00Z")

    assert "2025-10-23T12:00:00Z" < str(placed[1].start) < "2025-10-23T13:00:00Z"
    assert str(placed[1].last_update) <= "2025-10-23T13:00:00Z"


# The board reads the same


SLOTS = 16
UUID = "550e8400-e29b-41d4-a716-446655440000"
SEED = binascii.crc32(bytes.fromhex(UUID.replace("-", "")))
# Close together, so that neighbours overlap, and close to the first start that the server takes.
STARTS = st.one_of(st.just(0), st.integers(1_704_067_200, 1_704_090_000))
COPY_OF_LINE = st.sampled_from(["whole", "whole", "older", "torn", "missing"])
KEPT = st.fixed_dictionaries(
    {
        "start": STARTS,
        "run_seconds": st.one_of(st.integers(0, 5000), st.just(99_999_999)),
        "uncertainty": st.one_of(st.integers(0, 9000), st.just(0xFFFFFFFF)),
        "source": st.integers(0, 3),
        "flags": st.integers(0, 15),
        "odd": st.sampled_from([None] * 6 + ["year", "source", "boot", "key"]),
        "copies": st.tuples(COPY_OF_LINE, COPY_OF_LINE),
    }
)


@pytest.fixture(scope="module")
def board_parts() -> tuple[Drive, Parts]:
    """The firmware's classes on a simulated board whose files have few lines."""
    drive = Drive()
    drive.mount_or_format()
    return drive, firmware_parts(SimulatedBoard(drive), str(short_ring(SLOTS)["/code.py"]))


def line_of(parts: Parts, boot: int, rev: int, kept: dict[str, Any]) -> bytes:
    """A line as the firmware writes it, or one that only a fault of it could write: its CRC is right."""
    source = kept["source"] if kept["start"] else 0
    flags = kept["flags"] | source << parts.Session.SOURCE_SHIFT
    if not kept["run_seconds"]:
        # Else nothing of it would be left to deliver, and the next session might take its line.
        flags &= ~parts.Session.ACKED_CLOSED
    one = parts.Session(boot, (boot, rev, kept["start"], kept["run_seconds"], 0, kept["uncertainty"], 7, 0, flags))
    text: str = one.line(SEED).rpartition(',"crc"')[0]
    if kept["odd"] == "year":
        text = text.replace('"start":"2024', '"start":"2085')
    elif kept["odd"] == "source":
        text += ',"start_source":"guess"'
    elif kept["odd"] == "boot":
        text = text.replace(f'"boot":{boot}', '"boot":0')
    elif kept["odd"] == "key":
        text = text.replace('"acked_run_seconds"', '"acked"')
    return f'{text},"crc":"{binascii.crc32(text.encode(), SEED):08x}"}},'.encode()


def files_of(parts: Parts, sessions: list[dict[str, Any]]) -> list[bytes]:
    """Both copies of these sessions, the first as boot 1 in the first line."""
    files = []
    for copy in (0, 1):
        lines = [b""] * parts.PAD_LINES + [f'{{"device_uuid": "{UUID}", "sessions": ['.encode()]
        for boot, kept in enumerate(sessions, 1):
            state = kept["copies"][copy]
            line = line_of(parts, boot, 3 if state == "older" else 4, kept)
            lines.append({"missing": b"", "torn": line[:60] + b"\xff" * 40 + line[100:]}.get(state, line))
        lines += [b""] * (SLOTS - len(sessions)) + [b"null]}"] + [b""] * parts.PAD_LINES
        files.append(b"".join(line.ljust(parts.LINE_BYTES - 1) + b"\n" for line in lines))
    return files


@settings(deadline=None, max_examples=100)
@given(kept=st.lists(KEPT, max_size=SLOTS - 1), now=st.integers(1_704_067_300, 1_704_100_000))
def test_reads_and_places_every_line_as_the_board_does(
    board_parts: tuple[Drive, Parts], kept: list[dict[str, Any]], now: int
) -> None:
    """The same sessions from any two files, and the starts of the board's next power-up."""
    drive, parts = board_parts
    main, twin = files_of(parts, kept)
    drive.outside_write("/sessions.json", main, shared=True)
    drive.outside_write("/logger/sessions.json", twin, shared=True)
    files = parts.MirroredFiles(SimpleNamespace(uuid=UUID, seed=SEED), lambda: None)
    files.load()
    table = files.table
    known = [Session.of(table.at(slot)) for slot in table.by_boot()]
    table.begin()
    table.current.set_start(now, 0)
    parts.StartEstimator(table, lambda: None).resolve(now)
    placed = [Session.of(table.at(slot)) for slot in table.by_boot()[:-1]]

    read = join(parse_copy(main), parse_copy(twin))

    assert known == read.sessions
    said = with_starts(read.sessions, wire.timestamp(now))
    assert [(one.start, one.start_source, one.start_uncertainty_s, one.last_update) for one in placed] == [
        (one.start, one.start_source, one.start_uncertainty_s, one.last_update) for one in said
    ]


# Delivering the sessions of another board


@pytest.fixture
def cloned(flown_image: bytes, tmp_path: Path) -> Path:
    """The drive of another chip that started from a copy of the first board's drive, as a folder."""
    return to_folder(flown(Drive(image=flown_image), uid=b"board2", sessions_of=(300,)), tmp_path / "clone")


def test_set_aside_files_are_found_with_their_key(cloned: Path, folder: Path) -> None:
    """Under the UUID of the device that flew them."""
    original = json.loads((folder / "sessions.json").read_bytes())["device_uuid"]

    found = set_aside(DriveBoard(cloned))

    assert [original] == [aside.store.uuid for aside in found]
    assert [1, 2] == [one.boot for one in found[0].store.sessions]
    assert 64 == len(found[0].key)


def test_delivers_set_aside_sessions_once(cloned: Path, stack: Stack, sign_up: Callable[..., Any]) -> None:
    """As their board would have; a second delivery changes nothing. The key does not show."""
    url = f"{stack.url}/functions/v1/ingest"
    aside = set_aside(DriveBoard(cloned))[0]

    first = run("--path", str(cloned), "--send", "--ingest-url", url)
    second = run("--folder", str(cloned), "--send", "--ingest-url", url)

    assert 0 == first.exit_code, first.output + str(first.exception)
    assert "2 stored, 0 known already, 0 rejected" in first.output.replace("\n", " ")
    assert "0 stored, 2 known already, 0 rejected" in second.output.replace("\n", " ")
    assert aside.key not in first.output
    with psycopg.connect(stack.database_url) as connection:
        rows = connection.execute(
            "select run_seconds from public.sessions where device_uuid = %s order by session_start", [aside.store.uuid]
        ).fetchall()
    assert [(one.run_seconds,) for one in aside.store.sessions] == rows


def test_a_device_with_another_key_is_said_with_the_remedy(cloned: Path, make_stack: Callable[..., Stack]) -> None:
    """Somebody else bound that device first."""
    aside = set_aside(DriveBoard(cloned))[0]
    url = f"{make_stack().url}/functions/v1/ingest"
    first = sessions.message(aside.store.uuid, aside.store.sessions[0])
    assert 200 == httpx.post(url, json=first, headers={"X-Device-Key": "ab" * 32}, timeout=HTTP_SECONDS).status_code

    result = run("--path", str(cloned), "--send", "--ingest-url", url)

    assert isinstance(result.exception, BoardError)
    assert "reset the device's key in the portal" in str(result.exception)


def test_nothing_to_deliver_is_said(folder: Path) -> None:
    """A board with its own sessions alone."""
    result = run("--path", str(folder), "--send", "--ingest-url", "http://127.0.0.1:9/")

    assert 0 == result.exit_code
    assert "No set-aside files" in result.output


def test_a_server_that_is_no_ingest_function_gets_nothing(cloned: Path) -> None:
    """A captive portal answers everything with a page."""
    with canned_server(200, b"<html>Welcome</html>", {"Content-Type": "text/html"}) as url:
        result = run("--path", str(cloned), "--send", "--ingest-url", url)

    assert "is no ingest function" in str(result.exception)
