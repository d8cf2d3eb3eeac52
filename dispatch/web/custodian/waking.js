/** Letting this phone be told of work orders by its browser's push service; and the worker that opens the page offline. */

import { ask } from "../api.js";

/** @typedef {"unsupported" | "blocked" | "off" | "busy" | "failed" | "on"} AlertState */

const WORKER = "/custodian-worker.js";
const SCOPE = "/custodian";
/** As the worker calls it. */
const KEPT = "custodian-page";
const SUBSCRIPTION = "/v1/custodians/me/push-subscription";

export class PhoneAlerts {
  /** @type {AlertState} until it is known, nobody can turn it */
  state = "busy";
  /** Counts what was begun: what an older look finds out is not how things stand after a newer one. */
  #begun = 0;

  /**
   * @param {() => string} token
   * @param {{ onChange: () => void, onPushed: () => void }} handlers
   */
  constructor(token, { onChange, onPushed }) {
    this.token = token;
    this.onChange = onChange;
    if (!("serviceWorker" in navigator)) return;
    navigator.serviceWorker.addEventListener("message", (event) => {
      if (event.data?.type === "resubscribe") void this.turnOn();
      else onPushed();
    });
  }

  /** Why this browser cannot be woken, or null when it can. */
  get obstacle() {
    // On an iPhone only a page on the Home Screen has push, and only such a page is `standalone`.
    if ("standalone" in navigator && navigator.standalone === false) return "home_screen";
    if (!window.isSecureContext) return "insecure";
    return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window ? null : "unsupported";
  }

  /** Brings the newest worker: the page then opens without a network, too. */
  async prepare() {
    if (!("serviceWorker" in navigator) || !window.isSecureContext) return;
    try {
      await navigator.serviceWorker.register(WORKER, { scope: SCOPE });
      // What this visit loaded before there was a worker: from now on the worker keeps it up to date.
      const parts = performance.getEntriesByType("resource").map(({ name }) => new URL(name)).filter(({ origin, pathname }) => origin === location.origin && pathname.startsWith("/web/"));
      const kept = await caches.open(KEPT);
      await kept.addAll([...new Set(parts.map(({ pathname }) => pathname)), SCOPE, "/v1/page-settings"]);
    } catch {
      // Without it the page needs a network to open.
    }
  }

  /** Looks at how things stand; a subscription that is there is told to the service again. */
  async look() {
    const begun = ++this.#begun;
    if (this.obstacle) return this.#become("unsupported", begun);
    if (Notification.permission === "denied") return this.#become("blocked", begun);
    try {
      const registration = await navigator.serviceWorker.getRegistration(SCOPE);
      const subscription = Notification.permission === "granted" ? await registration?.pushManager.getSubscription() : null;
      if (!subscription) return this.#become("off", begun);
      await this.#subscribe(begun);
    } catch {
      this.#become("failed", begun);
    }
  }

  /** Asks for permission if need be; has to be called from a touch. */
  async turnOn() {
    const begun = this.#turn();
    if (this.obstacle) return this.#become("unsupported", begun);
    try {
      const permission = await Notification.requestPermission();
      if (permission !== "granted") return this.#become(permission === "denied" ? "blocked" : "off", begun);
      await this.#subscribe(begun);
    } catch {
      this.#become("failed", begun);
    }
  }

  /** Gives the subscription up, here and with the service. */
  async turnOff() {
    const begun = this.#turn();
    if (this.obstacle) return this.#become("unsupported", begun);
    try {
      const registration = await navigator.serviceWorker.getRegistration(SCOPE);
      const subscription = await registration?.pushManager.getSubscription();
      if (subscription) {
        const { endpoint } = subscription;
        await subscription.unsubscribe();
        await ask("DELETE", SUBSCRIPTION, { token: this.token(), body: { endpoint } });
      }
    } catch {
      // Once unsubscribed here, the push service tells the service that it is gone.
    }
    this.#become("off", begun);
  }

  /** @param {number} begun */
  async #subscribe(begun) {
    await navigator.serviceWorker.register(WORKER, { scope: SCOPE });
    const { pushManager } = await navigator.serviceWorker.ready;
    const { public_key } = /** @type {{ public_key: string }} */ (await ask("GET", "/v1/push/key"));
    const key = bytesOf(public_key);
    let subscription = await pushManager.getSubscription();
    if (subscription && !isFor(subscription, key)) {
      await subscription.unsubscribe();
      subscription = null;
    }
    subscription ??= await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    // Given up meanwhile.
    if (begun !== this.#begun) return;
    const { endpoint, keys } = subscription.toJSON();
    await ask("PUT", SUBSCRIPTION, { token: this.token(), body: { endpoint, keys } });
    this.#become("on", begun);
  }

  #turn() {
    const begun = ++this.#begun;
    this.#become("busy", begun);
    return begun;
  }

  /** @param {AlertState} state @param {number} begun */
  #become(state, begun) {
    if (begun !== this.#begun) return;
    this.state = state;
    this.onChange();
  }
}

/**
 * @param {string} text base64url
 * @returns {Uint8Array<ArrayBuffer>}
 */
function bytesOf(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

/**
 * Whether the service with this key may send to it: its key changes when its data folder is lost.
 *
 * @param {PushSubscription} subscription
 * @param {Uint8Array} key
 */
function isFor(subscription, key) {
  const theirs = subscription.options.applicationServerKey;
  return theirs === null || String(new Uint8Array(theirs)) === String(key);
}
