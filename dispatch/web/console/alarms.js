/** What must not be overlooked about the service itself: no database, no Redis, deadlines passed over, wake-ups not sent. */

import { byId, el, fill } from "../dom.js";
import { timeOfDay } from "../format.js";
import { icon } from "../icons.js";
import { language, said, word } from "../language.js";
import { chime } from "../sound.js";

/** @typedef {import("../contract/picture.d.ts").Counts} Counts */
/** @typedef {import("../contract/service.d.ts").ServiceMessage} ServiceMessage */

export class Alarms {
  /** @type {ServiceMessage} */
  #service = { type: "service", degraded: false };
  #overdue = 0;
  #deadLetters = 0;
  #webhooksDisabled = 0;
  #apart = false;
  #drawn = "";

  /** @param {{ onShowLetters: () => void, isAudible: () => boolean }} handlers */
  constructor(handlers) {
    this.handlers = handlers;
  }

  /** @param {ServiceMessage} message */
  takeService(message) {
    this.#service = message;
    this.draw();
  }

  /** @param {Counts} counts */
  takeCounts(counts) {
    // A console that was opened meanwhile has not heard since when.
    if (counts.degraded !== this.#service.degraded) this.#service = { type: "service", degraded: counts.degraded };
    const worse = counts.overdue > this.#overdue || counts.dead_letters > this.#deadLetters || counts.webhooks_disabled > this.#webhooksDisabled;
    [this.#overdue, this.#deadLetters, this.#webhooksDisabled] = [counts.overdue, counts.dead_letters, counts.webhooks_disabled];
    this.#apart = counts.apart;
    if (worse && this.handlers.isAudible()) chime();
    this.draw();
  }

  draw() {
    const { degraded, since } = this.#service;
    const drawn = [degraded, since, this.#apart, this.#overdue, this.#deadLetters, this.#webhooksDisabled, language()].join();
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    fill(byId("alarms", HTMLElement),
      degraded ? this.#degraded() : null,
      this.#apart ? el("div", { class: "banner banner-warn", attributes: { "data-alarm": "apart", role: "status" } }, icon("warning"), el("span", { text: word("console.apart") })) : null,
      this.#overdue > 0 ? alarm("overdue", this.#overdue) : null,
      this.#deadLetters > 0 ? alarm("dead_letters", this.#deadLetters, el("button", {
        class: "button button-small", text: word("alarm.show"), attributes: { type: "button", id: "show-letters" }, on: { click: this.handlers.onShowLetters },
      })) : null,
      this.#webhooksDisabled > 0 ? alarm("webhooks_disabled", this.#webhooksDisabled) : null);
  }

  #degraded() {
    const { since, detail } = this.#service;
    const text = said(detail) || word("console.degraded");
    return el("div", { class: "banner banner-warn", attributes: { "data-alarm": "degraded", role: "alert" } }, icon("warning"),
      el("span", { text: since ? word("console.degraded.since", { text, time: timeOfDay(since) }) : text }));
  }
}

/**
 * @param {"overdue" | "dead_letters" | "webhooks_disabled"} name
 * @param {number} n
 * @param {HTMLElement} [button]
 */
function alarm(name, n, button) {
  return el("div", { class: "banner banner-act", attributes: { "data-alarm": name, role: "alert" } }, icon("warning"),
    el("span", { class: "numeral", text: n === 1 ? word(`alarm.${name}.one`) : word(`alarm.${name}`, { n }) }), button);
}
