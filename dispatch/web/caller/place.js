/** Where the caller is: what the device says, or the pin that the caller put. */

import { followPosition } from "../geolocation.js";

/** @typedef {import("../geolocation.js").Fix} Fix */
/** @typedef {import("../contract/values.d.ts").Location} Location */
/** @typedef {"asking" | "found" | "poor" | "denied" | "unavailable" | "pinned"} PlaceState */

/** Worse than this, the place is called rough: a responder would search several buildings. */
const ROUGH_M = 100;
/** Only tells which city the pin map opens in; never goes out as where the caller is. */
const LAST_PLACE = "last-place";

export class CallerPlace {
  /** @type {Fix | null} */
  #fix = null;
  /** @type {{ latitude: number, longitude: number } | null} */
  #pin = null;
  /** @type {"denied" | "unavailable" | null} */
  #obstacle = null;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
  }

  start() {
    this.stop = followPosition(
      (fix) => {
        this.#fix = fix;
        this.#obstacle = null;
        remember(fix);
        this.onChange();
      },
      (obstacle) => {
        // A fix from a moment ago is better than the news that there is no newer one.
        if (!this.#fix) this.#obstacle = obstacle;
        this.onChange();
      },
    );
  }

  /** @returns {PlaceState} */
  get state() {
    if (this.#pin) return "pinned";
    if (this.#fix) return this.#fix.accuracy_m > ROUGH_M ? "poor" : "found";
    return this.#obstacle ?? "asking";
  }

  get accuracy_m() {
    return this.#fix?.accuracy_m ?? null;
  }

  /**
   * What would be sent now; null when nothing is known.
   *
   * @returns {Location | null}
   */
  get location() {
    if (this.#pin) return { ...this.#pin, datum: "wgs84" };
    if (!this.#fix) return null;
    const { latitude, longitude, accuracy_m } = this.#fix;
    return { latitude, longitude, accuracy_m, datum: "wgs84" };
  }

  /** @param {{ latitude: number, longitude: number } | null} place */
  pin(place) {
    this.#pin = place;
    if (place) remember(place);
    this.onChange();
  }

  /** Where a map for the pin should open, if anything is known. */
  get likely() {
    return this.location ?? remembered();
  }
}

/** @param {{ latitude: number, longitude: number }} place */
function remember({ latitude, longitude }) {
  try {
    localStorage.setItem(LAST_PLACE, JSON.stringify({ latitude, longitude }));
  } catch {
    // Only a convenience for the pin map.
  }
}

/** @returns {{ latitude: number, longitude: number } | null} */
function remembered() {
  try {
    const place = JSON.parse(localStorage.getItem(LAST_PLACE) ?? "null");
    return Number.isFinite(place?.latitude) && Number.isFinite(place?.longitude) ? place : null;
  } catch {
    return null;
  }
}
