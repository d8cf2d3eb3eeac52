/** "Are you on your way?": asked of somebody who said yes and does not come nearer. Two buttons, little time. */

import { secondsUntil } from "../clock.js";
import { raise } from "../dialog.js";
import { el } from "../dom.js";
import { said, word } from "../language.js";
import { muteAlarm, startAlarm, stopAlarm } from "./alarm.js";
import { secondsRing } from "./seconds_ring.js";

/** @typedef {import("../contract/alerts.d.ts").NudgeMessage} NudgeMessage */

/** A question this long past its time is not asked any more: what is on now is told by reading afresh. */
const LATE_S = 120;

export class NudgeScreen {
  /** @type {() => void} */
  #lower = () => undefined;
  /** @type {NudgeMessage | null} */
  #nudge = null;
  /** @type {() => void} */
  #stopRing = () => undefined;
  /** @type {Set<string>} what was asked here: the same question again, numbered or not, does not ring twice */
  #asked = new Set();

  /** @param {(nudge: NudgeMessage, stage: "en_route" | "gave_up") => void} onAnswer */
  constructor(onAnswer) {
    this.onAnswer = onAnswer;
  }

  /** @param {NudgeMessage} nudge */
  open(nudge) {
    const key = `${nudge.alert_id}:${nudge.reply_by}`;
    if (this.#asked.has(key) || secondsUntil(nudge.reply_by) < -LATE_S) return;
    this.#asked.add(key);
    this.close();
    this.#nudge = nudge;
    const advice = el("p", { class: "advice", attributes: { role: "status", hidden: true } });
    const ring = secondsRing(nudge.reply_by, word("nudge.left"), () => {
      stopAlarm();
      advice.textContent = word("nudge.late");
      advice.hidden = false;
    });
    this.#stopRing = ring.stop;
    const dialog = el("dialog", { class: "nudge", attributes: { "aria-labelledby": "nudge-title" } },
      nudge.drill ? el("p", { class: "drill-banner", text: word("drill.banner") }) : null,
      ring.element,
      el("h2", { text: said(nudge.text) || word("nudge.title"), attributes: { id: "nudge-title" } }),
      advice,
      this.#button("en_route", "button-act", word("nudge.yes")),
      this.#button("gave_up", "", word("nudge.no")));
    dialog.addEventListener("pointerdown", () => muteAlarm());
    // Escape is no answer.
    this.#lower = raise(dialog);
    startAlarm();
  }

  /**
   * Takes the question away: it is answered, here or elsewhere, or nobody needs the answer.
   *
   * @param {string} [alert_id] only if it is about this one
   */
  close(alert_id) {
    if (!this.#nudge || (alert_id !== undefined && this.#nudge.alert_id !== alert_id)) return;
    stopAlarm();
    this.#stopRing();
    this.#lower();
    this.#nudge = null;
  }

  /**
   * @param {"en_route" | "gave_up"} stage
   * @param {string} kind
   * @param {string} text
   */
  #button(stage, kind, text) {
    const answer = () => {
      const nudge = this.#nudge;
      this.close();
      if (nudge) this.onAnswer(nudge, stage);
    };
    return el("button", { class: `button button-wide ${kind}`, text, attributes: { type: "button", "data-nudge": stage }, on: { click: answer } });
  }
}
