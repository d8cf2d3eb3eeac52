/** Where this device is, as a promise and as a watch; and how far apart two places are. */

/** @typedef {{ latitude: number, longitude: number, accuracy_m: number, at: string }} Fix */
/** @typedef {"denied" | "unavailable"} Obstacle */

const EARTH_RADIUS_M = 6_371_008.8;

/**
 * Metres between two places on the sphere (haversine): enough for "moved 10 m" and for sorting a list.
 *
 * @param {{ latitude: number, longitude: number }} a
 * @param {{ latitude: number, longitude: number }} b
 */
export function metresBetween(a, b) {
  const radians = Math.PI / 180;
  const dLat = (b.latitude - a.latitude) * radians;
  const dLon = (b.longitude - a.longitude) * radians;
  const h = Math.sin(dLat / 2) ** 2
    + Math.cos(a.latitude * radians) * Math.cos(b.latitude * radians) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(h)));
}

/**
 * Follows the device.
 *
 * @param {(fix: Fix) => void} onFix
 * @param {(obstacle: Obstacle) => void} onObstacle
 * @returns {() => void} stops it
 */
export function followPosition(onFix, onObstacle) {
  if (!("geolocation" in navigator) || !window.isSecureContext) {
    onObstacle("unavailable");
    return () => {};
  }
  const id = navigator.geolocation.watchPosition(
    (position) => onFix(toFix(position)),
    (error) => onObstacle(error.code === error.PERMISSION_DENIED ? "denied" : "unavailable"),
    { enableHighAccuracy: true, maximumAge: 5_000, timeout: 20_000 },
  );
  return () => navigator.geolocation.clearWatch(id);
}

/**
 * The position now.
 *
 * @returns {Promise<Fix>}
 */
export function currentFix() {
  return new Promise((resolve, reject) => {
    if (!("geolocation" in navigator) || !window.isSecureContext) return reject(new Error("unavailable"));
    navigator.geolocation.getCurrentPosition(
      (position) => resolve(toFix(position)),
      (error) => reject(new Error(error.code === error.PERMISSION_DENIED ? "denied" : "unavailable")),
      { enableHighAccuracy: true, maximumAge: 10_000, timeout: 10_000 },
    );
  });
}

/**
 * @param {GeolocationPosition} position
 * @returns {Fix}
 */
function toFix(position) {
  const { latitude, longitude, accuracy } = position.coords;
  return { latitude, longitude, accuracy_m: accuracy, at: new Date(position.timestamp).toISOString() };
}
