/** Taking a list in: choose the file, see what it would change, and only then do it. */

import { Refusal } from "../api.js";
import { el, fill } from "../dom.js";
import { reason, whyNot } from "../failure.js";
import { word, wordFor } from "../language.js";
import { importReport } from "./import_report.js";

/** @typedef {import("../contract/registry.d.ts").ImportAnswer} ImportAnswer */

const CHANGED_SINCE = new Set(["suspicious_import", "register_changed"]);
const DATUMS = ["", "wgs84", "gcj02", "bd09"];

export class ImportRoom {
  element = el("div", { class: "room import-room" });
  /** @type {File | null} */
  #file = null;
  #source = "";
  #datum = "";
  #removesGone = false;
  #ambiguousAsNew = false;
  /** @type {ImportAnswer | null} what a dry run, or the import itself, came to */
  #answer = null;
  #hasRead = false;
  #busy = false;
  #failure = "";
  #outcome = el("div", { class: "import-outcome" });

  /** @param {import("./desk.js").Desk} desk */
  constructor(desk) {
    this.desk = desk;
  }

  open() {
    this.draw();
  }

  draw() {
    fill(this.element, this.#form(), this.#outcome);
    this.#drawOutcome();
  }

  /** What was looked at was for another file, or to be taken in another way: it is to be looked at anew. */
  #hasChanged() {
    [this.#answer, this.#failure] = [null, ""];
    this.#drawOutcome();
  }

  #drawOutcome() {
    const answer = this.#answer;
    fill(this.#outcome,
      this.#busy ? el("p", { class: "muted", text: word("import.busy"), attributes: { role: "status" } }) : null,
      this.#failure ? el("p", { class: "banner banner-warn", text: this.#failure, attributes: { role: "alert" } }) : null,
      answer ? importReport(answer) : null,
      answer?.dry_run && !this.#busy ? this.#decision(answer) : null);
  }

  #form() {
    const file = el("input", {
      attributes: { type: "file", id: "import-file", accept: ".csv,.tsv,.txt,.json,.geojson,.xlsx,.html,.htm,text/csv,application/json" },
      on: { change: () => { this.#file = file.files?.[0] ?? null; this.#hasChanged(); this.draw(); } },
    });
    const source = el("input", { attributes: { type: "text", id: "import-source", maxlength: 200, value: this.#source, placeholder: this.#file?.name.replace(/\.[^.]*$/, "") ?? "" }, on: { input: () => { this.#source = source.value; this.#hasChanged(); } } });
    const datum = el("select", { attributes: { id: "import-datum" }, on: { change: () => { this.#datum = datum.value; this.#hasChanged(); } } },
      ...DATUMS.map((each) => el("option", { text: word(each ? `datum.${/** @type {"wgs84"} */ (each)}` : "datum.as_said"), attributes: { value: each, selected: each === this.#datum } })));
    const gone = el("input", { attributes: { type: "checkbox", id: "import-gone", checked: this.#removesGone }, on: { change: () => { this.#removesGone = gone.checked; this.#hasChanged(); } } });
    const ambiguous = el("input", { attributes: { type: "checkbox", id: "import-ambiguous", checked: this.#ambiguousAsNew }, on: { change: () => { this.#ambiguousAsNew = ambiguous.checked; this.#hasChanged(); } } });
    const chooser = el("div", { class: "chooser" }, el("label", { class: "button", attributes: { for: "import-file" } }, word("import.choose")), el("span", { class: "chosen-file", text: this.#file ? this.#file.name : word("import.no_file") }), file);
    return el("form", { class: "block import-form", on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); void this.#take({ dry: true, force: false }); } } },
      el("h2", { text: word("import.title") }), el("p", { class: "muted", text: word("import.explain") }),
      // While a list is read it stays the one that is read.
      el("fieldset", { class: "bare", attributes: { disabled: this.#busy } },
        chooser,
        el("div", { class: "fields" },
          el("label", { class: "field" }, el("span", { text: word("import.source") }), source, el("span", { class: "muted small", text: word("import.source.hint") })),
          el("label", { class: "field" }, el("span", { text: word("import.datum") }), datum, el("span", { class: "muted small", text: word("import.datum.hint") }))),
        el("label", { class: "check" }, gone, word("import.remove_gone")),
        el("label", { class: "check" }, ambiguous, word("import.ambiguous_as_new")),
        el("div", { class: "form-actions" }, el("button", { class: "button button-strong", text: word("import.try"), attributes: { type: "submit", id: "import-try", disabled: !this.#file } }))));
  }

  /** Only what has been looked at is taken in; what looks like a mistake only after it was read. @param {ImportAnswer} answer */
  #decision(answer) {
    const doubtful = answer.suspicions.length > 0;
    const button = el("button", { class: `button ${doubtful ? "button-act" : "button-strong"}`, text: word(doubtful ? "import.force" : "import.do", { n: answer.created + answer.updated }), attributes: { type: "button", id: "import-do", disabled: doubtful && !this.#hasRead }, on: { click: () => void this.#take({ dry: false, force: doubtful }) } });
    const read = el("input", { attributes: { type: "checkbox", id: "import-read", checked: this.#hasRead }, on: { change: () => { this.#hasRead = read.checked; button.disabled = !read.checked; } } });
    return el("section", { class: "block decision" },
      doubtful ? el("label", { class: "check" }, read, word("import.have_read")) : null,
      el("div", { class: "form-actions" }, button));
  }

  /** @param {{ dry: boolean, force: boolean }} how */
  async #take({ dry, force }) {
    const file = this.#file;
    if (!file) return;
    const form = new FormData();
    form.set("file", file);
    if (this.#source.trim()) form.set("source", this.#source.trim());
    if (this.#datum) form.set("datum", this.#datum);
    form.set("dry_run", String(dry));
    form.set("force", String(force));
    form.set("gone", this.#removesGone ? "remove" : "keep");
    form.set("ambiguous", this.#ambiguousAsNew ? "new" : "report");
    [this.#busy, this.#failure] = [true, ""];
    this.draw();
    try {
      this.#answer = await this.desk.send("/v1/aeds/import", form);
      this.#hasRead = false;
    } catch (error) {
      const changed = error instanceof Refusal && !dry && CHANGED_SINCE.has(error.code);
      // What the dry run said holds no more: it is said anew before anybody decides.
      if (changed) {
        this.#busy = false;
        await this.#take({ dry: true, force: false });
      }
      this.#failure = error instanceof Refusal ? word("failure.refused", { why: wordFor("why", error.code, error.problem.errors?.[0]?.problem ?? reason({ detail: error.message })) }) : whyNot(error);
    }
    this.#busy = false;
    this.draw();
  }
}
