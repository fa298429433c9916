"""The scene of the tests of rights: a fleet with one of everything, seen by its members and by everybody else."""

import json
from dataclasses import dataclass

from tests.supabase.project import (
    Board,
    Person,
    Project,
    Row,
    add_component,
    add_item,
    add_plane,
    add_tach,
    assign,
    enter_session,
    fleet_of,
    merge,
    settle_gap,
    split,
)

PERSONAS = ("owner", "editor", "viewer", "stranger", "anon", "service")
SCENE_CLOCK = "2026-06-01T12:00:00Z"
"""The server's time in the scene, whose sessions have dates: a year later some functions would leave them out."""


@dataclass(frozen=True)
class Scene:
    """A fleet with one of everything, and things to delete, one per persona."""

    people: dict[str, Person]
    fleet: str
    plane: str
    board: Board
    gappy: Board
    """A board with missing power-ups, one gap of one per persona that nobody has settled yet."""
    session: str
    reading: str
    meter: str
    """The plane's powered time."""
    victims: dict[str, dict[str, str]]
    """Persona -> kind of row -> identity of a row that this persona may try to delete."""


def flight_of(plane: str) -> list[Row]:
    """A file with one entry, from before there were boards."""
    return [{"row_number": 2, "plane_id": plane, "start": "1990-05-01T08:00:00Z", "seconds": 3600}]


def missing_boot(gap: int) -> int:
    """The power-up that is missing in a gap of the board with gaps: every second one."""
    return 2 * gap + 2


def set_scene(project: Project, people: dict[str, Person]) -> Scene:
    """A fleet of the owner's with members, a plane, a device with a session, a reading, and victims for everybody."""
    owner = people["owner"]
    fleet = fleet_of(owner)
    for role in ("editor", "viewer"):
        people[role].rows("select accept_invite(%s)", owner.value("select create_invite(%s, %s)", fleet, role))
    plane, board, gappy = add_plane(owner), project.board(), project.board()
    assign(owner, board, plane)
    assign(owner, gappy, plane)
    for number in range(2 * len(PERSONAS) + 1):
        gappy.report(f"2026-03-{number + 1:02}T08:00:00Z", 60, boot=missing_boot(number) - 1)
    board.report("2026-05-01T08:00:00Z", 3600, boot=3)
    board.report("2026-04-01T08:00:00Z", 3600, boot=1, start_source="estimated")  # something to review
    session = str(owner.value("select session_id from session_log order by effective_start desc limit 1"))
    owner.run("insert into session_annotations (session_id, class) values (%s, 'flight')", session)
    reading = owner.value("select (add_reading(%s, 3600, 'initial')).reading_id", plane)
    victims = {
        persona: _victims(project, owner, plane, board, gappy, number) for number, persona in enumerate(PERSONAS)
    }
    owner.rows("select close_month(%s, '1979-01-01')", fleet)
    meter = str(owner.value("select meter_id from meters where plane_id = %s and is_primary", plane))
    return Scene(people, fleet, plane, board, gappy, session, str(reading), meter, victims)


def _sensed(owner: Person, board: Board, number: int) -> str:
    """A session that the engine's time suggests a class for."""
    start = f"2026-05-{number + 10}T08:00:00Z"
    board.report(start, 60, boot=3, engine_seconds=0)
    return str(owner.value("select session_id from session_log where session_start = %s", start))


def _install(owner: Person, component: str, plane: str) -> str:
    """An installation, by its identity."""
    return str(owner.value("select (install_component(%s, %s, '2026-01-01')).installation_id", component, plane))


def _victims(project: Project, owner: Person, plane: str, board: Board, gappy: Board, number: int) -> dict[str, str]:
    fleet, device = fleet_of(owner), project.board()
    owner.rows("select claim_device(%s, null, %s)", device.device_uuid, fleet)
    member = project.add_member(owner, "viewer")
    owner.rows("select create_invite(%s, 'viewer')", fleet)
    club = owner.value("select create_fleet('Club')")
    token = owner.value("select create_invite(%s, 'viewer')", club)
    installed = add_component(owner)
    _install(owner, installed, plane)
    loose = [enter_session(owner, plane, f"2026-02-{day:02}T{number + 8:02}:00:00Z") for day in range(1, 11)]
    # what is suggested for merging
    enter_session(owner, plane, f"2026-05-{number + 20}T08:00:00Z", 600)
    enter_session(owner, plane, f"2026-05-{number + 20}T08:11:00Z", 600)
    split(owner, loose[8], 1800)
    completed = add_item(owner, plane)
    owner.rows("select complete_maintenance(%s)", completed)
    return {
        "fleet": str(owner.value("select create_fleet('Spare')")),
        "member": str(member.user_id),
        "plane": str(
            owner.value(
                "insert into planes (fleet_id, registration) values (%s, %s) returning plane_id", fleet, f"D-{number}"
            )
        ),
        "annotation": str(
            owner.value(
                "insert into session_annotations (hand_plane_id, hand_start, hand_seconds) values (%s, %s, 60)"
                " returning session_id",
                plane,
                f"2025-01-0{number + 1}",
            )
        ),
        "batch": str(
            owner.value(
                "select (import_sessions(gen_random_uuid(), %s, 'Logbook', null, '{}', %s)).batch_id",
                fleet,
                json.dumps(flight_of(plane)),
            )
        ),
        "loose": loose[0],
        "late": loose[1],
        "merged": merge(owner, *loose[2:4]),
        "grown": merge(owner, *loose[4:6], loose[9]),
        "taken_out": loose[9],
        "added": loose[6],
        "whole": loose[7],
        "split": loose[8],
        "meter": add_tach(owner, add_plane(owner, f"D-TACH{number}")),
        "second_meter": add_tach(owner, add_plane(owner, f"D-SECOND{number}")),
        "unclaimed": project.board().device_uuid,
        "invite": str(
            owner.value(
                "select invite_id from fleet_invites where fleet_id = %s and accepted_at is null"
                " order by invite_id limit 1 offset %s",
                fleet,
                number,
            )
        ),
        "token": str(token),
        "device": device.device_uuid,
        "assignment": str(
            owner.value(
                "select (assign_device(%s, %s, '2025-01-01T00:00:00Z')).assignment_id", device.device_uuid, plane
            )
        ),
        "sensed": _sensed(owner, board, number),
        "gap": settle_gap(owner, gappy, missing_boot(len(PERSONAS) + number)),
        "reading": str(
            owner.value("select (add_reading(%s, 60, 'check', %s)).reading_id", plane, f"2025-02-0{number + 1}")
        ),
        "component": add_component(owner),
        "shelved": add_component(owner),
        "installed": installed,
        "installation": _install(owner, add_component(owner), plane),
        "item": add_item(owner, plane),
        "waiting": add_item(owner, plane),
        "completed": completed,
        "completion": str(
            owner.value("select (complete_maintenance(%s)).completion_id", add_item(owner, component_id=installed))
        ),
    }
