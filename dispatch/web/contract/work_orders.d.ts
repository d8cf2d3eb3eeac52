/** Work orders: what somebody has to do about one device, for one cause. */

import type { Location, Maybe, Said } from "./values.d.ts";

export type Cause =
  | "battery_expiry" | "pads_expiry" | "self_test_failed" | "silent" | "inspection_due" | "used" | "fault" | "moved" | "door_open"
  | "battery_low" | "said_by_public" | "temperature";

export type Level = "custodian" | "venue" | "district" | "city" | "province";

export interface WorkOrder {
  id: string;
  aed_id: string;
  aed_name: string;
  aed_location: Location;
  cause: Cause;
  /** 0 planned, 1 soon, 2 now. */
  urgency: 0 | 1 | 2;
  state: "open" | "closed";
  opened_at: string;
  since: string;
  due_at: string;
  overdue: boolean;
  level: Level;
  assignee: Maybe<string>;
  assignee_name: Maybe<string>;
  owner_id: Maybe<string>;
  owner_name: Maybe<string>;
  what: Said;
  escalations: { level: Level; at: string; why: "overdue" | "nobody" }[];
  acknowledged_at: Maybe<string>;
  acknowledged_by: Maybe<string>;
  closed_at: Maybe<string>;
  /** `evidence`, `removed`, or who closed it. */
  closed_by: Maybe<string>;
  note: Maybe<string>;
}

/** A page, the newest first; `next` asks for the one after it. */
export interface WorkOrders {
  orders: WorkOrder[];
  next: Maybe<string>;
}
