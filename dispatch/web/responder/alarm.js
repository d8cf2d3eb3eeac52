/** The alarm of an alert: loud, uneven, with vibration, until it is answered. */

import { audio, soundUnlocked, tone } from "../sound.js";

const ROUND_MS = 1600;
const PATTERN = [400, 150, 400, 150, 400];

/** @type {ReturnType<typeof setInterval> | undefined} */
let timer;
let muted = false;

export function startAlarm() {
  muted = false;
  if (timer !== undefined) return;
  ring();
  timer = setInterval(ring, ROUND_MS);
}

export function stopAlarm() {
  clearInterval(timer);
  timer = undefined;
  navigator.vibrate?.(0);
}

/** Silence for this alert; the vibration goes on. */
export function muteAlarm() {
  muted = true;
}

/** One round, to hear whether the phone is loud enough. */
export function testAlarm() {
  muted = false;
  ring();
}

function ring() {
  navigator.vibrate?.(PATTERN);
  if (muted || !soundUnlocked()) return;
  const now = audio().currentTime + 0.02;
  // Two alternating square tones between 800 and 1300 Hz: where a phone's small loudspeaker is loudest.
  for (let i = 0; i < 6; i += 1) {
    tone({ frequency: i % 2 === 0 ? 880 : 1245, at: now + i * 0.17, length: 0.15, volume: 0.9, shape: "square" });
  }
}
