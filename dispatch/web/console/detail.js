/** The selected incident: facts, alerts, timeline, actions. */

import { el } from "../dom.js";
import { age, countdown, distance, dotted, floorName, timeOfDay } from "../format.js";
import { word, wordFor } from "../language.js";
import { tick } from "../ticking.js";
import { actionButtons } from "./actions.js";
import { alertsTable, isComing } from "./alerts.js";
import { hasEnded } from "./board.js";
import { nobodyText, shortName, stateChip } from "./incidents.js";
import { timelineList } from "./timeline.js";
import { twinLines } from "./twins.js";

/** @typedef {import("../contract/incidents.d.ts").OperatorIncident} OperatorIncident */

/**
 * @param {object} view
 * @param {OperatorIncident | null} view.incident
 * @param {OperatorIncident[]} view.twins those that may be the same emergency
 * @param {string} view.message
 * @param {import("./actions.js").Command} view.command
 * @param {(id: string) => void} view.onSelect another incident is asked for
 * @param {(twin: OperatorIncident) => void} view.onCompare
 * @returns {HTMLElement}
 */
export function incidentDetail({ incident, twins, message, command, onSelect, onCompare }) {
  if (!incident) return el("p", { class: "empty", text: word("console.pick") });
  const elapsed = el("span", { class: "elapsed numeral" });
  if (!hasEnded(incident)) tick(elapsed, () => age(incident.opened_at));
  return el("article", { class: "detail" },
    el("header", { class: "detail-head" },
      el("div", { class: "line" },
        el("h2", { text: wordFor("kind", incident.kind) }, el("span", { class: "number-of", text: `  ${shortName(incident.incident_id)}` })),
        incident.case_number ? el("span", { class: "case-number numeral", text: caseName(incident), attributes: { title: word("facts.case") } }) : null,
        incident.drill ? el("span", { class: "drill-mark", text: word("drill") }) : null,
        stateChip(incident.state), elapsed),
      incident.nobody_reached ? el("p", { class: "nobody", text: nobodyText(incident), attributes: { role: "status" } }) : null),
    ...twinLines(incident, twins, onCompare),
    hasEnded(incident) ? null : actionButtons(incident, message, command),
    facts(incident, twins, onSelect),
    el("section", { class: "block" },
      el("div", { class: "block-head" }, el("h2", { text: word("alerts.title") }),
        el("span", { class: "muted numeral", text: alertsCount(incident) })),
      alertsTable(incident.alerts)),
    el("section", { class: "block" },
      el("div", { class: "block-head" }, el("h2", { text: word("timeline.title") })),
      timelineList(incident)));
}

/**
 * The number by which the 120 centre speaks of it.
 *
 * @param {OperatorIncident} incident
 */
function caseName({ centre, case_number }) {
  return dotted([centre ?? "", case_number ?? ""]);
}

/** @param {OperatorIncident} incident */
function alertsCount(incident) {
  const all = incident.alerts.length;
  if (all === 0) return "";
  if (hasEnded(incident)) return word("alerts.total", { n: all });
  return word("alerts.count", { active: incident.alerts.filter(isComing).length, all });
}

/**
 * @param {OperatorIncident} incident
 * @param {OperatorIncident[]} twins
 * @param {(id: string) => void} onSelect
 */
function facts(incident, twins, onSelect) {
  const { location } = incident;
  const accuracy = typeof location.accuracy_m === "number" ? `  ${word("facts.accuracy", { accuracy: distance(location.accuracy_m) })}` : "";
  const phone = incident.caller?.phone;
  // Those that have ended meanwhile: worth a look, but nothing to merge.
  const elsewhere = (incident.likely_duplicates ?? []).filter((id) => !twins.some((twin) => twin.incident_id === id));
  /** @param {string} id */
  const link = (id) => el("button", { class: "link", text: shortName(id), attributes: { type: "button", "data-goto": id }, on: { click: () => onSelect(id) } });
  return el("dl", { class: "facts" },
    ...fact("facts.opened", timeOfDay(incident.opened_at)),
    ...(incident.called_at ? fact("facts.called", timeOfDay(incident.called_at)) : []),
    ...(incident.collapsed_at ? fact("facts.collapsed", timeOfDay(incident.collapsed_at)) : []),
    ...fact("facts.place", `${location.latitude.toFixed(5)}, ${location.longitude.toFixed(5)}${accuracy}`),
    ...(typeof incident.floor === "number" ? fact("facts.floor", floorName(incident.floor)) : []),
    ...(incident.note ? fact("facts.note", incident.note) : []),
    ...(phone ? fact("facts.caller", el("a", { text: phone, attributes: { href: `tel:${phone}` } })) : []),
    ...fact("facts.cpr", word(incident.cpr_in_progress ? "facts.cpr.yes" : "facts.cpr.no")),
    ...fact("facts.ambulance", ambulance(incident)),
    ...(elsewhere.length ? fact("facts.duplicates", el("span", { class: "merged" }, ...elsewhere.map(link))) : []),
    ...(incident.merged_into ? fact("event.merged", link(incident.merged_into)) : []),
    ...(incident.merged.length ? fact("event.joined", el("span", { class: "merged" }, ...incident.merged.map(link))) : []),
    ...(incident.closed_at ? fact("facts.ended", dotted([timeOfDay(incident.closed_at), wordFor("end_reason", incident.end_reason)])) : []));
}

/**
 * @param {import("../language.js").Word} name
 * @param {string | HTMLElement} value
 */
function fact(name, value) {
  return [el("dt", { text: word(name) }), el("dd", { class: "numeral" }, value)];
}

/** @param {OperatorIncident} incident */
function ambulance({ ambulance }) {
  const unit = ambulance?.unit ?? "";
  if (ambulance?.arrived_at) return dotted([unit, word("facts.ambulance.there", { time: timeOfDay(ambulance.arrived_at) })]);
  const arrives = ambulance?.arrives_at;
  if (!arrives) return word("facts.ambulance.none");
  return tick(el("span"), () => dotted([unit, word("facts.ambulance.in", { time: countdown(arrives) })]));
}
