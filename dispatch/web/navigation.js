/** Links that hand a place to a navigation app. All coordinates are WGS-84, and each link says so where it can. */

import { isWhereGcj02May } from "./carto/datum.js";

/** @typedef {{ latitude: number, longitude: number }} Place */
/** @typedef {import("./contract/responders.d.ts").Mode} Mode */

/**
 * The system's own choice of map app (RFC 5870; the `q` form is what Android shows with a label).
 *
 * @param {Place} place
 * @param {string} name
 */
export function geoLink({ latitude, longitude }, name) {
  const point = `${latitude.toFixed(6)},${longitude.toFixed(6)}`;
  // A bracket in the name would end it.
  const label = encodeURIComponent(name).replace(/[()]/g, (bracket) => (bracket === "(" ? "%28" : "%29"));
  return `geo:${point}?q=${point}(${label})`;
}

/** @type {Record<Mode, string>} */
const AMAP_MODES = { walk: "walk", run: "walk", bike: "ride", ebike: "ride", car: "car" };

/**
 * Amap's web link; `coordinate=wgs84` makes Amap convert, so that the goal is not half a kilometre off.
 *
 * @param {Place} place
 * @param {string} name
 * @param {Mode} mode
 */
export function amapLink({ latitude, longitude }, name, mode) {
  const query = new URLSearchParams({
    // Commas part the three.
    to: `${longitude.toFixed(6)},${latitude.toFixed(6)},${name.replaceAll(",", " ")}`,
    mode: AMAP_MODES[mode],
    coordinate: "wgs84",
    callnative: "1",
  });
  return `https://uri.amap.com/navigation?${query}`;
}

/**
 * The way on foot by Google Maps (Maps URLs; WGS-84): what people have where Amap knows no streets.
 *
 * @param {Place} place
 */
export function googleLink({ latitude, longitude }) {
  const query = new URLSearchParams({ api: "1", destination: `${latitude.toFixed(6)},${longitude.toFixed(6)}`, travelmode: "walking" });
  return `https://www.google.com/maps/dir/?${query}`;
}

/** GB/T 2260: Taiwan, Hong Kong and Macau, whose maps are not shifted and where Google's are in use. */
const NOT_SHIFTED = /^(71|81|82)/;

/**
 * The web maps that know the way to a place, the likeliest first.
 *
 * @param {Place} place
 * @param {string | null | undefined} district_code GB/T 2260, of a place whose district is known
 * @returns {("amap" | "google")[]}
 */
export function webMapsFor(place, district_code) {
  if (!isWhereGcj02May([place.longitude, place.latitude])) return ["google"];
  if (!district_code) return ["amap", "google"];
  return NOT_SHIFTED.test(district_code) ? ["google", "amap"] : ["amap"];
}

/** Whether this device opens `geo:` links: Apple's do not, and the tap would do nothing. */
export function opensGeoLinks() {
  return !/iPhone|iPad|Macintosh/.test(navigator.userAgent);
}
