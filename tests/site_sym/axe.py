"""axe-core, which looks for what keeps people from using a page, and what it is asked for."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "site_sym" / "node_modules" / "axe-core" / "axe.min.js"
AXE_RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# Themes differ in their colours alone, and these are the rules that look at colours.
AXE_COLOUR_RULES = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}

# A dialog fades in: until it has, its text has less contrast than it will have.
AT_REST = """() => Promise.allSettled(document.getAnimations()
  .filter(({ effect }) => effect.getComputedTiming().endTime !== Infinity)
  .map(({ finished }) => finished))"""


# Only what is wrong is worked out and told: what passes is a hundred times as much.
FIND = """async (runOnly) => {
  const { violations } = await axe.run(document, { runOnly, resultTypes: ["violations"], selectors: false });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}"""


def violations(page: Page, rules: dict[str, Any] = AXE_RULES) -> list[str]:
    """What axe finds on the page at rest; its source is evaluated by the debugger, which no content policy stops."""
    page.evaluate(AT_REST)
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(FIND, rules)
    return found
