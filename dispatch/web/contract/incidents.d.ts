/** An SOS and what becomes of it, as its caller sees it and as the operators do. */

import type { NearestAed } from "./aeds.d.ts";
import type { AlertState, Role } from "./alerts.d.ts";
import type { Kind, Location, Maybe, Said } from "./values.d.ts";

export type IncidentState = "open" | "alerting" | "responding" | "on_scene" | "closed" | "cancelled";

export interface SosRequest {
  request_id: string;
  location: Location;
  kind?: Kind;
  caller?: { phone?: string };
  note?: string;
  floor?: number;
  cpr_in_progress?: boolean;
  drill?: boolean;
}

export interface SosAnswer {
  incident_id: string;
  token: string;
  opened_at: string;
  state: IncidentState;
  alerted: number;
  nobody_reached: boolean;
  degraded: boolean;
  drill: boolean;
  nearest_aeds: NearestAed[];
}

export interface TimelineEntry {
  number: number;
  at: string;
  kind: string;
  by?: Maybe<string>;
  data?: Record<string, unknown>;
}

export interface Ambulance {
  eta_s?: Maybe<number>;
  arrives_at?: Maybe<string>;
  arrived_at?: Maybe<string>;
  /** Its name at the 120 centre. */
  unit?: Maybe<string>;
}

/** What the caller sees of one who was alerted and said yes. */
export interface ComingResponder {
  alert_id: string;
  role: Role;
  state: AlertState;
  name?: Maybe<string>;
  eta_s?: Maybe<number>;
  arrives_at?: Maybe<string>;
  distance_m?: Maybe<number>;
  aed_name?: Maybe<string>;
  location?: Maybe<Location>;
}

interface IncidentFacts {
  incident_id: string;
  version: number;
  state: IncidentState;
  kind: Kind;
  drill: boolean;
  opened_at: string;
  closed_at?: Maybe<string>;
  end_reason?: Maybe<string>;
  location: Location;
  cpr_in_progress: boolean;
  nobody_reached: boolean;
  /** The incident that this call became part of. */
  merged_into?: Maybe<string>;
  /** The calls that became part of this one. */
  merged: string[];
  ambulance?: Maybe<Ambulance>;
  timeline?: TimelineEntry[];
}

export interface CallerIncident extends IncidentFacts {
  alerted: number;
  responders: ComingResponder[];
}

export interface AlertedResponder {
  alert_id: string;
  responder_id: string;
  responder_name?: Maybe<string>;
  role: Role;
  aed?: Maybe<{ id: string; name: string; location: Location }>;
  state: AlertState;
  wave: number;
  offered_at: string;
  respond_by: string;
  answered_at?: Maybe<string>;
  eta_s?: Maybe<number>;
  arrives_at: string;
  distance_m?: Maybe<number>;
  reason?: Maybe<Said>;
  end_reason?: Maybe<string>;
  stages?: Record<string, string>;
  /** When its device had not acknowledged it in time. */
  not_received_at?: Maybe<string>;
  /** When this responder was asked whether they are on their way. */
  urged_at?: Maybe<string>;
  /** Since when they are not counted on. */
  doubted_at?: Maybe<string>;
}

export interface OperatorIncident extends IncidentFacts {
  floor?: Maybe<number>;
  note?: Maybe<string>;
  caller?: Maybe<{ phone?: Maybe<string> }>;
  /** The 120 centre that has a case for it, and its number there. */
  centre?: Maybe<string>;
  case_number?: Maybe<string>;
  called_at?: Maybe<string>;
  collapsed_at?: Maybe<string>;
  likely_duplicates?: string[];
  alerts: AlertedResponder[];
}

// Without `seq` while the database is away: nobody can number them. `anew`: it went another way than was told before,
// perhaps up to a higher version; this is all of it.
export type CallerIncidentMessage = CallerIncident & { type: "incident"; seq?: number; anew?: true };
export type OperatorIncidentMessage = OperatorIncident & { type: "incident"; seq?: number; anew?: true };
