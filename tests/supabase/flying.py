"""How planes are flown, made up: a day's seconds for years on end, with seasons, spells of weather and good years."""

import math
import random
from collections.abc import Callable, Iterator

HOUR = 3600
Habit = Callable[[random.Random, int], list[int]]
"""Dice and a number of days -> the seconds flown on each, from some day of the year on."""


def _season(day: int, strength: float) -> float:
    """What a day of the year is worth beside the mean: most in early July."""
    return 1 + strength * math.cos(2 * math.pi * (day % 365 - 190) / 365)


def _weather(dice: random.Random, days: int) -> Iterator[float]:
    """A number from 0 (fine) to 1 for each day; fine days and others come in spells of about four days."""
    kept = 0.75
    state = dice.gauss(0, 1)
    for _ in range(days):
        yield 0.5 * (1 + math.erf(state / math.sqrt(2)))
        state = kept * state + math.sqrt(1 - kept**2) * dice.gauss(0, 1)


def _years(dice: random.Random, days: int, differ: float) -> list[float]:
    """What each year is worth beside the mean."""
    return [math.exp(dice.gauss(0, differ)) for _ in range(days // 365 + 2)]


def _hours(dice: random.Random, mean: float) -> int:
    """The length of a flight, or of a day of flights."""
    return min(round(HOUR * dice.gammavariate(4, mean / 4)), 12 * HOUR)


def weekend_flyer(dice: random.Random, days: int) -> list[int]:
    """Most weekends of the summer, some of the winter, now and then an evening: some 60 h a year."""
    phase, years = dice.randrange(365), _years(dice, days, 0.15)
    flown = []
    for day, weather in enumerate(_weather(dice, days)):
        if day % 7 in (5, 6):
            flies = weather < 0.42 * _season(day + phase, 0.6) * years[day // 365]
        else:
            flies = weather < 0.05 * _season(day + phase, 0.8)
        flown.append(_hours(dice, 1.4) if flies else 0)
    return flown


def school(dice: random.Random, days: int) -> list[int]:
    """Most days, longer in summer: some 700 h a year."""
    phase, years = dice.randrange(365), _years(dice, days, 0.12)
    return [
        _hours(dice, 3 * _season(day + phase, 0.3) * years[day // 365])
        if weather < 0.72 * _season(day + phase, 0.25)
        else 0
        for day, weather in enumerate(_weather(dice, days))
    ]


def rarely_flown(dice: random.Random, days: int) -> list[int]:
    """Every third week or so: some 20 h a year, and years that differ much."""
    phase, years = dice.randrange(365), _years(dice, days, 0.25)
    return [
        _hours(dice, 1.1) if weather < 0.05 * _season(day + phase, 0.6) * years[day // 365] else 0
        for day, weather in enumerate(_weather(dice, days))
    ]


def put_away_for_the_winter(dice: random.Random, days: int) -> list[int]:
    """A weekend flyer's from the end of March to the end of October: some 50 h a year."""
    phase, years = dice.randrange(365), _years(dice, days, 0.15)
    flown = []
    for day, weather in enumerate(_weather(dice, days)):
        is_summer = 85 <= (day + phase) % 365 <= 300
        share = 0.42 if day % 7 in (5, 6) else 0.05
        flies = is_summer and weather < share * _season(day + phase, 0.6) * years[day // 365]
        flown.append(_hours(dice, 1.4) if flies else 0)
    return flown
