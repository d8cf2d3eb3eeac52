/** Everything a passer-by may want to know of one AED. */

import { openingHours } from "../aeds.js";
import { aedSigns } from "../carto/aed_images.js";
import { el } from "../dom.js";
import { dateTime, distance, dotted, floorName } from "../format.js";
import { icon } from "../icons.js";
import { said, word, wordFor } from "../language.js";
import { amapLink, geoLink, googleLink, opensGeoLinks, webMapsFor } from "../navigation.js";
import { reasonsInWords } from "../registry/reasons.js";
import { signOf, usableInWords, usableOf } from "../registry/usable.js";

/** @typedef {import("../contract/registry.d.ts").PublicAed} Aed */

/**
 * @param {object} view
 * @param {Aed} view.aed
 * @param {boolean} view.reported this browser has told of a problem with it
 * @param {() => void} view.onClose
 * @param {() => void} view.onReport
 * @returns {HTMLElement}
 */
export function aedDetails({ aed, reported, onClose, onReport }) {
  const place = dotted([
    aed.place_detail,
    typeof aed.floor === "number" ? floorName(aed.floor) : null,
    typeof aed.indoor === "boolean" ? word(aed.indoor ? "indoor" : "outdoor") : null,
  ]);
  const sign = signOf(usableOf(aed), aed.readiness === "ready");
  const why = said(aed.why) || reasonsInWords(aed.readiness_reasons);
  return el("article", { class: "details-card" },
    el("header", {}, el("h2", { text: aed.name, attributes: { tabindex: "-1" } }),
      el("button", { class: "shut", attributes: { type: "button", "aria-label": word("close") }, on: { click: onClose } }, icon("close"))),
    el("p", { class: "usability", attributes: { "data-sign": sign } }, icon(aedSigns[sign].icon), usableInWords(aed)),
    reported ? el("p", { class: "reported", attributes: { role: "status" } }, icon("check"), word("report.thanks")) : null,
    why && aed.readiness !== "ready" ? el("p", { class: "why", text: why }) : null,
    el("dl", {},
      ...fact("aed.address", aed.address),
      ...fact("aed.place_detail", place),
      ...fact("aed.hours", hoursLines(aed)),
      ...fact("aed.access", wordFor("access", aed.access)),
      ...fact("aed.readiness", wordFor("readiness", aed.readiness)),
      ...fact("aed.checked", aed.readiness_at ? dateTime(aed.readiness_at) : null),
      ...(aed.is_mobile ? fact("aed.fix", aed.fix_at ? dateTime(aed.fix_at) : word("aed.hours.unknown")) : []),
      ...fact("aed.phone", phoneLink(aed.phone)),
      ...fact("aed.photos", photoLinks(aed.photos ?? [])),
      ...fact("aed.source", aed.source)),
    aed.is_mobile || !aed.location ? null : wayThere({ ...aed, location: aed.location }),
    reported ? null : el("button", { class: "button button-quiet button-small report", attributes: { type: "button", id: "report" }, on: { click: onReport } }, icon("warning"), word("report.ask")));
}

/**
 * Opening hours a line each, as their rules follow each other.
 *
 * @param {Aed} aed
 */
function hoursLines({ opening_hours, opening_hours_note }) {
  const rules = opening_hours ? opening_hours.split(/;\s*/).map((rule) => openingHours(rule)) : [openingHours(null)];
  const lines = [...rules, ...(opening_hours_note && opening_hours_note !== opening_hours ? [opening_hours_note] : [])];
  return el("span", { class: "lines" }, ...lines.map((text) => el("span", { text })));
}

/** By a map that knows the way there, and by whichever app this device has for places. @param {Aed & { location: import("../contract/values.d.ts").Location }} aed */
function wayThere({ location, name, district_code }) {
  const links = { amap: () => amapLink(location, name, "walk"), google: () => googleLink(location) };
  return el("div", { class: "links" },
    ...webMapsFor(location, district_code).map((each, i) => el("a", {
      class: `button button-small ${i === 0 ? "button-strong" : ""}`, attributes: { href: links[each](), target: "_blank", rel: "noopener noreferrer", "data-way": each },
    }, i === 0 ? icon("way") : null, word(`aed.way.${each}`))),
    opensGeoLinks() ? el("a", { class: "button button-small", text: word("aed.way.other"), attributes: { href: geoLink(location, name) } }) : null);
}

/** The first number of what may be several, or a number and an extension. @param {string | null | undefined} phone */
function phoneLink(phone) {
  const number = /[+0-9][0-9 ()-]*/.exec(phone ?? "")?.[0].replace(/[^+0-9]/g, "");
  return number ? el("a", { text: phone ?? "", attributes: { href: `tel:${number}` } }) : phone;
}

/** Pictures lie on others' servers: they are fetched by who taps, not by who looks at the map. @param {string[]} all */
function photoLinks(all) {
  const photos = all.filter((address) => address.startsWith("https://"));
  if (photos.length === 0) return null;
  return el("span", { class: "photos" }, ...photos.map((address, i) =>
    el("a", { attributes: { href: address, target: "_blank", rel: "noopener noreferrer" } }, icon("camera"), word("aed.photo", { n: i + 1 }))));
}

/**
 * @param {import("../language.js").Word} name
 * @param {string | HTMLElement | null | undefined} value nothing is shown without one
 */
function fact(name, value) {
  return value ? [el("dt", { text: word(name) }), el("dd", {}, value)] : [];
}

/**
 * Several that hang so close together that a finger meets them all.
 *
 * @param {import("../contract/registry.d.ts").TileAed[]} aeds
 * @param {(id: string) => void} onSelect
 * @param {() => void} onClose
 */
export function severalHere(aeds, onSelect, onClose) {
  return el("article", { class: "details-card" },
    el("header", {}, el("h2", { text: word("aed.several", { n: aeds.length }), attributes: { tabindex: "-1" } }),
      el("button", { class: "shut", attributes: { type: "button", "aria-label": word("close") }, on: { click: onClose } }, icon("close"))),
    el("ul", { class: "nearest" }, ...aeds.map((aed) => {
      const sign = signOf(aed.usable, aed.checked);
      return el("li", {}, el("button", { attributes: { type: "button", "data-aed": aed.id }, on: { click: () => onSelect(aed.id) } },
        el("span", { class: "sign", attributes: { "data-sign": sign } }, icon(aedSigns[sign].icon)),
        el("strong", { text: aed.name }),
        el("span", { class: "detail", text: dotted([word(`aed.sign.${sign}`), aed.opens ? word("aed.opens_at", { time: aed.opens }) : null]) })));
    })));
}

/**
 * One line about a device that a search found.
 *
 * @param {import("../contract/registry.d.ts").FoundAed} aed
 */
export function foundLine(aed) {
  return dotted([typeof aed.distance_m === "number" ? distance(aed.distance_m) : null, aed.address, aed.place_detail]);
}
