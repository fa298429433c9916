"""Device keys and limits: what `private.ingest` refuses, and what it remembers of a refusal."""

import pytest

from tests.supabase.project import Board, Person, Project, Row

KEY, OTHER_KEY = "ab" * 32, "cd" * 32


def _post(board: Board, key_sha256: str | None, run_seconds: int = 60) -> tuple[int, str | None]:
    board.key_sha256 = key_sha256
    answer = board.post(board.message("2026-05-01T08:00:00Z", run_seconds, "open"))
    return answer["status"], answer.get("code")


def _attention(owner: Person) -> Row:
    return owner.row("select state::text, attention, refused_posts from device_status")


def test_the_first_key_binds(project: Project, owner: Person) -> None:
    """From then on every message carries it; another one or none is refused, and shows on the device."""
    board = project.board()
    owner.rows("select claim_device(%s)", board.device_uuid)

    answers = [_post(board, key, run) for run, key in enumerate([None, KEY, OTHER_KEY, None, KEY])]
    calm = _attention(owner)
    _post(board, OTHER_KEY)

    assert [
        (200, None),
        (200, None),
        (401, "device_key_wrong"),
        (401, "device_key_missing"),
        (200, None),
    ] == answers
    assert {"state": "running", "attention": None, "refused_posts": 0} == calm
    assert {"state": "needs_attention", "attention": "device_key_wrong", "refused_posts": 1} == _attention(owner)


def test_a_refused_post_stores_nothing(project: Project, owner: Person) -> None:
    """Neither the session nor last_seen moves."""
    board = project.board()
    owner.rows("select claim_device(%s)", board.device_uuid)
    _post(board, KEY, 60)
    before = (
        owner.row("select run_seconds, heard_at from session_log"),
        owner.row("select last_seen from device_status"),
    )

    project.set_clock("2026-06-01T12:01:00Z")
    _post(board, OTHER_KEY, 3600)

    after = owner.row("select run_seconds, heard_at from session_log"), owner.row("select last_seen from device_status")
    assert before == after


def test_a_reset_key_waits_a_day_for_a_new_one(project: Project, owner: Person) -> None:
    """After a reset nothing without a key passes; the first key binds, and only that one."""
    board = project.board()
    owner.rows("select claim_device(%s)", board.device_uuid)
    _post(board, KEY)

    owner.rows("select reset_device_key(%s)", board.device_uuid)
    project.set_clock("2026-06-02T11:59:59Z")

    assert [(401, "device_key_missing"), (200, None), (401, "device_key_wrong")] == [
        _post(board, key) for key in (None, OTHER_KEY, KEY)
    ]


def test_a_reset_expires_and_can_be_repeated(project: Project, owner: Person) -> None:
    """After 24 hours no key is taken any more, until the reset is made once again."""
    board = project.board()
    owner.rows("select claim_device(%s)", board.device_uuid)
    _post(board, KEY)
    owner.rows("select reset_device_key(%s)", board.device_uuid)
    project.set_clock("2026-06-02T12:00:00Z")

    expired = [_post(board, key) for key in (None, KEY)], _attention(owner)["attention"]
    owner.rows("select reset_device_key(%s)", board.device_uuid)

    assert ([(401, "device_key_missing"), (401, "device_key_reset_expired")], "device_key_reset_expired") == expired
    assert (200, None) == _post(board, OTHER_KEY)


def test_the_key_is_readable_by_nobody(project: Project, owner: Person) -> None:
    """Only its hash exists, in a table that no role of the API may read."""
    board = project.board()
    _post(board, KEY)

    for person in (owner, project.anon, project.service):
        with pytest.raises(Exception, match="permission denied"):
            person.rows("select * from private.device_keys")


def test_single_messages_are_limited_per_device(project: Project, owner: Person) -> None:
    """The 121st of a minute has to wait for the next one; another device does not, and a batch still passes."""
    board, other = project.board(), project.board()
    for run in range(120):
        assert (200, None) == _post(board, None, run)

    refused = board.post(board.message("2026-05-01T08:00:00Z", 121, "open"))
    batch = board.post(board.message("2026-05-01T08:00:00Z", 122, "open"), batch=True)

    assert (429, "too_many_messages", 60) == tuple(refused[name] for name in ("status", "code", "retry_after"))
    assert 200 == batch["status"]
    assert (200, None) == _post(other, None)
    project.set_clock("2026-06-01T12:01:00Z")
    assert (200, None) == _post(board, None, 123)


def test_the_limit_is_counted_after_the_key(project: Project, owner: Person) -> None:
    """Who does not know the key cannot silence the device."""
    board = project.board()
    _post(board, KEY)
    for _ in range(130):
        assert 401 == _post(board, OTHER_KEY)[0]

    assert (200, None) == _post(board, KEY, 61)


def test_new_devices_are_capped_per_hour(project: Project, owner: Person) -> None:
    """The cap holds for unknown devices; known and claimed ones go on."""
    project.admin.execute("update private.settings set new_devices_per_hour = 3")
    known = project.board()
    assert [200] * 3 == [_post(board, None)[0] for board in (known, project.board(), project.board())]
    claimed = project.board()
    owner.rows("select claim_device(%s)", claimed.device_uuid)

    refused = _post(project.board(), None)

    assert (429, "too_many_new_devices") == refused
    assert [200, 200] == [_post(known, None, 61)[0], _post(claimed, None)[0]]
    project.set_clock("2026-06-01T13:00:01Z")
    assert 200 == _post(project.board(), None)[0]


def test_a_new_server_id_is_told_to_the_boards(project: Project, owner: Person) -> None:
    """After `private.new_server_id()` every answer carries the new one."""
    board = project.board()

    def server_id() -> str:
        return str(board.post(board.message("2026-05-01T08:00:00Z", 60))["body"]["server_id"])

    first = server_id()
    again = server_id()
    made = project.admin.execute("select private.new_server_id()::text as id").fetchone()

    assert first == again
    assert made is not None and first != made["id"]
    assert made["id"] == server_id()


def test_a_device_adds_no_more_sessions_in_a_day_than_a_board_can_have(project: Project, owner: Person) -> None:
    """Beyond that new ones wait for the next day; what is stored goes on growing."""
    project.admin.execute("update private.settings set new_sessions_per_day = 3")
    board, other = project.board(), project.board()
    starts = [f"2026-05-0{day}T08:00:00Z" for day in range(1, 7)]
    assert 200 == board.post(*(board.message(start, 60) for start in starts[:4]))["status"]

    refused = board.post(board.message(starts[4], 60))
    mixed = board.post(board.message(starts[0], 90), board.message(starts[4], 60))

    assert (429, "too_many_new_sessions", 3600) == (refused["status"], refused["code"], refused["retry_after"])
    assert 429 == mixed["status"]
    assert ["stored", "duplicate"] == [board.report(starts[0], 120, "open") for _ in range(2)]
    assert "stored" == other.report(starts[4], 60)
    project.set_clock("2026-06-02T00:00:00Z")
    assert "stored" == board.report(starts[4], 60)
