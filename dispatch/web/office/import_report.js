/** What an import comes to: in numbers, what looks wrong with it, and row by row. */

import { el, fill } from "../dom.js";
import { distance } from "../format.js";
import { word, wordFor } from "../language.js";
import { table } from "./tables.js";

/** @typedef {import("../contract/registry.d.ts").ImportAnswer} ImportAnswer */
/** @typedef {import("../contract/registry.d.ts").Change} Change */
/** @typedef {import("../contract/registry.d.ts").Suspicion} Suspicion */

const KINDS = /** @type {const} */ (["ambiguous", "update", "new", "unchanged"]);
const SHOWN_AT_ONCE = 100;
/** @type {ReadonlySet<string>} */
const KNOWN_DOUBTS = new Set(["half_gone", "all_moved", "wrong_datum", "swapped", "one_point", "far_away"]);

/** @param {ImportAnswer} answer */
export function importReport(answer) {
  return el("div", { class: "import-report", attributes: { id: "import-report", "data-dry": answer.dry_run } },
    answer.dry_run ? null : el("p", { class: "done", text: word("import.done", { created: answer.created, updated: answer.updated, removed: answer.removed }), attributes: { role: "status" } }),
    suspicionsBlock(answer.suspicions),
    numbers(answer),
    changesBlock(answer),
    goneBlock(answer),
    rowsBlock("import.left_out", answer.left_out.map(({ line, sheet, reason, field, value }) => ({ where: whereOf(line, sheet), text: reason, more: field ? `${wordFor("field", field)}${value ? ` = ${value}` : ""}` : "" }))),
    rowsBlock("import.notes", answer.notes.map(({ line, sheet, note }) => ({ where: whereOf(line, sheet), text: note, more: "" }))),
    readAs(answer));
}

/** @param {Suspicion[]} suspicions */
function suspicionsBlock(suspicions) {
  if (suspicions.length === 0) return null;
  return el("section", { class: "suspicions", attributes: { role: "alert" } }, el("h2", { text: word("import.suspicious") }),
    el("ul", {}, ...suspicions.map((each) => el("li", { text: suspicionInWords(each), attributes: { "data-suspicion": each.code } }))));
}

/** In the page's language, with its figures; one that this page does not know as the service says it. @param {Suspicion} suspicion */
function suspicionInWords({ code, detail, figures }) {
  const told = Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, name === "datum" || name === "read_as" ? wordFor("datum", String(value)) : value]));
  return KNOWN_DOUBTS.has(code) ? word(`suspicion.${code}`, told) : detail;
}

/** @param {ImportAnswer} answer */
function numbers(answer) {
  /** @param {import("../language.js").Word} name @param {number} value @param {string} id */
  const tile = (name, value, id) => el("div", { class: "tile", attributes: { "data-number": id } }, el("dt", { text: word(name) }), el("dd", { class: "numeral", text: String(value) }));
  return el("dl", { class: "tiles" },
    tile("import.rows", answer.rows, "rows"), tile("import.new", answer.created, "created"), tile("import.update", answer.updated, "updated"),
    tile("import.unchanged", answer.unchanged, "unchanged"), tile("import.ambiguous", answer.ambiguous, "ambiguous"), tile("import.left_out", answer.left_out.length, "left_out"), tile("import.gone", answer.gone, "gone"));
}

/** @param {ImportAnswer} answer */
function changesBlock({ changes }) {
  if (changes.length === 0) return null;
  const list = el("div", {});
  const tabs = el("div", { class: "change-kinds", attributes: { role: "group" } });
  const first = KINDS.find((kind) => changes.some(({ what }) => what === kind)) ?? "new";
  /** @param {typeof KINDS[number]} chosen @param {number} shown */
  const draw = (chosen, shown) => {
    fill(tabs, ...KINDS.map((kind) => {
      const count = changes.filter(({ what }) => what === kind).length;
      return count ? el("button", { class: "chip-switch", text: `${word(`import.${kind}`)} ${count}`, attributes: { type: "button", "data-kind": kind, "aria-pressed": String(kind === chosen) }, on: { click: () => draw(kind, SHOWN_AT_ONCE) } }) : null;
    }));
    const rows = changes.filter(({ what }) => what === chosen);
    fill(list, table({
      label: word("import.changes"), rows: rows.slice(0, shown), attributes: ({ line, what }) => ({ "data-line": line, "data-what": what }),
      columns: [
        { title: word("import.line"), number: true, cell: ({ line, sheet }) => whereOf(line, sheet) },
        { title: word("office.name"), main: true, cell: (change) => change.aed_id && change.what !== "new" ? el("a", { text: change.name, attributes: { href: `#room=devices&aed=${change.aed_id}` } }) : change.name },
        { title: word("import.matched_by"), cell: ({ matched_by }) => wordFor("matched_by", matched_by, "–") || "–" },
        { title: word("import.differences"), cell: differences },
      ],
    }), rows.length > shown ? el("button", { class: "button button-small", text: word("office.more"), attributes: { type: "button" }, on: { click: () => draw(chosen, shown + SHOWN_AT_ONCE) } }) : null);
  };
  draw(first, SHOWN_AT_ONCE);
  return el("section", { class: "block" }, el("h2", { text: word("import.changes") }), tabs, list);
}

/** @param {Change} change */
function differences(change) {
  if (change.what === "ambiguous") {
    return el("div", {}, el("p", { class: "small", text: word("import.candidates") }), el("ul", { class: "small" },
      ...change.candidates.map((each) => el("li", {}, el("a", { text: each.name, attributes: { href: `#room=devices&aed=${each.aed_id}` } }), each.source_ref ? ` (${each.source_ref})` : ""))));
  }
  const lines = Object.entries(change.differences);
  if (lines.length === 0) return "–";
  return el("dl", { class: "differences" }, ...lines.flatMap(([name, [before, after]]) => [
    el("dt", { text: wordFor("field", name) }),
    el("dd", {}, before === null ? null : el("del", { text: told(before) }), before === null ? null : " → ", el("ins", { text: told(after) }),
      name === "place" && typeof change.moved_m === "number" ? el("span", { class: "muted", text: ` (${distance(change.moved_m)})` }) : null),
  ]));
}

/** @param {unknown} value @returns {string} */
function told(value) {
  if (value === null || value === undefined || value === "") return "–";
  if (Array.isArray(value)) return value.map(told).join(word("list.comma"));
  if (typeof value === "object") {
    const { latitude, longitude } = /** @type {{ latitude?: number, longitude?: number }} */ (value);
    return typeof latitude === "number" && typeof longitude === "number" ? `${latitude.toFixed(5)}, ${longitude.toFixed(5)}` : JSON.stringify(value);
  }
  return String(value);
}

/** @param {ImportAnswer} answer */
function goneBlock({ gone, gone_devices, removed }) {
  if (gone === 0) return null;
  return el("details", { class: "block" }, el("summary", { text: word(removed ? "import.gone.removed" : "import.gone.kept", { n: gone }) }),
    el("ul", {}, ...gone_devices.map((each) => el("li", {}, el("a", { text: each.name, attributes: { href: `#room=devices&aed=${each.aed_id}` } }), each.source_ref ? ` (${each.source_ref})` : ""))));
}

/**
 * @param {"import.left_out" | "import.notes"} name
 * @param {{ where: string, text: string, more: string }[]} rows
 */
function rowsBlock(name, rows) {
  if (rows.length === 0) return null;
  return el("details", { class: "block", attributes: { open: name === "import.left_out" } }, el("summary", { text: word("list.count", { name: word(name), n: rows.length }) }),
    el("ul", { class: "row-notes" }, ...rows.slice(0, 500).map(({ where, text, more }) => el("li", {}, el("span", { class: "muted numeral", text: where }), el("span", {}, text, more ? el("span", { class: "muted", text: ` ${more}` }) : null)))));
}

/** How the file was understood. @param {ImportAnswer} answer */
function readAs(answer) {
  return el("details", { class: "block" }, el("summary", { text: word("import.read_as") }),
    el("p", { text: `${answer.form} · ${answer.encoding} · ${wordFor("datum", answer.datum)}` }),
    el("dl", { class: "differences" }, ...Object.entries(answer.mapping).flatMap(([name, headings]) => [el("dt", { text: wordFor("field", name) }), el("dd", { text: headings.join(word("list.comma")) })])),
    answer.unused.length ? el("p", { class: "muted", text: `${word("import.unused")}${answer.unused.join(word("list.comma"))}` }) : null,
    ...answer.warnings.map((warning) => el("p", { class: "small", text: warning })));
}

/** @param {number} line @param {import("../contract/values.d.ts").Maybe<string>} sheet */
function whereOf(line, sheet) {
  return sheet ? `${sheet} ${line}` : String(line);
}
