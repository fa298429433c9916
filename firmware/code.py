"""Uptime and session logger for an ESP32 with CircuitPython 9 or later.

Power on: a session begins. Power off, without warning: it ends. The seconds between are counted with the
monotonic clock, kept in /sessions.json and its twin, and uploaded whenever Wi-Fi is there.

Data flows one way: Clock -> Session -> SessionTable -> MirroredFiles, Uplink. See firmware/README.md for settings,
log lines and limits.
Integers only: a float on the board has 22 bits of mantissa and an epoch in it is off by minutes.
"""

import binascii
import gc
import json
import os
import struct
import time

import microcontroller
import rtc
import supervisor
import wifi

try:
    from collections.abc import Callable
    from typing import Any
except ImportError:
    pass  # the board has no typing module and does not evaluate annotations

FIRMWARE = "1.0.0"

SESSIONS_PATH = "/sessions.json"
TWIN_PATH = "/logger/sessions.json"
IDENTITY_PATH = "/logger/identity.json"

LINE_BYTES = 512  # a block, which is what FatFs hands to the flash at once when it is aligned
PAD_LINES = 8  # 4 KiB that keep the lines out of erase sectors shared with others
FIRST_LINE = -PAD_LINES - 1  # of a file, where the header is -1 and the first session's line 0
NEAR_LINES = 7  # before and after a line: all that can share its sector, wherever the sectors lie under the file
JOURNAL_LINES = 2 * NEAR_LINES + 1
SESSION_LINES = 1024
SESSION_LINES_SMALL_DRIVE = 512
SMALL_DRIVE_BYTES = 2_000_000
CHECKPOINT_SECONDS = 5  # as often as the ring bears for 25,000 hours of flights: firmware/README.md
CHECKPOINT_SECONDS_SMALL_DRIVE = 8
CHECKPOINT_SECONDS_SENSED = 15  # the bus voltage says when it is time for the last one
CHECKPOINT_SECONDS_ALONE = 15  # at least, while one copy is alone: each one wears out its journal, too
WAKE_MS = 5  # after a whole second: time.sleep() counts in ticks of 1/1024 s, and may end early by two
MOVE_AFTER_SECONDS = 3600  # a long session changes its line, so that no sector wears out under it
OTHER_LINES_PER_TICK = 4
LAYOUT_TRIES = 8
SPARE_BYTES = 16384  # left free beside a file that is laid out
QUIET_START_SECONDS = 60  # cranking dips come early: nothing that touches the FAT before this

MAX_BRIDGED_SECONDS = 150
RTC_ROUNDING_SECONDS = 2
RC_ERROR_PERCENT = 5  # of the oscillator that the RTC counts by over a reset (esp-idf #9448, #13066)
MAX_UNMEASURED_SECONDS = 9999
YEAR_2000 = 946_684_800
YEAR_2024 = 1_704_067_200
YEAR_2038 = 2_145_916_800  # time.localtime() of a 32-bit board ends 19 days later
SERVER_WINS_SECONDS = 120
UNKNOWN_UNCERTAINTY = 0xFFFFFFFF
MAX_COUNT = 99_999_999  # bounds the longest line: 3 years in seconds

WATCHDOG_SECONDS = 120
FAULT_PAUSE_SECONDS = 10
CRASH_LOOP_SECONDS = 300  # a program that ends sooner than this
CRASH_LOOP_PAUSE_SECONDS = 60
STOP_SECONDS = 10  # in which another key has to follow CTRL-C
REQUEST_TIMEOUT_SECONDS = 6
REPLY_SECONDS = 12
NTP_TIMEOUT_SECONDS = 4
NTP_PORT = 123
NTP_BYTES = 48
NTP_TO_UNIX_SECONDS = 2_208_988_800
NTP_RETRY_SECONDS = 60
JOIN_TIMEOUT_SECONDS = 10
JOIN_RETRY_FIRST_SECONDS = 5
JOIN_RETRY_MOST_SECONDS = 15
CALLS_WITHOUT_ANSWER = 6  # on one network, before another one is tried: about 5 minutes
AVOID_SECONDS = 600  # a network that hung or led nowhere
LAST_CHANNEL = 14
RESET_AFTER_OFFLINE_SECONDS = 6 * 3600
OUTAGE_RETRY_FIRST_SECONDS = 5
OUTAGE_RETRY_MOST_SECONDS = 300
REFUSED_RETRY_SECONDS = 900
MAX_RETRY_AFTER_SECONDS = 3600
MAX_REPLY_BYTES = 16_384
SSID_BYTES = 32
WIFI_SETTINGS = 8  # LOGGER_WIFI_1_SSID to LOGGER_WIFI_8_SSID
LOCAL_ADDRESSES = ("127.", "10.", "192.168.", "169.254.")
REPORT_SECONDS = 60

SENSE_PERIOD_MS = 45  # 22 times a second; no multiple of the mains' 20 or 16.7 ms, or hum would seem to stand still
SENSE_PERIOD_S = 0.045
SENSE_READS = 5  # of two conversions each, in one of three means
SENSE_WINDOW_MS = 10_000
SENSE_WINDOW_READINGS = 20  # fewer, between long calls, prove nothing
PIN_REFERENCE_MV = 3300
FULL_READING = 3050 * 65535 * SENSE_READS // PIN_REFERENCE_MV
NO_READING = 50 * 65535 * SENSE_READS // PIN_REFERENCE_MV
WILD_READING = 200 * 65535 * SENSE_READS // PIN_REFERENCE_MV
ENGINE_MV, OFF_MV = (13_300, 26_600), (9_000, 18_000)  # of systems of 12 and 24 V
BY_SYSTEM = "%d, or %d on a 24 V bus"
SYSTEM_24_MV = 18_000
ENGINE_MS = 10_000
ENGINE_HYSTERESIS_MV = 300
OFF_HYSTERESIS_MV = 300
LOW_READINGS = 4
EXACT_MS = 300
HOLD_UP_MOST_MS = 5000
OFF_REARM_MS = 30_000  # an exact end and its withdrawal are two erases
MOST_MV = 65_535
NEVER = -1

SOURCES = ("ntp", "server", "rtc", "estimated")
FROM_RTC = 2
ESTIMATED = 3


def log(text: str) -> None:
    print(text)


def is_plausible(utc: int) -> bool:
    """Whether a clock may say so: after this program was written, and before the board's own arithmetic ends."""
    return YEAR_2024 <= utc < YEAR_2038


def iso(seconds: int) -> str:
    """Seconds since 1970 as YYYY-MM-DDTHH:MM:SSZ; 2**31 - 1 at most, where the board's time ends."""
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % tuple(time.localtime(min(seconds, 0x7FFFFFFF))[0:6])


def from_iso(text: str) -> int:
    """The reverse of iso(); ValueError when the text has another form, or a year that the board cannot count to."""
    if len(text) != 20 or text[10] != "T" or text[19] != "Z":
        raise ValueError(text)
    parts = (text[0:4], text[5:7], text[8:10], text[11:13], text[14:16], text[17:19])
    year, month, day, hour, minute, second = [int(part) for part in parts]
    if not 2000 <= year < 2038:
        raise ValueError(text)
    return int(time.mktime(time.struct_time((year, month, day, hour, minute, second, 0, -1, -1))))


def thousandths(text: str) -> int:
    """Of a text such as 12.05, -1 for anything else: settings.toml has no fractions, and floats do not count."""
    whole, _, part = text.partition(".")
    if not whole.isdigit() or (part and not part.isdigit()):
        return -1
    return int(whole + (part + "000")[0:3])


def exists(path: str) -> bool:
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def drive_is_small() -> bool:
    try:
        info = os.statvfs("/")
        return info[0] * info[2] < SMALL_DRIVE_BYTES
    except OSError:
        return False


def make_folder() -> None:
    if not exists("/logger"):
        os.mkdir("/logger")


def hex_of(data: bytes) -> str:
    return binascii.hexlify(data).decode()


class Outage(Exception):
    """No usable answer: try again later; after `hold` seconds when that is given."""

    def __init__(self, text: str, hold: int = 0) -> None:
        super().__init__(text)
        self.hold = hold


CERTIFICATE_NOT_TRUSTED = -0x2700  # of mbedTLS; its other numbers are below -255, too
TLS_OUT_OF_MEMORY = -0x7F00
DISPLACED = 9  # what we raise when the file behind an open handle is no longer the one that its name leads to
FILE_REASONS = {
    2: "it is missing",
    5: "the drive failed",
    DISPLACED: "it is not the file that was opened",
    28: "the drive is full or too fragmented",
    30: "the drive is read-only: copy boot.py to the board",
}
REASONS = {
    11: "no answer in time",
    12: "out of memory",
    104: "the connection was cut off",
    111: "the server refuses the connection: nothing listens there",
    113: "the connection was cut off",
    116: "no answer in time",
    118: "no way to the server: the Wi-Fi was lost",
    128: "the connection was cut off",
    32: "the connection was cut off",
    CERTIFICATE_NOT_TRUSTED: "the server's certificate is not trusted: a login page, or a wrong ingest_url",
    TLS_OUT_OF_MEMORY: "out of memory",
}


def reason_of(error: Exception) -> str:
    """Why something failed, in words that a person understands."""
    if isinstance(error, Outage):
        return str(error)
    name = type(error).__name__
    if name == "gaierror":
        return "DNS does not know that name"
    if name == "OutOfRetries":
        return "no answer in time"
    if isinstance(error, MemoryError):
        return "out of memory"
    number = error.args[0] if isinstance(error, OSError) and error.args else None
    if number in REASONS:
        return REASONS[number]
    if number in FILE_REASONS:
        return FILE_REASONS[number]
    if isinstance(number, int) and number < -255:
        return "no secure connection (TLS error -0x%04x)" % -number
    return "%s: %s" % (name, error)


def url_problem(url: str) -> str:
    """Why nothing can be sent to that address, as the end of a sentence about it; "" when it will do."""
    scheme, _, rest = url.partition("://")
    if scheme not in ("https", "http") or not rest:
        return "must start with https://"
    if "YOUR-PROJECT" in url:
        return "still says YOUR-PROJECT: copy the address from the portal"
    host, _, path = rest.partition("/")
    if not path:
        return "has no path: it ends with /functions/v1/ingest"
    if scheme == "http" and not is_local(host.split(":")[0]):
        return "must start with https://: over http anyone on the way reads the device's key"
    return ""


def is_local(host: str) -> bool:
    """Whether that host can only be in this network: a private address, or a name that no public DNS has."""
    if "." not in host or host.endswith(".local"):
        return True
    for start in LOCAL_ADDRESSES:
        if host.startswith(start):
            return True
    parts = host.split(".")
    return parts[0] == "172" and parts[1].isdigit() and 16 <= int(parts[1]) < 32


class Config:
    """What secrets.py and settings.toml say, checked; a wrong value is a log line, never a crash.

    Where both say something, secrets.py wins; either may be absent.
    """

    def __init__(self) -> None:
        self.ok = True  # nothing to complain about
        self.networks: list[tuple[str, str]] = []
        self.sense_pin = self._setting_text("LOGGER_SENSE_PIN")
        default = CHECKPOINT_SECONDS_SMALL_DRIVE if drive_is_small() else CHECKPOINT_SECONDS
        if self.sense_pin:
            default = CHECKPOINT_SECONDS_SENSED
        self.checkpoint_seconds = self._integer("LOGGER_CHECKPOINT_SECONDS", default, 5, 60)
        self.batch_messages = self._integer("LOGGER_BATCH_MESSAGES", 20, 1, 100)
        self.ntp_server = self._setting_text("LOGGER_NTP_SERVER", "pool.ntp.org")
        self.sense_ratio = self._thousandths("LOGGER_SENSE_RATIO", 12_000, 1000, 40_000)
        self.sense_engine_mv = self._integer("LOGGER_SENSE_ENGINE_MV", 0, 5000, 40_000, BY_SYSTEM % ENGINE_MV)
        self.sense_off_mv = self._integer("LOGGER_SENSE_OFF_MV", 0, 3000, 40_000, BY_SYSTEM % OFF_MV)
        self._secrets_are_unreadable = False
        secrets = self._secrets()
        self.ingest_url = self._ingest_url(secrets)
        token = self._text(secrets.get("access_token"), "access_token") or self._setting_text("LOGGER_ACCESS_TOKEN")
        self.access_token = token.strip()
        self._add_networks(secrets.get("networks") or ())
        for number in range(1, WIFI_SETTINGS + 1):
            self._add_setting_network("LOGGER_WIFI_%d" % number)
        self._add_setting_network("CIRCUITPY_WIFI")
        if not self.networks:
            self._complain('no Wi-Fi network; add "networks" to secrets.py. Counting goes on offline')

    def _complain(self, text: str) -> None:
        self.ok = False
        log("Settings: " + text)

    def _secrets(self) -> Any:
        """What secrets.py holds; empty without such a file, and when it cannot be used."""
        try:
            secrets = __import__("secrets").secrets
        except Exception as error:
            if isinstance(error, ImportError) and "'secrets'" in str(error):
                return {}
            # A syntax error may quote the line it is in, password and all.
            what = "a syntax error" if isinstance(error, SyntaxError) else repr(error)
            self._complain("secrets.py cannot be read (%s). Counting goes on offline" % what)
            self._secrets_are_unreadable = True
            return {}
        if isinstance(secrets, dict):
            return secrets
        self._complain("secrets.py must hold secrets = {...}. Counting goes on offline")
        self._secrets_are_unreadable = True
        return {}

    def _ingest_url(self, secrets: Any) -> str:
        name = '"ingest_url" in secrets.py'
        url = self._text(secrets.get("ingest_url"), "ingest_url").strip()
        if not url:
            url = self._setting_text("LOGGER_INGEST_URL").strip()
            if url:
                name = "LOGGER_INGEST_URL in settings.toml"
        if not url and self._secrets_are_unreadable:
            return ""
        problem = url_problem(url) if url else "is missing, and so is LOGGER_INGEST_URL in settings.toml"
        if problem:
            self._complain("%s %s. Nothing will be sent" % (name, problem))
            return ""
        return url

    def _add_networks(self, networks: Any) -> None:
        if not isinstance(networks, (list, tuple)):
            networks = (networks,)
        for network in networks:
            if isinstance(network, (list, tuple)) and len(network) == 2:
                ssid, password = network
                if isinstance(ssid, str) and ssid and isinstance(password, str):
                    self._add_network(ssid, password, '"networks" in secrets.py')
                    continue
            self._complain('"networks" in secrets.py must be a list of (ssid, password); one entry is left out')

    def _add_setting_network(self, name: str) -> None:
        ssid = self._setting_text(name + "_SSID")
        if ssid:
            self._add_network(ssid, self._setting_text(name + "_PASSWORD"), name + "_SSID in settings.toml")

    def _add_network(self, ssid: str, password: str, where: str) -> None:
        """Names and passwords are taken as they are, spaces and all."""
        if len(ssid.encode()) > SSID_BYTES:
            self._complain("%s: a Wi-Fi name has at most %d bytes; one is left out" % (where, SSID_BYTES))
        elif ssid not in [known for known, _ in self.networks]:
            self.networks.append((ssid, password))

    def _text(self, value: object, name: str, instead: str = "it is left out") -> str:
        if value is None or isinstance(value, str):
            return value or ""
        self._complain("%s must be a text; %s" % (name, instead))
        return ""

    def _setting(self, name: str, instead: str) -> object:
        """A text or a number; `instead` ends the sentence about a line that cannot be read.

        From CircuitPython 10.2 on os.getenv gives text for both, whatever stands there; what came with that tells them
        apart: https://github.com/adafruit/circuitpython/pull/10819
        """
        read: Any = getattr(supervisor, "get_setting", os.getenv)
        try:
            return read(name)
        except ValueError as error:
            self._complain("%s in settings.toml cannot be read (%s); %s" % (name, error, instead))
            return None

    def _setting_text(self, name: str, default: str = "") -> str:
        instead = 'using "%s"' % default if default else "it is left out"
        return self._text(self._setting(name, instead), name, instead) or default

    def _integer(self, name: str, default: int, least: int, most: int, used: str = "") -> int:
        instead = "using " + (used or str(default))
        value = self._setting(name, instead)
        if value is None:
            return default
        digits = str(value)  # 15 and "15" alike
        if digits.isdigit() and least <= int(digits) <= most:
            return int(digits)
        self._complain("%s must be a number from %d to %d; %s" % (name, least, most, instead))
        return default

    def _thousandths(self, name: str, default: int, least: int, most: int) -> int:
        instead = 'using "%d.%d"' % (default // 1000, default % 1000)
        value = self._setting(name, instead)
        if value is None:
            return default
        number = thousandths(str(value))
        if least <= number <= most:
            return number
        self._complain(
            '%s must be a text such as "12.0", from %d to %d; %s' % (name, least // 1000, most // 1000, instead)
        )
        return default


class Identity:
    """device_uuid and device_key, bound to this chip and kept twice: in nvm and in /logger/identity.json."""

    MAGIC = b"UL1"
    NVM_BYTES = 3 + 16 + 32 + 4 + 4 + 4  # magic, uuid, key, chip, server mark, CRC

    def __init__(self) -> None:
        self._chip = binascii.crc32(microcontroller.cpu.uid)
        self.server_mark = 0
        self._foreign_uuid: str | None = None  # of the chip that the drive came from
        in_nvm = self._from_nvm()
        in_file = self._from_file()
        known = in_file or in_nvm
        if known:
            self.uuid_bytes, self.key = known
        else:
            data = bytearray(os.urandom(16))
            data[6] = data[6] & 0x0F | 0x40
            data[8] = data[8] & 0x3F | 0x80
            self.uuid_bytes, self.key = bytes(data), os.urandom(32)
        self.file_is_whole = known is not None and in_file == known
        if in_nvm != (self.uuid_bytes, self.key):
            self.server_mark = 0
            self._to_nvm()
        self.uuid = self._text(self.uuid_bytes)
        self.seed = binascii.crc32(self.uuid_bytes)

    def _text(self, data: bytes) -> str:
        digits = hex_of(data)
        return "-".join((digits[0:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))

    def _from_nvm(self) -> tuple[bytes, bytes] | None:
        try:
            nvm: Any = microcontroller.nvm
            data = bytes(nvm[0 : self.NVM_BYTES])
        except (TypeError, AttributeError, IndexError):
            return None
        if data[0:3] != self.MAGIC or struct.unpack("<I", data[-4:])[0] != binascii.crc32(data[:-4]):
            return None
        chip, server_mark = struct.unpack("<II", data[51:59])
        if chip != self._chip:
            return None
        self.server_mark = server_mark
        return data[3:19], data[19:51]

    def _to_nvm(self) -> None:
        data = self.MAGIC + self.uuid_bytes + self.key + struct.pack("<II", self._chip, self.server_mark)
        data += struct.pack("<I", binascii.crc32(data))
        try:
            nvm: Any = microcontroller.nvm
            nvm[0 : self.NVM_BYTES] = data
        except (TypeError, ValueError, RuntimeError, AttributeError) as error:
            log("Identity: nvm cannot be written (%s)" % reason_of(error))

    def remember_server(self, mark: int) -> None:
        """A cut while nvm is written empties it: only when the file has the identity too."""
        self.server_mark = mark
        if self.file_is_whole:
            self._to_nvm()

    def _from_file(self) -> tuple[bytes, bytes] | None:
        try:
            with open(IDENTITY_PATH, "rb") as file:
                kept = json.loads(file.read(1024))
            uuid_bytes = binascii.unhexlify(kept["device_uuid"].replace("-", ""))
            key = binascii.unhexlify(kept["device_key"])
            chip = kept["chip"]
            intact = kept["crc"] == binascii.crc32(uuid_bytes + key) and len(uuid_bytes) == 16 and len(key) == 32
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        if not intact:
            return None
        if chip != self._chip:
            self._foreign_uuid = self._text(uuid_bytes)
            log("Identity: this drive comes from another board; its files will be set aside")
            return None
        return uuid_bytes, key

    def write_file(self) -> None:
        """Write /logger/identity.json by temporary file and rename. Touches the FAT: never early in a power-up."""
        kept = {
            "device_uuid": self.uuid,
            "device_key": hex_of(self.key),
            "chip": self._chip,
            "crc": binascii.crc32(self.uuid_bytes + self.key),
        }
        if self._foreign_uuid:
            os.rename(IDENTITY_PATH, "/logger/identity-%s.json" % self._foreign_uuid)
            self._foreign_uuid = None
        temporary = "/logger/identity.tmp"
        with open(temporary, "wb") as file:
            file.write(json.dumps(kept).encode())
        os.rename(temporary, IDENTITY_PATH)
        self.file_is_whole = True


class Clock:
    """Seconds of power since power-on and, once it is known, UTC."""

    def __init__(self) -> None:
        self._offset = 0
        self._external: Any = None
        self.power_on_utc = 0  # 0: not known yet
        self.source = 0  # index into SOURCES
        self.wrong_sources = 0  # one bit each: off by more than SERVER_WINS_SECONDS, by a better clock

    def uptime(self) -> int:
        """Whole seconds since the chip's last reset."""
        return time.monotonic_ns() // 1_000_000_000

    def elapsed(self) -> int:
        """Whole seconds of power in this session."""
        return self.uptime() + self._offset

    def elapsed_ms(self) -> int:
        """The same in milliseconds."""
        return time.monotonic_ns() // 1_000_000 + self._offset * 1000

    def resume(self, elapsed: int, power_on_utc: int) -> int:
        """Go on with a session after a software, watchdog or brown-out reset; what it had at the chip's last reset."""
        self._offset += elapsed - self.elapsed()
        self.power_on_utc = power_on_utc
        rtc_now = int(time.time())
        rtc_due = (power_on_utc or YEAR_2000) + self.elapsed()
        if (power_on_utc or rtc_now < YEAR_2024) and abs(rtc_now - rtc_due) > RTC_ROUNDING_SECONDS:
            rtc.RTC().datetime = time.localtime(rtc_due)
        return self._offset

    def utc(self) -> int:
        return self.power_on_utc + self.elapsed()

    def set_utc(self, utc: int, source: int) -> None:
        """Learn the time. The RTC is set along, so that RTC = power_on_utc + elapsed bridges a later reset."""
        if self.power_on_utc and source != self.source and abs(self.utc() - utc) > SERVER_WINS_SECONDS:
            self.wrong_sources |= 1 << self.source
        self.power_on_utc = utc - self.elapsed()
        self.source = source
        rtc.RTC().datetime = time.localtime(utc)
        if self._external and source != FROM_RTC:
            try:
                self._external.datetime = time.localtime(utc)
            except Exception as error:
                log("Clock: the external clock cannot be set (%s)" % reason_of(error))

    def ask_external(self) -> None:
        """Take the time from a DS3231 or PCF8523: found by itself when its library is on the board."""
        for path, name in (("adafruit_ds3231", "DS3231"), ("adafruit_pcf8523.pcf8523", "PCF8523")):
            try:
                library = __import__(path)
                if "." in path:
                    library = library.pcf8523
                import board

                pins: Any = board
                i2c = pins.STEMMA_I2C() if hasattr(pins, "STEMMA_I2C") else pins.I2C()
                self._external = getattr(library, name)(i2c)
                if self._external.lost_power:
                    log("Clock: %s has lost the time; it is set when the network knows it" % name)
                else:
                    self._take_rtc(int(time.mktime(self._external.datetime)), name)
                return
            except ImportError:
                pass  # its library is not there, so nobody expects it
            except Exception as error:
                log("Clock: %s does not answer (%s)" % (name, reason_of(error)))

    def ask_chip(self) -> None:
        """Take the chip's RTC when it is plausible: it is not after a power-on, and starts in 2000."""
        self._take_rtc(int(time.time()), "")

    def _take_rtc(self, now: int, name: str) -> None:
        if self.power_on_utc:
            return
        if is_plausible(now):
            self.set_utc(now, FROM_RTC)
            log("Clock: %s from the %s" % (iso(now), name or "chip"))
        elif name:
            log("Clock: %s shows an impossible time; it is set when the network knows it" % name)

    def ask_ntp(self, pool: Any, server: str) -> None:
        """Ask an NTP server once; raises when it does not tell the time.

        Without adafruit_ntp: it believes a server that says it is not synchronised, and ends with the era in 2036.
        """
        packet = bytearray(NTP_BYTES)
        packet[0] = 0b00_100_011  # version 4, from a client
        mark = os.urandom(8)
        packet[40:48] = mark  # comes back, so that nobody who does not see the question can answer it
        address = pool.getaddrinfo(server, NTP_PORT)[0][4]
        with pool.socket(pool.AF_INET, pool.SOCK_DGRAM) as socket:
            socket.settimeout(NTP_TIMEOUT_SECONDS)
            socket.sendto(packet, address)
            size = socket.recv_into(packet)
        if size < NTP_BYTES or packet[0] & 7 != 4 or packet[24:32] != mark:
            raise Outage("the reply is not NTP's")
        if packet[0] >> 6 == 3 or not 1 <= packet[1] <= 15:
            raise Outage("the time server does not know the time itself")
        # Seconds since 1900 in 32 bits, which begin again in 2036.
        now = struct.unpack("!I", packet[40:44])[0] - NTP_TO_UNIX_SECONDS & 0xFFFFFFFF
        if not is_plausible(now):
            raise Outage("the time server tells a year that cannot be")
        self.set_utc(now, SOURCES.index("ntp"))
        log("NTP: %s" % iso(now))


class Session:
    """One power-up: what one line of sessions.json says. Times in seconds, 0 where unknown."""

    FORMAT = "<IIIIIIIB"  # 29 bytes, all that is kept in memory
    BYTES = 29
    PARKED_SHIFT = 6  # in the packed flags
    CLOSED = 1
    ACKED_CLOSED = 2
    SENT = 4  # the start may have reached the server: it is fixed
    REJECTED = 8
    SOURCE_SHIFT = 4
    MOST_TEXT = LINE_BYTES - 1 - 19  # before the newline and the CRC's own key

    joining = 0  # networks being joined when this was written, one bit each: a join can hang the board
    fault = ""  # why the program or the board was restarted, until the server has it
    resumed = 0  # run_seconds at the chip's last reset: since then the RTC drifts from the crystal

    # What the bus voltage said (BusSense): kept in memory only once a session has any. 0 where unknown, except the
    # first: an engine that was watched and never ran.
    SENSE_FORMAT = "<IIHHHBB"
    SENSE_BYTES = 16
    SENSE_KEYS = (
        "engine_seconds",
        "engine_first_s",
        "bus_start_mv",
        "bus_min_mv",
        "bus_max_mv",
        "engine_on",  # when this was saved
        "exact",  # saved as the power went
    )
    sense: tuple[int, ...] = ()

    def __init__(self, slot: int, fields: tuple[int, ...]) -> None:
        self.slot = slot
        (
            self.boot,
            self.rev,
            self.start,
            self.run_seconds,
            self.acked_run_seconds,
            self.uncertainty,
            self.lifetime_before,
            self.parked,
            self.flags,
        ) = fields

    def pack_into(self, records: bytearray) -> None:
        struct.pack_into(
            self.FORMAT,
            records,
            self.slot * self.BYTES,
            self.boot,
            self.rev,
            self.start,
            self.run_seconds,
            self.acked_run_seconds,
            self.uncertainty,
            self.lifetime_before,
            self.flags | self.parked << self.PARKED_SHIFT,
        )

    @property
    def exact(self) -> bool:
        return len(self.sense) > 0 and self.sense[-1] != 0

    def sensed(self, most: int) -> list[tuple[str, int]]:
        """The first so many of SENSE_KEYS that have a value, with it."""
        pairs = zip(self.SENSE_KEYS[0:most], self.sense)
        return [(key, value) for key, value in pairs if value or key == "engine_seconds"]

    def has(self, flag: int) -> bool:
        return self.flags & flag != 0

    @property
    def source(self) -> int:
        return self.flags >> self.SOURCE_SHIFT

    def set_start(self, start: int, source: int, uncertainty: int = 0) -> None:
        self.start = start
        self.uncertainty = min(uncertainty, MAX_COUNT) if uncertainty != UNKNOWN_UNCERTAINTY else uncertainty
        self.flags = self.flags & 0x0F | source << self.SOURCE_SHIFT

    @property
    def unmeasured(self) -> int:
        """Seconds that restarts may have taken beyond what run_seconds counts."""
        return min(self.uncertainty, MAX_UNMEASURED_SECONDS) if self.source != ESTIMATED else 0

    @property
    def fully_acked(self) -> bool:
        return self.has(self.ACKED_CLOSED) and self.acked_run_seconds >= self.run_seconds

    @property
    def status(self) -> str:
        return "closed" if self.has(self.CLOSED) else "open"

    def line(self, seed: int) -> str:
        """The line of sessions.json: keys in fixed order, defaults left out, CRC last."""
        start = '"%s"' % iso(self.start) if self.start else "null"
        last_update = '"%s"' % iso(self.start + self.run_seconds) if self.start else "null"
        text = '{"start":%s,"run_seconds":%d,"acked_run_seconds":%d' % (start, self.run_seconds, self.acked_run_seconds)
        text += ',"last_update":%s,"status":"%s","boot":%d,"rev":%d' % (last_update, self.status, self.boot, self.rev)
        if self.source == ESTIMATED:
            # Only an estimate has an uncertainty, so the source need not be spelt out beside it.
            unknown = self.uncertainty == UNKNOWN_UNCERTAINTY
            text += ',"start_uncertainty_s":%s' % ("null" if unknown else self.uncertainty)
        elif self.source:
            text += ',"start_source":"%s"' % SOURCES[self.source]
        if self.lifetime_before:
            text += ',"lifetime":%d' % self.lifetime_before
        if self.has(self.SENT):
            text += ',"sent":1'
        if self.has(self.REJECTED):
            text += ',"rejected":1'
        if self.has(self.ACKED_CLOSED):
            text += ',"acked_status":"closed"'
        if self.unmeasured:
            text += ',"unmeasured":%d' % self.unmeasured
        if self.joining:
            text += ',"joining":%d' % self.joining
        if self.resumed:
            text += ',"resumed":%d' % self.resumed
        for key_and_value in self.sensed(7):
            text += ',"%s":%d' % key_and_value
        if self.fault:
            # The only one without a bound of its own.
            text += ',"fault":"%s"' % self.fault[0 : self.MOST_TEXT - len(text) - 11]
        return '%s,"crc":"%08x"},' % (text, binascii.crc32(text.encode(), seed))

    @classmethod
    def from_line(cls, slot: int, line: bytes, seed: int) -> "Session | None":
        """The session in a line of sessions.json (bytes); None when the line is not whole or not ours."""
        end = line.find(b',"crc":"')
        if end < 0 or line[end + 16 : end + 19] != b'"},':
            return None
        try:
            if int(line[end + 8 : end + 16], 16) != binascii.crc32(line[0:end], seed):
                return None
            kept = json.loads(line[0:end] + b"}")
            start = from_iso(kept["start"]) if kept["start"] else 0
            flags = cls.CLOSED if kept["status"] == "closed" else 0
            source = SOURCES.index(kept.get("start_source", "ntp"))
            uncertainty = kept.get("unmeasured", 0)
            if "start_uncertainty_s" in kept:
                source = ESTIMATED
                uncertainty = kept["start_uncertainty_s"]
                if uncertainty is None:
                    uncertainty = UNKNOWN_UNCERTAINTY
            if kept.get("sent"):
                flags |= cls.SENT
            if kept.get("rejected"):
                flags |= cls.REJECTED
            if kept.get("acked_status") == "closed":
                flags |= cls.ACKED_CLOSED
            fields = (
                kept["boot"],
                kept["rev"],
                start,
                kept["run_seconds"],
                kept["acked_run_seconds"],
                uncertainty,
                kept.get("lifetime", 0),
                0,
                flags | source << cls.SOURCE_SHIFT,
            )
            for field in fields:
                if not 0 <= field <= 0xFFFFFFFF:
                    return None
            session = cls(slot, fields)
            session.joining = kept.get("joining", 0)
            session.fault = kept.get("fault", "")
            session.resumed = kept.get("resumed", 0)
            if "engine_seconds" in kept:
                session.sense = tuple([kept.get(key, 0) for key in cls.SENSE_KEYS])
            return session
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def opening_cost(path: str) -> int:
    """Bytes of heap that an open file takes: FatFs's map of its clusters grows with every piece that it lies in."""
    gc.collect()
    before = gc.mem_alloc()
    file = open(path, "rb")
    cost = gc.mem_alloc() - before
    file.close()
    return cost


def one_piece_cost() -> int:
    """The opening cost of a file in one piece: the least among a few, the first two of which fit one cluster."""
    paths = (IDENTITY_PATH, "/boot_out.txt", SESSIONS_PATH, TWIN_PATH)
    return min([opening_cost(path) for path in paths if exists(path) and os.stat(path)[6]] or [0])


class SessionFile:
    """One copy of sessions.json: laid out once, then held open and rewritten line by line, never flushed.

    Lines count from the first session's on: those of the pad and the header ahead of it are below 0.
    """

    def __init__(self, path: str, slots: int) -> None:
        self.path = path
        # Pad, header, slots, divider, pad, journal, closing line, pad.
        self.journal = slots + PAD_LINES
        self.closing = self.journal + JOURNAL_LINES
        self.lines = lines = self.closing + PAD_LINES
        self.size = (lines - FIRST_LINE) * LINE_BYTES
        self.file: Any = None
        self._abandoned: list[Any] = []
        self.live = False
        self.problem: str | None = None
        self.dirty = bytearray((lines + 7) // 8)
        self.newest = 0  # greatest boot * 2**32 + rev that was read
        self.torn_from = self.torn_to = 0  # the lines of sessions that a power cut tore

    def mark(self, line: int) -> None:
        self.dirty[line >> 3] |= 1 << (line & 7)

    def is_dirty(self, line: int) -> bool:
        return self.dirty[line >> 3] & 1 << (line & 7) != 0

    def next_dirty(self, besides: int) -> int | None:
        for index in range(len(self.dirty)):
            if self.dirty[index]:
                for line in range(index * 8, index * 8 + 8):
                    if line != besides and self.is_dirty(line):
                        return line
        return None

    def open(self, one_piece: int) -> bool:
        """Open for in-place writing, else for reading if there is anything to read; False with the reason in `problem`.

        `one_piece`: one_piece_cost().
        """
        self.problem = None
        try:
            if os.stat(self.path)[6] != self.size:
                self.problem = "has another size"
            elif opening_cost(self.path) > one_piece:
                self.problem = "lies in pieces"
            else:
                self.file = open(self.path, "r+b")
                return True
        except OSError as error:
            self.problem = "is missing" if error.errno == 2 else "cannot be opened for writing (%s)" % reason_of(error)
        try:
            self.file = open(self.path, "rb")
        except OSError:
            pass  # `problem` says it
        return False

    def seek(self, line: int, file: Any = None) -> Any:
        """The file, or another handle to it, at the begin of a line."""
        file = file or self.file
        file.seek((line - FIRST_LINE) * LINE_BYTES)
        return file

    def read(self, line: int, file: Any = None) -> bytes:
        """From another handle than our own when one is given."""
        return bytes(self.seek(line, file).read(LINE_BYTES))

    def _read_by_name(self, line: int) -> bytes:
        with open(self.path, "rb") as file:
            if file.seek(0, 2) != self.size:
                raise OSError(DISPLACED)
            return self.read(line, file)

    def check(self, line: int) -> None:
        """Raise unless the file's name still leads to what we hold."""
        if self._read_by_name(line) != self.read(line):
            raise OSError(DISPLACED)

    def write(self, line: int, data: bytes) -> None:
        """Rewrite one line in place: one erase. Looks through the file's name before and after.

        The other side (USB, web workflow) may delete or replace the file while we hold it; a held handle
        would then write into clusters that belong to somebody else.
        """
        self.check(line)
        self.seek(line).write(data)
        if self._read_by_name(line) != data:
            raise OSError(DISPLACED)
        if line >= 0:
            self.dirty[line >> 3] &= ~(1 << (line & 7)) & 0xFF

    def fail(self, why: str) -> None:
        """Write no more. The handle stays referenced: closing it would write a directory entry."""
        self._abandoned.append(self.file)
        self.file = None
        self.live = False
        self.problem = why

    def lay_out(self, data_of: Callable[[int], bytes], on_progress: Callable[[int], None]) -> None:
        """Make the file: one contiguous run of clusters, filled in place, then renamed to its final name.

        data_of(n) gives line n's bytes; on_progress(per cent) is called as they are written. OSError when the drive
        is full, read-only or too fragmented. The pad ahead of the lines comes first, because it shares an erase
        sector with another file; then from the end to the header. An interrupted fill is resumed.
        """
        temporary = self.path[: -len("json")] + "tmp"
        if not self._begun(temporary, data_of(self.lines - 1)):
            self._allocate_in_one_piece(temporary)
        ahead = FIRST_LINE + PAD_LINES
        with open(temporary, "r+b") as file:
            for turn in range(FIRST_LINE, self.lines, 2):  # two at once: one erase where clusters have 1 KiB
                line = turn if turn < ahead else self.lines - 2 + ahead - turn
                data = data_of(line) + data_of(line + 1)
                self.seek(line, file).write(data)
                if self.seek(line, file).read(len(data)) != data:
                    raise OSError(5)
                on_progress((turn - FIRST_LINE) * 100 // (self.lines - FIRST_LINE - 2))
        os.rename(temporary, self.path)

    def _begun(self, temporary: str, last_line: bytes) -> bool:
        """Whether a file that is known to lie in one piece was being filled when the power went."""
        try:
            if os.stat(temporary)[6] != self.size:
                return False
            with open(temporary, "rb") as file:
                return self.read(self.lines - 1, file) == last_line
        except OSError:
            return False

    def _allocate_in_one_piece(self, path: str) -> None:
        if exists(path):
            os.remove(path)
        info = os.statvfs("/")
        if info[0] * info[3] < self.size + SPARE_BYTES:
            raise OSError(28)
        plugs: list[str] = []
        try:
            while not self._allocate(path):
                if len(plugs) == LAYOUT_TRIES:
                    raise OSError(28)
                # The holes of the drive went into this file: keep it as a plug while trying again.
                make_folder()
                plug = "/logger/plug%d" % len(plugs)
                os.rename(path, plug)
                plugs.append(plug)
        except OSError:
            if exists(path):
                os.remove(path)
            raise
        finally:
            for plug in plugs:
                os.remove(plug)

    def _allocate(self, path: str) -> bool:
        """Create the file at its full size; True when it lies in one piece."""
        with open(path, "wb") as file:
            file.write(b" " * LINE_BYTES)
        reference = opening_cost(path)
        with open(path, "r+b") as file:
            # Takes the clusters between without writing them.
            self.seek(self.lines - 1, file).write(b" " * LINE_BYTES)
        if os.stat(path)[6] != self.size:
            raise OSError(28)
        return opening_cost(path) <= reference

    def set_aside(self) -> None:
        """Rename a file that is not ours to fill; nothing valid is ever overwritten."""
        owner = "damaged"
        try:
            with open(self.path, "rb") as file:
                header = self.read(-1, file)
            at = header.find(b'{"device_uuid": "')
            if at >= 0:
                owner = header[at + 17 : at + 53].decode()
        except (OSError, ValueError):
            pass
        start = self.path[: -len(".json")] + "-" + owner
        target = start + ".json"
        number = 1
        while exists(target):
            number += 1
            target = "%s-%d.json" % (start, number)
        os.rename(self.path, target)
        log("Storage: %s %s; set aside as %s" % (self.path, self.problem, target))


class SessionTable:
    """All sessions the board keeps, as packed records in a ring of slots; a slot is a line of the files.

    `current` is this power-up's. It has no slot (-1) while every one holds an unsent session.
    """

    def __init__(self, slots: int, copies: tuple[SessionFile, ...]) -> None:
        self.slots = slots
        self._copies = copies
        self._records = bytearray(slots * Session.BYTES)
        self._senses: bytearray | None = None  # boards without a divider do without
        self.current = Session(-1, (0,) * 9)
        self.left = self.current  # the newest session as the drive had it, with the notes that no record holds
        self.boot = 1  # of this power-up
        self.starts_resolved = False
        self._moved_at = 0
        self._held_back: int | None = None  # unsent sessions, none of which may go now; None: look again

    def at(self, slot: int) -> Session:
        """The session in a slot that is in use."""
        if slot == self.current.slot:
            return self.current
        fields = struct.unpack_from(Session.FORMAT, self._records, slot * Session.BYTES)
        flags = fields[-1]
        session = Session(slot, fields[0:-1] + (flags >> Session.PARKED_SHIFT, flags & 0x3F))
        if session.boot == self.left.boot:
            left = self.left
            session.joining, session.fault, session.resumed = left.joining, left.fault, left.resumed
        if self._senses:
            sense = struct.unpack_from(Session.SENSE_FORMAT, self._senses, slot * Session.SENSE_BYTES)
            if sense[4]:  # a bus that was believed has a highest voltage
                session.sense = sense
        return session

    def get(self, slot: int) -> Session | None:
        """The session in a slot; None when it is free."""
        session = self.at(slot)
        return session if session.boot else None

    def put(self, session: Session) -> None:
        """Keep a session as it is, without having it written."""
        session.pack_into(self._records)
        if session.sense and not self._senses:
            self._senses = bytearray(self.slots * Session.SENSE_BYTES)
        if self._senses:
            sense = session.sense or (0,) * 7
            struct.pack_into(Session.SENSE_FORMAT, self._senses, session.slot * Session.SENSE_BYTES, *sense)

    def _clear(self, slot: int) -> None:
        self._records[slot * Session.BYTES : (slot + 1) * Session.BYTES] = bytes(Session.BYTES)
        if self._senses:
            self._senses[slot * Session.SENSE_BYTES : (slot + 1) * Session.SENSE_BYTES] = bytes(Session.SENSE_BYTES)

    def save(self, session: Session) -> None:
        """Keep a changed session: in memory at once, on flash with the coming ticks if it has a slot."""
        session.rev += 1
        if session.slot >= 0:
            self.put(session)
            self._mark(session.slot)
        if session is not self.current:
            self._held_back = None

    def _mark(self, slot: int) -> None:
        for copy in self._copies:
            copy.mark(slot)

    def by_boot(self) -> list[int]:
        """Slots in use, oldest power-up first, each session once."""
        order = []
        for slot in range(self.slots):
            boot = struct.unpack_from("<I", self._records, slot * Session.BYTES)[0]
            if boot:
                order.append(boot * 2048 + slot)
        order.sort()
        for index in range(len(order)):
            order[index] &= 2047
        return order

    def newest(self) -> Session | None:
        order = self.by_boot()
        return self.at(order[-1]) if order else None

    # What the files hold; `where` is the slot of each boot so far

    def merge(self, session: Session, where: dict[int, int]) -> Session | None:
        """Keep a session that a copy has in a slot; returns the one, of two unsent in that slot, that loses it."""
        known = where.get(session.boot)
        if known is not None:
            if self.at(known).rev >= session.rev:
                return None
            self._clear(known)
            del where[session.boot]
        loser = self.get(session.slot)
        if loser is not None:
            # A slot is reused only when its session was acked, but the other copy may not know that yet.
            if session.fully_acked or (not loser.fully_acked and session.boot < loser.boot):
                loser = session
            where.pop(loser.boot, None)
        if loser is not session:
            self.put(session)
            where[session.boot] = session.slot
        return None if loser is None or loser.fully_acked else loser

    def adopt(self, session: Session, where: dict[int, int], wanted: int) -> None:
        """Keep a session that has no slot of its own, in this one or in the next that is free."""
        slot = where.get(session.boot)
        if slot is not None and self.at(slot).rev >= session.rev:
            return
        if slot is None:
            slot = self._free_slot(wanted - 1)
        if slot < 0:
            log("Storage: no line is free for the session of boot %d" % session.boot)
            return
        where.pop(self.at(slot).boot, None)
        where[session.boot] = session.slot = slot
        self.put(session)

    # The open session

    def begin(self) -> None:
        """Begin the session of this power-up; the one before it is closed."""
        newest = self.newest()
        slot = self._next_slot()
        fault = self.left.fault
        self.left = self.current
        lifetime = 0
        for other in range(self.slots):
            session = self.get(other)
            if session:
                lifetime = max(lifetime, session.lifetime_before + session.run_seconds)
                if not session.has(Session.CLOSED):
                    session.flags |= Session.CLOSED
                    self.save(session)
        self.boot = newest.boot + 1 if newest else 1
        self.current = Session(slot, (self.boot, 0, 0, 0, 0, 0, min(lifetime, MAX_COUNT), 0, 0))
        self.current.fault = fault
        self.save(self.current)

    def go_on(self, session: Session) -> None:
        """Go on with a session that was open before a software, watchdog or brown-out reset."""
        self.boot = session.boot
        self.current = session
        self._moved_at = session.run_seconds

    def count_to(self, run_seconds: int) -> None:
        """What the open session has counted; it takes a slot when it has none, another one when that is due.

        Of two slots the new one is written before the old one is blanked: the open session goes first in a tick.
        """
        current = self.current
        current.run_seconds = max(current.run_seconds, min(run_seconds, MAX_COUNT))
        if current.slot < 0:
            current.slot = self._next_slot()
            self._moved_at = current.run_seconds
        elif current.run_seconds - self._moved_at >= MOVE_AFTER_SECONDS:
            self._moved_at = current.run_seconds
            slot = self._free_slot(current.slot)
            if slot >= 0:
                self._clear(current.slot)
                self._mark(current.slot)
                current.slot = slot
        self.save(current)

    def _next_slot(self) -> int:
        newest = self.newest()
        return self._free_slot(newest.slot if newest else -1)

    def _free_slot(self, after: int) -> int:
        """The next in ring order that is free or holds an acked session, durable in both copies; -1: none."""
        for step in range(1, self.slots + 1):
            slot = (after + step) % self.slots
            if not any([copy.live and copy.is_dirty(slot) for copy in self._copies]):
                session = self.get(slot)
                if session is None or (session.fully_acked and session is not self.current):
                    return slot
        return -1

    # Starts

    def packed_starts(self, besides: int) -> bytes:
        """The starts of all sessions but that of boot `besides`, 4 bytes each: to search without a loop in Python."""
        packed = bytearray(4 * (self.slots + 1))
        for slot in range(self.slots):
            boot, _, start = struct.unpack_from("<III", self._records, slot * Session.BYTES)
            if boot not in (besides, self.current.boot):
                struct.pack_into("<I", packed, 4 * slot, start)
        if self.current.boot != besides:
            struct.pack_into("<I", packed, 4 * self.slots, self.current.start)
        return bytes(packed)

    def free_starts_of(self, sources: int) -> None:
        """Forget the unsent starts that clocks of these sources (one bit each) gave: they were found wrong."""
        for slot in self.by_boot():
            session = self.at(slot)
            unsent = session.start and not session.has(Session.SENT) and session is not self.current
            if unsent and sources >> session.source & 1:
                session.set_start(0, 0)
                self.save(session)
        self.starts_resolved = False

    # Acks

    def ack(self, session: Session, run_seconds: int, status: str) -> None:
        """The server named this message: it has this much of the session."""
        session.acked_run_seconds = max(session.acked_run_seconds, run_seconds)
        if status == "closed":
            session.flags |= Session.ACKED_CLOSED
        session.flags &= ~Session.REJECTED
        self.save(session)

    def park(self, session: Session, code: str | None) -> None:
        """The server refused this message: keep it, try again at the next power-up."""
        session.flags |= Session.REJECTED
        session.parked = 1
        if code == "bad_start" and session is not self.current:
            session.flags &= ~Session.SENT
            session.set_start(0, 0)
            self.starts_resolved = False
        self.save(session)

    def forget_acks(self) -> bool:
        """A new or restored server: everything still kept is unsent again; False when it was so before."""
        had = False
        for slot in range(self.slots):
            session = self.get(slot)
            if session and (session.acked_run_seconds or session.flags & (Session.ACKED_CLOSED | Session.REJECTED)):
                session.acked_run_seconds = 0
                session.flags &= ~(Session.ACKED_CLOSED | Session.REJECTED)
                session.parked = 0
                self.save(session)
                had = True
        return had

    def unsent(self, most: int) -> tuple[list[Session], int]:
        """Up to `most` ended sessions that may be sent now, oldest first, and how many are unsent in all."""
        found: list[Session] = []
        if self._held_back is not None:
            return found, self._held_back
        count = waiting = 0
        for slot in self.by_boot():
            session = self.at(slot)
            if session.boot == self.boot or session.fully_acked:
                continue
            count += 1
            parked = session.has(Session.REJECTED) and session.parked
            if session.start and not parked:
                waiting += 1
                if len(found) < most:
                    found.append(session)
        if not waiting:
            self._held_back = count
        return found, count


class MirroredFiles:
    """Both copies of sessions.json, a pure function of the table: read and mended at the start, then written in turn.

    One copy is written after the other, so a torn sector never holds the only durable state of anything; a tick
    writes one of them only, for half the erases (facts and measurements: firmware/README.md).
    """

    def __init__(self, identity: Identity, keep_alive: Callable[[], None]) -> None:
        self.identity = identity
        self.keep_alive = keep_alive
        slots = SESSION_LINES_SMALL_DRIVE if drive_is_small() else SESSION_LINES
        self.copies = (SessionFile(SESSIONS_PATH, slots), SessionFile(TWIN_PATH, slots))
        self.table = SessionTable(slots, self.copies)
        self._turn = 0
        self._window = -JOURNAL_LINES  # the first slot that the journal repeats: none

    def line(self, number: int) -> bytes:
        """The text of the files."""
        slots = self.table.slots
        form = self.copies[0]
        if number == -1:
            text = '{"device_uuid": "%s", "sessions": [' % self.identity.uuid
        elif number == slots:
            text = 'null], "journal": ['
        elif number == form.closing:
            text = "null]}"
        else:
            if form.journal <= number < form.closing:
                number = self._window + (number - self._window) % JOURNAL_LINES
            session = self.table.get(number) if 0 <= number < slots else None
            text = session.line(self.identity.seed) if session else ""
        return text.encode() + b" " * (LINE_BYTES - 1 - len(text)) + b"\n"

    # Start: read both copies, merge, mend one after the other

    def load(self) -> None:
        """Read what the drive holds, merge both copies and mend what differs. Never raises for what it finds."""
        where: dict[int, int] = {}
        homeless: list[int] = []  # as copy * 2048 + line: a thousand objects are more than the heap holds
        one_piece = one_piece_cost()
        for copy in self.copies:
            copy.live = copy.open(one_piece)
        for copy in self.copies:
            if not copy.live:
                continue
            try:
                self._read(copy, where, homeless)
            except OSError as error:
                copy.problem = "cannot be read (%s)" % reason_of(error)
            copy.live = copy.problem is None
        for place in homeless:
            self._adopt_from(self.copies[place // 2048], place % 2048, where)
        for copy in self.copies:
            if not copy.live and copy.file is not None:
                self._salvage(copy, where)
        if self._alone():
            self._window = self.table.left.slot - NEAR_LINES  # as it most likely is
        for copy in sorted(self.copies, key=lambda copy: (not copy.torn_to, copy.newest)):
            if copy.live:
                if copy.torn_to:
                    log("Storage: a power cut tore %s; mending it" % copy.path)
                self._mend(copy)

    def _read(self, copy: SessionFile, where: dict[int, int], homeless: list[int]) -> None:
        """Merge one copy's lines into the table, and note how it was left."""
        table = self.table
        copy.seek(0)
        for number in range(copy.closing):
            line = copy.file.read(LINE_BYTES)
            if number % 64 == 0:
                self.keep_alive()
            if line[0:1] == b" " and not line.strip():
                continue
            session = Session.from_line(number, line, self.identity.seed)
            if session is None or session.boot == 0:
                if number < table.slots:
                    if not copy.torn_to:
                        copy.torn_from = number
                    copy.torn_to = number + 1
                continue
            copy.newest = max(copy.newest, session.boot << 32 | session.rev)
            if (session.boot, session.rev) > (table.left.boot, table.left.rev):
                table.left = session
            loser = table.merge(session, where) if number < table.slots else session
            if loser is not None:
                # Whoever had the line before comes from the first copy.
                index = self.copies.index(copy) if loser is session else 0
                homeless.append(index * 2048 + number)
        if copy.torn_to and not copy.newest:
            header = copy.read(-1).strip()
            if header.startswith(b'{"device_uuid"') and self.identity.uuid.encode() not in header:
                copy.problem = "belongs to another device"

    def _salvage(self, copy: SessionFile, where: dict[int, int]) -> None:
        """Take what is ours from a file that cannot go on (of another size, read-only, damaged), and let it go."""
        found = 0
        try:
            copy.file.seek(0)
            while True:
                line = copy.file.readline(LINE_BYTES)
                if not line:
                    break
                session = Session.from_line(-1, line.strip(), self.identity.seed)
                if session and session.boot:
                    found += 1
                    self.table.adopt(session, where, len(where))
                self.keep_alive()
        except OSError as error:
            log("Storage: %s cannot be read (%s)" % (copy.path, reason_of(error)))
        log("Storage: %s %s; %d sessions read from it" % (copy.path, copy.problem, found))
        copy.file.close()
        copy.file = None

    def _adopt_from(self, copy: SessionFile, number: int, where: dict[int, int]) -> None:
        try:
            session = Session.from_line(number, copy.read(number), self.identity.seed)
        except OSError as error:
            copy.problem = "cannot be read (%s)" % reason_of(error)
            return
        if session:
            wanted = len(where)
            if number >= copy.journal and copy.torn_to:
                # Back to the line that the cut tore: the journal is whole until all of these are.
                wanted = copy.torn_from + (number - copy.torn_from) % JOURNAL_LINES
            self.table.adopt(session, where, wanted)

    def _mend(self, copy: SessionFile) -> None:
        """Make a copy equal to the table, line by line; what a cut tore first, while the journal has it."""
        for numbers in (range(copy.torn_from, copy.torn_to), range(FIRST_LINE, copy.lines)):
            for number in numbers:
                if not self._write(copy, number, True):
                    return
                if number % 32 == 0:
                    self.keep_alive()
            copy.torn_to = 0

    # Laying out

    @property
    def laid_out(self) -> bool:
        return self.copies[0].live and self.copies[1].live and self.identity.file_is_whole

    def prepare(self, between_lines: Callable[[], None]) -> None:
        """Lay out the copies that are missing, foreign, lost or of another size; touches the FAT.

        between_lines() is called as lines are written, so that counting goes on meanwhile. sessions.json comes
        first: the folder and the twin then lie behind its unused end, away from the sectors that hold code.py.
        """
        for name in os.listdir("/logger") if exists("/logger") else ():
            if name.startswith("plug"):  # of a lay-out that a power cut ended
                os.remove("/logger/" + name)
        if not self.copies[0].live:
            self._lay_out(self.copies[0], between_lines)
        make_folder()
        if not self.identity.file_is_whole:
            self.identity.write_file()
        if not self.copies[1].live:
            self._lay_out(self.copies[1], between_lines)

    def _lay_out(self, copy: SessionFile, between_lines: Callable[[], None]) -> None:
        if exists(copy.path):
            copy.set_aside()
        log("Preparing storage, do not switch off: %s" % copy.path)
        told = [0]

        def on_progress(percent: int) -> None:
            between_lines()
            if percent >= told[0] + 10:
                told[0] = percent // 10 * 10
                log("Preparing storage, do not switch off: %d %%" % told[0])

        copy.dirty = bytearray(len(copy.dirty))  # what changes from here on is marked again
        copy.lay_out(self.line, on_progress)
        copy.live = copy.open(one_piece_cost())
        if copy.live and not self._alone():
            # Before the other one is written to without the journal, this one needs what changed meanwhile.
            self._window = -JOURNAL_LINES
            self._mend(copy)
            self._mend(self._other(copy))

    # Writing

    @property
    def durable(self) -> bool:
        """Whether checkpoints reach the flash."""
        return self.table.current.slot >= 0 and (self.copies[0].live or self.copies[1].live)

    @property
    def settled(self) -> bool:
        """Whether nothing but the open session's line waits to be written."""
        slot = self.table.current.slot
        return not any([copy.live and copy.next_dirty(slot) is not None for copy in self.copies])

    def interval(self, checkpoint_seconds: int) -> int:
        """Seconds from one checkpoint to the next, where the settings ask for so many."""
        return max(checkpoint_seconds, CHECKPOINT_SECONDS_ALONE) if self._alone() else checkpoint_seconds

    def checkpoint(self, run_seconds: int) -> None:
        """Make the open session's present state durable: one line of one copy, one erase; then others in that copy."""
        self.table.count_to(run_seconds)
        slot = self.table.current.slot
        copy = self._next_copy()
        while copy and slot >= 0 and not self._write(copy, slot):
            copy = self._next_copy()  # it is a checkpoint behind
        if copy:
            self.drain(copy)

    def drain(self, copy: SessionFile | None = None) -> None:
        """Write a few of the lines that wait, also between checkpoints, so that acks outlast a short power-up.

        Into the copy whose turn is next: the other one alone has the open session's last checkpoint.
        """
        copy = copy or self.copies[self._turn]
        if not copy.live:
            copy = self._other(copy)
        for _ in range(OTHER_LINES_PER_TICK):
            number = copy.next_dirty(self.table.current.slot) if copy.live else None
            if number is None or not self._write(copy, number):
                break

    def make_durable(self, slots: list[int]) -> None:
        """Write these slots to one copy, then to the other, before anybody relies on them."""
        for _ in (0, 1):
            copy = self._next_copy()
            if copy is None:
                return
            for slot in slots:
                # A session in memory alone (-1) has nothing to write; a copy that failed takes nothing more.
                if slot >= 0 and copy.live and copy.is_dirty(slot):
                    self._write(copy, slot)
                    self.keep_alive()

    def _next_copy(self) -> SessionFile | None:
        for _ in (0, 1):
            copy = self.copies[self._turn]
            self._turn = 1 - self._turn
            if copy.live:
                return copy
        return None

    def _other(self, copy: SessionFile) -> SessionFile:
        return self.copies[1 - self.copies.index(copy)]

    def _alone(self) -> bool:
        return self.copies[0].live != self.copies[1].live

    def _write(self, copy: SessionFile, number: int, mending: bool = False) -> bool:
        """Rewrite a line in place; alone, once the journal repeats every line of the sector that a cut would tear."""
        data = self.line(number)
        other = self._other(copy)
        checked = copy
        try:
            if mending and copy.read(number) == data:
                return True
            if other.live:
                checked = other  # nobody may have deleted it
                other.check(number)
                checked = copy
            elif not copy.torn_to and number < copy.journal:
                self._window = number - NEAR_LINES
                for place in range(copy.journal, copy.closing):
                    repeated = self.line(place)
                    if copy.read(place) != repeated:
                        copy.write(place, repeated)
            copy.write(number, data)
            return True
        except OSError as error:
            checked.fail("was changed or cannot be written (%s)" % reason_of(error))
            log("Storage: %s %s" % (checked.path, checked.problem))
            return checked is other and self._write(copy, number, mending)


class StartEstimator:
    """Starts for sessions that ended before the clock was known.

    In the middle of the gap between the session before it and the one after it, with half the gap's slack as
    uncertainty; with nothing before it, directly before the next, uncertainty unknown. Starts increase in boot order
    as far as sent ones leave room; those in the server's future are not asked. No two are ever the same: to the
    server they would be one session. Looks at one session at a time: a thousand objects are more than the heap holds.
    """

    def __init__(self, table: SessionTable, keep_alive: Callable[[], None]) -> None:
        self._table = table
        self._keep_alive = keep_alive
        self._looks = 0

    def resolve(self, server_now: int) -> None:
        """Give every unsent session without a right start an estimated one; needs the open session's start."""
        table = self._table
        if not table.current.start or (table.starts_resolved and table.current.has(Session.SENT)):
            return
        table.starts_resolved = True
        order = table.by_boot()
        if table.current.slot < 0:
            order.append(-1)
        disordered = self._free_wrong_starts(order, server_now)
        previous = end = 0
        first = count = seconds = 0  # of the sessions without a start since the last one that has one
        for index in range(len(order)):
            session = self._look(order[index])
            if not session.start:
                count += 1
                seconds += max(session.run_seconds, 1)
                continue
            if session.has(Session.SENT):
                if session.start > server_now:
                    continue
            elif session is table.current or (previous and session.start <= previous + count):
                # The open session's may also be that of a sent one in the server's future.
                least = max(session.start, previous + count + 1) if previous else session.start
                start = self._untaken(table.packed_starts(session.boot), least, 1)
                if start != session.start:
                    session.start = start
                    table.save(session)
            if count:
                # Sessions that have ended began in the past, below every sent start in the server's future.
                following = min(session.start, server_now + 1)
                start, uncertainty = self._gap(previous, end, following, seconds)
                crowded = disordered or following - previous <= count
                self._place(order[first:index], start + seconds, following, uncertainty, crowded)
            first = index + 1
            count = seconds = 0
            if session.start > previous:
                previous = session.start
                end = previous + session.run_seconds

    def _look(self, slot: int) -> Session:
        self._looks += 1
        if self._looks % 32 == 0:
            self._keep_alive()
        return self._table.at(slot)

    def _free_wrong_starts(self, order: list[int], server_now: int) -> bool:
        """Forget unsent starts that cannot be; True when sent ones are out of order."""
        current = self._table.current
        disordered = False
        sent_until = 0
        for slot in order:
            session = self._look(slot)
            if session.has(Session.SENT):
                if session.start <= server_now:
                    sent_until = max(sent_until, session.start)
            elif session is not current and session.start < sent_until - SERVER_WINS_SECONDS:
                self._free_start(session)
        following = server_now + 1
        for slot in reversed(order):
            session = self._look(slot)
            if session.has(Session.SENT) or session is current:
                if session.start <= server_now:
                    disordered |= session.start >= following
                    following = min(following, session.start)
            elif 0 < session.start < following:
                following = session.start
            else:
                following -= 1  # leaves at least a second for each session between
                self._free_start(session)
        return disordered

    def _free_start(self, session: Session) -> None:
        if session.start:
            session.set_start(0, 0)
            self._table.save(session)

    def _gap(self, previous: int, end: int, following: int, seconds: int) -> tuple[int, int]:
        """Start and uncertainty of the first of sessions that ran so many seconds between two known starts."""
        start = max(following - seconds, YEAR_2024)
        if not previous:
            return start, UNKNOWN_UNCERTAINTY
        slack = start - end
        if slack < 0:
            return max(start, previous + 1), UNKNOWN_UNCERTAINTY
        return max(start - slack // 2, previous + 1), (slack + 1) // 2

    def _place(self, slots: list[int], end: int, following: int, uncertainty: int, crowded: bool) -> None:
        """One after the other from `end` backwards, each before the one after it, the last before `following`."""
        taken = self._table.packed_starts(0) if crowded else b""
        start = following
        left = 0
        for slot in reversed(slots):
            session = self._look(slot)
            if session.start:
                continue  # sent, in the server's future
            left += 1
            end -= max(session.run_seconds, 1)
            start = self._untaken(taken, min(end, following - left, start - 1), -1)
            session.set_start(start, ESTIMATED, uncertainty)
            self._table.save(session)

    def _untaken(self, taken: bytes, start: int, step: int) -> int:
        """The first start from here on, up or down, that is not among the packed ones."""
        while True:
            key = struct.pack("<I", start)
            at = taken.find(key)
            while at % 4 and at >= 0:
                at = taken.find(key, at + 1)
            if at < 0:
                return start
            start += step


class Link:
    """Wi-Fi: joins the strongest known network and joins again for as long as it takes."""

    def __init__(self, networks: list[tuple[str, str]], session: Session, before_call: Callable[[], None]) -> None:
        self._networks = networks
        self._session = session  # the open one, in whose line it leaves notes
        self._before_call = before_call
        self.up = False
        self._avoid_until = [0] * len(networks)
        self._next_try = 0
        self._delay = JOIN_RETRY_FIRST_SECONDS
        self._unheard_turn = 0
        self._returned = 0  # networks whose connect() has come back, one bit each: the next one needs no note
        self._answered: int | None = None  # when something beyond the router last answered
        self._calls = 0  # since then
        self._dead_ends: list[bytes] = []  # access points left since then, by BSSID
        self._pool: Any = None

    @property
    def pool(self) -> Any:
        if self._pool is None:
            import socketpool

            self._pool = socketpool.SocketPool(wifi.radio)
        return self._pool

    def avoid_hung(self, now: int) -> None:
        """A silent DHCP server never ends a connect(): after the watchdog's reset let the others have a turn."""
        joining = self._session.joining
        for index in range(len(self._networks)):
            if joining >> index & 1:
                self._avoid_until[index] = now + AVOID_SECONDS
                log("Wi-Fi: %s never gave an address; next try in %d s" % (self._networks[index][0], AVOID_SECONDS))

    def poll(self, now: int) -> bool:
        """Keep the link up; `now` is elapsed seconds. True while there is one."""
        if self._answered is None:
            self._answered = now
        if wifi.radio.connected:
            if not self.up:
                self.up = True
                self._delay = JOIN_RETRY_FIRST_SECONDS
                self._calls = 0
                log("Wi-Fi: %s" % wifi.radio.ipv4_address)
        elif self.up:
            self.up = False
            self._next_try = now
            log("Wi-Fi lost; reconnecting…")
            self.close_sockets()
        if self._networks and now - self._answered > RESET_AFTER_OFFLINE_SECONDS:
            fault = "no answer for %d hours" % (RESET_AFTER_OFFLINE_SECONDS // 3600)
            log("Wi-Fi: %s; restarting, the session goes on" % fault)
            self._session.fault = self._session.fault or fault  # an error not yet reported matters more
            self._before_call()
            microcontroller.reset()
        if self.up:
            if self._calls >= CALLS_WITHOUT_ANSWER and self._networks:
                self._calls -= 1  # look around again after the next one
                self._leave_for_another(now)
        elif now >= self._next_try:
            self._join([(index, None) for index in self._in_order(now)])
            self._next_try = now + self._delay
            self._delay = min(self._delay * 2, JOIN_RETRY_MOST_SECONDS)
        return self.up

    def asked(self) -> None:
        """A call to the server begins."""
        self._calls += 1

    def answered(self, now: int) -> None:
        """Something beyond the router answered: this network leads somewhere."""
        self._answered = now
        self._calls = 0
        self._dead_ends = []

    def _leave_for_another(self, now: int) -> None:
        """Joined, but nothing answers: a captive portal, or a router without internet.

        First other networks in reach, then other access points of this one, then a network that may be hidden.
        """
        info = wifi.radio.ap_info
        if info is None:
            return
        here = bytes(info.bssid)
        same = [index for index in range(len(self._networks)) if self._networks[index][0] == info.ssid]
        self._dead_ends.append(here)
        seen = self._scan()
        heard = self._heard(seen, now)
        others: list[tuple[int, bytes | None]] = [(index, None) for index in heard if index not in same]
        others += [(index, bssid) for _, index, bssid in seen if index in same and bssid not in self._dead_ends]
        others += [(index, None) for index in self._one_unheard(heard, now) if index not in same]
        if not others:
            return
        log("Wi-Fi: no answer to %d calls; trying another network" % CALLS_WITHOUT_ANSWER)
        self.close_sockets()
        self.up = False
        self._next_try = now
        wifi.radio.stop_station()  # or connect() takes another access point of this network for the one it has
        joined = self._join(others)
        if joined is not None and joined not in same:
            for index in same:
                self._avoid_until[index] = now + AVOID_SECONDS

    def _join(self, order: list[tuple[int, bytes | None]]) -> int | None:
        """Try these networks in turn, each at the access point named or the strongest; the index of the one joined."""
        for index, bssid in order:
            ssid, password = self._networks[index]
            if not self._returned >> index & 1:
                self._session.joining |= 1 << index
            self._before_call()
            try:
                wifi.radio.connect(ssid, password, bssid=bssid, timeout=JOIN_TIMEOUT_SECONDS)
            except Exception as error:
                log("Wi-Fi: cannot join %s (%s)" % (ssid, error))
            self._session.joining &= ~(1 << index)
            self._returned |= 1 << index
            if wifi.radio.connected:
                return index
        return None

    def _in_order(self, now: int) -> list[int]:
        """Indexes of the networks to try now: those heard, strongest first, then one that may be hidden."""
        if len(self._networks) < 2:
            return self._ready(now)
        heard = self._heard(self._scan(), now)
        return heard + self._one_unheard(heard, now)

    def _one_unheard(self, heard: list[int], now: int) -> list[int]:
        """One of the networks that no scan shows, each in its turn."""
        unheard = [index for index in self._ready(now) if index not in heard]
        if not unheard:
            return []
        self._unheard_turn += 1
        return [unheard[self._unheard_turn % len(unheard)]]

    def _ready(self, now: int) -> list[int]:
        return [index for index in range(len(self._networks)) if now >= self._avoid_until[index]]

    def _heard(self, seen: list[tuple[int, int, bytes]], now: int) -> list[int]:
        """Indexes of the networks in a scan that may be tried, strongest first."""
        heard: list[int] = []
        for _, index, _ in seen:
            if now >= self._avoid_until[index] and index not in heard:
                heard.append(index)
        return heard

    def _scan(self) -> list[tuple[int, int, bytes]]:
        """Access points of known networks in reach, strongest first: (minus its signal in dBm, network, BSSID)."""
        seen = []
        try:
            # By default CircuitPython stops at channel 11; Europe has 13, Japan 14.
            for one in wifi.radio.start_scanning_networks(stop_channel=LAST_CHANNEL):
                try:
                    ssid = one.ssid
                except UnicodeError:
                    continue  # a neighbour's name may be any 32 bytes
                for index in range(len(self._networks)):
                    if self._networks[index][0] == ssid:
                        seen.append((-one.rssi, index, bytes(one.bssid)))
        except Exception as error:
            log("Wi-Fi: cannot scan (%s)" % reason_of(error))
        finally:
            wifi.radio.stop_scanning_networks()  # or no later scan begins
        seen.sort()
        return seen

    def close_sockets(self) -> None:
        """Close whatever the HTTP library holds: a half-read reply poisons the next request on its socket."""
        if self._pool is None:
            return
        try:
            import adafruit_connection_manager

            adafruit_connection_manager.connection_manager_close_all(self._pool)
        except RuntimeError:
            pass  # nothing was opened on this pool yet
        except Exception as error:
            log("Wi-Fi: sockets cannot be closed (%s)" % reason_of(error))


NOT_OURS = "the reply is not our function's: a login page, or a wrong ingest_url"
STATUSES = {
    401: "refused",
    403: "refused",
    404: "no such function: it is not deployed, or ingest_url is wrong",
    408: "the server gave up waiting",
    429: "too many requests",
    503: "the function runs, its tables or its database do not",
    540: "the project is paused",
}


def reason_of_status(status: int) -> str:
    """What an HTTP status means that is no answer of our function."""
    if 300 <= status < 400:
        words = "sent elsewhere: a login page, or a wrong ingest_url"
    elif status in STATUSES:
        words = STATUSES[status]
    else:
        words = "the server has trouble" if status >= 500 else "not an answer of our function"
    return "HTTP %d, %s" % (status, words)


class Uplink:
    """Store-and-forward over POST: sends what is unsent, oldest first, and acks only what the server names."""

    def __init__(
        self, config: Config, clock: Clock, files: MirroredFiles, link: Link, before_call: Callable[[], None]
    ) -> None:
        self._config = config
        self._clock = clock
        self._files = files
        self._table = files.table
        self._identity = files.identity
        self._estimator = StartEstimator(files.table, files.keep_alive)
        self._link = link
        self._before_call = before_call
        self._http: Any = None
        self._next_try = 0
        self._held_until = 0  # by a Retry-After or a refusal
        self._delay = OUTAGE_RETRY_FIRST_SECONDS
        self._batch_limit = config.batch_messages
        self._parked_in_a_row = 0
        self._greeted = False
        self._server_offset = 0  # server's time minus elapsed seconds
        self._next_report = 0
        self._new_mark: int | None = None  # of a server whose id is written once the forgotten acks are durable
        self._server_changes = 0
        self.reset_reason = ""
        self.refused = False
        self.delivered_until = 0  # elapsed seconds up to which "the server has everything" is believed
        self.backlog = files.table.unsent(0)[1]

    def link_is_back(self) -> None:
        """Forget the back-off, but not what a server asked for."""
        self._next_try = 0
        self._delay = OUTAGE_RETRY_FIRST_SECONDS

    def poll(self, now: int) -> None:
        """One step at most: a greeting, or one batch. `now` is elapsed seconds."""
        if self._new_mark is not None and self._files.settled:
            self._identity.remember_server(self._new_mark)
            self._new_mark = None
        if not self._config.ingest_url:
            self._link.answered(now)
        elif now >= max(self._next_try, self._held_until):
            try:
                if not self._greeted:
                    self._greet()
                    self._greeted = True
                self._send_batch(now)
            except Exception as error:
                self._fail(error)

    def _fail(self, error: Exception) -> None:
        """Nothing was acked: wait, then ask for less at once, in case it was too much for the memory or the line."""
        self._drop_connection()
        self._batch_limit = max(self._batch_limit // 2, 1)
        wait = min(error.hold, MAX_RETRY_AFTER_SECONDS) if isinstance(error, Outage) else 0
        if wait:
            self._held_until = self._clock.elapsed() + wait + 1  # whole seconds: never early
        else:
            # Up to half more, also at the most: boards that all wait as long come back in step (BENCHMARKS.md, Scale).
            wait = self._delay + os.urandom(1)[0] * self._delay // 512
            self._delay = min(self._delay * 2, OUTAGE_RETRY_MOST_SECONDS * 2 // 3)
            self._next_try = self._clock.elapsed() + wait
        log("POST failed: %s; next try in %d s" % (reason_of(error), wait))

    def _drop_connection(self) -> None:
        """Close every socket; the library's session may still point to one of them."""
        self._link.close_sockets()
        self._http = None

    # Server's time and identity

    def _greet(self) -> None:
        """Ask for the server's time and id, before this power-up's clock is trusted with a start."""
        self._before_call()
        status, reply, retry_after = self._request("GET", None)
        if status in (401, 403):
            self._refuse(status, reply)
        if status != 200:
            raise Outage(reason_of_status(status), retry_after)
        if not isinstance(reply, dict) or "server_time" not in reply:
            raise Outage(NOT_OURS)
        try:
            server_now = from_iso(reply["server_time"])
        except (TypeError, ValueError):
            server_now = 0
        if not is_plausible(server_now):
            raise Outage("the server tells a time that cannot be")
        self._learn_time(server_now)
        self._learn_server(reply.get("server_id"))

    def _learn_time(self, server_now: int) -> None:
        clock = self._clock
        current = self._table.current
        self._server_offset = server_now - clock.elapsed()
        apart = abs(clock.utc() - server_now) if clock.power_on_utc else SERVER_WINS_SECONDS + 1
        if (apart > SERVER_WINS_SECONDS or clock.source == FROM_RTC) and not current.has(Session.SENT):
            clock.set_utc(server_now, SOURCES.index("server"))
            log("Clock: %s from the server" % iso(server_now))
            current.set_start(clock.power_on_utc, clock.source, current.unmeasured)

    def _learn_server(self, server_id: object) -> None:
        if not server_id:
            return
        mark = binascii.crc32(str(server_id).encode()) or 1
        if mark in (self._identity.server_mark, self._new_mark):
            return
        if self._server_changes > 2 + self._clock.elapsed() // 3600:
            return  # two servers take turns at one address: following each turn would wear the flash out
        self._server_changes += 1
        if self._send_all_again():
            self._new_mark = mark
        else:
            # Known before the first ack, it is no change at the next start.
            self._identity.remember_server(mark)

    def _send_all_again(self) -> bool:
        """Forget all acks; False when there was none."""
        if not self._table.forget_acks():
            return False
        log("Server changed: all kept sessions will be sent again")
        return True

    # Batches

    def _send_batch(self, now: int) -> None:
        table = self._table
        current = table.current
        if self._clock.wrong_sources:
            table.free_starts_of(self._clock.wrong_sources)
            self._clock.wrong_sources = 0
        self._estimator.resolve(self._clock.elapsed() + self._server_offset)
        parked = current.has(Session.REJECTED) and current.parked
        report = now >= self._next_report and current.start != 0 and not parked
        # The open session comes first when there is room for one alone: one bad session must not silence it.
        sessions, unsent = table.unsent(self._batch_limit - 1 if report else self._batch_limit)
        left = unsent - len(sessions)
        if report:
            sessions.append(current)
        if not sessions:
            return
        fixed = []
        for session in sessions:
            if not session.has(Session.SENT):
                session.flags |= Session.SENT
                table.save(session)
                fixed.append(session.slot)
        self._before_call()  # first: the second copy to be written has the last checkpoint alone
        self._files.make_durable(fixed)
        messages = [self._message(session, left) for session in sessions]
        status, reply, retry_after = self._request("POST", messages)
        if status == 200 and isinstance(reply, dict) and isinstance(reply.get("results"), list):
            log("POST OK 200")
            self._take_results(sessions, messages, reply)
            if report:
                self._next_report = (now // REPORT_SECONDS + 1) * REPORT_SECONDS
            self._delay = OUTAGE_RETRY_FIRST_SECONDS
            self._batch_limit = min(self._batch_limit * 2, self._config.batch_messages)
            self._parked_in_a_row = 0
            self.refused = False
            self.backlog = left
            if not left:
                self.delivered_until = now + 2 * REPORT_SECONDS
        elif status in (400, 413, 415, 422):
            self._refused_whole(sessions, status, reply)
        elif status in (401, 403):
            self._refuse(status, reply)
        else:
            raise Outage(reason_of_status(status), retry_after)

    def _message(self, session: Session, left: int) -> dict[str, Any]:
        uuid = self._identity.uuid
        start = iso(session.start)
        message = {
            "device_uuid": uuid,
            "session_start": start,
            "run_seconds": session.run_seconds,
            "last_update": iso(session.start + session.run_seconds),
            "status": session.status,
            "msg_id": "%s:%s:%d" % (uuid, start, session.run_seconds),
            "boot": session.boot,
            "start_source": SOURCES[session.source],
            "checkpoint_seconds": self._files.interval(self._config.checkpoint_seconds),
            "firmware": FIRMWARE,
        }
        if session.source == ESTIMATED:
            unknown = session.uncertainty == UNKNOWN_UNCERTAINTY
            message["start_uncertainty_s"] = None if unknown else session.uncertainty
        elif session.unmeasured:
            message["start_uncertainty_s"] = session.unmeasured
        message.update(session.sensed(5))
        if session.exact:
            message["checkpoint_seconds"] = 1
        if session is self._table.current:
            message["lifetime_seconds"] = session.lifetime_before + session.run_seconds
            message["reset_reason"] = self.reset_reason
            message["unsent"] = left
        return message

    def _take_results(self, sessions: list[Session], messages: list[dict[str, Any]], reply: dict[str, Any]) -> None:
        if reply.get("new_device"):
            self._send_all_again()
        self._learn_server(reply.get("server_id"))
        outcomes = {}
        for result in reply["results"]:
            if isinstance(result, dict):
                outcomes[str(result.get("msg_id"))] = result
        named = 0
        for session, message in zip(sessions, messages):
            result = outcomes.get(message["msg_id"], {})
            if result.get("outcome") in ("stored", "duplicate"):
                self._table.ack(session, message["run_seconds"], message["status"])
                named += 1
                if session is self._table.current:
                    session.fault = ""
            elif result.get("outcome") == "rejected":
                log("POST: boot %d rejected: %s %s" % (session.boot, result.get("code"), result.get("message")))
                self._table.park(session, result.get("code"))
                named += 1
        if named < len(sessions):
            raise Outage("the reply names %d of %d sessions" % (named, len(sessions)))

    def _refused_whole(self, sessions: list[Session], status: int, reply: object) -> None:
        """A batch refused whole may hold one bad message: ask for half of it, park the last one left."""
        code = reply.get("code") if isinstance(reply, dict) else None
        if len(sessions) > 1:
            log("POST: %d sessions refused with %d %s; sending fewer at once" % (len(sessions), status, code))
            self._batch_limit = len(sessions) // 2
            return
        log("POST: boot %d refused with %d %s" % (sessions[0].boot, status, code))
        self._table.park(sessions[0], code)
        self._batch_limit = self._config.batch_messages
        self._parked_in_a_row += 1
        if self._parked_in_a_row > 1:
            raise Outage("the server refuses every session")

    def _refuse(self, status: int, reply: object) -> None:
        self.refused = True
        hint = (reply.get("hint") or reply.get("message")) if isinstance(reply, dict) else ""
        log("POST refused %d: %s" % (status, hint or "check access_token in secrets.py and the device's key"))
        raise Outage(reason_of_status(status), REFUSED_RETRY_SECONDS)

    def _request(self, method: str, messages: list[dict[str, Any]] | None) -> tuple[int, Any, int]:
        """One bounded HTTP exchange: (status, decoded JSON or None, Retry-After in seconds)."""
        import adafruit_requests

        gc.collect()
        self._link.asked()
        if self._http is None:
            import ssl

            self._http = adafruit_requests.Session(self._link.pool, ssl.create_default_context())
        headers = {"X-Device-Key": hex_of(self._identity.key), "Accept": "application/json"}
        if self._config.access_token:
            headers["Authorization"] = "Bearer " + self._config.access_token
        data = None
        if messages is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(messages, separators=(",", ":")).encode()
        response = self._http.request(
            method,
            self._config.ingest_url,
            data=data,
            headers=headers,
            timeout=REQUEST_TIMEOUT_SECONDS,
            allow_redirects=False,
        )
        status = response.status_code
        is_json = "json" in response.headers.get("content-type", "")
        retry_after = response.headers.get("retry-after", "")
        if is_json or status >= 400:
            self._link.answered(self._clock.elapsed())  # a captive portal answers with a page or a redirect
        body = b""
        if is_json:
            end = self._clock.elapsed() + REPLY_SECONDS
            for chunk in response.iter_content(1024):
                body += chunk
                if len(body) > MAX_REPLY_BYTES or self._clock.elapsed() > end:
                    raise Outage("the reply is longer than %d bytes or %d s" % (MAX_REPLY_BYTES, REPLY_SECONDS))
            response.close()
        else:
            self._drop_connection()  # the rest of a page is not worth reading, and poisons the next request
        if status == 200 and not is_json:
            raise Outage(NOT_OURS)
        reply = None
        if body:
            try:
                reply = json.loads(body)
            except ValueError:
                if status == 200:
                    raise Outage("the reply is cut short or not JSON") from None
        return status, reply, int(retry_after) if retry_after.isdigit() else 0


class Signals:
    """Shows what the board is doing on its NeoPixel or LED; silent on boards that have none."""

    # Dim, so that it dazzles nobody in a cockpit at night. Green, red, blue.
    COLOURS = (b"\x00\x18\x00", b"\x08\x10\x00", b"\x00\x00\x10", b"\x10\x00\x00")
    BLINKS = ("1000", "1010", "1110", "1111")  # one second each, again and again
    FAULT, BACKLOG, RECORDING, DELIVERED = 0, 1, 2, 3

    def __init__(self) -> None:
        self._pin: Any = None
        self._write: Any = None
        try:
            import board
            from digitalio import DigitalInOut

            pins: Any = board
            if hasattr(pins, "NEOPIXEL"):
                from neopixel_write import neopixel_write

                self._write = neopixel_write
                if hasattr(pins, "NEOPIXEL_POWER"):
                    self._power = DigitalInOut(pins.NEOPIXEL_POWER)
                    self._power.switch_to_output(True)
            self._pin = DigitalInOut(pins.NEOPIXEL if self._write else pins.LED)
            self._pin.switch_to_output()
        except Exception:
            self._pin = None  # nothing to show it on, or something else uses it

    def show(self, state: int, now: int) -> None:
        """`now` in seconds decides the phase of a blinking LED."""
        try:
            if self._pin and self._write:
                self._write(self._pin, bytearray(self.COLOURS[state]))
            elif self._pin:
                self._pin.value = self.BLINKS[state][now % 4] == "1"
        except Exception:
            self._pin = None


class BusSense:
    """The aircraft's bus at a divider: how long the engine ran, the voltages, and whether power is about to go.

    Without LOGGER_SENSE_PIN it does nothing. Seconds of a network call are not sampled: when the engine ran before it
    and runs after it, they count; else it counts from, or to, the sample that shows the change.
    """

    # All that a board without a divider has of it.
    _pin: Any = None
    sensed = False  # the readings have been believed for a while
    going = False  # power is: it has been saved, and nothing else matters until it is gone or back
    exact = False  # what is saved now is the session's exact end, unless the bus comes back

    def __init__(self, config: Config, clock: Clock, save: Callable[[], None]) -> None:
        if not config.sense_pin:
            return
        self._clock = clock
        self._save = save  # a checkpoint at once
        self._name = config.sense_pin
        self._scale = PIN_REFERENCE_MV * config.sense_ratio  # in thousandths
        self._engine_mv = config.sense_engine_mv
        self._off_mv = config.sense_off_mv
        self._told: list[str] = []
        self._trouble = ""  # why the readings are not to be believed
        self.running = False
        self.gone_at = 0  # milliseconds of the session
        self._engine_ms = 0  # of the stretches that have ended
        self._first_s = NEVER
        self._since = 0  # when the engine last started
        self._crossed = NEVER  # when the voltage last began to say otherwise
        self._start_mv = self._max_mv = self._high_mv = 0
        self._min_mv = self._low_mv = MOST_MV
        self._low_readings = 0
        self._low_since = 0
        self._low_is_known = False
        self._armed = True
        self._rearmed_at = 0
        self._at = -SENSE_WINDOW_MS  # of the last reading
        self._sums = [0, 0, 0]
        self._reading = self._spread = self._gap = 0
        self._window_from = 0
        self._clear_window()
        self._open()

    def _open(self) -> None:
        import board

        pin = getattr(board, self._name, None)
        if pin is None:
            log("Sensing: this board has no pin %s; counting goes on without" % self._name)
            return
        try:
            from analogio import AnalogIn

            self._pin = AnalogIn(pin)
        except Exception as error:
            log("Sensing: %s cannot sample (%r); counting goes on without" % (self._name, error))
            return
        try:
            self._reading = self._read()
            millivolts = self._max_mv = self._millivolts(self._reading)
            if self._off() <= millivolts < self._engine():  # else cranking already, or charging: no battery at rest
                self._start_mv = millivolts
        except OSError as error:
            self._distrust("cannot be read (%s): it takes a pin of ADC1" % reason_of(error))

    # A reading

    def _read(self) -> int:
        """The middle one of three means, each the sum of SENSE_READS values of 16 bits: no spike gets through."""
        sums = self._sums
        for index in range(3):
            total = 0
            for _ in range(SENSE_READS):
                total += self._pin.value
            sums[index] = total
        sums.sort()
        self._spread = sums[2] - sums[0]
        return sums[1]

    def _millivolts(self, reading: int) -> int:
        return min(reading * self._scale // (65535 * 1000 * SENSE_READS), MOST_MV)

    def _engine(self) -> int:
        """Above this the alternator charges."""
        return self._engine_mv or ENGINE_MV[int(self._max_mv > SYSTEM_24_MV)]

    def _off(self) -> int:
        """Below this the power is going."""
        return self._off_mv or OFF_MV[int(self._max_mv > SYSTEM_24_MV)]

    def sample(self) -> None:
        """Read the bus once, if it is time, and draw the conclusions; a checkpoint when they call for one."""
        if self._pin is None:
            return
        now = self._clock.elapsed_ms()
        if now - self._at < SENSE_PERIOD_MS:
            return
        try:
            reading = self._read()
        except OSError as error:
            self._at = now
            self._distrust("cannot be read (%s): it takes a pin of ADC1" % reason_of(error))
            return
        millivolts = self._millivolts(reading)
        steady = self._judge(reading, millivolts, now)
        self._gap = now - self._at
        self._at = now
        self._reading = reading
        if self._trouble:
            return
        self._watch_power(millivolts, now)
        if steady:
            self._watch_engine(millivolts, now)

    def wait(self, milliseconds: int) -> None:
        """Let time pass and sample; longer while power seems to be going: nothing else matters then."""
        if self._pin is None:
            time.sleep(milliseconds / 1000)
            return
        end = self._clock.elapsed_ms() + milliseconds
        while True:
            self.sample()
            left = end - self._clock.elapsed_ms()
            if left <= 0 and not self.going:
                return
            time.sleep(SENSE_PERIOD_S if self.going or left > SENSE_PERIOD_MS else left / 1000)

    # Whether to believe it

    def _clear_window(self) -> None:
        self._readings = self._pairs = self._wild = self._full = self._nothing = 0

    def _judge(self, reading: int, millivolts: int, now: int) -> bool:
        """Look at ten seconds of readings together: a divider that is not there gives itself away.

        False for a reading at either end of what the pin can show, which says nothing about the engine.
        """
        self._readings += 1
        if now - self._at <= 2 * SENSE_PERIOD_MS:
            self._pairs += 1
            self._wild += abs(reading - self._reading) > WILD_READING
        full = reading > FULL_READING
        nothing = reading < NO_READING
        self._full += full
        self._nothing += nothing
        if self._spread < WILD_READING and millivolts >= self._off() // 2:  # else a contact opens, or is open
            self._low_mv = min(self._low_mv, millivolts)
            self._high_mv = max(self._high_mv, millivolts)
        if now - self._window_from >= SENSE_WINDOW_MS:
            if self._readings >= SENSE_WINDOW_READINGS:
                self._conclude()
            self._window_from = now
            self._clear_window()
        return not (full or nothing)

    def _conclude(self) -> None:
        if self._full == self._readings:
            self._distrust("reads full scale: the divider is missing or its ratio too small")
        elif self._nothing == self._readings:
            self._distrust("reads 0 V although the board has power: is the divider connected?")
        elif self._wild * 4 > self._pairs:
            self._distrust("floats: the divider is not connected")
        else:
            self._trouble = ""
            if not self._high_mv:
                return
            self._max_mv = max(self._max_mv, self._high_mv) if self.sensed else self._high_mv
            self.sensed = True
            self._high_mv = 0
            if not self._low_readings:  # else wait: if power is going, this is no voltage of the battery
                self._min_mv = min(self._min_mv, self._low_mv)
                self._low_mv = MOST_MV

    def _distrust(self, text: str) -> None:
        """Believe nothing until ten seconds are in order again. Says so once in a power-up."""
        if not self._trouble and self.running:
            self._stop(max(self._window_from, self._since))
        self._trouble = text
        self._crossed = NEVER
        self._high_mv = 0
        self._low_mv = MOST_MV
        self._withdraw()
        if text not in self._told:
            self._told.append(text)
            log("Sensing: %s %s; counting goes on without" % (self._name, text))

    # Power

    def _watch_power(self, millivolts: int, now: int) -> None:
        """Save once when the bus is away. A starter pulls it down as well, but never to half of that."""
        off = self._off()
        if millivolts >= off + OFF_HYSTERESIS_MV:
            self._low_readings = 0
            self._armed = True
            if self.going:
                self._withdraw()
                log("Power: back after %d ms" % (now - self.gone_at))
        elif millivolts < off:
            if not self._low_readings:
                self._low_since = now
                self._low_is_known = self._gap <= EXACT_MS  # else it fell during a call, nobody knows when
            self._low_readings += 1
            if self.going:
                if now - self.gone_at > HOLD_UP_MOST_MS:
                    self._withdraw()  # something else feeds the board
            elif (
                self._armed
                and self.sensed
                and now >= self._rearmed_at
                and (millivolts < off // 2 or self._low_readings >= LOW_READINGS)
            ):
                self._armed = False
                self._rearmed_at = now + OFF_REARM_MS
                self.going = True
                self.exact = self._low_is_known
                self.gone_at = self._low_since
                self._save()
                log("Power: going at %d s" % (self.gone_at // 1000))

    def _withdraw(self) -> None:
        """The end is open again."""
        self.going = False
        if self.exact:
            self.exact = False
            self._save()

    # The engine

    def _watch_engine(self, millivolts: int, now: int) -> None:
        level = self._engine() - ENGINE_HYSTERESIS_MV * self.running
        if (millivolts >= level) == self.running:
            self._crossed = NEVER
        elif self._crossed == NEVER:
            self._crossed = now
        elif now - self._crossed >= ENGINE_MS:
            if self.running:
                self._stop(self._crossed)
            else:
                self.running = True
                self._since = self._crossed
                if self._first_s == NEVER:
                    self._first_s = self._since // 1000
                log("Engine: running since %d s" % (self._since // 1000))
            self._crossed = NEVER

    def _stop(self, at: int) -> None:
        self._engine_ms += at - self._since
        self.running = False
        log("Engine: stopped at %d s" % (at // 1000))

    @property
    def engine_seconds(self) -> int:
        until = self._at if self._crossed == NEVER else self._crossed
        return (self._engine_ms + (until - self._since if self.running else 0)) // 1000

    # The session's line

    def resume(self, session: Session) -> None:
        """Go on from the line of a session that a restart interrupted; nothing has been counted yet."""
        if not (self._pin and session.sense):
            return
        self.sensed = True
        seconds, first_s, self._start_mv, self._min_mv, self._max_mv, running, _ = session.sense
        self._engine_ms = seconds * 1000
        if seconds:
            self._first_s = first_s
        if running:
            # Counts over the restart if the engine still runs after it, else only up to it.
            self.running = True
            self._since = self._crossed = session.run_seconds * 1000

    def note(self, session: Session, run_seconds: int) -> None:
        """Put what is known into the open session before it is saved with these run_seconds."""
        if self.sensed:
            seconds = min(self.engine_seconds, run_seconds)
            first_s = 0 if self._first_s == NEVER else min(self._first_s, run_seconds)
            voltages = (self._start_mv, min(self._min_mv, self._max_mv), self._max_mv)
            session.sense = (seconds, first_s) + voltages + (int(self.running), int(self.exact))
        elif session.exact:
            session.sense = session.sense[0:-1] + (0,)  # before this restart

    def log_minute(self) -> None:
        if self.sensed and not self._trouble:
            millivolts = self._millivolts(self._reading)
            state = "running" if self.running else "off"
            log("Bus: %d.%02d V, engine %s" % (millivolts // 1000, millivolts % 1000 // 10, state))


class Logger:
    """The board's main loop: counts, checkpoints, and lets the link, the clock and the uplink have their turns."""

    def __init__(self) -> None:
        self._dog: Any = None
        self._start_watchdog()
        reason = str(microcontroller.cpu.reset_reason).split(".")[-1]
        log("Boot… firmware %s, reset reason %s" % (FIRMWARE, reason))
        self.config = Config()
        self.clock = Clock()
        self.sense = BusSense(self.config, self.clock, self.checkpoint)  # early: the battery is at rest now
        self.identity = Identity()
        log("Device UUID: %s" % self.identity.uuid)
        self.files = MirroredFiles(self.identity, self._feed)
        self.table = self.files.table
        self.files.load()
        laid_out = exists(SESSIONS_PATH) or exists(TWIN_PATH)
        self._prepare_at = QUIET_START_SECONDS if laid_out else 0  # uptime
        self._next_checkpoint = 0
        self._next_minute = REPORT_SECONDS
        self._next_ntp = 0
        self._checkpoint_at = 0
        self._checkpoint_notes = (0, "")
        self._begin(reason)
        self._prepare_when_safe()
        self.signals = Signals()
        self.link = Link(self.config.networks, self.table.current, self._before_join)
        if reason == "WATCHDOG":
            self.link.avoid_hung(self.clock.elapsed())
        else:
            self.table.current.joining = 0
        self.uplink = Uplink(self.config, self.clock, self.files, self.link, self._before_call)
        fault = self.table.current.fault
        if fault:
            log("Restarted after: %s" % fault)
        self.uplink.reset_reason = "%s after %s" % (reason, fault) if fault else reason
        self._check_libraries()

    def _start_watchdog(self) -> None:
        try:
            from watchdog import WatchDogMode

            dog: Any = microcontroller.watchdog
            dog.timeout = WATCHDOG_SECONDS
            dog.mode = WatchDogMode.RESET
            self._dog = dog
        except (ImportError, AttributeError, ValueError, TypeError) as error:
            log("Watchdog: not available (%r)" % error)

    def _feed(self) -> None:
        if self._dog:
            self._dog.feed()

    def _check_libraries(self) -> None:
        try:
            __import__("adafruit_requests")
        except Exception as error:
            self.config.ok = False
            log("Libraries: adafruit_requests cannot be loaded (%r); circup install -r requirements.txt" % error)

    def _begin(self, reason: str) -> None:
        """A new session, or the open one goes on: see "Session rules" in firmware/README.md."""
        table = self.table
        newest = table.newest()
        power_on = reason == "POWER_ON" and supervisor.runtime.run_reason == supervisor.RunReason.STARTUP
        bridge = self._bridge(newest, reason) if newest and not power_on else None
        if newest and bridge:
            seconds, unmeasured = bridge
            newest.resumed = self.clock.resume(newest.run_seconds + seconds, newest.start)
            self.clock.source = newest.source
            table.go_on(newest)
            self.sense.resume(newest)
            log("Session goes on: boot %d at %d s" % (table.boot, self.clock.elapsed()))
            if unmeasured:
                newest.uncertainty += unmeasured
                log("Clock: this restart may have taken %d s more than are counted" % unmeasured)
        else:
            table.begin()
            log("New session: boot %d" % table.boot)
        self.clock.ask_external()
        self.clock.ask_chip()
        self._take_start()
        self.checkpoint()

    def _bridge(self, session: Session, reason: str) -> tuple[int, int] | None:
        """What lies between the session's last checkpoint and now; None: this is another power-up.

        (seconds that were surely on, more of them that there may have been). Over a reset of the chip the RTC is
        good for some per cent of all the time since the reset before; the crystal measures the time since this one,
        and a watchdog's reset comes WATCHDOG_SECONDS after it was last fed.
        """
        if session.has(Session.CLOSED):
            return None
        is_reset = supervisor.runtime.run_reason == supervisor.RunReason.STARTUP
        measured = self.clock.uptime() if is_reset else 0
        now = int(time.time())
        if not session.start and now >= YEAR_2024:
            return measured, 0  # the RTC was set after that checkpoint, so it cannot tell
        gap = now - ((session.start or YEAR_2000) + session.run_seconds)
        drift = 0
        if is_reset:
            drift = max(session.run_seconds - session.resumed + max(gap, 0), 0) * RC_ERROR_PERCENT // 100
        if gap < -RTC_ROUNDING_SECONDS - drift:
            return None
        if reason == "WATCHDOG" and gap + drift > WATCHDOG_SECONDS * 9 // 10:
            measured += WATCHDOG_SECONDS
        measured = min(max(measured, gap - drift), MAX_BRIDGED_SECONDS)
        return measured, max(gap + drift + RTC_ROUNDING_SECONDS - measured, 0) if drift else max(gap - measured, 0)

    def _take_start(self) -> None:
        """The start follows the clock until the server may know it: better sources come later."""
        current = self.table.current
        clock = self.clock
        if not clock.power_on_utc or current.has(Session.SENT):
            return
        if not current.start or current.source != clock.source:
            current.set_start(clock.power_on_utc, clock.source, current.unmeasured)
            log("New session: %s" % iso(current.start))

    def checkpoint(self) -> None:
        now = self.clock.elapsed()
        if self.sense.exact:
            now = (self.sense.gone_at + 500) // 1000
        self.sense.note(self.table.current, now)
        self.files.checkpoint(now)
        self._next_checkpoint = now + self.files.interval(self.config.checkpoint_seconds)
        self._checkpoint_at = now
        self._checkpoint_notes = (self.table.current.joining, self.table.current.fault)
        self._feed()

    def _before_call(self) -> None:
        """A checkpoint right before whatever takes long, unless there has just been one."""
        if self.clock.elapsed() == self._checkpoint_at and not self._notes_must_be_kept():
            self._feed()
        else:
            self.checkpoint()

    def _before_join(self) -> None:
        """Joining is tried over and over for hours: only a note that must outlast a hang is worth an early erase."""
        if self._notes_must_be_kept():
            self.checkpoint()
        else:
            self._count_on()

    def _notes_must_be_kept(self) -> bool:
        joining, fault = self._checkpoint_notes
        current = self.table.current
        return bool(current.joining & ~joining) or current.fault != fault

    def _count_on(self) -> None:
        """Between the pieces of something long."""
        self._feed()
        if self.clock.elapsed() >= self._next_checkpoint:
            self.checkpoint()

    def _prepare_when_safe(self) -> None:
        """Lay out missing files: at once on the very first boot, else a minute after the start or the loss."""
        uptime = self.clock.uptime()
        if self.files.laid_out:
            self._prepare_at = uptime + QUIET_START_SECONDS
        if uptime < self._prepare_at:
            return
        self._prepare_at = MAX_COUNT  # if it fails: at the next start
        try:
            self.files.prepare(self._count_on)
            self.checkpoint()
        except OSError as error:
            why = reason_of(error)
            for copy in self.files.copies:
                if not copy.live:
                    copy.problem = "cannot be made (%s)" % why
                    log("Storage: %s %s" % (copy.path, copy.problem))

    def _sync_clock(self, now: int) -> None:
        sure = self.clock.source != FROM_RTC or self.table.current.has(Session.SENT)
        if (self.clock.power_on_utc and sure) or now < self._next_ntp:
            return
        self._next_ntp = now + NTP_RETRY_SECONDS
        self._before_call()
        try:
            self.clock.ask_ntp(self.link.pool, self.config.ntp_server)
        except Exception as error:
            log("NTP failed; continuing offline (%s)" % reason_of(error))

    def _log_minute(self, now: int) -> None:
        self._next_minute = (now // REPORT_SECONDS + 1) * REPORT_SECONDS
        current = self.table.current
        stamp = iso(current.start + now) if current.start else "no clock yet,"
        log("Updated: %s run %d s" % (stamp, now))
        self.sense.log_minute()
        if not self.files.durable:
            if current.slot < 0:
                log("Storage: all %d lines hold unsent sessions; counting in memory only" % self.table.slots)
            for copy in self.files.copies:
                if copy.problem:
                    log("Storage: %s %s; counting in memory only" % (copy.path, copy.problem))

    def step(self) -> None:
        """One turn of the loop."""
        now = self.clock.elapsed()
        if now >= self._next_minute:
            self._log_minute(now)
        self.signals.show(self._state(now), now)
        self._prepare_when_safe()
        was_up = self.link.up
        up = self.link.poll(now)
        self.sense.sample()
        if self.sense.going:
            return  # to the wait, which goes on sampling: nothing else matters now
        self._count_on()  # after the link: the checkpoint before a join is then the only one
        self.files.drain()
        if up:
            if not was_up:
                self._next_ntp = 0
                self.uplink.link_is_back()
            self._sync_clock(now)
            self._take_start()
            self.uplink.poll(now)
            self._take_start()

    def _state(self, now: int) -> int:
        if self.uplink.refused or not (self.config.ok and self.files.durable):
            return Signals.FAULT
        if self.uplink.backlog:
            return Signals.BACKLOG
        return Signals.DELIVERED if now < self.uplink.delivered_until else Signals.RECORDING

    def run(self) -> None:
        while True:
            self.step()
            # To right after a whole second of the session: a checkpoint then leaves out no part of one.
            self.sense.wait(1000 + WAKE_MS - time.monotonic_ns() // 1_000_000 % 1000)

    def keep_fault(self, error: Exception, trace: str) -> None:
        """Write the error into the open session's line, which is rewritten anyway: it wears nothing out."""
        line = trace.split("line ")[-1].split(",")[0]
        text = "%s at line %s: %s" % (type(error).__name__, line, error)
        self.table.current.fault = "".join([one for one in text if " " <= one <= "~" and one not in '"\\'])
        self.checkpoint()


def stop_is_meant() -> bool:
    """Whether another key follows CTRL-C. A lone one closes terminals, too, and at the prompt nothing counts."""
    try:
        log("Stopped by CTRL-C: any key now for the prompt; without one, restarting in %d s" % STOP_SECONDS)
        for _ in range(STOP_SECONDS):
            if supervisor.runtime.serial_bytes_available:
                return True
            time.sleep(1)
    except KeyboardInterrupt:
        return True
    return False


def restart() -> None:
    """Reset the chip; the session goes on from what is written down right before."""
    try:
        if logger:
            logger.checkpoint()
    except Exception as error:
        log("Fault: %r cannot be kept for the report" % error)
    microcontroller.reset()


logger: Logger | None = None
try:
    try:
        logger = Logger()
        logger.run()
    except Exception as error:
        # An uncaught exception would park the board at "Press any key", with the watchdog off.
        import traceback

        seconds = FAULT_PAUSE_SECONDS
        if time.monotonic_ns() < CRASH_LOOP_SECONDS * 1_000_000_000:
            seconds = CRASH_LOOP_PAUSE_SECONDS
        log("Fault: %r; restarting in %d s" % (error, seconds))
        trace = "".join(traceback.format_exception(error))
        print(trace)
        try:
            if logger:
                logger.keep_fault(error, trace)
        except Exception as second:
            log("Fault: %r cannot be kept for the report" % second)
        time.sleep(seconds)
        restart()
except KeyboardInterrupt:
    # Ends well: boot.py has a program that ends with an error started again, and the prompt would never come.
    if not stop_is_meant():
        restart()
