/** The order of stages for each role, and how far this responder is. */

/** @typedef {import("../contract/alerts.d.ts").Role} Role */
/** @typedef {import("../contract/alerts.d.ts").Stage} Stage */
/** @typedef {import("../contract/alerts.d.ts").AlertState} AlertState */

/** @type {Record<Role, Stage[]>} */
export const stagesOf = {
  cpr: ["en_route", "on_scene", "done"],
  aed: ["en_route", "aed_collected", "on_scene", "done"],
};

/**
 * The stage that comes after this state; null when the task is finished.
 *
 * @param {Role} role
 * @param {AlertState} state
 * @returns {Stage | null}
 */
export function nextStage(role, state) {
  if (state === "gave_up" || state === "stood_down") return null;
  const passed = stagesOf[role].indexOf(/** @type {Stage} */ (state));
  return stagesOf[role][passed + 1] ?? null;
}

/**
 * How many stages of the role are behind.
 *
 * @param {Role} role
 * @param {AlertState} state
 */
export function stagesPassed(role, state) {
  return stagesOf[role].indexOf(/** @type {Stage} */ (state)) + 1;
}

const KEY = "stage:";

/**
 * What this device knows of its own progress, where the service does not tell it.
 *
 * @param {string} alert_id
 * @returns {AlertState | null}
 */
export function rememberedStage(alert_id) {
  try {
    return /** @type {AlertState | null} */ (sessionStorage.getItem(KEY + alert_id));
  } catch {
    return null;
  }
}

/**
 * @param {string} alert_id
 * @param {AlertState} state
 */
export function rememberStage(alert_id, state) {
  try {
    sessionStorage.setItem(KEY + alert_id, state);
  } catch {
    // The next reload shows the first stage again; sending it twice changes nothing.
  }
}
