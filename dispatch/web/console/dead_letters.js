/** The wake-ups that could not be sent: who may not know of their alert, and what to do about it. */

import { ask } from "../api.js";
import { secondsUntil } from "../clock.js";
import { drawList, el, fill } from "../dom.js";
import { whyNot } from "../failure.js";
import { age, dotted } from "../format.js";
import { language, word, wordFor } from "../language.js";
import { tick } from "../ticking.js";
import { shortName } from "./incidents.js";

/** @typedef {import("../contract/waking.d.ts").DeadLetter} DeadLetter */

export class DeadLetters {
  /** @type {HTMLDialogElement | null} */
  #dialog = null;
  /** @type {DeadLetter[]} */
  #letters = [];
  /** @type {Map<string, string>} what came of the last try, by letter */
  #failures = new Map();
  #counted = -1;
  /** Counts the questions: a slow answer does not bring back what was dealt with since. */
  #asked = 0;
  #list = el("ul", { class: "letters" });
  #note = el("p", { class: "muted", attributes: { role: "status" } });

  /** @param {() => string} token */
  constructor(token) {
    this.token = token;
  }

  async open() {
    if (this.#dialog) return;
    const dialog = el("dialog", { class: "letters-dialog", attributes: { "aria-label": word("letters.title") } },
      el("h2", { text: word("letters.title") }), this.#note, this.#list,
      el("div", { class: "dialog-actions" }, el("button", { class: "button", text: word("close"), attributes: { type: "button", id: "letters-close" }, on: { click: () => dialog.close() } })));
    dialog.addEventListener("close", () => {
      dialog.remove();
      this.#dialog = null;
    });
    this.#dialog = dialog;
    fill(this.#list);
    document.body.append(dialog);
    dialog.showModal();
    await this.#read();
  }

  /**
   * There are so many now, by the service's count.
   *
   * @param {number} counted
   */
  take(counted) {
    const changed = counted !== this.#counted;
    this.#counted = counted;
    if (changed && this.#dialog) void this.#read();
  }

  async #read() {
    this.#asked += 1;
    const asked = this.#asked;
    let failure = "";
    let letters = this.#letters;
    try {
      const answer = /** @type {{ dead_letters: DeadLetter[] }} */ (await ask("GET", "/v1/dead-letters", { token: this.token() }));
      letters = answer.dead_letters;
    } catch (error) {
      failure = whyNot(error);
    }
    if (asked !== this.#asked) return;
    this.#letters = letters;
    this.#note.textContent = failure || (letters.length ? "" : word("letters.none"));
    this.#draw();
  }

  #draw() {
    drawList(this.#list, this.#letters, (letter) => letter.id, (letter) => this.#row(letter),
      (letter) => [letter.attempts, letter.died_at, this.#failures.get(letter.id), language()].join());
  }

  /** @param {DeadLetter} letter */
  #row(letter) {
    const about = letter.incident_id ? shortName(letter.incident_id) : word("letters.test");
    const tries = letter.attempts === 1 ? word("letters.attempts.one") : word("letters.attempts", { n: letter.attempts });
    const over = letter.alert_id && secondsUntil(letter.useful_until) < 0 ? word("letters.over") : null;
    const failure = this.#failures.get(letter.id);
    return el("li", { attributes: { "data-letter": letter.id } },
      el("div", { class: "letter-head" },
        el("strong", { text: letter.responder_name || letter.responder_id }),
        el("span", { class: "muted", text: dotted([wordFor("channel", letter.channel), about]) }),
        tick(el("span", { class: "muted numeral" }), () => age(letter.died_at))),
      el("p", { class: "letter-error", text: dotted([letter.error, tries, over]) }),
      failure ? el("p", { class: "letter-failure", text: failure, attributes: { role: "alert" } }) : null,
      el("div", { class: "letter-actions" },
        this.#button(letter, "retry", () => ask("POST", `/v1/dead-letters/${encodeURIComponent(letter.id)}/retry`, { token: this.token() })),
        this.#button(letter, "dismiss", () => ask("DELETE", `/v1/dead-letters/${encodeURIComponent(letter.id)}`, { token: this.token() }))));
  }

  /**
   * @param {DeadLetter} letter
   * @param {"retry" | "dismiss"} name
   * @param {() => Promise<unknown>} act
   */
  #button(letter, name, act) {
    const done = async () => {
      try {
        await act();
        this.#failures.delete(letter.id);
      } catch (error) {
        this.#failures.set(letter.id, whyNot(error));
      }
      await this.#read();
    };
    return el("button", { class: "button button-small", text: word(`letters.${name}`), attributes: { type: "button", "data-letter-action": name }, on: { click: () => void done() } });
  }
}
