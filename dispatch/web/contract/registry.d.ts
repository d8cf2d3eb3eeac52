/** The registry behind the AEDs: tiles of the map, searches, the office's list, reports, imports, figures. */

import type { Access, Aed, Readiness } from "./aeds.d.ts";
import type { Location, Maybe, Said } from "./values.d.ts";

/** Whether a device can be had now: `later` when its place opens; `unknown` when nobody knows. */
export type Usable = "now" | "later" | "no" | "unknown";

/** One device on a tile. A tile's values are texts, numbers and booleans; what has no value is absent. */
export interface TileAed {
  id: string;
  name: string;
  usable: Usable;
  checked: boolean;
  opens?: string;
  opens_at?: number;
}

/** Several devices too close to be told apart: how many of each, and the box that holds them. */
export interface TileCluster {
  count: number;
  now: number;
  later: number;
  no: number;
  unknown: number;
  west: number;
  south: number;
  east: number;
  north: number;
}

export interface FoundAed {
  id: string;
  name: string;
  address: Maybe<string>;
  place_detail: Maybe<string>;
  floor: Maybe<number>;
  indoor: Maybe<boolean>;
  access: Access;
  opening_hours: Maybe<string>;
  readiness: Readiness;
  usable_now: boolean;
  distance_m: Maybe<number>;
  location: Location;
}

export interface SearchAnswer {
  aeds: FoundAed[];
  more: boolean;
}

/** What is known of a device beside what the public map needs. */
export interface RegisteredAed extends Aed {
  custodian?: Maybe<string>;
  serial_number?: Maybe<string>;
  manufactured_on?: Maybe<string>;
  battery_fitted_on?: Maybe<string>;
  pads_fitted_on?: Maybe<string>;
  pads_child_fitted_on?: Maybe<string>;
  pads_child_expire_on?: Maybe<string>;
  has_self_test?: Maybe<boolean>;
  is_connected?: Maybe<boolean>;
  is_mobile?: boolean;
  /** When a mobile one last said where it is. */
  fix_at?: Maybe<string>;
  /** Of its place, such as `Asia/Shanghai`; without it times are told in the service's. */
  timezone?: string;
  fence_m?: Maybe<number>;
  photos?: string[];
  site_id?: string;
  owner_id?: Maybe<string>;
  district_code?: Maybe<string>;
  source_ref?: Maybe<string>;
  /** Why it is in this condition, in one line. */
  why?: Maybe<Said>;
}

/** As strangers are told of it: where somebody carries it is nobody's business. */
export type PublicAed = Omit<RegisteredAed, "location"> & { location: Maybe<Location> };

export type ReportKind = "heartbeat" | "self_test" | "door" | "location" | "inspection" | "used" | "fault";

export type InspectionItem =
  | "status_light" | "battery" | "pads_adult" | "pads_child" | "casing" | "access" | "cabinet" | "sign" | "accessories";

export interface CheckedItem {
  item: InspectionItem;
  ok: boolean;
  note?: string;
}

/** A report as it is sent. Sent again under its id it changes nothing. */
export interface Report {
  kind: ReportKind;
  report_id: string;
  at?: string;
  outcome?: "ok" | "failed";
  code?: string;
  note?: string;
  location?: Location;
  items?: CheckedItem[];
  photos?: string[];
  battery_expires_on?: string;
  pads_expire_on?: string;
  pads_child_expire_on?: string;
}

export interface ReportAnswer {
  report_id: string;
  aed_id: string;
  readiness: Readiness;
  readiness_reasons: string[];
  readiness_at: string;
  repeated: boolean;
}

export interface Device {
  id: string;
  name: string;
  address: Maybe<string>;
  place_detail: Maybe<string>;
  floor: Maybe<number>;
  access: Access;
  opening_hours: Maybe<string>;
  readiness: Readiness;
  readiness_reasons: string[];
  readiness_at: string;
  why: Said;
  custodian: Maybe<string>;
  custodian_name: Maybe<string>;
  owner_id: Maybe<string>;
  owner_name: Maybe<string>;
  district_code: Maybe<string>;
  district_name: Maybe<string>;
  maker: Maybe<string>;
  model: Maybe<string>;
  serial_number: Maybe<string>;
  battery_expires_on: Maybe<string>;
  pads_expire_on: Maybe<string>;
  open_orders: number;
  source: Maybe<string>;
  location: Location;
}

export interface Devices {
  devices: Device[];
  after: Maybe<string>;
  counts: Partial<Record<Readiness, number>>;
}

/** A device's past, the newest first. */
export interface History {
  aed_id: string;
  placements: { number: number; site_id: string; since: string; until: Maybe<string>; facts: Maybe<Record<string, unknown>>; moved_by: string }[];
  events: { id: number; at: string; recorded_at: string; kind: string; by: string; data: Record<string, unknown> }[];
  more_events: boolean;
  reports: { report_id: string; kind: ReportKind; at: string; received_at: string; by: string; data: Record<string, unknown> }[];
  more_reports: boolean;
}

/** What becomes of one row of a list; of each field that differs, what it was and what it is to be. */
export interface Change {
  line: number;
  row: number;
  sheet: Maybe<string>;
  what: "new" | "update" | "ambiguous" | "unchanged";
  name: string;
  aed_id: Maybe<string>;
  matched_by: Maybe<string>;
  differences: Record<string, [unknown, unknown]>;
  moved_m: Maybe<number>;
  candidates: { aed_id: string; name: string; source: Maybe<string>; source_ref: Maybe<string> }[];
}

/** One thing that looks like a mistake; the figures are what its sentence speaks of. */
export interface Suspicion {
  code: "half_gone" | "all_moved" | "wrong_datum" | "swapped" | "one_point" | "far_away";
  detail: string;
  figures: Record<string, number | string>;
}

export interface ImportAnswer {
  source: string;
  form: string;
  encoding: string;
  datum: string;
  datum_from: string;
  rows: number;
  taken: number;
  created: number;
  updated: number;
  unchanged: number;
  ambiguous: number;
  removed: number;
  dry_run: boolean;
  forced: boolean;
  hours_understood: number;
  hours_not_understood: number;
  warnings: string[];
  mapping: Record<string, string[]>;
  unused: string[];
  left_out: { line: number; row: number; reason: string; field: Maybe<string>; value: Maybe<string>; sheet?: Maybe<string> }[];
  notes: { line: number; row: number; note: string; sheet?: Maybe<string> }[];
  changes: Change[];
  gone: number;
  gone_devices: { aed_id: string; name: string; source_ref: Maybe<string> }[];
  suspicions: Suspicion[];
}
