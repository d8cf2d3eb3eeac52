"""A phone's push service without the internet: the subscription is a stand-in, everything behind it is real.

The browser would subscribe with its maker's push service. Here `subscribe` answers with the keys of a `Device` of ours
and an endpoint on this machine; what the service sends there is decrypted and handed to the browser's service worker.
"""

import json
import time
from typing import Any

from playwright.sync_api import CDPSession, Page

from tests.push.receiving import Device, Listener

_WITHIN_S = 15.0

# As Chromium's own, as far as the page uses it; one subscription a browser, kept over reloads.
_STAND_IN = """
(() => {
  const KEY = "stand-in-subscription";
  const made = (options) => ({
    endpoint: ENDPOINT,
    options,
    toJSON: () => ({ endpoint: ENDPOINT, keys: KEYS }),
    unsubscribe: async () => { localStorage.removeItem(KEY); return true; },
  });
  PushManager.prototype.subscribe = async (options) => {
    const { userVisibleOnly, applicationServerKey } = options;
    if (!userVisibleOnly || applicationServerKey.length !== 65) throw new Error("not as a browser takes it");
    localStorage.setItem(KEY, "there");
    return made(options);
  };
  PushManager.prototype.getSubscription = async () =>
    localStorage.getItem(KEY) ? made({ applicationServerKey: null }) : null;
})();
"""


# A browser opens a window only for a real tap, which nobody can give here: the test opens it, as the browser would.
_TAP = """
async () => {
  const [notification] = await registration.getNotifications();
  const isThere = (url) => (page) => new URL(page.url).pathname === url;
  clients.openWindow = async (url) => {
    self.asked = url;
    for (;;) {
      const page = (await clients.matchAll({ type: "window", includeUncontrolled: true })).find(isThere(url));
      if (page) return page;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  WindowClient.prototype.focus = async function () { self.focused = this.url; return this; };
  const tap = new NotificationEvent("notificationclick", { notification });
  Object.defineProperty(tap, "waitUntil", { value: () => undefined });
  self.dispatchEvent(tap);
}
"""


class Phone:
    """One browser's push service and subscription."""

    def __init__(self, listener: Listener) -> None:
        self.device = Device()
        self.endpoint = f"{listener.origin}/phone"
        self._listener = listener
        self._registrations: dict[str, str] = {}
        self._session: CDPSession | None = None
        self._displayed = 0

    def prepare(self, page: Page) -> None:
        """Before the page loads: its browser subscribes here."""
        script = f"const ENDPOINT = {json.dumps(self.endpoint)}; const KEYS = {json.dumps(self.device.keys)};"
        page.add_init_script(f"{{ {script} {_STAND_IN} }}")

    def pushed(self) -> dict[str, Any]:
        """The next message that the service sends, decrypted."""
        read: dict[str, Any] = json.loads(self.device.decrypt(self._listener.next(_WITHIN_S).body))
        return read

    def deliver(self, page: Page, message: dict[str, Any] | str) -> None:
        """Hand a message to the service worker, as the browser does with what its push service brings.

        Ends when the notification is on display. Whoever asks Chromium for its notifications before that may have it
        forget one: it finds out what is on display, reads its list, and strikes off what came on the list in between.
        """
        data = message if isinstance(message, str) else json.dumps(message)
        session, displayed = self._connect(page), self._displayed
        session.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": page.evaluate("location.origin"), "registrationId": self._registration(page), "data": data},
        )
        give_up_at = time.monotonic() + _WITHIN_S
        while self._displayed == displayed and time.monotonic() < give_up_at:
            page.evaluate("1")  # lets the driver hear what has come

    def shown(self, page: Page) -> list[dict[str, Any]]:
        """The notifications that the phone shows."""
        found: list[dict[str, Any]] = page.evaluate(
            """async () => {
              const registration = await navigator.serviceWorker.getRegistration("/responder");
              const shown = (await registration?.getNotifications()) ?? [];
              return shown.map(({ title, body, lang, silent, tag }) => ({ title, body, lang, silent, tag }));
            }"""
        )
        return found

    def tap(self, page: Page) -> Page:
        """Tap the notification; the responder's page, opened or as it was."""
        (worker,) = page.context.service_workers
        worker.evaluate(_TAP)
        if worker.evaluate("self.focused ?? null"):
            return page
        give_up_at = time.monotonic() + _WITHIN_S
        while (asked := worker.evaluate("self.asked ?? null")) is None and time.monotonic() < give_up_at:
            pass
        opened = page.context.new_page()
        opened.goto(asked)
        return opened

    def _connect(self, page: Page) -> CDPSession:
        if self._session is None:
            self._session = page.context.new_cdp_session(page)
            self._session.on("ServiceWorker.workerRegistrationUpdated", self._note)
            self._session.send("ServiceWorker.enable")
            self._session.on("BackgroundService.backgroundServiceEventReceived", self._note_shown)
            self._session.send("BackgroundService.startObserving", {"service": "notifications"})
            self._session.send("BackgroundService.setRecording", {"service": "notifications", "shouldRecord": True})
        return self._session

    def _note(self, event: dict[str, Any]) -> None:
        for each in event["registrations"]:
            self._registrations[each["scopeURL"]] = each["registrationId"]

    def _note_shown(self, event: dict[str, Any]) -> None:
        self._displayed += event["backgroundServiceEvent"]["eventName"] == "Notification displayed"

    def _registration(self, page: Page) -> str:
        scope = page.evaluate("location.origin") + "/responder"
        give_up_at = time.monotonic() + _WITHIN_S
        while scope not in self._registrations and time.monotonic() < give_up_at:
            page.evaluate("1")  # lets the driver hear what has come
        return self._registrations[scope]
