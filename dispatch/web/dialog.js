/** Questions that must be answered before the page goes on. */

import { el } from "./dom.js";

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
      dialog.close();
      dialog.remove();
      resolve(value);
    };
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      finish(null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
