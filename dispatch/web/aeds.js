/** What an AED's record means to a person who needs one. */

import { dotted, floorName } from "./format.js";
import { language, word, wordFor } from "./language.js";

/** @typedef {import("./contract/aeds.d.ts").Readiness} Readiness */
/** @typedef {"usable" | "doubtful" | "unusable"} Usability */

/**
 * One of three: works and can be reached; can be reached but its condition is in doubt; neither.
 *
 * @param {{ readiness: Readiness, usable_now?: boolean }} aed
 * @returns {Usability}
 */
export function usability({ readiness, usable_now = true }) {
  if (!usable_now) return "unusable";
  return readiness === "ready" ? "usable" : "doubtful";
}

/**
 * How to get at it, in one line: where exactly, floor, access, hours.
 *
 * @param {import("./contract/aeds.d.ts").AedAccess} aed
 */
export function howToReach(aed) {
  const parts = [
    aed.place_detail,
    typeof aed.floor === "number" ? floorName(aed.floor) : null,
    aed.access && aed.access !== "unknown" ? wordFor("access", aed.access) : null,
    aed.opening_hours ? openingHours(aed.opening_hours) : null,
  ];
  return dotted(parts);
}

/** The abbreviations of OpenStreetMap's opening_hours, as Chinese readers know the days. */
const DAYS = /** @type {Record<string, string>} */ ({
  Mo: "周一", Tu: "周二", We: "周三", Th: "周四", Fr: "周五", Sa: "周六", Su: "周日", PH: "节假日", off: "不开放", closed: "不开放",
});

/**
 * Opening hours as OpenStreetMap writes them; days get their names in Chinese, and the common whole-week forms a word.
 *
 * @param {string | null | undefined} hours
 */
export function openingHours(hours) {
  if (!hours) return word("aed.hours.unknown");
  if (hours.trim() === "24/7") return word("aed.hours.always");
  const whole = hours.replace(/\bMo-Su(,PH)?\b/g, word("aed.hours.daily"));
  if (language() === "en") return whole;
  return whole
    .replace(/\b(Mo|Tu|We|Th|Fr|Sa|Su)-(Mo|Tu|We|Th|Fr|Sa|Su)\b/g, (_, first, last) => `${DAYS[first]}至${DAYS[last]}`)
    .replace(/\b(Mo|Tu|We|Th|Fr|Sa|Su|PH|off|closed)\b/g, (day) => DAYS[day] ?? day)
    .replace(/;\s*/g, "；");
}
