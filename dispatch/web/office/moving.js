/** Hanging a device elsewhere: at a place that is new, or at the site of another device. */

import { el, fill } from "../dom.js";
import { whyNot } from "../failure.js";
import { dotted, momentOf } from "../format.js";
import { word } from "../language.js";
import { problemsByField } from "./desk.js";
import { accessFields, answerFields, spotFields } from "./device_fields.js";
import { Form } from "./forms.js";
import { locationIn, placeFields, PlaceMap } from "./place_map.js";

/** @typedef {import("../contract/registry.d.ts").RegisteredAed} Aed */
/** @typedef {import("../contract/registry.d.ts").Device} Device */
/** @typedef {import("./forms.js").FieldSpec} FieldSpec */

const PAUSE_MS = 300;
const MOST_FOUND = 20;

export class Moving {
  element = el("form", { class: "block editor moving", on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); void this.#move(); } } });
  #map = new PlaceMap();
  /** @type {Map<string, string>} */
  #written = new Map();
  /** @type {"place" | "site"} */
  #to = "place";
  #asked = "";
  /** @type {Device[]} */
  #found = [];
  /** Counts the questions: a slow answer does not take the place of a later one. */
  #turn = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Form | null} */
  #form = null;
  #button = el("button", { class: "button button-strong", attributes: { type: "submit", id: "move-device" } });

  /**
   * @param {import("./desk.js").Desk} desk
   * @param {Aed} aed
   * @param {{ owners: import("../contract/owners.d.ts").Owner[], custodians: import("../contract/owners.d.ts").Custodian[], onMoved: () => void }} view
   */
  constructor(desk, aed, view) {
    this.desk = desk;
    this.aed = aed;
    this.view = view;
    void this.#map.begin(aed.location);
  }

  end() {
    this.#map.end();
  }

  draw() {
    const { name, owner_id, custodian } = this.aed;
    const { owners, custodians } = this.view;
    /** @type {FieldSpec} */
    const since = { name: "at", label: word("office.move.at"), kind: "datetime-local", hint: word("office.move.at.hint") };
    /** @type {FieldSpec[]} */
    const specs = this.#to === "site"
      ? [{ name: "site_of", label: word("office.move.site"), kind: "choice", required: true, choices: [["", "–"], ...this.#choices()] }, since, ...answerFields(owners, custodians)]
      : [...placeFields(this.#map, true), { name: "name", label: word("office.name"), kind: "text" }, ...spotFields(), since, ...accessFields().map(asked), ...answerFields(owners, custodians)];
    const form = new Form(specs, { name, owner_id, custodian, datum: "wgs84" }, this.#written);
    this.#form = form;
    this.#button.textContent = word("office.move.do");
    fill(this.element, el("h2", { text: word("office.move.title") }), el("p", { class: "muted", text: word("office.move.explain") }),
      el("div", { class: "change-kinds", attributes: { role: "group", "aria-label": word("office.move.to") } }, this.#choice("place"), this.#choice("site")),
      this.#to === "site" ? this.#search() : null,
      form.element, el("div", { class: "form-actions" }, this.#button));
    if (this.#to === "place") this.#map.follow(form);
  }

  /** @param {"place" | "site"} to */
  #choice(to) {
    return el("button", { class: "chip-switch", text: word(`office.move.to.${to}`), attributes: { type: "button", "data-to": to, "aria-pressed": String(this.#to === to) }, on: { click: () => { this.#to = to; this.draw(); } } });
  }

  #search() {
    const query = el("input", { attributes: { type: "search", id: "move-query", maxlength: 100, value: this.#asked, autocomplete: "off" }, on: { input: () => { this.#asked = query.value; clearTimeout(this.#timer); this.#timer = setTimeout(() => void this.#look(), PAUSE_MS); } } });
    return el("label", { class: "field" }, el("span", { text: word("office.move.find") }), query, el("span", { class: "muted small", text: word("office.search") }));
  }

  async #look() {
    this.#turn += 1;
    const turn = this.#turn;
    try {
      const { devices } = /** @type {{ devices: Device[] }} */ (await this.desk.ask("GET", `/v1/registry/devices?limit=${MOST_FOUND}&q=${encodeURIComponent(this.#asked.trim())}`));
      if (turn !== this.#turn) return;
      this.#found = devices.filter(({ id }) => id !== this.aed.id);
    } catch (error) {
      return this.#form?.say({ "": whyNot(error) });
    }
    const select = this.#form?.element.querySelector("[data-field=site_of] select");
    if (!(select instanceof HTMLSelectElement)) return undefined;
    // Whoever is still writing keeps the keyboard: only the choices are new.
    fill(select, el("option", { text: "–", attributes: { value: "" } }), ...this.#choices().map(([value, text]) => el("option", { text, attributes: { value } })));
    this.#form?.write({ site_of: this.#found.length === 1 ? this.#found[0]?.id ?? "" : "" });
    return undefined;
  }

  /** @returns {[value: string, label: string][]} */
  #choices() {
    return this.#found.map(({ id, name, address, place_detail }) => [id, dotted([name, address, place_detail])]);
  }

  async #move() {
    const form = this.#form;
    if (!form) return;
    const { latitude: _latitude, longitude: _longitude, datum: _datum, at, ...said } = form.values();
    const body = { ...said, ...(at ? { at: new Date(momentOf(String(at))).toISOString() } : {}), ...(this.#to === "place" ? { location: locationIn(form) } : {}) };
    form.say({});
    this.#button.disabled = true;
    try {
      await this.desk.ask("POST", `/v1/aeds/${encodeURIComponent(this.aed.id)}/move`, body);
      this.view.onMoved();
    } catch (error) {
      form.say(problemsByField(error, whyNot));
    } finally {
      this.#button.disabled = false;
    }
  }
}

/** Of a new place nothing is taken for granted: how to get at it has to be said. @param {FieldSpec} spec @returns {FieldSpec} */
function asked(spec) {
  return spec.name === "access" ? { ...spec, required: true, choices: [["", "–"], ...(spec.choices ?? [])] } : spec;
}
