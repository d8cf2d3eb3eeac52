/** Whether a device can be had now, as the map's tiles have it, and that in words. */

import { dateTime, dotted, hourAndMinute, today } from "../format.js";
import { word } from "../language.js";
import { secondsUntil } from "../clock.js";

/** @typedef {import("../contract/registry.d.ts").Usable} Usable */
/** @typedef {import("../contract/registry.d.ts").PublicAed} PublicAed */

const NOBODY_IS_SENT = new Set(["out_of_service", "in_use", "removed"]);
const SOON_S = 20 * 3600;

/**
 * @param {PublicAed} aed
 * @returns {Usable}
 */
export function usableOf(aed) {
  if (aed.usable_now && !aed.is_mobile) return "now";
  // Nobody can go and fetch one that rides in a car.
  if (NOBODY_IS_SENT.has(aed.readiness) || aed.access === "private" || aed.is_mobile || isExpired(aed)) return "no";
  if (!aed.opening_hours || aed.access === "unknown") return "unknown";
  return aed.next_change_at ? "later" : "no";
}

/** @param {PublicAed} aed */
function isExpired({ battery_expires_on, pads_expire_on }) {
  return [battery_expires_on, pads_expire_on].some((day) => day && day < today());
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
 * @param {PublicAed} aed
 */
export function usableInWords(aed) {
  const usable = usableOf(aed);
  const sign = signOf(usable, aed.readiness === "ready");
  const at = aed.next_change_at;
  const change = at && usable === "now" ? word("aed.closes_at", { time: timeTold(at, aed) })
    : at && usable === "later" ? word("aed.opens_at", { time: timeTold(at, aed) }) : null;
  return dotted([word(`aed.sign.${sign}`), change]);
}

/**
 * The time of day when it is soon, else with its day: by the clock of the place, for there the door opens.
 *
 * @param {string} at
 * @param {PublicAed} aed
 */
function timeTold(at, { timezone }) {
  return secondsUntil(at) > SOON_S ? dateTime(at, timezone) : hourAndMinute(at, timezone);
}
