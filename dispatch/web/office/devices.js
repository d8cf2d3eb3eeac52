/** The devices: how many are in which state, and the list of them, narrowed down and page by page; or one of them. */

import { el, fill, show } from "../dom.js";
import { whyNot } from "../failure.js";
import { dateTime, dotted, today } from "../format.js";
import { said, word, wordFor } from "../language.js";
import { ownerChoices } from "./desk.js";
import { DeviceView } from "./device.js";
import { NewDevice } from "./new_device.js";
import { table } from "./tables.js";

/** @typedef {import("../contract/registry.d.ts").Device} Device */
/** @typedef {import("../contract/registry.d.ts").Devices} Devices */

const STATES = /** @type {const} */ (["ready", "degraded", "unverified", "out_of_service", "in_use"]);
const SORTS = /** @type {const} */ (["name", "checked", "expires"]);
const AT_ONCE = 50;
const PAUSE_MS = 300;

export class DevicesRoom {
  element = el("div", { class: "room devices-room" });
  #list = el("div", {});
  #bar = el("div", { class: "state-bar", attributes: { role: "group" } });
  #note = el("p", { class: "muted", attributes: { role: "status" } });
  #more = el("button", { class: "button", attributes: { type: "button", id: "more-devices", hidden: true }, on: { click: () => void this.#read(true) } });
  #filters = el("form", { class: "filters", on: { submit: (/** @type {Event} */ event) => event.preventDefault() } });
  /** @type {Device[]} */
  #devices = [];
  /** @type {Devices["counts"]} */
  #counts = {};
  /** @type {string | null | undefined} */
  #after = null;
  /** What the list is narrowed down to, as the service takes it. */
  #asked = new URLSearchParams();
  /** Counts the questions: a slow answer does not take the place of a later one. */
  #turn = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {DeviceView | NewDevice | null} */
  #view = null;
  /** Devices that somebody was editing when they went elsewhere. @type {Map<string, DeviceView>} */
  #busy = new Map();
  /** @type {NewDevice | null} what is written of a new one is there until it is entered */
  #new = null;

  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {URLSearchParams} about */
  async open(about) {
    const id = about.get("aed");
    this.#leave(id);
    if (about.get("new")) {
      this.#new ??= new NewDevice(this.desk, (entered) => { this.#forgetNew(); location.hash = `#room=devices&aed=${entered}`; });
      this.#view = this.#new;
      fill(this.element, this.#new.element);
      return this.#new.open();
    }
    if (id) {
      const view = this.#busy.get(id) ?? new DeviceView(this.desk, id);
      this.#view = view;
      fill(this.element, view.element);
      return view.read();
    }
    this.#view = null;
    const given = ["readiness", "owner_id", "custodian", "district", "has_orders"].filter((name) => about.get(name));
    // A link that names something means that, and not what of it was left over from a search before.
    if (given.length) this.#asked = new URLSearchParams();
    for (const name of given) this.#asked.set(name, about.get(name) ?? "");
    this.draw();
    await this.#read(false);
  }

  /** Keeps what is half written where somebody goes elsewhere. @param {string | null} to */
  #leave(to) {
    const left = this.#view;
    if (!(left instanceof DeviceView)) return;
    if (left.isBusy) this.#busy.set(left.id, left);
    else if (left.id !== to) this.#busy.delete(left.id);
  }

  #forgetNew() {
    this.#new?.end();
    this.#new = null;
  }

  draw() {
    if (this.#view) return this.#view.draw();
    this.#drawFilters();
    fill(this.element, this.#bar, this.#filters, this.#note, this.#list, this.#more);
    this.#drawList();
  }

  #drawFilters() {
    const query = el("input", { attributes: { type: "search", id: "device-query", maxlength: 100, placeholder: word("office.search"), "aria-label": word("office.search"), value: this.#asked.get("q") }, on: { input: () => { clearTimeout(this.#timer); this.#timer = setTimeout(() => this.#ask("q", query.value.trim()), PAUSE_MS); } } });
    const custodian = el("input", { attributes: { type: "text", maxlength: 100, placeholder: word("office.custodian"), "aria-label": word("office.custodian"), value: this.#asked.get("custodian") }, on: { change: () => this.#ask("custodian", custodian.value.trim()) } });
    const owner = el("select", { attributes: { id: "device-owner", "aria-label": word("office.owner") }, on: { change: () => this.#ask("owner_id", owner.value) } }, el("option", { text: word("office.all_owners"), attributes: { value: "" } }));
    void this.desk.owners().then((owners) => {
      fill(owner, ...ownerChoices(owners, word("office.all_owners")).map(([id, name]) => el("option", { text: name, attributes: { value: id, selected: id !== "" && id === this.#asked.get("owner_id") } })));
    }, () => undefined);
    const sort = el("select", { attributes: { id: "device-sort", "aria-label": word("office.sort") }, on: { change: () => this.#ask("sort", sort.value) } },
      ...SORTS.map((name) => el("option", { text: word(`office.sort.${name}`), attributes: { value: name, selected: name === this.#asked.get("sort") } })));
    const orders = el("input", { attributes: { type: "checkbox", id: "device-orders", checked: this.#asked.get("has_orders") === "true" }, on: { change: () => this.#ask("has_orders", orders.checked ? "true" : "") } });
    const district = this.#asked.get("district");
    fill(this.#filters, el("a", { class: "button button-small button-strong", text: word("office.new_device"), attributes: { href: "#room=devices&new=true", id: "add-device" } }), query, owner, custodian, sort, el("label", { class: "check" }, orders, word("office.with_orders")),
      district ? el("button", { class: "button button-small", text: `${word("office.district")} ${district} ×`, attributes: { type: "button" }, on: { click: () => { this.#ask("district", ""); this.#drawFilters(); } } }) : null);
  }

  /** @param {string} name @param {string} value */
  #ask(name, value) {
    if (value) this.#asked.set(name, value);
    else this.#asked.delete(name);
    void this.#read(false);
  }

  /** @param {boolean} further the next page, behind what is there */
  async #read(further) {
    if (further && !this.#after) return;
    this.#turn += 1;
    const turn = this.#turn;
    const query = new URLSearchParams(this.#asked);
    query.set("limit", String(AT_ONCE));
    if (further && this.#after) query.set("after", this.#after);
    if (!further) {
      // What comes behind the list that is there belongs to another question.
      this.#after = null;
      show(this.#more, false);
    }
    if (!further && !this.#devices.length) this.#note.textContent = word("office.loading");
    try {
      const answer = /** @type {Devices} */ (await this.desk.ask("GET", `/v1/registry/devices?${query}`));
      if (turn !== this.#turn) return;
      this.#devices = further ? [...this.#devices, ...answer.devices] : answer.devices;
      if (!further) this.#counts = answer.counts;
      this.#after = answer.after;
      this.#note.textContent = this.#devices.length ? "" : word("office.none");
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#note.textContent = whyNot(error);
    }
    this.#drawList();
  }

  #drawList() {
    const chosen = this.#asked.get("readiness");
    const all = STATES.reduce((sum, state) => sum + (this.#counts[state] ?? 0), 0);
    /** @param {string} state @param {string} label @param {number} count */
    const chip = (state, label, count) => el("button", {
      class: "state-count", attributes: { type: "button", "data-state": state, "aria-pressed": String((chosen ?? "") === state) },
      on: { click: () => this.#ask("readiness", state) },
    }, el("span", { text: label }), el("strong", { class: "numeral", text: String(count) }));
    fill(this.#bar, chip("", word("office.all"), all), ...STATES.map((state) => chip(state, wordFor("readiness", state), this.#counts[state] ?? 0)));
    fill(this.#list, this.#devices.length ? table({
      label: word("office.devices"), rows: this.#devices, attributes: ({ id }) => ({ "data-device": id }),
      columns: [
        { title: word("office.device"), main: true, cell: (row) => el("div", {}, el("a", { text: row.name, attributes: { href: `#room=devices&aed=${row.id}` } }), el("p", { class: "muted small", text: dotted([row.address, row.place_detail]) })) },
        { title: word("aed.readiness"), cell: (row) => el("div", {}, el("span", { class: "state-chip", text: wordFor("readiness", row.readiness), attributes: { "data-readiness": row.readiness } }), row.readiness === "ready" ? null : el("p", { class: "small", text: said(row.why) })) },
        { title: word("office.owner"), cell: (row) => el("div", {}, row.owner_name ?? "–", el("p", { class: "muted small", text: row.district_name ?? "" })) },
        { title: word("office.custodian"), cell: (row) => row.custodian_name ?? row.custodian ?? "–" },
        { title: word("office.expires"), cell: (row) => expiries(row) },
        { title: word("office.orders_open"), number: true, cell: (row) => row.open_orders ? el("a", { text: String(row.open_orders), attributes: { href: `#room=devices&aed=${row.id}` } }) : "0" },
        { title: word("aed.checked"), cell: (row) => el("span", { class: "numeral", text: dateTime(row.readiness_at) }) },
      ],
    }) : null);
    this.#more.textContent = word("office.more");
    show(this.#more, Boolean(this.#after));
  }
}

/** @param {Device} row */
function expiries({ battery_expires_on, pads_expire_on }) {
  /** @param {import("../language.js").Word} name @param {import("../contract/values.d.ts").Maybe<string>} day */
  const line = (name, day) => el("p", { class: "small numeral nowrap", text: `${word(name)} ${day ?? "–"}`, attributes: { "data-tone": day && day < today() ? "act" : undefined } });
  return el("div", {}, line("office.battery", battery_expires_on), line("office.pads", pads_expire_on));
}
