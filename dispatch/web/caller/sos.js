/**
 * Getting the call through: the request is written down before the first try and kept until it is answered, so that
 * retries, a reload and a lost answer all end in the same one incident.
 */

import { Refusal, ask } from "../api.js";

/** @typedef {import("../contract/incidents.d.ts").SosRequest} SosRequest */
/** @typedef {import("../contract/incidents.d.ts").SosAnswer} SosAnswer */

const PENDING = "sos:pending";
const OPEN = "sos:open";
const FIRST_WAIT_MS = 800;
const LONGEST_WAIT_MS = 5_000;

/** A random v4 UUID; `crypto.randomUUID` is missing on pages without https. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * Writes a new request down, ready to be sent.
 *
 * @param {Omit<SosRequest, "request_id">} body
 * @returns {SosRequest}
 */
export function prepareSos(body) {
  const request = { request_id: uuid(), ...body };
  write(PENDING, request);
  return request;
}

/** The request that was being sent when the page was left, if any. */
export function pendingSos() {
  return /** @type {SosRequest | null} */ (read(PENDING));
}

/** The incident that this page follows, if any. */
export function openSos() {
  return /** @type {SosAnswer | null} */ (read(OPEN));
}

/** The page no longer follows anything. */
export function leaveSos() {
  write(PENDING, null);
  write(OPEN, null);
}

/**
 * Sends until answered. Only a refusal that no repetition will cure ends it.
 *
 * @param {SosRequest} request
 * @param {(attempt: number, why: "unreachable" | "busy") => void} onRetry before each further try
 * @returns {Promise<SosAnswer>}
 * @throws {Refusal} the request itself is at fault
 */
export async function sendSos(request, onRetry) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = /** @type {SosAnswer} */ (await ask("POST", "/v1/sos", { body: request }));
      write(OPEN, answer);
      write(PENDING, null);
      return answer;
    } catch (error) {
      if (error instanceof Refusal && !error.passing) {
        write(PENDING, null);
        throw error;
      }
      onRetry(attempt, error instanceof Refusal ? "busy" : "unreachable");
      await pause(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 1.6 ** (attempt - 1)));
    }
  }
}

/**
 * Waits; less when the network comes back meanwhile.
 *
 * @param {number} ms
 * @returns {Promise<void>}
 */
function pause(ms) {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      window.removeEventListener("online", wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    window.addEventListener("online", wake);
  });
}

/** @param {string} key */
function read(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {unknown} value null removes it
 */
function write(key, value) {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Without storage the call still goes out; only a reload would lose it.
  }
}
