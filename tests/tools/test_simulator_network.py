"""The simulated network, seen through Adafruit's own libraries as a program on the board sees it."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from tests.support import HTTP_SECONDS
from tests.tools.simulator_programs import JOIN, REQUEST, World, program_lines, world
from tools.simulator import (
    CAPTIVE_PORTAL,
    HALF_REPLY,
    REFUSE,
    RESET,
    STALL_IN_HEADER,
    WRONG_JSON,
    AccessPoint,
    Fault,
    FaultProxy,
    SimulatedBoard,
    answer,
    http_error,
    redirect,
    slow_reply,
)


class Upstream(ThreadingHTTPServer):
    """The real server behind the proxy: counts what reaches it, answers 200 with a little JSON."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.posts: list[bytes] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream

    def do_POST(self) -> None:
        self.server.posts.append(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps({"ok": True, "path": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(name="world")
def _world() -> Iterator[World]:
    with world() as made:
        yield made


@pytest.fixture(name="upstream")
def _upstream() -> Iterator[Upstream]:
    server = Upstream()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(name="proxy")
def _proxy(world: World, upstream: Upstream) -> FaultProxy:
    return FaultProxy(world.network, upstream.url)


def run(world: World, program: str, seconds: float = 300) -> tuple[SimulatedBoard, list[str]]:
    """Run a program that ends by itself and return the board and what it printed."""
    board = world.board(program)
    board.power_on()
    board.run_for(seconds)
    assert board.parked, "the program has not ended: " + "\n".join(board.lines[-5:])
    return board, program_lines(board)


# Wi-Fi


def test_joining_says_what_circuitpython_says(world: World) -> None:
    """An unknown name and a wrong password are ConnectionErrors with the firmware's own texts."""
    program = """
import wifi
for ssid, password in (("Nobody", "password"), ("Hangar", "passw0rd"), ("Hangar", "short"), ("Hangar", "password")):
    try:
        wifi.radio.connect(ssid, password)
        print(wifi.radio.connected, wifi.radio.ipv4_address, wifi.radio.ap_info.ssid, wifi.radio.ap_info.rssi)
    except (ConnectionError, ValueError) as error:
        print(type(error).__name__, error)
"""

    _, lines = run(world, program)

    assert lines == [
        "ConnectionError No network with that ssid",
        "ConnectionError Authentication failure",
        "ValueError password length must be 8-64",
        "True 192.168.1.45 Hangar -60",
    ]


def test_a_scan_hears_every_powered_router(world: World) -> None:
    """The strongest comes first, a router without power does not come at all."""
    world.network.add_access_point(AccessPoint("Clubhouse", rssi=-40))
    world.network.add_access_point(AccessPoint("Off", up=False))

    _, lines = run(
        world,
        "import wifi\nfor one in wifi.radio.start_scanning_networks():\n"
        "    print(one.ssid, one.rssi, len(one.authmode))\n"
        "wifi.radio.stop_scanning_networks()\n",
    )

    assert lines == ["Clubhouse -40 1", "Hangar -60 2"]


def test_a_scan_ends_at_channel_11_unless_told_otherwise(world: World) -> None:
    """As CircuitPython's: 12 to 14 only when asked for, a name that is no UTF-8 raises, one scan at a time."""
    world.network.add_access_point(AccessPoint(b"caf\xe9", rssi=-30, channel=1))
    for channel in (11, 12, 13, 14):
        world.network.add_access_point(AccessPoint(f"On {channel}", channel=channel))
    program = """
import wifi
def scan(**channels):
    names = []
    for one in wifi.radio.start_scanning_networks(**channels):
        try:
            names.append(one.ssid)
        except UnicodeError:
            names.append(len(one.bssid))
    print(names)
scan()
for channels in ({"stop_channel": 14}, {"stop_channel": 15}):
    try:
        scan(**channels)
    except (RuntimeError, ValueError) as error:
        print(error)
    wifi.radio.stop_scanning_networks()
scan(stop_channel=14)
wifi.radio.stop_scanning_networks()
scan(start_channel=13, stop_channel=12)
"""

    _, lines = run(world, program)

    assert lines == [
        "['Hangar', 6, 'On 11']",
        "Already scanning for wifi networks",
        "stop_channel must be 1-14",
        "['Hangar', 6, 'On 11', 'On 13', 'On 12', 'On 14']",
        "['On 13', 'On 12']",
    ]


def test_names_are_measured_in_bytes_and_a_key_is_hex(world: World) -> None:
    """32 bytes for the name, 8 to 63 for the password, 64 only as hex digits, 6 for a BSSID."""
    program = """
import wifi
for ssid, password, bssid in (("\u00fc" * 17, "password", None), ("", "", None), ("Hangar", "x" * 64, None),
                              ("Hangar", "password", b"12345"), ("Hangar", "password", b"123456")):
    try:
        wifi.radio.connect(ssid, password, bssid=bssid)
    except (ConnectionError, ValueError) as error:
        print(error)
"""

    _, lines = run(world, program)

    assert lines == [
        "ssid length must be 1-32",
        "ssid length must be 1-32",
        "Invalid hex password",
        "Invalid BSSID",
        "No network with that ssid",
    ]


def test_a_short_loss_heals_itself_a_long_one_never(world: World) -> None:
    """The driver tries once more after a loss; "no AP found" ends that for good, until `connect` is called again."""
    program = JOIN + "for _ in range(60):\n    print(wifi.radio.connected)\n    time.sleep(1)\n"
    short, long = world.board(program), world.board(program)

    for board, seconds in ((short, 7), (long, 15)):
        world.router.up = True
        board.power_on()
        board.run_for(15)
        world.router.up = False
        board.run_for(seconds)
        world.router.up = True
        board.run_for(60)

    assert "False" in program_lines(short)
    assert program_lines(short)[-1] == "True"
    assert program_lines(long)[-1] == "False"
    assert program_lines(long).count("True") < 16


def test_settings_toml_joins_before_the_program_runs(world: World) -> None:
    """With CIRCUITPY_WIFI_SSID the supervisor connects, blocking; a silent DHCP server keeps code.py from running."""
    settings: dict[str, str | int] = {"CIRCUITPY_WIFI_SSID": "Hangar", "CIRCUITPY_WIFI_PASSWORD": "password"}
    program = "import wifi, os\nprint(wifi.radio.connected, os.getenv('CIRCUITPY_WIFI_SSID'), os.getenv('NONE', 5))\n"
    good = world.board(program, settings=settings)
    good.power_on()
    good.run_for(60)
    world.router.dhcp = "silent"
    silent = world.board(program, settings=settings)
    silent.power_on()
    silent.run_for(10_000)

    assert program_lines(good) == ["True Hangar 5"]
    assert program_lines(silent) == []


def test_switches_can_be_scheduled_at_a_board_time(world: World) -> None:
    """What `clock.call_at` plans happens at its second while the board runs."""
    board = world.board(JOIN + "while wifi.radio.connected:\n    time.sleep(1)\nprint('lost', int(time.monotonic()))\n")

    board.clock.call_at(30, lambda: setattr(world.router, "up", False))
    board.power_on()
    board.run_for(60)

    assert program_lines(board) == ["lost 36"]


# Names and time


@pytest.mark.parametrize(
    ("dns", "seconds"),
    [("down", 7), ("missing", 0)],
)
def test_a_name_that_cannot_be_resolved_is_a_gaierror(world: World, dns: str, seconds: int) -> None:
    """A silent DNS server costs seven seconds of board time, an unknown name hardly any."""
    if dns == "down":
        world.network.dns = "down"
    else:
        world.network.missing_names.add("pool.ntp.org")
    program = (
        JOIN
        + """
import socketpool
pool = socketpool.SocketPool(wifi.radio)
begin = time.monotonic_ns()
try:
    pool.getaddrinfo("pool.ntp.org", 123)
except OSError as error:
    print(isinstance(error, pool.gaierror), error.errno, (time.monotonic_ns() - begin) // 1000000000)
"""
    )

    _, lines = run(world, program)

    assert lines == [f"True -2 {seconds}"]


NTP = (
    JOIN
    + """
import socketpool, adafruit_ntp
pool = socketpool.SocketPool(wifi.radio)
begin = time.monotonic_ns()
try:
    now = adafruit_ntp.NTP(pool, server="pool.ntp.org", socket_timeout=4).utc_ns // 1000000000
    print(tuple(time.localtime(now))[:5])
except Exception as error:
    print(type(error).__name__, (time.monotonic_ns() - begin) // 1000000000)
"""
)


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ("ok", "(2025, 10, 23, 18, 0)"),
        ("wrong_year", "(2031, 10, 23, 18, 0)"),
        ("silent", "OSError 8"),
        ("short", "ArithmeticError 0"),
        ("kiss_of_death", "ArithmeticError 0"),
    ],
)
def test_ntp_tells_the_worlds_time_or_fails_as_asked(world: World, fault: str, line: str) -> None:
    """The library checks neither year nor stratum, and asks a silent server twice."""
    world.ntp.fault = fault  # type: ignore[assignment]

    _, lines = run(world, NTP)

    assert lines == [line]


def test_two_boards_at_different_times_each_get_their_own(world: World) -> None:
    """True time belongs to the asking board's world."""
    early, late = world.board(NTP), world.board(NTP)
    late.clock.resume()
    late.clock.move_to(3600 * 1_000_000_000)

    for board in (early, late):
        board.power_on()
        board.run_for(60)

    assert program_lines(early) == ["(2025, 10, 23, 18, 0)"]
    assert program_lines(late) == ["(2025, 10, 23, 19, 0)"]


# HTTP


def test_an_undisturbed_post_reaches_the_server_once(world: World, proxy: FaultProxy, upstream: Upstream) -> None:
    """The proxy passes it on and says when, in the world of the board."""
    seen: list[datetime] = []
    world.network.on_request = seen.append

    _, lines = run(world, REQUEST + f"post('{proxy.url}/functions/v1/ingest?x=1')")

    assert lines == ["answer 200 48 0 s"]
    assert upstream.posts == [b"{}"]
    assert [(one.method, one.path, one.status) for one in proxy.requests] == [("POST", "/functions/v1/ingest?x=1", 200)]
    assert seen == [proxy.requests[0].true_time]
    assert datetime(2025, 10, 23, 18, 0, 6, tzinfo=UTC) < seen[0] < datetime(2025, 10, 23, 18, 0, 8, tzinfo=UTC)


def test_a_reply_slower_than_the_timeout_makes_the_server_receive_the_post_twice(
    world: World, proxy: FaultProxy, upstream: Upstream
) -> None:
    """The library sends again by itself and then gives up with OutOfRetries; that costs board time, not wall time."""
    proxy.fault = slow_reply(3600)
    begin = time.monotonic()

    _, lines = run(world, REQUEST + f"post('{proxy.url}/x', timeout=600)", 3600)

    assert lines == ["failed OutOfRetries Repeated socket failures 1200 s"]
    assert len(upstream.posts) == 2
    assert time.monotonic() - begin < 600


def test_a_reply_slower_than_usual_but_within_the_timeout_arrives(world: World, proxy: FaultProxy) -> None:
    """The board waits as long as the reply takes."""
    proxy.fault = slow_reply(3)

    _, lines = run(world, REQUEST + f"post('{proxy.url}/x', timeout=5)")

    assert lines == ["answer 200 26 3 s"]


def test_a_stall_in_mid_header_poisons_the_pool_until_all_is_closed(world: World, proxy: FaultProxy) -> None:
    """Every later call fails at once, until `connection_manager_close_all(pool)`."""
    proxy.once(STALL_IN_HEADER)
    url = f"{proxy.url}/x"

    _, lines = run(
        world,
        REQUEST
        + f"post('{url}')\npost('{url}')\n"
        + f"adafruit_connection_manager.connection_manager_close_all(pool)\npost('{url}')",
    )

    port = proxy.address[1]
    assert lines == [
        "failed OSError [Errno 116] ETIMEDOUT 5 s",
        f"failed RuntimeError An existing socket is already connected to http://127.0.0.1:{port} 0 s",
        "answer 200 26 0 s",
    ]


def test_a_body_not_read_to_its_end_poisons_the_next_request(world: World, proxy: FaultProxy) -> None:
    """The rest of the body is taken for the next answer, so the library sends that request twice."""
    proxy.once(answer(200, b"x" * 500))
    program = REQUEST + f"session.post('{proxy.url}/x', data=b'1', timeout=5).close()\npost('{proxy.url}/x')"

    _, lines = run(world, program)

    assert lines == ["answer 200 26 0 s"]
    assert [request.body for request in proxy.requests] == [b"1", b"{}", b"{}"]


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (http_error(500), "answer 500 59 0 s"),
        (http_error(503), "answer 503 59 0 s"),
        (http_error(429, retry_after_seconds=60), "answer 429 59 0 s"),
        (CAPTIVE_PORTAL, "answer 200 105 0 s"),
        (WRONG_JSON, "answer 200 34 0 s"),
        (HALF_REPLY, "answer 200 13 0 s"),
        (REFUSE, "failed OSError [Errno 111] ECONNREFUSED 0 s"),
        (RESET, "failed OutOfRetries Repeated socket failures 0 s"),
    ],
)
def test_the_proxys_faults_as_the_library_sees_them(world: World, proxy: FaultProxy, fault: Fault, line: str) -> None:
    """Each fault looks to a program on the board as it does on a real one."""
    proxy.fault = fault

    _, lines = run(world, REQUEST + f"post('{proxy.url}/x')")

    assert lines == [line]


def test_retry_after_and_redirects_arrive(world: World, proxy: FaultProxy) -> None:
    """Headers of a fault are real; a redirect leads the library to another address."""
    proxy.once(redirect(f"{proxy.url}/elsewhere"), http_error(429, retry_after_seconds=60))
    program = REQUEST + (
        f"post('{proxy.url}/x')\n"
        "adafruit_connection_manager.connection_manager_close_all(pool)\n"
        f"response = session.post('{proxy.url}/y', data=b'1', timeout=5)\n"
        "print(response.status_code, response.headers.get('retry-after'))\n"
    )

    _, lines = run(world, program)

    assert [one.path for one in proxy.requests][:2] == ["/x", "/elsewhere"]
    assert lines[0].startswith("answer 429")


def test_a_router_without_internet_lets_requests_time_out(world: World, proxy: FaultProxy, upstream: Upstream) -> None:
    """Joined and with an address, but nothing gets anywhere."""
    world.router.internet = False
    world.network.add_host("project.example", {80: proxy.address})

    _, lines = run(
        world, REQUEST + f"print(wifi.radio.connected)\npost('{proxy.url}/x')\npost('http://project.example/x')"
    )

    assert lines[0] == "True"
    assert lines[1] == "failed OSError [Errno 116] ETIMEDOUT 5 s"
    assert lines[2].startswith("failed gaierror [Errno -2]")
    assert upstream.posts == []


def test_a_captive_portal_answers_everything_with_its_page(world: World, upstream: Upstream) -> None:
    """Every name and every address leads to the login page, TLS does not verify, NTP gets nothing."""
    world.router.captive = True
    program = REQUEST + (
        f"post('{upstream.url}/x')\npost('http://project.example/x')\npost('https://project.example/x')\n"
        + NTP.split("begin = ")[1].join(("begin = ", ""))
    )

    _, lines = run(world, "import adafruit_ntp\n" + program)

    assert lines[0].startswith("answer 200")
    assert lines[1].startswith("answer 200")
    assert lines[2].startswith("failed OSError [Errno -9984] MBEDTLS_ERR_X509_CERT_VERIFY_FAILED")
    assert lines[3] == "OSError 8"
    assert upstream.posts == []
    assert world.portal.requests == 2


def test_https_to_a_simulated_host_shakes_hands_in_board_time(world: World, proxy: FaultProxy) -> None:
    """A name may lead port 443 to a plain server on this machine; certificate faults can be switched on."""
    world.network.add_host("project.example", {443: proxy.address})
    program = REQUEST + "post('https://project.example/x')\n"

    _, good = run(world, program)
    world.network.tls_fault = "certificate"
    _, bad = run(world, program)

    assert good == ["answer 200 26 1 s"]
    assert bad == ["failed OSError [Errno -9984] MBEDTLS_ERR_X509_CERT_VERIFY_FAILED 1 s"]


def test_sockets_die_with_the_address_and_are_limited(world: World, proxy: FaultProxy) -> None:
    """After a loss of Wi-Fi sending fails; eight sockets are all there are, until lost ones are collected."""
    program = (
        REQUEST
        + f"""
sock = pool.socket(pool.AF_INET, pool.SOCK_STREAM)
sock.connect(("127.0.0.1", {proxy.address[1]}))
wifi.radio.stop_station()
try:
    sock.send(b"x")
except OSError as error:
    print(error.errno, hasattr(sock, "recv"))
import gc
taken = []
try:
    while True:
        taken.append(pool.socket(pool.AF_INET, pool.SOCK_STREAM))
except RuntimeError as error:
    print(len(taken), error)
taken.clear()
gc.collect()
pool.socket(pool.AF_INET, pool.SOCK_STREAM).close()
print("free again")
"""
    )

    _, lines = run(world, program)

    assert lines == ["113 False", "7 Out of sockets", "free again"]


def test_a_non_blocking_socket_says_eagain(world: World, proxy: FaultProxy) -> None:
    """With a timeout of 0 nothing waits."""
    program = (
        REQUEST
        + f"""
sock = pool.socket(pool.AF_INET, pool.SOCK_STREAM)
sock.connect(("127.0.0.1", {proxy.address[1]}))
sock.setblocking(False)
try:
    sock.recv_into(bytearray(1))
except OSError as error:
    print(error.errno)
"""
    )

    _, lines = run(world, program)

    assert lines == ["11"]


def test_a_server_that_is_down_resets_the_connection(world: World) -> None:
    """Without the real server behind the proxy a request fails at once."""
    proxy = FaultProxy(world.network, "http://127.0.0.1:9")

    _, lines = run(world, REQUEST + f"post('{proxy.url}/x')")

    assert lines == ["failed OutOfRetries Repeated socket failures 0 s"]
    assert proxy.forwarded == []


def test_a_power_cut_right_after_a_request_was_sent_does_not_unsend_it(
    world: World, proxy: FaultProxy, upstream: Upstream
) -> None:
    """What left the antenna reaches the server before anything else happens."""
    board = world.board(REQUEST + f"post('{proxy.url}/x')")
    board.power_on()
    board.run_until(lambda: board.link.sockets, timeout=60, step_seconds=0.1)

    board.run_for(0.2)
    board.power_off()

    assert upstream.posts == [b"{}"]
    assert program_lines(board) == []


def test_the_proxy_serves_other_clients_as_well(world: World, proxy: FaultProxy, upstream: Upstream) -> None:
    """It is an ordinary HTTP server; holds apply to boards only."""
    proxy.fault = slow_reply(3600)

    response = httpx.post(f"{proxy.url}/x", content=b"{}", timeout=HTTP_SECONDS)

    assert response.status_code == 200
    assert upstream.posts == [b"{}"]
