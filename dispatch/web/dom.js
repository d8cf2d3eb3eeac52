/** Making elements without ever parsing HTML: what came over the network can only become text. */

/**
 * @typedef {object} Properties
 * @property {string} [class]
 * @property {string} [text]
 * @property {Record<string, string | number | boolean | null | undefined>} [attributes] null, undefined and false leave it out
 * @property {Record<string, (event: any) => void>} [on]
 */

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * An element with its class, text, attributes, listeners and children.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Properties} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  if (properties.class) element.className = properties.class;
  if (properties.text !== undefined) element.textContent = properties.text;
  for (const [name, value] of Object.entries(properties.attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const [name, listener] of Object.entries(properties.on ?? {})) element.addEventListener(name, listener);
  element.append(...children.filter(isPresent));
  return element;
}

/**
 * @param {Child} child
 * @returns {child is Node | string}
 */
function isPresent(child) {
  return child !== null && child !== undefined && child !== false;
}

/**
 * Puts these children in place of whatever the element held.
 *
 * @param {Element} element
 * @param {...Child} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...children.filter(isPresent));
}

/**
 * The element with this id, which the page is sure to have.
 *
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return element;
}

/**
 * Rewrites a list in place: an item whose key stays keeps its element, so focus and scroll stay too.
 *
 * @template T
 * @param {Element} list
 * @param {T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => HTMLElement} draw called for each item; its result takes the place of the old element when different
 * @param {(item: T) => string} [signatureOf] when unchanged the old element is kept as it is
 */
export function drawList(list, items, keyOf, draw, signatureOf) {
  /** @type {Map<string, HTMLElement>} */
  const old = new Map();
  for (const child of list.children) {
    if (child instanceof HTMLElement && child.dataset.key !== undefined) old.set(child.dataset.key, child);
  }
  const elements = items.map((item) => {
    const key = keyOf(item);
    const signature = signatureOf?.(item);
    const kept = old.get(key);
    if (kept && signature !== undefined && kept.dataset.signature === signature) return kept;
    const element = draw(item);
    element.dataset.key = key;
    if (signature !== undefined) element.dataset.signature = signature;
    if (kept?.contains(document.activeElement)) queueMicrotask(() => focusInside(element));
    return element;
  });
  const unchanged = elements.length === list.children.length && elements.every((element, i) => list.children[i] === element);
  if (!unchanged) list.replaceChildren(...elements);
}

/** @param {HTMLElement} element */
function focusInside(element) {
  const target = element.matches("button, a[href]") ? element : element.querySelector("button, a[href]");
  if (target instanceof HTMLElement) target.focus({ preventScroll: true });
}

/**
 * Shows or hides without touching layout classes.
 *
 * @param {HTMLElement} element
 * @param {boolean} shown
 */
export function show(element, shown) {
  element.hidden = !shown;
}

/**
 * Draws anew without taking the keyboard away from where it is: the element with the same id (or the same name and
 * value, for radio buttons) gets the focus back.
 *
 * @param {() => void} draw
 */
export function keepingFocus(draw) {
  const before = document.activeElement;
  draw();
  if (!(before instanceof HTMLElement) || before.isConnected) return;
  const again = before.id
    ? document.getElementById(before.id)
    : before instanceof HTMLInputElement && before.name
      ? document.querySelector(`input[name="${CSS.escape(before.name)}"][value="${CSS.escape(before.value)}"]`)
      : null;
  if (again instanceof HTMLElement) again.focus({ preventScroll: true });
}
