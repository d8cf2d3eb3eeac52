/** Small plots, drawn as SVG: a line or bars by day, with an axis that can be read. */

import { word } from "../language.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 430;
const HEIGHT = 210;
const LEFT = 50;
const RIGHT = 12;
const TOP = 14;
const BOTTOM = 30;
const STEPS = [1, 2, 2.5, 5, 10];
/** One rule for each. */
const LEAST_COUNT = 4;

/** @typedef {{ name: string, kind: "line" | "bars", values: (number | null)[], tone: "good" | "warn" | "act" | "info" }} Series */

/**
 * @param {object} plot
 * @param {string} plot.title what it shows, for who cannot see it too
 * @param {string[]} plot.days
 * @param {Series[]} plot.series
 * @param {(value: number) => string} plot.write a value of the axis
 * @param {number} [plot.least] the axis begins here; otherwise at 0
 * @param {number} [plot.most] and ends here at the latest
 * @param {boolean} [plot.counts] there are no halves of what is counted
 * @returns {SVGSVGElement}
 */
export function plotOf({ title, days, series, write, least = 0, most, counts = false }) {
  const known = series.flatMap(({ values }) => values.filter((value) => value !== null));
  const highest = Math.max(least + 1e-9, ...known);
  const top = most ?? (counts && highest <= LEAST_COUNT ? LEAST_COUNT : niceTop(highest, least));
  const svg = node("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title, class: "plot" });
  /** @param {number} value */
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - least) / (top - least || 1));
  const step = (WIDTH - LEFT - RIGHT) / Math.max(1, days.length);
  /** @param {number} i */
  const x = (i) => LEFT + step * (i + 0.5);
  for (let i = 0; i <= 4; i += 1) {
    const value = least + ((top - least) * i) / 4;
    svg.append(node("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value), class: "plot-rule" }));
    svg.append(text(LEFT - 8, y(value) + 4, write(value), "end"));
  }
  if (known.length === 0) {
    svg.replaceChildren(text(WIDTH / 2, HEIGHT / 2, word("office.no_values"), "middle"));
    return svg;
  }
  const bars = series.filter(({ kind }) => kind === "bars");
  series.forEach((each) => svg.append(each.kind === "bars" ? barsOf(each, bars.indexOf(each), bars.length, x, y, step, least) : lineOf(each, x, y)));
  // As many days as fit beside each other.
  const every = Math.max(1, Math.ceil(days.length / 6));
  days.forEach((day, i) => { if (i % every === 0) svg.append(text(x(i), HEIGHT - 9, day.slice(5), "middle")); });
  return svg;
}

/** A round number that the highest value fits under. @param {number} value @param {number} least */
function niceTop(value, least) {
  const span = (value - least) / 4;
  const unit = 10 ** Math.floor(Math.log10(span));
  const step = (STEPS.find((each) => each * unit >= span) ?? 10) * unit;
  return least + 4 * step;
}

/**
 * @param {Series} series
 * @param {(i: number) => number} x
 * @param {(value: number) => number} y
 */
function lineOf({ values, tone, name }, x, y) {
  const group = node("g", { class: `plot-line plot-${tone}` });
  group.append(title(name));
  let path = "";
  values.forEach((value, i) => {
    if (value === null) return;
    // A day without a value is a gap, not a zero.
    path += `${i > 0 && values[i - 1] !== null && path ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
    const alone = (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null;
    if (alone) group.append(node("circle", { cx: x(i), cy: y(value), r: 2.5 }));
  });
  group.append(node("path", { d: path || "M0 0" }));
  return group;
}

/**
 * @param {Series} series
 * @param {number} place among the bars of a day
 * @param {number} count
 * @param {(i: number) => number} x
 * @param {(value: number) => number} y
 * @param {number} step
 * @param {number} least
 */
function barsOf({ values, tone, name }, place, count, x, y, step, least) {
  const group = node("g", { class: `plot-bars plot-${tone}` });
  group.append(title(name));
  const width = Math.max(1, (step * 0.76) / count);
  values.forEach((value, i) => {
    if (!value) return;
    const left = x(i) - (width * count) / 2 + width * place;
    group.append(node("rect", { x: left, y: y(value), width: Math.max(1, width - 0.6), height: Math.max(0, y(least) - y(value)) }));
  });
  return group;
}

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @returns {any}
 */
function node(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, typeof value === "number" ? String(Math.round(value * 100) / 100) : value);
  return element;
}

/** @param {number} x @param {number} y @param {string} content @param {"end" | "middle"} anchor */
function text(x, y, content, anchor) {
  const element = node("text", { x, y, "text-anchor": anchor, class: "plot-text" });
  element.textContent = content;
  return element;
}

/** @param {string} content */
function title(content) {
  const element = node("title", {});
  element.textContent = content;
  return element;
}
