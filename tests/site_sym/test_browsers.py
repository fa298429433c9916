"""The portal in Firefox and in WebKitGTK, as Debian has them: a pilot's visit, in one session of each."""

import contextlib
import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.site_sym.axe import AXE_RULES
from tests.site_sym.club import Club, message, now, report
from tests.site_sym.webdriver import Browser, firefox, webkit

Started = Callable[[Path], contextlib.AbstractContextManager[Browser]]

METER_SECONDS = 360_000
RUN_SECONDS = 5_400
TOTAL = "Total of 3 sessions: 4:30:00 · 4.5 h"
BACKGROUND = "return getComputedStyle(document.documentElement).backgroundColor"
CHART = """return [...document.querySelectorAll("svg[role=img]")].some((chart) => {
  const { width, height } = chart.getBoundingClientRect();
  return width > 200 && height > 50 && chart.querySelector("rect, path");
})"""


def two_planes(club: Club) -> str:
    """A plane with a meter that shows 100.0 h after three sessions, and one with a single session; the first's id."""
    planes = [club.add_plane(name) for name in ("D-EKLM", "D-EABC")]
    reading = {"plane_id": planes[0], "seconds": METER_SECONDS, "reason": "initial"}
    club.account.client.rpc("add_reading", reading).execute()
    for plane_id, count in zip(planes, (3, 1), strict=True):
        device_uuid = club.add_device("Panel box", plane_id)
        begin = now() - timedelta(days=2)
        report(club.stack, *(message(device_uuid, begin + timedelta(hours=2 * n), RUN_SECONDS) for n in range(count)))
    return planes[0]


def see_rows(browser: Browser, count: int) -> None:
    """Wait until so many sessions are listed."""
    opens = "(each) => words(each).startsWith('Open D-E')"
    browser.until(f"return all('main button', {opens}).length === arguments[0]", count)


@pytest.mark.parametrize(("started", "prints"), [(firefox, True), (webkit, False)], ids=["firefox", "webkit"])
def test_a_pilot_s_visit(club: Club, tmp_path: Path, started: Started, prints: bool) -> None:
    """Sign in, hours and chart, the log of one plane, a pilot's name, print, dark; silent console, nothing for axe."""
    plane_id = two_planes(club)

    with started(tmp_path) as browser:
        browser.visit(f"{club.stack.url}/#/sign-in")
        browser.fill("E-mail", club.account.email)
        browser.fill("Password", club.account.password)
        browser.click("Sign in")
        browser.until("return document.querySelector(\"main [role=img][aria-label='100.0 hours']\")")
        browser.until(CHART)
        dashboard = browser.violations(AXE_RULES)

        browser.go("#/sessions")
        see_rows(browser, 4)
        browser.select("Plane", "D-EABC")
        see_rows(browser, 1)
        browser.until("return location.hash.includes('plane=')")
        browser.click_first("Open D-EABC")
        browser.until("return document.querySelector('dialog[open] form')")
        browser.fill("Pilot", "Jürg Weiß")
        browser.click("Save")
        browser.until("return document.querySelector('dialog[open]') === null")
        rows = club.account.client.table("session_log").select("pilot").eq("registration", "D-EABC").execute().data

        browser.go(f"#/sessions/print?plane={plane_id}")
        browser.see(TOTAL)
        sheets = PdfReader(io.BytesIO(browser.print())).pages if prints else []
        printed = " ".join(" ".join(sheet.extract_text() for sheet in sheets).split())

        browser.go("#/settings")
        browser.check("Light")
        light = browser.until(BACKGROUND)
        browser.check("Dark")
        dark = browser.until(f"{BACKGROUND} !== {light!r} && {BACKGROUND.removeprefix('return')}")
        browser.go("#/sessions")
        see_rows(browser, 1)  # the filter is kept
        log_in_the_dark = browser.violations(AXE_RULES)
        faults = browser.faults()

    assert [{"pilot": "Jürg Weiß"}] == rows
    # A figure that a font's feature has made has no text in Firefox's PDF.
    assert ("signature" in printed) == prints
    assert "Skip to the page" not in printed
    assert "Dashboard" not in printed
    assert light != dark
    assert [] == dashboard
    assert [] == log_in_the_dark
    assert [] == faults
