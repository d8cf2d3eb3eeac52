/** What a first-aider is asked and told: the alert, the assignment after a yes, the question on the way, the order to stop. */

import type { AedToFetch } from "./aeds.d.ts";
import type { Datum, Kind, Location, Maybe, Said } from "./values.d.ts";

export type Role = "cpr" | "aed";

export type Stage = "en_route" | "aed_collected" | "on_scene" | "done" | "gave_up";

export type AlertState =
  | "offered" | "received" | "accepted" | "declined" | "expired" | "withdrawn" | Stage | "stood_down";

export interface AlertMessage {
  type: "alert";
  seq?: number;
  alert_id: string;
  incident_id: string;
  role: Role;
  respond_by: string;
  distance_m: number;
  eta_s: number;
  area: { cell: string; latitude: number; longitude: number; radius_m: number; datum?: Datum };
  aed?: Maybe<AedToFetch>;
  kind: Kind;
  drill: boolean;
  opened_at: string;
  reason?: Maybe<Said>;
}

export interface AssignmentMessage {
  type: "assignment";
  seq?: number;
  alert_id: string;
  incident_id: string;
  role: Role;
  location: Location;
  floor?: Maybe<number>;
  note?: Maybe<string>;
  caller?: Maybe<{ phone?: Maybe<string> }>;
  aed?: Maybe<AedToFetch>;
  others: { role: Role; state: AlertState; name?: Maybe<string>; eta_s?: Maybe<number>; arrives_at?: Maybe<string> }[];
  kind: Kind;
  drill: boolean;
  eta_s?: Maybe<number>;
  arrives_at?: Maybe<string>;
  /** How far this responder is. */
  state?: Maybe<AlertState>;
  /** Asked whether they are on their way, and not answered yet. */
  nudged?: Maybe<{ reply_by: string }>;
}

export interface StandDownMessage {
  type: "stand_down";
  seq?: number;
  alert_id: string;
  incident_id: string;
  reason: string;
  text?: Maybe<Said>;
  drill: boolean;
}

/** You said yes and do not come nearer: are you on your way? */
export interface NudgeMessage {
  type: "nudge";
  seq?: number;
  alert_id: string;
  incident_id: string;
  text?: Maybe<Said>;
  reply_by: string;
  drill: boolean;
}
