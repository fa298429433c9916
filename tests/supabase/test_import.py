"""A log that was kept elsewhere comes in as entries by hand: all of a file or nothing, once, and it can go again."""

import json
import uuid
from typing import Any

import pytest

from tests.supabase.project import Board, Person, Project, Row, add_plane, fleet_of, hours, refused

IMPORT = "select * from import_sessions(%s, %s, %s, %s, %s, %s)"


def entry(plane: str, start: str = "1995-05-01T08:00:00Z", seconds: Any = 3600, **fields: Any) -> Row:
    """A row of a file."""
    return {"row_number": 2, "plane_id": plane, "start": start, "seconds": seconds, **fields}


def take_in(person: Person, *entries: Any, batch_id: str | None = None, fleet: str | None = None) -> Row:
    """Import a file, by default into the person's own fleet; the batch."""
    return person.row(
        IMPORT,
        batch_id or str(uuid.uuid4()),
        fleet or fleet_of(person),
        " Logbook ",
        "log.csv",
        "{}",
        json.dumps(entries),
    )


def fates(person: Person, *entries: Any, fleet: str | None = None) -> list[Row]:
    """What check_import says of a file."""
    return person.rows("select * from check_import(%s, %s)", fleet or fleet_of(person), json.dumps(entries))


def test_a_file_comes_in_and_goes_again(owner: Person, plane: str, board: Board) -> None:
    """Entries are sessions like any other, with what the file says of them; after the revert all is as before."""
    board.report("2026-05-01T08:00:00Z", 600)

    batch = take_in(
        owner,
        entry(plane, **{"class": "flight", "pilot": " Amelia ", "remarks": "Circuits"}),
        entry(plane, "1900-01-01T00:00:00Z", 60, excluded=True),
    )
    log = owner.rows("select class::text, pilot, remarks, excluded, batch_id, quality::text from session_log"
                     " order by effective_start limit 2")  # fmt: skip
    total = hours(owner, plane)
    reverted = owner.row("select * from revert_import(%s)", batch["batch_id"])

    assert ("Logbook", "log.csv", {}, 2, None) == tuple(
        batch[name] for name in ("name", "file_name", "mapping", "row_count", "reverted_at")
    )
    said = {"batch_id": batch["batch_id"], "quality": "hand_entered"}
    assert [
        {"class": None, "pilot": None, "remarks": None, "excluded": True, **said},
        {"class": "flight", "pilot": "Amelia", "remarks": "Circuits", "excluded": False, **said},
    ] == log
    assert 4200 == total
    assert reverted["reverted_at"] is not None
    assert [600] == [row["run_seconds"] for row in owner.rows("select run_seconds from session_log")]
    assert 600 == hours(owner, plane)


def test_what_people_made_of_its_entries_goes_along(owner: Person, plane: str, board: Board) -> None:
    """A merge with a device's session leaves that one by itself, a split nothing at all."""
    board.report("2026-05-01T08:00:00Z", 600)
    batch = take_in(owner, entry(plane, "2026-05-01T07:00:00Z"), entry(plane, "1995-05-01T08:00:00Z", pilot="Amelia"))
    ids = [str(row["session_id"]) for row in owner.rows("select session_id from session_log order by effective_start")]
    owner.rows("select split_session(%s, %s)", ids[0], json.dumps([{"from_seconds": cut} for cut in (0, 1800)]))
    owner.rows("select merge_sessions(%s::uuid[])", ids[1:])
    before = owner.rows("select kind::text, batch_id from log_entries order by effective_start")

    owner.rows("select revert_import(%s)", batch["batch_id"])

    assert ["part", "part", "merged"] == [row["kind"] for row in before]
    [left] = owner.rows("select kind::text, run_seconds from log_entries")
    assert {"kind": "session", "run_seconds": 600} == left
    assert [] == owner.rows("select from session_parts")
    assert 600 == hours(owner, plane)


def test_the_same_batch_again_imports_nothing_twice(owner: Person, plane: str) -> None:
    """Whoever did not get the answer asks again, also after the batch was reverted."""
    batch = take_in(owner, entry(plane))

    again = take_in(owner, entry(plane), batch_id=batch["batch_id"])
    owner.rows("select revert_import(%s)", batch["batch_id"])
    reverted = owner.row("select * from revert_import(%s)", batch["batch_id"])
    at_last = take_in(owner, entry(plane), batch_id=batch["batch_id"])

    assert batch == again
    assert reverted == at_last
    assert [] == owner.rows("select from session_log")


def test_nobody_takes_the_batch_of_another_fleet(project: Project, owner: Person, plane: str) -> None:
    """An identity that is in use elsewhere is refused, and tells nothing of what is there."""
    stranger = project.sign_up()
    batch = take_in(owner, entry(plane))

    with refused("PT409"):
        take_in(stranger, entry(add_plane(stranger)), batch_id=batch["batch_id"])
    with refused("PT404"):
        stranger.rows("select revert_import(%s)", batch["batch_id"])

    assert [] == stranger.rows("select from session_log")
    assert 3600 == hours(owner, plane)


def test_the_list_says_what_a_revert_would_delete(owner: Person, plane: str) -> None:
    """What people deleted since is gone already; what they changed goes along."""
    batch = take_in(owner, *(entry(plane, f"1995-05-0{day}T08:00:00Z") for day in range(1, 5)))
    owner.run("delete from session_annotations where hand_start < '1995-05-02'")
    owner.run("update session_annotations set pilot = 'Bessie' where hand_start < '1995-05-03'")

    [status] = owner.rows("select * from import_batch_status(%s)", fleet_of(owner))

    assert batch == {name: status[name] for name in batch}
    assert (3, 1) == (status["rows_left"], status["changed_rows"])


def test_a_row_in_error_refuses_the_whole_file(owner: Person, plane: str) -> None:
    """It is named; nothing of the rest stays."""
    with pytest.raises(Exception, match="Row 9: Its length"):
        take_in(owner, entry(plane), entry(plane, "1995-06-01T08:00:00Z", 0, row_number=9))

    assert [] == owner.rows("select from session_log")
    assert [] == owner.rows("select from import_batches")


@pytest.mark.parametrize("is_reverted", [False, True])
def test_a_fleet_goes_with_its_imports(project: Project, owner: Person, plane: str, *, is_reverted: bool) -> None:
    """Nothing of them is left, nor of what was in the files."""
    batch = take_in(owner, *(entry(plane, f"1995-05-0{day}T08:00:00Z") for day in range(1, 5)))
    if is_reverted:
        owner.rows("select revert_import(%s)", batch["batch_id"])

    assert 0 == owner.value("select delete_fleet(%s)", fleet_of(owner))

    for table in ("import_batches", "session_annotations", "sessions"):
        assert [] == project.admin.execute(f"select from {table}".encode()).fetchall(), table


def test_an_import_stays_when_who_made_it_goes(project: Project, owner: Person, plane: str) -> None:
    """Without the name; others revert it."""
    editor = project.add_member(owner, "editor")
    batch = take_in(editor, entry(plane), fleet=fleet_of(owner))
    while editor.value("select delete_account()"):
        pass

    [left] = owner.rows("select * from import_batches")
    reverted = owner.row("select * from revert_import(%s)", batch["batch_id"])

    assert (str(batch["author_id"]), None) == (editor.user_id, left["author_id"])
    assert owner.user_id == str(reverted["reverted_by"])


def test_an_export_has_the_batches_and_what_they_brought(owner: Person, plane: str) -> None:
    """With how the file was read, and entries from long before any board."""
    batch = take_in(owner, entry(plane, "1900-01-01T00:00:00Z", 60))
    fleet, page = fleet_of(owner), {"next": "sessions"}

    parts: dict[str, list[Row]] = {}
    while page["next"] is not None and len(parts) < 50:
        page = owner.value("select fleet_export(%s, %s)", fleet, page["next"])
        parts[page["part"]] = page["rows"]

    [row] = parts["import_batches"]
    assert (str(batch["batch_id"]), "Logbook", {}) == (row["batch_id"], row["name"], row["mapping"])
    assert [(str(batch["batch_id"]), "1900-01-01T00:00:00+00:00")] == [
        (said["batch_id"], said["hand_start"]) for said in parts["annotations"]
    ]
    assert ["1900-01-01T00:00:00+00:00"] == [session["effective_start"] for session in parts["sessions"]]
