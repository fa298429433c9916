"""Debian's Chromium, driven by Playwright: nothing is downloaded, and it asks nobody but the page's own server."""

import os
import shutil

from playwright.sync_api import Browser, Playwright

MISSING = "Chromium is missing: apt-get install chromium-headless-shell, or chromium where there is no such package"
# The shell is the same engine without the window around it, for a third less work.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def find_chromium() -> str | None:
    """Path of the installed browser; None: say `MISSING`."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


def launch(playwright: Playwright, path: str) -> Browser:
    """Start it without a window; the caller closes it."""
    options = [*_OPTIONS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return playwright.chromium.launch(executable_path=path, args=options)
