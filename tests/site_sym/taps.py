"""What a person taps or clicks, counted."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page


class Taps:
    """A finger on a page, or a mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    def tap(self, role: Any, name: str | re.Pattern[str], *, exact: bool = False) -> None:
        """Tap a button or a link."""
        self.tap_in(self.page, role, name, exact=exact)

    def tap_in(self, place: Page | Locator, role: Any, name: str | re.Pattern[str], *, exact: bool = False) -> None:
        """Tap a button or a link in a part of the page."""
        place.get_by_role(role, name=name, exact=exact).click()
        self.count += 1

    def choose(self, path: Path) -> None:
        """Tap the page's button, then the file in the system's dialog."""
        with self.page.expect_file_chooser() as chooser:
            self.tap("button", re.compile("^Choose (a|another) file$"))
        chooser.value.set_files(path)
        self.count += 1
