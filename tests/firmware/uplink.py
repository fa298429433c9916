"""Backlogs to deliver, and what of them reached the server."""

import json
import zlib
from datetime import timedelta
from typing import Any

from tests.firmware.cuts import LINE_BYTES, PAD_LINES
from tests.firmware.world import MORNING, World
from tools import wire
from tools.simulator import (
    Fault,
    SeenRequest,
    answer,
)

MINUTE = 60
HOUR = 3600
CALL_SECONDS = 30
BATCH_MESSAGES = 20
REPLY_TO_ANOTHER = answer(200, b'{"ok": true, "results": [{"msg_id": "of:another:1", "outcome": "stored"}]}')
PAGE_NOT_FOUND = Fault("answer", 404, {"Content-Type": "text/html"}, b"<h1>Not found</h1>")


def give_backlog(world: World, count: int, *, every: timedelta = timedelta(minutes=20), **extra: object) -> None:
    """Write `count` ended, unsent sessions of 10 minutes to the drive of a board without power, as boots 2 and up.

    They start every `every` from an hour after the first power-up on; the world is moved on to an hour after the last.
    """
    seed = zlib.crc32(bytes.fromhex(world.device_uuid.replace("-", "")))
    files = {path: bytearray(world.board.read_file(path)) for path in ("/sessions.json", "/logger/sessions.json")}
    for boot in range(2, count + 2):
        start = MORNING + timedelta(hours=1) + every * (boot - 2)
        end = start + timedelta(minutes=10)
        entry = {
            "start": wire.timestamp(start),
            "run_seconds": 600,
            "acked_run_seconds": 0,
            "last_update": wire.timestamp(end),
        }
        entry |= {"status": "closed", "boot": boot, "rev": 1, **extra}
        text = json.dumps(entry, separators=(",", ":"))[:-1]
        line = f'{text},"crc":"{zlib.crc32(text.encode(), seed):08x}"}},'.ljust(LINE_BYTES - 1) + "\n"
        at = (PAD_LINES + boot) * LINE_BYTES
        for content in files.values():
            content[at : at + LINE_BYTES] = line.encode()
    for path, content in files.items():
        world.drive.outside_write(path, bytes(content))
    last = MORNING + timedelta(hours=2) + every * count
    world.park((last - world.board.clock.true_time).total_seconds())


def messages(request: SeenRequest) -> list[dict[str, Any]]:
    """The messages of a POST."""
    found: list[dict[str, Any]] = json.loads(request.body)
    return found


def posts(world: World, begin: int = 0) -> list[SeenRequest]:
    """The POSTs that reached the proxy, from request number `begin` on."""
    return [request for request in world.proxy.requests[begin:] if request.method == "POST"]


def boots(request: SeenRequest) -> list[int]:
    """Which sessions a POST carried."""
    return [message["boot"] for message in messages(request)]


def log_has(world: World, text: str) -> bool:
    """Whether some console line holds the text."""
    return any(text in line for line in world.board.lines)
