"""The wire's form as the tools build it: the contract's own example, and times there and back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tools import wire

UUID = "550e8400-e29b-41d4-a716-446655440000"
MOMENT = datetime(2025, 10, 23, 18, 0, 0, tzinfo=UTC)
EXAMPLE = {
    "device_uuid": UUID,
    "session_start": "2025-10-23T18:00:00Z",
    "run_seconds": 1200,
    "last_update": "2025-10-23T18:20:00Z",
    "status": "open",
    "msg_id": f"{UUID}:2025-10-23T18:00:00Z:1200",
}


@pytest.mark.parametrize(
    "start", [MOMENT, int(MOMENT.timestamp()), MOMENT.astimezone(timezone(timedelta(hours=-5)))], ids=str
)
def test_the_message_is_the_contract_s(start: datetime | int) -> None:
    """Whatever form the start has, and in whatever zone."""
    assert EXAMPLE == wire.message(UUID, start, 1200, status="open")


def test_a_timestamp_reads_back_as_the_same_second() -> None:
    """There and back, as a moment and as seconds."""
    assert MOMENT == wire.parse_timestamp(wire.timestamp(MOMENT))
    assert 1_761_242_400 == wire.epoch_seconds(wire.timestamp(1_761_242_400))


@pytest.mark.parametrize("text", ["", "2025-10-23T18:00:00", "2025-10-23T18:00:00+00:00", "2025-13-01T00:00:00Z"])
def test_another_form_is_refused(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="does not match"):
        wire.parse_timestamp(text)
