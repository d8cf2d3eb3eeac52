/**
 * WGS-84 to GCJ-02 and back, for drawing over base maps that use the Chinese datum. Only what is drawn or clicked is
 * converted; everything the pages keep and send is WGS-84.
 *
 * The shift is the publicly documented approximation on the Krasovsky 1940 ellipsoid (see "Restrictions on geographic
 * data in China", Wikipedia); libraries that implement it agree to about 0.1 m.
 */

/** @typedef {[longitude: number, latitude: number]} Point */

const SEMI_MAJOR_M = 6_378_245;
const ECCENTRICITY_SQUARED = 0.00669342162296594323;
/** Outside this box the datum is not used: west, south, east, north. */
const MAINLAND_BOX = [72.004, 0.8293, 137.8347, 55.8271];
const RADIANS = Math.PI / 180;

/**
 * Whether maps may be shifted there: in a box around the mainland, which holds some of its neighbours, too.
 *
 * @param {Point} point
 */
export function isWhereGcj02May([longitude, latitude]) {
  const [west = 0, south = 0, east = 0, north = 0] = MAINLAND_BOX;
  return longitude >= west && longitude <= east && latitude >= south && latitude <= north;
}

/**
 * The formula's metre-like offsets east and north for a point counted from 105° E, 35° N.
 *
 * @param {number} x degrees east of 105
 * @param {number} y degrees north of 35
 * @returns {[number, number]}
 */
function offsets(x, y) {
  const ripple = ((20 * Math.sin(6 * x * Math.PI) + 20 * Math.sin(2 * x * Math.PI)) * 2) / 3;
  const north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x)) + ripple
    + ((20 * Math.sin(y * Math.PI) + 40 * Math.sin((y / 3) * Math.PI)) * 2) / 3
    + ((160 * Math.sin((y / 12) * Math.PI) + 320 * Math.sin((y * Math.PI) / 30)) * 2) / 3;
  const east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x)) + ripple
    + ((20 * Math.sin(x * Math.PI) + 40 * Math.sin((x / 3) * Math.PI)) * 2) / 3
    + ((150 * Math.sin((x / 12) * Math.PI) + 300 * Math.sin((x / 30) * Math.PI)) * 2) / 3;
  return [east, north];
}

/**
 * @param {Point} point WGS-84
 * @returns {Point} GCJ-02
 */
export function toGcj02(point) {
  if (!isWhereGcj02May(point)) return point;
  const [longitude, latitude] = point;
  const [east, north] = offsets(longitude - 105, latitude - 35);
  const sine = Math.sin(latitude * RADIANS);
  const bend = 1 - ECCENTRICITY_SQUARED * sine * sine;
  const root = Math.sqrt(bend);
  const metresPerRadianNorth = (SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED)) / (bend * root);
  const metresPerRadianEast = (SEMI_MAJOR_M / root) * Math.cos(latitude * RADIANS);
  return [longitude + east / (metresPerRadianEast * RADIANS), latitude + north / (metresPerRadianNorth * RADIANS)];
}

const BAIDU_WAVE = (Math.PI * 3000) / 180;

/**
 * @param {Point} point GCJ-02
 * @returns {Point} BD-09: Baidu sways radius and angle a little, and adds a constant
 */
function toBd09([longitude, latitude]) {
  const radius = Math.hypot(longitude, latitude) + 0.00002 * Math.sin(latitude * BAIDU_WAVE);
  const angle = Math.atan2(latitude, longitude) + 0.000003 * Math.cos(longitude * BAIDU_WAVE);
  return [radius * Math.cos(angle) + 0.0065, radius * Math.sin(angle) + 0.006];
}

/**
 * @param {Point} point BD-09
 * @returns {Point} WGS-84
 */
export function fromBd09(point) {
  if (!isWhereGcj02May(point)) return point;
  return fromGcj02(unshifted(point, toBd09));
}

/**
 * The inverse, by walking back along the error; three rounds reach well under a millimetre.
 *
 * @param {Point} point GCJ-02
 * @returns {Point} WGS-84
 */
export function fromGcj02(point) {
  return isWhereGcj02May(point) ? unshifted(point, toGcj02) : point;
}

/**
 * @param {Point} point
 * @param {(point: Point) => Point} shift
 * @returns {Point}
 */
function unshifted(point, shift) {
  let [longitude, latitude] = point;
  for (let round = 0; round < 4; round += 1) {
    const [east, north] = shift([longitude, latitude]);
    longitude += point[0] - east;
    latitude += point[1] - north;
  }
  return [longitude, latitude];
}
