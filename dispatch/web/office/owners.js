/** The tree of owners; of one of them its record, and the policy that holds below it. */

import { el, fill } from "../dom.js";
import { whyNot } from "../failure.js";
import { word, wordFor } from "../language.js";
import { depths, ownerChoices, problemsByField } from "./desk.js";
import { Form } from "./forms.js";
import { PolicyTable } from "./policy.js";

/** @typedef {import("../contract/owners.d.ts").Owner} Owner */

const LEVELS = ["province", "city", "district", "venue"];

export class OwnersRoom {
  element = el("div", { class: "room owners-room" });
  #tree = el("ul", { class: "tree" });
  #detail = el("div", { class: "owner-detail" });
  /** @type {Owner[]} */
  #owners = [];
  /** @type {string | null} which one is open; "" for a new one */
  #chosen = null;
  #failure = "";
  /** @type {PolicyTable | null} of the one that is open */
  #policy = null;
  /** What is written and not saved, of each owner: its record, and its policy. @type {Map<string, { record: Map<string, string>, policy: import("./policy.js").Written }>} */
  #unsaved = new Map();

  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {URLSearchParams} about */
  async open(about) {
    this.#chosen = about.get("owner") ?? this.#chosen;
    this.draw();
    await this.#read();
  }

  async #read() {
    try {
      this.#owners = await this.desk.owners();
      this.#failure = "";
    } catch (error) {
      this.#failure = whyNot(error);
    }
    this.draw();
  }

  draw() {
    fill(this.element,
      el("section", { class: "tree-panel" },
        el("div", { class: "panel-head" }, el("h2", { text: word("office.owners") }),
          el("button", { class: "button button-small", text: word("office.add"), attributes: { type: "button", id: "add-owner" }, on: { click: () => this.#choose("") } })),
        this.#failure ? el("p", { class: "banner banner-warn", text: this.#failure, attributes: { role: "alert" } }) : null,
        this.#owners.length === 0 && !this.#failure ? el("p", { class: "muted", text: word("office.no_owners") }) : null,
        this.#tree),
      this.#detail);
    const deep = depths(this.#owners);
    fill(this.#tree, ...this.#owners.map((owner) => el("li", {}, el("button", {
      attributes: { type: "button", "data-owner": owner.id, "aria-current": String(owner.id === this.#chosen), style: `--deep:${deep.get(owner.id) ?? 0}` },
      on: { click: () => this.#choose(owner.id) },
    }, el("span", { text: owner.name }), el("span", { class: "muted small", text: wordFor("level", owner.level) }),
    Object.keys(owner.policy).length ? el("span", { class: "decides", text: word("office.decides"), attributes: { title: word("office.decides.explain") } }) : null))));
    this.#drawDetail();
  }

  /** @param {string} id */
  #choose(id) {
    this.#chosen = id;
    this.draw();
  }

  #drawDetail() {
    const owner = this.#owners.find(({ id }) => id === this.#chosen);
    if (!owner && this.#chosen !== "") return fill(this.#detail, el("p", { class: "muted empty", text: word("office.pick_owner") }));
    const unsaved = this.#unsaved.get(owner?.id ?? "") ?? { record: new Map(), policy: new Map() };
    this.#unsaved.set(owner?.id ?? "", unsaved);
    fill(this.#detail, this.#record(owner ?? null, unsaved.record), owner ? this.#policyOf(owner, unsaved.policy) : null);
    return undefined;
  }

  /** @param {Owner} owner @param {import("./policy.js").Written} written */
  #policyOf(owner, written) {
    if (this.#policy?.owner === owner) {
      this.#policy.draw();
      return this.#policy.element;
    }
    this.#policy = new PolicyTable(this.desk, owner, written, () => { this.desk.forgetOwners(); void this.#read(); });
    void this.#policy.read();
    return this.#policy.element;
  }

  /** @param {Owner | null} owner null: a new one @param {Map<string, string>} written */
  #record(owner, written) {
    const form = new Form([
      { name: "name", label: word("office.name"), kind: "text", required: true },
      { name: "level", label: word("office.level"), kind: "choice", required: true, choices: /** @type {[string, string][]} */ (LEVELS.map((each) => [each, wordFor("level", each)])) },
      { name: "parent_id", label: word("office.parent"), kind: "choice", choices: ownerChoices(this.#owners.filter(({ id }) => id !== owner?.id), word("office.top")) },
      { name: "district_code", label: word("office.district_code"), kind: "text", hint: word("office.district_code.hint") },
      { name: "phone", label: word("aed.phone"), kind: "text", hint: word("office.owner_phone.hint") },
    ], owner ? { ...owner } : { level: "venue" }, written);
    const save = async () => {
      try {
        const saved = /** @type {Owner} */ (owner ? await this.desk.ask("PATCH", `/v1/owners/${encodeURIComponent(owner.id)}`, form.changes()) : await this.desk.ask("POST", "/v1/owners", form.values()));
        written.clear();
        this.#chosen = saved.id;
      } catch (error) {
        return form.say(problemsByField(error, whyNot));
      }
      this.desk.forgetOwners();
      return this.#read();
    };
    return el("form", { class: "block", on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); void save(); } } },
      el("h2", { text: owner ? owner.name : word("office.new_owner") }), form.element,
      el("div", { class: "form-actions" }, el("button", { class: "button button-strong", text: word("office.save"), attributes: { type: "submit", id: "save-owner" } }),
        owner ? el("a", { class: "button", text: word("office.devices"), attributes: { href: `#room=devices&owner_id=${owner.id}` } }) : null,
        owner ? el("a", { class: "button", text: word("office.orders"), attributes: { href: `#room=orders&owner=${owner.id}` } }) : null));
  }
}
