// The range, the unit, the zone and the comparison of a view.
import { useEffect, useRef, useState } from "preact/hooks";
import { html, span, utc, ask, remember, clock, presets } from "./lib.js";
import { Chips, Filters, filters } from "./filter.js";

const short = { today: "Today", last7: "7 d", last30: "30 d", month: "Month", year: "Year", all: "All" };
const units = { minute: "Minute", hour: "Hour", day: "Day", week: "Week", mweek: "Week", month: "Month" };
const compares = { "previous date": "The time before", "previous weekday": "The time before, same weekdays", "year date": "The year before", "year weekday": "The year before, same weekdays", "none date": "Nothing" };

/** A button that opens a sheet below it, where a search has the focus if there is one. */
export function Menu({ label, name, children }) {
  const ref = useRef(), [open, setOpen] = useState(false);
  useEffect(() => {
    const out = (e) => { if (ref.current?.open && !ref.current.contains(e.target)) ref.current.open = false; };
    const esc = (e) => { if (e.key === "Escape" && ref.current?.open) { ref.current.open = false; ref.current.querySelector("summary").focus(); e.stopPropagation(); } };
    document.addEventListener("pointerdown", out);
    ref.current.addEventListener("keydown", esc);
    return () => document.removeEventListener("pointerdown", out);
  }, []);
  const close = () => { ref.current.open = false; };
  return html`<details class="menu" ref=${ref} onToggle=${() => { setOpen(ref.current.open); if (ref.current.open) ref.current.querySelector("input[type=search]")?.focus(); }}><summary aria-label=${name}>${label}</summary><div class="sheet">${children(close, open)}</div></details>`;
}

function Own({ view, go, close }) {
  const r = view.range, whole = r.from.endsWith("T00:00") && r.to.endsWith("T00:00");
  const last = new Date(new Date(r.to + ":00Z").getTime() - 60000).toISOString().slice(0, 16);
  const [from, setFrom] = useState(r.from.slice(0, 10)), [to, setTo] = useState(last.slice(0, 10));
  const [start, setStart] = useState(whole ? "" : clock(r.from)), [end, setEnd] = useState(whole ? "" : clock(r.to));
  const submit = (e) => {
    e.preventDefault();
    const q = new URLSearchParams(view.query.slice(1));
    for (const k of ["range", "units", "unit_reference_ts", "unit"]) q.delete(k);
    q.set("from", start ? from + "T" + start : from);
    q.set("to", end ? to + "T" + end : to);
    close();
    go("?" + q);
  };
  return html`<form class="own" onSubmit=${submit}><p>Own range</p>
    <label>From <input type="date" required value=${from} onInput=${(e) => setFrom(e.target.value)}/></label><label>at <input type="time" step="900" value=${start} onInput=${(e) => setStart(e.target.value)}/></label>
    <label>To <input type="date" required value=${to} onInput=${(e) => setTo(e.target.value)}/></label><label>at <input type="time" step="900" value=${end} onInput=${(e) => setEnd(e.target.value)}/></label>
    <p class="quiet">Times are quarters of an hour. Without them the days are whole.</p><button type="submit">Show</button></form>`;
}

let zones;
function Zones({ view, go, close }) {
  const [list, setList] = useState(zones ?? []), [find, setFind] = useState("");
  useEffect(() => { if (!zones) ask("/-/zones").then((z) => { zones = z; setList(z); }, () => {}); }, []);
  const pick = (zone) => {
    remember("footfall_zone", zone);
    const q = new URLSearchParams(view.query.slice(1));
    q.set("timezone", zone);
    close();
    go("?" + q);
  };
  const mine = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const words = find.toLowerCase().split(/\s+/);
  const found = list.filter((z) => words.every((w) => z.toLowerCase().replaceAll("_", " ").includes(w)));
  return html`<div class="zones"><input type="search" aria-label="Search time zones" placeholder="City or region" value=${find} onInput=${(e) => setFind(e.target.value)} onKeyDown=${(e) => e.key === "Enter" && found[0] && pick(found[0])}/>
    <ul>${(find ? found : [...new Set([mine, "UTC", "America/New_York"].filter((z) => list.includes(z) || !list.length)), ...found]).slice(0, 60).map((z) => html`<li key=${z}><button type="button" aria-pressed=${z === view.range.timezone} onClick=${() => pick(z)}>${z.replaceAll("_", " ")}${z === mine ? html` <span class="quiet">this browser</span>` : ""}</button></li>`)}</ul></div>`;
}

function Comparisons({ view, go, close }) {
  const c = view.compare, [from, setFrom] = useState(c.from.slice(0, 10) || view.range.from.slice(0, 10));
  return html`<ul>${c.choices.map((o) => html`<li><button type="button" aria-pressed=${o.kind === c.kind && o.by === c.by} onClick=${() => { close(); go(o.query); }}>${compares[o.kind + " " + o.by]}</button></li>`)}</ul>
    <form class="own" onSubmit=${(e) => { e.preventDefault(); const q = new URLSearchParams(view.query.slice(1)); q.set("compare", from); close(); go("?" + q); }}><p>Own time, of the same length</p><label>From <input type="date" required value=${from} onInput=${(e) => setFrom(e.target.value)}/></label><button type="submit">Compare</button></form>`;
}

export function Toolbar({ view, go, live }) {
  const r = view.range, [open, setOpen] = useState(false);
  // What is folded on a phone, in a few words.
  const folded = ["By " + units[r.unit].toLowerCase(), r.timezone.split("/").pop().replaceAll("_", " "), view.compare.kind === "none" ? "" : "compared", filters(view) > 0 ? "filtered" : ""].filter(Boolean).join(" \u00b7 ");
  return html`<div class="toolbar" role="toolbar" aria-label="Range"><div class="inner">
    <div class="group range"><a class="step" href=${r.earlier || undefined} aria-disabled=${!r.earlier} aria-label="Earlier" title="Earlier ( [ )" onClick=${(e) => { e.preventDefault(); r.earlier && go(r.earlier); }}>\u2039</a>
      <${Menu} name=${"Range: " + span(r.from, r.to)} label=${html`<strong>${span(r.from, r.to)}</strong>`}>${(close) => html`<ul class="presets">${r.presets.map((p) => html`<li><button type="button" aria-pressed=${p.id === r.preset} onClick=${() => { close(); go(p.query); }}>${presets[p.id]}</button></li>`)}</ul><${Own} view=${view} go=${go} close=${close}/>`}<//>
      <a class="step" href=${r.later || undefined} aria-disabled=${!r.later} aria-label="Later" title="Later ( ] )" onClick=${(e) => { e.preventDefault(); r.later && go(r.later); }}>\u203a</a></div>
    <button type="button" class="fold" aria-expanded=${open} aria-controls="options" onClick=${() => setOpen(!open)}>${folded} <span aria-hidden="true">${open ? "\u25b4" : "\u25be"}</span></button>
    <div class=${"options" + (open ? " open" : "")} id="options"><div class="quick">${Object.keys(short).map((id) => { const p = r.presets.find((p) => p.id === id); return html`<a href=${p.query} aria-current=${r.preset === id ? "true" : undefined} onClick=${(e) => { e.preventDefault(); go(p.query); }} title=${presets[id]}>${short[id]}</a>`; })}</div>
    <div class="group units" role="group" aria-label="Unit">${r.units.map((u) => html`<button type="button" aria-pressed=${u === r.unit} onClick=${() => go(r.byUnit[u])}>${units[u]}</button>`)}</div>
    <${Menu} name=${"Time zone: " + r.timezone} label=${r.timezone.split("/").pop().replaceAll("_", " ") + (r.timezone === "UTC" ? "" : ", " + utc(r.offset))}>${(close) => html`<${Zones} view=${view} go=${go} close=${close}/>`}<//>
    <${Menu} name=${view.compare.kind === "none" ? "Compare: No comparison" : "Compare"} label=${view.compare.kind === "none" ? "No comparison" : "Compare"}>${(close) => html`<${Comparisons} view=${view} go=${go} close=${close}/>`}<//>
    ${!view.share && html`<${Menu} name=${filters(view) === 0 ? "Filter" : `Filter: ${filters(view)} set`} label=${html`<span class=${filters(view) > 0 ? "filtered" : ""}>Filter</span>`}>${(close, open) => html`<${Filters} view=${view} go=${go} close=${close} open=${open}/>`}<//>`}</div>
    ${live}
  </div></div>
  <${Chips} view=${view} go=${go}/>`;
}
