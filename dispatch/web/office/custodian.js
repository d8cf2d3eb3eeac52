/** One custodian for the office: their record, their devices, and when they are away. */

import { Refusal } from "../api.js";
import { absenceCard } from "../custodian/absence.js";
import { absenceProblems } from "../custodian/absences.js";
import { askInDialog } from "../dialog.js";
import { el, fill } from "../dom.js";
import { whyNot } from "../failure.js";
import { word } from "../language.js";
import { ownerChoices, problemsByField } from "./desk.js";
import { Form } from "./forms.js";

/** @typedef {import("../contract/owners.d.ts").Custodian} Custodian */
/** @typedef {import("../contract/owners.d.ts").Absence} Absence */

export class CustodianView {
  element = el("div", { class: "room custodian-room" });
  /** @type {Custodian | null} */
  #custodian = null;
  /** @type {Absence[]} */
  #absences = [];
  /** @type {Custodian[]} */
  #others = [];
  #owners = /** @type {import("../contract/owners.d.ts").Owner[]} */ ([]);
  /** What is written and not saved. @type {Map<string, string>} */
  #written = new Map();
  /** @type {HTMLElement | null} a form that somebody is filling in outlives what happens around it */
  #absenceCard = null;
  #failure = "";
  #standing = "";

  /** @param {import("./desk.js").Desk} desk @param {string | null} subject null: a new one @param {(subject: string) => void} onEntered */
  constructor(desk, subject, onEntered) {
    this.desk = desk;
    this.subject = subject;
    this.onEntered = onEntered;
  }

  get #path() {
    return `/v1/custodians/${encodeURIComponent(this.subject ?? "")}`;
  }

  get isBusy() {
    return this.#written.size > 0 || Boolean(this.#absenceCard?.querySelector("form"));
  }

  async read() {
    if (this.subject !== null && !this.#custodian) this.draw();
    try {
      const [owners, others] = await Promise.all([this.desk.owners(), this.desk.custodians()]);
      [this.#owners, this.#others] = [owners, others];
      if (this.subject !== null) {
        const [custodian, absences] = await Promise.all([
          /** @type {Promise<Custodian>} */ (this.desk.ask("GET", this.#path)),
          /** @type {Promise<Absence[]>} */ (this.desk.ask("GET", `${this.#path}/absences`)),
        ]);
        [this.#custodian, this.#absences] = [custodian, absences];
      }
      this.#failure = "";
    } catch (error) {
      this.#failure = whyNot(error);
    }
    this.draw();
  }

  draw() {
    const isThere = this.subject === null || this.#custodian;
    fill(this.element,
      el("p", {}, el("a", { text: `← ${word("office.custodians")}`, attributes: { href: "#room=custodians", id: "to-custodians" } })),
      this.#failure ? el("p", { class: "banner banner-warn", text: this.#failure, attributes: { role: "alert" } }) : null,
      isThere || this.#failure ? null : el("p", { class: "muted", text: word("office.loading"), attributes: { role: "status" } }),
      ...(isThere ? [this.#record(this.#custodian), this.#custodian ? this.#away(this.#custodian) : null] : []));
  }

  /** @param {Custodian | null} custodian */
  #record(custodian) {
    /** @type {import("./forms.js").FieldSpec[]} */
    const who = custodian ? [] : [{ name: "subject", label: word("office.custodian.subject"), kind: "text", required: true, hint: word("office.custodian.subject.hint") }];
    const form = new Form([
      ...who,
      { name: "name", label: word("office.custodian.name"), kind: "text", required: true },
      { name: "phone", label: word("aed.phone"), kind: "text" },
      { name: "language", label: word("office.custodian.language"), kind: "choice", required: true, choices: [["zh", "中文"], ["en", "English"]] },
      { name: "owner_id", label: word("office.owner"), kind: "choice", choices: ownerChoices(this.#owners) },
      { name: "certificate.number", label: word("office.certificate.number"), kind: "text" },
      { name: "certificate.expires_on", label: word("office.certificate.until"), kind: "date", hint: word("office.certificate.hint") },
    ], custodian ? { ...custodian, "certificate.number": custodian.certificate?.number, "certificate.expires_on": custodian.certificate?.expires_on } : { language: "zh" }, this.#written);
    const button = el("button", { class: "button button-strong", text: word("office.save"), attributes: { type: "submit", id: "save-custodian" } });
    const save = async (/** @type {Event} */ event) => {
      event.preventDefault();
      button.disabled = true;
      await this.#save(form);
      button.disabled = false;
    };
    return el("form", { class: "block", on: { submit: save } },
      el("h2", {}, custodian?.name ?? word("office.new_custodian"), custodian ? el("span", { class: "muted small", text: ` ${custodian.subject}` }) : null),
      this.#standing ? el("p", { class: "done", text: this.#standing, attributes: { role: "status" } }) : null,
      form.element,
      el("div", { class: "form-actions" }, button,
        custodian ? el("a", { class: "button", text: word("office.devices"), attributes: { href: `#room=devices&custodian=${encodeURIComponent(custodian.subject)}` } }) : null));
  }

  /** @param {Form} form */
  async #save(form) {
    const { subject: given, "certificate.number": number, "certificate.expires_on": expires_on, ...said } = form.values();
    const subject = this.subject ?? String(given);
    const certificate = number || expires_on ? { certificate: { ...(number ? { number } : {}), ...(expires_on ? { expires_on } : {}) } } : {};
    form.say({});
    this.#standing = "";
    try {
      // Entering somebody whole would take the place of who has this id already.
      if (this.subject === null && await this.#isTaken(subject)) return form.say({ subject: word("office.custodian.taken") });
      await this.desk.ask("PUT", `/v1/custodians/${encodeURIComponent(subject)}`, { ...said, ...certificate });
    } catch (error) {
      return form.say(problemsByField(error, whyNot));
    }
    this.#written.clear();
    if (this.subject === null) return this.onEntered(subject);
    this.#standing = word("office.saved");
    return this.read();
  }

  /** @param {string} subject */
  async #isTaken(subject) {
    try {
      await this.desk.ask("GET", `/v1/custodians/${encodeURIComponent(subject)}`);
      return true;
    } catch (error) {
      if (error instanceof Refusal && error.status === 404) return false;
      throw error;
    }
  }

  /** @param {Custodian} custodian */
  #away({ subject, name }) {
    if (this.#absenceCard?.querySelector("form")) return this.#absenceCard;
    this.#absenceCard = absenceCard({
      myself: subject, absences: this.#absences, standsIn: "office.stands_in",
      substitutes: this.#others.filter((each) => each.subject !== subject).map((each) => [each.subject, each.name]),
      onPlan: async (planned) => {
        try {
          await this.desk.ask("POST", `${this.#path}/absences`, planned);
        } catch (error) {
          return absenceProblems(error);
        }
        this.#absenceCard = null;
        void this.read();
        return {};
      },
      onEnd: (absence) => void this.#end(absence, name),
    });
    return this.#absenceCard;
  }

  /** @param {Absence} absence @param {string} name */
  async #end(absence, name) {
    const sure = await askInDialog({
      title: word("absence.end.title"), text: word("office.absence.end", { name }),
      answers: [{ label: word("absence.end"), tone: "strong", value: () => true }, { label: word("back"), value: () => null }],
    });
    if (!sure) return;
    try {
      await this.desk.ask("DELETE", `${this.#path}/absences/${encodeURIComponent(absence.id)}`);
    } catch (error) {
      this.#failure = whyNot(error);
      return this.draw();
    }
    await this.read();
  }
}
