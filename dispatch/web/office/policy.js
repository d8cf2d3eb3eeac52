/** The policy that holds for an owner's devices: each value, whose it is, and the possibility to decide otherwise here. */

import { el, fill, show } from "../dom.js";
import { whyNot } from "../failure.js";
import { word, wordFor } from "../language.js";
import { problemsByField } from "./desk.js";

/** @typedef {import("../contract/owners.d.ts").Owner} Owner */
/** @typedef {import("../contract/owners.d.ts").EffectivePolicy} EffectivePolicy */
/** @typedef {EffectivePolicy["values"][number]} PolicyValue */
/** @typedef {Map<string, { decided: boolean, text: string }>} Written what somebody has changed and not saved, by value */

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
/** In what people reckon, by the end of a value's name or the whole of it: seconds are for machines. */
const UNITS = /** @type {[RegExp, number, "unit.policy.minutes" | "unit.policy.hours" | "unit.policy.days" | "unit.policy.percent" | "unit.policy.celsius" | "unit.policy.metres"][]} */ ([
  [/^(heartbeat_overdue_s|in_use_for_s)$/, HOUR, "unit.policy.hours"],
  [/^(door_open_for_s|fix_overdue_s)$/, MINUTE, "unit.policy.minutes"],
  [/(_s|^due_within_s\..*)$/, DAY, "unit.policy.days"],
  [/(_days|_days_connected)$/, 1, "unit.policy.days"],
  [/_percent$/, 1, "unit.policy.percent"],
  [/_c$/, 1, "unit.policy.celsius"],
  [/_m$/, 1, "unit.policy.metres"],
]);
const TURNS = ["opened", "due", "escalated"];
const MAY_BE_NULL = new Set(["inspection_every_days", "inspection_every_days_connected"]);

/** @param {string} name */
function unitOf(name) {
  const found = UNITS.find(([pattern]) => pattern.test(name));
  return { factor: found?.[1] ?? 1, unit: found ? word(found[2]) : "" };
}

/** @param {string} name @param {unknown} value */
function inWords(name, value) {
  if (value === null || value === undefined) return word("office.policy.never");
  if (name === "tell") return /** @type {string[]} */ (value).map((turn) => wordFor("turn", turn)).join(word("list.comma")) || word("office.nobody");
  const { factor, unit } = unitOf(name);
  const numbers = (Array.isArray(value) ? value : [value]).map((one) => plain(Number(one) / factor));
  return `${numbers.join(" / ")} ${unit}`.trim();
}

/** @param {number} number */
function plain(number) {
  return String(Math.round(number * 1000) / 1000);
}

/** @param {string} name */
function nameOf(name) {
  const [family, cause] = name.split(".");
  return cause ? word("list.colon", { name: wordFor("policy", family), value: wordFor("cause", cause) }) : wordFor("policy", name);
}

/**
 * What somebody wrote, as the service takes it; as it is where that cannot be: the service says what is wrong with it.
 *
 * @param {string} name
 * @param {string} text
 * @param {unknown} like a value of the same kind
 */
function valueOf(name, text, like) {
  if (name === "tell") return text.split(/[\s,，、]+/).filter(Boolean);
  const { factor } = unitOf(name);
  if (Array.isArray(like)) return text.split(/[/,，\s]+/).filter(Boolean).map((part) => Number(part) * factor);
  if (text.trim() === "" && MAY_BE_NULL.has(name)) return null;
  return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text) * factor;
}

/**
 * What is wrong with a value, in its own unit and the page's language; what this page does not know as the service says it.
 *
 * @param {string} name
 * @param {string} problem
 */
function problemInWords(name, problem) {
  const range = /^This must be from (\S+) to (\S+)\.$/.exec(problem);
  if (range) {
    const { factor, unit } = unitOf(name);
    return word("office.policy.between", { least: plain(Number(range[1]) / factor), most: plain(Number(range[2]) / factor), unit });
  }
  if (problem === "This takes a number.") return word("office.policy.number");
  return problem === "This takes three numbers." ? word("office.policy.three") : problem;
}

export class PolicyTable {
  element = el("section", { class: "block policy" });
  #body = el("div", { class: "policy-rows" });
  #problem = el("p", { class: "banner banner-warn", attributes: { role: "alert", hidden: true } });
  /** @type {PolicyValue[]} */
  #values = [];
  /** @type {Map<string, () => { decided: boolean, value: unknown }>} what stands in each row */
  #rows = new Map();
  /** @type {Map<string, HTMLElement>} */
  #problems = new Map();

  /** @param {import("./desk.js").Desk} desk @param {Owner} owner @param {Written} written @param {() => void} onSaved */
  constructor(desk, owner, written, onSaved) {
    this.desk = desk;
    this.owner = owner;
    this.written = written;
    this.onSaved = onSaved;
    this.path = `/v1/owners/${encodeURIComponent(owner.id)}`;
  }

  async read() {
    try {
      const answer = /** @type {EffectivePolicy} */ (await this.desk.ask("GET", `${this.path}/policy`));
      this.#values = answer.values;
    } catch (error) {
      this.#problem.textContent = whyNot(error);
      show(this.#problem, true);
    }
    this.draw();
  }

  draw() {
    fill(this.#body, ...this.#values.map((value) => this.#row(value)));
    fill(this.element, el("h2", { text: word("office.policy") }), el("p", { class: "muted", text: word("office.policy.explain") }), this.#problem,
      el("form", { on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); void this.#save(); } } }, this.#body,
        el("div", { class: "form-actions" }, el("button", { class: "button button-strong", text: word("office.policy.save"), attributes: { type: "submit", id: "save-policy" } }))));
  }

  /** @param {PolicyValue} value */
  #row({ name, value, from }) {
    const decidedHere = from?.owner_id === this.owner.id;
    const { factor, unit } = unitOf(name);
    const shown = Array.isArray(value) ? value.map((one) => (name === "tell" ? String(one) : plain(Number(one) / factor))).join(name === "tell" ? ", " : " / ") : value === null ? "" : plain(Number(value) / factor);
    const { decided, text } = this.written.get(name) ?? { decided: decidedHere, text: shown };
    const keep = () => this.written.set(name, { decided: own.checked, text: input.value });
    const input = el("input", { on: { input: keep }, attributes: { type: "text", inputmode: name === "tell" ? "text" : "decimal", value: text, "aria-label": nameOf(name), disabled: !decided, autocomplete: "off", placeholder: MAY_BE_NULL.has(name) ? word("office.policy.never") : null } });
    const own = el("input", { attributes: { type: "checkbox", checked: decided, "data-own": name }, on: { change: () => { keep(); input.disabled = !own.checked; if (own.checked) input.focus(); } } });
    const problem = el("p", { class: "field-problem small", attributes: { role: "alert", hidden: true } });
    this.#problems.set(name, problem);
    this.#rows.set(name, () => ({ decided: own.checked, value: input.value === shown && decidedHere ? value : valueOf(name, input.value, value) }));
    return el("div", { class: "policy-row", attributes: { "data-policy": name, "data-own": decidedHere } },
      el("div", { class: "policy-name" }, el("span", { text: nameOf(name) }),
        el("p", { class: "small muted" }, inWords(name, value), " · ", el("span", { class: "policy-from", text: from ? (decidedHere ? word("office.policy.here") : word("office.policy.from", { name: from.name })) : word("office.policy.default") }))),
      el("label", { class: "check" }, own, word("office.policy.decide")),
      el("div", { class: "policy-value" }, input, el("span", { class: "muted small", text: name === "tell" ? TURNS.join(" ") : unit })),
      problem);
  }

  async #save() {
    /** @type {Record<string, unknown>} */
    const policy = {};
    /** @type {Record<string, unknown>} */
    const deadlines = {};
    for (const [name, read] of this.#rows) {
      const { decided, value } = read();
      if (!decided) continue;
      const [family = "", cause] = name.split(".");
      if (cause) deadlines[cause] = value;
      else policy[family] = value;
    }
    if (Object.keys(deadlines).length) policy.due_within_s = deadlines;
    this.#say({});
    try {
      await this.desk.ask("PATCH", this.path, { policy });
    } catch (error) {
      return this.#say(problemsByField(error, whyNot));
    }
    this.written.clear();
    return this.onSaved();
  }

  /** @param {Record<string, string>} problems by path, such as `policy.due_within_s.fault` */
  #say(problems) {
    for (const element of this.#problems.values()) show(element, false);
    const others = [];
    for (const [field, text] of Object.entries(problems)) {
      const path = field.replace(/^policy\./, "");
      // Of a list of three the service names the one at fault.
      const name = this.#problems.has(path) ? path : path.replace(/\.\d+$/, "");
      const element = this.#problems.get(name);
      if (!element) {
        others.push(text);
        continue;
      }
      element.textContent = problemInWords(name, text);
      show(element, true);
      element.scrollIntoView({ block: "center" });
    }
    this.#problem.textContent = others.join(" ");
    show(this.#problem, others.length > 0);
  }
}
