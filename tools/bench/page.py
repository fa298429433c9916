"""The figures as a table in the terminal, and as BENCHMARKS.md."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from rich.table import Table

from tools.bench import road
from tools.bench.figures import Alternative, Figure, Report
from tools.files import write_whole
from tools.stack.stack import REPOSITORY

PAGE = REPOSITORY / "BENCHMARKS.md"

_HEAD = """# Benchmarks

Every figure beside what you would use instead, taken in the same run. Make your own with `python3 -m tools bench`
(about a minute) or `python3 -m tools bench --full`. "Times better" says how many times less (or more, where more is
better) ours is; below 1 the alternative is better. Nothing here was measured on a board: the flash is a model with
45 ms and 100,000 erases per sector, the file system on it is the board's own.
"""


def notes(figures: Iterable[Figure]) -> dict[str, int]:
    """How the figures were taken, each way once, numbered from 1."""
    return {how: number for number, how in enumerate(dict.fromkeys(figure.how for figure in figures), 1)}


def table(report: Report) -> Table:
    """The terminal's table, one row per alternative; the numbers behind the figures are those of `notes`."""
    shown = Table(title="Benchmarks", title_justify="left")
    for column in ("Figure", "Unit", "Ours", "Instead", "", "Times better"):
        shown.add_column(column, justify="left" if column in ("Figure", "Unit", "") else "right")
    taken = notes(report.figures)
    for figure in report.figures:
        first = [f"{figure.name} ({taken[figure.how]})", figure.unit, number(figure.value)]
        for one in figure.alternatives:
            shown.add_row(*first, number(one.value), one.name, ratio(figure, one))
            first = ["", "", ""]
        shown.add_section()
    return shown


def write(report: Report, page: Path = PAGE) -> None:
    """Rewrite the page."""
    lines = [_HEAD, "## The machine", "", "| what | which |", "|---|---|"]
    lines += [f"| {name} | {text} |" for name, text in report.machine.items()]
    for part, figures in groupby(report.figures, key=lambda figure: figure.part):
        lines += [
            "",
            f"## {part.capitalize()}",
            "",
            "| figure | unit | ours | instead | times better |",
            "|---|---|--:|---|---|",
        ]
        measured = list(figures)
        taken = notes(measured)
        for figure in measured:
            instead = "<br>".join(f"{number(one.value)} {one.name}" for one in figure.alternatives)
            ratios = "<br>".join(ratio(figure, one) for one in figure.alternatives)
            name = f"{figure.name} ({taken[figure.how]})"
            lines.append(f"| {name} | {figure.unit} | {number(figure.value)} | {instead} | {ratios} |")
        lines += ["", "How it was taken:", ""]
        lines += [f"{note}. {how}" for how, note in taken.items()]
    lines += road.section(report.figures)
    write_whole(page, "\n".join(lines) + "\n")


def number(value: float) -> str:
    """Three digits that count, thousands apart."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 0.001:
        return f"{value:.3g}"
    return f"{value:.2e}"


def ratio(figure: Figure, alternative: Alternative) -> str:
    """How many times better ours is."""
    value, least = figure.ratio(alternative)
    return f"{'more than ' if least else ''}{number(value)}"
