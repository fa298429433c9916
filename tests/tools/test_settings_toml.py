"""settings.toml is read as CircuitPython reads it: line by line, with double quotes, by version."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.settings_toml import SettingError, find, get_setting, getenv, own_text, problems, with_value

ALL = ((9, 2), (10, 0), (10, 2), (10, 3))
KEY = "CIRCUITPY_WIFI_SSID"
ANY_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b'K = "Hangar"', "Hangar"),
        (b'\t K\t= "Hangar"  # ours', "Hangar"),
        (b'# K = "no"\n\nKK = "no"\nK = "yes"\nK = "second"', "yes"),
        (b'K = "Caf\\u00e9 \\U0001F6E9 \\"1\\" \\\\ \\t \\q"', 'Caf\u00e9 \U0001f6e9 "1" \\ \t q'),
        (b'A = "x"\r\nK = "with CRLF"\r\n', "with CRLF"),
        (b"K = 15 # seconds", "15"),
        (b'[table]\nK = "below a table"', None),
        (b'"K" = "quoted key"', None),
        (b'\xef\xbb\xbfK = "behind a byte order mark"', None),
    ],
)
def test_finds_what_circuitpython_finds(content: bytes, text: str | None) -> None:
    """The first line with that bare key above the first table; escapes as in C."""
    found = find(content, "K")

    assert text == (found.text if found else None)


@pytest.mark.parametrize(
    ("value", "before", "text", "typed"),
    [
        (b'"15"', "15", "15", "15"),
        (b"15", 15, "15", 15),
        (b"0x10", 16, "0x10", 16),
        (b"-3\r", -3, "-3", -3),
        (b"soon", SettingError, "soon", SettingError),
        (b"'Hangar'", SettingError, "'Hangar'", SettingError),
        (b"true", SettingError, "true", True),
        (b'"open', SettingError, None, SettingError),
        (b'"\\u12"', SettingError, None, SettingError),
        (b"", SettingError, None, SettingError),
    ],
)
def test_values_by_version(value: bytes, before: object, text: object, typed: object) -> None:
    """Up to 10.1 `os.getenv` gives int or text and raises; from 10.2 on it gives text, and get_setting has types."""
    data = b"K = " + value

    def outcome(call: object, *arguments: object) -> object:
        try:
            return call(*arguments)  # type: ignore[operator]
        except SettingError:
            return SettingError

    assert [before, before, text, text] == [outcome(getenv, data, "K", release) for release in ALL]
    assert [typed, typed] == [outcome(get_setting, data, "K", release) for release in ALL[2:]]


def test_fractions_came_with_10_3() -> None:
    """`supervisor.get_setting` refuses them on 10.2."""
    assert 1.5 == get_setting(b"K = 1.5", "K", (10, 3))
    with pytest.raises(SettingError):
        get_setting(b"K = 1.5", "K", (10, 2))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f"{KEY} = 'Hangar'", "single quotes"),
        (f'"{KEY}" = "Hangar"', "a key has no quotes"),
        (f"'{KEY}' = \"Hangar\"", "a key has no quotes"),
        (f'wifi.{KEY} = "Hangar"', "a key has no quotes or dots"),
        (f"{KEY} = Hangar", "whole number"),
        (f"{KEY} = 12345678", "double quotes"),
        (f'{KEY} = """Hangar"""', "several lines"),
        (f'{KEY} = "Hangar', "closing quote is missing"),
        (f'{KEY} = "Hangar" or "Phone"', "behind the closing quote"),
        (f'{KEY} = "\\ud8"', "4 hexadecimal digits"),
        (f'{KEY} = "{chr(0xE9) * 17}"', "longer than 32 bytes"),
        (f'CIRCUITPY_WEB_API_PASSWORD = "{"x" * 45}"', "longer than 44 bytes"),
        ("LOGGER_CHECKPOINT_SECONDS = 1.5", "whole number"),
        ("LOGGER_CHECKPOINT_SECONDS = 1_000", "whole number"),
        ("LOGGER_CHECKPOINT_SECONDS = [15]", "lists and tables"),
        ("LOGGER_CHECKPOINT_SECONDS =", "no value"),
        ("LOGGER_CHECKPOINT_SECONDS = 08", "octal"),
        ("LOGGER_CHECKPOINT_SECONDS", "no line like"),
        ("[logger]", "a table ends the file"),
    ],
)
def test_what_is_toml_but_not_circuitpythons(line: str, why: str) -> None:
    """Each such line is named, with its number; the good one above is not."""
    (problem,) = problems(f'A = "fine" # \u00e9\n{line}\n'.encode())

    assert 2 == problem.line
    assert why in problem.text


def test_duplicates_marks_and_bytes() -> None:
    """A second key is never seen, nor a key behind a byte order mark; other encodings are named."""
    duplicate = problems(b"A = 1\nA = 2\n")
    marked = problems(b"\xef\xbb\xbfA = 1\n")
    latin = problems('A = "H\u00fctte"\n'.encode("latin-1"))

    assert [(2, "A")] == [(one.line, one.key) for one in duplicate]
    assert "byte order mark" in marked[0].text
    assert "not UTF-8" in latin[0].text


def test_the_web_workflows_texts_have_quotes_and_sizes() -> None:
    """CircuitPython copies them into buffers of its own, and starts nothing when one does not fit."""
    assert "H" * 32 == own_text(f'{KEY} = "{"H" * 32}"'.encode(), KEY)
    for value in ("Hangar", "'Hangar'", f'"{"H" * 33}"'):
        with pytest.raises(SettingError):
            own_text(f"{KEY} = {value}".encode(), KEY)


@given(text=ANY_TEXT)
def test_any_text_survives_quoting(text: str) -> None:
    """What is written is what the board reads, on each version."""
    data = with_value(b'A = "x"  # mine\r\n', "K", text)

    assert problems(data) == []
    assert [text] * len(ALL) == [getenv(data, "K", release) for release in ALL]


def test_only_the_bytes_of_the_value_change() -> None:
    """Comments, spaces, line endings and other lines stay."""
    own = b'# mine\r\n\tK  =  "old"   # why\r\nB = 2'

    assert own.replace(b'"old"', b'"new"') == with_value(own, "K", "new")
    assert own.replace(b'"old"', b"7") == with_value(own, "K", 7)
    assert own == with_value(own, "K", "old")
    assert own + b"\r\nC = 3\r\n" == with_value(own, "C", 3)
    assert b"C = 3\n[table]\n" == with_value(b"[table]\n", "C", 3)


@given(data=st.binary(max_size=60))
def test_any_file_is_read_without_an_accident(data: bytes) -> None:
    """Whatever stands in the file, the answer is a value, None or SettingError, and problems are found."""
    for key in re.findall(rb"[A-Z]+", data):
        for release in ALL:
            try:
                getenv(data, key.decode(), release)
                get_setting(data, key.decode(), release)
            except SettingError:
                assert problems(data)
