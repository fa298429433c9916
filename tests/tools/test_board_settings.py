"""secrets.py and settings.toml are changed where they must be, and nowhere else."""

import ast
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.board.errors import BadSettings
from tools.board.settings import (
    Secrets,
    Wanted,
    merge_secrets,
    merge_settings,
    network_problem,
    read_all,
    read_secrets,
)
from tools.firmware_rules import url_problem

WRONG_URLS = (
    "example.org",
    "https://",
    "ftp://example.org/ingest",
    "https://example.org",
    "https://example.org/",
    "https://YOUR-PROJECT.supabase.co/functions/v1/ingest",
    "http://example.org/functions/v1/ingest",
    "http://172.32.0.1/functions/v1/ingest",
)
GOOD_URLS = (
    "https://example.org/functions/v1/ingest",
    "http://127.0.0.1:54321/functions/v1/ingest",
    "http://localhost:54321/functions/v1/ingest",
    "http://192.168.1.5/functions/v1/ingest",
    "http://172.16.0.9/functions/v1/ingest",
    "http://hangar.local/functions/v1/ingest",
)

OWN = b"""# the club's board
secrets = {
    "ingest_url": "https://old.example.org",  # moved in May
    "colour": 'blue',  # mine
    "networks": [("Hangar", "old-password")]  # no comma
}
OTHER = 1
"""
# What a header can carry.
TOKEN = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=12)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=8, max_size=12)


def test_a_new_file_holds_what_was_asked_for() -> None:
    """Without a secrets.py on the board, one is made that the firmware can use."""
    merged = merge_secrets(None, Wanted("https://example.org/ingest", "token", ("Hangar", "password")))

    secrets = read_secrets(merged)
    assert "https://example.org/ingest" == secrets.ingest_url
    assert "token" == secrets.access_token
    assert (("Hangar", "password"),) == secrets.networks


def test_comments_order_and_other_keys_stay() -> None:
    """Only the values that were asked for differ."""
    merged = merge_secrets(OWN, Wanted(ingest_url="https://new.example.org/ingest", wifi=("Phone", "secret-phone")))

    assert merged is not None
    expected = OWN.replace(b"https://old.example.org", b"https://new.example.org/ingest").replace(
        b'("Hangar", "old-password")]', b'("Hangar", "old-password"), ("Phone", "secret-phone")]'
    )
    assert expected == merged


def test_a_key_is_added_behind_a_last_value_without_comma() -> None:
    """The file stays valid Python, its comments included."""
    merged = merge_secrets(OWN, Wanted(access_token="token"))

    assert merged is not None
    ast.parse(merged)
    assert b"# no comma" in merged
    assert "token" == read_secrets(merged).access_token


def test_a_known_network_gets_its_new_password() -> None:
    """A network is not listed twice."""
    merged = merge_secrets(OWN, Wanted(wifi=("Hangar", "new-password")))

    assert (("Hangar", "new-password"),) == read_secrets(merged).networks


def test_asking_for_what_is_there_changes_nothing() -> None:
    """The second run leaves the file byte for byte."""
    wanted = Wanted("https://example.org/ingest", "token", ("Hangar", "password"))
    once = merge_secrets(OWN, wanted)

    twice = merge_secrets(once, wanted)

    assert once == twice


def test_nothing_asked_for_leaves_any_file_alone() -> None:
    """An install without settings neither makes nor changes secrets.py."""
    assert merge_secrets(None, Wanted()) is None
    assert OWN == merge_secrets(OWN, Wanted())


@pytest.mark.parametrize(
    "damaged", [b"secrets = {", b"import secrets\n", b"secrets = dict(a=1)\n", b"\xff\xfe", b'secrets["a"] = 1\n']
)
def test_a_file_that_cannot_be_read_is_not_replaced(damaged: bytes) -> None:
    """What cannot be understood cannot be kept, so it is refused in words."""
    with pytest.raises(BadSettings, match=r"secrets\.py on the board cannot be read"):
        merge_secrets(damaged, Wanted(ingest_url="https://example.org/ingest"))


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(wifi=("", "password")),
        Wanted(wifi=("Hangar", "short")),
        Wanted(wifi=("Hütte " * 5, "password")),
        *map(Wanted, WRONG_URLS),
    ],
)
def test_values_that_no_board_can_use_are_refused(wanted: Wanted) -> None:
    """A Wi-Fi password of five letters would only fail in the hangar."""
    with pytest.raises(BadSettings):
        merge_secrets(None, wanted)


URL = "https://new.example.org/functions/v1/ingest"
# What an owner's file says before and after `--ingest-url URL --wifi Phone` (with its password): None is a refusal.
NASTY: dict[str, tuple[str, str | None]] = {
    "a variable as another network's password": (
        'HOME = "home-password"\nsecrets = {\n    "ingest_url": "x",\n'
        '    "networks": [("Home", HOME), ("Guest", "guest-password")],\n}\n',
        'HOME = "home-password"\nsecrets = {\n    "ingest_url": "URL",\n'
        '    "networks": [("Home", HOME), ("Guest", "guest-password"), ("Phone", "secret-phone")],\n}\n',
    ),
    "a list of its own, comments inside": (
        'NETS = [  # by distance\n    ("A", "password-a"),  # hangar, near\n    ("B", "password-b")  # café (far)\n]\n'
        'secrets = {"ingest_url": "x", "networks": NETS}\n',
        'NETS = [  # by distance\n    ("A", "password-a"),  # hangar, near\n    ("B", "password-b"),  # café (far)\n'
        '    ("Phone", "secret-phone"),\n]\nsecrets = {"ingest_url": "URL", "networks": NETS}\n',
    ),
    "line ends of Windows": (
        "# mine\r\nsecrets = {\r\n  'ingest_url' : 'x' , # old\r\n  'networks': [('A', 'password-a')]\r\n}\r\n",
        "# mine\r\nsecrets = {\r\n  'ingest_url' : \"URL\" , # old\r\n"
        "  'networks': [('A', 'password-a'), (\"Phone\", \"secret-phone\")]\r\n}\r\n",
    ),
    "keys that are missing, Windows, tabs": (
        'secrets = {\r\n\t"colour": "blue", # a, b, c\r\n}',
        'secrets = {\r\n\t"colour": "blue", # a, b, c\r\n\t"ingest_url": "URL",\r\n'
        '\t"networks": [("Phone", "secret-phone")],\r\n}',
    ),
    "an empty tuple and a trailing comment": (
        'secrets = {"networks": (), "ingest_url": ""}  # all of it\n',
        'secrets = {"networks": (("Phone", "secret-phone"),), "ingest_url": "URL"}  # all of it\n',
    ),
    "the network is there with an old password, and a brace in a text": (
        'secrets = {"note": "}] # no comment",\n "networks": [["Phone", \'old-password\'],],\n "ingest_url": "x",}\n',
        'secrets = {"note": "}] # no comment",\n "networks": [["Phone", "secret-phone"],],\n "ingest_url": "URL",}\n',
    ),
    "a key that stands there twice": (
        'secrets = {"ingest_url": "first", "ingest_url": "x", "networks": []}\n',
        'secrets = {"ingest_url": "first", "ingest_url": "URL", "networks": [("Phone", "secret-phone")]}\n',
    ),
    "networks from another file": ('from nets import NETS\nsecrets = {"ingest_url": "x", "networks": NETS}\n', None),
    "networks by addition": (
        'A = [("A", "password-a")]\nsecrets = {"ingest_url": "x", "networks": A + [("B", "password-b")]}\n',
        None,
    ),
    "an address in two pieces with a comment between": (
        'secrets = {"networks": [], "ingest_url": "https://"  # ours\n    "x"}\n',
        None,
    ),
    "changed further down": ('secrets = {"ingest_url": "x", "networks": []}\nsecrets["ingest_url"] = "y"\n', None),
    "a name that is computed": (
        'import os\nsecrets = {"ingest_url": "x", "networks": [(os.getenv("N"), "p")]}\n',
        None,
    ),
    "one variable for two values": (
        'X = "x"\nsecrets = {"ingest_url": X, "access_token": X, "networks": []}\n',
        None,
    ),
    "a single pair where a list belongs": ('secrets = {"ingest_url": "x", "networks": ("A", "password-a")}\n', None),
    "a pair that only looks like a tuple of pairs": (
        'secrets = {"ingest_url": "x", "networks": (("A", "password-a"))}\n',
        None,
    ),
}


@pytest.mark.parametrize("case", NASTY)
def test_the_owners_file_is_changed_at_the_very_characters_or_not_at_all(case: str) -> None:
    """Variables, comments, quotes, spaces and line ends stay; what cannot be told apart comes as lines to paste."""
    before, after = NASTY[case]
    wanted = Wanted(ingest_url=URL, wifi=("Phone", "secret-phone"))

    if after is None:
        with pytest.raises(BadSettings, match=r"left as it is.*\n +\"ingest_url\": \"https.*\n.*\"Phone\""):
            merge_secrets(before.encode(), wanted)
    else:
        merged = merge_secrets(before.encode(), wanted)
        assert merged is not None
        assert merged.decode() == after.replace("URL", URL)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Wanted(wifi=("Hangar", "")), "password for Hangar"),
        (Wanted(access_token=""), "--access-token is empty"),
        (Wanted(ingest_url=""), "--ingest-url is empty"),
        (Wanted(wifi=("Elsewhere", None)), "The password of Elsewhere is missing"),
    ],
)
def test_a_known_value_is_never_replaced_by_less(wanted: Wanted, said: str) -> None:
    """An empty answer is no answer."""
    own = merge_secrets(OWN, Wanted(access_token="token"))

    with pytest.raises(BadSettings, match=re.escape(said)):
        merge_secrets(own, wanted)


def test_a_network_named_without_its_password_keeps_the_one_it_has() -> None:
    """`--wifi Hangar --yes` on a board that knows Hangar changes nothing."""
    assert OWN == merge_secrets(OWN, Wanted(wifi=("Hangar", None)))


def test_the_web_workflow_takes_the_password_that_the_board_knows() -> None:
    """From secrets.py or from settings.toml itself: never an empty one."""
    known = read_secrets(OWN)
    own = b'CIRCUITPY_WIFI_SSID = "Hangar"\r\nCIRCUITPY_WIFI_PASSWORD = "toml-password"'

    new = merge_settings(None, Wanted(wifi=("Hangar", None), web_password="web"), known)
    kept = merge_settings(own, Wanted(wifi=("Hangar", None), web_password="web"), known)

    assert new is not None
    assert b'CIRCUITPY_WIFI_PASSWORD = "old-password"\n' in new
    assert own + b'\r\nCIRCUITPY_WEB_API_PASSWORD = "web"\r\n' == kept


SPACE = st.sampled_from(["", " ", "  ", "\t"])
COMMENT = st.sampled_from(["", "  # mine, all of it", " # (café) ]} 'x'", '\t# "y": 1,'])
QUOTED = st.sampled_from(["'{}'", '"{}"', "r'{}'"])
WORD = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=8, max_size=10)


@st.composite
def owners_files(draw: st.DrawFn) -> list[tuple[str, str]]:
    """An owner's secrets.py as pieces: (what it is, its text); the pieces named "fixed" are not asked to change."""
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    indent = draw(st.sampled_from([" ", "    ", "\t"]))
    pieces: list[tuple[str, str]] = []

    def quoted(name: str, text: str) -> None:
        before, after = draw(QUOTED).split("{}")
        pieces.append((name, before + text + after))

    keys = draw(st.permutations(["ingest_url", "access_token", "networks", "colour", "size"]))
    keys = keys[: draw(st.integers(1, 5))]
    pieces.append(("fixed", draw(COMMENT).strip() + newline + "secrets = {" + draw(COMMENT) + newline))
    for key in keys:
        pieces.append(("fixed", f"{indent}'{key}'{draw(SPACE)}:{draw(SPACE)}"))
        if key == "networks":
            pieces.extend([("fixed", "["), ("fixed", draw(COMMENT) + newline)])
            for number in range(draw(st.integers(0, 3))):
                pieces.append(("fixed", f"{indent * 2}('net{number}',{draw(SPACE)}"))
                quoted(f"net{number}", draw(WORD))
                pieces.extend([("fixed", ")"), ("fixed", ",")])
                pieces.append(("fixed", draw(COMMENT) + newline))
            pieces.append(("fixed", indent + "]"))
        else:
            quoted(key, draw(WORD))
        pieces.append(("fixed", draw(SPACE) + ("," if key != keys[-1] or draw(st.booleans()) else "")))
        pieces.append(("fixed", draw(COMMENT) + newline))
    pieces.append(("fixed", "}" + draw(COMMENT) + draw(st.sampled_from(["", newline]))))
    return pieces


@given(file=owners_files(), token=st.none() | TOKEN, url=st.booleans(), network=st.integers(0, 4))
@settings(max_examples=150, deadline=None)
def test_what_was_not_asked_for_stays_byte_for_byte(
    file: list[tuple[str, str]], token: str | None, url: bool, network: int
) -> None:
    """The file without the pieces that were asked for is still there, in order; the values are the wanted ones."""
    before = "".join(text for _, text in file).encode()
    wanted = Wanted(URL if url else None, token, (f"net{network}", "new-password") if network < 4 else None)
    asked = {f"net{network}"} | ({"ingest_url"} if url else set()) | ({"access_token"} if token else set())

    after = merge_secrets(before, wanted)

    assert after is not None
    at = 0
    for kept in (text for name, text in file if name not in asked):
        found = after.decode().find(kept, at)
        assert found >= 0, (kept, after.decode())
        at = found + len(kept)
    told = read_secrets(after)
    known = read_secrets(before)
    assert told.ingest_url == (URL if url else known.ingest_url)
    assert told.access_token == (token or known.access_token)
    pairs = dict(known.networks) | ({f"net{network}": "new-password"} if network < 4 else {})
    assert dict(told.networks) == pairs
    assert merge_secrets(after, wanted) == after
    if b"\r\n" in before:
        assert after.count(b"\n") == after.count(b"\r\n")


@given(
    lines=st.lists(
        st.sampled_from(
            [
                "# mine",
                "",
                "LOGGER_CHECKPOINT_SECONDS = 20  # slower",
                'NOTE = "a # b \\" c"',
                'CIRCUITPY_WIFI_SSID="Old" # x',
                '  CIRCUITPY_WEB_API_PASSWORD   =   "o\\\\"',
            ]
        ),
        unique=True,
    ),
    newline=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_settings_toml_changes_in_its_values_alone(lines: list[str], newline: str, last: bool) -> None:
    """Every line without one of the three keys stays, in order, with its line end; the others keep their comments."""
    before = newline.join(lines) + (newline if last and lines else "")
    wanted = Wanted(wifi=("Hangar", "password"), web_password='w"\\é')

    after = merge_settings(before.encode(), wanted)

    assert after is not None
    expected = [line.replace('"Old"', '"Hangar"').replace('"o\\\\"', '"w\\"\\\\é"') for line in before.splitlines()]
    assert after.decode().splitlines()[: len(expected)] == expected
    assert merge_settings(after, wanted) == after


def test_a_wifi_name_is_measured_in_bytes() -> None:
    """32 letters fit, 32 umlauts do not; the words say why."""
    assert "" == network_problem("x" * 32, "password")
    assert "ü" in network_problem("ü" * 17, "password")
    assert "" == network_problem("ü" * 16, "ü" * 4)


@pytest.mark.parametrize("url", GOOD_URLS)
def test_good_addresses_pass(url: str) -> None:
    """Public ones with https, those of the own network also with http."""
    assert "" == url_problem(url)


@pytest.mark.parametrize("url", WRONG_URLS)
def test_the_board_refuses_the_same_addresses(url: str) -> None:
    """One rule, the firmware's: what is refused here would be a line in its log."""
    assert url_problem(url)


def test_both_files_together() -> None:
    """secrets.py wins; settings.toml fills what it leaves out, and adds networks."""
    toml = (
        b'LOGGER_INGEST_URL = "https://toml.example/ingest"\nLOGGER_ACCESS_TOKEN = "toml"\n'
        b'LOGGER_WIFI_1_SSID = "Hangar"\nLOGGER_WIFI_1_PASSWORD = "other"\nLOGGER_WIFI_8_SSID = "Open"\n'
        b'CIRCUITPY_WIFI_SSID = "Office"\nCIRCUITPY_WIFI_PASSWORD = "password"\n'
    )
    own = Secrets("https://own.example/ingest", "", (("Hangar", "own"),))

    both, alone = read_all(own, toml), read_all(Secrets(), toml)

    assert ("https://own.example/ingest", "toml") == (both.ingest_url, both.access_token)
    assert (("Hangar", "own"), ("Open", ""), ("Office", "password")) == both.networks
    assert ("https://toml.example/ingest", "other") == (alone.ingest_url, dict(alone.networks)["Hangar"])


@given(name=TEXT, password=TEXT, token=TOKEN)
@settings(max_examples=60)
def test_any_text_survives(name: str, password: str, token: str) -> None:
    """Quotes, backslashes, umlauts and newlines come out as they went in."""
    merged = merge_secrets(OWN, Wanted(access_token=token, wifi=(name[:8], password)))

    secrets = read_secrets(merged)
    assert token == secrets.access_token
    assert (name[:8], password) in secrets.networks
    assert merged is not None
    assert merged.startswith(b"# the club's board")
    assert b"\"colour\": 'blue',  # mine" in merged


def test_settings_toml_keeps_its_lines_and_comments() -> None:
    """The web workflow's keys are added behind the owner's own."""
    own = b'# mine\nLOGGER_CHECKPOINT_SECONDS = 20  # slower\nCIRCUITPY_WIFI_SSID = "Old"\n'

    merged = merge_settings(own, Wanted(wifi=("Hangar", "password"), web_password="web"))

    assert merged is not None
    assert merged.startswith(b'# mine\nLOGGER_CHECKPOINT_SECONDS = 20  # slower\nCIRCUITPY_WIFI_SSID = "Hangar"\n')
    assert b'CIRCUITPY_WEB_API_PASSWORD = "web"\n' in merged


def test_settings_toml_is_left_alone_without_the_web_workflow() -> None:
    """Networks go into secrets.py, where a power cut while joining is counted."""
    assert merge_settings(None, Wanted(wifi=("Hangar", "password"))) is None
    own = b"ANYTHING = 1"
    assert own == merge_settings(own, Wanted(wifi=("Hangar", "password")))


def test_the_web_workflow_needs_a_network() -> None:
    """A password alone would open nothing."""
    with pytest.raises(BadSettings, match="--wifi"):
        merge_settings(None, Wanted(web_password="web"))


@pytest.mark.parametrize("line", [b"C = = 1", b"CIRCUITPY_WIFI_SSID = 'Hangar'", b"anything = [", b"[table]"])
@pytest.mark.parametrize("web_password", [None, "web"])
def test_what_circuitpython_cannot_read_is_neither_kept_nor_replaced(line: bytes, web_password: str | None) -> None:
    """It is refused with the line that is wrong: kept, the web workflow would never start."""
    with pytest.raises(BadSettings, match="line 2"):
        merge_settings(b'A = "b"\n' + line, Wanted(wifi=("Hangar", "password"), web_password=web_password))
