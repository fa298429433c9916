"""`bench`: measures one part or all, shows the table, and keeps the figures."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from tools.bench import calls, firmware, ingest, page, portal, scale
from tools.bench.figures import Figure, Report
from tools.bench.machine import describe
from tools.commands.terminal import console, progress
from tools.files import check_writable, write_whole

Measure = Callable[[bool, Callable[[str], None]], Iterable[Figure]]


def _firmware(full: bool, tell: Callable[[str], None]) -> Iterable[Figure]:
    return firmware.measure(firmware.FULL if full else firmware.SHORT, tell)


def _ingest(full: bool, tell: Callable[[str], None]) -> Iterable[Figure]:
    return ingest.measure(ingest.FULL if full else ingest.SHORT, tell)


def _calls(full: bool, tell: Callable[[str], None]) -> Iterable[Figure]:
    return calls.measure(calls.FULL if full else calls.SHORT, tell)


def _portal(full: bool, tell: Callable[[str], None]) -> Iterable[Figure]:
    return portal.measure(portal.FULL if full else portal.SHORT, tell)


def _scale(full: bool, tell: Callable[[str], None]) -> Iterable[Figure]:
    return scale.measure(scale.FULL if full else scale.SHORT, tell)


PARTS: dict[str, Measure] = {
    "firmware": _firmware,
    "ingest": _ingest,
    "calls": _calls,
    "portal": _portal,
    "scale": _scale,
}


def run(part: str | None, json_file: Path | None, *, full: bool, write: bool) -> None:
    """Measures and shows; `json_file` and BENCHMARKS.md are written only when all is measured."""
    if json_file is not None:
        check_writable(json_file)
    if write:
        check_writable(page.PAGE)
    if part in (None, "portal"):
        portal.check_browser()  # not after minutes with the other parts
    report = Report(full, describe())
    try:
        with progress() as tell:
            for name, measure in PARTS.items():
                if part in (None, name):
                    report.figures += measure(full, tell)
    except KeyboardInterrupt:
        console.print("Stopped: nothing was written.")
        raise
    console.print(page.table(report))
    for note, how in enumerate(page.notes(report.figures), 1):
        console.print(f"({note}) {how}", markup=False)
    if json_file is not None:
        write_whole(json_file, json.dumps(report.as_json(), indent=2) + "\n")
    if write:
        page.write(report)
