/** The AEDs in a map's view: asked for when the view moves, corrected by what is told live. */

import { ask } from "./api.js";
import { usability } from "./aeds.js";

/** @typedef {import("./contract/aeds.d.ts").AedCollection} AedCollection */
/** @typedef {import("./contract/aeds.d.ts").AedFeature} AedFeature */
/** @typedef {import("./contract/aeds.d.ts").AedMessage} AedMessage */

const PAUSE_MS = 250;
const LIMIT = 5000;

export class AedLayer {
  /** @type {Map<string, AedFeature>} */
  features = new Map();
  truncated = false;
  #wanted = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @type {[number, number, number, number] | null} */
  #bbox = null;
  /** @type {AedMessage[] | null} what is told while an answer is awaited, which may not know of it */
  #told = null;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
  }

  /**
   * Asks for this view, once it has come to rest.
   *
   * @param {[number, number, number, number]} bbox
   */
  look(bbox) {
    this.#bbox = bbox;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#read(bbox), PAUSE_MS);
  }

  /** Asks again for the same view: much has changed. */
  again() {
    if (this.#bbox) this.look(this.#bbox);
  }

  /** @param {[number, number, number, number]} bbox */
  async #read(bbox) {
    this.#wanted += 1;
    const wanted = this.#wanted;
    this.#told = [];
    try {
      const box = bbox.map((value) => value.toFixed(5)).join(",");
      const found = /** @type {AedCollection} */ (await ask("GET", `/v1/aeds?bbox=${box}&limit=${LIMIT}`));
      if (wanted !== this.#wanted) return;
      this.features = new Map(found.features.map((feature) => [feature.id, feature]));
      this.truncated = found.truncated;
      for (const message of this.#told ?? []) this.#apply(message);
      this.onChange();
    } catch {
      // What was drawn stays; the next move asks again.
    } finally {
      if (wanted === this.#wanted) this.#told = null;
    }
  }

  /** @param {AedMessage} message */
  take(message) {
    this.#told?.push(message);
    this.#apply(message);
    this.onChange();
  }

  /** @param {AedMessage} message */
  #apply({ id, name, location, readiness, usable_now, removed }) {
    if (removed) {
      this.features.delete(id);
      return;
    }
    const known = this.features.get(id);
    this.features.set(id, {
      type: "Feature",
      id,
      geometry: { type: "Point", coordinates: [location.longitude, location.latitude] },
      properties: { access: "unknown", ...known?.properties, name, readiness, usable_now },
    });
  }

  /**
   * What the map draws.
   *
   * @param {boolean} usableOnly
   * @returns {import("geojson").Feature[]}
   */
  drawn(usableOnly) {
    const shown = [...this.features.values()].filter((feature) => !usableOnly || feature.properties.usable_now);
    return shown.map(({ id, geometry, properties }) => ({
      type: "Feature",
      geometry,
      properties: { id, name: properties.name, readiness: properties.readiness, usability: usability(properties) },
    }));
  }
}
