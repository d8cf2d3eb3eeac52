/** Whether a device can be had now, as the map's tiles have it, and that in words. */

import { dateTime, dotted } from "../format.js";
import { locale, word } from "../language.js";
import { secondsUntil } from "../clock.js";

/** @typedef {import("../contract/registry.d.ts").Usable} Usable */
/** @typedef {import("../contract/registry.d.ts").RegisteredAed} RegisteredAed */

const NOBODY_IS_SENT = new Set(["out_of_service", "in_use", "removed"]);
const SOON_S = 20 * 3600;

/**
 * @param {RegisteredAed} aed
 * @returns {Usable}
 */
export function usableOf(aed) {
  if (aed.usable_now) return "now";
  if (NOBODY_IS_SENT.has(aed.readiness) || aed.access === "private" || isExpired(aed)) return "no";
  if (!aed.opening_hours || aed.access === "unknown") return "unknown";
  return aed.next_change_at ? "later" : "no";
}

/** @param {RegisteredAed} aed */
function isExpired({ battery_expires_on, pads_expire_on }) {
  const today = new Date().toISOString().slice(0, 10);
  return [battery_expires_on, pads_expire_on].some((day) => day && day < today);
}

/**
 * The sign that a device has on the map.
 *
 * @param {Usable} usable
 * @param {boolean} checked
 * @returns {import("../carto/aed_images.js").Sign}
 */
export function signOf(usable, checked) {
  return usable === "now" && !checked ? "unchecked" : usable;
}

/**
 * Whether it can be had, and until when, or from when on: "Usable now · closes at 18:00".
 *
 * @param {RegisteredAed} aed
 */
export function usableInWords(aed) {
  const usable = usableOf(aed);
  const sign = signOf(usable, aed.readiness === "ready");
  const at = aed.next_change_at;
  const change = at && usable === "now" ? word("aed.closes_at", { time: timeTold(at) })
    : at && usable === "later" ? word("aed.opens_at", { time: timeTold(at) }) : null;
  return dotted([word(`aed.sign.${sign}`), change]);
}

/** The time of day when it is soon, else with its day. @param {string} at */
function timeTold(at) {
  if (secondsUntil(at) > SOON_S) return dateTime(at);
  return new Date(at).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: zone() });
}

/** @type {string | undefined} */
let timezone;

function zone() {
  return timezone;
}

/** The time zone that hours are told in: the service's. @param {string} name */
export function setHoursTimezone(name) {
  timezone = name;
}
