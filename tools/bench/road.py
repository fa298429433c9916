"""From one machine to a million boards: what follows from the figures, and the plan for each factor of ten."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from tools.bench.figures import Figure
from tools.bench.scale import PART, REPORT_SECONDS, SESSIONS_PER_YEAR
from tools.simulator.fleet.timetable import DAY_SECONDS, fly_day

BOARDS = (1000, 10_000, 100_000, 1_000_000)
SAMPLE = 5000
MINUTE = 60

_INTRODUCTION = """Measured: the figures above, on one machine of two cores that ran client, function, REST layer and
database together. Calculated: all of this section, from those figures and from {sessions} sessions of an hour per board
and year. On a fine day in one time zone {share:.0%} of the simulated boards are powered in the busiest minute; "all
powered" is the worst case, which no fleet reaches."""

_PLAN = """What gives way first, in this order: the processor under the REST layer (see "the function on a direct pool"
above for how much of a message it is), the processor under PostgreSQL, and only then disk and memory: a board leaves
little behind. Existing engines alone, each step taken when the one before it is used up:

- **To 10,000 boards: change nothing.** One project, a Small or Medium compute size (2 cores). The function reaches
  PostgreSQL through the REST layer and its pool, so isolates that come and go take no connections. Switch on
  point-in-time recovery.
- **To 100,000: a larger compute size.** Functions multiply by themselves; the database goes to Large (2 dedicated
  cores), XL (4) or 2XL (8) with a restart of a minute, during which boards keep everything. A read replica takes pages
  off the primary: the load balancer's address in `config.json` sends GET requests to it and all others to the primary,
  at the price of seconds of lag after an edit. Direct connections of your own (reports, backups) go through the pooler.
- **Around 100 million sessions: partition `sessions`.** Measured above. By hash of device: the unique key
  (device, start), every write and a device's own page stay within one partition, and vacuum and index rebuilds become
  pieces; a plane's page asks every partition. By month: old months can be detached or moved to cheaper disks; a page
  without dates asks every month. The primary key takes the partition key in. Do it with a new table, attached and
  filled by month while boards are answered, and not earlier: until then it costs and gains nothing.
- **To 1,000,000: several databases.** First the cheap levers: the largest sizes (16XL has 64 cores), and a longer
  report interval, which divides the messages and nothing else: totals do not depend on it. Then Citus, self-hosted or
  as a managed PostgreSQL (Supabase does not offer it), with `device_uuid` as the distribution column: sessions,
  devices, keys, ownerships and assignments of a device lie together, and `ingest` stays one call on one node. Fleets,
  planes and members become reference tables. What has to change: the hours per plane and day are kept by plane, in the
  same transaction as the session; across nodes they follow through a queue, some seconds later. A simpler way for many
  clubs: one project per region or federation, since no total ever spans two fleets.

Not measured: a hosted project, read replicas, Citus, more than two cores, and a network between the parts."""


def section(figures: Sequence[Figure]) -> list[str]:
    """The section of BENCHMARKS.md, in lines; empty where the figures that it rests on were not taken."""
    known = {figure.name: figure.value for figure in figures if figure.part == PART}
    if not known:
        return []
    held = known["Powered boards on one machine"]
    growth = known[f"Growth per board-year of {SESSIONS_PER_YEAR} sessions"]
    log_bytes = known["Write-ahead log per message"]
    share = busiest_share()
    lines = [
        "",
        "## From one machine to a million boards",
        "",
        _INTRODUCTION.format(sessions=SESSIONS_PER_YEAR, share=share),
        "",
        "| boards | messages/s, all powered | on a fine day | such machines for all powered | sessions a year "
        "| growth a year, GiB | log on a fine day, MB/s |",
        "|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for boards in BOARDS:
        rate = boards / REPORT_SECONDS
        machines = f"{boards / held:,.1f}" if held else "not held"
        lines.append(
            f"| {boards:,} | {rate:,.0f} | {rate * share:,.0f} | {machines} | {boards * SESSIONS_PER_YEAR:,} "
            f"| {boards * growth / 1024:,.1f} | {rate * share * log_bytes / 1e6:,.2f} |"
        )
    return [*lines, "", _PLAN]


def busiest_share() -> float:
    """Share of the boards of a flying day that are powered in its busiest minute."""
    dice = random.Random(1)
    powered: Counter[int] = Counter()
    for _ in range(SAMPLE):
        begin = 0
        for at, event in fly_day(dice, 0):
            if event == "power on":
                begin = at
            elif event == "power off":
                powered.update(minute % (DAY_SECONDS // MINUTE) for minute in range(begin // MINUTE, at // MINUTE))
    return max(powered.values()) / SAMPLE
