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
