"""The log's entries worked out the plain and slow way, from what people and boards said and the rules of the README.

What a session is by itself (its state, quality, overlaps, whether it counts) is taken from `session_log`, which has
tests of its own; how several become one entry, or one several, is worked out here.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.supabase.oracle import Meters, union_seconds
from tests.supabase.project import Person, Project, Row

LEAST_GOOD_FIRST = ("flagged", "clock_estimated", "unconfirmed", "hand_entered", "measured")
SHORT_SECONDS = 180
GROUND_RUN_SECONDS = 600
AS_ITS_SESSION = [
    *("plane_id", "device_uuid", "state", "quality", "excluded", "clock_checked", "corrected", "overlaps", "flagged"),
    *("start_source", "checkpoint_seconds", "held_seconds", "received_at", "heard_at", "status", "last_update"),
]
"""What a part has of its session as it is."""


@dataclass(frozen=True)
class Facts:
    """What was said, and the sessions as they are."""

    sessions: dict[str, Row]
    merges: list[Row]
    members: dict[str, list[str]]
    parts: dict[str, list[Row]]
    meters: dict[str, tuple[Meters, str]]
    """Plane -> its meters, and which of them is powered time."""


def load(project: Project, person: Person) -> Facts:
    """Read what a person's fleets have; of the overlays only what people say."""
    sessions = _rows(person, "select l.*, s.counts from session_log l join sessions s using (session_id)")
    merges = _rows(person, "select entry_id, class, pilot, remarks, author_id, updated_at from merged_entries")
    members: dict[str, list[str]] = {merge["entry_id"]: [] for merge in merges}
    for row in _rows(person, "select entry_id, session_id from merged_sessions"):
        members[row["entry_id"]].append(row["session_id"])
    parts: dict[str, list[Row]] = {}
    said = "entry_id, session_id, from_seconds, class, pilot, remarks, author_id, updated_at"
    for row in _rows(person, f"select {said} from session_parts order by from_seconds"):
        parts.setdefault(row["session_id"], []).append(row)
    meters = {}
    for plane in {row["plane_id"] for row in sessions if row["plane_id"]}:
        of_plane = Meters.of(project, plane)
        [powered] = [key for key, meter in of_plane.meters.items() if meter["source"] == "powered"]
        meters[plane] = (of_plane, powered)
    return Facts({row["session_id"]: row for row in sessions}, merges, members, parts, meters)


def _rows(person: Person, query: str) -> list[Row]:
    """Rows with identities as texts."""
    return [{name: plain(value) for name, value in row.items()} for row in person.rows(query)]


def plain(value: Any) -> Any:
    """A value as it is compared: identities are texts."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    return str(value) if type(value).__name__ == "UUID" else value


def entries(facts: Facts) -> dict[str, Row]:
    """entry_id -> what its row of the log shows; a figure that is not worked out here is left out."""
    log: dict[str, Row] = {}
    in_entry: set[str] = set(facts.parts)
    for merge in facts.merges:
        standing = _standing([facts.sessions[one] for one in facts.members[merge["entry_id"]] if one in facts.sessions])
        if standing:
            log[merge["entry_id"]] = _merged(facts, merge, standing)
            in_entry |= {row["session_id"] for row in standing}
    for session_id, parts in facts.parts.items():
        log |= _parts(facts, facts.sessions[session_id], parts)
    for session_id, row in facts.sessions.items():
        if session_id not in in_entry:
            own = {name: value for name, value in row.items() if name not in ("counts", "entry_id")}
            log[session_id] = own | _of_kind("session", [session_id]) | {"session_id": session_id}
    return log


def entry_of_session(facts: Facts, log: dict[str, Row]) -> dict[str, str | None]:
    """session_id -> the entry that it is in, None: it is split."""
    found: dict[str, str | None] = dict.fromkeys(facts.sessions)
    for entry_id, row in log.items():
        if row["kind"] != "part":
            found |= dict.fromkeys(row["session_ids"], entry_id)
    return found


def _of_kind(kind: str, session_ids: list[str], gap_seconds: int = 0) -> Row:
    return {
        "kind": kind,
        "session_ids": session_ids,
        "gap_seconds": gap_seconds,
        "part_number": None,
        "part_count": None,
    }


def _by_start(row: Row) -> tuple[datetime, str]:
    return row["effective_start"], row["session_id"]


def _standing(sessions: list[Row]) -> list[Row]:
    """The sessions of a merge that are one entry now, by start: those in the plane with most of them, two at least."""
    planes = Counter(row["plane_id"] for row in sessions if row["plane_id"] is not None)
    most = max(planes.values(), default=0)
    if most < 2:
        return []
    [plane, *_] = [row["plane_id"] for row in sorted(sessions, key=_by_start) if planes.get(row["plane_id"]) == most]
    return sorted((row for row in sessions if row["plane_id"] == plane), key=_by_start)


def _hobbs(facts: Facts, plane: str | None, counts: bool, t: datetime) -> int | None:
    if plane is None or not counts:
        return None
    meters, powered = facts.meters[plane]
    return meters.figure(powered, t)


def _sum(rows: list[Row], column: str) -> int | None:
    figures = [row[column] for row in rows if row[column] is not None]
    return sum(figures) if figures else None


def _merged(facts: Facts, merge: Row, sessions: list[Row]) -> Row:
    first, last = sessions[0], max(sessions, key=lambda row: (row["session_end"], *_by_start(row)))
    begin, end = first["effective_start"], last["session_end"]
    counting = [row for row in sessions if row["counts"]] or sessions
    spans = [(row["effective_start"], row["session_end"]) for row in counting]
    run_seconds = union_seconds(spans, begin, end)
    engine_seconds = _sum(sessions, "engine_seconds")
    devices = {row["device_uuid"] for row in sessions}
    counts = any(row["counts"] for row in sessions)
    is_estimated = any(row["start_source"] == "estimated" for row in sessions)
    gap_seconds = int((end - begin).total_seconds()) - run_seconds
    return _of_kind("merged", [row["session_id"] for row in sessions], gap_seconds) | {
        "session_id": None,
        "plane_id": first["plane_id"],
        "registration": first["registration"],
        "fleet_id": first["fleet_id"],
        "device_uuid": devices.pop() if len(devices) == 1 else None,
        "effective_start": begin,
        "session_end": end,
        "run_seconds": run_seconds,
        "status": last["status"],
        "state": last["state"],
        "quality": min((mark for row in sessions for mark in _marks(row)), key=LEAST_GOOD_FIRST.index),
        "short": run_seconds < SHORT_SECONDS,
        "class": merge["class"],
        "pilot": merge["pilot"],
        "remarks": merge["remarks"],
        "annotated_by": merge["author_id"],
        "annotated_at": merge["updated_at"],
        "excluded": all(row["excluded"] for row in sessions),
        "clock_checked": all(row["clock_checked"] for row in sessions),
        "corrected": any(row["corrected"] for row in sessions),
        "flagged": any(row["flagged"] for row in sessions),
        "overlaps": any(row["overlaps"] for row in sessions),
        "hobbs_start_seconds": _hobbs(facts, first["plane_id"], counts, begin),
        "hobbs_end_seconds": _hobbs(facts, first["plane_id"], counts, end),
        "engine_seconds": engine_seconds,
        "suggested_class": _suggested(merge["class"], engine_seconds, last["state"]),
        "checkpoint_seconds": _sum(sessions, "checkpoint_seconds"),
        "held_seconds": _sum(sessions, "held_seconds"),
        "start_source": "estimated" if is_estimated else first["start_source"],
        "received_at": min(row["received_at"] for row in sessions),
        "heard_at": last["heard_at"],
    }


def _marks(session: Row) -> set[str]:
    """All that there is to say against a session's times; its own quality is the first of them, in another order."""
    marks = {session["quality"]}
    if session["start_source"] == "estimated" and not session["clock_checked"]:
        marks.add("clock_estimated")
    if session["state"] == "unconfirmed":
        marks.add("unconfirmed")
    return marks


def _suggested(said: str | None, engine_seconds: int | None, state: str) -> str | None:
    if said is not None or engine_seconds is None or state not in ("ended", "unconfirmed"):
        return None
    if engine_seconds == 0:
        return "avionics_only"
    return "ground_run" if engine_seconds < GROUND_RUN_SECONDS else "flight"


def _parts(facts: Facts, session: Row, said: list[Row]) -> dict[str, Row]:
    length = int((session["session_end"] - session["effective_start"]).total_seconds())
    there = [part for part in said if part["from_seconds"] == 0 or part["from_seconds"] < length]
    log = {}
    for number, part in enumerate(there, 1):
        begin = session["effective_start"] + timedelta(seconds=part["from_seconds"])
        until = length if part is there[-1] else there[number]["from_seconds"]
        end = session["effective_start"] + timedelta(seconds=until)
        log[part["entry_id"]] = {name: session[name] for name in AS_ITS_SESSION} | {
            **_of_kind("part", [session["session_id"]]),
            "state": session["state"] if part is there[-1] else "ended",
            "session_id": session["session_id"],
            "part_number": number,
            "part_count": len(there),
            "effective_start": begin,
            "session_end": end,
            "run_seconds": until - part["from_seconds"],
            "short": until - part["from_seconds"] < SHORT_SECONDS,
            "class": part["class"],
            "pilot": part["pilot"],
            "remarks": part["remarks"],
            "annotated_by": part["author_id"],
            "annotated_at": part["updated_at"],
            "hobbs_start_seconds": _hobbs(facts, session["plane_id"], session["counts"], begin),
            "hobbs_end_seconds": _hobbs(facts, session["plane_id"], session["counts"], end),
            "engine_seconds": None,
            "suggested_class": None,
            "possible_duplicate_of": None,
        }
    return log
