// The filter of a view: people or bots, links and tags.
import { useEffect, useRef, useState } from "preact/hooks";
import { html, api, count } from "./lib.js";

const visitors = { both: "People and bots", off: "People", on: "Bots" };

/** What a click or a key means on something that filters: with Shift it adds to the filter. */
export const filtering = (only, add) => ({
  onClick: (e) => (e.shiftKey ? add : only)(),
  onKeyDown: (e) => { if (e.key === "Enter" && e.shiftKey) { e.preventDefault(); add(); } },
});

/** The links and tags that a text finds. */
async function search(text) {
  const tag = text.replace(/^#/, "");
  const [links, tagged, named] = await Promise.all([ // a text may be found in a link, or be a tag, or the name of a link
    api("user/link_history", { limit: 8, archived: "both", ...(tag ? { query: tag } : {}) }),
    tag ? api("user/link_history", { limit: 1, archived: "both", tag }).catch(() => null) : null,
    /^[^#\s]+$/.test(text) ? api("user/link_history", { link: text }).catch(() => null) : null,
  ]);
  const list = [...(named?.link_history ?? []), ...links.link_history].filter((l, i, all) => all.findIndex((o) => o.link === l.link) === i);
  const tags = new Set(list.flatMap((l) => l.tags ?? []).filter((t) => t.includes(tag.toLowerCase())));
  if (tagged?.result_count > 0) tags.add(tagged.link_history[0].tags.find((t) => t.toLowerCase() === tag.toLowerCase()) ?? tag);
  return { links: text.startsWith("#") ? [] : list, tags: [...tags].slice(0, 8) };
}

function Search({ view, go, close, open }) {
  const [text, setText] = useState(""), [found, setFound] = useState(null), [problem, setProblem] = useState(""), timer = useRef(), latest = useRef(0);
  const ask = (s) => {
    const mine = ++latest.current;
    search(s).then((f) => { if (mine === latest.current) { setFound(f); setProblem(""); } }, (e) => { if (mine === latest.current) setProblem(e.message); });
  };
  useEffect(() => { if (open && !found) ask(""); return () => clearTimeout(timer.current); }, [open]);
  const typed = (e) => { const s = e.target.value.trim(); setText(e.target.value); clearTimeout(timer.current); timer.current = setTimeout(() => ask(s), 150); };
  const pick = (name, value, adding) => {
    const q = new URLSearchParams(view.query.slice(1));
    if (!adding) { q.delete("link"); q.delete("tag"); }
    if (!q.getAll(name).includes(value)) q.append(name, value);
    close();
    setText(""); setFound(null);
    go("?" + q);
  };
  const some = view.filters.links.length + view.filters.tags.length > 0;
  const item = (name, value, label, sub) => html`<li key=${name + value}><button type="button" ...${filtering(() => pick(name, value, false), () => pick(name, value, true))}>${label}${sub && html` <span class="quiet">${sub}</span>`}</button>
    ${some && html`<button type="button" class="small" aria-label=${"Add " + label + " to the filter"} onClick=${() => pick(name, value, true)}>Add</button>`}</li>`;
  const short = (l) => (l.keyword_link || l.link).replace(/^https?:\/\//, "");
  return html`<p><label for="find">Only a link or a tag</label></p><input type="search" id="find" placeholder="Title, address or #tag" autocomplete="off" value=${text} onInput=${typed}/>
    ${problem ? html`<p class="wrong" role="alert">The links cannot be searched at the moment.</p>`
      : found && html`<ul>${found.tags.map((t) => item("tag", t, "#" + t))}${found.links.map((l) => item("link", l.link.replace(/^https?:\/\//, ""), l.title || short(l), l.title ? short(l) : (l.long_url ?? "").replace(/^https?:\/\//, "")))}</ul>
      ${found.links.length + found.tags.length === 0 ? html`<p class="quiet">No link is like this.</p>` : html`<p class="quiet"><kbd>Shift</kbd> adds to the filter.</p>`}`}`;
}

/** The sheet of the filter. */
export function Filters({ view, go, close, open }) {
  const f = view.filters;
  return html`<div class="filters"><div class="group" role="group" aria-label="Whose clicks">${f.visitors.map((c) => html`<button type="button" aria-pressed=${c.bots === f.bots} onClick=${() => { close(); go(c.query); }}>${visitors[c.bots]}</button>`)}</div>
    ${view.page !== "link" && html`<${Search} view=${view} go=${go} close=${close} open=${open}/>`}</div>`;
}

/** How many filters a view has. */
export const filters = (view) => (view.filters.bots === "both" ? 0 : 1) + (view.page === "link" ? 0 : view.filters.links.length) + view.filters.tags.length;

/** The parts of the filter, each of which can be removed. */
export function Chips({ view, go }) {
  if (view.share || filters(view) === 0) return null;
  const f = view.filters;
  const chip = (text, name, query) => html`<a class="pill" key=${query} href=${query} aria-label=${"Remove the filter " + name} onClick=${(e) => { e.preventDefault(); go(query); }}>${text} <span aria-hidden="true">\u00d7</span></a>`;
  const q = new URLSearchParams(view.query.slice(1));
  for (const name of ["link", "tag", "bots"]) q.delete(name);
  return html`<div class="chips"><div class="inner"><span>Only</span>${f.bots !== "both" && chip(visitors[f.bots], visitors[f.bots].toLowerCase(), f.visitors[0].query)}
    ${view.page !== "link" && f.links.map((l) => chip(l.title || l.name, l.name, l.without))}${f.tags.map((t) => chip("#" + t.tag, t.tag, t.without))}
    ${filters(view) > 1 && html`<a href=${"?" + q} onClick=${(e) => { e.preventDefault(); go("?" + q); }}>Remove all ${count(filters(view))}</a>`}</div></div>`;
}
