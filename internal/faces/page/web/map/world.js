// Makes src/world.json: the borders of all countries in Equal Earth, rotated by 11 degrees so
// that Chukotka stays whole, without Antarctica. Each country is one SVG path of small whole
// numbers, under its two letters of ISO 3166. A country that is too small to see is a point.
//
// Source: world-atlas (Natural Earth, public domain), scale 1 : 50 million.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import mapshaper from "mapshaper";

const require = createRequire(import.meta.url);
const iso = require("i18n-iso-countries");
const width = 1600; // units of the picture
const smallest = 30; // square units: less is a point

// step runs commands of mapshaper on data, and gives back GeoJSON.
const step = async (data, commands) => JSON.parse(Object.values(await mapshaper.applyCommands(`-i in.json ${commands} -o out.json format=geojson`, { "in.json": data }))[0]);

const atlas = await step(readFileSync(require.resolve("world-atlas/countries-50m.json")), "id-field=code -target countries -filter 'code !== \"010\"'");
// Rings of the atlas that reach 180 degrees go on at -180, which would be drawn as a line across
// the world. Here they go on beyond 180 instead: the rotated map is whole there.
for (const f of atlas.features) {
  for (const p of f.geometry?.type === "MultiPolygon" ? f.geometry.coordinates : [f.geometry?.coordinates ?? []]) {
    for (const ring of p) {
      if (ring.some(([x], i) => i > 0 && Math.abs(x - ring[i - 1][0]) > 180)) ring.forEach((c) => { if (c[0] < 0) c[0] += 360; });
    }
  }
}
const layer = await step(JSON.stringify(atlas), "-proj init=wgs84 crs='+proj=eqearth +lon_0=11' -simplify 9% weighted keep-shapes -clean");

// The names of places that have no number of ISO 3166 in the atlas.
const named = { Kosovo: "XK", "N. Cyprus": "CY", Somaliland: "SO", "Siachen Glacier": "IN", "Indian Ocean Ter.": "CX", "Ashmore and Cartier Is.": "AU" };

let box = [Infinity, Infinity, -Infinity, -Infinity];
const rings = {};
for (const f of layer.features) {
  if (!f.geometry) continue;
  const code = iso.numericToAlpha2(f.properties.code) ?? named[f.properties.name];
  if (!code) throw new Error("no code of " + JSON.stringify(f.properties));
  const polygons = f.geometry.type === "Polygon" ? [f.geometry.coordinates] : f.geometry.coordinates;
  for (const p of polygons) {
    for (const ring of p) {
      (rings[code] ??= []).push(ring);
      for (const [x, y] of ring) {
        box = [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)];
      }
    }
  }
}
const scale = width / (box[2] - box[0]);
const at = ([x, y]) => [Math.round((x - box[0]) * scale), Math.round((box[3] - y) * scale)];

// area is twice the area of a ring.
const area = (r) => r.reduce((s, [x, y], i) => { const [u, v] = r[(i + 1) % r.length]; return s + x * v - u * y; }, 0);

const paths = {}, points = {};
for (const code of Object.keys(rings).sort()) {
  let d = "", all = 0, largest = null;
  for (const ring of rings[code]) {
    const grid = ring.map(at).filter((p, i, l) => i === 0 || p[0] !== l[i - 1][0] || p[1] !== l[i - 1][1]);
    const a = Math.abs(area(grid)) / 2;
    all += a;
    if (!largest || a > largest.a) largest = { a, ring: ring.map(at) };
    if (grid.length < 4 || a < 2) continue;
    let [x, y] = grid[0];
    d += `M${x} ${y}l`;
    d += grid.slice(1, -1).map(([u, v]) => { const s = `${u - x} ${v - y}`; [x, y] = [u, v]; return s; }).join(" ").replaceAll(" -", "-") + "z";
  }
  if (d) paths[code] = d;
  if (all < smallest) {
    const n = largest.ring.length;
    points[code] = [Math.round(largest.ring.reduce((s, p) => s + p[0], 0) / n), Math.round(largest.ring.reduce((s, p) => s + p[1], 0) / n)];
  }
}
// Places that the atlas draws as part of another one, or not at all, as points (longitude, latitude).
const missing = { GF: [-53, 4], GP: [-61.5, 16.2], MQ: [-61, 14.6], RE: [55.5, -21.1], YT: [45.2, -12.8], GI: [-5.35, 36.14], TK: [-171.8, -9.2], CC: [96.8, -12.2], CX: [105.6, -10.5], BQ: [-68.3, 12.2], SJ: [16, 78.5], BV: [3.4, -54.4], UM: [166.6, 19.3], TV: [179.2, -8.5] };
const lost = Object.keys(missing).filter((c) => !paths[c] && !points[c]);
if (lost.length) {
  const geo = { type: "FeatureCollection", features: lost.map((c) => ({ type: "Feature", properties: { c }, geometry: { type: "Point", coordinates: missing[c] } })) };
  const o = await mapshaper.applyCommands("-i p.json -proj '+proj=eqearth +lon_0=11' -o o.json format=geojson", { "p.json": JSON.stringify(geo) });
  for (const f of JSON.parse(Object.values(o)[0]).features) points[f.properties.c] = at(f.geometry.coordinates);
}
const height = Math.round((box[3] - box[1]) * scale);
writeFileSync(new URL("../src/world.json", import.meta.url), JSON.stringify({ width, height, paths, points }) + "\n");
console.log(Object.keys(paths).length, "paths,", Object.keys(points).length, "points,", width, "x", height);
