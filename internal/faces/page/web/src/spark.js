// A chart in a row: clicks over the range as small bars, on a scale of their own.
import { html, count } from "./lib.js";

export function Spark({ clicks, width = 120 }) {
  const high = Math.max(0, ...clicks), most = Math.max(1, high), step = width / clicks.length;
  return html`<svg class="spark" width=${width} height="24" viewBox=${`0 0 ${width} 24`} preserveAspectRatio="none" role="img" aria-label=${`At most ${count(high)} clicks`}>${clicks.map((c, i) => {
    const tall = Math.max(1, (c / most) * 24);
    return c > 0 && html`<rect x=${i * step} width=${Math.max(0.8, step * 0.75)} y=${24 - tall} height=${tall}/>`;
  })}</svg>`;
}
