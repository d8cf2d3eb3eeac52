/** The operators' live picture: who is where, and how many of what. */

import type { OperatorIncident } from "./incidents.d.ts";
import type { Mode } from "./responders.d.ts";

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
  aeds_usable: number | null;
  degraded: boolean;
  /** Deadlines that nobody acted upon: an alarm unless 0. */
  overdue: number;
  /** Pushes that could not be sent: an alarm unless 0. */
  dead_letters: number;
  /** 120 centres' systems that are told nothing any more: an alarm unless 0. */
  webhooks_disabled: number;
  /** The service's workers hear each other only through the database. */
  apart: boolean;
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
