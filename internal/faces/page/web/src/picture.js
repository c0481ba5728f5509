// Saves the chart as a picture: SVG with its styles inside, or PNG.
import { save } from "./lib.js";

const kept = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-family", "font-weight", "opacity"];

function inlined(svg) {
  const copy = svg.cloneNode(true);
  const from = svg.querySelectorAll("*"), to = copy.querySelectorAll("*");
  from.forEach((e, i) => {
    const s = getComputedStyle(e);
    for (const name of kept) to[i].setAttribute(name, s.getPropertyValue(name));
  });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  ground.setAttribute("width", "100%");
  ground.setAttribute("height", "100%");
  ground.setAttribute("fill", getComputedStyle(document.documentElement).getPropertyValue("--surface"));
  copy.prepend(ground);
  return new XMLSerializer().serializeToString(copy);
}

export const saveSVG = (svg, name) => save(name + ".svg", inlined(svg), "image/svg+xml");

export function savePNG(svg, name) {
  const image = new Image(), scale = 2;
  image.onload = () => {
    const canvas = document.createElement("canvas");
    canvas.width = svg.clientWidth * scale;
    canvas.height = svg.clientHeight * scale;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((b) => save(name + ".png", b));
  };
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(inlined(svg));
}
