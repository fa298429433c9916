/** What a browser's translator put in the place of a text, and what the text was. */
interface StandIn {
  element: Element;
  text: Text;
  original: string;
}

/**
 * Keeps the page true under a browser's translator, which takes text nodes out and puts <font> elements in their place:
 * what the page writes into its own nodes afterwards would be seen by nobody. Each text goes back, empty, behind its
 * translation. When the page changes or removes it, the translation goes, and the translator translates the new text.
 *
 * @param root what is looked after
 * @returns ends it
 */
export function surviveTranslation(root: Node): () => void {
  const byText = new WeakMap<Text, StandIn>();
  const byElement = new WeakMap<Node, StandIn>();

  function forget(standIn: StandIn): void {
    byText.delete(standIn.text);
    byElement.delete(standIn.element);
    standIn.element.remove();
  }

  function leave(text: Text, element: Element): void {
    const standIn = { element, text, original: text.data };
    byText.set(text, standIn);
    byElement.set(element, standIn);
    element.after(text);
    text.data = "";
  }

  function follow({ target, type, removedNodes, addedNodes, previousSibling }: MutationRecord): void {
    if (type === "characterData") {
      const standIn = byText.get(target as Text);
      if (standIn) forget(standIn);
      return;
    }
    for (const node of removedNodes) {
      const translated = byElement.get(node);
      if (translated && !node.isConnected) {
        // The translator shows the original again.
        forget(translated);
        if (translated.text.data === "") translated.text.data = translated.original;
      } else if (node instanceof Text && !node.isConnected) {
        const standIn = byText.get(node);
        if (standIn) forget(standIn);
        else {
          const font = [...addedNodes, previousSibling].find((other) => other instanceof Element && other.localName === "font");
          if (font instanceof Element && font.isConnected && !byElement.has(font) && node.data.trim() !== "") leave(node, font);
        }
      }
    }
  }

  const observer = new MutationObserver((records) => {
    for (const record of records) follow(record);
    // Of these, only what was done here is left.
    observer.takeRecords();
  });
  observer.observe(root, { childList: true, subtree: true, characterData: true });
  return () => observer.disconnect();
}
