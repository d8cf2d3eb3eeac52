/**
 * How this responder stands with the service, asked for over HTTP: after a reload, and whenever messages may have been
 * missed.
 *
 * An answer takes a while, and the socket does not wait for it. What was told or done meanwhile is newer than the answer:
 * an alert that it does not know of yet must not be closed, nor one that has ended be opened again. So an answer that was
 * overtaken is not taken; it is asked for anew.
 */

import { Refusal, ask } from "../api.js";

/** @typedef {import("../contract/responders.d.ts").ResponderMe} ResponderMe */

const AGAIN_AFTER_MS = 5_000;

export class Standing {
  /** @type {AbortController | null} */
  #asking = null;
  #overtaken = false;
  /** @type {Promise<void>} */
  #last = Promise.resolve();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #again;

  /**
   * @param {string} token
   * @param {{ onRead: (me: ResponderMe) => void, onSpent: () => void, onUnreachable: () => void }} handlers `onSpent`: the token is worth nothing
   */
  constructor(token, handlers) {
    this.token = token;
    this.handlers = handlers;
  }

  /** Something was told or done. */
  overtake() {
    this.#overtaken = true;
  }

  /**
   * Asks; where that is under way already, from the start, for it may hang on a network that is gone.
   *
   * @returns {Promise<void>} kept once an answer was taken, or none could be had
   */
  read() {
    this.close();
    const asking = new AbortController();
    this.#asking = asking;
    this.#last = this.#ask(asking);
    return this.#last;
  }

  /** Nothing is taken any more of what was asked. */
  close() {
    clearTimeout(this.#again);
    this.#asking?.abort();
    this.#asking = null;
  }

  /**
   * @param {AbortController} asking
   * @returns {Promise<void>}
   */
  async #ask(asking) {
    /** @type {ResponderMe} */
    let me;
    try {
      do {
        this.#overtaken = false;
        me = await ask("GET", "/v1/responders/me", { token: this.token, signal: asking.signal });
      } while (this.#overtaken);
    } catch (error) {
      if (asking.signal.aborted) return this.#whatTookItsPlace();
      if (error instanceof Refusal && !error.passing) return this.handlers.onSpent();
      this.#again = setTimeout(() => void this.read(), AGAIN_AFTER_MS);
      return this.handlers.onUnreachable();
    }
    if (asking.signal.aborted) return this.#whatTookItsPlace();
    this.handlers.onRead(me);
  }

  /** Whoever waits for an answer that was asked for anew waits for the new one. */
  async #whatTookItsPlace() {
    if (this.#asking) await this.#last;
  }
}
