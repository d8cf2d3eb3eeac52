/** Letting this phone be told of work orders by its browser's push service; and the worker that opens the page offline. */

import { Waking } from "../waking.js";

/** @typedef {import("../waking.js").WakingState} AlertState */

/** @type {import("../waking.js").WakingOf} */
const CUSTODIAN = {
  worker: "/custodian-worker.js",
  scope: "/custodian",
  subscription: "/v1/custodians/me/push-subscription",
};
/** As the worker calls it. */
const KEPT = "custodian-page";

export class PhoneAlerts extends Waking {
  /**
   * @param {() => string} token
   * @param {{ onChange: () => void, onPushed: () => void }} handlers
   */
  constructor(token, { onChange, onPushed }) {
    super(token, CUSTODIAN, { onChange, onMessage: onPushed });
  }

  /** Brings the newest worker: the page then opens without a network, too. */
  async prepare() {
    if (!("serviceWorker" in navigator) || !window.isSecureContext) return;
    try {
      await navigator.serviceWorker.register(CUSTODIAN.worker, { scope: CUSTODIAN.scope });
      // What this visit loaded before there was a worker: from now on the worker keeps it up to date.
      const parts = performance.getEntriesByType("resource").map(({ name }) => new URL(name)).filter(({ origin, pathname }) => origin === location.origin && pathname.startsWith("/web/"));
      const kept = await caches.open(KEPT);
      await kept.addAll([...new Set(parts.map(({ pathname }) => pathname)), CUSTODIAN.scope, "/v1/page-settings"]);
    } catch {
      // Without it the page needs a network to open.
    }
  }
}
