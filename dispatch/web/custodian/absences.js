/** Planning an absence and coming back, over HTTP; the form is kept while it is filled in. */

import { ask, Refusal } from "../api.js";
import { askInDialog } from "../dialog.js";
import { whyNot } from "../failure.js";
import { language, word, wordFor } from "../language.js";
import { absenceCard } from "./absence.js";

/** @typedef {import("../contract/owners.d.ts").Absence} Absence */
/** @typedef {import("./absence.js").Planned} Planned */

const PATH = "/v1/custodians/me/absences";

/**
 * What is wrong with a planned absence, by field; under "" what concerns none.
 *
 * @param {unknown} error
 * @returns {Record<string, string>}
 */
export function absenceProblems(error) {
  const wrong = error instanceof Refusal ? error.problem.errors ?? [] : [];
  // The service's own words are English, and say more.
  return wrong.length ? Object.fromEntries(wrong.map(({ field, problem }) => [field, language() === "en" ? problem : wordFor("absence.wrong", field, problem)])) : { "": whyNot(error) };
}

export class Absences {
  /** @type {HTMLElement | null} a form that somebody is filling in outlives what happens around it */
  #card = null;

  /** @param {{ token: () => string, onChange: () => void }} handlers */
  constructor(handlers) {
    this.handlers = handlers;
  }

  /**
   * @param {string} myself
   * @param {Absence[]} absences
   * @returns {HTMLElement}
   */
  card(myself, absences) {
    if (this.#card?.querySelector("form")) return this.#card;
    this.#card = absenceCard({ myself, absences, standsIn: "absence.i_stand_in", substitutes: [], onPlan: (planned) => this.#plan(planned), onEnd: (absence) => void this.#end(absence) });
    return this.#card;
  }

  /**
   * @param {Planned} planned
   * @returns {Promise<Record<string, string>>}
   */
  async #plan(planned) {
    try {
      await ask("POST", PATH, { token: this.handlers.token(), body: planned });
    } catch (error) {
      return absenceProblems(error);
    }
    this.#card = null;
    this.handlers.onChange();
    return {};
  }

  /** @param {Absence} absence */
  async #end(absence) {
    const sure = await askInDialog({
      title: word("absence.end.title"), text: word("absence.end.explain"),
      answers: [{ label: word("absence.end"), tone: "strong", value: () => true }, { label: word("back"), value: () => null }],
    });
    if (!sure) return;
    // One that is gone by now is what was wanted.
    await ask("DELETE", `${PATH}/${encodeURIComponent(absence.id)}`, { token: this.handlers.token() }).catch(() => undefined);
    this.handlers.onChange();
  }
}
