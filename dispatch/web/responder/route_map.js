/** The map of an assignment: me, the AED if there is one to fetch, the patient, and the line through them. */

import { createMap, putFeatures } from "../carto/basemap.js";
import { lineFeature, Markers, showAll } from "../carto/overlay.js";
import { MyLocation } from "../carto/mylocation.js";
import { signs } from "../carto/palette.js";
import { el, fill } from "../dom.js";
import { word } from "../language.js";

/** @typedef {import("../contract/alerts.d.ts").AssignmentMessage} AssignmentMessage */
/** @typedef {{ latitude: number, longitude: number }} Place */

export class RouteMap {
  /** @type {import("../carto/basemap.js").BaseMap | undefined} */
  #base;
  /** @type {Markers | undefined} */
  #markers;
  /** @type {(() => void) | undefined} */
  #late;
  #framed = "";

  constructor() {
    this.element = el("section", { class: "sheet assignment-map", attributes: { "aria-label": word("map.title") } });
  }

  /** @param {Place} centre */
  async start(centre) {
    try {
      const base = await createMap(this.element, { theme: "light", centre, zoom: 15 });
      base.map.addSource("way", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
      base.map.addLayer({ id: "way", type: "line", source: "way", layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": signs.way, "line-width": 4, "line-dasharray": [0.2, 1.8] } });
      base.map.addControl(new MyLocation(base), "top-right");
      this.#base = base;
      this.#markers = new Markers(base);
      this.#late?.();
    } catch {
      fill(this.element, el("p", { class: "map-failed", text: word("map.failed") }));
    }
  }

  /**
   * @param {AssignmentMessage} assignment
   * @param {Place | null} me
   * @param {boolean} collected the AED is in hand: the way goes straight to the patient
   */
  draw(assignment, me, collected) {
    if (!this.#base || !this.#markers) {
      this.#late = () => this.draw(assignment, me, collected);
      return;
    }
    const aed = collected ? null : assignment.aed;
    const stops = [...(me ? [me] : []), ...(aed ? [aed.location] : []), assignment.location];
    putFeatures(this.#base, "way", stops.length > 1 ? [lineFeature(stops)] : []);
    this.#markers.put([
      { key: "patient", kind: "patient", place: assignment.location, label: word("map.patient") },
      ...(aed ? [{ key: "aed", kind: /** @type {const} */ ("aed"), place: aed.location, label: aed.name }] : []),
      ...(me ? [{ key: "me", kind: /** @type {const} */ ("me"), place: me, label: "" }] : []),
    ]);
    const framed = [assignment.alert_id, aed?.id, collected, me !== null].join();
    if (framed === this.#framed) return;
    this.#framed = framed;
    showAll(this.#base, stops, { padding: { top: 44, bottom: 64, left: 48, right: 84 }, maxZoom: 17 });
  }
}
