"""Which board is meant: the one that was named, or the only one that can be found."""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from serial.tools import list_ports
from zeroconf import InterfaceChoice, IPVersion, ServiceBrowser, Zeroconf

from tools.board.drive import DriveBoard
from tools.board.errors import BoardNotFound, SeveralBoards, WrongPassword
from tools.board.serial_port import SerialBoard
from tools.board.transport import Board
from tools.board.web import PASSWORD_KEY, WebBoard

LABEL = "CIRCUITPY"
SERVICE = "_circuitpython._tcp.local."
SEARCH_SECONDS = 3.0
# Adafruit, Espressif, Silicon Labs CP210x, WCH CH34x and CH9102, FTDI: what ESP32 boards carry.
USB_VENDORS = (0x239A, 0x303A, 0x10C4, 0x1A86, 0x0403)
PASSWORD_VARIABLES = ("CIRCUP_WEBWORKFLOW_PASSWORD", PASSWORD_KEY)


@dataclass(frozen=True)
class Where:
    """What the command line says about the board: at most one of path, host and port."""

    path: Path | None = None
    host: str | None = None
    port: str | None = None
    password: str | None = None

    @property
    def option(self) -> str:
        """How the board was named, as one types it; "" if it was not."""
        for name, value in (("path", self.path), ("host", self.host), ("port", self.port)):
            if value:
                return f"--{name} {shlex.quote(str(value))}"
        return ""

    @property
    def is_named(self) -> bool:
        """Whether there is nothing to search."""
        return bool(self.path or self.host or self.port)


@dataclass(frozen=True)
class Found:
    """A board that could be meant, and how to name it."""

    option: str
    text: str


def open_board(where: Where, tell: Callable[[str], None] = lambda text: None) -> Board:
    """The board that is meant. Raises BoardNotFound, SeveralBoards or what opening it raises."""
    if where.path:
        return DriveBoard(where.path)
    if where.host:
        return WebBoard(where.host, password_of(where))
    if where.port:
        return SerialBoard(where.port)
    tell("Looking for a board: drives, serial ports, network")
    return open_found(search(), where)


def open_found(found: list[Found], where: Where) -> Board:
    """The only one. Raises BoardNotFound or SeveralBoards with what to type."""
    if not found:
        raise BoardNotFound(
            "No board found: no CIRCUITPY drive, no serial port of an ESP32 board, no web workflow in this network."
            " Plug it in with a cable that carries data (many only charge), or name it with --path, --port or --host."
            " In a virtual machine or WSL, hand the USB device over to it first."
        )
    if len(found) > 1:
        lines = "".join(f"\n  --{one.option} {one.text}" for one in found)
        raise SeveralBoards(f"Several ways to a board, perhaps to the same one; choose with one of:{lines}")
    option, text = found[0].option, found[0].text
    return open_board(
        Where(
            path=Path(text) if option == "path" else None,
            host=text if option == "host" else None,
            port=text if option == "port" else None,
            password=where.password,
        )
    )


def password_of(where: Where) -> str:
    """The web workflow's password: given, or from the environment."""
    password = where.password or next(filter(None, map(os.environ.get, PASSWORD_VARIABLES)), None)
    if not password:
        raise WrongPassword(
            f"A board on the network asks for its password ({PASSWORD_KEY} in its settings.toml): give it with"
            f" --password or in the variable {PASSWORD_VARIABLES[0]}."
        )
    return password


def search() -> list[Found]:
    """Drives; where there is none, serial ports and boards in the network. A drive's own serial port goes unnamed."""
    drives = [Found("path", str(folder)) for folder in drives_here()]
    if drives:
        return drives
    ports = [Found("port", port) for port in serial_ports()]
    return ports + [Found("host", host) for host in hosts_in_network()]


def drives_here(mounts: Path = Path("/proc/mounts")) -> list[Path]:
    """Mounted CIRCUITPY drives."""
    candidates: list[Path] = []
    try:
        for line in mounts.read_text().splitlines():
            folder = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), line.split(" ")[1])
            candidates.append(Path(folder))
    except OSError:  # macOS has no such file
        candidates += sorted(Path("/Volumes").glob(f"{LABEL}*")) if Path("/Volumes").is_dir() else []
    named = (folder for folder in candidates if folder.name.startswith(LABEL))
    return sorted({folder for folder in named if (folder / "boot_out.txt").exists()})


def serial_ports() -> list[str]:
    """Serial ports with a USB chip that ESP32 boards carry."""
    return sorted(port.device for port in list_ports.comports() if port.vid in USB_VENDORS)


def hosts_in_network(seconds: float = SEARCH_SECONDS, interfaces: list[str] | None = None) -> list[str]:
    """Addresses of boards that announce the web workflow by mDNS; with the port where it is not 80."""
    try:
        zeroconf = Zeroconf(interfaces or InterfaceChoice.All, ip_version=IPVersion.V4Only)
    except OSError:  # no network at all
        return []
    names: set[str] = set()

    class Listener:
        """Collects names."""

        def add_service(self, browser: Zeroconf, kind: str, name: str) -> None:
            """A board."""
            names.add(name)

        def update_service(self, browser: Zeroconf, kind: str, name: str) -> None:
            """The same board again."""
            names.add(name)

        def remove_service(self, browser: Zeroconf, kind: str, name: str) -> None:
            """A board that left."""
            names.discard(name)

    try:
        ServiceBrowser(zeroconf, SERVICE, Listener())  # type: ignore[arg-type]
        time.sleep(seconds)
        hosts = set()
        for name in sorted(names):
            info = zeroconf.get_service_info(SERVICE, name, timeout=1000)
            for address in info.parsed_addresses() if info else []:
                hosts.add(address if info is None or info.port in (None, 80) else f"{address}:{info.port}")
        return sorted(hosts)
    finally:
        zeroconf.close()
