/** Work orders: what is to be done, by whom, until when; what is overdue stands out. */

import { askInDialog } from "../dialog.js";
import { el, fill, show } from "../dom.js";
import { whyNot } from "../failure.js";
import { dateTime, dotted } from "../format.js";
import { said, word, wordFor } from "../language.js";
import { dueInWords, isLate } from "../custodian/orders.js";
import { depths } from "./desk.js";
import { table } from "./tables.js";

/** @typedef {import("../contract/work_orders.d.ts").WorkOrder} WorkOrder */
/** @typedef {import("../contract/work_orders.d.ts").WorkOrders} WorkOrders */
/** @typedef {import("./desk.js").Desk} Desk */

const CAUSES = ["battery_expiry", "pads_expiry", "self_test_failed", "silent", "inspection_due", "used", "fault", "moved", "door_open", "battery_low", "said_by_public", "temperature"];
const LEVELS = ["custodian", "venue", "district", "city", "province"];
const STATES = ["open", "closed", "all"];
const AT_ONCE = 100;

/**
 * @param {Desk} desk
 * @param {WorkOrder[]} orders
 * @param {{ withDevice: boolean, onChange: () => void }} options
 */
export function ordersTable(desk, orders, { withDevice, onChange }) {
  return table({
    label: word("office.orders"), rows: orders, attributes: (order) => ({ "data-order": order.id, "data-late": order.state === "open" && isLate(order), "data-state": order.state }),
    columns: [
      ...(withDevice ? [{ title: word("office.device"), main: true, cell: (/** @type {WorkOrder} */ order) => el("a", { text: order.aed_name, attributes: { href: `#room=devices&aed=${order.aed_id}` } }) }] : []),
      { title: word("office.what"), main: !withDevice, cell: (order) => el("div", {}, said(order.what) || wordFor("cause", order.cause), el("p", { class: "muted small", text: wordFor("cause", order.cause) })) },
      { title: word("office.urgency"), cell: (order) => el("span", { class: "urgency", text: wordFor("urgency", String(order.urgency)), attributes: { "data-urgency": order.urgency } }) },
      { title: word("office.due"), cell: (order) => el("div", {}, el("span", { class: "numeral", text: dateTime(order.due_at) }), order.state === "open" ? el("p", { class: "small due-words", text: dueInWords(order) }) : null) },
      { title: word("office.answers"), cell: (order) => el("div", {}, dotted([wordFor("level", order.level), order.owner_name]), el("p", { class: "muted small", text: order.assignee_name ?? order.assignee ?? word("office.nobody") })) },
      { title: word("office.standing"), cell: (order) => standing(order) },
      { title: "", cell: (order) => order.state === "open" ? el("button", { class: "button button-small", text: word("office.cancel"), attributes: { type: "button", "data-cancel": order.id }, on: { click: () => void cancel(desk, order, onChange) } }) : null },
    ],
  });
}

/** @param {WorkOrder} order */
function standing(order) {
  const note = order.note ? el("p", { class: "small", text: order.note }) : null;
  if (order.state === "closed") return el("div", {}, word("office.closed_by", { by: wordFor("closed_by", order.closed_by ?? ""), time: order.closed_at ? dateTime(order.closed_at) : "" }), note);
  if (order.acknowledged_at) return el("div", {}, word("order.taken", { time: dateTime(order.acknowledged_at) }), note);
  return el("div", {}, word("office.not_taken"), note);
}

/** @param {Desk} desk @param {WorkOrder} order @param {() => void} onChange */
async function cancel(desk, order, onChange) {
  const reason = el("textarea", { attributes: { id: "cancel-reason", rows: 2, maxlength: 2000, required: true } });
  const problem = el("p", { class: "field-problem small", attributes: { role: "alert" } });
  for (;;) {
    const given = await askInDialog({
      title: word("office.cancel.title"), text: word("office.cancel.explain", { name: order.aed_name }),
      fields: [el("label", { class: "field" }, el("span", { text: word("office.cancel.reason") }), reason), problem],
      answers: [{ label: word("office.cancel"), tone: "act", needsValid: true, value: () => reason.value.trim() || null }, { label: word("back"), value: () => null }],
    });
    if (!given) return;
    try {
      await desk.ask("POST", `/v1/work-orders/${encodeURIComponent(order.id)}/cancel`, { reason: given });
      return onChange();
    } catch (error) {
      problem.textContent = whyNot(error);
    }
  }
}

export class OrdersRoom {
  element = el("div", { class: "room orders-room" });
  #filters = el("form", { class: "filters", on: { submit: (/** @type {Event} */ event) => event.preventDefault() } });
  #list = el("div", {});
  #note = el("p", { class: "muted", attributes: { role: "status" } });
  #more = el("button", { class: "button", attributes: { type: "button", hidden: true }, on: { click: () => void this.#read(true) } });
  /** @type {WorkOrder[]} */
  #orders = [];
  /** @type {string | null | undefined} */
  #next = null;
  #asked = new URLSearchParams({ state: "open" });
  #turn = 0;

  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {URLSearchParams} about */
  async open(about) {
    const given = ["overdue", "owner", "cause", "level", "assignee"].filter((name) => about.get(name));
    // A link that names something means that, and not what of it was left over from a search before.
    if (given.length) this.#asked = new URLSearchParams({ state: "open" });
    for (const name of given) this.#asked.set(name, about.get(name) ?? "");
    this.draw();
    await this.#read(false);
  }

  draw() {
    this.#drawFilters();
    fill(this.element, this.#filters, this.#note, this.#list, this.#more);
    this.#drawList();
  }

  #drawFilters() {
    /** @param {string} name @param {import("../language.js").Word} label @param {[string, string][]} choices */
    const choice = (name, label, choices) => {
      const select = el("select", { attributes: { id: `order-${name}`, "aria-label": word(label) }, on: { change: () => this.#ask(name, select.value) } },
        ...choices.map(([value, text]) => el("option", { text, attributes: { value, selected: value === (this.#asked.get(name) ?? "") } })));
      return select;
    };
    const owner = choice("owner", "office.owner", [["", word("office.all_owners")]]);
    void this.desk.owners().then((owners) => {
      const deep = depths(owners);
      owner.append(...owners.map(({ id, name }) => el("option", { text: `${"　".repeat(deep.get(id) ?? 0)}${name}`, attributes: { value: id, selected: id === this.#asked.get("owner") } })));
    }, () => undefined);
    const overdue = el("input", { attributes: { type: "checkbox", id: "order-overdue", checked: this.#asked.get("overdue") === "true" }, on: { change: () => this.#ask("overdue", overdue.checked ? "true" : "") } });
    const assignee = el("input", { attributes: { type: "text", maxlength: 100, placeholder: word("office.custodian"), "aria-label": word("office.custodian"), value: this.#asked.get("assignee") }, on: { change: () => this.#ask("assignee", assignee.value.trim()) } });
    fill(this.#filters,
      choice("state", "office.standing", /** @type {[string, string][]} */ (STATES.map((each) => [each, wordFor("order_state", each)]))),
      choice("cause", "office.what", [["", word("office.all_causes")], .../** @type {[string, string][]} */ (CAUSES.map((each) => [each, wordFor("cause", each)]))]),
      choice("level", "office.answers", [["", word("office.all_levels")], .../** @type {[string, string][]} */ (LEVELS.map((each) => [each, wordFor("level", each)]))]),
      owner, assignee, el("label", { class: "check" }, overdue, word("office.only_overdue")));
  }

  /** @param {string} name @param {string} value */
  #ask(name, value) {
    if (value) this.#asked.set(name, value);
    else this.#asked.delete(name);
    void this.#read(false);
  }

  /** @param {boolean} further */
  async #read(further) {
    if (further && !this.#next) return;
    this.#turn += 1;
    const turn = this.#turn;
    const query = new URLSearchParams(this.#asked);
    query.set("limit", String(AT_ONCE));
    if (further && this.#next) query.set("after", this.#next);
    if (!further) {
      // What comes behind the list that is there belongs to another question.
      this.#next = null;
      show(this.#more, false);
    }
    if (!further && !this.#orders.length) this.#note.textContent = word("office.loading");
    try {
      const answer = /** @type {WorkOrders} */ (await this.desk.ask("GET", `/v1/work-orders?${query}`));
      if (turn !== this.#turn) return;
      this.#orders = further ? [...this.#orders, ...answer.orders] : answer.orders;
      this.#next = answer.next;
      this.#note.textContent = this.#orders.length ? "" : word("office.no_orders");
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#note.textContent = whyNot(error);
    }
    this.#drawList();
  }

  #drawList() {
    fill(this.#list, this.#orders.length ? ordersTable(this.desk, this.#orders, { withDevice: true, onChange: () => void this.#read(false) }) : null);
    this.#more.textContent = word("office.more");
    show(this.#more, Boolean(this.#next));
  }
}
