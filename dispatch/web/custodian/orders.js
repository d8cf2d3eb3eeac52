/** What has to be done, the most urgent first. */

import { secondsUntil } from "../clock.js";
import { el } from "../dom.js";
import { dateTime } from "../format.js";
import { icon } from "../icons.js";
import { said, word, wordFor } from "../language.js";

/** @typedef {import("../contract/work_orders.d.ts").WorkOrder} WorkOrder */

const DAY_S = 86_400;

/**
 * Those that are late first, then by how urgent they are, then by when they are due.
 *
 * @param {WorkOrder[]} orders
 */
export function byUrgency(orders) {
  return [...orders].sort((a, b) => Number(isLate(b)) - Number(isLate(a)) || b.urgency - a.urgency || a.due_at.localeCompare(b.due_at));
}

/** @param {WorkOrder} order */
export function isLate(order) {
  return order.overdue || secondsUntil(order.due_at) < 0;
}

/**
 * When it has to be done by, as one thinks of it: "3 days late", "within 5 h", a date.
 *
 * @param {WorkOrder} order
 */
export function dueInWords(order) {
  const left_s = secondsUntil(order.due_at);
  if (left_s < 0) return left_s < -DAY_S ? word("order.late.days", { n: Math.floor(-left_s / DAY_S) }) : word("order.late");
  if (left_s < DAY_S) return word("order.due.hours", { n: Math.max(1, Math.round(left_s / 3600)) });
  if (left_s < 14 * DAY_S) return word("order.due.days", { n: Math.round(left_s / DAY_S) });
  return word("order.due.by", { time: dateTime(order.due_at) });
}

/**
 * One order.
 *
 * @param {object} view
 * @param {WorkOrder} view.order
 * @param {string} view.myself my own subject
 * @param {string} view.failure why the last tap on it did nothing, or ""
 * @param {() => void} view.onInspect
 * @param {() => void} view.onTake
 * @returns {HTMLElement}
 */
export function orderCard({ order, myself, failure, onInspect, onTake }) {
  const late = isLate(order);
  return el("li", { class: "order", attributes: { "data-order": order.id, "data-urgency": order.urgency, "data-late": late } },
    el("div", { class: "order-head" },
      el("strong", { text: order.aed_name }),
      el("span", { class: "due", text: dueInWords(order) })),
    el("p", { text: said(order.what) || wordFor("cause", order.cause) }),
    order.assignee && order.assignee !== myself ? el("p", { class: "muted small", text: word("order.assigned", { name: order.assignee_name ?? order.assignee }) }) : null,
    order.level !== "custodian" ? el("p", { class: "small escalated" }, icon("warning"), word("order.escalated", { level: wordFor("level", order.level) })) : null,
    failure ? el("p", { class: "failure small", text: failure, attributes: { role: "alert" } }) : null,
    el("div", { class: "order-actions" },
      el("button", { class: "button button-small button-strong", text: word("inspection.begin"), attributes: { type: "button", "data-inspect": order.aed_id }, on: { click: onInspect } }),
      order.acknowledged_at
        ? el("p", { class: "taken small" }, icon("check"), word("order.taken", { time: dateTime(order.acknowledged_at) }))
        : el("button", { class: "button button-small", text: word("order.take"), attributes: { type: "button", "data-take": order.id }, on: { click: onTake } })));
}
