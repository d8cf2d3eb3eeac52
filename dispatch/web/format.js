/** Distances, durations and times as people read them. */

import { secondsUntil, serverNow } from "./clock.js";
import { locale, word } from "./language.js";

/** @param {number} metres */
export function distance(metres) {
  if (metres < 1000) {
    // Nobody walks to the metre: tens from 100 m on.
    const rounded = metres < 100 ? Math.round(metres) : Math.round(metres / 10) * 10;
    return word("unit.metres", { n: rounded });
  }
  return word("unit.kilometres", { n: (metres / 1000).toFixed(metres < 10_000 ? 1 : 0) });
}

/**
 * Minutes, never less than one.
 *
 * @param {number} seconds
 */
export function minutes(seconds) {
  return word("unit.minutes", { n: Math.max(1, Math.round(seconds / 60)) });
}

/**
 * 3:05; 1:02:05 from an hour on.
 *
 * @param {number} seconds
 */
export function clockTime(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const tail = `${String(s).padStart(2, "0")}`;
  return h ? `${h}:${String(m).padStart(2, "0")}:${tail}` : `${m}:${tail}`;
}

/**
 * Counting down to a time: "3:05", or "any moment" once it has passed.
 *
 * @param {string} at
 */
export function countdown(at) {
  const seconds = secondsUntil(at);
  return seconds > 0 ? clockTime(seconds) : word("any_moment");
}

/**
 * How long ago, briefly.
 *
 * @param {string} at
 */
export function age(at) {
  const seconds = Math.max(0, -secondsUntil(at));
  if (seconds < 3600) return clockTime(seconds);
  if (seconds < 86_400) return word("unit.hours", { n: Math.floor(seconds / 3600) });
  return word("unit.days", { n: Math.floor(seconds / 86_400) });
}

/**
 * When something with an ETA given now will be there.
 *
 * @param {number} eta_s
 */
export function arrival(eta_s) {
  return new Date(serverNow() + eta_s * 1000).toISOString();
}

/** @type {string | undefined} */
let timezone;

/**
 * The time zone that times of day are told in: the service's, not the traveller's.
 *
 * @param {string} name
 */
export function setTimezone(name) {
  timezone = name;
}

/**
 * 14:03:22.
 *
 * @param {string} at
 */
export function timeOfDay(at) {
  return new Date(at).toLocaleTimeString(locale(), {
    hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZone: timezone,
  });
}

/**
 * A date and time to the minute.
 *
 * @param {string} at
 */
export function dateTime(at) {
  return new Date(at).toLocaleString(locale(), {
    month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false, timeZone: timezone,
  });
}

/**
 * What there is of these, parted by dots that never begin a line.
 *
 * @param {(string | null | undefined | false)[]} parts
 */
export function dotted(parts) {
  return parts.filter(Boolean).join("\u00a0· ");
}

/** @param {number} floor */
export function floorName(floor) {
  return floor < 0 ? word("floor.below", { n: -floor }) : word("floor", { n: floor });
}
