"""What a program on the simulated board finds of the language and its modules: what CircuitPython has, no more."""

import json
from collections.abc import Iterator

import pytest

from tests.tools.simulator_programs import World, program_lines, world
from tools.circuitpython import RECOMMENDED


@pytest.fixture(name="world")
def _world() -> Iterator[World]:
    with world() as made:
        yield made


def run(world: World, program: str, **options: object) -> list[str]:
    """Run a short program to its end and return what it printed."""
    board = world.board(program, **options)  # type: ignore[arg-type]
    board.power_on()
    board.run_for(120)
    assert board.parked, "the program has not ended"
    return program_lines(board)


@pytest.mark.parametrize(
    "name",
    ["datetime", "uuid", "dataclasses", "enum", "typing", "functools", "itertools", "contextlib", "logging", "hmac",
     "os.path", "socket", "threading", "urllib.request", "subprocess", "pathlib", "nowhere"],
)  # fmt: skip
def test_what_the_board_does_not_have_cannot_be_imported(world: World, name: str) -> None:
    """An import that would work on this machine fails on the board."""
    assert run(world, f"try:\n    import {name}\nexcept ImportError as error:\n    print(error)\n") == [
        f"no module named '{name.split('.')[0] if name.startswith(('urllib',)) else name}'"
    ]


@pytest.mark.parametrize(
    "expression",
    ["hashlib.sha256", "hashlib.new('sha256').hexdigest", "os.environ", "os.replace", "os.path", "time.strftime",
     "json.JSONDecodeError", "binascii.crc_hqx", "random.shuffle", "sys.stderr.buffer", "time.perf_counter",
     "time.gmtime", "struct.error", "FileNotFoundError", "breakpoint", "vars", "ascii", "PermissionError"],
)  # fmt: skip
def test_names_the_board_does_not_have_are_missing(world: World, expression: str) -> None:
    """Modules and builtins hold CircuitPython's names only."""
    program = (
        "import binascii, hashlib, json, os, random, struct, sys, time\n"
        f"try:\n    {expression}\n    print('there')\nexcept (AttributeError, NameError):\n    print('missing')\n"
    )

    assert run(world, program) == ["missing"]


@pytest.mark.parametrize(
    "arguments",
    ["indent=1", "sort_keys=True", "default=str"],
)
def test_json_takes_separators_only(world: World, arguments: str) -> None:
    """The keyword arguments that people know are not there."""
    program = f"import json\ntry:\n    json.dumps({{}}, {arguments})\nexcept TypeError:\n    print('TypeError')\n"

    assert run(world, program) == ["TypeError"]


def test_dicts_are_written_in_no_order_to_rely_on(world: World) -> None:
    """The order differs from the one they were made in, and between boards; OrderedDict keeps it."""
    names = [f"key{number}" for number in range(12)]
    program = (
        "import json\nfrom collections import OrderedDict\n"
        f"names = {names!r}\n"
        "print(json.dumps({name: 1 for name in names}, separators=(',', ':')))\n"
        "print(json.dumps(OrderedDict((name, 1) for name in names)))\n"
    )

    one, two, again = (run(world, program, seed=seed) for seed in (1, 2, 1))

    assert one == again
    assert one[0] != two[0]
    assert list(json.loads(one[0])) != names
    assert sorted(json.loads(one[0])) == sorted(names)
    assert list(json.loads(one[1])) == names


@pytest.mark.parametrize("text", ["", "{", "NaN", '{"a":}', "<html>", "[1,]", "Infinity"])
def test_bad_json_is_a_value_error(world: World, text: str) -> None:
    """There is no JSONDecodeError, and NaN is not accepted."""
    program = (
        f"import json\ntry:\n    print(json.loads({text!r}))\n"
        "except ValueError as error:\n    print(type(error).__name__, error)\n"
    )

    assert run(world, program) == ["ValueError syntax error in JSON"]


def test_json_load_reads_one_value_and_no_further(world: World) -> None:
    """What follows stays in the stream, as with `response.json()`."""
    program = (
        'import io, json\nstream = io.BytesIO(b\' {"a": "}\\\\"", "b": [1, 2]}rest\')\n'
        "print(sorted(json.load(stream).items()), stream.read())\n"
    )

    assert run(world, program) == ["[('a', '}\"'), ('b', [1, 2])] b'rest'"]


def test_floats_of_the_clock_are_coarse_and_integers_are_exact(world: World) -> None:
    """A float has 22 bits of mantissa: after a day `monotonic()` steps, `monotonic_ns()` does not."""
    program = (
        "import time\ntime.sleep(100_000)\none = time.monotonic()\ntime.sleep(0.005)\n"
        "print(time.monotonic() == one, time.monotonic_ns() % 1000)\n"
    )
    board = world.board(program)
    board.power_on()

    board.run_for(100_010)

    assert program_lines(board) == ["True 0"]


def test_ticks_wrap_soon_after_the_start(world: World) -> None:
    """`supervisor.ticks_ms()` wraps at 2**29, first about 65 s after power-on."""
    program = (
        "import supervisor, time\nprint(supervisor.ticks_ms() > 2**29 - 70_000)\n"
        "time.sleep(66)\nprint(supervisor.ticks_ms() < 10_000)\n"
    )

    assert run(world, program) == ["True", "True"]


def test_time_is_the_rtcs(world: World) -> None:
    """Setting the RTC sets `time.time()`; times before 2000 and from 2**31 on do not exist."""
    program = (
        "import rtc, time\nrtc.RTC().datetime = time.localtime(1_772_438_400)\nprint(time.time())\n"
        "print(tuple(time.localtime(1_772_438_400)), rtc.RTC().datetime.tm_year)\n"
        "print(time.mktime((2026, 3, 2, 8, 0, 0, 0, -1, -1)))\n"
        "print(tuple(time.localtime(2**31 - 1))[:6])\n"
        "late = (2085, 1, 1, 0, 0, 0, 0, 1, -1)\n"
        "for call in (lambda: time.localtime(0), lambda: time.mktime((1999, 1, 1, 0, 0, 0, 0, 0, 0)),\n"
        "             lambda: time.localtime(time.mktime(late)), lambda: setattr(rtc.RTC(), 'datetime', late)):\n"
        "    try:\n        call()\n    except OverflowError as error:\n        print(error)\n"
    )

    assert run(world, program) == [
        "1772438400",
        "(2026, 3, 2, 8, 0, 0, 0, 61, -1) 2026",
        "1772438400",
        "(2038, 1, 19, 3, 14, 7)",
        "timestamp out of range for platform time_t",
        "tm_year out of range",
        "overflow converting long int to machine word",
        "overflow converting long int to machine word",
    ]


def test_errors_of_files_are_oserrors_with_a_number(world: World) -> None:
    """There are no subclasses such as FileNotFoundError: the number tells."""
    program = (
        "import os\nfor call in (lambda: open('/none'), lambda: os.mkdir('/lib'), lambda: os.remove('/lib')):\n"
        "    try:\n        call()\n    except OSError as error:\n"
        "        print(type(error).__name__, error.errno, error.args[0], repr(error))\n"
    )

    assert run(world, program) == [
        "OSError 2 2 OSError(2,)",
        "OSError 17 17 OSError(17,)",
        "OSError 21 21 OSError(21,)",
    ]


def test_a_contiguous_file_costs_less_heap_to_open_than_a_fragmented_one(world: World) -> None:
    """`gc.mem_alloc()` around `open()` grows with the number of fragments, until a collection after closing."""
    program = (
        "import gc, os\n"
        "def cost(path):\n    gc.collect()\n    before = gc.mem_alloc()\n    file = open(path, 'rb')\n"
        "    after = gc.mem_alloc()\n    file.close()\n    return after - before\n"
        "if 'fill0' in os.listdir('/'):\n"
        "    for n in range(0, 40, 2):\n        os.remove('/fill%d' % n)\n"
        "else:\n"
        "    with open('/scattered', 'wb') as file:\n        file.write(bytes(12_000))\n"
        "    print(cost('/scattered') > cost('/fill1'), gc.mem_free() > 100_000)\n"
    )
    board = world.board(program, files={f"/fill{number}": bytes(1024) for number in range(40)})
    board.power_on()
    board.run_for(10)
    board.power_off()

    board.power_on()
    board.run_for(10)

    assert board.drive.fragments("/scattered") > board.drive.fragments("/fill1") == 1
    assert program_lines(board) == ["True True"]


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("9.2.9", ["Hangar é 42 none", "ValueError", "False"]),
        ("10.1.4", ["Hangar é 42 none", "ValueError", "False"]),
        ("10.2.1", ["Hangar é '42' none", "nothing", "True 42 ValueError"]),
        ("10.3.1", ["Hangar é '42' none", "nothing", "True 42 ValueError"]),
    ],
)
def test_settings_are_read_as_that_version_reads_them(world: World, version: str, said: list[str]) -> None:
    """`os.getenv` gives numbers and raises up to 10.1, then text for everything; get_setting came with that."""
    settings = '# comment\nNAME = "Hangar \\u00e9"\nNUMBER = 42\nBROKEN = nothing\n'
    program = (
        "import os, supervisor\nprint(os.getenv('NAME'), repr(os.getenv('NUMBER')), os.getenv('MISSING', 'none'))\n"
        "try:\n    print(os.getenv('BROKEN'))\nexcept ValueError:\n    print('ValueError')\n"
        "if hasattr(supervisor, 'get_setting'):\n"
        "    try:\n        supervisor.get_setting('BROKEN')\n"
        "    except ValueError:\n        print(True, supervisor.get_setting('NUMBER'), 'ValueError')\n"
        "else:\n    print(False)\n"
    )

    assert said == run(world, program, files={"/settings.toml": settings}, version=version)


def test_annotations_are_not_evaluated_and_the_implementation_is_known(world: World) -> None:
    """Libraries annotate with names that the board does not have."""
    program = (
        "import sys, os, micropython\n"
        "class Reader:\n    size: Optional[int] = 3\n    def read(self, n: Missing) -> Nowhere:\n        return n\n"
        "print(Reader().read(micropython.const(4)), sys.implementation.name, sys.implementation.version >= (9, 0, 0))\n"
        "print(os.uname().release, sys.platform)\n"
    )

    assert run(world, program) == ["4 circuitpython True", f"{RECOMMENDED} Espressif"]


def test_packages_in_lib_are_found_and_the_drive_comes_first(world: World) -> None:
    """Modules may be files or folders; one with a syntax error is not half imported."""
    files: dict[str, str | bytes] = {
        "/lib/tool/__init__.py": "from tool.part import value\nfrom . import other\n",
        "/lib/tool/part.py": "value = 5\n",
        "/lib/tool/other.py": "name = __name__\n",
        "/lib/twice.py": "place = 'lib'\n",
        "/twice.py": "place = 'root'\n",
        "/lib/bad.py": "def (\n",
    }
    program = (
        "import tool, tool.part as part, twice\nprint(tool.value, part.value, tool.other.name, twice.place)\n"
        "for _ in range(2):\n    try:\n        import bad\n    except SyntaxError:\n        print('SyntaxError')\n"
    )

    assert run(world, program, files=files) == ["5 5 tool.other root", "SyntaxError", "SyntaxError"]


def test_hashes_are_the_real_ones(world: World) -> None:
    """SHA-1 and SHA-256, nothing else."""
    program = (
        "import binascii, hashlib\nprint(binascii.hexlify(hashlib.new('sha256', b'abc').digest())[:16])\n"
        "try:\n    hashlib.new('md5')\nexcept ValueError as error:\n    print(error)\n"
    )

    assert run(world, program) == ["b'ba7816bf8f01cfea'", "Unsupported hash algorithm"]
