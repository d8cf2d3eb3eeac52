/** Reaching a phone that has no socket: the channels, the test of them, what is pushed, and what could not be sent. */

import type { AlertMessage } from "./alerts.d.ts";
import type { Language, Maybe } from "./values.d.ts";

export type Channel = "socket" | "web_push" | "webhook";

/** A test alert under way, as the service answers who started it. */
export interface TestAlert {
  test_id: string;
  channels: { channel: Channel; state: "sent" | "queued" | "no_session" | "not_subscribed" | "no_phone" | "not_configured" }[];
}

export interface TestAlertMessage {
  type: "test_alert";
  seq?: number;
  test_id: string;
  sent_at: string;
}

export interface TestResultMessage {
  type: "test_result";
  test_id: string;
  channel: Channel;
  delay_s: number;
}

/** What the service worker decrypts from a push. `alert` may be shortened: then it lacks the area, the kind and the AED. */
export interface PushedMessage {
  type: "alert" | "test_alert" | "stand_down" | "assignment" | "nudge";
  alert_id?: string;
  title: string;
  text: string;
  language: Language;
  receipt: string;
  useful_until: string;
  alert?: Partial<AlertMessage> & Pick<AlertMessage, "alert_id" | "incident_id" | "role" | "respond_by" | "drill">;
  test_id?: string;
  sent_at?: string;
}

/** What the service worker tells the responder's page. */
export type WorkerMessage =
  | { type: "pushed"; message: PushedMessage }
  | { type: "opened"; message: PushedMessage }
  | { type: "resubscribe" };

export interface DeadLetter {
  id: string;
  channel: Channel;
  kind: string;
  responder_id: string;
  responder_name: string;
  service: string;
  incident_id: Maybe<string>;
  alert_id: Maybe<string>;
  test_id: Maybe<string>;
  created_at: string;
  useful_until: string;
  died_at: string;
  attempts: number;
  error: Maybe<string>;
}
