/** Forms whose problems stand at their fields. */

import { el, show } from "../dom.js";

/**
 * @typedef {object} FieldSpec
 * @property {string} name as the service names it
 * @property {string} label
 * @property {"text" | "long" | "number" | "date" | "datetime-local" | "choice" | "switch" | "lines"} kind
 * @property {[value: string, label: string][]} [choices]
 * @property {string} [hint]
 * @property {boolean} [required]
 * @property {number} [least]
 * @property {number} [most]
 * @property {[value: string, label: string][]} [suggestions] what is likely to be written
 * @property {string} [section] the heading of the fields that begin here
 * @property {HTMLElement} [below] what stands under it, as wide as the form
 */

/** @typedef {string | number | boolean | string[] | null} Value */

export class Form {
  /** @type {Map<string, { input: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement, problem: HTMLElement, spec: FieldSpec, first: string }>} */
  #fields = new Map();
  #general = el("p", { class: "banner banner-warn", attributes: { role: "alert", hidden: true } });

  /**
   * @param {FieldSpec[]} specs
   * @param {Record<string, unknown>} values as they are now
   * @param {Map<string, string>} [written] what somebody has written and not saved, by field: it outlives the form's being drawn anew
   */
  constructor(specs, values, written = new Map()) {
    this.specs = specs;
    this.written = written;
    const fields = specs.flatMap((spec) => [
      spec.section ? el("h3", { class: "field-wide form-section", text: spec.section }) : null,
      this.#field(spec, values[spec.name]),
      spec.below ? el("div", { class: "field-wide" }, spec.below) : null,
    ]);
    this.element = el("div", { class: "form" }, this.#general, el("div", { class: "fields" }, ...fields));
  }

  /** @param {FieldSpec} spec @param {unknown} value */
  #field(spec, value) {
    const text = spec.kind === "lines" ? (Array.isArray(value) ? value.join("\n") : "") : value === null || value === undefined ? "" : String(value);
    const input = inputOf(spec, this.written.get(spec.name) ?? text);
    input.addEventListener("input", () => this.written.set(spec.name, input.value));
    const problem = el("span", { class: "field-problem small", attributes: { role: "alert", hidden: true, id: `problem-${spec.name}` } });
    input.setAttribute("aria-describedby", problem.id);
    this.#fields.set(spec.name, { input, problem, spec, first: text });
    return el("label", { class: `field ${spec.kind === "long" || spec.kind === "lines" ? "field-wide" : ""}`, attributes: { "data-field": spec.name } },
      el("span", { text: spec.label }), input, suggestionsFor(spec, input), problem, spec.hint ? el("span", { class: "muted small", text: spec.hint }) : null);
  }

  /** What stands in a field. @param {string} name */
  value(name) {
    return this.#fields.get(name)?.input.value ?? "";
  }

  /** Writes as somebody would. @param {Record<string, string>} values by field */
  write(values) {
    for (const [name, text] of Object.entries(values)) {
      const field = this.#fields.get(name);
      if (!field) continue;
      field.input.value = text;
      this.written.set(name, text);
    }
  }

  /** Only what is not as it was. @returns {Record<string, Value>} */
  changes() {
    /** @type {Record<string, Value>} */
    const changed = {};
    for (const [name, { input, spec, first }] of this.#fields) if (input.value !== first) changed[name] = valueOf(spec, input.value);
    return changed;
  }

  /** Everything that is filled in. @returns {Record<string, Value>} */
  values() {
    /** @type {Record<string, Value>} */
    const all = {};
    for (const [name, { input, spec }] of this.#fields) if (input.value !== "") all[name] = valueOf(spec, input.value);
    return all;
  }

  /**
   * Says what is wrong, each at its field; takes away what was said before.
   *
   * @param {Record<string, string>} problems by field, "" for what concerns none
   */
  say(problems) {
    const others = [];
    for (const { problem, input } of this.#fields.values()) {
      show(problem, false);
      input.removeAttribute("aria-invalid");
    }
    for (const [field, text] of Object.entries(problems)) {
      const at = this.#fields.get(field) ?? this.#fields.get(field.split(".").slice(1).join(".")) ?? this.#fields.get(field.split(".")[0] ?? "");
      if (!at) {
        others.push(field ? `${field}: ${text}` : text);
        continue;
      }
      at.problem.textContent = text;
      at.input.setAttribute("aria-invalid", "true");
      show(at.problem, true);
    }
    this.#general.textContent = others.join(" ");
    show(this.#general, others.length > 0);
    const first = this.element.querySelector("[aria-invalid]");
    if (first instanceof HTMLElement) first.focus();
  }
}

/** @param {FieldSpec} spec @param {HTMLElement} input */
function suggestionsFor({ name, suggestions }, input) {
  if (!suggestions?.length) return null;
  input.setAttribute("list", `likely-${name}`);
  return el("datalist", { attributes: { id: `likely-${name}` } }, ...suggestions.map(([value, label]) => el("option", { text: label, attributes: { value } })));
}

/** @param {FieldSpec} spec @param {string} text */
function inputOf(spec, text) {
  if (spec.kind === "choice" || spec.kind === "switch") {
    const select = el("select", { attributes: { required: spec.required } },
      ...(spec.choices ?? []).map(([value, label]) => el("option", { text: label, attributes: { value, selected: value === text } })));
    return select;
  }
  if (spec.kind === "long" || spec.kind === "lines") {
    const area = el("textarea", { attributes: { rows: spec.kind === "lines" ? 3 : 2, required: spec.required } });
    area.value = text;
    return area;
  }
  return el("input", { attributes: { type: spec.kind, value: text, required: spec.required, min: spec.least, max: spec.most, step: spec.kind === "number" ? "any" : null, autocomplete: "off" } });
}

/** @param {FieldSpec} spec @param {string} text @returns {Value} */
function valueOf(spec, text) {
  if (spec.kind === "lines") return text.split("\n").map((line) => line.trim()).filter(Boolean);
  if (text.trim() === "") return null;
  if (spec.kind === "number") return Number(text);
  if (spec.kind === "switch") return text === "true";
  return text.trim();
}
