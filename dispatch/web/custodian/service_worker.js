/**
 * Opens the custodian's page where there is no network, and shows what is pushed: new and overdue work orders.
 *
 * Served at `/custodian-worker.js`, so that its scope can be the page. What the page is made of comes from the network
 * whenever there is one, and from the copy kept at the last time otherwise; what the service says is never kept here.
 */

// A worker's file is no module in every browser: what it names stays in here.
(() => {
  const worker = /** @type {import("./worker_scope.d.ts").CustodianWorkerScope} */ (/** @type {unknown} */ (self));

  /** @typedef {{ title: string, text: string, language: string, receipt: string, useful_until: string, type: string }} PushedOrder */

  const PAGE = "/custodian";
  const KEPT = "custodian-page";
  const PATIENCE_MS = 3_000;
  const TRY_AGAIN_AFTER_MS = [500, 2_000, 6_000];

  worker.addEventListener("install", (event) => event.waitUntil(Promise.all([worker.skipWaiting(), keepPage()])));
  worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

  worker.addEventListener("fetch", (event) => {
    const { pathname, origin } = new URL(event.request.url);
    if (event.request.method !== "GET" || origin !== location.origin) return;
    if (pathname === PAGE || pathname.startsWith("/web/") || pathname === "/v1/page-settings") event.respondWith(newestOf(event.request));
  });

  worker.addEventListener("push", (event) => {
    const message = read(event.data);
    // Even what cannot be read must show: a browser that is woken for nothing takes the permission away.
    if (!message) return event.waitUntil(worker.registration.showNotification("AED 工单 · AED work order", { tag: "unreadable" }));
    // A page that hears of it may look at once for what is shown: it hears once it is.
    event.waitUntil(Promise.all([show(message).finally(tell), confirm(message.receipt)]));
  });

  worker.addEventListener("notificationclick", (event) => {
    event.notification.close();
    event.waitUntil(open());
  });

  // The browser has given the subscription up: only a signed-in page can tell the service of a new one.
  worker.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew()));

  /** The page itself, so that it is there from the first visit on; its parts follow as they are asked for. */
  async function keepPage() {
    const kept = await caches.open(KEPT);
    await kept.add(PAGE).catch(() => undefined);
  }

  /**
   * From the network if it answers in time, else as it was kept.
   *
   * @param {Request} request
   * @returns {Promise<Response>}
   */
  async function newestOf(request) {
    const kept = await caches.open(KEPT);
    // The page is the same, whatever stands behind the `#` or the `?`.
    const key = new URL(request.url).pathname;
    const fresh = fetch(request).then((answer) => {
      if (answer.ok) void kept.put(key, answer.clone());
      return answer;
    });
    const last = await kept.match(key);
    if (!last) return fresh;
    const held = timeless(last);
    const late = new Promise((resolve) => setTimeout(() => resolve(held), PATIENCE_MS));
    return /** @type {Promise<Response>} */ (Promise.race([fresh.catch(() => held), late]));
  }

  /**
   * A kept answer without the time at which it was given: the page must not take that for what time it is.
   *
   * @param {Response} answer
   */
  function timeless(answer) {
    const headers = new Headers(answer.headers);
    headers.delete("Dispatch-Time");
    return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
  }

  /**
   * @param {{ json(): unknown } | null} data
   * @returns {PushedOrder | null}
   */
  function read(data) {
    try {
      const message = /** @type {PushedOrder} */ (data?.json());
      return typeof message?.title === "string" && typeof message.receipt === "string" ? message : null;
    } catch {
      return null;
    }
  }

  /** @param {PushedOrder} message */
  async function show(message) {
    await worker.registration.showNotification(message.title, /** @type {NotificationOptions} */ ({
      body: message.text,
      lang: message.language === "zh" ? "zh-CN" : "en",
      // The newest says how much there is to do in all: it takes the place of the one before.
      tag: message.type,
      renotify: true,
      icon: "/web/icon.svg",
      data: message,
    }));
  }

  /**
   * Says that it is here.
   *
   * @param {string} receipt
   */
  async function confirm(receipt) {
    for (const pause_ms of [0, ...TRY_AGAIN_AFTER_MS]) {
      if (pause_ms) await new Promise((resolve) => setTimeout(resolve, pause_ms));
      try {
        const answer = await fetch("/v1/push/receipts", {
          method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ receipt }), keepalive: true,
        });
        // A receipt that the service refuses it will refuse again.
        if (answer.ok || (answer.status < 500 && answer.status !== 429)) return;
      } catch {
        // No network yet.
      }
    }
  }

  /** The custodian's pages that are open. */
  async function pages() {
    const all = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
    return all.filter((page) => new URL(page.url).pathname === PAGE);
  }

  async function tell() {
    for (const page of await pages()) page.postMessage({ type: "pushed" });
  }

  async function open() {
    const [there] = await pages();
    if (there) await there.focus();
    else await worker.clients.openWindow(PAGE);
  }

  async function renew() {
    const open = await pages();
    for (const page of open) page.postMessage({ type: "resubscribe" });
    if (open.length) return;
    await worker.registration.showNotification("请打开机长页面 · Open the AED custodian page", {
      body: "这部手机可能收不到新工单的通知了。 · This phone may not be told of new work orders any more.", tag: "resubscribe",
    });
  }
})();
