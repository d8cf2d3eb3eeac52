/** What stands above the page until it is dealt with; and questions that must be answered before the page goes on. */

import { el } from "./dom.js";

/**
 * Puts a dialog above the page. Escape, or a phone's gesture to go back, never takes it away by itself: browsers let a page
 * object to the first of them only.
 *
 * @param {HTMLDialogElement} dialog
 * @param {() => void} [onEscape] what it means here; nothing, if left out
 * @returns {() => void} takes it away
 */
export function raise(dialog, onEscape) {
  let up = true;
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    onEscape?.();
  });
  dialog.addEventListener("close", () => {
    if (!up) return;
    if (onEscape) onEscape();
    else dialog.showModal();
  });
  document.body.append(dialog);
  dialog.showModal();
  return () => {
    up = false;
    dialog.close();
    dialog.remove();
  };
}

/**
 * Asks; resolves with the value of the chosen answer, or null when the question was put away.
 *
 * @template T
 * @param {object} question
 * @param {string} question.title
 * @param {string} [question.text]
 * @param {HTMLElement[]} [question.fields] inputs shown above the answers
 * @param {{ label: string, tone?: "act" | "strong" | "quiet", value: () => T | null, needsValid?: boolean }[]} question.answers the value is read when chosen
 * @returns {Promise<T | null>}
 */
export function askInDialog({ title, text, fields = [], answers }) {
  return new Promise((resolve) => {
    const form = el("form", { attributes: { method: "dialog" } }, ...fields);
    const actions = el("div", { class: "dialog-actions" }, ...answers.map((answer) => el("button", {
      class: `button ${answer.tone ? `button-${answer.tone}` : ""}`,
      text: answer.label,
      attributes: { type: "button" },
      on: {
        click: () => {
          if (answer.needsValid && !form.reportValidity()) return;
          finish(answer.value());
        },
      },
    })));
    form.append(actions);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      actions.querySelector("button")?.click();
    });
    const dialog = el("dialog", { attributes: { "aria-label": title } },
      el("h2", { text: title }), text ? el("p", { class: "muted", text }) : null, form);
    /** @param {T | null} value */
    const finish = (value) => {
      lower();
      resolve(value);
    };
    const lower = raise(dialog, () => finish(null));
  });
}
