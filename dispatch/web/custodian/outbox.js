/**
 * What was done at a device and is still to be told: kept on this phone until the service has it. Each report has its id
 * from the start, so that one whose answer was lost on the way can be sent again.
 */

import { ask, Refusal } from "../api.js";
import { reason } from "../failure.js";

/** @typedef {import("../contract/registry.d.ts").Report} Report */
/** @typedef {import("../contract/registry.d.ts").ReportAnswer} ReportAnswer */
/** @typedef {{ owner: string, aed_id: string, aed_name: string, report: Report, refused?: string }} Entry `refused`: why the service will not have it */

const KEY = "custodian:outbox";
const AGAIN_MS = 20_000;

export class Outbox {
  /** @type {Entry[]} */
  #entries = read();
  #sending = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {{ token: () => string | null, subject: () => string, onChange: () => void, onTold: (entry: Entry, answer: ReportAnswer) => void }} handlers
   */
  constructor(handlers) {
    this.handlers = handlers;
    window.addEventListener("online", () => void this.send());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") void this.send();
    });
  }

  /** Those that wait, of whoever is signed in. */
  get waiting() {
    return this.#mine().filter((entry) => !entry.refused);
  }

  /** Those that the service has refused: a person has to see that they are lost. */
  get refused() {
    return this.#mine().filter((entry) => entry.refused);
  }

  #mine() {
    return this.#entries.filter((entry) => entry.owner === this.handlers.subject());
  }

  /**
   * Keeps a report, and sends it as soon as that is possible.
   *
   * @param {{ id: string, name: string }} device
   * @param {Report} report
   * @returns {Promise<boolean>} whether the service has it by now
   */
  async put(device, report) {
    this.#entries.push({ owner: this.handlers.subject(), aed_id: device.id, aed_name: device.name, report });
    this.#keep();
    await this.send();
    return !this.#entries.some((entry) => entry.report.report_id === report.report_id);
  }

  /** @param {Entry} entry */
  dismiss(entry) {
    this.#drop(entry);
    this.handlers.onChange();
  }

  /** Sends what waits, the oldest first. */
  async send() {
    if (this.#sending || !this.handlers.token()) return;
    this.#sending = true;
    clearTimeout(this.#timer);
    try {
      for (const entry of this.waiting) {
        if (!(await this.#sendOne(entry))) break;
      }
    } finally {
      this.#sending = false;
    }
    if (this.waiting.length) this.#timer = setTimeout(() => void this.send(), AGAIN_MS);
    this.handlers.onChange();
  }

  /**
   * @param {Entry} entry
   * @returns {Promise<boolean>} whether the next one is worth a try
   */
  async #sendOne(entry) {
    const token = this.handlers.token();
    try {
      const answer = /** @type {ReportAnswer} */ (await ask("POST", `/v1/aeds/${encodeURIComponent(entry.aed_id)}/reports`, { token: token ?? "", body: entry.report }));
      this.#drop(entry);
      this.handlers.onTold(entry, answer);
      return true;
    } catch (error) {
      // No network, a service that is busy, or a token that has run out: it is told later.
      if (!(error instanceof Refusal) || error.passing || error.status === 401) return false;
      entry.refused = reason({ code: error.code, detail: error.message });
      this.#keep();
      return true;
    }
  }

  /** @param {Entry} entry */
  #drop(entry) {
    this.#entries = this.#entries.filter((each) => each !== entry);
    this.#keep();
  }

  #keep() {
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#entries));
    } catch {
      // Without storage it is kept for as long as the page is open.
    }
  }
}

/** @returns {Entry[]} */
function read() {
  try {
    const entries = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(entries) ? entries : [];
  } catch {
    return [];
  }
}
