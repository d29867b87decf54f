"use strict";
// Elements from text only: nothing that came from an event is ever parsed as HTML.
const EC = {};

// Characters that are not seen, or that turn the text around them (gpj.exe for exe.jpg), are shown as escapes.
EC.visible = (text) => text.replace(
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
  (one) => "\\u" + one.charCodeAt(0).toString(16).padStart(4, "0"),
);

EC.el = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : name === "title" ? EC.visible(value) : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== "")
    .map((child) => (typeof child === "string" ? EC.visible(child) : child)));
  return element;
};

EC.number = (value, digits = 0) =>
  value === null || value === undefined ? "–" : value.toLocaleString("en-GB", { maximumFractionDigits: digits });

// Numbers of a vector: four significant digits.
EC.measure = (value) => (value === null || value === undefined ? "–" : String(Number(value.toPrecision(4))));

EC.when = (ms) => (ms === null || ms === undefined ? "–" : new Date(ms).toISOString().replace("T", " ").slice(0, 19));

EC.span = (ms) => {
  const units = [["d", 86400000], ["h", 3600000], ["min", 60000], ["s", 1000]];
  const at = units.findIndex(([, size]) => ms >= size);
  if (at < 0) return ms + " ms";
  const [unit, size] = units[at];
  return (Math.round((ms / size) * 10) / 10).toLocaleString("en-GB") + " " + unit;
};

EC.scoreClass = (score) => "score" + (score >= 70 ? " high" : score >= 50 ? " mid" : "");

// A reason's name and what it means.
EC.reasons = {
  outside_clusters: ["outside clusters", "known here, but not in this form"],
  new_singleton_cluster: ["new singleton", "the only one of its kind in the window"],
  rare_cluster: ["rare cluster", "one of a few such events in the window"],
};
