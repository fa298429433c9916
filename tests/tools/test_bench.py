"""`bench`: what it measures, what it shows, and that no figure is missing. No figure of time is asserted."""

import io
import json
import math
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.tools.checkout import ROOT, TIMEOUT_SECONDS
from tools.bench import calls, firmware, herd, ingest, page, portal, scale, sense
from tools.bench.figures import Alternative, Figure, Report
from tools.bench.machine import describe

FIRMWARE_FIGURES = [
    "Flash erases per powered hour",
    "Flash erases per powered hour, hottest sector",
    "Flash erases per powered hour, FAT and directory sectors",
    "Years to wear-out at 100 h a year",
    "Years to wear-out at 600 h a year",
    "Seconds lost per power cut, a checkpoint every 5 s",
    "Powered hours to wear-out, a checkpoint every 5 s",
    "Seconds lost per power cut, a checkpoint every 15 s",
    "Powered hours to wear-out, a checkpoint every 15 s",
    "Seconds lost per power cut, a checkpoint every 60 s",
    "Powered hours to wear-out, a checkpoint every 60 s",
    "Seconds lost per power cut with sensing, a checkpoint every 5 s",
    "Flash erases per flight with sensing, a checkpoint every 5 s",
    "Seconds lost per power cut with sensing, a checkpoint every 15 s",
    "Flash erases per flight with sensing, a checkpoint every 15 s",
    "Engine time off the truth, worst flight",
    "Seconds lost per power cut with sensing, a checkpoint every 60 s",
    "Flash erases per flight with sensing, a checkpoint every 60 s",
    "Power cuts that lose the program",
    "Power cuts that lose the program, in the first 1,000 h with the first boot",
    "Power cuts that lose data",
    "Bytes on the wire per hour online",
    "Bytes on the wire per delivered session",
    "Requests to drain 40 sessions",
    "Heap of the program",
    "Heap for 40 unacked sessions",
]
KEEPERS = ["temporary file + rename", "append to a log", "microcontroller.nvm"]


INGEST_FIGURES = [
    "Requests per second, one message each",
    "Requests per second, one message each, in 2 processes",
    "Requests per second, one message each, in 4 processes",
    "Messages per second, 100 in a request",
    "Answer time of one message, p50",
    "Answer time of one message, p95",
    "Answer time of one message, p99",
    "Answer time of 100 messages, p50",
    "Answer time of 100 messages, p95",
    "Answer time of 100 messages, p99",
    "Time per message in a batch of 100",
    "Database time per message",
    "Database time per message in a batch of 100",
    "Statements per message",
    "Statements per message in a batch of 100",
    *(
        f"Cost of {what} among 6,000 sessions"
        for what in ("an ingest", "a page of session_log", "plane_hours of one plane")
        for _ in ("ms", "blocks")
    ),
]

SCALE_FIGURES = [
    "Requests to a backend that is away, per 10,000 boards",
    "Busiest second of an outage, per 10,000 boards",
    "Busiest second of an outage against its mean",
    "Requests that time out after an outage, per 10,000 boards",
    "Boards delivering again 10 min after an outage",
    "Time until every board delivers again (at least)",
    "Seconds of power lost over an outage at dusk",
    "Powered boards on one machine",
    *(f"Answer time with {boards} powered boards, p{p}" for boards in ("10,000", "20,000") for p in (50, 99)),
    "Write-ahead log per message",
    "Bytes per session, with indexes",
    "Bytes of indexes per session",
    "Growth per board-year of 200 sessions",
    "A new session among 5,000",
    "One more report of a session among 5,000",
    *("A page of a plane's sessions among 5,000" for _ in ("ms", "blocks")),
]


PORTAL_FIGURES = [
    "JavaScript before the first page",
    *(
        f"{what}, {sessions} sessions"
        for sessions in (20, 80)
        for what in ("Bytes until the dashboard is complete", "API requests until the dashboard is complete")
    ),
    *(
        f"{what}, {sessions} sessions"
        for sessions in (20, 80)
        for what in (
            "Largest contentful paint",
            "Time until the first screen is complete",
            "Cumulative layout shift",
            "Interaction to next paint",
        )
    ),
    "Time of an export of 80 sessions",
    "Memory of an export of 80 sessions",
    "Longest time without an answer to the user in an export of 80 sessions",
]


def figure(value: float, *others: float, **options: Any) -> Figure:
    """A figure with alternatives named a, b, ..."""
    alternatives = tuple(Alternative(name, other) for name, other in zip("abc", others, strict=False))
    return Figure("firmware", "Erases", "erases/h", value, "Counted.", alternatives, **options)


def check_json(report: dict[str, Any]) -> None:
    """Everything that a reader of --json relies on is there, and every number is one."""
    assert {"full", "machine", "figures"} == set(report)
    for one in report["figures"]:
        assert {"part", "name", "unit", "value", "better", "alternatives", "how"} == set(one)
        assert one["unit"] and one["how"].endswith(".") and one["alternatives"]
        assert math.isfinite(one["value"]) and one["value"] >= 0
        for other in one["alternatives"]:
            assert {"name", "value", "ratio", "ratio_is_at_least"} == set(other)
            assert math.isfinite(other["value"]) and math.isfinite(other["ratio"])


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        (figure(2, 20), (10, False)),
        (figure(20, 2), (0.1, False)),
        (figure(0, 20, resolution=0.5), (40, True)),
        (figure(0, 0), (1, False)),
        (figure(50, 0.5, better="higher"), (100, False)),
        (figure(50, 0, better="higher"), (50, True)),
    ],
)
def test_ratio_says_how_many_times_better(measured: Figure, expected: tuple[float, bool]) -> None:
    """Also where one of the two is zero, within what could be told from zero."""
    assert expected == measured.ratio(measured.alternatives[0])


def test_a_figure_needs_an_alternative() -> None:
    """A number alone settles no argument."""
    with pytest.raises(ValueError, match="Erases has no alternative"):
        figure(1)


def test_firmware_figures() -> None:
    """A tiny run has every figure against every alternative, and the claims that need no long run hold in it."""
    told: list[str] = []

    figures = list(firmware.measure(firmware.TINY, told.append))

    assert FIRMWARE_FIGURES == [one.name for one in figures]
    check_json(json.loads(json.dumps(Report(False, {}, figures).as_json(), allow_nan=False)))
    by_name = {one.name: one for one in figures}
    for name in FIRMWARE_FIGURES:
        names = [other.name for other in by_name[name].alternatives]
        assert names in (KEEPERS, ["one POST per message"], [sense.BLIND], ["powered time taken for engine time"]), name
    hottest = by_name["Flash erases per powered hour, hottest sector"]
    assert 10 <= hottest.ratio(hottest.alternatives[0])[0]
    assert 0 == by_name["Flash erases per powered hour, FAT and directory sectors"].value
    fatal = by_name["Power cuts that lose the program, in the first 1,000 h with the first boot"]
    assert 50 <= fatal.ratio(fatal.alternatives[0])[0]
    assert 0 == by_name["Power cuts that lose data"].value
    assert any("Draining 40 sessions" in line for line in told)


def test_ingest_figures() -> None:
    """A tiny run on a stack of its own has every figure; a batch is one transaction, not a hundred."""
    figures = list(ingest.measure(ingest.TINY, lambda text: None))

    assert INGEST_FIGURES == [one.name for one in figures]
    check_json(json.loads(json.dumps(Report(False, {}, figures).as_json(), allow_nan=False)))
    by_name = {one.name: one.value for one in figures}
    assert 1 <= by_name["Statements per message"] <= 20
    assert by_name["Statements per message in a batch of 100"] <= 0.2


def test_figures_of_calls() -> None:
    """A tiny run has both figures of every call of a member."""
    figures = list(calls.measure(calls.Effort(400, 1), lambda text: None))

    assert [name for name in calls.CALLS for _ in ("ms", "blocks")] == [one.name for one in figures]
    check_json(json.loads(json.dumps(Report(False, {}, figures).as_json(), allow_nan=False)))


def test_scale_figures(tmp_path: Path) -> None:
    """A tiny run has every figure; an outage loses nothing, and a row per session is smaller than one per report."""
    figures = list(scale.measure(scale.TINY, lambda text: None))

    assert SCALE_FIGURES == [one.name for one in figures]
    report = Report(False, {}, figures)
    check_json(json.loads(json.dumps(report.as_json(), allow_nan=False)))
    by_name = {one.name: one for one in figures}
    lost = by_name["Seconds of power lost over an outage at dusk"]
    assert 0 == lost.value < lost.alternatives[0].value
    size = by_name["Bytes per session, with indexes"]
    assert 0 < size.value < size.alternatives[0].value
    page.write(report, tmp_path / "BENCHMARKS.md")
    written = (tmp_path / "BENCHMARKS.md").read_text()
    assert "## From one machine to a million boards" in written
    assert "| 1,000,000 | 16,667 |" in written


def test_herd_comes_back_spread_out() -> None:
    """What the firmware does spares a backend that is away, overloads none that returns, and serves every board."""
    ours, steps, fixed = (
        herd.stampede(400, program, down_seconds=1800, watched_seconds=600)
        for _, program in (herd.FIRMWARES, herd.STEPS, herd.FIXED)
    )

    assert 400 == len(ours.back_after)
    assert ours.recovery_seconds(1) <= 300
    assert 0 == ours.timed_out < steps.timed_out
    assert len(fixed.back_after) < 400
    assert 5 * ours.mean_while_down < fixed.mean_while_down
    assert ours.peak_while_down / ours.mean_while_down < steps.peak_while_down / steps.mean_while_down


def test_portal_figures() -> None:
    """A tiny run in a real browser has every figure; what holds whatever the machine does, holds in it."""
    told: list[str] = []

    figures = list(portal.measure(portal.TINY, told.append))

    assert PORTAL_FIGURES == [one.name for one in figures]
    check_json(json.loads(json.dumps(Report(False, {}, figures).as_json(), allow_nan=False)))
    by_name = {one.name: one for one in figures}
    assert 120_000 >= by_name["JavaScript before the first page"].value
    assert 0.1 >= by_name["Cumulative layout shift, 80 sessions"].value
    assert ["with 20 sessions", portal.TABLE] == [
        other.name for other in by_name["Interaction to next paint, 80 sessions"].alternatives
    ]
    assert any("Exporting 80 sessions" in line for line in told)


def test_portal_without_a_browser_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is started, and the other parts go on without it."""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(portal.BrowserMissing, match="apt-get install chromium"):
        next(iter(portal.measure(portal.TINY, lambda text: None)))


def test_table_and_page_show_every_figure(tmp_path: Path) -> None:
    """Figure, unit, alternatives, ratios and how they were taken stand in the terminal and in BENCHMARKS.md."""
    report = Report(True, {"Processor": "2 cores"}, [figure(2, 20, 3000), figure(0, 0.25, resolution=0.5)])
    terminal = Console(file=io.StringIO(), width=160)

    terminal.print(page.table(report))
    page.write(report, tmp_path / "BENCHMARKS.md")

    shown = terminal.file.getvalue()  # type: ignore[attr-defined]
    assert all(text in shown for text in ("Erases (1)", "erases/h", "3,000", "1,500", "more than 0.5"))
    written = (tmp_path / "BENCHMARKS.md").read_text()
    assert "| Erases (1) | erases/h | 2 | 20 a<br>3,000 b | 10<br>1,500 |" in written
    assert "| Processor | 2 cores |" in written
    assert "1. Counted." in written


def test_machine_without_names() -> None:
    """What is published says what ran where, not whose machine it was."""
    machine = describe()

    assert {"Processor", "Memory", "System", "Python", "Deno", "PostgreSQL", "FatFs"} == set(machine)
    assert not any("/" in text or ROOT.name in text for text in machine.values())


def test_writing_the_page_takes_a_whole_full_run() -> None:
    """BENCHMARKS.md never shows a short run or a part of one."""
    command = [sys.executable, "-m", "tools.cli", "bench", "--write"]

    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)

    assert 2 == outcome.returncode
    assert "goes with --full" in outcome.stderr


def test_stopping_leaves_nothing_behind(tmp_path: Path) -> None:
    """Ctrl-C ends it in order: exit code 130, no traceback, no file."""
    command = [sys.executable, "-m", "tools.cli", "bench", "firmware", "--json", str(tmp_path / "figures.json")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()

        process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=TIMEOUT_SECONDS)

    assert 130 == process.returncode
    assert said.endswith("Stopped: nothing was written.\n")
    assert "Traceback" not in complained
    assert [] == list(tmp_path.iterdir())
