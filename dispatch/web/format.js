/** Distances, durations and times as people read them. */

import { secondsUntil, serverNow } from "./clock.js";
import { locale, word } from "./language.js";

const DAY_MS = 86_400_000;

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
 * A date and time to the minute; with its year when that is another one.
 *
 * @param {string} at
 * @param {string} [zone] where it is told, if not in the service's time zone
 */
export function dateTime(at, zone = timezone) {
  const year = dayIn(zone, Date.parse(at)).slice(0, 4) === dayIn(zone, serverNow()).slice(0, 4) ? undefined : "numeric";
  return new Date(at).toLocaleString(locale(), {
    year, month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false, timeZone: zone,
  });
}

/**
 * 14:03.
 *
 * @param {string} at
 * @param {string} [zone]
 */
export function hourAndMinute(at, zone = timezone) {
  return new Date(at).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: zone });
}

/** The day that it is, as 2026-11-22: the one that expiry dates are compared with. */
export function today() {
  return dayIn(timezone, serverNow());
}

/**
 * The day so many days after another, as 2026-11-22.
 *
 * @param {string} day
 * @param {number} days
 */
export function dayAfter(day, days) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/**
 * When the service's clocks, and not this phone's, show this: milliseconds since the epoch.
 *
 * @param {string} shown such as 2026-11-22T00:00
 */
export function momentOf(shown) {
  const wanted = Date.parse(`${shown}Z`);
  let at_ms = wanted;
  // The second round is for a clock that was put forward or back in between.
  for (let round = 0; round < 2; round += 1) at_ms += wanted - Date.parse(`${new Date(at_ms).toLocaleString("sv-SE", { timeZone: timezone }).replace(" ", "T")}Z`);
  return at_ms;
}

/**
 * @param {string | undefined} zone
 * @param {number} at_ms
 */
function dayIn(zone, at_ms) {
  // The one common form that is written as dates are on the wire.
  return new Date(at_ms).toLocaleDateString("sv-SE", { timeZone: zone });
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
