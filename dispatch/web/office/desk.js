/** What every room of the office needs: to ask the service, and to know who owns what. */

import { ask, Refusal, Unreachable } from "../api.js";
import { language, word, wordFor } from "../language.js";

/** @typedef {import("../contract/owners.d.ts").Owner} Owner */
/** @typedef {import("../contract/owners.d.ts").Custodian} Custodian */

const MOST_SUGGESTED = 500;
const UPLOAD_WITHIN_MS = 180_000;

export class Desk {
  /** @type {Promise<Owner[]> | null} */
  #owners = null;

  /**
   * @param {string} token
   * @param {{ onSpent: (why: string) => void }} handlers
   */
  constructor(token, handlers) {
    this.token = token;
    this.handlers = handlers;
  }

  /**
   * @template T
   * @param {"GET" | "POST" | "PUT" | "PATCH" | "DELETE"} method
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<T>}
   * @throws {Refusal | Unreachable}
   */
  async ask(method, path, body) {
    const { token } = this;
    try {
      return await ask(method, path, { token, ...(body === undefined ? {} : { body }) });
    } catch (error) {
      this.#look(error, token);
      throw error;
    }
  }

  /**
   * Sends a file with its fields.
   *
   * @template T
   * @param {string} path
   * @param {FormData} form
   * @returns {Promise<T>}
   * @throws {Refusal | Unreachable}
   */
  async send(path, form) {
    const { token } = this;
    const answer = await this.#fetched(path, { method: "POST", body: form });
    const read = await answer.json().catch(() => ({}));
    if (answer.ok) return /** @type {T} */ (read);
    const refusal = new Refusal({ ...read, status: answer.status });
    this.#look(refusal, token);
    throw refusal;
  }

  /**
   * Fetches a file and hands it to the browser to be kept: a link could not carry the token.
   *
   * @param {string} path
   * @param {string} name
   */
  async download(path, name) {
    const answer = await this.#fetched(path, { method: "GET" });
    if (!answer.ok) throw new Refusal({ ...(await answer.json().catch(() => ({}))), status: answer.status });
    const address = URL.createObjectURL(await answer.blob());
    const link = document.createElement("a");
    [link.href, link.download] = [address, name];
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  }

  /** @param {string} path @param {RequestInit} request */
  async #fetched(path, request) {
    try {
      return await fetch(path, { ...request, headers: { Accept: "application/json", Authorization: `Bearer ${this.token}` }, signal: AbortSignal.timeout(UPLOAD_WITHIN_MS), cache: "no-store" });
    } catch (error) {
      throw new Unreachable(String(error));
    }
  }

  /** The tree of owners, parents before their children; asked for once. */
  owners() {
    this.#owners ??= this.ask("GET", "/v1/owners").then((answer) => /** @type {{ owners: Owner[] }} */ (answer).owners).catch((error) => {
      this.#owners = null;
      throw error;
    });
    return this.#owners;
  }

  /** They have changed. */
  forgetOwners() {
    this.#owners = null;
  }

  /** Whom one is likely to name: the first few hundred custodians, and nobody while they cannot be had. @returns {Promise<Custodian[]>} */
  async custodians() {
    const answer = await this.ask("GET", `/v1/custodians?limit=${MOST_SUGGESTED}`).catch(() => ({ custodians: [] }));
    return /** @type {{ custodians: Custodian[] }} */ (answer).custodians;
  }

  /** @param {unknown} error @param {string} token that it was asked with: a slow answer says nothing against a newer one */
  #look(error, token) {
    if (!(error instanceof Refusal) || token !== this.token) return;
    if (error.status === 401) this.handlers.onSpent(word("refused.bad_token"));
    if (error.status === 403) this.handlers.onSpent(word("office.wrong_role"));
  }
}

/**
 * How deep an owner stands, for drawing the tree as a list.
 *
 * @param {Owner[]} owners
 * @returns {Map<string, number>}
 */
export function depths(owners) {
  /** @type {Map<string, number>} */
  const found = new Map();
  for (const owner of owners) found.set(owner.id, owner.parent_id ? (found.get(owner.parent_id) ?? -1) + 1 : 0);
  return found;
}

/**
 * Owners to choose from, each as far in as it stands in the tree.
 *
 * @param {Owner[]} owners
 * @param {string} none what it is called to choose nobody
 * @returns {[value: string, label: string][]}
 */
export function ownerChoices(owners, none = "–") {
  const deep = depths(owners);
  return [["", none], .../** @type {[string, string][]} */ (owners.map(({ id, name }) => [id, `${"　".repeat(deep.get(id) ?? 0)}${name}`]))];
}

/**
 * What is wrong, by the field at fault; under "" what concerns none.
 *
 * @param {unknown} error
 * @param {(error: unknown) => string} inWords
 * @returns {Record<string, string>}
 */
export function problemsByField(error, inWords) {
  const named = error instanceof Refusal ? (error.problem.errors ?? []).filter(({ field }) => field) : [];
  return named.length ? Object.fromEntries(named.map(({ field, problem }) => [field, problemAt(field, problem)])) : { "": inWords(error) };
}

/** What the service says in a programmer's words: nobody else can read it in any language. */
const FOR_PROGRAMMERS = /^(String should|Value error|Input should)/;

/**
 * What is wrong with a field, in the page's language. The service's own words are English, and say more.
 *
 * @param {string} field
 * @param {string} problem
 */
function problemAt(field, problem) {
  if (problem === "Field required") return word("wrong.required");
  const name = field.split(".").at(-1) ?? "";
  return language() === "zh" || FOR_PROGRAMMERS.test(problem) ? wordFor("wrong", name.endsWith("_on") ? "day" : name, problem) : problem;
}
