/** What the service said last, kept on this phone: in a basement without a network the list of devices is still there. */

/** @typedef {import("../contract/owners.d.ts").Myself} Myself */
/** @typedef {{ subject: string, at: string, me: Myself }} Last */

const KEY = "custodian:last";

export class Kept {
  /** @param {string} subject @param {Myself} me */
  keep(subject, me) {
    try {
      localStorage.setItem(KEY, JSON.stringify({ subject, at: new Date().toISOString(), me }));
    } catch {
      // No room, or no storage: then only while there is a network.
    }
  }

  /**
   * @param {string} subject
   * @returns {Last | null}
   */
  last(subject) {
    try {
      const last = JSON.parse(localStorage.getItem(KEY) ?? "null");
      return last?.subject === subject ? last : null;
    } catch {
      return null;
    }
  }

  forget() {
    try {
      localStorage.removeItem(KEY);
    } catch {
      // Nothing was kept.
    }
  }
}
