"""What a monthly report says, worked out plainly and slowly from what is stored: to hold the database against.

The log's entries, meters, maintenance and what came late are gone through row by row; no view and no function of the
database is asked for a figure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.supabase import due_oracle
from tests.supabase.due_oracle import Facts
from tests.supabase.oracle import Meters, union_seconds
from tests.supabase.project import Project, Row

SILENT = timedelta(minutes=10)
"""An open session whose device has not been heard for so long has ended, as far as anybody knows."""
LEAST_GOOD = ("flagged", "clock_estimated", "unconfirmed", "hand_entered", "measured")
METERS = ("powered", "engine", "estimated")
TIMES = {"excluded", "corrected_start", "clock_checked"}
OF_A_CHANGED_ENTRY = TIMES | {"hand_plane_id", "hand_start", "hand_seconds"}


@dataclass(frozen=True)
class Period:
    """A month in a time zone."""

    month: date
    zone: str

    def _begin(self, first_day: date) -> datetime:
        return datetime(first_day.year, first_day.month, 1, tzinfo=ZoneInfo(self.zone)).astimezone(UTC)

    @property
    def begins(self) -> datetime:
        """Its first instant."""
        return self._begin(self.month)

    @property
    def ends(self) -> datetime:
        """The first instant after it."""
        return self._begin((self.month + timedelta(days=31)).replace(day=1))


@dataclass(frozen=True)
class Earlier:
    """A report that was made before: what it says, and how long each session was at that moment."""

    report: Row
    """As it is stored, with its content read."""
    seconds: dict[str, int]


def known_seconds(project: Project) -> dict[str, int]:
    """How long each session of a device is at this moment."""
    rows = project.admin.execute(
        "select session_id, run_seconds from sessions where device_uuid is not null"
    ).fetchall()
    return {str(row["session_id"]): row["run_seconds"] for row in rows}


def _iso(t: datetime | None) -> str | None:
    return None if t is None else f"{t.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _rows(project: Project, query: str, *values: Any) -> list[Row]:
    return project.admin.execute(query.encode(), values).fetchall()


def report(
    project: Project, clock: datetime, period: Period, fleet: str, made_by: str | None, earlier: Earlier | None
) -> Row:
    """The whole report of a fleet's month as it is made at this moment."""
    facts = due_oracle.load(project, clock, period.zone)
    entries = _entries(project, facts, period)
    [named] = _rows(project, "select name from fleets where fleet_id = %s", fleet)
    planes = _planes(facts, period, entries)
    return {
        "format": "uptime-logger-monthly-report-1",
        "fleet": {"fleet_id": fleet, "name": named["name"]},
        "month": f"{period.month:%Y-%m}",
        "time_zone": period.zone,
        "begins": _iso(period.begins),
        "ends": _iso(period.ends),
        "made_at": _iso(clock) if made_by else None,
        "made_by": made_by,
        "earlier_report": earlier
        and {
            "report_id": str(earlier.report["report_id"]),
            "month": f"{earlier.report['month']:%Y-%m}",
            "sha256": earlier.report["sha256"],
        },
        "planes": planes,
        "no_plane": {"entries": [_said(facts, entry) for entry in entries if entry["plane_id"] is None]},
        "maintenance": {"done": _done(project, facts, period), "due": _due(project, facts)},
        "corrections": _corrections(project, made_by, earlier.report["made_at"] if earlier else period.begins),
        "after_the_lock": _after_the_lock(project, facts, period, earlier),
        "carried": _carried(planes, period, earlier),
    }


# Entries


def _doubts(facts: Facts, session: Row, newest: dict[Any, datetime]) -> list[str]:
    """All that stands against a session's times; the first is the session's quality."""
    is_over = session["heard_at"] <= facts.clock - SILENT or session["effective_start"] < newest[session["device_uuid"]]
    found = {
        "hand_entered": session["device_uuid"] is None,
        "flagged": session["flagged"],
        "unconfirmed": session["status"] == "open" and is_over,
        "clock_estimated": session["start_source"] == "estimated" and not session["clock_checked"],
        "measured": True,
    }
    return [doubt for doubt, is_so in found.items() if is_so]


def _entries(project: Project, facts: Facts, period: Period) -> list[Row]:
    """The entries that begin in the month, in order: merged sessions as one, parts of split ones, and all others."""
    sessions = {
        str(row["session_id"]): row for row in _rows(project, "select * from sessions where fleet_id is not null")
    }
    remarks = {str(row["session_id"]): row["remarks"] for row in _rows(project, "select * from session_annotations")}
    newest: dict[Any, datetime] = {}
    for row in sessions.values():
        if not row["flagged"]:
            known = newest.get(row["device_uuid"], row["effective_start"])
            newest[row["device_uuid"]] = max(known, row["effective_start"])
    for row in sessions.values():
        row["doubts"] = _doubts(facts, row, newest)
        row["quality"] = row["doubts"][0]
    overlaid: set[str] = set()
    entries: list[Row] = []
    for merged in _rows(project, "select * from merged_entries"):
        members = _rows(project, "select session_id from merged_sessions where entry_id = %s", merged["entry_id"])
        here = _on_one_plane([sessions[str(row["session_id"])] for row in members])
        if here:
            overlaid |= {str(session["session_id"]) for session in here}
            entries.append(_merged(merged, here))
    cuts: dict[str, list[Row]] = {}
    for cut in _rows(project, "select * from session_parts order by from_seconds"):
        cuts.setdefault(str(cut["session_id"]), []).append(cut)
    for session, parts in cuts.items():
        overlaid.add(session)
        entries += _parts(sessions[session], parts)
    for session, row in sessions.items():
        if session not in overlaid:
            entries.append(row | {"entry_id": session, "kind": "session", "remarks": remarks.get(session)})
    return sorted(
        (entry for entry in entries if period.begins <= entry["effective_start"] < period.ends),
        key=lambda entry: (entry["effective_start"], str(entry["entry_id"])),
    )


def _on_one_plane(members: list[Row]) -> list[Row]:
    """Those on the plane on which most of them are, at least two; of several such planes, on that of the earliest."""
    planes: dict[str, list[Row]] = {}
    for session in members:
        if session["plane_id"] is not None:
            planes.setdefault(str(session["plane_id"]), []).append(session)
    several = [(plane, found) for plane, found in planes.items() if len(found) >= 2]
    several.sort(key=lambda one: (-len(one[1]), min(session["effective_start"] for session in one[1]), one[0]))
    return several[0][1] if several else []


def _merged(said: Row, sessions: list[Row]) -> Row:
    counting = [session for session in sessions if session["counts"]] or sessions
    spans = [(session["effective_start"], session["session_end"]) for session in counting]
    begin = min(session["effective_start"] for session in sessions)
    end = max(session["session_end"] for session in sessions)
    sensed = [session["engine_seconds"] for session in sessions if session["engine_seconds"] is not None]
    return {
        "entry_id": said["entry_id"],
        "kind": "merged",
        "plane_id": sessions[0]["plane_id"],
        "effective_start": begin,
        "session_end": end,
        "run_seconds": union_seconds(spans, begin, end),
        "engine_seconds": sum(sensed) if sensed else None,
        "class": said["class"],
        "pilot": said["pilot"],
        "remarks": said["remarks"],
        "excluded": all(session["excluded"] for session in sessions),
        "quality": min((doubt for session in sessions for doubt in session["doubts"]), key=LEAST_GOOD.index),
        "counts": any(session["counts"] for session in sessions),
    }


def _parts(session: Row, parts: list[Row]) -> Iterable[Row]:
    lasts = int((session["session_end"] - session["effective_start"]).total_seconds())
    reached = [part for part in parts if part["from_seconds"] == 0 or part["from_seconds"] < lasts]
    ends = [part["from_seconds"] for part in reached[1:]] + [lasts]
    for part, until in zip(reached, ends, strict=True):
        yield session | {
            "entry_id": part["entry_id"],
            "kind": "part",
            "effective_start": session["effective_start"] + timedelta(seconds=part["from_seconds"]),
            "session_end": session["effective_start"] + timedelta(seconds=until),
            "run_seconds": until - part["from_seconds"],
            "engine_seconds": None,
            "class": part["class"],
            "pilot": part["pilot"],
            "remarks": part["remarks"],
        }


def _said(facts: Facts, entry: Row) -> Row:
    """An entry as the report has it, with the plane's hours at its begin and end."""
    start, end = (_hobbs(facts, entry, entry[edge]) for edge in ("effective_start", "session_end"))
    return {
        "entry_id": str(entry["entry_id"]),
        "kind": entry["kind"],
        "effective_start": _iso(entry["effective_start"]),
        "session_end": _iso(entry["session_end"]),
        **{name: entry[name] for name in ("run_seconds", "engine_seconds", "class", "pilot", "remarks", "excluded")},
        "quality": entry["quality"],
        "hobbs_start_seconds": start,
        "hobbs_end_seconds": end,
    }


def _hobbs(facts: Facts, entry: Row, t: datetime) -> int | None:
    if entry["plane_id"] is None or not entry["counts"]:
        return None
    meters = _meters(facts, entry["plane_id"])
    [powered] = [meter for meter, row in meters.meters.items() if row["source"] == "powered"]
    return meters.figure(powered, t)


# Planes


def _meters(facts: Facts, plane: Any) -> Meters:
    return next(
        meters
        for meters in facts.meters.values()
        if any(str(row["plane_id"]) == str(plane) for row in meters.meters.values())
    )


def _planes(facts: Facts, period: Period, entries: list[Row]) -> list[Row]:
    """Those in use in the month or since, and those that have an entry in it."""
    planes = []
    for plane, row in sorted(facts.planes.items(), key=lambda one: (one[1]["registration_key"], one[0])):
        own = [_said(facts, entry) for entry in entries if str(entry["plane_id"]) == plane]
        if row["archived_at"] is not None and row["archived_at"] < period.begins and not own:
            continue
        meters = _meters(facts, plane)
        spans = meters.spans
        is_sensed = union_seconds(spans["sensed"], period.begins, period.ends) > 0
        in_order = sorted(
            meters.meters.values(),
            key=lambda m: (not m["is_primary"], METERS.index(m["source"]), m["name"].lower(), str(m["meter_id"])),
        )
        planes.append(
            {
                "plane_id": plane,
                "registration": row["registration"],
                "powered_seconds": union_seconds(spans["powered"], period.begins, period.ends),
                "engine_seconds": union_seconds(spans["engine"], period.begins, period.ends) if is_sensed else None,
                "meters": [
                    {
                        "meter_id": str(meter["meter_id"]),
                        "name": meter["name"],
                        "source": meter["source"],
                        "is_primary": meter["is_primary"],
                        "opening_seconds": meters.figure(str(meter["meter_id"]), period.begins),
                        "closing_seconds": meters.figure(str(meter["meter_id"]), period.ends),
                    }
                    for meter in in_order
                ],
                "entries_count": len(own),
                "entries": own,
            }
        )
    return planes


# Maintenance


def _component(project: Project, component: str | None) -> str | None:
    if component is None:
        return None
    [row] = _rows(project, "select * from components where component_id = %s", component)
    return " ".join(row[name] for name in ("make", "model", "serial") if row[name]) or row["kind"]


def _done(project: Project, facts: Facts, period: Period) -> list[Row]:
    items = {str(row["item_id"]): row for row in _rows(project, "select * from maintenance_items")}
    done = [row for completions in facts.completions.values() for row in completions]
    done = [row for row in done if period.begins <= row["done_at"] < period.ends]
    rows = []
    for completion in sorted(done, key=lambda row: (row["done_at"], row["entry"])):
        item, at = items[completion["item_id"]], completion["done_at"]
        figure = completion["meter_seconds"]
        if figure is None and item["interval_seconds"] is not None:
            if item["component_id"] is None:
                figure = facts.meters[str(item["meter_id"])].figure(str(item["meter_id"]), at)
            else:
                figure = due_oracle.component_seconds(facts, str(item["component_id"]), at, item["counts_from"])
        rows.append(
            {
                "completion_id": completion["completion_id"],
                "item": item["name"],
                "registration": item["plane_id"] and facts.planes[str(item["plane_id"])]["registration"],
                "component": _component(project, item["component_id"]),
                "done_on": completion["done_on"].isoformat(),
                "figure_seconds": figure,
                "note": completion["note"],
            }
        )
    return rows


def _due(project: Project, facts: Facts) -> list[Row]:
    names = {row["item_id"]: row["name"] for row in facts.items}
    found = [
        (item, row) for item, row in due_oracle.status(facts).items() if row["status"] in ("due_soon", "due", "overdue")
    ]
    return [
        {
            "item_id": item,
            "item": names[item],
            "registration": row["plane_id"] and facts.planes[row["plane_id"]]["registration"],
            "component": _component(project, row["component_id"]),
            "status": row["status"],
            "due_seconds": row["due_seconds"],
            "remaining_seconds": row["remaining_seconds"],
            "due_on": row["due_on"] and row["due_on"].isoformat(),
            "remaining_days": row["remaining_days"],
        }
        for item, row in sorted(found, key=lambda one: (-one[1]["urgency"], one[0]))
    ]


# What changed


def _is_correction(activity: Row) -> bool:
    before, after = activity["before"] or {}, activity["after"] or {}
    match activity["subject"]:
        case "session_annotations":
            return bool(OF_A_CHANGED_ENTRY & before.keys() or TIMES & after.keys())
        case "hour_readings" | "maintenance_completions":
            return bool(activity["action"] == "update")
        case "fleets":
            return "locked_until" in before.keys() | after.keys()
        case subject:
            return subject in ("device_assignments", "import_batches")


def _corrections(project: Project, made_by: str | None, since: datetime) -> list[Row]:
    """What was put right since a time; the author is the only member of the fleet."""
    activities = _rows(
        project,
        "select a.*, p.registration from activity a left join planes p using (plane_id) where at >= %s"
        " order by activity_id",
        since,
    )
    return [
        {
            "at": _iso(row["at"]),
            "author": made_by,
            **{name: row[name] for name in ("subject", "action", "registration", "label", "before", "after")},
        }
        for row in activities
        if _is_correction(row)
    ]


def _after_the_lock(project: Project, facts: Facts, period: Period, earlier: Earlier | None) -> list[Row]:
    """What boards delivered since the report before, of times before the month: new sessions, and those that grew."""
    if earlier is None:
        return []
    said = earlier.report["said"]
    listed = [entry for plane in [*said["planes"], said["no_plane"]] for entry in plane["entries"]]
    reported = {entry["entry_id"]: entry["run_seconds"] for entry in listed if entry["kind"] == "session"}
    reported |= {row["session_id"]: row["run_seconds"] for row in said["after_the_lock"]}
    sessions = _rows(
        project,
        "select * from sessions where fleet_id is not null and device_uuid is not null and effective_start < %s"
        " order by effective_start, session_id",
        period.begins,
    )
    return [
        {
            "session_id": str(row["session_id"]),
            "registration": row["plane_id"] and facts.planes[str(row["plane_id"])]["registration"],
            "effective_start": _iso(row["effective_start"]),
            "run_seconds": row["run_seconds"],
            "reported_seconds": reported.get(str(row["session_id"])),
            "received_at": _iso(row["received_at"]),
        }
        for row in sessions
        if row["run_seconds"] > earlier.seconds.get(str(row["session_id"]), -1)
    ]


def _carried(planes: list[Row], period: Period, earlier: Earlier | None) -> list[Row]:
    """Meters that open the month at another figure than the one at which they closed the month before."""
    if earlier is None or earlier.report["ends"] != period.begins:
        return []
    closed = {
        meter["meter_id"]: meter["closing_seconds"]
        for plane in earlier.report["said"]["planes"]
        for meter in plane["meters"]
    }
    return [
        {
            "meter_id": meter["meter_id"],
            "registration": plane["registration"],
            "name": meter["name"],
            "reported_closing_seconds": closed[meter["meter_id"]],
            "opening_seconds": meter["opening_seconds"],
        }
        for plane in planes
        for meter in plane["meters"]
        if meter["meter_id"] in closed and closed[meter["meter_id"]] != meter["opening_seconds"]
    ]
