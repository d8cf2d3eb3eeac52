/** What has been done and is not told yet; and what was refused. */

import { el } from "../dom.js";
import { dateTime, dotted } from "../format.js";
import { word, wordFor } from "../language.js";

/**
 * @param {import("./outbox.js").Outbox} outbox
 * @returns {HTMLElement | null}
 */
export function waitingCard(outbox) {
  const { waiting, refused } = outbox;
  if (waiting.length + refused.length === 0) return null;
  return el("section", { class: "sheet waiting", attributes: { id: "waiting" } },
    waiting.length ? el("p", { class: "standing", text: word("told.waiting_all", { n: waiting.length }) }) : null,
    el("ul", {},
      ...waiting.map((entry) => el("li", { text: line(entry) })),
      ...refused.map((entry) => el("li", { class: "refused" },
        el("div", {}, el("p", { text: line(entry) }), el("p", { class: "failure small", text: word("told.refused", { why: entry.refused ?? "" }), attributes: { role: "alert" } })),
        el("button", { class: "button button-small", text: word("told.seen"), attributes: { type: "button" }, on: { click: () => outbox.dismiss(entry) } })))),
    waiting.length ? el("button", { class: "button button-small", text: word("told.send_now"), attributes: { type: "button", id: "send-now" }, on: { click: () => void outbox.send() } }) : null);
}

/** @param {import("./outbox.js").Entry} entry */
function line({ aed_name, report }) {
  return dotted([aed_name, wordFor("report_kind", report.kind), report.at ? dateTime(report.at) : null]);
}
