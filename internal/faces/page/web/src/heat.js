// The heat map: clicks by weekday and hour.
import { html, count, wall } from "./lib.js";

// A Sunday, from which the names of weekdays are taken.
const dayName = (day, style) => wall("2023-01-0" + (1 + ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"].indexOf(day)), { weekday: style });

export function Heat({ view }) {
  const { cells, days, times, missing, refuses } = view.heat;
  if (refuses) return html`<p class="quiet">The last hour has no weekdays to compare. Choose a longer range.</p>`;
  const most = Math.max(1, ...cells.flat()), top = Math.max(...Array.from({ length: 24 }, (_, h) => cells.reduce((s, r) => s + r[h], 0)), 1);
  const level = (n) => (n === 0 ? 0 : Math.min(6, Math.ceil((n / most) * 6)));
  const rowMost = Math.max(1, ...cells.map((r) => r.reduce((a, b) => a + b, 0)));
  const gone = new Set(missing.map((m) => m.row + ":" + m.hour));
  return html`<table class="heat"><caption class="hidden">Clicks by weekday and hour, ${view.range.timezone}</caption>
    <thead><tr aria-hidden="true"><td></td>${Array.from({ length: 24 }, (_, h) => {
      const n = cells.reduce((s, r) => s + r[h], 0);
      return html`<td class="margin"><i ref=${(e) => e && (e.style.height = Math.round((n / top) * 32) + "px")}></i></td>`;
    })}<td></td></tr></thead>
    <tbody>${cells.map((r, i) => {
      const sum = r.reduce((a, b) => a + b, 0);
      return html`<tr key=${days[i]}><th scope="row">${dayName(days[i], "short")}</th>${r.map((n, h) => html`<td class=${"cell l" + level(n) + (gone.has(i + ":" + h) ? " gone" : "")} title=${`${dayName(days[i], "long")}, ${String(h).padStart(2, "0")}:00 to ${String(h + 1).padStart(2, "0")}:00: ${count(n)}`}><span class="hidden">${count(n)}</span></td>`)}
        <td class="sum"><i ref=${(e) => e && (e.style.width = Math.round((sum / rowMost) * 48) + "px")}></i>${count(sum)}</td></tr>`;
    })}</tbody>
    <tfoot><tr><td></td>${Array.from({ length: 24 }, (_, h) => html`<th scope="col">${h % 3 === 0 ? String(h).padStart(2, "0") : html`<span class="hidden">${String(h).padStart(2, "0")}</span>`}</th>`)}<td></td></tr></tfoot></table>
    <p class="quiet">${frequency(days, times)}${missing.length > 0 ? ` A corner marks an hour that clocks left out at least once.` : ""}</p>`;
}

/** How often each weekday came. */
function frequency(days, times) {
  if (times.every((t) => t === times[0])) return `Sum of clicks. Each weekday came ${times[0] === 1 ? "once" : times[0] + " times"}.`;
  const list = new Intl.ListFormat(undefined, { type: "conjunction" });
  const groups = [...new Set(times)].sort((a, b) => b - a).map((t) => list.format(days.filter((_, i) => times[i] === t).map((d) => dayName(d, "long"))) + (t === 0 ? " did not come" : t === 1 ? " came once" : ` came ${t} times`));
  return "Sum of clicks. " + groups.join("; ") + ".";
}
