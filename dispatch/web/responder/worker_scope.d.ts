/** What the service worker uses of its global scope: the pages' own types are those of a window. */

export interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}

export interface Pushed extends Extendable {
  data: { json(): unknown } | null;
}

export interface Clicked extends Extendable {
  notification: Notification;
}

/** What a page asks of its worker. */
export interface Asked extends Extendable {
  data: { type: "hush"; alert_id: string } | null;
}

/** A page of ours that is open. */
export interface OpenPage {
  url: string;
  visibilityState: DocumentVisibilityState;
  focus(): Promise<OpenPage>;
  postMessage(message: import("../contract/waking.d.ts").WorkerMessage): void;
}

export interface WorkerScope {
  registration: ServiceWorkerRegistration;
  clients: {
    claim(): Promise<void>;
    matchAll(options: { type: "window"; includeUncontrolled: boolean }): Promise<OpenPage[]>;
    openWindow(url: string): Promise<OpenPage | null>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate" | "pushsubscriptionchange", listener: (event: Extendable) => void): void;
  addEventListener(type: "push", listener: (event: Pushed) => void): void;
  addEventListener(type: "notificationclick", listener: (event: Clicked) => void): void;
  addEventListener(type: "message", listener: (event: Asked) => void): void;
}
