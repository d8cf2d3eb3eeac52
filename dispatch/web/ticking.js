/** Texts that change by themselves every second: countdowns and ages. */

/** @type {Map<HTMLElement, { read: () => string, seen: boolean }>} */
const ticking = new Map();
/** @type {ReturnType<typeof setInterval> | undefined} */
let timer;

/**
 * Keeps an element's text at what `read` says, for as long as the element is on the page.
 *
 * @template {HTMLElement} T
 * @param {T} element
 * @param {() => string} read
 * @returns {T}
 */
export function tick(element, read) {
  element.textContent = read();
  ticking.set(element, { read, seen: element.isConnected });
  timer ??= setInterval(tickAll, 500);
  return element;
}

function tickAll() {
  for (const [element, entry] of ticking) {
    if (!element.isConnected) {
      if (entry.seen) ticking.delete(element);
      else entry.seen = true; // made but not yet on the page: it has until the next round
      continue;
    }
    entry.seen = true;
    const text = entry.read();
    if (element.textContent !== text) element.textContent = text;
  }
  if (ticking.size === 0) {
    clearInterval(timer);
    timer = undefined;
  }
}
