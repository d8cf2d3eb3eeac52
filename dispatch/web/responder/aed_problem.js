/** "I can't get this AED": what is wrong with it, in one tap and one confirmation. */

import { askInDialog } from "../dialog.js";
import { el } from "../dom.js";
import { word, wordFor } from "../language.js";

/** @typedef {import("../contract/aeds.d.ts").AedProblem} AedProblem */

const BEFORE = /** @type {const} */ (["missing", "locked", "broken"]);
/** Of the one in their hands only this can be said. */
const AFTER = /** @type {const} */ (["broken"]);

/**
 * @param {object} view
 * @param {boolean} view.collected
 * @param {boolean} view.reporting said already: the way it goes on is awaited
 * @param {(problem: AedProblem) => void} view.onProblem
 */
export function aedProblemRow({ collected, reporting, onProblem }) {
  if (reporting) return el("p", { class: "problem-told", text: word("aed_problem.reporting"), attributes: { role: "status" } });
  return el("div", { class: "problems" },
    el("p", { class: "muted small", text: word(collected ? "aed_problem.ask.collected" : "aed_problem.ask") }),
    ...(collected ? AFTER : BEFORE).map((problem) => el("button", {
      class: "button button-small", text: wordFor("aed_problem", problem), attributes: { type: "button", "data-problem": problem },
      on: { click: () => void confirm(problem, onProblem) },
    })));
}

/**
 * @param {AedProblem} problem
 * @param {(problem: AedProblem) => void} onProblem
 */
async function confirm(problem, onProblem) {
  const sure = await askInDialog({
    title: word("aed_problem.confirm", { problem: wordFor("aed_problem", problem) }),
    text: word("aed_problem.explain"),
    answers: [
      { label: word("aed_problem.report"), tone: "act", value: () => true },
      { label: word("back"), value: () => null },
    ],
  });
  if (sure) onProblem(problem);
}
