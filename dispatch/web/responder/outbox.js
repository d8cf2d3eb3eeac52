/** What this responder says: now, or as soon as the connection is back; and what was last answered. */

/** @typedef {import("../contract/stream.d.ts").ClientMessage} ClientMessage */
/** @typedef {"accept" | "decline"} Given */

export class Outbox {
  /** @type {ClientMessage[]} what was tapped while the connection was away */
  #unsent = [];
  /** @type {(ClientMessage & { type: "answer" }) | null} the last answer: said again after a break, for it may have been lost */
  #answer = null;

  /**
   * @param {(message: ClientMessage) => boolean} send says whether it went out
   * @param {() => void} onWaiting it did not: it goes out later
   */
  constructor(send, onWaiting) {
    this.send = send;
    this.onWaiting = onWaiting;
  }

  /** Whether something is still to be sent. */
  get isWaiting() {
    return this.#unsent.length > 0;
  }

  /** @param {ClientMessage} message */
  say(message) {
    if (this.send(message)) return;
    this.#unsent.push(message);
    this.onWaiting();
  }

  /**
   * @param {string} alert_id
   * @param {Given} answer
   */
  answer(alert_id, answer) {
    this.#answer = { type: "answer", alert_id, answer };
    this.say(this.#answer);
  }

  /**
   * What was last answered, if it was about this alert.
   *
   * @param {string} alert_id
   * @returns {Given | null}
   */
  answered(alert_id) {
    return this.#answer?.alert_id === alert_id ? this.#answer.answer : null;
  }

  /**
   * The connection is back: what waits goes out, and the answer to the alert that is still shown once more.
   *
   * @param {string | undefined} shown
   * @returns {boolean} whether anything had waited
   */
  comeBack(shown) {
    const waiting = this.#unsent;
    this.#unsent = [];
    for (const message of waiting) this.say(message);
    if (this.#answer && !waiting.includes(this.#answer) && this.#answer.alert_id === shown) this.say(this.#answer);
    return waiting.length > 0;
  }

  /** Nothing of it is said any more: it was somebody else's. */
  forget() {
    [this.#unsent, this.#answer] = [[], null];
  }
}
