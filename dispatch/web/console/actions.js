/** What the operator can do with an incident; each asks first when it stops people. */

import { askInDialog } from "../dialog.js";
import { el } from "../dom.js";
import { word, wordFor } from "../language.js";

/** @typedef {import("../contract/incidents.d.ts").OperatorIncident} OperatorIncident */
/** @typedef {(command: "cancel" | "close" | "widen" | "ambulance" | "cpr", body: object) => void} Command */

const USUAL_AMBULANCE_MIN = 8;
const MOST_AMBULANCE_MIN = 120;
const CANCEL_REASONS = /** @type {const} */ (["false_alarm", "duplicate", "operator"]);

/**
 * @param {OperatorIncident} incident
 * @param {string} message what came of the last action, or ""
 * @param {Command} command
 * @returns {HTMLElement}
 */
export function actionButtons(incident, message, command) {
  /** @param {string} id @param {string} label @param {() => void} act @param {string} [kind] */
  const button = (id, label, act, kind = "") =>
    el("button", { class: `button ${kind}`, text: label, attributes: { type: "button", id: `action-${id}` }, on: { click: act } });
  const cpr = incident.cpr_in_progress;
  return el("div", { class: "actions" },
    button("widen", word("action.widen"), () => command("widen", {})),
    button("ambulance", word("action.ambulance"), () => void ambulance(command)),
    button("cpr", word(cpr ? "action.cpr.off" : "action.cpr.on"), () => command("cpr", { in_progress: !cpr })),
    button("close", word("action.close"), () => void close(command)),
    button("cancel", word("action.cancel"), () => void cancel(command), "cancel"),
    message ? el("p", { class: "message banner-warn banner", text: message, attributes: { role: "alert" } }) : null);
}

/** @param {Command} command */
async function ambulance(command) {
  const input = el("input", { attributes: { type: "number", id: "ambulance-minutes", min: 1, max: MOST_AMBULANCE_MIN, step: 1, value: USUAL_AMBULANCE_MIN, required: true, inputmode: "numeric" } });
  const body = await askInDialog({
    title: word("action.ambulance.title"),
    text: word("action.ambulance.explain"),
    fields: [el("label", { class: "field" }, el("span", { text: word("action.ambulance.eta") }), input)],
    answers: [
      { label: word("action.ambulance.set"), tone: "strong", needsValid: true, value: () => /** @type {object} */ ({ eta_s: Math.round(input.valueAsNumber * 60) }) },
      { label: word("action.ambulance.arrived"), tone: "act", value: () => ({ arrived: true }) },
      { label: word("back"), tone: "quiet", value: () => null },
    ],
  });
  if (body) command("ambulance", body);
}

/** @param {Command} command */
async function close(command) {
  const note = el("textarea", { attributes: { rows: 2, maxlength: 500 } });
  const body = await askInDialog({
    title: word("action.close.title"),
    text: word("action.close.explain"),
    fields: [el("label", { class: "field" }, el("span", { text: word("action.close.note") }), note)],
    answers: [
      { label: word("action.close"), tone: "strong", value: () => (note.value.trim() ? { note: note.value.trim() } : {}) },
      { label: word("back"), tone: "quiet", value: () => null },
    ],
  });
  if (body) command("close", body);
}

/** @param {Command} command */
async function cancel(command) {
  const reason = await askInDialog({
    title: word("action.cancel.title"),
    text: word("action.cancel.explain"),
    answers: [
      ...CANCEL_REASONS.map((value) => ({ label: wordFor("end_reason", value), value: () => value })),
      { label: word("back"), tone: /** @type {const} */ ("quiet"), value: () => null },
    ],
  });
  if (reason) command("cancel", { reason });
}
