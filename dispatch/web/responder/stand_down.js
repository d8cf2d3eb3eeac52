/** The order to stop, with its reason. */

import { raise } from "../dialog.js";
import { el } from "../dom.js";
import { said, word, wordFor } from "../language.js";

/** @typedef {import("../contract/alerts.d.ts").StandDownMessage} StandDownMessage */

/** What the responder has said or done themselves, here or on another device: nobody needs to be told of it. */
const OWN_DOING = new Set(["answered_elsewhere", "done", "gave_up", "off_duty"]);
/** Where something else follows: the call goes on as another one; the answer can still be given. */
const GOES_ON = new Set(["merged", "expired"]);

/** Takes away what is shown. */
let lower = () => {};

/**
 * Whether it ends the matter without a word.
 *
 * @param {StandDownMessage} message
 */
export function isQuiet({ reason }) {
  return OWN_DOING.has(reason) || GOES_ON.has(reason);
}

/**
 * Shows it until it is read.
 *
 * @param {StandDownMessage} message
 * @param {boolean} underWay this responder had accepted and must stop; else an offer ended before it was answered
 */
export function showStandDown(message, underWay) {
  lower();
  const text = said(message.text);
  const dialog = el("dialog", { class: "stand-down", attributes: { "aria-labelledby": "stand-down-title" } },
    message.drill ? el("span", { class: "drill-mark", text: word("drill") }) : null,
    el("h2", { text: word(underWay ? "stand_down.title" : "stand_down.offer_over"), attributes: { id: "stand-down-title" } }),
    el("p", { class: "reason", text: text || wordFor("end_reason", message.reason) }),
    underWay ? el("p", { class: "muted", text: word("stand_down.explain") }) : null,
    el("button", {
      class: "button button-strong", text: word("stand_down.ok"), attributes: { type: "button", id: "stand-down-ok" },
      on: { click: () => lower() },
    }));
  lower = raise(dialog, () => lower());
  navigator.vibrate?.([200, 100, 200]);
}
