"""What a measurement says: a figure, its unit, its alternatives from the same run, the ratio, and how it was taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Better = Literal["lower", "higher"]


@dataclass(frozen=True)
class Alternative:
    """The same measured on what a user would pick instead."""

    name: str
    value: float


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    `resolution` is the smallest value that the measurement could have told from zero: where the figure is zero, the
    ratio to an alternative is at least that to the resolution.
    """

    part: str
    name: str
    unit: str
    value: float
    how: str
    alternatives: tuple[Alternative, ...]
    better: Better = "lower"
    resolution: float = 1.0

    def __post_init__(self) -> None:
        if not self.alternatives:
            raise ValueError(f"Figure: {self.name} has no alternative")

    def ratio(self, alternative: Alternative) -> tuple[float, bool]:
        """How many times better than the alternative this is, and whether that is only the least it can be."""
        ours, theirs = self.value, alternative.value
        if ours == theirs:
            return 1.0, False
        if self.better == "higher":
            return ours / (theirs or self.resolution), theirs == 0
        return theirs / (ours or self.resolution), ours == 0

    def as_json(self) -> dict[str, Any]:
        """The figure as `--json` has it."""
        alternatives = []
        for one in self.alternatives:
            ratio, least = self.ratio(one)
            alternatives.append({"name": one.name, "value": one.value, "ratio": ratio, "ratio_is_at_least": least})
        return {
            "part": self.part,
            "name": self.name,
            "unit": self.unit,
            "value": self.value,
            "better": self.better,
            "alternatives": alternatives,
            "how": self.how,
        }


@dataclass
class Report:
    """All figures of a run, and where it ran."""

    full: bool
    machine: dict[str, str]
    figures: list[Figure] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The report as `--json` has it."""
        return {
            "full": self.full,
            "machine": self.machine,
            "figures": [figure.as_json() for figure in self.figures],
        }
