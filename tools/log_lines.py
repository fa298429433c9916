"""Every line that the board's console can show: what it means, how bad it is, and what to do.

The one table: `board doctor`, `board logs` and `board accept` judge by it, and `python -m tools.log_lines` writes it
into firmware/README.md. A test holds it against firmware/code.py, in both directions. `<name>` stands for what varies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools import remedies
from tools.files import write_whole
from tools.firmware_rules import SESSIONS_BYTES, SMALL_SESSIONS_BYTES
from tools.remedies import DEPLOY, INSTALL, INSTALL_TOKEN, INSTALL_URL, INSTALL_WIFI, SEND

README = Path(__file__).parent.parent / "firmware" / "README.md"
OK, NOTE, WARNING, FAILED = "ok", "note", "warning", "failed"

# What a placeholder may hold, and what stands for it in the documentation.
PLACEHOLDERS = {
    "number": (r"-?\d+", "12"),
    "time": (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "2025-10-23T18:00:00Z"),
    "address": (r"\d+\.\d+\.\d+\.\d+", "192.168.1.45"),
    "version": (r"\d+\.\d+\.\d+", "1.0.0"),
    "uuid": (r"[0-9a-f-]{36}", "550e8400-e29b-41d4-a716-446655440000"),
    "reset": (r"\w+", "POWER_ON"),
    "status": (r"\d{3}", "500"),
    "code": (r"\S+", "bad_start"),
    "file": (r"/\S+", "/sessions.json"),
    "problem": (r".+", "is missing"),
    "network": (r".+", "Hangar"),
    "clock": (r"\S+", "DS3231"),
    "pin": (r"\S+", "A2"),
    "volts": (r"\d+\.\d\d", "12.41"),
    "engine": (r"(?:running|off)", "running"),
    "setting": (r"\S+", "LOGGER_NTP_SERVER"),
    "list": (r".+", '"networks" in secrets.py'),
    "url": (r".+", '"ingest_url" in secrets.py'),
    "slip": (r".+", "must start with https://"),
    "value": (r".+", "20"),
    "instead": (r"it is left out|using .+", "it is left out"),
    "hex": (r"[0-9a-f]+", "7780"),
    "why": (r".*", "…"),
}


@dataclass(frozen=True)
class LogLine:
    """A line. `topic`: of what `doctor` reports only the last word; "" for lines that are no finding."""

    text: str
    level: str
    meaning: str
    remedy: str = ""
    topic: str = ""
    style: str = ""

    @property
    def example(self) -> str:
        """As a board would show it."""
        return re.sub(r"<(\w+)>", lambda found: PLACEHOLDERS[found[1]][1], self.text)

    @property
    def pattern(self) -> re.Pattern[str]:
        """What a console line is held against."""
        return _pattern(self.text)

    @property
    def constant_characters(self) -> int:
        """The more of them, the closer the line describes what it fits."""
        return len(re.sub(r"<\w+>", "", self.text))


@cache
def _pattern(text: str) -> re.Pattern[str]:
    parts = re.split(r"<(\w+)>", text)
    parts[::2] = map(re.escape, parts[::2])
    parts[1::2] = [PLACEHOLDERS[name][0] for name in parts[1::2]]
    return re.compile("".join(parts))


NETWORK_TO_BLAME = "If the ingest URL is well from here, the board's network fails: try a phone's hotspot."
LOGIN_PAGE = "A login page answers in that network, or ingest_url is wrong: try a phone's hotspot."
REFUSED = f"Wrong access_token ({INSTALL_TOKEN}), or another key is bound: reset the key on the device's page."
PARKED = "It stays on the board and is tried again at the next power-up."
POWER_CYCLE = "Then switch off and on."

BOOT = LogLine("Boot… firmware <version>, reset reason <reset>", OK, "the board started", style="bold")
NEW_SESSION = LogLine(
    "New session: boot <number>", OK, "a session began; a second such line says its start once the time is known",
    style="bold cyan",
)  # fmt: skip
MINUTE = LogLine("Updated: <time> run <number> s", OK, "once a minute: seconds of power so far", style="dim")
MINUTE_WITHOUT_CLOCK = LogLine(
    "Updated: no clock yet, run <number> s", OK, "the same before the time is known", style="dim"
)
GOES_ON = LogLine(
    "Session goes on: boot <number> at <number> s", OK, "a reset that was not a power cut: the same session continues",
    style="cyan",
)  # fmt: skip
JOINED = LogLine("Wi-Fi: <address>", OK, "joined", topic="Wi-Fi")
LOST = LogLine(
    "Wi-Fi lost; reconnecting…", WARNING, "counting goes on; sessions wait on the board",
    "The board tries again by itself; bring it nearer to the router if this repeats.", "Wi-Fi",
)  # fmt: skip
DELIVERED = LogLine("POST OK 200", OK, "the server has it", topic="Delivery")
# doctor draws its own conclusions from this one.
BUS = LogLine(
    "Bus: <volts> V, engine <engine>", OK, "once a minute: what the bus shows, and what that says of the engine",
    style="dim",
)  # fmt: skip


def _failed(why: str, meaning: str, remedy: str) -> LogLine:
    return LogLine(f"POST failed: {why}; next try in <number> s", FAILED, meaning, remedy, "Delivery", "yellow")


def _storage(text: str, level: str, meaning: str, remedy: str = "") -> LogLine:
    return LogLine(f"Storage: {text}", level, meaning, remedy, "Storage", "red" if level != NOTE else "")


def _setting(text: str, meaning: str, remedy: str) -> LogLine:
    return LogLine(f"Settings: {text}", FAILED, meaning, remedy, "Settings on the board")


def _sense(text: str, meaning: str, remedy: str) -> LogLine:
    return LogLine(f"Sensing: {text}; counting goes on without", WARNING, meaning, remedy, "Bus voltage", "yellow")


DIVIDER = "Measure at the pin: the bus voltage divided by LOGGER_SENSE_RATIO, never above 2.5 V."

SECTIONS: dict[str, tuple[LogLine, ...]] = {
    "": (
        BOOT,
        LogLine("Restarted after: <why>", WARNING, "why the board restarted itself before: an error with its line in"
                " the program, or no answer for 6 hours; the next report tells the server, as `reset_reason`",
                "Look at what the lines before the restart say.", "Restart"),
        LogLine("Device UUID: <uuid>", OK, "register this in the portal, under Devices", style="bold"),
        NEW_SESSION,
        LogLine("New session: <time>", OK, "its start, as soon as the time is known", style="bold cyan"),
        GOES_ON,
        MINUTE,
        MINUTE_WITHOUT_CLOCK,
        LogLine("Watchdog: not available (<why>)", WARNING, "counting goes on without it; a hang lasts until the power"
                " goes", "Install the CircuitPython that DEPLOYMENT.md names.", "Watchdog"),
        LogLine("Fault: <why>; restarting in <number> s", FAILED, "an error in the program, its traceback follows; the"
                " session continues after the restart, in 10 s when the program had run for more than 5 minutes, else"
                " in 60", "Please report it with the log.", "Program"),
        LogLine("Fault: <why> cannot be kept for the report", FAILED, "a second error, while writing the first one"
                " down; it is in this log only", "Please report it with the log.", "Program"),
        LogLine("Stopped by CTRL-C: any key now for the prompt; without one, restarting in <number> s", NOTE,
                'somebody typed CTRL-C at the console: see "To the prompt and back"', style="yellow"),
    ),
    "Storage:": (
        LogLine("Preparing storage, do not switch off: <file>", NOTE, "once in a board's life, about a minute",
                "Leave the power on.", "Storage", "magenta"),
        LogLine("Preparing storage, do not switch off: <number> %", NOTE, "how far it is", "Leave the power on.",
                "Storage", "magenta"),
        _storage("a power cut tore <file>; mending it", NOTE, "nothing is lost, nothing to do"),
        _storage("<file> <problem>; <number> sessions read from it", WARNING, "this copy cannot go on as it is:"
                 " missing, of another size, in pieces, another device's, or not writable; the board's own sessions are"
                 " taken from it, and a new one is made after the first minute", "Leave the power on for two minutes."),
        _storage("<file> <problem>", WARNING, "somebody deleted or replaced it while it was in use, the drive is full,"
                 " in pieces or read-only, or it failed: the other copy goes on alone, and a minute later this one is"
                 " made again. A file takes"
                 f" {SESSIONS_BYTES // 1024} KiB, {SMALL_SESSIONS_BYTES // 1024} KiB on drives under 2 MB",
                 "Delete what does not belong on the"
                 f" board; where the drive is read-only, {INSTALL} puts boot.py there. {POWER_CYCLE}"),
        _storage("<file> cannot be read (<why>)", WARNING, "the drive failed, or somebody replaced the file: the other"
                 " copy goes on alone, and a minute later this one is made again",
                 "Leave the power on for two minutes."),
        _storage("<file> <problem>; set aside as <file>", WARNING, "a damaged or foreign file was kept under another"
                 " name", f"If it is another board's: {SEND} delivers it."),
        _storage("<file> <problem>; counting in memory only", FAILED, "every minute while nothing can be saved; power"
                 " off now loses this session", f"Make room, or put boot.py there with {INSTALL}. {POWER_CYCLE}"),
        _storage("all <number> lines hold unsent sessions; counting in memory only", FAILED, "power off now loses this"
                 " session", "Bring the board to a network it knows: sending makes room."),
        _storage("no line is free for the session of boot <number>", FAILED, "both copies were damaged and full; that"
                 " session is left out", "Bring the board to a network it knows: sending makes room."),
        LogLine("Identity: this drive comes from another board; its files will be set aside", WARNING, "a copied drive:"
                " this board gets an identity of its own", f"{SEND} delivers the other board's sessions.", "Identity"),
        LogLine("Identity: nvm cannot be written (<why>)", NOTE, "the copy in `/logger/identity.json` does alone",
                "", "Identity", "red"),
    ),
    "Network and time:": (
        JOINED,
        LogLine("Wi-Fi: cannot join <network> (<why>)", FAILED, "out of reach, or a wrong password; tried again at"
                " least every 15 s", f"Check name and password ({INSTALL_WIFI}); ESP32 boards join 2.4 GHz only.",
                "Wi-Fi",
                "yellow"),
        LOST,
        LogLine("Wi-Fi: <network> never gave an address; next try in <number> s", FAILED, "its router accepts the board"
                " but its DHCP server is silent, which no call survives: the watchdog restarted the board",
                "Restart that router; its list of addresses may be full.", "Wi-Fi"),
        LogLine("Wi-Fi: no answer to <number> calls; trying another network", WARNING, "joined, but nothing beyond"
                " answers: a login page, or a router without internet. Other networks in reach come first, then other"
                " access points of the same name, then one that may be hidden",
                "Look whether that network has internet without a login page.", "Wi-Fi"),
        LogLine("Wi-Fi: no answer for <number> hours; restarting, the session goes on", FAILED, "no known network led"
                " anywhere; the radio starts from scratch, at most every 6 hours",
                "Check the networks in secrets.py, and whether one of them has internet without a login page.",
                "Wi-Fi"),
        LogLine("Wi-Fi: cannot scan (<why>)", WARNING, "passing trouble of the radio; tried again",
                "Nothing, unless it repeats.", "Wi-Fi"),
        LogLine("Wi-Fi: sockets cannot be closed (<why>)", WARNING, "passing trouble of the radio; tried again",
                "Nothing, unless it repeats.", "Wi-Fi"),
        LogLine("NTP: <time>", OK, "the time is known", topic="NTP"),
        LogLine("NTP failed; continuing offline (<why>)", WARNING, "no time server answers, or one that does not know"
                " the time itself: the server's time is used instead, or the time comes later",
                "Nothing while sessions are delivered; else open UDP port 123, or set LOGGER_NTP_SERVER.", "NTP"),
        LogLine("Clock: <time> from the server", OK, "NTP was missing or more than 120 s off: the server's time is"
                " used",
                topic="Clock", style="blue"),
        LogLine("Clock: <time> from the <clock>", OK, "the time comes from this clock on the board (`chip`: its own,"
                " after a reset)", topic="Clock", style="blue"),
        LogLine("Clock: <clock> has lost the time; it is set when the network knows it", WARNING, "its battery may be"
                " empty", "Change the battery of that clock.", "Clock"),
        LogLine("Clock: <clock> shows an impossible time; it is set when the network knows it", WARNING, "before 2024,"
                " or from 2038 on, which the board cannot count to", "Change the battery if this repeats.", "Clock"),
        LogLine("Clock: <clock> does not answer (<why>)", WARNING, "its library is there, the clock is not",
                "Check its wiring.", "Clock"),
        LogLine("Clock: the external clock cannot be set (<why>)", WARNING, "it answers and refuses",
                "Check its wiring.", "Clock"),
        LogLine("Clock: this restart may have taken <number> s more than are counted", NOTE, "over a reset the chip's"
                " clock is good for some per cent only: what is sure is counted, the rest is reported as"
                " `start_uncertainty_s`", "", "Clock", "blue"),
    ),
    "Sending. It backs off from 5 s to 5 minutes, or as long as the server asks for, and loses nothing:": (
        DELIVERED,
        _failed("DNS does not know that name", "DNS in the board's network does not know the host of `ingest_url`",
                "DNS: the board's network does not know that name. Look for a slip in ingest_url, or try a hotspot."),
        _failed("no answer in time", "TCP or HTTP: connected or not, no whole answer came within seconds, asked twice",
                NETWORK_TO_BLAME),
        _failed("the server refuses the connection: nothing listens there", "TCP: a wrong host or port, or a firewall",
                f"Look for a slip in ingest_url ({INSTALL_URL}), or try a phone's hotspot."),
        _failed("the connection was cut off", "TCP: by the router, a firewall or the server", NETWORK_TO_BLAME),
        _failed("no way to the server: the Wi-Fi was lost", "it is joined again", "Nothing, unless it repeats."),
        _failed("the server's certificate is not trusted: a login page, or a wrong ingest_url", "TLS: somebody else"
                " answers in the server's place, or a server of your own has a certificate of your own",
                f"{LOGIN_PAGE} The certificate has to come from a public authority."),
        _failed("no secure connection (TLS error -0x<hex>)", "TLS: no common language, or cut off in the handshake; the"
                " number is mbedTLS's", NETWORK_TO_BLAME),
        _failed("out of memory", "too little heap for the answer or for TLS; fewer sessions are sent at once",
                "If this repeats, use a board with PSRAM: DEPLOYMENT.md, step 5."),
        _failed("HTTP 401, refused", "follows `POST refused 401`", REFUSED),
        _failed("HTTP 403, refused", "follows `POST refused 403`", REFUSED),
        _failed("HTTP 404, no such function: it is not deployed, or ingest_url is wrong", "the host answers, the path"
                " leads nowhere", f"The project has no such function, or ingest_url is wrong: {DEPLOY}."),
        _failed("HTTP 408, the server gave up waiting", "a slow line", NETWORK_TO_BLAME),
        _failed("HTTP 429, too many requests", "the server asks for a pause", "Nothing: the board waits as asked."),
        _failed("HTTP 503, the function runs, its tables or its database do not", "the backend is half there",
                f"The function runs, but its tables are missing or the database is down: {DEPLOY}."),
        _failed("HTTP 540, the project is paused", "Supabase pauses free projects after a week without activity",
                "The project is paused: Restore project in the dashboard. The board keeps its sessions meanwhile."),
        _failed("HTTP <status>, the server has trouble", "trouble of the backend",
                "Wait; if it lasts, look at the function's log in the dashboard."),
        _failed("HTTP <status>, sent elsewhere: a login page, or a wrong ingest_url", "a redirect, which is not"
                " followed",
                "Something sends elsewhere: a captive portal, or http instead of https in ingest_url."),
        _failed("HTTP <status>, not an answer of our function", "something else answers at that address",
                f"Compare ingest_url with the one in the portal: {INSTALL_URL}."),
        _failed("the reply is not our function's: a login page, or a wrong ingest_url", "a page instead of JSON",
                LOGIN_PAGE),
        _failed("the reply is cut short or not JSON", "the line broke in the answer", NETWORK_TO_BLAME),
        _failed("the reply is longer than <number> bytes or <number> s", "not our function's answer, or a very slow"
                " line",
                NETWORK_TO_BLAME),
        _failed("the reply names <number> of <number> sessions", "an answer to something else", LOGIN_PAGE),
        _failed("the server tells a time that cannot be", "before 2024, or from 2038 on",
                "Compare ingest_url with the one in the portal; a server of your own needs the right time."),
        _failed("the server refuses every session", "see the lines before", "The lines before it say why."),
        _failed("<why>", "an error that nobody expected", "Please report it with the log."),
        LogLine("POST refused <status>: <why>", FAILED, "wrong `access_token`, or another key is bound; tried again"
                " every 15 minutes", REFUSED, "Delivery"),
        LogLine("POST: boot <number> rejected: <code> <why>", WARNING, "the server cannot take this session", PARKED,
                "Delivery", "red"),
        LogLine("POST: boot <number> refused with <status> <why>", WARNING, "the same, of a batch refused whole",
                PARKED,
                "Delivery", "red"),
        LogLine("POST: <number> sessions refused with <status> <why>; sending fewer at once", NOTE, "it looks for the"
                " one that the server does not want", "", "Delivery", "yellow"),
        LogLine("Server changed: all kept sessions will be sent again", NOTE, "the project was restored or moved",
                style="magenta"),
    ),
    "Bus voltage, on boards with `LOGGER_SENSE_PIN`:": (
        BUS,
        LogLine("Engine: running since <number> s", OK, "the bus has been above the threshold for ten seconds",
                topic="Engine", style="cyan"),
        LogLine("Engine: stopped at <number> s", OK, "it has been 300 mV below it for ten seconds", topic="Engine",
                style="cyan"),
        LogLine("Power: going at <number> s", OK, "the bus fell below LOGGER_SENSE_OFF_MV: the session's exact end is"
                " saved", topic="Power", style="cyan"),
        LogLine("Power: back after <number> ms", OK, "it was a dip: the session goes on, and its end is open again",
                topic="Power", style="cyan"),
        _sense("this board has no pin <pin>", "LOGGER_SENSE_PIN names a pin that `board` does not have",
               "Take one of its ADC1 pins, as it is printed on the board."),
        _sense("<pin> cannot sample (<why>)", "the pin has no analog-to-digital converter, or something else uses it",
               "Take another ADC1 pin."),
        _sense("<pin> cannot be read (<why>): it takes a pin of ADC1", "ADC2 is Wi-Fi's while that is on",
               "Take an ADC1 pin."),
        _sense("<pin> reads full scale: the divider is missing or its ratio too small", "above 3 V at the pin for ten"
               " seconds: that harms the chip, too", f"Switch off. {DIVIDER}"),
        _sense("<pin> reads 0 V although the board has power: is the divider connected?", "for ten seconds; on the"
               " bench with USB alone this is right, and sensing begins when the bus comes", f"{DIVIDER}"),
        _sense("<pin> floats: the divider is not connected", "what it reads jumps by more than a bus can",
               f"Look for the loose wire. {DIVIDER}"),
    ),
    "Settings; counting goes on in every case:": (
        _setting("secrets.py cannot be read (<why>). Counting goes on offline", "the file is not valid Python",
                 "Compare secrets.py with the example in firmware/README.md."),
        _setting("secrets.py must hold secrets = {...}. Counting goes on offline", "the file says something else",
                 "Compare secrets.py with the example in firmware/README.md."),
        _setting("<url> <slip>. Nothing will be sent", "the address is missing or not the function's; `http://` is"
                 " taken only for your own network", f"Copy the address from the portal: {INSTALL_URL}."),
        _setting('"networks" in secrets.py must be a list of (ssid, password); one entry is left out', "one entry is"
                 " something else", "Compare it with the example in firmware/README.md."),
        _setting('no Wi-Fi network; add "networks" to secrets.py. Counting goes on offline', "nothing can be sent"
                 " before there is one", f"{INSTALL_WIFI} adds it."),
        _setting("<list>: a Wi-Fi name has at most <number> bytes; one is left out", "letters like ü take two",
                 "Look at what the router is really called."),
        _setting("<setting> must be a text; <instead>", "it is a number, say", "Put it in double quotes."),
        _setting("<setting> must be a number from <number> to <number>; using <value>", "out of range, or no number",
                 "Correct it in settings.toml."),
        _setting('<setting> must be a text such as "12.0", from <number> to <number>; using <value>', "out of range,"
                 " or no number", "Correct it in settings.toml."),
        _setting("<setting> in settings.toml cannot be read (<why>); <instead>", "CircuitPython's grammar is small",
                 'Correct that line: KEY = "text" or KEY = 15.'),
        LogLine("Libraries: adafruit_requests cannot be loaded (<why>); circup install -r requirements.txt", FAILED,
                "a library is missing in `/lib`, or is for another version of CircuitPython", f"{INSTALL} puts it"
                " there.",
                "Libraries"),
    ),
}  # fmt: skip

# Said by boot.py and by CircuitPython itself, where the program does not run.
NOT_THE_PROGRAMS = (
    LogLine("No PSRAM: the logger does not fit on this board, see DEPLOYMENT.md", FAILED, "boot.py has found no PSRAM",
            "DEPLOYMENT.md, step 5, names boards that fit.", "Memory"),
    LogLine("MemoryError<why>", FAILED, "the program or a library did not fit",
            "No PSRAM, or too little: DEPLOYMENT.md, step 5, names boards that fit.", "Memory"),
    LogLine("Running in safe mode<why>", FAILED, "after a brown-out, a crash, or RESET pressed twice",
            f"{INSTALL} puts safemode.py there; then press RESET once.", "Safe mode"),
    LogLine("Traceback<why>", FAILED, "an error in a program; the lines after it say where",
            "Please report it with the log.", style="bold red"),
)  # fmt: skip

ALL = tuple(line for lines in SECTIONS.values() for line in lines) + NOT_THE_PROGRAMS
STYLES = {OK: "green", NOTE: "cyan", WARNING: "yellow", FAILED: "bold red"}


def find(text: str) -> LogLine | None:
    """The line of the table that describes a console line closest; None for what no board says."""
    fitting = [line for line in ALL if line.pattern.fullmatch(text)]
    return max(fitting, key=lambda line: line.constant_characters, default=None)


def style_of(text: str) -> str:
    """The style of rich for a console line, "" for one that no board says."""
    line = find(text)
    return (line.style or STYLES[line.level]) if line else ""


def _commands_marked(text: str) -> str:
    commands = "|".join(map(re.escape, sorted(remedies.ALL, key=len, reverse=True)))
    return re.sub(commands, lambda found: f"`{found[0]}`", text)


def section() -> str:
    """The table as a section of firmware/README.md."""
    parts = [
        "## What the log says\n\nWritten from tools/log_lines.py by `python -m tools.log_lines`, with examples where"
        " something varies.\n"
    ]
    for title, lines in {**SECTIONS, "CircuitPython itself, and boot.py:": NOT_THE_PROGRAMS}.items():
        rows = [f"| `{line.example}` | {line.meaning} | {_commands_marked(line.remedy)} |" for line in lines]
        head = f"\n{title}\n" if title else ""
        parts.append("\n".join([head, "| line | meaning | what to do |", "|---|---|---|", *rows, ""]))
    return "".join(parts)


def document(readme: str) -> str:
    """The README with the section as it should be."""
    begin = readme.index("## What the log says")
    end = readme.index("\n## ", begin)
    return readme[:begin] + section() + readme[end:]


def main() -> None:
    """Write the section."""
    write_whole(README, document(README.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
