"""sessions.json and its twin, joined: every session the board still has, from whichever copy is newer."""

from __future__ import annotations

import binascii
import copy
import csv
import io
import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from tools import wire
from tools.board.errors import BoardError
from tools.board.transport import Board
from tools.firmware_parts import load
from tools.remedies import LOGS

SESSIONS, TWIN, IDENTITY = "/sessions.json", "/logger/sessions.json", "/logger/identity.json"
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SET_ASIDE_NAME = re.compile(rf"sessions-({UUID.pattern})(?:-\d+)?\.json")
HEADER = re.compile(rf'"device_uuid": ?"({UUID.pattern})"'.encode())
FIRMWARE = load()
ESTIMATED = FIRMWARE.SOURCES[FIRMWARE.ESTIMATED]
# What spreadsheets pass over before they look for a formula, and what begins one: also full-width, also behind a
# semicolon or a tab, which half of the world's settings take for the separator.
_BLANK = r"[\u0001-\u0020\u007f-\u00a0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]*"
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
BEGINS_FORMULA = re.compile(rf"[\u0001-\u001f\u007f]|{_BLANK}{_SIGN}")
FORMULA_BEHIND_SEPARATOR = re.compile(rf"([;\t]{_BLANK})({_SIGN})")


@dataclass(frozen=True)
class Session:
    """One power-up, as the board keeps it; times as on the wire, `start` None while the clock is unknown."""

    boot: int
    start: str | None
    run_seconds: int
    last_update: str | None
    status: str
    acked_run_seconds: int
    start_source: str
    start_uncertainty_s: int | None
    lifetime: int
    acked_closed: bool
    rejected: bool
    sent: bool
    rev: int
    kept: Any = field(compare=False, repr=False)

    @classmethod
    def of(cls, kept: Any) -> Session:
        """A session of the firmware's in words."""
        uncertainty = kept.uncertainty if kept.source == FIRMWARE.ESTIMATED else kept.unmeasured or None
        return cls(
            boot=kept.boot,
            start=FIRMWARE.iso(kept.start) if kept.start else None,
            run_seconds=kept.run_seconds,
            last_update=FIRMWARE.iso(kept.start + kept.run_seconds) if kept.start else None,
            status=kept.status,
            acked_run_seconds=kept.acked_run_seconds,
            start_source=FIRMWARE.SOURCES[kept.source],
            start_uncertainty_s=None if uncertainty == FIRMWARE.UNKNOWN_UNCERTAINTY else uncertainty,
            lifetime=kept.lifetime_before,
            acked_closed=kept.has(kept.ACKED_CLOSED),
            rejected=kept.has(kept.REJECTED),
            sent=kept.has(kept.SENT),
            rev=kept.rev,
            kept=kept,
        )

    @property
    def delivery(self) -> str:
        """`delivered`, `partly` (open, or the end is missing), `unsent` or `rejected`."""
        if self.rejected:
            return "rejected"
        if self.acked_closed and self.acked_run_seconds >= self.run_seconds:
            return "delivered"
        return "partly" if self.acked_run_seconds or self.acked_closed else "unsent"


COLUMNS = [one.name for one in fields(Session) if one.compare]


@dataclass(frozen=True)
class Copy:
    """One of the two files: its sessions by boot, and how many of its lines are torn."""

    uuid: str
    sessions: dict[int, Session]
    torn: int
    present: bool = True

    @property
    def newest(self) -> tuple[int, int]:
        """Greatest (boot, rev): which copy was written last."""
        return max(((session.boot, session.rev) for session in self.sessions.values()), default=(0, 0))


NO_COPY = Copy("", {}, 0, present=False)


@dataclass(frozen=True)
class Store:
    """What a board keeps: the joined sessions in the order of its power-ups, and the state of both copies."""

    uuid: str
    sessions: list[Session]
    main: Copy
    twin: Copy

    @property
    def unsent(self) -> list[Session]:
        """Ended sessions that the server does not have wholly."""
        newest = self.sessions[-1].boot if self.sessions else 0
        return [one for one in self.sessions if one.delivery != "delivered" and one.boot != newest]

    @property
    def gaps(self) -> list[int]:
        """Numbers of power-ups that are missing between the first kept one and the last."""
        boots = {one.boot for one in self.sessions}
        return [boot for boot in range(min(boots), max(boots)) if boot not in boots] if boots else []


def parse_copy(data: bytes | None) -> Copy:
    """Read one file line by line, as the board does: a torn line costs only itself. Never raises."""
    if not data:
        return NO_COPY
    header = HEADER.search(data)
    uuid = header[1].decode() if header else ""
    seed = binascii.crc32(binascii.unhexlify(uuid.replace("-", ""))) if uuid else 0
    sessions: dict[int, Session] = {}
    torn = 0
    inside = False
    for raw in data.split(b"\n"):
        line = raw.strip(b" \0\xff\r")
        if line.startswith(b'{"device_uuid"'):
            inside = True
            continue
        if not line or line in (b'null], "journal": [', b"null]}", b"]}"):
            continue
        kept = FIRMWARE.Session.from_line(0, line, seed)
        session = Session.of(kept) if kept and kept.boot else None
        if session is None:
            torn += inside or line.startswith(b"{")
        elif session.boot not in sessions or sessions[session.boot].rev < session.rev:
            sessions[session.boot] = session
    return Copy(uuid, sessions, torn)


def join(main: Copy, twin: Copy) -> Store:
    """Every session of both copies, the newer line of each."""
    joined = dict(main.sessions)
    for boot, session in twin.sessions.items():
        if boot not in joined or joined[boot].rev < session.rev:
            joined[boot] = session
    uuid = main.uuid or twin.uuid
    return Store(uuid, [joined[boot] for boot in sorted(joined)], main, twin)


def read_store(board: Board) -> Store:
    """What the board keeps. Raises BoardError when there is neither file."""
    store = join(parse_copy(board.read(SESSIONS)), parse_copy(board.read(TWIN)))
    if not (store.main.present or store.twin.present):
        raise BoardError(
            f'{board.where} has no sessions yet: its program has not run to the end of "Preparing storage".'
            f" Look at {LOGS}; if it says nothing, install first."
        )
    return store


def is_laid_out(board: Board) -> bool:
    """Whether both files are there. By their names: to read them takes minutes over a serial port."""
    places = (path.rpartition("/") for path in (SESSIONS, TWIN))
    return all(name in _names(board, folder or "/") for folder, _, name in places)


def check_not_garbage(store: Store, where: str) -> None:
    """Raises BoardError for files without a header and without one line that is whole: "0 sessions" would be a lie."""
    if store.uuid or store.sessions or not (store.main.present or store.twin.present):
        return
    raise BoardError(
        f"{where}: neither the header of a sessions.json nor one whole line of it, so nothing can be read. It is"
        " damaged, or another file. Copy it from the board again, with the folder logger."
    )


def uuid_on(board: Board) -> str:
    """The device's UUID from its files; "" before the first start. The key beside it goes nowhere."""
    for path in (IDENTITY, SESSIONS):
        match = HEADER.search(board.read(path) or b"")
        if match:
            return match[1].decode()
    return ""


class FolderOfCopies:
    """A folder on this computer that holds what was copied from a board; or one file of that kind."""

    native_usb_drive = False

    def __init__(self, path: Path) -> None:
        self.where = str(path)
        self._path = path
        if not path.exists():
            raise BoardError(f"There is no {path}. Name the folder that holds the copied sessions.json.")

    def read(self, path: str) -> bytes | None:
        """See Board; a lone file stands for sessions.json."""
        if self._path.is_file():
            return self._path.read_bytes() if path == SESSIONS else None
        file = self._path / path.lstrip("/")
        return file.read_bytes() if file.is_file() else None

    def names(self, folder: str) -> list[str]:
        """Files in a folder."""
        place = self._path / folder.strip("/")
        return sorted(one.name for one in place.iterdir()) if place.is_dir() else []


@dataclass(frozen=True)
class SetAside:
    """Sessions of another device that a board has put away, and that device's key if its copy is there."""

    path: str
    store: Store
    key: str


def set_aside(board: Board | FolderOfCopies) -> list[SetAside]:
    """The files sessions-<uuid>.json on a board or in a copied folder, copies of the same device joined."""
    found: dict[str, list[str]] = {}
    for folder in ("/", "/logger"):
        names = board.names(folder) if isinstance(board, FolderOfCopies) else _names(board, folder)
        for name in sorted(names):
            match = SET_ASIDE_NAME.fullmatch(name)
            if match:
                found.setdefault(match[1], []).append(f"{folder.rstrip('/')}/{name}")
    result = []
    for uuid, paths in sorted(found.items()):
        copies = [parse_copy(board.read(path)) for path in paths]
        store = join(copies[0], NO_COPY)
        for other in copies[1:]:
            store = join(Copy(store.uuid, {one.boot: one for one in store.sessions}, 0), other)
        check_not_garbage(store, f"{', '.join(paths)} in {board.where}")
        key = _key(board.read(f"/logger/identity-{uuid}.json"), uuid)
        result.append(SetAside(", ".join(paths), replace(store, uuid=uuid), key))
    return result


def _names(board: Board, folder: str) -> Iterator[str]:
    return (entry.name for entry in board.list(folder) or () if not entry.is_folder)


def _key(data: bytes | None, uuid: str) -> str:
    try:
        kept = json.loads(data or b"{}")
    except ValueError:
        return ""
    if not isinstance(kept, dict) or kept.get("device_uuid") != uuid:
        return ""
    key = kept.get("device_key", "")
    return key if re.fullmatch(r"[0-9a-f]{64}", str(key)) else ""


# Starts that the board never learnt: placed as its next power-up would have placed them


class _Kept:
    """What the firmware's estimator asks of its table: the sessions by power-up, the open one last."""

    starts_resolved = False

    def __init__(self, sessions: list[Any]) -> None:
        self._sessions = sessions
        self.current = sessions[-1]

    def by_boot(self) -> list[int]:
        return list(range(len(self._sessions)))

    def at(self, slot: int) -> Any:
        return self._sessions[slot]

    def packed_starts(self, besides: int) -> bytes:
        return b"".join(struct.pack("<I", 0 if one.boot == besides else one.start) for one in self._sessions)

    def save(self, session: Any) -> None:
        session.rev += 1


def with_starts(sessions: list[Session], now: str) -> list[Session]:
    """Every session with the start that the board would give it at its next power-up, if that were `now`."""
    kept = [copy.copy(one.kept) for one in sessions]
    for slot, one in enumerate(kept):
        one.slot = slot
    at = wire.epoch_seconds(now)
    begun = FIRMWARE.Session(len(kept), (kept[-1].boot + 1 if kept else 1, 0, at, 0, 0, 0, 0, 0, 0))
    FIRMWARE.StartEstimator(_Kept([*kept, begun]), lambda: None).resolve(at)
    return [Session.of(one) for one in kept]


def message(uuid: str, session: Session) -> dict[str, Any]:
    """The message that the board would post; the session needs a start."""
    optional: dict[str, Any] = {"boot": session.boot, "start_source": session.start_source}
    if session.start_source == ESTIMATED or session.start_uncertainty_s:
        optional["start_uncertainty_s"] = session.start_uncertainty_s
    start = wire.epoch_seconds(str(session.start))
    return wire.message(
        uuid, start, session.run_seconds, status=session.status, last_update=session.last_update, **optional
    )


# For people and programs


def rows(store: Store) -> list[dict[str, Any]]:
    """One dictionary per session, oldest first."""
    return [{**{name: getattr(one, name) for name in COLUMNS}, "delivery": one.delivery} for one in store.sessions]


def as_json(store: Store) -> str:
    """The store as JSON."""
    return json.dumps({"device_uuid": store.uuid, "sessions": rows(store)}, indent=1)


def as_csv(store: Store) -> str:
    """The store as CSV with a header line."""
    out = io.StringIO()
    columns = ["device_uuid", *COLUMNS, "delivery"]
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows(store):
        writer.writerow({name: cell(value) for name, value in {"device_uuid": store.uuid, **row}.items()})
    return out.getvalue()


def cell(value: Any) -> Any:
    """A value as a spreadsheet should take it: a text that it would calculate gets an apostrophe in front."""
    if not isinstance(value, str):
        return value
    guarded = f"'{value}" if BEGINS_FORMULA.match(value) else value
    return FORMULA_BEHIND_SEPARATOR.sub(r"\1'\2", guarded)
