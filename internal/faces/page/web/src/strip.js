// The strip below the chart: a longer time, in which the range is a window that moves. Its places
// are days of the calendar, so that changes of clocks do not matter.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { html, count, wall, dates } from "./lib.js";

const left = 52, right = 8, height = 44, top = 4;
const dayOf = (local) => Date.parse(local + ":00Z") / 864e5; // since 1970, with the time as a part
const dateOf = (d) => new Date(d * 864e5).toISOString().slice(0, 10);
const ended = (local) => local.slice(0, 10) + "T00:00";

export function Strip({ view, go }) {
  const s = view.strip, r = view.range, box = useRef(), [width, setWidth] = useState(0), [draft, setDraft] = useState(null), grab = useRef(null);
  useLayoutEffect(() => {
    const see = new ResizeObserver(([e]) => setWidth(Math.floor(e.contentRect.width)));
    see.observe(box.current);
    return () => see.disconnect();
  }, []);
  // A layout effect runs before the next key or touch; another effect may run after it.
  useLayoutEffect(() => { setDraft(null); grab.current = null; }, [view.query]);
  const first = dayOf(s.from), last = dayOf(s.to), latest = Math.min(last, Math.ceil(dayOf(s.latest)));
  const scale = Math.max(1, width - left - right) / (last - first), x = (d) => left + (d - first) * scale;
  const from = Math.max(first, dayOf(r.from)), to = Math.min(last, dayOf(r.to));
  const [a, b] = draft ?? [from, to], whole = [Math.floor(from), Math.ceil(to)], most = Math.max(1, ...s.points.map((p) => p.clicks));
  /** The days of a window that was moved, or one of whose ends was, by some days. */
  const changed = (what, [a, b], by) => {
    const fit = (d, low, high) => Math.min(Math.max(d, low), high);
    if (what === "from") return [fit(a + by, first, b - 1), b];
    if (what === "to") return [a, fit(b + by, a + 1, latest)];
    const d = fit(by, first - a, latest - b);
    return [a + d, b + d];
  };
  const show = (days) => {
    setDraft(null);
    if (!days || days[0] === from && days[1] === to) return;
    const q = new URLSearchParams(view.query.slice(1));
    for (const k of ["range", "units", "unit_reference_ts", "unit"]) q.delete(k);
    q.set("from", dateOf(days[0]));
    q.set("to", dateOf(days[1] - 1));
    go("?" + q);
  };
  const at = (e) => e.clientX - box.current.getBoundingClientRect().left;
  const down = (e) => {
    if (e.button !== 0) return;
    const px = at(e), near = e.pointerType === "touch" ? 22 : 7, wide = x(b) - x(a) > 3 * near, inner = wide ? near : 1;
    const what = px > x(a) - near && px < x(a) + inner ? "from" : px < x(b) + near && px > x(b) - inner ? "to" : px > x(a) && px < x(b) ? "move" : "new";
    grab.current = { what, px, days: whole, moved: false };
    e.currentTarget.setPointerCapture(e.pointerId);
  };
  const move = (e) => {
    const g = grab.current;
    if (!g || !g.moved && Math.abs(at(e) - g.px) < 4) return;
    g.moved = true;
    const by = Math.round((at(e) - g.px) / scale), day = (px) => Math.min(Math.max(first, Math.floor(first + (px - left) / scale)), latest - 1);
    setDraft(g.what === "new" ? [Math.min(day(g.px), day(at(e))), Math.max(day(g.px), day(at(e))) + 1] : changed(g.what, g.days, by));
  };
  const up = (e) => {
    const g = grab.current;
    grab.current = null;
    if (!g) return;
    if (g.moved) show(draft);
    else if (g.what === "new") show(changed("move", whole, Math.round(first + (at(e) - left) / scale - (a + b) / 2))); // a click beside the window
  };
  const key = (what) => (e) => {
    const days = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -7, PageUp: 7, Home: -1e5, End: 1e5 }[e.key];
    if (e.key === "Escape" && draft) { e.preventDefault(); setDraft(null); }
    if (days === undefined || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    setDraft((d) => changed(what, d ?? whole, days));
  };
  const named = (d) => wall(dateOf(d), { dateStyle: "medium" });
  const slider = (what, name, value, text) => ({
    role: "slider", tabindex: 0, "aria-label": name, "aria-valuemin": Math.floor(first), "aria-valuemax": Math.ceil(latest), "aria-valuenow": Math.floor(value), "aria-valuetext": text,
    onKeyDown: key(what), onKeyUp: (e) => e.key !== "Tab" && draft && show(draft), onBlur: () => !grab.current && setDraft(null),
  });
  const range = dates(ended(dateOf(Math.floor(a))), ended(dateOf(Math.ceil(b))));
  const month = (local, options) => wall(local, { month: "short", year: "numeric", ...options });
  return html`<div class="strip" ref=${box}>${width > 0 && html`<svg width=${width} height=${height} role="group" aria-label=${"The range within a longer time"}
      onPointerDown=${down} onPointerMove=${move} onPointerUp=${up} onPointerCancel=${() => { grab.current = null; setDraft(null); }}>
      <rect class="all" x=${left} width=${width - left - right} height=${height}/>
      ${s.points.map((p, i) => {
        const px = x(dayOf(p.local)), w = (i + 1 < s.points.length ? x(dayOf(s.points[i + 1].local)) : x(last)) - px, tall = (p.clicks / most) * (height - top - 6);
        return p.clicks > 0 && html`<rect key=${p.local} class="bar" x=${px + w * 0.1} width=${Math.max(1, w * 0.8)} y=${height - 2 - Math.max(1, tall)} height=${Math.max(1, tall)}><title>${`${wall(p.local, { dateStyle: "medium" })}: ${count(p.clicks)}`}</title></rect>`;
      })}
      <line class="base" x1=${left} x2=${width - right} y1=${height - 1.5} y2=${height - 1.5}/>
      <rect class="window" x=${x(a)} width=${Math.max(3, x(b) - x(a))} y="1" height=${height - 3} rx="2" ...${slider("move", "The range", a, range)}/>
      <rect class="grip" x=${x(a) - 4} width="8" y=${height / 2 - 10} height="20" rx="3" ...${slider("from", "First day", a, named(Math.floor(a)))}/>
      <rect class="grip" x=${Math.max(x(b), x(a) + 3) - 4} width="8" y=${height / 2 - 10} height="20" rx="3" ...${slider("to", "Last day", Math.ceil(b) - 1, named(Math.ceil(b) - 1))}/>
    </svg>`}
    <p><span>${month(s.from)}</span>${draft ? html`<strong>${range}</strong>` : html`<span class="hint">Drag the window or its ends, or choose another one</span>`}<span>${month(s.points[s.points.length - 1].local)}</span></p></div>`;
}
