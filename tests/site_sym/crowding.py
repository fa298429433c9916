"""What stands in the way of what on a page: text out of its box or over other text, controls that cannot be reached."""

from playwright.sync_api import Page

from tests.site_sym.axe import AT_REST

# Answers one line of text for each fault: how many pixels, and of which elements.
_FIND = """() => {
  const SLACK_PX = 1.5;
  const CONTROLS = "a[href], button, input, select, textarea, summary";
  const root = document.documentElement;
  const found = new Set();
  const note = (px, what) => found.add(`${Math.round(px)} px: ${what}`);

  const styles = new Map();
  const styleOf = (element) => {
    if (!styles.has(element)) styles.set(element, getComputedStyle(element));
    return styles.get(element);
  };
  const within = function* (element) {
    for (let at = element; at && at !== document.body; at = at.parentElement) yield at;
  };
  const isHidden = (element) => [...within(element)].some((at) => {
    const { clipPath, visibility, opacity } = styleOf(at);
    return clipPath !== "none" || visibility === "hidden" || opacity === "0";
  });
  const nameOf = (element) => {
    const place = [...within(element)].slice(0, 3).reverse().map(({ localName, classList }) =>
      [localName, ...[...classList].filter((name) => !name.startsWith("svelte-"))].join("."));
    const words = (element.getAttribute("aria-label") ?? element.textContent ?? "").trim().replace(/\\s+/g, " ");
    return `${place.join(" > ")} “${words.slice(0, 40)}”`;
  };
  const isClear = (color) => /^rgba\\(.*, 0\\)$|\\/ 0\\)$/.test(color);
  const overlap = (one, other) => Math.min(
    Math.min(one.right, other.right) - Math.max(one.left, other.left),
    Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top),
  );

  if (root.scrollWidth > root.clientWidth) note(root.scrollWidth - root.clientWidth, "the page scrolls sideways");

  // Each line of text, without what scrolls or ends in dots on purpose.
  const lines = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (walker.nextNode()) {
    const text = walker.currentNode;
    const element = text.parentElement;
    if (text.data.trim() === "" || !element.getClientRects().length || isHidden(element)) continue;
    if (element.closest("option, noscript")) continue;
    const around = [...within(element)];
    const end = around.findIndex((at) => styleOf(at).position === "fixed" || at.localName === "dialog");
    const layer = around[end] ?? null;
    const boxes = (end < 0 ? around : around.slice(0, end + 1)).filter((at) =>
      !["inline", "contents"].includes(styleOf(at).display) && (!(at instanceof SVGElement) || at.localName === "svg"));
    range.selectNodeContents(text);
    for (const { left, right, top, bottom, width, height } of range.getClientRects()) {
      if (width < 1) continue;
      // The letters themselves, without the room above and below them.
      const line = { text, element, layer, left, right, top: top + height * 0.16, bottom: bottom - height * 0.16 };
      let [mayEndX, mayEndY, worst, outOf] = [false, false, SLACK_PX, null];
      for (const at of boxes) {
        const style = styleOf(at);
        const box = at.getBoundingClientRect();
        const cutsX = style.overflowX !== "visible";
        const cutsY = style.overflowY !== "visible";
        const isEdged = parseFloat(style.borderLeftWidth) > 0 && !isClear(style.borderLeftColor);
        const isBox = cutsX || cutsY || isEdged || !isClear(style.backgroundColor) || at.matches("a, button, label");
        if (!isBox) continue;
        const scrollsX = /auto|scroll/.test(style.overflowX) || (cutsX && style.textOverflow === "ellipsis");
        const scrollsY = /auto|scroll/.test(style.overflowY);
        const beyondX = mayEndX || scrollsX ? 0 : Math.max(line.right - box.right, box.left - line.left);
        const beyondY = mayEndY || scrollsY ? 0 : Math.max(line.bottom - box.bottom, box.top - line.top);
        if (Math.max(beyondX, beyondY) > worst) [worst, outOf] = [Math.max(beyondX, beyondY), nameOf(at)];
        mayEndX ||= scrollsX;
        mayEndY ||= scrollsY;
        if (cutsX) Object.assign(line, { left: Math.max(line.left, box.left), right: Math.min(line.right, box.right) });
        if (cutsY) Object.assign(line, { top: Math.max(line.top, box.top), bottom: Math.min(line.bottom, box.bottom) });
      }
      const beyondScreen = mayEndX ? 0 : Math.max(line.right - root.clientWidth, -line.left);
      if (beyondScreen > worst) [worst, outOf] = [beyondScreen, "the screen"];
      if (outOf !== null) note(worst, `${nameOf(element)} spills out of ${outOf}`);
      if (line.right - line.left > 1 && line.bottom - line.top > 1) lines.push(line);
    }
  }
  lines.sort((one, other) => one.top - other.top);
  lines.forEach((line, i) => {
    for (let j = i + 1; j < lines.length && lines[j].top < line.bottom; j++) {
      const other = lines[j];
      if (line.layer !== other.layer || line.text === other.text) continue;
      const px = overlap(line, other);
      if (px > SLACK_PX) note(px, `${nameOf(line.element)} stands over ${nameOf(other.element)}`);
    }
  });

  const modal = document.querySelector("dialog[open]");
  const controls = [...(modal ?? document).querySelectorAll(CONTROLS)].filter((control) =>
    control.getClientRects().length && !control.disabled && !control.matches(".skip"));
  const layerOf = (control) => [...within(control)].find((at) => /fixed|sticky/.test(styleOf(at).position)) ?? null;
  const placed = controls.filter((control) => !isHidden(control)).map((control) =>
    ({ control, layer: layerOf(control), box: control.getClientRects()[0] }));
  placed.forEach(({ control, layer, box }, i) => {
    for (const other of placed.slice(i + 1)) {
      if (layer !== other.layer || control.contains(other.control)) continue;
      const px = overlap(box, other.box);
      if (px > SLACK_PX) note(px, `${nameOf(control)} stands over ${nameOf(other.control)}`);
    }
  });

  for (const control of controls) {
    let { left, top, width, height } = control.getClientRects()[0];
    const isInView = left >= 0 && left + width <= innerWidth;
    if (!isInView || Math.abs(top + height / 2 - innerHeight / 2) > innerHeight / 8) {
      control.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
      ({ left, top, width, height } = control.getClientRects()[0]);
    }
    const hit = document.elementFromPoint(left + width / 2, top + height / 2);
    const labels = [...(control.labels ?? [])];
    const isReached = [control, ...labels].some((part) => part.contains(hit)) || hit?.contains(control);
    if (!isReached) note(0, `${nameOf(control)} is covered by ${hit === null ? "the screen's edge" : nameOf(hit)}`);
  }
  scrollTo(0, 0);
  return [...found];
}"""

# A browser that has much to do shows the new size some frames later.
_FOLLOW = """async ([width, height, letters]) => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  document.documentElement.style.fontSize = `${letters}%`;
  while (innerWidth !== width || innerHeight !== height) await frame();
  await frame();
  await frame();
}"""


def resize(page: Page, width: int, height: int, letters: int) -> None:
    """Make the screen so large, and the root's letters so many percent, and let the page follow and come to rest."""
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(_FOLLOW, [width, height, letters])
    page.evaluate(AT_REST)


def find_crowding(page: Page) -> list[str]:
    """The faults of the page as it is now, each with its pixels and elements: the page scrolls sideways, a text is out
    of its visible box (unless that scrolls or ends in dots) or over another text, a control is over another one, or its
    middle is covered once it has been scrolled to the middle of the screen.
    """
    found: list[str] = page.evaluate(_FIND)
    return found
