/** Going away: from when to when, and who stands in. */

import { el, fill } from "../dom.js";
import { dateTime, dayAfter, momentOf, today } from "../format.js";
import { serverNow } from "../clock.js";
import { word } from "../language.js";

/** @typedef {import("../contract/owners.d.ts").Absence} Absence */
/** @typedef {{ from_at: string, until_at: string, substitute: string | null }} Planned */

/**
 * @param {object} view
 * @param {string} view.myself
 * @param {Absence[]} view.absences mine, and those in which I stand in
 * @param {import("../language.js").Word} view.standsIn what is said of somebody who is stood in for
 * @param {[subject: string, name: string][]} view.substitutes whom one may well name
 * @param {(planned: Planned) => Promise<Record<string, string>>} view.onPlan resolves with what is wrong, by field; empty when it is planned
 * @param {(absence: Absence) => void} view.onEnd
 * @returns {HTMLElement}
 */
export function absenceCard({ myself, absences, standsIn, substitutes, onPlan, onEnd }) {
  const place = el("div", {});
  const shut = () => fill(place, el("button", { class: "button button-wide", text: word("absence.plan"), attributes: { type: "button", id: "plan-absence" }, on: { click: () => fill(place, absenceForm(substitutes, onPlan, shut)) } }));
  shut();
  return el("section", { class: "sheet absences", attributes: { id: "absences" } },
    el("h2", { text: word("absence.title") }),
    absences.length === 0 ? el("p", { class: "muted", text: word("absence.none") }) : null,
    el("ul", {}, ...absences.map((absence) => absenceRow(absence, myself, standsIn, onEnd))),
    place);
}

/**
 * @param {Absence} absence
 * @param {string} myself
 * @param {import("../language.js").Word} standsIn
 * @param {(absence: Absence) => void} onEnd
 */
function absenceRow(absence, myself, standsIn, onEnd) {
  const mine = absence.custodian === myself;
  const when = word("absence.when", { from: dateTime(absence.from_at), until: dateTime(absence.until_at) });
  const who = mine
    ? absence.seen_to_by ? word("absence.by", { name: absence.seen_to_by_name ?? absence.seen_to_by }) : word("absence.by_venue")
    : word(standsIn, { name: absence.custodian_name ?? absence.custodian });
  return el("li", { attributes: { "data-absence": absence.id } },
    el("div", {}, el("strong", { text: when }), el("p", { class: "muted", text: who })),
    mine ? el("button", { class: "button button-small", text: word("absence.end"), attributes: { type: "button", "data-end": absence.id }, on: { click: () => onEnd(absence) } }) : null);
}

/**
 * @param {[subject: string, name: string][]} substitutes
 * @param {(planned: Planned) => Promise<Record<string, string>>} onPlan
 * @param {() => void} onDone
 */
function absenceForm(substitutes, onPlan, onDone) {
  const first = today();
  const from = el("input", { attributes: { type: "date", id: "absence-from", required: true, min: first, value: first } });
  const until = el("input", { attributes: { type: "date", id: "absence-until", required: true, min: first, value: dayAfter(first, 6) } });
  const substitute = el("input", { attributes: { type: "text", id: "absence-substitute", maxlength: 200, autocomplete: "off", list: substitutes.length ? "likely-substitutes" : null } });
  const likely = el("datalist", { attributes: { id: "likely-substitutes" } }, ...substitutes.map(([value, name]) => el("option", { text: name, attributes: { value } })));
  const problem = el("p", { class: "banner banner-warn", attributes: { role: "alert", hidden: true } });
  const problems = { from_at: fieldProblem(), until_at: fieldProblem(), substitute: fieldProblem() };
  const button = el("button", { class: "button button-strong", text: word("absence.save"), attributes: { type: "submit", id: "absence-save" } });
  return el("form", {
    class: "absence-form",
    on: {
      submit: async (/** @type {Event} */ event) => {
        event.preventDefault();
        button.disabled = true;
        const wrong = await onPlan({
          // From the first morning, or from now on, until after the last evening, where the devices are.
          from_at: new Date(Math.max(momentOf(`${from.value}T00:00`), serverNow())).toISOString(),
          until_at: new Date(momentOf(`${dayAfter(until.value, 1)}T00:00`)).toISOString(),
          substitute: substitute.value.trim() || null,
        });
        button.disabled = false;
        for (const [name, element] of Object.entries(problems)) {
          element.textContent = wrong[name] ?? "";
          element.hidden = !wrong[name];
        }
        const other = Object.entries(wrong).filter(([name]) => !(name in problems)).map(([, text]) => text).join(" ");
        problem.textContent = other;
        problem.hidden = !other;
        if (Object.keys(wrong).length === 0) onDone();
      },
    },
  },
  problem,
  el("label", { class: "field" }, el("span", { text: word("absence.from") }), from, problems.from_at),
  el("label", { class: "field" }, el("span", { text: word("absence.until") }), until, problems.until_at),
  el("label", { class: "field" }, el("span", { text: word("absence.substitute") }), substitute, likely, problems.substitute, el("span", { class: "muted small", text: word("absence.substitute.explain") })),
  el("div", { class: "form-actions" }, button, el("button", { class: "button", text: word("back"), attributes: { type: "button" }, on: { click: onDone } })));
}

function fieldProblem() {
  return el("span", { class: "field-problem small", attributes: { role: "alert", hidden: true } });
}
