/**
 * The CPR beat: 110 a minute, inside the 100 to 120 that the resuscitation guidelines ask for.
 *
 * Timers of a page drift by tens of milliseconds, the audio clock does not: a coarse timer only looks ahead, and each
 * beat is scheduled on the audio clock at its exact time. The picture follows the same clock.
 */

import { audio, tone, unlockSound } from "./sound.js";

export const BEATS_PER_MINUTE = 110;
const PERIOD_S = 60 / BEATS_PER_MINUTE;
/** Looks further ahead than a background tab's one-second timer. */
const AHEAD_S = 1.3;
const LOOK_EVERY_MS = 200;

export class Rhythm {
  #start = 0;
  #scheduled = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  /** @type {Set<OscillatorNode>} */
  #ahead = new Set();
  #audible = true;

  get running() {
    return this.#timer !== undefined;
  }

  get audible() {
    return this.#audible;
  }

  /** Starts at beat 0. Call it while handling a touch: that is what unlocks the sound. */
  async start() {
    if (this.running) return;
    await unlockSound();
    this.#start = audio().currentTime + 0.1;
    this.#scheduled = 0;
    this.#timer = setInterval(() => this.#schedule(), LOOK_EVERY_MS);
    this.#schedule();
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#hush();
  }

  /** @param {boolean} audible */
  setAudible(audible) {
    this.#audible = audible;
    if (!audible) this.#hush();
  }

  /** Beats since the start, with the fraction of the present one; below zero just before the first. */
  get position() {
    return (audio().currentTime - this.#start) / PERIOD_S;
  }

  get elapsed_s() {
    return Math.max(0, audio().currentTime - this.#start);
  }

  #schedule() {
    const until = audio().currentTime + AHEAD_S;
    // After a sleep of the device, beats that are past are skipped, not caught up.
    this.#scheduled = Math.max(this.#scheduled, Math.ceil(this.position));
    for (;;) {
      const at = this.#start + this.#scheduled * PERIOD_S;
      if (at > until) return;
      if (this.#audible) {
        const beat = tone({ frequency: 880, at, length: 0.07, volume: 0.6, shape: "square" });
        this.#ahead.add(beat);
        beat.addEventListener("ended", () => this.#ahead.delete(beat));
      }
      this.#scheduled += 1;
    }
  }

  #hush() {
    for (const beat of this.#ahead) beat.disconnect();
    this.#ahead.clear();
    // Beats already laid ahead are silent now; the next look-ahead continues after them.
  }
}
