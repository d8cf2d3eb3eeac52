/** What the custodian's service worker uses of its global scope, beside what any of ours does. */

import type { Clicked, Extendable, Pushed } from "../responder/worker_scope.d.ts";

export interface Fetched extends Extendable {
  request: Request;
  respondWith(answer: Promise<Response>): void;
}

/** A page of ours that is open. */
export interface OpenPage {
  url: string;
  visibilityState: DocumentVisibilityState;
  focus(): Promise<OpenPage>;
  postMessage(message: { type: "pushed" | "resubscribe" }): void;
}

export interface CustodianWorkerScope {
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
  addEventListener(type: "fetch", listener: (event: Fetched) => void): void;
}
