/** Who was alerted, in which role, and what became of it. */

import { el } from "../dom.js";
import { clockTime, countdown, distance, dotted, timeOfDay } from "../format.js";
import { icon } from "../icons.js";
import { said, word, wordFor } from "../language.js";
import { tick } from "../ticking.js";

/** @typedef {import("../contract/incidents.d.ts").AlertedResponder} AlertedResponder */
/** @typedef {import("../contract/alerts.d.ts").AlertState} AlertState */

/** States of one who said yes and has not stopped. */
export const ACTIVE = new Set(["accepted", "en_route", "aed_collected", "on_scene"]);
const WAITING = new Set(["offered", "received"]);

/**
 * Whether this one is counted on: said yes, has not stopped, and answers.
 *
 * @param {AlertedResponder} alert
 */
export function isComing(alert) {
  return ACTIVE.has(alert.state) && !alert.doubted_at;
}

/**
 * @param {AlertState} state
 * @returns {"good" | "info" | "warn" | "over"}
 */
function toneOf(state) {
  if (state === "on_scene" || state === "done") return "good";
  if (ACTIVE.has(state)) return "info";
  return WAITING.has(state) ? "warn" : "over";
}

/** @param {AlertState} state */
function rank(state) {
  if (ACTIVE.has(state)) return 0;
  if (WAITING.has(state)) return 1;
  return state === "done" ? 2 : 3;
}

/**
 * @param {AlertedResponder[]} alerts
 * @returns {HTMLElement}
 */
export function alertsTable(alerts) {
  if (alerts.length === 0) return el("p", { class: "nobody", text: word("alerts.none") });
  const sorted = [...alerts].sort((a, b) => rank(a.state) - rank(b.state) || b.offered_at.localeCompare(a.offered_at));
  const over = sorted.filter((alert) => toneOf(alert.state) === "over");
  const current = sorted.filter((alert) => toneOf(alert.state) !== "over");
  return el("div", {},
    current.length ? el("table", { class: "alerts" },
      el("thead", {}, el("tr", {}, head("alerts.who"), head("alerts.role"), head("alerts.state"), head("alerts.eta", "number"))),
      el("tbody", {}, ...current.flatMap(rows))) : null,
    over.length ? overTable(over) : null);
}

/** Whether those who are out of it are unfolded: the operator's choice, for every incident. */
let unfolded = false;

/**
 * Those who declined, did not answer or were withdrawn: a line each, folded away.
 *
 * @param {AlertedResponder[]} alerts
 */
function overTable(alerts) {
  const details = el("details", { class: "over", attributes: { open: unfolded } },
    el("summary", { text: word("alerts.over", { n: alerts.length }) }),
    el("table", { class: "alerts" }, el("tbody", {}, ...alerts.map((alert) => el("tr", { class: "over", attributes: { "data-alert": alert.alert_id } },
      el("td", { text: alert.responder_name ?? alert.responder_id }),
      el("td", {}, el("span", { class: "role" }, icon(alert.role), wordFor("role", alert.role))),
      el("td", { text: dotted([wordFor("alert_state", alert.state), wordFor("end_reason", alert.end_reason), isSilent(alert) ? word("alerts.not_received") : ""]) }))))));
  details.addEventListener("toggle", () => (unfolded = details.open));
  return details;
}

/**
 * @param {"alerts.who" | "alerts.role" | "alerts.state" | "alerts.eta"} name
 * @param {string} [kind]
 */
function head(name, kind) {
  return el("th", { class: kind ?? "", text: word(name), attributes: { scope: "col" } });
}

/**
 * Counting down for who is under way, what was estimated for who has not answered, nothing for the rest.
 *
 * @param {AlertedResponder} alert
 * @param {ReturnType<typeof toneOf>} tone
 */
function etaCell({ eta_s, arrives_at }, tone) {
  const cell = el("td", { class: "number numeral", text: "–" });
  if (typeof eta_s !== "number") return cell;
  if (tone === "warn") cell.textContent = clockTime(eta_s);
  return tone === "info" ? tick(cell, () => countdown(arrives_at)) : cell;
}

/** @param {AlertedResponder} alert */
function rows(alert) {
  const tone = toneOf(alert.state);
  const why = said(alert.reason);
  const aed = alert.aed?.name ?? "";
  const parts = [
    why.includes(aed) ? null : aed,
    why,
    typeof alert.distance_m === "number" ? distance(alert.distance_m) : null,
    word("alerts.wave", { n: alert.wave }),
  ];
  return [
    el("tr", { attributes: { "data-alert": alert.alert_id } },
      el("td", { text: alert.responder_name ?? alert.responder_id }),
      el("td", {}, el("span", { class: "role" }, icon(alert.role), wordFor("role", alert.role))),
      el("td", {}, el("span", { class: "state", text: wordFor("alert_state", alert.state), attributes: { "data-tone": tone } })),
      etaCell(alert, tone)),
    el("tr", { class: "why" }, el("td", { attributes: { colspan: 4 } }, ...marks(alert), dotted(parts))),
  ];
}

/**
 * What makes it doubtful that this one comes.
 *
 * @param {AlertedResponder} alert
 */
function marks(alert) {
  /** @param {"alerts.not_received" | "alerts.urged" | "alerts.doubted"} name @param {string} at */
  const mark = (name, at) => el("span", { class: `chip ${name === "alerts.urged" ? "chip-warn" : "chip-act"}`, text: `${word(name)} ${timeOfDay(at)}`, attributes: { "data-mark": name.slice("alerts.".length) } });
  return [
    isSilent(alert) && alert.not_received_at ? mark("alerts.not_received", alert.not_received_at) : "",
    alert.doubted_at ? mark("alerts.doubted", alert.doubted_at) : alert.urged_at ? mark("alerts.urged", alert.urged_at) : "",
  ].filter((part) => part !== "");
}

/**
 * Whether no device of theirs has said to this day that it has the alert.
 *
 * @param {AlertedResponder} alert
 */
function isSilent({ not_received_at, stages }) {
  return Boolean(not_received_at) && !stages?.received;
}
