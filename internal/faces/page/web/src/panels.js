// Lists of clicks by a value, the calls of the API that have them, and what can be saved.
import { Fragment } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { html, count, percent, change, country, ask, means, copy } from "./lib.js";
import { filtering } from "./filter.js";
import { Spark } from "./spark.js";

export const titles = {
  countries: ["Countries", "Country"], regions: ["Regions", "Region"], cities: ["Cities", "City"], links: ["Links", "Link"],
  referrers: ["Pages", "Page"], domains: ["Referrers", "Site"], devices: ["Devices", "Device"], browsers: ["Browsers", "Browser"],
  systems: ["Systems", "System"], sources: ["QR codes", "Came by"], bots: ["Bots", "Bot"],
};

const words = { unknown: "Unknown", other: "Other", direct: "Direct, no referrer", desktop: "Desktop", mobile: "Mobile", tablet: "Tablet", tv: "Television", qr: "QR code", link: "Link" };

/** What a row is called. */
export function label(id, r) {
  if (r.kind === "unknown" || r.name === "unknown") return id === "cities" || id === "regions" ? "Unknown" : words.unknown;
  if (r.kind === "other") return words.other;
  if (r.kind === "direct") return words.direct;
  if (id === "countries") return country(r.name);
  if (id === "devices" || id === "sources") return words[r.name] ?? r.name;
  return r.name;
}

/** What is written below or after the name. */
function detail(id, r) {
  if (!r.detail) return "";
  if (id !== "cities" && id !== "regions") return r.detail;
  return r.detail.split(", ").map((d, i, all) => (i === all.length - 1 ? country(d) : d)).join(", ");
}

function Name({ id, r, go }) {
  const name = label(id, r);
  return html`${id === "countries" && html`<span class="chip" aria-hidden="true">${r.kind ? "\u2013" : r.name}</span>`}
    ${r.href ? html`<a class="two" href=${"/-/" + r.href}>${(r.detail || name).replace(/^https?:\/\//, "")}</a><span class="sub two">${name}</span>`
      : r.url ? html`<a href=${r.url} rel="noreferrer noopener" target="_blank">${name}</a>` : name}
    ${!r.href && detail(id, r) && html` <span class="sub">${detail(id, r)}</span>`}
    ${r.query && html` <button type="button" class="filter" title="Show only this link; Shift adds it to the filter" aria-label=${"Show only " + name} ...${filtering(() => go(r.query), () => go(r.add))}>only</button>`}`;
}

/** Whether a row is for what is unknown, or named nowhere: it stands last, and has no bar. */
const rest = (r) => r.kind === "unknown" || r.kind === "other";

/** The pages below a site. Of addresses there only the path is written, and the other scheme. */
function Pages({ site, panel, compared, most, all }) {
  const path = (p) => {
    const scheme = /^https?:\/\//.exec(p.name)?.[0];
    if (!scheme || !p.name.startsWith(scheme + site.name + "/")) return p.name;
    return html`${p.name.slice((scheme + site.name).length)}${site.url?.startsWith(scheme) ? "" : html` <span class="sub">${scheme.slice(0, -3)}</span>`}`;
  }, more = site.morePages;
  return html`${site.pages.map((p) => html`<tr key=${site.key + "\n" + p.key} class="below"><th scope="row" title=${p.name}><i class="share" ref=${(e) => e && (e.style.width = (100 * p.clicks) / most + "%")}></i>${p.url ? html`<a href=${p.url} rel="noreferrer noopener" target="_blank">${path(p)}</a>` : label("referrers", p)}</th>
      <td>${count(p.clicks)}</td><td class="dim">${percent(p.clicks, panel.clicks)}</td>${compared && html`<td class="dim">${change(p.clicks, p.previous)}</td>`}</tr>`)}
    ${more && html`<tr key=${site.key + "\nmore"} class="below more"><th scope="row">${more.rows > 0 ? html`<button type="button" onClick=${() => all(site.name)}>${panel.pagesAll >= 1000 ? "at least " : ""}${count(more.rows)} more ${more.rows === 1 ? "page" : "pages"}</button>` : "Pages that are not listed"}</th>
      <td>${count(more.clicks)}</td><td class="dim">${percent(more.clicks, panel.clicks)}</td>${compared && html`<td></td>`}</tr>`}`;
}

export function Rows({ id, panel, rows, compared, hot, setHot, go, all, first = [] }) {
  const most = Math.max(1, ...panel.rows.map((r) => r.clicks)), [open, setOpen] = useState(new Set(first));
  const toggle = (key) => setOpen((o) => { const n = new Set(o); n.delete(key) || n.add(key); return n; });
  return rows.map((r) => html`<${Fragment} key=${r.key}><tr class=${hot === r.key ? "hot" : ""} onPointerEnter=${setHot && (() => setHot(r.kind ? "" : r.key))} onPointerLeave=${setHot && (() => setHot(""))}>
    <th scope="row">${rest(r) ? "" : html`<i class="share" ref=${(e) => e && (e.style.width = (100 * r.clicks) / most + "%")}></i>`}${r.pages && html`<button type="button" class="toggle" aria-expanded=${open.has(r.key)} aria-label=${"Pages of " + label(id, r)} onClick=${() => toggle(r.key)}>\u25b8</button>`}${!r.pages && id === "domains" && html`<i class="toggle"></i>`}<${Name} id=${id} r=${r} go=${go}/>${r.spark && html`<${Spark} clicks=${r.spark}/>`}</th>
    <td>${count(r.clicks)}</td><td class="dim">${percent(r.clicks, panel.clicks)}</td>${compared && html`<td class="dim">${change(r.clicks, r.previous)}</td>`}</tr>
    ${r.pages && open.has(r.key) && html`<${Pages} site=${r} panel=${panel} compared=${compared} most=${most} all=${all}/>`}<//>`);
}

/** All rows of a panel, to search and to sort. They begin with the pages of a site if one is named. */
function AllRows({ id, view, close, go, site }) {
  const dialog = useRef(), [panel, setPanel] = useState(null), [error, setError] = useState(""), [find, setFind] = useState(site), [sort, setSort] = useState("clicks");
  const compared = view.compare.kind !== "none";
  useEffect(() => {
    dialog.current.showModal();
    const path = view.share ?? "/-/", q = new URLSearchParams(view.query.slice(1));
    q.set("panel", id);
    if (view.page === "link" && !view.share) q.set("link", view.filters.links[0]?.link ?? view.link.link); // the path names it, and not the query
    ask(path + "rows?" + q).then(setPanel, (e) => setError(e.message));
  }, []);
  const has = (r) => (label(id, r) + " " + detail(id, r) + " " + r.name).toLowerCase().includes(find.toLowerCase()) || r.pages?.some((p) => p.name.toLowerCase().includes(find.toLowerCase()));
  const found = [...(panel?.rows ?? []), ...(panel?.rest ?? [])].filter(has);
  const by = { clicks: (a, b) => b.clicks - a.clicks, name: (a, b) => label(id, a).localeCompare(label(id, b)), change: (a, b) => (b.clicks - (b.previous ?? 0)) - (a.clicks - (a.previous ?? 0)) };
  const rows = found.sort((a, b) => (sort === "name" ? 0 : rest(a) - rest(b)) || by[sort](a, b));
  const head = (key, text) => html`<th scope="col" aria-sort=${sort === key ? (key === "name" ? "ascending" : "descending") : "none"}><button type="button" onClick=${() => setSort(key)}>${text}${sort === key ? (key === "name" ? " \u2191" : " \u2193") : ""}</button></th>`;
  return html`<dialog ref=${dialog} aria-labelledby="all-title" onClose=${close} onClick=${(e) => e.target === dialog.current && dialog.current.close()}>
    <div class="dialog"><header><h2 id="all-title">${titles[id][0]}</h2><input type="search" aria-label="Search these rows" placeholder="Search" value=${find} onInput=${(e) => setFind(e.target.value)}/><button type="button" class="close" aria-label="Close" onClick=${() => dialog.current.close()}>\u00d7</button></header>
    ${error ? html`<p role="alert">${means(error)}</p>` : !panel ? html`<p class="quiet">Asking\u2026</p>` : html`<div class="scroll" tabindex="0" role="region" aria-label="All rows"><table class="rows"><thead><tr>${head("name", titles[id][1])}${head("clicks", "Clicks")}<th scope="col">Share</th>${compared && head("change", "Change")}</tr></thead>
      <tbody><${Rows} id=${id} panel=${panel} rows=${rows} compared=${compared} first=${[site]} go=${(q) => { dialog.current.close(); go(q); }}/></tbody></table></div>
      <p class="quiet">${count(rows.length)} of ${panel.more?.rows || panel.all >= 1000 ? "the first " : ""}${count(panel.rows.length + panel.rest.length)} rows. ${panel.more?.clicks ? `${count(panel.more.clicks)} clicks are in rows that are not listed here; the CSV has all.` : ""}</p>`}
    </div></dialog>`;
}

/**
 * The call of the API that has the numbers, in three languages, and its answer as a file. A panel
 * of two calls names both: { title: call }.
 */
export function Call({ call: first, calls, view, title, extra }) {
  const [how, setHow] = useState("curl"), [copied, setCopied] = useState(false), [which, setWhich] = useState(title);
  const call = calls?.[which] ?? first;
  if (!call?.method || view.share) return null;
  const url = `${location.origin}/v3/${call.method}?access_token=TOKEN&${call.query}`;
  const code = {
    curl: `curl '${url}'`,
    JavaScript: `const answer = await fetch(\n  "${url}");\nconst { data } = await answer.json();`,
    Python: `import json, urllib.request\nanswer = urllib.request.urlopen(\n    "${url}")\ndata = json.load(answer)["data"]`,
  };
  const all = new URLSearchParams(call.query);
  if (all.has("limit")) all.set("limit", "all");
  const file = (format) => { all.set("format", format); return `/-/api/${call.method}?${all}`; };
  return html`<details class="call"><summary aria-label=${"The API call of " + title}><span aria-hidden="true">${"</>"}</span> API</summary><div class="sheet">
    ${calls && html`<div class="tabs" role="group" aria-label="Numbers">${Object.keys(calls).map((k) => html`<button type="button" aria-pressed=${k === which} onClick=${() => { setWhich(k); setCopied(false); }}>${k}</button>`)}</div>`}
    <div class="tabs" role="group" aria-label="Language">${Object.keys(code).map((k) => html`<button type="button" aria-pressed=${how === k} onClick=${() => setHow(k)}>${k}</button>`)}</div>
    <pre tabindex="0"><code>${code[how]}</code></pre>
    <p><button type="button" onClick=${() => copy(code[how]).then(() => setCopied(true))}>${copied ? "Copied" : "Copy"}</button>
      <a href=${file("csv")} download=${which + ".csv"}>CSV</a> <a href=${file("json")} download=${which + ".json"}>JSON</a> ${extra}</p>
    <p class="quiet">${count(call.rows)} ${call.rows === 1 ? "row" : "rows"}, sum ${count(call.clicks)}. CSV and JSON have all rows. TOKEN is one of yours: see Account.</p></div></details>`;
}

/** Why a panel has no rows in this view. */
export function refusal(why, id) {
  switch (why) {
    case "bots": return id === "links" ? "This view has bots only. There is no list of the links that bots follow: the page of a link has its bots."
      : `This view has bots only. Bots are counted by time and by name, and not by ${id === "sources" ? "source" : titles[id][1].toLowerCase()}.`;
    case "people": return "This view has people only.";
    default: return `There are no counts of ${titles[id][0].toLowerCase()} by the minute. Choose a range of hours or days.`;
  }
}

export function Panel({ id, view, go, hot, setHot, sub, tabs, size }) {
  const panel = view.panels.find((p) => p.id === id), [open, setOpen] = useState(null), compared = view.compare.kind !== "none"; // what the list of all rows begins with
  const title = titles[id][0];
  const rows = panel.rows.slice(0, 10);
  return html`<section class=${"panel list p-" + id + (size ? " " + size : "")} aria-labelledby=${"h-" + id}><header><h2 id=${"h-" + id} class=${tabs ? "hidden" : ""}>${title}</h2>${tabs}${sub && html`<span class="quiet">${sub}</span>`}<${Call} call=${panel.call} calls=${panel.pagesCall && { [title]: panel.call, [titles.referrers[0]]: panel.pagesCall }} view=${view} title=${title}/></header>
    ${panel.error ? html`<div class="state"><p><strong>This panel could not be read.</strong></p><p>${means(panel.error)}</p><p>The other panels are complete.</p><button type="button" onClick=${() => go(view.query)}>Try again</button></div>`
      : panel.refuses ? html`<p class="quiet">${refusal(panel.refuses, id)}</p>`
      : rows.length + panel.rest.length === 0 ? html`<p class="quiet">No clicks in this range.</p>`
      : html`<table class=${"rows" + (panel.sparkUnit ? " sparked" : "")}><thead><tr><th scope="col">${titles[id][1]}${panel.sparkUnit && html`<span class="scale">By ${panel.sparkUnit === "mweek" ? "week" : panel.sparkUnit}, own scale</span>`}</th><th scope="col">Clicks</th><th scope="col">Share</th>${compared && html`<th scope="col">Change</th>`}</tr></thead><tbody>
        <${Rows} id=${id} panel=${panel} rows=${rows} compared=${compared} hot=${hot} setHot=${setHot} go=${go} all=${setOpen}/>
        ${panel.more && html`<tr class="more"><th scope="row">${panel.more.rows > 0 ? html`<button type="button" onClick=${() => setOpen("")}>${panel.all >= 1000 ? "at least " : ""}${count(panel.more.rows)} more</button>` : "Not listed"}</th><td>${count(panel.more.clicks)}</td><td class="dim">${percent(panel.more.clicks, panel.clicks)}</td>${compared && html`<td></td>`}</tr>`}
        <${Rows} id=${id} panel=${panel} rows=${panel.rest} compared=${compared} hot=${hot} setHot=${setHot} go=${go} all=${setOpen}/>
        </tbody><tfoot><tr><th scope="row">Sum</th><td>${count(panel.clicks)}</td><td class="dim">${percent(1, 1)}</td>${compared && html`<td></td>`}</tr></tfoot></table>`}
    ${open !== null && html`<${AllRows} id=${id} view=${view} site=${open} close=${() => setOpen(null)} go=${go}/>`}
  </section>`;
}

/** Some lists in one panel, one at a time. */
export function Tabs({ ids, view, go, size }) {
  const [id, setId] = useState(ids[0]);
  const tabs = html`<div class="tabs" role="group" aria-label="List">${ids.map((i) => html`<button type="button" aria-pressed=${i === id} onClick=${() => setId(i)}>${i === "sources" ? html`QR<span class="hidden"> codes</span>` : titles[i][0]}</button>`)}</div>`;
  return html`<${Panel} key=${id} id=${id} view=${view} go=${go} tabs=${tabs} size=${size}/>`;
}
