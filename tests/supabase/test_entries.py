"""The log's entries: sessions merged into one, or split into parts, while sessions and totals stay as they are."""

import json
from typing import Any

import pytest

from tests.supabase.project import (
    Board,
    Person,
    Project,
    Row,
    add_plane,
    assign,
    enter_session,
    fleet_of,
    hours,
    merge,
    refused,
    split,
)

NOW = "2026-06-01T12:00:00Z"
OVERLAY = {"entry_id", "kind", "session_ids", "gap_seconds", "part_number", "part_count"}
"""What an entry has beside the columns of its session."""


@pytest.fixture
def flights(owner: Person, plane: str, board: Board) -> list[str]:
    """Three power-ups of one flight, four minutes apart, and one of the next day; oldest first."""
    for start, seconds in (("01T08:00", 1800), ("01T08:34", 1200), ("01T08:58", 3600), ("02T08:00", 900)):
        board.report(f"2026-05-{start}:00Z", seconds)
    rows = owner.rows("select session_id from session_log order by effective_start")
    return [str(row["session_id"]) for row in rows]


def _log(person: Person) -> list[Row]:
    return person.rows("select * from log_entries order by effective_start, entry_id")


def _short(person: Person) -> list[tuple[str, str, int]]:
    """Kind, time of day (or date) and seconds of each entry."""
    return [(row["kind"], f"{row['effective_start']:%d %H:%M}", row["run_seconds"]) for row in _log(person)]


def _sessions(person: Person) -> list[Row]:
    rows = person.rows("select * from session_log order by effective_start, session_id")
    return [{name: value for name, value in row.items() if name != "entry_id"} for row in rows]


def test_by_default_an_entry_is_a_session(owner: Person, flights: list[str]) -> None:
    """With every column that the session has."""
    owner.run(
        "insert into session_annotations (session_id, pilot, remarks) values (%s, 'Amelia', 'circuits')", flights[0]
    )

    entries = _log(owner)

    assert _sessions(owner) == [{k: v for k, v in row.items() if k not in OVERLAY} for row in entries]
    assert [(row["session_id"], "session", [row["session_id"]], 0, None, None) for row in entries] == [
        tuple(row[name] for name in ("entry_id", "kind", "session_ids", "gap_seconds", "part_number", "part_count"))
        for row in entries
    ]


def test_three_power_ups_become_one_flight_and_three_again(owner: Person, plane: str, flights: list[str]) -> None:
    """The time between them is not counted; sessions, hours and what was said about them stay."""
    owner.run("insert into session_annotations (session_id, class, pilot) values (%s, 'flight', 'Amelia')", flights[0])
    before, log = (_sessions(owner), hours(owner, plane)), _log(owner)

    entry = merge(owner, *flights[:3])

    assert [("merged", "01 08:00", 6600), ("session", "02 08:00", 900)] == _short(owner)
    one = _log(owner)[0]
    assert (entry, None, flights[:3], "flight", "Amelia") == (
        str(one["entry_id"]), one["session_id"], [str(id) for id in one["session_ids"]], one["class"], one["pilot"]
    )  # fmt: skip
    assert ("2026-05-01 09:58", 480) == (f"{one['session_end']:%Y-%m-%d %H:%M}", one["gap_seconds"])
    assert (0, 6600) == (one["hobbs_start_seconds"], one["hobbs_end_seconds"])
    assert before == (_sessions(owner), hours(owner, plane))
    in_order = "select entry_id from session_log order by effective_start"
    assert [entry] * 3 + flights[3:] == [str(row["entry_id"]) for row in owner.rows(in_order)]
    owner.run("delete from merged_entries where entry_id = %s", entry)
    assert (log, before) == (_log(owner), (_sessions(owner), hours(owner, plane)))


def test_shared_time_of_merged_sessions_counts_once(owner: Person, plane: str) -> None:
    """And what does not count does not add to the entry either."""
    first, second = enter_session(owner, plane, "2026-05-01T08:00Z"), enter_session(owner, plane, "2026-05-01T08:30Z")
    third = enter_session(owner, plane, "2026-05-01T10:00Z", 60)
    merge(owner, first, second, third)

    assert [("merged", "01 08:00", 5460)] == _short(owner)
    owner.run("update session_annotations set excluded = true where session_id = %s", second)
    assert [("merged", "01 08:00", 3660)] == _short(owner)
    owner.run("update session_annotations set excluded = true")
    assert [("merged", "01 08:00", 5460)] == _short(owner)
    assert (True, None) == tuple(_log(owner)[0][name] for name in ("excluded", "hobbs_start_seconds"))


def test_a_late_session_between_merged_ones_stays_by_itself_until_it_is_added(
    owner: Person, board: Board, flights: list[str]
) -> None:
    """Nothing is merged by itself; it is suggested, and taken out again."""
    entry = merge(owner, *flights[:3])
    board.report("2026-05-01T08:55:00Z", 120)
    late = str(owner.value("select session_id from log_entries where run_seconds = 120"))

    assert ["merged", "session", "session"] == [kind for kind, _, _ in _short(owner)]
    suggestion = owner.row("select * from merge_suggestions(%s)", fleet_of(owner))
    assert ([late], entry) == ([str(id) for id in suggestion["session_ids"]], str(suggestion["entry_id"]))
    for _ in range(2):  # the second time the answer to the first got lost
        owner.rows("select add_to_entry(%s, %s)", entry, [late])
    assert [("merged", "01 08:00", 6720), ("session", "02 08:00", 900)] == _short(owner)
    assert [] == owner.rows("select * from merge_suggestions(%s)", fleet_of(owner))
    owner.rows("select take_out_of_entry(%s, %s)", entry, [late])
    assert [("merged", "01 08:00", 6600), ("session", "01 08:55", 120)] == _short(owner)[:2]
    assert owner.value("select take_out_of_entry(%s, %s) is null", entry, flights[:2])
    assert 5 == len(_log(owner))


def test_a_merged_session_that_moves_to_another_plane_comes_back_with_the_correction(
    owner: Person, plane: str, board: Board, flights: list[str]
) -> None:
    """It stands by itself there; the rest stays one entry while it is two sessions; all together they move as one."""
    other = add_plane(owner, "D-EOTH")
    merge(owner, *flights[:3])
    whole = _short(owner)

    at_last = assign(owner, board, other, "2026-05-01T08:58:00Z")
    assert [("merged", "01 08:00", 3000), ("session", "01 08:58", 3600), ("session", "02 08:00", 900)] == _short(owner)
    owner.rows("select remove_assignment(%s)", at_last["assignment_id"])
    assert whole == _short(owner)
    at_once = assign(owner, board, other, "2026-05-01T08:00:00Z")
    assert (whole, [other] * 2) == (_short(owner), [str(row["plane_id"]) for row in _log(owner)])
    owner.rows("select remove_assignment(%s)", at_once["assignment_id"])
    nowhere = assign(owner, board, None, "2026-05-01T08:34:00Z")
    assert ["session"] * 4 == [kind for kind, _, _ in _short(owner)]
    assert not owner.value("select in_force from merged_entries")
    owner.rows("select remove_assignment(%s)", nowhere["assignment_id"])
    assert whole == _short(owner)


def test_a_merge_that_no_longer_holds_gives_way(owner: Person, board: Board, flights: list[str]) -> None:
    """Its sessions are merged or split otherwise, and it does not come back with the correction."""
    merge(owner, *flights[:2])
    elsewhere = assign(owner, board, add_plane(owner, "D-EOTH"), "2026-05-01T08:34:00Z")

    merge(owner, *flights[1:3])
    split(owner, flights[0], 600)

    owner.rows("select remove_assignment(%s)", elsewhere["assignment_id"])
    assert [("part", "01 08:00", 600), ("part", "01 08:10", 1200), ("merged", "01 08:34", 4800)] == _short(owner)[:3]
    assert 1 == owner.value("select count(*) from merged_entries")


def test_a_split_session_grows_at_its_end_and_moves_with_its_start(owner: Person, plane: str, board: Board) -> None:
    """Each part has a class and a pilot of its own; joined again, it is what it was."""
    session = board.report("2026-06-01T08:00:00Z", 3600, "open")
    session = str(owner.value("select session_id from sessions"))
    owner.run("insert into session_annotations (session_id, pilot) values (%s, 'Amelia')", session)
    first, second = split(owner, session, 1500)
    owner.rows(
        "select annotate_entries(%s)",
        json.dumps([{"entry_id": second, "class": "flight", "pilot": "Charles", "remarks": "back"}]),
    )

    board.report("2026-06-01T08:00:00Z", 7200, "open")
    board.report("2026-06-01T08:00:00Z", 7200, "closed")
    rows = _log(owner)
    assert [(first, 1500, 1, 2, None), (second, 5700, 2, 2, "Charles")] == [
        (str(row["entry_id"]), row["run_seconds"], row["part_number"], row["part_count"], row["pilot"]) for row in rows
    ]
    assert [(0, 1500), (1500, 7200)] == [(row["hobbs_start_seconds"], row["hobbs_end_seconds"]) for row in rows]
    assert [None, "back"] == [row["remarks"] for row in rows]
    assert [None] == [row["entry_id"] for row in owner.rows("select entry_id from session_log")]
    owner.run("update session_annotations set corrected_start = '2026-05-31T23:50:00Z'")
    assert [("part", "31 23:50", 1500), ("part", "01 00:15", 5700)] == _short(owner)
    owner.rows("select join_session(%s)", session)
    assert [("session", "Amelia", 7200)] == [(row["kind"], row["pilot"], row["run_seconds"]) for row in _log(owner)]


def test_a_part_beyond_the_end_is_not_there_until_the_session_lasts_so_long(owner: Person, plane: str) -> None:
    """An entry by hand may be made shorter."""
    session = enter_session(owner, plane, "2026-05-01T08:00:00Z", 7200)
    split(owner, session, 3000, 6000)

    for seconds, parts in ((4000, [3000, 1000]), (3000, [3000]), (60, [60]), (6001, [3000, 3000, 1])):
        owner.run("update session_annotations set hand_seconds = %s", seconds)
        assert parts == [row["run_seconds"] for row in _log(owner)]
        assert [len(parts)] * len(parts) == [row["part_count"] for row in _log(owner)]


def test_splitting_again_replaces_the_parts(owner: Person, plane: str) -> None:
    """A cut is moved by saying all of them anew; parts that are named stay the same entries."""
    session = enter_session(owner, plane, "2026-05-01T08:00:00Z", 7200)
    first, second = split(owner, session, 3000)

    parts = [{"from_seconds": 0, "entry_id": first, "class": "ground_run"}, {"from_seconds": 600, "entry_id": second}]
    for _ in range(2):
        owner.rows("select * from split_session(%s, %s)", session, json.dumps(parts))

    assert [(first, 600, "ground_run"), (second, 6600, None)] == [
        (str(row["entry_id"]), row["run_seconds"], row["class"]) for row in _log(owner)
    ]


@pytest.mark.parametrize(
    "parts",
    [
        None,
        {},
        [],
        [{"from_seconds": 0}],
        [{"from_seconds": 1}, {"from_seconds": 600}],
        [{"from_seconds": 0}, {"from_seconds": 59}],
        [{"from_seconds": 0}, {"from_seconds": 3541}],
        [{"from_seconds": 0}, {"from_seconds": 600}, {"from_seconds": 600}],
        [{"from_seconds": 0}, {}],
        [{"from_seconds": 0}, 600],
        [{"from_seconds": 0}, {"from_seconds": "noon"}],
        [{"from_seconds": 0}, {"from_seconds": 600, "class": "joyride"}],
        [{"from_seconds": 0}, {"from_seconds": 600, "entry_id": "1"}],
        [{"from_seconds": 0}, {"from_seconds": 2**40}],
        [{"from_seconds": 60 * n} for n in range(21)],
    ],
)
def test_cuts_that_make_no_parts_are_refused(owner: Person, plane: str, parts: Any) -> None:
    """And the session stays whole."""
    session = enter_session(owner, plane, "2026-05-01T08:00:00Z", 3600)

    with refused("PT400"):
        owner.rows("select split_session(%s, %s)", session, json.dumps(parts))

    assert [("session", "01 08:00", 3600)] == _short(owner)


def test_what_cannot_be_one_entry_is_refused(project: Project, owner: Person, plane: str, flights: list[str]) -> None:
    """Too few, too many, of several planes or none, in another entry, over a month apart, or not one's own."""
    other = enter_session(owner, add_plane(owner, "D-EOTH"), "2026-05-01T08:00:00Z")
    old = enter_session(owner, plane, "2026-03-01T08:00:00Z")
    stranger = project.sign_up()
    theirs = enter_session(stranger, add_plane(stranger), "2026-05-01T08:00:00Z")
    many = [enter_session(owner, plane, f"2026-04-{1 + n // 24:02}T{n % 24:02}:00:00Z", 60) for n in range(51)]
    free_board = project.board()
    owner.rows("select claim_device(%s)", free_board.device_uuid)
    for hour in (8, 9):
        free_board.report(f"2026-05-01T0{hour}:00:00Z", 60)
    homeless = [
        str(row["session_id"]) for row in owner.rows("select session_id from session_log where plane_id is null")
    ]

    for sessions in ([], flights[:1], flights[:1] * 2, many, [flights[0], other], [flights[0], old], homeless):
        with refused("PT400"):
            merge(owner, *sessions)
    for sessions in ([flights[0], theirs], [flights[0], "00000000-0000-4000-8000-000000000000"]):
        with refused("PT404"):
            merge(owner, *sessions)
    entry = merge(owner, *flights[:2])
    with refused("PT409"):
        merge(owner, *flights[1:3])
    with refused("PT409"):
        split(owner, flights[0], 600)
    split(owner, flights[2], 600)
    with refused("PT409"):
        merge(owner, *flights[2:])
    with refused("PT409"):
        owner.rows("select add_to_entry(%s, %s)", entry, [flights[2]])
    with refused("PT404"):
        stranger.rows("select add_to_entry(%s, %s)", entry, [theirs])
    for sessions, why in (([other], "PT400"), (many[:49], "PT400"), ([theirs], "PT404")):
        with refused(why):
            owner.rows("select add_to_entry(%s, %s)", entry, sessions)


def test_the_same_request_again_merges_nothing_twice(project: Project, owner: Person, flights: list[str]) -> None:
    """But its id is no way into another entry, and no other session's."""
    entry = "11111111-1111-4111-8111-111111111111"
    made = [
        owner.row("select * from merge_sessions(%s, 'flight', entry_id => %s)", flights[:2], entry) for _ in range(2)
    ]

    assert made[0] == made[1]
    with refused("PT409"):
        owner.rows("select merge_sessions(%s, entry_id => %s)", flights[2:], entry)
    with refused("PT409"):
        owner.rows("select merge_sessions(%s, entry_id => %s)", flights[2:], "11111111-1111-8111-8111-111111111111")
    stranger = project.sign_up()
    plane = add_plane(stranger)
    theirs = [enter_session(stranger, plane, f"2026-05-01T0{hour}:00:00Z", 60) for hour in (8, 9)]
    with refused("PT409"):
        stranger.rows("select merge_sessions(%s, entry_id => %s)", theirs, entry)


def test_something_is_said_of_entries_of_every_kind_at_once(owner: Person, plane: str, flights: list[str]) -> None:
    """Only what is given changes, and of all of them or none; the annotations below an entry stay."""
    entry = merge(
        owner,
        *flights[:2],
    )
    parts = split(owner, flights[2], 600)
    owner.run("insert into session_annotations (session_id, remarks) values (%s, 'own')", flights[0])
    said = [{"entry_id": id, "class": "flight", "pilot": " Amelia "} for id in (entry, *parts, flights[3])]

    assert 4 == owner.value("select annotate_entries(%s)", json.dumps(said))
    assert [("flight", "Amelia")] * 4 == [(row["class"], row["pilot"]) for row in _log(owner)]
    owner.rows("select annotate_entries(%s)", json.dumps([{"entry_id": entry, "pilot": None, "remarks": "fuel"}]))
    one = _log(owner)[0]
    assert ("flight", None, "fuel", owner.user_id) == (
        one["class"],
        one["pilot"],
        one["remarks"],
        str(one["annotated_by"]),
    )
    assert ["own"] == [
        row["remarks"] for row in owner.rows("select * from session_annotations where session_id = %s", flights[0])
    ]
    owner.rows("select annotate_entries(%s)", json.dumps([{"entry_id": entry, "excluded": True}]))
    assert [True, False, False, False] == [row["excluded"] for row in _log(owner)]
    assert 3600 + 900 == hours(owner, plane)
    before = _log(owner)
    for bad, why in (
        ({"entry_id": parts[0], "excluded": True}, "PT400"),
        ({"entry_id": flights[0], "pilot": "X"}, "PT404"),  # it is in an entry
        ({"entry_id": plane, "pilot": "X"}, "PT404"),
        ({"entry_id": "x"}, "PT400"),
        ({"entry_id": entry, "class": "joyride"}, "PT400"),
        ({"entry_id": entry, "pilot": "X" * 121}, "pilot_length"),
    ):
        with refused(why):
            owner.rows("select annotate_entries(%s)", json.dumps([{"entry_id": flights[3], "pilot": "Y"}, bad]))
    assert before == _log(owner)


def test_an_id_that_is_anothers_too_changes_nothing_of_theirs(
    project: Project, owner: Person, plane: str, flights: list[str]
) -> None:
    """Who knows the id of a foreign entry enters a session with it, and says something of that."""
    entry, part = merge(owner, *flights[:2]), split(owner, flights[2], 600)[1]
    stranger = project.sign_up()
    their_plane = add_plane(stranger)
    for id in (entry, part):
        stranger.run(
            "insert into session_annotations (session_id, hand_plane_id, hand_start, hand_seconds)"
            " values (%s, %s, '2026-05-01', 60)",
            id,
            their_plane,
        )
    before = _log(owner)

    for change in ({"pilot": "X"}, {"excluded": True}):
        stranger.rows("select annotate_entries(%s)", json.dumps([{"entry_id": id, **change} for id in (entry, part)]))

    assert before == _log(owner)
    assert [("X", True)] * 2 == [(row["pilot"], row["excluded"]) for row in _log(stranger)]


def test_what_an_entry_was_is_suggested_by_the_engines_time_of_all_its_sessions(
    owner: Person, board: Board, plane: str
) -> None:
    """Two runs of six minutes are a flight of twelve, and the suggestion is accepted for the entry."""
    for minute in (0, 10):
        board.report(f"2026-05-01T08:{minute:02}:00Z", 500, engine_seconds=360, engine_first_s=60)
    sessions = [str(row["session_id"]) for row in owner.rows("select session_id from session_log")]

    entry = merge(owner, *sessions)

    assert ("flight", 720) == tuple(_log(owner)[0][name] for name in ("suggested_class", "engine_seconds"))
    assert 1 == owner.value("select accept_suggested_classes(%s)", [entry])
    assert ("flight", None) == tuple(_log(owner)[0][name] for name in ("class", "suggested_class"))
    assert ["ground_run"] * 2 == [row["suggested_class"] for row in owner.rows("select * from session_log")]


def test_neighbours_with_less_between_them_than_the_plane_says_are_suggested(
    owner: Person, plane: str, board: Board, flights: list[str]
) -> None:
    """Not what still runs, is left out, was on at the same time, or where nobody wants it; nothing merges by itself."""
    board.report("2026-06-01T11:30:00Z", 60)
    board.report("2026-06-01T11:40:00Z", 1200, "open")

    def suggested() -> list[tuple[list[str], int]]:
        rows = owner.rows("select * from merge_suggestions(%s)", fleet_of(owner))
        return [([str(id) for id in row["session_ids"]], row["gap_seconds"]) for row in rows]

    assert [(flights[:3], 480)] == suggested()
    assert ["session"] * 6 == [kind for kind, _, _ in _short(owner)]
    for gap, found in ((0, []), (240, []), (241, [(flights[:3], 480)]), (86400, [(flights, 480 + 79320)])):
        owner.run("update planes set merge_gap_seconds = %s", gap)
        assert found == suggested()
    owner.run("update planes set merge_gap_seconds = 600")
    owner.run("insert into session_annotations (session_id, excluded) values (%s, true)", flights[1])
    assert [] == suggested()
    owner.run("delete from session_annotations")
    enter_session(owner, plane, "2026-05-01T08:10:00Z", 60)
    assert [(flights[1:3], 240)] == suggested()


def test_entries_go_with_what_they_are_made_of(project: Project, owner: Person, plane: str, flights: list[str]) -> None:
    """An entry by hand that is deleted, and a fleet that ends."""
    first, second = (enter_session(owner, plane, f"2026-04-01T0{hour}:00:00Z") for hour in (8, 10))
    merge(owner, first, second)
    split(owner, flights[0], 600)
    merge(owner, *flights[1:3])
    owner.run("delete from session_annotations where session_id = %s", first)
    assert ("session", "01 10:00", 3600) == _short(owner)[0]
    owner.run("delete from session_annotations where session_id = %s", second)
    assert 1 == owner.value("select count(*) from merged_entries")

    club = fleet_of(owner)
    while owner.value("select delete_fleet(%s)", club):
        pass

    tables = ("merged_entries", "merged_sessions", "session_parts")
    for table in tables:
        assert [{"count": 0}] == project.admin.execute(f"select count(*) from {table}".encode()).fetchall()


def test_a_row_of_the_log_is_exported_with_what_it_is_made_of(owner: Person, flights: list[str]) -> None:
    """The log as it is read, and the overlays as people said them."""
    merge(owner, *flights[:2])
    split(owner, flights[2], 600)

    rows: dict[str, list[Row]] = {}
    after = None
    while True:
        page = owner.value("select fleet_export(%s, %s)", fleet_of(owner), after)
        rows.setdefault(page["part"], []).extend(page["rows"])
        after = page["next"]
        if after is None:
            break

    assert ["merged", "part", "part", "session"] == [row["kind"] for row in rows["log_entries"]]
    assert (1, 2, 2) == tuple(len(rows[part]) for part in ("merged_entries", "merged_sessions", "session_parts"))


def test_an_entry_is_as_good_as_its_least_good_session(owner: Person, board: Board, plane: str) -> None:
    """Also if that is not the last one: nobody has closed the first, and the second one superseded it."""
    board.report("2026-05-01T08:00:00Z", 600, "open")
    board.report("2026-05-01T08:20:00Z", 600)

    merge(owner, *(str(row["session_id"]) for row in owner.rows("select session_id from session_log")))

    assert [("unconfirmed", "ended")] == [(row["quality"], row["state"]) for row in _log(owner)]
