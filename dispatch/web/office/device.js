/** One device for the office: how it stands and why, what has happened to it, what is to be done, and its record to be edited. */

import { askInDialog } from "../dialog.js";
import { el, fill } from "../dom.js";
import { whyNot } from "../failure.js";
import { dateTime, dotted, floorName } from "../format.js";
import { said, word, wordFor } from "../language.js";
import { reasonsInWords } from "../registry/reasons.js";
import { problemsByField } from "./desk.js";
import { accessFields, answerFields, machineFields, otherFields, spotFields } from "./device_fields.js";
import { Form } from "./forms.js";
import { happenings, whoIs } from "./happenings.js";
import { Moving } from "./moving.js";
import { ordersTable } from "./orders.js";
import { locationIn, placeFields, PlaceMap } from "./place_map.js";
import { placementsList } from "./placements.js";

/** @typedef {import("../contract/registry.d.ts").RegisteredAed} Aed */
/** @typedef {import("../contract/registry.d.ts").History} History */
/** @typedef {import("../contract/work_orders.d.ts").WorkOrder} WorkOrder */

export class DeviceView {
  element = el("div", { class: "room device-room" });
  /** @type {Aed | null} */
  #aed = null;
  /** @type {History | null} */
  #history = null;
  /** @type {WorkOrder[]} */
  #orders = [];
  #owners = /** @type {import("../contract/owners.d.ts").Owner[]} */ ([]);
  #failure = "";
  #custodians = /** @type {import("../contract/owners.d.ts").Custodian[]} */ ([]);
  #mode = /** @type {"facts" | "edit" | "move"} */ ("facts");
  /** What is written and not saved: it outlives being drawn anew. @type {Map<string, string>} */
  #written = new Map();
  #map = new PlaceMap();
  /** @type {Moving | null} */
  #moving = null;

  /** @param {import("./desk.js").Desk} desk @param {string} id */
  constructor(desk, id) {
    this.desk = desk;
    this.path = `/v1/aeds/${encodeURIComponent(id)}`;
    this.id = id;
  }

  async read() {
    if (!this.#aed) this.draw();
    try {
      const [aed, history, orders, owners, custodians] = await Promise.all([
        /** @type {Promise<Aed>} */ (this.desk.ask("GET", this.path)),
        /** @type {Promise<History>} */ (this.desk.ask("GET", `${this.path}/history?limit=100`)),
        /** @type {Promise<{ orders: WorkOrder[] }>} */ (this.desk.ask("GET", `/v1/work-orders?state=all&aed_id=${encodeURIComponent(this.id)}&limit=100`)),
        this.desk.owners(),
        this.desk.custodians(),
      ]);
      [this.#aed, this.#history, this.#orders, this.#owners, this.#custodians, this.#failure] = [aed, history, orders.orders, owners, custodians, ""];
    } catch (error) {
      this.#failure = whyNot(error);
    }
    this.draw();
  }

  draw() {
    const aed = this.#aed;
    fill(this.element,
      el("p", {}, el("a", { text: `← ${word("office.devices")}`, attributes: { href: "#room=devices", id: "to-devices" } })),
      this.#failure ? el("p", { class: "banner banner-warn", text: this.#failure, attributes: { role: "alert" } }) : null,
      aed || this.#failure ? null : el("p", { class: "muted", text: word("office.loading"), attributes: { role: "status" } }),
      ...(aed ? [
        this.#head(aed),
        this.#mode === "edit" ? this.#editor(aed) : this.#mode === "move" ? this.#mover(aed) : this.#facts(aed),
        this.#placements(aed),
        el("section", { class: "block" }, el("h2", { text: word("office.orders") }),
          this.#orders.length ? ordersTable(this.desk, this.#orders, { withDevice: false, onChange: () => void this.read() }) : el("p", { class: "muted", text: word("office.no_orders") })),
        this.#past(),
      ] : []));
  }

  /** @param {Aed} aed */
  #head(aed) {
    return el("section", { class: "device-head" },
      el("div", {}, el("h2", { text: aed.name }),
        el("p", {}, el("span", { class: "state-chip", text: wordFor("readiness", aed.readiness), attributes: { "data-readiness": aed.readiness } })),
        el("p", { class: "why", text: said(aed.why) || reasonsInWords(aed.readiness_reasons) }),
        el("p", { class: "muted small", text: word("office.as_of", { time: aed.readiness_at ? dateTime(aed.readiness_at) : "–" }) })),
      el("div", { class: "head-actions" },
        el("a", { class: "button button-small", text: word("device.on_map"), attributes: { href: `/map#aed=${aed.id}`, target: "_blank" } }),
        ...(this.isBusy
          ? [el("button", { class: "button button-small", text: word("office.discard"), attributes: { type: "button", id: "discard" }, on: { click: () => this.#turn("facts") } })]
          : aed.readiness === "removed" ? [] : [
            el("button", { class: "button button-small button-strong", text: word("office.edit"), attributes: { type: "button", id: "edit" }, on: { click: () => this.#turn("edit") } }),
            aed.is_mobile ? null : el("button", { class: "button button-small", text: word("office.move"), attributes: { type: "button", id: "move" }, on: { click: () => this.#turn("move") } }),
          ]),
        aed.readiness === "removed" ? null : el("button", { class: "button button-small", text: word("office.remove"), attributes: { type: "button", id: "remove" }, on: { click: () => void this.#remove(aed) } })));
  }

  /** @param {Aed} aed */
  #facts(aed) {
    const owner = this.#owners.find(({ id }) => id === aed.owner_id);
    /** @param {import("../language.js").Word} name @param {import("../contract/values.d.ts").Maybe<string>} value */
    const fact = (name, value) => el("div", {}, el("dt", { text: word(name) }), el("dd", { text: value || "–" }));
    return el("dl", { class: "facts" },
      fact("aed.address", aed.address),
      fact("aed.place_detail", dotted([aed.place_detail, typeof aed.floor === "number" ? floorName(aed.floor) : null])),
      fact("aed.hours", aed.opening_hours ?? aed.opening_hours_note),
      fact("aed.access", wordFor("access", aed.access)),
      fact("aed.phone", aed.phone),
      fact("office.owner", owner?.name ?? aed.owner),
      fact("office.custodian", aed.custodian),
      fact("office.place", `${aed.location.latitude.toFixed(6)}, ${aed.location.longitude.toFixed(6)}`),
      fact("office.model", dotted([aed.maker, aed.model])),
      fact("office.serial", aed.serial_number),
      fact("office.battery_until", aed.battery_expires_on),
      fact("office.pads_until", aed.pads_expire_on),
      fact("office.pads_child_until", aed.pads_child_expire_on),
      fact("office.source", dotted([aed.source, aed.source_ref])));
  }

  /** @param {Aed} aed */
  #editor(aed) {
    const form = new Form([
      { name: "name", label: word("office.name"), kind: "text", required: true },
      ...spotFields(), ...placeFields(this.#map, true).map((spec, i) => (i === 0 ? { ...spec, section: word("office.section.place"), hint: word("office.place.hint") } : spec)),
      ...accessFields(), ...answerFields(this.#owners, this.#custodians), ...machineFields(), ...otherFields(),
    ], { ...aed, latitude: aed.location.latitude, longitude: aed.location.longitude, datum: "wgs84" }, this.#written);
    this.#map.follow(form);
    const save = async () => {
      const { latitude, longitude, datum, ...changed } = form.changes();
      if (latitude !== undefined || longitude !== undefined || datum !== undefined) Object.assign(changed, { location: locationIn(form) });
      form.say({});
      try {
        if (Object.keys(changed).length) await this.desk.ask("PATCH", this.path, changed);
      } catch (error) {
        return form.say(problemsByField(error, whyNot));
      }
      this.#turn("facts");
      return this.read();
    };
    return el("form", { class: "block editor", on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); void save(); } } }, form.element,
      el("div", { class: "form-actions" }, el("button", { class: "button button-strong", text: word("office.save"), attributes: { type: "submit", id: "save" } })));
  }

  /** @param {Aed} aed */
  #mover(aed) {
    this.#moving ??= new Moving(this.desk, aed, { owners: this.#owners, custodians: this.#custodians, onMoved: () => { this.#turn("facts"); void this.read(); } });
    this.#moving.draw();
    return this.#moving.element;
  }

  /** What is written and not saved is thrown away: by going back, or because it is saved. @param {"facts" | "edit" | "move"} mode */
  #turn(mode) {
    this.#mode = mode;
    this.#written.clear();
    this.#map.end();
    this.#moving?.end();
    this.#moving = null;
    this.draw();
  }

  /** Whether something is being written here that would be lost with it. */
  get isBusy() {
    return this.#mode !== "facts";
  }

  /** @param {Aed} aed */
  #placements(aed) {
    if (!this.#history || aed.is_mobile) return null;
    return el("section", { class: "block" }, el("h2", { text: word("office.placements") }), placementsList(this.#history.placements, aed, whoIs));
  }

  #past() {
    const history = this.#history;
    if (!history) return null;
    return el("section", { class: "block" }, el("h2", { text: word("office.history") }), happenings(history));
  }

  /** @param {Aed} aed */
  async #remove(aed) {
    const sure = await askInDialog({
      title: word("office.remove.title", { name: aed.name }), text: word("office.remove.explain"),
      answers: [{ label: word("office.remove"), tone: "act", value: () => true }, { label: word("back"), value: () => null }],
    });
    if (!sure) return;
    try {
      await this.desk.ask("DELETE", this.path);
    } catch (error) {
      this.#failure = whyNot(error);
    }
    await this.read();
  }
}
