// Keyboard shortcuts, and the sheet that lists them.
import { useEffect, useRef } from "preact/hooks";
import { html, render } from "./lib.js";

const names = { ArrowLeft: "\u2190", ArrowRight: "\u2192", Escape: "Esc" };

function Sheet({ keys, also, close }) {
  const dialog = useRef();
  useEffect(() => dialog.current.showModal(), []);
  return html`<dialog ref=${dialog} aria-labelledby="keys-title" onClose=${close}><div class="dialog"><header><h2 id="keys-title">Shortcuts</h2><button type="button" class="close" aria-label="Close" onClick=${() => dialog.current.close()}>\u00d7</button></header>
    <dl class="shortcuts">${Object.entries(keys).map(([k, [what]]) => html`<div><dt><kbd>${names[k] ?? k}</kbd></dt><dd>${what}</dd></div>`)}${also.map(([k, what]) => html`<div><dt><kbd>${k}</kbd></dt><dd>${what}</dd></div>`)}<div><dt><kbd>?</kbd></dt><dd>This list</dd></div></dl></div></dialog>`;
}

/** Listens to keys outside of fields: each has a name and a function. The sheet lists also others. */
export function shortcuts(keys, also = []) {
  addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || e.target.closest("input, select, textarea, dialog, details[open]")) return;
    if (e.key === "?") {
      const at = document.createElement("div");
      document.body.append(at);
      render(html`<${Sheet} keys=${keys} also=${also} close=${() => { render(null, at); at.remove(); }}/>`, at);
    } else if (keys[e.key] && !(e.key === "Enter" || e.key === " ")) keys[e.key][1]();
  });
}
