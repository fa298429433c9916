"""Who may do what: one attempt per table and verb, and one per function, with those for whom it works."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tests.supabase.scene import PERSONAS, Scene, flight_of, missing_boot

Verb = Literal["select", "insert", "update", "delete"]
Values = dict[str, Any]
ALL_MEMBERS = frozenset({"owner", "editor", "viewer"})
EDITORS = frozenset({"owner", "editor"})
OWNER = frozenset({"owner"})
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Attempt:
    """A change or a look, for the REST layer and for SQL alike."""

    table: str
    verb: Verb
    allowed: frozenset[str]
    match: Callable[[Scene, str], Values] = lambda scene, persona: {}
    values: Callable[[Scene, str], Values] = lambda scene, persona: {}

    def __str__(self) -> str:
        return f"{self.verb} {self.table}"


@dataclass(frozen=True)
class Call:
    """A function of the API."""

    function: str
    allowed: frozenset[str]
    arguments: Callable[[Scene, str], Values]
    empty_for_others: bool = False
    """It answers nothing, instead of refusing, where the caller sees no such row."""
    answers_nothing: bool = False
    """It has no result even where it works."""

    def __str__(self) -> str:
        return self.function


def _in_fleet(scene: Scene, _: str) -> Values:
    return {"fleet_id": scene.fleet}


def _victim(kind: str, column: str) -> Callable[[Scene, str], Values]:
    return lambda scene, persona: {column: scene.victims[persona][kind]}


def _open_gap(scene: Scene, persona: str) -> Values:
    missing = missing_boot(PERSONAS.index(persona))
    device_uuid = scene.gappy.device_uuid
    return {"fleet_id": scene.fleet, "device_uuid": device_uuid, "from_boot": missing, "to_boot": missing}


ATTEMPTS = [
    Attempt("fleets", "select", ALL_MEMBERS, _in_fleet),
    Attempt("fleets", "insert", NOBODY, values=lambda scene, persona: {"name": "Club"}),
    Attempt("fleets", "update", OWNER, _in_fleet, lambda scene, persona: {"name": "Flying club"}),
    Attempt("fleets", "delete", NOBODY, _victim("fleet", "fleet_id")),
    Attempt("fleet_members", "select", ALL_MEMBERS, _in_fleet),
    Attempt(
        "fleet_members",
        "insert",
        NOBODY,
        values=lambda scene, persona: {
            "fleet_id": scene.fleet,
            "user_id": scene.people["stranger"].user_id,
            "role": "owner",
        },
    ),
    Attempt(
        "fleet_members",
        "update",
        OWNER,
        lambda scene, persona: {"fleet_id": scene.fleet, "user_id": scene.victims[persona]["member"]},
        lambda scene, persona: {"role": "editor"},
    ),
    Attempt(
        "fleet_members",
        "delete",
        OWNER,
        lambda scene, persona: {"fleet_id": scene.fleet, "user_id": scene.victims[persona]["member"]},
    ),
    Attempt("fleet_invites", "select", OWNER, _in_fleet),
    Attempt(
        "fleet_invites", "insert", NOBODY, values=lambda scene, persona: {"fleet_id": scene.fleet, "role": "owner"}
    ),
    Attempt("fleet_invites", "update", NOBODY, _in_fleet, lambda scene, persona: {"role": "owner"}),
    Attempt("fleet_invites", "delete", OWNER, _victim("invite", "invite_id")),
    Attempt("planes", "select", ALL_MEMBERS, _in_fleet),
    Attempt(
        "planes",
        "insert",
        EDITORS,
        values=lambda scene, persona: {"fleet_id": scene.fleet, "registration": f"D-{persona[:4].upper()}"},
    ),
    Attempt(
        "planes",
        "update",
        EDITORS,
        lambda scene, persona: {"plane_id": scene.plane},
        lambda scene, persona: {"model": "172 S"},
    ),
    Attempt("planes", "delete", EDITORS, _victim("plane", "plane_id")),
    Attempt("devices", "select", ALL_MEMBERS, _in_fleet),
    Attempt("devices", "insert", NOBODY, values=lambda scene, persona: {"device_uuid": scene.plane}),
    Attempt("devices", "update", NOBODY, _in_fleet, lambda scene, persona: {"firmware": "0"}),
    Attempt("devices", "delete", NOBODY, _in_fleet),
    Attempt("device_ownerships", "select", ALL_MEMBERS, _in_fleet),
    Attempt(
        "device_ownerships",
        "insert",
        NOBODY,
        values=lambda scene, persona: {"fleet_id": scene.fleet, "device_uuid": scene.board.device_uuid},
    ),
    Attempt("device_ownerships", "update", EDITORS, _in_fleet, lambda scene, persona: {"name": "Hangar 3"}),
    Attempt("device_ownerships", "delete", NOBODY, _in_fleet),
    Attempt("device_assignments", "select", ALL_MEMBERS, _in_fleet),
    Attempt(
        "device_assignments",
        "insert",
        NOBODY,
        values=lambda scene, persona: {
            "fleet_id": scene.fleet,
            "device_uuid": scene.board.device_uuid,
            "assigned_from": "2026-05-01",
        },
    ),
    Attempt("device_assignments", "update", NOBODY, _in_fleet, lambda scene, persona: {"assigned_from": "2025-05-01"}),
    Attempt("device_assignments", "delete", NOBODY, _in_fleet),
    Attempt("sessions", "select", ALL_MEMBERS, _in_fleet),
    Attempt(
        "sessions",
        "insert",
        NOBODY,
        values=lambda scene, persona: {
            "session_id": scene.plane,
            "session_start": "2026-05-01",
            "effective_start": "2026-05-01",
            "run_seconds": 60,
            "status": "closed",
        },
    ),
    Attempt("sessions", "update", NOBODY, _in_fleet, lambda scene, persona: {"run_seconds": 0}),
    Attempt("sessions", "delete", NOBODY, _in_fleet),
    Attempt("session_annotations", "select", ALL_MEMBERS, _in_fleet),
    Attempt(
        "session_annotations",
        "insert",
        EDITORS,
        values=lambda scene, persona: {
            "hand_plane_id": scene.plane,
            "hand_start": "2026-01-01T00:00:00Z",
            "hand_seconds": 60,
        },
    ),
    Attempt(
        "session_annotations",
        "update",
        EDITORS,
        lambda scene, persona: {"session_id": scene.session},
        lambda scene, persona: {"pilot": "Amelia"},
    ),
    Attempt("session_annotations", "delete", EDITORS, _victim("annotation", "session_id")),
    Attempt("import_batches", "select", ALL_MEMBERS, _in_fleet),
    Attempt(
        "import_batches",
        "insert",
        NOBODY,
        values=lambda scene, persona: {
            "batch_id": str(uuid.uuid4()),
            "fleet_id": scene.fleet,
            "name": "Logbook",
            "mapping": "{}",
            "row_count": 0,
        },
    ),
    Attempt("import_batches", "update", EDITORS, _in_fleet, lambda scene, persona: {"name": "Old logbook"}),
    Attempt("import_batches", "delete", NOBODY, _in_fleet),
    Attempt("merged_entries", "select", ALL_MEMBERS, _in_fleet),
    Attempt("merged_entries", "insert", NOBODY, values=lambda scene, persona: {"fleet_id": scene.fleet}),
    Attempt("merged_entries", "update", EDITORS, _in_fleet, lambda scene, persona: {"pilot": "Amelia"}),
    Attempt("merged_entries", "delete", EDITORS, _victim("merged", "entry_id")),
    Attempt("merged_sessions", "select", ALL_MEMBERS, _in_fleet),
    Attempt(
        "merged_sessions",
        "insert",
        NOBODY,
        values=lambda scene, persona: {
            "session_id": scene.session,
            "entry_id": scene.victims[persona]["merged"],
            "fleet_id": scene.fleet,
        },
    ),
    Attempt("merged_sessions", "update", NOBODY, _in_fleet, lambda scene, persona: {"session_id": scene.session}),
    Attempt("merged_sessions", "delete", NOBODY, _in_fleet),
    Attempt("session_parts", "select", ALL_MEMBERS, _in_fleet),
    Attempt(
        "session_parts",
        "insert",
        NOBODY,
        values=lambda scene, persona: {
            "session_id": scene.session,
            "fleet_id": scene.fleet,
            "from_seconds": 600,
            "effective_start": "2026-05-01",
        },
    ),
    Attempt("session_parts", "update", EDITORS, _in_fleet, lambda scene, persona: {"pilot": "Amelia"}),
    Attempt("session_parts", "delete", NOBODY, _in_fleet),
    Attempt("log_entries", "select", ALL_MEMBERS, _in_fleet),
    Attempt("monthly_reports", "select", ALL_MEMBERS, _in_fleet),
    Attempt(
        "monthly_reports",
        "insert",
        NOBODY,
        values=lambda scene, persona: {
            "fleet_id": scene.fleet,
            "month": "2026-05-01",
            "time_zone": "UTC",
            "begins": "2026-05-01",
            "ends": "2026-06-01",
            "content": "{}",
            "made_at": "2026-06-01",
        },
    ),
    Attempt("monthly_reports", "update", NOBODY, _in_fleet, lambda scene, persona: {"content": "{}"}),
    Attempt("monthly_reports", "delete", NOBODY, _in_fleet),
    Attempt("meters", "select", ALL_MEMBERS, _in_fleet),
    Attempt(
        "meters",
        "insert",
        EDITORS,
        values=lambda scene, persona: {
            "fleet_id": scene.fleet,
            "plane_id": scene.plane,
            "name": f"Tach of {persona}",
            "source": "estimated",
            "base_meter_id": scene.meter,
            "entered_ratio": 0.9,
        },
    ),
    Attempt(
        "meters",
        "update",
        EDITORS,
        lambda scene, persona: {"meter_id": scene.meter},
        lambda scene, persona: {"name": "Panel meter"},
    ),
    Attempt("meters", "delete", EDITORS, _victim("meter", "meter_id")),
    Attempt("hour_readings", "select", ALL_MEMBERS, _in_fleet),
    Attempt(
        "hour_readings",
        "insert",
        NOBODY,
        values=lambda scene, persona: {
            "fleet_id": scene.fleet,
            "plane_id": scene.plane,
            "meter_id": scene.meter,
            "as_of": "2026-05-01",
            "seconds": 0,
            "expected_seconds": 0,
            "reason": "check",
        },
    ),
    Attempt("hour_readings", "update", NOBODY, _in_fleet, lambda scene, persona: {"seconds": 0}),
    Attempt("hour_readings", "delete", NOBODY, _in_fleet),
    Attempt("components", "select", ALL_MEMBERS, _in_fleet),
    Attempt(
        "components", "insert", EDITORS, values=lambda scene, persona: {"fleet_id": scene.fleet, "kind": "propeller"}
    ),
    Attempt("components", "update", EDITORS, _in_fleet, lambda scene, persona: {"serial": "L-1"}),
    Attempt("components", "delete", EDITORS, _victim("component", "component_id")),
    Attempt("component_installations", "select", ALL_MEMBERS, _in_fleet),
    Attempt(
        "component_installations",
        "insert",
        NOBODY,
        values=lambda scene, persona: {
            "fleet_id": scene.fleet,
            "component_id": scene.victims[persona]["component"],
            "plane_id": scene.plane,
            "meter_id": scene.meter,
            "installed_from": "2026-05-01",
        },
    ),
    Attempt(
        "component_installations", "update", EDITORS, _in_fleet, lambda scene, persona: {"since_new_seconds": 3600}
    ),
    Attempt("component_installations", "delete", EDITORS, _victim("installation", "installation_id")),
    Attempt("maintenance_items", "select", ALL_MEMBERS, _in_fleet),
    Attempt(
        "maintenance_items",
        "insert",
        OWNER,
        values=lambda scene, persona: {
            "fleet_id": scene.fleet,
            "plane_id": scene.plane,
            "name": "Annual",
            "interval_months": 12,
            "anchor": "from_completion",
        },
    ),
    Attempt("maintenance_items", "update", OWNER, _in_fleet, lambda scene, persona: {"warning_days": 60}),
    Attempt("maintenance_items", "delete", OWNER, _victim("item", "item_id")),
    Attempt("maintenance_completions", "select", ALL_MEMBERS, _in_fleet),
    Attempt(
        "maintenance_completions",
        "insert",
        NOBODY,
        values=lambda scene, persona: {
            "fleet_id": scene.fleet,
            "item_id": scene.victims[persona]["item"],
            "done_at": "2026-05-01",
            "done_on": "2026-05-01",
        },
    ),
    Attempt("maintenance_completions", "update", NOBODY, _in_fleet, lambda scene, persona: {"note": "signed"}),
    Attempt("maintenance_completions", "delete", NOBODY, _in_fleet),
    Attempt("settled_boot_gaps", "select", ALL_MEMBERS, _in_fleet),
    Attempt("settled_boot_gaps", "insert", EDITORS, values=lambda scene, persona: _open_gap(scene, persona)),
    Attempt("settled_boot_gaps", "update", NOBODY, _in_fleet, lambda scene, persona: {"from_boot": 1}),
    Attempt("settled_boot_gaps", "delete", EDITORS, _victim("gap", "gap_id")),
    Attempt("activity", "select", ALL_MEMBERS, _in_fleet),
    Attempt(
        "activity",
        "insert",
        NOBODY,
        values=lambda scene, persona: {
            "fleet_id": scene.fleet,
            "at": "2026-05-01",
            "subject": "planes",
            "action": "delete",
            "subject_id": scene.plane,
        },
    ),
    Attempt("activity", "update", NOBODY, _in_fleet, lambda scene, persona: {"author_id": None}),
    Attempt("activity", "delete", NOBODY, _in_fleet),
    Attempt("activity_log", "select", ALL_MEMBERS, _in_fleet),
    Attempt("my_fleets", "select", ALL_MEMBERS, _in_fleet),
    Attempt("session_log", "select", ALL_MEMBERS, _in_fleet),
    Attempt("device_status", "select", ALL_MEMBERS, _in_fleet),
]

_MESSAGES = [{"device_uuid": "00000000-0000-4000-8000-000000000000"}]

CALLS = [
    Call("plane_hours", ALL_MEMBERS, lambda scene, persona: {"for_fleet": scene.fleet}, empty_for_others=True),
    Call("hours_by_month", ALL_MEMBERS, lambda scene, persona: {"fleet_id": scene.fleet}, empty_for_others=True),
    Call(
        "year_hours",
        ALL_MEMBERS,
        lambda scene, persona: {"fleet_id": scene.fleet, "year": 2026},
        empty_for_others=True,
    ),
    Call("log_totals", ALL_MEMBERS, lambda scene, persona: {"fleet_id": scene.fleet}, empty_for_others=True),
    Call(
        "hours_by_day",
        ALL_MEMBERS,
        lambda scene, persona: {"fleet_id": scene.fleet, "days": 1000},
        empty_for_others=True,
    ),
    Call(
        "fleet_overview",
        ALL_MEMBERS,
        lambda scene, persona: {"fleet_id": scene.fleet, "months": 12, "latest_sessions": 6},
        empty_for_others=True,
    ),
    Call("sessions_to_review", ALL_MEMBERS, lambda scene, persona: {"fleet_id": scene.fleet}, empty_for_others=True),
    Call("fleet_boot_gaps", ALL_MEMBERS, lambda scene, persona: {"fleet_id": scene.fleet}, empty_for_others=True),
    Call("hours", ALL_MEMBERS, lambda scene, persona: {"plane_id": scene.plane}, empty_for_others=True),
    Call(
        "counted",
        ALL_MEMBERS,
        lambda scene, persona: {"plane_id": scene.plane, "from_time": "2026-01-01", "until_time": "2026-06-01"},
        empty_for_others=True,
    ),
    Call(
        "counted_engine",
        ALL_MEMBERS,
        lambda scene, persona: {"plane_id": scene.plane, "from_time": "2026-01-01", "until_time": "2026-06-01"},
        empty_for_others=True,
    ),
    Call("plane_voltages", ALL_MEMBERS, lambda scene, persona: {"plane_id": scene.plane}, empty_for_others=True),
    Call(
        "accept_suggested_classes",
        EDITORS,
        lambda scene, persona: {"session_ids": f"{{{scene.victims[persona]['sensed']}}}"},
    ),
    Call("check_import", EDITORS, lambda scene, persona: {"fleet_id": scene.fleet, "entries": flight_of(scene.plane)}),
    Call(
        "import_sessions",
        EDITORS,
        lambda scene, persona: {
            "batch_id": str(uuid.uuid4()),
            "fleet_id": scene.fleet,
            "name": "Logbook",
            "file_name": "log.csv",
            "mapping": {},
            "entries": flight_of(scene.plane),
        },
    ),
    Call("revert_import", EDITORS, lambda scene, persona: {"batch_id": scene.victims[persona]["batch"]}),
    Call("import_batch_status", ALL_MEMBERS, _in_fleet, empty_for_others=True),
    Call(
        "merge_sessions",
        EDITORS,
        lambda scene, persona: {
            "session_ids": f"{{{scene.victims[persona]['loose']},{scene.victims[persona]['late']}}}"
        },
    ),
    Call(
        "add_to_entry",
        EDITORS,
        lambda scene, persona: {
            "entry_id": scene.victims[persona]["grown"],
            "session_ids": f"{{{scene.victims[persona]['added']}}}",
        },
    ),
    Call(
        "take_out_of_entry",
        EDITORS,
        lambda scene, persona: {
            "entry_id": scene.victims[persona]["grown"],
            "session_ids": f"{{{scene.victims[persona]['taken_out']}}}",
        },
    ),
    Call(
        "split_session",
        EDITORS,
        lambda scene, persona: {
            "session_id": scene.victims[persona]["whole"],
            "parts": [{"from_seconds": 0}, {"from_seconds": 600}],
        },
    ),
    Call(
        "join_session",
        EDITORS,
        lambda scene, persona: {"session_id": scene.victims[persona]["split"]},
        answers_nothing=True,
    ),
    Call(
        "annotate_entries",
        EDITORS,
        lambda scene, persona: {"said": [{"entry_id": scene.session, "pilot": "Amelia"}]},
    ),
    Call("merge_suggestions", ALL_MEMBERS, lambda scene, persona: {"fleet_id": scene.fleet}, empty_for_others=True),
    Call("hours_by_class", ALL_MEMBERS, lambda scene, persona: {"fleet_id": scene.fleet}, empty_for_others=True),
    Call(
        "device_completeness",
        ALL_MEMBERS,
        lambda scene, persona: {"device_uuid": scene.board.device_uuid},
        empty_for_others=True,
    ),
    Call(
        "boot_gaps", ALL_MEMBERS, lambda scene, persona: {"device_uuid": scene.board.device_uuid}, empty_for_others=True
    ),
    Call("fleet_people", ALL_MEMBERS, lambda scene, persona: {"fleet_id": scene.fleet}, empty_for_others=True),
    Call("fleet_export", ALL_MEMBERS, lambda scene, persona: {"fleet_id": scene.fleet}),
    Call("fleet_export_csv", ALL_MEMBERS, lambda scene, persona: {"fleet_id": scene.fleet}),
    Call(
        "claim_device",
        EDITORS,
        lambda scene, persona: {"device_uuid": scene.victims[persona]["unclaimed"], "fleet_id": scene.fleet},
    ),
    Call("release_device", OWNER, lambda scene, persona: {"device_uuid": scene.victims[persona]["device"]}),
    Call(
        "assign_device",
        EDITORS,
        lambda scene, persona: {"device_uuid": scene.board.device_uuid, "plane_id": scene.plane},
    ),
    Call(
        "remove_assignment",
        EDITORS,
        lambda scene, persona: {"assignment_id": scene.victims[persona]["assignment"]},
        answers_nothing=True,
    ),
    Call("reset_device_key", EDITORS, lambda scene, persona: {"device_uuid": scene.board.device_uuid}),
    Call("meter_hours", ALL_MEMBERS, lambda scene, persona: {"meter_id": scene.meter}, empty_for_others=True),
    Call("meter_status", ALL_MEMBERS, lambda scene, persona: {"for_fleet": scene.fleet}, empty_for_others=True),
    Call("set_primary_meter", EDITORS, lambda scene, persona: {"meter_id": scene.victims[persona]["second_meter"]}),
    Call(
        "add_reading",
        EDITORS,
        lambda scene, persona: {"plane_id": scene.plane, "seconds": 3600, "reason": "check"},
    ),
    Call(
        "void_reading",
        EDITORS,
        lambda scene, persona: {"reading_id": scene.victims[persona]["reading"], "reason": "typing error"},
    ),
    Call("component_status", ALL_MEMBERS, lambda scene, persona: {"for_fleet": scene.fleet}, empty_for_others=True),
    Call(
        "component_seconds",
        ALL_MEMBERS,
        lambda scene, persona: {"component_id": scene.victims[persona]["installed"]},
        empty_for_others=True,
    ),
    Call(
        "install_component",
        EDITORS,
        lambda scene, persona: {"component_id": scene.victims[persona]["shelved"], "plane_id": scene.plane},
    ),
    Call("remove_component", EDITORS, lambda scene, persona: {"component_id": scene.victims[persona]["installed"]}),
    Call("maintenance_status", ALL_MEMBERS, lambda scene, persona: {"for_fleet": scene.fleet}, empty_for_others=True),
    Call(
        "set_up_maintenance",
        OWNER,
        lambda scene, persona: {
            "items": [{"plane_id": scene.plane, "name": "Annual", "interval_months": 12, "anchor": "from_completion"}]
        },
    ),
    Call(
        "maintenance_history",
        ALL_MEMBERS,
        lambda scene, persona: {"item_id": scene.victims[persona]["completed"]},
        empty_for_others=True,
    ),
    Call("complete_maintenance", EDITORS, lambda scene, persona: {"item_id": scene.victims[persona]["waiting"]}),
    Call(
        "void_completion",
        EDITORS,
        lambda scene, persona: {"completion_id": scene.victims[persona]["completion"], "reason": "never done"},
    ),
    # Before anything of the scene: over HTTP nothing is taken back.
    Call("close_month", OWNER, lambda scene, persona: {"fleet_id": scene.fleet, "month": "1980-01-01"}),
    Call("set_lock", OWNER, lambda scene, persona: {"fleet_id": scene.fleet, "locked_until": "1980-01-01"}),
    Call("month_report_preview", ALL_MEMBERS, lambda scene, persona: {"fleet_id": scene.fleet, "month": "2026-05-01"}),
    Call("create_invite", OWNER, lambda scene, persona: {"fleet_id": scene.fleet, "role": "viewer"}),
    Call(
        "invite_preview", ALL_MEMBERS | {"stranger"}, lambda scene, persona: {"token": scene.victims[persona]["token"]}
    ),
    Call(
        "accept_invite", ALL_MEMBERS | {"stranger"}, lambda scene, persona: {"token": scene.victims[persona]["token"]}
    ),
    Call("create_fleet", ALL_MEMBERS | {"stranger"}, lambda scene, persona: {"name": "Another"}),
    Call("server_info", frozenset({"service"}), lambda scene, persona: {}),
    Call(
        "ingest",
        frozenset({"service"}),
        lambda scene, persona: {
            "messages": [scene.board.message("2026-05-01T08:00:00Z", 60)],
            "device_key_sha256": None,
            "batch": False,
        },
    ),
    Call("delete_fleet", OWNER, lambda scene, persona: {"fleet_id": scene.victims[persona]["fleet"]}),
    # At the end: it is for good. The owner is the last one of a fleet with other members.
    Call("delete_account", frozenset({"editor", "viewer", "stranger"}), lambda scene, persona: {}),
]
