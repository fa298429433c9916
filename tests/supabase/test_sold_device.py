"""A device that changes hands: each fleet sees and counts its own time, whatever the board says afterwards."""

import itertools
from collections.abc import Iterable

import pytest

from tests.supabase.project import Board, Person, Project, Row, add_plane, assign, connect, fleet_of, hours, refused

LOG = "select run_seconds, held_seconds, quality::text, flagged from session_log order by effective_start"
LOOK = (
    "insert into session_annotations (session_id, clock_checked) select session_id, true from session_log"
    " on conflict (session_id) do update set clock_checked = true"
)
OF_NO_OWNER = {"device_uuid", "fleet_id", "created_at", "announced", "has_posted", "key_bound_at"}


@pytest.fixture
def buyer(project: Project, owner: Person) -> Person:
    """Who buys the owner's board."""
    return project.sign_up()


def _sell(project: Project, seller: Person, buyer: Person, board: Board, at: str = "2026-06-02T12:00:00Z") -> str:
    """The board changes hands at a time; the buyer's plane, in which it is installed from then on."""
    project.set_clock(at)
    seller.rows("select release_device(%s)", board.device_uuid)
    plane = add_plane(buyer, "N123AB")
    assign(buyer, board, plane)
    return plane


def _device(person: Person) -> Row:
    return person.row("select * from devices")


def _exported(person: Person, part: str) -> list[Row]:
    page: Row = person.value("select fleet_export(%s, %s)", fleet_of(person), part)
    rows: list[Row] = page["rows"]
    return rows


def test_the_buyer_reads_nothing_of_the_sellers_time(
    project: Project, owner: Person, buyer: Person, plane: str, board: Board
) -> None:
    """Neither in devices, nor in device_status, nor in the export: as if the board had never said anything."""
    board.key_sha256 = "ab" * 32
    said: Row = {"boot": 41, "lifetime_seconds": 9000, "unsent": 3, "firmware": "1.0", "reset_reason": "X"}
    board.report("2026-06-01T10:00:00Z", 3600, **said)
    board.report("2023-06-01T10:00:00Z", 60)
    Board(project, board.device_uuid, "cd" * 32).post(board.message("2026-06-01T11:00:00Z", 60))

    _sell(project, owner, buyer, board)

    device = {name: value for name, value in _device(buyer).items() if name not in OF_NO_OWNER}
    assert {None, 0} == set(device.values()), device
    assert "2026-06-02T12:00:00" == f"{_device(buyer)['created_at']:%Y-%m-%dT%H:%M:%S}"
    assert "2026-06-02T12:00:00" == f"{_device(buyer)['key_bound_at']:%Y-%m-%dT%H:%M:%S}"
    status = buyer.row("select state::text, attention, last_seen, boot, lifetime_seconds, unsent, refused_posts,"
                       " refused_at, rejected_at, firmware, reset_reason, first_effective_start"
                       " from device_status")  # fmt: skip
    assert {"state": "never_heard", "refused_posts": 0} == {k: v for k, v in status.items() if v is not None}
    [exported] = _exported(buyer, "devices")
    assert "2026-06-01" not in str(exported)
    assert not {3600, *said.values()} & set(exported.values())
    assert [] == _exported(buyer, "sessions")


def test_what_the_board_says_of_the_sellers_time_afterwards_is_not_the_buyers_to_see(
    project: Project, owner: Person, buyer: Person, plane: str, board: Board
) -> None:
    """In any order with what it says of the buyer's; the board is no new device for it."""
    _sell(project, owner, buyer, board)
    project.set_clock("2026-06-03T12:00:00Z")
    old = board.message("2026-06-01T10:00:00Z", 3600, boot=41, firmware="0.9", unsent=3)
    new = board.message("2026-06-03T10:00:00Z", 60, boot=42, firmware="1.0", unsent=0)

    first = board.post(old)["body"]["new_device"]
    before = _device(buyer)
    for order in itertools.permutations([old, new]):
        board.post(*order)
    after = _device(buyer)

    assert first is True, "nobody had heard it"
    assert (None, None, None) == (before["boot"], before["firmware"], before["report_session_start"])
    assert (42, "1.0", 0) == (after["boot"], after["firmware"], after["unsent"])
    assert [] == owner.rows("select from devices")


def test_a_board_that_posted_before_its_sale_is_no_new_device(
    project: Project, owner: Person, buyer: Person, plane: str, board: Board
) -> None:
    """Otherwise every sale would have the board send again all that it still keeps."""
    board.report("2026-06-01T10:00:00Z", 3600)

    _sell(project, owner, buyer, board)

    assert board.post(board.message("2026-06-02T12:00:00Z", 0))["body"]["new_device"] is False


def test_a_fleet_that_ends_leaves_nothing_on_its_devices(
    project: Project, owner: Person, buyer: Person, plane: str, board: Board
) -> None:
    """The sibling of the sale."""
    board.report("2026-06-01T10:00:00Z", 3600, boot=41, firmware="1.0")

    owner.rows("select delete_fleet(%s)", fleet_of(owner))
    buyer.rows("select claim_device(%s)", board.device_uuid)

    assert (None, None, None) == tuple(_device(buyer)[name] for name in ("last_seen", "boot", "firmware"))


def test_what_comes_after_the_release_waits_for_a_look(
    project: Project, owner: Person, buyer: Person, plane: str, board: Board
) -> None:
    """An old start that nobody knew and a larger figure: what was known goes on counting, the rest is flagged."""
    board.report("2026-06-01T10:00:00Z", 1000, "open")
    _sell(project, owner, buyer, board)

    made_up = [board.report("2026-05-01T10:00:00Z", 5000), board.report("2026-06-01T10:00:00Z", 3000)]

    assert ["stored", "stored"] == made_up
    assert 1000 == hours(owner, plane) == owner.value("select total_seconds from plane_hours()")
    assert [(5000, 5000, "flagged", True), (3000, 2000, "flagged", True)] == [
        tuple(row.values()) for row in owner.rows(LOG)
    ]
    assert [] == buyer.rows(LOG)

    owner.run(LOOK)

    assert 8000 == hours(owner, plane) == owner.value("select total_seconds from plane_hours()")
    assert [(0, False), (0, False)] == [(row["held_seconds"], row["flagged"]) for row in owner.rows(LOG)]


def test_one_look_is_good_for_what_was_there(
    project: Project, owner: Person, buyer: Person, plane: str, board: Board
) -> None:
    """A still larger figure waits again, also when somebody says something else meanwhile; taking it back holds all."""
    board.report("2026-06-01T10:00:00Z", 1000, "open")
    _sell(project, owner, buyer, board)
    board.report("2026-06-01T10:00:00Z", 3000)
    owner.run(LOOK)
    board.report("2026-06-01T10:00:00Z", 4000)
    held = hours(owner, plane)
    owner.run("update session_annotations set class = 'flight', pilot = 'Amelia'")
    still_held = hours(owner, plane)
    owner.run(LOOK)
    looked = hours(owner, plane)
    owner.run("delete from session_annotations")

    assert (3000, 3000, 4000, 1000) == (held, still_held, looked, hours(owner, plane))
    assert [True] == [row["flagged"] for row in owner.rows(LOG)]


def test_a_corrected_start_is_a_look_and_excluding_is_none(
    project: Project, owner: Person, buyer: Person, plane: str, board: Board
) -> None:
    """Who corrects the times has seen them; who leaves the session out has not vouched for it."""
    _sell(project, owner, buyer, board)
    board.report("2026-05-01T10:00:00Z", 5000)
    annotate = "insert into session_annotations (session_id, {0}) select session_id, {1} from session_log on conflict (session_id) do update set {0} = excluded.{0}"  # noqa: E501

    owner.run(annotate.format("excluded", "true"))
    owner.run(annotate.format("excluded", "false"))
    not_looked = hours(owner, plane)
    owner.run(annotate.format("corrected_start", "timestamptz '2026-05-02T10:00:00Z'"))

    assert (0, 5000) == (not_looked, hours(owner, plane))


def test_only_the_fleet_whose_time_it_is_lets_it_count(
    project: Project, owner: Person, buyer: Person, plane: str, board: Board
) -> None:
    """Not the buyer, not a stranger, not a viewer, nobody at all without signing in; an editor does."""
    viewer, editor = project.add_member(owner, "viewer"), project.add_member(owner, "editor")
    _sell(project, owner, buyer, board)
    board.report("2026-05-01T10:00:00Z", 5000)
    session = owner.value("select session_id from session_log")
    look = "insert into session_annotations (session_id, clock_checked) values (%s, true)"

    for person, code in ((buyer, "PT404"), (project.sign_up(), "PT404"), (viewer, "PT404"), (project.anon, "42501")):
        with refused(code):
            person.run(look, session)
    assert 0 == hours(owner, plane)
    editor.run(look, session)

    assert 5000 == hours(owner, plane)


def test_what_says_nothing_new_is_not_flagged(
    project: Project, owner: Person, buyer: Person, plane: str, board: Board
) -> None:
    """The board closes the seller's last session at the buyer's, and repeats what was there."""
    board.report("2026-06-01T10:00:00Z", 1000, "open")
    _sell(project, owner, buyer, board)

    assert ["stored", "duplicate"] == [board.report("2026-06-01T10:00:00Z", 1000) for _ in range(2)]

    assert [(1000, None, "measured", False)] == [tuple(row.values()) for row in owner.rows(LOG)]
    assert 1000 == hours(owner, plane)


def test_a_session_that_lies_just_after_the_release_cannot_grow_either(
    project: Project, owner: Person, buyer: Person, plane: str, board: Board
) -> None:
    """The seller's clock was ahead: it arrived before the release, is the seller's, and so is what comes after."""
    board.report("2026-06-01T12:02:00Z", 60)
    _sell(project, owner, buyer, board, "2026-06-01T12:01:00Z")
    project.set_clock("2026-06-02T12:00:00Z")

    board.report("2026-06-01T12:02:00Z", 4000)

    assert 60 == hours(owner, plane)
    assert [(4000, 3940, "flagged", True)] == [tuple(row.values()) for row in owner.rows(LOG)]


def test_the_order_of_late_messages_changes_nothing_that_counts(project: Project, owner: Person, buyer: Person) -> None:
    """Two boards say the same after their release, in opposite orders: the same rows, the same hours."""

    def told(starts_and_seconds: Iterable[tuple[str, int]], registration: str) -> tuple[int, list[Row]]:
        board, plane = project.board(), add_plane(owner, registration)
        assign(owner, board, plane)
        board.report("2026-06-01T10:00:00Z", 500, "open")
        owner.rows("select release_device(%s)", board.device_uuid)
        for start, seconds in starts_and_seconds:
            board.report(start, seconds, "open")
        return hours(owner, plane), owner.rows(
            "select effective_start, run_seconds, held_seconds, flagged from session_log where plane_id = %s"
            " order by effective_start",
            plane,
        )

    late = [("2026-06-01T10:00:00Z", 700), ("2026-05-01T10:00:00Z", 60), ("2026-06-01T10:00:00Z", 900)]

    assert told(late, "D-EAAA") == told(reversed(late), "D-EBBB")


def test_boots_of_another_fleets_time_are_not_missing(
    project: Project, owner: Person, buyer: Person, plane: str, board: Board
) -> None:
    """The seller has the board back: only what is missing in either's own time is missing, each in its own list."""
    lifetime = 0

    def fly(day: int, boot: int, lost: int = 0) -> None:
        nonlocal lifetime
        lifetime += 100 + lost
        board.report(f"2026-{day // 100:02d}-{day % 100:02d}T08:00:00Z", 100, boot=boot, lifetime_seconds=lifetime)

    fly(501, 1)
    fly(502, 3, lost=7)
    _sell(project, owner, buyer, board)
    project.set_clock("2026-06-20T12:00:00Z")
    fly(603, 5)
    fly(604, 8, lost=30)
    _sell(project, buyer, owner, board, "2026-06-21T12:00:00Z")
    project.set_clock("2026-07-20T12:00:00Z")
    fly(701, 9)
    fly(702, 10)

    whole = "select missing_boots, repeated_boots, recorded_seconds, unrecorded_seconds from device_completeness(%s)"
    gaps = "select from_boot, to_boot from boot_gaps(%s)"
    assert (1, 0, 400, 7) == tuple(owner.row(whole, board.device_uuid).values())
    assert (2, 0, 200, 30) == tuple(buyer.row(whole, board.device_uuid).values())
    assert [{"from_boot": 2, "to_boot": 2}] == owner.rows(gaps, board.device_uuid)
    assert [{"from_boot": 6, "to_boot": 7}] == buyer.rows(gaps, board.device_uuid)
    assert [] == project.sign_up().rows(gaps, board.device_uuid)


def test_who_is_in_both_fleets_sees_each_gap_in_the_fleet_whose_time_it_is(
    project: Project, owner: Person, buyer: Person, plane: str, board: Board
) -> None:
    """And can settle it for that fleet alone."""
    board.report("2026-05-01T08:00:00Z", 100, boot=1)
    board.report("2026-05-02T08:00:00Z", 100, boot=3)
    _sell(project, owner, buyer, board)
    project.set_clock("2026-06-20T12:00:00Z")
    board.report("2026-06-03T08:00:00Z", 100, boot=5)
    board.report("2026-06-04T08:00:00Z", 100, boot=8)
    buyer.rows("select accept_invite(%s)", owner.value("select create_invite(%s, 'editor')", fleet_of(owner)))
    settle = "insert into settled_boot_gaps (fleet_id, device_uuid, from_boot, to_boot) values (%s, %s, %s, %s)"

    bought = buyer.rows("select from_boot, to_boot from fleet_boot_gaps(%s)", fleet_of(buyer))
    with refused("PT404"):
        buyer.run(settle, fleet_of(buyer), board.device_uuid, 2, 2)
    buyer.run(settle, fleet_of(owner), board.device_uuid, 2, 2)

    assert [{"from_boot": 6, "to_boot": 7}] == bought
    assert ["6", "2 settled"] == [
        f"{row['from_boot']}{' settled' if row['settled_gap_id'] else ''}"
        for row in buyer.rows("select from_boot, settled_gap_id from boot_gaps(%s)", board.device_uuid)
    ]


def test_a_late_post_and_a_release_at_once(database: str, project: Project, owner: Person, board: Board) -> None:
    """The post waits for the release that is under way, and is judged after it."""
    with connect(database) as other, project.admin.transaction():
        project.admin.execute("select set_config('request.jwt.claims', %s, true)", [f'{{"sub": "{owner.user_id}"}}'])
        project.admin.execute("select private.release_device(%s)", [board.device_uuid])
        other.execute("set lock_timeout = '50ms'")
        with refused("55P03"):
            Board(Project(other), board.device_uuid).report("2026-05-01T10:00:00Z", 5000)

    board.report("2026-05-01T10:00:00Z", 5000)

    assert [True] == [row["flagged"] for row in owner.rows(LOG)]
