/** What the map is narrowed down to: a row of switches. */

import { el, fill } from "../dom.js";
import { word } from "../language.js";

export const CHOICES = /** @type {const} */ (["usable", "checked", "public", "always", "outdoor", "children"]);

/** @typedef {typeof CHOICES[number]} Choice */

export class Chips {
  /** @type {Set<Choice>} */
  chosen = new Set();

  /**
   * @param {HTMLElement} row
   * @param {(chosen: Choice[]) => void} onChange
   */
  constructor(row, onChange) {
    this.row = row;
    this.onChange = onChange;
  }

  draw() {
    fill(this.row, ...CHOICES.map((choice) => el("button", {
      class: "chip-switch", text: word(`choice.${choice}`),
      attributes: { type: "button", "data-choice": choice, "aria-pressed": String(this.chosen.has(choice)) },
      on: { click: (/** @type {MouseEvent} */ event) => this.#turn(choice, /** @type {HTMLElement} */ (event.currentTarget)) },
    })));
  }

  /** @param {Choice} choice @param {HTMLElement} button */
  #turn(choice, button) {
    if (!this.chosen.delete(choice)) this.chosen.add(choice);
    button.setAttribute("aria-pressed", String(this.chosen.has(choice)));
    this.onChange([...this.chosen]);
  }
}
