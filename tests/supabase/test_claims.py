"""Claiming, releasing and assigning devices: who owns what, from when until when."""

import threading

import psycopg
import pytest

from tests.supabase.project import Board, Person, Project, add_plane, assign, connect, fleet_of, hours, refused

CLAIM = "select * from claim_device(%s)"


def _log(person: Person) -> list[tuple[str, int]]:
    rows = person.rows("select effective_start, run_seconds from session_log order by effective_start")
    return [(f"{row['effective_start']:%m-%d}", row["run_seconds"]) for row in rows]


def test_a_claim_takes_what_the_device_said_before(project: Project) -> None:
    """Sessions from before the claim belong to the first claimer, and nobody saw them until then."""
    owner, board = project.sign_up(), project.board()
    board.report("2026-05-01T08:00:00Z", 60)
    before = _log(owner)

    owner.rows(CLAIM, board.device_uuid)

    assert [] == before
    assert [("05-01", 60)] == _log(owner)


def test_a_claim_creates_an_unknown_device_that_then_is_new(project: Project) -> None:
    """Registering first is fine: the device's own first message is still answered with new_device."""
    owner, board = project.sign_up(), project.board()

    owner.rows("select claim_device(%s, 'Hangar 3')", board.device_uuid)
    status = owner.row("select state::text, name from device_status")
    answers = [board.post(board.message("2026-05-01T08:00:00Z", run))["body"]["new_device"] for run in (1, 2)]

    assert {"state": "never_heard", "name": "Hangar 3"} == status
    assert [True, False] == answers


def test_claiming_again_changes_nothing(project: Project) -> None:
    """The second click on the same link finds the same ownership."""
    owner, board = project.sign_up(), project.board()

    first, second = owner.row(CLAIM, board.device_uuid), owner.row(CLAIM, board.device_uuid)

    assert first == second


def test_a_device_of_another_fleet_cannot_be_claimed(project: Project) -> None:
    """Whoever knows the UUID of an owned device gets nothing by it."""
    owner, stranger, board = project.sign_up(), project.sign_up(), project.board()
    owner.rows(CLAIM, board.device_uuid)
    board.report("2026-05-01T08:00:00Z", 60)

    with refused("PT409"):
        stranger.rows(CLAIM, board.device_uuid)

    assert [] == stranger.rows("select * from device_status") == stranger.rows("select * from session_log")


def test_of_two_claims_at_once_one_wins(project: Project, database: str) -> None:
    """Two strangers who claim the same unknown device at the same moment: one owner, one refusal."""
    people, board = [project.sign_up(), project.sign_up()], project.board()
    codes: list[str | None] = []
    barrier = threading.Barrier(2)

    def claim(person: Person) -> None:
        with connect(database) as connection:
            barrier.wait()
            try:
                Person(connection, user_id=person.user_id).rows(CLAIM, board.device_uuid)
                codes.append(None)
            except psycopg.Error as error:
                codes.append(error.sqlstate)

    threads = [threading.Thread(target=claim, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {None, "PT409"} == set(codes)


def test_who_is_in_several_fleets_says_which(project: Project) -> None:
    """Without a fleet the claim is refused, with one it goes there."""
    owner, board = project.sign_up(), project.board()
    club = owner.value("select create_fleet('Club')")

    with refused("PT400"):
        owner.rows(CLAIM, board.device_uuid)
    owned = owner.row("select * from claim_device(%s, null, %s)", board.device_uuid, club)

    assert club == owned["fleet_id"]


def test_a_sold_device_leaves_its_history_with_the_old_fleet(project: Project) -> None:
    """What began before the release stays, late arrivals included; only what began after it is the buyer's."""
    seller, buyer, board = project.sign_up(), project.sign_up(), project.board()
    assign(seller, board, add_plane(seller))
    project.set_clock("2026-05-01T12:00:00Z")
    board.report("2026-05-01T08:00:00Z", 100, "open")

    seller.rows("select release_device(%s)", board.device_uuid)
    project.set_clock("2026-05-20T12:00:00Z")
    board.report("2026-05-01T08:00:00Z", 200)
    board.report("2026-05-10T08:00:00Z", 300)
    assign(buyer, board, add_plane(buyer))
    board.report("2026-04-01T08:00:00Z", 400)
    board.report("2026-05-02T08:00:00Z", 500)

    assert [("04-01", 400), ("05-01", 200)] == _log(seller)
    assert [("05-02", 500), ("05-10", 300)] == _log(buyer)
    # What came after the release waits for a look.
    assert 100 == seller.value("select total_seconds from plane_hours()")
    assert 800 == buyer.value("select total_seconds from plane_hours()")


def test_the_buyer_does_not_see_the_name_that_the_seller_gave(project: Project) -> None:
    """Names belong to the ownership, and the seller no longer sees what the device does."""
    seller, buyer, board = project.sign_up(), project.sign_up(), project.board()
    seller.rows("select claim_device(%s, 'Secret project')", board.device_uuid)

    seller.rows("select release_device(%s)", board.device_uuid)
    buyer.rows(CLAIM, board.device_uuid)

    assert [None] == [row["name"] for row in buyer.rows("select name from device_status")]
    assert 1 == len(buyer.rows("select * from device_ownerships"))
    assert [] == seller.rows("select * from device_status") == seller.rows("select * from devices")


def test_an_assignment_cannot_begin_before_the_ownership(project: Project) -> None:
    """The buyer cannot reach into the seller's time."""
    seller, buyer, board = project.sign_up(), project.sign_up(), project.board()
    seller.rows(CLAIM, board.device_uuid)
    seller.rows("select release_device(%s)", board.device_uuid)
    buyer.rows(CLAIM, board.device_uuid)

    with refused("PT400"):
        assign(buyer, board, add_plane(buyer), "2026-05-01T00:00:00Z")


def test_a_device_hangs_only_in_planes_of_its_fleet(project: Project) -> None:
    """A foreign plane is as good as none."""
    owner, stranger, board = project.sign_up(), project.sign_up(), project.board()

    with refused("PT404"):
        assign(owner, board, add_plane(stranger))


def test_taking_a_device_out_of_its_plane(project: Project) -> None:
    """From then on it is in none; what it recorded before stays where it was."""
    owner, board = project.sign_up(), project.board()
    plane = add_plane(owner)
    assign(owner, board, plane)

    assign(owner, board, None, "2026-05-10T00:00:00Z")
    board.report("2026-05-09T08:00:00Z", 60)
    board.report("2026-05-11T08:00:00Z", 30)

    assert 60 == hours(owner, plane)
    status = owner.row("select plane_id, unassigned_sessions from device_status")
    assert {"plane_id": None, "unassigned_sessions": 1} == status


def test_a_later_assignment_begins_now_and_leaves_the_running_session(project: Project) -> None:
    """Moving a box that is running: the session stays where it began, as a whole."""
    project.set_clock("2026-05-01T12:00:00Z")
    owner, board = project.sign_up(), project.board()
    old, new = add_plane(owner, "D-EOLD"), add_plane(owner, "D-ENEW")
    assign(owner, board, old)
    board.report("2026-05-01T11:00:00Z", 3600, "open")

    assign(owner, board, new)
    project.set_clock("2026-05-01T13:00:00Z")
    board.report("2026-05-01T11:00:00Z", 7200, "closed")
    board.report("2026-05-01T12:30:00Z", 60, "open")

    assert (7200, 60) == (hours(owner, old), hours(owner, new))
    assert [("D-ENEW", board.device_uuid), ("D-EOLD", None)] == [
        (row["registration"], row["device_uuid"] and str(row["device_uuid"]))
        for row in owner.rows("select registration, device_uuid from plane_hours()")
    ]


@pytest.mark.parametrize(
    "call",
    [
        "release_device(%s)",
        "assign_device(%s, null)",
        "reset_device_key(%s)",
    ],
)
def test_strangers_cannot_tell_an_owned_device_from_none(project: Project, call: str) -> None:
    """The refusal is the same, word for word, whether the device belongs to someone else or to nobody."""
    owner, stranger, owned, unknown = project.sign_up(), project.sign_up(), project.board(), project.board()
    owner.rows(CLAIM, owned.device_uuid)

    words = []
    for board in (owned, unknown):
        with pytest.raises(psycopg.Error) as caught:
            stranger.rows(f"select {call}", board.device_uuid)
        words.append(str(caught.value.diag.message_primary))

    assert words[0] == words[1]
    assert "PT404" == caught.value.sqlstate


def test_a_plane_whose_meter_was_read_is_archived_not_deleted(project: Project) -> None:
    """Readings are append-only; nobody deletes them with the plane."""
    owner = project.sign_up()
    plane = add_plane(owner)
    owner.rows("select add_reading(%s, 3600, 'initial')", plane)

    with refused("PT409"):
        owner.run("delete from planes where plane_id = %s", plane)


def test_a_plane_with_history_is_archived_not_deleted(project: Project) -> None:
    """Deleting is for planes entered by mistake."""
    owner, board = project.sign_up(), project.board()
    used, unused = add_plane(owner, "D-EUSE"), add_plane(owner, "D-ENON")
    assign(owner, board, used)

    with refused("PT409"):
        owner.run("delete from planes where plane_id = %s", used)

    assert 1 == owner.run("delete from planes where plane_id = %s", unused)
    assert 1 == owner.run("update planes set archived_at = private.clock() where plane_id = %s", used)


def test_claims_are_limited(project: Project) -> None:
    """A hundred an hour are enough for a club, and too few for guessing."""
    project.set_clock("2026-05-01T12:00:00Z")
    owner = project.sign_up()
    for _ in range(100):
        owner.rows("select claim_device(gen_random_uuid())")

    with refused("PT429"):
        owner.rows("select claim_device(gen_random_uuid())")

    project.set_clock("2026-05-01T13:00:01Z")
    assert 1 == len(owner.rows("select claim_device(gen_random_uuid())"))


def test_more_fleets_are_no_way_around_the_limit(project: Project) -> None:
    """Nor are fleets that are thrown away after their hundred claims."""
    project.set_clock("2026-05-01T12:00:00Z")
    owner = project.sign_up()
    fleet = owner.value("select create_fleet('Second')")
    for _ in range(100):
        owner.rows("select claim_device(gen_random_uuid(), null, %s)", fleet)

    owner.rows("select delete_fleet(%s)", fleet)

    with refused("PT429"):
        owner.rows("select claim_device(gen_random_uuid())")


def test_a_fleet_puts_its_past_time_with_a_device_right(project: Project) -> None:
    """After a release the fleet still says in which plane the device was installed, but not beyond its time."""
    project.set_clock("2026-05-01T12:00:00Z")
    seller, buyer, board = project.sign_up(), project.sign_up(), project.board()
    plane = add_plane(seller)
    seller.rows(CLAIM, board.device_uuid)
    board.report("2026-04-01T08:00:00Z", 60)
    seller.rows("select release_device(%s)", board.device_uuid)
    project.set_clock("2026-05-02T12:00:00Z")
    buyer.rows(CLAIM, board.device_uuid)
    board.report("2026-05-02T08:00:00Z", 30)
    assign = "select assign_device(%s, %s, %s)"

    for since in ("2026-05-01T12:00:00Z", "2026-05-02T08:00:00Z"):
        with refused("PT400"):
            seller.rows(assign, board.device_uuid, plane, since)
    with refused("PT404"):
        buyer.rows(assign, board.device_uuid, plane, "2026-04-01T00:00:00Z")
    seller.rows(assign, board.device_uuid, plane, "2026-04-01T00:00:00Z")
    with refused("PT400"):
        seller.rows(assign, board.device_uuid, plane, None)

    assert 60 == hours(seller, plane)
    assert [("05-02", 30)] == _log(buyer)


def test_the_buyer_does_not_see_how_the_device_was_before(project: Project) -> None:
    """Nothing that it said in the seller's time, and no trouble from then."""
    project.set_clock("2026-05-01T12:00:00Z")
    seller, buyer, board = project.sign_up(), project.sign_up(), project.board()
    seller.rows(CLAIM, board.device_uuid)
    board.report("2026-04-01T08:00:00Z", 60, boot=7, firmware="0.9", unsent=3)
    board.post(board.message("1970-01-01T00:00:00Z", 60))
    project.set_clock("2026-05-01T12:00:01Z")
    seller.rows("select release_device(%s)", board.device_uuid)
    project.set_clock("2026-05-02T12:00:00Z")
    status = "select state::text, attention, last_seen, boot, firmware, unsent, rejected_code from device_status"

    buyer.rows(CLAIM, board.device_uuid)
    before = buyer.row(status)
    board.report("2026-05-02T12:00:00Z", 60, "open", boot=8, firmware="1.0", unsent=0)
    after = buyer.row(status)

    assert "never_heard" == before.pop("state")
    assert {None} == set(before.values())
    assert ("running", None, 8, "1.0", 0, None) == tuple(
        after[name] for name in ("state", "attention", "boot", "firmware", "unsent", "rejected_code")
    )


def test_deleting_a_fleet_takes_everything_and_releases_the_devices(project: Project) -> None:
    """Nothing is left of the fleet; who claims the device next gets what begins from now on, not what comes again."""
    project.set_clock("2026-05-01T12:00:00Z")
    owner, next_owner, board = project.sign_up(), project.sign_up(), project.board()
    plane = add_plane(owner)
    assign(owner, board, plane)
    board.report("2026-04-01T08:00:00Z", 60)
    owner.rows("select add_reading(%s, 3600, 'initial')", plane)
    owner.run("insert into session_annotations (session_id, pilot) select session_id, 'Amelia' from session_log")

    owner.rows("select delete_fleet(%s)", fleet_of(owner))
    next_owner.rows(CLAIM, board.device_uuid)
    board.report("2026-04-01T08:00:00Z", 60)
    board.report("2026-05-01T12:00:00Z", 30)

    assert [("05-01", 30)] == _log(next_owner)
    for table in ("planes", "hour_readings", "session_annotations", "device_assignments", "private.plane_days"):
        rows = project.admin.execute(f"select * from {table}").fetchall()
        assert [] == rows, table


def test_only_devices_that_nobody_claimed_are_purged(project: Project) -> None:
    """By hand, after 400 days of silence, and never what someone owns or owned."""
    project.set_clock("2024-06-01T12:00:00Z")
    owner, forgotten, released, fresh = project.sign_up(), project.board(), project.board(), project.board()
    alive = project.board(key_sha256="1" * 64)  # knocks, though in vain
    for board in (forgotten, released, alive):
        board.report("2024-05-01T08:00:00Z", 60)
    owner.rows(CLAIM, released.device_uuid)
    owner.rows("select release_device(%s)", released.device_uuid)
    project.set_clock("2026-06-01T12:00:00Z")
    fresh.report("2026-05-01T08:00:00Z", 60)
    alive.key_sha256 = "2" * 64
    assert 401 == alive.post(alive.message("2026-05-01T08:00:00Z", 60))["status"]

    purged = project.admin.execute("select private.purge_unclaimed_devices() as n").fetchone()

    assert {"n": 1} == purged
    left = {str(row["device_uuid"]) for row in project.admin.execute("select device_uuid from devices").fetchall()}
    assert {released.device_uuid, fresh.device_uuid, alive.device_uuid} == left
    with refused("PT400"):
        project.admin.execute("select private.purge_unclaimed_devices(399)")


def _board_of(project: Project, person: Person) -> Board:
    board = project.board()
    person.rows(CLAIM, board.device_uuid)
    return board


def test_device_states(project: Project) -> None:
    """Never heard, running, delivering, off, and what needs attention."""
    project.set_clock("2026-05-01T12:00:00Z")
    owner = project.sign_up()
    quiet, running, delivering, off, bad = (_board_of(project, owner) for _ in range(5))
    running.report("2026-05-01T11:00:00Z", 3600, "open", unsent=0)
    delivering.report("2026-05-01T11:00:00Z", 3600, "open", unsent=7)
    off.report("2026-05-01T11:00:00Z", 3600, "closed")
    bad.post(bad.message("1970-01-01T00:00:00Z", 60))

    def states() -> list[str]:
        rows = owner.rows("select device_uuid, state::text from device_status")
        by_device = {str(row["device_uuid"]): row["state"] for row in rows}
        return [by_device[board.device_uuid] for board in (quiet, running, delivering, off, bad)]

    first = states()
    project.set_clock("2026-05-01T12:02:00Z")

    assert ["never_heard", "running", "delivering", "off", "needs_attention"] == first
    assert ["never_heard", "off", "off", "off", "needs_attention"] == states()


def test_a_clock_that_was_wrong_once_does_not_hide_what_runs_now(project: Project) -> None:
    """A corrected session of 2031 is in the past: today's is the newest, and what the board said then is old."""
    project.set_clock("2026-05-01T12:00:00Z")
    owner = project.sign_up()
    board = _board_of(project, owner)
    board.report("2031-01-01T00:00:00Z", 600, "closed", boot=1, unsent=4)
    owner.run("insert into session_annotations (session_id, corrected_start)"
              " select session_id, '2026-04-01T00:00:00Z' from session_log")  # fmt: skip

    board.report("2026-05-01T11:59:00Z", 60, "open", boot=2, unsent=0)

    assert {"state": "running", "running_seconds": 60, "boot": 2, "unsent": None} == owner.row(
        "select state::text, running_seconds, boot, unsent from device_status"
    )
    assert [("ended", "measured"), ("running", "measured")] == [
        (row["state"], row["quality"])
        for row in owner.rows("select state::text, quality::text from session_log order by effective_start")
    ]


def test_session_states(project: Project) -> None:
    """Running for two minutes after the last word, last heard up to ten, then unconfirmed, as when superseded."""
    project.set_clock("2026-05-01T12:00:00Z")
    owner = project.sign_up()
    board = _board_of(project, owner)
    board.report("2026-05-01T10:00:00Z", 60, "open")
    board.report("2026-05-01T11:00:00Z", 3600, "open")

    def states() -> list[tuple[str, str]]:
        rows = owner.rows("select state::text, quality::text from session_log order by effective_start")
        return [(row["state"], row["quality"]) for row in rows]

    seen = {}
    for time in ("12:00:00", "12:01:59", "12:02:00", "12:09:59", "12:10:00"):
        project.set_clock(f"2026-05-01T{time}Z")
        seen[time] = states()
    board.report("2026-05-01T11:00:00Z", 3600, "closed")

    assert {
        "12:00:00": ("running", "measured"),
        "12:01:59": ("running", "measured"),
        "12:02:00": ("last_heard", "measured"),
        "12:09:59": ("last_heard", "measured"),
        "12:10:00": ("unconfirmed", "unconfirmed"),
    } == {time: pair for time, [_, pair] in seen.items()}
    assert {("unconfirmed", "unconfirmed")} == {first for [first, _] in seen.values()}
    assert ("ended", "measured") == states()[1]


def test_what_was_typed_is_tidied(project: Project) -> None:
    """Blanks go, the designator is upper case, nothing is null; the registration stays as written."""
    owner, board = project.sign_up(), project.board()
    plane = add_plane(owner, " d-eAbc ")

    owner.run("update planes set type_designator = ' c172', make = '  ' where plane_id = %s", plane)
    owner.rows("select claim_device(%s, ' ')", board.device_uuid)

    row = owner.row("select registration, registration_key, type_designator, make from planes")
    assert {"registration": "d-eAbc", "registration_key": "DEABC", "type_designator": "C172", "make": None} == row
    assert None is owner.value("select name from device_status")
