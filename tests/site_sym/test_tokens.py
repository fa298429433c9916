"""The colours of the roles: text at 5.5:1 and marks at 3:1, in light and in dark."""

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).resolve().parents[2] / "site_sym" / "src" / "styles" / "tokens.css"
THEMES = ("light", "dark")
BACKGROUNDS = ("paper", "surface", "sunken")
TEXT = ("ink", "muted", "accent", "good", "warn", "bad", "idle")
TEXT_PAIRS = (
    *((text, background) for text in TEXT for background in BACKGROUNDS),
    *(("ink", soft) for soft in ("good-soft", "warn-soft", "bad-soft")),
    ("accent-ink", "accent"),
    ("accent-ink", "accent-hover"),
    ("drum-ink", "drum"),
    ("drum-dim", "drum"),
    ("drum-fraction-ink", "drum-fraction"),
    ("paper", "ink"),
)
MARKS = ("edge", *(f"series-{number}" for number in range(1, 9)))


def colors(theme: str) -> dict[str, str]:
    """The colour of each role in a theme, as #rrggbb."""
    found = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", TOKENS.read_text())
    return {name: light if theme == "light" else dark for name, light, dark in found}


def luminance(color: str) -> float:
    """Relative luminance of #rrggbb, as WCAG defines it."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_readable_on_everything_it_stands_on(theme: str) -> None:
    """5.5:1 for every role of text on every background it is used on: the sun takes a share of it."""
    color = colors(theme)

    ratios = {f"{text} on {ground}": contrast(color[text], color[ground]) for text, ground in TEXT_PAIRS}

    assert {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < 5.5} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_marks_stand_out_from_the_surface(theme: str) -> None:
    """3:1 for the series of charts and the edges of inputs."""
    color = colors(theme)

    ratios = {mark: contrast(color[mark], color["surface"]) for mark in MARKS}

    assert {mark: round(ratio, 2) for mark, ratio in ratios.items() if ratio < 3} == {}
