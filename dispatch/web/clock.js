/** The service's clock, as far as this device can tell: countdowns must not depend on a phone that is minutes off. */

let offset_ms = 0;
let best_round_trip_ms = Infinity;

/**
 * Learns from one exchange: the server said `at` somewhere between sending and receiving.
 *
 * @param {string | number} at
 * @param {number} sent_ms this device's clock when the question left
 * @param {number} received_ms and when the answer was there
 */
export function learnServerTime(at, sent_ms, received_ms) {
  const server_ms = typeof at === "number" ? at : Date.parse(at);
  const round_trip_ms = received_ms - sent_ms;
  // A slower exchange knows less; it replaces a faster one only when the clocks have clearly moved apart.
  const estimate = server_ms - (sent_ms + received_ms) / 2;
  if (Number.isNaN(estimate)) return;
  if (round_trip_ms > best_round_trip_ms * 1.5 && Math.abs(estimate - offset_ms) < round_trip_ms) return;
  best_round_trip_ms = round_trip_ms;
  offset_ms = estimate;
}

/** Milliseconds since the epoch by the service's clock. */
export function serverNow() {
  return Date.now() + offset_ms;
}

/**
 * Seconds from now until this time; negative when it is past.
 *
 * @param {string} at
 */
export function secondsUntil(at) {
  return (Date.parse(at) - serverNow()) / 1000;
}
