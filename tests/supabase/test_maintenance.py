"""Maintenance items and their completions: what is entered once stays once, and what is signed stays on record."""

import threading
import uuid
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.supabase.project import (
    Person,
    Project,
    Row,
    add_component,
    add_item,
    add_plane,
    connect,
    fleet_of,
    meter_of,
    refused,
)

HOUR = 3600
COMPLETE = "select * from complete_maintenance(%s, %s)"


@pytest.fixture
def item(owner: Person, plane: str) -> str:
    """A 100 h inspection of the plane."""
    return add_item(owner, plane)


def _completions(person: Person) -> list[Row]:
    return person.rows("select * from maintenance_completions order by entry")


def test_an_item_keeps_the_meter_that_was_primary(owner: Person, plane: str) -> None:
    """What is left out is decided when it is entered; without hours there is no meter."""
    engine = meter_of(owner, plane, "engine")
    by_default = add_item(owner, plane)
    chosen = add_item(owner, plane, meter_id=engine)
    yearly = add_item(owner, plane, interval_months=12, meter_id=engine)
    of_component = add_item(owner, component_id=add_component(owner))

    owner.rows("select set_primary_meter(%s)", engine)

    kept = {
        str(row["item_id"]): (row["meter_id"] and str(row["meter_id"]), row["counts_from"])
        for row in owner.rows("select * from maintenance_items")
    }
    assert {
        by_default: (meter_of(owner, plane), None),
        chosen: (engine, None),
        yearly: (None, None),
        of_component: (None, "since_new"),
    } == kept


@pytest.mark.parametrize(
    "fields",
    [
        {"interval_months": None},
        {"interval_months": 12, "interval_days": 365},
        {"plane_id": None},
        {"component_id": "engine"},
        {"meter_id": "of another plane"},
    ],
)
def test_what_is_no_interval_is_refused(owner: Person, plane: str, fields: dict[str, Any]) -> None:
    """No interval, or two of the calendar; of nothing, of two things, by another plane's meter."""
    fields = dict(fields)
    if "component_id" in fields:
        fields["component_id"] = add_component(owner)
    if "meter_id" in fields:
        fields["meter_id"] = meter_of(owner, add_plane(owner, "D-EOTH"))

    with refused("PT400"):
        add_item(owner, **{"plane_id": plane, **fields})


def test_the_same_completion_again_is_one(owner: Person, item: str) -> None:
    """A request whose answer got lost records nothing twice; other values under its identity are refused."""
    completion = uuid.uuid4()
    query = "select * from complete_maintenance(%s, %s, null, %s, completion_id => %s)"

    first = owner.row(query, item, "2026-05-01T10:00:00Z", 360000, completion)

    assert first == owner.row(query, item, "2026-05-01T10:00:00Z", 360000, completion)
    for at, figure in (("2026-05-01T11:00:00Z", 360000), ("2026-05-01T10:00:00Z", 360001)):
        with refused("PT409"):
            owner.rows(query, item, at, figure, completion)
    assert 1 == len(_completions(owner))


def _programme(plane: str, engine: str) -> list[dict[str, Any]]:
    """A 50 h check and an annual of the plane, done, and an overhaul of its engine, of which nobody knows."""
    done = {"completion_id": str(uuid.uuid4()), "done_at": "2026-04-01T12:00:00Z", "done_on": "2026-04-01"}
    check = {"item_id": str(uuid.uuid4()), "plane_id": plane, "name": "50 h check", "anchor": "from_due_if_late"}
    annual = {"item_id": str(uuid.uuid4()), "plane_id": plane, "name": "Annual", "anchor": "from_completion"}
    overhaul = {"component_id": engine, "name": "Overhaul", "anchor": "from_completion"}
    return [
        {
            **check,
            "interval_seconds": 50 * HOUR,
            "tolerance_seconds": 5 * HOUR,
            "completion": {**done, "meter_seconds": 7200},
        },
        {**annual, "interval_months": 12, "completion": {**done, "completion_id": str(uuid.uuid4()), "note": "W/O 12"}},
        {**overhaul, "item_id": str(uuid.uuid4()), "interval_seconds": 2000 * HOUR, "counts_from": "since_overhaul"},
    ]


def test_a_programme_is_set_up_in_one_go(owner: Person, plane: str) -> None:
    """Items with what was done last; what is left out has its default; the same request again changes nothing."""
    programme = _programme(plane, add_component(owner))
    query = "select * from set_up_maintenance(%s)"

    made = owner.rows(query, Jsonb(programme))
    before = (owner.rows("select * from maintenance_items order by name"), _completions(owner))

    assert ["50 h check", "Annual", "Overhaul"] == [row["name"] for row in made]
    assert [(18_000, 36_000), (0, 36_000), (0, 36_000)] == [
        (row["tolerance_seconds"], row["warning_seconds"]) for row in made
    ]
    assert [(meter_of(owner, plane), None), (None, None), (None, "since_overhaul")] == [
        (row["meter_id"] and str(row["meter_id"]), row["counts_from"]) for row in made
    ]
    assert [(7200, None), (None, "W/O 12")] == [(row["meter_seconds"], row["note"]) for row in _completions(owner)]
    assert made == owner.rows(query, Jsonb(programme))
    assert before == (owner.rows("select * from maintenance_items order by name"), _completions(owner))
    programme[1] |= {"interval_months": 24}  # put right before it was sent again
    assert 24 == owner.rows(query, Jsonb(programme))[1]["interval_months"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"interval_seconds": None}, "PT400"),
        ({"anchor": None}, "PT400"),
        ({"name": ""}, "23514"),
        ({"component_id": str(uuid.UUID(int=1)), "plane_id": None}, "PT404"),
        ({"completion": {"done_at": "2027-01-01T12:00:00Z"}}, "PT400"),
        ({"item_id": "the first"}, "PT409"),
    ],
)
def test_a_programme_is_set_up_whole_or_not_at_all(
    owner: Person, plane: str, fields: dict[str, Any], code: str
) -> None:
    """One item that cannot be: none is there."""
    programme = _programme(plane, add_component(owner))
    fields = dict(fields)
    if "item_id" in fields:
        fields["item_id"] = programme[0]["item_id"]

    with refused(code):
        owner.rows("select * from set_up_maintenance(%s)", Jsonb([*programme[:2], {**programme[2], **fields}]))

    assert ([], []) == (owner.rows("select * from maintenance_items"), _completions(owner))


def test_a_programme_is_the_owners_to_define(project: Project, owner: Person, plane: str) -> None:
    """Neither an editor nor a viewer sets one up or changes it; an editor completes what is there."""
    [check, *_] = _programme(plane, add_component(owner))
    for role in ("editor", "viewer"):
        person = project.add_member(owner, role)
        with refused("42501"):
            person.rows("select * from set_up_maintenance(%s)", Jsonb([check]))
    owner.rows("select * from set_up_maintenance(%s)", Jsonb([check]))
    with refused("42501"):
        person.rows("select * from set_up_maintenance(%s)", Jsonb([{**check, "name": "Mine"}]))
    with refused("PT400"):
        owner.rows("select * from set_up_maintenance(%s)", Jsonb([]))
    with refused("PT400"):
        owner.rows("select * from set_up_maintenance(%s)", Jsonb([check] * 101))

    assert ["50 h check"] == [row["name"] for row in owner.rows("select * from maintenance_items")]


def test_two_people_sign_one_inspection_at_once(project: Project, database: str, owner: Person, item: str) -> None:
    """The second one is told what is there, and by whom."""
    people = [owner, project.add_member(owner, "editor")]
    barrier = threading.Barrier(2)
    answers: list[str] = []

    def sign(person: Person) -> None:
        with connect(database) as connection:
            barrier.wait()
            try:
                Person(connection, user_id=person.user_id).rows(COMPLETE, item, "2026-05-01T10:00:00Z")
                answers.append("done")
            except psycopg.Error as error:
                answers.append(f"{error.sqlstate} {error.diag.message_primary} {error.diag.message_detail}")

    threads = [threading.Thread(target=sign, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 == len(_completions(owner))
    [refusal] = [answer for answer in answers if answer != "done"]
    assert refusal.startswith("PT409 100 h was completed on 2026-05-01 already, at 0.0 h Entered by pilot")


def test_one_occurrence_is_completed_once(owner: Person, item: str) -> None:
    """Not twice on a day, however it is written; and not after somebody else did it since the page was read."""
    seen = owner.value("select completion_id from complete_maintenance(%s, '2026-04-01T10:00:00Z')", item)
    after = "select * from complete_maintenance(%s, %s, after_completion_id => %s)"

    second = owner.row(after, item, "2026-05-01T10:00:00Z", seen)

    with refused("PT409"):
        owner.rows(COMPLETE, item, "2026-05-01T23:00:00Z")
    with refused("PT409"):
        owner.rows("select complete_maintenance(%s, '2026-05-02T01:00:00Z', '2026-05-01')", item)
    with refused("PT409"):
        owner.rows(after, item, "2026-05-10T10:00:00Z", seen)
    for row in _completions(owner):
        owner.rows("select void_completion(%s, 'never done')", row["completion_id"])
    with refused("PT409"):
        owner.rows(after, item, "2026-05-10T10:00:00Z", second["completion_id"])
    owner.rows(COMPLETE, item, "2026-05-01T10:00:00Z")
    assert [True, True, False] == [row["voided_at"] is not None for row in _completions(owner)]


@pytest.mark.parametrize(
    "arguments",
    ["'2026-06-01T12:06:00Z'", "'infinity'", "'2026-05-01', '2026-05-03'", "'2026-05-01', 'infinity'"],
)
def test_what_was_not_done_yet_is_refused(owner: Person, item: str, arguments: str) -> None:
    """In the future, or on a date that is not that of its time anywhere."""
    with refused("PT400"):
        owner.rows(f"select complete_maintenance(%s, {arguments})", item)


def test_a_figure_is_for_items_with_hours(owner: Person, plane: str) -> None:
    """Of the others nothing is read, and nothing expected."""
    yearly = add_item(owner, plane, interval_months=12)

    with refused("PT400"):
        owner.rows("select complete_maintenance(%s, null, null, 3600)", yearly)
    assert None is owner.value("select (complete_maintenance(%s)).expected_seconds", yearly)


def test_the_figure_that_was_expected_is_kept(owner: Person, plane: str, item: str) -> None:
    """As it was worked out when the completion was entered, beside what somebody read."""
    owner.rows("select add_reading(%s, %s, 'initial', '2026-01-01')", plane, 500 * HOUR)
    engine = add_component(owner)
    owner.rows("select install_component(%s, %s, '2026-02-01', since_new_seconds => 7200)", engine, plane)
    of_engine = add_item(owner, component_id=engine)

    read = owner.row("select * from complete_maintenance(%s, '2026-05-01', null, %s)", item, 501 * HOUR)
    derived = owner.row(COMPLETE, of_engine, "2026-05-01")

    assert (501 * HOUR, 500 * HOUR) == (read["meter_seconds"], read["expected_seconds"])
    assert (None, 7200) == (derived["meter_seconds"], derived["expected_seconds"])


def test_voiding_again_is_no_fault(project: Project, owner: Person, item: str) -> None:
    """By the same person for the same reason; the row stays, with who and why."""
    completion = owner.row(COMPLETE, item, "2026-05-01")["completion_id"]
    editor = project.add_member(owner, "editor")

    first = owner.row("select * from void_completion(%s, ' never done ')", completion)

    assert first == owner.row("select * from void_completion(%s, 'never done')", completion)
    for person, reason in ((owner, "other"), (editor, "never done")):
        with refused("PT404"):
            person.rows("select void_completion(%s, %s)", completion, reason)
    assert [("never done", uuid.UUID(str(owner.user_id)))] == [
        (row["void_reason"], row["voided_by"]) for row in _completions(owner)
    ]


def test_what_was_completed_is_archived_not_deleted(owner: Person, plane: str, item: str) -> None:
    """A voided completion is a history, too; an item without one goes, and its meter is kept as long as it is there."""
    engine = meter_of(owner, plane, "engine")
    unused = add_item(owner, plane, meter_id=engine)
    completion = owner.row(COMPLETE, item, "2026-05-01")["completion_id"]
    owner.rows("select void_completion(%s, 'never done')", completion)

    with refused("PT409"):
        owner.run("delete from maintenance_items where item_id = %s", item)
    with refused("PT409"):
        owner.run("delete from meters where meter_id = %s", engine)
    with refused("PT409"):
        owner.run("delete from planes where plane_id = %s", plane)
    owner.run("delete from maintenance_items where item_id = %s", unused)
    owner.run("delete from meters where meter_id = %s", engine)
    owner.run("update maintenance_items set archived_at = '2026-05-02' where item_id = %s", item)
    with refused("PT409"):
        owner.rows(COMPLETE, item, "2026-05-03")


def test_a_former_members_signature_stays_without_a_name(
    project: Project, owner: Person, plane: str, item: str
) -> None:
    """Completions, who voided them, and installations."""
    editor, engine = project.add_member(owner, "editor"), add_component(owner)
    completion = editor.row(COMPLETE, item, "2026-05-01")["completion_id"]
    editor.rows("select void_completion(%s, 'never done')", completion)
    editor.rows("select install_component(%s, %s, '2026-02-01')", engine, plane)

    editor.rows("select delete_account()")

    assert [(None, None)] == [(row["entered_by"], row["voided_by"]) for row in _completions(owner)]
    assert [None] == [row["created_by"] for row in owner.rows("select * from component_installations")]


@pytest.mark.parametrize("end", ["select delete_fleet(%s)", "select delete_account()"])
def test_nothing_is_left_of_a_fleet_that_ends(project: Project, owner: Person, plane: str, item: str, end: str) -> None:
    """Components, installations, items and completions go with it, whatever keeps them otherwise."""
    engine = add_component(owner)
    owner.rows("select install_component(%s, %s, '2026-02-01')", engine, plane)
    of_engine = add_item(owner, component_id=engine)
    for one in (item, of_engine):
        owner.rows(COMPLETE, one, "2026-05-01")

    owner.rows(end, *([fleet_of(owner)] if "%s" in end else []))

    for table in ("components", "component_installations", "maintenance_items", "maintenance_completions", "meters"):
        assert [] == project.admin.execute(f"select * from {table}".encode()).fetchall(), table


@pytest.mark.parametrize(
    ("anchor", "due_hours", "due_days"),
    [
        ("from_due_if_late", [None, 1100, 1200, 1287], [None, "2026-02-28", "2026-03-31", "2026-04-20"]),
        ("from_completion", [None, 1100, 1210, 1287], [None, "2026-02-28", "2026-04-03", "2026-04-20"]),
    ],
)
def test_the_history_says_when_each_was_due(
    owner: Person, plane: str, anchor: str, due_hours: list[int | None], due_days: list[str | None]
) -> None:
    """By the anchor, from the completions before it that hold, on the scale that the meter had then."""
    item = add_item(owner, plane, anchor=anchor, interval_seconds=100 * HOUR, interval_months=1)
    owner.rows("select add_reading(%s, %s, 'initial', '2026-01-01')", plane, 900 * HOUR)
    done = [("2026-01-31", 1000), ("2026-03-03", 1110), ("2026-03-20", 1187), ("2026-04-19", 1190)]
    for day, hours in done:
        owner.rows("select complete_maintenance(%s, %s, null, %s)", item, f"{day}T12:00:00Z", hours * HOUR)
        # read by hand at that moment, so that the meter has really gone on
        owner.rows("select add_reading(%s, %s, 'check', %s)", plane, hours * HOUR, f"{day}T12:00:00Z")
    wrong = owner.row("select * from complete_maintenance(%s, '2026-03-10T12:00:00Z', null, %s)", item, 1120 * HOUR)
    owner.rows("select void_completion(%s, 'wrong plane')", wrong["completion_id"])
    owner.rows("select add_reading(%s, %s, 'meter_replaced', '2026-05-01')", plane, 5 * HOUR)

    history = owner.rows("select * from maintenance_history(%s)", item)

    assert [(day, hours * HOUR) for day, hours in done[::-1]] == [
        (str(row["done_on"]), row["figure_seconds"]) for row in history
    ]
    assert due_hours[::-1] == [row["due_seconds"] and row["due_seconds"] // HOUR for row in history]
    assert due_days[::-1] == [row["due_on"] and str(row["due_on"]) for row in history]
