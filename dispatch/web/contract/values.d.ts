/**
 * What everything else is made of.
 *
 * The shapes in this folder are those that cross the wire, as docs/contract.md tells them: coordinates in degrees, distances in
 * metres, durations in seconds, times RFC 3339 in UTC.
 */

/** A field that has no value is absent on the socket and null over HTTP. */
export type Maybe<T> = T | null | undefined;

export type Datum = "wgs84" | "gcj02" | "bd09";

export type Language = "zh" | "en";

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

/** What has happened to somebody. */
export type Kind = "cardiac_arrest" | "unconscious" | "choking" | "drowning" | "trauma" | "other";
