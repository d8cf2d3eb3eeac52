/** Everything a passer-by may want to know of one AED. */

import { openingHours, usability } from "../aeds.js";
import { el } from "../dom.js";
import { dateTime, dotted, floorName } from "../format.js";
import { icon } from "../icons.js";
import { word, wordFor } from "../language.js";
import { amapLink, geoLink } from "../navigation.js";

/** @typedef {import("../contract/aeds.d.ts").Aed} Aed */

/**
 * @param {Aed} aed
 * @param {() => void} onClose
 * @returns {HTMLElement}
 */
export function aedDetails(aed, onClose) {
  const how = usability(aed);
  const place = dotted([
    aed.place_detail,
    typeof aed.floor === "number" ? floorName(aed.floor) : null,
    typeof aed.indoor === "boolean" ? word(aed.indoor ? "indoor" : "outdoor") : null,
  ]);
  const hours = dotted([openingHours(aed.opening_hours), aed.opening_hours_note]);
  return el("article", { class: "details-card" },
    el("header", {}, el("h2", { text: aed.name }),
      el("button", { class: "shut", attributes: { type: "button", "aria-label": word("close") }, on: { click: onClose } }, icon("close"))),
    el("span", { class: "usability", text: word(`aed.${how}`), attributes: { "data-usability": how } }),
    el("dl", {},
      ...fact("aed.address", aed.address),
      ...fact("aed.place_detail", place),
      ...fact("aed.hours", hours),
      ...fact("aed.access", wordFor("access", aed.access)),
      ...fact("aed.readiness", wordFor("readiness", aed.readiness)),
      ...fact("aed.checked", aed.readiness_at ? dateTime(aed.readiness_at) : null),
      ...(aed.phone ? fact("aed.phone", el("a", { text: aed.phone, attributes: { href: `tel:${aed.phone}` } })) : []),
      ...fact("aed.source", aed.source)),
    el("div", { class: "links" },
      el("a", { class: "button button-small", attributes: { href: geoLink(aed.location, aed.name) } }, icon("way"), word("aed.directions")),
      el("a", { class: "button button-small", text: word("assignment.navigate.amap"), attributes: { href: amapLink(aed.location, aed.name, "walk"), target: "_blank", rel: "noopener noreferrer" } })));
}

/**
 * @param {import("../language.js").Word} name
 * @param {string | HTMLElement | null | undefined} value nothing is shown without one
 */
function fact(name, value) {
  return value ? [el("dt", { text: word(name) }), el("dd", {}, value)] : [];
}
