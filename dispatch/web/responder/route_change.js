/** What has become different about somebody's way while they were on it, said so that it cannot be overlooked. */

import { el } from "../dom.js";
import { icon } from "../icons.js";
import { word } from "../language.js";
import { stagesPassed } from "./stages.js";

/** @typedef {import("../contract/alerts.d.ts").AssignmentMessage} AssignmentMessage */
/** @typedef {"other_aed" | "straight" | "fetch"} RouteChange */

/**
 * @param {AssignmentMessage | null} before
 * @param {AssignmentMessage} now
 * @returns {RouteChange | null}
 */
export function routeChange(before, now) {
  if (before?.alert_id !== now.alert_id) return null;
  if (before.role === "aed" && now.role === "cpr") return "straight";
  const hasIt = now.state ? stagesPassed("aed", now.state) >= stagesPassed("aed", "aed_collected") : false;
  if (now.role !== "aed" || hasIt) return null;
  if (before.role === "cpr") return "fetch";
  return before.aed?.id === now.aed?.id ? null : "other_aed";
}

/**
 * @param {RouteChange} change
 * @param {AssignmentMessage} assignment
 * @param {() => void} onSeen
 */
export function changeBanner(change, assignment, onSeen) {
  return el("div", { class: "route-change", attributes: { role: "alert", "data-change": change } },
    icon(change === "straight" ? "patient" : "aed"),
    el("strong", { text: word(`change.${change}`, { aed: assignment.aed?.name ?? "" }) }),
    el("button", { class: "button button-small", text: word("change.seen"), attributes: { type: "button", id: "change-seen" }, on: { click: onSeen } }));
}
