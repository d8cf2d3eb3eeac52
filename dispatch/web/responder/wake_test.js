/** "Does my phone wake?": a test alert over every channel, and what is known of it since. */

import { ask } from "../api.js";
import { whyNot } from "../failure.js";
import { word } from "../language.js";

/** @typedef {import("../contract/waking.d.ts").Channel} Channel */
/** @typedef {import("../contract/waking.d.ts").TestAlert} TestAlert */

/** A phone that takes longer has not been woken. */
const PATIENCE_MS = 60_000;

export class WakeTest {
  /** @type {TestAlert | null} */
  test = null;
  busy = false;
  failure = "";
  #started_ms = 0;
  /** @type {Map<string, number>} seconds by test and channel: a result may be here before the test's own answer */
  #delays = new Map();
  /** @type {Set<string>} tests that this very phone was woken for */
  #heard = new Set();

  /**
   * @param {() => string} token
   * @param {() => void} onChange
   */
  constructor(token, onChange) {
    this.token = token;
    this.onChange = onChange;
  }

  async start() {
    this.busy = true;
    this.failure = "";
    this.onChange();
    try {
      this.test = await ask("POST", "/v1/responders/me/test-alert", { token: this.token() });
      this.#started_ms = Date.now();
    } catch (error) {
      this.failure = whyNot(error);
    }
    this.busy = false;
    this.onChange();
  }

  /** @param {import("../contract/waking.d.ts").TestResultMessage} result */
  take({ test_id, channel, delay_s }) {
    this.#delays.set(`${test_id}:${channel}`, delay_s);
    this.onChange();
  }

  /**
   * The push of this test has come to this phone.
   *
   * @param {string} test_id
   */
  heardHere(test_id) {
    this.#heard.add(test_id);
    this.onChange();
  }

  /**
   * How one channel did, in words, as of now.
   *
   * @param {TestAlert["channels"][number]} channel
   */
  outcome({ channel, state }) {
    const test_id = this.test?.test_id ?? "";
    const delay_s = this.#delays.get(`${test_id}:${channel}`);
    if (delay_s !== undefined) {
      const n = delay_s < 10 ? delay_s.toFixed(1) : String(Math.round(delay_s));
      return word(channel === "web_push" && !this.#heard.has(test_id) ? "waking.elsewhere" : "waking.seconds", { n });
    }
    if (state !== "sent" && state !== "queued") return word(`waking.${state}`);
    return word(Date.now() - this.#started_ms < PATIENCE_MS ? "waking.waiting" : "waking.overdue");
  }

  /** @param {Channel} channel */
  hasArrived(channel) {
    return this.#delays.has(`${this.test?.test_id}:${channel}`);
  }
}
