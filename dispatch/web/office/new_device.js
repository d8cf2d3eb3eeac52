/** A device that the register does not have yet. */

import { Unreachable } from "../api.js";
import { el, fill } from "../dom.js";
import { whyNot } from "../failure.js";
import { word } from "../language.js";
import { problemsByField } from "./desk.js";
import { accessFields, answerFields, machineFields, otherFields, spotFields } from "./device_fields.js";
import { Form } from "./forms.js";
import { locationIn, placeFields, placeIn, PlaceMap } from "./place_map.js";

/** @typedef {import("../contract/registry.d.ts").Device} Device */

/** About a metre, in degrees: the same spot, rounded otherwise. */
const SAME_SPOT_DEGREES = 0.00001;

export class NewDevice {
  element = el("div", { class: "room new-device" });
  #map = new PlaceMap();
  /** @type {Map<string, string>} */
  #written = new Map();
  #owners = /** @type {import("../contract/owners.d.ts").Owner[]} */ ([]);
  #custodians = /** @type {import("../contract/owners.d.ts").Custodian[]} */ ([]);
  /** Whether an answer was lost: the device may be there already. */
  #mayBeThere = false;
  #failure = "";

  /** @param {import("./desk.js").Desk} desk @param {(id: string) => void} onEntered */
  constructor(desk, onEntered) {
    this.desk = desk;
    this.onEntered = onEntered;
  }

  async open() {
    try {
      [this.#owners, this.#custodians] = await Promise.all([this.desk.owners(), this.desk.custodians()]);
      this.#failure = "";
    } catch (error) {
      this.#failure = whyNot(error);
    }
    this.draw();
    await this.#map.begin();
  }

  end() {
    this.#map.end();
  }

  draw() {
    const form = new Form([
      { name: "name", label: word("office.name"), kind: "text", required: true, hint: word("office.name.hint") },
      ...spotFields(),
      ...placeFields(this.#map, true).map((spec, i) => (i === 0 ? { ...spec, section: word("office.section.place") } : spec)),
      ...accessFields(), ...answerFields(this.#owners, this.#custodians), ...machineFields(), ...otherFields(),
    ], { access: "public", datum: "wgs84" }, this.#written);
    const button = el("button", { class: "button button-strong", text: word("office.enter"), attributes: { type: "submit", id: "enter-device" } });
    const enter = async (/** @type {Event} */ event) => {
      event.preventDefault();
      button.disabled = true;
      await this.#enter(form);
      button.disabled = false;
    };
    fill(this.element,
      el("p", {}, el("a", { text: `← ${word("office.devices")}`, attributes: { href: "#room=devices", id: "to-devices" } })),
      this.#failure ? el("p", { class: "banner banner-warn", text: this.#failure, attributes: { role: "alert" } }) : null,
      el("form", { class: "block editor", on: { submit: enter } },
        el("h2", { text: word("office.new_device") }), form.element,
        el("div", { class: "form-actions" }, button,
          el("button", { class: "button", text: word("office.clear"), attributes: { type: "button", id: "clear-device" }, on: { click: () => { this.#written.clear(); this.draw(); } } }))));
    this.#map.follow(form);
  }

  /** @param {Form} form */
  async #enter(form) {
    const { latitude: _latitude, longitude: _longitude, datum: _datum, ...said } = form.values();
    form.say({});
    try {
      const there = this.#mayBeThere ? await this.#likeIt(form) : null;
      const { id } = there ?? /** @type {{ id: string }} */ (await this.desk.ask("POST", "/v1/aeds", { ...said, location: locationIn(form) }));
      this.#written.clear();
      this.#mayBeThere = false;
      this.onEntered(id);
    } catch (error) {
      this.#mayBeThere ||= error instanceof Unreachable;
      form.say(problemsByField(error, whyNot));
    }
  }

  /** The device of this name at this spot, which an answer that was lost would have told of. @param {Form} form */
  async #likeIt(form) {
    const place = placeIn(form);
    const name = form.value("name").trim();
    const { devices } = /** @type {{ devices: Device[] }} */ (await this.desk.ask("GET", `/v1/registry/devices?limit=200&q=${encodeURIComponent(name)}`));
    return devices.find((each) => each.name === name && place && isThere(each.location, place)) ?? null;
  }
}

/** @param {{ latitude: number, longitude: number }} one @param {{ latitude: number, longitude: number }} other */
function isThere(one, other) {
  return Math.abs(one.latitude - other.latitude) < SAME_SPOT_DEGREES && Math.abs(one.longitude - other.longitude) < SAME_SPOT_DEGREES;
}
