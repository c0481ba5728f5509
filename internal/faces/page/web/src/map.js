// The map of the world, shaded by clicks in fixed classes, so that two maps compare.
import { useEffect, useState } from "preact/hooks";
import { html, count, percent, country } from "./lib.js";

let world; // the borders, once they are loaded

const classes = (most) => {
  let f = 1;
  while (most / f >= 10000) f *= 10;
  return [1, 10, 30, 100, 300, 1000].map((n) => n * f);
};
const legend = (bounds, i) => (i === 0 ? "0" : i === bounds.length ? count(bounds[i - 1]) + " +" : count(bounds[i - 1]) + "\u2013" + count(bounds[i] - 1));

export function WorldMap({ panel, hot, setHot, address }) {
  const [borders, setBorders] = useState(world);
  useEffect(() => { if (!world) fetch(address).then((r) => r.json()).then((w) => { world = w; setBorders(w); }, () => {}); }, []);
  const by = new Map(panel.rows.map((r) => [r.key, r]));
  const bounds = classes(Math.max(0, ...panel.rows.map((r) => r.clicks)));
  const level = (n) => bounds.filter((b) => n >= b).length;
  const placed = panel.rows, inClass = bounds.map((_, i) => placed.filter((r) => level(r.clicks) === i + 1).length);
  const row = by.get(hot);
  const shape = (code) => ({ class: "l" + level(by.get(code)?.clicks ?? 0) + (hot === code ? " hot" : ""), onPointerEnter: () => setHot(code), onPointerLeave: () => setHot("") });
  return html`<div class="world"><svg viewBox=${borders ? `0 -4 ${borders.width} ${borders.height + 8}` : "0 -4 1600 726"} role="img" aria-label=${`Map: ${placed.length} countries have clicks. The list beside it has the numbers.`}>
      ${borders && Object.entries(borders.paths).map(([code, d]) => html`<path key=${code} d=${d} ...${shape(code)}/>`)}
      ${borders && Object.entries(borders.points).filter(([code]) => by.get(code)?.clicks > 0 || !borders.paths[code]).map(([code, [x, y]]) => html`<circle key=${"p" + code} cx=${x} cy=${y} r=${by.get(code)?.clicks > 0 ? 6 : 3} ...${shape(code)}/>`)}
    </svg>
    <p class="readout" aria-hidden="true">${hot ? html`<strong>${country(hot)}</strong> ${row ? count(row.clicks) + " \u00b7 " + percent(row.clicks, panel.clicks) : "no clicks"}` : "\u00a0"}</p>
    <ol class="legend">${[0, ...bounds].map((_, i) => html`<li><i class=${"l" + i}></i><span class="wide">${legend(bounds, i)}</span><span class="narrow" aria-hidden="true">${i === 0 ? "0" : count(bounds[i - 1]) + (i === bounds.length ? " +" : "")}</span><span>${i > 0 && inClass[i - 1] > 0 ? inClass[i - 1] + (inClass[i - 1] === 1 ? " country" : " countries") : "\u00a0"}</span></li>`)}</ol></div>`;
}
