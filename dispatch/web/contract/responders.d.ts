/** A first-aider, and what they are on right now. */

import type { AlertMessage, AssignmentMessage } from "./alerts.d.ts";
import type { Language, Location, Maybe } from "./values.d.ts";

export type Mode = "walk" | "run" | "bike" | "ebike" | "car";

export interface Responder {
  id: string;
  name: string;
  phone?: Maybe<string>;
  certificate: { number: string; expires_on: string; valid: boolean };
  mode: Mode;
  language?: Maybe<Language>;
  on_duty: boolean;
  location?: Maybe<Location>;
  fix_at?: Maybe<string>;
  created_at: string;
}

export interface ProvenChannel {
  channel: "web_push" | "webhook";
  proven: boolean;
  proven_at?: Maybe<string>;
  devices?: Maybe<number>;
}

export interface ResponderMe extends Responder {
  alert?: Maybe<AlertMessage>;
  assignment?: Maybe<AssignmentMessage>;
  /** The ways to this person besides the socket; `proven`: a device or the telephone has answered within 30 days. */
  channels: ProvenChannel[];
}

export interface DutyMessage {
  type: "duty";
  on_duty: boolean;
  mode?: Mode;
}
