/** What happened, in order, newest on top. */

import { el } from "../dom.js";
import { dotted, minutes, timeOfDay } from "../format.js";
import { word, wordFor } from "../language.js";
import { shortName } from "./incidents.js";

/** @typedef {import("../contract/incidents.d.ts").TimelineEntry} TimelineEntry */
/** @typedef {import("../contract/incidents.d.ts").OperatorIncident} OperatorIncident */

/**
 * @param {OperatorIncident} incident
 * @returns {HTMLElement}
 */
export function timelineList(incident) {
  const entries = [...(incident.timeline ?? [])].reverse();
  return el("ol", { class: "timeline" }, ...entries.map((entry) => el("li", { attributes: { "data-event": entry.kind } },
    el("time", { text: timeOfDay(entry.at), attributes: { datetime: entry.at } }),
    el("span", {}, title(entry), " ", el("span", { class: "note", text: note(entry, incident) })))));
}

/** @param {TimelineEntry} entry */
function title({ kind, data = {} }) {
  if (kind === "stage_reached" && typeof data.stage === "string") return wordFor("alert_state", data.stage);
  return wordFor("event", kind);
}

/**
 * Who it was about and by whom, as far as the entry says.
 *
 * @param {TimelineEntry} entry
 * @param {OperatorIncident} incident
 */
function note({ kind, by, data = {} }, incident) {
  const alert = incident.alerts.find((one) => one.alert_id === data.alert_id);
  const parts = [
    kind === "aed_lost" ? null : alert?.responder_name,
    alert && kind === "offered" ? wordFor("role", alert.role) : null,
    kind === "planned" ? word("event.planned.note", { alerts: Number(data.alerts), considered: Number(data.considered) }) : null,
    kind === "planned" ? outlook(data) : null,
    alert && kind === "reassigned" ? wordFor("role", String(data.role)) : null,
    ["reassigned", "aed_lost", "aed_taken"].includes(kind) ? String(data.aed_name ?? "") : null,
    kind === "aed_lost" ? lostAed(data, incident) : null,
    kind === "urged" && typeof data.lag_s === "number" ? word("event.behind", { time: minutes(data.lag_s) }) : null,
    kind === "merged" ? shortName(String(data.into)) : null,
    kind === "joined" ? shortName(String(data.incident_id)) : null,
    kind === "cpr_changed" ? word(data.in_progress === true ? "facts.cpr.yes" : "facts.cpr.no") : null,
    typeof data.case_number === "string" ? data.case_number : null,
    typeof data.unit === "string" ? data.unit : null,
    typeof data.arrives_at === "string" ? timeOfDay(data.arrives_at) : null,
    typeof data.reason === "string" ? wordFor("end_reason", data.reason) : null,
    kind === "closed" && typeof data.note === "string" ? data.note : null,
    alert ? null : author(by ?? ""),
  ];
  return dotted(parts);
}

/**
 * What is wrong with an AED, and who says so.
 *
 * @param {Record<string, unknown>} data
 * @param {OperatorIncident} incident
 */
function lostAed({ problem, alert_id }, incident) {
  const runner = incident.alerts.find((one) => one.alert_id === alert_id)?.responder_name;
  const by = alert_id ? (runner ? word("event.reported_by", { name: runner }) : null) : word("event.registry");
  return dotted([wordFor("aed_problem", String(problem)), by]);
}

/**
 * What the plan makes of the minutes, where it says so.
 *
 * @param {Record<string, unknown>} data
 */
function outlook({ alerts, cpr_s: cpr, shock_s: shock, shock_without_s: without }) {
  if (!alerts || typeof cpr !== "number" || typeof shock !== "number" || typeof without !== "number") return null;
  return word("event.planned.outlook", { cpr: minutes(cpr), shock: minutes(shock), without: minutes(without) });
}

/**
 * "operator:Li" reads "Operator Li"; what the service does by itself needs no author.
 *
 * @param {string} by
 */
function author(by) {
  const [kind = "", name] = by.split(":", 2);
  if (kind === "system" || kind === "") return "";
  return name && (kind === "operator" || kind === "centre") ? `${wordFor("by", kind)} ${name}` : wordFor("by", kind);
}
