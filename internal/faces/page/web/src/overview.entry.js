// The overview, and the page of one link: draws the view that came with the page, and asks for
// others.
import { useEffect, useRef, useState } from "preact/hooks";
import { html, render, signal, given, count, percent, change, span, dates, ask, means, day, remember, remembered, utc, wall } from "./lib.js";
import { Chart } from "./chart.js";
import { Strip } from "./strip.js";
import { ChartTable } from "./tip.js";
import { Heat } from "./heat.js";
import { WorldMap } from "./map.js";
import { Panel, Tabs, Call, refusal } from "./panels.js";
import { Toolbar } from "./toolbar.js";
import { saveSVG, savePNG } from "./picture.js";
import { LinkHead } from "./link.js";
import { Share, ShareHead } from "./share.js";
import { shortcuts } from "./keys.js";

const root = document.getElementById("main"), world = document.getElementById("view").dataset.world;
const view = signal(given()), busy = signal(false), problem = signal(""), paused = signal(false), seen = signal(null);
let asking, again = false; // whether clicks came while a view was asked for
let wanted; // the view that was asked for last, whether its address is new, and when it was asked for

/** The path of the data of this page. */
const data = () => (view.value.share ? view.value.share + "view" : "/-/view" + (view.value.page === "link" ? location.pathname.slice(2) : ""));

async function load(query, push) {
  asking?.abort();
  const mine = (asking = new AbortController()), its = (wanted = { query, push, since: Date.now() });
  busy.value = true;
  try {
    const v = await ask(data() + query, { signal: mine.signal });
    if (push) history.pushState(null, "", query || location.pathname);
    its.push = false;
    view.value = v;
    problem.value = "";
    seen.value = v.headline.clicks + v.headline.bots;
  } catch (e) {
    if (e.name === "AbortError") return;
    problem.value = e.message;
  }
  if (mine !== asking) return;
  busy.value = false;
  if (!again) return;
  again = false;
  if (!problem.value) load(view.value.query, false);
}
const go = (query) => load(query, true);
const retry = () => load(wanted?.query ?? view.value.query, wanted?.push ?? false);
addEventListener("popstate", () => load(location.search, false));

// New clicks: the stream says when there are some, and then the view is asked for again. So a
// stream that was interrupted misses nothing.
let stream, streamOf;
function follow() {
  if (view.value.share) return;
  const query = view.value.query + (view.value.page === "link" ? (view.value.query ? "&" : "?") + "link=" + encodeURIComponent(view.value.filters.links[0]?.link ?? view.value.link.link) : "");
  if (stream && streamOf === query && stream.readyState !== EventSource.CLOSED) return;
  stream?.close();
  streamOf = query;
  if (paused.value || document.hidden) return (streamOf = stream = undefined);
  stream = new EventSource("/-/live" + query);
  const heard = (e) => {
    const { clicks } = JSON.parse(e.data);
    if (busy.value) return (again = true); // a step of the reader goes first
    if (problem.value === "OFFLINE") retry();
    else if (clicks !== view.value.headline.clicks + view.value.headline.bots) load(view.value.query, false);
  };
  stream.addEventListener("hello", heard);
  stream.addEventListener("clicks", heard);
  stream.addEventListener("quiet", heard);
  stream.onerror = () => { if (stream.readyState === EventSource.CLOSED) problem.value = "OFFLINE"; };
}
addEventListener("visibilitychange", follow);
setInterval(() => {
  if (problem.value !== "OFFLINE" || document.hidden || busy.value && Date.now() - wanted.since < 15000) return; // an answer may take a while
  retry().then(follow);
}, 3000);

function Live() {
  return html`<button type="button" class=${"live" + (paused.value ? "" : " on")} aria-pressed=${!paused.value} title="New clicks appear at once" onClick=${() => { paused.value = !paused.value; if (paused.value) { stream?.close(); stream = undefined; } else { load(view.value.query, false); follow(); } }}><i></i>${paused.value ? "Paused" : "Live"}</button>`;
}

/** The time of the comparison: dates, and times only where it does not begin and end with a day. */
function before({ compare: c, range: r }) {
  const whole = (t) => t.endsWith("T00:00");
  if (!whole(c.from)) return span(c.from, c.to);
  return dates(c.from, c.to, r.now) + (whole(c.to) ? "" : ", to " + wall(c.to, { timeStyle: "short" }));
}

function Headline({ v }) {
  const h = v.headline, r = v.range, busiest = h.busiest >= 0 ? v.chart.points[h.busiest] : null;
  const proved = v.proved.at > 0;
  const of = v.filters.bots === "on" ? " of bots" : "";
  return html`<section class="headline" aria-label="Headline">
    <div><p>Clicks${of}</p><${v.page === "link" || v.share ? "p" : "h1"} class="total" aria-label=${count(h.clicks) + " clicks" + of}>${count(h.clicks)}<//>
      <p class="quiet">${v.share ? "All panels add up." : proved ? html`<span class=${v.proved.ok ? "ok" : "wrong"}>${v.proved.ok ? "\u2713" : "!"}</span> ${v.proved.ok ? "All panels add up. Proved by check" : "Check found a fault"} ${new Date(v.proved.at * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })}` : html`All panels add up. <code>footfall check</code> proves it against the journal.`}</p></div>
    <dl>${h.previous !== null && html`<div><dt>Change</dt><dd>${change(h.clicks, h.previous)}<span>${count(h.previous)} in ${before(v)}</span></dd></div>`}
      ${v.filters.bots === "both" && html`<div><dt>Bots</dt><dd class=${h.bots > 0 ? "botted" : ""}>${count(h.bots)}<span>${h.bots > 0 ? percent(h.bots, h.bots + h.clicks) + " of all requests, in no total" : "none"}</span></dd></div>`}
      ${busiest && html`<div><dt>Most</dt><dd>${count(busiest.clicks)}<span>${r.unit === "hour" || r.unit === "minute" ? busiest.local.replace("T", ", ") : day(busiest.local)}</span></dd></div>`}
      <div><dt>${"By " + (r.unit === "mweek" ? "week" : r.unit)}</dt><dd>${count(Math.round(h.average * 10) / 10)}<span>on average</span></dd></div></dl></section>`;
}

function Empty({ v }) {
  const e = v.empty;
  return html`<section class="panel state"><h2>No clicks in this range</h2>
    ${e.last ? html`<p>The last was on ${day(e.lastLocal)}.</p><button type="button" onClick=${() => go(e.query)}>Go there</button>`
      : v.share ? html`<p>There was none before.</p>` : html`<p>No link of yours was clicked yet. Make one under <a href="/-/links">Links</a>, and open it in another tab: the click appears here within a second.</p>`}</section>`;
}

function App() {
  const v = view.value, svg = useRef(), [table, setTable] = useState(false), [hot, setHot] = useState("");
  useEffect(follow, [v.query, v.page]);
  useEffect(() => {
    document.title = `${count(v.headline.clicks)} clicks \u00b7 ${v.link ? v.link.title || v.filters.links[0]?.name || "link" : v.tag ? "#" + v.tag : "footfall"}`;
  }, [v]);
  const name = `footfall ${v.range.from.slice(0, 10)} ${v.range.unit}`;
  const pictures = html`<button type="button" onClick=${() => savePNG(svg.current, name)}>PNG</button> <button type="button" onClick=${() => saveSVG(svg.current, name)}>SVG</button>`;
  const compared = v.compare.kind !== "none";
  const bots = v.filters.bots, countries = v.panels[0], placed = countries.rows.reduce((s, r) => s + r.clicks, 0);
  return html`<${Toolbar} view=${v} go=${go} live=${!v.share && html`<${Live}/>`}/>
    <div class=${"page" + (busy.value ? " busy" : "")} aria-busy=${busy.value}>
    ${problem.value && html`<p class="banner" role="alert">${means(problem.value)} <button type="button" onClick=${retry}>Try again</button></p>`}
    ${v.share ? html`<${ShareHead} view=${v}/>` : v.page !== "link" && v.filters.tags.length === 1 && v.filters.links.length === 0 && html`<section class="panel sharing" aria-label="The tag"><p>Clicks on links with the tag <strong>#${v.filters.tags[0].tag}</strong></p><${Share} of=${{ tag: v.filters.tags[0].tag }}/></section>`}
    ${v.link && !v.share && html`<${LinkHead} link=${v.link} view=${v} reload=${() => load(view.value.query, false)}/>`}
    <${Headline} v=${v}/>
    ${v.empty && html`<${Empty} v=${v}/>`}
    <section class="panel" aria-labelledby="h-chart"><header><h2 id="h-chart">Clicks by ${v.range.unit === "mweek" ? "week" : v.range.unit}</h2>
      <ul class="keys">${bots !== "on" && html`<li><i class="people"></i>People</li>`}${bots !== "off" && html`<li><i class="bots"></i>Bots</li>`}${compared && html`<li><i class="line"></i>${dates(v.compare.from, v.compare.to, v.range.now)}</li>`}${v.range.running && html`<li><i class=${"running" + (bots === "on" ? " bots" : "")}></i>Not over</li>`}</ul>
      ${v.range.out && html`<button type="button" class="plain" onClick=${() => go(v.range.out)}>Zoom out</button>`}<button type="button" class="plain" aria-pressed=${table} onClick=${() => setTable(!table)}>Table</button><${Call} call=${v.chart.call} view=${v} title="Clicks" extra=${pictures}/></header>
      ${table ? html`<${ChartTable} view=${v}/>` : html`<${Chart} view=${v} go=${go} svgRef=${svg}/>`}
      ${v.strip && html`<${Strip} view=${v} go=${go}/>`}</section>
    <div class="grid">
      <section class="panel wide" aria-labelledby="h-world"><header><h2 id="h-world">World</h2>${!countries.refuses && html`<span class="quiet">${count(placed)} of ${count(v.headline.clicks)} have a country</span>`}<${Call} call=${countries.call} view=${v} title="World"/></header>
        ${countries.refuses ? html`<p class="quiet">${refusal(countries.refuses, "countries")}</p>` : html`<${WorldMap} panel=${countries} hot=${hot} setHot=${setHot} address=${world}/>`}</section>
      <${Panel} id="countries" view=${v} go=${go} hot=${hot} setHot=${setHot}/>
      ${v.page !== "link" && html`<${Panel} id="links" view=${v} go=${go}/>`}
      <div class=${"stack" + (v.page === "link" ? " whole" : "")}><${Tabs} ids=${["domains", "referrers"]} view=${v} go=${go}/>
      <${Tabs} ids=${["devices", "browsers", "systems", "sources"]} view=${v} go=${go}/></div>
      <section class="panel whole" aria-labelledby="h-heat"><header><h2 id="h-heat">Weekday and hour</h2><span class="quiet">${v.range.timezone.replaceAll("_", " ")}</span><${Call} call=${v.heat.call} view=${v} title="Hours"/></header><${Heat} view=${v}/></section>
      <${Tabs} ids=${["cities", "regions"]} view=${v} go=${go} size="half"/>
      <${Panel} id="bots" view=${v} go=${go} size="half"/>
    </div>
    <footer class="foot"><span>footfall ${v.version ?? ""}</span><span>${v.range.now.replace("T", " ")} ${v.range.timezone.replaceAll("_", " ")}, ${utc(v.range.offset)} \u00b7 <kbd>?</kbd> shortcuts</span></footer></div>`;
}

const find = () => {
  const menu = document.getElementById("find").closest("details");
  const fold = document.querySelector(".fold");
  if (fold.offsetParent && fold.getAttribute("aria-expanded") === "false") fold.click();
  menu.open = true;
  document.getElementById("find").focus();
};
shortcuts({
  ...(view.value.page === "link" || view.value.share ? {} : { "/": ["Find a link or a tag, and show only its clicks", () => setTimeout(find)] }),
  "[": ["Earlier", () => view.value.range.earlier && go(view.value.range.earlier)],
  "]": ["Later", () => view.value.range.later && go(view.value.range.later)],
  ArrowLeft: ["Earlier, outside the chart", () => view.value.range.earlier && go(view.value.range.earlier)],
  ArrowRight: ["Later, outside the chart", () => view.value.range.later && go(view.value.range.later)],
  Escape: ["Zoom out", () => view.value.range.out && go(view.value.range.out)],
  c: ["Compare, or not", () => { const q = new URLSearchParams(view.value.query.slice(1)); q.set("compare", view.value.compare.kind === "none" ? "previous" : "none"); go("?" + q); }],
  t: ["Today", () => go(view.value.range.presets.find((p) => p.id === "today").query)],
  m: ["This month", () => go(view.value.range.presets.find((p) => p.id === "month").query)],
  ...(view.value.share ? {} : { l: ["Links", () => location.assign("/-/links")] }),
}, view.value.page === "link" || view.value.share ? [] : [["Shift", "With a click or Enter on a link: add it to the filter"]]);

render(html`<${App}/>`, root);
// The zone of the browser is the first zone: only the browser knows it.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (view.value.share) { // which may be in a frame, where browsers keep no cookies
  const q = new URLSearchParams(location.search);
  if (zone && !q.has("timezone") && !remembered("footfall_zone") && zone !== view.value.range.timezone) { q.set("timezone", zone); load("?" + q, false); }
} else if (!remembered("footfall_zone") && zone) {
  remember("footfall_zone", zone);
  if (!new URLSearchParams(location.search).has("timezone") && zone !== view.value.range.timezone) load(location.search, false);
}
