"""The activity: who changed what, from what to what."""

import json
import uuid

import pytest

from tests.supabase.project import (
    Board,
    Person,
    Project,
    Row,
    add_component,
    add_item,
    add_plane,
    assign,
    fleet_of,
    meter_of,
    refused,
)

_LAST = """select subject, action, before, after, label, author, registration, plane_id::text, session_id::text
  from activity_log order by activity_id desc limit 1"""


def last(person: Person) -> Row:
    """The newest activity that a person sees."""
    return person.row(_LAST)


def count(person: Person) -> int:
    """How many activities a person sees."""
    number: int = person.value("select count(*) from activity_log")
    return number


def test_a_change_says_from_what_to_what(project: Project, owner: Person, board: Board, plane: str) -> None:
    """Only what changed; a first annotation has what was said in it, a deletion what stood there."""
    board.report("2026-05-01T08:00:00Z", 3600)
    session = str(owner.value("select session_id from session_log"))
    editor = project.add_member(owner, "editor")
    of_session = {
        "subject": "session_annotations",
        "label": "2026-05-01T08:00:00Z",
        "author": owner.value("select email from fleet_people(%s) where role = 'editor'", fleet_of(owner)),
        "registration": "D-EABC",
        "plane_id": plane,
        "session_id": session,
    }

    editor.run("insert into session_annotations (session_id, class, pilot) values (%s, 'flight', ' Amelia ')", session)
    said = last(owner)
    editor.run("update session_annotations set pilot = 'Amy', class = 'flight' where session_id = %s", session)
    changed = last(owner)
    editor.run("delete from session_annotations where session_id = %s", session)
    taken_back = last(owner)

    assert {**of_session, "action": "insert", "before": None, "after": {"class": "flight", "pilot": "Amelia"}} == said
    assert {**of_session, "action": "update", "before": {"pilot": "Amelia"}, "after": {"pilot": "Amy"}} == changed
    assert {
        **of_session,
        "action": "delete",
        "before": {"class": "flight", "pilot": "Amy"},
        "after": None,
    } == taken_back


def test_saying_the_same_again_is_no_activity(owner: Person, board: Board, plane: str) -> None:
    """Nor is a second claim, or a meter that is primary already."""
    owner.run("update planes set registration = ' D-EABC '")
    before = count(owner)

    owner.run("update planes set registration = 'D-EABC', make = '  '")
    owner.rows("select claim_device(%s)", board.device_uuid)
    owner.rows("select set_primary_meter(%s)", meter_of(owner, plane))

    assert before == count(owner)


def test_a_request_has_one_time(project: Project, owner: Person, plane: str) -> None:
    """Also where the clock goes on meanwhile: a page can show them as one."""
    project.admin.execute(
        "create or replace function private.clock() returns timestamptz language sql volatile"
        " as 'select clock_timestamp()'"
    )
    item = {"plane_id": plane, "interval_months": 12, "anchor": "from_completion"}
    times = "select at, count(*) from activity where subject = 'maintenance_items' group by at order by at"

    for _ in range(2):
        items = [{**item, "name": "Annual"}, {**item, "name": "Transponder"}]
        owner.rows("select set_up_maintenance(%s)", json.dumps(items))

    assert [2, 2] == [row["count"] for row in owner.rows(times)]


def test_what_follows_from_a_change_is_none(owner: Person, plane: str) -> None:
    """A plane's first meter comes by itself, and goes with the plane."""
    owner.run("delete from planes where plane_id = %s", plane)

    found = owner.rows(
        "select subject, action, label, plane_id::text, registration from activity_log order by activity_id"
    )

    about = {"subject": "planes", "label": "D-EABC", "plane_id": plane, "registration": None}
    assert [{**about, "action": "insert"}, {**about, "action": "delete"}] == found


def test_devices_leave_no_activity(project: Project, owner: Person, board: Board) -> None:
    """What boards report is theirs to say: nothing of it is in the activity."""
    before = count(owner)

    board.report("2026-05-01T08:00:00Z", 3600)
    board.report("2026-05-01T08:00:00Z", 3660)

    assert before == count(owner)


@pytest.mark.parametrize("verb", ["update activity set label = 'x'", "delete from activity", "truncate activity"])
def test_nobody_changes_it(project: Project, owner: Person, plane: str, verb: str) -> None:
    """Neither an owner nor the service role."""
    for person in (owner, project.service, project.anon):
        with refused("42501"):
            person.run(verb)


def test_the_next_fleet_of_a_board_is_not_seen(project: Project, owner: Person, board: Board) -> None:
    """A release and another fleet's claim are each in the activity of their own fleet alone."""
    buyer = project.sign_up()
    owner.run("update device_ownerships set name = 'Old name'")
    owner.rows("select release_device(%s)", board.device_uuid)
    project.set_clock("2026-06-03T12:00:00Z")
    sold = count(owner)

    buyer.rows("select claim_device(%s, 'New name')", board.device_uuid)
    assign(buyer, board, add_plane(buyer, "D-NEW"))

    assert sold == count(owner)
    assert {"owned_until": None} == last(owner)["before"]
    bought = buyer.rows("select subject, after, label from activity_log where device_uuid = %s", board.device_uuid)
    assert ["device_ownerships", "device_assignments"] == [row["subject"] for row in bought]
    assert "Old name" not in str(bought)


def test_components_are_in_the_activity_of_the_plane_they_are_in(owner: Person, plane: str) -> None:
    """Installed, what is said of a component is said of the plane."""
    component = add_component(owner)
    owner.rows("select install_component(%s, %s, '2026-03-01')", component, plane)
    owner.run("update components set serial = 'L-1'")
    changed = last(owner)
    add_item(owner, component_id=component)
    item = last(owner)

    assert (plane, "Lycoming L-1", {"serial": None}) == (changed["plane_id"], changed["label"], changed["before"])
    assert (plane, "100 h") == (item["plane_id"], item["label"])


def test_an_import_is_one_activity(owner: Person, plane: str) -> None:
    """So is its revert; what is done to one of its entries in between is one of that entry."""
    batch, starts = str(uuid.uuid4()), [f"2019-05-0{day}T08:00:00Z" for day in range(1, 6)]
    entries = [{"plane_id": plane, "start": start, "seconds": 3600} for start in starts]
    before = count(owner)

    owner.rows("select import_sessions(%s, %s, 'Old log', null, null, %s)", batch, fleet_of(owner), json.dumps(entries))
    brought = last(owner)
    owner.run("update session_annotations set pilot = 'Amelia' where hand_start = %s", starts[0])
    owner.run("delete from session_annotations where hand_start = %s", starts[0])
    deleted = last(owner)
    owner.rows("select revert_import(%s)", batch)
    reverted = last(owner)

    assert before + 4 == count(owner)
    assert ("import_batches", "Old log", 5) == (brought["subject"], brought["label"], brought["after"]["row_count"])
    assert ("session_annotations", "delete", plane) == (deleted["subject"], deleted["action"], deleted["plane_id"])
    assert ("import_batches", {"reverted_at": None}) == (reverted["subject"], reverted["before"])


def test_a_merge_is_one_activity(owner: Person, board: Board, plane: str) -> None:
    """With all of its sessions; adding, taking out and undoing say from which to which."""
    sessions = []
    for hour in (8, 9, 10):
        board.report(f"2026-05-01T{hour:02}:00:00Z", 1800)
        sessions.append(str(owner.value("select max(session_id::text) from session_log where effective_start = %s",
                                        f"2026-05-01T{hour:02}:00:00Z")))  # fmt: skip
    before = count(owner)

    entry = str(owner.value("select (merge_sessions(%s::uuid[], 'flight')).entry_id", sessions[:2]))
    merged = last(owner)
    owner.rows("select add_to_entry(%s, %s::uuid[])", entry, sessions[2:])
    added = last(owner)
    owner.run("update merged_entries set pilot = 'Amelia'")
    said = last(owner)
    owner.rows("select take_out_of_entry(%s, %s::uuid[])", entry, sessions[:1])
    taken_out = last(owner)
    owner.run("delete from merged_entries where entry_id = %s", entry)
    undone = last(owner)

    assert before + 5 == count(owner)
    for row in (merged, added, said, taken_out, undone):
        assert ("merged_entries", entry, plane) == (row["subject"], row["session_id"], row["plane_id"])
    assert (None, {"class": "flight", "session_ids": sessions[:2]}) == (merged["before"], merged["after"])
    assert ({"session_ids": sessions[:2]}, {"session_ids": sessions}) == (added["before"], added["after"])
    assert ({"pilot": None}, {"pilot": "Amelia"}) == (said["before"], said["after"])
    assert ({"session_ids": sessions}, {"session_ids": sessions[1:]}) == (taken_out["before"], taken_out["after"])
    assert ({"class": "flight", "pilot": "Amelia", "session_ids": sessions[1:]}, None) == (
        undone["before"],
        undone["after"],
    )
    assert ["2026-05-01T08:00:00Z"] * 4 + ["2026-05-01T09:00:00Z"] == [
        row["label"] for row in (merged, added, said, taken_out, undone)
    ]


def test_who_takes_all_sessions_out_of_an_entry_undoes_it(owner: Person, board: Board) -> None:
    """The entry goes by itself, and what was said of it stays in the activity."""
    for hour in (8, 9):
        board.report(f"2026-05-01T{hour:02}:00:00Z", 1800)
    sessions = [str(row["session_id"]) for row in owner.rows("select session_id from session_log order by 1")]
    entry = owner.value("select (merge_sessions(%s::uuid[], 'flight')).entry_id", sessions)
    before = count(owner)

    owner.rows("select take_out_of_entry(%s, %s::uuid[])", entry, sessions)

    undone = last(owner)
    assert before + 1 == count(owner)
    assert ("merged_entries", "delete", "flight") == (undone["subject"], undone["action"], undone["before"]["class"])
    assert sessions == sorted(undone["before"]["session_ids"])


def test_a_split_is_one_activity(owner: Person, board: Board) -> None:
    """With all of its parts; cutting otherwise is a delete and an insert of one moment, joining a delete."""
    board.report("2026-05-01T08:00:00Z", 3600)
    session = str(owner.value("select session_id from session_log"))
    parts = [{"from_seconds": 0, "class": "flight"}, {"from_seconds": 1800}]
    other = [{"from_seconds": 0}, {"from_seconds": 600}]
    newest = "select at, action, before, after from activity order by activity_id desc limit 2"

    owner.rows("select split_session(%s, %s)", session, json.dumps(parts))
    split = last(owner)
    owner.rows("select split_session(%s, %s)", session, json.dumps(other))
    inserted, deleted = owner.rows(newest)
    owner.rows("select join_session(%s)", session)
    joined = last(owner)

    about = {"subject": "session_parts", "label": "2026-05-01T08:00:00Z", "session_id": session}
    assert {**about, "action": "insert", "before": None, "after": {"parts": parts}}.items() <= split.items()
    assert (("delete", {"parts": parts}), ("insert", {"parts": other})) == (
        (deleted["action"], deleted["before"]),
        (inserted["action"], inserted["after"]),
    )
    assert inserted["at"] == deleted["at"]
    assert {**about, "action": "delete", "before": {"parts": other}, "after": None}.items() <= joined.items()
