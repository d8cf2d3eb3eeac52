/** "Something is wrong with this AED": anybody may say so, in two taps. */

import { ask, Refusal } from "../api.js";
import { askInDialog } from "../dialog.js";
import { el } from "../dom.js";
import { whyNot } from "../failure.js";
import { word, wordFor } from "../language.js";
import { freshId } from "../registry/fresh_id.js";

const PROBLEMS = /** @type {const} */ (["missing", "locked", "broken"]);

/**
 * Asks what is wrong, and tells the service.
 *
 * @param {{ id: string, name: string }} aed
 * @returns {Promise<{ told: boolean, failure: string }>} `told` is false without a failure when it was put away
 */
export async function reportProblem(aed) {
  const note = el("textarea", { attributes: { id: "report-note", rows: 2, maxlength: 500 } });
  const code = await askInDialog({
    title: word("report.title", { name: aed.name }),
    text: word("report.explain"),
    fields: [el("label", { class: "field" }, el("span", { text: word("report.note") }), note)],
    answers: [
      ...PROBLEMS.map((problem) => ({ label: wordFor("aed_problem", problem), tone: /** @type {const} */ ("strong"), value: () => problem })),
      { label: word("back"), tone: /** @type {const} */ ("quiet"), value: () => null },
    ],
  });
  if (!code) return { told: false, failure: "" };
  const body = { kind: "fault", code, report_id: freshId(), ...(note.value.trim() ? { note: note.value.trim() } : {}) };
  try {
    await ask("POST", `/v1/aeds/${encodeURIComponent(aed.id)}/reports`, { body });
    return { told: true, failure: "" };
  } catch (error) {
    const limited = error instanceof Refusal && error.status === 429;
    return { told: false, failure: limited ? word("report.limited") : whyNot(error) };
  }
}
