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
/** Why an AED that somebody was sent for cannot be had; `unusable` is what the registry says of one. */
export type AedProblem = "missing" | "locked" | "broken";
export type Channel = "socket" | "web_push" | "webhook";
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
  nobody_reached: boolean;
  degraded: boolean;
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

/** A test alert under way, as the service answers who started it. */
export interface TestAlert {
  test_id: string;
  channels: { channel: Channel; state: "sent" | "queued" | "no_session" | "not_subscribed" | "no_phone" | "not_configured" }[];
}

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

/** The database has gone, or is back. */
export interface ServiceMessage {
  type: "service";
  degraded: boolean;
  since?: Maybe<string>;
  detail?: Maybe<Said>;
}

// Without `seq` while the database is away: nobody can number them.
export type CallerIncidentMessage = CallerIncident & { type: "incident"; seq?: number };
export type OperatorIncidentMessage = OperatorIncident & { type: "incident"; seq?: number };

export interface LiveResponder {
  id: string;
  name: string;
  latitude: number;
  longitude: number;
  mode?: Mode;
  state: "free" | "offered" | "engaged" | "unreachable";
  fix_at?: string;
}

export interface Counts {
  on_duty: number;
  connected: number;
  open_incidents: number;
  aeds: number;
  aeds_usable: number;
  degraded: boolean;
  /** Deadlines that nobody acted upon: an alarm unless 0. */
  overdue: number;
  /** Pushes that could not be sent: an alarm unless 0. */
  dead_letters: number;
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
  /** The database is away: messages come without numbers, and this epoch is never resumed. */
  degraded?: boolean;
}

export interface PongMessage {
  type: "pong";
  at?: string;
}

/** Everything after `welcome` that the server may say, to whichever role. */
export type ServerMessage =
  | AlertMessage | AssignmentMessage | StandDownMessage | NudgeMessage | TestAlertMessage | TestResultMessage
  | ServiceMessage | CallerIncidentMessage | OperatorIncidentMessage
  | PictureMessage | AedMessage | AedsMessage | DutyMessage | ErrorMessage;

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
  /** The ways to this person besides the socket; `proven`: a device or the telephone has answered within 30 days. */
  channels: ProvenChannel[];
}

export interface ProvenChannel {
  channel: "web_push" | "webhook";
  proven: boolean;
  proven_at?: Maybe<string>;
  devices?: Maybe<number>;
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
