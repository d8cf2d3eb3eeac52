/** Why a device is not ready, from the service's reasons: `inspection_failed_battery` is a failed inspection, for its battery. */

import { word, wordFor } from "../language.js";
import { registryWords } from "../words/registry.js";

const PREFIX = "reason.";
/** The longest first: `fault_said_by_public` is a reason of its own, not a fault with a code. */
const REASONS = Object.keys(registryWords).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length)).sort((a, b) => b.length - a.length);

/** @param {unknown} reasons */
export function reasonsInWords(reasons) {
  return Array.isArray(reasons) ? reasons.map((reason) => reasonInWords(String(reason))).join(word("list.comma")) : "";
}

/** @param {string} reason */
function reasonInWords(reason) {
  const known = REASONS.find((each) => reason === each || reason.startsWith(`${each}_`));
  if (!known) return reason.replaceAll("_", " ");
  const code = reason.slice(known.length + 1);
  return code ? word("reason_with_code", { reason: wordFor("reason", known), code: wordFor("item", code, wordFor("aed_problem", code)) }) : wordFor("reason", known);
}
