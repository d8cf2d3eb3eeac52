/** The task after accepting: where exactly, by which way, what comes next, who else comes. */

import { howToReach } from "../aeds.js";
import { secondsUntil } from "../clock.js";
import { askInDialog } from "../dialog.js";
import { el } from "../dom.js";
import { countdown, dotted, floorName, minutes } from "../format.js";
import { icon } from "../icons.js";
import { word, wordFor } from "../language.js";
import { amapLink, geoLink, googleLink, opensGeoLinks, webMapsFor } from "../navigation.js";
import { tick } from "../ticking.js";
import { aedProblemRow } from "./aed_problem.js";
import { changeBanner } from "./route_change.js";
import { nextStage, stagesOf, stagesPassed } from "./stages.js";

/** @typedef {import("../contract/alerts.d.ts").AssignmentMessage} AssignmentMessage */
/** @typedef {import("../contract/alerts.d.ts").AlertState} AlertState */
/** @typedef {import("../contract/alerts.d.ts").Stage} Stage */
/** @typedef {import("../contract/responders.d.ts").Mode} Mode */

/**
 * @param {object} view
 * @param {import("./task.js").Task} view.task
 * @param {Mode} view.mode
 * @param {string} view.advice what to know about the last tap, or ""
 * @param {(stage: Stage) => void} view.onStage
 * @param {(problem: import("../contract/aeds.d.ts").AedProblem) => void} view.onProblem
 * @param {() => void} view.onSeen what has become different about the way was read
 * @returns {HTMLElement}
 */
export function assignmentScreen({ task, mode, advice, onStage, onProblem, onSeen }) {
  const { assignment, stage: state, change, reporting, map } = task;
  const { role, aed } = assignment;
  const collected = stagesPassed(role, state) >= stagesOf.aed.indexOf("aed_collected") + 1;
  const there = state === "on_scene" || state === "done";
  const problem = aed && state !== "done" ? aedProblemRow({ collected, reporting, onProblem }) : null;
  return el("div", { class: "assignment" },
    change ? changeBanner(change, assignment, onSeen) : null,
    el("div", { class: "assignment-head" },
      el("h2", { text: word(`assignment.title.${role}`) }),
      there ? null : eta(assignment)),
    map.element,
    aed ? aedStop(aed, mode, collected, problem) : null,
    patientStop(assignment, mode),
    el("section", { class: "sheet" }, el("h2", { text: word("assignment.others") }), others(assignment)),
    stageBar(assignment, state, advice, onStage));
}

/** @param {AssignmentMessage} assignment */
function eta({ arrives_at }) {
  if (!arrives_at) return null;
  return el("p", { class: "eta" }, tick(el("strong", { class: "numeral" }), () => countdown(arrives_at)), el("span", { text: word("alert.eta") }));
}

/**
 * @param {import("../contract/aeds.d.ts").AedToFetch} aed
 * @param {Mode} mode
 * @param {boolean} collected
 * @param {HTMLElement | null} problem
 */
function aedStop(aed, mode, collected, problem) {
  return el("section", { class: "sheet stop", attributes: { "data-passed": collected } },
    el("span", { class: "stop-sign", attributes: { "data-kind": "aed" } }, icon("aed")),
    el("p", { class: "kicker", text: word("assignment.aed") }),
    el("h3", { text: aed.name }),
    el("p", { class: "facts", text: howToReach(aed) }),
    collected ? null : el("div", { class: "links" }, ...links(aed.location, aed.name, mode)),
    problem);
}

/**
 * @param {AssignmentMessage} assignment
 * @param {Mode} mode
 */
function patientStop({ location, floor, note, caller, aed }, mode) {
  const facts = dotted([typeof floor === "number" ? floorName(floor) : null, note]);
  const phone = caller?.phone;
  return el("section", { class: "sheet stop", attributes: { id: "patient" } },
    el("span", { class: "stop-sign" }, icon("patient")),
    el("p", { class: "kicker", text: word(aed ? "assignment.then_patient" : "assignment.patient") }),
    el("h3", { text: facts || word("map.patient") }),
    el("p", { class: "muted small numeral", text: `${location.latitude.toFixed(5)}, ${location.longitude.toFixed(5)}` }),
    el("div", { class: "links" }, ...links(location, word("map.patient"), mode),
      phone ? el("a", { class: "button wide", attributes: { href: `tel:${phone}` } }, icon("phone"), `${word("assignment.call")} ${phone}`) : null));
}

/**
 * By whichever app this phone has for places, and by the likeliest web map; by web maps alone where the first does nothing.
 *
 * @param {{ latitude: number, longitude: number }} place
 * @param {string} name
 * @param {Mode} mode
 */
function links(place, name, mode) {
  const hasApps = opensGeoLinks();
  const maps = webMapsFor(place, null).slice(0, hasApps ? 1 : 2);
  return [
    hasApps ? el("a", { class: "button", attributes: { href: geoLink(place, name) } }, icon("way"), word("assignment.navigate.geo")) : null,
    ...maps.map((each, i) => el("a", {
      class: `button ${hasApps || maps.length > 1 ? "" : "wide"}`,
      attributes: { href: each === "amap" ? amapLink(place, name, mode) : googleLink(place), target: "_blank", rel: "noopener noreferrer", "data-way": each },
    }, hasApps || i > 0 ? null : icon("way"), word(each === "amap" ? "assignment.navigate.amap" : "assignment.navigate.google"))),
  ];
}

/** @param {AssignmentMessage["others"][number]} one */
function stillToGo({ arrives_at, state }) {
  return arrives_at && state !== "on_scene" ? minutes(secondsUntil(arrives_at)) : null;
}

/** @param {AssignmentMessage} assignment */
function others({ others }) {
  if (others.length === 0) return el("p", { class: "muted", text: word("assignment.others.none") });
  return el("ul", { class: "others" }, ...others.map((one) => el("li", {},
    el("span", { text: dotted([one.name, wordFor("role", one.role)]) }),
    tick(el("span", { class: "muted numeral" }), () => dotted([wordFor("alert_state", one.state), stillToGo(one)])))));
}

/**
 * @param {AssignmentMessage} assignment
 * @param {AlertState} state
 * @param {string} advice
 * @param {(stage: Stage) => void} onStage
 */
function stageBar({ role }, state, advice, onStage) {
  const next = nextStage(role, state);
  const passed = stagesPassed(role, state);
  return el("section", { class: "stage-bar", attributes: { "aria-label": word("assignment.stage") } },
    el("ol", { class: "progress" }, ...stagesOf[role].map((stage, i) => el("li", { attributes: { "data-passed": i < passed } },
      el("span", { class: "visually-hidden", text: wordFor("alert_state", stage) })))),
    el("p", { class: "small", text: advice, attributes: { role: "status", hidden: advice === "" } }),
    next ? el("button", {
      class: `button button-wide ${next === "done" ? "button-good" : "button-act"}`,
      text: wordFor("stage", next),
      attributes: { type: "button", "data-stage": next },
      on: { click: () => onStage(next) },
    }) : el("p", { text: word("stage.finished") }),
    next ? el("button", {
      class: "button button-quiet button-wide",
      text: word("stage.gave_up"),
      attributes: { type: "button", "data-stage": "gave_up" },
      on: { click: () => void giveUp(onStage) },
    }) : null);
}

/** @param {(stage: Stage) => void} onStage */
async function giveUp(onStage) {
  const sure = await askInDialog({
    title: word("stage.gave_up.title"),
    text: word("stage.gave_up.explain"),
    answers: [
      { label: word("stage.gave_up"), tone: "act", value: () => true },
      { label: word("back"), value: () => null },
    ],
  });
  if (sure) onStage("gave_up");
}
