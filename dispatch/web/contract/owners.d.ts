/** Who owns the devices and decides how they are cared for, who looks after them, and how well all that goes. */

import type { Readiness } from "./aeds.d.ts";
import type { Language, Location, Maybe, Said } from "./values.d.ts";
import type { Cause, WorkOrder } from "./work_orders.d.ts";

export type OwnerLevel = "province" | "city" | "district" | "venue";

export interface Owner {
  id: string;
  parent_id: Maybe<string>;
  level: OwnerLevel;
  name: string;
  district_code: Maybe<string>;
  phone: Maybe<string>;
  /** What is decided here; the rest is inherited. */
  policy: Record<string, unknown>;
}

/** Each value that holds for an owner's devices, and who decided it; null: nobody, it is the default. */
export interface EffectivePolicy {
  owner_id: string;
  values: { name: string; value: unknown; from: Maybe<{ owner_id: string; name: string; level: OwnerLevel }> }[];
}

export interface Absence {
  id: string;
  custodian: string;
  custodian_name: Maybe<string>;
  from_at: string;
  until_at: string;
  substitute: Maybe<string>;
  substitute_name: Maybe<string>;
  /** Who sees to the devices then; null: the venue. */
  seen_to_by: Maybe<string>;
  seen_to_by_name: Maybe<string>;
}

export interface Custodian {
  subject: string;
  name: string;
  phone: Maybe<string>;
  language: Language;
  owner_id: Maybe<string>;
  certificate: Maybe<{ number: string; expires_on: string; valid: boolean }>;
  away: boolean;
  seen_to_by: Maybe<string>;
  seen_to_by_name: Maybe<string>;
}

/** A device as whoever looks after it needs it; `custodian` is another one where somebody is stood in for. */
export interface CareDevice {
  id: string;
  name: string;
  address: Maybe<string>;
  place_detail: Maybe<string>;
  floor: Maybe<number>;
  location: Location;
  custodian: string;
  readiness: Readiness;
  readiness_reasons: string[];
  readiness_at: string;
  why: Said;
  battery_expires_on: Maybe<string>;
  pads_expire_on: Maybe<string>;
  pads_child_expire_on: Maybe<string>;
}

/** What a custodian's page shows. `custodian` is null for somebody whom the office has not entered. */
export interface Myself {
  custodian: Maybe<Custodian>;
  channels: { channel: string; proven: boolean; proven_at: Maybe<string>; devices?: number }[];
  devices: CareDevice[];
  devices_truncated: boolean;
  orders: WorkOrder[];
  orders_truncated: boolean;
  absences: Absence[];
  standing_in_for: string[];
}

/** How well devices are looked after; times in seconds, uptime from 0 to 1; null where nothing could be measured. */
export interface FiguresOf {
  devices: number;
  by_state: Partial<Record<Readiness, number>>;
  uptime: Maybe<number>;
  mean_time_to_detect_s: Maybe<number>;
  mean_time_to_repair_s: Maybe<number>;
  opened_orders: number;
  closed_orders: number;
  open_orders: number;
  overdue_orders: number;
}

export interface OwnerFigures extends FiguresOf {
  owner_id: Maybe<string>;
  name: string;
  level: Maybe<OwnerLevel>;
}

export interface DistrictFigures extends FiguresOf {
  code: Maybe<string>;
  name: Maybe<string>;
}

export interface CauseFigures extends Omit<FiguresOf, "devices" | "by_state" | "uptime"> {
  cause: Cause;
}

export interface DayFigures {
  day: string;
  devices: number;
  uptime: Maybe<number>;
  opened: number;
  closed: number;
  overdue: number;
  mean_time_to_repair_s: Maybe<number>;
}

export interface Figures {
  owner_id: Maybe<string>;
  from: string;
  to: string;
  at: string;
  total: FiguresOf;
  owners: OwnerFigures[];
  districts: DistrictFigures[];
  causes: CauseFigures[];
  days: DayFigures[];
}
