/* Builds the page out of nodes: whatever a server says becomes text, never markup. */

const COPIED_FOR = 2000; // milliseconds

/** Return an element. An attribute `on…` is a listener; one that is false or null is left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) {
      node.addEventListener(name.slice(2), value);
    } else if (value !== false && value !== null && value !== undefined) {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  node.append(...children.flat(Infinity).filter((child) => child || child === 0));
  return node;
}

/** Return the paragraphs and lists of a text: of Markdown, these and `code` are all we write. */
export function prose(text = "") {
  return text
    .split(/\n{2,}/)
    .filter(Boolean)
    .map((block) => {
      const lines = block.split("\n");
      return lines.every((line) => line.startsWith("- "))
        ? el(
            "ul",
            {},
            lines.map((line) => el("li", {}, inline(line.slice(2)))),
          )
        : el("p", {}, inline(block));
    });
}

export function inline(text) {
  return text.split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part));
}

/** Return a text to copy, as it is. `node.write(text)` makes it another one. */
export function codeBlock(label, text = "") {
  const code = el("code", {}, text);
  const pre = el("pre", { tabindex: 0, role: "group", "aria-label": label }, code);
  const button = el(
    "button",
    { type: "button", class: "copy", "aria-live": "polite", onclick: () => copy(code, button) },
    "Copy",
  );
  const node = el("div", { class: "code" }, button, pre);
  node.write = (other) => code.replaceChildren(other);
  return node;
}

async function copy(code, button) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {
    // Browsers keep the clipboard from pages that come without TLS.
    getSelection().selectAllChildren(code);
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), COPIED_FOR);
}
