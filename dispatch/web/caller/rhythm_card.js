/** The CPR beat as the caller sees it: a disc that beats, a count, start and sound. */

import { el } from "../dom.js";
import { icon } from "../icons.js";
import { word } from "../language.js";
import { BEATS_PER_MINUTE, Rhythm } from "../rhythm.js";

const SWAP_EVERY_S = 120;
/** The swap advice stays this long. */
const SWAP_SHOWN_S = 12;

const rhythm = new Rhythm();

/**
 * The card. There is one beat for the page, so drawing the card again does not interrupt it.
 *
 * @returns {HTMLElement}
 */
export function rhythmCard() {
  const disc = el("div", { class: "beat", attributes: { "aria-hidden": "true" } },
    el("strong", { class: "numeral", text: String(BEATS_PER_MINUTE) }), el("span", { text: word("caller.rhythm.rate") }));
  const advice = el("p", { class: "advice muted small" });
  const start = el("button", { class: "button", attributes: { type: "button", id: "rhythm-start" } });
  const sound = el("button", { class: "button", attributes: { type: "button", "aria-pressed": "true" } });
  const card = el("section", { class: "sheet rhythm order-rhythm", attributes: { "aria-label": word("caller.rhythm") } },
    disc, el("h2", { text: word("caller.rhythm") }), advice, el("div", { class: "rhythm-actions" }, start, sound));

  const drawButtons = () => {
    start.textContent = word(rhythm.running ? "caller.rhythm.stop" : "caller.rhythm.start");
    start.classList.toggle("button-act", !rhythm.running);
    sound.replaceChildren(icon(rhythm.audible ? "sound" : "mute"), word("caller.rhythm.sound"));
    sound.setAttribute("aria-pressed", String(rhythm.audible));
    card.classList.toggle("running", rhythm.running);
  };
  const follow = () => {
    if (!card.isConnected) return;
    if (!rhythm.running) {
      disc.style.setProperty("--beat", "0");
      delete disc.dataset.down;
      advice.textContent = word("caller.rhythm.explain");
      return;
    }
    const position = rhythm.position;
    const phase = position - Math.floor(position);
    const strength = position < 0 ? 0 : Math.max(0, 1 - phase * 1.8);
    disc.style.setProperty("--beat", strength.toFixed(3));
    disc.toggleAttribute("data-down", strength > 0.45);
    const sinceSwap = rhythm.elapsed_s % SWAP_EVERY_S;
    const swap = rhythm.elapsed_s >= SWAP_EVERY_S && sinceSwap < SWAP_SHOWN_S;
    const text = swap ? word("caller.rhythm.swap") : word("caller.rhythm.count", { n: Math.max(0, Math.floor(position) + 1) });
    if (advice.textContent !== text) advice.textContent = text;
    requestAnimationFrame(follow);
  };
  start.addEventListener("click", async () => {
    if (rhythm.running) rhythm.stop();
    else await rhythm.start();
    drawButtons();
    requestAnimationFrame(follow);
  });
  sound.addEventListener("click", () => {
    rhythm.setAudible(!rhythm.audible);
    drawButtons();
  });
  drawButtons();
  advice.textContent = word("caller.rhythm.explain");
  requestAnimationFrame(follow);
  return card;
}

/** Silence, when the incident is over. */
export function stopRhythm() {
  rhythm.stop();
}
