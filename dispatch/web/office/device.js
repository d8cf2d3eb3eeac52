/** One device for the office: how it stands and why, what has happened to it, what is to be done, and its record to be edited. */

import { askInDialog } from "../dialog.js";
import { el, fill } from "../dom.js";
import { whyNot } from "../failure.js";
import { dateTime, dotted, floorName } from "../format.js";
import { said, word, wordFor } from "../language.js";
import { reasonsInWords } from "../registry/reasons.js";
import { depths, problemsByField } from "./desk.js";
import { Form } from "./forms.js";
import { happenings } from "./happenings.js";
import { ordersTable } from "./orders.js";

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
  #isEditing = false;

  /** @param {import("./desk.js").Desk} desk @param {string} id */
  constructor(desk, id) {
    this.desk = desk;
    this.path = `/v1/aeds/${encodeURIComponent(id)}`;
    this.id = id;
  }

  async read() {
    if (!this.#aed) this.draw();
    try {
      const [aed, history, orders, owners] = await Promise.all([
        /** @type {Promise<Aed>} */ (this.desk.ask("GET", this.path)),
        /** @type {Promise<History>} */ (this.desk.ask("GET", `${this.path}/history?limit=100`)),
        /** @type {Promise<{ orders: WorkOrder[] }>} */ (this.desk.ask("GET", `/v1/work-orders?state=all&aed_id=${encodeURIComponent(this.id)}&limit=100`)),
        this.desk.owners(),
      ]);
      [this.#aed, this.#history, this.#orders, this.#owners, this.#failure] = [aed, history, orders.orders, owners, ""];
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
        this.#isEditing ? this.#editor(aed) : this.#facts(aed),
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
        el("button", { class: "button button-small button-strong", text: word(this.#isEditing ? "back" : "office.edit"), attributes: { type: "button", id: "edit" }, on: { click: () => { this.#isEditing = !this.#isEditing; this.draw(); } } }),
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
    const deep = depths(this.#owners);
    const yesNo = /** @type {[string, string][]} */ ([["", "–"], ["true", word("office.yes")], ["false", word("office.no")]]);
    const values = { ...aed, latitude: aed.location.latitude, longitude: aed.location.longitude };
    const form = new Form([
      { name: "name", label: word("office.name"), kind: "text", required: true },
      { name: "address", label: word("aed.address"), kind: "text" },
      { name: "place_detail", label: word("aed.place_detail"), kind: "text" },
      { name: "floor", label: word("office.floor"), kind: "number" },
      { name: "indoor", label: word("indoor"), kind: "switch", choices: yesNo },
      { name: "access", label: word("aed.access"), kind: "choice", choices: /** @type {[string, string][]} */ (["public", "ask", "code", "private", "unknown"].map((each) => [each, wordFor("access", each)])) },
      { name: "opening_hours", label: word("aed.hours"), kind: "text", hint: word("office.hours.hint") },
      { name: "opening_hours_note", label: word("field.opening_hours_note"), kind: "text" },
      { name: "phone", label: word("aed.phone"), kind: "text" },
      { name: "owner_id", label: word("office.owner"), kind: "choice", choices: [["", "–"], .../** @type {[string, string][]} */ (this.#owners.map(({ id, name }) => [id, `${"　".repeat(deep.get(id) ?? 0)}${name}`]))] },
      { name: "custodian", label: word("office.custodian"), kind: "text" },
      { name: "maker", label: word("office.maker"), kind: "text" },
      { name: "model", label: word("office.type"), kind: "text" },
      { name: "serial_number", label: word("office.serial"), kind: "text" },
      { name: "manufactured_on", label: word("office.manufactured"), kind: "date" },
      { name: "battery_fitted_on", label: word("field.battery_fitted_on"), kind: "date" },
      { name: "battery_expires_on", label: word("office.battery_until"), kind: "date" },
      { name: "pads_fitted_on", label: word("field.pads_fitted_on"), kind: "date" },
      { name: "pads_expire_on", label: word("office.pads_until"), kind: "date" },
      { name: "pads_child_fitted_on", label: word("office.pads_child_fitted"), kind: "date" },
      { name: "pads_child_expire_on", label: word("office.pads_child_until"), kind: "date" },
      { name: "has_self_test", label: word("office.self_test"), kind: "switch", choices: yesNo },
      { name: "is_connected", label: word("office.connected"), kind: "switch", choices: yesNo },
      { name: "fence_m", label: word("office.fence"), kind: "number", least: 1 },
      { name: "latitude", label: word("office.latitude"), kind: "number", hint: word("office.place.hint") },
      { name: "longitude", label: word("office.longitude"), kind: "number" },
      { name: "photos", label: word("aed.photos"), kind: "lines", hint: word("office.photos.hint") },
    ], values);
    const save = async () => {
      const { latitude, longitude, ...changed } = form.changes();
      if (latitude !== undefined || longitude !== undefined) {
        Object.assign(changed, { location: { latitude: latitude ?? aed.location.latitude, longitude: longitude ?? aed.location.longitude, datum: "wgs84" } });
      }
      try {
        if (Object.keys(changed).length) await this.desk.ask("PATCH", this.path, changed);
      } catch (error) {
        return form.say(problemsByField(error, whyNot));
      }
      this.#isEditing = false;
      return this.read();
    };
    return el("form", { class: "block editor", on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); void save(); } } }, form.element,
      el("div", { class: "form-actions" }, el("button", { class: "button button-strong", text: word("office.save"), attributes: { type: "submit", id: "save" } })));
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
