/** Where a device hung, and where it hangs now: the newest first. */

import { el } from "../dom.js";
import { dateTime, dotted, floorName } from "../format.js";
import { word } from "../language.js";

/** @typedef {import("../contract/registry.d.ts").History["placements"][number]} Placement */
/** @typedef {import("../contract/registry.d.ts").RegisteredAed} Aed */

/**
 * @param {Placement[]} placements none before its first move
 * @param {Aed} aed
 * @param {(by: string) => string} whoIs
 * @returns {HTMLElement}
 */
export function placementsList(placements, aed, whoIs) {
  const here = { ...aed, place: aed.location };
  const all = placements.length ? [...placements].reverse() : null;
  return el("ol", { class: "placements" }, ...(all
    ? all.map(({ since, until, facts, moved_by }) => item(until ? word("office.placement.was", { from: dateTime(since), until: dateTime(until) }) : word("office.placement.since", { from: dateTime(since) }), until ? facts ?? {} : here, whoIs(moved_by), !until))
    : [item(word("office.placement.first"), here, "", true)]));
}

/** @param {string} when @param {Record<string, any>} site @param {string} by @param {boolean} isHere */
function item(when, { name, address, place_detail, floor, place }, by, isHere) {
  return el("li", { attributes: { "data-placement": isHere ? "here" : "past" } },
    el("p", { class: "numeral", text: when }),
    el("div", {}, el("strong", { text: String(name ?? "–") }),
      el("p", { text: dotted([address, place_detail, typeof floor === "number" ? floorName(floor) : null]) }),
      el("p", { class: "muted small numeral", text: dotted([place ? `${Number(place.latitude).toFixed(6)}, ${Number(place.longitude).toFixed(6)}` : null, by]) })));
}
