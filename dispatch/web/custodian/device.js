/** One of my devices: how it stands, where it hangs, and what can be told of it. */

import { askInDialog } from "../dialog.js";
import { el } from "../dom.js";
import { dateTime, dotted, floorName, today } from "../format.js";
import { currentFix } from "../geolocation.js";
import { icon } from "../icons.js";
import { said, word, wordFor } from "../language.js";
import { amapLink, geoLink, opensGeoLinks } from "../navigation.js";
import { freshId } from "../registry/fresh_id.js";
import { serverNow } from "../clock.js";

/** @typedef {import("../contract/owners.d.ts").CareDevice} CareDevice */
/** @typedef {import("../contract/registry.d.ts").Report} Report */
/** @typedef {"used" | "missing" | "moved"} Told */

const DAY_MS = 86_400_000;

/**
 * @param {object} view
 * @param {CareDevice} view.device
 * @param {HTMLElement[]} view.orders what has to be done about it
 * @param {string} view.standing what waits to be sent about it, or what was just told, or ""
 * @param {string} view.failure
 * @param {boolean} view.isBegun an inspection of it is half filled in
 * @param {() => void} view.onInspect
 * @param {(told: Told) => void} view.onTell
 * @param {() => void} view.onBack
 */
export function deviceView({ device, orders, standing, failure, isBegun, onInspect, onTell, onBack }) {
  const place = dotted([device.address, device.place_detail, typeof device.floor === "number" ? floorName(device.floor) : null]);
  /** @param {Told} told */
  const button = (told) => el("button", { class: "button button-small", text: word(`tell.${told}`), attributes: { type: "button", "data-tell": told }, on: { click: () => onTell(told) } });
  return el("div", { class: "device-view" },
    el("button", { class: "button button-quiet button-small", text: word("back"), attributes: { type: "button", id: "device-back" }, on: { click: onBack } }),
    el("section", { class: "sheet device" },
      el("h2", { text: device.name, attributes: { tabindex: "-1" } }),
      stateChip(device),
      device.readiness === "ready" ? null : el("p", { class: "why", text: said(device.why) }),
      standing ? el("p", { class: "standing", text: standing, attributes: { role: "status" } }) : null,
      failure ? el("p", { class: "banner banner-warn", text: failure, attributes: { role: "alert" } }) : null,
      el("dl", {},
        ...fact("aed.place_detail", place),
        ...fact("device.battery", expiry(device.battery_expires_on)),
        ...fact("device.pads", expiry(device.pads_expire_on)),
        ...(device.pads_child_expire_on ? fact("device.pads_child", expiry(device.pads_child_expire_on)) : []),
        ...fact("aed.checked", dateTime(device.readiness_at))),
      el("button", { class: "button button-strong button-wide tall", text: word(isBegun ? "inspection.resume" : "inspection.begin"), attributes: { type: "button", id: "inspect" }, on: { click: onInspect } }),
      el("div", { class: "links" },
        el("a", { class: "button button-small", attributes: opensGeoLinks() ? { href: geoLink(device.location, device.name) } : { href: amapLink(device.location, device.name, "walk"), target: "_blank", rel: "noopener noreferrer" } }, icon("way"), word("aed.directions")),
        el("a", { class: "button button-small", text: word("device.on_map"), attributes: { href: `/map#aed=${encodeURIComponent(device.id)}` } }))),
    orders.length ? el("section", { class: "due-list" }, el("h2", { text: word("custodian.due") }), el("ul", { class: "orders" }, ...orders)) : null,
    el("section", { class: "sheet" }, el("h2", { text: word("tell.title") }),
      el("div", { class: "tells" }, button("used"), button("missing"), button("moved"))));
}

/** Its state as a word in its colour. @param {{ readiness: string }} device */
export function stateChip({ readiness }) {
  return el("span", { class: "state-chip", text: wordFor("readiness", readiness), attributes: { "data-readiness": readiness } });
}

/** @param {import("../contract/values.d.ts").Maybe<string>} day */
function expiry(day) {
  if (!day) return el("span", { class: "muted", text: word("device.expiry.unknown") });
  const left = Math.round((Date.parse(day) - Date.parse(today())) / DAY_MS);
  const tone = left < 0 ? "act" : left <= 30 ? "warn" : undefined;
  const text = left < 0 ? word("device.expired", { date: day }) : left <= 90 ? word("device.expires_in", { date: day, n: left }) : word("device.expires", { date: day });
  return el("span", { class: "expiry", text, attributes: { "data-tone": tone } });
}

/**
 * @param {import("../language.js").Word} name
 * @param {string | HTMLElement} value
 */
function fact(name, value) {
  return value ? [el("dt", { text: word(name) }), el("dd", {}, value)] : [];
}

/**
 * Makes sure that it is meant, and finds out what is needed to tell it.
 *
 * @param {Told} told
 * @param {CareDevice} device
 * @returns {Promise<Report | null>} null when it was put away
 * @throws {Error} when it is to be told where it is now, and this phone does not know
 */
export async function reportOf(told, device) {
  const sure = await askInDialog({
    title: word(`tell.${told}.title`, { name: device.name }),
    text: word(`tell.${told}.explain`),
    answers: [{ label: word("tell.do"), tone: "strong", value: () => true }, { label: word("back"), value: () => null }],
  });
  if (!sure) return null;
  const report = { report_id: freshId(), at: new Date(serverNow()).toISOString() };
  if (told === "used") return { kind: "used", ...report };
  if (told === "missing") return { kind: "fault", code: "missing", ...report };
  const { latitude, longitude, accuracy_m } = await currentFix();
  return { kind: "location", location: { latitude, longitude, accuracy_m, datum: "wgs84" }, ...report };
}
