"""What the portal costs a phone with a long history behind it, beside the plain pages that a user would write."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
from playwright.sync_api import Browser, CDPSession, Download, Page, Request, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tools.bench import plain_pages
from tools.bench.figures import Alternative, Figure
from tools.bench.ingest import open_folder
from tools.bench.population import fill_club
from tools.chromium import MISSING, find_chromium, launch
from tools.stack import Stack
from tools.stack.stack import REPOSITORY

PART = "portal"
EVERYTHING = "the whole build at once"
TABLE = "plain table of all sessions"
ARRAY = "all rows, then one CSV string"

AUTH_STORAGE_KEY = "uptime-logger-auth"
# What Chromium's developer tools call "Fast 4G".
LATENCY_MS = 165
DOWN_BYTES_PER_SECOND = 9_000_000 / 8 * 0.9
UP_BYTES_PER_SECOND = 1_500_000 / 8 * 0.9
CPU_SLOWDOWN = 4
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
TALL: dict[str, Any] = {"viewport": {"width": 1280, "height": 2600}}
PATIENCE_MS = 240_000
EXPORT_PATIENCE_SECONDS = 1200
SETTLE_MS = 1000
# Shorter ones are not told apart by the browser's event timing.
SHORTEST_INTERACTION_MS = 16
HEAP_EVERY_MS = 25
MIB = 2**20

# A card or a row for each plane, then the latest sessions.
_SHOWN = """document.querySelector("article, li > .state") !== null && document.querySelector("table") !== null"""
COMPLETE = f"""() => {_SHOWN} && document.querySelector(".skeleton, .space") === null"""
COMPLETE_ON_SCREEN = f"""() => {_SHOWN} && document.querySelector(".skeleton") === null"""

# Largest contentful paint, layout shifts by session windows, and interactions, as web-vitals defines them.
OBSERVE = """
globalThis.vitals = { lcp: 0, cls: 0, interactions: {}, blocked: 0 };
const observe = (type, each, options = {}) =>
  new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ type, buffered: true, ...options });
observe("largest-contentful-paint", (entry) => { vitals.lcp = entry.startTime; });
let shifts = { value: 0, first: 0, last: 0 };
observe("layout-shift", (entry) => {
  if (entry.hadRecentInput) return;
  const goesOn = entry.startTime - shifts.last < 1000 && entry.startTime - shifts.first < 5000;
  shifts = goesOn
    ? { ...shifts, value: shifts.value + entry.value, last: entry.startTime }
    : { value: entry.value, first: entry.startTime, last: entry.startTime };
  vitals.cls = Math.max(vitals.cls, shifts.value);
});
observe("event", ({ interactionId, duration }) => {
  if (interactionId) vitals.interactions[interactionId] = Math.max(vitals.interactions[interactionId] ?? 0, duration);
}, { durationThreshold: 16 });
observe("longtask", ({ duration }) => { vitals.blocked = Math.max(vitals.blocked, duration); });
"""


class BrowserMissing(Exception):
    """There is no Chromium to measure with; the message says how to get one."""


@dataclass(frozen=True)
class Effort:
    """Sessions of the accounts, smallest first; the most that plain pages have to show; which accounts are exported.

    ``settle_ms`` is how long a page is watched after it is complete and after the last tap. ``planes`` are those of the
    largest account; None: as many as so many sessions usually come from.
    """

    accounts: tuple[int, ...]
    plain: int
    exports: tuple[int, ...]
    visits: int
    cpu_slowdown: int = CPU_SLOWDOWN
    settle_ms: int = SETTLE_MS
    planes: int | None = None


SHORT = Effort((100, 10_000), plain=10_000, exports=(10_000,), visits=1)
FULL = Effort((100, 10_000, 100_000), plain=10_000, exports=(10_000, 100_000), visits=3)
# Chromium slows a page down by keeping a processor busy. So few sessions would come from four planes, which are cards.
TINY = Effort((20, 80), plain=80, exports=(80,), visits=1, cpu_slowdown=1, settle_ms=100, planes=10)


@dataclass(frozen=True)
class Visitor:
    """A signed-in member of a fleet with a history."""

    stack: Stack
    session: dict[str, Any]
    fleet_id: str

    @property
    def kept_sign_in(self) -> Any:
        """What the browser holds of an earlier visit: the sign-in and nothing else."""
        entry = {"name": AUTH_STORAGE_KEY, "value": json.dumps(self.session)}
        return {"cookies": [], "origins": [{"origin": self.stack.url, "localStorage": [entry]}]}

    @property
    def settings(self) -> dict[str, str]:
        """What a plain page needs to read the history."""
        token = self.session["access_token"]
        return {"url": self.stack.url, "key": self.stack.publishable_key, "token": token, "fleet": self.fleet_id}


@dataclass(frozen=True)
class Visit:
    """What a page did to its visitor."""

    lcp_ms: float
    complete_ms: float
    cls: float
    inp_ms: float


@dataclass(frozen=True)
class Traffic:
    """What a page asked for until it was complete."""

    transferred: int
    api_requests: int


@dataclass(frozen=True)
class Export:
    """What it took to make a file of all rows."""

    seconds: float
    heap_bytes: float
    blocked_ms: float


def check_browser() -> str:
    """Path of the browser.

    Raises:
        BrowserMissing: none is installed.
    """
    path = find_chromium()
    if path is None:
        raise BrowserMissing(f"{MISSING}. The other parts of bench do without it.")
    return path


def measure(effort: Effort, progress: Callable[[str], None]) -> Iterator[Figure]:
    """All figures of this part, as they are taken, on a stack of its own."""
    path = check_browser()
    with (
        open_folder() as folder,
        Stack(data=folder, port=0, on_progress=progress) as stack,
        _browser(path) as browser,
    ):
        yield _scripts(REPOSITORY / "site_sym" / "dist")
        visitors = {}
        for sessions in effort.accounts:
            progress(f"Filling an account with {sessions:,} sessions")
            visitors[sessions] = _visitor(stack, sessions, effort.planes if sessions == effort.accounts[-1] else None)
        yield from _traffic(browser, effort, visitors, progress)
        yield from _vitals(browser, effort, visitors, progress)
        yield from _exports(browser, effort, visitors, progress)


@contextlib.contextmanager
def _browser(path: str) -> Iterator[Browser]:
    """The browser; where Ctrl-C has ended it before us, that is no failure of its own."""
    with sync_playwright() as playwright:
        browser = launch(playwright, path)
        try:
            yield browser
        finally:
            with contextlib.suppress(PlaywrightError):
                browser.close()


def _visitor(stack: Stack, sessions: int, planes: int | None) -> Visitor:
    """Someone who has just signed up, with a fleet that has flown for long."""
    who = {"email": f"{uuid.uuid4().hex}@example.org", "password": uuid.uuid4().hex}
    with httpx.Client(base_url=stack.url, headers={"apikey": stack.publishable_key}, trust_env=False) as http:
        http.post("/auth/v1/signup", json=who).raise_for_status()
        session = stack.confirm(who["email"])
    with psycopg.connect(stack.database_url, autocommit=True) as admin:
        found = admin.execute(
            "select fleet_id from fleet_members where user_id = %s", [session["user"]["id"]]
        ).fetchone()
        assert found is not None
        fill_club(admin, str(found[0]), sessions, planes)
    return Visitor(stack, session, str(found[0]))


# Size


def _scripts(dist: Path) -> Figure:
    """What a first visit has to load before it can show anything, by the build's own page."""
    html = (dist / "index.html").read_text(encoding="utf-8")
    first = re.findall(r'<(?:script|link rel="modulepreload")[^>]*(?:src|href)="\./([^"]+\.js)"', html)
    everything = [path.relative_to(dist).as_posix() for path in dist.glob("assets/*.js")]
    sizes = {name: len(gzip.compress((dist / name).read_bytes())) for name in {*first, *everything}}
    return Figure(
        PART,
        "JavaScript before the first page",
        "bytes",
        sum(sizes[name] for name in first),
        "Compressed by gzip: the page's module and what it imports at once; charts, exports and rare pages come later.",
        (Alternative(EVERYTHING, sum(sizes.values())),),
    )


# Bytes and requests


def _traffic(
    browser: Browser, effort: Effort, visitors: dict[int, Visitor], progress: Callable[[str], None]
) -> Iterator[Figure]:
    how = (
        "A first visit with a kept sign-in, on a screen that shows the whole dashboard, until nothing is missing: "
        "files, fonts and answers as they come over the wire."
    )
    for sessions, visitor in visitors.items():
        progress(f"Counting what the dashboard of {sessions:,} sessions asks for")
        ours = _asked_for(browser, visitor, "/#/", COMPLETE)
        others = [
            (f"with {first:,} sessions", _asked_for(browser, visitors[first], "/#/", COMPLETE))
            for first in effort.accounts[:1]
            if first != sessions
        ]
        if sessions <= effort.plain:
            others.append((TABLE, _asked_for(browser, visitor, plain_pages.PATH, plain_pages.COMPLETE)))
        of: dict[str, Callable[[Traffic], float]] = {
            "Bytes": lambda traffic: traffic.transferred,
            "API requests": lambda traffic: traffic.api_requests,
        }
        for name, value in of.items():
            yield Figure(
                PART,
                f"{name} until the dashboard is complete, {sessions:,} sessions",
                name.split()[-1].lower(),
                value(ours),
                how,
                tuple(Alternative(other, value(traffic)) for other, traffic in others),
            )


def _asked_for(browser: Browser, visitor: Visitor, path: str, complete: str) -> Traffic:
    with _visit(browser, visitor, TALL) as (page, cdp):
        lengths: list[int] = []
        asked: list[str] = []

        def note(request: Request) -> None:
            if "/rest/v1/" in request.url:
                asked.append(request.url)

        cdp.on("Network.loadingFinished", lambda event: lengths.append(event["encodedDataLength"]))
        page.on("request", note)
        page.goto(visitor.stack.url + path, wait_until="commit")
        page.wait_for_function(complete, timeout=PATIENCE_MS)
        return Traffic(sum(lengths), len(asked))


@contextlib.contextmanager
def _visit(browser: Browser, visitor: Visitor, screen: dict[str, Any]) -> Iterator[tuple[Page, CDPSession]]:
    """A page of a browser that was never here before but for the sign-in, watched from its first moment on."""
    # The service worker's own requests are neither slowed down nor counted.
    context = browser.new_context(storage_state=visitor.kept_sign_in, service_workers="block", **screen)
    try:
        context.add_init_script(OBSERVE)
        plain_pages.serve(context, visitor.settings)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        cdp = context.new_cdp_session(page)
        cdp.send("Network.enable")
        yield page, cdp
    finally:
        with contextlib.suppress(PlaywrightError):
            context.close()


# Vitals


def _vitals(
    browser: Browser, effort: Effort, visitors: dict[int, Visitor], progress: Callable[[str], None]
) -> Iterator[Figure]:
    ours: dict[int, Visit] = {}
    table: dict[int, Visit] = {}
    for sessions, visitor in visitors.items():
        progress(f"Visiting the dashboard of {sessions:,} sessions")
        ours[sessions] = _median([_visit_portal(browser, visitor, effort) for _ in range(effort.visits)])
        if sessions <= effort.plain:
            progress(f"Visiting a plain table of {sessions:,} sessions")
            table[sessions] = _median([_visit_table(browser, visitor, effort) for _ in range(effort.visits)])
    smallest = effort.accounts[0]
    chromium = f"Chromium {browser.version.split('.')[0]}"
    conditions = (
        f"{chromium}, a phone's screen, the processor {effort.cpu_slowdown} times slower, "
        f"4G ({LATENCY_MS} ms, 8.1 Mbit/s); a first visit with a kept sign-in"
        f"{'' if effort.visits == 1 else f', median of {effort.visits}'}"
    )
    walk = "the longest of real taps and keys: table of months, sessions, older ones, a session's sheet, planes, back"
    measures: tuple[tuple[str, str, str, Callable[[Visit], float], float], ...] = (
        ("Largest contentful paint", "ms", "", lambda one: one.lcp_ms, 1.0),
        ("Time until the first screen is complete", "ms", "", lambda one: one.complete_ms, 1.0),
        ("Cumulative layout shift", "shift", "; over the visit and its taps", lambda one: one.cls, 0.001),
        ("Interaction to next paint", "ms", f"; {walk} (of the table: sorting it)", lambda one: one.inp_ms, 1.0),
    )
    for sessions, visit in ours.items():
        others = {} if sessions == smallest else {f"with {smallest:,} sessions": ours[smallest]}
        if sessions in table:
            others[TABLE] = table[sessions]
        for name, unit, how, value, resolution in measures:
            yield Figure(
                PART,
                f"{name}, {sessions:,} sessions",
                unit,
                value(visit),
                f"{conditions}{how}.",
                tuple(Alternative(other, value(one)) for other, one in others.items()),
                resolution=resolution,
            )


def _median(visits: list[Visit]) -> Visit:
    def of(value: Callable[[Visit], float]) -> float:
        return statistics.median(map(value, visits))

    return Visit(
        of(lambda one: one.lcp_ms), of(lambda one: one.complete_ms), of(lambda one: one.cls), of(lambda one: one.inp_ms)
    )


def _slow_down(cdp: CDPSession, effort: Effort) -> None:
    cdp.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MS,
            "downloadThroughput": DOWN_BYTES_PER_SECOND,
            "uploadThroughput": UP_BYTES_PER_SECOND,
        },
    )
    cdp.send("Emulation.setCPUThrottlingRate", {"rate": effort.cpu_slowdown})


def _visit_portal(browser: Browser, visitor: Visitor, effort: Effort) -> Visit:
    with _visit(browser, visitor, PHONE) as (page, cdp):
        _slow_down(cdp, effort)
        page.goto(f"{visitor.stack.url}/#/", wait_until="commit")
        page.wait_for_function(COMPLETE_ON_SCREEN, timeout=PATIENCE_MS)
        complete_ms = page.evaluate("() => performance.now()")
        page.wait_for_timeout(effort.settle_ms)
        _tap_through(page, effort)
        return _told(page, complete_ms)


def _tap_through(page: Page, effort: Effort) -> None:
    """What a person does who looks something up, with real taps and keys."""
    navigation = page.get_by_role("navigation")
    page.get_by_role("region", name="Hours per month").get_by_role("button").tap()
    navigation.get_by_role("link", name="Sessions").tap()
    rows = page.locator("tr.entry")
    rows.first.wait_for()
    older = page.get_by_role("button", name="Show older sessions")
    if older.is_visible():
        shown = rows.count()
        older.tap()
        page.wait_for_function("(shown) => document.querySelectorAll('tr.entry').length > shown", arg=shown)
    rows.first.get_by_role("button").first.tap()
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    navigation.get_by_role("link", name="Planes").tap()
    page.locator("main article, main li > .state").first.wait_for()
    navigation.get_by_role("link", name="Dashboard").tap()
    page.get_by_role("region", name="Hours per month").wait_for()
    page.wait_for_timeout(effort.settle_ms)


def _visit_table(browser: Browser, visitor: Visitor, effort: Effort) -> Visit:
    with _visit(browser, visitor, PHONE) as (page, cdp):
        _slow_down(cdp, effort)
        page.goto(visitor.stack.url + plain_pages.PATH, wait_until="commit")
        page.wait_for_function(plain_pages.COMPLETE, timeout=PATIENCE_MS)
        complete_ms = page.evaluate("() => performance.now()")
        page.wait_for_timeout(effort.settle_ms)
        page.get_by_role("button", name="Duration").tap()
        page.get_by_role("button", name="Start").tap()
        page.wait_for_timeout(effort.settle_ms)
        return _told(page, complete_ms)


def _told(page: Page, complete_ms: float) -> Visit:
    vitals = page.evaluate("() => vitals")
    inp_ms = max([SHORTEST_INTERACTION_MS, *vitals["interactions"].values()])
    return Visit(vitals["lcp"], complete_ms, vitals["cls"], inp_ms)


# Exports


def _exports(
    browser: Browser, effort: Effort, visitors: dict[int, Visitor], progress: Callable[[str], None]
) -> Iterator[Figure]:
    ours: dict[int, Export] = {}
    others: dict[int, dict[str, Export]] = {}
    first = effort.exports[0]
    for sessions in effort.exports:
        progress(f"Exporting {sessions:,} sessions")
        ours[sessions] = _export(browser, visitors[sessions], sessions)
        others[sessions] = {} if sessions == first else {f"of {first:,} sessions": ours[first]}
        # It holds every row at once, and with it the file: that is not tried where there are many more.
        if sessions <= effort.plain:
            progress(f"Exporting {sessions:,} sessions the plain way")
            others[sessions][ARRAY] = _export_plainly(browser, visitors[sessions], sessions)
    how = (
        "A CSV file of all sessions, from the click on the page's button to the finished file, without throttling; "
        f"the JavaScript heap looked at every {HEAP_EVERY_MS} ms, above what the page held before"
    )
    measures: tuple[tuple[str, str, Callable[[Export], float], float], ...] = (
        ("Time of", "s", lambda one: one.seconds, 0.001),
        ("Memory of", "MiB", lambda one: one.heap_bytes / MIB, 0.1),
        ("Longest time without an answer to the user in", "ms", lambda one: one.blocked_ms, 50.0),
    )
    for sessions, export in ours.items():
        for name, unit, value, resolution in measures:
            yield Figure(
                PART,
                f"{name} an export of {sessions:,} sessions",
                unit,
                value(export),
                f"{how}. Tasks under 50 ms count as none.",
                tuple(Alternative(other, value(one)) for other, one in others[sessions].items()),
                resolution=resolution,
            )


def _export(browser: Browser, visitor: Visitor, rows: int) -> Export:
    with _visit(browser, visitor, TALL) as (page, cdp):
        page.goto(f"{visitor.stack.url}/#/sessions?period=all")
        page.locator("tr.entry").first.wait_for()
        page.get_by_role("button", name="Export").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text(f"{rows:,} sessions").wait_for()
        files: list[Download] = []
        page.on("download", lambda file: files.append(file))

        def press() -> None:
            dialog.get_by_role("button", name="CSV").click()

        taken = _watched(page, cdp, press, lambda: bool(files))
        with files[0].path().open(encoding="utf-8") as file:
            found = sum(1 for _ in file) - 1
        if found != rows:
            raise RuntimeError(f"The export has {found:,} rows of {rows:,}.")
        return taken


def _export_plainly(browser: Browser, visitor: Visitor, rows: int) -> Export:
    with _visit(browser, visitor, TALL) as (page, cdp):
        page.goto(visitor.stack.url + plain_pages.EMPTY_PATH)

        def press() -> None:
            page.evaluate(plain_pages.EXPORT, visitor.settings)

        taken = _watched(page, cdp, press, lambda: page.evaluate("() => globalThis.exported !== undefined"))
        found = page.evaluate("() => globalThis.exported")
        if found != rows:
            raise RuntimeError(f"The plain export of {rows:,} rows ended with {found}.")
        return taken


def _watched(page: Page, cdp: CDPSession, press: Callable[[], None], is_done: Callable[[], bool]) -> Export:
    """The heap's greatest size above what was there before, and the longest task, from the press until it is done."""
    cdp.send("HeapProfiler.collectGarbage")
    before = cdp.send("Runtime.getHeapUsage")["usedSize"]
    page.evaluate("() => { vitals.blocked = 0; }")
    begin = time.perf_counter()
    press()
    peak = before
    while not is_done():
        peak = max(peak, cdp.send("Runtime.getHeapUsage")["usedSize"])
        page.wait_for_timeout(HEAP_EVERY_MS)
        if time.perf_counter() - begin > EXPORT_PATIENCE_SECONDS:
            raise RuntimeError("The export does not end.")
    seconds = time.perf_counter() - begin
    return Export(seconds, peak - before, page.evaluate("() => vitals.blocked"))
