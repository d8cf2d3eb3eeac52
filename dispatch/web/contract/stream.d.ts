/** What the socket carries: its own frames, and everything that either side may say. */

import type { AedMessage, AedProblem, AedsMessage } from "./aeds.d.ts";
import type { AlertMessage, AssignmentMessage, NudgeMessage, Stage, StandDownMessage } from "./alerts.d.ts";
import type { CallerIncidentMessage, OperatorIncidentMessage } from "./incidents.d.ts";
import type { PictureMessage } from "./picture.d.ts";
import type { DutyMessage, Mode } from "./responders.d.ts";
import type { ServiceMessage } from "./service.d.ts";
import type { Datum } from "./values.d.ts";
import type { TestAlertMessage, TestResultMessage } from "./waking.d.ts";

export interface WelcomeMessage {
  type: "welcome";
  epoch: string;
  seq: number;
  resumed: boolean;
  heartbeat_s: number;
  role: string;
  subject: string;
  /** The database is away: messages come without numbers, and this epoch is never resumed. */
  degraded?: boolean;
}

export interface PongMessage {
  type: "pong";
  at?: string;
}

/** Said when there was nothing else to say for a while. */
export interface BeatMessage {
  type: "beat";
  at: string;
}

export interface ErrorMessage {
  type: "error";
  code: string;
  detail: string;
  field?: string;
  of?: string;
}

/** Everything that the server may say to a page, whichever its role. */
export type ServerMessage =
  | AlertMessage | AssignmentMessage | StandDownMessage | NudgeMessage | TestAlertMessage | TestResultMessage
  | ServiceMessage | CallerIncidentMessage | OperatorIncidentMessage
  | PictureMessage | AedMessage | AedsMessage | DutyMessage | ErrorMessage;

/** Any frame of the server's. */
export type ServerFrame = WelcomeMessage | PongMessage | BeatMessage | ServerMessage;

export type ClientMessage =
  | { type: "hello"; token: string; resume?: { epoch: string; seq: number } }
  | { type: "position"; latitude: number; longitude: number; accuracy_m?: number; at?: string; datum?: Datum }
  | { type: "duty"; on_duty: boolean; mode?: Mode }
  | { type: "ack"; seq: number }
  | { type: "answer"; alert_id: string; answer: "accept" | "decline" }
  | { type: "progress"; alert_id: string; stage: Stage }
  | { type: "aed_problem"; alert_id: string; problem: AedProblem }
  | { type: "watch"; bbox: [number, number, number, number]; zoom: number }
  | { type: "ping" };
