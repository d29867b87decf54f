// Of each text that is seen: what it says, its contrast against what is behind it, whether it is large.
"use strict";
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const known = new Map();
const rgba = (color) => {
  if (!known.has(color)) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    known.set(color, [r, g, b, a / 255]);
  }
  return known.get(color);
};
const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
const behind = (element) => {
  const layers = [];
  for (let each = element; each; each = each.parentElement) layers.push(rgba(getComputedStyle(each).backgroundColor));
  return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
};
// WCAG 2.1, relative luminance.
const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
const own = (element) => [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent.trim()).join("");
const found = [];
for (const element of document.querySelectorAll("body *")) {
  const text = own(element);
  if (!text || element.closest("script, option, :disabled") || !element.checkVisibility({ opacityProperty: true })) continue;
  const style = getComputedStyle(element);
  const ground = behind(element);
  const ink = over(rgba(element.closest("svg") ? style.fill : style.color), ground);
  const [high, low] = [light(ink), light(ground)].sort((a, b) => b - a);
  const size = parseFloat(style.fontSize);
  found.push([text.slice(0, 60), (high + 0.05) / (low + 0.05), size >= 24 || (size >= 18.66 && style.fontWeight >= 700)]);
}
return found;
