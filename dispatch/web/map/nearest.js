/** The AEDs nearest to a place, usable now, as a list. */

import { howToReach, usability } from "../aeds.js";
import { ask } from "../api.js";
import { byId, drawList, el, show } from "../dom.js";
import { distance, dotted, minutes } from "../format.js";
import { icon } from "../icons.js";
import { language, word } from "../language.js";

/** @typedef {import("../contract/aeds.d.ts").NearestAed} NearestAed */
/** @typedef {{ latitude: number, longitude: number }} Place */

const LIMIT = 12;
/** What is further away is not near: this is more than an hour on foot. */
const WITHIN_M = 5_000;
const AGAIN_MS = 8_000;

export class NearestList {
  /** @type {NearestAed[] | null} */
  #aeds = null;
  #asked = 0;
  #failed = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {"aed.near_me" | "aed.near_centre"} */
  #title = "aed.near_centre";

  /** @param {(aed: NearestAed) => void} onSelect */
  constructor(onSelect) {
    this.onSelect = onSelect;
  }

  /**
   * @param {Place} place
   * @param {"aed.near_me" | "aed.near_centre"} title
   */
  async look(place, title) {
    this.#asked += 1;
    const asked = this.#asked;
    clearTimeout(this.#timer);
    try {
      const query = `latitude=${place.latitude.toFixed(6)}&longitude=${place.longitude.toFixed(6)}&limit=${LIMIT}&within_m=${WITHIN_M}`;
      const answer = /** @type {{ aeds: NearestAed[] }} */ (await ask("GET", `/v1/aeds/nearest?${query}`));
      // Another place was asked about meanwhile.
      if (asked !== this.#asked) return;
      [this.#aeds, this.#title, this.#failed] = [answer.aeds, title, false];
    } catch {
      if (asked !== this.#asked) return;
      // What was near another place is not near this one.
      [this.#aeds, this.#title, this.#failed] = [null, title, true];
      this.#timer = setTimeout(() => void this.look(place, title), AGAIN_MS);
    }
    this.draw();
  }

  draw() {
    byId("nearest-title", HTMLElement).textContent = word(this.#title);
    const aeds = this.#aeds ?? [];
    show(byId("none-near", HTMLElement), this.#aeds !== null && aeds.length === 0);
    show(byId("nearest-failed", HTMLElement), this.#failed);
    drawList(byId("nearest", HTMLElement), aeds, (aed) => aed.id, (aed) => el("li", {}, el("button", {
      attributes: { type: "button", "data-aed": aed.id }, on: { click: () => this.onSelect(aed) },
    },
    el("span", { class: "sign", attributes: { "data-usability": usability(aed) } }, icon("aed")),
    el("strong", { text: aed.name }),
    el("span", { class: "far numeral", text: word("aed.walk", { time: minutes(aed.walk_s) }) }),
    el("span", { class: "detail", text: dotted([distance(aed.distance_m), howToReach(aed) || aed.address]) }))), (aed) => `${aed.id}${aed.distance_m}${language()}`);
  }
}
