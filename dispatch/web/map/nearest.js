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

export class NearestList {
  /** @type {NearestAed[] | null} */
  #aeds = null;
  #asked = 0;
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
    try {
      const query = `latitude=${place.latitude.toFixed(6)}&longitude=${place.longitude.toFixed(6)}&limit=${LIMIT}`;
      const answer = /** @type {{ aeds: NearestAed[] }} */ (await ask("GET", `/v1/aeds/nearest?${query}`));
      // Another place was asked about meanwhile.
      if (asked !== this.#asked) return;
      [this.#aeds, this.#title] = [answer.aeds, title];
    } catch {
      // The list stays as it is; the next move asks again.
    }
    this.draw();
  }

  draw() {
    byId("nearest-title", HTMLElement).textContent = word(this.#title);
    const aeds = this.#aeds ?? [];
    show(byId("none-near", HTMLElement), this.#aeds !== null && aeds.length === 0);
    drawList(byId("nearest", HTMLElement), aeds, (aed) => aed.id, (aed) => el("li", {}, el("button", {
      attributes: { type: "button", "data-aed": aed.id }, on: { click: () => this.onSelect(aed) },
    },
    el("span", { class: "sign", attributes: { "data-usability": usability(aed) } }, icon("aed")),
    el("strong", { text: aed.name }),
    el("span", { class: "far numeral", text: word("aed.walk", { time: minutes(aed.walk_s) }) }),
    el("span", { class: "detail", text: dotted([distance(aed.distance_m), howToReach(aed) || aed.address]) }))), (aed) => `${aed.id}${aed.distance_m}${language()}`);
  }
}
