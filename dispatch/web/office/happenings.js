/** A device's past as one list: what changed and what was reported. */

import { el } from "../dom.js";
import { dateTime, dotted } from "../format.js";
import { word, wordFor } from "../language.js";
import { reasonsInWords } from "../registry/reasons.js";

/** @typedef {import("../contract/registry.d.ts").History} History */
/** @typedef {{ at: string, kind: string, title: string, text: string, by: string }} Happening */

/** What nobody reads: ids, and what the title says already. */
const NOT_TOLD = new Set(["id", "aed_id", "report_id", "kind", "site_id", "from", "to", "cause"]);

/** @param {History} history */
export function happenings(history) {
  const all = [...history.events.map(ofEvent), ...history.reports.map(ofReport)]
    .sort((a, b) => b.at.localeCompare(a.at));
  if (all.length === 0) return el("p", { class: "muted", text: word("office.history.none") });
  return el("ol", { class: "past" }, ...all.map((each) => el("li", { attributes: { "data-kind": each.kind } },
    el("time", { class: "numeral", text: dateTime(each.at), attributes: { datetime: each.at } }),
    el("div", {}, el("strong", { text: each.title }), each.text ? el("p", { text: each.text }) : null,
      el("p", { class: "muted small", text: each.by })))));
}

/** @param {History["events"][number]} event @returns {Happening} */
function ofEvent({ at, kind, by, data }) {
  const [from, to] = [data.from, data.to];
  const turn = kind === "readiness" && to && from !== to ? [from, to].filter(Boolean).map((state) => wordFor("readiness", String(state))).join(" → ") : "";
  return { at, kind: `event-${kind}`, title: dotted([wordFor("event_kind", kind), turn]), text: rest(data), by: whoIs(by) };
}

/** @param {History["reports"][number]} report @returns {Happening} */
function ofReport({ at, kind, by, data }) {
  const code = typeof data.code === "string" ? wordFor("aed_problem", data.code) : "";
  const outcome = typeof data.outcome === "string" ? wordFor("outcome", data.outcome) : "";
  const { code: _code, outcome: _outcome, ...others } = data;
  return { at, kind: "report", title: dotted([wordFor("report_kind", kind), outcome, code]), text: rest(others), by: whoIs(by) };
}

/** Whatever else there is, as it is. @param {Record<string, unknown>} data */
function rest(data) {
  return Object.entries(data).filter(([name, value]) => !NOT_TOLD.has(name) && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => word("list.colon", { name: wordFor("field", name), value: READ_AS[name]?.(value) ?? told(value) })).join(word("list.semicolon"));
}

/** @type {Record<string, (value: unknown) => string>} */
const READ_AS = {
  reasons: reasonsInWords,
  reasons_before: reasonsInWords,
  occasion: (value) => wordFor("occasion", String(value)),
  report_kind: (value) => wordFor("report_kind", String(value)),
  fields: (value) => Object.entries(/** @type {Record<string, [unknown, unknown]>} */ (value)).filter(([name]) => !NOT_TOLD.has(name)).map(([name, [before, after]]) => `${wordFor("field", name)} ${told(before ?? "–")} → ${told(after ?? "–")}`).join(word("list.comma")),
};

/** `role:subject`, or what brought it about. @param {string} by */
export function whoIs(by) {
  const [role = "", ...rest] = by.split(":");
  return dotted([wordFor("who", role), rest.join(":")]);
}

/** @param {unknown} value @returns {string} */
function told(value) {
  if (Array.isArray(value)) return value.map(told).join(word("list.comma"));
  if (typeof value === "object" && value !== null) {
    const { item, ok, note, latitude, longitude } = /** @type {Record<string, unknown>} */ (value);
    if (typeof latitude === "number" && typeof longitude === "number") return `${latitude.toFixed(6)}, ${longitude.toFixed(6)}`;
    if (typeof item === "string") return `${wordFor("item", item)} ${ok ? "✓" : "✗"}${note ? ` (${note})` : ""}`;
    return Object.entries(value).map(([name, one]) => `${wordFor("field", name)} ${told(one)}`).join(" ");
  }
  return typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) ? dateTime(value) : String(value);
}
