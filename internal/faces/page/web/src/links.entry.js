// The list of links: search, make, change, archive.
import { useEffect, useRef, useState } from "preact/hooks";
import { html, render, signal, given, count, ask, api, means, wall, save, presets } from "./lib.js";
import { Edit, Copy, change } from "./link.js";
import { shortcuts } from "./keys.js";
import { Spark } from "./spark.js";

const list = signal(given()), busy = signal(false), problem = signal(""), chosen = signal(new Set());
let asking, wanted = { query: list.value.query, push: false }; // the list that was asked for last, and whether its address is new

async function load(query, push = true) {
  asking?.abort();
  const its = (wanted = { query, push });
  const mine = (asking = new AbortController());
  busy.value = true;
  try {
    list.value = await ask("/-/links/view" + query, { signal: mine.signal });
    if (push) history.replaceState(null, "", "/-/links" + query);
    its.push = false;
    problem.value = "";
    chosen.value = new Set();
  } catch (e) {
    if (e.name === "AbortError") return;
    problem.value = e.message;
  }
  if (mine === asking) busy.value = false;
}
const reload = () => load(wanted.query, wanted.push);
const search = (changes) => {
  const q = new URLSearchParams(wanted.query.slice(1)); // changes together with those that are not answered yet
  for (const [k, v] of Object.entries({ offset: "", ...changes })) v ? q.set(k, v) : q.delete(k);
  load("?" + q);
};

function Make() {
  const [url, setURL] = useState(""), [name, setName] = useState(""), [error, setError] = useState(["", ""]), [made, setMade] = useState(null);
  const submit = async (e) => {
    e.preventDefault();
    try {
      const data = await api("shorten", { longUrl: url, ...(name ? { keyword: name } : {}) }, true);
      setMade(data.url);
      setURL(""); setName(""); setError(["", ""]);
      await reload();
    } catch (err) { setError([/KEYWORD/.test(err.message) ? "name" : "url", means(err.message)]); }
  };
  return html`<form class="make" onSubmit=${submit} aria-label="Make a link"><div><label for="long">Long address</label><input id="long" type="url" required placeholder="https://" value=${url} onInput=${(e) => setURL(e.target.value)} aria-invalid=${error[0] === "url"} aria-describedby="make-error"/></div>
    <div><label for="name">Name, if you like</label><input id="name" placeholder="a random one" value=${name} onInput=${(e) => setName(e.target.value)} aria-invalid=${error[0] === "name"} aria-describedby="make-error"/></div><button type="submit">Make link</button>
    <p id="make-error" class=${error[1] ? "wrong" : ""} role="status">${error[1]}${made && !error[1] && html`<a href=${made}>${made.replace(/^https?:\/\//, "")}</a> <${Copy} text=${made}/>`}</p></form>`;
}

function Bulk() {
  const [tag, setTag] = useState(""), links = [...chosen.value];
  if (links.length === 0) return null;
  const all = async (edits) => {
    let failed = "";
    busy.value = true;
    for (const l of links) {
      try { await change(l, typeof edits === "function" ? edits(l) : edits); } catch (e) { failed = e.message; break; }
    }
    await reload();
    if (failed) problem.value = failed; // what was changed before is shown
  };
  const tagsOf = (l) => list.value.links.find((r) => r.link === l)?.tags ?? [];
  return html`<div class="bulk" role="group" aria-label="Chosen links"><strong>${count(links.length)} chosen</strong>
    <button type="button" onClick=${() => all({ archived: list.value.search.archived === "on" ? "false" : "true" })}>${list.value.search.archived === "on" ? "Take out of the archive" : "Archive"}</button>
    <form onSubmit=${(e) => { e.preventDefault(); if (tag) all((l) => ({ tags: [...tagsOf(l), tag].join(",") })); }}><input aria-label="Tag" placeholder="tag" value=${tag} onInput=${(e) => setTag(e.target.value)}/><button type="submit">Add tag</button></form>
    <button type="button" class="plain" onClick=${() => { chosen.value = new Set(); }}>None</button></div>`;
}

const cell = (s) => { s = String(s ?? ""); if (/^[=+\-@\t\r]/.test(s)) s = "'" + s; return /[",\n\r]/.test(s) ? '"' + s.replaceAll('"', '""') + '"' : s; };
async function exported() {
  const s = list.value.search, rows = [["link", "long_url", "title", "tags", "created_at"]];
  for (let offset = 0; ; offset += 100) {
    const d = await api("user/link_history", { limit: 100, offset, archived: s.archived, ...(s.text ? { query: s.text } : {}), ...(s.tag ? { tag: s.tag } : {}), ...(s.domain ? { exact_domain: s.domain } : {}) });
    for (const l of d.link_history) rows.push([l.keyword_link || l.link, l.long_url, l.title, l.tags.join(" "), new Date(l.created_at * 1000).toISOString()]);
    if (offset + 100 >= d.result_count) break;
  }
  save("links.csv", rows.map((r) => r.map(cell).join(",")).join("\r\n") + "\r\n", "text/csv");
}

/** Imports a CSV file, and shows line by line what that does. */
function Import() {
  const file = useRef(), [rows, setRows] = useState([]), [said, setSaid] = useState(""), [wrong, setWrong] = useState(""), [running, setRunning] = useState(false);
  const run = async (dry) => {
    if (!file.current.files[0]) { setWrong("Choose a file first."); return; }
    setRows([]); setSaid("Reading\u2026"); setWrong(""); setRunning(true);
    const seen = [];
    try {
      const r = await fetch("/-/links/import?dry=" + dry, { method: "POST", body: file.current.files[0] });
      if (r.status === 401) { location.assign("/-/login?next=/-/links"); return; }
      const lines = r.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; ;) {
        const { value, done } = await lines.read();
        const all = (rest + (value ?? "")).split("\n");
        rest = all.pop();
        for (const line of all) {
          const l = JSON.parse(line);
          if (l.row) seen.push(l.row);
          if (l.done) setSaid(`${count(l.done)} links so far`);
          if (l.error) { setWrong(l.error); setSaid(""); }
          if (l.sums) setSaid(`${count(l.sums.links)} links: ${count(l.sums.made)} ${dry ? "would be made" : "made"}, ${count(l.sums.known)} known, ${count(l.sums.rejected)} rejected.`);
        }
        setRows([...seen]);
        if (done) break;
      }
      if (!dry) await reload();
    } catch { setWrong(means("OFFLINE")); }
    setRunning(false);
  };
  return html`<details class="import"><summary>Import a CSV file</summary><p class="quiet">An export of Bitly, Dub, Kutt, Shlink or YOURLS, or a file with the columns long_url and keyword.</p>
    <p><input type="file" accept=".csv,text/csv" aria-label="CSV file" ref=${file}/> <button type="button" disabled=${running} onClick=${() => run(true)}>Try</button> <button type="button" disabled=${running} onClick=${() => run(false)}>Import</button></p>
    <p role="status">${said}</p>${wrong && html`<p class="wrong" role="alert">${wrong}</p>`}
    ${rows.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label="Lines of the file"><table class="rows lines"><thead><tr><th scope="col">Line</th><th scope="col">Link</th><th scope="col">Leads to</th><th scope="col">What happens</th></tr></thead><tbody>${rows.map((l) => html`<tr key=${l.line}><th scope="row">${count(l.line)}</th><td>${l.link}</td><td>${l.long_url}</td><td>${l.reason || l.verdict}</td></tr>`)}</tbody></table></div>`}</details>`;
}

function Row({ row }) {
  const short = (row.keyword_link || row.link).replace(/^https?:\/\//, "");
  return html`<tr class=${row.archived ? "archived" : ""}><td><input type="checkbox" aria-label=${"Choose " + row.name} checked=${chosen.value.has(row.link)} onChange=${(e) => { const c = new Set(chosen.value); e.target.checked ? c.add(row.link) : c.delete(row.link); chosen.value = c; }}/></td>
    <th scope="row"><a href=${"/-/" + row.href}>${row.title || short}</a>${!row.title && html` <${Copy} text=${row.keyword_link || row.link}/>`}
      ${row.title && html`<span class="sub">${short} <${Copy} text=${row.keyword_link || row.link}/></span>`}
      <span class="sub"><${Edit} label=${"destination of " + row.name} value=${row.long_url} save=${async (t) => { await change(row.link, { long_url: t }); await reload(); }}/></span></th>
    <td class="tags">${(row.tags ?? []).map((t) => html`<button type="button" class="pill" aria-label=${"Only links with the tag " + t} onClick=${() => search({ tag: t })}>#${t}</button> `)}</td>
    <td class="dim">${wall(new Date(row.created_at * 1000).toISOString().slice(0, 10), { dateStyle: "medium" })}</td><td><${Spark} clicks=${row.spark}/></td><td>${count(row.clicks)}</td></tr>`;
}

function App() {
  const l = list.value, s = l.search, [text, setText] = useState(s.text), timer = useRef();
  useEffect(() => { document.title = "Links \u00b7 footfall"; }, []);
  const typed = (e) => { setText(e.target.value); clearTimeout(timer.current); timer.current = setTimeout(() => search({ query: e.target.value }), 150); };
  return html`<div class=${"page" + (busy.value ? " busy" : "")} aria-busy=${busy.value}><h1>Links</h1>
    ${problem.value && html`<p class="banner" role="alert">${means(problem.value)} <button type="button" onClick=${reload}>Try again</button></p>`}
    <section class="panel"><${Make}/><${Import}/></section>
    <section class="panel" aria-label="Your links"><div class="finder"><input type="search" id="find" aria-label="Search links" placeholder="Search titles, notes and addresses" value=${text} onInput=${typed}/>
      ${s.tag && html`<button type="button" class="pill" aria-label=${"Remove the filter " + s.tag} onClick=${() => search({ tag: "" })}>#${s.tag} \u00d7</button>`}
      <label>Domain <input class="short" placeholder="all" value=${s.domain} onChange=${(e) => search({ domain: e.target.value })}/></label>
      <label>Archived <select value=${s.archived} onChange=${(e) => search({ archived: e.target.value })}><option value="off">hidden</option><option value="both">shown</option><option value="on">only</option></select></label>
      <label>Sort by <select value=${s.sort} onChange=${(e) => search({ sort: e.target.value })}><option value="created">newest</option><option value="clicks">clicks</option></select></label>
      <label>Range <select value=${l.range.preset} onChange=${(e) => { const p = new URLSearchParams(l.range.presets.find((p) => p.id === e.target.value).query.slice(1)); search({ unit: p.get("unit"), units: p.get("units"), range: p.get("range"), from: "", to: "" }); }}>${l.range.presets.filter((p) => p.id !== "hour").map((p) => html`<option value=${p.id}>${presets[p.id]}</option>`)}</select></label>
      <button type="button" class="plain" onClick=${() => exported().catch((e) => { problem.value = e.message; })}>Save as CSV</button></div>
      <${Bulk}/>
      ${l.links.length === 0 ? html`<p class="quiet">${s.text || s.tag || s.domain ? "No link is like this." : "You have no links yet. Make the first one above."}</p>`
        : html`<table class="rows links"><thead><tr><td></td><th scope="col">Link</th><th scope="col">Tags</th><th scope="col">Made</th><th scope="col">Over time</th><th scope="col">Clicks</th></tr></thead><tbody>${l.links.map((row) => html`<${Row} key=${row.link} row=${row}/>`)}</tbody></table>`}
      <p class="pages">${s.offset > 0 && html`<button type="button" onClick=${() => search({ offset: String(Math.max(0, s.offset - 50) || "") })}>Back</button>`}<span class="quiet">${l.links.length > 0 ? `${count(s.offset + 1)}\u2013${count(s.offset + l.links.length)} of ${count(l.all)}` : ""}${l.sorted ? `; ${count(l.sorted)} have clicks` : ""}</span>${s.offset + l.links.length < (l.sorted || l.all) && l.links.length > 0 && html`<button type="button" onClick=${() => search({ offset: String(s.offset + 50) })}>Next</button>`}</p></section></div>`;
}

shortcuts({ "/": ["Search", () => setTimeout(() => document.getElementById("find").focus())], n: ["New link", () => setTimeout(() => document.getElementById("long").focus())], o: ["Overview", () => location.assign("/-/")] });
render(html`<${App}/>`, document.getElementById("main"));
