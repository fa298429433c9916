"""What boards send to the function ingest, as the tools build it; the firmware builds its own in firmware/code.py."""

from datetime import UTC, datetime, timedelta
from typing import Any

BATCH_MESSAGES = 100  # at most in one request
TIMESTAMP_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def timestamp(moment: datetime | int) -> str:
    """A moment, or whole seconds since 1970, as it goes over the wire: `2025-10-23T18:00:00Z`."""
    if isinstance(moment, int):
        moment = datetime.fromtimestamp(moment, UTC)
    return moment.astimezone(UTC).strftime(TIMESTAMP_FORMAT)


def parse_timestamp(text: str) -> datetime:
    """The moment that `timestamp` wrote.

    Raises ValueError for every other form.
    """
    return datetime.strptime(text, TIMESTAMP_FORMAT).replace(tzinfo=UTC)


def epoch_seconds(text: str) -> int:
    """Whole seconds since 1970 of a timestamp; ValueError as above."""
    return int(parse_timestamp(text).timestamp())


def message(device_uuid: str, start: datetime | int, run_seconds: int, **fields: Any) -> dict[str, Any]:
    """A message about one session, closed and last updated at its end.

    `fields` add to it, or replace: the optional ones are in the table of supabase/README.md. What is not sensed is left
    out, never 0.
    """
    begin = datetime.fromtimestamp(start, UTC) if isinstance(start, int) else start
    session_start = timestamp(begin)
    return {
        "device_uuid": device_uuid,
        "session_start": session_start,
        "run_seconds": run_seconds,
        "last_update": timestamp(begin + timedelta(seconds=run_seconds)),
        "status": "closed",
        "msg_id": f"{device_uuid}:{session_start}:{run_seconds}",
        **fields,
    }
