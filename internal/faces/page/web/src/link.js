// The head of the page of one link: its destination, which can be changed, and its details.
import { useState } from "preact/hooks";
import { html, api, means, copy } from "./lib.js";
import { Share } from "./share.js";

/** A text that is edited in place. */
export function Edit({ label, value, save, multiline, placeholder }) {
  const [text, setText] = useState(null), [error, setError] = useState(""), [busy, setBusy] = useState(false);
  const done = async (e) => {
    e.preventDefault();
    setBusy(true);
    try { await save(text); setText(null); setError(""); } catch (err) { setError(means(err.message)); }
    setBusy(false);
  };
  if (text === null) return html`<button type="button" class="edit" title=${"Edit " + label} onClick=${() => setText(value)}>${value || html`<span class="quiet">${placeholder}</span>`}</button>`;
  return html`<form class="editing" onSubmit=${done} onKeyDown=${(e) => e.key === "Escape" && (e.stopPropagation(), setText(null), setError(""))}>
    <input aria-label=${label} value=${text} onInput=${(e) => setText(e.target.value)} aria-invalid=${error !== ""} aria-describedby=${error ? "e-" + label : undefined} ref=${(e) => e && !e.dataset.seen && ((e.dataset.seen = 1), e.focus())}/>
    <button type="submit" disabled=${busy}>Save</button><button type="button" class="plain" onClick=${() => { setText(null); setError(""); }}>Cancel</button>
    ${error && html`<p class="wrong" role="alert" id=${"e-" + label}>${error}</p>`}</form>`;
}

/** Changes a link through the API. */
export const change = (link, edits) => api("user/link_edit", { link, edit: Object.keys(edits).join(","), ...edits }, true);

export function Copy({ text }) {
  const [done, setDone] = useState(false);
  return html`<button type="button" class="small" onClick=${() => copy(text).then(() => setDone(true))}>${done ? "Copied" : "Copy"}</button>`;
}

export function LinkHead({ link: l, view, reload }) {
  const short = l.keyword_link || l.link;
  const set = (name) => async (text) => { await change(l.link, { [name]: text }); await reload(); };
  const changes = l.changes ?? [], name = short.replace(/^https?:\/\//, ""), path = new URL(short).pathname; // this server has all its domains
  const title = html`<${Edit} label="title" value=${l.title} placeholder="Add a title" save=${set("title")}/>`;
  return html`<section class="panel linkhead" aria-labelledby="h-link"><div class=${l.title ? "" : "untitled"}><h1 id="h-link">${l.title ? title : html`<a href=${short}>${name}</a>`}</h1>
      <p class="short">${l.title && html`<a href=${short}>${name}</a> `}<${Copy} text=${short}/>${l.private && html` <span class="pill">private</span>`}${l.archived && html` <span class="pill">archived</span>`}</p>
      <dl><div class="all"><dt>Leads to</dt><dd><${Edit} label="destination" value=${l.long_url} save=${set("long_url")}/></dd></div>
        ${!l.title && html`<div><dt>Title</dt><dd>${title}</dd></div>`}<div><dt>Note</dt><dd><${Edit} label="note" value=${l.note} placeholder="Add a note" save=${set("note")}/></dd></div>
        <div><dt>Tags</dt><dd><${Edit} label="tags" value=${(l.tags ?? []).join(", ")} placeholder="Add tags" save=${set("tags")}/></dd></div>
        <div><dt>Ends</dt><dd><${Edit} label="end" value=${l.expires ? new Date(l.expires * 1000).toISOString().slice(0, 16) : ""} placeholder="Never" save=${(t) => set("expires")(t || "never")}/></dd></div>
        <div><dt>Made</dt><dd>${new Date(l.created_at * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })}</dd></div></dl>
      ${changes.length > 0 && html`<details><summary>${changes.length === 1 ? "1 earlier destination" : changes.length + " earlier destinations"}</summary><ol class="history">${changes.map((c) => html`<li><span>${new Date(c.at * 1000).toLocaleString()}</span> ${c.from} <button type="button" class="small" onClick=${() => set("long_url")(c.from)}>Lead there again</button></li>`)}</ol></details>`}
      <${Share} of=${{ link: l.link }}/>
    </div><div class="qr"><img src=${path + ".qrcode?format=svg"} alt=${"QR code of " + short} width="132" height="132" loading="lazy"/><p><a href=${path + ".qrcode?format=svg"} download="qr.svg">SVG</a> <a href=${path + ".qrcode?format=png&size=1024"} download="qr.png">PNG</a></p></div></section>`;
}
