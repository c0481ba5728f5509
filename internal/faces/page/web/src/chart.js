// The chart of clicks over time: bars of people with bots on top, the comparison as a step line.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { html, count, wall, clock, utc } from "./lib.js";
import { Tooltip, Readout } from "./tip.js";

const height = 250, top = 26, bottom = 44, left = 52;

/** The steps of an axis from 0: at most four, of 1, 2 or 5 times a power of ten. */
export function steps(most) {
  if (most === 0) return [0, 1];
  let step = 1;
  for (let p = 1; ; p *= 10) {
    const fit = [1, 2, 5].find((m) => m * p * 4 >= most);
    if (fit) { step = fit * p; break; }
  }
  const list = [];
  for (let v = 0; ; v += step) { list.push(v); if (v >= most) return list; }
}

/** What is written under a bar, if there is room: [first line, second line, strong]. */
function tick(p, i, unit, wide, points) {
  const d = p.local;
  const weekday = () => wall(d, { weekday: "short" });
  switch (unit) {
    case "minute":
      return i % 10 === 0 ? [clock(d), ""] : null;
    case "hour": {
      const h = +d.slice(11, 13);
      const odd = p.clocks ? utc(p.offset) : "";
      if (points.length > 72) return h === 0 ? [wall(d, { day: "numeric", month: "short" }), odd] : odd ? [d.slice(11, 13), odd] : null;
      return h % 3 === 0 || odd ? [d.slice(11, 13), h === 0 ? wall(d, { day: "numeric", month: "short" }) : odd] : null;
    }
    case "day": {
      const monday = new Date(d + ":00Z").getUTCDay() === 1;
      const note = p.hours ? count(p.hours) + " h" : "";
      if (wide >= 24) return [String(+d.slice(8, 10)), note || (monday || i === 0 ? weekday() : ""), monday || note];
      if (wide * 7 >= 46) return monday ? [wall(d, { day: "numeric", month: "short" }), note, true] : note ? ["", note, true] : null; // the date of the day after may be there
      return d.endsWith("-01T00:00") ? [wall(d, { month: "short" }), d.slice(5, 7) === "01" || i === 0 ? d.slice(0, 4) : ""] : null;
    }
    case "month": {
      const january = d.slice(5, 7) === "01";
      return wide >= 30 ? [wall(d, { month: "short" }), january || i === 0 ? d.slice(0, 4) : "", january] : january ? [d.slice(0, 4), ""] : null;
    }
    default:
      return wide >= 50 || i % Math.ceil(60 / wide) === 0 ? [wall(d, { day: "numeric", month: "short" }), ""] : null;
  }
}

export function Chart({ view, go, svgRef }) {
  const { points } = view.chart, unit = view.range.unit, bots = view.filters.bots === "on";
  const box = useRef(), [width, setWidth] = useState(0), [hot, setHot] = useState(-1), [focus, setFocus] = useState(-1), drag = useRef(null), [dragged, setDragged] = useState(null);
  const [touch, setTouch] = useState(false), [chosen, setChosen] = useState(null); // what a finger chose: from and to
  useLayoutEffect(() => {
    const see = new ResizeObserver(([e]) => setWidth(Math.floor(e.contentRect.width)));
    see.observe(box.current);
    return () => see.disconnect();
  }, []);
  useLayoutEffect(() => { setHot(-1); setFocus(-1); setChosen(null); }, [view.query]); // before the next key
  const most = Math.max(1, ...points.map((p) => Math.max(p.clicks + p.bots, p.previous ?? 0)));
  const axis = steps(most), max = axis[axis.length - 1];
  const w = Math.max(1, width - left - 8), step = w / points.length, bar = Math.max(1, step * (width < 600 ? 0.8 : 0.72));
  const y = (n) => top + (height - top - bottom) * (1 - n / max), x = (i) => left + i * step;
  const index = (e) => {
    const i = Math.floor((e.clientX - box.current.getBoundingClientRect().left - left) / step);
    return i >= 0 && i < points.length ? i : -1;
  };
  const best = view.headline.busiest;
  const zoom = (a, b) => {
    const [i, j] = a < b ? [a, b] : [b, a];
    if (i === j) return points[i].query && go(points[i].query);
    const q = new URLSearchParams(view.query.slice(1));
    for (const k of ["range", "units", "unit_reference_ts", "from", "to", "unit"]) q.delete(k);
    if (unit === "minute") return;
    q.set("from", points[i].start);
    q.set("to", points[j].end);
    if (unit === "hour") q.set("unit", "hour");
    go("?" + q);
  };
  const key = (e) => {
    const now = focus < 0 || focus >= points.length ? points.length - 1 : focus;
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: points.length - 1 }[e.key];
    if (to !== undefined) {
      e.preventDefault();
      e.stopPropagation();
      const i = Math.min(Math.max(to, 0), points.length - 1);
      setFocus(i); setHot(i);
    } else if (e.key === "Enter" && points[now].query) {
      e.preventDefault();
      go(points[now].query);
    }
  };
  const line = points.some((p) => p.previous !== null)
    ? points.map((p, i) => (p.previous === null ? "" : (i === 0 || points[i - 1].previous === null ? "M" : "L") + `${x(i)} ${y(p.previous)}H${x(i + 1)}`)).join("") : "";
  const read = hot >= 0 ? hot : focus, shown = read < points.length ? read : -1;
  const ordered = (d) => d && d[1] < points.length && d[0] < points.length && [Math.min(...d), Math.max(...d)];
  const sel = ordered(dragged) || touch && ordered(chosen), narrow = width > 0 && width < 600;
  // A finger covers a tooltip, and must be able to read a bar without opening it.
  const reading = sel || (shown >= 0 ? [shown, shown] : null);
  return html`<div class=${"chart" + (bots ? " of-bots" : "")} ref=${box}>
    ${(narrow || touch) && html`<${Readout} view=${view} span=${reading} zoom=${reading && unit !== "minute" && (reading[0] !== reading[1] || points[reading[0]].query) ? () => zoom(...reading) : null}/>`}
    ${width > 0 && html`<svg ref=${svgRef} width=${width} height=${height} role="application" tabindex="0" aria-roledescription="bar chart"
      aria-label=${`Clicks by ${unit}. Use the left and right arrow keys to read the bars${points[0]?.query ? ", and Enter to open one" : ""}.`}
      onKeyDown=${key} onBlur=${() => { setFocus(-1); setHot(-1); }}
      onPointerMove=${(e) => { const i = index(e); if (e.pointerType !== "touch") setHot(i); if (drag.current !== null && i >= 0) setDragged([drag.current, i]); }}
      onPointerLeave=${() => { setHot(-1); }}
      onPointerDown=${(e) => {
        setTouch(e.pointerType === "touch");
        if (e.button === 0 && index(e) >= 0) { drag.current = index(e); e.currentTarget.setPointerCapture(e.pointerId); }
      }}
      onPointerCancel=${() => { drag.current = null; setDragged(null); }}
      onPointerUp=${(e) => {
        const i = index(e), from = drag.current;
        drag.current = null;
        setDragged(null);
        if (from === null || i < 0) return;
        if (e.pointerType === "touch") setChosen([from, i]); else zoom(from, i);
      }}>
      <defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-ground" width="6" height="6"/><line class="hatch" x1="0" y1="0" x2="0" y2="6"/></pattern></defs>
      ${axis.map((v) => html`<g key=${"a" + v}><line class=${v === 0 ? "base" : "grid"} x1=${left} x2=${width - 8} y1=${Math.round(y(v)) + 0.5} y2=${Math.round(y(v)) + 0.5}/><text class="axis" x=${left - 10} y=${y(v) + 4} text-anchor="end">${count(v)}</text></g>`)}
      ${sel && html`<rect class="selection" x=${x(sel[0])} width=${(sel[1] - sel[0] + 1) * step} y=${top} height=${height - top - bottom}/>`}
      ${shown >= 0 && !sel && html`<rect class="column" x=${x(shown)} width=${step} y=${top} height=${height - top - bottom}/>`}
      ${points.map((p, i) => {
        const px = x(i) + (step - bar) / 2, running = p.state === "running";
        const people = y(p.clicks), gap = p.bots > 0 && p.clicks > 0 ? 1 : 0, b = p.bots > 0 ? Math.max(2, y(0) - y(p.bots)) : 0;
        const t = tick(p, i, unit, step, points);
        return html`<g key=${p.start}>
          ${p.clicks > 0 && html`<rect class=${running ? "people running" : "people"} x=${px} width=${bar} y=${people} height=${Math.max(1, y(0) - people)}/>`}
          ${b > 0 && html`<rect class="bots" x=${px} width=${bar} y=${people - gap - b} height=${b}/>`}
          ${p.hours && html`<rect class="notch" x=${x(i)} width=${step} y=${height - bottom} height="3"/>`}
          ${t && html`<text class=${t[2] ? "axis strong" : "axis"} x=${x(i) + step / 2} y=${height - bottom + 18} text-anchor="middle">${t[0]}</text>
            ${t[1] && html`<text class="axis strong" x=${x(i) + step / 2} y=${height - bottom + 34} text-anchor="middle">${t[1]}</text>`}`}
          ${(i === best || running && p.clicks > 0 && best !== i) && html`<text class="value" x=${i > points.length - 3 && running ? width - 8 : Math.max(x(i) + step / 2, left + 14)} y=${people - gap - b - 6} text-anchor=${i > points.length - 3 && running ? "end" : "middle"}>${count(p.clicks)}${running ? " so far" : ""}</text>`}
        </g>`;
      })}
      ${line && html`<path class="halo" d=${line}/><path class="previous" d=${line}/>`}
      ${view.chart.changes.filter((c) => c.at >= points[0]?.start && c.at < points[points.length - 1].end).map((c) => {
        const i = points.findIndex((p) => c.at < p.end), cx = x(i) + step * (c.at - points[i].start) / (points[i].end - points[i].start);
        return html`<g class="changed" key=${"c" + c.at}><line x1=${cx} x2=${cx} y1=${top - 8} y2=${y(0)}/><path d=${`M${cx - 5} ${top - 12}h10l-5 7z`}><title>${`${c.link} leads to ${c.to} from ${c.local.replace("T", " ")} on`}</title></path></g>`;
      })}
    </svg>
    ${shown >= 0 && !sel && !narrow && !touch && html`<${Tooltip} p=${points[shown]} view=${view} x=${x(shown) + step / 2} width=${width}/>`}`}
  </div>`;
}
