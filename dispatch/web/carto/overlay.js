/** Drawing places, areas and ways on a base map. */

import { el } from "../dom.js";
import { icon } from "../icons.js";

/** @typedef {import("./basemap.js").BaseMap} BaseMap */
/** @typedef {{ latitude: number, longitude: number }} Place */

const METRES_PER_DEGREE = 111_319.490793;

/**
 * @param {Place} place
 * @param {Record<string, unknown>} [properties]
 * @param {string | number} [id]
 * @returns {import("geojson").Feature}
 */
export function pointFeature(place, properties = {}, id) {
  return {
    type: "Feature",
    ...(id === undefined ? {} : { id }),
    properties,
    geometry: { type: "Point", coordinates: [place.longitude, place.latitude] },
  };
}

/**
 * @param {Place[]} places
 * @param {Record<string, unknown>} [properties]
 * @returns {import("geojson").Feature}
 */
export function lineFeature(places, properties = {}) {
  return {
    type: "Feature", properties,
    geometry: { type: "LineString", coordinates: places.map((place) => [place.longitude, place.latitude]) },
  };
}

/**
 * A circle of this radius as a polygon (a flat-earth ring: true to a few per mille at the sizes drawn here).
 *
 * @param {Place} centre
 * @param {number} radius_m
 * @returns {import("geojson").Feature}
 */
export function circleFeature(centre, radius_m) {
  const dy = radius_m / METRES_PER_DEGREE;
  const dx = dy / Math.max(0.01, Math.cos((centre.latitude * Math.PI) / 180));
  const ring = Array.from({ length: 65 }, (_, i) => {
    const angle = (i / 64) * 2 * Math.PI;
    return [centre.longitude + dx * Math.cos(angle), centre.latitude + dy * Math.sin(angle)];
  });
  return { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [ring] } };
}

/**
 * The markers of one map, kept by key: moved when they move, gone when no longer named.
 */
export class Markers {
  /** @type {Map<string, { marker: import("maplibre-gl").Marker, kind: string, label: HTMLElement }>} */
  #shown = new Map();

  /** @param {BaseMap} base */
  constructor(base) {
    this.base = base;
  }

  /**
   * @param {{ key: string, kind: "patient" | "aed" | "cpr" | "me", place: Place, label: string }[]} wanted
   */
  put(wanted) {
    const keys = new Set(wanted.map((item) => item.key));
    for (const [key, shown] of this.#shown) {
      if (keys.has(key)) continue;
      shown.marker.remove();
      this.#shown.delete(key);
    }
    for (const item of wanted) {
      const point = this.base.draw(item.place);
      let shown = this.#shown.get(item.key);
      if (shown && shown.kind !== item.kind) {
        shown.marker.remove();
        shown = undefined;
      }
      if (!shown) {
        const { element, label } = markerElement(item.kind);
        const marker = new this.base.library.Marker({ element, anchor: "center" }).setLngLat(point).addTo(this.base.map);
        shown = { marker, kind: item.kind, label };
        this.#shown.set(item.key, shown);
      }
      shown.marker.setLngLat(point);
      shown.label.textContent = item.label;
      shown.label.hidden = item.label === "";
    }
  }
}

/** @param {"patient" | "aed" | "cpr" | "me"} kind */
function markerElement(kind) {
  const label = el("span", { class: "marker-label" });
  const sign = el("span", { class: "marker-sign" }, kind === "me" ? null : icon(kind));
  return { element: el("div", { class: `marker marker-${kind}` }, sign, label), label };
}

/**
 * Moves the view so that all places are in it.
 *
 * @param {BaseMap} base
 * @param {Place[]} places
 * @param {{ padding?: number | { top: number, bottom: number, left: number, right: number }, maxZoom?: number }} [options]
 */
export function showAll(base, places, { padding = 48, maxZoom = 16 } = {}) {
  const box = new base.library.LngLatBounds();
  for (const place of places) box.extend(base.draw(place));
  if (box.isEmpty()) return;
  base.map.fitBounds(box, { padding, maxZoom, animate: !matchMedia("(prefers-reduced-motion: reduce)").matches, duration: 500 });
}
