"""Under a browser's translator, which replaces text nodes by elements: figures stay, and what changes is seen."""

from datetime import timedelta

from playwright.sync_api import Page, expect

from tests.site_sym.club import Club, message, now, report

# What Google's does: each text node gives way to two nested <font>, now and whenever there is a new text.
TRANSLATE = """() => {
  const skipped = "script, style, noscript, [translate=no], .notranslate, font";
  const translate = (text) => {
    if (!text.isConnected || text.data.trim() === "" || text.parentElement?.closest(skipped)) return;
    const outer = document.createElement("font");
    const inner = outer.appendChild(document.createElement("font"));
    inner.textContent = `⟦${text.data}⟧`;
    text.replaceWith(outer);
  };
  const within = (node) => {
    if (node instanceof Text) return [node];
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) found.push(walker.currentNode);
    return found;
  };
  within(document.body).forEach(translate);
  const observer = new MutationObserver((records) => {
    for (const { type, target, addedNodes } of records) {
      if (type === "characterData") translate(target);
      for (const node of addedNodes) within(node).forEach(translate);
    }
  });
  observer.observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


def test_drum_and_sentence_agree_after_an_update(page: Page, club: Club) -> None:
    """A session arrives while the page is translated: drum and sentence say the same, and no figure was touched."""
    plane_id = club.add_plane("D-EKLM")
    device_uuid = club.add_device("Panel box 2", plane_id)
    report(club.stack, message(device_uuid, now() - timedelta(days=40), 3600))
    page.clock.install()
    club.open(page, f"#/planes/{plane_id}")
    expect(page.get_by_text("1.0 h counted in 1 session")).to_be_visible()
    page.evaluate(TRANSLATE)
    expect(page.get_by_text("⟦1.0 h counted in 1 session")).to_be_visible()

    report(club.stack, message(device_uuid, now() - timedelta(hours=2), 5400))
    page.clock.run_for(61_000)

    hours = page.get_by_role("region", name="Hours now")
    expect(hours.get_by_role("img", name="2.5 hours")).to_be_visible()
    expect(hours).to_contain_text("⟦2.5 h counted in 2 sessions")
    expect(hours).not_to_contain_text("1.0 h counted")
    assert "D-EKLM" == page.get_by_role("heading", level=1).inner_text()
    for figures in (page.locator(".drums"), page.locator("span.state"), page.locator("tbody"), page.locator(".figure")):
        assert "⟦" not in "".join(figures.all_inner_texts())
