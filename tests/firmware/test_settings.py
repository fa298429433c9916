"""Bad input from the owner: a clear line in the log for each mistake, and counting goes on."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.firmware.sensing import Rig
from tests.firmware.world import CHECKPOINT_SECONDS, FIRST_BOOT_SECONDS, World
from tools.firmware_parts import load
from tools.firmware_rules import INTEGER_SETTINGS

VERSIONS = ("9.2.9", "10.1.4", "10.2.1", "10.3.1")
NETWORKS = '"networks": [("Hangar", "password")]'
GOOD = f'secrets = {{"ingest_url": "http://127.0.0.1:9/functions/v1/ingest", {NETWORKS}}}\n'


def count_with(world: World, files: dict[str, str]) -> list[str]:
    """Fly the first power-up with these files; the complaints in its log."""
    for path, content in files.items():
        world.drive.outside_write(path, content.encode())
    world.fly(FIRST_BOOT_SECONDS + 60)
    (session,) = world.kept()
    assert world.true_seconds - CHECKPOINT_SECONDS - 20 <= session["run_seconds"] <= world.true_seconds
    assert [] == world.board.resets
    return [line for line in world.board.lines if line.startswith(("Settings: ", "Libraries: "))]


@pytest.mark.parametrize(
    ("content", "complaints"),
    [
        ("", ["secrets.py cannot be read (AttributeError"]),
        ("secrets = {", ["secrets.py cannot be read (a syntax error)"]),
        ('secrets = {"access_token": "hush hush" "}', ["secrets.py cannot be read (a syntax error)"]),
        ("import nothing_of_that_name", ["secrets.py cannot be read (ImportError"]),
        ("secrets = 1 / 0", ["secrets.py cannot be read (ZeroDivisionError"]),
        ("secrets = ['x']", ["secrets.py must hold secrets = {...}"]),
        ("secrets = {}", ['"ingest_url" in secrets.py is missing, and so is']),
        (f"secrets = {{{NETWORKS}}}", ['"ingest_url" in secrets.py is missing, and so is']),
        (f'secrets = {{"ingest_url": 7, {NETWORKS}}}', ["ingest_url must be a text", '"ingest_url" in secrets.py']),
        (f'secrets = {{"ingest_url": "https://", {NETWORKS}}}', ['"ingest_url" in secrets.py must start']),
        (
            f'secrets = {{"ingest_url": "https://project.example/", {NETWORKS}}}',
            ['"ingest_url" in secrets.py has no path'],
        ),
        (
            f'secrets = {{"ingest_url": "http://project.example/i", {NETWORKS}}}',
            ['"ingest_url" in secrets.py must start'],
        ),
        (
            f'secrets = {{"ingest_url": "https://YOUR-PROJECT.supabase.co/functions/v1/ingest", {NETWORKS}}}',
            ['"ingest_url" in secrets.py still says YOUR-PROJECT'],
        ),
        (f'secrets = {{"ingest_url": "project.example", {NETWORKS}}}', ['"ingest_url" in secrets.py must start']),
        (GOOD + 'secrets["access_token"] = 12345', ["access_token must be a text; it is left out"]),
        (GOOD + 'secrets["networks"] = "Hangar"', ['"networks" in secrets.py must be a list of (ssid, password)']),
        (GOOD + 'secrets["networks"] = {"Hangar": "password"}', ['"networks" in secrets.py must be a list']),
        (GOOD + 'secrets["networks"] = ("Hangar", "password")', ['"networks" in secrets.py must be a list'] * 2),
        (GOOD + 'secrets["networks"].append(("Phone",))', ['"networks" in secrets.py must be a list']),
        (GOOD + 'secrets["networks"].append(("Phone", 12345678))', ['"networks" in secrets.py must be a list']),
        (GOOD + 'secrets["networks"].append(("", "password"))', ['"networks" in secrets.py must be a list']),
        (
            GOOD + 'secrets["networks"].append(("x" * 99, "short"))',
            ['"networks" in secrets.py: a Wi-Fi name has at most 32'],
        ),
        (
            GOOD + 'secrets["networks"].append((chr(252) * 17, "password"))',
            ['"networks" in secrets.py: a Wi-Fi name has'],
        ),
        (GOOD + 'secrets["surprise"] = object()', []),
    ],
)
def test_bad_secrets(world: World, content: str, complaints: list[str]) -> None:
    """Whatever secrets.py holds, each mistake is one clear line, and no secret is quoted."""
    found = count_with(world, {"/secrets.py": content})

    said = [line for line in found if "no Wi-Fi network" not in line]
    assert len(complaints) == len(said)
    for complaint, line in zip(complaints, said, strict=True):
        assert line.startswith("Settings: " + complaint)
    assert not any("hush" in line or "12345" in line for line in world.board.lines)


def test_missing_secrets(world: World) -> None:
    """Without any settings the board counts, and says what is missing."""
    world.drive.outside_remove("/secrets.py")

    found = count_with(world, {})

    assert found[0].startswith('Settings: "ingest_url" in secrets.py is missing, and so is LOGGER_INGEST_URL')
    assert found[1].startswith("Settings: no Wi-Fi network")


@pytest.mark.parametrize("version", ["10.1.4", "10.3.1"])
@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("LOGGER_CHECKPOINT_SECONDS = 0", "LOGGER_CHECKPOINT_SECONDS must be a number from 5 to 60; using 5"),
        ("LOGGER_CHECKPOINT_SECONDS = 1.5", "LOGGER_CHECKPOINT_SECONDS "),
        ('LOGGER_BATCH_MESSAGES = "x"', "LOGGER_BATCH_MESSAGES must be a number from 1 to 100; using 20"),
        ("LOGGER_BATCH_MESSAGES = [20]", "LOGGER_BATCH_MESSAGES in settings.toml cannot be read ("),
        ("LOGGER_SENSE_PIN = 7", "LOGGER_SENSE_PIN must be a text; it is left out"),
        ('LOGGER_SENSE_RATIO = "12,0"', 'LOGGER_SENSE_RATIO must be a text such as "12.0", from 1 to 40; using "12.0"'),
        ("LOGGER_SENSE_RATIO = 0", "LOGGER_SENSE_RATIO must be a text such as "),
        ('LOGGER_SENSE_RATIO = "-3"', "LOGGER_SENSE_RATIO must be a text such as "),
        (
            "LOGGER_SENSE_ENGINE_MV = 13",
            "LOGGER_SENSE_ENGINE_MV must be a number from 5000 to 40000; using 13300, or 26600 on a 24 V bus",
        ),
        (
            'LOGGER_SENSE_OFF_MV = "9 V"',
            "LOGGER_SENSE_OFF_MV must be a number from 3000 to 40000; using 9000, or 18000 on a 24 V bus",
        ),
        ("LOGGER_NTP_SERVER = 7", 'LOGGER_NTP_SERVER must be a text; using "pool.ntp.org"'),
        ("LOGGER_NTP_SERVER = pool.ntp.org", "LOGGER_NTP_SERVER in settings.toml cannot be read ("),
        ("CIRCUITPY_WIFI_SSID = 'Phone'", "CIRCUITPY_WIFI_SSID in settings.toml cannot be read ("),
        ('LOGGER_WIFI_2_SSID = "P"\nLOGGER_WIFI_2_PASSWORD = 1', "LOGGER_WIFI_2_PASSWORD must be a text"),
        (f'LOGGER_WIFI_1_SSID = "{"x" * 33}"', "LOGGER_WIFI_1_SSID in settings.toml: a Wi-Fi name has at most 32"),
    ],
)
def test_bad_settings(world: World, line: str, complaint: str, version: str) -> None:
    """A value of the wrong type in settings.toml is one clear line; the default serves, and all is delivered."""
    world.board.version = version

    found = count_with(world, {"/settings.toml": line + "\n"})

    (said,) = found
    assert said.startswith("Settings: " + complaint)
    assert "POST OK 200" in world.board.lines


class Settings:
    """The firmware's Config on a drive of 8 MB with one setting; a value of ValueError is a line it cannot read."""

    def __init__(self, name: str, value: object) -> None:
        self._name, self._value = name, value
        self.log: list[str] = []
        modules = {
            "os": SimpleNamespace(getenv=self._read, statvfs=lambda path: (512, 0, 8 * 2**20 // 512)),
            "secrets": SimpleNamespace(
                secrets={"ingest_url": "https://project.example/x", "networks": [("H", "pass")]}
            ),
        }
        self.config: Any = load(modules, log=self.log.append).Config()

    def _read(self, name: str) -> object:
        if name == self._name and self._value is ValueError:
            raise ValueError("line 1")
        return self._value if name == self._name else None


@pytest.mark.parametrize("value", [0, "off", ValueError], ids=["a number", "a text", "unreadable"])
@pytest.mark.parametrize("name", ["LOGGER_NTP_SERVER", "LOGGER_SENSE_RATIO", *INTEGER_SETTINGS])
def test_a_refusal_names_the_value_that_is_then_used(name: str, value: object) -> None:
    """Of every setting that has a default, by whatever reason it is refused."""
    board = Settings(name, value)

    if (name, value) == ("LOGGER_NTP_SERVER", "off"):
        assert (board.config.ntp_server, board.log) == ("off", [])
        return
    (line,) = board.log
    named = line.rpartition("; using ")[2]
    used = getattr(board.config, name.removeprefix("LOGGER_").lower())
    if name.endswith("_MV"):
        used = f"{on_a_bus(12.4, name)}, or {on_a_bus(25.0, name)} on a 24 V bus"
    elif name == "LOGGER_SENSE_RATIO":
        used = f'"{used / 1000}"'
    elif name == "LOGGER_NTP_SERVER":
        used = f'"{used}"'
    assert str(used) == named


def on_a_bus(volts: float, name: str) -> int:
    """The threshold in force there, in millivolts, when its setting was refused."""
    setting = name.removeprefix("LOGGER_").lower()
    rig = Rig(lambda seconds: volts, **{setting: getattr(Settings(name, 0).config, setting)})
    rig.run_to(30)
    threshold: int = rig.sense._engine() if "ENGINE" in name else rig.sense._off()
    return threshold


@pytest.mark.parametrize("library", ["adafruit_requests", "adafruit_connection_manager"])
@pytest.mark.parametrize("content", [None, "this is no Python"], ids=["missing", "broken"])
def test_bad_library(world: World, library: str, content: str | None) -> None:
    """A library that is missing or broken is named, with the command that installs it."""
    world.drive.outside_remove(f"/lib/{library}.py")

    found = count_with(world, {f"/lib/{library}.py": content} if content else {})

    (said,) = found
    assert said.startswith("Libraries: adafruit_requests cannot be loaded (")
    assert said.endswith("; circup install -r requirements.txt")
    assert "POST OK 200" not in world.board.lines


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("value", ["7", '"7"'])
def test_settings_take_effect(world: World, version: str, value: str) -> None:
    """A number is a number, with quotes or without, on every CircuitPython: the server hears the interval."""
    world.board.version = version

    found = count_with(world, {"/settings.toml": f"LOGGER_CHECKPOINT_SECONDS = {value}\n"})

    (interval,) = world.database.execute(
        "select checkpoint_seconds from public.sessions where device_uuid = %s", [world.device_uuid]
    ).fetchall()
    assert [] == found
    assert (7,) == interval


@pytest.mark.parametrize("version", VERSIONS)
def test_settings_toml_is_enough(world: World, version: str) -> None:
    """Address and networks in settings.toml, no secrets.py: all is delivered, and nothing is missing."""
    url = f"{world.proxy.url}/functions/v1/ingest"
    world.board.version = version
    world.drive.outside_remove("/secrets.py")

    settings = f'LOGGER_INGEST_URL = "{url}"\nLOGGER_WIFI_1_SSID = "Hangar"\nLOGGER_WIFI_1_PASSWORD = "password"\n'
    found = count_with(world, {"/settings.toml": settings})

    assert [] == found
    assert "POST OK 200" in world.board.lines


def test_secrets_win_over_settings(world: World) -> None:
    """The address, and the password of a network that both name, are those of secrets.py."""
    settings = (
        'LOGGER_INGEST_URL = "http://127.0.0.1:9/functions/v1/ingest"\n'
        'LOGGER_WIFI_1_SSID = "Hangar"\nLOGGER_WIFI_1_PASSWORD = "wrong password"\n'
    )

    found = count_with(world, {"/settings.toml": settings})

    assert [] == found
    assert "POST OK 200" in world.board.lines
    assert not any("cannot join" in line for line in world.board.lines)
