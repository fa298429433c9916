"""The link: which network is joined, how soon after a loss, and that no router can stop the counting."""

from itertools import pairwise

import pytest

from tests.firmware.world import CHECKPOINT_SECONDS, FIRST_BOOT_SECONDS, World
from tools.simulator import AccessPoint, CaptivePortal, http_error
from tools.simulator.net.link import Link

WATCHDOG_SECONDS = 120
AVOID_SECONDS = 600
HOUR = 3600
HANGAR = ("Hangar", "password")
PHONE = ("Phone", "password")
TAIL = ("Tail", "password")


def add_router(
    world: World, ssid: str | bytes, *, rssi: int = -60, hidden: bool = False, channel: int = 6
) -> AccessPoint:
    """One more router within reach."""
    return world.network.add_access_point(AccessPoint(ssid, "password", rssi=rssi, hidden=hidden, channel=channel))


def joined(world: World) -> str | bytes | None:
    """Name of the network the board is in."""
    link = world.board.link
    return link.access_point.ssid if link.connected and link.access_point else None


def lines_with(world: World, text: str) -> list[str]:
    """Console lines that hold a text."""
    return [line for line in world.board.lines if text in line]


def test_joins_the_strongest(world: World) -> None:
    """Of several known networks in reach the strongest is joined, whatever their order in secrets.py."""
    world.configure(networks=[HANGAR, TAIL, PHONE])
    add_router(world, "Phone", rssi=-40)
    add_router(world, "Tail", rssi=-80)

    world.prepare()

    assert "Phone" == joined(world)
    assert "New session: boot 1" in world.board.lines


def test_follows_to_the_one_that_is_left(world: World) -> None:
    """The strongest goes away: the next one is joined within 30 s."""
    world.configure(networks=[HANGAR, PHONE])
    phone = add_router(world, "Phone", rssi=-40)
    world.prepare()
    phone.up = False

    world.fly(world.network.latency.beacon_timeout + 30)

    assert "Hangar" == joined(world)


def test_hidden_network_is_tried_last(world: World) -> None:
    """A hidden network is joined when no other one is heard, and only then."""
    world.configure(networks=[TAIL, HANGAR])
    add_router(world, "Tail", rssi=-30, hidden=True)
    world.prepare()
    before = joined(world)
    world.router.up = False

    world.fly(60)

    assert ("Hangar", "Tail") == (before, joined(world))


def test_rejoins_within_30_s_whenever_the_router_returns(world: World) -> None:
    """Five known networks, four of them far away: the fifth is joined within 30 s of its return, at any phase."""
    far = [(f"Airfield {number}", "password") for number in range(4)]
    world.configure(networks=[*far, HANGAR])
    world.prepare()

    for phase in range(8):
        world.router.up = False
        world.fly(120 + 3.7 * phase)
        assert joined(world) is None
        world.router.up = True
        world.fly(30)
        assert "Hangar" == joined(world)

    assert [] == world.board.resets
    assert 1 == len(world.stored())


def test_wrong_password_stops_nothing(world: World) -> None:
    """A wrong password is said in the log; counting goes on, no reset, and another network is used."""
    world.configure(networks=[("Hangar", "guess-wrong"), PHONE])
    phone = add_router(world, "Phone", rssi=-80)
    world.prepare()
    first = joined(world)
    phone.up = False

    world.fly(2 * HOUR)

    assert "Phone" == first
    assert lines_with(world, "Wi-Fi: cannot join Hangar (Authentication failure)")
    assert [] == world.board.resets
    elapsed = world.board.clock.elapsed_seconds
    (session,) = world.kept()
    assert elapsed - CHECKPOINT_SECONDS - 20 <= session["run_seconds"] <= elapsed


def test_silent_dhcp_starves_no_other_network(world: World) -> None:
    """The two strongest routers never give an address: one watchdog reset each, then the third; one session."""
    world.configure(networks=[HANGAR, PHONE, TAIL])
    world.router.dhcp = "silent"
    add_router(world, "Phone", rssi=-40).dhcp = "silent"
    add_router(world, "Tail", rssi=-85)

    world.fly(90 + 3 * WATCHDOG_SECONDS)

    assert "Tail" == joined(world)
    assert ["WATCHDOG", "WATCHDOG"] == world.board.resets
    assert lines_with(world, "Wi-Fi: Hangar never gave an address")
    assert lines_with(world, "Wi-Fi: Phone never gave an address")
    (session,) = world.stored()
    assert world.true_seconds - 75 <= session["run_seconds"] <= world.true_seconds


def test_silent_dhcp_alone_costs_little(world: World) -> None:
    """The only router never gives an address for hours: it is tried again now and then, one session counts on."""
    world.prepare()
    world.router.up = False
    world.fly(60)
    world.router.dhcp = "silent"
    world.router.up = True

    world.fly(2 * HOUR)
    resets = list(world.board.resets)
    world.router.dhcp = "ok"
    world.fly(AVOID_SECONDS + WATCHDOG_SECONDS + 60)

    assert {"WATCHDOG"} == set(resets)
    assert len(resets) <= 2 * HOUR / AVOID_SECONDS
    assert "Hangar" == joined(world)
    (session,) = world.stored()
    assert world.true_seconds - 75 - 5 * len(resets) <= session["run_seconds"] <= world.true_seconds


def test_power_cut_while_dhcp_is_silent_loses_the_call_only(world: World) -> None:
    """Power goes while the board hangs in DHCP: the session has what was counted before the call."""
    world.prepare()
    world.park(HOUR)
    world.router.dhcp = "silent"
    world.fly(WATCHDOG_SECONDS - 20)
    world.park(HOUR)
    world.router.dhcp = "ok"

    world.fly(60)

    _, hung, _ = world.kept()
    assert 1 <= hung["run_seconds"] <= WATCHDOG_SECONDS - 20
    assert world.delivered()


def test_no_reboot_for_lack_of_network_within_hours(world: World) -> None:
    """Offline for almost six hours: not one reset, every second counted."""
    world.prepare()
    world.router.up = False

    world.fly(6 * HOUR - 300)

    assert [] == world.board.resets
    world.router.up = True
    world.fly(120)
    (session,) = world.stored()
    assert world.true_seconds - 75 <= session["run_seconds"] <= world.true_seconds


def test_one_reset_at_most_every_six_hours(world: World) -> None:
    """Offline for 13 hours: the board restarts its radio every 6 hours, in one unbroken session."""
    world.prepare()
    world.router.up = False

    world.fly(13 * HOUR)

    assert ["SOFTWARE"] * 2 == world.board.resets
    starts = [line.seconds for line in world.board.console if "Wi-Fi: no answer for 6 hours; restarting" in line.text]
    assert all(later - earlier >= 6 * HOUR for earlier, later in pairwise(starts))
    world.router.up = True
    world.fly(120)
    (session,) = world.stored()
    assert world.true_seconds - 75 - 2 * 5 <= session["run_seconds"] <= world.true_seconds


def test_without_any_network_it_just_counts(world: World) -> None:
    """No network is configured: no join, no reset, ever."""
    world.configure(networks=[])

    world.fly(7 * HOUR)

    assert [] == world.board.resets
    assert lines_with(world, "Settings: no Wi-Fi network")
    (session,) = world.kept()
    assert world.true_seconds - CHECKPOINT_SECONDS - 2 <= session["run_seconds"] <= world.true_seconds


def test_network_joined_by_circuitpython_is_used(world: World) -> None:
    """CIRCUITPY_WIFI_SSID: CircuitPython joins before code.py runs; code.py uses that, and joins again after a loss."""
    world.configure(networks=[])
    settings = 'CIRCUITPY_WIFI_SSID = "Hangar"\nCIRCUITPY_WIFI_PASSWORD = "password"\n'
    world.drive.outside_write("/settings.toml", settings.encode())
    world.prepare()
    first_joins = world.board.link.joins
    world.router.up = False
    world.fly(120)
    world.router.up = True

    world.fly(30)

    assert 1 == first_joins
    assert "Hangar" == joined(world)
    assert [] == lines_with(world, "Settings:")


@pytest.mark.parametrize("fault", ["internet", "captive"])
def test_router_that_leads_nowhere_is_left(world: World, fault: str) -> None:
    """The strongest router has no internet, or a login page: after 5 minutes another one in reach is used."""
    CaptivePortal(world.network)
    world.configure(networks=[HANGAR, PHONE])
    phone = add_router(world, "Phone", rssi=-40)
    phone.internet = fault != "internet"
    phone.captive = fault == "captive"
    world.fly(150)
    first = joined(world)

    world.fly(400)

    assert ("Phone", "Hangar") == (first, joined(world))
    assert lines_with(world, "Wi-Fi: no answer to 6 calls; trying another network")
    (session,) = world.stored()
    assert world.true_seconds - 75 <= session["run_seconds"] <= world.true_seconds


def test_router_that_leads_nowhere_is_kept_when_it_is_alone(world: World) -> None:
    """No other network is in reach: the board is back within seconds of each look around, and delivers soon."""
    world.configure(networks=[HANGAR, PHONE])
    world.prepare()
    world.router.internet = False
    world.fly(2 * HOUR)
    assert "Hangar" == joined(world)
    world.router.internet = True

    world.fly(330)

    assert "Hangar" == joined(world)
    assert [] == world.board.resets
    assert world.board.clock.elapsed_seconds - 360 <= world.stored()[0]["run_seconds"]


@pytest.mark.parametrize("channel", [1, 11, 12, 13, 14])
def test_a_better_network_is_found_on_every_channel(world: World, channel: int) -> None:
    """Beside a stronger network without internet the other one is used, wherever it is: Europe has 13 channels."""
    world.configure(networks=[HANGAR, PHONE])
    add_router(world, "Phone", rssi=-40).internet = False
    world.router.channel = channel

    world.fly(FIRST_BOOT_SECONDS + 400)

    assert "Hangar" == joined(world)
    assert 1 == len(world.stored())


def test_a_hidden_network_is_tried_when_the_one_heard_leads_nowhere(world: World) -> None:
    """No scan shows it, and it is the only one with internet."""
    world.configure(networks=[TAIL, HANGAR])
    world.router.internet = False
    add_router(world, "Tail", rssi=-80, hidden=True)

    world.fly(FIRST_BOOT_SECONDS + 400)

    assert "Tail" == joined(world)
    assert 1 == len(world.stored())


@pytest.mark.parametrize("dead", [1, 2])
def test_another_access_point_of_the_same_network_is_tried(world: World, dead: int) -> None:
    """One name, several access points, the strongest without internet: the others have their turn, each once."""
    for index in range(dead):
        add_router(world, "Hangar", rssi=-30 - index, channel=13).internet = False

    world.fly(FIRST_BOOT_SECONDS + 400 * dead)

    assert world.board.link.access_point is world.router
    assert 1 == len(world.stored())


@pytest.mark.parametrize("name", [b"\xff\xfe\x00caf\xe9", b"\xc3" * 32, b""])
def test_a_neighbours_name_stops_no_scan(world: World, name: bytes) -> None:
    """An SSID is any 32 bytes. One that is not UTF-8 raises on the board: the others are heard, in every later scan."""
    world.configure(networks=[HANGAR, PHONE])
    add_router(world, name, rssi=-20, channel=1)
    phone = add_router(world, "Phone", rssi=-40, channel=12)
    world.prepare()
    before = joined(world)
    phone.up = False

    world.fly(world.network.latency.beacon_timeout + 30)

    assert ("Phone", "Hangar") == (before, joined(world))
    assert [] == lines_with(world, "Wi-Fi: cannot scan")


def test_a_scan_that_fails_is_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The radio raises in the middle of a scan: the next one begins all the same, without a restart."""
    world.configure(networks=[PHONE, HANGAR])
    real = Link.scan
    faults = iter([MemoryError("Failed to allocate wifi scan memory")])

    def scan(link: Link, channel: int) -> list[AccessPoint]:
        for fault in faults:
            raise fault
        return real(link, channel)

    monkeypatch.setattr(Link, "scan", scan)

    world.fly(FIRST_BOOT_SECONDS + 60)

    assert ["Wi-Fi: cannot scan (out of memory)"] == lines_with(world, "Wi-Fi: cannot scan")
    assert "Hangar" == joined(world)


@pytest.mark.parametrize(
    ("ssid", "password"), [(" Hangar ", " pass word "), ("Häng\u00e4r", "f" * 64), ("HANGAR", "0" * 63)]
)
def test_names_and_passwords_are_opaque(world: World, ssid: str, password: str) -> None:
    """Spaces at the ends, accents and case belong to them; 64 digits are a key. A network like it is another one."""
    add_router(world, ssid).password = password
    world.router.up = False
    add_router(world, ssid.strip().lower(), rssi=-20)
    world.configure(networks=[(ssid, password)])

    world.prepare()

    assert ssid == joined(world)


def test_server_that_fails_is_no_reason_to_leave(world: World) -> None:
    """The server answers 503 for an hour: that is not the network's fault, and no other one is tried."""
    world.configure(networks=[HANGAR, PHONE])
    add_router(world, "Phone", rssi=-80)
    world.prepare()
    world.proxy.fault = http_error(503)

    world.fly(HOUR)

    assert "Hangar" == joined(world)
    assert [] == lines_with(world, "trying another network")
