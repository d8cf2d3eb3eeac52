/**
 * Drawing anew takes elements away and puts new ones in their place. Under a finger that would lose the tap: a click is only
 * a click where press and release meet the same element. So what is drawn anew by itself waits until the finger is lifted.
 */

/** A phone's click comes a little after its finger has left. */
const CLICK_FOLLOWS_MS = 60;
/** A release may never be told, as when a system dialog takes the pointer away. */
const LONGEST_PRESS_MS = 10_000;

let pressed = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** @type {Set<() => void>} */
const waiting = new Set();

/**
 * The same drawing, at once or as soon as nothing is pressed.
 *
 * @param {() => void} draw
 * @returns {() => void}
 */
export function steadily(draw) {
  return () => {
    if (pressed) waiting.add(draw);
    else draw();
  };
}

function lift() {
  clearTimeout(timer);
  pressed = false;
  const drawings = [...waiting];
  waiting.clear();
  for (const draw of drawings) draw();
}

/** @param {number} after_ms */
function liftSoon(after_ms) {
  clearTimeout(timer);
  timer = setTimeout(lift, after_ms);
}

document.addEventListener("pointerdown", () => {
  pressed = true;
  liftSoon(LONGEST_PRESS_MS);
}, { capture: true });
for (const released of ["pointerup", "pointercancel"]) {
  document.addEventListener(released, () => liftSoon(CLICK_FOLLOWS_MS), { capture: true });
}
// What the click itself brings about is drawn at once.
document.addEventListener("click", () => {
  pressed = false;
  liftSoon(0);
}, { capture: true });
