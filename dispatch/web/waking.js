/** Letting this phone be woken by its browser's push service while the page is closed. */

import { ask } from "./api.js";

/** @typedef {import("./contract/waking.d.ts").WorkerMessage} WorkerMessage */
/** @typedef {"unsupported" | "blocked" | "off" | "busy" | "failed" | "on"} WakingState */

/**
 * The worker that is woken, the page that it belongs to, and where the service is told of the subscription.
 *
 * @typedef {{ worker: string, scope: string, subscription: string }} WakingOf
 */

export class Waking {
  /** @type {WakingState} until it is known, nobody can turn it */
  state = "busy";
  #isTurning = false;
  /** Counts looks and turns: what an older one finds out is not how things stand after a newer one. */
  #begun = 0;

  /**
   * @param {() => string} token
   * @param {WakingOf} of
   * @param {{ onChange: () => void, onMessage: (message: WorkerMessage) => void }} handlers
   */
  constructor(token, of, { onChange, onMessage }) {
    this.token = token;
    this.of = of;
    this.onChange = onChange;
    // Permission may have been given or taken back in the browser's settings meanwhile.
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && this.token()) void this.look();
    });
    if (!("serviceWorker" in navigator)) return;
    navigator.serviceWorker.addEventListener("message", (event) => {
      if (event.data?.type === "resubscribe") void this.turnOn();
      else onMessage(event.data);
    });
  }

  /** Why this browser cannot, or null when it can. */
  get obstacle() {
    // On an iPhone only a page on the Home Screen has push, and only such a page is `standalone`.
    if ("standalone" in navigator && navigator.standalone === false) return "home_screen";
    if (!window.isSecureContext) return "insecure";
    return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window ? null : "unsupported";
  }

  /** Looks at how things stand; a subscription that is there is told to the service again: it keeps those used last. */
  async look() {
    if (this.#isTurning) return;
    const begun = this.#begin();
    if (this.obstacle) return this.#become("unsupported", begun);
    if (Notification.permission === "denied") return this.#become("blocked", begun);
    try {
      const registration = await navigator.serviceWorker.getRegistration(this.of.scope);
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

  /** Gives the subscription up, here and with the service; whoever signs out must not be woken on this phone. */
  async turnOff() {
    const begun = this.#turn();
    if (this.obstacle) return this.#become("unsupported", begun);
    await this.#unsubscribe();
    this.#become("off", begun);
  }

  async #unsubscribe() {
    try {
      const registration = await navigator.serviceWorker.getRegistration(this.of.scope);
      const subscription = await registration?.pushManager.getSubscription();
      if (!subscription) return;
      const { endpoint } = subscription;
      await subscription.unsubscribe();
      await ask("DELETE", this.of.subscription, { token: this.token(), body: { endpoint } });
    } catch {
      // Once unsubscribed here, the push service tells the service that it is gone.
    }
  }

  /**
   * Has the worker take away what is shown of an alert that is answered or over: it knows when one is just being put up.
   *
   * @param {string} alert_id
   */
  async hush(alert_id) {
    if (this.obstacle) return;
    const registration = await navigator.serviceWorker.getRegistration(this.of.scope).catch(() => undefined);
    registration?.active?.postMessage({ type: "hush", alert_id });
  }

  /** @param {number} begun */
  async #subscribe(begun) {
    // Registering again is what brings a newer worker.
    await navigator.serviceWorker.register(this.of.worker, { scope: this.of.scope });
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
    await ask("PUT", this.of.subscription, { token: this.token(), body: { endpoint, keys } });
    this.#become("on", begun);
  }

  #begin() {
    this.#begun += 1;
    return this.#begun;
  }

  #turn() {
    const begun = this.#begin();
    this.#become("busy", begun);
    this.#isTurning = true;
    return begun;
  }

  /**
   * @param {WakingState} state
   * @param {number} begun
   */
  #become(state, begun) {
    if (begun !== this.#begun) return;
    this.state = state;
    this.#isTurning = false;
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
