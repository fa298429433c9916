"""secrets.py and settings.toml are changed where they must be, and nowhere else."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.board.errors import BadSettings
from tools.board.settings import Wanted, merge_secrets, merge_settings, read_secrets

OWN = b"""# the club's board
secrets = {
    "ingest_url": "https://old.example.org",  # moved in May
    "colour": 'blue',  # mine
    "networks": [("Hangar", "old-password")]  # no comma
}
OTHER = 1
"""
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
    merged = merge_secrets(OWN, Wanted(ingest_url="https://new.example.org", wifi=("Phone", "secret-phone")))

    assert merged is not None
    expected = OWN.replace(b"https://old.example.org", b"https://new.example.org").replace(
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
        merge_secrets(damaged, Wanted(ingest_url="https://example.org"))


@pytest.mark.parametrize(
    "wanted",
    [Wanted(wifi=("", "password")), Wanted(wifi=("Hangar", "short")), Wanted(ingest_url="example.org")],
)
def test_values_that_no_board_can_use_are_refused(wanted: Wanted) -> None:
    """A Wi-Fi password of five letters would only fail in the hangar."""
    with pytest.raises(BadSettings):
        merge_secrets(None, wanted)


@given(name=TEXT, password=TEXT, token=TEXT)
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
    assert b"anything = [" == merge_settings(b"anything = [", Wanted(wifi=("Hangar", "password")))


def test_the_web_workflow_needs_a_network() -> None:
    """A password alone would open nothing."""
    with pytest.raises(BadSettings, match="--wifi"):
        merge_settings(None, Wanted(web_password="web"))


def test_a_settings_toml_that_is_no_toml_is_not_replaced() -> None:
    """It is refused with the line that is wrong."""
    with pytest.raises(BadSettings, match="line 2"):
        merge_settings(b'A = "b"\nC = = 1\n', Wanted(wifi=("Hangar", "password"), web_password="web"))
