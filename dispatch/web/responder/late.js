/** An alert whose time to answer is over: whoever sees it only now can still come, where somebody is lacking. */

import { secondsUntil } from "../clock.js";
import { el } from "../dom.js";
import { age, distance, dotted } from "../format.js";
import { word, wordFor } from "../language.js";
import { tick } from "../ticking.js";

/** @typedef {import("../contract/alerts.d.ts").AlertMessage} AlertMessage */
/** @typedef {Partial<AlertMessage> & Pick<AlertMessage, "alert_id" | "role" | "respond_by">} MissedAlert */

/** So long after its answering time nobody waits for an answer any more. */
const LATE_S = 120;

export class LateOffer {
  /** @type {MissedAlert | null} */
  alert = null;
  busy = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
  }

  /** @param {MissedAlert} alert */
  keep(alert) {
    const left_s = secondsUntil(alert.respond_by) + LATE_S;
    if (left_s <= 0) return;
    this.drop();
    this.alert = alert;
    this.#timer = setTimeout(() => this.drop(), left_s * 1000);
    this.onChange();
  }

  /** @param {string} [alert_id] only if it is this one */
  drop(alert_id) {
    if (!this.alert || (alert_id !== undefined && this.alert.alert_id !== alert_id)) return;
    clearTimeout(this.#timer);
    this.alert = null;
    this.busy = false;
    this.onChange();
  }

  /**
   * @param {() => void} onCome
   * @returns {HTMLElement | null}
   */
  card(onCome) {
    const { alert } = this;
    if (!alert) return null;
    const facts = dotted([
      wordFor("kind", alert.kind), wordFor("role", alert.role),
      typeof alert.distance_m === "number" ? distance(alert.distance_m) : null,
    ]);
    return el("section", { class: "sheet late", attributes: { id: "late", role: "status" } },
      el("div", { class: "late-head" },
        alert.drill ? el("span", { class: "drill-mark", text: word("drill") }) : null,
        el("h2", { text: word("late.title") }), tick(el("span", { class: "muted numeral", attributes: { "aria-live": "off" } }), () => age(alert.respond_by))),
      el("p", { class: "late-facts", text: facts }),
      el("p", { class: "muted", text: this.busy ? word("alert.accepting") : word("late.explain") }),
      el("div", { class: "late-answers" },
        el("button", { class: "button", text: word("late.dismiss"), attributes: { type: "button", id: "late-dismiss", disabled: this.busy }, on: { click: () => this.drop() } }),
        el("button", { class: "button button-act", text: word("late.come"), attributes: { type: "button", id: "late-come", disabled: this.busy }, on: { click: onCome } })));
  }
}
