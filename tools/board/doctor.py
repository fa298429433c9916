"""`board doctor`: what is wrong with a board, its settings and its server, each with the remedy."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tools import log_lines, settings_toml, wire
from tools.board import bus, ingest, settings
from tools.board.errors import BadSettings, BoardError, Unreachable
from tools.board.findings import Finding
from tools.board.install import (
    FIRMWARE,
    FIRMWARE_FILES,
    SECRETS,
    SETTINGS,
    firmware_of,
    is_ours,
    sessions_room,
)
from tools.board.sessions import SESSIONS, TWIN, Store, is_laid_out, read_store, set_aside
from tools.board.transport import CODE, EXCHANGING, NEW_SUFFIX, About, Board, Space
from tools.circuitpython import (
    EXTENDED_8MB_BLOCKS,
    NARROW_8MB_BLOCKS,
    OLDEST_RELEASE,
    OLDEST_TINYUF2,
    RECOMMENDED,
    drive_blocks_8mb,
)
from tools.firmware_rules import (
    DRIVE_8MB_BYTES,
    INTEGER_SETTINGS,
    SENSE_PIN,
    SMALL_DRIVE_BYTES,
    integer_settings,
    url_problem,
)
from tools.log_lines import FAILED, NOTE, OK, WARNING
from tools.remedies import INSTALL, INSTALL_URL, INSTALL_WIFI, LOGS, SEND

MINIMUM_VERSIONS = {
    "adafruit_requests": (4, 1),
    "adafruit_connection_manager": (3, 1),
}
# The open session of a running board was heard less than this ago.
FRESH_SECONDS = 300
BLOCK_BYTES = 512
LAYOUT_TOLERANCE = 0.06


def examine(
    board: Board,
    *,
    listen_seconds: float = 0.0,
    tell: Callable[[str], None] = lambda text: None,
    now: float | None = None,
) -> Iterator[Finding]:
    """Look at everything, in the order in which it has to be mended. Never raises for what it finds."""
    try:
        about = board.about()
        space = board.space()
        yield from check_circuitpython(about, space)
        yield from check_files(board, about)
        yield from check_libraries(board, about)
        yield from check_drive(board, space)
        toml = board.read(SETTINGS) or b""
        secrets, findings = check_settings(board, toml, space)
        yield from findings
        until = (log_lines.DELIVERED, *([log_lines.BUS] if bus.read(toml) else []))
        heard = listen(board, listen_seconds, tell, *until) if listen_seconds else []
        yield from judge_lines(heard, listen_seconds)
        yield from bus.judge_lines(heard, toml)
        server_time = ""
        if "ingest_url" not in secrets.computed:
            tell("Asking the server")
            verdict = ingest.check(secrets.ingest_url, secrets.access_token)
            level = OK if verdict.is_ok else FAILED
            yield Finding(level, f"Ingest URL from here ({verdict.code})", verdict.text, verdict.remedy)
            server_time = verdict.server_time
        yield from check_sessions(board, server_time, time.time() if now is None else now)
    except BoardError as error:
        yield Finding(FAILED, "Connection", str(error))


def check_circuitpython(about: About, space: Space | None) -> Iterator[Finding]:
    """The version, and the traps of the storage layout."""
    what = "CircuitPython"
    tinyuf2 = ".".join(map(str, OLDEST_TINYUF2))
    if about.release < OLDEST_RELEASE:
        yield Finding(
            FAILED,
            what,
            f"{about.version or 'unknown version'} is too old.",
            "Flash 9 or newer; DEPLOYMENT.md names one.",
        )
        return
    yield Finding(OK, what, f"{about.version} on {about.name or about.board_id or 'an unnamed board'}")
    if about.lacks_psram:
        yield Finding(
            FAILED,
            "PSRAM",
            "This board has none: the logger's program does not fit into its memory.",
            "Take another board: DEPLOYMENT.md, step 5, names some.",
        )
    if about.version != RECOMMENDED:
        yield Finding(
            NOTE,
            what,
            f"This product is tested with {RECOMMENDED}.",
            "A board that works may stay as it is; flash the others on the bench, as DEPLOYMENT.md says.",
        )
    if is_small_uf2(about, space) and about.release < (10, 0):
        yield Finding(
            NOTE,
            "Bootloader",
            f"S2 and S3 boards with 4 MB need TinyUF2 {tinyuf2} or newer before CircuitPython 10 goes on them.",
            "Look into INFO_UF2.TXT on the BOOT drive; DEPLOYMENT.md, step 5, says how to update it.",
        )
    if "-" in about.version:
        yield Finding(
            WARNING, what, f"{about.version} is a test version.", "Flash the release that DEPLOYMENT.md names."
        )
    if space is not None:
        narrow = drive_blocks_8mb(about.release) == NARROW_8MB_BLOCKS
        foreign = (EXTENDED_8MB_BLOCKS if narrow else NARROW_8MB_BLOCKS) * BLOCK_BYTES
        if abs(space.total - foreign) < foreign * LAYOUT_TOLERANCE:
            yield Finding(
                WARNING,
                "Storage layout",
                f"The drive has the size that {'9.x and 10.3' if narrow else '10.0 to 10.2'} gives 8 MB boards,"
                f" but {about.version} runs.",
                "If this is an 8 MB board: copy sessions.json, erase the drive (import storage;"
                " storage.erase_filesystem()), install again. Between these versions the drive changes its size.",
            )
    if about.release in ((10, 1), (10, 2)) and any(
        chip in about.name.upper() for chip in ("ESP32S3", "ESP32C6", "-S3", "-C6")
    ):
        yield Finding(
            NOTE,
            "Safe mode",
            "S3 and C6 boards fall into safe mode every few days with 10.1 and 10.2 (circuitpython issue 10892).",
            "safemode.py brings the board back each time: keep it installed.",
        )


def is_small_uf2(about: About, space: Space | None) -> bool:
    """Whether this is an S2 or S3 with 4 MB, as far as its name and the size of its drive tell."""
    is_uf2 = about.name.upper().endswith(("ESP32S2", "ESP32S3"))
    return is_uf2 and space is not None and space.total < SMALL_DRIVE_BYTES


def check_files(board: Board, about: About) -> Iterator[Finding]:
    """The firmware's files, and others that would run instead of them."""
    names = {entry.name for entry in board.list("/") or ()}
    code = board.read(CODE)
    if code is None:
        yield Finding(FAILED, "Firmware", "There is no code.py.", INSTALL)
    elif not is_ours(code):
        yield Finding(FAILED, "Firmware", "code.py is another program.", f"{INSTALL} (it keeps a copy of that one)")
    else:
        there, here = firmware_of(code), firmware_of((FIRMWARE / "code.py").read_bytes())
        if code == (FIRMWARE / "code.py").read_bytes():
            yield Finding(OK, "Firmware", f"code.py {there} is the one of this checkout")
        else:
            yield Finding(WARNING, "Firmware", f"code.py {there} differs from {here} here.", f"{INSTALL} updates it.")
    for name in FIRMWARE_FILES:
        mine = board.read(f"/{name}") if name != "code.py" else code
        if mine is None and name != "code.py":
            needed = "Without boot.py Python cannot write on S2 and S3 boards." if name == "boot.py" else ""
            yield Finding(WARNING, "Firmware", f"{name} is missing. {needed}".strip(), INSTALL)
        elif name != "code.py" and mine != (FIRMWARE / name).read_bytes():
            yield Finding(WARNING, "Firmware", f"{name} differs from the one here.", f"{INSTALL} updates it.")
    for name in ("code.txt",):
        if name in names:
            yield Finding(FAILED, "Firmware", f"{name} runs instead of code.py.", f"Delete {name} on the board.")
    unfinished = sorted(name for name in names if name.endswith(NEW_SUFFIX) or f"/{name}" == EXCHANGING)
    if unfinished:
        yield Finding(NOTE, "Firmware", f"{', '.join(unfinished)}: an update was cut short.", f"{INSTALL} finishes it.")


def check_libraries(board: Board, about: About) -> Iterator[Finding]:
    """Present, new enough, and made for this CircuitPython; read by circup."""
    entries = {entry.name for entry in board.list("/lib") or () if not entry.is_folder}
    wanted = [line.strip() for line in (FIRMWARE / "requirements.txt").read_text().splitlines() if line.strip()]
    for module in wanted:
        source, compiled = f"{module}.py" in entries, f"{module}.mpy" in entries
        if not (source or compiled):
            yield Finding(FAILED, "Libraries", f"{module} is missing: nothing can be sent.", INSTALL)
            continue
        if source and compiled:
            yield Finding(
                WARNING, "Libraries", f"{module} is there twice; {module}.py is used.", f"{INSTALL} clears it."
            )
        name = f"{module}.py" if source else f"{module}.mpy"
        yield judge_library(name, board.read(f"/lib/{name}") or b"", about)


def judge_library(name: str, data: bytes, about: About) -> Finding:
    """One library file."""
    metadata = library_metadata(name, data)
    version = str(metadata.get("__version__", ""))
    module = name.rpartition(".")[0]
    oldest, newest = metadata.get("compatibility", (None, None))
    if version == "Invalid" or (not version and not data):
        return Finding(FAILED, "Libraries", f"{name} is damaged or made for another CircuitPython.", INSTALL)
    if (oldest and _major(oldest) > about.release[0]) or (newest and _major(newest) < about.release[0]):
        return Finding(FAILED, "Libraries", f"{name} is made for another CircuitPython.", INSTALL)
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers and numbers < MINIMUM_VERSIONS.get(module, (0, 0)):
        return Finding(FAILED, "Libraries", f"{name} {version} is too old.", INSTALL)
    if name.endswith(".py"):
        try:
            compile(data, name, "exec")
        except (SyntaxError, ValueError):
            return Finding(FAILED, "Libraries", f"{name} is cut off or damaged.", INSTALL)
    return Finding(OK, "Libraries", f"{name} {version}".strip())


def _major(version: str) -> int:
    return int(version.split(".")[0])


def library_metadata(name: str, data: bytes) -> dict[str, Any]:
    """What circup reads from a library file."""
    import logging

    from circup.shared import extract_metadata

    with tempfile.TemporaryDirectory(prefix="library-") as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        return dict(extract_metadata(str(path), logging.getLogger("circup")))


def check_drive(board: Board, space: Space | None) -> Iterator[Finding]:
    """Write permission and room."""
    try:
        board.check_writable()
        yield Finding(OK, "Drive", "takes writes from here")
    except BoardError as error:
        # With the logger at work a USB drive is read-only for the computer: as it should be.
        yield Finding(NOTE, "Drive", str(error))
    if space is None:
        return
    laid_out = is_laid_out(board)
    needed = 0 if laid_out else sessions_room(space)
    text = f"{space.free // 1024} of {space.total // 1024} KB free"
    if needed > space.free:
        yield Finding(
            FAILED,
            "Drive",
            f"{text}; the sessions need {needed // 1024} KB.",
            "Delete what you do not need on the board.",
        )
    else:
        yield Finding(OK, "Drive", text)


def check_settings(board: Board, toml: bytes, space: Space | None) -> tuple[settings.Secrets, list[Finding]]:
    """secrets.py and settings.toml, as the firmware will read them."""
    findings: list[Finding] = []
    what = "Settings"
    secrets = settings.Secrets()
    data = board.read(SECRETS)
    try:
        secrets = settings.read_secrets(data)
    except BadSettings as error:
        findings.append(Finding(FAILED, what, str(error)))
    for problem in settings_toml.problems(toml):
        name = f"{problem.key}: " if problem.key else ""
        findings.append(
            Finding(
                FAILED,
                what,
                f"settings.toml, line {problem.line}: {name}{problem.text}.",
                'Correct that line; CircuitPython takes KEY = "text" and KEY = 15.',
            )
        )
    secrets = settings.read_all(secrets, toml)
    url = secrets.ingest_url.strip()
    if "ingest_url" in secrets.computed:
        findings.append(Finding(NOTE, what, "ingest_url in secrets.py is computed: only the board knows it.", LOGS))
    elif not url:
        findings.append(
            Finding(
                FAILED,
                what,
                "There is no ingest_url in secrets.py and no LOGGER_INGEST_URL in settings.toml: nothing will be sent.",
                INSTALL_URL,
            )
        )
    elif why := url_problem(url):
        findings.append(Finding(FAILED, what, f"The ingest URL {url} {why}.", INSTALL_URL))
    for ssid, password in secrets.networks:
        if why := settings.network_problem(ssid, password):
            findings.append(Finding(FAILED, what, f"Network {ssid}: {why}.", INSTALL_WIFI))
    if not secrets.knows("networks"):
        findings.append(Finding(FAILED, what, "No Wi-Fi is known to the board.", INSTALL_WIFI))
    elif settings.setting_text(toml, settings.WIFI_SSID):
        findings.append(
            Finding(
                NOTE,
                what,
                "CIRCUITPY_WIFI_SSID is set: CircuitPython joins before code.py runs, and a power cut in that time is"
                " not counted.",
                "Once you do not need the web workflow any more, remove it and keep networks in secrets.py.",
            )
        )
    bounds_here = integer_settings(settings.setting_text(toml, SENSE_PIN), space.total if space else DRIVE_8MB_BYTES)
    for key in INTEGER_SETTINGS:
        value, bounds = settings.value_of(toml, key), bounds_here[key]
        if value is not None and not (value.isdigit() and bounds.least <= int(value) <= bounds.most):
            findings.append(
                Finding(
                    WARNING,
                    what,
                    f"{key} = {value} is not used: the board takes {bounds.used}.",
                    f"A whole number from {bounds.least} to {bounds.most}.",
                )
            )
    findings += bus.judge_settings(toml)
    if all(finding.level == OK for finding in findings):
        findings.append(Finding(OK, what, f"{len(secrets.networks)} networks, {secrets.ingest_url}"))
    return secrets, findings


def listen(board: Board, seconds: float, tell: Callable[[str], None], *until: log_lines.LogLine) -> list[str]:
    """What the board says meanwhile, until it has said all of these; empty where there is no console."""
    console = board.console()
    if console is None:
        return []
    tell(f"Listening to the board for {seconds:.0f} s")
    text = ""
    end = time.monotonic() + seconds
    try:
        with console as lines:
            while time.monotonic() < end and not all(line.pattern.search(text) for line in until):
                text += lines.read(0.5)
    except Unreachable:
        text += "\n"
    return [line.strip("\r") for line in text.split("\n")]


def judge_lines(lines: list[str], seconds: float) -> Iterator[Finding]:
    """Wi-Fi, NTP and delivery as the board sees them."""
    topics: dict[str, Finding] = {}
    for text in lines:
        line = log_lines.find(text)
        if line and line.topic:
            topics[line.topic] = Finding(line.level, f"{line.topic}, the board says", text, line.remedy)
    yield from topics.values()
    if seconds and not topics:
        yield Finding(
            NOTE,
            "Console",
            f"The board said nothing known within {seconds:.0f} s, or this way has no console.",
            f"{LOGS} shows the console; press RESET to see it start.",
        )


def check_sessions(board: Board, server_time: str, now: float) -> Iterator[Finding]:
    """What the board keeps, and its clock."""
    what = "Sessions"
    try:
        store = read_store(board)
    except Unreachable:
        raise
    except BoardError as error:
        yield Finding(NOTE, what, str(error))
        return
    if not store.uuid:
        yield Finding(
            WARNING,
            what,
            "sessions.json has no header: damaged.",
            "Power the board on; it mends the file from its twin.",
        )
    else:
        yield Finding(OK, what, f"device {store.uuid}: {len(store.sessions)} sessions")
    for name, copy in ((SESSIONS, store.main), (TWIN, store.twin)):
        if not copy.present:
            yield Finding(WARNING, what, f"{name} is missing.", "The board recreates it at its next start.")
        elif copy.torn:
            yield Finding(NOTE, what, f"{name}: {copy.torn} torn lines.", "The board mends them at its next start.")
    unsent = store.unsent
    if unsent:
        oldest = next((one.start for one in unsent if one.start), "of unknown time")
        yield Finding(
            NOTE, what, f"{len(unsent)} unsent, the oldest {oldest}.", "They flow within a minute of joining Wi-Fi."
        )
    rejected = [one.boot for one in store.sessions if one.rejected]
    if rejected:
        yield Finding(
            WARNING,
            what,
            f"rejected by the server: boot {', '.join(map(str, rejected))}.",
            f"{LOGS} shows the reason at the next start.",
        )
    if store.gaps:
        yield Finding(NOTE, what, f"{len(store.gaps)} power-ups left no session.", "They ended before the program ran.")
    for aside in set_aside(board):
        yield Finding(
            WARNING,
            what,
            f"{aside.path}: {len(aside.store.sessions)} sessions of another device.",
            f"{SEND} delivers them.",
        )
    yield from check_clock(store, wire.epoch_seconds(server_time) if server_time else int(now))


def check_clock(store: Store, now: int) -> Iterator[Finding]:
    """The open session's end against the server's time."""
    newest = store.sessions[-1] if store.sessions else None
    if newest is None or newest.status != "open":
        return
    if newest.start is None:
        yield Finding(NOTE, "Clock", "The board does not know the time yet.", "It learns it from NTP or the server.")
        return
    ahead = wire.epoch_seconds(newest.start) + newest.run_seconds - now
    if ahead > FRESH_SECONDS:
        yield Finding(
            FAILED,
            "Clock",
            f"The board is {ahead} s ahead.",
            "Restart it with Wi-Fi in reach; check LOGGER_NTP_SERVER.",
        )
    elif ahead < -FRESH_SECONDS:
        yield Finding(
            NOTE, "Clock", f"The last checkpoint is {-ahead} s old: the program stands, or these files are a copy."
        )
    else:
        yield Finding(OK, "Clock", f"within {FRESH_SECONDS // 60} minutes of the server's")


def worst(findings: list[Finding]) -> int:
    """Exit code for scripts: 1 if anything failed, else 0."""
    return int(any(finding.level == FAILED for finding in findings))
