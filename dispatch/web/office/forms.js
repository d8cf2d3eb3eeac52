/** Forms whose problems stand at their fields. */

import { el, show } from "../dom.js";

/**
 * @typedef {object} FieldSpec
 * @property {string} name as the service names it
 * @property {string} label
 * @property {"text" | "long" | "number" | "date" | "choice" | "switch" | "lines"} kind
 * @property {[value: string, label: string][]} [choices]
 * @property {string} [hint]
 * @property {boolean} [required]
 * @property {number} [least]
 * @property {number} [most]
 */

/** @typedef {string | number | boolean | string[] | null} Value */

export class Form {
  /** @type {Map<string, { input: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement, problem: HTMLElement, spec: FieldSpec, first: string }>} */
  #fields = new Map();
  #general = el("p", { class: "banner banner-warn", attributes: { role: "alert", hidden: true } });

  /**
   * @param {FieldSpec[]} specs
   * @param {Record<string, unknown>} values as they are now
   */
  constructor(specs, values) {
    this.specs = specs;
    const fields = specs.map((spec) => this.#field(spec, values[spec.name]));
    this.element = el("div", { class: "form" }, this.#general, el("div", { class: "fields" }, ...fields));
  }

  /** @param {FieldSpec} spec @param {unknown} value */
  #field(spec, value) {
    const text = spec.kind === "lines" ? (Array.isArray(value) ? value.join("\n") : "") : value === null || value === undefined ? "" : String(value);
    const input = inputOf(spec, text);
    const problem = el("span", { class: "field-problem small", attributes: { role: "alert", hidden: true, id: `problem-${spec.name}` } });
    input.setAttribute("aria-describedby", problem.id);
    this.#fields.set(spec.name, { input, problem, spec, first: text });
    return el("label", { class: `field ${spec.kind === "long" || spec.kind === "lines" ? "field-wide" : ""}`, attributes: { "data-field": spec.name } },
      el("span", { text: spec.label }), input, problem, spec.hint ? el("span", { class: "muted small", text: spec.hint }) : null);
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
