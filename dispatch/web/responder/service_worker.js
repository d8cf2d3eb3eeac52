/**
 * Wakes the phone: shows a pushed alert, and in its place what follows it, says at once that it is here, and opens the
 * responder's page when it is tapped.
 *
 * Served at `/responder-worker.js`, so that its scope can be the responder's page. It has no login and needs none: what
 * it says goes by the receipt inside the encrypted push.
 */

const worker = /** @type {import("./worker_scope.d.ts").WorkerScope} */ (/** @type {unknown} */ (self));

/** @typedef {import("../contract/waking.d.ts").PushedMessage} PushedMessage */

const PAGE = "/responder";
/** A phone that has just woken may need a moment for its network. */
const TRY_AGAIN_AFTER_MS = [500, 2_000, 6_000];
/** @type {ReadonlySet<string>} What nobody has to do anything about. */
const ASKS_NOTHING = new Set(["test_alert", "stand_down"]);
const PATTERN = [400, 150, 400, 150, 400, 150, 800];

/** The last notification that was put up, or is being. */
let displayed = Promise.resolve();

worker.addEventListener("install", (event) => event.waitUntil(worker.skipWaiting()));
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("push", (event) => {
  const message = read(event.data);
  // Even what cannot be read must show: a browser that is woken for nothing takes the permission away.
  if (!message) return event.waitUntil(worker.registration.showNotification("急救警报 · Emergency alert", { tag: "unreadable" }));
  displayed = show(message);
  // A page that hears of it may look at once for what is shown: it hears once it is.
  event.waitUntil(Promise.all([displayed.finally(() => tell({ type: "pushed", message })), confirm(message.receipt)]));
});

worker.addEventListener("message", (event) => {
  if (event.data?.type === "hush") event.waitUntil(hush(event.data.alert_id));
});

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data));
});

// The browser has given the subscription up: only a signed-in page can tell the service of a new one.
worker.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew()));

/**
 * @param {{ json(): unknown } | null} data
 * @returns {PushedMessage | null}
 */
function read(data) {
  try {
    const message = /** @type {PushedMessage} */ (data?.json());
    return typeof message?.title === "string" && typeof message.receipt === "string" ? message : null;
  } catch {
    return null;
  }
}

/** @param {PushedMessage} message */
async function show(message) {
  const urgent = !ASKS_NOTHING.has(message.type) && Date.parse(message.useful_until) > Date.now();
  const seen = (await pages()).some((page) => page.visibilityState === "visible");
  const options = {
    body: message.text,
    lang: message.language === "zh" ? "zh-CN" : "en",
    tag: aboutAlert(message) ?? message.test_id ?? "alert",
    icon: "/web/icon.svg",
    data: message,
    // The page in view rings by itself.
    silent: seen || (message.type === "alert" && !urgent),
    requireInteraction: urgent,
    renotify: true,
    ...(seen ? {} : { vibrate: PATTERN }),
  };
  await worker.registration.showNotification(message.title, options);
}

/**
 * The alert that a message is about: what comes later, to the end of it, takes the place of what is shown.
 *
 * @param {PushedMessage} message
 */
function aboutAlert(message) {
  return message.alert_id ?? message.alert?.alert_id;
}

/**
 * Takes away what is shown of an alert that is answered or over: not while one is being put up, for whoever asks Chromium for
 * its notifications just then may have it forget that one.
 *
 * @param {string} alert_id
 */
async function hush(alert_id) {
  await displayed.catch(() => undefined);
  for (const shown of await worker.registration.getNotifications({ tag: alert_id })) shown.close();
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

/** The responder's pages that are open. */
async function pages() {
  const all = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  return all.filter((page) => new URL(page.url).pathname === PAGE);
}

/** @param {import("../contract/waking.d.ts").WorkerMessage} message */
async function tell(message) {
  for (const page of await pages()) page.postMessage(message);
}

/** @param {PushedMessage | undefined} message what the tapped notification was about */
async function open(message) {
  const [there] = await pages();
  const page = there ? await there.focus() : await worker.clients.openWindow(PAGE);
  if (message) page?.postMessage({ type: "opened", message });
}

async function renew() {
  if ((await pages()).length > 0) return tell({ type: "resubscribe" });
  await worker.registration.showNotification("请打开救护员页面 · Open the responder page", {
    body: "这部手机可能无法再被唤醒。 · This phone may not be woken any more.", tag: "resubscribe",
  });
}
