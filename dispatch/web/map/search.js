/** The search field: what is typed is looked for in names and addresses while it is typed. */

import { ask } from "../api.js";
import { el, fill, show } from "../dom.js";
import { whyNot } from "../failure.js";
import { icon } from "../icons.js";
import { word } from "../language.js";
import { foundLine } from "./details.js";

/** @typedef {import("../contract/registry.d.ts").FoundAed} FoundAed */

const PAUSE_MS = 220;
const LIMIT = 12;
/** What `keyCode` is for keys that an input method takes; Safari says so only after the composition has ended. */
const IME_KEY = 229;

export class SearchField {
  /** @type {FoundAed[]} */
  #found = [];
  #active = -1;
  /** Counts the questions: a slow answer does not take the place of a later one. */
  #asked = 0;
  /** What is typed has not been answered yet: what is listed belongs to something else. */
  #isBehind = false;
  /** Enter came before the answer. */
  #picksFirst = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {HTMLInputElement} input
   * @param {HTMLElement} list
   * @param {{ near: () => { latitude: number, longitude: number } | null, onSelect: (aed: FoundAed) => void }} handlers
   */
  constructor(input, list, handlers) {
    this.input = input;
    this.list = list;
    this.handlers = handlers;
    input.addEventListener("input", (event) => this.#onInput(/** @type {InputEvent} */ (event).isComposing));
    // Some browsers end a composition without another `input`.
    input.addEventListener("compositionend", () => this.#onInput(false));
    input.addEventListener("keydown", (event) => this.#onKey(event));
    input.addEventListener("focus", () => { if (this.#found.length) this.#draw(""); });
    document.addEventListener("pointerdown", (event) => {
      if (event.target instanceof Node && !list.contains(event.target) && event.target !== input) this.shut();
    });
  }

  /** @param {boolean} isComposing letters on their way to become Chinese are not looked for */
  #onInput(isComposing) {
    clearTimeout(this.#timer);
    [this.#isBehind, this.#picksFirst] = [true, false];
    if (!isComposing) this.#timer = setTimeout(() => void this.#look(), PAUSE_MS);
  }

  shut() {
    this.#picksFirst = false;
    show(this.list, false);
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.#active = -1;
  }

  async #look() {
    this.#asked += 1;
    const asked = this.#asked;
    const text = this.input.value.trim();
    clearTimeout(this.#timer);
    this.#found = [];
    if (!text) {
      this.#isBehind = false;
      return this.shut();
    }
    const query = new URLSearchParams({ q: text, limit: String(LIMIT) });
    const near = this.handlers.near();
    if (near) {
      query.set("latitude", near.latitude.toFixed(5));
      query.set("longitude", near.longitude.toFixed(5));
    }
    let note = "";
    let found = /** @type {FoundAed[]} */ ([]);
    try {
      const answer = /** @type {import("../contract/registry.d.ts").SearchAnswer} */ (await ask("GET", `/v1/aeds/search?${query}`));
      found = answer.aeds;
      note = found.length === 0 ? word("search.none") : answer.more ? word("search.more") : "";
    } catch (error) {
      note = whyNot(error);
    }
    if (asked !== this.#asked) return;
    this.#found = found;
    this.#active = -1;
    this.#isBehind = false;
    const [first] = found;
    if (this.#picksFirst && first) return this.#pick(first);
    this.#draw(note);
  }

  /** @param {string} note */
  #draw(note) {
    fill(this.list, ...this.#found.map((aed, i) => el("li", {
      attributes: { role: "option", id: `found-${i}`, "aria-selected": String(i === this.#active), "data-aed": aed.id },
      on: { click: () => this.#pick(aed) },
    }, el("span", { class: "dot", attributes: { "data-usable": String(aed.usable_now) } }, icon("aed")),
    el("strong", { text: aed.name }), el("span", { class: "detail", text: foundLine(aed) }))),
    note ? el("li", { class: "note", text: note, attributes: { role: "option", "aria-disabled": "true" } }) : null);
    show(this.list, true);
    this.input.setAttribute("aria-expanded", "true");
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    // The arrows, Enter and Escape belong to the input method as long as it is composing.
    if (event.isComposing || event.keyCode === IME_KEY) return;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step && this.#found.length && !this.#isBehind) {
      event.preventDefault();
      this.#active = (this.#active + step + this.#found.length) % this.#found.length;
      this.#draw("");
      this.input.setAttribute("aria-activedescendant", `found-${this.#active}`);
      this.list.children[this.#active]?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (this.#isBehind) {
        this.#picksFirst = true;
        void this.#look();
        return;
      }
      const aed = this.#found[Math.max(0, this.#active)];
      if (aed) this.#pick(aed);
    } else if (event.key === "Escape") {
      this.shut();
    }
  }

  /** @param {FoundAed} aed */
  #pick(aed) {
    this.shut();
    this.input.blur();
    this.handlers.onSelect(aed);
  }
}
