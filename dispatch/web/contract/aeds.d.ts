/** AEDs: those near by, those on a map, one in full, one to be fetched, and what is told live of them. */

import type { Location, Maybe } from "./values.d.ts";

export type Readiness = "ready" | "degraded" | "unverified" | "out_of_service" | "in_use" | "removed";

export type Access = "public" | "ask" | "code" | "private" | "unknown";

/** Why an AED that somebody was sent for cannot be had; `unusable` is what the registry says of one. */
export type AedProblem = "missing" | "locked" | "broken";

/** How to get at one: where exactly, by whose leave, when. */
export interface AedAccess {
  access: Access;
  opening_hours?: Maybe<string>;
  address?: Maybe<string>;
  place_detail?: Maybe<string>;
  floor?: Maybe<number>;
  indoor?: Maybe<boolean>;
}

export interface NearestAed extends AedAccess {
  id: string;
  name: string;
  distance_m: number;
  walk_s: number;
  readiness: Readiness;
  readiness_reasons?: string[];
  phone?: Maybe<string>;
  location: Location;
}

export interface AedProperties extends AedAccess {
  name: string;
  readiness: Readiness;
  usable_now: boolean;
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

export interface AedToFetch extends AedAccess {
  id: string;
  name: string;
  location: Location;
  distance_m?: Maybe<number>;
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
