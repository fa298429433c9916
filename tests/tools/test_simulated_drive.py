"""The simulated board's drive: what it costs the flash, and what a power cut leaves."""

import errno
import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.tools.drives import LIBRARY, PROGRAM, get, make_drive, open_ring, put
from tools.simulator.flash.drive import HELLO_WORLD, Drive
from tools.simulator.flash.file import DriveFile
from tools.simulator.flash.layout import LAYOUT_4MB, LAYOUT_8MB, LAYOUT_8MB_EXTENDED, LAYOUTS, Layout
from tools.simulator.flash.nor import (
    DONE,
    ERASE_SECONDS,
    ERASED,
    PAGE_BYTES,
    SECTOR_BYTES,
    TORN_STATES,
    UNTOUCHED,
    NorFlash,
)
from tools.simulator.power import PowerCut


@pytest.fixture
def drive() -> Drive:
    return make_drive()


# What a fresh drive looks like


@pytest.mark.parametrize(
    ("layout", "cluster_bytes", "clusters", "fat_sectors", "root_sectors"),
    [
        (LAYOUT_8MB, 1024, 4009, range(0, 2), range(1, 6)),
        (LAYOUT_8MB_EXTENDED, 1024, 6051, range(0, 4), range(3, 8)),
        (LAYOUT_4MB, 512, 2391, range(0, 2), range(1, 6)),
    ],
)
def test_unformatted_flash_is_formatted_like_the_boards(
    layout: Layout, cluster_bytes: int, clusters: int, fat_sectors: range, root_sectors: range
) -> None:
    """Each layout gets the cluster size, FAT and root directory that CircuitPython gives it, and its files."""
    drive = Drive(layout)

    outcome = drive.mount_or_format()

    assert outcome == "formatted"
    assert drive.statvfs("/")[:3] == (cluster_bytes, cluster_bytes, clusters)
    assert drive.fat_sectors == fat_sectors
    assert drive.root_sectors == root_sectors
    assert get(drive, "/code.py") == HELLO_WORLD
    assert {"lib/", "settings.toml", "sd/"} <= {path.lstrip("/") for path in drive.outside_list("/")}
    assert b"CIRCUITPY  \x08" in drive.flash.image()


def test_eight_megabyte_layout_keeps_forty_eight_root_entries_beside_the_fat() -> None:
    """Sector 1 of the 8 MB layout holds the FAT's last blocks and the first 48 entries of the root directory."""
    drive = Drive(LAYOUT_8MB)
    drive.mount_or_format()

    boot = drive.flash.read(0, 1)

    fat_blocks = int.from_bytes(boot[22:24], "little")
    first_root_block = int.from_bytes(boot[14:16], "little") + fat_blocks
    assert (16 - first_root_block) * 512 // 32 == 48


def test_a_good_drive_is_mounted_not_formatted(drive: Drive) -> None:
    """A start leaves a readable drive as it is and erases nothing."""
    before = drive.snapshot()
    mark = drive.flash.mark()

    outcome = drive.mount_or_format()

    assert outcome == "mounted"
    assert drive.flash.changed_since(before) == []
    assert drive.flash.erases_since(mark) == {}


@pytest.mark.parametrize("pages", [0, 1])
def test_a_torn_boot_sector_is_silently_formatted(drive: Drive, pages: int) -> None:
    """Without the signature at its end the boot sector is none to CircuitPython, even if its first page is there."""
    drive.flash.cut_at(0, pages)
    with pytest.raises(PowerCut):
        drive.flash.write(0, drive.flash.read(0, 1))

    outcome = drive.mount_or_format()

    assert outcome == "formatted"
    assert get(drive, "/code.py") == HELLO_WORLD
    assert drive.listdir("/lib") == []


def test_a_cut_while_formatting_ends_in_another_formatting() -> None:
    """A power cut at any step of the first formatting is healed by the next start, or found as it should be."""
    reference = Drive(LAYOUT_8MB)
    reference.mount_or_format()

    for operation in range(reference.flash.operations):
        drive = Drive(LAYOUT_8MB)
        drive.flash.cut_at(operation)
        with pytest.raises(PowerCut):
            drive.mount_or_format()

        assert drive.mount_or_format() in ("formatted", "mounted")
        assert drive.statvfs("/")[2] == 4009


# Erases per operation


def save_by_rename(size: int) -> Callable[[Drive], None]:
    def save(drive: Drive) -> None:
        with drive.open("/sessions.tmp", "w") as file:
            file.write("n" * size)
        drive.rename("/sessions.tmp", "/sessions.json")

    return save


def save_in_tiny_writes(drive: Drive) -> None:
    with drive.open("/sessions.tmp", "w") as file:
        for _ in range(600):
            file.write("12345")
    drive.rename("/sessions.tmp", "/sessions.json")


def rewrite(drive: Drive) -> None:
    with drive.open("/sessions.json", "w") as file:
        file.write("n" * 500)


def append(drive: Drive) -> None:
    with drive.open("/sessions.json", "a") as file:
        file.write("n" * 60)


def write_in_place(drive: Drive) -> None:
    with drive.open("/logger/ring", "r+b") as file:
        file.seek(SECTOR_BYTES)
        file.write(b"n" * 512)


@pytest.mark.parametrize(
    ("operation", "old_bytes", "total", "first_sector", "second_sector"),
    [
        pytest.param(save_by_rename(500), 500, 7, 2, 4, id="500 B by temp file and rename"),
        pytest.param(save_by_rename(3000), 3000, 11, 2, 4, id="3 KB by temp file and rename, one write"),
        pytest.param(save_in_tiny_writes, 3000, 14, 4, 4, id="3 KB by temp file and rename, many tiny writes"),
        pytest.param(rewrite, 500, 5, 2, 2, id="open w and rewrite 500 B"),
        pytest.param(append, 400, 2, 0, 1, id="append 60 B"),
        pytest.param(append, 1024, 3, 1, 1, id="append 60 B on a new cluster"),
        pytest.param(write_in_place, 400, 2, 0, 0, id="in place, 512 B aligned, opened and closed"),
    ],
)
def test_erases_per_operation(
    drive: Drive,
    operation: Callable[[Drive], None],
    old_bytes: int,
    total: int,
    first_sector: int,
    second_sector: int,
) -> None:
    """On the 8 MB layout every way to save costs the erases measured on CircuitPython's own FAT code."""
    drive.mkdir("/logger")
    put(drive, "/logger/ring", bytes(4 * SECTOR_BYTES))
    put(drive, "/sessions.json", b"o" * old_bytes)
    mark = drive.flash.mark()

    operation(drive)

    erases = drive.flash.erases_since(mark)
    assert (sum(erases.values()), erases.get(0, 0), erases.get(1, 0)) == (total, first_sector, second_sector)


def test_directory_entries_across_two_blocks_cost_an_erase_more(drive: Drive) -> None:
    """A save by rename costs 8 erases, 5 of them in the root directory's sector, when its entries straddle a block."""
    costs = set()
    for number in range(16):
        put(drive, f"/p{number}", b"")
        put(drive, "/sessions.json", b"o" * 500)
        mark = drive.flash.mark()
        save_by_rename(500)(drive)
        erases = drive.flash.erases_since(mark)
        costs.add((sum(erases.values()), erases[0], erases[1]))

    assert costs == {(7, 2, 4), (8, 2, 5)}


def test_a_checkpoint_in_a_held_file_is_one_erase_away_from_the_fat(drive: Drive) -> None:
    """An aligned 512-byte write to a held file reaches the flash at once: one erase, no FAT, no directory."""
    ring = open_ring(drive)
    mark = drive.flash.mark()

    ring.seek(3 * SECTOR_BYTES)
    written = ring.write(b"n" * 512)

    erases = drive.flash.erases_since(mark)
    assert written == 512
    assert list(erases.values()) == [1]
    assert set(erases) <= drive.sectors_of("/logger/ring")
    assert not set(erases) & {*drive.fat_sectors, *drive.root_sectors, *drive.sectors_of("/logger")}
    assert drive.outside_read("/logger/ring")[3 * SECTOR_BYTES :][:512] == b"n" * 512


def test_a_write_below_a_block_stays_in_ram(drive: Drive) -> None:
    """300 bytes written to a held file are not saved at all: a power cut takes them."""
    ring = open_ring(drive)
    mark = drive.flash.mark()

    ring.seek(SECTOR_BYTES)
    ring.write(b"n" * 300)
    drive.power_off()

    assert drive.flash.erases_since(mark) == {}
    drive.mount_or_format()
    assert get(drive, "/logger/ring") == bytes(8 * SECTOR_BYTES)


def test_the_one_window_is_written_when_something_else_needs_it(drive: Drive) -> None:
    """Opening any other file moves FatFs's only window, which writes the 300 bytes that waited there."""
    ring = open_ring(drive)
    ring.seek(SECTOR_BYTES)
    ring.write(b"n" * 300)

    drive.open("/code.py", "rb")

    assert drive.outside_read("/logger/ring")[SECTOR_BYTES:][:301] == b"n" * 300 + b"\0"


def test_flush_rewrites_the_directory_entry(drive: Drive) -> None:
    """flush after a write costs the folder's sector an erase; after no write it costs nothing."""
    ring = open_ring(drive)
    ring.write(b"n" * 512)
    mark = drive.flash.mark()

    ring.flush()
    ring.flush()

    assert list(drive.flash.erases_since(mark).values()) == [1]
    assert set(drive.flash.erases_since(mark)) <= drive.sectors_of("/logger")


def test_a_cluster_in_one_write_is_one_erase(drive: Drive) -> None:
    """Two blocks of one cluster and one sector are one erase; the driver writes them together."""
    ring = open_ring(drive)
    mark = drive.flash.mark()

    ring.write(b"n" * 1024)

    assert sum(drive.flash.erases_since(mark).values()) == 1


def test_reading_erases_nothing(drive: Drive) -> None:
    """Listing, statting and reading everything leaves the flash alone."""
    mark = drive.flash.mark()

    for path, size in drive.outside_list("/").items():
        drive.stat(path)
        if not path.endswith("/"):
            assert len(get(drive, path)) == size

    assert drive.flash.erases_since(mark) == {}


def test_time_of_erases_is_charged_to_the_clock() -> None:
    """Each operation tells the clock for how long the flash kept the board busy."""
    spent: list[float] = []
    drive = Drive(on_busy=spent.append)
    drive.mount_or_format()
    spent.clear()

    put(drive, "/file", b"x")

    assert sum(spent) == pytest.approx(ERASE_SECONDS * 4)
    assert sum(drive.flash.erases) * ERASE_SECONDS == pytest.approx(drive.flash.busy_seconds)


def test_hottest_sector_is_named(drive: Drive) -> None:
    """The flash names the sector that was erased most often, and how often."""
    ring = open_ring(drive)
    for _ in range(500):
        ring.seek(0)
        ring.write(b"n" * 512)

    sector, count = drive.flash.hottest()

    assert sector in drive.sectors_of("/logger/ring")
    assert 500 <= count < 520


# Power cuts


@pytest.mark.parametrize("torn", TORN_STATES)
def test_torn_states_of_a_sector(torn: int) -> None:
    """A cut leaves a sector as it was, erased, programmed up to a 256-byte page, or done."""
    flash = NorFlash(4)
    flash.write(8, b"o" * SECTOR_BYTES)
    new = b"n" * SECTOR_BYTES
    flash.cut_at(0, torn)

    with pytest.raises(PowerCut):
        flash.write(8, new)

    programmed = torn * PAGE_BYTES
    expected = b"o" * SECTOR_BYTES if torn == UNTOUCHED else new[:programmed] + b"\xff" * (SECTOR_BYTES - programmed)
    assert flash.read(8, 8) == expected
    assert flash.erases[1] == (1 if torn == UNTOUCHED else 2)


def test_nothing_can_be_written_after_a_cut_until_power_returns(drive: Drive) -> None:
    """After a cut every call of the dying program raises it again and the flash keeps what it has."""
    ring = open_ring(drive)
    drive.flash.cut_at(0)
    with pytest.raises(PowerCut):
        ring.write(b"n" * 512)
    dead = drive.snapshot()

    calls: list[Callable[[], Any]] = [
        lambda: ring.write(b"n"),
        lambda: ring.read(1),
        ring.flush,
        ring.close,
        lambda: drive.open("/code.py"),
        lambda: drive.remove("/code.py"),
        lambda: drive.listdir("/"),
        drive.close_all,
        lambda: drive.flash.write(0, bytes(512)),
    ]
    for call in calls:
        with pytest.raises(PowerCut):
            call()

    assert drive.flash.changed_since(dead) == []
    assert drive.mount_or_format() == "mounted"
    assert get(drive, "/code.py") == PROGRAM


def test_files_of_the_last_power_up_stay_dead(drive: Drive) -> None:
    """A file object that outlives its power-up can neither read nor write on the next one."""
    ring = open_ring(drive)
    drive.power_off()
    drive.mount_or_format()

    with pytest.raises(PowerCut):
        ring.write(b"n" * 512)

    assert drive.outside_read("/logger/ring") == bytes(8 * SECTOR_BYTES)


def test_the_hook_sees_each_rewrite_and_may_cut(drive: Drive) -> None:
    """before_rewrite is told each sector before it is erased, and can end the power there."""
    seen: list[int] = []

    def cut_in_the_root_directory(sector: int) -> int | None:
        seen.append(sector)
        return ERASED if sector in drive.root_sectors else None

    drive.flash.before_rewrite = cut_in_the_root_directory
    with pytest.raises(PowerCut):
        put(drive, "/file", b"x" * 512)
    drive.flash.before_rewrite = None

    assert seen[-1] in drive.root_sectors
    assert set(seen[:-1]).isdisjoint(drive.root_sectors)


def outcome_of_cut(drive: Drive, operation: int, torn: int, act: Callable[[Drive], None], data: set[bytes]) -> str:
    """What the next start finds after a cut: formatted, program lost, data lost or survives."""
    drive.flash.cut_at(operation, torn)
    with pytest.raises(PowerCut):
        act(drive)
    if drive.mount_or_format() == "formatted":
        return "formatted"
    try:
        whole = get(drive, "/code.py") == PROGRAM
        whole = whole and all(get(drive, f"/lib/module_{n}.py") == LIBRARY for n in range(12))
    except OSError:
        whole = False
    if not whole:
        return "program lost"
    try:
        return "survives" if get(drive, "/sessions.json") in data else "data lost"
    except OSError:
        return "data lost"


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_cuts_during_a_save_by_rename_can_cost_everything(layout: Layout) -> None:
    """The naive save: its cut points end in a reformat, a lost program, lost data, or no harm.

    Erasing takes most of the time, and a cut during an erase takes the program in at least half of the cases.
    """
    drive = make_drive(layout)
    put(drive, "/sessions.json", b"o" * 3000)
    before = drive.snapshot()
    first = drive.flash.operations
    save_by_rename(3000)(drive)
    operations = drive.flash.operations - first

    outcomes: dict[int, list[str]] = {}
    for torn in range(ERASED, DONE):
        for operation in range(operations):
            drive.restore(before)
            drive.mount_or_format()
            outcome = outcome_of_cut(drive, operation, torn, save_by_rename(3000), {b"o" * 3000, b"n" * 3000})
            outcomes.setdefault(torn, []).append(outcome)

    assert {outcome for found in outcomes.values() for outcome in found} == {
        "formatted",
        "program lost",
        "data lost",
        "survives",
    }
    assert sum(outcome in ("formatted", "program lost") for outcome in outcomes[ERASED]) >= operations / 2


def test_a_cut_between_unlink_and_rename_leaves_neither(drive: Drive) -> None:
    """Replacing by rename is not atomic: between its two halves the name does not exist, the temporary file does."""
    put(drive, "/sessions.json", b"old")
    put(drive, "/sessions.tmp", b"new")
    base = drive.snapshot()
    found = set()
    for operation in range(16):
        drive.restore(base)
        drive.mount_or_format()
        drive.flash.cut_at(operation, UNTOUCHED)
        try:
            drive.rename("/sessions.tmp", "/sessions.json")
        except PowerCut:
            drive.mount_or_format()
            names = drive.listdir("/")
            found.add(("sessions.json" in names, "sessions.tmp" in names))

    assert (False, True) in found


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_cuts_during_checkpoints_in_place_harm_nothing_else(layout: Layout) -> None:
    """The safe pattern: at every cut point the program is whole and only the record being written can be lost."""
    drive = make_drive(layout)
    open_ring(drive)
    base = drive.snapshot()

    def checkpoints(ring: DriveFile) -> None:
        for slot in range(8):
            ring.seek(slot * SECTOR_BYTES)
            ring.write(bytes([slot + 1]) * 512)

    for operation in range(8):
        for torn in TORN_STATES:
            drive.restore(base)
            drive.mount_or_format()
            drive.flash.cut_at(operation, torn)
            with pytest.raises(PowerCut):
                checkpoints(drive.open("/logger/ring", "r+b"))

            assert drive.mount_or_format() == "mounted"
            assert get(drive, "/code.py") == PROGRAM
            records = get(drive, "/logger/ring")[::SECTOR_BYTES]
            assert list(records[:operation]) == [slot + 1 for slot in range(operation)]
            assert set(records[operation + 1 :]) <= {0}


# Handles and resets


def test_dropping_a_file_object_writes_nothing(drive: Drive) -> None:
    """Only close, flush and a soft reload write; a file object that is let go of does not."""
    drive.open("/notes.txt", "w").write("lost")
    mark = drive.flash.mark()

    gc.collect()
    drive.reset()

    assert drive.flash.erases_since(mark) == {}
    drive.mount_or_format()
    assert get(drive, "/notes.txt") == b""


def test_a_soft_reload_closes_open_files(drive: Drive) -> None:
    """close_all does what finalisers do on a soft reload: what was held back is written."""
    drive.open("/notes.txt", "w").write("kept")

    drive.close_all()

    assert drive.outside_read("/notes.txt") == b"kept"


def test_closing_twice_is_harmless_and_a_closed_file_refuses(drive: Drive) -> None:
    """close can be called again; anything else on a closed file is an OSError."""
    file = drive.open("/notes.txt", "w")
    file.close()
    file.close()

    with pytest.raises(OSError) as caught:
        file.write("x")

    assert caught.value.errno == errno.EINVAL


# Many drives, snapshots


def test_two_drives_with_open_files_do_not_disturb_each_other() -> None:
    """Interleaved writes to files held open on many drives end up each on its own."""
    drives = [make_drive(LAYOUTS[number % 3]) for number in range(30)]
    files = [drive.open("/held.bin", "w+b") for drive in drives]

    for step in range(20):
        for number, file in enumerate(files):
            file.write(bytes([number, step]) * 77)
    for file in files:
        file.flush()

    for number, drive in enumerate(drives):
        expected = b"".join(bytes([number, step]) * 77 for step in range(20))
        assert drive.outside_read("/held.bin") == expected


def test_hundreds_of_drives_can_come_and_go() -> None:
    """Dropped drives leave nothing behind that the next ones would miss."""
    for number in range(400):
        drive = Drive(LAYOUT_4MB)
        drive.mount_or_format()
        drive.open("/file", "w").write(str(number))

    assert drive.mount_or_format() == "mounted"


def test_drives_work_from_several_threads() -> None:
    """Drives of different threads take turns in FatFs and keep their files apart."""

    def live(number: int) -> bytes:
        drive = make_drive()
        for step in range(60):
            put(drive, f"/file_{step % 7}", bytes([number, step]) * 700)
            drive.outside_write("/lib/late.py", bytes([number]) * step)
        return get(drive, "/file_3") + get(drive, "/lib/late.py")

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(live, range(8)))

    assert results == [bytes([number, 59]) * 700 + bytes([number]) * 59 for number in range(8)]


def test_a_drive_can_be_kept_and_cloned(drive: Drive) -> None:
    """An image makes a drive with the same files; a snapshot brings an earlier state back; wear goes on counting."""
    put(drive, "/file", b"first")
    before, image = drive.snapshot(), drive.flash.image()
    put(drive, "/file", b"second")
    erases = sum(drive.flash.erases)

    clone = Drive(image=image)
    drive.restore(before)

    assert drive.mount_or_format() == clone.mount_or_format() == "mounted"
    assert get(drive, "/file") == get(clone, "/file") == b"first"
    assert sum(drive.flash.erases) == erases


@pytest.mark.parametrize(
    "call",
    [
        lambda: Drive(image=b"too short"),
        lambda: Drive().restore(()),
        lambda: NorFlash(1).cut_at(-1),
        lambda: NorFlash(1).cut_at(0, 17),
        lambda: NorFlash(1).read(8, 1),
        lambda: NorFlash(1).write(7, bytes(1024)),
    ],
)
def test_misuse_of_the_flash_is_refused(call: Callable[[], Any]) -> None:
    """Images and snapshots of the wrong size and cuts that cannot be are ValueErrors that say so."""
    with pytest.raises(ValueError, match="NorFlash"):
        call()
