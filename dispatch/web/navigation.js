/** Links that hand a place to a navigation app. All coordinates are WGS-84, and each link says so where it can. */

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
  return `geo:${point}?q=${point}(${encodeURIComponent(name)})`;
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
    to: `${longitude.toFixed(6)},${latitude.toFixed(6)},${name}`,
    mode: AMAP_MODES[mode],
    coordinate: "wgs84",
    callnative: "1",
  });
  return `https://uri.amap.com/navigation?${query}`;
}
