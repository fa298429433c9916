"""`board accept`: an hour with the owner's own board, and a report of what was asked, expected and seen."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tools import log_lines
from tools.board import doctor, logs
from tools.board.errors import BoardError, Unreachable
from tools.board.install import FIRMWARE, FIRMWARE_FILES, firmware_of
from tools.board.sessions import Store, read_store
from tools.board.transport import About, Board
from tools.log_lines import (
    BOOT,
    DELIVERED,
    GOES_ON,
    JOINED,
    LOST,
    MINUTE,
    MINUTE_WITHOUT_CLOCK,
    NEW_SESSION,
    LogLine,
    find,
)

EXCERPT_LINES = 400
RETRY_SECONDS = 0.2


@dataclass(frozen=True)
class Schedule:
    """How much is asked of board and owner; seconds of waiting, at most."""

    name: str
    power_cuts: int
    between_cuts_seconds: int
    outage_seconds: int
    outage_cuts: int
    patience_seconds: int


FULL = Schedule("full", 10, 90, 20 * 60, 3, 15 * 60)
REHEARSAL = Schedule("rehearsal", 2, 20, 60, 1, 5 * 60)


@dataclass
class Step:
    """One trial of the report."""

    title: str
    expected: str
    seen: list[str] = field(default_factory=list)
    passed: bool = False


class Acceptance:
    """Runs the trials one after the other; `report` can be asked for at any time.

    `open_console` reaches the board's serial port, again after each power cut: only there the first lines after a
    power-on show. `open_files` reaches its drive, before and after. `instruct` tells the owner what to do now.
    """

    def __init__(
        self,
        open_console: Callable[[], Board],
        open_files: Callable[[], Board],
        schedule: Schedule = FULL,
        *,
        instruct: Callable[[str], None],
        on_line: Callable[[logs.Line], None] = lambda line: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_console = open_console
        self._open_files = open_files
        self._schedule = schedule
        self._instruct = instruct
        self._on_line = on_line
        self._now = now
        self._began = datetime.now(UTC)
        self._about = About()
        self._store: Store | None = None
        self._first_boot = 0
        self._excerpt: list[str] = []
        self._lines: Iterator[logs.Line | None] = iter(())
        self._is_over = False
        self.steps: list[Step] = []

    @property
    def passed(self) -> bool:
        """Whether every trial was run and passed."""
        return len(self.steps) == len(self._trials()) and all(step.passed for step in self.steps)

    def _trials(self) -> list[Callable[[], Step]]:
        return [self._begin, self._cut_power, self._router_off_and_on, self._long_outage, self._read_back]

    def run(self) -> None:
        """All trials; one that fails does not stop the others. Raises BoardError if the board cannot be reached."""
        for trial in self._trials():
            step = trial()
            self.steps.append(step)
            self._instruct(f"{'Passed' if step.passed else 'FAILED'}: {step.title}")

    # Trials

    def _begin(self) -> Step:
        step = Step("The board is installed, online and delivering", "doctor finds nothing failed; POST OK 200 appears")
        with closing(self._open_files()) as board:
            self._about = board.about()
            findings = list(doctor.examine(board))
            with suppress(BoardError):
                store = read_store(board)
                self._first_boot = store.sessions[-1].boot if store.sessions else 0
        failed = [finding for finding in findings if finding.level == log_lines.FAILED]
        step.seen += [f"{finding.what}: {finding.text} {finding.remedy}".strip() for finding in failed]
        self._lines = logs.follow(self._open_console, lambda: self._is_over, retry_seconds=RETRY_SECONDS)
        self._instruct("Leave the board on. Waiting until it delivers.")
        step.passed = self._expect(DELIVERED, step) is not None and not failed
        return step

    def _cut_power(self) -> Step:
        cuts = self._schedule.power_cuts
        step = Step(
            f"{cuts} power cuts", "each starts a new session with the next number; none is lost; nothing is torn"
        )
        numbers: list[int] = []
        for number in range(1, cuts + 1):
            self._instruct(f"Cut {number} of {cuts}: pull the board's power (not only its USB plug, if it has another"
                           " supply), wait five seconds, plug it in again.")  # fmt: skip
            boot = self._expect_boot(step)
            if boot is None:
                return step
            if boot:
                numbers.append(boot)
            self._watch(self._schedule.between_cuts_seconds)
        step.passed = all(later > earlier for earlier, later in itertools.pairwise(numbers))
        if numbers:
            step.seen.append(f"sessions {numbers[0]} to {numbers[-1]}")
        return step

    def _router_off_and_on(self) -> Step:
        step = Step("Router off and on", "the board notices, counts on, joins again by itself and delivers")
        self._instruct("Switch the router off (or its 2.4 GHz network), and leave it off until told.")
        if self._expect(LOST, step) is None:
            return step
        counted = self._expect(MINUTE, step, MINUTE_WITHOUT_CLOCK)
        self._instruct("Switch the router on again.")
        joined = self._expect(JOINED, step)
        step.passed = counted is not None and joined is not None and self._expect(DELIVERED, step) is not None
        return step

    def _long_outage(self) -> Step:
        minutes = self._schedule.outage_seconds // 60
        step = Step(
            f"{minutes} minutes without network, with {self._schedule.outage_cuts} power cuts in it",
            "sessions wait on the board and flow within a minute of joining",
        )
        self._instruct("Switch the router off again, and leave it off.")
        if self._expect(LOST, step) is None:
            return step
        end = self._now() + self._schedule.outage_seconds
        for number in range(1, self._schedule.outage_cuts + 1):
            self._instruct(f"Cut {number} of {self._schedule.outage_cuts}: power off, five seconds, power on.")
            if self._expect_boot(step) is None:
                return step
            self._watch(self._schedule.between_cuts_seconds)
        self._instruct(f"Leave everything so for another {max(0, int(end - self._now())) // 60} minutes.")
        self._watch(max(0.0, end - self._now()))
        self._instruct("Switch the router on.")
        if self._expect(JOINED, step) is None:
            return step
        joined = self._now()
        if self._expect(DELIVERED, step) is not None:
            waited = self._now() - joined
            step.seen.append(f"first delivery {waited:.0f} s after joining")
            step.passed = waited <= 60
        self._watch(self._schedule.between_cuts_seconds)
        return step

    def _read_back(self) -> Step:
        step = Step("The drive read back", "firmware byte for byte, every session there once, all ended ones delivered")
        problems: list[str] = []
        self._is_over = True
        deque(self._lines, maxlen=0)  # lets go of the port
        with closing(self._open_files()) as board:
            for name in FIRMWARE_FILES:
                if board.read(f"/{name}") != (FIRMWARE / name).read_bytes():
                    problems.append(f"{name} is not the one that was installed")
            self._store = store = read_store(board)
        newest = store.sessions[-1].boot if store.sessions else 0
        expected = self._first_boot + self._schedule.power_cuts + self._schedule.outage_cuts
        kept = [one.boot for one in store.sessions]
        missing = [boot for boot in range(self._first_boot or 1, newest + 1) if boot not in kept]
        if newest < expected:
            problems.append(f"the newest session is {newest}, {expected} were begun")
        if missing:
            problems.append(f"sessions {missing} are missing")
        unsent = [one.boot for one in store.unsent if one.boot >= self._first_boot]
        if unsent:
            problems.append(f"sessions {unsent} are not delivered")
        if not (store.main.present and store.twin.present):
            problems.append("one of the two copies is missing")
        step.seen += problems or [f"{len(kept)} sessions, the newest {newest}, both copies present"]
        step.passed = not problems
        return step

    # Watching

    def _expect(self, wanted: LogLine, step: Step, *others: LogLine) -> str | None:
        """Wait for that line of the table, or one of the others; None, noted in the step, if patience ends."""
        end = self._now() + self._schedule.patience_seconds
        while self._now() < end:
            line = self._next()
            if line is not None and find(line.text) in (wanted, *others):
                step.seen.append(f"{line.at:%H:%M:%S} {line.text}")
                return line.text
        step.seen.append(f'no line "{wanted.example}" within {self._schedule.patience_seconds // 60} minutes')
        return None

    def _expect_boot(self, step: Step) -> int | None:
        """Wait for a power-on and return the number of its session; None if patience ends.

        0: the port came back too late for the board's first lines, as it does when it lives on the same supply.
        """
        end = self._now() + self._schedule.patience_seconds
        seen_boot = was_gone = False
        while self._now() < end:
            line = self._next()
            if line is None:
                continue
            said = None if line.is_notice else find(line.text)
            seen_boot |= said is BOOT
            was_gone |= line.is_notice and line.text.startswith("connection lost")
            if was_gone and not seen_boot and said in (JOINED, MINUTE, MINUTE_WITHOUT_CLOCK, DELIVERED):
                step.seen.append(f"{line.at:%H:%M:%S} back, its number was not seen: {line.text}")
                return 0
            if said is NEW_SESSION:
                step.seen.append(f"{line.at:%H:%M:%S} {line.text}")
                return int(line.text.rpartition(" ")[2])
            if seen_boot and said is GOES_ON:
                step.seen.append(f"{line.at:%H:%M:%S} {line.text}: that was a reset, not a power cut")
                seen_boot = False
        step.seen.append(f"the board was not seen to start within {self._schedule.patience_seconds // 60} minutes")
        return None

    def _watch(self, seconds: float) -> None:
        end = self._now() + seconds
        while self._now() < end:
            self._next()

    def _next(self) -> logs.Line | None:
        try:
            line = next(self._lines)
        except StopIteration:
            raise Unreachable("The board's console has ended.") from None
        if line is not None:
            self._on_line(line)
            self._excerpt.append(f"{line.at:%H:%M:%S} {line.text}")
        return line

    # Report

    def report(self) -> str:
        """Markdown. Holds no key and no password."""
        verdict = "passed" if self.passed else "not passed"
        minutes = int((datetime.now(UTC) - self._began).total_seconds()) // 60
        name = self._about.name or self._about.board_id or "unknown"
        firmware = firmware_of((FIRMWARE / "code.py").read_bytes())
        lines = [
            f"# Acceptance of a board: {verdict}",
            "",
            f"- Date: {self._began:%Y-%m-%d %H:%M} UTC, {minutes} minutes",
            f"- Schedule: {self._schedule.name}",
            f"- Board: {name}, CircuitPython {self._about.version or '?'}",
            f"- Firmware: {firmware}",
            f"- Device: {self._store.uuid if self._store else 'not read'}",
            "",
            "| trial | expected | result |",
            "|---|---|---|",
        ]
        lines += [
            f"| {step.title} | {step.expected} | {'passed' if step.passed else '**failed**'} |" for step in self.steps
        ]
        missing = len(self._trials()) - len(self.steps)
        if missing:
            lines.append(f"| {missing} more trials | | not run |")
        for step in self.steps:
            lines += ["", f"## {step.title}", "", *(f"- {text}" for text in step.seen)]
        if self._store:
            lines += ["", "## Sessions on the board", "", "| boot | start | run | delivery |", "|---|---|---|---|"]
            lines += [
                f"| {one.boot} | {one.start or 'unknown'} | {one.run_seconds} s | {one.delivery} |"
                for one in self._store.sessions
                if one.boot >= self._first_boot
            ]
        lines += ["", "## Console", "", "```", *self._excerpt[-EXCERPT_LINES:], "```", ""]
        return "\n".join(lines)
