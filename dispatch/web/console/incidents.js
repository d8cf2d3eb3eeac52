/** The list of incidents, newest first. */

import { drawList, el } from "../dom.js";
import { age } from "../format.js";
import { language, word, wordFor } from "../language.js";
import { tick } from "../ticking.js";
import { hasEnded } from "./board.js";
import { isComing } from "./alerts.js";

/** @typedef {import("../contract/incidents.d.ts").OperatorIncident} OperatorIncident */

/**
 * @param {Element} list
 * @param {OperatorIncident[]} incidents
 * @param {(incident: OperatorIncident) => OperatorIncident[]} twinsOf
 * @param {string | null} selected
 * @param {(id: string) => void} onSelect
 */
export function drawIncidents(list, incidents, twinsOf, selected, onSelect) {
  drawList(
    list,
    incidents,
    (incident) => incident.incident_id,
    (incident) => el("li", {}, row(incident, twinsOf(incident).length > 0, incident.incident_id === selected, onSelect)),
    (incident) => [incident.version, incident.state, incident.incident_id === selected, twinsOf(incident).length, language()].join(),
  );
}

/**
 * @param {OperatorIncident} incident
 * @param {boolean} hasTwin
 * @param {boolean} current
 * @param {(id: string) => void} onSelect
 */
function row(incident, hasTwin, current, onSelect) {
  const elapsed = el("span", { class: "age" });
  if (hasEnded(incident)) elapsed.textContent = "";
  else tick(elapsed, () => age(incident.opened_at));
  return el("button", {
    attributes: { type: "button", "aria-current": current, "data-incident": incident.incident_id },
    on: { click: () => onSelect(incident.incident_id) },
  },
  el("span", { class: "title", text: wordFor("kind", incident.kind) }, el("span", { class: "number-of", text: `  ${shortName(incident.incident_id)}` })), elapsed,
  el("span", { class: "marks" },
    stateChip(incident.state),
    incident.drill ? el("span", { class: "drill-mark", text: word("drill") }) : null,
    incident.merged_into ? el("span", { class: "chip", text: word("merged.into", { name: shortName(incident.merged_into) }) }) : null,
    incident.merged.length ? el("span", { class: "chip", text: word("merged.with", { names: incident.merged.map(shortName).join(" ") }) }) : null,
    hasTwin ? el("span", { class: "chip chip-warn", text: word("twins.mark") }) : null,
    alertedText(incident)),
  incident.note ? el("span", { class: "note", text: incident.note }) : null);
}

/**
 * What to call an incident over the radio.
 *
 * @param {string} incident_id
 */
export function shortName(incident_id) {
  return `#${incident_id.slice(-4).toUpperCase()}`;
}

/** @param {OperatorIncident} incident */
function alertedText(incident) {
  if (hasEnded(incident)) return incident.merged_into ? null : el("span", { text: wordFor("end_reason", incident.end_reason) });
  if (incident.nobody_reached) return el("span", { class: "nobody", text: nobodyText(incident) });
  const active = incident.alerts.filter(isComing).length;
  return el("span", { text: word("alerts.count", { active, all: incident.alerts.length }) });
}

/**
 * Nobody comes: whether somebody is still looked for.
 *
 * @param {OperatorIncident} incident
 */
export function nobodyText(incident) {
  const search = incident.timeline?.filter((entry) => entry.kind === "search_ended" || entry.kind === "widened").at(-1);
  return word(search?.kind === "search_ended" ? "alerts.search_ended" : "alerts.nobody_reached");
}

/** @param {import("../contract/incidents.d.ts").IncidentState} state */
export function stateChip(state) {
  return el("span", { class: "chip", text: wordFor("incident_state", state), attributes: { "data-state": state } });
}
