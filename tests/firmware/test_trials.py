"""The trials that every build must pass: the board's real code, a real function, a real database."""

from pathlib import Path

from tests.firmware.world import CHECKPOINT_SECONDS, World
from tools.simulator import PASS, http_error

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
CALL_SECONDS = 10  # a network call in progress delays the next checkpoint


def joins(world: World) -> int:
    """How often the board has joined a network."""
    return sum(line.startswith("Wi-Fi: 192.") for line in world.board.lines)


def test_power_off_mid_update_loses_at_most_a_checkpoint(world: World) -> None:
    """Power cut in the middle of a flash write: the session survives, short by one checkpoint interval at most."""
    world.prepare()
    world.board.power_cut_at_flash_operation(1)

    world.fly(60)
    cut_at = world.board.clock.elapsed_seconds
    world.park(600)
    world.fly(120)

    first, second = world.stored()
    assert (first["status"], second["status"]) == ("closed", "open")
    assert cut_at - CHECKPOINT_SECONDS - CALL_SECONDS <= first["run_seconds"] <= cut_at
    assert world.delivered()
    assert (FIRMWARE / "code.py").read_bytes() == world.drive.outside_read("/code.py")


def test_wifi_gone_counts_on_and_catches_up(world: World) -> None:
    """The router is dead for a whole session: it is counted, kept, and delivered when Wi-Fi is back."""
    world.prepare()
    world.park(3600)
    world.router.up = False
    world.fly(1800)
    assert len(world.stored()) == 1
    world.park(7200)
    world.router.up = True

    world.fly(120)

    sessions = world.stored()
    assert len(sessions) == 3
    offline = sessions[1]
    assert 1800 - CHECKPOINT_SECONDS - CALL_SECONDS <= offline["run_seconds"] <= 1800
    assert (offline["start_source"], offline["status"]) == ("estimated", "closed")
    # Two hours before and one hour after it were without power: it lies somewhere between.
    assert offline["start_uncertainty_s"] is not None
    assert abs(offline["start_uncertainty_s"] - (3600 + 7200) / 2) <= 60
    assert world.delivered()


def test_http_500_is_an_outage(world: World) -> None:
    """The server fails for ten minutes: nothing is acked, the board backs off, then everything arrives once."""
    world.prepare()
    world.proxy.fault = http_error(500)
    before = len(world.proxy.requests)
    world.fly(600)
    tries = len(world.proxy.requests) - before
    world.proxy.fault = PASS

    world.fly(400)

    assert 3 <= tries <= 12
    (session,) = world.stored()
    elapsed = world.board.clock.elapsed_seconds
    assert elapsed - 60 - CALL_SECONDS - CHECKPOINT_SECONDS <= session["run_seconds"] <= elapsed


def test_router_toggled_rejoins_within_half_a_minute(world: World) -> None:
    """The router restarts: the board joins again within 30 s of its return, in the same session."""
    world.prepare()
    world.router.up = False
    world.fly(300)
    assert "Wi-Fi lost; reconnecting…" in world.board.lines
    world.router.up = True
    joined_before = joins(world)

    world.fly(30)

    assert joined_before + 1 == joins(world)
    world.fly(60)
    (session,) = world.stored()
    assert 510 - 60 - CALL_SECONDS <= session["run_seconds"] <= 540


def test_long_offline_period_delivers_every_session(world: World) -> None:
    """Weeks away from Wi-Fi, thirty sessions: each arrives exactly once, in order, with the board's seconds."""
    world.prepare()
    world.router.up = False
    flown = []
    for flight in range(30):
        world.park(12 * 3600)
        world.fly(300 + 60 * flight)
        flown.append(300 + 60 * flight)
    world.park(12 * 3600)
    world.router.up = True

    world.fly(240)

    sessions = world.stored()
    assert [row["boot"] for row in sessions] == list(range(1, 33))
    for seconds, row in zip(flown, sessions[1:-1], strict=True):
        assert seconds - CHECKPOINT_SECONDS - CALL_SECONDS <= row["run_seconds"] <= seconds
    assert world.delivered()
    assert all(session["acked_status"] == "closed" for session in world.kept()[:-1])
