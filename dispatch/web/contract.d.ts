/**
 * The shapes that cross the wire, as docs/contract.md tells them. Coordinates are degrees, distances metres,
 * durations seconds, times RFC 3339 in UTC. A field that has no value is absent on the socket and null over HTTP.
 */

export type Datum = "wgs84" | "gcj02" | "bd09";
export type Language = "zh" | "en";
export type Role = "cpr" | "aed";
export type Mode = "walk" | "run" | "bike" | "ebike" | "car";
export type Kind = "cardiac_arrest" | "unconscious" | "choking" | "drowning" | "trauma" | "other";
export type IncidentState = "open" | "alerting" | "responding" | "on_scene" | "closed" | "cancelled";
export type Stage = "en_route" | "aed_collected" | "on_scene" | "done" | "gave_up";
export type AlertState =
  | "offered" | "received" | "accepted" | "declined" | "expired" | "withdrawn" | Stage | "stood_down";
export type Readiness = "ready" | "degraded" | "unverified" | "out_of_service" | "in_use" | "removed";
export type Access = "public" | "ask" | "code" | "private" | "unknown";
export type CancelReason = "false_alarm" | "duplicate" | "caller_cancelled" | "operator";
type Maybe<T> = T | null | undefined;

export interface Location {
  latitude: number;
  longitude: number;
  datum?: Datum;
  accuracy_m?: Maybe<number>;
}

/** One thing said in both languages. */
export interface Said {
  en: string;
  zh: string;
}

export interface Problem {
  type?: string;
  title?: string;
  status: number;
  detail?: string;
  code?: string;
  errors?: { field: string; problem: string }[];
}

export interface PageSettings {
  tiles: Maybe<{ url: string; attribution: string; datum: Datum }>;
  centre: Location;
  zoom: number;
  emergency_number: string;
  timezone: string;
}

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
  drill: boolean;
  nearest_aeds: NearestAed[];
}

export interface NearestAed {
  id: string;
  name: string;
  distance_m: number;
  walk_s: number;
  readiness: Readiness;
  readiness_reasons?: string[];
  opening_hours?: Maybe<string>;
  access: Access;
  address?: Maybe<string>;
  place_detail?: Maybe<string>;
  floor?: Maybe<number>;
  indoor?: Maybe<boolean>;
  phone?: Maybe<string>;
  location: Location;
}

export interface AedProperties {
  name: string;
  readiness: Readiness;
  usable_now: boolean;
  access: Access;
  opening_hours?: Maybe<string>;
  address?: Maybe<string>;
  place_detail?: Maybe<string>;
  floor?: Maybe<number>;
  indoor?: Maybe<boolean>;
}

export interface AedFeature {
  type: "Feature";
  id: string;
  geometry: { type: "Point"; coordinates: [number, number] };
  properties: AedProperties;
}

export interface AedCollection {
  type: "FeatureCollection";
  features: AedFeature[];
  truncated: boolean;
}

export interface Aed extends AedProperties {
  id: string;
  location: Location;
  opening_hours_note?: Maybe<string>;
  phone?: Maybe<string>;
  owner?: Maybe<string>;
  maker?: Maybe<string>;
  model?: Maybe<string>;
  battery_expires_on?: Maybe<string>;
  pads_expire_on?: Maybe<string>;
  readiness_reasons: string[];
  readiness_at?: Maybe<string>;
  next_change_at?: Maybe<string>;
  source?: Maybe<string>;
  updated_at?: Maybe<string>;
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
}

export interface OperatorIncident extends IncidentFacts {
  floor?: Maybe<number>;
  note?: Maybe<string>;
  caller?: Maybe<{ phone?: Maybe<string> }>;
  likely_duplicates?: string[];
  alerts: AlertedResponder[];
}

export interface AedToFetch {
  id: string;
  name: string;
  location: Location;
  place_detail?: Maybe<string>;
  floor?: Maybe<number>;
  access: Access;
  opening_hours?: Maybe<string>;
  distance_m?: Maybe<number>;
}

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
  others: { role: Role; state: AlertState; name?: Maybe<string>; eta_s?: Maybe<number> }[];
  kind: Kind;
  drill: boolean;
  eta_s?: Maybe<number>;
  /** How far this responder is. */
  state?: Maybe<AlertState>;
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

export type CallerIncidentMessage = CallerIncident & { type: "incident"; seq: number };
export type OperatorIncidentMessage = OperatorIncident & { type: "incident"; seq: number };

export interface LiveResponder {
  id: string;
  name: string;
  latitude: number;
  longitude: number;
  mode?: Mode;
  state: "free" | "offered" | "engaged";
  fix_at?: string;
}

export interface Counts {
  on_duty: number;
  connected: number;
  open_incidents: number;
  aeds: number;
  aeds_usable: number;
}

export interface PictureMessage {
  type: "picture";
  full: boolean;
  at: string;
  incidents?: OperatorIncident[];
  responders: LiveResponder[];
  gone: string[];
  counts: Counts;
}

export interface AedMessage {
  type: "aed";
  id: string;
  name: string;
  location: Location;
  readiness: Readiness;
  usable_now: boolean;
  removed: boolean;
}

export interface AedsMessage {
  type: "aeds";
  changed: number;
}

export interface DutyMessage {
  type: "duty";
  on_duty: boolean;
  mode?: Mode;
}

export interface ErrorMessage {
  type: "error";
  code: string;
  detail: string;
  field?: string;
  of?: string;
}

export interface WelcomeMessage {
  type: "welcome";
  epoch: string;
  seq: number;
  resumed: boolean;
  heartbeat_s: number;
  role: string;
  subject: string;
}

export interface PongMessage {
  type: "pong";
  at?: string;
}

/** Everything after `welcome` that the server may say, to whichever role. */
export type ServerMessage =
  | AlertMessage | AssignmentMessage | StandDownMessage | CallerIncidentMessage | OperatorIncidentMessage
  | PictureMessage | AedMessage | AedsMessage | DutyMessage | ErrorMessage;

export type ClientMessage =
  | { type: "hello"; token: string; resume?: { epoch: string; seq: number } }
  | { type: "position"; latitude: number; longitude: number; accuracy_m?: number; at?: string; datum?: Datum }
  | { type: "duty"; on_duty: boolean; mode?: Mode }
  | { type: "ack"; seq: number }
  | { type: "answer"; alert_id: string; answer: "accept" | "decline" }
  | { type: "progress"; alert_id: string; stage: Stage }
  | { type: "watch"; bbox: [number, number, number, number]; zoom: number }
  | { type: "ping" };

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

export interface ResponderMe extends Responder {
  alert?: Maybe<AlertMessage>;
  assignment?: Maybe<AssignmentMessage>;
}
