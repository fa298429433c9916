"""The stored session is the join of its messages: any order, any repetition, any concurrency ends in the same row."""

import hashlib
import itertools
import json
import random
import threading
import uuid
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.supabase.project import Board, Project, Row, add_plane, assign, connect, hours

NOW = "2026-06-01T12:00:00Z"
LONGEST = 366 * 86400
HISTORIES, LONG_HISTORIES = 30, 1000
REPORT_FIELDS = {
    "boot": st.integers(1, 3),
    "start_source": st.sampled_from(["ntp", "estimated"]),
    "start_uncertainty_s": st.sampled_from([None, 10, 9]),
    "checkpoint_seconds": st.sampled_from([15, 60]),
    "lifetime_seconds": st.sampled_from([5000, 60000]),
    "reset_reason": st.sampled_from(["POWER_ON", "WATCHDOG", "é"]),
    "firmware": st.sampled_from(["1.0", "1.1"]),
    "engine_seconds": st.sampled_from([None, 0, 9, 10]),
    "engine_first_s": st.sampled_from([0, 30]),
    "bus_start_mv": st.sampled_from([12_400, 9_900]),
    "bus_min_mv": st.sampled_from([None, 8_000]),
    "bus_max_mv": st.sampled_from([14_100, 100_000]),
}
SESSION_FIELDS = (
    f"session_start, run_seconds, last_update, status::text, report_closed, future, {', '.join(REPORT_FIELDS)}"
)
DEVICE_FIELDS = "report_session_start, report_run_seconds, boot, lifetime_seconds, unsent, firmware, reset_reason"

_STARTS = ["2026-05-01T08:00:00Z", "2026-05-01T20:00:00Z", "2026-06-01T11:00:00Z", "2026-06-02T00:00:00Z"]


def _possible(message: Row) -> Row:
    """The message with no more seconds of engine than of session: the function lets no others through."""
    within = {name: message[name] for name in ("engine_seconds", "engine_first_s") if message.get(name) is not None}
    return message | {name: min(value, message["run_seconds"]) for name, value in within.items()}


@pytest.fixture
def tried(long: bool) -> settings:
    """How many random messages to try."""
    return settings(max_examples=LONG_HISTORIES if long else HISTORIES, deadline=None, database=None)


_messages = st.fixed_dictionaries(
    {
        "session_start": st.sampled_from(_STARTS),
        "run_seconds": st.sampled_from([0, 9, 60, 120, 1200, LONGEST]),
        "last_update": st.sampled_from([*_STARTS, "2026-05-01T08:01:00Z"]),
        "status": st.sampled_from(["open", "closed"]),
    },
    optional={**REPORT_FIELDS, "unsent": st.integers(0, 2)},
).map(_possible)


def _rank(message: Row) -> tuple[int, bool, str]:
    """What the greatest message is the greatest by: seconds, closed, then the text with its fields in jsonb's order."""
    said = {name: message[name] for name in REPORT_FIELDS if message.get(name) is not None}
    text = ", ".join(
        f"{json.dumps(name)}: {json.dumps(said[name], ensure_ascii=False)}"
        for name in sorted(said, key=lambda n: (len(n), n))
    )
    return message["run_seconds"], message["status"] == "closed", "{" + text + "}"


def _stored(project: Project, board: Board) -> tuple[list[Row], Row | None]:
    """What the join decides: the board's sessions and its own figures."""
    sessions = project.admin.execute(
        f"select {SESSION_FIELDS} from sessions where device_uuid = %s order by session_start", [board.device_uuid]
    ).fetchall()
    device = project.admin.execute(f"select {DEVICE_FIELDS} from devices where device_uuid = %s", [board.device_uuid])
    return sessions, device.fetchone()


def _post_all(board: Board, messages: list[Row], dice: random.Random) -> None:
    """Post messages one by one and in batches, as the dice decide."""
    waiting = [board.message(m["session_start"], **{k: v for k, v in _rest(m).items()}) for m in messages]
    while waiting:
        size = dice.randint(1, 4)
        batch, waiting = waiting[:size], waiting[size:]
        assert board.post(*batch)["status"] == 200


def _rest(message: Row) -> dict[str, Any]:
    """A message's fields without the start, with the start and run of its own in msg_id."""
    return {key: value for key, value in message.items() if key != "session_start"}


def test_the_fields_of_the_join_are_those_of_the_wire(project: Project) -> None:
    """Every optional field that the database reads takes part in the tests of this file."""
    columns = project.admin.execute(
        "select attname from pg_attribute where attrelid = 'private.session_report'::regclass and attnum > 0"
    ).fetchall()

    assert list(REPORT_FIELDS) == [row["attname"] for row in columns]


@given(messages=st.lists(_messages, min_size=1, max_size=8), dice=st.randoms(use_true_random=False))
def _ends_in_the_same_rows(project: Project, messages: list[Row], dice: random.Random) -> None:
    straight, shuffled = project.board(), project.board()
    disorder = messages + dice.choices(messages, k=dice.randint(0, 5))
    dice.shuffle(disorder)

    _post_all(straight, messages, dice)
    _post_all(shuffled, disorder, dice)

    assert _stored(project, straight) == _stored(project, shuffled)
    sessions, _ = _stored(project, straight)
    for start, group in itertools.groupby(sorted(messages, key=_start), key=_start):
        said = list(group)
        [row] = [row for row in sessions if f"{row['session_start']:%Y-%m-%dT%H:%M:%SZ}" == start]
        assert max(m["run_seconds"] for m in said) == row["run_seconds"]
        assert max(m["last_update"] for m in said) == f"{row['last_update']:%Y-%m-%dT%H:%M:%SZ}"
        assert ("closed" if any(m["status"] == "closed" for m in said) else "open") == row["status"]
        greatest = max(said, key=_rank)
        assert {name: greatest.get(name) for name in REPORT_FIELDS} == {name: row[name] for name in REPORT_FIELDS}


def test_any_order_and_repetition_ends_in_the_same_rows(project: Project, tried: settings) -> None:
    """The same messages to two boards, shuffled and repeated for one: what is stored differs in nothing."""
    project.set_clock(NOW)
    project.admin.execute("update private.settings set messages_per_minute = 100000, new_devices_per_hour = 100000")

    tried(_ends_in_the_same_rows)(project)


def _start(message: Row) -> str:
    return str(message["session_start"])


@given(messages=st.lists(_messages, min_size=1, max_size=8))
def _is_a_duplicate_if_nothing_changes(project: Project, messages: list[Row]) -> None:
    single, batched = project.board(), project.board()

    outcomes = []
    for message in messages:
        before, _ = _stored(project, single)
        [result] = single.post(single.message(message["session_start"], **_rest(message)))["body"]["results"]
        after, _ = _stored(project, single)
        outcomes.append(result["outcome"])
        assert ("duplicate" if before == after else "stored") == result["outcome"]
    batch = batched.post(*(batched.message(m["session_start"], **_rest(m)) for m in messages), batch=True)

    assert outcomes == [result["outcome"] for result in batch["body"]["results"]]


def test_a_duplicate_is_what_changed_nothing(project: Project, tried: settings) -> None:
    """`duplicate` is answered exactly when session and order of the message leave the stored session as it is."""
    project.set_clock(NOW)
    project.admin.execute("update private.settings set messages_per_minute = 100000, new_devices_per_hour = 100000")

    tried(_is_a_duplicate_if_nothing_changes)(project)


def test_a_closing_message_with_the_stored_msg_id_closes(project: Project) -> None:
    """The last figure was acked while the session was open; closing it carries the same msg_id, and is no duplicate."""
    board = project.board()
    board.report("2026-05-01T08:00:00Z", 1200, "open")

    outcomes = [
        board.report("2026-05-01T08:00:00Z", 1200, "closed"),
        board.report("2026-05-01T08:00:00Z", 1200, "open"),
    ]

    assert ["stored", "duplicate"] == outcomes
    assert "closed" == project.admin.execute("select status from sessions").fetchone()["status"]  # type: ignore[index]


def test_optional_fields_are_those_of_the_greatest_message(project: Project) -> None:
    """Longer beats shorter, closed beats open, then the canonical text decides; fields are never mixed."""
    board = project.board()
    start = "2026-05-01T08:00:00Z"

    def fields() -> tuple[int | None, str | None]:
        row = project.admin.execute("select boot, firmware from sessions").fetchone()
        assert row is not None
        return row["boot"], row["firmware"]

    board.report(start, 60, "open", boot=1, firmware="1.0")
    shorter = board.report(start, 30, "open", boot=7), fields()
    longer = board.report(start, 90, "open", boot=2), fields()
    closed = board.report(start, 90, "closed", firmware="1.1"), fields()

    assert ("duplicate", (1, "1.0")) == shorter
    assert ("stored", (2, None)) == longer
    assert ("stored", (None, "1.1")) == closed


def test_closing_a_session_brings_what_the_bus_said_last(project: Project) -> None:
    """The engine ran on after the last ack: the closing message has the same msg_id, and stands."""
    board = project.board()
    start = "2026-05-01T08:00:00Z"
    sensed = {"engine_first_s": 40, "bus_start_mv": 12_400, "bus_min_mv": 8_050}

    def engine() -> Row | None:
        return project.admin.execute("select engine_seconds, engine_first_s, bus_min_mv from sessions").fetchone()

    board.report(start, 1200, "open", engine_seconds=1000, **sensed)
    closed = board.report(start, 1200, "closed", engine_seconds=1100, **sensed), engine()
    late = board.report(start, 1200, "open", engine_seconds=1160, **sensed), engine()
    unsensed = board.report(start, 1260, "closed"), engine()

    assert ("stored", {"engine_seconds": 1100, "engine_first_s": 40, "bus_min_mv": 8_050}) == closed
    assert ("duplicate", closed[1]) == late
    assert ("stored", {"engine_seconds": None, "engine_first_s": None, "bus_min_mv": None}) == unsensed


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("engine_seconds", 1201),
        ("engine_seconds", -1),
        ("engine_first_s", 1201),
        ("engine_first_s", -1),
        *[(f"bus_{which}_mv", value) for which in ("start", "min", "max") for value in (-1, 100_001)],
    ],
)
def test_what_no_bus_can_say_is_not_stored(project: Project, field: str, value: int) -> None:
    """The function refuses it first; past the function, the table does."""
    said: Row = {field: value}

    with pytest.raises(psycopg.errors.CheckViolation) as caught:
        project.board().report("2026-05-01T08:00:00Z", 1200, **said)

    assert str(caught.value.diag.constraint_name).startswith(field)


def test_a_hundred_messages_of_a_session_at_once_end_as_one(project: Project, database: str) -> None:
    """Eight connections post the same hundred messages in other orders, for an unknown device: one device, one row."""
    board = project.board()
    messages = [
        board.message(
            "2026-05-01T08:00:00Z",
            run,
            "closed" if run == 50 else "open",
            **{"boot": run % 3, "firmware": f"1.{run}", "engine_seconds": run // 2, "bus_max_mv": 12_000 + run},
        )
        for run in range(100)
    ]
    project.admin.execute("update private.settings set messages_per_minute = 100000")
    failures: list[BaseException] = []

    def post_everything(seed: int) -> None:
        order = messages[:]
        random.Random(seed).shuffle(order)
        try:
            with connect(database) as connection:
                other = Board(Project(connection), board.device_uuid)
                for message in order:
                    assert other.post(message)["status"] == 200
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=post_everything, args=[seed]) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == failures
    [session], device = _stored(project, board)
    expected = {"run_seconds": 99, "status": "closed", "boot": 0, "firmware": "1.99", "engine_seconds": 49}
    assert expected.items() <= session.items()
    assert 12_099 == session["bus_max_mv"]
    assert device is not None and device["firmware"] == "1.99"


def test_two_boards_of_one_plane_at_once_add_up(project: Project, database: str) -> None:
    """Boards that report for the same plane and day at the same moment lose none of each other's seconds."""
    owner = project.sign_up()
    plane, boards = add_plane(owner), [project.board() for _ in range(4)]
    for board in boards:
        assign(owner, board, plane)
    project.admin.execute("update private.settings set messages_per_minute = 100000")

    def fly(number: int) -> None:
        with connect(database) as connection:
            board = Board(Project(connection), boards[number].device_uuid)
            for run in range(10, 600, 10):
                board.report(f"2026-05-01T{8 + number:02d}:00:00Z", run, "open")

    threads = [threading.Thread(target=fly, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 4 * 590 == hours(owner, plane)


@pytest.mark.parametrize("start", ["0001-01-01T00:00:00Z", "2023-12-31T23:59:59Z"])
def test_a_rejected_message_leaves_the_others_alone(project: Project, start: str) -> None:
    """A batch with one impossible start: that one is rejected, in its place; the rest is stored."""
    board = project.board()

    answer = board.post(
        board.message("2026-05-01T08:00:00Z", 1), board.message(start, 2), board.message("2026-05-02T08:00:00Z", 3)
    )

    assert ["stored", "rejected", "stored"] == [result["outcome"] for result in answer["body"]["results"]]
    assert 2 == len(_stored(project, board)[0])


def test_the_session_has_the_same_identity_in_every_database(project: Project) -> None:
    """Device and start make the identity: what people said about a session still fits after a restore."""
    board = project.board()

    board.report("2026-05-01T08:00:00Z", 60)

    row = project.admin.execute("select session_id from sessions").fetchone()
    epoch_seconds = 1777622400
    expected = hashlib.md5(f"{board.device_uuid}{epoch_seconds}".encode(), usedforsecurity=False).hexdigest()
    assert row is not None
    assert uuid.UUID(f"{expected[:12]}8{expected[13:]}") == row["session_id"]
