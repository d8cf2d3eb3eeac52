/** The caller's map: the patient, those who come, and the AEDs nearby. */

import { createMap } from "../carto/basemap.js";
import { Markers, showAll } from "../carto/overlay.js";
import { el, fill } from "../dom.js";
import { word } from "../language.js";

/** @typedef {import("../contract/incidents.d.ts").CallerIncident} CallerIncident */
/** @typedef {import("../contract/aeds.d.ts").NearestAed} NearestAed */

export class FollowingMap {
  /** @type {import("../carto/basemap.js").BaseMap | undefined} */
  #base;
  /** @type {Markers | undefined} */
  #markers;
  /** @type {(() => void) | undefined} */
  #late;
  #shown = 0;

  constructor() {
    this.element = el("section", { class: "sheet following-map", attributes: { "aria-label": word("map.title") } });
  }

  /** @param {{ latitude: number, longitude: number }} centre */
  async start(centre) {
    try {
      this.#base = await createMap(this.element, { theme: "light", centre, zoom: 15 });
    } catch {
      fill(this.element, el("p", { class: "map-failed", text: word("map.failed") }));
      return;
    }
    this.#markers = new Markers(this.#base);
    this.#late?.();
  }

  /**
   * @param {CallerIncident} incident
   * @param {NearestAed[]} aeds
   */
  draw(incident, aeds) {
    const base = this.#base;
    if (!base || !this.#markers) {
      this.#late = () => this.draw(incident, aeds);
      return;
    }
    const coming = incident.responders.filter((one) => one.location);
    this.#markers.put([
      ...aeds.map((aed) => ({ key: `aed:${aed.id}`, kind: /** @type {const} */ ("aed"), place: aed.location, label: "" })),
      ...coming.map((one) => ({
        key: one.alert_id,
        kind: /** @type {const} */ ("cpr"),
        place: /** @type {import("../contract/values.d.ts").Location} */ (one.location),
        label: one.name ?? word("caller.anonymous"),
      })),
      { key: "patient", kind: "patient", place: incident.location, label: word(incident.merged_into ? "map.patient" : "map.here") },
    ]);
    // The view is moved only when there is somebody new to see, never under the caller's finger.
    const known = 1 + coming.length;
    if (known === this.#shown) return;
    this.#shown = known;
    showAll(base, [incident.location, ...coming.flatMap((one) => one.location ?? []), ...aeds.slice(0, 2).map((aed) => aed.location)], { padding: { top: 44, bottom: 64, left: 56, right: 84 } });
  }

  /** Language may have changed. */
  rename() {
    this.element.setAttribute("aria-label", word("map.title"));
  }
}
