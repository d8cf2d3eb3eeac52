/** "Does my phone wake?": a test alert over every channel, and what is known of it since. */

import { Refusal, ask } from "../api.js";
import { word } from "../language.js";

/** @typedef {import("../contract.d.ts").Channel} Channel */
/** @typedef {import("../contract.d.ts").TestAlert} TestAlert */

const PROOFS = "waking:proofs";
/** As long as the service counts on a channel that has answered. */
const PROOF_LASTS_MS = 30 * 86_400_000;
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
      this.failure = error instanceof Refusal ? word("failure.refused", { why: error.message }) : word("failure.unreachable");
    }
    this.busy = false;
    this.onChange();
  }

  /** @param {import("../contract.d.ts").TestResultMessage} result */
  take({ test_id, channel, delay_s }) {
    this.#delays.set(`${test_id}:${channel}`, delay_s);
    // A telephone number is the person's; a push may have woken another of their devices.
    if (channel === "webhook" || (channel === "web_push" && this.#heard.has(test_id))) prove(channel);
    this.onChange();
  }

  /**
   * The push of this test has come to this phone.
   *
   * @param {string} test_id
   */
  heardHere(test_id) {
    this.#heard.add(test_id);
    if (this.#delays.has(`${test_id}:web_push`)) prove("web_push");
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

/**
 * When a channel other than this page last proved to reach this person, if that still counts.
 *
 * @param {boolean} pushed whether this phone can be woken by push now
 * @returns {string | null}
 */
export function provenAt(pushed) {
  const proofs = readProofs();
  const times = [pushed ? proofs.web_push : undefined, proofs.webhook].filter((at) => at !== undefined);
  return times.filter((at) => Date.now() - Date.parse(at) < PROOF_LASTS_MS).sort().at(-1) ?? null;
}

/** Another person signs in, or the subscription is another one: what was proven is no more. */
export function forgetProofs() {
  try {
    localStorage.removeItem(PROOFS);
  } catch {
    // Nothing was kept.
  }
}

/** @param {"web_push" | "webhook"} channel */
function prove(channel) {
  try {
    localStorage.setItem(PROOFS, JSON.stringify({ ...readProofs(), [channel]: new Date().toISOString() }));
  } catch {
    // Without storage the proof lasts as long as the page shows the test.
  }
}

/** @returns {{ web_push?: string, webhook?: string }} */
function readProofs() {
  try {
    const proofs = JSON.parse(localStorage.getItem(PROOFS) ?? "{}");
    return typeof proofs === "object" && proofs !== null ? proofs : {};
  } catch {
    return {};
  }
}
