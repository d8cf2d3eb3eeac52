/**
 * A quiet grid of hexagons that gives a map without streets a sense of size. The cells are regular in Web Mercator and
 * fixed to the ground, so they stay where they are while the map moves; each zoom has a side that reads well.
 */

/** Side of a cell in metres at the equator, by the least zoom it is drawn at. */
const SIDES = /** @type {const} */ ([[15, 125], [14, 250], [13, 500], [12, 1000], [11, 2000], [10, 4000], [9, 8000], [7.5, 20_000]]);
const METRES_PER_DEGREE = 111_319.490793;
/** A wall-sized screen at the least zoom of a step needs about this many. */
const MOST_CELLS = 6000;

/** @param {number} latitude */
function mercatorY(latitude) {
  return (Math.log(Math.tan(Math.PI / 4 + (latitude * Math.PI) / 360)) * 180) / Math.PI;
}

/** @param {number} y */
function latitudeOf(y) {
  return (Math.atan(Math.exp((y * Math.PI) / 180)) * 360) / Math.PI - 90;
}

/**
 * The grid's lines over this view. Each cell draws three of its six sides; its neighbours draw the others.
 *
 * @param {[west: number, south: number, east: number, north: number]} bounds
 * @param {number} zoom
 * @returns {import("geojson").Feature<import("geojson").MultiLineString>}
 */
export function hexGrid([west, south, east, north], zoom) {
  const side = SIDES.find(([least]) => zoom >= least)?.[1];
  /** @type {[number, number][][]} */
  const lines = [];
  if (side !== undefined) {
    const size = side / METRES_PER_DEGREE;
    const column = size * Math.sqrt(3);
    const row = size * 1.5;
    const [bottom, top] = [Math.floor(mercatorY(south) / row) - 1, Math.ceil(mercatorY(north) / row) + 1];
    const [left, right] = [Math.floor(west / column) - 1, Math.ceil(east / column) + 1];
    if ((top - bottom) * (right - left) <= MOST_CELLS) {
      for (let r = bottom; r <= top; r += 1) {
        for (let c = left; c <= right; c += 1) {
          const x = (c + (r % 2 === 0 ? 0 : 0.5)) * column;
          const y = r * row;
          lines.push([
            [x - column / 2, latitudeOf(y + size / 2)],
            [x, latitudeOf(y + size)],
            [x + column / 2, latitudeOf(y + size / 2)],
            [x + column / 2, latitudeOf(y - size / 2)],
          ]);
        }
      }
    }
  }
  return { type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates: lines } };
}
