"""The simulated board's drive is a file system with CircuitPython's manners."""

import contextlib
import errno
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from tests.tools.drives import PROGRAM, get, make_drive, open_ring, put
from tools.simulator.flash.calls import S_IFDIR, S_IFREG
from tools.simulator.flash.drive import Drive
from tools.simulator.flash.layout import LAYOUT_4MB
from tools.simulator.flash.nor import (
    SECTOR_BYTES,
)
from tools.simulator.power import PowerCut


@pytest.fixture
def drive() -> Drive:
    return make_drive()


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
