/** Why something was not done, in the page's language. */

import { Refusal } from "./api.js";
import { word, wordFor } from "./language.js";

/** What may well be done when it is said once more. */
const PASSING = new Set(["busy", "database_away", "internal", "not_available", "too_many_requests"]);

/** @param {{ code?: string }} problem */
export function isPassing({ code = "" }) {
  return PASSING.has(code);
}

/**
 * What the service says against it.
 *
 * @param {{ code?: string, detail?: string }} problem
 */
export function reason({ code = "", detail = "" }) {
  return wordFor("why", code, detail);
}

/** @param {{ code?: string, detail?: string }} problem */
export function refused(problem) {
  return word("failure.refused", { why: reason(problem) });
}

/**
 * What became of a question to the service that failed.
 *
 * @param {unknown} error
 */
export function whyNot(error) {
  return error instanceof Refusal ? refused({ code: error.code, detail: error.message }) : word("failure.unreachable");
}
