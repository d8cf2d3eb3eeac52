/** Where to write a district's name. */

/** @typedef {import("geojson").Position} Position */

/**
 * One point per district, where the service says or else in the middle of its largest part, carrying the district's properties. (A label on the
 * polygon itself would appear once in every tile that the polygon crosses.)
 *
 * @param {import("geojson").Feature} district
 * @returns {import("geojson").Feature[]}
 */
export function centreOf(district) {
  const { geometry } = district;
  const label = district.properties?.label;
  if (Array.isArray(label)) {
    return [{ type: "Feature", properties: district.properties, geometry: { type: "Point", coordinates: label } }];
  }
  /** @type {Position[][]} */
  const rings = geometry?.type === "Polygon"
    ? geometry.coordinates.slice(0, 1)
    : geometry?.type === "MultiPolygon"
      ? geometry.coordinates.flatMap((part) => part.slice(0, 1))
      : [];
  const largest = rings.map(ringCentre).sort((a, b) => b.area - a.area)[0];
  if (!largest) return [];
  return [{ type: "Feature", properties: district.properties, geometry: { type: "Point", coordinates: largest.centre } }];
}

/**
 * Area and centre of gravity of a closed ring (shoelace formula), in degrees: good enough for a label.
 *
 * @param {Position[]} ring
 * @returns {{ area: number, centre: Position }}
 */
function ringCentre(ring) {
  let [twice, x, y] = [0, 0, 0];
  for (let i = 0; i + 1 < ring.length; i += 1) {
    const [ax = 0, ay = 0] = ring[i] ?? [];
    const [bx = 0, by = 0] = ring[i + 1] ?? [];
    const cross = ax * by - bx * ay;
    twice += cross;
    x += (ax + bx) * cross;
    y += (ay + by) * cross;
  }
  if (twice === 0) return { area: 0, centre: ring[0] ?? [0, 0] };
  return { area: Math.abs(twice / 2), centre: [x / (3 * twice), y / (3 * twice)] };
}
