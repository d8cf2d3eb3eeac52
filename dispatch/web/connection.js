/** How the live connection stands, in the page's head. */

import { byId } from "./dom.js";
import { word } from "./language.js";

/** @param {import("./stream.js").StreamState} state */
export function drawConnection(state) {
  const element = byId("connection", HTMLElement);
  element.dataset.state = state;
  element.textContent = word(`connection.${state}`);
}

/**
 * Whether what the page shows may be out of date.
 *
 * @param {import("./stream.js").StreamState} state
 */
export function isAway(state) {
  return state === "stale" || state === "waiting" || state === "refused";
}
