/** The form for a token, where no link brought one. */

import { el } from "./dom.js";
import { word } from "./language.js";
import { readPasted } from "./token.js";

/**
 * @param {{ page: "responder" | "console" | "custodian" | "office", failure?: string, onToken: (token: string) => void }} options
 * @returns {HTMLElement}
 */
export function signInForm({ page, failure, onToken }) {
  const input = el("textarea", { attributes: { id: "token", rows: 3, required: true, autocomplete: "off", spellcheck: "false" } });
  const form = el("form", { class: "sheet sign-in", attributes: { id: "sign-in" } },
    el("h2", { text: word(`token.title.${page}`) }),
    el("p", { class: "muted", text: word("token.explain") }),
    failure ? el("p", { class: "banner banner-warn", text: failure, attributes: { role: "alert" } }) : null,
    el("label", { class: "field" }, el("span", { text: word("token.label") }), input),
    el("button", { class: "button button-strong", text: word("token.use"), attributes: { type: "submit" } }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const token = readPasted(input.value);
    if (token) onToken(token);
  });
  return form;
}
