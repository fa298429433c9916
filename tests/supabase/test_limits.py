"""What people type is limited in one place, the named CHECKs of the database: each is met, at its very edge."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.conftest import MakeDatabase
from tests.supabase.project import (
    Person,
    Project,
    Row,
    add_component,
    add_item,
    add_plane,
    add_tach,
    assign,
    connect,
    refused,
)
from tools.database_types import LIMITS_FILE

_HAND_ENTRY = """insert into session_annotations (hand_plane_id, hand_start, hand_seconds)
    select plane_id, {}, {} from planes"""
_IMPORT = """select import_sessions(gen_random_uuid(), fleet_id, {}, jsonb_build_array(jsonb_build_object(
    'row_number', 1, 'plane_id', plane_id, 'start', '1990-01-01T00:00:00Z', 'seconds', 60))) from planes"""
_ANNOTATION = "insert into session_annotations (session_id, {0}) select session_id, %s from session_log"

# For each limit, what somebody does who types a text, a number or a time there.
TYPING = {
    "completion_note_length": "select complete_maintenance(item_id, note => %s) from maintenance_items",
    "completion_seconds_range": "select complete_maintenance(item_id, meter_seconds => %s) from maintenance_items",
    "completion_void_reason_length": "select void_completion(completion_id, %s) from maintenance_completions",
    "component_make_length": "update components set make = %s",
    "component_model_length": "update components set model = %s",
    "component_note_length": "update components set note = %s",
    "corrected_start_not_too_early": _ANNOTATION.format("corrected_start"),
    "device_name_length": "update device_ownerships set name = %s",
    "done_at_not_too_early": "select complete_maintenance(item_id, %s) from maintenance_items",
    "fleet_name_length": "update fleets set name = %s",
    "hand_seconds_range": _HAND_ENTRY.format("'1900-01-01'", "%s"),
    "hand_start_not_too_early": _HAND_ENTRY.format("%s", "60"),
    "import_file_name_length": _IMPORT.format("'Logbook', %s, '{}'"),
    "import_mapping_size": _IMPORT.format("'Logbook', null, to_jsonb(repeat('x', %s - 2))"),
    "import_name_length": _IMPORT.format("%s, null, '{}'"),
    "installed_from_not_too_early": "update component_installations set installed_from = %s",
    "interval_days_range": "update maintenance_items set interval_days = %s",
    "interval_months_range": "update maintenance_items set interval_months = %s",
    "interval_seconds_range": "update maintenance_items set interval_seconds = %s",
    "item_name_length": "update maintenance_items set name = %s",
    "item_note_length": "update maintenance_items set note = %s",
    "make_length": "update planes set make = %s",
    "meter_seconds_range": "select add_reading(plane_id, %s, 'check') from planes",
    "merge_gap_range": "update planes set merge_gap_seconds = %s",
    "meter_name_length": "update meters set name = %s where source = 'estimated'",
    "meter_ratio_range": "update meters set entered_ratio = %s where source = 'estimated'",
    "model_length": "update planes set model = %s",
    "pilot_length": _ANNOTATION.format("pilot"),
    "reading_not_too_early": "select add_reading(plane_id, 3600, 'check', %s) from planes",
    "reading_note_length": "select add_reading(plane_id, 3600, 'check', '2026-05-03', %s) from planes",
    "registration_length": "update planes set registration = %s",
    "remarks_length": _ANNOTATION.format("remarks"),
    "serial_length": "update components set serial = %s",
    "since_new_seconds_range": "update component_installations set since_new_seconds = %s",
    "since_overhaul_seconds_range": "update component_installations set since_overhaul_seconds = %s",
    "tolerance_days_range": "update maintenance_items set tolerance_days = %s",
    "tolerance_seconds_range": "update maintenance_items set tolerance_seconds = %s",
    "warning_days_range": "update maintenance_items set warning_days = %s",
    "warning_seconds_range": "update maintenance_items set warning_seconds = %s",
    "void_reason_length": "select void_reading(reading_id, %s) from hour_readings",
    "type_designator_form": "update planes set type_designator = %s",
}


# What is left empty there is not said.
_MAY_BE_MISSING = ("device_name_length", "type_designator_form", "hand_seconds_range")


def _limits() -> dict[str, Row]:
    source = LIMITS_FILE.read_text().partition("export const LIMITS = ")[2].partition(" as const;")[0]
    limits: dict[str, Row] = json.loads(source.replace(",\n}", "}"))
    return limits


LIMITS = _limits()


@pytest.fixture(scope="module")
def club(make_database: MakeDatabase) -> Iterator[Person]:
    """Somebody with a fleet, a plane, a device, a session of it and a reading, a component, and maintenance done."""
    with connect(make_database()) as admin:
        project = Project(admin)
        project.set_clock("2026-06-01T12:00:00Z")
        owner, board = project.sign_up(), project.board()
        plane = add_plane(owner)
        assign(owner, board, plane)
        board.report("2026-05-01T08:00:00Z", 60)
        owner.rows("select add_reading(%s, 3600, 'initial', '2026-05-02T00:00:00Z')", plane)
        add_tach(owner, plane)
        owner.rows("select install_component(%s, %s, '2026-05-03')", add_component(owner), plane)
        owner.rows("select complete_maintenance(%s, '2026-05-04')", add_item(owner, plane))
        yield owner


@pytest.fixture
def typist(club: Person) -> Iterator[Person]:
    """Whose typing is taken back after each test: a club for each of them took five times as long."""
    with club.connection.transaction(force_rollback=True):
        yield club


def test_every_limit_is_met_here() -> None:
    """None without a statement below, and none that is gone."""
    assert sorted(TYPING) == sorted(LIMITS)


def _kept(limit: str) -> list[Any]:
    """The least and the most that a limit allows."""
    bounds = LIMITS[limit]
    if limit.endswith(("_length", "_form")):
        return ["X" * bounds[end] for end in ("min", "max") if end in bounds]
    return [bounds[end] for end in ("min", "max") if end in bounds]


def _broken(limit: str) -> list[Any]:
    """What lies just beyond it; nothing typed is no text where a text may be missing."""
    bounds = LIMITS[limit]
    if limit.endswith("_not_too_early"):
        return [(datetime.fromisoformat(bounds["min"]) - timedelta(seconds=1)).isoformat(), "-infinity"]
    if limit.endswith("_range"):
        return [bounds["min"] - 1, bounds["max"] + 1, -(2**30), 2**31 - 1]
    if limit.endswith("_size"):
        return [bounds["max"] + 1]
    short = ["", "   ", None] if bounds.get("min") and limit not in _MAY_BE_MISSING else []
    odd = ["X", "C-17", "C 17", "C1\u00d6"] if limit == "type_designator_form" else []
    return [*short, *odd, "X" * (bounds["max"] + 1)]


@pytest.mark.parametrize(("limit", "value"), [(limit, value) for limit in TYPING for value in _kept(limit)])
def test_the_edge_is_allowed(typist: Person, limit: str, value: str | int) -> None:
    """The least and the most; blanks around a text do not count."""
    typed = f" {value} " if limit.endswith(("_length", "_form")) else value

    assert 1 == typist.run(TYPING[limit], typed)
    typist.connection.execute("set constraints all immediate")  # what else waits for the end of a transaction


@pytest.mark.parametrize(("limit", "value"), [(limit, value) for limit in TYPING for value in _broken(limit)])
def test_what_lies_beyond_is_refused_by_name(typist: Person, limit: str, value: str | int | None) -> None:
    """Nothing else refuses it first in words of its own, and nothing of it is stored."""
    with refused(limit):
        typist.run(TYPING[limit], value)
