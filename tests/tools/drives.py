"""Simulated drives as an owner has set them up."""

from tools.simulator.flash.drive import Drive
from tools.simulator.flash.file import DriveFile
from tools.simulator.flash.layout import LAYOUT_8MB, Layout
from tools.simulator.flash.nor import (
    SECTOR_BYTES,
)

PROGRAM = b"# the program\n" * 300
LIBRARY = b"# a library\n" * 500
ROOT_FILES = ["code.py", "settings.toml", "boot.py", "safemode.py", "secrets.py"]


def make_drive(layout: Layout = LAYOUT_8MB) -> Drive:
    """A drive as an owner has set it up: program, settings and libraries."""
    drive = Drive(layout)
    drive.mount_or_format()
    for name in ROOT_FILES:
        drive.outside_write(f"/{name}", PROGRAM)
    for number in range(12):
        drive.outside_write(f"/lib/module_{number}.py", LIBRARY)
    drive.mount_or_format()
    return drive


def put(drive: Drive, path: str, data: bytes) -> None:
    with drive.open(path, "wb") as file:
        file.write(data)


def get(drive: Drive, path: str) -> bytes:
    with drive.open(path, "rb") as file:
        data: bytes = file.read()
    return data


def open_ring(drive: Drive) -> DriveFile:
    """A ring file laid out as the firmware's: in a folder of its own, pads around it, held open."""
    drive.mkdir("/logger")
    put(drive, "/logger/pad_1", bytes(2 * SECTOR_BYTES))
    put(drive, "/logger/ring", bytes(8 * SECTOR_BYTES))
    put(drive, "/logger/pad_2", bytes(2 * SECTOR_BYTES))
    return drive.open("/logger/ring", "r+b")
