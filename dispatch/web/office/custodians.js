/** The custodians: who they are, whether their certificates hold, and who sees to their devices now; or one of them. */

import { el, fill, show } from "../dom.js";
import { whyNot } from "../failure.js";
import { word } from "../language.js";
import { ownerChoices } from "./desk.js";
import { CustodianView } from "./custodian.js";
import { table } from "./tables.js";

/** @typedef {import("../contract/owners.d.ts").Custodian} Custodian */

const AT_ONCE = 100;
const NEW = "";

export class CustodiansRoom {
  element = el("div", { class: "room custodians-room" });
  #filters = el("form", { class: "filters", on: { submit: (/** @type {Event} */ event) => event.preventDefault() } });
  #note = el("p", { class: "muted", attributes: { role: "status" } });
  #list = el("div", {});
  #more = el("button", { class: "button", attributes: { type: "button", id: "more-custodians", hidden: true }, on: { click: () => void this.#read(true) } });
  /** @type {Custodian[]} */
  #custodians = [];
  #owners = /** @type {import("../contract/owners.d.ts").Owner[]} */ ([]);
  /** @type {string | null} */
  #after = null;
  #owner = "";
  /** Counts the questions: a slow answer does not take the place of a later one. */
  #turn = 0;
  /** @type {CustodianView | null} */
  #view = null;
  /** Those whose forms somebody left half filled in. @type {Map<string, CustodianView>} */
  #busy = new Map();

  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  /** @param {URLSearchParams} about */
  async open(about) {
    const subject = about.get("new") ? NEW : about.get("custodian");
    const left = this.#view;
    if (left?.isBusy) this.#busy.set(left.subject ?? NEW, left);
    else if (left) this.#busy.delete(left.subject ?? NEW);
    if (subject !== null) {
      this.#view = this.#busy.get(subject) ?? new CustodianView(this.desk, subject === NEW ? null : subject, (entered) => { location.hash = `#room=custodians&custodian=${encodeURIComponent(entered)}`; });
      fill(this.element, this.#view.element);
      return this.#view.read();
    }
    this.#view = null;
    this.#owner = about.get("owner") ?? this.#owner;
    this.draw();
    await this.#read(false);
  }

  draw() {
    if (this.#view) return this.#view.draw();
    const owner = el("select", { attributes: { id: "custodian-owner", "aria-label": word("office.owner") }, on: { change: () => { this.#owner = owner.value; void this.#read(false); } } },
      ...ownerChoices(this.#owners, word("office.all_owners")).map(([value, label]) => el("option", { text: label, attributes: { value, selected: value === this.#owner } })));
    fill(this.#filters, el("a", { class: "button button-small button-strong", text: word("office.new_custodian"), attributes: { href: "#room=custodians&new=true", id: "add-custodian" } }), owner);
    fill(this.element, this.#filters, this.#note, this.#list, this.#more);
    return this.#drawList();
  }

  /** @param {boolean} further the next page, behind what is there */
  async #read(further) {
    this.#turn += 1;
    const turn = this.#turn;
    const query = new URLSearchParams({ limit: String(AT_ONCE) });
    if (this.#owner) query.set("owner", this.#owner);
    if (further && this.#after) query.set("after", this.#after);
    if (!this.#custodians.length) this.#note.textContent = word("office.loading");
    try {
      const [answer, owners] = await Promise.all([
        /** @type {Promise<{ custodians: Custodian[], next: string | null }>} */ (this.desk.ask("GET", `/v1/custodians?${query}`)), this.desk.owners(),
      ]);
      if (turn !== this.#turn) return;
      this.#custodians = further ? [...this.#custodians, ...answer.custodians] : answer.custodians;
      [this.#after, this.#owners] = [answer.next, owners];
      this.#note.textContent = this.#custodians.length ? "" : word("office.no_custodians");
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#note.textContent = whyNot(error);
    }
    if (!this.#view) this.draw();
  }

  #drawList() {
    fill(this.#list, this.#custodians.length ? table({
      label: word("office.custodians"), rows: this.#custodians, attributes: ({ subject }) => ({ "data-custodian": subject }),
      columns: [
        { title: word("office.custodian"), main: true, cell: ({ subject, name }) => el("div", {}, el("a", { text: name, attributes: { href: `#room=custodians&custodian=${encodeURIComponent(subject)}` } }), el("p", { class: "muted small", text: subject })) },
        { title: word("aed.phone"), cell: ({ phone }) => phone ? el("a", { class: "numeral nowrap", text: phone, attributes: { href: `tel:${phone.replace(/[^+0-9]/g, "")}` } }) : "–" },
        { title: word("office.certificate"), cell: certificateOf },
        { title: word("office.owner"), cell: ({ owner_id }) => this.#owners.find(({ id }) => id === owner_id)?.name ?? "–" },
        { title: word("office.seen_to"), cell: seenTo },
        { title: word("office.devices"), cell: ({ subject }) => el("a", { text: word("office.see_devices"), attributes: { href: `#room=devices&custodian=${encodeURIComponent(subject)}` } }) },
      ],
    }) : null);
    this.#more.textContent = word("office.more");
    show(this.#more, Boolean(this.#after));
  }
}

/** @param {Custodian} custodian */
function certificateOf({ certificate }) {
  if (!certificate) return el("span", { text: word("office.certificate.none"), attributes: { "data-tone": "act" } });
  return el("span", { class: "numeral", text: word(certificate.valid ? "office.certificate.valid" : "office.certificate.expired", { date: certificate.expires_on }), attributes: { "data-tone": certificate.valid ? undefined : "act" } });
}

/** @param {Custodian} custodian */
function seenTo({ subject, away, seen_to_by, seen_to_by_name }) {
  if (seen_to_by === subject) return word("office.self");
  const name = seen_to_by_name ?? seen_to_by ?? word("custodian.the_venue");
  return away ? word("custodian.away", { name }) : name;
}
