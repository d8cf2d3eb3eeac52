/** Sharing this phone's position while on duty: on 10 m or 15 s, whichever comes first. */

import { currentFix, followPosition, metresBetween } from "../geolocation.js";

/** @typedef {import("../geolocation.js").Fix} Fix */
/** @typedef {"off" | "asking" | "shared" | "denied" | "unavailable"} SharingState */

const MOVED_M = 10;
const EVERY_MS = 15_000;
/** Even a sprinting or driven phone says no more than this often. */
const LEAST_PAUSE_MS = 1_500;

export class PositionSharing {
  /** @type {Fix | null} */
  fix = null;
  /** @type {SharingState} */
  state = "off";
  /** @type {Fix | null} */
  #sent = null;
  #sent_ms = 0;
  /** @type {(() => void) | undefined} */
  #stop;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /**
   * @param {(fix: Fix) => boolean} send says whether it went out
   * @param {() => void} onChange
   */
  constructor(send, onChange) {
    this.send = send;
    this.onChange = onChange;
  }

  start() {
    if (this.state !== "off") return;
    this.#become("asking");
    this.#stop = followPosition(
      (fix) => this.#take(fix),
      (obstacle) => this.#meet(obstacle),
    );
    // A phone that lies still gives no new positions, but its last one must not grow stale.
    this.#timer = setInterval(() => void currentFix().then((fix) => this.#take(fix), () => undefined), EVERY_MS);
  }

  stop() {
    this.#stop?.();
    clearInterval(this.#timer);
    this.#sent = null;
    this.#become("off");
  }

  /** The connection is new: whoever is there does not know where we are. */
  sayAgain() {
    this.#sent = null;
    if (this.fix && this.state !== "off") this.#take(this.fix);
  }

  /** @param {import("../geolocation.js").Obstacle} obstacle */
  #meet(obstacle) {
    if (this.state === "off") return;
    // Where the phone was a moment ago is better than the news that it cannot tell now.
    this.#become(obstacle === "denied" ? "denied" : this.fix ? this.state : "unavailable");
  }

  /** @param {Fix} fix */
  #take(fix) {
    // It was asked for before the sharing stopped, and nobody is to know it now.
    if (this.state === "off") return;
    this.fix = fix;
    const now = Date.now();
    const due = this.#sent === null || now - this.#sent_ms >= EVERY_MS - 500
      || (metresBetween(this.#sent, fix) >= MOVED_M && now - this.#sent_ms >= LEAST_PAUSE_MS);
    if (due && this.send(fix)) {
      this.#sent = fix;
      this.#sent_ms = now;
    }
    this.#become("shared");
  }

  /** @param {SharingState} state */
  #become(state) {
    this.state = state;
    this.onChange();
  }
}
