/** Tables that read on a phone too: there every cell says which column it is of. */

import { el } from "../dom.js";

/**
 * @template T
 * @typedef {object} Column
 * @property {string} title
 * @property {(row: T) => import("../dom.js").Child} cell
 * @property {boolean} [number] a figure: to the right
 * @property {boolean} [main] what the row is about: its head on a phone
 */

/**
 * @template T
 * @param {object} view
 * @param {string} view.label
 * @param {Column<T>[]} view.columns
 * @param {T[]} view.rows
 * @param {(row: T) => Record<string, string | number | boolean | null | undefined>} [view.attributes] of each row
 * @returns {HTMLElement}
 */
export function table({ label, columns, rows, attributes }) {
  return el("div", { class: "table-frame" }, el("table", { class: "table", attributes: { "aria-label": label } },
    el("thead", {}, el("tr", {}, ...columns.map(({ title, number }) => el("th", { text: title, attributes: { scope: "col", "data-number": number } })))),
    el("tbody", {}, ...rows.map((row) => el("tr", { attributes: attributes?.(row) ?? {} },
      ...columns.map(({ title, cell, number, main }) => el("td", { attributes: { "data-title": title, "data-number": number, "data-main": main } }, cell(row))))))));
}

/** A share as a percentage, or a dash. @param {number | null | undefined} share */
export function percent(share) {
  return typeof share === "number" ? `${(share * 100).toFixed(1)} %` : "–";
}
