/** A button that must be held: a pocket or a curious thumb must not call six people. */

const HOLD_MS = 1000;
/** Shorter presses than this are taps, and get the explanation. */
const TAP_MS = 700;

/**
 * Makes the button act only when held, by finger, mouse or keyboard (Space or Enter). The ring around it fills meanwhile
 * through the custom property `--filled` (0 to 1).
 *
 * @param {HTMLButtonElement} button
 * @param {{ onStart: () => void, onHeld: () => void, onTap: () => void, onLetGo: () => void, onAssisted: () => void }} handlers
 */
export function holdToAct(button, { onStart, onHeld, onTap, onLetGo, onAssisted }) {
  let began_ms = 0;
  let frame = 0;

  const fillRing = () => {
    const share = Math.min(1, (performance.now() - began_ms) / HOLD_MS);
    button.style.setProperty("--filled", String(share));
    if (share < 1) {
      frame = requestAnimationFrame(fillRing);
      return;
    }
    end();
    navigator.vibrate?.(80);
    onHeld();
  };
  const start = () => {
    if (began_ms) return;
    began_ms = performance.now();
    button.dataset.held = "";
    onStart();
    frame = requestAnimationFrame(fillRing);
  };
  const end = () => {
    cancelAnimationFrame(frame);
    began_ms = 0;
    delete button.dataset.held;
    button.style.setProperty("--filled", "0");
  };
  const letGo = () => {
    if (!began_ms) return;
    const held_ms = performance.now() - began_ms;
    end();
    if (held_ms < TAP_MS) onTap();
    else onLetGo();
  };

  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId);
    start();
  });
  button.addEventListener("pointerup", letGo);
  button.addEventListener("pointercancel", letGo);
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) start();
  });
  button.addEventListener("keyup", (event) => {
    if (event.key === " " || event.key === "Enter") letGo();
  });
  button.addEventListener("blur", letGo);
  // A screen reader's "activate" comes as a bare click that nobody can hold: it gets a question instead of a hold.
  button.addEventListener("click", (event) => {
    if (event.detail === 0) onAssisted();
  });
}
