/**
 * What was done at a device and is still to be told: kept on this phone until the service has it. Each report has its id
 * from the start, so that one whose answer was lost on the way can be sent again. The page may be open twice, as a tab and
 * from the home screen: what is kept is read anew before each change, so that neither loses what the other has put there.
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
  #entries = read() ?? [];
  #isKept = true;
  /** @type {Promise<void> | null} */
  #sending = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {{ token: () => string | null, subject: () => string, onChange: () => void, onTold: (entry: Entry, answer: ReportAnswer) => void }} handlers
   */
  constructor(handlers) {
    this.handlers = handlers;
    window.addEventListener("online", () => void this.send());
    window.addEventListener("storage", (event) => {
      if (event.key !== KEY || !this.#isKept) return;
      this.#entries = read() ?? this.#entries;
      this.handlers.onChange();
    });
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
    this.#change((entries) => [...entries, { owner: this.handlers.subject(), aed_id: device.id, aed_name: device.name, report }]);
    await this.send();
    return !this.#entries.some((entry) => entry.report.report_id === report.report_id);
  }

  /** @param {Entry} entry */
  dismiss(entry) {
    this.#drop(entry);
    this.handlers.onChange();
  }

  /** Sends what waits, the oldest first; also what is put there meanwhile. */
  async send() {
    if (!this.handlers.token()) return;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null;
    });
    await this.#sending;
  }

  async #sendAll() {
    clearTimeout(this.#timer);
    for (let [entry] = this.waiting; entry; [entry] = this.waiting) {
      if (!(await this.#sendOne(entry))) break;
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
      // No network, a service that is busy, a token that has run out: it is told later. What has no code is not the
      // service's word, but that of something on the way, such as the page on which a hotel's network asks one to pay.
      if (!(error instanceof Refusal) || error.passing || error.status === 401 || !error.code) return false;
      const refused = reason({ code: error.code, detail: error.message });
      this.#change((entries) => entries.map((each) => (isSame(each, entry) ? { ...each, refused } : each)));
      return true;
    }
  }

  /** @param {Entry} entry */
  #drop(entry) {
    this.#change((entries) => entries.filter((each) => !isSame(each, entry)));
  }

  /** @param {(entries: Entry[]) => Entry[]} change of what is kept now, whoever has put it there */
  #change(change) {
    this.#entries = change((this.#isKept ? read() : null) ?? this.#entries);
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#entries));
      this.#isKept = true;
    } catch {
      // Without storage, or room in it, they are there for as long as the page is open.
      this.#isKept = false;
    }
  }
}

/** @param {Entry} one @param {Entry} other */
function isSame(one, other) {
  return one.report.report_id === other.report.report_id;
}

/** @returns {Entry[] | null} null where nothing can be kept */
function read() {
  try {
    const entries = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(entries) ? entries : [];
  } catch {
    return null;
  }
}
