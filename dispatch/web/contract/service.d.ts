/** How the service answers when it cannot, how it is set up, and whether it has its database. */

import type { Datum, Location, Maybe, Said } from "./values.d.ts";

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

/** The database has gone, or is back. */
export interface ServiceMessage {
  type: "service";
  degraded: boolean;
  since?: Maybe<string>;
  detail?: Maybe<Said>;
}
