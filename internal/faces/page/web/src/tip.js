// What the chart says in words about a unit of time: a tooltip, a line above the chart, a table.
import { html, count, change, wall, day, span, clock, utc } from "./lib.js";

/** The name of a unit. */
export function named(p, unit) {
  switch (unit) {
    case "minute": case "hour": return wall(p.local, { weekday: "short", day: "numeric", month: "short" }) + ", " + clock(p.local) + " " + utc(p.offset);
    case "day": return day(p.local);
    case "month": return wall(p.local, { month: "long", year: "numeric" });
    default: return "Week of " + day(p.local);
  }
}

const earlier = (p, unit) => named({ local: p.previousLocal, offset: p.previousOffset }, unit);

const oddity = (p, unit) => {
  if (unit === "hour" && p.clocks) return "Clocks went " + p.clocks + " before it";
  if (p.hours) return count(p.hours) + " hours: clocks went " + p.clocks;
  return p.partial ? "Only the part in the range" : "";
};

/** The changes of destinations in a unit, as words. */
const changed = (p, view) => view.chart.changes.filter((c) => p.start <= c.at && c.at < p.end).map((c) => `${clock(c.local)}: ${c.link.replace(/^https?:\/\//, "")} leads to ${c.to}`);

export function Tooltip({ p, view, x, width }) {
  const unit = view.range.unit, bots = view.filters.bots;
  return html`<div class=${"tip" + (x > width / 2 ? " before" : "")} role="status" ref=${(e) => e && (e.style.setProperty("--x", x + "px"))}>
    <strong>${named(p, unit)}</strong>
    ${unit !== "hour" && unit !== "minute" && html`<span>${clock(p.local)} \u2013 24:00, ${utc(p.offset)}${p.endOffset !== p.offset ? " to " + utc(p.endOffset) : ""}</span>`}
    ${oddity(p, unit) && html`<span>${oddity(p, unit)}</span>`}
    <dl>${bots === "on" ? html`<dt><i class="bots"></i>Bots</dt><dd>${count(p.clicks)}</dd>` : html`<dt><i class="people"></i>People</dt><dd>${count(p.clicks)}</dd>`}
      ${bots === "both" && html`<dt><i class="bots"></i>Bots</dt><dd>${count(p.bots)}</dd>`}
      ${p.bots > 0 && html`<dt>Together</dt><dd>${count(p.clicks + p.bots)}</dd>`}
      ${p.previous !== null && html`<dt><i class="line"></i>${earlier(p, unit)}</dt><dd>${count(p.previous)}</dd>
      <dt>Change</dt><dd>${p.state === "running" ? "so far" : change(p.clicks, p.previous)}</dd>`}
    </dl>${changed(p, view).map((s) => html`<span class="moved">${s}</span>`)}</div>`;
}

/** The line above a chart that fingers use: what is chosen, and a way to look closer. */
export function Readout({ view, span: of, zoom }) {
  const unit = view.range.unit;
  if (!of) return html`<div class="read"><p class="quiet">Tap a bar to read it, or drag over some.</p></div>`;
  const all = view.chart.points.slice(of[0], of[1] + 1), p = all[0], one = all.length === 1;
  const sum = (name) => all.reduce((s, q) => s + (q[name] ?? 0), 0), clicks = sum("clicks"), bots = sum("bots");
  const known = all.every((q) => q.previous !== null), over = all.every((q) => q.state === "done");
  return html`<div class="read" role="status"><p><strong>${one ? named(p, unit) : span(p.local, all[all.length - 1].until)}</strong> <strong>${count(clicks)}</strong></p>
    <p class="quiet"><span>${[bots > 0 ? `and ${count(bots)} of bots` : "", one ? oddity(p, unit) : "", known ? `${over ? change(clicks, sum("previous")) + " on" : "before:"} ${count(sum("previous"))}` : "", ...all.flatMap((q) => changed(q, view))].filter(Boolean).join(" \u00b7 ")}</span>
    ${zoom && html`<button type="button" class="small" onClick=${zoom}>Zoom in</button>`}</p></div>`;
}

/** The numbers of the chart as a table. */
export function ChartTable({ view }) {
  const unit = view.range.unit, compared = view.compare.kind !== "none", bots = view.filters.bots, moved = view.chart.changes.length > 0;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Clicks over time as a table"><table><thead><tr><th scope="col">${unit === "mweek" ? "week" : unit}</th><th scope="col">${bots === "on" ? "Bots" : "People"}</th>${bots === "both" && html`<th scope="col">Bots</th>`}
    ${compared && html`<th scope="col">Before</th><th scope="col">Change</th>`}${moved && html`<th scope="col">New destination</th>`}</tr></thead><tbody>
    ${view.chart.points.map((p) => html`<tr key=${p.start}><th scope="row">${named(p, unit)}${p.state === "running" ? ", so far" : ""}${p.hours ? `, ${count(p.hours)} h` : ""}</th><td>${count(p.clicks)}</td>${bots === "both" && html`<td>${count(p.bots)}</td>`}
      ${compared && html`<td>${p.previous === null ? "" : count(p.previous)}</td><td>${p.state === "done" ? change(p.clicks, p.previous) : ""}</td>`}${moved && html`<td class="moved">${changed(p, view).join("; ")}</td>`}</tr>`)}
    </tbody></table></div>`;
}
