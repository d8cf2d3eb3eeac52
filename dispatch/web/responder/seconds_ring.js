/** The seconds left to answer, in a ring that empties. */

import { secondsUntil } from "../clock.js";
import { el } from "../dom.js";

/** What the ring shows as full when there is less left from the start. */
const USUAL_SECONDS = 20;
const DRAWN_EVERY_MS = 250;

/**
 * @param {string} until
 * @param {string} label
 * @param {() => void} onOver called once, when nothing is left
 * @returns {{ element: HTMLElement, stop: () => void }}
 */
export function secondsRing(until, label, onOver) {
  const ring = circle();
  const number = el("strong", { class: "numeral" });
  const element = el("div", { class: "left", attributes: { role: "timer", "aria-live": "off", "aria-label": label } },
    number, el("span", { text: label }));
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.append(circle(), ring);
  element.prepend(svg);
  const whole = Math.max(USUAL_SECONDS, secondsUntil(until));
  const draw = () => {
    const left = Math.max(0, secondsUntil(until));
    number.textContent = String(Math.ceil(left));
    ring.setAttribute("stroke-dashoffset", String(100 - (100 * left) / whole));
    if (left > 0) return;
    clearInterval(timer);
    onOver();
  };
  const timer = setInterval(draw, DRAWN_EVERY_MS);
  queueMicrotask(draw);
  return { element, stop: () => clearInterval(timer) };
}

function circle() {
  const ring = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  for (const [name, value] of Object.entries({ cx: 50, cy: 50, r: 46, pathLength: 100 })) ring.setAttribute(name, String(value));
  return ring;
}
