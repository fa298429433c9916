"""The simulated board's drive: what it costs the flash, what a power cut leaves, and that it is a file system."""

import contextlib
import errno
import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from tools.simulator.drive import (
    HELLO_WORLD,
    LAYOUT_4MB,
    LAYOUT_8MB,
    LAYOUT_8MB_EXTENDED,
    LAYOUTS,
    S_IFDIR,
    S_IFREG,
    Drive,
    DriveFile,
    Layout,
)
from tools.simulator.flash import (
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


def open_ring(drive: Drive) -> DriveFile:
    """A ring file laid out as the firmware's: in a folder of its own, pads around it, held open."""
    drive.mkdir("/logger")
    put(drive, "/logger/pad_1", bytes(2 * SECTOR_BYTES))
    put(drive, "/logger/ring", bytes(8 * SECTOR_BYTES))
    put(drive, "/logger/pad_2", bytes(2 * SECTOR_BYTES))
    return drive.open("/logger/ring", "r+b")


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


# Errors


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda drive: drive.open("/missing"), errno.ENOENT),
        (lambda drive: drive.open("/missing/file", "w"), errno.ENOENT),
        (lambda drive: drive.open("/lib"), errno.ENOENT),
        (lambda drive: drive.open("/lib", "w"), errno.EACCES),
        (lambda drive: drive.open("/code.py", "x"), errno.EEXIST),
        (lambda drive: drive.open('/a"b', "w"), errno.EINVAL),
        (lambda drive: drive.open("/日本", "w"), errno.EINVAL),
        (lambda drive: drive.open("/code.py").write("x"), errno.EACCES),
        (lambda drive: drive.open("/new", "w").read(), errno.EACCES),
        (lambda drive: drive.open("/code.py").seek(-1), errno.EINVAL),
        (lambda drive: drive.stat("/missing"), errno.ENOENT),
        (lambda drive: drive.listdir("/missing"), errno.ENOENT),
        (lambda drive: drive.mkdir("/lib"), errno.EEXIST),
        (lambda drive: drive.mkdir("/"), errno.EEXIST),
        (lambda drive: drive.mkdir("/missing/folder"), errno.ENOENT),
        (lambda drive: drive.rmdir("/lib"), errno.EACCES),
        (lambda drive: drive.rmdir("/code.py"), errno.ENOTDIR),
        (lambda drive: drive.remove("/lib"), errno.EISDIR),
        (lambda drive: drive.remove("/missing"), errno.ENOENT),
        (lambda drive: drive.rename("/missing", "/other"), errno.ENOENT),
        (lambda drive: drive.rename("/code.py", "/lib"), errno.EISDIR),
        (lambda drive: drive.chdir("/code.py"), errno.ENOENT),
        (lambda drive: drive.outside_read("/missing"), errno.ENOENT),
        (lambda drive: drive.outside_remove("/lib"), errno.EACCES),
        (lambda drive: Drive().outside_read("/code.py"), errno.ENODEV),
    ],
)
def test_errors_carry_the_boards_errno(drive: Drive, call: Callable[[Drive], Any], expected: int) -> None:
    """Errors are OSError with the number that CircuitPython gives for FatFs's result."""
    with pytest.raises(OSError) as caught:
        call(drive)

    assert caught.value.errno == expected


@pytest.mark.parametrize("mode", ["", "b", "rw", "r++", "rbt", "q", "r+bb"])
def test_bad_modes_are_refused(drive: Drive, mode: str) -> None:
    """A mode that CircuitPython does not know is a ValueError."""
    with pytest.raises(ValueError, match="Invalid mode"):
        drive.open("/code.py", mode)


def test_a_drive_must_be_started() -> None:
    """Nothing works before mount_or_format, and the error says so."""
    with pytest.raises(RuntimeError, match="mount_or_format"):
        Drive().listdir("/")


@pytest.mark.parametrize(
    "call",
    [
        lambda drive: drive.open("/code.py", "w"),
        lambda drive: drive.open("/code.py", "a"),
        lambda drive: drive.open("/code.py", "r+b"),
        lambda drive: drive.open("/new", "x"),
        lambda drive: drive.remove("/code.py"),
        lambda drive: drive.rename("/code.py", "/old.py"),
        lambda drive: drive.mkdir("/folder"),
        lambda drive: drive.rmdir("/lib"),
    ],
)
def test_a_read_only_drive_refuses_to_be_written(drive: Drive, call: Callable[[Drive], Any]) -> None:
    """With ``readonly`` every way to write raises EROFS, reading works, and the other side can still write."""
    drive.readonly = True

    with pytest.raises(OSError) as caught:
        call(drive)

    assert caught.value.errno == errno.EROFS
    assert get(drive, "/code.py") == PROGRAM
    drive.outside_write("/new.txt", b"from the PC")
    assert drive.outside_read("/new.txt") == b"from the PC"


def fill(drive: Drive, leave_clusters: int = 0) -> None:
    """Fill the drive but for some clusters."""
    cluster_bytes, _, _, free, *_ = drive.statvfs("/")
    put(drive, "/filler", bytes(cluster_bytes * (free - leave_clusters)))


def test_a_full_drive_says_enospc_and_keeps_what_it_has(drive: Drive) -> None:
    """A write that finds no room raises ENOSPC; files written before are whole and a deletion makes room again."""
    fill(drive, leave_clusters=2)
    file = drive.open("/big", "wb")

    with pytest.raises(OSError) as caught:
        file.write(b"n" * 4096)
    file.close()

    assert caught.value.errno == errno.ENOSPC
    assert drive.statvfs("/")[3] == 0
    assert drive.stat("/big")[6] == 2048
    assert get(drive, "/code.py") == PROGRAM
    drive.remove("/big")
    put(drive, "/fits", b"n" * 2048)


def test_a_full_drive_refuses_new_folders(drive: Drive) -> None:
    """A folder needs a cluster; without one mkdir is denied."""
    fill(drive)

    with pytest.raises(OSError) as caught:
        drive.mkdir("/folder")

    assert caught.value.errno == errno.EACCES


def test_seeking_beyond_a_full_drive_tells_how_far_it_got(drive: Drive) -> None:
    """seek reports no error on the board: the position it returns is what found room."""
    fill(drive, leave_clusters=3)
    file = drive.open("/grown", "wb")

    position = file.seek(100_000)

    assert position == 3 * 1024


# Fragments


def test_a_contiguous_file_is_one_fragment(drive: Drive) -> None:
    """A file written on a drive without holes lies in one piece, and its cluster map takes 40 bytes."""
    put(drive, "/sessions.json", bytes(264 * 1024))

    assert drive.fragments("/sessions.json") == 1
    assert drive.open("/sessions.json").cluster_map_bytes == 40


def test_holes_fragment_a_file_and_its_cluster_map_shows_it(drive: Drive) -> None:
    """FatFs fills holes; each fragment makes the cluster map 16 bytes bigger, which gc.mem_alloc() shows."""
    for number in range(8):
        put(drive, f"/part_{number}", bytes(1024))
    for number in range(0, 8, 2):
        drive.remove(f"/part_{number}")
    drive.mount_or_format()
    fill(drive, leave_clusters=4)

    file_clusters = drive.statvfs("/")[3]
    drive.remove("/part_1")
    put(drive, "/holes", bytes(1024 * 5))

    fragments = drive.fragments("/holes")
    assert file_clusters == 4
    assert fragments > 1
    assert drive.open("/holes", "rb").cluster_map_bytes == 24 + 16 * fragments


def test_only_files_opened_for_reading_have_a_cluster_map(drive: Drive) -> None:
    """CircuitPython maps the clusters in mode "r" alone; an empty file's map has no fragment."""
    put(drive, "/empty", b"")

    sizes = [drive.open(path, mode).cluster_map_bytes for path, mode in (("/code.py", "r+b"), ("/empty", "rb"))]

    assert sizes == [0, 24]
    assert drive.fragments("/empty") == 0


def test_sectors_of_a_file_are_where_its_bytes_are(drive: Drive) -> None:
    """The sectors named for a file are those that change when all of it is rewritten in place."""
    put(drive, "/file", b"o" * 20_480)
    before = drive.snapshot()

    drive.open("/file", "r+b").write(b"n" * 20_480)
    drive.power_off()

    assert set(drive.flash.changed_since(before)) == drive.sectors_of("/file")


# Text and binary


def test_text_is_utf8_and_write_counts_bytes(drive: Drive) -> None:
    """Text mode writes UTF-8, counts bytes when writing and characters when reading."""
    text = "Flugzeug: größer, 高い, ✈\nsecond\n"

    with drive.open("/notes.txt", "w") as file:
        written = file.write(text)

    assert written == len(text.encode())
    with drive.open("/notes.txt") as file:
        assert file.read(18) == text[:18]
        assert file.read(1) == text[18]
        assert file.read() == text[19:]
        assert file.read() == ""


def test_lines_can_be_iterated_and_read_singly(drive: Drive) -> None:
    """readline, readlines and iteration give lines with their newline, in text and in bytes, across blocks."""
    lines = [f"line {number} {'x' * (number * 37 % 300)}\n" for number in range(60)] + ["no newline at the end"]
    put(drive, "/lines.txt", "".join(lines).encode())

    assert list(drive.open("/lines.txt")) == lines
    assert drive.open("/lines.txt", "rb").readlines() == [line.encode() for line in lines]
    with drive.open("/lines.txt", "r+b") as file:
        assert file.readline() == lines[0].encode()
        assert file.readline(4) == lines[1][:4].encode()
        assert file.tell() == len(lines[0]) + 4
        assert file.readline() == lines[1][4:].encode()


def test_binary_files_refuse_str_and_fill_buffers(drive: Drive) -> None:
    """A binary file takes bytes only; readinto fills what there is and tells how much."""
    put(drive, "/data", bytes(range(100)))
    buffer = bytearray(64)
    file = drive.open("/data", "r+b")

    with pytest.raises(ValueError, match="string not supported"):
        file.write("text")

    assert [file.readinto(buffer), file.readinto(buffer), file.readinto(buffer)] == [64, 36, 0]
    assert bytes(buffer[:36]) == bytes(range(64, 100))


def test_modes_start_where_they_should(drive: Drive) -> None:
    """a appends, r+ overwrites from the start, w+ starts empty, x refuses what exists; seek knows three origins."""
    put(drive, "/file", b"0123456789")

    with drive.open("/file", "ab") as file:
        assert file.tell() == 10
        file.write(b"AB")
    with drive.open("/file", "r+b") as file:
        file.write(b"xy")
        assert file.seek(-2, 2) == 10
        assert file.seek(1, 1) == 11
        assert file.read() == b"B"
    assert get(drive, "/file") == b"xy23456789AB"
    with drive.open("/file", "w+b") as file:
        assert file.read() == b""


def test_stat_tells_kind_size_and_the_rtcs_time() -> None:
    """stat gives the type bits, the size and the time that the board's RTC had."""
    drive = Drive(file_time=lambda: (2025, 10, 23, 18, 20, 42))
    drive.mount_or_format()
    put(drive, "/file", b"x" * 1234)

    assert drive.stat("/lib")[0] == S_IFDIR
    assert drive.stat("/")[0] == S_IFDIR
    assert drive.stat("/file") == (S_IFREG, 0, 0, 0, 0, 0, 1234, 1761243642, 1761243642, 1761243642)


def test_paths_follow_the_current_directory(drive: Drive) -> None:
    """Relative paths, "." and ".." start from the current directory, which a reset sets back to the root."""
    drive.chdir("lib")
    put(drive, "here.txt", b"x")

    assert drive.getcwd() == "/lib"
    assert "here.txt" in drive.listdir()
    assert drive.stat("../lib/./here.txt")[6] == 1
    assert drive.stat("//lib//here.txt/")[6] == 1
    drive.reset()
    assert drive.getcwd() == "/"


def test_rename_moves_and_replaces(drive: Drive) -> None:
    """rename moves between folders, replaces a file, and keeps the content."""
    put(drive, "/new", b"new")
    put(drive, "/lib/old", b"old")

    drive.rename("/new", "/lib/old")
    drive.sync()

    assert "new" not in drive.listdir("/")
    assert get(drive, "/lib/old") == b"new"


# The other side


def test_the_other_side_reads_without_disturbing(drive: Drive) -> None:
    """Reading everything from outside erases nothing and moves no handle of the board."""
    ring = open_ring(drive)
    ring.seek(5)
    ring.write(b"n" * 100)
    mark = drive.flash.mark()

    for path in drive.outside_list("/"):
        if not path.endswith("/"):
            drive.outside_read(path)

    assert drive.flash.erases_since(mark) == {}
    assert ring.tell() == 105
    ring.close()
    assert drive.outside_read("/logger/ring")[5:105] == b"n" * 100


def test_a_held_file_writes_into_what_replaced_it(drive: Drive) -> None:
    """FatFs does not lock: after the PC deletes a held file and stores another, the board writes into that one."""
    ring = open_ring(drive)
    drive.outside_remove("/logger/ring")
    drive.outside_write("/victim.bin", b"v" * 8 * SECTOR_BYTES)

    for slot in range(8):
        ring.seek(slot * SECTOR_BYTES)
        ring.write(b"n" * 512)

    assert drive.outside_read("/victim.bin") != b"v" * 8 * SECTOR_BYTES


def test_the_web_workflow_shares_the_boards_view(drive: Drive) -> None:
    """A shared write goes through the board's own FatFs: the board sees it at once, and USB afterwards."""
    drive.statvfs("/")

    drive.outside_write("/by/web/file.txt", b"x" * 3000, shared=True)

    assert get(drive, "/by/web/file.txt") == b"x" * 3000
    assert drive.outside_read("/by/web/file.txt") == b"x" * 3000
    drive.outside_remove("/by/web/file.txt", shared=True)
    assert drive.listdir("/by/web") == []


def test_a_board_without_power_can_be_read_and_written_on_the_bench(drive: Drive) -> None:
    """The other side has a supply of its own: it reaches the flash of a board that is off."""
    drive.power_off()

    drive.outside_write("/code.py", b"new program")

    assert drive.outside_read("/code.py") == b"new program"
    with pytest.raises(PowerCut):
        drive.listdir("/")
    assert drive.mount_or_format() == "mounted"


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


# It is a file system


@settings(max_examples=100, deadline=None)
@given(damage=st.lists(st.tuples(st.integers(1, 80), st.binary(min_size=16, max_size=512)), min_size=1, max_size=4))
def test_a_damaged_drive_raises_oserror_and_nothing_else(damage: list[tuple[int, bytes]]) -> None:
    """Whatever stands in the FAT, the directories and the files, each call ends in a result or an OSError."""
    drive = make_drive()
    put(drive, "/sessions.json", bytes(20_000))
    for block, data in damage:
        drive.flash.write_by_the_other_side(block, data.ljust(512, b"\xff"))
    drive.mount_or_format()

    calls: list[Callable[[], Any]] = [
        lambda: drive.listdir("/"),
        lambda: drive.outside_list("/"),
        lambda: get(drive, "/sessions.json"),
        lambda: put(drive, "/new", bytes(3000)),
        lambda: drive.rename("/new", "/sessions.json"),
        lambda: drive.remove("/sessions.json"),
        lambda: drive.mkdir("/lib/folder"),
        drive.statvfs,
        drive.close_all,
    ]
    for call in calls:
        with contextlib.suppress(OSError):
            call()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["write", "write", "read", "line", "seek", "flush", "reopen", "other", "list"]),
            st.integers(0, 3000),
            st.sampled_from([1, 7, 511, 512, 513, 1024, 1500, 4096]),
        ),
        max_size=40,
    )
)
def test_an_open_file_behaves_like_bytes(steps: list[tuple[str, int, int]]) -> None:
    """Whatever is done to one open file, interleaved with work on others, it holds what was written where."""
    drive = Drive(LAYOUT_4MB)
    drive.mount_or_format()
    model = bytearray()
    position = 0
    file = drive.open("/file", "w+b")
    other = drive.open("/other", "w+b")
    for number, (kind, at, size) in enumerate(steps):
        if kind == "write":
            data = (b"%d\n" % number * size)[:size]
            assert file.write(data) == size
            model[position : position + size] = data
            position += size
        elif kind == "read":
            assert file.read(size) == model[position : position + size]
            position = min(position + size, len(model))
        elif kind == "line":
            end = model.find(b"\n", position) + 1 or len(model)
            assert file.readline() == model[position:end]
            position = end
        elif kind == "seek":
            position = min(at, len(model))
            assert file.seek(position) == position
        elif kind == "flush":
            file.flush()
            assert drive.outside_read("/file") == model
        elif kind == "reopen":
            file.close()
            file = drive.open("/file", "r+b")
            position = 0
        elif kind == "other":
            other.write(b"o" * size)
        else:
            assert drive.listdir("/lib") == []
        assert file.tell() == position

    file.seek(0)
    assert file.read() == model
    drive.close_all()
    assert drive.outside_read("/file") == model
    assert set(drive.outside_read("/other")) <= {ord("o")}


class FileSystem(RuleBasedStateMachine):
    """Files and folders against a dict, over remounts, on a drive small enough to show leaks."""

    folders = Bundle("folders")
    files = Bundle("files")

    def __init__(self) -> None:
        super().__init__()
        self.drive = Drive(LAYOUT_4MB)
        self.drive.mount_or_format()
        self.model: dict[str, bytes] = {}
        self.made: set[str] = set()
        self.fixed = self.used()

    def used(self) -> int:
        """Clusters in use."""
        _, _, clusters, free, *_ = self.drive.statvfs("/")
        return clusters - free

    @rule(target=folders, name=st.sampled_from(["a", "Long folder name", "b.c", "größe"]))
    def make_folder(self, name: str) -> str:
        path = f"/lib/{name}"
        if path in self.made:
            with pytest.raises(OSError):
                self.drive.mkdir(path)
        else:
            self.drive.mkdir(path)
            self.made.add(path)
        return path

    @rule(path=consumes(folders))
    def remove_folder(self, path: str) -> None:
        if path not in self.made or any(name.startswith(path + "/") for name in self.model):
            with pytest.raises(OSError):
                self.drive.rmdir(path)
        else:
            self.drive.rmdir(path)
            self.made.remove(path)

    @rule(
        target=files,
        folder=st.one_of(st.just("/sd"), folders),
        name=st.sampled_from(["x", "a long file name.json", "y.tmp"]),
        data=st.binary(max_size=3000),
        mode=st.sampled_from(["wb", "ab"]),
    )
    def write(self, folder: str, name: str, data: bytes, mode: str) -> Any:
        path = f"{folder}/{name}"
        if folder != "/sd" and folder not in self.made:
            with pytest.raises(OSError):
                self.drive.open(path, mode)
            return multiple()
        with self.drive.open(path, mode) as file:
            assert file.write(data) == len(data)
        self.model[path] = (self.model.get(path, b"") if mode == "ab" else b"") + data
        return path

    @rule(path=files, data=st.binary(min_size=1, max_size=2000), at=st.integers(0, 4000))
    def overwrite(self, path: str, data: bytes, at: int) -> None:
        if path in self.model:
            old = self.model[path]
            at = min(at, len(old))
            with self.drive.open(path, "r+b") as file:
                file.seek(at)
                file.write(data)
            self.model[path] = old[:at] + data + old[at + len(data) :]

    @rule(path=consumes(files))
    def remove(self, path: str) -> None:
        if self.model.pop(path, None) is None:
            with pytest.raises(OSError):
                self.drive.remove(path)
        else:
            self.drive.remove(path)

    @rule(old=files, new=files)
    def rename(self, old: str, new: str) -> None:
        if old in self.model and new.rsplit("/", 1)[0] in self.made | {"/sd"}:
            self.drive.rename(old, new)
            self.model[new] = self.model.pop(old)

    @rule()
    def restart(self) -> None:
        self.drive.power_off()
        assert self.drive.mount_or_format() == "mounted"

    @invariant()
    def everything_is_there(self) -> None:
        listed = self.drive.outside_list("/")
        mine = {path for path in listed if path.startswith(("/lib/", "/sd/")) and path != "/sd/placeholder.txt"}
        assert mine == set(self.model) | {f"{path}/" for path in self.made} | {"/lib/", "/sd/"}
        for path, data in self.model.items():
            assert self.drive.outside_read(path) == data
            assert self.drive.stat(path)[6] == len(data)

    @invariant()
    def no_cluster_is_lost(self) -> None:
        clusters = sum(-(-len(data) // 512) for data in self.model.values()) + len(self.made)
        assert self.used() == self.fixed + clusters


TestFileSystem = FileSystem.TestCase
TestFileSystem.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
