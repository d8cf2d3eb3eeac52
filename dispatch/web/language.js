/** Which language the page speaks, and its words in it. */

import { words } from "./words.js";

/** @typedef {import("./contract/values.d.ts").Language} Language */
/** @typedef {keyof typeof words} Word */

const KEY = "language";
/** @type {Set<() => void>} */
const listeners = new Set();
/** @type {Language} */
let current = remembered() ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

/** @returns {Language | null} */
function remembered() {
  try {
    const value = localStorage.getItem(KEY);
    return value === "zh" || value === "en" ? value : null;
  } catch {
    return null;
  }
}

export function language() {
  return current;
}

/** The BCP 47 tag for `lang` attributes and number formats. */
export function locale() {
  return current === "zh" ? "zh-CN" : "en";
}

/**
 * What this word says in the page's language; `{name}` places are filled from `values`.
 *
 * @param {Word} key
 * @param {Record<string, string | number>} [values]
 */
export function word(key, values = {}) {
  return filled(words[key][current === "zh" ? 0 : 1], values);
}

/**
 * @param {string} text
 * @param {Record<string, string | number>} values
 */
function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/**
 * The same in the other language: for what whoever looks over one's shoulder must read, too.
 *
 * @param {Word} key
 * @param {Record<string, string | number>} [values]
 */
export function otherWord(key, values = {}) {
  return filled(words[key][current === "zh" ? 1 : 0], values);
}

/** The `lang` of what `otherWord` says. */
export function otherLocale() {
  return current === "zh" ? "en" : "zh-CN";
}

/**
 * The word for a state, reason or kind that came over the network; unknown ones are shown as they are, readable.
 *
 * @param {string} family such as "alert_state"
 * @param {string | null | undefined} value
 * @param {string} [otherwise] what to show of an unknown one
 */
export function wordFor(family, value, otherwise = value?.replaceAll("_", " ") ?? "") {
  const key = `${family}.${value}`;
  return key in words ? word(/** @type {Word} */ (key)) : otherwise;
}

/**
 * The page's language of something the service said in both.
 *
 * @param {import("./contract/values.d.ts").Said | null | undefined} said
 */
export function said(said) {
  return said ? said[current] || said.en : "";
}

/** @param {Language} language */
export function setLanguage(language) {
  current = language;
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // Without storage the choice lasts until the page is left.
  }
  speak();
  for (const listener of listeners) listener();
}

/**
 * Calls back whenever the language changes.
 *
 * @param {() => void} listener
 */
export function onLanguage(listener) {
  listeners.add(listener);
}

/**
 * Writes the words into everything below `root` that names them: `data-word` the text,
 * `data-word-label` the accessible name, `data-word-hint` the placeholder.
 *
 * @param {ParentNode} root
 */
export function translate(root) {
  for (const element of root.querySelectorAll("[data-word], [data-word-label], [data-word-hint]")) {
    if (!(element instanceof HTMLElement)) continue;
    const { word: text, wordLabel, wordHint } = element.dataset;
    if (text) element.textContent = word(/** @type {Word} */ (text));
    if (wordLabel) element.setAttribute("aria-label", word(/** @type {Word} */ (wordLabel)));
    if (wordHint) element.setAttribute("placeholder", word(/** @type {Word} */ (wordHint)));
  }
}

/** Sets the document's language, title and marked texts; again after each change. */
export function speak() {
  document.documentElement.lang = locale();
  const title = document.documentElement.dataset.title;
  if (title) document.title = word(/** @type {Word} */ (title));
  translate(document);
  for (const button of document.querySelectorAll("[data-language-switch]")) {
    button.textContent = word("language.other");
    button.setAttribute("lang", current === "zh" ? "en" : "zh-CN");
  }
}

/** Makes every `data-language-switch` button of the page change the language, and speaks for the first time. */
export function startLanguage() {
  for (const button of document.querySelectorAll("[data-language-switch]")) {
    button.addEventListener("click", () => setLanguage(current === "zh" ? "en" : "zh"));
  }
  speak();
}
