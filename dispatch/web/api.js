/** Questions to the service over HTTP, and what can go wrong with them. */

import { learnServerTime } from "./clock.js";

/** @typedef {import("./contract/service.d.ts").Problem} Problem */

const TIMEOUT_MS = 10_000;

/** The service said no, and why. */
export class Refusal extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail || problem.title || `HTTP ${problem.status}`);
    this.problem = problem;
    this.status = problem.status;
    this.code = problem.code ?? "";
  }

  /** Whether the same question may do better later: the service is busy, starting or ill. */
  get passing() {
    return this.status === 429 || this.status >= 500;
  }
}

/** The service could not be reached, or did not answer in time. */
export class Unreachable extends Error {}

/**
 * Asks the service.
 *
 * @template T
 * @param {"GET" | "POST" | "PUT" | "PATCH" | "DELETE"} method
 * @param {string} path
 * @param {{ token?: string, body?: unknown, signal?: AbortSignal }} [options]
 * @returns {Promise<T>}
 * @throws {Refusal | Unreachable}
 */
export async function ask(method, path, options = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (options.token) headers.Authorization = `Bearer ${options.token}`;
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  const signals = [AbortSignal.timeout(TIMEOUT_MS)];
  if (options.signal) signals.push(options.signal);
  const sent_ms = Date.now();
  let response;
  let text;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: AbortSignal.any(signals),
      cache: "no-store",
    });
    text = await response.text();
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Unreachable(String(error));
  }
  const at = response.headers.get("Dispatch-Time");
  if (at) learnServerTime(at, sent_ms, Date.now());
  if (!response.ok) throw new Refusal({ ...readProblem(text), status: response.status });
  return /** @type {T} */ (text ? JSON.parse(text) : undefined);
}

/**
 * @param {string} text
 * @returns {Partial<Problem>}
 */
function readProblem(text) {
  try {
    const problem = JSON.parse(text);
    return typeof problem === "object" && problem !== null ? problem : {};
  } catch {
    return {}; // a proxy's HTML page: the status alone must do
  }
}

/** @type {Promise<import("./contract/service.d.ts").PageSettings> | undefined} */
let settings;

/**
 * What the pages need to know of the service: base map, centre, emergency number. Asked once; a failure is not remembered.
 *
 * @returns {Promise<import("./contract/service.d.ts").PageSettings>}
 */
export function pageSettings() {
  settings ??= ask("GET", "/v1/page-settings").catch((error) => {
    settings = undefined;
    throw error;
  });
  return settings;
}
